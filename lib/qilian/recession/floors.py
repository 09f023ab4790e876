"""Rivers that do not fall as one exponential: with a steady floor, or by a power law.

An event tells the slope of ln Q in its middle, k, and how it bends, β: with k a function of flow,
ln Q = c - k t + β t², β = k (dk/d ln Q) / 2. Of the three laws

    exponential   k = 1 / Ks
    floor         k = (1 - c / Q) / Ks           Q = c + (Q0 - c) exp(-t / Ks)
    power law     k = (Q / Qs)^(b - 1) / Ks      -dQ/dt = a Q^b, with Ks at a stated flow Qs

each is fitted to slopes and bends of all events of a window, weighted by their errors as in
`_events`. Events are left out in turn for the intervals. Which law the data prefer is told by
Akaike's criterion, with the errors that the power law leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.recession._estimators import chosen
from qilian.recession._events import between_events, centred, lengths

# Difference of Akaike's criterion below which two laws are as good as one another.
_CLEAR = 2.0
_LONGEST = 12.0  # ln of days, beyond which there is no upper bound
_DEEPEST = 3.0  # fall of ln Q to an event's middle, at most
_FEWEST = 6  # events, of a window that is fitted
_Law = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _exponential(theta: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full(level.size, np.exp(-theta[0])), np.zeros(level.size)


def _floor(theta: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share = theta[1] * np.exp(-level)
    return np.exp(-theta[0]) * (1 - share).clip(1e-3), np.exp(-theta[0]) * share


def _power_law(theta: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k = np.exp(-theta[0] + (theta[1] * level).clip(-9, 9))
    return k, theta[1] * k


_LAWS: dict[str, tuple[_Law, int]] = {
    "exponential": (_exponential, 1),
    "floor": (_floor, 2),
    "power law": (_power_law, 2),
}


@dataclass(frozen=True)
class _Curves:
    """Slopes and bends of events, (event,), and the noise of a day's ln Q."""

    year: np.ndarray
    slope: np.ndarray
    bend: np.ndarray
    slope_noise: np.ndarray  # variance
    bend_noise: np.ndarray
    begin: np.ndarray  # ln of flow over the stated one
    half: np.ndarray

    def of(self, some: np.ndarray) -> "_Curves":
        return _Curves(*(getattr(self, name)[some] for name in self.__dataclass_fields__))


