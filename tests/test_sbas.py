"""The inversion against closed forms, plain least squares, and what other tools get wrong."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from qilian.contracts.errors import InputError
from qilian.insar import network, temporal_models
from qilian.insar.sbas import invert

WAVELENGTH = 0.0555
MILLIMETRES = -1000 * WAVELENGTH / (4 * np.pi)  # of one radian, towards the sensor
PLAIN = {"screen_loops": False, "uncertainty": False}


def nearest(dates: int, reach: int = 3) -> list[tuple[int, int]]:
    """Pairs of each date with the next few."""
    return [(i, j) for i in range(dates) for j in range(i + 1, min(dates, i + reach + 1))]


def days(index) -> np.ndarray:
    return np.datetime64("2016-01-03", "ns") + np.asarray(index) * np.timedelta64(12, "D")


def stacked(pairs, phase, coherence=None) -> xr.Dataset:
    """A stack of one row from phases (pair, pixel) [rad]."""
    first, second = np.array(pairs).T
    dims = ("pair", "y", "x")
    data = {"unwrapped_phase": (dims, np.asarray(phase, "float32")[:, np.newaxis])}
    if coherence is not None:
        data["coherence"] = dims, np.asarray(coherence, "float32")[:, np.newaxis]
    return xr.Dataset(
        {**data, "wavelength": ((), WAVELENGTH)},
        {
            "reference_date": ("pair", days(first)),
            "secondary_date": ("pair", days(second)),
            "y": [0.0],
            "x": np.arange(np.shape(phase)[1], dtype=float),
        },
    )


def design(pairs, dates: int) -> np.ndarray:
    matrix = np.zeros((len(pairs), dates))
    for row, (i, j) in enumerate(pairs):
        matrix[row, i], matrix[row, j] = -1, 1
    return matrix


def series(result) -> np.ndarray:
    """Displacement in radians, (date, pixel)."""
    return result["displacement"].values[:, 0] / MILLIMETRES


def noisy(rng, pairs, dates: int, pixels: int, missing=0.05, noise=0.3):
    """Phases of a wandering ground with noise and gaps, and coherences; (pair, pixel)."""
    ground = np.cumsum(rng.normal(0, 1, (dates, pixels)), axis=0)
    phase = design(pairs, dates) @ ground + rng.normal(0, noise, (len(pairs), pixels))
    phase[rng.random(phase.shape) < missing] = np.nan
    return phase.astype("float32"), rng.uniform(0.1, 0.95, phase.shape).astype("float32")


# Closed forms and signs


def test_the_ground_that_moves_away_by_half_a_wavelength_turns_the_phase_once():
    """A whole cycle of phase is half a wavelength away from the sensor, hence negative."""
    result = invert(stacked([(0, 1)], [[2 * np.pi]]), weight="none")
    np.testing.assert_allclose(result["displacement"][1].item(), -1000 * WAVELENGTH / 2, rtol=1e-6)


def test_a_triangle_splits_its_misclosure_by_the_inverse_of_its_weights():
    """Three pairs of weights a, b, c with misclosure m: each takes m over its weight's share."""
    weights = np.array([[2.0], [3.0], [5.0]])
    phase = np.array([[1.0], [2.0], [3.9]])
    stack = stacked([(0, 1), (1, 2), (0, 2)], phase)
    weight = stack["unwrapped_phase"].copy(data=weights[:, np.newaxis].astype("float32"))
    found = series(invert(stack, weight=weight, **PLAIN))[:, 0]
    misclosure = 1.0 + 2.0 - 3.9
    share = misclosure / (1 / weights).sum() / weights[:, 0]
    np.testing.assert_allclose(found[1], 1.0 - share[0], atol=1e-6)
    np.testing.assert_allclose(found[2], 3.9 + share[2], atol=1e-6)


