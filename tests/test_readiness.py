"""What an archive holds, and which pages it serves, told before any notebook runs."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import LAYOUTS, Layout, write_entry

from qilian.archive.catalogue import open_archive
from qilian.archive.inventory import take_inventory
from qilian.archive.readers.formats import READERS
from qilian.book._cli import app
from qilian.book.chapters import Chapter, read_chapters
from qilian.book.readiness import Readiness, loss_without, tell_readiness

PROJECT = Path(__file__).parents[1]
CHAPTERS = read_chapters(PROJECT)


def layout(name: str, form: str) -> Layout:
    """First layout of an entry in a format."""
    return next(one for one in LAYOUTS if (one.name, one.form) == (name, form))


def joined(folder: Path, *layouts: Layout) -> Path:
    """One archive of several layouts, each in a folder of its own."""
    lines = ['[archive]\nname = "x"\n']
    for one in layouts:
        write_entry(one, folder / one.name)
        text = (folder / one.name / "catalogue.toml").read_text().partition(f"[{one.name}]")
        lines.append(text[1] + text[2].replace('path = "', f'path = "{one.name}/'))
        (folder / one.name / "catalogue.toml").unlink()
    (folder / "catalogue.toml").write_text("".join(lines))
    return folder


def readiness(folder: Path) -> dict[str, Readiness]:
    """Readiness of the book's pages by the start of their names."""
    archive = open_archive(folder)
    told = tell_readiness(CHAPTERS, archive, take_inventory(archive))
    return {page.page.partition("_")[0]: page for page in told}


def test_an_inventory_counts_what_entries_hold_and_gives_their_first_and_last_date(tmp_path):
    joined(tmp_path, layout("sentinel1", "licsar"), layout("discharge", "csv"))
    stack, flow = take_inventory(open_archive(tmp_path))
    assert (stack.holds, stack.span) == ("2 pairs of 4 × 5 pixels", "2020-01-01 to 2020-01-25")
    assert (flow.holds, flow.span) == ("2 dates", "2020-09-01 to 2020-09-02")
    size = (tmp_path / "discharge/in/table.txt").stat().st_size
    assert flow.megabytes == size / 1e6
    assert {"discharge", "precipitation"} == flow.variables


