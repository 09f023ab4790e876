"""Noise that lasts from date to date is found, and intervals are as wide as it asks."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from qilian.insar import rates
from qilian.insar.memory import noise_memory, spread_out
from qilian.insar.sbas import invert, recorded
from qilian.insar.temporal_models import linear_model, periodic_model

DATES = xr.DataArray(
    np.datetime64("2016-01-03", "ns") + np.arange(60) * np.timedelta64(12, "D"), dims="time"
).assign_coords(time=lambda dates: dates.values)
MILLIMETRES = -1000 * 0.0555 / (4 * np.pi)


def lasting(rng: np.random.Generator, persistence: float, walk: float, pixels: int) -> np.ndarray:
    """Noise (date, pixel) of both kinds, each of mean variance 1 before it is shared out."""
    own = rng.standard_normal((DATES.size, pixels))
    for before, after in pairwise(own):
        after[:] = persistence * before + (1 - persistence**2) ** 0.5 * after
    steps = rng.standard_normal((DATES.size, pixels)).cumsum(axis=0)
    return (1 - walk) ** 0.5 * own + walk**0.5 * steps / steps.std(axis=0).mean()


def fitted(noise: np.ndarray, model: xr.DataArray) -> xr.Dataset:
    moved = xr.DataArray(noise[..., np.newaxis], {"time": DATES.time}, ("time", "y", "x"))
    return rates.fit_series(moved, model).assign(displacement=moved, model=model)


@pytest.mark.parametrize(
    ("persistence", "walk"), [(0, 0), (0.6, 0), (0.75, 0), (0, 0.2), (0, 0.6), (0.6, 0.3)]
)
def test_the_memory_that_noise_was_given_is_found(persistence, walk):
    noise = lasting(np.random.default_rng(2), persistence, walk, 400)
    found = noise_memory(fitted(noise, linear_model(DATES)))
    assert found.persistence.item() == pytest.approx(persistence, abs=0.12)
    assert found.walk.item() == pytest.approx(walk, abs=0.12)


@pytest.mark.parametrize("persistence", [0.0, 0.75])
def test_what_memory_means_is_what_simulation_scatters(persistence):
    """Variances of rate, season and displacement, relative to the mean square of the residuals."""
    model = periodic_model(DATES)
    noise = lasting(np.random.default_rng(3), persistence, 0, 20_000)
    few = fitted(noise[:, :400], model)
    found, fit = noise_memory(few), fitted(noise, model)
    residual = fit.displacement - model.rename(None).dot(fit.parameters, "parameter")
    square = (residual**2).sum("time").mean() / (DATES.size - model.sizes["parameter"])
    white = np.diag(np.linalg.inv(model.values.T @ model.values))
    scattered = (fit.parameters**2).mean(("y", "x")) / square / white
    assert np.allclose(scattered[1:], found.parameter_variance[1:], rtol=0.25)
    since_first = ((fit.displacement - fit.displacement[0]) ** 2).mean(("y", "x")) / square
    assert np.allclose(since_first[1:], found.displacement_variance[1:], rtol=0.12)
    spread = (residual**2).sum("time")
    left = 2 * spread.mean() ** 2 / spread.var()
    assert found.degrees_of_freedom.item() == pytest.approx(left.item(), rel=0.15)


def test_where_nothing_tells_the_memory_noise_is_taken_to_be_independent():
    """Too few pixels, too few dates: plain least squares, and the memory is unknown."""
    rng = np.random.default_rng(4)
    model = linear_model(DATES)
    for noise, of in (
        (rng.standard_normal((60, 9)), model),
        (rng.standard_normal((60, 99)) * np.where(np.arange(60) == 7, np.nan, 1)[:, None], model),
    ):
        found = noise_memory(fitted(noise, of))
        assert np.isnan(found.persistence)
        assert np.isnan(found.walk)
        assert np.allclose(found.parameter_variance, 1)
        assert np.allclose(found.displacement_variance[1:], 2)
        assert found.degrees_of_freedom.item() == pytest.approx(58)


def images(rng: np.random.Generator, delay: float, pixels: int) -> xr.Dataset:
    """Pairs of three neighbours in time, formed from one stack of images of still ground.

    Twenty looks at scatterers whose coherence falls from 0.95 with 40 days towards 0.3.
    """
    days = 12 * np.arange(DATES.size)
    coherence = 0.3 + 0.65 * np.exp(-abs(days[:, np.newaxis] - days) / 40)
    np.fill_diagonal(coherence, 1)
    shape = (DATES.size, pixels, 20)
    drawn = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    image = np.einsum("ij,jpl->ipl", np.linalg.cholesky(coherence), drawn)
    first, second = np.array(
        [(i, j) for i in range(DATES.size) for j in range(i + 1, min(DATES.size, i + 4))]
    ).T
    product = (image[second] * image[first].conj()).sum(axis=-1)
    power = (abs(image[second]) ** 2).sum(axis=-1) * (abs(image[first]) ** 2).sum(axis=-1)
    sky = delay / abs(MILLIMETRES) * rng.standard_normal((DATES.size, pixels))
    phase = np.angle(product) + sky[second] - sky[first]
    return xr.Dataset(
        {
            "unwrapped_phase": (("pair", "y", "x"), phase[..., np.newaxis].astype("f4")),
            "coherence": (
                ("pair", "y", "x"),
                (abs(product) / power**0.5)[..., np.newaxis].astype("f4"),
            ),
            "wavelength": 0.0555,
        },
        {
            "reference_date": ("pair", DATES.values[first]),
            "secondary_date": ("pair", DATES.values[second]),
        },
    )


def coverage(result: xr.Dataset) -> tuple[float, float]:
    """Shares of the 95 % intervals of rate and displacement that hold 0."""
    dof = result.degrees_of_freedom
    wide = rates.half_width(np.sqrt(result.covariance[1, 1]), dof)
    of_rate = abs(result.parameters[1]) <= wide
    reach = rates.half_width(result.standard_error[1:], dof)
    return float(of_rate.mean()), float((abs(result.displacement[1:]) <= reach).mean())


@pytest.mark.slow
@pytest.mark.parametrize("delay", [2.0, 6.0])
def test_intervals_hold_the_truth_where_pairs_share_their_images(delay):
    """Loops nearly close there, so that the residuals of pairs say too little."""
    stack, model = images(np.random.default_rng(5), delay, 900), periodic_model(DATES)
    stack = stack.assign_coords(y=np.arange(900), x=[0])
    arguments = {"model": model, "screen_loops": False}
    memory = noise_memory(invert(stack.isel(y=slice(400)), **arguments))
    without, within = (coverage(invert(stack, **arguments, memory=each)) for each in (None, memory))
    assert without[0] < 0.88
    assert all(0.93 <= share <= 0.97 for share in within)


def test_memory_widens_intervals_and_moves_no_estimate():
    stack, model = images(np.random.default_rng(6), 3, 100), periodic_model(DATES)
    stack = stack.assign_coords(y=np.arange(100), x=[0])
    plain = invert(stack, model=model)
    wider = invert(stack, model=model, memory=noise_memory(plain))
    xr.testing.assert_equal(plain.displacement, wider.displacement)
    xr.testing.assert_equal(plain.parameters, wider.parameters)
    assert (wider.standard_error >= plain.standard_error).all()
    assert (wider.degrees_of_freedom <= plain.degrees_of_freedom).all()
    assert np.linalg.eigvalsh(wider.covariance[..., 5, 0]).min() > 0


def test_a_program_recorded_once_serves_every_memory_of_its_network_each_by_its_own_numbers():
    """Also side by side; four times the variance is twice the standard error."""
    stack, model = images(np.random.default_rng(6), 3, 30), periodic_model(DATES)
    stack = stack.assign_coords(y=np.arange(30), x=[0])
    found = noise_memory(invert(stack, model=model))
    found["displacement_variance"] = 50 + 0 * found.displacement_variance  # beyond the pairs' noise
    many = found.assign(displacement_variance=4 * found.displacement_variance)
    before = recorded._recorded.cache_info().misses
    with ThreadPoolExecutor(2) as pool:
        once, twice, again = pool.map(
            lambda memory: invert(stack, model=model, memory=memory), [found, many, found]
        )
    xr.testing.assert_equal(once, again)
    np.testing.assert_allclose(twice.standard_error[1:], 2 * once.standard_error[1:], rtol=1e-6)
    invert(stack, model=model, memory=many)
    assert recorded._recorded.cache_info().misses - before <= 2  # threads that begin together


def test_pixels_are_spread_over_the_whole_scene():
    scene = xr.Dataset(coords={"y": np.arange(180), "x": np.arange(524)})
    few = spread_out(scene)
    assert 300 < few.sizes["y"] * few.sizes["x"] < 500
    assert few.y[0] < 20
    assert few.x[-1] > 500
    assert spread_out(scene.isel(y=slice(3), x=slice(4))).sizes == {"y": 3, "x": 4}