@pytest.mark.parametrize("weight", ["none", "coherence", "fisher"])
def test_every_pixel_agrees_with_plain_least_squares_on_its_own_pairs(weight):
    """Within 2e-6 rad of numpy.linalg.lstsq in double precision, annual pairs among them."""
    rng = np.random.default_rng(1)
    dates = 70
    pairs = nearest(dates) + [(i, i + 30) for i in range(0, 40, 4)]
    phase, coherence = noisy(rng, pairs, dates, 200)
    found = series(invert(stacked(pairs, phase, coherence), weight=weight, **PLAIN))
    g = np.clip(coherence.astype(float), 0.05, 0.999)
    worth = {"none": np.ones_like(g), "coherence": g, "fisher": g**2 / (1 - g**2)}[weight]
    for pixel in range(200):
        there = np.isfinite(phase[:, pixel])
        root = np.sqrt(worth[there, pixel])
        matrix = design(pairs, dates)[there][:, 1:] * root[:, np.newaxis]
        right = phase[there, pixel].astype(float) * root
        expected, _, rank, _ = np.linalg.lstsq(matrix, right)
        if rank == dates - 1:
            np.testing.assert_allclose(found[1:, pixel], expected, atol=4e-6)


def test_complete_and_equally_weighted_pixels_share_a_factorisation_and_change_nothing():
    """The path of one factorisation gives what the path of many gives, errors included."""
    rng = np.random.default_rng(2)
    pairs = nearest(30)
    phase, _ = noisy(rng, pairs, 30, 300, missing=0)
    stack = stacked(pairs, phase)
    ones = xr.ones_like(stack["unwrapped_phase"])
    model = temporal_models.periodic_model(network.acquisition_dates(stack))
    shared = invert(stack, weight="none", model=model)
    xr.testing.assert_allclose(shared, invert(stack, weight=ones, model=model), rtol=1e-5)


# Invariants


