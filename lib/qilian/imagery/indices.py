"""Indices of vegetation and water from reflectance, where they hold, and land-cover classes."""

from collections.abc import Iterable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes, class_attributes

_LEAST_SUM = 0.02  # of two reflectances; below it an index is noise over noise
_QUALITY = ("usable", "no_data", "too_dark", "too_bright")
_CLASSES = ("water", "bare", "sparse", "vegetated")


def ndvi(image: xr.DataArray) -> xr.DataArray:
    """Return the normalized difference vegetation index, (N − R) / (N + R).

    Parameters
    ----------
    image : xarray.DataArray
        (band, y, x) reflectance [1] with the bands `red` (R) and `near_infrared` (N).

    Returns
    -------
    xarray.DataArray
        (y, x) [1], missing where a band is, or where the two add up to less than 0.02.

    Raises
    ------
    InputError
        A band is not there.

    References
    ----------
    Rouse et al. (1974), NASA SP-351, 309–317.

    Examples
    --------
    >>> import xarray as xr
    >>> bands = {"band": ["red", "near_infrared"]}
    >>> ndvi(xr.DataArray([[[0.05]], [[0.4]]], bands, ("band", "y", "x"))).values.round(2)
    array([[0.78]])
    """
    index = _normalized_difference(image, "near_infrared", "red")
    return index.rename("ndvi").assign_attrs(attributes("vegetation index NDVI"))


def ndwi(image: xr.DataArray) -> xr.DataArray:
    """Return the normalized difference water index of McFeeters, (G − N) / (G + N).

    Not that of Gao (1996), which measures the water in leaves and takes short-wave infrared in
    place of green.

    Parameters
    ----------
    image : xarray.DataArray
        (band, y, x) reflectance [1] with the bands `green` (G) and `near_infrared` (N).

    Returns
    -------
    xarray.DataArray
        (y, x) [1], missing where a band is, or where the two add up to less than 0.02.

    Raises
    ------
    InputError
        A band is not there.

    References
    ----------
    McFeeters (1996), https://doi.org/10.1080/01431169608948714.

    Examples
    --------
    >>> import xarray as xr
    >>> bands = {"band": ["green", "near_infrared"]}
    >>> ndwi(xr.DataArray([[[0.3]], [[0.1]]], bands, ("band", "y", "x"))).values
    array([[0.5]])
    """
    index = _normalized_difference(image, "green", "near_infrared")
    return index.rename("ndwi").assign_attrs(attributes("water index NDWI"))


def _normalized_difference(image: xr.DataArray, first: str, second: str) -> xr.DataArray:
    a, b = (_band(image, name) for name in (first, second))
    total = a + b
    # A reflectance may come out a little below 0, and then the index leaves −1 to 1.
    sound = (total >= _LEAST_SUM) & (a >= 0) & (b >= 0)
    return ((a - b) / total.where(sound)).assign_attrs(grid_mapping="spatial_ref")


def _band(image: xr.DataArray, name: str) -> xr.DataArray:
    held = image["band"].values.tolist()
    if name not in held:
        raise InputError(f"the image has the bands {', '.join(held)}, expected one named {name}.")
    return image.sel(band=name, drop=True)


def reflectance_quality(
    image: xr.DataArray, *, darkest: float = 0.02, brightest: float = 0.5
) -> xr.DataArray:
    """Classify pixels by whether indices can be trusted on them.

    The mean of green, red and near infrared is held against two limits. Below `darkest` lies deep
    shadow, where noise and skylight make the ratio; above `brightest` cloud, snow or a saturated
    sensor. Both are rules of thumb. Light shadow passes, since a ratio loses a common factor.

    Parameters
    ----------
    image : xarray.DataArray
        (band, y, x) reflectance [1] with `green`, `red` and `near_infrared`.
    darkest, brightest : float, optional
        Limits of the mean reflectance [1].

    Returns
    -------
    xarray.DataArray
        (y, x) of 0 usable, 1 no data, 2 too dark, 3 too bright.

    Raises
    ------
    InputError
        A band is not there, or the limits are not in order.
    """
    require("brightest", brightest, darkest < brightest, f"more than darkest, {darkest}")
    bands = [_band(image, name) for name in ("green", "red", "near_infrared")]
    brightness = sum(bands[1:], bands[0]) / len(bands)
    rules = [brightness.isnull(), brightness < darkest, brightness > brightest]
    flags = _classified(rules, [1, 2, 3], otherwise=0)
    return flags.assign_attrs(class_attributes("quality of the reflectance", _QUALITY, first=0))


