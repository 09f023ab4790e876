"""The bias of short pairs: loops, the test, the gain and the remedies, against what was put in."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from qilian import products
from qilian.archive import open_archive
from qilian.archive.project import find_project
from qilian.contracts.errors import InputError
from qilian.contracts.labels import VERTICAL
from qilian.insar import bias_remedies, short_pair_bias, temporal_models, verdicts
from qilian.insar.network import acquisition_dates
from qilian.insar.sbas import invert
from qilian.spatial import against_truth, class_zones, covered

PROJECT = find_project()
WAVELENGTH = 0.0555
MILLIMETRES = -1000 * WAVELENGTH / (4 * np.pi)


def network(dates: int = 30, days: int = 12, reach: int = 2) -> xr.Dataset:
    """Pairs of each date with the next ones."""
    ends = [(i, j) for i in range(dates) for j in range(i + 1, min(dates, i + reach + 1))]
    first, second = np.array(ends).T
    day = np.datetime64("2018-01-02", "ns") + days * np.arange(dates) * np.timedelta64(1, "D")
    return xr.Dataset(
        coords={"reference_date": ("pair", day[first]), "secondary_date": ("pair", day[second])}
    )


def stack_of(pairs: xr.Dataset, phase: np.ndarray) -> xr.Dataset:
    size = phase.shape[1:]
    return pairs.assign(
        unwrapped_phase=(("pair", "y", "x"), phase),
        coherence=(("pair", "y", "x"), np.full(phase.shape, 0.7)),
        wavelength=WAVELENGTH,
    ).assign_coords(y=np.arange(size[0]), x=np.arange(size[1]))


def biased(pairs: xr.Dataset, strength: np.ndarray) -> np.ndarray:
    """Phase (pair, y, x) of a false rate [mm a-1] of twelve-day pairs."""
    unit = short_pair_bias.false_displacement(pairs).values
    return np.multiply.outer(unit, strength) / MILLIMETRES


@given(st.floats(-20, 20), st.integers(0, 2**32 - 1), st.sampled_from([6, 12]))
def test_loops_find_the_strength_whatever_moves_delays_or_is_off_by_cycles(strength, seed, days):
    """Motion and delay close every loop, whole cycles do not count: to 1e-3 mm/a, both repeats."""
    rng = np.random.default_rng(seed)
    pairs = network(days=days)
    dates, first, second = short_pair_bias.incidence(pairs)
    of_date = rng.normal(0, 20, (dates.size, 6, 6))
    phase = of_date[second] - of_date[first] + biased(pairs, np.full((6, 6), strength))
    phase += 2 * np.pi * rng.integers(-2, 3, phase.shape)
    found = short_pair_bias.loop_strength(stack_of(pairs, phase))
    np.testing.assert_allclose(found, strength, atol=1e-3)


def test_a_false_rate_that_does_not_fade_opens_no_loop():
    """Displacement in proportion to the span is motion to any loop."""
    pairs = network()
    years = short_pair_bias.time_span(pairs).values / 365.25
    phase = np.multiply.outer(years, np.full((6, 6), -9.0)) / MILLIMETRES
    found = short_pair_bias.loop_strength(stack_of(pairs, phase))
    np.testing.assert_allclose(found, 0, atol=1e-9)


def test_a_network_with_few_loops_says_so():
    """Ten dates that are tied to the next one alone have none."""
    pairs = network(10, reach=1)
    with pytest.raises(InputError, match="the number of loops of three pairs is 0, expected 12"):
        short_pair_bias.loop_strength(stack_of(pairs, np.zeros((9, 6, 6))))


@pytest.mark.slow
def test_the_test_errs_in_one_of_twenty_stacks_and_sees_a_bias():
    """Noise that half of the scene shares: false alarms of 200 within the binomial's 99.8 %."""
    rng = np.random.default_rng(4)
    pairs, left = network(40), np.repeat([[True, False]], 6, 0).repeat(3, 1)
    like = xr.DataArray(left, dims=("y", "x"))
    strength = -8.0 * ~left
    alarms, hits = [], []
    for _ in range(200):
        shared = rng.normal(0, 0.02, (pairs.sizes["pair"], 2))
        phase = np.where(left, shared[:, :1, np.newaxis], shared[:, 1:, np.newaxis])
        for times, seen in ((0, alarms), (1, hits)):
            stack = stack_of(pairs, phase + times * biased(pairs, strength))
            found = short_pair_bias.loop_strength(stack)
            seen.append(bool(short_pair_bias.detect_bias(found, {"right": ~like}, like).detected))
    assert 2 <= sum(alarms) <= 21
    assert sum(hits) > 180


