"""Trips chained to the work of single buses, beside a largest matching found by networkx."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from network import grid_city
from optimise.bus_blocks import BusTrips, Terminals, bus_trips, chain, terminals_of

SPEED, DETOUR = 5.0, 1.2


@pytest.fixture(scope="module")
def buses():
    return replace(grid_city(3).buses, layover_min=np.array(5.0), longest_h=np.array(20.0))


def shuttle(rng, lines=3, trips=40):
    """Trips at random between four terminals on a line, ends of a trip at random too."""
    depart = np.sort(rng.integers(0, 6 * 60, trips)) * 60.0
    start, end = rng.integers(0, 4, (2, trips))
    return BusTrips(
        line=tuple(f"line {i}" for i in range(lines)),
        of=rng.integers(0, lines, trips),
        start=start,
        end=end,
        depart_s=depart,
        arrive_s=depart + rng.integers(5, 60, trips) * 60.0,
        km=rng.uniform(3, 12, trips).round(1),
    )


TERMINALS = Terminals(
    stop=np.arange(4), of_stop=np.arange(4), metres=np.array([[0.0, 0.0], [600.0, 0.0], [2000.0, 0.0], [9000.0, 0.0]])
)


def fewest(trips, buses):
    """Trips less the largest matching of trips with those that may follow from the nearest start of the line."""
    graph, layover_s = nx.Graph(), float(buses.layover_min) * 60
    many = len(trips.of)
    graph.add_nodes_from(range(many))
    for a in range(many):
        starts = np.unique(trips.start[trips.of == trips.of[a]])
        away = np.abs(TERMINALS.metres[starts, 0] - TERMINALS.metres[trips.end[a], 0])
        to, way_s = starts[away.argmin()], away.min() * DETOUR / SPEED
        for b in range(many):
            same = trips.of[a] == trips.of[b] and trips.start[b] == to
            if same and trips.arrive_s[a] + way_s + layover_s <= trips.depart_s[b]:
                graph.add_edge(a, many + b)
    return many - len(nx.bipartite.maximum_matching(graph, range(many))) // 2


@pytest.mark.parametrize("seed", range(8))
def test_no_chaining_needs_fewer_buses(seed, buses):
    trips = shuttle(np.random.default_rng(seed))
    blocks = chain(trips, TERMINALS, buses, SPEED, DETOUR)
    assert len(blocks) == fewest(trips, buses) < len(trips.of)


@pytest.mark.parametrize("seed", range(4))
def test_blocks_hold_every_trip_once_and_keep_the_layover(seed, buses):
    trips = shuttle(np.random.default_rng(seed))
    blocks = chain(trips, TERMINALS, buses, SPEED, DETOUR)
    assert sum(len(block.stays) + 1 for block in blocks) == len(trips.of)
    assert sum(block.km for block in blocks) >= trips.km.sum() - 1e-9
    for block in blocks:
        assert all(stay.to_s - stay.from_s >= 300 for stay in block.stays)
        times = [block.out_s, *(t for stay in block.stays for t in (stay.from_s, stay.to_s)), block.back_s]
        assert times == sorted(times)


def test_a_bus_goes_home_in_time(buses):
    """A shuttle around the clock: without the limit one bus would never come home."""
    hours = np.arange(24) * 3600.0
    there = np.arange(24) % 2
    trips = BusTrips(
        line=("night",), of=np.zeros(24, int), start=there, end=1 - there, depart_s=hours, arrive_s=hours + 3000,
        km=np.full(24, 10.0),
    )  # fmt: skip
    blocks = chain(trips, TERMINALS, replace(buses, longest_h=np.array(10.0)), SPEED, DETOUR)
    assert len(blocks) == 3
    assert max(block.back_s - block.out_s for block in blocks) <= 10 * 3600
    assert len(chain(trips, TERMINALS, replace(buses, longest_h=np.array(23.0)), SPEED, DETOUR)) == 2


def test_a_line_without_a_way_back_runs_empty():
    """Two trips one way an hour apart: the bus drives back 2 km x 1.2 and takes the second."""
    buses = grid_city(3).buses
    trips = BusTrips(
        line=("one way",), of=np.zeros(2, int), start=np.zeros(2, int), end=np.full(2, 2),
        depart_s=np.array([0.0, 3600.0]), arrive_s=np.array([1200.0, 4800.0]), km=np.full(2, 3.0),
    )  # fmt: skip
    (block,) = chain(trips, TERMINALS, buses, SPEED, DETOUR)
    assert block.km == pytest.approx(3.0 + 2.4 + 3.0)
    assert block.stays[0].from_s == pytest.approx(1200 + 2400 / SPEED)
    assert (block.first, block.last) == (0, 2)


def test_the_trips_are_those_of_the_timetable():
    city = grid_city(6)
    transit = city.transit
    terminals = terminals_of(transit, 50.0)
    trips = bus_trips(transit, terminals)
    bus = [
        p
        for p in range(len(transit.timetable.pattern_line))
        if transit.line_mode[transit.timetable.pattern_line[p]] == 0
    ]
    assert len(trips.of) == sum(len(transit.timetable.times(p)[0]) for p in bus)
    assert (np.diff(trips.depart_s) >= 0).all()
    assert (trips.arrive_s > trips.depart_s).all()
    assert len(terminals_of(transit, 1e6).stop) == 1
    twice = replace(transit, line_m=2 * np.maximum(transit.line_m, 10_000.0))
    longer = bus_trips(twice, terminals)
    assert longer.km.min() == pytest.approx(20.0)
    assert ((longer.arrive_s - longer.depart_s) / (trips.arrive_s - trips.depart_s)).min() > 1
