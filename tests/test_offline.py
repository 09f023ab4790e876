"""What a reader sees of an executed notebook, and what the site neither fetches nor loads."""

import base64
import copy
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import bokeh
import matplotlib.pyplot as plt
import numpy as np
import panel as pn
import pytest
from bokeh.layouts import column
from bokeh.models import Slider
from bokeh.plotting import figure
from fontTools.ttLib import TTFont
from math_core import LatexError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from sphinx.errors import ExtensionError

from qilian.book._clean import clean, values_in_force
from qilian.book._downloads import without_plots
from qilian.book._pictures import picture_of
from qilian.book.sphinx import fonts, offline
from qilian.book.sphinx.enlarge import linked, pack_pictures
from qilian.book.sphinx.formulas import mathml
from qilian.views.live import interactive

pn.extension()  # as a notebook's kernel has it, or a view shows nothing

LOAD = "application/vnd.holoviews_load.v0+json"
EXEC = "application/vnd.holoviews_exec.v0+json"


def display(**data: str) -> NotebookNode:
    """Make a display output; `text_html="…"` stands for `text/html`."""
    return new_output("display_data", data={key.replace("_", "/"): data[key] for key in data})


def code(source: str = "", tag: str = "", outputs: tuple[NotebookNode, ...] = ()) -> NotebookNode:
    """Make a code cell with at most one tag."""
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": [tag] if tag else []})


def png(size: int) -> bytes:
    """Draw a picture of black and white squares, which no step of colours changes."""
    stream = io.BytesIO()
    squares = np.indices((size, size)).sum(0) % 2 * 255
    Image.fromarray(squares.astype("uint8")).save(stream, "png")
    return stream.getvalue()


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
        display(image_png=base64.b64encode(png(2)).decode(), text_plain="<Figure>"),
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


def test_a_figure_keeps_its_size_and_its_colours_in_half_of_the_bytes() -> None:
    """White stays white; of a map in many shades one pixel in twenty moves by 5 of 255 or more."""
    stream, drawn = io.BytesIO(), plt.figure(figsize=(3, 2))
    plt.imshow(np.random.default_rng(0).normal(size=(80, 120)), cmap="RdBu")
    drawn.savefig(stream, format="png", dpi=200)
    plt.close(drawn)
    light = picture_of(Image.open(stream), 600)
    assert len(light) < 0.6 * len(stream.getvalue())
    before, after = (
        np.asarray(Image.open(one).convert("RGB")).astype(int)
        for one in (stream, io.BytesIO(light))
    )
    assert before.shape == after.shape
    off = abs(before - after).max(-1)
    assert np.percentile(off, 95) <= 5
    assert off.mean() < 1
    assert (after[(before == 255).all(-1)] == 255).all()


def test_few_colours_stay_as_they_are() -> None:
    drawn = Image.open(io.BytesIO(png(64)))
    few = Image.open(io.BytesIO(picture_of(drawn, drawn.width))).convert("L")
    assert np.array_equal(few, drawn)


def test_a_smaller_picture_keeps_its_proportions() -> None:
    light = Image.open(io.BytesIO(picture_of(Image.new("RGB", (300, 200), "teal"), 150)))
    assert light.size == (150, 100)
    assert light.convert("RGB").getcolors() == [(15000, (0, 128, 128))]


def shown(view: pn.pane.PaneBase) -> str:
    """Write a view as a notebook's output holds it."""
    return view._repr_mimebundle_()[0]["text/html"]


def page(tmp_path: Path) -> tuple[SimpleNamespace, list[str]]:
    """Stand for Sphinx; the list fills with the scripts that a page is to load."""
    scripts: list[str] = []
    load = lambda name, loading_method: scripts.append(f"{loading_method} {name}")  # noqa: E731
    return SimpleNamespace(outdir=tmp_path, add_js_file=load), scripts


def test_a_page_loads_the_scripts_that_its_plots_use(tmp_path: Path) -> None:
    """A plot needs Bokeh, a slider its widgets too, in this order; nothing waits for Panel."""
    plot = figure()
    plot.line([1, 2], [3, 4])
    app, scripts = page(tmp_path)
    body = offline.draw_plots(app, "s01", shown(interactive(plot)))
    assert scripts == ["defer bokeh/bokeh.min.js"]
    assert "Panel" not in body
    assert body.count("data-root-id=") == body.count("Bokeh.embed.embed_items(") == 1

    app, scripts = page(tmp_path)
    other = figure()
    other.line([1, 2], [3, 4])
    slider = Slider(start=0, end=1, value=0, step=1)
    both = shown(interactive(column(other, slider))) + shown(interactive(figure()))
    body_of_two = offline.draw_plots(app, "s02", both)
    assert scripts == ["defer bokeh/bokeh.min.js", "defer bokeh/bokeh-widgets.min.js"]
    assert body_of_two.count("Bokeh.embed.embed_items(") == 2
    assert (tmp_path / "_static/bokeh/bokeh-widgets.min.js").is_file()


