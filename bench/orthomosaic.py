"""Seconds and peak memory to open an orthomosaic of several GB at screen resolution.

A tiled GeoTIFF of five bands of 16 bits is written, opened for a screen and turned into NDVI, once
without overviews and once with, each time in a fresh process. It has just been written, so that the
system caches what it has room for; from a cold disk the file without overviews is as slow as the
disk.

Usage: python bench/orthomosaic.py [--size GB] [--pixels N] [--limit GB]
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

from qilian.archive.readers import image
from qilian.imagery import indices

BANDS = ("blue", "green", "red", "red_edge", "near_infrared")
BLOCK = 1024  # pixels that are written at once


def spawned(work: Callable, *arguments):
    """Do some work in a new process, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def write(path: Path, size: float) -> int:
    """Write a square mosaic of about `size` bytes; return its rows."""
    blocks = max(1, round((size / (2 * len(BANDS))) ** 0.5 / BLOCK))
    ground = np.random.default_rng(0).integers(500, 4000, (len(BANDS), BLOCK, BLOCK), "uint16")
    ground[:, :100, :300] = 0  # not flown
    side = blocks * BLOCK
    layout = {"tiled": True, "bigtiff": "yes", "crs": "EPSG:32647", "nodata": 0}
    place = rasterio.Affine(0.02, 0, 543_725, 0, -0.02, 4_210_521)
    with rasterio.open(
        path, "w", "GTiff", side, side, len(BANDS), dtype="uint16", transform=place, **layout
    ) as raster:
        raster.descriptions = BANDS
        for row, column in np.ndindex(blocks, blocks):
            raster.write(ground, window=Window(column * BLOCK, row * BLOCK, BLOCK, BLOCK))
    return side


def add_overviews(path: Path) -> None:
    """Build averages of 8 × 8 and 32 × 32 pixels."""
    with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"), rasterio.open(path, "r+") as raster:
        raster.build_overviews([8, 32], Resampling.average)


def look(path: Path, pixels: int) -> tuple[float, float, str]:
    """Return seconds, peak memory in GB and how the pixels came about."""
    start = time.perf_counter()
    survey = image.read(path, scale=1e-4, pixels=pixels).image.compute()
    indices.ndvi(survey).where(indices.reflectance_quality(survey) == 0)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    shape = " × ".join(str(survey.sizes[axis]) for axis in ("y", "x"))
    return seconds, peak, f"{shape}, {survey.attrs['sampling']}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=float, default=2, help="of the file [GB]")
    parser.add_argument("--pixels", type=int, default=1400, help="of the screen")
    parser.add_argument("--limit", type=float, default=1, help="memory allowed [GB]")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "mosaic.tif")
        side = spawned(write, path, given.size * 1e9)
        print(f"{path.stat().st_size / 1e9:.1f} GB, {side} × {side} pixels of {len(BANDS)} bands")
        for kind in ("without overviews", "with overviews"):
            if kind == "with overviews":
                spawned(add_overviews, path)
            seconds, peak, sampling = spawned(look, path, given.pixels)
            within = "within" if peak <= given.limit else "beyond"
            print(
                f"{kind}: {seconds:.1f} s, {peak:.2f} GB, {within} {given.limit:g} GB; {sampling}"
            )
