"""Rasters that are read together give what each gives alone, and a damaged one is still named."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.windows import Window

from qilian.archive.readers import raster
from qilian.archive.readers.raster import Stored, as_stored, common_extent, lazy_stack, read_values
from qilian.archive.scratch import read_once
from qilian.contracts.errors import InputError

SHAPE = 30, 40
LAYOUTS = [
    {"dtype": "float32", "nodata": 0.5, "predictor": 3},
    {"dtype": "uint8", "nodata": 0},
    {"dtype": "int16", "nodata": -32768, "tiled": True, "blockxsize": 16, "blockysize": 16},
]


def write(path: Path, values: np.ndarray, shift: int = 0, **layout) -> Path:
    """Write a raster that starts so many rows and columns further on."""
    place = rasterio.Affine(0.001, 0, 99, 0, -0.001, 38) @ rasterio.Affine.translation(shift, shift)
    about = {"dtype": values.dtype, "crs": "EPSG:4326", "compress": "deflate", "transform": place}
    rows, columns = values.shape
    with rasterio.open(path, "w", "GTiff", columns, rows, 1, **about | layout) as file:
        file.write(values, 1)
        if file.dtypes[0] == "int16":
            file.scales, file.offsets = (0.25,), (1.5,)
    return path


def numbers(seed: int, kind: str) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, SHAPE).astype(kind) / np.array(2, kind)


def stacked(paths: list[Path], **stored):
    grid, starts = common_extent(paths)
    return lazy_stack(paths, grid, as_stored, starts, Stored(**stored)), grid, starts


def all_at_once(layers) -> np.ndarray:
    """Read as a stack is, that is wholly wanted."""
    stack = xr.Dataset({"unwrapped_phase": (("pair", "y", "x"), layers)})
    return read_once(stack)["unwrapped_phase"].values


@pytest.fixture
def together(monkeypatch) -> list[Path]:
    """Which files were read together."""
    found, read = [], raster.read_together

    def read_all(paths, *about) -> np.ndarray:
        found.extend(paths)
        return read(paths, *about)

    monkeypatch.setattr(raster, "read_together", read_all)
    return found


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout["dtype"])
def test_files_read_together_give_what_each_gives_alone(tmp_path, together, layout):
    """To the last bit: with tags, in strips and tiles, where each starts, under any name."""
    names = ["a & b.tif", "c<d>.tif", "e'f\".tif", "ü.tif"]
    paths = [
        write(tmp_path / name, numbers(k, "float64").astype(layout["dtype"]), k, **layout)
        for k, name in enumerate(names)
    ]
    layers, grid, starts = stacked(paths, whole=255)
    found = all_at_once(layers)
    assert together == paths
    for path, (row, column), values in zip(paths, starts, found, strict=True):
        window = Window(column, row, *grid.shape[::-1])
        assert values.tobytes() == read_values(path, window, Stored(whole=255)).tobytes()


def test_of_files_read_together_the_damaged_one_is_named(tmp_path, together):
    paths = [write(tmp_path / f"{k}.tif", numbers(k, "float32")) for k in range(4)]
    layers, *_ = stacked(paths)
    with paths[2].open("r+b") as file:
        file.truncate(paths[2].stat().st_size // 2)
    with pytest.raises(InputError, match=r"2\.tif cannot be read, expected a whole GeoTIFF"):
        all_at_once(layers)
    assert together == paths
    paths[2].unlink()
    with pytest.raises(InputError, match=r"2\.tif does not exist"):
        all_at_once(layers)


def test_a_file_with_a_mask_or_of_another_type_is_read_by_itself(tmp_path, together):
    paths = [write(tmp_path / f"{k}.tif", np.full(SHAPE, k, "float32")) for k in range(3)]
    shown = np.full(SHAPE, 255, "uint8")
    shown[4, 5] = 0
    with rasterio.open(paths[1], "r+") as file:
        file.write_mask(shown)
    found = all_at_once(stacked(paths)[0])
    assert np.isnan(found[1, 4, 5])
    assert np.isfinite(found).sum() == found.size - 1
    paths[1].with_name("1.tif.msk").unlink(missing_ok=True)
    write(paths[1], np.full(SHAPE, 1, "int16"), nodata=-1)
    assert (all_at_once(stacked(paths)[0]) == [[[0.0]], [[1.75]], [[2.0]]]).all()
    assert not together


def test_a_file_rewritten_after_it_was_read_is_read_anew(tmp_path, together):
    """GDAL keeps files open for virtual rasters; none of them outlives the reading."""
    for value in (1.0, 2.0, 3.0):
        paths = [write(tmp_path / f"{k}.tif", np.full(SHAPE, value + k, "float32")) for k in (0, 1)]
        found = all_at_once(stacked(paths)[0])
        assert (found == [[[value]], [[value + 1]]]).all()
    assert len(together) == 6
