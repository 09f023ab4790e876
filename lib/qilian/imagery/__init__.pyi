from .composites import colour_composite
from .indices import (
    classify_indices,
    fraction_above,
    ndvi,
    ndwi,
    reflectance_quality,
    threshold_sensitivity,
)
from .land_cover import (
    CHANGES,
    Split,
    areas_against,
    class_areas,
    colour_ground,
    grey_water,
    land_cover_change,
    measure_change,
    otsu,
    smoothed,
)
from .registration import (
    choose_transform,
    compare_transforms,
    fit_transform,
    left_out_residuals,
    point_residuals,
)
from .resampling import (
    common_grid,
    on_one_grid,
    position_error,
    resample_picture,
    transform_departures,
)
from .transforms import TRANSFORMS, Transform, affine_transform
from .verdicts import land_cover_verdicts, survey_verdicts

__all__ = [
    "CHANGES",
    "TRANSFORMS",
    "Split",
    "Transform",
    "affine_transform",
    "areas_against",
    "choose_transform",
    "class_areas",
    "classify_indices",
    "colour_composite",
    "colour_ground",
    "common_grid",
    "compare_transforms",
    "fit_transform",
    "fraction_above",
    "grey_water",
    "land_cover_change",
    "land_cover_verdicts",
    "left_out_residuals",
    "measure_change",
    "ndvi",
    "ndwi",
    "on_one_grid",
    "otsu",
    "point_residuals",
    "position_error",
    "reflectance_quality",
    "resample_picture",
    "smoothed",
    "survey_verdicts",
    "threshold_sensitivity",
    "transform_departures",
]
