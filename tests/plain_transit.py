"""Small random timetables, and plain searches of them: every journey, its earliest arrival, its fare."""

from __future__ import annotations

import heapq

import numpy as np

from network.kernels.raptor import each_departure
from network.kernels.rounds import NEVER
from network.part import Snap
from network.tariffs import Tariffs
from network.timetable import Service, timetable
from network.travel.transit import Walks, kernel_tariffs, kernel_walks

DAY = 24 * 3600
LONGEST = 2700


def nowhere(stops):
    zero = np.zeros((4, stops))
    return Snap(segment=zero.astype(np.int32), along=zero, off_m=zero)


def service(stops, *trips, line=0, length_m=None, boards=None, alights=None):
    """One pattern; a trip is its departures, or (arrivals, departures)."""
    times = [t if isinstance(t[0], (list, tuple, np.ndarray)) else (t, t) for t in trips]
    count = len(stops)
    return Service(
        line=line,
        stop=np.array(stops, np.int32),
        length_m=np.array(length_m if length_m is not None else 1000 * np.arange(count), np.int32),
        boards=np.array(boards if boards is not None else [True] * count),
        alights=np.array(alights if alights is not None else [True] * count),
        arrive_s=np.array([a for a, _ in times], np.int32).reshape(-1, count),
        depart_s=np.array([d for _, d in times], np.int32).reshape(-1, count),
    )


def made(stops, services, transfers=()):
    """A timetable in which line l has tariff l."""
    ids = np.array([f"s{i}" for i in range(stops)])
    lines = np.arange(1 + max((s.line for s in services), default=0), dtype=np.int32)
    return timetable(ids, np.zeros((stops, 2)), nowhere(stops), services, lines, transfers=transfers)


def tariffs(*bands, through=(), off=()):
    """Tariffs from lists of (from_m, cny); those that are through; (first, second, off_cny)."""
    count = len(bands)
    off_cny = np.zeros((count, count))
    for f, g, cny in off:
        off_cny[f, g] = cny
    return Tariffs(
        id=np.array([f"t{f}" for f in range(count)]),
        first=np.append(0, np.cumsum([len(b) for b in bands])).astype(np.int32),
        from_m=np.array([m for b in bands for m, _ in b], np.int32),
        cny=np.array([cny for b in bands for _, cny in b], np.float64),
        through=np.isin(np.arange(count), through),
        transfer_off_cny=off_cny,
    )


FLAT = tariffs([(0, 2.0)])


def plain_fare(rides, tariff):
    """Fen for rides (tariff, metres) in their order: joined where they are through, then paid for one by one."""
    joined = []
    for f, metres in rides:
        if joined and joined[-1][0] == f and tariff.through[f]:
            joined[-1] = (f, joined[-1][1] + metres)
        else:
            joined.append((f, metres))
    fen, before = 0, None
    for f, metres in joined:
        bands = range(tariff.first[f], tariff.first[f + 1])
        price = [round(tariff.cny[b] * 100) for b in bands if tariff.from_m[b] <= metres][-1]
        off = 0 if before is None else round(tariff.transfer_off_cny[before, f] * 100)
        fen, before = fen + max(price - off, 0), f
    return fen


def csr(rows, count):
    rows = sorted(rows)
    first = np.searchsorted([r[0] for r in rows], np.arange(count + 1)).astype(np.int32)
    return first, *(np.array([r[i] for r in rows], np.int32) for i in range(1, len(rows[0]) if rows else 4))


def walks(stops, zones, access, egress, change, transfers):
    """Walks from lists of (zone, stop, s), (stop, zone, s), s by stop and (stop, stop, all of it, walk)."""
    empty = np.zeros(0, np.int32)
    a, e = csr(access, zones), csr(egress, stops)
    t = csr(transfers, stops) if transfers else (np.zeros(stops + 1, np.int32), empty, empty, empty)
    return Walks(
        access_first=a[0], access_stop=a[1], access_s=a[2], access_m=a[2] * 2, egress_first=e[0], egress_end=e[1],
        egress_s=e[2],
        change_s=np.array(change, np.int32), transfer_first=t[0], transfer_stop=t[1], transfer_s=t[2],
        transfer_walk_s=t[3],
    )  # fmt: skip


def rides_from(services, stop, ready):
    """Every ride from a stop: (arrival, stop, seconds, (tariff, metres))."""
    for s in services:
        for arrive, depart in zip(s.arrive_s.tolist(), s.depart_s.tolist(), strict=True):
            for i in range(len(s.stop)):
                if s.stop[i] == stop and s.boards[i] and depart[i] >= ready:
                    for j in range(i + 1, len(s.stop)):
                        if s.alights[j]:
                            ride = (s.line, int(s.length_m[j] - s.length_m[i]))
                            yield arrive[j], int(s.stop[j]), arrive[j] - depart[i], ride


