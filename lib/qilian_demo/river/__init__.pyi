from .streamflow import (
    Streamflow,
    icing_melt,
    liquid_water,
    recession_constant,
    route,
    simulate_streamflow,
)

__all__ = [
    "Streamflow",
    "icing_melt",
    "liquid_water",
    "recession_constant",
    "route",
    "simulate_streamflow",
]
