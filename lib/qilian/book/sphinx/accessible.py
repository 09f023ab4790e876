"""A Sphinx extension: what theme and pages leave nameless gets a name, for all who listen."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# Folds of the sidebar have no name.
_FOLD = '<summary><span class="toctree-toggle"'
_NAMED_FOLD = '<summary aria-label="Pages of this section"><span class="toctree-toggle"'
# A list of works holds works that are no items of a list.
_WORK, _LISTED_WORK = 'role="doc-biblioentry"', 'role="listitem"'
# A signature of several lines is a list of definitions without what they define.
_SIGNATURE = re.compile(r'<dl>(?=\s*<dd><em class="sig-param">)')
_HEADED_SIGNATURE = '<dl><dt class="visually-hidden">parameters</dt>'


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    app.connect("build-finished", mend_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mend_pages(app: Sphinx, error: Exception | None) -> None:
    """Mend all finished pages."""
    if error is not None:
        return
    for page in Path(app.outdir).rglob("*.html"):
        written = page.read_text()
        if (mended := mend(written)) != written:
            page.write_text(mended)


def mend(page: str) -> str:
    """Return a page whose folds have names and whose lists have items.

    Parameters
    ----------
    page : str
        Its HTML.
    """
    page = page.replace(_FOLD, _NAMED_FOLD).replace(_WORK, _LISTED_WORK)
    return _SIGNATURE.sub(_HEADED_SIGNATURE, page)
