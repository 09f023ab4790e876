"""Delay of the radar's signal by a weather model, date by date: netCDF as of RAiDER, and GACOS."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import dask.array as da
import numpy as np
import rasterio
import xarray as xr

from qilian.archive.readers.dem_par import grid_of_centres
from qilian.archive.readers.files import files_under, foreign, refuse_packed
from qilian.archive.readers.lazy import at_once, lazy_layers
from qilian.archive.readers.pairs import rising_dates
from qilian.archive.readers.raster import (
    SENTINELS,
    Grid,
    common_grid,
    coordinates,
    lazy_files,
    lazy_stack,
    zero_is_missing,
)
from qilian.archive.readers.table import quoted, read_text
from qilian.contracts.datasets import DELAYS, conform
from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import LINE_OF_SIGHT, VERTICAL

_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_ALONG = {"zenith": VERTICAL, "line of sight": LINE_OF_SIGHT}
_LONGEST = 20.0  # m, of a signal that comes in at a low angle
_GACOS = re.compile(r"(\d{8})\.ztd(\.tiff?)?", re.ASCII)
_AXES = {"y": ("y", "latitude", "lat"), "x": ("x", "longitude", "lon")}


def read_netcdf(
    path: Path, *, variables: str = "hydro,wet", direction: str = "zenith"
) -> xr.Dataset:
    """Read fields of delay (time, y, x) on the ground, as of RAiDER.

    Parameters
    ----------
    path : Path
        A netCDF file with a regular grid in degrees or in a coordinate system that it names.
    variables : str, optional
        Names, between commas, of what adds up to the delay, each in m, cm or mm.
    direction : {"zenith", "line of sight"}, optional
        Which way the signal goes.

    Returns
    -------
    xarray.Dataset
        The delays contract, lazy: m, one field a date.

    Raises
    ------
    InputError
        Not netCDF, a variable missing or of other dimensions or units, dates that repeat, a grid
        that is not regular.
    """
    known = ", ".join(_ALONG)
    require(f"{path}: direction", quoted(direction), direction in _ALONG, f"one of {known}")
    names = [name.strip() for name in variables.split(",")]
    with foreign(path, "delays as netCDF"), xr.open_dataset(path, decode_coords="all") as data:
        metres = [_metres(data, name, path) for name in names]
        grid = _grid(data[names[0]], path)
        stamps = data["time"].values.astype("datetime64[D]").astype(str)
    time = rising_dates(stamps, str(path))
    shape = time.size, *grid.shape
    chunks = at_once(grid.shape[0] * grid.shape[1]), *grid.shape
    read = partial(_read_fields, path, dict(zip(names, metres, strict=True)))
    fields = lazy_layers(read, shape, chunks)
    return _delays(grid, time, fields, _ALONG[direction], path)


def read_gacos(path: Path) -> xr.Dataset:
    """Read the zenith delays of GACOS, a file a date.

    Parameters
    ----------
    path : Path
        A folder of `YYYYMMDD.ztd` (float32, little-endian) with `YYYYMMDD.ztd.rsc` beside each, or
        of `YYYYMMDD.ztd.tif`, in m. 0 is missing.

    Returns
    -------
    xarray.Dataset
        The delays contract, lazy: m, one field a date.

    Raises
    ------
    InputError
        No such file, a date twice, grids that differ, a file of another size than its grid's.
    """
    named = [(file, _GACOS.fullmatch(file.name)) for file in files_under(path)]
    found = sorted((fit[1], file) for file, fit in named if fit)
    if not found:
        refuse_packed(path)
        raise InputError(f"{path} holds no YYYYMMDD.ztd or YYYYMMDD.ztd.tif, expected one a date.")
    dates, files = zip(*found, strict=True)
    time = rising_dates(dates, str(path))
    flat = [file for file in files if file.suffix == ".ztd"]
    if flat and len(flat) < len(files):
        raise InputError(f"{path} holds both .ztd and .ztd.tif, expected all of one kind.")
    if not flat:
        grid = common_grid(files)
        fields = lazy_stack(files, grid, _checked)
    else:
        grid = _common_resource(files)
        fields = lazy_files(partial(_read_flat, files, grid.shape), len(files), grid.shape)
    return _delays(grid, time, fields, VERTICAL, path)


def _delays(
    grid: Grid, time: np.ndarray, fields: da.Array, direction: str, path: Path
) -> xr.Dataset:
    data = coordinates(grid).assign_coords(time=time)
    data["delay"] = ("time", "y", "x"), fields, {"units": "m", "direction": direction}
    return conform(data, DELAYS, str(path))


def _metres(data: xr.Dataset, name: str, path: Path) -> float:
    """Check a variable, and give what its unit is in metres."""
    if name not in data.data_vars:
        held = ", ".join(map(str, data.data_vars))
        raise InputError(f"{path} holds no {quoted(name)}, expected it among {held or 'others'}.")
    dims = data[name].dims
    if dims != ("time", *_axes(data[name])) or "time" not in data.coords:
        raise InputError(
            f"{path}: {name} has the dimensions {', '.join(map(str, dims))}, expected time, y and "
            "x (or latitude and longitude): delay at the ground, of several dates."
        )
    units = data[name].attrs.get("units")
    if units not in _METRES:
        raise InputError(
            f"{path}: {name} is in {quoted(str(units))}, expected {', '.join(_METRES)}."
        )
    return _METRES[units]


def _axes(field: xr.DataArray) -> list[str]:
    """Name a field's axes y and x, as far as it has them."""
    return [next((n for n in names if n in field.dims), "") for names in _AXES.values()]


