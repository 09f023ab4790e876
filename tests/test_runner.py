"""Notebooks run side by side, only when something changed, and one failure costs one page."""

from dataclasses import replace
from pathlib import Path

import hypothesis
import nbformat
import papermill
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from qilian.archive import closure
from qilian.archive.catalogue import open_archive
from qilian.book import _cli as cli
from qilian.book import _kernels, plan
from qilian.book import run as book_run
from qilian.book._kernels import fork_kernels
from qilian.book.chapters import Chapter, check_parameters, passed_on, read_chapter, select
from qilian.contracts.errors import InputError

CATALOGUE = """
[archive]
name = "Test basin"

[discharge]
format = "csv"
path = "flow.csv"
"""


def notebook(
    path: Path, code: str, needs: tuple[str, ...] = ("discharge",), takes: dict | None = None
) -> Path:
    declared = [
        'archive: str = "x"  # where',
        "factor: float = 2.0  # of what",
        'results: str = ""  # to',
        "years: list = [1, 3]  # how many",
        'season: list = ["09-01"]  # when',
        "extent: list = []  # where",
        'days: list = ["09-01", "11-30"]  # [mm-dd] first and last day',
        "place: list = []  # longitude and latitude; empty: anywhere",
        *(f"{name}: dict = {{}}  # of another page" for name in takes or ()),
    ]
    parameters = new_code_cell("\n".join(declared))
    parameters.metadata["tags"] = ["parameters"]
    book = new_notebook(
        cells=[new_markdown_cell(f"# Title of {path.stem}"), parameters, new_code_cell(code)]
    )
    book.metadata.update(
        qilian={"needs": list(needs), "takes": takes or {}},
        kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"},
    )
    nbformat.write(book, path)
    return path


@pytest.fixture
def run(forking, tmp_path: Path) -> book_run.Run:
    (tmp_path / "flow.csv").write_text("date,discharge\n2001-09-01,5\n2001-09-02,4\n")
    (tmp_path / "catalogue.toml").write_text(CATALOGUE)
    return book_run.Run(open_archive(tmp_path), {}, tmp_path / "out")


def test_a_notebook_runs_again_only_when_parameters_input_or_source_changed(run, tmp_path):
    chapter = read_chapter(notebook(tmp_path / "a.ipynb", "factor * 2"))
    source = chapter.path.read_bytes()

    def status(run: book_run.Run = run) -> str:
        return book_run.execute(run, [read_chapter(chapter.path)])[0].status

    assert [status(), status()] == ["ran", "kept"]
    assert status(replace(run, parameters={"factor": 3.0})) == "ran"
    assert chapter.path.read_bytes() == source, "sources are never touched"
    (tmp_path / "flow.csv").write_text("date,discharge\n2001-09-01,5\n2001-09-02,3\n")
    assert status(replace(run, parameters={"factor": 3.0})) == "ran"
    notebook(chapter.path, "factor * 4")
    assert status(replace(run, parameters={"factor": 3.0})) == "ran"
    executed = nbformat.read(run.executed(chapter), as_version=4)
    assert executed.cells[-1].outputs[0].data["text/plain"] == "12.0"


def test_a_sentence_that_changed_is_taken_over_without_a_run(run, tmp_path):
    """Wherever it stands, with all that the code has shown; it is as if the notebook had run."""
    chapter = read_chapter(notebook(tmp_path / "a.ipynb", "print(factor)"))
    run = replace(run, parameters={"factor": 3.0})
    assert book_run.execute(run, [chapter])[0].status == "ran"
    book = nbformat.read(chapter.path, as_version=4)
    book.cells[0].source = "# Another title"
    book.cells[2:2] = [new_markdown_cell("Now the number."), new_markdown_cell("Here.")]
    book.cells.append(new_markdown_cell("The end."))
    nbformat.write(book, chapter.path)
    before = run.executed(chapter).stat().st_mtime_ns
    assert book_run.execute(run, [chapter])[0].status == "kept"
    retold = nbformat.read(run.executed(chapter), as_version=4).cells
    book_run._forget(run, chapter)
    assert book_run.execute(run, [chapter])[0].status == "ran"
    rerun = nbformat.read(run.executed(chapter), as_version=4)
    assert [(c.cell_type, c.source) for c in retold] == [
        (c.cell_type, c.source) for c in rerun.cells
    ]
    assert [c.get("outputs") for c in retold] == [c.get("outputs") for c in rerun.cells]
    assert retold[2].source.endswith("factor = 3.0\n")
    last = run.executed(chapter).stat().st_mtime_ns
    assert book_run.execute(run, [chapter])[0].status == "kept"
    assert before < last == run.executed(chapter).stat().st_mtime_ns, "only what changed is written"
    book.cells[-2].source = "print(2 * factor)"
    nbformat.write(book, chapter.path)
    assert book_run.execute(run, [chapter])[0].status == "ran"


