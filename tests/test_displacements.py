"""Displacement and rates as GeoTIFF: unit, sign, dates and unit vector, or a sentence."""

import re
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import rasterio

from qilian.archive.readers import displacements
from qilian.archive.readers.series import add_up
from qilian.contracts.errors import InputError
from qilian.insar.rates import vertical_if_known


def write(path: Path, values, nodata: float | None = None) -> Path:
    values = np.atleast_2d(np.asarray(values, "float32"))
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"crs": "EPSG:32647", "transform": rasterio.Affine(30, 0, 400000, 0, -30, 4200000)}
    about |= {"dtype": "float32", "nodata": nodata}
    rows, columns = values.shape
    with rasterio.open(path, "w", "GTiff", columns, rows, 1, **about) as file:
        file.write(values, 1)
    return path


def vector(folder: Path, **parts: float) -> None:
    for axis, part in parts.items():
        write(folder / f"los_{axis}.tif", [[part, part, part]])


@pytest.mark.parametrize(
    ("unit", "positive", "stored", "along"),
    [
        ("mm", "towards", -10, "line of sight"),
        ("mm", "away", 10, "line of sight"),
        ("cm", "up", -1, "vertical"),
        ("m", "down", 0.010, "vertical"),
    ],
)
def test_ground_10_mm_farther_or_lower_is_minus_10_mm_in_any_unit_and_sign(
    tmp_path, unit, positive, stored, along
):
    write(tmp_path / "d_20180113.tif", [[stored, 0, np.nan]])
    write(tmp_path / "d_20180101.tif", [[0, 0, np.nan]])
    about = {"unit": unit, "positive": positive}
    data = displacements.read_series(tmp_path, displacement="d_{date}.tif", **about)
    assert np.allclose(data.displacement[1], [[-10, 0, np.nan]], atol=1e-5, equal_nan=True)
    assert data.displacement.attrs["direction"] == along
    assert list(data.time.dt.day.values) == [1, 13]
    about["unit"] += "/yr"
    write(tmp_path / "error.tif", [[abs(stored), 0, np.nan]])
    rate = displacements.read_rate(tmp_path / "d_20180113.tif", standard_error="error.tif", **about)
    assert np.allclose(rate.rate, [[-10, 0, np.nan]], atol=1e-5, equal_nan=True)
    assert np.allclose(rate.standard_error, [[10, 0, np.nan]], atol=1e-5, equal_nan=True)
    assert rate.rate.attrs["direction"] == rate.standard_error.attrs["direction"] == along


def test_dolphins_series_goes_back_to_one_date_and_its_zeros_are_missing(tmp_path):
    """Metres towards the sensor, nodata 0, `timeseries/YYYYMMDD_YYYYMMDD.tif`."""
    folder = tmp_path / "timeseries"
    write(folder / "20180101_20180113.tif", [[-0.010, 0, 0]], nodata=0)
    write(folder / "20180101_20180125.tif", [[-0.015, 0.002, 0]], nodata=0)
    pattern = "timeseries/{reference}_{secondary}.tif"
    data = displacements.read_series(
        tmp_path, displacement=pattern, unit="m", positive="towards"
    ).displacement
    expected = [[0, 0, np.nan], [-10, np.nan, np.nan], [-15, 2, np.nan]]
    assert np.allclose(data[:, 0], expected, atol=1e-5, equal_nan=True)
    assert data.dtype == "float32"
    assert list(data.time.dt.day.values) == [1, 13, 25]


def layers(*values: float) -> da.Array:
    return da.from_array(np.array(values, "float32")[:, None, None])


def test_files_are_added_up_from_the_date_that_all_go_back_to():
    """By hand: 2 from a to b, 3 from a to c, then 10 and 20 from c on: 0, 2, 3, 13, 23."""
    pairs = [("20180101", "20180113"), ("20180101", "20180125")]
    pairs += [("20180125", "20180206"), ("20180125", "20180218")]
    time, series = add_up(pairs, layers(2, 3, 10, 20), "here")
    assert series[:, 0, 0].compute().tolist() == [0, 2, 3, 13, 23]
    assert np.diff(time).astype("timedelta64[D]").astype(int).tolist() == [12, 12, 12, 12]
    _, gap = add_up(pairs, layers(2, np.nan, 10, 20), "here")
    assert np.array_equal(gap[:, 0, 0].compute(), [0, 2, np.nan, np.nan, np.nan], equal_nan=True)
    _, nothing = add_up(pairs, layers(*[np.nan] * 4), "here")
    assert np.isnan(nothing.compute()).all()


