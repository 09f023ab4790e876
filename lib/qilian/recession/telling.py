"""What a record tells by itself: rain, periods to compare, the rules that find a constant."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.recession.days import Choice
from qilian.recession.ice import frozen_days
from qilian.recession.rules import RULES
from qilian.recession.windows import fit_all, usual_reason

_REMEDIES = {
    "rain": "rain in the gauge's file or as [climate]",
    "segments": "a longer season or a shorter minimum_length",
    "days": "a longer season or longer windows",
    "year": "a record with fewer gaps",
    "window": "a longer record or shorter windows",
}


def known_rain(flow: xr.Dataset, climate: xr.Dataset | None) -> xr.DataArray | None:
    """Return the rain beside a discharge, or else that of a weather station, None without either.

    Parameters
    ----------
    flow : xarray.Dataset
        The discharge contract.
    climate : xarray.Dataset or None
        The climate contract.
    """
    beside = flow.get("precipitation")
    return beside if beside is not None or climate is None else climate.get("precipitation")


def known_ice(
    climate: xr.Dataset | None, *, frost: float, heights: tuple[float, float]
) -> xr.DataArray | None:
    """Return the days on which the river counts as frozen, None where no air temperature is known.

    Parameters
    ----------
    climate : xarray.Dataset or None
        The climate contract.
    frost, heights
        As `frozen_days` takes them.
    """
    if climate is None:
        return None
    return frozen_days(climate["air_temperature"], frost=frost, heights=heights)


def compared_years(time: xr.DataArray, mining: Sequence[int] = ()) -> dict[str, int]:
    """Return the last year before a disturbance, `until`, and the first after it, `since`.

    Without known years of it the last year of a record's first third and the first of its last.

    Parameters
    ----------
    time : xarray.DataArray
        (time,) days of the record.
    mining : (int, int), optional
        First and last year of the disturbance.

    Examples
    --------
    >>> days = xr.DataArray(xr.date_range("1990-01-01", "2019-12-31"), dims="time")
    >>> compared_years(days)
    {'until': 1999, 'since': 2010}
    >>> compared_years(days, (2000, 2013))
    {'until': 1999, 'since': 2014}
    """
    if not len(mining):
        first, last = (int(year) for year in time.dt.year.values[[0, -1]])
        third = (last - first + 1) // 3
        return {"until": first + third - 1, "since": last - third + 1}
    whole = len(mining) == 2 and all(isinstance(year, int) for year in mining)
    require("mining", list(mining), whole and mining[0] <= mining[1], "its first and last year")
    return {"until": mining[0] - 1, "since": mining[1] + 1}


def telling_rules(
    discharge: xr.DataArray,
    precipitation: xr.DataArray | None = None,
    *,
    windows: Iterable[int] = (1, 3, 5),
    **options: Any,
) -> xr.Dataset:
    """Count the windows in which each rule for days finds a constant, and say why it finds none.

    Parameters
    ----------
    discharge, precipitation, windows
        As `recession_constants` takes them, of one gauge.
    **options
        Of `Choice`; other rules than its method come with their own shortest segment.

    Returns
    -------
    xarray.Dataset
        (method,), that of the options first: `fitted` windows, `minimum_length` [day], and of a
        rule without any the usual `reason` and what would help, `remedy`.
    """
    asked = Choice(**options)
    own = {name: RULES[name].minimum_length for name in RULES if name != asked.method}
    lengths = {asked.method: asked.shortest} | own
    windows = list(windows)
    fitted, reasons = [], []
    for method, length in lengths.items():
        choice = options | {"method": method, "minimum_length": length}
        fits = fit_all(discharge, precipitation, windows=windows, **choice)
        fitted.append(int(fits["recession_constant"].notnull().sum()))
        reasons.append("" if fitted[-1] else usual_reason(fits))
    remedies = [next((_REMEDIES[w] for w in _REMEDIES if w in reason), "") for reason in reasons]
    columns = {
        "fitted": (fitted, attributes("windows with a constant")),
        "minimum_length": (list(lengths.values()), attributes("shortest recession", "day")),
        "reason": (reasons, attributes("reason if none", None)),
        "remedy": (remedies, attributes("what would help", None)),
    }
    methods = {"method": ("method", list(lengths), attributes("rule", None))}
    return xr.Dataset({name: ("method", *column) for name, column in columns.items()}, methods)


def first_telling(rules: xr.Dataset) -> xr.Dataset:
    """Return what `telling_rules` has of the first that tells, or of the first if none does."""
    return rules.isel(method=int(np.argmax(rules["fitted"].values > 0)))


def telling_choice(rules: xr.Dataset, **options: Any) -> dict[str, Any]:
    """Return options with the first rule that tells, or as they are if none does.

    Parameters
    ----------
    rules : xarray.Dataset
        As from `telling_rules`.
    **options
        Of `Choice`, as given there.
    """
    best = first_telling(rules)
    return options | {
        "method": best["method"].item(),
        "minimum_length": best["minimum_length"].item(),
    }
