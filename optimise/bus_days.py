"""The day of each bus at its depot: the ways from and to it, and where it tops up when its battery does not last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from network import BusFleet, City, InputError, Problem, Snap, did_you_mean, local_metres, skim, units
from optimise.bus_blocks import F64, I64, Block, Terminals, bus_trips, chain, terminals_of

_M_PER_KM: Final = 1000.0
_S_PER_MIN: Final = 60.0
_S_PER_H: Final = 3600.0
_H_PER_DAY: Final = 24
BUS_SEGMENT: Final = units.SEGMENTS.index("bus")
_TINY: Final = 1e-9


class TopUp(NamedTuple):
    """A bus charging at the end of a line; kwh is what reaches the battery."""

    stop: int
    from_s: float
    to_s: float
    kwh: float


@dataclass(frozen=True, eq=False, kw_only=True)
class BusDays:
    """Buses (B) and the depots (J) where they spend the night."""

    id: tuple[str, ...]
    line: tuple[str, ...]
    depot: I64
    """(B) position."""
    out_s: F64
    back_s: F64
    """(B) when each leaves and comes back to its depot."""
    km: F64
    """(B) the ways from and to the depot included."""
    top_ups: tuple[tuple[TopUp, ...], ...]
    kwh: F64
    """(B) missing from the battery at the end of the day."""
    empty: I64
    """Buses whose battery does not last their day, top-ups included."""
    depots: Depots


@dataclass(frozen=True, eq=False, kw_only=True)
class Depots:
    """Where buses may spend the night (J); `place` is -1 where it is the end of a line and no place is known."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    place: I64
    lonlat: F64


class GivenBlock(NamedTuple):
    """A block as the operator has it: seconds of the service day and km, the ways to and from the depot included."""

    id: str
    depot: str
    out_s: float
    back_s: float
    km: float


def battery_kwh_per_km(city: City) -> float:
    """Energy from the battery per km of a bus, at the temperature of the city."""
    return float(city.fleet.kwh_per_km[BUS_SEGMENT]) * city.charging.winter


def bus_days(city: City, named: Sequence[str] = ()) -> BusDays:
    """The buses that the city's timetable needs, each with the depot that is quickest to reach for its whole line.

    named: ids of places to use as depots; else all of the kinds `buses.depot_kinds`; where the city has none of them,
    buses stay at the end of their line. Raises InputError for unknown places and a city without bus lines.
    """
    buses, transit = city.buses, city.transit
    terminals = terminals_of(transit, float(buses.terminal_m))
    if not len(terminals.stop):
        hint = "build the city with its lines, as [[transit]] in its recipe, or give blocks"
        raise InputError(Problem(city.id, "has no bus line that runs", hint))
    trips = bus_trips(transit, terminals)
    speed, detour = float(transit.m_per_s[units.BUS]), float(transit.detour[units.BUS])
    blocks = chain(trips, terminals, buses, speed, detour)
    places = _places(city, named)
    depots = _depots_at(city, places) if len(places) else _depots_at_terminals(city, terminals)
    out_s, out_m, in_s, in_m = _ways(city, places, terminals)
    depot = _nearest(blocks, out_s, in_s)
    first, last = (np.array([b[k] for b in blocks], dtype=np.int64) for k in (1, 2))
    days = [
        _day(city, terminals, block, (out_m[j, block.first] / _M_PER_KM, in_m[j, block.last] / _M_PER_KM))
        for block, j in zip(blocks, depot.tolist(), strict=True)
    ]
    return BusDays(
        id=tuple(f"{block.line}/{i + 1}" for i, block in enumerate(blocks)),
        line=tuple(block.line for block in blocks),
        depot=depot,
        out_s=np.array([b.out_s for b in blocks]) - out_s[depot, first],
        back_s=np.array([b.back_s for b in blocks]) + in_s[depot, last],
        km=np.array([day.km for day in days]),
        top_ups=tuple(day.top_ups for day in days),
        kwh=np.array([day.missing_kwh for day in days]),
        empty=np.flatnonzero([day.empty for day in days]),
        depots=depots,
    )


def given_days(city: City, blocks: Sequence[GivenBlock]) -> BusDays:
    """The buses of a table of blocks. Depots are ids of places, or names of ones the city does not know.

    Nothing is known of their stays, so nobody tops up. Raises InputError naming every row that makes no sense.
    """
    problems = []
    longest_s = _H_PER_DAY * _S_PER_H
    for row, block in enumerate(blocks, 1):
        where = f"blocks row {row} ({block.id})"
        if not block.out_s < block.back_s < block.out_s + longest_s:
            hint = "hours of the service day, going on past 24 after midnight; a bus is out for less than a day"
            problems.append(Problem(where, "does not come back after it goes out, within a day", hint))
        if not 0 < block.km < np.inf:
            problems.append(Problem(where, f"has {block.km:g} km", "give the km of the whole block, above 0"))
    seen = set[str]()
    for row, block in enumerate(blocks, 1):
        if block.id in seen:
            problems.append(Problem(f"blocks row {row} ({block.id})", "has the id of a row before", "one row a block"))
        seen.add(block.id)
    if not blocks:
        problems.append(Problem("blocks", "is empty", "leave it out to take the timetable"))
    if problems:
        raise InputError(problems)
    names = list(dict.fromkeys(block.depot for block in blocks))
    km = np.array([block.km for block in blocks])
    kwh = km * battery_kwh_per_km(city)
    return BusDays(
        id=tuple(block.id for block in blocks),
        line=("",) * len(blocks),
        depot=np.array([names.index(block.depot) for block in blocks]),
        out_s=np.array([block.out_s for block in blocks]),
        back_s=np.array([block.back_s for block in blocks]),
        km=km,
        top_ups=((),) * len(blocks),
        kwh=kwh,
        empty=np.flatnonzero(kwh > usable_kwh(city.buses) + _TINY),
        depots=_named(city, names),
    )


