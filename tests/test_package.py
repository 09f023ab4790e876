"""The package works outside the checkout, and asks for no more than what it imports."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest

from qilian.archive.catalogue import locate
from qilian.archive.project import base_folder, cache_folder, find_project

PROJECT = Path(__file__).parents[1]
# Imported by another name than they are installed by.
DISTRIBUTIONS = {
    "IPython": "ipython",
    "PIL": "pillow",
    "fontTools": "fonttools",
    "jupyter_book": "jupyter-book",
    "jupyter_client": "jupyter-client",
    "lazy_loader": "lazy-loader",
    "math_core": "math-core",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}
DRAWN = {"figures", "views", "book"}  # rooms that need the extra, the command line aside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is laid out as a book."""
    (tmp_path / "book" / "notebooks").mkdir(parents=True)
    (tmp_path / "book" / "_toc.yml").touch()
    return tmp_path / "book"


def test_the_project_is_the_nearest_folder_upwards_with_contents_and_notebooks(folder, monkeypatch):
    (folder / "notebooks" / "deeper" / "notebooks").mkdir(parents=True)
    for here in (folder, folder / "notebooks", folder / "notebooks" / "deeper"):
        monkeypatch.chdir(here)
        assert find_project() == base_folder() == folder
    assert find_project(PROJECT / "notebooks") == PROJECT


def test_outside_of_a_project_names_are_relative_to_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "data" / "mine").mkdir(parents=True)
    (tmp_path / "data" / "mine" / "catalogue.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert find_project() is None
    assert base_folder() == tmp_path
    assert locate("mine") == tmp_path / "data" / "mine" / "catalogue.toml"


def test_the_cache_is_the_one_named_or_the_projects_or_the_users(folder, tmp_path, monkeypatch):
    """Each time it is asked for, not once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("QILIAN_CACHE", str(tmp_path / "named"))
    monkeypatch.chdir(folder / "notebooks")
    assert cache_folder() == tmp_path / "named"
    monkeypatch.delenv("QILIAN_CACHE")
    assert cache_folder() == folder / "data" / "cache"
    monkeypatch.chdir(tmp_path)
    assert not cache_folder().is_relative_to(folder)
    assert "qilian" in cache_folder().parts


def requirements() -> tuple[set[str], set[str]]:
    """Names of what the package requires, and of what its extra adds."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    groups = project["dependencies"], project["optional-dependencies"]["book"]
    hard, extra = ({re.match(r"[\w-]+", line)[0] for line in lines} for lines in groups)
    return hard, extra


def imported(file: Path) -> set[str]:
    """Names of what is installed for the imports at a file's top level."""
    names = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    names -= {*sys.stdlib_module_names, "qilian", "qilian_demo"}
    return {DISTRIBUTIONS.get(name, name) for name in names}


def test_what_is_imported_is_required_and_only_pages_need_the_extra():
    hard, extra = requirements()
    for file in sorted((PROJECT / "lib").rglob("*.py")):
        room = file.relative_to(PROJECT / "lib").parts[1]
        drawn = room in DRAWN and file.name not in ("__init__.py", "_cli.py")
        lacking = imported(file) - hard - (extra if drawn else set())
        assert not lacking, f"{file.relative_to(PROJECT)}: {sorted(lacking)}"


@pytest.mark.slow
def test_importing_the_views_starts_neither_panel_nor_holoviews():
    """They are started by the first view that is drawn."""
    modules = [f"qilian.views.{path.stem}" for path in PROJECT.glob("lib/qilian/views/[!_]*.py")]
    code = f"""
import holoviews, panel
started = []
panel.extension = holoviews.extension = lambda *_, **__: started.append(1)
import {", ".join(modules)}
assert not started
qilian.views.live.interactive(holoviews.Curve([1, 2]))
assert started
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_version_is_that_of_the_installed_package(qilian):
    assert qilian("--version").stdout.split() == ["qilian", version("qilian-supplement")]


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """The command line of the built wheel, run in a folder outside the checkout.

    Other packages are those of the tests' environment, without its editable installs.
    """
    folder = tmp_path_factory.mktemp("outside")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, PROJECT]
    subprocess.run(build, capture_output=True, check=True)
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    packages = next((folder / "venv").glob("lib/*/site-packages"))
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(packages)
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))

    def call(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess:
        command = [python, "-c", "from qilian.book._cli import app; app()", *arguments]
        variables = {**os.environ, **environment}
        return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)

    return call


@pytest.fixture(scope="module")
def written(outside) -> Path:
    """The archive that the wheel writes on a coarse grid."""
    done = outside("demo", "--out", "written", "--scale", "0.25")
    assert done.returncode == 0, done.stderr
    return Path(done.args[0]).parents[2] / "written"


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.book
def test_the_wheel_writes_the_same_bytes_as_the_checkout(written, coarse):
    """Two processes with one seed agree in every byte of every file."""
    assert contents(written) == contents(coarse)


@pytest.mark.book
def test_the_wheel_runs_a_folder_of_notebooks(outside, written, tmp_path):
    """Results go below the working directory, where there is no book."""
    (tmp_path / "pages").mkdir()
    shutil.copy(PROJECT / "notebooks" / "s05_recession.ipynb", tmp_path / "pages")
    done = outside("run", "s05", "--archive", "written", "--notebooks", tmp_path / "pages")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = Path(done.stdout.rpartition("results: ")[2].strip())
    assert folder.parent == written.parent / "_build"
    assert (folder / "results" / "s05_recession" / "s05.nc").is_file()
    source = nbformat.read(folder / "executed" / "s05_recession.ipynb", as_version=4)
    assert str(PROJECT) not in nbformat.writes(source)


def test_without_a_book_the_command_says_what_it_expected(outside):
    done = outside("book")
    assert done.returncode == 2
    assert "expected _toc.yml and notebooks/ there" in done.stdout


def test_a_command_that_needs_the_extra_says_so_in_a_sentence(outside, tmp_path):
    (tmp_path / "papermill.py").write_text("raise ModuleNotFoundError(name='papermill')")
    assert outside("--version", PYTHONPATH=str(tmp_path)).returncode == 0
    done = outside("run", "s05", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (2, "")
    assert "papermill is not installed" in done.stdout
    assert "pip install 'qilian-supplement[book]'" in done.stdout


def test_a_folder_becomes_a_catalogue_without_the_extra(outside, tmp_path):
    """Entries are told; pages are not, where there is no book."""
    (tmp_path / "papermill.py").write_text("raise ModuleNotFoundError(name='papermill')")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "flow.csv").write_text("date,q_m3s\n2001-09-01,5\n2001-09-02,4\n")
    for command in ("new", "check"):
        done = outside("archive", command, tmp_path / "mine", PYTHONPATH=str(tmp_path))
        assert done.returncode == 0, done.stdout + done.stderr
    assert "2001-09-01 to 2001-09-02" in done.stdout
    assert "s05" not in done.stdout


def test_the_wheel_holds_lists_of_names_marks_of_types_and_the_pairs_of_table_s1(outside):
    """Whatever stands in `lib`, and nothing else."""
    kept = {p.relative_to(PROJECT / "lib") for p in (PROJECT / "lib").rglob("*") if p.is_file()}
    kept = {str(path) for path in kept if "__pycache__" not in path.parts}
    packages = next(Path(outside("--version").args[0]).parents[1].glob("lib/*/site-packages"))
    found = {str(p.relative_to(packages)) for p in packages.glob("qilian*/**/*") if p.is_file()}
    assert kept == {name for name in found if "__pycache__" not in name and "dist-info" not in name}
