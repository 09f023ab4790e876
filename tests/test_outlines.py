"""One door for outlines: whatever a file draws becomes ground that is inside, or is refused."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import raster, vector
from qilian.contracts.errors import InputError
from qilian.spatial import zones

BOX = box(100.02, 37.96, 100.04, 37.98)


def grid(left: float = 100.0, size: int = 60):
    transform = rasterio.Affine(0.001, 0, left, 0, -0.001, 38.0)
    data = raster.coordinates(raster.Grid((size, size), transform, rasterio.CRS.from_epsg(4326)))
    data["v"] = ("y", "x"), np.zeros((size, size))
    return data.v


def saved(folder: Path, *shapes, **columns) -> Path:
    path = folder / "outlines.geojson"
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326).to_file(path)
    return path


def loaded(folder: Path, name: str = "outlines") -> gpd.GeoDataFrame:
    (folder / "catalogue.toml").write_text(
        f'[archive]\nname = "x"\n[{name}]\nformat = "vector"\npath = "outlines.geojson"\n'
    )
    return open_archive(folder).load(name)


def test_an_outline_that_crosses_itself_is_mended(tmp_path):
    """What lies near contains what lies inside; the rings are those of both halves."""
    bow = Polygon([(100.02, 37.96), (100.04, 37.98), (100.04, 37.96), (100.02, 37.98)])
    outlines = vector.read(saved(tmp_path, bow))
    assert outlines.is_valid.all()
    inside = zones.covered(outlines, grid())
    assert not (inside & ~zones.within_distance(outlines, grid(), 300)).any()
    rings = zones.rings(outlines, grid(), [300, 600, 1000])
    assert rings.sum(["y", "x"]).values[:3].tolist() == [380, 360, 612]


RING = list(BOX.exterior.coords)
CLOSED = {
    "a ring": LineString(RING),
    "a ring in pieces": MultiLineString([RING[:3], RING[2:]]),
    "a polygon with height": Polygon([(x, y, 4000.0) for x, y in RING]),
    "a collection": GeometryCollection([BOX, Point(100.03, 37.97)]),
    "halves": MultiPolygon([box(100.02, 37.96, 100.03, 37.98), box(100.03, 37.96, 100.04, 37.98)]),
}


@pytest.mark.parametrize("drawn", CLOSED)
def test_one_outline_drawn_in_other_ways_is_the_same_ground(tmp_path, drawn):
    saved(tmp_path, CLOSED[drawn])
    outline = loaded(tmp_path).geometry.item()
    assert outline.symmetric_difference(BOX).area == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (LineString(RING[:4]), "feature 2 is a line that does not close"),
        (LineString([RING[0], RING[1], RING[0]]), "feature 2 is a line that does not close"),
        (Point(100.03, 37.97), "feature 2 is a Point, expected outlines"),
        (Polygon(), "feature"),
        (Polygon([RING[0], RING[1], RING[0], RING[0]]), "feature 2 has no extent"),
    ],
)
def test_what_has_no_inside_is_no_outline(tmp_path, shape, said):
    saved(tmp_path, BOX, shape)
    with pytest.raises(InputError, match=said):
        loaded(tmp_path)


@pytest.mark.parametrize("left", [210.0, -150.0])
@pytest.mark.parametrize("west", [210.02, -149.98])
def test_a_map_and_outlines_meet_however_their_longitudes_count(tmp_path, left, west):
    outlines = vector.read(saved(tmp_path, box(west, 37.96, west + 0.02, 37.98)))
    inside = zones.covered(outlines, grid(left))
    assert 400 <= inside.sum() <= 22 * 22
    assert outlines.total_bounds[0] == pytest.approx(-149.98)


def test_outlines_off_the_map_are_said_to_be_off(tmp_path):
    outlines = vector.read(saved(tmp_path, BOX))
    with pytest.raises(InputError, match=r"the outlines lie at x 100\.02 to 100\.04"):
        zones.covered(outlines, grid(110.0))


@pytest.mark.parametrize(
    "columns", [{}, {"kind": [None, None]}, {"Name": ["a", "b"]}, {"kind": ["slide", "scar"]}]
)
def test_outlines_of_no_kind_or_another_are_a_zone_of_their_own(tmp_path, columns):
    saved(tmp_path, BOX, box(100.045, 37.96, 100.05, 37.98), **columns)
    outlines = loaded(tmp_path)
    kinds = columns.get("kind", [None, None])
    assert outlines.kind.tolist() == [kind or "outline" for kind in kinds]
    found = zones.thaw_zones(None, outlines, grid())
    assert list(found) == ["ground", "outlines"]
    assert found["outlines"].sum() > 400


def test_a_kind_off_the_map_is_an_empty_zone(tmp_path):
    saved(tmp_path, BOX, box(110, 30, 110.1, 30.1), kind=["pit", "heap"])
    found = zones.thaw_zones(None, loaded(tmp_path), grid())
    assert found["pits"].any()
    assert not found["spoil"].any()


def test_a_site_may_be_an_outline_and_need_have_no_name(tmp_path):
    saved(tmp_path, BOX, Point(100.0, 38.0))
    sites = loaded(tmp_path, "sites")
    assert sites.geom_type.tolist() == ["Point", "Point"]
    assert BOX.contains(sites.geometry[0])
    assert sites.name.tolist() == ["", ""]
