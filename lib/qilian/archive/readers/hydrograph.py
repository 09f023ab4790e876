"""Daily discharge as CSV tables, as RDB files of the USGS and as files of the GRDC."""

import re
from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import ISO, counted, find_days, one_a_day, parse_values
from qilian.archive.readers.table import column, read_table, read_text, some
from qilian.contracts.datasets import DISCHARGE, conform
from qilian.contracts.errors import InputError

_CUBIC_METRES_PER_SECOND = {"m3 s-1": 1.0, "l s-1": 1e-3, "ft3 s-1": 0.028316846592}
# Units that a heading may name and that are not the one taken where no unit is given.
_OTHER_UNIT = re.compile(r"(?<![a-z])(cfs|ft3|ft\^3|ft³|l/s|lps|mm|m3/d)(?![a-z])", re.IGNORECASE)
_GRDC_MISSING = -999.0
_GRDC_HEADER = re.compile(r"^#\s*(GRDC-No\.|River|Station):[ \t]*(\S.*?)\s*$", re.MULTILINE)


def read_csv(
    path: Path,
    *,
    time: str = "date",
    discharge: str = "discharge",
    precipitation: str | None = None,
    unit: str | None = None,
    nodata: float | None = None,
    separator: str = ",",
    decimal: str = ".",
    dates: str = ISO,
    columns: str | None = None,
    quality: str | None = None,
    leave_out: str | None = None,
) -> xr.Dataset:
    """Read daily discharge, and precipitation if it has a column, from a text table.

    Words that agencies print in place of a number, and blanks, become NaN and are counted in the
    attribute `words` of the variable. Days absent from the table stay absent.

    Parameters
    ----------
    path : pathlib.Path
        The table, its column names in the first line that does not begin with ``#``.
    time, discharge, precipitation : str
        Names of the columns; precipitation is in mm day-1. `time` may name three columns, of
        year, month and day, between commas. A time of day and its zone are left out: the day is
        the one that is written.
    unit : str, optional
        Unit of the discharge column: m3 s-1, l s-1 or ft3 s-1; the first of them by default,
        unless the column's name tells another.
    nodata : float, optional
        A number that stands for a missing value, such as -9999.
    separator, decimal : str, optional
        What stands between fields and the decimal mark.
    dates : str, optional
        How dates are written, such as D.M.YYYY or M/D/YY.
    columns : str, optional
        Names of the columns, between commas, of a file without a header.
    quality : str, optional
        Name of the column of qualification codes, which are counted in the attribute
        `qualification`.
    leave_out : str, optional
        Codes, between commas, whose days become missing.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1] and perhaps `precipitation` [mm day-1], days ascending.

    Raises
    ------
    InputError
        The file, a column, a date or a value is not as described; the message says where.
    """
    told = _OTHER_UNIT.search(discharge)
    if unit is None and told:
        raise InputError(
            f"{path}: the column {discharge!r} seems to be in {told[0]}, expected unit in the "
            "catalogue."
        )
    unit = unit or "m3 s-1"
    if unit not in _CUBIC_METRES_PER_SECOND:
        known = ", ".join(_CUBIC_METRES_PER_SECOND)
        raise InputError(f"{path}: the unit of discharge is {unit!r}, expected one of {known}.")
    table = read_table(path, separator, columns)
    days = find_days(table, time, path, dates)
    named = {"discharge": discharge}
    if precipitation is not None:
        named["precipitation"] = precipitation
    return _dataset(
        table,
        path,
        days,
        named,
        _CUBIC_METRES_PER_SECOND[unit],
        {nodata},
        decimal=decimal,
        quality=quality,
        leave_out=leave_out,
    )


