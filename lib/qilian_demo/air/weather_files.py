"""Weather as archives hand it out: a GHCN-daily station table and a cut-out of ERA5."""

from pathlib import Path

import numpy as np
import xarray as xr

from qilian_demo.air.climate import Climate, calendar_year
from qilian_demo.mark import SIMULATED
from qilian_demo.netcdf import write_netcdf

# All numbers here are assumptions.
STATION = "XX000000001"  # no real station starts with XX
DRY_DAY_RANGE, WET_DAY_RANGE = 15.0, 9.0  # degC between the day's extremes
MEAN_MISSING = 0.3  # share of days
LATITUDE, LONGITUDE = np.array([38.25, 38.0]), np.array([99.25, 99.5])  # degree
CELL_OFFSET = np.array([[-1.2, -0.5], [0.4, 1.3]])  # degC by height; their mean is 0
WARMEST_HOUR = 8  # UTC: 15 h local solar time


def write_ghcn(path: Path, climate: Climate, rng: np.random.Generator) -> None:
    """Write STATION, DATE, TMAX, TMIN, TAVG, PRCP in tenths of degC and of mm.

    The mean is left out on a share of days; it is then the middle of the two extremes.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    climate : Climate
        Daily weather.
    rng : numpy.random.Generator
        Source of the daily range and of the gaps.
    """
    half = _daily_range(climate) * rng.lognormal(0, 0.2, climate.time.size) / 2
    columns = np.round(
        10 * np.stack([climate.temperature + half, climate.temperature - half, climate.temperature])
    ).astype(int)
    rain = np.round(10 * climate.precipitation).astype(int)
    missing = rng.random(climate.time.size) < MEAN_MISSING
    lines = [f"# {SIMULATED}", "STATION,DATE,TMAX,TMIN,TAVG,PRCP"]
    for i, day in enumerate(climate.time):
        highest, lowest, mean = columns[:, i]
        mean = "" if missing[i] else mean
        lines.append(f"{STATION},{day},{highest},{lowest},{mean},{rain[i]}")
    path.write_text("\n".join(lines) + "\n")


def write_era5(path: Path, climate: Climate, *, year: int = 2018) -> None:
    """Write hourly 2 m temperature of one year on two by two cells, as the Climate Data Store does.

    The mean of the cells over a day in UTC is the climate's temperature of that day.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    climate : Climate
        Daily weather.
    year : int
        Calendar year, within the climate's record and before 2038.
    """
    days = calendar_year(climate.time) == year
    hour = np.arange(24)
    cycle = np.cos(2 * np.pi * (hour - WARMEST_HOUR) / 24)  # sums to 0 over the day
    hourly = (
        climate.temperature[days, np.newaxis]
        + _daily_range(climate)[days, np.newaxis] / 2 * cycle
        + 273.15
    ).ravel()
    start = climate.time[days].astype("datetime64[h]")[0]
    time = (start + np.arange(hourly.size)).astype("datetime64[ns]")
    attrs = {"long_name": "2 metre temperature", "units": "K", "standard_name": "unknown"}
    values = (hourly[:, np.newaxis, np.newaxis] + CELL_OFFSET).astype(np.float32)
    dataset = xr.Dataset(
        {"t2m": (("valid_time", "latitude", "longitude"), values, attrs)},
        coords={
            "number": np.int32(0),
            "valid_time": time,
            "latitude": ("latitude", LATITUDE, {"units": "degrees_north"}),
            "longitude": ("longitude", LONGITUDE, {"units": "degrees_east"}),
            "expver": ("valid_time", np.full(time.size, "0001")),
        },
        attrs={"simulated": "true", "comment": SIMULATED, "Conventions": "CF-1.7"},
    )
    encoding = {"valid_time": {"units": "seconds since 1970-01-01", "dtype": "int32"}}
    write_netcdf(path, dataset, encoding)


def _daily_range(climate: Climate) -> np.ndarray:
    return np.where(climate.precipitation > 0, WET_DAY_RANGE, DRY_DAY_RANGE)
