from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from feed_files import AT, FEED, ROADS, changes, place, read, written

from network import InputError
from network.io.gtfs_pathways import read_pathways
from network.io.gtfs_stops import read_stops
from network.io.transit import joined, transit_part

WAYS = "pathway_id,from_stop_id,to_stop_id,pathway_mode,is_bidirectional,length,traversal_time,stair_count\n"
STATION = (
    place(AT[9], "station", 1, "") + place(AT[10], "door a", 2, "station") + place(AT[12], "door b", 2, "station")
    + place(None, "hall", 3, "station") + place(None, "front", 4, "s3")
)  # fmt: skip
STOPS = FEED["stops.txt"].replace(",0,\ns1", ",0,station\ns1").replace(",0,\nfar", ",0,station\nfar") + STATION
"""The metro calls at s0 and s3, platforms of one station; the bus calls there and at s1 and s2 too."""


def ways(*rows):
    return WAYS + "".join(f"w{i},{row}\n" for i, row in enumerate(rows))


def test_stations_have_platforms_and_entrances(tmp_path, parameters):
    source = read(written(tmp_path / "feed", stops=STOPS), parameters).source
    (station,) = source.stations
    assert (station.id, station.name, station.eligible) == ("station", "Station", True)
    assert np.allclose(station.lonlat, AT[9], atol=1e-7)
    assert source.stop_id[list(station.platforms)].tolist() == ["s0", "s3"]
    assert [(e.id, e.station) for e in source.entrances] == [("door a", "station"), ("door b", "station")]
    assert np.allclose([e.lonlat for e in source.entrances], AT[[10, 12]], atol=1e-7)
    assert source.stop_id.tolist() == ["s0", "s1", "s2", "s3", "far"]


def test_only_trains_make_a_station(tmp_path, parameters):
    routes = FEED["routes.txt"].replace("401", "900")
    source = read(written(tmp_path / "feed", stops=STOPS, routes=routes), parameters).source
    assert (source.stations, source.entrances) == ([], [])
    alone = FEED["stops.txt"].replace(",0,\ns1", ",0,station\ns1") + STATION
    source = read(written(tmp_path / "feed", stops=alone), parameters).source
    assert [(s.id, s.name, source.stop_id[list(s.platforms)].tolist()) for s in source.stations] == [
        ("s3", "Stop 3", ["s3"]), ("station", "Station", ["s0"]),
    ]  # fmt: skip


def test_what_is_no_station_has_no_platforms_and_where_trips_call_is_a_stop(tmp_path, parameters):
    stops = FEED["stops.txt"].replace(",0,\ns1", ",0,s1\ns1").replace(",0,\nfar", ",1,\nfar")
    source = read(written(tmp_path / "feed", stops=stops), parameters).source
    assert [(s.id, source.stop_id[list(s.platforms)].tolist()) for s in source.stations] == [
        ("s0", ["s0"]), ("s3", ["s3"]),
    ]  # fmt: skip
    assert "s3" in source.stop_id


def test_parents_that_are_not_there_are_told(tmp_path, parameters):
    stops = FEED["stops.txt"].replace(",0,\ns1", ",0,gone\ns1")
    feed = read(written(tmp_path / "feed", stops=stops), parameters)
    assert [s.id for s in feed.source.stations] == ["s0", "s3"]
    assert feed.notes == ("1 stops name a parent_station that is not in stops.txt",)


def test_pathways_by_hand(tmp_path, parameters):
    """From platform s0 over the hall to the front of platform s3, one way; given times go before lengths."""
    rows = ("door a,hall,1,1,,40,", "hall,s0,2,1,30,25,99", "hall,front,4,0,37,,", "door b,s3,6,0,,0,")
    folder = written(tmp_path / "feed", stops=STOPS, pathways=ways(*rows))
    stops, _ = read_stops(folder, "wgs84", ROADS)
    found, notes = read_pathways(folder, stops, 1.2)
    name = stops.id.tolist()
    told = [
        {(name[a], name[b]): s for (a, b), s in part.items()} for part in (found.between, found.inwards, found.outwards)
    ]
    assert told == [
        {("s0", "s3"): 56},
        {("door a", "s0"): 65, ("door a", "s3"): 71, ("door b", "s3"): 0},
        {("s0", "door a"): 65},
    ]
    assert notes == []
    source = read(folder, parameters).source
    assert changes(source) == {("s0", "s3"): math.ceil(25 + 37 / (parameters.number("roads.walk_kmh") / 3.6)) + 60}
    transfers = "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nstation,station,2,100\n"
    given = changes(read(written(folder, stops=STOPS, transfers=transfers), parameters).source)
    assert given == {(a, b): 100 for a in ("s0", "s3") for b in ("s0", "s3")}


