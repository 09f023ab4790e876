"""What maps answer, in sentences: motion by zone, period and ring, with 95 % intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from qilian.contracts.labels import written_list, written_number, written_units
from qilian.figures.periods import distinct_periods
from qilian.insar.periods import period_years

_DOWN_AND_UP = {"mm year-1": ("sank", "rose"), "mm": ("settled", "heaved")}
_ZONES = {
    "near the mines": "ground near the mines",
    "near the outlines": "ground near the outlines",
    "undisturbed": "undisturbed ground",
}


def period_verdicts(pooled: xr.Dataset, contrast: xr.Dataset | None = None) -> list[str]:
    """Say how zones moved in the last period, what the first excludes, and where zones differ.

    An interval is two standard errors to either side, that of a difference two spreads, about
    95 %.

    Parameters
    ----------
    pooled : xarray.Dataset
        (ground, period), as from `spatial.zonal_mean`, with the coordinates of
        `insar.describe_period`.
    contrast : xarray.Dataset, optional
        (period,) of the same periods, as from `spatial.zonal_contrast` of the two zones.

    Returns
    -------
    list of str
        One to three sentences; the first stands alone.
    """
    known = pooled.dropna("period", subset=["mean"], how="all")
    if not known.sizes["period"]:
        return ["No period has a value."]
    last, when = known.isel(period=-1), _years(known, -1)
    when += " (corrected)" * str(last["period"].item()).endswith("corrected")
    moved = [_motion(last.isel(ground=number)) for number in range(last.sizes["ground"])]
    season = "in a mean thaw season of " if known["mean"].attrs["units"] == "mm" else "in "
    first = f"{_subject(last, 0).capitalize()} {moved[0]} {season}{when}"
    others = [f"{_subject(last, number)} {moved[number]}" for number in range(1, len(moved))]
    said = [f"{', and '.join([first, *others])} (95 %)."]
    if known.sizes["period"] > 1:
        said.append(_of_first(known.isel(ground=0)))
    if contrast is not None and contrast["spread"].notnull().any():
        apart = np.flatnonzero(contrast["significant"])
        both = f"{_subject(last, 0)} {{}} significantly from {_subject(last, 1)}"
        if apart.size:
            told = written_list([_difference(contrast, pooled, int(at)) for at in apart])
            said.append(
                f"{both.format('differs').capitalize()} in {told}: errors that both share cancel "
                "in the difference."
            )
        else:
            said.append(f"In no period does {both.format('differ')}.")
    return said


def change_verdicts(pooled: xr.Dataset) -> list[str]:
    """Say for each zone which two periods differ by more than two standard errors.

    Parameters
    ----------
    pooled : xarray.Dataset
        As `period_verdicts` has it.
    """
    beyond = distinct_periods(pooled)
    years = {title: _years(pooled, at) for at, title in enumerate(pooled["period"].values)}
    said = []
    for at, ground in enumerate(pooled["ground"].values):
        count = int(pooled["mean"].sel(ground=ground).notnull().sum())
        own = beyond[(beyond["ground"] == ground) & (beyond["from"] != "none")]
        each = [
            f"{years[one]} from {written_list([years[other] for other in rows['to']])}"
            for one, rows in own.groupby("from", sort=False)
        ]
        differ = f"{len(own) or 'none'} of {count * (count - 1) // 2} comparisons"
        about = f"{_subject(pooled, at)}: periods differ significantly in {differ}"
        told = f", {'; '.join(each)}" if each else ""
        said.append(f"{about[0].upper()}{about[1:]}{told}.")
    return said


def truth_verdict(zones: xr.Dataset) -> str:
    """Say how many zonal means agree with the truth within two standard errors.

    Parameters
    ----------
    zones : xarray.Dataset
        As from `spatial.zonal_truth`.
    """
    error = abs(zones["mean"] - zones["truth"])
    judged = error.notnull()
    within = int((error <= 2 * zones["standard_error"]).sum())
    if not judged.any():
        return "No zonal mean can be compared with the truth."
    largest = f"{error.max().item():.1f} {written_units(zones['mean'])}"
    return (
        f"Of {int(judged.sum())} zonal means {within} lie within two standard errors of the truth. "
        f"The largest difference is {largest}."
    )


def ring_verdicts(rings: xr.Dataset | None, site: xr.Dataset, names: Sequence[str]) -> list[str]:
    """Say how much faster ground sinks near outlines than comparable ground far from them.

    The interval of a difference is two standard errors to either side. Where these are upper
    bounds, a sentence says so.

    Parameters
    ----------
    rings : xarray.Dataset or None
        (ground, ring), as from `spatial.ring_means`, with the edges of `spatial.rings`; the last
        ring is the ground far away.
    site : xarray.Dataset
        (y, x) maps `names`, and the half-width `{name}_half_width` of each.
    names : sequence of str
        Of the maps.

    Returns
    -------
    list of str
        One to three sentences; the first stands alone.
    """
    each = [f"{site[name].attrs['long_name']} is {_median(site, name)}" for name in names]
    sure = " (95 %)" * any("±" in said for said in each)
    medians = f"The median {' and the median '.join(each)}{sure}."
    if rings is None or not rings.sizes["ground"]:
        return [medians, "Ground near outlines and far from them cannot be compared here."]
    faster, half = rings["excess"], 2 * rings["excess_standard_error"]
    beyond = faster > half
    nearest, around = (values.isel(ring=0).values for values in (faster, half))
    ends = dict.fromkeys((nearest.argmin(), nearest.argmax()))
    units, names_of = written_units(rings["mean"]), rings["ground"].values
    least, *most = (f"{written_number(nearest[at])} ± {around[at]:.1f}" for at in ends)
    by = f"{least} {units}, 95 %"
    if most:
        first, last = (f"“{names_of[at]}”" for at in ends)
        by = f"{least} {units} (zone {first}) to {most[0]} ({last}), 95 %"
    edge, far = rings["outer"].values[0], rings["inner"].values[-1]
    count = int(beyond.isel(ring=0).sum())
    near = f"within {edge:g} m of the outlines"
    away = f"than comparable ground beyond {far:g} m"
    if count == nearest.size:
        said = [f"Ground {near} sinks faster {away}, by {by}."]
    elif count:
        zones = f"In {count} of {nearest.size} zones ground {near}"
        said = [f"{zones} sinks significantly faster {away}: differences are {by}."]
    else:
        said = [f"No ground {near} sinks significantly faster {away}: differences are {by}."]
    if beyond.any():
        reach = rings["outer"].where(beyond.any("ground")).max().item()
        said.append(f"A significant excess reaches {reach:g} m from the outlines.")
    if rings.attrs["errors"] == "upper bounds":
        said.append("Without stable ground the intervals of differences are upper bounds.")
    return [*said, medians]


def _median(site: xr.Dataset, name: str) -> str:
    """Write a map's median with that of its half-width, as far as they are known."""
    middle, half = (site[one].median().item() for one in (name, f"{name}_half_width"))
    if np.isnan(middle):
        return "unknown"
    reach = "" if np.isnan(half) else f" ± {half:.1f}"
    return f"{written_number(middle)}{reach} {written_units(site[name])}"


