"""What operators take away: a feed of GBFS 2.3, its copy in GCJ-02, and a GeoPackage."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import shapely

from network.bike_points import no_bike_points
from network.edits.bikes import AddBikePoint
from network.errors import InputError
from network.io.bike_points import city_bike_points
from network.io.coordinates import to_wgs84
from network.io.gbfs import LEAST_TIME_S, bike_feed, write_bike_feed
from network.io.ways import Features
from network.snap import local_metres
from network.synthetic import grid_city

CITY = grid_city(4)
LON, LAT = CITY.zones.lonlat[5].tolist()
RING = tuple((LON + x * 1e-4, LAT + y * 1e-4) for x, y in ((0, 0), (0, 1), (2, 1), (2, 0)))
"""With the clock, which GeoJSON does not want."""
LAID_OUT = AddBikePoint(id="new", lon=LON + 1e-4, lat=LAT + 5e-5, spaces=12, name="桥西", outline=RING).apply(CITY)
AREA = [
    np.array([(LON - 0.01, LAT - 0.01), (LON + 0.01, LAT - 0.01), (LON + 0.01, LAT + 0.01), (LON - 0.01, LAT + 0.01)])
]


def documents(city=LAID_OUT, **options):
    return {name: json.loads(text) for name, text in bike_feed(city, **options).items() if name.endswith(".json")}


def test_every_file_has_what_the_standard_requires():
    files = documents(within=AREA, updated_s=1_700_000_000, timezone="Asia/Shanghai", url="https://x.example/gbfs/")
    names = ("gbfs", "system_information", "station_information", "geofencing_zones")
    assert set(files) == {f"{prefix}{name}.json" for prefix in ("", "gcj02/") for name in names}
    for document in files.values():
        assert document.keys() == {"last_updated", "ttl", "version", "data"}
        assert (document["last_updated"], document["version"]) == (1_700_000_000, "2.3")
    assert files["system_information.json"]["data"].keys() == {"system_id", "language", "name", "timezone"}
    listed = files["gcj02/gbfs.json"]["data"]["zh"]["feeds"]
    assert [row["url"] for row in listed] == [f"https://x.example/gbfs/gcj02/{name}.json" for name in names[1:]]


def test_marked_points_are_virtual_stations_with_their_ground():
    points = LAID_OUT.bike_points
    rows = documents()["station_information.json"]["data"]["stations"]
    assert [row["station_id"] for row in rows] == points.id.tolist()
    assert [row["is_virtual_station"] for row in rows] == (~points.docked).tolist()
    assert ["station_area" in row for row in rows] == (~points.docked).tolist()
    assert [row["capacity"] for row in rows] == points.spaces.tolist()
    assert np.allclose([(row["lon"], row["lat"]) for row in rows], points.lonlat, atol=1e-7)
    for row, m2 in zip(rows, points.area_m2.tolist(), strict=True):
        if row["is_virtual_station"]:
            area = shapely.from_geojson(json.dumps(row["station_area"]))
            (polygon,) = area.geoms
            assert area.is_valid
            assert polygon.exterior.is_ccw
            assert polygon.contains(shapely.Point(row["lon"], row["lat"]))
            if row["station_id"] != "new":
                drawn = shapely.transform(area, lambda x: local_metres(x, LAT))
                assert drawn.area == pytest.approx(m2, rel=0.01)


def test_bikes_may_be_left_at_points_alone_inside_the_ring():
    """The first zone that a place lies in holds: points come before the ground around them."""
    features = documents(within=AREA)["geofencing_zones.json"]["data"]["geofencing_zones"]["features"]
    rules = [feature["properties"]["rules"][0] for feature in features]
    assert [rule["ride_allowed"] for rule in rules] == [True] * (len(rules) - 1) + [False]
    assert all(rule["station_parking"] and rule["ride_through_allowed"] for rule in rules)
    assert len(rules) == int((~LAID_OUT.bike_points.docked).sum()) + 1
    assert len(documents()["geofencing_zones.json"]["data"]["geofencing_zones"]["features"]) == len(rules) - 1


def test_a_ring_inside_another_is_a_hole():
    hole = AREA[0] * 0.5 + np.array([LON, LAT]) * 0.5
    zone = documents(within=[*AREA, hole])["geofencing_zones.json"]["data"]["geofencing_zones"]["features"][-1]
    area = shapely.from_geojson(json.dumps(zone["geometry"]))
    assert area.is_valid
    assert area.area == pytest.approx(0.02**2 * 0.75, rel=1e-4)


def test_the_copy_for_operators_is_the_same_in_gcj02():
    files = documents(within=AREA)
    ours, theirs = (files[f"{prefix}station_information.json"]["data"]["stations"] for prefix in ("", "gcj02/"))
    a, b = (np.array([(row["lon"], row["lat"]) for row in rows]) for rows in (ours, theirs))
    off = np.hypot(*(local_metres(b, LAT) - local_metres(a, LAT)).T)
    assert (off > 100).all()
    assert (off < 1000).all()
    assert np.allclose(to_wgs84(b, "gcj02", "x"), a, atol=3e-7)
    rings = [row["station_area"]["coordinates"][0][0] for row in theirs if "station_area" in row]
    for ring, middle in zip(rings, b[~LAID_OUT.bike_points.docked], strict=True):
        assert shapely.Polygon(ring).contains(shapely.Point(middle))


def test_the_feed_comes_back_as_points(tmp_path, parameters):
    write_bike_feed(tmp_path / "feed", LAID_OUT)
    known = {"features": Features(), "zones": CITY.zones, "roads": CITY.roads, "parameters": parameters}
    for crs, prefix in (("wgs84", ""), ("gcj02", "gcj02/")):
        recipe = {"points": f"{prefix}station_information.json", "crs": crs}
        part = city_bike_points(recipe, (tmp_path / "feed").joinpath, **known).points
        points = LAID_OUT.bike_points
        assert part.id.tolist() == points.id.tolist()
        assert (part.spaces == points.spaces).all()
        assert (part.docked == points.docked).all()
        assert np.allclose(part.lonlat, points.lonlat, atol=3e-7)


def test_the_geopackage_holds_points_and_ground(tmp_path):
    write_bike_feed(tmp_path / "feed", LAID_OUT)
    file = tmp_path / "feed" / "bike_points.gpkg"
    points, areas = (pyogrio.read_dataframe(file, layer=name) for name in ("bike_points", "bike_areas"))
    assert points.crs.to_epsg() == 4326
    assert points["name"].tolist() == areas["name"].tolist() == LAID_OUT.bike_points.name.tolist()
    assert points["spaces"].tolist() == LAID_OUT.bike_points.spaces.tolist()
    assert areas.geometry.contains(points.geometry).all()


def test_same_city_same_bytes_and_nothing_half_written(tmp_path):
    first, again = bike_feed(LAID_OUT), bike_feed(LAID_OUT)
    assert first == again
    assert json.loads(first["gbfs.json"])["last_updated"] == LEAST_TIME_S
    folder = tmp_path / "feed"
    write_bike_feed(folder, LAID_OUT)
    write_bike_feed(folder, CITY)
    assert json.loads((folder / "station_information.json").read_bytes())["data"]["stations"][-1]["station_id"] != "new"
    (folder / "mine.txt").write_text("x", encoding="utf-8")
    before = {file: file.read_bytes() for file in folder.rglob("*.*")}
    with pytest.raises(InputError, match=r"holds mine.txt, which is no part of a feed"):
        write_bike_feed(folder, LAID_OUT)
    assert {file: file.read_bytes() for file in folder.rglob("*.*")} == before
    assert [file.name for file in tmp_path.iterdir()] == ["feed"]


def test_a_city_without_points_has_no_feed(tmp_path):
    with pytest.raises(InputError, match=r"has no bike points.*scenario"):
        write_bike_feed(tmp_path / "feed", replace(CITY, bike_points=no_bike_points()))
    with pytest.raises(InputError, match="within, ring 1: has 2 corners"):
        write_bike_feed(tmp_path / "feed", CITY, within=[AREA[0][:2]])
    with pytest.raises(InputError, match="timezone: 'Gusu' is not known"):
        write_bike_feed(tmp_path / "feed", CITY, timezone="Gusu")
    assert not list(tmp_path.iterdir())
