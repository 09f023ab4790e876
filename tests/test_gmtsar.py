"""GMTSAR's pairs pass the door with days, sign, pixels and longitudes right, or are refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from strategies import LAYOUTS, write_entry

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import gmtsar
from qilian.contracts.errors import InputError

WAVELENGTH = 0.0554658
STEP = 0.01
FORMS = {"scipy": "NETCDF3_CLASSIC", "h5netcdf": "NETCDF4"}
# 3 × 4 pixels of ground, the northern row first.
GROUND = np.arange(12, dtype="float32").reshape(3, 4) + 1


def grd(path: Path, values, west=99.0, north=38.03, pixels=True, engine="scipy") -> Path:
    """Write a grid as GMT does: southern row first, centres or nodes, region in actual_range."""
    values = np.asarray(values, "float32")
    rows, columns = values.shape
    inside = STEP / 2 if pixels else 0
    east, south = west + STEP * (columns - (not pixels)), north - STEP * (rows - (not pixels))
    axes = {
        "lon": (west + inside + STEP * np.arange(columns), "longitude", (west, east)),
        "lat": (south + inside + STEP * np.arange(rows), "latitude", (south, north)),
    }
    units = {"lon": "degrees_east", "lat": "degrees_north"}
    coordinates = {
        axis: (axis, at, {"units": units[axis], "standard_name": name, "actual_range": ends})
        for axis, (at, name, ends) in axes.items()
    }
    about = {"Conventions": "CF-1.7", "GMT_version": "6.4.0", "node_offset": np.int32(pixels)}
    data = xr.Dataset({"z": (("lat", "lon"), values[::-1])}, coordinates, about)
    path.parent.mkdir(parents=True, exist_ok=True)
    bare = {axis: {"_FillValue": None} for axis in axes}
    data.to_netcdf(path, engine=engine, format=FORMS[engine], encoding=bare)
    return path


def pair(folder: Path, name: str, phase=GROUND, **options) -> Path:
    grd(folder / name / "unwrap_ll.grd", phase, **options)
    grd(folder / name / "corr_ll.grd", np.full_like(phase, 0.5), **options)
    return folder


def read(folder: Path, first_day: int = 0, **options) -> xr.Dataset:
    return gmtsar.read(folder, wavelength=WAVELENGTH, first_day=first_day, **options)


def refused(folder: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "first_day", "dates"),
    [
        ("2015000_2015364", 0, ["2015-01-01", "2015-12-31"]),
        # An image of 31 December 2014 is called 2014364 in a published table of baselines.
        ("2014364_2015059", 0, ["2014-12-31", "2015-03-01"]),
        ("2016060_2016365", 0, ["2016-03-01", "2016-12-31"]),
        ("2008060_2008366", 1, ["2008-02-29", "2008-12-31"]),
        ("1999258_1999293", 1, ["1999-09-15", "1999-10-20"]),
        ("20181231_20190112", 0, ["2018-12-31", "2019-01-12"]),
    ],
)
def test_days_are_counted_from_the_number_that_the_first_of_january_has(
    tmp_path, name, first_day, dates
):
    stack = read(pair(tmp_path, name), first_day)
    found = stack.reference_date.values[0], stack.secondary_date.values[0]
    assert [str(date)[:10] for date in found] == dates


@pytest.mark.parametrize(
    ("name", "first_day"), [("2015000_2015012", 1), ("2015353_2015365", 0), ("2015353_2015367", 1)]
)
def test_a_day_that_its_year_lacks_is_refused(tmp_path, name, first_day):
    assert "is no year and day, expected YYYYDDD" in refused(
        pair(tmp_path, name), first_day=first_day
    )


def test_a_first_day_other_than_0_or_1_is_refused(tmp_path):
    assert "first_day is 2, expected 0 or 1" in refused(
        pair(tmp_path, "2015000_2015012"), first_day=2
    )


@pytest.mark.parametrize(
    ("name", "sign"), [("2018000_2018012", 1), ("2018012_2018000", -1)], ids=["earlier", "later"]
)
def test_ground_10_mm_lower_overhead_reads_alike_whichever_date_is_the_reference(
    tmp_path, name, sign
):
    """By GMTSAR's own −79.58 λ, displacement towards the sensor in mm of an unwrapped phase."""
    radians = sign * -10 / (-79.58 * WAVELENGTH)
    stack = read(pair(tmp_path, name, np.full((3, 4), radians)))
    away = stack.unwrapped_phase * stack.wavelength / (4 * np.pi) * 1000
    np.testing.assert_allclose(away, 10, rtol=1e-4)
    assert str(stack.reference_date.values[0])[:10] == "2018-01-01"
    assert (stack.coherence == 0.5).all()


