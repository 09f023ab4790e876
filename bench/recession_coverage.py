"""Coverage and bias of recession constants when the days are picked by the library itself.

Rivers are linear reservoirs fed by rain; every wet day draws a new constant for what follows, and
the gauge errs from day to day. The whole chain runs on them, with the rain known and unknown, over
a grid of constants, noises, spreads between events and lengths of the season; again where noise
persists from day to day; and, where nothing changes but years that follow one another are alike,
it is asked for changes and trends. The rivers are not those on which the library's numbers
(recession.WORKING_POWER, recession.UNSEEN_RAIN, recession.CLEAR_FALL) were chosen.

Usage: python bench/recession_coverage.py [folder]
It writes into book/, unless told otherwise, the tables that book/recession_trials.md shows:
recession_coverage.csv, recession_coverage_persistent.csv and recession_false_alarms.csv, and
recession_coverage_grid.csv, every case of the first two.
"""

import itertools
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.signal import lfilter

from qilian.recession import change, windows
from qilian.recession import days as recession_days
from qilian.recession import segments as recession_segments
from qilian.recession import trend as recession_trend

BOOK = Path(__file__).resolve().parents[1] / "book"
WET_FRACTION, RECORDS, WINDOWS = 0.12, 150, (1, 3, 5)
FIRST_SEED = 20_000  # lower ones were used in choosing
CONSTANTS, NOISES, SPREADS = (10.0, 30.0, 60.0, 90.0), (0.01, 0.03, 0.05), (0.0, 0.15, 0.3)
PERSISTENCES = (0.5, 0.8)
LABELS = {"segments": "recessions a year", "persistence": "correlation of days"}
# Seasons that hold about 3, 6 and 9 segments of a week or more.
SEASONS = {3: ("09-01", "11-30"), 6: ("06-15", "11-30"), 9: ("04-01", "11-30")}


@dataclass(frozen=True)
class Case:
    """One kind of river, and whether its rain is known."""

    constant: float = 30.0  # day
    noise: float = 0.03  # of ln Q
    spread: float = 0.15  # of 1 / Ks between events, relative
    segments: int = 3  # a year, about; a key of SEASONS
    rain_known: bool = True
    yearly: float = 0.0  # of 1 / Ks between years, relative
    memory: float = 0.0  # correlation of one year's with the next
    persistence: float = 0.0  # correlation of one day's noise with the next


def rivers(
    rng: np.random.Generator, case: Case, records: int, years: int
) -> tuple[xr.DataArray, xr.DataArray]:
    """Daily discharge and rain of many rivers, (gauge, time)."""
    time = np.arange("1980", str(1980 + years), dtype="datetime64[D]").astype("datetime64[ns]")
    wet = rng.random((time.size, records)) < WET_FRACTION
    rain = np.where(wet, 1.1 + rng.exponential(8, wet.shape), 0)
    event = np.cumsum(wet, axis=0)
    drawn = 1 + case.spread * rng.standard_normal((event.max() + 1, records))
    year = time.astype("datetime64[Y]").astype(int) - 10
    k = np.take_along_axis(drawn.clip(0.1), event, 0) / case.constant
    k *= 1 + _years(rng, case, records, years)[year]
    flow = np.empty(wet.shape)
    level = np.full(records, 0.02 * rain.mean() * case.constant)
    for day, (keep, water) in enumerate(zip(np.exp(-k), 0.02 * rain, strict=True)):
        level = level * keep + water
        flow[day] = level
    step = np.sqrt(1 - case.persistence**2) * rng.standard_normal(flow.shape)
    flow *= np.exp(case.noise * lfilter([1], [1, -case.persistence], step, axis=0))
    return tuple(xr.DataArray(v.T, {"time": time}, ("gauge", "time")) for v in (flow, rain))


def _years(rng: np.random.Generator, case: Case, records: int, years: int) -> np.ndarray:
    """Relative deviations of the years, (year, gauge), a first-order autoregression."""
    step = np.sqrt(1 - case.memory**2) * rng.standard_normal((years, records))
    deviation = np.zeros((years, records))
    deviation[0] = rng.standard_normal(records)
    for year in range(1, years):
        deviation[year] = case.memory * deviation[year - 1] + step[year]
    return case.yearly * deviation


