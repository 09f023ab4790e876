"""What looks at a stack often decodes its files once, with the same numbers and bounded memory."""

import importlib
import subprocess
import sys
import tracemalloc
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.windows import Window

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import geotiff, hdf5, hyp3, lazy, licsar, mintpy, raster
from qilian.archive.scratch import read_once
from qilian.contracts.errors import InputError
from qilian.insar.sbas import invert
from qilian.products import inversion

pytestmark = pytest.mark.slow  # a third of a minute of a core

PROJECT = Path(__file__).parents[1]
DATES = [f"202001{day:02}" for day in range(1, 8)]
PAIRS = list(pairwise(DATES))
SHAPE = 90, 70
TILINGS = {
    "strips": {},
    "one strip": {"blockysize": SHAPE[0]},
    "tiles": {"tiled": True, "blockxsize": 32, "blockysize": 32},
    "one tile": {"tiled": True, "blockxsize": 128, "blockysize": 128},
}
PLACE = rasterio.Affine(0.001, 0, 99.0, 0, -0.001, 38.2)


def write(path: Path, values: np.ndarray, row: int = 0, column: int = 0, **layout) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"transform": PLACE @ rasterio.Affine.translation(column, row), "crs": "EPSG:4326"}
    about |= {"height": values.shape[0], "width": values.shape[1], "count": 1, "driver": "GTiff"}
    with rasterio.open(path, "w", dtype=values.dtype, compress="deflate", **about, **layout) as f:
        f.write(values, 1)