def read_usgs_rdb(
    path: Path,
    *,
    statistic: str = "00003",
    nodata: float | None = None,
    leave_out: str | None = None,
) -> xr.Dataset:
    """Read daily discharge from an RDB file of the USGS, with or without its format line.

    Parameters
    ----------
    path : pathlib.Path
        The file of one site.
    statistic : str
        USGS code of the daily statistic, 00003 being the mean.
    nodata : float, optional
        A number that stands for a missing value, such as -999999.
    leave_out : str, optional
        Qualification codes, between commas, whose days become missing, such as `e`, estimated.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1], days ascending; words in place of a number are NaN and
        counted in its attribute `words`, qualification codes in `qualification`.

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
            f"{path} has {len(columns)} columns ending in {some([ending])}, expected one among "
            f"{some(table.columns)}."
        )
    is_format_line = table.iloc[:1].apply(lambda cell: cell.str.fullmatch(r"\d+[sdn]")).all(axis=1)
    table = table.drop(index=table.index[:1][is_format_line])
    code = f"{columns[0]}_cd"
    return _dataset(
        table,
        path,
        find_days(table, "datetime", path),
        {"discharge": columns[0]},
        _CUBIC_METRES_PER_SECOND["ft3 s-1"],
        {nodata},
        any_word=True,
        quality=code if code in table else None,
        leave_out=leave_out,
    )


def read_grdc(path: Path, *, nodata: float | None = None) -> xr.Dataset:
    """Read daily discharge from a file of the Global Runoff Data Centre.

    Parameters
    ----------
    path : pathlib.Path
        The file of one station: a header of ``#`` lines, then ``YYYY-MM-DD;hh:mm; Value`` in
        m3 s-1 with -999 for a missing day.
    nodata : float, optional
        Another number that stands for a missing value.

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
    header = _GRDC_HEADER.findall(read_text(path))
    numbers = [value for key, value in header if key == "GRDC-No."]
    if len(set(numbers)) > 1:
        raise InputError(f"{path} holds the stations {some(numbers)}, expected one a file.")
    days = find_days(table, "YYYY-MM-DD", path)
    discharge = _dataset(table, path, days, {"discharge": "Value"}, 1.0, {_GRDC_MISSING, nodata})
    names = {"GRDC-No.": "grdc_number", "River": "river", "Station": "station"}
    return discharge.assign_attrs({names[key]: value for key, value in header})


def _dataset(
    table: pd.DataFrame,
    path: Path,
    days: pd.Series,
    columns: dict[str, str],
    factor: float,
    missing: set[float | None],
    *,
    any_word: bool = False,
    decimal: str = ".",
    quality: str | None = None,
    leave_out: str | None = None,
) -> xr.Dataset:
    """Put the named columns under the discharge contract."""
    numbers, about = {}, {}
    for name, heading in columns.items():
        text = column(table, heading, path)
        values, about[name] = parse_values(text, path, any_word, decimal)
        numbers[name] = values.where(~values.isin(missing - {None}))
        _refuse_negative(numbers[name], text, path)
    if quality is not None:
        codes = column(table, quality, path)
        about["discharge"] |= {"qualification": counted(codes[codes != ""])}
    if leave_out is not None:
        left = _coded(table, quality, leave_out, path)
        numbers["discharge"] = numbers["discharge"].mask(left)
        about["discharge"] |= {"left_out": f"{leave_out}: {int(left.sum())} days"}
    numbers["discharge"] *= factor
    dataset = one_a_day(pd.DataFrame(numbers), days, path)
    for name, unit in {"discharge": "m3 s-1", "precipitation": "mm day-1"}.items():
        if name in dataset:
            dataset[name].attrs = {"units": unit, **about[name]}
    return conform(dataset, DISCHARGE, str(path))


def _coded(table: pd.DataFrame, quality: str | None, codes: str, path: Path) -> pd.Series:
    """Tell the rows that have one of the codes; several may stand in a cell, as in A:e."""
    if quality is None:
        raise InputError(f"{path} has no column of codes, expected one for leave_out.")
    unwanted = {code.strip() for code in codes.split(",")}
    held = column(table, quality, path).str.split(r"[\s:;,]+", regex=True)
    return held.map(lambda some: not unwanted.isdisjoint(some))


def _refuse_negative(values: pd.Series, text: pd.Series, path: Path) -> None:
    if (values < 0).any():
        line = values.index[values < 0][0]
        raise InputError(
            f"{path}, line {line}: {text.name!r} is {values[line]:g}, expected no negative value "
            "(nodata in the catalogue names one that means missing)."
        )
