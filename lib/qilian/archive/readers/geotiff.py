"""Interferograms of any processor, as GeoTIFF files named by a pattern or listed in a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from qilian.archive.readers import gamma
from qilian.archive.readers.daily import parse_values
from qilian.archive.readers.layers import add_ground, of_axes
from qilian.archive.readers.pairs import checked_wavelength, pair_dates, table_dates
from qilian.archive.readers.patterns import dated_files
from qilian.archive.readers.raster import (
    Stored,
    checked_coherence,
    checked_phase,
    common_grid,
    coordinates,
    lazy_stack,
)
from qilian.archive.readers.table import column, read_table
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError, require

Pair = tuple[str, str]


def read(
    path: Path,
    *,
    wavelength: float,
    phase: str | None = None,
    coherence: str | None = None,
    pairs: str | None = None,
    unit: str = "rad",
    positive: str = "away",
    coherence_scale: float = 1.0,
    phase_band: int | None = None,
    coherence_band: int | None = None,
    nodata: float | None = None,
    baselines: str | None = None,
    height: str | None = None,
    line_of_sight: str | None = None,
) -> xr.Dataset:
    """Open interferograms given as GeoTIFF files, or others that GDAL opens, one a layer.

    Name the files either by the patterns `phase` and `coherence`, in which `{reference}` stands
    for the earlier date, `{secondary}` for the later (YYYYMMDD or YYMMDD) and `*` for anything, or
    by `pairs`, a CSV with columns reference, secondary and phase, coherence,
    perpendicular_baseline_m as far as there are any.

    Parameters
    ----------
    path : Path
        Folder that patterns and tables are relative to.
    wavelength : float
        Radar wavelength in metres.
    phase, coherence, pairs : str, optional
        Patterns or table; at least one of phase and coherence.
    unit : {"rad", "cycle", "m", "mm"}, optional
        Unit of the phase files; m and mm are displacements along the line of sight.
    positive : {"away", "towards"}, optional
        What a positive number in the phase files means for the ground from the earlier date to
        the later. The phase of the earlier date minus that of the later grows as ground goes
        away; the opposite difference, as where a processor's reference is the later date, grows
        as it comes towards the sensor.
    coherence_scale : float, optional
        What stands for a coherence of 1 in the files (255 in byte files).
    phase_band, coherence_band : int, optional
        Number of the band in files of several, from 1.
    nodata : float, optional
        Stored number that means "missing"; the files' own tag otherwise. NaN always does.
    baselines : str, optional
        Perpendicular baselines: a CSV (reference, secondary, perpendicular_baseline_m) or a
        pattern of GAMMA `_bperp.par` files.
    height : str, optional
        Terrain height, metres, on the same grid.
    line_of_sight : str, optional
        Pattern of the unit vector from ground to sensor, `{axis}` standing for east, north, up.

    Returns
    -------
    xarray.Dataset
        The interferograms contract; phase and coherence (pair, y, x) are lazy. Phase is in
        radians, positive away from the sensor: displacement d towards it is −4π d/λ.

    Raises
    ------
    InputError
        Files or pairs missing, unit or sign unknown, grids that differ.
    """
    checked_wavelength(wavelength, path)
    require(f"{path}: coherence_scale", coherence_scale, coherence_scale > 0, "more than 0")
    factor = _radians(path, unit, positive, wavelength)
    files, listed = _files(path, phase, coherence, pairs)
    dates = sorted(next(iter(files.values())))
    names = [f"the pair {first}-{second} of {path}" for first, second in dates]
    stored = Stored(nodata)
    bands = {
        "phase": replace(stored, band=phase_band),
        "coherence": replace(stored, band=coherence_band),
    }
    every = [(by_pair[pair], bands[kind]) for kind, by_pair in files.items() for pair in dates]
    grid = common_grid(*zip(*every, strict=True))
    stack = pair_dates(dates, names).merge(coordinates(grid))
    decode = {
        "phase": partial(checked_phase, factor=factor),
        "coherence": partial(_coherence, scale=coherence_scale),
    }
    variable = {"phase": ("unwrapped_phase", "rad"), "coherence": ("coherence", "1")}
    for kind, by_pair in files.items():
        name, units = variable[kind]
        paths = [by_pair[pair] for pair in dates]
        layers = lazy_stack(paths, grid, decode[kind], stored=bands[kind])
        stack[name] = ("pair", "y", "x"), layers, {"units": units}
    stack["wavelength"] = (), wavelength, {"units": "m"}
    vector = of_axes(path, line_of_sight) if line_of_sight else []
    add_ground(stack, grid, path / height if height else None, vector, stored)
    add_baselines(stack, dates, read_baselines(path, baselines) if baselines else listed)
    return conform(stack, INTERFEROGRAMS, str(path))


def _radians(path: Path, unit: str, positive: str, wavelength: float) -> float:
    """Factor from the files' unit and sign to radians, positive away from the sensor."""
    # A path lengthened by d adds 4π d/λ of two-way phase.
    metres = 4 * np.pi / wavelength
    factors = {"rad": 1.0, "cycle": 2 * np.pi, "m": metres, "mm": metres / 1000}
    signs = {"away": 1, "towards": -1}
    if unit not in factors:
        raise InputError(f"{path}: unit is {unit!r}, expected one of {', '.join(factors)}.")
    if positive not in signs:
        raise InputError(f"{path}: positive is {positive!r}, expected away or towards.")
    return factors[unit] * signs[positive]


