from .chapters import (
    Chapter,
    check_parameters,
    passed_on,
    read_chapter,
    read_chapters,
    read_folder,
    select,
)
from .checks import Check, CheckError, check_all, equal, within
from .plan import plan_run
from .provenance import archive_inventory, notice, save_results
from .render import RenderError, render_book
from .run import Outcome, Run, execute

__all__ = [
    "Chapter",
    "Check",
    "CheckError",
    "Outcome",
    "RenderError",
    "Run",
    "archive_inventory",
    "check_all",
    "check_parameters",
    "equal",
    "execute",
    "notice",
    "passed_on",
    "plan_run",
    "read_chapter",
    "read_chapters",
    "read_folder",
    "render_book",
    "save_results",
    "select",
    "within",
]
