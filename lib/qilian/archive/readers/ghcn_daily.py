"""Daily weather of a station as NOAA's archive of GHCN-daily holds it: one element a line."""

import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import parse_days
from qilian.archive.readers.files import files_like, foreign
from qilian.archive.readers.ghcn import daily_weather
from qilian.archive.readers.table import parse_numbers, quoted, some
from qilian.contracts.datasets import CLIMATE, conform
from qilian.contracts.errors import InputError

_ELEMENTS = {"TAVG": "mean", "TMIN": "minimum", "TMAX": "maximum", "PRCP": "precipitation"}
_COLUMNS = ["station", "date", "element", "value", "flag", "quality"]
_TENTHS = 10.0  # of degC and of mm
_MISSING = "-9999", ""
# A line of a `.dly` file: station, year, month, element, then a value and three flags each day.
_MONTH = re.compile(r"(\S{11})(\d{6})([A-Z0-9]{4})((?:.{8})+)")
_MONTH_WIDTH = 269
_OF_DAY = re.compile(r"(.{5})(.)(.).")


def read(path: Path, *, station: str | None = None) -> xr.Dataset:
    """Read daily air temperature and precipitation of one station from NOAA's own files.

    A day without a mean takes the middle of its extremes. A value that failed NOAA's quality
    control is missing.

    Parameters
    ----------
    path : Path
        A `.dly` file; or a CSV of one station (`by_station`) or of all of them (`by_year`), with or
        without a header, perhaps packed with gzip; or a folder of such files.
    station : str, optional
        The station's identifier, such as CHM00052754, for files that hold several.

    Returns
    -------
    xarray.Dataset
        (time,) `air_temperature` [degC] and, if it was measured, `precipitation` [mm day-1], days
        ascending; an attribute of the temperature counts the days taken from the extremes.

    Raises
    ------
    InputError
        Another layout, no such station or several, no temperature, a date or number is none, a
        day has two values.
    """
    files = files_like(path, "*") if path.is_dir() else [path]
    parts = [_read_file(file, station) for file in files]
    rows = pd.concat(parts) if parts else pd.DataFrame(columns=_COLUMNS)
    if rows.empty:
        of = f" of the station {quoted(station)}" if station else ""
        raise InputError(f"{path} holds no temperature or rain{of}, expected GHCN-daily.")
    _refuse_several(set(rows["station"]), path)
    failed = int((rows["quality"] != "").sum())
    rows = rows[rows["quality"] == ""].drop_duplicates(["day", "element", "value"])
    twice = rows.duplicated(["day", "element"])
    if twice.any():
        element, day = rows.loc[twice, ["element", "day"]].iloc[0]
        raise InputError(f"{path}: {element} of {day:%Y-%m-%d} has two values, expected one.")
    values = rows.pivot(index="day", columns="element", values="value").rename(columns=_ELEMENTS)
    if "mean" not in values and not {"minimum", "maximum"} <= set(values):
        held = some(rows["element"].unique()) or "only what failed quality control"
        raise InputError(f"{path} holds {held}, expected TAVG or both TMIN and TMAX.")
    values = values.reset_index()
    weather = daily_weather(values.drop(columns="day"), values["day"], path)
    weather["air_temperature"].attrs["failed_quality_control"] = failed
    return conform(weather, CLIMATE, str(path))


def _read_file(file: Path, station: str | None) -> pd.DataFrame:
    """Table of station, day, element, value and quality flag, without what is missing."""
    found, numbers = [], []
    with foreign(file, "a file of GHCN-daily"), _opened(file) as stream:
        for number, line in enumerate(stream, start=1):
            if line.startswith(station or ""):
                rows = [row for row in _rows(line, f"{file}, line {number}") if _counts(row)]
                found += rows
                numbers += [number] * len(rows)
                _refuse_several({row[0] for row in [*found[:1], *rows]}, file)
    table = pd.DataFrame(found, numbers, _COLUMNS, dtype=str)
    values = parse_numbers(table["value"], file)
    if values.isna().any():
        wrong = table[values.isna()]
        raise InputError(
            f"{file}, line {wrong.index[0]}: {quoted(wrong['value'].iloc[0])} is no value, "
            "expected a whole number."
        )
    if table.empty:
        return table
    return table.assign(value=values / _TENTHS, day=parse_days(table["date"], file, "YYYYMMDD"))


def _opened(file: Path) -> IO[str]:
    return gzip.open(file, "rt") if file.suffix == ".gz" else file.open()


def _rows(line: str, place: str) -> list[Sequence[str]]:
    """Split a line into rows of station, date, element, value, measurement flag, quality flag."""
    fields = [field.strip() for field in line.split(",")]
    if not any(fields):
        return []
    if len(fields) >= len(_COLUMNS):
        return [fields[: len(_COLUMNS)]]
    month = _MONTH.fullmatch(line.rstrip("\r\n").ljust(_MONTH_WIDTH))
    if month is None:
        raise InputError(f"{place} is neither a day nor a month, expected those of GHCN-daily.")
    station, start, element, days = month.groups()
    return [
        (station, f"{start}{day:02}", element, value.strip(), flag, quality.strip())
        for day, (value, flag, quality) in enumerate(_OF_DAY.findall(days), start=1)
    ]


def _counts(row: Sequence[str]) -> bool:
    """Tell whether it is a value of what is read."""
    _, _, element, value, *_ = row
    return element in _ELEMENTS and value not in _MISSING


def _refuse_several(stations: set[str], path: Path) -> None:
    if len(stations) > 1:
        raise InputError(
            f"{path} holds the stations {some(sorted(stations))}, expected one (station in the "
            "catalogue)."
        )
