from __future__ import annotations

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from network import InputError, grid_city
from network.io.transit_table import (
    Lines,
    near_lines,
    read_line_features,
    read_line_table,
    transit_of_lines,
    transit_unknown,
)
from network.snap import local_metres, snap
from network.travel.reach import walk_reach

CITY = grid_city(8)
ROADS, ZONES = CITY.roads, CITY.zones


def lines_on(nodes_by_line, kind="bus"):
    """Lines that call at crossings of the grid city."""
    used = sorted({n for nodes in nodes_by_line for n in nodes})
    at = {n: i for i, n in enumerate(used)}
    return Lines(ROADS.lonlat[used], [(kind, np.array([at[n] for n in nodes])) for nodes in nodes_by_line])


def total(transit):
    return transit.in_vehicle_s + transit.wait_s + transit.walk_s


def test_one_line_by_hand(parameters):
    """Crossings 0 .. 7 lie 200 m apart along the southern street; zone 0 is above crossing 0-1, zone 6 above 6-7."""
    part = transit_of_lines(lines_on([[0, 3, 7]]), ZONES, ROADS, parameters)
    walk = {}
    for zone, node in ((0, 0), (6, 7)):
        where = snap(ROADS, ROADS.lonlat[[node]])
        one = replace(ZONES.snap, **{n: a[:, [zone]] for n, a in ZONES.snap.arrays()})
        walk[zone] = int(walk_reach(ROADS, one, where, 1000.0)[2][0])
    ride_m = round(600 * 1.2) + round(800 * 1.2)
    assert part.length_m[0, 6] == ride_m
    assert part.in_vehicle_s[0, 6] == pytest.approx(ride_m / 5.0, abs=1.0)
    assert part.wait_s[0, 6] == 300.0
    assert part.walk_s[0, 6] == pytest.approx((walk[0] + walk[6]) / (4.8 / 3.6), abs=1.0)
    assert part.transfers[0, 6] == 0.0
    assert part.fare_cny[0, 6] == 2.0
    assert np.isinf(part.in_vehicle_s[6, 0])
    assert np.isinf(np.diag(part.in_vehicle_s)).all()


def test_no_pair_is_served_on_foot_alone(parameters):
    part = transit_of_lines(lines_on([[0, 1]]), ZONES, ROADS, parameters)
    served = np.isfinite(part.in_vehicle_s)
    assert (part.in_vehicle_s[served] > 0).all()
    assert (part.transfers[served] == 0).all()
    for array in (part.wait_s, part.walk_s, part.transfers, part.length_m):
        assert (np.isfinite(array) == served).all()


def oracle(lines, parameters):
    """Every pair's quickest time on an explicit graph, by networkx."""
    graph = nx.DiGraph()
    stops = snap(ROADS, lines.lonlat)
    first, stop, metres = walk_reach(ROADS, ZONES.snap, stops, parameters.number("transit.access_m"))
    speed = parameters.number("roads.walk_kmh") / 3.6
    for z in range(len(ZONES.id)):
        for i in range(first[z], first[z + 1]):
            graph.add_edge(("from", z), ("wait", stop[i]), weight=float(np.round(metres[i] / speed)))
            graph.add_edge(("got off", stop[i]), ("to", z), weight=float(np.round(metres[i] / speed)))
    first, stop, metres = walk_reach(ROADS, stops, stops, parameters.number("transit.transfer_m"))
    for s in range(len(lines.lonlat)):
        for i in range(first[s], first[s + 1]):
            graph.add_edge(("got off", s), ("wait", stop[i]), weight=float(np.round(metres[i] / speed)))
        graph.add_edge(("got off", s), ("wait", s), weight=0.0)
    xy = local_metres(lines.lonlat, float(lines.lonlat[:, 1].mean()))
    for number, (kind, calls) in enumerate(lines.lines):
        wait, kmh, detour = (parameters.number(f"transit.{kind}_{x}") for x in ("headway_min", "kmh", "detour"))
        for i, s in enumerate(calls[:-1]):
            metres = np.round(np.hypot(*(xy[calls[i + 1]] - xy[s])) * detour)
            ride_s = float(np.round(metres / kmh * 3.6))
            graph.add_edge(("wait", s), ("aboard", number, i), weight=wait * 30)
            graph.add_edge(("aboard", number, i), ("at stop", number, i + 1), weight=ride_s)
            graph.add_edge(("at stop", number, i), ("at stop", number, i + 1), weight=ride_s)
            graph.add_edge(("at stop", number, i + 1), ("got off", calls[i + 1]), weight=0.0)
    out = np.full((len(ZONES.id),) * 2, np.inf)
    for z in range(len(ZONES.id)):
        if ("from", z) in graph:
            for node, time in nx.single_source_dijkstra_path_length(graph, ("from", z)).items():
                if node[0] == "to" and node[1] != z:
                    out[z, node[1]] = time
    return out


