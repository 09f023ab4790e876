"""Ground sorted by how far the thaw season moves it."""

import numpy as np
import xarray as xr

from qilian.archive.catalogue import Archive
from qilian.products.periods import SEASONS, sentinel1_rates
from qilian.spatial import grids, zones


def kinds_of_ground(source: Archive, like: xr.DataArray) -> dict[str, xr.DataArray]:
    """Sort ground by how far the thaw season moves it, which asks no coherence.

    Parameters
    ----------
    source : Archive
        `sentinel1` with `climate`, and `outlines`, are used as far as it has them.
    like : xarray.DataArray
        (y, x), on the grid to sort.

    Returns
    -------
    dict of str to xarray.DataArray
        (y, x), True inside, by name.
    """
    dug, found = xr.zeros_like(like, dtype=bool), {}
    if "outlines" in source.entries:
        outlines = source.load("outlines")
        for kind, some in outlines.groupby(np.where(outlines.kind == "pit", "pits", "spoil")):
            found[kind] = zones.covered(some, like) & ~dug
            dug = dug | found[kind]
    if not {"sentinel1", "climate"} <= set(source.entries):
        return {"ground" if found else "all ground": ~dug & like.notnull(), **found}
    season = abs(grids.onto(sentinel1_rates(source)["thaw_deformation"], like))
    low, high = SEASONS
    return {
        f"thaw season below {low:g} mm (rock)": (season < low) & ~dug,
        f"thaw season {low:g}–{high:g} mm (meadow)": (season >= low) & (season < high) & ~dug,
        f"thaw season above {high:g} mm (wet meadow)": (season >= high) & ~dug,
        **found,
    }
