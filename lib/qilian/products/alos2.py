"""ALOS-2's rate from its few pairs, one for all pages."""

from pathlib import Path

import numpy as np
import xarray as xr

from qilian.archive.cache import kept
from qilian.archive.catalogue import Archive
from qilian.insar import rates
from qilian.insar.sparse_networks import fit_pairs, prepare_pairs
from qilian.products.sentinel1 import sentinel1_rates
from qilian.spatial.grids import all_onto, relative_to


def alos2_rate(
    source: Archive, *, thaw_spread: float = 40.0, yearly_spread: float = 5.0
) -> xr.Dataset:
    """Return ALOS-2's vertical rate on Sentinel-1's grid, zero on stable ground, for all pages.

    Parameters
    ----------
    source : Archive
        With `alos2`, `sentinel1` and `climate`; `outlines` are used.
    thaw_spread, yearly_spread : float, optional
        As `insar.fit_pairs` has them [mm].

    Returns
    -------
    xarray.Dataset
        (y, x), in memory: `rate` and `rate_standard_error` [mm year-1], `degrees_of_freedom`,
        infinite: the error is taken for known.
    """
    needs = ["sentinel1", "alos2", "climate", *({"outlines"} & set(source.entries))]
    options = {
        "thaw_spread": thaw_spread,
        "yearly_spread": yearly_spread,
        "thaw_season": source.fact("thaw_season"),
    }

    def make(_: Path) -> xr.Dataset:
        radar = sentinel1_rates(source)
        stack = source.load("alos2").compute()
        air = source.load("climate")["air_temperature"]
        season = source.fact("thaw_season")
        few = prepare_pairs(stack, radar["stable"], air, thaw_season=season)
        fitted = fit_pairs(few, thaw_spread=thaw_spread, yearly_spread=yearly_spread)
        fitted = rates.vertical(fitted, few["line_of_sight_up"])
        on_grid = all_onto(fitted[["rate", "rate_standard_error"]], radar["rate"])
        found = relative_to(on_grid, radar["stable"])
        return found.assign(degrees_of_freedom=xr.full_like(found["rate"], np.inf).drop_attrs())

    return kept("alos2-rate", source, needs, options, make).load()
