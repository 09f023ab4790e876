"""Sums kept per recession event: all that the slope of ln Q, its fit and its interval need."""

from typing import Any

import numpy as np
import xarray as xr

from qilian.contracts.labels import attributes
from qilian.recession._calendar import Calendar, calendar, on_calendar, rows
from qilian.recession._record import spread
from qilian.recession.days import Choice, _choose
from qilian.recession.rules import RULES

# Daily fall of ln Q over the noise of a day, below which small rains that nobody recorded pass
# unseen and lengthen the constant by more than 3 % (bench/recession_coverage.py).
CLEAR_FALL = 1.0
# Days of all gauges taken abreast: enough that numpy's calls cost little, few enough that arrays of
# them stay in the processor's cache.
_DAYS = 60_000
_CANNOT_TELL = "cannot tell: rain is unknown and small rains hide in the noise"

_ABOUT = {
    "year": ("year to which it counts", "1"),
    "n": ("days in recession", "1"),
    "xx": ("squared deviations of time from segment means, summed", "day2"),
    "xy": ("products of deviations of time and ln discharge, summed", "day"),
    "yy": ("squared deviations of ln discharge from segment means, summed", "1"),
    "unseen": ("rain is unknown in it", "1"),
    "hidden": ("rain is unknown in it and small rains would hide in the noise", "1"),
    "gauge": ("number of the gauge", "1"),
}


def segment_sums(days: xr.Dataset) -> xr.Dataset:
    """Sum each segment of `select_days` about its own means.

    Returns (segment,) `year`, `n` and, with t [day] and y = ln Q, xx = Σ(t - t̄)² [day2],
    xy = Σ(t - t̄)(y - ȳ) [day], yy = Σ(y - ȳ)² [1]; `unseen`, whether rain is unknown
    in it; and `hidden`, whether the river moreover falls by less than `CLEAR_FALL` times
    its noise a day, so that small rains would hide. Methods that never ask for rain have neither.
    """
    chosen = np.flatnonzero(days["segment"].values)
    length = np.bincount(days["segment"].values[chosen])[1:]
    first = chosen[np.cumsum(length) - length]
    log_flow, unknown, noise = days["log_discharge"], ~days["rain_known"], days["noise"]
    unknown = unknown & (days.attrs["method"] == "undisturbed")
    arrays = (array.values[np.newaxis] for array in (log_flow, noise, unknown))
    sums = _sums(first, length, *arrays)
    return _table({"year": days["season_year"].values[first]} | sums).drop_vars("gauge")


def gauge_sums(
    discharge: xr.DataArray, precipitation: xr.DataArray | None = None, **options: Any
) -> tuple[xr.Dataset, xr.DataArray]:
    """Choose days and sum segments, some gauges abreast, in one pass over the days.

    Parameters
    ----------
    discharge : xarray.DataArray
        (time,) or (gauge, time) daily mean discharge, taken into memory whole.
    precipitation : xarray.DataArray, optional
        Alike, or (time,) for all gauges [mm day-1].
    **options
        Of `Choice`.

    Returns
    -------
    segments : xarray.Dataset
        (segment,) as from `segment_sums`, with `gauge`, the number of its gauge from 0.
    reported : xarray.DataArray
        (year,) or (gauge, year), fraction of the season's days with a value [1].
    """
    choice = Choice(**options)
    days = calendar(discharge, choice.season, choice.without)
    if RULES[choice.method].local:
        days = days.around_season()
    (flows, flow_days), (rains, rain_days) = rows(discharge, days), rows(precipitation, days)
    rains = np.broadcast_to(rains, (len(flows), rains.shape[1]))
    tables, reported = [], []
    abreast = max(_DAYS // days.time.size, 1)
    for start in range(0, len(flows), abreast):
        some = slice(start, start + abreast)
        flow, rain = on_calendar(flows[some], flow_days), on_calendar(rains[some], rain_days)
        first, length, log_flow, noise = _choose(flow, rain, days, choice)
        unknown = np.isnan(rain) & (choice.method == "undisturbed")
        sums = _sums(first, length, log_flow, noise, unknown)
        sums["gauge"] += start
        tables.append({"year": days.year[first % days.year.size]} | sums)
        reported.append(_reported(flow, days))
    whole = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    fraction = _by_year(np.concatenate(reported), days.years)
    if "gauge" not in discharge.dims:
        return _table(whole), fraction.isel(gauge=0)
    if "gauge" in discharge.coords:
        fraction = fraction.assign_coords(gauge=discharge["gauge"])
    return _table(whole), fraction


def _sums(
    first: np.ndarray,
    n: np.ndarray,
    log_flow: np.ndarray,
    noise: np.ndarray,
    unknown: np.ndarray,
) -> dict[str, np.ndarray]:
    """Sum segments, of `n` days each, about their own means, and say which may hide small rains.

    Days, (gauge, time), are counted through gauge after gauge. `unknown` are those of which the
    rain is asked for and not known; `noise` is each gauge's.
    """
    begin = np.cumsum(n) - n
    day = spread(first, n)

    def total(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, begin)

    t = day - np.repeat(first + (n - 1) / 2, n)
    # Counted from the segment's first day, so that a flat one has sums of zero.
    y = log_flow.ravel()[day] - np.repeat(log_flow.ravel()[first], n)
    y -= np.repeat(total(y) / n, n)
    xx, xy = n * (n**2 - 1) / 12, total(t * y)
    gauge = first // log_flow.shape[1]
    fall, scale = (np.bincount(gauge, values, noise.size) for values in (-xy, xx))
    unseen = np.logical_or.reduceat(unknown.ravel()[day], begin)
    hidden = unseen & (fall < CLEAR_FALL * noise * scale)[gauge]
    sums = {"n": n, "xx": xx, "xy": xy, "yy": total(y * y)}
    return sums | {"unseen": unseen, "hidden": hidden, "gauge": gauge}


def _reported(flow: np.ndarray, days: Calendar) -> np.ndarray:
    """Fraction of each season's days with a value, (gauge, time) → (gauge, year) [1]."""
    year, count = days.year - days.years[0], days.years.size
    gauge, day = np.divmod(np.flatnonzero(~np.isfinite(flow) & days.in_season), year.size)
    missing = np.bincount(gauge * count + year[day], minlength=len(flow) * count)
    season = np.bincount(year, days.in_season).clip(1)
    return (season - missing.reshape(-1, count)) / season


def _table(sums: dict[str, np.ndarray]) -> xr.Dataset:
    columns = {k: ("segment", v, attributes(*_ABOUT[k])) for k, v in sums.items()}
    number = np.arange(1, sums["n"].size + 1)
    return xr.Dataset(columns, {"segment": ("segment", number, attributes("recession segment"))})


def _by_year(fraction: np.ndarray, years: np.ndarray) -> xr.DataArray:
    return xr.DataArray(
        fraction,
        {"year": ("year", years, attributes("year"))},
        ("gauge", "year"),
        name="reported_fraction",
        attrs=attributes("fraction of the season's days reported"),
    )
