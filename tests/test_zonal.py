"""Averages over kinds of ground, held against closed forms, brute force and a planted step."""

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from shapely.geometry import box

from qilian.figures.periods import distinct_periods
from qilian.figures.tables import columns
from qilian.spatial import zonal, zones

ABOUT = {"long_name": "rate", "units": "mm year-1"}
DIMS = ("period", "y", "x")


def maps(values: object, titles: list[str] | None = None) -> xr.DataArray:
    values = np.asarray(values, dtype=float)
    titles = titles or [f"{2000 + number}, one" for number in range(len(values))]
    return xr.DataArray(values, {"period": titles}, DIMS, attrs=ABOUT)


def mask(values: object) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, dtype=bool), dims=("y", "x"))


def test_averages_are_of_the_pixels_with_a_value_and_below_zero_beyond_two_errors():
    """By hand from two of three pixels: -3 is beyond twice 1, not twice 2; no value, no word."""
    field = maps([[[-2, -4, np.nan]], [[-2, -4, np.nan]], [[np.nan] * 3]])
    error = maps([[[1, 3, 9]], [[0.5, 1.5, 9]], [[1, 1, 1]]])
    found = zonal.zonal_mean(field, error, {"all": mask([[1, 1, 1]])}).squeeze("ground")
    np.testing.assert_array_equal(found["mean"], [-3, -3, np.nan])
    np.testing.assert_array_equal(found["standard_error"], [2, 1, np.nan])
    np.testing.assert_allclose(found["fraction"], [2 / 3, 2 / 3, 0])
    assert found["below_zero"].values.tolist() == [False, True, False]
    shown = columns(found.reset_coords(drop=True))
    assert shown["more than two standard errors below zero"].tolist() == ["no", "yes", "–"]


def test_the_yardstick_is_the_spread_of_the_region_moved_over_other_ground():
    """Every shift in two loops, those with more than half of the region on other ground kept."""
    random = np.random.default_rng(3)
    field = maps(random.normal(size=(2, 7, 9)))
    field[0, 2, 3] = np.nan
    region = np.zeros((7, 9), dtype=bool)
    region[1:3, 1:4] = region[3, 1] = True
    other = ~region & (random.random((7, 9)) > 0.1)
    found = zonal.zonal_contrast(field, mask(region), mask(other))
    for period in range(2):
        values, at = field.values[period], np.argwhere(region)
        known = other & np.isfinite(values)
        apart = []
        for step in np.ndindex(13, 17):
            moved = at + step - np.array([6, 8])
            held = moved[((moved >= 0) & (moved < region.shape)).all(axis=1)]
            held = [tuple(place) for place in held if known[tuple(place)]]
            if len(held) > region.sum() / 2:
                apart.append(np.mean([values[place] for place in held]) - values[known].mean())
        assert float(found["spread"][period]) == pytest.approx(np.sqrt(np.mean(np.square(apart))))
        difference = np.nanmean(values[region]) - values[known].mean()
        assert float(found["difference"][period]) == pytest.approx(difference)


def test_a_region_is_significant_where_it_moves_and_only_there():
    """A step of 1 is seen in white noise, of which 100 pixels spread by 0.1 and 50 by 1/√50."""
    noise = np.random.default_rng(0).normal(size=(3, 120, 120))
    noise[0, 50:60, 50:60] -= 1
    noise[2] = np.nan
    region = np.zeros((120, 120))
    region[50:60, 50:60] = 1
    found = zonal.zonal_contrast(maps(noise), mask(region), mask(1 - region))
    assert (found["spread"][:2] > 0.9 * 0.1).all()
    assert (found["spread"][:2] < 1.1 / np.sqrt(50)).all()
    assert found["significant"].values.tolist() == [True, False, False]
    assert columns(found)["more than two spreads"].tolist() == ["yes", "no", "–"]


def test_nothing_is_said_of_a_region_that_fits_nowhere_else():
    """A region as wide as the map has no other ground to be moved to, an empty one no mean."""
    field = maps(np.zeros((1, 6, 6)))
    whole, none = mask(np.ones((6, 6))), mask(np.zeros((6, 6)))
    for two in ((whole, none), (none, whole)):
        found = columns(zonal.zonal_contrast(field, *two))
        assert found["more than two spreads"].item() == "–"


