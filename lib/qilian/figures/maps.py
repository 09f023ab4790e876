"""How maps look: a panel, grids of panels, classes, pictures, outlines, scale bar and north."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from pyproj import Geod

from qilian.figures.style import INK, MISSING
from qilian.spatial import classes

_WGS84 = Geod(ellps="WGS84")


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
    axes.set_facecolor(MISSING)
    axes.patch.set(hatch="////", edgecolor="#868686")
    aspect = 1 / np.cos(np.radians(y.mean())) if geographic else 1
    image = axes.imshow(rows.values, extent=extent, cmap=cmap, norm=norm, aspect=aspect)
    axes.grid(False)
    _name_axes(axes, geographic)
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


def category_panel(axes: Axes, field: xr.DataArray, colors: Sequence[str]) -> None:
    """Draw a map of classes (y, x) with `flag_values` and `flag_meanings`, and their legend."""
    values = np.atleast_1d(field.attrs["flag_values"])
    names = classes.class_names(field)
    norm = BoundaryNorm([*(values - 0.5), values[-1] + 0.5], len(values))
    map_panel(axes, field, cmap=ListedColormap(list(colors)), norm=norm)
    patches = [Patch(color=color) for color in colors]
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.22)}
    axes.legend(patches, names, ncols=len(names), fontsize=8, handlelength=1, **below)


def bar_below(axes: Axes, image: ScalarMappable, label: str) -> None:
    """Draw a map's colour bar close below it, whatever stands below the maps beside it."""
    inside = axes.inset_axes((0.1, -0.27, 0.8, 0.035))
    axes.figure.colorbar(image, cax=inside, orientation="horizontal", label=label)


def picture_panel(
    axes: Axes,
    picture: xr.DataArray | None,
    crs: Any,
    extent: tuple[float, float, float, float] | None = None,
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
    extent : tuple of float, optional
        West, east, south and north to show; all of the picture by default.
    """
    if picture is not None:
        colors = (picture.isel(band=slice(3)) / 255).clip(0, 1)
        colors = colors if picture.rio.crs == crs else colors.rio.reproject(crs)
        left, bottom, right, top = colors.rio.bounds()
        shown = colors.transpose("y", "x", "band").fillna(1)
        axes.imshow(shown, extent=(left, right, bottom, top), aspect="auto")
        extent = extent or (left, right, bottom, top)
    assert extent, "a frame alone has an extent"
    axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.set_aspect(1 / np.cos(np.radians(np.mean(extent[2:]))) if crs.is_geographic else 1)
    axes.grid(False)
    _name_axes(axes, crs.is_geographic)
    _scale_bar(axes, extent, crs.is_geographic)


def outline(axes: Axes, features: Any, crs: Any, *, linewidth: float = 1.1) -> None:
    """Draw outlines over a map: pits solid, everything else dashed; nothing for None.

    A legend of the axes names the kinds.
    """
    if features is None:
        return
    for kind, some in features.to_crs(crs).groupby("kind"):
        lines = [np.asarray(line.coords) for line in some.boundary.explode()]
        style = "solid" if kind == "pit" else "dashed"
        # Not GeoPandas' plot, which draws the whole figure at each call.
        line = {"colors": INK, "linewidths": linewidth, "linestyles": style, "label": kind}
        drawn = LineCollection(lines, **line)
        axes.add_collection(drawn, autolim=False)


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
        xytext=(0, -26),  # points, so that a low map has an arrow as long
        xycoords=transform,
        textcoords="offset points",
        ha="center",
        fontsize=9,
        bbox=halo,
        arrowprops={"arrowstyle": "-|>", "color": INK},
    )


def _name_axes(axes: Axes, geographic: bool) -> None:
    axes.set_xlabel("longitude (°)" if geographic else "easting (m)")
    axes.set_ylabel("latitude (°)" if geographic else "northing (m)")
    # Eastings and northings have up to seven digits, of which a map holds few.
    axes.locator_params(nbins=5 if geographic else 4)
    axes.ticklabel_format(style="plain", useOffset=False)
