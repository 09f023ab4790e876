"""Files without a header pass the door with order, place and sign right, or are refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import rasterio

from qilian.archive.readers import flat, geotiff
from qilian.contracts.errors import InputError

GROUND = np.arange(12, dtype="float32").reshape(3, 4) + 1
PAIR = "20180101_20180113"
STEP = 0.001
WAVELENGTH = 299_792_458 / 5.405e9


def parameters(path: Path, **other: object) -> None:
    """Write what GAMMA and LiCSBAS write of a grid of 3 × 4 pixels."""
    told = {"DEM_projection": "EQA", "data_format": "REAL*4", "width": 4, "nlines": 3}
    told |= {"corner_lat": "38.2  decimal degrees", "corner_lon": "99.0  decimal degrees"}
    told |= {"post_lat": f"{-STEP} decimal degrees", "post_lon": f"{STEP} decimal degrees", **other}
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{key}: {value}" for key, value in told.items()]
    path.write_text("\n".join(["Gamma DIFF&GEO DEM/MAP parameter file", *lines, ""]))


def numbers(path: Path, values, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.asarray(values).astype(kind).tofile(path)


def geocml(folder: Path, phase=GROUND, coherence=GROUND * 0 + 51, kind="u1") -> Path:
    """Write LiCSBAS's folder of one pair."""
    parameters(folder / "EQA.dem_par")
    (folder / "slc.mli.par").write_text("range_samples:   4\nradar_frequency: 5405000000.0 Hz\n")
    numbers(folder / PAIR / f"{PAIR}.unw", phase, "<f4")
    numbers(folder / PAIR / f"{PAIR}.cc", coherence, kind)
    return folder


NAMES = {
    "dem_par": "EQA.dem_par",
    "phase": "{reference}_{secondary}.geo.unw",
    "coherence": "{reference}_{secondary}.geo.cc",
}


def gamma(folder: Path, name: str = PAIR, phase=GROUND, coherence=0.5, kind=">f4") -> Path:
    """Write what GAMMA has geocoded of one pair."""
    parameters(folder / "EQA.dem_par")
    numbers(folder / f"{name}.geo.unw", phase, kind)
    numbers(folder / f"{name}.geo.cc", GROUND * 0 + coherence, kind)
    return folder


def read_gamma(folder: Path, **options):
    return flat.read_gamma(folder, **{"wavelength": 0.0555, **NAMES, **options})


def refused(read, folder: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, **options)
    return str(caught.value)


def test_licsbas_bytes_become_coherence_and_zero_and_nan_are_missing(tmp_path):
    phase, levels = GROUND.copy(), GROUND * 0 + 51
    phase[0, 0], phase[0, 1], levels[1, 1] = 0, np.nan, 0
    stack = flat.read_licsbas(geocml(tmp_path, phase, levels))
    assert stack.unwrapped_phase[0].isnull().sum() == 2
    assert np.isnan(stack.coherence[0, 1, 1])
    assert np.allclose(stack.coherence[0, 2], 0.2)
    assert stack.wavelength == pytest.approx(WAVELENGTH)
    assert str(stack.secondary_date.values[0])[:10] == "2018-01-13"


def test_coherence_of_older_versions_of_licsbas_is_float(tmp_path):
    stack = flat.read_licsbas(geocml(tmp_path, coherence=GROUND / 20, kind="<f4"))
    np.testing.assert_allclose(stack.coherence[0], GROUND / 20)


@pytest.mark.parametrize("kind", ["licsbas", "gamma"])
def test_the_corner_of_a_parameter_file_is_the_centre_of_the_first_pixel(tmp_path, kind):
    """As LiCSBAS02 writes it, half a pixel inside of the corner of LiCSAR's GeoTIFF."""
    if kind == "licsbas":
        stack = flat.read_licsbas(geocml(tmp_path))
    else:
        stack = read_gamma(gamma(tmp_path))
    np.testing.assert_allclose(stack.x, 99 + STEP * np.arange(4))
    np.testing.assert_allclose(stack.y, 38.2 - STEP * np.arange(3))
    assert stack.rio.bounds()[0] == pytest.approx(99 - STEP / 2)
    assert stack.rio.crs.to_epsg() == 4326
    np.testing.assert_array_equal(stack.unwrapped_phase[0], GROUND)


def test_ground_10_mm_farther_on_the_later_date_has_a_positive_phase(tmp_path):
    """LiCSBAS's displacement is −λ/4π times the phase; GAMMA's phase, first minus second."""
    radians = 4 * np.pi * 0.010 / WAVELENGTH
    first, second = (-4 * np.pi * metres / WAVELENGTH for metres in (0.0, 0.010))
    gamma(tmp_path / "a", phase=np.full((3, 4), first - second))
    gamma(tmp_path / "b", "20180113_20180101", phase=np.full((3, 4), second - first))
    later = {
        "phase": "{secondary}_{reference}.geo.unw",
        "coherence": "{secondary}_{reference}.geo.cc",
    }
    for stack in (
        flat.read_licsbas(geocml(tmp_path / "l", np.full((3, 4), radians))),
        read_gamma(tmp_path / "a"),
        read_gamma(tmp_path / "b", **later),
    ):
        away = stack.unwrapped_phase * WAVELENGTH / (4 * np.pi)
        np.testing.assert_allclose(away, 0.010, rtol=1e-5)
        assert str(stack.reference_date.values[0])[:10] == "2018-01-01"


