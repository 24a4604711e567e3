"""Cars on the streets of a city: the streets as links that fill up, and the streets at the times of an equilibrium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.city import Roads
from network.congestion_rules import CongestionRules
from network.errors import InputError, Problem
from network.kernels.lanes import LENGTH_BITS
from network.part import F64, I32, I64, Snap
from network.travel.congestion import Equilibrium, Links
from network.travel.roads import Ends, ends_of, skim
from network.units import DRIVE, MOST_EDGE_MS, MS_PER_S


@dataclass(frozen=True, eq=False, kw_only=True)
class CityLinks:
    """Links of a city's streets, for `congestion.equilibrium`."""

    links: Links
    """Its zones are the points; the nodes of the streets follow, then the places where points lie on edges."""
    edge: I32
    """(L) edge of the streets that a link is all or a piece of; -1 on the way to or from a point."""


def city_links(roads: Roads, rules: CongestionRules, points: Snap) -> CityLinks:
    """Streets open to cars as links, with points (Z) as zones that nobody drives through.

    An edge is cut where a point lies on it, so that the traffic of the point fills only the piece it drives; each piece
    has the capacity of the whole. Turns have no limit. At no flow times are those of `travel.roads.skim`. A copy of an
    edge is a link of its own, with the capacity of the street: the few streets that turn restrictions lead over fill up
    less than they would.
    """
    ends = ends_of(roads, points, DRIVE, weigh_time=True)
    zones, nodes = len(ends.segment), len(roads.lonlat)
    place_edge, passed, at = _places(roads, ends)
    open_edge = np.flatnonzero(roads.time_ms[DRIVE] >= 0)
    edge = np.concatenate((open_edge, place_edge))
    behind_ms = np.concatenate((np.zeros(len(open_edge), np.int64), passed >> LENGTH_BITS))
    behind = np.concatenate((np.full(len(open_edge), -1), passed))
    node = zones + np.concatenate((roads.tail[open_edge], nodes + np.arange(len(place_edge))))
    order = np.lexsort((behind, edge))
    edge, behind_ms, node = edge[order], behind_ms[order], node[order]
    last = np.append(edge[1:] != edge[:-1], np.ones(min(len(edge), 1), np.bool_))
    head = np.where(last, zones + roads.head[edge], np.roll(node, -1))
    piece_ms = np.where(last, roads.time_ms[DRIVE][edge], np.roll(behind_ms, -1)) - behind_ms

    zone = np.flatnonzero(at >= 0) // 2
    q = at[at >= 0]
    place, gate = zones + nodes + q, zones + roads.arrive[place_edge[q]]
    gated = gate != zones + roads.tail[place_edge[q]]  # who comes by a copy of the edge ends here as well
    free, capacity = np.zeros(2 * len(zone) + gated.sum()), _capacity(roads, rules, edge)
    limited = np.append(roads.segment[edge] >= 0, np.zeros(len(free), np.bool_))
    links = Links(
        nodes=zones + nodes + len(place_edge),
        zones=zones,
        first_thru_node=zones,
        tail=np.concatenate((node, zone, place, gate[gated])).astype(np.int32),
        head=np.concatenate((head, place, zone, zone[gated])).astype(np.int32),
        free_s=np.concatenate((piece_ms, np.zeros(2 * len(zone)), passed[q[gated]] >> LENGTH_BITS)) / MS_PER_S,
        capacity=np.append(capacity, free),
        b=np.where(limited, rules.alpha, 0.0),
        power=np.full(len(limited), float(rules.beta)),
    )
    return CityLinks(links=links, edge=np.append(edge, np.full(len(free), -1)).astype(np.int32))


def congested(roads: Roads, city: CityLinks, time_s: F64) -> Roads:
    """The streets with the times (L) of the links for cars, in whole milliseconds; of copies of an edge the longest.

    Raises InputError where an edge takes longer than can be counted.
    """
    own = city.edge >= 0
    slow = np.rint(np.bincount(city.edge[own], np.asarray(time_s)[own], len(roads.head)) * MS_PER_S)
    np.maximum.at(slow, roads.copies[:, 1], slow[roads.copies[:, 0]])
    if not slow.max(initial=0.0) <= MOST_EDGE_MS:
        way = roads.way_id[roads.way[roads.segment[int(slow.argmax())]]]
        what = f"cars take {slow.max() / MS_PER_S:g} s along a segment of {way}"
        raise InputError(Problem("time_s", what, "the demand is too large for the capacities of the streets"))
    time_ms = roads.time_ms.copy()
    time_ms[DRIVE] = np.where(time_ms[DRIVE] >= 0, slow, time_ms[DRIVE])
    return roads.with_times(time_ms)


def drive_skim(roads: Roads, city: CityLinks, found: Equilibrium, starts: Snap, ends: Snap) -> tuple[F64, F64]:
    """Time by car at equilibrium [s] and length [m] of the quickest way, both (X, Y), as `travel.roads.skim`."""
    return skim(congested(roads, city, found.time_s), starts, ends, DRIVE)


def _places(roads: Roads, ends: Ends) -> tuple[I64, I64, I64]:
    """Places (Q) of points on edges: the edge, the packed weight behind; and the place (Z, 2) of a point, -1 if none.

    Points at one spot share their place: between them there is no way to drive.
    """
    edge, passed = roads.edges[ends.segment].ravel().astype(np.int64), ends.passed.ravel()
    there = passed >= 0
    places, back = np.unique(np.column_stack((edge[there], passed[there])), axis=0, return_inverse=True)
    at = np.full(len(edge), -1, np.int64)
    at[there] = back.ravel()
    return places[:, 0], places[:, 1], at


def _capacity(roads: Roads, rules: CongestionRules, edge: I64) -> F64:
    """(L) vehicles an hour of edges; what is said of turns does not count."""
    known = dict(zip(rules.street_classes.tolist(), rules.capacity.tolist(), strict=True))
    of_way = np.array([known.get(kind, float(rules.other_capacity)) for kind in roads.way_class.tolist()])
    return np.asarray(of_way[roads.way[np.maximum(roads.segment[edge], 0)]], np.float64)
