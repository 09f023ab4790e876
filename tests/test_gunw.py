"""GUNW products of ARIA and NISAR pass the door with dates, sign and place right, or not at all."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio

from qilian.archive.readers import gunw
from qilian.contracts.errors import InputError

GROUND = np.arange(12, dtype="float32").reshape(3, 4) + 1
ARIA = "S1-GUNW-D-R-062-tops-{}_{}-232334-38N_37N-PP-652b-v3_0_1.nc"
NISAR = (
    "NISAR_L2_PR_GUNW_001_030_{}_019_002_2000_SH_{}T060911_20260112T060925_{}_X05009_N_F_J_001.h5"
)


def axis(group: h5py.Group, name: str, values: np.ndarray, units: str, standard: str) -> None:
    group[name] = values
    group[name].make_scale(name)
    group[name].attrs.update(units=units, standard_name=standard)


def layer(group: h5py.Group, name: str, values, axes: tuple[str, ...], fill, **about) -> None:
    made = group.create_dataset(name, data=values, chunks=True)
    made.attrs.update({"_FillValue": np.array([fill], made.dtype), **about})
    for number, scale in enumerate(axes):
        made.dims[number].attach_scale(group[scale])


def cube(group: h5py.Group, axes: tuple[str, ...], values: Mapping[str, tuple]) -> None:
    """Write levels of numbers: each as given at 0 m and far off at the others."""
    for name, value in values.items():
        levels = np.stack([np.full((2, 2), number, float) for number in (0.3, value, 0.3)])
        layer(group, name, levels, axes, -9999)


def aria(folder: Path, reference="20180113", secondary="20180101", phase=GROUND, row=0, **cubes):
    """Write a product as ARIA does: the later date first, latitudes of pixel centres."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ARIA.format(reference, secondary)
    step = 1 / 1200
    with h5py.File(path, "w") as file:
        data = file.create_group("science/grids/data")
        place = 38 - step * (np.arange(3) + row), 99 + step * np.arange(4)
        axis(data, "latitude", place[0], "degrees_north", "latitude")
        axis(data, "longitude", place[1], "degrees_east", "longitude")
        data["crs"] = np.int32(0)
        about = {"semi_major_axis": 6378137.0, "inverse_flattening": 298.257223563}
        wgs84 = rasterio.CRS.from_epsg(4326).to_wkt()
        data["crs"].attrs.update(grid_mapping_name="latitude_longitude", spatial_ref=wgs84, **about)
        axes = "latitude", "longitude"
        layer(data, "unwrappedPhase", np.float32(phase), axes, 0, grid_mapping="crs")
        layer(data, "coherence", np.full((3, 4), 0.5, "f4"), axes, 0, grid_mapping="crs")
        file["science/radarMetaData/wavelength"] = np.float32(0.05546576)
        around = file.create_group("science/grids/imagingGeometry")
        axis(around, "heightsMeta", np.array([-1500.0, 0, 3000]), "meters", "height")
        axis(around, "latitudeMeta", np.array([39.0, 37]), "degrees_north", "latitude")
        axis(around, "longitudeMeta", np.array([98.0, 100]), "degrees_east", "longitude")
        cube(around, ("heightsMeta", "latitudeMeta", "longitudeMeta"), cubes)
    return folder


