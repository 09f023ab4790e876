"""What a weather model says of the delay of pairs, taken off as the pairs are opened."""

from collections.abc import Mapping
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from rasterio.enums import Resampling
from rasterio.warp import reproject

from qilian.contracts.errors import InputError
from qilian.contracts.labels import VERTICAL


def subtract_delays(stack: xr.Dataset, delays: xr.Dataset, *, entry: str, radar: str) -> xr.Dataset:
    """Take the delays of both dates off the phase of each pair.

    With the delays D of the two dates along the line of sight, which are zenith delays over the
    cosine of the incidence angle,

        φ - 4π / λ · (D₂ - D₁).

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract, lazy.
    delays : xarray.Dataset
        The delays contract, on any grid, and at other dates too.
    entry, radar : str
        What the catalogue calls the delays and the stack, for messages.

    Returns
    -------
    xarray.Dataset
        `stack`, its phase changed and lazy, or as it is without a phase.

    Raises
    ------
    InputError
        A date without a delay, ground without, zenith delays of a stack without look vector.
    """
    if "unwrapped_phase" not in stack:
        return stack
    phase = stack["unwrapped_phase"]
    both = "reference_date", "secondary_date"
    ends = [stack[end].values.astype("datetime64[D]") for end in both]
    known = delays["time"].values.astype("datetime64[D]")
    wanted = np.unique(ends)
    missing = np.setdiff1d(wanted, known)
    if missing.size:
        raise InputError(
            f"{entry} lacks {missing.size} of the {wanted.size} dates of {radar}, such as "
            f"{missing[0]}, expected a delay for each."
        )
    _require_cover(delays, stack, entry, radar)
    fields = delays["delay"].isel(time=np.searchsorted(known, wanted))
    metres = _onto_grid(fields, stack)
    first, second = (metres[np.searchsorted(wanted, dates)] for dates in ends)
    longer = second - first
    if fields.attrs["direction"] == VERTICAL:
        if "line_of_sight_up" not in stack:
            raise InputError(
                f"{radar} brings no line_of_sight_up, expected it, by which the zenith delays of "
                f"{entry} become those along the line of sight."
            )
        longer = longer / stack["line_of_sight_up"].values.astype("float32")
    radians = np.float32(4 * np.pi / float(stack["wavelength"])) * longer
    left = phase.data - radians.rechunk(phase.data.chunks)
    told = "delays by a weather model are subtracted"
    return stack.assign(unwrapped_phase=phase.copy(data=left)).assign_attrs(delays=told)


def _require_cover(delays: xr.Dataset, stack: xr.Dataset, entry: str, radar: str) -> None:
    """Refuse fields that end before the centres of the stack's outer pixels."""
    left, bottom, right, top = stack.rio.transform_bounds(delays.rio.crs, recalc=True)
    across, down = (abs(step) / 2 for step in stack.rio.resolution(recalc=True))
    if delays.rio.crs != stack.rio.crs:
        across, down = (right - left) / stack.sizes["x"] / 2, (top - bottom) / stack.sizes["y"] / 2
    wanted = left + across, bottom + down, right - across, top - down
    held = delays.rio.bounds(recalc=True)
    if held[0] > wanted[0] or held[1] > wanted[1] or held[2] < wanted[2] or held[3] < wanted[3]:
        raise InputError(
            f"{entry} covers x from {held[0]:.6g} to {held[2]:.6g} and y from {held[1]:.6g} to "
            f"{held[3]:.6g}, expected all ground of {radar}, {wanted[0]:.6g} to {wanted[2]:.6g} "
            f"and {wanted[1]:.6g} to {wanted[3]:.6g}."
        )


def _onto_grid(fields: xr.DataArray, stack: xr.Dataset) -> da.Array:
    """Interpolate fields (time, y, x) at the stack's pixels, date by date as they are wanted."""
    shape = stack.sizes["y"], stack.sizes["x"]
    about = {
        "src_transform": fields.rio.transform(recalc=True),
        "src_crs": fields.rio.crs,
        "dst_transform": stack.rio.transform(recalc=True),
        "dst_crs": stack.rio.crs,
    }
    whole = fields.data.rechunk((1, -1, -1))
    chunks = whole.chunks[0], *((size,) for size in shape)
    return whole.map_blocks(
        _interpolated, shape, about, chunks=chunks, meta=np.empty((0, 0, 0), "float32")
    )


def _interpolated(
    fields: np.ndarray, shape: tuple[int, int], about: Mapping[str, Any]
) -> np.ndarray:
    onto = np.full((len(fields), *shape), np.nan, "float32")
    missing = {"src_nodata": np.nan, "dst_nodata": np.nan}
    reproject(fields, onto, resampling=Resampling.bilinear, **missing, **about)
    return onto
