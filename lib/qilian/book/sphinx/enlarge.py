"""A Sphinx extension: a figure has the pixels of the screen, and is a link to its full size.

Pages carry pictures as WebP, in half of the bytes of PNG; the files to download stay as saved.
"""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

from qilian.book.sphinx.offline import drop_unnamed

_PICTURE = re.compile(r'<img ([^>]*)src="([^"]+)\.png"([^>]*)>')
_FULL, _HALF = ".webp", ".half.webp"
_QUALITY = 88  # beside the PNG, at the size of the screen, nobody sees a difference


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    app.connect("html-page-context", link_pictures)
    app.connect("build-finished", pack_pictures)
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
    <a class="enlarge" href="m.webp" title="Full size">
    <img src="m.half.webp" srcset="m.webp 2x">
    </a>
    """
    return _PICTURE.sub(
        rf'<a class="enlarge" href="\2{_FULL}" title="Full size">'
        rf'<img \1src="\2{_HALF}" srcset="\2{_FULL} 2x"\3></a>',
        body,
    )


def pack_pictures(app: Sphinx, error: Exception | None) -> None:
    """Put the two sizes of each picture in its place, and drop those that no page shows.

    Sphinx copies the pictures of all pages that it wrote; those packed before are not packed anew.
    """
    if error is not None:
        return
    site, packed = Path(app.outdir), Path(app.doctreedir, "pictures")
    packed.mkdir(exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_pack, site.glob("_images/*.png"), repeat(packed)))
    drop_unnamed(site, "_images")
    for kept in packed.iterdir():
        if kept.stat().st_nlink == 1:  # no picture of a page any more
            kept.unlink()


def _pack(path: Path, packed: Path) -> None:
    known = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    for end, shrink in ((_FULL, 1), (_HALF, 2)):
        kept, target = packed / f"{known}{end}", path.with_suffix(end)
        target.unlink(missing_ok=True)
        if kept.is_file():
            target.hardlink_to(kept)
        else:
            picture = Image.open(path).convert("RGB")
            size = picture.width // shrink, picture.height // shrink
            picture = picture.resize(size, Image.Resampling.LANCZOS)
            picture.save(target, quality=_QUALITY, method=2)
            kept.hardlink_to(target)  # when it is whole
    path.unlink()
