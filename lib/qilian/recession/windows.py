"""Recession constants of moving windows of years.

A reservoir whose outflow is proportional to its storage drains as Q = Q0 exp(-t / Ks), the case
b = 1 of Brutsaert & Nieber (1977, doi:10.1029/WR013i003p00637). The recession constant Ks [day]
is read from the slope of ln Q within events. A window's fit adds up its events' sums, and many
gauges cost one pass over their days.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes, labelled
from qilian.recession._estimators import ESTIMATORS, chosen, constant
from qilian.recession._window_sums import WindowSums, members
from qilian.recession.days import Choice
from qilian.recession.segments import _CANNOT_TELL, gauge_sums

# What rains too small to see add to a constant at most, relative (bench/recession_coverage.py).
UNSEEN_RAIN = 0.03
# The variance of an event's k falls with xx: as 1 / xx if days err, not at all if events differ. In
# trials with both, a power of 0.85 covers best (bench/recession_coverage.py).
WORKING_POWER = 0.85
_MINIMUM_REPORTED = 0.5
_BEYOND = "the window reaches beyond the record"
_ABOUT = {
    "recession_constant": ("recession constant", "day"),
    "recession_constant_lower": ("lower 95 % bound", "day"),
    "recession_constant_upper": ("upper 95 % bound", "day"),
    "r_squared": ("variance explained within segments", "1"),
    "segments": ("recession segments", "1"),
    "n": ("days in recession", "1"),
    "degrees_of_freedom": ("degrees of freedom of the interval", "1"),
    "reason": ("why it is missing", None),
}


def fit_windows(
    segments: xr.Dataset,
    reported: xr.DataArray,
    *,
    window: int = 1,
    minimum_reported: float = _MINIMUM_REPORTED,
) -> xr.Dataset:
    """Fit one recession constant to the segments of every moving window of years.

    Segment j has a level of its own, ln Q_ij = c_j - t_ij / Ks. Hence k = 1 / Ks = -Σxy / Σxx and
    R² = (Σxy)² / (Σxx Σyy) = 1 - SSE / SST within segments, summed over the window's years.

    Events differ by more than noise: the estimand is the mean of their 1 / Ks weighted by xx,
    about the cube of their length, and the 95 % interval takes events for clusters, few and
    unequal (CR2 variance, Satterthwaite degrees of freedom; Bell & McCaffrey 2002, Survey
    Methodology 28, 169; Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004). Each
    event's own k_j = -xy_j / xx_j departs from k by e_j. With h_j = xx_j / Σxx, and a working
    variance v_j of k_j, the departures are expected to have

        cov(e_i, e_j) = (i = j) v_j - h_i v_i - h_j v_j + Σ h² v

    and with g_j = h_j² v_j / var(e_j) the interval rests on

        var(k) = Σ g_j e_j²,  dof = (Σ h_j² v_j)² / Σ g_i g_j cov(e_i, e_j)²

    which for J equal segments are the usual ones with J - 1 degrees of freedom. Only the
    proportions of v matter, v_j ∝ xx_j^-`WORKING_POWER`. The bounds of Ks are those of k
    inverted. Where rain is unknown the lower one is lowered by `UNSEEN_RAIN` besides, by which
    rains too small to see may lengthen the constant. Windows that share years are not independent.

    Parameters
    ----------
    segments : xarray.Dataset
        (segment,) as from `segment_sums`.
    reported : xarray.DataArray
        (year,) or (gauge, year), fraction of the season reported [1], for every year in order.
    window : int
        Length of the window [year], odd; a fit needs all its years observed, 2 segments and
        20 days, an interval 3 segments.
    minimum_reported : float
        Fraction of its season that makes a year observed.

    Returns
    -------
    xarray.Dataset
        As `reported`, at the window's centre: `recession_constant` and its bounds
        `recession_constant_lower` and `_upper` [day], `r_squared`, `segments`, `n`,
        `degrees_of_freedom` [1], and `reason`, empty or why a value is NaN.

    Raises
    ------
    InputError
        An option is out of range.
    """
    require("minimum_reported", minimum_reported, 0 <= minimum_reported <= 1, "0 to 1")
    fits = _fit(segments, reported, window, minimum_reported)
    return _fitted(fits, reported.dims, reported.coords | {"window": window})


def _fit(
    segments: xr.Dataset, reported: xr.DataArray, window: int, minimum_reported: float
) -> dict[str, np.ndarray]:
    """Return the arrays of `fit_windows`, each as `reported`."""
    whole = isinstance(window, int | np.integer) and window >= 1
    require("window", window, whole and window % 2 == 1, "an odd number of years")
    place = WindowSums(segments, reported, window)
    sums = {name: place.moving(segments[name].values) for name in ("xx", "xy", "yy", "n")}
    sums["segments"] = place.moving(np.ones(segments.sizes["segment"]))
    for name in ("unseen", "hidden"):
        marked = segments[name].values if name in segments else np.zeros(segments.sizes["segment"])
        sums[name] = place.moving(marked)
    missing = _refusals(sums, reported >= minimum_reported, window)
    xx = np.where(np.any(list(missing.values()), axis=0), np.nan, sums["xx"])
    k = -sums["xy"] / xx
    reach, dof = _half_width(k, np.where(sums["segments"] >= 3, xx, np.nan), segments, place)
    missing["no interval from fewer than 3 segments"] = np.isnan(reach)
    missing["no upper bound, the interval reaches k = 0"] = k <= reach
    fastest = k * (1 + UNSEEN_RAIN * (sums["unseen"] > 0)) + reach
    return {
        "recession_constant": 1 / k,
        "recession_constant_lower": 1 / fastest,
        "recession_constant_upper": 1 / np.where(k > reach, k - reach, np.nan),
        "r_squared": sums["xy"] ** 2 / (xx * sums["yy"]),
        "segments": sums["segments"].astype(int),
        "n": sums["n"].astype(int),
        "degrees_of_freedom": dof,
        "reason": _first(missing),
    }


def _fitted(
    fits: Mapping[str, np.ndarray], dims: tuple[Hashable, ...], coords: Mapping[Hashable, Any]
) -> xr.Dataset:
    """Label fits."""
    columns = {name: (dims, fits[name], attributes(*about)) for name, about in _ABOUT.items()}
    fitted = xr.Dataset(columns, coords)
    fitted["year"].attrs = attributes("centre year of the window")
    fitted["window"].attrs = attributes("window", "year")
    return fitted


def recession_constants(
    discharge: xr.DataArray,
    precipitation: xr.DataArray | None = None,
    *,
    windows: Iterable[int] = (1, 3, 5),
    **options: Any,
) -> xr.Dataset:
    """Fit moving windows of several lengths [year] to one record or to many gauges.

    `gauge_sums` and `fit_windows` in a row; `options` are of `Choice`. Blocks of a dask-backed
    record are loaded and fitted one after the other, so that it may exceed memory.

    Returns
    -------
    xarray.Dataset
        (window, year) or (window, gauge, year), as from `fit_windows`.

    Raises
    ------
    InputError
        As theirs; no window is asked for, or one twice; no window at all gives a constant.

    Examples
    --------
    >>> days = xr.date_range("2000-01-01", "2006-12-31")
    >>> flow = 100 * np.exp(-((days.day_of_year - 240) % 366) / 30)
    >>> fit = recession_constants(xr.DataArray(flow, {"time": days}, "time"), windows=[3])
    >>> fit.recession_constant.values.round(1)  # day; the first and last window lack a year
    array([[nan, 30., 30., 30., 30., 30., nan]])
    """
    fits = fit_all(discharge, precipitation, windows=windows, **options)
    if fits["recession_constant"].isnull().all():
        first, last = Choice(**options).season
        raise InputError(
            f"no window of the season {first} to {last} gives a recession constant, "
            f"mostly for this reason: {usual_reason(fits)}; expected one at least."
        )
    return fits


def fit_all(
    discharge: xr.DataArray,
    precipitation: xr.DataArray | None = None,
    *,
    windows: Iterable[int],
    **options: Any,
) -> xr.Dataset:
    """Do as `recession_constants` does, but return what is found where no window has a constant."""
    windows = list(windows)
    require("windows", windows, 0 < len(windows) == len(set(windows)), "different odd lengths")
    parts = []
    for flow, rain in _blocks(discharge, precipitation):
        sums, reported = gauge_sums(flow, rain, **options)
        fits_of_windows = [_fit(sums, reported, window, _MINIMUM_REPORTED) for window in windows]
        parts.append({name: np.stack([f[name] for f in fits_of_windows]) for name in _ABOUT})
    whole = {name: np.concatenate([part[name] for part in parts], axis=1) for name in _ABOUT}
    coords: dict[Hashable, Any] = {"year": reported["year"], "window": windows}
    if "gauge" in reported.coords:
        coords["gauge"] = discharge["gauge"]
    return _fitted(whole, ("window", *reported.dims), coords)


def usual_reason(fits: xr.Dataset) -> str:
    """Say what most windows within the record lack for a constant."""
    reasons = fits["reason"].where(fits["recession_constant"].isnull(), "").values.ravel()
    inside = reasons[(reasons != _BEYOND) & (reasons != "")]
    names, count = np.unique(inside if inside.size else reasons, return_counts=True)
    return str(names[count.argmax()])


def window_summary(fits: xr.Dataset) -> xr.Dataset:
    """Summarize the fits of each window length, (window, year) → (window,)."""
    constant = fits["recession_constant"]
    parts = {
        "fitted": (constant.notnull().sum("year"), "windows fitted"),
        "bounded": (
            fits["recession_constant_upper"].notnull().sum("year"),
            "intervals with upper bound",
        ),
        "lowest": (constant.min("year"), "lowest Ks", "day"),
        "median": (constant.median("year"), "median Ks", "day"),
        "highest": (constant.max("year"), "highest Ks", "day"),
        "r_squared": (fits["r_squared"].median("year"), "median R²"),
        "segments": (fits["segments"].median("year"), "median recessions"),
    }
    return labelled(parts)


def refit_windows(days: xr.Dataset, *, fit: str = "log_linear", window: int = 1) -> xr.DataArray:
    """Fit the days of every moving window of years anew, by any of `ESTIMATORS`.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    fit : str
        A name of `ESTIMATORS`.
    window : int
        Length of the window [year], odd.

    Returns
    -------
    xarray.DataArray
        (year,) recession constant [day], NaN beyond the record, with fewer than 2 segments or 20
        days, and where a fit gives no positive constant.
    """
    require("fit", fit, fit in ESTIMATORS, f"one of {', '.join(ESTIMATORS)}")
    require("window", window, window >= 1 and window % 2 == 1, "an odd number of years")
    log_flow, segment, year = chosen(days)
    every = np.unique(days["season_year"])
    constants = np.full(every.size, np.nan)
    for place in range(window // 2, every.size - window // 2):
        inside = np.abs(year - every[place]) <= window // 2
        constants[place] = constant(ESTIMATORS[fit], log_flow[inside], segment[inside])
    return xr.DataArray(
        constants,
        {"year": ("year", every, attributes("centre year of the window"))},
        name="recession_constant",
        attrs=attributes("recession constant", "day"),
    )


def compare_constants(fits: xr.Dataset, constant: xr.DataArray) -> xr.Dataset:
    """Compare fits with a known recession constant.

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
        `intervals`, how many there are, and `coverage`, the fraction that covers the truth [1].
    """
    means = [constant.rolling(year=int(w), center=True).mean() for w in fits["window"]]
    true = xr.concat(means, "window").assign_coords(window=fits["window"])
    error = fits["recession_constant"] / true - 1
    lower, upper = fits["recession_constant_lower"], fits["recession_constant_upper"]
    judged = lower.notnull() & true.notnull()
    held = (lower <= true) & ~(upper < true)
    parts = {
        "bias": (100 * error.median("year"), "median error", "%"),
        "scatter": (100 * abs(error).median("year"), "median absolute error", "%"),
        "intervals": (judged.sum("year"), "intervals, with or without upper bound"),
        "coverage": (held.where(judged).mean("year"), "intervals that cover the truth"),
    }
    return labelled(parts)


def _blocks(
    discharge: xr.DataArray, precipitation: xr.DataArray | None = None
) -> Iterator[tuple[xr.DataArray, xr.DataArray | None]]:
    """Cut records of many gauges that come in blocks (dask) along `gauge` by these.

    So that one after the other can be summed and the whole need never be in memory.
    """
    if "gauge" not in discharge.dims:
        yield discharge, precipitation
        return
    sizes = discharge.chunksizes.get("gauge", (discharge.sizes["gauge"],))
    for first, size in zip(np.cumsum((0, *sizes)), sizes, strict=False):
        block = {"gauge": slice(first, first + size)}
        rain = precipitation
        if rain is not None and "gauge" in rain.dims:
            rain = rain.isel(block)
        yield discharge.isel(block), rain


def _refusals(
    sums: dict[str, np.ndarray], observed: xr.DataArray, window: int
) -> dict[str, np.ndarray]:
    """Where a window has no constant, by reason; the first that holds is given."""
    years = (np.ones(observed.shape, bool), observed.values)
    inside, whole = (np.logical_and.reduce(members(holds, window), -1) for holds in years)
    return {
        _BEYOND: ~inside,
        "a year of the window has too few days reported": ~whole,
        "fewer than 2 recession segments": sums["segments"] < 2,
        "fewer than 20 recession days": sums["n"] < 20,
        _CANNOT_TELL: sums["hidden"] > 0,
        "discharge does not fall within the segments": sums["xy"] >= 0,
    }


def _first(missing: dict[str, np.ndarray]) -> np.ndarray:
    """Name the first reason that holds, as objects: a million sentences share a dozen strings."""
    names = np.array(["", *missing], object)
    return names[np.select(list(missing.values()), range(1, names.size), 0)]


def _half_width(
    k: np.ndarray, xx: np.ndarray, segments: xr.Dataset, place: WindowSums
) -> tuple[np.ndarray, np.ndarray]:
    """Return the half-width of the 95 % interval of k and its degrees of freedom."""
    own_xx, own_xy = segments["xx"].values, segments["xy"].values
    v = own_xx**-WORKING_POWER
    whole = place.moving(own_xx**2 * v) / xx**2
    h, shared = own_xx / place.of(xx), place.of(whole)
    departure = own_xy / own_xx + place.of(k)

    def total(values: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(xx), np.nan, place.total(values))

    own = h * v
    g = h * own / (v - 2 * own + shared)
    # Σ g_i g_j cov² from sums over events: first as if i and j always differed, then i = j.
    g0, g1, g2 = total(g), total(g * own), total(g * own**2)
    spread = (whole * g0) ** 2 + 2 * g0 * g2 + 2 * g1**2 - 4 * whole * g0 * g1
    spread += total(g**2 * v * (v - 4 * own + 2 * shared))
    dof = whole**2 / spread
    return stdtrit(dof, 0.975) * np.sqrt(total(g * departure**2)), dof
