"""The book as a user gets it: built on the demo, on real records, and on broken input."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import rasterio
import xarray as xr

from qilian.archive.catalogue import open_archive
from qilian.book.chapters import read_chapters
from qilian.products import matching_correction
from qilian.recession import trend

pytestmark = pytest.mark.book

PROJECT = Path(__file__).parents[1]
PAGES = [
    "table_s1",
    "s02_network",
    "s05_recession",
    "s08_cumulative_deformation",
    "s10_western_pits",
]  # that real records carry
DEMO_PAGES = [chapter.name for chapter in read_chapters(PROJECT)]
WITH_TABLE = ["s02", "s03", "s05", "s06", "s07", "s09", "s12", "s13", "table_s1"]  # not maps alone


def test_every_notebook_has_its_page_and_its_data(book):
    assert len(DEMO_PAGES) >= 15
    for page in DEMO_PAGES:
        assert (book / "html" / "notebooks" / f"{page}.html").is_file()
        assert list((book / "results" / page).glob("*.nc"))
    tables = {path.stem for path in (book / "results").rglob("*.csv")}
    assert set(WITH_TABLE) <= tables


def test_simulated_input_is_marked_on_the_page_and_in_the_data(book):
    for page, saved in (("s02_network", "s02"), ("s05_recession", "s05")):
        text = (book / "html" / "notebooks" / f"{page}.html").read_text()
        assert "Simulated data" in text
        with xr.open_dataset(book / "results" / page / f"{saved}.nc") as data:
            assert data.attrs["simulated"] == "true"
        assert (
            "simulated data"
            in (book / "results" / page / f"{saved}.csv").read_text().splitlines()[0]
        )
    with xr.open_dataset(book / "results" / "table_s1" / "table_s1.nc") as data:
        assert data.attrs["simulated"] == "false", "Table S1 is the paper's own"


def test_saved_numbers_name_every_entry_that_was_read_and_every_parameter(book):
    """Both as they were in force; the archive and the folder have names of their own."""
    for chapter in read_chapters(PROJECT):
        for path in (book / "results" / chapter.name).glob("*.nc"):
            with xr.open_dataset(path) as saved:
                about = saved.attrs
            parameters = set(json.loads(about["parameters"]))
            assert parameters >= chapter.parameters.keys() - {"archive", "results"}, path.name
            entries = set(about["entries"].split(", "))
            assert set(chapter.needs) <= entries <= {*chapter.needs, *chapter.uses}, path.name


def test_other_pages_correct_by_what_s3_shows(demo, book):
    """Corrected minus initial rate of its maps is the kept correction, pixel by pixel."""
    with xr.open_dataset(book / "results" / "s03_cdf_matching" / "s03.nc") as saved:
        maps = saved["map"].load()
    shown = maps.sel(rate="Sentinel-1, corrected") - maps.sel(rate="Sentinel-1, initial")
    added = matching_correction(open_archive(demo))
    np.testing.assert_allclose(added.where(shown.notnull()), shown, atol=1e-9)


def test_gdal_finds_the_coordinate_system_of_every_saved_map(book):
    for path in (book / "results").rglob("*.nc"):
        with xr.open_dataset(path) as saved:
            maps = [name for name, field in saved.items() if {"y", "x"} <= set(field.dims)]
        for name in maps:
            with rasterio.open(f"netcdf:{path}:{name}") as seen:
                assert seen.crs, f"{name} of {path.name}"


def test_no_page_shows_a_folder_of_this_machine(demo, book):
    for page in (book / "html").rglob("*.html"):
        text = page.read_text()
        for folder in (Path.home(), PROJECT):
            assert f"{folder}/" not in text, page


def test_a_second_build_executes_nothing(demo, book, qilian):
    again = qilian("run", *DEMO_PAGES, "--archive", demo, "--out", book)
    assert again.returncode == 0, again.stdout
    assert again.stdout.count("kept") == len(DEMO_PAGES)


def test_the_recovered_recession_constant_follows_the_simulated_truth(demo, book):
    truth = xr.open_dataset(demo / "truth" / "recession.nc")["recession_constant"]
    truth = truth.groupby("time.year").mean() if "time" in truth.dims else truth
    fit = xr.open_dataset(book / "results" / "s05_recession" / "s05.nc").sel(window=5)
    found = fit.recession_constant.dropna("year")
    expected = truth.rolling(year=5, center=True).mean().sel(year=found.year)
    assert found.sizes["year"] >= 20
    assert float(abs(found / expected - 1).median()) < 0.12
    inside = (fit.recession_constant_lower <= expected) & (expected <= fit.recession_constant_upper)
    assert float(inside.mean()) > 0.7


def test_bad_input_costs_only_its_page_and_the_command_ends_non_zero(demo, qilian, tmp_path):
    shutil.copytree(demo, tmp_path / "broken")
    flow = tmp_path / "broken" / "discharge.csv"
    text = flow.read_text().replace("1990-07-01,", "1990-07-01,-", 1)
    flow.write_text(text)
    catalogue = tmp_path / "broken" / "catalogue.toml"
    catalogue.write_text(catalogue.read_text().split("[pairs]")[0])
    done = qilian("book", "--archive", tmp_path / "broken", "--out", tmp_path / "out")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"1 of {len(DEMO_PAGES)} notebooks failed: s05_recession" in done.stdout
    pages = tmp_path / "out" / "html" / "notebooks"
    assert "This figure could not be made" in (pages / "s05_recession.html").read_text()
    assert "expected no negative value" in (pages / "s05_recession.html").read_text()
    assert "No input for this figure" in (pages / "table_s1.html").read_text()
    assert "temporal mean" in (pages / "s02_network.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--archive", "nowhere"], "archive 'nowhere' is not there"),
        (["-p", "windoes", "x"], "'windoes' belongs to no notebook of this run, perhaps 'windows'"),
        (["-p", "minimum_length", "long"], "is 'long', expected int"),
    ],
)
def test_a_wrong_command_is_answered_with_one_sentence_and_no_traceback(
    demo, qilian, tmp_path, arguments, said
):
    if "--archive" not in arguments:
        arguments = [*arguments, "--archive", demo]
    done = qilian("book", *arguments, "--out", tmp_path)
    assert done.returncode == 2
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "executed").exists()


@pytest.fixture(scope="module", params=["kuparuk", "little_susitna"])
def real_run(request, real, qilian, tmp_path_factory) -> Path:
    """Results of the three notebooks on a catalogue over real records."""
    out = tmp_path_factory.mktemp(request.param)
    done = qilian("run", *PAGES, "--archive", f"real/{request.param}", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "results"


def test_the_notebooks_run_on_real_records_and_say_that_they_are_measured(real_run):
    for path in real_run.rglob("*.nc"):
        with xr.open_dataset(path) as data:
            assert data.attrs["simulated"] == "false"


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
        assert np.allclose(mapped, np.where(share >= 0.5, expected, np.nan), 1e-5, 0, True)


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
