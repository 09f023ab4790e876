"""Notebooks of the book, what each one needs, and the parameters it takes."""

import ast
import math
import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import nbformat
import papermill
import yaml

from qilian.archive.catalogue import Archive
from qilian.archive.readers.formats import READERS
from qilian.contracts.errors import InputError

_KINDS = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}
# How the comment of a list begins that has two members: both are named, after their unit.
_TWO = re.compile(r"(\[.*?\] )?\w+ and \w+")
# What a notebook uses that shows all of an archive, as far as it can be read.
EVERYTHING = ("everything",)
# What a run sets in every notebook, each by an option of the command.
_OPTIONS = {"archive": "--archive", "results": "--out"}


@dataclass(frozen=True)
class Chapter:
    """One notebook: its file, title, the archive entries it needs or may use, its parameters.

    What it `needs` is written as `Archive.meeting` reads it.
    A parameter that `takes` those of other pages, named as in `s03.matching_bins`, is a mapping
    that a build fills with their values. The front page tells what a `headline` found. A page that
    is `first` starts before the others, which wait for what it keeps. `defaults` are those of the
    parameters that are lists; those `of_two` have a comment that begins with both, as in `first and
    last day`.
    """

    path: Path
    title: str
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    parameters: Mapping[str, str]  # name → type name
    takes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headline: bool = False
    first: bool = False
    defaults: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    of_two: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem

    def lacks(self, archive: Archive) -> list[str]:
        """List the needs that an archive doesn't meet."""
        return [need for need in self.needs if not archive.meeting(need)]

    def reads(self, archive: Archive, values: Mapping[str, Any]) -> list[str]:
        """List the entries of an archive that this notebook may read, given its parameters.

        Raises
        ------
        InputError
            The archive lacks one that it needs.
        """
        needed = [
            archive.choose(need, "auto" if need in READERS else values.get("entry", "auto"))
            for need in self.needs
        ]
        used = [name for name in self.uses if name in archive.entries]
        if self.uses == EVERYTHING:
            used = archive.sound()
        return list(dict.fromkeys([*needed, *used]))

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Pick this notebook's parameters, those addressed to its page before those to all.

        Examples
        --------
        >>> s05 = Chapter(Path("s05_recession.ipynb"), "S5", (), (), {"minimum_length": "int"})
        >>> s05.given({"minimum_length": 7, "s05.minimum_length": 10, "s04.minimum_length": 5})
        {'minimum_length': 10}
        """
        to_all = {name: value for name, value in values.items() if name in self.parameters}
        addressed = [(*name.split(".", 1), value) for name, value in values.items() if "." in name]
        return to_all | {name: value for page, name, value in addressed if self.is_page(page)}

    def is_page(self, page: str) -> bool:
        """Tell whether this is the page, such as `s05` for `s05_recession`."""
        return f"{self.name}_".startswith(f"{page}_")


def read_chapter(path: Path) -> Chapter:
    """Read a notebook's heading, needs and parameters; nothing is executed."""
    if not path.is_file():
        raise InputError(f"{path} does not exist, expected a notebook.")
    notebook = nbformat.read(path, as_version=4)
    headings = (c.source for c in notebook.cells if c.source.startswith("# "))
    inferred = papermill.inspect_notebook(str(path))
    about = notebook.metadata.get("qilian", {})
    return Chapter(
        path,
        next(headings, path.stem).splitlines()[0].removeprefix("# "),
        tuple(about.get("needs", ())),
        tuple(about.get("uses", ())),
        {name: kind["inferred_type_name"] for name, kind in inferred.items()},
        about.get("takes", {}),
        about.get("headline", False),
        about.get("first", False),
        {name: _listed(p["default"]) for name, p in inferred.items() if _is_list(p)},
        frozenset(n for n, p in inferred.items() if _is_list(p) and _TWO.match(p["help"])),
    )


def _is_list(parameter: Mapping[str, str]) -> bool:
    return parameter["inferred_type_name"] == "list"


def _listed(default: str) -> Sequence[Any]:
    """Elements of a list as a notebook writes it; none of one that is computed."""
    try:
        return list(ast.literal_eval(default))
    except (ValueError, TypeError, SyntaxError):
        return []


def python_code(cells: Sequence[nbformat.NotebookNode]) -> str:
    """Join the code of cells; none if it is not Python, which the notebook's own page will tell."""
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    try:
        ast.parse(code)
    except SyntaxError:
        return ""
    return code


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