def test_ways_inside_lead_from_entrances_to_platforms(tmp_path, parameters):
    rows = ("door a,hall,1,1,,40,", "hall,s0,2,0,,25,", "door b,s3,6,0,,0,", "s3,s2,1,1,,9,")
    source = read(written(tmp_path / "feed", stops=STOPS, pathways=ways(*rows)), parameters).source
    names = [(source.entrances[e].id, str(source.stop_id[p]), into, out) for e, p, into, out in source.ways]
    assert names == [("door a", "s0", 65, -1), ("door b", "s2", 9, -1), ("door b", "s3", 0, -1)]
    twice = joined([source, source])
    assert twice.ways[:3] == source.ways
    assert [(e - 2, p - 5, *s) for e, p, *s in twice.ways[3:]] == source.ways
    assert [s.id for s in twice.stations] == ["station", "2:station"]
    assert [(e.id, e.station) for e in twice.entrances[2:]] == [("2:door a", "2:station"), ("2:door b", "2:station")]
    assert [line.id for line in twice.lines] == ["b", "m", "2:b", "2:m"]
    assert len(transit_part([source, source], ROADS, parameters)[0].stations.id) == 2
    part, beyond = transit_part([source], ROADS, parameters)
    s = part.stations
    assert beyond == 1
    assert [
        (str(s.entrance_id[e]), str(part.timetable.stop_id[p]), int(into), int(out))
        for e, p, into, out in zip(s.way_entrance, s.way_stop, s.way_in_s, s.way_out_s, strict=True)
    ] == names


def test_a_pathway_that_tells_nothing_is_a_straight_line(tmp_path, parameters):
    rows = ("door a,door b,1,1,,,", "door b,hall,1,1,,,", "hall,s0,1,1,,20,", "hall,s3,1,1,,20,")
    feed = read(written(tmp_path / "feed", stops=STOPS, pathways=ways(*rows)), parameters)
    assert feed.notes == (
        "2 pathways tell neither time nor length: straight lines stand for them, nothing without a place",
    )  # fmt: skip
    assert changes(feed.source) == {("s0", "s3"): 100, ("s3", "s0"): 100}


@pytest.mark.parametrize("seed", range(20))
def test_ways_through_stations_are_those_of_networkx(tmp_path, seed):
    """Stations with random pathways, one or both ways, some twice, some of no time at all."""
    rng = np.random.default_rng(seed)
    kinds = {f"n{i}": int(k) for i, k in enumerate(rng.choice([0, 2, 3], 14))}
    head = FEED["stops.txt"].splitlines()[0] + "\n"
    stops = head + "".join(place(AT[i], name, kind, "") for i, (name, kind) in enumerate(kinds.items()))
    graph, rows = nx.MultiDiGraph(), []
    for _ in range(rng.integers(3, 25)):
        a, b = (f"n{i}" for i in rng.integers(0, 14, 2))
        seconds, both = int(rng.choice([0, 1, 5, 30, 60])), int(rng.integers(2))
        rows.append(f"{a},{b},1,{both},,{seconds},")
        graph.add_edge(a, b, weight=seconds)
        if both:
            graph.add_edge(b, a, weight=seconds)
    folder = written(tmp_path, stops=stops, pathways=ways(*rows))
    table, _ = read_stops(folder, "wgs84", ROADS)
    found, _ = read_pathways(folder, table, 1.2)
    expected = dict(nx.all_pairs_dijkstra_path_length(graph))
    for part, ends in ((found.between, (0, 0)), (found.inwards, (2, 0)), (found.outwards, (0, 2))):
        assert {(f"n{a}", f"n{b}"): s for (a, b), s in part.items()} == {
            (a, b): s for a, far in expected.items() for b, s in far.items() if a != b and (kinds[a], kinds[b]) == ends
        }


WRONG = {
    r"pathways.txt, row 3, column to_stop_id: 'cellar' is not in stops.txt": ("s0,hall,1,1,,5,", "hall,cellar,1,1,,5,"),
    "pathways.txt, row 2, column traversal_time: -5 is below 0": ("s0,hall,1,1,,-5,",),
    "pathways.txt, row 2: takes longer than a day": ("s0,hall,1,1,,99999999999,",),
    "pathways.txt, row 2, column length: -1 is below 0": ("s0,hall,1,1,-1,,",),
    "pathways.txt, row 2: does not say whether it leads both ways": ("s0,hall,1,,,5,",),
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_pathways_are_named_by_file_and_row(tmp_path, parameters, message):
    with pytest.raises(InputError, match=message):
        read(written(tmp_path / "feed", stops=STOPS, pathways=ways(*WRONG[message])), parameters)


def test_everything_of_one_kind_is_named_at_once(tmp_path, parameters):
    stops = STOPS + place(None, "lost", 1, "") + place(None, "stray", 2, "station")
    with pytest.raises(InputError) as caught:
        read(written(tmp_path / "feed", stops=stops), parameters)
    assert [(p.where, p.what) for p in caught.value.problems] == [
        ("stops.txt, row 12", "has no stop_lon"), ("stops.txt, row 13", "has no stop_lon"),
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"stops\.txt, row 12: has an unknown location_type"):
        read(written(tmp_path / "feed", stops=STOPS + place(AT[0], "odd", 7, "")), parameters)
    times = FEED["stop_times.txt"].replace("b1,,,s2,7", "b1,,,hall,7")
    with pytest.raises(InputError, match=r"stop_times\.txt, row 4: calls at a node or boarding area"):
        read(written(tmp_path / "feed", stops=STOPS, stop_times=times), parameters)
