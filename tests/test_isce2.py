"""ISCE-2's geocoded files pass the door with band, sign and place right, or are refused."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from qilian.archive.readers import isce2
from qilian.contracts.errors import InputError

WAVELENGTH = 0.0554658
STEP = 0.001
GROUND = np.arange(12, dtype="<f4").reshape(3, 4) + 1
PAIR = "20180101_20180113"
PLACE = 99.0, 38.2  # where ISCE's own header says that the first pixel lies


def flat(path: Path, *bands: np.ndarray, place: tuple[float, float] | None = PLACE) -> Path:
    """Write bands line by line and the `.vrt` beside them, as ISCE's image does."""
    rows, columns = bands[0].shape
    path.parent.mkdir(parents=True, exist_ok=True)
    np.stack(bands, axis=1).astype("<f4").tofile(path)
    geo = place and (
        f"<SRS>EPSG:4326</SRS><GeoTransform>{place[0]}, {STEP}, 0.0, {place[1]}, 0.0, {-STEP}"
        "</GeoTransform>"
    )
    lines = [f'<VRTDataset rasterXSize="{columns}" rasterYSize="{rows}">', geo or ""]
    for band in range(len(bands)):
        lines += [
            f'<VRTRasterBand band="{band + 1}" dataType="Float32" subClass="VRTRawRasterBand">',
            f'<SourceFilename relativeToVRT="1">{path.name}</SourceFilename>',
            f"<ByteOrder>LSB</ByteOrder><ImageOffset>{band * columns * 4}</ImageOffset>",
            "<PixelOffset>4</PixelOffset>",
            f"<LineOffset>{len(bands) * columns * 4}</LineOffset></VRTRasterBand>",
        ]
    vrt = path.with_name(path.name + ".vrt")
    vrt.write_text("\n".join([*lines, "</VRTDataset>"]))
    return vrt


def pair(merged: Path, name: str = PAIR, phase=GROUND, coherence=0.5, **options) -> Path:
    """Write amplitude with phase, and coherence, of one pair."""
    folder = merged / "interferograms" / name
    flat(folder / "filt_fine.unw.geo", np.full_like(phase, 200), phase, **options)
    flat(folder / "filt_fine.cor.geo", np.full_like(phase, coherence), **options)
    return merged


def read(merged: Path, **options):
    return isce2.read(merged / "interferograms", wavelength=WAVELENGTH, **options)


