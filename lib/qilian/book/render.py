"""From executed notebooks to the published HTML: stage, jupyter-book, swap."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import nbformat
import yaml

from qilian.archive.catalogue import Archive
from qilian.book._clean import clean
from qilian.book._downloads import colophon, copy_downloads, downloads
from qilian.book._front import THUMBNAILS, Shown, shown, write_front
from qilian.book._layout import lay_out
from qilian.book._unfinished import unfinished
from qilian.book.api import api_page
from qilian.book.architecture import draw_rooms, library_rooms, list_rooms, room_imports
from qilian.book.chapters import Chapter
from qilian.book.datasets import list_datasets
from qilian.book.pdf import pages_in_order
from qilian.book.run import Outcome, Run, installed_packages
from qilian.contracts.labels import written_list

_SETTINGS = "_config.yml", "_toc.yml"
_LAUNCH = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}


class RenderError(RuntimeError):
    """Jupyter Book failed; the message carries the end of what it printed."""


class JupyterBook:
    """Jupyter Book in a process of its own, which may load its parts while notebooks run.

    Parameters
    ----------
    project : Path
        Folder with `_config.yml`.
    """

    def __init__(self, project: Path) -> None:
        self._settings = project / "_config.yml"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process:
            self._process.communicate()  # without folders it ends

    def start(self) -> subprocess.Popen[str]:
        """Start the process, which loads what it needs and waits to be given a stage."""
        if self._process is None:
            pipe, program = subprocess.PIPE, "qilian.book.sphinx.build"
            command: list[str | Path] = [sys.executable, "-m", program, self._settings]
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, text=True
            )
        return self._process

    def build(self, stage: Path, work: Path, log: Path) -> None:
        """Render what is newer than its last pages, and write what was said to `log`.

        Raises
        ------
        RenderError
            It did not succeed.
        """
        process = self.start()
        out, warnings = process.communicate(f"{stage}\n{work}\n")
        log.write_text(out + warnings)
        if process.returncode or not (work / "_build" / "html" / "index.html").is_file():
            shutil.rmtree(work, ignore_errors=True)
            said = (warnings or out).strip()[-2000:]
            raise RenderError(f"Jupyter Book failed (all of it in {log}):\n{said}")


def render_book(
    run: Run,
    project: Path,
    chapters: Sequence[Chapter],
    outcomes: Sequence[Outcome],
    jupyter_book: JupyterBook,
) -> Path:
    """Render the book of one run and return its `index.html`.

    Only pages are read whose source changed, and only those are written that show it; where none
    did, the whole site is kept. It appears under its name only when it is complete; until then the
    last one stays.

    Parameters
    ----------
    run : Run
        Where the executed copies lie and the site goes (`html/`).
    project : Path
        Folder with `_config.yml`, `_toc.yml` and `book/`.
    chapters, outcomes : sequence
        Every notebook of the book and how it fared; a failed one gets a page that says so.
    jupyter_book : JupyterBook
        Renders, whether it was started or not.

    Raises
    ------
    RenderError
        Jupyter Book did not succeed.
    """
    site, record = run.folder / "html", run.folder / "render.json"
    staged, stage, work = (run.folder / name for name in ("staged", "stage", "render"))
    thumbnails = run.folder / THUMBNAILS
    last = json.loads(record.read_text()) if record.is_file() else {}
    tools = _digest_of(Path(__file__).parent) + installed_packages()
    state = {
        "tools": tools,
        "library": _digest_of(Path(__file__).parents[1]),
        "source": [
            *_stamps(project / "book"),
            *_stamps(project / "data" / "real"),
            *_stamps(run.folder / "executed"),
            *_stamps(run.folder / "failed"),
            *([outcome.chapter, outcome.message] for outcome in outcomes),
            *((project / name).read_text() for name in (*_SETTINGS, "CITATION.cff")),
        ],
    }
    if last == state | {"site": _stamps(site)}:
        return site / "index.html"
    jupyter_book.start()  # loads while pages are staged, if it did not before
    record.unlink(missing_ok=True)
    shutil.rmtree(staged, ignore_errors=True)
    if last.get("tools") != tools:
        for folder in (stage, work, thumbnails):
            shutil.rmtree(folder, ignore_errors=True)
    thumbnails.mkdir(exist_ok=True)
    _stage(staged, run, project, chapters, outcomes, thumbnails)
    changed = _changed(staged, stage)
    if _read_again(changed, staged, stage):
        for name in changed:
            (stage / name).unlink(missing_ok=True)
            if (staged / name).is_file():
                (staged / name).rename(stage / name)
        shutil.rmtree(staged)
    else:
        for folder in (stage, work):
            shutil.rmtree(folder, ignore_errors=True)
        staged.rename(stage)
    jupyter_book.build(stage, work, run.folder / "render.log")
    toc = yaml.safe_load((project / "_toc.yml").read_text())
    built = work / "_build" / "html"
    lacking = [name for name in pages_in_order(toc) if not (built / f"{name}.html").is_file()]
    if lacking:
        raise RenderError(f"the site lacks pages of _toc.yml: {', '.join(lacking)}.")
    shutil.rmtree(unfinished := run.folder / "unfinished", ignore_errors=True)
    shutil.copytree(built, unfinished)
    for chapter, outcome in zip(chapters, outcomes, strict=True):
        if outcome.status in ("ran", "kept"):
            copy_downloads(unfinished, run, chapter, project / "book" / "references.bib")
    _replace(site, unfinished)
    record.write_text(json.dumps(state | {"site": _stamps(site)}))
    return site / "index.html"


def _changed(new: Path, old: Path) -> list[str]:
    """Name files that are in only one of two folders, or not the same in both."""
    names = {
        str(path.relative_to(folder))
        for folder in (new, old)
        for path in folder.rglob("*")
        if path.is_file()
    }
    return [name for name in sorted(names) if _content(new / name) != _content(old / name)]


def _read_again(changed: Sequence[str], new: Path, old: Path) -> bool:
    """Tell whether Sphinx sees for itself what these files change: pages and what they include."""
    return all(
        (
            Path(name).suffix in (".md", ".ipynb", ".rst")
            and all((folder / name).is_file() for folder in (new, old))
        )
        or Path(name).parent.name == THUMBNAILS
        for name in changed
    )


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _digest_of(folder: Path) -> str:
    """Hash of all source below a folder."""
    total = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.rglob("*.py*")):
        if path.suffix in (".py", ".pyi"):
            total.update(path.read_bytes())
    return total.hexdigest()


def _stamps(site: Path) -> list[list]:
    """Names, sizes and times of a site's files."""
    files = ((path, path.stat()) for path in sorted(site.rglob("*")) if path.is_file())
    return [[str(path.relative_to(site)), s.st_size, s.st_mtime_ns] for path, s in files]


