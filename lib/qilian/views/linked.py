"""Interactive views: what a static figure cannot show, drawn by Bokeh from data in the page."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh  # what options are held against
import numpy as np
import panel as pn
import xarray as xr
from matplotlib.colors import Colormap, to_hex

from qilian.contracts.labels import written_units
from qilian.figures.style import MISSING, axis_label, titled
from qilian.imagery.composites import colour_composite
from qilian.views.live import interactive


def linked_maps(
    picture: xr.DataArray | None,
    fields: Mapping[str, xr.DataArray],
    data: xr.Dataset,
    *,
    palette: Sequence[str],
    limits: tuple[float, float] | None = None,
) -> pn.pane.HoloViews:
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
    return _below_one_another(_maps(picture, fields, data, palette, limits))


def _below_one_another(views: Sequence[hv.Element]) -> pn.pane.HoloViews:
    return interactive(hv.Layout(views).cols(1).opts(shared_axes=True))


def _maps(
    picture: xr.DataArray | None,
    fields: Mapping[str, xr.DataArray],
    data: xr.Dataset,
    palette: Sequence[str],
    limits: tuple[float, float] | None,
) -> list[hv.Element]:
    """Draw what `linked_maps` puts below one another."""
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
        image = hv.Image(_rounded(field, clim), ["x", "y"], str(field.name))
        scale: dict[str, Any] = {"cmap": list(palette), "clim": clim}
        scale["colorbar"] = limits is None or number == len(fields)  # one scale, one bar
        scale |= {"colorbar_position": "bottom", "clabel": written_units(field)}
        # Grey, so that what is masked is not taken for zero.
        image = image.opts(bgcolor=MISSING, tools=["hover"], **scale)
        views.append(image.opts(title=titled(title, data), **frame))
    return views


def _rounded(field: xr.DataArray, limits: tuple[float, float]) -> xr.DataArray:
    """Round to a thousandth of the colours' range, which a page carries in half of the bytes.

    The step is a power of two, so that a rounded number ends in zero bits.
    """
    low, high = limits
    if not high > low:  # all ground missing or zero
        return field
    step = 2.0 ** math.floor(math.log2((high - low) / 1000))
    return ((field / step).round() * step).assign_attrs(field.attrs)


def linked_indices(
    image: xr.DataArray, indices: Iterable[tuple[xr.DataArray, Colormap]], data: xr.Dataset
) -> pn.pane.HoloViews:
    """Draw a picture and indices from -1 to 1 below one another, each in its own colours.

    Parameters
    ----------
    image : xarray.DataArray
        (band, y, x) reflectance, few and coarse enough for a page.
    indices : iterable of (xarray.DataArray, Colormap)
        Maps (y, x), named, and their colours.
    data : xarray.Dataset
        The loaded input, for its simulated mark and coordinate system.
    """
    views: list[hv.Element] = []
    for index, cmap in indices:
        palette = [to_hex(color) for color in cmap(np.linspace(0, 1, 256))]
        name = str(index.name).upper()
        above = None if views else colour_composite(image)
        *before, drawn = _maps(above, {name: index}, data, palette, (-1, 1))
        views += [*before, drawn.opts(clabel=name)]
    return _below_one_another(views)
