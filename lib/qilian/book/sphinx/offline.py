"""A Sphinx extension: every page works from `file://` with the network off, and loads little.

Plots embedded in a page expect Bokeh, its widgets and Panel on a content network. Here they come
out of the installed packages, so that they match the versions that wrote the plots, and a page
loads those that its plots use. What else the theme would fetch or load for nothing is taken away.
"""

import json
import re
import shutil
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import bokeh
import bokeh.models
from bokeh.model import Model
from bokeh.models.widgets import TableWidget, Widget
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PLOT = re.compile(
    r'<script type="application/javascript">\(function\(root\) \{\s*'
    r"var docs_json = ([^\n]*);\n\s*var render_items = ([^\n]*);\n.*?</script>",
    re.S,
)
MODEL = re.compile(r'"type":"object","name":"([\w.]+)"')
BOKEH_SCRIPTS = ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh-tables.min.js")  # in their order
# Deferred scripts have run by then, and the page can be read before.
DRAW = """<script>
addEventListener("DOMContentLoaded", () => Bokeh.embed.embed_items(%s, %s));
</script>"""
PANEL_DIST = re.compile(r"https://cdn\.holoviz\.org/panel/[^/\"]+/dist/([\w./-]+)(?:\?v=[\w.]+)?")
THEBE_SETTINGS = re.compile(
    r'<script type="text/x-thebe-config">.*?</script>\s*<script>kernelName = [^<]*</script>', re.S
)
OUTSIDE_ASSET = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//[^\"']+"
)
NEEDED_FOR = {
    "clipboard.min.js": 'class="highlight',
    "copybutton.js": 'class="highlight',
    "copybutton.css": 'class="highlight',
    "togglebutton.js": "dropdown admonition",
    "togglebutton.css": "dropdown admonition",
    "design-tabs.js": 'class="sd-',
    "sphinx-design.min.css": 'class="sd-',
}
"""Scripts and styles that extensions add to every page, and what a page has that uses them."""

