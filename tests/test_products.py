"""The kept displacement product: built once, whole or not at all, the same on a cluster."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from qilian.archive import cache as archive_cache
from qilian.archive.catalogue import open_archive
from qilian.contracts.errors import InputError
from qilian.insar import corrections
from qilian.products import inversion

BUILD = """
import sys, pathlib
from qilian import products
from qilian.archive import cache, open_archive
built = cache._build
def counted(path, make, *rest):
    print("building", flush=True)
    built(path, make, *rest)
cache._build = counted
source = open_archive(sys.argv[1])
print(float(products.displacement(source, cache=pathlib.Path(sys.argv[2]))["residual"].mean()))
"""
SMALL = xr.Dataset({"count": ("y", [1])})


def building(demo: Path, cache: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", BUILD, str(demo), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def demo(coarse) -> Path:
    """How products are built and kept hangs on no resolution."""
    return coarse


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def product(demo, cache) -> xr.Dataset:
    """The displacement of the demo, built by two processes that start together."""
    processes = [building(demo, cache) for _ in range(2)]
    said = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(len(words) for words in said) == [1, 2], "both built, or neither did"
    assert said[0][-1] == said[1][-1]
    return inversion.displacement(open_archive(demo), cache=cache).load()


def test_two_processes_that_start_together_build_once(product, cache):
    """The second waits and reads; one product is in the cache, and nothing unfinished."""
    assert len(list(cache.glob("displacement-sentinel1-*.zarr"))) == 1
    assert not list(cache.glob(".*.unfinished"))
    assert product.attrs["simulated"]
    assert product["displacement"].attrs["units"] == "mm"
    assert product.rio.crs.to_epsg() == 4326


def test_a_build_that_is_killed_leaves_nothing_that_looks_finished(demo, tmp_path):
    """The next one of any product clears up; scratch files lie in the same folder."""
    process = building(demo, tmp_path)
    assert process.stdout.readline() == "building\n"
    unfinished = ".displacement-sentinel1-*.unfinished"
    while not list(tmp_path.glob(unfinished)):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob(unfinished))
    assert not list(tmp_path.glob("displacement-*.zarr"))
    source = open_archive(demo)
    other = archive_cache.kept("other", source, ["sites"], {}, lambda _: SMALL, cache=tmp_path)
    assert int(other["count"][0]) == 1
    assert not list(tmp_path.glob(".*.unfinished"))
    assert building(demo, tmp_path).communicate()[0].startswith("building")
    assert list(tmp_path.glob("displacement-*.zarr"))


def test_a_build_that_fails_leaves_nothing(demo, tmp_path):
    source = open_archive(demo)
    with pytest.raises(InputError, match="reference x is 7, expected a place in x"):
        inversion.displacement(source, reference=(7, 38), cache=tmp_path)
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


@contextmanager
def cluster(folder: Path, workers: int):
    """A scheduler and workers as processes of their own; yields its address and the workers."""
    command = Path(sys.executable).with_name("dask")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    about = folder / "scheduler.json"
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    listen = [command, "scheduler", *local, "--port", "0", "--scheduler-file", about]
    processes = [subprocess.Popen(listen, **quiet)]
    try:
        while not about.is_file():
            time.sleep(0.05)
        join = [command, "worker", "--scheduler-file", about, "--nthreads", "1", "--no-nanny"]
        for number in range(workers):
            own = ["--local-directory", folder / f"worker{number}", "--no-dashboard"]
            processes.append(subprocess.Popen([*join, *own], **quiet))
        yield json.loads(about.read_text())["address"], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_cluster_that_loses_a_worker_gives_the_same(demo, product, tmp_path):
    """Two workers, one killed once blocks have been written; no bit of the answer changes."""
    with cluster(tmp_path, workers=2) as (address, workers):
        kept = tmp_path / "cache"
        command = [sys.executable, "-c", CLUSTERED, str(demo), str(kept), address]
        process = subprocess.Popen(command)
        while len(list(kept.glob(".*.unfinished/*.zarr/displacement/*"))) < 3:
            assert process.poll() is None, "it ended before a worker could be killed"
            time.sleep(0.01)
        workers[0].kill()
        process.wait()
        assert process.returncode == 0
    found = inversion.displacement(open_archive(demo), cache=kept).load()
    for name in product:
        np.testing.assert_array_equal(found[name].values, product[name].values)


CLUSTERED = """
import sys, pathlib
from qilian import products
from qilian.archive import open_archive
from qilian.archive.readers import lazy
lazy.BLOCK_BYTES = 2**18  # so that there is a half-way
source = open_archive(sys.argv[1])
products.displacement(source, cache=pathlib.Path(sys.argv[2]), scheduler=sys.argv[3])
"""


def test_a_scheduler_that_does_not_answer_is_named(demo, tmp_path, monkeypatch):
    monkeypatch.setattr("distributed.client.Client.__init__", refuse)
    with pytest.raises(InputError, match=r"^scheduler tcp://nowhere:1 does not answer"):
        archive_cache.store(
            xr.Dataset({"a": ("y", [1.0])}), tmp_path / "x", scheduler="tcp://nowhere:1"
        )


def refuse(*_, **__):
    raise OSError("timed out")
