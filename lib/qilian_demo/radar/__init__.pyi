from .acquisitions import Acquisitions, choose_pairs, make_acquisitions
from .atmosphere import ionospheric_delay, slant_delay
from .coherence import Decay, is_summer, is_winter, sample_interferogram, true_coherence
from .fading import bias_share, short_pair_bias
from .geotiff import stored_phase, write_geotiff, write_stack
from .hyp3 import product_name, write_products
from .images import ImageStack
from .interferograms import Interferogram, Track
from .licsar import write_frame, write_pair
from .pair_table import Pair, compact, read_pairs
from .sensors import Sensor, line_of_sight

__all__ = [
    "Acquisitions",
    "Decay",
    "ImageStack",
    "Interferogram",
    "Pair",
    "Sensor",
    "Track",
    "bias_share",
    "choose_pairs",
    "compact",
    "ionospheric_delay",
    "is_summer",
    "is_winter",
    "line_of_sight",
    "make_acquisitions",
    "product_name",
    "read_pairs",
    "sample_interferogram",
    "short_pair_bias",
    "slant_delay",
    "stored_phase",
    "true_coherence",
    "write_frame",
    "write_geotiff",
    "write_pair",
    "write_products",
    "write_stack",
]
