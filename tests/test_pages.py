"""What the pages of the built book weigh, and what they load."""

import gzip
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from qilian.book.sphinx import fonts

pytestmark = pytest.mark.book

# Scripts, styles and pictures that a page asks for as it opens, not what it links to.
LOADED = re.compile(
    r'<(?:script|img|source)\b[^>]*?\bsrc="([^"]+)'
    r'|<link\b(?=[^>]*(?:stylesheet|preload))[^>]*?\bhref="([^"]+)'
    r"|(\.\./_static/panel/[\w./]+css)"
)
NAMED = re.compile(r"(?:url\(|@import )[\"']?([^\"')]+)")


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    """Text of every page, by its path in the site."""
    return {str(page.relative_to(site)): page.read_text() for page in site.rglob("*.html")}


def loads(file: Path) -> set[Path]:
    """Name what a page or a style sheet may load, and what that may; a browser tells what lacks."""
    found = set()
    for names in (NAMED if file.suffix == ".css" else LOADED).findall(file.read_text()):
        name = names if isinstance(names, str) else "".join(names)
        if not name.startswith("data:"):
            found.add((file.parent / name.partition("?")[0].partition("#")[0]).resolve())
    found = set(filter(Path.is_file, found))
    return found.union(*(loads(sheet) for sheet in found if sheet.suffix == ".css"))


def test_no_page_weighs_more_than_a_megabyte_and_a_half(site: Path) -> None:
    """With its plots, pictures, scripts, styles and fonts, as a server compresses them; S8 two."""
    weights, packed = {}, {}
    for page in site.rglob("*.html"):
        files = {page, *loads(page)}
        for file in files - packed.keys():
            packed[file] = len(gzip.compress(file.read_bytes(), 6))
        weights[page.stem] = sum(packed[file] for file in files)
    assert len(weights) > 25
    limits = {"s08_cumulative_deformation": 2e6}
    heavy = {name: weight for name, weight in weights.items() if weight > limits.get(name, 1.5e6)}
    assert heavy == {}


def test_no_page_is_heavier_than_two_megabytes(pages: dict[str, str]) -> None:
    """Cubes are packed, so that a page opens on a telephone."""
    assert {name: len(text) for name, text in pages.items() if len(text.encode()) > 2e6} == {}


def test_what_is_read_fits_into_30_megabytes_and_what_is_carried_away_into_100(site: Path) -> None:
    """Ten of the former are tiles of S8's explorer; no copy of a page's source comes with them."""
    sizes = {file: file.stat().st_size for file in site.rglob("*") if file.is_file()}
    offered = sum(size for file, size in sizes.items() if site / "downloads" in file.parents)
    assert sum(sizes.values()) - offered < 30e6
    assert offered < 100e6
    assert not list(site.glob("_sources/**/*"))


def test_the_site_has_no_source_map_and_asks_no_other_host(
    site: Path, pages: dict[str, str]
) -> None:
    """Neither scripts nor styles of another host, on no page."""
    assert not list(site.rglob("*.map"))
    asked = {name: LOADED.findall(text) for name, text in pages.items()}
    assert not [name for name, all_ in asked.items() if re.search("['\"](https?:)?//", str(all_))]


def test_a_script_is_loaded_where_it_is_used(pages: dict[str, str]) -> None:
    """Bokeh by pages with a plot, its widgets by those with a slider or list; none has MathJax."""
    for name, text in pages.items():
        plotted = "data-root-id" in text
        assert ("bokeh.min.js" in text) == plotted, name
        chosen = re.search(r'"name":"(Slider|Select)"', text) is not None
        assert ("bokeh-widgets.min.js" in text) == chosen, name
        assert not re.search(r'src="[^"]*(mathjax|fontawesome|panel\.min)', text), name
    assert sum("data-root-id" in text for text in pages.values()) > 5


def test_every_formula_is_written_out_and_has_its_glyphs(site: Path, pages: dict[str, str]) -> None:
    """As MathML, in letters that the font has; so for icons."""
    text = "".join(pages.values())
    formulas = fonts._FORMULA.findall(text)
    assert len(formulas) == len(re.findall(r'<(?:div|span) class="math"', text)) > 80
    letters = set(TTFont(site / "_static/formulas.woff").getBestCmap())
    assert {ord(glyph) for glyph in fonts.formula_glyphs("".join(formulas))} <= letters
    icons = set(TTFont(site / "_static/icons.woff").getBestCmap())
    sheets = [sheet.read_text() for sheet in (site / "_static").rglob("*.css")]
    named = {ord(icon) for sheet in sheets for icon in fonts.icon_glyphs(sheet)}
    assert named & set(TTFont(fonts._ICONS).getBestCmap()) <= icons  # others are brands' logos