def displacement_verdicts(
    series: xr.Dataset, model: xr.Dataset, *, since: pd.Timestamp
) -> list[str]:
    """Say how far ground has moved since the first date, how surely, and whether in yearly steps.

    Parameters
    ----------
    series : xarray.Dataset
        (time, y, x): `displacement` and `half_width` of its interval; the last date is told.
    model : xarray.Dataset
        (y, x), as from `insar.model_rates`.
    since : pandas.Timestamp
        First date of the whole series.

    Returns
    -------
    list of str
        Two or three sentences; the first stands alone.
    """
    last = series[["displacement", "half_width"]].isel(time=-1)
    moved, half = last["displacement"], last["half_width"]
    if not moved.notnull().any():
        return ["No pixel has a displacement at the last date."]
    middle = moved.median().item()
    verb, tail = ("sank", 0.05) if middle < 0 else ("rose", 0.95)
    most = moved.quantile(tail).item()
    judged = half.where(moved.notnull())
    usual = judged.median().item()
    size = (
        f"{abs(middle):.0f} mm" if np.isnan(usual) else f"{abs(middle):.0f} ± {usual:.0f} mm (95 %)"
    )
    said = [
        f"From {since:%Y-%m-%d} to {last['time'].dt.strftime('%Y-%m-%d').item()} the median pixel "
        f"{verb} by {size}, one pixel in twenty by {abs(most):.0f} mm or more."
    ]
    if judged.notnull().any():
        down, up = ((sign * moved > half).sum() / judged.count() for sign in (-1, 1))
        said.append(
            f"{100 * down.item():.0f} % of the pixels sank by more than the half-width of their "
            f"interval, {100 * up.item():.0f} % rose by more."
        )
    return [*said, _steps(model)]


