"""From executed notebooks to the published HTML: stage, jupyter-book, swap."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat

from qilian.book._clean import clean
from qilian.book.api import api_page
from qilian.book.architecture import draw_rooms, library_rooms, list_rooms, room_imports
from qilian.book.chapters import Chapter
from qilian.book.run import Outcome, Run


class RenderError(RuntimeError):
    """Jupyter Book failed; the message carries the end of what it printed."""


def render_book(
    run: Run, project: Path, chapters: Sequence[Chapter], outcomes: Sequence[Outcome]
) -> Path:
    """Render the book of one run and return its `index.html`.

    The site appears under its name only when it is complete; until then the last one stays.

    Parameters
    ----------
    run : Run
        Where the executed copies lie and the site goes (`html/`).
    project : Path
        Folder with `_config.yml`, `_toc.yml` and `book/`.
    chapters, outcomes : sequence
        Every notebook of the book and how it fared; a failed one gets a page that says so.

    Raises
    ------
    RenderError
        Jupyter Book did not succeed.
    """
    stage, unfinished = run.folder / "stage", run.folder / "unfinished"
    for folder in (stage, unfinished):
        shutil.rmtree(folder, ignore_errors=True)
    _stage(stage, run, project, chapters, outcomes)
    program = Path(sys.executable).with_name("jupyter-book")
    command: list[str | Path] = [program, "build", stage, "--path-output", unfinished, "--all"]
    command += ["--warningiserror", "--keep-going"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (run.folder / "render.log").write_text(done.stdout + done.stderr)
    html = unfinished / "_build" / "html"
    if done.returncode or not (html / "index.html").is_file():
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise RenderError(f"Jupyter Book failed (all of it in {run.folder}/render.log):\n{said}")
    _replace(run.folder / "html", html)
    shutil.rmtree(unfinished)
    return run.folder / "html" / "index.html"


def _replace(site: Path, new: Path) -> None:
    """Put the new site in the place of the old one, which goes only when the new one stands."""
    old = site.with_name("html.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _stage(
    stage: Path, run: Run, project: Path, chapters: Sequence[Chapter], outcomes: Sequence[Outcome]
) -> None:
    shutil.copytree(project / "book", stage / "book")
    shutil.copytree(project / "data" / "real", stage / "data" / "real")  # quoted by a page
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(project / name, stage / name)
    _write_library_pages(stage / "book", project)
    for chapter, outcome in zip(chapters, outcomes, strict=True):
        target = stage / chapter.path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        if outcome.status in ("ran", "kept"):
            notebook = nbformat.read(run.executed(chapter), as_version=4)
            nbformat.write(clean(notebook), target)
        else:
            # Paths below the project's root, so that no page shows a machine's folders.
            page = _apology(chapter, outcome).replace(f"{project}/", "")
            target.with_suffix(".md").write_text(page)


def _write_library_pages(book: Path, project: Path) -> None:
    """Write what the page on the architecture includes, and a page for each room."""
    imports = room_imports(project)
    (book / "rooms.svg").write_text(draw_rooms(imports))
    (book / "rooms.md").write_text(list_rooms(imports))
    (book / "api").mkdir()
    for room in library_rooms():
        (book / "api" / f"{room.name}.rst").write_text(api_page(room))


def _apology(chapter: Chapter, outcome: Outcome) -> str:
    """Page of a notebook that gave no result."""
    said = {
        "failed": ("error", "This figure could not be made", "The notebook stopped with:"),
        "no input": ("note", "No input for this figure", "The archive of this book lacks it:"),
    }
    kind, headline, lead = said[outcome.status]
    page = f"# {chapter.title}\n\n:::{{admonition}} {headline}\n:class: {kind}\n\n{lead}\n\n"
    page += f"```text\n{outcome.message}\n```\n:::\n"
    if outcome.traceback:
        page += f"\n````{{dropdown}} Traceback\n```text\n{outcome.traceback}\n```\n````\n"
    return page
