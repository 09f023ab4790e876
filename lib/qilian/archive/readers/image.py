"""Images of several bands: orthophotos, scanned films, base maps."""

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from dask.array.core import normalize_chunks
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from qilian.archive.readers.lazy import lazy_layers
from qilian.archive.readers.raster import (
    SENTINELS,
    Grid,
    coordinates,
    grid_of,
    open_raster,
    read_pixels,
)
from qilian.contracts.datasets import IMAGE, conform
from qilian.contracts.errors import InputError, require

# A block holds all bands of its pixels, a whole number of the file's own tiles.
BLOCK_BYTES = 32 * 2**20
_SENTINELS = {low for low in SENTINELS if low < 0}
_COLOURS = {ColorInterp.red: "red", ColorInterp.green: "green", ColorInterp.blue: "blue"}


@dataclass(frozen=True)
class _Sampling:
    """What is read of a file: itself or an overview, in means of `step` × `step` pixels."""

    overview: int | None
    shape: tuple[int, int]
    tile: tuple[int, int]
    step: int

    def grid(self, file: Grid) -> Grid:
        """Grid of the means; a last row or column may stand over the file's edge."""
        rows, columns = (math.ceil(size / self.step) for size in self.shape)
        across, down = (self.step * file.shape[i] / self.shape[i] for i in (1, 0))
        return Grid((rows, columns), file.transform @ rasterio.Affine.scale(across, down), file.crs)

    def in_words(self) -> str:
        """Say how pixels came about, for whoever judges the numbers made from them."""
        source = "the file" if self.overview is None else f"its overview {self.overview + 1}"
        return f"mean of {self.step} × {self.step} pixels of {source}" if self.step > 1 else source


def read(
    path: Path, *, scale: float | None = None, bands: str | None = None, pixels: int | None = None
) -> xr.Dataset:
    """Open a GeoTIFF of one or more bands; its pixels are read where they are needed.

    Parameters
    ----------
    path : Path
        The file. Pixels that are its nodata, masked or transparent become NaN.
    scale : float, optional
        Factor from stored numbers to the image's, such as 1e-4 for reflectance; by default the
        scale and offset in the file's own tags, if it has any.
    bands : str, optional
        Names of the bands in the file's order, between commas, an alpha band left out. Without
        them the names are the file's descriptions, its colours, or the numbers from 1.
    pixels : int, optional
        Most rows and columns. A larger image is averaged over squares of whole pixels, missing
        ones taking no part, as it is read: from the coarsest of the file's own overviews that
        has as many, else from the file itself, block by block. How an overview came about, the
        file doesn't say; GDAL picks single pixels unless it is told to average.

    Returns
    -------
    xarray.Dataset
        `image` (band, y, x), lazy float32, with the names of the bands as coordinate;
        `attrs["sampling"]` says what its pixels are.

    Raises
    ------
    InputError
        Not a raster, no coordinate system, names that don't fit the bands.
    """
    file = grid_of(path, several_bands=True)
    sampling = _sampling(path, pixels)
    grid = sampling.grid(file)
    with open_raster(path) as raster:
        picked = [i for i, c in enumerate(raster.colorinterp) if c != ColorInterp.alpha]
        names = _names(raster, picked, path, bands)
        scales = [raster.scales[i] if scale is None else scale for i in picked]
        offsets = [raster.offsets[i] if scale is None else 0.0 for i in picked]
    factors = np.array([scales, offsets], "float32")[..., np.newaxis, np.newaxis]
    shape = len(picked), *grid.shape
    of_file = partial(_read, path, [i + 1 for i in picked], factors, sampling)
    values = lazy_layers(of_file, shape, _chunks(shape, sampling))
    image = coordinates(grid).assign_coords(band=("band", names, {"long_name": "band"}))
    about = {"units": "1", "sampling": sampling.in_words()}
    image["image"] = ("band", "y", "x"), values, about
    return conform(image, IMAGE, str(path))


