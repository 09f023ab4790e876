"""Trends and correlations of yearly series whose neighbours may be alike or share years."""

import numpy as np
import xarray as xr
from scipy.optimize import isotonic_regression
from scipy.special import ndtr

from qilian.contracts.labels import attributes, labelled


def trend_test(fits: xr.Dataset) -> xr.Dataset:
    """Test for a trend in ln Ks over the years, windows that overlap counted as what they hold.

    Mann and Kendall's test with Sen's slope. Of windows of w years one in w shares no year with
    the others of its kind, and these may still be alike: about the nearest curve that only rises
    or only falls they have a correlation r at a lag of w years (raised by w / n, which fitting
    costs it; not below 0). The variance of Kendall's S is therefore multiplied by
    w (1 + r) / (1 - r), as Yue & Wang (2004, doi:10.1023/B:WARM.0000043140.61082.60) do for w = 1
    and a straight line. In trials without a trend it finds one in 3 to 11 of 100 cases, for years
    whose correlation is 0 to 0.5.

    Parameters
    ----------
    fits : xarray.Dataset
        (window, year) as from `recession_constants`.

    Returns
    -------
    xarray.Dataset
        (window,) `trend` and its bounds `trend_lower`, `trend_upper` [% per decade], `p_value`,
        `windows` fitted, and how many `independent` ones they are worth [1]; NaN below 8 windows.
    """
    columns = [_trend_test(fits.isel(window=i)) for i in range(fits.sizes["window"])]
    about = {
        "trend": ("trend", "% per decade"),
        "trend_lower": ("lower 95 % bound", "% per decade"),
        "trend_upper": ("upper 95 % bound", "% per decade"),
        "p_value": ("p value, if there is no trend",),
        "windows": ("windows fitted",),
        "independent": ("effective number of independent windows",),
    }
    values = zip(about.items(), np.transpose(columns), strict=True)
    return xr.Dataset(
        {name: ("window", column, attributes(*text)) for (name, text), column in values},
        {"window": fits["window"]},
    )


def association(one: xr.DataArray, other: xr.DataArray) -> xr.Dataset:
    """Correlate two yearly series over the years they share.

    The interval is Fisher's with n (1 - r1 r2) / (1 + r1 r2) years, r1 and r2 being the series'
    own correlations from year to year where positive (Bretherton et al. 1999).

    Returns
    -------
    xarray.Dataset
        Scalars `correlation`, `correlation_lower`, `correlation_upper`, `years`, `independent`.
    """
    one, other = xr.align(one.dropna("year"), other.dropna("year"))
    n, year = one.sizes["year"], one["year"].values
    found = np.corrcoef(one, other)[0, 1] if n > 3 else np.nan
    alike = np.prod([max(_memory(v - v.mean(), year, 1), 0) for v in (one.values, other.values)])
    independent = n * (1 - alike) / (1 + alike)
    reach = 1.96 / np.sqrt(independent - 3) if independent > 3 else np.nan
    angle = np.arctanh(np.clip(found, -1 + 1e-12, 1 - 1e-12))
    results = {
        "correlation": (found, "correlation"),
        "correlation_lower": (np.tanh(angle - reach), "lower 95 % bound"),
        "correlation_upper": (np.tanh(angle + reach), "upper 95 % bound"),
        "years": (n, "years shared"),
        "independent": (independent, "effective number of independent years"),
    }
    return labelled(results)


def _memory(residual: np.ndarray, year: np.ndarray, lag: int) -> float:
    """Correlation of a series of mean zero with itself `lag` years later; gaps may lie between."""
    later = np.searchsorted(year, year + lag).clip(max=year.size - 1)
    paired = year[later] == year + lag
    if paired.sum() < 3:
        return 0.0
    return np.mean(residual[paired] * residual[later[paired]]) / np.mean(residual**2)


def _trend_test(fits: xr.Dataset) -> tuple[float, ...]:
    window = int(fits["window"])
    fits = fits.sel(year=fits["recession_constant"].notnull())
    year, n = fits["year"].values, fits.sizes["year"]
    level = np.log(fits["recession_constant"].values)
    if n < 8:
        return (np.nan,) * 4 + (n, np.nan)
    early, late = np.triu_indices(n, 1)
    slopes = np.sort((level[late] - level[early]) / (year[late] - year[early]))
    slope, score = np.median(slopes), np.sign(slopes).sum()
    alike = float(np.clip(_memory(_about_monotone(level), year, window) + window / n, 0, 0.95))
    inflation = window * (1 + alike) / (1 - alike)
    deviation = np.sqrt(n * (n - 1) * (2 * n + 5) / 18 * inflation)
    # Sen's bounds: with C = 1.96 standard deviations of S, ranks (N - C) / 2 and (N + C) / 2 + 1.
    ranks = (slopes.size + np.array([-1, 1]) * 1.96 * deviation) / 2
    bounds = slopes[(np.round(ranks).astype(int) - [1, 0]).clip(0, slopes.size - 1)]
    p = 2 * ndtr(-max(abs(score) - 1, 0) / deviation)
    percent = (100 * np.expm1(10 * value) for value in (slope, *bounds))
    return (*percent, p, n, n / inflation)


def _about_monotone(values: np.ndarray) -> np.ndarray:
    """Return what the nearest curve that only rises, or only falls, leaves of a series."""
    rests = [values - isotonic_regression(values, increasing=up).x for up in (True, False)]
    return min(rests, key=np.linalg.norm)
