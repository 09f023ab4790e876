"""Time, peak memory and size of the simulated archive at growing scale, each in a fresh process.

Usage: python bench/demo.py [scale …]
"""

import resource
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from qilian_demo.write import write_archive


def write(folder: str, scale: float) -> tuple[float, float]:
    """Write an archive; return seconds and the process's peak memory in MB."""
    start = time.perf_counter()
    write_archive(Path(folder), scale=scale)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return time.perf_counter() - start, peak


if __name__ == "__main__":
    print("scale  seconds  peak MB  size MB")
    for scale in [float(text) for text in sys.argv[1:]] or [1.0, 2.0]:
        with tempfile.TemporaryDirectory() as scratch, get_context("spawn").Pool(1) as pool:
            folder = Path(scratch, "demo")
            seconds, peak = pool.apply(write, (str(folder), scale))
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        print(f"{scale:5g} {seconds:8.1f} {peak:8.0f} {size:8.0f}")
