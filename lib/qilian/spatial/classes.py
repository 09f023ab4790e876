"""Maps of classes, which carry `flag_values` and `flag_meanings`: names, shares, and what is what.

A value that none of a map's flags has is ground without a class.
"""

import numpy as np
import xarray as xr

from qilian.contracts.labels import attributes


def class_names(flags: xr.DataArray) -> list[str]:
    """Names of the classes in plain writing, in the order of their values."""
    return [name.replace("_", " ") for name in flags.attrs["flag_meanings"].split()]


def class_zones(flags: xr.DataArray) -> dict[str, xr.DataArray]:
    """Return where each class is, (y, x), by its name."""
    values = np.atleast_1d(flags.attrs["flag_values"])
    return {name: flags == value for name, value in zip(class_names(flags), values, strict=True)}


def class_fractions(flags: xr.DataArray) -> xr.DataArray:
    """Share that each class has of the pixels with a class, (class,) [1]; NaN if none has one."""
    values = np.atleast_1d(flags.attrs["flag_values"])
    counts = xr.DataArray(
        [int((flags == value).sum()) for value in values], {"class": class_names(flags)}, ("class",)
    )
    share = counts.where(counts.sum() > 0) / counts.sum()
    return share.assign_attrs(attributes("share of the ground"))


def contingency(found: xr.DataArray, true: xr.DataArray) -> xr.DataArray:
    """Tell what each true class was found as.

    Parameters
    ----------
    found, true : xarray.DataArray
        (y, x) with `flag_values` and `flag_meanings`, on one grid.

    Returns
    -------
    xarray.DataArray
        Pixels (true, found) that have a class in both.
    """
    pairs = [
        [int(((true == a) & (found == b)).sum()) for b in found.attrs["flag_values"]]
        for a in true.attrs["flag_values"]
    ]
    coords = {"true": class_names(true), "found": class_names(found)}
    return xr.DataArray(pairs, coords, ("true", "found"), attrs=attributes("pixels"))
