"""Transforms are recovered, errors left out are those of refits, pictures land in their place."""

import dask.array as da
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import control_points
from qilian.contracts.errors import InputError
from qilian.imagery import registration, resampling, transforms
from qilian.imagery.transforms import TRANSFORMS
from qilian.spatial import grids

SHAPE = 276, 276
each_model = pytest.mark.parametrize("model", TRANSFORMS)


def ground(model: str, column: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a picture's places lie under a transform that is none simpler than `model`."""
    x = 543_700 + 1.008 * (column * np.cos(0.02) + row * np.sin(0.02))
    y = 4_210_500 + 1.008 * (column * np.sin(0.02) - row * np.cos(0.02))
    if model != "similarity":
        x, y = x + 0.02 * row, y - 0.01 * column
    if model == "quadratic":
        x, y = x + 1e-4 * column * row, y + 2e-4 * (column - 100) ** 2
    return x, y


def control(model: str, rng: np.random.Generator, *, noise: float, count: int = 12) -> xr.Dataset:
    """Points scattered over a picture, with noise [m] in their positions."""
    column, row = rng.uniform(0, 276, (2, count))
    x, y = ground(model, column, row)
    table = {"column": column, "row": row, "x": x, "y": y}
    for axis in "xy":
        table[axis] = table[axis] + noise * rng.standard_normal(count)
    return xr.Dataset({name: ("point", values) for name, values in table.items()})


@each_model
def test_a_known_transform_is_recovered_there_and_back(model):
    """To a thousandth of a millimetre, also at the corners of the picture."""
    fitted = registration.fit_transform(control(model, np.random.default_rng(1), noise=0), model)
    column, row = np.meshgrid(np.linspace(0, 276, 7), np.linspace(0, 276, 5))
    found = fitted(column, row)
    np.testing.assert_allclose(found, ground(model, column, row), atol=1e-6, rtol=0)
    np.testing.assert_allclose(fitted.inverse(*found), [column, row], atol=1e-5)


@each_model
def test_errors_left_out_are_those_of_explicit_refits(model):
    """Point by point, each predicted by a fit to all others."""
    points = control("quadratic", np.random.default_rng(2), noise=1)
    found = registration.left_out_residuals(points, model)
    for point in range(points.sizes["point"]):
        others, own = points.drop_isel(point=point), points.isel(point=point)
        x, y = registration.fit_transform(others, model)(own["column"].values, own["row"].values)
        expected = [own["x"] - x, own["y"] - y]
        np.testing.assert_allclose(found.isel(point=point), expected, atol=1e-6)


@given(st.integers(0, 10**6), st.sampled_from(TRANSFORMS), st.integers(8, 20))
def test_a_point_is_missed_by_more_than_it_is_fitted_by(seed, model, count):
    """For the eigenvalues of a point's block of the hat matrix lie between 0 and 1."""
    points = control("quadratic", np.random.default_rng(seed), noise=2, count=count)
    fitted = registration.point_residuals(points, registration.fit_transform(points, model))
    missed = registration.left_out_residuals(points, model)
    less = (missed**2).sum("axis", skipna=False) < (fitted**2).sum("axis") * (1 - 1e-6)
    assert not less.any()


@given(st.integers(0, 10**6), st.sampled_from(TRANSFORMS))
def test_a_shift_of_the_ground_and_of_the_pixels_changes_nothing(seed, model):
    """Positions move along with the points; pixels may count from elsewhere."""
    points = control("affine", np.random.default_rng(seed), noise=1)
    moved = points.assign(x=points["x"] + 5e4, column=points["column"] + 1e4)
    place = np.array([10.0, 200.0]), np.array([30.0, 90.0])
    x, y = registration.fit_transform(points, model)(*place)
    there = registration.fit_transform(moved, model)(place[0] + 1e4, place[1])
    np.testing.assert_allclose(there, [x + 5e4, y], atol=1e-5, rtol=0)


@pytest.mark.slow
@each_model
def test_the_expected_error_of_positions_is_what_noise_makes_of_them(model):
    """Over four hundred draws of points with 1 m of noise, at nine places."""
    rng = np.random.default_rng(3)
    clean = control(model, rng, noise=0)
    column, row = np.meshgrid([20.0, 138.0, 256.0], [20.0, 138.0, 256.0])
    squares = []
    for _ in range(400):
        noise = rng.standard_normal((2, 12))
        fitted = registration.fit_transform(
            clean.assign(x=clean.x + noise[0], y=clean.y + noise[1]), model
        )
        off = np.array(fitted(column, row)) - ground(model, column, row)
        squares.append((off**2).sum(axis=0))
    expected = registration.fit_transform(clean, model).standard_error(column, row)
    np.testing.assert_allclose(np.mean(squares, axis=0) ** 0.5, expected, rtol=0.12)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["affine", "quadratic"])
