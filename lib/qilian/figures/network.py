"""The network of interferograms."""

import matplotlib.dates as mdates
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from qilian.figures.style import COHERENCE_MAP, COHERENCE_NORM, INK


def network_panel(
    axes: Axes,
    pairs: xr.Dataset,
    nodes: xr.Dataset,
    coherence: xr.DataArray,
    norm: Normalize = COHERENCE_NORM,
) -> LineCollection:
    """Draw acquisitions at (date, perpendicular baseline) and pairs as lines between them.

    Where a baseline is unknown, dates lie on a line and pairs are arcs as high as their time span.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    pairs : xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.
    nodes : xarray.Dataset
        Along `date`, `perpendicular_baseline` (m) where it is known.
    coherence : xarray.DataArray
        Mean coherence along `pair`, the lines' colour; grey if missing.
    norm : matplotlib Normalize, optional
        Of the colours; 0 to 1 by default.

    Returns
    -------
    LineCollection
        For a colour bar.
    """
    ends = [pairs["reference_date"].values, pairs["secondary_date"].values]
    first, second = (mdates.date2num(end)[:, np.newaxis] for end in ends)
    known = "perpendicular_baseline" in nodes and bool(
        nodes["perpendicular_baseline"].notnull().all()
    )
    if known:
        height = nodes["perpendicular_baseline"]
        paths = np.concatenate([first, second], 1), np.stack([height.sel(date=e) for e in ends], 1)
        axes.set_ylabel("perpendicular baseline (m)")
    else:
        height = xr.DataArray(np.zeros(nodes.sizes["date"]), dims="date")
        angle, span = np.linspace(0, np.pi, 40), second - first
        paths = first + span * (1 - np.cos(angle)) / 2, span * np.sin(angle)
        axes.set_ylabel("time span (d), baselines unknown")
    # The most coherent pairs are drawn last, on top.
    order = np.argsort(np.nan_to_num(coherence.values))
    lines = LineCollection(
        np.stack(paths, -1)[order],
        cmap=COHERENCE_MAP.with_extremes(bad="#9a9a9a"),
        norm=norm,
        linewidths=1.2,
        alpha=0.9,
    )
    lines.set_array(np.ma.masked_invalid(coherence.values[order]))
    axes.add_collection(lines)
    axes.plot(mdates.date2num(nodes["date"]), height, "o", color=INK, markersize=3.5, zorder=3)
    axes.margins(0.04, 0.08)
    axes.autoscale_view()
    locator = mdates.AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    return lines
