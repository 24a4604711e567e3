"""Who has a stop within a walk: rail stations and their entrances a bus stop, people any stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.city import City, Roads
from network.part import F64, I64, Bools, Part, Snap, Spec, digest_of
from network.snap import local_metres
from network.transit import Transit
from network.travel.reach import within_metres
from network.units import BUS, TRANSIT_MODES, WALK

_BOTH = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Coverage(Part):
    """Whole metres from rail entrances (A), stations (G) and zones (Z) to the nearest stop that is served in the year.

    A walk leads along the streets from where they are touched to where the pole touches them, and is never shorter
    than the straight line; infinite where no pole is within search_m. Poles of both directions count,
    each by itself.
    """

    entrance_walk_m: Annotated[F64, Spec("f8", ("A",), 0, None, True)]
    """To the nearest pole at which a bus calls."""
    entrance_straight_m: Annotated[F64, Spec("f8", ("A",), 0, None, True)]
    entrance_both_ways: Annotated[Bools, Spec("b", ("A",))]
    """Whether poles within entrance_m on foot serve a bus line in both its directions, or one that has a
    single direction."""
    entrance_counts: Annotated[Bools, Spec("b", ("A",))]
    """Eligible entrances of stations where trains call."""
    station_walk_m: Annotated[F64, Spec("f8", ("G",), 0, None, True)]
    """The least over the entrances."""
    station_straight_m: Annotated[F64, Spec("f8", ("G",), 0, None, True)]
    station_counts: Annotated[Bools, Spec("b", ("G",))]
    """Eligible stations where trains call."""
    zone_walk_m: Annotated[F64, Spec("f8", ("Z",), 0, None, True)]
    """To the nearest stop of any mode."""
    station_m: Annotated[F64, Spec("f8", (), 0)]
    entrance_m: Annotated[F64, Spec("f8", (), 0)]


def coverage_key(city: City, walk_key: str) -> str:
    """What the coverage depends on: the streets and zones on foot, and bus and rail."""
    return digest_of("coverage", walk_key, city.roads.lonlat, city.zones.lonlat, city.transit.key(WALK))


def coverage_of(city: City) -> Coverage:
    """The coverage of a city in the year of its network."""
    t, stations, search_m = city.transit, city.transit.stations, float(city.transit.stop_rules.search_m)
    bus = np.flatnonzero(t.served_by(BUS))
    poles, where = t.timetable.stop_lonlat[bus], picked(t.timetable.snap, bus)
    first, found, walk_m = walks_between(
        city.roads, (stations.entrance_lonlat, stations.snap), (poles, where), search_m
    )
    entrance_m, straight_m = least(first, walk_m), straight(city.roads, stations.entrance_lonlat, poles)
    near = walk_m <= t.stop_rules.entrance_m
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    runs = _trains_call(t)
    served = np.flatnonzero(t.served)
    zone_first, _, zone_m = walks_between(
        city.roads,
        (city.zones.lonlat, city.zones.snap),
        (t.timetable.stop_lonlat[served], picked(t.timetable.snap, served)),
        search_m,
    )
    return Coverage(
        entrance_walk_m=entrance_m,
        entrance_straight_m=straight_m,
        entrance_both_ways=_both_ways(t, row[near], bus[found[near]], len(entrance_m)),
        entrance_counts=stations.entrance_eligible & runs[stations.entrance_station],
        station_walk_m=_least_of_stations(t, entrance_m),
        station_straight_m=_least_of_stations(t, straight_m),
        station_counts=stations.eligible & runs,
        zone_walk_m=least(zone_first, zone_m),
        station_m=t.stop_rules.station_m,
        entrance_m=t.stop_rules.entrance_m,
    )


def walks_between(
    roads: Roads, starts: tuple[F64, Snap], ends: tuple[F64, Snap], limit_m: float
) -> tuple[I64, I64, F64]:
    """Walks of at most `limit_m` between points (lonlat, snap), as CSR: first (X+1), end, metres.

    Along the streets in whole metres, and never less than the straight line.
    """
    first, end, along_m = within_metres(roads, starts[1], ends[1], WALK, limit_m)
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    a, b = _plane(roads, starts[0]), _plane(roads, ends[0])
    metres = np.maximum(along_m, np.rint(np.hypot(*(a[row] - b[end]).T)))
    return first.astype(np.int64), end.astype(np.int64), metres


def straight(roads: Roads, points: F64, others: F64) -> F64:
    """(X) whole metres in a straight line from each point to the nearest of the others; infinite where none is."""
    from scipy.spatial import cKDTree

    if not (len(points) and len(others)):
        return np.full(len(points), np.inf)
    return np.asarray(np.rint(cKDTree(_plane(roads, others)).query(_plane(roads, points))[0]), np.float64)


def least(first: I64, metres: F64) -> F64:
    """(X) the least of each run of a CSR; infinite where it is empty."""
    out = np.full(len(first) - 1, np.inf)
    np.minimum.at(out, np.repeat(np.arange(len(out)), np.diff(first)), metres)
    return out


def picked(where: Snap, some: I64) -> Snap:
    """Some of the points."""
    return Snap(**{name: array[:, some] for name, array in where.arrays()})


def _plane(roads: Roads, lonlat: F64) -> F64:
    return local_metres(lonlat, float(np.median(roads.lonlat[:, 1])))


def _trains_call(t: Transit) -> Bools:
    """(G) whether a train calls at a platform of the station; where no platform is known, it counts."""
    s, rail = t.stations, (m for m in range(len(TRANSIT_MODES)) if m != BUS)
    station = np.repeat(np.arange(len(s.id)), np.diff(s.platform_first))
    out = np.diff(s.platform_first) == 0
    out[station[t.served_by(*rail)[s.platform]]] = True
    return np.asarray(out)


def _least_of_stations(t: Transit, metres: F64) -> F64:
    out = np.full(len(t.stations.id), np.inf)
    np.minimum.at(out, t.stations.entrance_station, metres)
    return out


def _both_ways(t: Transit, entrance: I64, stop: I64, entrances: int) -> Bools:
    """(A) whether the stops near an entrance, given as pairs, serve a bus line in both its directions."""
    times = t.running
    pattern = np.repeat(np.arange(len(times.pattern_line)), np.diff(times.pattern_first))
    line = times.pattern_line[pattern]
    some = (t.line_mode[line] == BUS) & (times.call_boards | times.call_alights)
    calls = np.unique(np.column_stack((times.call_stop, line))[some], axis=0)
    _, name = np.unique(t.line_name, return_inverse=True)
    running = np.unique(line[some])
    directions = np.bincount(name[running], minlength=len(t.line_name))
    out = np.zeros(entrances, np.bool_)
    for at in np.unique(entrance):
        lines = np.unique(calls[np.isin(calls[:, 0], stop[entrance == at]), 1])
        served = np.bincount(name[lines], minlength=len(directions))
        out[at] = ((served > 0) & (served >= np.minimum(directions, _BOTH))).any()
    return out
