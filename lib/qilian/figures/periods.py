"""Pictures of several periods: maps beside their errors, and the averages of kinds of ground."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cmcrameri.cm as crameri
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import FigureBase

from qilian.contracts.labels import heading, written_units
from qilian.figures import maps
from qilian.figures import style as figures_style

# Not red and blue, which on the maps above are down and up.
_GROUNDS = (("o", figures_style.INK), ("s", "#2a8f6d"), ("^", "#6a3d8f"))
_NAME = 0.1  # of the time axis, that a satellite's name takes
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
    panels = figure.subplots(len(titles), 2, sharex=True, sharey=True, squeeze=False)
    signed = {"cmap": figures_style.DISPLACEMENT_MAP, "norm": Normalize(-limit, limit)}
    positive = {"cmap": crameri.imola_r, "norm": Normalize(0, largest_error)}
    letters = figures_style.letters()
    own = [next(letters) for _ in titles]
    for row, title in enumerate(titles):
        left, right = panels[row]
        image = maps.map_panel(left, field[row], furniture=row == 0, **signed)
        left.set_title(f"{own[row]} {title}", fontsize=9.5)
        if field[row].isnull().all():
            _say(left, missing[row] if missing else "no value")
        if error[row].isnull().all():
            right.set_visible(False)
            continue
        shades = maps.map_panel(right, error[row], furniture=False, **positive)
        right.set_title(f"{next(letters)} standard error of {own[row]}", fontsize=9.5)
    bar = {"location": "bottom", "aspect": 35, "shrink": 0.8, "pad": 0.02}
    figure.colorbar(image, ax=panels[:, 0], label=heading(field), extend="both", **bar)
    label = f"standard error ({written_units(field)})"
    figure.colorbar(shades, ax=panels[:, 1], label=label, extend="max", **bar)
    for panel in panels.flat:
        maps.outline(panel, outlines, field.rio.crs, linewidth=0.5)
        panel.label_outer()
    maps.outline(panels[-1, 0], borders, field.rio.crs, linewidth=0.8)
    return next(letters)


def averages_panel(
    axes: Axes,
    pooled: xr.Dataset,
    *,
    letter: str,
    spans: Sequence[tuple[float, float]] | None = None,
) -> None:
    """Draw the averages of each ground by period, with two standard errors.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    pooled : xarray.Dataset
        As from `zonal.zonal_mean`.
    letter : str
        Of the panel.
    spans : sequence of (float, float), optional
        First and last moment of each period [calendar year], for an axis of time on which the
        periods are pale bands; side by side by default.
    """
    titles = pooled["period"].values
    at, step = np.arange(titles.size, dtype=float), 0.12
    if spans is None:
        known = pooled["mean"].notnull().any("ground").values
        axes.set_xticks(
            at,
            [
                title.replace(", ", "\n", 1) + ("" if some else "\n(no value)")
                for title, some in zip(titles, known, strict=True)
            ],
        )
    else:
        at, step = _time_axis(axes, titles, np.array(spans))
    grounds = pooled["ground"].values
    for number, (ground, (marker, color)) in enumerate(zip(grounds, _GROUNDS, strict=False)):
        own = pooled.sel(ground=ground)
        aside = (number - (grounds.size - 1) / 2) * step
        style = {"fmt": marker, "color": color, "capsize": 3, "markersize": 5, "label": ground}
        axes.errorbar(at + aside, own["mean"], 2 * own["standard_error"], **style)
    axes.axhline(0, color="#777777", linewidth=1)
    axes.set_ylabel(heading(pooled["mean"]).removeprefix("vertical "))
    pad = None if spans is None else 40
    axes.set_title(f"{letter} averages, with two standard errors", pad=pad)
    # One below the other, so that they leave room for the figure's stamp.
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", fontsize=9)


def _time_axis(axes: Axes, titles: Sequence[str], spans: np.ndarray) -> tuple[np.ndarray, float]:
    """Draw periods as bands and name their satellites; return where averages go, and a step."""
    for first, last in spans:
        axes.axvspan(first, last, color=figures_style.INK, alpha=0.07, linewidth=0)
    gap = _APART * np.ptp(spans)
    at = spans.mean(axis=1)
    for earlier, later in pairwise(np.argsort(at)):
        at[later] = max(at[later], at[earlier] + gap)
    _brackets(axes, [title.split(", ")[1] for title in titles], spans, at)
    axes.set_xlabel("year; shaded: what the pairs span")
    return at, gap / 2.5


def _brackets(axes: Axes, names: Sequence[str], spans: np.ndarray, at: np.ndarray) -> None:
    """Draw a line over each span, above the chart, its name on it; what overlaps goes higher."""
    half = _NAME * np.ptp(spans) / 2
    taken: list[float] = []
    style = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    for number in np.argsort(spans[:, 0]):
        (first, last), middle = spans[number], at[number]
        start, end = min(first, middle - half), max(last, middle + half)
        level = next((n for n, right in enumerate(taken) if right < start), len(taken))
        taken[level : level + 1] = [end]
        height = 1.035 + 0.115 * level
        axes.plot([first, last], [height, height], color="#777777", linewidth=2.5, **style)
        axes.text(middle, height + 0.025, names[number], ha="center", fontsize=8.5, **style)


def _say(axes: Axes, words: str) -> None:
    box = {"facecolor": "white", "edgecolor": "none"}
    style = {"ha": "center", "fontsize": 9, "bbox": box, "transform": axes.transAxes}
    axes.text(0.5, 0.45, words, **style)
