"""A folder becomes a catalogue that opens and loads, each line of it with its reason."""

import re
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYOUTS, Layout, damages, write_entry

from qilian.archive.catalogue import open_archive
from qilian.archive.discovery.draft import draft_catalogue, write_catalogue
from qilian.archive.readers.formats import READERS
from qilian.contracts.errors import InputError

# What a layout's bare names cannot tell: whose pairs of 2020 they are, and what an image shows.
_TAKEN_FOR = {("alos1", "geotiff"): "sentinel1", ("uav", "image"): "basemap"}
# Folders whose names say what their files don't.
_CALLED = {("displacement", "geotiff"): "timeseries"}
# Formats that ask for what no file tells: it stands in the catalogue as a proposal.
_ASKED = {("displacement", "geotiff"), ("rate", "geotiff"), ("discharge", "caravan")}
each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: f"{x.name}-{x.form}")


def drafted(folder: Path) -> tuple[str, dict]:
    """Text of a folder's catalogue, and its tables but for the archive's own."""
    text = draft_catalogue(folder, folder / "catalogue.toml")
    tables = tomllib.loads(text)
    del tables["archive"]
    return text, tables


@each_layout
def test_every_format_is_recognised_from_a_small_file_and_loads(layout: Layout, tmp_path):
    write_entry(layout, tmp_path)
    (tmp_path / "catalogue.toml").unlink()
    if layout.name == "sites":
        text = (tmp_path / layout.path).read_text().replace("Polygon", "Point")
        point = re.sub(r"\[\[\[([^]]*)\].*?\]\]\]", r"[\1]", text)
        (tmp_path / layout.path).write_text(point)
    if called := _CALLED.get((layout.name, layout.form)):
        (tmp_path / "in").rename(tmp_path / called)
    catalogue = write_catalogue(tmp_path, tmp_path / "catalogue.toml")
    # What nothing tells is proposed in a comment.
    text = re.sub(r"^# (unit|positive|area_km2)(?= = )", r"\1", catalogue.read_text(), flags=re.M)
    catalogue.write_text(text if (layout.name, layout.form) in _ASKED else catalogue.read_text())
    archive = open_archive(catalogue)
    name = _TAKEN_FOR.get((layout.name, layout.form), layout.name)
    assert archive.entry(name).reader is READERS[name][layout.form]
    assert archive.load(name) is not None


@given(st.sampled_from(LAYOUTS), damages())
def test_damaged_files_are_passed_over_or_named_but_never_stop_the_look(layout, damage):
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_entry(layout, folder)
        (folder / "catalogue.toml").unlink()
        for file in [path for path in folder.rglob("*") if path.is_file()]:
            file.write_bytes(damage(file.read_bytes()))
        try:
            write_catalogue(folder, folder / "catalogue.toml")
        except InputError as error:
            assert str(error).endswith(".")
        else:
            open_archive(folder)
