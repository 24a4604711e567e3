"""Journeys by a real timetable and a plain connection scan (Dibbelt et al. 2013, doi:10.1007/978-3-642-38527-8_6)."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import pytest

from network.kernels.rounds import NEVER
from network.travel.transit import journeys, walks_to_stops

LONGEST_S = 7200
PAIRS = 50
RIDES = 8
"""More than any quickest journey here has, since the scan does not count them."""


def connections_of(table):
    """(departure, position, trip, arrival, from, to, may board, may alight), ascending."""
    out = []
    for p in range(len(table.trip_first) - 1):
        calls = slice(*table.pattern_first[p : p + 2])
        stops, boards, alights = (x[calls].tolist() for x in (table.call_stop, table.call_boards, table.call_alights))
        arrive, depart = (x.tolist() for x in table.times(p))
        for t, (a, d) in enumerate(zip(arrive, depart, strict=True), int(table.trip_first[p])):
            legs = range(len(stops) - 1)
            out += [(d[i], i, t, a[i + 1], stops[i], stops[i + 1], boards[i], alights[i + 1]) for i in legs]
    return sorted(out)


def scan(table, walks, connections, origin, start_s, ends):
    """Seconds from an origin to every end, with any number of rides."""
    ready, aboard = [int(NEVER)] * len(table.stop_id), set()
    best = np.full(ends, np.inf)
    for i in range(walks.access_first[origin], walks.access_first[origin + 1]):
        ready[walks.access_stop[i]] = start_s + int(walks.access_s[i])
    for depart, _, trip, arrive, tail, head, boards, alights in connections[bisect_left(connections, (start_s,)) :]:
        if trip not in aboard and not (boards and ready[tail] <= depart):
            continue
        aboard.add(trip)
        if not alights or arrive > start_s + LONGEST_S:
            continue
        ready[head] = min(ready[head], arrive + int(walks.change_s[head]))
        for i in range(walks.transfer_first[head], walks.transfer_first[head + 1]):
            stop = walks.transfer_stop[i]
            ready[stop] = min(ready[stop], arrive + int(walks.transfer_s[i]))
        for i in range(walks.egress_first[head], walks.egress_first[head + 1]):
            end = walks.egress_end[i]
            best[end] = min(best[end], arrive + walks.egress_s[i] - start_s)
    return np.where(best <= LONGEST_S, best, np.inf)


@pytest.mark.slow
def test_sao_paulo_at_random_pairs(sao_paulo):
    """At five minutes of the morning, and their worst and middle one over all five."""
    city, _ = sao_paulo
    part, table, zones = city.transit, city.transit.running, len(city.zones.id)
    limits = {"access_s": float(part.access_s), "transfer_s": float(part.transfer_s), "change_s": int(part.change_s)}
    walks = walks_to_stops(city.roads, city.zones.snap, city.zones.snap, table, **limits)
    connections = connections_of(table)
    rng = np.random.default_rng(50)
    origins, ends = rng.integers(0, zones, (2, PAIRS))
    departures = (7 * 3600 + 60 * np.arange(0, 60, 12)).astype(np.int32)
    how = {"most_rides": RIDES, "longest_s": LONGEST_S, "percentiles": np.array([50.0, 100.0])}
    window = journeys(table, part.tariffs, walks, zones, departures, **how)
    wanted = np.full((len(departures), PAIRS), np.inf)
    for w, start in enumerate(departures.tolist()):
        found = journeys(table, part.tariffs, walks, zones, departures[w : w + 1], **how)
        for i, (origin, end) in enumerate(zip(origins.tolist(), ends.tolist(), strict=True)):
            wanted[w, i] = scan(table, walks, connections, origin, start, zones)[end]
        assert np.array_equal(found.median_s[origins, ends], wanted[w])
    assert np.isfinite(wanted).any(axis=0).sum() > PAIRS // 4
    assert np.array_equal(window.percentile_s[:, origins, ends], np.sort(wanted, axis=0)[[2, 4]])
    told = window.in_vehicle_s + window.wait_s + window.walk_s + window.access_s
    assert np.array_equal(told, window.median_s)