def plain_arrival(services, world, origin, now, most_rides, zones):
    """Earliest arrival at each zone: Dijkstra's algorithm over (rides, stop), trips looked at one by one."""
    access, egress, change, transfers = world
    best, done = [NEVER] * zones, set()
    queue = [(now + s, 0, stop) for z, stop, s in access if z == origin]
    heapq.heapify(queue)
    while queue:
        ready, k, stop = heapq.heappop(queue)
        if (k, stop) in done or k == most_rides:
            continue
        done.add((k, stop))
        for time, there, _, _ in rides_from(services, stop, ready):
            for at, z, s in egress:
                if at == there:
                    best[z] = min(best[z], time + s)
            if change[there] < NEVER:
                heapq.heappush(queue, (time + change[there], k + 1, there))
            for at, to, total, _ in transfers:
                if at == there:
                    heapq.heappush(queue, (time + total, k + 1, to))
    return [t if t <= now + LONGEST else NEVER for t in best]


def plain_journeys(services, world, origin, now, most_rides):
    """Every journey there is: (end, arrival, in-vehicle, walk, access, rides as (tariff, metres))."""
    access, egress, change, transfers = world

    def on(stop, ready, ride_s, walk_s, entry, rides):
        if len(rides) == most_rides:
            return
        for time, there, seconds, ride in rides_from(services, stop, ready):
            so_far, ridden = (*rides, ride), ride_s + seconds
            for at, z, s in egress:
                if at == there:
                    yield z, time + s, ridden, walk_s + s, entry, so_far
            if change[there] < NEVER:
                yield from on(there, time + change[there], ridden, walk_s, entry, so_far)
            for at, to, total, walk in transfers:
                if at == there:
                    yield from on(to, time + total, ridden, walk_s + walk, entry, so_far)

    for entry, (z, stop, s) in enumerate(sorted(access)):
        if z == origin:
            yield from on(stop, now + s, 0, 0, entry, ())


def random_world(rng, stops, zones, lines, trips):
    """Loops, stops called at twice, overtaking, trips past midnight, stops nobody reaches, closed doors."""
    start = int(rng.choice([7 * 3600, DAY - 1200]))
    services = []
    for line in range(lines):
        calls = rng.integers(2, 6)
        route = rng.integers(0, stops - 1, calls)
        rows = []
        for _ in range(rng.integers(1, trips + 1)):
            steps = rng.integers(0, 300, 2 * calls) // 30 * 30
            times = start + rng.integers(0, 60) * 60 + np.cumsum(steps)
            rows.append((times[0::2], times[1::2]))
        doors = rng.random((2, calls)) < 0.9
        length = np.cumsum(rng.integers(0, 900, calls))
        services.append(service(route, *rows, line=line, length_m=length, boards=doors[0], alights=doors[1]))
    access = [(z, s, int(rng.integers(0, 600))) for z in range(zones) for s in range(stops) if rng.random() < 0.4]
    egress = [(s, z, int(rng.integers(0, 600))) for z, s, _ in access if rng.random() < 0.9]
    change = np.where(rng.random(stops) < 0.1, NEVER, rng.integers(0, 200, stops)).tolist()
    apart = [(a, b) for a in range(stops) for b in range(stops) if a != b and rng.random() < 0.2]
    steps = [(a, b, int(rng.integers(0, 300))) for a, b in apart]
    transfers = [(a, b, s + 60, s) for a, b, s in steps]
    return services, (access, egress, change, transfers), start


def random_tariffs(rng, count):
    bands = [[(0, 2.0)]] * count
    for f in range(count):
        starts = np.cumsum(rng.integers(1, 900, rng.integers(0, 4)))
        bands[f] = [(int(m), round(float(rng.integers(0, 500)) / 100, 2)) for m in (0, *starts)]
    off = [(f, g, float(rng.integers(0, 300)) / 100) for f in range(count) for g in range(count) if rng.random() < 0.5]
    return tariffs(*bands, through=np.flatnonzero(rng.random(count) < 0.6), off=off)


def answer(services, world, stops, zones, origin, departures, most_rides, tariff=None):
    """As `each_departure`; BITS say which of the lines, modulo 30, are ridden."""
    count = 1 + max(s.line for s in services)
    lines, *rest = for_kernel(
        made(stops, services), walks(stops, zones, *world), tariff or tariffs(*[[(0, 2.0)]] * count)
    )
    how = lines._replace(pattern_bits=np.int32(1) << lines.pattern_tariff % 30), *rest
    return each_departure(origin, np.array(departures, np.int32), most_rides, LONGEST, *how, zones)


def for_kernel(table, walk, tariff):
    return table.for_search, kernel_walks(walk, table), kernel_tariffs(tariff)
