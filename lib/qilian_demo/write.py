"""Write the simulated archive: product files, the truth behind them, and a catalogue."""

import tempfile
import tomllib
import zlib
from pathlib import Path

import numpy as np

from qilian.contracts import InputError
from qilian_demo.atmosphere import slant_delays
from qilian_demo.climate import (
    FIRST_DAY,
    Climate,
    simulate_climate,
    thaw_state,
    years_since,
)
from qilian_demo.deformation import (
    make_deformation,
    phase_away,
    range_increase,
    vertical_displacement,
)
from qilian_demo.interferograms import make_acquisitions, simulate_interferograms
from qilian_demo.licsar import SIMULATED, write_frame
from qilian_demo.scene import SPACING, make_scene
from qilian_demo.sensors import SENTINEL1, line_of_sight
from qilian_demo.streamflow import simulate_streamflow
from qilian_demo.truth import deformation_truth, recession_truth, write_truth

CATALOGUE = """\
[archive]
name = "Upper Datong River, demo"
simulated = true
seed = {seed}
truth = "truth"

[sentinel1]
format = "licsar"
path = "sentinel1/GEOC"

[discharge]
format = "csv"
path = "discharge.csv"
time = "date"
discharge = "discharge_m3s"
precipitation = "precipitation_mm"
unit = "m3 s-1"

[pairs]
format = "csv"
path = "table_s1.csv"
title = "the supplement's Table S1"
simulated = false
"""


def write_archive(
    folder: Path, *, seed: int = 1, pair_table: Path, spacing: float = SPACING
) -> None:
    """Write the archive beside `folder` and move it there once it is whole.

    Parameters
    ----------
    folder : pathlib.Path
        Archive to make, or an older demo archive to replace.
    seed : int
        The same seed gives the same bytes.
    pair_table : pathlib.Path
        The paper's table of pairs, copied as it is.
    spacing : float
        Pixel size of the scene [degree].

    Raises
    ------
    InputError
        `folder` exists and is not a demo archive.
    """
    folder = Path(folder).resolve()
    _check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        made = Path(scratch, "made")
        made.mkdir()
        (made / "table_s1.csv").write_bytes(Path(pair_table).read_bytes())
        _write_contents(made, seed, spacing)
        (made / "catalogue.toml").write_text(CATALOGUE.format(seed=seed))
        _move_into_place(made, folder, Path(scratch, "older"))


def _check_replaceable(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        catalogue = tomllib.loads((folder / "catalogue.toml").read_text())
    except (OSError, ValueError):
        catalogue = {}
    archive = catalogue.get("archive")
    if not (isinstance(archive, dict) and archive.get("simulated") is True):
        raise InputError(
            f"{folder} is not a simulated archive (no catalogue.toml there says simulated = true), "
            "so it is left as it is: name a new folder."
        )


def _move_into_place(made: Path, folder: Path, older: Path) -> None:
    if folder.exists():
        folder.rename(older)
    try:
        made.rename(folder)
    except OSError:
        if older.exists():
            older.rename(folder)
        raise


def _write_contents(made: Path, seed: int, spacing: float) -> None:
    truth = made / "truth"
    truth.mkdir()
    climate = simulate_climate(_stream(seed, "climate"))
    _write_sentinel1(made / "sentinel1" / "GEOC", truth, climate, seed, spacing)
    streamflow = simulate_streamflow(_stream(seed, "streamflow"), climate)
    _write_discharge(made / "discharge.csv", climate, streamflow.observed)
    write_truth(truth / "recession.nc", recession_truth(climate.time, streamflow))


def _write_sentinel1(
    folder: Path, truth: Path, climate: Climate, seed: int, spacing: float
) -> None:
    scene = make_scene(_stream(seed, "scene"), spacing=spacing)
    deformation = make_deformation(_stream(seed, "deformation"), scene)
    acquisitions = make_acquisitions(_stream(seed, "acquisitions"))
    dates = acquisitions.dates
    state = thaw_state(climate)[np.searchsorted(climate.time, dates)]
    displacement = vertical_displacement(deformation, years_since(dates, FIRST_DAY), state)
    unit_vector = line_of_sight(SENTINEL1, *scene.position())
    up = unit_vector[2]
    path = range_increase(displacement, up) + slant_delays(
        _stream(seed, "atmosphere"), scene, dates, up
    )
    phase = phase_away(path, SENTINEL1.wavelength)
    pairs = simulate_interferograms(
        _stream(seed, "interferograms"), scene, SENTINEL1, acquisitions, phase
    )
    write_frame(folder, scene, acquisitions, unit_vector, pairs)
    write_truth(truth / "sentinel1.nc", deformation_truth(scene, deformation, dates, displacement))


def _write_discharge(path: Path, climate: Climate, discharge: np.ndarray) -> None:
    lines = [f"# {SIMULATED}: daily mean discharge and precipitation"]
    lines.append("date,discharge_m3s,precipitation_mm")
    for day, flow, rain in zip(climate.time, discharge, climate.precipitation, strict=True):
        # Gauges are read to three figures.
        reading = "" if np.isnan(flow) else f"{flow:.3g}"
        lines.append(f"{day},{reading},{rain:.1f}")
    path.write_text("\n".join(lines) + "\n")


def _stream(seed: int, subject: str) -> np.random.Generator:
    """Give each subject its own numbers, so that a new subject leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(subject.encode())])
