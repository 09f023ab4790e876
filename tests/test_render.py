"""Rendering again only what changed: what is handed to Jupyter Book, and what it makes of it."""

import base64
import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from qilian.book import render
from qilian.book.architecture import library_rooms
from qilian.book.chapters import read_chapter
from qilian.book.run import Outcome, Run

PAGE = '{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# %s\\n", "%s"]}], '
PAGE += '"metadata": {}, "nbformat": 4, "nbformat_minor": 4}'
CITATION = """{title: T, version: 1, license: [A, B], authors: [{name: N}],
references: [{year: 2026, title: P, url: u, publisher: {name: E}, authors: [{family-names: F}]}]}"""


PROJECT = Path(__file__).parents[1]
TOC = """{format: jb-book, root: book/index, chapters: [
{file: notebooks/a}, {file: book/words}, {file: book/works}, {file: book/execution}]}"""
FRONT = """# The front

See {doc}`words`, {ref}`there`, {numref}`fig-white` and {term}`thing`.

```{include} gallery.md
```
"""
WORDS = """# Words

```{glossary}
thing
  It is something.
```

(there)=
## A heading

As one says {cite:p}`a2001`.
"""
WORKS = "".join(
    f"@article{{{key}, title={{T}}, author={{{name}, N.}}, journal={{J}}, year={{2001}}}}\n"
    for key, name in (("a2001", "Ames"), ("b2001", "Boyd"))
)


def white(shade: int) -> nbformat.NotebookNode:
    """A picture as a cell shows it."""
    written = io.BytesIO()
    Image.new("L", (40, 30), shade).convert("RGB").save(written, "png")
    return new_output("display_data", {"image/png": base64.b64encode(written.getvalue()).decode()})


