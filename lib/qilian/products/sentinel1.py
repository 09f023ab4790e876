"""Sentinel-1's rate and thaw-season deformation, which sort the ground and give the zero."""

from contextlib import suppress

import xarray as xr

from qilian.archive.catalogue import Archive
from qilian.contracts.errors import InputError
from qilian.insar import rates
from qilian.insar.delay import SMALLEST_STABLE
from qilian.products.inversion import displacement
from qilian.spatial.grids import mask_onto, relative_to
from qilian.spatial.zones import stable_ground


def sentinel1_rates(source: Archive, *, minimum_temporal_coherence: float = 0.7) -> xr.Dataset:
    """Return Sentinel-1's vertical rate and thaw-season deformation, zero on stable ground.

    Parameters
    ----------
    source : Archive
        With `sentinel1` and `climate`; `outlines` are used.
    minimum_temporal_coherence : float, optional
        Temporal coherence below which a pixel is masked.

    Returns
    -------
    xarray.Dataset
        (y, x), in memory: `rate` [mm year-1], `thaw_deformation` [mm], each with its
        `_standard_error`, `stable`, True on ground that the season hardly moves, and the `height`
        [m] where the stack has it.
    """
    inverted = rates.vertical_if_known(displacement(source, "sentinel1", seasonal="thaw"))
    masked = rates.mask_incoherent(inverted, minimum=minimum_temporal_coherence)
    found = rates.model_rates(masked).load()
    stable = stable_ground(found["thaw_deformation"], source.get("outlines"))
    found = relative_to(found, stable).assign(stable=stable)
    return found.assign(height=inverted["height"].load()) if "height" in inverted else found


def sentinel1_season(source: Archive) -> xr.DataArray | None:
    """Return the thaw-season deformation of `sentinel1_rates`, or None without its entries."""
    known = {"sentinel1", "climate"} <= set(source.entries)
    return sentinel1_rates(source)["thaw_deformation"] if known else None


def stable_ground_of(source: Archive, field: xr.DataArray) -> xr.DataArray | None:
    """Return the stable ground of `sentinel1_rates` on a map's pixels (y, x) with a value.

    None without its entries, off the map, or where it is too little to tell a delay.
    """
    if not {"sentinel1", "climate"} <= set(source.entries):
        return None
    with suppress(InputError):  # the two maps share no ground
        known = field.notnull().compute()
        still = mask_onto(sentinel1_rates(source)["stable"], field) & known
        return still if int(still.sum()) >= SMALLEST_STABLE else None
    return None
