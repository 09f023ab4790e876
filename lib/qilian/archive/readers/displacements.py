"""Displacement and rates of any processor, as GeoTIFF files."""

from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from qilian.archive.readers.layers import add_ground, of_axes
from qilian.archive.readers.pairs import rising_dates
from qilian.archive.readers.patterns import dated_files
from qilian.archive.readers.raster import (
    Decode,
    Grid,
    Stored,
    checked_motion,
    common_grid,
    coordinates,
    grid_of,
    lazy_stack,
    look_from_angles,
    read_layer,
    zero_is_missing,
)
from qilian.archive.readers.series import add_up
from qilian.contracts.datasets import DISPLACEMENT, RATE, conform
from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import LINE_OF_SIGHT, VERTICAL

_METRE = {"mm": 1000.0, "cm": 100.0, "m": 1.0}
_INCIDENCE = 5.0, 85.0  # degrees, of radars that look sideways; in radians they are less
_SIGNS = {
    "towards": (1, LINE_OF_SIGHT),
    "away": (-1, LINE_OF_SIGHT),
    "up": (1, VERTICAL),
    "down": (-1, VERTICAL),
}


def read_series(
    path: Path,
    *,
    displacement: str,
    unit: str,
    positive: str,
    nodata: float | None = None,
    line_of_sight: str | None = None,
    incidence_angle: str | float | None = None,
) -> xr.Dataset:
    """Open displacement given as one GeoTIFF a date, or one from a date to the next.

    Parameters
    ----------
    path : Path
        Folder that patterns are relative to.
    displacement : str
        Pattern of the files, in which `{date}` stands for a date, or `{reference}` and
        `{secondary}` for two (YYYYMMDD or YYMMDD), and `*` for anything. Files of two dates are
        added up from the one date that all go back to.
    unit : {"mm", "cm", "m"}
        Of the numbers in the files.
    positive : {"towards", "away", "up", "down"}
        What a positive number means; along the line of sight for the first two, else vertical.
    nodata : float, optional
        Stored number that means "missing"; the files' own tag otherwise. NaN always does.
    line_of_sight : str, optional
        Pattern of the unit vector from ground to sensor, `{axis}` standing for east, north, up.
    incidence_angle : str or float, optional
        In place of the vector: a file of angles between the vertical and the sensor, or one for
        all ground, in degrees.

    Returns
    -------
    xarray.Dataset
        The displacement contract, lazy: mm, positive towards the sensor or up.

    Raises
    ------
    InputError
        Files missing, unit or sign unknown, grids that differ, dates that don't add up.
    """
    decode, direction = _decode(path, unit, positive, "")
    pairwise = "{date}" not in displacement
    names = ("reference", "secondary") if pairwise else ("date",)
    files = dict(sorted(dated_files(path, displacement, *names).items()))
    grid, stored = common_grid(list(files.values())), Stored(nodata)
    layers = lazy_stack(list(files.values()), grid, decode, stored=stored)
    if pairwise:
        time, layers = add_up(list(files), layers, str(path))
    else:
        time = rising_dates([date for (date,) in files], str(path))
    data = coordinates(grid).assign_coords(time=time)
    data["displacement"] = ("time", "y", "x"), layers, {"units": "mm", "direction": direction}
    _add_look(data, grid, path, stored, line_of_sight, incidence_angle)
    return conform(data, DISPLACEMENT, str(path))


def read_rate(
    path: Path,
    *,
    unit: str,
    positive: str,
    standard_error: str | None = None,
    nodata: float | None = None,
    line_of_sight: str | None = None,
    incidence_angle: str | float | None = None,
) -> xr.Dataset:
    """Open a rate given as a GeoTIFF.

    Parameters
    ----------
    path : Path
        The file.
    unit : {"mm/yr", "cm/yr", "m/yr"}
        Of the numbers in the files.
    positive : {"towards", "away", "up", "down"}
        What a positive number means; along the line of sight for the first two, else vertical.
    standard_error : str, optional
        GeoTIFF of the rate's standard error in the same unit, relative to the rate's folder.
    nodata : float, optional
        Stored number that means "missing"; the files' own tag otherwise. NaN always does.
    line_of_sight : str, optional
        Pattern of the unit vector from ground to sensor, `{axis}` standing for east, north, up.
    incidence_angle : str or float, optional
        In place of the vector: a file of angles between the vertical and the sensor, or one for
        all ground, in degrees.

    Returns
    -------
    xarray.Dataset
        The rate contract: mm a year, positive towards the sensor or up.

    Raises
    ------
    InputError
        Unit or sign unknown, values no ground has, files that share no ground.
    """
    decode, direction = _decode(path, unit, positive, "/yr")
    grid, stored = grid_of(path), Stored(nodata)
    about = {"units": "mm year-1", "direction": direction}
    data = coordinates(grid)
    data["rate"] = ("y", "x"), read_layer(path, grid, decode, stored)[0], about
    folder = path.parent
    if standard_error:
        whole, _ = _decode(path, unit, "up", "/yr")  # an error has no sign
        error, resampled = read_layer(folder / standard_error, grid, whole, stored)
        data["standard_error"] = ("y", "x"), error, {**about, **resampled}
    _add_look(data, grid, folder, stored, line_of_sight, incidence_angle)
    return conform(data, RATE, str(path))


def _decode(path: Path, unit: str, positive: str, a_time: str) -> tuple[Decode, str]:
    """Find what turns the files' numbers into mm, positive towards the sensor or up, and along."""
    metre = {f"{name}{a_time}": number for name, number in _METRE.items()}
    require(f"{path}: unit", repr(unit), unit in metre, f"one of {', '.join(metre)}")
    require(f"{path}: positive", repr(positive), positive in _SIGNS, f"one of {', '.join(_SIGNS)}")
    sign, direction = _SIGNS[positive]
    missing = "the file's nodata (or nodata in the catalogue)"
    return partial(checked_motion, metre=sign * metre[unit], missing=missing), direction


def _add_look(
    data: xr.Dataset,
    grid: Grid,
    folder: Path,
    stored: Stored,
    line_of_sight: str | None,
    incidence_angle: str | float | None,
) -> None:
    """Add the unit vector ground to sensor, or its upward part, to what lies along it."""
    if line_of_sight is None and incidence_angle is None:
        return
    if VERTICAL in {variable.attrs.get("direction") for variable in data.values()}:
        raise InputError(
            f"{folder}: line_of_sight or incidence_angle is given for what is vertical already, "
            "expected it only with positive = towards or away."
        )
    if line_of_sight is not None:
        add_ground(data, grid, vector=of_axes(folder, line_of_sight), stored=stored)
        return
    if isinstance(incidence_angle, str):
        degrees, about = read_layer(folder / incidence_angle, grid, _checked_angle, stored)
    else:
        everywhere = np.full(grid.shape, incidence_angle, "float32")
        degrees, about = _checked_angle(everywhere, folder), {}
    up = look_from_angles(degrees, np.zeros_like(degrees))["line_of_sight_up"]
    data["line_of_sight_up"] = ("y", "x"), up, {"units": "1", **about}


def _checked_angle(values: np.ndarray, path: Path) -> np.ndarray:
    """Pass angles of incidence on, missing where 0, or say that they are none of a radar's."""
    degrees = zero_is_missing(values, path)
    outside = degrees[(degrees < _INCIDENCE[0]) | (degrees > _INCIDENCE[1])]
    if outside.size:
        raise InputError(
            f"{path}: incidence_angle is {outside[0]:g}, expected {_INCIDENCE[0]:g} to "
            f"{_INCIDENCE[1]:g} degrees from the vertical."
        )
    return degrees
