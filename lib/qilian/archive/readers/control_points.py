"""Control points that tie a picture to the ground."""

from pathlib import Path

import xarray as xr

from qilian.archive.readers.table import numbers, read_table
from qilian.contracts.datasets import CONTROL_POINTS, conform

_COLUMNS = {"column": "col", "row": "row", "x": "x", "y": "y"}
_UNITS = {"column": "1", "row": "1", "x": "m", "y": "m"}


def read_csv(path: Path, *, separator: str = ",", decimal: str = ".") -> xr.Dataset:
    """Read a table with the columns col, row, x, y, lines with # before it.

    Parameters
    ----------
    path : Path
        Columns and rows of the picture in pixels, fractions too, counted from the outer corner of
        its first pixel; x and y in metres, in the picture's coordinate system.
    separator, decimal : str, optional
        What stands between fields and the decimal mark.

    Returns
    -------
    xarray.Dataset
        Along `point`: `column`, `row` [1], `x`, `y` [m].

    Raises
    ------
    InputError
        A column is not there, something is no number.
    """
    table = read_table(path, separator)
    points = {
        name: ("point", numbers(table, head, path, decimal), {"units": _UNITS[name]})
        for name, head in _COLUMNS.items()
    }
    return conform(xr.Dataset(points), CONTROL_POINTS, str(path))
