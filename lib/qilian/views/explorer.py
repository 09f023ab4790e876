"""The interactive view of a displacement cube: a slider through its dates, a click for a series.

It works in a static page, without a server: the page carries the cube as small integers, and a few
lines of script in it draw from them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import panel as pn
import xarray as xr
from bokeh.events import Tap
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, Span
from bokeh.plotting import figure

from qilian.contracts.errors import require
from qilian.figures.style import INK, titled
from qilian.views.live import interactive, live_map, live_slider

MISSING, UNKNOWN = -128, 255  # codes of a missing displacement and of an unknown interval

# The cube as `_encode` packs it: what the model leaves of each value, in steps of `step`.
_SHOW = """
const {columns, rows, parts, step, width, x0, y0, dx, dy} = grid;
const size = columns * rows, dates = series.data.time.length;
const fitted = (t, k) => {
  let value = 0;
  for (let p = 0; p < parts; p++) value += model[t * parts + p] * parameters[p * size + k];
  return value;
};
const at = (t, k) => {
  let code = 0;  // of differences along the row, modulo 256
  for (let n = k - k % columns; n <= k; n++) code += rest[t * size + n];
  code = code << 24 >> 24;
  return code === -128 ? NaN : code * step + fitted(t, k);
};
if (cb_obj.event_name === "tap") {
  const c = Math.floor((cb_obj.x - x0) / dx), r = Math.floor((cb_obj.y - y0) / dy);
  if (c < 0 || c >= columns || r < 0 || r >= rows) return;
  here.data = {x: [x0 + (c + 0.5) * dx], y: [y0 + (r + 0.5) * dy]};
  const k = r * columns + c, d = [], low = [], high = [], fit = [];
  for (let t = 0, code = 0; t < dates; t++) {
    code = (code + reach[t * size + k]) & 255;  // of differences from date to date
    const value = at(t, k), half = code === 255 ? NaN : code * width;
    d.push(value); low.push(value - half); high.push(value + half); fit.push(fitted(t, k));
  }
  series.data = {time: series.data.time, d, low, high, fit};
} else {
  const picture = map.data.image[0];
  for (let k = 0; k < size; k++) picture[k] = at(slider.value, k);
  map.change.emit();
  moment.location = series.data.time[slider.value];
}
"""


def coarsened(displacement: xr.Dataset, *, columns: int = 105) -> xr.Dataset:
    """Average a displacement over blocks of pixels until it is at most `columns` wide.

    Intervals are averaged too, since neighbours share most of their noise.

    Parameters
    ----------
    displacement : xarray.Dataset
        (time, y, x) `displacement` and its `half_width` of 95 % [mm], (parameter, y, x)
        `parameters`, as far as they are known.
    columns : int, optional
        Width of the map that a page can carry.

    Returns
    -------
    xarray.Dataset
        In memory; missing where less than half of a block had a value.
    """
    require("columns", columns, columns >= 1, "1 or more")
    step = -(-displacement.sizes["x"] // columns)
    used = displacement[["displacement", "half_width", "parameters"]]
    coarse = used.coarsen(x=step, y=step, boundary="trim").mean()
    there = used["displacement"].notnull().coarsen(x=step, y=step, boundary="trim").mean()
    coarse["displacement"] = coarse["displacement"].where(there >= 0.5)
    for name in used:
        coarse[name].attrs = used[name].attrs
    return coarse.assign_attrs(displacement.attrs).compute()


def displacement_explorer(
    displacement: xr.Dataset, model: xr.DataArray, *, palette: Sequence[str], limit: float
) -> pn.pane.Bokeh:
    """Draw a map with a slider through its dates; a click shows the pixel's series beneath it.

    Parameters
    ----------
    displacement : xarray.Dataset
        As `coarsened` gives it.
    model : xarray.DataArray
        (time, parameter), the temporal model behind `parameters`.
    palette : sequence of str
        Colours from sinking to rising.
    limit : float
        Displacement of the last colour; of the first, its negative [mm].

    Returns
    -------
    panel Bokeh pane
        The series shown first is where the ground moved most.
    """
    upright = displacement.sortby("y").sortby("x")
    sources = _series(upright, model)
    plot, sources["map"] = _map(sources["here"], upright, palette, limit)
    days = upright["time"].dt.strftime("%Y-%m-%d").values.tolist()
    slider = live_slider("date", days, len(days) - 1)
    moment = Span(location=sources["series"].data["time"][-1], dimension="height")
    moment.update(line_color=INK, line_dash="dotted")
    about = {**sources, **_encode(upright, model), "slider": slider, "moment": moment}
    show = CustomJS(args=about, code=_SHOW)
    plot.js_on_event(Tap, show)
    slider.js_on_change("value", show)
    chart = _chart(sources["series"], upright)
    chart.add_layout(moment)
    return interactive(column(plot, slider, chart, sizing_mode="stretch_width"))


def _encode(displacement: xr.Dataset, model: xr.DataArray) -> dict[str, Any]:
    """Pack the cube: what the model leaves of it in a byte, its intervals in another.

    Both are differences, modulo 256, from a neighbour that resembles: the pixel before in the row,
    the date before. These are compressed better.
    """
    fitted = (displacement["parameters"] * model).sum("parameter", skipna=False)
    rest = (displacement["displacement"] - fitted).transpose("time", "y", "x").values
    reach = displacement["half_width"].transpose("time", "y", "x").values
    step, width = _step(rest, 127), _step(reach, 254)
    codes = np.where(np.isfinite(rest), np.round(rest / step), MISSING).astype("int8")
    widths = np.where(np.isfinite(reach), np.round(reach / width), UNKNOWN).astype("uint8")
    y, x = displacement["y"].values, displacement["x"].values
    dx, dy = x[1] - x[0], y[1] - y[0]
    grid: dict[str, float] = {"columns": x.size, "rows": y.size, "parts": model.sizes["parameter"]}
    grid |= {"step": step, "width": width}
    grid |= {"x0": x[0] - dx / 2, "y0": y[0] - dy / 2, "dx": dx, "dy": dy}
    parameters = displacement["parameters"].transpose("parameter", "y", "x").values
    steps = {"rest": np.diff(codes, axis=2, prepend=np.int8(0))}
    steps["reach"] = np.diff(widths, axis=0, prepend=np.uint8(0))
    arrays = {**steps, "parameters": parameters, "model": model.values}
    flat = {
        k: v.astype(v.dtype if v.itemsize == 1 else "float32").ravel() for k, v in arrays.items()
    }
    return {"grid": grid, **flat}


def _step(values: np.ndarray, codes: int) -> float:
    """Smallest step of tenths of a millimetre in which all values have a code."""
    largest = np.nanmax(np.abs(values), initial=0.1)
    return float(np.ceil(10 * largest / codes) / 10)


def _series(displacement: xr.Dataset, model: xr.DataArray) -> dict[str, ColumnDataSource]:
    """Take the series shown first, and its place: where the ground moved most."""
    moved = abs(displacement["displacement"].isel(time=-1)).transpose("y", "x").values
    row, column_ = np.unravel_index(np.nanargmax(moved), moved.shape)
    pixel = displacement.isel(y=row, x=column_)
    d, reach = pixel["displacement"].values, pixel["half_width"].values
    fit = (pixel["parameters"] * model).sum("parameter").values
    time = displacement["time"].values.astype("datetime64[ms]").astype(float)
    columns = {"time": time, "d": d, "low": d - reach, "high": d + reach, "fit": fit}
    place = {"x": [float(pixel["x"])], "y": [float(pixel["y"])]}
    return {"series": ColumnDataSource(columns), "here": ColumnDataSource(place)}


def _map(
    here: ColumnDataSource, displacement: xr.Dataset, palette: Sequence[str], limit: float
) -> tuple[figure, ColumnDataSource]:
    plot, source = live_map(
        displacement["displacement"].isel(time=-1).transpose("y", "x").values,
        displacement,
        title="click a place for its series",
        tools="tap,pan,wheel_zoom,box_zoom,reset",
        palette=palette,
        limits=(-limit, limit),
        label="mm since the first date",
    )
    mark = plot.scatter("x", "y", source=here, size=14, marker="circle_cross", line_width=2)
    mark.glyph.update(line_color=INK, fill_color=None)
    return plot, source


def _chart(series: ColumnDataSource, displacement: xr.Dataset) -> figure:
    name = displacement["displacement"].attrs["long_name"]
    plot = figure(
        title=titled(name, displacement),
        height=260,
        sizing_mode="stretch_width",
        x_axis_type="datetime",
        tools="pan,wheel_zoom,box_zoom,reset,hover",
        tooltips=[("date", "@time{%F}"), ("mm", "@d{0.0}"), ("95 %", "@low{0.0} to @high{0.0}")],
        y_axis_label="displacement (mm)",
    )
    plot.hover.formatters = {"@time": "datetime"}
    plot.segment("time", "low", "time", "high", source=series, color="#1f5fbf", alpha=0.35)
    points = plot.scatter("time", "d", source=series, size=5, color="#1f5fbf")
    plot.line("time", "fit", source=series, color=INK, line_width=1.5)
    plot.hover.renderers = [points]
    return plot
