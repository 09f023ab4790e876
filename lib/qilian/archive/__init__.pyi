from .cache import CACHE, ROWS, kept, store
from .catalogue import PROJECT, READ_AT_ONCE, Archive, Entry, locate, open_archive, read_if_small
from .closure import code_digest
from .readers.formats import READERS, Data, Reader
from .readers.tiles import MERCATOR, fetch_basemap

__all__ = [
    "CACHE",
    "MERCATOR",
    "PROJECT",
    "READERS",
    "READ_AT_ONCE",
    "ROWS",
    "Archive",
    "Data",
    "Entry",
    "Reader",
    "code_digest",
    "fetch_basemap",
    "kept",
    "locate",
    "open_archive",
    "read_if_small",
    "store",
]
