"""Daily discharge as CSV tables, as RDB files of the USGS and as files of the GRDC."""

import re
from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import one_a_day, parse_days, parse_values
from qilian.archive.readers.table import column, read_table, read_text
from qilian.contracts.datasets import DISCHARGE, conform
from qilian.contracts.errors import InputError

_CUBIC_METRES_PER_SECOND = {"m3 s-1": 1.0, "l s-1": 1e-3, "ft3 s-1": 0.028316846592}
_GRDC_MISSING = -999.0
_GRDC_HEADER = re.compile(r"^#\s*(GRDC-No\.|River|Station):[ \t]*(\S.*?)\s*$", re.MULTILINE)


def read_csv(
    path: Path,
    *,
    time: str = "date",
    discharge: str = "discharge",
    precipitation: str | None = None,
    unit: str = "m3 s-1",
    nodata: float | None = None,
) -> xr.Dataset:
    """Read daily discharge, and precipitation if it has a column, from a comma-separated table.

    Words that agencies print in place of a number, and blanks, become NaN and are counted in the
    attribute `words` of the variable. Days absent from the table stay absent.

    Parameters
    ----------
    path : pathlib.Path
        The table, its column names in the first line that does not begin with ``#``.
    time, discharge, precipitation : str
        Names of the columns; dates are ISO 8601, precipitation is in mm day-1.
    unit : str
        Unit of the discharge column: m3 s-1, l s-1 or ft3 s-1.
    nodata : float, optional
        A number that stands for a missing value, such as -9999.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1] and perhaps `precipitation` [mm day-1], days ascending.

    Raises
    ------
    InputError
        The file, a column, a date or a value is not as described; the message says where.
    """
    if unit not in _CUBIC_METRES_PER_SECOND:
        known = ", ".join(_CUBIC_METRES_PER_SECOND)
        raise InputError(f"{path}: the unit of discharge is {unit!r}, expected one of {known}.")
    table = read_table(path, ",")
    columns = {"discharge": discharge}
    if precipitation is not None:
        columns["precipitation"] = precipitation
    return _dataset(table, path, time, columns, _CUBIC_METRES_PER_SECOND[unit], nodata)


def read_usgs_rdb(path: Path, *, statistic: str = "00003") -> xr.Dataset:
    """Read daily discharge from an RDB file of the USGS, with or without its format line.

    Parameters
    ----------
    path : pathlib.Path
        The file of one site.
    statistic : str
        USGS code of the daily statistic, 00003 being the mean.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1], days ascending; words in place of a number are NaN and
        counted in its attribute `words`.

    Raises
    ------
    InputError
        The file, a column, a date or a value is not as described; the message says where.
    """
    table = read_table(path, "\t")
    ending = f"_00060_{statistic}"
    columns = [name for name in table.columns if name.endswith(ending)]
    if len(columns) != 1:
        raise InputError(
            f"{path} has {len(columns)} columns ending in {ending}, expected one among "
            f"{', '.join(table.columns)}."
        )
    is_format_line = table.iloc[:1].apply(lambda cell: cell.str.fullmatch(r"\d+[sdn]")).all(axis=1)
    table = table.drop(index=table.index[:1][is_format_line])
    factor = _CUBIC_METRES_PER_SECOND["ft3 s-1"]
    return _dataset(table, path, "datetime", {"discharge": columns[0]}, factor, None, any_word=True)


def read_grdc(path: Path) -> xr.Dataset:
    """Read daily discharge from a file of the Global Runoff Data Centre.

    Parameters
    ----------
    path : pathlib.Path
        The file of one station: a header of ``#`` lines, then ``YYYY-MM-DD;hh:mm; Value`` in
        m3 s-1 with -999 for a missing day.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1], days ascending; `attrs` hold `grdc_number`, `river` and
        `station` as far as the header names them.

    Raises
    ------
    InputError
        The file, a column, a date or a value is not as described; the message says where.
    """
    table = read_table(path, ";")
    columns = {"discharge": "Value"}
    discharge = _dataset(table, path, "YYYY-MM-DD", columns, 1.0, _GRDC_MISSING)
    header = dict(_GRDC_HEADER.findall(read_text(path)))
    names = {"GRDC-No.": "grdc_number", "River": "river", "Station": "station"}
    return discharge.assign_attrs({names[key]: value for key, value in header.items()})


def _dataset(
    table: pd.DataFrame,
    path: Path,
    time: str,
    columns: dict[str, str],
    factor: float,
    nodata: float | None,
    any_word: bool = False,
) -> xr.Dataset:
    """Put the named columns under the discharge contract."""
    days = parse_days(column(table, time, path), path)
    numbers, words = {}, {}
    for name, heading in columns.items():
        text = column(table, heading, path)
        values, words[name] = parse_values(text, path, any_word)
        numbers[name] = values.where(values != nodata)
        _refuse_negative(numbers[name], text, path)
    numbers["discharge"] *= factor
    dataset = one_a_day(pd.DataFrame(numbers), days, path)
    for name, unit in {"discharge": "m3 s-1", "precipitation": "mm day-1"}.items():
        if name in dataset:
            dataset[name].attrs = {"units": unit, **words[name]}
    return conform(dataset, DISCHARGE, str(path))


def _refuse_negative(values: pd.Series, text: pd.Series, path: Path) -> None:
    if (values < 0).any():
        line = values.index[values < 0][0]
        raise InputError(
            f"{path}, line {line}: {text.name!r} is {text[line]}, expected no negative value "
            "(nodata in the catalogue names one that means missing)."
        )
