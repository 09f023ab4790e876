"""Single-band rasters on one grid, as coordinates and as a lazy stack."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import TypeAlias

import dask.array as da
import numpy as np
import rasterio
import rioxarray  # noqa: F401  (registers the .rio accessor)
import xarray as xr
from rasterio.enums import ColorInterp, Resampling
from rasterio.env import env_ctx_if_needed
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import reproject
from rasterio.windows import Window

from qilian.archive.readers.files import foreign
from qilian.archive.readers.lazy import Read, at_once, lazy_layers
from qilian.archive.readers.together import Tags, read_together, tags_of
from qilian.contracts.errors import InputError

ACROSS = 4  # blocks that the chunks of all rasters' same rows may hold together
LARGEST_PHASE = 3000.0  # rad; 13 m along the line of sight at 5 GHz
SENTINELS = {-9999.0, 9999.0, -999.0, -99999.0, -32768.0, -32767.0}  # put where a value is missing
HAIR = 0.05  # by which resampling takes a coherence out of 0 to 1
HEIGHTS = -500.0, 9000.0  # m, of ground on Earth
FARTHEST = 100.0  # m that ground may have moved, or a year
_CLIPPED: deque[int] = deque()  # values of each block, by whichever thread read it
_KNOWN_AS_TIFF = (".tif", ".tiff")
_KINDS = {".grd": "netCDF grid", ".vrt": "virtual raster with the file that it shows"}
TOGETHER = 16  # of small rasters, those that are read together fill such a part of a block

Layer: TypeAlias = np.ndarray | da.Array
Start = tuple[int, int]  # row and column of a first pixel


@dataclass(frozen=True)
class Grid:
    """Shape, affine transform (corner of the first pixel) and coordinate system of a raster.

    Of bands of files on it, `tags` are known since the files were opened to see that.
    """

    shape: tuple[int, int]
    transform: rasterio.Affine
    crs: rasterio.CRS
    tags: Mapping[tuple[Path, int], Tags] = field(default_factory=dict, compare=False, repr=False)

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

    def shares_pixels(self, other: "Grid") -> bool:
        """Tell whether the pixels of one, where both have some, are those of the other."""
        try:
            self.start(other)
        except InputError:
            return False
        return True

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


@dataclass(frozen=True)
class Stored:
    """What the numbers in a file mean where its own tags do not say.

    `nodata` goes before the file's tag. `whole` is what stands for 1 in bytes without a scale.
    `band` counts from 1; None stands for the only one. `crs` is the coordinate system of a file
    that names none; `centred`, that a file's place is that of the first pixel's centre, not corner.
    `layer` is the variable of a netCDF or HDF5 file that has several.
    """

    nodata: float | None = None
    whole: float = 1.0
    band: int | None = None
    crs: str | None = None
    centred: bool = False
    layer: str = ""


def open_raster(path: Path, overview: int | None = None, layer: str = "") -> DatasetReader:
    """Open a raster, an overview or a layer of it, or say in one sentence why it can't be."""
    name = f'NETCDF:"{path}":{layer}' if layer else path
    with foreign(path, f"a {_kind(path, layer)}"):
        if path.suffix not in _KNOWN_AS_TIFF:
            _parse_classic_netcdf(path)
        # What `rasterio.open` opens, without an environment of each file's own.
        with env_ctx_if_needed():
            return DatasetReader(name, **({} if overview is None else {"overview_level": overview}))


def _parse_classic_netcdf(path: Path) -> None:
    """Parse the header of a classic netCDF file, if it is one: a broken one makes GDAL crash."""
    with path.open("rb") as stream:
        classic = stream.read(3) == b"CDF"
    if classic:
        from scipy.io import netcdf_file  # which most rasters do without

        with netcdf_file(path, mmap=True):
            pass


def _kind(path: Path, layer: str = "") -> str:
    return f"file with {layer}" if layer else _KINDS.get(path.suffix, "GeoTIFF")


