"""A page from the top: answer, figure, downloads, parameters; then the notebook in its order."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from qilian.figures.tables import plain_markdown

LIFT, ANSWER, PARAMETERS = "lift", "answer", "parameters"
_ABOUT_VALUE = re.compile(r"#\s*(?:\[(?P<unit>[^\]]*)\]\s*)?(?P<meaning>.*)")


def lay_out(notebook: NotebookNode, name: str, files: Sequence[str], end: str) -> None:
    """Arrange an executed notebook as a page, in place.

    After the question come the cells tagged `lift`, in their order, those tagged `answer` as text
    of the page. Below the first figure stand what `check_all` found unusual, links to files and a
    table of the parameters. All code is folded.

    Parameters
    ----------
    notebook : NotebookNode
        As executed, with its parameters as `values_in_force` has them.
    name : str
        Of the notebook, as in `s05_recession`.
    files : sequence of str
        What can be downloaded, below the site's folder `downloads`.
    end : str
        Last words of the page.
    """
    question, *rest = notebook.cells
    lifted = [cell for cell in rest if LIFT in _tags(cell) or ANSWER in _tags(cell)]
    first = [_as_text(cell) if ANSWER in _tags(cell) else cell for cell in lifted]
    at = next((k + 1 for k, cell in enumerate(first) if "mystnb" in cell.metadata), len(first))
    first[at:at] = [*_unusual(rest), *_downloads(files), *_parameter_tables(rest, name)]
    others = (cell for cell in rest if not any(cell is one for one in lifted))
    notebook.cells = [question, *first, *others, new_markdown_cell(end)]
    notebook.nbformat_minor = 5  # from which on cells have names: the same at every build
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    for cell in notebook.cells:
        if cell.cell_type == "code" and not {"hide-input", "remove-cell"} & set(_tags(cell)):
            cell.metadata["tags"] = [*_tags(cell), "hide-input"]
        if cell.cell_type == "code":
            about = cell.metadata.setdefault("mystnb", {})
            about |= {"code_prompt_show": "Code", "code_prompt_hide": "Code"}
            if not _drew(cell):
                about.pop("figure", None)


def _drew(cell: NotebookNode) -> bool:
    """Whether a cell shows a picture, to which its caption and number belong."""
    return any("image/png" in output.get("data", ()) for output in cell.get("outputs", ()))


def findings(notebook: NotebookNode) -> list[dict[str, Any]]:
    """Return what `answer` left in a notebook: `finding` and `simulated`."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return [about for output in outputs if "finding" in (about := _about(output))]


def _about(output: NotebookNode) -> dict[str, Any]:
    """Return what a function of this room left beside an output."""
    return output.get("metadata", {}).get("qilian", {})


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _as_text(cell: NotebookNode) -> NotebookNode:
    """Turn what a cell said into text of the page."""
    said = [output.data["text/markdown"] for output in cell.outputs if "data" in output]
    return new_markdown_cell(":::{div} answer\n" + "\n\n".join(said) + "\n:::")


def _unusual(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """Take what checks found unusual out of their cells, as text of the page."""
    for cell in cells:
        for output in [one for one in cell.get("outputs", ()) if "unusual" in _about(one)]:
            cell.outputs.remove(output)
            said = _about(output)["unusual"]
            yield new_markdown_cell(f":::{{admonition}} Unusual in this build\n{said}\n:::")


def _downloads(files: Sequence[str]) -> Iterator[NotebookNode]:
    """Link to files, if there are any, each by its kind."""
    if not files:
        return
    links = (f'<a href="../downloads/{file}" download>{_kind(file)}</a>' for file in files)
    yield new_markdown_cell(f'<p class="downloads">Download {" ".join(links)}</p>')


def _kind(file: str) -> str:
    """Name a file for its link."""
    stem, _, ending = file.rpartition("/")[2].rpartition(".")
    kind = {"png": "PNG, 300 dpi", "pdf": "PDF", "nc": "netCDF", "csv": "CSV", "bib": "BibTeX"}
    if ending == "ipynb":
        return "notebook as run" if stem.endswith(".executed") else "notebook"
    return f"{stem} ({kind.get(ending, ending)})"


def _parameter_tables(cells: Sequence[NotebookNode], name: str) -> Iterator[NotebookNode]:
    """Tell a notebook's parameters, as its cell has them, and hide the cell."""
    shown = next((cell for cell in cells if "injected-parameters" in _tags(cell)), None)
    default = next((cell for cell in cells if PARAMETERS in _tags(cell)), None)
    if default is None:
        return
    cell = default if shown is None else shown
    rows = list(_parameters(cell.source, default.source))
    cell.metadata["tags"] = [*_tags(cell), "remove-cell"]
    if not rows:
        return
    lines = ["| " + " | ".join(map(plain_markdown, row)) + " |" for row in rows]
    page = name.split("_")[0]
    yield new_markdown_cell(
        f"`````{{dropdown}} Parameters ({len(rows)}), and how to rerun with others\n"
        f"````{{table}} Parameters of this page\n:align: left\n:class: house\n\n"
        "| parameter | value | default | unit | meaning |\n|:--|:--|:--|:--|:--|\n"
        + "\n".join(lines)
        + f"\n````\n```shell\nqilian run {page} -p {rows[0][0]} VALUE\n```\n`````\n"
    )


def _parameters(source: str, default: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, value, default, unit and meaning of each; where input and results lie is none."""
    try:
        values, defaults = _values(source), _values(default)
    except SyntaxError:
        return
    told = _comments(source)
    for name, (value, line) in values.items():
        if name in ("archive", "results"):
            continue
        about = _ABOUT_VALUE.fullmatch(told.get(line, "#"))
        unit, meaning = (about["unit"] or "–", about["meaning"]) if about else ("–", "")
        before = defaults.get(name, (value, 0))[0]
        yield name, value, "as here" if before == value else before, unit, meaning


def _values(source: str) -> dict[str, tuple[str, int]]:
    """Values of annotated names as written, and their last lines."""
    nodes = (node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign))
    return {
        ast.unparse(node.target): (ast.unparse(node.value), node.end_lineno or node.lineno)
        for node in nodes
        if node.value is not None
    }


def _comments(source: str) -> dict[int, str]:
    """Comments by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