def refused(merged: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read(merged, **options)
    return str(caught.value)


def test_phase_is_the_second_band_and_zero_is_missing_in_phase_and_coherence(tmp_path):
    values = GROUND.copy()
    values[0, 0] = 0
    pair(tmp_path, phase=values)
    stack = read(tmp_path)
    assert np.isnan(stack.unwrapped_phase[0, 0, 0])
    np.testing.assert_array_equal(stack.unwrapped_phase[0].values.ravel()[1:], GROUND.ravel()[1:])
    assert (stack.coherence == 0.5).all()
    pair(tmp_path, coherence=0.0)
    assert read(tmp_path).coherence.isnull().all()


def test_coherence_of_two_bands_is_the_second(tmp_path):
    pair(tmp_path)
    folder = tmp_path / "interferograms" / PAIR
    flat(folder / "filt_fine.cor.geo", np.full_like(GROUND, 90), np.full_like(GROUND, 0.7))
    np.testing.assert_allclose(read(tmp_path).coherence, 0.7)


def test_ground_10_mm_farther_on_the_later_date_has_a_positive_phase(tmp_path):
    """By hand: an image's phase is −4πR/λ, and the interferogram first × conj(second)."""
    first, second = (-4 * np.pi * metres / WAVELENGTH for metres in (0.0, 0.010))
    pair(tmp_path / "a", phase=np.full((3, 4), first - second))
    pair(tmp_path / "b", "20180113_20180101", phase=np.full((3, 4), second - first))
    stem = "{secondary}_{reference}/filt_fine"
    options = {"phase": stem + ".unw.geo.vrt", "coherence": stem + ".cor.geo.vrt"}
    for stack in (read(tmp_path / "a"), read(tmp_path / "b", **options)):
        away = stack.unwrapped_phase * stack.wavelength / (4 * np.pi)
        np.testing.assert_allclose(away, 0.010, rtol=1e-5)
        assert str(stack.secondary_date.values[0])[:10] == "2018-01-13"


def test_the_place_in_isces_own_header_is_the_centre_of_the_first_pixel(tmp_path):
    """Where geozero computes: first latitude + line × step, without a half."""
    stack = read(pair(tmp_path))
    np.testing.assert_allclose(stack.x, PLACE[0] + STEP * np.arange(4))
    np.testing.assert_allclose(stack.y, PLACE[1] - STEP * np.arange(3))
    np.testing.assert_allclose(stack.rio.bounds()[0], PLACE[0] - STEP / 2)


def test_the_place_of_what_gdal_wrote_is_the_corner(tmp_path):
    """As geocodeGdal.py has gdalwarp write it: an ENVI header, bands one after the other."""
    names = {"phase": "{reference}_{secondary}/filt_fine.unw.geo"}
    names["coherence"] = "{reference}_{secondary}/filt_fine.cor.geo"
    about = {"crs": "EPSG:4326", "transform": rasterio.Affine(STEP, 0, 99, 0, -STEP, 38.2)}
    place = tmp_path / "interferograms" / PAIR
    place.mkdir(parents=True)
    for kind, bands in {"unw": [GROUND * 0 + 200, GROUND], "cor": [GROUND / 20]}.items():
        path = place / f"filt_fine.{kind}.geo"
        with rasterio.open(path, "w", "ENVI", 4, 3, len(bands), dtype="float32", **about) as raster:
            raster.write(np.stack(bands))
    stack = read(tmp_path, **names)
    np.testing.assert_allclose(stack.x, 99 + STEP * (np.arange(4) + 0.5))
    np.testing.assert_array_equal(stack.unwrapped_phase[0], GROUND)
    np.testing.assert_allclose(stack.coherence[0], GROUND / 20)


@pytest.mark.parametrize(
    ("incidence", "azimuth", "vector"),
    [
        (30, 90, (-0.5, 0, np.sqrt(0.75))),  # in the West: an ascending pass that looks right
        (30, -90, (0.5, 0, np.sqrt(0.75))),  # in the East: a descending one
        (60, 0, (0, np.sqrt(0.75), 0.5)),  # in the North
    ],
)
def test_heights_and_look_angles_beside_the_pairs_are_taken(tmp_path, incidence, azimuth, vector):
    pair(tmp_path)
    heights = GROUND * 1000
    heights[0, 0] = 0
    flat(tmp_path / "geom_reference" / "hgt.rdr.geo", heights)
    angles = [np.where(GROUND == 1, 0, angle) for angle in (incidence, azimuth)]
    flat(tmp_path / "geom_reference" / "los.rdr.geo", *angles)
    with pytest.raises(InputError, match="a height is 12000 m"):
        read(tmp_path)
    flat(tmp_path / "geom_reference" / "hgt.rdr.geo", heights / 10)
    stack = read(tmp_path)
    assert np.isnan(stack.height[0, 0])
    np.testing.assert_allclose(stack.height[0, 1:], GROUND[0, 1:] * 100)
    for part, expected in zip(("east", "north", "up"), vector, strict=True):
        values = stack[f"line_of_sight_{part}"].values
        assert np.isnan(values[0, 0])
        np.testing.assert_allclose(values[1:], expected, atol=1e-6)


def test_files_of_a_stripmap_stack_are_found_by_patterns(tmp_path):
    folder = tmp_path / "interferograms" / "Igrams" / PAIR
    flat(folder / f"filt_{PAIR}_snaphu.unw.geo", GROUND * 0 + 200, GROUND)
    flat(folder / f"filt_{PAIR}.cor.geo", GROUND / 20)
    stem = "Igrams/{reference}_{secondary}/filt_{reference}_{secondary}"
    stack = read(tmp_path, phase=stem + "_snaphu.unw.geo.vrt", coherence=stem + ".cor.geo.vrt")
    np.testing.assert_array_equal(stack.unwrapped_phase[0], GROUND)


def test_baselines_come_from_a_table(tmp_path):
    pair(tmp_path)
    (tmp_path / "interferograms" / "b.csv").write_text(
        "reference,secondary,perpendicular_baseline_m\n20180101,20180113,-12.5\n"
    )
    assert read(tmp_path, baselines="b.csv").perpendicular_baseline.item() == -12.5


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_radar_coordinates_are_refused_with_what_to_do(tmp_path):
    folder = tmp_path / "interferograms" / PAIR
    flat(folder / "filt_fine.unw", GROUND, GROUND, place=None)
    said = r"filt_fine.unw.vrt is in radar coordinates, expected a geocoded file"
    assert said in refused(tmp_path)
    flat(folder / "filt_fine.cor", GROUND, place=None)
    names = {"phase": "{reference}_{secondary}/filt_fine.unw.vrt"}
    names["coherence"] = "{reference}_{secondary}/filt_fine.cor.vrt"
    assert "geocodeIsce.py writes" in refused(tmp_path, **names)


def test_a_phase_of_one_band_is_no_phase(tmp_path):
    """Such as geocodeGdal.py's .vrt, which shows the amplitude alone."""
    pair(tmp_path)
    flat(tmp_path / "interferograms" / PAIR / "filt_fine.unw.geo", GROUND)
    assert "has bands 1 to 1, expected two: amplitude and unwrapped phase" in refused(tmp_path)


def test_a_file_that_breaks_off_or_is_missing_is_refused(tmp_path):
    pair(tmp_path)
    file = tmp_path / "interferograms" / PAIR / "filt_fine.unw.geo"
    file.write_bytes(file.read_bytes()[:-4])
    assert "filt_fine.unw.geo holds 92 bytes, expected 96" in refused(tmp_path)
    file.unlink()
    assert "expected a virtual raster with the file that it shows" in refused(tmp_path)


def test_a_pair_without_coherence_and_a_folder_without_pairs_are_refused(tmp_path):
    pair(tmp_path)
    pair(tmp_path, "20180113_20180125")
    (tmp_path / "interferograms" / PAIR / "filt_fine.cor.geo.vrt").unlink()
    assert "the pair 20180101-20180113 lacks its coherence file" in refused(tmp_path)
    assert "holds no file named {reference}_{secondary}/filt_fine.unw.geo.vrt" in refused(
        tmp_path / "none"
    )


def test_what_can_be_no_phase_and_no_coherence_is_refused(tmp_path):
    values = GROUND.copy()
    values[2, 3] = -9999
    with pytest.raises(InputError, match=r"unw\.geo\.vrt: a phase is -9999 rad"):
        read(pair(tmp_path, phase=values)).unwrapped_phase.load()
    with pytest.raises(InputError, match=r"cor\.geo\.vrt: coherence is 90, expected 0 to 1"):
        read(pair(tmp_path, coherence=90)).coherence.load()
    vrt = tmp_path / "interferograms" / PAIR / "filt_fine.cor.geo.vrt"
    vrt.write_text(vrt.read_text().replace("Float32", "CFloat32"))
    file = vrt.with_suffix("")
    file.write_bytes(file.read_bytes() * 2)
    assert "holds complex numbers" in refused(tmp_path)
