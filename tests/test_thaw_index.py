"""Thawing index and settlement course against closed forms and a real record."""

import numpy as np
import pytest
import xarray as xr

from qilian.archive.readers import ghcn
from qilian.contracts.errors import InputError
from qilian.thaw import index


def record(values, start="2001-04-01") -> xr.DataArray:
    time = np.datetime64(start, "ns") + np.arange(len(values)) * np.timedelta64(1, "D")
    return xr.DataArray(np.asarray(values, float), {"time": time}, ("time",))


def steps(years=3, warm=100, heat=8.0, cold=-4.0) -> xr.DataArray:
    """`warm` days at one temperature from 1 April on, then frost, every year."""
    air = record(np.zeros(365 * years + 30))
    first = air["time"].dt.year - (air["time"].dt.month < 4)
    april = np.array([np.datetime64(f"{year}-04-01") for year in first.values])
    day = (air["time"].values - april) / np.timedelta64(1, "D")
    return air.copy(data=np.where(day < warm, heat, cold))


def at(*days) -> xr.DataArray:
    days = np.array(days, "datetime64[ns]")
    return xr.DataArray(days, {"time": days}, ("time",))


def test_dates_of_one_thaw_season_belong_to_one_year_also_across_new_year():
    """Summer in the south runs from November to April, and its thaw year from 2 October."""
    days = xr.date_range("2001-01-01", "2005-12-31")
    air = xr.DataArray(
        10 * np.cos(2 * np.pi * (days.day_of_year - 15) / 365), {"time": days}, ("time",)
    )
    dates = at("2002-12-15", "2003-02-15", "2003-12-15")
    course = index.settlement_course(air, dates, thaw_season=("11-01", "04-30"))
    assert course["thaw_year"].values.tolist() == [2002, 2002, 2003]


def test_indices_of_a_summer_and_a_winter_of_one_temperature_each():
    """100 days at 8 °C and 265 at -4 °C are 800 and 1060 degree days."""
    found = index.thawing_indices(steps())
    assert found["annual_thawing_index"].values.tolist() == [800, 800, 800]
    assert found["annual_freezing_index"].values.tolist() == [1060, 1060, 1060]
    assert found["thawing_index"].sel(time="2002-04-10").item() == 80
    assert found["freezing_index"].sel(time="2002-04-10").item() == 0


def test_settlement_goes_with_the_root_of_thaw_and_heave_with_that_of_frost():
    """A quarter of the thaw brings half the settlement, a quarter of the frost takes half back."""
    course = index.settlement_course(steps(), at("2002-04-25", "2002-07-09", "2003-03-31"))
    np.testing.assert_allclose(course, [0.5, 1, 0], atol=1e-6)
    quarter = np.datetime64("2002-07-09") + np.timedelta64(round(265 / 4), "D")
    np.testing.assert_allclose(index.settlement_course(steps(), at(quarter)), 0.5, atol=2e-3)


def test_a_warm_year_settles_more_than_one():
    """Indices are relative to the mean year."""
    air = steps(years=2)
    air = xr.where(air["time"] < np.datetime64("2002-04-01"), air, air * 2).where(air > 0, air)
    course = index.settlement_course(air, at("2001-07-09", "2002-07-09"))
    np.testing.assert_allclose(course, [np.sqrt(2 / 3), np.sqrt(4 / 3)], rtol=1e-6)


def test_a_factor_between_air_and_ground_cancels():
    """The n-factor changes no fraction."""
    days = at("2002-05-01", "2002-06-11", "2002-11-20")
    np.testing.assert_allclose(
        index.settlement_course(steps(), days), index.settlement_course(0.6 * steps(), days)
    )


def test_the_share_of_a_season_at_its_dates():
    """A quarter of the thaw is half of the settlement, in a warm year as in a cold one."""
    days = at("2002-04-25", "2002-07-09")
    np.testing.assert_allclose(index.season_fractions(steps(), days), [0.5, 1])
    np.testing.assert_allclose(index.season_fractions(2 * steps(), days), [0.5, 1])
    with pytest.raises(InputError, match=r"^season is 2002-04-25 to 2003-05-01, expected one told"):
        index.season_fractions(steps(), at("2002-04-25", "2003-05-01"))


def test_short_gaps_are_bridged_and_a_long_one_costs_its_year():
    """A week is interpolated; from the first day of a longer gap on the year is missing."""
    air = steps()
    air[400:407] = np.nan
    assert index.thawing_indices(air)["annual_thawing_index"].values.tolist() == [800, 800, 800]
    air[400:408] = np.nan
    assert index.thawing_indices(air)["year"].values.tolist() == [2001, 2003]
    with pytest.raises(InputError, match="does not tell the thaw of 2002-06-01"):
        index.settlement_course(air, at("2002-06-01"))


def test_records_that_tell_nothing_are_refused():
    with pytest.raises(InputError, match="no whole year from 04-01 on"):
        index.thawing_indices(record(np.ones(300)))
    with pytest.raises(InputError, match="no value at all"):
        index.thawing_indices(record(np.full(900, np.nan)))
    with pytest.raises(InputError, match=r"^start is 'April', expected MM-DD"):
        index.thawing_indices(steps(), start="April")


def test_the_thawing_index_of_valdez_in_2013(real):
    """2003.8 °C d by calendar year from the means of minimum and maximum where the mean is missing.

    The record warms above freezing in winter too, so that the year from January holds more than
    the one from April; both are sums of the same positive days.
    """
    air = ghcn.read_csv(real / "valdez_ghcnd_USW00026442.csv")["air_temperature"]
    year = air.sel(time="2013").values
    found = index.thawing_indices(air, start="01-01")["annual_thawing_index"].sel(year=2013)
    np.testing.assert_allclose(found, np.maximum(year, 0).sum(), rtol=1e-12)
    np.testing.assert_allclose(found, 2003.8, rtol=2e-3)