def _replace(site: Path, new: Path) -> None:
    """Put the new site in the place of the old one, which goes only when the new one stands."""
    old = site.with_name("html.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _stage(
    stage: Path,
    run: Run,
    project: Path,
    chapters: Sequence[Chapter],
    outcomes: Sequence[Outcome],
    thumbnails: Path,
) -> None:
    shutil.copytree(project / "book", stage / "book")
    shutil.copytree(project / "data" / "real", stage / "data" / "real")  # quoted by a page
    shutil.copy(project / "_toc.yml", stage)
    (stage / "_config.yml").write_text(settings((project / "_config.yml").read_text()))
    _write_library_pages(stage / "book", project)
    pages = []
    for chapter, outcome in zip(chapters, outcomes, strict=True):
        target = stage / chapter.path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        if outcome.status in ("ran", "kept"):
            notebook = nbformat.read(run.executed(chapter), as_version=4)
            pages.append(shown(chapter, notebook, thumbnails))
            page = clean(notebook)
            if finding := pages[-1].finding:
                page.metadata["myst"] = {"html_meta": {"description": finding}}
            end = colophon(notebook, run.results(chapter), run.archive.name)
            lay_out(page, chapter.name, downloads(run, chapter), end)
            nbformat.write(page, target)
        else:
            told = replace(
                outcome,
                message=_without_folders(outcome.message, run, project),
                traceback=_without_folders(outcome.traceback, run, project),
            )
            pages.append(Shown(chapter, _lacking(chapter, run.archive) or told.message))
            partly = unfinished(run, chapter) if told.status == "failed" else None
            if partly is not None:
                partly.cells[0].source += f"\n\n{_apology(told)}"
                nbformat.write(partly, target)
            else:
                apology = f"# {chapter.title}\n\n{_apology(told)}"
                target.with_suffix(".md").write_text(apology)
    write_front(project, stage / "book", pages, run.archive.name)


def settings(config: str) -> str:
    """Add buttons that lead to the repository, and launch a page elsewhere, if it has an address.

    Parameters
    ----------
    config : str
        Contents of `_config.yml`.
    """
    about = yaml.safe_load(config)
    if about.get("repository", {}).get("url"):
        about["launch_buttons"] = _LAUNCH
        about["html"] |= {"use_repository_button": True, "use_issues_button": True}
    return yaml.safe_dump(about, sort_keys=False, allow_unicode=True)


def _write_library_pages(book: Path, project: Path) -> None:
    """Write what the page on the architecture includes, and a page for each room."""
    imports = room_imports(project)
    (book / "rooms.svg").write_text(draw_rooms(imports))
    (book / "rooms.md").write_text(list_rooms(imports))
    (book / "datasets.md").write_text(list_datasets())
    (book / "api").mkdir()
    for room in library_rooms():
        (book / "api" / f"{room.name}.rst").write_text(api_page(room))


def _without_folders(text: str, run: Run, project: Path) -> str:
    """Name files from the catalogue, the project or the packages on, not a machine's folders."""
    archive, home = run.archive, run.archive.catalogue.parent
    for folder in (home, project):
        text = text.replace(f"{folder}/", "")
    for path in (archive.entry(name).path for name in archive.sound()):
        text = text.replace(str(path), os.path.relpath(path, home))
        text = text.replace(f"{path.parent}/", f"{os.path.relpath(path.parent, home)}/")
    return re.sub(r"(?:/[^\s/:'\"]+)+/(?=site-packages/)", "", text)


def _lacking(chapter: Chapter, archive: Archive) -> str:
    """Say in short what a page lacks in the archive; nothing if it lacks nothing."""
    lacks = [f"`{need}`" for need in chapter.lacks(archive)]
    return f"The archive has no {written_list(lacks)}." if lacks else ""


def _apology(outcome: Outcome) -> str:
    """Say why a page has no result."""
    said = {
        "failed": ("error", "This figure could not be made", "The notebook stopped with:"),
        "no input": ("note", "No input for this figure", "The archive of this book lacks it:"),
    }
    kind, headline, lead = said[outcome.status]
    page = f":::{{admonition}} {headline}\n:class: {kind}\n\n{lead}\n\n"
    page += f"```text\n{outcome.message}\n```\n:::\n"
    if outcome.traceback:
        page += f"\n````{{dropdown}} Traceback\n```text\n{outcome.traceback}\n```\n````\n"
    return page
