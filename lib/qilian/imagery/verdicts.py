"""What pictures answer, in sentences: land cover of a survey, change between two dates."""

import numpy as np
import xarray as xr

from qilian.spatial.classes import class_fractions

_HECTARE = 1e4  # m2


def survey_verdicts(
    quality: xr.DataArray, ground: xr.DataArray, moved: xr.Dataset, *, by: float = 0.05
) -> list[str]:
    """Say what covers the ground of a survey, and how much hangs on the thresholds.

    Parameters
    ----------
    quality : xarray.DataArray
        (y, x) as from `reflectance_quality`.
    ground : xarray.DataArray
        (y, x) as from `classify_indices`.
    moved : xarray.Dataset
        (rule,) as from `threshold_sensitivity`, of the rules for water, bare ground and plants.
    by : float, optional
        What the thresholds were moved by [1].

    Returns
    -------
    list of str
        One or two sentences; the first stands alone.
    """
    covered = class_fractions(ground)
    if covered.isnull().any():
        return ["No pixel of the survey is usable."]
    away = abs(moved[["fraction_raised", "fraction_lowered"]] - moved["fraction"])
    water, bare, plants = (
        f"{100 * covered.sel({'class': name}).item():.1f} ± {100 * most:.1f} %"
        for name, most in zip(
            ("water", "bare", "vegetated"), away.to_dataarray().max("variable").values, strict=True
        )
    )
    usable, empty, dark, bright = class_fractions(quality).values
    return [
        f"Plants cover {plants} of the usable ground, bare ground {bare} and open water {water} "
        f"(± is the change of the fraction when its threshold moves by {by:g}).",
        f"{usable:.1%} of the picture is usable, {empty:.1%} has no data, and "
        f"{dark + bright:.1%} is too dark or too bright.".replace("%", " %"),
    ]


def land_cover_verdicts(measured: xr.Dataset, taken: xr.Dataset) -> list[str]:
    """Say which ground changed between two dates, and whether new water is detected.

    Parameters
    ----------
    measured : xarray.Dataset
        As from `measure_change`.
    taken : xarray.Dataset
        The row of `compare_transforms` whose transform registers the earlier picture.

    Returns
    -------
    list of str
        Three sentences; the first stands alone.
    """
    rows = [
        measured.sel({"class": name})
        for name in ("land, bare today", "water turned bare", "new water")
    ]
    bare, drained, new = map(_area, rows)
    missed = "" if rows[1]["detected"] else " (not detected)"
    about = "is detected"
    if not rows[2]["detected"]:
        about = "is not detected: the errors could account for all of it"
    error = taken["picture_error"].item()
    off = "an unknown error" if np.isnan(error) else f"an expected error of {error:.2f} m"
    return [
        f"Of the bare ground in the later picture, {bare} were land before and {drained} were water"
        f"{missed}.",
        f"New water, {new}, {about}.",
        "The ± is the sum of the errors by registration and by thresholds; the "
        f"{taken['model'].item()} transform has {off}.",
    ]


def _area(row: xr.Dataset) -> str:
    """Write an area with its error, in hectares."""
    area, error = (row[name].item() / _HECTARE for name in ("area", "error"))
    return f"{area:.2f} ha" if np.isnan(error) else f"{area:.2f} ± {error:.2f} ha"
