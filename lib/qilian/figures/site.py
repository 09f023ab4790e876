"""A site from above: its picture, maps of it beside their intervals, averages around it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from qilian.contracts.labels import written_units
from qilian.figures import maps as figures_maps
from qilian.figures import periods, style


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
    pictured = int(picture is not None)
    grid = figure.add_gridspec(pictured + len(names) + (zones is not None), 2)
    letters = style.letters()
    panels = []
    if pictured:
        west, south, east, north = maps.rio.bounds()
        panels.append(figure.add_subplot(grid[0, :]))
        figures_maps.picture_panel(panels[0], picture, maps.rio.crs, (west, east, south, north))
        panels[0].set_title(f"{next(letters)} {credit}", fontsize=9)
    for row, name in enumerate(names, start=pictured):
        for column, part in enumerate(("", "_half_width")):
            shared = panels[0] if panels else None
            panels.append(figure.add_subplot(grid[row, column], sharex=shared, sharey=shared))
            _map(panels[-1], maps[name + part], next(letters), signed=not part)
    for panel in panels:
        figures_maps.outline(panel, outlines, maps.rio.crs)
        panel.label_outer()
    if zones is not None:
        last = figure.add_subplot(grid[-1, :])
        periods.averages_panel(last, zones, letter=next(letters))


def _map(axes: Axes, field: xr.DataArray, letter: str, *, signed: bool) -> None:
    if signed:
        limit = np.ceil(abs(field).quantile(0.98).item() / 5) * 5
        scale = {"cmap": style.DISPLACEMENT_MAP, "norm": Normalize(-limit, limit)}
    else:
        # From its own least value: it is how an interval varies that a map can show.
        scale = {"cmap": "cividis_r", "norm": Normalize(*field.quantile([0.02, 0.98]).values)}
    image = figures_maps.map_panel(axes, field, furniture=signed, **scale)
    bar = {"shrink": 0.8, "extend": "both", "label": written_units(field)}
    axes.figure.colorbar(image, ax=axes, **bar)
    axes.set_title(f"{letter} {field.attrs['long_name']}", fontsize=9)
