"""Windows from summed events against refitting the days of every window, in one run.

Both go from the discharge of the same gauges to constants for windows of 1, 3 and 5 years, choose
the same days with the same rule, and give the same constants. The library adds intervals, and then
takes many gauges more, once in memory and once in blocks. Seconds are those of the processor.
Usage: python bench/recession.py
"""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from recession_coverage import Case, rivers

from qilian import recession, recession_days

YEARS, FEW, MANY, WINDOWS = 40, 5, 1000, (1, 3, 5)


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


def seconds(work: Callable) -> tuple[float, np.ndarray]:
    """Processor time of one call, and what it returns."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


if __name__ == "__main__":
    flow, rain = rivers(np.random.default_rng(0), Case(), FEW, YEARS)
    recession.recession_constants(flow[0], rain[0])  # warm
    plain, theirs = seconds(
        lambda: np.array([by_refitting(*pair) for pair in zip(flow, rain, strict=True)])
    )
    summed, fits = seconds(lambda: recession.recession_constants(flow, rain, windows=WINDOWS))
    ours = fits["recession_constant"].transpose("gauge", "window", "year")
    difference = np.nanmax(np.abs(ours / theirs - 1))
    print(f"{FEW} gauges of {YEARS} years, windows of {WINDOWS} years")
    print(f"summed {summed:.3f} s, refitted {plain:.3f} s, ratio {plain / summed:.0f}")
    print(f"largest relative difference {difference:.1e}")

    flow, rain = rivers(np.random.default_rng(1), Case(), MANY, YEARS)
    whole, _ = seconds(lambda: recession.recession_constants(flow, rain))
    flow, rain = (record.chunk(gauge=100) for record in (flow, rain))
    blocks, _ = seconds(lambda: recession.recession_constants(flow, rain))
    print(f"{MANY} gauges, with intervals: {whole:.2f} s in memory, {blocks:.2f} s in blocks")
    print(f"ratio per gauge {plain / FEW / (whole / MANY):.0f}")
