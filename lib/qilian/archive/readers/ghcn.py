"""Daily weather of a station: the CSV tables that GHCN-daily comes in."""

from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import one_a_day, parse_days, parse_values
from qilian.archive.readers.table import read_table
from qilian.contracts.datasets import CLIMATE, conform
from qilian.contracts.errors import InputError

# Headings of each quantity in the dialects of GHCN-daily, the first that is there is taken.
_HEADINGS = {
    "time": ("date", "time", "t", "day"),
    "mean": ("tavg", "tmean", "air_temperature_avg", "air_temperature_mean", "air_temperature"),
    "minimum": ("tmin", "air_temperature_min"),
    "maximum": ("tmax", "air_temperature_max"),
    "precipitation": ("prcp", "precipitation", "precip"),
}
_ELEMENTS = {"tavg", "tmin", "tmax"}  # NOAA's names; whole numbers under them are tenths
_MISSING = -9999.0
_LEAST_DAILY_RANGE = 2.0  # degC; the median of maximum minus minimum is larger at any station


def read_csv(path: Path, *, unit: str | None = None) -> xr.Dataset:
    """Read daily air temperature of one station from a CSV table of GHCN-daily.

    Columns are found by name: DATE, TAVG, TMIN, TMAX, PRCP, or t, air_temperature_avg,
    air_temperature_min, air_temperature_max, precipitation. A day without a mean takes
    (minimum + maximum) / 2; a value that failed NOAA's quality control, as its _ATTRIBUTES column
    says, is missing.

    Parameters
    ----------
    path : Path
        The table.
    unit : {"degC", "tenths"}, optional
        Whether temperature and precipitation are in degC and mm or in tenths of them. Found out
        by default: whole numbers under TAVG, TMIN, TMAX are tenths.

    Returns
    -------
    xarray.Dataset
        (time,) `air_temperature` [degC] and, if it has a column, `precipitation` [mm day-1], days
        ascending; an attribute of the temperature counts the days taken from the extremes.

    Raises
    ------
    InputError
        A column is missing, a date or number is none, temperatures that no place on Earth has.
    """
    if unit not in (None, "degC", "tenths"):
        raise InputError(f"{path}: unit is {unit!r}, expected degC or tenths.")
    table = read_table(path)
    headings = _headings(table, path)
    days = parse_days(table[headings.pop("time")], path)
    values = pd.DataFrame({kind: _passed(table, name, path) for kind, name in headings.items()})
    if unit == "tenths" or (unit is None and _has_tenths(table, headings)):
        values /= 10
    extremes = values.reindex(columns=["minimum", "maximum"])
    if unit is None:
        _refuse_small_range(extremes["maximum"] - extremes["minimum"], path)
    middle = extremes.mean(axis="columns", skipna=False)
    temperature = values.get("mean", middle).fillna(middle)
    _refuse_strange(temperature, days, path)
    stated = values["mean"].count() if "mean" in values else 0
    filled = int(temperature.count() - stated)
    daily = values.filter(["precipitation"]).assign(air_temperature=temperature)
    dataset = one_a_day(daily, days, path)
    dataset["air_temperature"].attrs = {"units": "degC", "days_from_minimum_and_maximum": filled}
    if "precipitation" in dataset:
        dataset["precipitation"].attrs["units"] = "mm day-1"
    return conform(dataset, CLIMATE, str(path))


def _headings(table: pd.DataFrame, path: Path) -> dict[str, str]:
    """Heading of each quantity that the table has."""
    written = {heading.casefold(): heading for heading in table.columns}
    found = {
        kind: next(written[known] for known in dialects if known in written)
        for kind, dialects in _HEADINGS.items()
        if not written.keys().isdisjoint(dialects)
    }
    if "time" not in found:
        raise InputError(f"{path} has no column DATE, it has {', '.join(table.columns)}.")
    if "mean" not in found and not {"minimum", "maximum"} <= found.keys():
        raise InputError(
            f"{path} has neither a mean temperature (TAVG) nor both TMIN and TMAX, "
            f"it has {', '.join(table.columns)}."
        )
    return found


def _has_tenths(table: pd.DataFrame, headings: dict[str, str]) -> bool:
    """Say whether temperatures stand under NOAA's names and none has a decimal point."""
    elements = table[[name for name in headings.values() if name.casefold() in _ELEMENTS]]
    return elements.size > 0 and not any("." in cell for cell in elements.to_numpy().flat)


def _passed(table: pd.DataFrame, heading: str, path: Path) -> pd.Series:
    """Numbers of a column; NaN where missing or where NOAA's quality control raised a flag."""
    values, _ = parse_values(table[heading], path)
    if f"{heading}_ATTRIBUTES" in table:  # measurement flag, quality flag, source
        flags = table[f"{heading}_ATTRIBUTES"].str.split(",").str.get(1)
        values = values.where(flags.fillna("").str.strip() == "")
    return values.where(values != _MISSING)


def _refuse_small_range(daily_range: pd.Series, path: Path) -> None:
    if daily_range.median() < _LEAST_DAILY_RANGE:
        raise InputError(
            f"{path}: maximum minus minimum is {daily_range.median():.1f} degC on half of the "
            "days, which no climate has, expected unit = degC or tenths in the catalogue."
        )


def _refuse_strange(temperature: pd.Series, days: pd.Series, path: Path) -> None:
    low, high = CLIMATE.variables["air_temperature"].valid_range  # type: ignore[misc]  # has one
    strange = temperature.index[(temperature < low) | (temperature > high)]
    if strange.size:
        raise InputError(
            f"{path}, line {strange[0]}: a mean of {temperature[strange[0]]:g} degC on "
            f"{days[strange[0]]:%Y-%m-%d}, expected {low:g} to {high:g}; the file may be in tenths "
            "(unit in the catalogue)."
        )
