"""Every combination of choices for a river, one click each: a few lines of script select it."""

from collections.abc import Mapping

import numpy as np
import panel as pn
import xarray as xr
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, CustomJS, Div, FactorRange, Select, TapTool
from bokeh.plotting import figure

from qilian.figures.style import titled
from qilian.views.live import interactive

_CHOSEN = ("rule", "season", "length", "fit", "window")
# A list is dark on white on dark pages, too.
_LIST = ".bk-input { color: #222222; background-color: #ffffff; }"
_TENTHS = 10  # of a day, in which constants are kept, 0 for none


def choice_explorer(
    choices: xr.Dataset, sentences: np.ndarray, colors: Mapping[str, str], data: xr.Dataset
) -> pn.pane.Bokeh:
    """Draw Ks of the windows under a combination of choices, and a map of all to choose from.

    Parameters
    ----------
    choices : xarray.Dataset
        As from `recession.every_choice`.
    sentences : numpy.ndarray
        (rule, season, length, fit) what each combination finds, in words.
    colors : mapping of str to str
        Name and colour of each `finding`, in their order.
    data : xarray.Dataset
        The loaded input, for its simulated mark.
    """
    made = _first(choices)
    ends = ("recession_constant", "recession_constant_lower", "recession_constant_upper")
    held = ColumnDataSource({end: _kept(choices[end].values) for end in ends})
    counts = ColumnDataSource({"segments": choices["segments"].values.astype("uint16").ravel()})
    words = ColumnDataSource({"text": sentences.ravel().tolist()})
    shown = ColumnDataSource(_curve(choices, made))
    top = float(np.nanquantile(choices["recession_constant"].values, 0.98))
    plot = figure(
        title=titled("recession constant", data),
        height=300,
        sizing_mode="stretch_width",
        y_range=(0, 1.3 * top),
        x_axis_label="centre of the window (year)",
        y_axis_label="recession constant (d)",
        tools="pan,wheel_zoom,box_zoom,reset,hover",
        tooltips=[("year", "@year"), ("Ks", "@ks{0.0} d"), ("recessions", "@n")],
    )
    plot.segment("year", "low", "year", "high", source=shown, color="#1f5fbf", alpha=0.4)
    plot.line("year", "ks", source=shown, color="#1f5fbf")
    dots = plot.scatter("year", "ks", source=shown, color="#1f5fbf", size=6)
    plot.hover.renderers = [dots]
    selects = [
        Select(
            title=title,
            value=names[place],
            options=names,
            sizing_mode="stretch_width",
            stylesheets=[_LIST],
        )
        for (title, names), place in zip(_options(choices).items(), made, strict=True)
    ]
    said = Div(text="", sizing_mode="stretch_width", styles={"font-size": "1.05em"})
    cells, map_plot = _map(choices, sentences, list(colors.values()))
    args = {
        "held": held,
        "counts": counts,
        "words": words,
        "shown": shown,
        "said": said,
        "cells": cells,
        "selects": selects,
        "sizes": [choices.sizes[name] for name in _CHOSEN],
        "tenths": _TENTHS,
    }
    show = CustomJS(args=args, code=_SHOW)
    for select in selects:
        select.js_on_change("value", show)
    cells.selected.js_on_change("indices", CustomJS(args=args, code=_TAP))
    said.text = str(sentences[made[:4]])
    first = row(*selects[:3], sizing_mode="stretch_width")
    second = row(*selects[3:], sizing_mode="stretch_width")
    parts = (first, second, said, plot, _key(choices, colors), map_plot)
    return interactive(column(*parts, sizing_mode="stretch_width"))


_INDEX = """
const place = selects.map((one) => one.options.indexOf(one.value));
const cell = place.slice(0, 4).reduce((all, at, of) => all * sizes[of] + at, 0);
"""
_SHOW = (
    _INDEX
    + """
const years = shown.data.year.length;
const start = (cell * sizes[4] + place[4]) * years;
const events = ((Math.floor(cell / sizes[3])) * sizes[4] + place[4]) * years;
const take = (name) => Array.from(held.data[name].slice(start, start + years),
  (value) => value ? value / tenths : NaN);
const found = {year: shown.data.year, ks: take("recession_constant"),
  low: take("recession_constant_lower"), high: take("recession_constant_upper"),
  n: Array.from(counts.data.segments.slice(events, events + years))};
found.high = found.high.map((value, at) => isNaN(value) && !isNaN(found.low[at]) ? 1e4 : value);
shown.data = found;
said.text = words.data.text[cell];
if (cells.selected.indices[0] !== cell) cells.selected.indices = [cell];
"""
)
_TAP = """
const cell = cells.selected.indices[0];
if (cell === undefined) return;
let rest = cell;
for (const of of [3, 2, 1, 0]) {
  const option = selects[of].options[rest % sizes[of]];
  if (selects[of].value !== option) selects[of].value = option;
  rest = Math.floor(rest / sizes[of]);
}
"""


