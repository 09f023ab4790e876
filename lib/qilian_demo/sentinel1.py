"""The Sentinel-1 stack: made and written pair by pair, on all cores, in bounded memory."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from qilian_demo.ground.history import ground_course
from qilian_demo.headwaters import Ground
from qilian_demo.radar.acquisitions import choose_pairs, make_acquisitions
from qilian_demo.radar.fading import short_pair_bias
from qilian_demo.radar.interferograms import Track
from qilian_demo.radar.licsar import write_frame, write_pair
from qilian_demo.radar.sensors import SENTINEL1
from qilian_demo.streams import stream
from qilian_demo.truth import sentinel1_truth, write_truth


def write_sentinel1(folder: Path, truth: Path, ground: Ground) -> None:
    """Write the frame in LiCSAR's layout and the truth of its dates.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of pairs to make.
    truth : pathlib.Path
        File for the truth.
    ground : Ground
        What the radar looks at.
    """
    seed, scene = ground.seed, ground.scene
    acquisitions = make_acquisitions(stream(seed, "acquisitions"))
    bias = short_pair_bias(stream(seed, "bias"), scene, ground.deformation.rate[-1])
    track = Track(seed, SENTINEL1, scene, ground.deformation, ground.climate, bias)
    write_frame(folder, track, acquisitions)

    def write(first: int, second: int) -> None:
        dates = acquisitions.dates[first], acquisitions.dates[second]
        baseline = float(acquisitions.baselines[second] - acquisitions.baselines[first])
        write_pair(folder, track.interferogram(dates, baseline), scene.grid)

    # NumPy, the Fourier transform and GDAL work outside Python's lock.
    pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1))
    try:
        for done in [pool.submit(write, *pair) for pair in choose_pairs(acquisitions.dates)]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)
    course = ground_course(ground.climate).at(acquisitions.dates)
    write_truth(truth, sentinel1_truth(ground, course, bias))
