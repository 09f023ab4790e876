"""What a command line asks for, checked before any kernel starts."""

import re
import reprlib
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml

from qilian.archive.catalogue import open_archive
from qilian.archive.project import base_folder
from qilian.book.chapters import Chapter, check_parameters, passed_on, select
from qilian.book.run import Run
from qilian.contracts.errors import InputError


def plan_run(
    known: Sequence[Chapter],
    names: Sequence[str],
    *,
    archive: str,
    given: Sequence[tuple[str, str]],
    out: Path | None,
    apart: bool = False,
) -> tuple[Run, list[Chapter]]:
    """Check archive, notebooks and parameters of a run.

    Parameters
    ----------
    known : sequence of Chapter
        Notebooks to choose from.
    names : sequence of str
        Starts of the names of those to run; all of them for none.
    archive : str
        As `open_archive` takes it.
    given : sequence of (str, str)
        Parameters and their values, as YAML writes them.
    out : Path or None
        Folder of the run; by default one in `_build` that is named after the archive.
    apart : bool, optional
        Whether parameters give the run a default folder of its own.

    Returns
    -------
    Run, list of Chapter
        The run and its notebooks.

    Raises
    ------
    InputError
        As `open_archive`, `select` and `check_parameters` say.
    """
    opened = open_archive(archive)
    selected = select(known, names)
    parameters = {name: _value(name, text) for name, text in given}
    check_parameters(selected, parameters)
    parameters = passed_on(selected, parameters) | parameters
    mark = f"-{_short_hash(repr(sorted(given)))}" if given and apart else ""
    folder = out or base_folder() / "_build" / (_folder_name(opened.catalogue) + mark)
    return Run(opened, parameters, folder.resolve()), selected


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: no octal 010, no sexagesimal 12:30, no yes for true, no dates."""

    def plain(self, node: yaml.ScalarNode) -> Any:
        """Read a number or an answer where it is written as Python writes it."""
        form, make = _PLAIN[node.tag.rpartition(":")[2]]
        if form.fullmatch(node.value):
            return make(node.value)
        raise InputError(
            f"the value {node.value!r} can be read in two ways, "
            "expected a plain number, true or false, or text in quotes."
        )


_PLAIN: dict[str, tuple[re.Pattern, Callable[[str], Any]]] = {
    "bool": (re.compile("true|false"), lambda text: text == "true"),
    "int": (re.compile(r"[-+]?(0|[1-9]\d*)"), int),
    "float": (re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"), float),
}
for _kind in _PLAIN:
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.plain)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
# A number with an exponent is one without a point too.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+[eE][-+]?\d+"), list("-+0123456789")
)


def _value(name: str, text: str) -> Any:
    """Read a parameter as YAML, but a date as the text that notebooks take it for."""
    try:
        return yaml.load(text, _Loader)
    except InputError as error:
        raise InputError(f"parameter {name}: {error}") from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise InputError(
            f"parameter {name} is {reprlib.repr(text)}, expected a value as YAML writes it."
        ) from error


def _folder_name(catalogue: Path) -> str:
    """Name of an archive's build: its own under `data/`, elsewhere with a mark of its path."""
    name = catalogue.parent.name if catalogue.name == "catalogue.toml" else catalogue.stem
    if catalogue.is_relative_to(base_folder() / "data"):
        return name
    return f"{name}-{_short_hash(str(catalogue))}"


def _short_hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=3).hexdigest()
