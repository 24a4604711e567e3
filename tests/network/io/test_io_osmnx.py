from __future__ import annotations

import json
import math
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from urllib.parse import parse_qs, urlparse

import networkx as nx
import numpy as np
import pytest
import shapely
from road_files import Values, networkx_of, open_pairs, osm_xml

from network.errors import InputError
from network.io.graph import roads_from_ways
from network.io.osm import read_osm
from network.io.osmnx_roads import read_graphml, read_place
from network.units import CYCLE, DRIVE, EARTH_RADIUS_M, WALK

HOME = {"highway": "residential"}
NODES = {
    1: (7.420, 43.730),
    2: (7.421, 43.730),
    3: (7.421, 43.731),
    4: (7.420, 43.731),
    5: (7.4225, 43.7305),
    6: (7.4215, 43.732),
}
NODES |= {7: (7.419, 43.732)}
WAYS = {
    10: ([1, 2, 3, 4, 1], HOME | {"name": "Ring"}),
    11: ([2, 5, 6, 3], HOME | {"oneway": "yes", "oneway:bicycle": "no", "maxspeed": "30"}),
    12: ([6, 4], {"highway": "footway", "bicycle": "no"}),
}


def metres(a: int, b: int) -> float:
    (lon, lat), (lon2, lat2) = (np.radians(NODES[i]) for i in (a, b))
    half = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def by_hand() -> nx.MultiDiGraph:
    """A simplified graph as osmnx makes it: way 11 is one edge with a drawn line, the ring is merged at 1."""
    graph = nx.MultiDiGraph(crs="epsg:4326")
    for i in (2, 3, 4, 7):
        graph.add_node(i, x=NODES[i][0], y=NODES[i][1])
    ring = {"osmid": 10, "highway": "residential", "name": "Ring", "oneway": False}
    corner = shapely.LineString([NODES[4], NODES[1], NODES[2]])
    for u, v, shape in ((2, 3, None), (3, 4, None), (4, 2, corner), (4, 7, None)):
        there = ring | {"reversed": False, "length": 1.0}
        back = ring | {"reversed": True, "length": 1.0}
        if shape is not None:
            there["geometry"], back["geometry"] = shape, shape.reverse()
        graph.add_edge(u, v, **there)
        graph.add_edge(v, u, **back)
    arm = shapely.LineString([NODES[i] for i in (2, 5, 6, 3)])
    merged = {"osmid": [11, 13], "highway": ["residential", "tertiary"], "maxspeed": "30", "oneway": True}
    graph.add_edge(2, 3, **merged, reversed=False, geometry=arm, length=1.0)
    return graph


@pytest.fixture(scope="module")
def osmnx():
    import osmnx

    return osmnx


