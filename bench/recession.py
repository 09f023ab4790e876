"""Windows from summed events against refitting the days of every window, in one run.

Both start from the same chosen days and give the same constants; only the fits are timed.
Usage: python bench/recession.py
"""

import time

import numpy as np
import xarray as xr

from qilian import recession, recession_days

YEARS, GAUGES, WINDOWS = 40, 5, (1, 3, 5)


def gauge(rng: np.random.Generator) -> xr.Dataset:
    """Chosen days of a noisy linear reservoir that refills at random."""
    days = np.arange("1980", str(1980 + YEARS), dtype="datetime64[D]").astype("datetime64[ns]")
    refill = np.where(rng.random(days.size) < 0.1, rng.exponential(0.5, days.size), 0)
    flow = np.ones(days.size)
    for day in range(1, days.size):
        flow[day] = flow[day - 1] * np.exp(-1 / 30) + refill[day]
    flow *= np.exp(0.03 * rng.standard_normal(days.size))
    return recession_days.select_days(xr.DataArray(flow, {"time": days}, ("time",)))


def by_sums(days: xr.Dataset) -> np.ndarray:
    """Constants (window, year) with intervals, by the module."""
    segments, reported = recession.segment_sums(days), recession_days.reported_fraction(days)
    fits = [recession.fit_windows(segments, reported, window=window) for window in WINDOWS]
    return np.array([fit["recession_constant"] for fit in fits])


def by_refitting(days: xr.Dataset) -> np.ndarray:
    """Constants (window, year) without intervals, from the days of each window anew."""
    table = days[["segment", "log_discharge"]].to_dataframe().query("segment > 0")
    table["t"] = (table.index - table.index[0]).days
    years = np.unique(days["time"].dt.year)
    constants = np.full((len(WINDOWS), years.size), np.nan)
    for row, window in enumerate(WINDOWS):
        half = window // 2
        for column in range(half, years.size - half):
            first, last = years[column - half], years[column + half]
            chosen = table[(table.index.year >= first) & (table.index.year <= last)]
            if chosen["segment"].nunique() < 2 or len(chosen) < 20:
                continue
            groups = chosen.groupby("segment")
            t = chosen["t"] - groups["t"].transform("mean")
            y = chosen["log_discharge"] - groups["log_discharge"].transform("mean")
            constants[row, column] = -(t @ t) / (t @ y)
    return constants


def seconds(fit, gauges: list[xr.Dataset]) -> tuple[float, np.ndarray]:
    """Time one pass over all gauges, after one gauge to warm up."""
    fit(gauges[0])
    start = time.perf_counter()
    constants = np.array([fit(days) for days in gauges])
    return time.perf_counter() - start, constants


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    gauges = [gauge(rng) for _ in range(GAUGES)]
    summed, ours = seconds(by_sums, gauges)
    refitted, theirs = seconds(by_refitting, gauges)
    difference = np.nanmax(np.abs(ours / theirs - 1))
    print(f"{GAUGES} gauges of {YEARS} years, windows of {WINDOWS} years")
    print(f"summed {summed:.3f} s, refitted {refitted:.3f} s, ratio {refitted / summed:.1f}")
    print(f"largest relative difference {difference:.1e}")
