"""Sentinel-1 acquisitions, the pairs made of them, and the unwrapped phase of each pair."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from qilian_demo.climate import day_of_year
from qilian_demo.coherence import sample_interferogram, true_coherence
from qilian_demo.fields import correlated_field
from qilian_demo.scene import Cover, Scene
from qilian_demo.sensors import Sensor

FIRST_PASS, LAST_PASS = np.datetime64("2018-05-06"), np.datetime64("2020-05-25")
REPEAT_DAYS = 12
UNWRAPPING_ERROR_SHARE = 0.08


@dataclass(frozen=True)
class Acquisitions:
    """Passes of one track.

    Attributes
    ----------
    dates : numpy.ndarray
        Dates, shape (time,), datetime64[D].
    baselines : numpy.ndarray
        Perpendicular position of each pass relative to that of `prime`, shape (time,) [m].
    prime : int
        Index of the date that the others are resampled to.
    """

    dates: np.ndarray
    baselines: np.ndarray
    prime: int


@dataclass(frozen=True)
class Interferogram:
    """One unwrapped pair.

    Attributes
    ----------
    dates : tuple of numpy.datetime64
        Earlier and later acquisition.
    unwrapped_phase : numpy.ndarray
        Phase, positive away from the sensor, NaN on water, shape (y, x) [rad].
    coherence : numpy.ndarray
        Estimated coherence, shape (y, x) [1].
    """

    dates: tuple[np.datetime64, np.datetime64]
    unwrapped_phase: np.ndarray
    coherence: np.ndarray


def make_acquisitions(rng: np.random.Generator) -> Acquisitions:
    """Draw a record with every second winter pass left out, an outage and some lost passes.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the losses and of the orbit's wandering.

    Returns
    -------
    Acquisitions
        Between 30 and 45 dates.
    """
    passes = np.arange(FIRST_PASS, LAST_PASS, REPEAT_DAYS)
    day = day_of_year(passes)
    winter = (day > 305) | (day < 90)
    kept = ~(winter & (np.arange(passes.size) % 2 == 1))
    kept &= rng.random(passes.size) > 0.15
    outage = int(rng.integers(passes.size // 5, passes.size // 3))
    kept[outage : outage + 4] = False
    kept[0] = True
    dates = passes[kept]
    position = np.empty(dates.size)
    previous = 0.0
    for i, step in enumerate(rng.normal(0, 40, dates.size)):
        # The operator steers the satellite back: a random walk on a leash.
        previous = np.clip(0.5 * previous + step, -80, 80)
        position[i] = previous
    prime = int(np.argmin(np.abs(position)))
    return Acquisitions(dates, position - position[prime], prime)


def choose_pairs(dates: np.ndarray) -> np.ndarray:
    """Pair each date with the next two, with the third if near, and with one a year later.

    Parameters
    ----------
    dates : numpy.ndarray
        Acquisition dates in order, shape (time,).

    Returns
    -------
    numpy.ndarray
        Indices of the earlier and the later date, in order of time, shape (pair, 2).
    """
    pairs = []
    for first in range(dates.size):
        for second in range(first + 1, dates.size):
            days = int((dates[second] - dates[first]).astype(int))
            near = second - first <= 2 or (second - first == 3 and days <= 4 * REPEAT_DAYS)
            annual = first % 2 == 0 and abs(days - 366) <= REPEAT_DAYS // 2
            if near or annual:
                pairs.append((first, second))
    return np.array(pairs)


def pair_phase(date_phase: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Subtract the earlier date's phase from the later's, so that loops of pairs close.

    Parameters
    ----------
    date_phase : numpy.ndarray
        Phase of each date, shape (time, ...) [rad].
    pairs : numpy.ndarray
        Indices of the earlier and the later date, shape (pair, 2).

    Returns
    -------
    numpy.ndarray
        Phase of each pair, shape (pair, ...) [rad].
    """
    return date_phase[pairs[:, 1]] - date_phase[pairs[:, 0]]


def simulate_interferograms(
    rng: np.random.Generator,
    scene: Scene,
    sensor: Sensor,
    acquisitions: Acquisitions,
    date_phase: np.ndarray,
) -> Iterator[Interferogram]:
    """Make one pair after the other, so that memory holds one at a time.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of speckle and unwrapping errors.
    scene : Scene
        Grid and land cover.
    sensor : Sensor
        The radar.
    acquisitions : Acquisitions
        Dates and baselines.
    date_phase : numpy.ndarray
        Phase by deformation and delay at each date, shape (time, y, x) [rad].

    Yields
    ------
    Interferogram
        Phase and coherence of a pair.
    """
    firmness = np.exp(0.3 * correlated_field(rng, scene.shape, pixel=scene.pixel, length=1.5))
    water = scene.cover == Cover.WATER
    for pair in choose_pairs(acquisitions.dates):
        dates = tuple(acquisitions.dates[pair])
        baseline = float(np.diff(acquisitions.baselines[pair])[0])
        truth = true_coherence(sensor, scene.cover, firmness, dates, baseline)
        coherence, noise = sample_interferogram(rng, truth, sensor.looks)
        phase = pair_phase(date_phase, pair[np.newaxis])[0] + noise + _cycles(rng, scene, truth)
        yield Interferogram(dates, np.where(water, np.nan, phase), coherence)


def _cycles(rng: np.random.Generator, scene: Scene, coherence: np.ndarray) -> np.ndarray:
    """Whole cycles that unwrapping adds: one for the map, seldom one more for a patch."""
    cycles = np.full(scene.shape, float(rng.integers(-1, 2)))
    if rng.random() < UNWRAPPING_ERROR_SHARE:
        # The unwrapper slips where the coherence is low.
        slip = correlated_field(rng, scene.shape, pixel=scene.pixel, length=8.0)
        slip = slip - 2 * ndimage.gaussian_filter(coherence - coherence.mean(), 2.0)
        patches, count = ndimage.label(slip > np.quantile(slip, 0.85))
        sizes = ndimage.sum_labels(np.ones(scene.shape), patches, np.arange(1, count + 1))
        cycles[patches == 1 + np.argmax(sizes)] += rng.choice([-1.0, 1.0])
    return 2 * np.pi * cycles
