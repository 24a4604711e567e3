"""Edits of lots: windows open to others, hours, and spaces that come and go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal, TypeAlias

import numpy as np

from network.city import City
from network.demand.accumulation import usual_cars
from network.edits.base import STRICT, Number, Refused, Whole, check_inside, check_printable, did_you_mean, position_of
from network.lots import Lots
from network.parking_rules import slots_between
from network.part import Bools, Snap
from network.snap import nearest_of, snap
from network.units import DAY_TYPES, LAND_USES, OWNERS, SLOT_H, SLOTS, SUPPLY_CLASSES

DayType: TypeAlias = Literal["weekday", "weekend", "holiday"]
SupplyClass: TypeAlias = Literal["on_street", "off_street", "building"]
Owner: TypeAlias = Literal[
    "government", "institution", "state_enterprise", "commercial", "office", "scenic", "residential"
]
LandUse: TypeAlias = Literal["office", "home", "shopping", "hospital", "scenic", "school", "hotel"]
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})")
_DAY_H: Final = SLOTS * SLOT_H
_MOST_SPACES: Final = 100_000
_MONTHS: Final = 12


@dataclass(frozen=True, kw_only=True)
class ShareLot:
    """Open spaces of a lot to others in a window of the day, besides those that are open already.

    Half-hours, such as 08:00 to 18:00; hours past 24 are of the next morning: 18:00 to 32:00 is until 8 o'clock.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["share_lot"] = "share_lot"
    lot: str
    spaces: Whole
    start: str
    end: str
    days: tuple[DayType, ...] = DAY_TYPES

    def apply(self, city: City) -> City:
        at, lots = position_of(city.lots.id, self.lot, "lot"), city.lots
        if self.spaces < 1:
            raise Refused(f"spaces is {self.spaces}", "share at least one")
        days, slots = days_of(self.days), window_of(self.start, self.end)
        here = np.ix_(days, np.flatnonzero(slots).tolist())
        if not lots.open[at][here].all():
            raise Refused(f"lot {self.lot!r} is closed for part of {self.start} to {self.end}", "set_lot_hours first")
        room = int(lots.spaces[at] - lots.reserve[at]) - int(lots.shared[at][here].max())
        if self.spaces > room:
            what = (
                f"{self.spaces} spaces do not fit: lot {self.lot!r} has {max(room, 0)} that are not reserved or shared"
            )
            raise Refused(what, "share fewer, or in another window")
        shared, ended = lots.shared.copy(), lots.ended.copy()
        shared[at][here] += self.spaces
        ended[at, days, round(hours_of("end", self.end) / SLOT_H) % SLOTS] += self.spaces
        return replace(city, lots=replace(lots, shared=shared, ended=ended))


@dataclass(frozen=True, kw_only=True)
class SetLotHours:
    """Say when a lot is open to anybody: from start to end alone; sharing and charging there end outside.

    00:00 to 24:00 is always; hours past 24 are of the next morning.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_lot_hours"] = "set_lot_hours"
    lot: str
    start: str
    end: str
    days: tuple[DayType, ...] = DAY_TYPES

    def apply(self, city: City) -> City:
        at, lots = position_of(city.lots.id, self.lot, "lot"), city.lots
        days, slots = days_of(self.days), window_of(self.start, self.end)
        opened = lots.open.copy()
        opened[at, days] = slots
        closing = lots.open & ~opened & np.roll(opened, 1, axis=2)
        shared = np.where(opened, lots.shared, 0).astype(np.int32)
        ended = np.where(closing, np.roll(shared, 1, axis=2), np.where(opened | ~lots.open, lots.ended, 0))
        return replace(city, lots=replace(lots, open=opened, shared=shared, ended=ended.astype(np.int32)))


@dataclass(frozen=True, kw_only=True)
class AddLot:
    """Build or mark a new lot: `supply_class` on_street, off_street or building; nobody has a claim to its spaces."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_lot"] = "add_lot"
    id: str
    lon: Number
    lat: Number
    spaces: Whole
    supply_class: SupplyClass
    name: str = ""
    owner: Owner = "government"
    use: LandUse = "office"

    def apply(self, city: City) -> City:
        lots = city.lots
        check_printable(self.id, self.name)
        if not self.id or (lots.id == self.id).any():
            raise Refused(f"the id {self.id!r} is {'taken' if self.id else 'empty'}", "give the new lot its own id")
        _check_spaces(self.spaces)
        owner, use = _known("owner", self.owner, OWNERS), _known("use", self.use, LAND_USES)
        supply_class = _known("supply_class", self.supply_class, SUPPLY_CLASSES)
        if not len(city.zones.id):
            raise Refused("the city has no zones that a lot could lie in", "build it with zones")
        check_inside(city, self.lon, self.lat)
        lonlat = np.array([[self.lon, self.lat]])
        where = snap(city.roads, lonlat)
        slots = (1, len(DAY_TYPES), SLOTS)
        row = {
            "id": [self.id], "name": [self.name], "owner_name": [""], "department": [""], "owner": [owner],
            "use": [use], "supply_class": [supply_class], "lonlat": lonlat,
            "zone": nearest_of(city.zones.lonlat, lonlat), "place": [-1], "station": [-1],
            "entrance_lonlat": lonlat, "spaces": [0], "reserve": [0],
            "open": np.ones(slots, np.bool_),
            "spaces_added": [0], "spaces_removed": [0], "measured": [False],
        }  # fmt: skip
        return _with_spaces(replace(city, lots=_joined(lots, row, where)), len(lots.id), self.spaces)


