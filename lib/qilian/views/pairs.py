"""A stack pair by pair: a map with a slider through the pairs, and no server behind it."""

from collections.abc import Sequence

import numpy as np
import panel as pn
import xarray as xr
from bokeh.layouts import column
from bokeh.models import CustomJS

from qilian.contracts.errors import require
from qilian.insar.network import pair_names, time_span
from qilian.views.live import interactive, live_map, live_slider

MISSING = 255  # code of a missing value; the others go from the first to the last colour

_SHOW = """
const picture = map.data.image[0], size = picture.length, start = slider.value * size;
for (let k = 0; k < size; k++) {
  const code = codes[start + k];
  picture[k] = code === 255 ? NaN : low + code * step;
}
map.change.emit();
"""


def pair_preview(stack: xr.DataArray, *, frames: int, columns: int = 160) -> xr.DataArray:
    """Thin a stack (pair, y, x) to what a page can carry.

    Keeps `frames` pairs at most, evenly spread over the list, and averages blocks of pixels until
    the map is at most `columns` wide.
    """
    require("frames", frames, frames >= 1, "1 or more")
    pairs = np.unique(np.linspace(0, stack.sizes["pair"] - 1, frames).round().astype(int))
    step = -(-stack.sizes["x"] // columns)
    coarse = stack.isel(pair=pairs).coarsen(x=step, y=step, boundary="trim").mean()
    return coarse.astype("float32").compute()


def pair_slider(
    stack: xr.DataArray,
    data: xr.Dataset,
    *,
    palette: Sequence[str],
    limits: tuple[float, float],
) -> pn.pane.Bokeh:
    """Draw a quantity pair by pair.

    The page carries a byte a value, so that a value is shown to 1/508 of the limits' distance.

    Parameters
    ----------
    stack : xarray.DataArray
        (pair, y, x), few and coarse enough for a page (see `pair_preview`).
    data : xarray.Dataset
        The loaded input, for its simulated mark.
    palette : sequence of str
        Colours from low to high.
    limits : tuple of float
        Values of the first and the last colour, which values beyond are shown by.

    Returns
    -------
    panel Bokeh pane
    """
    upright = stack.sortby("y").sortby("x").transpose("pair", "y", "x")
    low, high = limits
    step = (high - low) / (MISSING - 1)
    coded = ((upright.values - low) / step).round().clip(0, MISSING - 1)
    codes = np.where(np.isfinite(coded), coded, MISSING).astype("uint8")
    plot, source = live_map(
        upright.values[0],
        upright.coords.to_dataset().assign_attrs(data.attrs),
        title="pair by pair",
        tools="pan,wheel_zoom,box_zoom,reset,hover",
        palette=palette,
        limits=limits,
        label=stack.attrs["long_name"],
    )
    plot.hover.tooltips = [(stack.attrs["long_name"], "@image{0.00}")]
    slider = live_slider("pair", _described(upright), 0)
    about = {"map": source, "slider": slider, "codes": codes.ravel(), "low": low, "step": step}
    slider.js_on_change("value", CustomJS(args=about, code=_SHOW))
    return interactive(column(plot, slider, sizing_mode="stretch_width"))


def _described(stack: xr.DataArray) -> list[str]:
    """Name each pair, how far its dates lie apart, and its mean."""
    days, means = time_span(stack.to_dataset(name="value")).values, stack.mean(("y", "x")).values
    about = zip(pair_names(stack), days, means, strict=True)
    return [f"{name}, {span:.0f} d, mean {mean:.2f}" for name, span, mean in about]
