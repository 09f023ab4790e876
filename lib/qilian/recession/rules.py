"""Rules that say on which days a river recedes: ours, and those of others for comparison.

A rule sees the daily records of some gauges and answers for every day. What all rules share (the
season, gaps, stuck gauges, the length of segments) is done in `days`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from qilian.recession._published_rules import (
    brutsaert,
    cooper,
    falling,
    low_flow,
    tossh,
    vogel_kroll,
)
from qilian.recession._record import Record, bend, recent, three_day_mean


@dataclass(frozen=True)
class Rule:
    """How to choose days, the shortest segment that goes with it [day], and its source.

    Days chosen are numbered alike where they belong together, or merely true.
    A `local` rule looks at the days around each, not at the whole record.
    """

    choose: Callable[[Record], np.ndarray]
    minimum_length: int
    source: str
    local: bool = False


def _undisturbed(record: Record) -> np.ndarray:
    """Days that neither rain nor a rise beyond the noise disturbs.

    Discharge need not fall from day to day: asking noise to fall would favour steep stretches.
    Where rain is known it is the main witness; a rise tells of what it missed, and of water still
    on its way. Where it is unknown, smaller steps are looked for too, and what follows a rise
    counts once the three-day mean has turned convex. `days_after` days are left out after a wet
    day and after a rise. Where discharge halves in a day, the gauge or its unit has changed.
    """
    unknown = np.isnan(record.rain)
    rising = _rising(record, (1, 3), 3.0)
    disturbed = recent(record.rain > record.wet_day, record.days_after)
    if unknown.any():
        rising |= unknown & _steps(record, (3, 5, 7, 10), 2.0)
        disturbed |= unknown & _on_crest(record.log_flow, rising)
    disturbed |= recent(rising, record.days_after + 1)
    disturbed[:, 1:] |= record.flow[:, 1:] < 0.5 * record.flow[:, :-1]
    return ~disturbed


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "undisturbed": Rule(_undisturbed, 7, "ours", local=True),
        "falling": Rule(falling, 7, "usual practice"),
        "vogel_kroll": Rule(vogel_kroll, 7, "Vogel & Kroll 1996, doi:10.1007/BF00508898"),
        "brutsaert": Rule(brutsaert, 3, "Brutsaert 2008, doi:10.1029/2007WR006518"),
        "tossh": Rule(tossh, 4, "TOSSH, Gnann et al. 2021, doi:10.1016/j.envsoft.2021.104983"),
        "low_flow": Rule(low_flow, 7, "R's lfstat, after WMO-No. 1029, 2008"),
        "cooper": Rule(cooper, 4, "Cooper et al. 2023, doi:10.1029/2022WR033154"),
    }
)


def _rising(record: Record, spans: tuple[int, ...], z: float) -> np.ndarray:
    """Mark days that the mean of the next `span` exceeds by more than z standard errors."""
    days = record.log_flow.shape[1]
    found = np.zeros(record.log_flow.shape, bool)
    for span in spans:
        ahead = sum(record.log_flow[:, 1 + day : days - span + 1 + day] for day in range(span))
        excess = ahead / span - record.log_flow[:, :-span]
        found[:, :-span] |= excess > z * record.noise * np.sqrt(1 + 1 / span)
    return found


def _steps(record: Record, spans: tuple[int, ...], z: float) -> np.ndarray:
    """Mark last days before a step up in the line through `span` days on either side.

    The step is what least squares gives beside level and slope, so that it does not depend on how
    fast the river drains: a test of rises alone would cost slow events more days than fast ones.
    With d_i the i-th day after minus the i-th before, it is that of the pairs' differences,
    d_i = step + (2i - 1) slope, which asks for Σ d_i and, in Σ i d_i, for the sum of such sums.
    """
    flow = record.log_flow
    found = np.zeros(flow.shape, bool)
    total, totals = np.zeros(flow.shape), np.zeros(flow.shape)
    for span in range(1, max(spans) + 1):
        reach = slice(span - 1, -span)
        total[:, reach] += flow[:, 2 * span - 1 :] - flow[:, : 1 - 2 * span]
        totals[:, reach] += total[:, reach]
        if span in spans:
            level, slope = (2 * span + 1) / span / (span - 1), 6 / (span**2 - 1)
            excess = slope * totals[:, reach] - level * total[:, reach]
            limit = z * record.noise * np.sqrt(slope * (4 * span**2 - 1) / span / 3)
            up, down = excess[:, 1:] >= excess[:, :-1], excess[:, 1:] <= excess[:, :-1]
            steepest = up[:, :-1] & down[:, 1:] & (excess[:, 1:-1] > limit)
            found[:, span : -span - 1] |= steepest
    return found


def _on_crest(log_flow: np.ndarray, rises: np.ndarray) -> np.ndarray:
    """Mark days after a rise up to the first on which the three-day mean is convex."""
    convex = bend(np.exp(three_day_mean(log_flow))) > 0
    # Days of either kind, even where convex, odd where rising only; the last one decides.
    turn = 2 * np.arange(log_flow.shape[1], dtype=np.int32) + (rises & ~convex)
    return np.maximum.accumulate(turn * (rises | convex), axis=1) % 2 == 1
