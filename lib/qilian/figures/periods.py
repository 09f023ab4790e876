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

from qilian.contracts.labels import heading, written_units
from qilian.figures import maps
from qilian.figures import style as figures_style
from qilian.insar.periods import period_years

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
        at, step = _time_axis(axes, pooled)
    else:
        known = pooled["mean"].notnull().any("ground").values
        label = _ring_label if dim == "ring" else _period_label
        labels = [label(pooled.isel({dim: number})) for number in range(at.size)]
        empty = ("" if some else "\n(no value)" for some in known)
        axes.set_xticks(at, [name + none for name, none in zip(labels, empty, strict=True)])
    grounds = pooled["ground"].values
    for number, (ground, (marker, color)) in enumerate(zip(grounds, _GROUNDS, strict=False)):
        own = pooled.sel(ground=ground)
        aside = (number - (grounds.size - 1) / 2) * step
        style = {"fmt": marker, "color": color, "capsize": 3, "markersize": 5, "label": ground}
        axes.errorbar(at + aside, own["mean"], 2 * own["standard_error"], **style)
    axes.axhline(0, color="#777777", linewidth=1)
    axes.set_ylabel(heading(pooled["mean"]).replace(" (", "\n(", 1))
    axes.set_title(f"{letter} averages, with two standard errors", pad=40 if over_time else None)
    # One below the other, so that they leave room for the figure's stamp.
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", fontsize=9)


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


def zonal_sentences(pooled: xr.Dataset) -> list[str]:
    """Say each zone's averages with two standard errors, and which periods differ."""
    units, beyond = written_units(pooled["mean"]), distinct_periods(pooled)
    found = []
    for ground, own in pooled.groupby("ground"):
        known = own.squeeze("ground").dropna("period", subset=["mean"])
        rows = zip(*(known[n].values for n in ("period", "mean", "standard_error")), strict=True)
        said = [f"{period}: {mean:.1f} ± {2 * error:.1f}" for period, mean, error in rows]
        two = beyond[(beyond["ground"] == ground) & (beyond["from"] != "none")]
        told = [f"{a} and {b}" for a, b in zip(two["from"], two["to"], strict=True)]
        told_of = "; ".join(said).replace(": -", ": −")
        words = f"Different: {'; '.join(told)}; no others." if told else "No two differ."
        found.append(f"{ground.capitalize()} ({units}): {told_of}. {words}")
    return found


def _period_label(period: xr.Dataset) -> str:
    return f"{period_years(period)}\n{period['satellite'].item()}"


def _ring_label(ring: xr.Dataset) -> str:
    inner, outer = ring["inner"].item(), ring["outer"].item()
    if np.isinf(outer):
        return f"beyond {inner:g} m"
    return f"{inner:g}–{outer:g} m"


def _time_axis(axes: Axes, pooled: xr.Dataset) -> tuple[np.ndarray, float]:
    """Draw periods as bands and name their satellites; return where averages go, and a step."""
    spans = np.stack([pooled["start"], pooled["end"]], -1)
    for first, last in spans:
        axes.axvspan(first, last, color=figures_style.INK, alpha=0.07, linewidth=0)
    gap = _APART * np.ptp(spans)
    at = spans.mean(axis=1)
    for earlier, later in pairwise(np.argsort(at)):
        at[later] = max(at[later], at[earlier] + gap)
    _brackets(axes, pooled["satellite"].values, spans, at)
    axes.set_xlabel("year; shaded: what the pairs span")
    return at, gap / 2.5


def _brackets(axes: Axes, names: np.ndarray, spans: np.ndarray, at: np.ndarray) -> None:
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