def test_heights_unit_vectors_and_baselines_beside_licsbas_pairs_are_taken(tmp_path):
    geocml(tmp_path)
    numbers(tmp_path / "hgt", np.where(GROUND == 1, np.nan, 3500), "<f4")
    for axis, part in {"E": 0.6, "N": 0.0, "U": 0.8}.items():
        numbers(tmp_path / f"{axis}.geo", np.where(GROUND == 1, np.nan, part), "<f4")
    (tmp_path / "baselines").write_text("20180101 20180113 -30.5 12\n")
    stack = flat.read_licsbas(tmp_path)
    assert (stack.height[1:] == 3500).all()
    assert np.isnan(stack.height[0, 0])
    assert np.allclose(stack.line_of_sight_east[1:], 0.6)
    assert (stack.line_of_sight_north[1:] == 0).all()
    assert np.isnan(stack.line_of_sight_up[0, 0])
    assert stack.perpendicular_baseline.item() == -30.5


def test_gammas_look_vector_heights_and_baselines_are_taken(tmp_path):
    """θ is the sensor's elevation, φ its direction from East: here 60° up in the West."""
    gamma(tmp_path)
    numbers(tmp_path / "lv_theta", np.where(GROUND == 1, 0, np.pi / 3), ">f4")
    numbers(tmp_path / "lv_phi", GROUND * 0 + np.pi, ">f4")
    numbers(tmp_path / "dem", GROUND * 0 + 3500, ">f4")
    (tmp_path / "b.csv").write_text(
        "reference,secondary,perpendicular_baseline_m\n20180101,20180113,-12.5\n"
    )
    options = {"line_of_sight": "lv_{angle}", "height": "dem", "baselines": "b.csv"}
    stack = read_gamma(tmp_path, **options)
    for part, expected in {"east": -0.5, "north": 0, "up": np.sqrt(0.75)}.items():
        values = stack[f"line_of_sight_{part}"].values
        np.testing.assert_allclose(values[1:], expected, atol=1e-6)
        assert np.isnan(values[0, 0])
    assert (stack.height == 3500).all()
    assert stack.perpendicular_baseline.item() == -12.5


def test_the_other_byte_order_is_read_where_the_catalogue_says_so(tmp_path):
    stack = read_gamma(gamma(tmp_path, kind="<f4"), byte_order="little")
    np.testing.assert_array_equal(stack.unwrapped_phase[0], GROUND)
    assert "byte_order is 'middle', expected big or little" in refused(
        read_gamma, tmp_path, byte_order="middle"
    )


def test_opening_reads_no_pixels_and_what_is_opened_can_be_sent_to_a_worker(tmp_path, monkeypatch):
    gamma(tmp_path, "20180113_20180101")
    names = {kind: NAMES[kind].replace("reference", "x") for kind in ("phase", "coherence")}
    names = {
        k: n.replace("secondary", "reference").replace("x", "secondary") for k, n in names.items()
    }
    with monkeypatch.context() as patched:
        patched.setattr(np, "memmap", None)
        stack = read_gamma(tmp_path, **names)
    sent = pickle.loads(pickle.dumps(stack.isel(y=slice(2, 0, -1), x=[1, 3])))
    np.testing.assert_array_equal(sent.unwrapped_phase[0], -GROUND[2:0:-1, [1, 3]])


@pytest.mark.parametrize("kind", ["licsbas", "gamma"])
def test_a_file_of_another_size_than_the_grid_is_refused(tmp_path, kind):
    if kind == "licsbas":
        geocml(tmp_path, phase=GROUND[:2])
        said = refused(flat.read_licsbas, tmp_path)
    else:
        said = refused(read_gamma, gamma(tmp_path, phase=GROUND[:2]))
    assert "unw holds 32 bytes, expected 48: 3 × 4 numbers of 4 bytes" in said


