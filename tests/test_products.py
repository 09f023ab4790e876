"""The kept displacement product: built once, whole or not at all, the same on a cluster."""

import asyncio
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from qilian.archive import cache as archive_cache
from qilian.archive.catalogue import open_archive
from qilian.archive.readers import lazy
from qilian.contracts.errors import InputError
from qilian.insar import corrections
from qilian.products import inversion

pytestmark = pytest.mark.usefixtures("forking")

PROCESSES = multiprocessing.get_context("forkserver")
BUILDING = "building"
SMALL = xr.Dataset({"count": ("y", [1])})


def build(demo: Path, cache: Path, told: Connection) -> None:
    """Ask for the product; tell when it is being built, and then what it is."""
    built = archive_cache._build

    def counted(*arguments) -> None:
        told.send(BUILDING)
        built(*arguments)

    archive_cache._build = counted
    product = inversion.displacement(open_archive(demo), seasonal="thaw", cache=cache)
    told.send(float(product["residual"].mean()))


def building(demo: Path, cache: Path) -> tuple[multiprocessing.Process, Connection]:
    """Start to build in a process of its own; returns it and where it tells of it."""
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=build, args=(demo, cache, there))
    process.start()
    there.close()
    return process, here


def told(process: multiprocessing.Process, here: Connection) -> list[str | float]:
    """All that a process tells until it ends."""
    said = []
    with suppress(EOFError):
        while True:
            said.append(here.recv())
    process.join()
    assert process.exitcode == 0
    return said


@pytest.fixture(scope="module")
def demo(short) -> Path:
    """How products are built and kept hangs on no resolution and no length."""
    return short


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def product(demo, cache) -> xr.Dataset:
    """The displacement of the demo, built by two processes that start together."""
    processes = [building(demo, cache) for _ in range(2)]
    said = [told(*process) for process in processes]
    assert sorted(len(words) for words in said) == [1, 2], "both built, or neither did"
    assert said[0][-1] == said[1][-1]
    return inversion.displacement(open_archive(demo), seasonal="thaw", cache=cache).load()


def test_two_processes_that_start_together_build_once(product, cache):
    """The second waits and reads; one product is in the cache, and nothing unfinished."""
    assert len(list(cache.glob("displacement-sentinel1-*.zarr"))) == 1
    assert not list(cache.glob(".*.unfinished"))
    assert product.attrs["simulated"]
    assert product["displacement"].attrs["units"] == "mm"
    assert product.rio.crs.to_epsg() == 4326


def test_a_build_that_is_killed_leaves_nothing_that_looks_finished(demo, tmp_path):
    """The next one of any product clears up; scratch files lie in the same folder."""
    process, here = building(demo, tmp_path)
    assert here.recv() == BUILDING
    unfinished = ".displacement-sentinel1-*.unfinished"
    while not list(tmp_path.glob(unfinished)):
        time.sleep(0.01)
    process.kill()
    process.join()
    assert list(tmp_path.glob(unfinished))
    assert not list(tmp_path.glob("displacement-*.zarr"))
    source = open_archive(demo)
    other = archive_cache.kept("other", source, ["sites"], {}, lambda _: SMALL, cache=tmp_path)
    assert int(other["count"][0]) == 1
    assert not list(tmp_path.glob(".*.unfinished"))
    assert told(*building(demo, tmp_path))[0] == BUILDING
    assert list(tmp_path.glob("displacement-*.zarr"))


def test_a_build_that_fails_leaves_nothing(demo, tmp_path):
    source = open_archive(demo)
    with pytest.raises(InputError, match="reference x is 7, expected a place in x"):
        inversion.displacement(source, reference=(7, 38), seasonal="thaw", cache=tmp_path)
    assert not list(tmp_path.glob("*.zarr"))
    assert not list(tmp_path.glob(".*.unfinished"))


