"""Coherence that baselines and time leave, against hand-worked numbers and simulated decay."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS
from qilian.figures import decorrelation as figures
from qilian.insar import decorrelation, network
from qilian_demo.ground.scene import Cover
from qilian_demo.radar import coherence as radar_coherence
from qilian_demo.radar import sensors

SPANS = [92.0, 368.0, 736.0, 1104.0, 92.0]  # of ALOS-1's pairs
CURVE = np.array([0.0, 100.0, 1000.0])


def decay(start, lasting, time, spans=SPANS) -> xr.DataArray:
    """Coherence of one kind of ground, (ground, pair)."""
    values = lasting + (start - lasting) * np.exp(-np.array(spans) / time)
    return xr.DataArray([values], {"ground": ["meadow"]}, ("ground", "pair"))


def fit(coherence: xr.DataArray, spans=SPANS, at_once=(0.8, 1.0), scatter=0.05) -> xr.Dataset:
    days = xr.DataArray(list(spans), dims="pair", attrs={"units": "day"})
    return decorrelation.fit_decay(coherence, days, at_once=at_once, scatter=scatter, curve=CURVE)


def test_the_geometric_part_is_that_of_a_hand_worked_pair():
    """ALOS-1 at 14 MHz: B_c = 0.2361 m · 14e6 / c · 855 km · tan 38.7° = 7.55 km; 1225 m."""
    critical = 0.2361 * 14e6 / 299792458 * 855e3 * np.tan(np.radians(38.7))
    assert critical == pytest.approx(7552, abs=2)
    baseline = xr.DataArray([1225.0, -1225.0, 0.0, 9000.0], dims="pair")
    found = decorrelation.geometric_coherence(baseline, RADARS["ALOS-1"])
    np.testing.assert_allclose(found, [1 - 1225 / critical, 1 - 1225 / critical, 1, 0])


@given(st.floats(0.05, 0.7), st.floats(40, 1500), st.floats(0.82, 0.98))
def test_the_range_holds_what_a_decay_without_noise_was_made_of(lasting, time, start):
    """Decay time, lasting coherence and every point of the curve, to the step of the trials."""
    found = fit(decay(start, lasting, time), scatter=0.02).squeeze()
    for name, true in (("decay_time", time), ("lasting", lasting)):
        assert found[f"{name}_lower"] <= true * 1.02 + 1e-9
        assert found[f"{name}_upper"] >= true * 0.98 - 1e-9
    true = decay(start, lasting, time, CURVE).values[0]
    assert (found["curve_lower"] <= true + 0.01).all()
    assert (found["curve_upper"] >= true - 0.01).all()


def test_many_spans_and_a_known_start_give_the_decay_back():
    """Twenty pairs from a week to six years: decay time within 2 %, lasting coherence 0.005."""
    spans = np.geomspace(7, 2200, 20)
    found = fit(decay(0.9, 0.3, 300.0, spans), spans, at_once=(0.9, 0.9), scatter=0.0).squeeze()
    assert float(found["decay_time"]) == pytest.approx(300, rel=0.02)
    assert float(found["lasting"]) == pytest.approx(0.3, abs=0.005)


def test_what_a_pair_takes_from_all_ground_alike_leaves_the_comparison():
    """Means that differ by 0.1 and 0.2 keep that under a scatter common to both, by any draw."""
    common = np.array([0.3, -0.2, 0.1])
    values = np.stack([common + np.array([0.1, 0.2, 0.1]), common, np.full(3, np.nan)])
    means = xr.DataArray(values, {"ground": ["a", "b", "none"]}, ("ground", "pair"))
    (row,) = decorrelation.compare_zones(means).itertuples(index=False)
    assert row[:3] == ("a", "b", "3 of 3")
    np.testing.assert_allclose(row[3:], [0.1, 0.2])


@pytest.mark.slow
def test_the_range_covers_a_decay_whose_pairs_scatter_by_what_is_said():
    """In 300 draws of five pairs off by 0.05 each it holds the true curve at 500 days in 95 %."""
    rng = np.random.default_rng(3)
    true = decay(0.9, 0.35, 300.0).values
    drawn = xr.DataArray(
        true + rng.normal(0, 0.05, (300, 5)), {"ground": np.arange(300)}, ("ground", "pair")
    )
    days = xr.DataArray(SPANS, dims="pair", attrs={"units": "day"})
    found = decorrelation.fit_decay(
        drawn, days, at_once=(0.8, 1.0), scatter=0.05, curve=np.array([500.0])
    ).squeeze()
    at = 0.35 + 0.55 * np.exp(-500 / 300)
    held = (found["curve_lower"] <= at) & (at <= found["curve_upper"])
    assert 0.93 <= float(held.mean()) <= 1.0


def zones(*decays) -> tuple[xr.DataArray, xr.Dataset, xr.DataArray]:
    """Means by zone, their fits and the time spans, as pages say them."""
    means = xr.concat([decay(*one) for one in decays], "ground")
    means = means.assign_coords(ground=[f"zone {n}" for n in range(len(decays))])
    days = xr.DataArray(SPANS, dims="pair", attrs={"units": "day"})
    return means, fit(means), days


def test_sentences_name_the_zones_that_keep_most_and_least():
    """Rock, meadow, and a zone without pixels; meadow keeps less in every pair."""
    means, fitted, days = zones((0.9, 0.8, 300.0), (0.9, 0.1, 200.0), (np.nan, np.nan, 1.0))
    kept, earlier, times = decorrelation.decay_sentences(means, fitted, days, "ALOS-1")
    assert kept == (
        "After 1104 d the mean coherence of ALOS-1, corrected for geometric decorrelation, is "
        "highest in the zone “zone 0”, 0.80, and lowest in “zone 1”, 0.10."
    )
    assert earlier == (
        "After 92 d (mean of 2 pairs) they have 0.87 and 0.61. In 1 of 1 comparisons of two "
        "zones the interferograms agree which is more coherent."
    )
    assert times.startswith("The decay time is known best in “zone 1”: ")
    assert times.endswith(" d; in 1 of 2 zones every value tried fits (5 to 5000 d).")
    assert max(len(said.split()) for said in (kept, earlier, times)) < 30


def test_sentences_of_one_zone_compare_nothing_and_of_none_say_so():
    """No outlines and no thaw season leave one zone; a stack without values leaves none."""
    means, fitted, days = zones((0.9, 0.85, 300.0))
    assert decorrelation.decay_sentences(means, fitted, days, "ALOS-2") == [
        "After 1104 d the mean coherence of ALOS-2, corrected for geometric decorrelation, is 0.85 "
        "(zone 0).",
        "How fast coherence falls stays open: every decay time tried fits.",
    ]
    means, fitted, days = zones((np.nan, np.nan, 1.0))
    assert decorrelation.decay_sentences(means, fitted, days, "ALOS-2") == [
        "No zone has a coherence of ALOS-2."
    ]


@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_a_pair_without_value_counts_for_nothing_and_too_few_pairs_fit_nothing():
    """As one beyond the critical baseline; of three pairs no decay is known."""
    spans = [14.0, 42.0, 98.0, 364.0, 728.0]
    values = np.array([[0.8, 0.6, 0.5, 0.4, 0.4], [0.7, 0.5, 0.4, 0.3, 0.3]])
    zones = {"ground": ["one", "few"]}
    whole = xr.DataArray(values[:, :4], zones, ("ground", "pair"))
    holed = xr.DataArray(values, zones, ("ground", "pair")).copy()
    holed[:, 4] = np.nan
    holed[1, 3] = np.nan
    about = {"at_once": (0.6, 1.0)}
    found, alone = fit(holed, spans, **about), fit(whole, spans[:4], **about)
    for name in ("decay_time_lower", "decay_time", "lasting_upper", "curve"):
        assert np.array_equal(found[name].sel(ground="one"), alone[name].sel(ground="one"))
        assert found[name].sel(ground="few").isnull().all()
    days = xr.DataArray(spans, dims="pair")
    said = decorrelation.decay_sentences(holed, found, days, "ALOS-2")
    assert said[0].startswith("After 364 d the mean coherence of ALOS-2")
    only = holed.isel(ground=[1])
    said = decorrelation.decay_sentences(only, found.isel(ground=[1]), days, "ALOS-2")
    assert said[-1] == ("How fast coherence falls stays open: fewer than 4 pairs have a coherence.")


def test_means_and_spread_by_ground_leave_out_what_is_missing():
    """Two kinds of ground, one with a hole; an empty kind is missing."""
    values = np.array([[[0.2, 0.4, np.nan, 0.8]]])
    coherence = xr.DataArray(values, dims=("pair", "y", "x"))
    masks = {"wet": [1, 1, 1, 0], "rock": [0, 0, 0, 1], "none": [0, 0, 0, 0]}
    ground = {n: xr.DataArray(np.array([m], bool), dims=("y", "x")) for n, m in masks.items()}
    found = decorrelation.zonal_coherence(coherence, ground).squeeze()
    np.testing.assert_allclose(found["mean"], [0.3, 0.8, np.nan])
    np.testing.assert_allclose(found["low"], [0.22, 0.8, np.nan])
    np.testing.assert_allclose(found["high"], [0.38, 0.8, np.nan])


def test_what_ends_where_trying_ends_is_named():
    """A start above `at_once`, a lasting part that may be none, a time that may be any; or none."""
    spans = np.geomspace(7, 2200, 20)
    sharp = {"at_once": (0.8, 1.0), "scatter": 0.0}
    told = fit(decay(0.9, 0.3, 300.0, spans), spans, **sharp).squeeze()
    assert (float(told["at_once"]), str(told["at_limit"].values)) == (pytest.approx(0.9), "none")
    low = fit(decay(0.7, 0.3, 300.0, spans), spans, **sharp).squeeze()
    assert low["at_limit"] == "γ0 = 0.8"
    flat, slow = (fit(decay(*made)).squeeze() for made in ((0.8, 0.8, 300.0), (0.9, 0.0, 3000.0)))
    assert flat["at_limit"].item().endswith("τ = 5 d; τ = 5000 d")
    assert slow["at_limit"] == "γ∞ = 0; τ = 5000 d"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at_once": (0.9, 0.8)}, "at_once is .* expected two coherences in order"),
        ({"scatter": -0.1}, "scatter is -0.1, expected 0 or more"),
    ],
)
def test_limits_that_make_no_sense_are_refused_in_one_sentence(options, message):
    """Which parameter, what it is, what was expected."""
    with pytest.raises(InputError, match=message):
        fit(decay(0.9, 0.3, 300.0), **options)


def test_three_pairs_leave_the_three_parameters_unknown_and_their_listing_says_so():
    few = fit(decay(0.9, 0.3, 300.0, SPANS[:3]), SPANS[:3])
    assert few[["decay_time", "lasting", "curve", "curve_upper"]].isnull().all().to_array().all()
    assert few["at_limit"].item() == "none"
    listing = figures.decay_listing(few)
    assert listing["decay time τ (day)"].tolist() == ["–"]


PAIRS = {
    "ALOS-1": [
        ("2007-07-12", "2007-10-12", 702),
        ("2007-07-12", "2008-07-14", -1053),
        ("2007-08-27", "2009-09-01", -853),
        ("2007-08-27", "2010-09-04", 1225),
        ("2010-07-20", "2010-10-20", 481),
    ],
    "ALOS-2": [
        ("2019-03-24", "2020-03-22", 307),
        ("2019-05-19", "2019-07-14", -25),
        ("2019-07-14", "2020-03-22", 386),
        ("2020-03-22", "2021-03-21", 46),
        ("2021-03-21", "2022-03-20", -273),
    ],
}


@pytest.mark.parametrize("radar", [sensors.ALOS1, sensors.ALOS2], ids=lambda radar: radar.name)
@pytest.mark.parametrize(
    "mix",
    [
        {Cover.WET_MEADOW: 1.0},
        {Cover.ALPINE_MEADOW: 1.0},
        {Cover.BARE_RIDGE: 1.0},
        {Cover.SPOIL_HEAP: 1.0},
        {Cover.OPEN_PIT: 0.4, Cover.SPOIL_HEAP: 0.3, Cover.WET_MEADOW: 0.3},
    ],
    ids=["wet meadow", "alpine meadow", "ridge", "spoil", "pits and spoil"],
)
def test_the_range_holds_the_simulators_decay_from_the_pairs_of_table_s1(radar, mix):
    """From estimates of 40 and 60 looks, noise and summer in them: curve, what lasts, its time."""
    rng = np.random.default_rng(5)
    seen = []
    for first, second, baseline in PAIRS[radar.name]:
        dates = np.datetime64(first), np.datetime64(second)
        seen.append(0.0)
        for cover, share in mix.items():
            ground = np.full((60, 60), cover), np.ones((60, 60))
            true = radar_coherence.true_coherence(radar, *ground, dates, baseline)
            seen[-1] += (
                share * radar_coherence.sample_interferogram(rng, true, radar.looks)[0].mean()
            )
    spans = [
        float((np.datetime64(b) - np.datetime64(a)).astype(int)) for a, b, _ in PAIRS[radar.name]
    ]
    baselines = xr.DataArray([float(b) for *_, b in PAIRS[radar.name]], dims="pair")
    measured = xr.DataArray([seen], {"ground": ["one"]}, ("ground", "pair"))
    measured = measured / decorrelation.geometric_coherence(baselines, RADARS[radar.name])
    found = fit(measured, spans, at_once=(0.6, 1.0)).squeeze()
    kept, decay = 1 / (1 + 1 / radar.signal_to_noise), radar_coherence.DECAY["L"]
    lasting = kept * sum(share * decay.lasting[cover] for cover, share in mix.items())
    assert found["lasting_lower"] <= lasting <= found["lasting_upper"]
    left = [
        share * (decay.at_once[c] - decay.lasting[c]) * np.exp(-CURVE[1:] / decay.days[c])
        for c, share in mix.items()
    ]
    true = lasting + kept * sum(left)
    assert (found["curve_lower"][1:] <= true).all()
    assert (found["curve_upper"][1:] >= true).all()
    if len(mix) == 1:
        (time,) = (decay.days[cover] for cover in mix)
        assert found["decay_time_lower"] <= time <= found["decay_time_upper"]


def test_a_listed_row_goes_to_the_pair_with_its_dates_whatever_the_order():
    """Of two rows in another order, one of another pair: one pair is told, one is not listed."""
    day = np.datetime64
    ends = {
        "reference_date": ("pair", [day("2019-03-24", "ns"), day("2020-03-22", "ns")]),
        "secondary_date": ("pair", [day("2020-03-22", "ns"), day("2021-03-21", "ns")]),
    }
    pairs = xr.Dataset({"perpendicular_baseline": ("pair", [300.0, 40.0])}, ends)
    other = {
        name: ("pair", [dates[1], day("2030-01-01", "ns")]) for name, (_, dates) in ends.items()
    }
    stated = {"perpendicular_baseline": ("pair", [46.0, 7.0]), "stated_days": ("pair", [364, 1])}
    found = network.beside_listed(pairs, xr.Dataset(stated, other))
    assert found["pair"].values.tolist() == ["2019-03-24 to 2020-03-22", "2020-03-22 to 2021-03-21"]
    np.testing.assert_array_equal(found["stated_baseline"], [np.nan, 46])
    np.testing.assert_array_equal(found["stated_days"], [np.nan, 364])
    np.testing.assert_array_equal(found["time_span"], [364, 364])
    np.testing.assert_array_equal(found["perpendicular_baseline"], [300, 40])
