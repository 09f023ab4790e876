"""How often the intervals of a season's settlement and lowest day cover the truth.

Stacks are those of inversion_coverage.py, of two years, with ground that settles: a third of the
pixels by the root of the thawing index, a third with ice that melts late and adds a quarter, a
third a fortnight behind the air. Where a case says so, the amplitude differs from year to year.
Memory is found in each scene alone, as the book finds it.

Usage: python bench/season_coverage.py [folder]
It writes season_coverage.csv, which book/methods/season_curves.md shows, into book/, unless told
otherwise.
"""

import sys
from dataclasses import replace
from pathlib import Path

import inversion_coverage as stacks
import numpy as np
import pandas as pd
import xarray as xr

from qilian.insar import rates, season_curves, temporal_models
from qilian.insar.memory import noise_memory
from qilian.insar.network import acquisition_dates
from qilian.insar.sbas import invert
from qilian.thaw.index import settlement_course
from qilian.thaw.progress import LATE_SEASON, season_progress

BEHIND = 14  # days
CASES = [stacks.CASES[number] for number in (0, 3, 4, 5, 6, 8, 9)]
AMOUNTS = {
    "thaw_deformation": "settlement",
    "late_deformation": "late settlement",
    "late_excess": "late excess",
}


def weather(rng: np.random.Generator) -> xr.DataArray:
    """Draw daily air temperature [degC], around that of the headwaters."""
    days = xr.date_range("2015-01-01", "2018-12-31")
    wave = -4.2 + 12.5 * np.cos(2 * np.pi * (days.day_of_year - 200) / 365.25)
    return xr.DataArray(wave + rng.normal(0, 2.5, days.size), {"time": days}, ("time",))


def ground(rng: np.random.Generator, air: xr.DataArray, pixels: int, varies: float) -> xr.DataArray:
    """Draw daily displacement (time, pixel) [mm] of three kinds of ground in turn."""
    daily = season_progress(air, air["time"])
    thawed, frozen = daily["thawed"], daily["frozen"]
    late = (thawed - LATE_SEASON**0.5).clip(min=0) / (1 - LATE_SEASON**0.5)
    root = thawed - frozen
    kinds = [root, root + 0.25 * (late - frozen), root.shift(time=BEHIND)]
    amplitude = rng.uniform(-60, 0, pixels)
    years = np.unique(daily["thaw_year"])
    of_year = dict(zip(years, 1 + varies * rng.standard_normal(years.size), strict=True))
    of_day = np.array([of_year[year] for year in daily["thaw_year"].values])
    moved = [a * of_day * kinds[k % 3].values for k, a in enumerate(amplitude)]
    return xr.DataArray(np.array(moved).T, {"time": air["time"]}, ("time", "pixel"))


def truth(daily: xr.DataArray, air: xr.DataArray, progress: xr.Dataset) -> dict[str, np.ndarray]:
    """Amounts and lowest days (year, pixel) of ground whose every day is known."""
    every = season_progress(air, air["time"])
    found: dict[str, list] = {"thaw_deformation": [], "late_deformation": [], "lowest_day": []}
    for year in progress["year"].values:
        own = daily.where(every["thaw_year"] == year, drop=True)
        late, turn = (progress[name].sel(year=year).values for name in ("late_from", "turn"))
        at_turn = own.sel(time=turn - np.timedelta64(1, "D"))
        found["thaw_deformation"].append(at_turn - own[0])
        found["late_deformation"].append(at_turn - own.sel(time=late))
        near = own.sel(time=slice(None, turn + np.timedelta64(60, "D")))
        found["lowest_day"].append(near["time"].dt.dayofyear.values[near.argmin("time")])
    amounts = {name: np.array(values) for name, values in found.items()}
    share = 1 - LATE_SEASON**0.5
    amounts["late_excess"] = amounts["late_deformation"] - share * amounts["thaw_deformation"]
    return amounts


def draw(rng: np.random.Generator, case: stacks.Case) -> dict[str, float]:
    """Shares of intervals that hold the truth in one scene, and how wide they are."""
    stack = stacks.scene(rng, replace(case, season=0.0))
    dates, air = acquisition_dates(stack), weather(rng)
    result = invert(stack, screen_loops=False, uncertainty=False)
    daily = ground(rng, air, result.sizes["x"], case.season)
    added = daily.sel(time=dates.values).values[:, np.newaxis]
    moved = result["displacement"] + (added - added[0])
    model = temporal_models.thaw_model(settlement_course(air, dates))
    series = rates.fit_series(moved, model).assign(displacement=moved, model=model)
    memory = noise_memory(series)
    lasts = {name: float(np.nan_to_num(memory[name])) for name in ("persistence", "walk")}
    progress = season_progress(air, dates)
    true = truth(daily, air, progress)
    amounts = season_curves.season_amounts(moved, progress, **lasts)
    found = {}
    for name, text in AMOUNTS.items():
        reach = rates.half_width(amounts[f"{name}_standard_error"], amounts["degrees_of_freedom"])
        inside = abs(amounts[name][:, 0] - true[name]) <= reach[:, 0]
        found[text] = float(inside.where(reach[:, 0].notnull()).mean())
    lowest = season_curves.lowest_day(moved, progress, **lasts).isel(y=0)
    first, last = lowest["lowest_day_from"], lowest["lowest_day_to"]
    day = true["lowest_day"]
    found["lowest day"] = float(((first <= day) & (day <= last)).where(first.notnull()).mean())
    reach = rates.half_width(
        amounts["thaw_deformation_standard_error"], amounts["degrees_of_freedom"]
    )
    found["half-width (mm)"] = float(reach.median())
    found["interval of the day (d)"] = float((last - first).median())
    return found


def row(number: int, draws: int = stacks.DRAWS) -> dict[str, str]:
    """Coverage of a case, as the table shows it."""
    case, rng = CASES[number], np.random.default_rng(number)
    mean = pd.DataFrame([draw(rng, case) for _ in range(draws)]).mean()
    shares = {k: f"{v:.1%}" for k, v in mean.items() if not k.endswith(")")}
    return {"noise": case.name, **shares} | {k: f"{mean[k]:.0f}" for k in mean.index[-2:]}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else stacks.BOOK
    rows = []
    for number in range(len(CASES)):
        rows.append(row(number))
        print(*rows[-1].values(), sep=", ", flush=True)
    pd.DataFrame(rows).to_csv(folder / "season_coverage.csv", index=False)
