"""Rendering again only what changed; without Jupyter Book, and with the page of one room."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from qilian.book import render
from qilian.book.architecture import library_rooms
from qilian.book.chapters import read_chapter
from qilian.book.run import Outcome, Run

PAGE = '{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# %s\\n", "%s"]}], '
PAGE += '"metadata": {}, "nbformat": 4, "nbformat_minor": 4}'
CITATION = """{title: T, version: 1, license: [A, B], authors: [{name: N}],
references: [{year: 2026, title: P, url: u, publisher: {name: E}, authors: [{family-names: F}]}]}"""


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


def test_words_of_a_page_cost_that_page_and_its_title_or_the_settings_all(rendered, project):
    everything = rendered()
    page, notebook = project / "book/index.md", project.parent / "run/executed/a.ipynb"
    page.write_text("# A title\n\nOther words.\n")
    assert rendered() == {"book/index.md"}
    notebook.write_text(PAGE % ("A notebook", "Other words."))
    assert rendered() == {"notebooks/a.ipynb"}
    notebook.write_text(PAGE % ("Another", "Other words."))
    assert rendered() == everything
    (project / "_config.yml").write_text("title: other")
    assert rendered() == everything
    (project / "book/more.md").write_text("# One more\n")
    assert rendered() == everything | {"book/more.md"}


def test_other_words_in_the_library_are_rendered_and_other_tools_render_all(rendered, monkeypatch):
    everything = rendered()
    digest = render._digest_of

    def edited(name: str):
        return lambda folder: digest(folder) + (name if folder.name == name else "")

    monkeypatch.setattr(render, "_digest_of", edited("qilian"))
    assert rendered() == set()  # Sphinx sees for itself which docstrings are new
    monkeypatch.setattr(render, "_digest_of", edited("book"))
    assert rendered() == everything


def test_jupyter_book_ends_when_there_is_nothing_to_render_after_all(project):
    """As when each notebook that ran anew failed as it did before."""
    (project / "_config.yml").write_text("title: A book")
    with render.JupyterBook(project) as jupyter_book:
        process = jupyter_book.start()
        assert process.poll() is None, "it waits for a stage"
    assert process.returncode == 0