def test_the_interval_of_a_strength_is_that_of_its_segments():
    """By hand: values 1, 2, 3 have the mean 2 and the standard error 1/√3."""
    values = xr.DataArray([1.0, 2.0, 3.0], dims="segment", attrs={"units": "mm year-1"})
    found = short_pair_bias.mean_strength(values)
    assert found.strength.item() == 2
    assert found.standard_error.item() == pytest.approx(3**-0.5)
    assert found.degrees_of_freedom.item() == 2


def rate_of(stack: xr.Dataset) -> xr.DataArray:
    model = temporal_models.linear_model(acquisition_dates(stack))
    found = invert(stack, weight="none", model=model, uncertainty=False)
    return found["parameters"].sel(parameter="rate", drop=True)


def test_a_chain_of_twelve_day_pairs_has_the_whole_false_rate():
    """Gain 1, the definition of the strength."""
    stack = stack_of(network(reach=1), np.ones((29, 2, 2)))
    gain = rate_of(short_pair_bias.with_false_phase(stack))
    np.testing.assert_allclose(gain, 1, rtol=1e-5)


def test_the_gain_takes_the_bias_off_the_rate_of_any_network():
    """A biased stack's rate minus gain times the strength that its loops show is the true rate."""
    pairs = network(40, reach=3)
    true = np.linspace(-12, 0, 36).reshape(6, 6)
    strength = np.full((6, 6), -9.0)
    years = short_pair_bias.time_span(pairs).values / 365.25
    stack = stack_of(pairs, np.multiply.outer(years, true) / MILLIMETRES + biased(pairs, strength))
    gain = rate_of(short_pair_bias.with_false_phase(stack))
    found = short_pair_bias.mean_strength(short_pair_bias.loop_strength(stack))
    assert 0.1 < gain.mean() < 0.6
    np.testing.assert_allclose(rate_of(stack) - gain * found.strength, true, atol=5e-3)


def test_the_bias_is_zero_on_stable_ground_and_claims_three_tenths_of_itself():
    """Segments that agree leave 30 % of 0.5 × (-8), the error of the published fading."""
    strength = xr.DataArray(np.tile([0.0, -8.0], (4, 1, 1)), dims=("segment", "y", "x"))
    stable = xr.DataArray([[True, False]], dims=("y", "x"))
    found = short_pair_bias.bias_of_rate(strength, xr.full_like(strength[0], 0.5), stable)
    np.testing.assert_allclose(found.bias, [[0, -4]])
    np.testing.assert_allclose(found.standard_error, [[0, 1.2]])


def maps(rate, error) -> xr.Dataset:
    about = {"long_name": "rate", "units": "mm year-1", "direction": VERTICAL}
    both = {"rate": rate, "rate_standard_error": error}
    return xr.Dataset(
        {name: (("y", "x"), np.atleast_2d(np.asarray(v, float)), about) for name, v in both.items()}
    )


def test_a_prior_is_weighed_by_variances_that_claim_the_bias():
    """By hand: σ₁² + s² = 1 + 3 = 4 and σ₂² = 4 meet in the middle, with the variance 2."""
    own, prior = maps([-8, -8], [1, 1]), maps([-4, np.nan], [2, np.nan])
    ground = xr.ones_like(own.rate, dtype=bool)
    bias = xr.full_like(own.rate, 3**0.5)
    found = bias_remedies.rate_with_prior(own, prior, ground, bias=bias)
    np.testing.assert_allclose(found.rate, [[-6, -8]])
    np.testing.assert_allclose(found.rate_standard_error**2, [[2, 4]])
    assert found.bias_spread.item() == pytest.approx(3**0.5)


