from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from network import InputError, grid_city
from network.io.layers import Plane, read_area
from network.io.tables import LONLAT, Column, read_table
from network.io.zones import Streets, areas_of, grid_cells, table_cells, zones_part

ROADS = grid_city(9).roads
LAT = float(np.median(ROADS.lonlat[:, 1]))


@pytest.fixture(scope="module")
def streets():
    return Streets.of(ROADS)


def box(west, south, east, north):
    """A rectangle in shares of the extent of the grid city, as WGS-84."""
    low, high = ROADS.lonlat.min(axis=0), ROADS.lonlat.max(axis=0)
    corner = lambda x, y: low + (high - low) * (x, y)  # noqa: E731
    return shapely.box(*corner(west, south), *corner(east, north))


def test_pieces_add_up_to_the_streets(streets):
    assert streets.length_m.sum() == pytest.approx(ROADS.length_m.sum(), rel=1e-3)
    assert streets.length_m.max() <= 25.0


def test_squares_cover_the_streets_and_keep_their_ids(streets, parameters):
    cells = grid_cells(streets, None, parameters)
    assert cells.area_m2 == pytest.approx(250.0**2, rel=1e-6)
    assert cells.sums(streets.lonlat, streets.length_m).sum() == pytest.approx(streets.length_m.sum(), rel=0.02)
    assert (cells.of(cells.lonlat) == np.arange(len(cells.id))).all()
    assert len(set(cells.id)) == len(cells.id) == 49
    assert cells.id[0] == "cell/000-000"


def test_a_boundary_clips_the_squares(streets, parameters):
    boundary = box(-0.1, -0.1, 0.5, 0.45)
    cells = grid_cells(streets, boundary, parameters)
    area = shapely.transform(boundary, cells.plane.metres)
    for outline in cells.outline:
        assert area.buffer(0.01).contains(outline)
    assert shapely.contains_xy(boundary, cells.lonlat).all()
    with pytest.raises(InputError, match="no street lies inside the boundary"):
        grid_cells(streets, box(2, 2, 3, 3), parameters)


def test_an_area_with_open_rings_is_closed(tmp_path):
    ring = [[120.0, 31.0], [120.1, 31.0], [120.1, 31.1], [120.0, 31.1]]
    shape = {"type": "MultiPolygon", "coordinates": [[ring], [[[x + 1, y] for x, y in ring]]]}
    data = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": shape}]}
    (tmp_path / "a.geojson").write_text(json.dumps(data))
    assert read_area(tmp_path / "a.geojson").area == pytest.approx(0.02)
    (tmp_path / "b.geojson").write_text("{}")
    with pytest.raises(InputError, match=r"b.geojson: is not a GeoJSON"):
        read_area(tmp_path / "b.geojson")
    data["features"][0]["geometry"] = {"type": "Point", "coordinates": [1, 2]}
    (tmp_path / "c.geojson").write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"c.geojson: holds no polygon"):
        read_area(tmp_path / "c.geojson")


def hexagons(file):
    plane = Plane(LAT)
    low = plane.metres(ROADS.lonlat).min(axis=0)
    rows = [(i, j) for i in range(5) for j in range(5)]
    centres = np.array([(300 + i * 250 + (j % 2) * 125, 300 + j * 216.5) for i, j in rows]) + low
    lines = [f"h{k},{lon:.9f},{lat:.9f},{k}" for k, (lon, lat) in enumerate(plane.degrees(centres))]
    file.write_text("id,lon,lat,population\n" + "\n".join(lines), encoding="utf-8")
    return read_table(file, {"id": Column(unique=True), **LONLAT, "population": Column(number=True)})


def test_rows_of_a_table_get_outlines_that_hold_them(tmp_path, parameters):
    table = hexagons(tmp_path / "h.csv")
    cells = table_cells(table, "wgs84", ROADS, parameters)
    assert cells.id.tolist() == table.columns["id"].tolist()
    assert (cells.of(cells.lonlat) == np.arange(25)).all()
    assert cells.area_m2[12] == pytest.approx(250 * 216.5, rel=0.01)
    assert sum(shapely.area(cells.outline)) == pytest.approx(shapely.union_all(cells.outline).area, rel=1e-6)
    part = zones_part(cells, {n: np.ones(25) for n in ("residents", "jobs", "students", "visitors")},
                      np.array(["x"] * 25), ROADS, parameters)  # fmt: skip
    ring = part.ring_lonlat[part.ring_first[12] : part.ring_first[13]]
    assert shapely.Polygon(ring).contains(shapely.Point(part.lonlat[12]))


def test_swapped_and_undeclared_tables_are_refused(tmp_path, parameters):
    table = hexagons(tmp_path / "h.csv")
    with pytest.raises(InputError, match=r"h.csv: the layer does not declare a datum"):
        table_cells(table, None, ROADS, parameters)
    table.columns["lon"], table.columns["lat"] = table.columns["lat"], table.columns["lon"]
    with pytest.raises(InputError, match=r"h.csv, rows 1, 2, .*swapped"):
        table_cells(table, "wgs84", ROADS, parameters)


def test_zones_know_their_area(streets, parameters):
    cells = grid_cells(streets, None, parameters)
    named = [("west", box(-1, -1, 0.5, 2)), ("all", box(-1, -1, 2, 2))]
    area = areas_of(cells, named, "elsewhere")
    middle = np.mean([ROADS.lonlat[:, 0].min(), ROADS.lonlat[:, 0].max()])
    assert ((area == "west") == (cells.lonlat[:, 0] < middle)).all()
    assert set(area) == {"west", "all"}
    assert set(areas_of(cells, [], "elsewhere")) == {"elsewhere"}