def test_what_a_plot_says_cannot_end_its_script(tmp_path: Path) -> None:
    """A title may hold any tag; the page reads it back as it was."""
    plot = figure(title="</script><b>é")
    plot.line([1, 2], [3, 4])
    body = offline.draw_plots(page(tmp_path)[0], "s01", shown(interactive(plot)))
    assert body.count("</script>") == 1
    (documents,) = re.findall(r"embed_items\((\{.*\}), \[", body)
    assert "</script><b>é" in json.dumps(json.loads(documents), ensure_ascii=False)


def test_a_plot_that_would_stay_blank_stops_the_build(tmp_path: Path) -> None:
    """One of another Bokeh, one that only Panel draws, one of a form not known: each is named."""
    plot = shown(interactive(figure()))
    app, _ = page(tmp_path)
    with pytest.raises(ExtensionError, match=r"s01 holds plots of Bokeh 1\.0\.0"):
        offline.draw_plots(app, "s01", plot.replace(f'"{bokeh.__version__}"', '"1.0.0"'))
    with pytest.raises(ExtensionError, match="s01 has a plot that only Panel's own script"):
        offline.draw_plots(app, "s01", shown(pn.pane.HTML("text")))
    with pytest.raises(ExtensionError, match="s01 has a plot of another form"):
        offline.draw_plots(app, "s01", plot.replace("docs_json", "documents"))


def test_a_page_loads_no_script_that_nothing_on_it_uses() -> None:
    """Buttons to copy code come with code, tabs and boxes with theirs; the rest is every page's."""
    names = ["_static/copybutton.js?v=1", "_static/design-tabs.js", "_static/doctools.js?v=2", None]
    assets = [SimpleNamespace(filename=name) for name in names]
    offline.drop_idle_assets(assets, '<div class="highlight-python">')
    assert [asset.filename for asset in assets] == [names[0], *names[2:]]


def test_scripts_of_the_theme_go_from_a_page() -> None:
    """Those for icons and its search go with their lines; others stay."""
    names = ("scripts/fontawesome.js?digest=1", "searchtools.js", "scripts/bootstrap.js?digest=1")
    head = "".join(f'\n  <script defer src="../_static/{name}"></script>' for name in names)
    assert re.findall(r"[\w.]+js", offline.without_scripts(head, "fontawesome|searchtools")) == [
        "bootstrap.js"
    ]


def test_a_notebook_to_download_has_its_figures_and_no_plot() -> None:
    """A plot is drawn again by its cell; as an output it weighs as much as the page."""
    outputs = (display(image_png="iVBO"), display(text_html="<div data-root-id='1'>"))
    notebook = new_notebook(cells=[new_markdown_cell("# Figure S1"), code("f()", outputs=outputs)])
    kept = without_plots(notebook)
    assert kept["cells"][1]["outputs"] == [outputs[0]]
    assert kept["cells"][0] == notebook.cells[0]


