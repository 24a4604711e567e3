"""Dispatch points of a city as a problem in whole numbers: whose rides, which sites, and how bikes pile up by the hour.

A window runs from one balancing by vans to the next, on one type of day. In its hours a demand point's bikes pile up by
its returns less its pickups; the places a point needs are the range of the sum of these over whom it serves, with a
margin of z standard deviations (Skellam, doi 10.2307/2981372).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from network import BIKE_DAYS, BikeFlows, BikeSharingRules, City, Snap, bike_walks, margin_of, snap, units
from optimise.bike_sites import UsableSites
from optimise.bike_wishes import F64, BikeWishes, Bools, Ring, inside
from optimise.kerbs import plane
from optimise.points import PointProblem
from optimise.problem import I64

THOUSAND: Final = 1000


class Window(NamedTuple):
    """Hours of a type of day, in their order, from a balancing to the next."""

    day: int
    """Position in BIKE_DAYS."""
    hours: tuple[int, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeCase:
    """The problem, and what its rows and sites are. Sites are the city's points, then those that can be used."""

    problem: PointProblem
    flows: BikeFlows
    """Of the whole city."""
    asked: I64
    """(I) rows of the flows that the problem is about."""
    there: I64
    """Positions of the city's points that are sites."""
    sites: UsableSites
    lonlat: F64
    """(J, 2) of all sites."""
    snap: Snap
    windows: tuple[Window, ...]
    z: float
    area: tuple[Ring, ...] | str
    """Within which points are planned, as in BikeWishes."""

    @property
    def new(self) -> int:
        """Position of the first site that is no point yet."""
        return len(self.there)

    def within(self, city: City, lonlat: F64) -> Bools:
        """(X) whether places lie where points are planned."""
        return inside(city, self.area, lonlat)

    def of_day(self, day: int) -> list[int]:
        """Windows of a type of day."""
        return [w for w, window in enumerate(self.windows) if window.day == day]


def bike_case(city: City, flows: BikeFlows, sites: UsableSites, wishes: BikeWishes, share: float) -> BikeCase:
    """The case; `share` of the rides of the whole city has a point at least."""
    rules, points = city.bike_sharing, city.bike_points
    there = np.flatnonzero(points.spaces > 0)
    lonlat = np.concatenate((points.lonlat[there], sites.lonlat))
    touch = _touching(city, there, sites)
    trips = (flows.pickups + flows.returns).sum(axis=2)
    asked = np.flatnonzero(inside(city, wishes.within, flows.lonlat) & (np.rint(THOUSAND * trips[0]) > 0))
    walks = bike_walks(city, flows, lonlat, touch)
    first, site, metres = _of_rows(walks, asked)
    windows = windows_of(rules)
    z = margin_of(float(rules.days_covered) ** (1 / len(rules.balance_h)))
    weight = np.rint(THOUSAND * trips[0, asked]).astype(np.int64)
    least = math.ceil(wishes.covered * int(weight.sum()))
    if share > 0:
        least = max(least, _still_asked(flows, walks, asked, len(there), share))
    net, flow = _piles(flows, asked, windows)
    problem = PointProblem(
        objective=wishes.objective, first=first, site=site, metres=np.rint(metres).astype(np.int64), weight=weight,
        worth_fen=np.rint(weight * (wishes.worth_cny or 0.0) * units.FEN_PER_CNY / THOUSAND).astype(np.int64),
        net=net, flow=flow, z_thousandths=math.ceil(THOUSAND * z), **_of_sites(city, there, sites),
        apart=_apart(plane(city, lonlat), float(rules.spacing_m), len(there)),
        budget_fen=wishes.cumulative_fen()[-1], least_weight=least,
    )  # fmt: skip
    return BikeCase(
        problem=problem, flows=flows, asked=asked, there=there, sites=sites, lonlat=lonlat, snap=touch,
        windows=windows, z=z,
        area=wishes.within,
    )  # fmt: skip


def windows_of(rules: BikeSharingRules) -> tuple[Window, ...]:
    """All windows, those of a weekday first."""
    at = rules.balance_h.tolist()
    spans = [
        tuple(h % units.HOURS for h in range(a, b)) for a, b in zip(at, [*at[1:], at[0] + units.HOURS], strict=True)
    ]
    return tuple(Window(day, hours) for day in range(len(BIKE_DAYS)) for hours in spans)


