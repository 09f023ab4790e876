"""LiCSAR products: a folder of geocoded interferograms (`GEOC`) as LiCSAR and LiCSBAS use it."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from qilian.archive.readers.files import files_like, refuse_packed
from qilian.archive.readers.pairs import pair_dates, parse_date
from qilian.archive.readers.raster import (
    Grid,
    as_stored,
    checked_coherence,
    common_grid,
    coordinates,
    lazy_stack,
    read_layer,
    zero_is_missing,
)
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS

_PAIR = re.compile(r"\d{8}_\d{8}")
_OF_BYTE = np.append(np.float32("nan"), np.arange(1, 256, dtype="float32") / np.float32(255))
_LAYERS = {
    "line_of_sight_east": ("E", "1"),
    "line_of_sight_north": ("N", "1"),
    "line_of_sight_up": ("U", "1"),
    "height": ("hgt", "m"),
}


def read(path: Path, *, wavelength: float = RADARS["Sentinel-1"].wavelength) -> xr.Dataset:
    """Open a LiCSAR folder as an interferogram stack.

    `GEOC/YYYYMMDD_YYYYMMDD/*.geo.unw.tif` (rad, positive away from the sensor, 0 = no data) and
    `*.geo.cc.tif` (bytes 0–255 for coherence 0–1, or float; 0 = no data); optional beside them
    `*.geo.{E,N,U,hgt}.tif` and `baselines`.

    Parameters
    ----------
    path : Path
        The `GEOC` (or `interferograms`) folder.
    wavelength : float, optional
        Radar wavelength in metres; the product does not carry it. Sentinel-1 by default.

    Returns
    -------
    xarray.Dataset
        The interferograms contract; phase and coherence (pair, y, x) are lazy.

    Raises
    ------
    InputError
        No pairs, a file missing from a pair, grids that differ, a date that isn't one.
    """
    if not path.is_dir():
        raise InputError(f"{path} does not exist, expected a LiCSAR folder of interferograms.")
    folders = sorted(p for p in path.iterdir() if p.is_dir() and _PAIR.fullmatch(p.name))
    if not folders:
        refuse_packed(path)
        raise InputError(f"{path} holds no folder named YYYYMMDD_YYYYMMDD, expected one a pair.")
    phase = [f / f"{f.name}.geo.unw.tif" for f in folders]
    coherence = [f / f"{f.name}.geo.cc.tif" for f in folders]
    grid = common_grid([*phase, *coherence])
    pairs = [(first, second) for first, second in (f.name.split("_") for f in folders)]
    stack = pair_dates(pairs, [str(f) for f in folders]).merge(coordinates(grid))
    dims = ("pair", "y", "x")
    stack["unwrapped_phase"] = dims, lazy_stack(phase, grid, zero_is_missing), {"units": "rad"}
    stack["coherence"] = dims, lazy_stack(coherence, grid, _coherence), {"units": "1"}
    stack["wavelength"] = (), wavelength, {"units": "m"}
    _add_layers(stack, path, grid)
    _add_baselines(stack, path / "baselines")
    return conform(stack, INTERFEROGRAMS, str(path))


def _coherence(stored: np.ndarray, path: Path) -> np.ndarray:
    if stored.dtype == np.uint8:
        return _OF_BYTE.take(stored)
    return checked_coherence(zero_is_missing(stored, path), path)


def _add_layers(stack: xr.Dataset, path: Path, grid: Grid) -> None:
    for name, (suffix, units) in _LAYERS.items():
        files = files_like(path, f"*.geo.{suffix}.tif")
        if files:
            stack[name] = ("y", "x"), read_layer(files[0], grid, as_stored), {"units": units}


def _add_baselines(stack: xr.Dataset, path: Path) -> None:
    """Baseline of each pair from the list relative to the prime date, itself absent: 0 m."""
    if not path.is_file():
        return
    baseline: dict[np.datetime64, float] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        source = f"{path}, line {number}"
        # Four columns: prime, date, baseline, days; the older nine-column form has a counter first.
        prime, date, value = fields[:3] if len(fields) == 4 else fields[1:4]
        baseline.setdefault(parse_date(prime, source).to_datetime64(), 0.0)
        try:
            baseline[parse_date(date, source).to_datetime64()] = float(value)
        except ValueError as error:
            raise InputError(f"{source}: {value!r} is no baseline, expected metres.") from error
    values = [
        baseline.get(second, np.nan) - baseline.get(first, np.nan)
        for first, second in zip(
            stack.reference_date.values, stack.secondary_date.values, strict=True
        )
    ]
    stack["perpendicular_baseline"] = "pair", np.array(values), {"units": "m"}
