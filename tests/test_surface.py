"""Ground told from grey and colours: thresholds, outlines, areas, and the demo's truth."""

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import perimeter_crofton

from qilian.archive.catalogue import open_archive
from qilian.contracts.errors import InputError
from qilian.imagery import land_cover, registration, resampling

RNG = np.random.default_rng(9)


def field(values: np.ndarray, pixel: float = 0.5) -> xr.DataArray:
    """Values (…, y, x) on a grid in metres."""
    rows, columns = values.shape[-2:]
    coords = {"y": -pixel * np.arange(rows), "x": pixel * np.arange(columns)}
    dims = ("band", "y", "x")[-values.ndim :]
    return xr.DataArray(values, coords, dims).rio.write_crs("EPSG:32647")


@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.floats(1, 6))
def test_otsus_threshold_leaves_the_least_variance_within_the_parts(seed, share, apart):
    """No threshold of a fine sweep does better, to what the bins can tell."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(400) + apart * (rng.uniform(size=400) < share)
    assume(np.ptp(values) > 0)
    found = land_cover.otsu(values)
    sweep = np.quantile(values, np.linspace(0.005, 0.995, 199))
    best = min(_within(values, at) for at in sweep)
    assert _within(values, found.threshold) <= best + 0.02 * values.var()
    low, high = values[values < found.threshold], values[values >= found.threshold]
    assert found.distance == pytest.approx(high.mean() - low.mean())
    assert found.separability == pytest.approx(1 - _within(values, found.threshold) / values.var())


def _within(values: np.ndarray, threshold: float) -> float:
    parts = values[values < threshold], values[values >= threshold]
    return sum(part.var() * part.size for part in parts if part.size) / values.size


def test_two_values_are_parted_in_their_middle_and_one_is_refused():
    """Whatever their shares; a bell curve alone has a separability of 2 / π."""
    found = land_cover.otsu(np.array([0.0] * 90 + [10.0] * 10 + [np.nan]))
    assert found.threshold == 5
    assert found.separability == pytest.approx(1)
    assert land_cover.otsu(RNG.standard_normal(10**6)).separability == pytest.approx(
        2 / np.pi, abs=0.01
    )
    with pytest.raises(InputError, match="the number of different values is 1, expected two"):
        land_cover.otsu(np.ones(5))


def test_a_blur_keeps_means_and_leaves_holes_as_they_are():
    """Holes neither grow nor draw their neighbours to zero."""
    flat = np.full((40, 40), 7.0)
    flat[10:14, 20:22] = np.nan
    found = land_cover.smoothed(field(flat), 1.5)
    np.testing.assert_allclose(found.where(np.isfinite(flat)), field(flat))
    noise = land_cover.smoothed(field(RNG.standard_normal((200, 200))), 1.0)
    # A bell of 2 pixels leaves 1 / (2 σ √π) of white noise.
    assert float(noise.std()) == pytest.approx(1 / (2 * 2 * np.sqrt(np.pi)), rel=0.1)


def disk(radius: float, pixel: float) -> xr.DataArray:
    """Flags of 1 inside a disk and 2 outside."""
    at = pixel * (np.arange(400) - 199.7)
    inside = np.hypot(*np.meshgrid(at, at)) < radius
    flags = field(np.where(inside, 1, 2).astype("int8"), pixel)
    return flags.assign_attrs(flag_values=[1, 2], flag_meanings="water dry_land")


def test_a_disk_has_its_area_and_its_perimeter():
    """π r² and 2 π r to a hundredth, in metres, and an error of perimeter times shift."""
    found = land_cover.class_areas(disk(30.0, 0.25), error=0.7).sel({"class": "water"})
    assert float(found.area) == pytest.approx(np.pi * 30**2, rel=0.01)
    assert float(found.perimeter) == pytest.approx(2 * np.pi * 30, rel=0.01)
    assert float(found.area_error) == pytest.approx(0.7 * float(found.perimeter))


@given(arrays(bool, (12, 15)))
def test_outlines_within_the_map_are_as_long_as_scikit_images(inside):
    """Crofton's formula in two directions, of any patches that keep off the map's frame."""
    flags = field(np.pad(np.where(inside, 1, 2), 1, constant_values=2), 0.5)
    flags = flags.assign_attrs(flag_values=[1, 2], flag_meanings="water land")
    found = land_cover.class_areas(flags, error=0).perimeter.sel({"class": "water"})
    assert float(found) == pytest.approx(0.5 * perimeter_crofton(flags == 1, directions=2))


@given(st.floats(0.5, 6), st.floats(0, 6.3))
def test_what_a_shift_feigns_is_within_perimeter_times_shift(shift, direction):
    """A disk against itself, moved: seeming gains, and seeming losses, each."""
    steps = np.round(shift * np.array([np.cos(direction), np.sin(direction)]) / 0.5).astype(int)
    still = disk(30.0, 0.5)
    moved = still.copy(data=np.roll(still.values, steps, (0, 1)))
    feigned = float(((moved == 1) & (still == 2)).sum()) * 0.25
    bound = land_cover.class_areas(still, error=0.5 * float(np.hypot(*steps))).area_error[0]
    assert feigned <= float(bound) * 1.01


def painted() -> tuple[xr.DataArray, xr.DataArray]:
    """A grey picture of a pond in land, and colours of a larger pond beside spoil."""
    grey = RNG.normal(150, 6, (60, 60))
    grey[20:30, 20:30] = RNG.normal(50, 6, (10, 10))
    colours = np.empty((3, 60, 60))
    colours[:] = np.array([90, 120, 70])[:, np.newaxis, np.newaxis]
    colours[:, 18:32, 18:32] = np.array([60, 95, 80])[:, np.newaxis, np.newaxis]
    colours[:, :, 45:] = np.array([150, 150, 140])[:, np.newaxis, np.newaxis]
    return field(grey), field(colours * RNG.uniform(0.97, 1.03, (3, 60, 60)))


def test_painted_ground_is_told_apart_and_its_change_is_measured():
    """Pond kept 10 × 10, grown to 14 × 14, spoil over land, by hand."""
    found = land_cover.measure_change(*painted(), error=1.0)
    area = found.area.to_series() / 0.25
    assert area["water at both dates"] == 100
    assert area["new water"] == 14 * 14 - 100
    assert area["land, bare today"] == 60 * 15
    assert area["water turned bare"] == 0
    assert area.sum() == 3600
    assert (found.threshold_error < 2).all()
    assert (found.separability > 0.85).all()


def test_an_area_is_detected_where_it_is_larger_than_its_errors_added():
    """Painted ground again: a rim of water is, with pictures 0.1 m apart, not 2 m."""
    told = [land_cover.measure_change(*painted(), error=error) for error in (0.1, 2.0)]
    for found in told:
        both = found.area_error + found.threshold_error
        np.testing.assert_allclose(found.error, both)
        assert (found.detected == (found.area > both)).all()
    rim = [found.detected.sel({"class": "new water"}).item() for found in told]
    assert rim == [True, False]
    assert told[1].detected.sel({"class": "land, bare today"})


def test_what_one_picture_does_not_show_has_no_class():
    """Neither in it nor in the change."""
    grey, colours = painted()
    grey[5, 5], colours[1, 7, 7] = np.nan, np.nan
    found = land_cover.measure_change(grey, colours, error=1.0)
    assert found.before[5, 5] == found.change[5, 5] == 0
    assert found.after[7, 7] == found.change[7, 7] == 0
    assert int((found.change == 0).sum()) == 2


def test_the_demos_changes_are_the_truths_within_the_stated_errors(demo):
    """Every class of change, by the sum of both errors."""
    source = open_archive(demo)
    film, points = source.load("keyhole").image, source.load("keyhole_points")
    colours = source.load("uav_rgb").image.compute()
    comparison = registration.compare_transforms(points, film.shape[1:])
    model = registration.choose_transform(comparison)
    transform = registration.fit_transform(points, model)
    old, new = resampling.on_one_grid(film.isel(band=0), transform, colours, pixel=0.5)
    error = float(comparison.left_out_rmse.sel(model=model))
    found = land_cover.measure_change(
        land_cover.smoothed(old, 1.5), land_cover.smoothed(new, 1.5), error=error
    )
    truth = source.load_truth("survey").sel(x=old.x, y=old.y, method="nearest")
    then = np.where(truth.surface_1984 == 1, 1, 2)
    now = np.select([truth.surface == 1, truth.surface >= 4], [1, 2], 3)
    beside = land_cover.areas_against(
        found, land_cover.land_cover_change(old.copy(data=then), old.copy(data=now))
    )
    assert float(beside.true_area.sum()) == pytest.approx(float(beside.area.sum()), rel=1e-3)
    np.testing.assert_allclose(beside.difference, beside.area - beside.true_area)
    assert (abs(beside.difference) <= beside.error).all()
    assert abs(beside.difference).sum() < 0.05 * found.area.sum()
