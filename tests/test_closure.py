"""What code a kept product rests on is read from the imports of its maker."""

import importlib
import sys
from pathlib import Path

import pytest

from qilian.archive import closure
from qilian.archive.closure import _closure, code_digest, names_in, source_digest


@pytest.fixture
def maker(tmp_path, monkeypatch):
    """Write a module that makes something, import it, and give its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> str:
        (tmp_path / "maker.py").write_text(source)
        sys.modules.pop("maker", None)
        importlib.invalidate_caches()
        importlib.import_module("maker")
        code_digest.cache_clear()
        return "maker"

    yield write
    sys.modules.pop("maker", None)


def reached(module: str) -> tuple[set[str], set[str]]:
    files, packages = _closure([Path(sys.modules[module].__file__)])
    return {"/".join(file.parts[-2:]) for file in files}, packages


def test_the_displacement_rests_on_the_solver_the_thaw_and_every_reader_but_on_no_figure():
    importlib.import_module("qilian.products.inversion")
    files, packages = reached("qilian.products.inversion")
    assert {"sbas/solve.py", "thaw/index.py", "readers/licsar.py", "contracts/radars.py"} <= files
    assert {"numba", "rasterio", "rioxarray", "xarray"} <= packages
    assert not {file for file in files if file.partition("/")[0] in ("figures", "views", "book")}


def test_an_import_within_a_function_counts(maker):
    files, packages = reached(
        maker("def make():\n    from qilian.insar.network import time_span\n")
    )
    assert {"insar/network.py", "contracts/errors.py"} <= files
    assert "numpy" in packages


def test_a_name_from_a_room_counts_as_the_module_that_defines_it(maker):
    files, _ = reached(maker("from qilian.thaw import thawing_indices\n"))
    assert {"thaw/index.py", "thaw/__init__.py", "contracts/labels.py"} <= files
    assert "thaw/gnssir.py" not in files
    assert files == reached(maker("from qilian import thaw\nthaw.thawing_indices\n"))[0]


def test_a_room_that_is_handed_on_counts_as_all_of_it(maker):
    files, _ = reached(maker("from qilian import thaw\nprint(dir(thaw))\n"))
    assert {"thaw/index.py", "thaw/gnssir.py", "spatial/grids.py"} <= files


def test_a_notebook_rests_on_the_figures_it_draws_and_not_on_others(monkeypatch):
    source = "from qilian import figures\nfigures.map_grid(figure, fields)\n"
    before = source_digest(source)
    read = closure._read

    def edited(name: str) -> str:
        change = {name: b"# another"}
        monkeypatch.setattr(closure, "_read", lambda file: read(file) + change.get(file.name, b""))
        return source_digest(source)

    assert edited("recession.py") == before
    assert edited("maps.py") != before


def test_another_source_is_another_digest(maker):
    first = code_digest(maker("from qilian.contracts import labels\n"))
    assert code_digest(maker("from qilian.contracts import labels  # to see\n")) != first
    assert code_digest(maker("from qilian.contracts import labels\n")) == first


def test_a_file_is_parsed_once_and_again_when_it_was_edited(tmp_path, monkeypatch):
    """Its names are kept for other processes; what is damaged there is not believed."""
    file, kept = tmp_path / "maker.py", tmp_path / "kept.json"
    parsed: list[bytes] = []
    read = closure.used_names

    def used_names(source: bytes, package: str = "") -> frozenset[str]:
        parsed.append(source)
        return read(source, package)

    monkeypatch.setattr(closure, "used_names", used_names)

    def names(source: str) -> set[str]:
        """Read them in a process that starts with what another kept."""
        file.write_text(source)
        closure._names.cache_clear()
        known = closure._Known(kept)
        monkeypatch.setattr(closure, "_known", lambda: known)
        found = names_in(file)
        known.keep()
        return set(found)

    assert names("import numpy") == names("import numpy") == {"numpy"}
    assert len(parsed) == 1
    assert names("import scipy") == {"scipy"}
    kept.write_text("[1, 2")
    assert names("import scipy") == {"scipy"}
    assert parsed == [b"import numpy", b"import scipy", b"import scipy"]