def _files(
    path: Path, phase: str | None, coherence: str | None, pairs: str | None
) -> tuple[dict[str, dict[Pair, Path]], dict[Pair, float]]:
    """Files of each kind by pair, and the baselines that a table of pairs may carry."""
    if pairs:
        return _from_table(path, path / pairs)
    patterns = {"phase": phase, "coherence": coherence}
    files = match_all(path, {kind: pattern for kind, pattern in patterns.items() if pattern})
    if not files:
        raise InputError(f"{path}: neither phase, coherence nor pairs is given, expected one.")
    return files, {}


def match_all(path: Path, patterns: Mapping[str, str]) -> dict[str, dict[Pair, Path]]:
    """Files of each kind by pair, from the patterns of `phase` and `coherence` as far as given."""
    files = {kind: match(path, pattern) for kind, pattern in patterns.items()}
    if len({frozenset(by_pair) for by_pair in files.values()}) > 1:
        pair = sorted(set(files["phase"]) ^ set(files["coherence"]))[0]
        lacking = "coherence" if pair in files["phase"] else "phase"
        raise InputError(f"{path}: the pair {pair[0]}-{pair[1]} lacks its {lacking} file.")
    return files


def later_first(pattern: str, files: Iterable[Path]) -> frozenset[Path]:
    """Files of a pattern in whose names the later date stands first, hence all or none."""
    turned = pattern.find("{secondary}") < pattern.find("{reference}")
    return frozenset(files if turned else ())


def match(path: Path, pattern: str) -> dict[Pair, Path]:
    """Files under `path` that fit a pattern with {reference} and {secondary}, by pair."""
    found = {}
    for (first, second), file in dated_files(path, pattern, "reference", "secondary").items():
        if first > second:
            raise InputError(
                f"{file}: {{reference}} is {first} and {{secondary}} {second}, expected the "
                "earlier date as reference: exchange the two in the pattern (and say positive = "
                '"towards", where the format has that key, if the phase is that of the later date '
                "minus that of the earlier)."
            )
        found[first, second] = file
    return found


def _from_table(path: Path, table_path: Path) -> tuple[dict, dict[Pair, float]]:
    table = read_table(table_path)
    dates, _ = table_dates(table, "reference", "secondary", table_path)
    kinds = [kind for kind in ("phase", "coherence") if kind in table]
    if not kinds:
        raise InputError(f"{table_path} has neither a phase nor a coherence column.")
    if not dates:
        raise InputError(f"{table_path} lists no pair, expected one a line.")
    files = {
        kind: {pair: path / name for pair, name in zip(dates, table[kind], strict=True)}
        for kind in kinds
    }
    if "perpendicular_baseline_m" not in table:
        return files, {}
    return files, _listed_baselines(table, dates, table_path)


def _listed_baselines(table: pd.DataFrame, dates: list[Pair], path: Path) -> dict[Pair, float]:
    metres, _ = parse_values(column(table, "perpendicular_baseline_m", path), path)
    return dict(zip(dates, metres, strict=True))


def add_baselines(stack: xr.Dataset, dates: Sequence[Pair], metres: Mapping[Pair, float]) -> None:
    """Add what is known of the perpendicular baselines of pairs, if anything is."""
    if metres:
        values = [metres.get(pair, np.nan) for pair in dates]
        stack["perpendicular_baseline"] = "pair", np.array(values), {"units": "m"}


def read_baselines(path: Path, baselines: str) -> dict[Pair, float]:
    """Perpendicular baselines of pairs, from a CSV or from a pattern of GAMMA's files."""
    if baselines.endswith(".par"):
        return {pair: gamma.mean_baseline(file) for pair, file in match(path, baselines).items()}
    table_path = path / baselines
    table = read_table(table_path)
    listed, _ = table_dates(table, "reference", "secondary", table_path)
    return _listed_baselines(table, listed, table_path)


def _coherence(values: np.ndarray, path: Path, scale: float) -> np.ndarray:
    return checked_coherence(values * np.float32(1 / scale), path)