def _key(choices: xr.Dataset, colors: Mapping[str, str]) -> Div:
    """Name the colours that the map has, each beside a patch of it."""
    here = np.unique(choices["finding"].values)
    entries = [
        f"<span style='white-space: nowrap'><span style='color: {color}'>\N{BLACK SQUARE}</span> "
        f"{name}</span>"
        for place, (name, color) in enumerate(colors.items())
        if place in here
    ]
    return Div(text=" &ensp; ".join(entries), sizing_mode="stretch_width")


def _options(choices: xr.Dataset) -> dict[str, list[str]]:
    """Titles of the selects and what each offers."""
    return {
        "rule for days": [name.replace("_", " ") for name in choices["rule"].values],
        "season": choices["season"].values.tolist(),
        "shortest recession": [f"{n} d" for n in choices["length"].values],
        "fit": [name.replace("_", " ") for name in choices["fit"].values],
        "window": [f"{n} years" if n > 1 else "1 year" for n in choices["window"].values],
    }


def _first(choices: xr.Dataset) -> tuple[int, ...]:
    """Places of the choices shown first: those of the dataset's `made`, the longest window."""
    return (*choices.attrs["made"], 0, choices.sizes["window"] - 1)


def _kept(values: np.ndarray) -> np.ndarray:
    """Days as whole tenths, 0 for none: two bytes each."""
    return np.nan_to_num(_TENTHS * values, posinf=0).clip(0, 65535).round().astype("uint16").ravel()


def _curve(choices: xr.Dataset, made: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return what is chosen first, so that a page without scripts has it."""
    one = choices.isel(dict(zip(_CHOSEN, made, strict=True)))
    low, high = (one[f"recession_constant_{end}"].values for end in ("lower", "upper"))
    return {
        "year": choices["year"].values,
        "ks": one["recession_constant"].values,
        "low": low,
        "high": np.where(np.isfinite(low) & ~np.isfinite(high), 1e4, high),
        "n": one["segments"].values,
    }


def _map(
    choices: xr.Dataset, sentences: np.ndarray, colors: list[str]
) -> tuple[ColumnDataSource, figure]:
    """Cells of all combinations but for the window, coloured by what they find."""
    rules, seasons, lengths, fits = list(_options(choices).values())[:4]
    across = [(rule, str(1 + place)) for rule in rules for place in range(len(seasons))]
    down = [(fit, length) for fit in fits for length in lengths]
    order = np.indices(choices["finding"].shape).reshape(4, -1)
    cells = ColumnDataSource(
        {
            "across": [(rules[r], str(1 + s)) for r, s in order[:2].T],
            "down": [(fits[f], lengths[n]) for n, f in order[2:].T],
            "color": [colors[found] for found in choices["finding"].values.ravel()],
            "text": sentences.ravel().tolist(),
        }
    )
    plot = figure(
        title="all choices: click a cell",
        height=360,
        sizing_mode="stretch_width",
        x_range=FactorRange(*across, group_padding=0.4),
        y_range=FactorRange(*reversed(down), group_padding=0.4),
        tools="tap,hover",
        tooltips="<div style='max-width:22em'>@across, @down: @text</div>",
        x_axis_label="rule for days, number of the season",
    )
    plot.rect(
        "across",
        "down",
        0.94,
        0.94,
        source=cells,
        fill_color="color",
        line_color=None,
        nonselection_fill_alpha=1.0,
        selection_line_color="#000000",
        selection_line_width=2.5,
    )
    plot.xaxis.major_label_text_font_size = "8px"
    plot.xaxis.group_label_orientation = 0.6  # names wider than their columns on a phone
    plot.yaxis.group_label_orientation = "horizontal"
    plot.xgrid.visible = plot.ygrid.visible = False
    plot.toolbar_location = None
    plot.toolbar.active_tap = plot.select_one(TapTool)
    return cells, plot
