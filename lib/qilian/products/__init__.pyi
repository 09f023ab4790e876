from .inversion import displacement
from .matched_rates import matching_correction
from .seasons import thaw_seasons
from .sentinel1 import sentinel1_rates, sentinel1_season

__all__ = [
    "displacement",
    "matching_correction",
    "sentinel1_rates",
    "sentinel1_season",
    "thaw_seasons",
]
