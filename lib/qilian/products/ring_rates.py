"""The rate around outlines: free of the delay that stable ground shows, and its means in rings."""

import xarray as xr

from qilian.archive.catalogue import Archive
from qilian.insar.delay import RATE_SLOPE_SPREAD, without_delay
from qilian.products.sentinel1 import sentinel1_season, stable_ground_of
from qilian.spatial.zonal import ring_means, ring_zones
from qilian.spatial.zones import thaw_zones


def rate_around(
    source: Archive,
    whole: xr.DataArray,
    site: xr.Dataset,
    rings: xr.DataArray | None,
    *,
    height: xr.DataArray | None = None,
) -> tuple[xr.DataArray, xr.Dataset | None]:
    """Take the delay off a rate, where stable ground shows it, and average it over rings.

    Parameters
    ----------
    source : Archive
        With `sentinel1` and `climate` stable ground is known; `outlines` sort the ground.
    whole : xarray.DataArray
        (y, x) rate of the whole scene, whose stable ground may lie off the site [mm year-1].
    site : xarray.Dataset
        (y, x) `rate` and `rate_standard_error` of a part of its pixels, others missing.
    rings : xarray.DataArray or None
        (ring, y, x) on the site's pixels, as from `spatial.rings`.
    height : xarray.DataArray, optional
        (y, x) of the whole scene [m].

    Returns
    -------
    xarray.DataArray
        (y, x) the site's rate, zero on stable ground, or as it was without such ground.
    xarray.Dataset or None
        (ground, ring) as from `spatial.ring_means`, where there are rings. Errors are by the
        delay's covariance, or without stable ground upper bounds.
    """
    rate, error = site["rate"], site["rate_standard_error"]
    grounds = thaw_zones(sentinel1_season(source), source.get("outlines"), rate)
    zones = None if rings is None else ring_zones(rings & rate.notnull(), grounds)
    whole, covariance = whole.compute(), None
    stable = stable_ground_of(source, whole)
    if stable is not None:
        freed = without_delay(
            whole.rename("rate"),
            stable,
            height=height,
            slope_spread=RATE_SLOPE_SPREAD,
            zones=zones or None,
        )
        rate = freed["rate"].reindex_like(rate).where(rate.notnull()).assign_attrs(rate.attrs)
        covariance = freed.get("zonal_covariance")
    if rings is None:
        return rate, None
    return rate, ring_means(rate, error, rings, grounds, covariance=covariance)
