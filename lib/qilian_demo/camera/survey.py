"""The patch surveyed from the air at P1: its ground, and three pictures of it."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from rasterio.transform import Affine
from scipy import ndimage

from qilian_demo.camera.basemap import hillshade, smooth_field, write_image
from qilian_demo.mark import SIMULATED

# Shapes and spectra are assumptions.
CRS = "EPSG:32647"
PIXEL, SIZE = 0.25, 1200  # m, pixels
TRANSFORM = Affine(PIXEL, 0, 543_725, 0, -PIXEL, 4_210_521)  # P1 lies in the middle
BANDS = ("blue", "green", "red", "red_edge", "near_infrared")
REFLECTANCE_SCALE = 1e-4
CROP = (slice(100, 1100), slice(120, 1120))  # rows and columns of the later picture
KEYHOLE_PIXEL, KEYHOLE_SIZE = 1.0, 276  # m, pixels
KEYHOLE_SHIFT, KEYHOLE_ANGLE, KEYHOLE_SCALE = (3.4, -2.6), 0.9, 1.008  # m, degree, 1
POINT_NOISE = 1.0  # m


class Surface(IntEnum):
    """What lies on the ground; the numbers are those in the truth file."""

    WATER = 1
    MUD = 2
    MEADOW = 3
    TRACK = 4
    SPOIL = 5
    PIT = 6


# Reflectance in `BANDS` where the surface is lush or dark, and where it is dry or bright.
SPECTRA = {
    Surface.WATER: ((0.030, 0.042, 0.030, 0.022, 0.014), (0.060, 0.085, 0.065, 0.045, 0.026)),
    Surface.MUD: ((0.035, 0.060, 0.058, 0.110, 0.160), (0.070, 0.095, 0.105, 0.150, 0.190)),
    Surface.MEADOW: ((0.028, 0.066, 0.045, 0.190, 0.350), (0.060, 0.098, 0.100, 0.200, 0.290)),
    Surface.TRACK: ((0.090, 0.115, 0.130, 0.155, 0.175), (0.135, 0.160, 0.180, 0.200, 0.215)),
    Surface.SPOIL: ((0.072, 0.080, 0.086, 0.096, 0.106), (0.140, 0.158, 0.172, 0.190, 0.208)),
    Surface.PIT: ((0.026, 0.028, 0.030, 0.033, 0.036), (0.125, 0.142, 0.156, 0.172, 0.186)),
}


@dataclass(frozen=True)
class Patch:
    """The patch at one time, each array of shape (y, x).

    Attributes
    ----------
    surface : numpy.ndarray
        Numbers of `Surface`.
    height : numpy.ndarray
        Height above the plain [m].
    dryness : numpy.ndarray
        0 for the first and 1 for the second spectrum of `SPECTRA` [1].
    """

    surface: np.ndarray
    height: np.ndarray
    dryness: np.ndarray


def make_patch(rng: np.random.Generator) -> tuple[Patch, Patch]:
    """Lay hummocks, ponds and a stream in 1984, and a track, spoil and a pit's edge today.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of all shapes.

    Returns
    -------
    tuple of Patch
        Today's ground and that of 1984.
    """
    metres = (np.arange(SIZE) + 0.5) * PIXEL
    x, y = np.meshgrid(metres, metres[::-1])
    lengths = np.array([0.9, 5, 17, 32, 6, 26]) / PIXEL
    fields = (smooth_field(rng, (SIZE, SIZE), length) for length in lengths)
    hummocks, soil, lows, wander, mounds, patches = fields
    hollow = lows + 0.22 * soil
    meadow = np.clip(0.42 + 0.16 * patches + 0.12 * soil + 0.15 * hummocks, 0, 1)
    plain = 0.15 * hummocks + 1.2 * patches - 0.5 * np.clip(hollow - 0.9, 0, 0.6)
    # Distances along and across the edge of the pit, which cuts the north-eastern corner.
    across, along = 0.75 * x + 0.66 * y + 3.5 * wander, 0.75 * y - 0.66 * x

    before = _wetland(hollow, water=1.75)
    stream = np.abs(across - 286 + 13 * np.sin(along / 27) + 5 * np.sin(along / 10))
    before[stream < 4.2 + 1.3 * soil] = Surface.TRACK  # bare gravel
    before[stream < 2.2 + 0.3 * soil] = Surface.WATER
    bed = plain - 1.2 * np.exp(-((stream / 5) ** 2))

    surface = _wetland(hollow, water=1.45)  # thaw has widened the ponds
    heap, pit = across + 4 * mounds > 262, across > 336
    track = np.abs(y - 58 - 0.42 * x - 11 * np.sin(x / 45))
    rut = (np.abs(track - 1.0) < 0.42 + 0.12 * soil) & ~heap
    road = (track < 2.6 + 0.3 * soil) & heap & ~pit
    surface[heap], surface[pit], surface[rut | road] = Surface.SPOIL, Surface.PIT, Surface.TRACK

    bench = np.clip((across - 336) / 17, 0, None)
    face = np.clip(bench % 1 / 0.35, 0, 1)  # the steep third of each bench
    coal = (face < 1) & (np.floor(bench) % 2 == 1)
    tipped = np.clip((across - 262) / 14, 0, 1) * (3.0 + 1.4 * np.abs(mounds))
    floor = 0.4 * plain + 0.25 * mounds - 6.0 * (np.floor(bench) + face)
    height = np.select([pit, road, heap], [floor, plain + 3.0, plain + tipped], plain)
    rubble = np.clip(0.5 + 0.22 * patches + 0.13 * mounds + 0.08 * hummocks, 0, 1)
    deep = np.clip(1.1 - 1.3 * (hollow - 1.45), 0, 1)  # shallow water is brighter
    dryness = np.select(
        [pit & coal, pit, heap | rut, surface == Surface.WATER],
        [0.08 + 0.1 * rubble, 0.2 + 0.5 * rubble, rubble, deep],
        meadow,
    )
    today = Patch(surface, ndimage.gaussian_filter(height, 1.2), dryness)
    return today, Patch(before, ndimage.gaussian_filter(bed, 1.2), meadow)


def _wetland(hollow: np.ndarray, *, water: float) -> np.ndarray:
    surface = np.full(hollow.shape, Surface.MEADOW, dtype=np.uint8)
    surface[hollow > water - 0.16], surface[hollow > water] = Surface.MUD, Surface.WATER
    return surface


def reflectance(patch: Patch) -> np.ndarray:
    """Reflectance in `BANDS` as the sun shades and a camera blurs it, shape (band, y, x) [1]."""
    lush, dry = np.zeros((2, max(Surface) + 1, len(BANDS)))
    for kind, (first, second) in SPECTRA.items():
        lush[kind], dry[kind] = first, second
    water = patch.surface == Surface.WATER
    shade = np.where(water, 1.0, hillshade(patch.height, PIXEL))
    bands = []
    for low, high in zip(lush.T, dry.T, strict=True):
        mixed = low.take(patch.surface) + (high - low).take(patch.surface) * patch.dryness
        bands.append(ndimage.gaussian_filter(shade * mixed, 1))
    return np.array(bands)


def write_orthomosaic(path: Path, bands: np.ndarray, rng: np.random.Generator) -> None:
    """Write reflectance in steps of `REFLECTANCE_SCALE`, 0 outside the flight lines.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    bands : numpy.ndarray
        Reflectance of the patch in `BANDS`, shape (band, y, x) [1].
    rng : numpy.random.Generator
        Source of the noise and of the flight lines' ends.
    """
    noisy = bands * (1 + 0.02 * rng.standard_normal(bands.shape))
    stored = np.clip(np.round(noisy / REFLECTANCE_SCALE), 1, None).astype(np.uint16)
    stored[:, ~_flown(rng)] = 0
    place = {"crs": CRS, "transform": TRANSFORM}
    write_image(path, stored, names=BANDS, nodata=0, scale=REFLECTANCE_SCALE, **place)


def _flown(rng: np.random.Generator) -> np.ndarray:
    """Flight lines 14 m apart, a few degrees off the grid, that start and end unevenly."""
    row, column = np.indices((SIZE, SIZE)) * PIXEL
    down, right = row + 0.07 * (column - 150), column - 0.07 * (row - 150)
    line = np.clip(down / 14, 0, 21).astype(int)
    start, end = 12 + 6 * rng.random(22), 288 - 6 * rng.random(22)
    return (right > start[line]) & (right < end[line]) & (down > 15) & (down < 286)


def write_rgb_2025(path: Path, bands: np.ndarray, rng: np.random.Generator) -> None:
    """Write a crop of the patch as an ordinary camera shows it.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    bands : numpy.ndarray
        Reflectance of the patch in `BANDS`, shape (band, y, x) [1].
    rng : numpy.random.Generator
        Source of the noise.
    """
    colour = bands[2::-1, *CROP]
    noisy = colour * (1 + 0.015 * rng.standard_normal(colour.shape))
    colours = np.round(255 * np.clip(noisy / 0.24, 0, 1) ** (1 / 1.6)).astype(np.uint8)
    transform = TRANSFORM @ Affine.translation(CROP[1].start, CROP[0].start)
    write_image(path, colours, crs=CRS, transform=transform, names=("red", "green", "blue"))


def keyhole_transform() -> tuple[Affine, Affine]:
    """Give the transform that the file states, and the true one, shifted, turned and scaled."""
    margin = (SIZE * PIXEL - KEYHOLE_SIZE * KEYHOLE_PIXEL) / 2
    stated = Affine(KEYHOLE_PIXEL, 0, TRANSFORM.c + margin, 0, -KEYHOLE_PIXEL, TRANSFORM.f - margin)
    middle = (KEYHOLE_SIZE / 2, KEYHOLE_SIZE / 2)
    turn = Affine.rotation(KEYHOLE_ANGLE, middle) @ Affine.translation(*middle)
    turn = turn @ Affine.scale(KEYHOLE_SCALE) @ Affine.translation(-middle[0], -middle[1])
    return stated, Affine.translation(*KEYHOLE_SHIFT) @ stated @ turn


def write_keyhole_1984(path: Path, patch: Patch, rng: np.random.Generator) -> None:
    """Write the patch before mining on film, and `control_points.csv` beside it.

    The stated georeference is a few metres off. Control points give column and row, counted from
    the outer corner of the first pixel, with x and y that carry 1 m of noise.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    patch : Patch
        The ground of 1984.
    rng : numpy.random.Generator
        Source of grain and of the control points.
    """
    bands = reflectance(patch)
    grey = ndimage.gaussian_filter(bands[1:4].mean(axis=0), 1.4)
    stated, true = keyhole_transform()
    index = np.indices((KEYHOLE_SIZE, KEYHOLE_SIZE)) + 0.5
    column, row = ~TRANSFORM @ true @ (index[1], index[0])
    film = ndimage.map_coordinates(grey, [row - 0.5, column - 0.5], order=1, mode="nearest")
    low, high = np.percentile(film, (1, 99.7))
    grain = ndimage.gaussian_filter(rng.standard_normal(film.shape), 0.6)
    density = 45 + 175 * (film - low) / (high - low) + 9 * grain / grain.std()
    picture = np.clip(np.round(density), 1, 255).astype(np.uint8)[np.newaxis]
    write_image(path, picture, crs=CRS, transform=stated, names=("panchromatic",))
    _write_control_points(path.with_name("control_points.csv"), true, rng)


def _write_control_points(path: Path, true: Affine, rng: np.random.Generator) -> None:
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(3)), axis=-1).reshape(-1, 2)
    shares = (grid + rng.uniform(0.2, 0.8, grid.shape)) / (4, 3)
    lines = [f"# {SIMULATED}; x and y in {CRS}, standard error {POINT_NOISE:.0f} m", "col,row,x,y"]
    for column, row in np.round(KEYHOLE_SIZE * shares, 2):
        x, y = np.array(true @ (column, row)) + POINT_NOISE * rng.standard_normal(2)
        lines.append(f"{column:.2f},{row:.2f},{x:.2f},{y:.2f}")
    path.write_text("\n".join(lines) + "\n")
