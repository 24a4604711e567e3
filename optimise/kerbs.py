"""Places at the kerb where a bus stop may stand, and the bus lines that can call there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from network import City, InputError, Problem, Snap, did_you_mean, local_metres, metric_of, on_street, snap, units
from optimise.problem import I64

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_FARTHER: Final = 2.0
"""A bus is taken to drive at most so many times the straight line from stop to stop: others are not looked at."""
_AT_ONCE: Final = 512
_ENDS: Final = 2
_GUESSED: Final = 3
"""Unknown streets for which one like it is looked for; each takes a tenth of a second."""


@dataclass(frozen=True, kw_only=True)
class Exclusions:
    """Where no stop may stand: streets by way id or name, and circles (lon, lat, radius in m)."""

    streets: tuple[str, ...] = ()
    circles: tuple[tuple[float, float, float], ...] = ()

    def closed(self, city: City) -> Bools:
        """(S) segments of the streets. Raises InputError with every street that is not there."""
        roads, out = city.roads, np.zeros(len(city.roads.edges), np.bool_)
        problems: list[Problem] = []
        for street in self.streets:
            ways = (roads.way_id == street) | ((roads.way_name == street) & (street != ""))
            if not ways.any():
                known = np.concatenate((roads.way_name, roads.way_id)) if len(problems) < _GUESSED else ()
                hint = did_you_mean(street, known) or "give the id or name of a street of the city"
                problems.append(Problem("exclusions", f"no street has the id or name {street!r}", hint))
            out |= ways[roads.way]
        if problems:
            raise InputError(problems)
        return out

    def hides(self, city: City, lonlat: F64) -> Bools:
        """(X) whether points lie in a circle."""
        out = np.zeros(len(lonlat), np.bool_)
        for lon, lat, radius_m in self.circles:
            centre = plane(city, np.array([[lon, lat]]))
            out |= np.hypot(*(plane(city, lonlat) - centre).T) <= radius_m
        return out


@dataclass(frozen=True, eq=False, kw_only=True)
class Kerbs:
    """Places (J) on the streets; both sides of a street are one place."""

    lonlat: F64
    snap: Snap
    way: I64
    """Way the place is on."""

    def some(self, which: I64 | Bools) -> Kerbs:
        where = {name: array[:, which] for name, array in self.snap.arrays()}
        return Kerbs(lonlat=self.lonlat[which], snap=Snap(**where), way=self.way[which])

    def __len__(self) -> int:
        return len(self.way)


def plane(city: City, lonlat: F64) -> F64:
    """Local metres (X, 2)."""
    return local_metres(lonlat, float(np.median(city.roads.lonlat[:, 1])))


def kerbs(city: City, near: F64, within_m: F64, exclusions: Exclusions) -> Kerbs:
    """Places where a stop may stand within straight metres (X) of some points (X, 2).

    On streets that cars may use and that are of a class buses stop on, clear of junctions by the city's stop rules.
    """
    roads, rules = city.roads, city.transit.stop_rules
    open_ = (roads.time_ms[units.DRIVE][roads.edges] >= 0).any(axis=1)
    open_ &= ~np.isin(roads.way_class, rules.no_stop_classes)[roads.way]
    closed = exclusions.closed(city)
    count = np.where(open_ & roads.beside & ~closed, np.maximum(1, roads.length_m // rules.kerb_spacing_m), 0)
    count = count.astype(np.int64)
    segment = np.repeat(np.arange(len(count), dtype=np.int32), count)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    along = (step + 0.5) / count[segment]
    lonlat = on_street(roads, segment, along)
    west, south, east, north = roads.bounds
    use = ((lonlat >= (west, south)) & (lonlat <= (east, north))).all(axis=1)  # beyond, no edit may put a stop
    use &= _near(plane(city, lonlat), plane(city, near), within_m) & ~exclusions.hides(city, lonlat)
    segment, along, lonlat = segment[use], along[use], lonlat[use]
    if len(segment):
        clear = _clear_of_junctions(city, open_, segment, along)
        segment, lonlat = segment[clear], lonlat[clear]
    return Kerbs(lonlat=lonlat, snap=snap(roads, lonlat), way=roads.way[segment].astype(np.int64))


def _near(places: F64, points: F64, within_m: F64) -> Bools:
    from scipy.spatial import cKDTree

    out = np.zeros(len(places), np.bool_)
    if len(places) and len(points):
        tree = cKDTree(places)
        for found in tree.query_ball_point(points, within_m + 1.0):  # radii are held against whole metres
            out[found] = True
    return out


def _clear_of_junctions(city: City, streets: Bools, segment: npt.NDArray[np.int32], along: F64) -> Bools:
    """(X) whether places keep clear of the junctions of some streets (S) on either side."""
    rules, length = city.transit.stop_rules, city.roads.length_m
    ahead = junction_m(city, streets)
    back_m = ahead[segment, 0] + along * length[segment]
    forth_m = ahead[segment, 1] + (1.0 - along) * length[segment]
    least = np.minimum(float(rules.junction_m), float(rules.junction_share) * (back_m + forth_m))
    return np.asarray(np.minimum(back_m, forth_m) >= least)


def junction_m(city: City, streets: Bools) -> F64:
    """(S, 2) metres from the start and from the end of a segment to where three or more streets (S) meet.

    Infinite where the street ends before, or comes back to itself.
    """
    roads = city.roads
    _, spot = np.unique(roads.lonlat, axis=0, return_inverse=True)
    there = roads.edges[:, 0]
    end_spot = np.column_stack((spot[roads.tail[there]], spot[roads.head[there]])).ravel()
    some = np.repeat(streets, _ENDS)
    meet = np.bincount(end_spot[some], minlength=int(spot.max(initial=-1)) + 1)[end_spot]
    here = np.arange(len(end_spot))
    onward, metres = here.copy(), np.where(meet > _ENDS, 0.0, np.inf)
    through = some & (meet == _ENDS)
    order = here[through][np.argsort(end_spot[through], kind="stable")]
    pair = order.reshape(-1, _ENDS)
    onward[pair] = pair[:, ::-1] ^ 1  # over the other segment that begins here, to its far end
    step_m = np.where(through, roads.length_m[onward >> 1], 0.0)
    for _ in range(len(here).bit_length()):
        step_m, onward = step_m + step_m[onward], onward[onward]
    out = np.where(through[onward], np.inf, step_m + metres[onward])
    return np.asarray(out.reshape(-1, _ENDS), np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Passing:
    """Bus lines that can call at places (J), as CSR: line, and the metres by which their way becomes longer."""

    first: I64
    line: I64
    detour_m: F64

    def straightest(self, place: int, spare_m: float) -> list[int]:
        """Lines whose detour to a place is hardly more than the least."""
        run = slice(*self.first[place : place + 2])
        near = self.detour_m[run] <= self.detour_m[run].min(initial=np.inf) + spare_m
        return sorted(self.line[run][near].tolist())


class Ways:
    """How far buses drive between stops and places, along the quickest way [m]."""

    def __init__(self, city: City, places: Kerbs) -> None:
        self.city, self.places = city, places
        self.legs = bus_legs(city)
        self.drive = metric_of(city.roads, units.DRIVE)

    def between(self, stops: Sequence[int]) -> tuple[F64, F64, F64, I64]:
        """From stops to stops, from stops to places, from places to stops; and the row of each stop, -1 for none."""
        t, some = self.city.transit.timetable, np.array(stops, dtype=np.int64)
        where = Snap(**{name: array[:, some] for name, array in t.snap.arrays()})
        row = np.full(len(t.stop_id), -1)
        row[some] = np.arange(len(some))
        skim, places = self.drive.skim, self.places.snap
        return skim(where, where)[1], skim(where, places)[1], skim(places, where)[1], row

    def passing(self) -> Passing:
        """Lines that could call at each place with a detour of at most the city's stop_rules.detour_m."""
        most = float(self.city.transit.stop_rules.detour_m)
        place, leg = self._near_legs(most)
        if not len(place):
            return Passing(first=np.zeros(len(self.places) + 1, np.int64), line=leg, detour_m=np.zeros(0))
        stops, to, from_, row = self.between(np.unique(self.legs[leg, :2]).tolist())
        a, b = row[self.legs[leg, 0]], row[self.legs[leg, 1]]
        with np.errstate(invalid="ignore"):
            detour = np.maximum(to[a, place] + from_[place, b] - stops[a, b], 0.0)
        short = detour <= most  # not so where there is no way
        place, line, detour = place[short], self.legs[leg[short], 2], detour[short]
        order = np.lexsort((detour, line, place))
        place, line, detour = place[order], line[order], detour[order]
        best = np.append(True, (np.diff(place) != 0) | (np.diff(line) != 0))[: len(place)]
        first = np.searchsorted(place[best], np.arange(len(self.places) + 1)).astype(np.int64)
        return Passing(first=first, line=line[best], detour_m=detour[best])

    def _near_legs(self, detour_m: float) -> tuple[I64, I64]:
        """Pairs of a place and a leg of a line that may pass it."""
        at = plane(self.city, self.city.transit.timetable.stop_lonlat)
        start, end = at[self.legs[:, 0]], at[self.legs[:, 1]]
        most = _FARTHER * np.hypot(*(end - start).T) + detour_m
        spots, found = plane(self.city, self.places.lonlat), []
        for begin in range(0, len(spots), _AT_ONCE):
            here = spots[begin : begin + _AT_ONCE, None]
            around = np.hypot(*np.moveaxis(here - start, 2, 0)) + np.hypot(*np.moveaxis(here - end, 2, 0))
            place, leg = np.nonzero(around <= most)
            found.append(np.stack((place + begin, leg)))
        place, leg = np.concatenate([np.zeros((2, 0), np.int64), *found], axis=1)
        return place, leg


