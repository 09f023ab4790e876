"""A site from above: its picture, maps of it beside their intervals, averages around it."""

from collections.abc import Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from qilian.contracts.labels import written_units
from qilian.figures import maps as figures_maps
from qilian.figures import periods, style

_CHART = 2.4  # inches of the zones' chart


def site_maps(
    figure: Figure,
    picture: xr.DataArray | None,
    maps: xr.Dataset,
    names: Sequence[str],
    *,
    credit: str,
    outlines: Any,
    zones: xr.Dataset | None,
) -> None:
    """Draw a site; what is not known is left out, and letters go on without it.

    Parameters
    ----------
    figure : matplotlib Figure
        Where to draw.
    picture : xarray.DataArray or None
        (band, y, x), 0 to 255, red, green and blue first.
    maps : xarray.Dataset
        (y, x): the quantities `names`, and the half-width `{name}_half_width` of each.
    names : sequence of str
        A row each, on a scale of its own that is centred on zero.
    credit : str
        Title of the picture.
    outlines : geopandas.GeoDataFrame or None
        Drawn over picture and maps.
    zones : xarray.Dataset or None
        (ground, ring) averages, as from `spatial.zonal_mean`.
    """
    above = below = figure
    if zones is not None:
        shares = [2 * _row_height(maps, picture, names), _CHART]
        above, below = figure.subfigures(2, 1, height_ratios=shares)
    pictured = int(picture is not None)
    grid = above.add_gridspec(2, pictured + len(names))
    letters = style.letters()
    panels = []
    if pictured:
        west, south, east, north = maps.rio.bounds()
        panels.append(above.add_subplot(grid[0, 0]))
        figures_maps.picture_panel(panels[0], picture, maps.rio.crs, (west, east, south, north))
        panels[0].set_title(f"{next(letters)} {credit}")
    of = {name: next(letters) for name in names}
    for row, part in enumerate(("", "_half_width")):
        for column, name in enumerate(names, start=pictured):
            panels.append(above.add_subplot(grid[row, column]))
            title = f"{of[name]} {maps[name].attrs['long_name']}"
            if part:
                title = f"{next(letters)} half-width of (b)".replace("(b)", of[name])
            _map(panels[-1], maps[name + part], signed=not part, furniture=len(panels) == 1)
            panels[-1].set_title(title)
            figures_maps.inner_labels(panels[-1], left=column == 0, bottom=row == 1)
    for panel in panels:
        panel.set_anchor("N")
        figures_maps.outline(panel, outlines, maps.rio.crs)
    if pictured:
        key = above.add_subplot(grid[1, 0])
        key.set_axis_off()
        masked = Patch(facecolor=style.MISSING, edgecolor="#868686", hatch="////", label="no value")
        handles = [*panels[0].get_legend_handles_labels()[0], masked]
        key.legend(handles=handles, loc="upper left", fontsize=8.5)
    if zones is not None:
        periods.averages_panel(below.subplots(), zones, letter=next(letters))


def site_height(
    picture: xr.DataArray | None, maps: xr.Dataset, names: Sequence[str], zones: xr.Dataset | None
) -> float:
    """Height in inches that `site_maps` needs on a page."""
    return 2 * _row_height(maps, picture, names) + (0 if zones is None else _CHART)


def _row_height(maps: xr.Dataset, picture: xr.DataArray | None, names: Sequence[str]) -> float:
    columns = len(names) + (picture is not None)
    return min((style.WIDTH - 0.8) / columns / figures_maps.map_ratio(maps), 4) + 1.3


def _map(axes: Axes, field: xr.DataArray, *, signed: bool, furniture: bool) -> None:
    if signed:
        scale = style.displacement_scale(field)
    else:
        # From its own least value: it is how an interval varies that a map can show.
        scale = {"cmap": "cividis_r", "norm": Normalize(*field.quantile([0.02, 0.98]).values)}
    image = figures_maps.map_panel(axes, field, furniture=furniture, **scale)
    figures_maps.bar_below(axes, image, written_units(field), extend="both")
