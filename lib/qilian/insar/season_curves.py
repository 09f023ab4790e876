"""The thaw season itself: how far it settles, how much of that is late, when it is lowest.

Each year and pixel has a curve of its own, fitted to the dates of its thaw year by generalised
least squares with noise that lasts as `memory` has it. How far the ground settles is found on the
scale of `thaw.season_progress`, where u goes from 0 to 1 as the ground thaws and h as it freezes:

    d = c + a u + b u² + e max(u - u_late, 0) + g h + k h²

Settlement by the root of the thawing index is a straight line of u, so that neither the steep start
nor the sudden end of the season bends the curve. Its lowest day is another matter: on that scale it
is the turn to frost in almost any noise. It comes from a curve of calendar days, a spline whose
rate has nodes 42 days apart (Zwieback & Meyer 2021, doi:10.5194/tc-15-2041-2021), and u - h, whose
sudden end a spline would round off.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.insar.memory import date_covariance
from qilian.thaw.progress import LATE_SEASON

_LATE = LATE_SEASON**0.5  # on the scale of u
_SPACING, _BEYOND = 42.0, 0.5  # days between nodes; how much longer than the dates they reach
_AFTER_TURN = 60  # days after the turn to frost for which the curve of calendar days is
_STEP = 3  # days between those that may be the lowest
_DRAWS = 100  # curves that noise alone could make
_LEVEL = 0.95
_AT_ONCE = 2_000  # pixels whose curves are drawn together
# What a curve is asked for: c, a, b, e, g, k at u = 1 minus u = 0, and minus u = u_late.
_WHOLE = np.array([0, 1, 1, 1 - _LATE, 0, 0])
_LATER = np.array([0, 1 - _LATE, 1 - _LATE**2, 1 - _LATE, 0, 0])
_ASKED = {
    "thaw_deformation": (_WHOLE, "deformation of the thaw season"),
    "late_deformation": (_LATER, "deformation of the late season"),
    "late_excess": (_LATER - (1 - _LATE) * _WHOLE, "late deformation beyond the root law's"),
}


class _Basis(NamedTuple):
    """Which dates belong to a year, and the columns of its curve there (date, coefficient)."""

    dates: np.ndarray
    columns: np.ndarray


class _Fit(NamedTuple):
    """A year's pixels that miss the same dates, and their curves.

    Attributes
    ----------
    year : int
        Its place among the years.
    pixels : numpy.ndarray
        Their numbers.
    hat : numpy.ndarray
        Coefficients of the curve from values of the dates, (coefficient, date).
    covariance : numpy.ndarray
        Of noise of mean variance 1, (date, date).
    values : numpy.ndarray
        (date, pixel) [mm].
    squares, traces : numpy.ndarray
        Sum of squared residuals (pixel,); tr Σ and tr Σ² of residuals of noise of variance 1.
    """

    year: int
    pixels: np.ndarray
    hat: np.ndarray
    covariance: np.ndarray
    values: np.ndarray
    squares: np.ndarray
    traces: np.ndarray


def season_amounts(
    displacement: xr.DataArray, progress: xr.Dataset, *, persistence: float = 0, walk: float = 0
) -> xr.Dataset:
    """Find how far each thaw season settles, and how much of it in its late part.

    The late part begins when three quarters of the year's thawing index are reached. By the root of
    the index it has 1 - √0.75 = 13 % of the settlement; more is a sign of ice at the top of the
    permafrost. What the ground sinks from year to year is in all of these, as far as it
    does so during thaw.

    Parameters
    ----------
    displacement : xarray.DataArray
        (time, y, x) [mm], NaN where missing or bridged; in memory.
    progress : xarray.Dataset
        At the same dates, as from `thaw.season_progress`.
    persistence, walk : float, optional
        Memory of the noise, as `memory.noise_memory` finds it for the stack.

    Returns
    -------
    xarray.Dataset
        (year, y, x) `thaw_deformation`, `late_deformation` and `late_excess` [mm], the last what
        the late part has beyond 13 % of the whole, each with `{name}_standard_error`;
        `degrees_of_freedom` (y, x). NaN where a year has too few dates for its curve.
    """
    displacement = _checked(displacement, progress)
    fits = list(_curves(displacement, _thaw_bases(progress), persistence, walk))
    variance, freedom = _noise(fits, displacement)
    shape = progress.sizes["year"], variance.size
    direction, grid = displacement.attrs.get("direction"), {"grid_mapping": "spatial_ref"}
    found = _maps(displacement, {"degrees_of_freedom": freedom})
    found["degrees_of_freedom"].attrs = attributes("degrees of freedom") | grid
    for name, (weight, text) in _ASKED.items():
        estimate, error = np.full(shape, np.nan), np.full(shape, np.nan)
        for fit in fits:
            of_dates = weight @ fit.hat
            spread = of_dates @ fit.covariance @ of_dates
            estimate[fit.year, fit.pixels] = of_dates @ fit.values
            error[fit.year, fit.pixels] = (spread * variance[fit.pixels]) ** 0.5
        both = {name: estimate, f"{name}_standard_error": error}
        for key, values in both.items():
            told = text if key == name else f"standard error of the {text}"
            field = values.reshape(shape[0], *displacement.shape[1:])
            found[key] = ("year", "y", "x"), field, attributes(told, "mm", direction) | grid
    return found.assign_coords(progress["year"].coords)


def mean_season(amounts: xr.Dataset) -> xr.Dataset:
    """Average seasons over their years, pixel by pixel, taking the noise of years for independent.

    Parameters
    ----------
    amounts : xarray.Dataset
        As from `season_amounts`.

    Returns
    -------
    xarray.Dataset
        (y, x) the same without `year`, NaN where a year is missing.
    """
    mean = amounts.drop_vars(["onset", "late_from", "turn"]).mean("year", skipna=False)
    for name in _ASKED:
        error = f"{name}_standard_error"
        mean[error] = (amounts[error] ** 2).sum("year", skipna=False) ** 0.5 / amounts.sizes["year"]
    return mean.map(lambda field: field.assign_attrs(amounts[field.name].attrs))


def lowest_day(
    displacement: xr.DataArray,
    progress: xr.Dataset,
    *,
    together: bool = False,
    persistence: float = 0,
    walk: float = 0,
) -> xr.Dataset:
    """Find the day on which the ground is lowest in a thaw year, and the interval of that day.

    The interval holds 95 % of the lowest days of curves to which noise is added once more, and half
    the time between two dates on either side: no curve knows what the ground does between them. It
    spans much of the season where noise is as large as the settlement.

    Parameters
    ----------
    displacement, progress, persistence, walk
        As `season_amounts` has them.
    together : bool, optional
        Take the mean curve of all years, which has less noise.

    Returns
    -------
    xarray.Dataset
        `lowest_day` and the ends of its interval `lowest_day_from` and `lowest_day_to`, (year, y,
        x), or (y, x) of all years together [day of the year in which the thaw year began]; NaN as
        in `season_amounts`.
    """
    displacement = _checked(displacement, progress)
    thawing = _curves(displacement, _thaw_bases(progress), persistence, walk)
    variance, freedom = _noise(list(thawing), displacement)
    grid, curve, noise = _calendar_curves(displacement, progress, persistence, walk)
    if together:
        fitted = np.isfinite(noise).any(axis=(1, 2))
        curve, noise = (of[fitted].mean(axis=0, keepdims=True) for of in (curve, noise))
    widened = stdtrit(freedom, (1 + _LEVEL) / 2) / stdtrit(np.inf, (1 + _LEVEL) / 2)
    size = (widened * variance**0.5).astype(np.float32)
    of_years = np.array([_lowest(grid, *both, size) for both in zip(curve, noise, strict=True)])
    between = np.diff(displacement["time"].values) / np.timedelta64(1, "D")
    of_years += (np.median(between) / 2 * np.array([0, -1, 1]))[:, np.newaxis]
    about = {
        "lowest_day": "day on which the ground is lowest",
        "lowest_day_from": "first day of its interval",
        "lowest_day_to": "last day of its interval",
    }
    found = _maps(displacement, {}).assign_coords(progress["year"].coords)
    if together:
        found = found.drop_vars(["year", "onset", "late_from", "turn"])
    dims = ("y", "x") if together else ("year", "y", "x")
    for (name, text), days in zip(about.items(), np.moveaxis(of_years, 1, 0), strict=True):
        field = days.reshape([found.sizes[dim] for dim in dims])
        found[name] = dims, field, attributes(text, "day") | {"grid_mapping": "spatial_ref"}
    return found


def _calendar_curves(
    displacement: xr.DataArray, progress: xr.Dataset, persistence: float, walk: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit curves of calendar days, and draw what noise of variance 1 alone makes of them.

    Returns days of the year, (year, day, pixel) and (year, day, draw), NaN outside thaw and autumn.
    """
    day = _days(progress["time"], progress)
    onset, turn = (_days(progress[name], progress).diagonal() for name in ("onset", "turn"))
    of_years = _of_years(progress)
    near = [own[day[k, own] <= turn[k] + _AFTER_TURN] for k, own in enumerate(of_years)]
    splines = [_calendar_basis(day[k, own], progress["course"][k]) for k, own in enumerate(near)]
    bases = [_Basis(own, splines[k](day[k, own])) for k, own in enumerate(near)]
    grid = np.arange(onset.min(), turn.max() + _AFTER_TURN, _STEP)
    pixels = displacement.sizes["y"] * displacement.sizes["x"]
    curve = np.full((len(bases), grid.size, pixels), np.nan, np.float32)
    noise = np.full((len(bases), grid.size, _DRAWS), np.nan, np.float32)
    rng = np.random.default_rng(0)
    for fit in _curves(displacement, bases, persistence, walk):
        own = day[fit.year, near[fit.year]]
        inside = (grid >= max(own[0], onset[fit.year])) & (grid <= own[-1])
        of_dates = splines[fit.year](grid[inside]) @ fit.hat
        curve[fit.year][np.ix_(inside, fit.pixels)] = of_dates @ fit.values
        if np.isnan(noise[fit.year]).all():  # as most pixels have it
            root = np.linalg.cholesky(fit.covariance)
            noise[fit.year, inside] = of_dates @ root @ rng.standard_normal((len(root), _DRAWS))
    return grid, curve, noise