def test_a_notebook_runs_again_when_what_it_saved_is_gone(run, tmp_path):
    code = "from pathlib import Path\nPath(results).mkdir(parents=True)\n"
    code += "(Path(results) / 'a.csv').write_text('1')"
    chapter = read_chapter(notebook(tmp_path / "a.ipynb", code))
    assert [book_run.execute(run, [chapter])[0].status for _ in range(2)] == ["ran", "kept"]
    (run.results(chapter) / "a.csv").unlink()
    assert book_run.execute(run, [chapter])[0].status == "ran"
    failing = read_chapter(notebook(tmp_path / "a.ipynb", "1 / 0"))
    assert book_run.execute(run, [failing])[0].status == "failed"
    assert not run.results(chapter).exists(), "no stale numbers beside a failure"


def test_a_fault_of_one_entry_costs_only_the_notebooks_that_need_it(run, tmp_path):
    (tmp_path / "catalogue.toml").write_text(CATALOGUE + 'unti = "l s-1"\n')
    faulty = replace(run, archive=open_archive(tmp_path))
    needy = read_chapter(notebook(tmp_path / "needy.ipynb", "1"))
    other = read_chapter(notebook(tmp_path / "other.ipynb", "1", ()))
    outcomes = book_run.execute(faulty, [needy, other])
    assert [outcome.status for outcome in outcomes] == ["failed", "ran"]
    assert "unknown key 'unti', perhaps 'unit'" in outcomes[0].message


def test_a_failed_notebook_leaves_no_copy_and_the_others_run(run, tmp_path):
    good = read_chapter(notebook(tmp_path / "good.ipynb", "1"))
    bad = read_chapter(notebook(tmp_path / "bad.ipynb", "1 / (factor - 3)"))
    assert {o.status for o in book_run.execute(run, [bad, good])} == {"ran"}
    outcomes = book_run.execute(replace(run, parameters={"factor": 3.0}), [bad, good])
    assert [outcome.status for outcome in outcomes] == ["failed", "ran"]
    assert outcomes[0].message == "ZeroDivisionError: float division by zero"
    assert "factor - 3" in outcomes[0].traceback
    assert [p.name for p in run.executed(bad).parent.glob("*.ipynb")] == ["good.ipynb"]


def test_a_failed_notebook_keeps_the_copy_in_which_it_stopped_until_it_runs_again(run, tmp_path):
    bad = read_chapter(notebook(tmp_path / "bad.ipynb", "print('seen'); 1 / (factor - 3)"))
    failing = replace(run, parameters={"factor": 3.0})
    book_run.execute(failing, [bad])
    kept = nbformat.read(failing.failed(bad), as_version=4)
    assert any(out.get("text") == "seen\n" for c in kept.cells for out in c.get("outputs", ()))
    assert book_run.execute(run, [bad])[0].status == "ran"
    assert not run.failed(bad).exists()


