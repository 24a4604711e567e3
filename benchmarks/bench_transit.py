"""Door to door by timetable: all pairs of zones of São Paulo, at one minute and over an hour, one thread and all.

Beside it a plain connection scan (Dibbelt et al. 2013, doi:10.1007/978-3-642-38527-8_6) in Python, some origins and one
departure. That is context, not a peer. Its arrivals are compared first. The timetable is read from LUXING_SHARED, by
default ../shared.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from pathlib import Path

import numba
import numpy as np
from timing import interleaved

from network.io import Parameters, build_city, read_spec
from network.io.gtfs import read_gtfs
from network.io.transit_feed import window
from network.kernels.raptor import NEVER
from network.travel.transit import journeys, walks_to_stops

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
RUNS = 5
PLAIN_ORIGINS = 20
LONGEST_S = 7200
START_S = 7 * 3600


def main() -> None:
    shared = Path(os.environ.get("LUXING_SHARED", ROOT.parent / "shared"))
    feed = shared / "data/sao_paulo/spo.zip"
    if not feed.is_file():
        print(f"no timetable at {feed}: set LUXING_SHARED")
        return
    spec = read_spec(DATA, "sao_paulo")
    parameters = Parameters.load(DATA, spec.parameters)
    city, _ = build_city(spec, parameters, inputs=shared / "data")
    zones = len(city.zones.id)
    how = {"roads": city.roads, "parameters": parameters, "window_s": window(parameters), "date": "2019-05-13"}
    start = time.perf_counter()
    table = read_gtfs(feed, **how).timetable
    read_s = time.perf_counter() - start
    how = {"access_s": 750.0, "transfer_s": 187.5, "change_s": 60}
    (walk_s,) = interleaved(RUNS, lambda: walks_to_stops(city.roads, city.zones.snap, table, **how))
    walks = walks_to_stops(city.roads, city.zones.snap, table, **how)
    trips = int(table.trip_first[-1])
    print(f"{zones} zones, {len(table.stop_id)} stops, {len(table.trip_first) - 1} patterns, {trips} trips")
    print(f"read {read_s:.2f} s, walks {walk_s:.3f} s")

    def matrix(minutes: int, rides: int = 4) -> np.ndarray:
        departures = START_S + 60 * np.arange(minutes, dtype=np.int32)
        how = {"most_rides": rides, "longest_s": LONGEST_S, "percentiles": np.array([50.0, 90.0])}
        return journeys(table, walks, zones, departures.astype(np.int32), **how).median_s

    connections = connections_of(table)
    origins = np.linspace(0, zones - 1, PLAIN_ORIGINS).astype(int).tolist()
    fast = matrix(1, rides=8)
    for origin in origins:
        assert np.array_equal(fast[origin], scan(table, walks, connections, origin, zones)), origin
    (plain_s,) = interleaved(1, lambda: [scan(table, walks, connections, o, zones) for o in origins])
    all_threads = numba.config.NUMBA_NUM_THREADS
    for threads in sorted({1, all_threads}):
        numba.set_num_threads(threads)
        one_s, hour_s = interleaved(RUNS, lambda: matrix(1), lambda: matrix(60))
        print(
            f"{threads} threads: all pairs at one minute {one_s:.3f} s, over 60 minutes {hour_s:.3f} s "
            f"({hour_s / zones * 1e3:.2f} ms an origin)"
        )
        if threads == 1:
            each_ms, plain_ms = one_s / zones * 1e3, plain_s / PLAIN_ORIGINS * 1e3
            print(f"one origin, one minute: {each_ms:.3f} ms; plain scan {plain_ms:.1f} ms ({plain_ms / each_ms:.0f}x)")
    numba.set_num_threads(all_threads)


def connections_of(table) -> list[tuple[int, ...]]:
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


def scan(table, walks, connections, origin: int, zones: int) -> np.ndarray:
    """Seconds from an origin to every zone when leaving at START_S, with any number of rides."""
    ready, aboard = [int(NEVER)] * len(table.stop_id), set()
    best = np.full(zones, np.inf)
    for i in range(walks.access_first[origin], walks.access_first[origin + 1]):
        ready[walks.access_stop[i]] = START_S + int(walks.access_s[i])
    for depart, _, trip, arrive, tail, head, boards, alights in connections[bisect_left(connections, (START_S,)) :]:
        if trip not in aboard and not (boards and ready[tail] <= depart):
            continue
        aboard.add(trip)
        if not alights or arrive > START_S + LONGEST_S:
            continue
        ready[head] = min(ready[head], arrive + int(walks.change_s[head]))
        for i in range(walks.transfer_first[head], walks.transfer_first[head + 1]):
            stop = walks.transfer_stop[i]
            ready[stop] = min(ready[stop], arrive + int(walks.transfer_s[i]))
        for i in range(walks.egress_first[head], walks.egress_first[head + 1]):
            zone = walks.egress_zone[i]
            best[zone] = min(best[zone], arrive + walks.egress_s[i] - START_S)
    return np.where(best <= LONGEST_S, best, np.inf)


if __name__ == "__main__":
    main()
