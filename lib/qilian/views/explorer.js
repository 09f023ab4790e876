// The explorer of a displacement cube; explorer.py writes what `scene` holds. Places are in pixels
// of the whole grid from its north-western corner: u to the east, v to the south.
function explore(root, scene) {
  root.dataset.on = "";
  const {grid, levels, times, model, limit} = scene;
  const LETTERS = "ABCDE", FINE_FROM = 14;  // screen pixels across a block that ask for finer tiles
  const LIGHT = ["#1f5fbf", "#c23a1f", "#1f7a5c", "#7d4b92", "#7a5c00"];
  const DARK = ["#7db0ff", "#ff8f75", "#5fd3ab", "#d0a5ea", "#e3c04b"];
  const inLab = Boolean(root.closest(".jp-OutputArea"));
  const days = times.map(day => Date.parse(day));
  const digits = levels.at(-1).step < 1 ? 1 : 0;
  const state = {};
  const start = {date: times.length - 1, points: [{u: scene.start[0], v: scene.start[1], fine: false}],
                 reference: null, line: [], difference: false, view: null};

  // -- What the page shows -----------------------------------------------------------------------
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  };
  const button = (label, does, title) =>
    make("button", {type: "button", onclick: does, ...(title && {"aria-label": title, title})}, label);
  const modes = {show: "show a place", compare: "compare a place", reference: "move the reference",
                 line: "draw a profile"};
  const chosen = () => root.querySelector(".modes input:checked").value;
  const map = make("canvas", {tabindex: 0, role: "application", "aria-roledescription": "map",
    "aria-label": "Map of displacement. Arrow keys move a cross-hair, Enter takes its place, plus and "
                  + "minus zoom."});
  const chart = make("canvas", {role: "img"});
  const cut = make("canvas", {role: "img"});
  const slider = make("input", {type: "range", min: 0, max: times.length - 1, step: 1,
    "aria-label": "date of the map", oninput: () => set({date: Number(slider.value)})});
  const day = make("output");
  const readout = make("p", {class: "readout"});
  const told = make("p", {class: "told", role: "status"});
  const list = make("ul", {class: "places"});
  const difference = make("input", {type: "checkbox",
    onchange: () => set({difference: difference.checked})});
  const bar = make("div", {class: "colours"}, make("span", {}, `−${limit}`),
    make("span", {class: "ramp", style: `background: linear-gradient(90deg, ${scene.palette})`}),
    make("span", {}, `+${limit} mm`));
  const since = make("p", {class: "since"});
  const reading = make("p", {class: "readout"});
  const cutting = make("p", {class: "readout"});
  const profile = make("div", {class: "profile"}, cut, cutting,
    button("Save the profile as CSV", () => save("profile", profileTable())),
    button("Remove the profile", () => set({line: []})));
  const note = make("p", {class: "note"});
  root.replaceChildren(
    make("p", {class: "head"}, make("strong", {}, scene.title), ` since ${times[0]}`),
    make("fieldset", {class: "modes"}, make("legend", {}, "A click on the map will"),
      ...Object.entries(modes).map(([value, label], n) => make("label", {},
        make("input", {type: "radio", name: `mode-${scene.name}`, value, checked: n === 0}), label))),
    make("div", {class: "frame"}, map, make("div", {class: "zoom"},
      button("+", () => zoom(1.6), "zoom in"), button("−", () => zoom(1 / 1.6), "zoom out"),
      button("⤢", () => set({view: null}), "show the whole map")), readout),
    told,
    make("label", {class: "date"}, "Date", slider, day),
    bar, since, list,
    make("label", {class: "difference"}, difference, "difference A − B"),
    chart, reading, note, profile,
    make("div", {class: "actions"},
      button("Save the series as CSV", () => save("series", seriesTable())),
      ...(inLab ? [] : [button("Copy the address of this view", copyAddress)]),
      button("Start again", () => set({...start, points: [...start.points]}))));

  // -- Unpacking ---------------------------------------------------------------------------------
  const tiles = new Map();  // by level, row and column: what it holds, or that it is on its way
  let alone = levels.length === 1;  // no finer tiles beside this page

  const unpack = async (text, columns, rows) => {
    const letters = atob(text), bytes = new Uint8Array(letters.length);
    for (let n = 0; n < bytes.length; n++) bytes[n] = letters.charCodeAt(n);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const content = new Uint8Array(await new Response(stream).arrayBuffer());
    const size = columns * rows, cube = size * times.length;
    const widths = content.subarray(2 * cube, 3 * cube);
    for (let n = size; n < cube; n++) widths[n] += widths[n - size];
    return {columns, rows, size, widths, moved: summed(content.subarray(0, 2 * cube), columns, rows),
            fit: summed(content.subarray(3 * cube), columns, rows)};
  };
  // From differences along all three axes, low bytes first, to codes, modulo 2 ** 16.
  const summed = (bytes, columns, rows) => {
    const count = bytes.length / 2, size = columns * rows, codes = new Int16Array(count);
    for (let n = 0; n < count; n++) {
      const unsigned = bytes[n] | bytes[n + count] << 8;
      codes[n] = unsigned >>> 1 ^ -(unsigned & 1);
    }
    for (let n = size; n < count; n++) codes[n] += codes[n - size];
    for (let n = 0; n < count; n++) if (n % size >= columns) codes[n] += codes[n - columns];
    for (let n = 0; n < count; n++) if (n % columns) codes[n] += codes[n - 1];
    return codes;
  };
  const shape = (level, row, column) => [Math.min(level.tile, level.columns - column * level.tile),
                                         Math.min(level.tile, level.rows - row * level.tile)];
  const fetchTile = (row, column) => {
    const key = `1/${row}_${column}`, name = `${row}_${column}`;
    if (alone || tiles.has(key)) return;
    tiles.set(key, null);
    const script = make("script", {src: `${scene.beside}${name}.js`});
    script.onload = async () => {
      script.remove();
      const held = globalThis.qilianTiles, text = held[`${scene.name}/${name}`];
      delete held[`${scene.name}/${name}`];
      tiles.set(key, await unpack(text, ...shape(levels[1], row, column)));
      draw();
    };
    script.onerror = () => {
      script.remove();
      alone = true;
      draw();
    };
    document.head.append(script);
  };

  // -- Values ------------------------------------------------------------------------------------
  // The cell at a place: of the finer level where it is asked for and there, else of the coarser.
  const cellAt = (u, v, fine) => {
    for (let n = fine && !alone ? 1 : 0; n >= 0; n--) {
      const level = levels[n], x = Math.floor(u / level.block), y = Math.floor(v / level.block);
      if (x < 0 || y < 0 || x >= level.columns || y >= level.rows) return null;
      const row = Math.floor(y / level.tile), column = Math.floor(x / level.tile);
      const tile = tiles.get(`${n}/${row}_${column}`);
      if (tile) return {level, tile, x, y, k: (y % level.tile) * tile.columns + x % level.tile};
      if (n) fetchTile(row, column);
    }
    return null;
  };
  const moved = ({level, tile, k}, t) =>
    tile.widths[t * tile.size + k] === 255 ? NaN : tile.moved[t * tile.size + k] * level.step;
  const reach = ({level, tile, k}, t) =>
    tile.widths[t * tile.size + k] > 253 ? NaN : tile.widths[t * tile.size + k] * level.width;
  const fitted = ({level, tile, k}, t) => level.scales.reduce(
    (sum, scale, p) => sum + model[t][p] * tile.fit[p * tile.size + k] * scale, 0);
  // A cell's displacement, half-width and model on a date; minus another's, if there is one, with
  // the half-width of a difference between independent errors.
  const valueAt = (cell, t, zero) => {
    const value = [moved(cell, t), reach(cell, t), fitted(cell, t)];
    if (!zero) return value;
    const other = valueAt(zero, t), same = cell.tile === zero.tile && cell.k === zero.k;
    return [value[0] - other[0], same ? 0 : Math.hypot(value[1], other[1]), value[2] - other[2]];
  };
  const seriesOf = (cell, zero) => {
    const values = times.map((_, t) => valueAt(cell, t, zero));
    const [d, h, fit] = [0, 1, 2].map(n => values.map(value => value[n]));
    return d.some(Number.isFinite) ? {d, h, fit} : {d, h, fit: d};
  };
  const cellOf = point => point && cellAt(point.u, point.v, point.fine);
  const referenceCell = () => cellOf(state.reference);
  const seriesAt = point => seriesOf(cellOf(point), referenceCell());
  const differenceOf = points => seriesOf(...points.slice(0, 2).map(cellOf));  // any reference cancels
  const alongLine = () => {
    if (state.line.length < 2) return [];
    const [a, b] = state.line, [mu, mv] = grid.metres, zero = referenceCell();
    const length = Math.hypot((b.u - a.u) * mu, (b.v - a.v) * mv) / 1000;
    const block = levels[a.fine && !alone ? 1 : 0].block;
    const steps = Math.min(600, Math.max(1, Math.round(Math.hypot(b.u - a.u, b.v - a.v) / block)));
    return Array.from({length: steps + 1}, (_, n) => {
      const u = a.u + (b.u - a.u) * n / steps, v = a.v + (b.v - a.v) * n / steps;
      const cell = cellAt(u, v, a.fine);
      const [d, h] = cell ? valueAt(cell, state.date, zero) : [NaN, NaN];
      return {u, v, km: length * n / steps, d, h};
    });
  };

  // -- Words -------------------------------------------------------------------------------------
  const number = value => value.toFixed(digits).replace(/^-(?=0*\.?0*$)/, "").replace("-", "−");
  const amount = ([d, h]) => Number.isNaN(d) ? "no value"
    : `${number(d)}${Number.isNaN(h) ? "" : ` ± ${number(h)}`} mm`;
  const ground = ({u, v}) => [grid.x0 + u * grid.dx, grid.y0 + v * grid.dy];
  const written = place => {
    const [x, y] = ground(place);
    if (!grid.geographic) return `${x.toFixed(0)} m E, ${y.toFixed(0)} m N`;
    return `${Math.abs(y).toFixed(4)}° ${y < 0 ? "S" : "N"}, ${Math.abs(x).toFixed(4)}° ${x < 0 ? "W" : "E"}`;
  };
  const extent = ({block}) => {
    const [wide, high] = grid.metres.map(metres => metres * block);
    const km = wide >= 1000;
    return (block > 1 ? "mean over " : "pixel of ")
      + [wide, high].map(m => km ? (m / 1000).toFixed(1) : m.toFixed(0)).join(" × ") + (km ? " km" : " m");
  };
  const inside = ({u, v}) => {
    const found = rings.filter(({path}) => pen.isPointInPath(path, u, v)).map(({name}) => name);
    return found.length ? `, in ${[...new Set(found)].join(" and ")}` : "";
  };

  // -- Drawing -----------------------------------------------------------------------------------
  const pen = make("canvas").getContext("2d");
  const rings = scene.outlines.map(({name, kind, ring}) => {
    const path = new Path2D();
    for (let n = 0; n < ring.length; n += 2) path.lineTo(ring[n], ring[n + 1]);
    path.closePath();
    return {name, kind, path};
  });
  const colours = new Uint32Array([...scene.palette, scene.missing].map(colour => {
    const [r, g, b] = [1, 3, 5].map(n => parseInt(colour.slice(n, n + 2), 16));
    return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
  }));
  let inks = LIGHT, ink = "#000", dark = false, cursor = null, hovered = null;
  const readTheme = () => {
    ink = getComputedStyle(root).color;
    dark = ink.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) > 382;
    inks = dark ? DARK : LIGHT;
  };
  const canvas = (element, height) => {
    const ratio = devicePixelRatio || 1, width = element.parentElement.clientWidth;
    element.style.height = `${height}px`;
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    if (element.width !== size[0] || element.height !== size[1]) [element.width, element.height] = size;
    const context = element.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    return [context, width, height];
  };
  const wide = grid.columns * grid.metres[0], high = grid.rows * grid.metres[1];
  // Where the map lies on its canvas: screen pixels a pixel, and the corner.
  const frame = () => {
    const width = map.parentElement.clientWidth;
    const height = Math.min(Math.max(width * high / wide, 180), 0.7 * innerHeight);
    const {u, v, zoom} = state.view ?? {u: grid.columns / 2, v: grid.rows / 2, zoom: 1};
    const scale = zoom * Math.min(width / wide, height / high);
    const [su, sv] = grid.metres.map(metres => metres * scale);
    return {width, height, su, sv, left: width / 2 - u * su, top: height / 2 - v * sv};
  };
  const fineView = () => !alone && state.view && frame().su * levels[0].block >= FINE_FROM;

  const picture = (tile, level, zero) => {
    const image = pen.createImageData(tile.columns, tile.rows);
    const pixels = new Uint32Array(image.data.buffer);
    const shift = zero ? moved(zero, state.date) : 0, colourCount = scene.palette.length;
    for (let k = 0; k < tile.size; k++) {
      const value = moved({level, tile, k}, state.date) - shift;
      const n = Math.floor((value + limit) / (2 * limit) * colourCount);
      pixels[k] = colours[Number.isNaN(n) ? colourCount : Math.max(0, Math.min(colourCount - 1, n))];
    }
    pen.canvas.width = tile.columns;
    pen.canvas.height = tile.rows;
    pen.putImageData(image, 0, 0);
    return pen.canvas;
  };
  const drawMap = () => {
    const at = frame(), [context, width, height] = canvas(map, at.height), zero = referenceCell();
    const onScreen = ({u, v}) => [at.left + u * at.su, at.top + v * at.sv];
    context.imageSmoothingEnabled = false;
    context.fillStyle = scene.missing;
    context.fillRect(0, 0, width, height);
    const paint = (n, row, column) => {
      const level = levels[n], tile = tiles.get(`${n}/${row}_${column}`);
      if (!tile) return;
      const [x, y] = onScreen({u: column * level.tile * level.block, v: row * level.tile * level.block});
      context.drawImage(picture(tile, level, zero), x, y, tile.columns * level.block * at.su,
                        tile.rows * level.block * at.sv);
    };
    paint(0, 0, 0);
    if (fineView()) {
      const {tile, block, columns, rows} = levels[1], side = tile * block;
      const first = (edge, s) => Math.max(0, Math.floor(-edge / s / side));
      const last = (edge, extent, s, count) =>
        Math.min(Math.ceil(count / tile) - 1, Math.floor((extent - edge) / s / side));
      for (let row = first(at.top, at.sv); row <= last(at.top, height, at.sv, rows); row++)
        for (let column = first(at.left, at.su); column <= last(at.left, width, at.su, columns); column++) {
          fetchTile(row, column);
          paint(1, row, column);
        }
    }
    const toScreen = new DOMMatrix([at.su, 0, 0, at.sv, at.left, at.top]);
    const trace = (path, dash) => {
      const shown = new Path2D();
      shown.addPath(path, toScreen);
      for (const [style, line] of [["#fff", 2.6], ["#111", 1.1]]) {
        context.strokeStyle = style;
        context.lineWidth = line;
        context.setLineDash(dash);
        context.stroke(shown);
      }
      context.setLineDash([]);
    };
    for (const {kind, path} of rings) trace(path, kind === "pit" ? [] : [4, 3]);
    if (scene.reference && !state.reference) {
      const [u0, v0, u1, v1] = scene.reference, area = new Path2D();
      area.rect(u0, v0, u1 - u0, v1 - v0);
      trace(area, [1, 2]);
      label(context, "reference", ...onScreen({u: u1, v: v1}), "#111");
    }
    if (state.line.length) {
      const path = new Path2D();
      for (const end of state.line) path.lineTo(end.u, end.v);
      trace(path, []);
      state.line.forEach((end, n) => label(context, n ? "end" : "start", ...onScreen(end), "#111"));
    }
    state.points.forEach((point, n) => label(context, LETTERS[n], ...onScreen(point), LIGHT[n], true));
    if (state.reference) label(context, "reference", ...onScreen(state.reference), "#111", true);
    if (cursor) {
      const [x, y] = onScreen(cursor);
      context.strokeStyle = "#111";
      context.lineWidth = 1;
      context.strokeRect(x - 7, y - 7, 14, 14);
      context.strokeStyle = "#fff";
      context.strokeRect(x - 8, y - 8, 16, 16);
    }
    const widest = width / 4 / (at.su / grid.metres[0]), power = 10 ** Math.floor(Math.log10(widest));
    const length = [5, 2, 1].map(n => n * power).find(n => n <= widest);
    const shown = length * at.su / grid.metres[0];
    context.fillStyle = "rgba(255, 255, 255, 0.8)";
    context.fillRect(6, height - 26, shown + 12, 20);
    context.fillStyle = "#111";
    context.fillRect(12, height - 11, shown, 2.5);
    context.textAlign = "center";
    context.fillText(length >= 1000 ? `${length / 1000} km` : `${length} m`, 12 + shown / 2, height - 14);
    context.textAlign = "left";
  };
  const label = (context, text, x, y, colour, dot = false) => {
    if (dot) {
      context.beginPath();
      context.arc(x, y, 5, 0, 7);
      context.fillStyle = colour;
      context.fill();
      context.strokeStyle = "#fff";
      context.lineWidth = 2;
      context.stroke();
    }
    const width = context.measureText(text).width + 6;
    context.fillStyle = "rgba(255, 255, 255, 0.85)";
    context.fillRect(x + 7, y - 9, width, 17);
    context.fillStyle = colour;
    context.fillText(text, x + 10, y + 4);
  };

  const ticks = (low, high, count) => {
    const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= rough);
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
    return found;
  };
  const yearTicks = (low, high, width) => {
    const months = [1, 3, 6, 12, 24, 60, 120].find(n => (high - low) / (n * 2.63e9) * 60 < width);
    const found = [], first = new Date(low).getUTCFullYear();
    for (let n = 0; ; n += months) {
      const at = Date.UTC(first, n, 1);
      if (at > high) return found;
      if (at >= low) found.push([at, new Date(at).toISOString().slice(0, months < 12 ? 7 : 4)]);
    }
  };
  // A chart of lines with bands; returns what a place on it stands for.
  const plot = (element, lines, xs, {marks, name, at, across}) => {
    const [context, width, height] = canvas(element, 250);
    const bounds = lines.flatMap(({d, h, fit}) => [...d.flatMap((value, n) =>
      [value - (h[n] || 0), value + (h[n] || 0)]), ...(fit ?? [])]).filter(Number.isFinite);
    let [low, high] = bounds.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [0, 0]);
    if (high - low < 1) [low, high] = [low - 1, high + 1];
    const left = 46, right = 24, top = 20, bottom = 36, span = xs.at(-1) - xs[0] || 1;
    const X = x => left + (x - xs[0]) / span * (width - left - right);
    const Y = y => top + (high - y) / (high - low) * (height - top - bottom);
    context.fillStyle = ink;
    context.strokeStyle = ink;
    context.lineWidth = 1;
    context.fillText(name, 4, 11);
    context.textAlign = "right";
    for (const value of ticks(low, high, 5)) {
      context.globalAlpha = value ? 0.15 : 0.6;
      context.fillRect(left, Y(value), width - left - right, 1);
      context.globalAlpha = 1;
      context.fillText(number(value), left - 5, Y(value) + 4);
    }
    context.textAlign = "center";
    for (const [value, text] of marks(xs[0], xs.at(-1), width - left - right)) {
      context.fillRect(X(value), height - bottom, 1, 4);
      context.fillText(text, X(value), height - bottom + 16);
    }
    context.fillText(across, (left + width - right) / 2, height - 5);
    context.textAlign = "left";
    if (at !== undefined) {
      context.setLineDash([2, 3]);
      context.beginPath();
      context.moveTo(X(at), top);
      context.lineTo(X(at), height - bottom);
      context.stroke();
      context.setLineDash([]);
    }
    for (const {d, h, fit, colour, letter} of lines) {
      context.fillStyle = context.strokeStyle = colour;
      context.globalAlpha = dark ? 0.3 : 0.2;
      const known = value => Number.isFinite(value);
      for (let n = 0; n < xs.length; n++) {  // a band from gap to gap
        if (!known(d[n]) || !known(h[n])) continue;
        let end = n;
        while (end + 1 < xs.length && known(d[end + 1]) && known(h[end + 1])) end++;
        context.beginPath();
        for (let k = n; k <= end; k++) context.lineTo(X(xs[k]) - (n === end), Y(d[k] + h[k]));
        for (let k = end; k >= n; k--) context.lineTo(X(xs[k]) + (n === end), Y(d[k] - h[k]));
        context.fill();
        n = end;
      }
      context.globalAlpha = 1;
      context.lineWidth = 1.5;
      context.beginPath();
      (fit ?? d).forEach((value, n) => known(value) && (n && known((fit ?? d)[n - 1])
        ? context.lineTo(X(xs[n]), Y(value)) : context.moveTo(X(xs[n]), Y(value))));
      context.stroke();
      d.forEach((value, n) => {
        if (!known(value)) return;
        context.beginPath();
        context.arc(X(xs[n]), Y(value), 2.2, 0, 7);
        if (known(h[n])) context.fill();
        else context.stroke();  // no interval: a date that only the model reaches
      });
      const last = d.findLastIndex(known);
      if (letter && last >= 0) context.fillText(letter, X(xs[last]) + 6, Y(d[last]) + 4);
    }
    return x => {
      const aim = xs[0] + (x - left) / (width - left - right) * span;
      return xs.reduce((best, value, n) => Math.abs(value - aim) < Math.abs(xs[best] - aim) ? n : best, 0);
    };
  };
  let dateAt = () => 0, kmAt = () => 0, shownLines = [], shownProfile = [];
  const drawCharts = () => {
    const two = state.difference && state.points.length > 1;
    shownLines = two ? [{...differenceOf(state.points), colour: ink, letter: "A − B"}]
      : state.points.map((point, n) => ({...seriesAt(point), colour: inks[n], letter: LETTERS[n]}));
    dateAt = plot(chart, shownLines.map(line => two ? {...line, letter: ""} : line), days, {
      marks: yearTicks, at: days[state.date], across: "",
      name: two ? "difference A − B (mm)" : "displacement (mm), negative: sinking"});
    chart.setAttribute("aria-label", `Displacement from ${times[0]} to ${times.at(-1)}; on `
      + `${times[state.date]}: ${saidOn(state.date)}`);
    shownProfile = alongLine();
    profile.hidden = !shownProfile.length;
    if (profile.hidden) return;
    const kms = shownProfile.map(({km}) => km);
    kmAt = plot(cut, [{d: shownProfile.map(({d}) => d), h: shownProfile.map(({h}) => h), colour: ink}],
      kms, {name: `profile on ${times[state.date]} (mm)`, across: "distance from the start (km)",
            marks: (low, high, width) =>
              ticks(low, high, width / 60).map(km => [km, String(Number(km.toFixed(3)))])});
    cut.setAttribute("aria-label", `Displacement along ${kms.at(-1).toFixed(1)} km on `
      + `${times[state.date]}, from ${amount([shownProfile[0].d, shownProfile[0].h])} to `
      + amount([shownProfile.at(-1).d, shownProfile.at(-1).h]));
  };
  const saidOn = t => shownLines.map(({d, h, letter}) => `${letter} ${amount([d[t], h[t]])}`).join("; ");

  const drawWords = () => {
    slider.value = state.date;
    slider.setAttribute("aria-valuetext", times[state.date]);
    day.textContent = times[state.date];
    const zero = state.reference ? `the marked reference at ${written(state.reference)}` : "the reference area";
    const fine = fineView(), kinds = [...new Set(rings.map(({kind}) => kind))];
    since.textContent = `Displacement (mm) since ${times[0]} relative to ${zero}; negative is sinking, `
      + `grey has no value. Each square is a ${extent(levels[fine ? 1 : 0])}`
      + (levels.length === 1 || fine ? "." : alone ? "; the finer tiles do not lie beside this page."
         : "; zoom in for finer ground.")
      + (kinds.length ? ` Outlines: ${kinds.map(kind =>
          `${kind} ${kind === "pit" ? "solid" : "dashed"}`).join(", ")}.` : "");
    list.replaceChildren(...state.points.map((point, n) => {
      const cell = cellOf(point), value = amount(valueAt(cell, state.date, referenceCell()));
      return make("li", {},
        make("span", {class: "mark", style: `background: ${inks[n]}`}), make("strong", {}, LETTERS[n]),
        ` ${written(point)}: ${value} (${extent(cell.level)}${inside(point)}) `,
        button("×", () => set({points: state.points.filter(other => other !== point)}),
               `remove place ${LETTERS[n]}`));
    }), ...(state.reference ? [make("li", {}, make("strong", {}, "reference"),
      ` ${written(state.reference)} `, button("×", () => set({reference: null}),
                                              "go back to the reference area"))] : []));
    difference.disabled = state.points.length < 2;
    difference.checked = state.difference && !difference.disabled;
    const one = "Dots are dates, the band their 95 % intervals, the line the temporal model.";
    const both = " The half-width of a difference is √(h₁² + h₂²), with the errors of both places "
      + "taken as independent. What they share, in the atmosphere and at the reference area, cancels; "
      + "this is neglected, so that between neighbours the interval is too wide.";
    note.textContent = one + (difference.checked || state.reference ? both : "");
  };
  const draw = () => {
    if (!root.clientWidth || !tiles.get("0/0_0")) return;
    readTheme();
    drawMap();
    drawCharts();
    drawWords();
  };

  // -- State, and the address that holds it ------------------------------------------------------
  let kept = 0;
  const set = changes => {
    Object.assign(state, changes);
    draw();
    if (inLab) return;
    clearTimeout(kept);
    kept = setTimeout(() => history.replaceState(history.state, "", address()), 150);
  };
  const spot = point => {
    const [x, y] = ground(point), places = grid.geographic ? 5 : 0;
    return `${x.toFixed(places)},${y.toFixed(places)}${point.fine ? ",f" : ""}`;
  };
  const address = () => {
    const parts = [`date=${times[state.date]}`, ...state.points.map(point => `at=${spot(point)}`)];
    if (state.reference) parts.push(`reference=${spot(state.reference)}`);
    parts.push(...state.line.map(point => `line=${spot(point)}`));
    if (state.difference) parts.push("difference=1");
    if (state.view) parts.push(`view=${spot(state.view)},${state.view.zoom.toFixed(3)}`);
    return `#${scene.name}:${parts.join("&")}`;
  };
  const restore = () => {
    const prefix = `#${scene.name}:`, held = decodeURIComponent(location.hash);
    if (inLab || !held.startsWith(prefix)) return false;
    const asked = new URLSearchParams(held.slice(prefix.length));
    const place = text => {
      const [x, y, fine] = text.split(",");
      return {u: (x - grid.x0) / grid.dx, v: (y - grid.y0) / grid.dy, fine: fine === "f"};
    };
    const within = ({u, v}) => u >= 0 && v >= 0 && u < grid.columns && v < grid.rows;
    const places = name => asked.getAll(name).map(place).filter(within);
    const view = asked.get("view"), zoom = Number(view?.split(",").at(-1));
    Object.assign(state, {
      date: Math.max(0, times.indexOf(asked.get("date"))), points: places("at").slice(0, LETTERS.length),
      reference: places("reference")[0] ?? null, line: places("line").slice(0, 2),
      difference: asked.has("difference"),
      view: zoom >= 1 && within(place(view)) ? {...place(view), fine: false, zoom} : null});
    return true;
  };
  async function copyAddress() {
    history.replaceState(history.state, "", address());
    try {
      await navigator.clipboard.writeText(location.href);
      told.textContent = "The address is copied; it opens this view.";
    } catch {
      told.textContent = "Copy it from the browser's address bar; it opens this view.";
    }
  }

  // -- Saving ------------------------------------------------------------------------------------
  const plain = value => Number.isFinite(value) ? value.toFixed(1) : "";
  const about = () => [`${scene.title}; ${scene.source}`,
    `displacement since ${times[0]} [mm], negative is sinking; half_width: of the 95 % interval [mm]`,
    `reference: ${state.reference ? spot(state.reference) : "the reference area"}`];
  const seriesTable = () => {
    const columns = state.points.map((point, n) => [LETTERS[n], seriesAt(point)]);
    const heads = state.points.map((point, n) => `${LETTERS[n]}: ${spot(point)}, `
      + extent(cellOf(point).level));
    if (columns.length > 1) columns.push(["A_minus_B", differenceOf(state.points)]);
    const names = columns.flatMap(([name]) => ["displacement", "half_width", "model"].map(of => `${of}_${name}`));
    const rows = times.map((time, t) => [time, ...columns.flatMap(([, {d, h, fit}]) =>
      [d[t], h[t], fit[t]].map(plain))]);
    return [[...about(), ...heads], ["date", ...names], rows];
  };
  const profileTable = () => [[...about(), `date: ${times[state.date]}`],
    ["distance_km", "x", "y", "displacement", "half_width"],
    shownProfile.map(({u, v, km, d, h}) =>
      [km.toFixed(3), ...spot({u, v}).split(","), plain(d), plain(h)])];
  const save = (what, [comments, names, rows]) => {
    const text = [...comments.map(line => `# ${line}`), names.join(","), ...rows.map(row => row.join(","))];
    const href = URL.createObjectURL(new Blob([text.join("\n"), "\n"], {type: "text/csv"}));
    make("a", {href, download: `${scene.name}_${what}.csv`}).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  };

  // -- Hands -------------------------------------------------------------------------------------
  const placeAt = event => {
    const {left, top, su, sv} = frame(), box = map.getBoundingClientRect();
    return {u: (event.clientX - box.left - left) / su, v: (event.clientY - box.top - top) / sv};
  };
  const take = ({u, v}, more) => {
    const point = {u, v, fine: fineView()}, mode = chosen();
    if (!cellAt(u, v, point.fine)) return;
    if (mode === "reference") set({reference: point});
    else if (mode === "line") set({line: state.line.length === 1 ? [...state.line, point] : [point]});
    else if (mode === "compare" || more) set({points: [...state.points.slice(0, LETTERS.length - 1), point]});
    else set({points: [...state.points.slice(0, -1), point]});
    told.textContent = mode === "line" && state.line.length === 1 ? "Click where the profile ends."
      : `${written(point)}: ${amount(valueAt(cellOf(point), state.date, referenceCell()))} on ${times[state.date]}`;
  };
  const zoom = (factor, about_) => {
    const view = state.view ?? {u: grid.columns / 2, v: grid.rows / 2, zoom: 1};
    const about = about_ ?? view, next = Math.min(64, Math.max(1, view.zoom * factor));
    const share = view.zoom / next;
    if (next === 1) return set({view: null});
    look({u: about.u + (view.u - about.u) * share, v: about.v + (view.v - about.v) * share, zoom: next});
  };
  const look = ({u, v, zoom}) => set({view: {zoom, fine: false,
    u: Math.min(grid.columns - 1, Math.max(0, u)), v: Math.min(grid.rows - 1, Math.max(0, v))}});
  const hands = new Map();  // pointers that are down
  let from = null, panned = false;
  map.addEventListener("pointerdown", event => {
    hands.set(event.pointerId, event);
    map.setPointerCapture(event.pointerId);
    from = {x: event.clientX, y: event.clientY, view: state.view};
    panned = hands.size > 1;
    cursor = null;
  });
  map.addEventListener("pointermove", event => {
    hover(placeAt(event));
    const before = hands.get(event.pointerId);
    if (!before) return;
    if (hands.size > 1) {
      const [a, b] = [...hands.values()], other = a.pointerId === event.pointerId ? b : a;
      const apart = one => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const middle = {clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2};
      if (apart(before) > 0) zoom(apart(event) / apart(before), placeAt(middle));
    } else if (panned || Math.hypot(event.clientX - from.x, event.clientY - from.y) > 5) {
      panned = true;
      if (state.view) {
        const {su, sv} = frame();
        look({u: state.view.u - (event.clientX - before.clientX) / su,
              v: state.view.v - (event.clientY - before.clientY) / sv, zoom: state.view.zoom});
      }
    }
    hands.set(event.pointerId, event);
  });
  map.addEventListener("pointerup", event => {
    hands.delete(event.pointerId);
    if (!panned) take(placeAt(event), event.shiftKey);
  });
  map.addEventListener("pointercancel", event => hands.delete(event.pointerId));
  map.addEventListener("pointerleave", () => hover(null));
  map.addEventListener("wheel", event => {
    if (document.activeElement !== map) return;  // until it is clicked, the page scrolls
    event.preventDefault();
    zoom(2 ** (-event.deltaY / 300), placeAt(event));
  }, {passive: false});
  map.addEventListener("blur", () => {
    cursor = null;
    draw();
  });
  map.addEventListener("keydown", event => {
    const {block} = levels[fineView() ? 1 : 0], far = block * (event.shiftKey ? 10 : 1);
    const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    const centre = state.view ?? {u: grid.columns / 2, v: grid.rows / 2};
    const at = cursor ?? {u: (Math.floor(centre.u / block) + 0.5) * block,
                          v: (Math.floor(centre.v / block) + 0.5) * block};
    if (event.key in steps) {
      const [x, y] = steps[event.key];
      cursor = {u: Math.min(grid.columns - block / 2, Math.max(block / 2, at.u + x * far)),
                v: Math.min(grid.rows - block / 2, Math.max(block / 2, at.v + y * far))};
      const {width, height, su, sv, left, top} = frame();
      const seen = [left + cursor.u * su, top + cursor.v * sv];
      if (seen[0] < 0 || seen[1] < 0 || seen[0] > width || seen[1] > height) look({...state.view, ...cursor});
      else drawMap();
      hover(cursor);
      told.textContent = readout.textContent;
    } else if (event.key === "Enter" || event.key === " ") take(at, event.shiftKey);
    else if (event.key === "+" || event.key === "=") zoom(1.6, at);
    else if (event.key === "-") zoom(1 / 1.6, at);
    else return;
    event.preventDefault();
  });
  const hover = place => {
    const cell = place && cellAt(place.u, place.v, fineView());
    readout.textContent = cell
      ? `${written(place)}: ${amount(valueAt(cell, state.date, referenceCell()))} on ${times[state.date]}${inside(place)}`
      : "";
  };
  chart.addEventListener("pointermove", event => {
    const t = dateAt(event.offsetX);
    reading.textContent = `${times[t]}: ${saidOn(t)}`;
  });
  chart.addEventListener("pointerleave", () => { reading.textContent = ""; });
  chart.addEventListener("click", event => set({date: dateAt(event.offsetX)}));
  cut.addEventListener("pointermove", event => {
    const at = shownProfile[kmAt(event.offsetX)];
    cutting.textContent = `${at.km.toFixed(1)} km, ${written(at)}: ${amount([at.d, at.h])}`;
  });
  cut.addEventListener("pointerleave", () => { cutting.textContent = ""; });

  Object.assign(state, start, {points: [...start.points]});
  unpack(scene.data, levels[0].columns, levels[0].rows).then(tile => {
    tiles.set("0/0_0", tile);
    if (restore()) {
      const come = () => root.scrollIntoView({block: "start"});
      come();
      addEventListener("load", come, {once: true});  // pictures above may have moved it
    }
    draw();
    addEventListener("hashchange", () => restore() && draw());
    new ResizeObserver(draw).observe(root);
    new MutationObserver(draw).observe(document.documentElement, {attributeFilter: ["data-theme"]});
    new MutationObserver(draw).observe(document.body, {attributeFilter: ["data-jp-theme-light"]});
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    root.dataset.on = "drawn";
  });
}