def trial(case: Case, seed: int, records: int = RECORDS, years: int = 20) -> pd.DataFrame:
    """Run the chain on many rivers; one row a window length."""
    flow, rain = rivers(np.random.default_rng(seed), case, records, years)
    rain = rain if case.rain_known else None
    segments, reported = recession_segments.gauge_sums(flow, rain, season=SEASONS[case.segments])
    rows = []
    for window in WINDOWS:
        fits = windows.fit_windows(segments, reported, window=window)
        low, high = (fits[f"recession_constant_{end}"] for end in ("lower", "upper"))
        inside = fits["reason"] != windows._BEYOND
        held = (low <= case.constant) & ~(high < case.constant)
        k = 1 / fits["recession_constant"]
        rows.append(
            {
                **asdict(case),
                "window": window,
                "found": float(fits["segments"].where(inside).mean()) / window,
                "told": float(k.notnull().where(inside).mean()),
                "covered": float(held.where(low.notnull()).mean()),
                "open": float(high.isnull().where(low.notnull()).mean()),
                "bias": float(1 / k.mean() / case.constant - 1) if k.notnull().any() else np.nan,
            }
        )
    return pd.DataFrame(rows)


def grid(cases: Iterable[Case], records: int = RECORDS) -> pd.DataFrame:
    """Try every case."""
    tried = [trial(case, FIRST_SEED + i, records) for i, case in enumerate(cases)]
    return pd.concat(tried, ignore_index=True)


def every_case() -> list[Case]:
    """Constants, noises, spreads, segments a year, rain known or not, each with each."""
    values = itertools.product(CONSTANTS, NOISES, SPREADS, SEASONS, (True, False))
    return [Case(*case) for case in values]


def persistent_cases() -> list[Case]:
    """Few segments a year, with noise of which a day is like the day before."""
    values = itertools.product(PERSISTENCES, CONSTANTS, NOISES, SPREADS[::2], (3,), (True, False))
    return [Case(*case, persistence=alike) for alike, *case in values]


def condensed(tried: pd.DataFrame, by: str) -> pd.DataFrame:
    """Worst and best of the cases, by rain, `segments` a year or `persistence`, and window.

    A case that tells in fewer than half of its windows counts as one that cannot tell, and its
    numbers, which rest on chance survivors, are left out.
    """
    rows = []
    for (known, value, window), some in tried.groupby(["rain_known", by, "window"]):
        told = some[some["told"] >= 0.5]
        held, bias = 100 * told["covered"], 100 * told["bias"]
        covered = f"{held.mean():.1f} ({held.min():.1f}–{held.max():.1f})"
        found = f"{some['found'].mean():.1f}"
        rows.append(
            {
                "rain": "known" if known else "unknown",
                LABELS[by]: found if by == "segments" else value,
                "window (years)": window,
                "cases that tell": f"{len(told)}/{len(some)}",
                "covered, mean and range (%)": covered,
                "bias, range (%)": f"{bias.min():+.1f}…{bias.max():+.1f}",
                "no upper bound (%)": f"{100 * told['open'].mean():.0f}",
            }
        )
    return pd.DataFrame(rows).sort_values("rain", kind="stable")


def false_alarms(records: int = 800, years: int = 40) -> pd.DataFrame:
    """Ask rivers that do not change for a change between halves and for a trend."""
    rows = []
    for seed, (yearly, memory) in enumerate(((0.0, 0.0), (0.1, 0.0), (0.1, 0.3), (0.1, 0.5))):
        case = Case(yearly=yearly, memory=memory)
        flow, rain = rivers(np.random.default_rng(FIRST_SEED + seed), case, records, years)
        fits = windows.recession_constants(flow, rain)
        middle = 1980 + years // 2
        found = []
        for gauge in range(records):
            days = recession_days.select_days(flow[gauge], rain[gauge])
            step = change.period_change(days, until=middle - 1, since=middle)
            trend = recession_trend.trend_test(fits.isel(gauge=gauge))
            found.append([float(step["p_value"]), *trend["p_value"].values])
        share = 100 * np.mean(np.array(found) < 0.05, axis=0)
        names = ("change (%)", *(f"trend, {w}-year (%)" for w in WINDOWS))
        alarms = {name: f"{value:.1f}" for name, value in zip(names, share, strict=True)}
        rows.append({"spread of years (%)": f"{100 * yearly:.0f}", "correlation": memory} | alarms)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BOOK
    tried = grid(every_case() + persistent_cases()).drop(columns=["yearly", "memory"]).round(4)
    persists = tried["persistence"] > 0
    tables = {
        "recession_coverage_grid": tried,
        "recession_coverage": condensed(tried[~persists], "segments"),
        "recession_coverage_persistent": condensed(tried[persists], "persistence"),
        "recession_false_alarms": false_alarms(),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        print(f"{name}\n{table.to_string(index=False, max_rows=40)}\n")
