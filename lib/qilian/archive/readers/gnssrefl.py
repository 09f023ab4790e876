"""Daily reflector heights from GNSS interferometric reflectometry, as gnssrefl writes them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import YEARS, one_a_day, parse_values
from qilian.archive.readers.table import column, numbers, quoted, read_table, read_text
from qilian.contracts.datasets import REFLECTOR_HEIGHT, conform
from qilian.contracts.errors import InputError

# The first columns of a `_dailyRH.txt` file, which names them in a comment only.
_TEXT_COLUMNS = ["year", "doy", "rh", "retrievals", "month", "day", "deviation"]
_CSV_COLUMNS = {"uncertainty": "deviation", "rh-sigma": "deviation", "numval": "retrievals"}
_HEADING = re.compile(r"(.*?)\s*(?:\(\s*(.*?)\s*\))?")  # a name, perhaps with its unit
_FIRST_YEAR = 1980  # of navigation satellites
_MAY_LACK = "rh", "deviation", "retrievals"


def read(path: Path) -> xr.Dataset:
    """Read daily reflector heights.

    Parameters
    ----------
    path : Path
        Either gnssrefl's `*_dailyRH.txt` (comments after ``%``, then year, day of year, height,
        number of retrievals, month, day, standard deviation), or a CSV with the columns year,
        doy, rh (m), uncertainty (m). A CSV may hold several heights a day: they are averaged. A
        height or deviation that is blank or NaN is missing.

    Returns
    -------
    xarray.Dataset
        (time,) `reflector_height` [m], `standard_deviation` [m] and, where known, `retrievals`;
        days ascending. The height grows as the ground falls; its attribute `words` counts what
        stands in place of one.

    Raises
    ------
    InputError
        A column is missing, a number or a date is none, a day repeats.
    """
    text = read_text(path)
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in "%#"), "")
    is_csv = "," in first
    table = _csv(path) if is_csv else _text(text)
    if table.empty:
        raise InputError(f"{path} has no rows, expected one a day.")
    values = pd.DataFrame({name: _numbers(table, name, path) for name in table}, table.index)
    days = _days(values, path)
    names = {"rh": "reflector_height", "deviation": "standard_deviation"}
    values = values.rename(columns=names).drop(
        columns=["year", "doy", "month", "day"], errors="ignore"
    )
    dataset = _average(values, days) if is_csv else one_a_day(values, days, path)
    for name in dataset.data_vars:
        dataset[name].attrs["units"] = "1" if name == "retrievals" else "m"
    dataset["reflector_height"].attrs |= parse_values(table["rh"], path, each="rows")[1]
    return conform(dataset, REFLECTOR_HEIGHT, str(path))


def _text(text: str) -> pd.DataFrame:
    rows = {
        number: line.split()[: len(_TEXT_COLUMNS)]
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("%")
    }
    table = pd.DataFrame.from_dict(rows, orient="index").fillna("")
    return table.set_axis(_TEXT_COLUMNS[: table.shape[1]], axis="columns")


def _csv(path: Path) -> pd.DataFrame:
    table = read_table(path)
    table.columns = [_plain(heading, path) for heading in table.columns]
    return pd.DataFrame(
        {name: column(table, name, path) for name in _TEXT_COLUMNS if name in table}
    )


def _plain(heading: str, path: Path) -> str:
    """Name of a column without its unit, which is metres or nothing."""
    name, unit = _HEADING.fullmatch(heading.casefold()).groups()  # type: ignore[union-attr]
    name = _CSV_COLUMNS.get(name, name)
    if name in _MAY_LACK and unit not in (None, "", "m"):
        raise InputError(f"{path}: {quoted(heading)} is no column in metres, expected rh (m).")
    return name


def _numbers(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    if name not in _MAY_LACK:
        return numbers(table, name, path)
    return parse_values(table[name], path)[0].to_numpy(float)


def _days(values: pd.DataFrame, path: Path) -> pd.Series:
    """Days from year and day of year, held against month and day where those stand beside."""
    for name in ("year", "doy", "rh"):
        if name not in values:
            raise InputError(f"{path} has no column {name}, expected year, doy and rh (m).")
    possible = values["year"].between(_FIRST_YEAR, YEARS[1]) & values["doy"].between(1, 366)
    _refuse_date(~possible, values, path, "a year and its day of the year")
    starts = pd.to_datetime(values["year"].astype(int).astype(str), format="%Y", errors="coerce")
    days = starts + pd.to_timedelta(values["doy"] - 1, unit="D")
    whole = (days.dt.year == values["year"]) & (values["doy"] % 1 == 0)
    _refuse_date(~whole, values, path, "a year and its day of the year")
    if {"month", "day"} <= set(values):
        agree = (days.dt.month == values["month"]) & (days.dt.day == values["day"])
        _refuse_date(~agree, values, path, "the month and day that stand beside it")
    return days.astype("datetime64[ns]")


def _refuse_date(wrong: pd.Series, values: pd.DataFrame, path: Path, expected: str) -> None:
    if wrong.any():
        line = wrong.index[wrong][0]
        year, day = values.loc[line, ["year", "doy"]]
        raise InputError(f"{path}, line {line}: day {day:g} of {year:g}, expected {expected}.")


def _average(values: pd.DataFrame, days: pd.Series) -> xr.Dataset:
    """Daily means; the spread of several heights a day takes the place of their uncertainty."""
    by_day = values.groupby(days.rename("time"))
    daily = by_day.mean()
    if by_day.size().max() > 1:
        daily["retrievals"] = by_day.size().astype(float)
        stated = daily.get("standard_deviation", np.nan)
        daily["standard_deviation"] = by_day["reflector_height"].std().fillna(stated)
    dataset = daily.to_xarray()
    dataset["time"].attrs["long_name"] = "day"
    return dataset