def nisar(folder: Path, first="20260101", second="20260113", phase=GROUND, way="A", pol="HH"):
    """Write a product as NISAR does: the earlier date as reference, metres of pixel centres."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NISAR.format(way, first, second)
    with h5py.File(path, "w") as file:
        grid = file.create_group(f"science/LSAR/GUNW/grids/frequencyA/unwrappedInterferogram/{pol}")
        names = "yCoordinates", "xCoordinates"
        axis(grid, names[0], 4.2e6 - 80.0 * np.arange(3), "meters", "projection_y_coordinate")
        axis(grid, names[1], 6e5 + 80.0 * np.arange(4), "meters", "projection_x_coordinate")
        crs = rasterio.CRS.from_epsg(32647)
        grid["projection"] = np.uint32(32647)
        grid["projection"].attrs.update(
            grid_mapping_name="universal_transverse_mercator",
            utm_zone_number=47,
            spatial_ref=crs.to_wkt(),
        )
        about = {"grid_mapping": "projection"}
        layer(grid, "unwrappedPhase", np.float32(phase), names, np.nan, **about)
        layer(grid, "coherenceMagnitude", np.full((3, 4), 0.5, "f4"), names, np.nan, **about)
        file["science/LSAR/GUNW/grids/frequencyA/centerFrequency"] = 1.257e9
        identification = file.create_group("science/LSAR/identification")
        identification["orbitPassDirection"] = np.bytes_(
            "Ascending" if way == "A" else "Descending"
        )
        for which, day in (("reference", first), ("secondary", second)):
            text = f"{day[:4]}-{day[4:6]}-{day[6:]}T06:09:11.000000000"
            identification[f"{which}ZeroDopplerStartTime"] = np.bytes_(text)
        around = file.create_group("science/LSAR/GUNW/metadata/radarGrid")
        axes = ("heightAboveEllipsoid", *names)
        axis(around, axes[0], np.array([-500.0, 0, 9000]), "meters", "height")
        axis(around, axes[1], np.array([4.3e6, 4.1e6]), "meters", "projection_y_coordinate")
        axis(around, axes[2], np.array([5e5, 7e5]), "meters", "projection_x_coordinate")
        cube(around, axes, {"losUnitVectorX": -0.6, "losUnitVectorY": 0.0})
        layer(around, "perpendicularBaseline", np.full((3, 2, 2), 40.0), axes, -9999)
    return folder


KINDS = {"aria": (aria, gunw.read_aria), "nisar": (nisar, gunw.read_nisar)}
each_kind = pytest.mark.parametrize("kind", KINDS)


def refused(read, folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(folder)
    return str(caught.value)


def test_ground_10_mm_farther_has_a_positive_phase_though_arias_reference_is_the_later_date(
    tmp_path,
):
    """By hand: φ = −4πR/λ of an image, and a product's phase is that of reference × conj(other)."""
    earlier, later = (-4 * np.pi * metres / 0.05546576 for metres in (0.0, 0.010))
    stack = gunw.read_aria(aria(tmp_path, phase=np.full((3, 4), later - earlier)))
    away = stack.unwrapped_phase * stack.wavelength / (4 * np.pi)
    np.testing.assert_allclose(away, 0.010, rtol=1e-5)
    assert str(stack.reference_date.values[0])[:10] == "2018-01-01"
    assert str(stack.secondary_date.values[0])[:10] == "2018-01-13"


@pytest.mark.parametrize("swapped", [False, True])
def test_nisars_phase_is_as_stored_and_turned_only_where_the_reference_is_later(tmp_path, swapped):
    wavelength = 299_792_458 / 1.257e9
    earlier, later = (-4 * np.pi * metres / wavelength for metres in (0.0, 0.010))
    dates = {"first": "20260113", "second": "20260101"} if swapped else {}
    phase = np.full((3, 4), later - earlier if swapped else earlier - later)
    stack = gunw.read_nisar(nisar(tmp_path, phase=phase, **dates))
    np.testing.assert_allclose(stack.unwrapped_phase * wavelength / (4 * np.pi), 0.010, rtol=1e-5)
    assert stack.wavelength == pytest.approx(wavelength)
    assert stack.perpendicular_baseline.item() == (-40 if swapped else 40)
    assert str(stack.secondary_date.values[0])[:10] == "2026-01-13"


@each_kind
def test_what_is_missing_in_a_product_is_missing(tmp_path, kind):
    write, read = KINDS[kind]
    values = GROUND.copy()
    values[0, 0] = {"aria": 0, "nisar": np.nan}[kind]
    stack = read(write(tmp_path, phase=values))
    assert np.isnan(stack.unwrapped_phase[0, 0, 0])
    assert np.isfinite(stack.unwrapped_phase[0]).sum() == 11
    assert (stack.coherence == 0.5).all()


def test_coordinates_of_both_are_those_of_pixel_centres(tmp_path):
    stack = gunw.read_aria(aria(tmp_path / "a"))
    np.testing.assert_allclose(stack.x, 99 + np.arange(4) / 1200)
    np.testing.assert_allclose(stack.y, 38 - np.arange(3) / 1200)
    assert stack.rio.crs.to_epsg() == 4326
    stack = gunw.read_nisar(nisar(tmp_path / "n"))
    np.testing.assert_allclose(stack.x, 6e5 + 80 * np.arange(4))
    np.testing.assert_allclose(stack.y, 4.2e6 - 80 * np.arange(3))
    assert stack.rio.crs.to_epsg() == 32647


def test_products_that_differ_in_extent_are_cropped_and_ordered_by_date(tmp_path):
    aria(tmp_path, "20180125", "20180113", GROUND + 100, row=1)
    stack = gunw.read_aria(aria(tmp_path))
    np.testing.assert_array_equal(stack.unwrapped_phase[0], -GROUND[1:])
    np.testing.assert_array_equal(stack.unwrapped_phase[1], -GROUND[:-1] - 100)


