"""Pace of an inversion on a Dask scheduler with one and with two workers, from file to Zarr.

Scheduler and workers are processes of their own, one thread each, that see the same files.
Usage: python bench/inversion_dask.py
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import stacks
import xarray as xr
from distributed import Client

from qilian.archive.cache import store
from qilian.archive.readers import mintpy
from qilian.insar import temporal_models
from qilian.insar.sbas import invert

TILE, TILES, RUNS = (600, 600), 3, 3
WORKER = ("--nthreads", "1", "--no-nanny", "--local-directory", ".")
PATIENCE = 60  # seconds that processes have to start and to stop


@contextmanager
def running(folder: Path, *command: str) -> Iterator[None]:
    """Run a command of Dask's on this machine alone, until left."""
    local = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", "scheduler.json"]
    with (folder / f"{command[0]}.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command, *local], cwd=folder, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Run a scheduler with some workers; give its address."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    with ExitStack() as processes:
        processes.enter_context(running(folder, "scheduler", "--port", "0"))
        deadline = time.monotonic() + PATIENCE
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        for _ in range(workers):
            processes.enter_context(running(folder, "worker", *WORKER))
        address = json.loads(file.read_text())["address"]
        with Client(address) as client:
            client.wait_for_workers(workers, timeout=PATIENCE)
        yield address


def pace(folder: Path, path: Path, workers: int) -> tuple[float, float]:
    """Pixels per second, by the clock in the best of three runs and by the workers' CPU time."""
    model = temporal_models.periodic_model(xr.DataArray(stacks.dates(), dims="time"))
    options = {"weight": "coherence", "model": model, "screen_loops": False}
    stack = mintpy.read_stack(path)
    pixels = stack.sizes["y"] * stack.sizes["x"]

    def work() -> None:
        out = Path(tempfile.mkdtemp(dir=folder), "out.zarr")
        store(invert(stack, **options), out, scheduler=address)

    with cluster(folder, workers) as address, Client(address) as client:
        client.run(invert, stacks.simulate(1, 1), **options)  # all load what is compiled
        before = sum(client.run(time.process_time).values())
        seconds = stacks.cost(work, times=RUNS).wall
        cpu = sum(client.run(time.process_time).values()) - before
    return pixels / seconds, RUNS * pixels / cpu


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "stack.h5")
        stacks.write(path, stacks.simulate(*TILE), times=TILES)
        one, two = (pace(Path(scratch), path, workers) for workers in (1, 2))
    for clock, alone, together in zip(("clock", "CPU"), one, two, strict=True):
        print(f"pixels per second ({clock}): one worker {alone:.0f}, two {together:.0f}, ", end="")
        print(f"ratio {together / alone:.2f}")
