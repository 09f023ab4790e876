"""Daily discharge as text: tables, files of the USGS, of the GRDC and of eHYD."""

import re
from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import ISO, counted, find_days, one_a_day, parse_values
from qilian.archive.readers.table import column, parse_numbers, quoted, read_table, read_text, some
from qilian.contracts.datasets import DISCHARGE, conform
from qilian.contracts.errors import InputError

_CUBIC_METRES_PER_SECOND = {"m3 s-1": 1.0, "l s-1": 1e-3, "ft3 s-1": 0.028316846592}
_LARGEST_BASIN = 1e7  # km2; the Amazon's is 6e6
_DEPTH = "mm day-1"  # of discharge over its basin
# Units that a heading may name and that are not the one taken where no unit is given.
_OTHER_UNIT = re.compile(r"(?<![a-z])(cfs|ft3|ft\^3|ft³|l/s|lps|mm|m3/d)(?![a-z])", re.IGNORECASE)
_EHYD_UNIT = re.compile(r"^Einheit:[ \t]*;[ \t]*\[?([^\]\s;]*)", re.MULTILINE)
_EHYD_UNITS = {"m³/s": "m3 s-1", "m3/s": "m3 s-1", "l/s": "l s-1"}
_GRDC_MISSING = -999.0
_GRDC_NO_FLAG = "-999"
_GRDC_CONTENT = re.compile(r"^#\s*Data Set Content:[ \t]*(.*MONTH.*?)\s*$", re.MULTILINE)
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
    below: str | None = None,
    only: str | None = None,
    quality: str | None = None,
    leave_out: str | None = None,
    area_km2: float | None = None,
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
        Unit of the discharge column: m3 s-1, l s-1, ft3 s-1, or mm day-1 over `area_km2`; the
        first of them by default, unless the column's name tells another.
    nodata : float, optional
        A number that stands for a missing value, such as -9999.
    separator, decimal : str, optional
        What stands between fields and the decimal mark.
    dates : str, optional
        How dates are written, such as D.M.YYYY or M/D/YY.
    columns : str, optional
        Names of the columns, between commas, of a file without a header.
    below : str, optional
        Begin of the line above the table, where other text goes before it.
    only : str, optional
        The rows to read of a table of several quantities, as in ``PARAM=1``.
    quality : str, optional
        Name of the column of qualification codes, which are counted in the attribute
        `qualification`.
    leave_out : str, optional
        Codes, between commas, whose days become missing.
    area_km2 : float, optional
        Area of the basin, of a discharge in mm day-1.

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
    factor = _factor(unit or "m3 s-1", area_km2, path)
    table = read_table(path, separator, columns, below)
    if only is not None:
        table = _rows_of(table, only, path)
    days = find_days(table, time, path, dates)
    named = {"discharge": discharge}
    if precipitation is not None:
        named["precipitation"] = precipitation
    return _dataset(
        table,
        path,
        days,
        named,
        factor,
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


def read_grdc(
    path: Path, *, nodata: float | None = None, leave_out: str | None = None
) -> xr.Dataset:
    """Read daily discharge from a file of the Global Runoff Data Centre.

    Parameters
    ----------
    path : pathlib.Path
        The file of one station: a header of ``#`` lines, then ``YYYY-MM-DD;hh:mm; Value`` in
        m3 s-1 with -999 for a missing day. In place of the value may stand
        ``Original; Calculated; Flag``: then a calculated value, which the centre has modified, goes
        before the provider's.
    nodata : float, optional
        Another number that stands for a missing value.
    leave_out : str, optional
        Flags, between commas, whose days become missing, such as `99`, usage not recommended.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1], days ascending; `attrs` hold `grdc_number`, `river` and
        `station` as far as the header names them, and flags are counted in `qualification`.

    Raises
    ------
    InputError
        The file, a column, a date or a value is not as described; the message says where.
    """
    text = read_text(path)
    if monthly := _GRDC_CONTENT.search(text):
        raise InputError(f"{path} holds {quoted(monthly[1])}, expected daily discharge.")
    table = read_table(path, ";")
    header = _GRDC_HEADER.findall(text)
    numbers = [value for key, value in header if key == "GRDC-No."]
    if len(set(numbers)) > 1:
        raise InputError(f"{path} holds the stations {some(numbers)}, expected one a file.")
    days = find_days(table, "YYYY-MM-DD", path)
    flagged = {"Original", "Calculated", "Flag"} <= set(table)
    if flagged:
        modified = parse_numbers(table["Calculated"], path)
        none = (table["Calculated"] == "") | (modified == _GRDC_MISSING)
        table["Value"] = table["Calculated"].mask(none, table["Original"])
        table["Flag"] = table["Flag"].replace(_GRDC_NO_FLAG, "")
    discharge = _dataset(
        table,
        path,
        days,
        {"discharge": "Value"},
        1.0,
        {_GRDC_MISSING, nodata},
        quality="Flag" if flagged else None,
        leave_out=leave_out,
    )
    names = {"GRDC-No.": "grdc_number", "River": "river", "Station": "station"}
    return discharge.assign_attrs({names[key]: value for key, value in header})


def read_ehyd(path: Path, *, nodata: float | None = None) -> xr.Dataset:
    """Read daily discharge from a `Q-Tagesmittel` file of eHYD, the Austrian service.

    Parameters
    ----------
    path : pathlib.Path
        The file of one gauge: lines of a name, a semicolon and a value, among them the unit
        (`Einheit`), then below `Werte:` rows such as ``01.02.1996 00:00:00 ;    1041,00``, with
        `Lücke` for a missing day.
    nodata : float, optional
        A number that stands for a missing value, such as -9999.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1], days ascending.

    Raises
    ------
    InputError
        No such file, water levels or another quantity, monthly values, a date or number is none.
    """
    unit = _EHYD_UNIT.search(read_text(path))
    if unit is None or unit[1] not in _EHYD_UNITS:
        told = f"is in {quoted(unit[1])}" if unit else "has no line Einheit"
        raise InputError(f"{path} {told}, expected discharge of eHYD in m³/s or l/s.")
    table = read_table(path, ";", "date,discharge", "Werte:")
    days = find_days(table, "date", path, "DD.MM.YYYY")
    factor = _CUBIC_METRES_PER_SECOND[_EHYD_UNITS[unit[1]]]
    return _dataset(table, path, days, {"discharge": "discharge"}, factor, {nodata}, decimal=",")


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
    """Put the named columns of a table under the discharge contract."""
    numbers, about = {}, {}
    for name, heading in columns.items():
        text = column(table, heading, path)
        numbers[name], about[name] = parse_values(text, path, any_word, decimal, missing=missing)
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


def _factor(unit: str, area_km2: float | None, path: Path) -> float:
    """Cubic metres a second that one unit of discharge makes."""
    if unit != _DEPTH and unit not in _CUBIC_METRES_PER_SECOND:
        known = ", ".join([*_CUBIC_METRES_PER_SECOND, _DEPTH])
        raise InputError(f"{path}: the unit of discharge is {unit!r}, expected one of {known}.")
    if (unit == _DEPTH) != (area_km2 is not None):
        raise InputError(f"{path}: expected area_km2 with unit = {_DEPTH!r}, and with no other.")
    return _CUBIC_METRES_PER_SECOND[unit] if area_km2 is None else over_basin(area_km2, path)


def over_basin(area_km2: float, path: Path) -> float:
    """Cubic metres a second that 1 mm a day makes over a basin."""
    if not 0 < area_km2 <= _LARGEST_BASIN:
        raise InputError(
            f"{path}: area_km2 is {area_km2:g}, expected more than 0 and at most "
            f"{_LARGEST_BASIN:.0e}."
        )
    return area_km2 * 1e3 / 86400


def _rows_of(table: pd.DataFrame, only: str, path: Path) -> pd.DataFrame:
    name, told, value = only.partition("=")
    if not told:
        raise InputError(f"{path}: only is {quoted(only)}, expected a form such as PARAM=1.")
    rows = table[column(table, name.strip(), path) == value.strip()]
    if rows.empty:
        raise InputError(f"{path} has no row of {quoted(only)}, expected some.")
    return rows


def _coded(table: pd.DataFrame, quality: str | None, codes: str, path: Path) -> pd.Series:
    """Tell the rows that have one of the codes; several may stand in a cell, as in A:e or ['e']."""
    if quality is None:
        raise InputError(f"{path} has no column of codes, expected one for leave_out.")
    unwanted = {code.strip() for code in codes.split(",")}
    held = column(table, quality, path).str.split(r"[\s:;,\[\]'\"]+", regex=True)
    return held.map(lambda some: not unwanted.isdisjoint(some))


def _refuse_negative(values: pd.Series, text: pd.Series, path: Path) -> None:
    if (values < 0).any():
        line = values.index[values < 0][0]
        raise InputError(
            f"{path}, line {line}: {text.name!r} is {values[line]:g}, expected no negative value "
            "(nodata in the catalogue names one that means missing)."
        )
