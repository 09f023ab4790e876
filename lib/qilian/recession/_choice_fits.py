"""All fits of one choice of days, for `every_choice`: their windows and the change of periods.

Five fits are ratios of sums over events, k = g(ΣA / ΣB), so that a window without one of its events
and a period without one of its years cost one subtraction. The laws with a floor and of a nonlinear
reservoir are fitted to all windows and both periods together, as `_laws` does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.recession._estimators import _falls, chosen
from qilian.recession._events import between_events, events, lengths
from qilian.recession._laws import (
    FEWEST,
    constants,
    fit_law,
    grouped,
    stated_curves,
    window_members,
)
from qilian.recession._window_sums import WindowSums
from qilian.recession.change import _jackknifed, _periods, _welch
from qilian.recession.conditions import FEIGNED_LEVEL

_RATIOS = ("events", "log_linear", "through_origin", "log_log", "master_curve")
_LAWS = {"with_floor": "floor", "power_law": "power law"}
FITS = (*_RATIOS, *_LAWS)
_Inverse = Callable[[np.ndarray], np.ndarray]
_INVERSES: Mapping[str, _Inverse] = {
    "log_log": np.exp,
    "master_curve": lambda ratio: -np.log(ratio),
}
_NO_STEP = (np.nan, np.nan, np.nan, np.nan)


def by_ratios(
    days: xr.Dataset,
    sums: xr.Dataset,
    reported: xr.DataArray,
    lines: Sequence[xr.Dataset],
    until: int,
    since: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit by ratios of sums.

    Parameters
    ----------
    days, sums, reported : xarray.Dataset, xarray.DataArray
        As from `select_days` and `gauge_sums`, of the same choice.
    lines : sequence of xarray.Dataset
        (year,) as from `fit_windows`, one a window; other fits have a constant where these have.
    until, since : int
        As `period_change` takes them.

    Returns
    -------
    numpy.ndarray, numpy.ndarray
        (3, fit, window, year) Ks [day] and its bounds, of the lines their own, of others by leaving
        one event out at a time; (4, fit) change of ln Ks and its bounds, by leaving one year out,
        and the least size that `FEIGNED_LEVEL` leaves it.
    """
    ratios, year = _ratios(days)
    found = np.empty((3, len(ratios), len(lines), reported.size))
    for w, fits in enumerate(lines):
        place = WindowSums(sums, reported, int(fits["window"]))
        for f, (name, ratio) in enumerate(ratios.items()):
            if name == "log_linear":
                ends = ("", "_lower", "_upper")
                found[:, f, w] = [fits["recession_constant" + end] for end in ends]
            else:
                found[:, f, w] = _window_constants(ratio, place, fits)
    steps = [_period_ratio(ratio, year, until, since) for ratio in ratios.values()]
    return found, np.transpose(steps)