@pytest.mark.parametrize("seed", range(4))
def test_times_equal_a_plain_graph_search(seed, parameters):
    rng = np.random.default_rng(seed)
    routes = [rng.choice(64, rng.integers(2, 6), replace=False).tolist() for _ in range(7)]
    lines = lines_on(routes)
    lines = Lines(
        lines.lonlat, [("metro" if i % 3 == 0 else kind, calls) for i, (kind, calls) in enumerate(lines.lines)]
    )
    part = transit_of_lines(lines, ZONES, ROADS, parameters)
    wanted = oracle(near_lines(lines, ZONES, 1000.0), parameters)
    assert np.isfinite(wanted).mean() > 0.3
    assert np.allclose(total(part), wanted)
    finite = np.isfinite(wanted)
    assert (part.transfers[finite] >= 0).all()
    assert (part.transfers[finite] == np.rint(part.transfers[finite])).all()


def test_lines_are_cut_to_the_zones_and_doubles_left_out():
    far = ROADS.lonlat[[0]] + [[0.5, 0.0]]
    lonlat = np.concatenate((far, ROADS.lonlat[:3], far + 0.1))
    calls = np.array([0, 1, 4, 2, 0])
    lines = Lines(lonlat, [("bus", calls), ("bus", calls.copy()), ("bus", np.array([0, 1])), ("metro", calls)])
    kept = near_lines(lines, ZONES, 500.0)
    assert [kind for kind, _ in kept.lines] == ["bus", "metro"]
    assert kept.lonlat[kept.lines[0][1]].tolist() == lonlat[[1, 4, 2]].tolist()
    with pytest.raises(InputError, match="no line has two stops near the zones"):
        near_lines(Lines(far, [("bus", np.array([0, 0]))]), ZONES, 500.0)
    with pytest.raises(InputError, match="no kind of line ferry"):
        Lines(far, [("ferry", np.array([0]))])


def test_a_line_table_is_read_in_the_order_of_its_calls(tmp_path):
    rows = [("b", "y", 2, 1), ("a", "x", 1, 0), ("b", "x", 1, 0), ("a", "z", 10, 2), ("a", "y", 9, 1)]
    text = "线路,stop_id,站序,Longitude,Latitude\n"
    text += "".join(f"{l},{s},{n},{ROADS.lonlat[i, 0]},{ROADS.lonlat[i, 1]}\n" for l, s, n, i in rows)
    (tmp_path / "calls.csv").write_bytes(text.encode("gbk"))
    lines = read_line_table(tmp_path / "calls.csv", kind="bus", crs="wgs84", roads=ROADS)
    assert [calls.tolist() for _, calls in lines.lines] == [[0, 1, 2], [0, 1]]
    assert np.allclose(lines.lonlat, ROADS.lonlat[:3])
    with pytest.raises(InputError, match="does not declare a datum"):
        read_line_table(tmp_path / "calls.csv", kind="bus", crs=None, roads=ROADS)


def test_line_features_run_both_ways(tmp_path):
    stations = "".join(f"s{i},{lon},{lat}\n" for i, (lon, lat) in enumerate(ROADS.lonlat[:4]))
    (tmp_path / "stations.csv").write_text("id,lon,lat\n" + stations)
    feature = {"type": "Feature", "geometry": None, "properties": {"station_ids": ["s2", "s0", "s3"]}}
    data = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "lines.geojson").write_text(json.dumps(data))
    how = {"kind": "metro", "crs": "wgs84", "roads": ROADS}
    lines = read_line_features(tmp_path / "lines.geojson", tmp_path / "stations.csv", **how)
    assert [(kind, calls.tolist()) for kind, calls in lines.lines] == [("metro", [2, 0, 3]), ("metro", [3, 0, 2])]
    feature["properties"]["station_ids"] = ["s2", "s9"]
    (tmp_path / "lines.geojson").write_text(json.dumps(data))
    with pytest.raises(InputError, match=r"lines.geojson, feature 1: names stations that are not in stations.csv: s9"):
        read_line_features(tmp_path / "lines.geojson", tmp_path / "stations.csv", **how)


def test_without_lines_distance_and_the_nearest_stop_stand_in(parameters):
    none = transit_unknown(ZONES, np.zeros((0, 2)), ROADS, parameters)
    apart = ~np.eye(len(ZONES.id), dtype=bool)
    assert (none.walk_s[apart] == 600.0).all()
    assert (none.wait_s[apart] == 360.0).all()
    assert np.isinf(none.walk_s[~apart]).all()
    assert np.allclose(none.in_vehicle_s[apart], none.length_m[apart] / (15 / 3.6), atol=0.5)
    some = transit_unknown(ZONES, ROADS.lonlat[[0]], ROADS, parameters)
    assert some.walk_s[0, 1] < none.walk_s[0, 1]
    assert some.walk_s[20, 30] == none.walk_s[20, 30]
