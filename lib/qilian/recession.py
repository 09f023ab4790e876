"""Streamflow recession: days that recede, sums per event, recession constants of moving windows.

A reservoir whose outflow is proportional to its storage drains as Q = Q0 exp(-t / Ks), the case
b = 1 of Brutsaert & Nieber (1977, doi:10.1029/WR013i003p00637). The recession constant Ks [day]
is read from the slope of ln Q within events. All that the slope, its goodness of fit and its
interval need are three sums per event, so that a window of years costs only adding them up.
"""

from collections.abc import Iterable

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts import InputError, attributes, require
from qilian.recession_days import reported_fraction, select_days

_SUMS = {
    "n": ("days in recession", "1"),
    "xx": ("squared deviations of time from segment means, summed", "day2"),
    "xy": ("products of deviations of time and ln discharge, summed", "day"),
    "yy": ("squared deviations of ln discharge from segment means, summed", "1"),
}


def segment_sums(days: xr.Dataset) -> xr.Dataset:
    """Sum each segment of `select_days` about its own means, which is all that a fit needs.

    Returns (segment,) `year`, `n` and, with t [day] and y = ln Q, xx = Σ(t - t̄)² [day2],
    xy = Σ(t - t̄)(y - ȳ) [day], yy = Σ(y - ȳ)² [1].
    """
    chosen = np.flatnonzero(days["segment"].values)
    number, first, index, n = np.unique(
        days["segment"].values[chosen], return_index=True, return_inverse=True, return_counts=True
    )

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(index, values, minlength=number.size)

    # Counted from the segment's first day, so that a long record costs no digits.
    start, log_flow = chosen[first], days["log_discharge"].values
    t = (chosen - start[index]).astype(float)
    y = log_flow[chosen] - log_flow[start][index]
    t -= (total(t) / n)[index]
    y -= (total(y) / n)[index]
    sums = {"n": n, "xx": total(t * t), "xy": total(t * y), "yy": total(y * y)}
    year = days["time"].dt.year.values[start]
    return xr.Dataset(
        {"year": ("segment", year, attributes("calendar year"))}
        | {name: ("segment", sums[name], attributes(*about)) for name, about in _SUMS.items()},
        {"segment": ("segment", number, attributes("recession segment"))},
    )


