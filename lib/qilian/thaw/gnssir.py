"""GNSS interferometric reflectometry beside InSAR: elevation change, and how two series agree.

A series is a dataset (time,) of `displacement` [mm], vertical and positive as the ground rises,
with its `standard_error` [mm] and the `degrees_of_freedom` of that.
"""

from typing import Any

import numpy as np
import xarray as xr
from scipy.special import chdtri

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import VERTICAL, attributes, written_number
from qilian.spatial.grids import distance_from

LEAST_EPOCHS = 3  # that a slope and a correlation are worth stating for


def during(series: xr.Dataset, start: str, end: str) -> xr.Dataset:
    """Keep the dates from `start` to `end`, both YYYY-MM-DD and included.

    Raises
    ------
    InputError
        No date, an end before the start, or nothing in between.
    """
    try:
        first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    except ValueError:
        raise InputError(f"the window is {start} to {end}, expected YYYY-MM-DD twice.") from None
    require("end", end, bool(first <= last), f"a day from {start} on")
    days = _days(series["time"])
    kept = series.isel(time=(days >= first) & (days <= last))
    if not kept.sizes["time"]:
        name = series.attrs.get("source", "the series")
        span = f"it runs from {days.min()} to {days.max()}" if days.size else "it is empty"
        raise InputError(f"{name} has no date from {start} to {end}, expected some: {span}.")
    return kept


def elevation_change(reflector_height: xr.DataArray) -> xr.DataArray:
    """Turn reflector height into surface elevation change, -(RH - mean RH).

    The antenna hangs higher above ground that sinks. What moves antenna and ground alike, such as
    the thaw of what the mast is founded on, does not show.

    Parameters
    ----------
    reflector_height : xarray.DataArray
        (time,) [m].

    Returns
    -------
    xarray.DataArray
        (time,) [mm], of mean zero, positive as the ground rises.

    Raises
    ------
    InputError
        No height has a value.
    """
    if reflector_height.isnull().all():
        raise InputError("reflector height has no value, expected some to tell a change by.")
    change = -1000 * (reflector_height - reflector_height.mean())
    about = attributes("surface elevation change by GNSS-IR", "mm")
    return change.rename("elevation_change").assign_attrs(about)


def average_around(
    elevation_change: xr.DataArray, dates: xr.DataArray, *, days: int = 3
) -> xr.Dataset:
    """Average daily elevation changes around dates such as those of a radar.

    The standard error is that of the mean of the n days within the window, s / √n with n - 1
    degrees of freedom. It takes what the ground does within the window for noise too, and errors
    of different days for independent.

    Parameters
    ----------
    elevation_change : xarray.DataArray
        (time,) [mm], a value a day or fewer.
    dates : xarray.DataArray
        (time,) middle of each window.
    days : int, optional
        Longest distance from it [day].

    Returns
    -------
    xarray.Dataset
        A series at `dates` and `days`, how many were averaged. Missing where there is none, its
        error also where there is one.

    Raises
    ------
    InputError
        A negative `days`; no window holds a day.
    """
    require("days", days, days >= 0, "0 or more")
    known = elevation_change.dropna("time")
    apart = abs(_days(dates)[:, np.newaxis] - _days(known["time"]))
    near = apart <= np.timedelta64(days, "D")
    if not near.any():
        raise InputError(
            f"no day of GNSS-IR lies within {days} days of an acquisition, expected some."
        )
    n = near.sum(axis=1)
    mean = near @ known.values / np.where(n > 0, n, np.nan)
    squares = (near * (known.values - mean[:, np.newaxis]) ** 2).sum(axis=1)
    freedom = np.where(n > 1, n - 1.0, np.nan)
    about = elevation_change.attrs["long_name"]
    error = np.sqrt(squares / freedom / n)
    return xr.Dataset(
        {
            "displacement": ("time", mean, attributes(f"{about}, averaged", "mm")),
            "standard_error": ("time", error, attributes("standard error of the mean", "mm")),
            "degrees_of_freedom": ("time", freedom, attributes("degrees of freedom")),
            "days": ("time", n, attributes("days averaged")),
        },
        {"time": dates.values},
    )