@pytest.mark.parametrize("engine", FORMS)
@pytest.mark.parametrize("pixels", [True, False])
def test_pixels_lie_where_gmt_puts_them_in_both_registrations_and_both_kinds_of_netcdf(
    tmp_path, engine, pixels
):
    stack = read(pair(tmp_path, "2018000_2018012", engine=engine, pixels=pixels))
    inside = STEP / 2 if pixels else 0
    np.testing.assert_allclose(stack.x, 99 + inside + STEP * np.arange(4))
    np.testing.assert_allclose(stack.y, 38.03 - inside - STEP * np.arange(3))
    np.testing.assert_array_equal(stack.unwrapped_phase[0], GROUND)
    assert stack.rio.crs.to_epsg() == 4326


def test_longitudes_that_count_to_360_become_those_of_the_west(tmp_path):
    stack = read(pair(tmp_path, "2018000_2018012", west=243.0))
    np.testing.assert_allclose(stack.x, -117 + STEP / 2 + STEP * np.arange(4))


def test_nan_is_missing_and_zero_is_a_phase(tmp_path):
    values = GROUND.copy()
    values[0, 0], values[1, 1] = np.nan, 0
    phase = read(pair(tmp_path, "2018000_2018012", values)).unwrapped_phase[0]
    assert np.isnan(phase[0, 0])
    assert phase[1, 1] == 0


def test_pairs_whose_grids_differ_in_extent_are_cropped_to_what_they_share(tmp_path):
    pair(tmp_path, "2018000_2018012")
    pair(tmp_path, "2018012_2018024", GROUND + 100, west=99.01, north=38.02)
    stack = read(tmp_path)
    np.testing.assert_array_equal(stack.unwrapped_phase[0], GROUND[1:, 1:])
    np.testing.assert_array_equal(stack.unwrapped_phase[1], GROUND[:-1, :-1] + 100)


def test_baselines_are_differences_between_the_days_of_the_table(tmp_path):
    pair(tmp_path, "2014364_2015059")
    (tmp_path / "baseline_table.dat").write_text(
        "S1_20141231_ALL_F2 2014364.5885345591 364  -58.814087517826  -16.031404204594\n"
        "S1_20150301_ALL_F2 2015059.5885222249 424  -33.273566547687  -17.102628888348\n"
    )
    stack = read(tmp_path, baselines="baseline_table.dat")
    np.testing.assert_allclose(stack.perpendicular_baseline, -17.102629 + 16.031404, atol=1e-5)
    (tmp_path / "baseline_table.dat").write_text("S1_20141231 x 364 1.0 2.0\n")
    assert "line 1: 'x' is no day" in refused(tmp_path, baselines="baseline_table.dat")
    (tmp_path / "baseline_table.dat").write_text("S1_20141231 2014364.58\n")
    assert "line 1: 'S1_20141231 2014364.58' lists no baseline" in refused(
        tmp_path, baselines="baseline_table.dat"
    )


def test_heights_and_the_unit_vector_are_taken_from_grids_of_their_own(tmp_path):
    pair(tmp_path, "2018000_2018012")
    grd(tmp_path / "dem.grd", np.full((3, 4), 3500))
    for axis, part in {"east": 0.6, "north": 0.0, "up": 0.8}.items():
        grd(tmp_path / f"look_{axis}.grd", np.full((3, 4), part))
    stack = read(tmp_path, height="dem.grd", line_of_sight="look_{axis}.grd")
    assert (stack.height == 3500).all()
    assert np.allclose(stack.line_of_sight_up, 0.8)


