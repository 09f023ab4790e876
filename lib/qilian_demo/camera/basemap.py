"""Pictures of the ground: a tiled GeoTIFF, shading by the sun, and a base map of the scene."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import Affine
from scipy import ndimage

from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.grid import GEOGRAPHIC, Grid
from qilian_demo.ground.scene import Cover, Scene, by_cover
from qilian_demo.mark import SIMULATED

MAP_WEST, MAP_SOUTH, MAP_EAST, MAP_NORTH = 99.05, 38.05, 99.25, 38.16  # degree
MAP_SPACING = 0.0003  # degree
COLOURS = {  # red, green, blue of bare film; assumptions
    Cover.WATER: (62, 84, 96),
    Cover.WET_MEADOW: (92, 104, 62),
    Cover.ALPINE_MEADOW: (136, 130, 88),
    Cover.BARE_RIDGE: (158, 146, 130),
    Cover.OPEN_PIT: (66, 62, 62),
    Cover.SPOIL_HEAP: (150, 142, 136),
}
SUN_AZIMUTH, SUN_ELEVATION = np.radians(140.0), np.radians(48.0)


def write_image(
    path: Path,
    bands: np.ndarray,
    *,
    crs: str,
    transform: Affine,
    names: tuple[str, ...],
    nodata: int | None = None,
    scale: float = 1.0,
) -> None:
    """Write a tiled GeoTIFF with overviews that says it is simulated.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    bands : numpy.ndarray
        Stored integers, shape (band, y, x).
    crs : str
        Coordinate system.
    transform : rasterio.transform.Affine
        From column and row to x and y.
    names : tuple of str
        Description of each band.
    nodata : int, optional
        Stored value where there is no image.
    scale : float
        Factor from stored to physical values.
    """
    profile = {
        "driver": "GTiff",
        "count": bands.shape[0],
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype,
        "crs": crs,
        "transform": transform,
        "nodata": nodata,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "DEFLATE",
        "zlevel": 1,
        "predictor": 2,
        "photometric": "RGB" if bands.dtype == np.uint8 and len(bands) == 3 else "MINISBLACK",
    }
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(bands)
        raster.descriptions = names
        if scale != 1.0:
            raster.scales = (scale,) * len(bands)
        raster.update_tags(TIFFTAG_IMAGEDESCRIPTION=SIMULATED)
        raster.build_overviews([2, 4], Resampling.average)


def hillshade(height: np.ndarray, pixel: float, *, exaggeration: float = 1.0) -> np.ndarray:
    """Brightness of matt ground under the sun and a third as much sky, 1 where it is level.

    Parameters
    ----------
    height : numpy.ndarray
        Height with north up, shape (y, x) [m].
    pixel : float
        Pixel size [m].
    exaggeration : float
        Factor on the height.

    Returns
    -------
    numpy.ndarray
        Brightness, shape (y, x) [1].
    """
    south, east = np.gradient(exaggeration * height, pixel)
    towards_sun = east * np.sin(SUN_AZIMUTH) - south * np.cos(SUN_AZIMUTH)
    normal = np.sqrt(1 + south**2 + east**2)
    sunlit = (1 - towards_sun / np.tan(SUN_ELEVATION)) / normal
    return 0.75 * np.clip(sunlit, 0, None) + 0.25


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], length: float) -> np.ndarray:
    """Draw a smooth field of zero mean and unit variance.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    shape : tuple of int
        Rows and columns.
    length : float
        Width of its hills and hollows [pixel].

    Returns
    -------
    numpy.ndarray
        The field, shape (y, x) [1].
    """
    coarse = rng.standard_normal([round(3 * size / length) + 1 for size in shape])
    coarse = ndimage.gaussian_filter(coarse, 1.4)
    # Splines act on each axis alone: a matrix for each is cheaper than its nodes for each pixel.
    down, across = (_spline(*sizes) for sizes in zip(shape, coarse.shape, strict=True))
    field = down @ coarse @ across.T
    return (field - field.mean()) / field.std()


def _spline(size: int, nodes: int) -> np.ndarray:
    """Weights of evenly spaced nodes in a cubic spline through them, shape (size, nodes)."""
    return ndimage.zoom(np.eye(nodes), (size / nodes, 1), order=3)


def write_basemap(path: Path, scene: Scene, rng: np.random.Generator) -> None:
    """Draw the surroundings of the western pits in colour, finer than the scene's grid.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    scene : Scene
        Height and land cover, on a geographic grid.
    rng : numpy.random.Generator
        Source of relief and texture below the scene's pixel.
    """
    columns = round((MAP_EAST - MAP_WEST) / MAP_SPACING)
    rows = round((MAP_NORTH - MAP_SOUTH) / MAP_SPACING)
    grid = Grid(GEOGRAPHIC, MAP_WEST, MAP_NORTH, MAP_SPACING, (rows, columns))
    row = (scene.grid.y[0] - grid.y) / scene.grid.step
    column = (grid.x - scene.grid.x[0]) / scene.grid.step
    ragged = [smooth_field(rng, grid.shape, length=9) for _ in range(2)]
    # Smooth outlines: the land cover with the largest share, read at slightly shaken places.
    places = np.meshgrid(row, column, indexing="ij")
    shaken = [place + 0.3 * field for place, field in zip(places, ragged, strict=True)]
    shares = [_read(ndimage.gaussian_filter((scene.cover == c) * 1.0, 0.45), shaken) for c in Cover]
    cover = np.array(Cover)[np.argmax(shares, axis=0)]
    texture = correlated_field(rng, grid.shape, pixel=grid.pixel, length=0.15)
    height = _read(scene.height, places) + 5.0 * smooth_field(rng, grid.shape, length=16)
    shade = hillshade(height, 1e3 * grid.pixel[0], exaggeration=2.2)
    brightness = shade * (1 + 0.07 * texture)
    channels = zip(*(COLOURS[c] for c in Cover), strict=True)
    image = [by_cover(cover, dict(zip(Cover, channel, strict=True))) for channel in channels]
    image = ndimage.gaussian_filter(np.array(image), (0, 0.7, 0.7)) * brightness
    write_image(
        path,
        np.clip(np.round(image), 0, 255).astype(np.uint8),
        crs=f"EPSG:{GEOGRAPHIC}",
        transform=grid.transform,
        names=("red", "green", "blue"),
    )


def _read(field: np.ndarray, places: Sequence[np.ndarray]) -> np.ndarray:
    return ndimage.map_coordinates(field, places, order=3, mode="nearest")
