"""A folder becomes a catalogue that opens and loads, each line of it with its reason."""

import re
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import h5py
import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYOUTS, Layout, damages, write_entry

from qilian.archive.catalogue import open_archive
from qilian.archive.discovery.draft import draft_catalogue, write_catalogue
from qilian.archive.discovery.radars import radar_of
from qilian.archive.discovery.tables import date_form
from qilian.archive.facts import check_facts
from qilian.archive.readers.formats import READERS
from qilian.book._cli import app
from qilian.contracts.errors import InputError

PROJECT = Path(__file__).parents[1]
# What a layout's bare names cannot tell: whose pairs of 2020 they are, and what an image shows.
_TAKEN_FOR = {
    **dict.fromkeys((("alos1", "geotiff"), ("alos2", "isce2")), "sentinel1"),
    ("envisat", "gamma"): "sentinel1",
    ("uav", "image"): "basemap",
}
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


def write_gauge(path: Path, days: int) -> None:
    rows = [f"{day}/9/2020;{day},5" for day in range(1, days + 1)]
    path.write_text("\n".join(["datum;q [cfs]", *rows, ""]))


def test_each_line_that_was_guessed_has_its_reason_above_it(tmp_path):
    write_gauge(tmp_path / "a.csv", 15)
    text, tables = drafted(tmp_path)
    assert tables["discharge"] == {
        "format": "csv",
        "path": "a.csv",
        "time": "datum",
        "discharge": "q [cfs]",
        "separator": ";",
        "decimal": ",",
        "dates": "D/M/YYYY",
        "unit": "ft3 s-1",
    }
    lines = text.splitlines()
    for key in ("time", "discharge", "separator", "decimal", "dates", "unit"):
        place = next(k for k, line in enumerate(lines) if line.startswith(f"{key} = "))
        assert lines[place - 1].startswith(f"# {key}: ")
    assert "# dates: as in 1/9/2020: the first number exceeds 12." in lines
    flow = open_archive(write_catalogue(tmp_path, tmp_path / "catalogue.toml")).load("discharge")
    assert float(flow.discharge[-1]) == pytest.approx(15.5 * 0.028316846592)


def test_a_table_without_headings_is_told_by_its_lines(tmp_path):
    rows = ["01022500 2000 01 01   255.00 A:e", "01022500 2000 01 02  -999.00 M"]
    (tmp_path / "flow.txt").write_text("\n".join([*rows, ""]))
    flow = open_archive(write_catalogue(tmp_path, tmp_path / "catalogue.toml")).load("discharge")
    assert float(flow.discharge[0]) == pytest.approx(255 * 0.028316846592)
    assert bool(flow.discharge.isnull()[1])


def test_of_two_gauges_the_longer_is_taken_and_the_other_stands_in_comments(tmp_path):
    write_gauge(tmp_path / "long.csv", 15)
    (tmp_path / "other").mkdir()
    write_gauge(tmp_path / "other" / "short.csv", 14)
    text, tables = drafted(tmp_path)
    assert tables["discharge"]["path"] == "long.csv"
    _, other = text.split("# Another candidate, in its place:\n")
    assert '# path = "other/short.csv"' in other
    # Without the marks the comment is a catalogue's entry.
    bare = "\n".join(line.removeprefix("# ") for line in other.splitlines() if " = " in line)
    assert tomllib.loads(bare)["discharge"] == "q [cfs]"


def test_what_is_not_recognised_is_listed_and_left(tmp_path):
    write_gauge(tmp_path / "a.csv", 15)
    (tmp_path / "notes.md").write_text("words")
    (tmp_path / "logs").mkdir()
    for number in range(5):
        (tmp_path / "logs" / f"{number}.log").write_text("words")
    text, _ = drafted(tmp_path)
    assert text.rstrip().endswith("# Not recognised: 5 files in logs, notes.md.")


def test_a_folder_with_nothing_known_is_answered_with_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"holds nothing that is known \(no file\), expected"):
        draft_catalogue(tmp_path, tmp_path / "catalogue.toml")
    (tmp_path / "notes.md").write_text("words")
    with pytest.raises(InputError, match=r"nothing that is known \(notes.md\), expected"):
        draft_catalogue(tmp_path, tmp_path / "catalogue.toml")
    with ZipFile(tmp_path / "S1AA.zip", "w") as packed:
        packed.writestr("S1AA/S1AA_unw_phase.tif", "x")
    with pytest.raises(InputError, match="is a zip archive, expected its files unpacked"):
        draft_catalogue(tmp_path, tmp_path / "catalogue.toml")
    with pytest.raises(InputError, match="is no folder"):
        draft_catalogue(tmp_path / "notes.md", tmp_path / "catalogue.toml")


