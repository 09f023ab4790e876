"""One door for rasters: the tags of a file hold in every format, and what cannot be is named."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio

from qilian.archive.readers import geotiff, hyp3, image, licsar, mintpy
from qilian.archive.scratch import read_once
from qilian.contracts.errors import InputError
from qilian.insar.corrections import reference_by_coherence

PAIRS = ("20200101", "20200113"), ("20200113", "20200125"), ("20200101", "20200125")
BURST = "S1_136231_IW2_{}_{}_VV_INT80_12E3"
WAVELENGTH = 0.0555


def write(path: Path, values, *, scale=None, offset=0.0, mask=None, left=100.0, **options) -> Path:
    values = np.asarray(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.001, 0, left, 0, -0.001, 38.0)}
    about |= {"dtype": values.dtype, **options}
    rows, columns = values.shape
    with rasterio.open(path, "w", "GTiff", columns, rows, 1, **about) as raster:
        raster.write(values, 1)
        if scale is not None:
            raster.scales, raster.offsets = (scale,), (offset,)
        if mask is not None:
            raster.write_mask(mask)
    return path


# Where each format has the phase and the coherence of a pair, and how it is opened.
FORMATS = {
    "geotiff": ("{0}_{1}.unw.tif", "{0}_{1}.cc.tif"),
    "licsar": ("{0}_{1}/{0}_{1}.geo.unw.tif", "{0}_{1}/{0}_{1}.geo.cc.tif"),
    "hyp3": (BURST + "_unw_phase.tif", BURST + "_corr.tif"),
}


def opened(form: str, folder: Path, **options):
    if form == "geotiff":
        names = ("{reference}_{secondary}.unw.tif", "{reference}_{secondary}.cc.tif")
        patterns = dict(zip(("phase", "coherence"), names, strict=True))
        return geotiff.read(folder, wavelength=WAVELENGTH, **patterns, **options)
    return {"licsar": licsar.read, "hyp3": hyp3.read}[form](folder, **options)


def stack(form: str, folder: Path, phase=None, coherence=None, pairs=PAIRS[:1], **options) -> None:
    """Write pairs of 9 × 9 pixels of a phase of 1 rad and a coherence of 0.8."""
    values = np.ones((9, 9), "float32")
    for pair in pairs:
        where = [folder / name.format(*pair) for name in FORMATS[form]]
        write(where[0], values if phase is None else phase, **options)
        write(where[1], np.float32(0.8) * values if coherence is None else coherence)


each_format = pytest.mark.parametrize("form", FORMATS)


@each_format
def test_scale_and_offset_of_a_file_hold(tmp_path, form):
    packed = np.full((9, 9), 1234, "int16")
    stack(form, tmp_path, packed, scale=0.001, offset=0.5)
    assert np.allclose(opened(form, tmp_path).unwrapped_phase, 1.734)
    stack(form, tmp_path, coherence=np.full((9, 9), 0.8, "float32"))
    write(tmp_path / FORMATS[form][1].format(*PAIRS[0]), packed.astype("uint16"), scale=0.0005)
    assert np.allclose(opened(form, tmp_path).coherence, 0.617)


@each_format
def test_what_a_file_masks_or_calls_nodata_is_missing(tmp_path, form):
    shown = np.full((9, 9), 255, "uint8")
    shown[2, 3] = 0
    values = np.ones((9, 9), "float32")
    stack(form, tmp_path / "a", values, mask=shown)
    values[2, 3] = -9999
    stack(form, tmp_path / "b", values, nodata=-9999)
    integers = np.full((9, 9), 2, "int16")
    integers[2, 3] = -32768
    stack(form, tmp_path / "c", integers, nodata=-32768, scale=0.5)
    for name in "abc":
        phase = opened(form, tmp_path / name).unwrapped_phase[0]
        assert np.isnan(phase[2, 3])
        assert np.isfinite(phase).sum() == 80
        assert np.nanmax(phase) == 1


def test_bytes_of_licsar_that_call_zero_nodata_are_still_bytes(tmp_path):
    levels = np.full((9, 9), 51, "uint8")
    levels[0, 0] = 0
    stack("licsar", tmp_path)
    write(tmp_path / FORMATS["licsar"][1].format(*PAIRS[0]), levels, nodata=0)
    coherence = licsar.read(tmp_path).coherence[0].values
    assert np.isnan(coherence[0, 0])
    assert coherence[1, 1] == np.float32(51) / np.float32(255)


@each_format
def test_complex_numbers_are_no_phase(tmp_path, form):
    stack(form, tmp_path, np.exp(2j) * np.ones((9, 9), "complex64"))
    with pytest.raises(InputError, match="holds complex numbers, such as a wrapped interferogram"):
        opened(form, tmp_path)


@each_format
@pytest.mark.parametrize("stored", [-9999, 9999, -999, -32768, 1e20, -3.4e38, np.inf])
def test_a_number_that_stands_for_missing_without_a_tag_is_no_phase(tmp_path, form, stored):
    values = np.ones((9, 9), "float32")
    values[8, 8] = stored
    stack(form, tmp_path, values)
    with pytest.raises(InputError, match="must be the file's nodata") as caught:
        opened(form, tmp_path).unwrapped_phase.load()
    assert FORMATS[form][0].format(*PAIRS[0]).rpartition("/")[2] in str(caught.value)


@each_format
def test_the_lowest_of_integers_is_no_measurement(tmp_path, form):
    values = np.full((9, 9), 1234, "int16")
    values[8, 8] = -32768
    stack(form, tmp_path, values, scale=0.001)
    with pytest.raises(InputError, match="holds -32768, expected it to be the file's nodata"):
        opened(form, tmp_path).unwrapped_phase.load()


def test_a_sentinel_of_a_displacement_in_millimetres_is_none(tmp_path):
    """-9999 mm are 700 rad at 0.18 m, which might be a phase."""
    write(tmp_path / "20200101_20200113.tif", np.full((2, 2), -9999, "float32"))
    options = {"phase": "{reference}_{secondary}.tif", "unit": "mm", "wavelength": 0.18}
    with pytest.raises(InputError, match="stored as -9999"):
        geotiff.read(tmp_path, **options).unwrapped_phase.load()
    assert geotiff.read(tmp_path, nodata=-9999, **options).unwrapped_phase.isnull().all()


@each_format
@pytest.mark.parametrize(("stored", "found"), [(1.003, 1.0), (-0.002, 0.0), (0.7, 0.7)])
def test_coherence_a_hair_outside_is_clipped(tmp_path, form, stored, found):
    stack(form, tmp_path, coherence=np.full((9, 9), stored, "float32"))
    assert np.allclose(opened(form, tmp_path).coherence, found)


@each_format
def test_clipped_coherence_is_counted_once_where_a_stack_is_read_whole(tmp_path, form):
    """Two values of each pair; what was looked at before does not count."""
    values = np.full((9, 9), 0.7, "float32")
    values[4, 3:6] = 1.003, 1, -0.002
    stack(form, tmp_path, coherence=values, pairs=PAIRS)
    lazy = opened(form, tmp_path)
    assert (lazy.coherence[:, 4, 3] == 1).all()
    assert (
        f"coherence: {2 * len(PAIRS)} values just outside of 0 to 1 clipped"
        in read_once(lazy).noticed
    )


@each_format
@pytest.mark.parametrize("stored", [1.2, -0.2, 200.0])
def test_coherence_farther_outside_is_refused(tmp_path, form, stored):
    stack(form, tmp_path, coherence=np.full((9, 9), stored, "float32"))
    with pytest.raises(InputError, match=f"coherence is {stored:g}, expected 0 to 1"):
        opened(form, tmp_path).coherence.load()


@each_format
def test_a_pair_without_any_phase_is_named(tmp_path, form):
    stack(form, tmp_path, pairs=PAIRS[:2])
    stack(form, tmp_path, np.full((9, 9), np.nan, "float32"), pairs=PAIRS[2:])
    with pytest.raises(InputError, match="the pair 20200101 to 20200125 has no phase at all"):
        reference_by_coherence(opened(form, tmp_path))


@each_format
def test_longitudes_that_count_to_360_end_between_180_and_minus_180(tmp_path, form):
    """As outlines and stations have them; a pixel stays where it is."""
    stack(form, tmp_path, left=210.0)
    write(tmp_path / FORMATS[form][1].format(*PAIRS[0]), np.ones((9, 9), "float32"), left=210.0)
    data = opened(form, tmp_path)
    assert data.x.values[0] == pytest.approx(-149.9995)
    assert data.rio.transform().c == pytest.approx(-150)
    assert data.unwrapped_phase.rio.bounds()[0] == pytest.approx(-150)


@pytest.mark.parametrize("wavelength", [5.55, 0.0, -0.05, float("nan"), float("inf")])
def test_a_wavelength_that_no_radar_has_is_refused_in_a_sentence(tmp_path, wavelength):
    stack("geotiff", tmp_path / "geotiff")
    stack("licsar", tmp_path / "licsar")
    with pytest.raises(InputError, match=r"wavelength is .*, expected 0\.01 to 1 m"):
        geotiff.read(
            tmp_path / "geotiff", wavelength=wavelength, phase="{reference}_{secondary}.unw.tif"
        )
    with pytest.raises(InputError, match=r"wavelength is .*, expected 0\.01 to 1 m"):
        licsar.read(tmp_path / "licsar", wavelength=wavelength)


def test_a_look_vector_of_zero_is_missing(tmp_path):
    """Where the radar did not see, all three parts are 0; a part alone may be 0."""
    parts = {"E": 0.6, "N": 0.0, "U": 0.8}
    stack("licsar", tmp_path)
    for axis, part in parts.items():
        values = np.full((9, 9), part, "float32")
        values[0, 0] = 0
        write(tmp_path / f"x.geo.{axis}.tif", values)
    data = licsar.read(tmp_path)
    for axis, part in zip(("east", "north", "up"), parts.values(), strict=True):
        assert np.isnan(data[f"line_of_sight_{axis}"][0, 0])
        assert np.allclose(data[f"line_of_sight_{axis}"][1:], part)


@pytest.mark.parametrize("form", ["geotiff", "licsar", "hyp3"])
def test_heights_half_a_pixel_off_are_put_onto_the_pairs_pixels(tmp_path, form):
    """Of a slope of 1 m a pixel, whose middles lie half a metre apart."""
    slope = np.broadcast_to(np.arange(9, dtype="float32") + 100, (9, 9))
    stack(form, tmp_path)
    name = {
        "geotiff": "dem.tif",
        "licsar": "x.geo.hgt.tif",
        "hyp3": BURST.format(*PAIRS[0]) + "_dem.tif",
    }[form]
    write(tmp_path / name, slope, left=100.0 - 0.0005)
    options = {"height": "dem.tif"} if form == "geotiff" else {}
    height = opened(form, tmp_path, **options).height.values
    off = 0.51 if form == "hyp3" else 0.01  # the nearest pixel there
    np.testing.assert_allclose(height[4, 1:8], slope[4, 1:8] + 0.5, atol=off)


@pytest.mark.parametrize("stored", [-32768.0, -9999.0, 1e20])
def test_a_height_that_no_ground_has_is_refused(tmp_path, stored):
    stack("geotiff", tmp_path)
    write(tmp_path / "dem.tif", np.full((9, 9), stored, "float32"))
    with pytest.raises(InputError, match=r"a height is .* m, expected -500 to 9000"):
        opened("geotiff", tmp_path, height="dem.tif")


def test_a_blank_baseline_in_a_table_is_missing(tmp_path):
    stack("geotiff", tmp_path, pairs=PAIRS[:2])
    (tmp_path / "b.csv").write_text(
        "reference,secondary,perpendicular_baseline_m\n20200101,20200113,\n20200113,20200125,12.5\n"
    )
    baseline = opened("geotiff", tmp_path, baselines="b.csv").perpendicular_baseline
    np.testing.assert_array_equal(baseline, [np.nan, 12.5])


def hdf5(path: Path, kind: str, **data: np.ndarray) -> Path:
    shape = {"LENGTH": "2", "WIDTH": "2", "X_STEP": "0.1", "Y_STEP": "-0.1", "Y_FIRST": "38"}
    with h5py.File(path, "w") as file:
        file.attrs.update({"FILE_TYPE": kind, "WAVELENGTH": "0.05", "X_FIRST": "99", **shape})
        for name, values in data.items():
            file[name] = values
    return path


def test_mintpys_files_hold_no_complex_phase_and_no_sentinel_for_a_motion(tmp_path):
    pair = np.array([PAIRS[0]], "S8")
    path = hdf5(tmp_path / "a.h5", "ifgramStack", date=pair, unwrapPhase=np.ones((1, 2, 2), "c8"))
    with pytest.raises(InputError, match="holds complex numbers, expected real ones"):
        mintpy.read_stack(path)
    gone = np.full((2, 2), -9999, "float32")
    path = hdf5(tmp_path / "b.h5", "velocity", velocity=gone)
    with pytest.raises(InputError, match="holds -9999 m, stored as -9999, expected at most 100 m"):
        mintpy.read_velocity(path).rate.load()


def test_a_sentinel_without_a_tag_is_no_brightness(tmp_path):
    values = np.full((9, 9), 0.3, "float32")
    values[4, 4] = -9999
    path = write(tmp_path / "a.tif", values)
    with pytest.raises(InputError, match="holds -9999, expected it to be the file's nodata"):
        image.read(path).image.load()
    path = write(tmp_path / "b.tif", values, nodata=-9999)
    assert image.read(path).image.isnull().sum() == 1


TIMED = "S1AA_{}T{time}_{}T{time}_VVP012_INT80_G_ueF_AAAA"


def tracks(folder: Path, name: str, angles: dict[int, float], **times) -> None:
    for k, angle in angles.items():
        stem = name.format(*PAIRS[k], time=times.get(f"time{k}", ""))
        for layer in ("unw_phase", "corr"):
            write(folder / f"{stem}_{layer}.tif", np.full((9, 9), 0.8, "float32"))
        if angle:
            for layer, value in (("lv_theta", 0.9), ("lv_phi", angle)):
                write(folder / f"{stem}_{layer}.tif", np.full((9, 9), value, "float32"))


def test_an_ascending_and_a_descending_track_in_one_folder_are_refused(tmp_path):
    """By the look vector, or by the time of day where there is none."""
    tracks(tmp_path / "look", BURST, {0: -2.97, 1: -0.17})
    tracks(tmp_path / "time", TIMED, {0: 0, 1: 0}, time0="111111", time1="231111")
    for name in ("look", "time"):
        with pytest.raises(InputError, match="are of two tracks"):
            hyp3.read(tmp_path / name)


def test_products_of_one_track_need_not_be_of_one_second_or_angle(tmp_path):
    """Around midnight and around West too, where both begin anew."""
    tracks(tmp_path / "look", BURST, {0: 3.13, 1: -3.13})
    tracks(tmp_path / "time", TIMED, {0: 0, 1: 0}, time0="235950", time1="000010")
    for name in ("look", "time"):
        assert hyp3.read(tmp_path / name).sizes["pair"] == 2


@pytest.mark.parametrize(
    "lines", ["<!DOCTYPE HTML>\n<html>\n", "20200101 20200113 50 12\n20200101 2020", "a b nan c\n"]
)
def test_a_list_of_baselines_that_is_none_is_refused_with_its_line(tmp_path, lines):
    stack("licsar", tmp_path)
    (tmp_path / "baselines").write_text(lines)
    with pytest.raises(InputError, match=r"baselines, line [12]: "):
        licsar.read(tmp_path)


def test_a_geometry_of_another_grid_is_left_out_of_a_mintpy_stack_with_a_word(tmp_path):
    phase = {"date": np.array([PAIRS[0]], "S8"), "unwrapPhase": np.ones((1, 2, 2), "float32")}
    hdf5(tmp_path / "ifgramStack.h5", "ifgramStack", **phase)
    path = hdf5(tmp_path / "geometryGeo.h5", "geometry", height=np.ones((2, 2), "float32"))
    with h5py.File(path, "a") as file:
        file.attrs["X_FIRST"] = "99.05"
    data = mintpy.read_stack(tmp_path)
    assert "height" not in data
    assert data.attrs["left_out"].startswith("geometryGeo.h5, which has first corner 99.05")
