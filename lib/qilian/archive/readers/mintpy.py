"""MintPy's HDF5 files: the interferogram stack, the displacement series, the velocity."""

from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import xarray as xr

from qilian.archive.readers.files import files_like
from qilian.archive.readers.hdf5 import opened
from qilian.archive.readers.layers import add_vector
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
_GEOMETRIES = "*geometry*.h5"  # as geocode.py names them, too
_MASK = "*maskTempCoh.h5"
_BUNDLE = "HDFEOS/GRIDS/timeseries"


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
            stack[name] = (
                ("pair", "y", "x"),
                stored.lazy(key, decode, len(dates), kept),
                {"units": units},
            )
    if baseline is not None:
        stack["perpendicular_baseline"] = "pair", baseline[kept], {"units": "m"}
    stack["wavelength"] = (), stored.number("WAVELENGTH"), {"units": "m"}
    beside = path.parent / geometry
    if geometry != _GEOMETRY or beside.is_file():
        _add_geometry(stack, beside, stored.grid)
    return conform(stack, INTERFEROGRAMS, str(path))


def read_timeseries(path: Path, *, mask: str = _MASK, geometry: str = _GEOMETRIES) -> xr.Dataset:
    """Open `timeseries.h5` or a bundle, `….he5`: displacement in mm, positive towards the sensor.

    A pixel that is 0 at all dates was never inverted and is missing, but for the reference point.

    Parameters
    ----------
    path : Path
        The file, geocoded, corrected or not. A bundle (HDF-EOS5) has mask and geometry inside.
    mask : str, optional
        MintPy's mask of the pixels to keep, relative to the file's folder: by default
        `maskTempCoh.h5` or `geo_maskTempCoh.h5`, if one lies beside on the same grid. Without a
        name (""), nothing is masked.
    geometry : str, optional
        MintPy's file of angles, relative to the file's folder: by default the geometry that lies
        beside on the same grid, if any.

    Raises
    ------
    InputError
        Another kind of file, radar coordinates, a part missing, grids that differ.
    """
    if path.suffix == ".he5":
        kind, group, name = "HDFEOS", f"{_BUNDLE}/observation/", "displacement"
    else:
        kind, group, name = "timeseries", "", "timeseries"
    with opened(path) as file:
        stored = Stored.of(file, path, kind, "m")
        dates = _dates(file, path, f"{group}date")
    series = stored.lazy(f"{group}{name}", _millimetres, len(dates))
    known = (series != 0).any(axis=0) | stored.at_reference()
    data = coordinates(stored.grid).assign_coords(time=rising_dates(dates, str(path)))
    about = {"units": "mm", "direction": LINE_OF_SIGHT}
    known &= _kept(data, stored, mask)
    data["displacement"] = ("time", "y", "x"), da.where(known, series, np.nan), about
    _add_unit_vector(data, stored, geometry)
    return conform(data, DISPLACEMENT, str(path))


def read_velocity(path: Path, *, mask: str = _MASK, geometry: str = _GEOMETRIES) -> xr.Dataset:
    """Open `velocity.h5` as a rate in mm a year, positive towards the sensor.

    A velocity of exactly 0 was never estimated and is missing, but for the reference point.

    Parameters
    ----------
    path : Path
        The file, geocoded.
    mask, geometry : str, optional
        As for a series.

    Raises
    ------
    InputError
        Another kind of file, radar coordinates, a part missing, grids that differ.
    """
    with opened(path) as file:
        stored = Stored.of(file, path, "velocity", "m/yr")
    velocity = stored.lazy("velocity", _millimetres)
    data = coordinates(stored.grid)
    known = ((velocity != 0) | stored.at_reference()) & _kept(data, stored, mask)
    about = {"units": "mm year-1", "direction": LINE_OF_SIGHT}
    data["rate"] = ("y", "x"), da.where(known, velocity, np.nan), about
    if "velocityStd" in stored:
        error = stored.lazy("velocityStd", _millimetres)
        data["standard_error"] = ("y", "x"), da.where(known, error, np.nan), about
    _add_unit_vector(data, stored, geometry)
    return conform(data, RATE, str(path))


def _beside(data: xr.Dataset, stored: Stored, named: str, default: str, kind: str) -> Stored | None:
    """Open the file of a kind that a key names, or that the default finds on the same grid."""
    folder = stored.path.parent
    for file in files_like(folder, named) if named == default else [folder / named]:
        with opened(file) as held:
            found = Stored.of(held, file, kind)
        if named == default and not found.geocoded:
            continue
        difference = found.grid.differs(stored.grid)
        if not difference:
            return found
        if named != default:
            raise InputError(f"{file} has {difference}, expected the grid of {stored.path}.")
        data.attrs["left_out"] = f"{file.name}, which has {difference} unlike {stored.path.name}"
    return None


def _kept(data: xr.Dataset, stored: Stored, mask: str) -> da.Array | bool:
    """Tell which pixels a mask keeps, all if there is none."""
    if not mask:
        return True
    inside = f"{_BUNDLE}/quality/mask"
    if mask == _MASK and inside in stored:
        return stored.lazy(inside, as_stored) == 1
    beside = _beside(data, stored, mask, _MASK, "mask")
    return True if beside is None else beside.lazy("mask", as_stored) == 1


def _add_unit_vector(data: xr.Dataset, stored: Stored, geometry: str) -> None:
    """Add the unit vector ground to sensor, from the angles inside of a bundle or beside."""
    if f"{_BUNDLE}/geometry/incidenceAngle" in stored:
        _add_angles(data, stored, f"{_BUNDLE}/geometry/")
    elif beside := _beside(data, stored, geometry, _GEOMETRIES, "geometry"):
        _add_angles(data, beside)


def _dates(file: h5py.File, path: Path, name: str = "date") -> np.ndarray:
    if name not in file:
        raise InputError(f"{path} holds no {name}, expected MintPy's list of dates.")
    return file[name][:].astype(str)


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
    _add_angles(stack, stored)


def _add_angles(data: xr.Dataset, stored: Stored, group: str = "") -> None:
    """Add the unit vector ground to sensor, or its upward part where azimuth is not told."""
    names = f"{group}incidenceAngle", f"{group}azimuthAngle"
    if names[0] not in stored:
        return
    incidence = stored.lazy(names[0], zero_is_missing)  # 0 is missing here too
    if names[1] in stored:
        parts = look_from_angles(incidence, stored.lazy(names[1], as_stored))
    else:
        parts = look_from_angles(incidence, da.zeros_like(incidence))
        parts = {"line_of_sight_up": parts["line_of_sight_up"]}
    add_vector(data, parts)
