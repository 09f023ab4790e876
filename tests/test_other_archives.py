"""Notebooks away from the demo's book: on broken input, on real records, and without our runner."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import numpy as np
import pytest
import rasterio
import xarray as xr
import yaml
from click.testing import CliRunner

from qilian.archive.catalogue import open_archive
from qilian.book import _cli as cli
from qilian.recession import trend

pytestmark = pytest.mark.book

PROJECT = Path(__file__).parents[1]
# The second record is of another river; its pages of the radar would be those of the first.
REAL_PAGES = {
    "kuparuk": [
        "table_s1",
        "s02_network",
        "s05_recession",
        "recession_choices",
        "s08_cumulative_deformation",
        "s10_western_pits",
    ],
    "little_susitna": ["s05_recession"],
}
FEW_PAGES = ["table_s1", "s02_network", "s05_recession", "s09_gnssir"]
OWN_PAGES = ["index", "references", "glossary"]


@pytest.fixture
def few_pages(tmp_path) -> Path:
    """A project of four pages, to each of which its index links."""
    project = tmp_path / "project"
    (project / "notebooks").mkdir(parents=True)
    for folder in ("book", "data/real"):
        shutil.copytree(PROJECT / folder, project / folder)
    for name in ("_config.yml", "CITATION.cff"):
        shutil.copy(PROJECT / name, project)
    for page in FEW_PAGES:
        told = (PROJECT / "notebooks" / f"{page}.ipynb").read_text("utf-8")
        told = told.replace("{doc}`Behind S5 <recession_choices>`", "Behind S5")  # not among them
        (project / "notebooks" / f"{page}.ipynb").write_text(told, "utf-8")
    # Pages that the four may link to, as bare headings: they link to notebooks that are not there.
    linked = [path for path in (project / "book").rglob("*.md") if path.stem not in OWN_PAGES]
    for path in linked:
        path.write_text(f"# {path.stem}\n")
    pages = [str(path.relative_to(project).with_suffix("")) for path in linked]
    files = (
        [f"notebooks/{page}" for page in FEW_PAGES] + pages + ["book/references", "book/glossary"]
    )
    contents = {"format": "jb-book", "root": "book/index", "chapters": [{"file": f} for f in files]}
    (project / "_toc.yml").write_text(yaml.safe_dump(contents))
    links = "".join(f"- {{doc}}`../notebooks/{page}`\n" for page in FEW_PAGES)
    (project / "book" / "index.md").write_text(f"# Four pages\n\n{links}")
    return project


@pytest.fixture
def strangers(coarse, tmp_path) -> Path:
    """A folder of somebody's files: interferograms, a gauge and a list of pairs."""
    folder = tmp_path / "strangers"
    shutil.copytree(coarse / "sentinel1", folder / "sentinel1", copy_function=os.link)
    for name in ("discharge.csv", "table_s1.csv"):
        shutil.copy(coarse / name, folder)
    return folder


