from .agreement import against_truth
from .classes import class_fractions, class_names, class_zones, contingency
from .grids import distance_from, middle, onto, pixel_size
from .zonal import (
    distinct_periods,
    maps_against_truth,
    ring_means,
    zonal_contrast,
    zonal_mean,
    zonal_mean_beside_truth,
    zonal_sentences,
)
from .zones import buffered, covered, mine_zones, rings, within_distance, zone_borders

__all__ = [
    "against_truth",
    "buffered",
    "class_fractions",
    "class_names",
    "class_zones",
    "contingency",
    "covered",
    "distance_from",
    "distinct_periods",
    "maps_against_truth",
    "middle",
    "mine_zones",
    "onto",
    "pixel_size",
    "ring_means",
    "rings",
    "within_distance",
    "zonal_contrast",
    "zonal_mean",
    "zonal_mean_beside_truth",
    "zonal_sentences",
    "zone_borders",
]
