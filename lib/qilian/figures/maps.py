"""How maps look: a panel, grids of panels, classes, pictures, outlines, scale bar and north."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import geopandas as gpd
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import FigureBase
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import ScaledTranslation
from pyproj import Geod

from qilian.figures.style import INK, MISSING, WIDTH
from qilian.spatial import classes, zones

Extent = tuple[float, float, float, float]  # west, east, south, north
FRAME = "#c2185b"  # of what is enlarged: on no map's colour scale
_WGS84 = Geod(ellps="WGS84")
_AROUND = 2500.0  # m, ground about outlines that is enlarged with them
_TITLE = 0.3  # inches, a map's title and what parts it from the map above
_HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.5}
_TALLEST = 8.2  # inches of a page, the rest is for what stands below the maps


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
    aspect = _aspect(field.rio.crs, *extent[2:])
    image = axes.imshow(rows.values, extent=extent, cmap=cmap, norm=norm, aspect=aspect)
    axes.grid(False)
    _name_axes(axes, extent, geographic)
    if furniture:
        _scale_bar(axes, extent, geographic)
        _north(axes)
    return image


def map_ratio(field: xr.DataArray | xr.Dataset) -> float:
    """Width of a map's ground over its height."""
    west, south, east, north = field.rio.bounds()
    return float((east - west) / (north - south) / _aspect(field.rio.crs, south, north))


def closer_ratio(field: xr.DataArray) -> float:
    """Width over height of what `closer` returns, so that it stands as high beside its map."""
    ratio = map_ratio(field)
    return max(ratio / 2, min(ratio, 1.0))


