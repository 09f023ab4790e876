"""Maps of several periods averaged over kinds of ground, and what these averages tell apart."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from qilian.contracts.labels import attributes, written_units

_ENOUGH = 0.5  # of a region's pixels that must find ground where it is moved to
_SPACE = ("y", "x")


def zonal_mean(
    field: xr.DataArray, error: xr.DataArray, regions: Mapping[str, xr.DataArray]
) -> xr.Dataset:
    """Average maps over regions, from the pixels that have a value.

    The error is the average of the pixels' own, as if they erred together. They do as far as
    they share the delay, most of the error; so it is an upper bound, and a high one for regions
    much wider than the weather's patterns.

    Parameters
    ----------
    field, error : xarray.DataArray
        (period, y, x), and the standard error, in the same units.
    regions : mapping of str to xarray.DataArray
        (y, x), True inside, by name.

    Returns
    -------
    xarray.Dataset
        (ground, period): `mean`, `standard_error`, `below_zero`, which is `yes` where the mean is
        negative by more than two standard errors, and the `part` of the ground with a value.
    """
    ground = xr.DataArray(list(regions), dims="ground", name="ground")
    region = xr.concat(list(regions.values()), ground)
    own = region & field.notnull()
    units = field.attrs["units"]
    mean, uncertain = (values.where(own).mean(_SPACE) for values in (field, error))
    parts = {
        "mean": (mean, field.attrs["long_name"], units),
        "standard_error": (uncertain, "its standard error", units),
        "below_zero": (
            _said(mean < -2 * uncertain, mean),
            "more than two standard errors below zero",
            None,
        ),
        "part": (own.sum(_SPACE) / region.sum(_SPACE), "part of the ground with a value"),
    }
    return _labelled(parts)


def ring_means(
    field: xr.DataArray,
    error: xr.DataArray,
    rings: Mapping[str, xr.DataArray],
    grounds: Mapping[str, xr.DataArray],
) -> xr.Dataset:
    """Average a map (y, x) over rings and kinds of ground, as from `zones.rings`.

    As `averages` gives it, the rings in place of periods; kinds without ground in the first and
    the last ring are left out.
    """
    ring = xr.DataArray(list(rings), dims="period", name="period")
    inside = xr.concat(list(rings.values()), ring)
    found = zonal_mean(field.where(inside), error.where(inside), grounds)
    return found.isel(ground=found["mean"].isel(period=[0, -1]).notnull().all("period"))


def zonal_contrast(field: xr.DataArray, regions: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Compare the mean of a region with that of other ground, and with patches of other ground.

    The region is moved all over the map, and the mean of the other ground that it then holds is
    compared in the same way. The spread of these differences takes in both the errors that vary
    from place to place and what ground differs by without mines.

    Parameters
    ----------
    field : xarray.DataArray
        (period, y, x).
    regions : mapping of str to xarray.DataArray
        (y, x), True inside: the region, and the other ground.

    Returns
    -------
    xarray.Dataset
        (period,): `difference` of the region less other ground, the root mean square `spread` of
        patches of other ground, `told_apart`, which is `yes` beyond two spreads. The spread is
        missing where half of the region fits nowhere else.
    """
    (name, region), (other_name, other) = regions.items()
    field = field.transpose("period", *_SPACE)
    known = field.notnull() & other
    rest = field.where(known).mean(_SPACE)
    count = _sums_elsewhere(known, region).round()
    count = count.where(count > _ENOUGH * region.sum())
    elsewhere = _sums_elsewhere(field.where(known, 0), region) / count - rest
    spread = np.sqrt((elsewhere**2).mean(("down", "across")))
    difference = field.where(region).mean(_SPACE) - rest
    ratio = abs(difference) / spread
    units = field.attrs["units"]
    parts = {
        "difference": (difference, f"{name} less {other_name}", units),
        "spread": (spread, "spread of such differences elsewhere", units),
        "told_apart": (_said(ratio > 2, ratio), "more than twice that spread", None),
    }
    return _labelled(parts)


def distinct_periods(pooled: xr.Dataset) -> pd.DataFrame:
    """List the periods whose averages differ by more than two standard errors of the difference.

    The errors of two periods add in squares, as those of pairs without a common date do.

    Parameters
    ----------
    pooled : xarray.Dataset
        As from `averages`.

    Returns
    -------
    pandas.DataFrame
        One row for each two periods of a ground; `none` where there are none.
    """
    units = written_units(pooled["mean"])
    heads = ["ground", "from", "to", f"change ({units})", f"standard error ({units})"]
    rows = []
    for ground, own in pooled.groupby("ground"):
        mean, error = (own[name].squeeze("ground").values for name in ("mean", "standard_error"))
        two = [
            (ground, *own["period"].values[[i, j]], mean[j] - mean[i], np.hypot(error[i], error[j]))
            for i, j in combinations(range(mean.size), 2)
        ]
        beyond = [row for row in two if abs(row[3]) > 2 * row[4]]
        rows += beyond or [(ground, "none", "–", np.nan, np.nan)]
    return pd.DataFrame(rows, columns=heads)


