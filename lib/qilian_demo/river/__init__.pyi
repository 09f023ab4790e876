from .streamflow import (
    Streamflow,
    icing_melt,
    liquid_water,
    recession_constant,
    route,
    simulate_streamflow,
)
from .trials import TrialRecords, TrialRiver, trial_records

__all__ = [
    "Streamflow",
    "TrialRecords",
    "TrialRiver",
    "icing_melt",
    "liquid_water",
    "recession_constant",
    "route",
    "simulate_streamflow",
    "trial_records",
]