def bus_legs(city: City) -> I64:
    """(X, 3) stop, next stop and line of the legs of the bus lines that run; each once."""
    calls, line = _bus_calls(city)
    legs = [np.column_stack((s[:-1], s[1:], np.full(len(s) - 1, at))) for s, at in zip(calls, line, strict=True)]
    return np.unique(np.concatenate([np.zeros((0, 3), np.int64), *legs]), axis=0)


def bus_calls(city: City) -> I64:
    """(X, 4) stop before, stop, stop after and line of the calls of the bus lines that run; -1 at their ends."""
    out = [np.zeros((0, 4), np.int64)]
    for stops, at in zip(*_bus_calls(city), strict=True):
        before, after = np.append(-1, stops[:-1]), np.append(stops[1:], -1)
        out.append(np.column_stack((before, stops, after, np.full(len(stops), at))))
    return np.unique(np.concatenate(out), axis=0)


def _bus_calls(city: City) -> tuple[list[I64], list[int]]:
    """Stops along each pattern of the bus lines that run, and its line."""
    t, mode = city.transit.running, city.transit.line_mode
    some = np.flatnonzero(mode[t.pattern_line] == units.BUS).tolist()
    stops = [t.call_stop[t.pattern_first[p] : t.pattern_first[p + 1]].astype(np.int64) for p in some]
    return stops, t.pattern_line[some].tolist()
