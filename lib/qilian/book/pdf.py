"""The whole book on paper: all pages one after another, printed by a browser into one PDF."""

import os
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from qilian.contracts.errors import InputError

BROWSERS = "chromium", "chromium-browser", "google-chrome", "chrome"
_ARTICLE = re.compile(r"<article\b.*</article>", re.S)
_ADDRESS = re.compile(r'\b(src|href|srcset)="(?![a-z]+:|#|/)([^"\s]+)')


def pages_in_order(toc: Mapping[str, Any]) -> Iterator[str]:
    """Names of the pages that a table of contents lists by file, in its order."""
    if file := toc.get("root") or toc.get("file"):
        yield file
    for group in (*toc.get("parts", ()), *toc.get("chapters", ()), *toc.get("sections", ())):
        yield from pages_in_order(group)


def one_page(site: Path, names: list[str]) -> str:
    """Join the articles of a site's pages to one HTML page at its root.

    Parameters
    ----------
    site : Path
        Folder of the rendered site.
    names : list of str
        Pages, such as `notebooks/s05_recession`, in order.
    """
    first = (site / f"{names[0]}.html").read_text()
    head = first[: first.index("</head>")]
    articles = []
    for name in names:
        found = _ARTICLE.search((site / f"{name}.html").read_text())
        if found:
            articles.append(_from_root(found[0], posixpath.dirname(name)))
    body = '\n<div style="break-before: page"></div>\n'.join(articles)
    styled = _from_root(head, posixpath.dirname(names[0]))
    return f'{styled}</head><body><main class="bd-main on-paper">{body}</main></body></html>'


def _from_root(html: str, folder: str) -> str:
    """Let the addresses in a page of a folder count from the site's root."""
    return _ADDRESS.sub(
        lambda found: f'{found[1]}="{posixpath.normpath(posixpath.join(folder, found[2]))}', html
    )


def write_pdf(site: Path, project: Path, target: Path) -> None:
    """Print a rendered book, the pages of the library's functions left out.

    Parameters
    ----------
    site : Path
        Folder of the rendered site.
    project : Path
        Folder with `_toc.yml`.
    target : Path
        The PDF to write.

    Raises
    ------
    InputError
        The book is not rendered, or there is no browser that prints.
    """
    if not (site / "index.html").is_file():
        raise InputError(f"{site} holds no rendered book, expected one: run `make book` first.")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise InputError(f"no browser prints the book, expected one of {', '.join(BROWSERS)}.")
    names = list(pages_in_order(yaml.safe_load((project / "_toc.yml").read_text())))
    joined = site / "on-paper.html"
    joined.write_text(one_page(site, names))
    command = [browser, "--headless", "--disable-gpu", "--no-pdf-header-footer"]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []  # as root, in a container
    done = subprocess.run(
        [*command, f"--print-to-pdf={target}", joined.as_uri()],
        capture_output=True,
        text=True,
        check=False,
    )
    joined.unlink()
    if done.returncode or not target.is_file():
        said = done.stderr.strip()[-300:]
        raise InputError(f"{browser} did not print the book, expected {target}: {said}")
