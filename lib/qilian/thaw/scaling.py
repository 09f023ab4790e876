"""Scaling the deformation of a part of a thaw season to the whole of it."""

from typing import Any

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes, labelled
from qilian.contracts.seasons import THAW_SEASON


def fullest_season(
    dates: xr.DataArray, *, thaw_season: tuple[str, str] = THAW_SEASON
) -> tuple[str, str, str]:
    """Return first day, middle and last day of the thaw season that was seen most often.

    Parameters
    ----------
    dates : xarray.DataArray
        Dates of acquisitions.
    thaw_season : (str, str), optional
        Its first and last day, mm-dd; it may cross New Year.

    Returns
    -------
    (str, str, str)
        YYYY-MM-DD; of several seasons that were seen equally often, the last.

    Examples
    --------
    >>> dates = ["2017-01-01", "2018-05-13", "2018-08-07", "2019-05-20", "2019-10-31"]
    >>> fullest_season(xr.DataArray(np.array(dates, "datetime64[ns]"), dims="time"))
    ('2019-05-01', '2019-07-31', '2019-10-31')
    """
    first, last = thaw_season
    years = np.unique(dates.dt.year)
    seasons = [
        (np.datetime64(f"{year}-{first}"), np.datetime64(f"{year + (first > last)}-{last}"))
        for year in (years[0] - 1, *years)
    ]
    seen = [int(((dates >= start) & (dates <= end)).sum()) for start, end in seasons]
    start, end = max(zip(seen, seasons, strict=True))[1]
    return str(start), str(start + (end - start) // 2), str(end)


def scale_season(
    solved: xr.Dataset, fractions: xr.DataArray, partial_end: str, *, minimum_leverage: float = 0.3
) -> xr.Dataset:
    """Scale the deformation from the first date to `partial_end` to that up to the last date.

    With the fractions s of the season's settlement at the dates,
    D = D_part (s_e - s_1) / (s_2 - s_1), and noise is scaled along.

    Parameters
    ----------
    solved : xarray.Dataset
        (time, y, x) `displacement` since the first date and `half_width` of its 95 % interval [mm].
    fractions : xarray.DataArray
        (time,) as from `index.season_fractions`.
    partial_end : str
        YYYY-MM-DD; the last acquisition up to it ends the part.
    minimum_leverage : float, optional
        Fraction s_2 - s_1 below which a part is not scaled.

    Returns
    -------
    xarray.Dataset
        (y, x) `partial`, `scaled` and `scaled_half_width` [mm], the latter two missing for want of
        leverage; `attrs` hold the part's `fraction`, the `factor` and the acquisition that ends it.
    """
    before = np.flatnonzero(solved["time"].values <= np.datetime64(partial_end))
    expected = "a day from the second acquisition on"
    require("the part's last day", partial_end, before.size > 1, expected)
    fraction = float(fractions[before[-1]] - fractions[0])
    enough = fraction >= minimum_leverage and fraction > 0
    factor = float(fractions[-1] - fractions[0]) / fraction if enough else np.nan
    part = solved[["displacement", "half_width"]].isel(time=before[-1], drop=True)
    direction = part["displacement"].attrs.get("direction")
    scaled = attributes("deformation scaled to the whole season", "mm", direction)
    width = attributes("half-width of its 95 % interval", "mm", direction)
    found = xr.Dataset({"partial": part["displacement"]})
    found["scaled"] = (part["displacement"] * factor).assign_attrs(scaled)
    found["scaled_half_width"] = (part["half_width"] * factor).assign_attrs(width)
    ended = str(solved["time"].values[before[-1]])[:10]
    return found.assign_attrs(fraction=fraction, factor=factor, partial_end=ended)


def break_even(factor: float) -> float:
    """Noise up to which scaling one part brings it closer to the whole season.

    With a root mean square D of the whole season's deformation and e of the part's noise, the two
    independent, the mean square error of the part is ((1 - 1 / f) D)² + e² as it is and (f e)²
    scaled by the factor f. The latter is smaller if

        e / D < √((f - 1) / (f + 1)) / f

    Parameters
    ----------
    factor : float
        By which the part is scaled, 1 or more.

    Returns
    -------
    float
        The bound on e / D [1].
    """
    return float(np.sqrt((factor - 1) / (factor + 1)) / factor)


def season_agreement(
    part: xr.Dataset, observed: xr.DataArray, half_width: xr.DataArray
) -> xr.Dataset:
    """Compare a scaled part with the observed whole season.

    Two maps agree at a pixel if they differ by no more than the half-width of the scaled map's
    interval. A map of zeros, held to the same, says how much that asks of a map.

    Parameters
    ----------
    part : xarray.Dataset
        As from `scale_season`.
    observed, half_width : xarray.DataArray
        (y, x) deformation of the whole season and half-width of its interval [mm].

    Returns
    -------
    xarray.Dataset
        Scalars: `rmse` and `mean` of scaled minus observed, `rmse_unscaled` of the part as it is,
        medians of both half-widths [mm], and fractions of the pixels that agree, of the scaled map
        and of zeros [percent]. All but those of the observed are missing if the part is.
    """
    difference, reach = part["scaled"] - observed, part["scaled_half_width"]
    known = difference.notnull()
    within = {
        "agreeing": ("pixels that agree within the scaled map's interval", difference),
        "zeros": ("pixels that would agree if the map were zero", observed),
    }
    fractions = {
        name: (100 * (abs(value) <= reach).where(known).mean(), text, "percent")
        for name, (text, value) in within.items()
    }
    found: dict[str, tuple[Any, ...]] = {
        "rmse": (_root_mean_square(difference), "RMSE, scaled minus observed", "mm"),
        "rmse_unscaled": (_root_mean_square(part["partial"] - observed), "RMSE, not scaled", "mm"),
        "mean": (difference.mean(), "mean, scaled minus observed", "mm"),
        "half_width": (reach.median(), "median half-width (95 %), scaled", "mm"),
        "observed_half_width": (half_width.median(), "median half-width (95 %), observed", "mm"),
        **fractions,
    }
    return labelled({name: (float(v), *about) for name, (v, *about) in found.items()})


def scaling_verdicts(part: xr.Dataset, observed: xr.DataArray, agreement: xr.Dataset) -> list[str]:
    """Say whether scaling brings a part closer to the whole season, and how wide its interval is.

    Parameters
    ----------
    part : xarray.Dataset
        As from `scale_season`.
    observed : xarray.DataArray
        (y, x) deformation of the whole season [mm].
    agreement : xarray.Dataset
        As from `season_agreement`.

    Returns
    -------
    list of str
        One to three sentences; the first stands alone.
    """
    end, fraction, factor = (part.attrs[name] for name in ("partial_end", "fraction", "factor"))
    if np.isnan(factor):
        said = f"The part until {end} has {fraction:.2f} of the season's settlement"
        return [f"{said}, too little to be scaled."]
    rmse, unscaled, width, same, zeros = (
        agreement[name].item()
        for name in ("rmse", "rmse_unscaled", "half_width", "agreeing", "zeros")
    )
    brings = "brings it closer" if rmse < unscaled else "does not bring it closer"
    noise = _root_mean_square(part["scaled_half_width"] / 2) / factor / _root_mean_square(observed)
    pays = break_even(factor)
    return [
        f"Scaling the deformation until {end} by {factor:.2f} {brings} to that of the whole "
        f"season: RMSE {rmse:.1f} mm scaled, {unscaled:.1f} mm unscaled.",
        f"The scaled map's 95 % interval (± {width:.1f} mm, median) contains the observed value in "
        f"{same:.0f} % of the pixels; the same interval around zero, in {zeros:.0f} %.",
        f"The part's standard error is {noise:.2f} times the season's deformation (both root mean "
        f"squares); scaling lowers the error only if this ratio is below {pays:.2f}.",
    ]


def scaling_sensitivity(
    solved: xr.Dataset, fractions: xr.DataArray, *, minimum_leverage: float = 0.3
) -> xr.Dataset:
    """Scale parts that end at every acquisition, and compare each with the whole season.

    Parameters
    ----------
    solved, fractions, minimum_leverage
        As `scale_season` has them.

    Returns
    -------
    xarray.Dataset
        (time,) from the second date on: `fraction` of the settlement; root mean square differences
        from the observed whole season [mm], `rmse` of the scaled part and `unscaled` of the part
        as it is; and `expected`, the noise of the scaled part by its standard error [mm]. Two are
        missing where a part is not scaled. The noise of the whole season is left out of the last.
    """
    times = solved["time"].values[1:]
    observed = solved["displacement"].isel(time=-1)
    parts = [
        scale_season(solved, fractions, str(day), minimum_leverage=minimum_leverage)
        for day in times
    ]
    rmse = [_root_mean_square(part["scaled"] - observed) for part in parts]
    unscaled = [_root_mean_square(part["partial"] - observed) for part in parts]
    # Half widths of 95 % intervals are two standard errors, near enough for a guide.
    noise = [_root_mean_square(part["scaled_half_width"] / 2) for part in parts]
    return xr.Dataset(
        {
            "fraction": (
                "time",
                [p.attrs["fraction"] for p in parts],
                attributes("fraction of the part"),
            ),
            "rmse": ("time", rmse, attributes("scaled minus observed", "mm")),
            "unscaled": ("time", unscaled, attributes("part minus observed", "mm")),
            "expected": ("time", noise, attributes("expected of the part's noise", "mm")),
        },
        {"time": times},
    )


def _root_mean_square(field: xr.DataArray) -> float:
    return float(np.sqrt((field**2).mean()))