def at_station(
    displacement: xr.Dataset, longitude: float, latitude: float, *, radius: float
) -> xr.Dataset:
    """Average vertical displacement over the pixels around a station.

    The same pixels at every date, those that are measured at each; a date that the model alone
    reaches is not. The standard error is the average of the pixels' own: the delay of the
    atmosphere, most of it, hardly changes over a kilometre, so that averaging neighbours does not
    lessen it. Where their errors are not correlated it is too large.

    Parameters
    ----------
    displacement : xarray.Dataset
        (time, y, x) `displacement` and `standard_error` [mm], (y, x) `degrees_of_freedom`, as from
        `sbas.invert` and `rates.vertical`; may be lazy.
    longitude, latitude : float
        The station [degree].
    radius : float
        Farthest pixel centre [m].

    Returns
    -------
    xarray.Dataset
        A series, without dates that have no value, and `pixels`, how many were averaged.

    Raises
    ------
    InputError
        The station lies outside the grid, no pixel within the radius, none measured throughout.
    """
    apart = distance_from(displacement, longitude, latitude)
    closest = f"{float(apart.min()):.0f} m or more, where the closest pixel centre is"
    require("radius", radius, bool((apart <= radius).any()), closest)
    wanted = displacement[["displacement", "standard_error", "degrees_of_freedom"]]
    around = wanted.where(apart <= radius, drop=True).drop_vars("spatial_ref").compute()
    measured = around["displacement"].notnull() & around["standard_error"].notnull()
    dates = measured.any(("y", "x"))
    complete = (measured | ~dates).all("time") & dates.any()
    if not complete.any():
        raise InputError(
            f"no pixel within {radius:g} m of the station is measured at every date, expected one."
        )
    kept = around.where(complete).isel(time=dates.values)
    mean = kept.mean(("y", "x"))
    freedom = kept["degrees_of_freedom"].min().expand_dims(time=mean["time"])
    series = mean.assign(degrees_of_freedom=freedom, pixels=complete.sum())
    about = {
        "displacement": ("displacement at the station", "mm", VERTICAL),
        "standard_error": ("standard error of the displacement", "mm", VERTICAL),
        "degrees_of_freedom": ("degrees of freedom",),
        "pixels": ("pixels averaged",),
    }
    for name, words in about.items():
        series[name].attrs = attributes(*words)
    return series


def series_agreement(series: xr.DataArray, reference: xr.DataArray) -> xr.Dataset:
    """Say how well a series agrees with another, whatever the level of either.

    With d the differences at the N dates at which both have a value,

        offset = d̄,   RMSE = √(Σ (d - d̄)² / N)

    A first date in common would put its own error into every difference; the mean does not. The
    slope is that of least squares of `series` on `reference`; noise of the latter lowers it.

    Parameters
    ----------
    series, reference : xarray.DataArray
        (time,) [mm].

    Returns
    -------
    xarray.Dataset
        Scalars: `epochs`, `offset` and `rmse` [mm], `correlation` and `slope` [1], the last two
        missing where a series is constant.

    Raises
    ------
    InputError
        Fewer than three dates in common.
    """
    one, other = xr.align(series.dropna("time"), reference.dropna("time"), join="inner")
    if one.size < LEAST_EPOCHS:
        raise InputError(
            f"the two series have {one.size} dates in common, expected {LEAST_EPOCHS} or more."
        )
    difference = one - other
    a, b = one - one.mean(), other - other.mean()
    parts: dict[str, tuple[Any, ...]] = {
        "epochs": (one.size, "dates"),
        "offset": (difference.mean(), "offset", "mm"),
        "rmse": (difference.std(), "RMSE without offset", "mm"),
        "correlation": ((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()), "correlation r"),
        "slope": ((a * b).sum() / (b**2).sum(), "slope"),
    }
    return xr.Dataset(
        {name: ((), np.asarray(v), attributes(*about)) for name, (v, *about) in parts.items()}
    )


