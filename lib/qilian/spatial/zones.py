"""Outlines of features on a grid, and the zones that they make."""

from collections.abc import Sequence
from itertools import pairwise

import geopandas as gpd
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.spatial import zones
from qilian.spatial.grids import _crs


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
        (y, x), True in every pixel of which an outline holds any part.
    """
    outlines = features.to_crs(_crs(like)).geometry
    ground = xr.ones_like(like, dtype=float)
    inside = ground.rio.clip(outlines, drop=False, all_touched=True)
    return inside.notnull().assign_attrs(attributes("inside an outline"))


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
) -> dict[str, xr.DataArray]:
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
    dict of str to xarray.DataArray
        (y, x), True inside, by name; the last holds all ground beyond the last edge.
    """
    ascending = len(distances) > 0 and all(a < b for a, b in pairwise((0, *distances)))
    require("rings", list(distances), ascending, "ascending distances above 0")
    within, found = covered(features, like), {}
    for distance in distances:
        wider = within_distance(features, like, distance)
        found[f"{'to' if found else 'up to'} {distance:g} m"] = wider & ~within
        within = within | wider
    return {**found, f"beyond {distances[-1]:g} m": ~within}


def mine_zones(
    outlines: gpd.GeoDataFrame | None, stable: xr.DataArray, *, near: float, far: float
) -> dict[str, xr.DataArray]:
    """Tell ground near the mines from undisturbed ground, stable ground left out of both.

    Parameters
    ----------
    outlines : geopandas.GeoDataFrame or None
        Of pits and spoil; without them all ground that moves is one region.
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
    close, around = (zones.within_distance(outlines, stable, metres) for metres in (near, far))
    beside = close & ~zones.covered(outlines, stable)
    return {"near the mines": beside & ~stable, "undisturbed": ~around & ~stable}


def zone_borders(outlines: gpd.GeoDataFrame, *, near: float, far: float) -> gpd.GeoDataFrame:
    """Areas up to the two distances [m] of `regions`, whose edges are what divides the ground."""
    areas = {"near": zones.buffered(outlines, near), "far": zones.buffered(outlines, far)}
    whole = [area.union_all() for area in areas.values()]
    return gpd.GeoDataFrame({"kind": list(areas)}, geometry=whole, crs=areas["near"].crs)
