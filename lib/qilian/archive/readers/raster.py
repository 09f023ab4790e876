"""Single-band rasters on one grid, as coordinates and as a lazy stack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dask.array as da
import numpy as np
import rasterio
import rioxarray  # noqa: F401  (registers the .rio accessor)
import xarray as xr
from rasterio.errors import RasterioIOError
from rasterio.windows import Window

from qilian.archive.readers.lazy import at_once, lazy_layers
from qilian.contracts.errors import InputError

ACROSS = 4  # blocks that the chunks of all rasters' same rows may hold together
TOGETHER = 16  # of small rasters, those that are read together fill such a part of a block

Start = tuple[int, int]  # row and column of a first pixel


@dataclass(frozen=True)
class Grid:
    """Shape, affine transform (corner of the first pixel) and coordinate system of a raster."""

    shape: tuple[int, int]
    transform: rasterio.Affine
    crs: rasterio.CRS

    def differs(self, other: "Grid") -> str:
        """Say what differs from `other`, or nothing; a hundredth of a pixel is no difference."""
        if self.shape != other.shape:
            return f"{self.shape[0]} × {self.shape[1]} pixels"
        if self.crs != other.crs:
            return f"coordinate system {self.crs.to_string()}"
        steps = zip(self.transform, other.transform, strict=True)
        if any(abs(a - b) > 0.01 * abs(other.transform.a) for a, b in steps):
            return f"first corner {self.transform.c:.6f}, {self.transform.f:.6f}"
        return ""

    def start(self, other: "Grid") -> Start:
        """Whole pixels from the first pixel of `other`, or InputError with what differs."""
        if self.crs != other.crs:
            raise InputError(f"has coordinate system {self.crs.to_string()}")
        own, wanted = self.transform, other.transform
        # A hundredth of a pixel is no difference, also at the far end of a row or column.
        stretch = max(abs(own.a - wanted.a), abs(own.e - wanted.e)) * max(self.shape)
        if stretch > 0.01 * abs(wanted.a):
            raise InputError(f"has pixels of {own.a:g} × {-own.e:g}")
        steps = (own.f - wanted.f) / wanted.e, (own.c - wanted.c) / wanted.a
        if any(abs(step - round(step)) > 0.01 for step in steps):
            raise InputError("is shifted by a fraction of a pixel")
        return round(steps[0]), round(steps[1])


def open_raster(path: Path, overview: int | None = None) -> rasterio.DatasetReader:
    """Open a raster, or one of its overviews, or say in one sentence why it can't be opened."""
    if not path.is_file():
        raise InputError(f"{path} does not exist, expected a raster file.")
    try:
        return rasterio.open(path, **({} if overview is None else {"overview_level": overview}))
    except RasterioIOError as error:
        raise InputError(f"{path} cannot be read as a raster, expected a GeoTIFF.") from error


def read_pixels(
    path: Path,
    bands: int | Sequence[int] = 1,
    window: Window | None = None,
    *,
    masked: bool = False,
    overview: int | None = None,
) -> np.ndarray:
    """Read one band (y, x) or several (band, y, x), or say that the pixels cannot be read."""
    with open_raster(path, overview) as raster:
        try:
            return raster.read(bands, window=window, masked=masked)
        except RasterioIOError as error:
            raise InputError(
                f"{path} breaks off or is damaged, expected a whole GeoTIFF."
            ) from error


def grid_of(path: Path, several_bands: bool = False) -> Grid:
    """Read the grid of a raster; a raster without a coordinate system is refused."""
    with open_raster(path) as raster:
        if raster.crs is None:
            raise InputError(f"{path} has no coordinate system, expected one such as EPSG:4326.")
        if raster.count != 1 and not several_bands:
            raise InputError(f"{path} has {raster.count} bands, expected one.")
        if raster.transform.b or raster.transform.d:
            raise InputError(
                f"{path} has a rotated grid, expected rows along x and columns along y."
            )
        if raster.crs.is_geographic and not _on_earth(raster.bounds):
            raise InputError(
                f"{path} claims {raster.crs.to_string()} but lies at {raster.bounds.left:g}, "
                f"{raster.bounds.top:g}, expected longitude and latitude in degrees."
            )
        return Grid(raster.shape, raster.transform, raster.crs)


def _on_earth(bounds: rasterio.coords.BoundingBox) -> bool:
    # Longitudes count to 180 or to 360; half a pixel may stand over the edge.
    return max(abs(bounds.top), abs(bounds.bottom)) < 91 and -181 < bounds.left < 361


def common_grid(paths: Sequence[Path]) -> Grid:
    """Return the one grid that all rasters share, or name the first that differs."""
    first = grid_of(paths[0])
    for path in paths[1:]:
        difference = grid_of(path).differs(first)
        if difference:
            raise InputError(f"{path} has {difference}, expected the grid of {paths[0]}.")
    return first


