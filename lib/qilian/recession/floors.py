"""Rivers that do not fall as one exponential: with a steady floor, or by a power law.

Of the three laws

    exponential   k = 1 / Ks
    floor         k = (1 - c / Q) / Ks           Q = c + (Q0 - c) exp(-t / Ks)
    power law     k = (Q / Qs)^(b - 1) / Ks      -dQ/dt = a Q^b, with Ks at a stated flow Qs

each is fitted to slopes and bends of all events of a window (`_laws`), weighted by their errors as
in `_events`. Events are left out in turn for the intervals. Which law the data prefer is told by
Akaike's criterion, with the errors that the power law leaves.
"""

from collections.abc import Iterable

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.recession._estimators import chosen
from qilian.recession._laws import LAWS, Curves, Groups, LawFit, curves, fit_law, grouped

# Difference of Akaike's criterion below which two laws are as good as one another.
_CLEAR = 2.0
_LONGEST = 12.0  # ln of days, beyond which there is no upper bound
FEWEST = 6  # events, of a window that is fitted


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
    held, stated = stated_curves(days)
    every = np.unique(days["season_year"])
    places, members = window_members(held.year, every, [window])
    found = np.full((7, len(LAWS), every.size), np.nan)
    preferred = np.full(every.size, "", object)
    if members:
        found[..., places], preferred[places] = _laws(held, grouped(members, members), stated)
    return _labelled(found, preferred, ("year",), stated).assign_coords(
        year=("year", every, attributes("centre year of the window")),
        window=((), window, attributes("window", "year")),
    )


def laws_of_all(days: xr.Dataset) -> xr.Dataset:
    """Fit the same laws to all events of a record at once: as `law_fits`, but without `year`."""
    held, stated = stated_curves(days)
    found, preferred = np.full((7, len(LAWS)), np.nan), np.array("", object)
    if held.year.size >= FEWEST:
        every = [np.arange(held.year.size)]
        of_all, best = _laws(held, grouped(every, every), stated)
        found, preferred = of_all[..., 0], best[0]
    return _labelled(found, preferred, (), stated)


def stated_curves(days: xr.Dataset) -> tuple[Curves, float]:
    """Return the curves of the events of some days, and the flow at which constants are stated."""
    log_flow, segment, year = chosen(days)
    if not log_flow.size:
        return Curves(*(np.zeros(0) for _ in range(7))), 1.0
    middle = float(np.mean(log_flow))
    return curves(log_flow - middle, segment, year), float(np.exp(middle))


def window_members(
    year: np.ndarray, every: np.ndarray, windows: Iterable[int]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return which windows have events enough, counted through all of each length, and which."""
    members = [
        np.flatnonzero(np.abs(year - centre) <= window // 2)
        if window // 2 <= place < every.size - window // 2
        else np.zeros(0, int)
        for window in windows
        for place, centre in enumerate(every)
    ]
    places = [place for place, one in enumerate(members) if one.size >= FEWEST]
    return np.array(places, int), [members[place] for place in places]


def constants(fit: LawFit, groups: Groups) -> np.ndarray:
    """Return Ks of groups whose units are events, and its bounds, (3, group) [day]."""
    reach = _reach(fit, groups)[0]
    found = np.exp(np.minimum(fit.terms[0] + np.array([[0], [-1], [1]]) * reach, _LONGEST))
    found[2, fit.terms[0] + reach >= _LONGEST] = np.nan
    return found


def _labelled(
    found: np.ndarray, preferred: np.ndarray, dims: tuple[str, ...], stated: float
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
    return xr.Dataset(
        {
            **fits,
            "preferred": (dims, preferred, attributes("law that the data prefer", None)),
            "stated": ((), stated, attributes("flow at which Ks is given", "m3 s-1")),
        },
        {"law": ("law", list(LAWS), attributes("law", None))},
    )


def _laws(held: Curves, groups: Groups, stated: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit every law to every group; what `law_fits` tells of each, and which is best."""
    fits = {name: fit_law(name, held, groups) for name in LAWS}
    variance = fits["power law"].variance
    criteria = np.array(
        [
            groups.total((fit.rest**2 / variance).sum(0)) + 2 * len(fit.terms)
            for fit in fits.values()
        ]
    )
    excess = criteria - criteria.min(0)
    rows = []
    for (name, fit), over in zip(fits.items(), excess, strict=True):
        shape = np.ones((3, groups.count))
        if name != "exponential":
            shape = fit.terms[1] + np.array([[0], [-1], [1]]) * _reach(fit, groups)[1]
            shape = stated * shape if name == "floor" else 1 + shape
        rows.append([*constants(fit, groups), *shape, over])
    best = np.array(list(LAWS), object)[excess.argmin(0)]
    best[(excess < _CLEAR).sum(0) > 1] = "any"
    return np.array(rows).transpose(1, 0, 2), best


def _reach(fit: LawFit, groups: Groups) -> np.ndarray:
    """Half-widths of the 95 % intervals of terms, (term, group)."""
    free = groups.total(np.ones(groups.event.size)) - len(fit.terms)
    return stdtrit(free, 0.975) * fit.standard_errors()
