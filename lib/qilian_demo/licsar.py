"""Interferograms as LiCSAR writes them: a folder a pair, geocoded GeoTIFF, 0 for no data."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from qilian_demo.interferograms import Acquisitions, Interferogram
from qilian_demo.scene import NORTH, WEST, Scene

SIMULATED = "simulated, not a measurement"
FRAME = "033A_05123_131313"


def write_geotiff(path: Path, array: np.ndarray, scene: Scene) -> None:
    """Write one band in longitude and latitude that says it is simulated.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    array : numpy.ndarray
        Values in the type to store, shape (y, x).
    scene : Scene
        The grid.
    """
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=array.shape[0],
        width=array.shape[1],
        count=1,
        dtype=array.dtype,
        crs="EPSG:4326",
        transform=Affine(scene.spacing, 0, WEST, 0, -scene.spacing, NORTH),
        compress="DEFLATE",
        predictor=3 if array.dtype.kind == "f" else 2,
    ) as raster:
        raster.write(array, 1)
        raster.update_tags(TIFFTAG_IMAGEDESCRIPTION=SIMULATED)


def write_pair(folder: Path, interferogram: Interferogram, scene: Scene) -> None:
    """Write the phase (radians) and the coherence (in 1/255) of one pair.

    Parameters
    ----------
    folder : pathlib.Path
        The frame's folder of pairs.
    interferogram : Interferogram
        Phase and coherence, shape (y, x).
    scene : Scene
        The grid.
    """
    name = "_".join(_compact(date) for date in interferogram.dates)
    (folder / name).mkdir()
    phase = np.nan_to_num(interferogram.unwrapped_phase, nan=0.0).astype(np.float32)
    # 0 means no data, so that the least coherence is one step above it.
    coherence = np.clip(np.round(interferogram.coherence * 255), 1, 255).astype(np.uint8)
    write_geotiff(folder / name / f"{name}.geo.unw.tif", phase, scene)
    write_geotiff(folder / name / f"{name}.geo.cc.tif", coherence, scene)


def write_frame(
    folder: Path,
    scene: Scene,
    acquisitions: Acquisitions,
    unit_vector: tuple[np.ndarray, np.ndarray, np.ndarray],
    interferograms: Iterable[Interferogram],
) -> None:
    """Write a whole frame: geometry, baselines, metadata and the pairs.

    Parameters
    ----------
    folder : pathlib.Path
        Folder to make.
    scene : Scene
        The grid and its heights.
    acquisitions : Acquisitions
        Dates and baselines.
    unit_vector : tuple of numpy.ndarray
        East, north and up parts of the unit vector from ground to sensor, shape (y, x) each [1].
    interferograms : iterable of Interferogram
        The pairs.
    """
    folder.mkdir(parents=True)
    layers = dict(zip("ENU", unit_vector, strict=True)) | {"hgt": scene.height}
    for name, layer in layers.items():
        write_geotiff(folder / f"{FRAME}.geo.{name}.tif", layer.astype(np.float32), scene)
    (folder / "baselines").write_text(_baseline_table(acquisitions))
    prime = _compact(acquisitions.dates[acquisitions.prime])
    (folder / "metadata.txt").write_text(
        f"master={prime}\ncenter_time=11:12:40.271828\nnote={SIMULATED}\n"
    )
    for interferogram in interferograms:
        write_pair(folder, interferogram, scene)


def _baseline_table(acquisitions: Acquisitions) -> str:
    """Prime date, date, perpendicular baseline [m] and time [d]; the prime has no line."""
    prime = acquisitions.dates[acquisitions.prime]
    days = (acquisitions.dates - prime).astype(int)
    return "".join(
        f"{_compact(prime)} {_compact(date)} {baseline:.1f} {day:.1f}\n"
        for date, baseline, day in zip(
            acquisitions.dates, acquisitions.baselines, days, strict=True
        )
        if date != prime
    )


def _compact(date: np.datetime64) -> str:
    return str(date).replace("-", "")