def test_a_run_without_input_for_any_notebook_says_so_and_ends_non_zero(run, tmp_path):
    notebook(tmp_path / "a.ipynb", "1", ("sentinel1",))
    notebook(tmp_path / "any.ipynb", "1", ())  # such as one that shows what the archive holds
    command = ["run", "a", "--notebooks", str(tmp_path), "--archive", str(tmp_path)]
    done = CliRunner().invoke(cli.app, [*command, "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "nothing could be drawn" in done.output


def test_a_killed_kernel_is_a_failure_that_says_so(run, tmp_path):
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    outcome = book_run.execute(run, [read_chapter(notebook(tmp_path / "a.ipynb", code))])[0]
    assert outcome.status == "failed"
    assert "died" in outcome.message


def test_an_error_for_users_is_its_sentence_without_a_traceback(run, tmp_path):
    code = "from qilian.contracts import InputError\nraise InputError('flow.csv is empty.')"
    outcome = book_run.execute(run, [read_chapter(notebook(tmp_path / "a.ipynb", code))])[0]
    assert (outcome.message, outcome.traceback) == ("flow.csv is empty.", "")


def test_a_notebook_whose_entry_the_archive_lacks_starts_no_kernel(run, tmp_path):
    chapter = read_chapter(notebook(tmp_path / "a.ipynb", "1", ("sentinel1",)))
    outcome = book_run.execute(run, [chapter])[0]
    assert outcome.status == "no input"
    assert "has no [sentinel1], only discharge" in outcome.message


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"factr": 2.0}, "parameter 'factr' belongs to no notebook of this run, perhaps 'factor'"),
        ({"factor": "two"}, "parameter factor of a is 'two', expected float"),
        ({"factor": True}, "parameter factor of a is True, expected float"),
        ({"factor": float("nan")}, "parameter factor of a is nan, expected a finite number"),
        ({"archive": "demo"}, "parameter 'archive' is set by the run, expected --archive"),
        ({"a.archive": "demo"}, "parameter 'a.archive' is set by the run, expected --archive"),
        ({"results": "there"}, "parameter 'results' is set by the run, expected --out"),
        ({"years": 3}, "parameter years of a is 3, expected list"),
        ({"years": [1, "two"]}, "parameter years of a is [1, 'two'], expected a list of int"),
        ({"years": [1, 2.5]}, "parameter years of a is [1, 2.5], expected a list of int"),
        ({"years": [1, None]}, "parameter years of a is [1, None], expected a list of int"),
        ({"extent": [[1, 2]]}, "parameter extent of a is [[1, 2]], expected a list of float or s"),
        ({"season": [1, 2]}, "parameter season of a is [1, 2], expected a list of str"),
        ({"season": []}, "parameter season of a is [], expected one value or more"),
        ({"days": ["09-01"]}, "parameter days of a is ['09-01'], expected two values"),
        ({"days": []}, "parameter days of a is [], expected two values"),
        ({"place": [98.5]}, "parameter place of a is [98.5], expected two values"),
    ],
)
def test_a_wrong_parameter_is_named_before_any_kernel_starts(tmp_path, values, said):
    chapter = read_chapter(notebook(tmp_path / "a.ipynb", "1"))
    with pytest.raises(InputError) as caught:
        check_parameters([chapter], values)
    assert said in str(caught.value)


def test_a_list_that_may_be_empty_or_of_any_length_passes(tmp_path):
    chapter = read_chapter(notebook(tmp_path / "a.ipynb", "1"))
    check_parameters([chapter], {"extent": [], "place": [], "years": [4], "a.place": [98.5, 38.0]})


def test_a_value_reaches_every_page_or_the_one_it_is_addressed_to(run, tmp_path):
    pages = [read_chapter(notebook(tmp_path / f"{n}_x.ipynb", "1")) for n in ("s01", "s010")]
    values = {"factor": 3.0, "s01.factor": 5.0}
    check_parameters(pages, values)
    injected = [replace(run, parameters=values).injected(page)["factor"] for page in pages]
    assert injected == [5.0, 3.0]
    with pytest.raises(InputError, match=r"'s02\.factor' names no page of this run"):
        check_parameters(pages, {"s02.factor": 5.0})
    with pytest.raises(InputError, match=r"'s01\.factr' belongs to no notebook .* 'factor'"):
        check_parameters(pages, {"s01.factr": 5.0})


@pytest.mark.parametrize("given", [{"factor": 3.0}, {"s01.factor": 3.0}])
def test_a_page_takes_the_parameters_that_another_page_of_the_run_was_given(run, tmp_path, given):
    """However they were addressed; without any it keeps its own defaults."""
    fits = read_chapter(notebook(tmp_path / "s01_fits.ipynb", "1"))
    takes = {"fit": ["s01.factor"]}
    uses = read_chapter(notebook(tmp_path / "s02_uses.ipynb", "1", takes=takes))
    values = passed_on([fits, uses], given) | given
    assert replace(run, parameters=values).injected(uses)["fit"] == {"factor": 3.0}
    assert passed_on([fits, uses], {}) == {}
    assert passed_on([fits, uses], {"s02.factor": 3.0}) == {}


