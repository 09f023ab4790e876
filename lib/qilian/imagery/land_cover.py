"""Land cover from grey and colour pictures alone, and what changed between two of them."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import ndimage
from skimage.filters import threshold_otsu

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes, class_attributes, labelled
from qilian.spatial import classes

_LAND = ("water", "land")
_GROUND = ("water", "bare", "vegetated")
CHANGES = {
    "water at both dates": ("water", "water"),
    "water turned bare": ("water", "bare"),
    "water turned vegetated": ("water", "vegetated"),
    "new water": ("land", "water"),
    "land, bare today": ("land", "bare"),
    "land, vegetated today": ("land", "vegetated"),
}
_BINS = 256
_SHIFT = 0.1  # of the distance between two means, for how much hangs on a threshold


class Split(NamedTuple):
    """Two classes of values: the threshold between them, the distance of their means, how separate.

    `separability` is the fraction of the variance that lies between the classes, 0 to 1; a single
    bell curve has 2 / π = 0.64.
    """

    threshold: float
    distance: float
    separability: float


def otsu(values: np.ndarray) -> Split:
    """Split values in two classes so that most of their variance lies between the classes.

    Parameters
    ----------
    values : numpy.ndarray
        Any shape; missing ones take no part.

    Returns
    -------
    Split
        In the units of the values.

    References
    ----------
    Otsu (1979), https://doi.org/10.1109/TSMC.1979.4310076.
    """
    known = values[np.isfinite(values)]
    require("the number of different values", np.unique(known).size, np.ptp(known) > 0, "two")
    counts, edges = np.histogram(known, _BINS)
    edge = threshold_otsu(hist=(counts, edges[1:]))
    low, high = known[known < edge], known[known >= edge]
    distance = high.mean() - low.mean()
    separability = low.size * high.size / known.size**2 * distance**2 / known.var()
    # In the middle of whatever gap there is between the classes.
    return Split(float(low.max() + high.min()) / 2, float(distance), float(separability))


def smoothed(picture: xr.DataArray, length: float) -> xr.DataArray:
    """Blur a picture (…, y, x) by a bell of standard deviation `length` [m], holes left as holes.

    Missing pixels take no part in the mean of their neighbours.
    """
    pixel = abs(float(picture["x"][1] - picture["x"][0]))
    width = [0.0] * (picture.ndim - 2) + [length / pixel] * 2
    known = np.isfinite(picture.values)
    total = ndimage.gaussian_filter(np.where(known, picture.values, 0.0), width)
    weight = ndimage.gaussian_filter(known.astype(float), width)
    return picture.copy(data=np.where(known, total / np.where(known, weight, 1), np.nan))


def grey_water(picture: xr.DataArray, *, shift: float = 0.0) -> tuple[xr.DataArray, Split]:
    """Classify water and land in a grey picture: water is dark.

    So is deep shadow, and coal; bare ground and meadow may be equally grey, and are not told
    apart.

    Parameters
    ----------
    picture : xarray.DataArray
        (y, x), larger is brighter.
    shift : float, optional
        Moves the threshold, in distances between the two classes' means.

    Returns
    -------
    tuple of xarray.DataArray and Split
        (y, x) of 1 water, 2 land, 0 unknown; and how they were parted.
    """
    split = otsu(picture.values)
    threshold = split.threshold + shift * split.distance
    kinds = np.select([picture.isnull(), picture < threshold], [0, 1], 2)
    return _flagged(kinds, picture, "ground in the grey picture", _LAND), split


def colour_ground(
    picture: xr.DataArray, *, shift: float = 0.0
) -> tuple[xr.DataArray, tuple[Split, Split]]:
    """Classify water, bare and vegetated ground in a picture of red, green and blue.

    Bare ground is grey: the fraction of green in the sum of the three is small. Of the rest, water
    has the larger fraction of blue; grey water would count as bare. Both limits are Otsu's, which
    part even ground of one class.

    Parameters
    ----------
    picture : xarray.DataArray
        (band, y, x), red, green and blue first.
    shift : float, optional
        Moves both thresholds, in distances between the two classes' means.

    Returns
    -------
    tuple of xarray.DataArray and two Split
        (y, x) of 1 water, 2 bare, 3 vegetated, 0 unknown; and how bare ground and then water
        were parted from the rest.
    """
    red, green, blue = (picture.isel(band=band, drop=True) for band in range(3))
    total = red + green + blue
    green, blue = (band / total.where(total > 0) for band in (green, blue))
    of_green = otsu(green.values)
    bare = green < of_green.threshold + shift * of_green.distance
    of_blue = otsu(blue.where(~bare).values)
    water = ~bare & (blue > of_blue.threshold - shift * of_blue.distance)
    kinds = np.select([green.isnull(), bare, water], [0, 2, 1], 3)
    flagged = _flagged(kinds, red, "ground in the colour picture", _GROUND)
    return flagged, (of_green, of_blue)


def land_cover_change(before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """Combine water and land of one date with the ground of a later one.

    Parameters
    ----------
    before, after : xarray.DataArray
        (y, x), as `grey_water` and `colour_ground` flag them, on one grid.

    Returns
    -------
    xarray.DataArray
        (y, x), numbers from 1 in the order of `CHANGES`; 0 where either is unknown.
    """
    kinds = np.zeros(before.shape, "int8")
    for number, (then, now) in enumerate(CHANGES.values(), start=1):
        both = (before == _LAND.index(then) + 1) & (after == _GROUND.index(now) + 1)
        kinds[both.values] = number
    names = tuple(name.replace(" ", "_") for name in CHANGES)
    return _flagged(kinds, before, "change of the ground", names)


def _flagged(
    kinds: np.ndarray, like: xr.DataArray, long_name: str, names: tuple[str, ...]
) -> xr.DataArray:
    about = class_attributes(long_name, names)
    return like.copy(data=kinds.astype("int8")).rename("ground").assign_attrs(about)


def class_areas(flags: xr.DataArray, *, error: float) -> xr.Dataset:
    """Compute the area of each class, its perimeter, and what its outline may be off by.

    Parameters
    ----------
    flags : xarray.DataArray
        (y, x) with `flag_values` and `flag_meanings`, in metres.
    error : float
        How far outlines of the two dates may lie apart by their registration [m].

    Returns
    -------
    xarray.Dataset
        Along `class`: `area` [m2]; `perimeter` [m], edges between unlike pixels times π / 4, which
        is right for outlines that run in all directions (Cauchy and Crofton); `area_error` [m2],
        perimeter times `error`. That is an upper bound: a shift adds on one side of a patch what
        it takes on the other.
    """
    pixel = abs(float(flags["x"][1] - flags["x"][0]))
    zones = classes.class_zones(flags)
    counts = [(int(zone.sum()), _edges(zone.values)) for zone in zones.values()]
    pixels, edges = xr.DataArray(counts, {"class": list(zones)}, ("class", "count")).T
    perimeter = edges * pixel * np.pi / 4
    return labelled(
        {
            "area": (pixels * pixel**2, "area", "m2"),
            "perimeter": (perimeter, "perimeter", "m"),
            "area_error": (perimeter * error, "area error by registration, at most", "m2"),
        }
    )


def _edges(inside: np.ndarray) -> int:
    """Count the edges between pixels inside and outside; the frame of the map is no edge."""
    return sum(int(np.diff(inside, axis=axis).sum()) for axis in (0, 1))


def measure_change(grey: xr.DataArray, colour: xr.DataArray, *, error: float) -> xr.Dataset:
    """Classify the ground of two dates, and measure what changed and with which uncertainty.

    Parameters
    ----------
    grey, colour : xarray.DataArray
        (y, x) and (band, y, x) on one grid in metres, blurred as far as their grain needs it.
    error : float
        How far outlines of the two may lie apart by their registration [m].

    Returns
    -------
    xarray.Dataset
        (y, x) `before`, `after` and `change`; (class,) as `class_areas` measures them, with
        `threshold_error` [m2], half of how an area varies when all thresholds move by a tenth of
        the distance between the means that they part, `error` [m2], the sum of both, since the
        first is an upper bound, and `detected`, whether the area is larger than that;
        (threshold,) the thresholds' `separability` [1].
    """
    readings = {}
    for shift in (-_SHIFT, 0.0, _SHIFT):
        before, film = grey_water(grey, shift=shift)
        after, camera = colour_ground(colour, shift=shift)
        readings[shift] = before, after, land_cover_change(before, after), (film, *camera)
    before, after, changed, splits = readings[0.0]
    found = class_areas(changed, error=error)
    low, high = (class_areas(readings[s][2], error=error)["area"] for s in (-_SHIFT, _SHIFT))
    found["threshold_error"] = abs(high - low) / 2
    found["threshold_error"].attrs = attributes("area error by thresholds", "m2")
    found["error"] = found["area_error"] + found["threshold_error"]
    found["error"].attrs = attributes("sum of both errors", "m2")
    found["detected"] = found["area"] > found["error"]
    found["detected"].attrs = attributes("detected", None)
    found["separability"] = "threshold", [split.separability for split in splits]
    found["separability"].attrs = attributes("fraction of the variance between the classes")
    names = ["water, grey picture", "bare ground, colours", "water, colours"]
    return found.assign(before=before, after=after, change=changed).assign_coords(threshold=names)


def areas_against(measured: xr.Dataset, true: xr.DataArray) -> xr.Dataset:
    """Compare measured areas with the true ones.

    Parameters
    ----------
    measured : xarray.Dataset
        As from `measure_change`.
    true : xarray.DataArray
        (y, x), as `land_cover_change` gives it, on the same grid.

    Returns
    -------
    xarray.Dataset
        (class,) [m2]: measured `area` and its `error`, `true_area`, and their `difference`.
    """
    found = measured[["area", "error"]].reset_coords(drop=True)
    area = class_areas(true, error=0)["area"].assign_attrs(attributes("true area", "m2"))
    difference = found["area"] - area
    difference.attrs = attributes("measured minus true", "m2")
    return found.assign(true_area=area, difference=difference)
