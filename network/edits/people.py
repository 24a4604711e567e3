"""Edits of people and prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from network.city import City
from network.edits.base import STRICT, Number, Refused, not_negative, position_of, zones_of


@dataclass(frozen=True, kw_only=True)
class SetPrice:
    """Set a price: parking [CNY a car trip to the area], driving or a taxi beyond its first metres [CNY/km]."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_price"] = "set_price"
    item: Literal["parking", "driving", "taxi"]
    cny: Number
    area: str | None = None
    """District or street office; the whole city where it is left out."""

    def apply(self, city: City) -> City:
        not_negative("cny", self.cny)
        if self.item != "parking":
            if self.area is not None:
                raise Refused(f"{self.item} has one price for the whole city", "leave area out")
            prices = {f"{self.item}_cny_per_km": np.asarray(self.cny, float)}
            return replace(city, supply=replace(city.supply, **prices))
        everywhere = np.ones(len(city.zones.id), np.bool_)
        here = everywhere if self.area is None else zones_of(city, self.area, None)
        parking = np.where(here, float(self.cny), city.supply.parking_cny)
        return replace(city, supply=replace(city.supply, parking_cny=parking))


@dataclass(frozen=True, kw_only=True)
class SetDemand:
    """Change how many people live, work, learn or visit in a zone; what is left out stays."""

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_demand"] = "set_demand"
    zone: str
    residents: Number | None = None
    jobs: Number | None = None
    students: Number | None = None
    visitors: Number | None = None

    def apply(self, city: City) -> City:
        at = position_of(city.zones.id, self.zone, "zone")
        named = {"residents": self.residents, "jobs": self.jobs, "students": self.students, "visitors": self.visitors}
        given = {name: value for name, value in named.items() if value is not None}
        if not given:
            raise Refused("changes nothing", "give residents, jobs, students or visitors")
        changed = {}
        for name, value in given.items():
            not_negative(name, value)
            changed[name] = getattr(city.zones, name).copy()
            changed[name][at] = value
        return replace(city, zones=replace(city.zones, **changed))
