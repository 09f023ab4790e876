"""Windows of many gauges against a careful loop over gauges, in one run, and the memory they need.

Both go from the discharge and rain of the same gauges to constants for windows of 1, 3 and 5 years
and choose the same days by the same rule. The loop is what numpy allows for one gauge at a time:
days near the season alone, each segment summed once, windows added up from years. It knows what
these records are, complete and positive with all rain known, asks for no more, and gives no
intervals. The library also gives intervals; it is timed besides with the rain unknown, and on a
record that comes in blocks. First, more gauges than memory should hold are made block by block as
they are asked for. Seconds are those of the processor, memory beyond the input is what numpy asks
for at most.
Usage: python bench/recession.py
"""

import os
import resource
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import xarray as xr
from recession_coverage import Case, rivers

from qilian.recession import recession_constants

YEARS, MANY, HUGE, WINDOWS = 40, 1000, 20_000, (1, 3, 5)


def by_loop(flow: xr.DataArray, rain: xr.DataArray) -> np.ndarray:
    """Constants (gauge, window, year) without intervals, gauge after gauge."""
    day = flow.indexes["time"]
    season = (day.month >= 9) & (day.month <= 11)
    near = np.convolve(season, np.ones(41), "same") > 0
    year, season = day.year.values[near] - day.year[0], season[near]
    pairs = zip(flow.values[:, near], rain.values[:, near], strict=True)
    return np.array([one_gauge(*pair, season, year) for pair in pairs])


def one_gauge(
    flow: np.ndarray, rain: np.ndarray, season: np.ndarray, year: np.ndarray
) -> np.ndarray:
    """Constants (window, year) of one gauge."""
    log_flow = np.log(flow)
    first, n = segments(drained(flow, log_flow, rain, season))
    segment = np.repeat(np.arange(n.size), n)
    day = np.arange(segment.size) - (np.cumsum(n) - n)[segment]
    y = log_flow[first[segment] + day]
    y -= (np.bincount(segment, y) / n)[segment]
    t = day - ((n - 1) / 2)[segment]
    sums = np.bincount(segment, t * t), np.bincount(segment, t * y), n, np.ones(n.size)
    years = [np.bincount(year[first], values, year[-1] + 1) for values in sums]
    constants = np.full((len(WINDOWS), year[-1] + 1), np.nan)
    for row, window in zip(constants, WINDOWS, strict=True):
        xx, xy, days, events = (np.convolve(values, np.ones(window), "valid") for values in years)
        fitted = (xy < 0) & (days >= 20) & (events >= 2)
        row[window // 2 :][: xx.size][fitted] = -xx[fitted] / xy[fitted]
    return constants


def drained(
    flow: np.ndarray, log_flow: np.ndarray, rain: np.ndarray, season: np.ndarray
) -> np.ndarray:
    """Mark the days of the season that neither rain nor a rise disturbs."""
    calm = log_flow[season]
    bends = np.abs(calm[:-4:5] - 2 * calm[2:-2:5] + calm[4::5])
    straight = bends[bends <= 3 * 1.4826 * np.median(bends)]
    limit = 3 * 1.4826 * np.median(straight) / np.sqrt(6)
    rises = np.zeros(flow.size, bool)
    rises[:-1] = np.diff(log_flow) > limit * np.sqrt(2)
    ahead = (log_flow[1:-2] + log_flow[2:-1] + log_flow[3:]) / 3
    rises[:-3] |= ahead - log_flow[:-3] > limit * np.sqrt(4 / 3)
    wet = rain > 1
    drains = season & ~wet & ~rises
    drains[1:] &= flow[1:] >= 0.5 * flow[:-1]
    for mark, days in ((rises, (1, 2, 3)), (wet, (1, 2))):
        for lag in days:
            drains[lag:] &= ~mark[:-lag]
    return drains


def segments(drains: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the segments of seven days and more begin, and their lengths."""
    edges = np.flatnonzero(np.diff(drains, prepend=False, append=False))
    first, n = edges[::2], edges[1::2] - edges[::2]
    return first[n >= 7], n[n >= 7]


def repeated(block: xr.DataArray, gauges: int) -> xr.DataArray:
    """Many gauges, of which a block at a time is a copy of the one given."""
    copy = dask.array.from_array(block.values).map_blocks(np.copy)
    many = dask.array.concatenate([copy] * (gauges // block.sizes["gauge"]))
    return xr.DataArray(many, {"time": block["time"]}, ("gauge", "time"))


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of one call, and what it returns."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def peak_memory() -> float:
    """Most memory that the process ever held [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def beyond_input(flow: xr.DataArray, rain: xr.DataArray | None) -> float:
    """Most memory that fitting asks for, over that of its input."""
    tracemalloc.start()
    recession_constants(flow, rain, windows=WINDOWS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / (flow.nbytes + (0 if rain is None else rain.nbytes))


def machine() -> str:
    """Return what this runs on, as Linux names it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {line.split(":")[1].strip() for line in lines if line.startswith("model name")}
    return f"{os.cpu_count()} cores, {', '.join(names)}"


if __name__ == "__main__":
    print(machine())
    # First, since a peak only grows.
    flow, rain = rivers(np.random.default_rng(1), Case(), 100, YEARS)
    flow, rain = (repeated(record, HUGE) for record in (flow, rain))
    before = peak_memory()
    huge, _ = seconds(lambda: recession_constants(flow, rain))
    print(f"{HUGE} gauges, {(flow.nbytes + rain.nbytes) / 1e9:.1f} GB: {huge:.0f} s")
    print(f"peak memory {before:.2f} GB before, {peak_memory():.2f} GB after")

    flow, rain = rivers(np.random.default_rng(1), Case(), MANY, YEARS)
    flow, rain = (record.copy(data=np.ascontiguousarray(record)) for record in (flow, rain))
    print(f"{MANY} gauges of {YEARS} years, windows of {WINDOWS} years")
    fitted, fits = seconds(lambda: recession_constants(flow, rain, windows=WINDOWS))
    looped, theirs = seconds(lambda: by_loop(flow, rain))
    ours = fits["recession_constant"].transpose("gauge", "window", "year").values
    print(f"with intervals {fitted:.2f} s, loop without {looped:.2f} s, ", end="")
    print(f"ratio {looped / fitted:.1f}")
    print(f"largest relative difference {np.nanmax(np.abs(ours / theirs - 1)):.0e}, ", end="")
    print(f"where there is none {np.sum(np.isnan(ours) != np.isnan(theirs))}")
    unknown, _ = seconds(lambda: recession_constants(flow, windows=WINDOWS))
    lazy = [record.chunk(gauge=100) for record in (flow, rain)]
    blocks, _ = seconds(lambda: recession_constants(*lazy, windows=WINDOWS))
    print(f"rain unknown {unknown:.2f} s, ratio to rain known {unknown / fitted:.1f}; ", end="")
    print(f"in blocks of 100 {blocks:.2f} s, ratio to one {blocks / fitted:.1f}")
    print("peak memory over that of the input: ", end="")
    print(f"{beyond_input(flow, rain):.2f}, rain unknown {beyond_input(flow, None):.2f}, ", end="")
    print(f"in blocks of 100 {beyond_input(*lazy):.2f}")
