from .choices import choice_explorer
from .explorer import Explorer, coarsened, displacement_explorer
from .live import interactive, slider_below
from .maps import beside, chart
from .pairs import pair_preview
from .recession import hover_band, hydrograph
from .swipe import swipe_view

__all__ = [
    "Explorer",
    "beside",
    "chart",
    "choice_explorer",
    "coarsened",
    "displacement_explorer",
    "hover_band",
    "hydrograph",
    "interactive",
    "pair_preview",
    "slider_below",
    "swipe_view",
]
