"""Grids of files without a header, from the parameter file (`EQA.dem_par`) beside them."""

from pathlib import Path

import rasterio

from qilian.archive.readers.raster import Grid
from qilian.archive.readers.table import quoted, read_text
from qilian.contracts.errors import InputError


def read_grid(path: Path) -> Grid:
    """Read the grid that a parameter file of GAMMA's or LiCSBAS's describes.

    `corner_lat` and `corner_lon` are the centre of the first pixel: the grid's corner lies half a
    pixel outside of it.

    Parameters
    ----------
    path : Path
        Lines `key: value unit`, of a map in longitude and latitude.

    Raises
    ------
    InputError
        Another projection, a key missing or without a number.
    """
    lines = (line.partition(":") for line in read_text(path).splitlines())
    values = {key.strip(): text.split() for key, _, text in lines}
    projection = " ".join(values.get("DEM_projection", ["missing"]))
    if projection != "EQA":
        raise InputError(
            f"{path}: DEM_projection is {quoted(projection)}, expected EQA, a map in degrees."
        )

    def number(key: str) -> float:
        try:
            return float(values[key][0])
        except (KeyError, IndexError, ValueError) as error:
            found = " ".join(values.get(key, ["missing"]))
            raise InputError(f"{path}: {key} is {quoted(found)}, expected a number.") from error

    shape = int(number("nlines")), int(number("width"))
    first = number("corner_lon"), number("corner_lat")
    return grid_of_centres(shape, first, (number("post_lon"), number("post_lat")), path)


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