def read_pixels(
    path: Path,
    bands: Sequence[int],
    window: Window | None = None,
    *,
    overview: int | None = None,
) -> np.ma.MaskedArray:
    """Read several bands (band, y, x) as stored, or say that the pixels cannot be read."""
    with open_raster(path, overview) as raster, foreign(path, "a whole GeoTIFF"):
        return np.ma.asarray(raster.read(bands, window=window, masked=True))


def read_values(path: Path, window: Window | None = None, stored: Stored = Stored()) -> np.ndarray:
    """Read a band (y, x) as float32: scaled as its tags say, NaN where nodata or masked.

    Parameters
    ----------
    path : Path
        A raster of one band, besides transparency, or one whose band is named.
    window : rasterio Window, optional
        The pixels to read, all by default.
    stored : Stored, optional
        What the file's tags leave open.

    Raises
    ------
    InputError
        The file breaks off, or integers hold their lowest number without calling it missing.
    """
    band = stored.band or 1
    layer = stored.layer
    with open_raster(path, layer=layer) as raster, foreign(path, f"a whole {_kind(path, layer)}"):
        tags = tags_of(raster, band)
        numbers = raster.read(band, window=window)
        shown = raster.read_masks(band, window=window) if tags.masked else None
    return _meant(numbers, shown, path, tags, stored)


def _meant(
    numbers: np.ndarray, shown: np.ndarray | None, path: Path, tags: Tags, stored: Stored
) -> np.ndarray:
    """Make of numbers what they mean, as `read_values` says."""
    nodata = tags.nodata if stored.nodata is None else stored.nodata
    values = numbers.astype("float32", copy=False)
    if (tags.scale, tags.offset) != (1.0, 0.0):
        values = values * np.float32(tags.scale) + np.float32(tags.offset)
    elif stored.whole != 1 and numbers.dtype == np.uint8:
        values /= np.float32(stored.whole)
    missing = np.zeros(numbers.shape, bool) if shown is None else shown == 0
    if nodata is not None:
        missing |= numbers == nodata
    if numbers.dtype.kind == "i" and (numbers == np.iinfo(numbers.dtype).min)[~missing].any():
        raise InputError(
            f"{path} holds {np.iinfo(numbers.dtype).min}, expected it to be the file's nodata "
            "(or nodata in the catalogue, where the format has that key)."
        )
    if missing.any():
        values = np.where(missing, np.float32(np.nan), values)
    return values


def grid_of(path: Path, stored: Stored = Stored(), several_bands: bool = False) -> Grid:
    """Read the grid of a raster; a raster without a coordinate system is refused."""
    with open_raster(path, layer=stored.layer) as raster:
        crs = raster.crs or (stored.crs and rasterio.CRS.from_string(stored.crs))
        if not crs:
            raise InputError(f"{path} has no coordinate system, expected one such as EPSG:4326.")
        count = sum(kind != ColorInterp.alpha for kind in raster.colorinterp)
        if stored.band is not None and not 1 <= stored.band <= raster.count:
            raise InputError(
                f"{path} has bands 1 to {raster.count}, expected a band {stored.band}."
            )
        if stored.band is None and count != 1 and not several_bands:
            raise InputError(
                f"{path} has {count} bands, expected one (or the number of one in the catalogue, "
                "where the format has that key)."
            )
        kinds = raster.dtypes if stored.band is None else [raster.dtypes[stored.band - 1]]
        if any(kind.startswith("complex") for kind in kinds):
            raise InputError(
                f"{path} holds complex numbers, such as a wrapped interferogram, expected real "
                "ones, such as unwrapped phase."
            )
        transform = raster.transform
        if not all(map(math.isfinite, transform)) or 0 in (transform.a, transform.e):
            raise InputError(f"{path} has pixels without a size, expected a georeferenced raster.")
        if transform.b or transform.d:
            raise InputError(
                f"{path} has a rotated grid, expected rows along x and columns along y."
            )
        if crs.is_geographic and not _on_earth(raster.bounds):
            raise InputError(
                f"{path} claims {crs.to_string()} but lies at {raster.bounds.left:g}, "
                f"{raster.bounds.top:g}, expected longitude and latitude in degrees."
            )
        if stored.centred:
            transform = transform @ rasterio.Affine.translation(-0.5, -0.5)
        band = stored.band or 1
        return Grid(raster.shape, transform, crs, {(path, band): tags_of(raster, band)})


