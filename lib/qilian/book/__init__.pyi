from .api import api_page, public_names, room_purpose
from .architecture import draw_rooms, library_rooms, list_rooms, room_imports
from .chapters import (
    Chapter,
    check_parameters,
    passed_on,
    python_code,
    read_chapter,
    read_chapters,
    read_folder,
    select,
)
from .checks import Check, CheckError, check_all, equal, within
from .datasets import list_datasets, reader_contract
from .pdf import one_page, pages_in_order, write_pdf
from .plan import plan_run
from .presentation import answer, show
from .provenance import notice, results_folder, save_results, whole_file
from .readiness import Readiness, loss_without, tell_readiness
from .render import JupyterBook, RenderError, render_book, settings
from .run import Outcome, Run, execute, installed_packages
from .tiles import save_tiles

__all__ = [
    "Chapter",
    "Check",
    "CheckError",
    "JupyterBook",
    "Outcome",
    "Readiness",
    "RenderError",
    "Run",
    "answer",
    "api_page",
    "check_all",
    "check_parameters",
    "draw_rooms",
    "equal",
    "execute",
    "installed_packages",
    "library_rooms",
    "list_datasets",
    "list_rooms",
    "loss_without",
    "notice",
    "one_page",
    "pages_in_order",
    "passed_on",
    "plan_run",
    "public_names",
    "python_code",
    "read_chapter",
    "read_chapters",
    "read_folder",
    "reader_contract",
    "render_book",
    "results_folder",
    "room_imports",
    "room_purpose",
    "save_results",
    "save_tiles",
    "select",
    "settings",
    "show",
    "tell_readiness",
    "whole_file",
    "within",
    "write_pdf",
]
