"""MintPy's files pass the door with sign, unit, angles and grid right, or are refused."""

import pickle
from pathlib import Path

import dask
import h5py
import numpy as np
import pytest

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import mintpy
from qilian.contracts.errors import InputError
from qilian.insar.rates import vertical_if_known

PAIRS = [["20180101", "20180113"], ["20180101", "20180125"], ["20180113", "20180125"]]
AXES = "east", "north", "up"
DATES = ["20180101", "20180113", "20180125"]
GEOGRAPHIC = {"X_FIRST": "99.0", "Y_FIRST": "38.2", "X_STEP": "0.001", "Y_STEP": "-0.001"}
PLACE = {**GEOGRAPHIC, "X_UNIT": "degrees", "LENGTH": "3", "WIDTH": "4"}


def write(path: Path, kind: str, attributes: dict[str, str], **datasets) -> Path:
    """Write a file as MintPy does: everything at the root, attributes as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs.update({"FILE_TYPE": kind, **PLACE, **attributes})
        for name, values in datasets.items():
            file[name] = values
    return path


def stack_file(folder: Path, attributes: dict[str, str] | None = None, **datasets) -> Path:
    """Three pairs of 3 × 4 pixels: phase 1, 2, 3 rad, coherence 0.5, all kept."""
    held = {
        "unwrapPhase": np.full((3, 3, 4), 1, "float32") * np.array([1, 2, 3])[:, None, None],
        "coherence": np.full((3, 3, 4), 0.5, "float32"),
        "date": np.array(PAIRS, "S8"),
        "bperp": np.array([10, 20, 30], "float32"),
        "dropIfgram": np.ones(3, bool),
        **datasets,
    }
    about = {"WAVELENGTH": "0.0554658", **(attributes or {})}
    return write(folder / "ifgramStack.h5", "ifgramStack", about, **held)


def geometry_file(path: Path, incidence: float, azimuth: float, **attributes) -> Path:
    angles = {"incidenceAngle": incidence, "azimuthAngle": azimuth, "height": 3700}
    layers = {name: np.full((3, 4), value, "float32") for name, value in angles.items()}
    return write(path, "geometry", attributes, **layers)


def remove(path: Path, *names: str) -> None:
    with h5py.File(path, "a") as file:
        for name in names:
            del (file if name in file else file.attrs)[name]


def test_ground_10_mm_farther_away_is_a_positive_phase_and_a_negative_displacement(tmp_path):
    radians = 4 * np.pi * 0.010 / 0.0554658  # by hand: two-way path over the wavelength
    phase = np.full((3, 3, 4), radians, "float32")
    stack = mintpy.read_stack(stack_file(tmp_path, unwrapPhase=phase))
    assert np.allclose(stack.unwrapped_phase * stack.wavelength / (4 * np.pi), 0.010)
    # MintPy inverts this to −λ/4π · phase = −0.010 m; positive is towards the satellite.
    series = np.zeros((3, 3, 4), "float32")
    series[1:] = -0.010
    path = write(
        tmp_path / "timeseries.h5",
        "timeseries",
        {"UNIT": "m"},
        timeseries=series,
        date=np.array(DATES, "S8"),
    )
    data = mintpy.read_timeseries(path)
    assert data.displacement.dtype == "float32"
    assert np.allclose(data.displacement[:, 1, 1], [0, -10, -10])
    assert list(data.time.dt.day.values) == [1, 13, 25]


def test_drop_ifgram_true_means_keep(tmp_path):
    stack = mintpy.read_stack(stack_file(tmp_path, dropIfgram=np.array([True, False, True])))
    assert stack.sizes["pair"] == 2
    assert stack.secondary_date.dt.strftime("%Y%m%d").values.tolist() == ["20180113", "20180125"]
    assert stack.perpendicular_baseline.values.tolist() == [10, 30]
    assert stack.unwrapped_phase[:, 0, 0].values.tolist() == [1, 3]
    assert stack.unwrapped_phase[1].values[2, 3] == 3
    assert stack.unwrapped_phase.isel(pair=[1, 0], y=slice(None, None, -1)).values[0, 0, 0] == 3


def test_zero_and_nan_are_missing_in_phase_and_coherence(tmp_path):
    values = np.full((3, 3, 4), 0.5, "float32")
    values[0, 0, :2] = 0, np.nan
    stack = mintpy.read_stack(stack_file(tmp_path, unwrapPhase=values, coherence=values))
    for name in ("unwrapped_phase", "coherence"):
        assert stack[name].isnull().sum() == 2
        assert stack[name][0, 0, :2].isnull().all()


@pytest.mark.parametrize(
    ("incidence", "azimuth", "vector"),
    [
        (30, 90, (-0.5, 0, np.sqrt(0.75))),  # sensor in the West
        (30, -90, (0.5, 0, np.sqrt(0.75))),  # sensor in the East
        (60, 0, (0, np.sqrt(0.75), 0.5)),  # low in the North
        # An ascending pass looks from West and a little South, a descending one from the East.
        (39, 102, (-0.6156, -0.1308, 0.7771)),
        (39, -102, (0.6156, -0.1308, 0.7771)),
    ],
)
def test_incidence_and_azimuth_become_the_unit_vector_to_the_sensor(
    tmp_path, incidence, azimuth, vector
):
    geometry_file(tmp_path / "geometryGeo.h5", incidence, azimuth)
    stack = mintpy.read_stack(stack_file(tmp_path))
    for part, expected in zip(AXES, vector, strict=True):
        assert np.allclose(stack[f"line_of_sight_{part}"], expected, atol=1e-4), part
    assert (stack.height == 3700).all()


def test_the_geometry_is_found_beside_the_stack_or_where_it_is_named(tmp_path):
    path = stack_file(tmp_path)
    assert "height" not in mintpy.read_stack(path)
    geometry_file(tmp_path / "geo" / "angles.h5", 39, 102)
    assert "height" in mintpy.read_stack(path, geometry="geo/angles.h5")
    geometry_file(tmp_path / "geometryGeo.h5", 39, 102)
    assert "height" in mintpy.read_stack(tmp_path)  # the folder stands for its stack
    with pytest.raises(InputError, match=r"none\.h5 does not exist"):
        mintpy.read_stack(path, geometry="none.h5")
    geometry_file(tmp_path / "geometryGeo.h5", 39, 102, X_FIRST="99.0005")
    apart = mintpy.read_stack(path)
    assert "height" not in apart
    assert apart.attrs["left_out"].startswith("geometryGeo.h5, which has first corner 99.0005")


def test_coordinates_are_pixel_centres_half_a_pixel_inside_the_corner(tmp_path):
    stack = mintpy.read_stack(stack_file(tmp_path))
    assert stack.x.values[0] == pytest.approx(99.0005)
    assert stack.y.values[-1] == pytest.approx(38.1975)
    assert stack.rio.crs.to_epsg() == 4326


@pytest.mark.parametrize(
    ("attributes", "epsg"),
    [
        ({"X_UNIT": "meters", "EPSG": "32647"}, 32647),
        ({"X_UNIT": "meters", "UTM_ZONE": "47N"}, 32647),
        ({"X_UNIT": "meters", "UTM_ZONE": "19S"}, 32719),
    ],
)
def test_the_coordinate_system_comes_from_epsg_or_the_utm_zone(tmp_path, attributes, epsg):
    assert mintpy.read_stack(stack_file(tmp_path, attributes)).rio.crs.to_epsg() == epsg


def test_a_series_of_zeros_is_missing_but_at_the_reference_point(tmp_path):
    series = np.zeros((3, 3, 4), "float32")
    series[1:, 0, 0] = 0.002
    path = write(
        tmp_path / "timeseries.h5",
        "timeseries",
        {"REF_Y": "2", "REF_X": "3"},
        timeseries=series,
        date=np.array(DATES, "S8"),
    )
    data = mintpy.read_timeseries(path).displacement
    assert np.allclose(data[:, 0, 0], [0, 2, 2])
    assert (data[:, 2, 3] == 0).all()
    assert data.isnull().sum() == 3 * (12 - 2)
    assert np.isnan(data[2, 1, 1].values)


def test_velocity_is_a_rate_in_mm_a_year_with_its_standard_error(tmp_path):
    velocity = np.array([[-0.012, 0, 0]], "float32")
    path = write(
        tmp_path / "velocity.h5",
        "velocity",
        {"UNIT": "m/year", "LENGTH": "1", "WIDTH": "3", "REF_Y": "0", "REF_X": "2"},
        velocity=velocity,
        velocityStd=np.array([[0.001, 0, 0]], "float32"),
    )
    data = mintpy.read_velocity(path)
    assert np.allclose(data.rate, [[-12, np.nan, 0]], equal_nan=True)
    assert np.allclose(data.standard_error, [[1, np.nan, 0]], equal_nan=True)
    remove(path, "velocityStd")
    assert "standard_error" not in mintpy.read_velocity(path)


def series_file(path: Path, attributes: dict[str, str] | None = None, **datasets) -> Path:
    """Three dates of 3 × 4 pixels that went away by 8 mm and as much again."""
    away = np.full((3, 3, 4), -0.008, "float32") * np.arange(3)[:, None, None]
    held = {"timeseries": away.astype("float32"), "date": np.array(DATES, "S8"), **datasets}
    return write(path, "timeseries", {"UNIT": "m", **(attributes or {})}, **held)


def mask_file(path: Path, **attributes) -> Path:
    keep = np.ones((3, 4), bool)
    keep[0, 1:] = False
    return write(path, "mask", attributes, mask=keep)


@pytest.mark.parametrize(
    ("series", "prefix"), [("timeseries_demErr.h5", ""), ("geo_ts.h5", "geo_")]
)
def test_mask_and_angles_that_lie_beside_a_series_are_taken(tmp_path, series, prefix):
    path = series_file(tmp_path / series)
    assert mintpy.read_timeseries(path).displacement.notnull().all()
    mask_file(tmp_path / f"{prefix}maskTempCoh.h5")
    geometry_file(tmp_path / f"{prefix}geometryRadar.h5", 60, 90)
    data = mintpy.read_timeseries(path)
    assert data.displacement.isnull().sum() == 3 * 3
    assert np.allclose(data.line_of_sight_up, 0.5)
    upright = vertical_if_known(data).displacement
    assert np.allclose(upright[:, 1, 1], [0, -16, -32])  # −8 mm / cos 60°
    assert mintpy.read_timeseries(path, mask="").displacement.notnull().all()
    rate = np.full((3, 4), -0.008, "float32")
    more = {
        "velocityStd": rate * -1,
        "annualAmplitude": rate,
        "step20180120": rate,
        "intercept": rate,
    }
    about = {"UNIT": "m/year"}
    found = mintpy.read_velocity(write(tmp_path / "v.h5", "velocity", about, velocity=rate, **more))
    assert np.allclose(found.rate[0], [-8, np.nan, np.nan, np.nan], equal_nan=True)
    assert np.allclose(found.standard_error[0], [8, np.nan, np.nan, np.nan], equal_nan=True)
    assert set(found) == {"rate", "standard_error", *(f"line_of_sight_{a}" for a in AXES)}


def test_what_lies_beside_on_other_pixels_is_passed_over_and_what_is_named_is_refused(tmp_path):
    path = series_file(tmp_path / "timeseries.h5")
    mask_file(tmp_path / "maskTempCoh.h5", X_FIRST="98.0")
    geometry_file(tmp_path / "geometryRadar.h5", 60, 90)
    remove(tmp_path / "geometryRadar.h5", "X_FIRST", "Y_FIRST")
    data = mintpy.read_timeseries(path)
    assert data.displacement.notnull().all()
    assert set(data) == {"displacement"}
    left_out = "maskTempCoh.h5, which has first corner 98.000000, 38.200000 unlike timeseries.h5"
    assert data.attrs["left_out"] == left_out
    with pytest.raises(
        InputError, match=r"maskTempCoh.h5 has first corner 98.0.*, expected the grid"
    ):
        mintpy.read_timeseries(path, mask="maskTempCoh.h5")
    with pytest.raises(InputError, match=r"geometryRadar.h5 is in radar coordinates"):
        mintpy.read_timeseries(path, geometry="geometryRadar.h5")
    with pytest.raises(InputError, match=r"inputs/none.h5 does not exist"):
        mintpy.read_timeseries(path, geometry="inputs/none.h5")
    geometry_file(tmp_path / "inputs" / "geometryGeo.h5", 60, -90)
    data = mintpy.read_timeseries(path, geometry="inputs/geometryGeo.h5")
    assert np.allclose(data.line_of_sight_east, np.sqrt(0.75))


def test_an_incidence_alone_tells_the_upward_part(tmp_path):
    path = series_file(tmp_path / "timeseries.h5")
    remove(geometry_file(tmp_path / "geometryGeo.h5", 60, 90), "azimuthAngle")
    data = mintpy.read_timeseries(path)
    assert set(data) == {"displacement", "line_of_sight_up"}
    assert np.allclose(data.line_of_sight_up, 0.5)


def test_mask_and_geometry_beside_count_as_input(tmp_path):
    series_file(tmp_path / "ts" / "timeseries.h5")
    mask_file(tmp_path / "ts" / "maskTempCoh.h5")
    geometry_file(tmp_path / "ts" / "geo_geometryRadar.h5", 60, 90)
    geometry_file(tmp_path / "ts" / "other.h5", 60, 90)
    text = '[archive]\nname = "x"\n[displacement]\nformat = "mintpy"\npath = "ts/timeseries.h5"\n'
    (tmp_path / "catalogue.toml").write_text(text)
    names = [file.name for file in open_archive(tmp_path).entry("displacement").files()]
    assert names == ["geo_geometryRadar.h5", "maskTempCoh.h5", "timeseries.h5"]


def test_a_bundle_holds_series_mask_and_angles(tmp_path):
    """As `save_hdfeos5.py` writes it: 0 is missing, True in the mask keeps a pixel."""
    path = tmp_path / "S1_IW12_128_0593_0597_20180101_20180125.he5"
    keep = np.ones((3, 4), bool)
    keep[2, 3] = False
    moved = np.full((3, 3, 4), -0.010, "float32") * np.arange(3)[:, None, None]
    moved[:, 0, 0] = 0
    with h5py.File(path, "w") as file:
        file.attrs.update({"FILE_TYPE": "HDFEOS", "UNIT": "m", **PLACE, "REF_Y": "1", "REF_X": "1"})
        grids = file.create_group("HDFEOS/GRIDS/timeseries")
        grids["observation/displacement"] = moved.astype("float32")
        grids["observation/date"] = np.array(DATES, "S8")
        grids["observation/bperp"] = np.zeros(3, "float32")
        grids["quality/mask"] = keep
        grids["quality/temporalCoherence"] = np.ones((3, 4), "float32")
        for name, angle in {"incidenceAngle": 60, "azimuthAngle": -102, "height": 3700}.items():
            grids[f"geometry/{name}"] = np.full((3, 4), angle, "float32")
    data = mintpy.read_timeseries(path)
    assert np.allclose(data.displacement[:, 1, 1], [0, -10, -20])
    assert np.argwhere(data.displacement[0].isnull().values).tolist() == [[0, 0], [2, 3]]
    assert np.allclose(data.line_of_sight_up, 0.5)
    assert (data.line_of_sight_east > 0).all()  # a descending pass looks from the East
    assert mintpy.read_timeseries(path, mask="").displacement.isnull().sum() == 3
    path.rename(tmp_path / "a.h5")
    with pytest.raises(InputError, match="has FILE_TYPE HDFEOS, expected MintPy's timeseries"):
        mintpy.read_timeseries(tmp_path / "a.h5")


def test_a_series_of_other_dates_than_layers_is_refused(tmp_path):
    path = series_file(tmp_path / "timeseries.h5", date=np.array(DATES[:2], "S8"))
    with pytest.raises(InputError, match="expected 3 × 4 pixels in 2 layers"):
        mintpy.read_timeseries(path)


def test_a_stack_of_50_gb_opens_at_once_in_blocks_of_all_pairs_and_gives_up_one_pixel(tmp_path):
    shape = 500, 5000, 5000
    days = np.datetime64("2017-01-01") + np.arange(501)
    dates = np.char.replace(days.astype(str), "-", "").astype("S8")
    path = write(
        tmp_path / "ifgramStack.h5",
        "ifgramStack",
        {"LENGTH": "5000", "WIDTH": "5000", "WAVELENGTH": "0.05"},
        date=np.stack([dates[:-1], dates[1:]], axis=1),
    )
    with h5py.File(path, "a") as file:
        file.create_dataset("unwrapPhase", shape, "float32", chunks=(50, 2, 5000))
        file["unwrapPhase"][250, 4000, 3] = 1.5
    stack = mintpy.read_stack(path)
    assert stack.unwrapped_phase.nbytes == 50e9
    assert path.stat().st_size < 10e6
    blocks = stack.unwrapped_phase.chunks
    assert blocks[0] == (500,)
    assert set(blocks[1][:-1]) == {6}  # 64 MiB hold 6 rows, three of the file's own blocks
    assert stack.unwrapped_phase[250, 4000, 3].compute() == 1.5


def test_opening_reads_no_pixels_and_what_is_opened_can_be_sent_to_a_worker(tmp_path, monkeypatch):
    geometry_file(tmp_path / "geometryGeo.h5", 39, 102)
    path = stack_file(tmp_path)

    def no_pixels(*_):
        raise AssertionError("pixels were read")

    with monkeypatch.context() as patched:
        patched.setattr("qilian.archive.readers.lazy._Layers.__getitem__", no_pixels)
        stack = mintpy.read_stack(path)
    sent = pickle.loads(pickle.dumps(stack))
    with dask.config.set(scheduler="threads"):
        assert (sent.unwrapped_phase[2] == 3).all()


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (mintpy.read_stack, "ifgramStack"),
        (mintpy.read_timeseries, "timeseries"),
        (mintpy.read_velocity, "velocity"),
    ],
)
def test_another_kind_of_file_is_refused(tmp_path, read, kind):
    path = write(tmp_path / "mask.h5", "mask", {}, mask=np.ones((3, 4), bool))
    with pytest.raises(InputError, match=f"has FILE_TYPE mask, expected MintPy's {kind}"):
        read(path)
    path.write_text("not HDF5")
    with pytest.raises(InputError, match="cannot be read, expected a whole HDF5 file"):
        read(path)
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "none.h5")


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        (["X_FIRST", "Y_FIRST"], "is in radar coordinates, expected a geocoded file"),
        (["X_STEP"], "X_STEP is missing, expected a number"),
        (["WAVELENGTH"], "WAVELENGTH is missing, expected a number"),
        (["date"], "holds no date"),
        (["unwrapPhase", "coherence"], "holds neither unwrapPhase nor coherence"),
    ],
)
def test_a_stack_that_lacks_a_part_is_refused_in_a_sentence(tmp_path, removed, said):
    path = stack_file(tmp_path)
    remove(path, *removed)
    with pytest.raises(InputError, match=said):
        mintpy.read_stack(path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dropIfgram": np.zeros(3, bool)}, "keeps no pair, expected True in dropIfgram"),
        ({"unwrapPhase": np.ones((3, 5, 5), "float32")}, "expected 3 × 4 pixels"),
        ({"attributes": {"X_UNIT": "meters"}}, "has no coordinate system, expected EPSG"),
        ({"attributes": {"X_UNIT": "meters", "EPSG": "12"}}, "has no coordinate system"),
        ({"attributes": {"WAVELENGTH": "C"}}, "WAVELENGTH is C, expected a number"),
        ({"attributes": {"LENGTH": "nan"}}, "LENGTH is nan, expected a number"),
        ({"unwrapPhase": np.full((3, 3, 4), b"x", "S1")}, "holds no numbers, expected real ones"),
    ],
)
def test_a_stack_that_contradicts_itself_is_refused_in_a_sentence(tmp_path, changed, said):
    with pytest.raises(InputError, match=said):
        mintpy.read_stack(stack_file(tmp_path, **changed))


def test_coherence_above_one_is_refused_when_its_block_is_read(tmp_path):
    stack = mintpy.read_stack(stack_file(tmp_path, coherence=np.full((3, 3, 4), 51, "float32")))
    with pytest.raises(InputError, match="coherence is 51, expected 0 to 1"):
        stack.coherence.compute()


def test_another_unit_and_dates_out_of_order_are_refused(tmp_path):
    series = {"timeseries": np.ones((3, 3, 4), "float32"), "date": np.array(DATES, "S8")}
    path = write(tmp_path / "a.h5", "timeseries", {"UNIT": "cm"}, **series)
    with pytest.raises(InputError, match="is in cm, expected m"):
        mintpy.read_timeseries(path)
    series["date"] = series["date"][::-1]
    path = write(tmp_path / "b.h5", "timeseries", {"UNIT": "m"}, **series)
    with pytest.raises(InputError, match="the dates don't rise"):
        mintpy.read_timeseries(path)
