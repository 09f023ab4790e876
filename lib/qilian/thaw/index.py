"""The thaw that drives the ground: thawing and freezing indices, and how far settlement has got."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes
from qilian.contracts.seasons import THAW_SEASON

LONGEST_GAP = 7  # days of missing air temperature that interpolation bridges


def frozen_until(thaw_season: tuple[str, str]) -> str:
    """Return as mm-dd when a thaw year begins: 30 days before a season, mm-dd to mm-dd.

    Examples
    --------
    >>> frozen_until(("05-01", "10-31")), frozen_until(("11-01", "04-30"))
    ('04-01', '10-02')
    """
    begin = np.datetime64(f"2001-{thaw_season[0]}") - 30
    return str(begin)[5:]


def thawing_indices(air_temperature: xr.DataArray, *, start: str = "04-01") -> xr.Dataset:
    """Accumulate thawing and freezing degree days through each thaw year.

    A thaw year runs from `start` to the day before the next. Its freezing index counts from the
    day after which more frost than thaw follows, where the temperature summed since `start` is
    highest. Ratios of an index do not depend on a constant factor between air and ground, the
    n-factor.

    Parameters
    ----------
    air_temperature : xarray.DataArray
        (time,) daily mean [degC]; gaps of up to 7 days are interpolated, and from a longer one on
        the indices of its thaw year are missing.
    start : str, optional
        MM-DD of the frozen season's end.

    Returns
    -------
    xarray.Dataset
        (time,), every day: `thawing_index` and `freezing_index` [degC day] up to and with the day,
        `thaw_year`; (year,), complete thaw years only: `annual_thawing_index` and
        `annual_freezing_index` [degC day].

    Raises
    ------
    InputError
        No complete thaw year, or a start that is no date.

    Examples
    --------
    >>> days = xr.date_range("2017-01-01", "2019-12-31")
    >>> year = 2 * np.pi * (days.day_of_year - 110) / 365
    >>> air = xr.DataArray(10 * np.sin(year), {"time": days}, "time")
    >>> thawing_indices(air).annual_thawing_index.values.round()  # degC day
    array([1162., 1162.])
    """
    # pandas, since xarray resamples group by group in Python.
    daily = air_temperature.to_series().resample("1D").mean()
    temperature = _bridged(daily.to_numpy())
    year, first, length = _thaw_years(daily.index.values, start)
    thawing = np.maximum(temperature, 0)
    freezing = np.maximum(-temperature, 0)
    for begin, end in zip(first, first + length, strict=True):
        turn = begin + np.argmax(np.cumsum(temperature[begin:end]))
        freezing[begin : turn + 1] = 0
        thawing[begin:end] = np.cumsum(thawing[begin:end])
        freezing[begin:end] = np.cumsum(freezing[begin:end])
    whole = (length >= 365) & np.isfinite(thawing[first + length - 1])
    if not whole.any():
        raise InputError(f"air temperature covers no whole year from {start} on, expected one.")
    last = (first + length - 1)[whole]
    return xr.Dataset(
        {
            "thawing_index": ("time", thawing, attributes("thawing index", "degC day")),
            "freezing_index": ("time", freezing, attributes("freezing index", "degC day")),
            "thaw_year": ("time", year, attributes("year in which the thaw year began")),
            "annual_thawing_index": ("year", thawing[last], attributes("of the year", "degC day")),
            "annual_freezing_index": ("year", freezing[last], attributes("of it", "degC day")),
        },
        {"time": daily.index.values, "year": ("year", year[last], attributes("thaw year"))},
    )


def _bridged(temperature: np.ndarray) -> np.ndarray:
    """Interpolate over short gaps of daily values."""
    day, known = np.arange(temperature.size), np.flatnonzero(np.isfinite(temperature))
    if not known.size:
        raise InputError("air temperature has no value at all, expected one a day.")
    after = np.searchsorted(known, day).clip(1, max(known.size - 1, 1))
    gap = known[after.clip(max=known.size - 1)] - known[after - 1] - 1
    filled = np.interp(day, known, temperature[known], left=np.nan, right=np.nan)
    return np.where(np.isnan(temperature) & (gap > LONGEST_GAP), np.nan, filled)


def _thaw_years(days: np.ndarray, start: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thaw year of each day; first day and length of each thaw year."""
    try:
        begin = np.datetime64(f"2001-{start}") - np.datetime64("2001-01-01")
    except ValueError:
        raise InputError(f"start is {start!r}, expected MM-DD such as 04-01.") from None
    shifted = days.astype("datetime64[D]") - begin
    year = shifted.astype("datetime64[Y]").astype(int) + 1970
    _, first, length = np.unique(year, return_index=True, return_counts=True)
    return year, first, length