def by_laws(
    days: xr.Dataset, lines: Sequence[xr.Dataset], until: int, since: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit the laws with a floor and of a nonlinear reservoir, as `by_ratios` fits ratios.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    lines : sequence of xarray.Dataset
        (year,) as from `fit_windows`, one a window.
    until, since : int
        As `period_change` takes them.
    """
    held, _ = stated_curves(days)
    told = np.array([fits["recession_constant"].notnull() for fits in lines])
    found = np.full((3, len(_LAWS), *told.shape), np.nan)
    steps = np.full((4, len(_LAWS)), np.nan)
    every = lines[0]["year"].values
    windows = [int(fits["window"]) for fits in lines]
    places, members = window_members(held.year, every, windows, told)
    periods = [np.flatnonzero(inside) for inside in _periods(held.year, until, since)]
    years = [held.year[period] for period in periods]
    compared = all(np.unique(one).size >= 3 and one.size >= FEWEST for one in years)
    units = members + (years if compared else [])
    if not units:
        return found, steps
    groups = grouped(members + (periods if compared else []), units)
    for row, law in enumerate(_LAWS.values()):
        fit = fit_law(law, held, groups)
        found[:, row].reshape(3, -1)[:, places] = constants(fit, groups)[:, : places.size]
        if compared:
            absent = [fit.absent[0, fit.unit_group == places.size + after] for after in (0, 1)]
            influences = [_jackknifed(one, one.size) for one in absent]
            step = float(fit.terms[0, -1] - fit.terms[0, -2])
            steps[:, row] = _bounded(step, influences, [np.unique(one) for one in years])
    return found, steps


@dataclass(frozen=True)
class _Ratio:
    """Sums of events, (event,), and what turns their ratio into k."""

    above: np.ndarray
    below: np.ndarray
    inverse: _Inverse

    def k(self, above: np.ndarray, below: np.ndarray) -> np.ndarray:
        """1 / Ks [day-1] of sums, NaN where it is not positive."""
        with np.errstate(all="ignore"):
            found = self.inverse(above / below)
        return np.where(found > 0, found, np.nan)


def _ratios(days: xr.Dataset) -> tuple[dict[str, _Ratio], np.ndarray]:
    """Return the sums of every fit, and the years of the events."""
    log_flow, segment, year = chosen(days)
    held = events(log_flow, segment, year)
    number = np.cumsum(np.diff(segment, prepend=segment[0]) != 0)
    _, n = lengths(segment)
    fall, level = _falls(log_flow, segment)
    of = np.repeat(np.arange(n.size), n - 1)
    falls = fall > 0
    flow = np.exp(log_flow)
    earlier = np.flatnonzero(number[1:] == number[:-1])
    middle = (held.k @ held.xx) / held.xx.sum()
    noise = held.noise / held.xx / middle**2
    weight = 1 / (noise + between_events(held.k / middle - 1, noise, 1))

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(of, values, n.size)

    ratio = np.log(np.where(falls, fall, 1) / level)
    sums = {
        "events": (weight * held.k, weight),
        "log_linear": (held.k * held.xx, held.xx),
        "through_origin": (total(fall * level), total(level * level)),
        "log_log": (total(np.where(falls, ratio, 0)), total(falls.astype(float))),
        "master_curve": (
            total(flow[earlier + 1] * flow[earlier]),
            total(flow[earlier] ** 2),
        ),
    }
    ratios = {name: _Ratio(*sums[name], _INVERSES.get(name, np.asarray)) for name in _RATIOS}
    return ratios, held.year


def _window_constants(ratio: _Ratio, place: WindowSums, fits: xr.Dataset) -> list[np.ndarray]:
    """Ks of every window with its bounds, where the line of ln Q has them too."""
    told = fits["recession_constant"].notnull().values
    above, below = place.moving(ratio.above), place.moving(ratio.below)
    k = np.where(told, ratio.k(above, below), np.nan)
    without = ratio.k(place.of(above) - ratio.above, place.of(below) - ratio.below)
    count = place.moving(np.ones(ratio.above.size))
    departure = np.nan_to_num(without - place.of(k))
    mean = place.total(departure) / count.clip(1)
    squares = place.total(departure**2) - count * mean**2
    enough = told & (count >= 3)
    error = np.sqrt((count - 1).clip(0) / count.clip(1) * squares.clip(0))
    reach = np.where(enough, stdtrit((count - 1).clip(1), 0.975) * error, np.nan)
    return [1 / k, 1 / (k + reach), 1 / np.where(k > reach, k - reach, np.nan)]


def _period_ratio(
    ratio: _Ratio, year: np.ndarray, until: int, since: int
) -> tuple[float, float, float, float]:
    """Change of ln Ks between the periods, its bounds and its least size."""
    levels, influences, years = [], [], []
    for inside in _periods(year, until, since):
        some, number = np.unique(year[inside], return_inverse=True)
        if some.size < 3:
            return _NO_STEP
        above = np.bincount(number, ratio.above[inside])
        below = np.bincount(number, ratio.below[inside])
        whole = ratio.k(above.sum(keepdims=True), below.sum(keepdims=True))
        without = -np.log(ratio.k(above.sum() - above, below.sum() - below))
        levels.append(-float(np.log(whole[0])))
        influences.append(_jackknifed(without, some.size))
        years.append(some)
    return _bounded(levels[1] - levels[0], influences, years)


def _bounded(
    step: float, influences: Sequence[np.ndarray], years: Sequence[np.ndarray]
) -> tuple[float, float, float, float]:
    """Return a change of ln Ks with its bounds (Welch's), and the least size it may have."""
    error, dof, _ = _welch(step, influences, years)
    reach = float(stdtrit(dof, 0.975) * error)
    least = abs(step) - float(stdtrit(dof, 1 - FEIGNED_LEVEL) * error)
    return step, step - reach, step + reach, least