@pytest.mark.parametrize(
    ("tex", "seen"),
    [
        (r"d_{ij}", "<msub><mi>d</mi><mrow><mi>i</mi><mi>j</mi></mrow></msub>"),
        (r"\frac{1}{2}", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
        (r"\sqrt n", "<msqrt><mi>n</mi></msqrt>"),
        (r"\bar w", '<mover><mi>w</mi><mo stretchy="false">¯</mo></mover>'),
    ],
)
def test_a_formula_is_mathml(tex: str, seen: str) -> None:
    """As its standard has it; a bar stands above its letter."""
    assert mathml(tex, display=False) == f"<math>{seen}</math>"


def test_an_unknown_command_of_a_formula_is_an_error() -> None:
    """It would be red text in the page."""
    with pytest.raises(LatexError):
        mathml(r"\unheardof x", display=True)


def test_a_page_has_glyphs_for_every_formula_and_icon_it_shows(tmp_path: Path) -> None:
    """Variables are drawn by letters of another code, roots by a sign that nothing spells."""
    glyphs = fonts.formula_glyphs(mathml(r"\sqrt{h} + \gamma_2", display=False))
    assert glyphs >= set("√ℎ𝛾+2")
    fonts.cut(fonts._MATH, glyphs, tmp_path / "formulas.woff")
    font = TTFont(tmp_path / "formulas.woff")
    assert {ord(glyph) for glyph in glyphs} <= set(font.getBestCmap())
    assert "MATH" in font  # how to stretch and to stack them
    assert "Open Font License" in font["name"].getDebugName(13)
    assert (tmp_path / "formulas.woff").stat().st_size < 20_000

    theme = (fonts._THEME / fonts._STYLES).read_text()
    styles = fonts.fewer_icons(theme, {"fa-bars", "fa-2x"})
    assert len(styles) < len(theme) - 50_000
    assert re.findall(r"src:url\(([^)]*)", styles) == ["../icons.woff"]
    assert ".fa-bars:before" in styles
    assert ".fa-sun:before" not in styles
    shown_by_theme = fonts.icon_glyphs(styles)
    assert "\uf0c9" in shown_by_theme
    assert fonts.icon_glyphs('content: "\\f0c3"') == {"\uf0c3"}


def test_outside_scripts_are_dropped_in_place() -> None:
    """Thebe and other hosts go from the very list that Sphinx holds; local scripts stay."""
    names = ["https://unpkg.com/x.js", "//host/x.js", "_static/sphinx-thebe.js", "_static/x.js"]
    assets = [SimpleNamespace(filename=name, attributes={}) for name in names]
    assets += [SimpleNamespace(filename=None, attributes={"body": "const THEBE_JS_URL = thebe"})]
    assets += [SimpleNamespace(filename=None, attributes={"body": "let local = 1"})]
    held = assets
    offline.drop_outside_assets(assets)
    assert [asset.filename for asset in held] == ["_static/x.js", None]


def packed(site: Path, page: str) -> dict[str, bytes]:
    """Pack the pictures of a site of one page, and read what is in their folder then."""
    (site / "index.html").write_text(page)
    (site / "trees").mkdir(exist_ok=True)
    pack_pictures(SimpleNamespace(outdir=site, doctreedir=site / "trees"), None)
    return {path.name: path.read_bytes() for path in (site / "_images").iterdir()}


def test_pictures_are_packed_in_two_sizes_that_look_as_they_did(tmp_path: Path) -> None:
    """Lines and shades are off by less than one level of 255 on average; the PNG goes."""
    drawn, axes = plt.subplots(figsize=(4, 3))
    axes.imshow(np.add.outer(np.arange(60), np.arange(80)), cmap="RdBu")
    axes.plot([0, 79], [0, 59], "k")
    (tmp_path / "_images").mkdir()
    drawn.savefig(tmp_path / "_images" / "a.png", dpi=200)
    plt.close(drawn)
    before = Image.open(tmp_path / "_images" / "a.png").convert("RGB")
    page = linked('<img src="_images/a.png">')
    assert packed(tmp_path, page).keys() == {"a.webp", "a.half.webp"}
    full, half = (Image.open(tmp_path / "_images" / f"a{end}.webp") for end in ("", ".half"))
    assert (full.size, half.size) == ((800, 600), (400, 300))
    assert abs(np.asarray(full).astype(float) - np.asarray(before)).mean() < 1


def test_a_picture_is_packed_once_whatever_its_name_and_goes_with_its_last_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sphinx copies it again with each page that it writes."""
    (tmp_path / "_images").mkdir()
    picture = Image.fromarray(np.add.outer(np.arange(60), np.arange(80)).astype("uint8"))
    picture.save(tmp_path / "_images" / "a.png")
    stored = (tmp_path / "_images" / "a.png").read_bytes()
    page = linked('<img src="_images/a.png">')
    first = packed(tmp_path, page)
    monkeypatch.setattr(Image.Image, "save", None)
    (tmp_path / "_images" / "b.png").write_bytes(stored)
    again = packed(tmp_path, page + linked('<img src="_images/b.png">'))
    assert again == first | {"b.webp": first["a.webp"], "b.half.webp": first["a.half.webp"]}
    assert packed(tmp_path, "No picture.") == {}
    assert not list((tmp_path / "trees" / "pictures").iterdir())


def test_a_figure_is_a_link_to_its_picture() -> None:
    """A picture file is wrapped once; pictures inside the page, such as a swipe's, are not."""
    inside = '<img src="data:image/png;base64,AAAA" alt="film">'
    page = linked(f'<figure><img alt="a" src="../_images/a.png" /></figure>{inside}')
    assert page.count("<a ") == 1
    assert '<a class="enlarge" href="../_images/a.webp" title="Full size"><img alt="a"' in page
    assert 'src="../_images/a.half.webp" srcset="../_images/a.webp 2x"' in page
    assert page.endswith(inside)