def classify_indices(
    vegetation: xr.DataArray,
    water: xr.DataArray,
    *,
    open_water: float = 0.0,
    bare: float = 0.2,
    vegetated: float = 0.5,
) -> xr.DataArray:
    """Classify ground by its two indices: water first, the rest by vegetation.

    Parameters
    ----------
    vegetation, water : xarray.DataArray
        (y, x) NDVI and NDWI [1].
    open_water : float, optional
        NDWI above which a pixel is open water (McFeeters 1996).
    bare, vegetated : float, optional
        NDVI below which ground is bare and above which plants cover it; between them both
        share a pixel. Sobrino et al. (2004), https://doi.org/10.1016/j.rse.2004.02.003.

    Returns
    -------
    xarray.DataArray
        (y, x) of 1 water, 2 bare, 3 sparse, 4 vegetated; 0 where an index is missing.

    Raises
    ------
    InputError
        The limits of NDVI are not in order.
    """
    require("vegetated", vegetated, bare <= vegetated, f"no less than bare, {bare}")
    unknown = vegetation.isnull() | water.isnull()
    rules = [unknown, water > open_water, vegetation < bare, vegetation <= vegetated]
    kinds = _classified(rules, [0, 1, 2, 3], otherwise=4)
    return kinds.assign_attrs(class_attributes("land-cover class", _CLASSES))


def _classified(rules: list[xr.DataArray], numbers: list[int], otherwise: int) -> xr.DataArray:
    """Give each pixel the number of the first rule that holds."""
    flags = xr.full_like(rules[0], otherwise, dtype="int8")
    for rule, number in zip(reversed(rules), reversed(numbers), strict=True):
        flags = flags.where(~rule, np.int8(number))
    return flags


def fraction_above(index: xr.DataArray, thresholds: ArrayLike) -> xr.DataArray:
    """Compute the fraction of the ground with an index above a threshold, (threshold,) [1]."""
    values = np.sort(index.values[np.isfinite(index.values)])
    above = 1 - np.searchsorted(values, thresholds, side="right") / max(values.size, 1)
    about = attributes(f"fraction of the ground above a threshold of {index.name}")
    return xr.DataArray(above, {"threshold": np.asarray(thresholds)}, ("threshold",), attrs=about)


def threshold_sensitivity(
    rules: Iterable[tuple[xr.DataArray, float]], *, by: float = 0.05
) -> xr.Dataset:
    """Compute how a fraction of the ground depends on its threshold.

    Parameters
    ----------
    rules : iterable of (xarray.DataArray, float)
        Indices [1] and the threshold held against each.
    by : float, optional
        What a threshold is moved by [1].

    Returns
    -------
    xarray.Dataset
        Along `rule`: the `fraction` of the ground above the threshold, and above one that is `by`
        higher (`fraction_raised`) or lower (`fraction_lowered`) [1].
    """
    rules = list(rules)
    steps = {"fraction": 0.0, "fraction_raised": by, "fraction_lowered": -by}
    about = dict(zip(steps, ("fraction", f"limit + {by:g}", f"limit − {by:g}"), strict=True))
    names = [f"{str(index.name).upper()} > {limit:g}" for index, limit in rules]
    table = xr.Dataset(coords={"rule": names})
    for name, step in steps.items():
        values = [fraction_above(index, [limit + step]).item() for index, limit in rules]
        table[name] = "rule", values, attributes(about[name])
    return table
