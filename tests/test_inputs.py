"""The same input means the same bytes: of every file that a reader opens, wherever it lies."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy as gdal_copy

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import era5, geotiff, hyp3
from qilian.archive.readers.files import files_under
from qilian.contracts.errors import InputError

PAIR = "20200101", "20200113"
STEM = "_".join(PAIR)
PLACED = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.001, 0, 100.0, 0, -0.001, 38.0)}


def raster(path: Path, value: float, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", "GTiff", 8, 8, 1, dtype="float32", **PLACED, **options) as made:
        made.write(np.full((1, 8, 8), value, "float32"))
    return path


def catalogue(folder: Path, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = '[archive]\nname = "x"\n' + "\n".join(lines) + "\n"
    (folder / "catalogue.toml").write_text(text)
    return folder


def marks(folder: Path, name: str = "sentinel1") -> tuple[str, str]:
    archive = open_archive(folder)
    return archive.identity([name]), archive.digest([name])


def later(path: Path, write) -> None:
    """Write again, at another time than before however coarse the clock."""
    before = path.stat().st_mtime_ns
    write()
    os.utime(path, ns=(before + 10**9, before + 10**9))


GEOTIFF = ('[sentinel1]\nformat = "geotiff"\npath = "in"\nwavelength = 0.0555',)
# Where a file lies that a key or another file names, outside of the entry's path, and that key.
OUTSIDE = {
    "a pattern": (f"{STEM}.tif", 'phase = "../{reference}_{secondary}.tif"'),
    "a height": ("dem.tif", 'height = "../dem.tif"'),
    "a unit vector": ("los_east.tif", 'line_of_sight = "../los_{axis}.tif"'),
    "a table's row": ("far.tif", 'pairs = "../pairs.csv"'),
    "a table": ("pairs.csv", 'pairs = "../pairs.csv"'),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_a_file_outside_of_the_path_counts_when_a_key_or_a_table_names_it(tmp_path, what):
    name, key = OUTSIDE[what]
    (tmp_path / "in").mkdir()
    (tmp_path / "pairs.csv").write_text(f"reference,secondary,phase\n{','.join(PAIR)},../far.tif\n")
    for file in (f"{STEM}.tif", "dem.tif", "los_east.tif", "far.tif"):
        raster(tmp_path / file, 1.0)
    catalogue(tmp_path, *GEOTIFF, key)
    before = marks(tmp_path)
    assert marks(tmp_path) == before
    changed = tmp_path / name
    later(changed, lambda: changed.write_bytes(changed.read_bytes() + b"\n"))
    assert not set(marks(tmp_path)) & set(before)


def test_what_a_link_leads_to_counts_and_is_found(tmp_path):
    """Pairs that lie behind links are read, and their bytes are the input's."""
    store = tmp_path / "store" / STEM
    for layer in ("unw", "cc"):
        raster(store / f"{STEM}.geo.{layer}.tif", 0.5)
    folder = catalogue(tmp_path / "a", '[sentinel1]\nformat = "licsar"\npath = "GEOC"')
    (folder / "GEOC").mkdir()
    (folder / "GEOC" / STEM).symlink_to(store)
    before = marks(folder)
    phase = store / f"{STEM}.geo.unw.tif"
    later(phase, lambda: raster(phase, 1.5))
    assert not set(marks(folder)) & set(before)
    assert open_archive(folder).load("sentinel1").unwrapped_phase.values.max() == 1.5


@pytest.mark.parametrize("beside", ["S1.SLC", "20180101.slc.full", "filt_fine.int", "a.rslc"])
def test_complex_images_beside_a_pair_do_not_count_though_links_lead_to_them(tmp_path, beside):
    """GMTSAR links both images of a pair into its folder, each of gigabytes."""
    raster(tmp_path / "in" / f"{STEM}.tif", 1.0)
    folder = catalogue(tmp_path, *GEOTIFF, 'phase = "{reference}_{secondary}.tif"')
    before = marks(folder)
    (tmp_path / beside).write_bytes(b"large")
    (tmp_path / "in" / beside).symlink_to(tmp_path / beside)
    assert marks(folder) == before


