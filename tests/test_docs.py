"""Pages on the library and what stands at the top of the project: true of the code, or refused."""

import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from graphlib import CycleError
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import grimp
import pytest
import yaml

from qilian.book.api import api_page, public_names
from qilian.book.architecture import draw_rooms, library_rooms, list_rooms, room_imports
from qilian.book.chapters import read_chapters

PROJECT = Path(__file__).parents[1]
LIB = PROJECT / "lib"
ROOMS = library_rooms()
CHAPTERS = {chapter.name: chapter for chapter in read_chapters(PROJECT)}
EXAMPLES = [path for path in sorted(LIB.rglob("*.py")) if ">>>" in path.read_text()]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(LIB).with_suffix("").parts)


@pytest.mark.parametrize("path", EXAMPLES, ids=module_name)
def test_examples_give_what_they_say(path):
    result = doctest.testmod(importlib.import_module(module_name(path)))
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_rooms_page_has_each_public_name_once(room):
    described = re.findall(r"^\.\. py:(?:function|class|data):: (\w+)", api_page(room), re.M)
    assert sorted(described) == sorted(importlib.import_module(f"qilian.{room.name}").__all__)


def test_a_page_has_a_functions_signature_and_sections_and_a_constants_value(tmp_path):
    room = tmp_path / "soil"
    room.mkdir()
    (room / "__init__.py").write_text('"""What lies below."""\n')
    (room / "__init__.pyi").write_text("from ._ice import POINT, melt\n")
    (room / "_ice.py").write_text(
        '"""Ice in the ground."""\n\nPOINT = 273.15  # K\n\n\n'
        'def melt(ice: float, *, by: float = 1.0) -> float:\n    """Melt `ice`.\n\n'
        "    Parameters\n    ----------\n    ice : float\n        Mass [kg].\n"
        '    """\n\n\ndef _refreeze() -> None: ...\n'
    )
    assert public_names(room) == {"_ice": ["POINT", "melt"]}
    page = api_page(room)
    assert ".. py:currentmodule:: qilian.soil" in page
    assert ".. py:function:: melt(ice: float, *, by: float=1.0) -> float" in page
    assert ":param ice: Mass [kg]." in page
    assert ".. py:data:: POINT\n\n   K\n" in page
    assert "POINT = 273.15" in page
    assert "refreeze" not in page


def test_imports_of_rooms_are_those_that_import_linter_sees():
    graph = grimp.build_graph("qilian", "qilian_demo", cache_dir=None)
    seen = {}
    for room in ROOMS:
        modules = {f"qilian.{room.name}", *graph.find_descendants(f"qilian.{room.name}")}
        imported = {
            other for one in modules for other in graph.find_modules_directly_imported_by(one)
        }
        names = {other.split(".")[1] for other in imported if other.startswith("qilian.")}
        seen[room.name] = sorted(names - {room.name})
    read = room_imports(PROJECT)
    assert {name: read[name] for name in seen} == seen
    assert read["qilian_demo"] == ["contracts"]
    assert {"insar", "figures", "views"} <= set(read["notebooks"])


def test_a_room_is_drawn_above_all_that_it_imports_and_arrows_lead_to_each():
    """An arrow that others imply is left out: of four imports here, three are drawn."""
    imports = {"page": ["chart", "ground"], "chart": ["ground"], "ground": [], "soil": ["ground"]}
    drawing = ElementTree.fromstring(draw_rooms(imports))
    height = {label.text: float(label.get("y")) for label in drawing.iter("text")}
    assert height["page"] < height["chart"] == height["soil"] < height["ground"]
    assert sum("marker-end" in path.attrib for path in drawing.iter("path")) == 3
    assert "page imports chart, ground; chart imports ground" in drawing.get("aria-label")


def test_boxes_of_the_library_stand_apart_and_within_the_drawing():
    drawing = ElementTree.fromstring(draw_rooms(room_imports(PROJECT)))
    width = float(drawing.get("viewBox").split()[2])
    boxes = sorted(
        tuple(float(r.get(k)) for k in ("y", "x", "width")) for r in drawing.iter("rect")
    )
    assert len(boxes) == len(ROOMS) + 2  # the simulator and the notebooks
    assert all(0 <= x <= width - wide for _, x, wide in boxes)
    assert all(x + wide <= beside for (y, x, wide), (row, beside, _) in pairwise(boxes) if y == row)


def test_rooms_that_import_one_another_in_a_circle_are_not_drawn():
    with pytest.raises(CycleError):
        draw_rooms({"chart": ["ground"], "ground": ["chart"]})


def test_the_list_of_rooms_tells_each_ones_purpose_and_number_of_names():
    lines = list_rooms(room_imports(PROJECT)).splitlines()
    for room, line in zip(ROOMS, lines, strict=True):
        names = importlib.import_module(f"qilian.{room.name}").__all__
        assert importlib.import_module(f"qilian.{room.name}").__doc__ in line
        assert line.endswith(f"; {len(names)} public names.")


def rows(page: str) -> dict[str, list[str]]:
    """Cells of the table rows that name a notebook, by its name."""
    lines = [line for line in (PROJECT / page).read_text().splitlines() if line.startswith("| ")]
    named = [(re.search(r"notebooks/(\w+)", line), line) for line in lines]
    return {found[1]: line.strip("| ").split(" | ") for found, line in named if found}


def entries(cell: str) -> list[str]:
    return re.findall(r"`([\w ]+)`", cell)


def test_the_readmes_table_has_every_pages_title_needs_and_uses():
    table = rows("README.md")
    assert list(table) == list(CHAPTERS)
    for name, (title, _, needs, uses, _) in table.items():
        assert title == CHAPTERS[name].title
        assert entries(needs) == list(CHAPTERS[name].needs)
        assert entries(uses) == list(CHAPTERS[name].uses)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_room_is_named(page):
    text = (PROJECT / page).read_text()
    assert not [room.name for room in ROOMS if f"`{room.name}`" not in text]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "book/architecture.md"])
def test_every_path_that_a_page_names_is_there(page):
    """Those made by a build or by the reader aside."""
    made = ("_build/", "html/", "executed/", "results/", "data/cache", "data/demo", "notebooks/s14")
    named = re.findall(r"`((?:\w[\w.]*/)+[\w.]*)`", (PROJECT / page).read_text())
    missing = [
        path for path in named if not path.startswith(made) and not (PROJECT / path).exists()
    ]
    assert not missing


def test_the_version_is_the_same_wherever_it_stands():
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((PROJECT / "CITATION.cff").read_text())["version"] == version


def test_the_commit_hook_is_make_lint():
    hooks = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [(repo["repo"], [hook["entry"] for hook in repo["hooks"]]) for repo in hooks] == [
        ("local", ["make lint"])
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "check",
    [
        ("check-jsonschema", "--builtin-schema", "vendor.citation-file-format", "CITATION.cff"),
        ("repo-review", "."),
    ],
    ids=lambda check: check[0],
)
def test_another_tool_finds_no_fault(check):
    program = Path(sys.executable).with_name(check[0])
    done = subprocess.run([program, *check[1:]], cwd=PROJECT, capture_output=True, text=True)
    assert not done.returncode, done.stdout
