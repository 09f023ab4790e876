"""Maps and curves that hvPlot drew, as the book's pages have them: linked, marked, with units."""

import math
from typing import TYPE_CHECKING

import holoviews as hv
import holoviews.plotting.bokeh  # what options are held against
import numpy as np
import panel as pn
import xarray as xr
from bokeh.layouts import column, row
from bokeh.models import (
    BoxZoomTool,
    ColorBar,
    CustomJS,
    CustomJSTickFormatter,
    Image,
    Plot,
    Slider,
)

from qilian.contracts.labels import heading, written_units
from qilian.figures.style import INK, MISSING, axis_label, titled
from qilian.views.live import interactive, slider_below

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_LEVELS = 250  # of a map in a slider, between the first and the last colour

_GREY = "#777777"  # read on white and on black, since a page's theme does not reach colour bars
# Of the page's width a map takes what there is; its height follows. A finger scrolls the page.
_IN_PROPORTION = """
plot.frame_height = Math.round(plot.inner_width / ratio);
if (matchMedia("(pointer: coarse)").matches)
  for (const tool of plot.toolbar.tools) if (tool.type === "PanTool") tool.active = false;
"""

_SHOW = """
const picture = map.data.image[0], size = picture.length, start = slider.value * size;
for (let k = 0; k < size; k++) {
  const code = codes[start + k];
  picture[k] = code === 0 ? NaN : low + (code - 1) * step;
}
map.change.emit();
"""


