"""A Sphinx extension: pages load the few glyphs that they show, and no script to draw icons.

The theme brings a style rule and a glyph for each of two thousand icons, and a script that draws
them over; the book shows thirty. Formulas need a font made for them, of which the same holds.
"""

import re
import unicodedata
from html import unescape
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from fontTools import subset
from sphinx.application import Sphinx


def _installed(package: str, file: str) -> Path:
    return Path(str(distribution(package).locate_file(file)))


_THEME = _installed("pydata-sphinx-theme", "pydata_sphinx_theme/theme/pydata_sphinx_theme/static")
_ICONS = _THEME / "vendor/fontawesome/webfonts/fa-solid-900.ttf"
_STYLES = "styles/pydata-sphinx-theme.css"
_MATH = _installed("ziamath", "ziamath/fonts/STIXTwoMath-Regular.ttf")

_ICON_NAME = re.compile(r"\bfa-[\w-]+")
_ICON_RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"[^"]*"\}')
_ICON_FACE = re.compile(r"@font-face\{[^}]*Font Awesome[^}]*\}")
_GLYPH = re.compile(r"[\ue000-\uf8ff]|\\([ef][0-9a-f]{3})")
_FORMULA = re.compile(r"<math.*?</math>", re.S)
_TAG = re.compile(r"<[^>]+>")
_SIGNS = "√¯‾′"  # drawn by elements or accents that do not spell them
# A letter alone stands for a variable, which a browser draws in italics of their own code.
_ITALICS = {
    unicodedata.normalize("NFKC", chr(code)): chr(code)
    for code in (*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C), 0x210E)
    if unicodedata.category(chr(code)) != "Cn"
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    app.connect("build-finished", write_fonts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_fonts(app: Sphinx, error: Exception | None) -> None:
    """Write both fonts and the theme's styles for what the finished pages show."""
    if error is not None:
        return
    static = Path(app.outdir, "_static")
    pages = [page.read_text() for page in Path(app.outdir).rglob("*.html")]
    names = {name for page in pages for name in _ICON_NAME.findall(page)}
    styles = fewer_icons((_THEME / _STYLES).read_text(), names)
    (static / _STYLES).write_text(styles)
    glyphs = {glyph for sheet in static.rglob("*.css") for glyph in icon_glyphs(sheet.read_text())}
    formulas = (formula for page in pages for formula in _FORMULA.findall(page))
    cuts = {
        "icons.woff": (_ICONS, glyphs),
        "formulas.woff": (_MATH, formula_glyphs("".join(formulas))),
    }
    for name, (font, shown) in cuts.items():
        last = Path(app.doctreedir, f"{name}.glyphs")
        if not last.is_file() or set(last.read_text()) != shown:
            cut(font, shown, static / name)
            last.write_text("".join(sorted(shown)))


def fewer_icons(styles: str, names: set[str]) -> str:
    """Keep the rules of the named icons, and one font with their glyphs.

    Examples
    --------
    >>> fewer_icons('.fa-sun:before{content:"☼"}.fa-bars:before{content:"≡"}', {"fa-sun"})
    '.fa-sun:before{content:"☼"}'
    """

    def rule(found: re.Match[str]) -> str:
        return found[0] if names & set(_ICON_NAME.findall(found[1])) else ""

    solid, *_ = [*_ICON_FACE.findall(styles), ""]
    styles = _ICON_FACE.sub("", _ICON_RULE.sub(rule, styles))
    return styles + re.sub(r"src:[^}]*", 'src:url(../icons.woff) format("woff")', solid)


def icon_glyphs(styles: str) -> set[str]:
    """Return the icons that a style sheet shows, which are in the private area of Unicode."""
    return {chr(int(g[1], 16)) if g[1] else g[0] for g in _GLYPH.finditer(styles)}


def formula_glyphs(formulas: str) -> set[str]:
    """Return the characters that formulas in MathML are drawn with."""
    characters = {*unescape(_TAG.sub("", formulas)), *_SIGNS}
    return characters | {_ITALICS[c] for c in characters if c in _ITALICS}


def cut(font: Path, glyphs: set[str], target: Path) -> None:
    """Write a font that has only some of another's glyphs, and what belongs to these."""
    options = subset.Options(flavor="woff", name_IDs=["*"])  # its licence among them
    with subset.load_font(font, options) as whole:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(glyphs)))
        subsetter.subset(whole)
        subset.save_font(whole, target, options)
