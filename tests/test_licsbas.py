"""LiCSBAS's results pass the door with sign, unit, grid and mask right, or are refused."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from qilian.archive.readers import licsbas
from qilian.contracts.errors import InputError
from qilian.insar.rates import vertical_if_known

DATES = [20180101, 20180113, 20180125]
ROWS, COLUMNS = 3, 4
DEM_PAR = """Gamma DIFF&GEO DEM/MAP parameter file
title: DEM
DEM_projection:     EQA
data_format:        REAL*4
width: 4
nlines: 3
corner_lat:     38.1995  decimal degrees
corner_lon:    99.0005  decimal degrees
post_lat: -0.001 decimal degrees
post_lon: 0.001 decimal degrees

ellipsoid_name: WGS 84
"""


def series(path: Path, *left_out: str, **datasets) -> Path:
    """A series as LiCSBAS writes it: ground goes away by 10 mm, then by as much again."""
    away = np.full((3, ROWS, COLUMNS), -10, "float32") * np.arange(3)[:, None, None]
    held = {
        "imdates": np.array(DATES, "int32"),
        "cum": away.astype("float32"),
        "vel": np.full((ROWS, COLUMNS), -304.4, "float32"),
        "corner_lat": 38.1995,
        "corner_lon": 99.0005,
        "post_lat": -0.001,
        "post_lon": 0.001,
        "refarea": "1:2/0:1",
        "gap": np.zeros((2, ROWS, COLUMNS), "int8"),
        **datasets,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in held.items():
            if name not in left_out:
                file[name] = values
    return path


def flat(path: Path, values) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.broadcast_to(np.asarray(values, "<f4"), (ROWS, COLUMNS)).tofile(path)
    return path


def test_ground_10_mm_farther_away_is_a_displacement_of_minus_10_mm(tmp_path):
    radians = 4 * np.pi * 0.010 / 0.0554658  # by hand: two-way path over the wavelength
    cum = np.float32(-0.0554658 / (4 * np.pi) * 1000 * radians)  # as LiCSBAS turns it into mm
    layers = np.stack([np.full((ROWS, COLUMNS), value, "float32") for value in (0, cum, 2 * cum)])
    data = licsbas.read_series(series(tmp_path / "cum.h5", cum=layers))
    assert np.allclose(data.displacement[:, 1, 2], [0, -10, -20], atol=1e-5)
    assert data.displacement.attrs["direction"] == "line of sight"
    assert list(data.time.dt.day.values) == [1, 13, 25]


def test_the_corner_of_licsbas_is_the_centre_of_the_first_pixel(tmp_path):
    data = licsbas.read_series(series(tmp_path / "cum.h5"))
    assert np.allclose(data.y, [38.1995, 38.1985, 38.1975])
    assert np.allclose(data.x, [99.0005, 99.0015, 99.0025, 99.0035])
    assert np.allclose(data.rio.bounds(), (99.0, 38.197, 99.004, 38.2))
    assert data.rio.crs.to_epsg() == 4326
    (tmp_path / "EQA.dem_par").write_text(DEM_PAR)
    alone = licsbas.read_rate(flat(tmp_path / "vel", -3))
    assert alone.y.equals(data.y)
    assert alone.x.equals(data.x)


def test_a_velocity_is_a_rate_in_mm_a_year_with_its_standard_error_where_it_is_kept(tmp_path):
    keep = np.ones((ROWS, COLUMNS), "float32")
    keep[0, 1], keep[0, 2] = 0, np.nan
    path = series(tmp_path / "cum_filt.h5", mask=keep, vstd=np.full((ROWS, COLUMNS), 1.5, "f4"))
    data = licsbas.read_rate(path)
    assert np.allclose(data.rate[0], [-304.4, np.nan, np.nan, -304.4], equal_nan=True)
    assert np.allclose(data.standard_error[0], [1.5, np.nan, np.nan, 1.5], equal_nan=True)
    assert licsbas.read_series(path).displacement[:, 0].isnull().sum() == 3 * 2
    assert licsbas.read_rate(path, mask="").rate.notnull().all()


def test_the_mask_is_a_flat_file_beside_or_the_one_inside_or_none(tmp_path):
    path = series(tmp_path / "cum.h5")
    assert licsbas.read_series(path).displacement.notnull().all()
    keep = np.ones((ROWS, COLUMNS))
    keep[1] = 0
    flat(tmp_path / "results" / "mask", keep)
    assert licsbas.read_series(path).displacement.isnull().sum() == 3 * COLUMNS
    flat(tmp_path / "mine", 1 - keep)
    assert licsbas.read_series(path, mask="mine").displacement.notnull().sum() == 3 * COLUMNS
    with pytest.raises(InputError, match="none does not exist, expected a flat file"):
        licsbas.read_series(path, mask="none")


def test_a_folder_stands_for_its_filtered_series(tmp_path):
    series(tmp_path / "cum.h5")
    assert np.allclose(licsbas.read_rate(tmp_path).rate, -304.4)
    series(tmp_path / "cum_filt.h5", vel=np.full((ROWS, COLUMNS), -7, "f4"))
    assert np.allclose(licsbas.read_rate(tmp_path).rate, -7)


def test_a_flat_velocity_takes_its_grid_and_error_from_the_files_that_are_named(tmp_path):
    path = flat(tmp_path / "results" / "vel.mskd", [-3, np.nan, 2, 0])
    flat(tmp_path / "results" / "vstd", [1, 1, 2, 2])
    (tmp_path / "EQA.dem_par").write_text(DEM_PAR)
    data = licsbas.read_rate(path, dem_par="../EQA.dem_par", standard_error="vstd")
    assert np.allclose(data.rate[0], [-3, np.nan, 2, 0], equal_nan=True)
    assert np.allclose(data.standard_error[0], [1, np.nan, 2, 2], equal_nan=True)


def test_the_unit_vector_turns_the_series_vertical(tmp_path):
    parts = {"E.geo": 0.6, "N.geo": -0.1, "U.geo": 0.8}
    maps = {name: np.full((ROWS, COLUMNS), part, "float32") for name, part in parts.items()}
    data = licsbas.read_series(series(tmp_path / "cum.h5", **maps))
    assert np.allclose(data.line_of_sight_east, 0.6)
    upright = vertical_if_known(data).displacement
    assert np.allclose(upright[:, 0, 0], [0, -12.5, -25])  # −10 mm / 0.8
    assert upright.attrs["direction"] == "vertical"
    assert np.allclose(licsbas.read_rate(tmp_path / "cum.h5").line_of_sight_up, 0.8)


def test_the_unit_vector_may_lie_in_flat_files_beside(tmp_path):
    for axis, part in {"E": 0.6, "N": -0.1, "U": [0.8, 0, 0.8, 0.8]}.items():
        flat(tmp_path / "GEOCml2" / f"{axis}.geo", part)
    (tmp_path / "GEOCml2" / "EQA.dem_par").write_text(DEM_PAR)
    about = {"line_of_sight": "../../GEOCml2/{axis}.geo", "dem_par": "../../GEOCml2/EQA.dem_par"}
    path = flat(tmp_path / "TS_GEOCml2" / "results" / "vel", -8)
    data = licsbas.read_rate(path, **about)
    assert np.allclose(data.line_of_sight_north[0], [-0.1, np.nan, -0.1, -0.1], equal_nan=True)
    assert np.allclose(vertical_if_known(data).rate[1], [-10, np.nan, -10, -10], equal_nan=True)
    whole = licsbas.read_series(
        series(tmp_path / "TS_GEOCml2" / "cum.h5"), line_of_sight="../GEOCml2/{axis}.geo"
    )
    assert whole.line_of_sight_up.equals(data.line_of_sight_up)


@pytest.mark.parametrize(
    ("left_out", "changed", "said"),
    [
        (["cum"], {}, "holds no cum, expected a cum.h5 or cum_filt.h5 of LiCSBAS"),
        (["corner_lat"], {}, "is in radar coordinates, expected a series of geocoded"),
        (["imdates"], {}, "holds no imdates"),
        ([], {"imdates": np.array(DATES[::-1])}, "the dates don't rise"),
        (
            [],
            {"imdates": np.array(DATES[:2])},
            "has cum of shape .3, 3, 4., expected 3 × 4 pixels in 2 layers",
        ),
        ([], {"cum": np.ones((ROWS, COLUMNS), "f4")}, "expected 3 × 4 pixels in 3 layers"),
        ([], {"imdates": np.array([1, 2, 3])}, "'1' is not a date"),
        ([], {"corner_lat": 4.2e6}, "expected a place on Earth"),
        ([], {"mask": np.ones((2, 2))}, "has mask of shape"),
    ],
)
def test_a_series_that_lacks_a_part_or_contradicts_itself_is_refused(
    tmp_path, left_out, changed, said
):
    with pytest.raises(InputError, match=said):
        licsbas.read_series(series(tmp_path / "cum.h5", *left_out, **changed))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("DEM_projection: LCC", "DEM_projection is 'LCC', expected EQA"),
        ("width: four", "width is 'four', expected a number"),
        ("post_lon: 0", "expected a place on Earth"),
        ("width: 5", r"holds 12 numbers, expected 3 × 5"),
    ],
)
def test_a_parameter_file_that_fits_no_map_is_refused(tmp_path, line, said):
    (tmp_path / "EQA.dem_par").write_text(f"{DEM_PAR}{line}\n")
    with pytest.raises(InputError, match=said):
        licsbas.read_rate(flat(tmp_path / "vel", 0))


def test_a_sentinel_is_no_motion_and_a_text_no_series(tmp_path):
    gone = np.full((ROWS, COLUMNS), -9999, "float32")
    with pytest.raises(InputError, match="expected at most 100 m; what means missing must be NaN"):
        licsbas.read_rate(series(tmp_path / "cum.h5", vel=gone)).rate.load()
    (tmp_path / "cum.h5").write_text("not HDF5")
    with pytest.raises(InputError, match="cannot be read, expected a whole HDF5 file"):
        licsbas.read_series(tmp_path)