def beside(
    *maps: "hv.Image | hv.RGB | hv.DynamicMap",
    data: xr.Dataset,
    outlines: "GeoDataFrame | None" = None,
) -> pn.pane.Bokeh:
    """Lay maps side by side; panned or zoomed, all follow. On a narrow screen they stack.

    Where `groupby` made a slider, it needs no kernel. The wheel zooms after a click
    on its button. What a map's pixels carry as coordinates is shown on hover, too.

    Parameters
    ----------
    *maps : holoviews Image, RGB or DynamicMap
        As `hvplot.image` and `hvplot.rgb` return them, of one extent, with a title and, images,
        with `clim`. A DynamicMap is what `hvplot.image(groupby=…)` returns.
    data : xarray.Dataset
        The loaded input, for its simulated mark and its coordinate system.
    outlines : GeoDataFrame, optional
        Drawn over each map: pits solid, everything else dashed.
    """
    plots, sliders = [], []
    for view in maps:
        first = view[view.kdims[0].values[0]] if isinstance(view, hv.DynamicMap) else view
        plot = _map(first, data)
        _outline(plot, outlines, data)
        plots.append(plot)
        if isinstance(view, hv.DynamicMap):
            sliders.append(_stepped(plot, view, first))
    # Two in a row where the page is wide enough; a last one alone is no larger than the others.
    width = "none" if len(plots) == 1 else "max(50%, 24rem)"
    for plot in plots:
        plot.x_range, plot.y_range = plots[0].x_range, plots[0].y_range
        plot.styles = {"flex": "1 1 20rem", "max-width": width}
    aside = row(*plots, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"})
    return interactive(column(aside, *sliders, sizing_mode="stretch_width"))


def chart(curves: "hv.Overlay", *, title: str, data: xr.Dataset) -> pn.pane.Bokeh:
    """Draw curves over the width of the page; the wheel zooms after a click on its button.

    Parameters
    ----------
    curves : holoviews Overlay
        As `hvplot` calls joined by `*` return them.
    title : str
        What it shows.
    data : xarray.Dataset
        The loaded input, for its simulated mark.
    """
    plot = hv.render(curves.opts(legend_position="bottom", clone=True), backend="bokeh")
    plot.update(width=None, height=330, sizing_mode="stretch_width", background_fill_color=None)
    plot.legend.background_fill_color = None
    plot.title.text = titled(title, data)
    _quiet(plot)
    return interactive(plot)


def _quiet(plot: Plot) -> None:
    """Leave the wheel to the page until its tool is clicked."""
    plot.toolbar.update(active_scroll=None, logo=None)
    plot.update(toolbar_location="above", outline_line_color=None)


def _map(view: "hv.Image | hv.RGB", data: xr.Dataset) -> Plot:
    title = view.opts.get("plot").kwargs.get("title", "")
    view, described = _with_coordinates(view)
    if isinstance(view, hv.Image) and not isinstance(view, hv.RGB):
        view = view.opts(colorbar_position="bottom", clone=True)
    plot = hv.render(view, backend="bokeh")
    plot.update(width=None, height=None, frame_height=250, min_width=280)
    plot.sizing_mode = "stretch_width"
    about = {"plot": plot, "ratio": _ratio(view.bounds.lbrt(), data)}
    plot.js_on_change("inner_width", CustomJS(args=about, code=_IN_PROPORTION))
    plot.title.text = titled(title, data)
    plot.xaxis.axis_label, plot.yaxis.axis_label = axis_label(data["x"]), axis_label(data["y"])
    plot.xaxis.ticker.desired_num_ticks = plot.yaxis.ticker.desired_num_ticks = 4
    if not data.rio.crs.is_geographic:
        for axis in (*plot.xaxis, *plot.yaxis):
            axis.formatter.update(use_scientific=False)
    plot.background_fill_color = MISSING  # grey, so that what is missing is not taken for zero
    plot.grid.visible = False
    _quiet(plot)
    plot.select(BoxZoomTool).match_aspect = True
    place = "$x{0.000}, $y{0.000}" if data.rio.crs.is_geographic else "$x{0}, $y{0}"
    plot.hover.tooltips = [*described, ("at", place)]
    for bar in plot.select(ColorBar):
        bar.update(height=10, background_fill_color=None, padding=0, title_standoff=4)
        bar.update(title_text_color=_GREY, major_label_text_color=_GREY)
        bar.title = heading(view.data[view.vdims[0].name])
    return plot


def _with_coordinates(
    view: "hv.Image | hv.RGB",
) -> "tuple[hv.Image | hv.RGB, list[tuple[str, str]]]":
    """Round values to what colours show, take in coordinates (y, x), and describe all of them."""
    if isinstance(view, hv.RGB):
        return view, []
    (value,) = view.vdims
    grid = view.data.squeeze(drop=True)
    further = [name for name in grid.coords if grid[name].dims == grid[value.name].dims]
    grid, described = grid.reset_coords(further), []
    for name in (value.name, *further):
        held = grid[name]
        low, high = view.range(value) if name == value.name else (held.min(), held.max())
        width = float(high - low) if high > low else 1.0  # one value, or none
        grid[name] = _rounded(held, width)
        digits = "0" * max(0, 2 - math.floor(math.log10(width)))
        units = "" if held.attrs.get("units", "1") == "1" else f" {written_units(held)}"
        shown = "image" if name == value.name else name
        label = held.attrs.get("long_name", value.label)
        described.append((label, f"@{shown}{{{f'0.{digits}'.rstrip('.')}}}{units}"))
    return view.clone(grid, vdims=[value, *further]), described


def _rounded(field: xr.DataArray, width: float) -> xr.DataArray:
    """Round to a thousandth of a range, which a page carries in half of the bytes.

    The step is a power of two, so that a rounded number ends in zero bits.
    """
    step = 2.0 ** math.floor(math.log2(width / 1000))
    return ((field / step).round() * step).astype("float32").assign_attrs(field.attrs)


def _ratio(bounds: tuple[float, float, float, float], data: xr.Dataset) -> float:
    """Width over height on the ground."""
    west, south, east, north = bounds
    shrunk = math.cos(math.radians((south + north) / 2)) if data.rio.crs.is_geographic else 1.0
    return (east - west) / (north - south) * shrunk


def _outline(plot: Plot, outlines: "GeoDataFrame | None", data: xr.Dataset) -> None:
    if outlines is None:
        return
    for kind, some in outlines.to_crs(data.rio.crs).groupby("kind"):
        lines = [np.asarray(line.coords).T for line in some.boundary.explode()]
        xs, ys = ([line[axis] for line in lines] for axis in (0, 1))
        plot.multi_line(xs, ys, color=INK, line_dash="solid" if kind == "pit" else "dashed")


def _stepped(plot: Plot, view: "hv.DynamicMap", first: "hv.Image") -> Slider:
    """Slider that puts one frame after the other into a map.

    The page carries a number from 0, for a missing value, in as few bytes as all frames allow.
    """
    (over,), (value,) = view.kdims, first.vdims
    low, high = first.range(value)
    step = (high - low) / _LEVELS
    (grids,) = view.callback.inputs  # what hvPlot draws, which takes it longer than to hand it out
    frames = (grids[key].data[value.name].sortby(["y", "x"]) for key in over.values)
    values = np.stack([frame.transpose("y", "x").values for frame in frames])
    lowest = np.nanmin(values) if np.isfinite(values).any() else low
    codes = np.nan_to_num((values - lowest) / step + 1).round()
    codes = codes.astype(np.min_scalar_type(int(codes.max())))
    names = [str(name) for name in over.values]
    label = CustomJSTickFormatter(args={"names": names}, code="return names[tick]")
    about = {"start": 0, "end": len(names) - 1, "value": 0, "format": label}
    slider = slider_below(plot, title=over.pprint_label, **about)
    (image,) = (drawn.data_source for drawn in plot.renderers if isinstance(drawn.glyph, Image))
    coded = {"map": image, "slider": slider, "codes": codes.ravel(), "low": lowest, "step": step}
    slider.js_on_change("value", CustomJS(args=coded, code=_SHOW))
    return slider