def common_extent(paths: Sequence[Path]) -> tuple[Grid, list[Start]]:
    """Return the grid that all rasters cover, and the row and column where it starts in each.

    The rasters lie on one lattice: same coordinate system and pixels, corners whole pixels apart.
    """
    grids = [grid_of(path) for path in paths]
    starts = []
    for path, grid in zip(paths, grids, strict=True):
        try:
            starts.append(grid.start(grids[0]))
        except InputError as difference:
            raise InputError(f"{path} {difference}, expected the pixels of {paths[0]}.") from None
    first = np.array(starts)
    last = first + [grid.shape for grid in grids]
    size = last.min(axis=0) - first.max(axis=0)
    if size.min() <= 0:
        axis = size.argmin()
        ends = [paths[int(i)] for i in (first[:, axis].argmax(), last[:, axis].argmin())]
        raise InputError(f"{ends[0]} and {ends[1]} share no ground, expected an overlap.")
    row, column = (int(step) for step in first.max(axis=0))
    transform = grids[0].transform @ rasterio.Affine.translation(column, row)
    shared = Grid((int(size[0]), int(size[1])), transform, grids[0].crs)
    return shared, [(row - top, column - left) for top, left in starts]


def coordinates(grid: Grid) -> xr.Dataset:
    """Pixel-centre x, y and `spatial_ref` with CF attributes."""
    rows, columns = grid.shape
    x = grid.transform.c + (np.arange(columns) + 0.5) * grid.transform.a
    y = grid.transform.f + (np.arange(rows) + 0.5) * grid.transform.e
    located = xr.Dataset(coords={"y": y, "x": x}).rio.write_crs(grid.crs)
    return located.rio.write_transform(grid.transform).rio.write_coordinate_system()


Decode = Callable[[np.ndarray, Path], np.ndarray]


def lazy_stack(
    paths: Sequence[Path], grid: Grid, decode: Decode, starts: Sequence[Start] | None = None
) -> da.Array:
    """Stack rasters as a float32 dask array (file, y, x), read on demand and each by itself.

    A chunk has as many rows of a raster's strips or tiles as all rasters' chunks of these rows
    together may hold, at least one: what looks at all chunks decodes each file once.

    Parameters
    ----------
    paths : sequence of Path
        One raster each.
    grid : Grid
        Their common grid, or a part of each of them.
    decode : callable
        From stored numbers and the file's path to float32 in the contract's unit, NaN where
        missing; raises InputError on values that cannot be.
    starts : sequence of (row, column), optional
        Where `grid` starts in each raster; at its first pixel by default.
    """
    read = partial(_read_files, tuple(paths), starts or [(0, 0)] * len(paths), decode)
    (height, width), files = grid.shape, len(paths)
    with open_raster(paths[0]) as raster:
        high = raster.block_shapes[0][0]
    chunks = 1, at_once(files * width / ACROSS, high), width
    whole = at_once(TOGETHER * height * width), at_once(width, high), width
    return lazy_layers(read, (files, height, width), chunks, whole)


def _read_files(
    paths: Sequence[Path],
    starts: Sequence[Start],
    decode: Decode,
    files: np.ndarray,
    rows: slice,
    columns: slice,
) -> np.ndarray:
    """Read a box of rows and columns, counted from a file's start, of some files."""
    block = np.empty((files.size, rows.stop - rows.start, columns.stop - columns.start), "float32")
    for layer, file in zip(block, files, strict=True):
        path, (row, column) = paths[file], starts[file]
        ends = (row + rows.start, row + rows.stop), (column + columns.start, column + columns.stop)
        layer[:] = decode(read_pixels(path, window=Window.from_slices(*ends)), path)
    return block


def read_layer(path: Path, grid: Grid, decode: Decode) -> np.ndarray:
    """Read one whole raster (y, x) that must lie on `grid`."""
    difference = grid_of(path).differs(grid)
    if difference:
        raise InputError(f"{path} has {difference}, expected the grid of the interferograms.")
    return decode(read_pixels(path), path)


def as_stored(stored: np.ndarray, _: Path) -> np.ndarray:
    """Pass numbers on as float32."""
    return stored.astype("float32", copy=False)


def zero_is_missing(stored: np.ndarray, _: Path) -> np.ndarray:
    """Pass numbers on as float32, NaN for 0, where that is the format's convention."""
    return np.where(stored == 0, np.float32(np.nan), stored.astype("float32", copy=False))


def checked_coherence(values: np.ndarray, path: Path) -> np.ndarray:
    """Pass coherence on as float32, or name the file that leaves 0 to 1."""
    values = values.astype("float32", copy=False)
    low, high = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
    if low < 0 or high > 1 + 1e-6:
        raise InputError(f"{path}: coherence is {low if low < 0 else high:g}, expected 0 to 1.")
    return np.minimum(values, 1, out=values)
