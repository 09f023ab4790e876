"""What the first page that needs a displacement waits for: imports, then the demo's Sentinel-1.

Seconds of the clock and of all cores, in a fresh process with nothing kept, and again with the
displacement kept. Where the cores are shared, only the latter tell.

Usage: python bench/inversion_first.py
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long a step takes."""
    clock, cores = time.perf_counter(), time.process_time()
    yield
    clock, cores = time.perf_counter() - clock, time.process_time() - cores
    print(f"{what:20} {clock:6.2f} s, {cores:6.2f} s of a core")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        with timed("imports"):
            from qilian.archive import open_archive
            from qilian.products import displacement

            source = open_archive("demo")
        for what in ("first inversion", "the same, kept"):
            with timed(what):
                displacement(source, seasonal="thaw", cache=Path(scratch))
