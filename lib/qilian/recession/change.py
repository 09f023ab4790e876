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
from qilian.recession._events import event_mean, events, lengths, regress, regress_on_flow
from qilian.recession.days import Choice, select_days
from qilian.recession.rules import RULES
from qilian.recession.segments import _CANNOT_TELL, segment_sums
from qilian.recession.trend import _memory

_Statistic = Callable[[np.ndarray, np.ndarray], float]


def period_change(days: xr.Dataset, *, until: int, since: int, fit: str = "events") -> xr.Dataset:
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
        [day]; `change`, `change_lower`, `change_upper`, the same in per cent, by ln Ks;
        `standard_error` of ln Ks after / before and its `degrees_of_freedom`; `p_value`
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
    log_flow, segment, year = chosen(days)
    periods, counts = [], []
    for inside in _periods(year, until, since):
        held = log_flow[inside], segment[inside], year[inside]
        counts.append(np.unique(held[1]).size)
        if fit == "events":
            periods.append(_of_events(*held))
        else:
            periods.append(_leave_one_out(partial(_log_constant, ESTIMATORS[fit]), *held))
    levels, influences, years = zip(*periods, strict=True)
    none = [np.zeros_like(own) for own in influences]
    of_both = [np.stack([influences[0], none[0]]), np.stack([none[1], influences[1]])]
    return _step(days, levels, of_both, years, counts, until, since)


def compare_periods(days: xr.Dataset, *, until: int, since: int) -> xr.Dataset:
    """Compare the recession constants of two periods as they came, and at the same flow.

    Where a reservoir is not linear its recession constant depends on flow, and less rain feigns
    slower drainage. At equal flow events' slopes k are therefore regressed on their flow and on
    the period, ln k = β0 + β1 (ln Q - m) + β2 (after), m being the mean of ln Q over the events of
    both. β1 is b - 1 of -dQ/dt = a Q^b, and -β2 the change of ln Ks. As they came, β1 is 0. Events
    weigh by how well each is known and how much they differ. Years are left out in turn.

    Parameters
    ----------
    days, until, since
        As `period_change` takes them.

    Returns
    -------
    xarray.Dataset
        (comparison,) "as they came" and "at equal flow", as from `period_change`.
    """
    steps = [period_change(days, until=until, since=since), _at_equal_flow(days, until, since)]
    names = ("comparison", ["as they came", "at equal flow"], attributes("comparison", None))
    return xr.concat(steps, "comparison").assign_coords(comparison=names)


def _at_equal_flow(days: xr.Dataset, until: int, since: int) -> xr.Dataset:
    log_flow, segment, year = chosen(days)
    inside = np.logical_or(*_periods(year, until, since))
    if not inside.any():
        nothing = np.full((2, 3), np.nan)
        return _step(days, nothing[0, :2], [nothing] * 2, [np.arange(3)] * 2, (0, 0), until, since)
    held = events(log_flow[inside], segment[inside], year[inside])
    after = held.year >= since
    found = regress_on_flow(held, after.astype(float))
    both = np.array([[-1, 0, 0], [-1, 0, -1.0]])  # ln Ks before and after
    levels = both @ found.coefficients
    of_both, years = [], []
    for period in (found.years <= until, found.years >= since):
        own, few = found.influence[period] @ both.T, period.sum() < 3
        of_both.append(np.full((2, 3), np.nan) if few else _jackknifed(own, len(own)).T)
        years.append(np.arange(3) if few else found.years[period])
    counts = int((~after).sum()), int(after.sum())
    return _step(days, levels, of_both, years, counts, until, since)


def _periods(year: np.ndarray, until: int, since: int) -> tuple[np.ndarray, np.ndarray]:
    """Tell what lies in the period before and in that after."""
    require("since", since, since > until, f"a year after {until}, where the period before ends")
    return year <= until, year >= since


