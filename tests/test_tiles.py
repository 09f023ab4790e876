"""The live basemap, without a network: what is done with tiles, and what is said without them."""

import numpy as np
import pytest
import requests
from rasterio.crs import CRS

from qilian.archive.readers import tiles
from qilian.contracts.errors import InputError

BOUNDS, DEGREES = (99.0, 38.0, 99.2, 38.1), CRS.from_epsg(4326)


def test_tiles_become_a_picture_in_mercator_with_its_first_row_in_the_north(monkeypatch):
    """Pixel centres from the corners that the server gives; transparency is dropped."""
    asked = []

    def tile(*bounds, ll, source):
        asked.append((bounds, ll, source.name))
        image = np.zeros((2, 4, 4), "uint8")
        image[0, 0] = 9, 8, 7, 255
        return image, (0.0, 400.0, 100.0, 300.0)

    monkeypatch.setattr("contextily.bounds2img", tile)
    picture = tiles.fetch_basemap(BOUNDS, DEGREES)
    assert asked == [(BOUNDS, True, "Esri.WorldImagery")]
    assert picture.dims == ("band", "y", "x")
    assert picture.sel(x=50, y=250).values.tolist() == [9, 8, 7]
    assert picture.rio.crs.to_epsg() == 3857
    assert picture.rio.bounds() == (0, 100, 400, 300)


def test_no_network_is_one_sentence(monkeypatch):
    def refuse(*_, **__):
        raise requests.ConnectionError("no route")

    monkeypatch.setattr("contextily.bounds2img", refuse)
    with pytest.raises(InputError, match=r"^the live basemap cannot be fetched, expected a"):
        tiles.fetch_basemap(BOUNDS, DEGREES)