@pytest.mark.parametrize(
    ("text", "value"), [("2018-07-10", "2018-07-10"), ("[1, 3]", [1, 3]), ("0.5", 0.5)]
)
def test_a_date_on_the_command_line_stays_text(text, value):
    assert plan._value("x", text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("-2.5e-1", -0.25),
        ("'010'", "010"),
        ('"12:30"', "12:30"),
        ("[2018-07-10, 2019-13-45]", ["2018-07-10", "2019-13-45"]),
        ("true", True),
        ("undisturbed", "undisturbed"),
    ],
)
def test_a_value_on_the_command_line_means_what_it_looks_like(text, value):
    read = plan._value("x", text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    ["010", "0x10", "0b1", "1_000", "12:30", "1:30.5", "yes", "off", ".inf", ".nan", "[1, 010]"],
)
def test_what_yaml_reads_otherwise_than_a_reader_is_refused(text):
    with pytest.raises(InputError, match=r"parameter x: the value .* can be read in two ways"):
        plan._value("x", text)


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[1", "!!python/name:os.x", "{[1]: 2}", "a: b: c"),
        pytest.param("[" * 2000, marks=pytest.mark.slow),
    ],
)
def test_what_is_no_yaml_is_refused_in_a_sentence(text):
    with pytest.raises(InputError, match="expected a value as YAML writes it") as caught:
        plan._value("x", text)
    assert len(str(caught.value)) < 400


@hypothesis.given(st.text(max_size=20))
def test_whatever_stands_on_the_command_line_is_a_value_or_refused_in_a_sentence(text):
    chapter = Chapter(Path("s05_x.ipynb"), "S5", (), (), {"a": "float", "b": "list"})
    try:
        check_parameters([chapter], {"a": plan._value("a", text)})
        check_parameters([chapter], {"b": [plan._value("b", text)]})
    except InputError as error:
        assert len(str(error)) < 400


def test_an_integer_serves_as_a_float(tmp_path):
    check_parameters([read_chapter(notebook(tmp_path / "a.ipynb", "1"))], {"factor": 2})


def test_a_mistyped_notebook_is_answered_with_those_there_are(tmp_path):
    chapter = read_chapter(notebook(tmp_path / "s05_recession.ipynb", "1"))
    assert select([chapter], ["s05"]) == [chapter]
    with pytest.raises(InputError, match=r"'s5' is not there, expected one of s05_recession"):
        select([chapter], ["s5"])


def test_a_run_with_parameters_leaves_the_books_numbers_alone(demo, monkeypatch):
    """Each set of parameters has a folder of its own; without any it is the book's."""
    folders = []
    monkeypatch.setattr(book_run, "execute", lambda run, *_, **__: folders.append(run.folder) or [])
    for given in ([], ["-p", "minimum_length", "9"], ["-p", "minimum_length", "10"]):
        done = CliRunner().invoke(cli.app, ["run", "s05", "--archive", str(demo), *given])
        assert done.exit_code == 0, done.output
    assert len(set(folders)) == 3
    assert all(folder.name.startswith(folders[0].name) for folder in folders)


def test_a_forked_kernel_has_what_was_imported_and_nothing_that_another_notebook_did(run, tmp_path):
    """State of a library that one notebook changes is as it was for the next."""
    change = "import numpy\nnumpy.changed = getattr(numpy, 'changed', 0) + 1\n"
    change += "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] += numpy.changed\n"
    change += "print(numpy.changed, matplotlib.rcParams['lines.linewidth'])"
    chapters = [read_chapter(notebook(tmp_path / f"{name}.ipynb", change)) for name in "abc"]
    assert {
        outcome.status for outcome in book_run.execute(run, chapters, starting=fork_kernels)
    } == {"ran"}
    for chapter in chapters:
        executed = nbformat.read(run.executed(chapter), as_version=4)
        assert executed.cells[-1].outputs[0].text == "1 2.5\n"


