"""Windows from summed events against refitting the days of every window, in one run.

Both go from the discharge of the same gauges to constants for windows of 1, 3 and 5 years, choose
the same days with the same rule, and give the same constants. The library adds intervals, and then
takes many gauges more, once in memory and once in blocks; and more than memory should hold, made
block by block as they are asked for. Seconds are those of the processor.
Usage: python bench/recession.py
"""

import resource
import time
from collections.abc import Callable

import dask.array
import numpy as np
import pandas as pd
import xarray as xr
from recession_coverage import Case, rivers

from qilian.recession import days as recession_days
from qilian.recession import windows

YEARS, FEW, MANY, HUGE, WINDOWS = 40, 5, 1000, 20_000, (1, 3, 5)


def by_refitting(flow: xr.DataArray, rain: xr.DataArray) -> np.ndarray:
    """Constants (window, year) without intervals, from the days of each window anew."""
    days = recession_days.select_days(flow, rain)
    table = days[["segment", "log_discharge"]].to_dataframe().query("segment > 0")
    table["t"] = (table.index - table.index[0]).days
    years = np.unique(days["time"].dt.year)
    constants = np.full((len(WINDOWS), years.size), np.nan)
    for row, window in enumerate(WINDOWS):
        half = window // 2
        for column in range(half, years.size - half):
            first, last = years[column - half], years[column + half]
            chosen = table[(table.index.year >= first) & (table.index.year <= last)]
            constants[row, column] = refit(chosen)
    return constants


def refit(chosen: pd.DataFrame) -> float:
    """Constant of a window's days, NaN for too few of them."""
    if chosen["segment"].nunique() < 2 or len(chosen) < 20:
        return np.nan
    groups = chosen.groupby("segment")
    t = chosen["t"] - groups["t"].transform("mean")
    y = chosen["log_discharge"] - groups["log_discharge"].transform("mean")
    return -(t @ t) / (t @ y)


def repeated(block: xr.DataArray, gauges: int) -> xr.DataArray:
    """Many gauges, of which a block at a time is a copy of the one given."""
    copy = dask.array.from_array(block.values).map_blocks(np.copy)
    many = dask.array.concatenate([copy] * (gauges // block.sizes["gauge"]))
    return xr.DataArray(many, {"time": block["time"]}, ("gauge", "time"))


def seconds(work: Callable) -> tuple[float, np.ndarray]:
    """Processor time of one call, and what it returns."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def peak_memory() -> float:
    """Most memory that the process ever held [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    # First, since a peak only grows.
    flow, rain = rivers(np.random.default_rng(1), Case(), 100, YEARS)
    flow, rain = (repeated(record, HUGE) for record in (flow, rain))
    before = peak_memory()
    huge, _ = seconds(lambda: windows.recession_constants(flow, rain))
    print(f"{HUGE} gauges, {(flow.nbytes + rain.nbytes) / 1e9:.1f} GB: {huge:.0f} s")
    print(f"peak memory {before:.2f} GB before, {peak_memory():.2f} GB after")

    flow, rain = rivers(np.random.default_rng(0), Case(), FEW, YEARS)
    windows.recession_constants(flow[0], rain[0])  # warm
    plain, theirs = seconds(
        lambda: np.array([by_refitting(*pair) for pair in zip(flow, rain, strict=True)])
    )
    summed, fits = seconds(lambda: windows.recession_constants(flow, rain, windows=WINDOWS))
    ours = fits["recession_constant"].transpose("gauge", "window", "year")
    difference = np.nanmax(np.abs(ours / theirs - 1))
    print(f"{FEW} gauges of {YEARS} years, windows of {WINDOWS} years")
    print(f"summed {summed:.3f} s, refitted {plain:.3f} s, ratio {plain / summed:.0f}")
    print(f"largest relative difference {difference:.1e}")

    flow, rain = rivers(np.random.default_rng(1), Case(), MANY, YEARS)
    whole, _ = seconds(lambda: windows.recession_constants(flow, rain))
    flow, rain = (record.chunk(gauge=100) for record in (flow, rain))
    blocks, _ = seconds(lambda: windows.recession_constants(flow, rain))
    print(f"{MANY} gauges, with intervals: {whole:.2f} s in memory, {blocks:.2f} s in blocks")
    print(f"ratio per gauge {plain / FEW / (whole / MANY):.0f}")
