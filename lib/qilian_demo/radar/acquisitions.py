"""Sentinel-1 passes with their gaps, and the pairs that are made of them."""

from dataclasses import dataclass

import numpy as np

from qilian_demo.air.climate import calendar_year, day_of_year

FIRST_PASS, LAST_PASS = np.datetime64("2016-04-05"), np.datetime64("2023-12-25")
REPEAT_DAYS = 12
LOST_SHARE = 0.1
WHOLE_YEAR = 2018  # in which the station at the pass measured
# One satellite flew late at first, and one failed in December 2021.
OUTAGES = (
    (np.datetime64("2016-06-20"), np.datetime64("2016-08-05")),
    (np.datetime64("2021-12-23"), np.datetime64("2022-01-25")),
)


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


def make_acquisitions(rng: np.random.Generator) -> Acquisitions:
    """Draw a record with two of three winter passes left out, outages and some lost passes.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the losses and of the orbit's wandering.

    Returns
    -------
    Acquisitions
        About 150 dates.
    """
    passes = np.arange(FIRST_PASS, LAST_PASS, REPEAT_DAYS)
    day = day_of_year(passes)
    winter = (day > 305) | (day < 105)
    kept = ~(winter & (np.arange(passes.size) % 3 > 0))
    # No product of these passes; a lost winter pass would leave too long a gap.
    safe = winter | (calendar_year(passes) == WHOLE_YEAR)
    kept &= safe | (rng.random(passes.size) > LOST_SHARE)
    for start, end in OUTAGES:
        kept &= (passes < start) | (passes > end)
    kept[0] = True
    dates = passes[kept]
    position = rng.normal(0, 40, dates.size)
    for i in range(1, dates.size):
        # The operator steers the satellite back: a random walk on a leash.
        position[i] += 0.5 * position[i - 1]
    prime = int(np.argmin(np.abs(position)))
    return Acquisitions(dates, position - position[prime], prime)


def choose_pairs(dates: np.ndarray) -> np.ndarray:
    """Pair each date with the next two, and one of every second autumn with the next autumn's.

    Parameters
    ----------
    dates : numpy.ndarray
        Acquisition dates in order, shape (time,).

    Returns
    -------
    numpy.ndarray
        Indices of the earlier and the later date, in order of time, shape (pair, 2).
    """
    last = dates.size - 1
    short = {(i, j) for i in range(last) for j in (i + 1, i + 2) if j <= last}
    return np.array(sorted(short | _annual(dates)))


def _annual(dates: np.ndarray) -> set[tuple[int, int]]:
    """From the last date of every second October, when plants are dead, to one a year later."""
    october = dates.astype("datetime64[M]").astype(int) % 12 == 9
    year = calendar_year(dates)
    pairs = set()
    for y in np.unique(year[october])[::2]:
        first = np.flatnonzero(october & (year == y))[-1]
        days = (dates - dates[first]).astype(int)
        second = int(np.argmin(np.abs(days - 365)))
        if abs(days[second] - 365) <= 2 * REPEAT_DAYS:
            pairs.add((int(first), second))
    return pairs