def test_a_link_that_leads_elsewhere_is_another_input(tmp_path):
    """Also where both files have the same size and time."""
    for name, value in (("one", "5"), ("two", "7")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "q.csv").write_text(f"date,discharge\n2001-09-01,{value}\n")
        os.utime(tmp_path / name / "q.csv", ns=(1, 1))
    folder = catalogue(tmp_path / "a", '[discharge]\nformat = "csv"\npath = "q.csv"')
    (folder / "q.csv").symlink_to("../one/q.csv")
    before = marks(folder, "discharge")
    (folder / "q.csv").unlink()
    (folder / "q.csv").symlink_to("../two/q.csv")
    assert not set(marks(folder, "discharge")) & set(before)


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert files_under(tmp_path) == [tmp_path / "a" / "file"]


@pytest.mark.parametrize("beside", ["x.tif.msk", "x.tif.aux.xml", "x.tif.ovr", "x.tfw"])
def test_a_mask_and_tags_beside_a_picture_count(tmp_path, beside):
    raster(tmp_path / "x.tif", 1.0)
    raster(tmp_path / "other.tif", 1.0)
    folder = catalogue(tmp_path, '[basemap]\nformat = "image"\npath = "x.tif"')
    before = marks(folder, "basemap")
    later(tmp_path / "other.tif", lambda: raster(tmp_path / "other.tif", 2.0))
    assert marks(folder, "basemap") == before
    (tmp_path / beside).write_text("some")
    assert not set(marks(folder, "basemap")) & set(before)


def test_what_a_virtual_raster_shows_counts(tmp_path):
    source = raster(tmp_path / "far" / "x.tif", 1.0)
    gdal_copy(source, tmp_path / "x.vrt", driver="VRT")
    folder = catalogue(tmp_path, '[basemap]\nformat = "image"\npath = "x.vrt"')
    before = marks(folder, "basemap")
    later(source, lambda: raster(source, 2.0))
    assert not set(marks(folder, "basemap")) & set(before)


def test_the_geometry_beside_a_mintpy_stack_counts_without_being_named(tmp_path):
    for name in ("ifgramStack.h5", "geometryGeo.h5"):
        (tmp_path / name).write_text("one")
    folder = catalogue(tmp_path, '[sentinel1]\nformat = "mintpy"\npath = "ifgramStack.h5"')
    before = marks(folder)
    (tmp_path / "geometryGeo.h5").write_text("another")
    assert not set(marks(folder)) & set(before)


def test_files_that_change_places_are_another_input(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "x.nc").write_text(name)
    folder = catalogue(tmp_path, '[climate]\nformat = "era5"\npath = "in"')
    before = marks(folder, "climate")
    shutil.move(tmp_path / "in/a", tmp_path / "in/c")
    shutil.move(tmp_path / "in/b", tmp_path / "in/a")
    shutil.move(tmp_path / "in/c", tmp_path / "in/b")
    assert not set(marks(folder, "climate")) & set(before)


def test_hidden_files_are_no_data(tmp_path):
    """What some systems leave beside each file on a foreign disk."""
    product = "S1AA_20200101T111111_20200113T111111_VVP012_INT80_G_ueF_AAAA"
    for layer in ("unw_phase", "corr"):
        name = f"{product}_{layer}.tif"
        raster(tmp_path / product / name, 0.5)
        (tmp_path / product / f"._{name}").write_bytes(b"Mac")
    assert hyp3.read(tmp_path).sizes["pair"] == 1
    raster(tmp_path / "g" / f"{STEM}.tif", 1.0)
    (tmp_path / "g" / f"._{STEM}.tif").write_bytes(b"Mac")
    assert geotiff.read(tmp_path / "g", wavelength=0.05, phase="*{reference}_{secondary}.tif")


def test_products_that_are_still_packed_are_named(tmp_path):
    (tmp_path / "product.zip").write_bytes(b"PK\x03\x04")
    for read in (hyp3.read, era5.read):
        with pytest.raises(InputError, match=r"product\.zip is a zip archive, expected its files"):
            read(tmp_path)


@pytest.mark.parametrize("pattern", ["*{reference}_{secondary}.tif", "{reference}_{secondary}*"])
def test_a_star_may_stand_beside_a_date(tmp_path, pattern):
    raster(tmp_path / f"{STEM}.tif", 1.0)
    assert geotiff.read(tmp_path, wavelength=0.05, phase=pattern).sizes["pair"] == 1


def test_a_pattern_that_starts_at_the_root_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be looked for, expected names of folders"):
        geotiff.read(tmp_path, wavelength=0.05, phase="/x/{reference}_{secondary}.tif")
