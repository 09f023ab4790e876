"""The book as a user gets it, built on the demo."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from click.testing import CliRunner

from qilian.archive.catalogue import open_archive
from qilian.book import _cli as cli
from qilian.book.chapters import read_chapters
from qilian.insar import version_verdict
from qilian.products import matching_correction, rate_versions

pytestmark = pytest.mark.book

PROJECT = Path(__file__).parents[1]
DEMO_PAGES = [chapter.name for chapter in read_chapters(PROJECT)]
WITH_TABLE = ["s02", "s03", "s05", "s06", "s07", "s09", "s12", "s13", "table_s1"]  # not maps alone


def test_every_notebook_has_its_page_and_its_data(book):
    assert len(DEMO_PAGES) >= 15
    for page in DEMO_PAGES:
        assert (book / "html" / "notebooks" / f"{page}.html").is_file()
        assert list((book / "results" / page).glob("*.nc"))
    tables = {path.stem for path in (book / "results").rglob("*.csv")}
    assert set(WITH_TABLE) <= tables


def test_nothing_is_unusual_on_the_demo(book):
    """Its notes lie within their limits, as its invariants do: a wrong sign or unit breaks them."""
    for page in DEMO_PAGES:
        shown = (book / "html" / "notebooks" / f"{page}.html").read_text()
        assert "Unusual in this build" not in shown, page


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


def test_saved_numbers_name_every_entry_that_was_read_and_every_parameter(demo, book):
    """Both as they were in force; the archive and the folder have names of their own."""
    archive = open_archive(demo)
    for chapter in read_chapters(PROJECT):
        for path in (book / "results" / chapter.name).glob("*.nc"):
            with xr.open_dataset(path) as saved:
                about = saved.attrs
            parameters = set(json.loads(about["parameters"]))
            assert parameters >= chapter.parameters.keys() - {"archive", "results"}, path.name
            entries = set(about["entries"].split(", "))
            may_read = chapter.reads(archive, {})
            assert not chapter.lacks(archive)
            assert set(may_read) - set(chapter.uses) <= entries <= set(may_read), path.name


def test_other_pages_correct_by_what_s3_shows(demo, book, monkeypatch):
    """Corrected minus initial rate of its maps, as precisely as saved, is what the book keeps."""
    monkeypatch.delenv("QILIAN_CACHE")
    with xr.open_dataset(book / "results" / "s03_cdf_matching" / "s03.nc") as saved:
        maps = saved["map"].load()
    shown = maps.sel(rate="Sentinel-1, corrected") - maps.sel(rate="Sentinel-1, initial")
    added = matching_correction(open_archive(demo))["correction"]
    digits = 2**-15 * float(abs(maps).max())
    np.testing.assert_allclose(added.where(shown.notnull()), shown, rtol=0, atol=digits)


def test_pages_tell_the_same_of_the_same_ground(demo, book, monkeypatch):
    """Sentinel-1's rate uncorrected and corrected: one sentence on four pages, and S12's maps."""
    monkeypatch.delenv("QILIAN_CACHE")
    versions = rate_versions(open_archive(demo))
    said = version_verdict(versions)
    assert " uncorrected and " in said
    said = said.replace("'", "’")
    for name in ("bias_remedies", "s08_cumulative_deformation", "s12_rate_maps"):
        page = (book / "html" / "notebooks" / f"{name}.html").read_text("utf-8")
        assert said in " ".join(page.split())
    with xr.open_dataset(book / "results" / "s12_rate_maps" / "s12.nc") as saved:
        shown = saved["mean"].isel(period=[-2, -1]).transpose("ground", "period")
    told = versions["mean"].transpose("ground", "version")
    np.testing.assert_allclose(shown, told, rtol=1e-5)


def test_gdal_finds_the_coordinate_system_of_every_saved_map(book):
    for path in (book / "results").rglob("*.nc"):
        with xr.open_dataset(path) as saved:
            maps = [name for name, field in saved.items() if {"y", "x"} <= set(field.dims)]
        for name in maps:
            with rasterio.open(f"netcdf:{path}:{name}") as seen:
                assert seen.crs, f"{name} of {path.name}"


def test_no_page_shows_a_folder_of_this_machine(book):
    for page in (book / "html").rglob("*.html"):
        text = page.read_text()
        for folder in (Path.home(), PROJECT):
            assert f"{folder}/" not in text, page


def test_no_page_shows_an_object_in_place_of_its_content(book):
    """Such as text without a sentence, of which Jupyter shows the class."""
    pages = list((book / "html" / "notebooks").glob("*.html"))
    assert pages
    assert not [page.name for page in pages if "&lt;IPython.core" in page.read_text("utf-8")]


def test_a_second_build_executes_nothing(book):
    again = CliRunner().invoke(cli.app, ["run", *DEMO_PAGES, "--out", str(book)])
    assert again.exit_code == 0, again.output
    assert again.output.count("kept") == len(DEMO_PAGES)


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
