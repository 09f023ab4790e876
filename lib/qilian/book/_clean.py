"""From an executed notebook to the copy that a reader sees."""

import ast
import copy
from collections.abc import Iterable

from nbformat import NotebookNode

LOADER_MIME = "application/vnd.holoviews_load.v0+json"
LOADER_MARKS = ('<script type="esms-options">', '"panel.models.browser.BrowserInfo"')
"""What tells the loader's two HTML helpers from a plot: its module shim and its browser probe."""


def clean(notebook: NotebookNode) -> NotebookNode:
    """Return a copy with one parameter cell and no loaders of plot libraries.

    The loaders hold scripts that the site serves itself, or ask a content network for them
    (`qilian.book.sphinx.offline`), so they go, and so does papermill's own record. Every other
    output, cell and piece of metadata stays.

    Parameters
    ----------
    notebook
        As papermill left it. It is not changed.

    Returns
    -------
    NotebookNode
        The copy to render.
    """
    cleaned = copy.deepcopy(notebook)
    drop_loaders(cleaned)
    _show_parameters_once(cleaned.cells)
    # Papermill's record names folders of this machine, and readers can download the notebook.
    cleaned.metadata.pop("papermill", None)
    return cleaned


def drop_loaders(notebook: NotebookNode) -> None:
    """Take from an executed notebook the scripts by which JupyterLab draws plots, some 6 MB."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_loader(output)]


def _is_loader(output: NotebookNode) -> bool:
    """Tell whether an output only prepares the page for plots, or holds nothing at all."""
    if output.output_type not in ("display_data", "execute_result"):
        return False
    if not output.data or LOADER_MIME in output.data:
        return True
    # A plot also carries its text form; the helpers don't.
    html = output.data.get("text/html", "")
    return "text/plain" not in output.data and any(mark in html for mark in LOADER_MARKS)


def _show_parameters_once(cells: Iterable[NotebookNode]) -> None:
    """Show the values in force in papermill's cell and take the defaults off the page.

    Papermill injects only the values that were asked for. Alone they would hide the others, and
    the comments that explain them, so the shown cell is the author's with those values put in.
    """
    default = _tagged(cells, "parameters")
    injected = _tagged(cells, "injected-parameters")
    if default is None or injected is None:
        return
    injected.source = values_in_force(default.source, injected.source)
    default.metadata["tags"] = [*default.metadata["tags"], "remove-cell"]


def _tagged(cells: Iterable[NotebookNode], tag: str) -> NotebookNode | None:
    """Return the first cell that has the tag."""
    return next((cell for cell in cells if tag in cell.metadata.get("tags", [])), None)


def values_in_force(default: str, injected: str) -> str:
    """Write injected values over the defaults, keeping layout, annotations and comments.

    Parameters
    ----------
    default, injected
        Source of the author's parameter cell and of papermill's.

    Returns
    -------
    str
        The author's source with the injected values. Names that it lacks are added at the end.

    Examples
    --------
    >>> values_in_force("window: int = 30  # days", "window = 45")
    'window: int = 45  # days'
    """
    try:
        new, old = _assignments(injected), _assignments(default)
    except SyntaxError:  # a magic, or the mistake that stopped the run: show both as they are
        return f"{default}\n{injected}"
    lines = default.encode().splitlines(keepends=True)  # the parser counts columns in bytes
    for name in sorted(new.keys() & old.keys(), key=lambda name: -old[name].lineno):
        node, text = old[name], ast.get_source_segment(injected, new[name]) or ""
        head = lines[node.lineno - 1][: node.col_offset]
        last = node.end_lineno or node.lineno
        tail = lines[last - 1][node.end_col_offset :]
        lines[node.lineno - 1 : last] = [head + text.encode() + tail]
    added = [f"{name} = {ast.unparse(new[name])}" for name in new if name not in old]
    return "\n".join([b"".join(lines).decode().rstrip("\n"), *added])


def _assignments(source: str) -> dict[str, ast.expr]:
    """Return the value expression of each plain assignment, by name."""
    found = {}
    for node in ast.parse(source).body:
        match node:
            case ast.Assign([ast.Name(name), *_], value):
                found[name] = value
            case ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
                found[name] = value
    return found