def law_fits(days: xr.Dataset, *, window: int = 5) -> xr.Dataset:
    """Fit an exponential, one with a floor and a power law to every moving window of years.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    window : int
        Length of the window [year], odd.

    Returns
    -------
    xarray.Dataset
        (law, year) `recession_constant` with its bounds `recession_constant_lower` and `_upper`
        [day], of the power law at the `stated` flow [as discharge]; `shape` with `shape_lower` and
        `shape_upper`, the floor [as discharge] or the exponent b [1], 1 of the exponential;
        `excess` of Akaike's criterion over that of the best law, 0 for this; and (year,)
        `preferred`, its name, or "any" where others are as good. NaN with fewer than 6 events.
    """
    require("window", window, window >= 1 and window % 2 == 1, "an odd number of years")
    log_flow, segment, year = chosen(days)
    every = np.unique(days["season_year"])
    middle = float(np.mean(log_flow)) if log_flow.size else 0.0
    curves = _curves(log_flow - middle, segment, year) if log_flow.size else None
    found = np.full((7, len(_LAWS), every.size), np.nan)
    preferred = np.full(every.size, "", object)
    for place in range(window // 2, every.size - window // 2):
        inside = np.abs(curves.year - every[place]) <= window // 2 if curves else np.zeros(0, bool)
        if curves is None or inside.sum() < _FEWEST:
            continue
        found[..., place], preferred[place] = _laws(curves.of(inside), np.exp(middle))
    return _labelled(found, preferred, ("year",), middle).assign_coords(
        year=("year", every, attributes("centre year of the window")),
        window=((), window, attributes("window", "year")),
    )


def laws_of_all(days: xr.Dataset) -> xr.Dataset:
    """Fit the same laws to all events of a record at once: as `law_fits`, but without `year`."""
    log_flow, segment, year = chosen(days)
    found, preferred, middle = np.full((7, len(_LAWS)), np.nan), "", 0.0
    if np.unique(segment).size >= _FEWEST:
        middle = float(np.mean(log_flow))
        found, preferred = _laws(_curves(log_flow - middle, segment, year), np.exp(middle))
    return _labelled(found, np.array(preferred, object), (), middle)


def _labelled(
    found: np.ndarray, preferred: np.ndarray, dims: tuple[str, ...], middle: float
) -> xr.Dataset:
    about = {
        "recession_constant": ("recession constant", "day"),
        "recession_constant_lower": ("Ks, lower 95 % bound", "day"),
        "recession_constant_upper": ("Ks, upper 95 % bound", "day"),
        "shape": ("floor or exponent", None),
        "shape_lower": ("its lower 95 % bound", None),
        "shape_upper": ("its upper 95 % bound", None),
        "excess": ("Akaike's criterion over the best law's", "1"),
    }
    columns = zip(about.items(), found, strict=True)
    fits = {name: (("law", *dims), values, attributes(*text)) for (name, text), values in columns}
    stated = attributes("flow at which Ks is given", "m3 s-1")
    return xr.Dataset(
        {
            **fits,
            "preferred": (dims, preferred, attributes("law that the data prefer", None)),
            "stated": ((), np.exp(middle), stated),
        },
        {"law": ("law", list(_LAWS), attributes("law", None))},
    )


def _curves(log_flow: np.ndarray, segment: np.ndarray, year: np.ndarray) -> _Curves:
    first, n = lengths(segment)
    t, y, _ = centred(log_flow, segment)

    def total(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, first)

    xx = total(t * t)
    slope = -total(t * y) / xx
    parabola = t**2 - np.repeat(xx / n, n)
    bends = total(parabola**2)
    bend = total(parabola * y) / bends
    rest = total(y * y) - slope**2 * xx - bend**2 * bends
    noise = max(float(rest.sum() / (n - 3).clip(1).sum()), 1e-12)
    half = (n - 1) / 2
    begin = total(log_flow) / n + slope * half
    return _Curves(year[first], slope, bend, noise / xx, noise / bends, begin, half)


def _laws(curves: _Curves, stated: float) -> tuple[np.ndarray, str]:
    """Fit every law to one window's events; what `law_fits` tells of each, and which is best."""
    fits = {name: _fitted(curves, law, terms) for name, (law, terms) in _LAWS.items()}
    theta, _, level = fits["power law"]
    errors = _errors(curves, *_power_law(theta, level))
    criteria = []
    for name, (theta, _, level) in fits.items():
        law, terms = _LAWS[name]
        k, change = law(theta, level)
        rest = np.concatenate([curves.slope - k, curves.bend - k * change / 2])
        criteria.append(float(np.sum(rest**2 / errors)) + 2 * terms)
    excess = np.array(criteria) - min(criteria)
    rows = []
    for name, over in zip(fits, excess, strict=True):
        theta, error, _ = fits[name]
        reach = stdtrit(curves.slope.size - theta.size, 0.975) * error
        constant = np.exp(np.minimum(theta[0] + np.array([0, -1, 1]) * reach[0], _LONGEST))
        constant[2] = constant[2] if theta[0] + reach[0] < _LONGEST else np.nan
        shape = np.full(3, 1.0)
        if name != "exponential":
            shape = theta[1] + np.array([0, -1, 1]) * reach[1]
            shape = stated * shape if name == "floor" else 1 + shape
        rows.append((*constant, *shape, over))
    names = list(fits)
    best = names[int(np.argmin(excess))]
    close = np.sum(excess < _CLEAR) > 1
    return np.transpose(rows), "any" if close else best


def _fitted(curves: _Curves, law: _Law, terms: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the terms of a law, their standard errors by leaving events out, and events' levels.

    The level is ln Q in the middle of an event, had it fallen from its beginning by the law.
    """
    theta = np.zeros(terms)
    weight = 1 / curves.slope_noise
    theta[0] = -np.log(max(curves.slope @ weight / weight.sum(), 1e-4))
    k = np.full(curves.slope.size, np.exp(-theta[0]))
    for _ in range(30):
        level = curves.begin - (k * curves.half).clip(0, _DEEPEST)
        k, change = law(theta, level)
        rest = np.concatenate([curves.slope - k, curves.bend - k * change / 2])
        slopes = np.empty((rest.size, terms))
        for term in range(terms):
            near = theta.copy()
            near[term] += 1e-5
            moved, moves = law(near, level)
            slopes[:, term] = np.concatenate([moved - k, (moved * moves - k * change) / 2]) / 1e-5
        errors = _errors(curves, k, change)
        whole = (slopes.T / errors) @ slopes
        step = np.linalg.pinv(whole) @ ((slopes.T / errors) @ rest)
        theta = theta + step.clip(-0.5, 0.5)
        if terms == 2 and law is _floor:
            lowest, highest = np.exp(level.min()), np.exp(level.max())
            theta[1] = np.clip(theta[1], -highest, 0.95 * lowest)
        if np.abs(step).max() < 1e-7:
            break
    count = curves.slope.size
    of_event = np.stack([slopes[:count], slopes[count:]], 1)  # (event, slope or bend, term)
    error = np.stack([errors[:count], errors[count:]], 1)[..., np.newaxis]
    weighted = of_event / error
    own = np.einsum("esi,esj->eij", weighted, of_event)
    score = np.einsum("esi,es->ei", weighted, np.stack([rest[:count], rest[count:]], 1))
    absent = -np.einsum("eij,ej->ei", np.linalg.pinv(whole - own), score)
    spread = absent - absent.mean(0)
    return theta, np.sqrt((count - 1) / count * np.sum(spread**2, axis=0)), level


def _errors(curves: _Curves, k: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Variances of slopes and of bends, each with what events differ by besides their noise."""
    slopes = between_events(curves.slope / k - 1, curves.slope_noise / k**2, 2)
    bends = between_events(curves.bend - k * change / 2, curves.bend_noise, 1)
    return np.concatenate([curves.slope_noise + slopes * k**2, curves.bend_noise + bends])
