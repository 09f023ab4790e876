"""Interferometric coherence of the ground, and what an estimate from a few looks makes of it."""

from dataclasses import dataclass

import numpy as np

from qilian_demo.air.climate import calendar_year
from qilian_demo.ground.scene import Cover, by_cover
from qilian_demo.radar.sensors import Sensor


@dataclass(frozen=True)
class Decay:
    """How the coherence of each land cover fades with time at one wavelength.

    Attributes
    ----------
    days : dict
        Time in which what can decay has fallen to 1/e [d].
    lasting, at_once : dict
        Coherence that never decays, and that of a pair without time between [1].
    summer : float
        What growing plants and wet soil leave in pairs with a date from June to September [1].
    """

    days: dict[Cover, float]
    lasting: dict[Cover, float]
    at_once: dict[Cover, float]
    summer: float


def _each(*values: float) -> dict[Cover, float]:
    """Values of water, wet and alpine meadow, ridge, pit and heap."""
    return dict(zip(Cover, values, strict=True))


DECAY = {
    "C": Decay(
        _each(1, 40, 70, 150, 12, 110),
        _each(0.03, 0.15, 0.22, 0.38, 0.05, 0.32),
        _each(0.03, 0.85, 0.88, 0.92, 0.6, 0.9),
        summer=0.85,
    ),
    "L": Decay(
        _each(1, 300, 420, 800, 40, 600),
        _each(0.03, 0.33, 0.38, 0.55, 0.06, 0.45),
        _each(0.04, 0.88, 0.9, 0.94, 0.7, 0.92),
        summer=0.93,
    ),
}
WINTER_SLOWING = 2.0  # frozen ground decays later, in pairs within one winter


def true_coherence(
    sensor: Sensor,
    cover: np.ndarray,
    firmness: np.ndarray,
    dates: tuple[np.datetime64, np.datetime64],
    perpendicular_baseline: float,
) -> np.ndarray:
    """Multiply the thermal, geometric and temporal parts of the coherence.

    The geometric part falls linearly to 0 at the critical baseline; the temporal part decays
    exponentially from a start to a lasting value, both by land cover.

    Parameters
    ----------
    sensor : Sensor
        The radar.
    cover : numpy.ndarray
        Land cover as numbers of `Cover`, shape (y, x).
    firmness : numpy.ndarray
        Factor on the decay time, for variation within a land cover, shape (y, x) [1].
    dates : tuple of numpy.datetime64
        Earlier and later acquisition.
    perpendicular_baseline : float
        Perpendicular baseline of the pair [m].

    Returns
    -------
    numpy.ndarray
        Coherence, shape (y, x) [1].
    """
    days = float((dates[1] - dates[0]).astype("timedelta64[D]").astype(int))
    frozen = _one_winter(dates)
    decay = DECAY[sensor.band]
    decay_days = by_cover(cover, decay.days) * firmness * (WINTER_SLOWING if frozen else 1.0)
    lasting = by_cover(cover, decay.lasting)
    temporal = lasting + (by_cover(cover, decay.at_once) - lasting) * np.exp(-days / decay_days)
    thermal = 1 / (1 + 1 / sensor.signal_to_noise)
    geometric = max(0.0, 1 - abs(perpendicular_baseline) / sensor.critical_baseline)
    season = decay.summer if is_summer(np.array(dates)).any() else 1.0
    return thermal * geometric * season * temporal


def is_summer(dates: np.ndarray | np.datetime64) -> np.ndarray:
    """Whether plants grow and soil is wet, from June to September, shape as `dates`."""
    return np.isin(_month(dates), (6, 7, 8, 9))


def is_winter(dates: np.ndarray | np.datetime64) -> np.ndarray:
    """Whether the ground is frozen, from November to March, shape as `dates`."""
    return np.isin(_month(dates), (11, 12, 1, 2, 3))


def _month(dates: np.ndarray | np.datetime64) -> np.ndarray:
    return dates.astype("datetime64[M]").astype(int) % 12 + 1


def _one_winter(dates: tuple[np.datetime64, np.datetime64]) -> bool:
    both = np.array(dates)
    winters = calendar_year(both + 61)  # November counts to the winter of the new year
    return bool(winters[0] == winters[1] and is_winter(both).all())


def sample_interferogram(
    rng: np.random.Generator, coherence: np.ndarray, looks: int
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate coherence and phase from a finite number of looks.

    The sample covariance of two images is complex Wishart. Its Bartlett decomposition draws
    the estimate from two gamma and one complex Gaussian variable a pixel, so that the
    coherence has its bias (about sqrt(pi / (4 looks)) where the truth is 0) and the phase noise
    belongs to the same draw.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the speckle.
    coherence : numpy.ndarray
        True coherence, shape (y, x) [1].
    looks : int
        Independent looks, at least 2.

    Returns
    -------
    tuple of numpy.ndarray
        Estimated coherence [1] and phase noise [rad], each of shape (y, x).
    """
    shape = coherence.shape
    first = np.sqrt(rng.standard_gamma(looks, size=shape, dtype=np.float32))
    second_power = rng.standard_gamma(looks - 1, size=shape, dtype=np.float32)
    mixed = rng.standard_normal((2, *shape), dtype=np.float32) * np.sqrt(0.5)
    mixed = mixed.astype(np.float32)
    coherence = coherence.astype(np.float32)
    incoherent = np.sqrt(1 - coherence**2)
    cross = np.empty(shape, dtype=np.complex64)
    cross.real, cross.imag = coherence * first + incoherent * mixed[0], incoherent * mixed[1]
    cross *= 1 / np.sqrt(np.abs(cross) ** 2 + incoherent**2 * second_power)
    return np.abs(cross), np.angle(cross)
