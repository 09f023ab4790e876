from .inversion import displacement
from .matched_rates import matching_correction
from .ring_rates import rate_around
from .seasons import thaw_seasons
from .sentinel1 import sentinel1_rates, sentinel1_season, stable_ground_of

__all__ = [
    "displacement",
    "matching_correction",
    "rate_around",
    "sentinel1_rates",
    "sentinel1_season",
    "stable_ground_of",
    "thaw_seasons",
]
