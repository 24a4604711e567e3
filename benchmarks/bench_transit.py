"""Door to door by timetable, one departure and every minute of an hour, one thread and all.

São Paulo: all pairs of zones by its published timetable. Suzhou: every direction of its line table, run every ten
minutes at 18 km/h, from stops drawn at random to all stops. Both are read from LUXING_SHARED, by default ../shared.

Peers that a registry carries, tried on São Paulo with headways written out as trips: `ferrobus` 0.2.1 (RAPTOR in Rust)
tells the matrix of one departure and is measured here where it is installed. It tells bare times, walks by its own
rules and leaves out trips that began the day before, so it is context, not a check. `pynigiri` 0.1.5 answers one pair
at a time and no window of departures from one to all; `pyraptor` 1.3.10 reads feeds of Dutch trains only; `r5py` needs
Java. Answers are compared with a plain connection scan in tests/network/io/test_sao_paulo_journeys.py.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import importlib.util
import os
import tempfile
import time
from pathlib import Path

import numba
import numpy as np
from scipy.spatial import KDTree
from timing import interleaved

from network.io import Parameters, build_city, read_spec
from network.part import Snap
from network.snap import local_metres
from network.tariffs import Tariffs
from network.timetable import Service, timetable
from network.travel.skims import transit_skims
from network.travel.transit import Walks, journeys, walks_to_stops

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
SHARED = Path(os.environ.get("LUXING_SHARED", ROOT.parent / "shared"))
RUNS = 5
LONGEST_S = 7200
START_S = 7 * 3600
HOW = {"most_rides": 4, "longest_s": LONGEST_S, "percentiles": np.array([50.0, 90.0])}
ORIGINS = 100
ZONES = 1000
M_PER_S = 18 / 3.6
HEADWAY_S = 600
DETOUR, WALK_M_PER_S, WALK_DETOUR = 1.2, 1.333, 1.3
ACCESS_M, TRANSFER_M = 1000, 250
FLAT = Tariffs(
    id=np.array(["bus"]),
    first=np.array([0, 1], np.int32),
    from_m=np.zeros(1, np.int32),
    cny=np.array([2.0]),
    through=np.zeros(1, bool),
    transfer_off_cny=np.zeros((1, 1)),
)


def main() -> None:
    sources = SHARED / "data"
    if not sources.is_dir():
        print(f"no timetables at {sources}: set LUXING_SHARED")
        return
    sao_paulo(sources)
    suzhou(sources / "suzhou/bus_stop_sequences.csv.gz")


def minutes(count: int) -> np.ndarray:
    return (START_S + 60 * np.arange(count)).astype(np.int32)


def sao_paulo(sources: Path) -> None:
    spec = read_spec(DATA, "sao_paulo")
    city, _ = build_city(spec, Parameters.load(DATA, spec.parameters), inputs=sources)
    part, zones = city.transit, len(city.zones.id)
    table = part.running
    limits = {"access_s": 750.0, "transfer_s": 187.5, "change_s": 60}
    walks = walks_to_stops(city.roads, city.zones.snap, city.zones.snap, table, **limits)
    print(f"São Paulo: {zones} zones, {len(table.stop_id)} stops, {int(table.trip_first[-1])} trips")

    def matrix(count: int):
        return journeys(table, part.tariffs, walks, zones, minutes(count), **HOW).median_s

    all_threads = numba.config.NUMBA_NUM_THREADS
    for threads in sorted({1, all_threads}):
        numba.set_num_threads(threads)
        one_s, hour_s = interleaved(RUNS, lambda: matrix(1), lambda: matrix(60))
        print(f"{threads} threads: all pairs at one minute {one_s:.3f} s, over 60 minutes {hour_s:.3f} s")
    hour_s, skims_s = interleaved(RUNS, lambda: matrix(60), lambda: transit_skims(city, np.zeros((zones, zones))))
    print(f"{all_threads} threads: bus, rail, both in two periods {skims_s:.3f} s, {skims_s / hour_s:.2f} such hours")
    if importlib.util.find_spec("ferrobus"):
        peer = ferrobus_matrix(table, city.zones.lonlat, sources / "sao_paulo/spo_osm.pbf")
        one_s, peer_s = interleaved(RUNS, lambda: matrix(1), peer)
        print(f"{all_threads} threads, one minute: ferrobus {peer_s:.3f} s, {peer_s / one_s:.1f} times ours")


def ferrobus_matrix(table, lonlat, streets: Path):
    import ferrobus

    with tempfile.TemporaryDirectory() as folder:
        write_feed(table, Path(folder))
        model = ferrobus.create_transit_model(str(streets), [folder], dt.date(2019, 5, 13), 188)
    points = [ferrobus.create_transit_point(lat, lon, model, 750, 1000) for lon, lat in lonlat.tolist()]
    return lambda: ferrobus.travel_time_matrix(model, points, START_S, HOW["most_rides"] - 1)


def write_feed(table, folder: Path) -> None:
    """The timetable as GTFS, every trip written out."""
    patterns = range(len(table.pattern_line))
    days = "monday,tuesday,wednesday,thursday,friday,saturday,sunday"
    files = {
        "agency": ["agency_id,agency_name,agency_url,agency_timezone", "a,a,http://a.example,America/Sao_Paulo"],
        "calendar": [f"service_id,{days},start_date,end_date", "s,1,1,1,1,1,1,1,20190101,20191231"],
        "stops": ["stop_id,stop_name,stop_lat,stop_lon"],
        "routes": ["route_id,agency_id,route_short_name,route_type", *(f"r{p},a,r{p},3" for p in patterns)],
        "trips": ["route_id,service_id,trip_id"],
        "stop_times": ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"],
    }
    files["stops"] += [f"{i},{i},{lat},{lon}" for i, (lon, lat) in enumerate(table.stop_lonlat.tolist())]
    for p in patterns:
        stops = table.call_stop[slice(*table.pattern_first[p : p + 2])].tolist()
        for t, (arrive, depart) in enumerate(zip(*(x.tolist() for x in table.times(p)), strict=True)):
            if arrive[0] < 0:  # left the day before
                continue
            files["trips"].append(f"r{p},s,{p}-{t}")
            calls = enumerate(zip(arrive, depart, stops, strict=True))
            files["stop_times"] += [f"{p}-{t},{clock(a)},{clock(d)},{stop},{i}" for i, (a, d, stop) in calls]
    for name, rows in files.items():
        (folder / f"{name}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")


def clock(time_s: int) -> str:
    return f"{time_s // 3600:02d}:{time_s // 60 % 60:02d}:{time_s % 60:02d}"


def suzhou(path: Path) -> None:
    table, xy = suzhou_timetable(path)
    stops, rng = len(xy), np.random.default_rng(1)
    origins = rng.choice(stops, ORIGINS, replace=False)
    print(f"Suzhou: {len(table.pattern_line)} directions, {stops} stops, {int(table.trip_first[-1])} trips")
    walks = straight_walks(xy, origins)

    def search(some: Walks, count: int) -> np.ndarray:
        return journeys(table, FLAT, some, stops, minutes(count), **HOW).median_s

    numba.set_num_threads(1)
    each = [straight_walks(xy, origins[i : i + 1]) for i in range(ORIGINS)]
    for count in (1, 60):
        search(each[0], count)
        seconds = [min(cpu(lambda: search(one, count)) for _ in range(3)) for one in each]  # noqa: B023
        worst, middle = max(seconds) * 1e3, float(np.median(seconds)) * 1e3
        print(f"1 thread, one origin asked alone, {count} departures: {middle:.1f} ms, at most {worst:.1f} ms of CPU")
    all_threads = numba.config.NUMBA_NUM_THREADS

    def together(threads: int) -> None:
        numba.set_num_threads(threads)
        search(walks, 60)

    one_s, all_s = interleaved(RUNS, lambda: together(1), lambda: together(all_threads))
    numba.set_num_threads(all_threads)
    print(
        f"{ORIGINS} origins: {one_s / ORIGINS * 1e3:.1f} ms each on 1 thread, {one_s / all_s:.2f} times as fast on all"
    )
    start = time.perf_counter()
    many = straight_walks(xy, rng.choice(stops, ZONES, replace=False))
    search(many, 60)
    print(f"{ZONES:,} origins to all stops, {all_threads} threads: {time.perf_counter() - start:.1f} s by the clock")


def cpu(work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def suzhou_timetable(path: Path):
    """Every direction of the table, from 6 to 10 o'clock; also the places of the stops in metres."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names, first, stop = np.unique([row["stop_id"] for row in rows], return_index=True, return_inverse=True)
    lonlat = np.array([(float(rows[i]["Longitude"]), float(rows[i]["Latitude"])) for i in first])
    xy, rng = local_metres(lonlat, float(lonlat[:, 1].mean())), np.random.default_rng(0)
    directions: dict[str, list[tuple[int, int]]] = {}
    for row, at in zip(rows, stop.tolist(), strict=True):
        directions.setdefault(row["route_cn"], []).append((int(row["sequence"]), at))
    services = []
    for line, name in enumerate(sorted(directions)):
        calls = np.array([at for _, at in sorted(directions[name])], np.int32)
        length = np.rint(np.append(0, np.cumsum(np.hypot(*np.diff(xy[calls], axis=0).T) * DETOUR))).astype(np.int32)
        starts = START_S - 3600 + int(rng.integers(0, HEADWAY_S)) + np.arange(0, 4 * 3600, HEADWAY_S)
        times = (starts[:, None] + np.rint(length / M_PER_S)).astype(np.int32)
        door = np.ones(len(calls), bool)
        services.append(
            Service(line=line, stop=calls, length_m=length, boards=door, alights=door, arrive_s=times, depart_s=times)
        )
    zero = np.zeros((4, len(names)))
    nowhere = Snap(segment=zero.astype(np.int32), along=zero, off_m=zero)
    return timetable(names, lonlat, nowhere, services, np.zeros(len(services), np.int32)), xy


