"""The Sentinel-1 stack: made and written date by date, on all cores, in bounded memory."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from qilian_demo.ground.history import ground_course
from qilian_demo.headwaters import Ground
from qilian_demo.radar.acquisitions import choose_pairs, make_acquisitions
from qilian_demo.radar.fading import short_pair_bias
from qilian_demo.radar.interferograms import Track
from qilian_demo.radar.licsar import write_frame, write_pair
from qilian_demo.radar.sensors import SENTINEL1
from qilian_demo.streams import stream
from qilian_demo.truth import sentinel1_truth, write_truth


def write_sentinel1(
    folder: Path, truth: Path, ground: Ground, *, delay_memory: float = 0.0
) -> None:
    """Write the frame in LiCSAR's layout and the truth of its dates.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of pairs to make.
    truth : pathlib.Path
        File for the truth.
    ground : Ground
        What the radar looks at.
    delay_memory : float
        Correlation of the weather with that of twelve days before [1].
    """
    seed, scene = ground.seed, ground.scene
    acquisitions = make_acquisitions(stream(seed, "acquisitions"))
    bias = short_pair_bias(stream(seed, "bias"), scene, ground.deformation.rate[-1])
    moving = scene, ground.deformation, ground.climate
    track = Track(seed, SENTINEL1, *moving, bias, delay_memory)
    write_frame(folder, track, acquisitions)
    _write_pairs(folder, track, acquisitions.dates)
    course = ground_course(ground.climate).at(acquisitions.dates)
    write_truth(truth, sentinel1_truth(ground, course, bias))


def _write_pairs(folder: Path, track: Track, dates: np.ndarray) -> None:
    pairs = choose_pairs(dates)
    last_use = dict(pairs.tolist())  # pairs come in order of time
    # NumPy, the Fourier transform and GDAL work outside Python's lock.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        images = track.images(pool)
        for now, date in enumerate(dates):
            images.add(date)
            partners = dates[pairs[pairs[:, 1] == now, 0]]
            made = [track.interferogram_of(images, (partner, date)) for partner in partners]
            list(pool.map(lambda pair: write_pair(folder, pair, track.scene.grid), made))
            for first in [image for image, last in last_use.items() if last == now]:
                images.drop(dates[first])
