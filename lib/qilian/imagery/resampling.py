"""A registered picture on a grid of the ground that it shares with another."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy import ndimage

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes
from qilian.imagery.transforms import Transform
from qilian.spatial import grids


def common_grid(
    picture: xr.DataArray, transform: Transform, other: xr.DataArray, *, pixel: float
) -> xr.DataArray:
    """Return a grid over the ground that a registered picture shares with another one.

    Parameters
    ----------
    picture : xarray.DataArray
        (…, y, x), what `transform` is of.
    transform : Transform
        From its columns and rows to x and y in the coordinate system of both.
    other : xarray.DataArray
        (…, y, x), projected [m].
    pixel : float
        Size of the grid's pixels [m].

    Returns
    -------
    xarray.DataArray
        (y, x) of zeros, with coordinates on whole pixels, north on top.

    Raises
    ------
    InputError
        The pictures share no ground or no coordinate system, or that is not in metres.
    """
    require("pixel", pixel, pixel > 0, "more than 0 m")
    if not other.rio.crs.is_projected or picture.rio.crs != other.rio.crs:
        systems = " and ".join(p.rio.crs.to_string() for p in (picture, other))
        raise InputError(f"the pictures are in {systems}, expected one projected system of both.")
    columns, rows = picture.sizes["x"], picture.sizes["y"]
    x, y = transform(np.array([0, columns, 0, columns]), np.array([0, 0, rows, rows]))
    left, bottom, right, top = other.rio.bounds()
    low = np.ceil(np.array([max(left, x.min()), max(bottom, y.min())]) / pixel)
    high = np.floor(np.array([min(right, x.max()), min(top, y.max())]) / pixel)
    across, up = (high - low).astype(int)
    if min(across, up) < 2:
        raise InputError("the two pictures share no ground, expected them to overlap.")
    coords = {
        "y": pixel * (high[1] - 0.5 - np.arange(up)),
        "x": pixel * (low[0] + 0.5 + np.arange(across)),
    }
    return xr.DataArray(np.zeros((up, across)), coords, ("y", "x")).rio.write_crs(other.rio.crs)


def resample_picture(
    picture: xr.DataArray, transform: Transform, like: xr.DataArray
) -> xr.DataArray:
    """Resample a picture to where its transform says, bilinearly.

    Parameters
    ----------
    picture : xarray.DataArray
        (y, x), lazy or not; only the part that `like` shows is read.
    transform : Transform
        Of its columns and rows, counted from the outer corner of the first pixel.
    like : xarray.DataArray
        (y, x), the grid to go to, with pixels no larger than the picture's or little so.

    Returns
    -------
    xarray.DataArray
        (y, x), missing beyond the middles of the picture's outermost pixels.
    """
    column, row = transform.inverse(*np.meshgrid(like["x"], like["y"]))
    index = np.stack([row, column]) - 0.5  # from the middle of the first pixel
    sizes = [picture.sizes["y"], picture.sizes["x"]]
    first = [int(np.clip(np.nanmin(i), 0, n - 1)) for i, n in zip(index, sizes, strict=True)]
    last = [int(np.clip(np.nanmax(i) + 2, 1, n)) for i, n in zip(index, sizes, strict=True)]
    seen = picture.transpose("y", "x")[first[0] : last[0], first[1] : last[1]].values.astype(float)
    inside = index - np.array(first)[:, np.newaxis, np.newaxis]
    values = ndimage.map_coordinates(seen, inside, order=1, cval=np.nan)
    return like.copy(data=values).rename(picture.name).assign_attrs(picture.attrs).drop_encoding()


def on_one_grid(
    picture: xr.DataArray, transform: Transform, other: xr.DataArray, *, pixel: float
) -> tuple[xr.DataArray, xr.DataArray]:
    """Resample a registered picture and another one to the grid of the ground that they share.

    Parameters
    ----------
    picture, transform, other, pixel
        As `common_grid` takes them; the picture is (y, x), the other (band, y, x).

    Returns
    -------
    tuple of xarray.DataArray
        The picture (y, x), interpolated, and the other's first three bands (band, y, x), averaged
        where their pixels are smaller; both missing beyond the picture.
    """
    grid = common_grid(picture, transform, other, pixel=pixel)
    found = resample_picture(picture, transform, grid)
    bands = [grids.onto(band, grid) for band in other[:3]]
    return found, xr.concat(bands, "band").where(found.notnull())


def position_error(transform: Transform, like: xr.DataArray, *, point_error: float) -> xr.DataArray:
    """Compute the standard error of positions by the noise of the control points.

    Parameters
    ----------
    transform : Transform
        Fitted to them.
    like : xarray.DataArray
        (y, x), the grid to tell it on.
    point_error : float
        Standard error of a point along each axis [m].

    Returns
    -------
    xarray.DataArray
        (y, x), root of both axes' variance [m], if the transform's model is right.
    """
    column, row = transform.inverse(*np.meshgrid(like["x"], like["y"]))
    error = like.copy(data=point_error * transform.standard_error(column, row))
    return error.assign_attrs(attributes("expected error of a position", "m"))


def transform_departures(
    picture: xr.DataArray, transforms: Mapping[str, Transform], true: Transform
) -> xr.Dataset:
    """Compute how far transforms of a picture, and its own georeference, are off the true one.

    Parameters
    ----------
    picture : xarray.DataArray
        (y, x), at the coordinates that its file states [m].
    transforms : mapping of str to Transform
        By name.
    true : Transform
        Of the same columns and rows.

    Returns
    -------
    xarray.Dataset
        (transform,), over all pixels: `rmse` and `largest` distance from the true position [m].
    """
    row, column = np.indices(picture.shape) + 0.5
    places = {name: transform(column, row) for name, transform in transforms.items()}
    x, y = np.meshgrid(picture["x"], picture["y"])
    places["none, as the file states"] = x, y
    at = true(column, row)
    off = [np.hypot(x - at[0], y - at[1]) for x, y in places.values()]
    found = xr.Dataset(coords={"transform": list(places)})
    rmse = [float(np.sqrt((distance**2).mean())) for distance in off]
    found["rmse"] = "transform", rmse, attributes("true RMSE over the picture", "m")
    largest = [float(distance.max()) for distance in off]
    found["largest"] = "transform", largest, attributes("largest error", "m")
    return found
