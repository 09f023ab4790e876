"""A stack thinned to what a page can carry."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.insar.network import pair_names, time_span


def pair_preview(stack: xr.DataArray, *, frames: int, columns: int = 160) -> xr.DataArray:
    """Thin a stack to what a page can carry, and name its pairs.

    Keeps `frames` pairs at most, evenly spread over the list, and averages blocks of pixels until
    the map is at most `columns` wide.

    Parameters
    ----------
    stack : xarray.DataArray
        (pair, y, x).
    frames, columns : int
        Most pairs and most pixels from west to east.

    Returns
    -------
    xarray.DataArray
        (pair, y, x); `pair` has both dates of a pair, the days between them and the map's mean.
    """
    require("frames", frames, frames >= 1, "1 or more")
    pairs = np.unique(np.linspace(0, stack.sizes["pair"] - 1, frames).round().astype(int))
    step = -(-stack.sizes["x"] // columns)
    coarse = stack.isel(pair=pairs).coarsen(x=step, y=step, boundary="trim").mean()
    coarse = coarse.astype("float32").compute()
    days, means = time_span(coarse.to_dataset(name="value")).values, coarse.mean(("y", "x")).values
    described = [
        f"{name}, {span:.0f} d, mean {mean:.2f}"
        for name, span, mean in zip(pair_names(coarse), days, means, strict=True)
    ]
    dates = [name for name in coarse.coords if coarse[name].dims == ("pair",)]
    return coarse.drop_vars(dates).assign_coords(pair=described)
