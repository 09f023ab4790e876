"""Scaling a part of a thaw season against closed forms."""

import numpy as np
import pytest
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.thaw import scaling

SHARES = [0.2, 0.5, 0.8, 1.0]


@pytest.fixture
def fractions() -> xr.DataArray:
    days = np.datetime64("2019-05-10", "ns") + np.arange(4) * np.timedelta64(30, "D")
    return xr.DataArray(SHARES, {"time": days}, ("time",))


@pytest.fixture
def solved(fractions) -> xr.Dataset:
    """Ground that settles 40 mm a season by the fractions, with an interval of 3 mm."""
    moved = (
        -40
        * (fractions - fractions[0])
        * xr.ones_like(xr.DataArray(np.zeros((2, 3)), dims=("y", "x")))
    )
    return xr.Dataset({"displacement": moved, "half_width": xr.full_like(moved, 3.0)})


def test_a_part_that_follows_the_index_scales_to_the_whole(solved, fractions):
    """Whatever date ends it; its interval grows by the factor."""
    for end, fraction in zip(("2019-06-20", "2019-07-20"), SHARES[1:3], strict=True):
        part = scaling.scale_season(solved, fractions, end)
        np.testing.assert_allclose(part["scaled"], -40 * 0.8)
        np.testing.assert_allclose(part["scaled_half_width"], 3 * 0.8 / (fraction - 0.2))
        assert part.attrs["fraction"] == pytest.approx(fraction - 0.2)
    assert part.attrs["partial_end"] == "2019-07-09"


def test_a_part_with_little_leverage_is_not_scaled(solved, fractions):
    """The part itself is shown; the scaled map is missing, not zero."""
    part = scaling.scale_season(solved, fractions, "2019-06-20", minimum_leverage=0.31)
    assert part["scaled"].isnull().all()
    assert part["scaled_half_width"].isnull().all()
    np.testing.assert_allclose(part["partial"], -12)


def test_a_part_without_a_second_acquisition_is_refused(solved, fractions):
    with pytest.raises(
        InputError, match=r"^the part's last day is 2019-05-20, expected a day from"
    ):
        scaling.scale_season(solved, fractions, "2019-05-20")


def test_the_season_that_was_seen_most_often_may_cross_new_year():
    """Of seasons seen equally often the last, the one that begins before the first date too."""
    south = {"thaw_season": ("11-01", "04-30")}
    dates = ["2017-02-01", "2017-03-01", "2018-07-01"]
    seen = xr.DataArray(np.array(dates, "datetime64[ns]"), dims="time")
    assert scaling.fullest_season(seen, **south) == ("2016-11-01", "2017-01-30", "2017-04-30")
    again = np.array([*dates, "2018-11-01", "2019-04-30"], "datetime64[ns]")
    last = scaling.fullest_season(xr.DataArray(again, dims="time"), **south)
    assert last == ("2018-11-01", "2019-01-30", "2019-04-30")


def test_scaling_breaks_even_where_the_errors_before_and_after_are_equal():
    """At the noise of the bound both mean squares are the same; with no scaling none pays."""
    for factor in (1.1, 1.5, 4.0):
        noise = scaling.break_even(factor)
        assert (1 - 1 / factor) ** 2 + noise**2 == pytest.approx((factor * noise) ** 2)
    assert scaling.break_even(1.0) == 0


def test_agreement_counts_pixels_within_the_interval_and_what_zeros_would_reach(solved, fractions):
    """A part off by 10 mm in one of six pixels."""
    off = solved["displacement"].copy()
    off[{"time": 1, "y": 0, "x": 0}] += 10
    part = scaling.scale_season(
        solved.assign(displacement=off), fractions, "2019-06-20", minimum_leverage=0
    )
    observed = solved["displacement"].isel(time=-1)
    found = scaling.season_agreement(part, observed, solved["half_width"].isel(time=-1))
    factor = 0.8 / 0.3
    assert found["mean"] == pytest.approx(10 * factor / 6)
    assert found["rmse"] == pytest.approx(10 * factor / np.sqrt(6))
    assert found["rmse_unscaled"] == pytest.approx(np.sqrt((5 * 20**2 + 30**2) / 6))
    assert found["half_width"] == pytest.approx(3 * factor)
    assert found["observed_half_width"] == pytest.approx(3)
    assert found["agreeing"] == pytest.approx(100 * 5 / 6)
    assert found["zeros"] == 0


def test_sensitivity_finds_no_difference_where_there_is_none_and_falling_noise(solved, fractions):
    """On ground that follows the index only noise is left, the less the longer the part.

    Unscaled, a part lacks what settles after it; one of little leverage is not scaled.
    """
    every = scaling.scaling_sensitivity(solved, fractions, minimum_leverage=0.2)
    np.testing.assert_allclose(every["rmse"], 0, atol=1e-12)
    np.testing.assert_allclose(every["unscaled"], [20, 8, 0], atol=1e-12)
    assert (np.diff(every["expected"]) < 0).all()
    np.testing.assert_allclose(every["expected"][-1], 1.5)
    short = scaling.scaling_sensitivity(solved, fractions, minimum_leverage=0.4)
    assert short["rmse"].isnull().values.tolist() == [True, False, False]
    np.testing.assert_allclose(short["unscaled"], every["unscaled"])
