"""Notebooks in a real JupyterLab whose network is off: Run All draws every interactive view."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from canvases import DRAWN
from playwright.sync_api import Browser, BrowserContext, Page, Route

pytestmark = pytest.mark.browser

PROJECT = Path(__file__).parents[1]
HERE = re.compile(r"(http|ws)s?://(localhost|127\.0\.0\.1)\b|data:|blob:")
NOTEBOOKS = ["s02_network", "s10_western_pits"]
# Else cells out of sight are not in the page.
WHOLE = '{"windowingMode": "none"}'
# How many of the roots that Bokeh was asked to fill it has drawn.
VIEWS = f"""() => [...document.querySelectorAll(".jp-OutputArea [data-root-id]")]
  .filter({DRAWN}).length"""


@pytest.fixture(scope="module")
def lab(coarse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab on a copy of the notebooks and a coarse demo archive."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    for name in NOTEBOOKS:
        shutil.copy(PROJECT / "notebooks" / f"{name}.ipynb", folder / "notebooks")
    shutil.copy(PROJECT / "_toc.yml", folder)
    (folder / "data").mkdir()
    (folder / "data" / "demo").symlink_to(coarse)
    tracker = folder / "SETTINGS/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text(WHOLE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name) for name in ("SETTINGS", "WORKSPACES")}
    settings = ["--no-browser", "--allow-root", f"--port={port}", "--port-retries=0"]
    settings += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    command = [sys.executable, "-m", "jupyterlab", *settings]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=os.environ | own, cwd=folder, **quiet)
    try:
        wait_for(lambda: listens(port), 120)
        yield f"http://localhost:{port}/lab/tree/notebooks"
    finally:
        server.terminate()
        server.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def wait_for(answer, seconds: float) -> None:
    """Ask again until the answer is yes."""
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.5)


def stay_here(route: Route) -> None:
    """Let through what this machine answers."""
    route.continue_() if HERE.match(route.request.url) else route.abort()


def run_all(page: Page) -> None:
    """Run the notebook when its kernel is ready, to its end."""
    page.get_by_text("| Idle").wait_for(timeout=120_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.get_by_text("| Busy").wait_for(timeout=60_000)
    page.get_by_text("| Idle").wait_for(timeout=600_000)


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window that asks no other machine and keeps JupyterLab's own scripts."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.route("**/*", stay_here)
    yield context
    context.close()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_view_is_drawn_and_hidden_cells_are_collapsed(context: BrowserContext, lab, name):
    """As on the page; the scripts come with the first view, out of the installed packages."""
    page = context.new_page()
    page.goto(f"{lab}/{name}.ipynb?reset", timeout=120_000)
    run_all(page)
    notebook = nbformat.read(PROJECT / "notebooks" / f"{name}.ipynb", as_version=4)
    views = sum("views.beside(" in cell.source for cell in notebook.cells)
    hidden = sum("hide-input" in cell.metadata.get("tags", ()) for cell in notebook.cells)
    # Panel's probe of the browser is a root, too, and draws nothing.
    wait_for(lambda: page.evaluate(VIEWS) == views, 60)
    assert page.locator(".jp-InputPlaceholder").count() == hidden
    page.close()
