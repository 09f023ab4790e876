"""Yearly thaw depth as CSV tables, such as those made from the CALM network's probings."""

from pathlib import Path

import numpy as np
import xarray as xr

from qilian.archive.readers.daily import YEARS, parse_values
from qilian.archive.readers.table import column, numbers, read_table
from qilian.contracts.datasets import THAW_DEPTH, conform
from qilian.contracts.errors import InputError

_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}


def read_csv(
    path: Path,
    *,
    year: str = "year",
    thaw_depth: str = "thaw_depth",
    standard_deviation: str | None = None,
    unit: str = "m",
    nodata: float | None = None,
    separator: str = ",",
    decimal: str = ".",
) -> xr.Dataset:
    """Read the depth to which the ground thawed in each year.

    Parameters
    ----------
    path : pathlib.Path
        The table, its column names in the first line that does not begin with ``#``.
    year, thaw_depth : str
        Names of the columns; a blank depth is a year without one.
    standard_deviation : str, optional
        Name of the column of the depth's uncertainty.
    unit : str
        Of both depths: m, cm or mm.
    nodata : float, optional
        A number that stands for a missing value, such as -9999.
    separator, decimal : str, optional
        What stands between fields and the decimal mark.

    Returns
    -------
    xarray.Dataset
        (year,) `thaw_depth` and perhaps `standard_deviation` [m], years ascending.

    Raises
    ------
    InputError
        The file, a column, a year or a value is not as described; the message says where.
    """
    if unit not in _METRES:
        raise InputError(
            f"{path}: the unit of thaw depth is {unit!r}, expected one of {', '.join(_METRES)}."
        )
    table = read_table(path, separator)
    years = numbers(table, year, path)
    if np.unique(years).size < years.size or (years % 1).any() or not years.size:
        raise InputError(f"{path}: {year} repeats or is no whole number, expected one row a year.")
    for extreme in (years.min(), years.max()):
        if not YEARS[0] <= extreme <= YEARS[1]:
            raise InputError(f"{path}: {year} is {extreme:g}, expected {YEARS[0]} to {YEARS[1]}.")
    columns = {"thaw_depth": thaw_depth, "standard_deviation": standard_deviation}
    found = {}
    for name, heading in columns.items():
        if heading is not None:
            text = column(table, heading, path)
            values, words = parse_values(
                text, path, decimal=decimal, each="years", missing={nodata}
            )
            found[name] = ("year", values.to_numpy() * _METRES[unit], {"units": "m", **words})
    depths = xr.Dataset(found, {"year": ("year", years.astype(int))}).sortby("year")
    return conform(depths, THAW_DEPTH, str(path))
