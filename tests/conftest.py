"""Fixtures shared by the tests: real records where present, demo archives, one built book.

The tests run in several processes. What takes long is made once, by whichever process needs it
first, and read by all of them: a test that changes an archive takes a copy of it.
"""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

import qilian_demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

PROJECT = Path(__file__).parents[1]
REAL = PROJECT.parent / "shared" / "real"
COARSE = 0.25  # scale of an archive whose resolution does not matter
OTHER_SEED = 3
# What processes that tests start need beside what notebooks do.
IMPORTED = "import distributed, zarr, qilian.insar.sbas, qilian.products.inversion, small_print"
# Fixtures that stand for seconds: Chromium, archives, the book, notebooks' runs, the built package,
# all choices of a method.
SLOW = {
    "browser",
    "demo",
    "coarse",
    "short",
    "other",
    "book",
    "run",
    "real_run",
    "outside",
    "every",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    said = "leave out what is slow, and four of five examples of each property"
    parser.addoption("--quick", action="store_true", help=said)


def pytest_configure(config: pytest.Config) -> None:
    """Set how properties are tried, but in a process that only starts others."""
    gc.disable()  # until all is imported, which the collector would look through ever again
    if config.option.quick:
        config.option.markexpr = "not slow"
    if not config.getoption("numprocesses", None):
        from hypothesis import settings

        # How fast a machine is says nothing about a property.
        examples = {"max_examples": 20} if config.option.quick else {}
        settings.register_profile("house", deadline=None, **examples)
        settings.load_profile("house")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Take a process for each core, and one more where browsers and kernels are waited for."""
    return len(os.sched_getaffinity(0)) + (not config.option.quick)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadFileScheduling":
    """Give a process whole files; one takes all that fork kernels, whose imports are made once."""
    from xdist.scheduler import LoadFileScheduling

    class Grouped(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "forking" if forks(PROJECT / file) else file

    return Grouped(config, log)


@cache
def forks(file: Path) -> bool:
    """Tell whether a file's tests ask for the fixture `forking`."""
    return "forking" in file.read_text("utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and order files so that no process waits long for what another makes.

    One file has the book built first. Then come files with what is slow: those that fork kernels,
    those that need neither book nor demo archive, those that may wait for them. Quick files even
    out the end.
    """
    rank = {}
    for item in items:
        needs = set(item.fixturenames)
        if needs & SLOW:
            item.add_marker(pytest.mark.slow)
        slow = item.get_closest_marker("slow")
        builds = item.path.stem == "test_book"
        first = not builds, not slow, not forks(item.path)
        rank[item] = *first, "book" in needs, "demo" in needs
    items.sort(key=rank.get)


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through it."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable], Path]:
    """Return a folder of a name, made by the first process that asks for it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # of all processes of this session

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made = root / f"{name}.made"
        with FileLock(root / f"{name}.lock"):
            if not made.is_file():
                make(root / name)
                made.touch()
        return root / name

    return folder


@pytest.fixture(scope="session", autouse=True)
def _cache(once) -> None:
    """What tests invert stays out of the project's own cache; what is there need not be made anew.

    A product's name holds a hash of its input and of the code that makes it.
    """

    def make(folder: Path) -> None:
        folder.mkdir()
        for product in (PROJECT / "data" / "cache").glob("*.zarr"):
            (folder / product.name).symlink_to(product)

    os.environ["QILIAN_CACHE"] = str(once("cache", make))


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder of real records; tests that need it skip where it is absent."""
    if not REAL.is_dir():
        pytest.skip(f"real records are not at {REAL}")
    return REAL


@pytest.fixture(scope="session")
def demo(once) -> Path:
    """The demo archive that `make book` reads, written anew where its simulator is newer."""
    folder = PROJECT / "data" / "demo"

    def update(_: Path) -> None:
        made, source = folder / "catalogue.toml", PROJECT / "lib" / "qilian_demo"
        written = made.stat().st_mtime if made.is_file() else 0
        if any(f.stat().st_mtime > written for f in (*source.rglob("*.py"), *source.glob("*.csv"))):
            qilian_demo.write_archive(folder, seed=1)

    once("demo", update)
    return folder


@pytest.fixture(scope="session")
def coarse(once) -> Path:
    """The demo archive in pixels four times as large, with the same gauge, weather and pictures."""
    return once("coarse", lambda folder: qilian_demo.write_archive(folder, seed=1, scale=COARSE))


@pytest.fixture(scope="session")
def short(coarse: Path, once) -> Path:
    """Two years of the coarse archive's Sentinel-1, with all else."""

    def later(_: str, names: list[str]) -> list[str]:
        return [name for name in names if "_" in name and "2018" <= name[:4] <= "2023"]

    def cut(folder: Path) -> None:
        shutil.copytree(coarse, folder, copy_function=os.link, ignore=later)

    return once("short", cut)


@pytest.fixture(scope="session")
def other(coarse: Path, once) -> Path:
    """The coarse archive by another seed, written over a copy of the first."""

    def replace(parent: Path) -> None:
        folder = shutil.copytree(coarse, parent / "demo", copy_function=os.link)
        qilian_demo.write_archive(folder, seed=OTHER_SEED, scale=COARSE)

    return once("other", replace) / "demo"


@pytest.fixture(scope="session")
def qilian():
    """Run the command line as a user does."""

    def call(*arguments: str | Path, **options) -> subprocess.CompletedProcess:
        command = [str(Path(sys.executable).with_name("qilian")), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)

    return call


@pytest.fixture(scope="session")
def forking(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have kernels, and other processes, forked from one that has imported what they need."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    from qilian.book._kernels import fork_kernels
    from qilian.book.chapters import Chapter, read_chapters

    page = tmp_path_factory.mktemp("forking") / "imports.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(IMPORTED)]), page)
    with pytest.MonkeyPatch.context() as here:
        here.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        fork_kernels([*read_chapters(PROJECT), Chapter(page, "", (), (), {})])


@pytest.fixture(scope="session")
def book(demo, qilian, once) -> Path:
    """Folder of the book that `make book` builds, brought up to date."""

    def build(_: Path) -> None:
        own = {name: value for name, value in os.environ.items() if name != "QILIAN_CACHE"}
        done = qilian("book", cwd=PROJECT, env=own)
        assert done.returncode == 0, done.stdout + done.stderr

    once("book", build)
    return PROJECT / "_build" / "demo"


@pytest.fixture(scope="session")
def site(book: Path) -> Path:
    """Folder of the rendered site."""
    return book / "html"


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium, or a skip that says what is missing."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("NOT CHECKED IN A BROWSER: no chromium on the PATH (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()
