"""Whether a displacement series agrees with the pairs it came from, computed apart from it."""

import numpy as np
import xarray as xr


def slope_on_series(pairs: xr.Dataset, series: xr.DataArray, reference: xr.DataArray) -> float:
    """Regress the displacement of pairs on that of a series between the same dates.

    Least squares leave residuals that do not vary with the series, so the slope

        Σ d (x₂ - x₁) / Σ (x₂ - x₁)²

    over pairs and pixels is about 1. A wrong sign, wavelength, direction or order of dates gives
    another one.

    Parameters
    ----------
    pairs : xarray.Dataset
        `unwrapped_phase` (pair, y, x) [rad], both dates along `pair`, and `wavelength` [m].
    series : xarray.DataArray
        (time, y, x) along the line of sight [mm].
    reference : xarray.DataArray
        (y, x), True on the ground whose median is zero in each pair.

    Returns
    -------
    float
        NaN where nothing moves.
    """
    # Moving away from the satellite, which is down, lengthens the way and raises the phase.
    moved = -1000 * pairs["wavelength"] / (4 * np.pi) * pairs["unwrapped_phase"].load()
    moved = moved - moved.where(reference).median(("y", "x"))
    first, second = (
        series.sel(time=pairs[end].drop_vars(pairs[end].coords)).drop_vars("time").load()
        for end in ("reference_date", "secondary_date")
    )
    change = (second - first).where(moved.notnull())
    square = float((change**2).sum())
    return float((moved * change).sum()) / square if square else float("nan")
