"""The car traffic that passes each zone: where drivers on their way look for a fast charger."""

from __future__ import annotations

import numpy as np

from network.city import City, Roads
from network.kernels.passing import Points, drive, soonest_from
from network.part import F64, I32, I64, Snap
from network.travel.reach import timed_streets
from network.travel.roads import ends_of
from network.units import DRIVE, MM_PER_M

_S_PER_MIN = 60.0
_NONE = -1


def passing_share(city: City) -> F64:
    """(Z) share of the kilometres driven in the city that are driven past each zone; all 0 where nobody drives.

    A street passes the zones that lie on it, in equal parts, else the zone it is reached soonest from by car, so that
    every kilometre counts once, however finely streets are cut. Times are those without congestion.
    """
    zones, rules = city.zones, city.charging
    persons = zones.residents + zones.jobs + zones.students + zones.visitors
    scale_s = float(rules.passing_scale_min) * _S_PER_MIN
    driven = driven_m(city.roads, zones.snap, persons, int(rules.passing_origins), scale_s)
    out = past_points(city.roads, zones.snap, driven)
    return out / out.sum() if out.sum() > 0 else np.zeros(len(persons))


def past_points(roads: Roads, points: Snap, driven: F64) -> F64:
    """(X) the metres driven on segments (S) past each point."""
    own = points.segment[DRIVE]
    on_it = np.bincount(own, minlength=len(driven))
    past = passed_point(roads, points)
    some = (on_it == 0) & (past != _NONE)
    return np.asarray(driven[own] / on_it[own] + np.bincount(past[some], driven[some], len(own)))


def driven_m(roads: Roads, points: Snap, persons: F64, most_origins: int, scale_s: float) -> F64:
    """(S) metres that cars drive on each segment, both ways together, between points (X) with persons (X).

    From i to j by the quickest way drive persons_i * persons_j * exp(-t_ij / scale_s) cars. With more points than
    `most_origins` they leave from a sample, drawn at even steps of the persons counted up.
    """
    origin, cars = _origins(persons, most_origins)
    mm = drive(timed_streets(roads, DRIVE), roads.tail, _points(roads, points), origin, cars, persons, scale_s)
    street = roads.segment >= 0
    return np.bincount(roads.segment[street], mm[street], len(roads.edges)) / MM_PER_M


def passed_point(roads: Roads, points: Snap) -> I32:
    """(S) the point (X) from which each segment is reached soonest by car; -1 where it is from none."""
    cost, point = soonest_from(timed_streets(roads, DRIVE), roads.tail, _points(roads, points))
    forward = roads.edges[:, 0]
    start, end = roads.arrive[forward], roads.head[forward]
    return np.asarray(point[np.where(cost[start] <= cost[end], start, end)])


def _points(roads: Roads, points: Snap) -> Points:
    ends = ends_of(roads, points, DRIVE, weigh_time=True)
    return Points(roads.edges[ends.segment], ends.leave_node, ends.leave_cost, ends.arrive_node, ends.passed)


def _origins(persons: F64, most: int) -> tuple[I64, F64]:
    """The points that cars leave from, and the persons each of them stands for."""
    there = np.flatnonzero(persons > 0)
    if len(there) <= most:
        return there, persons[there]
    total = np.cumsum(persons[there])
    step = total[-1] / most
    drawn, times = np.unique(np.searchsorted(total, (np.arange(most) + 0.5) * step, "right"), return_counts=True)
    return there[drawn], times * step
