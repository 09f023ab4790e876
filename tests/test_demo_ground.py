"""Simulated weather, reflector height, pictures and places: repeatable, and true to their truth."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from scipy import ndimage

from qilian_demo.air.climate import Climate
from qilian_demo.ancillary import CATALOGUE
from qilian_demo.camera.survey import Surface
from qilian_demo.ground.reflectometry import simulate_reflector_height
from qilian_demo.ground.scene import PITS, SPOIL_HEAPS, YAKOU
from qilian_demo.headwaters import Ground, make_ground

DESCRIPTION = "simulated, not a measurement"
RADARS = ("sentinel1", "alos1", "alos2", "envisat", "ers2")


@pytest.fixture(scope="module")
def ground() -> Ground:
    """The ground of the coarse archive."""
    return make_ground(1, 0.25)


@pytest.fixture(scope="module")
def climate(ground: Ground) -> Climate:
    """Weather that the products follow."""
    return ground.climate


@pytest.fixture(scope="module")
def made(coarse: Path) -> Path:
    """Folder of the archive on that ground."""
    return coarse


@pytest.fixture(scope="module")
def truth(made: Path) -> xr.Dataset:
    """What the survey's ground consists of."""
    with xr.open_dataset(made / "truth" / "survey.nc") as dataset:
        return dataset.load()


@pytest.fixture(scope="module")
def reflectance(made: Path) -> dict[str, np.ndarray]:
    """Bands of the orthomosaic by name, NaN outside the survey."""
    with rasterio.open(made / "uav" / "orthomosaic.tif") as raster:
        bands = raster.read(masked=True).astype(float).filled(np.nan) * raster.scales[0]
        return dict(zip(raster.descriptions, bands, strict=True))


@pytest.fixture(scope="module")
def station(made: Path) -> pd.DataFrame:
    """Table of the weather station."""
    return pd.read_csv(made / "weather" / "ghcn.csv", comment="#", parse_dates=["DATE"])


def files(made: Path) -> list[Path]:
    """Whatever no radar measured."""
    own = [path for path in made.iterdir() if path.name not in RADARS]
    found = [path for place in own for path in [place, *place.rglob("*")] if path.is_file()]
    return [path for path in found if path.name not in ("catalogue.toml", "table_s1.csv")]


def inner(surface: np.ndarray, kind: Surface) -> np.ndarray:
    """Pixels a metre inside a surface, where no neighbour blurs into them."""
    return ndimage.binary_erosion(surface == kind, iterations=4)


def test_catalogue_names_files_that_are_there(made: Path) -> None:
    """Every entry has a format and the path of a file, and all stay below 60 MB."""
    entries = tomllib.loads(CATALOGUE)
    assert all(entry["format"] and (made / entry["path"]).is_file() for entry in entries.values())
    assert sum(path.stat().st_size for path in files(made)) < 60e6


def test_every_file_says_simulated(made: Path) -> None:
    """Rasters, netCDF, tables and vectors each say that they are no measurement."""
    for path in files(made):
        if path.suffix == ".tif":
            with rasterio.open(path) as raster:
                assert raster.tags()["TIFFTAG_IMAGEDESCRIPTION"] == DESCRIPTION
        elif path.suffix == ".nc":
            with xr.open_dataset(path) as dataset:
                assert (dataset.attrs["simulated"], dataset.comment) == ("true", DESCRIPTION)
        elif path.suffix == ".geojson":
            assert json.loads(path.read_text())["description"] == DESCRIPTION
        else:
            assert path.read_text()[2:].startswith(DESCRIPTION), path.name


def test_station_mean_is_the_climate_to_a_tenth(station: pd.DataFrame, climate: Climate) -> None:
    """The mean, or the middle of the extremes where it is missing, is right to 0.05 degC."""
    middle = (station["TMAX"] + station["TMIN"]) / 2
    assert 0.2 < station["TAVG"].isna().mean() < 0.4
    for mean in (station["TAVG"].fillna(middle), middle):
        np.testing.assert_allclose(mean / 10, climate.temperature, atol=0.0501)
    np.testing.assert_allclose(station["PRCP"] / 10, climate.precipitation, atol=1e-9)
    assert (station["DATE"].to_numpy() == climate.time).all()


def test_reanalysis_mean_of_a_day_is_the_climate(made: Path, climate: Climate) -> None:
    """Hourly kelvin, averaged over a day in UTC and the cells, is that day's temperature."""
    with xr.open_dataset(made / "weather" / "era5_2018.nc") as dataset:
        assert dataset["t2m"].dims == ("valid_time", "latitude", "longitude")
        assert {"number", "expver"} <= set(dataset.coords)
        daily = dataset["t2m"].mean(("latitude", "longitude")).resample(valid_time="1D").mean()
    days = np.isin(climate.time, daily["valid_time"].values.astype("datetime64[D]"))
    assert days.sum() == 365
    np.testing.assert_allclose(daily - 273.15, climate.temperature[days], atol=1e-3)


