"""A Sphinx extension: a figure has the pixels of the screen, and is a link to its full size."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

from qilian.book._pictures import picture_of

_PICTURE = re.compile(r'<img ([^>]*)src="([^"]+)\.png"([^>]*)>')
_HALF = ".half.png"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    app.connect("html-page-context", link_pictures)
    app.connect("build-finished", halve_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def link_pictures(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Wrap the pictures of one page."""
    context["body"] = linked(context.get("body", ""))


def linked(body: str) -> str:
    r"""Wrap each picture file of a page in a link to it; a screen of one pixel for one loads half.

    Examples
    --------
    >>> print(linked('<img src="m.png">').replace("><", ">\n<"))
    <a class="enlarge" href="m.png" title="Full size">
    <img src="m.half.png" srcset="m.png 2x">
    </a>
    """
    return _PICTURE.sub(
        r'<a class="enlarge" href="\2.png" title="Full size">'
        rf'<img \1src="\2{_HALF}" srcset="\2.png 2x"\3></a>',
        body,
    )


def halve_pictures(app: Sphinx, error: Exception | None) -> None:
    """Write the smaller one of each picture that has none yet, or an older one."""
    if error is not None:
        return
    pictures = [path for path in Path(app.outdir, "_images").glob("*.png") if not _is_half(path)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_write_half, pictures))


def _is_half(path: Path) -> bool:
    return path.name.endswith(_HALF)


def _write_half(path: Path) -> None:
    half = path.with_suffix(_HALF)
    if not half.is_file() or half.stat().st_mtime < path.stat().st_mtime:
        image = Image.open(path)
        half.write_bytes(picture_of(image, image.width // 2))