def read_folder(folder: Path) -> list[Chapter]:
    """Return the notebooks of a folder in the order of their names."""
    paths = sorted(folder.resolve().glob("*.ipynb"))
    if not paths:
        raise InputError(f"folder {folder} holds no notebook, expected files that end in .ipynb.")
    return [read_chapter(path) for path in paths]


def select(known: Sequence[Chapter], names: Sequence[str]) -> list[Chapter]:
    """Pick chapters by the start of their names (`s05` for `s05_recession`); all for none."""
    if not names:
        return list(known)
    for name in names:
        if not any(chapter.name.startswith(name) for chapter in known):
            listing = ", ".join(chapter.name for chapter in known)
            raise InputError(f"notebook {name!r} is not there, expected one of {listing}.")
    return [chapter for chapter in known if chapter.name.startswith(tuple(names))]


def check_parameters(selected: Sequence[Chapter], values: Mapping[str, Any]) -> None:
    """Hold parameters against what the notebooks declare, before any kernel starts.

    Raises
    ------
    InputError
        A page that is not run, a name that no notebook declares or that an option of the command
        sets, a value of another type, a list with an element of another type than the default's, or
        empty unless that is, or of other than two where the comment names two.
    """
    for given, value in values.items():
        page, _, name = given.rpartition(".")
        if name in _OPTIONS:
            raise InputError(f"parameter {given!r} is set by the run, expected {_OPTIONS[name]}.")
        meant = [chapter for chapter in selected if not page or chapter.is_page(page)]
        if not meant:
            pages = ", ".join(chapter.name for chapter in selected)
            raise InputError(f"parameter {given!r} names no page of this run, expected {pages}.")
        declared = {name for chapter in meant for name in chapter.parameters}
        if name not in declared:
            close = get_close_matches(name, declared - _OPTIONS.keys(), n=1)
            hint = f"perhaps {close[0]!r}" if close else f"expected one of {_some(declared)}"
            raise InputError(f"parameter {given!r} belongs to no notebook of this run, {hint}.")
        for chapter in (chapter for chapter in meant if name in chapter.parameters):
            default, of_two = chapter.defaults.get(name, ()), name in chapter.of_two
            expected = _expected(value, chapter.parameters[name], default, of_two)
            if expected:
                raise InputError(
                    f"parameter {name} of {chapter.name} is {reprlib.repr(value)}, "
                    f"expected {expected}."
                )


def _some(names: Iterable[str], most: int = 12) -> str:
    told = sorted(set(names) - _OPTIONS.keys())
    return ", ".join(told[:most]) + (" and others" if len(told) > most else "")


def _expected(value: Any, kind: str, default: Sequence[Any], of_two: bool) -> str:
    """Say what was expected in place of a value, nothing where it will do."""
    if kind in _KINDS and not _is(value, kind):
        return "a finite number" if kind == "float" and isinstance(value, float) else kind
    if kind == "list":
        kinds = _kinds_within(default)
        if not all(any(_is(element, kind) for kind in kinds) for element in value):
            return f"a list of {' or '.join(kinds)}"
        if of_two and len(value) != 2 and (value or default):
            return "two values"
        if default and not value:
            return "one value or more"
    return ""


def _kinds_within(default: Sequence[Any]) -> Sequence[str]:
    """Kinds that a list's elements may have: the default's, numbers and text if that is empty."""
    kinds = {type(element).__name__ for element in default} or {"float", "str"}
    return sorted(kinds - {"int"} if "float" in kinds else kinds)


def passed_on(selected: Sequence[Chapter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Find what notebooks take of the parameters given to others of the same run.

    Returns
    -------
    dict
        Mappings by parameter, addressed to the notebooks that take them.
    """
    found = {}
    for chapter in selected:
        for parameter, sources in chapter.takes.items():
            taken: dict[str, Any] = {}
            for page, name in (source.split(".") for source in sources):
                for other in (other for other in selected if other.is_page(page)):
                    taken |= {n: v for n, v in other.given(values).items() if n == name}
            if taken:
                found[f"{chapter.name}.{parameter}"] = taken
    return found


def _is(value: Any, kind: str) -> bool:
    # A bool is an int to Python, not to a reader, and neither nan nor inf is a number to him.
    finite = not isinstance(value, float) or math.isfinite(value)
    return (
        isinstance(value, _KINDS[kind])
        and (kind == "bool" or not isinstance(value, bool))
        and finite
    )
