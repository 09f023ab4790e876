"""Pictures of several periods: maps beside their errors, and the averages of zones."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import cmcrameri.cm as crameri
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D

from qilian.contracts.labels import heading, written_units
from qilian.figures import maps
from qilian.figures import style as figures_style
from qilian.insar.periods import period_years

# Not red and blue, which on the maps above are down and up.
_GROUNDS = (("o", figures_style.INK), ("s", "#2a8f6d"), ("^", "#6a3d8f"))
_MARKERS = "os^DvPX"  # of satellites
_TALLEST = 9.5  # inches that the maps of all periods may take
_STRIP = 0.02  # of a map's height, that a period without any takes
_APART = 0.055  # of the time axis, that the averages of two periods keep from one another


def maps_with_errors(
    figure: FigureBase,
    field: xr.DataArray,
    error: xr.DataArray,
    *,
    titles: Sequence[str],
    limit: float,
    largest_error: float,
    outlines: Any = None,
    borders: Any = None,
    missing: Sequence[str] | None = None,
) -> str:
    """Draw a row a period: its map, on one scale centred on zero, and the map of its error.

    Parameters
    ----------
    figure : matplotlib Figure or SubFigure
        Where to draw, and nothing else is.
    field, error : xarray.DataArray
        (period, y, x), and the standard error. An error without a value is not drawn.
    titles : sequence of str
        Of the periods.
    limit, largest_error : float
        Where the scales end.
    outlines : geopandas.GeoDataFrame, optional
        Drawn over all maps.
    borders : geopandas.GeoDataFrame, optional
        As from `zones.zone_borders`, drawn over the last map.
    missing : sequence of str, optional
        What a period's map says if it has no value.

    Returns
    -------
    str
        The letter that follows those of the panels: maps come first, then errors.
    """
    window = maps.closer(outlines, field)
    ratio, crs = maps.map_ratio(field), field.rio.crs
    widths = [ratio, *([] if window is None else [maps.closer_ratio(field)]), ratio]
    strips = error.isnull().all(("y", "x")).values
    error = maps.smoothed(error, 150)
    drawn = np.flatnonzero(~strips)
    shape = {"width_ratios": widths, "height_ratios": np.where(strips, _STRIP, 1)}
    grid = figure.add_gridspec(len(titles), len(widths), **shape)
    signed = {"cmap": figures_style.DISPLACEMENT_MAP, "norm": Normalize(-limit, limit)}
    positive = {"cmap": crameri.imola_r, "norm": Normalize(0, largest_error)}
    letters = figures_style.letters()
    own = [f"{next(letters)} {title}" for title in titles]
    lefts, rights = [], []
    for row, title in enumerate(own):
        reason = missing[row] if missing else "no value"
        if strips[row]:
            figure.add_subplot(grid[row, :], frameon=False, xticks=[], yticks=[])
            figure.axes[-1].set_title(f"{title}: {reason}")
            continue
        left, right = (figure.add_subplot(grid[row, column]) for column in (0, -1))
        first, last = row == drawn[0], row == drawn[-1]
        image = maps.map_panel(left, field[row], furniture=first, **signed)
        shades = maps.map_panel(right, error[row], furniture=False, **positive)
        left.set_title(title)
        right.set_title(f"{next(letters)} standard error of {title[:3]}")
        if field[row].isnull().all():
            _say(left, reason)
        for panel in (left, right):
            maps.outline(panel, outlines, crs, linewidth=0.5)
            maps.inner_labels(panel, left=panel is left, bottom=last)
        bordered = [left]
        if window is not None:
            beside = figure.add_subplot(grid[row, 1])
            maps.closer_panel(beside, left, field[row], window, outlines, bar=first, **signed)
            bordered.append(beside)
        for panel in bordered if last else ():
            maps.outline(panel, borders, crs, linewidth=0.8)
        lefts.append(left)
        rights.append(right)
    bar = {"location": "bottom", "aspect": 30, "shrink": 0.9, "pad": 0.02}
    figure.colorbar(image, ax=lefts, label=heading(field), extend="both", **bar)
    label = f"standard error ({written_units(field)})"
    figure.colorbar(shades, ax=rights, label=label, extend="max", **bar)
    return next(letters)


def maps_height(field: xr.DataArray, error: xr.DataArray, outlines: Any) -> float:
    """Height in inches that `maps_with_errors` needs on a page."""
    across = 2 * maps.map_ratio(field)
    if maps.closer(outlines, field) is not None:
        across += maps.closer_ratio(field)
    strips = error.isnull().all(("y", "x")).values
    _, height = maps.layout(across, 1)
    return float(min((~strips).sum() * height, _TALLEST) + strips.sum() * 0.3 + 0.7)


def averages_panel(axes: Axes, pooled: xr.Dataset, *, letter: str, over_time: bool = False) -> None:
    """Draw the averages of each zone by period or ring, with two standard errors.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    pooled : xarray.Dataset
        As from `spatial.zonal_mean`: (ground, period) with the coordinates of
        `insar.describe_period`, or (ground, ring) with those of `spatial.rings`.
    letter : str
        Of the panel.
    over_time : bool, optional
        Whether to draw an axis of time on which the periods are pale bands; side by side by
        default.
    """
    (dim,) = (name for name in pooled["mean"].dims if name != "ground")
    at, step = np.arange(pooled.sizes[dim], dtype=float), 0.12
    if over_time:
        at, step = _places(pooled)
        axes.set_xlabel("year")
    else:
        known = pooled["mean"].notnull().any("ground").values
        label = _ring_label if dim == "ring" else _period_label
        labels = [label(pooled.isel({dim: number})) for number in range(at.size)]
        empty = ("" if some else "\n(no value)" for some in known)
        names = [name + none for name, none in zip(labels, empty, strict=True)]
        axes.set_xticks(at, names, fontsize=8)
        axes.set_xlabel("distance from the outlines (m)" if dim == "ring" else "")
    grounds = pooled["ground"].values
    for number, (ground, (marker, color)) in enumerate(zip(grounds, _GROUNDS, strict=False)):
        own = pooled.sel(ground=ground)
        aside = at + (number - (grounds.size - 1) / 2) * step
        style = {"color": color, "capsize": 2.5, "elinewidth": 1.2, "label": ground}
        style |= {"fmt": "none"} if over_time else {"fmt": marker, "markersize": 5}
        axes.errorbar(aside, own["mean"], 2 * own["standard_error"], **style)
        if over_time:
            _mark_satellites(axes, own, aside, color)
    axes.axhline(0, color="#777777", linewidth=1)
    axes.set_ylabel(heading(pooled["mean"]).replace(" (", "\n(", 1))
    axes.set_title(f"{letter} zonal means, with two standard errors")
    handles, names = axes.get_legend_handles_labels()
    if over_time:
        names += list(pooled["satellite"].values)
        style = {"color": "#777777", "linestyle": "none"}
        handles += [Line2D([], [], marker=marker, **style) for marker in _MARKERS[: at.size]]
    # Outside, so that no data can lie below it, whatever the data are.
    below = {"loc": "outside lower left", "fontsize": 8.5, "columnspacing": 1.2}
    axes.figure.legend(handles, names, ncols=len(names), **below)


def distinct_periods(pooled: xr.Dataset) -> pd.DataFrame:
    """List the periods whose averages differ by more than two standard errors of the difference.

    The errors of two periods add in squares, as those of pairs without a common date do.

    Parameters
    ----------
    pooled : xarray.Dataset
        (ground, period), as from `spatial.zonal_mean`.

    Returns
    -------
    pandas.DataFrame
        One row for each two periods of a zone; `none` where there are none.
    """
    units = written_units(pooled["mean"])
    heads = ["ground", "from", "to", f"change ({units})", f"standard error ({units})"]
    rows = []
    for ground, own in pooled.groupby("ground"):
        mean, error = (own[name].squeeze("ground").values for name in ("mean", "standard_error"))
        two = [
            (ground, *own["period"].values[[i, j]], mean[j] - mean[i], np.hypot(error[i], error[j]))
            for i, j in combinations(range(mean.size), 2)
        ]
        beyond = [row for row in two if abs(row[3]) > 2 * row[4]]
        rows += beyond or [(ground, "none", "–", np.nan, np.nan)]
    return pd.DataFrame(rows, columns=heads)


def _period_label(period: xr.Dataset) -> str:
    return f"{period_years(period)}\n{period['satellite'].item()}"


def _ring_label(ring: xr.Dataset) -> str:
    inner, outer = ring["inner"].item(), ring["outer"].item()
    return f"> {inner:g}" if np.isinf(outer) else f"{inner:g}–{outer:g}"


def _places(pooled: xr.Dataset) -> tuple[np.ndarray, float]:
    """Return where on an axis of time the means of each period go, and a step between zones."""
    spans = np.stack([pooled["start"], pooled["end"]], -1)
    gap = _APART * np.ptp(spans)
    at = spans.mean(axis=1)
    for earlier, later in pairwise(np.argsort(at)):
        at[later] = max(at[later], at[earlier] + gap)
    return at, gap / 2.5


def _mark_satellites(axes: Axes, zone: xr.Dataset, at: np.ndarray, color: str) -> None:
    """Draw each mean with its satellite's mark, on a line over the time that its pairs span."""
    axes.hlines(zone["mean"], zone["start"], zone["end"], color=color, linewidth=3, alpha=0.3)
    for place, mean, marker in zip(at, zone["mean"].values, _MARKERS, strict=False):
        axes.plot(place, mean, marker, color=color, markersize=6)


def _say(axes: Axes, words: str) -> None:
    box = {"facecolor": "white", "edgecolor": "none"}
    style = {"ha": "center", "fontsize": 8.5, "bbox": box, "transform": axes.transAxes}
    axes.text(0.5, 0.45, words, **style)
