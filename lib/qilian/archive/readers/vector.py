"""Points, lines and outlines: GeoJSON and GeoPackage files."""

from pathlib import Path

import geopandas as gpd

from qilian.archive.readers.files import foreign
from qilian.contracts.errors import InputError


def read(path: Path) -> gpd.GeoDataFrame:
    """Read the features of a file with one layer.

    Parameters
    ----------
    path : Path
        A GeoJSON or GeoPackage file.

    Returns
    -------
    geopandas.GeoDataFrame
        Its features and their properties, in the file's coordinate system.

    Raises
    ------
    InputError
        Unreadable, several layers, no features, no geometry, no coordinate system.
    """
    with foreign(path, "GeoJSON or a GeoPackage"):
        layers = gpd.list_layers(path)["name"].tolist()
        if len(layers) != 1:
            raise InputError(f"{path} has {len(layers)} layers, expected one.")
        features = gpd.read_file(path)
    if features.empty:
        raise InputError(f"{path} holds no feature, expected at least one.")
    if not isinstance(features, gpd.GeoDataFrame) or features.geometry.isna().any():
        raise InputError(f"{path} holds a feature without geometry, expected one in each.")
    if features.crs is None:
        raise InputError(f"{path} has no coordinate system, expected one such as EPSG:4326.")
    west, south, east, north = features.total_bounds
    if features.crs.is_geographic and (west < -180 or south < -90 or east > 360 or north > 90):
        raise InputError(
            f"{path} claims {features.crs.to_string()} but lies at {west:g}, {north:g}, "
            "expected longitude and latitude in degrees (GeoJSON knows no others)."
        )
    return features
