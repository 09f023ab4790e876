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
            shape = fit.terms[1] + np.array([[0], [-1], [1]]) * reach(fit, groups)[1]
            shape = stated * shape if name == "floor" else 1 + shape
        rows.append([*constants(fit, groups), *shape, over])
    best = np.array(list(LAWS), object)[excess.argmin(0)]
    best[(excess < _CLEAR).sum(0) > 1] = "any"
    return np.array(rows).transpose(1, 0, 2), best
