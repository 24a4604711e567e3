"""Edits of charging: plugs, feeders, and the electric fleet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from network.city import City
from network.edits.base import STRICT, Number, Refused, Whole, check_share, not_negative, position_of, zones_of
from network.units import CHARGERS, PRIVATE

Charger: TypeAlias = Literal["slow", "fast", "ultra_fast"]
_COLDEST_C, _HOTTEST_C = -60.0, 60.0


@dataclass(frozen=True, kw_only=True)
class AddChargers:
    """Add public plugs of a class at a place."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_chargers"] = "add_chargers"
    place: str
    plugs: Whole
    charger: Charger = "fast"

    def apply(self, city: City) -> City:
        at = position_of(city.places.id, self.place, "place")
        if self.plugs < 1:
            raise Refused(f"plugs is {self.plugs}", "add at least one")
        if self.charger not in CHARGERS:
            raise Refused(f"no class of plugs is called {self.charger!r}", f"use {', '.join(CHARGERS)}")
        room = int(city.places.most_plugs[at] - city.supply.plugs[:, at].sum())
        if self.plugs > room:
            raise Refused(
                f"{self.plugs} plugs do not fit: place {self.place!r} has room for {max(room, 0)} more",
                "spread them over other places, or add the place with a higher most_plugs",
            )
        plugs = city.supply.plugs.copy()
        plugs[CHARGERS.index(self.charger), at] += self.plugs
        return replace(city, supply=replace(city.supply, plugs=plugs))


@dataclass(frozen=True, kw_only=True)
class ReinforceFeeder:
    """Reinforce a feeder by so many of its steps."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["reinforce_feeder"] = "reinforce_feeder"
    feeder: str
    steps: Whole = 1

    def apply(self, city: City) -> City:
        at = position_of(city.feeders.id, self.feeder, "feeder")
        room = int(city.feeders.most_steps[at] - city.supply.feeder_steps[at])
        if not 1 <= self.steps <= room:
            raise Refused(f"steps is {self.steps}", f"feeder {self.feeder!r} can get from 1 to {room} more")
        steps = city.supply.feeder_steps.copy()
        steps[at] += self.steps
        return replace(city, supply=replace(city.supply, feeder_steps=steps))


@dataclass(frozen=True, kw_only=True)
class SetElectricShare:
    """Set the share of private cars that is electric, in an area or in zones by id, in the stock's year."""

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_electric_share"] = "set_electric_share"
    share: Number
    home_access: Number | None = None
    """Share of these cars that can have a pile of their own at home; stays where it is left out."""
    area: str | None = None
    """District or street office."""
    zones: tuple[str, ...] | None = None

    def apply(self, city: City) -> City:
        check_share("share", self.share)
        here = zones_of(city, self.area, self.zones)
        zones = replace(city.zones, ev_share=np.where(here, float(self.share), city.zones.ev_share))
        if self.home_access is not None:
            check_share("home_access", self.home_access)
            zones = replace(zones, home_access=np.where(here, float(self.home_access), zones.home_access))
        return replace(city, zones=zones)


@dataclass(frozen=True, kw_only=True)
class SetVehicles:
    """Set how many electric vehicles of a segment there are in the stock's year; private cars go by zone."""

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_vehicles"] = "set_vehicles"
    segment: Literal["taxi", "ride_hail", "van", "bus", "coach", "sanitation", "official"]
    vehicles: Number

    def apply(self, city: City) -> City:
        not_negative("vehicles", self.vehicles)
        at, persons = position_of(city.fleet.id, self.segment, "segment"), float(city.zones.residents.sum())
        if at == PRIVATE:
            raise Refused("private cars are counted by zone", "use set_electric_share")
        if persons == 0:
            raise Refused("the city has no residents to count vehicles by", "give residents first")
        stock = city.fleet.per_1000_residents.copy()
        stock[at] = self.vehicles / persons * 1000.0
        return replace(city, fleet=replace(city.fleet, per_1000_residents=stock))


@dataclass(frozen=True, kw_only=True)
class SetTemperature:
    """Set the mean temperature of the day [degrees Celsius]: in the cold vehicles need more energy."""

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_temperature"] = "set_temperature"
    celsius: Number

    def apply(self, city: City) -> City:
        if not _COLDEST_C <= self.celsius <= _HOTTEST_C:
            raise Refused(f"celsius is {self.celsius}", f"a number from {_COLDEST_C:g} to {_HOTTEST_C:g} is needed")
        rules = replace(city.charging, temperature_c=np.asarray(self.celsius, np.float64))
        return replace(city, charging=rules)
