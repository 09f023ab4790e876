"""Maps of classes, which carry `flag_values` and `flag_meanings`: names, fractions, confusion.

A value that none of a map's flags has is ground without a class.
"""

import numpy as np
import pandas as pd
import xarray as xr

from qilian.contracts.labels import attributes, labelled


def class_names(flags: xr.DataArray) -> list[str]:
    """Return the names of the classes in plain writing, in the order of their values."""
    return [name.replace("_", " ") for name in flags.attrs["flag_meanings"].split()]


def class_zones(flags: xr.DataArray) -> dict[str, xr.DataArray]:
    """Return where each class is, (y, x), by its name."""
    values = np.atleast_1d(flags.attrs["flag_values"])
    return {name: flags == value for name, value in zip(class_names(flags), values, strict=True)}


def class_fractions(flags: xr.DataArray) -> xr.DataArray:
    """Compute each class's fraction of the pixels with a class, (class,) [1]; NaN if none has."""
    zones = class_zones(flags)
    counts = xr.DataArray(
        [int(z.sum()) for z in zones.values()], {"class": list(zones)}, ("class",)
    )
    fraction = counts.where(counts.sum() > 0) / counts.sum()
    return fraction.assign_attrs(attributes("fraction of the ground"))


def contingency(found: xr.DataArray, true: xr.DataArray) -> xr.DataArray:
    """Count what each true class was classified as.

    Parameters
    ----------
    found, true : xarray.DataArray
        (y, x) with `flag_values` and `flag_meanings`, on one grid.

    Returns
    -------
    xarray.DataArray
        Pixels (true, found) that have a class in both.
    """
    pairs = pd.crosstab(true.values.ravel(), found.values.ravel())
    values = true.attrs["flag_values"], found.attrs["flag_values"]
    counts = pairs.reindex(index=values[0], columns=values[1], fill_value=0)
    coords = {"true": class_names(true), "found": class_names(found)}
    return xr.DataArray(counts.values, coords, ("true", "found"), attrs=attributes("pixels"))


def class_recall(found: xr.DataArray, true: xr.DataArray) -> xr.Dataset:
    """Compute what fraction of each true class was classified as what.

    Parameters
    ----------
    found, true : xarray.DataArray
        As `contingency` has them.

    Returns
    -------
    xarray.Dataset
        (true,): `ground_fraction`, of all pixels, and `{class}_fraction` of each class of `found`,
        of the true class's own [1]; NaN where the true class has no pixel.
    """
    counts = contingency(found, true)
    of_class = counts.sum("found")
    parts = {"ground_fraction": (of_class / of_class.sum(), "of the ground")}
    for name in counts["found"].values:
        fraction = counts.sel(found=name, drop=True) / of_class
        parts[f"{name.replace(' ', '_')}_fraction"] = fraction, f"as {name}"
    classes = attributes("true class", None)
    return labelled(parts).assign_coords(true=("true", counts["true"].values, classes))
