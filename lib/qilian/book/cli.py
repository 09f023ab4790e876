"""The command line: run notebooks, render the book."""

import sys
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import blake2b
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
import yaml
from rich.console import Console

from qilian.archive.catalogue import PROJECT, open_archive
from qilian.book.chapters import Chapter, check_parameters, passed_on, read_chapters, select
from qilian.book.render import RenderError, render_book
from qilian.book.run import Outcome, Run, execute
from qilian.contracts.errors import InputError

_console = Console(highlight=False, soft_wrap=True, markup=False)
_COMMANDS = "qilian.commands"
_STYLE = {"ran": "green", "kept": "cyan", "no input": "yellow", "failed": "red"}


class _Sentences(click.Group):
    """Commands that answer bad input with its sentence instead of a traceback.

    Other packages add theirs by an entry point of the group `qilian.commands`.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *entry_points(group=_COMMANDS).names])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        added = entry_points(group=_COMMANDS, name=cmd_name)
        return super().get_command(ctx, cmd_name) or next((point.load() for point in added), None)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            _console.print(f"error: {error}", style="red")
            sys.exit(2)
        except RenderError as error:
            _console.print(f"error: {error}", style="red")
            sys.exit(1)


@click.group(cls=_Sentences)
def app() -> None:
    """Run and render the executable supplement."""


def _run_options(command: Callable) -> Callable:
    options = [
        click.option("--archive", default="demo", show_default=True, help="Folder, file or name."),
        click.option(
            "-p", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="Parameter."
        ),
        click.option("--out", type=click.Path(path_type=Path), help="Default: _build/<archive>."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@app.command()
@click.argument("notebooks", nargs=-1, required=True)
@_run_options
def run(
    notebooks: tuple[str, ...], archive: str, given: Sequence[tuple[str, str]], out: Path | None
) -> None:
    """Execute NOTEBOOKS, each named by the start of its file name, such as s05.

    With parameters the results go to a folder of their own, so that those of the book stay.
    """
    mark = f"-{blake2b(repr(sorted(given)).encode(), digest_size=3).hexdigest()}" if given else ""
    planned, selected = _plan(archive, given, out, notebooks, mark)
    outcomes = execute(planned, selected, report=_report)
    _console.print(f"executed copies and results: {planned.folder}")
    _finish(outcomes)


@app.command()
@_run_options
def book(archive: str, given: Sequence[tuple[str, str]], out: Path | None) -> None:
    """Execute every notebook and render the book."""
    planned, selected = _plan(archive, given, out, ())
    outcomes = execute(planned, selected, report=_report)
    _console.print("rendering …")
    _console.print(f"book: {render_book(planned, PROJECT, selected, outcomes)}")
    _finish(outcomes)


def _plan(
    archive: str,
    given: Sequence[tuple[str, str]],
    out: Path | None,
    notebooks: Sequence[str],
    mark: str = "",
) -> tuple[Run, list[Chapter]]:
    """Check archive, notebooks and parameters before any kernel starts."""
    opened = open_archive(archive)
    selected = select(read_chapters(PROJECT), notebooks)
    parameters = {name: _value(text) for name, text in given}
    check_parameters(selected, parameters)
    parameters = passed_on(selected, parameters) | parameters
    folder = (out or PROJECT / "_build" / (_folder_name(opened.catalogue) + mark)).resolve()
    _console.print(f"on “{opened.name}”: {', '.join(chapter.name for chapter in selected)}")
    return Run(opened, parameters, folder), selected


def _value(text: str) -> Any:
    """Read a parameter as YAML, but a date as the text that notebooks take it for."""
    value = yaml.safe_load(text)
    return text if isinstance(value, date) else value


def _folder_name(catalogue: Path) -> str:
    """Name of an archive's build: its own under `data/`, elsewhere with a mark of its path."""
    name = catalogue.parent.name if catalogue.name == "catalogue.toml" else catalogue.stem
    if catalogue.is_relative_to(PROJECT / "data"):
        return name
    return f"{name}-{blake2b(str(catalogue).encode(), digest_size=3).hexdigest()}"


def _report(outcome: Outcome) -> None:
    seconds = f"{outcome.seconds:6.1f} s" if outcome.seconds else ""
    line = f"  {outcome.status:9}{outcome.chapter:24}{seconds:10}{outcome.message}"
    _console.print(line.rstrip(), style=_STYLE[outcome.status])


def _finish(outcomes: Sequence[Outcome]) -> None:
    """End non-zero, with one summary, when a notebook failed."""
    failed = [outcome.chapter for outcome in outcomes if outcome.status == "failed"]
    if failed:
        listing = ", ".join(failed)
        _console.print(f"{len(failed)} of {len(outcomes)} notebooks failed: {listing}", style="red")
        sys.exit(1)