def _sampling(path: Path, pixels: int | None) -> _Sampling:
    """Pick the smallest of file and overviews that has `pixels`, and a step from there."""
    with open_raster(path) as raster:
        levels = [None, *range(len(raster.overviews(1)))]
    found = []
    for level in levels:
        with open_raster(path, level) as raster:
            found.append(_Sampling(level, raster.shape, raster.block_shapes[0], 1))
    wanted = max(found[0].shape) if pixels is None else pixels
    require("pixels", pixels, wanted >= 1, "1 or more")
    enough = [sampling for sampling in found if max(sampling.shape) >= wanted]
    picked = min(enough or found[:1], key=lambda sampling: max(sampling.shape))
    return replace(picked, step=math.ceil(max(picked.shape) / wanted))


def _chunks(shape: tuple[int, int, int], sampling: _Sampling) -> tuple[tuple[int, ...], ...]:
    """All bands of about a square of the file's tiles, or of a run of its strips."""
    bands, rows, columns = shape
    high, wide = sampling.tile
    tiles = max(1, BLOCK_BYTES // (4 * bands * high * wide))
    across = min(math.isqrt(tiles), math.ceil(sampling.shape[1] / wide))
    down = tiles // across
    size = (max(1, length // sampling.step) for length in (down * high, across * wide))
    return normalize_chunks((bands, *map(min, size, (rows, columns))), shape)


def _names(
    raster: rasterio.DatasetReader, picked: list[int], path: Path, given: str | None
) -> list[str]:
    """Names of the picked bands: as given, else described, else coloured, else numbered."""
    described = [raster.descriptions[i] for i in picked]
    coloured = [_COLOURS.get(raster.colorinterp[i], "") for i in picked]
    numbered = [str(i + 1) for i in picked]
    if given is None:
        choices = (described, coloured, numbered)
        return next(n for n in choices if all(n) and len(set(n)) == len(n))
    names = [name.strip() for name in given.split(",")]
    if "" in names or len(set(names)) != len(names) or len(names) != len(picked):
        raise InputError(
            f"{path} has {len(picked)} bands, expected as many different names in bands, "
            f"not {given!r}."
        )
    return names


def _read(
    path: Path,
    indexes: list[int],
    factors: np.ndarray,
    sampling: _Sampling,
    bands: np.ndarray,
    rows: slice,
    columns: slice,
) -> np.ndarray:
    """Read a box of rows and columns of some bands."""
    step = sampling.step
    ends = zip((rows, columns), sampling.shape, strict=True)
    window = Window.from_slices(*((step * s.start, min(step * s.stop, size)) for s, size in ends))
    picked = [indexes[band] for band in bands]
    stored = read_pixels(path, picked, window, overview=sampling.overview)
    lowest = stored.min() if stored.count() else 0
    if lowest is not np.ma.masked and float(lowest) in _SENTINELS:
        raise InputError(f"{path} holds {lowest:g}, expected it to be the file's nodata.")
    scale, offset = factors[:, bands]
    if step == 1:
        return np.ma.filled(stored.astype("float32"), np.nan) * scale + offset
    return _means(stored, step) * scale + offset


def _means(stored: np.ma.MaskedArray, step: int) -> np.ndarray:
    """Mean of what is known in squares (band, y, x); squares on the edge may be cut."""
    values, known = stored.filled(0), ~np.ma.getmaskarray(stored)
    if values.dtype.kind == "f":
        known &= np.isfinite(values)
        values = np.where(known, values, 0)
    total, count = _sums(values, step, "float64"), _sums(known, step, "int64")
    return np.where(count, total / np.maximum(count, 1), np.nan).astype("float32")


def _sums(values: np.ndarray, step: int, kind: str) -> np.ndarray:
    bands, rows, columns = values.shape
    whole = np.pad(values, ((0, 0), (0, -rows % step), (0, -columns % step)))
    # Down first, along whole rows, which is several times as fast as square by square.
    down = whole.reshape(bands, -(-rows // step), step, -1).sum(axis=2, dtype=kind)
    return down.reshape(*down.shape[:2], -1, step).sum(axis=3)