def compare_series(insar: xr.Dataset, gnssir: xr.Dataset) -> xr.Dataset:
    """Hold InSAR against GNSS-IR at the dates of both, with the uncertainty of each.

    The InSAR series is lowered by the mean difference over these dates. Its displacements since a
    first date hold that date's error as well as their own, and the offset takes the first's away:
    the standard error of what is left is that of one date, 1 / √2 of what it was. The RMSE to be
    expected of two series of N dates that differ by their errors alone is

        √((1 - 1 / N) · mean(σ_InSAR² + σ_GNSS-IR²))

    In one case of twenty they exceed it √(χ²(0.95; N - 1) / (N - 1)) times, if their errors are
    normal, independent from date to date and alike.

    Parameters
    ----------
    insar, gnssir : xarray.Dataset
        Series as from `at_station` and `average_around`.

    Returns
    -------
    xarray.Dataset
        (time,) `insar`, `gnssir` and their `difference` [mm], each of the two with
        `{name}_standard_error` [mm] and `{name}_degrees_of_freedom`, and `days`; the scalars of
        `series_agreement`, `expected_rmse` and `rmse_by_chance`, which errors alone exceed in 5 %
        of cases [mm].

    Raises
    ------
    InputError
        As `series_agreement`.
    """
    insar, gnssir = xr.align(insar, gnssir, join="inner")
    scores = series_agreement(insar["displacement"], gnssir["displacement"])
    # The first date itself, zero without error by definition, errs as the others once it is free.
    error = insar["standard_error"].where(insar["standard_error"] > 0)
    error = error.fillna(error.mean()) / np.sqrt(2)
    parts: dict[str, tuple[Any, ...]] = {
        "insar": (insar["displacement"] - scores["offset"], "InSAR", "mm"),
        "insar_standard_error": (error, "error of InSAR", "mm"),
        "insar_degrees_of_freedom": (insar["degrees_of_freedom"], "its degrees of freedom"),
        "gnssir": (gnssir["displacement"], "GNSS-IR", "mm"),
        "gnssir_standard_error": (gnssir["standard_error"], "error of GNSS-IR", "mm"),
        "gnssir_degrees_of_freedom": (gnssir["degrees_of_freedom"], "its degrees of freedom"),
        "days": (gnssir["days"], "days averaged"),
    }
    both = xr.Dataset({n: v.assign_attrs(attributes(*about)) for n, (v, *about) in parts.items()})
    both = both.dropna("time", subset=["insar", "gnssir"])
    difference = both["insar"] - both["gnssir"]
    both["difference"] = difference.assign_attrs(attributes("InSAR minus GNSS-IR", "mm"))
    variance = both["insar_standard_error"] ** 2 + both["gnssir_standard_error"] ** 2
    expected = ((1 - 1 / scores["epochs"]) * variance.mean()) ** 0.5
    scores["expected_rmse"] = expected.assign_attrs(attributes("RMSE expected from errors", "mm"))
    freedom = scores["epochs"] - 1
    by_chance = expected * np.sqrt(chdtri(freedom, 0.05) / freedom)
    about = attributes("RMSE that errors exceed in 5 % of cases", "mm")
    scores["rmse_by_chance"] = by_chance.assign_attrs(about)
    return both.merge(scores)


def agreement_sentences(compared: xr.Dataset) -> list[str]:
    """Return in sentences whether two series differ by more than their errors.

    A disagreement of root mean square d brings the RMSE to its limit if d² makes up what the
    limit's square has over the expected one's. A smaller one is more likely to be missed than not.

    Parameters
    ----------
    compared : xarray.Dataset
        As from `compare_series`, with `insar_half_width` and `gnssir_half_width` (time,), the
        half-widths of the 95 % intervals [mm].
    """
    rmse, expected, limit = (
        float(compared[name]) for name in ("rmse", "expected_rmse", "rmse_by_chance")
    )
    said = f"InSAR and GNSS-IR differ by {rmse:.1f} mm (RMSE of {int(compared['epochs'])} dates)"
    if np.isnan(limit):
        said += "; what errors alone would give is unknown"
    elif rmse > limit:
        said += f", more than the {limit:.1f} mm that errors alone exceed in 5 % of cases"
    else:
        said += f"; errors alone would give {expected:.1f} mm, so no disagreement is seen"
    ends = compared.isel(time=[0, -1])
    first, last = (f"{date:%-d %B %Y}" for date in ends["time"].to_index())
    moved = f"{_movement(ends, 'insar')} in InSAR and by {_movement(ends, 'gnssir')} in GNSS-IR"
    between = f"From {first} to {last} the ground moved by {moved} (95 %)."
    if np.isnan(limit):
        return [f"{said}.", between]
    missed = f"A true difference below {(limit**2 - expected**2) ** 0.5:.0f} mm (root mean square)"
    return [f"{said}.", between, f"{missed} would more likely than not go unseen."]


def _movement(ends: xr.Dataset, name: str) -> str:
    """Write what a series says of the time between two dates, with its interval."""
    moved = written_number(ends[name].diff("time").item(), plus=True)
    reach = np.hypot(*ends[f"{name}_half_width"].values)
    return f"{moved} mm" if np.isnan(reach) else f"{moved} ± {reach:.1f} mm"


def _days(times: xr.DataArray) -> np.ndarray:
    return times.values.astype("datetime64[D]")
