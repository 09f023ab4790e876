"""What the simulator puts into a product file comes back through the reader, as precisely stored.

The simulator and the readers share no code but the contracts, so a sign, a unit or a half pixel
that is wrong on one side cannot cancel on the other.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from qilian.archive.catalogue import Archive, open_archive
from qilian_demo.air.climate import Climate
from qilian_demo.camera.survey import make_patch, reflectance
from qilian_demo.ground.scene import YAKOU
from qilian_demo.headwaters import Ground, make_ground
from qilian_demo.radar.acquisitions import make_acquisitions
from qilian_demo.radar.fading import short_pair_bias
from qilian_demo.radar.interferograms import Interferogram, Track
from qilian_demo.radar.sensors import ALOS1, ALOS2, ENVISAT, ERS2, SENTINEL1, Sensor
from qilian_demo.river.streamflow import simulate_streamflow
from qilian_demo.streams import stream
from qilian_demo.write import LAST_GAUGED

SEED, SCALE = 3, 0.25  # as the archive
# Phase is stored in steps of 2⁻¹⁰ rad; half a step about 0 becomes a whole one: 0 means missing.
PHASE_TOLERANCE = 1.5 * 2.0**-10 + 1e-6
GEOTIFF = {"alos1": ALOS1, "envisat": ENVISAT, "ers2": ERS2}


@pytest.fixture(scope="module")
def archive(other) -> Archive:
    return open_archive(other)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return make_ground(SEED, SCALE)


def ends(pair: xr.Dataset) -> tuple[np.datetime64, np.datetime64]:
    dates = pair["reference_date"], pair["secondary_date"]
    return tuple(date.values.astype("datetime64[D]") for date in dates)


def simulated(track: Track, pair: xr.Dataset) -> Interferogram:
    return track.interferogram(ends(pair), float(pair["perpendicular_baseline"]))


def agree(read: xr.DataArray, put_in: np.ndarray, tolerance: float) -> None:
    """Agree where the product has a value, and it has one nearly everywhere."""
    kept = np.isfinite(read.values) & np.isfinite(put_in)
    assert kept.mean() > 0.8
    assert np.abs(read.values - put_in)[kept].max() <= tolerance


@pytest.fixture(scope="module")
def early_pairs(ground) -> Iterator[Callable[[xr.Dataset], Interferogram]]:
    """What Sentinel-1 saw in pairs of its first thirty dates."""
    bias = short_pair_bias(stream(SEED, "bias"), ground.scene, ground.deformation.rate[-1])
    track = Track(SEED, SENTINEL1, ground.scene, ground.deformation, ground.climate, bias)
    with ThreadPoolExecutor(2) as pool:
        images = track.images(pool)
        for date in make_acquisitions(stream(SEED, "acquisitions")).dates[:30]:
            images.add(date)
        yield lambda pair: track.interferogram_of(images, ends(pair))


@pytest.mark.parametrize("number", [0, 25, 50])
def test_sentinel1_phase_and_coherence_come_back_from_licsar_files(archive, early_pairs, number):
    pair = archive.load("sentinel1").isel(pair=number)
    orbit = make_acquisitions(stream(SEED, "acquisitions"))
    first, second = orbit.baselines[np.searchsorted(orbit.dates, ends(pair))]
    assert float(pair.perpendicular_baseline) == pytest.approx(second - first, abs=0.11)
    put_in = early_pairs(pair)
    agree(pair.unwrapped_phase, put_in.unwrapped_phase, PHASE_TOLERANCE)
    agree(pair.coherence, put_in.coherence, 0.5 / 255 + 1e-6)


def test_sentinel1_geometry_comes_back_with_pixel_centres(archive, ground):
    stack, grid = archive.load("sentinel1"), ground.scene.grid
    assert np.allclose(stack.x, grid.x)
    assert np.allclose(stack.y, grid.y)
    east, north, up = Track(
        SEED, SENTINEL1, ground.scene, ground.deformation, ground.climate
    ).unit_vector
    for name, part in {"east": east, "north": north, "up": up}.items():
        assert np.allclose(stack[f"line_of_sight_{name}"], part, atol=1e-6)
    assert np.allclose(stack.height, ground.scene.height, atol=0.01)
    assert float(stack.wavelength) == pytest.approx(SENTINEL1.wavelength)


@pytest.mark.parametrize("name", GEOTIFF)
def test_pairs_of_the_older_radars_come_back_from_plain_geotiff(archive, ground, name):
    sensor = GEOTIFF[name]
    stack, track = archive.load(name), ground.track_on_map(sensor)
    assert float(stack.wavelength) == pytest.approx(sensor.wavelength, abs=1e-6)
    assert stack.rio.crs.to_epsg() == 32647
    for number in range(stack.sizes["pair"]):
        pair = stack.isel(pair=number)
        put_in = simulated(track, pair)
        agree(pair.unwrapped_phase, put_in.unwrapped_phase, PHASE_TOLERANCE)
        agree(pair.coherence, put_in.coherence, 1e-6)
    assert np.nanmax(abs(stack.line_of_sight_up.values - track.unit_vector[2])) < 1e-6


def test_alos2_comes_back_from_hyp3_products_cropped_and_each_from_its_own_reference(
    archive, ground
):
    stack, track = archive.load("alos2"), ground.track_on_map(ALOS2)
    grid = track.scene.grid
    rows = np.searchsorted(-grid.y, -stack.y.values)
    columns = np.searchsorted(grid.x, stack.x.values)
    assert np.allclose(grid.y[rows], stack.y)
    assert np.allclose(grid.x[columns], stack.x)
    for number in range(stack.sizes["pair"]):
        pair = stack.isel(pair=number)
        put_in = simulated(track, pair)
        # One constant a pair is free: the phase at its own reference pixel.
        difference = pair.unwrapped_phase.values - put_in.unwrapped_phase[np.ix_(rows, columns)]
        assert np.nanmax(abs(difference - np.nanmedian(difference))) <= 2 * PHASE_TOLERANCE
        agree(pair.coherence, put_in.coherence[np.ix_(rows, columns)], 1e-6)
    up = track.unit_vector[2][np.ix_(rows, columns)]
    assert np.nanmax(abs(stack.line_of_sight_up.values - up)) < 1e-6


@pytest.mark.parametrize("sensor", [SENTINEL1, ALOS2, *GEOTIFF.values()], ids=lambda s: s.name)
def test_ground_that_sinks_reads_as_a_longer_path_for_every_sensor(ground, sensor: Sensor):
    """By hand: d mm down lengthens the path by d cos θ, which is 4π/λ of it in phase, positive."""
    dates = tuple(np.array(["2019-06-01", "2019-09-01"], "datetime64[D]"))
    track = ground.track_on_map(sensor)
    falling = -ground.displacement_at(*YAKOU, np.array(dates))[1]
    assert falling > 5
    phase = track.motion_phase(dates)
    metres = phase * sensor.wavelength / (4 * np.pi)
    sinking = 1000 * metres / track.unit_vector[2]
    assert 0 < np.median(sinking) < 60
    near = np.abs(sinking - falling) < 0.2 * falling
    assert near.any()


def test_discharge_comes_back_to_three_figures_and_winter_ice_as_gaps(archive, ground):
    climate: Climate = ground.climate.until(LAST_GAUGED)
    put_in = simulate_streamflow(stream(SEED, "streamflow"), climate).observed
    read = archive.load("discharge")
    assert (read.time.values == climate.time.astype("datetime64[ns]")).all()
    assert np.allclose(read.discharge, put_in, rtol=0.005, equal_nan=True)
    assert np.allclose(read.precipitation, climate.precipitation, atol=0.051)


def test_air_temperature_comes_back_from_station_and_reanalysis(archive, ground, tmp_path):
    station = archive.load("climate").air_temperature
    days = np.isin(ground.climate.time.astype("datetime64[ns]"), station.time.values)
    assert np.abs(station.values - ground.climate.temperature[days]).max() < 0.11
    hourly = archive.entry("climate").path.with_name("era5_2018.nc")
    (tmp_path / "catalogue.toml").write_text(
        f'[archive]\nname = "x"\n[climate]\nformat = "era5"\npath = "{hourly}"\n'
    )
    reanalysis = open_archive(tmp_path).load("climate").air_temperature
    year = np.isin(ground.climate.time.astype("datetime64[ns]"), reanalysis.time.values)
    assert reanalysis.sizes["time"] == 365
    assert np.abs(reanalysis.values - ground.climate.temperature[year]).max() < 0.01


def test_reflector_height_rises_by_what_the_ground_falls(archive, ground):
    height = archive.load("gnssir").reflector_height
    days = height.time.values.astype("datetime64[D]")
    change = ground.displacement_at(*YAKOU, np.arange("2018-07-01", "2018-09-01", dtype="M8[D]"))
    fallen = -change[(days - np.datetime64("2018-07-01")).astype(int)]
    noise = 1000 * (height.values - height.values.mean()) - (fallen - fallen.mean())
    assert 4 < noise.std() < 9, "daily means scatter by 5 to 8 mm about the ground"


def test_reflectance_of_the_survey_comes_back_with_its_bands_and_edges(archive):
    image = archive.load("uav").image
    assert image.band.values.tolist() == ["blue", "green", "red", "red_edge", "near_infrared"]
    put_in = reflectance(make_patch(stream(SEED, "survey ground"))[0])
    read = image.compute().values
    assert 0.5 < np.isfinite(read).mean() < 0.99, "the survey has a ragged outline"
    error = np.abs(read - put_in)
    assert np.nanmedian(error) < 0.01, "the camera's noise and rounding alone"
