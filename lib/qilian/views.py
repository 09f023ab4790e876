"""Interactive views: what a static figure cannot show, drawn by Bokeh from data in the page."""

import sys
from collections.abc import Mapping, Sequence

import holoviews as hv
import xarray as xr

from qilian.contracts import written_units
from qilian.figures import MISSING, axis_label, titled

# HoloViews loads its archive of notebooks if it can, which nobody uses here and whose import takes
# seconds, a third of a short notebook's run; it goes without where nbformat is not to be had.
_hidden = sys.modules.setdefault("nbformat", None) is None
hv.extension("bokeh", logo=False)
if _hidden:
    del sys.modules["nbformat"]


def linked_maps(
    picture: xr.DataArray | None,
    fields: Mapping[str, xr.DataArray],
    data: xr.Dataset,
    *,
    palette: Sequence[str],
    limits: tuple[float, float] | None = None,
) -> hv.Layout:
    """Draw a picture and maps of one extent below one another; panned or zoomed, all follow.

    Parameters
    ----------
    picture : xarray.DataArray or None
        (band, y, x), 0 to 255, red, green and blue first.
    fields : mapping of str to xarray.DataArray
        Maps (y, x) by title.
    data : xarray.Dataset
        The loaded input, for its simulated mark and its coordinate system.
    palette : sequence of str
        Colours from low to high.
    limits : tuple of float, optional
        Values of the first and the last colour of every map; each map has a scale of its own,
        centred on zero, by default.
    """
    axes = {"xlabel": axis_label(data["x"]), "ylabel": axis_label(data["y"])}
    frame = {**axes, "frame_width": 290, "aspect": "equal", "fontsize": {"title": 8}}
    frame |= {"xticks": 4}
    if not data.rio.crs.is_geographic:
        # Seven digits, of which a narrow map holds three times.
        frame |= {"xformatter": "%d", "yformatter": "%d", "xticks": 3, "yticks": 3}
    views: list[hv.Element] = []
    if picture is not None:
        colors = (picture.isel(band=slice(3)) / 255).clip(0, 1)
        colors = colors if picture.rio.crs == data.rio.crs else colors.rio.reproject(data.rio.crs)
        bands = (colors.isel(band=band).values for band in range(3))
        shown = hv.RGB((colors["x"].values, colors["y"].values, *bands), ["x", "y"])
        views.append(shown.opts(title=titled("optical picture", data), **frame))
    for number, (title, field) in enumerate(fields.items(), start=1):
        limit = float(abs(field).quantile(0.98))
        clim = limits or (-limit, limit)
        image = hv.Image(field, ["x", "y"], str(field.name))
        scale = {"cmap": list(palette), "clim": clim}
        scale["colorbar"] = limits is None or number == len(fields)  # one scale, one bar
        scale |= {"colorbar_position": "bottom", "clabel": written_units(field)}
        # Grey, so that what is masked is not taken for zero.
        image = image.opts(bgcolor=MISSING, tools=["hover"], **scale)
        views.append(image.opts(title=titled(title, data), **frame))
    return hv.Layout(views).cols(1).opts(shared_axes=True)


def confidence_band(
    fit: xr.Dataset, name: str, *, color: str, label: str, ceiling: float
) -> hv.Overlay:
    """Line, points with everything known about them on hover, and the 95 % interval's shade.

    A value whose neighbours have no interval gets a bar, since a shade needs two.

    Parameters
    ----------
    fit : xarray.Dataset
        Along one dimension: `name`, `{name}_lower`, `{name}_upper` and what else hover shows.
    name : str
        The estimate.
    color, label : str
        Of the line, its shade and its entry in the legend.
    ceiling : float
        Where the shade of an interval without upper bound ends.
    """
    frame = fit.to_dataframe().reset_index()
    frame["top"] = frame[f"{name}_upper"].fillna(ceiling)
    axis = next(iter(fit[name].dims))
    shade = hv.Area(frame, axis, [f"{name}_lower", "top"])
    held = frame[f"{name}_lower"].notna()
    alone = held & ~held.shift(fill_value=False) & ~held.shift(-1, fill_value=False)
    lone = frame[alone]
    ends = (lone[axis], lone[f"{name}_lower"], lone[axis], lone["top"])
    bars = hv.Segments(ends, [axis, f"{name}_lower", "end", "top"])
    points = hv.Scatter(frame, axis, [name, *frame.columns.difference([axis, name, "top"])])
    return (
        shade.opts(color=color, alpha=0.15, line_width=0)
        * bars.opts(color=color, alpha=0.4)
        * hv.Curve(frame, axis, name, label=label).opts(color=color)
        * points.relabel(label).opts(color=color, size=6, tools=["hover"])
    )
