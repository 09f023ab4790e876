"""When a river freezes, as far as the air tells."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes

_LAPSE = 0.006  # degC m-1
_DAY = np.timedelta64(1, "D")


def frozen_days(
    temperature: xr.DataArray, *, frost: float = 50.0, heights: tuple[float, float] = (0.0, 0.0)
) -> xr.DataArray:
    """Tell the days on which a river counts as frozen.

    Degrees below zero add to a balance of frost and degrees above take from it; it stays between
    0 and twice `frost`, and the river is frozen while it is at `frost` or more. So a river opens
    after as much warmth as it took frost to close it. Ice grows with the square root of this
    balance (Stefan's law), 50 degC d making about a hand's breadth.

    Parameters
    ----------
    temperature : xarray.DataArray
        (time,) daily mean air temperature near the river [degC]; a missing day changes nothing.
    frost : float
        Balance from which a river counts as frozen [degC day].
    heights : (float, float)
        Of the river's gauge and of the weather station [m]; air cools by 6 degC per km upwards.

    Returns
    -------
    xarray.DataArray
        (time,) whether the river is frozen.

    Examples
    --------
    >>> days = xr.date_range("2001-11-01", periods=6)
    >>> frozen = frozen_days(xr.DataArray([-20, -30, -30, 5, 5, 60], {"time": days}, "time"))
    >>> frozen.values.tolist()
    [False, True, True, True, True, False]
    """
    require("frost", frost, frost > 0, "more than 0 degC day")
    balance, held = 0.0, []
    gauge, station = heights
    warmer = temperature.values.astype(float) + _LAPSE * (station - gauge)
    for warmth in np.nan_to_num(warmer).tolist():
        balance = min(max(balance - warmth, 0.0), 2 * frost)
        held.append(balance >= frost)
    return temperature.copy(data=np.array(held, bool)).assign_attrs(
        attributes("day on which the river counts as frozen", None)
    )


def freeze_up(frozen: xr.DataArray, *, begins: str = "09-01") -> xr.DataArray:
    """Count the days from a day of each year to the river's freeze-up, the first frozen one.

    Parameters
    ----------
    frozen : xarray.DataArray
        (time,) as from `frozen_days`.
    begins : str
        The day as mm-dd, on which the river should be open.

    Returns
    -------
    xarray.DataArray
        (year,) days, NaN where the record does not last that long or the river did not freeze
        within ten months.
    """
    time = frozen["time"].values
    ice = time[frozen.values]
    years = np.unique(frozen["time"].dt.year)
    found = np.full(years.size, np.nan)
    for row, year in enumerate(years):
        since = np.datetime64(f"{year}-{begins}", "ns")
        following = ice[np.searchsorted(ice, since) :][:1]
        if time[0] <= since and following.size and following[0] < since + 300 * _DAY:
            found[row] = (following[0] - since) / _DAY
    return xr.DataArray(
        found, {"year": years}, ("year",), attrs=attributes("freeze-up after " + begins, "day")
    )