def test_one_notebook_does_not_wait_for_what_only_others_load(tmp_path, monkeypatch):
    """What it imports is there as its kernel starts; what others may need, when there are any."""
    context = _kernels._context()
    loaded: list[set[str]] = []
    monkeypatch.setattr(context, "set_forkserver_preload", lambda names: loaded.append({*names}))
    monkeypatch.setattr(_kernels.forkserver, "ensure_running", lambda: None)
    pages = [read_chapter(notebook(tmp_path / f"{n}.ipynb", "import csv")) for n in "ab"]
    for some in (pages[:1], pages):
        fork_kernels(some)
    alone, several = loaded
    assert "csv" in alone
    assert several == alone | {*_kernels._LATER}


def test_a_notebook_gives_in_a_forked_kernel_what_it_gives_in_one_of_its_own(run, tmp_path):
    """Numbers, words and a picture, to the last byte."""
    code = "import matplotlib.pyplot as plt\nimport numpy as np\nx = np.linspace(0, 9)\n"
    code += "plt.plot(x, np.sin(x))\nprint(x.sum(), archive)\nx[:3]"
    chapter = read_chapter(notebook(tmp_path / "a.ipynb", code))
    book_run.execute(run, [chapter], starting=fork_kernels)
    alone = tmp_path / "alone.ipynb"
    factory = KernelProvisionerFactory.instance()
    forked, factory.default_provisioner_name = factory.default_provisioner_name, "local-provisioner"
    try:
        papermill.execute_notebook(
            chapter.path, alone, run.injected(chapter), cwd=tmp_path, progress_bar=False
        )
    finally:
        factory.default_provisioner_name = forked
    outputs = [
        nbformat.read(path, as_version=4).cells[-1].outputs
        for path in (run.executed(chapter), alone)
    ]
    pictures = [o for o in outputs[0] if "image/png" in o.get("data", {})]
    assert len(outputs[0]) == 3 and len(pictures) == 1
    assert outputs[0] == outputs[1]


def test_only_what_uses_an_edited_module_runs_again(run, tmp_path, monkeypatch):
    """A notebook that draws tables does not wait for one that draws maps."""
    codes = {"a": "from qilian.figures import table", "b": "from qilian.figures import map_grid"}
    chapters = [
        read_chapter(notebook(tmp_path / f"{name}.ipynb", code)) for name, code in codes.items()
    ]
    book_run.execute(run, chapters)
    read, change = closure._read, {"maps.py": b"# edited"}
    monkeypatch.setattr(closure, "_read", lambda file: read(file) + change.get(file.name, b""))
    assert [outcome.status for outcome in book_run.execute(run, chapters)] == ["kept", "ran"]


def test_kernels_are_readied_for_new_notebooks_at_once_and_for_others_that_changed(run, tmp_path):
    """Once a run, and for none that has no input."""
    told: list[list[str]] = []

    def starting(due):
        told.append([chapter.name for chapter in due])

    def chapters():
        return [read_chapter(tmp_path / f"{name}.ipynb") for name in "abc"]

    for name, needs in {"a": (), "b": (), "c": ("sentinel1",)}.items():
        notebook(tmp_path / f"{name}.ipynb", "1", needs)
    for _ in range(2):
        book_run.execute(run, chapters(), starting=starting)
    assert told == [["a", "b"]]
    notebook(tmp_path / "b.ipynb", "2", ())
    book_run.execute(run, chapters(), starting=starting)
    assert told == [["a", "b"], ["b"]]


def test_an_entry_that_several_notebooks_read_is_looked_at_once(run, tmp_path, monkeypatch):
    """Listing a thousand files takes a fifth of a second."""
    looked: list[list[str]] = []
    digest = type(run.archive).digest

    def counted(archive, names):
        looked.append(list(names))
        return digest(archive, looked[-1])

    monkeypatch.setattr(type(run.archive), "digest", counted)
    chapters = [read_chapter(notebook(tmp_path / f"{name}.ipynb", "1")) for name in "ab"]
    book_run.execute(run, chapters)
    assert looked == [["discharge"]]


def test_the_notebook_that_others_wait_for_starts_first(run, tmp_path):
    """Outcomes stay in the order of the book."""
    chapters = [read_chapter(notebook(tmp_path / f"{name}.ipynb", "1")) for name in "abc"]
    chapters[2] = replace(chapters[2], first=True)
    ended = []
    outcomes = book_run.execute(run, chapters, workers=1, report=lambda o: ended.append(o.chapter))
    assert ended == ["c", "a", "b"]
    assert [outcome.chapter for outcome in outcomes] == ["a", "b", "c"]
