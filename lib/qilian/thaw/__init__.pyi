from .gnssir import (
    LEAST_EPOCHS,
    agreement_sentences,
    at_station,
    average_around,
    compare_series,
    during,
    elevation_change,
    series_agreement,
)
from .index import (
    LONGEST_GAP,
    frozen_until,
    season_fractions,
    settlement_course,
    thawing_indices,
)
from .progress import LATE_SEASON, season_progress
from .scaling import (
    break_even,
    fullest_season,
    scale_season,
    scaling_sensitivity,
    scaling_verdicts,
    season_agreement,
)

__all__ = [
    "LATE_SEASON",
    "LEAST_EPOCHS",
    "LONGEST_GAP",
    "agreement_sentences",
    "at_station",
    "average_around",
    "break_even",
    "compare_series",
    "during",
    "elevation_change",
    "frozen_until",
    "fullest_season",
    "scale_season",
    "scaling_sensitivity",
    "scaling_verdicts",
    "season_agreement",
    "season_fractions",
    "season_progress",
    "series_agreement",
    "settlement_course",
    "thawing_indices",
]