def settlement_course(
    air_temperature: xr.DataArray,
    dates: xr.DataArray,
    *,
    thaw_season: tuple[str, str] = THAW_SEASON,
) -> xr.DataArray:
    """Follow thaw settlement and frost heave, as a fraction of a mean year's settlement.

    While the ground thaws, settlement goes with the square root of the thawing index A, as the
    thaw depth does in Stefan's solution (Liu et al. 2012, doi:10.1029/2011JF002041); as it
    freezes, heave restores it with the square root of the freezing index F of that winter:

        s = √(A / Ā) - √(A_end / Ā) √(F / F_end)

    Ā is the mean annual thawing index of the record, so that s exceeds 1 after a warm summer.
    Beyond a record's last whole winter F_end is the mean of the others.

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
    xarray.DataArray
        (time,) at `dates` [1], with the coordinate `thaw_year`.

    Raises
    ------
    InputError
        As `thawing_indices`; a date outside the record or after a long gap of its thaw year.

    Examples
    --------
    >>> days = xr.date_range("2017-01-01", "2019-12-31")
    >>> year = 2 * np.pi * (days.day_of_year - 110) / 365
    >>> air = xr.DataArray(10 * np.sin(year), {"time": days}, "time")
    >>> dates = air.time.sel(time=["2018-04-01", "2018-07-01", "2018-10-01", "2019-03-31"])
    >>> settlement_course(air, dates).values.round(2)
    array([0.  , 0.58, 0.99, 0.  ])
    """
    start = frozen_until(thaw_season)
    record = thawing_indices(air_temperature, start=start)
    mean = float(record["annual_thawing_index"].mean())
    winter = record["annual_freezing_index"]
    full = winter.reindex(year=np.unique(record["thaw_year"]), fill_value=float(winter.mean()))
    of_winter = np.maximum(full.sel(year=record["thaw_year"]).values, record["freezing_index"])
    # Nothing thaws once a thaw year's freezing has set in for good, so A is then A_end.
    frozen = np.sqrt(record["freezing_index"] / of_winter.where(of_winter > 0, 1))
    course = np.sqrt(record["thawing_index"] / mean) * (1 - frozen)
    course = course.assign_coords(thaw_year=record["thaw_year"])
    at = course.reindex(time=dates.values.astype("datetime64[D]").astype("datetime64[ns]"))
    if at.isnull().any():
        raise InputError(
            f"air temperature does not tell the thaw of {str(dates.values[at.isnull()][0])[:10]}, "
            f"expected it daily from {start} of every acquisition's year on."
        )
    return at.assign_attrs(attributes("fraction of a mean year's thaw settlement"))


def season_fractions(
    air_temperature: xr.DataArray,
    dates: xr.DataArray,
    *,
    thaw_season: tuple[str, str] = THAW_SEASON,
) -> xr.DataArray:
    """Fraction of its own season's settlement that is reached at dates of one thaw season.

    √(A / A_season), A_season being the thawing index of the whole season: what a deformation of a
    part of the season stands for is the difference of two fractions.

    Parameters
    ----------
    air_temperature : xarray.DataArray
        (time,) daily mean [degC], to the end of the season.
    dates : xarray.DataArray
        (time,) of one thaw year.
    thaw_season : (str, str), optional
        Its first and last day as mm-dd; a thaw year begins 30 days before.

    Returns
    -------
    xarray.DataArray
        (time,) at `dates` [1].

    Raises
    ------
    InputError
        As `thawing_indices`; dates of several thaw years, or of one that the record does not tell
        whole.
    """
    record = thawing_indices(air_temperature, start=frozen_until(thaw_season))
    rows = record.reindex(time=dates.values.astype("datetime64[D]").astype("datetime64[ns]"))
    years = np.unique(rows["thaw_year"].values)
    span = f"{str(dates.values[0])[:10]} to {str(dates.values[-1])[:10]}"
    require("season", span, years.size == 1 and years[0] in record["year"], "one told whole")
    season = record["annual_thawing_index"].sel(year=years[0], drop=True)
    fractions = (rows["thawing_index"] / season) ** 0.5
    return fractions.assign_attrs(attributes("fraction of the season's thaw settlement"))
