"""Daily weather of a station: the CSV tables that GHCN-daily comes in."""

from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import ISO, one_a_day, parse_days, parse_values
from qilian.archive.readers.table import column, read_table, some
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
_ELEMENTS = {"tavg", "tmin", "tmax"}  # NOAA's names; whole numbers under them are no degC
# By unit: what the file counts at 0 degC, how many make 1 degC and how many 1 mm.
_UNITS = {"degC": (0.0, 1.0, 1.0), "tenths": (0.0, 10.0, 10.0), "degF": (32.0, 1.8, 1 / 25.4)}
_HOTTEST = 60.0, 134.0  # degC, degF
_COLDEST = -130.0  # degF
_MISSING = -9999.0
_LEAST_DAILY_RANGE = 2.0  # degC; the median of maximum minus minimum is larger at any station


def read_csv(
    path: Path,
    *,
    unit: str | None = None,
    separator: str = ",",
    decimal: str = ".",
    dates: str = ISO,
) -> xr.Dataset:
    """Read daily air temperature of one station from a CSV table of GHCN-daily.

    Columns are found by name: DATE, TAVG, TMIN, TMAX, PRCP, or t, air_temperature_avg,
    air_temperature_min, air_temperature_max, precipitation. A day without a mean takes
    (minimum + maximum) / 2; a value that failed NOAA's quality control, as its _ATTRIBUTES column
    says, is missing.

    Parameters
    ----------
    path : Path
        The table.
    unit : {"degC", "tenths", "degF"}, optional
        Whether temperature and precipitation are in degC and mm, in tenths of them, or in degF
        and inches. Found out by default where two witnesses agree. Whole numbers under TAVG,
        TMIN, TMAX are tenths beside whole precipitation, or where they exceed what degF can be;
        they are degF beside precipitation with decimals, where they exceed what degC can be.
    separator, decimal : str, optional
        What stands between fields and the decimal mark.
    dates : str, optional
        How dates are written, such as D.M.YYYY or M/D/YY.

    Returns
    -------
    xarray.Dataset
        (time,) `air_temperature` [degC] and, if it has a column, `precipitation` [mm day-1], days
        ascending; attributes of the temperature count the days taken from the extremes and tell
        the unit of the file.

    Raises
    ------
    InputError
        A column is missing, a date or number is none, a unit that nothing tells, temperatures
        that no place on Earth has.
    """
    if unit not in (None, *_UNITS):
        raise InputError(f"{path}: unit is {unit!r}, expected one of {', '.join(_UNITS)}.")
    table = read_table(path, separator)
    headings = _headings(table, path)
    days = parse_days(column(table, headings.pop("time"), path), path, dates)
    read = {kind: _values(table, name, path, decimal) for kind, name in headings.items()}
    failed = pd.DataFrame({kind: _failed(table, name, path) for kind, name in headings.items()})
    values = pd.DataFrame(read).mask(failed)
    told = unit or _find_unit(values, table, headings, path)
    offset, degrees, millimetres = _UNITS[told]
    rain = values.columns == "precipitation"
    values.loc[:, rain] /= millimetres
    values.loc[:, ~rain] = (values.loc[:, ~rain] - offset) / degrees
    if unit is None and "minimum" in values and "maximum" in values:
        _refuse_small_range(values["maximum"] - values["minimum"], path)
    _refuse_strange(mean_temperature(values), days, path)
    weather = daily_weather(values, days, path)
    named = "tenths of degC" if told == "tenths" else told
    weather["air_temperature"].attrs |= {
        "units_of_file": f"{named} ({'given' if unit else 'inferred'})",
        "failed_quality_control": int(failed.to_numpy().sum()),
    }
    return conform(weather, CLIMATE, str(path))


def daily_weather(values: pd.DataFrame, days: pd.Series, path: Path) -> xr.Dataset:
    """Return air temperature and precipitation along ascending days.

    Parameters
    ----------
    values : pandas.DataFrame
        `mean`, or `minimum` and `maximum`, or all of them [degC], and perhaps `precipitation` [mm].
    days : pandas.Series
        The day of each row.
    path : Path
        Named in messages.
    """
    temperature = mean_temperature(values)
    stated = values["mean"].count() if "mean" in values else 0
    daily = values.filter(["precipitation"]).assign(air_temperature=temperature)
    dataset = one_a_day(daily, days, path)
    dataset["air_temperature"].attrs = {
        "units": "degC",
        "days_from_minimum_and_maximum": int(temperature.count() - stated),
    }
    if "precipitation" in dataset:
        dataset["precipitation"].attrs["units"] = "mm day-1"
    return dataset


def mean_temperature(values: pd.DataFrame) -> pd.Series:
    """Return the mean of each day, the middle of its extremes where it has none."""
    middle = values.reindex(columns=["minimum", "maximum"]).mean(axis="columns", skipna=False)
    return values.get("mean", middle).fillna(middle)


def _headings(table: pd.DataFrame, path: Path) -> dict[str, str]:
    """Heading of each quantity that the table has."""
    written = {heading.casefold(): heading for heading in table.columns}
    found = {
        kind: next(written[known] for known in dialects if known in written)
        for kind, dialects in _HEADINGS.items()
        if not written.keys().isdisjoint(dialects)
    }
    if "time" not in found:
        raise InputError(f"{path} has no column DATE, it has {some(table.columns)}.")
    if "mean" not in found and not {"minimum", "maximum"} <= found.keys():
        raise InputError(
            f"{path} has neither a mean temperature (TAVG) nor both TMIN and TMAX, "
            f"it has {some(table.columns)}."
        )
    return found


def _find_unit(
    values: pd.DataFrame, table: pd.DataFrame, headings: dict[str, str], path: Path
) -> str:
    """Tell the unit from how numbers are written and, as a second witness, how large they are."""
    elements = [name for name in headings.values() if name.casefold() in _ELEMENTS]
    if not elements or not _are_whole(table[elements]):
        return "degC"
    temperature = values.drop(columns="precipitation", errors="ignore")
    low, high = temperature.min(axis=None), temperature.max(axis=None)
    rain = table[[headings["precipitation"]]] if "precipitation" in headings else None
    fell = rain is not None and (values["precipitation"] > 0).any()
    if high > _HOTTEST[1] or low < _COLDEST or (rain is not None and fell and _are_whole(rain)):
        return "tenths"
    if rain is not None and not _are_whole(rain) and high > _HOTTEST[0]:
        return "degF"
    raise InputError(
        f"{path}: whole numbers from {low:g} to {high:g} may be tenths of degC, degC or degF, "
        f"expected unit in the catalogue, one of {', '.join(_UNITS)}."
    )


def _are_whole(cells: pd.DataFrame) -> bool:
    return not cells.apply(lambda text: text.str.contains("[.,]")).to_numpy().any()


def _values(table: pd.DataFrame, heading: str, path: Path, decimal: str) -> pd.Series:
    text = column(table, heading, path)
    return parse_values(text, path, decimal=decimal, missing={_MISSING})[0]


def _failed(table: pd.DataFrame, heading: str, path: Path) -> pd.Series:
    """Tell where NOAA's quality control raised a flag over a value."""
    if f"{heading}_ATTRIBUTES" not in table:
        return pd.Series(False, table.index)
    # Measurement flag, quality flag, source.
    flags = column(table, f"{heading}_ATTRIBUTES", path).str.split(",").str.get(1)
    return flags.fillna("").str.strip() != ""


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
            "or degF (unit in the catalogue)."
        )
