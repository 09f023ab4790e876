from .climate import (
    Climate,
    autumn_ice,
    calendar_year,
    day_of_year,
    simulate_climate,
    sum_by_year,
    thaw_state,
    thaw_year,
    thawing_index,
    years_since,
)
from .weather_files import write_era5, write_ghcn

__all__ = [
    "Climate",
    "autumn_ice",
    "calendar_year",
    "day_of_year",
    "simulate_climate",
    "sum_by_year",
    "thaw_state",
    "thaw_year",
    "thawing_index",
    "write_era5",
    "write_ghcn",
    "years_since",
]
