"""The ground: terrain and land cover of two mining areas, a river, lakes and an eastern pass."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy import ndimage

from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.grid import SOUTH, WEST, Grid, inside, pixel_size, resample


class Cover(IntEnum):
    """Land cover; the numbers are those in the truth file."""

    WATER = 1
    WET_MEADOW = 2
    ALPINE_MEADOW = 3
    BARE_RIDGE = 4
    OPEN_PIT = 5
    SPOIL_HEAP = 6


# Longitude, latitude [degree], half length, half width [km] along the strike of the coal seams.
Ellipse = tuple[float, float, float, float]
PITS: tuple[Ellipse, ...] = (
    (99.110, 38.112, 1.7, 0.55),
    (99.150, 38.101, 2.0, 0.65),
    (99.192, 38.090, 1.3, 0.50),
    (99.480, 38.049, 1.5, 0.60),
    (99.515, 38.040, 1.4, 0.55),
)
SPOIL_HEAPS: tuple[Ellipse, ...] = (
    (99.117, 38.127, 1.2, 0.60),
    (99.158, 38.118, 1.5, 0.70),
    (99.201, 38.104, 0.9, 0.55),
    (99.487, 38.064, 1.2, 0.60),
    (99.528, 38.054, 0.8, 0.50),
)
LAKES: tuple[Ellipse, ...] = (
    (99.330, 38.020, 1.3, 0.7),
    (99.705, 37.983, 1.8, 0.9),
    (99.930, 37.985, 0.9, 0.6),
    (100.110, 37.922, 1.5, 0.8),
)
STRIKE = np.radians(-17.0)  # anticlockwise from east
MINES_OPEN = np.datetime64("2003-01-01")

YAKOU = (100.2421, 38.0142)  # longitude, latitude of the station [degree]
YAKOU_HEIGHT, PASS_WIDTH = 4148.0, 1.2  # m, km
BARE_ABOVE, WET_WITHIN = 4385.0, 3.8  # m at the western edge, km from a river


@dataclass(frozen=True)
class Scene:
    """The ground on one grid.

    Attributes
    ----------
    grid : Grid
        Where the pixels lie.
    height : numpy.ndarray
        Height of the ground, shape (y, x) [m].
    cover, natural_cover : numpy.ndarray
        Land cover with and without the mines, as numbers of `Cover`, shape (y, x).
    distance_to_mine : numpy.ndarray
        Distance to the nearest pit or spoil heap, shape (y, x) [km].
    """

    grid: Grid
    height: np.ndarray
    cover: np.ndarray
    natural_cover: np.ndarray
    distance_to_mine: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.grid.shape

    @property
    def pixel(self) -> tuple[float, float]:
        """Height and width of a pixel [km]."""
        return self.grid.pixel

    def cover_at(self, date: np.datetime64) -> np.ndarray:
        """Land cover on a day: nature before the mines opened, shape (y, x)."""
        return self.cover if date >= MINES_OPEN else self.natural_cover

    def has_phase(self) -> np.ndarray:
        """Pixels of the scene that are land, shape (y, x)."""
        return inside(self.grid) & (self.cover != Cover.WATER)

    def on(self, grid: Grid) -> "Scene":
        """Give the same ground on another grid."""
        cover, natural = (
            resample(c, self.grid, grid, nearest=True) for c in (self.cover, self.natural_cover)
        )
        distance = resample(self.distance_to_mine, self.grid, grid)
        return Scene(grid, resample(self.height, self.grid, grid), cover, natural, distance)


def by_cover(cover: np.ndarray, values: dict[Cover, float]) -> np.ndarray:
    """Give each pixel the value of its land cover, shape as `cover`."""
    table = np.zeros(max(Cover) + 1, dtype=np.float32)
    table[list(values)] = list(values.values())
    return table.take(cover)


def make_scene(rng: np.random.Generator, grid: Grid) -> Scene:
    """Lay out a valley that runs from the west-north-west to the east-south-east, and two mines.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the relief and of the ragged edges of the land cover.
    grid : Grid
        Geographic grid.

    Returns
    -------
    Scene
        Terrain and land cover.
    """
    east, north = grid.east_north()
    river = _river_distance(east, north)
    away = _from_place(east, north, YAKOU)
    height = _terrain(rng, grid, east, river)
    height = height + np.exp(-0.5 * (away / PASS_WIDTH) ** 2) * (YAKOU_HEIGHT - height)
    natural = _vegetation(rng, grid, height, east, river)
    natural[away < PASS_WIDTH] = Cover.ALPINE_MEADOW
    _flood(natural, rng, grid, river, _ellipses(east, north, LAKES))
    spoil, pit = (_ellipses(east, north, table) for table in (SPOIL_HEAPS, PITS))
    cover = natural.copy()
    cover[spoil], cover[pit] = Cover.SPOIL_HEAP, Cover.OPEN_PIT
    # A mine takes up the ponds on its ground for good.
    natural[(spoil | pit) & (natural == Cover.WATER)] = Cover.WET_MEADOW
    height = height + ndimage.gaussian_filter(40.0 * spoil - 110.0 * pit, 0.7)
    distance = ndimage.distance_transform_edt(~(pit | spoil), sampling=grid.pixel)
    return Scene(grid, height.astype(np.float32), cover, natural, distance.astype(np.float32))


def _river_distance(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Distance to the nearer of the main river and one behind the northern range [km]."""
    main = 25.0 - 0.155 * east + 0.7 * np.sin((east - 2.6) / 3.1) + 0.35 * np.sin(east / 1.3)
    northern = 54.5 - 0.13 * east + 0.9 * np.sin(east / 4.3) + 0.3 * np.sin(east / 1.7)
    return np.minimum(np.abs(north - main), 1.5 * np.abs(north - northern))


