"""Rules that say on which days a river recedes: ours, and those of others for comparison.

A rule sees one gauge's daily record and answers for every day. What all rules share (the season,
gaps, stuck gauges, the length of segments) is `recession_days`' affair.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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
    """

    flow: np.ndarray
    log_flow: np.ndarray
    rain: np.ndarray
    noise: float
    wet_day: float
    days_after: int


@dataclass(frozen=True)
class Rule:
    """How to choose days, the shortest segment that goes with it [day], and its source.

    A `local` rule looks at the days around each, not at the whole record.
    """

    choose: Callable[[Record], np.ndarray]
    minimum_length: int
    source: str
    local: bool = False


def undisturbed(record: Record) -> np.ndarray:
    """Days that neither rain nor a rise beyond the noise disturbs.

    Discharge need not fall from day to day: asking noise to fall would favour steep stretches.
    Where rain is known it is the main witness; a rise tells of what it missed, and of water still
    on its way. Where it is unknown, smaller steps are looked for too, and what follows a rise
    counts once the three-day mean has turned convex. `days_after` days are left out after a wet
    day and after a rise. Where discharge halves in a day, the gauge or its unit has changed.
    """
    unknown = np.isnan(record.rain)
    rising = _rising(record, (1, 3), 3.0)
    if unknown.any():
        rising |= unknown & _steps(record, (3, 5, 7, 10), 2.0)
    wet = record.rain > record.wet_day
    disturbed = _recent(wet, record.days_after) | _recent(rising, record.days_after + 1)
    if unknown.any():
        disturbed |= unknown & _on_crest(record.log_flow, rising)
    return ~(disturbed | (record.flow < 0.5 * lag(record.flow, 1)))


def falling(record: Record) -> np.ndarray:
    """Every day lower than the day before."""
    return record.flow < lag(record.flow, 1)


def vogel_kroll(record: Record) -> np.ndarray:
    """Falling three-day mean, first 30 % of each run dropped, no fall to below 70 % in a day."""
    smooth = _three_day_mean(record.flow)
    run = smooth < lag(smooth, 1)
    since, length = _positions(run)
    gentle = record.flow >= 0.7 * lag(record.flow, 1)
    return run & gentle & (length >= 10) & (since >= 0.3 * length)


def brutsaert(record: Record) -> np.ndarray:
    """Falling days but for 3 after the last rise, 2 before the next, and sudden falls.

    A day is left out too if the next one falls faster.
    """
    fall = lag(record.flow, 1) - record.flow
    run = fall > 0
    since, length = _positions(run)
    return run & (since >= 3) & (since < length - 2) & ~(lag(fall, -1) > fall)


def tossh(record: Record) -> np.ndarray:
    """Falling days without the first after the peak."""
    run = falling(record)
    return run & (_positions(run)[0] >= 1)


def low_flow(record: Record) -> np.ndarray:
    """Falling days below Q70, the flow exceeded on 70 % of the days on which any flows."""
    positive = record.flow[record.flow > 0]
    limit = np.quantile(positive, 0.3) if positive.size else 0.0
    return falling(record) & (record.flow < limit)


def cooper(record: Record) -> np.ndarray:
    """Falling days without peak, the day after it, the minimum, concave and rainy days.

    Concave is what both the record and its three-day mean call so; rain of 1 mm and more is left
    out with the day after it.
    """
    flow, run = record.flow, falling(record)
    since, length = _positions(run)
    smooth = _three_day_mean(flow)
    concave = (_bend(flow) <= 0) & (_bend(smooth) <= 0)
    inner = (since >= 1) & (since < length - 1)
    return run & inner & ~concave & ~_recent(record.rain >= 1, 1)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "undisturbed": Rule(undisturbed, 7, "ours", local=True),
        "falling": Rule(falling, 7, "usual practice"),
        "vogel_kroll": Rule(vogel_kroll, 7, "Vogel & Kroll 1996, doi:10.1007/BF00508898"),
        "brutsaert": Rule(brutsaert, 3, "Brutsaert 2008, doi:10.1029/2007WR006518"),
        "tossh": Rule(tossh, 15, "TOSSH, Gnann et al. 2021, doi:10.1016/j.envsoft.2021.104983"),
        "low_flow": Rule(low_flow, 7, "WMO-No. 1029, 2008, as in R's lfstat"),
        "cooper": Rule(cooper, 4, "Cooper et al. 2023, doi:10.1029/2022WR033154"),
    }
)


def day_noise(log_flow: np.ndarray) -> float:
    """Return the standard deviation of single days [1] by second differences, free of slopes.

    Their median absolute value, of every third, which share no day; without those beyond three
    deviations, which rain has bent. Second differences of white noise have six times its variance.
    NaN without three days in a row, and never below 1e-4, which no gauge resolves.
    """
    bends = np.abs(log_flow[:-2] - 2 * log_flow[1:-1] + log_flow[2:])[::3]
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


def _three_day_mean(values: np.ndarray) -> np.ndarray:
    return (lag(values, 1) + values + lag(values, -1)) / 3


def _bend(values: np.ndarray) -> np.ndarray:
    return lag(values, 1) - 2 * values + lag(values, -1)


def _rising(record: Record, spans: tuple[int, ...], z: float) -> np.ndarray:
    """Mark days that the mean of the next `span` exceeds by more than z standard errors."""
    found = np.zeros(record.flow.size, bool)
    for span in spans:
        ahead = np.convolve(record.log_flow, np.full(span, 1 / span), "valid")[1:]
        excess = ahead - record.log_flow[:-span]
        found[:-span] |= excess > z * record.noise * np.sqrt(1 + 1 / span)
    return found


def _steps(record: Record, spans: tuple[int, ...], z: float) -> np.ndarray:
    """Mark last days before a step up in the line through `span` days on either side.

    The step is what least squares gives beside level and slope, so that it does not depend on how
    fast the river drains: a test of rises alone would cost slow events more days than fast ones.
    """
    found = np.zeros(record.flow.size, bool)
    for span in spans:
        day = np.arange(2 * span) - span + 0.5
        side = np.sign(day)
        step = side - day * (side @ day) / (day @ day)
        step *= 2 / (step @ side)
        excess = np.convolve(record.log_flow, step[::-1], "valid")
        steepest = (excess >= lag(excess, 1)) & (excess >= lag(excess, -1))
        limit = z * record.noise * np.sqrt(step @ step)
        found[span - 1 : -span] |= steepest & (excess > limit)
    return found


def _on_crest(log_flow: np.ndarray, rises: np.ndarray) -> np.ndarray:
    """Mark days after a rise up to the first on which the three-day mean is convex."""
    day = np.arange(log_flow.size)
    smooth = _three_day_mean(log_flow)
    last_rise = np.maximum.accumulate(np.where(rises, day, -1))
    last_convex = np.maximum.accumulate(np.where(_bend(np.exp(smooth)) > 0, day, -1))
    return last_rise > last_convex


def _recent(mark: np.ndarray, days: int) -> np.ndarray:
    """Mark the marked days and the `days` after each."""
    found = mark.copy()
    for day in range(1, days + 1):
        found |= lag(mark, day, False)
    return found


def _positions(run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since the run began, from 0, and the run's length, for the days of each run."""
    begins = run & ~lag(run, 1, False)
    number = np.cumsum(begins) * run
    length = np.bincount(number)
    first = np.concatenate([[0], np.flatnonzero(begins)])
    return np.arange(run.size) - first[number], length[number]
