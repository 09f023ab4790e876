"""Other fits, changes, trends and correlations against closed forms and rivers of known change."""

import re

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from qilian.archive.catalogue import open_archive
from qilian.contracts.errors import InputError
from qilian.recession import _estimators, change, trend, verdicts, windows
from qilian.recession import days as recession_days
from qilian.recession import segments as recession_segments


def record(values, start="1981-01-01", name="discharge") -> xr.DataArray:
    """Daily values from `start` on."""
    time = np.datetime64(start, "ns") + np.arange(len(values)) * np.timedelta64(1, "D")
    return xr.DataArray(np.asarray(values, float), {"time": time}, ("time",), name=name)


def river(rng, before=25.0, after=25.0, years=40, noise=0.03, spread=0.15):
    """Discharge and rain of a reservoir whose constant changes at mid-record."""
    days = round(365.25 * years)
    rain = np.where(rng.random(days) < 0.12, 1.1 + rng.exponential(8, days), 0)
    k = (1 + spread * rng.standard_normal(days))[np.cumsum(rain > 0)]
    k /= np.where(np.arange(days) < days / 2, before, after)
    flow, level = np.empty(days), 1.0
    for day in range(days):
        level = level * np.exp(-k[day]) + 0.02 * rain[day]
        flow[day] = level
    flow *= np.exp(noise * rng.standard_normal(days))
    return record(flow), record(rain, name="precipitation")


def power_law(exponent, events=20, length=25) -> tuple[np.ndarray, np.ndarray]:
    """Log discharge and segments that drain exactly as -dQ/dt = a Q^b, k = 0.03 at Q = 1."""
    t, first = np.arange(length), np.geomspace(0.7, 1.4, events)[:, np.newaxis]
    power = 1 - exponent
    flow = (first**power - power * 0.03 * t) ** (1 / power)
    return np.log(flow).ravel(), np.repeat(np.arange(1, events + 1), length)


def yearly(values, window=1) -> xr.Dataset:
    """Constants by year, as fits of one window length."""
    values = np.asarray(values, float)
    return xr.Dataset(
        {"recession_constant": (("window", "year"), values[np.newaxis])},
        {"window": [window], "year": np.arange(1980, 1980 + values.size)},
    )


# Other fits


@pytest.mark.parametrize("name", _estimators.ESTIMATORS)
def test_every_fit_returns_the_constant_of_an_exponential(name):
    """Every fit gives 20 d for exact exponentials of 20 d, differences to their order."""
    log_flow = np.tile(-np.arange(15) / 20, 6) + np.repeat(np.arange(6) * 0.3, 15)
    found = _estimators.constant(
        _estimators.ESTIMATORS[name], log_flow, np.repeat(np.arange(1, 7), 15)
    )
    exact = name in {"log_linear", "master_curve", "segment_mean"}
    assert found == pytest.approx(20, rel=1e-12 if exact else 5e-4)


def test_refit_by_days_is_the_fit_by_sums():
    """The log-linear fit by name gives the windows' constants."""
    flow, rain = river(np.random.default_rng(1), years=9)
    days = recession_days.select_days(flow, rain)
    fits = windows.recession_constants(flow, rain, windows=[3])
    refitted = windows.refit_windows(days, window=3)
    given = fits["recession_constant"].notnull().isel(window=0)
    assert given.sum() >= 5
    ours = fits["recession_constant"].isel(window=0, drop=True)
    np.testing.assert_allclose(refitted.where(given), ours.where(given), rtol=1e-9)


def test_an_unknown_fit_is_named():
    """A fit that does not exist is answered with those that do."""
    days = recession_days.select_days(record(np.ones(400)))
    with pytest.raises(InputError, match=r"^fit is best, expected one of events, log_linear, "):
        windows.refit_windows(days, fit="best")


