"""Sentinel-1's rates given the distribution of ALOS-2's, as Figure S3 shows and others may use."""

import xarray as xr

from qilian.archive import cache
from qilian.archive.catalogue import Archive
from qilian.contracts.labels import attributes
from qilian.insar import cdf_matching, rates
from qilian.insar.coherence import temporal_mean_coherence
from qilian.products import inversion
from qilian.spatial import grids, zones

NEEDS = ("sentinel1", "alos2", "climate")


def two_rates(
    source: Archive, *, years: tuple[int, int] = (2019, 2022), minimum_coherence: float = 0.4
) -> xr.Dataset:
    """Vertical rates of both radars on Sentinel-1's grid, relative to the same place.

    Both come from a joint fit of rate and thaw deformation: ALOS-2's of all its pairs, Sentinel-1's
    of its series during `years`. Dates and pixels that rest on a model alone are left out.

    Parameters
    ----------
    source : Archive
        With the entries `NEEDS`; what `outlines` hold is left out, if it has them.
    years : (int, int), optional
        First and last year of Sentinel-1's series.
    minimum_coherence : float, optional
        Mean coherence that a pixel needs, of both radars.

    Returns
    -------
    xarray.Dataset
        (y, x), in memory: `sentinel1` and `alos2` [mm year-1], each with its
        `{name}_half_width` of 95 %, the common `mask`, and the `reference`
        area of both, 1 inside.
    """
    needs = [*NEEDS, *(["outlines"] if "outlines" in source.entries else [])]
    options = {"years": years, "minimum_coherence": minimum_coherence}

    def make() -> xr.Dataset:
        found = _measured(source, years)
        return found.assign(mask=_common(source, found, minimum_coherence))

    return cache.kept("two-rates", source, needs, options, make).load()


def _measured(source: Archive, years: tuple[int, int]) -> xr.Dataset:
    """Rates and intervals of both radars, and the reference area."""
    series = inversion.displacement(source, seasonal="thaw")
    overlap = series.sel(time=slice(*map(str, years)))
    measured = overlap["displacement"].where(~overlap["bridged"]).compute()
    fit = rates.model_rates(rates.fit_series(measured, overlap["model"].load()))
    c_band = rates.vertical(fit, series["line_of_sight_up"].load())
    place = grids.middle(series["reference"], source.load("alos2", "coherence")["coherence"])
    few = inversion.displacement(source, "alos2", seasonal="thaw", reference=place)
    l_band = rates.vertical(rates.model_rates(few), few["line_of_sight_up"]).load()
    found = xr.Dataset({"sentinel1": c_band["rate"]}, attrs=series.attrs)
    for name, radar in (("sentinel1", c_band), ("alos2", l_band)):
        # A pixel whose pairs only just determine the model has a rate, but no error.
        known = radar["rate"].where(radar["rate_standard_error"].notnull())
        width = rates.half_width(radar["rate_standard_error"], radar["degrees_of_freedom"])
        found[name] = grids.onto(known, c_band["rate"])
        found[f"{name}_half_width"] = grids.onto(width, c_band["rate"])
    return found.assign(reference=series["reference"].load())


def _common(source: Archive, found: xr.Dataset, minimum_coherence: float) -> xr.DataArray:
    """Mark pixels that both radars see coherently, outside of the outlines."""
    mask = found["sentinel1"].notnull() & found["alos2"].notnull()
    for name in ("sentinel1", "alos2"):
        mean = temporal_mean_coherence(source.load(name, "coherence")["coherence"])[
            "mean_coherence"
        ]
        mask &= grids.onto(mean, found["sentinel1"]) >= minimum_coherence
    if "outlines" in source.entries:
        mask &= ~zones.covered(source.load("outlines"), found["sentinel1"])
    return mask.assign_attrs(attributes("pixels compared"))


def matching_correction(source: Archive) -> xr.DataArray:
    """Give what CDF matching adds to Sentinel-1's vertical rate, (y, x) [mm year-1].

    To a displacement series it adds that times the years since the first date. It takes the bias of
    short pairs off the distribution of rates, not off each pixel, and moves the zero with it: a
    corrected series no longer refers to the reference area.
    """
    both = two_rates(source)
    fitted = cdf_matching.fit_cdf_matching(both["sentinel1"], both["alos2"], both["mask"])
    added = cdf_matching.apply_cdf_matching(fitted, both["sentinel1"]) - both["sentinel1"]
    return added.assign_attrs(attributes("correction of the rate by CDF matching", "mm year-1"))