def write_page(path: Path, title: str, figure: dict[str, str], shade: int = 255) -> None:
    """Write an executed notebook with a figure, whose seconds are its shade."""
    about = {"figure": figure, "image": {"alt": "White."}}
    cells = [
        new_markdown_cell(f"# {title}\n\nShade {shade}."),
        new_code_cell("draw()", metadata={"mystnb": about}, outputs=[white(shade)]),
    ]
    ran = {"duration": float(shade), "end_time": "2001-01-01T00:00:00"}
    about = {"papermill": ran, "language_info": {"name": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=about), path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one page and one notebook, which has been executed."""
    for folder in ("project/book", "project/data/real", "project/notebooks", "run/executed"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "project/book/references.bib").touch()
    (tmp_path / "project/_config.yml").write_text("repository: {url: ''}\n")
    (tmp_path / "project/_toc.yml").write_text("{}\n")
    (tmp_path / "project/CITATION.cff").write_text(CITATION)
    (tmp_path / "project/book/index.md").write_text("# A title\n\nWords.\n")
    for folder in ("project/notebooks", "run/executed"):
        (tmp_path / folder / "a.ipynb").write_text(PAGE % ("A notebook", "Words."))
    return tmp_path / "project"


@pytest.fixture
def rendered(project: Path, monkeypatch):
    """Render, and tell which files of the stage were new to Jupyter Book; all if it began anew."""
    built: list[set[str]] = []

    class Copied(render.JupyterBook):
        def start(self) -> None:
            """There is nothing to load."""

        def build(self, stage: Path, work: Path, log: Path) -> None:
            state = work / "seen.json"
            times = {str(p.relative_to(stage)): p.stat().st_mtime_ns for p in stage.rglob("*.*")}
            before = json.loads(state.read_text()) if state.is_file() else {}
            built.append({name for name in times if times[name] != before.get(name)})
            site = work / "_build/html"
            site.mkdir(parents=True, exist_ok=True)
            state.write_text(json.dumps(times))
            (site / "index.html").write_text((stage / "book/index.md").read_text())

    monkeypatch.setattr(render, "library_rooms", lambda: library_rooms()[:1])

    def call() -> set[str]:
        built.clear()
        chapter = read_chapter(project / "notebooks/a.ipynb")
        run = Run(SimpleNamespace(name="demo"), {}, project.parent / "run")
        outcomes = [Outcome("a", "kept", 0.0)]
        render.render_book(run, project, [chapter], outcomes, Copied(project))
        return built[0] if built else set()

    return call


def test_a_book_whose_pages_are_the_same_is_not_rendered_again(rendered, project):
    assert "book/index.md" in rendered()
    assert rendered() == set()
    site = project.parent / "run/html/index.html"
    site.write_text("damaged")
    rendered()
    assert site.read_text().startswith("# A title")


def test_a_page_costs_itself_and_the_settings_or_another_page_all(rendered, project):
    everything = rendered()
    page, notebook = project / "book/index.md", project.parent / "run/executed/a.ipynb"
    page.write_text("# A title\n\nOther words.\n")
    assert rendered() == {"book/index.md"}
    notebook.write_text(PAGE % ("A notebook", "Other words."))
    assert rendered() == {"notebooks/a.ipynb"}
    notebook.write_text(PAGE % ("Another", "Other words."))
    assert rendered() == {"notebooks/a.ipynb"}
    (project / "_config.yml").write_text("title: other")
    assert rendered() == everything
    (project / "book/more.md").write_text("# One more\n")
    assert rendered() == everything | {"book/more.md"}


def test_a_notebook_that_took_another_time_costs_the_pages_that_tell_it(rendered, project):
    """The page, the times, and what the front page includes of them; a thumbnail comes and goes."""
    run = project.parent / "run"
    rendered()
    write_page(run / "executed/a.ipynb", "A notebook", {"caption": "White."})
    told = {f"book/{name}.md" for name in ("execution", "gallery", "imprint")}
    assert rendered() == told | {"notebooks/a.ipynb", "book/thumbnails/a.png"}
    (run / "executed/a.ipynb").write_text(PAGE % ("A notebook", "Words."))
    assert rendered() == told | {"notebooks/a.ipynb"}
    assert not (run / "stage/book/thumbnails/a.png").exists()


def test_other_words_in_the_library_are_rendered_and_other_tools_render_all(rendered, monkeypatch):
    everything = rendered()
    digest = render._digest_of

    def edited(name: str):
        return lambda folder: digest(folder) + (name if folder.name == name else "")

    monkeypatch.setattr(render, "_digest_of", edited("qilian"))
    assert rendered() == set()  # Sphinx sees for itself which docstrings are new
    monkeypatch.setattr(render, "_digest_of", edited("book"))
    assert rendered() == everything


@pytest.mark.slow
def test_jupyter_book_ends_when_there_is_nothing_to_render_after_all(project):
    """As when each notebook that ran anew failed as it did before."""
    (project / "_config.yml").write_text("title: A book")
    with render.JupyterBook(project) as jupyter_book:
        process = jupyter_book.start()
        assert process.poll() is None, "it waits for a stage"
    assert process.returncode == 0


@pytest.fixture
def small(project: Path, monkeypatch):
    """Render a book of five pages by Jupyter Book, and return each of its files."""
    shutil.copy(PROJECT / "_config.yml", project)
    shutil.copytree(PROJECT / "book/_static", project / "book/_static")
    (project / "_toc.yml").write_text(TOC)
    (project / "book/index.md").write_text(FRONT)
    (project / "book/words.md").write_text(WORDS)
    (project / "book/works.md").write_text("# Works\n\n```{bibliography}\n```\n")
    (project / "book/references.bib").write_text(WORKS)
    monkeypatch.setattr(render, "library_rooms", lambda: [])

    def call(anew: bool = False) -> dict[str, bytes]:
        run = Run(SimpleNamespace(name="demo"), {}, project.parent / "run")
        if anew:
            for name in ("html", "render", "stage", "thumbnails"):
                shutil.rmtree(run.folder / name)
        chapter = read_chapter(project / "notebooks/a.ipynb")
        outcomes = [Outcome("a", "kept", 0.0)]
        with render.JupyterBook(project) as jupyter_book:
            index = render.render_book(run, project, [chapter], outcomes, jupyter_book)
        files = (path for path in index.parent.rglob("*") if path.is_file())
        return {str(file.relative_to(index.parent)): file.read_bytes() for file in files}

    return call


@pytest.mark.slow
def test_a_book_rendered_page_by_page_is_to_the_byte_one_rendered_at_once(small, project):
    """First other words and another picture, then all that pages show of one another."""

    def ran(title: str, shade: int, label: str) -> None:
        figure = {"caption": "White.", "name": label}
        write_page(project.parent / "run/executed/a.ipynb", title, figure, shade)

    ran("A notebook", 255, "fig-white")
    first = small()
    ran("A notebook", 200, "fig-white")
    second = small()
    assert second == small(anew=True)
    assert len(second) == len(first), "the picture of before is gone"
    ran("Another title", 200, "fig-other")
    (project / "book/words.md").write_text(
        WORDS.replace("A heading", "Another").replace("a2001", "b2001").replace("thing", "matter")
    )
    front = FRONT.replace("thing", "matter").replace("fig-white", "fig-other")
    (project / "book/index.md").write_text(front)
    third = small()
    assert b"Boyd" in third["book/works.html"] and b"Another title" in third["book/words.html"]
    assert third == small(anew=True)
