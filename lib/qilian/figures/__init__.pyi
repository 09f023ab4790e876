from .decorrelation import coherence_maps, decay_listing, decay_panel
from .land_cover import change_panel, ground_panel, registration_panel
from .maps import (
    bar_below,
    category_panel,
    map_grid,
    map_panel,
    outline,
    picture_panel,
    scale_length,
)
from .network import network_panel
from .periods import averages_panel, maps_with_errors
from .recession import (
    choices_panel,
    confidence_band,
    robust_limits,
    thaw_panel,
    window_panels,
)
from .scaling import density_panel, sensitivity_panel
from .site import site_maps
from .style import (
    COHERENCE_MAP,
    COHERENCE_NORM,
    COHERENCE_PALETTE,
    DISPLACEMENT_MAP,
    INK,
    MISSING,
    STYLE,
    WINDOW_COLORS,
    axis_label,
    letters,
    stamp,
    titled,
)
from .survey import (
    hillshade,
    location_panel,
    reaching,
    survey_extents,
    threshold_panel,
)
from .tables import before_and_after, columns, facts, said, table

__all__ = [
    "COHERENCE_MAP",
    "COHERENCE_NORM",
    "COHERENCE_PALETTE",
    "DISPLACEMENT_MAP",
    "INK",
    "MISSING",
    "STYLE",
    "WINDOW_COLORS",
    "averages_panel",
    "axis_label",
    "bar_below",
    "before_and_after",
    "category_panel",
    "change_panel",
    "choices_panel",
    "coherence_maps",
    "columns",
    "confidence_band",
    "decay_listing",
    "decay_panel",
    "density_panel",
    "facts",
    "ground_panel",
    "hillshade",
    "letters",
    "location_panel",
    "map_grid",
    "map_panel",
    "maps_with_errors",
    "network_panel",
    "outline",
    "picture_panel",
    "reaching",
    "registration_panel",
    "robust_limits",
    "said",
    "scale_length",
    "sensitivity_panel",
    "site_maps",
    "stamp",
    "survey_extents",
    "table",
    "thaw_panel",
    "threshold_panel",
    "titled",
    "window_panels",
]
