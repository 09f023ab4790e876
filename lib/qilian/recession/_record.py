"""One gauge's daily record and what rules for choosing days ask of it again and again."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Record:
    """Days of one gauge and what a rule may ask of them, arrays of shape (time,).

    Attributes
    ----------
    flow, log_flow : numpy.ndarray
        Discharge in any unit, its logarithm; NaN where missing, the logarithm also where zero.
    rain : numpy.ndarray
        Precipitation [mm day-1], NaN where unknown.
    noise : float
        Standard deviation of a single day's ln Q about its neighbours [1].
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
    noise: float
    wet_day: float
    days_after: int
    exceeded: float
    shortest: int


def day_noise(log_flow: np.ndarray) -> float:
    """Return the standard deviation of single days [1] by second differences, free of slopes.

    Over two days either way, since noise of which neighbours are alike hides from shorter ones.
    Their median absolute value, of every fifth, which share no day; without those beyond three
    deviations, which rain has bent. Second differences of white noise have six times its variance.
    NaN without five days in a row, and never below 1e-4, which no gauge resolves.
    """
    bends = np.abs(log_flow[:-4] - 2 * log_flow[2:-2] + log_flow[4:])[::5]
    bends = bends[np.isfinite(bends)]
    if not bends.size:
        return np.nan
    straight = bends[bends <= 3 * 1.4826 * np.median(bends)]
    return max(float(1.4826 * np.median(straight) / np.sqrt(6)), 1e-4)


def lag(values: np.ndarray, days: int, fill: float = np.nan) -> np.ndarray:
    """Return the values `days` earlier (later if negative), `fill` beyond the ends."""
    moved = np.full_like(values, fill)
    if days > 0:
        moved[days:] = values[:-days]
    elif days < 0:
        moved[:days] = values[-days:]
    else:
        moved[:] = values
    return moved


def quantile(values: np.ndarray, fraction: float) -> float:
    """Return the quantile of what is not NaN, 0 of nothing."""
    there = values[~np.isnan(values)]
    return float(np.quantile(there, fraction)) if there.size else 0.0


def three_day_mean(values: np.ndarray) -> np.ndarray:
    """Mean of each day and its two neighbours."""
    return (lag(values, 1) + values + lag(values, -1)) / 3


def bend(values: np.ndarray) -> np.ndarray:
    """Second difference of each day and its two neighbours, negative where concave."""
    return lag(values, 1) - 2 * values + lag(values, -1)


def recent(mark: np.ndarray, days: int) -> np.ndarray:
    """Mark the marked days and the `days` after each."""
    found = mark.copy()
    for day in range(1, days + 1):
        found |= lag(mark, day, False)
    return found


def positions(run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since the run began, from 0, and the run's length, for the days of each run."""
    begins = run & ~lag(run, 1, False)
    number = np.cumsum(begins) * run
    length = np.bincount(number)
    first = np.concatenate([[0], np.flatnonzero(begins)])
    return np.arange(run.size) - first[number], length[number]
