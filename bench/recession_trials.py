"""How often S5's verdict is right and wrong on rivers whose storage is known.

Rivers of 40 years (qilian_demo.river.trials), of which one thing changes evenly over 15 years in
their midst: storage, or something that feigns it. Each goes through the library as the page does
it: days by rain, season ended by freeze-up where air temperature is known, the years before against
those after, plainly and at equal flow, and the judgement. The library's numbers
(recession.STEADY_INFLOW, RATING_ERROR, REGULATED, FEIGNED_LEVEL) were set as the sizes that these
rivers try, not fitted to them. The reservoir that regulates is of another kind than the library
states.

Usage: python bench/recession_trials.py [folder [records]]
It writes recession_verdicts.csv and recession_laws.csv into book/, unless told otherwise, which
book/recession_trials.md shows. The second fits three laws to windows of five years.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from qilian import recession
from qilian_demo.river import TrialRiver, trial_records

BOOK = Path(__file__).resolve().parents[1] / "book"
RECORDS, FIRST_SEED = 200, 40_000
PERIODS = {"until": 1992, "since": 2008}
WINDOW = 5


@dataclass(frozen=True)
class Trial:
    """A kind of river, what is known of it, and whether its storage is that of its constant."""

    river: TrialRiver
    rain: bool = True
    air: bool = True
    options: Mapping = field(default_factory=dict)
    times: int = 1  # as many records as of others


LINEAR = TrialRiver()
SLOWER = replace(LINEAR, slower=1.2)
FROZEN = replace(LINEAR, temperature=0.0, ice=True)
TRIALS = {
    "linear, no change": Trial(LINEAR),
    "linear, years alike (10 %, 0.5)": Trial(replace(LINEAR, yearly=0.1, memory=0.5)),
    "noise of neighbouring days alike (0.8)": Trial(replace(LINEAR, persistence=0.8)),
    "b = 1.5, rain −20 %": Trial(replace(LINEAR, exponent=1.5, wetter=0.8)),
    "b = 2, rain −20 %": Trial(replace(LINEAR, exponent=2.0, wetter=0.8)),
    "mine water, +5 % of autumn flow": Trial(replace(LINEAR, mine_water=1.0)),
    "base flow of 3 m³/s, no change": Trial(replace(LINEAR, base_flow=3.0)),
    "rating curve, exponent 0.93": Trial(replace(LINEAR, rating=0.93)),
    "regulation, 5 % of the flow": Trial(replace(LINEAR, regulated=0.05)),
    "freeze-up 12 d later": Trial(replace(FROZEN, warmer=2.6)),
    "freeze-up 12 d later, air unknown": Trial(replace(FROZEN, warmer=2.6), air=False),
    "snow, +2.6 °C": Trial(replace(LINEAR, temperature=0.0, snow=True, warmer=2.6)),
    "linear, rain unknown": Trial(
        replace(LINEAR, noise=0.01), rain=False, options={"method": "falling"}
    ),
    "storage +20 %": Trial(SLOWER, times=4),  # whose power the page states
    "storage +20 %, freezing": Trial(replace(FROZEN, slower=1.2)),
    "storage +20 %, b = 1.5": Trial(replace(SLOWER, exponent=1.5)),
    "storage +20 %, base flow of 3 m³/s": Trial(replace(SLOWER, base_flow=3.0)),
    "storage +20 %, rain −20 %": Trial(replace(SLOWER, wetter=0.8)),
    "storage +20 %, noise alike (0.8)": Trial(replace(SLOWER, persistence=0.8)),
    "storage +40 %": Trial(replace(LINEAR, slower=1.4)),
}


def judged(trial: Trial, seed: int, records: int) -> pd.DataFrame:
    """Return one row a record: what is found, by which comparison, and how wide."""
    drawn = trial_records(np.random.default_rng(seed), trial.river, records)
    time = {"time": drawn.time.astype("datetime64[ns]")}
    rows = []
    for series in zip(drawn.discharge, drawn.precipitation, drawn.temperature, strict=True):
        flow, rain, air = (xr.DataArray(values, time, ("time",)) for values in series)
        rain = rain if trial.rain else None
        frozen = recession.frozen_days(air) if trial.air else None
        days = recession.select_days(flow, rain, without=frozen, **trial.options)
        compared = recession.compare_periods(days, **PERIODS)
        plain, equal = (compared.isel(comparison=row) for row in (0, 1))
        bent = recession.exponents(days, **PERIODS)
        feigners = recession.feigned(days, compared)
        around = recession.period_conditions(days, flow, rain, frozen, **PERIODS)
        found = recession.judge(compared, bent, feigners, around)
        rows.append(
            {
                "finding": found.finding,
                "plain": float(plain["change"]),
                "plain_longer": bool(plain["significant"] and plain["change"] > 0),
                "equal": float(equal["change"]),
                "equal_longer": bool(equal["significant"] and equal["change"] > 0),
                "low": float(equal["change_lower"]),
                "high": float(equal["change_upper"]),
                "bent": not bent["exponent_lower"][0] <= 1 <= bent["exponent_upper"][0],
                "before": float(plain["before"]),
                "recessions": int(plain["segments_before"]) / 13,
            }
        )
    return pd.DataFrame(rows)


def told(name: str, trial: Trial, found: pd.DataFrame) -> dict[str, str]:
    """Return a row of the table, shares of the records in per cent."""
    true = 100 * (trial.river.slower - 1)

    def share(values: pd.Series) -> str:
        return f"{100 * values.mean():.1f}"

    return {
        "river": name,
        "true change (%)": f"{true:.0f}",
        "slower storage (%)": share(found["finding"] == "slower"),
        "longer, any cause (%)": share(found["finding"] == "longer"),
        "change, median (%)": f"{found['plain'].median():+.0f}".replace("-", "−"),
        "at equal flow (%)": f"{found['equal'].median():+.0f}".replace("-", "−"),
        "its interval covers (%)": share((found["low"] <= true) & (true <= found["high"])),
        "significantly longer (%)": share(found["plain_longer"]),
        "longer at equal flow (%)": share(found["equal_longer"]),
        "b excludes 1 (%)": share(found["bent"]),
        "recessions a year": f"{found['recessions'].mean():.1f}",
    }


LAWS = {
    "linear": LINEAR,
    "linear, noise alike (0.8)": replace(LINEAR, persistence=0.8),
    "base flow of 3 m³/s": replace(LINEAR, base_flow=3.0),
    "b = 1.5": replace(LINEAR, exponent=1.5),
    "b = 2": replace(LINEAR, exponent=2.0),
    "ice from 8 November, season to the 30th": replace(LINEAR, temperature=0.0, ice=True),
}


def laws(name: str, river: TrialRiver, seed: int, records: int) -> pd.DataFrame:
    """Fit every law to every window; a row each of bias, coverage and preference."""
    drawn = trial_records(np.random.default_rng(seed), river, records, years=20)
    time = {"time": drawn.time.astype("datetime64[ns]")}
    tried = []
    for series in zip(drawn.discharge, drawn.precipitation, strict=True):
        days = recession.select_days(*(xr.DataArray(one, time, ("time",)) for one in series))
        fits = recession.law_fits(days, window=WINDOW)
        tried.append(fits.dropna("year", subset=["recession_constant"]))
    rows = []
    shapes = {"exponential": 1.0, "floor": river.base_flow, "power law": river.exponent}
    for law, shape in shapes.items():
        ones = [fits.sel(law=law) for fits in tried]
        error, held, held_shape, preferred = [], [], [], []
        for one in ones:
            true = river.constant * (float(one["stated"]) / 20) ** (1 - river.exponent)
            low, high = (one[f"recession_constant_{end}"] for end in ("lower", "upper"))
            error.extend(one["recession_constant"].values / true - 1)
            held.extend(((low <= true) & ~(high < true)).values)
            held_shape.extend(
                ((one["shape_lower"] <= shape) & (shape <= one["shape_upper"])).values
            )
            preferred.extend((one["preferred"] == law).values)
        fixed = law == "exponential"
        rows.append(
            {
                "river": name,
                "law": law,
                "bias of Ks, median (%)": f"{100 * np.median(error):+.1f}".replace("-", "−"),
                "its interval covers (%)": f"{100 * np.mean(held):.1f}",
                "that of floor or b (%)": "–" if fixed else f"{100 * np.mean(held_shape):.1f}",
                "preferred (%)": f"{100 * np.mean(preferred):.1f}",
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BOOK
    records = int(sys.argv[2]) if len(sys.argv) > 2 else RECORDS
    rows = []
    for seed, (name, trial) in enumerate(TRIALS.items()):
        found = judged(trial, FIRST_SEED + seed, trial.times * records)
        rows.append(told(name, trial, found))
        print(" | ".join(rows[-1].values()), flush=True)
    pd.DataFrame(rows).to_csv(folder / "recession_verdicts.csv", index=False)
    fitted = [
        laws(name, river, FIRST_SEED + seed, records // 4)
        for seed, (name, river) in enumerate(LAWS.items(), len(TRIALS))
    ]
    pd.concat(fitted).to_csv(folder / "recession_laws.csv", index=False)
