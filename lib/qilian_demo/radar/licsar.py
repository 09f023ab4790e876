"""Interferograms as LiCSAR writes them: a folder a pair, geocoded GeoTIFF, 0 for no data."""

from pathlib import Path

import numpy as np

from qilian_demo.ground.grid import Grid
from qilian_demo.mark import SIMULATED
from qilian_demo.radar.acquisitions import Acquisitions
from qilian_demo.radar.geotiff import stored_phase, write_geotiff
from qilian_demo.radar.interferograms import Interferogram, Track
from qilian_demo.radar.pair_table import compact

FRAME = "033A_05123_131313"


def write_pair(folder: Path, interferogram: Interferogram, grid: Grid) -> None:
    """Write the phase (radians) and the coherence (in 1/255) of one pair.

    Parameters
    ----------
    folder : pathlib.Path
        The frame's folder of pairs.
    interferogram : Interferogram
        Phase and coherence, shape (y, x).
    grid : Grid
        Geographic grid.
    """
    name = "_".join(map(compact, interferogram.dates))
    (folder / name).mkdir()
    # 0 means no data, so that the least coherence is one step above it.
    coherence = np.clip(np.round(interferogram.coherence * 255), 1, 255).astype(np.uint8)
    phase = stored_phase(interferogram.unwrapped_phase, 0.0)
    write_geotiff(folder / name / f"{name}.geo.unw.tif", phase, grid)
    write_geotiff(folder / name / f"{name}.geo.cc.tif", coherence, grid)


def write_frame(folder: Path, track: Track, acquisitions: Acquisitions) -> None:
    """Write what a frame's pairs share: geometry, heights, baselines and metadata.

    Parameters
    ----------
    folder : pathlib.Path
        Folder to make.
    track : Track
        The radar over the scene.
    acquisitions : Acquisitions
        Dates and baselines.
    """
    folder.mkdir(parents=True)
    layers = dict(zip("ENU", track.unit_vector, strict=True)) | {"hgt": track.scene.height}
    for name, layer in layers.items():
        write_geotiff(folder / f"{FRAME}.geo.{name}.tif", layer, track.scene.grid)
    (folder / "baselines").write_text(_baseline_table(acquisitions))
    prime = compact(acquisitions.dates[acquisitions.prime])
    (folder / "metadata.txt").write_text(
        f"master={prime}\ncenter_time=11:12:40.271828\nnote={SIMULATED}\n"
    )


def _baseline_table(acquisitions: Acquisitions) -> str:
    """Prime date, date, perpendicular baseline [m] and time [d]; the prime has no line."""
    prime = acquisitions.dates[acquisitions.prime]
    days = (acquisitions.dates - prime).astype(int)
    return "".join(
        f"{compact(prime)} {compact(date)} {baseline:.1f} {day:.1f}\n"
        for date, baseline, day in zip(
            acquisitions.dates, acquisitions.baselines, days, strict=True
        )
        if date != prime
    )