@dataclass(frozen=True, kw_only=True)
class AddLotSpaces:
    """Add spaces to a lot that exists, by marking, stacking or building."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_lot_spaces"] = "add_lot_spaces"
    lot: str
    spaces: Whole

    def apply(self, city: City) -> City:
        _check_spaces(self.spaces)
        return _with_spaces(city, position_of(city.lots.id, self.lot, "lot"), self.spaces)


@dataclass(frozen=True, kw_only=True)
class RemoveLotSpaces:
    """Take spaces away from a lot: of the owner's, never of those that are shared."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["remove_lot_spaces"] = "remove_lot_spaces"
    lot: str
    spaces: Whole

    def apply(self, city: City) -> City:
        at, lots = position_of(city.lots.id, self.lot, "lot"), city.lots
        _check_spaces(self.spaces)
        free = int(lots.spaces[at] - lots.reserve[at] - lots.shared[at].max())
        if self.spaces > free:
            raise Refused(f"lot {self.lot!r} has {free} spaces that are neither reserved nor shared", "take fewer")
        return _with_spaces(city, at, -self.spaces)


@dataclass(frozen=True, kw_only=True)
class SetParkingMonth:
    """Fill the lots that nobody counted as in a month, 1 to 12, by parking.month_factor; else their busiest counts."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_parking_month"] = "set_parking_month"
    month: Whole

    def apply(self, city: City) -> City:
        if not 1 <= self.month <= _MONTHS:
            raise Refused(f"month is {self.month}", "a number from 1 to 12 is needed")
        lots = city.lots
        counted_for = (lots.spaces - lots.spaces_added + lots.spaces_removed).astype(np.int32)
        usual = usual_cars(city.parking, lots.use, counted_for, self.month - 1)
        own = {
            f"own_{name}": np.where(lots.measured[:, None, None], getattr(lots, f"own_{name}"), getattr(usual, name))
            for name in ("mean", "sd", "high", "arrivals")
        }
        return replace(city, lots=replace(lots, **own))


def window_of(start: str, end: str) -> Bools:
    """(48) half-hours from one time to another. Refused where it ends before it begins or lasts longer than a day."""
    start_h, end_h = hours_of("start", start), hours_of("end", end)
    if end_h <= start_h:
        hint = f"past midnight is {end_h + _DAY_H:02.0f}:{end[-2:]}" if end_h < _DAY_H else "correct it"
        raise Refused(f"the window ends at {end}, before it begins at {start}", hint)
    if end_h - start_h > _DAY_H:
        raise Refused(f"{start} to {end} is longer than a day", "a window is of 24 hours at most")
    return slots_between(start_h, end_h)


def hours_of(name: str, text: str) -> float:
    """Hours of a time such as 18:30, up to 48:00."""
    match = _TIME.fullmatch(text)
    hours = int(match[1]) + int(match[2]) / 60 if match and int(match[2]) < 60 else -1.0
    if not 0 <= hours <= 2 * _DAY_H:
        raise Refused(f"{name} is {text!r}", "a time such as 18:30, up to 48:00, is needed")
    if hours % SLOT_H:
        raise Refused(f"{name} is {text}", "windows begin and end at whole half-hours, such as 18:30")
    return hours


def days_of(days: Sequence[str]) -> list[int]:
    """Positions of day types, each once."""
    if not days:
        raise Refused("days is empty", f"name some of {', '.join(DAY_TYPES)}")
    return sorted({_known("days", day, DAY_TYPES) for day in days})


def _known(name: str, word: str, known: Sequence[str]) -> int:
    if word not in known:
        raise Refused(f"{name} is {word!r}", did_you_mean(word, known) or f"use {', '.join(known)}")
    return known.index(word)


def _check_spaces(spaces: int) -> None:
    if not 1 <= spaces <= _MOST_SPACES:
        raise Refused(f"spaces is {spaces}", f"a number from 1 to {_MOST_SPACES:,} is needed")


def _joined(lots: Lots, row: dict[str, Any], where: Snap) -> Lots:
    """The lots and one more with one entrance; what its row lacks is zero."""
    parts: dict[str, Any] = {"entrance_first": np.append(lots.entrance_first, np.int32(len(lots.entrance_lonlat) + 1))}
    for name, old in lots.arrays():
        if name not in parts:
            new = np.asarray(row.get(name, np.zeros((1, *old.shape[1:]), old.dtype)))
            parts[name] = np.concatenate((old, new if old.dtype.kind == "U" else new.astype(old.dtype)))
    touch = {name: np.concatenate((old, getattr(where, name)), axis=1) for name, old in lots.snap.arrays()}
    return Lots(snap=Snap(**touch), **parts)


def _with_spaces(city: City, at: int, more: int) -> City:
    """The city with more or fewer spaces in a lot; so have arrivals in its zone, where its spaces are known, and the
    station whose park-and-ride it is.
    """
    lots, change = city.lots, np.zeros(len(city.lots.id), np.int32)
    change[at] = more
    counted: dict[str, Any] = {
        "spaces": lots.spaces + change,
        "spaces_added": lots.spaces_added + np.maximum(change, 0),
        "spaces_removed": lots.spaces_removed + np.maximum(-change, 0),
    }
    zone, known = int(lots.zone[at]), city.supply.parking_spaces.copy()
    if known[zone] > 0:
        known[zone] = max(known[zone] + more, 1.0)
    parked_on = city.supply.station_spaces.copy()
    if (station := int(lots.station[at])) >= 0:
        parked_on[station] = max(int(parked_on[station]) + more, 0)
    supply = replace(city.supply, parking_spaces=known, station_spaces=parked_on)
    return replace(city, lots=replace(lots, **counted), supply=supply)
