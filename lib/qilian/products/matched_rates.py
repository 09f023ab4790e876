"""The correction that gives Sentinel-1 the distribution of ALOS-2's rates, kept for other pages."""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from qilian.archive.cache import kept
from qilian.archive.catalogue import Archive
from qilian.contracts.labels import VERTICAL, attributes
from qilian.insar import cdf_matching, rates
from qilian.products.inversion import displacement
from qilian.spatial import grids


def matching_correction(
    source: Archive,
    *,
    matching_years: Sequence[int] = (2019, 2022),
    minimum_mean_coherence: float = 0.4,
    matching_bins: int = 100,
) -> xr.DataArray:
    """Return what CDF matching to ALOS-2 adds to Sentinel-1's vertical rate, as Figure S3 fits it.

    To a displacement series it adds that times the years since the first date. It takes the bias of
    short pairs off the distribution of rates, not off each pixel, and moves the zero with it: a
    corrected series no longer refers to the reference area.

    Parameters
    ----------
    source : Archive
        With `sentinel1`, `alos2` and `climate`; what `outlines` hold is left out of the fit.
    matching_years : (int, int), optional
        First and last year of Sentinel-1's series.
    minimum_mean_coherence : float, optional
        Mean coherence that a pixel needs, of both radars.
    matching_bins : int, optional
        Most bins of the matched distributions.

    Returns
    -------
    xarray.DataArray
        (y, x) [mm year-1].
    """
    needs = ["sentinel1", "alos2", "climate", *({"outlines"} & set(source.entries))]
    options = {
        "matching_years": list(matching_years),
        "minimum_mean_coherence": minimum_mean_coherence,
        "matching_bins": matching_bins,
    }

    def make(_: Path) -> xr.Dataset:
        before, reference, mask = _compared(source, matching_years, minimum_mean_coherence)
        fitted = cdf_matching.fit_cdf_matching(before, reference, mask, bins=matching_bins)
        added = cdf_matching.apply_cdf_matching(fitted, before) - before
        about = attributes("correction of the rate by CDF matching", "mm year-1", VERTICAL)
        return added.assign_attrs(about).to_dataset(name="correction")

    return kept("matching-correction", source, needs, options, make)["correction"].load()


def _compared(
    source: Archive, years: Sequence[int], minimum_mean_coherence: float
) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Rates of Sentinel-1 and of ALOS-2 on one grid, and where they can be compared."""
    sentinel1, alos2 = (source.load(entry, "coherence") for entry in ("sentinel1", "alos2"))
    series = displacement(source, "sentinel1", seasonal="thaw")
    c_band = rates.fit_years(series, years)
    place = grids.middle(series["reference"], alos2["coherence"])
    few = displacement(source, "alos2", seasonal="thaw", reference=place)
    l_band = rates.vertical(rates.model_rates(few), few["line_of_sight_up"]).load()
    both = cdf_matching.rates_on_one_grid(c_band, l_band)
    outlines = source.get("outlines")
    mask = cdf_matching.comparable_ground(
        both, sentinel1, alos2, outlines, minimum_mean_coherence=minimum_mean_coherence
    )
    return both["sentinel1"], both["alos2"], mask
