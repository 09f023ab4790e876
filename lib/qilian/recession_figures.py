"""Pictures of streamflow recession: fits of windows, choices compared, the hydrograph's days."""

from collections.abc import Mapping

import numpy as np
import panel as pn
import xarray as xr
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, Slider
from bokeh.plotting import figure
from matplotlib.axes import Axes

from qilian import figures, views
from qilian.contracts import written_units

KIND_COLORS = {
    "as chosen": "#1a1a1a",
    "method": "#1f5fbf",
    "length": "#2a8f6d",
    "season": "#9a6ab0",
    "fit": "#d6452b",
}


def window_panels(
    top: Axes, bottom: Axes, fits: xr.Dataset, colors: Mapping[int, str]
) -> tuple[float, float]:
    """Draw Ks with its intervals, and R² below, one colour a window; return the limits of Ks."""
    for window, color in colors.items():
        fit = fits.sel(window=window)
        label = f"{window}-year"
        figures.confidence_band(top, fit, "recession_constant", color=color, label=label)
        style = {"color": color, "markersize": 3.2, "linewidth": 1.4}
        bottom.plot(fit["year"], fit["r_squared"], "o-", **style)
    limits = figures.robust_limits(fits, "recession_constant")
    top.set(ylim=limits, ylabel="recession constant $K_s$ (d)")
    top.set_title("(a) recession constant with its 95 % interval")
    bottom.set(ylabel="$R^2$", xlabel="centre of the window (year)")
    bottom.set_title("(b) goodness of fit")
    return limits


def choices_panel(axes: Axes, runs: xr.Dataset) -> None:
    """Draw the change of Ks, with its interval, under one choice a row, grouped by its kind.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    runs : xarray.Dataset
        (choice,) as from `recession_change.sensitivity`.
    """
    kinds = runs["kind"].values
    rows = np.arange(kinds.size) + 0.7 * np.cumsum(np.append(0, kinds[1:] != kinds[:-1]))
    ratio, low, high = (1 + runs[name].values / 100 for name in _CHANGE)
    far = _far(np.concatenate([low, high]), ratio)
    for kind, row, *bounds, middle in zip(kinds, rows, low, high, ratio, strict=True):
        color = KIND_COLORS[kind]
        if np.isnan(bounds).any():
            words = "cannot tell" if np.isnan(middle) else "no interval"
            axes.text(1, row, words, ha="center", bbox=_PLAIN, **_SMALL)
            continue
        axes.hlines(row, *bounds, color=color, linewidth=2, alpha=0.5)
        # Arrows where an interval goes on beyond the axis.
        arrow = {"color": color, "markersize": 5, "clip_on": False}
        if bounds[0] < 1 / far:
            axes.plot(1 / far, row, "<", **arrow)
        if bounds[1] > far:
            axes.plot(far, row, ">", **arrow)
        axes.plot(middle, row, "o", color=color, markersize=5)
    edge = axes.get_yaxis_transform()
    constants = (runs["before"].values, runs["after"].values)
    for row, old, new, bound in zip(rows, *constants, low, strict=True):
        if np.isfinite(old + new):
            style = _SMALL | {"color": "#aaaaaa" if np.isnan(bound) else "#555555"}
            axes.text(1.02, row, f"{old:.0f} → {new:.0f} d", transform=edge, **style)
    axes.axvline(1, color="#777777", linewidth=1)
    names = zip(kinds, runs["label"].values, strict=True)
    axes.set_yticks(rows, [f"{kind}: {label.replace('_', ' ')}" for kind, label in names])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xscale("log")
    ticks = [t for t in (0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.4, 2, 3, 5, 10) if 1 / far <= t <= far]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set(ylim=(rows[-1] + 0.8, -0.8), xlim=(1 / far, far))
    axes.set_xlabel("$K_s$ after / before")


