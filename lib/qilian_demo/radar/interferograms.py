"""One radar over the scene: the phase and coherence of any pair of its dates."""

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from qilian_demo.air.climate import Climate
from qilian_demo.ground.deformation import Deformation, phase_away, range_increase, vertical_change
from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.history import ground_course
from qilian_demo.ground.scene import Scene
from qilian_demo.radar.atmosphere import ionospheric_delay, slant_delay
from qilian_demo.radar.coherence import sample_interferogram, true_coherence
from qilian_demo.radar.fading import bias_share
from qilian_demo.radar.images import ImageStack
from qilian_demo.radar.sensors import Sensor, line_of_sight
from qilian_demo.streams import stream

UNWRAPPING_ERROR_SHARE = 0.04
DELAYS_KEPT = 8

Dates = tuple[np.datetime64, np.datetime64]


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

    dates: Dates
    unwrapped_phase: np.ndarray
    coherence: np.ndarray


class Track:
    """One radar on one track over the ground.

    Each pair and each date draws from a stream of its own, so that pairs may be made in any
    order, and memory holds a few maps however many there are.

    Parameters
    ----------
    seed : int
        Seed of the archive.
    sensor : Sensor
        The radar.
    scene : Scene
        Grid, height and land cover.
    deformation : Deformation
        Motion of the ground on the same grid.
    climate : Climate
        Weather that drives the thaw.
    bias : numpy.ndarray, optional
        Vertical rate that twelve-day pairs show beside the true one, shape (y, x) [mm a-1].
    delay_memory : float
        Correlation of the weather with that of twelve days before [1].
    """

    def __init__(
        self,
        seed: int,
        sensor: Sensor,
        scene: Scene,
        deformation: Deformation,
        climate: Climate,
        bias: np.ndarray | None = None,
        delay_memory: float = 0.0,
    ) -> None:
        self.sensor, self.scene = sensor, scene
        self.unit_vector = line_of_sight(sensor, scene.grid)
        self._seed, self._deformation, self._bias = seed, deformation, bias
        self._delay_memory = delay_memory
        self._course = ground_course(climate)
        self._land = scene.has_phase()
        firmness = correlated_field(self._stream(), scene.shape, pixel=scene.pixel, length=1.5)
        self._firmness = np.exp(0.3 * firmness)
        self._delay = lru_cache(DELAYS_KEPT)(self._draw_delay)

    def interferogram(self, dates: Dates, baseline: float) -> Interferogram:
        """Make the pair of two dates from images of its own, given its baseline [m]."""
        rng = self._stream(*dates)
        cover = self.scene.cover_at(dates[1])
        truth = true_coherence(self.sensor, cover, self._firmness, dates, baseline)
        return self._unwrapped(rng, dates, sample_interferogram(rng, truth, self.sensor.looks))

    def interferogram_of(self, images: ImageStack, dates: Dates) -> Interferogram:
        """Make the pair of two images of a stack."""
        return self._unwrapped(self._stream(*dates), dates, images.pair(*dates))

    def images(self, executor: Executor) -> ImageStack:
        """Start a stack of images, of the land cover since the mines opened."""
        return ImageStack(self.sensor, self.scene.cover, self._firmness, self._stream, executor)

    def _unwrapped(
        self, rng: np.random.Generator, dates: Dates, sample: tuple[np.ndarray, np.ndarray]
    ) -> Interferogram:
        coherence, noise = sample
        delay = self._delay(dates[1]) - self._delay(dates[0])
        phase = self.motion_phase(dates) + phase_away(delay, self.sensor.wavelength)
        phase = phase + noise + _cycles(rng, self.scene, coherence)
        return Interferogram(dates, np.where(self._land, phase, np.nan), coherence)

    def motion_phase(self, dates: Dates) -> np.ndarray:
        """Phase by the ground's motion and the bias of short pairs alone, shape (y, x) [rad]."""
        vertical = vertical_change(self._deformation, self._course.at(np.array(dates)), 0, 1)
        days = float((dates[1] - dates[0]).astype(int))
        if self._bias is not None:
            vertical = vertical + bias_share(days) * days / 365.25 * self._bias
        return phase_away(range_increase(vertical, self.unit_vector[2]), self.sensor.wavelength)

    def _draw_delay(self, date: np.datetime64) -> np.ndarray:
        up = self.unit_vector[2]
        delay = slant_delay(self._stream, self.scene, date, up, self._delay_memory)
        if self.sensor.band == "L":  # at C band it is below half a millimetre
            electrons = self._stream("electrons", date)
            delay += ionospheric_delay(electrons, self.scene, self.sensor.frequency, up)
        return delay

    def _stream(self, *subject: object) -> np.random.Generator:
        return stream(self._seed, " ".join([self.sensor.name, *map(str, subject)]))


def _cycles(rng: np.random.Generator, scene: Scene, coherence: np.ndarray) -> np.ndarray:
    """Whole cycles that unwrapping adds: one for the map, seldom one more for a patch."""
    cycles = np.full(scene.shape, float(rng.integers(-1, 2)), dtype=np.float32)
    if rng.random() < UNWRAPPING_ERROR_SHARE:
        # The unwrapper slips where the coherence is low.
        slip = correlated_field(rng, scene.shape, pixel=scene.pixel, length=8.0)
        slip = slip - 2 * ndimage.gaussian_filter(coherence - coherence.mean(), 2.0)
        patches, count = ndimage.label(slip > np.quantile(slip, 0.96))
        sizes = ndimage.sum_labels(np.ones(scene.shape), patches, np.arange(1, count + 1))
        cycles[patches == 1 + np.argmax(sizes)] += rng.choice([-1.0, 1.0])
    return np.float32(2 * np.pi) * cycles
