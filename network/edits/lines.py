"""Edits of lines: how often they run, where, which there are, what they cost, and the year whose lines run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from network.city import City
from network.edits.base import STRICT, Number, Refused, Whole, check_printable, did_you_mean, not_negative, position_of
from network.edits.runs import (
    KMH_PER_M_S,
    calling_lines,
    check_lines,
    lines_of,
    longest_m,
    plain_service,
    services_of,
    speed_m_per_s,
    stops_of,
    with_services,
    with_stations,
    with_transit,
)
from network.part import F64, I32, I64
from network.tariffs import Tariffs
from network.timetable import Service
from network.transit import Transit
from network.units import TRANSIT_MODES

TransitMode: TypeAlias = Literal["bus", "tram", "metro", "rail", "ferry"]
_S_PER_H, _S_PER_MIN = 3600, 60
_LAST_H = 48
"""Hours of a service day count on past midnight up to here."""
_HEADWAY_MIN = (0.5, 1440.0)
_FASTEST_KMH = 1000.0
_MOST_CNY = 1e6
"""Fares above it would overflow when they are summed in fen."""
_LAST_YEAR = 9999


@dataclass(frozen=True, kw_only=True)
class SetHeadway:
    """Let a line, by id or by name of all its directions, leave its first stop every so many minutes.

    Replaced are the trips that leave from `from_h` on and before `until_h`, all where both are left out. The first of
    them stays; no trip leaves later than the last of the day did. Each runs as long, call by call, as the last of the
    replaced trips that left before it. Where trips of one direction call at different stops, the headway is that of all
    of them together, and each kind keeps its share of the trips.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_headway"] = "set_headway"
    line: str
    headway_min: Number
    from_h: Number | None = None
    """Hours of the service day, which go on past 24."""
    until_h: Number | None = None

    def apply(self, city: City) -> City:
        lines = calling_lines(city, self.line)
        _check_headway(self.headway_min)
        start_h = 0.0 if self.from_h is None else self.from_h
        until_h = float(_LAST_H) if self.until_h is None else self.until_h
        if not 0 <= start_h < until_h <= _LAST_H:
            raise Refused(f"from_h {start_h:g} to until_h {until_h:g} is no time of day", f"choose from 0 to {_LAST_H}")
        services = {line: services_of(city.transit.timetable, line) for line in lines}
        low_s = -np.inf if self.from_h is None else start_h * _S_PER_H
        high_s = np.inf if self.until_h is None else until_h * _S_PER_H
        spaced = {line: _spaced(some, low_s, high_s, self.headway_min * _S_PER_MIN) for line, some in services.items()}
        changed = {line: some for line, some in spaced.items() if some}
        if not changed:
            every = np.concatenate([s.depart_s[:, 0] for some in services.values() for s in some]) / _S_PER_H
            hint = f"they leave their first stop from {every.min():.2f} h to {every.max():.2f} h"
            raise Refused(f"no trip of line {self.line!r} leaves from {start_h:g} h to {until_h:g} h", hint)
        return replace(city, transit=with_services(city.transit, changed))


