"""Pictures of coherence: each pair's map, and the decay by zone, listed too."""

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qilian.contracts.labels import typeset
from qilian.figures import maps as figures_maps
from qilian.figures import style

_GREY = "#777777"
_PALE = "#c4c4c4"
# What a reader has to know of marks that all zones share.
_KEY = {
    "zonal mean, 10th to 90th percentile": Line2D(
        [], [], color=_GREY, linewidth=1, marker="o", markersize=4.5
    ),
    "fitted decay, dotted where no pair lies": Line2D([], [], color=_GREY),
    "curves that fit about as well": Patch(color=_GREY, alpha=0.25),
    "the other zones": Line2D([], [], color=_PALE, linewidth=1),
}


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
    shown = figures_maps.smoothed(coherence, 200)
    for number, name in enumerate(pairs["pair"].values):
        stated = pairs.isel(pair=number)
        days, baseline = float(stated["stated_days"]), float(stated["stated_baseline"])
        facts = typeset(f"{days:.0f} d, {baseline:.0f} m")
        facts = facts if np.isfinite(days) else "not in Table S1"
        maps[f"{next(letters)} {name}\n{facts}"] = shown[number]
    scale = {"cmap": style.COHERENCE_MAP, "norm": style.COHERENCE_NORM}
    columns, _ = figures_maps.layout(figures_maps.map_ratio(coherence), len(maps))
    scale = {"cmap": style.COHERENCE_MAP, "norm": style.COHERENCE_NORM}
    figures_maps.map_grid(figure, maps, columns=columns, label="coherence", **scale)


def decay_panels(
    figure: FigureBase, kinds: xr.Dataset, fitted: xr.Dataset, days: xr.DataArray, *, letter: str
) -> None:
    """Draw, a panel a zone, its coherence against time span and the decay fitted to it.

    Parameters
    ----------
    figure : matplotlib Figure or SubFigure
        Where to draw, and nothing else is.
    kinds : xarray.Dataset
        (ground, pair), as from `decorrelation.zonal_coherence`, the geometric part divided out.
    fitted : xarray.Dataset
        (ground, days), as from `decorrelation.fit_decay`.
    days : xarray.DataArray
        (pair,) time span [day].
    letter : str
        Of the panels together.
    """
    names = fitted["ground"].values
    panels = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
    for number, (axes, name) in enumerate(zip(panels, names, strict=True)):
        others = fitted["curve"].where(fitted["ground"] != name)
        axes.plot(fitted["days"], others.T, color=_PALE, linewidth=0.8)
        color = style.WINDOW_COLORS[number]
        _decay(axes, fitted.sel(ground=name), days, color)
        _points(axes, kinds.sel(ground=name), days, {"color": color, "marker": "o"})
        axes.set_title(fill(str(name), 15), fontsize=8)
        axes.locator_params(axis="x", nbins=3)
    panels[0].set(ylabel="coherence, corrected\nfor geometry", ylim=(0, 1.02))
    panels[len(names) // 2].set_xlabel("time span (d)")
    figure.suptitle(f"{letter} coherence by time span", x=0.01, ha="left", fontsize=9.5)
    below = {"loc": "outside lower center", "ncols": 2, "fontsize": 8}
    figure.legend(list(_KEY.values()), list(_KEY), **below)


def decay_listing(fitted: xr.Dataset) -> pd.DataFrame:
    """List fits as from `fit_decay`, a zone a row, by the ranges alone."""
    rows: dict[str, Any] = {"zone": fitted["ground"].values}
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
    axes.errorbar(at, kind["mean"], reach, linestyle="none", elinewidth=1, markersize=4, **look)


def _decay(axes: Axes, line: xr.Dataset, days: xr.DataArray, color: str) -> None:
    at = line["days"]
    seen = (at >= days.min()) & (at <= days.max())
    axes.plot(at, line["curve"], color=color, linestyle=":", linewidth=1)
    axes.plot(at[seen], line["curve"][seen], color=color)
    axes.fill_between(
        at, line["curve_lower"], line["curve_upper"], color=color, alpha=0.2, linewidth=0
    )