def test_periods_part_beyond_two_standard_errors_of_their_difference():
    """By hand: errors 3 and 4 make 5, so 0 and -11 part, 0 and -9 do not, nor does a gap."""
    field = maps([[[0, 0]], [[-11, -9]], [[np.nan, np.nan]]])
    error = maps([[[3, 3]], [[4, 4]], [[1, 1]]])
    regions = {"one": mask([[1, 0]]), "two": mask([[0, 1]])}
    found = distinct_periods(zonal.zonal_mean(field, error, regions))
    assert found.iloc[0].tolist() == ["one", "2000, one", "2001, one", -11, 5]
    assert found.iloc[1, :2].tolist() == ["two", "none"]
    assert len(found) == 2


def test_the_truth_s_averages_are_of_the_maps_pixels_and_from_stable_ground():
    """By hand: the truth is 1 on stable ground, 4, 5 and 9 elsewhere, 9 where the map has none.

    Less its zero it is 3 and 4 where the map has 2 and 1, each with a standard error of 1.
    """
    true = maps([[[1, 4, 5, 9]], [[1, 4, 5, 9]]])
    field = maps([[[0, 2, 1, np.nan]], [[np.nan] * 4]])
    stable, region = mask([[1, 0, 0, 0]]), {"rest": mask([[0, 1, 1, 1]])}
    found = zonal.zonal_truth(field, xr.full_like(field, 1), true, region, stable)
    first = found.isel(period=0)
    assert (first["mean"].item(), first["truth"].item(), first["zero"].item()) == (1.5, 3.5, 1)
    assert (first["deviation"].item(), first["coverage"].item()) == (-2, 0.5)
    later = found[["truth", "deviation", "coverage"]].isel(period=1)
    assert all(value.isnull().all() for value in later.values())


def test_the_edges_of_near_and_undisturbed_ground_lie_at_their_distances():
    """About a square of 1 km in UTM: corners are rounded, so areas are 1 + 4 d + π d²."""
    square = gpd.GeoDataFrame({"kind": ["pit"]}, geometry=[box(0, 0, 1000, 1000)], crs=32647)
    square = square.set_geometry(square.translate(5e5, 4.2e6))
    found = zones.zone_borders(square, near=2000.0, far=8000.0)
    expected = [1e6 + 4e3 * d + np.pi * d**2 for d in (2000, 8000)]
    np.testing.assert_allclose(found.area, expected, rtol=0.01)


@pytest.mark.parametrize(("kind", "place"), [("pit", "mines"), ("outline", "outlines")])
def test_ground_near_outlines_is_named_after_mines_only_where_one_is_a_pit(kind, place):
    """A square of 1 km in the middle of 20 km, on pixels of 500 m; none of it is near itself."""
    square = gpd.GeoDataFrame({"kind": [kind]}, geometry=[box(0, 0, 1000, 1000)], crs=32647)
    square = square.set_geometry(square.translate(5e5, 4.2e6))
    north, east = 4.21e6 - 500.0 * np.arange(40), 4.9e5 + 500.0 * np.arange(40)
    still = xr.DataArray(np.zeros((40, 40), bool), {"y": north, "x": east}, ("y", "x"))
    found = zones.mine_zones(square, still.rio.write_crs(32647), near=2000.0, far=8000.0)
    assert list(found) == [f"near the {place}", "undisturbed"]
    near = found[f"near the {place}"]
    assert not near.sel(x=5.005e5, y=4.2005e6)
    assert near.sel(x=5.02e5, y=4.2005e6)


def test_the_truth_is_that_of_the_year_in_which_a_period_begins():
    """Of two periods of the truth the first holds until the middle of 2000."""
    true = maps(np.arange(12.0).reshape(2, 2, 3) ** 2, ["1990-1999", "2000-2009"])
    true = true.assign_coords(start=("period", [1990.0, 2000.6]))
    field = maps(np.zeros((3, 2, 3))).assign_coords(start=("period", [1999.2, 2000.9, 2001.1]))
    found = zonal.truth_of_periods(true, field)
    np.testing.assert_array_equal(found, true.values[[0, 0, 1]])
    np.testing.assert_array_equal(found["period"], field["period"])


