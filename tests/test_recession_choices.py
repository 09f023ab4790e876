"""Every combination of choices, laws of rivers with a floor, and what a change asks for."""

import numpy as np
import pytest
import xarray as xr
from bokeh.embed import file_html
from bokeh.resources import INLINE
from matplotlib import pyplot as plt
from scipy import stats

from qilian import figures, recession, views
from qilian.recession import _estimators, _laws, choices
from qilian_demo.river import TrialRiver, trial_records

PERIODS = {"until": 1985, "since": 1990}


@pytest.fixture(scope="module")
def basin() -> tuple[xr.DataArray, xr.DataArray]:
    """Discharge and rain of a trial river whose storage constant grows by 40 %, 16 years."""
    river = TrialRiver(slower=1.4, noise=0.01)
    drawn = trial_records(np.random.default_rng(4), river, 1, years=16, ramp=(1986, 1989))
    time = {"time": drawn.time.astype("datetime64[ns]")}
    units = {"units": "m3 s-1"}
    flow = xr.DataArray(drawn.discharge[0], time, ("time",), "discharge", units)
    return flow, xr.DataArray(drawn.precipitation[0], time, ("time",))


@pytest.fixture(scope="module")
def every(basin) -> xr.Dataset:
    return recession.every_choice(*basin, windows=[3, 5], lengths=[5, 7], **PERIODS)


@pytest.fixture(scope="module")
def five_days(basin) -> xr.Dataset:
    """Choices beside that of five days."""
    return recession.every_choice(*basin, windows=[3], lengths=[5], minimum_length=5, **PERIODS)


def test_every_combination_is_there(every):
    """Seven rules, four seasons, two lengths, seven fits, two windows, and the choice made."""
    sizes = {"rule": 7, "season": 4, "length": 2, "fit": 7, "window": 2, "year": 16}
    assert dict(every["recession_constant"].sizes) == sizes
    rule, season, length = every.attrs["made"]
    assert every["rule"].values[rule] == "undisturbed"
    assert every["season"].values[season] == "09-01 to 11-30"
    assert every["length"].values[length] == 7


def test_lines_of_the_map_are_the_windows_of_the_page(every, basin):
    """With interval and number of recessions, under another rule, season and length as well."""
    options = {"method": "vogel_kroll", "season": ("08-01", "11-30"), "minimum_length": 5}
    fits = recession.recession_constants(*basin, windows=[3, 5], **options)
    cell = {"rule": "vogel_kroll", "season": "08-01 to 11-30", "length": 5}
    one = every.sel(cell).sel(fit="log_linear")
    for name in ("recession_constant", "recession_constant_lower", "recession_constant_upper"):
        np.testing.assert_allclose(one[name].values, fits[name].values)
    np.testing.assert_array_equal(one["segments"].values, fits["segments"].values)


@pytest.mark.parametrize("fit", ["log_linear", "through_origin", "log_log", "master_curve"])
def test_a_fit_by_sums_is_the_fit_by_days(every, basin, fit):
    """The same constant as the estimator of that name, window by window."""
    days = recession.select_days(*basin, minimum_length=7)
    refitted = recession.refit_windows(days, fit=fit, window=5)
    own = every.isel(rule=0, season=0).sel(length=7, fit=fit, window=5)["recession_constant"]
    told = own.notnull()
    assert told.sum() >= 8
    np.testing.assert_allclose(own.where(told), refitted.where(told), rtol=1e-9)


def test_an_interval_of_a_window_leaves_out_one_event_at_a_time(every, basin):
    """The jackknife by hand, for one window and the fit through the origin."""
    days = recession.select_days(*basin, minimum_length=7)
    log_flow, segment, year = _estimators.chosen(days)
    inside = np.abs(year - 1988) <= 2
    log_flow, segment = log_flow[inside], segment[inside]
    fit = _estimators.through_origin
    without = [fit(log_flow[segment != s], segment[segment != s]) for s in np.unique(segment)]
    n = len(without)
    error = np.sqrt((n - 1) / n * np.sum((without - np.mean(without)) ** 2))
    fastest = fit(log_flow, segment) + stats.t.ppf(0.975, n - 1) * error
    cell = {"length": 7, "fit": "through_origin", "window": 5, "year": 1988}
    found = every.isel(rule=0, season=0).sel(cell)
    assert found["recession_constant_lower"] == pytest.approx(1 / fastest)


def test_the_change_by_lines_of_the_map_is_that_of_the_periods(every, basin):
    """With its interval, as `period_change` gives it for the same fit."""
    days = recession.select_days(*basin, minimum_length=7)
    step = recession.period_change(days, fit="log_linear", **PERIODS)
    cell = every.isel(rule=0, season=0).sel(length=7, fit="log_linear")
    for name in ("change", "change_lower", "change_upper"):
        assert float(cell[name]) == pytest.approx(float(step[name]))


