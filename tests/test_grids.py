"""Maps keep their values on another grid, places their place, and outlines their pixels."""

import geopandas as gpd
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from pyproj import Transformer
from shapely.geometry import box

from qilian.contracts.errors import InputError
from qilian.spatial import grids, zones


def field(values: np.ndarray, *, west=99.0, north=38.0, step=0.01, crs="EPSG:4326") -> xr.DataArray:
    """A map whose pixels of `step` start at a corner and run south and east."""
    rows, columns = values.shape
    coords = {
        "y": north - step * (np.arange(rows) + 0.5),
        "x": west + step * (np.arange(columns) + 0.5),
    }
    about = {"long_name": "vertical rate", "units": "mm year-1"}
    return xr.DataArray(values, coords, ("y", "x"), "rate", about).rio.write_crs(crs)


def test_a_plane_in_degrees_keeps_its_values_from_utm_to_degrees():
    """Interpolated from 400 m to pixels of half that, to a hundredth of what one of them rises."""
    metres = field(np.zeros((60, 60)), west=510e3, north=4215e3, step=400.0, crs="EPSG:32647")
    to_degrees = Transformer.from_crs("EPSG:32647", "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(*np.meshgrid(metres["x"], metres["y"]))
    metres.values = 20 * (longitude - 99) - 30 * (latitude - 38)
    degrees = field(np.zeros((60, 60)), west=99.2, north=38.0, step=0.002)
    found = grids.onto(metres, degrees)
    expected = 20 * (degrees["x"] - 99) - 30 * (degrees["y"] - 38)
    np.testing.assert_allclose(found, expected.transpose("y", "x"), atol=5e-4)
    assert found.attrs["resampling"] == "bilinear"
    assert found.attrs["units"] == "mm year-1"
    xr.testing.assert_equal(found["x"], degrees["x"])


def test_finer_pixels_are_averaged_and_missing_ones_take_no_part():
    """Blocks of 2 × 2, worked by hand."""
    nan = np.nan
    fine = field(np.array([[1, 2, 5, 5], [3, 6, nan, 5], [7, 7, nan, nan], [0, 0, nan, nan]]))
    found = grids.onto(fine, field(np.zeros((2, 2)), step=0.02))
    np.testing.assert_allclose(found, [[3, 5], [3.5, nan]], atol=1e-6)
    assert found.attrs["resampling"] == "average"


def test_interpolation_leaves_a_hole_as_it_is():
    """Neither filled from its neighbours nor spread to them."""
    values = np.ones((6, 8))
    values[2:4, 3:5] = np.nan
    whole = field(values)
    np.testing.assert_array_equal(grids.onto(whole, whole), values)


def test_a_pixel_is_as_large_as_on_the_ellipsoid():
    """A hundredth of a degree at 38° N by the radii of curvature of WGS 84; 400 m of UTM."""
    wide, high = grids.pixel_size(field(np.zeros((3, 3)), north=38.015, step=0.01))
    squared, sine = 0.00669437999, np.sin(np.radians(38))
    across = 6378137 / np.sqrt(1 - squared * sine**2)
    along = across * (1 - squared) / (1 - squared * sine**2)
    assert high == pytest.approx(along * np.radians(0.01), rel=1e-6)
    assert wide == pytest.approx(across * np.cos(np.radians(38)) * np.radians(0.01), rel=1e-6)
    metres = field(np.zeros((3, 3)), west=500e3, north=4215e3, step=400.0, crs="EPSG:32647")
    assert grids.pixel_size(metres) == pytest.approx((400 / 0.9996, 400 / 0.9996), rel=1e-5)


def test_maps_without_a_coordinate_system_or_common_ground_are_refused():
    """One sentence each."""
    here = field(np.ones((3, 3)))
    with pytest.raises(InputError, match=r"^rate has no coordinate system, expected one\.$"):
        grids.onto(here.drop_vars("spatial_ref"), here)
    with pytest.raises(InputError, match="share no ground"):
        grids.onto(here, field(np.ones((3, 3)), west=120.0))


def test_the_middle_of_an_area_is_found_in_the_coordinates_of_another_map():
    """Three pixels around 99.025° E, 37.975° N, in UTM."""
    area = field(np.zeros((5, 5)))
    area[2, 1:4] = 1
    x, y = grids.middle(area, field(np.zeros((2, 2)), crs="EPSG:32647"))
    expected = Transformer.from_crs(4326, 32647, always_xy=True).transform(99.025, 37.975)
    assert (x, y) == pytest.approx(expected)


def test_outlines_cover_every_pixel_that_they_touch_in_whatever_coordinates():
    """A box over one pixel and the edge of its neighbour; none where it lies elsewhere."""
    like = field(np.zeros((4, 4)))
    outline = gpd.GeoDataFrame(geometry=[box(99.0105, 37.9805, 99.0205, 37.9895)], crs=4326)
    expected = np.zeros((4, 4), bool)
    expected[1, 1:3] = True
    np.testing.assert_array_equal(zones.covered(outline, like), expected)
    np.testing.assert_array_equal(zones.covered(outline.to_crs(32647), like), expected)
    away = outline.set_geometry(outline.translate(xoff=5))
    with pytest.raises(InputError, match=r"the outlines lie at x 104\.01 to 104\.02"):
        zones.covered(away, like)
    assert not zones.covered(outline[:0], like).any()


@pytest.mark.parametrize("west", [179.5, -180.5])
def test_outlines_and_places_beyond_the_date_line_are_found(west):
    """On a map that crosses it, however the longitudes of either count."""
    like = field(np.zeros((10, 100)), west=west)
    for left in (-179.9, 180.1):
        outline = gpd.GeoDataFrame(geometry=[box(left, 37.95, left + 0.1, 37.96)], crs=4326)
        assert zones.covered(outline, like)[:, 60:70].sum() >= 10
        apart = grids.distance_from(like.to_dataset(), left + 0.005, 37.955)
        assert apart.min() < 100
        assert int(apart.min("y").argmin("x")) in (59, 60, 61)


@pytest.mark.parametrize(
    ("crs", "west", "step", "scale"),
    [("EPSG:4326", 99.0, 0.001, np.radians(0.001)), ("EPSG:32647", 499.95e3, 100.0, None)],
)
def test_distances_are_those_on_the_ellipsoid(crs, west, step, scale):
    """Along a parallel by its radius of curvature; on the central meridian by UTM's 0.9996."""
    north = 38.0 if scale else 4205.05e3
    grid = field(np.zeros((3, 9)), west=west, north=north, step=step, crs=crs)
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    place = to_degrees.transform(float(grid.x[0]), float(grid.y[1]))
    found = grids.distance_from(grid.to_dataset(), *place).isel(y=1)
    sine = np.sin(np.radians(place[1]))
    radius = 6378137 / np.sqrt(1 - 0.00669438 * sine**2) * np.sqrt(1 - sine**2)
    apart = radius * scale if scale else 100 / 0.9996
    np.testing.assert_allclose(found, apart * np.arange(9), rtol=1e-6, atol=1e-6)


def test_ground_near_an_outline_is_told_in_metres():
    """Pixels of 100 m, out to 250 m from a square of 100 m: two and a half beyond it, touched."""
    grid = field(np.zeros((21, 21)), west=500e3, north=4200e3, step=100.0, crs="EPSG:32647")
    x, y = 501_050.0, 4_198_950.0
    square = gpd.GeoDataFrame(geometry=[box(x - 49, y - 49, x + 49, y + 49)], crs="EPSG:32647")
    found = zones.within_distance(square.to_crs("EPSG:4326"), grid, 250.0)
    assert found.isel(y=10).values.sum() == 7
    assert not found.isel(y=6).any()


def test_rings_hold_all_ground_outside_of_outlines_once():
    """Around a square pixel of 100 m: 8 pixels in the first ring, as many as fit in the next."""
    grid = field(np.zeros((21, 21)), west=500e3, north=4200e3, step=100.0, crs="EPSG:32647")
    x, y = 501_050.0, 4_198_950.0
    square = gpd.GeoDataFrame(geometry=[box(x - 49, y - 49, x + 49, y + 49)], crs="EPSG:32647")
    found = zones.rings(square, grid, [60, 160])
    assert found["inner"].values.tolist() == [0, 60, 160]
    assert found["outer"].values.tolist() == [60, 160, np.inf]
    counts = found.sum(("y", "x")).values.tolist()
    assert sum(counts) == 21 * 21 - 1
    assert counts[:2] == [8, 16]
    with pytest.raises(InputError, match=r"^rings is \[300, 100\], expected ascending distances"):
        zones.rings(square, grid, [300, 100])


def test_pixels_within_bounds_are_those_whose_centres_are_and_none_is_refused():
    grid = xr.Dataset(coords={"y": [3.0, 2.0, 1.0], "x": [10.0, 11.0]})
    marked = grids.inside(grid, (9.5, 1.5, 10.5, 3.5)).transpose("y", "x")
    assert marked.values.tolist() == [[True, False], [True, False], [False, False]]
    with pytest.raises(InputError, match=r"^no pixel lies within 99, 37, 100, 38, expected west"):
        grids.inside(grid, (99, 37, 100, 38))
