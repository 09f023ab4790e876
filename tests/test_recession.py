"""Recession constants against closed forms, simulated truth and independent computation."""

import inspect
from ast import literal_eval
from pathlib import Path

import numpy as np
import papermill
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats

from qilian.archive.readers import hydrograph
from qilian.contracts.errors import InputError
from qilian.recession import days as recession_days
from qilian.recession import segments as recession_segments
from qilian.recession import windows as recession_windows


def record(values, start="2001-01-01", name="discharge") -> xr.DataArray:
    """Daily values from `start` on."""
    time = np.datetime64(start, "ns") + np.arange(len(values)) * np.timedelta64(1, "D")
    return xr.DataArray(np.asarray(values, float), {"time": time}, ("time",), name=name)


def reservoir(rng, constant, years, noise=0.03, wet=0.12) -> tuple[xr.DataArray, xr.DataArray]:
    """Simulate discharge and rain of a linear reservoir, a fraction `wet` of its days wet."""
    days = round(365.25 * years)
    rain = np.where(rng.random(days) < wet, 1.1 + rng.exponential(8, days), 0)
    flow = signal.lfilter([1], [1, -np.exp(-1 / constant)], 0.02 * rain) + 1e-3
    flow *= np.exp(noise * rng.standard_normal(days))
    return record(flow), record(rain, name="precipitation")


def direct_fit(days: xr.Dataset, years) -> tuple[float, float]:
    """Ks and within-segment R² from raw days, one dummy column a segment."""
    used = days.where((days["segment"] > 0) & days["time"].dt.year.isin(years), drop=True)
    day = (used["time"].values - np.datetime64("2000-01-01")) / np.timedelta64(1, "D")
    levels = (used["segment"].values[:, None] == np.unique(used["segment"])).astype(float)
    y = used["log_discharge"].values
    design = np.column_stack([day - day.mean(), levels])
    slope = np.linalg.lstsq(design, y)[0]
    level = np.linalg.lstsq(levels, y)[0]
    sse, sst = np.sum((y - design @ slope) ** 2), np.sum((y - levels @ level) ** 2)
    return -1 / slope[0], 1 - sse / sst


def events(rng, trials, count, constant=30.0, spread=0.2, noise=0.03) -> xr.Dataset:
    """Simulate `count` events of 7 to 25 days in each trial; their sums, each trial a year."""
    total = trials * count
    n, k = rng.integers(7, 26, total), (1 + spread * rng.standard_normal(total)) / constant
    t = np.where(np.arange(25) < n[:, None], np.arange(25.0), np.nan)
    y = -k[:, None] * t + noise * rng.standard_normal(t.shape)
    t, y = (values - np.nanmean(values, axis=1, keepdims=True) for values in (t, y))
    columns = {"n": n, "xx": t * t, "xy": t * y, "yy": y * y, "year": np.arange(total) // count}
    sums = {name: v if v.ndim == 1 else np.nansum(v, axis=1) for name, v in columns.items()}
    return xr.Dataset({name: ("segment", values) for name, values in sums.items()})


def all_reported(years) -> xr.DataArray:
    """Years of which every day was reported."""
    return xr.DataArray(np.ones(len(years)), {"year": np.asarray(years)}, ("year",))


# Choosing days


def test_exact_exponential():
    """An exact exponential returns its constant and is explained fully."""
    t = np.arange(365 * 2)
    flow = record(50 * np.exp(-(t % 45) / 20.0))
    fit = recession_windows.recession_constants(flow, windows=[1])
    np.testing.assert_allclose(fit["recession_constant"], 20, rtol=1e-12)
    np.testing.assert_allclose(fit["r_squared"], 1, rtol=1e-12)
    np.testing.assert_allclose(fit["recession_constant_upper"].dropna("year"), 20, rtol=1e-6)


def test_the_choices_of_the_page_are_the_librarys():
    """Figure S5 and a call without options choose the same days."""
    path = Path(__file__).parents[1] / "notebooks" / "s05_recession.ipynb"
    page = papermill.inspect_notebook(str(path))
    told = {name: literal_eval(about["default"]) for name, about in page.items()}
    made = recession_days.Choice()
    assert told["method"] == made.method
    assert tuple(told["recession_season"]) == made.season
    assert told["minimum_length"] == made.shortest
    fitted = inspect.signature(recession_windows.recession_constants).parameters["windows"]
    assert tuple(told["windows"]) == fitted.default


def test_wet_day():
    """A wet day and the two after it are left out."""
    flow = record(np.exp(-np.arange(365) / 20))
    rain = record(np.where(np.arange(365) == 272, 1.2, 0.9))  # 30 September
    chosen = recession_days.select_days(flow, rain)["segment"].sel(
        time=slice("2001-09-28", "2001-10-04")
    )
    assert chosen.values.tolist() == [1, 1, 0, 0, 0, 2, 2]


def test_peak():
    """Without rain a peak of the hydrograph takes the place of a wet day."""
    flow = np.exp(-np.arange(365) / 20)
    flow[272:] *= 2  # from 30 September
    around = slice("2001-09-25", "2001-10-05")
    chosen = recession_days.select_days(record(flow))["segment"].sel(time=around)
    # The mean of the next three days exceeds today's from 27 September on; the peak is the 30th.
    assert chosen.values.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 2, 2, 2]


