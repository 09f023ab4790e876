"""Daily discharge and weather of a basin as the Caravan collection has them in netCDF."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.archive.readers.daily import YEARS, one_a_day
from qilian.archive.readers.files import foreign
from qilian.archive.readers.hydrograph import over_basin
from qilian.archive.readers.table import some
from qilian.contracts.datasets import CLIMATE, DISCHARGE, conform
from qilian.contracts.errors import InputError

_RAIN = {"precipitation": "total_precipitation_sum"}
_UNITS = {"discharge": "m3 s-1", "precipitation": "mm day-1", "air_temperature": "degC"}


def read_discharge(path: Path, *, area_km2: float) -> xr.Dataset:
    """Read discharge, and the rain of ERA5-Land over its basin.

    Parameters
    ----------
    path : pathlib.Path
        A basin's netCDF file with `streamflow` and `total_precipitation_sum` in mm a day.
    area_km2 : float
        Of the basin, as Caravan's table of attributes has it.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1] and `precipitation` [mm day-1], days ascending.

    Raises
    ------
    InputError
        Not netCDF, a variable is missing, dates or values that cannot be.
    """
    daily = _daily(path, {"discharge": "streamflow", **_RAIN})
    daily["discharge"] = daily["discharge"] * over_basin(area_km2, path)
    return conform(_labelled(daily), DISCHARGE, str(path))


def read_climate(path: Path) -> xr.Dataset:
    """Read the air temperature and rain of ERA5-Land over a basin.

    Parameters
    ----------
    path : pathlib.Path
        A basin's netCDF file with `temperature_2m_mean` in degC and `total_precipitation_sum` in
        mm a day.

    Returns
    -------
    xarray.Dataset
        (time,) `air_temperature` [degC] and `precipitation` [mm day-1], days ascending; days are
        those of local standard time.

    Raises
    ------
    InputError
        Not netCDF, a variable is missing, dates or values that cannot be.
    """
    daily = _daily(path, {"air_temperature": "temperature_2m_mean", **_RAIN})
    return conform(_labelled(daily), CLIMATE, str(path))


def _daily(path: Path, names: Mapping[str, str]) -> xr.Dataset:
    """Open variables under other names, along their days."""
    with foreign(path, "a basin of Caravan as netCDF"), xr.open_dataset(path) as data:
        lacking = [name for name in ("date", *names.values()) if name not in data.variables]
        if lacking:
            raise InputError(
                f"{path} has no {lacking[0]}, expected a basin of Caravan, and it has "
                f"{some(map(str, data.variables))}."
            )
        values = pd.DataFrame({ours: data[theirs].to_series() for ours, theirs in names.items()})
        days = pd.Series(pd.DatetimeIndex(values.index).floor("D").astype("datetime64[ns]"))
    if not days.dt.year.between(*YEARS).all():
        raise InputError(f"{path} has no days in its date, expected {YEARS[0]}-{YEARS[1]}.")
    # The hourly totals of ERA5-Land are differences, which may be a hair below 0.
    values["precipitation"] = values["precipitation"].clip(lower=0)
    return one_a_day(values.reset_index(drop=True).astype(float), days, path)


def _labelled(daily: xr.Dataset) -> xr.Dataset:
    for name, variable in daily.data_vars.items():
        variable.attrs["units"] = _UNITS[str(name)]
    return daily
