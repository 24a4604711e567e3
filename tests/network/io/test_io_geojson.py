from __future__ import annotations

import numpy as np
import prcoords
import pyogrio
import pytest
import shapely
from road_files import Values, geojson

from network.errors import InputError
from network.io.geojson import read_road_lines
from network.io.graph import roads_from_ways
from network.units import DRIVE, WALK

HOME = {"highway": "residential", "name": "人民路"}
M = 9e-6
"""A metre at the equator in degrees, nearly."""


def written(tmp_path, lines, name="roads.geojson", **members):
    file = tmp_path / name
    file.write_text(geojson(lines, **members), encoding="utf-8")
    return file


def joined(tmp_path, lines, **changed):
    ways, report = read_road_lines(written(tmp_path, lines), Values(**changed))
    roads, _ = roads_from_ways(ways, Values(min_joined_share=0))
    return roads, report


MAIN = ([(0, 0), (100 * M, 0), (200 * M, 0)], HOME)


def test_lines_meet_at_a_shared_vertex(tmp_path):
    roads, report = joined(tmp_path, [MAIN, ([(100 * M, 0), (100 * M, 50 * M)], HOME)])
    assert len(roads.lonlat) == 4
    assert len(roads.edges) == 3
    assert (report.dead_ends, report.snapped, report.crossings) == (3, 0, 0)
    assert roads.way_id.tolist() == ["road/0", "road/1"]
    assert roads.way_name.tolist() == ["人民路", "人民路"]


@pytest.mark.parametrize(("gap_m", "met"), [(1.4, True), (-1.4, True), (1.7, False)])
def test_a_dead_end_beside_a_line_is_joined_within_the_tolerance(tmp_path, gap_m, met):
    # a gap, or an end that overshoots the line
    roads, report = joined(tmp_path, [MAIN, ([(50 * M, gap_m * M), (50 * M, 80 * M)], HOME)])
    assert report.snapped == int(met)
    assert len(np.unique(roads.way[(roads.time_ms[DRIVE][roads.edges] >= 0).any(axis=1)])) == 1 + met
    assert len(roads.edges) == (3 if met else 1)
    assert report.crossings == 0


def test_a_dead_end_near_a_vertex_becomes_that_vertex(tmp_path):
    roads, report = joined(tmp_path, [MAIN, ([(201 * M, 0.2 * M), (300 * M, 0)], HOME)])
    assert len(roads.lonlat) == 3
    assert report.snapped == 2, "both dead ends met"


def test_several_ends_on_one_piece_are_put_in_order(tmp_path):
    lines = [([(0, 0), (200 * M, 0)], HOME)]
    lines += [([(x * M, 1 * M), (x * M, 60 * M)], HOME) for x in (150, 50, 100)]
    roads, report = joined(tmp_path, lines)
    assert report.snapped == 3
    main = roads.length_m[roads.way_id[roads.way] == "road/0"]
    assert main == pytest.approx([50, 50, 50, 50], rel=0.01)


def test_a_junction_that_lost_its_vertex_on_the_through_line_is_joined(tmp_path):
    # Two lines meet each other 1 m beside a line that passes through.
    meeting = (100 * M, 1 * M)
    lines = [([(0, 0), (200 * M, 0)], HOME), ([(90 * M, -80 * M), meeting], HOME), ([meeting, (100 * M, 90 * M)], HOME)]
    roads, report = joined(tmp_path, lines)
    assert (report.junctions, report.crossings) == (1, 0)
    assert len(roads.edges) == 4


def test_crossings_stay_apart_and_are_counted(tmp_path):
    lines = [
        MAIN,
        ([(50 * M, -50 * M), (50 * M, 50 * M)], HOME),
        ([(60 * M, -50 * M), (60 * M, 50 * M)], {"highway": "footway"}),
    ]
    _, report = joined(tmp_path, lines)
    assert (report.crossings, report.drivable_crossings) == (2, 1)
    assert "1 of them between streets for cars" in report.lines()[1]


def test_tags_and_ids_come_from_the_file(tmp_path):
    lines = [
        ([(0, 0), (100 * M, 0)], HOME | {"oneway": "yes", "osm_id": 12, "maxspeed": 30}),
        ([(100 * M, 0), (100 * M, 90 * M)], HOME | {"oneway": None, "osm_id": 13, "maxspeed": None}),
        ([(100 * M, 90 * M), (0, 0)], HOME | {"oneway": "no", "osm_id": 14, "maxspeed": 50.0}),
    ]
    ways, _ = read_road_lines(written(tmp_path, lines), Values())
    assert ways.id == ("way/12", "way/13", "way/14")
    assert [t.get("oneway") for t in ways.tags] == ["yes", None, "no"]
    assert [t.get("maxspeed") for t in ways.tags] == ["30", None, "50"]


