"""Scaling the deformation of a part of a thaw season to the whole of it."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes


def scale_season(
    solved: xr.Dataset, shares: xr.DataArray, partial_end: str, *, minimum_leverage: float = 0.3
) -> xr.Dataset:
    """Scale the deformation from the first date to `partial_end` to that up to the last date.

    With the shares s of the season's settlement at the dates, D = D_part (s_e - s_1) / (s_2 - s_1),
    and noise is scaled along.

    Parameters
    ----------
    solved : xarray.Dataset
        (time, y, x) `displacement` since the first date and `half_width` of its 95 % interval [mm].
    shares : xarray.DataArray
        (time,) as from `index.season_fractions`.
    partial_end : str
        YYYY-MM-DD; the last acquisition up to it ends the part.
    minimum_leverage : float, optional
        Share s_2 - s_1 below which a part is not scaled.

    Returns
    -------
    xarray.Dataset
        (y, x) `partial`, `scaled` and `scaled_half_width` [mm], the latter two missing for want of
        leverage; `attrs` hold the part's `share`, the `factor` and the acquisition that ends it.
    """
    before = np.flatnonzero(solved["time"].values <= np.datetime64(partial_end))
    require("partial_end", partial_end, before.size > 1, "a date after the second acquisition")
    share = float(shares[before[-1]] - shares[0])
    enough = share >= minimum_leverage and share > 0
    factor = float(shares[-1] - shares[0]) / share if enough else np.nan
    part = solved[["displacement", "half_width"]].isel(time=before[-1], drop=True)
    whole = attributes("deformation scaled to the whole season", "mm")
    found = xr.Dataset(
        {
            "partial": part["displacement"],
            "scaled": (part["displacement"] * factor).assign_attrs(whole),
            "scaled_half_width": (part["half_width"] * factor).assign_attrs(
                attributes("half-width of its 95 % interval", "mm")
            ),
        }
    )
    ended = str(solved["time"].values[before[-1]])[:10]
    return found.assign_attrs(share=share, factor=factor, partial_end=ended)


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
        As from `scaled`.
    observed, half_width : xarray.DataArray
        (y, x) deformation of the whole season and half-width of its interval [mm].

    Returns
    -------
    xarray.Dataset
        Scalars: `rmse` and `mean` of scaled less observed, `rmse_unscaled` of the part as it is,
        medians of both half-widths [mm], and shares of the pixels that agree, of the scaled map
        and of zeros [percent]. All but those of the observed are missing if the part is.
    """
    difference, reach = part["scaled"] - observed, part["scaled_half_width"]
    known = difference.notnull()
    within = {
        "agreeing": ("pixels that agree within the scaled map's interval", difference),
        "zeros": ("pixels at which a map of zeros would", observed),
    }
    shares = {
        name: (100 * (abs(value) <= reach).where(known).mean(), text, "percent")
        for name, (text, value) in within.items()
    }
    found = {
        "rmse": (_root_mean_square(difference), "RMSE, scaled less observed", "mm"),
        "rmse_unscaled": (_root_mean_square(part["partial"] - observed), "RMSE, not scaled", "mm"),
        "mean": (difference.mean(), "mean, scaled less observed", "mm"),
        "half_width": (reach.median(), "95 % interval of the scaled, median ±", "mm"),
        "observed_half_width": (half_width.median(), "that of the observed, median ±", "mm"),
        **shares,
    }
    return xr.Dataset(
        {name: ((), float(v), attributes(*about)) for name, (v, *about) in found.items()}
    )


def season_errors(
    part: xr.Dataset,
    observed: xr.DataArray,
    half_width: xr.DataArray,
    true_part: xr.DataArray,
    true_whole: xr.DataArray,
) -> xr.Dataset:
    """Hold maps of the whole season against the truth: observed, scaled, not scaled.

    The true part times the factor errs by what the root law does alone.

    Parameters
    ----------
    part, observed, half_width
        As `agreement` has them.
    true_part, true_whole : xarray.DataArray
        (y, x) true deformation of the part and of the whole season [mm].

    Returns
    -------
    xarray.Dataset
        (map,) `mean` and `rmse` of each less the true whole where the season was observed [mm],
        and `holding`, the share of its intervals that hold the truth [percent]; missing for maps
        that claim no interval of the whole season.
    """
    maps = {
        "observed, whole season": (observed, half_width),
        "part, scaled": (part["scaled"], part["scaled_half_width"]),
        "part, not scaled": (part["partial"], None),
        "the law alone: true part × factor": (true_part * part.attrs["factor"], None),
    }
    rows = []
    for field, reach in maps.values():
        error = (field - true_whole).where(observed.notnull())
        held = np.nan if reach is None else (abs(error) <= reach).where(error.notnull()).mean()
        rows.append((float(error.mean()), _root_mean_square(error), 100 * float(held)))
    mean, rmse, holding = zip(*rows, strict=True)
    return xr.Dataset(
        {
            "mean": ("map", list(mean), attributes("mean error", "mm")),
            "rmse": ("map", list(rmse), attributes("RMSE", "mm")),
            "holding": (
                "map",
                list(holding),
                attributes("intervals that hold the truth", "percent"),
            ),
        },
        {"map": list(maps)},
    )


def scaling_sensitivity(
    solved: xr.Dataset, shares: xr.DataArray, *, minimum_leverage: float = 0.3
) -> xr.Dataset:
    """Scale parts that end at every acquisition, and compare each with the whole season.

    Parameters
    ----------
    solved, shares, minimum_leverage
        As `scaled` has them.

    Returns
    -------
    xarray.Dataset
        (time,) from the second date on: `share` of the settlement; root mean square differences
        from the observed whole season [mm], `rmse` of the scaled part and `unscaled` of the part
        as it is; and `expected`, the noise of the scaled part by its standard error [mm]. Two are
        missing where a part is not scaled. The noise of the whole season is left out of the last.
    """
    times = solved["time"].values[1:]
    observed = solved["displacement"].isel(time=-1)
    parts = [
        scale_season(solved, shares, str(day), minimum_leverage=minimum_leverage) for day in times
    ]
    rmse = [_root_mean_square(part["scaled"] - observed) for part in parts]
    unscaled = [_root_mean_square(part["partial"] - observed) for part in parts]
    # Half widths of 95 % intervals are two standard errors, near enough for a guide.
    noise = [_root_mean_square(part["scaled_half_width"] / 2) for part in parts]
    return xr.Dataset(
        {
            "share": ("time", [p.attrs["share"] for p in parts], attributes("share of the part")),
            "rmse": ("time", rmse, attributes("scaled less observed", "mm")),
            "unscaled": ("time", unscaled, attributes("part less observed", "mm")),
            "expected": ("time", noise, attributes("expected of the part's noise", "mm")),
        },
        {"time": times},
    )


def _root_mean_square(field: xr.DataArray) -> float:
    return float(np.sqrt((field**2).mean()))
