"""Pictures taken from above: where they were taken, and how they are shown."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LightSource
from matplotlib.patches import Rectangle

from qilian.figures import maps
from qilian.imagery.indices import fraction_above
from qilian.spatial import grids

_SITE = "#d6452b"


def survey_extents(image: xr.DataArray, *features: Any) -> tuple[maps.Extent, maps.Extent]:
    """Return what to show of a survey's whereabouts: all that is known, and its surroundings.

    Parameters
    ----------
    image : xarray.DataArray
        (band, y, x), the survey.
    *features : geopandas.GeoDataFrame or None
        What else the wider extent shall show.

    Returns
    -------
    tuple of two tuples of float
        West, east, south and north [degree], with a margin of about 4 and 1.2 km.
    """
    flown = image.rio.transform_bounds("EPSG:4326")
    known = [f.to_crs("EPSG:4326").total_bounds for f in features if f is not None]
    return _around(flown, *known, margin=0.04), _around(flown, margin=0.012)


def _around(*bounds: Any, margin: float) -> maps.Extent:
    west, south = np.min([b[:2] for b in bounds], axis=0) - margin
    east, north = np.max([b[2:] for b in bounds], axis=0) + margin
    # No flat strip: at least four tenths as high as wide.
    wanted = 0.4 * (east - west) * np.cos(np.radians((south + north) / 2))
    missing = max(0.0, wanted - (north - south)) / 2
    return float(west), float(east), float(south - missing), float(north + missing)


def reaching(
    backgrounds: Iterable[xr.DataArray | None], extent: maps.Extent
) -> xr.DataArray | None:
    """Return the first picture that covers an extent, or else the last there is, or None."""
    west, east, south, north = extent
    held = [picture for picture in backgrounds if picture is not None]
    for picture in held:
        left, bottom, right, top = picture.rio.transform_bounds("EPSG:4326")
        if left <= west and right >= east and bottom <= south and top >= north:
            return picture
    return held[-1] if held else None


def location_panel(
    axes: Axes,
    background: xr.DataArray | None,
    extent: maps.Extent,
    image: xr.DataArray,
    *,
    sites: Any,
    outlines: Any,
    enlarged: maps.Extent | None = None,
) -> None:
    """Draw a survey, and what else is known of its surroundings, over a picture.

    A legend of the axes names frame and outlines.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    background : xarray.DataArray or None
        (band, y, x), 0 to 255.
    extent : tuple of float
        West, east, south and north to show [degree].
    image : xarray.DataArray
        (band, y, x), the survey.
    sites, outlines : geopandas.GeoDataFrame or None
        Points with a `name`, outlines with a `kind`.
    enlarged : tuple of float, optional
        Frame of another panel to draw in place of the survey's, which would be too small to see;
        without one the panel itself is framed.
    """
    degrees = image.rio.crs.from_epsg(4326)
    maps.picture_panel(axes, background, degrees, extent)
    if outlines is not None:
        for kind, some in outlines.to_crs(degrees).groupby("kind"):
            rings = [np.asarray(part.exterior.coords) for part in some.geometry.explode()]
            color = "#6b6b6b" if kind == "pit" else "#e0cba8"
            axes.add_collection(PolyCollection(rings, facecolors=color), autolim=False)
    maps.outline(axes, outlines, degrees, linewidth=0.7 if enlarged else 1.1)
    west, south, east, north = image.rio.transform_bounds(degrees)
    style = {"fill": False, "edgecolor": _SITE, "lw": 1.8, "label": "survey"}
    if enlarged:
        west, east, south, north = enlarged
        style |= {"edgecolor": maps.FRAME, "lw": 1, "label": None}
    else:
        axes.spines[:].set(visible=True, color=maps.FRAME, linewidth=1.2)
    axes.add_patch(Rectangle((west, south), east - west, north - south, **style))
    axes.locator_params(nbins=3 if enlarged else 2)
    if sites is not None:
        _name_places(axes, sites.to_crs(degrees), extent)


def _name_places(axes: Axes, sites: Any, extent: maps.Extent) -> None:
    """Mark places, and name them unless the name would lie on one before."""
    west, east, south, north = extent
    halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.2}
    named: list[tuple[float, float]] = []
    for name, point in zip(sites["name"], sites.geometry, strict=True):
        across, up = (point.x - west) / (east - west), (point.y - south) / (north - south)
        if not (0 < across < 1 and 0 < up < 1):
            continue
        axes.plot(point.x, point.y, "o", color=_SITE, markersize=4.5, markeredgecolor="white")
        if all(np.hypot(across - x, up - y) > 0.08 for x, y in named):
            named.append((across, up))
            # To the west of places in the east, where the map ends.
            side = {"ha": "right", "xytext": (-5, 5)} if across > 0.8 else {"xytext": (5, 5)}
            style = {"textcoords": "offset points", "fontsize": 8.5, "bbox": halo, **side}
            axes.annotate(name, (point.x, point.y), **style)


def threshold_panel(
    axes: Axes, rules: Iterable[tuple[xr.DataArray, float]], colors: Mapping[str, str], by: float
) -> None:
    """Draw the fraction of the ground above a threshold that moves, and shade those in use.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    rules : iterable of (xarray.DataArray, float)
        Indices [1] and the threshold held against each.
    colors : mapping of str to str
        Colour by the index's name.
    by : float
        Half the width of the shades [1].
    """
    steps, drawn = np.arange(-1, 1.001, 0.01), set()
    for index, limit in rules:
        color = colors[str(index.name)]
        if index.name not in drawn:
            above = fraction_above(index, steps)
            axes.plot(steps, above, color=color, label=str(index.name).upper())
            drawn.add(index.name)
        axes.axvspan(limit - by, limit + by, color=color, alpha=0.2, lw=0)
    axes.set(
        xlabel="threshold (1)", xlim=(-1, 1), ylabel="fraction of the ground above", ylim=(0, 1)
    )
    axes.legend(loc="lower left")


def hillshade(height: xr.DataArray) -> xr.DataArray:
    """Shade terrain by a sun in the north-west, as a pale grey picture (band, y, x), 0 to 255."""
    upright = height.sortby("y", ascending=False)
    across, down = grids.pixel_size(upright)
    sun = LightSource(azdeg=315, altdeg=45)
    shade = sun.hillshade(upright.values, vert_exag=3, dx=across, dy=down)
    grey = upright.copy(data=130 + 125 * shade).expand_dims(band=["red", "green", "blue"])
    return grey.transpose("band", "y", "x")