def test_a_strangers_folder_becomes_a_book_in_which_a_fault_costs_only_its_page(
    strangers, few_pages, forking, tmp_path, monkeypatch
):
    """Input that went bad, none, and a value that no pair meets; the fourth page is as it should.

    The command ends non-zero, and no page names a machine or shows a warning.
    """
    monkeypatch.chdir(few_pages)
    for command in ("new", "check"):
        done = CliRunner().invoke(cli.app, ["archive", command, str(strangers)])
        assert done.exit_code == 0, done.output
    pairs = strangers / "table_s1.csv"
    pairs.write_text(pairs.read_text().replace("19970428", "19970431"))
    command = ["book", "--archive", str(strangers), "-p", "minimum_pair_coherence", "0.999"]
    done = CliRunner().invoke(cli.app, [*command, "--out", str(tmp_path / "out")])
    assert done.exit_code == 1, done.output
    assert "2 of 4 notebooks failed: table_s1, s02_network" in done.output
    pages = {page.stem: page.read_text() for page in (tmp_path / "out" / "html").rglob("*.html")}
    for name, page in pages.items():
        shown = re.sub(r"<script.*?</script>", "", page, flags=re.S)
        found = re.findall(r"\w*Warning|Traceback|site-packages|/(?:home|tmp|work)/\S*", shown)
        assert found == [], name
        assert str(tmp_path) not in shown
    assert "This figure could not be made" in pages["table_s1"]
    assert "19970431" in pages["table_s1"] and "is not a date" in pages["table_s1"]
    assert "No input for this figure" in pages["s09_gnssir"]
    failed = pages["s02_network"]
    assert "minimum_pair_coherence is 0.999, expected a mean that some pair reaches" in failed
    assert "Read from GEOC of the archive “strangers”" in failed
    assert "Checks of this build" not in failed
    assert "Recession constant" in pages["s05_recession"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--archive", "nowhere"], "archive 'nowhere' is not there"),
        (["-p", "windoes", "x"], "'windoes' belongs to no notebook of this run, perhaps 'windows'"),
        (["-p", "minimum_length", "long"], "is 'long', expected int"),
    ],
)
def test_a_wrong_command_is_answered_with_one_sentence_and_no_traceback(
    demo, tmp_path, arguments, said
):
    if "--archive" not in arguments:
        arguments = [*arguments, "--archive", str(demo)]
    done = CliRunner().invoke(cli.app, ["book", *arguments, "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "executed").exists()


@pytest.fixture(scope="module", params=REAL_PAGES)
def real_run(request, real, forking, tmp_path_factory) -> Path:
    """Results of the notebooks on a catalogue over real records."""
    out = tmp_path_factory.mktemp(request.param)
    command = ["run", *REAL_PAGES[request.param], "--archive", f"real/{request.param}"]
    done = CliRunner().invoke(cli.app, [*command, "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out / "results"


def test_the_real_records_differ_in_their_river_alone():
    first, second = (
        tomllib.loads((PROJECT / "data" / "real" / f"{name}.toml").read_text())
        for name in REAL_PAGES
    )
    shared = {"sentinel1", "pairs"}
    assert shared == first.keys() & second.keys() - {"archive", "discharge"}
    assert all(first[entry] == second[entry] for entry in shared)


def test_the_notebooks_run_on_real_records_and_say_that_they_are_measured(real_run):
    for path in real_run.rglob("*.nc"):
        with xr.open_dataset(path) as data:
            assert data.attrs["simulated"] == "false"


@pytest.mark.parametrize("real_run", ["kuparuk"], indirect=True)
def test_mean_coherence_of_the_real_stack_is_that_of_its_files(real_run, real):
    files = sorted((real / "sentinel1_mexico_city/geotiffs").glob("*_cc.tif"))
    layers = []
    for file in files:
        with rasterio.open(file) as raster:
            layers.append(raster.read(1, masked=True).filled(np.nan).astype(float))
    with xr.open_dataset(real_run / "s02_network" / "s02.nc") as data:
        assert np.allclose(data.pair_coherence, [np.nanmean(layer) for layer in layers], atol=1e-5)
        mapped = data.mean_coherence.values
        share = np.isfinite(layers).mean(axis=0)
        expected = np.nansum(layers, axis=0) / np.isfinite(layers).sum(axis=0).clip(1)
        expected = np.where(share >= 0.5, expected, np.nan)
        assert np.allclose(mapped, expected, 1.01 * 2**-16, 0, True)  # as maps are saved


def test_real_recessions_give_positive_constants_with_intervals(real_run):
    with xr.open_dataset(real_run / "s05_recession" / "s05.nc") as fits:
        five = fits.sel(window=5)
        assert int(five.recession_constant.notnull().sum()) >= 10
        assert (fits.recession_constant.dropna("year", how="all").min() > 1).all()
        held = five.recession_constant_lower.notnull()
        below = five.recession_constant_lower < five.recession_constant
        assert bool(below.where(held, True).all())


@pytest.mark.parametrize("real_run", ["kuparuk"], indirect=True)
def test_what_the_page_says_of_the_kuparuk_river_is_what_comes_out(real_run):
    """Neither the change's nor the correlation's interval excludes none."""
    with xr.open_dataset(real_run / "s05_recession" / "s05_choices.nc") as runs:
        chosen = runs.isel(choice=0)
        assert chosen.difference_lower < 0 < chosen.difference_upper
    with xr.open_dataset(real_run / "s05_recession" / "s05.nc") as fits:
        single = np.log(fits.recession_constant.sel(window=1))
    thaw = open_archive(PROJECT / "data" / "real" / "kuparuk.toml").load("thaw_depth")
    tie = trend.association(single, thaw.thaw_depth)
    assert tie.correlation_lower < 0 < tie.correlation_upper


def test_plain_papermill_runs_a_notebook_on_another_archive(demo, tmp_path):
    source = PROJECT / "notebooks" / "table_s1.ipynb"
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    command = [sys.executable, "-m", "papermill", str(source), str(tmp_path / "out.ipynb")]
    command += ["-p", "archive", str(demo), "-p", "results", str(tmp_path), "--no-progress-bar"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert hashlib.sha256(source.read_bytes()).hexdigest() == before
    assert (tmp_path / "table_s1.csv").is_file()
    assert len(nbformat.read(tmp_path / "out.ipynb", as_version=4).cells) > 10
