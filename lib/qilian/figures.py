"""How figures look: style, a map, a network, a confidence band, the stamp of simulated data."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import cmcrameri.cm as crameri
import matplotlib.dates as mdates
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from pyproj import Geod

COHERENCE_MAP = crameri.batlow
COHERENCE_NORM = Normalize(0, 1)
INK = "#1a1a1a"
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

_WGS84 = Geod(ellps="WGS84")


def stamp(figure: Figure, data: xr.Dataset) -> None:
    """Write below a figure what its input is, in red where it is simulated."""
    simulated = data.attrs["simulated"] == "yes"
    text = "SIMULATED DATA, not the paper's · " if simulated else "Data: "
    color = "#b3261e" if simulated else "#555555"
    figure.supxlabel(text + data.attrs["title"], x=0.99, ha="right", fontsize=8.5, color=color)


def robust_limits(fit: xr.Dataset, name: str) -> tuple[float, float]:
    """Axis limits that show every estimate and most bounds, but keep the estimates apart.

    Four fifths of the bounds on either side, though never more than twice the highest estimate.
    """
    estimate, lower, upper = (fit[name + part] for part in ("", "_lower", "_upper"))
    if estimate.isnull().all():
        return 0.0, 1.0
    lowest, highest = float(estimate.min()), float(estimate.max())
    low = np.nanmin([lowest, lower.quantile(0.2)])
    high = np.nanmax([highest, min(upper.quantile(0.8), 2 * highest)])
    return 0.9 * float(low), 1.1 * float(high)


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


def map_panel(
    axes: Axes, field: xr.DataArray, *, cmap: Any, norm: Normalize, furniture: bool = True
) -> ScalarMappable:
    """Draw a map (y, x) in its own coordinates; missing is hatched.

    Its `furniture` is a scale bar and north.

    Geographic grids are drawn with the aspect of their middle latitude. North is the direction
    of growing y, which holds on geographic and, within a degree or two, on UTM grids.
    """
    x, y = field["x"].values, field["y"].values
    half_x, half_y = (abs(step) / 2 for step in field.rio.resolution())
    extent = (x.min() - half_x, x.max() + half_x, y.min() - half_y, y.max() + half_y)
    rows = field if y[0] >= y[-1] else field.isel(y=slice(None, None, -1))
    geographic = field.rio.crs.is_geographic
    axes.set_facecolor("#f2f2f2")
    axes.patch.set(hatch="////", edgecolor="#c9c9c9")
    aspect = 1 / np.cos(np.radians(y.mean())) if geographic else 1
    image = axes.imshow(rows.values, extent=extent, cmap=cmap, norm=norm, aspect=aspect)
    axes.grid(False)
    _name_axes(axes, geographic)
    axes.locator_params(nbins=5)
    axes.ticklabel_format(style="plain", useOffset=False)
    if furniture:
        _scale_bar(axes, extent, geographic)
    return image


def map_grid(
    figure: Figure, fields: Mapping[str, xr.DataArray], *, columns: int, cmap: Any, norm: Normalize
) -> ScalarMappable:
    """Draw maps of one extent side by side on one colour scale, each under its title.

    Returns what a colour bar needs. The first map alone carries scale bar and north.
    """
    rows = -(-len(fields) // columns)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for number, (panel, (title, field)) in enumerate(zip(panels, fields.items(), strict=False)):
        image = map_panel(panel, field, cmap=cmap, norm=norm, furniture=number == 0)
        panel.set_title(title, fontsize=9.5)
        panel.label_outer()
    for panel in panels[len(fields) :]:
        panel.set_visible(False)
    return image


def maps_with_errors(
    figure: Figure,
    fields: Mapping[str, xr.DataArray],
    errors: Mapping[str, xr.DataArray],
    *,
    limit: float,
    largest_error: float,
) -> list[Axes]:
    """Draw a column of maps on one scale centred on zero, and beside it that of their errors.

    Parameters
    ----------
    figure : matplotlib Figure
        Where to draw.
    fields, errors : mapping of str to xarray.DataArray
        Maps (y, x) by title; name and units of the first label the scales.
    limit, largest_error : float
        Where the scales end.

    Returns
    -------
    list of matplotlib Axes
        The panels of `fields`.
    """
    about = next(iter(fields.values())).attrs
    units = about["units"].replace(" year-1", "/a")
    left, right = figure.subfigures(1, 2)
    signed = {"cmap": DISPLACEMENT_MAP, "norm": Normalize(-limit, limit)}
    positive = {"cmap": "cividis_r", "norm": Normalize(0, largest_error)}
    image = map_grid(left, fields, columns=1, **signed)
    panels = list(left.axes)
    bar = {"location": "bottom", "aspect": 35, "shrink": 0.8, "pad": 0.02}
    left.colorbar(image, ax=panels, label=f"{about['long_name']} ({units})", extend="both", **bar)
    image = map_grid(right, errors, columns=1, **positive)
    right.colorbar(image, ax=right.axes, label=f"standard error ({units})", extend="max", **bar)
    return panels


def category_panel(axes: Axes, field: xr.DataArray, colors: Sequence[str]) -> None:
    """Draw a map of classes (y, x) with `flag_values` and `flag_meanings`, and their legend."""
    values = np.atleast_1d(field.attrs["flag_values"])
    names = [name.replace("_", " ") for name in field.attrs["flag_meanings"].split()]
    norm = BoundaryNorm([*(values - 0.5), values[-1] + 0.5], len(values))
    map_panel(axes, field, cmap=ListedColormap(list(colors)), norm=norm)
    patches = [Patch(color=color) for color in colors]
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.22)}
    axes.legend(patches, names, ncols=len(names), fontsize=8, handlelength=1, **below)


def _name_axes(axes: Axes, geographic: bool) -> None:
    axes.set_xlabel("longitude (°)" if geographic else "easting (m)")
    axes.set_ylabel("latitude (°)" if geographic else "northing (m)")


def scale_length(metres: float) -> float:
    """Length of a scale bar: the longest of 1, 2, 5 × 10ⁿ m within a quarter of the width."""
    power = 10 ** np.floor(np.log10(metres / 4))
    return max(step * power for step in (1, 2, 5) if step * power <= metres / 4)


def _scale_bar(axes: Axes, extent: tuple[float, ...], geographic: bool) -> None:
    left, right, bottom, top = extent
    width, middle = right - left, (bottom + top) / 2
    metres = _WGS84.inv(left, middle, right, middle)[2] if geographic else width
    length = scale_length(metres)
    share = length / metres
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    halo = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 2.5}
    transform = axes.transAxes
    axes.plot([0.04, 0.04 + share], [0.05, 0.05], color="white", lw=5, transform=transform)
    axes.plot([0.04, 0.04 + share], [0.05, 0.05], color=INK, lw=2.5, transform=transform)
    axes.text(
        0.04 + share / 2, 0.08, label, ha="center", fontsize=8.5, transform=transform, bbox=halo
    )
    axes.annotate(
        "N",
        xy=(0.965, 0.97),
        xytext=(0.965, 0.84),
        xycoords=transform,
        ha="center",
        fontsize=9,
        bbox=halo,
        arrowprops={"arrowstyle": "-|>", "color": INK},
    )


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


def picture_panel(
    axes: Axes, picture: xr.DataArray | None, crs: Any, extent: tuple[float, float, float, float]
) -> None:
    """Draw a colour picture (band, y, x) in a map's coordinates; only the frame for None.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    picture : xarray.DataArray
        (band, y, x), 0 to 255, red, green and blue first.
    crs : rasterio CRS
        Coordinate system of the maps beside it.
    extent : tuple of float
        West, east, south and north to show.
    """
    if picture is not None:
        colors = (picture.isel(band=slice(3)) / 255).clip(0, 1)
        colors = colors if picture.rio.crs == crs else colors.rio.reproject(crs)
        left, bottom, right, top = colors.rio.bounds()
        shown = colors.transpose("y", "x", "band").fillna(1)
        axes.imshow(shown, extent=(left, right, bottom, top), aspect="auto")
    axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.set_aspect(1 / np.cos(np.radians(np.mean(extent[2:]))) if crs.is_geographic else 1)
    axes.grid(False)
    _name_axes(axes, crs.is_geographic)
    _scale_bar(axes, extent, crs.is_geographic)


def outline(axes: Axes, features: Any, crs: Any) -> None:
    """Draw outlines over a map: pits solid, everything else dashed; nothing for None."""
    if features is None:
        return
    for kind, some in features.to_crs(crs).groupby("kind"):
        lines = [np.asarray(line.coords) for line in some.boundary.explode()]
        style = "solid" if kind == "pit" else "dashed"
        # Not GeoPandas' plot, which draws the whole figure at each call.
        drawn = LineCollection(lines, colors=INK, linewidths=1.1, linestyles=style)
        axes.add_collection(drawn, autolim=False)
