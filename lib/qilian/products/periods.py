"""Vertical rate and thaw deformation of every period's satellite, on one grid and from one zero.

What Figures S12 and S13 compare. The grid is Sentinel-1's; zero, in every map, is the median of
stable ground.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from qilian.archive.catalogue import Archive
from qilian.contracts.labels import attributes
from qilian.contracts.radars import RADARS
from qilian.insar import corrections, network, rates, sparse_networks
from qilian.products import inversion, matched_rates
from qilian.spatial import grids, zones
from qilian.thaw import index

SATELLITES = {name.lower().replace("-", ""): name for name in RADARS}  # by the entries' names
WITHIN_SEASON, ABOUT_A_YEAR = 0.5, 0.9  # years that a pair spans at most, at least
SEASONS = 8.0, 35.0  # mm of thaw deformation: rock below, wet meadow above
_STABLE_SHARE = 0.9  # of a coarser pixel
_SHOWN = ("rate", "thaw_deformation")


def sentinel1_rates(
    source: Archive, *, stable_season: float = SEASONS[0], minimum_coherence: float = 0.7
) -> xr.Dataset:
    """Give Sentinel-1's vertical rate and thaw deformation, and the ground that it finds stable.

    Stable is ground whose thaw deformation is below `stable_season` [mm] and which no outline
    holds: rock and scree, which the season does not move.

    Parameters
    ----------
    source : Archive
        With `sentinel1` and `climate`; `outlines` are used.
    stable_season, minimum_coherence : float, optional
        Thaw deformation [mm], and temporal coherence that a pixel needs.

    Returns
    -------
    xarray.Dataset
        (y, x), in memory: `rate` [mm year-1], `thaw_deformation` [mm], each with its
        `_standard_error`, and `stable`.
    """
    kept = rates.vertical_if_known(inversion.displacement(source, seasonal="thaw"))
    found = rates.model_rates(rates.mask_incoherent(kept, minimum=minimum_coherence)).load()
    still = abs(found["thaw_deformation"]) < stable_season
    if "outlines" in source.entries:
        still &= ~zones.covered(source.load("outlines"), found["rate"])
    found["stable"] = still.assign_attrs(attributes("stable ground"))
    return _zeroed(found, found["stable"])


def pairs_of(
    source: Archive, entry: str, stable: xr.DataArray, air_temperature: xr.DataArray
) -> xr.Dataset:
    """Load the few pairs of a satellite, corrected and with their noise, as `fit_pairs` takes them.

    A plane and a delay that goes with height are fitted to stable ground and taken off.

    Parameters
    ----------
    source : Archive
        With `entry`.
    entry : str
        Interferograms of one satellite.
    stable : xarray.DataArray
        (y, x), True on stable ground, on any grid.
    air_temperature : xarray.DataArray
        (time,) daily mean over the years of the pairs [degC].
    """
    stack = source.load(entry).compute()
    still = stable.astype(float).rio.write_crs(stable.rio.crs)
    ground = grids.onto(still, stack["coherence"].isel(pair=0, drop=True)) > _STABLE_SHARE
    height = "height" in stack
    fitted = corrections.fit_corrections(stack, ground, ramp=True, height=height, stable=ground)
    moved = corrections.corrected_displacement(stack, fitted)
    course = index.settlement_course(air_temperature, network.acquisition_dates(stack))
    judged = sparse_networks.pair_noise(moved, stack["coherence"], ground)
    return (
        stack.assign(displacement=moved)
        .merge(sparse_networks.pair_regressors(stack, course))
        .merge(judged)
    )


def solve_pairs(
    pairs: xr.Dataset, like: xr.Dataset, *, thaw_spread: float | None = None
) -> xr.Dataset:
    """Fit a period's pairs and bring the result, vertical, onto another grid.

    Parameters
    ----------
    pairs : xarray.Dataset
        As from `pairs_of`, or some of them.
    like : xarray.Dataset
        As from `sentinel1`, for its grid and its stable ground.
    thaw_spread : float, optional
        As `sparse_networks.fit_pairs` has it.

    Returns
    -------
    xarray.Dataset
        (y, x): as `sentinel1`, less `stable`; empty of values where the pairs tell nothing. The
        error of a pixel is averaged as the value is: neighbours share most of it.
    """
    fitted = rates.vertical(
        sparse_networks.fit_pairs(pairs, thaw_spread=thaw_spread), pairs["line_of_sight_up"]
    )
    found = xr.Dataset(attrs=pairs.attrs)
    for name in (n + part for n in _SHOWN for part in ("", "_standard_error")):
        field = fitted[name]
        empty = xr.full_like(like["rate"], np.nan).assign_attrs(field.attrs)
        found[name] = grids.onto(field, like["rate"]) if field.notnull().any() else empty
    return _zeroed(found, like["stable"])


def matched_sentinel1(source: Archive, radar: xr.Dataset, reference: xr.Dataset) -> xr.Dataset:
    """Give Sentinel-1's rate the distribution of ALOS-2's (Figure S3), and zero it anew.

    Its standard error takes in that of ALOS-2: what a rate is matched to bounds how well it is
    known.

    Parameters
    ----------
    source : Archive
        With `matched_rates.NEEDS`.
    radar, reference : xarray.Dataset
        As from `sentinel1`, and from `solve` for ALOS-2.
    """
    added = matched_rates.matching_correction(source)
    error = np.hypot(radar["rate_standard_error"], reference["rate_standard_error"])
    corrected = radar.assign(
        rate=(radar["rate"] + added).assign_attrs(radar["rate"].attrs),
        rate_standard_error=error.assign_attrs(radar["rate_standard_error"].attrs),
    )
    return _zeroed(corrected, radar["stable"])


def period_span(pairs: xr.Dataset) -> tuple[float, float]:
    """First and last moment that pairs cover [calendar year]."""
    ends = pairs["reference_date"].min().dt, pairs["secondary_date"].max().dt
    first, last = (float(end.year + end.dayofyear / 366) for end in ends)
    return first, last


def period_titles(stacks: Mapping[str, xr.Dataset]) -> dict[str, str]:
    """Title of each entry's period, such as `2007-10, ALOS-1`."""
    years = {entry: [int(year) for year in period_span(pairs)] for entry, pairs in stacks.items()}
    return {
        entry: f"{first}-{last % 100:02d}, {SATELLITES.get(entry, entry)}"
        for entry, (first, last) in years.items()
    }


