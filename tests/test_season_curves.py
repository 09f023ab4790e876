"""Seasons of each year: exact on ground of known course, intervals as wide as noise scatters."""

import importlib
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.contracts.labels import VERTICAL, attributes
from qilian.insar import rates
from qilian.insar.season_curves import lowest_day, mean_season, season_amounts
from qilian.thaw.progress import LATE_SEASON, season_progress

DAYS = xr.date_range("2017-01-01", "2020-12-31")
DATES = DAYS[94::12]
LATE = 1 - LATE_SEASON**0.5
TABLE = Path(__file__).parents[1] / "book" / "season_coverage.csv"


@pytest.fixture(scope="module")
def air() -> xr.DataArray:
    """Weather with a season and days of its own."""
    wave = -4 + 13 * np.sin(2 * np.pi * (DAYS.day_of_year - 110) / 365.25)
    noise = np.random.default_rng(0).normal(0, 2, DAYS.size)
    return xr.DataArray(wave + noise, {"time": DAYS}, ("time",))


@pytest.fixture(scope="module")
def progress(air) -> xr.Dataset:
    return season_progress(air, xr.DataArray(DATES, {"time": DATES}, ("time",)))


def series(values: np.ndarray) -> xr.DataArray:
    """A displacement (date, y, x) of values (date, pixel)."""
    places = {"time": DATES, "y": [0.0], "x": np.arange(values.shape[1], dtype=float)}
    about = attributes("displacement", "mm", VERTICAL)
    return xr.DataArray(values[:, np.newaxis], places, ("time", "y", "x"), attrs=about)


def lasting(rng: np.random.Generator, persistence: float, pixels: int) -> np.ndarray:
    """Noise of variance 1 (date, pixel) that persists."""
    noise = rng.standard_normal((DATES.size, pixels))
    for before, after in pairwise(noise):
        after[:] = persistence * before + (1 - persistence**2) ** 0.5 * after
    return noise


def test_progress_runs_from_frozen_to_thawed_and_back(air, progress):
    """Held against sums of the temperatures of one year; leap years count too."""
    assert progress.year.values.tolist() == [2017, 2018, 2019, 2020]
    own = air.sel(time=slice("2018-04-01", "2019-03-31")).values
    thaw = np.maximum(own, 0).cumsum()
    turn = int(np.argmax(own.cumsum()))
    frost = np.where(np.arange(own.size) > turn, np.maximum(-own, 0), 0).cumsum()
    at = progress.sel(time=slice("2018-04-01", "2019-03-31"))
    day = (at.time.values - np.datetime64("2018-04-01")).astype("timedelta64[D]").astype(int)
    np.testing.assert_allclose(at.thawed, np.sqrt(thaw[day] / thaw[-1]))
    np.testing.assert_allclose(at.frozen, np.sqrt(frost[day] / frost[-1]))
    begin = np.datetime64("2018-04-01", "ns")
    assert progress.turn.sel(year=2018) == begin + np.argmax(frost > 0) * np.timedelta64(1, "D")
    late = np.argmax(thaw >= LATE_SEASON * thaw[-1]) * np.timedelta64(1, "D")
    assert progress.late_from.sel(year=2018) == begin + late


def test_a_year_whose_thaw_the_record_does_not_tell_whole_is_left_out(air):
    """The first begins in summer, the last ends there; a winter cut short still counts."""
    dates = xr.DataArray(DATES, {"time": DATES}, ("time",))
    part = season_progress(air.sel(time=slice("2017-06-01", "2020-07-31")), dates)
    assert part.year.values.tolist() == [2018, 2019]
    short = season_progress(air.sel(time=slice("2017-01-01", "2019-12-31")), dates)
    assert short.year.values.tolist() == [2017, 2018, 2019]
    with pytest.raises(InputError, match="thaw years that air temperature tells is 0"):
        season_progress(air.sel(time=slice("2018-06-01", "2020-12-31")), dates[:10])


def test_settlement_by_the_root_of_the_index_is_found_exactly(progress):
    """Whatever the weather: E over u, as much heave, a zero a year; nothing is in excess."""
    u, h, year = (progress[n].values for n in ("thawed", "frozen", "thaw_year"))
    moved = np.array([-40.0, 0.0, 12.0]) * (u - h)[:, np.newaxis] + 3.0 * (year % 5)[:, np.newaxis]
    found = season_amounts(series(moved), progress)
    np.testing.assert_allclose(found.thaw_deformation[:, 0], [[-40, 0, 12]] * 4, atol=1e-6)
    np.testing.assert_allclose(found.late_deformation[0, 0], [-40 * LATE, 0, 12 * LATE], atol=1e-6)
    assert float(abs(found.late_excess).max()) < 1e-6
    assert found.thaw_deformation.attrs["direction"] == VERTICAL
    mean = mean_season(found)
    np.testing.assert_allclose(mean.thaw_deformation[0], [-40, 0, 12], atol=1e-6)
    assert mean.late_excess.attrs == found.late_excess.attrs


def test_ice_that_melts_late_is_found_in_its_year(progress):
    """10 mm more, in a straight line over the late part of 2019 alone."""
    u, h, year = (progress[n].values for n in ("thawed", "frozen", "thaw_year"))
    more = -10 * (np.maximum(u - 1 + LATE, 0) / LATE - h)
    moved = -30 * (u - h) + more * (year == 2019)
    found = season_amounts(series(moved[:, np.newaxis]), progress).squeeze()
    np.testing.assert_allclose(found.thaw_deformation, [-30, -30, -40, -30], atol=1e-6)
    expected = np.array([0, 0, -10 * (1 - LATE), 0])
    np.testing.assert_allclose(found.late_excess, expected, atol=1e-6)