def layers(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers from 0.1 to 1, a few of them 0."""
    values = np.random.default_rng(seed).uniform(0.1, 1, shape).astype("float32")
    values[values < 0.15] = 0
    return values


def licsar_stack(folder: Path, **layout) -> xr.Dataset:
    for k, pair in enumerate(PAIRS):
        stem = folder / "_".join(pair) / "_".join(pair)
        write(Path(f"{stem}.geo.unw.tif"), layers(k, SHAPE), **layout)
        write(Path(f"{stem}.geo.cc.tif"), (255 * layers(k + 99, SHAPE)).astype("u1"), **layout)
    return licsar.read(folder)


def geotiff_stack(folder: Path, **layout) -> xr.Dataset:
    for k, pair in enumerate(PAIRS):
        for kind in ("unw", "cc"):
            write(folder / f"{'-'.join(pair)}_{kind}.tif", layers(k, SHAPE), nodata=0, **layout)
    patterns = {"phase": "{reference}-{secondary}_unw.tif"}
    patterns["coherence"] = "{reference}-{secondary}_cc.tif"
    return geotiff.read(folder, wavelength=0.05, **patterns)


def hyp3_stack(folder: Path, **layout) -> xr.Dataset:
    """Products that start in different rows and columns."""
    for k, pair in enumerate(PAIRS):
        stem = folder / f"S1_136231_IW2_{pair[0]}_{pair[1]}_VV_INT80_12E3"
        for layer in ("unw_phase", "corr"):
            write(Path(f"{stem}_{layer}.tif"), layers(k, SHAPE), k, 2 * k, **layout)
    return hyp3.read(folder)


def mintpy_stack(folder: Path, chunks: tuple[int, ...] | None) -> xr.Dataset:
    """A file whose second pair is dropped."""
    about = {"FILE_TYPE": "ifgramStack", "LENGTH": SHAPE[0], "WIDTH": SHAPE[1], "X_FIRST": 99}
    about |= {"Y_FIRST": 38.2, "X_STEP": 0.001, "Y_STEP": -0.001, "WAVELENGTH": 0.05}
    with h5py.File(folder / "ifgramStack.h5", "w") as file:
        file.attrs.update({key: str(value) for key, value in about.items()})
        file["date"] = np.array(PAIRS, "S8")
        file["dropIfgram"] = np.arange(len(PAIRS)) != 1
        for seed, name in enumerate(("unwrapPhase", "coherence")):
            file.create_dataset(name, data=layers(seed, (len(PAIRS), *SHAPE)), chunks=chunks)
    return mintpy.read_stack(folder)


READERS = {"licsar": licsar_stack, "geotiff": geotiff_stack, "hyp3": hyp3_stack}


@pytest.fixture
def reads(monkeypatch) -> list[tuple[Path, Window | None]]:
    """What is read of which raster, alone or with others, as it is read."""
    found = []

    def read(path: Path, window: Window | None = None, *stored, **options) -> np.ndarray:
        found.append((path, window))
        return alone(path, window, *stored, **options)

    def read_all(paths: list[Path], windows: list[Window], *about) -> np.ndarray:
        found.extend(zip(paths, windows, strict=True))
        return together(paths, windows, *about)

    alone, together = raster.read_values, raster.read_together
    monkeypatch.setattr(raster, "read_values", read)
    monkeypatch.setattr(raster, "read_together", read_all)
    return found


@pytest.mark.parametrize("memory", [1e9, 0], ids=["in memory", "in scratch files"])
@pytest.mark.parametrize("tiling", TILINGS)
@pytest.mark.parametrize("reader", READERS)
def test_each_raster_is_read_once_whatever_its_tiling(tmp_path, reads, reader, tiling, memory):
    """Several looks at the stack, in memory or larger, are one look at each file."""
    stack = READERS[reader](tmp_path / "files", **TILINGS[tiling])
    once = read_once(stack, tmp_path, memory=memory)
    assert Counter(path for path, _ in reads) == Counter((tmp_path / "files").rglob("*.tif"))
    assert (once["unwrapped_phase"].chunks is None) == (memory > 0)
    for _ in range(2):
        once["coherence"].mean().compute()
    assert len(reads) == 2 * len(PAIRS)


@pytest.mark.parametrize("memory", [1e9, 0], ids=["in memory", "in scratch files"])
@pytest.mark.parametrize("reader", [*READERS, "mintpy"])
def test_what_is_read_once_is_what_the_readers_give(tmp_path, monkeypatch, reader, memory):
    """To the last bit, with coordinates and attributes, in blocks that have all pairs."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 4 * len(PAIRS) * SHAPE[1] * 12)
    if reader == "mintpy":
        stack = mintpy_stack(tmp_path, None)
    else:
        stack = READERS[reader](tmp_path / "files")
    once = read_once(stack, tmp_path, memory=memory)
    if memory == 0:
        pairs, rows, columns = once["coherence"].chunks
        assert len(pairs) == len(columns) == 1
        assert len(rows) > 6
    xr.testing.assert_identical(once.compute(), stack.compute())


@pytest.mark.parametrize(("tiling", "parts"), [("strips", 4), ("tiles", 3), ("one tile", 1)])
def test_a_large_raster_is_read_in_whole_rows_of_its_tiles(
    tmp_path, reads, monkeypatch, tiling, parts
):
    """In blocks of 50 rows or a tile, so that memory is bounded and no tile is decoded twice."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 4 * 50 * SHAPE[1])
    read_once(licsar_stack(tmp_path, **TILINGS[tiling]))
    phase = [(path, window) for path, window in reads if path.match("*.unw.tif")]
    assert set(Counter(path for path, _ in phase).values()) == {parts}
    for path, window in phase:
        with rasterio.open(path) as file:
            assert window.row_off % file.block_shapes[0][0] == 0
    assert sum(window.height for _, window in phase) == len(PAIRS) * SHAPE[0]


@pytest.mark.parametrize("chunks", [None, (1, *SHAPE), (4, 16, 70), (5, 90, 7)])
def test_a_chunk_of_an_hdf5_file_is_read_once(tmp_path, monkeypatch, chunks):
    """Chunks of whole layers, of many, of all rows: what one read takes, no other touches."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 4 * len(PAIRS) * SHAPE[1] * 20)
    read, boxes = hdf5._read_dataset, []

    def recorded(path, name, decode, kept, picked, rows, columns):
        boxes.append((name, kept[picked], rows, columns))
        return read(path, name, decode, kept, picked, rows, columns)

    monkeypatch.setattr(hdf5, "_read_dataset", recorded)
    stack = mintpy_stack(tmp_path, chunks)
    read_once(stack)
    deep, high, _ = chunks or (1, 1, 1)
    touched = Counter(
        (name, layer, row)
        for name, picked, rows, _ in boxes
        for layer in set(picked // deep)
        for row in range(rows.start // high, -(-rows.stop // high))
    )
    assert set(touched.values()) == {1}
    assert all(columns == slice(0, SHAPE[1]) for *_, columns in boxes)


@pytest.mark.slow
def test_memory_is_bounded_however_large_the_stack(tmp_path, monkeypatch):
    """A stack of sixty blocks is read, and looked at in blocks, with a dozen of them in memory."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 2**20)
    pairs = [(f"2020{k // 28 + 1:02}{k % 28 + 1:02}", "20210101") for k in range(30)]
    for first, second in pairs:
        write(tmp_path / f"{first}-{second}.tif", np.full((512, 1024), 0.5, "float32"))
    stack = geotiff.read(tmp_path, wavelength=0.05, coherence="{reference}-{secondary}.tif")
    assert stack["coherence"].nbytes == 60 * 2**20
    tracemalloc.start()
    once = read_once(stack, tmp_path, memory=2**20)
    mean = once["coherence"].mean("pair").compute()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (mean == 0.5).all()
    assert peak < 12 * 2**20


@pytest.mark.parametrize(("tiling", "high"), [("strips", 29), ("tiles", 32)])
def test_a_lazy_stack_has_blocks_of_all_pairs_that_memory_holds(
    tmp_path, reads, monkeypatch, tiling, high
):
    """Of whole rows of tiles, each decoded once; what reads all at once takes whole files."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 6 * SHAPE[0] * SHAPE[1])
    stack = licsar_stack(tmp_path, **TILINGS[tiling])
    _, rows, columns = stack["unwrapped_phase"].chunks
    assert len(rows) == 2
    assert rows[0] % high == 0
    assert 4 * len(PAIRS) * rows[0] * columns[0] <= raster.ACROSS * lazy.BLOCK_BYTES
    inverted = invert(stack)
    assert inverted["displacement"].chunks[1:] == (rows, columns)
    inverted["displacement"].compute()
    assert sum(window.height for _, window in reads) == 2 * len(PAIRS) * SHAPE[0]
    reads.clear()
    read_once(stack)
    assert len(reads) == 2 * len(PAIRS)


ON_THREADS = """
import sys, dask.array
from qilian.archive.readers import lazy
assert dask.array.ones(3).sum().compute() == 3
assert "distributed" not in sys.modules
from distributed import Client
with Client(n_workers=1, processes=False, dashboard_address=None):
    assert dask.base.get_scheduler().__name__ == "get"
    assert isinstance(dask.base.get_scheduler().__self__, Client)
assert dask.base.get_scheduler() is dask.threaded.get
"""


@pytest.mark.slow
def test_threads_compute_what_is_lazy_unless_there_is_a_cluster():
    """Without its import, which takes longer than most of what is computed."""
    subprocess.run([sys.executable, "-c", ON_THREADS], check=True)


def test_a_stack_without_scratch_that_memory_does_not_hold_stays_lazy(tmp_path, reads):
    stack = licsar_stack(tmp_path)
    once = read_once(stack, memory=0)
    assert not reads
    assert once["coherence"].chunks == stack["coherence"].chunks


@pytest.mark.parametrize("memory", [1e9, 0])
def test_a_damaged_file_is_named(tmp_path, memory):
    stack = licsar_stack(tmp_path / "files")
    damaged = sorted((tmp_path / "files").rglob("*.unw.tif"))[2]
    damaged.write_bytes(damaged.read_bytes()[:10_000])
    with pytest.raises(InputError, match=rf"{damaged.name} cannot be read, expected a"):
        read_once(stack, tmp_path, memory=memory)


def test_scratch_files_that_find_no_space_are_refused_before_a_file_is_read(
    tmp_path, reads, monkeypatch
):
    stack = licsar_stack(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(InputError, match=r"has 0\.0 GB free, expected 0\.0 GB for scratch files"):
        read_once(stack, tmp_path, memory=0)
    # What the last test has refused may still be read by a thread of Dask's.
    assert not [path for path, _ in reads if path.is_relative_to(tmp_path)]


def test_a_displacement_reads_each_file_of_its_pairs_once(short, tmp_path, reads):
    """With the search for a reference, a ramp and the delay that goes with height."""
    source = open_archive(short)
    inversion.displacement(source, ramp=True, height=True, cache=tmp_path)
    files = source.entry("sentinel1").files()
    layers = [path for path in files if path.name.endswith((".unw.tif", ".cc.tif"))]
    assert layers
    assert Counter(path for path, _ in reads if path in layers) == Counter(layers)


@pytest.mark.slow
def test_the_rate_is_the_same_from_strips_and_tiles(tmp_path, monkeypatch):
    """Of the folders that the bench of files writes, here with fewer pairs and pixels."""
    monkeypatch.syspath_prepend(PROJECT / "bench")
    bench = importlib.import_module("inversion_files")
    monkeypatch.setattr(bench, "PAIRS", 30)
    stack = bench.simulate(24)
    rates = []
    for tiling in bench.TILINGS:
        bench.write(tmp_path / tiling, stack, 24, tiling)
        rates.append(bench.rate_map(tmp_path / tiling))
    assert rates[0].notnull().any()
    for rate in rates[1:]:
        xr.testing.assert_identical(rate, rates[0])
