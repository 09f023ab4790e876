"""What LiCSBAS has inverted: cumulative displacement and velocity, positive towards the sensor."""

from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import xarray as xr

from qilian.archive.readers.dem_par import grid_of_centres, read_grid
from qilian.archive.readers.files import foreign, is_there
from qilian.archive.readers.hdf5 import Held, opened
from qilian.archive.readers.layers import add_vector
from qilian.archive.readers.pairs import rising_dates
from qilian.archive.readers.raster import (
    Grid,
    Layer,
    as_stored,
    checked_motion,
    coordinates,
    look_vector,
)
from qilian.contracts.datasets import DISPLACEMENT, RATE, conform
from qilian.contracts.errors import InputError
from qilian.contracts.labels import LINE_OF_SIGHT

_MASK = "results/mask"
_IN_MM = {"units": "mm", "direction": LINE_OF_SIGHT}
_IN_MM_A_YEAR = {"units": "mm year-1", "direction": LINE_OF_SIGHT}


def read_series(path: Path, *, mask: str = _MASK, line_of_sight: str | None = None) -> xr.Dataset:
    """Open `cum.h5` or `cum_filt.h5` as displacement in mm, positive towards the sensor.

    Values are those stored, relative to LiCSBAS's own reference; NaN is missing.

    Parameters
    ----------
    path : Path
        The file, or its folder (`TS_GEOCml…`): the filtered series, if there is one.
    mask : str, optional
        Flat file (1 = keep), relative to the series' folder; by default `results/mask`, or else
        the mask inside the file. Without a name (""), nothing is masked.
    line_of_sight : str, optional
        Pattern of flat files of the unit vector from ground to sensor, relative to the series'
        folder, `{axis}` standing for E, N, U; by default the one inside the file, if any.

    Raises
    ------
    InputError
        No series, radar coordinates, parts that differ in shape.
    """
    path = _series_file(path)
    with opened(path) as file:
        held, grid = Held.of(file, path), _grid(file, path, "cum")
        if "imdates" not in held.shapes:
            raise InputError(f"{path} holds no imdates, expected LiCSBAS's list of dates.")
        dates = [f"{date:d}" for date in file["imdates"][:].ravel()]
    data = coordinates(grid).assign_coords(time=rising_dates(dates, str(path)))
    series = held.lazy("cum", grid, _millimetres, len(dates))
    data["displacement"] = ("time", "y", "x"), _masked(series, held, grid, mask), _IN_MM
    _add_unit_vector(data, grid, path, line_of_sight, held)
    return conform(data, DISPLACEMENT, str(path))


def read_rate(
    path: Path,
    *,
    mask: str = _MASK,
    dem_par: str = "EQA.dem_par",
    standard_error: str | None = None,
    line_of_sight: str | None = None,
) -> xr.Dataset:
    """Open the velocity in `cum.h5` or `cum_filt.h5`, or a flat one, as a rate in mm a year.

    Parameters
    ----------
    path : Path
        The file, or its folder; or a flat file of `results`, such as `vel.mskd`.
    mask : str, optional
        As for a series. A flat velocity is masked already or not (`vel.mskd`, `vel`).
    dem_par : str, optional
        The grid of a flat velocity, relative to its folder.
    standard_error : str, optional
        Flat file of the velocity's standard error (`vstd`), relative to the folder of `path`; by
        default the one inside of `cum_filt.h5`, if any.
    line_of_sight : str, optional
        As for a series.

    Raises
    ------
    InputError
        No velocity, radar coordinates, parts that differ in shape.
    """
    path = _series_file(path)
    dims = ("y", "x")
    if path.suffix == ".h5":
        with opened(path) as file:
            held, grid = Held.of(file, path), _grid(file, path, "vel")
        data = coordinates(grid)
        rate = _masked(held.lazy("vel", grid, _millimetres), held, grid, mask)
        data["rate"] = dims, rate, _IN_MM_A_YEAR
        if "vstd" in held.shapes:
            data["standard_error"] = dims, held.lazy("vstd", grid, _millimetres), _IN_MM_A_YEAR
        _add_unit_vector(data, grid, path, line_of_sight, held)
    else:
        grid = read_grid(path.parent / dem_par)
        data = coordinates(grid)
        data["rate"] = dims, _millimetres(_read_flat(path, grid), path), _IN_MM_A_YEAR
        _add_unit_vector(data, grid, path, line_of_sight)
    if standard_error:
        beside = path.parent / standard_error
        error = _millimetres(_read_flat(beside, grid), beside)
        data["standard_error"] = dims, error, _IN_MM_A_YEAR
    if "standard_error" in data:
        data["standard_error"] = data["standard_error"].where(data["rate"].notnull())
    return conform(data, RATE, str(path))


def _series_file(path: Path) -> Path:
    """Return the series that a folder stands for, the filtered one if there are two."""
    if not path.is_dir():
        return path
    filtered = path / "cum_filt.h5"
    return filtered if filtered.is_file() else path / "cum.h5"


def _grid(file: h5py.File, path: Path, wanted: str) -> Grid:
    """Read the grid of a series; `corner_lat` and `corner_lon` are the first pixel's centre."""
    if wanted not in file:
        raise InputError(f"{path} holds no {wanted}, expected a cum.h5 or cum_filt.h5 of LiCSBAS.")
    if "corner_lat" not in file:
        raise InputError(
            f"{path} is in radar coordinates, expected a series of geocoded interferograms."
        )
    rows, columns = file[wanted].shape[-2:]
    lon, lat, right, down = (
        float(file[key][()]) for key in ("corner_lon", "corner_lat", "post_lon", "post_lat")
    )
    return grid_of_centres((rows, columns), (lon, lat), (right, down), path)


def _masked(values: da.Array, held: Held, grid: Grid, mask: str) -> da.Array:
    """Keep the pixels that a flat mask, or by default the file's own, calls good."""
    beside = held.path.parent / mask
    if not mask:
        return values
    if mask != _MASK or is_there(beside):
        keep = _read_flat(beside, grid) == 1
    elif "mask" in held.shapes:
        keep = held.lazy("mask", grid, as_stored) == 1
    else:
        return values
    return da.where(keep, values, np.float32(np.nan))


def _add_unit_vector(
    data: xr.Dataset, grid: Grid, path: Path, pattern: str | None, held: Held | None = None
) -> None:
    """Add the unit vector ground to sensor from the files that are named, or from the series."""
    parts: list[Layer]
    if pattern:
        files = (path.parent / pattern.replace("{axis}", axis) for axis in "ENU")
        parts = [_read_flat(file, grid) for file in files]
    elif held and all(f"{axis}.geo" in held.shapes for axis in "ENU"):
        parts = [held.lazy(f"{axis}.geo", grid, as_stored) for axis in "ENU"]
    else:
        return
    add_vector(data, look_vector(*parts))


def _read_flat(path: Path, grid: Grid) -> np.ndarray:
    """Read a file (y, x) of little-endian float32 without a header."""
    with foreign(path, "a flat file of LiCSBAS's"):
        values = np.fromfile(path, "<f4")
    if values.size != grid.shape[0] * grid.shape[1]:
        raise InputError(
            f"{path} holds {values.size} numbers, expected {grid.shape[0]} × {grid.shape[1]}."
        )
    return values.reshape(grid.shape)


def _millimetres(stored: np.ndarray, path: Path) -> np.ndarray:
    return checked_motion(stored, path, metre=1000)