def _on_earth(bounds: rasterio.coords.BoundingBox) -> bool:
    # Longitudes count to 180 or to 360; half a pixel may stand over the edge.
    return max(abs(bounds.top), abs(bounds.bottom)) < 91 and -181 < bounds.left < 361


def _grids(paths: Sequence[Path], stored: Sequence[Stored]) -> list[Grid]:
    """Grids of rasters, each with what its own tags leave open, if any of them do."""
    with rasterio.Env.from_defaults():  # else each file sets GDAL up and takes it down
        return [grid_of(*pair) for pair in zip(paths, stored or repeat(Stored()), strict=False)]


def common_grid(paths: Sequence[Path], stored: Sequence[Stored] = ()) -> Grid:
    """Return the one grid that all rasters share, or name the first that differs."""
    first, *others = _grids(paths, stored)
    for path, grid in zip(paths[1:], others, strict=True):
        difference = grid.differs(first)
        if difference:
            raise InputError(f"{path} has {difference}, expected the grid of {paths[0]}.")
    return replace(first, tags=_all_tags([first, *others]))


def _all_tags(grids: Sequence[Grid]) -> dict[tuple[Path, int], Tags]:
    return {band: tags for grid in grids for band, tags in grid.tags.items()}


def common_extent(paths: Sequence[Path], stored: Sequence[Stored] = ()) -> tuple[Grid, list[Start]]:
    """Return the grid that all rasters cover, and the row and column where it starts in each.

    The rasters lie on one lattice: same coordinate system and pixels, corners whole pixels apart.
    """
    grids = _grids(paths, stored)
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
    shape = int(size[0]), int(size[1])
    shared = Grid(shape, transform, grids[0].crs, _all_tags(grids))
    return shared, [(row - top, column - left) for top, left in starts]


def coordinates(grid: Grid) -> xr.Dataset:
    """Pixel-centre x, y and `spatial_ref` with CF attributes; longitudes from -180 to 180."""
    rows, columns = grid.shape
    transform = _wrapped(grid)
    x = transform.c + (np.arange(columns) + 0.5) * transform.a
    y = transform.f + (np.arange(rows) + 0.5) * transform.e
    located = xr.Dataset(coords={"y": y, "x": x}).rio.write_crs(grid.crs)
    return located.rio.write_transform(transform).rio.write_coordinate_system()


def _wrapped(grid: Grid) -> rasterio.Affine:
    """Count longitudes from -180 to 180, where a grid that counts to 360 has its middle beyond."""
    transform = grid.transform
    middle = transform.c + transform.a * grid.shape[1] / 2
    if not grid.crs.is_geographic or middle <= 180:
        return transform
    return rasterio.Affine.translation(-360, 0) @ transform


Decode = Callable[[np.ndarray, Path], np.ndarray]