def yearly_sums(segments: xr.Dataset, years: Iterable[int]) -> xr.Dataset:
    """Add the sums of `segment_sums` up over each of the consecutive `years`.

    Returns (year,) `segments`, how many there are, and `n`, `xx`, `xy`, `yy`.
    """
    years = np.asarray(years)
    index = segments["year"].values - years[0]
    inside = (index >= 0) & (index < years.size)

    def total(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(index[inside], values[inside], minlength=years.size)
        return sums.astype(values.dtype)

    count = total(np.ones(index.size, int))
    return xr.Dataset(
        {"segments": ("year", count, attributes("recession segments"))}
        | {
            k: ("year", total(segments[k].values), attributes(*about)) for k, about in _SUMS.items()
        },
        {"year": ("year", years, attributes("calendar year"))},
    )


def fit_windows(
    segments: xr.Dataset, reported: xr.DataArray, *, window: int = 1, minimum_reported: float = 0.5
) -> xr.Dataset:
    """Fit one recession constant to the segments of every moving window of years.

    Segment j has a level of its own, ln Q_ij = c_j - t_ij / Ks. Hence k = 1 / Ks = -Σxy / Σxx and
    R² = (Σxy)² / (Σxx Σyy) = 1 - SSE / SST within segments, summed over the window's years.

    Events differ by more than noise: the estimand is the mean of their 1 / Ks weighted by xx,
    about the cube of their length, and the 95 % interval takes events for clusters, few and
    unequal (CR2 variance, Satterthwaite degrees of freedom; Bell & McCaffrey 2002, Survey
    Methodology 28, 169; Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004). With
    h_j = xx_j / Σxx and u_j = xy_j + k xx_j,

        var(k) = Σ u_j² / (1 - h_j) / (Σxx)²
        1 / dof = Σ h_j² + (Σ a_j)² - Σ a_j²,  a_j = h_j² / (1 - h_j)

    so that J equal segments have J - 1 degrees of freedom. The bounds of Ks are those of k
    inverted. Windows that share years are not independent.

    Parameters
    ----------
    segments : xarray.Dataset
        (segment,) as from `segment_sums`.
    reported : xarray.DataArray
        (year,) fraction of the season reported [1], for every year of the record in order.
    window : int
        Length of the window [year], odd; a fit needs all its years observed, 2 segments and
        20 days, an interval 3 segments.
    minimum_reported : float
        Fraction of its season that makes a year observed.

    Returns
    -------
    xarray.Dataset
        (year,), the window's centre: `recession_constant` and its bounds
        `recession_constant_lower` and `_upper` [day], `r_squared`, `segments`, `n`,
        `degrees_of_freedom` [1], and `reason`, empty or why a value is NaN.

    Raises
    ------
    InputError
        An option is out of range.
    """
    whole = isinstance(window, int | np.integer) and window >= 1
    require("window", window, whole and window % 2 == 1, "an odd number of years")
    require("minimum_reported", minimum_reported, 0 <= minimum_reported <= 1, "0 to 1")
    years = reported["year"].values
    yearly = yearly_sums(segments, years)
    xx, xy, yy, count, n = (
        _members(yearly[name].values, window).sum(1) for name in ("xx", "xy", "yy", "segments", "n")
    )
    complete = _members(np.ones(years.size, bool), window).all(1)
    observed = _members(reported.values >= minimum_reported, window).all(1)
    missing = {
        "the window reaches beyond the record": ~complete,
        "a year of the window has too few days reported": ~observed,
        "fewer than 2 recession segments": count < 2,
        "fewer than 20 recession days": n < 20,
        "discharge does not fall within the segments": xy >= 0,
    }
    xx = np.where(np.any(list(missing.values()), axis=0), np.nan, xx)
    k = -xy / xx
    reach, dof = _interval(k, np.where(count >= 3, xx, np.nan), segments, years, window)
    missing["no interval from fewer than 3 segments"] = np.isnan(reach)
    missing["no upper bound, the interval reaches k = 0"] = k <= reach
    longest = 1 / np.where(k > reach, k - reach, np.nan)
    reason = np.select(list(missing.values()), list(missing), "")
    results = {
        "recession_constant": (1 / k, "recession constant", "day"),
        "recession_constant_lower": (1 / (k + reach), "lower 95 % bound", "day"),
        "recession_constant_upper": (longest, "upper 95 % bound", "day"),
        "r_squared": (xy**2 / (xx * yy), "variance explained within segments"),
        "segments": (count, "recession segments"),
        "n": (n, "days in recession"),
        "degrees_of_freedom": (dof, "degrees of freedom of the interval"),
        "reason": (reason, "why a value is missing", None),
    }
    return xr.Dataset(
        {name: ("year", values, attributes(*about)) for name, (values, *about) in results.items()},
        {
            "year": ("year", years, attributes("centre year of the window")),
            "window": ((), window, attributes("window", "year")),
        },
    )


def recession_constants(
    discharge: xr.DataArray,
    precipitation: xr.DataArray | None = None,
    *,
    windows: Iterable[int] = (1, 3, 5),
    season: tuple[str, str] = ("09-01", "11-30"),
    minimum_length: int = 7,
) -> xr.Dataset:
    """Fit moving windows of several lengths [year] to one record, dims (window, year).

    `select_days`, `segment_sums` and `fit_windows` in a row: their options and results.

    Raises
    ------
    InputError
        As theirs; no window is asked for, or one twice; no window at all gives a constant.
    """
    windows = list(windows)
    require("windows", windows, 0 < len(windows) == len(set(windows)), "different odd lengths")
    days = select_days(discharge, precipitation, season=season, minimum_length=minimum_length)
    segments, reported = segment_sums(days), reported_fraction(days)
    fits = xr.concat([fit_windows(segments, reported, window=w) for w in windows], "window")
    if fits["recession_constant"].isnull().all():
        reasons, count = np.unique(fits["reason"], return_counts=True)
        raise InputError(
            f"no window of the season {season[0]} to {season[1]} gives a recession constant, "
            f"mostly for this reason: {reasons[count.argmax()]}; expected one at least."
        )
    return fits


def summary(fits: xr.Dataset) -> xr.Dataset:
    """Count and condense the fits of each window length, (window, year) → (window,)."""
    constant = fits["recession_constant"]
    parts = {
        "fitted": (constant.notnull().sum("year"), "windows fitted"),
        "bounded": (fits["recession_constant_upper"].notnull().sum("year"), "with upper bound"),
        "lowest": (constant.min("year"), "lowest Ks", "day"),
        "median": (constant.median("year"), "median Ks", "day"),
        "highest": (constant.max("year"), "highest Ks", "day"),
        "r_squared": (fits["r_squared"].median("year"), "median R²"),
        "segments": (fits["segments"].median("year"), "median recessions"),
    }
    return xr.Dataset({n: v.assign_attrs(attributes(*a)) for n, (v, *a) in parts.items()})


def compare(fits: xr.Dataset, constant: xr.DataArray) -> xr.Dataset:
    """Hold fits against a known recession constant.

    Parameters
    ----------
    fits : xarray.Dataset
        (window, year) as from `recession_constants`.
    constant : xarray.DataArray
        (year,) true constant [day]; a window's truth is the mean of its years.

    Returns
    -------
    xarray.Dataset
        (window,): `bias` and `scatter`, median and median absolute relative error [%];
        `intervals`, how many there are, and `coverage`, the share that holds the truth [%].
    """
    lengths = fits["window"].values
    true = [constant.rolling(year=int(length), center=True).mean() for length in lengths]
    true = xr.concat(true, "window").assign_coords(window=fits["window"])
    error = fits["recession_constant"] / true - 1
    lower, upper = fits["recession_constant_lower"], fits["recession_constant_upper"]
    judged = lower.notnull() & true.notnull()
    held = (lower <= true) & ~(upper < true)
    parts = {
        "bias": (100 * error.median("year"), "median error", "%"),
        "scatter": (100 * abs(error).median("year"), "median absolute error", "%"),
        "intervals": (judged.sum("year"), "intervals"),
        "coverage": (100 * held.where(judged).mean("year"), "that hold the truth", "%"),
    }
    return xr.Dataset({n: v.assign_attrs(attributes(*a)) for n, (v, *a) in parts.items()})


def _interval(
    k: np.ndarray, xx: np.ndarray, segments: xr.Dataset, years: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the half-width of the 95 % interval of k and its degrees of freedom, (year,)."""
    centre = segments["year"].values[:, None] - years[0] + np.arange(window) - window // 2
    segment, column = np.nonzero((centre >= 0) & (centre < years.size))
    centre = centre[segment, column]

    def total(values: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(xx), np.nan, np.bincount(centre, values, minlength=years.size))

    own_xx, own_xy = segments["xx"].values[segment], segments["xy"].values[segment]
    h = own_xx / xx[centre]
    u = own_xy + k[centre] * own_xx
    a = h**2 / (1 - h)
    dof = 1 / (total(h**2) + total(a) ** 2 - total(a**2))
    return stdtrit(dof, 0.975) * np.sqrt(total(u**2 / (1 - h))) / xx, dof


def _members(yearly: np.ndarray, window: int) -> np.ndarray:
    """Return the values of the window around each year, (year, window), 0 beyond the record."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(yearly, window // 2), window)
