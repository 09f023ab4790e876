from .explorer import Explorer, coarsened, displacement_explorer
from .linked import linked_indices, linked_maps
from .live import interactive, live_map, live_slider
from .pairs import MISSING, pair_preview, pair_slider
from .recession import hover_band, hydrograph
from .swipe import swipe_view

__all__ = [
    "MISSING",
    "Explorer",
    "coarsened",
    "displacement_explorer",
    "hover_band",
    "hydrograph",
    "interactive",
    "linked_indices",
    "linked_maps",
    "live_map",
    "live_slider",
    "pair_preview",
    "pair_slider",
    "swipe_view",
]
