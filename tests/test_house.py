"""The house rules that no other tool holds: shape of notebooks, one set of versions."""

import ast
import importlib
import inspect
import re
import subprocess
import tomllib
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

from qilian.archive.catalogue import READERS
from qilian.book.chapters import EVERYTHING, Chapter, read_chapter

PROJECT = Path(__file__).parents[1]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def tags(cell: nbformat.NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def code_lines(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    lines = [line for c in cells if c.cell_type == "code" for line in c.source.splitlines()]
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


@each_notebook
def test_a_notebook_is_stored_without_outputs_and_counts(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@each_notebook
def test_a_notebook_defines_nothing_and_stays_short(path):
    lines = code_lines(path)
    assert not [line for line in lines if re.match(r"\s*(def|class)\s", line)]
    assert not [line for line in lines if "lambda" in line]
    assert len(lines) <= 120
    assert len(nbformat.read(path, as_version=4).cells) <= 30


@each_notebook
def test_every_parameter_has_a_type_and_a_comment_and_archive_comes_first(path):
    parameters = papermill.inspect_notebook(str(path))
    assert next(iter(parameters)) == "archive"
    for name, about in parameters.items():
        assert about["inferred_type_name"] in {"str", "int", "float", "bool", "list", "dict"}, name
        assert about["help"], name


def test_a_parameter_that_pages_share_means_the_same_on_all_of_them():
    """One command line feeds every page: type, default and comment are the same wherever."""
    meanings = {}
    for path in NOTEBOOKS:
        for name, about in papermill.inspect_notebook(str(path)).items():
            meanings.setdefault(name, set()).add(tuple(map(str, about.values())))
    assert not {name: said for name, said in meanings.items() if len(said) > 1}


@pytest.fixture(scope="module")
def defaults() -> dict[str, dict[str, object]]:
    """Defaults of the library's public functions: of each parameter, by the function."""
    found: dict[str, dict[str, object]] = {}
    for stub in (PROJECT / "lib" / "qilian").glob("*/__init__.pyi"):
        room = importlib.import_module(f"qilian.{stub.parent.name}")
        public = {f"{stub.parent.name}.{name}": getattr(room, name) for name in room.__all__}
        for name, thing in public.items():
            if inspect.isfunction(thing):
                for parameter in inspect.signature(thing).parameters.values():
                    if parameter.default is not parameter.empty:
                        found.setdefault(parameter.name, {})[name] = parameter.default
    return found


@each_notebook
def test_a_list_whose_comment_names_two_has_two_or_none(path):
    """By its comment, `first and last day`, a run holds what is given to two values."""
    chapter = read_chapter(path)
    assert {len(chapter.defaults[name]) for name in chapter.of_two} <= {0, 2}
    two = {name for name, default in chapter.defaults.items() if len(default) == 2}
    assert two == chapter.of_two - {name for name in chapter.of_two if not chapter.defaults[name]}


@each_notebook
def test_a_default_is_that_of_the_librarys_functions_with_such_a_parameter(path, defaults):
    for name, about in papermill.inspect_notebook(str(path)).items():
        told = ast.literal_eval(about["default"])
        for function, default in defaults.get(name, {}).items():
            if default is not None:
                assert told == (list(default) if isinstance(default, tuple) else default), function


@pytest.fixture(scope="module")
def chapters() -> list[Chapter]:
    return [read_chapter(path) for path in NOTEBOOKS]


@each_notebook
def test_a_parameter_that_takes_those_of_another_page_names_what_that_page_declares(path, chapters):
    chapter = read_chapter(path)
    for parameter, sources in chapter.takes.items():
        assert chapter.parameters[parameter] == "dict"
        for page, name in (source.split(".") for source in sources):
            assert [c for c in chapters if c.is_page(page) and name in c.parameters]


@each_notebook
def test_a_notebook_says_which_entries_it_needs_and_loads_no_other(path):
    about = nbformat.read(path, as_version=4).metadata["qilian"]
    needs, may_use = set(about["needs"]), set(about.get("uses", ()))
    code = "\n".join(code_lines(path))
    loaded = set(re.findall(r'\bsource\.(?:load|get)\("(\w+)"', code))
    chosen = set(re.findall(r'\bsource\.choose\("([\w ]+)"', code))
    assert needs <= loaded | chosen <= needs | may_use
    kinds = {kind for need in needs | may_use for kind in need.split(" or ")}
    assert kinds <= {*READERS, "interferograms", *EVERYTHING}


@each_notebook
def test_a_notebook_assigns_no_name_that_it_imported(path):
    """Else a room is gone where the next cell needs it."""
    tree = ast.parse("\n".join(code_lines(path)))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    assert not imported & stored


@each_notebook
def test_a_notebook_leaves_its_parameters_as_they_were_given(path):
    """They are saved beside the numbers when the last cell runs."""
    cells = nbformat.read(path, as_version=4).cells
    code = [c.source for c in cells if c.cell_type == "code" and "parameters" not in tags(c)]
    stored = {
        node.id
        for node in ast.walk(ast.parse("\n".join(code)))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    assert not stored & read_chapter(path).parameters.keys()


@each_notebook
def test_a_cell_that_is_read_has_at_most_a_dozen_lines(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and not {"hide-input", "parameters"} & tags(cell):
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 12, cell.source


@each_notebook
def test_a_cell_folded_on_the_page_is_collapsed_in_jupyterlab(path):
    """Both read a mark of their own; a reader finds the same cells open."""
    for cell in nbformat.read(path, as_version=4).cells:
        collapsed = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert collapsed == ("hide-input" in tags(cell)), cell.source


@each_notebook
def test_no_line_of_a_paragraph_begins_as_a_comment_or_a_list_does(path):
    """Wrapped before it, `% level` would vanish from the page and `1. A pair` begin a list."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"^(?!\d+\. ).+\n(%|\d+[.)] )", cell.source, re.M), cell.source


PAGES = [*NOTEBOOKS, *sorted((PROJECT / "book").rglob("*.md"))]
# To a notebook's file, or to a place in a page such as a figure.
FRAGILE = r"\]\((?!https?:)[^)]*(\.ipynb|notebooks/[^)]*#)|\{(num)?ref\}`"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_to_notebooks_hold_where_one_of_them_failed(path):
    """A page that could not be made is no notebook and has no figure: links name the document.

    Numbers of a page's own figures and tables, such as `tab-s05-windows` on S5, go with it.
    """
    own = rf"\{{numref\}}`(fig|tab)-{path.stem.split('_')[0]}\b[^`]*`"
    assert not re.search(FRAGILE, re.sub(own, "", path.read_text()))


@each_notebook
def test_every_static_figure_has_a_name_a_caption_and_an_alternative_text(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if re.search(r"plt\.show\(|book\.show\(", cell.source):
            about = cell.metadata["mystnb"]
            assert about["figure"]["name"]
            assert about["figure"]["caption"]
            assert about["image"]["alt"]


@each_notebook
def test_every_table_that_is_open_has_a_name_from_which_it_gets_its_number(path):
    calls = [
        {keyword.arg for keyword in node.keywords}
        for node in ast.walk(ast.parse("\n".join(code_lines(path))))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "table"
    ]
    assert not [keywords for keywords in calls if not keywords & {"name", "folded"}]


def test_every_notebook_is_in_the_table_of_contents():
    toc = yaml.safe_load((PROJECT / "_toc.yml").read_text())
    files = {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    assert {f"notebooks/{path.stem}" for path in NOTEBOOKS} <= files


def locked() -> dict[str, str]:
    text = (PROJECT / "requirements.lock").read_text()
    return dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", text, re.MULTILINE))


def direct() -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["book"]]
    return {re.match(r"[\w-]+", line)[0] for line in required}


def test_the_lock_holds_every_direct_dependency_with_hashes():
    assert direct() <= set(locked())
    assert (PROJECT / "requirements.lock").read_text().count("--hash=sha256:") >= len(locked())


def test_environment_yml_names_every_direct_dependency_at_the_locks_version():
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    pip = next(line for line in environment["dependencies"] if isinstance(line, dict))["pip"]
    pins = [re.split("==?", line) for line in [*conda, *pip] if "=" in line]
    found = {name.replace("_", "-"): version for name, version in pins if name != "python"}
    assert found == {name: locked()[name] for name in direct()}


def test_the_workflow_runs_the_two_commands_of_the_readme():
    workflow = (PROJECT / ".github" / "workflows" / "book.yml").read_text()
    assert "run: make book" in workflow
    assert "run: make test" in workflow


def test_nothing_committed_names_this_machine():
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    for name in filter(None, files):
        text = (PROJECT / name).read_text(errors="ignore")
        assert str(PROJECT) not in text, name


def test_every_format_and_key_of_a_catalogue_stands_in_the_page_on_own_data():
    page = (PROJECT / "book" / "own_data.md").read_text()
    for name, formats in READERS.items():
        assert f"`[{name}]`" in page
        for form, reader in formats.items():
            assert f'`format = "{form}"`' in page, form
            for parameter in inspect.signature(reader).parameters.values():
                if parameter.kind is parameter.KEYWORD_ONLY:
                    assert f"`{parameter.name}`" in page, parameter.name