def _steps(model: xr.Dataset) -> str:
    """Compare a year's season with its rate, both at the median pixel."""
    rate = model["rate"].median().item()
    if "thaw_deformation" in model:
        season = model["thaw_deformation"].median().item()
        name = "in a mean thaw season, reversed by heave in winter"
    elif "seasonal_amplitude" in model:
        season = 2 * model["seasonal_amplitude"].median().item()
        name = "up and down in a yearly wave"
    else:
        return f"The median rate is {written_number(rate)} mm/a, by a model without a season."
    how = "in yearly steps" if abs(season) > abs(rate) else "steadily"
    return (
        f"By the model, the median pixel moves {how}: {written_number(season, 0)} mm {name}, "
        f"and a trend of {written_number(rate)} mm/a."
    )


def scene_verdicts(truth: xr.Dataset, pair: xr.Dataset) -> list[str]:
    """Say what was put into a simulated scene, and what one interferogram keeps of it.

    Parameters
    ----------
    truth : xarray.Dataset
        (y, x): `vertical_rate` [mm year-1] and `thaw_amplitude` [mm].
    pair : xarray.Dataset
        As from `spatial.against_truth`, of one interferogram.
    """
    slow, fast = (-truth["vertical_rate"].quantile(part).item() for part in (0.95, 0.05))
    least, most = (truth["thaw_amplitude"].quantile(part).item() for part in (0.05, 0.95))
    return [
        f"Nine tenths of this simulated ground sink by {written_number(slow)} to "
        f"{written_number(fast)} mm/a and settle by {least:.0f} to {most:.0f} mm in a thaw season.",
        f"An interferogram of early summer errs by {pair['scatter'].item():.1f} mm (standard "
        f"deviation); its correlation with the truth is {written_number(pair['correlation'], 2)}.",
    ]


def _of_first(zone: xr.Dataset) -> str:
    """Say whether the first period of a zone excludes zero, and the last period's value."""
    mean, error = zone["mean"].values, zone["standard_error"].values
    units, last = written_units(zone["mean"]), _years(zone, -1)
    moves = abs(mean[0]) > 2 * error[0]
    differs = abs(mean[-1] - mean[0]) > 2 * np.hypot(error[0], error[-1])
    excludes = {
        (True, True): f"excludes both zero and the value of {last}",
        (True, False): f"excludes zero but not the value of {last}",
        (False, True): f"excludes the value of {last} but not zero",
        (False, False): f"excludes neither zero nor the value of {last}",
    }
    return (
        f"For {_years(zone, 0)} {zone['satellite'].values[0]} gives {written_number(mean[0])} ± "
        f"{2 * error[0]:.1f} {units} {_place(zone)}, which {excludes[bool(moves), bool(differs)]}."
    )


def _difference(contrast: xr.Dataset, periods: xr.Dataset, at: int) -> str:
    """Say when zones differ and by how much, such as `2016–23 (−4.0 ± 2.1 mm/a)`."""
    both = contrast["spread"], contrast.get("standard_error", contrast["spread"])
    unsure = xr.apply_ufunc(np.fmax, *both)
    size, spread = (each.values[at] for each in (contrast["difference"], unsure))
    units = written_units(contrast["difference"])
    return f"{_years(periods, at)} ({written_number(size)} ± {2 * spread:.1f} {units})"


def _motion(zone: xr.Dataset) -> str:
    """Say how one mean moved, such as `sank by 9.3 ± 5.3 mm/a`."""
    mean, half = zone["mean"].item(), 2 * zone["standard_error"].item()
    units = written_units(zone["mean"])
    if np.isnan(mean):
        return "has no value"
    if not abs(mean) > half:
        return f"did not move significantly ({written_number(mean)} ± {half:.1f} {units})"
    verb = _DOWN_AND_UP[zone["mean"].attrs["units"]][int(mean > 0)]
    return f"{verb} by {abs(mean):.1f} ± {half:.1f} {units}"


def _subject(zones: xr.Dataset, at: int) -> str:
    name = str(np.atleast_1d(zones["ground"].values)[at])
    return _ZONES.get(name, name)


def _place(zone: xr.Dataset) -> str:
    name = zone["ground"].item()
    return name if name.startswith("near") else f"on {_ZONES.get(name, name)}"


def _years(periods: xr.Dataset, at: int) -> str:
    return period_years(periods.isel(period=at))