def test_the_model_that_made_the_points_is_mostly_chosen(model):
    """Of a hundred draws of 15 points with 0.6 m of noise; a similarity, in the test below."""
    rng = np.random.default_rng(4)
    draws = [control(model, rng, noise=0.6, count=15) for _ in range(100)]
    names = [
        registration.choose_transform(registration.compare_transforms(points, SHAPE))
        for points in draws
    ]
    assert names.count(model) >= 0.75 * 100


@pytest.mark.slow
def test_the_error_made_is_within_half_and_twice_the_expected_unless_a_richer_model_is_taken():
    """Of 12 points of 1 m, in nine of ten draws; a richer model, rarely taken, is off by more."""
    rng = np.random.default_rng(9)
    row, column = np.meshgrid(*[np.linspace(0, 276, 12)] * 2, indexing="ij")
    true, ratios = np.array(ground("similarity", column, row)), {"similarity": [], "richer": []}
    for _ in range(200):
        points = control("similarity", rng, noise=1)
        found = registration.compare_transforms(points, SHAPE)
        model = registration.choose_transform(found)
        off = np.array(registration.fit_transform(points, model)(column, row)) - true
        made = float((off**2).sum(axis=0).mean() ** 0.5)
        kind = model if model == "similarity" else "richer"
        ratios[kind].append(made / float(found.picture_error.sel(model=model)))
    same = np.array(ratios["similarity"])
    assert ((same > 0.5) & (same < 2)).mean() > 0.85
    assert 0.01 < len(ratios["richer"]) / 200 < 0.1
    assert np.mean(np.array(ratios["richer"]) > 1) > 0.8


def test_a_comparison_says_what_each_column_says():
    """RMSE of distances, of fits and of refits; a point's noise of 1 m is found to a tenth."""
    points = control("affine", np.random.default_rng(5), noise=1, count=200)
    found = registration.compare_transforms(points, SHAPE).sel(model="affine")
    off = registration.point_residuals(points, registration.fit_transform(points, "affine"))
    assert found.fit_rmse**2 == pytest.approx(float((off**2).sum()) / 200)
    missed = registration.left_out_residuals(points, "affine")
    assert found.left_out_rmse**2 == pytest.approx(float((missed**2).sum()) / 200)
    assert found.point_error == pytest.approx(1, rel=0.1)
    assert found.parameters == 6


def test_too_few_or_ill_placed_points_are_refused():
    """In a sentence; what a few points allow is told, the rest is missing."""
    points = control("similarity", np.random.default_rng(6), noise=1)
    few = points.isel(point=slice(4))
    with pytest.raises(InputError, match=r"^4 control points don't determine a quadratic"):
        registration.fit_transform(few, "quadratic")
    found = registration.compare_transforms(few, SHAPE)
    assert np.isfinite(found.left_out_rmse.values).tolist() == [True, True, False]
    with pytest.raises(InputError, match=r"^2 control points are too few to leave one out"):
        registration.compare_transforms(points.isel(point=slice(2)), SHAPE)
    on_a_line = points.assign(row=points["column"])
    with pytest.raises(InputError, match="spread over the picture"):
        registration.fit_transform(on_a_line, "affine")
    with pytest.raises(InputError, match="model is 'cubic', expected one of similarity"):
        registration.fit_transform(points, "cubic")


def picture(rows: int, columns: int, crs: str = "EPSG:32647") -> xr.DataArray:
    """A plane of grey, 3 a column and 2 a row from the outer corner."""
    y, x = np.arange(rows) + 0.5, np.arange(columns) + 0.5
    values = 3 * x + 2 * y[:, np.newaxis]
    coords = {"y": 4_210_500 - y, "x": 543_700 + x}
    return xr.DataArray(values, coords, ("y", "x"), "image").rio.write_crs(crs)


@each_model
def test_a_picture_lands_where_its_transform_says_and_nowhere_else(model):
    """A plane keeps its values; beyond the film there are none; only what is shown is read."""
    fitted = registration.fit_transform(control(model, np.random.default_rng(7), noise=0), model)
    whole = picture(*SHAPE)
    grid = resampling.common_grid(whole, fitted, whole, pixel=2.0)
    found = resampling.resample_picture(whole, fitted, grid)
    column, row = fitted.inverse(*np.meshgrid(grid.x, grid.y))
    inside = (np.minimum(column, row) >= 0.5) & (np.maximum(column, row) <= 275.5)
    np.testing.assert_allclose(found.values[inside], (3 * column + 2 * row)[inside])
    assert np.isnan(found.values[~inside]).all()
    near = grid.isel(y=slice(40, 50), x=slice(60, 70))
    read = da.from_array(whole.values, chunks=20).map_blocks(_refuse_the_corner, dtype=float)
    lazy = whole.copy(data=read)
    np.testing.assert_allclose(
        resampling.resample_picture(lazy, fitted, near),
        found.isel(y=slice(40, 50), x=slice(60, 70)),
    )


