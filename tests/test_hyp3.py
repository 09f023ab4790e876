"""HyP3 products pass the door with sign, look vector and shared ground right, or are refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from qilian.archive.readers import hyp3
from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS

GAMMA = "S1AA_20180101T112233_20180113T112233_VVP012_INT80_G_ueF_12AB"
NEXT = "S1AB_20180113T112233_20180125T112234_VVP012_INT40_G_weF_34CD"
BURST = "S1_136231_IW2_20200604_20200616_VV_INT80_12E3"
MULTI = "S1_064_000000s1n00-136231s2n02-000000s3n00_IW_20200604_20200616_VV_INT80_77F1"
WAVELENGTH = RADARS["Sentinel-1"].wavelength
PIXEL = 80.0
# 6 × 8 pixels of ground, each with its own number, from which frames are cut.
GROUND = 1 + np.arange(48, dtype="float32").reshape(6, 8)


def write(path: Path, values: np.ndarray, row: float = 0, column: float = 0, **options) -> None:
    """Write one band whose corner lies `row`, `column` pixels from 600 km East, 4200 km North."""
    corner = rasterio.Affine(PIXEL, 0, 6e5 + PIXEL * column, 0, -PIXEL, 4.2e6 - PIXEL * row)
    profile = {"crs": "EPSG:32647", "transform": corner, "dtype": values.dtype.name, **options}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", "GTiff", values.shape[1], values.shape[0], 1, **profile
    ) as raster:
        raster.write(values, 1)


def product(
    folder: Path, name: str, row: int = 0, column: int = 0, size=(3, 4), clip="", **options
) -> Path:
    """Write phase and coherence of one product: a cut of GROUND and a fiftieth of it."""
    cut = GROUND[row : row + size[0], column : column + size[1]]
    for layer, values in (("unw_phase", cut), ("corr", cut / 50)):
        write(folder / f"{name}_{layer}{clip}.tif", values, row, column, **options)
    return folder


def refused(path: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        hyp3.read(path, **options)
    return str(caught.value)


@pytest.mark.parametrize("clip", ["", "_clip", "_clipped"])
@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        (GAMMA, "2018-01-01", "2018-01-13"),
        (GAMMA.replace("S1AA", "S1CD"), "2018-01-01", "2018-01-13"),
        (BURST, "2020-06-04", "2020-06-16"),
        (MULTI, "2020-06-04", "2020-06-16"),
    ],
)
def test_the_dates_come_from_every_kind_of_name_also_of_clipped_files(
    tmp_path, name, first, second, clip
):
    stack = hyp3.read(product(tmp_path, name, clip=clip))
    assert stack.reference_date.values[0] == np.datetime64(first)
    assert stack.secondary_date.values[0] == np.datetime64(second)


def test_folders_of_products_and_files_all_in_one_folder_read_alike(tmp_path):
    for name in (NEXT, GAMMA):
        product(tmp_path / "flat", name)
        product(tmp_path / "folders" / name, name)
    flat, folders = hyp3.read(tmp_path / "flat"), hyp3.read(tmp_path / "folders")
    assert flat.identical(folders)
    assert list(flat.reference_date.values) == sorted(flat.reference_date.values)


def test_ground_10_mm_farther_away_has_a_positive_phase_as_stored(tmp_path):
    radians = 4 * np.pi * 0.010 / 0.0554658  # by hand: two-way path over Sentinel-1's wavelength
    product(tmp_path, GAMMA)
    write(tmp_path / f"{GAMMA}_unw_phase.tif", np.full((3, 4), radians, "float32"))
    stack = hyp3.read(tmp_path)
    away = stack.unwrapped_phase * stack.wavelength / (4 * np.pi)
    assert np.allclose(away, 0.010, rtol=1e-5)
    assert stack.unwrapped_phase.attrs["units"] == "rad"
    assert stack.attrs["phase_reference"] == "each pair its own pixel"


def test_zero_is_no_data_in_phase_and_coherence(tmp_path):
    product(tmp_path, GAMMA)
    values = np.array([[0, 0.5], [0.25, np.nan]], "float32")
    for layer in ("unw_phase", "corr"):
        write(tmp_path / f"{GAMMA}_{layer}.tif", values)
    expected = [[np.nan, 0.5], [0.25, np.nan]]
    for variable in ("unwrapped_phase", "coherence"):
        assert np.array_equal(hyp3.read(tmp_path)[variable][0], expected, equal_nan=True)


@pytest.mark.parametrize(
    ("theta", "phi", "vector"),
    [
        (90, 0, (0, 0, 1)),  # straight overhead
        (60, 0, (0.5, 0, np.sqrt(0.75))),  # in the East: a descending pass
        (60, 180, (-0.5, 0, np.sqrt(0.75))),  # in the West: an ascending pass
        (30, 90, (0, np.sqrt(0.75), 0.5)),  # low in the North
    ],
)
def test_the_look_vector_of_known_angles_points_to_the_sensor(tmp_path, theta, phi, vector):
    product(tmp_path, GAMMA)
    for layer, angle in (("lv_theta", theta), ("lv_phi", phi)):
        values = np.full((3, 4), np.radians(angle), "float32")
        values[0, 0] = 0
        write(tmp_path / f"{GAMMA}_{layer}.tif", values)
    stack = hyp3.read(tmp_path)
    for part, expected in zip(("east", "north", "up"), vector, strict=True):
        values = stack[f"line_of_sight_{part}"].values
        assert np.isnan(values[0, 0])
        assert values[1, 1] == pytest.approx(expected, abs=1e-6)


def test_a_look_angle_in_degrees_is_refused_when_it_is_read(tmp_path):
    product(tmp_path, GAMMA)
    for layer in ("lv_theta", "lv_phi"):
        write(tmp_path / f"{GAMMA}_{layer}.tif", np.full((3, 4), 51, "float32"))
    with pytest.raises(InputError, match="the angle is 51, expected 0 to π/2 radians"):
        hyp3.read(tmp_path).line_of_sight_up.compute()


def test_the_height_is_the_first_products_that_has_one(tmp_path):
    product(tmp_path, GAMMA)
    product(tmp_path, NEXT)
    write(tmp_path / f"{NEXT}_dem.tif", np.full((3, 4), 3700, "int16"))
    assert (hyp3.read(tmp_path).height == 3700).all()


def test_coordinates_are_pixel_centres_half_a_pixel_inside_the_shared_corner(tmp_path):
    product(tmp_path, GAMMA)
    product(tmp_path, NEXT, row=1, column=2)
    stack = hyp3.read(tmp_path)
    assert stack.x.values[0] == 6e5 + 2.5 * PIXEL
    assert stack.y.values[0] == 4.2e6 - 1.5 * PIXEL
    assert stack.rio.crs.to_epsg() == 32647


corner = st.tuples(st.integers(0, 3), st.integers(0, 4))
extent = st.tuples(st.integers(1, 3), st.integers(1, 4))


@settings(max_examples=settings().max_examples // 4, deadline=None)
@given(frames=st.tuples(*[st.tuples(corner, extent)] * 2))
def test_frames_that_differ_in_extent_are_cropped_to_the_pixels_they_share(
    frames, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("frames")
    for name, ((row, column), size) in zip((GAMMA, NEXT), frames, strict=True):
        product(folder, name, row, column, size)
    (top, left), (bottom, right) = (
        np.max([first for first, _ in frames], axis=0),
        np.min([np.add(first, size) for first, size in frames], axis=0),
    )
    if bottom <= top or right <= left:
        assert "share no ground, expected an overlap" in refused(folder)
        return
    stack = hyp3.read(folder)
    for pair in range(2):
        assert np.array_equal(stack.unwrapped_phase[pair], GROUND[top:bottom, left:right])
        assert np.allclose(stack.coherence[pair], GROUND[top:bottom, left:right] / 50)
    assert stack.unwrapped_phase[1, -1, -1].compute() == GROUND[bottom - 1, right - 1]


def test_a_clipped_file_takes_the_place_of_the_whole_one_beside_it(tmp_path):
    product(tmp_path, GAMMA)
    product(tmp_path, GAMMA, row=1, column=1, size=(2, 2), clip="_clip")
    assert np.array_equal(hyp3.read(tmp_path).unwrapped_phase[0], GROUND[1:3, 1:3])


def test_the_baseline_is_in_the_text_and_missing_where_the_text_is(tmp_path):
    product(tmp_path, GAMMA)
    product(tmp_path, NEXT)
    assert "perpendicular_baseline" not in hyp3.read(tmp_path)
    (tmp_path / f"{NEXT}.txt").write_text("Reference Granule: S1A\nBaseline: -58.4\nHeading: 9\n")
    assert np.array_equal(
        hyp3.read(tmp_path).perpendicular_baseline, [np.nan, -58.4], equal_nan=True
    )
    (tmp_path / f"{NEXT}.txt").write_text("Baseline: unknown\n")
    assert "'unknown' is no baseline, expected metres" in refused(tmp_path)


def test_another_satellites_products_need_their_wavelength(tmp_path):
    product(tmp_path, GAMMA.replace("S1AA", "ALOS2"))
    assert "expected a wavelength" in refused(tmp_path)
    assert hyp3.read(tmp_path, wavelength=0.2384).wavelength == 0.2384
    product(tmp_path / "s1", GAMMA)
    assert hyp3.read(tmp_path / "s1").wavelength == WAVELENGTH


def test_opening_reads_no_pixels_and_what_is_opened_can_be_sent_to_a_worker(tmp_path, monkeypatch):
    for name in (GAMMA, NEXT):
        product(tmp_path, name)
        write(tmp_path / f"{name}_dem.tif", GROUND[:3, :4])

    def no_pixels(*_):
        raise AssertionError("pixels were read")

    with monkeypatch.context() as patched:
        for name in ("read_values", "read_together"):
            patched.setattr(f"qilian.archive.readers.raster.{name}", no_pixels)
        stack = hyp3.read(tmp_path)
    sent = pickle.loads(pickle.dumps(stack.isel(y=slice(2, 0, -1))))
    assert np.array_equal(sent.unwrapped_phase[1], GROUND[2:0:-1, :4])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"row": 0.4}, "is shifted by a fraction of a pixel, expected the pixels of"),
        ({"crs": "EPSG:32648"}, "has coordinate system EPSG:32648, expected the pixels of"),
        (
            {"transform": rasterio.Affine(40, 0, 6e5, 0, -40, 4.2e6)},
            "has pixels of 40 × 40, expected the pixels of",
        ),
    ],
)
def test_rasters_on_another_lattice_are_refused_and_named(tmp_path, options, said):
    product(tmp_path, GAMMA)
    product(tmp_path, NEXT)
    write(tmp_path / f"{NEXT}_corr.tif", GROUND[:3, :4] / 50, **options)
    message = refused(tmp_path)
    assert said in message
    assert message.startswith(str(tmp_path / f"{NEXT}_corr.tif"))


@pytest.mark.parametrize("layer", ["unw_phase", "corr"])
def test_a_product_that_lacks_a_file_is_named(tmp_path, layer):
    product(tmp_path, GAMMA)
    (tmp_path / f"{GAMMA}_{layer}.tif").unlink()
    assert f"{GAMMA} lacks its _{layer}.tif" in refused(tmp_path)


def test_a_folder_without_products_and_a_name_without_dates_are_refused(tmp_path):
    write(tmp_path / "basin_dem.tif", GROUND)
    assert "holds no HyP3 product" in refused(tmp_path)
    write(tmp_path / "mine_unw_phase.tif", GROUND)
    assert "mine_unw_phase.tif is not named as HyP3 names it" in refused(tmp_path)


def test_the_same_pair_from_two_jobs_is_refused(tmp_path):
    product(tmp_path, GAMMA)
    product(tmp_path, GAMMA.replace("12AB", "FFFF"))
    assert "stands already in" in refused(tmp_path)
