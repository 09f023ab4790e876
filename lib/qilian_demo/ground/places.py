"""Sites, and outlines of pits and spoil heaps, as GeoJSON."""

import json
from pathlib import Path

import numpy as np

from qilian_demo.ground.grid import pixel_size
from qilian_demo.ground.scene import PITS, SPOIL_HEAPS, STRIKE, YAKOU
from qilian_demo.mark import SIMULATED

# Name, kind, longitude, latitude [degree], where the position comes from.
SITES = (
    ("P1", "survey", 99.5, 38.04, "approximate"),
    ("Yakou", "GNSS station", *YAKOU, "published"),
    ("Gauge", "stream gauge", 99.59, 38.02, "invented"),
    ("Juhugeng", "mine", 99.15, 38.1, "approximate"),
    ("Jiangcang", "mine", 99.48, 38.05, "approximate"),
)
BETWEEN_MINES = 99.3  # degree of longitude
VERTICES = 48


def write_sites(path: Path) -> None:
    """Write the named places as points.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    """
    features = [
        _feature("Point", _position(longitude, latitude), name=name, kind=kind, position=source)
        for name, kind, longitude, latitude, source in SITES
    ]
    _write(path, "sites", features)


def write_outlines(path: Path) -> None:
    """Write the ellipses of the scene's pits and spoil heaps as polygons.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    """
    features = []
    for kind, table in {"pit": PITS, "spoil heap": SPOIL_HEAPS}.items():
        for number, ellipse in enumerate(table, start=1):
            mine = "Juhugeng" if ellipse[0] < BETWEEN_MINES else "Jiangcang"
            name = f"{kind} {number}"
            features.append(_feature("Polygon", [_ring(*ellipse)], name=name, kind=kind, mine=mine))
    _write(path, "outlines", features)


def _ring(
    longitude: float, latitude: float, half_length: float, half_width: float
) -> list[list[float]]:
    """Close an ellipse along the strike, anticlockwise as GeoJSON asks."""
    angle = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    along, across = half_length * np.cos(angle), half_width * np.sin(angle)
    east = along * np.cos(STRIKE) - across * np.sin(STRIKE)
    north = along * np.sin(STRIKE) + across * np.cos(STRIKE)
    north_km, east_km = pixel_size(1.0)
    ring = [
        _position(longitude + e / east_km, latitude + n / north_km)
        for e, n in zip(east, north, strict=True)
    ]
    return [*ring, ring[0]]


def _position(longitude: float, latitude: float) -> list[float]:
    return [round(float(longitude), 6), round(float(latitude), 6)]  # 0.1 m


def _feature(kind_of_geometry: str, coordinates: list, **properties: str) -> dict:
    geometry = {"type": kind_of_geometry, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _write(path: Path, name: str, features: list[dict]) -> None:
    """Write a feature a line."""
    lines = ",\n".join(json.dumps(feature) for feature in features)
    path.write_text(
        f'{{"type": "FeatureCollection", "name": "{name}", "description": "{SIMULATED}",\n'
        f'"features": [\n{lines}\n]}}\n'
    )