@pytest.mark.parametrize(("fit", "law"), [("with_floor", "floor"), ("power_law", "power law")])
def test_laws_of_the_map_are_those_of_their_windows(every, basin, fit, law):
    """With their bounds, for each length of window."""
    days = recession.select_days(*basin, minimum_length=7)
    own = every.isel(rule=0, season=0).sel(length=7, fit=fit)
    for window in (3, 5):
        one = recession.law_fits(days, window=window).sel(law=law)
        for name in ("recession_constant", "recession_constant_lower", "recession_constant_upper"):
            np.testing.assert_allclose(own[name].sel(window=window), one[name], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("fit", "law"), [("with_floor", "floor"), ("power_law", "power law")])
def test_the_change_by_a_law_is_that_of_the_laws_of_both_periods(basin, five_days, fit, law):
    """Each period fitted alone, constants stated at the same flow; their interval holds it."""
    days = recession.select_days(*basin, minimum_length=5)
    held, _ = _laws.stated_curves(days)
    inside = (held.year <= 1985, held.year >= 1990)
    members = [np.flatnonzero(period) for period in inside]
    alone = [_laws.fit_law(law, held, _laws.grouped([one], [one])).terms[0, 0] for one in members]
    cell = five_days.isel(rule=0, season=0).sel(length=5, fit=fit)
    assert float(cell["change"]) == pytest.approx(100 * np.expm1(alone[1] - alone[0]), abs=0.1)
    assert cell["change_lower"] < cell["change"] < cell["change_upper"]


@pytest.mark.parametrize("law", ["exponential", "floor", "power law"])
def test_the_errors_of_a_law_come_from_fits_that_leave_a_unit_out(law):
    """Where weights hardly move, the influence of a year is that of fitting without it."""
    held, _ = _laws.stated_curves(drained(law, noise=3e-3))
    every = np.arange(held.year.size)
    years = np.unique(held.year)
    whole = _laws.fit_law(law, held, _laws.grouped([every], [held.year]))
    rest = [np.flatnonzero(held.year != year) for year in years]
    without = _laws.fit_law(law, held, _laws.grouped(rest, rest)).terms - whole.terms
    for told, refitted in zip(whole.absent, without, strict=True):
        assert np.corrcoef(told, refitted)[0, 1] > 0.97
        assert told.std() == pytest.approx(refitted.std(), rel=0.2)


def test_each_finding_has_its_sentence_and_the_map_its_summary(every):
    """Numbers of the change stand in each; counts add up to the combinations with an interval."""
    said = recession.choice_sentences(every)
    assert said.shape == every["finding"].shape
    significant = np.flatnonzero(every["change_lower"].values.ravel() > 0)
    change = every["change"].values.ravel()[significant[0]]
    assert f"+{change:.0f} %" in said.ravel()[significant[0]]
    first, *_ = recession.choices_verdict(every)
    told = int((every["finding"] > 0).sum())
    assert first.startswith(f"Of {every['finding'].size} combinations of choices {told} have")


@pytest.mark.parametrize(
    ("judged", "low", "high", "named"),
    [
        ("slower", 0.1, 0.2, "slower"),
        ("slower", 0.01, 0.2, "longer"),
        ("longer", 0.1, 0.2, "longer"),
        ("none", 0.1, 0.2, "longer"),
        ("faster", 0.1, 0.2, "longer"),
        ("faster", -0.2, -0.1, "faster"),
        ("slower", -0.1, 0.2, "none"),
        ("slower", np.nan, np.nan, "open"),
    ],
)
def test_a_change_by_one_fit_is_of_storage_only_where_its_days_are_judged_so(
    judged, low, high, named
):
    """And only where this fit too finds it significant, so directed, and beyond other causes."""
    least = min(abs(low), abs(high))
    assert choices._by_fit(judged, 0.05, low, high, least) == named


def test_the_view_holds_every_number_once_and_needs_no_second_implementation(every, basin):
    """Its columns are the dataset's, in tenths of a day; script only picks slices of them."""
    from bokeh.models import ColumnDataSource, CustomJS, Select

    flow, _ = basin
    said = recession.choice_sentences(every)
    pane = views.choice_explorer(
        every, said, figures.FINDING_COLORS, flow.to_dataset().assign_attrs(simulated=0)
    )
    sources = pane.object.select({"type": ColumnDataSource})
    scripts = {model for model in pane.object.references() if isinstance(model, CustomJS)}
    held = {name: s for script in scripts for name, s in script.args.items() if name == "held"}
    kept = held["held"].data["recession_constant"]
    values = every["recession_constant"].values.ravel()
    np.testing.assert_allclose(
        kept[kept > 0] / 10, values[np.nan_to_num(values) > 0.05], atol=0.051
    )
    assert kept.dtype == np.uint16
    assert sources
    options = sorted(len(select.options) for select in pane.object.select({"type": Select}))
    assert options == [2, 2, 4, 7, 7]
    assert not any(word in script.code for script in scripts for word in ("Math.log", "Math.exp"))


