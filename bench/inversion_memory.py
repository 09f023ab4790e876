"""Peak memory and pace of an inversion whose stack is several times what it may take of memory.

A file of `--stack` GB goes from MintPy's layout to Zarr, on all cores, and must stay within
`--limit` GB; a part of it that fits then goes to Zarr from memory. The file has just been written,
so that the system caches what it has room for; that cache is not counted.

Usage: python bench/inversion_memory.py [--stack GB] [--limit GB] [--chunked]
"""

import argparse
import os
import resource
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import stacks
import xarray as xr
from stacks import Cost, cost

from qilian.archive.cache import store
from qilian.archive.readers import mintpy
from qilian.insar import temporal_models
from qilian.insar.sbas import invert

FITTING = (600, 600)
TILE = 250e6  # bytes that are made at once


def spawned(work: Callable, *arguments):
    """Do some work in a new process, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def write(path: Path, size: float, chunked: bool) -> int:
    """Write a square stack of about `size` bytes, of equal tiles; return its pixels."""
    per_pixel = 8 * len(stacks.network()[0])
    columns = round((size / per_pixel) ** 0.5)
    rows = max(1, round(TILE / (per_pixel * columns)))
    times = round(columns / rows)
    stacks.write(path, stacks.simulate(rows, columns), times=times, chunks=chunked or None)
    os.sync()
    return rows * times * columns


def to_zarr(stack: xr.Dataset, path: Path) -> Cost:
    """Time an inversion into a new Zarr that does all but screen loops."""
    model = temporal_models.periodic_model(xr.DataArray(stacks.dates(), dims="time"))
    options = {"weight": "coherence", "model": model, "screen_loops": False}
    invert(stack.isel(y=[0], x=[0]).compute(), **options)  # compiles
    return cost(lambda: store(invert(stack, **options), path))


def from_file(path: Path, out: Path) -> tuple[Cost, float]:
    """Return what it costs, and the peak memory in GB."""
    spent = to_zarr(mintpy.read_stack(path), out)
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def from_memory(out: Path) -> Cost:
    """Return what it costs where the stack fits, the best of three."""
    stack = stacks.simulate(*FITTING)
    return Cost(*map(min, *(to_zarr(stack, out / str(k)) for k in range(3))))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", type=float, default=16, help="size of the file [GB]")
    parser.add_argument("--limit", type=float, default=3, help="memory allowed [GB]")
    parser.add_argument("--chunked", action="store_true", help="chunks as h5py chooses them")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pixels = spawned(write, folder / "stack.h5", given.stack * 1e9, given.chunked)
        large, peak = spawned(from_file, folder / "stack.h5", folder / "large.zarr")
        (folder / "stack.h5").unlink()
        fitting = spawned(from_memory, folder)
    within = "within" if peak <= given.limit else "beyond"
    print(f"stack of {given.stack:g} GB, {pixels} pixels: {large.wall:.0f} s from file to Zarr")
    print(f"peak memory {peak:.2f} GB, {within} {given.limit:g} GB")
    for clock, seconds, less in zip(("clock", "CPU"), large[::-1], fitting[::-1], strict=True):
        rate, best = pixels / seconds, FITTING[0] * FITTING[1] / less
        print(f"pixels per second ({clock}): {rate:.0f}, from memory {best:.0f}, ", end="")
        print(f"ratio {rate / best:.2f}")
