"""A page from the top, what it offers to carry away, and what the front page tells of it."""

import base64
import copy
import io
import json

import nbformat
import pandas as pd
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from qilian.archive.catalogue import open_archive
from qilian.book import _downloads, _layout, pdf, render
from qilian.book import _front as front
from qilian.book._unfinished import unfinished
from qilian.book.chapters import Chapter
from qilian.book.run import Run
from qilian.book.sphinx.numbers import numbers
from qilian.figures.tables import table


def picture(width: int = 900, height: int = 700) -> str:
    """A white PNG as a notebook holds it."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(written, "png")
    return base64.b64encode(written.getvalue()).decode()


@pytest.fixture
def executed() -> nbformat.NotebookNode:
    """A notebook as executed: question, parameters, method, answer, figure, checks."""
    said = new_output(
        "display_data",
        {"text/markdown": "**Simulated data.** It sank by 9 ± 3 mm/a."},
        metadata={"qilian": {"finding": "It sank by 9 ± 3 mm/a.", "simulated": True}},
    )
    figure = new_output("display_data", {"image/png": picture()})
    about = {"figure": {"caption": "What sank.", "name": "fig-s12"}, "image": {"alt": "A map."}}
    parameters = 'near: float = 2000.0  # [m] ground closer counts\nresults: str = "r"  # folder'
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# S12: Rates\n\nDid it sink?"),
            new_code_cell(parameters, metadata={"tags": ["parameters", "remove-cell"]}),
            new_code_cell("near = 500.0", metadata={"tags": ["injected-parameters"]}),
            new_markdown_cell("## Method"),
            new_code_cell("fit()"),
            new_code_cell("answer()", metadata={"tags": ["answer"]}, outputs=[said]),
            new_code_cell("draw()", metadata={"tags": ["lift"], "mystnb": about}, outputs=[figure]),
            new_code_cell("check()"),
        ]
    )
    notebook.cells[2].source = parameters.replace("2000.0", "500.0")
    notebook.metadata["papermill"] = {"duration": 12.3, "end_time": "2026-11-28T10:00:00"}
    return notebook


def test_a_failed_page_says_why_below_its_question_and_shows_what_was_drawn(executed, tmp_path):
    """Up to the cell that failed, without the error's own output and machine's folders."""
    (folder := tmp_path / "archive").mkdir()
    (beyond := tmp_path / "gauges").mkdir()
    (beyond / "flow.csv").touch()
    entry = '[discharge]\nformat = "csv"\npath = "../gauges/flow.csv"\n'
    (folder / "catalogue.toml").write_text(f'[archive]\nname = "x"\n{entry}')
    run = Run(open_archive(folder), {}, tmp_path)
    chapter = Chapter(tmp_path / "s12_rate_maps.ipynb", "S12: Rates", (), (), {})
    error = new_output("error", ename="InputError", evalue="x", traceback=[str(tmp_path)])
    executed.cells[-1].outputs = [new_output("stream", name="stdout", text="seen"), error]
    mark = new_markdown_cell("papermill", metadata={"tags": ["papermill-error-cell-tag"]})
    executed.cells[:0] = [mark]
    executed.cells += [new_code_cell("never()")]
    executed.cells[4].source += " See {numref}`fig-s12` and {numref}`tab-s12-means`."
    run.failed(chapter).parent.mkdir()
    nbformat.write(executed, run.failed(chapter))
    page = unfinished(run, chapter)
    assert page.cells[0].source == "# S12: Rates\n\nDid it sink?"
    told = render._without_folders(f"{folder}/a.csv or {beyond}/flow.csv.", run, tmp_path / "any")
    assert told == "a.csv or ../gauges/flow.csv."
    shown = [cell.source for cell in page.cells]
    assert any("It sank by 9 ± 3 mm/a." in source for source in shown)
    assert "never()" not in shown
    assert "## Method See {numref}`fig-s12` and (what was not made)." in shown
    assert not any('class="downloads"' in source for source in shown)
    last = page.cells[shown.index("check()")]
    assert [output.output_type for output in last.outputs] == ["stream"]
    assert str(tmp_path) not in nbformat.writes(page)


def test_a_page_begins_with_question_answer_figure_downloads_and_parameters(executed):
    _layout.lay_out(executed, "s12_rate_maps", ["s12_rate_maps/s12.nc"], "The end.")
    shown = [cell.source for cell in executed.cells]
    assert shown[0].startswith("# S12")
    assert shown[1] == ":::{div} answer\n**Simulated data.** It sank by 9 ± 3 mm/a.\n:::"
    assert shown[2] == "draw()"
    assert 'href="../downloads/s12_rate_maps/s12.nc" download>s12 (netCDF)</a>' in shown[3]
    assert "| near | 500.0 | 2000.0 | m | ground closer counts |" in shown[4]
    assert shown[-3:] == ["fit()", "check()", "The end."]
    assert shown.index("## Method") > 4


def test_what_is_unusual_stands_below_the_figure_and_is_no_finding(executed):
    """It leaves the cell of the checks, whose table stays."""
    unusual = new_output(
        "display_data",
        {"text/markdown": "**Unusual.** Slope: 0.3."},
        metadata={"qilian": {"unusual": "Slope: 0.3."}},
    )
    executed.cells[-1].outputs = [unusual, new_output("stream", name="stdout", text="table")]
    assert [about["simulated"] for about in _layout.findings(executed)] == [True]
    _layout.lay_out(executed, "s12_rate_maps", [], "")
    shown = [cell.source for cell in executed.cells]
    told = ":::{admonition} Unusual in this build\nSlope: 0.3.\n:::"
    assert shown.index(told) == shown.index("draw()") + 1
    checked = executed.cells[shown.index("check()")]
    assert [output.output_type for output in checked.outputs] == ["stream"]


def test_a_page_is_the_same_at_every_build(executed):
    pages = [copy.deepcopy(executed), executed]
    for page in pages:
        _layout.lay_out(page, "s12_rate_maps", [], "")
    assert pages[0] == pages[1]


def test_all_code_of_a_page_is_folded_and_its_parameter_cells_are_tables(executed):
    _layout.lay_out(executed, "s12_rate_maps", [], "")
    tags = [cell.metadata["tags"] for cell in executed.cells if cell.cell_type == "code"]
    assert all({"hide-input", "remove-cell"} & set(each) for each in tags)
    assert sum("remove-cell" in each for each in tags) == 2


def test_a_notebook_without_answer_or_figure_is_a_page_too():
    notebook = new_notebook(cells=[new_markdown_cell("# Any"), new_code_cell("1")])
    _layout.lay_out(notebook, "any", ["any/any.ipynb"], "")
    assert [cell.cell_type for cell in notebook.cells] == [
        "markdown",
        "markdown",
        "code",
        "markdown",
    ]
    assert _layout.findings(notebook) == []


def test_the_front_page_tells_finding_badge_time_and_picture_of_each_page(executed, tmp_path):
    chapter = Chapter(tmp_path / "s12_rate_maps.ipynb", "S12: Rates", (), (), {}, headline=True)
    lacking = front.Shown(Chapter(tmp_path / "s01_x.ipynb", "S1", (), (), {}), "No uav.")
    pages = [front.shown(chapter, executed, tmp_path), lacking]
    cards = front.gallery(pages)
    assert ":img-alt: A map." in cards
    assert "It sank by 9 ± 3 mm/a.\n\n{bdg-warning}`simulated` runs in 12 s" in cards
    assert "No uav.\n\n{bdg-secondary}`no result`" in cards
    assert front.found(pages, "A valley") == (
        "**Simulated data.** This build stands on the archive “A valley”.\n\n"
        "- {doc}`S12 <../notebooks/s12_rate_maps>`: It sank by 9 ± 3 mm/a.\n"
    )
    assert Image.open(io.BytesIO(pages[0].picture)).size == front.THUMBNAIL
    assert "12.3" in front.execution_times(pages)


def test_a_thumbnail_is_made_anew_when_its_figure_is_another(executed, tmp_path, monkeypatch):
    chapter = Chapter(tmp_path / "s12_rate_maps.ipynb", "S12: Rates", (), (), {})
    first = front.shown(chapter, executed, tmp_path).picture
    monkeypatch.setattr(front, "thumbnail", lambda picture: b"another")
    assert front.shown(chapter, executed, tmp_path).picture == first
    for cell in executed.cells:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = base64.b64encode(b"drawn anew").decode()
    assert front.shown(chapter, executed, tmp_path).picture == b"another"
    assert len(list(tmp_path.iterdir())) == 1, "the last one is gone"


@pytest.mark.parametrize(
    ("page", "kind", "expected"),
    [
        ("notebooks/s05_recession", "figure", ["S5", "S5.2"]),
        ("notebooks/s05_recession", "table", ["S5.1", "S5.2"]),
        ("notebooks/table_s1", "table", ["S1", "T1.2"]),
        ("book/methods/thaw", "figure", ["1", "2"]),
    ],
)
def test_figures_and_tables_carry_the_supplements_numbers(page, kind, expected):
    found = numbers(page, kind)
    assert [next(found), next(found)] == expected


def test_nothing_in_a_table_is_markup_of_the_page():
    frame = pd.DataFrame({"a|b": ["<script>alert(1)</script>", "`x` $y$ [z](w)"], "n": [1.0, None]})
    shown = table(frame, "Hostile")
    assert "<script>" not in shown._repr_html_()
    markdown = shown._repr_markdown_()
    assert r"\<script\>" in markdown
    assert r"\`x\` \$y\$ \[z\]\(w\)" in markdown
    assert markdown.count("| –") == 1


def test_downloads_of_a_page_are_figure_numbers_notebook_and_citation(executed, tmp_path):
    path = tmp_path / "s12_rate_maps.ipynb"
    nbformat.write(executed, path)
    chapter = Chapter(path, "S12: {Rates}", (), (), {})
    run = Run(None, {}, tmp_path / "run")
    run.results(chapter).mkdir(parents=True)
    run.executed(chapter).parent.mkdir(parents=True)
    nbformat.write(executed, run.executed(chapter))
    for name in ("s12.png", "s12.pdf", "s12.csv", ".s12.nc"):
        (run.results(chapter) / name).write_bytes(b"x")
    references = tmp_path / "references.bib"
    references.write_text("@a{other,\n}\n@article{chang2026,\n  year = {2026}\n}\n")
    _downloads.copy_downloads(tmp_path / "site", run, chapter, references)
    folder = tmp_path / "site" / "downloads"
    assert {str(f.relative_to(folder)) for f in folder.rglob("*.*")} == set(
        _downloads.downloads(run, chapter)
    )
    cited = (folder / "s12_rate_maps" / "s12_rate_maps.bib").read_text()
    assert "title = {{S12: Rates}}" in cited
    assert "@article{chang2026," in cited
    assert "other" not in cited
    kept = json.loads((folder / "s12_rate_maps" / "s12_rate_maps.executed.ipynb").read_text())
    assert "papermill" not in kept["metadata"]


def test_a_page_is_launched_elsewhere_only_if_the_repository_has_an_address():
    config = "repository: {url: ''}\nlaunch_buttons: {binderhub_url: ''}\nhtml: {}\n"
    assert yaml.safe_load(render.settings(config)) == yaml.safe_load(config)
    public = yaml.safe_load(render.settings(config.replace("''", "https://a.example/b", 1)))
    assert public["launch_buttons"]["binderhub_url"]
    assert public["html"]["use_repository_button"]


def test_the_book_on_paper_has_all_pages_in_the_order_of_the_contents(tmp_path):
    toc = {
        "root": "book/index",
        "parts": [{"chapters": [{"file": "a/b", "sections": [{"file": "c"}]}]}],
    }
    names = list(pdf.pages_in_order(toc))
    assert names == ["book/index", "a/b", "c"]
    for name in names:
        page = tmp_path / f"{name}.html"
        page.parent.mkdir(exist_ok=True, parents=True)
        page.write_text(
            f'<html><head><link href="../_static/x.css"></head><body><nav></nav><article>{name}'
            '<img src="../_images/h.png" srcset="../_images/p.png 2x">'
            '<a href="#here">x</a></article></body></html>'
        )
    joined = pdf.one_page(tmp_path, names)
    assert joined.index("book/index") < joined.index("a/b") < joined.index(">c<")
    assert joined.count('src="_images/h.png" srcset="_images/p.png 2x"') == 2
    assert 'href="_static/x.css"' in joined
    assert 'href="#here"' in joined
    assert "<nav>" not in joined


def test_a_caption_goes_with_its_figure(executed):
    """A cell that drew nothing, since its input is missing, leaves no caption on the page."""
    (drawn,) = (cell for cell in executed.cells if "mystnb" in cell.metadata)
    whole = copy.deepcopy(executed)
    _layout.lay_out(whole, "s12_rate_maps", [], "")
    assert [c for c in whole.cells if "figure" in c.metadata.get("mystnb", {})]
    drawn.outputs = [new_output("display_data", {"text/markdown": "No thaw depth."})]
    _layout.lay_out(executed, "s12_rate_maps", [], "")
    assert not [c for c in executed.cells if "figure" in c.metadata.get("mystnb", {})]