SHOWN = """() => {
  const models = Bokeh.documents.flatMap((one) => [...one._all_models.values()]);
  const curve = models.find((one) => one.data?.ks !== undefined).data;
  const list = (values) => Array.from(values, (value) => isNaN(value) ? null : value);
  const rule = models.find((one) => one.title === "rule for days").value;
  const text = models.find((one) => one.type === "Div").text;
  return {ks: list(curve.ks), low: list(curve.low), n: list(curve.n), text, rule};
}"""
PICK = """([title, value]) => {
  for (const one of Bokeh.documents) for (const model of one._all_models.values()) {
    if (model.title === title) model.value = value;
    if (title === "cell" && model.data?.across) model.selected.indices = [value];
  }
}"""


@pytest.mark.browser
def test_a_choice_or_a_click_shows_its_curve_and_verdict_without_a_server(
    every, basin, browser, tmp_path
):
    """In a browser that is offline: the numbers of the dataset, to a tenth of a day."""
    said = recession.choice_sentences(every)
    data = basin[0].to_dataset().assign_attrs(simulated=0)
    pane = views.choice_explorer(every, said, figures.FINDING_COLORS, data)
    (tmp_path / "page.html").write_text(file_html(pane.object, INLINE))
    page = browser.new_context(offline=True).new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("() => window.Bokeh?.documents?.length > 0")
    page.evaluate(PICK, ["rule for days", "vogel kroll"])
    page.evaluate(PICK, ["fit", "log linear"])
    page.evaluate(PICK, ["window", "3 years"])
    place = {"rule": 2, "season": 0, "length": 1, "fit": 1, "window": 0}
    for cell in (None, 0):
        if cell is not None:
            page.evaluate(PICK, ["cell", cell])
            place |= dict.fromkeys(("rule", "season", "length", "fit"), 0)
        shown, one = page.evaluate(SHOWN), every.isel(place)
        for name, end in {"ks": "", "low": "_lower"}.items():
            values = np.array(shown[name], float)
            np.testing.assert_allclose(values, one["recession_constant" + end], atol=0.051)
        assert shown["n"] == one["segments"].values.tolist()
        assert shown["text"] == said[tuple(list(place.values())[:4])]
        assert shown["rule"] == one["rule"].item().replace("_", " ")
    page.close()


def test_the_map_for_print_has_a_colour_for_each_finding(every):
    """As many as there are findings, and a cell for each combination but for the window."""
    assert len(figures.FINDING_COLORS) == len(recession.FINDINGS)
    figure, axes = plt.subplots()
    figures.choices_map(axes, every)
    assert axes.images[0].get_array().shape == (7 * 2, 7 * 4, 3)
    plt.close(figure)


# Laws


def drained(law: str, events: int = 24, length: int = 15, noise: float = 1e-3) -> xr.Dataset:
    """Days of events that fall exactly by a law: Ks 30 d at Q = 1, a floor of 0.2, b = 1.6."""
    t, first = np.arange(length), np.geomspace(0.5, 2.0, events)[:, None]
    flow = {
        "exponential": first * np.exp(-t / 30),
        "floor": 0.2 + (first - 0.2) * np.exp(-t / 30),
        "power law": (first**-0.6 + 0.6 * t / 30) ** (-1 / 0.6),
    }[law]
    error = np.random.default_rng(1).normal(0, noise, flow.shape)
    number = np.arange(flow.size) // length
    columns = {
        "segment": number + 1,
        "log_discharge": (np.log(flow) + error).ravel(),
        "season_year": 2000 + number // 3,
        "in_season": np.ones(flow.size, bool),
        "reported": np.ones(flow.size, bool),
    }
    return xr.Dataset({name: ("time", values) for name, values in columns.items()})


def of_all(days: xr.Dataset) -> xr.Dataset:
    """Laws of all years, as of a period that holds them."""
    last = int(days["season_year"].max())
    return recession.laws_of_periods(days, until=last, since=last + 1).isel(period=0)