def test_reflector_height_grows_as_the_ground_sinks() -> None:
    """Height changes by the elevation change with the opposite sign, in metres for millimetres."""
    days = np.arange("2018-07-01", "2018-09-01", dtype="datetime64[D]")
    sinking = np.linspace(0, 20, days.size)
    record = simulate_reflector_height(np.random.default_rng(0), days, -1e3 * sinking)
    kept = np.isfinite(record.height)
    np.testing.assert_allclose((record.height - sinking)[kept], 3.2, atol=0.035)


def test_ground_at_yakou_sinks_as_the_radars_see_it_under_noise_of_5_to_8_mm(
    made: Path, ground: Ground
) -> None:
    """The written record scatters about the true sinking of July and August 2018."""
    table = np.loadtxt(made / "gnssir" / "yakou_dailyRH.txt", comments="%")
    with xr.open_dataset(made / "truth" / "gnssir.nc") as dataset:
        true = dataset["elevation_change"].load()
    expected = ground.displacement_at(*YAKOU, true["time"].values.astype("datetime64[D]"))
    np.testing.assert_allclose(true, expected)
    assert -40 < true[-1] < -5
    days = pd.to_datetime([f"{row[0]:.0f}-{row[4]:.0f}-{row[5]:.0f}" for row in table])
    assert (days.day_of_year == table[:, 1]).all()
    assert 50 < len(table) < true.size == 62
    noise = 1e3 * table[:, 2] + true.sel(time=days).values
    assert 5 < noise.std() < 8


# 5th and 95th percentile of each index.
NDVI = {Surface.MEADOW: (0.5, 0.8), Surface.SPOIL: (0.05, 0.15), Surface.WATER: (-0.7, 0)}
NDWI = {Surface.MEADOW: (-0.75, -0.4), Surface.SPOIL: (-0.2, -0.05), Surface.WATER: (0.2, 0.8)}


@pytest.mark.parametrize("kind", NDVI)
def test_indices_tell_meadow_spoil_and_water(
    reflectance: dict[str, np.ndarray], truth: xr.Dataset, kind: Surface
) -> None:
    """Vegetation and water indices of nine pixels in ten lie where the surface puts them."""
    seen = inner(truth["surface"].values, kind) & np.isfinite(reflectance["red"])
    green, red, near = (reflectance[name][seen] for name in ("green", "red", "near_infrared"))
    for index, ranges in (
        ((near - red) / (near + red), NDVI),
        ((green - near) / (green + near), NDWI),
    ):
        low, high = np.percentile(index, (5, 95))
        assert ranges[kind][0] < low < high < ranges[kind][1]


def test_survey_has_an_irregular_outline(reflectance: dict[str, np.ndarray]) -> None:
    """All bands lack the same pixels round the edge, and hold the middle, P1."""
    missing = np.isnan(list(reflectance.values()))
    assert (missing == missing[0]).all()
    assert 0.1 < missing[0].mean() < 0.35
    assert not missing[0, 300:900, 300:900].any()


def test_control_points_lie_within_their_stated_error(made: Path, truth: xr.Dataset) -> None:
    """The true transform meets them to 1 m, while the file's own is metres off."""
    points = pd.read_csv(made / "keyhole" / "control_points.csv", comment="#")
    assert len(points) >= 10
    pixels, places = points[["col", "row"]].values.T, points[["x", "y"]].values.T
    true = rasterio.Affine(*truth["keyhole_transform"].values)
    with rasterio.open(made / "keyhole" / "keyhole_1984.tif") as raster:
        stated = raster.transform
    error = np.array(true @ tuple(pixels)) - places
    assert 0.6 < np.sqrt(np.mean(error**2)) < 1.4
    assert np.hypot(*(np.array(stated @ tuple(pixels)) - places)).mean() > 3


def test_keyhole_picture_lies_where_its_truth_says(made: Path, truth: xr.Dataset) -> None:
    """Water of 1984 is dark in the picture once it is placed by the true transform."""
    true = rasterio.Affine(*truth["keyhole_transform"].values)
    with rasterio.open(made / "keyhole" / "keyhole_1984.tif") as raster:
        picture = raster.read(1)
    row, column = np.indices(picture.shape) + 0.5
    x, y = true @ (column, row)
    places = {"x": xr.DataArray(x), "y": xr.DataArray(y)}
    surface = truth["surface_1984"].sel(places, method="nearest").values
    water, meadow = (surface == kind for kind in (Surface.WATER, Surface.MEADOW))
    assert not (truth["surface_1984"] >= Surface.SPOIL).any()
    assert np.percentile(picture[water], 90) < np.percentile(picture[meadow], 10)


def test_outlines_follow_the_scene(made: Path) -> None:
    """One closed ring for each pit and spoil heap, with the ellipse's centre in its middle."""
    features = json.loads((made / "outlines.geojson").read_text())["features"]
    assert len(features) == len(PITS) + len(SPOIL_HEAPS)
    for feature, ellipse in zip(features, PITS + SPOIL_HEAPS, strict=True):
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        np.testing.assert_allclose(np.mean(ring[:-1], axis=0), ellipse[:2], atol=1e-5)
