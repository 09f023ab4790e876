"""Notebooks of the book, what each one needs, and the parameters it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import nbformat
import papermill
import yaml

from qilian.contracts.errors import InputError

_KINDS = {"int": (int,), "float": (float, int), "str": (str,), "bool": (bool,), "list": (list,)}


@dataclass(frozen=True)
class Chapter:
    """One notebook: its file, title, the archive entries it needs or may use, its parameters."""

    path: Path
    title: str
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    parameters: Mapping[str, str]  # name → type name

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem


def read_chapter(path: Path) -> Chapter:
    """Read a notebook's heading, needs and parameters; nothing is executed."""
    if not path.is_file():
        raise InputError(f"{path} does not exist, expected a notebook.")
    notebook = nbformat.read(path, as_version=4)
    heading = next(c.source for c in notebook.cells if c.source.startswith("# "))
    inferred = papermill.inspect_notebook(str(path))
    return Chapter(
        path,
        heading.splitlines()[0].removeprefix("# "),
        *(tuple(notebook.metadata.get("qilian", {}).get(key, ())) for key in ("needs", "uses")),
        {name: about["inferred_type_name"] for name, about in inferred.items()},
    )


def read_chapters(project: Path) -> list[Chapter]:
    """Return the notebooks of `_toc.yml` in its order."""
    toc = yaml.safe_load((project / "_toc.yml").read_text())
    files = [
        entry["file"]
        for group in [toc, *toc.get("parts", ())]
        for entry in group.get("chapters", ())
    ]
    notebooks = [project / f"{file}.ipynb" for file in files]
    return [read_chapter(path) for path in notebooks if path.is_file()]


def select(known: Sequence[Chapter], names: Sequence[str]) -> list[Chapter]:
    """Pick chapters by the start of their names (`s05` for `s05_recession`); all for none."""
    if not names:
        return list(known)
    for name in names:
        if not any(chapter.name.startswith(name) for chapter in known):
            listing = ", ".join(chapter.name for chapter in known)
            raise InputError(f"notebook {name!r} is not in _toc.yml, expected one of {listing}.")
    return [chapter for chapter in known if chapter.name.startswith(tuple(names))]


def check_parameters(selected: Sequence[Chapter], values: Mapping[str, Any]) -> None:
    """Hold parameters against what the notebooks declare, before any kernel starts.

    Raises
    ------
    InputError
        A name that no notebook declares, or a value of another type.
    """
    declared = {name for chapter in selected for name in chapter.parameters}
    for name, value in values.items():
        if name not in declared:
            close = get_close_matches(name, declared, n=1)
            hint = f"perhaps {close[0]!r}" if close else f"expected one of {sorted(declared)}"
            raise InputError(f"parameter {name!r} belongs to no notebook of this run, {hint}.")
        for chapter in selected:
            kind = chapter.parameters.get(name)
            if kind in _KINDS and not _is(value, kind):
                raise InputError(
                    f"parameter {name} of {chapter.name} is {value!r}, expected {kind}."
                )


def _is(value: Any, kind: str) -> bool:
    # A bool is an int to Python, not to a reader.
    return isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))