def zonal_sentences(pooled: xr.Dataset) -> list[str]:
    """Say each ground's averages with two standard errors, and what `parted` tells apart."""
    units, beyond = written_units(pooled["mean"]), distinct_periods(pooled)
    found = []
    for ground, own in pooled.groupby("ground"):
        known = own.squeeze("ground").dropna("period", subset=["mean"])
        rows = zip(*(known[n].values for n in ("period", "mean", "standard_error")), strict=True)
        said = [f"{period}: {mean:.1f} ± {2 * error:.1f}" for period, mean, error in rows]
        two = beyond[(beyond["ground"] == ground) & (beyond["from"] != "none")]
        told = [f"{a} and {b}" for a, b in zip(two["from"], two["to"], strict=True)]
        told_of = "; ".join(said).replace(": -", ": −")
        words = f"Told apart: {'; '.join(told)}; no others." if told else "No two are told apart."
        found.append(f"{ground.capitalize()} ({units}): {told_of}. {words}")
    return found


def zonal_mean_beside_truth(
    field: xr.DataArray,
    error: xr.DataArray,
    truth: xr.DataArray,
    regions: Mapping[str, xr.DataArray],
    stable: xr.DataArray,
) -> xr.Dataset:
    """Put the averages of maps beside the truth's, of the same pixels and from the same zero.

    Parameters as of `averages` and `against_truth`.

    Returns
    -------
    xarray.Dataset
        (ground, period), of periods with a value: `mean`, `standard_error`, `truth`; (period,):
        `zero`, what the truth has as the median of stable ground, which is taken off.
    """
    true = _of_periods(truth, field)
    zero = true.where(stable).median(_SPACE).assign_attrs(field.attrs)
    known = (true - zero).where(field.notnull()).assign_attrs(field.attrs)
    units = field.attrs["units"]
    found = zonal_mean(field, error, regions)[["mean", "standard_error"]]
    parts = {
        "truth": (zonal_mean(known, error, regions)["mean"], "in the truth", units),
        "zero": (zero, "zero, the truth of stable ground", units),
    }
    return found.merge(_labelled(parts)).dropna("period", subset=["mean"], how="all")


def maps_against_truth(
    field: xr.DataArray, error: xr.DataArray, truth: xr.DataArray, stable: xr.DataArray
) -> xr.Dataset:
    """Compare the maps of periods with the truth, which gets the same zero.

    Parameters
    ----------
    field, error : xarray.DataArray
        (period, y, x), and the standard error; `period` holds titles that begin with a year.
    truth : xarray.DataArray
        (period, y, x) on the same grid, its periods with a coordinate `start` [calendar year]; the
        one that holds the middle of a title's year is compared.
    stable : xarray.DataArray
        (y, x), True on the ground whose median is zero.

    Returns
    -------
    xarray.Dataset
        (period,), of periods with a value: `median_error`, `scatter`, `correlation`, and the part
        of the pixels `within` two standard errors.
    """
    true = _of_periods(truth, field)
    off = field - (true - true.where(stable).median(_SPACE))
    units = field.attrs["units"]
    parts = {
        "median_error": (off.median(_SPACE), "median error", units),
        "scatter": (off.std(_SPACE), "scatter", units),
        "correlation": (xr.corr(field, true, _SPACE), "correlation"),
        "within": (
            (abs(off) < 2 * error).where(off.notnull()).mean(_SPACE),
            "within two standard errors",
        ),
    }
    return _labelled(parts).dropna("period", subset=["median_error"])


def _of_periods(truth: xr.DataArray, field: xr.DataArray) -> xr.DataArray:
    """Give the truth of the year that each title of the field begins with, (period, y, x)."""
    years = [int(title[:4]) + 0.5 for title in field["period"].values]
    which = np.searchsorted(truth["start"].values, years, side="right") - 1
    values = truth.transpose("period", *_SPACE).values[which]
    return field.transpose("period", *_SPACE).copy(data=values)


def _sums_elsewhere(field: xr.DataArray, region: xr.DataArray) -> xr.DataArray:
    """Sum a field (period, y, x) over a region moved by every number of pixels, (…, down, across).

    By the correlation theorem, on a map with an empty margin into which the region may move.
    """
    shape = [2 * size for size in region.shape]
    spectrum = np.fft.rfft2(field.values, shape) * np.fft.rfft2(region.values, shape).conj()
    sums = np.fft.irfft2(spectrum, shape)
    return xr.DataArray(sums, {"period": field["period"]}, ("period", "down", "across"))


def _said(answer: xr.DataArray, known: xr.DataArray) -> xr.DataArray:
    """Write `yes` or `no`, and a dash where nothing is known."""
    return xr.where(known.isnull(), "–", xr.where(answer, "yes", "no"))


def _labelled(parts: Mapping[str, tuple[xr.DataArray, *tuple[str | None, ...]]]) -> xr.Dataset:
    """Put values by name, each with its long name and units, into a dataset."""
    found = {n: v.assign_attrs(attributes(*about)) for n, (v, *about) in parts.items()}
    return xr.Dataset(found).drop_vars("spatial_ref", errors="ignore")
