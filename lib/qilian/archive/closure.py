"""What code a result rests on: the modules that its maker imports, and the packages they import."""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

_OURS = "qilian"


@cache
def code_digest(module: str) -> str:
    """Hash the source of a module and of all it imports of ours, and the versions of the rest.

    Imports are read from the source, wherever in it they stand; nothing is executed. A name taken
    from a room counts as all modules of that room.

    Parameters
    ----------
    module : str
        Name of an imported module, such as `make.__module__`.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    files, packages = _closure(Path(str(sys.modules[module].__file__)))
    total = hashlib.blake2b(digest_size=16)
    for file in sorted(files):
        total.update(file.read_bytes())
    for package in sorted(packages):
        total.update(f"{package} {_version(package)}".encode())
    return total.hexdigest()


def _version(package: str) -> str:
    """Version of the distribution that an imported package comes from, mostly one of its name."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ", ".join(version(name) for name in packages_distributions().get(package, ()))


def _closure(file: Path) -> tuple[set[Path], set[str]]:
    """Files of ours that a file reaches by import, itself among them, and packages of others."""
    files, packages, waiting = set(), set(), [file]
    while waiting:
        files.add(here := waiting.pop())
        room = f"{_OURS}.{here.parent.name}"  # to which its stub's imports are relative
        for name in imported_names(here.read_bytes(), room):
            if name.partition(".")[0] != _OURS:
                packages.add(name.partition(".")[0])
            else:
                waiting += [found for found in _files(name) if found not in files]
    return files, packages - sys.stdlib_module_names


def imported_names(source: str | bytes, package: str = "") -> Iterator[str]:
    """Read the names that a source imports, wherever in it, each with its module's.

    Parameters
    ----------
    source : str or bytes
        Python code; nothing of it is executed.
    package : str, optional
        Package to which its relative imports are relative.

    Examples
    --------
    >>> list(imported_names("import numpy as np; from qilian.insar import invert, vertical"))
    ['numpy', 'qilian.insar.invert', 'qilian.insar.vertical']
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = f"{package}." if node.level else ""
            yield from (f"{start}{node.module}.{alias.name}" for alias in node.names)


@cache
def _files(name: str) -> list[Path]:
    """Source of the module that an imported name is, or is taken from; a room's with its list."""
    for module in (name, name.rpartition(".")[0]):
        try:
            spec = find_spec(module)
        except ModuleNotFoundError:  # a name within a module
            continue
        if spec and spec.origin:
            listed = Path(spec.origin).with_suffix(".pyi")
            own = [Path(spec.origin)]
            return [*own, listed] if module != name and listed.is_file() else own
    return []
