"""Outlines of features on a grid, and the zones that they make."""

from collections.abc import Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from scipy import ndimage

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes
from qilian.spatial.grids import _crs, onto, pixel_size

_ZONES = {"pit": "pits", "spoil heap": "spoil", "spoil": "spoil", "heap": "spoil"}
_EDGE = 600.0  # m along which ground that moves blends into ground that does not
SEASONS = 8.0, 35.0  # mm of thaw-season deformation: mostly rock below, wet meadow above


def covered(features: gpd.GeoDataFrame, like: xr.DataArray) -> xr.DataArray:
    """Mark the pixels that outlines touch.

    Parameters
    ----------
    features : geopandas.GeoDataFrame
        Outlines, in any coordinate system.
    like : xarray.DataArray
        (y, x), on the grid to mark.

    Returns
    -------
    xarray.DataArray
        (y, x), True in every pixel of which an outline holds any part; none without outlines.

    Raises
    ------
    InputError
        There are outlines, and all lie off the map.
    """
    inside = _touched(features, like)
    if len(features) and not inside.any():
        west, south, east, north = features.to_crs(_crs(like)).total_bounds
        left, bottom, right, top = like.rio.bounds()
        raise InputError(
            f"the outlines lie at x {west:g} to {east:g}, y {south:g} to {north:g}, expected some "
            f"on the map at x {left:g} to {right:g}, y {bottom:g} to {top:g}."
        )
    return inside


def _touched(features: gpd.GeoDataFrame, like: xr.DataArray) -> xr.DataArray:
    inside = xr.zeros_like(like, dtype=bool)
    outlines = _turned(features.to_crs(_crs(like)), like)
    if len(outlines):
        ground = xr.ones_like(like, dtype=float)
        inside = ground.rio.clip(outlines, drop=False, all_touched=True).notnull()
    return inside.drop_attrs(deep=False).assign_attrs(attributes("inside an outline"))


def _turned(features: gpd.GeoDataFrame, like: xr.DataArray) -> gpd.GeoSeries:
    """Give outlines in degrees the longitudes that the map counts, also where it crosses 180."""
    outlines = features.geometry
    if not features.crs.is_geographic:
        return outlines
    left, _, right, _ = like.rio.bounds()
    turns = [outlines.translate(xoff=turn) for turn in (-360, 0, 360)]
    seen = [some[(some.bounds["maxx"] > left) & (some.bounds["minx"] < right)] for some in turns]
    return gpd.GeoSeries(pd.concat(seen), crs=features.crs)


def within_distance(
    features: gpd.GeoDataFrame, like: xr.DataArray, distance: float
) -> xr.DataArray:
    """Mark the pixels within a distance [m] of outlines, those inside among them; as `covered`."""
    return covered(buffered(features, distance), like)


def buffered(features: gpd.GeoDataFrame, distance: float) -> gpd.GeoDataFrame:
    """Outlines grown by a distance [m] to all sides, in metres of their UTM zone."""
    metres = features.to_crs(features.estimate_utm_crs())
    return metres.set_geometry(metres.buffer(distance))


def rings(
    features: gpd.GeoDataFrame, like: xr.DataArray, distances: Sequence[float]
) -> xr.DataArray:
    """Split ground outside of outlines by its distance from them.

    Parameters
    ----------
    features : geopandas.GeoDataFrame
        Outlines.
    like : xarray.DataArray
        (y, x), the grid.
    distances : sequence of float
        Outer edges of the rings, ascending [m].

    Returns
    -------
    xarray.DataArray
        (ring, y, x), True inside, with the edges `inner` and `outer` [m] of each; the last ring
        holds all ground beyond the last edge.

    Raises
    ------
    InputError
        Distances that do not ascend.
    """
    ascending = len(distances) > 0 and all(a < b for a, b in pairwise((0, *distances)))
    require("rings", list(distances), ascending, "ascending distances above 0")
    within, found = covered(features, like), []
    for distance in distances:
        wider = within_distance(features, like, distance)
        found.append(wider & ~within)
        within = within | wider
    edges = [0.0, *distances, np.inf]
    named = xr.concat([*found, ~within], "ring").assign_attrs(attributes("inside the ring"))
    return named.assign_coords(
        inner=("ring", edges[:-1], attributes("inner edge", "m")),
        outer=("ring", edges[1:], attributes("outer edge", "m")),
    )


