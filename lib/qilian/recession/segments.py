"""Sums kept per recession event: all that the slope of ln Q, its fit and its interval need."""

from typing import Any

import numpy as np
import xarray as xr

from qilian.contracts.labels import attributes
from qilian.recession._calendar import Calendar, calendar, on_calendar
from qilian.recession.days import Choice, _choose
from qilian.recession.rules import RULES

# Daily fall of ln Q over the noise of a day, below which small rains that nobody recorded pass
# unseen and lengthen the constant by more than 3 % (bench/recession_coverage.py).
CLEAR_FALL = 1.0
_CANNOT_TELL = "cannot tell: rain is unknown and small rains hide in the noise"

_ABOUT = {
    "year": ("calendar year", "1"),
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
    segment, known = days["segment"].values, days["rain_known"].values
    log_flow, year = days["log_discharge"].values, days["time"].dt.year.values
    return _table(
        _gauge(segment, log_flow, float(days["noise"]), year, known, days.attrs["method"])
    )


def gauge_sums(
    discharge: xr.DataArray, precipitation: xr.DataArray | None = None, **options: Any
) -> tuple[xr.Dataset, xr.DataArray]:
    """Choose days and sum segments, gauge after gauge, in one pass over the days.

    Parameters
    ----------
    discharge : xarray.DataArray
        (time,) or (gauge, time) daily mean discharge, taken into memory whole; `blocks` cuts it.
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
    days = calendar(discharge, choice.season)
    if RULES[choice.method].local:
        days = days.around_season()
    flows = on_calendar(discharge.transpose(..., "time"), days)
    rains = np.full(days.time.size, np.nan)
    if precipitation is not None:
        rains = on_calendar(precipitation.transpose(..., "time"), days)
    flows = np.atleast_2d(flows)
    tables = []
    for flow, rain in zip(flows, np.broadcast_to(rains, flows.shape), strict=True):
        tables.append(
            _gauge(*_choose(flow, rain, days, choice), days.year, np.isfinite(rain), choice.method)
        )
    counts = [table["n"].size for table in tables]
    whole = {k: np.concatenate([t[k] for t in tables]) for k in tables[0]}
    whole["gauge"] = np.repeat(np.arange(len(tables)), counts)
    fraction = _by_year(np.array([_reported(flow, days) for flow in flows]), days.years)
    if "gauge" not in discharge.dims:
        return _table(whole), fraction.isel(gauge=0)
    if "gauge" in discharge.coords:
        fraction = fraction.assign_coords(gauge=discharge["gauge"])
    return _table(whole), fraction


def _gauge(
    segment: np.ndarray,
    log_flow: np.ndarray,
    noise: float,
    year: np.ndarray,
    rain_known: np.ndarray,
    method: str,
) -> dict[str, np.ndarray]:
    """Sum the segments of one gauge, and say of which rain is unknown; others ask for none."""
    sums = _sums(segment, log_flow, year)
    return sums | _blind(sums, segment, rain_known | (method != "undisturbed"), noise)


def _sums(segment: np.ndarray, log_flow: np.ndarray, year: np.ndarray) -> dict[str, np.ndarray]:
    """Sum the segments, numbered from 1 in order, of one gauge."""
    chosen = np.flatnonzero(segment)
    index = segment[chosen] - 1
    n = np.bincount(index)
    start = chosen[np.cumsum(n) - n]

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(index, values, minlength=n.size)

    # Counted from the segment's first day, so that a long record costs no digits.
    t = (chosen - start[index]).astype(float)
    y = log_flow[chosen] - log_flow[start][index]
    t -= (total(t) / n)[index]
    y -= (total(y) / n)[index]
    sums = {"n": n, "xx": total(t * t), "xy": total(t * y), "yy": total(y * y)}
    return {"year": year[start], **sums}


def _blind(
    sums: dict[str, np.ndarray], segment: np.ndarray, known: np.ndarray, noise: float
) -> dict[str, np.ndarray]:
    """Mark segments without known rain, and those in which small rains would hide."""
    if known.all():
        unseen = np.zeros(sums["n"].size, bool)
    else:
        unseen = np.bincount(segment, ~known, minlength=sums["n"].size + 1)[1:] > 0
    shallow = bool(-sums["xy"].sum() < CLEAR_FALL * noise * sums["xx"].sum())
    return {"unseen": unseen, "hidden": unseen & shallow}


def _table(sums: dict[str, np.ndarray]) -> xr.Dataset:
    columns = {k: ("segment", v, attributes(*_ABOUT[k])) for k, v in sums.items()}
    number = np.arange(1, sums["n"].size + 1)
    return xr.Dataset(columns, {"segment": ("segment", number, attributes("recession segment"))})


def _reported(flow: np.ndarray, days: Calendar) -> np.ndarray:
    """Fraction of each season's days with a value, (year,) [1]."""
    there = np.add.reduceat(np.isfinite(flow) & days.in_season, days.starts, dtype=int)
    return there / np.add.reduceat(days.in_season, days.starts, dtype=int)


def _by_year(fraction: np.ndarray, years: np.ndarray) -> xr.DataArray:
    return xr.DataArray(
        fraction,
        {"year": ("year", years, attributes("calendar year"))},
        ("gauge", "year"),
        name="reported_fraction",
        attrs=attributes("fraction of the season's days reported"),
    )
