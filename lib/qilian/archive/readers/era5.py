"""ERA5 and ERA5-Land, as the Climate Data Store sends them, hourly or by day."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import numpy as np
import pandas as pd
import xarray as xr

from qilian.archive.readers.files import files_like, foreign
from qilian.contracts.datasets import CLIMATE, conform
from qilian.contracts.errors import InputError

_HOURS_NEEDED = 18  # of a day, for its mean to count
_KELVIN = 273.15
_PACKING = 0.01  # mm; what a total since 00 UTC may seem to shrink by rounding
_HOUR, _DAY = "hour", "day"
_NETCDF = re.compile(r"(?:.*/)?[^./][^/]*\.nc")  # not hidden
_STATISTIC = re.compile(r"daily-([a-z]+)")  # in the names of the store's daily statistics
_STATISTICS = {"t2m": {"mean": 1.0}, "tp": {"mean": 24.0, "sum": 1.0}}
_STEP = 0.25  # degree, of ERA5; asked of files that hold a single point
_UNITS = {"t2m": "K", "tp": "m"}


def read(
    path: Path, *, latitude: float | None = None, longitude: float | None = None
) -> xr.Dataset:
    """Read daily air temperature, and precipitation if it is there, of one place.

    Days are those of UTC, and NaN with fewer than 18 hours. Where both are there, final values
    (`expver` 1) go before preliminary ones (5). Precipitation is an hourly total stamped at the
    hour's end (ERA5), or a total since 00 UTC (ERA5-Land), which is told from its growth. Files
    whose names hold `daily-mean` or `daily-sum`, as the store writes them, are daily statistics.

    Parameters
    ----------
    path : Path
        A netCDF file, a zip of them or a folder of either, with `t2m` in K and perhaps `tp` in m.
    latitude, longitude : float, optional
        Degrees; the nearest grid point is taken. Without them the mean over all points, weighted
        by area.

    Returns
    -------
    xarray.Dataset
        (time,) `air_temperature` [degC] and perhaps `precipitation` [mm day-1], days ascending;
        the attribute `place` says which point, or how many were averaged.

    Raises
    ------
    InputError
        Not netCDF, no `t2m` in K, an ensemble, a place off the grid, neither hours nor means of
        days.
    """
    if (latitude is None) != (longitude is None):
        raise InputError(f"{path}: latitude or longitude is missing, expected both or neither.")
    point = None if latitude is None or longitude is None else (latitude, longitude)
    with _files(path) as files:
        found = [_read_file(file, name, point) for file, name in files]
    tables, places, steps = zip(*found, strict=True)
    if len(set(places)) > 1:
        raise InputError(f"{path} holds the {places[0]} and other places, expected one.")
    if len(set(steps)) > 1:
        raise InputError(f"{path} holds hours and daily statistics, expected either.")
    # The first value that isn't missing, final versions before preliminary ones.
    versions = pd.concat(tables).sort_values("expver", kind="stable")
    values = versions.groupby("time").first().drop(columns="expver")
    if "t2m" not in values:
        raise InputError(f"{path} holds no t2m, expected air temperature at 2 m.")
    by_day = _of_statistics(values, path) if steps[0] == _DAY else _daily(values, path)
    daily = by_day.to_xarray().assign_attrs(place=places[0])
    daily["air_temperature"].attrs["units"] = "degC"
    if "precipitation" in daily:
        daily["precipitation"].attrs["units"] = "mm day-1"
    daily["time"].attrs["long_name"] = "day (UTC)"
    return conform(daily, CLIMATE, str(path))


@contextmanager
def _files(path: Path) -> Iterator[list[tuple[Path, Path]]]:
    """Find netCDF files, those in zips unpacked for a while, with the names to tell them by."""
    found = [path] if path.is_file() else files_like(path, "*.nc") + files_like(path, "*.zip")
    with TemporaryDirectory() as place:
        files = []
        for number, file in enumerate(found):
            if _is_zip(file):
                files += _unpacked(file, Path(place, str(number)))
            else:
                files.append((file, file))
        if not files:
            raise InputError(f"{path} holds no file named *.nc, expected ERA5 as netCDF.")
        yield files


def _is_zip(file: Path) -> bool:
    """Tell by its first bytes; the store also sends zips under the name of a netCDF file."""
    with foreign(file, "ERA5 as netCDF"), file.open("rb") as stream:
        return stream.read(2) == b"PK"


def _unpacked(file: Path, place: Path) -> list[tuple[Path, Path]]:
    with foreign(file, "its files to be ERA5 as netCDF"), ZipFile(file) as packed:
        names = sorted(name for name in packed.namelist() if _NETCDF.fullmatch(name))
        return [(Path(packed.extract(name, place)), file / name) for name in names]


def _read_file(
    file: Path, name: Path, point: tuple[float, float] | None
) -> tuple[pd.DataFrame, str, str]:
    """Table of time, expver, t2m, tp at the place, the place in words, and the step of time."""
    with foreign(name, "ERA5 as netCDF"), xr.open_dataset(file) as data:
        _check(data, name)
        data = data[[variable for variable in _UNITS if variable in data]]
        place, words = _mean(data) if point is None else _nearest(data, point, name)
        table = place.to_dataframe().reset_index()
        time = "valid_time" if "valid_time" in table else "time"
        # 1 and 5 as numbers, "0001" and "0005" as text, bytes in classic netCDF.
        written = table.get("expver", pd.Series("1", table.index)).astype(str)
        version = written.str.extract(r"(\d+)", expand=False).astype(int)
        values = table[[*place.data_vars]].astype(float)
        statistic = _STATISTIC.search(name.name)
        if statistic:
            for variable in values:
                values[variable] *= _of_the_day(variable, statistic[1], name)
        dated = values.assign(time=pd.DatetimeIndex(table[time]), expver=version)
        return dated, words, _DAY if statistic else _HOUR


def _of_the_day(variable: str, statistic: str, name: Path) -> float:
    """Factor from a daily statistic to the mean of temperature or the total of rain."""
    known = _STATISTICS[variable]
    if statistic not in known:
        raise InputError(
            f"{name} holds the daily {statistic} of {variable}, expected {' or '.join(known)}."
        )
    return known[statistic]


def _check(data: xr.Dataset, path: Path) -> None:
    held = [name for name in _UNITS if name in data]
    if not held or not {"latitude", "longitude"} <= data.variables.keys():
        raise InputError(f"{path} holds no t2m at a latitude and longitude, expected ERA5.")
    if "time" not in data.variables and "valid_time" not in data.variables:
        raise InputError(f"{path} holds neither valid_time nor time, expected one.")
    for name in held:
        unit = data[name].attrs.get("units")
        if unit != _UNITS[name]:
            raise InputError(f"{path}: {name} is in {unit}, expected {_UNITS[name]}.")
    if data.sizes.get("number", 1) > 1:
        raise InputError(f"{path} holds {data.sizes['number']} members, expected no ensemble.")


def _nearest(data: xr.Dataset, point: tuple[float, float], path: Path) -> tuple[xr.Dataset, str]:
    """Take the nearest grid point; longitudes count to 180 or to 360."""
    offsets = {
        "latitude": abs(data["latitude"] - point[0]),
        "longitude": abs((data["longitude"] - point[1] + 180) % 360 - 180),
    }
    for name, offset in offsets.items():
        step = float(np.abs(np.diff(data[name])).max()) if offset.size > 1 else _STEP
        if offset.min() > step:
            raise InputError(
                f"{path} has no grid point within {step:g} degrees of {name} "
                f"{point[name == 'longitude']:g}."
            )
    place = data.isel({name: int(o.values.argmin()) for name, o in offsets.items() if o.ndim})
    return place, _in_words(place)


def _mean(data: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Average all grid points by area; a single one needs no average."""
    latitude, longitude = data["latitude"], data["longitude"]
    box = [*latitude.dims, *longitude.dims]
    if latitude.size == longitude.size == 1:
        place = data.squeeze(box)
        return place, _in_words(place)
    words = (
        f"mean of {latitude.size * longitude.size} grid points, {latitude.min().item():g} to "
        f"{latitude.max().item():g} N, {longitude.min().item():g} to {longitude.max().item():g} E"
    )
    return data.weighted(latitude.copy(data=np.cos(np.deg2rad(latitude.values)))).mean(box), words