def test_without_loops_the_bias_is_what_two_rates_differ_by_beyond_their_errors():
    """Simulated: a bias of 3 mm/a between pixels is found to a tenth, and none is found as none."""
    rng = np.random.default_rng(1)
    true, size = rng.normal(-6, 4, 20_000), 20_000
    for spread in (3.0, 0.0):
        own = maps(true + rng.normal(0, np.hypot(1, spread), size), np.ones(size))
        prior = maps(true + rng.normal(0, 2, size), np.full(size, 2.0))
        found = bias_remedies.rate_with_prior(own, prior, xr.ones_like(own.rate, dtype=bool))
        assert found.bias_spread.item() == pytest.approx(spread, abs=0.3)
        off = (found.rate - true) / found.rate_standard_error
        assert float(off.std()) == pytest.approx(1, abs=0.03)


def test_a_prior_without_bias_is_the_inversions_own():
    """`sbas.invert` with the prior, and the mean afterwards, of pixels of noise: to 1e-3 mm/a."""
    rng = np.random.default_rng(2)
    pairs = network(40)
    stack = stack_of(pairs, rng.normal(0, 0.5, (pairs.sizes["pair"], 3, 3)))
    model = temporal_models.linear_model(acquisition_dates(stack))
    alone = invert(stack, model=model)
    own = maps(
        alone.parameters.sel(parameter="rate"),
        alone.covariance.sel(parameter="rate", parameter_="rate") ** 0.5,
    )
    prior = maps(np.full((3, 3), -5.0), np.full((3, 3), 0.8))
    given_prior = xr.Dataset({"rate": prior.rate, "standard_error": prior.rate_standard_error})
    at = {"y": stack.y, "x": stack.x}
    inside = invert(stack, model=model, prior=given_prior.assign_coords(at))
    ground = xr.ones_like(own.rate, dtype=bool)
    after = bias_remedies.rate_with_prior(own, prior, ground, bias=xr.zeros_like(own.rate))
    found = inside.parameters.sel(parameter="rate").values
    np.testing.assert_allclose(after.rate.values, found, atol=1e-3)


def test_long_pairs_share_no_date_and_are_the_longest():
    """Of pairs of 360 and 720 days those of 720 come first, and no date is used twice."""
    day = np.datetime64("2016-10-01", "ns") + 360 * np.arange(6) * np.timedelta64(1, "D")
    ends = np.array([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 2)])
    pairs = xr.Dataset(
        coords={
            "reference_date": ("pair", day[ends[:, 0]]),
            "secondary_date": ("pair", day[ends[:, 1]]),
        }
    )
    kept = bias_remedies.long_pairs(pairs)
    assert kept.reference_date.values.tolist() == day[[3, 0]].tolist()
    with pytest.raises(InputError, match="900 days and longer that share no date is 0, expected 2"):
        bias_remedies.long_pairs(pairs, shortest=900)


def test_a_real_stack_of_one_year_shows_no_bias(real):
    """Mexico City: 24 loops of 30 pairs. What few noisy loops leave open is told, and no more."""
    source = open_archive(PROJECT / "data" / "real" / "kuparuk.toml")
    stack = source.load("sentinel1").compute()
    firm = short_pair_bias.firm_ground(stack.coherence.mean("pair"))
    strength = short_pair_bias.loop_strength(stack)
    found = short_pair_bias.detect_bias(strength, {"less coherent ground": ~firm}, firm)
    assert not found.detected.item()
    assert strength.attrs["loops"] == 24
    said = verdicts.bias_verdict(found)
    assert said.startswith("Loops of Sentinel-1's pairs show no significant bias of its rate (")


def test_verdicts_say_what_was_found_and_why_not():
    """Of a bias, of too few loops, and of a remedy that an archive does not allow."""
    about = {"units": "mm year-1"}
    found = xr.Dataset(
        {
            "strength": ("zone", [-1.58], about),
            "half_width": ("zone", [0.04], about),
            "detected": ("zone", [True]),
        },
        {"zone": ["less coherent ground"]},
    )
    assert verdicts.bias_verdict(found) == (
        "Loops of Sentinel-1's pairs show a bias of its rate: −1.58 ± 0.04 mm/a (95 %) on less "
        "coherent ground, relative to the most coherent."
    )
    assert "cannot tell: too few" in verdicts.bias_verdict(
        xr.Dataset(attrs={"left_out": "too few."})
    )
    told = verdicts.left_out_verdicts(xr.Dataset(attrs={"left_out": '{"loops": "too few."}'}))
    assert told == ["There is no rate by “loops”: too few."]


