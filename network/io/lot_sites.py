"""Lots before they are part of a city: of tables, of the map, or assumed; and the part they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from network.city import Roads, Zones
from network.demand.accumulation import OwnCars, usual_cars
from network.demand.occupancy import MeasuredCars
from network.errors import InputError, Problem
from network.lots import Lots
from network.parking_rules import ParkingRules
from network.part import I32, Bools
from network.snap import nearest_of, snap
from network.units import DAY_TYPES, LAND_USES, OWNERS, SLOTS, SUPPLY_CLASSES

_DAY_SLOTS = (len(DAY_TYPES), SLOTS)


class Kinds(NamedTuple):
    """Positions in units.LAND_USES, OWNERS and SUPPLY_CLASSES."""

    use: int
    owner: int
    supply_class: int


@dataclass(frozen=True, eq=False, kw_only=True)
class LotSite:
    """One lot; `kinds` are its land use, owner and supply class."""

    id: str
    where: str = ""
    """Where it stands in its table, for messages."""
    name: str = ""
    owner_name: str = ""
    department: str = ""
    kinds: Kinds
    lon: float
    lat: float
    entrances: tuple[tuple[float, float], ...] = ()
    """lon, lat; where none is known the lot's own position is its entrance."""
    place: int = -1
    station: int = -1
    spaces: int
    reserve: int
    open: Bools = field(default_factory=lambda: np.ones(_DAY_SLOTS, np.bool_))
    shared: I32 = field(default_factory=lambda: np.zeros(_DAY_SLOTS, np.int32))
    ended: I32 = field(default_factory=lambda: np.zeros(_DAY_SLOTS, np.int32))
    """(3, 48) as the fields of `Lots`."""
    tariff_cny_per_h: float
    retrofit_cny: float

    @property
    def doors(self) -> tuple[tuple[float, float], ...]:
        """Where one gets in on foot."""
        return self.entrances or ((self.lon, self.lat),)


def lots_part(
    sites: Sequence[LotSite], counted: Mapping[str, MeasuredCars], zones: Zones, roads: Roads, rules: ParkingRules
) -> Lots:
    """The part of a city; how lots fill that are not `counted` (by id) follows from their land use."""
    count = len(sites)
    lonlat = np.array([(site.lon, site.lat) for site in sites]).reshape(count, 2)
    doors = np.array([door for site in sites for door in site.doors]).reshape(-1, 2)
    parts: dict[str, Any] = {
        name: np.array([getattr(site, name) for site in sites], dtype=np.str_)
        for name in ("id", "name", "owner_name", "department")
    }
    parts |= {
        name: np.array([getattr(site, name) for site in sites], np.int32)
        for name in ("place", "station", "spaces", "reserve")
    }
    parts |= {name: np.array([getattr(site.kinds, name) for site in sites], np.int32) for name in Kinds._fields}
    parts |= {
        name: np.array([getattr(site, name) for site in sites], kind).reshape(count, *_DAY_SLOTS)
        for name, kind in (("open", np.bool_), ("shared", np.int32), ("ended", np.int32))
    }
    own = _own_cars(sites, counted, usual_cars(rules, parts["use"], parts["spaces"]))
    return Lots(
        **parts,
        lonlat=lonlat,
        zone=nearest_of(zones.lonlat, lonlat),
        entrance_first=np.cumsum([0, *(len(site.doors) for site in sites)], dtype=np.int32),
        entrance_lonlat=doors,
        snap=snap(roads, doors),
        spaces_added=np.zeros(count, np.int32),
        spaces_removed=np.zeros(count, np.int32),
        tariff_cny_per_h=np.array([site.tariff_cny_per_h for site in sites], np.float64),
        retrofit_cny=np.array([site.retrofit_cny for site in sites], np.float64),
        own_mean=own.mean,
        own_sd=own.sd,
        own_high=own.high,
        own_arrivals=own.arrivals,
        measured=np.array([site.id in counted for site in sites], np.bool_),
    )


def _own_cars(sites: Sequence[LotSite], counted: Mapping[str, MeasuredCars], usual: OwnCars) -> OwnCars:
    """(L, 3, 48) what was counted, else what is usual."""
    out = OwnCars(usual.mean.copy(), usual.sd.copy(), usual.high.copy(), usual.arrivals.copy())
    for i, site in enumerate(sites):
        if site.id in counted:
            cars = counted[site.id]
            out.mean[i], out.sd[i], out.high[i], out.arrivals[i] = cars.mean, cars.sd, cars.high, cars.arrivals
    return out


def kinds_of(key: str, use: str, owner: str, supply_class: str) -> Kinds:
    """What the words of a parameter mean. Raises InputError where one is not known."""
    words = ((use, LAND_USES), (owner, OWNERS), (supply_class, SUPPLY_CLASSES))
    problems = [
        Problem(f"parameter {key}", f"holds {word!r}", f"use {', '.join(known)}")
        for word, known in words
        if word not in known
    ]
    if problems:
        raise InputError(problems)
    return Kinds(*(known.index(word) for word, known in words))
