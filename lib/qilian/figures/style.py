"""How figures look: style, a network, a confidence band, the stamp of simulated data."""

from collections.abc import Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any

import cmcrameri.cm as crameri
import matplotlib.dates as mdates
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure

COHERENCE_MAP = crameri.batlow
COHERENCE_NORM = Normalize(0, 1)
INK = "#1a1a1a"
MISSING = "#b0b0b0"  # ground without a value, on any map: darker than the colours near zero
DISPLACEMENT_MAP = crameri.vik_r  # red where the ground sinks, blue where it rises
COHERENCE_PALETTE = [to_hex(color) for color in COHERENCE_MAP.colors]  # the same map for Bokeh
# The caption of Figure S5 names black, blue and red; these hues stay apart for colour-blind eyes
# and in print, since the blue is darker than the red is light.
WINDOW_COLORS = ("#1a1a1a", "#1f5fbf", "#d6452b", "#2a8f6d", "#9a6ab0")

STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "figure.dpi": 110,
        "savefig.dpi": 200,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e3e3e3",
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "date.converter": "concise",
        "legend.frameon": False,
        "image.interpolation": "nearest",
    }
)


def stamp(figure: Figure, data: xr.Dataset) -> None:
    """Write below a figure what its input is, in red where it is simulated."""
    simulated = data.attrs["simulated"] == "yes"
    text = "SIMULATED DATA, not the paper's · " if simulated else "Data: "
    color = "#b3261e" if simulated else "#555555"
    figure.supxlabel(text + data.attrs["title"], x=0.99, ha="right", fontsize=8.5, color=color)


def letters() -> Iterator[str]:
    """Letters of a figure's panels, from (a) on."""
    return (f"({chr(97 + number)})" for number in count())


def titled(text: str, data: xr.Dataset) -> str:
    """Title of a view, marked in front, where no screen cuts it, if its input is simulated."""
    return f"Simulated: {text}" if data.attrs["simulated"] == "yes" else text


def axis_label(axis: xr.DataArray) -> str:
    """Name a coordinate with its units."""
    units = axis.attrs["units"]
    if units == "metre":
        return "easting (m)" if axis.name == "x" else "northing (m)"
    return f"{axis.attrs['long_name']} ({'°' if units.startswith('degree') else units})"


def robust_limits(fit: xr.Dataset, name: str) -> tuple[float, float]:
    """Axis limits that show every estimate and most bounds, but keep the estimates apart.

    Four fifths of the bounds on either side, though never more than twice the highest estimate.
    """
    estimate, lower, upper = (fit[name + part] for part in ("", "_lower", "_upper"))
    if estimate.isnull().all():
        return 0.0, 1.0
    lowest, highest = float(estimate.min()), float(estimate.max())
    if lower.notnull().any():
        lowest = min(lowest, float(lower.quantile(0.2)))
    if upper.notnull().any():
        highest = max(highest, min(float(upper.quantile(0.8)), 2 * highest))
    return 0.9 * lowest, 1.1 * highest


def network_panel(
    axes: Axes, pairs: xr.Dataset, nodes: xr.Dataset, coherence: xr.DataArray
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
        Mean coherence along `pair`, the lines' colour on the common scale 0–1; grey if missing.

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
        height = np.zeros(nodes.sizes["date"])
        angle, span = np.linspace(0, np.pi, 40), second - first
        paths = first + span * (1 - np.cos(angle)) / 2, span * np.sin(angle)
        axes.set_ylabel("time span (d), baselines unknown")
    # The most coherent pairs are drawn last, on top.
    order = np.argsort(np.nan_to_num(coherence.values))
    lines = LineCollection(
        np.stack(paths, -1)[order],
        cmap=COHERENCE_MAP.with_extremes(bad="#9a9a9a"),
        norm=COHERENCE_NORM,
        linewidths=1.4,
        alpha=0.9,
    )
    lines.set_array(np.ma.masked_invalid(coherence.values[order]))
    axes.add_collection(lines)
    axes.plot(mdates.date2num(nodes["date"]), height, "o", color=INK, markersize=4.5, zorder=3)
    axes.margins(0.04, 0.08)
    axes.autoscale_view()
    locator = mdates.AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    return lines


def confidence_band(axes: Axes, fit: xr.Dataset, name: str, *, color: str, label: str) -> None:
    """Draw an estimate as a line and its 95 % interval as a shade, both broken where missing.

    A lower bound without an upper one is an interval open to the top and shaded so; a value
    whose neighbours are missing gets a bar instead, since a shade needs two.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    fit : xarray.Dataset
        Along one dimension: `name`, `{name}_lower` and `{name}_upper`.
    name : str
        The estimate.
    color, label : str
        Of the line and its entry in the legend.
    """
    estimate, lower, upper = (fit[name + part] for part in ("", "_lower", "_upper"))
    x = estimate[estimate.dims[0]]
    open_top = np.isfinite(lower) & ~np.isfinite(upper)
    ceiling = upper.where(~open_top, 1e6)
    axes.fill_between(x, lower, ceiling, color=color, alpha=0.16, linewidth=0)
    axes.plot(x, estimate, color=color, marker="o", markersize=3.2, linewidth=1.4, label=label)
    held = np.isfinite(lower.values)
    beside = np.pad(held, 1)
    lone = held & ~beside[:-2] & ~beside[2:]
    axes.vlines(x.values[lone], lower.values[lone], ceiling.values[lone], color=color, alpha=0.3)
