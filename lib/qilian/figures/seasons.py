"""Maps of the thaw season itself, and what they answer: when it is lowest, how much is late."""

import json

import cmcrameri.cm as crameri
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from qilian.contracts.labels import written_number, written_units
from qilian.figures.maps import bar_below, map_panel, outline
from qilian.figures.style import DISPLACEMENT_MAP, INK, WINDOW_COLORS
from qilian.insar.rates import half_width, rate_change
from qilian.insar.temporal_models import DAYS_PER_YEAR, periodic_model
from qilian.spatial.grids import mask_onto, onto
from qilian.thaw.progress import LATE_SEASON

_DAYS = crameri.lapaz_r
_LONGEST = 90  # days of an interval beyond which the lowest day is not told


def season_panels(axes: tuple[Axes, Axes], seasons: xr.Dataset, outlines: object = None) -> None:
    """Draw on which day of the year the ground is lowest, and what its late season has in excess.

    A place that does not settle significantly, or whose interval of that day is longer than 90
    days, is hatched. Dots mark an excess that differs significantly from zero, at the 5 % level.

    Parameters
    ----------
    axes : (Axes, Axes)
        Where to draw.
    seasons : xarray.Dataset
        (y, x), as from `products.thaw_seasons`.
    outlines : geopandas.GeoDataFrame, optional
        Drawn on both.
    """
    day = seasons["lowest_day"].where(_told(seasons))
    ends = day.quantile([0.05, 0.95]).fillna(0).values
    first, excess = (
        map_panel(axes[0], day, cmap=_DAYS, norm=Normalize(*ends)),
        seasons["late_excess"],
    )
    limit = max(1.0, float(np.ceil(abs(excess).quantile(0.98).fillna(1))))
    look = {"cmap": DISPLACEMENT_MAP, "norm": Normalize(-limit, limit)}
    second = map_panel(axes[1], excess, furniture=False, **look)
    rows, columns = np.nonzero(_significant(seasons).values)
    axes[1].scatter(seasons["x"][columns], seasons["y"][rows], s=0.15, color="black", linewidth=0)
    axes[0].set_title("(a) day on which the ground is lowest")
    axes[1].set_title("(b) late season beyond the root law")
    bar_below(axes[0], first, "day of the year", extend="both")
    bar_below(axes[1], second, "mm", extend="both")
    for panel in axes:
        if outlines is not None:
            outline(panel, outlines, seasons.rio.crs)


def years_panel(axes: Axes, seasons: xr.Dataset) -> None:
    """Draw settlement and its late part by year: the median place, and 80 % of all places.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    seasons : xarray.Dataset
        (year, y, x), as from `products.thaw_seasons`.
    """
    looks = {
        "thaw": ("whole season", WINDOW_COLORS[0], "o"),
        "late": ("late part", WINDOW_COLORS[2], "s"),
    }
    for aside, (name, (label, color, marker)) in zip((-0.1, 0.1), looks.items(), strict=True):
        of_year = seasons[f"{name}_deformation_of_year"]
        low, middle, high = of_year.quantile([0.1, 0.5, 0.9], ("y", "x")).values
        bars = np.array([middle - low, high - middle])
        look = {"color": color, "marker": marker, "markersize": 5, "linestyle": "none"}
        axes.errorbar(of_year["year"] + aside, middle, bars, label=label, **look)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(ylabel="deformation (mm)", title="(c) by year: median and 80 % of places")
    axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 0.98))


def season_verdicts(seasons: xr.Dataset) -> list[str]:
    """Say when the ground is lowest, how much of a season is late, and where that is too much.

    Parameters
    ----------
    seasons : xarray.Dataset
        (y, x), as from `products.thaw_seasons`.

    Returns
    -------
    list of str
        Two sentences.
    """
    told, law = _told(seasons), 1 - LATE_SEASON**0.5
    day = seasons["lowest_day"].where(told)
    share = 100 * told.sum() / seasons["lowest_day"].notnull().sum()
    if not told.any():
        when = "Nowhere does the ground settle so that its lowest day is known to 90 days."
    else:
        low, middle, high = day.quantile([0.1, 0.5, 0.9]).values
        width = (seasons["lowest_day_to"] - seasons["lowest_day_from"]).where(told).median() / 2
        when = (
            f"The ground is lowest around day {middle:.0f} of the year (median ± {width:.0f} d; "
            f"80 % of places between {low:.0f} and {high:.0f}), where it settles and the interval "
            f"of that day is below {_LONGEST} days: in {share:.0f} % of the scene."
        )
    whole, late = (seasons[f"{name}_deformation"].median().item() for name in ("thaw", "late"))
    beyond = 100 * _significant(seasons).sum() / seasons["late_excess"].notnull().sum()
    much = (
        f"In a mean thaw season the ground moves by {written_number(whole)} mm (median), by "
        f"{written_number(late)} mm in its late part. The root law has {100 * law:.0f} % of the "
        f"season there; the difference is significant in {beyond:.0f} % of the scene, where chance "
        "alone would make it 5 %."
    )
    return [when, much]