def test_averages_over_rings_keep_the_edges_of_the_rings():
    """Two rings by hand; rock lies in the far one alone."""
    field = maps([[[-6, -4, -2, -1]]])[0].drop_vars("period")
    inside = np.array([[[1, 1, 0, 0]], [[0, 0, 1, 1]]], bool)
    edges = {"inner": ("ring", [0.0, 300.0]), "outer": ("ring", [300.0, np.inf])}
    rings = xr.DataArray(inside, edges, ("ring", "y", "x"))
    grounds = {"meadow": mask([[1, 1, 1, 0]]), "rock": mask([[0, 0, 0, 1]])}
    error = abs(field).where(rings)
    found = zonal.zonal_mean(field.where(rings), error, grounds).transpose("ground", "ring")
    np.testing.assert_array_equal(found["mean"], [[-5, -2], [np.nan, -1]])
    np.testing.assert_array_equal(found["standard_error"], [[5, 2], [np.nan, 1]])
    assert found["outer"].values.tolist() == [300, np.inf]


def around() -> tuple[xr.DataArray, xr.DataArray, dict[str, xr.DataArray]]:
    """A map of one row, three rings of two pixels; wet ground in all of them, rock in the last."""
    field = xr.DataArray([[-9.0, -7.0, -5.0, -3.0, -2.0, 0.0]], dims=("y", "x"))
    field.attrs = {"long_name": "rate", "units": "mm year-1"}
    number = xr.DataArray([[0, 0, 1, 1, 2, 2]], dims=("y", "x"))
    rings = xr.concat([number == k for k in range(3)], "ring")
    wet = xr.DataArray([[1, 1, 1, 1, 1, 0]], dims=("y", "x")) == 1
    return field, rings, {"wet": wet, "rock": ~wet}


def test_rings_are_crossed_with_ground_where_they_meet():
    _, rings, grounds = around()
    found = zonal.ring_zones(rings, grounds)
    assert list(found) == ["wet, ring 0", "wet, ring 1", "wet, ring 2", "rock, ring 2"]
    assert found["wet, ring 2"].values.tolist() == [[False] * 4 + [True, False]]


def test_a_rings_excess_errs_by_the_covariance_of_both_means():
    """var(a - b) = var a + var b - 2 cov; rock, which has no first ring, is left out."""
    field, rings, grounds = around()
    names = list(zonal.ring_zones(rings, grounds))
    covariance = np.full((4, 4), 0.5) + np.diag([0.5, 0.3, 0.2, 0.1])
    known = xr.DataArray(covariance, {"ground": names, "other": names}, ("ground", "other"))
    found = zonal.ring_means(field, xr.ones_like(field), rings, grounds, covariance=known)
    assert found.ground.values.tolist() == ["wet"]
    wet = found.sel(ground="wet")
    np.testing.assert_allclose(wet["mean"], [-8, -4, -2])
    np.testing.assert_allclose(wet["excess"], [6, 2, 0])
    np.testing.assert_allclose(wet["standard_error"], np.sqrt([1.0, 0.8, 0.7]))
    np.testing.assert_allclose(wet["excess_standard_error"], np.sqrt([0.7, 0.5, 0.0]), atol=1e-7)
    assert found.attrs["errors"] == "by their covariance"


def test_without_a_covariance_errors_of_rings_are_upper_bounds():
    """The pixels' average for a mean, both in squares for a difference."""
    field, rings, grounds = around()
    wet = zonal.ring_means(field, xr.full_like(field, 1.5), rings, grounds).sel(ground="wet")
    np.testing.assert_allclose(wet["standard_error"], 1.5)
    np.testing.assert_allclose(wet["excess_standard_error"], 1.5 * 2**0.5)
    assert wet.attrs["errors"] == "upper bounds"
