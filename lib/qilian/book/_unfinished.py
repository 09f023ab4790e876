"""The page of a notebook that failed: its question, and what it had shown until then."""

import re

import nbformat
from nbformat import NotebookNode

from qilian.book._clean import clean
from qilian.book._downloads import colophon
from qilian.book._layout import ANSWER, _drew, lay_out
from qilian.book.chapters import Chapter
from qilian.book.run import Run

_MARK = "papermill-error-cell-tag"  # of cells that papermill adds to a failure
_LABEL = re.compile(r":name: ([\w-]+)")  # of a table, in what a cell shows
_ABSENT = "(what was not made)"
_NUMBERED = re.compile(r"\{numref\}`(?:[^`<]*<)?([\w-]+)>?`")


def unfinished(run: Run, chapter: Chapter) -> NotebookNode | None:
    """Lay out the cells of a failed notebook up to the one that failed, without its error.

    Returns
    -------
    NotebookNode or None
        None where nothing of it was kept, as when its kernel died. Numbers of tables and figures
        that were not made give way to words.
    """
    if not run.failed(chapter).is_file():
        return None
    notebook = nbformat.read(run.failed(chapter), as_version=4)
    cells = [cell for cell in notebook.cells if _MARK not in cell.metadata.get("tags", [])]
    stopped = [k for k, cell in enumerate(cells) if _errors(cell)]
    if not stopped:
        return None
    notebook.cells = cells[: stopped[0] + 1]
    last = notebook.cells[-1]
    last.outputs = [output for output in last.outputs if output not in _errors(last)]
    if not last.outputs:
        last.metadata["tags"] = [tag for tag in last.metadata.get("tags", []) if tag != ANSWER]
    page = clean(notebook)
    lay_out(page, chapter.name, (), colophon(notebook, run.results(chapter), run.archive.name))
    made = _labels(page)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = _NUMBERED.sub(lambda at: at[0] if at[1] in made else _ABSENT, cell.source)
    return page


def _errors(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.get("outputs", ()) if output.output_type == "error"]


def _labels(page: NotebookNode) -> set[str]:
    """Labels of tables and figures that were made."""
    labels = set()
    for cell in page.cells:
        shown = [output.get("data", {}) for output in cell.get("outputs", ())]
        labels |= {label for data in shown for label in _LABEL.findall(str(data))}
        if _drew(cell):
            labels.add(cell.metadata.get("mystnb", {}).get("figure", {}).get("name"))
    return labels
