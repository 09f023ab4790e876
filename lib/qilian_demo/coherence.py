"""Interferometric coherence of the ground, and what an estimate from a few looks makes of it."""

import numpy as np

from qilian_demo.climate import calendar_year
from qilian_demo.scene import Cover, by_cover
from qilian_demo.sensors import Sensor

# C band: days until the coherence has decayed by 1/e, and what never decays.
DECAY_DAYS = {
    Cover.WATER: 1.0,
    Cover.WET_MEADOW: 40.0,
    Cover.ALPINE_MEADOW: 70.0,
    Cover.BARE_RIDGE: 150.0,
    Cover.OPEN_PIT: 12.0,
    Cover.SPOIL_HEAP: 110.0,
}
LASTING = {
    Cover.WATER: 0.03,
    Cover.WET_MEADOW: 0.15,
    Cover.ALPINE_MEADOW: 0.22,
    Cover.BARE_RIDGE: 0.38,
    Cover.OPEN_PIT: 0.05,
    Cover.SPOIL_HEAP: 0.32,
}
AT_ONCE = {
    Cover.WATER: 0.03,
    Cover.WET_MEADOW: 0.85,
    Cover.ALPINE_MEADOW: 0.88,
    Cover.BARE_RIDGE: 0.92,
    Cover.OPEN_PIT: 0.6,
    Cover.SPOIL_HEAP: 0.9,
}
SUMMER_LOSS = 0.85  # growing plants and wet soil, in pairs with a date from June to September
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
    decay_days = by_cover(cover, DECAY_DAYS) * firmness * (WINTER_SLOWING if frozen else 1.0)
    lasting = by_cover(cover, LASTING)
    temporal = lasting + (by_cover(cover, AT_ONCE) - lasting) * np.exp(-days / decay_days)
    thermal = 1 / (1 + 1 / sensor.signal_to_noise)
    geometric = max(0.0, 1 - abs(perpendicular_baseline) / sensor.critical_baseline)
    season = SUMMER_LOSS if any(6 <= _month(date) <= 9 for date in dates) else 1.0
    return thermal * geometric * season * temporal


def _month(date: np.datetime64) -> int:
    return int(date.astype("datetime64[M]").astype(int)) % 12 + 1


def _one_winter(dates: tuple[np.datetime64, np.datetime64]) -> bool:
    winters = calendar_year(np.array(dates) + 61)  # November counts to the winter of the new year
    return winters[0] == winters[1] and all(_month(date) in (11, 12, 1, 2, 3) for date in dates)


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
    first = np.sqrt(rng.gamma(looks, size=shape))
    second_power = rng.gamma(looks - 1, size=shape)
    mixed = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)
    incoherent = np.sqrt(1 - coherence**2)
    cross = coherence * first + incoherent * mixed
    estimate = cross / np.sqrt(np.abs(cross) ** 2 + incoherent**2 * second_power)
    return np.abs(estimate), np.angle(estimate)
