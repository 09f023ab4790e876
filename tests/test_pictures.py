"""Pictures from above keep their hues, their place and their sun."""

import base64
import io
import re

import numpy as np
import rioxarray  # noqa: F401
import xarray as xr
from matplotlib.image import imread

from qilian.figures import survey
from qilian.imagery import composites
from qilian.views.swipe import swipe_view


def pixels(**bands: np.ndarray) -> xr.DataArray:
    """Values as an image of one row."""
    values = np.array(list(bands.values()), float)[:, np.newaxis, :]
    coords = {"band": list(bands), "y": [0.0], "x": np.arange(values.shape[2], dtype=float)}
    return xr.DataArray(values, coords, ("band", "y", "x"))


def test_natural_colours_keep_hues_and_infrared_stands_in_for_blue():
    """All bands are stretched alike; what is missing stays so."""
    shades = np.linspace(0.05, 0.3, 200)
    grey = pixels(blue=shades, green=shades, red=shades, near_infrared=shades)
    shown = composites.colour_composite(grey)
    assert shown.band.values.tolist() == ["red", "green", "blue"]
    np.testing.assert_allclose(shown.sel(band="red"), shown.sel(band="blue"))
    assert (shown.min(), shown.max()) == (0, 255)
    film = composites.colour_composite(grey.drop_sel(band="blue"))
    assert film.band.values.tolist() == ["near_infrared", "red", "green"]


def test_relief_is_bright_towards_the_north_west_on_either_order_of_rows():
    """A roof whose one side faces the sun; level ground lies between."""
    y, x = 38 - 0.01 * np.arange(21), 99 + 0.01 * np.arange(21)
    height = xr.DataArray(-40.0 * np.abs(np.arange(21) - 10), {"x": x}, ("x",))
    roof = height.expand_dims(y=y).transpose("y", "x").rio.write_crs("EPSG:4326")
    for rows in (roof, roof.isel(y=slice(None, None, -1))):
        shade = survey.hillshade(rows).isel(band=0, y=10)
        assert shade[5] > shade[15]
        assert (shade >= 130).all()
        assert (shade <= 255).all()


def test_the_background_is_the_first_that_reaches_beyond_the_extent():
    """Else the last; none of none."""
    picture = pixels(red=np.ones(5)).rio.write_crs("EPSG:4326")
    small = picture.assign_coords(x=99 + 0.1 * np.arange(5)).isel(y=[0, 0])
    small = small.assign_coords(y=[38.0, 37.9])
    large = small.assign_coords(x=98 + 1.0 * np.arange(5), y=[39.0, 36.0])
    near, far = (99.0, 99.2, 37.92, 37.98), (98.5, 101.0, 37.0, 38.5)
    assert survey.reaching([small, large], near) is small
    assert survey.reaching([small, large], far) is large
    assert survey.reaching([large, small], (0, 1, 0, 1)) is small
    assert survey.reaching([None], near) is None


def test_a_swipe_holds_both_pictures_and_asks_nothing_of_a_network():
    """Two pictures that decode to their size, a slider with a name, a bar as long as it says."""
    x, y = 0.5 * np.arange(500), -0.5 * np.arange(400)
    grey = xr.DataArray(np.full((1, 400, 500), 90.0), {"y": y, "x": x}, ("band", "y", "x"))
    grey[0, :10] = np.nan
    color = xr.concat([grey] * 3, "band")
    data = xr.Dataset(attrs={"simulated": True})
    page = swipe_view(grey, color, data, names=["1984 <film>", "2025"]).data
    embedded = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(embedded) == 2
    for text in embedded:
        shown = imread(io.BytesIO(base64.b64decode(text)), format="jpeg")
        assert shown.shape == (400, 500, 3)
        assert abs(int(shown[200, 200, 0]) - 90) <= 2
        assert shown[3, 200, 0] > 200
    assert "http" not in page
    assert 'aria-label="border between Simulated: 1984 &lt;film&gt; and Simulated: 2025"' in page
    # 500 pixels of half a metre: 50 m are a fifth.
    assert 'style="width: 20.00%">50 m<' in page
    assert "<script" not in page
