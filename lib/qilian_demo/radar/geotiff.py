"""GeoTIFF as all products use it, and interferograms named by their two dates."""

from pathlib import Path

import numpy as np
import rasterio

from qilian_demo.ground.grid import Grid, inside
from qilian_demo.mark import SIMULATED
from qilian_demo.radar.interferograms import Interferogram, Track
from qilian_demo.radar.pair_table import Pair, compact

STEPS_PER_RADIAN = 1024.0


def write_geotiff(
    path: Path, array: np.ndarray, grid: Grid, *, nodata: float | None = None
) -> None:
    """Write one band that says it is simulated.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    array : numpy.ndarray
        Values in the type to store, shape (y, x).
    grid : Grid
        Coordinate system and place.
    nodata : float, optional
        Stored number to be tagged as "no data".
    """
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=array.shape[0],
        width=array.shape[1],
        count=1,
        dtype=array.dtype,
        crs=f"EPSG:{grid.epsg}",
        transform=grid.transform,
        nodata=nodata,
        compress="DEFLATE",
        zlevel=1,  # more would shrink noise by a hundredth, in twice the time
        predictor=3 if array.dtype.kind == "f" else 2,
    ) as raster:
        raster.write(array, 1)
        raster.update_tags(TIFFTAG_IMAGEDESCRIPTION=SIMULATED)


def stored_phase(phase: np.ndarray, missing: float) -> np.ndarray:
    """Round phase to about a milliradian, a hundredth of its noise, so that files stay small.

    Land is never 0, which many products hold to mean no data.
    """
    rounded = np.round(phase * STEPS_PER_RADIAN) / STEPS_PER_RADIAN
    rounded = np.where(rounded == 0, 1 / STEPS_PER_RADIAN, rounded)
    return np.where(np.isnan(rounded), missing, rounded).astype(np.float32)


def write_stack(folder: Path, track: Track, pairs: list[Pair]) -> None:
    """Write pairs as `{reference}-{secondary}_unw.tif` and `_cc.tif`, NaN tagged as no data.

    Beside them lie their baselines, the terrain and the unit vector from ground to sensor.

    Parameters
    ----------
    folder : pathlib.Path
        Folder to make.
    track : Track
        The radar over the scene.
    pairs : list of Pair
        Dates and baselines.
    """
    folder.mkdir(parents=True)
    grid = track.scene.grid
    lines = [f"# {SIMULATED}", "reference,secondary,perpendicular_baseline_m"]
    for pair in pairs:
        _write_pair(folder, track.interferogram(pair.dates, pair.baseline), grid)
        lines.append(f"{','.join(map(compact, pair.dates))},{pair.baseline:.0f}")
    (folder / "baselines.csv").write_text("\n".join(lines) + "\n")
    names = ("los_east", "los_north", "los_up", "height")
    for name, layer in zip(names, (*track.unit_vector, track.scene.height), strict=True):
        write_geotiff(folder / f"{name}.tif", layer, grid)


def _write_pair(folder: Path, interferogram: Interferogram, grid: Grid) -> None:
    name = "-".join(map(compact, interferogram.dates))
    phase = stored_phase(interferogram.unwrapped_phase, np.nan)
    coherence = np.where(inside(grid), interferogram.coherence, np.nan).astype(np.float32)
    write_geotiff(folder / f"{name}_unw.tif", phase, grid, nodata=np.nan)
    write_geotiff(folder / f"{name}_cc.tif", coherence, grid, nodata=np.nan)
