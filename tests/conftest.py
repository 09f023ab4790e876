"""Fixtures shared by the tests: real records where present, one demo archive, one built book."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from qilian_demo.write import write_archive

# What tests invert stays out of the project's own cache.
os.environ["QILIAN_CACHE"] = tempfile.mkdtemp(prefix="qilian-cache-")

# How fast a machine is says nothing about a property.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

PROJECT = Path(__file__).parents[1]
REAL = PROJECT.parent / "shared" / "real"


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder of real records; tests that need it skip where it is absent."""
    if not REAL.is_dir():
        pytest.skip(f"real records are not at {REAL}")
    return REAL


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One demo archive for the session."""
    folder = tmp_path_factory.mktemp("archive") / "demo"
    write_archive(folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def qilian():
    """Run the command line as a user does."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess:
        command = [str(Path(sys.executable).with_name("qilian")), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return call


@pytest.fixture(scope="session")
def book(demo: Path, qilian, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a book run and rendered on the demo archive."""
    out = tmp_path_factory.mktemp("book")
    done = qilian("book", "--archive", demo, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def site(book: Path) -> Path:
    """Folder of the rendered site."""
    return book / "html"
