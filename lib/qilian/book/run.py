"""Executing notebooks with papermill: side by side, only what changed, never over the sources."""

import hashlib
import json
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from qilian.archive.catalogue import Archive
from qilian.archive.closure import source_digest
from qilian.archive.project import base_folder
from qilian.book._clean import drop_loaders
from qilian.book.chapters import EVERYTHING, Chapter, python_code
from qilian.contracts.errors import InputError

# Failures whose message is meant for the user; anything else is a bug and keeps its traceback.
_FOR_USERS = {"InputError", "CheckError"}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Outcome:
    """How one notebook fared: ran, kept (nothing changed), failed or without input."""

    chapter: str
    status: str
    seconds: float
    message: str = ""
    traceback: str = ""
    key: str = ""
    text: str = ""  # hash of what is not code
    saved: tuple[str, ...] = ()  # files in the notebook's results folder


@dataclass(frozen=True)
class Run:
    """One archive and one set of parameters, executed under `folder`."""

    archive: Archive
    parameters: Mapping[str, Any]
    folder: Path

    def executed(self, chapter: Chapter) -> Path:
        """Where the executed copy of a notebook lies."""
        return self.folder / "executed" / chapter.path.name

    def record(self, chapter: Chapter) -> Path:
        """Where the outcome of the last successful run of a notebook lies."""
        return self.executed(chapter).with_suffix(".json")

    def failed(self, chapter: Chapter) -> Path:
        """Where the copy of a notebook lies that failed, with what it had shown by then."""
        return self.folder / "failed" / chapter.path.name

    def results(self, chapter: Chapter) -> Path:
        """Where a notebook saves the numbers of its figure."""
        return self.folder / "results" / chapter.name

    def injected(self, chapter: Chapter) -> dict[str, Any]:
        """Parameters for one notebook, only those it declares."""
        base = base_folder(chapter.path.parent)  # where its kernel works
        places = {
            "archive": _short(self.archive.catalogue, base / "data"),
            "results": _short(self.results(chapter), base),
        }
        return chapter.given(places | dict(self.parameters))


