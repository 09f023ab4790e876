"""Coherence of interferograms, averaged over time and over space."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes


def temporal_mean_coherence(
    coherence: xr.DataArray, *, minimum_fraction: float = 0.5
) -> xr.Dataset:
    """Average coherence over all interferograms, pixel by pixel.

    Parameters
    ----------
    coherence : xarray.DataArray
        (pair, y, x), 0 to 1, NaN where missing; may be lazy.
    minimum_fraction : float, optional
        A pixel needs a value in at least this share of the pairs. Missing values are mostly
        low coherence that a processor has masked, so a mean over few pairs is too high.

    Returns
    -------
    xarray.Dataset
        (y, x): `mean_coherence`, NaN below the minimum, and `valid_share`.

    Raises
    ------
    InputError
        `minimum_fraction` is not between 0 and 1, or every value is missing.
    """
    require("minimum_fraction", minimum_fraction, 0 <= minimum_fraction <= 1, "0 to 1")
    # apply_ufunc would bring the pairs together in as many pieces as there are pairs.
    whole = coherence if coherence.chunks is None else coherence.chunk(pair=-1)
    total, count = xr.apply_ufunc(
        _sum_known,
        whole,
        input_core_dims=[["pair"]],
        output_core_dims=[[], []],
        dask="parallelized",
        output_dtypes=[float, int],
    )
    share = count / coherence.sizes["pair"]
    mean = (total / count.where(count > 0)).where(share >= minimum_fraction)
    result = xr.Dataset({"mean_coherence": mean, "valid_share": share}).compute()
    if not result["valid_share"].any():
        raise InputError("coherence has no value in any pixel of any pair, expected some.")
    result["mean_coherence"].attrs = attributes("temporal mean coherence")
    result["valid_share"].attrs = attributes("share of pairs with a value")
    for name in result:
        result[name].attrs["grid_mapping"] = "spatial_ref"
    return result


def _sum_known(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum (…, pair) over pairs, and count those known: pair by pair, without a copy of the stack.

    In double precision, so that a threshold on a mean does not hang on the order of the pairs.
    """
    total, count = np.zeros(values.shape[:-1]), np.zeros(values.shape[:-1], int)
    for layer in np.moveaxis(values, -1, 0):
        total += np.fmax(layer, 0)  # which leaves out NaN; no coherence is negative
        count += layer == layer
    return total, count


def pair_mean_coherence(coherence: xr.DataArray) -> xr.DataArray:
    """Average coherence over the scene, pair by pair: (pair, y, x) → (pair,), lazy or not."""
    mean = coherence.mean(("y", "x")).compute()
    return mean.assign_attrs(attributes("mean coherence of the pair"))
