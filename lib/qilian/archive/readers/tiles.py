"""A live optical basemap from Esri's tile server: the one thing that asks a network, when asked."""

import numpy as np
import rioxarray  # noqa: F401  (registers the .rio accessor)
import xarray as xr
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from qilian.contracts.errors import InputError

MERCATOR = "EPSG:3857"


def fetch_basemap(bounds: tuple[float, float, float, float], crs: CRS) -> xr.DataArray:
    """Fetch Esri World Imagery for an extent.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north in `crs`.
    crs : rasterio CRS
        Coordinate system of the bounds.

    Returns
    -------
    xarray.DataArray
        (band, y, x), 0 to 255, red, green and blue, in the server's Mercator projection.

    Raises
    ------
    InputError
        The server cannot be reached.
    """
    import contextily  # slow to import, and needed by no page unless it is asked for

    source = contextily.providers.Esri.WorldImagery
    degrees = transform_bounds(crs, "EPSG:4326", *bounds)
    try:
        image, (left, right, bottom, top) = contextily.bounds2img(*degrees, ll=True, source=source)
    except OSError as error:  # requests' errors are OSErrors
        raise InputError(
            "the live basemap cannot be fetched, expected a network and Esri's tile server."
        ) from error
    rows, columns, _ = image.shape
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = top - (np.arange(rows) + 0.5) * (top - bottom) / rows
    bands = np.moveaxis(image[..., :3], -1, 0).astype("float32")
    picture = xr.DataArray(bands, {"y": y, "x": x}, ("band", "y", "x"))
    return picture.rio.write_crs(MERCATOR)