@pytest.mark.parametrize("exponent", [0.8, 1.2, 1.5, 2.0])
def test_exponents(exponent):
    """Rivers that drain by a power law give its exponent back, the bend to first order."""
    assert _estimators.cloud_exponent(*power_law(exponent)) == pytest.approx(exponent, abs=0.01)
    bent = _estimators.curvature_exponent(*power_law(exponent))
    assert bent == pytest.approx(exponent, abs=0.1 + 0.25 * abs(exponent - 1))
    assert np.sign(bent - 1) == np.sign(exponent - 1)


# Change


def test_a_change_is_found():
    """A river that goes from 25 to 35 days is found to, and the interval holds it."""
    days = recession_days.select_days(*river(np.random.default_rng(2), 25, 35))
    found = change.period_change(days, until=2000, since=2001)
    assert found["difference_lower"] <= 10 <= found["difference_upper"]
    assert found["change_lower"] <= 40 <= found["change_upper"]
    assert found["p_value"] < 0.001
    assert found["significant"]
    assert found["reason"] == ""


def test_the_jackknife_agrees_with_events_as_clusters():
    """A period's jackknife over years is near the interval over events where years are alike."""
    flow, rain = river(np.random.default_rng(3), years=41)
    segments, reported = recession_segments.gauge_sums(flow, rain)
    fit = windows.fit_windows(segments, reported, window=19).sel(year=1990)
    reach = (1 / fit["recession_constant_lower"] - 1 / fit["recession_constant_upper"]) / 2
    days = recession_days.select_days(flow, rain)
    found = change.period_change(days, until=1999, since=2003)
    relative = float(reach * fit["recession_constant"]) * np.sqrt(2)
    half = np.log1p(found["change_upper"] / 100) - np.log1p(found["change_lower"] / 100)
    assert float(half) / 2 == pytest.approx(relative, rel=0.6)


def test_too_little_for_a_change():
    """A period with fewer than three years has no constant, and says so."""
    days = recession_days.select_days(*river(np.random.default_rng(4), years=10))
    found = change.period_change(days, until=1982, since=1983)
    assert found["change"].isnull()
    assert found["reason"] == "a period has fewer than three years with recessions"


def test_other_seasons_are_a_month_or_two_away_and_may_cross_new_year():
    """None is shorter than a month or as good as a year."""
    assert change._other_seasons(("09-01", "11-30")) == [
        ("08-01", "11-30"),
        ("09-01", "10-31"),
        ("10-01", "11-30"),
        ("07-01", "10-31"),
    ]
    assert change._other_seasons(("11-15", "01-15")) == [
        ("10-15", "01-15"),
        ("11-15", "12-15"),
        ("12-15", "01-15"),
        ("09-15", "12-15"),
    ]
    assert change._other_seasons(("01-01", "12-31")) == [("01-01", "11-30"), ("02-01", "12-31")]


def test_periods_must_not_overlap():
    """The period after begins later than that before ends."""
    days = recession_days.select_days(*river(np.random.default_rng(4), years=4))
    with pytest.raises(InputError, match=r"^since is 1999, expected a year after 1999"):
        change.period_change(days, until=1999, since=1999)


def test_no_change_without_knowing_the_rain():
    """A noisy river without rain has no change either, but the sentence that it cannot tell."""
    flow, _ = river(np.random.default_rng(5), noise=0.05)
    found = change.period_change(recession_days.select_days(flow), until=2000, since=2001)
    assert found["change"].isnull()
    assert found["reason"].item().startswith("cannot tell")


def test_a_tie_with_thaw_depth_is_said_with_its_interval_or_not_at_all():
    """Twelve years that go against each other; three, which are too few."""
    year = {"year": np.arange(2000, 2012)}
    level = xr.DataArray(np.sin(np.arange(12.0)), year, ("year",))
    tie = trend.association(level, -level + 0.1 * np.cos(np.arange(12.0) ** 2))
    expected = r"Over 12 years the correlation of ln Ks with thaw depth is −.* \(95 %: −.*\)\."
    assert re.fullmatch(expected, verdicts.thaw_verdict(tie))
    few = trend.association(level[:3], level[:3])
    assert verdicts.thaw_verdict(few).startswith("Too few years")


