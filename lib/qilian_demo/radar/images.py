"""The images of one track: speckle that an image brings into all its pairs."""

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from qilian_demo.ground.scene import by_cover
from qilian_demo.radar.coherence import DECAY, WINTER_SLOWING, is_summer, is_winter
from qilian_demo.radar.sensors import Sensor

PIXELS_AT_ONCE = 4096  # of all looks, within a core's cache


class ImageStack:
    """Images of many looks, added in order of time, and the pairs of those that are held.

    A look of image i is a circular Gaussian sum of a part that lasts, a part that fades and a
    part of its own, so that the true coherence of two images is

        s_i s_j thermal (lasting + (at_once - lasting) exp(-days / decay_days)),

    where s^2 is what summer leaves and days run slower in winter. Pairs that share an image
    share its noise: loops nearly close, and what fades is a random walk in time, as in a real
    stack and unlike pairs drawn one by one. Range spectra are taken as filtered to their common
    band, so that the baseline costs nothing.

    Parameters
    ----------
    sensor : Sensor
        The radar.
    cover : numpy.ndarray
        Land cover as numbers of `Cover`, shape (y, x).
    firmness : numpy.ndarray
        Factor on the decay time, for variation within a land cover, shape (y, x) [1].
    draw : callable
        From the name of a subject to its source of random numbers.
    executor : concurrent.futures.Executor
        Works on several parts of the scene at once.
    """

    def __init__(
        self,
        sensor: Sensor,
        cover: np.ndarray,
        firmness: np.ndarray,
        draw: Callable[[str], np.random.Generator],
        executor: Executor,
    ) -> None:
        self._shape, self._executor = cover.shape, executor
        parts = range(0, cover.size, PIXELS_AT_ONCE)
        pixels = [slice(start, start + PIXELS_AT_ONCE) for start in parts]
        self._parts = [
            _Part(sensor, cover.ravel()[held], firmness.ravel()[held], draw, f"part {number}")
            for number, held in enumerate(pixels)
        ]

    def add(self, date: np.datetime64) -> None:
        """Take an image on a date later than all before."""
        list(self._executor.map(lambda part: part.add(date), self._parts))

    def drop(self, date: np.datetime64) -> None:
        """Forget an image of which no more pairs are made."""
        for part in self._parts:
            del part.images[date]

    def pair(self, first: np.datetime64, second: np.datetime64) -> tuple[np.ndarray, np.ndarray]:
        """Estimate coherence [1] and noise of the phase [rad] of two images, shape (y, x)."""
        cross = self._executor.map(lambda part: part.cross(first, second), self._parts)
        normalised = np.concatenate(list(cross)).reshape(self._shape)
        return np.abs(normalised), np.angle(normalised)


class _Part:
    """Some pixels of all images, arrays of shape (look, pixel)."""

    def __init__(
        self,
        sensor: Sensor,
        cover: np.ndarray,
        firmness: np.ndarray,
        draw: Callable[[str], np.random.Generator],
        name: str,
    ) -> None:
        decay, self._draw, self._name = DECAY[sensor.band], draw, name
        self._shape = (sensor.looks, cover.size)
        lasting, at_once = (
            by_cover(cover, each) / (1 + 1 / sensor.signal_to_noise)
            for each in (decay.lasting, decay.at_once)
        )
        self._coherent, self._fading = at_once, np.sqrt(at_once - lasting)
        self._days, self._summer = by_cover(cover, decay.days) * firmness, decay.summer
        first = draw(f"{name} at first")
        self._lasting = np.sqrt(lasting) * self._speckle(first)
        self._state = self._speckle(first)
        self._date: np.datetime64 | None = None
        self.images: dict[np.datetime64, np.ndarray] = {}

    def add(self, date: np.datetime64) -> None:
        rng = self._draw(f"{self._name} {date}")
        if self._date is not None:
            kept = np.exp(-_fading_days(self._date, date) / self._days).astype(np.float32)
            self._state *= kept
            self._state += np.sqrt(1 - kept**2) * self._speckle(rng)
        self._date = date
        left = np.float32(self._summer if is_summer(date) else 1.0)
        image = np.sqrt(left) * (self._lasting + self._fading * self._state)
        self.images[date] = image + np.sqrt(1 - left * self._coherent) * self._speckle(rng)

    def cross(self, first: np.datetime64, second: np.datetime64) -> np.ndarray:
        one, other = self.images[first], self.images[second]
        power = [np.sum(z.real**2 + z.imag**2, axis=0) for z in (one, other)]
        return np.sum(other * one.conj(), axis=0) / np.sqrt(power[0] * power[1])

    def _speckle(self, rng: np.random.Generator) -> np.ndarray:
        parts = rng.standard_normal((*self._shape, 2), dtype=np.float32)
        parts *= np.float32(np.sqrt(0.5))
        return parts.view(np.complex64)[..., 0]


def _fading_days(first: np.datetime64, second: np.datetime64) -> float:
    """Days from one date to another, of which those in winter count less."""
    days = np.arange(first, second)
    return float(np.where(is_winter(days), 1 / WINTER_SLOWING, 1.0).sum())
