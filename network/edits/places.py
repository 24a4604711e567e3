"""Edits of places: new sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from network.city import City, Places
from network.edits.base import (
    STRICT,
    Number,
    Refused,
    Whole,
    appended,
    check_inside,
    check_printable,
    not_negative,
    position_of,
)
from network.part import Snap
from network.snap import snap


@dataclass(frozen=True, kw_only=True)
class AddPlace:
    """Add a site that chargers can be put at."""

    layers: ClassVar[frozenset[str]] = frozenset({"places", "supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_place"] = "add_place"
    id: str
    lon: Number
    lat: Number
    most_plugs: Whole
    open_cny: Number
    plug_cny: Number
    """What a fast plug costs there."""
    kind: str = "site"
    name: str = ""
    feeder: str | None = None
    """Id of the feeder it hangs on, where feeders are known."""

    def apply(self, city: City) -> City:
        if not self.id or self.id in city.places.id:
            raise Refused(f"id {self.id!r} is empty or taken", "choose another")
        for name in ("most_plugs", "open_cny", "plug_cny"):
            not_negative(name, getattr(self, name))
        check_printable(self.id, self.kind, self.name)
        check_inside(city, self.lon, self.lat)
        lonlat = np.array([[self.lon, self.lat]])
        p, touch = city.places, snap(city.roads, lonlat)
        feeder = -1 if self.feeder is None else position_of(city.feeders.id, self.feeder, "feeder")
        places = Places(
            id=appended(p.id, self.id),
            kind=appended(p.kind, self.kind),
            name=appended(p.name, self.name),
            lonlat=np.concatenate((p.lonlat, lonlat)),
            most_plugs=np.append(p.most_plugs, np.int32(self.most_plugs)),
            open_cny=np.append(p.open_cny, float(self.open_cny)),
            plug_cny=np.append(p.plug_cny, float(self.plug_cny)),
            feeder=np.append(p.feeder, np.int32(feeder)),
            snap=Snap(
                **{n: np.concatenate((getattr(p.snap, n), getattr(touch, n)), axis=1) for n, _ in touch.arrays()}
            ),
        )
        plugs = np.pad(city.supply.plugs, ((0, 0), (0, 1)))
        return replace(city, places=places, supply=replace(city.supply, plugs=plugs))
