"""Times from zone to zone on published networks, some of whose zones may not be driven through."""

from __future__ import annotations

import re
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from tntp import (
    MS_PER_UNIT,
    read_flow,
    read_network,
    read_trips,
    roads_of,
    whole_ms,
    with_times,
    with_ways_through,
    zones_of,
)

from network.travel.roads import skim
from network.units import DRIVE, MM_PER_M, MS_PER_S

FOLDERS = {"SiouxFalls": "SiouxFalls", "Anaheim": "Anaheim", "Braess": "Braess-Example"}
BRAESS_FLOW = np.array([4.0, 2.0, 2.0, 2.0, 4.0])
"""Braess's equilibrium of 6 trips, 92 each; 83 each without the link between, where 3 go either way
(Braess, Nagurney and Wakolbinger 2005, doi:10.1287/trsc.1050.0127)."""
BRAESS_FLOW_APART = np.array([3.0, 3.0, 3.0, 0.0, 3.0])
BRAESS_BETWEEN = 3


@pytest.fixture(params=FOLDERS)
def name(request):
    return request.param


@pytest.fixture
def published(shared, name):
    """Network, trips, and flow and cost of its links at the user equilibrium."""
    folder = shared / "bench" / "assignment" / FOLDERS[name]
    network, trips = read_network(folder / f"{name}_net.tntp"), read_trips(folder / f"{name}_trips.tntp")
    if name == "Braess":
        return network, trips, BRAESS_FLOW, network.cost(BRAESS_FLOW)
    return network, trips, *read_flow(folder / f"{name}_flow.tntp", network)


def zone_to_zone(roads, network):
    """Units of published time, over the hierarchy."""
    time_s, _ = skim(roads, zones_of(network), zones_of(network), DRIVE)
    return time_s * MS_PER_S / MS_PER_UNIT


def spent(trips, times):
    """Units of published time that all trips take together; where nobody goes there may be no way."""
    return trips[trips > 0] @ times[trips > 0]


def by_networkx(network, time_ms):
    """Whole ms and mm by networkx on the links as published: of zones not to be driven through, links leave only the
    one where the way starts."""
    length_mm = np.rint(network.length * MM_PER_M)
    time, length = np.full((2, network.zones, network.zones), np.inf)
    for zone in range(network.zones):
        graph = nx.MultiDiGraph()
        graph.add_node(zone)
        for tail, head, ms, mm in zip(network.tail, network.head, time_ms, length_mm, strict=True):
            if ms >= 0 and (tail >= network.first_through or tail == zone):
                graph.add_edge(tail, head, weight=(int(ms) << 32) + int(mm))
        for other, weight in nx.single_source_dijkstra_path_length(graph, zone).items():
            if other < network.zones:
                time[zone, other], length[zone, other] = weight >> 32, weight & 0xFFFFFFFF
    return time, length


def assert_exact(roads, network, time_ms):
    time_s, length_m = skim(roads, zones_of(network), zones_of(network), DRIVE)
    time, length = by_networkx(network, time_ms)
    assert np.array_equal(time_s, time / MS_PER_S)
    assert np.array_equal(length_m, length / MM_PER_M)


def rounding(network, trips):
    """What whole milliseconds may change in a sum over all trips: half of one a link, and a quickest way meets no
    node twice. The published flows themselves miss the equilibrium by less than 1e-14 of a unit a trip."""
    return trips.sum() * network.nodes * 0.5 / MS_PER_UNIT


def test_free_flow_times_equal_networkx(published):
    network = published[0]
    time_ms = whole_ms(network.free_flow)
    assert_exact(roads_of(network, time_ms), network, time_ms)


@pytest.mark.parametrize("name", ["SiouxFalls"])
@pytest.mark.parametrize("closed", [6, 12, 24])
def test_more_zones_closed_to_through_traffic_leave_some_without_a_way(published, closed):
    network = replace(published[0], first_through=closed)
    time_ms = whole_ms(network.free_flow)
    roads = roads_of(network, time_ms)
    assert np.isinf(zone_to_zone(roads, network)).any()
    assert_exact(roads, network, time_ms)


def test_other_costs_need_no_other_hierarchy(published, monkeypatch):
    network, _, _, cost = published
    roads, rng = roads_of(network, whole_ms(network.free_flow)), np.random.default_rng(1)
    monkeypatch.setattr("network.hierarchy.dissect", None)
    monkeypatch.setattr("network.hierarchy.complete", None)
    some_closed = np.maximum(rng.integers(-1, 3, len(cost)) * rng.integers(1, MS_PER_UNIT, len(cost)), -1)
    for time_ms in (whole_ms(cost), some_closed, np.zeros_like(some_closed)):
        changed = with_times(roads, time_ms)
        assert changed.hierarchy is roads.hierarchy
        assert_exact(changed, network, time_ms)


def test_trips_at_equilibrium_take_as_long_as_the_published_flows(published):
    network, trips, volume, cost = published
    assert np.allclose(cost, network.cost(volume), rtol=1e-12, atol=0)
    mine = spent(trips, zone_to_zone(roads_of(network, whole_ms(cost)), network))
    assert mine == pytest.approx(volume @ cost, rel=0, abs=rounding(network, trips))


@pytest.mark.parametrize(("name", "title", "scale"), [("SiouxFalls", "Sioux Falls", 1e5), ("Anaheim", "Anaheim", 1.0)])
def test_trips_at_equilibrium_lead_to_the_published_objective(published, shared, title, scale):
    """At equilibrium every trip takes a quickest way, so that Beckmann's objective, the sum of the integrals of the
    links' costs, is the trips' time less the links' `cost_of_crowding`."""
    network, trips, volume, cost = published
    readme = (shared / "bench" / "README.md").read_text(encoding="utf-8")
    digits = re.search(rf"objectives \(Beckmann\):.*?{title} (\d+\.\d+)", readme)[1]
    objective, last_digit = float(digits) * scale, scale / 10 ** len(digits.split(".")[1])
    mine = spent(trips, zone_to_zone(roads_of(network, whole_ms(cost)), network))
    mine -= network.cost_of_crowding(volume).sum()
    assert mine == pytest.approx(objective, rel=0, abs=rounding(network, trips) + last_digit / 2)


@pytest.mark.parametrize("name", ["Anaheim"])
def test_driving_through_zones_would_not_be_the_published_answer(published):
    network, trips, volume, cost = published
    roads = roads_of(network, whole_ms(cost))
    right, wrong = zone_to_zone(roads, network), zone_to_zone(with_ways_through(roads), network)
    assert (wrong <= right).all() and (wrong < right).any()
    assert spent(trips, wrong) < volume @ cost - 100 * rounding(network, trips)


@pytest.mark.parametrize("name", ["Braess"])
def test_everybody_is_quicker_without_the_link_between(published):
    network, _, _, cost = published
    roads = roads_of(network, whole_ms(cost))
    assert zone_to_zone(roads, network)[0, 1] == pytest.approx(92, rel=0, abs=1e-6)
    apart = network.cost(BRAESS_FLOW_APART)
    apart_ms = np.where(np.arange(len(apart)) == BRAESS_BETWEEN, -1, whole_ms(apart))
    assert zone_to_zone(with_times(roads, apart_ms), network)[0, 1] == pytest.approx(83, rel=0, abs=1e-6)
