"""Maps from one grid to another, and places and outlines on a grid."""

from collections.abc import Sequence

import numpy as np
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr
from pyproj import CRS, Geod, Transformer

from qilian.contracts.errors import InputError
from qilian.contracts.labels import attributes

_WGS84 = Geod(ellps="WGS84")
_METHODS = {"bilinear": 1, "average": 5}  # as GDAL numbers them


def onto(field: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Put a map onto another map's grid.

    Where its pixels are smaller than the other's, those that a pixel covers are averaged by
    their area; else values are interpolated bilinearly. Missing pixels take no part. A pixel of
    the result is missing if all that it covers are, or, interpolated, if its centre lies in one.

    Parameters
    ----------
    field : xarray.DataArray
        (y, x), any units; NaN where missing.
    like : xarray.DataArray
        (y, x), on the grid to go to.

    Returns
    -------
    xarray.DataArray
        (y, x) at the coordinates of `like`; `attrs["resampling"]` is `average` or `bilinear`.

    Raises
    ------
    InputError
        A map without coordinate system, or maps that share no ground.

    Examples
    --------
    >>> places = {"y": [70.0, 50.0, 30.0, 10.0], "x": [10.0, 30.0, 50.0, 70.0]}
    >>> fine = xr.DataArray(np.arange(16.0).reshape(4, 4), places, ("y", "x"))
    >>> coarse = fine.isel(y=[0, 2], x=[0, 2]).assign_coords(y=[60.0, 20.0], x=[20.0, 60.0])
    >>> onto(fine.rio.write_crs(32647), coarse.rio.write_crs(32647)).values
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    finer = np.prod(pixel_size(field)) < np.prod(pixel_size(like))
    method = "average" if finer else "bilinear"
    # Unless NaN is named as missing, GDAL reckons with it.
    known = field.transpose("y", "x").astype(float).rio.set_nodata(np.nan)
    result = known.rio.reproject_match(like, resampling=_METHODS[method])
    if result.isnull().all():
        raise InputError("the two maps share no ground with values, expected them to overlap.")
    result.attrs = {**field.attrs, "grid_mapping": "spatial_ref", "resampling": method}
    return result.drop_encoding()


def pixel_size(field: xr.DataArray) -> tuple[float, float]:
    """Width and height on the ellipsoid of the pixel in the middle of a map (y, x) [m]."""
    across, down = (step / 2 for step in field.rio.resolution())
    x, y = (float(field[axis][field.sizes[axis] // 2]) for axis in ("x", "y"))
    to_degrees = Transformer.from_crs(_crs(field), "EPSG:4326", always_xy=True)
    first = to_degrees.transform([x - across, x], [y, y - down])
    second = to_degrees.transform([x + across, x], [y, y + down])
    *_, (width, height) = _WGS84.inv(*first, *second)
    return width, height


def middle(area: xr.DataArray, like: xr.DataArray) -> tuple[float, float]:
    """Find the middle of an area of one grid in the coordinates of another.

    Parameters
    ----------
    area : xarray.DataArray
        (y, x), True or 1 inside.
    like : xarray.DataArray
        (y, x), on the other grid.

    Returns
    -------
    tuple of float
        x and y, in the units of the coordinates of `like`.
    """
    inside = area.compute().astype(bool)
    x, y = (float(inside[axis].where(inside).mean()) for axis in ("x", "y"))
    return Transformer.from_crs(_crs(area), _crs(like), always_xy=True).transform(x, y)


def inside(grid: xr.Dataset, bounds: Sequence[float]) -> xr.DataArray:
    """Mark the pixels (y, x) whose centres lie within bounds.

    Parameters
    ----------
    grid : xarray.Dataset
        With `x` and `y`.
    bounds : (float, float, float, float)
        West, south, east and north in its coordinates.

    Raises
    ------
    InputError
        No pixel does.
    """
    west, south, east, north = bounds
    marked = (grid["x"] > west) & (grid["x"] < east) & (grid["y"] > south) & (grid["y"] < north)
    if not marked.any():
        told = ", ".join(f"{bound:g}" for bound in bounds)
        raise InputError(f"no pixel lies within {told}, expected west, south, east, north of some.")
    return marked


def distance_from(grid: xr.Dataset, longitude: float, latitude: float) -> xr.DataArray:
    """Distance of every pixel centre from a place, on the ellipsoid.

    Parameters
    ----------
    grid : xarray.Dataset
        `x`, `y` and `spatial_ref`.
    longitude, latitude : float
        The place [degree].

    Returns
    -------
    xarray.DataArray
        (y, x) [m].

    Raises
    ------
    InputError
        The place lies outside the grid.
    """
    to_degrees = Transformer.from_crs(_crs(grid), "EPSG:4326", always_xy=True)
    if _crs(grid).is_geographic:  # as the grid counts, also where it crosses 180
        longitude += 360 * round((float(grid["x"].mean()) - longitude) / 360)
    back = to_degrees.transform(longitude, latitude, direction="INVERSE")
    for axis, value in zip("xy", back, strict=True):
        at = grid[axis].values
        half = abs(at[-1] - at[0]) / max(at.size - 1, 1) / 2
        if not at.min() - half <= value <= at.max() + half:
            raise InputError(
                f"the place at longitude {longitude:g}, latitude {latitude:g} lies outside the "
                f"grid, expected {axis} from {at.min():g} to {at.max():g}, not {value:g}."
            )
    x, y = np.meshgrid(grid["x"], grid["y"])
    place = np.full(x.shape, longitude), np.full(x.shape, latitude)
    *_, apart = _WGS84.inv(*to_degrees.transform(x, y), *place)
    about = attributes("distance from the place", "m")
    return xr.DataArray(apart, {axis: grid[axis] for axis in "yx"}, ("y", "x"), attrs=about)


def _crs(field: xr.DataArray | xr.Dataset) -> CRS:
    if field.rio.crs is None:
        name = getattr(field, "name", None) or "a map"
        raise InputError(f"{name} has no coordinate system, expected one.")
    return CRS.from_user_input(field.rio.crs)


def mask_onto(mask: xr.DataArray, like: xr.DataArray, *, fraction: float = 0.9) -> xr.DataArray:
    """Put a mask (y, x) onto another map's grid: True where more than `fraction` is inside."""
    if all(np.array_equal(mask[axis], like[axis]) for axis in "yx"):
        return mask.astype(bool)
    inside = mask.astype(float).rio.write_crs(_crs(mask))
    return (onto(inside, like) > fraction).assign_attrs(mask.attrs)


def all_onto(fields: xr.Dataset, like: xr.DataArray) -> xr.Dataset:
    """Put every map of a dataset onto another map's grid; one without a value stays without.

    Standard errors are averaged as values are: neighbouring pixels share most of their error.
    """
    empty = xr.full_like(like, np.nan)
    scalars = {name: c.variable for name, c in fields.coords.items() if not c.dims}
    scalars.pop("spatial_ref", None)
    return xr.Dataset(
        {
            name: onto(field, like) if field.notnull().any() else empty.assign_attrs(field.attrs)
            for name, field in fields.items()
        },
        attrs=fields.attrs,
    ).assign_coords(scalars)


def relative_to(fields: xr.Dataset, area: xr.DataArray) -> xr.Dataset:
    """Take off each map its median over an area (y, x); standard errors stay as they are."""
    names = [str(name) for name in fields if f"{name}_standard_error" in fields]
    zero = fields[names].where(area).median().fillna(0)
    shifted = {name: (fields[name] - zero[name]).assign_attrs(fields[name].attrs) for name in names}
    return fields.assign(shifted)