def _short(path: Path, base: Path) -> str:
    """Path relative to `base` where it lies below, so that no page shows a machine's folders."""
    path = path.parent if path.name == "catalogue.toml" else path
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def execute(
    run: Run,
    chapters: Sequence[Chapter],
    *,
    workers: int = 2,
    starting: Callable[[Sequence[Chapter]], None] = lambda due: None,
    report: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Bring the executed copies of notebooks up to date.

    A notebook is executed when its code, its parameters, what it uses of the library, the
    installed packages or its input differ from its last successful run; text that differs goes
    into the copy that is there. A failure costs nothing but its own page, and leaves the copy in
    which it stopped.

    Parameters
    ----------
    run : Run
        Archive, parameters and folder.
    chapters : sequence of Chapter
        Notebooks to execute.
    workers : int, optional
        How many kernels run at once.
    starting : callable, optional
        Called with the notebooks to execute, if there are any, before the first kernel starts: as
        soon as some are found that never ran here, or else when it is known what has changed.
    report : callable, optional
        Called with each outcome as it arrives.

    Returns
    -------
    list of Outcome
        In the order of `chapters`.
    """
    try:
        run.executed(chapters[0]).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"folder {run.folder} cannot be made: {error.strerror}.") from error
    packages = installed_packages()
    digest = cache(lambda entry: run.archive.digest([entry]))  # several pages read the same
    outcomes: dict[str, Outcome] = {}
    keys: dict[str, str] = {}

    def arrived(outcome: Outcome) -> None:
        outcomes[outcome.chapter] = outcome
        report(outcome)

    new = [c for c in chapters if not c.lacks(run.archive) and not run.record(c).is_file()]
    if new:
        starting(new)
    for chapter in chapters:
        try:
            keys[chapter.name] = _key(run, chapter, packages, digest)
        except (InputError, OSError) as error:
            _forget(run, chapter)
            status = "no input" if chapter.lacks(run.archive) else "failed"
            arrived(Outcome(chapter.name, status, 0.0, str(error)))
            continue
        if kept := _kept(run, chapter, keys[chapter.name]):
            arrived(kept)
    due = [chapter for chapter in chapters if chapter.name not in outcomes]
    if due and not new:
        starting(due)
    due.sort(key=lambda chapter: not chapter.first)
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_execute_one, run, chapter, keys[chapter.name]) for chapter in due]
        for future in as_completed(futures):
            arrived(future.result())
    return [outcomes[chapter.name] for chapter in chapters]


def _execute_one(run: Run, chapter: Chapter, key: str) -> Outcome:
    start = time.perf_counter()
    _forget(run, chapter)
    text = _text(chapter)
    # Papermill leaves a finished-looking file behind a failure: only success gets the real name.
    unfinished = run.executed(chapter).with_suffix(".unfinished.ipynb")
    try:
        executed = papermill.execute_notebook(
            str(chapter.path),
            str(unfinished),
            run.injected(chapter),
            # Not papermill's cwd, which would be that of all threads.
            resources={"metadata": {"path": str(chapter.path.parent)}},
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,  # a copy a cell, of which only the last is kept
            extra_arguments=["--IPKernelApp.log_level=50", "--HistoryManager.enabled=False"],
            shutdown_kernel="immediate",  # all is written by then, and asking takes 2 s
        )
    except Exception as error:  # a dead kernel, a full disk, a bug: the other notebooks go on
        _forget(run, chapter)
        _keep_failed(run, chapter, unfinished)
        seconds = time.perf_counter() - start
        return Outcome(chapter.name, "failed", seconds, *_explain(error))
    drop_loaders(executed)
    _put(executed, run.executed(chapter), unfinished)
    results = run.results(chapter)
    files = (path for path in results.rglob("[!.]*") if path.is_file())
    saved = tuple(sorted(str(path.relative_to(results)) for path in files))
    seconds = time.perf_counter() - start
    outcome = Outcome(chapter.name, "ran", seconds, key=key, text=text, saved=saved)
    run.record(chapter).write_text(json.dumps(asdict(outcome)))
    return outcome


def _put(notebook: NotebookNode, path: Path, unfinished: Path) -> None:
    nbformat.write(notebook, unfinished)
    unfinished.rename(path)


def _kept(run: Run, chapter: Chapter, key: str) -> Outcome | None:
    record, executed = run.record(chapter), run.executed(chapter)
    if not (record.is_file() and executed.is_file()):
        return None
    try:
        last = Outcome(**json.loads(record.read_text()))
    except (ValueError, TypeError):  # cut short, or another version's: run again
        return None
    whole = all((run.results(chapter) / name).is_file() for name in last.saved)
    if not whole or last.key != key:
        return None
    text = _text(chapter)
    if last.text != text:
        _retell(run, chapter)
        record.write_text(json.dumps(asdict(replace(last, text=text))))
    return Outcome(chapter.name, "kept", 0.0)


def _retell(run: Run, chapter: Chapter) -> None:
    """Put a notebook's text into its executed copy, around the same code."""
    executed = nbformat.read(run.executed(chapter), as_version=4)
    ran = deque(cell for cell in executed.cells if cell.cell_type == "code")
    cells = []
    for cell in nbformat.read(chapter.path, as_version=4).cells:
        cells.append(ran.popleft() if cell.cell_type == "code" else cell)
        if ran and "injected-parameters" in ran[0].metadata.get("tags", ()):
            cells.append(ran.popleft())
    executed.cells = cells
    unfinished = run.executed(chapter).with_suffix(".unfinished.ipynb")
    _put(executed, run.executed(chapter), unfinished)


def _keep_failed(run: Run, chapter: Chapter, unfinished: Path) -> None:
    if unfinished.is_file():
        run.failed(chapter).parent.mkdir(exist_ok=True)
        unfinished.rename(run.failed(chapter))


def _forget(run: Run, chapter: Chapter) -> None:
    for past in (run.record(chapter), run.executed(chapter), run.failed(chapter)):
        past.unlink(missing_ok=True)
    shutil.rmtree(run.results(chapter), ignore_errors=True)


def _explain(error: Exception) -> tuple[str, str]:
    """Message and traceback; a message for users needs no traceback."""
    if not isinstance(error, PapermillExecutionError):
        return f"{type(error).__name__}: {error}", ""
    if error.ename in _FOR_USERS:
        return error.evalue, ""
    return f"{error.ename}: {error.evalue}", _ANSI.sub("", "\n".join(error.traceback))


def _key(run: Run, chapter: Chapter, packages: str, digest: Callable[[str], str]) -> str:
    cells = nbformat.read(chapter.path, as_version=4).cells
    given = run.injected(chapter)
    parts = [
        packages,
        source_digest(python_code(cells)),
        json.dumps([(cell.source, cell.metadata) for cell in cells if cell.cell_type == "code"]),
        json.dumps(given, sort_keys=True),
        run.archive.name,
        json.dumps(dict(run.archive.facts)),
        *map(digest, chapter.reads(run.archive, given)),
        run.archive.truth_digest(),
        *(run.archive.faults() if chapter.uses == EVERYTHING else ()),
    ]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _text(chapter: Chapter) -> str:
    """Hash of a notebook's cells but of their code, and of where they stand between it."""
    cells = nbformat.read(chapter.path, as_version=4).cells
    text = [c.cell_type != "code" and (c.cell_type, c.source, c.metadata) for c in cells]
    return hashlib.blake2b(json.dumps(text).encode(), digest_size=16).hexdigest()


def installed_packages() -> str:
    """Names and versions of all installed packages, as their folders have them."""
    folders = (Path(place).glob("*.dist-info") for place in sys.path)
    return " ".join(sorted(folder.name for found in folders for folder in found))