@pytest.mark.parametrize("persistence", [0.0, 0.6])
def test_errors_are_what_simulation_scatters(progress, persistence):
    """Of 8 mm a date: each standard error, the mean of years, and coverage of 95 % intervals."""
    noise = 8 * lasting(np.random.default_rng(1), persistence, 3000)
    found = season_amounts(series(noise), progress, persistence=persistence)
    together = mean_season(found)
    for name in ("thaw_deformation", "late_deformation", "late_excess"):
        for each in (found.isel(year=1), together):
            error = each[f"{name}_standard_error"]
            assert each[name].std().item() == pytest.approx(error.mean().item(), rel=0.08)
        reach = rates.half_width(found[f"{name}_standard_error"], found.degrees_of_freedom)
        assert float((abs(found[name]) <= reach).mean()) == pytest.approx(0.95, abs=0.015)


def test_a_pixel_without_a_date_has_the_curve_of_the_others(progress):
    """As if the date did not exist; a year with too few dates has no curve."""
    noise = lasting(np.random.default_rng(2), 0.3, 40)
    gap = noise.copy()
    gap[12, ::2] = np.nan
    gap[30:58, 1] = np.nan
    found = season_amounts(series(gap), progress, persistence=0.3)
    whole = season_amounts(series(noise), progress, persistence=0.3)
    np.testing.assert_allclose(
        found.thaw_deformation[0, 0, 3::2], whole.thaw_deformation[0, 0, 3::2]
    )
    assert (found.thaw_deformation[0, 0, ::2] != whole.thaw_deformation[0, 0, ::2]).all()
    longer = found.thaw_deformation_standard_error / found.thaw_deformation_standard_error[:, :, 3]
    assert longer[0, 0, ::2].notnull().all()
    assert found.thaw_deformation[:, 0, 1].isnull().any()
    assert found.thaw_deformation[:, 0, 2].notnull().all()


def bowl(progress: xr.Dataset, lowest: float) -> np.ndarray:
    """Ground that is lowest on one day of each year, 40 mm down, within two months of it."""
    begin = progress.thaw_year.values.astype(int).astype(str).astype("datetime64[D]")
    day = (DATES.values.astype("datetime64[D]") - begin).astype(int) + 1
    return -40 * np.exp(-(((day - lowest) / 50) ** 2))


def test_the_lowest_day_is_found_and_its_interval_covers(progress):
    """Of ground lowest on day 245 and noise of 5 mm, over 600 pixels, each year and together."""
    noise = 5 * lasting(np.random.default_rng(3), 0.3, 600)
    moved = series(bowl(progress, 245)[:, np.newaxis] + noise)
    still = lowest_day(series(bowl(progress, 245)[:, np.newaxis] * np.ones((1, 3))), progress)
    assert abs(still.lowest_day - 245).max() <= 6
    width = {}
    for together in (False, True):
        found = lowest_day(moved, progress, together=together, persistence=0.3)
        inside = (found.lowest_day_from <= 245) & (found.lowest_day_to >= 245)
        assert 0.92 <= float(inside.mean()) <= 1
        assert abs(found.lowest_day.mean() - 245) < 5
        width[together] = float((found.lowest_day_to - found.lowest_day_from).mean())
    assert 10 < width[True] < 0.7 * width[False] < 60
    assert "year" not in found.coords


def test_ground_that_does_not_move_has_no_day(progress):
    """Noise alone: the interval spans most of the season."""
    noise = 5 * lasting(np.random.default_rng(4), 0, 200)
    found = lowest_day(series(noise), progress)
    assert float((found.lowest_day_to - found.lowest_day_from).median()) > 100


def test_another_series_than_the_progress_is_refused(progress):
    with pytest.raises(InputError, match="progress is at 114 dates, expected the displacement's"):
        season_amounts(series(np.zeros((DATES.size, 1)))[1:], progress)


@pytest.fixture(scope="module")
def bench():
    """The bench whose table the book shows."""
    folder = Path(__file__).parents[1] / "bench"
    sys.path.insert(0, str(folder))
    yield importlib.import_module("season_coverage")
    sys.path.remove(str(folder))


def percent(row: pd.Series) -> pd.Series:
    """The shares of a row of the table."""
    return row[["settlement", "late settlement", "late excess", "lowest day"]].map(
        lambda share: float(share.rstrip("%"))
    )


def test_every_row_of_the_table_covers_about_as_often_as_it_says(bench):
    """Amounts in 93 to 98 % of cases; the lowest day in more, by half the time between dates."""
    table = pd.read_csv(TABLE)
    assert table["noise"].tolist() == [case.name for case in bench.CASES]
    for _, row in table.iterrows():
        shares = percent(row)
        assert shares.iloc[:3].between(93, 98.5).all()
        assert 93 <= shares["lowest day"] <= 99.5


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 4])
def test_a_row_of_the_table_tried_anew_agrees(bench, number):
    """On twenty other scenes, each of which strays as a whole."""
    draws = [bench.draw(np.random.default_rng([7, k]), bench.CASES[number]) for k in range(20)]
    tried = 100 * pd.DataFrame(draws).mean()
    for name, share in percent(pd.read_csv(TABLE).iloc[number]).items():
        assert tried[name] == pytest.approx(share, abs=4)
