"""Which files an entry means: links followed, hidden ones passed over, those outside its path."""

import os
import re
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import rasterio

from qilian.contracts.errors import InputError

_PLACE = re.compile(r"\{\w*\}")
_PACKED = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "packed with gzip"}
_TABLES = {".csv", ".tsv", ".txt"}
_COMPLEX = {".raw", ".slc", ".rslc", ".full", ".int", ".diff"}
_WORD = re.compile(r"[^,;\t\r\n]+")


@contextmanager
def foreign(path: Path, expected: str) -> Iterator[None]:
    """Answer whatever a library raises over a damaged or foreign file with one sentence."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # what HDF5, GDAL and their kin raise is known to nobody
        raise InputError(f"{path} {_fault(path)}, expected {expected}.") from error


def _fault(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    packed = next((words for mark, words in _PACKED.items() if start.startswith(mark)), None)
    return f"is {packed}" if packed else "cannot be read"


def files_under(path: Path, pattern: str = "*") -> list[Path]:
    """Files under a folder in a fixed order, through links, without hidden ones.

    Parameters
    ----------
    path : Path
        The folder; each folder behind links is visited once.
    pattern : str, optional
        What the files' names fit.
    """
    found, visited = [], set()
    for folder, folders, names in os.walk(path, followlinks=True):
        real = Path(folder).resolve()
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder, name) for name in names if _is_seen(name) and fnmatch(name, pattern)]
    return sorted(file for file in found if file.is_file())


def files_like(path: Path, pattern: str) -> list[Path]:
    """Files whose place under a folder fits a pattern, in a fixed order, without hidden ones."""
    try:
        found = sorted(path.glob(re.sub(r"\*+", "*", pattern)))
    except (ValueError, NotImplementedError, OSError) as error:
        raise InputError(
            f"{path}: the pattern {reprlib.repr(pattern)} cannot be looked for, expected names of "
            "folders and files, relative to this one."
        ) from error
    return [file for file in found if _is_seen(file.name) and file.is_file()]


def is_there(path: Path) -> bool:
    """Tell whether a file or folder is there, also of what can be no file's name."""
    with suppress(OSError, ValueError):
        return path.exists()
    return False


def _is_seen(name: str) -> bool:
    return not name.startswith(".")


def refuse_packed(path: Path) -> None:
    """Say so where a folder holds its products packed."""
    packed = files_under(path, "*.zip")
    if packed:
        raise InputError(f"{packed[0]} is a zip archive, expected its files unpacked.")


def inputs(path: Path, options: Mapping[str, Any]) -> list[Path]:
    """Every file that a reader may open, in a fixed order.

    These are the files under a path, those that the reader's keys name or that their patterns fit,
    those that named tables and virtual rasters list, and what lies beside each under its name:
    masks, overviews, tags, the parts of a shapefile. Not the raw data, complex images and wrapped
    interferograms that processors keep beside their results, many times as large: no reader takes
    complex numbers.

    Parameters
    ----------
    path : Path
        Of the entry.
    options : mapping of str
        The reader's keys, defaults among them.
    """
    base = path if path.is_dir() else path.parent
    first = files_under(path) if path.is_dir() else [path]
    for value in options.values():
        if isinstance(value, str) and value:
            first += _named(base, value)
    found: dict[Path, None] = {}
    while first:
        file = first.pop()
        if file in found or file.suffix.lower() in _COMPLEX or not is_there(file):
            continue
        if not file.is_file():
            continue
        found[file] = None
        if not file.is_relative_to(path) or file == path:
            first += files_like(file.parent, f"{_literal(file.stem)}.*")
            first += files_like(file.parent, f"{_literal(file.name)}-*")  # a GeoPackage's journal
        if file.suffix == ".vrt":
            first += _sources(file)
    return sorted(found)


def _literal(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _named(base: Path, value: str) -> list[Path]:
    """Files that a key's text means, and those that such a table lists."""
    pattern = _PLACE.sub("*", value)
    try:
        found = files_like(base, pattern) if "*" in pattern else [base / value]
        tables = [file for file in found if file.suffix in _TABLES and is_there(file)]
    except InputError:  # a unit or a heading, which is no pattern
        return []
    return found + [file for table in tables for file in _listed(base, table)]


def _listed(base: Path, table: Path) -> Iterator[Path]:
    words = {word.strip().strip('"') for word in _WORD.findall(table.read_text(errors="replace"))}
    named = (Path(os.path.normpath(base / word)) for word in words if word)
    return (file for file in named if is_there(file))


def _sources(virtual: Path) -> list[Path]:
    try:
        with rasterio.open(virtual) as raster:
            return [Path(os.path.normpath(file)) for file in raster.files]
    except Exception:  # whatever GDAL raises: the reader will say so
        return []
