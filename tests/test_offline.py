"""What a reader sees of an executed notebook, and what the site refuses to fetch."""

import copy
from types import SimpleNamespace

import bokeh
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.errors import ExtensionError

from qilian.book._clean import clean, values_in_force
from qilian.book.sphinx.enlarge import linked
from qilian.book.sphinx.offline import check_bokeh_version, drop_outside_assets

LOAD = "application/vnd.holoviews_load.v0+json"
EXEC = "application/vnd.holoviews_exec.v0+json"


def display(**data: str) -> NotebookNode:
    """Make a display output; `text_html="…"` stands for `text/html`."""
    return new_output("display_data", data={key.replace("_", "/"): data[key] for key in data})


def code(source: str = "", tag: str = "", outputs: tuple[NotebookNode, ...] = ()) -> NotebookNode:
    """Make a code cell with at most one tag."""
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": [tag] if tag else []})


def test_loaders_and_their_helpers_go() -> None:
    """The scripts, the module shim, the browser probe and empty outputs leave no trace."""
    loader = new_output("display_data", data={"application/javascript": "…", LOAD: "…"})
    shim = display(text_html='<script type="esms-options">{}</script><style></style>')
    probe = new_output(
        "display_data", data={EXEC: "", "text/html": '{"name":"panel.models.browser.BrowserInfo"}'}
    )
    empty = new_output("display_data", data={})
    cleaned = clean(new_notebook(cells=[code(outputs=(shim, loader, loader, probe, empty))]))
    assert cleaned.cells[0].outputs == []


def test_everything_else_stays() -> None:
    """Plots, tables, prints, warnings, errors and prose are not the loaders' business."""
    outputs = (
        new_output("display_data", data={EXEC: "", "text/html": "<div>", "text/plain": ":Curve"}),
        display(text_html="<table>"),
        display(image_png="iVBO", text_plain="<Figure>"),
        new_output("stream", name="stdout", text="said"),
        new_output("stream", name="stderr", text="warned"),
        new_output("error", ename="ValueError", evalue="no", traceback=[]),
    )
    notebook = new_notebook(cells=[new_markdown_cell("# Figure S1"), code("f()", outputs=outputs)])
    assert clean(notebook) == notebook


def test_the_argument_is_not_changed() -> None:
    """`clean` is pure, and cleaning twice is cleaning once for the outputs."""
    loader = new_output("display_data", data={LOAD: "…"})
    notebook = new_notebook(
        cells=[code("a = 1", "parameters", (loader,)), code("a = 2", "injected-parameters")]
    )
    before = copy.deepcopy(notebook)
    clean(notebook)
    assert notebook == before


def test_one_parameter_cell_is_seen_with_the_values_in_force() -> None:
    """Injected values stand in the author's cell, beside the defaults that papermill left alone."""
    notebook = new_notebook(
        cells=[
            code('archive = "demo"  # folder\nwindow: int = 30  # days', "parameters"),
            code("# Parameters\nwindow = 45\n", "injected-parameters"),
        ]
    )
    default, injected = clean(notebook).cells
    assert default.metadata.tags == ["parameters", "remove-cell"]
    assert injected.metadata.tags == ["injected-parameters"]
    assert injected.source == 'archive = "demo"  # folder\nwindow: int = 45  # days'


def test_without_injection_the_parameter_cell_is_seen() -> None:
    """A run with the defaults shows them."""
    notebook = new_notebook(cells=[code("a = 1", "parameters")])
    assert clean(notebook) == notebook


@pytest.mark.parametrize(
    ("default", "injected", "seen"),
    [
        ("a = 1", "a = 2", "a = 2"),
        ("a = 1; b = 2", "b = 3", "a = 1; b = 3"),
        ('a = 1\nµ = "é"  # µm', 'µ = "è"', 'a = 1\nµ = "è"  # µm'),
        ("a = [\n    1,\n    2,\n]  # list\nb = 3", "b = 4\na = [5]", "a = [5]  # list\nb = 4"),
        ("a: int\nb = 1", "a = 2", "a: int\nb = 1\na = 2"),
        ("a = 1", "b = 2", "a = 1\nb = 2"),
        ("%matplotlib inline", "a = 2", "%matplotlib inline\na = 2"),
    ],
)
def test_values_in_force(default: str, injected: str, seen: str) -> None:
    """Layout, annotations, comments and non-ASCII names survive; unknown names are added."""
    assert values_in_force(default, injected) == seen


def test_a_plot_of_another_bokeh_stops_the_build() -> None:
    """It would be a blank box in the page, and nothing would say so."""
    plot = 'var docs_json = {"1f-2":{"version":"%s","title":"Bokeh Application"}};'
    check_bokeh_version("s01", plot % bokeh.__version__)
    with pytest.raises(ExtensionError, match="s01 holds plots of Bokeh 1"):
        check_bokeh_version("s01", plot % "1.0.0")


def test_outside_scripts_are_dropped_in_place() -> None:
    """Thebe and other hosts go from the very list that Sphinx holds; local scripts stay."""
    names = ["https://unpkg.com/x.js", "//host/x.js", "_static/sphinx-thebe.js", "_static/x.js"]
    assets = [SimpleNamespace(filename=name, attributes={}) for name in names]
    assets += [SimpleNamespace(filename=None, attributes={"body": "const THEBE_JS_URL = thebe"})]
    assets += [SimpleNamespace(filename=None, attributes={"body": "let local = 1"})]
    held = assets
    drop_outside_assets(assets)
    assert [asset.filename for asset in held] == ["_static/x.js", None]


def test_a_figure_is_a_link_to_its_picture() -> None:
    """A picture file is wrapped once; pictures inside the page, such as a swipe's, are not."""
    inside = '<img src="data:image/png;base64,AAAA" alt="film">'
    page = linked(f'<figure><img alt="a" src="../_images/a.png" /></figure>{inside}')
    assert page.count("<a ") == 1
    assert '<a class="enlarge" href="../_images/a.png"><img alt="a"' in page
    assert page.endswith(inside)
