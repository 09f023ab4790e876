from .cache import ROWS, kept, store
from .catalogue import Archive, Entry, locate, open_archive
from .closure import code_digest, modules_used, names_in, source_digest, used_names
from .discovery.draft import draft_catalogue, write_catalogue
from .facts import FACTS, Fact, check_facts
from .inventory import Holding, holding_verdicts, tabulate, take_inventory
from .project import base_folder, cache_folder, find_project
from .readers.formats import READERS, Data, Reader
from .readers.tiles import MERCATOR, fetch_basemap
from .scratch import MEMORY, read_once
from .weather_delays import subtract_delays

__all__ = [
    "FACTS",
    "MEMORY",
    "MERCATOR",
    "READERS",
    "ROWS",
    "Archive",
    "Data",
    "Entry",
    "Fact",
    "Holding",
    "Reader",
    "base_folder",
    "cache_folder",
    "check_facts",
    "code_digest",
    "draft_catalogue",
    "fetch_basemap",
    "find_project",
    "holding_verdicts",
    "kept",
    "locate",
    "modules_used",
    "names_in",
    "open_archive",
    "read_once",
    "source_digest",
    "store",
    "subtract_delays",
    "tabulate",
    "take_inventory",
    "used_names",
    "write_catalogue",
]
