"""Figure S4's charts: a scaled season pixel by pixel, and by the end of the part."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from qilian.figures.style import INK


def density_panel(axes: Axes, observed: xr.DataArray, scaled: xr.DataArray) -> None:
    """Draw how many pixels lie where, scaled over observed, on one scale with the line of equality.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    observed, scaled : xarray.DataArray
        (y, x) [mm]; `scaled` is missing where a part was not scaled.
    """
    points = observed.values.ravel(), scaled.values.ravel()
    low, high = np.nanmin(points) - 3, np.nanmax(points) + 3
    style = {"gridsize": 45, "bins": "log", "cmap": "cividis_r", "mincnt": 1}
    if np.isfinite(points[1]).any():
        counts = axes.hexbin(*points, extent=(low, high) * 2, **style)
        axes.figure.colorbar(counts, ax=axes, label="pixels")
    axes.axline((0, 0), slope=1, color=INK, linewidth=1)
    axes.set(title="(e) pixel by pixel", xlabel="observed (mm)", ylabel="scaled (mm)")
    axes.set(aspect="equal", xlim=(low, high), ylim=(low, high))


def sensitivity_panel(axes: Axes, every: xr.Dataset, *, minimum_leverage: float) -> None:
    """Draw how far parts, scaled or not, are from the whole season, by the date that ends them.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    every : xarray.Dataset
        As from `thaw.scaling_sensitivity`.
    minimum_leverage : float
        Below which a part is not scaled; these are shaded.
    """
    time = every["time"]
    axes.plot(time, every["unscaled"], "^-", c="#d6452b", label="not scaled")
    axes.plot(time, every["rmse"], "o-", c=INK, label="scaled minus observed")
    axes.plot(time, every["expected"], "s--", c="#1f5fbf", label="expected from noise")
    weak = time.values[every["rmse"].isnull().values]
    if weak.size:
        half = np.diff(time.values).min() / 2
        label = f"fraction below {minimum_leverage:g}"
        axes.axvspan(time.values[0] - half, weak[-1] + half, color="#e3e3e3", label=label)
    axes.set(title="(f) by the end of the part", ylabel="RMSE (mm)", ylim=(0, None))
    axes.legend(fontsize=8, loc="upper right")
