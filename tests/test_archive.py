"""The catalogue is checked line by line, and every complaint is one sentence that helps."""

from pathlib import Path

import numpy as np
import pytest

from qilian.archive.catalogue import locate, open_archive
from qilian.contracts.errors import InputError

PROJECT = Path(__file__).parents[1]
GOOD = """
[archive]
name = "Test basin"

[discharge]
format = "csv"
path = "flow.csv"
unit = "m3 s-1"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.csv").write_text("date,discharge\n2001-09-01,5\n2001-09-02,4\n")
    (tmp_path / "catalogue.toml").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[discharge]", "[dischrage]", "[dischrage] is no known name, perhaps 'discharge'"),
        ('"csv"', '"cvs"', "format 'cvs', expected one of csv, usgs_rdb"),
        ("unit", "units", "unknown key 'units', perhaps 'unit'"),
        ('unit = "m3 s-1"', "unit = 3", "unit is 3, expected str"),
        ("flow.csv", "flaw.csv", "does not exist"),
        ('path = "flow.csv"', "", "lacks format or path"),
        ("[archive]", "[about]", "has no [archive] with a name"),
        ('name = "Test basin"', 'name = "x"\nsimulated = "no"', "expected true or false"),
        ('name = "Test basin"', 'name = "x"\nsimualted = true', "unknown key 'simualted'"),
        ("[archive]", "[archive", "is not valid TOML"),
        ("[archive]", f"x = {'[' * 5000}\n[archive]", "is not valid TOML"),
        ('"csv"', '["csv"]', "has format ['csv'], expected one of csv"),
        ('"flow.csv"', f'"{"x" * 300}"', "which does not exist"),
        ('"m3 s-1"', '"m3 s-1"\nnodata = nan', "nodata is nan, expected a finite number"),
        ('"m3 s-1"', '"m3 s-1"\nnodata = true', "nodata is True, expected float or int"),
    ],
)
def test_a_wrong_line_in_a_catalogue_is_named_in_one_sentence(folder, old, new, said):
    (folder / "catalogue.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        open_archive(folder).entry("discharge")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value).removesuffix("\n")


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("season = [1]", "[place] has an unknown key 'season', expected one of station"),
        ("station = [99]", "station is [99], expected longitude and latitude in degrees"),
        ("mining = [2000.5, 2001]", "mining is [2000.5, 2001], expected first and last year"),
        ('thaw_season = ["02-29", "09-30"]', "expected its first and last day as mm-dd"),
        ('split_season = ["2019-05-01", "2019-10-15"]', "expected first day, last day of the part"),
        ('pictures = ["", "drone"]', "pictures is ['', 'drone'], expected names of the old"),
    ],
)
def test_a_wrong_fact_of_the_place_is_named_in_one_sentence(folder, fact, said):
    with (folder / "catalogue.toml").open("a") as catalogue:
        catalogue.write(f"[place]\n{fact}\n")
    with pytest.raises(InputError) as caught:
        open_archive(folder)
    assert said in str(caught.value)


def test_a_fact_is_what_is_given_or_told_or_else_its_default(folder):
    """A page can do without some; others it must be told."""
    with (folder / "catalogue.toml").open("a") as catalogue:
        catalogue.write("[place]\nmining = [1990, 1999]\n")
    place = open_archive(folder)
    assert place.fact("mining") == (1990, 1999)
    assert place.fact("mining", [2000, 2013]) == (2000, 2013)
    assert place.fact("pictures") == ("old picture", "new picture")
    assert place.fact("split_season") == ()
    with pytest.raises(InputError, match=r"has no station in \[place\], expected longitude"):
        place.fact("station")
    with pytest.raises(InputError, match=r"^split_season is \['2019-05-01'\], expected first day"):
        place.fact("split_season", ["2019-05-01"])


def test_a_byte_order_mark_before_a_catalogue_does_no_harm(folder):
    (folder / "catalogue.toml").write_text(GOOD, encoding="utf-8-sig")
    assert open_archive(folder).name == "Test basin"


def test_an_archive_is_found_by_folder_file_and_name_under_data(folder, monkeypatch):
    assert open_archive(folder).name == "Test basin"
    assert open_archive(folder / "catalogue.toml").name == "Test basin"
    monkeypatch.chdir(folder)
    assert locate(".") == folder / "catalogue.toml"
    monkeypatch.chdir(PROJECT)
    assert locate("real/kuparuk") == PROJECT / "data" / "real" / "kuparuk.toml"


def test_a_missing_archive_says_what_was_expected(tmp_path):
    with pytest.raises(InputError, match=r"'nowhere' is not there: expected a folder with"):
        open_archive("nowhere")
    with pytest.raises(InputError, match=r"holds no catalogue\.toml: expected a folder with"):
        open_archive(tmp_path)


def test_an_entry_that_the_catalogue_lacks_is_named_with_those_it_has(folder):
    with pytest.raises(InputError, match=r"has no \[sentinel1\], only discharge"):
        open_archive(folder).load("sentinel1")


def test_a_variable_that_a_figure_needs_and_the_files_lack_is_named(folder):
    with pytest.raises(InputError, match=r"\[discharge\] brings no precipitation, expected it"):
        open_archive(folder).load("discharge", "precipitation")


def test_what_is_loaded_says_whether_it_is_simulated(folder, demo):
    assert not open_archive(folder).load("discharge").attrs["simulated"]
    assert open_archive(demo).load("discharge").attrs["simulated"]
    assert not open_archive(demo).load("pairs").attrs["simulated"], "Table S1 is the paper's"


def test_the_digest_changes_with_a_byte_of_input_an_option_and_the_simulated_mark_only(folder):
    before = open_archive(folder).digest(["discharge"])
    assert open_archive(folder).digest(["discharge"]) == before
    (folder / "flow.csv").write_text("date,discharge\n2001-09-01,5\n2001-09-02,3\n")
    changed = open_archive(folder).digest(["discharge"])
    (folder / "catalogue.toml").write_text(GOOD.replace("m3 s-1", "l s-1"))
    other_unit = open_archive(folder).digest(["discharge"])
    (folder / "catalogue.toml").write_text(GOOD + "simulated = true\n")
    marked = open_archive(folder).digest(["discharge"])
    assert len({before, changed, other_unit, marked}) == 4


def test_the_truth_lies_on_the_pixels_asked_for_by_their_nearest_centres(demo):
    """A grid a tenth of a pixel off keeps its own coordinates and gets the truth's numbers."""
    source = open_archive(demo)
    whole = source.load_truth("sentinel1")
    shifted = whole.isel(y=slice(10, 20), x=slice(5, 9)).assign_coords(
        x=whole["x"][5:9] + 0.1 * (whole["x"][1] - whole["x"][0])
    )
    found = source.load_truth("sentinel1", like=shifted)
    np.testing.assert_array_equal(found["x"], shifted["x"])
    np.testing.assert_array_equal(found["vertical_rate"], whole["vertical_rate"][10:20, 5:9])
    assert source.load_truth("nothing of the kind", like=shifted) is None
