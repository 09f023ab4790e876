"""Points, lines and outlines: GeoJSON and GeoPackage files, through one door."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from qilian.archive.readers.files import foreign
from qilian.contracts.errors import InputError

_POLYGONS = {"Polygon", "MultiPolygon"}
_LINES = {"LineString", "LinearRing", "MultiLineString"}


def read(path: Path) -> gpd.GeoDataFrame:
    """Read the features of a file with one layer.

    Outlines that cross themselves are made valid, lines that close become outlines, and longitudes
    count from -180 to 180.

    Parameters
    ----------
    path : Path
        A GeoJSON or GeoPackage file.

    Returns
    -------
    geopandas.GeoDataFrame
        Its features, points or outlines, and their properties, in the file's coordinate system.

    Raises
    ------
    InputError
        Unreadable, several layers, no features, no geometry, no coordinate system, a line that
        does not close.
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
    geometry = [
        _mended(shape, f"{path}, feature {n}") for n, shape in enumerate(features.geometry, 1)
    ]
    features = features.set_geometry(gpd.GeoSeries(geometry, features.index, crs=features.crs))
    return _placed(features, path)


def _mended(shape: Any, place: str) -> Any:
    """Make a valid outline of a polygon or of a line that closes; points stay as they are."""
    shape = shapely.force_2d(shape)
    if shape.geom_type in _LINES:
        ends = shapely.get_parts(shapely.line_merge(shape) if "Multi" in shape.geom_type else shape)
        if not all(end.is_closed and len(end.coords) > 3 for end in ends):
            raise InputError(f"{place} is a line that does not close, expected points or outlines.")
        shape = shapely.union_all([shapely.make_valid(shapely.Polygon(end)) for end in ends])
    if shape.geom_type in _POLYGONS | {"GeometryCollection"}:
        parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
        shape = shapely.union_all([part for part in parts if part.geom_type == "Polygon"])
    if shape.is_empty:
        raise InputError(f"{place} has no extent, expected a point or an outline.")
    return shape


def _placed(features: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """Count longitudes from -180 to 180, and refuse degrees that are none."""
    if not features.crs.is_geographic:
        return features
    west, south, east, north = features.total_bounds
    if not (west >= -180 and south >= -90 and east <= 360 and north <= 90):
        raise InputError(
            f"{path} claims {features.crs.to_string()} but lies at {west:g}, {north:g}, "
            "expected longitude and latitude in degrees (GeoJSON knows no others)."
        )
    bounds = features.bounds
    beyond = (bounds["minx"] + bounds["maxx"]) / 2 > 180
    turned = features.geometry.where(~beyond, features.translate(xoff=-360))
    return features.set_geometry(turned)


def read_outlines(path: Path) -> gpd.GeoDataFrame:
    """Read outlines as `read` does, each with a `kind`, which is `outline` where the file has none.

    Raises
    ------
    InputError
        As `read` says, and where a feature is a point.
    """
    features = read(path)
    points = ~features.geom_type.isin(_POLYGONS)
    if points.any():
        number = int(points.to_numpy().argmax()) + 1
        raise InputError(
            f"{path}, feature {number} is a {features.geom_type.iloc[number - 1]}, expected "
            "outlines."
        )
    return features.assign(kind=_told(features, "kind", "outline"))


def read_sites(path: Path) -> gpd.GeoDataFrame:
    """Read places as `read` does, an outline as a point within it, each with a `name`."""
    features = read(path)
    points = features.geometry.where(features.geom_type == "Point", features.representative_point())
    return features.set_geometry(points).assign(name=_told(features, "name", ""))


def _told(features: gpd.GeoDataFrame, name: str, otherwise: str) -> list[str]:
    if name not in features:
        return [otherwise] * len(features)
    return [str(value) for value in features[name].where(features[name].notna(), otherwise)]