def root_law_verdict(seasons: xr.Dataset, year: int) -> str:
    """Say whether the late part of one season is that of the root law.

    Parameters
    ----------
    seasons : xarray.Dataset
        As from `products.thaw_seasons`.
    year : int
        In which the season began.
    """
    if year not in seasons["year"]:
        return f"Whether the season of {year} follows the root law is not known."
    excess, error = (
        seasons[f"late_excess{end}_of_year"].sel(year=year) for end in ("", "_standard_error")
    )
    beyond = abs(excess) > half_width(error, seasons["degrees_of_freedom"])
    share = 100 * beyond.sum() / excess.notnull().sum()
    return (
        f"In {year} the late part of the season differs from the root law by "
        f"{written_number(excess.median(), plus=True)} mm (median; standard error "
        f"{float(error.median()):.0f} mm), significantly in {float(share):.0f} % of the scene. All "
        "places share the delay at the reference area, so that this is one case and not many."
    )


def _told(seasons: xr.Dataset) -> xr.DataArray:
    """Tell where the ground settles, significantly, and is lowest on a day known to 90."""
    error = seasons["thaw_deformation_standard_error"]
    settles = seasons["thaw_deformation"] < -half_width(error, seasons["degrees_of_freedom"])
    return settles & (seasons["lowest_day_to"] - seasons["lowest_day_from"] <= _LONGEST)


def _significant(seasons: xr.Dataset) -> xr.DataArray:
    error = seasons["late_excess_standard_error"]
    return abs(seasons["late_excess"]) > half_width(error, seasons["degrees_of_freedom"])


def season_model_verdict(inversion: xr.Dataset) -> str:
    """Say how the temporal model departs from the paper's, and what that does to the rate.

    Parameters
    ----------
    inversion : xarray.Dataset
        As from `products.displacement`.
    """
    paper = "The paper's temporal model has a rate and a yearly wave"
    seasonal = json.loads(inversion.attrs["options"])["seasonal"]
    if seasonal != "thaw":
        return f"{paper}, ours {'too' if seasonal == 'periodic' else 'a rate alone'}."
    change = rate_change(inversion, periodic_model(inversion["time"]))
    low, middle, high = (
        written_number(value, 2, plus=True) for value in change.quantile([0.05, 0.5, 0.95])
    )
    return (
        f"{paper}, ours a rate and a season by the thawing index. With the wave in its place the "
        f"rate changes by {middle} {written_units(change)} (median; 5 to 95 % of places: {low} to "
        f"{high})."
    )


def single_seasons_verdict(model: xr.Dataset, seasons: xr.Dataset) -> str:
    """Compare the deformation of a mean season by a temporal model with that of single seasons.

    Parameters
    ----------
    model : xarray.Dataset
        (y, x) `rate` [mm year-1] and `thaw_deformation` [mm] of one model for all years, zero on
        ground that is `stable`.
    seasons : xarray.Dataset
        (y, x), as from `products.thaw_seasons`, from the same series.
    """
    whole = seasons["thaw_deformation"]
    of_model, rate = (onto(model[name], whole) for name in ("thaw_deformation", "rate"))
    length = (seasons["turn"] - seasons["onset"]).mean() / np.timedelta64(1, "D") / DAYS_PER_YEAR
    more = whole - of_model
    more = (more - more.where(mask_onto(model["stable"], more)).median().fillna(0)).median()
    lasting = (rate * length).median().item()
    return (
        "Curves of single seasons differ from the season of the model by "
        f"{written_number(more, plus=True)} mm (median). They also hold what the ground sinks for "
        f"good while it thaws: {written_number(lasting, plus=True)} mm, the rate times the length "
        "of a season."
    )
