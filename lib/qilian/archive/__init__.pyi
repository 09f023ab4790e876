from .cache import ROWS, kept, store
from .catalogue import READ_AT_ONCE, Archive, Entry, locate, open_archive, read_if_small
from .closure import code_digest, imported_names
from .project import base_folder, cache_folder, find_project
from .readers.formats import READERS, Data, Reader
from .readers.tiles import MERCATOR, fetch_basemap

__all__ = [
    "MERCATOR",
    "READERS",
    "READ_AT_ONCE",
    "ROWS",
    "Archive",
    "Data",
    "Entry",
    "Reader",
    "base_folder",
    "cache_folder",
    "code_digest",
    "fetch_basemap",
    "find_project",
    "imported_names",
    "kept",
    "locate",
    "open_archive",
    "read_if_small",
    "store",
]
