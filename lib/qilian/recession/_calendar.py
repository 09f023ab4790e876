"""Days of whole calendar years, with a season of recessions."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError, require


@dataclass(frozen=True)
class Calendar:
    """Days of the calendar years a record touches, arrays of shape (time,)."""

    time: np.ndarray
    year: np.ndarray
    in_season: np.ndarray

    @cached_property
    def years(self) -> np.ndarray:
        """The years in order."""
        return np.arange(self.year[0], self.year[-1] + 1)

    @cached_property
    def first_of_year(self) -> np.ndarray:
        """Which days are the first of their year."""
        return np.diff(self.year, prepend=0) != 0

    def around_season(self, margin: int = 20) -> "Calendar":
        """Leave out what is further than `margin` days from any season.

        Days beside one another across what is left out are not neighbours, but no rule that looks
        at most `margin` days around it notices, since segments lie within seasons.
        """
        near = np.convolve(self.in_season, np.ones(2 * margin + 1), "same") > 0
        return Calendar(self.time[near], self.year[near], self.in_season[near])


def calendar(record: xr.DataArray, season: tuple[str, str]) -> Calendar:
    """Lay out whole years from 1 January of the first to 31 December of the last."""
    named = set(record.dims) in ({"time"}, {"gauge", "time"})
    require("dims of discharge", record.dims, named, "time, or gauge and time")
    if record.sizes.get("time", 0) == 0:
        raise InputError("discharge holds no days, expected a daily record along time.")
    first, last = month_days(season)
    recorded = record.indexes["time"]
    days = xr.date_range(f"{recorded.min().year}-01-01", f"{recorded.max().year}-12-31")
    month_day = days.month.values * 100 + days.day.values
    in_season = (first <= month_day) & (month_day <= last)
    return Calendar(days.values.astype("datetime64[ns]"), days.year.values.astype(int), in_season)


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
    """Return the season's first and last day as month * 100 + day, 02-29 being a day."""
    try:
        first, last = (datetime.strptime(f"2000-{day}", "%Y-%m-%d") for day in season)
    except (TypeError, ValueError):
        first, last = datetime.max, datetime.min
    wanted = "a first and a later last day as mm-dd within one calendar year"
    require("season", season, first <= last, wanted)
    return first.month * 100 + first.day, last.month * 100 + last.day
