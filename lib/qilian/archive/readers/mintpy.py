"""MintPy's HDF5 files: the interferogram stack, the displacement series, the velocity."""

from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import xarray as xr

from qilian.archive.readers.hdf5 import opened
from qilian.archive.readers.mintpy_file import Stored
from qilian.archive.readers.pairs import pair_dates, rising_dates
from qilian.archive.readers.raster import (
    Grid,
    as_stored,
    checked_coherence,
    checked_height,
    checked_motion,
    checked_phase,
    coordinates,
    look_from_angles,
    zero_is_missing,
)
from qilian.contracts.datasets import DISPLACEMENT, INTERFEROGRAMS, RATE, conform
from qilian.contracts.errors import InputError
from qilian.contracts.labels import LINE_OF_SIGHT

_GEOMETRY = "geometryGeo.h5"


def read_stack(path: Path, *, geometry: str = _GEOMETRY) -> xr.Dataset:
    """Open `ifgramStack.h5` as an interferogram stack.

    Pairs that MintPy's network modification dropped (`dropIfgram` is False) stay away. Phase is
    positive away from the sensor; 0 and NaN are missing in phase and coherence, as in MintPy.
    Phases are as loaded: MintPy subtracts its reference point only when it inverts.

    Parameters
    ----------
    path : Path
        The file, or the folder (MintPy's `inputs`) that holds it under this name.
    geometry : str, optional
        File of heights and angles, relative to the stack's folder; `geometryGeo.h5` if present.

    Returns
    -------
    xarray.Dataset
        The interferograms contract; all (y, x) variables are lazy.

    Raises
    ------
    InputError
        Another kind of file, radar coordinates, a part missing, grids that differ.
    """
    path = path / "ifgramStack.h5" if path.is_dir() else path
    with opened(path) as file:
        stored = Stored.of(file, path, "ifgramStack")
        kept = np.flatnonzero(file["dropIfgram"][:]) if "dropIfgram" in file else None
        dates = _dates(file, path)
        baseline = file["bperp"][:].astype(float) if "bperp" in file else None
    kept = np.arange(len(dates)) if kept is None else kept
    if not kept.size:
        raise InputError(f"{path} keeps no pair, expected True in dropIfgram for some.")
    pairs = [(dates[k][0], dates[k][1]) for k in kept]
    stack = pair_dates(pairs, [f"{path}, pair {k}" for k in kept]).merge(coordinates(stored.grid))
    if "unwrapPhase" not in stored and "coherence" not in stored:
        raise InputError(f"{path} holds neither unwrapPhase nor coherence, expected one.")
    for key, name, decode, units in (
        ("unwrapPhase", "unwrapped_phase", _phase, "rad"),
        ("coherence", "coherence", _coherence, "1"),
    ):
        if key in stored:
            stack[name] = ("pair", "y", "x"), stored.lazy(key, decode, kept), {"units": units}
    if baseline is not None:
        stack["perpendicular_baseline"] = "pair", baseline[kept], {"units": "m"}
    stack["wavelength"] = (), stored.number("WAVELENGTH"), {"units": "m"}
    beside = path.parent / geometry
    if geometry != _GEOMETRY or beside.is_file():
        _add_geometry(stack, beside, stored.grid)
    return conform(stack, INTERFEROGRAMS, str(path))


def read_timeseries(path: Path) -> xr.Dataset:
    """Open `timeseries.h5`, corrected or not, as displacement in mm, positive towards the sensor.

    A pixel that is 0 at all dates was never inverted and is missing, but for the reference point.
    """
    with opened(path) as file:
        stored = Stored.of(file, path, "timeseries", "m")
        dates = _dates(file, path)
    series = stored.lazy("timeseries", _millimetres)
    inverted = (series != 0).any(axis=0) | stored.at_reference()
    data = coordinates(stored.grid).assign_coords(time=rising_dates(dates, str(path)))
    about = {"units": "mm", "direction": LINE_OF_SIGHT}
    data["displacement"] = ("time", "y", "x"), da.where(inverted, series, np.nan), about
    return conform(data, DISPLACEMENT, str(path))


def read_velocity(path: Path) -> xr.Dataset:
    """Open `velocity.h5` as a rate in mm a year, positive towards the sensor.

    A velocity of exactly 0 was never estimated and is missing, but for the reference point.
    """
    with opened(path) as file:
        stored = Stored.of(file, path, "velocity", "m/yr")
    velocity = stored.lazy("velocity", _millimetres)
    estimated = (velocity != 0) | stored.at_reference()
    data = coordinates(stored.grid)
    about = {"units": "mm year-1", "direction": LINE_OF_SIGHT}
    data["rate"] = ("y", "x"), da.where(estimated, velocity, np.nan), about
    if "velocityStd" in stored:
        error = stored.lazy("velocityStd", _millimetres)
        data["standard_error"] = ("y", "x"), da.where(estimated, error, np.nan), about
    return conform(data, RATE, str(path))


def _dates(file: h5py.File, path: Path) -> np.ndarray:
    if "date" not in file:
        raise InputError(f"{path} holds no date, expected MintPy's list of dates.")
    return file["date"][:].astype(str)


def _phase(stored: np.ndarray, path: Path) -> np.ndarray:
    return checked_phase(zero_is_missing(stored, path), path)


def _coherence(stored: np.ndarray, path: Path) -> np.ndarray:
    return checked_coherence(zero_is_missing(stored, path), path)


def _height(stored: np.ndarray, path: Path) -> np.ndarray:
    return checked_height(as_stored(stored, path), path)


def _millimetres(stored: np.ndarray, path: Path) -> np.ndarray:
    return checked_motion(stored, path, missing="0 or NaN")


def _add_geometry(stack: xr.Dataset, path: Path, grid: Grid) -> None:
    """Add heights and the unit vector ground to sensor, from the angles of a geometry file."""
    with opened(path) as file:
        stored = Stored.of(file, path, "geometry")
    difference = stored.grid.differs(grid)
    if difference:
        stack.attrs["left_out"] = f"{path.name}, which has {difference} unlike the interferograms"
        return
    if "height" in stored:
        stack["height"] = ("y", "x"), stored.lazy("height", _height), {"units": "m"}
    if "incidenceAngle" not in stored or "azimuthAngle" not in stored:
        return
    incidence = stored.lazy("incidenceAngle", zero_is_missing)  # 0 is missing here too
    azimuth = stored.lazy("azimuthAngle", as_stored)
    for name, part in look_from_angles(incidence, azimuth).items():
        stack[name] = ("y", "x"), part, {"units": "1"}