def test_inflection():
    """Without rain a broad crest counts only from its inflection on."""
    crest = 1 + np.exp(-(((np.arange(365) - 280) / 15.0) ** 2) / 2)
    days = recession_days.select_days(record(crest))
    first = days["time"].dt.dayofyear.where(days["segment"] > 0).min() - 1
    assert 294 <= first <= 296


def test_interruptions():
    """Segments end at missing, zero or constant flow, of which the first value is a reading."""
    flow = np.exp(-np.arange(365) / 60.0)
    flow[290:292] = np.nan
    flow[305] = 0
    flow[320:323] = flow[320]
    dry = record(np.zeros(365), name="precipitation")
    segment = recession_days.select_days(record(flow), dry)["segment"].values
    assert np.unique(segment).tolist() == [0, 1, 2, 3, 4]
    assert not segment[[290, 291, 305, 321, 322]].any()
    assert segment[320] == 3


def test_season():
    """Segments keep to the season, leap day included."""
    flow = record(np.exp(-np.arange(1096) / 60.0), "2003-01-01")
    segment = recession_days.select_days(flow, season=("02-29", "03-31"))["segment"]
    lengths = (segment > 0).groupby("time.year").sum()
    assert lengths.values.tolist() == [31, 32, 31]


def test_a_segment_across_new_year_is_one_and_counts_to_the_year_in_which_it_begins():
    """So it is in a season of whole years, and in one that crosses New Year."""
    flow = np.ones(1096)  # a gauge that stands still, but for two falls of 59 and of 39 days
    flow[330:390], flow[700:740] = np.exp(-np.arange(60) / 30), np.exp(-np.arange(40) / 50)
    for season in (("01-01", "12-31"), ("11-01", "03-31")):
        options = {"season": season, "method": "falling"}
        days = recession_days.select_days(record(flow, "2003-01-01"), **options)
        used = days.where(days["segment"] > 0, drop=True)
        assert np.unique(used["segment"], return_counts=True)[1].tolist() == [59, 39]
        assert used["season_year"].groupby(used["segment"]).max().values.tolist() == [2003, 2004]
        assert used["season_year"].groupby(used["segment"]).min().values.tolist() == [2003, 2004]


@given(shift=st.integers(0, 300))
@settings(max_examples=10, deadline=None)
def test_a_season_moves_with_its_record(shift):
    """Nothing but names of years changes where record and season are shifted alike."""
    rng = np.random.default_rng(1)
    flow = np.exp(np.cumsum(rng.normal(-0.03, 0.02, 700)) + 3 * (np.arange(700) % 90 < 2))
    days = [np.datetime64("2001-03-01"), np.datetime64("2001-05-30")]
    fits = []
    for moved in (0, shift):
        season = tuple(str(day + moved)[5:] for day in days)
        known = record(flow, np.datetime64("2001-01-10") + moved)
        used = recession_days.select_days(known, season=season, method="falling")["segment"]
        fits.append(np.diff(np.flatnonzero(used.sel(time=known["time"]))))
    assert np.array_equal(*fits)


