"""Write the simulated archive: product files, the truth behind them, and a catalogue."""

import shutil
import tempfile
import tomllib
from pathlib import Path

import numpy as np

from qilian.contracts.errors import InputError
from qilian_demo import ancillary
from qilian_demo.air.climate import Climate
from qilian_demo.ancillary import write_ground_products
from qilian_demo.headwaters import Ground, make_ground
from qilian_demo.mark import SIMULATED
from qilian_demo.radar.geotiff import write_stack
from qilian_demo.radar.hyp3 import write_products
from qilian_demo.radar.pair_table import read_pairs
from qilian_demo.radar.sensors import ALOS1, ALOS2, ENVISAT, ERS2
from qilian_demo.river.streamflow import simulate_streamflow
from qilian_demo.sentinel1 import write_sentinel1
from qilian_demo.streams import stream
from qilian_demo.truth import period_truth, recession_truth, write_truth

PAIR_TABLE = Path(__file__).with_name("table_s1.csv")  # the paper's
LAST_GAUGED = np.datetime64("2023-12-31")
CATALOGUE = """\
[archive]
name = "Upper Datong River, demo"
simulated = true
seed = {seed}
truth = "truth"

[place]
station = [100.2421, 38.0142]
snow_free = ["2018-07-01", "2018-08-31"]
split_season = ["2019-05-01", "2019-07-31", "2019-10-15"]
mining = [2000, 2013]
heights = [3350, 4150]
pictures = ["24 July 1984, film", "16 July 2025, drone"]

[sentinel1]
format = "licsar"
path = "sentinel1/GEOC"

[alos2]
format = "hyp3"
path = "alos2"
wavelength = {alos2:.6f}

[alos1]
format = "geotiff"
path = "alos1"
wavelength = {alos1:.6f}
phase = "{{reference}}-{{secondary}}_unw.tif"
coherence = "{{reference}}-{{secondary}}_cc.tif"
baselines = "baselines.csv"
height = "height.tif"
line_of_sight = "los_{{axis}}.tif"

[envisat]
format = "geotiff"
path = "envisat"
wavelength = {envisat:.6f}
phase = "{{reference}}-{{secondary}}_unw.tif"
coherence = "{{reference}}-{{secondary}}_cc.tif"
baselines = "baselines.csv"
height = "height.tif"
line_of_sight = "los_{{axis}}.tif"

[ers2]
format = "geotiff"
path = "ers2"
wavelength = {ers2:.6f}
phase = "{{reference}}-{{secondary}}_unw.tif"
coherence = "{{reference}}-{{secondary}}_cc.tif"
baselines = "baselines.csv"
height = "height.tif"
line_of_sight = "los_{{axis}}.tif"

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


# Radars of the table whose pairs come as plain GeoTIFF.
STACKS = {"alos1": ALOS1, "envisat": ENVISAT, "ers2": ERS2}


def write_archive(
    folder: Path, *, seed: int = 1, scale: float = 1.0, delay_memory: float = 0.0
) -> None:
    """Write the archive beside `folder` and move it there once it is whole.

    Parameters
    ----------
    folder : pathlib.Path
        Archive to make, or an older demo archive to replace.
    seed : int
        The same seed gives the same bytes.
    scale : float
        2 halves the pixel size of all rasters, 0.25 makes it four times as large.
    delay_memory : float
        Correlation of Sentinel-1's delay with that of twelve days before [1].

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
        shutil.copyfile(PAIR_TABLE, made / PAIR_TABLE.name)
        _write_contents(made, make_ground(seed, scale), delay_memory)
        (made / "catalogue.toml").write_text(_catalogue(seed))
        _move_into_place(made, folder, Path(scratch, "older"))


def _catalogue(seed: int) -> str:
    sensors = {**STACKS, "alos2": ALOS2}
    radars = CATALOGUE.format(seed=seed, **{name: s.wavelength for name, s in sensors.items()})
    return f"{radars}\n{ancillary.CATALOGUE}"


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


def _write_contents(made: Path, ground: Ground, delay_memory: float) -> None:
    truth = made / "truth"
    truth.mkdir()
    _write_streamflow(made / "discharge.csv", truth / "recession.nc", ground)
    _write_table_pairs(made, ground)
    write_truth(truth / "periods.nc", period_truth(ground))
    write_ground_products(made, truth, ground)
    frame = made / "sentinel1" / "GEOC"
    write_sentinel1(frame, truth / "sentinel1.nc", ground, delay_memory=delay_memory)


def _write_table_pairs(made: Path, ground: Ground) -> None:
    """Write the pairs of the older radars and of ALOS-2 that the paper lists."""
    pairs = read_pairs(PAIR_TABLE)
    for name, sensor in STACKS.items():
        write_stack(made / name, ground.track_on_map(sensor), pairs[sensor.name])
    write_products(made / "alos2", ground.track_on_map(ALOS2), pairs[ALOS2.name], ground.seed)


def _write_streamflow(path: Path, truth: Path, ground: Ground) -> None:
    climate = ground.climate.until(LAST_GAUGED)
    streamflow = simulate_streamflow(stream(ground.seed, "streamflow"), climate)
    _write_discharge(path, climate, streamflow.observed)
    write_truth(truth, recession_truth(climate.time, streamflow))


def _write_discharge(path: Path, climate: Climate, discharge: np.ndarray) -> None:
    lines = [f"# {SIMULATED}: daily mean discharge and precipitation"]
    lines.append("date,discharge_m3s,precipitation_mm")
    for day, flow, rain in zip(climate.time, discharge, climate.precipitation, strict=True):
        # Gauges are read to three figures.
        reading = "" if np.isnan(flow) else f"{flow:.3g}"
        lines.append(f"{day},{reading},{rain:.1f}")
    path.write_text("\n".join(lines) + "\n")