def usable_kwh(buses: BusFleet) -> float:
    """What a day may draw from the battery."""
    return float(buses.battery_kwh) * float(buses.battery_use)


class _Day(NamedTuple):
    km: float
    top_ups: tuple[TopUp, ...]
    missing_kwh: float
    empty: bool


def _day(city: City, terminals: Terminals, block: Block, ways_km: tuple[float, float]) -> _Day:
    """A bus leaves with a full battery and tops up from its first stay on, until what is left of the day is in it."""
    buses = city.buses
    per_km = battery_kwh_per_km(city)
    rate = float(buses.topup_kw) * float(city.fleet.charging_efficiency[BUS_SEGMENT]) / _S_PER_H
    lost_s = float(buses.topup_min) * _S_PER_MIN
    full = left = usable_kwh(buses)
    km = ways_km[0] + block.km + ways_km[1]
    to_come = km * per_km
    found, empty, leg_km = [], False, ways_km[0]
    for stay in block.stays:
        leg_km += stay.km
        left -= leg_km * per_km
        to_come -= leg_km * per_km
        empty, leg_km = empty or left < -_TINY, 0.0
        taken = min(to_come - left, full - left, rate * (stay.to_s - stay.from_s - lost_s))
        if taken > _TINY:
            left += taken
            until_s = stay.from_s + lost_s + taken / rate
            found.append(TopUp(int(terminals.stop[stay.terminal]), stay.from_s, until_s, taken))
    left -= to_come
    return _Day(km, tuple(found), full - left, empty or left < -_TINY)


def _places(city: City, named: Sequence[str]) -> I64:
    """Positions of the places that are depots."""
    if not named:
        return np.flatnonzero(np.isin(city.places.kind, city.buses.depot_kinds))
    known = {str(name): p for p, name in enumerate(city.places.id)}
    problems = [
        Problem(f"depots: {name!r}", "is no place of the city", did_you_mean(name, list(known)) or "")
        for name in named
        if name not in known
    ]
    if problems:
        raise InputError(problems)
    return np.array(sorted({known[name] for name in named}), dtype=np.int64)


def _depots_at(city: City, places: I64) -> Depots:
    p = city.places
    return Depots(id=_texts(p.id[places]), name=_texts(p.name[places]), place=places, lonlat=p.lonlat[places])


def _depots_at_terminals(city: City, terminals: Terminals) -> Depots:
    t = city.transit
    return Depots(
        id=_texts(t.timetable.stop_id[terminals.stop]),
        name=_texts(t.stop_name[terminals.stop]),
        place=np.full(len(terminals.stop), -1),
        lonlat=t.timetable.stop_lonlat[terminals.stop],
    )


def _named(city: City, names: Sequence[str]) -> Depots:
    known = {str(name): p for p, name in enumerate(city.places.id)}
    place = np.array([known.get(name, -1) for name in names], dtype=np.int64)
    lonlat = np.full((len(names), 2), np.nan)
    lonlat[place >= 0] = city.places.lonlat[place[place >= 0]]
    called = [str(city.places.name[p]) if p >= 0 else name for name, p in zip(names, place.tolist(), strict=True)]
    return Depots(id=tuple(names), name=tuple(called), place=place, lonlat=lonlat)


def _texts(some: np.ndarray[tuple[int, ...], np.dtype[np.str_]]) -> tuple[str, ...]:
    return tuple(map(str, some))


def _ways(city: City, places: I64, terminals: Terminals) -> tuple[F64, F64, F64, F64]:
    """(J, X) seconds and metres from depots to terminals, and back: by road, or, where no way leads and between
    terminals, straight, times the detour of buses and at their speed.
    """
    t = city.transit
    ends = t.timetable.stop_lonlat[terminals.stop]
    metres = _straight(city.places.lonlat[places] if len(places) else ends, ends) * float(t.detour[units.BUS])
    seconds = metres / float(t.m_per_s[units.BUS])
    if not len(places):
        return seconds, metres, seconds.T, metres.T
    depots, stops = _at(city.places.snap, places), _at(t.timetable.snap, terminals.stop)
    there = skim(city.roads, depots, stops, units.DRIVE)
    back = tuple(way.T for way in skim(city.roads, stops, depots, units.DRIVE))
    out_s, out_m, in_s, in_m = (
        np.where(np.isfinite(way), way, straight)
        for way, straight in zip((*there, *back), (seconds, metres, seconds, metres), strict=True)
    )
    return out_s, out_m, in_s, in_m


def _straight(lonlat: F64, others: F64) -> F64:
    """(X, Y) metres."""
    both = local_metres(np.concatenate((lonlat, others)), float(others[:, 1].mean()))
    here, there = both[: len(lonlat)], both[len(lonlat) :]
    return np.asarray(np.hypot(*(here[:, None] - there).transpose(2, 0, 1)))


def _nearest(blocks: Sequence[Block], out_s: F64, in_s: F64) -> I64:
    """(B) depot from and to which all buses of the line are quickest."""
    lines = list(dict.fromkeys(block.line for block in blocks))
    total = np.zeros((len(out_s), len(lines)))
    line = np.array([lines.index(block.line) for block in blocks])
    for i, block in zip(line.tolist(), blocks, strict=True):
        total[:, i] += out_s[:, block.first] + in_s[:, block.last]
    return np.asarray(total.argmin(axis=0)[line])


def _at(where: Snap, some: I64) -> Snap:
    return Snap(**{name: array[:, some] for name, array in where.arrays()})
