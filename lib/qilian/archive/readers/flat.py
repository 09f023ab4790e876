"""Interferograms in files without a header: LiCSBAS's `GEOCml`, and GAMMA's."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr

from qilian.archive.readers.dem_par import Parameters, read_grid
from qilian.archive.readers.files import foreign, is_there
from qilian.archive.readers.geotiff import add_baselines, later_first, match_all, read_baselines
from qilian.archive.readers.layers import (
    add_vector,
    coherence_or_nothing,
    phase_or_nothing,
    signed_or_nothing,
)
from qilian.archive.readers.licsar import add_baselines as add_listed_baselines
from qilian.archive.readers.pairs import checked_wavelength, pair_dates
from qilian.archive.readers.raster import (
    Decode,
    Grid,
    as_stored,
    checked_height,
    coordinates,
    lazy_files,
    look_from_angles,
    look_vector,
    zero_is_missing,
)
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError
from qilian.contracts.radars import SPEED_OF_LIGHT

_PAIR = re.compile(r"\d{8}_\d{8}", re.ASCII)
_TINY = 1e-20  # less than any phase, angle or height that was computed, but 0
_ORDERS = {"big": ">f4", "little": "<f4"}


def read_licsbas(path: Path, *, wavelength: float | None = None) -> xr.Dataset:
    """Open LiCSBAS's `GEOCml` folder, cut and masked or not, as an interferogram stack.

    `YYYYMMDD_YYYYMMDD/*.unw` (little-endian float32, rad, positive away from the sensor) and
    `*.cc` (bytes 0–255 for coherence 0–1, or float32 of older versions) on the grid of
    `EQA.dem_par`, which gives the first pixel's centre. 0 and NaN are missing. Optional beside
    them `E.geo`, `N.geo`, `U.geo`, `hgt` and `baselines`.

    Parameters
    ----------
    path : Path
        The folder.
    wavelength : float, optional
        Radar wavelength in metres; that of `slc.mli.par` by default.

    Returns
    -------
    xarray.Dataset
        The interferograms contract; phase and coherence (pair, y, x) are lazy.

    Raises
    ------
    InputError
        No pairs or parameters, a file missing or of another size than the grid's.
    """
    if not path.is_dir():
        raise InputError(f"{path} is no folder, expected LiCSBAS's GEOCml….")
    folders = sorted(p for p in path.iterdir() if p.is_dir() and _PAIR.fullmatch(p.name))
    if not folders or not (path / "EQA.dem_par").is_file():
        raise InputError(
            f"{path} holds no EQA.dem_par with folders YYYYMMDD_YYYYMMDD, expected LiCSBAS's "
            "GEOCml… (a GEOC of GeoTIFF files is of the format licsar)."
        )
    grid = read_grid(path / "EQA.dem_par")
    phase = [folder / f"{folder.name}.unw" for folder in folders]
    coherence = [folder / f"{folder.name}.cc" for folder in folders]
    size = grid.shape[0] * grid.shape[1]
    as_bytes = is_there(coherence[0]) and coherence[0].stat().st_size == size
    of_coherence = ("u1", _of_bytes) if as_bytes else ("<f4", coherence_or_nothing)
    if wavelength is None:
        hertz = Parameters(path / "slc.mli.par").number("radar_frequency")
        wavelength = SPEED_OF_LIGHT / hertz if hertz else np.inf
    stack = _stack(
        [(folder.name[:8], folder.name[9:]) for folder in folders],
        [str(folder) for folder in folders],
        grid,
        _lazy(phase, grid, "<f4", phase_or_nothing),
        _lazy(coherence, grid, *of_coherence),
        checked_wavelength(wavelength, path),
    )
    if (path / "hgt").is_file():
        height = _lazy([path / "hgt"], grid, "<f4", _height)[0]
        stack["height"] = ("y", "x"), height, {"units": "m"}
    vector = [path / f"{axis}.geo" for axis in "ENU"]
    if all(file.is_file() for file in vector):
        parts = look_vector(*(_lazy([f], grid, "<f4", as_stored)[0] for f in vector))
        add_vector(stack, parts)
    add_listed_baselines(stack, path / "baselines")
    return conform(stack, INTERFEROGRAMS, str(path))


def read_gamma(
    path: Path,
    *,
    wavelength: float,
    dem_par: str,
    phase: str,
    coherence: str,
    byte_order: str = "big",
    baselines: str | None = None,
    height: str | None = None,
    line_of_sight: str | None = None,
) -> xr.Dataset:
    """Open geocoded interferograms as GAMMA writes them: float32 on the grid of a `.dem_par`.

    Phase is in radians, that of the earlier date minus that of the later: positive away from the
    sensor. Where names begin with the later date, the pattern has `{secondary}` first and the
    sign is turned. 0 and NaN are missing. The `.dem_par` gives the first pixel's centre.

    Parameters
    ----------
    path : Path
        Folder that all names and patterns are relative to.
    wavelength : float
        Radar wavelength in metres.
    dem_par : str
        Parameter file of the grid, in longitude and latitude (EQA) or in UTM.
    phase, coherence : str
        Patterns as of the `geotiff` format.
    byte_order : {"big", "little"}, optional
        Of the numbers; GAMMA writes big-endian ones.
    baselines : str, optional
        As of the `geotiff` format.
    height : str, optional
        Terrain height, metres.
    line_of_sight : str, optional
        Pattern of the files that GAMMA's `look_vector` writes, `{angle}` standing for theta, the
        elevation of the sensor above the horizontal, and phi, its direction from East,
        anticlockwise, both in radians.

    Returns
    -------
    xarray.Dataset
        The interferograms contract; all (y, x) variables are lazy.

    Raises
    ------
    InputError
        No pairs, another projection, a file of another size than the grid's.
    """
    checked_wavelength(wavelength, path)
    if byte_order not in _ORDERS:
        raise InputError(f"{path}: byte_order is {byte_order!r}, expected big or little.")
    order = _ORDERS[byte_order]
    grid = read_grid(path / dem_par)
    files = match_all(path, {"phase": phase, "coherence": coherence})
    dates = sorted(files["phase"])
    unwrapped, correlated = ([files[kind][pair] for pair in dates] for kind in files)
    stack = _stack(
        dates,
        [f"the pair {first}-{last} of {path}" for first, last in dates],
        grid,
        _lazy(
            unwrapped, grid, order, partial(signed_or_nothing, turned=later_first(phase, unwrapped))
        ),
        _lazy(correlated, grid, order, coherence_or_nothing),
        wavelength,
    )
    if height:
        metres = _lazy([path / height], grid, order, _height)[0]
        stack["height"] = ("y", "x"), metres, {"units": "m"}
    if line_of_sight:
        theta, phi = (
            _lazy([path / line_of_sight.replace("{angle}", angle)], grid, order, decode)[0]
            for angle, decode in {"theta": zero_is_missing, "phi": as_stored}.items()
        )
        add_vector(stack, look_from_angles(90 - da.degrees(theta), da.degrees(phi) - 90))
    add_baselines(stack, dates, read_baselines(path, baselines) if baselines else {})
    return conform(stack, INTERFEROGRAMS, str(path))


def _stack(
    pairs: Sequence[tuple[str, str]],
    names: Sequence[str],
    grid: Grid,
    phase: da.Array,
    coherence: da.Array,
    wavelength: float,
) -> xr.Dataset:
    stack = pair_dates(pairs, names).merge(coordinates(grid))
    stack["unwrapped_phase"] = ("pair", "y", "x"), phase, {"units": "rad"}
    stack["coherence"] = ("pair", "y", "x"), coherence, {"units": "1"}
    stack["wavelength"] = (), wavelength, {"units": "m"}
    return stack


def _lazy(paths: Sequence[Path], grid: Grid, kind: str, decode: Decode) -> da.Array:
    """Stack files that hold one number of a kind for each pixel of the grid, and no more."""
    size = grid.shape[0] * grid.shape[1] * np.dtype(kind).itemsize
    for path in paths:
        with foreign(path, f"a file of {size} bytes"):
            found = path.stat().st_size
        if found != size:
            raise InputError(
                f"{path} holds {found} bytes, expected {size}: {grid.shape[0]} × {grid.shape[1]} "
                f"numbers of {np.dtype(kind).itemsize} bytes."
            )
    read = partial(_read, tuple(paths), grid.shape, np.dtype(kind), decode)
    return lazy_files(read, len(paths), grid.shape)


def _read(
    paths: Sequence[Path],
    shape: tuple[int, int],
    kind: np.dtype,
    decode: Decode,
    files: np.ndarray,
    rows: slice,
    columns: slice,
) -> np.ndarray:
    """Read a box of rows and columns of some files."""
    block = np.empty((files.size, rows.stop - rows.start, columns.stop - columns.start), "float32")
    for layer, file in zip(block, files, strict=True):
        path = paths[file]
        with foreign(path, "a whole file"):
            values = np.memmap(path, kind, "r", shape=shape)[rows, columns].astype("float32")
        tiny = values[(np.abs(values) < _TINY) & (values != 0)]
        if tiny.size:
            raise InputError(
                f"{path} holds {tiny[0]:g}, as numbers in the other byte order do, expected those "
                "of its format (or byte_order in the catalogue, where the format has that key)."
            )
        layer[:] = decode(values, path)
    return block


def _of_bytes(values: np.ndarray, path: Path) -> np.ndarray:
    return coherence_or_nothing(values / np.float32(255), path)


def _height(values: np.ndarray, path: Path) -> np.ndarray:
    return checked_height(zero_is_missing(values, path), path)