def test_other_names_of_grids_can_be_given(tmp_path):
    pair(tmp_path, "2018000_2018012")
    grd(tmp_path / "2018000_2018012" / "unwrap_mask_ll.grd", GROUND * 2)
    phase = read(tmp_path, phase="unwrap_mask_ll.grd").unwrapped_phase[0]
    np.testing.assert_array_equal(phase, GROUND * 2)


def test_what_is_opened_can_be_sent_to_a_worker(tmp_path):
    stack = pickle.loads(pickle.dumps(read(pair(tmp_path, "2018012_2018000"))))
    np.testing.assert_array_equal(stack.unwrapped_phase[0], -GROUND)


def test_grids_in_radar_coordinates_are_refused_with_what_to_do(tmp_path):
    pair(tmp_path, "2018000_2018012")
    folder = tmp_path / "2018000_2018012"
    (folder / "unwrap_ll.grd").rename(folder / "unwrap.grd")
    assert "unwrap.grd is in radar coordinates, expected unwrap_ll.grd" in refused(tmp_path)
    grd(folder / "unwrap.grd", GROUND, west=0.0, north=4000.0)
    assert "expected longitude and latitude in degrees" in refused(tmp_path, phase="unwrap.grd")


def test_a_pair_that_lacks_a_grid_and_a_folder_without_pairs_are_refused(tmp_path):
    pair(tmp_path / "intf", "2018000_2018012")
    (tmp_path / "intf" / "2018000_2018012" / "corr_ll.grd").unlink()
    assert "2018000_2018012 lacks corr_ll.grd" in refused(tmp_path / "intf")
    assert "holds no folder named YYYYDDD_YYYYDDD" in refused(tmp_path)
    (tmp_path / "x").write_text("")
    assert "is no folder" in refused(tmp_path / "x")


def test_what_is_no_grid_is_refused(tmp_path):
    pair(tmp_path, "2018000_2018012")
    (tmp_path / "2018000_2018012" / "corr_ll.grd").write_text("not a grid")
    assert "corr_ll.grd cannot be read, expected a netCDF grid" in refused(tmp_path)


def test_a_packed_grid_is_unpacked_as_its_tags_say(tmp_path):
    pair(tmp_path, "2018000_2018012")
    path = tmp_path / "2018000_2018012" / "unwrap_ll.grd"
    with xr.open_dataset(path, engine="scipy") as grid:
        whole = grid.load()
    packed = {"dtype": "int16", "scale_factor": 0.001, "add_offset": 2.0, "_FillValue": -32768}
    whole["z"] = whole["z"].where(whole["z"] != 1)
    whole.to_netcdf(path, engine="scipy", encoding={"z": packed})
    phase = read(tmp_path).unwrapped_phase[0]
    np.testing.assert_allclose(phase.values.ravel()[1:], GROUND.ravel()[1:], atol=6e-4)
    assert np.isnan(phase[0, 0])


def test_a_number_that_stands_for_missing_and_a_coherence_that_is_none_are_refused(tmp_path):
    values = GROUND.copy()
    values[2, 3] = -9999
    stack = read(pair(tmp_path, "2018000_2018012", values))
    with pytest.raises(InputError, match=r"unwrap_ll\.grd: a phase is -9999 rad"):
        stack.unwrapped_phase.load()
    grd(tmp_path / "2018000_2018012" / "corr_ll.grd", GROUND)
    with pytest.raises(InputError, match=r"corr_ll\.grd: coherence is 12, expected 0 to 1"):
        read(tmp_path).coherence.load()


@pytest.mark.parametrize("at", [12, 52, 132, 312])
def test_a_classic_file_with_a_broken_count_is_refused_at_once(at, tmp_path):
    """Two of these made GDAL crash, and two took it twenty seconds."""
    write_entry(next(one for one in LAYOUTS if one.form == "gmtsar"), tmp_path)
    file = tmp_path / "in" / "2020000_2020012" / "corr_ll.grd"
    content = bytearray(file.read_bytes())
    content[at] = 0x7F
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"corr_ll\.grd cannot be read, expected a "):
        open_archive(tmp_path).load("sentinel1")