def lazy_stack(
    paths: Sequence[Path],
    grid: Grid,
    decode: Decode,
    starts: Sequence[Start] | None = None,
    stored: Stored = Stored(),
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
        From what `read_values` returns and the file's path to float32 in the contract's unit, NaN
        where missing; raises InputError on values that cannot be.
    starts : sequence of (row, column), optional
        Where `grid` starts in each raster; at its first pixel by default.
    stored : Stored, optional
        What the files' tags leave open.
    """
    tags = [grid.tags.get((path, stored.band or 1)) for path in paths]
    read = partial(_read_files, tuple(paths), starts or [(0, 0)] * len(paths), decode, stored, tags)
    with open_raster(paths[0], layer=stored.layer) as raster:
        high = raster.block_shapes[0][0]
    return lazy_files(read, len(paths), grid.shape, high)


def lazy_files(read: Read, files: int, shape: tuple[int, int], high: int = 1) -> da.Array:
    """Stack what is read of files as a float32 dask array (file, y, x).

    Parameters
    ----------
    read : callable
        From numbers of files, rows and columns, the latter two as slices, to what they hold.
    files : int
        How many there are.
    shape : (int, int)
        Rows and columns.
    high : int, optional
        Rows that a file has together, such as a strip.
    """
    height, width = shape
    chunks = 1, at_once(files * width / ACROSS, high), width
    whole = at_once(TOGETHER * height * width), at_once(width, high), width
    return lazy_layers(read, (files, height, width), chunks, whole)


def _read_files(
    paths: Sequence[Path],
    starts: Sequence[Start],
    decode: Decode,
    stored: Stored,
    tags: Sequence[Tags | None],
    files: np.ndarray,
    rows: slice,
    columns: slice,
) -> np.ndarray:
    """Read a box of rows and columns, counted from a file's start, of some files."""
    height, width = rows.stop - rows.start, columns.stop - columns.start
    picked = [paths[file] for file in files]
    windows = [
        Window(column + columns.start, row + rows.start, width, height)
        for row, column in (starts[file] for file in files)
    ]
    block = np.empty((files.size, height, width), "float32")
    with rasterio.Env.from_defaults():
        values = _values(picked, windows, stored, [tags[file] for file in files])
        for layer, path, read in zip(block, picked, values, strict=True):
            layer[:] = decode(read, path)
    return block


def _values(
    paths: Sequence[Path],
    windows: Sequence[Window],
    stored: Stored,
    tags: Sequence[Tags | None],
) -> Iterator[np.ndarray]:
    """Read each raster's window as `read_values` does, all together if they are alike."""
    known = [each for each in tags if each and not each.masked]
    alike = len(known) == len(paths) > 1 and len({each.kind for each in known}) == 1
    numbers = None
    if alike and all(path.suffix in _KNOWN_AS_TIFF for path in paths):
        with suppress(RasterioError):  # one by one, the damaged one is named
            numbers = read_together(paths, windows, known, stored.band or 1)
    for at, (path, window) in enumerate(zip(paths, windows, strict=True)):
        if numbers is None:
            yield read_values(path, window, stored)
        else:
            yield _meant(numbers[at], None, path, known[at], stored)


def read_layer(
    path: Path,
    grid: Grid,
    decode: Decode,
    stored: Stored = Stored(),
    resampling: Resampling = Resampling.bilinear,
) -> tuple[np.ndarray, dict[str, str]]:
    """Read one whole raster (y, x) onto a grid, between whose pixels its own may lie.

    Returns
    -------
    numpy.ndarray, dict of str
        float32 (y, x), and the attribute `resampling` where its pixels are not those of the grid.

    Raises
    ------
    InputError
        Values that cannot be, a raster that shares no ground with the grid.
    """
    own = grid_of(path, stored)
    values = decode(read_values(path, stored=stored), path)
    if not own.differs(grid):
        return values, {}
    onto = np.full(grid.shape, np.nan, "float32")
    with foreign(path, "a coordinate system that others can be turned into"):
        reproject(
            values,
            onto,
            src_transform=own.transform,
            src_crs=own.crs,
            src_nodata=np.nan,
            dst_transform=grid.transform,
            dst_crs=grid.crs,
            dst_nodata=np.nan,
            resampling=resampling,
        )
    if np.isnan(onto).all():
        raise InputError(f"{path} shares no ground with the interferograms, expected an overlap.")
    return onto, {"resampling": resampling.name}


def as_stored(values: np.ndarray, _: Path) -> np.ndarray:
    """Pass numbers on as float32."""
    return values.astype("float32", copy=False)


def zero_is_missing(values: np.ndarray, _: Path) -> np.ndarray:
    """Pass numbers on as float32, NaN for 0, where that is the format's convention."""
    return np.where(values == 0, np.float32(np.nan), values.astype("float32", copy=False))


def _extremes(values: np.ndarray) -> tuple[float, float]:
    """Lowest and highest value, NaN where all are missing."""
    if not values.size:
        return np.nan, np.nan
    return float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))


