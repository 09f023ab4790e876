"""Pictures of coherence: each pair's map, and the decay by zone, listed too."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qilian.figures import maps as figures_maps
from qilian.figures import style

_GREY = "#777777"
# What a reader has to know of marks that all zones share.
_KEY = (
    Line2D([], [], color=_GREY, linewidth=0.8, marker="|", linestyle="none", markersize=11),
    Patch(color=_GREY, alpha=0.25),
    Line2D([], [], color=_GREY, linewidth=1, linestyle=":"),
)
_MEANINGS = (
    "bar: four fifths of the pixels",
    "shade: curves that fit about as well",
    "dotted: no pair lies there",
)


def coherence_maps(figure: FigureBase, coherence: xr.DataArray, pairs: xr.Dataset) -> None:
    """Draw the coherence of pairs on the scale 0 to 1, each under what a table states of it.

    Parameters
    ----------
    figure : matplotlib Figure or SubFigure
        Where to draw, and nothing else is.
    coherence : xarray.DataArray
        (pair, y, x) [1].
    pairs : xarray.Dataset
        (pair,) in the same order, as from `network.beside_listed`.
    """
    maps, letters = {}, style.letters()
    for number, name in enumerate(pairs["pair"].values):
        stated = pairs.isel(pair=number)
        days, baseline = float(stated["stated_days"]), float(stated["stated_baseline"])
        facts = f"{days:.0f} d, {baseline:.0f} m".replace("-", "−")
        facts = facts if np.isfinite(days) else "not in Table S1"
        maps[f"{next(letters)} {name}\n{facts}"] = coherence[number]
    scale = {"cmap": style.COHERENCE_MAP, "norm": style.COHERENCE_NORM}
    image = figures_maps.map_grid(figure, maps, columns=2, **scale)
    bar = {"location": "bottom", "aspect": 40, "shrink": 0.6}
    figure.colorbar(image, ax=figure.axes, label="coherence", **bar)


def decay_panel(axes: Axes, kinds: xr.Dataset, fitted: xr.Dataset, days: xr.DataArray) -> None:
    """Draw the coherence of zones against time span, and the decay fitted to each.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    kinds : xarray.Dataset
        (ground, pair), as from `decorrelation.zonal_coherence`, the geometric part divided out.
    fitted : xarray.Dataset
        (ground, days), as from `decorrelation.fit_decay`.
    days : xarray.DataArray
        (pair,) time span [day].
    """
    names = fitted["ground"].values
    for number, name in enumerate(names):
        look = {"color": style.WINDOW_COLORS[number], "marker": "os^Dv"[number], "label": name}
        # A little apart, so that the bars of one pair can be told.
        aside = (number - (len(names) - 1) / 2) * 0.006 * float(fitted["days"][-1])
        _points(axes, kinds.sel(ground=name), days + aside, look)
        _decay(axes, fitted.sel(ground=name), days, look["color"])
    axes.set(xlabel="time span (d)", ylabel="coherence, geometry divided out", ylim=(0, 1.05))
    handles, labels = axes.get_legend_handles_labels()
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": 2, "fontsize": 8.5}
    axes.legend([*handles, *_KEY], [*labels, *_MEANINGS], **below)


def decay_listing(fitted: xr.Dataset) -> pd.DataFrame:
    """List fits as from `fit_decay`, a zone a row, by the ranges alone."""
    rows: dict[str, Any] = {"ground": fitted["ground"].values}
    for name, heading, form in (
        ("decay_time", "decay time τ (day)", ".0f"),
        ("lasting", "lasting coherence γ∞", ".2f"),
    ):
        ends = (fitted[name + end].values for end in ("_lower", "_upper"))
        rows[heading] = [
            f"{low:{form}}–{high:{form}}" if np.isfinite(low) else "–"
            for low, high in zip(*ends, strict=True)
        ]
    rows[fitted["at_limit"].attrs["long_name"]] = fitted["at_limit"].values
    return pd.DataFrame(rows)


def _points(axes: Axes, kind: xr.Dataset, at: xr.DataArray, look: dict[str, Any]) -> None:
    reach = np.abs(np.stack([kind["low"], kind["high"]]) - kind["mean"].values)
    axes.errorbar(at, kind["mean"], reach, linestyle="none", elinewidth=0.8, **look)


def _decay(axes: Axes, line: xr.Dataset, days: xr.DataArray, color: str) -> None:
    at = line["days"]
    seen = (at >= days.min()) & (at <= days.max())
    axes.plot(at, line["curve"], color=color, linestyle=":", linewidth=1)
    axes.plot(at[seen], line["curve"][seen], color=color)
    axes.fill_between(at, line["curve_lower"], line["curve_upper"], color=color, alpha=0.12)
