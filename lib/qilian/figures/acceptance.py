"""Figure of NISAR's permafrost requirement: errors and shares by distance, shares by year."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from qilian.figures.style import INK, WINDOW_COLORS
from qilian.insar.acceptance import LONGEST_DISTANCE, REQUIRED_SHARE, allowed_error

_MARKERS = "os^Dv"


def requirement_panels(axes: Sequence[Axes], tested: Mapping[str, xr.Dataset]) -> None:
    """Draw what 80 % of pairs of points stay within, and how many meet the requirement.

    Bars are 95 % intervals. Several ways to find errors stand beside one another in a year.

    Parameters
    ----------
    axes : (Axes, Axes, Axes)
        Errors by distance, shares by distance, shares by year.
    tested : mapping of str to xarray.Dataset
        As from `insar.requirement_shares`, by what the errors are from.
    """
    errors, near, years = axes
    distance = xr.DataArray(np.linspace(0, LONGEST_DISTANCE, 101), dims="distance")
    errors.plot(distance, allowed_error(distance), "--", color=INK, label="requirement")
    for panel in (near, years):
        panel.axhline(100 * REQUIRED_SHARE, color=INK, linestyle="--", linewidth=1.5)
    for number, (name, found) in enumerate(tested.items()):
        aside = number - (len(tested) - 1) / 2
        look = {"color": WINDOW_COLORS[1:][number], "marker": _MARKERS[number], "markersize": 4}
        known = found.dropna("distance", subset=["reached"])
        errors.plot(known["distance"], known["reached"], label=name, linewidth=1.2, **look)
        bars = {"linewidth": 1.2, "elinewidth": 0.9} | look
        width = known["half_width_by_distance"]
        near.errorbar(known["distance"] + 0.5 * aside, known["share_by_distance"], width, **bars)
        bars["linestyle"] = "none"
        beside = found["year"] + 0.16 * aside
        years.errorbar(beside, found["share_of_year"], found["half_width_of_year"], **bars)
        years.xaxis.get_major_locator().set_params(integer=True)
    errors.set(title="(a) error of 80 % of pairs", ylabel="mm", ylim=(0, None))
    near.set(title="(b) cases by distance", ylabel="%", ylim=(None, 101))
    years.set(title="(c) cases by summer", ylabel="%", ylim=(None, 101))
    for panel in (errors, near):
        panel.set(xlim=(0, LONGEST_DISTANCE), xlabel="distance (km)")


def station_verdict(compared: xr.Dataset, distance: float) -> str:
    """Say whether a station and the reference area, as two points, meet the requirement.

    Parameters
    ----------
    compared : xarray.Dataset
        (time,) `difference` of InSAR and the station [mm], as from `thaw.compare_series`.
    distance : float
        From the station to the reference area [km]; NaN if there is none.
    """
    if np.isnan(distance):
        return "The series names no reference area that the station could be held against."
    ends = compared.isel(time=[0, -1])
    days = int((ends["time"][1] - ends["time"][0]).dt.days)
    error = abs(float(ends["difference"].diff("time").item()))
    allowed = float(allowed_error(xr.DataArray(distance)))
    said = (
        f"Over {days} days InSAR and the station differ by {error:.0f} mm. The station is "
        f"{distance:.0f} km from the reference area"
    )
    if distance > LONGEST_DISTANCE:
        longest = f"farther than the {LONGEST_DISTANCE:.0f} km of NISAR's requirement"
        return f"{said}, {longest}; its formula would allow {allowed:.0f} mm."
    meets = "meets" if error <= allowed else "breaks"
    return f"{said}: this pair of points {meets} NISAR's requirement of {allowed:.0f} mm."
