"""How well maps or series agree with the truth, and how often their intervals cover it."""

from collections.abc import Mapping, Sequence

import xarray as xr

from qilian.contracts.labels import labelled, stacked


def against_truth(
    estimate: xr.DataArray,
    truth: xr.DataArray,
    *,
    half_width: xr.DataArray | None = None,
    zones: Mapping[str, xr.DataArray] | None = None,
    dims: Sequence[str] = ("y", "x"),
) -> xr.Dataset:
    """Compare an estimate with the truth wherever both have a value.

    Where pixels share an error, such as that of a reference area, the coverage is that of one
    draw, and not the intervals'.

    Parameters
    ----------
    estimate, truth : xarray.DataArray
        On the same grid or dates, in the same units, from the same zero.
    half_width : xarray.DataArray, optional
        Half-width of the estimate's interval, NaN where there is none.
    zones : mapping of str to xarray.DataArray, optional
        True inside, by name.
    dims : sequence of str, optional
        Dims to compare over; those left over remain.

    Returns
    -------
    xarray.Dataset
        (zone, ...), or (...) without zones: `number` of values; of the error, estimate minus truth,
        `median_error`, `median_absolute_error`, `mean_error`, `rmse` and `scatter`, its standard
        deviation; Pearson's `correlation` [1]; with a half-width, `coverage`, the fraction of
        intervals that cover the truth [1].
    """
    error = estimate - truth
    if zones is None:
        return _compared(error, estimate, truth, half_width, dims)
    of_zones = {
        name: _compared(error.where(zone), estimate, truth, half_width, dims)
        for name, zone in zones.items()
    }
    return stacked(of_zones, "zone")


def _compared(
    error: xr.DataArray,
    estimate: xr.DataArray,
    truth: xr.DataArray,
    half_width: xr.DataArray | None,
    dims: Sequence[str],
) -> xr.Dataset:
    units, known = estimate.attrs.get("units", "1"), error.notnull()
    parts = {
        "number": (known.sum(dims), "values"),
        "median_error": (error.median(dims), "median error", units),
        "median_absolute_error": (abs(error).median(dims), "median absolute error", units),
        "mean_error": (error.mean(dims), "mean error", units),
        "rmse": ((error**2).mean(dims) ** 0.5, "RMSE", units),
        "scatter": (error.std(dims), "standard deviation of the error", units),
        "correlation": (xr.corr(estimate.where(known), truth, dims), "correlation"),
    }
    if half_width is not None:
        covered = (abs(error) <= half_width).where(known & half_width.notnull())
        parts["coverage"] = covered.mean(dims), "intervals that cover the truth"
    return labelled(parts)