def _in_words(place: xr.Dataset) -> str:
    return f"grid point {place['latitude'].item():g} N, {place['longitude'].item():g} E"


def _of_statistics(values: pd.DataFrame, path: Path) -> pd.DataFrame:
    days = values.index.floor("D").rename("time")
    if days.has_duplicates:
        raise InputError(f"{path} holds several daily statistics of a day, expected one.")
    kelvin = values["t2m"].set_axis(days)
    if kelvin.isna().all():
        raise InputError(f"{path} has no value of t2m, expected those of a place on land.")
    daily = (kelvin - _KELVIN).to_frame("air_temperature")
    if "tp" in values:
        daily["precipitation"] = 1000 * values["tp"].clip(lower=0).to_numpy()
    return daily


def _daily(hourly: pd.DataFrame, path: Path) -> pd.DataFrame:
    by_day = hourly["t2m"].groupby(hourly.index.floor("D").rename("time"))
    kelvin = by_day.mean().where(by_day.count() >= _HOURS_NEEDED)
    if kelvin.isna().all():
        raise InputError(
            f"{path} has no day with {_HOURS_NEEDED} values of t2m, expected hourly values of a "
            "place on land, or daily-mean in the name of a file of daily statistics."
        )
    daily = (kelvin - _KELVIN).to_frame("air_temperature")
    if "tp" in hourly:
        daily["precipitation"] = _daily_rain(hourly["tp"])
    return daily


def _daily_rain(metres: pd.Series) -> pd.Series:
    """Millimetres a day from totals stamped at the end of their hour."""
    # Packed files hold zeros that are a hair below 0.
    millimetres = 1000 * metres.clip(lower=0)
    day = (metres.index - pd.Timedelta("1h")).floor("D").rename("time")
    by_day = millimetres.groupby(day)
    hours = by_day.count()
    if (by_day.diff().dropna() >= -_PACKING).all():
        return by_day.max().where(hours == 24)
    return (24 * by_day.mean()).where(hours >= _HOURS_NEEDED)