def test_gaps():
    """One missing day is bridged in the logarithm and two are not."""
    flow = np.exp(-np.arange(365) / 20)
    flow[[280, 300, 301]] = np.nan
    days = recession_days.select_days(record(flow).dropna("time"))
    assert days["log_discharge"].values[280] == pytest.approx(-280 / 20)
    assert np.isnan(days["log_discharge"].values[[300, 301]]).all()
    assert days["segment"].values[280] == days["segment"].values[279] == 1
    assert days["reported"].values.sum() == 362


def test_minimum_length():
    """Segments shorter than the minimum are dropped."""
    flow = record(np.exp(-np.arange(365) / 20))
    rain = record(np.where(np.arange(365) % 12 == 0, 5.0, 0))
    assert recession_days.select_days(flow, rain, minimum_length=9)["segment"].max() > 5
    assert recession_days.select_days(flow, rain, minimum_length=10)["segment"].max() == 0


def test_rain_known_in_part():
    """Days where rain is unknown are judged by the hydrograph."""
    rng = np.random.default_rng(3)
    flow, rain = reservoir(rng, 25, 3)
    unknown = recession_days.select_days(flow, rain.where(rain["time"].dt.year != 2002))
    known, without = recession_days.select_days(flow, rain), recession_days.select_days(flow)
    for year, expected in {2001: known, 2002: without}.items():
        same = slice(f"{year}-09-01", f"{year}-11-30")
        np.testing.assert_array_equal(
            unknown["segment"].sel(time=same) > 0, expected["segment"].sel(time=same) > 0
        )


@pytest.mark.parametrize(
    "options",
    [
        {"season": ("02-29", "01-31")},
        {"season": ("13-01", "13-05")},
        {"season": ("September", "October")},
        {"season": ("09-01",)},
        {"season": None},
        {"minimum_length": 2},
        {"wet_day": -1},
        {"days_after": -1},
    ],
)
def test_option_out_of_range(options):
    """An option out of range is named in one sentence."""
    with pytest.raises(InputError, match=rf"^{next(iter(options))} is .*, expected .*\.$"):
        recession_days.select_days(record(np.ones(365)), **options)


@pytest.mark.parametrize("options", [{"window": 2}, {"window": 0}, {"minimum_reported": 1.5}])
def test_window_out_of_range(options):
    """A window out of range is named in one sentence."""
    with pytest.raises(InputError, match=rf"^{next(iter(options))} is .*, expected .*\.$"):
        recession_windows.fit_windows(
            events(np.random.default_rng(0), 3, 3), all_reported([0]), **options
        )


def test_repeated_day():
    """Two values on one day are refused."""
    flow = record(np.ones(20))
    with pytest.raises(InputError, match="several values on one day"):
        recession_days.select_days(xr.concat([flow, flow[:1]], "time"))


# Fitting windows