def checked_phase(values: np.ndarray, path: Path, factor: float = 1.0) -> np.ndarray:
    """Turn stored phases into radians by a factor, or name the file whose phases are none."""
    for extreme in _extremes(values):
        if abs(extreme * factor) > LARGEST_PHASE or extreme in SENTINELS:
            raise InputError(
                f"{path}: a phase is {extreme * factor:g} rad, stored as {extreme:g}, expected at "
                f"most {LARGEST_PHASE:g}; what means missing must be the file's nodata (or nodata "
                "in the catalogue, where the format has that key)."
            )
    return values * np.float32(factor) if factor != 1 else values


def checked_motion(
    values: np.ndarray, path: Path, *, metre: float = 1.0, missing: str = "NaN"
) -> np.ndarray:
    """Turn displacements or rates into mm, or name the file that has one no ground makes.

    Parameters
    ----------
    values : numpy.ndarray
        As stored.
    path : Path
        Their file.
    metre : float, optional
        The stored number that stands for a metre towards the sensor, or up; negative where
        positive means away or down.
    missing : str, optional
        What stands for a missing value in such a file, for the message.
    """
    for extreme in _extremes(values):
        if abs(extreme) > FARTHEST * abs(metre) or extreme in SENTINELS:
            raise InputError(
                f"{path} holds {extreme / metre:g} m, stored as {extreme:g}, expected at most "
                f"{FARTHEST:g} m; what means missing must be {missing}."
            )
    return (values * np.float32(1000 / metre)).astype("float32", copy=False)


def checked_height(values: np.ndarray, path: Path) -> np.ndarray:
    """Pass heights on, or name the file that has one no ground on Earth has."""
    for extreme in _extremes(values):
        if not np.isnan(extreme) and not HEIGHTS[0] <= extreme <= HEIGHTS[1]:
            raise InputError(
                f"{path}: a height is {extreme:g} m, expected {HEIGHTS[0]:g} to {HEIGHTS[1]:g}; "
                "what means missing must be the file's nodata."
            )
    return values


def checked_coherence(values: np.ndarray, path: Path) -> np.ndarray:
    """Clip coherence a hair outside of 0 to 1, or name the file that leaves it farther."""
    low, high = _extremes(values)
    if low < -HAIR or high > 1 + HAIR:
        raise InputError(f"{path}: coherence is {low if low < 0 else high:g}, expected 0 to 1.")
    if np.isnan(low) or (low >= 0 and high <= 1):
        return values
    _CLIPPED.append(int(((values < 0) | (values > 1)).sum()))
    return np.clip(values, 0, 1)


def clipped() -> int:
    """Count the values of coherence that this process has clipped until now."""
    return sum(_CLIPPED)


def look_from_angles(incidence: Layer, azimuth: Layer) -> dict[str, Layer]:
    """Name the parts of the unit vector ground to sensor, from angles in degrees.

    Incidence θ is from the vertical, azimuth α from North, anticlockwise, both towards the
    sensor: (−sin θ sin α, sin θ cos α, cos θ).
    """
    theta, alpha = np.radians(incidence), np.radians(azimuth)
    return look_vector(-np.sin(theta) * np.sin(alpha), np.sin(theta) * np.cos(alpha), np.cos(theta))


def look_vector(east: Layer, north: Layer, up: Layer) -> dict[str, Layer]:
    """Name the parts of the unit vector ground to sensor, missing where it does not point up."""
    seen = up > 0
    where = da.where if isinstance(up, da.Array) else np.where
    parts = {"east": east, "north": north, "up": up}
    return {
        f"line_of_sight_{axis}": where(seen, part, np.float32(np.nan))
        for axis, part in parts.items()
    }