def test_a_product_is_made_once_for_each_input_and_option(demo, tmp_path):
    source, made = open_archive(demo), []

    def make(_: Path) -> xr.Dataset:
        made.append(1)
        return xr.Dataset({"count": ("y", [len(made)])})

    def value(entry: str, weight: str) -> int:
        options = {"weight": weight}
        kept = archive_cache.kept("counts", source, [entry], options, make, cache=tmp_path)
        return int(kept["count"][0])

    for _ in range(2):
        assert value("climate", "none") == 1
        assert value("climate", "fisher") == 2
        assert value("sites", "none") == 3


def test_touching_an_input_file_makes_another_product(demo, tmp_path):
    """Size and time stand for the content, since reading it all would take longer than using it."""
    shutil.copy(demo / "catalogue.toml", tmp_path)
    shutil.copytree(demo / "weather", tmp_path / "weather")
    source = open_archive(tmp_path)
    before = source.identity(["climate"])
    file = source.entry("climate").files()[0]
    stamp = file.stat()
    os.utime(file, ns=(1, 1))
    assert source.identity(["climate"]) != before
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert source.identity(["climate"]) == before


def test_coherence_is_averaged_once_for_reference_and_stable_ground(demo, tmp_path, monkeypatch):
    averaged = []

    def average(coherence: xr.DataArray, **options) -> xr.Dataset:
        averaged.append(coherence)
        return original(coherence, **options)

    original = inversion.temporal_mean_coherence
    for module in (inversion, corrections):
        monkeypatch.setattr(module, "temporal_mean_coherence", average)
    inversion.displacement(open_archive(demo), ramp=True, height=True, cache=tmp_path)
    assert len(averaged) == 1


def test_options_out_of_range_are_said_before_anything_is_read(demo, tmp_path):
    with pytest.raises(InputError, match=r"^seasonal is 'snow', expected one of auto, thaw,"):
        inversion.displacement(open_archive(demo), seasonal="snow", cache=tmp_path)


def work(address: str, folder: Path) -> None:
    """Be a worker of a cluster."""
    from distributed import Worker

    async def serve() -> None:
        async with Worker(address, nthreads=1, local_directory=folder, dashboard=False) as worker:
            await worker.finished()

    asyncio.run(serve())


@contextmanager
def cluster(folder: Path, count: int) -> Iterator[tuple[str, list[multiprocessing.Process]]]:
    """A scheduler, and workers as processes of their own; yields its address and the workers."""
    from distributed import LocalCluster

    local = {"host": "127.0.0.1", "protocol": "tcp", "dashboard_address": None}
    with LocalCluster(n_workers=0, processes=False, **local) as scheduler:
        address = scheduler.scheduler_address
        workers = [
            PROCESSES.Process(target=work, args=(address, folder / f"worker{number}"))
            for number in range(count)
        ]
        try:
            for worker in workers:
                worker.start()
            yield address, workers
        finally:
            for worker in workers:
                worker.kill()
                worker.join()


def test_a_cluster_that_loses_a_worker_gives_the_same(demo, product, tmp_path, monkeypatch):
    """Two workers, one killed once blocks have been written; no bit of the answer changes."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 2**16)  # so that there is a half-way
    kept = tmp_path / "cache"
    with cluster(tmp_path, 2) as (address, workers), ThreadPoolExecutor(1) as beside:
        asked = beside.submit(
            inversion.displacement, open_archive(demo), cache=kept, scheduler=address
        )
        while len(list(kept.glob(".*.unfinished/*.zarr/displacement/*"))) < 3:
            assert not asked.done(), "it ended before a worker could be killed"
            time.sleep(0.01)
        workers[0].kill()
        assert not asked.done(), "it ended before a worker was killed"
        found = asked.result().load()
    for name in product:
        np.testing.assert_array_equal(found[name].values, product[name].values)


def test_a_scheduler_that_does_not_answer_is_named(demo, tmp_path, monkeypatch):
    monkeypatch.setattr("distributed.client.Client.__init__", refuse)
    with pytest.raises(InputError, match=r"^scheduler tcp://nowhere:1 does not answer"):
        archive_cache.store(
            xr.Dataset({"a": ("y", [1.0])}), tmp_path / "x", scheduler="tcp://nowhere:1"
        )


def refuse(*_, **__):
    raise OSError("timed out")
