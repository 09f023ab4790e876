from .basemap import hillshade, smooth_field, write_basemap, write_image
from .survey import (
    Patch,
    Surface,
    keyhole_transform,
    make_patch,
    reflectance,
    write_keyhole_1984,
    write_orthomosaic,
    write_rgb_2025,
)

__all__ = [
    "Patch",
    "Surface",
    "hillshade",
    "keyhole_transform",
    "make_patch",
    "reflectance",
    "smooth_field",
    "write_basemap",
    "write_image",
    "write_keyhole_1984",
    "write_orthomosaic",
    "write_rgb_2025",
]