# The theme draws icons by script where its font does it too (see `fonts`), and every page has what
# a search field needs that shows its results while one types, which this book's does not.
ICON_SCRIPTS = "fontawesome"
SEARCH_SCRIPTS = "searchtools|language_data|searchindex"
# A style sheet named by its content, to which the pages written before it is there add no sum.
SUMMED = re.compile(r"(mystnb\.\w+\.css)\?v=\w+")
UNUSED = ("*.map", "sphinx-thebe.*", "locales", "vendor", "fontawesome.js*", "webpack-macros.html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    # After the handlers that add scripts to a page, so that nothing is added behind our back.
    app.connect("html-page-context", serve_page_locally, priority=900)
    app.connect("build-finished", drop_what_no_page_uses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def serve_page_locally(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give one page local scripts and style sheets and take every outside one away."""
    static = Path(app.outdir, "_static")
    body = THEBE_SETTINGS.sub("", context.get("body", ""))
    for assets in (context["script_files"], context["css_files"]):
        drop_outside_assets(assets)
        drop_idle_assets(assets, body)
    if "data-root-id" in body:
        body = draw_plots(app, page, body)
        body = localise_panel_styles(body, static, context["pathto"]("_static/", 1))
    if outside := OUTSIDE_ASSET.search(body):
        raise ExtensionError(f"{page} would ask the network: {outside.group()}")
    context["body"] = body


def drop_outside_assets(assets: list[Any]) -> None:
    """Remove thebe and what another host serves; in place, or Sphinx loses the page's scripts."""
    assets[:] = [
        asset
        for asset in assets
        if not str(asset.filename or "").startswith(("http:", "https:", "//"))
        and "thebe" not in f"{asset.filename} {asset.attributes.get('body', '')}"
    ]


def drop_idle_assets(assets: list[Any], body: str) -> None:
    """Remove what nothing on the page uses; in place too."""
    assets[:] = [
        asset
        for asset in assets
        if NEEDED_FOR.get(Path(str(asset.filename or "")).name.partition("?")[0], "") in body
    ]


def draw_plots(app: Sphinx, page: str, body: str) -> str:
    """Let Bokeh alone draw the plots of a page, and load those of its scripts that they use."""
    needed: set[str] = set()

    def redrawn(plot: re.Match[str]) -> str:
        documents, items = json.loads(plot[1]), json.loads(plot[2])
        drawn = {root for item in items for root in item["root_ids"]}
        for content in documents.values():
            check_bokeh_version(page, content["version"])
            content["defs"] = []  # of models that only Panel draws
            # The others are Panel's links to a kernel, which a page lacks.
            content["roots"] = [root for root in content["roots"] if root["id"] in drawn]
        written = json.dumps(documents, ensure_ascii=False, separators=(",", ":"))
        needed.update(plot_scripts(page, written))
        # A tag inside of the data would end the script.
        return DRAW % (written.replace("</", "<\\/"), plot[2])

    body, drawn = PLOT.subn(redrawn, body)
    if drawn != body.count("data-root-id="):
        raise ExtensionError(f"{page} has a plot of another form than Panel writes today")
    source = Path(bokeh.__file__).parent / "server/static/js"
    for name in filter(needed.__contains__, BOKEH_SCRIPTS):
        place(source / name, Path(app.outdir, "_static/bokeh", name))
        app.add_js_file(f"bokeh/{name}", loading_method="defer")
    return body


def check_bokeh_version(page: str, version: str) -> None:
    """Stop when a plot was written by another Bokeh: it would stay blank without a word."""
    if version != bokeh.__version__:
        raise ExtensionError(
            f"{page} holds plots of Bokeh {version}, but {bokeh.__version__} is "
            "installed: execute the notebook again"
        )


def plot_scripts(page: str, plot: str) -> set[str]:
    """Name the scripts of Bokeh that draw a plot, by the kinds of its models."""
    names = set(MODEL.findall(plot))
    if any(name.startswith("panel.") for name in names):
        raise ExtensionError(f"{page} has a plot that only Panel's own script would draw")
    kinds = [getattr(bokeh.models, name, Model) for name in names]
    scripts = {Model: BOKEH_SCRIPTS[0], Widget: BOKEH_SCRIPTS[1], TableWidget: BOKEH_SCRIPTS[2]}
    return {
        script for base, script in scripts.items() if any(issubclass(kind, base) for kind in kinds)
    }


def localise_panel_styles(body: str, static: Path, prefix: str) -> str:
    """Point the style sheets that Panel's models name at copies beside the book."""
    # Not by importing it, which takes seconds.
    dist = Path(str(distribution("panel").locate_file("panel/dist")))

    def local(address: re.Match[str]) -> str:
        place(dist / address[1], static / "panel" / address[1])
        return f"{prefix}panel/{address[1]}"

    return PANEL_DIST.sub(local, body)


def place(source: Path, target: Path) -> None:
    """Copy a file unless this version of it is there already."""
    if not target.exists() or target.stat().st_mtime != source.stat().st_mtime:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def drop_what_no_page_uses(app: Sphinx, error: Exception | None) -> None:
    """Take idle scripts off the finished pages, and files that none asks for."""
    if error is not None:
        return
    site = Path(app.outdir)
    for page in site.rglob("*.html"):
        searches = page == site / "search.html"
        idle = ICON_SCRIPTS if searches else f"{ICON_SCRIPTS}|{SEARCH_SCRIPTS}"
        written = page.read_text()
        light = SUMMED.sub(r"\1", without_scripts(written, idle))
        if light != written:
            page.write_text(light)
    for folder in ("_static/bokeh", "_static/panel"):
        drop_unnamed(site, folder)
    for unused in [found for name in UNUSED for found in site.rglob(f"_static/**/{name}")]:
        shutil.rmtree(unused) if unused.is_dir() else unused.unlink(missing_ok=True)


def drop_unnamed(site: Path, folder: str) -> None:
    """Remove files below a folder of a site that no page names; pages written before had them."""
    pages = [page.read_text() for page in site.rglob("*.html")]
    for file in (site / folder).rglob("*.*"):
        name = file.relative_to(site).as_posix()
        if not any(name in page for page in pages):
            file.unlink()


def without_scripts(page: str, names: str) -> str:
    """Return a page that loads none of the scripts of these names, which bars separate.

    Examples
    --------
    >>> without_scripts('<script src="../b.js?v=1"></script><script src="c.js"></script>', "a|b")
    '<script src="c.js"></script>'
    """
    return re.sub(rf'<script[^>]*["/](?:{names})\.js[^>]*></script>\s*', "", page)