def _lowest(grid: np.ndarray, curve: np.ndarray, noise: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Find the lowest day of curves (day, pixel), and the ends of its interval, (3, pixel)."""
    found = np.full((3, curve.shape[1]), np.nan)
    inside = np.isfinite(noise).all(axis=1)
    days, curve, noise = grid[inside], curve[inside], noise[inside]
    known = np.flatnonzero(np.isfinite(curve).all(axis=0) & np.isfinite(size))
    if not days.size:
        return found
    outside = round(_DRAWS * (1 - _LEVEL) / 2)
    for some in np.array_split(known, max(1, known.size // _AT_ONCE)):
        moved = curve[:, some]
        drawn = [(moved + size[some] * one[:, np.newaxis]).argmin(axis=0) for one in noise.T]
        ends = np.sort(drawn, axis=0)[[outside, -1 - outside]]
        found[:, some] = days[[moved.argmin(axis=0), *ends]]
    return found


def _checked(displacement: xr.DataArray, progress: xr.Dataset) -> xr.DataArray:
    """Put a series in order, if it is at the dates of a progress."""
    same = np.array_equal(displacement["time"].values, progress["time"].values)
    require("progress", f"at {progress.sizes['time']} dates", same, "the displacement's dates")
    return displacement.transpose("time", "y", "x")


def _thaw_bases(progress: xr.Dataset) -> list[_Basis]:
    """Curves of thaw and freezing, one a year."""
    u, h = progress["thawed"].values, progress["frozen"].values
    columns = np.column_stack([np.ones_like(u), u, u**2, np.maximum(u - _LATE, 0), h, h**2])
    return [_Basis(own, columns[own]) for own in _of_years(progress)]


def _of_years(progress: xr.Dataset) -> list[np.ndarray]:
    """Tell which dates belong to each year."""
    told = progress["thawed"].notnull().values
    of_date = progress["thaw_year"].values
    return [np.flatnonzero(told & (of_date == year)) for year in progress["year"].values]


def _days(times: xr.DataArray, progress: xr.Dataset) -> np.ndarray:
    """Count days of each thaw year's times, (year, ...), from the year's 31 December before."""
    begin = progress["year"].values.astype(str).astype("datetime64[D]")
    return (times.values.astype("datetime64[D]") - begin[:, np.newaxis]).astype(float) + 1


def _calendar_basis(days: np.ndarray, course: xr.DataArray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what makes columns (day, coefficient) of a curve of calendar days.

    A constant, integrals of quadratic B-splines from the first to the last of a year's days, and
    the course of thaw and freezing.
    """
    first, last = (days[0], days[-1]) if days.size else (0.0, 0.0)
    count = int((last - first) * (1 + _BEYOND) // _SPACING)
    nodes = (first + last) / 2 + _SPACING * (np.arange(count) - (count - 1) / 2)

    def columns(day: np.ndarray) -> np.ndarray:
        x = (day[:, np.newaxis] - nodes) / _SPACING
        rising = np.select(
            [x < -1.5, x < -0.5, x < 0.5, x < 1.5],
            [0 * x, (x + 1.5) ** 3 / 6, x * (0.75 - x**2 / 3) + 0.5, 1 - (1.5 - x) ** 3 / 6],
            1.0,
        )
        return np.column_stack([np.ones_like(day), rising, course.sel(day=day).values])

    return columns


def _curves(
    displacement: xr.DataArray, bases: list[_Basis], persistence: float, walk: float
) -> Iterator[_Fit]:
    """Fit the curves of each year, of all pixels at once that miss the same dates."""
    moved = displacement.values.reshape(displacement.sizes["time"], -1)
    noise = date_covariance(displacement["time"], persistence, walk)
    for year, (own, columns) in enumerate(bases):
        known = np.isfinite(moved[own])
        packed = np.ascontiguousarray(np.packbits(known, axis=0).T)
        keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, example, of_pixel, count = np.unique(
            keys, return_index=True, return_inverse=True, return_counts=True
        )
        for number in np.argsort(-count, kind="stable"):
            pattern = known[:, example[number]]
            rows, design = own[pattern], columns[pattern]
            if rows.size <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
                continue
            covariance = noise[np.ix_(rows, rows)]
            inverse = np.linalg.inv(covariance)
            hat = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse)
            beside = np.eye(rows.size) - design @ hat
            residual = beside @ covariance @ beside.T
            pixels = np.flatnonzero(of_pixel == number)
            values = moved[np.ix_(rows, pixels)].astype(float)
            squares = ((beside @ values) ** 2).sum(axis=0)
            traces = np.array([np.trace(residual), (residual**2).sum()])
            yield _Fit(year, pixels, hat, covariance, values, squares, traces)


def _noise(fits: list[_Fit], displacement: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Variance of each pixel's noise [mm²] by what all its curves leave, and degrees of freedom."""
    count = displacement.sizes["y"] * displacement.sizes["x"]
    squares, traces = np.zeros(count), np.zeros((2, count))
    for fit in fits:
        squares[fit.pixels] += fit.squares
        traces[:, fit.pixels] += fit.traces[:, np.newaxis]
    traces[:, traces[0] == 0] = np.nan
    return squares / traces[0], traces[0] ** 2 / traces[1]


def _maps(displacement: xr.DataArray, values: dict[str, np.ndarray]) -> xr.Dataset:
    """Put values of pixels on the grid of a displacement, without its times."""
    like = displacement.isel(time=0, drop=True)
    shape = like.shape
    fields = {name: (("y", "x"), of_pixels.reshape(shape)) for name, of_pixels in values.items()}
    return xr.Dataset(fields, like.drop_vars("unit", errors="ignore").coords)