def test_shapefile_and_geopackage_in_metres_give_the_same_roads(tmp_path):
    import pyproj

    line = np.array([(120.6, 31.3), (120.61, 31.3), (120.61, 31.31), (120.6, 31.3)])
    east, north = pyproj.Transformer.from_crs(4326, 32651, always_xy=True).transform(*line.T)
    drawn = shapely.to_wkb(np.array([shapely.linestrings(east, north)]))
    names = [np.array([t], dtype=object) for t in ("residential", "Ring")]
    plain, _ = read_road_lines(
        written(tmp_path, [(line.tolist(), {"highway": "residential", "name": "Ring"})]), Values()
    )
    for suffix in ("shp", "gpkg"):
        file = tmp_path / f"roads.{suffix}"
        how = {"fields": ["highway", "name"], "geometry_type": "LineString", "crs": "EPSG:32651"}
        pyogrio.raw.write(file, drawn, names, **how)
        ways, _ = read_road_lines(file, Values())
        assert ways.tags == plain.tags
        assert ways.lonlat[ways.point] == pytest.approx(plain.lonlat[plain.point], abs=2e-7)
    (tmp_path / "roads.prj").unlink()
    with pytest.raises(InputError, match=r"roads\.shp: declares no coordinate reference system") as caught:
        read_road_lines(tmp_path / "roads.shp", Values())
    assert ".prj" in caught.value.problems[0].hint
    ways, _ = read_road_lines(tmp_path / "roads.shp", Values(), crs="EPSG:32651")
    assert ways.lonlat[ways.point] == pytest.approx(plain.lonlat[plain.point], abs=2e-7)


def test_a_gcj_02_layer_is_put_where_it_belongs(tmp_path):
    true = [(120.6, 31.3), (120.61, 31.3), (120.61, 31.31)]
    shifted = [(p.lon, p.lat) for p in (prcoords.wgs_gcj((lat, lon)) for lon, lat in true)]
    ways, _ = read_road_lines(written(tmp_path, [(shifted, HOME)]), Values(), crs="gcj02")
    assert ways.lonlat[ways.point] == pytest.approx(np.array(true), abs=2e-6)


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([([(31.3, 120.6), (31.31, 120.61)], HOME)], "longitude and latitude are swapped"),
        ([([(560000, 3460000), (560100, 3460000)], HOME)], "these are not degrees"),
        ([([(120.6, 31.3), (120.61, 31.31)], {"name": "x"})], "has no column `highway`"),
    ],
)
def test_layers_that_cannot_be_used_are_named_with_a_remedy(tmp_path, lines, what):
    with pytest.raises(InputError) as caught:
        read_road_lines(written(tmp_path, lines), Values())
    (problem,) = caught.value.problems
    assert problem.where == "roads.geojson"
    assert what in problem.what
    assert problem.hint


def test_swapped_degrees_that_are_still_on_earth_are_found_by_the_area_asked_for(tmp_path):
    helsinki = shapely.box(24.9, 60.1, 25.0, 60.2)
    file = written(tmp_path, [([(60.15, 24.95), (60.16, 24.96)], HOME)])
    with pytest.raises(InputError, match="longitude and latitude are swapped"):
        read_road_lines(file, Values(), helsinki)
    file = written(tmp_path, [([(120.6, 31.3), (120.61, 31.31)], HOME)])
    with pytest.raises(InputError, match="nothing lies in the area") as caught:
        read_road_lines(file, Values(), helsinki)
    assert "swapped" not in str(caught.value)


def test_files_without_lines_are_refused(tmp_path):
    (tmp_path / "bad.geojson").write_text('{"type": "FeatureColl', encoding="utf-8")
    (tmp_path / "empty.geojson").write_text("", encoding="utf-8")
    point = {"type": "Feature", "properties": HOME, "geometry": {"type": "Point", "coordinates": [0, 0]}}
    import json

    text = json.dumps({"type": "FeatureCollection", "features": [point]})
    (tmp_path / "points.geojson").write_text(text, encoding="utf-8")
    for name, what in (
        ("bad.geojson", "cannot be read"),
        ("empty.geojson", "cannot be read"),
        ("missing.geojson", "there is no such file"),
        ("points.geojson", "holds no line"),
    ):
        with pytest.raises(InputError, match=what):
            read_road_lines(tmp_path / name, Values())


def test_suzhou_joins_98_percent_of_the_drivable_length(shared):
    file = shared / "data/suzhou/roads.geojson"
    ways, noding = read_road_lines(file, Values())
    roads, report = roads_from_ways(ways, Values())
    assert noding.length_m / 1000 == pytest.approx(612.3, abs=0.5)
    # The published description of the file: 98 % joined, 368 drivable crossings without a shared vertex.
    assert report.modes[DRIVE].joined_share > 0.97
    assert report.modes[WALK].joined_share > 0.95
    assert 360 <= noding.drivable_crossings <= 376
    again = roads_from_ways(read_road_lines(file, Values())[0], Values())[0]
    assert again.digest == roads.digest


def test_suzhou_without_joining_is_in_pieces(shared):
    ways, _ = read_road_lines(shared / "data/suzhou/roads.geojson", Values(node_tolerance_m=0.0))
    _, report = roads_from_ways(ways, Values())
    assert report.modes[DRIVE].joined_share < 0.75
