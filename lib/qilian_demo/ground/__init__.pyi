from .deformation import Deformation, make_deformation, phase_away, range_increase, vertical_change
from .fields import correlated_field
from .grid import Grid, geographic_grid, inside, pixel_size, resample, utm_grid
from .history import Course, Period, ground_course, period_weights
from .places import write_outlines, write_sites
from .reflectometry import ReflectorHeight, simulate_reflector_height, write_gnssrefl
from .scene import Cover, Scene, by_cover, make_scene

__all__ = [
    "Course",
    "Cover",
    "Deformation",
    "Grid",
    "Period",
    "ReflectorHeight",
    "Scene",
    "by_cover",
    "correlated_field",
    "geographic_grid",
    "ground_course",
    "inside",
    "make_deformation",
    "make_scene",
    "period_weights",
    "phase_away",
    "pixel_size",
    "range_increase",
    "resample",
    "simulate_reflector_height",
    "utm_grid",
    "vertical_change",
    "write_gnssrefl",
    "write_outlines",
    "write_sites",
]
