"""Rows of a plan of dispatch points: from whom each site serves to places, bikes, and on how many days they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from network import City, days_held, nearest_of, units, walks_between
from optimise.bike_plan import BikePoint, Uncovered
from optimise.bike_problem import THOUSAND, BikeCase
from optimise.bike_sites import shortened
from optimise.bike_wishes import F64, Bools
from optimise.points import PointAnswer, stock_of
from optimise.problem import I64

_WEEKDAY, _DAY_OFF = 0, 1
_DIGITS: Final = 4
_DEGREES: Final = 7


@dataclass(frozen=True, eq=False, kw_only=True)
class Served:
    """What goes on at the sites (J) when each demand point (I) goes to one of them, or to none (-1)."""

    case: BikeCase
    site_of: I64

    @cached_property
    def pickups(self) -> F64:
        """(2, J, 24)"""
        return self._sums(self.case.flows.pickups)

    @cached_property
    def returns(self) -> F64:
        """(2, J, 24)"""
        return self._sums(self.case.flows.returns)

    def held(self, day: int, spaces: I64, stock: I64) -> F64:
        """(J) chance that a site with places neither runs empty nor full in any window of the day; else 1."""
        out = np.ones(len(spaces))
        some = np.flatnonzero(spaces > 0)
        for w in self.case.of_day(day):
            at = np.ix_(some, np.array(self.case.windows[w].hours))
            out[some] *= days_held(self.pickups[day][at], self.returns[day][at], spaces[some], stock[some])
        return out

    def by_hour(self, stock: I64) -> F64:
        """(J, 24) bikes on the mean at the end of each hour of a weekday."""
        more = self.returns[_WEEKDAY] - self.pickups[_WEEKDAY]
        out = np.zeros(more.shape)
        for w in self.case.of_day(_WEEKDAY):
            hours = list(self.case.windows[w].hours)
            out[:, hours] = stock[:, None] + np.cumsum(more[:, hours], axis=1)
        return out

    @cached_property
    def walk_m(self) -> F64:
        """(J) mean walk of those served, NaN where nobody is."""
        p = self.case.problem
        pair = np.flatnonzero(p.site == self.site_of[p.row])
        weight = p.weight[p.row[pair]]
        total, metres = (np.bincount(p.site[pair], w, p.sites) for w in (weight, weight * p.metres[pair]))
        return np.asarray(np.divide(metres, total, out=np.full(p.sites, np.nan), where=total > 0))

    @cached_property
    def serves(self) -> Bools:
        """(J) whether anybody goes there."""
        return np.bincount(self.site_of[self.site_of >= 0], minlength=self.case.problem.sites) > 0

    def _sums(self, values: F64) -> F64:
        some = np.flatnonzero(self.site_of >= 0)
        out = np.zeros((len(values), self.case.problem.sites, values.shape[2]))
        for day, asked in enumerate(values[:, self.case.asked[some]]):
            np.add.at(out[day], self.site_of[some], asked)
        return out


def nearest_open(case: BikeCase, open_: Bools) -> I64:
    """(I) the nearest open site within reach of each demand point, -1 where there is none."""
    p, out = case.problem, np.full(case.problem.demands, -1, np.int64)
    pair = np.flatnonzero(open_[p.site])
    order = pair[np.lexsort((p.site[pair], -p.metres[pair], p.row[pair]))]  # the nearest of each row comes last
    out[p.row[order]] = p.site[order]
    return out


def point_rows(
    city: City, case: BikeCase, answers: Sequence[PointAnswer], years: Sequence[int]
) -> tuple[BikePoint, ...]:
    """Points of the last answer, with those that stay and serve nobody; answers are those of the years."""
    last = answers[-1]
    served, kept = Served(case=case, site_of=last.site_of), _stocks(city, case, answers)
    told = _told(case, last, served, kept[-1])
    fixed = _fixed(city, case)
    opened = last.open & ~(_elsewhere(case, city) & ~served.serves)
    out = []
    for j in np.flatnonzero(opened).tolist():
        there = fixed["spaces_before"][j]
        row: dict[str, Any] = {name: values[j] for name, values in (fixed | told).items()}
        if years:
            row["spaces_by_year"] = tuple(int(a.spaces[j]) for a in answers)
            row["bikes_by_year"] = tuple(int(stock[j]) for stock in kept)
        grown = [year for year, a in zip(years, answers, strict=False) if a.spaces[j] > there]
        out.append(BikePoint(year=grown[0] if grown else 0, **row, **_ground(city, case, int(last.spaces[j]), j)))
    return tuple(out)


def uncovered(case: BikeCase, answer: PointAnswer) -> tuple[Uncovered, ...]:
    """Demand points that no site is sized for."""
    p, near = case.problem, nearest_open(case, answer.open) >= 0
    lonlat = case.flows.lonlat[case.asked].round(_DEGREES)
    return tuple(
        Uncovered(
            lon=float(lonlat[i, 0]), lat=float(lonlat[i, 1]), trips=int(p.weight[i]) / THOUSAND, covered=bool(near[i])
        )
        for i in np.flatnonzero(answer.site_of < 0).tolist()
    )


def _stocks(city: City, case: BikeCase, answers: Sequence[PointAnswer]) -> list[I64]:
    """(J) bikes on weekday mornings in each year; where nobody goes, as many as there are."""
    before = _before(city, case)
    out = []
    for answer in answers:
        serves = Served(case=case, site_of=answer.site_of).serves
        stock = stock_of(case.problem, answer, case.of_day(_WEEKDAY))
        out.append(np.where(serves, stock, np.where(answer.open, before, 0)))
    return out


def _before(city: City, case: BikeCase) -> I64:
    """(J) bikes that stand there before the plan."""
    return np.append(city.bike_points.bikes[case.there], np.zeros(len(case.sites.sites))).astype(np.int64)


def _told(case: BikeCase, answer: PointAnswer, served: Served, stock: I64) -> dict[str, list[Any]]:
    """Fields of the points that follow from whom they serve, by site."""
    spaces, p = np.where(answer.open, answer.spaces, 0), case.problem
    off = stock_of(p, answer, case.of_day(_DAY_OFF))
    close = Served(case=case, site_of=nearest_open(case, answer.open))
    new_fen = np.where(answer.open & ~p.there, p.open_fen, 0)
    cost_cny = (new_fen + p.space_fen * np.maximum(spaces - p.already, 0)) / units.FEN_PER_CNY
    walk_m = [None if np.isnan(m) else round(m, 1) for m in served.walk_m.tolist()]
    hours = np.where(served.serves[:, None], served.by_hour(stock), stock[:, None]).round(2)
    numbers = {
        "pickups": served.pickups[_WEEKDAY].sum(axis=1),
        "returns": served.returns[_WEEKDAY].sum(axis=1),
        "days_covered": served.held(_WEEKDAY, spaces, stock),
        "days_off_covered": served.held(_DAY_OFF, spaces, off),
        "days_covered_by_nearest": close.held(_WEEKDAY, spaces, stock),
    }
    return {
        "spaces": spaces.tolist(),
        "bikes": stock.tolist(),
        "cost_cny": cost_cny.tolist(),
        "walk_m": walk_m,
        "bikes_by_hour": [tuple(h) for h in hours.tolist()],
        **{name: values.round(_DIGITS).tolist() for name, values in numbers.items()},
    }


def _fixed(city: City, case: BikeCase) -> dict[str, list[Any]]:
    """Fields of the points that no answer changes, by site."""
    points, there, sites = city.bike_points, case.there, case.sites.sites
    station, entrance_m = _entrances(city, case)
    return {
        "id": [*points.id[there].tolist(), *(s.id for s in sites)],
        "name": [*points.name[there].tolist(), *(s.name for s in sites)],
        "lon": case.lonlat[:, 0].tolist(),
        "lat": case.lonlat[:, 1].tolist(),
        "zone": city.zones.id[nearest_of(city.zones.lonlat, case.lonlat)].tolist(),
        "docked": [*points.docked[there].tolist(), *(s.docked for s in sites)],
        "existing": [True] * len(there) + [False] * len(sites),
        "spaces_before": case.problem.already.tolist(),
        "bikes_before": _before(city, case).tolist(),
        "station": station,
        "entrance_m": entrance_m,
    }


def _elsewhere(case: BikeCase, city: City) -> Bools:
    """(J) points that are there, beyond where points are planned."""
    out = np.zeros(len(case.lonlat), np.bool_)
    out[: case.new] = ~case.within(city, case.lonlat[: case.new])
    return out


def _ground(city: City, case: BikeCase, spaces: int, j: int) -> dict[str, Any]:
    """Ground and outline of a point."""
    if j < case.new:
        points, at = city.bike_points, int(case.there[j])
        ring = points.ring_lonlat[points.ring_first[at] : points.ring_first[at + 1]]
        return {"area_m2": float(points.area_m2[at]), "outline": tuple(map(tuple, ring.tolist()))}
    site, rules = case.sites.sites[j - case.new], city.bike_sharing
    if case.sites.assumed:
        site = shortened(site, spaces, rules)
    area_m2 = spaces * float(rules.bike_m2) if site.area_m2 is None else site.area_m2
    return {"area_m2": round(area_m2, 2), "outline": site.outline}


def _entrances(city: City, case: BikeCase) -> tuple[list[str], list[float | None]]:
    """By site: the rail station whose entrance is within station_walk_m, and the walk to the nearest within walk_m."""
    s, rules = city.transit.stations, city.bike_sharing
    names: list[str] = [""] * len(case.lonlat)
    walks: list[float | None] = [None] * len(case.lonlat)
    if not (len(case.lonlat) and len(s.entrance_id)):
        return names, walks
    ends = (s.entrance_lonlat, s.snap)
    first, end, metres = walks_between(city.roads, (case.lonlat, case.snap), ends, float(rules.walk_m))
    for j in np.flatnonzero(np.diff(first)).tolist():
        near = first[j] + int(metres[first[j] : first[j + 1]].argmin())
        walks[j] = float(metres[near])
        if metres[near] <= rules.station_walk_m:
            names[j] = str(s.id[s.entrance_station[end[near]]])
    return names, walks
