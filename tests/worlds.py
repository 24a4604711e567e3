"""Small cities for tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from network import Feeders, Roads, Snap, Stations, grid_city
from network.hierarchy import hierarchy_of
from network.timetable import timetable


def random_roads(rng, nodes=12, segments=25):
    """Random streets: parallel segments, loops, one-ways, closed modes, zero times, unconnected parts."""
    tail = rng.integers(0, nodes, segments)
    head = rng.integers(0, nodes, segments)
    lonlat = np.column_stack((120.6 + rng.uniform(0, 0.02, nodes), 31.3 + rng.uniform(0, 0.02, nodes)))
    length_m = np.rint(rng.integers(0, 400_000, segments)) / 1000
    length_m[rng.random(segments) < 0.2] = 0.0
    order = np.argsort(np.concatenate((tail, head)), kind="stable")
    edges = np.empty(2 * segments, np.int32)
    edges[order] = np.arange(2 * segments)
    time_ms = rng.integers(0, 60_000, (4, 2 * segments)).astype(np.int32)
    time_ms[rng.random(time_ms.shape) < 0.15] = 0
    nothing = edges.reshape(2, segments).T[length_m == 0]
    time_ms[:, nothing[rng.random(len(nothing)) < 0.5]] = 0
    time_ms[rng.random(time_ms.shape) < 0.25] = -1
    time_ms[:, 0] = 1000
    waiting = np.where(rng.random(time_ms.shape) < 0.3, rng.random(time_ms.shape), 0.0)
    first = np.searchsorted(np.concatenate((tail, head))[order], np.arange(nodes + 1)).astype(np.int32)
    leads = np.concatenate((head, tail))[order].astype(np.int32)
    return Roads(
        lonlat=lonlat,
        first=first,
        head=leads,
        time_ms=time_ms,
        delay_ms=np.rint(np.maximum(time_ms, 0) * waiting).astype(np.int32),
        edges=edges.reshape(2, segments).T.copy(),
        length_m=length_m,
        way=np.arange(segments, dtype=np.int32),
        shape_first=np.arange(0, 2 * segments + 1, 2, dtype=np.int32),
        shape_lonlat=lonlat[np.column_stack((tail, head)).ravel()],
        way_id=np.array([f"way/{i}" for i in range(segments)]),
        way_name=np.array([""] * segments),
        way_class=np.array(["residential"] * segments),
        beside=np.ones(segments, np.bool_),
        barrier_first=np.zeros(1, np.int32),
        barrier_lonlat=np.zeros((0, 2)),
        snap_detour_m=np.array(250.0),
        hierarchy=hierarchy_of(lonlat, first, leads),
    )


def random_points(rng, roads, count=8):
    """Points on random segments, some at their very ends, some sharing a segment."""
    segment = rng.integers(0, len(roads.edges), (4, count)).astype(np.int32)
    segment[:, 1] = segment[:, 0]
    along = rng.random((4, count))
    along[:, 2], along[:, 3] = 0.0, 1.0
    return Snap(segment=segment, along=along, off_m=np.zeros((4, count)))


def nothing_runs(transit):
    """The rules of transit without a stop and with a line that never runs: nobody is served."""
    none = Snap(segment=np.zeros((4, 0), np.int32), along=np.zeros((4, 0)), off_m=np.zeros((4, 0)))
    texts, nowhere, nobody = np.array([], dtype="U1"), np.zeros((0, 2)), np.zeros(0, np.int32)
    no = np.zeros(0, np.bool_)
    return replace(
        transit,
        stop_name=texts,
        line_id=np.array(["line/1"]),
        line_name=np.array(["1"]),
        line_mode=np.zeros(1, np.int32),
        line_from_year=np.zeros(1, np.int32),
        line_m=np.zeros(1),
        timetable=timetable(texts, nowhere, none, [], np.zeros(1, np.int32)),
        stations=Stations(
            id=texts, name=texts, lonlat=nowhere, eligible=no, platform_first=np.zeros(1, np.int32), platform=nobody,
            entrance_id=texts, entrance_station=nobody, entrance_lonlat=nowhere, entrance_eligible=no,
            entrance_is_centre=no, snap=none,
        ),
    )  # fmt: skip


def village():
    """The smallest grid city, for sums that can be done by hand."""
    return grid_city(3)


def without_lines(city):
    """The city where no line is known: transit is an estimate by distance."""
    t = nothing_runs(city.transit)
    texts, nothing = np.array([], dtype="U1"), np.zeros(0, np.int32)
    none = Snap(segment=np.zeros((4, 0), np.int32), along=np.zeros((4, 0)), off_m=np.zeros((4, 0)))
    estimate = replace(
        t,
        line_id=texts,
        line_name=texts,
        line_mode=nothing,
        line_from_year=nothing,
        line_m=np.zeros(0),
        timetable=timetable(texts, np.zeros((0, 2)), none, [], nothing),
    )
    return replace(city, transit=estimate, supply=replace(city.supply, station_racks=nothing, station_spaces=nothing))


def with_feeders(city):
    """The city with two feeders: the first of 400 kVA feeds two of three places, the second of 1,000 kVA the third."""
    feeders = Feeders(
        id=np.array(["feeder/0", "feeder/1"]),
        headroom_kva=np.array([400.0, 1000.0]),
        step_kva=np.array([200.0, 315.0]),
        step_cny=np.array([120_000.0, 150_000.0]),
        most_steps=np.array([3, 1], np.int32),
    )
    hangs = np.where(np.arange(len(city.places.id)) % 3 == 2, 1, 0).astype(np.int32)
    places, supply = replace(city.places, feeder=hangs), replace(city.supply, feeder_steps=np.zeros(2, np.int32))
    return replace(city, feeders=feeders, places=places, supply=supply)