def travel_of(graph: nx.MultiDiGraph, mode: int) -> dict[tuple, float]:
    """Shortest lengths by hand of the graph above: cars as its edges point, walkers along any."""
    plain = nx.DiGraph()
    for u, v, data in graph.edges(data=True):
        line = [(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in (u, v)]
        line = list(data["geometry"].coords) if "geometry" in data else line
        number = {xy: n for n, xy in NODES.items()}
        length = sum(metres(number[a], number[b]) for a, b in pairwise(line))
        for a, b in ((u, v), (v, u)) if mode == WALK else ((u, v),):
            if not plain.has_edge(a, b) or plain[a][b]["length"] > length:
                plain.add_edge(a, b, length=length)
    return {(a, b): d for a, row in nx.all_pairs_dijkstra_path_length(plain, weight="length") for b, d in row.items()}


def test_tags_of_nodes_are_kept(osmnx, tmp_path):
    graph = by_hand()
    graph.nodes[7]["barrier"] = graph.nodes[3]["barrier"] = "bollard"
    graph.nodes[2]["street_count"] = 3
    osmnx.save_graphml(graph, tmp_path / "town.graphml")
    ways = read_graphml(tmp_path / "town.graphml")
    assert ways.point_tags == {1: {"barrier": "bollard"}, 3: {"barrier": "bollard"}}
    assert "turn restrictions" in ways.notes[0]
    _, report = roads_from_ways(ways, Values(min_joined_share=0))
    assert report.barriers == 1  # at node 7 a street just ends


@pytest.mark.parametrize("mode", [WALK, DRIVE])
@pytest.mark.parametrize("projected", [False, True])
def test_graphml_gives_the_travel_of_the_graph_it_was_saved_from(osmnx, tmp_path, mode, projected):
    graph = by_hand()
    osmnx.save_graphml(osmnx.project_graph(graph) if projected else graph, tmp_path / "town.graphml")
    roads, report = roads_from_ways(read_graphml(tmp_path / "town.graphml"), Values())
    assert len(roads.edges) == 5, "each street once"
    assert report.modes[DRIVE].joined_share == 1
    assert sorted(roads.way_id) == ["way/10", "way/11"]
    assert roads.lonlat == pytest.approx(np.array([NODES[i] for i in (2, 3, 4, 7)]), abs=1e-7)
    ours = networkx_of(roads, mode)
    number = {tuple(np.round(xy, 7)): n for n, xy in NODES.items()}
    expected = travel_of(graph, mode)
    found = {
        (number[a], number[b]): d
        for a, row in nx.all_pairs_dijkstra_path_length(ours, weight="length_m")
        for b, d in row.items()
    }
    assert found == pytest.approx(expected, abs=0.02)


def test_an_unsimplified_graph_is_drawn_as_ways_again(osmnx, tmp_path):
    (tmp_path / "town.osm").write_text(osm_xml(NODES, WAYS), encoding="utf-8")
    direct, _ = roads_from_ways(read_osm(tmp_path / "town.osm").ways, Values())
    graph = osmnx.graph_from_xml(tmp_path / "town.osm", simplify=False, retain_all=True)
    osmnx.save_graphml(graph, tmp_path / "town.graphml")
    ways = read_graphml(tmp_path / "town.graphml")
    roads, _ = roads_from_ways(ways, Values())
    assert len(ways) == 3
    assert sorted(roads.length_m) == pytest.approx(sorted(direct.length_m))
    assert open_pairs(roads, DRIVE, "way/11") == (True, False)


def test_graphml_that_cannot_be_used_is_named(osmnx, tmp_path):
    cases = {"noise.graphml": "<not xml", "empty.graphml": ""}
    for name, text in cases.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    graph = by_hand()
    for *_, data in graph.edges(data=True):
        del data["highway"]
    osmnx.save_graphml(graph, tmp_path / "classless.graphml")
    nx.write_graphml(nx.MultiDiGraph([(1, 2)]), tmp_path / "foreign.graphml")
    for name in (*cases, "classless.graphml", "foreign.graphml", "missing.graphml"):
        with pytest.raises(InputError) as caught:
            read_graphml(tmp_path / name)
        assert caught.value.problems[0].where == name
        assert caught.value.problems[0].hint


class _Recorded(BaseHTTPRequestHandler):
    """Answers in the shape of Nominatim and Overpass."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        url = urlparse(self.path)
        if url.path == "/nominatim/search":
            known = parse_qs(url.query)["q"] == ["Toytown"]
            self._answer([_PLACE] if known else [])
        else:
            self._answer(None, status=404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        query = parse_qs(body)["data"][0]
        self.asked.append(query)
        self._answer(_STREETS if '["highway"]["area"!~"yes"]' in query else _FEATURES)

    def _answer(self, content, status=200):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


_BOX = [[7.415, 43.725], [7.43, 43.725], [7.43, 43.735], [7.415, 43.735], [7.415, 43.725]]
_PLACE = {
    "place_id": 1,
    "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
    "osm_type": "relation",
    "osm_id": 1,
    "lat": "43.73",
    "lon": "7.42",
    "class": "boundary",
    "type": "administrative",
    "place_rank": 16,
    "importance": 0.6,
    "addresstype": "town",
    "name": "Toytown",
    "display_name": "Toytown",
    "boundingbox": ["43.725", "43.735", "7.415", "7.43"],
    "geojson": {"type": "Polygon", "coordinates": [_BOX]},
}
_HEAD = {"version": 0.6, "generator": "Overpass API", "osm3s": {"timestamp_osm_base": "2026-01-01T00:00:00Z"}}
_PLACED = [{"type": "node", "id": i, "lon": lon, "lat": lat} for i, (lon, lat) in NODES.items()]
_STREETS = _HEAD | {
    "elements": [*_PLACED, *({"type": "way", "id": w, "nodes": n, "tags": t} for w, (n, t) in WAYS.items())]
}
_FEATURES = _HEAD | {
    "elements": [
        *_PLACED,
        {"type": "node", "id": 30, "lon": 7.42, "lat": 43.73, "tags": {"amenity": "fuel", "name": "Pump"}},
        {"type": "node", "id": 31, "lon": 7.42, "lat": 43.73, "tags": {"shop": "bakery"}},
        {"type": "way", "id": 40, "nodes": [1, 2, 3, 4, 1], "tags": {"amenity": "parking", "capacity": "80"}},
    ]
}


@pytest.fixture
def server(osmnx, monkeypatch):
    """osmnx pointed at a server of our own that replays answers; what was asked is in `asked`."""
    asked: list[str] = []
    handler = type("Handler", (_Recorded,), {"asked": asked})
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        base = f"http://127.0.0.1:{http.server_port}"
        monkeypatch.setattr(osmnx.settings, "nominatim_url", f"{base}/nominatim")
        monkeypatch.setattr(osmnx.settings, "overpass_url", f"{base}/overpass")
        monkeypatch.setattr(osmnx.settings, "overpass_rate_limit", False)
        yield asked
        http.shutdown()
        thread.join()


def test_a_place_by_name_gives_the_streets_of_the_same_extract(osmnx, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {k: v for k, v in vars(osmnx.settings).items() if not k.startswith("__")}
    look_up = socket.getaddrinfo
    data = read_place("Toytown")
    after = {k: v for k, v in vars(osmnx.settings).items() if not k.startswith("__")}
    assert before == after
    assert socket.getaddrinfo is look_up
    assert not list(tmp_path.iterdir()), "nothing is kept on disk"
    assert len(server) == 3

    roads, _ = roads_from_ways(data.ways, Values())
    (tmp_path / "town.osm").write_text(osm_xml(NODES, WAYS), encoding="utf-8")
    direct, _ = roads_from_ways(read_osm(tmp_path / "town.osm").ways, Values())
    assert sorted(roads.way_id) == sorted(direct.way_id) == ["way/10", "way/11", "way/12"]
    for mode in (WALK, CYCLE, DRIVE):
        ours, theirs = networkx_of(roads, mode), networkx_of(direct, mode)
        times = [dict(nx.all_pairs_dijkstra_path_length(g, weight="time_ms")) for g in (ours, theirs)]
        both = set(times[0]) & set(times[1])
        assert len(both) >= 2
        for a in both:
            for b in both:
                assert times[0][a][b] == pytest.approx(times[1][a][b], abs=3)
    assert open_pairs(roads, DRIVE, "way/11") == (True, False)
    assert open_pairs(roads, CYCLE, "way/11") == (True, True)

    assert dict(zip(data.features.id, data.features.kind, strict=True)) == {
        "node/30": "fuel",
        "node/31": "shop",
        "way/40": "parking",
    }
    area_m2 = data.features.area_m2[data.features.id.index("way/40")]
    assert area_m2 == pytest.approx(metres(1, 2) * metres(2, 3), rel=1e-3)
    assert shapely.equals(data.outline, shapely.Polygon(_BOX))


def test_answers_are_kept_where_a_folder_is_named(server, tmp_path):
    first = read_place("Toytown", cache=tmp_path)
    asked = len(server)
    second = read_place("Toytown", cache=tmp_path)
    assert len(server) == asked, "the second time nothing is asked"
    digests = [roads_from_ways(d.ways, Values())[0].digest for d in (first, second)]
    assert digests[0] == digests[1]


def test_an_unknown_place_is_named_with_a_remedy(server):
    with pytest.raises(InputError, match="place 'Nowhere': no area or no streets found") as caught:
        read_place("Nowhere")
    assert caught.value.problems[0].hint


def test_a_server_that_does_not_answer_is_no_traceback(osmnx, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setattr(osmnx.settings, "nominatim_url", f"http://127.0.0.1:{port}/")
    with pytest.raises(InputError, match="do not answer"):
        read_place("Toytown")
