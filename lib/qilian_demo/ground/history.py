"""When the ground moved how: periods before, during and after mining, and the way between."""

from dataclasses import dataclass

import numpy as np

from qilian_demo.air.climate import Climate, autumn_ice, calendar_year, thaw_state, thaw_year


@dataclass(frozen=True)
class Period:
    """Years of one steady rate; between two periods the rate changes evenly.

    Attributes
    ----------
    start, end : float
        First and last moment [calendar year].
    far_rate, mine_rate : float
        Vertical rate of wet meadow far from mines and at a mine [mm a-1].
    limits : tuple of float
        Least and greatest rate of wet meadow [mm a-1].
    thaw_growth : float
        Thaw settlement as a share of that in the last period [1].
    """

    start: float
    end: float
    far_rate: float
    mine_rate: float
    limits: tuple[float, float]
    thaw_growth: float

    @property
    def name(self) -> str:
        """First and last whole year, such as 2007-2010."""
        return f"{self.start:.0f}-{np.ceil(self.end) - 1:.0f}"


PERIODS = (
    Period(1990.0, 2003.0, 0.0, 0.0, (-2.0, 2.0), 0.4),
    Period(2003.4, 2006.0, -3.0, -4.5, (-6.0, -1.0), 0.6),
    Period(2007.0, 2011.0, -7.5, -15.0, (-15.0, -5.0), 0.83),
    Period(2016.0, 2026.0, -8.0, -15.0, (-15.0, -5.5), 1.0),
)
MINING_PERIODS = PERIODS[1:]


@dataclass(frozen=True)
class Course:
    """How far the ground has got with each period's motion at each date.

    Attributes
    ----------
    time : numpy.ndarray
        Dates in order, shape (time,).
    years : numpy.ndarray
        Time spent at each period's rate since the record began, shape (time, period) [a].
    thaw : numpy.ndarray
        Share of each period's settlement that is present, shape (time, period) [1].
    """

    time: np.ndarray
    years: np.ndarray
    thaw: np.ndarray

    def at(self, dates: np.ndarray) -> "Course":
        """State at some of the dates, which are days of `time`."""
        day = np.searchsorted(self.time, dates)
        return Course(dates, self.years[day], self.thaw[day])


def period_weights(years: np.ndarray) -> np.ndarray:
    """Share of each period at moments in calendar years, shape (time, period), sum 1."""
    moments = [moment for period in PERIODS for moment in (period.start, period.end)]
    shares = np.repeat(np.eye(len(PERIODS)), 2, axis=0)
    return np.stack([np.interp(years, moments, share) for share in shares.T], axis=-1)


def ground_course(climate: Climate) -> Course:
    """Follow rates and thaw from the start of the climate record.

    Parameters
    ----------
    climate : Climate
        Daily weather, which drives the thaw of each year.

    Returns
    -------
    Course
        The state on each day of the record.
    """
    first = climate.time.astype("datetime64[Y]").astype("datetime64[D]")
    moment = calendar_year(climate.time) + (climate.time - first).astype(int) / 365.25
    years = np.cumsum(period_weights(moment), axis=0) / 365.25
    # One amplitude a thaw year, so that settlement and heave of a year are equal.
    state = thaw_state(climate) * autumn_ice(climate)
    thaw = period_weights(thaw_year(climate.time) + 0.5) * state[:, np.newaxis]
    return Course(climate.time, years, thaw)
