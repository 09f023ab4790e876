"""What code a result rests on: the modules that its maker uses, and the packages they import."""

import ast
import hashlib
import json
import sys
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from qilian.archive.project import cache_folder

_OURS = "qilian"
_HERE = Path(__file__).parents[1]


@cache
def code_digest(module: str) -> str:
    """Hash the source of a module and of all it uses of ours, and the versions of the rest.

    Imports are read from the source, wherever in it they stand; nothing is executed. Of a room
    those modules count whose names are used, or all where the room itself is handed on.

    Parameters
    ----------
    module : str
        Name of an imported module, such as `make.__module__`.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    files, packages = _closure([Path(str(sys.modules[module].__file__))])
    return _digest(files, (f"{package} {_version(package)}" for package in packages))


def source_digest(source: str) -> str:
    """Hash what a source, such as a notebook's, uses of ours; packages of others do not count.

    Raises
    ------
    SyntaxError
        It is not Python.
    """
    used = {file for name in used_names(source.encode()) for file in _files(name)}
    return _digest(_closure(sorted(used))[0])


def modules_used(source: str) -> set[str]:
    """Name the modules that a source, such as a notebook's, makes Python load.

    Where it imports a name from another's module, that name is given, with its module's before it.
    """
    names = set(used_names(source.encode()))
    others = {name for name in names if name.partition(".")[0] != _OURS}
    files = {file for name in names - others for file in _files(name) if file.suffix == ".py"}
    return others | {
        ".".join((_OURS, *file.relative_to(_HERE).with_suffix("").parts)).removesuffix(".__init__")
        for file in files
    }


def _digest(files: Iterable[Path], others: Iterable[str] = ()) -> str:
    total = hashlib.blake2b(digest_size=16)
    for file in sorted(files):
        total.update(_read(file))
    for other in sorted(others):
        total.update(other.encode())
    return total.hexdigest()


def _read(file: Path) -> bytes:
    about = file.stat()
    return _read_once(file, about.st_size, about.st_mtime_ns)


@cache
def _read_once(file: Path, size: int, modified: int) -> bytes:
    return file.read_bytes()


def _version(package: str) -> str:
    """Version of the distribution that an imported package comes from, mostly one of its name."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ", ".join(version(name) for name in packages_distributions().get(package, ()))


def _closure(start: Iterable[Path]) -> tuple[set[Path], set[str]]:
    """Files of ours that some files reach, themselves among them, and packages of others."""
    files: set[Path] = set()
    packages: set[str] = set()
    waiting = set(start)
    while waiting:
        files.add(here := waiting.pop())
        for name in names_in(here):
            if name.partition(".")[0] != _OURS:
                packages.add(name.partition(".")[0])
            else:
                waiting.update(found for found in _files(name) if found not in files)
    _known().keep()
    return files, packages - sys.stdlib_module_names


def names_in(file: Path) -> frozenset[str]:
    """Read the names that a file of the library imports, as `used_names` does."""
    room = f"{_OURS}.{file.parent.name}"  # to which its stub's imports are relative
    package = _OURS if file.parent.name == _OURS else room
    return _names(file, _read(file), package)


@cache
def _names(file: Path, source: bytes, package: str) -> frozenset[str]:
    return _known().names(file, source, package)


class _Known:
    """Names that files import, kept for other processes, to which parsing all takes a second.

    Parameters
    ----------
    path : Path
        Where they are kept, by the file's path and a hash of its content.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = False
        self._held: dict[str, Any] = {}
        with suppress(OSError, TypeError, ValueError):
            self._held = dict(json.loads(path.read_bytes()))

    def names(self, file: Path, source: bytes, package: str) -> frozenset[str]:
        total = hashlib.blake2b(_read(Path(__file__)) + source, digest_size=16).hexdigest()
        if self._held.get(str(file), {}).get("source") != total:
            names = sorted(used_names(source, package))
            self._held[str(file)] = {"source": total, "names": names}
            self._new = True
        return frozenset(self._held[str(file)]["names"])

    def keep(self) -> None:
        """Write what is new, whole or not at all; nobody needs it."""
        if self._new and self._path.parent.is_dir():
            unfinished = self._path.with_name(f".{uuid.uuid4().hex}")
            with suppress(OSError):
                unfinished.write_text(json.dumps(self._held))
                unfinished.rename(self._path)
        self._new = False


@cache
def _known() -> _Known:
    return _Known(cache_folder() / "imports.json")


@cache
def used_names(source: bytes, package: str = "") -> frozenset[str]:
    """Read the names that a source imports, and what it takes from them by a dot.

    Parameters
    ----------
    source : bytes
        Python code; nothing of it is executed.
    package : str, optional
        Package to which its relative imports are relative.

    Examples
    --------
    >>> sorted(used_names(b"from qilian import insar; insar.invert(insar.thinned_network(stack))"))
    ['qilian.insar', 'qilian.insar.invert', 'qilian.insar.thinned_network']

    What is handed on may be used in any way:

    >>> sorted(used_names(b"from qilian import insar; dir(insar)"))
    ['qilian.insar', 'qilian.insar.*']
    """
    nodes = list(ast.walk(ast.parse(source)))
    bound: dict[str, set[str]] = {}
    for local, name in _bindings(nodes, package):
        bound.setdefault(local, set()).add(name)
    names = Counter(node.id for node in nodes if isinstance(node, ast.Name))
    found = set().union(*bound.values())
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            local = node.value.id
            names[local] -= 1
            found |= {f"{name}.{node.attr}" for name in bound.get(local, ())}
    handed_on = {f"{name}.*" for local in bound if names[local] for name in bound[local]}
    return frozenset(found | handed_on)


def _bindings(nodes: Iterable[ast.AST], package: str) -> Iterator[tuple[str, str]]:
    """Read local names and what they are imported from."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            start = ".".join([*([package] if node.level else []), *filter(None, [node.module])])
            for alias in node.names:
                yield alias.asname or alias.name, f"{start}.{alias.name}"


@cache
def _files(name: str) -> list[Path]:
    """Source of the module that a name of ours is, or is found in."""
    module, _, attribute = name.rpartition(".")
    if attribute != "*" and (own := _origin(name)):
        return [own]
    own = _origin(module)
    if own is None:  # a name within a class, or in a module that is not there
        return _files(module) if "." in module else []
    stub = own.with_suffix(".pyi")
    if own.name != "__init__.py" or not stub.is_file():
        return [own]
    listed = _listed(_read(stub), module)
    if attribute in listed:
        return [own, *_files(listed[attribute])]
    return [own, stub]


@cache
def _listed(stub: bytes, room: str) -> dict[str, str]:
    return dict(_bindings(ast.walk(ast.parse(stub)), room))


def _origin(module: str) -> Path | None:
    """File of one of our modules, found without importing it."""
    path = _HERE.joinpath(*module.split(".")[1:])
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)
