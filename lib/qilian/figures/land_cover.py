"""Pictures of changed ground: two dates, what changed between them, how they are registered."""

from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from qilian.figures import maps
from qilian.figures import style as figures_style
from qilian.spatial import classes

_SMALL = {"fontsize": 8, "handlelength": 1.2}


def ground_panel(
    axes: Axes, picture: xr.DataArray, flags: xr.DataArray, colors: Mapping[str, str]
) -> None:
    """Draw a picture, and over it the edges of classes; eastings are left to a map below.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    picture : xarray.DataArray
        (band, y, x), 0 to 255, red, green and blue first.
    flags : xarray.DataArray
        (y, x) with `flag_values` and `flag_meanings`, in the same coordinates.
    colors : mapping of str to str
        Colour by the name of a class.
    """
    maps.picture_panel(axes, picture, flags.rio.crs)
    zones = classes.class_zones(flags)
    for name, color in colors.items():
        inside = zones[name].astype(float)
        axes.contour(flags["x"], flags["y"], inside, [0.5], colors=[color], linewidths=1.1)
        axes.plot([], [], color=color, label=f"outline: {name}")
    axes.tick_params(labelbottom=False)
    axes.set_xlabel("")
    axes.legend(ncols=len(colors), **_SMALL, **maps.legend_below(axes, 0.05))


def change_panel(axes: Axes, measured: xr.Dataset, colors: Sequence[str]) -> None:
    """Draw what changed; in the legend a star marks each class that is no larger than its error.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    measured : xarray.Dataset
        `change` (y, x) and `detected` (class,), as from `land_cover.measure_change`.
    colors : sequence of str
        One a class.
    """
    flags = measured["change"]
    maps.category_panel(axes, flags.where(flags > 0), colors, columns=2, furniture=False)
    detected = measured["detected"].to_series()
    names = [str(name) if larger else f"{name} *" for name, larger in detected.items()]
    names += [] if detected.all() else ["* no larger than its error"]
    handles = [*axes.get_legend().legend_handles, Line2D([], [], linestyle="none")]
    axes.legend(handles[: len(names)], names, ncols=2, **_SMALL, **maps.legend_below(axes, 0.45))


def registration_panel(
    axes: Axes,
    expected: xr.DataArray,
    points: xr.Dataset,
    missed: xr.DataArray,
    *,
    magnified: float,
) -> None:
    """Draw the expected error of a registration, its points, and by how much each is missed.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    expected : xarray.DataArray
        (y, x), as from `resampling.position_error` [m].
    points : xarray.Dataset
        `x` and `y` along `point` [m].
    missed : xarray.DataArray
        (point, axis), as from `registration.left_out_residuals` [m].
    magnified : float
        Length of an arrow on the map for a metre missed [m].
    """
    scale = {"cmap": "cividis_r", "norm": Normalize(), "furniture": False}
    image = maps.map_panel(axes, expected, **scale)
    maps.bar_below(axes, image, f"{expected.attrs['long_name']} (m)")
    style = {"angles": "xy", "scale_units": "xy", "scale": 1 / magnified, "width": 0.006}
    style["clip_on"] = False
    style["color"] = figures_style.WINDOW_COLORS[2]
    x, y = points["x"], points["y"]
    arrows = axes.quiver(x, y, *missed.transpose("axis", "point").values, **style)
    arrows.set_in_layout(False)  # an arrow past the edge is drawn whole and moves nothing
    axes.plot(x, y, "o", color=figures_style.INK, markersize=3.5)
    axes.quiverkey(arrows, 0.55, 1.04, 1, f"1 m, enlarged {magnified:g}×", labelpos="E")