def _refuse_the_corner(block: np.ndarray, block_info=None) -> np.ndarray:
    if block_info and block_info[0]["chunk-location"] == (0, 0):
        raise AssertionError("the first block was read, though nothing of it is shown")
    return block


def test_the_common_grid_is_the_shared_ground_on_whole_pixels():
    """Two pictures half over each other; none without common ground or metres."""
    same = control("similarity", np.random.default_rng(8), noise=0)
    same = same.assign(x=543_700 + same["column"], y=4_210_500 - same["row"])
    fitted, film = registration.fit_transform(same, "similarity"), picture(100, 100)
    other = film.assign_coords(x=film.x + 40.3, y=film.y - 20.6)
    grid = resampling.common_grid(film, fitted, other, pixel=0.5)
    assert grid.rio.bounds() == pytest.approx((543_740.5, 4_210_400, 543_800, 4_210_479))
    with pytest.raises(InputError, match="share no ground"):
        resampling.common_grid(film, fitted, film.assign_coords(x=film.x + 500), pixel=1.0)
    degrees = film.rio.write_crs("EPSG:4326")
    with pytest.raises(InputError, match="in EPSG:32647 and EPSG:4326, expected one projected"):
        resampling.common_grid(film, fitted, degrees, pixel=1.0)


def test_control_points_are_read_and_a_broken_one_is_named(tmp_path):
    """From a table with a remark before it."""
    path = tmp_path / "points.csv"
    path.write_text(
        "# by hand\ncol,row,x,y\n35.5,29.68,543776.37,4210479.97\n85,60,543826,4210448\n"
    )
    points = control_points.read_csv(path)
    assert points["column"].values.tolist() == [35.5, 85]
    assert points["y"].attrs["units"] == "m"
    path.write_text("col,row,x,y\n1,two,3,4\n")
    with pytest.raises(InputError, match="line 2: row is 'two', expected a number"):
        control_points.read_csv(path)


def test_the_demos_film_is_put_right_to_what_the_points_promise(demo):
    """Nearer to the truth than the file's own georeference, and within the error left out."""
    source = open_archive(demo)
    points, film = source.load("keyhole_points"), source.load("keyhole").image.isel(band=0)
    truth = source.load_truth("survey")["keyhole_transform"].values
    comparison = registration.compare_transforms(points, film.shape)
    model = registration.choose_transform(comparison)
    fitted = registration.fit_transform(points, model)
    true = transforms.affine_transform(truth)
    found = resampling.transform_departures(film, {"fitted": fitted}, true)
    own, stated = found.rmse.values
    assert own < 0.5 * stated
    assert own < comparison.left_out_rmse.sel(model=model)
    row, column = np.indices(film.shape) + 0.5
    at = Affine(*truth) @ (column, row)
    for place, rmse in ((fitted(column, row), own), (np.meshgrid(film.x, film.y), stated)):
        off = np.array(place) - at
        assert rmse == pytest.approx(float((off**2).sum(axis=0).mean() ** 0.5))


def test_two_pictures_come_onto_one_grid_with_the_holes_of_the_first():
    """A film of metres, and colours of half that: interpolated, averaged by hand, and masked."""
    film = picture(40, 40)
    same = transforms.affine_transform([1, 0, 543_700, 0, -1, 4_210_500])
    fine = picture(80, 80).assign_coords(
        x=543_700 + 0.5 * (np.arange(80) + 0.5), y=4_210_500 - 0.5 * (np.arange(80) + 0.5)
    )
    colours = xr.concat([fine + shift for shift in (0, 10, 20, 30)], "band")
    old, new = resampling.on_one_grid(film, same, colours, pixel=1.0)
    assert new.sizes == {"band": 3, "y": 40, "x": 40}
    np.testing.assert_allclose(old[5, 5], film[5, 5])
    np.testing.assert_allclose(new[1, 5, 5], fine[10:12, 10:12].mean() + 10)
    assert (new.notnull() == old.notnull()).all()
    grid = resampling.common_grid(film, same, colours, pixel=1.0)
    np.testing.assert_allclose(new[0], grids.onto(colours[0], grid).where(old.notnull()))