def _grid(field: xr.DataArray, path: Path) -> Grid:
    y, x = (field[axis].values.astype(float) for axis in _axes(field))
    if min(y.size, x.size) < 2:
        raise InputError(f"{path} has {y.size} × {x.size} pixels, expected two or more each way.")
    steps = [(axis[-1] - axis[0]) / (axis.size - 1) for axis in (x, y)]
    for axis, step in zip((x, y), steps, strict=True):
        if not (abs(np.diff(axis) - step) <= 0.01 * abs(step)).all() or not step:
            raise InputError(f"{path} has pixels of different sizes, expected a regular grid.")
    (right, down), shape = steps, (y.size, x.size)
    crs = field.rio.crs
    if crs is None and "degree" not in field[_axes(field)[1]].attrs.get("units", "degrees"):
        raise InputError(f"{path} names no coordinate system, expected one or degrees.")
    if crs is None or crs.is_geographic:
        return grid_of_centres(shape, (x[0], y[0]), (right, down), path)
    transform = rasterio.Affine(right, 0, x[0] - right / 2, 0, down, y[0] - down / 2)
    return Grid(shape, transform, crs)


def _read_fields(
    path: Path, metres: dict[str, float], layers: np.ndarray, rows: slice, columns: slice
) -> np.ndarray:
    """Add up a box of the variables of some dates [m]."""
    with foreign(path, "delays as netCDF"), xr.open_dataset(path) as data:
        parts = [
            data[name].values[layers, rows, columns].astype("float64") * metre
            for name, metre in metres.items()
        ]
    return _checked(np.sum(parts, axis=0).astype("float32"), path)


def _common_resource(files: Sequence[Path]) -> Grid:
    """Read the one grid that all files' `.rsc` tell, and hold the files' sizes against it."""
    first, *others = [_resource(file.with_name(f"{file.name}.rsc")) for file in files]
    for file, grid in zip(files, [first, *others], strict=True):
        if difference := grid.differs(first):
            raise InputError(f"{file} has {difference}, expected the grid of {files[0]}.")
        wanted = 4 * grid.shape[0] * grid.shape[1]
        if file.stat().st_size != wanted:
            raise InputError(
                f"{file} has {file.stat().st_size} bytes, expected {wanted} for its grid."
            )
    return first


def _resource(path: Path) -> Grid:
    """Read a grid from lines of a key and a number; it tells the centre of the first pixel."""
    lines = (line.split() for line in read_text(path).splitlines())
    told = {line[0]: line[1] for line in lines if len(line) > 1}
    keys = "FILE_LENGTH", "WIDTH", "X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"
    values = []
    for key in keys:
        try:
            values.append(float(told[key]))
        except (KeyError, ValueError) as error:
            held = quoted(told.get(key, "missing"))
            raise InputError(f"{path}: {key} is {held}, expected a number.") from error
    rows, columns, x, y, right, down = np.nan_to_num(values)
    shape = int(np.clip(rows, 0, 10**6)), int(np.clip(columns, 0, 10**6))
    return grid_of_centres(shape, (x, y), (right, down), path)


def _read_flat(
    files: Sequence[Path],
    shape: tuple[int, int],
    layers: np.ndarray,
    rows: slice,
    columns: slice,
) -> np.ndarray:
    block = []
    for file in (files[layer] for layer in layers):
        with foreign(file, "float32 without a header"):
            whole = np.memmap(file, "<f4", "r", shape=shape)
            block.append(_checked(np.array(whole[rows, columns]), file))
    return np.stack(block)


def _checked(values: np.ndarray, path: Path) -> np.ndarray:
    """Pass delays on, missing where 0, or name the file that has one no atmosphere makes."""
    delay = zero_is_missing(values, path)
    wrong = delay[(delay < 0) | (delay > _LONGEST) | np.isin(delay, list(SENTINELS))]
    if wrong.size:
        raise InputError(
            f"{path} holds a delay of {wrong[0]:g} m, expected 0 to {_LONGEST:g}, by which the "
            "signal's way is longer."
        )
    return delay
