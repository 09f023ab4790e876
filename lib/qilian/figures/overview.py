"""What an archive holds, at a glance: when, and one small picture of each entry."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import geopandas as gpd
import matplotlib.dates as mdates
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.figure import Figure

from qilian.contracts.labels import written_units
from qilian.figures.maps import map_panel
from qilian.figures.style import COHERENCE_MAP, COHERENCE_NORM, DISPLACEMENT_MAP, INK

Data: TypeAlias = xr.Dataset | gpd.GeoDataFrame
_COLUMNS = 4  # of small pictures
_BLUE, _RED = "#1f5fbf", "#d6452b"
_DENSE = 3  # days that a daily record may lack within a bar
_PAIRS = 12  # that a preview of coherence is the mean of
_PIXELS = 300  # of a preview's longer side


def moments(data: Data) -> np.ndarray:
    """Return when an entry was measured, ascending and each once; empty if it says nothing of it.

    Parameters
    ----------
    data : xarray.Dataset or geopandas.GeoDataFrame
        As the archive loads it.
    """
    if not isinstance(data, xr.Dataset):
        return np.array([], "datetime64[ns]")
    if "reference_date" in data.variables:
        return np.unique([data["reference_date"].values, data["secondary_date"].values])
    if "time" in data.dims:
        held = next((field for field in data.values() if field.dims == ("time",)), data["time"])
        return data["time"].values[held.notnull().values]
    if "year" in data.dims:
        return np.array([f"{year}-07-01" for year in data["year"].values], "datetime64[ns]")
    return np.array([], "datetime64[ns]")


def overview_height(held: Mapping[str, Data]) -> float:
    """Height in inches that `archive_overview` needs on a page."""
    return sum(_heights(held))


def archive_overview(figure: Figure, held: Mapping[str, Data]) -> None:
    """Draw when each entry was measured, and below one small picture of each.

    Parameters
    ----------
    figure : matplotlib Figure
        Empty, a page wide and as high as `overview_height` says.
    held : mapping of str to dataset
        By the entry's name, as the archive loads it; of a stack a few pairs are read.
    """
    heights = _heights(held)
    grid = figure.add_gridspec(len(heights), _COLUMNS, height_ratios=heights)
    timeline_panel(figure.add_subplot(grid[0, :]), held)
    for number, (name, data) in enumerate(held.items()):
        row, column = divmod(number, _COLUMNS)
        panel = figure.add_subplot(grid[row + 1, column])
        preview_panel(panel, data)
        panel.set_title(f"[{name}]\n{panel.get_title(loc='left')}", fontsize=7)


def _heights(held: Mapping[str, Data]) -> list[float]:
    timed = sum(moments(data).size > 0 for data in held.values())
    return [0.25 * timed + 0.6, *[1.75] * -(-len(held) // _COLUMNS)]


def timeline_panel(axes: Axes, held: Mapping[str, Data]) -> None:
    """Draw when each entry was measured: a bar where it is daily, else a mark a date.

    What knows no time is left out.
    """
    times = {name: found for name, data in held.items() if (found := moments(data)).size}
    for row, found in enumerate(times.values()):
        days = mdates.date2num(found)
        breaks = np.flatnonzero(np.diff(days) > _DENSE) + 1
        runs = np.split(days, breaks)
        if days.size > 60 and len(runs) < days.size / 5:
            bars = [(run[0], run[-1] - run[0] + 1) for run in runs]
            axes.broken_barh(bars, (row - 0.2, 0.4), color=_BLUE)
        else:
            axes.plot(days, np.full(days.size, row), "|", color=INK, markersize=9)
    axes.set(yticks=range(len(times)), yticklabels=list(times), ylim=(len(times) - 0.5, -0.5))
    axes.xaxis_date()
    axes.grid(axis="y", visible=False)


def preview_panel(axes: Axes, data: Data) -> None:
    """Draw one entry small: a map, a picture, a record or features, titled by what is shown.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    data : xarray.Dataset or geopandas.GeoDataFrame
        As the archive loads it; of a stack a few pairs are read.
    """
    axes.tick_params(labelsize=7)
    if not isinstance(data, xr.Dataset):
        _features(axes, data)
        return
    draw = next(draw for variable, draw in _DRAWN.items() if variable in data.variables)
    draw(axes, data)


def _features(axes: Axes, features: gpd.GeoDataFrame) -> None:
    are_points = features.geom_type == "Point"
    shapes, points = features[~are_points], features[are_points]
    if len(shapes):
        # Not GeoPandas' plot, which draws the whole figure at each call.
        lines = [np.asarray(line.coords) for line in shapes.boundary.explode()]
        axes.add_collection(LineCollection(lines, colors=INK, linewidths=0.9))
        south, north = np.radians(shapes.total_bounds[[1, 3]])
        axes.set_aspect(1 / np.cos((south + north) / 2) if shapes.crs.is_geographic else 1)
    axes.plot(points.geometry.x, points.geometry.y, "v", color=_RED, markersize=5)
    axes.set(title=f"{len(features)} features", xlabel="", ylabel="", xticks=[], yticks=[])
    axes.set_adjustable("datalim")


def _coherence(axes: Axes, stack: xr.Dataset) -> None:
    count = stack.sizes["pair"]
    some = np.unique(np.linspace(0, count - 1, _PAIRS).round().astype(int))
    mean = _small(stack["coherence"].isel(pair=some)).mean("pair").compute()
    title = f"coherence, {some.size} of {count}"
    _map(axes, mean, title, COHERENCE_MAP, COHERENCE_NORM)


def _phase(axes: Axes, stack: xr.Dataset) -> None:
    days = (stack["secondary_date"] - stack["reference_date"]).values
    pair = stack.isel(pair=int(np.argmax(days)))
    phase = _small(pair["unwrapped_phase"]).compute()
    first, last = (f"{pair[f'{end}_date'].values:.10}" for end in ("reference", "secondary"))
    _motion(axes, phase - phase.median(), f"phase (rad), {first}\nto {last}")


def _displacement(axes: Axes, series: xr.Dataset) -> None:
    ends = _small(series["displacement"].isel(time=[0, -1])).compute()
    last = f"{series['time'].values[-1]:.10}"
    _motion(axes, ends.isel(time=1) - ends.isel(time=0), f"displacement (mm)\nuntil {last}")


def _rate(axes: Axes, data: xr.Dataset) -> None:
    _motion(axes, _small(data["rate"]).compute(), "rate (mm/a)")


def _motion(axes: Axes, field: xr.DataArray, title: str) -> None:
    reach = float(abs(field).quantile(0.98)) or 1.0
    _map(axes, field, title, DISPLACEMENT_MAP, CenteredNorm(0, reach), "both")


def _map(
    axes: Axes, field: xr.DataArray, title: str, cmap: Any, norm: Normalize, extend: str = "neither"
) -> None:
    image = map_panel(axes, field, cmap=cmap, norm=norm, furniture=False)
    axes.set(title=title, xlabel="", ylabel="", xticks=[], yticks=[])
    below = axes.inset_axes((0.1, -0.12, 0.8, 0.05))
    axes.figure.colorbar(image, cax=below, orientation="horizontal", extend=extend)
    below.tick_params(labelsize=7)


def _image(axes: Axes, data: xr.Dataset) -> None:
    picture = _small(data["image"].isel(band=slice(3))).compute()
    low, high = picture.quantile([0.02, 0.98]).values
    shown = ((picture - low) / max(high - low, 1e-12)).clip(0, 1).fillna(1)
    shown = shown if shown.sizes["band"] == 3 else shown.isel(band=[0, 0, 0])
    axes.imshow(shown.transpose("y", "x", "band"))
    names = ", ".join(str(name) for name in picture["band"].values)
    axes.set(title=names if data.sizes["band"] > 1 else "one band", xticks=[], yticks=[])
    axes.grid(False)


def _record(name: str, title: str, *, log: bool = False) -> Callable[[Axes, xr.Dataset], None]:
    """Draw a record: its monthly medians as a line, or the days of a short one as dots."""

    def draw(axes: Axes, data: xr.Dataset) -> None:
        days = data[name].to_series()
        long = days.size > 400
        drawn = days.resample("MS").median() if long else days
        axes.plot(drawn.index, drawn, "-" if long else ".", color=_BLUE, linewidth=0.8)
        if log and (drawn > 0).any():
            axes.set_yscale("log")
        axes.set_title(f"{title} ({written_units(data[name])})")
        _few_dates(axes)

    return draw


def _thaw_depth(axes: Axes, data: xr.Dataset) -> None:
    axes.plot(data["year"], data["thaw_depth"], "o-", color=_BLUE, linewidth=0.8, markersize=2.5)
    axes.invert_yaxis()
    axes.set_title("thaw depth (m)")


def _pairs(axes: Axes, pairs: xr.Dataset) -> None:
    ends = (mdates.date2num(pairs[f"{end}_date"].values) for end in ("reference", "secondary"))
    for first, second, baseline in zip(*ends, pairs["perpendicular_baseline"].values, strict=True):
        axes.plot([first, second], [baseline, baseline], color=_BLUE, linewidth=1.4)
    axes.xaxis_date()
    axes.set_title("baseline of pairs (m)")
    _few_dates(axes)


def _few_dates(axes: Axes) -> None:
    dates = mdates.AutoDateLocator(maxticks=4)
    axes.xaxis.set_major_locator(dates)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(dates))
    axes.xaxis.get_offset_text().set_size(7)


def _points(axes: Axes, points: xr.Dataset) -> None:
    axes.plot(points["column"], points["row"], "x", color=_RED)
    axes.invert_yaxis()
    axes.set_title("column, row of points")


def _small(field: xr.DataArray) -> xr.DataArray:
    """Take every n-th pixel, so that a preview reads and draws few."""
    step = max(1, max(field.sizes["y"], field.sizes["x"]) // _PIXELS)
    return field.isel(y=slice(None, None, step), x=slice(None, None, step))


# The first of these variables that an entry has says how it is drawn.
_DRAWN: Mapping[str, Callable[[Axes, xr.Dataset], None]] = {
    "coherence": _coherence,
    "unwrapped_phase": _phase,
    "displacement": _displacement,
    "rate": _rate,
    "image": _image,
    "discharge": _record("discharge", "discharge", log=True),
    "air_temperature": _record("air_temperature", "air temperature"),
    "reflector_height": _record("reflector_height", "reflector height"),
    "thaw_depth": _thaw_depth,
    "sensor": _pairs,
    "column": _points,
}
