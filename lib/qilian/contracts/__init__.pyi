from .datasets import (
    CLIMATE,
    CONTROL_POINTS,
    DISCHARGE,
    DISPLACEMENT,
    IMAGE,
    INTERFEROGRAMS,
    PAIR_TABLE,
    RATE,
    REFLECTOR_HEIGHT,
    THAW_DEPTH,
    Contract,
    Variable,
    conform,
)
from .errors import InputError, require
from .labels import attributes, class_attributes, heading, written_units
from .radars import RADARS, SPEED_OF_LIGHT, Radar

__all__ = [
    "CLIMATE",
    "CONTROL_POINTS",
    "DISCHARGE",
    "DISPLACEMENT",
    "IMAGE",
    "INTERFEROGRAMS",
    "PAIR_TABLE",
    "RADARS",
    "RATE",
    "REFLECTOR_HEIGHT",
    "SPEED_OF_LIGHT",
    "THAW_DEPTH",
    "Contract",
    "InputError",
    "Radar",
    "Variable",
    "attributes",
    "class_attributes",
    "conform",
    "heading",
    "require",
    "written_units",
]
