"""What else differed between two periods, and what could feign a change of storage.

Flow, rain and freeze-up of the two periods; and how large a steady inflow, such as a mine's, an
error of the rating curve, or regulation would have to be to make the change by itself. A recession
alone cannot tell these from storage: Q + c falls as a slower river does, and so does Q^0.93, or a
river whose flow a reservoir evens out.
"""

from collections.abc import Callable

import numpy as np
import xarray as xr
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from qilian.contracts.labels import attributes, written_units
from qilian.recession._estimators import log_linear
from qilian.recession.change import _periods
from qilian.recession.ice import freeze_up

# What a change is asked to exceed: a steady inflow, as a fraction of the season's flow, such as the
# trials' mine water (bench/recession_trials.py).
STEADY_INFLOW = 0.05
# And a relative error of the exponent of a rating curve, as in the trials.
RATING_ERROR = 0.07
# And a fraction of the flow that a reservoir evens out over `EVENED_DAYS` days.
REGULATED = 0.05
EVENED_DAYS = 30
# Of rivers that one of these alone has changed, this fraction may be called slower.
FEIGNED_LEVEL = 0.08


def period_conditions(
    days: xr.Dataset,
    discharge: xr.DataArray,
    precipitation: xr.DataArray | None = None,
    frozen: xr.DataArray | None = None,
    *,
    until: int,
    since: int,
) -> xr.Dataset:
    """Compare the flow and rain of the season, and the freeze-up, of two periods.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    discharge, precipitation : xarray.DataArray
        As `select_days` took them.
    frozen : xarray.DataArray, optional
        (time,) as from `frozen_days`.
    until, since : int
        As `period_change` takes them.

    Returns
    -------
    xarray.Dataset
        (condition,) means `before` and `after`, their `difference` and its 95 % bounds
        `difference_lower` and `_upper` (Welch's, over years), whether it is `significant`, and the
        `unit` of the row; `flow` first, then `rain` and `freeze-up` as far as known.
    """
    yearly = {"flow": _of_seasons(discharge, days)}
    units = {"flow": written_units(discharge) if "units" in discharge.attrs else "1"}
    if precipitation is not None:
        yearly["rain"], units["rain"] = _of_seasons(precipitation, days), "mm/d"
    if frozen is not None:
        freezing = freeze_up(frozen, begins=days.attrs["season"][0])
        yearly["freeze-up"] = (freezing["year"].values, freezing.values)
        units["freeze-up"] = "d"
    rows = [_difference(*values, until, since) for values in yearly.values()]
    texts = {
        "before": "before",
        "after": "after",
        "difference": "difference",
        "difference_lower": "lower 95 % bound",
        "difference_upper": "upper 95 % bound",
        "significant": "significant at the 5 % level",
    }
    columns = dict(zip(texts, zip(*rows, strict=True), strict=True))
    found: dict[str, tuple] = {
        name: ("condition", np.array(columns[name]), attributes(text, None))
        for name, text in texts.items()
    }
    found["unit"] = ("condition", list(units.values()), attributes("unit", None))
    named = {"flow": "mean discharge of the season", "rain": "mean rain of the season"}
    names = [named.get(name, "days from the season's first to freeze-up") for name in yearly]
    found["about"] = ("condition", names, attributes("mean of years", None))
    return xr.Dataset(found, {"condition": list(yearly)})