@pytest.mark.parametrize(
    ("law", "shape"), [("exponential", np.nan), ("floor", 0.2), ("power law", 1.6)]
)
def test_each_law_is_recovered_and_preferred_where_it_rules(law, shape):
    """Constant, floor and exponent within 3 to 5 %; of two that bend the right one is preferred."""
    days = drained(law)
    found = of_all(days)
    one = found.sel(law=law)
    stated = float(found["stated"])
    constant = 30 * stated**-0.6 if law == "power law" else 30
    assert float(one["recession_constant"]) == pytest.approx(constant, rel=0.03)
    assert float(one["shape"]) == pytest.approx(shape, rel=0.05, nan_ok=True)
    if law != "exponential":
        assert found["preferred"].item() == law
    assert float(one["recession_constant_lower"]) < float(one["recession_constant"])


def test_an_exponential_makes_a_river_with_a_floor_seem_slow():
    """By the floor's share of the flow; the law with a floor does not."""
    found = of_all(drained("floor"))["recession_constant"]
    assert float(found.sel(law="exponential")) > 35
    assert float(found.sel(law="floor")) == pytest.approx(30, rel=0.03)


def test_windows_of_laws_are_the_whole_where_they_hold_all():
    """And NaN where they reach beyond the record or hold fewer than six events."""
    days = drained("floor")
    whole, windows = of_all(days), recession.law_fits(days, window=7)
    assert windows["recession_constant"].sel(year=2003).notnull().all()
    assert windows["recession_constant"].sel(year=[2000, 2007]).isnull().all()
    assert float(windows["stated"]) == pytest.approx(float(whole["stated"]))
    assert recession.law_fits(days, window=1)["recession_constant"].isnull().all()


@pytest.mark.parametrize("seed", range(20))
def test_events_of_any_kind_give_numbers_or_none_and_no_error(seed):
    """Rising, flat, steep and noisy ones, few and many, as real rivers under ice have them."""
    rng = np.random.default_rng(seed)
    length = rng.integers(3, 12, rng.integers(1, 30))
    number = np.repeat(np.arange(length.size), length)
    steps = rng.normal(-0.05, rng.choice([0.0, 0.1, 1.5]), number.size)
    log_flow = np.cumsum(steps) + rng.normal(0, 3, length.size)[number]
    columns = {
        "segment": number + 1,
        "log_discharge": log_flow,
        "season_year": 2000 + number // 2,
        "rain_known": np.ones(number.size, bool),
        "in_season": np.ones(number.size, bool),
    }
    days = xr.Dataset({name: ("time", values) for name, values in columns.items()})
    days = days.assign(noise=0.1).assign_attrs(method="falling", season=("09-01", "11-30"))
    fits = of_all(days)
    assert not np.isinf(fits["recession_constant"]).any()
    compared = recession.compare_periods(days, until=2004, since=2006)
    recession.exponents(days, until=2004, since=2006)
    assert not np.isinf(compared["change"]).any()


@pytest.mark.slow
def test_intervals_of_a_river_with_a_floor_cover_its_constant():
    """Of five-year windows of ten records 90 % do, where those of the exponential miss it."""
    drawn = trial_records(np.random.default_rng(9), TrialRiver(base_flow=3.0), 10, years=20)
    time = {"time": drawn.time.astype("datetime64[ns]")}
    held = []
    for values in zip(drawn.discharge, drawn.precipitation, strict=True):
        flow, rain = (xr.DataArray(one, time, ("time",)) for one in values)
        fits = recession.law_fits(recession.select_days(flow, rain))
        fits = fits.dropna("year", subset=["recession_constant"])
        low, high = (fits[f"recession_constant_{end}"] for end in ("lower", "upper"))
        held.append(((low <= 30) & (high >= 30)).mean("year").values)
    exponential, floor, _ = np.mean(held, axis=0)
    assert floor >= 0.88
    assert exponential < 0.3


# The aquifer


def test_the_aquifers_change_is_boussinesqs():
    """Ks + 25 %: by hand, from a ∝ k D L² / φ, k^½ L / φ and 1 / (k φ D³ L²)."""
    step = xr.Dataset({"change": 25.0, "change_lower": 10.0, "change_upper": 40.0})
    found = recession.aquifer_changes(step)
    expected = {
        "depth": [1 / 1.25, np.nan, 1.25 ** (1 / 3)],
        "porosity": [1.25, 1.25, 1.25],
        "length": [1.25**-0.5, 1 / 1.25, 1.25**0.5],
    }
    for name, factors in expected.items():
        np.testing.assert_allclose(found[name], 100 * (np.array(factors) - 1))
        ordered = found[name + "_lower"] <= found[name + "_upper"]
        assert (ordered | found[name].isnull()).all()
