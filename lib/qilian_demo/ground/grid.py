"""Where pixels lie: the geographic grid of the scene, and map grids in UTM."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pyproj import Transformer
from rasterio.transform import Affine
from scipy import ndimage

WEST, SOUTH, EAST, NORTH = 99.02, 37.86, 100.33, 38.31  # degree
KM_PER_DEGREE = 111.2
SPACING = 0.0025  # degree
GEOGRAPHIC, UTM = 4326, 32647
UTM_PIXEL = 240.0  # m


@dataclass(frozen=True)
class Grid:
    """Square pixels, north up.

    Attributes
    ----------
    epsg : int
        Code of the coordinate system.
    west, north : float
        Outer corner of the first pixel [degree or m].
    step : float
        Pixel size in both directions [degree or m].
    shape : tuple of int
        Rows and columns.
    """

    epsg: int
    west: float
    north: float
    step: float
    shape: tuple[int, int]

    @property
    def x(self) -> np.ndarray:
        """Pixel centres from west to east, shape (x,)."""
        return self.west + (np.arange(self.shape[1]) + 0.5) * self.step

    @property
    def y(self) -> np.ndarray:
        """Pixel centres from north to south, shape (y,)."""
        return self.north - (np.arange(self.shape[0]) + 0.5) * self.step

    @property
    def transform(self) -> Affine:
        """Pixel to map coordinates, for GeoTIFF."""
        return Affine(self.step, 0, self.west, 0, -self.step, self.north)

    @property
    def pixel(self) -> tuple[float, float]:
        """Height and width of a pixel [km]."""
        return pixel_size(self.step) if self.epsg == GEOGRAPHIC else (self.step / 1e3,) * 2

    @cached_property
    def longitude_latitude(self) -> tuple[np.ndarray, np.ndarray]:
        """Longitude and latitude of the pixel centres, each of shape (y, x) [degree]."""
        x, y = np.meshgrid(self.x, self.y)
        if self.epsg == GEOGRAPHIC:
            return x, y
        return Transformer.from_crs(self.epsg, GEOGRAPHIC, always_xy=True).transform(x, y)

    def east_north(self) -> tuple[np.ndarray, np.ndarray]:
        """Distances from the scene's south-western corner, each of shape (y, x) [km]."""
        north_km, east_km = pixel_size(1.0)
        longitude, latitude = self.longitude_latitude
        return (longitude - WEST) * east_km, (latitude - SOUTH) * north_km

    def window(self, top: int, bottom: int, left: int, right: int) -> "Grid":
        """Grid without that many rows and columns at its sides."""
        shape = (self.shape[0] - top - bottom, self.shape[1] - left - right)
        west, north = self.west + left * self.step, self.north - top * self.step
        return Grid(self.epsg, west, north, self.step, shape)


def pixel_size(spacing: float) -> tuple[float, float]:
    """Height and width [km] of a pixel of `spacing` degrees in the middle of the scene."""
    parallel = np.cos(np.radians((SOUTH + NORTH) / 2))
    return spacing * KM_PER_DEGREE, spacing * KM_PER_DEGREE * parallel


def geographic_grid(scale: float = 1.0) -> Grid:
    """Grid of the scene in longitude and latitude, finer by `scale` than the default."""
    step = SPACING / scale
    return Grid(
        GEOGRAPHIC, WEST, NORTH, step, (round((NORTH - SOUTH) / step), round((EAST - WEST) / step))
    )


def utm_grid(scale: float = 1.0) -> Grid:
    """Smallest grid in UTM zone 47 north that holds the scene, on whole pixels."""
    step = UTM_PIXEL / scale
    to_map = Transformer.from_crs(GEOGRAPHIC, UTM, always_xy=True)
    left, bottom, right, top = to_map.transform_bounds(WEST, SOUTH, EAST, NORTH)
    west, north = np.floor(left / step) * step, np.ceil(top / step) * step
    shape = (int(np.ceil((north - bottom) / step)), int(np.ceil((right - west) / step)))
    return Grid(UTM, float(west), float(north), step, shape)


def inside(grid: Grid) -> np.ndarray:
    """Pixels whose centre lies in the scene, shape (y, x)."""
    longitude, latitude = grid.longitude_latitude
    return (longitude > WEST) & (longitude < EAST) & (latitude > SOUTH) & (latitude < NORTH)


def resample(field: np.ndarray, source: Grid, target: Grid, *, nearest: bool = False) -> np.ndarray:
    """Read a field of the scene at the pixels of another grid.

    Parameters
    ----------
    field : numpy.ndarray
        Values on `source`, shape (y, x).
    source : Grid
        Geographic grid.
    target : Grid
        Any grid; beyond the scene its pixels take the nearest value.
    nearest : bool
        Take the nearest pixel, for classes, instead of the bilinear mean.

    Returns
    -------
    numpy.ndarray
        Values on `target`, dtype of `field`.
    """
    longitude, latitude = target.longitude_latitude
    place = [
        (source.north - latitude) / source.step - 0.5,
        (longitude - source.west) / source.step - 0.5,
    ]
    return ndimage.map_coordinates(field, place, order=0 if nearest else 1, mode="nearest")
