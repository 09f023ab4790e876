"""Periods that satellites saw in turn: what each is called, when it was, and its pairs.

A period carries its satellite, start and end as coordinates; its title is made from them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from qilian.contracts.labels import attributes
from qilian.contracts.radars import SATELLITES
from qilian.insar.network import pair_names

_PERIOD = ("satellite", "start", "end")
WITHIN_SEASON, ABOUT_A_YEAR = 0.5, 0.9  # years that a pair spans at most, at least


def describe_period(fields: xr.Dataset, entry: str, pairs: xr.Dataset) -> xr.Dataset:
    """Give maps or pairs the scalar coordinates of their period.

    Parameters
    ----------
    fields : xarray.Dataset
        What the period is of.
    entry : str
        Name of the catalogue's entry, such as `alos1`.
    pairs : xarray.Dataset
        Interferograms; the period is from their first to their last date.

    Returns
    -------
    xarray.Dataset
        `fields` with `satellite`, and `start` and `end` [calendar year].
    """
    name = xr.DataArray(SATELLITES.get(entry, entry), attrs=attributes("satellite", None))
    return fields.assign_coords({"satellite": name, **_span(pairs)})


def same_period(fields: xr.Dataset, period: xr.Dataset) -> xr.Dataset:
    """Give maps the period of others, and nothing else of theirs, such as their grid's system."""
    return fields.assign_coords({name: period[name].variable for name in _PERIOD})


def _span(pairs: xr.Dataset) -> dict[str, xr.DataArray]:
    ends = {"start": pairs["reference_date"].min(), "end": pairs["secondary_date"].max()}
    return {
        name: (day.dt.year + day.dt.dayofyear / 366)
        .drop_vars(list(day.coords))
        .assign_attrs(attributes(f"{name} of the period", "year"))
        for name, day in ends.items()
    }


def period_title(period: xr.Dataset | xr.DataArray) -> str:
    """Name a period by its years and its satellite, from the coordinates of `describe_period`.

    Examples
    --------
    >>> period_title(xr.Dataset(coords={"satellite": "ALOS-1", "start": 2007.5, "end": 2010.8}))
    '2007–10, ALOS-1'
    """
    return f"{period_years(period)}, {period['satellite'].item()}"


def period_years(period: xr.Dataset | xr.DataArray) -> str:
    """Write the years of a period, such as `2007–10`, or `2007` for one."""
    first, last = (int(period[end].item()) for end in ("start", "end"))
    return f"{first}" if first == last else f"{first}–{last % 100:02d}"


def stack_periods(fields: Mapping[str, xr.Dataset], name: str) -> xr.Dataset:
    """Put one quantity of all periods, and its standard error, along a dimension.

    Parameters
    ----------
    fields : mapping of str to xarray.Dataset
        (y, x) maps with the coordinates of `describe_period`, by title.
    name : str
        `rate` or `thaw_deformation`.

    Returns
    -------
    xarray.Dataset
        (period, y, x): `name` and its `_standard_error`; along `period` the titles, `satellite`,
        `start` and `end`.
    """
    both = [name, f"{name}_standard_error"]
    layers = [layer[both].drop_vars(_PERIOD) for layer in fields.values()]
    titles = xr.DataArray(list(fields), dims="period", name="period")
    found = xr.concat(layers, titles, join="exact", combine_attrs="override")
    # One after another: as a list handed to `concat` their order would change from run to run.
    for own in _PERIOD:
        ends = [layer[own] for layer in fields.values()]
        found = found.assign_coords({own: ("period", [e.item() for e in ends], ends[0].attrs)})
    return found


def pair_listing(stacks: Sequence[xr.Dataset]) -> xr.Dataset:
    """List the pairs of several satellites with what bears on a fit of rate and season.

    Parameters
    ----------
    stacks : sequence of xarray.Dataset
        One a satellite, with the coordinates of `describe_period`, and `years`, `thaw` and `delay`
        as from `describe_pairs`.

    Returns
    -------
    xarray.Dataset
        (pair,), named by satellite and dates: `years`, `leverage` and `delay`.
    """
    parts = []
    for pairs in stacks:
        own = pairs[["years", "thaw", "delay"]].reset_coords(drop=True).rename(thaw="leverage")
        own["leverage"].attrs = attributes("leverage on a mean thaw season")
        names = [f"{pairs['satellite'].item()}, {name}" for name in pair_names(pairs)]
        parts.append(own.assign_coords(pair=("pair", names, attributes("pair", None))))
    return xr.concat(parts, "pair", combine_attrs="override")


def season_pairs(pairs: xr.Dataset) -> list[xr.Dataset]:
    """Split a satellite's pairs so that each thaw season has its own pair to speak for it.

    Parameters
    ----------
    pairs : xarray.Dataset
        With the coordinates of `describe_period`, and `years` and `thaw` along `pair`, as from
        `pair_regressors`.

    Returns
    -------
    list of xarray.Dataset
        One pair within a season, which comes first, and with it the satellite's pairs of about a
        year and longer, which tell its rate; `start` and `end` are the season's. A satellite
        without a pair within a season has one item of all its pairs.
    """
    within = (pairs["years"].values < WITHIN_SEASON) & (pairs["thaw"].values > 0)
    long = np.flatnonzero(pairs["years"].values > ABOUT_A_YEAR)
    seasons = [
        pairs.isel(pair=np.r_[number, long]).assign_coords(_span(pairs.isel(pair=[number])))
        for number in np.flatnonzero(within)
    ]
    return seasons or [pairs]
