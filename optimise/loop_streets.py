"""The streets a small bus may use, as ways on from street to street, and the places on them where it may stop.

Letters: U directed streets (edges of `Roads` that a small bus may use), P places, I rows (zones without a stop).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from network import City, Coverage, InputError, Problem, Snap, did_you_mean, units, walks_between
from optimise.kerbs import F64, Bools, Exclusions, kerbs, plane
from optimise.problem import I64

if TYPE_CHECKING:
    from scipy.sparse import csr_array

KERBS: Final = 3
"""Streets near a station at which loops may begin: the nearest so many."""


@dataclass(frozen=True, eq=False)
class LoopStreets:
    """Directed streets, and from each those it leads on to: never straight back, and turned only where one may."""

    edge: I64
    """(U) edge of `Roads`."""
    length_mm: I64
    """(U)"""
    onward: csr_array
    """(U, U) millimetres of the street one goes on to."""
    at: I64
    """(E) position of an edge here, -1 where the bus may not use it."""


def loop_streets(city: City, exclusions: Exclusions) -> LoopStreets:
    """Streets that cars may use, of the city's loop_rules.street_classes, without excluded ones.

    Raises InputError for excluded streets that are not there.
    """
    from scipy.sparse import coo_array, eye_array

    roads = city.roads
    fits = np.isin(roads.way_class, city.transit.loop_rules.street_classes)[roads.way] & ~exclusions.closed(city)
    open_ = roads.time_ms[units.DRIVE] >= 0
    street = roads.segment >= 0
    edge = np.flatnonzero(open_ & street & np.append(fits, False)[roads.segment])
    nodes, count = len(roads.lonlat), len(edge)
    turn = np.flatnonzero(open_ & ~street)
    turns = coo_array((np.ones(len(turn), bool), (roads.tail[turn], roads.head[turn])), (nodes, nodes))
    within = (turns + eye_array(nodes, dtype=bool)).tocsr()
    while (grown := (within @ within).astype(bool)).nnz > within.nnz:  # turn after turn inside one crossing
        within = grown
    here, ones = np.arange(count), np.ones(count, bool)
    ends = coo_array((ones, (here, roads.head[edge])), (count, nodes)).tocsr()
    begins = coo_array((ones, (roads.tail[edge], here)), (nodes, count)).tocsr()
    a, b = (ends @ within @ begins).nonzero()
    turned = roads.segment[edge[a]] == roads.segment[edge[b]]
    a, b = a[~turned], b[~turned]
    length = np.maximum(roads.length_mm[edge].astype(np.int64), 1)
    onward = coo_array((length[b].astype(float), (a, b)), (count, count)).tocsr()
    at = np.full(len(roads.head), -1)
    at[edge] = here
    return LoopStreets(edge, length, onward, at)


@dataclass(frozen=True, eq=False)
class Places:
    """Where a loop may stop: stops that are there, and places at the kerb of streets it may use."""

    lonlat: F64
    snap: Snap
    segment: I64
    """(P) segment of the street."""
    along: F64
    stop: I64
    """(P) stop that is there, -1 for none."""


def places(city: City, streets: LoopStreets, near: tuple[F64, F64], exclusions: Exclusions) -> Places:
    """Places within straight metres (X) of some points (X, 2)."""
    t, reuse_m = city.transit.timetable, float(city.transit.loop_rules.reuse_m)
    usable = np.zeros(len(city.roads.edges), np.bool_)
    usable[city.roads.segment[streets.edge]] = True
    rail = np.isin(np.arange(len(t.stop_id)), city.transit.stations.platform)
    others = city.transit.served_by(*(m for m in range(len(units.TRANSIT_MODES)) if m != units.BUS))
    there = usable[t.snap.segment[units.DRIVE]] & (t.snap.off_m[units.DRIVE] <= reuse_m) & ~rail & ~others
    stops = np.flatnonzero(there & ~exclusions.hides(city, t.stop_lonlat))
    new = kerbs(city, near[0], near[1], exclusions)
    fit = usable[new.snap.segment[units.DRIVE]]
    if len(stops) and len(new):
        away = plane(city, new.lonlat)[:, None] - plane(city, t.stop_lonlat[stops])
        fit &= (np.hypot(*np.moveaxis(away, 2, 0)) > reuse_m).all(axis=1)
    new = new.some(fit)
    where = {n: np.concatenate((getattr(t.snap, n)[:, stops], a), axis=1) for n, a in new.snap.arrays()}
    snap = Snap(**where)
    return Places(
        lonlat=np.concatenate((t.stop_lonlat[stops], new.lonlat)),
        snap=snap,
        segment=snap.segment[units.DRIVE].astype(np.int64),
        along=snap.along[units.DRIVE],
        stop=np.append(stops, np.full(len(new), -1)),
    )


class Start(NamedTuple):
    """A rail station or a stop that loops begin and end at, by id and name, and the points people come from."""

    id: str
    name: str
    doors: I64
    """Entrances of the station; none for a stop."""
    stop: int
    """The stop, -1 for a station."""


def starts_of(city: City, coverage: Coverage, wanted: Sequence[str]) -> list[Start]:
    """Stations and stops by id or name, every station where trains call if none is wanted.

    Raises InputError with all that are not there.
    """
    s, t = city.transit.stations, city.transit
    stations = np.flatnonzero(coverage.station_counts)
    out: list[Start] = []
    problems = []
    for name in wanted:
        some = [g for g in range(len(s.id)) if name in (s.id[g], s.name[g])]
        stops = [] if some else [k for k in range(len(t.stop_name)) if name in (t.timetable.stop_id[k], t.stop_name[k])]
        out += [_station(city, g) for g in some]
        out += [Start(str(t.timetable.stop_id[k]), str(t.stop_name[k]), np.zeros(0, np.int64), k) for k in stops]
        if not name or not (some or stops):
            known = np.concatenate((s.name, s.id, t.stop_name, t.timetable.stop_id))
            problems.append(Problem("starts", f"no station or stop is called {name!r}", did_you_mean(name, known)))
    if problems:
        raise InputError(problems)
    return list({start.id: start for start in out}.values()) if wanted else [_station(city, int(g)) for g in stations]


def _station(city: City, g: int) -> Start:
    s = city.transit.stations
    return Start(str(s.id[g]), str(s.name[g]), np.flatnonzero(s.entrance_station == g), -1)


def terminals(city: City, streets: LoopStreets, spots: Places, start: Start) -> list[tuple[int, int]]:
    """(place, directed street) at which loops of a start may begin, nearest first.

    Within the city's stop_rules.station_m on foot of an entrance, on the KERBS nearest streets, in each direction that
    is open.
    """
    s, rules = city.transit.stations, city.transit.stop_rules
    if start.stop >= 0:
        near = np.flatnonzero(spots.stop == start.stop).tolist()
    else:
        where = Snap(**{n: a[:, start.doors] for n, a in s.snap.arrays()})
        doors = s.entrance_lonlat[start.doors], where
        _, end, metres = walks_between(city.roads, doors, (spots.lonlat, spots.snap), float(rules.station_m))
        order = np.lexsort((end, spots.stop[end] < 0, metres))
        near = list(dict.fromkeys(end[order].tolist()))
    first: dict[int, int] = {}
    for place in near:
        first.setdefault(int(spots.segment[place]), place)
    pairs = [(place, int(streets.at[e])) for s_, place in [*first.items()][:KERBS] for e in city.roads.edges[s_]]
    return [(place, u) for place, u in pairs if u >= 0]


def covers(city: City, zones: I64, spots: Places, radius_m: float) -> Bools:
    """(P, I) whether zones are within the radius on foot of places."""
    z = city.zones
    where = Snap(**{n: a[:, zones] for n, a in z.snap.arrays()})
    out = np.zeros((len(spots.stop), len(zones)), np.bool_)
    first, end, metres = walks_between(city.roads, (z.lonlat[zones], where), (spots.lonlat, spots.snap), radius_m)
    row = np.repeat(np.arange(len(zones)), np.diff(first))
    near = metres <= radius_m
    out[end[near], row[near]] = True
    return out
