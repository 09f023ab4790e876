"""The command line: run notebooks, render the book.

Notebooks are run and rendered by packages of the extra `book`, imported by the commands that need
them, so that the others work without it.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import qilian
from qilian.archive.project import find_project
from qilian.contracts.errors import InputError

if TYPE_CHECKING:
    from qilian.book.chapters import Chapter
    from qilian.book.run import Outcome, Run

_COMMANDS = "qilian.commands"
# Of how a notebook fared, and of what a check says of a page.
_COLORS = {
    "ran": "green",
    "kept": "cyan",
    "ready": "green",
    "no input": "yellow",
    "failed": "red",
    "fails": "red",
}


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
            _stop(f"error: {error}", 2)
        except ModuleNotFoundError as error:
            if str(error.name).startswith("qilian"):
                raise
            _stop(
                f"error: {error.name} is not installed, expected the extra that brings it: "
                "pip install 'qilian-supplement[book]'.",
                2,
            )


@click.group(cls=_Sentences)
@click.version_option(qilian.__version__, message="%(prog)s %(version)s")
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
@click.argument("names", nargs=-1, required=True, metavar="NOTEBOOKS...")
@click.option(
    "--notebooks", type=click.Path(path_type=Path), help="Their folder. Default: the book's."
)
@_run_options
def run(
    names: tuple[str, ...],
    notebooks: Path | None,
    archive: str,
    given: Sequence[tuple[str, str]],
    out: Path | None,
) -> None:
    """Execute NOTEBOOKS, each named by the start of its file name, such as s05.

    With parameters the results go to a folder of their own, so that those of the book stay.
    """
    from qilian.book.chapters import read_chapters, read_folder
    from qilian.book.plan import plan_run

    known = read_folder(notebooks) if notebooks else read_chapters(_project())
    planned, selected = plan_run(known, names, archive=archive, given=given, out=out, apart=True)
    outcomes = _execute(planned, selected)
    click.echo(f"executed copies and results: {planned.folder}")
    _finish(selected, outcomes)


@app.command()
@_run_options
def book(archive: str, given: Sequence[tuple[str, str]], out: Path | None) -> None:
    """Execute every notebook and render the book."""
    project = _project()
    from qilian.book.chapters import read_chapters
    from qilian.book.plan import plan_run
    from qilian.book.render import JupyterBook, RenderError, render_book

    planned, selected = plan_run(read_chapters(project), (), archive=archive, given=given, out=out)
    with JupyterBook(project) as jupyter_book:
        outcomes = _execute(planned, selected, meanwhile=jupyter_book.start)
        click.echo("rendering …")
        try:
            site = render_book(planned, project, selected, outcomes, jupyter_book)
        except RenderError as error:
            _stop(f"error: {error}", 1)
        click.echo(f"book: {site}")
    _finish(selected, outcomes)


@app.command()
@click.option("--archive", default="demo", show_default=True, help="Folder, file or name.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: _build/<archive>.")
def pdf(archive: str, out: Path | None) -> None:
    """Print the rendered book into one PDF beside it; needs chromium."""
    from qilian.book.chapters import read_chapters
    from qilian.book.pdf import write_pdf
    from qilian.book.plan import plan_run

    project = _project()
    planned, _ = plan_run(read_chapters(project), (), archive=archive, given=(), out=out)
    target = planned.folder / "book.pdf"
    write_pdf(planned.folder / "html", project, target.resolve())
    click.echo(f"book: {target}")


@app.group("archive")
def archive_commands() -> None:
    """Write the catalogue of your own data, and check it."""


@archive_commands.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER/catalogue.toml.")
def new(folder: Path, out: Path | None) -> None:
    """Write a catalogue of what FOLDER holds, with the reason for each line.

    No file of the folder is changed, and a catalogue that is there is not overwritten.
    """
    from qilian.archive.discovery.draft import write_catalogue

    written = write_catalogue(folder, out or folder / "catalogue.toml")
    click.echo(f"catalogue: {written}\nread it, then: qilian archive check {written}")


@archive_commands.command()
@click.argument("archive", metavar="PATH")
def check(archive: str) -> None:
    """Open every entry of the catalogue at PATH, and tell which pages it serves.

    PATH is a folder with catalogue.toml, a catalogue, or its name under data/. Pages are told
    where there is a book, in this folder or above it.
    """
    from qilian.archive.catalogue import open_archive
    from qilian.archive.inventory import take_inventory

    opened = open_archive(archive)
    holdings = take_inventory(opened)
    click.echo(f"archive “{opened.name}” ({opened.catalogue})\n")
    for one in holdings:
        size = f"{one.megabytes:8.1f} MB"
        line = f"  {one.entry:16}{size if not one.fault else 'fault':14}{one.holds:34}{one.span}"
        click.secho(line.rstrip(), fg="red" if one.fault else None)
        if one.noticed:
            click.echo(f"{'':32}{one.noticed}")
    if project := find_project():
        from qilian.book.chapters import read_chapters
        from qilian.book.readiness import tell_readiness

        click.echo()
        for page in tell_readiness(read_chapters(project), opened, holdings):
            first, *more = page.remarks or ("",)
            line = f"  {page.page:28}{page.status:10}{first}"
            click.secho(line.rstrip(), fg=_COLORS[page.status])
            for remark in more:
                click.echo(f"{'':40}{remark}")
    faulty = [one for one in holdings if one.fault]
    if faulty:
        click.echo()
        _stop("\n".join(f"error: {one.fault}" for one in faulty), 1)


def _project() -> Path:
    if project := find_project():
        return project
    raise InputError(
        f"no book is at {Path().resolve()} or above it, expected _toc.yml and notebooks/ there, "
        "or a folder of notebooks for `qilian run --notebooks`."
    )


def _execute(
    planned: "Run", selected: "Sequence[Chapter]", meanwhile: Callable[[], Any] = lambda: None
) -> "list[Outcome]":
    from qilian.book._kernels import fork_kernels
    from qilian.book.run import execute

    def starting(due: "Sequence[Chapter]") -> None:
        fork_kernels(due)
        meanwhile()

    names = ", ".join(chapter.name for chapter in selected)
    click.echo(f"on “{planned.archive.name}”: {names}")
    return execute(planned, selected, starting=starting, report=_report)


def _report(outcome: "Outcome") -> None:
    seconds = f"{outcome.seconds:6.1f} s" if outcome.seconds else ""
    line = f"  {outcome.status:9}{outcome.chapter:24}{seconds:10}{outcome.message}"
    click.secho(line.rstrip(), fg=_COLORS[outcome.status])


def _finish(chapters: "Sequence[Chapter]", outcomes: "Sequence[Outcome]") -> None:
    """End non-zero, with one summary, when a notebook failed or none that needs input had it."""
    failed = [outcome.chapter for outcome in outcomes if outcome.status == "failed"]
    if failed:
        _stop(f"{len(failed)} of {len(outcomes)} notebooks failed: {', '.join(failed)}", 1)
    needy = {chapter.name for chapter in chapters if chapter.needs}
    if {outcome.status for outcome in outcomes if outcome.chapter in needy} == {"no input"}:
        _stop(
            "nothing could be drawn, for the archive lacks what each notebook needs; "
            "`qilian archive check` tells what its entries serve",
            1,
        )


def _stop(message: str, code: int) -> None:
    click.secho(message, fg="red")
    sys.exit(code)