def test_a_fault_of_an_entry_is_told_and_makes_faulty_the_pages_that_read_it(tmp_path):
    joined(tmp_path, layout("sentinel1", "licsar"), layout("discharge", "csv"))
    table = tmp_path / "discharge/in/table.txt"
    table.write_text(table.read_text().replace("5.5", "-5.5"))
    _, flow = take_inventory(open_archive(tmp_path))
    assert "expected no negative value" in flow.fault
    pages = readiness(tmp_path)
    assert pages["s05"].status == "fails"
    assert pages["s05"].remarks == ("[discharge] has a fault",)
    assert pages["s02"].status == "ready"
    done = CliRunner().invoke(app, ["archive", "check", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.rstrip().endswith(flow.fault)


def test_a_page_without_its_input_lists_what_it_lacks(tmp_path):
    joined(tmp_path, layout("climate", "ghcn_csv"))
    page = readiness(tmp_path)["s04"]
    assert (page.status, page.remarks) == ("no input", ("lacks sentinel1",))


def test_a_page_that_asks_for_a_fact_of_the_place_which_nobody_told_has_no_input(tmp_path):
    joined(tmp_path, layout("sentinel1", "licsar"), layout("gnssir", "gnssrefl"))
    page = readiness(tmp_path)["s09"]
    assert (page.status, page.remarks) == (
        "no input",
        ("lacks station in [place] and snow_free in [place]",),
    )
    with (tmp_path / "catalogue.toml").open("a") as stream:
        stream.write('[place]\nstation = [100, 38]\nsnow_free = ["2018-06-01", "2018-09-30"]\n')
    assert readiness(tmp_path)["s09"].status == "ready"


def test_a_page_that_asks_for_a_variable_which_no_file_brings_is_faulty(tmp_path):
    """S6 asks for baselines; these interferograms have none."""
    one = layout("alos1", "geotiff")
    keys = {key: value for key, value in one.keys.items() if key != "baselines"}
    bare = Layout("alos1", "geotiff", one.write, keys)
    joined(tmp_path, bare, layout("pairs", "csv"))
    page = readiness(tmp_path)["s06"]
    assert (page.status, page.remarks) == ("fails", ("[alos1] brings no perpendicular_baseline",))


def test_weather_that_ends_before_the_acquisitions_and_bands_without_names_are_told(tmp_path):
    joined(tmp_path, layout("sentinel1", "licsar"), layout("climate", "ghcn_csv"))
    page = readiness(tmp_path)["s08"]
    assert (page.status, page.remarks) == (
        "fails",
        (
            "[climate] has 2020-01-01 to 2020-01-02, and the season of [sentinel1] asks for "
            "2020-01-01 to 2020-01-25",
        ),
    )
    joined(tmp_path / "survey", layout("uav", "image"))
    page = readiness(tmp_path / "survey")["s01"]
    assert page.status == "fails"
    assert "[uav] brings no near_infrared" in page.remarks


def test_weather_need_not_reach_over_a_radar_whose_season_no_page_tells(tmp_path):
    """S6 sorts the ground of ALOS-1 by Sentinel-1's season."""
    weather = layout("climate", "ghcn_csv")
    layouts = layout("alos1", "geotiff"), layout("pairs", "csv"), weather
    joined(tmp_path, *layouts)
    assert readiness(tmp_path)["s06"].status == "ready"
    assert readiness(tmp_path)["s08"].status == "fails"


def test_a_page_that_requires_one_of_several_entries_lacks_them_all(tmp_path):
    joined(tmp_path, layout("sentinel1", "licsar"), layout("climate", "era5"))
    page = readiness(tmp_path)["s13"]
    assert (page.status, page.remarks) == ("no input", ("lacks ers2 or envisat or alos1 or alos2",))


def test_what_a_page_asks_of_the_entry_that_it_chooses_is_looked_for_too(tmp_path):
    """S2 asks for coherence, S8 inverts phase."""
    one = layout("alos1", "geotiff")
    for kind, faulty in (("phase", "s08"), ("coherence", "s02")):
        keys = {key: value for key, value in one.keys.items() if key != kind}
        joined(tmp_path / kind, Layout("alos1", "geotiff", one.write, keys))
        pages = readiness(tmp_path / kind)
        name = {"phase": "unwrapped_phase"}.get(kind, kind)
        assert pages[faulty].remarks == (f"[alos1] brings no {name}",)
        assert pages["s02" if faulty == "s08" else "s08"].status == "ready"


def test_a_page_that_can_be_made_says_what_it_goes_without(tmp_path):
    joined(tmp_path, layout("discharge", "usgs_rdb"))
    page = readiness(tmp_path)["s05"]
    assert page.status == "ready"
    assert any("freeze-up is not known" in one for one in page.remarks)
    beside = readiness(tmp_path)["recession"]
    assert any("recession is not set against thaw depth" in one for one in beside.remarks)
    assert any(one.startswith("no rain: ") for one in page.remarks)
    shutil.rmtree(tmp_path / "discharge")
    joined(tmp_path, layout("discharge", "csv"))
    assert not any(one.startswith("no rain: ") for one in readiness(tmp_path)["s05"].remarks)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_each_entry_that_a_page_may_use_has_a_sentence_on_its_loss(chapter: Chapter):
    named = [entry for entry in chapter.uses if entry in READERS]
    unsaid = [e for e in named if loss_without(chapter, e) == "it is not used"]
    assert unsaid == []


def test_entries_are_checked_where_there_is_no_book(tmp_path, monkeypatch):
    joined(tmp_path, layout("discharge", "csv"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["archive", "check", "."])
    assert done.exit_code == 0, done.output
    assert "2020-09-01 to 2020-09-02" in done.output
    assert "s05" not in done.output
