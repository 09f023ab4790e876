"""A Sphinx extension: every page works from `file://` with the network off.

Plots embedded in a page expect Bokeh, its widgets and Panel on a content network. Here they come
out of the installed packages, so that they match the versions that wrote the plots, and only pages
that hold a plot load them. MathJax likewise. What else the theme would fetch is taken away.
"""

import re
import shutil
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import bokeh
import panel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

MATHJAX = "mathjax/tex-svg.js"
BOKEH_SCRIPTS = ("bokeh.min.js", "bokeh-widgets.min.js", "bokeh-tables.min.js")
PANEL_DIST = re.compile(r"https://cdn\.holoviz\.org/panel/[^/\"]+/dist/([\w./-]+)(?:\?v=[\w.]+)?")
THEBE_SETTINGS = re.compile(
    r'<script type="text/x-thebe-config">.*?</script>\s*<script>kernelName = [^<]*</script>', re.S
)
OUTSIDE_ASSET = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//[^\"']+"
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx."""
    app.connect("config-inited", point_mathjax_home)
    # After the handlers that add scripts to a page, so that nothing is added behind our back.
    app.connect("html-page-context", serve_page_locally, priority=900)
    app.connect("build-finished", drop_thebe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def point_mathjax_home(app: Sphinx, config: Config) -> None:
    """Load MathJax from `_static`; Sphinx itself adds it only to pages with equations."""
    config.mathjax_path = MATHJAX


def serve_page_locally(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give one page local scripts and style sheets and take every outside one away."""
    static = Path(app.outdir, "_static")
    drop_outside_assets(context["script_files"])
    drop_outside_assets(context["css_files"])
    if any(str(script.filename).endswith(MATHJAX) for script in context["script_files"]):
        package = distribution("sphinx-mathjax-offline")
        source = package.locate_file(f"sphinx-mathjax-offline/static/{MATHJAX}")
        place(Path(str(source)), static / MATHJAX)
    body = THEBE_SETTINGS.sub("", context.get("body", ""))
    if "data-root-id" in body:
        check_bokeh_version(page, body)
        add_plot_scripts(app, static)
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


def check_bokeh_version(page: str, body: str) -> None:
    """Stop when a plot was written by another Bokeh: it would stay blank without a word."""
    written = set(re.findall(r'docs_json = \{"[^"]+":\{"version":"([^"]+)"', body))
    if other := written - {bokeh.__version__}:
        raise ExtensionError(
            f"{page} holds plots of Bokeh {', '.join(sorted(other))}, but {bokeh.__version__} is "
            "installed: execute the notebook again"
        )


def add_plot_scripts(app: Sphinx, static: Path) -> None:
    """Copy the plot scripts out of the installed packages and load them on the current page."""
    source = Path(bokeh.__file__).parent / "server/static/js"
    for name in BOKEH_SCRIPTS:
        place(source / name, static / "bokeh" / name)
        app.add_js_file(f"bokeh/{name}")
    place(Path(panel.__file__).parent / "dist/panel.min.js", static / "panel/panel.min.js")
    app.add_js_file("panel/panel.min.js")


def localise_panel_styles(body: str, static: Path, prefix: str) -> str:
    """Point the style sheets that Panel's models name at copies beside the book."""
    dist = Path(panel.__file__).parent / "dist"

    def local(address: re.Match[str]) -> str:
        place(dist / address[1], static / "panel" / address[1])
        return f"{prefix}panel/{address[1]}"

    return PANEL_DIST.sub(local, body)


def place(source: Path, target: Path) -> None:
    """Copy a file unless this version of it is there already."""
    if not target.exists() or target.stat().st_mtime != source.stat().st_mtime:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def drop_thebe(app: Sphinx, error: Exception | None) -> None:
    """Delete the script that Jupyter Book's thebe extension copies: no page loads it now."""
    if error is None:
        for name in ("sphinx-thebe.js", "sphinx-thebe.css"):
            Path(app.outdir, "_static", name).unlink(missing_ok=True)
