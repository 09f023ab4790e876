from .inversion import displacement
from .matched_rates import matching_correction
from .periods import (
    SATELLITES,
    SEASONS,
    matched_sentinel1,
    pair_listing,
    pairs_of,
    period_span,
    period_titles,
    season_pairs,
    sentinel1_rates,
    solve_pairs,
    stack_periods,
)
from .zones import kinds_of_ground

__all__ = [
    "SATELLITES",
    "SEASONS",
    "displacement",
    "kinds_of_ground",
    "matched_sentinel1",
    "matching_correction",
    "pair_listing",
    "pairs_of",
    "period_span",
    "period_titles",
    "season_pairs",
    "sentinel1_rates",
    "solve_pairs",
    "stack_periods",
]
