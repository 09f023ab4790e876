"""Images of several bands: orthophotos, scanned films, base maps."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import rasterio
import xarray as xr
from dask.array.core import normalize_chunks
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from qilian.contracts import IMAGE, InputError, conform
from qilian.readers.raster import coordinates, grid_of, open_raster, read_pixels

# A block holds all bands of its pixels, a whole number of the file's own tiles.
BLOCK_BYTES = 32 * 2**20
_COLOURS = {ColorInterp.red: "red", ColorInterp.green: "green", ColorInterp.blue: "blue"}


def read(path: Path, *, scale: float | None = None, bands: str | None = None) -> xr.Dataset:
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

    Returns
    -------
    xarray.Dataset
        `image` (band, y, x), lazy float32, with the names of the bands as coordinate.

    Raises
    ------
    InputError
        Not a raster, no coordinate system, names that don't fit the bands.
    """
    grid = grid_of(path, several_bands=True)
    with open_raster(path) as raster:
        picked = [i for i, c in enumerate(raster.colorinterp) if c != ColorInterp.alpha]
        names = _names(raster, picked, path, bands)
        scales = [raster.scales[i] if scale is None else scale for i in picked]
        offsets = [raster.offsets[i] if scale is None else 0.0 for i in picked]
        tile = raster.block_shapes[0]
    pixels = da.map_blocks(
        _read_block,
        path,
        [i + 1 for i in picked],
        np.array([scales, offsets], "float32")[..., np.newaxis, np.newaxis],
        chunks=_chunks((len(picked), *grid.shape), tile),
        dtype="float32",
        meta=np.empty((0, 0, 0), "float32"),
    )
    image = coordinates(grid).assign_coords(band=("band", names, {"long_name": "band"}))
    image["image"] = ("band", "y", "x"), pixels, {"units": "1"}
    return conform(image, IMAGE, str(path))


def _chunks(shape: tuple[int, int, int], tile: tuple[int, int]) -> tuple[tuple[int, ...], ...]:
    """All bands of about a square of the file's tiles, or of a run of its strips."""
    bands, rows, columns = shape
    tiles = max(1, BLOCK_BYTES // (4 * bands * tile[0] * tile[1]))
    across = min(math.isqrt(tiles), math.ceil(columns / tile[1]))
    size = bands, min(rows, tiles // across * tile[0]), min(columns, across * tile[1])
    return normalize_chunks(size, shape)


def _names(
    raster: rasterio.DatasetReader, picked: list[int], path: Path, given: str | None
) -> list[str]:
    """Names of the picked bands: as given, else described, else coloured, else numbered."""
    described = [raster.descriptions[i] for i in picked]
    coloured = [_COLOURS.get(raster.colorinterp[i]) for i in picked]
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


def _read_block(
    path: Path, indexes: list[int], factors: np.ndarray, block_info: Mapping[Any, Any]
) -> np.ndarray:
    """Read the bands of the block that dask asks for."""
    _, rows, columns = block_info[None]["array-location"]
    stored = read_pixels(path, indexes, Window.from_slices(rows, columns), masked=True)
    scale, offset = factors
    return stored.astype("float32").filled(np.nan) * scale + offset
