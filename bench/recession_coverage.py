"""Coverage and bias of recession constants when the days are picked by the module itself.

A linear reservoir is fed by rain, its events' constants 20 % apart, its gauge 3 % noisy, and the
whole chain runs with and without the rain known. Usage: python bench/recession_coverage.py
"""

import numpy as np
import xarray as xr

from qilian import recession

TRUTH, SPREAD, NOISE, WET_FRACTION, YEARS, RECORDS = 30.0, 0.2, 0.03, 0.12, 40, 25


def reservoir(rng: np.random.Generator, spread: float) -> tuple[xr.DataArray, xr.DataArray]:
    """Daily discharge and rain; every wet day draws a new constant until the next one."""
    time = np.arange("1980", str(1980 + YEARS), dtype="datetime64[D]").astype("datetime64[ns]")
    wet = rng.random(time.size) < WET_FRACTION
    rain = np.where(wet, 1.1 + rng.exponential(8, time.size), 0)
    k = (1 + spread * rng.standard_normal(wet.sum() + 1)).clip(0.2)[np.cumsum(wet)] / TRUTH
    flow = np.empty(time.size)
    level = 1.0
    for day in range(time.size):
        level = level * np.exp(-k[day]) + 0.02 * rain[day]
        flow[day] = level
    flow *= np.exp(NOISE * rng.standard_normal(time.size))
    return tuple(xr.DataArray(v, {"time": time}, ("time",)) for v in (flow, rain))


def summary(rain_known: bool, spread: float) -> None:
    """Print coverage, unbounded intervals, fitted windows and bias for each window."""
    rng = np.random.default_rng(20)
    records = [reservoir(rng, spread) for _ in range(RECORDS)]
    fits = [recession.recession_constants(q, rain if rain_known else None) for q, rain in records]
    fits = xr.concat(fits, "record")
    low, high = fits["recession_constant_lower"], fits["recession_constant_upper"]
    given = low.notnull()
    covered = (low <= TRUTH) & ~(high < TRUTH)
    rate = 1 / fits["recession_constant"]
    for window in fits["window"].values:
        one = {"window": window}
        has = given.sel(one)
        print(
            f"{'known' if rain_known else 'unknown':8}{spread:7.0%}{window:7}"
            f"{100 * covered.sel(one).where(has).mean():10.1f}"
            f"{100 * high.sel(one).isnull().where(has).mean():11.1f}{int(has.sum()):11}"
            f"{100 * (1 / rate.sel(one).mean() / TRUTH - 1):10.1f}"
            f"{fits['segments'].sel(one).where(has).median():10.0f}"
            f"{fits['degrees_of_freedom'].sel(one).median():6.1f}"
        )


if __name__ == "__main__":
    print("rain     spread window covered % unbounded % intervals    bias %  segments   dof")
    for spread in (0.0, SPREAD):
        for rain_known in (True, False):
            summary(rain_known, spread)
