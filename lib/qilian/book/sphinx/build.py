"""Jupyter Book as a process that is ready before its pages are, and writes on two cores.

Its own command does neither. What it renders is the same.
"""

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_book.config import get_final_config
from jupyter_book.sphinx import build_sphinx
from pybtex.plugin import find_plugin, register_plugin
from sphinx.application import Sphinx, builtin_extensions

JOBS = 2


def setup(app: Sphinx) -> dict[str, Any]:
    """Let pages be read side by side: the one extension that does not say so numbers them later."""
    app.extensions["sphinx_multitoc_numbering"].parallel_read_safe = True
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def load(settings: Path) -> None:
    """Import what a book with these settings is rendered by."""
    overrides = {"latex_individualpages": False}
    found, _ = get_final_config(user_yaml=settings, cli_config=overrides)
    for name in (*builtin_extensions, *found["extensions"], found["html_theme"]):
        import_module(name)
    # A citation would look through all installed packages for what turns it into text.
    text = "pybtex.backends", "plaintext"
    register_plugin(*text, find_plugin(*text), force=True)


def build(stage: Path, work: Path) -> bool:
    """Render a folder's book into another, which keeps the last pages; tell whether it failed."""
    status = build_sphinx(
        stage,
        work / "_build" / "html",
        noconfig=True,
        path_config=stage / "_config.yml",
        confoverrides={
            "external_toc_path": str(stage / "_toc.yml"),
            "latex_individualpages": False,
        },
        warningiserror=True,
        keep_going=True,
        jobs=JOBS,
    )
    return status != 0  # an exception is a failure too


if __name__ == "__main__":
    gc.disable()  # the trees of all pages are few, and going through them costs a tenth of the time
    load(Path(sys.argv[1]))
    if folders := sys.stdin.read().splitlines():  # none when nothing is to be rendered after all
        sys.exit(build(*map(Path, folders)))