def test_refit():
    """Window fits from yearly sums agree with refits of the raw days."""
    flow, rain = reservoir(np.random.default_rng(5), 30, 9)
    days = recession_days.select_days(flow, rain)
    fits = recession_windows.recession_constants(flow, rain)
    for window in (1, 3, 5):
        fit = fits.sel(window=window)
        fit = fit.sel(year=fit["recession_constant"].notnull())
        assert fit.sizes["year"] >= 3
        for year in fit["year"].values:
            members = np.arange(year - window // 2, year + window // 2 + 1)
            constant, r_squared = direct_fit(days, members)
            np.testing.assert_allclose(fit["recession_constant"].sel(year=year), constant, 1e-10)
            np.testing.assert_allclose(fit["r_squared"].sel(year=year), r_squared, 1e-10)


def test_matrix_form():
    """Variance and Satterthwaite's dof built from dense matrices agree with the closed forms."""
    rng = np.random.default_rng(11)
    lengths = np.array([7, 9, 14, 20])
    t = [np.arange(n) - (n - 1) / 2 for n in lengths]
    y = [-0.04 * ti + 0.05 * rng.standard_normal(ti.size) for ti in t]
    xx, xy, yy = (
        np.array([a @ b for a, b in zip(*p, strict=True)]) for p in ((t, t), (t, y), (y, y))
    )
    # Slopes of single events, their weighted mean, and what that leaves: a matrix each.
    h = xx / xx.sum()
    working = np.diag(xx**-recession_windows.WORKING_POWER)
    leaves = np.eye(4) - np.outer(np.ones(4), h)
    covariance = leaves @ working @ leaves.T
    weight = np.diag(h**2 * np.diag(working) / np.diag(covariance))
    product = weight @ covariance
    dof = np.trace(product) ** 2 / np.trace(product @ product)
    departures = leaves @ (xy / xx)
    reach = stats.t.ppf(0.975, dof) * np.sqrt(departures @ weight @ departures)

    columns = {"xx": xx, "xy": xy, "yy": yy, "year": [2000] * 4, "n": lengths}
    segments = xr.Dataset({name: ("segment", values) for name, values in columns.items()})
    fit = recession_windows.fit_windows(segments, all_reported([2000])).isel(year=0)
    assert fit["degrees_of_freedom"] == pytest.approx(dof)
    assert 1 / fit["recession_constant_lower"] == pytest.approx(-h @ (xy / xx) + reach)
    assert 1 / fit["recession_constant_upper"] == pytest.approx(-h @ (xy / xx) - reach)


def test_equal_segments():
    """Equal segments have one degree of freedom less than their number."""
    segments = events(np.random.default_rng(0), 1, 5).assign(xx=("segment", [50.0] * 5))
    fit = recession_windows.fit_windows(segments, all_reported([0]))
    assert fit["degrees_of_freedom"].item() == pytest.approx(4)


@pytest.mark.parametrize("count", range(3, 11))
def test_coverage(count):
    """Of 4000 trials with events 20 % apart and 3 % noise, 93 to 98 % hold the truth."""
    segments = events(np.random.default_rng(count), 4000, count)
    fit = recession_windows.fit_windows(segments, all_reported(range(4000)))
    upper = fit["recession_constant_upper"].fillna(np.inf)
    covered = (fit["recession_constant_lower"] <= 30) & (upper >= 30)
    assert 0.93 <= covered.mean() <= 0.98


@pytest.mark.parametrize(
    ("change", "reason", "constant", "interval"),
    [
        ({}, "", True, True),
        ({"year": [9, 9, 9, 9]}, "fewer than 2 recession segments", False, False),
        ({"n": [4, 4, 4, 4]}, "fewer than 20 recession days", False, False),
        ({"xy": [1, 1, 1, 1]}, "discharge does not fall within the segments", False, False),
        (
            {"year": [1, 1, 9, 9], "n": [10] * 4},
            "no interval from fewer than 3 segments",
            True,
            False,
        ),
        ({"xy": [-9, -1, -1, -1]}, "no upper bound, the interval reaches k = 0", True, False),
    ],
)
def test_reasons(change, reason, constant, interval):
    """A missing value has its reason."""
    sums = {"year": [1] * 4, "n": [9] * 4, "xx": [60.0] * 4, "xy": [-2.0] * 4, "yy": [1.5] * 4}
    segments = xr.Dataset({name: ("segment", v) for name, v in (sums | change).items()})
    fit = recession_windows.fit_windows(segments, all_reported([1])).isel(year=0)
    assert fit["reason"] == reason
    assert fit["recession_constant"].notnull() == constant
    assert fit["r_squared"].notnull() == constant
    assert fit["recession_constant_upper"].notnull() == interval


def test_whole_windows():
    """A window needs all its years within the record and observed."""
    segments = events(np.random.default_rng(0), 7, 4)
    reported = all_reported(range(7)).where(np.arange(7) != 4, 0.4)
    fit = recession_windows.fit_windows(segments, reported, window=3)
    beyond, unseen = (
        "the window reaches beyond the record",
        "a year of the window has too few days reported",
    )
    assert fit["reason"].values.tolist() == [beyond, "", "", unseen, unseen, unseen, beyond]


# The whole chain


@pytest.mark.parametrize("constant", [25, 35])
def test_noisy_reservoir(constant):
    """A noisy reservoir gives its constant back within four percent."""
    flow, rain = reservoir(np.random.default_rng(1), constant, 80)
    sums = recession_segments.segment_sums(recession_days.select_days(flow, rain)).sum()
    assert -sums["xx"] / sums["xy"] == pytest.approx(constant, rel=0.04)


simulations = st.integers(0, 10_000).map(
    lambda seed: reservoir(np.random.default_rng(seed), 25, 6, wet=0.1)
)


@settings(max_examples=15)
@given(simulations, st.floats(1e-3, 1e3))
def test_scale(simulation, scale):
    """The unit of discharge does not matter."""
    flow, rain = simulation
    one, other = (recession_windows.recession_constants(q, rain) for q in (flow, flow * scale))
    xr.testing.assert_allclose(one, other, rtol=1e-8)


@settings(max_examples=15)
@given(simulations, st.integers(-7, 7))
def test_shift(simulation, cycles):
    """Moving the record by whole leap cycles moves only the years."""

    def moved(array):
        days = np.timedelta64(1461 * cycles, "D")
        return array.assign_coords(time=array["time"] + days)

    one = recession_windows.recession_constants(*simulation)
    other = recession_windows.recession_constants(*map(moved, simulation))
    xr.testing.assert_allclose(one, other.assign_coords(year=other["year"] - 4 * cycles))


def test_no_recession():
    """A window without any recession has its reason; a season without any is refused."""
    rising = record(np.arange(1, 800.0))
    fit = recession_windows.fit_windows(*recession_segments.gauge_sums(rising))
    assert fit["recession_constant"].isnull().all()
    assert (fit["reason"] != "").all()
    with pytest.raises(
        InputError, match=r"no window of the season 09-01 to 11-30 .*fewer than 2 recession"
    ):
        recession_windows.recession_constants(rising, windows=[1])


@pytest.mark.parametrize("windows", [[], [3, 3], [1, 2], [1.0], ["five"]])
def test_wrong_windows(windows):
    """Windows must be different odd whole numbers."""
    falling = record(np.exp(-(np.arange(730) % 45) / 20.0))
    with pytest.raises(InputError, match=r"^windows? is .*, expected .*odd"):
        recession_windows.recession_constants(falling, windows=windows)


def test_compare():
    """Against a known constant, a window's truth is the mean of its years."""
    years = {"window": [1, 3], "year": np.arange(2000, 2005)}
    constant = xr.DataArray([20.0, 20, 26, 26, 26], {"year": years["year"]}, ("year",))
    found = np.array([[20, 22, 26, np.nan, 26], [np.nan, 22, 24, 26, np.nan]])
    names = {"": 1.0, "_lower": 0.95, "_upper": 1.05}
    fits = {f"recession_constant{k}": (("window", "year"), found * v) for k, v in names.items()}
    known = recession_windows.compare_constants(xr.Dataset(fits, years), constant)
    assert known["intervals"].values.tolist() == [4, 3]
    assert np.allclose(known["coverage"], [0.75, 1])
    assert np.allclose(known["bias"], 0)


def test_summary():
    """A summary counts what was fitted and what is bounded above."""
    values = {"recession_constant": [20.0, 30, np.nan], "r_squared": [0.9, 0.8, np.nan]}
    values |= {"recession_constant_upper": [25.0, np.nan, np.nan], "segments": [4, 3, 1]}
    fits = xr.Dataset({k: (("window", "year"), [v]) for k, v in values.items()}, {"window": [1]})
    found = {name: value.item() for name, value in recession_windows.window_summary(fits).items()}
    assert found == pytest.approx(
        {
            "fitted": 2,
            "bounded": 1,
            "lowest": 20,
            "median": 25,
            "highest": 30,
            "r_squared": 0.85,
            "segments": 3,
        }
    )


def test_kuparuk(real):
    """The Kuparuk has a reason wherever it has no constant."""
    table = real / "kuparuk_usgs15896000_1983_2020.csv"
    basin = hydrograph.read_csv(table, discharge="q_m3s", precipitation="rain_mm_d")
    fit = recession_windows.recession_constants(basin["discharge"], basin["precipitation"])
    absent = fit["recession_constant"].isnull()
    assert fit.sizes == {"window": 3, "year": 38}
    assert (fit["reason"].where(absent, "given") != "").all()
    assert fit["recession_constant"].sel(window=5).median() == pytest.approx(12, abs=1)
