"""Interferograms as HyP3 INSAR_GAMMA lays them out: a folder a product, UTM, 0 for no data.

HyP3 itself serves Sentinel-1; a laboratory that runs GAMMA on ALOS-2 may well keep its layout.
"""

import zlib
from pathlib import Path

import numpy as np
from pyproj import Transformer

from qilian_demo.ground.grid import GEOGRAPHIC, Grid, inside
from qilian_demo.ground.scene import Cover
from qilian_demo.mark import SIMULATED
from qilian_demo.radar.geotiff import stored_phase, write_geotiff
from qilian_demo.radar.interferograms import Interferogram, Track
from qilian_demo.radar.pair_table import Pair, compact
from qilian_demo.radar.sensors import Sensor
from qilian_demo.streams import stream

CLOCK, SECOND_OF_DAY = "172135", 62495.0
LAUNCH, ORBITS_PER_DAY, FRAME = np.datetime64("2014-05-24"), 207 / 14, "0760"
HALF_SWATH = 25e3  # m, in slant range
LARGEST_CUT = 7  # pixels that a product may lack on a side


def write_products(folder: Path, track: Track, pairs: list[Pair], seed: int) -> None:
    """Write each pair as a product with its own extent and its own reference pixel.

    Parameters
    ----------
    folder : pathlib.Path
        Folder to make.
    track : Track
        The radar over the scene, on a UTM grid.
    pairs : list of Pair
        Dates and baselines.
    seed : int
        Seed of the archive.
    """
    folder.mkdir(parents=True)
    for pair in pairs:
        rng = stream(seed, "hyp3 " + " ".join(map(str, pair.dates)))
        cut = [int(n) for n in rng.integers(0, LARGEST_CUT + 1, 4)]
        _write_product(folder, track, pair, cut, rng)


def _write_product(
    folder: Path, track: Track, pair: Pair, cut: list[int], rng: np.random.Generator
) -> None:
    grid = track.scene.grid.window(*cut)
    rows = slice(cut[0], cut[0] + grid.shape[0])
    columns = slice(cut[2], cut[2] + grid.shape[1])
    interferogram = track.interferogram(pair.dates, pair.baseline)
    whole = {**_data(interferogram), **_geometry(track)}
    layers = {layer: values[rows, columns] for layer, values in whole.items()}
    reference = _reference_pixel(rng, layers)
    layers["unw_phase"] = layers["unw_phase"] - layers["unw_phase"][reference]
    name = product_name(pair)
    (folder / name).mkdir()
    within = inside(grid)
    for layer, values in layers.items():
        if layer == "unw_phase":
            stored = stored_phase(values, 0.0)
            stored[reference] = 0.0
        else:
            stored = np.where(within, values, 0).astype(values.dtype)
        write_geotiff(folder / name / f"{name}_{layer}.tif", stored, grid)
    text = _metadata(track.sensor, pair, grid, reference)
    (folder / name / f"{name}.txt").write_text(text)
    (folder / name / f"{name}.README.md.txt").write_text(f"This product is {SIMULATED}.\n")


def _data(interferogram: Interferogram) -> dict[str, np.ndarray]:
    return {
        "unw_phase": interferogram.unwrapped_phase.astype(np.float32),
        "corr": interferogram.coherence.astype(np.float32),
    }


def _geometry(track: Track) -> dict[str, np.ndarray]:
    """Angles of the vector from ground to sensor [rad], height [m], and 1 where land is."""
    east, north, up = track.unit_vector
    return {
        "lv_theta": np.arcsin(up),
        "lv_phi": np.arctan2(north, east),
        "dem": track.scene.height,
        "water_mask": (track.scene.cover != Cover.WATER).astype(np.uint8),
    }


def _reference_pixel(
    rng: np.random.Generator, layers: dict[str, np.ndarray]
) -> tuple[np.intp, np.intp]:
    """One of the hundred most coherent pixels, as GAMMA chooses it anew for each pair."""
    usable = np.where(np.isfinite(layers["unw_phase"]), layers["corr"], 0.0)
    best = np.argsort(usable, axis=None)[-100:]
    return np.unravel_index(rng.choice(best), usable.shape)


def product_name(pair: Pair) -> str:
    """Name of the product: two times, polarisation, orbit, days, and a tail of four digits."""
    first, second = (f"{compact(date)}T{CLOCK}" for date in pair.dates)
    days = int((pair.dates[1] - pair.dates[0]).astype(int))
    tail = zlib.crc32(f"{first} {second}".encode()) % 0x10000
    return f"A2_{first}_{second}_HHR{days:03d}_INT80_G_ueF_{tail:04X}"


def _orbit(date: np.datetime64) -> int:
    return int((date - LAUNCH).astype(int) * ORBITS_PER_DAY)


def _granule(date: np.datetime64) -> str:
    return f"ALOS2{_orbit(date):05d}{FRAME}-{compact(date)[2:]}"


def _metadata(sensor: Sensor, pair: Pair, grid: Grid, reference: tuple[np.intp, np.intp]) -> str:
    """Lines `Key: value` in the order of the real files."""
    values = {
        **_orbits(sensor, pair),
        "Range looks": 28,
        "Azimuth looks": 48,
        "INSAR phase filter": "yes",
        "Phase filter parameter": 0.4,
        "Resolution of output (m)": f"{grid.step:g}",
        "Range bandpass filter": "no",
        "Azimuth bandpass filter": "no",
        "DEM source": SIMULATED,
        "DEM resolution (m)": f"{grid.step:g}",
        "Unwrapping type": "mcf",
        **_reference_point(grid, *map(int, reference)),
        "Unwrapping threshold": "none",
        "Speckle filter": "no",
    }
    return "".join(f"{key}: {value}\n" for key, value in values.items())


def _orbits(sensor: Sensor, pair: Pair) -> dict[str, object]:
    first, second = pair.dates
    return {
        "Reference Granule": _granule(first),
        "Secondary Granule": _granule(second),
        "Reference Pass Direction": "ASCENDING",
        "Reference Orbit Number": _orbit(first),
        "Secondary Pass Direction": "ASCENDING",
        "Secondary Orbit Number": _orbit(second),
        "Baseline": f"{pair.baseline:.1f}",
        "UTC time": SECOND_OF_DAY,
        "Heading": sensor.heading,
        "Spacecraft height": 628000.0,
        "Earth radius at nadir": 6370600.0,
        "Slant range near": sensor.slant_range - HALF_SWATH,
        "Slant range center": sensor.slant_range,
        "Slant range far": sensor.slant_range + HALF_SWATH,
    }


def _reference_point(grid: Grid, row: int, column: int) -> dict[str, object]:
    x, y = float(grid.x[column]), float(grid.y[row])
    to_degrees = Transformer.from_crs(grid.epsg, GEOGRAPHIC, always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    return {
        "Phase at reference point": 0.0,
        "Azimuth line of the reference point in SAR space": row,
        "Range pixel of the reference point in SAR space": column,
        "Y coordinate of the reference point in the map projection": f"{y:.1f}",
        "X coordinate of the reference point in the map projection": f"{x:.1f}",
        "Latitude of the reference point (WGS84)": f"{latitude:.6f}",
        "Longitude of the reference point (WGS84)": f"{longitude:.6f}",
    }