def test_arias_angles_at_sea_level_become_the_unit_vector_and_its_baseline_is_turned(tmp_path):
    """Azimuth from East, anticlockwise: 0 is a sensor in the East, a descending pass."""
    cubes = {"incidenceAngle": 30, "azimuthAngle": 0, "perpendicularBaseline": 0.3}
    stack = gunw.read_aria(aria(tmp_path, **cubes))
    vector = [stack[f"line_of_sight_{part}"].values for part in ("east", "north", "up")]
    for values, expected in zip(vector, (0.5, 0, np.sqrt(0.75)), strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-6)
    assert stack.perpendicular_baseline.item() == pytest.approx(-0.3)


def test_nisars_unit_vector_is_completed_upwards(tmp_path):
    stack = gunw.read_nisar(nisar(tmp_path))
    for part, expected in {"east": -0.6, "north": 0, "up": 0.8}.items():
        np.testing.assert_allclose(stack[f"line_of_sight_{part}"], expected, atol=1e-6)


def test_a_unit_vector_changes_linearly_between_the_points_of_a_cube(tmp_path):
    nisar(tmp_path)
    (file,) = tmp_path.glob("*.h5")
    with h5py.File(file, "a") as held:
        east = held["science/LSAR/GUNW/metadata/radarGrid/losUnitVectorX"]
        east[1] = [[-0.5, -0.7], [-0.5, -0.7]]
    stack = gunw.read_nisar(tmp_path)
    expected = -0.5 - 0.2 * (stack.x - 5e5) / 2e5
    np.testing.assert_allclose(stack.line_of_sight_east[0], expected, atol=1e-6)


def test_nisars_other_polarisation_is_taken_where_it_is_the_one(tmp_path):
    stack = gunw.read_nisar(nisar(tmp_path, pol="VV"))
    np.testing.assert_array_equal(stack.unwrapped_phase[0], GROUND)


def test_a_product_without_a_cube_is_read_without_what_stands_in_it(tmp_path):
    stack = gunw.read_aria(aria(tmp_path))
    assert "line_of_sight_up" not in stack
    assert "perpendicular_baseline" not in stack


@each_kind
def test_what_is_opened_can_be_sent_to_a_worker(tmp_path, kind):
    write, read = KINDS[kind]
    stack = pickle.loads(pickle.dumps(read(write(tmp_path))))
    np.testing.assert_array_equal(np.abs(stack.unwrapped_phase[0]), GROUND)


def test_two_tracks_in_a_folder_are_refused(tmp_path):
    aria(tmp_path)
    file = aria(tmp_path / "x", "20180125", "20180113") / ARIA.format("20180125", "20180113")
    file.rename(tmp_path / file.name.replace("-062-", "-135-"))
    assert "are of two tracks, D-R-135 and D-R-062" in refused(gunw.read_aria, tmp_path)
    nisar(tmp_path / "n")
    nisar(tmp_path / "n", "20260113", "20260125", way="D")
    assert "are of two tracks" in refused(gunw.read_nisar, tmp_path / "n")


def test_two_products_of_one_pair_are_refused(tmp_path):
    aria(tmp_path)
    aria(tmp_path / "again")
    assert "stands already in" in refused(gunw.read_aria, tmp_path)


@each_kind
def test_a_folder_without_products_is_refused(tmp_path, kind):
    (tmp_path / "other.nc").write_text("")
    assert "holds no product of" in refused(KINDS[kind][1], tmp_path)


def test_a_product_that_lacks_a_part_is_refused_and_the_part_named(tmp_path):
    (file,) = aria(tmp_path).glob("*.nc")
    with h5py.File(file, "a") as held:
        del held["science/grids/data/coherence"]
    assert "expected a file with /science/grids/data/coherence" in refused(gunw.read_aria, tmp_path)
    with h5py.File(file, "a") as held:
        del held["science/radarMetaData/wavelength"]
    assert "holds no science/radarMetaData/wavelength" in refused(gunw.read_aria, tmp_path)
    (file,) = nisar(tmp_path / "n").glob("*.h5")
    with h5py.File(file, "a") as held:
        del held["science/LSAR/GUNW/grids/frequencyA/unwrappedInterferogram"]
    assert "HH/unwrappedPhase, nor VV" in refused(gunw.read_nisar, tmp_path / "n")
    file.write_text("not HDF5")
    assert "cannot be read, expected a whole HDF5 file" in refused(gunw.read_nisar, tmp_path / "n")