def test_the_command_writes_beside_the_data_or_elsewhere_and_overwrites_nothing(tmp_path):
    (tmp_path / "data").mkdir()
    write_gauge(tmp_path / "data" / "a.csv", 15)
    command = ["archive", "new", str(tmp_path / "data")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    before = (tmp_path / "data" / "catalogue.toml").read_text()
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert (tmp_path / "data" / "catalogue.toml").read_text() == before
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "mine.toml")])
    assert done.exit_code == 0, done.output
    assert open_archive(tmp_path / "mine.toml").entry("discharge").path.name == "a.csv"


@pytest.mark.parametrize(
    ("days", "form"),
    [
        (["2020-09-01", "2020-09-30"], None),
        (["20200901"], None),
        (["1.9.2020", "30.9.2020"], "D.M.YYYY"),
        (["9.1.2020"], "D.M.YYYY"),
        (["9/1/94", "9/30/94"], "M/D/YY"),
        (["30/09/1994 00:00"], "D/M/YYYY"),
        (["1/2/1994"], "M/D/YYYY"),
    ],
)
def test_how_dates_are_written_is_told_by_numbers_that_no_month_has(days, form):
    key = date_form(days)
    assert (key and key.value) == form


def test_a_date_that_may_be_read_in_two_ways_is_said_to_be_one(tmp_path):
    assert "no number tells; if the day is first, D/M/YYYY" in date_form(["1/2/1994"]).why


@pytest.mark.parametrize(
    ("name", "dates", "told"),
    [
        ("S1_136231_IW2_20200604_20200616", ["20200604"], "sentinel1"),
        ("A2_20190324T172135_20200322T172135", ["20190324"], "alos2"),
        ("palsar/070712-070827", ["20070712"], "alos1"),
        ("stack/PLATFORM/Env", [], "envisat"),
        ("ERS-2/19970428", ["19970428"], "ers2"),
        ("any", ["19970428"], "ers2"),
        ("any", ["20031018"], "envisat"),
        ("any", ["20180101"], "sentinel1"),
    ],
)
def test_a_satellite_is_told_by_a_name_or_else_by_the_first_date(name, dates, told, tmp_path):
    assert radar_of(name, dates, tmp_path)[0] == told


def test_pairs_of_one_folder_are_one_stack_whatever_their_dates(tmp_path):
    """Those of two satellites are two."""
    for pair in ("20140101_20140113", "20200101_20200113"):
        for name in ("unwrap_ll.grd", "corr_ll.grd"):
            day = "_".join(date[:4] + "001" for date in pair.split("_"))
            (tmp_path / "merge" / day).mkdir(parents=True, exist_ok=True)
            (tmp_path / "merge" / day / name).touch()
    text, tables = drafted(tmp_path)
    assert [*tables] == ["envisat"]
    assert "Another candidate" not in text
    for name in (
        "S1AA_20180101T112233_20180113T112233_VVP012_INT80_G_ueF_12AB",
        "A2_20200101_20200113_x",
    ):
        for layer in ("unw_phase", "corr"):
            (tmp_path / "products" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "products" / name / f"{name}_{layer}.tif").touch()
    _, tables = drafted(tmp_path / "products")
    assert [*tables] == ["sentinel1", "alos2"]
    assert {table["path"] for table in tables.values()} == {"."}


def test_of_mintpys_series_the_geocoded_one_with_most_corrections_is_taken(tmp_path):
    """Neither residuals nor the velocity of the delay."""
    names = ["timeseries", "geo_timeseries", "geo_timeseries_ERA5_demErr", "velocity"]
    for name in [*names, "geo_velocity", "geo_timeseriesResidual_ramp", "geo_velocityERA5"]:
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file.attrs["FILE_TYPE"] = "velocity" if "velocity" in name else "timeseries"
            file.attrs["history"] = "x" * (500 - len(name))
    _, tables = drafted(tmp_path)
    assert tables["displacement"]["path"] == "geo_timeseries_ERA5_demErr.h5"
    assert tables["rate"]["path"] == "geo_velocity.h5"


