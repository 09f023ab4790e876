"""Days of whole years, with a season of recessions."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError, require
from qilian.contracts.seasons import in_season

_LEAP_DAY = 229  # on which no year can begin


@dataclass(frozen=True)
class Calendar:
    """Days of the years a record touches, arrays of shape (time,).

    A year is a calendar year or, for a season that crosses New Year, lasts from the season's first
    day until the next such day and is named after the calendar year in which it begins.
    """

    time: np.ndarray
    year: np.ndarray
    in_season: np.ndarray

    @cached_property
    def years(self) -> np.ndarray:
        """The years in order."""
        return np.arange(self.year[0], self.year[-1] + 1)

    def around_season(self, margin: int = 20) -> "Calendar":
        """Leave out what is further than `margin` days from any season.

        Days beside one another across what is left out are not neighbours, but no rule that looks
        at most `margin` days around it notices, since segments lie within seasons.
        """
        near = np.convolve(self.in_season, np.ones(2 * margin + 1), "same") > 0
        return Calendar(self.time[near], self.year[near], self.in_season[near])


def calendar(
    record: xr.DataArray, season: tuple[str, str], without: xr.DataArray | None = None
) -> Calendar:
    """Lay out whole years from that of the record's first day to that of its last.

    Days marked in `without` are not in the season.
    """
    named = set(record.dims) in ({"time"}, {"gauge", "time"})
    require("dims of discharge", record.dims, named, "time, or gauge and time")
    if record.sizes.get("time", 0) == 0:
        raise InputError("discharge holds no days, expected a daily record along time.")
    first, last = month_days(season)
    begins = first if first > last else 101  # month * 100 + day
    recorded = record.indexes["time"]
    ends = recorded.min(), recorded.max()
    years = [day.year - (day.month * 100 + day.day < begins) for day in ends]
    begin, after = (f"{year}-{begins // 100}-{begins % 100}" for year in (years[0], years[1] + 1))
    days = xr.date_range(begin, after, inclusive="left")
    month_day = days.month.values * 100 + days.day.values
    year = days.year.values.astype(int) - (month_day < begins)
    inside = in_season(month_day, first, last)
    if without is not None:
        inside &= ~days.isin(without.indexes["time"][without.values])
    return Calendar(days.values.astype("datetime64[ns]"), year, inside)


def rows(record: xr.DataArray | None, days: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Return a record's values, (gauge, time), and where each day of the calendar is in them.

    Places are -1 where it lacks a day; no record at all is a single NaN.
    """
    if record is None or record.sizes["time"] == 0:
        return np.full((1, 1), np.nan), np.zeros(days.time.size, int)
    if not record.indexes["time"].is_unique:
        raise InputError(f"{record.name} has several values on one day, expected daily means.")
    values = np.atleast_2d(record.transpose(..., "time").values)
    return values, record.indexes["time"].get_indexer(days.time)


def on_calendar(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return the values of `rows` on every day of the calendar, NaN where they lack one."""
    found = values.take(place, axis=1).astype(float, copy=False)
    found[:, place < 0] = np.nan
    return found


def month_days(season: tuple[str, str]) -> tuple[int, int]:
    """Return the season's first and last day as month * 100 + day."""
    try:
        dates = [datetime.strptime(f"2000-{day}", "%Y-%m-%d") for day in season]
    except (TypeError, ValueError):
        dates = []
    days = [date.month * 100 + date.day for date in dates]
    known = len(days) == 2 and (days[0] <= days[1] or days[0] != _LEAP_DAY)
    require("season", season, known, "its first and last day as mm-dd, such as 09-01 and 11-30")
    return days[0], days[1]
