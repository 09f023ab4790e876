from . import (
    archive,
    book,
    contracts,
    figures,
    imagery,
    insar,
    products,
    recession,
    spatial,
    thaw,
    views,
)
from .archive import READERS, Archive, open_archive
from .contracts import RADARS, InputError
from .imagery import ndvi, ndwi
from .insar import fit_corrections, fit_pairs, fit_series, invert, reference_by_coherence, vertical
from .products import displacement
from .recession import period_change, recession_constants, select_days
from .spatial import onto, zonal_mean
from .thaw import settlement_course, thawing_indices

__version__: str

__all__ = [
    "RADARS",
    "READERS",
    "Archive",
    "InputError",
    "archive",
    "book",
    "contracts",
    "displacement",
    "figures",
    "fit_corrections",
    "fit_pairs",
    "fit_series",
    "imagery",
    "insar",
    "invert",
    "ndvi",
    "ndwi",
    "onto",
    "open_archive",
    "period_change",
    "products",
    "recession",
    "recession_constants",
    "reference_by_coherence",
    "select_days",
    "settlement_course",
    "spatial",
    "thaw",
    "thawing_indices",
    "vertical",
    "views",
    "zonal_mean",
]