def test_a_reference_may_be_the_last_date_or_one_between():
    pairs = [("20180125", "20180101"), ("20180125", "20180206")]
    _, series = add_up(pairs, layers(4, -1), "here")
    assert series[:, 0, 0].compute().tolist() == [4, 0, -1]


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["ab", "cd"], "has no file that ends on 20180103, which another takes for its reference"),
        (["ab", "cb"], "has several files that end on 20180102"),
        (["ab", "ba"], "whose dates go round in a circle"),
        (["ab", "cd", "dc"], "whose dates go round in a circle"),
        (["aa"], "whose dates go round in a circle"),
    ],
)
def test_dates_that_do_not_add_up_are_named(pairs, said):
    dates = [tuple(f"201801{ord(letter) - 96:02}" for letter in pair) for pair in pairs]
    with pytest.raises(InputError, match=said):
        add_up(dates, layers(*range(len(pairs))), "here")


def test_the_unit_vector_turns_line_of_sight_vertical_and_what_is_vertical_takes_none(tmp_path):
    path = write(tmp_path / "velocity.tif", [[-0.008, 0.004, np.nan]])
    vector(tmp_path, east=0.6, north=0.0, up=0.8)
    about = {"unit": "m/yr", "line_of_sight": "los_{axis}.tif"}
    data = displacements.read_rate(path, positive="towards", **about)
    assert np.allclose(vertical_if_known(data).rate, [[-10, 5, np.nan]], equal_nan=True)
    with pytest.raises(InputError, match="is given for what is vertical already, expected it only"):
        displacements.read_rate(path, positive="up", **about)


@pytest.mark.parametrize("angle", [60.0, "angle.tif"])
def test_an_angle_of_incidence_turns_line_of_sight_vertical(tmp_path, angle):
    write(tmp_path / "angle.tif", [[60, 60, 0]])
    path = write(tmp_path / "velocity.tif", [[-4, 2, np.nan]])
    about = {"unit": "mm/yr", "positive": "towards", "incidence_angle": angle}
    data = displacements.read_rate(path, **about)
    assert set(data) == {"rate", "line_of_sight_up"}
    upright = vertical_if_known(data).rate
    assert np.allclose(upright, [[-8, 4, np.nan]], equal_nan=True)  # by hand: cos 60° is a half
    write(tmp_path / "angle.tif", [[1.05, 1.05, 0]])
    with pytest.raises(InputError, match=r"is 1.05, expected 5 to 85 degrees from the vertical"):
        displacements.read_rate(path, **about | {"incidence_angle": "angle.tif"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit": "mm/a"}, r"unit is 'mm/a', expected one of mm/yr, cm/yr, m/yr"),
        ({"positive": "east"}, "positive is 'east', expected one of towards, away, up, down"),
        ({"unit": "m/yr"}, "holds -300 m, stored as -300, expected at most 100 m"),
        ({"standard_error": "none.tif"}, "none.tif does not exist"),
        ({"standard_error": "rate.tif"}, "standard_error is -300 at"),
    ],
)
def test_a_rate_that_cannot_be_is_refused_in_a_sentence(tmp_path, changed, said):
    path = write(tmp_path / "rate.tif", [[-300, 0]])
    with pytest.raises(InputError, match=said):
        displacements.read_rate(path, **{"unit": "mm/yr", "positive": "towards", **changed})


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{date}.tif", "holds no file named {date}.tif, expected one a date"),
        ("*.tif", "lacks {reference}, the place of a date"),
        ("a_{date}.tif", "a_20180113.tif has 1 × 2 pixels, expected the grid"),
        ("b_{date}*.tif", "the date 20180101 has b_20180101_x.tif already"),
    ],
)
def test_files_that_make_no_series_are_named(tmp_path, pattern, said):
    write(tmp_path / "a_20180101.tif", [[1, 2, 3]])
    write(tmp_path / "a_20180113.tif", [[1, 2]])
    write(tmp_path / "b_20180101_x.tif", [[1]])
    write(tmp_path / "b_20180101_y.tif", [[1]])
    with pytest.raises(InputError, match=re.escape(said)):
        displacements.read_series(tmp_path, displacement=pattern, unit="mm", positive="up")