@dataclass(frozen=True, kw_only=True)
class SetLinePath:
    """Lead a line, one direction by its id, along other stops: all its trips call at these from now on, in order.

    Departures at its first stop stay. It runs straight from stop to stop but for the detour of its mode, at the mean
    speed it had, halts included. Stops of a metro or rail line become stations.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_line_path"] = "set_line_path"
    line: str
    stops: tuple[str, ...]

    def apply(self, city: City) -> City:
        lines = calling_lines(city, self.line)
        ids = city.transit.line_id[lines]
        if self.line in ids:
            lines = [lines[ids.tolist().index(self.line)]]
        if len(lines) > 1:
            raise Refused(
                f"{self.line!r} is the name of {len(lines)} directions", f"give the id of one: {', '.join(ids)}"
            )
        line, stops = lines[0], stops_of(city.transit, self.stops)
        old = services_of(city.transit.timetable, line)
        departs_s = np.unique(np.concatenate([s.depart_s[:, 0] for s in old]))
        service = plain_service(city.transit, line, stops, departs_s, speed_m_per_s(city.transit, old))
        transit = with_services(city.transit, {line: [service]})
        line_m = transit.line_m.copy()
        line_m[line] = longest_m(transit.timetable)[line]
        return with_transit(city, with_stations(replace(transit, line_m=line_m), stops, line))


@dataclass(frozen=True, kw_only=True)
class AddLine:
    """Add a line that calls at stops in order, both ways with the way back as `id`/back; the first may be the last too.

    It runs straight from stop to stop but for the detour of its mode. Stops of a metro or rail line that belong to no
    station become stations, with their middle as entrance until entrances are known.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_line"] = "add_line"
    id: str
    mode: TransitMode
    stops: tuple[str, ...]
    headway_min: Number
    name: str = ""
    """The id where it is left out."""
    kmh: Number | None = None
    """Speed from stop to stop, halts included; that of its mode where it is left out."""
    first_h: Number = 6.0
    """First and last departure from either end; hours go on past 24."""
    last_h: Number = 22.0
    both_ways: bool = True
    tariff: str | None = None
    """Id of its tariff; that called like the mode where it is left out."""
    from_year: Whole | None = None

    def apply(self, city: City) -> City:
        check_lines(city)
        ids = [self.id, f"{self.id}/back"][: 1 + self.both_ways]
        for line in ids:
            if not self.id or line in city.transit.line_id:
                raise Refused(f"id {line!r} is empty or taken", "choose another")
        check_printable(self.id, self.name)
        _check_headway(self.headway_min)
        if not 0 <= self.first_h <= self.last_h <= _LAST_H:
            what = f"first_h {self.first_h:g} to last_h {self.last_h:g} is no time of day"
            raise Refused(what, f"choose from 0 to {_LAST_H}, the first not after the last")
        stops = stops_of(city.transit, self.stops)
        transit = self._with_line(city.transit, ids)
        first = len(city.transit.line_id)
        ways = dict(zip(range(first, first + len(ids)), (stops, stops[::-1]), strict=False))
        departs_s = self._departs_s()
        services = {
            line: [plain_service(transit, line, way, departs_s, self._m_per_s(transit))] for line, way in ways.items()
        }
        return with_transit(city, with_stations(with_services(transit, services), stops, first))

    def _departs_s(self) -> I32:
        first_s, last_s = (round(hours * _S_PER_H) for hours in (self.first_h, self.last_h))
        return _clock_s(first_s, last_s, self.headway_min * _S_PER_MIN).astype(np.int32)

    def _m_per_s(self, transit: Transit) -> float:
        usual_kmh = float(transit.m_per_s[TRANSIT_MODES.index(self.mode)]) * KMH_PER_M_S
        kmh = usual_kmh if self.kmh is None else self.kmh
        if not 0 < kmh <= _FASTEST_KMH:
            raise Refused(f"kmh is {kmh}", f"a speed above 0 and up to {_FASTEST_KMH:,.0f} km/h is needed")
        return kmh / KMH_PER_M_S

    def _with_line(self, transit: Transit, ids: Sequence[str]) -> Transit:
        """Transit with lines that do not run yet."""
        tariff = position_of(transit.tariffs.id, self.mode if self.tariff is None else self.tariff, "tariff")
        count, t = len(ids), transit.timetable
        mode, year = TRANSIT_MODES.index(self.mode), _checked_year("from_year", self.from_year or 0)
        return replace(
            transit,
            line_id=np.array([*transit.line_id.tolist(), *ids]),
            line_name=np.array([*transit.line_name.tolist(), *[self.name or self.id] * count]),
            timetable=replace(t, line_tariff=np.append(t.line_tariff, np.full(count, tariff, np.int32))),
            line_mode=np.append(transit.line_mode, np.full(count, mode, np.int32)),
            line_from_year=np.append(transit.line_from_year, np.full(count, year, np.int32)),
            line_m=np.append(transit.line_m, np.zeros(count)),
        )


