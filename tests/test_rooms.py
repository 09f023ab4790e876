"""The rooms of the library: what each shows, and what may import what."""

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

import qilian
import qilian_demo

LIB = Path(__file__).parents[1] / "lib"
CONFIG = LIB.parent / "pyproject.toml"
ROOMS = [p for p in sorted(LIB.glob("*/*")) if (p / "__init__.pyi").is_file()]
each_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)


def imported(room: Path) -> ModuleType:
    return importlib.import_module(f"{room.parent.name}.{room.name}")


BREAKS = {
    "stand on one another, top to bottom": ("qilian/contracts", "import qilian.spatial.grids"),
    "knows no file format and no plot": ("qilian/thaw", "import rasterio"),
    "Figures and views never load": ("qilian/figures", "import qilian.archive.catalogue"),
    "Figures and views never load ": ("qilian/views", "from pathlib import Path"),
    "analysis does not know the simulator": ("qilian/book", "import qilian_demo.write"),
    "nothing of the analysis but its contracts": ("qilian_demo/air", "import qilian.thaw.index"),
    "simulator's rooms stand": ("qilian_demo/air", "import qilian_demo.ground.scene"),
}


def lint(lib: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", CONFIG]
    environment = {**os.environ, "PYTHONPATH": str(lib)}
    return subprocess.run(command, cwd=lib, env=environment, capture_output=True, text=True)


def copied(folder: Path) -> Path:
    return shutil.copytree(LIB, folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def lib(tmp_path) -> Path:
    return copied(tmp_path)


@pytest.fixture(scope="module")
def trespassed(tmp_path_factory) -> dict[str, str]:
    """Broken rules and their reasons, of a library with one new file, of one import, for each."""
    lib = copied(tmp_path_factory.mktemp("trespassed"))
    for number, (room, line) in enumerate(BREAKS.values()):
        (lib / room / f"trespass{number}.py").write_text(f"{line}\n")
    done = lint(lib)
    assert done.returncode
    _, *parts = re.split(
        r"^(.+)\n---+\n", done.stdout.partition("Broken contracts\n")[2], flags=re.M
    )
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("rule", BREAKS)
def test_each_import_rule_is_broken_by_what_it_forbids(trespassed, rule):
    """The rule stands among the broken ones, and the file that breaks it among its reasons."""
    file = f".trespass{list(BREAKS).index(rule)} -> "
    assert any(rule.strip() in name and file in reasons for name, reasons in trespassed.items())


def test_a_room_that_no_rule_places_is_refused(lib):
    (lib / "qilian" / "annex").mkdir()
    (lib / "qilian" / "annex" / "__init__.py").touch()
    assert lint(lib).returncode


def test_the_import_rules_name_rooms_and_no_module_twice():
    rules = CONFIG.read_text().partition("[tool.importlinter]")[2]
    modules = re.findall(r"\bqilian(?:_demo)?\.\w+\.\w+[.\w]*", rules)
    assert len(modules) == len(set(modules)) <= 1


@each_room
def test_every_listed_name_is_there(room):
    assert all(hasattr(imported(room), name) for name in imported(room).__all__)


@pytest.mark.parametrize("package", [qilian, qilian_demo], ids=lambda package: package.__name__)
def test_every_name_of_the_front_door_is_there(package):
    assert all(hasattr(package, name) for name in package.__all__)


@each_room
def test_a_public_name_is_not_that_of_a_module_of_its_room(room):
    """Else importing the module would hide the name."""
    modules = {path.stem for path in room.glob("*.py")} | {p.name for p in room.glob("*/")}
    assert not modules & set(imported(room).__all__)


@each_room
def test_what_a_room_does_not_list_begins_with_an_underscore(room):
    """Its modules' functions and classes; an underscored module is the room's own affair."""
    listed = set(imported(room).__all__)
    for path in sorted(room.glob("[!_]*.py")):
        defined = [
            node.name
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
        ]
        assert set(defined) <= listed, f"{path.name}: {sorted(set(defined) - listed)}"


def test_notebooks_import_from_rooms():
    for path in sorted((LIB.parent / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            assert not re.search(r"^(from|import) qilian\.\w+\.", cell.source, re.M), path.name


def test_importing_the_package_and_its_rooms_loads_nothing_heavy():
    """A name is loaded when it is used."""
    rooms = ", ".join(f"qilian.{room.name}" for room in ROOMS if room.parent.name == "qilian")
    code = f"import sys, {rooms}; print(*{{'xarray', 'rasterio', 'holoviews'}} & set(sys.modules))"
    assert printed(code) == []


def printed(code: str) -> list[str]:
    """Words that a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_help_imports_nothing_heavy():
    """`qilian --help` lists the commands, those of other packages too, without what they need."""
    heavy = {"numpy", "xarray", "dask", "rasterio", "matplotlib", "holoviews", "papermill"}
    code = f"""
import sys
from qilian.book._cli import app
app(["--help"], standalone_mode=False)
print("loaded", *set(sys.modules) & {heavy})
"""
    words = printed(code)
    assert {"book", "demo", "run"} <= set(words)
    assert words[words.index("loaded") :] == ["loaded"]


@pytest.mark.slow
def test_data_come_without_schedulers_and_drawing():
    """All names of the rooms that open files load neither a scheduler nor what draws."""
    drawing = {"distributed", "matplotlib", "holoviews", "hvplot", "bokeh", "panel"}
    code = f"""
import sys
from qilian import archive, products
for room in (archive, products):
    for name in room.__all__:
        getattr(room, name)
print(*set(sys.modules) & {drawing})
"""
    assert printed(code) == []