def _piles(flows: BikeFlows, asked: I64, windows: tuple[Window, ...]) -> tuple[I64, I64]:
    """Thousandths of bikes: (W, I, T+1) piled up by the end of each hour of a window, and (W, I) that go and come."""
    longest = max(len(w.hours) for w in windows)
    net = np.zeros((len(windows), len(asked), longest + 1), np.int64)
    flow = np.zeros((len(windows), len(asked)), np.int64)
    for w, (day, hours) in enumerate(windows):
        some = np.ix_(asked, np.array(hours))
        gone, come = flows.pickups[day][some], flows.returns[day][some]
        piled = np.rint(THOUSAND * np.cumsum(come - gone, axis=1)).astype(np.int64)
        net[w, :, 1 : len(hours) + 1] = piled
        net[w, :, len(hours) + 1 :] = piled[:, -1:]
        flow[w] = np.rint(THOUSAND * (come + gone).sum(axis=1))
    return net, flow


def _touching(city: City, there: I64, sites: UsableSites) -> Snap:
    """Where points that are there, and sites, touch the streets."""
    old = {name: array[:, there] for name, array in city.bike_points.snap.arrays()}
    if not sites.sites:
        return Snap(**old)
    new = dict(snap(city.roads, sites.lonlat).arrays())
    return Snap(**{name: np.concatenate((array, new[name]), axis=1) for name, array in old.items()})


def _of_rows(walks: tuple[I64, I64, F64], rows: I64) -> tuple[I64, I64, F64]:
    """The runs of some rows of a CSR."""
    first, site, metres = walks
    count = np.diff(first)[rows]
    begins = np.append(0, np.cumsum(count))
    at = np.arange(begins[-1]) + np.repeat(first[:-1][rows] - begins[:-1], count)
    return begins.astype(np.int64), site[at].astype(np.int64), metres[at]


def _still_asked(flows: BikeFlows, walks: tuple[I64, I64, F64], asked: I64, there: int, share: float) -> int:
    """Weight of the rows asked about that brings the whole city to a share, with what points beyond cover already."""
    weight = np.rint(THOUSAND * (flows.pickups[0] + flows.returns[0]).sum(axis=1))
    first, site, _ = walks
    row = np.repeat(np.arange(len(weight)), np.diff(first))
    covered = np.isin(np.arange(len(weight)), row[site < there])
    covered[asked] = False
    return max(0, math.ceil(share * float(weight.sum()) - float(weight[covered].sum())))


def _of_sites(city: City, there: I64, sites: UsableSites) -> dict[str, I64]:
    """(J) numbers of the sites: those that are there have room by their ground, where it is known."""
    rules, points = city.bike_sharing, city.bike_points
    kind, spaces = points.docked[there].astype(np.int64), points.spaces[there].astype(np.int64)
    room = np.maximum(spaces, np.floor(points.area_m2[there] / float(rules.bike_m2)).astype(np.int64))
    more_fen = np.rint(rules.space_cny[kind] * units.FEN_PER_CNY).astype(np.int64)
    new = len(sites.sites)
    return {
        "most": np.append(room, sites.room),
        "least": np.append(spaces, np.full(new, int(rules.least_spaces))),
        "already": np.append(spaces, np.zeros(new, np.int64)),
        "open_fen": np.append(np.zeros(len(there), np.int64), sites.open_fen),
        "space_fen": np.append(more_fen, sites.space_fen),
    }


def _apart(metres: F64, spacing_m: float, there: int) -> I64:
    """(P, 2) sites nearer to each other than they may be, of which one at least is new."""
    from scipy.spatial import cKDTree

    if len(metres) <= 1:
        return np.zeros((0, 2), np.int64)
    pairs = cKDTree(metres).query_pairs(spacing_m, output_type="ndarray").astype(np.int64)
    pairs = np.sort(pairs, axis=1)
    near = np.hypot(*(metres[pairs[:, 0]] - metres[pairs[:, 1]]).T) < spacing_m
    pairs = pairs[near & (pairs[:, 1] >= there)]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def best_part(problem: PointProblem, site_of: I64, spaces: I64, budget_fen: int) -> PointProblem:
    """The problem of an earlier year: points of the next, no larger than then, and whom they serve then or nobody."""
    served = site_of >= 0
    pair = np.flatnonzero(problem.site == site_of[problem.row])
    return replace(
        problem,
        objective="net" if problem.objective == "net" else "cover",
        first=np.append(0, np.cumsum(served)),
        site=problem.site[pair],
        metres=problem.metres[pair],
        most=np.maximum(spaces, problem.already),
        apart=np.zeros((0, 2), np.int64),
        budget_fen=budget_fen,
        least_weight=0,
    )