@dataclass(frozen=True, kw_only=True)
class RemoveLine:
    """Give up a line, by id or by name of all its directions; its stops and stations stay, its id is free again."""

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["remove_line"] = "remove_line"
    line: str

    def apply(self, city: City) -> City:
        gone = lines_of(city, self.line)
        kept = ~np.isin(np.arange(len(city.transit.line_id)), gone)
        if not kept.any():
            what = f"{self.line!r} is the last line: without one, transit would be an estimate by distance"
            raise Refused(what, "let it run seldom with set_headway instead")
        transit = with_services(city.transit, {line: [] for line in gone})
        t, position = transit.timetable, (np.cumsum(kept) - 1).astype(np.int32)
        timetable = replace(t, line_tariff=t.line_tariff[kept], pattern_line=position[t.pattern_line])
        per_line = ("line_id", "line_name", "line_mode", "line_from_year", "line_m")
        left = {name: getattr(transit, name)[kept] for name in per_line}
        return replace(city, transit=replace(transit, timetable=timetable, **left))


@dataclass(frozen=True, kw_only=True)
class SetFare:
    """Change a tariff, by its id or by a mode: then those of all lines of the mode, for all lines that share them.

    A ride costs `cny`, or what the last of `steps` [from so many metres, CNY] says that begins at or before its length.
    `transfer_off_cny` is taken off a ride directly after one by the tariff `after`.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_fare"] = "set_fare"
    tariff: str
    cny: Number | None = None
    steps: tuple[tuple[Whole, Number], ...] | None = None
    transfer_off_cny: Number | None = None
    after: str | None = None

    def apply(self, city: City) -> City:
        t = city.transit.tariffs
        if not len(city.transit.line_id) and self.tariff != t.id[0]:
            what = f"no line is known in {city.id}: its fare is an estimate by the tariff {str(t.id[0])!r} alone"
            raise Refused(what, "change that one")
        changed, steps = self._tariffs(city.transit), self._steps()
        used = np.unique(city.transit.timetable.line_tariff)
        if len(used) and not np.isin(changed, used).any():
            hint = f"tariffs of lines are {', '.join(t.id[used])}; add the line first"
            raise Refused(f"no line has the tariff {self.tariff!r}", hint)
        if steps:
            t = _with_bands(t, dict.fromkeys(changed, steps))
        if self.transfer_off_cny is not None and self.after is not None:
            _check_cny("transfer_off_cny", self.transfer_off_cny)
            off = t.transfer_off_cny.copy()
            off[position_of(t.id, self.after, "tariff"), changed] = self.transfer_off_cny
            t = replace(t, transfer_off_cny=off)
        return replace(city, transit=replace(city.transit, tariffs=t))

    def _tariffs(self, transit: Transit) -> list[int]:
        found = np.flatnonzero(transit.tariffs.id == self.tariff)
        if not len(found) and self.tariff in TRANSIT_MODES:
            of_mode = transit.line_mode == TRANSIT_MODES.index(self.tariff)
            found = np.unique(transit.timetable.line_tariff[of_mode])
        if not len(found):
            hint = did_you_mean(self.tariff, [*transit.tariffs.id, *TRANSIT_MODES])
            raise Refused(f"no tariff has the id {self.tariff!r}", hint or f"known are {', '.join(transit.tariffs.id)}")
        return [int(f) for f in found]

    def _steps(self) -> list[tuple[int, float]]:
        """Bands of the new fare; none where it stays."""
        if self.cny is not None and self.steps is not None:
            raise Refused("gives both cny and steps", "a fare is one or the other")
        if (self.transfer_off_cny is None) != (self.after is None):
            raise Refused("transfer_off_cny and after belong together", "give both or neither")
        steps = [(0, self.cny)] if self.cny is not None else list(self.steps or ())
        if not steps and (self.steps is not None or self.after is None):
            raise Refused("changes nothing", "give cny, steps, or transfer_off_cny and after")
        starts = [from_m for from_m, _ in steps]
        if steps and (starts[0] != 0 or starts != sorted(set(starts))):
            raise Refused(
                f"steps begin at {starts} m", "the first begins at 0 m, each further one beyond the one before"
            )
        for from_m, cny in steps:
            not_negative("from_m", from_m)
            _check_cny("cny", cny)
        return steps


@dataclass(frozen=True, kw_only=True)
class SetYear:
    """Set the year: lines that open later do not run yet, and the electric fleet is that of the year."""

    layers: ClassVar[frozenset[str]] = frozenset({"transit", "demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_year"] = "set_year"
    year: Whole

    def apply(self, city: City) -> City:
        year = np.array(_checked_year("year", self.year), dtype=np.int32)
        return replace(city, transit=replace(city.transit, year=year))


def _check_headway(headway_min: float) -> None:
    low, high = _HEADWAY_MIN
    if not low <= headway_min <= high:
        raise Refused(f"headway_min is {headway_min}", f"a number from {low:g} to {high:g} is needed")


def _check_cny(name: str, cny: float) -> None:
    if not 0 <= cny <= _MOST_CNY:
        raise Refused(f"{name} is {cny}", f"a price from 0 to {_MOST_CNY:,.0f} CNY is needed")


def _checked_year(name: str, year: int) -> int:
    if not 0 <= year <= _LAST_YEAR:
        raise Refused(f"{name} is {year}", f"a year up to {_LAST_YEAR} is needed")
    return year


def _spaced(services: Sequence[Service], low_s: float, high_s: float, every_s: float) -> list[Service]:
    """Services of one direction whose trips that leave in [low, high) are spaced evenly; none where there are none."""
    leaves = [s.depart_s[:, 0] for s in services]
    inside = [(low_s <= some) & (some < high_s) for some in leaves]
    counts = np.array([some.sum() for some in inside])
    if not counts.any():
        return []
    first = min(int(some[here].min()) for some, here in zip(leaves, inside, strict=True) if here.any())
    last = max(int(some.max()) for some in leaves)
    clock_s = _clock_s(first, last, every_s)
    clock_s = clock_s[clock_s < high_s]
    turn = _turns(counts, len(clock_s))
    return [_respaced(s, here, clock_s[turn == k]) for k, (s, here) in enumerate(zip(services, inside, strict=True))]


def _clock_s(first_s: int, last_s: int, every_s: float) -> I64:
    """Whole seconds from the first to the last, spaced evenly; the last one counts where a multiple falls on it."""
    count = int((last_s - first_s) / every_s) + 2  # one too many: the quotient may fall short of a whole number
    clock_s: I64 = first_s + np.rint(every_s * np.arange(count)).astype(np.int64)
    return clock_s[clock_s <= last_s]


def _turns(counts: I64, departures: int) -> I64:
    """Which kind of trip takes each departure: that which is furthest behind its share."""
    share: F64 = counts / counts.sum()
    had, out = np.zeros(len(counts)), np.zeros(departures, np.int64)
    for i in range(departures):
        out[i] = np.argmax(share * (i + 1) - had)
        had[out[i]] += 1
    return out


def _respaced(s: Service, replaced: Any, clock_s: I64) -> Service:
    """A service with trips at other departures (D) in the place of some (T), run as the last of those before."""
    if not replaced.any():
        return s
    trips = np.flatnonzero(replaced)
    trips = trips[np.argsort(s.depart_s[trips, 0], kind="stable")]
    like = trips[np.maximum(np.searchsorted(s.depart_s[trips, 0], clock_s, side="right") - 1, 0)]
    later_s = (clock_s - s.depart_s[like, 0])[:, None]
    return replace(
        s,
        arrive_s=np.concatenate((s.arrive_s[~replaced], s.arrive_s[like] + later_s)).astype(np.int32),
        depart_s=np.concatenate((s.depart_s[~replaced], s.depart_s[like] + later_s)).astype(np.int32),
    )


def _with_bands(t: Tariffs, changed: dict[int, list[tuple[int, float]]]) -> Tariffs:
    """Tariffs with other bands for some of them, by position."""
    bands = [
        changed.get(f) or [*zip(t.from_m[a:b].tolist(), t.cny[a:b].tolist(), strict=True)]
        for f, (a, b) in enumerate(zip(t.first[:-1], t.first[1:], strict=True))
    ]
    return replace(
        t,
        first=np.cumsum([0, *map(len, bands)]).astype(np.int32),
        from_m=np.array([from_m for some in bands for from_m, _ in some], dtype=np.int32),
        cny=np.array([float(cny) for some in bands for _, cny in some]),
    )
