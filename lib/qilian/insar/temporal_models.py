"""How displacement may run in time: linear models, one column a parameter."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import require

DAYS_PER_YEAR = 365.25

_UNITS = {
    "offset": "mm",
    "rate": "mm year-1",
    "sine": "mm",
    "cosine": "mm",
    "thaw_deformation": "mm",
}


def years_since_first(dates: xr.DataArray) -> np.ndarray:
    """Years since the first of the dates, (time,)."""
    days = (dates.values - dates.values.min()) / np.timedelta64(1, "D")
    return days / DAYS_PER_YEAR


def linear_model(dates: xr.DataArray) -> xr.DataArray:
    """Offset and rate: d = c + R t.

    Every model is a matrix (time, parameter) by which its parameters give displacement in mm;
    `unit` along `parameter` is theirs, t is in years.
    """
    return _model(dates, {})


def periodic_model(dates: xr.DataArray) -> xr.DataArray:
    """Rate and a wave of one year: d = c + R t + a sin 2πt + b cos 2πt, t in calendar years."""
    january = dates.values.astype("datetime64[Y]")
    phase = 2 * np.pi * ((dates.values - january) / np.timedelta64(1, "D")) / DAYS_PER_YEAR
    return _model(dates, {"sine": np.sin(phase), "cosine": np.cos(phase)})


def thaw_model(course: xr.DataArray) -> xr.DataArray:
    """Rate and thaw settlement: d = c + R t + E s(t).

    With s as from `index.settlement_course`, E is the deformation of a mean thaw season, negative
    where the ground settles.
    """
    return _model(course["time"], {"thaw_deformation": course.values})


def _model(dates: xr.DataArray, seasonal: dict[str, np.ndarray]) -> xr.DataArray:
    time = years_since_first(dates)
    columns = {"offset": np.ones_like(time), "rate": time, **seasonal}
    require("dates", dates.size, dates.size > 1, "two at least")
    return xr.DataArray(
        np.column_stack(list(columns.values())),
        {
            "time": dates.values,
            "parameter": list(columns),
            "unit": ("parameter", [_UNITS[name] for name in columns]),
        },
        ("time", "parameter"),
        attrs={"long_name": "temporal model"},
    )
