"""Gauges, antennas, images and outlines pass the door as their files mean them."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp, Resampling
from shapely.geometry import Point

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import gnssrefl, image, vector
from qilian.archive.readers.hydrograph import read_grdc
from qilian.contracts.errors import InputError

GRDC = """\
# Title:                 GRDC STATION DATA FILE
# GRDC-No.:              2999150
# River:                 LÜTSCHINE
# Station:               GSTEIG
# DATA
YYYY-MM-DD;hh:mm; Value
2001-01-01;--:--;     12.500
2001-01-02;--:--;   -999.000
"""
DAILY = """\
% calculated on 2019-01-01
% year doy   RH    numval month day RH-sigma
 2018   182   3.200  32    7    1   0.040
 2018   184   3.210  30    7    3   0.050
"""
TRANSFORM = rasterio.Affine(0.5, 0, 500000, 0, -0.5, 4200000)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_grdc_reads_alike_with_dos_lines_and_old_letters(tmp_path, end, encoding):
    path = tmp_path / "2999150_Q_Day.Cmd.txt"
    path.write_bytes(GRDC.replace("\n", end).encode(encoding))
    record = read_grdc(path)
    np.testing.assert_array_equal(record.discharge, [12.5, np.nan])
    assert record.discharge.attrs["units"] == "m3 s-1"
    assert record.attrs == {"grdc_number": "2999150", "river": "LÜTSCHINE", "station": "GSTEIG"}


def test_grdc_refuses_monthly_values_with_the_line(tmp_path):
    path = tmp_path / "month.txt"
    path.write_text(GRDC.replace("2001-01-02", "2001-02-00"))
    with pytest.raises(InputError, match="line 8: '2001-02-00' is not a date"):
        read_grdc(path)


def reflector(tmp_path: Path, text: str):
    path = tmp_path / "heights.txt"
    path.write_text(text)
    return gnssrefl.read(path)


def test_daily_reflector_heights_keep_number_and_deviation_and_absent_days(tmp_path):
    heights = reflector(tmp_path, DAILY)
    assert heights.time.values.astype("datetime64[D]").astype(str).tolist() == [
        "2018-07-01",
        "2018-07-03",
    ]
    assert heights.reflector_height.values.tolist() == [3.2, 3.21]
    assert heights.retrievals.values.tolist() == [32, 30]
    assert heights.standard_deviation.values.tolist() == [0.04, 0.05]


def test_csv_heights_of_one_day_are_averaged(tmp_path):
    text = (
        "year, doy, time, rh (m), uncertainty (m)\n"
        "2018, 183, 4.5, 3.30, 0.02\n2018, 182, 1.0, 3.20, 0.01\n2018, 182, 9.0, 3.24, 0.01\n"
    )
    heights = reflector(tmp_path, text)
    np.testing.assert_allclose(heights.reflector_height, [3.22, 3.30])
    np.testing.assert_array_equal(heights.retrievals, [2, 1])
    # By hand: 3.20 and 3.24 lie 0.02 from their mean, 0.02 √2 with one degree of freedom.
    np.testing.assert_allclose(heights.standard_deviation, [0.02 * 2**0.5, 0.02])


def test_csv_heights_once_a_day_claim_no_number_of_retrievals(tmp_path):
    heights = reflector(tmp_path, "year,doy,rh (m),uncertainty (m)\n2018,182,3.2,0.01\n")
    assert set(heights.data_vars) == {"reflector_height", "standard_deviation"}
    assert heights.standard_deviation.item() == 0.01


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DAILY.replace("  7    3 ", "  7    4 "), "line 4: day 184 of 2018, expected the month"),
        (DAILY.replace(" 184 ", " 366 "), "line 4: day 366 of 2018, expected a year and its day"),
        (DAILY.replace(" 2018 ", " 1018 "), "line 3: day 182 of 1018, expected a year and its day"),
        (DAILY.replace("3.210", "3.2l0"), "line 4: '3.2l0' stands in column 'rh', expected"),
        (DAILY + " 2018   184   3.3  30    7    3   0.050\n", "2018-07-03 has two different"),
        ("year,doy,height\n2018,182,3.2\n", "no column rh"),
        ("% nothing\n", "no rows"),
    ],
)
def test_broken_heights_are_refused_with_the_place(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        reflector(tmp_path, text)


def tiff(path: Path, values: np.ndarray, **options) -> Path:
    count, rows, columns = values.shape
    profile = {"crs": "EPSG:32647", "transform": TRANSFORM, "dtype": values.dtype.name, **options}
    with rasterio.open(path, "w", "GTiff", columns, rows, count, **profile) as raster:
        raster.write(values)
    return path


def test_stored_numbers_are_scaled_and_nodata_is_missing(tmp_path):
    values = np.array([[[0, 2500]], [[5000, 10000]]], "uint16")
    pixels = image.read(tiff(tmp_path / "a.tif", values, nodata=0), scale=1e-4).image
    np.testing.assert_allclose(pixels, [[[np.nan, 0.25]], [[0.5, 1]]], rtol=1e-6)
    assert pixels.dtype == np.float32
    assert pixels.band.values.tolist() == ["1", "2"]


def test_the_files_own_scale_holds_unless_the_catalogue_gives_one(tmp_path):
    path = tiff(tmp_path / "a.tif", np.full((1, 2, 2), 100, "uint16"))
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.01,), (2.0,)
    assert np.allclose(image.read(path).image, 3.0)
    assert np.allclose(image.read(path, scale=1.0).image, 100.0)


def test_transparent_pixels_are_missing_and_alpha_is_no_band(tmp_path):
    values = np.full((4, 2, 2), 100, "uint8")
    values[3] = [[0, 255], [255, 255]]
    pixels = image.read(tiff(tmp_path / "a.tif", values, photometric="RGB", alpha="yes")).image
    assert pixels.band.values.tolist() == ["red", "green", "blue"]
    assert np.isnan(pixels[:, 0, 0]).all()
    assert (pixels[:, 1, :] == 100).all()


def test_bands_take_the_files_descriptions_or_the_catalogues_names(tmp_path):
    path = tiff(tmp_path / "a.tif", np.ones((2, 2, 2), "uint8"))
    with rasterio.open(path, "r+") as raster:
        raster.descriptions = ("green", "near_infrared")
        raster.colorinterp = (ColorInterp.gray, ColorInterp.undefined)
    assert image.read(path).band.values.tolist() == ["green", "near_infrared"]
    assert image.read(path, bands="blue, red").band.values.tolist() == ["blue", "red"]
    with pytest.raises(InputError, match="has 2 bands, expected as many different names"):
        image.read(path, bands="blue")


def test_a_huge_orthophoto_opens_without_its_pixels_and_reads_one_block(tmp_path):
    size = 60_000  # 3 × 3.6 gigapixels, none of them on disk
    path = tmp_path / "a.tif"
    profile = {"crs": "EPSG:32647", "transform": TRANSFORM, "dtype": "uint8", "tiled": True}
    with rasterio.open(path, "w", "GTiff", size, size, 3, sparse_ok=True, bigtiff="yes", **profile):
        pass
    pixels = image.read(path).image
    assert pixels.chunks is not None
    assert np.prod(pixels.data.chunksize) * 4 <= image.BLOCK_BYTES
    assert pixels.data.chunksize[1] % 256 == pixels.data.chunksize[2] % 256 == 0
    assert pixels[:, 30_000:30_010, 30_000:30_010].values.shape == (3, 10, 10)


def test_a_block_is_the_same_as_that_part_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(image, "BLOCK_BYTES", 2 * 64 * 64 * 4)
    values = np.arange(2 * 150 * 130, dtype="uint16").reshape(2, 150, 130)
    path = tiff(tmp_path / "a.tif", values, tiled=True, blockxsize=64, blockysize=64)
    pixels = image.read(path).image
    assert pixels.data.npartitions > 1
    np.testing.assert_array_equal(pixels, values)


def holed(rows: int, columns: int) -> np.ndarray:
    """Two bands of noise with a hole across the squares that they are averaged over."""
    values = np.random.default_rng(5).uniform(0, 1, (2, rows, columns)).astype("float32")
    values[:, 30:50, 22:43] = values[1, :8, :8] = -1
    return values


def square_means(values: np.ndarray, step: int) -> np.ndarray:
    """Mean of what is not -1 in each square, square by square."""
    count, rows, columns = values.shape
    found = np.full((count, -(-rows // step), -(-columns // step)), np.nan)
    for band, row, column in np.ndindex(found.shape):
        square = values[band, row * step : (row + 1) * step, column * step : (column + 1) * step]
        if (square >= 0).any():
            found[band, row, column] = square[square >= 0].mean(dtype=float)
    return found


def test_an_image_without_overviews_is_averaged_block_by_block(tmp_path, monkeypatch):
    """Holes neither bleed nor grow; squares cut by the edge count what they hold."""
    monkeypatch.setattr(image, "BLOCK_BYTES", 2 * 64 * 64 * 4)
    values = holed(150, 130)
    layout = {"nodata": -1, "tiled": True, "blockxsize": 64, "blockysize": 64}
    path = tiff(tmp_path / "a.tif", values, **layout)
    coarse = image.read(path, pixels=40).image
    assert coarse.sizes == {"band": 2, "y": 38, "x": 33}
    assert coarse.data.npartitions > 1
    np.testing.assert_allclose(coarse, square_means(values, 4), rtol=1e-6)
    assert np.isnan(coarse[1, :2, :2]).all()
    assert coarse.sampling == "mean of 4 × 4 pixels of the file"
    np.testing.assert_allclose(coarse.x, 500000 + 2 * (np.arange(33) + 0.5))
    np.testing.assert_allclose(coarse.y, 4200000 - 2 * (np.arange(38) + 0.5))


@pytest.mark.parametrize(("pixels", "overview", "step"), [(64, 2, 1), (32, 2, 2), (128, 1, 1)])
def test_an_image_with_overviews_reads_the_same_means_from_them(tmp_path, pixels, overview, step):
    """As without them; the numbers in the file itself have since been replaced."""
    values = holed(256, 256)
    layout = {"nodata": -1, "tiled": True, "blockxsize": 64, "blockysize": 64}
    whole = image.read(tiff(tmp_path / "a.tif", values, **layout), pixels=pixels).image.compute()
    path = tiff(tmp_path / "b.tif", values, **layout)
    with rasterio.open(path, "r+") as raster:
        raster.build_overviews([2, 4], Resampling.average)
    with rasterio.open(path, "r+") as raster:
        raster.write(np.full_like(values, 9))
    coarse = image.read(path, pixels=pixels).image
    assert coarse.sampling.endswith(f"its overview {overview}")
    assert coarse.sampling.startswith("mean of 2 × 2") == (step == 2)
    np.testing.assert_array_equal(coarse.isnull(), whole.isnull())
    np.testing.assert_array_equal(coarse.x, whole.x)
    # Across a hole's edge overviews count each of their own pixels alike.
    untouched = square_means((values < 0).astype("float32"), 256 // coarse.sizes["x"]) == 0
    np.testing.assert_allclose(coarse.values[untouched], whole.values[untouched], rtol=1e-5)


def test_an_image_no_larger_than_asked_for_is_read_as_it_is(tmp_path):
    """Also where a catalogue's own wish is set aside by the caller's."""
    path = tiff(tmp_path / "a.tif", np.arange(24, dtype="uint8").reshape(1, 4, 6))
    np.testing.assert_array_equal(image.read(path, pixels=6).image, image.read(path).image)
    (tmp_path / "catalogue.toml").write_text(
        '[archive]\nname = "Here"\n[uav]\nformat = "image"\npath = "a.tif"\npixels = 2\n'
    )
    source = open_archive(tmp_path)
    assert source.load("uav").sizes["x"] == 2
    assert source.load("uav", pixels=3).sizes["x"] == 3
    with pytest.raises(InputError, match="pixels is 0, expected 1 or more"):
        source.load("uav", pixels=0)
    with pytest.raises(InputError, match="unknown key 'pixel', perhaps 'pixels'"):
        source.load("uav", pixel=3)


def test_a_film_without_coordinates_is_refused(tmp_path):
    path = tiff(tmp_path / "a.tif", np.ones((1, 2, 2), "uint8"), crs=None)
    with pytest.raises(InputError, match="no coordinate system"):
        image.read(path)


def test_six_real_bands_read_as_stored(real):
    path = real / "landsat7_six_bands.tif"
    names = "blue,green,red,nir,swir_1,swir_2"
    pixels = image.read(path, bands=names).image
    with rasterio.open(path) as raster:
        np.testing.assert_array_equal(pixels.sel(band="nir"), raster.read(4))


@pytest.mark.parametrize("name", ["sites.geojson", "sites.gpkg"])
def test_features_arrive_with_their_system_and_say_where_they_come_from(tmp_path, name):
    sites = gpd.GeoDataFrame({"name": ["P1"]}, geometry=[Point(99.5, 38.04)], crs="EPSG:4326")
    sites.to_file(tmp_path / name)
    (tmp_path / "catalogue.toml").write_text(
        f'[archive]\nname = "Here"\nsimulated = true\n[sites]\nformat = "vector"\npath = "{name}"\n'
    )
    read = open_archive(tmp_path).load("sites")
    assert read.crs.to_epsg() == 4326
    assert read.attrs["simulated"]
    assert read.attrs["source"] == name


def geojson(path: Path, *positions: tuple[float, float]) -> Path:
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": p}}
        for p in positions
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_features_that_cannot_be_placed_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no feature"):
        vector.read(geojson(tmp_path / "empty.geojson"))
    with pytest.raises(InputError, match="expected longitude and latitude in degrees"):
        vector.read(geojson(tmp_path / "metres.geojson", (500000, 4200000)))
    bare = gpd.GeoDataFrame(geometry=[Point(1, 2)])
    bare.to_file(tmp_path / "bare.gpkg")
    with pytest.raises(InputError, match="no coordinate system"):
        vector.read(tmp_path / "bare.gpkg")
    (tmp_path / "text.geojson").write_text("{")
    with pytest.raises(InputError, match="cannot be read, expected GeoJSON"):
        vector.read(tmp_path / "text.geojson")


def test_a_package_of_several_layers_is_refused(tmp_path):
    for layer in ("pits", "spoil"):
        frame = gpd.GeoDataFrame(geometry=[Point(1, 2)], crs="EPSG:4326")
        frame.to_file(tmp_path / "a.gpkg", layer=layer)
    with pytest.raises(InputError, match="has 2 layers"):
        vector.read(tmp_path / "a.gpkg")
