"""GNSS interferometric reflectometry at Yakou: the ground sinks away below an antenna."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qilian_demo.air.climate import day_of_year
from qilian_demo.mark import SIMULATED

# The days of the published record; all other numbers are assumptions.
FIRST_DAY, LAST_DAY = np.datetime64("2018-07-01"), np.datetime64("2018-08-31")
ANTENNA_HEIGHT = 3.2  # m above the ground on the first day
RETRIEVALS = 32  # a day
SPREAD = 36.0  # mm, standard deviation of single retrievals
MISSING_DAYS = 4

HEADER = f"""\
% {SIMULATED}
% Daily average reflector heights (m)
% Nominally you should assume this average is associated with 12:00 UTC hours
% year doy   RH    numval month day RH-sigma
% (1)  (2)   (3)    (4)    (5)  (6)   (7)
"""


@dataclass(frozen=True)
class ReflectorHeight:
    """Daily reflector height and the truth behind it.

    Attributes
    ----------
    time : numpy.ndarray
        Days, shape (time,), datetime64[D].
    height : numpy.ndarray
        Mean height of the antenna above the ground, NaN on missing days, shape (time,) [m].
    retrievals : numpy.ndarray
        Retrievals averaged, shape (time,).
    standard_deviation : numpy.ndarray
        Standard deviation of the day's retrievals, shape (time,) [m].
    elevation_change : numpy.ndarray
        True rise of the ground since the first day, negative as it sinks, shape (time,) [mm].
    """

    time: np.ndarray
    height: np.ndarray
    retrievals: np.ndarray
    standard_deviation: np.ndarray
    elevation_change: np.ndarray


def simulate_reflector_height(
    rng: np.random.Generator, time: np.ndarray, elevation_change: np.ndarray
) -> ReflectorHeight:
    """Draw daily means: reflector height grows by as much as the ground falls.

    The error of a daily mean is the spread of single retrievals over the square root of their
    number, 5 to 8 mm.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of retrievals and missing days.
    time : numpy.ndarray
        Days, shape (time,), datetime64[D].
    elevation_change : numpy.ndarray
        Rise of the ground since the first day, shape (time,) [mm].

    Returns
    -------
    ReflectorHeight
        The days given, some of them missing.
    """
    retrievals = np.clip(rng.poisson(RETRIEVALS, time.size), 21, 48)
    spread = SPREAD * np.sqrt(rng.chisquare(retrievals - 1) / (retrievals - 1))
    error = SPREAD / np.sqrt(retrievals) * rng.standard_normal(time.size)
    height = ANTENNA_HEIGHT + 1e-3 * (error - elevation_change)
    # The record keeps its first and last day.
    height[rng.choice(np.arange(1, time.size - 1), MISSING_DAYS, replace=False)] = np.nan
    return ReflectorHeight(time, height, retrievals, 1e-3 * spread, elevation_change)


def write_gnssrefl(path: Path, record: ReflectorHeight) -> None:
    """Write daily means as gnssrefl's `dailyRH.txt`, without the missing days.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    record : ReflectorHeight
        What to write.
    """
    lines = []
    for i in np.flatnonzero(np.isfinite(record.height)):
        year, month, day = map(int, str(record.time[i]).split("-"))
        lines.append(
            f" {year:4d}   {day_of_year(record.time)[i]:3d} {record.height[i]:7.3f} "
            f"{record.retrievals[i]:3d} {month:4d} {day:4d} {record.standard_deviation[i]:7.3f}"
        )
    path.write_text(HEADER + "\n".join(lines) + "\n")