@pytest.fixture(scope="module")
def source(demo):
    return open_archive(demo)


@pytest.fixture(scope="module")
def every(source) -> xr.Dataset:
    return products.bias_remedies(source)


@pytest.fixture(scope="module")
def scores(source, every) -> xr.Dataset:
    """Errors of pixels on natural ground, from stable ground's zero."""
    truth = source.load_truth("sentinel1")
    stable = products.sentinel1_rates(source)["stable"]
    true = truth["vertical_rate"] - truth["vertical_rate"].where(stable).median()
    natural = ~covered(source.load("outlines"), true)
    kinds = {"all": natural, "wet": natural & class_zones(truth["land_cover"])["wet meadow"]}
    width = 1.96 * every["rate_standard_error"]
    return against_truth(every["rate"], true, half_width=width, zones=kinds)


def test_every_remedy_is_made_and_zero_on_stable_ground(source, every):
    """The demo allows all six; none is told as left out."""
    assert every["remedy"].values[0] == products.UNCORRECTED
    assert every.sizes["remedy"] == 6
    assert verdicts.left_out_verdicts(every) == ["The archive allows every remedy."]
    stable = products.sentinel1_rates(source)["stable"]
    np.testing.assert_allclose(every["rate"].where(stable).median(("y", "x")), 0, atol=1e-4)


def test_loops_correct_the_simulated_bias_and_their_intervals_claim_it(scores):
    """On wet ground the RMSE falls by a third at least, and 9 of 10 intervals cover the truth."""
    before, after = (scores.sel(remedy=name, zone="wet") for name in ("uncorrected", "loops"))
    assert after["rmse"] < 2 / 3 * before["rmse"]
    assert abs(after["mean_error"]) < abs(before["mean_error"]) / 3
    assert before["coverage"] < 0.8
    assert after["coverage"] > 0.9


def test_a_prior_and_known_noise_each_do_better_than_nothing(scores):
    """RMSE over all natural ground; known noise does better than the paper's plain matching."""
    rmse = scores["rmse"].sel(zone="all")
    assert rmse.sel(remedy="ALOS-2 as prior") < rmse.sel(remedy="uncorrected")
    assert rmse.sel(remedy="matching, noise known") < rmse.sel(remedy="matching")
    assert scores["coverage"].sel(zone="all", remedy="ALOS-2 as prior") > 0.9


def test_without_alos2_loops_remain_and_the_rest_is_told(demo, tmp_path):
    """A catalogue without the entry: its remedies are left out by name, pages show two versions."""
    folder = tmp_path / "without"
    shutil.copytree(demo, folder, copy_function=os.link)
    text = (folder / "catalogue.toml").read_text()
    alos2 = text[text.index("[alos2]") : text.index("[alos1]")]
    (folder / "catalogue.toml").unlink()
    (folder / "catalogue.toml").write_text(text.replace(alos2, ""))
    source = open_archive(folder)
    every = products.bias_remedies(source)
    assert every["remedy"].values.tolist() == ["uncorrected", "loops", "long pairs"]
    assert len(verdicts.left_out_verdicts(every)) == 3
    assert products.rate_versions(source)["version"].values.tolist() == ["uncorrected", "corrected"]
    versions = products.rate_versions(source, "matching")
    assert "is not corrected: " in verdicts.version_verdict(versions)
    with pytest.raises(InputError, match="remedy is 'prayer', expected one of uncorrected; loops"):
        products.rate_versions(source, "prayer")


def test_the_tribunals_table_is_of_every_remedy_and_says_which_one_the_book_takes(every):
    """Made by the bench: loops are nearest to the truth on each ground, and their errors hold."""
    table = pd.read_csv(PROJECT / "book" / "bias_tribunal.csv")
    assert set(table["remedy"]) == set(every["remedy"].values)
    error = table.set_index(["ground", "remedy"])["RMSE (mm/a)"].unstack("remedy")
    assert len(error) == 4
    assert (error["loops"] == error.min(axis=1)).all()
    covered = table.set_index("remedy")["coverage (%)"]
    assert covered["loops"].min() >= 90
