"""Grids of files without a header, from the parameter file (`EQA.dem_par`) beside them."""

import math
from contextlib import suppress
from pathlib import Path

import rasterio

from qilian.archive.readers.raster import Grid
from qilian.archive.readers.table import quoted, read_text
from qilian.contracts.errors import InputError


def read_grid(path: Path) -> Grid:
    """Read the grid that a parameter file of GAMMA's or LiCSBAS's describes.

    `corner_lat` and `corner_lon`, or `corner_north` and `corner_east`, are the centre of the first
    pixel: the grid's corner lies half a pixel outside of it.

    Parameters
    ----------
    path : Path
        Lines `key: value unit`, of a map in longitude and latitude (EQA) or in UTM on WGS 84.

    Raises
    ------
    InputError
        Another projection, a key missing or without a number.
    """
    told = Parameters(path)
    projection = told.text("DEM_projection")
    if projection not in ("EQA", "UTM"):
        raise InputError(
            f"{path}: DEM_projection is {quoted(projection)}, expected EQA, a map in degrees, or "
            "UTM."
        )
    shape = told.count("nlines"), told.count("width")
    if projection == "UTM":
        return _grid_in_metres(told, shape, path)
    first = told.number("corner_lon"), told.number("corner_lat")
    return grid_of_centres(shape, first, (told.number("post_lon"), told.number("post_lat")), path)


def _grid_in_metres(told: "Parameters", shape: tuple[int, int], path: Path) -> Grid:
    zone, ellipsoid = told.count("projection_zone"), told.text("ellipsoid_name")
    if not 1 <= zone <= 60 or ellipsoid.replace(" ", "") != "WGS84":
        raise InputError(
            f"{path} is of zone {zone} on {quoted(ellipsoid)}, expected 1 to 60 on WGS 84."
        )
    east, north, right, down = (
        told.number(key) for key in ("corner_east", "corner_north", "post_east", "post_north")
    )
    if not (0 < right < 1e5 and 0 < abs(down) < 1e5 and min(shape) > 0):
        raise InputError(
            f"{path} has {shape[0]} × {shape[1]} pixels of {right:g} × {down:g} m, expected some "
            "with a size."
        )
    south = told.number("false_northing") > 0
    transform = rasterio.Affine(right, 0, east - right / 2, 0, down, north - down / 2)
    return Grid(shape, transform, rasterio.CRS.from_epsg((32700 if south else 32600) + zone))


class Parameters:
    """A parameter file of GAMMA's, in lines `key: value unit`."""

    def __init__(self, path: Path) -> None:
        lines = (line.partition(":") for line in read_text(path).splitlines())
        self._path = path
        self._values = {key.strip(): text.split() for key, _, text in lines}

    def text(self, key: str) -> str:
        """Return what stands behind a key, or that it is missing."""
        return " ".join(self._values.get(key, ["missing"]))

    def number(self, key: str) -> float:
        """Return the number behind a key, or say that there is none."""
        with suppress(KeyError, IndexError, ValueError):
            if math.isfinite(found := float(self._values[key][0])):
                return found
        raise InputError(f"{self._path}: {key} is {quoted(self.text(key))}, expected a number.")

    def count(self, key: str) -> int:
        """Return the whole number behind a key, cut to what an array may have."""
        return int(min(max(self.number(key), 0), 10**6))


def grid_of_centres(
    shape: tuple[int, int], first: tuple[float, float], step: tuple[float, float], path: Path
) -> Grid:
    """Make a grid in degrees from the centre of the first pixel and the step to the next.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    first, step : (float, float)
        Longitude and latitude.
    path : Path
        The file that says so, for the message.
    """
    (x, y), (right, down) = first, step
    on_earth = -181 <= x <= 361 and -91 <= y <= 91
    if not (on_earth and 0 < right < 10 and 0 < abs(down) < 10 and min(shape) > 0):
        raise InputError(
            f"{path} puts {shape[0]} × {shape[1]} pixels of {right:g} × {down:g} degrees at "
            f"longitude {x:g}, latitude {y:g}, expected a place on Earth."
        )
    transform = rasterio.Affine(right, 0, x - right / 2, 0, down, y - down / 2)
    return Grid(shape, transform, rasterio.CRS.from_epsg(4326))