def mine_zones(
    outlines: gpd.GeoDataFrame | None, stable: xr.DataArray, *, near: float, far: float
) -> dict[str, xr.DataArray]:
    """Tell ground near outlines from undisturbed ground, stable ground left out of both.

    Parameters
    ----------
    outlines : geopandas.GeoDataFrame or None
        With a column `kind`; if one is a `pit` they are mines. Without them all ground that moves
        is one region.
    stable : xarray.DataArray
        (y, x), True on stable ground.
    near, far : float
        Distance from an outline up to which, and from which on [m].

    Returns
    -------
    dict of str to xarray.DataArray
        (y, x), True inside, by name.
    """
    if outlines is None:
        return {"all ground that moves": ~stable}
    close, around = (within_distance(outlines, stable, metres) for metres in (near, far))
    beside = close & ~covered(outlines, stable)
    place = "mines" if (outlines["kind"] == "pit").any() else "outlines"
    return {f"near the {place}": beside & ~stable, "undisturbed": ~around & ~stable}


def zone_borders(
    outlines: gpd.GeoDataFrame | None, *, near: float, far: float
) -> gpd.GeoDataFrame | None:
    """Return the areas within the two distances [m] of `mine_zones`, whose edges divide ground."""
    if outlines is None:
        return None
    areas = {"near": buffered(outlines, near), "far": buffered(outlines, far)}
    whole = [area.union_all() for area in areas.values()]
    return gpd.GeoDataFrame({"kind": list(areas)}, geometry=whole, crs=areas["near"].crs)


def stable_ground(
    thaw_deformation: xr.DataArray, outlines: gpd.GeoDataFrame | None, *, below: float = SEASONS[0]
) -> xr.DataArray:
    """Mark ground that the thaw season hardly moves and that no outline holds: rock and scree.

    Its edges are left out, since their pixels are half of ground that moves.

    Parameters
    ----------
    thaw_deformation : xarray.DataArray
        (y, x) [mm].
    outlines : geopandas.GeoDataFrame or None
        Of pits and spoil.
    below : float, optional
        Size of the thaw-season deformation below which ground is stable [mm].

    Returns
    -------
    xarray.DataArray
        (y, x), True on stable ground.
    """
    still = abs(thaw_deformation) < below
    width, height = (max(round(_EDGE / size), 0) for size in pixel_size(thaw_deformation))
    window = np.ones((2 * height + 1, 2 * width + 1), dtype=bool)
    whole = ndimage.binary_erosion(still | thaw_deformation.isnull(), window, border_value=1)
    still &= whole
    if outlines is not None:
        still &= ~covered(outlines, thaw_deformation)
    return still.drop_attrs(deep=False).assign_attrs(attributes("stable ground"))


def thaw_zones(
    thaw_deformation: xr.DataArray | None, outlines: gpd.GeoDataFrame | None, like: xr.DataArray
) -> dict[str, xr.DataArray]:
    """Sort ground by how far the thaw season moves it; pits, spoil, other outlines by themselves.

    Parameters
    ----------
    thaw_deformation : xarray.DataArray or None
        (y, x) [mm], on any grid; without it all ground that is not dug is one zone.
    outlines : geopandas.GeoDataFrame or None
        With a column `kind`: `pit`, `spoil heap`, `spoil`, `heap`, or anything else for other
        outlines.
    like : xarray.DataArray
        (y, x), on the grid to sort.

    Returns
    -------
    dict of str to xarray.DataArray
        (y, x), True inside, by name.
    """
    dug, found = xr.zeros_like(like, dtype=bool), {}
    if outlines is not None:
        covered(outlines, like)  # some lie on the map, though not of each kind
        for kind, some in outlines.groupby(outlines["kind"].map(_ZONES).fillna("outlines")):
            found[str(kind)] = _touched(some, like) & ~dug
            dug = dug | found[str(kind)]
    if thaw_deformation is None:
        return {"ground" if found else "all ground": ~dug & like.notnull(), **found}
    season = abs(onto(thaw_deformation, like))
    low, high = SEASONS
    return {
        f"settlement below {low:g} mm": (season < low) & ~dug,
        f"settlement {low:g}–{high:g} mm": (season >= low) & (season < high) & ~dug,
        f"settlement above {high:g} mm": (season >= high) & ~dug,
        **found,
    }