def _terrain(
    rng: np.random.Generator, grid: Grid, east: np.ndarray, river: np.ndarray
) -> np.ndarray:
    relief = correlated_field(rng, grid.shape, pixel=grid.pixel, length=4.0)
    # Slopes are smoother than a field of exponential covariance.
    relief = ndimage.gaussian_filter(relief, [0.5 / size for size in grid.pixel])
    flank = np.clip((river - 2.5) / 8.0, 0, 1)
    rise = flank**2 * (3 - 2 * flank)
    floor = 4030.0 - 3.2 * east + 6.0 * np.minimum(river, 10.0) + 10.0 * relief
    # Folding the field at 0 turns its zero lines into side valleys between rounded crests.
    mountains = 4110.0 - 1.0 * east + 480.0 * np.tanh(1.1 * np.abs(relief))
    return floor + rise * (mountains - floor)


def _vegetation(
    rng: np.random.Generator, grid: Grid, height: np.ndarray, east: np.ndarray, river: np.ndarray
) -> np.ndarray:
    edge = correlated_field(rng, grid.shape, pixel=grid.pixel, length=1.5)
    cover = np.full(height.shape, Cover.ALPINE_MEADOW, dtype=np.uint8)
    cover[river + 1.2 * edge < WET_WITHIN] = Cover.WET_MEADOW
    # The ranges become lower towards the east, and so does the bare ground.
    cover[height + 1.0 * east + 40.0 * edge > BARE_ABOVE] = Cover.BARE_RIDGE
    return cover


def _flood(
    cover: np.ndarray, rng: np.random.Generator, grid: Grid, river: np.ndarray, lakes: np.ndarray
) -> None:
    """Put rivers, lakes and scattered ponds into `cover`."""
    ponds = correlated_field(rng, grid.shape, pixel=grid.pixel, length=0.8)
    cover[(ponds > 2.3) & (river < 4)] = Cover.WATER
    # A river narrower than a pixel would break into dots.
    cover[river < max(0.15, 0.6 * max(grid.pixel))] = Cover.WATER
    cover[lakes] = Cover.WATER


def _from_place(east: np.ndarray, north: np.ndarray, place: tuple[float, float]) -> np.ndarray:
    north_km, east_km = pixel_size(1.0)
    return np.hypot(east - (place[0] - WEST) * east_km, north - (place[1] - SOUTH) * north_km)


def _ellipses(east: np.ndarray, north: np.ndarray, table: tuple[Ellipse, ...]) -> np.ndarray:
    north_km, east_km = pixel_size(1.0)
    within = np.zeros(east.shape, dtype=bool)
    for longitude, latitude, half_length, half_width in table:
        x, y = east - (longitude - WEST) * east_km, north - (latitude - SOUTH) * north_km
        along = x * np.cos(STRIKE) + y * np.sin(STRIKE)
        across = y * np.cos(STRIKE) - x * np.sin(STRIKE)
        within |= (along / half_length) ** 2 + (across / half_width) ** 2 < 1
    return within