def thaw_panel(axes: Axes, fit: xr.Dataset, thaw: xr.Dataset) -> None:
    """Draw Ks of single years over measured thaw depth, years as colours, with both errors."""
    both = xr.merge([fit.drop_vars("window"), thaw], join="inner", compat="override")
    both = both.sel(year=both["recession_constant"].notnull() & both["thaw_depth"].notnull())
    ks, depth = both["recession_constant"], both["thaw_depth"]
    ceiling = 1.6 * float(ks.max())
    upper = both["recession_constant_upper"].fillna(ceiling)
    held = both["recession_constant_lower"].notnull()
    axes.vlines(depth[held], both["recession_constant_lower"][held], upper[held], **_BAR)
    unbounded = depth[held & both["recession_constant_upper"].isnull()]
    top = np.full(unbounded.size, ceiling)
    axes.plot(unbounded, top, "^", color=_BAR["color"], markersize=5, clip_on=False)
    if "standard_deviation" in both:
        error = both["standard_deviation"].fillna(0)
        axes.hlines(ks, depth - error, depth + error, **_BAR)
    dots = axes.scatter(depth, ks, c=both["year"], cmap=figures.COHERENCE_MAP, zorder=3)
    axes.figure.colorbar(dots, ax=axes, label="year", aspect=30, format="%d")
    axes.set(xlabel="thaw depth (m)", ylabel="$K_s$ of the year (d)", ylim=(0, ceiling))


def hydrograph(days: xr.Dataset, data: xr.Dataset) -> pn.pane.Bokeh:
    """Draw discharge and the days chosen, a year at a time with a slider; pan and zoom go on.

    Parameters
    ----------
    days : xarray.Dataset
        As from `recession_days.select_days`.
    data : xarray.Dataset
        The loaded input, for its units and its simulated mark.
    """
    time = days["time"].values.astype("datetime64[ms]").astype(float)
    flow, segment = np.exp(days["log_discharge"].values), days["segment"].values
    used = np.flatnonzero(segment)
    years = days["time"].dt.year.values
    shown = int(years[used[-1]]) if used.size else int(years[-1])
    plot = figure(
        title=views.titled("discharge, the days used in red", data),
        height=330,
        sizing_mode="stretch_width",
        x_axis_type="datetime",
        y_axis_type="log",
        x_range=_year_ends(shown),
        y_axis_label=f"discharge ({written_units(data['discharge'])})",
        tools="pan,wheel_zoom,box_zoom,reset,hover",
        tooltips=[("day", "@time{%F}"), ("discharge", "@flow"), ("recession", "@segment")],
    )
    plot.line(time, flow.astype("float32"), color="#9a9a9a")
    columns = {"time": time[used], "flow": flow[used].astype("float32"), "segment": segment[used]}
    dots = plot.scatter("time", "flow", source=ColumnDataSource(columns), size=5, color="#d6452b")
    plot.hover.update(renderers=[dots], formatters={"@time": "datetime"})
    slider = Slider(start=int(years[0]), end=int(years[-1]), value=shown, step=1, title="year")
    slider.update(sizing_mode="stretch_width", margin=(5, 60, 5, 60))
    slider.js_on_change("value", CustomJS(args={"range": plot.x_range}, code=_GO_TO_YEAR))
    return pn.pane.Bokeh(column(plot, slider, sizing_mode="stretch_width"))


_GO_TO_YEAR = """
range.setv({start: Date.UTC(cb_obj.value, 0, 1), end: Date.UTC(cb_obj.value + 1, 0, 1)});
"""
_CHANGE = ("change", "change_lower", "change_upper")
_SMALL = {"fontsize": 7.5, "va": "center", "color": "#555555"}
_PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 1}
_BAR = {"color": "#9a9a9a", "linewidth": 1}


def _far(bounds: np.ndarray, ratio: np.ndarray) -> float:
    """Factor up to which an axis must reach for every estimate and most bounds, at most 10."""
    away = np.exp(np.abs(np.log(bounds)))
    furthest = np.nanmax([1.5, np.nanquantile(away, 0.8), np.nanmax(np.exp(abs(np.log(ratio))))])
    return float(min(1.1 * furthest, 10))


def _year_ends(year: int) -> tuple[float, float]:
    """First and last moment of a year, as milliseconds since 1970."""
    ends = np.array([f"{year}-01-01", f"{year + 1}-01-01"], "datetime64[ms]")
    return tuple(ends.astype(float))
