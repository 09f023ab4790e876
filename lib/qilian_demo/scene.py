"""The ground: terrain and land cover of two mining areas beside an upland river."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy import ndimage

from qilian_demo.fields import correlated_field

WEST, SOUTH, EAST, NORTH = 99.05, 37.95, 99.60, 38.20  # degree
KM_PER_DEGREE = 111.2
SPACING = 0.0025  # degree


class Cover(IntEnum):
    """Land cover; the numbers are those in the truth file."""

    WATER = 1
    WET_MEADOW = 2
    ALPINE_MEADOW = 3
    BARE_RIDGE = 4
    OPEN_PIT = 5
    SPOIL_HEAP = 6


# Longitude, latitude [degree], half length, half width [km] along the strike of the coal seams.
PITS = (
    (99.110, 38.112, 1.7, 0.55),
    (99.150, 38.101, 2.0, 0.65),
    (99.192, 38.090, 1.3, 0.50),
    (99.480, 38.049, 1.5, 0.60),
    (99.515, 38.040, 1.4, 0.55),
)
SPOIL_HEAPS = (
    (99.117, 38.127, 1.2, 0.60),
    (99.158, 38.118, 1.5, 0.70),
    (99.201, 38.104, 0.9, 0.55),
    (99.487, 38.064, 1.2, 0.60),
    (99.528, 38.054, 0.8, 0.50),
)
STRIKE = np.radians(-17.0)  # anticlockwise from east


@dataclass(frozen=True)
class Scene:
    """The ground on a geographic grid, north up.

    Attributes
    ----------
    longitude, latitude : numpy.ndarray
        Pixel centres, shapes (x,) and (y,) [degree].
    spacing : float
        Pixel size in both directions [degree].
    height : numpy.ndarray
        Height of the ground, shape (y, x) [m].
    cover : numpy.ndarray
        Land cover as numbers of `Cover`, shape (y, x).
    distance_to_mine : numpy.ndarray
        Distance to the nearest pit or spoil heap, shape (y, x) [km].
    """

    longitude: np.ndarray
    latitude: np.ndarray
    spacing: float
    height: np.ndarray
    cover: np.ndarray
    distance_to_mine: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.latitude.size, self.longitude.size

    @property
    def pixel(self) -> tuple[float, float]:
        """Height and width of a pixel [km]."""
        return pixel_size(self.spacing)

    def position(self) -> tuple[np.ndarray, np.ndarray]:
        """Distances east and north of the centre, each of shape (y, x) [m]."""
        east, north = grid_km(self.longitude, self.latitude)
        return 1e3 * (east - east.mean()), 1e3 * (north - north.mean())


def pixel_size(spacing: float) -> tuple[float, float]:
    """Height and width [km] of a pixel of `spacing` degrees in the middle of the scene."""
    parallel = np.cos(np.radians((SOUTH + NORTH) / 2))
    return spacing * KM_PER_DEGREE, spacing * KM_PER_DEGREE * parallel


def grid_km(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances east and north of the south-western corner, each of shape (y, x) [km]."""
    north_km, east_km = pixel_size(1.0)
    east, north = np.meshgrid((longitude - WEST) * east_km, (latitude - SOUTH) * north_km)
    return east, north


def by_cover(cover: np.ndarray, values: dict[Cover, float]) -> np.ndarray:
    """Give each pixel the value of its land cover, shape as `cover`."""
    table = np.zeros(max(Cover) + 1)
    table[list(values)] = list(values.values())
    return table[cover]


def make_scene(rng: np.random.Generator, *, spacing: float = SPACING) -> Scene:
    """Lay out a valley that runs from the west-north-west to the east-south-east, and two mines.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the relief and of the ragged edges of the land cover.
    spacing : float
        Pixel size [degree].

    Returns
    -------
    Scene
        Terrain and land cover.
    """
    columns, rows = round((EAST - WEST) / spacing), round((NORTH - SOUTH) / spacing)
    longitude = WEST + (np.arange(columns) + 0.5) * spacing
    latitude = NORTH - (np.arange(rows) + 0.5) * spacing
    pixel = pixel_size(spacing)
    east, north = grid_km(longitude, latitude)
    river = _river_distance(east, north)
    relief = correlated_field(rng, (rows, columns), pixel=pixel, length=5.0)
    # Slopes are smoother than a field of exponential covariance.
    relief = ndimage.gaussian_filter(relief, [0.5 / size for size in pixel])
    height = _terrain(east, river, relief)
    edge = correlated_field(rng, (rows, columns), pixel=pixel, length=1.5)
    cover = _vegetation(height, river, edge)
    ponds = correlated_field(rng, (rows, columns), pixel=pixel, length=0.8)
    cover[(ponds > 2.1) & (river < 4)] = Cover.WATER
    # A river narrower than a pixel would break into dots.
    cover[river < max(0.15, 0.6 * max(pixel))] = Cover.WATER
    spoil, pit = (_ellipses(east, north, table) for table in (SPOIL_HEAPS, PITS))
    cover[spoil], cover[pit] = Cover.SPOIL_HEAP, Cover.OPEN_PIT
    height = height + ndimage.gaussian_filter(40.0 * spoil - 110.0 * pit, 0.7)
    distance = ndimage.distance_transform_edt(~(pit | spoil), sampling=pixel)
    return Scene(longitude, latitude, spacing, height, cover, distance)


def _river_distance(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    course = 14.6 - 0.155 * east + 0.7 * np.sin(east / 3.1) + 0.35 * np.sin(east / 1.3)
    return np.abs(north - course)


def _terrain(east: np.ndarray, river: np.ndarray, relief: np.ndarray) -> np.ndarray:
    flank = np.clip((river - 2.5) / 9.0, 0, 1)
    rise = flank**2 * (3 - 2 * flank)
    # Folding the field at 0 turns its zero lines into side valleys between rounded crests.
    crests = 380.0 * np.abs(relief) - 170.0
    return 4040.0 - 2.4 * east + 6.0 * river + 10.0 * relief + rise * (430.0 + crests)


def _vegetation(height: np.ndarray, river: np.ndarray, edge: np.ndarray) -> np.ndarray:
    cover = np.full(height.shape, Cover.ALPINE_MEADOW, dtype=np.uint8)
    cover[river + 1.2 * edge < 3.8] = Cover.WET_MEADOW
    cover[height + 50.0 * edge > 4330.0] = Cover.BARE_RIDGE
    return cover


def _ellipses(
    east: np.ndarray, north: np.ndarray, table: tuple[tuple[float, float, float, float], ...]
) -> np.ndarray:
    north_km, east_km = pixel_size(1.0)
    inside = np.zeros(east.shape, dtype=bool)
    for longitude, latitude, half_length, half_width in table:
        x, y = east - (longitude - WEST) * east_km, north - (latitude - SOUTH) * north_km
        along = x * np.cos(STRIKE) + y * np.sin(STRIKE)
        across = y * np.cos(STRIKE) - x * np.sin(STRIKE)
        inside |= (along / half_length) ** 2 + (across / half_width) ** 2 < 1
    return inside
