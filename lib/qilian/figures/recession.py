"""Pictures of streamflow recession: fits of windows, choices compared, the hydrograph's days."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from qilian.figures import style as figures_style

_KIND_COLORS = {
    "as chosen": "#1a1a1a",
    "method": "#1f5fbf",
    "length": "#2a8f6d",
    "season": "#9a6ab0",
    "fit": "#d6452b",
}

# What a combination of choices finds, in the order of `recession.FINDINGS`.
FINDING_COLORS = {
    "no interval": "#ededed",
    "no significant change": "#9c9c9c",
    "longer, whatever the cause": "#f0b27a",
    "slower storage": "#b5401f",
    "shorter, whatever the cause": "#9ec5e8",
    "faster storage": "#1f5fbf",
}


def window_panels(
    top: Axes,
    bottom: Axes,
    fits: xr.Dataset,
    colors: Mapping[int, str],
    truth: xr.DataArray | None = None,
) -> tuple[float, float]:
    """Draw Ks with its intervals, and R² below, one colour a window; return the limits of Ks.

    Intervals of single years are bars and have no say in the limits, since they may be ten times
    as wide as those of the moving windows.

    Parameters
    ----------
    top, bottom : matplotlib Axes
        Where to draw.
    fits : xarray.Dataset
        (window, year).
    colors : mapping of int to str
        Colour by window [year].
    truth : xarray.DataArray, optional
        (year,) the constant that made the discharge [day], drawn dashed.
    """
    for window, color in colors.items():
        fit = fits.sel(window=window)
        label = f"{window}-year"
        if window == 1:
            _interval_bars(top, fit, color=color, label=label)
        else:
            confidence_band(top, fit, "recession_constant", color=color, label=label)
        style = {"color": color, "markersize": 3, "linewidth": 1.2}
        bottom.plot(fit["year"], fit["r_squared"], "o-", **style)
    if truth is not None:
        line = {"color": "#e09f1f", "linestyle": "--", "linewidth": 2, "zorder": 4}
        top.plot(truth["year"], truth, label="truth", **line)
    moving = fits["window"] > 1
    bounds = {n: fits[n].where(moving | (len(colors) == 1)) for n in _BOUNDS}
    limits = robust_limits(fits.assign(bounds), "recession_constant")
    top.set(ylim=limits, ylabel="recession constant $K_s$ (d)")
    top.set_title("(a) recession constant with its 95 % interval")
    bottom.set(ylabel="$R^2$", xlabel="centre of the window (year)")
    bottom.set_title("(b) goodness of fit")
    return limits


def _interval_bars(axes: Axes, fit: xr.Dataset, *, color: str, label: str) -> None:
    """Draw single estimates with a bar each, without end where there is no upper bound."""
    lower, upper = (fit[name] for name in _BOUNDS)
    held = np.isfinite(lower)
    axes.vlines(fit["year"][held], lower[held], upper.fillna(1e6)[held], color=color, alpha=0.35)
    style = {"color": color, "markersize": 3, "linewidth": 1}
    axes.plot(fit["year"], fit["recession_constant"], "o-", label=label, **style)


def choices_panel(axes: Axes, runs: xr.Dataset) -> None:
    """Draw the change of Ks, with its interval, under one choice a row, grouped by its kind.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    runs : xarray.Dataset
        (choice,) as from `change.choice_sensitivity`.
    """
    kinds = runs["kind"].values
    rows = np.arange(kinds.size) + 0.7 * np.cumsum(np.append(0, kinds[1:] != kinds[:-1]))
    ratio, low, high = (1 + runs[name].values / 100 for name in _CHANGE)
    far = _far(np.concatenate([low, high]), ratio)
    for kind, row, *bounds, middle in zip(kinds, rows, low, high, ratio, strict=True):
        color = _KIND_COLORS[kind]
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


def choices_map(axes: Axes, choices: xr.Dataset) -> None:
    """Colour every combination of rule and season, across, and of fit and shortest segment, down.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    choices : xarray.Dataset
        As from `recession.every_choice`, its `finding` a place in `FINDING_COLORS`.
    """
    order = ("fit", "length", "rule", "season")
    found = choices["finding"].transpose(*order)
    fits, lengths, rules, seasons = found.shape
    colors = np.array([to_rgb(color) for color in FINDING_COLORS.values()])
    axes.imshow(colors[found.values.reshape(fits * lengths, -1)], aspect="auto")
    for place in range(1, rules):
        axes.axvline(place * seasons - 0.5, color="white", linewidth=3)
    for place in range(1, fits):
        axes.axhline(place * lengths - 0.5, color="white", linewidth=3)
    names = [str(name).replace("_", " ") for name in choices["rule"].values]
    axes.set_xticks(np.arange(rules) * seasons + (seasons - 1) / 2, names)
    names = [str(name).replace("_", " ") for name in choices["fit"].values]
    axes.set_yticks(np.arange(fits) * lengths + (lengths - 1) / 2, names)
    axes.tick_params(length=0)
    axes.grid(False)
    here = np.unique(found.values)
    shown = [item for place, item in enumerate(FINDING_COLORS.items()) if place in here]
    patches = [Patch(color=color, label=name) for name, color in shown]
    axes.legend(handles=patches, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)


def feigned_panel(axes: Axes, made: xr.Dataset, compared: xr.Dataset) -> None:
    """Draw the change that each cause makes by its size, and the one seen.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    made : xarray.Dataset
        (cause, size) as from `recession.feigned_by_size`.
    compared : xarray.Dataset
        As from `recession.compare_periods`.
    """
    step = compared.sel(comparison="at equal flow")
    bounds = (float(step["change_lower"]), float(step["change_upper"]))
    axes.axhspan(*bounds, color="#1a1a1a", alpha=0.12, linewidth=0, label="95 % interval")
    axes.axhline(float(step["change"]), color="#1a1a1a", label="change seen, at equal flow")
    for cause, style in zip(made["cause"].values, _CAUSE_STYLES, strict=True):
        axes.plot(made["size"], made["change"].sel(cause=cause), label=cause, **style)
    limits = (min(0.0, 1.3 * min(bounds)), max(0.0, 1.3 * max(bounds)))
    axes.set(xlabel="size (% of flow, or of the rating exponent)", xmargin=0)
    axes.set(ylabel="change of $K_s$ (%)", ylim=limits)
    axes.legend(fontsize=8, frameon=False)


def laws_panel(axes: Axes, fits: xr.Dataset) -> None:
    """Draw Ks of moving windows by each law, with its 95 % interval.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    fits : xarray.Dataset
        (law, year) as from `recession.law_fits`.
    """
    for law, color in zip(fits["law"].values, ("#1a1a1a", "#1f5fbf", "#d6452b"), strict=True):
        one = fits.sel(law=law)
        confidence_band(axes, one, "recession_constant", color=color, label=str(law))
    axes.set(ylabel="$K_s$ (d)", ylim=robust_limits(fits, "recession_constant"))
    axes.legend(fontsize=8, frameon=False, ncols=3)


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
    dots = axes.scatter(depth, ks, c=both["year"], cmap=figures_style.COHERENCE_MAP, zorder=3)
    axes.figure.colorbar(dots, ax=axes, label="year", aspect=30, format="%d")
    axes.set(xlabel="thaw depth (m)", ylabel="$K_s$ of the year (d)", ylim=(0, ceiling))


_BOUNDS = ("recession_constant_lower", "recession_constant_upper")
_CHANGE = ("change", "change_lower", "change_upper")
_SMALL = {"fontsize": 8, "va": "center", "color": "#555555"}
_PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 1}
_BAR = {"color": "#9a9a9a", "linewidth": 1}
_CAUSE_STYLES = (
    {"color": "#1f5fbf"},
    {"color": "#d6452b", "linestyle": "--"},
    {"color": "#2a8f6d", "linestyle": "-."},
)


def _far(bounds: np.ndarray, ratio: np.ndarray) -> float:
    """Factor up to which an axis must reach for every estimate and most bounds, at most 10."""
    away = np.exp(np.abs(np.log(bounds)))
    furthest = np.nanmax([1.5, np.nanquantile(away, 0.8), np.nanmax(np.exp(abs(np.log(ratio))))])
    return float(min(1.1 * furthest, 10))


def confidence_band(axes: Axes, fit: xr.Dataset, name: str, *, color: str, label: str) -> None:
    """Draw an estimate as a line and its 95 % interval as a shade, both broken where missing.

    A lower bound without an upper one is an interval open to the top and shaded so; a value
    whose neighbours are missing gets a bar instead, since a shade needs two.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    fit : xarray.Dataset
        Along one dimension: `name`, `{name}_lower` and `{name}_upper`.
    name : str
        The estimate.
    color, label : str
        Of the line and its entry in the legend.
    """
    estimate, lower, upper = (fit[name + part] for part in ("", "_lower", "_upper"))
    x = estimate[estimate.dims[0]]
    open_top = np.isfinite(lower) & ~np.isfinite(upper)
    ceiling = upper.where(~open_top, 1e6)
    axes.fill_between(x, lower, ceiling, color=color, alpha=0.16, linewidth=0)
    axes.plot(x, estimate, color=color, marker="o", markersize=3.2, linewidth=1.4, label=label)
    held = np.isfinite(lower.values)
    beside = np.pad(held, 1)
    lone = held & ~beside[:-2] & ~beside[2:]
    axes.vlines(x.values[lone], lower.values[lone], ceiling.values[lone], color=color, alpha=0.3)


def robust_limits(fit: xr.Dataset, name: str) -> tuple[float, float]:
    """Axis limits that show every estimate and most bounds, but keep the estimates apart.

    Four fifths of the bounds on either side, though never more than twice the highest estimate.
    """
    estimate, lower, upper = (fit[name + part] for part in ("", "_lower", "_upper"))
    if estimate.isnull().all():
        return 0.0, 1.0
    lowest, highest = float(estimate.min()), float(estimate.max())
    if lower.notnull().any():
        lowest = min(lowest, float(lower.quantile(0.2)))
    if upper.notnull().any():
        highest = max(highest, min(float(upper.quantile(0.8)), 2 * highest))
    return 0.9 * lowest, 1.1 * highest