@pytest.mark.parametrize(("false_northing", "code"), [(0, 32647), (10_000_000, 32747)])
def test_a_grid_in_utm_lies_around_the_centre_of_its_first_pixel(tmp_path, false_northing, code):
    gamma(tmp_path)
    told = {"DEM_projection": "UTM", "projection_zone": 47, "ellipsoid_name": "WGS 84"}
    told |= {"corner_north": "4200000.0 m", "corner_east": "600000.0 m"}
    told |= {"post_north": "-80.0 m", "post_east": "80.0 m"}
    told |= {"false_northing": f"{false_northing}.000 m"}
    parameters(tmp_path / "EQA.dem_par", **told)
    stack = read_gamma(tmp_path)
    np.testing.assert_allclose(stack.x, 6e5 + 80 * np.arange(4))
    np.testing.assert_allclose(stack.y, 4.2e6 - 80 * np.arange(3))
    assert stack.rio.crs.to_epsg() == code
    parameters(tmp_path / "EQA.dem_par", **{**told, "ellipsoid_name": "Bessel 1841"})
    assert "of zone 47 on 'Bessel 1841', expected 1 to 60 on WGS 84" in refused(
        read_gamma, tmp_path
    )
    parameters(tmp_path / "EQA.dem_par", **{**told, "post_north": "0 m"})
    assert "pixels of 80 × 0 m, expected some with a size" in refused(read_gamma, tmp_path)


def test_parameters_of_another_projection_or_without_a_number_are_refused(tmp_path):
    gamma(tmp_path)
    parameters(tmp_path / "EQA.dem_par", DEM_projection="LCC")
    assert "DEM_projection is 'LCC', expected EQA" in refused(read_gamma, tmp_path)
    parameters(tmp_path / "EQA.dem_par", post_lon="inf")
    assert "post_lon is 'inf', expected a number" in refused(read_gamma, tmp_path)
    geocml(tmp_path / "l")
    (tmp_path / "l" / "slc.mli.par").write_text("range_samples: 4\n")
    assert "radar_frequency is 'missing'" in refused(flat.read_licsbas, tmp_path / "l")
    (tmp_path / "l" / "slc.mli.par").write_text("radar_frequency: 0.0 Hz\n")
    assert "wavelength is inf, expected 0.01 to 1 m" in refused(flat.read_licsbas, tmp_path / "l")


def test_another_folder_than_licsbas_is_refused(tmp_path):
    geocml(tmp_path)
    (tmp_path / "EQA.dem_par").unlink()
    assert "a GEOC of GeoTIFF files is of the format licsar" in refused(flat.read_licsbas, tmp_path)
    geocml(tmp_path)
    (tmp_path / PAIR / f"{PAIR}.cc").unlink()
    assert f"{PAIR}.cc does not exist" in refused(flat.read_licsbas, tmp_path)


def test_the_real_gamma_stack_reads_alike_from_flat_files_and_from_geotiff(real, tmp_path):
    """Written as GAMMA had it; the GeoTIFF takes the first pixel's centre for its corner."""
    folder = real / "sentinel1_mexico_city"
    stem = "cropA_{reference}-{secondary}_VV_8rlks"
    names = {"phase": f"{stem}_eqa_unw", "coherence": f"{stem}_flat_eqa_cc"}
    tagged = {kind: f"geotiffs/{name}.tif" for kind, name in names.items()}
    expected = geotiff.read(folder, wavelength=0.0555, nodata=0, **tagged)
    for file in (folder / "geotiffs").glob("*.tif"):
        with rasterio.open(file) as raster:
            if "_unw" in file.name or "_cc" in file.name:
                numbers(tmp_path / file.stem, raster.read(1), ">f4")
    (header,) = (folder / "headers").glob("*_dem.par")
    (tmp_path / "dem_par").write_bytes(header.read_bytes())
    stack = read_gamma(tmp_path, dem_par="dem_par", **names)
    for variable in ("unwrapped_phase", "coherence"):
        np.testing.assert_array_equal(stack[variable], expected[variable])
    half = float(expected.x[1] - expected.x[0]) / 2
    np.testing.assert_allclose(stack.x, expected.x - half, atol=1e-9)
    np.testing.assert_allclose(stack.y, expected.y + half, atol=1e-9)


@pytest.mark.parametrize("stored", [-9999, 9999, 1e20, np.inf])
def test_a_number_that_stands_for_missing_is_no_phase(tmp_path, stored):
    values = GROUND.copy()
    values[2, 3] = stored
    with pytest.raises(InputError, match=r"geo\.unw: a phase is"):
        read_gamma(gamma(tmp_path, phase=values)).unwrapped_phase.load()
    with pytest.raises(InputError, match=r"\.unw: a phase is"):
        flat.read_licsbas(geocml(tmp_path / "l", values)).unwrapped_phase.load()


def test_numbers_of_the_other_byte_order_are_refused_when_they_are_read(tmp_path):
    """0.3 then becomes -6.35e-23, which might be taken for a coherence of 0."""
    stack = read_gamma(gamma(tmp_path, kind="<f4", coherence=0.3))
    with pytest.raises(InputError, match=r"geo\.cc holds -6\.352.*e-23, as numbers in the other"):
        stack.coherence.load()
    values = np.random.default_rng(0).normal(0, 2, (3, 4))
    with pytest.raises(InputError, match=r"geo\.unw"):
        read_gamma(gamma(tmp_path, phase=values, kind="<f4")).unwrapped_phase.load()
