"""Rivers that do not fall as one exponential: with a steady floor, or by a power law.

Of the three laws

    exponential   k = 1 / Ks
    floor         k = (1 - c / Q) / Ks           Q = c + (Q0 - c) exp(-t / Ks)
    power law     k = (Q / Qs)^(b - 1) / Ks      -dQ/dt = a Q^b, with Ks at a stated flow Qs

each is fitted to slopes and bends of all events of a window (`_laws`), weighted by their errors as
in `_events`. Events are left out in turn for the intervals. Which law the data prefer is told by
Akaike's criterion, with the errors that the power law leaves.
"""

import numpy as np
import xarray as xr
from numpy.lib.stride_tricks import sliding_window_view

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.recession._laws import (
    FEWEST,
    LAWS,
    Curves,
    Groups,
    constants,
    fit_law,
    grouped,
    reach,
    stated_curves,
    window_members,
)
from qilian.recession.change import _periods

# Difference of Akaike's criterion below which two laws are as good as one another.
_CLEAR = 2.0


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
        `shape_upper`, the floor [as discharge] or the exponent b [1];
        `excess` of Akaike's criterion over that of the best law, 0 for this; and (year,)
        `preferred`, its name, or "undecided" where another is as good. NaN with fewer than 6 events
        or where a year has less than half of its season.
    """
    require("window", window, window >= 1 and window % 2 == 1, "an odd number of years")
    held, stated = stated_curves(days)
    every = np.unique(days["season_year"])
    reported = days["reported"].where(days["in_season"]).groupby(days["season_year"]).mean()
    observed = np.pad(reported.values >= 0.5, window // 2)
    whole = np.atleast_2d(sliding_window_view(observed, window).all(-1))
    places, members = window_members(held.year, every, [window], whole)
    found = np.full((7, len(LAWS), every.size), np.nan)
    preferred = np.full(every.size, "", object)
    if members:
        found[..., places], preferred[places] = _laws(held, grouped(members, members), stated)
    return _labelled(found, preferred, ("year",), stated).assign_coords(
        year=("year", every, attributes("centre year of the window")),
        window=((), window, attributes("window", "year")),
    )


def laws_of_periods(days: xr.Dataset, *, until: int, since: int) -> xr.Dataset:
    """Fit the same laws to the events of two periods: as `law_fits`, by `period`, not by `year`.

    Parameters
    ----------
    days : xarray.Dataset
        As from `select_days`.
    until, since : int
        As `period_change` takes them.
    """
    held, stated = stated_curves(days)
    inside = [np.flatnonzero(period) for period in _periods(held.year, until, since)]
    places = [place for place, one in enumerate(inside) if one.size >= FEWEST]
    found, preferred = np.full((7, len(LAWS), 2), np.nan), np.full(2, "", object)
    if places:
        members = [inside[place] for place in places]
        found[..., places], preferred[places] = _laws(held, grouped(members, members), stated)
    names = [f"until {until}", f"since {since}"]
    return _labelled(found, preferred, ("period",), stated).assign_coords(
        period=("period", names, attributes("period"))
    )


def _labelled(
    found: np.ndarray, preferred: np.ndarray, dims: tuple[str, ...], stated: float
) -> xr.Dataset:
    about = {
        "recession_constant": ("recession constant", "day"),
        "recession_constant_lower": ("Ks, lower 95 % bound", "day"),
        "recession_constant_upper": ("Ks, upper 95 % bound", "day"),
        "shape": ("floor (as discharge) or exponent b", None),
        "shape_lower": ("its lower 95 % bound", None),
        "shape_upper": ("its upper 95 % bound", None),
        "excess": ("Akaike's criterion over the best law's", None),
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
        shape = np.full((3, groups.count), np.nan)
        if name != "exponential":
            shape = fit.terms[1] + np.array([[0], [-1], [1]]) * reach(fit, groups)[1]
            shape = stated * shape if name == "floor" else 1 + shape
        rows.append([*constants(fit, groups), *shape, over])
    best = np.array(list(LAWS), object)[excess.argmin(0)]
    best[(excess < _CLEAR).sum(0) > 1] = "undecided"
    return np.array(rows).transpose(1, 0, 2), best
