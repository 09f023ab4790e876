"""A series is held against its pairs by arithmetic of its own."""

import numpy as np
import pytest
import xarray as xr

from qilian.insar import consistency

DATES = np.array(["2019-01-01", "2019-01-13", "2019-02-06"], "datetime64[ns]")


@pytest.fixture
def series() -> xr.DataArray:
    """Three dates of four pixels; the first, which is the reference, does not move."""
    values = np.array([[0, 0, 0, 0], [0, -4, 3, 1], [0, -9, 2, 2]], float)[:, np.newaxis]
    return xr.DataArray(values, {"time": DATES}, ("time", "y", "x"))


def pairs(series: xr.DataArray, factor: float = 1.0) -> xr.Dataset:
    """Pairs (1, 2) and (1, 3) with the phase of `factor` times the series, and an offset each."""
    change = series.values[1:] - series.values[0]
    phase = -4 * np.pi / 56 * factor * change + np.array([1.0, -2.0])[:, np.newaxis, np.newaxis]
    return xr.Dataset(
        {"unwrapped_phase": (("pair", "y", "x"), phase), "wavelength": 0.056},
        {
            "reference_date": ("pair", DATES[[0, 0]]),
            "secondary_date": ("pair", DATES[1:]),
        },
    )


@pytest.mark.parametrize("factor", [1.0, -1.0, 1000.0, 0.8])
def test_the_slope_of_pairs_is_the_factor_that_their_sign_unit_or_direction_is_wrong_by(
    series, factor
):
    """A gap in a pair does not count."""
    some = pairs(series, factor)
    some["unwrapped_phase"][0, 0, 1] = np.nan
    area = xr.DataArray([[True, False, False, False]], dims=("y", "x"))
    assert consistency.slope_on_series(some, series, area) == pytest.approx(factor)


def test_there_is_no_slope_where_nothing_moves(series):
    area = xr.DataArray([[True, False, False, False]], dims=("y", "x"))
    assert np.isnan(consistency.slope_on_series(pairs(series), 0 * series, area))
