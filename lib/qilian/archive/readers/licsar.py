"""LiCSAR products: a folder of geocoded interferograms (`GEOC`) as LiCSAR and LiCSBAS use it."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from qilian.archive.readers.files import files_like, refuse_packed
from qilian.archive.readers.layers import (
    add_ground,
    coherence_or_nothing,
    phase_or_nothing,
)
from qilian.archive.readers.pairs import pair_dates, parse_date, parse_metres
from qilian.archive.readers.raster import (
    Stored,
    common_grid,
    coordinates,
    lazy_stack,
)
from qilian.archive.readers.table import quoted, read_text
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS

_PAIR = re.compile(r"\d{8}_\d{8}")
_BYTES = Stored(whole=255)


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
    stack["unwrapped_phase"] = dims, lazy_stack(phase, grid, phase_or_nothing), {"units": "rad"}
    levels = lazy_stack(coherence, grid, coherence_or_nothing, stored=_BYTES)
    stack["coherence"] = dims, levels, {"units": "1"}
    stack["wavelength"] = (), wavelength, {"units": "m"}
    one = {layer: files_like(path, f"*.geo.{layer}.tif")[:1] for layer in ("hgt", "E", "N", "U")}
    vector = [file for axis in "ENU" for file in one[axis]]
    add_ground(stack, grid, next(iter(one["hgt"]), None), vector if len(vector) == 3 else ())
    add_baselines(stack, path / "baselines")
    return conform(stack, INTERFEROGRAMS, str(path))


def add_baselines(stack: xr.Dataset, path: Path) -> None:
    """Add the baseline of each pair, from a list relative to the prime date, which is at 0 m."""
    if not path.is_file():
        return
    baseline: dict[np.datetime64, float] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        source = f"{path}, line {number}"
        # Four columns: prime, date, baseline, days. The older form has nine, of pairs: a counter,
        # both dates, their baseline and days, and then days and baselines of each from the prime.
        if len(fields) not in (4, 9):
            raise InputError(
                f"{source}: {quoted(line)} lists no baseline, expected prime date, date, metres "
                "and days."
            )
        dates, metres = (
            (fields[1:2], fields[2:3]) if len(fields) == 4 else (fields[1:3], fields[7:])
        )
        if len(fields) == 4:
            baseline.setdefault(parse_date(fields[0], source).to_datetime64(), 0.0)
        for date, value in zip(dates, metres, strict=True):
            baseline[parse_date(date, source).to_datetime64()] = parse_metres(value, source)
    values = [
        baseline.get(second, np.nan) - baseline.get(first, np.nan)
        for first, second in zip(
            stack.reference_date.values, stack.secondary_date.values, strict=True
        )
    ]
    stack["perpendicular_baseline"] = "pair", np.array(values), {"units": "m"}