def pair_listing(stacks: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """List all pairs, (pair,), with what bears on the fit: years, leverage on a season, delay."""
    parts = []
    for entry, pairs in stacks.items():
        own = pairs[["years", "thaw", "delay"]].reset_coords(drop=True).rename(thaw="leverage")
        own["leverage"].attrs = attributes("leverage on a mean thaw season")
        dates = [f"{SATELLITES.get(entry, entry)}, {name}" for name in network.pair_names(pairs)]
        parts.append(own.assign_coords(pair=("pair", dates, attributes("pair", None))))
    return xr.concat(parts, "pair", combine_attrs="override")


def stack_periods(found: Mapping[str, xr.Dataset], name: str) -> xr.Dataset:
    """Put one quantity of all periods, and its standard error, along a dimension.

    Parameters
    ----------
    found : mapping of str to xarray.Dataset
        As from `sentinel1`, `solve` or `matched`, by the period's title.
    name : str
        `rate` or `thaw_deformation`.

    Returns
    -------
    xarray.Dataset
        (period, y, x): `name` and its `_standard_error`.
    """
    both = [name, f"{name}_standard_error"]
    titles = pd.Index(found, name="period")
    layers = [layer[both] for layer in found.values()]
    return xr.concat(layers, titles, join="exact", combine_attrs="override")


def season_pairs(stacks: Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Split pairs so that each thaw season has its own pair to speak for it.

    Parameters
    ----------
    stacks : mapping of str to xarray.Dataset
        As from `pairs_of`, by entry.

    Returns
    -------
    dict of str to xarray.Dataset
        By title, such as `2007, ALOS-1`: one pair within a season, and with it the satellite's
        pairs of a year and longer, which tell its rate. A satellite without a pair within a season
        has one item of all its pairs.
    """
    found = {}
    for entry, pairs in stacks.items():
        within = (pairs["years"].values < WITHIN_SEASON) & (pairs["thaw"].values > 0)
        long = pairs["years"].values > ABOUT_A_YEAR
        own = {}
        for number in np.flatnonzero(within):
            year = int(pairs["reference_date"].dt.year[number])
            own[f"{year}, {SATELLITES.get(entry, entry)}"] = pairs.isel(
                pair=np.r_[number, np.flatnonzero(long)]
            )
        found |= own or {period_titles({entry: pairs})[entry]: pairs}
    return found


def _zeroed(found: xr.Dataset, stable: xr.DataArray) -> xr.Dataset:
    """Take off the median of stable ground."""
    zero = found[list(_SHOWN)].where(stable).median().fillna(0)
    return found.assign({n: (found[n] - zero[n]).assign_attrs(found[n].attrs) for n in _SHOWN})
