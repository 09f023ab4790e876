"""Scaling the deformation of a part of a thaw season to the whole of it."""

import numpy as np
import xarray as xr

from qilian.contracts import attributes, require


def scaled(
    solved: xr.Dataset, shares: xr.DataArray, partial_end: str, *, minimum_leverage: float = 0.3
) -> xr.Dataset:
    """Scale the deformation from the first date to `partial_end` to that up to the last date.

    With the shares s of the season's settlement at the dates, D = D_part (s_e - s_1) / (s_2 - s_1),
    and noise is scaled along.

    Parameters
    ----------
    solved : xarray.Dataset
        (time, y, x) `displacement` since the first date and half width of its `interval` [mm].
    shares : xarray.DataArray
        (time,) as from `thaw.season_shares`.
    partial_end : str
        YYYY-MM-DD; the last acquisition up to it ends the part.
    minimum_leverage : float, optional
        Share s_2 - s_1 below which a part is not scaled.

    Returns
    -------
    xarray.Dataset
        (y, x) `partial`, `scaled` and `scaled_interval` [mm], the latter two missing for want of
        leverage; `attrs` hold the part's `share`, the `factor` and the acquisition that ends it.
    """
    before = np.flatnonzero(solved["time"].values <= np.datetime64(partial_end))
    require("partial_end", partial_end, before.size > 1, "a date after the second acquisition")
    share = float(shares[before[-1]] - shares[0])
    enough = share >= minimum_leverage and share > 0
    factor = float(shares[-1] - shares[0]) / share if enough else np.nan
    part = solved[["displacement", "interval"]].isel(time=before[-1], drop=True)
    whole = attributes("deformation scaled to the whole season", "mm")
    found = xr.Dataset(
        {
            "partial": part["displacement"],
            "scaled": (part["displacement"] * factor).assign_attrs(whole),
            "scaled_interval": (part["interval"] * factor).assign_attrs(
                attributes("half width of its 95 % interval", "mm")
            ),
        }
    )
    ended = str(solved["time"].values[before[-1]])[:10]
    return found.assign_attrs(share=share, factor=factor, partial_end=ended)


def sensitivity(solved: xr.Dataset, shares: xr.DataArray) -> xr.Dataset:
    """Scale parts that end at every acquisition, and compare each with the whole season.

    Returns
    -------
    xarray.Dataset
        (time,) from the second date on: `share` of the settlement; `rmse`, root mean square
        difference from the observed whole season, and `expected`, what the noise of the part would
        bring to it [mm]. The noise of the whole season, which both share in part, is left out.
    """
    times = solved["time"].values[1:]
    observed = solved["displacement"].isel(time=-1)
    parts = [scaled(solved, shares, str(day), minimum_leverage=0.05) for day in times]
    rmse = [float(np.sqrt(((part["scaled"] - observed) ** 2).mean())) for part in parts]
    # Half widths of 95 % intervals are two standard errors, near enough for a guide.
    noise = [float(np.sqrt(((part["scaled_interval"] / 2) ** 2).mean())) for part in parts]
    return xr.Dataset(
        {
            "share": ("time", [p.attrs["share"] for p in parts], attributes("share of the part")),
            "rmse": ("time", rmse, attributes("difference from the observed", "mm")),
            "expected": ("time", noise, attributes("expected of the part's noise", "mm")),
        },
        {"time": times},
    )
