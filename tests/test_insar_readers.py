"""Interferograms pass the door with the right grid, unit and sign, or are refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from qilian.archive.readers import gamma, geotiff, licsar
from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS

TRANSFORM = rasterio.Affine(0.001, 0, 99.0, 0, -0.001, 38.2)
WAVELENGTH = RADARS["Sentinel-1"].wavelength
PAIRS = [("20180101", "20180113"), ("20180113", "20180125")]


def write(path: Path, values: np.ndarray, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"crs": "EPSG:4326", "transform": TRANSFORM, "dtype": values.dtype.name, **options}
    with rasterio.open(
        path, "w", "GTiff", values.shape[1], values.shape[0], 1, **profile
    ) as raster:
        raster.write(values, 1)


@pytest.fixture
def geoc(tmp_path: Path) -> Path:
    """Two pairs of 3 × 4 pixels: phase 1.5 rad, coherence 51/255, one pixel of no data."""
    phase = np.full((3, 4), 1.5, "float32")
    coherence = np.full((3, 4), 51, "uint8")
    phase[0, 0] = coherence[0, 0] = 0
    for first, second in PAIRS:
        stem = tmp_path / "GEOC" / f"{first}_{second}" / f"{first}_{second}"
        write(Path(f"{stem}.geo.unw.tif"), phase)
        write(Path(f"{stem}.geo.cc.tif"), coherence)
    (tmp_path / "GEOC" / "baselines").write_text(
        "20180113 20180101 -30.5 -12\n20180113 20180125 20.0 12\n"
    )
    return tmp_path / "GEOC"


def test_licsar_bytes_become_coherence_and_zero_becomes_missing(geoc):
    stack = licsar.read(geoc)
    assert np.isnan(stack.coherence[:, 0, 0]).all()
    assert np.isnan(stack.unwrapped_phase[:, 0, 0]).all()
    assert np.allclose(stack.coherence[:, 1, 1], 0.2)


def test_licsar_baselines_are_differences_and_the_absent_prime_date_is_zero(geoc):
    assert np.allclose(licsar.read(geoc).perpendicular_baseline, [30.5, 20.0])


def test_licsar_old_nine_column_baselines_read_the_same(geoc):
    (geoc / "baselines").write_text(
        "1 20180113 20180101 -30.5 -12 0 -12 0 -30.5\n2 20180113 20180125 20.0 12 0 12 0 20.0\n"
    )
    assert np.allclose(licsar.read(geoc).perpendicular_baseline, [30.5, 20.0])


def test_licsar_old_baselines_of_pairs_are_told_from_those_from_the_prime(geoc):
    """In a published list the pair 20170218 to 20170326 has 96.6 m: 130.9 and 34.2 from a third."""
    (geoc / "baselines").write_text(
        "1 20180101 20180125 96.6 24 -12.0 12.0 34.2 130.8\n"
        "2 20180113 20180125 130.8 12 0.0 12.0 0.0 130.8\n"
    )
    assert np.allclose(licsar.read(geoc).perpendicular_baseline, [-34.2, 130.8])


def test_coordinates_are_pixel_centres_half_a_pixel_inside_the_corner(geoc):
    stack = licsar.read(geoc)
    assert stack.x.values[0] == pytest.approx(99.0005)
    assert stack.y.values[0] == pytest.approx(38.1995)
    assert stack.x.attrs["standard_name"] == "longitude"
    assert stack.rio.crs.to_epsg() == 4326


def test_ground_10_mm_farther_away_reads_alike_from_every_unit_and_sign(tmp_path):
    radians = 4 * np.pi * 0.010 / WAVELENGTH  # by hand: two-way path over one wavelength
    stored = {
        ("rad", "away"): radians,
        ("cycle", "away"): radians / (2 * np.pi),
        ("mm", "towards"): -10.0,
        ("m", "towards"): -0.010,
        ("mm", "away"): 10.0,
    }
    for number, ((unit, positive), value) in enumerate(stored.items()):
        folder = tmp_path / str(number)
        write(folder / "20180101-20180113.tif", np.full((2, 2), value, "float32"))
        stack = geotiff.read(
            folder,
            wavelength=WAVELENGTH,
            phase="{reference}-{secondary}.tif",
            unit=unit,
            positive=positive,
        )
        assert np.allclose(stack.unwrapped_phase, radians, rtol=1e-6), (unit, positive)
        away = stack.unwrapped_phase * stack.wavelength / (4 * np.pi)
        assert np.allclose(away, 0.010)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("180101-180113.tif", "{reference}-{secondary}.tif"),
        ("x_180113_180101_unw.tif", "*{secondary}_{reference}*.tif"),
        ("20180113_180101.tif", "{secondary}_{reference}.tif"),
        ("20180101_20180113/20180101_20180113.tif", "{reference}_{secondary}/{reference}_*.tif"),
    ],
)
def test_dates_of_six_digits_the_later_first_or_named_twice_are_read(tmp_path, name, pattern):
    write(tmp_path / name, np.ones((2, 2), "float32"))
    stack = geotiff.read(tmp_path, wavelength=0.05, phase=pattern)
    assert str(stack.reference_date.values[0])[:10] == "2018-01-01"
    assert str(stack.secondary_date.values[0])[:10] == "2018-01-13"


def test_dates_of_six_digits_are_of_the_time_since_the_first_radar_in_space(tmp_path):
    write(tmp_path / "970101-030113.tif", np.ones((2, 2), "float32"))
    stack = geotiff.read(tmp_path, wavelength=0.05, phase="{reference}-{secondary}.tif")
    assert list(stack.reference_date.dt.year) == [1997]
    assert list(stack.secondary_date.dt.year) == [2003]


def test_a_star_never_takes_the_century_of_a_date(tmp_path):
    """`*` would leave six digits of eight; those that stand in a longer number are no date."""
    write(tmp_path / "a20180101-20180113b.tif", np.ones((2, 2), "float32"))
    stack = geotiff.read(tmp_path, wavelength=0.05, phase="*{reference}-{secondary}*.tif")
    assert str(stack.reference_date.values[0])[:10] == "2018-01-01"
    write(tmp_path / "n" / "1180101-180113.tif", np.ones((2, 2), "float32"))
    with pytest.raises(InputError, match="holds no file named"):
        geotiff.read(tmp_path / "n", wavelength=0.05, phase="*{reference}-{secondary}.tif")


def test_the_phase_of_the_later_date_minus_the_earlier_is_turned_by_positive(tmp_path):
    """Ground 10 mm farther away on the 13th: the path is longer then, its phase −4π·d/λ lower."""
    phases = {"0101": -4 * np.pi * 0.000 / 0.05, "0113": -4 * np.pi * 0.010 / 0.05}
    later_minus_earlier = np.full((2, 2), phases["0113"] - phases["0101"], "float32")
    write(tmp_path / "180113-180101.tif", later_minus_earlier)
    options = {"phase": "{secondary}-{reference}.tif", "positive": "towards"}
    stack = geotiff.read(tmp_path, wavelength=0.05, **options)
    assert np.allclose(stack.unwrapped_phase * stack.wavelength / (4 * np.pi), 0.010)


def test_the_later_date_as_reference_is_refused_with_what_to_write(tmp_path):
    write(tmp_path / "180113-180101.tif", np.ones((2, 2), "float32"))
    with pytest.raises(InputError, match="exchange the two in the pattern") as caught:
        geotiff.read(tmp_path, wavelength=0.05, phase="{reference}-{secondary}.tif")
    assert 'positive = "towards"' in str(caught.value)
    assert "if the phase is that of the later date minus" in str(caught.value)


def test_a_band_of_several_is_read_by_its_number(tmp_path):
    """Amplitude and phase in one file, as in two-band files of ISCE-2."""
    path = tmp_path / "20180101-20180113.tif"
    profile = {"crs": "EPSG:4326", "transform": TRANSFORM, "dtype": "float32"}
    with rasterio.open(path, "w", "GTiff", 4, 3, 2, **profile) as raster:
        raster.write(np.stack([np.full((3, 4), 200.0), np.full((3, 4), 1.5)]).astype("float32"))
    options = {"wavelength": 0.05, "phase": "{reference}-{secondary}.tif"}
    stack = geotiff.read(tmp_path, phase_band=2, **options)
    assert (stack.unwrapped_phase == 1.5).all()
    with pytest.raises(InputError, match="has bands 1 to 2, expected a band 3"):
        geotiff.read(tmp_path, phase_band=3, **options)


def test_a_phase_of_exactly_zero_is_a_measurement_unless_the_file_or_catalogue_says_nodata(
    tmp_path,
):
    zero = np.zeros((2, 2), "float32")
    write(tmp_path / "a" / "20180101-20180113.tif", zero)
    write(tmp_path / "b" / "20180101-20180113.tif", zero, nodata=0)
    options = {"wavelength": WAVELENGTH, "phase": "{reference}-{secondary}.tif"}
    assert (geotiff.read(tmp_path / "a", **options).unwrapped_phase == 0).all()
    assert geotiff.read(tmp_path / "b", **options).unwrapped_phase.isnull().all()
    assert geotiff.read(tmp_path / "a", nodata=0, **options).unwrapped_phase.isnull().all()


def test_a_table_of_pairs_names_files_and_baselines(tmp_path):
    write(tmp_path / "one.tif", np.ones((2, 2), "float32"))
    (tmp_path / "pairs.csv").write_text(
        "reference,secondary,phase,perpendicular_baseline_m\n20180101,20180113,one.tif,42\n"
    )
    stack = geotiff.read(tmp_path, wavelength=WAVELENGTH, pairs="pairs.csv")
    assert stack.perpendicular_baseline.item() == 42
    assert "coherence" not in stack


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("20180113,20180101,one.tif", "does not run forward in time"),
        ("20180101,20180113,one.tif\n20180101,20180113,one.tif", "stands already in"),
        ("20180101,20181313,one.tif", "'20181313' is not a date"),
        ("20180101,20180113,two.tif", "two.tif does not exist"),
    ],
)
def test_a_wrong_row_in_a_table_of_pairs_is_refused_in_a_sentence(tmp_path, rows, said):
    write(tmp_path / "one.tif", np.ones((2, 2), "float32"))
    (tmp_path / "pairs.csv").write_text(f"reference,secondary,phase\n{rows}\n")
    with pytest.raises(InputError, match=said):
        geotiff.read(tmp_path, wavelength=WAVELENGTH, pairs="pairs.csv")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"unit": "degree"}, "unit is 'degree', expected one of rad, cycle, m, mm"),
        ({"positive": "up"}, "positive is 'up', expected away or towards"),
        ({"phase": "{reference}.tif"}, "lacks {secondary}"),
        ({"phase": "x_{reference}_{secondary}.tif"}, "holds no file named"),
        ({"phase": None}, "neither phase, coherence nor pairs is given"),
    ],
)
def test_a_wrong_option_of_the_general_format_is_refused_in_a_sentence(tmp_path, options, said):
    write(tmp_path / "20180101-20180113.tif", np.ones((2, 2), "float32"))
    options = {"phase": "{reference}-{secondary}.tif", "wavelength": 0.05, **options}
    with pytest.raises(InputError) as caught:
        geotiff.read(tmp_path, **options)
    assert said in str(caught.value)


def test_grids_that_differ_are_refused_and_both_files_named(geoc):
    odd = geoc / "20180113_20180125" / "20180113_20180125.geo.cc.tif"
    write(odd, np.full((3, 5), 51, "uint8"))
    with pytest.raises(InputError, match=r"20180125\.geo\.cc\.tif has 3 × 5 pixels, expected the"):
        licsar.read(geoc)


def test_a_raster_without_coordinate_system_is_refused(geoc):
    odd = geoc / "20180113_20180125" / "20180113_20180125.geo.cc.tif"
    write(odd, np.full((3, 4), 51, "uint8"), crs=None)
    with pytest.raises(InputError, match="has no coordinate system"):
        licsar.read(geoc)


def test_metres_under_a_geographic_coordinate_system_are_refused(geoc):
    metres = rasterio.Affine(80, 0, 500_000, 0, -80, 4_200_000)
    for file in geoc.rglob("*.tif"):
        write(file, np.full((3, 4), 51, "uint8"), transform=metres)
    with pytest.raises(InputError, match="expected longitude and latitude in degrees"):
        licsar.read(geoc)


def test_a_file_that_is_no_raster_and_one_that_is_missing_are_refused(geoc):
    odd = geoc / "20180113_20180125" / "20180113_20180125.geo.cc.tif"
    odd.write_text("not a raster")
    with pytest.raises(InputError, match="cannot be read, expected a GeoTIFF"):
        licsar.read(geoc)
    odd.unlink()
    with pytest.raises(InputError, match="does not exist"):
        licsar.read(geoc)


def test_a_raster_that_breaks_off_is_refused_when_its_block_is_read(tmp_path):
    path = tmp_path / "20180101-20180113.tif"
    write(path, np.random.default_rng(0).random((200, 200)).astype("float32"))
    path.write_bytes(path.read_bytes()[:40_000])
    stack = geotiff.read(tmp_path, wavelength=0.05, coherence="{reference}-{secondary}.tif")
    with pytest.raises(InputError, match=r"20180113.tif cannot be read, expected a whole GeoTIFF"):
        stack.coherence.compute()


def test_a_raster_of_two_bands_is_refused(tmp_path):
    path = tmp_path / "20180101-20180113.tif"
    profile = {"crs": "EPSG:4326", "transform": TRANSFORM, "dtype": "float32"}
    with rasterio.open(path, "w", "GTiff", 4, 3, 2, **profile):
        pass
    with pytest.raises(InputError, match="has 2 bands, expected one"):
        geotiff.read(tmp_path, wavelength=0.05, coherence="{reference}-{secondary}.tif")


def test_a_pair_without_its_coherence_is_named(tmp_path):
    for name in ("p_20180101-20180113.tif", "c_20180101-20180113.tif", "p_20180113-20180125.tif"):
        write(tmp_path / name, np.ones((2, 2), "float32"))
    patterns = {kind: kind[0] + "_{reference}-{secondary}.tif" for kind in ("phase", "coherence")}
    with pytest.raises(InputError, match="the pair 20180113-20180125 lacks its coherence file"):
        geotiff.read(tmp_path, wavelength=0.05, **patterns)


def test_a_pattern_of_three_axes_brings_the_line_of_sight(tmp_path):
    write(tmp_path / "20180101-20180113.tif", np.ones((2, 2), "float32"))
    for axis, part in {"east": 0.6, "north": 0.0, "up": 0.8}.items():
        write(tmp_path / f"los_{axis}.tif", np.full((2, 2), part, "float32"))
    options = {"phase": "{reference}-{secondary}.tif", "line_of_sight": "los_{axis}.tif"}
    stack = geotiff.read(tmp_path, wavelength=0.05, **options)
    assert np.allclose(stack.line_of_sight_east, 0.6)
    assert np.allclose(stack.line_of_sight_up, 0.8)


def test_coherence_above_one_is_refused_when_its_block_is_read(tmp_path):
    write(tmp_path / "20180101-20180113.tif", np.full((2, 2), 51, "float32"))
    stack = geotiff.read(tmp_path, wavelength=0.05, coherence="{reference}-{secondary}.tif")
    with pytest.raises(InputError, match="coherence is 51, expected 0 to 1"):
        stack.coherence.compute()


def test_opening_reads_no_pixels_and_a_chunk_is_a_file(geoc, monkeypatch):
    with monkeypatch.context() as patched:
        for name in ("read_values", "read_together"):
            patched.setattr(f"qilian.archive.readers.raster.{name}", None)
        stack = licsar.read(geoc)
    assert stack.coherence.chunks == ((1, 1), (3,), (4,))
    assert stack.coherence[:, 2, 3].compute().values == pytest.approx([0.2, 0.2])


def test_the_gamma_stack_opens_with_the_layout_its_headers_tell(real):
    folder = real / "sentinel1_mexico_city"
    stack = geotiff.read(
        folder,
        wavelength=0.055504,
        phase="geotiffs/cropA_{reference}-{secondary}_VV_8rlks_eqa_unw.tif",
        coherence="geotiffs/cropA_{reference}-{secondary}_VV_8rlks_flat_eqa_cc.tif",
        baselines="geometry/{reference}-{secondary}_VV_8rlks_bperp.par",
    )
    assert dict(stack.sizes) == {"pair": 30, "y": 60, "x": 100}
    name = "geotiffs/cropA_20180106-20180130_VV_8rlks_eqa_unw.tif"
    with rasterio.open(folder / name) as raster:
        stored = raster.read(1, masked=True)
    assert np.array_equal(stack.unwrapped_phase[0].values, stored.filled(np.nan), equal_nan=True)


def test_a_gamma_baseline_is_the_projection_of_its_own_components(real):
    """B_perp = B_c cos(look) − B_n sin(look) at mid swath, within the spread over the swath."""
    path = real / "sentinel1_mexico_city/geometry/20180106-20180130_VV_8rlks_bperp.par"
    look = np.radians(34.8)
    assert gamma.mean_baseline(path) == pytest.approx(
        40.101 * np.cos(look) - 4.516 * np.sin(look), abs=0.5
    )
