from .agreement import against_truth
from .classes import class_fractions, class_names, class_recall, class_zones, contingency
from .grids import (
    all_onto,
    distance_from,
    inside,
    mask_onto,
    middle,
    onto,
    pixel_size,
    relative_to,
)
from .zonal import truth_of_periods, zonal_contrast, zonal_mean, zonal_truth
from .zones import (
    SEASONS,
    buffered,
    covered,
    mine_zones,
    rings,
    stable_ground,
    thaw_zones,
    within_distance,
    zone_borders,
)

__all__ = [
    "SEASONS",
    "against_truth",
    "all_onto",
    "buffered",
    "class_fractions",
    "class_names",
    "class_recall",
    "class_zones",
    "contingency",
    "covered",
    "distance_from",
    "inside",
    "mask_onto",
    "middle",
    "mine_zones",
    "onto",
    "pixel_size",
    "relative_to",
    "rings",
    "stable_ground",
    "thaw_zones",
    "truth_of_periods",
    "within_distance",
    "zonal_contrast",
    "zonal_mean",
    "zonal_truth",
    "zone_borders",
]
