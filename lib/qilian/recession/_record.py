"""Daily records of some gauges and what rules for choosing days ask of them again and again."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Record:
    """Days of some gauges and what a rule may ask of them, arrays of shape (gauge, time).

    Attributes
    ----------
    flow, log_flow : numpy.ndarray
        Discharge in any unit, its logarithm; NaN where missing, the logarithm also where zero.
    rain : numpy.ndarray
        Precipitation [mm day-1], NaN where unknown.
    noise : numpy.ndarray
        (gauge, 1) standard deviation of a single day's ln Q about its neighbours [1].
    wet_day, days_after : float, int
        Precipitation above which a day is wet [mm day-1], and days left out after it.
    exceeded : float
        Per cent of the days that exceed what counts as low flow.
    shortest : int
        Shortest segment wanted [day].
    """

    flow: np.ndarray
    log_flow: np.ndarray
    rain: np.ndarray
    noise: np.ndarray
    wet_day: float
    days_after: int
    exceeded: float
    shortest: int


def day_noise(log_flow: np.ndarray) -> np.ndarray:
    """Return the standard deviation of single days [1], (..., time) → (...,), free of slopes.

    By second differences over two days either way, since noise of which neighbours are alike hides
    from shorter ones. Their median absolute value, of every fifth, which share no day; without
    those beyond three deviations, which rain has bent. Second differences of white noise have six
    times its variance. NaN without five days in a row, and never below 1e-4, which no gauge
    resolves.
    """
    if log_flow.shape[-1] < 5:
        return np.full(log_flow.shape[:-1], np.nan)
    before, day, after = (log_flow[..., first : first - 4 or None : 5] for first in (0, 2, 4))
    bends = np.sort(np.abs(before - 2 * day + after), axis=-1)
    straight = bends <= 3 * 1.4826 * _median(bends, np.isfinite(bends))
    return np.maximum(1.4826 * _median(bends, straight)[..., 0] / np.sqrt(6), 1e-4)


def _median(ordered: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the median of the `first` of values in order, (..., time) → (..., 1), NaN of none."""
    count = first.sum(-1, keepdims=True)
    middle = (np.take_along_axis(ordered, (count - odd).clip(0) // 2, -1) for odd in (0, 1))
    return np.where(count > 0, sum(middle) / 2, np.nan)


def lag(values: np.ndarray, days: int, fill: float = np.nan) -> np.ndarray:
    """Return the values `days` earlier (later if negative, not 0), `fill` beyond the ends."""
    moved = np.full_like(values, fill)
    if days > 0:
        moved[..., days:] = values[..., :-days]
    else:
        moved[..., :days] = values[..., -days:]
    return moved


def spread(first: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return the days of runs, one run after the other."""
    before = np.cumsum(length) - length
    return np.arange(length.sum()) + np.repeat(first - before, length)


def quantile(values: np.ndarray, fraction: float) -> np.ndarray:
    """Return each gauge's quantile of what is not NaN, 0 of nothing, (gauge, time) → (gauge, 1)."""
    there = [own[~np.isnan(own)] for own in values]
    return np.array([[np.quantile(own, fraction) if own.size else 0.0] for own in there])


def three_day_mean(values: np.ndarray) -> np.ndarray:
    """Mean of each day and its two neighbours."""
    mean = np.full_like(values, np.nan)
    mean[..., 1:-1] = (values[..., :-2] + values[..., 1:-1] + values[..., 2:]) / 3
    return mean


def bend(values: np.ndarray) -> np.ndarray:
    """Second difference of each day and its two neighbours, negative where concave."""
    second = np.full_like(values, np.nan)
    second[..., 1:-1] = values[..., :-2] - 2 * values[..., 1:-1] + values[..., 2:]
    return second


def recent(mark: np.ndarray, days: int) -> np.ndarray:
    """Mark the marked days and the `days` after each."""
    found = mark.copy()
    for day in range(1, days + 1):
        found[..., day:] |= mark[..., :-day]
    return found


def positions(run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since the run began, from 0, and the run's length, for the days of each run."""
    begins = run & ~lag(run, 1, False)
    number = np.cumsum(begins).reshape(run.shape) * run
    length = np.bincount(number.ravel())
    first = np.concatenate([[0], np.flatnonzero(begins)])
    return np.arange(run.size).reshape(run.shape) - first[number], length[number]
