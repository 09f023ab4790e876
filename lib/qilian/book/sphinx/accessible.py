"""A Sphinx extension: what the theme leaves without a name gets one, for readers who listen."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

NAMELESS = '<summary><span class="toctree-toggle"'
NAMED = '<summary aria-label="Pages of this section"><span class="toctree-toggle"'


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    app.connect("build-finished", name_folds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def name_folds(app: Sphinx, error: Exception | None) -> None:
    """Name the folds of the sidebar on all finished pages."""
    if error is not None:
        return
    for page in Path(app.outdir).rglob("*.html"):
        written = page.read_text()
        if NAMELESS in written:
            page.write_text(written.replace(NAMELESS, NAMED))