def test_sensitivity_alters_one_choice_a_row():
    """The first row is the choice made, the others name what they alter."""
    flow, rain = river(np.random.default_rng(2), 25, 35)
    runs = change.choice_sensitivity(flow, rain, until=2000, since=2001)
    days = recession_days.select_days(flow, rain)
    made = change.period_change(days, until=2000, since=2001)
    assert runs["kind"][0] == "as chosen"
    assert runs["change"][0] == made["change"]
    assert set(runs["kind"].values) == {"as chosen", "method", "length", "season", "fit"}
    assert runs["label"].to_index().is_unique


# Trends and correlations


@pytest.mark.slow
@pytest.mark.parametrize("window", [1, 5])
def test_overlap_is_no_trend(window):
    """Moving means of noise are called a trend in no more than one of ten cases."""
    rng, alarms = np.random.default_rng(window), 0
    for _ in range(200):
        noise = np.convolve(rng.standard_normal(44), np.ones(window) / window, "valid")
        found = trend.trend_test(yearly(25 * np.exp(0.1 * noise), window))
        alarms += float(found["p_value"].item()) < 0.05
    assert alarms <= 20


def test_trend():
    """A steady rise of 10 % a decade is found, with its slope inside the bounds."""
    rng, year = np.random.default_rng(0), np.arange(40)
    found = trend.trend_test(yearly(25 * 1.1 ** (year / 10) * np.exp(0.05 * rng.normal(size=40))))
    assert found["trend_lower"].item() <= 10 <= found["trend_upper"].item()
    assert found["p_value"].item() < 0.01


def test_slope_and_test_of_single_years_are_scipys():
    """Sen's slope and bounds, and Kendall's S, with S's variance inflated."""
    rng, year = np.random.default_rng(3), np.arange(1980, 2020)
    level = 0.004 * (year - 2000) + 0.1 * rng.normal(size=40)
    found = trend.trend_test(yearly(np.exp(level))).isel(window=0)
    inflation = 40 / float(found["independent"])
    beyond = 2 * stats.norm.sf(1.96 * np.sqrt(inflation))
    slope, _, *bounds = stats.theilslopes(level, year, alpha=1 - beyond)
    ours = [found[name].item() for name in ("trend", "trend_lower", "trend_upper")]
    np.testing.assert_allclose(ours, 100 * np.expm1(10 * np.array([slope, *bounds])), rtol=1e-9)
    score = stats.kendalltau(year, level).statistic * 40 * 39 / 2
    deviation = np.sqrt(40 * 39 * 85 / 18 * inflation)
    assert found["p_value"] == pytest.approx(2 * stats.norm.sf((abs(score) - 1) / deviation))


def test_few_windows_have_no_trend():
    """Seven windows are too few to ask."""
    assert np.isnan(trend.trend_test(yearly(np.arange(20, 27)))["p_value"].item())


def test_association():
    """A series goes with itself; independent ones are worth as many years as they have."""
    rng, years = np.random.default_rng(0), np.arange(1980, 2020)
    one, other = (
        xr.DataArray(rng.standard_normal(40), {"year": years}, ("year",)) for _ in range(2)
    )
    assert trend.association(one, one)["correlation"] == pytest.approx(1)
    found = trend.association(one, other[3:])
    assert found["years"] == 37
    assert found["correlation_lower"] < 0 < found["correlation_upper"]
    slow = one.copy(data=np.cumsum(one))
    assert trend.association(slow, slow)["independent"] < 20


def test_kuparuk_leaves_change_and_thaw_open(real):
    """What the page says of the Kuparuk: neither interval excludes none."""
    source = open_archive("real/kuparuk")
    flow, thaw = source.load("discharge"), source.load("thaw_depth")
    basin = flow["discharge"], flow["precipitation"]
    found = change.period_change(recession_days.select_days(*basin), until=1999, since=2014)
    assert found["change_lower"] < 0 < found["change_upper"]
    single = windows.recession_constants(*basin, windows=[1]).isel(window=0, drop=True)
    tie = trend.association(np.log(single["recession_constant"]), thaw["thaw_depth"])
    assert tie["correlation_lower"] < 0 < tie["correlation_upper"]