def straight_walks(xy: np.ndarray, origins: np.ndarray) -> Walks:
    """Walks as the crow flies times a detour; every stop is an end."""
    stops, tree = np.arange(len(xy), dtype=np.int32), KDTree(xy)
    near = tree.query_ball_point(xy[origins], ACCESS_M)
    access_m = [np.hypot(*(xy[some] - xy[o]).T) * WALK_DETOUR for o, some in zip(origins, near, strict=True)]
    length = np.concatenate(access_m)
    pairs = tree.query_pairs(TRANSFER_M, output_type="ndarray")
    pairs = np.vstack((pairs, pairs[:, ::-1]))
    pairs = pairs[np.lexsort(pairs.T[::-1])]
    walk = np.ceil(np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) * WALK_DETOUR / WALK_M_PER_S).astype(np.int32)
    return Walks(
        access_first=np.append(0, np.cumsum([len(some) for some in near])).astype(np.int32),
        access_stop=np.concatenate(near).astype(np.int32),
        access_s=np.ceil(length / WALK_M_PER_S).astype(np.int32),
        access_m=np.rint(length).astype(np.int32),
        egress_first=np.arange(len(xy) + 1, dtype=np.int32),
        egress_end=stops,
        egress_s=np.zeros(len(xy), np.int32),
        change_s=np.full(len(xy), 60, np.int32),
        transfer_first=np.searchsorted(pairs[:, 0], np.arange(len(xy) + 1)).astype(np.int32),
        transfer_stop=pairs[:, 1].astype(np.int32),
        transfer_s=walk + np.int32(60),
        transfer_walk_s=walk,
    )


if __name__ == "__main__":
    main()
