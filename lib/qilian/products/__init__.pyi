from .alos2 import alos2_rate
from .inversion import displacement
from .matched_rates import compared_rates, matching_correction
from .ring_rates import rate_around
from .seasons import thaw_seasons
from .sentinel1 import sentinel1_rates, sentinel1_season, stable_ground_of
from .short_pairs import (
    UNCORRECTED,
    bias_remedies,
    detected_bias,
    displacement_versions,
    loop_bias,
    rate_versions,
    remedied_rate,
    site_versions,
)

__all__ = [
    "UNCORRECTED",
    "alos2_rate",
    "bias_remedies",
    "compared_rates",
    "detected_bias",
    "displacement",
    "displacement_versions",
    "loop_bias",
    "matching_correction",
    "rate_around",
    "rate_versions",
    "remedied_rate",
    "sentinel1_rates",
    "sentinel1_season",
    "site_versions",
    "stable_ground_of",
    "thaw_seasons",
]