def test_dates_of_six_digits_with_the_later_first_become_a_pattern_and_a_word_on_the_sign(
    tmp_path,
):
    for pair in ("070827-070712", "071012-070827"):
        for kind in ("unw", "cc"):
            _write_tiff(tmp_path / "palsar" / f"{pair}_{kind}.tif")
    text, tables = drafted(tmp_path)
    assert tables["alos1"]["phase"] == "{secondary}-{reference}_unw.tif"
    assert tables["alos1"]["coherence"] == "{secondary}-{reference}_cc.tif"
    said = " ".join(line.removeprefix("# ") for line in text.splitlines())
    assert "names begin with the later date, and the sign of such phases is often the other" in said


def test_wrapped_phases_masks_and_other_dated_files_are_no_stack(tmp_path):
    for name in ("diff_pha", "wrapped_phase", "amp", "ifg"):
        _write_tiff(tmp_path / f"20200101_20200113_{name}.tif")
    with pytest.raises(InputError, match="nothing that is known"):
        draft_catalogue(tmp_path, tmp_path / "catalogue.toml")


def _write_tiff(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = rasterio.Affine(0.001, 0, 100, 0, -0.001, 38)
    with rasterio.open(
        path, "w", "GTiff", 4, 3, 1, "EPSG:4326", transform, dtype="float32"
    ) as raster:
        raster.write(np.full((3, 4), 0.5, "float32"), 1)


def test_the_demos_own_catalogue_is_found_again_from_its_files(coarse, tmp_path):
    """Every entry with its format, path and patterns; wavelengths are nominal to a thousandth."""
    tables = tomllib.loads(draft_catalogue(coarse, coarse / "catalogue.toml"))
    written = tomllib.loads((coarse / "catalogue.toml").read_text())
    assert tables.keys() == written.keys() - {"place"}  # which no file tells
    for name in tables.keys() - {"archive"}:
        keys = written[name].keys() - {"title", "simulated", "wavelength", "scale"}
        assert {key: tables[name][key] for key in keys} == {key: written[name][key] for key in keys}
        if "wavelength" in written[name]:
            assert tables[name]["wavelength"] == pytest.approx(written[name]["wavelength"], 2e-3)


def test_the_real_records_are_recognised_with_all_that_lies_beside(real):
    text = draft_catalogue(real, real / "catalogue.toml")
    tables = tomllib.loads(text)
    written = tomllib.loads((PROJECT / "data" / "real" / "kuparuk.toml").read_text())
    for name in ("sentinel1", "thaw_depth"):
        keys = written[name].keys() - {"title", "path", "wavelength"}
        assert {key: tables[name][key] for key in keys} == {key: written[name][key] for key in keys}
    assert tables["sentinel1"]["wavelength"] == pytest.approx(
        written["sentinel1"]["wavelength"], 1e-3
    )
    assert tables["climate"]["format"] == "ghcn_csv"
    assert tables["discharge"]["format"] == "usgs_rdb"
    assert '# discharge = "q_m3s"' in text
    assert '# dates = "M/D/YY"' in text


def test_bands_without_names_are_proposed_as_many_as_there_are(tmp_path):
    """Without the # they are those that S1 asks for."""
    with rasterio.open(
        tmp_path / "six.tif",
        "w",
        "GTiff",
        4,
        3,
        6,
        "EPSG:32647",
        dtype="uint16",
        transform=rasterio.Affine(10, 0, 6e5, 0, -10, 4.2e6),
    ) as raster:
        raster.write(np.ones((6, 3, 4), "uint16"))
    text, _ = drafted(tmp_path)
    (tmp_path / "catalogue.toml").write_text(text.replace("# bands = ", "bands = "))
    image = open_archive(tmp_path).load("uav").image
    assert [*image.band.values[:4]] == ["blue", "green", "red", "near_infrared"]
    assert float(image.max()) == pytest.approx(1e-4)


def test_facts_that_no_file_tells_are_proposed_where_a_figure_needs_them(tmp_path):
    layout = next(one for one in LAYOUTS if one.name == "gnssir")
    write_entry(layout, tmp_path)
    (tmp_path / "catalogue.toml").unlink()
    text, tables = drafted(tmp_path)
    assert "place" not in tables
    _, proposed = text.split("\n# [place]\n")
    facts = "\n".join(line.removeprefix("# ") for line in proposed.splitlines() if " = " in line)
    assert check_facts("here", tomllib.loads(facts)).keys() == {"station", "snow_free"}
