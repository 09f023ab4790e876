"""Whether a recession constant has changed between two periods, and what the answer hangs on.

Years are the units here. Events of one year share its weather, so that they are no independent
witnesses of a change; and years that follow one another may be alike.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from pandas.tseries.offsets import DateOffset, MonthEnd
from scipy.special import stdtr, stdtrit

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes, labelled
from qilian.recession._estimators import (
    ESTIMATORS,
    chosen,
    cloud_exponent,
    constant,
    curvature_exponent,
)
from qilian.recession.days import Choice, select_days
from qilian.recession.rules import RULES
from qilian.recession.segments import _CANNOT_TELL, segment_sums
from qilian.recession.trend import _memory

_Statistic = Callable[[np.ndarray, np.ndarray], float]


def period_change(
    days: xr.Dataset, *, until: int, since: int, fit: str = "log_linear"
) -> xr.Dataset:
    """Compare the recession constants of two periods.

    Each period's ln Ks is the fit of all its days, its variance that of leaving out one year at a
    time (jackknife), times (1 + r) / (1 - r) where years that follow one another are alike, r
    being their correlation. The interval is Welch's.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    until, since : int
        Last year of the period before and first of that after.
    fit : str
        A name of `ESTIMATORS`.

    Returns
    -------
    xarray.Dataset
        Scalars: `before`, `after`, their `difference` and its bounds `difference_lower`, `_upper`
        [day]; `change`, `change_lower`, `change_upper`, the same in per cent, by ln Ks; `p_value`
        of no change; `significant`, whether that is below 5 %; `segments_before`, `_after`;
        `until` and `since` as given; `reason`, empty or why they are NaN.

    Raises
    ------
    InputError
        The periods overlap, or the fit has no such name.

    Examples
    --------
    >>> from qilian.recession.days import select_days
    >>> days = xr.date_range("2000-01-01", "2011-12-31")
    >>> constant = np.where(days.year < 2006, 30, 40) + days.year % 3
    >>> flow = 100 * np.exp(-((days.day_of_year - 240) % 366) / constant)
    >>> selected = select_days(xr.DataArray(flow, {"time": days}, "time"))
    >>> change = period_change(selected, until=2005, since=2006)
    >>> change.difference.round(1).item(), bool(change.significant)
    (10.0, True)
    """
    require("fit", fit, fit in ESTIMATORS, f"one of {', '.join(ESTIMATORS)}")
    require("since", since, since > until, f"a year after {until}, where the period before ends")
    log_flow, segment, year = chosen(days)
    periods, counts = [], []
    for inside in (year <= until, year >= since):
        held = log_flow[inside], segment[inside], year[inside]
        counts.append(np.unique(held[1]).size)
        periods.append(_leave_one_out(partial(_log_constant, ESTIMATORS[fit]), *held))
    reason = "" if segment_sums(days)["hidden"].sum() == 0 else _CANNOT_TELL
    levels, influences, years = zip(*periods, strict=True)
    old, new = np.exp(levels) if not reason else (np.nan, np.nan)
    step = np.log(new / old)
    if np.isnan(step):
        reason = reason or "a period has fewer than three years with recessions"
    reach, p = _welch(step, influences, years)
    if not reason and np.isnan(reach):
        reason = "no interval: without some year a period has too few recessions"
    reach_days, _ = _welch(new - old, (old * influences[0], new * influences[1]), years)
    results = {
        "before": (old, "Ks before", "day"),
        "after": (new, "Ks after", "day"),
        "difference": (new - old, "difference", "day"),
        "difference_lower": (new - old - reach_days, "lower 95 % bound", "day"),
        "difference_upper": (new - old + reach_days, "upper 95 % bound", "day"),
        "change": (100 * np.expm1(step), "change", "%"),
        "change_lower": (100 * np.expm1(step - reach), "lower 95 % bound", "%"),
        "change_upper": (100 * np.expm1(step + reach), "upper 95 % bound", "%"),
        "p_value": (p, "p value, if nothing changed"),
        "significant": (bool(p < 0.05), "significant at the 5 % level", None),
        "until": (until, "last year before"),
        "since": (since, "first year after"),
        "segments_before": (counts[0], "recessions before"),
        "segments_after": (counts[1], "recessions after"),
        "reason": (reason, "why it is missing", None),
    }
    return labelled(results)


def choice_sensitivity(
    discharge: xr.DataArray,
    precipitation: xr.DataArray | None,
    *,
    until: int,
    since: int,
    lengths: Iterable[int] = (5, 10, 14),
    **options: Any,
) -> xr.Dataset:
    """Estimate the change again with one choice altered at a time: method, length, season, fit.

    Parameters
    ----------
    discharge, precipitation
        As `select_days` takes them.
    until, since : int
        As `period_change` takes them.
    lengths : iterable of int
        Other minimum lengths [day]; other methods come with their own.
    **options
        The choice made, of `Choice`; other seasons begin or end a month or two apart from its own.

    Returns
    -------
    xarray.Dataset
        (choice,) as from `period_change`, with `kind`, which choice was altered ("as chosen"
        first), and `label`, to what.
    """
    made = Choice(**options)
    runs = [("as chosen", f"{made.method}, {made.shortest} d", made, "log_linear")]
    runs += [
        ("method", name, replace(made, method=name, minimum_length=None), "log_linear")
        for name in RULES
        if name != made.method
    ]
    runs += [("length", f"{n} d", replace(made, minimum_length=n), "log_linear") for n in lengths]
    runs += [
        ("season", " to ".join(season), replace(made, season=season), "log_linear")
        for season in _other_seasons(made.season)
    ]
    runs += [("fit", name, made, name) for name in ESTIMATORS if name != "log_linear"]
    found = []
    for _, _, choice, fit in runs:
        days = select_days(discharge, precipitation, **asdict(choice))
        found.append(period_change(days, until=until, since=since, fit=fit))
    names = {"kind": [run[0] for run in runs], "label": [run[1] for run in runs]}
    return xr.concat(found, "choice").assign(
        {name: ("choice", values, attributes(name, None)) for name, values in names.items()}
    )


def _other_seasons(season: tuple[str, str]) -> list[tuple[str, str]]:
    """Move the ends of a season by whole months, the last day of a month to the last of another.

    None shorter than a month, and none that leaves less than a month of the year.
    """
    first, last = (pd.Timestamp(f"2001-{day}") for day in season)
    last += DateOffset(years=int(last < first))
    seasons = []
    for begin, end in ((-1, 0), (0, -1), (1, 0), (-2, -1)):  # months
        since = first + DateOffset(months=begin)
        until = last + (MonthEnd(end) if last.is_month_end else DateOffset(months=end))
        if 28 <= (until - since).days <= 335:
            seasons.append((f"{since:%m-%d}", f"{until:%m-%d}"))
    return seasons


def exponents(days: xr.Dataset) -> xr.Dataset:
    """Estimate the exponent b of -dQ/dt = a Q^b in two ways; 1 is a linear reservoir.

    Returns
    -------
    xarray.Dataset
        (estimate,) `exponent` and its bounds `exponent_lower`, `exponent_upper` [1], by leaving
        out one year at a time: from the curvature of segments, and from all days pooled.
    """
    log_flow, segment, year = chosen(days)
    statistics = {"curvature of segments": curvature_exponent, "all days pooled": cloud_exponent}
    rows = []
    for statistic in statistics.values():
        value, influence, _ = _leave_one_out(statistic, log_flow, segment, year)
        reach = stdtrit(influence.size - 1, 0.975) * np.sqrt(np.sum(influence**2))
        rows.append((value, value - reach, value + reach))
    names = ("exponent", "exponent_lower", "exponent_upper")
    texts = ("exponent b", "lower 95 % bound", "upper 95 % bound")
    columns = zip(names, texts, np.transpose(rows), strict=True)
    return xr.Dataset(
        {name: ("estimate", column, attributes(text)) for name, text, column in columns},
        {"estimate": ("estimate", list(statistics), attributes("b from", None))},
    )


def _log_constant(fit: Callable, log_flow: np.ndarray, segment: np.ndarray) -> float:
    return float(np.log(constant(fit, log_flow, segment)))


def _leave_one_out(
    statistic: _Statistic, log_flow: np.ndarray, segment: np.ndarray, year: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return a statistic, what each year's absence does to it, and the years.

    The sum of the squared influences is the jackknife's variance.
    """
    years = np.unique(year)
    if years.size < 3:
        return np.nan, np.full(3, np.nan), np.arange(3)
    without = np.array([statistic(log_flow[year != y], segment[year != y]) for y in years])
    influence = np.sqrt((years.size - 1) / years.size) * (without - without.mean())
    return statistic(log_flow, segment), influence, years


def _welch(
    step: float, influences: Sequence[np.ndarray], years: Sequence[np.ndarray]
) -> tuple[float, float]:
    """Return the half-width of the step's 95 % interval and the p-value of no step."""
    alike = max(_memory(np.concatenate(influences), np.concatenate(years), 1), 0)
    variances = np.array([np.sum(i**2) for i in influences]) * (1 + alike) / (1 - alike)
    free = np.array([i.size - 1 for i in influences])
    dof = variances.sum() ** 2 / np.sum(variances**2 / free)
    error = np.sqrt(variances.sum())
    return stdtrit(dof, 0.975) * error, 2 * stdtr(dof, -abs(step) / error)
