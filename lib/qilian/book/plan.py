"""What a command line asks for, checked before any kernel starts."""

from collections.abc import Sequence
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml

from qilian.archive.catalogue import open_archive
from qilian.archive.project import base_folder
from qilian.book.chapters import Chapter, check_parameters, passed_on, select
from qilian.book.run import Run


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
    parameters = {name: _value(text) for name, text in given}
    check_parameters(selected, parameters)
    parameters = passed_on(selected, parameters) | parameters
    mark = f"-{_short_hash(repr(sorted(given)))}" if given and apart else ""
    folder = out or base_folder() / "_build" / (_folder_name(opened.catalogue) + mark)
    return Run(opened, parameters, folder.resolve()), selected


def _value(text: str) -> Any:
    """Read a parameter as YAML, but a date as the text that notebooks take it for."""
    value = yaml.safe_load(text)
    return text if isinstance(value, date) else value


def _folder_name(catalogue: Path) -> str:
    """Name of an archive's build: its own under `data/`, elsewhere with a mark of its path."""
    name = catalogue.parent.name if catalogue.name == "catalogue.toml" else catalogue.stem
    if catalogue.is_relative_to(base_folder() / "data"):
        return name
    return f"{name}-{_short_hash(str(catalogue))}"


def _short_hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=3).hexdigest()