def layout(ratio: float, count: int) -> tuple[int, float]:
    """Return columns, and the height in inches, of maps that fill a page's width.

    As few columns as a page is high enough for.

    Parameters
    ----------
    ratio : float
        Width over height of each.
    count : int
        How many there are.

    Examples
    --------
    >>> layout(2.2, 5)[0], layout(0.5, 5)[0]
    (2, 4)
    """
    for columns in range(1, count + 1):
        height = -(-count // columns) * ((WIDTH - 0.6) / columns / ratio + _TITLE)
        if height <= _TALLEST:
            break
    return columns, min(height, _TALLEST)


def closer(features: Any, field: xr.DataArray) -> Extent | None:
    """Return the surroundings of the largest group of outlines, as far as the map reaches.

    Parameters
    ----------
    features : geopandas.GeoDataFrame or None
        Outlines.
    field : xarray.DataArray
        (y, x), the map.

    Returns
    -------
    tuple of float, or None
        West, east, south and north in the map's coordinates; None where no outline lies on the
        map, or where a group fills it.
    """
    if features is None:
        return None
    west, south, east, north = field.rio.bounds()
    around = zones.buffered(features, _AROUND)
    groups = gpd.GeoSeries([around.union_all()], crs=around.crs).explode(ignore_index=True)
    on_map = groups.to_crs(field.rio.crs).clip_by_rect(west, south, east, north)
    largest = on_map[on_map.to_crs(around.crs).area.idxmax()]
    if largest.is_empty:
        return None
    left, bottom, right, top = largest.bounds
    stretch = _aspect(field.rio.crs, south, north)
    width = max(right - left, closer_ratio(field) * (top - bottom) * stretch)
    height = width / closer_ratio(field) / stretch
    if width > 0.7 * (east - west) or height > 0.7 * (north - south):
        return None
    # As much to either side, unless the map ends.
    left = np.clip((left + right - width) / 2, west, east - width)
    bottom = np.clip((bottom + top - height) / 2, south, north - height)
    return float(left), float(left + width), float(bottom), float(bottom + height)


def map_grid(
    figure: FigureBase,
    fields: Mapping[str, xr.DataArray],
    *,
    columns: int,
    cmap: Any,
    norm: Normalize,
    label: str,
    extend: str = "neither",
    outlines: Any = None,
    window: Extent | None = None,
) -> None:
    """Draw maps of one extent side by side on one colour scale, each under its title.

    The colour bar stands in a cell that is left empty, or else below. The first map alone carries
    scale bar and north.

    Parameters
    ----------
    figure : matplotlib Figure or SubFigure
        Where to draw, and nothing else is.
    fields : mapping of str to xarray.DataArray
        (y, x) by title.
    columns : int
        How many maps a row has.
    cmap, norm, label, extend
        Of the colour scale.
    outlines : geopandas.GeoDataFrame, optional
        Drawn over all maps.
    window : tuple of float, optional
        What each map shows once more beside it, enlarged, as from `closer`.
    """
    rows, scale = -(-len(fields) // columns), {"cmap": cmap, "norm": norm}
    first = next(iter(fields.values()))
    widths = [map_ratio(first), *([] if window is None else [closer_ratio(first)])]
    grid = figure.add_gridspec(rows, columns * len(widths), width_ratios=widths * columns)
    wide = (WIDTH - 0.6) / columns
    for number, (title, field) in enumerate(fields.items()):
        row, column = divmod(number, columns)
        panel = figure.add_subplot(grid[row, column * len(widths)])
        image = map_panel(panel, field, furniture=number == 0, **scale)
        panel.set_title(_wrapped(title, wide))
        outline(panel, outlines, field.rio.crs, linewidth=0.5)
        inner_labels(panel, left=column == 0, bottom=number + columns >= len(fields))
        if row < rows - 1:  # above an empty cell the numbers suffice
            panel.set_xlabel("")
        if window is not None:
            beside = figure.add_subplot(grid[row, column * len(widths) + 1])
            closer_panel(beside, panel, field, window, outlines, bar=number == 0, **scale)
    bar = {"orientation": "horizontal", "label": label, "extend": extend}
    if empty := rows * columns - len(fields):
        bar["label"] = _wrapped(label, wide * empty)
        cell = figure.add_subplot(grid[-1, -empty * len(widths) :])
        cell.set_axis_off()
        figure.colorbar(image, cax=cell.inset_axes((0.1, 0.5, 0.8, 0.08)), **bar)
    else:
        figure.colorbar(image, ax=figure.axes, aspect=40, shrink=0.6, pad=0.02, **bar)


def closer_panel(
    axes: Axes,
    whole: Axes,
    field: xr.DataArray,
    window: Extent,
    outlines: Any,
    *,
    cmap: Any,
    norm: Normalize,
    bar: bool = False,
) -> None:
    """Draw a window of a map enlarged, a scale bar if asked, and its frame on the whole map."""
    west, east, south, north = window
    map_panel(axes, field, cmap=cmap, norm=norm, furniture=False)
    outline(axes, outlines, field.rio.crs, linewidth=0.8)
    if bar:
        _scale_bar(axes, window, field.rio.crs.is_geographic)
        axes.set_title("enlarged")
    axes.set(xlim=(west, east), ylim=(south, north), xlabel="", ylabel="", xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FRAME, linewidth=1.2)
    frame = {"fill": False, "edgecolor": FRAME, "linewidth": 0.9}
    whole.add_patch(Rectangle((west, south), east - west, north - south, **frame))


def smoothed(field: xr.DataArray, columns: int) -> xr.DataArray:
    """Average the pixels of a map (…, y, x) so that it has at most twice so many columns.

    A map two inches wide shows no more, and grain is most of what its file weighs.
    """
    step = max(1, field.sizes["x"] // columns)
    return field.coarsen(y=step, x=step, boundary="trim").mean()


def inner_labels(axes: Axes, *, left: bool, bottom: bool) -> None:
    """Leave coordinates to the panels at the left and at the bottom of a grid."""
    axes.tick_params(labelleft=left, labelbottom=bottom)
    if not left:
        axes.set_ylabel("")
    if not bottom:
        axes.set_xlabel("")


def category_panel(
    axes: Axes, field: xr.DataArray, colors: Sequence[str], *, columns: int, furniture: bool = True
) -> None:
    """Draw a map of classes (y, x) with `flag_values` and `flag_meanings`, and their legend.

    The legend below has so many `columns`; `furniture` as in `map_panel`.
    """
    values = np.atleast_1d(field.attrs["flag_values"])
    names = classes.class_names(field)
    norm = BoundaryNorm([*(values - 0.5), values[-1] + 0.5], len(values))
    map_panel(axes, field, cmap=ListedColormap(list(colors)), norm=norm, furniture=furniture)
    patches = [Patch(color=color) for color in colors]
    axes.legend(
        patches, names, ncols=columns, fontsize=8, handlelength=1, **legend_below(axes, 0.45)
    )


def legend_below(axes: Axes, inches: float) -> dict[str, Any]:
    """Place of a legend so far below a map, however high that is."""
    lower = ScaledTranslation(0, -inches, axes.figure.dpi_scale_trans)
    place = {"bbox_to_anchor": (0.5, 0), "bbox_transform": axes.transAxes + lower}
    return {"loc": "upper center", **place}


def bar_below(axes: Axes, image: ScalarMappable, label: str, *, extend: str = "neither") -> None:
    """Draw a map's colour bar below its coordinates, whatever stands below the maps beside it."""
    lower = axes.transAxes + ScaledTranslation(0, -0.5, axes.figure.dpi_scale_trans)
    inside = axes.inset_axes((0.1, -0.05, 0.8, 0.05), transform=lower)
    options = {"orientation": "horizontal", "label": label, "extend": extend}
    axes.figure.colorbar(image, cax=inside, **options)


def picture_panel(
    axes: Axes,
    picture: xr.DataArray | None,
    crs: Any,
    extent: Extent | None = None,
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
    axes.set_aspect(_aspect(crs, *extent[2:]))
    axes.grid(False)
    _name_axes(axes, extent, crs.is_geographic)
    _scale_bar(axes, extent, crs.is_geographic)
    _north(axes)


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


def _wrapped(text: str, inches: float) -> str:
    """Break lines so that they are no wider than a map."""
    return "\n".join(fill(line, int(14 * inches)) for line in text.splitlines())


def _aspect(crs: Any, south: float, north: float) -> float:
    """Height of a unit of y over the width of one of x."""
    return float(1 / np.cos(np.radians((south + north) / 2))) if crs.is_geographic else 1.0


def _scale_bar(axes: Axes, extent: Extent, geographic: bool) -> None:
    left, right, bottom, top = extent
    width, middle = right - left, (bottom + top) / 2
    metres = _WGS84.inv(left, middle, right, middle)[2] if geographic else width
    length = scale_length(metres)
    share = length / metres
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    transform = axes.transAxes
    ends = [0.04, 0.04 + share], [0.05, 0.05]
    axes.plot(*ends, color="white", lw=4.5, transform=transform)
    axes.plot(*ends, color=INK, lw=2.2, transform=transform)
    above = {"xytext": (0, 4), "textcoords": "offset points", "xycoords": transform}
    axes.annotate(label, (0.04, 0.05), fontsize=8, bbox=_HALO, **above)


def _north(axes: Axes) -> None:
    # In points from the corner, so that a low map has an arrow as long.
    corner = {"xycoords": axes.transAxes, "textcoords": "offset points", "ha": "center"}
    arrow = {"arrowstyle": "-|>", "color": INK, "relpos": (0.5, 1)}
    place = {"xy": (0.965, 0.98), "xytext": (0, -22)}
    axes.annotate("N", **place, **corner, fontsize=8, bbox=_HALO, arrowprops=arrow)


def _name_axes(axes: Axes, extent: Extent, geographic: bool) -> None:
    # Eastings and northings have up to seven digits, of which a map holds few.
    most = 5 if geographic else 4
    extent_ratio = (extent[1] - extent[0]) / (extent[3] - extent[2]) / axes.get_aspect()
    axes.locator_params(axis="x", nbins=most if extent_ratio > 0.7 else 2)
    axes.locator_params(axis="y", nbins=most)
    axes.ticklabel_format(style="plain", useOffset=False)
    names, units = ("longitude", "latitude") if geographic else ("easting", "northing"), "°"
    if not geographic:
        large = extent[1] - extent[0] >= 10_000
        units = "km" if large else "m"
        for axis in (axes.xaxis, axes.yaxis) if large else ():
            axis.set_major_formatter(lambda value, _: f"{value / 1000:g}")
    axes.set(xlabel=f"{names[0]} ({units})", ylabel=f"{names[1]} ({units})")