def _step(
    days: xr.Dataset,
    levels: Sequence[float] | np.ndarray,
    influences: Sequence[np.ndarray],
    years: Sequence[np.ndarray],
    counts: Sequence[int],
    until: int,
    since: int,
) -> xr.Dataset:
    """Label a change of ln Ks, `levels` before and after.

    `influences` are what the absence of each period's years does to both, (2, year) a period.
    """
    reason = "" if segment_sums(days)["hidden"].sum() == 0 else _CANNOT_TELL
    old, new = np.exp(levels) if not reason else (np.nan, np.nan)
    step = np.log(new / old)
    if np.isnan(step):
        reason = reason or "a period has fewer than three years with recessions"
    error, dof, p = _welch(step, [own[1] - own[0] for own in influences], years)
    reach = stdtrit(dof, 0.975) * error
    if not reason and np.isnan(reach):
        reason = "no interval: without some year a period has too few recessions"
    in_days = [new * own[1] - old * own[0] for own in influences]
    error_days, dof_days, _ = _welch(new - old, in_days, years)
    reach_days = stdtrit(dof_days, 0.975) * error_days
    with np.errstate(over="ignore"):  # of an interval that is open to the top
        change = 100 * np.expm1([step, step - reach, step + reach])
    results = {
        "before": (old, "Ks before", "day"),
        "after": (new, "Ks after", "day"),
        "difference": (new - old, "difference", "day"),
        "difference_lower": (new - old - reach_days, "lower 95 % bound", "day"),
        "difference_upper": (new - old + reach_days, "upper 95 % bound", "day"),
        "change": (change[0], "change", "%"),
        "change_lower": (change[1], "lower 95 % bound", "%"),
        "change_upper": (change[2], "upper 95 % bound", "%"),
        "standard_error": (error, "standard error of ln Ks after / before"),
        "degrees_of_freedom": (dof, "degrees of freedom"),
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
    runs = [("as chosen", f"{made.method}, {made.shortest} d", made, "events")]
    runs += [
        ("method", name, replace(made, method=name, minimum_length=None), "events")
        for name in RULES
        if name != made.method
    ]
    runs += [("length", f"{n} d", replace(made, minimum_length=n), "events") for n in lengths]
    runs += [
        ("season", " to ".join(season), replace(made, season=season), "events")
        for season in _other_seasons(made.season)
    ]
    runs += [("fit", name, made, name) for name in ESTIMATORS if name != "events"]
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


def exponents(days: xr.Dataset, *, until: int, since: int) -> xr.Dataset:
    """Estimate the exponent b of -dQ/dt = a Q^b; 1 is a linear reservoir.

    From how segments bend, from how the slopes of events go with their flow, and from both, each
    weighing by its variance. The first asks nothing of differences between events, but of long
    segments; for the second the reservoir may not change otherwise between wet and dry events,
    but for an even change of ln Ks from one period to the other, which is fitted along. The pooled
    cloud of days is given for comparison.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    until, since : int
        As `period_change` takes them.

    Returns
    -------
    xarray.Dataset
        (estimate,) `exponent` and its bounds `exponent_lower`, `exponent_upper` [1], by leaving
        out one year at a time: of both, of each, and from all days pooled.
    """
    held = chosen(days)
    bends, flows = _bending(*held), _by_flow(*held, until, since)
    (bent, bent_error, bent_dof), (of_flow, flow_error, flow_dof) = bends, flows
    share = 1 / (1 + (bent_error / flow_error) ** 2)
    both = np.array([share**2 * bent_error**2, (1 - share) ** 2 * flow_error**2])
    dof = both.sum() ** 2 / np.sum(both**2 / np.array([bent_dof, flow_dof]))
    pooled, influence, _ = _leave_one_out(cloud_exponent, *held)
    rows = {
        "both": (share * bent + (1 - share) * of_flow, np.sqrt(both.sum()), dof),
        "curvature of segments": bends,
        "events of different flow": flows,
        "all days pooled": (pooled, np.sqrt(np.sum(influence**2)), influence.size - 1),
    }
    value, error, free = np.transpose(list(rows.values()))
    reach = stdtrit(free, 0.975) * error
    texts = {
        "exponent": (value, "exponent b"),
        "exponent_lower": (value - reach, "lower 95 % bound"),
        "exponent_upper": (value + reach, "upper 95 % bound"),
    }
    return xr.Dataset(
        {name: ("estimate", column, attributes(text)) for name, (column, text) in texts.items()},
        {"estimate": ("estimate", list(rows), attributes("b from", None))},
    )


def _bending(
    log_flow: np.ndarray, segment: np.ndarray, year: np.ndarray
) -> tuple[float, float, float]:
    """Return b by curvature, its standard error and degrees of freedom.

    Years weigh by the fifth power of their segments' lengths, so that few decide: the freedom is
    that of the years' shares, (Σ w)² / Σ w² - 1.
    """
    value, influence, years = _leave_one_out(curvature_exponent, log_flow, segment, year)
    _, n = lengths(segment)
    fifth = np.repeat(n.astype(float) ** 4, n)
    shares = np.array([fifth[year == one].sum() for one in years])
    dof = max(shares.sum() ** 2 / max(np.sum(shares**2), 1e-12) - 1, 1.0)
    return value, float(np.sqrt(np.sum(influence**2))), dof


def _by_flow(
    log_flow: np.ndarray, segment: np.ndarray, year: np.ndarray, until: int, since: int
) -> tuple[float, float, float]:
    """Return b by the slopes of events of different flow, its standard error and freedom."""
    if np.unique(year).size < 5:
        return np.nan, np.nan, np.nan
    held = events(log_flow, segment, year)
    found = regress_on_flow(held, np.interp(held.year, [until, since], [0.0, 1.0]))
    count = found.years.size
    error = np.sqrt(np.sum(_jackknifed(found.influence[:, 1], count) ** 2))
    return 1 + found.coefficients[1], float(error), count - 3


def _log_constant(fit: Callable, log_flow: np.ndarray, segment: np.ndarray) -> float:
    return float(np.log(constant(fit, log_flow, segment)))


def _of_events(
    log_flow: np.ndarray, segment: np.ndarray, year: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return ln Ks as the mean of events, what each year's absence does to it, and the years."""
    if np.unique(year).size < 3 or np.isnan(constant(event_mean, log_flow, segment)):
        return np.nan, np.full(3, np.nan), np.arange(3)
    found = regress(events(log_flow, segment, year))
    absent = -found.influence[:, 0]
    count = found.years.size
    return -found.coefficients[0], _jackknifed(absent, count), found.years


def _jackknifed(absent: np.ndarray, count: int) -> np.ndarray:
    """Centre what each year's absence does, so that its squares sum to the jackknife's variance."""
    return np.sqrt((count - 1) / max(count, 1)) * (absent - absent.mean(0))


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
    return statistic(log_flow, segment), _jackknifed(without, years.size), years


def _welch(
    step: float, influences: Sequence[np.ndarray], years: Sequence[np.ndarray]
) -> tuple[float, float, float]:
    """Return a step's standard error, its degrees of freedom and the p-value of no step."""
    alike = max(_memory(np.concatenate(influences), np.concatenate(years), 1), 0)
    variances = np.array([np.sum(i**2) for i in influences]) * (1 + alike) / (1 - alike)
    free = np.array([i.size - 1 for i in influences])
    dof = variances.sum() ** 2 / np.sum(variances**2 / free)
    error = np.sqrt(variances.sum())
    return error, dof, 2 * stdtr(dof, -abs(step) / error)