@settings(max_examples=settings().max_examples // 4)
@given(st.integers(0, 2**32 - 1))
def test_invariants(seed):
    """Pair order, sign, scale, a date's own constant, and a weight of zero act as they must."""
    rng = np.random.default_rng(seed)
    dates = int(rng.integers(4, 12))
    pairs = nearest(dates)
    phase, coherence = noisy(rng, pairs, dates, 5, missing=0.1)
    shift = np.zeros(dates)
    shift[1:] = rng.normal(0, 3, dates - 1)
    moved = phase + (design(pairs, dates) @ shift)[:, np.newaxis]
    # Pixels know nothing of one another, so that one stack serves all that is done to phases.
    beside = stacked(
        pairs, np.hstack([phase, -phase, 4 * phase, moved]), np.tile(coherence, (1, 4))
    )
    found, turned, larger, shifted = np.split(series(invert(beside, **PLAIN)), 4, axis=1)
    close = {"atol": 2e-5, "equal_nan": True}

    order = rng.permutation(len(pairs))
    shuffled = stacked([pairs[k] for k in order], phase[order], coherence[order])
    np.testing.assert_allclose(series(invert(shuffled, **PLAIN)), found, **close)
    np.testing.assert_allclose(turned, -found, **close)
    np.testing.assert_allclose(larger, 4 * found, atol=1e-4)
    np.testing.assert_allclose(shifted, found + shift[:, np.newaxis], **close)
    row = int(rng.integers(len(pairs)))
    weight = coherence.copy()
    weight[row] = 0
    without = phase.copy()
    without[row] = np.nan
    stack = stacked(pairs, phase)
    given_weight = stack["unwrapped_phase"].copy(data=weight[:, np.newaxis])
    removed = invert(stacked(pairs, without, coherence), weight="coherence", **PLAIN)
    clipped = xr.where(given_weight > 0, given_weight.clip(0.05, 0.999), 0)
    np.testing.assert_array_equal(
        series(invert(stack, weight=clipped.transpose("pair", "y", "x"), **PLAIN)), series(removed)
    )


def test_blocks_of_a_lazy_stack_give_the_same_as_the_whole_in_memory():
    """Splitting the scene changes no bit."""
    rng = np.random.default_rng(3)
    pairs = nearest(20)
    phase, coherence = noisy(rng, pairs, 20, 210)
    flat = stacked(pairs, phase, coherence)
    names = ["unwrapped_phase", "coherence"]
    stack = (
        flat.drop_vars([*names, "y", "x"])
        .assign(
            {n: (("pair", "y", "x"), flat[n].values.reshape(len(pairs), 14, 15)) for n in names}
        )
        .assign_coords(y=np.arange(14.0), x=np.arange(15.0))
    )
    model = temporal_models.linear_model(network.acquisition_dates(stack))
    whole = invert(stack, model=model)
    lazy = invert(stack.chunk(pair=20, y=5, x=8), model=model)
    assert lazy["displacement"].chunks is not None
    xr.testing.assert_identical(whole, lazy.compute())


# A network that falls apart


def test_dates_that_no_pair_ties_to_the_first_are_missing_and_counted():
    """Dates 3 and 4 are tied to one another only; a pixel that lacks nothing beside it is whole."""
    pairs = nearest(5, 2)
    phase = np.ones((len(pairs), 2), "float32")
    cut = [k for k, (i, j) in enumerate(pairs) if i < 3 <= j]
    phase[cut, 0] = np.nan
    result = invert(stacked(pairs, phase), weight="none")
    assert np.isnan(result["displacement"].values[:, 0, 0]).tolist() == [0, 0, 0, 1, 1]
    assert np.isfinite(result["displacement"].values[:, 0, 1]).all()
    assert result["pieces"].values.tolist() == [[1, 0]]


def test_a_first_date_without_pairs_leaves_nothing_to_refer_to():
    """MintPy gives such a pixel a wrong reference and temporal coherence 0.97; here none."""
    pairs = nearest(6)
    rng = np.random.default_rng(4)
    phase, coherence = noisy(rng, pairs, 6, 1, missing=0)
    phase[[k for k, (i, _) in enumerate(pairs) if i == 0]] = np.nan
    result = invert(stacked(pairs, phase, coherence))
    assert np.isnan(result["displacement"].values[1:]).all()
    assert np.isnan(result["standard_error"].values[1:]).all()


def test_an_isolated_date_in_the_middle_costs_itself_alone():
    """MintPy zeroes the whole pixel."""
    pairs = nearest(7)
    rng = np.random.default_rng(5)
    phase, coherence = noisy(rng, pairs, 7, 1, missing=0)
    phase[[k for k, ends in enumerate(pairs) if 3 in ends]] = np.nan
    kept = [k for k, ends in enumerate(pairs) if 3 not in ends]
    result = series(invert(stacked(pairs, phase, coherence), **PLAIN))
    others = [0, 1, 2, 4, 5, 6]
    expected = series(
        invert(stacked([pairs[k] for k in kept], phase[kept], coherence[kept]), **PLAIN)
    )
    np.testing.assert_allclose(result[others], expected, atol=1e-6)
    assert np.isnan(result[3]).all()


def test_a_pixel_without_any_pair_is_missing_and_costs_its_neighbours_nothing():
    """A batch of numpy.linalg.solve would raise for all."""
    pairs = nearest(5)
    rng = np.random.default_rng(6)
    phase, coherence = noisy(rng, pairs, 5, 3, missing=0)
    alone = invert(stacked(pairs, phase[:, [0, 2]], coherence[:, [0, 2]]))
    phase[:, 1] = np.nan
    result = invert(stacked(pairs, phase, coherence))
    assert result["displacement"].isel(x=1).isnull().all()
    assert result["pairs"].values[0].tolist() == [len(pairs), 0, len(pairs)]
    np.testing.assert_array_equal(
        result["displacement"].isel(x=[0, 2]).values, alone["displacement"].values
    )


def test_a_phase_of_exactly_zero_is_a_measurement():
    """MintPy takes it for missing."""
    pairs = [(0, 1), (1, 2), (0, 2)]
    result = invert(stacked(pairs, [[0.0], [0.0], [0.6]]), weight="none")
    np.testing.assert_allclose(series(result)[:, 0], [0, 0.2, 0.4], atol=1e-6)
    assert result["pairs"].item() == 3


def test_more_coherent_pairs_count_more_and_a_gap_in_one_pair_is_no_gap_in_the_series():
    """The correlation weights of dolphin go the other way, and drop a pixel missing in any pair."""
    pairs = [(0, 1), (1, 2), (0, 2)]
    coherence = [[0.9], [0.9], [0.2]]
    result = series(invert(stacked(pairs, [[1.0], [1.0], [3.0]], coherence), **PLAIN))
    assert abs(result[2, 0] - 2.0) < 0.1
    result = series(invert(stacked(pairs, [[1.0], [np.nan], [3.0]], coherence), **PLAIN))
    np.testing.assert_allclose(result[:, 0], [0, 1, 3], atol=1e-6)


def test_a_coherence_that_is_missing_leaves_the_pair_out():
    """Weight unknown, pair unused."""
    pairs = [(0, 1), (1, 2), (0, 2)]
    result = invert(stacked(pairs, [[1.0], [1.0], [9.0]], [[0.9], [0.9], [np.nan]]), **PLAIN)
    np.testing.assert_allclose(series(result)[:, 0], [0, 1, 2], atol=1e-6)
    assert result["pairs"].item() == 2


def test_a_network_without_redundancy_has_no_temporal_coherence_and_no_errors():
    """A spanning tree fits its pairs exactly, which says nothing about them."""
    result = invert(stacked([(0, 1), (1, 2)], [[1.0], [1.0]]), weight="none")
    assert np.isnan(result["temporal_coherence"].item())
    assert np.isnan(result["standard_error"].values).all()
    assert np.isfinite(result["displacement"].values).all()


def test_temporal_coherence_is_the_length_of_the_mean_of_the_residuals_on_the_circle():
    """Against complex exponentials of residuals that numpy computes, far-off pairs among them."""
    rng = np.random.default_rng(7)
    pairs = nearest(15)
    phase, coherence = noisy(rng, pairs, 15, 40, noise=1.5)
    result = invert(stacked(pairs, phase, coherence), screen_loops=False)
    residual = phase - design(pairs, 15) @ series(result)
    there = np.isfinite(residual)
    turned = np.where(there, np.exp(1j * np.where(there, residual, 0)), 0)
    expected = np.abs(turned.sum(0)) / there.sum(0)
    whole = result["pieces"].values[0] == 0
    np.testing.assert_allclose(
        result["temporal_coherence"].values[0][whole], expected[whole], atol=2e-5
    )
    rms = np.sqrt(np.nanmean(residual**2, axis=0)) * abs(MILLIMETRES)
    np.testing.assert_allclose(result["residual"].values[0][whole], rms[whole], rtol=1e-4)


# The temporal model


def joint(pairs, model, phase, weight, constraint) -> tuple[np.ndarray, np.ndarray]:
    """Solve interferograms and model rows of one pixel together by numpy.linalg.lstsq."""
    dates, parameters = model.shape
    there = np.isfinite(phase)
    above = np.hstack([design(pairs, dates)[there][:, 1:], np.zeros((there.sum(), parameters))])
    below = np.hstack([-np.eye(dates)[:, 1:], model])
    root = np.sqrt(weight[there])
    rows = np.vstack(
        [above * root[:, np.newaxis], below * constraint * np.sqrt(weight[there].mean())]
    )
    right = np.concatenate([phase[there] * root, np.zeros(dates)])
    solution = np.linalg.lstsq(rows, right, rcond=1e-14)[0]
    return np.concatenate([[0], solution[: dates - 1]]), solution[dates - 1 :]


@pytest.mark.parametrize("constraint", [1e-3, 0.1, 1.0])
def test_model_rows_do_what_they_do_in_plain_least_squares(constraint):
    """Series and parameters agree with one dense system of pairs and rows, bridged pixels too."""
    rng = np.random.default_rng(8)
    dates = 40
    pairs = nearest(dates, 2)
    phase, coherence = noisy(rng, pairs, dates, 30)
    phase[[k for k, (i, j) in enumerate(pairs) if i < 20 <= j], :10] = np.nan
    stack = stacked(pairs, phase, coherence)
    model = temporal_models.periodic_model(network.acquisition_dates(stack))
    result = invert(
        stack, weight="coherence", model=model, constraint=constraint, screen_loops=False
    )
    found, parameters = series(result), result["parameters"].values[:, 0] / MILLIMETRES
    for pixel in range(30):
        weight = np.clip(coherence[:, pixel].astype(float), 0.05, 0.999)
        x, m = joint(pairs, model.values, phase[:, pixel].astype(float), weight, constraint)
        np.testing.assert_allclose(found[:, pixel], x, atol=2e-5 * max(1, np.abs(x).max()))
        np.testing.assert_allclose(parameters[:, pixel], m, atol=2e-5 * max(1, np.abs(m).max()))


def test_a_weak_model_bridges_a_torn_network_and_says_so():
    """On ground that follows the model the gap closes exactly, and the dates beyond are flagged."""
    dates = 30
    pairs = nearest(dates, 2)
    stack = stacked(pairs, np.zeros((len(pairs), 2)))
    model = temporal_models.linear_model(network.acquisition_dates(stack))
    ground = 4.0 * model.values[:, 1]
    phase = np.repeat((design(pairs, dates) @ ground)[:, np.newaxis], 2, axis=1)
    phase[[k for k, (i, j) in enumerate(pairs) if i < 12 <= j], 0] = np.nan
    result = invert(stacked(pairs, phase), weight="none", model=model)
    np.testing.assert_allclose(series(result)[:, 0], ground, atol=1e-4)
    assert result["bridged"].values[:, 0].sum(axis=0).tolist() == [18, 0]
    assert np.isnan(result["standard_error"].values[12:, 0, 0]).all()
    assert (result["standard_error"].values[:, 0, 1] < 1e-2).all()


def test_a_model_that_too_few_pairs_determine_bridges_nothing():
    """Up to two pairs leave a rate and a wave open; three fix them, and offer no error."""
    pairs = nearest(30)
    rng = np.random.default_rng(13)
    phase, coherence = noisy(rng, pairs, 30, 5, missing=0)
    for pixel, few in enumerate(range(4)):
        kept = rng.choice(len(pairs), few, replace=False)
        phase[np.setdiff1d(np.arange(len(pairs)), kept), pixel] = np.nan
    stack = stacked(pairs, phase, coherence)
    result = invert(
        stack,
        model=temporal_models.periodic_model(network.acquisition_dates(stack)),
        screen_loops=False,
    )
    assert result["parameters"].isel(x=slice(3)).isnull().all()
    assert not result["bridged"].isel(x=slice(3)).any()
    assert result["displacement"].isel(x=0).isnull().all()
    assert result["parameters"].isel(x=3).notnull().all()
    assert result["covariance"].isel(x=3).isnull().all()
    assert result["covariance"].isel(x=4).notnull().all()


def test_a_weak_model_leaves_tied_dates_to_their_pairs():
    """Ground that does not follow the model comes out as it is, to a hundredth of a millimetre."""
    rng = np.random.default_rng(9)
    pairs = nearest(60)
    phase, coherence = noisy(rng, pairs, 60, 50, missing=0)
    stack = stacked(pairs, phase, coherence)
    with_model = invert(
        stack,
        model=temporal_models.periodic_model(network.acquisition_dates(stack)),
        screen_loops=False,
    )
    without = invert(stack, screen_loops=False)
    difference = with_model["displacement"] - without["displacement"]
    assert float(abs(difference).max()) < 0.01


def test_a_prior_pulls_the_rate_by_the_inverse_of_its_variance():
    """The combined rate and error are those of two independent estimates."""
    rng = np.random.default_rng(10)
    pairs = nearest(40)
    phase, coherence = noisy(rng, pairs, 40, 20, missing=0)
    stack = stacked(pairs, phase, coherence)
    model = temporal_models.linear_model(network.acquisition_dates(stack))
    alone = invert(stack, model=model)
    grid = (("y", "x"), np.full((1, 20), -12.0)), (("y", "x"), np.full((1, 20), 1.5))
    prior = xr.Dataset(
        dict(zip(("rate", "standard_error"), grid, strict=True)), {"y": stack.y, "x": stack.x}
    )
    prior["rate"][0, 0] = np.nan
    joined = invert(stack, model=model, prior=prior)
    rate, variance = alone["parameters"][1], alone["covariance"][1, 1]
    expected = (rate / variance - 12 / 1.5**2) / (1 / variance + 1 / 1.5**2)
    np.testing.assert_allclose(joined["parameters"][1, 0, 1:], expected[0, 1:], rtol=1e-4)
    np.testing.assert_allclose(
        joined["covariance"][1, 1, 0, 1:], 1 / (1 / variance + 1 / 1.5**2)[0, 1:], rtol=1e-4
    )
    np.testing.assert_array_equal(joined["parameters"][:, 0, 0], alone["parameters"][:, 0, 0])


# Loops


def test_one_wrong_pair_that_others_check_is_all_that_is_dropped():
    """A cycle too many in one pair goes with that pair; without screening it spoils the series."""
    rng = np.random.default_rng(11)
    dates = 12
    pairs = nearest(dates)
    phase, coherence = noisy(rng, pairs, dates, len(pairs), missing=0, noise=0.05)
    clean = series(invert(stacked(pairs, phase, coherence), **PLAIN))
    wrong = phase + 2 * np.pi * np.eye(len(pairs), dtype="float32")
    result = invert(stacked(pairs, wrong, coherence), uncertainty=False)
    assert result["dropped"].values[0].tolist() == [1] * len(pairs)
    assert np.abs(series(result) - clean).max() < 0.4
    spoiled = invert(stacked(pairs, wrong, coherence), **PLAIN)
    assert np.abs(series(spoiled) - clean).max() > 1


def test_loops_that_close_cost_nothing():
    """On phases within half a cycle the screening changes no bit."""
    rng = np.random.default_rng(12)
    pairs = nearest(12)
    phase, coherence = noisy(rng, pairs, 12, 50, noise=0.1)
    stack = stacked(pairs, phase, coherence)
    xr.testing.assert_identical(invert(stack), invert(stack, screen_loops=False))


# Bad input


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"weight": "variance"}, r"^weight is 'variance', expected one of none, coherence, fisher"),
        ({"weight": "fisher"}, "has no coherence"),
        ({"weight": "none", "constraint": 0.0}, "^constraint is 0.0, expected more than 0"),
        ({"weight": "none", "prior": xr.Dataset()}, "expected a model and uncertainty"),
    ],
)
def test_an_option_out_of_range_is_named_in_one_sentence(options, sentence):
    with pytest.raises(InputError, match=sentence):
        invert(stacked([(0, 1)], [[1.0]]), **options)


def test_a_model_of_other_dates_is_refused():
    stack = stacked([(0, 1), (1, 2)], [[1.0], [1.0]])
    model = temporal_models.linear_model(
        network.acquisition_dates(stacked([(0, 1), (1, 3)], [[1.0], [1.0]]))
    )
    with pytest.raises(InputError, match=r"^model is at 3 dates, expected the stack's dates\.$"):
        invert(stack, weight="none", model=model)


def test_phases_without_a_common_reference_are_refused():
    stack = stacked([(0, 1)], [[1.0]]).assign_attrs(phase_reference="each pair its own pixel")
    with pytest.raises(InputError, match="expected corrections with a reference area"):
        invert(stack, weight="none")
