"""Maps averaged over zones, and one zone against the rest of the ground."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from qilian.contracts.labels import labelled, stacked

_ENOUGH = 0.5  # of a region's pixels that must find ground where it is moved to
_SPACE = ("y", "x")


def zonal_mean(
    field: xr.DataArray,
    error: xr.DataArray,
    zones: Mapping[str, xr.DataArray],
    *,
    of_mean: xr.DataArray | None = None,
) -> xr.Dataset:
    """Average maps over zones, from the pixels that have a value.

    Without `of_mean` the error is the average of the pixels' own, as if they erred together. They
    do as far as they share the delay, most of the error; so it is an upper bound, and a high one
    for zones much wider than the weather's patterns.

    Parameters
    ----------
    field, error : xarray.DataArray
        (..., y, x), such as of periods or rings, and the standard error, in the same units.
    zones : mapping of str to xarray.DataArray
        (y, x), True inside, by name.
    of_mean : xarray.DataArray, optional
        (ground, ...), standard error of the means, by the covariance of their pixels' errors.

    Returns
    -------
    xarray.Dataset
        (ground, ...): `mean`, `standard_error`, `below_zero`, whether the mean is negative by more
        than two standard errors, and the `fraction` of the ground with a value.

    Examples
    --------
    >>> about = {"long_name": "rate", "units": "mm year-1"}
    >>> rate = xr.DataArray([[-4.0, -6.0, float("nan")]], dims=("y", "x"), attrs=about)
    >>> mean = zonal_mean(rate, xr.full_like(rate, 1.5), {"mine": xr.ones_like(rate, bool)})
    >>> mean["mean"].item(), mean.standard_error.item(), round(mean.fraction.item(), 2)
    (-5.0, 1.5, 0.67)
    """
    zone = stacked(zones, "ground")
    own = zone & field.notnull()
    units, direction = field.attrs["units"], field.attrs.get("direction")
    mean, uncertain = (values.where(own).mean(_SPACE) for values in (field, error))
    if of_mean is not None:
        _, known = xr.align(mean, of_mean, join="left")
        uncertain = known.where(mean.notnull()).transpose(*mean.dims)
    return labelled(
        {
            "mean": (mean, field.attrs["long_name"], units, direction),
            "standard_error": (uncertain, "standard error", units, direction),
            "below_zero": (
                mean < -2 * uncertain,
                "more than two standard errors below zero",
                None,
            ),
            "fraction": (own.sum(_SPACE) / zone.sum(_SPACE), "fraction of the ground with a value"),
        }
    )


def ring_zones(rings: xr.DataArray, grounds: Mapping[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """Cross rings with kinds of ground, as far as they meet.

    Parameters
    ----------
    rings : xarray.DataArray
        (ring, y, x), as from `rings`.
    grounds : mapping of str to xarray.DataArray
        (y, x), True inside, by name.

    Returns
    -------
    dict of str to xarray.DataArray
        (y, x), True inside, by the ground's name and the number of the ring.
    """
    both = {
        _crossed(name, number): ring & ground
        for name, ground in grounds.items()
        for number, ring in enumerate(rings)
    }
    return {name: zone for name, zone in both.items() if zone.any()}


def _crossed(ground: str, ring: int) -> str:
    return f"{ground}, ring {ring}"


def ring_means(
    field: xr.DataArray,
    error: xr.DataArray,
    rings: xr.DataArray,
    grounds: Mapping[str, xr.DataArray],
    *,
    covariance: xr.DataArray | None = None,
) -> xr.Dataset:
    """Average a map over rings of each kind of ground, and compare each with the last ring.

    Parameters
    ----------
    field, error : xarray.DataArray
        (y, x), such as a rate and its standard error.
    rings, grounds
        As `ring_zones` has them.
    covariance : xarray.DataArray, optional
        (ground, other) of the errors of the means of `ring_zones`. Without it a mean takes the
        average error of its pixels, and a difference the errors of both in squares: upper bounds.

    Returns
    -------
    xarray.Dataset
        (ground, ring) as from `zonal_mean`; `excess`, the last ring's mean minus a ring's, and
        `excess_standard_error`; the attribute `errors` says whether they are `upper bounds`. Only
        ground that has a value in both the first and the last ring.
    """
    of_mean = None
    numbers = range(rings.sizes["ring"])
    if covariance is not None:
        names = [_crossed(name, number) for name in grounds for number in numbers]
        whole = covariance.reindex(ground=names, other=names).values
        whole = whole.reshape(2 * (len(grounds), len(numbers)))
        of_mean = xr.DataArray(
            np.sqrt(np.einsum("grgr->gr", whole)), {"ground": list(grounds)}, ("ground", "ring")
        )
    found = zonal_mean(field.where(rings), error.where(rings), grounds, of_mean=of_mean)
    found = found.transpose("ground", "ring")
    own = found["standard_error"] ** 2
    square = own + own.isel(ring=-1)
    if covariance is not None:
        square = square - 2 * np.einsum("grg->gr", whole[..., -1])
    excess = found["mean"].isel(ring=-1) - found["mean"]
    units, direction = field.attrs["units"], field.attrs.get("direction")
    more = {
        "excess": (excess, "last ring minus this one", units, direction),
        "excess_standard_error": (
            square.clip(min=0) ** 0.5,
            "its standard error",
            units,
            direction,
        ),
    }
    kind = "upper bounds" if covariance is None else "by their covariance"
    found = found.assign(labelled(more)).assign_attrs(errors=kind)
    return found.sel(ground=found["mean"].isel(ring=[0, -1]).notnull().all("ring"))


def zonal_contrast(
    field: xr.DataArray,
    zone: xr.DataArray,
    other: xr.DataArray,
    *,
    of_difference: xr.DataArray | None = None,
) -> xr.Dataset:
    """Compare the mean of a zone with that of other ground, and with patches of other ground.

    The zone is moved all over the map, and the mean of the other ground that it then holds is
    compared in the same way. The spread of these differences takes in both the errors that vary
    from place to place and what ground differs by without mines.

    Parameters
    ----------
    field : xarray.DataArray
        (period, y, x).
    zone, other : xarray.DataArray
        (y, x), True inside the zone, and on the other ground.
    of_difference : xarray.DataArray, optional
        (period,), standard error of the difference, by the covariance of the two means' errors.

    Returns
    -------
    xarray.Dataset
        (period,): `difference`, zone minus other ground; the root mean square `spread` of patches
        of other ground, missing where half of the zone fits nowhere else; its `standard_error` if
        given; `significant`, whether the difference exceeds two of the larger.
    """
    field = field.transpose("period", *_SPACE)
    known = field.notnull() & other
    rest = field.where(known).mean(_SPACE)
    count = _sums_elsewhere(known, zone).round()
    count = count.where(count > _ENOUGH * zone.sum())
    elsewhere = _sums_elsewhere(field.where(known, 0), zone) / count - rest
    spread = np.sqrt((elsewhere**2).mean(("down", "across")))
    difference = field.where(zone).mean(_SPACE) - rest
    units, direction = field.attrs["units"], field.attrs.get("direction")
    found: dict[str, Any] = {
        "difference": (difference, "zone minus undisturbed ground", units, direction),
        "spread": (spread, "spread within undisturbed ground", units, direction),
    }
    unsure, words = spread, "more than two spreads"
    if of_difference is not None:
        _, known = xr.align(difference, of_difference, join="left")
        found["standard_error"] = known, "standard error", units, direction
        unsure, words = np.fmax(spread, known), "more than two of the larger"
    found["significant"] = abs(difference) > 2 * unsure, words, None
    return labelled(found)


def truth_of_periods(truth: xr.DataArray, field: xr.DataArray) -> xr.DataArray:
    """Pick the truth of the year in which each period of a field begins.

    Parameters
    ----------
    truth : xarray.DataArray
        (period, y, x), its periods with a coordinate `start` [calendar year].
    field : xarray.DataArray
        (period, y, x) on the same grid, with a coordinate `start` too.

    Returns
    -------
    xarray.DataArray
        (period, y, x) with the periods of `field`.
    """
    years = np.floor(field["start"].values) + 0.5
    which = np.searchsorted(truth["start"].values, years, side="right") - 1
    values = truth.transpose("period", *_SPACE).values[which]
    return field.transpose("period", *_SPACE).copy(data=values)


def zonal_truth(
    field: xr.DataArray,
    error: xr.DataArray,
    truth: xr.DataArray,
    zones: Mapping[str, xr.DataArray],
    stable: xr.DataArray,
    *,
    of_mean: xr.DataArray | None = None,
) -> xr.Dataset:
    """Put the averages of maps beside the truth's, of the same pixels and from the same zero.

    Parameters
    ----------
    field, error, zones, of_mean
        As `zonal_mean` has them.
    truth : xarray.DataArray
        Like `field`, such as from `truth_of_periods`.
    stable : xarray.DataArray
        (y, x), True on the ground whose median is the zero of `field`.

    Returns
    -------
    xarray.Dataset
        (ground, ...): `mean`, `standard_error`, `truth`, `deviation`, the mean minus the truth in
        standard errors, and `coverage`, the fraction of pixels whose value is within two standard
        errors of the truth; (...): `zero`, the truth's median of stable ground, which is taken off.
    """
    zero = truth.where(stable).median(_SPACE)
    known = (truth - zero).where(field.notnull()).assign_attrs(field.attrs)
    units, direction = field.attrs["units"], field.attrs.get("direction")
    found = zonal_mean(field, error, zones, of_mean=of_mean)[["mean", "standard_error"]]
    true = zonal_mean(known, error, zones)["mean"]
    near = (abs(field - known) <= 2 * error).where(known.notnull() & stacked(zones, "ground"))
    deviation = (found["mean"] - true) / found["standard_error"]
    parts = {
        "truth": (true, "truth", units, direction),
        "deviation": (deviation, "difference in standard errors"),
        "coverage": (near.mean(_SPACE), "pixels within two standard errors of the truth"),
        "zero": (zero, "truth on stable ground, subtracted", units, direction),
    }
    return found.assign(labelled(parts))


def _sums_elsewhere(field: xr.DataArray, region: xr.DataArray) -> xr.DataArray:
    """Sum a field (period, y, x) over a region moved by every number of pixels, (…, down, across).

    By the correlation theorem, on a map with an empty margin into which the region may move.
    """
    shape = [2 * size for size in region.shape]
    spectrum = np.fft.rfft2(field.values, shape) * np.fft.rfft2(region.values, shape).conj()
    sums = np.fft.irfft2(spectrum, shape)
    return xr.DataArray(sums, {"period": field["period"]}, ("period", "down", "across"))