def _of_seasons(record: xr.DataArray, days: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Years and the mean of each one's season, NaN where less than half of it is known."""
    values = record.reindex(time=days["time"]).values
    first = int(days["season_year"].values[0])
    year = days["season_year"].values - first
    inside = days["in_season"].values
    known = inside & np.isfinite(values)
    count, all_days = np.bincount(year, known), np.bincount(year, inside)
    total = np.bincount(year, np.where(known, values, 0))
    told = (count > 0) & (count >= 0.5 * all_days)
    return first + np.arange(count.size), np.where(told, total / count.clip(1), np.nan)


def _difference(
    years: np.ndarray, values: np.ndarray, until: int, since: int
) -> tuple[float, float, float, float, float, bool]:
    """Means of two periods, their difference and its bounds (Welch), and whether it is one."""
    parts = [values[inside & np.isfinite(values)] for inside in _periods(years, until, since)]
    if min(part.size for part in parts) < 3:
        return (np.nan,) * 5 + (False,)
    variances = np.array([part.var(ddof=1) / part.size for part in parts])
    free = np.array([part.size - 1 for part in parts])
    dof = variances.sum() ** 2 / max(np.sum(variances**2 / free), 1e-300)
    old, new = (float(part.mean()) for part in parts)
    reach = float(stdtrit(dof, 0.975) * np.sqrt(variances.sum()))
    return old, new, new - old, new - old - reach, new - old + reach, abs(new - old) > reach


def feigned(
    days: xr.Dataset,
    compared: xr.Dataset,
    *,
    inflow: float = STEADY_INFLOW,
    rating: float = RATING_ERROR,
    regulated: float = REGULATED,
) -> xr.Dataset:
    """Ask what a steady inflow, a rating error or regulation makes of an unchanged river.

    After an inflow c the observed Q + c falls by Q / Ks a day, so that Ks seems longer by 1 less
    the mean of ln(1 - c / Q) over the days of recession after; water taken out makes it shorter.
    A rating curve whose exponent errs by the factor g gives Q^g and Ks / g. A reservoir that evens
    out the fraction f gives (1 - f) Q + f M, with M the mean of the last 30 days; the lines through
    its recessions are fitted to the days of the period without it.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    compared : xarray.Dataset
        As from `compare_periods`; the change at equal flow is asked.
    inflow : float
        Of the mean flow of the season [1].
    rating : float
        Relative error of the exponent [1].
    regulated : float
        Fraction of the flow that is evened out [1].

    Returns
    -------
    xarray.Dataset
        (cause,) inflow, rating and regulation: `stated` [%], what that `makes` of Ks [%] in the
        direction of the change, the `needed` size for the whole change [%], `p_value` that a change
        as large is seen where that alone is the cause, and whether it `feigns`, this not being
        below `FEIGNED_LEVEL`.
    """
    step = compared.sel(comparison="at equal flow")
    change = np.log1p(float(step["change"]) / 100)
    sign = 1.0 if not change < 0 else -1.0
    causes = _causes(days, step, sign)
    rows = []
    for (_, makes, highest), stated in zip(causes, (inflow, rating, regulated), strict=True):
        made = makes(min(stated, highest))
        beyond = (abs(change) - made) / float(step["standard_error"])
        p = float(stdtr(float(step["degrees_of_freedom"]), -beyond))
        needed = _size_for(makes, abs(change), highest)
        rows.append((100 * stated, 100 * np.expm1(sign * made), 100 * needed, p))
    about = {
        "stated": ("tried size", "%"),
        "makes": ("change of Ks that it makes", "%"),
        "needed": ("size for the whole change", "%"),
        "p_value": ("p value, if it alone is the cause", "1"),
    }
    columns = zip(about.items(), np.transpose(rows), strict=True)
    found = {name: ("cause", column, attributes(*text)) for (name, text), column in columns}
    feigns = ~(found["p_value"][1] < FEIGNED_LEVEL)
    found["feigns"] = ("cause", feigns, attributes("could feign the change", None))
    return xr.Dataset(
        found, {"cause": ("cause", [c[0] for c in causes], attributes("cause", None))}
    )


def feigned_by_size(days: xr.Dataset, compared: xr.Dataset, sizes: np.ndarray) -> xr.Dataset:
    """Return the `change` of Ks [%] that each cause makes by its size [1].

    Parameters
    ----------
    days, compared
        As `feigned` takes them.
    sizes : numpy.ndarray
        (size,) of each, as there.

    Returns
    -------
    xarray.Dataset
        (cause, size), NaN beyond the greatest size that leaves a recession, such as an inflow above
        the lowest flow.
    """
    step = compared.sel(comparison="at equal flow")
    sign = -1.0 if step["change"] < 0 else 1.0
    causes = _causes(days, step, sign)
    made = [
        [100 * np.expm1(sign * makes(size)) if size <= highest else np.nan for size in sizes]
        for _, makes, highest in causes
    ]
    change = (("cause", "size"), np.array(made), attributes("change of Ks", "%"))
    size = ("size", 100 * np.asarray(sizes), attributes("size", "%"))
    return xr.Dataset({"change": change}, {"cause": [name for name, *_ in causes], "size": size})


def _causes(
    days: xr.Dataset, step: xr.Dataset, sign: float
) -> list[tuple[str, Callable[[float], float], float]]:
    """Name what could feign a change, with the ln Ks that a size of it makes and its highest."""
    flow = np.exp(days["log_discharge"].values)
    inside = flow[days["in_season"].values]
    recedes, year = days["segment"].values > 0, days["season_year"].values
    before, after = recedes & (year <= int(step["until"])), recedes & (year >= int(step["since"]))
    names = ("steady inflow", "rating curve", "regulation")
    if sign < 0:
        names = ("water taken out", "rating curve", "regulation that ended")
    if not (before.any() and after.any()):
        return [(name, lambda _: np.nan, 0.0) for name in names]
    relative = flow[after] / float(np.nanmean(inside))

    def by_inflow(size: float) -> float:
        return -sign * float(np.mean(np.log(1 - sign * size / relative)))

    def by_rating(size: float) -> float:
        return -sign * float(np.log(1 - sign * size))

    natural = before if sign > 0 else after
    segment = days["segment"].values[natural]
    evened = _trailing_mean(flow, EVENED_DAYS)[natural] / flow[natural]
    own = log_linear(days["log_discharge"].values[natural], segment)

    def by_regulation(size: float) -> float:
        regulated = days["log_discharge"].values[natural] + np.log1p(size * (evened - 1))
        return float(np.log(own / max(log_linear(regulated, segment), 1e-3 * own)))

    most = (0.99 * float(relative.min()), 0.99) if sign > 0 else (10.0, 10.0)
    return list(zip(names, (by_inflow, by_rating, by_regulation), (*most, 0.99), strict=True))


def _trailing_mean(flow: np.ndarray, length: int) -> np.ndarray:
    """Mean of the last days, as far as known; there is one wherever the day itself is known."""
    known = np.isfinite(flow)
    total, count = (
        np.convolve(values, np.ones(length))[: flow.size] for values in (np.nan_to_num(flow), known)
    )
    return total / count.clip(1)


def _size_for(makes: Callable[[float], float], change: float, highest: float) -> float:
    """Size of a cause that makes a change, NaN if even the highest does not."""
    if not makes(highest) > change:
        return np.nan
    return float(brentq(lambda size: makes(size) - change, 0.0, highest))
