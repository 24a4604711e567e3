"""Points for shared bikes of a recipe: tables, feeds of GBFS, the map; what is wrong is named and mended when told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from network.errors import InputError
from network.io import bike_points
from network.io.bike_points import city_bike_points
from network.io.coordinates import to_gcj02
from network.io.spec import read_spec
from network.io.ways import Features
from network.snap import nearest_of
from network.synthetic import grid_city

CITY = grid_city(4)
HEADER = "id,lon,lat,spaces,bikes,docked,name,area_m2"


def spot(i):
    lon, lat = CITY.zones.lonlat[i]
    return f"{lon:.6f},{lat:.6f}"


GOOD = [f"a,{spot(0)},20,5,yes,桥西,", f"b,{spot(3)},10,,no,,12.5"]


@pytest.fixture
def read(tmp_path, parameters):
    def call(recipe=None, features=None, **files):
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
        known = {"features": features or Features(), "zones": CITY.zones, "roads": CITY.roads}
        return city_bike_points(recipe or {}, tmp_path.joinpath, parameters=parameters, **known)

    return call


def table(*rows, header=HEADER):
    return "\n".join((header, *rows))


def test_a_table_becomes_points_on_the_streets(read):
    found = read({"points": "p.csv", "crs": "wgs84"}, p__csv=table(*GOOD))
    part = found.points
    assert part.id.tolist() == ["a", "b"]
    assert part.name.tolist() == ["桥西", ""]
    assert (part.spaces.tolist(), part.docked.tolist(), part.area_m2.tolist()) == ([20, 10], [True, False], [0, 12.5])
    assert part.bikes.tolist() == [5, 5]
    assert found.assumed == [
        (
            "bike_points.bikes",
            "1",
            "points",
            "bikes that stand there as the day begins are not told: by bikes.start_share",
        )
    ]
    assert part.zone.tolist() == nearest_of(CITY.zones.lonlat, part.lonlat).tolist() == [0, 3]
    assert "2 points for shared bikes with 30 places, 1 of them with docks" in found.lines[0]


def test_headers_may_be_chinese_and_the_file_gbk(read, tmp_path):
    text = table(f"a,{spot(0)},20,3,是", header="站点编号,经度,纬度,桩位数,可借车辆数,有桩")
    (tmp_path / "p.csv").write_bytes(text.encode("gbk"))
    part = read({"points": "p.csv", "crs": "wgs84"}).points
    assert (part.id.tolist(), part.spaces.tolist(), part.bikes.tolist(), part.docked.tolist()) == (
        ["a"],
        [20],
        [3],
        [True],
    )


BAD = {
    "no capacity": (f"c,{spot(5)},,0,,,", "has no capacity"),
    "no places": (f"c,{spot(5)},0,0,,,", "has a capacity of 0"),
    "too many bikes": (f"c,{spot(5)},10,11,,,", "11 bikes for 10 places"),
    "negative bikes": (f"c,{spot(5)},10,-1,,,", "-1 bikes are negative"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_by_its_row(read, name):
    row, what = BAD[name]
    with pytest.raises(InputError, match=rf"p.csv, row 4 \(c\): {what}.*repair = true"):
        read({"points": "p.csv", "crs": "wgs84"}, p__csv=table(*GOOD, row))


def test_all_that_is_wrong_is_told_at_once(read):
    rows = [row.replace("c,", f"c{i},", 1) for i, (row, _) in enumerate(BAD.values())]
    with pytest.raises(InputError) as error:
        read({"points": "p.csv", "crs": "wgs84"}, p__csv=table(*GOOD, *rows, GOOD[0]))
    assert len(error.value.problems) == len(BAD) + 1
    assert "the id 'a' stands in p.csv, row 2 (a) already" in str(error.value)


def test_stations_are_mended_only_when_told(read):
    rows = [row.replace("c,", f"c{i},", 1) for i, (row, _) in enumerate(BAD.values())]
    found = read({"points": "p.csv", "crs": "wgs84", "repair": True}, p__csv=table(*GOOD, *rows))
    assert found.points.id.tolist() == ["a", "b", "c2", "c3"]
    assert found.points.bikes.tolist() == [5, 5, 10, 0]
    text = " ".join(found.lines)
    assert "2 points have no capacity and are left out: c0, c1" in text
    assert "2 points had fewer bikes than none or more than places" in text


def test_a_point_in_the_middle_of_nowhere(read, monkeypatch):
    """Beyond all streets: left out and told. Among them but far from any: refused, or left out when told."""
    middle = CITY.roads.lonlat.mean(axis=0)
    far = f"far,{middle[0] + 1:.4f},{middle[1]:.4f},5,0,,,"
    found = read({"points": "p.csv", "crs": "wgs84"}, p__csv=table(*GOOD, far))
    assert found.points.id.tolist() == ["a", "b"]
    assert any("1 points lie beyond the streets" in line for line in found.lines)
    with pytest.raises(InputError, match="none of its 1 points lies near the streets"):
        read({"points": "p.csv", "crs": "wgs84"}, p__csv=table(far))
    monkeypatch.setattr(bike_points, "amidst", lambda _, lonlat: np.ones(len(lonlat), np.bool_))
    with pytest.raises(InputError, match=r"p.csv, row 4 \(far\): is on no walkable street: the nearest is"):
        read({"points": "p.csv", "crs": "wgs84"}, p__csv=table(*GOOD, far))
    found = read({"points": "p.csv", "crs": "wgs84", "repair": True}, p__csv=table(*GOOD, far))
    assert found.points.id.tolist() == ["a", "b"]
    assert any("1 points are on no walkable street and are left out: far" in line for line in found.lines)


def test_a_table_declares_its_datum(read):
    with pytest.raises(InputError, match="does not declare a datum"):
        read({"points": "p.csv"}, p__csv=table(*GOOD))
    there = to_gcj02(CITY.zones.lonlat[:1])[0]
    part = read({"points": "p.csv", "crs": "gcj02"}, p__csv=table(f"a,{there[0]:.7f},{there[1]:.7f},5,0,,,")).points
    assert np.allclose(part.lonlat[0], CITY.zones.lonlat[0], atol=1e-6)


def test_words_other_than_yes_and_no(read):
    with pytest.raises(InputError, match="row 2, column docked: 'maybe' is neither yes nor no"):
        read({"points": "p.csv", "crs": "wgs84"}, p__csv=table(f"a,{spot(0)},20,5,maybe,,"))


def stations(**more):
    (ax, ay), (bx, by) = CITY.zones.lonlat[[0, 3]].tolist()
    d = 1e-5
    ring = [[bx - d, by - d], [bx + d, by - d], [bx + d, by + d], [bx - d, by + d], [bx - d, by - d]]
    rows = [
        {"station_id": "a", "name": "Alpha", "lon": ax, "lat": ay, "capacity": 20},
        {
            "station_id": "b", "name": [{"text": "乙", "language": "zh"}], "lon": bx, "lat": by, "capacity": 8,
            "is_virtual_station": True, "station_area": {"type": "MultiPolygon", "coordinates": [[ring]]},
        },
    ]  # fmt: skip
    rows[0] |= more
    return {"last_updated": 1712351088, "ttl": 0, "version": "2.3", "data": {"stations": rows}}


STATUS = {"data": {"stations": [
    {"station_id": "a", "num_bikes_available": 7}, {"station_id": "b", "num_vehicles_available": 2},
]}}  # fmt: skip


def test_a_feed_of_either_version(read):
    found = read(
        {"points": "station_information.json", "status": "station_status.json"},
        station_information__json=stations(), station_status__json=STATUS,
    )  # fmt: skip
    part = found.points
    assert part.name.tolist() == ["Alpha", "乙"]
    assert (part.docked.tolist(), part.spaces.tolist(), part.bikes.tolist()) == ([True, False], [20, 8], [7, 2])
    side = 2e-5 * np.radians(6_371_000.0)
    assert part.area_m2[1] == pytest.approx(side**2 * np.cos(np.radians(part.lonlat[1, 1])), rel=0.01)
    assert part.ring_first.tolist() == [0, 0, 5]
    assert found.assumed == []


def test_a_feed_without_capacity_or_places(read):
    recipe = {"points": "i.json"}
    with pytest.raises(InputError, match=r"i.json, station 1 \(a\): has no capacity"):
        read(recipe, i__json=stations(capacity=None))
    with pytest.raises(InputError, match=r"i.json, station 1 \(a\): lacks numbers lon and lat"):
        read(recipe, i__json=stations(lon="x"))
    with pytest.raises(InputError, match=r"holds no data.stations"):
        read(recipe, i__json={"data": {}})
    with pytest.raises(InputError, match="goes with a feed of GBFS only"):
        read({"points": "p.csv", "status": "s.json"}, p__csv=table(*GOOD))


def test_stations_of_the_map_that_tell_a_capacity(read):
    tags = ({"capacity": "12"}, {}, {"capacity": "5", "bicycle_rental": "shop"}, {"capacity": "9", "access": "private"})
    features = Features(
        id=tuple(f"node/{i}" for i in range(4)), kind=("bicycle_rental",) * 4, name=("x",) * 4,
        lonlat=CITY.zones.lonlat[:4], area_m2=np.zeros(4), tags=tags,
    )  # fmt: skip
    found = read(features=features)
    part = found.points
    assert (part.id.tolist(), part.spaces.tolist(), part.bikes.tolist()) == (["osm/node/0"], [12], [6])
    assert part.docked.all()
    assert any("1 of 2 stations of shared bikes tell no capacity" in line for line in found.lines)
    assert [row[0] for row in found.assumed] == ["bike_points", "bike_points.bikes"]
    assert len(read().points.id) == 0


def test_a_recipe_names_its_entries(tmp_path):
    folder = tmp_path / "cities" / "x"
    folder.mkdir(parents=True)
    (folder / "city.toml").write_text('[roads]\nplace = "x"\n[bikes]\nstations = "p.csv"\n', encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_spec(tmp_path, "x")
    assert "[bikes]: lacks 'points'" in str(error.value)
    assert "[bikes]: has an unknown entry 'stations'" in str(error.value)
