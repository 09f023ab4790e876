"""How far thaw and freezing of each year have come, on a scale on which settlement is straight."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.contracts.seasons import THAW_SEASON
from qilian.thaw.index import frozen_until, thawing_indices

LATE_SEASON = 0.75  # fraction of the year's thawing index from which on a season is late
_BEGUN = 0.01  # fraction of it from which on thaw has begun
_DAYS = 2 * 366  # of a thaw year, at most, from the January before it begins


def season_progress(
    air_temperature: xr.DataArray,
    dates: xr.DataArray,
    *,
    thaw_season: tuple[str, str] = THAW_SEASON,
) -> xr.Dataset:
    """Tell how far thaw and freezing of its thaw year have come at each date.

    With the year's thawing index A and freezing index F these are √(A / A_end) and √(F / F_end).
    Settlement by Stefan's solution is a straight line of the one, heave one of the other, as in
    `index.settlement_course`. A_end is the year's own, F_end of a winter that the record does not
    tell whole the mean of the others.

    Parameters
    ----------
    air_temperature : xarray.DataArray
        (time,) daily mean [degC].
    dates : xarray.DataArray
        (time,) acquisitions.
    thaw_season : (str, str), optional
        Its first and last day as mm-dd; a thaw year begins 30 days before.

    Returns
    -------
    xarray.Dataset
        (time,) at `dates`: `thawed` and `frozen` [1], and `thaw_year`; NaN in years whose thaw the
        record does not tell whole. (year,) the days `onset` and `late_from`, when a hundredth and
        three quarters of the year's thawing index are reached, and `turn`, from which on more frost
        than thaw follows. (year, day) `course`, `thawed` less `frozen` on every day, counted from 1
        on the first of January of the year.

    Raises
    ------
    InputError
        As `index.thawing_indices`; no year of the dates is told.

    Examples
    --------
    >>> days = xr.date_range("2017-01-01", "2019-12-31")
    >>> year = 2 * np.pi * (days.day_of_year - 110) / 365
    >>> air = xr.DataArray(10 * np.sin(year), {"time": days}, "time")
    >>> dates = air.time.sel(time=["2018-04-05", "2018-07-01", "2018-10-20", "2019-03-31"])
    >>> season_progress(air, dates).thawed.values.round(2)
    array([0.  , 0.58, 1.  , 1.  ])
    """
    start = frozen_until(thaw_season)
    record = thawing_indices(air_temperature, start=start)
    days = record["time"].values
    winter = record["annual_freezing_index"]
    progress = {name: np.full(days.size, np.nan) for name in ("thawed", "frozen")}
    ends: dict[int, np.ndarray] = {}
    courses: dict[int, np.ndarray] = {}
    for year in np.unique(record["thaw_year"]):
        own = np.flatnonzero(record["thaw_year"] == year)
        thaw, frost = (record[f"{kind}_index"].values[own] for kind in ("thawing", "freezing"))
        from_start = own[0] > 0 or str(days[0])[5:10] == start
        if not (from_start and thaw[-1] > 0 and frost[-1] > 0):
            continue
        whole = frost[-1] if year in winter["year"] else max(float(winter.mean()), frost[-1])
        progress["thawed"][own] = np.sqrt(thaw / thaw[-1])
        progress["frozen"][own] = np.sqrt(frost / whole)
        begun, late = np.searchsorted(thaw, [_BEGUN * thaw[-1], LATE_SEASON * thaw[-1]])
        ends[int(year)] = days[own[[begun, late, np.argmax(frost > 0)]]]
        january = np.datetime64(f"{year}-01-01")
        courses[int(year)] = course = np.full(_DAYS, np.nan)
        course[(days[own] - january) // np.timedelta64(1, "D")] = (
            progress["thawed"][own] - progress["frozen"][own]
        )
    at = dates.values.astype("datetime64[D]").astype("datetime64[ns]")
    of_days = xr.Dataset(
        {name: ("time", value) for name, value in progress.items()}, {"time": days}
    ).assign(thaw_year=("time", record["thaw_year"].values.astype(float)))
    found = of_days.reindex(time=at).assign_coords(time=dates.values)
    told = np.unique(found["thaw_year"].where(found["thawed"].notnull()).dropna("time"))
    require("the thaw years that air temperature tells", told.size, told.size > 0, "one at least")
    found["thawed"].attrs = attributes("fraction of the year's thaw settlement")
    found["frozen"].attrs = attributes("fraction of the winter's heave")
    found["thaw_year"].attrs = attributes("year in which the thaw year began")
    onset, late, turn = np.array([ends[int(year)] for year in told]).T
    about = attributes("fraction of the year's settlement that remains")
    found["course"] = ("year", "day"), np.array([courses[int(year)] for year in told]), about
    return found.assign_coords(
        day=("day", 1.0 + np.arange(_DAYS), attributes("day of the year", "day")),
        year=("year", told.astype(int), attributes("thaw year", None)),
        onset=("year", onset, attributes("thaw from", None)),
        late_from=("year", late, attributes("late from", None)),
        turn=("year", turn, attributes("frost from", None)),
    )
