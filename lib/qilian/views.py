"""Interactive views: what a static figure cannot show, drawn by Bokeh from data in the page."""

import sys
from collections.abc import Mapping, Sequence

import holoviews as hv
import numpy as np
import xarray as xr

from qilian.contracts import require
from qilian.network import pair_names

# HoloViews loads its archive of notebooks if it can, which nobody uses here and whose import takes
# seconds, a third of a short notebook's run; it goes without where nbformat is not to be had.
_hidden = sys.modules.setdefault("nbformat", None) is None
hv.extension("bokeh", logo=False)
if _hidden:
    del sys.modules["nbformat"]


def titled(text: str, data: xr.Dataset) -> str:
    """Title of a view, marked in front, where no screen cuts it, if its input is simulated."""
    return f"Simulated: {text}" if data.attrs["simulated"] == "yes" else text


def preview(stack: xr.DataArray, *, frames: int, columns: int = 160) -> xr.DataArray:
    """Thin a stack (pair, y, x) to what a page can carry.

    Keeps `frames` pairs at most, evenly spread over the list, and averages blocks of pixels until
    the map is at most `columns` wide.
    """
    require("frames", frames, frames >= 1, "1 or more")
    pairs = np.unique(np.linspace(0, stack.sizes["pair"] - 1, frames).round().astype(int))
    step = -(-stack.sizes["x"] // columns)
    coarse = stack.isel(pair=pairs).coarsen(x=step, y=step, boundary="trim").mean()
    return coarse.astype("float32").compute()


def pair_slider(
    stack: xr.DataArray,
    data: xr.Dataset,
    *,
    palette: Sequence[str],
    limits: tuple[float, float],
) -> hv.HoloMap:
    """Draw a quantity pair by pair, with a slider when shown by `hv.output`.

    Parameters
    ----------
    stack : xarray.DataArray
        (pair, y, x), few and coarse enough for a page (see `preview`).
    data : xarray.Dataset
        The loaded input, for its simulated mark.
    palette : sequence of str
        Colours from low to high.
    limits : tuple of float
        Values of the first and the last colour.
    """
    maps = {}
    for number, dates in enumerate(pair_names(stack), start=1):
        image = hv.Image(stack.isel(pair=number - 1), ["x", "y"], stack.name)
        maps[number] = image.opts(title=titled(dates, data))
    step = hv.Dimension("pair", label=f"pair, 1 to {len(maps)}")
    return hv.HoloMap(maps, kdims=[step]).opts(
        hv.opts.Image(
            cmap=list(palette),
            clim=limits,
            colorbar=True,
            colorbar_position="bottom",
            responsive=True,
            height=430,
            fontsize={"title": 9},
            tools=["hover"],
            toolbar="above",
            xlabel=axis_label(stack["x"]),
            ylabel=axis_label(stack["y"]),
        )
    )


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
        scale |= {"colorbar_position": "bottom", "clabel": field.attrs["units"]}
        # Grey, so that what is masked is not taken for zero.
        image = image.opts(bgcolor="#d4d4d4", tools=["hover"], **scale)
        views.append(image.opts(title=titled(title, data), **frame))
    return hv.Layout(views).cols(1).opts(shared_axes=True)


def axis_label(axis: xr.DataArray) -> str:
    """Name a coordinate with its units."""
    units = axis.attrs["units"]
    if units == "metre":
        return "easting (m)" if axis.name == "x" else "northing (m)"
    return f"{axis.attrs['long_name']} ({'°' if units.startswith('degree') else units})"


def confidence_band(
    fit: xr.Dataset, name: str, *, color: str, label: str, ceiling: float
) -> hv.Overlay:
    """Line, points with everything known about them on hover, and the 95 % interval's shade.

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
    points = hv.Scatter(frame, axis, [name, *frame.columns.difference([axis, name, "top"])])
    return (
        shade.opts(color=color, alpha=0.15, line_width=0)
        * hv.Curve(frame, axis, name, label=label).opts(color=color)
        * points.relabel(label).opts(color=color, size=6, tools=["hover"])
    )
