"""GMTSAR: a folder of pairs named by year and day, with grids in longitude and latitude."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from qilian.archive.readers.files import is_there
from qilian.archive.readers.layers import Layers, add_ground, of_axes, signed_phase, stack_layers
from qilian.archive.readers.pairs import checked_wavelength, parse_date, parse_metres
from qilian.archive.readers.raster import Stored, checked_coherence
from qilian.archive.readers.table import quoted, read_text
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError, require

_PAIR = re.compile(r"(\d{7,8})_(\d{7,8})", re.ASCII)
_GRID = Stored(crs="EPSG:4326")  # which GMT leaves to whoever sees the longitudes


def read(
    path: Path,
    *,
    wavelength: float,
    first_day: int,
    phase: str = "unwrap_ll.grd",
    coherence: str = "corr_ll.grd",
    baselines: str | None = None,
    height: str | None = None,
    line_of_sight: str | None = None,
) -> xr.Dataset:
    """Open a folder of GMTSAR's pairs (`intf`, `intf_all`, `merge`) as an interferogram stack.

    `YYYYDDD_YYYYDDD/unwrap_ll.grd` (rad, positive away from the sensor: GMTSAR's displacement is
    −79.58 λ times it, in mm) and `corr_ll.grd`, as `proj_ra2ll.csh` and `geocode.csh` write them,
    netCDF-3 or -4; the folders may be named by full dates instead. NaN is missing. Grids that
    differ in extent are cropped to the ground they share. A pair whose reference is the later
    date has its sign turned.

    Parameters
    ----------
    path : Path
        The folder of pairs.
    wavelength : float
        Radar wavelength in metres (`radar_wavelength` of any `.PRM`).
    first_day : {0, 1}
        The number of 1 January in the folders' names: 0 for Sentinel-1, TerraSAR-X, COSMO-SkyMed
        and RADARSAT-2, 1 for other satellites.
    phase, coherence : str, optional
        Names of the grids in a pair's folder.
    baselines : str, optional
        GMTSAR's `baseline_table.dat`: name, day, day count, parallel and perpendicular baseline.
    height : str, optional
        Terrain height, metres, in longitude and latitude.
    line_of_sight : str, optional
        Pattern of the unit vector from ground to sensor, `{axis}` standing for east, north, up.

    Returns
    -------
    xarray.Dataset
        The interferograms contract; phase and coherence (pair, y, x) are lazy.

    Raises
    ------
    InputError
        No pairs, a grid missing or in radar coordinates, a day that no year has.
    """
    checked_wavelength(wavelength, path)
    require(f"{path}: first_day", first_day, first_day in (0, 1), "0 or 1")
    dates = _pairs(path, first_day)
    folders = sorted(dates, key=lambda folder: sorted(dates[folder]))
    ordered = [(min(dates[folder]), max(dates[folder])) for folder in folders]
    files = {name: [_grid(folder, name) for folder in folders] for name in (phase, coherence)}
    turned = frozenset(folder / phase for folder, (first, last) in dates.items() if first > last)
    stack, grid = stack_layers(
        ordered,
        [str(folder) for folder in folders],
        Layers(files[phase], partial(signed_phase, turned=turned), _GRID),
        Layers(files[coherence], checked_coherence, _GRID),
    )
    stack["wavelength"] = (), wavelength, {"units": "m"}
    vector = of_axes(path, line_of_sight) if line_of_sight else []
    add_ground(stack, grid, path / height if height else None, vector, _GRID)
    if baselines:
        metres = _baselines(path / baselines, first_day)
        values = [metres.get(last, np.nan) - metres.get(first, np.nan) for first, last in ordered]
        stack["perpendicular_baseline"] = "pair", np.array(values), {"units": "m"}
    return conform(stack, INTERFEROGRAMS, str(path))


def _pairs(path: Path, first_day: int) -> dict[Path, tuple[str, str]]:
    """Dates of reference and repeat by the folder of their pair."""
    if not path.is_dir():
        raise InputError(f"{path} is no folder, expected GMTSAR's folder of pairs, such as intf.")
    named = {folder: _PAIR.fullmatch(folder.name) for folder in path.iterdir() if folder.is_dir()}
    found = {folder: fit.groups() for folder, fit in named.items() if fit}
    if not found:
        raise InputError(f"{path} holds no folder named YYYYDDD_YYYYDDD, expected one a pair.")
    return {
        folder: (_date(first, first_day, path), _date(last, first_day, path))
        for folder, (first, last) in found.items()
    }


def _date(day: str, first_day: int, path: Path) -> str:
    """YYYYMMDD of a year and the number of a day in it, or of a full date."""
    if len(day) == 8:
        return f"{parse_date(day, str(path)):%Y%m%d}"
    year = pd.Timestamp(int(day[:4]), 1, 1) if day[:4] > "1977" else None
    date = year and year + pd.Timedelta(int(day[4:]) - first_day, "D")
    if not date or date.year != int(day[:4]):
        raise InputError(
            f"{path}: {day} is no year and day, expected YYYYDDD where 1 January is "
            f"{first_day:03d} (first_day)."
        )
    return date.strftime("%Y%m%d")


def _grid(folder: Path, name: str) -> Path:
    """Name a grid of a pair, or say that it is missing or not in longitude and latitude."""
    file = folder / name
    radar = folder / name.replace("_ll", "")
    if not is_there(file) and is_there(radar):
        raise InputError(
            f"{radar} is in radar coordinates, expected {name} beside it, such as GMTSAR's "
            "proj_ra2ll.csh writes."
        )
    if not is_there(file):
        raise InputError(f"{folder} lacks {name}, expected it for each pair.")
    return file


def _baselines(path: Path, first_day: int) -> dict[str, float]:
    """Perpendicular baseline (m) of each date, relative to one of them."""
    found = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        source = f"{path}, line {number}"
        if len(fields) != 5:
            raise InputError(
                f"{source}: {quoted(line)} lists no baseline, expected name, day, day count, "
                "parallel and perpendicular baseline."
            )
        day = fields[1].partition(".")[0]
        if not re.fullmatch(r"\d{7}", day, re.ASCII):
            raise InputError(f"{source}: {quoted(fields[1])} is no day, expected YYYYDDD.")
        found[_date(day, first_day, path)] = parse_metres(fields[4], source)
    return found
