"""A Sphinx extension: every figure is a link to its picture in full size, which a phone needs."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_PICTURE = re.compile(r'<img [^>]*src="([^"]+\.png)"[^>]*>')


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    app.connect("html-page-context", link_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def link_pictures(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Wrap the pictures of one page."""
    context["body"] = linked(context.get("body", ""))


def linked(body: str) -> str:
    """Wrap each picture file of a page in a link to it.

    Examples
    --------
    >>> linked('<img alt="a map" src="map.png" />')
    '<a class="enlarge" href="map.png"><img alt="a map" src="map.png" /></a>'
    """
    return _PICTURE.sub(r'<a class="enlarge" href="\1">\g<0></a>', body)
