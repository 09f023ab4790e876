"""The page on data and the bibliography say what the library and the pages hold."""

import re
import tomllib
from inspect import signature
from itertools import chain
from pathlib import Path

import nbformat
import pytest
from pybtex.database import parse_file

from qilian.archive.catalogue import READERS
from qilian.book.api import public_names
from qilian.book.architecture import library_rooms
from qilian.book.datasets import list_datasets, reader_contract
from qilian.book.sphinx.bibliography import AuthorYear
from qilian.contracts import datasets
from qilian.contracts.datasets import Contract
from qilian.contracts.radars import RADARS

PROJECT = Path(__file__).parents[1]
ENTRIES = parse_file(PROJECT / "book" / "references.bib").entries
# Proceedings without a doi, and without an address that lasts.
ON_PAPER = {"parizzi2009", "takahashi1973"}


def test_every_entry_of_a_catalogue_and_every_format_stands_in_the_table():
    rows = [line.split(" | ") for line in list_datasets().splitlines() if line.startswith("| `")]
    of_entry = {
        entry: set(re.findall(r"`(\w+)`", row[2]))
        for row in rows
        if len(row) == 3
        for entry in re.findall(r"`(\w+)`", row[0])
    }
    assert of_entry == {entry: set(formats) for entry, formats in READERS.items()}


@pytest.mark.parametrize(
    "contract",
    [c for c in vars(datasets).values() if isinstance(c, Contract)],
    ids=lambda c: c.name,
)
def test_every_contract_has_a_fold_with_all_its_variables(contract):
    fold = list_datasets().partition(
        f"{{dropdown}} {contract.name.replace('_', ' ').capitalize()}\n"
    )
    rows = re.findall(r"^\| `(\w+)`", fold[2].partition(":::")[0], re.M)
    assert rows == list(contract.variables)


def shown() -> list[tuple[str, dict]]:
    """Entries that stand in the guide to be copied."""
    page = (PROJECT / "book" / "own_data.md").read_text()
    blocks = [tomllib.loads(text) for text in re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)]
    return [(name, table) for block in blocks for name, table in block.items() if name in READERS]


@pytest.mark.parametrize(("entry", "table"), shown(), ids=lambda x: x if isinstance(x, str) else "")
def test_an_entry_shown_in_the_guide_has_what_its_format_needs_and_nothing_else(entry, table):
    keys = signature(READERS[entry][table["format"]]).parameters.values()
    own = {key.name: key for key in keys if key.kind is key.KEYWORD_ONLY}
    given = set(table) - {"format", "path", "title", "simulated"}
    assert given <= set(own)
    assert {name for name, key in own.items() if key.default is key.empty} <= given


@pytest.mark.parametrize("entry", READERS)
def test_formats_of_one_entry_fulfil_one_contract(entry):
    assert len({reader_contract(reader).name for reader in READERS[entry].values()}) == 1


def test_a_variable_has_its_units_range_and_direction():
    page = list_datasets()
    assert (
        "| `coherence` | interferometric coherence | `pair`, `y`, `x` | 1 | 0 to 1 | no |" in page
    )
    assert (
        "towards the sensor or up (line of sight or vertical) | `time`, `y`, `x` | mm |  | yes |"
        in page
    )
    assert all(f"| {name} | " in page for name in RADARS)


def prose() -> dict[str, str]:
    """Text of every page of the book, by its path."""
    pages = {str(path): path.read_text() for path in (PROJECT / "book").rglob("*.md")}
    for path in (PROJECT / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        pages[str(path)] = "\n".join(cell.source for cell in cells)
    return pages


def in_docstrings() -> str:
    return "\n".join(path.read_text() for path in (PROJECT / "lib").rglob("*.py"))


def test_every_work_of_the_bibliography_is_cited_and_every_citation_is_in_it():
    """By a page; or by a docstring, with first author and year."""
    cited = {
        key.strip()
        for text in prose().values()
        for keys in re.findall(r"\{cite:[a-z]+\}`([^`]+)`", text)
        for key in keys.split(",")
    }
    assert cited == set(ENTRIES)


def test_every_doi_of_a_docstring_is_in_the_bibliography():
    found = re.findall(r"doi:? ?(10\.\d+/[^\s,`\"]+)", in_docstrings())
    named = {doi.rstrip(".;:)") for doi in found}
    known = " ".join(entry.fields.get("doi", "") for entry in ENTRIES.values())
    assert len(named) > 15
    assert not [doi for doi in named if doi not in known]


@pytest.mark.parametrize("key", ENTRIES)
def test_a_work_has_a_doi_in_its_bare_form_or_an_address(key):
    fields = ENTRIES[key].fields
    if "doi" in fields:
        assert re.fullmatch(r"10\.\d{4,5}/[^\s{}]+", fields["doi"])
    else:
        assert "isbn" in fields or fields.get("url", "").startswith("https://") or key in ON_PAPER


@pytest.mark.parametrize("key", ENTRIES)
def test_a_works_key_is_its_first_author_and_year(key):
    entry = ENTRIES[key]
    first = (entry.persons.get("author") or entry.persons["editor"])[0]
    name = re.sub(r"\W|\\[`'\"^]", "", "".join(first.last_names)).lower()
    assert key == f"{name}{entry.fields['year']}" or key == "wmo2008"


def test_a_page_that_names_a_doi_cites_the_work_instead():
    links = {
        path: re.findall(r"\]\(https://doi\.org/[^)]+", text) for path, text in prose().items()
    }
    assert not {path: found for path, found in links.items() if found}


def test_labels_of_the_bibliography_are_those_of_the_citations():
    """In the order of authors and years, accents as they are read."""
    keys = "liu2012", "lopezquiroz2009", "otsu1979", "bell2002", "wmo2008"
    formatted = AuthorYear().format_entries([ENTRIES[key] for key in keys])
    assert [entry.label for entry in formatted] == [
        "Bell and McCaffrey, 2002",
        "Gustard and Demuth, 2008",
        "Liu et al., 2012",
        "López-Quiroz et al., 2009",
        "Otsu, 1979",
    ]


def test_every_function_that_a_page_links_to_is_a_public_name_of_its_room():
    """Sphinx passes over a link into the library that leads nowhere."""
    linked = {
        name
        for text in prose().values()
        for name in re.findall(r"\{py:\w+\}`~?(qilian\.[\w.]+)`", text)
    }
    assert len(linked) > 40
    rooms = {room.name: [*chain(*public_names(room).values())] for room in library_rooms()}
    assert not [name for name in linked if name.split(".")[2] not in rooms[name.split(".")[1]]]
