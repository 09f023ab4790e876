"""The correction that gives Sentinel-1 the distribution of ALOS-2's rates, kept for other pages."""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from qilian.archive.cache import kept
from qilian.archive.catalogue import Archive
from qilian.contracts.labels import VERTICAL, attributes
from qilian.insar import cdf_matching, rates
from qilian.products.alos2 import alos2_rate
from qilian.products.inversion import displacement
from qilian.products.sentinel1 import sentinel1_rates
from qilian.spatial import grids


def compared_rates(
    source: Archive,
    *,
    matching_years: Sequence[int] = (2019, 2022),
    minimum_mean_coherence: float = 0.4,
) -> xr.Dataset:
    """Return the rates of Sentinel-1 and ALOS-2 that CDF matching compares, on one grid.

    Both are vertical and zero on stable ground. ALOS-2's is that of `alos2_rate`.

    Parameters
    ----------
    source : Archive
        With `sentinel1`, `alos2` and `climate`; what `outlines` hold is left out.
    matching_years : (int, int), optional
        First and last year of Sentinel-1's series.
    minimum_mean_coherence : float, optional
        Mean coherence that a pixel needs, of both radars.

    Returns
    -------
    xarray.Dataset
        (y, x), in memory, as from `insar.rates_on_one_grid`, the standard deviation `noise` of
        ALOS-2 beyond that of Sentinel-1 [mm year-1], and `compared`, True where a pixel counts.
    """
    needs = ["sentinel1", "alos2", "climate", *({"outlines"} & set(source.entries))]
    options = {
        "matching_years": list(matching_years),
        "minimum_mean_coherence": minimum_mean_coherence,
        "thaw_season": source.fact("thaw_season"),
    }

    def make(_: Path) -> xr.Dataset:
        stable = sentinel1_rates(source)["stable"]
        series = displacement(source, "sentinel1", seasonal="thaw")
        c_band = grids.relative_to(rates.fit_years(series, matching_years), stable)
        l_band = alos2_rate(source)
        both = cdf_matching.rates_on_one_grid(c_band, l_band)
        mask = cdf_matching.comparable_ground(
            both,
            source.load("sentinel1", "coherence"),
            source.load("alos2", "coherence"),
            source.get("outlines"),
            minimum_mean_coherence=minimum_mean_coherence,
        )
        errors = [radar["rate_standard_error"] for radar in (c_band, l_band)]
        beyond = ((errors[1] ** 2 - errors[0] ** 2).clip(min=0) ** 0.5).fillna(0)
        about = attributes("noise of ALOS-2 beyond that of Sentinel-1", "mm year-1", VERTICAL)
        return both.assign(noise=beyond.assign_attrs(about), compared=mask)

    return kept("compared-rates", source, needs, options, make).load()


def matching_correction(
    source: Archive,
    *,
    matching_years: Sequence[int] = (2019, 2022),
    minimum_mean_coherence: float = 0.4,
    matching_bins: int = 100,
    blocks: Sequence[int] = (2, 4),
    noise_known: bool = False,
) -> xr.Dataset:
    """Return what CDF matching to ALOS-2 adds to Sentinel-1's vertical rate, as Figure S3 fits it.

    To a displacement series it adds that times the years since the first date. It takes the bias of
    short pairs off the distribution of rates, not off each pixel.

    Parameters
    ----------
    source, matching_years, minimum_mean_coherence
        As `compared_rates` has them.
    matching_bins : int, optional
        Most bins of the matched distributions.
    blocks : (int, int), optional
        Rows and columns of blocks that the bootstrap of the error draws.
    noise_known : bool, optional
        Leave ALOS-2's noise out of the matching; the paper's way does not.

    Returns
    -------
    xarray.Dataset
        (y, x) `correction` and its `standard_error` [mm year-1].
    """
    both = compared_rates(
        source,
        matching_years=matching_years,
        minimum_mean_coherence=minimum_mean_coherence,
    )
    before, reference, mask = both["sentinel1"], both["alos2"], both["compared"].astype(bool)
    noise = both["noise"] if noise_known else None
    fitted = cdf_matching.fit_cdf_matching(before, reference, mask, bins=matching_bins, noise=noise)
    parts = cdf_matching.spatial_blocks(before, rows=blocks[0], columns=blocks[1])
    error = cdf_matching.matching_error(
        before, reference, mask, parts, bins=matching_bins, noise=noise
    )
    added = cdf_matching.apply_cdf_matching(fitted, before) - before
    about = attributes("correction of the rate by CDF matching", "mm year-1", VERTICAL)
    return xr.Dataset({"correction": added.assign_attrs(about), "standard_error": error})
