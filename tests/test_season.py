"""Scaling a part of a thaw season against closed forms."""

import numpy as np
import pytest
import xarray as xr

from qilian import season
from qilian.contracts import InputError

SHARES = [0.2, 0.5, 0.8, 1.0]


@pytest.fixture
def shares() -> xr.DataArray:
    days = np.datetime64("2019-05-10", "ns") + np.arange(4) * np.timedelta64(30, "D")
    return xr.DataArray(SHARES, {"time": days}, ("time",))


@pytest.fixture
def solved(shares) -> xr.Dataset:
    """Ground that settles 40 mm a season by the shares, with an interval of 3 mm."""
    moved = (
        -40 * (shares - shares[0]) * xr.ones_like(xr.DataArray(np.zeros((2, 3)), dims=("y", "x")))
    )
    return xr.Dataset({"displacement": moved, "interval": xr.full_like(moved, 3.0)})


def test_a_part_that_follows_the_index_scales_to_the_whole(solved, shares):
    """Whatever date ends it; its interval grows by the factor."""
    for end, share in zip(("2019-06-20", "2019-07-20"), SHARES[1:3], strict=True):
        part = season.scaled(solved, shares, end)
        np.testing.assert_allclose(part["scaled"], -40 * 0.8)
        np.testing.assert_allclose(part["scaled_interval"], 3 * 0.8 / (share - 0.2))
        assert part.attrs["share"] == pytest.approx(share - 0.2)
    assert part.attrs["partial_end"] == "2019-07-09"


def test_a_part_with_little_leverage_is_not_scaled(solved, shares):
    """The part itself is shown; the scaled map is missing, not zero."""
    part = season.scaled(solved, shares, "2019-06-20", minimum_leverage=0.31)
    assert part["scaled"].isnull().all()
    assert part["scaled_interval"].isnull().all()
    np.testing.assert_allclose(part["partial"], -12)


def test_a_part_without_a_second_acquisition_is_refused(solved, shares):
    with pytest.raises(InputError, match=r"^partial_end is 2019-05-20, expected a date after"):
        season.scaled(solved, shares, "2019-05-20")


def test_sensitivity_finds_no_difference_where_there_is_none_and_falling_noise(solved, shares):
    """On ground that follows the index only noise is left, the less the longer the part."""
    every = season.sensitivity(solved, shares)
    np.testing.assert_allclose(every["rmse"], 0, atol=1e-12)
    assert (np.diff(every["expected"]) < 0).all()
    np.testing.assert_allclose(every["expected"][-1], 1.5)
