"""Edits of rail stations: where bikes and cars are left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from network.city import City
from network.edits.base import STRICT, Refused, Whole, position_of

_MOST = int(np.iinfo(np.int32).max)


@dataclass(frozen=True, kw_only=True)
class AddStationParking:
    """Add parking spaces (park-and-ride, 停车换乘) and bike racks (bike-and-ride, 骑行换乘) at a rail station."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_station_parking"] = "add_station_parking"
    station: str
    spaces: Whole = 0
    racks: Whole = 0

    def apply(self, city: City) -> City:
        at = position_of(city.transit.stations.id, self.station, "station")
        supply, added = city.supply, {"station_spaces": self.spaces, "station_racks": self.racks}
        if min(added.values()) < 0 or not any(added.values()):
            raise Refused(f"spaces is {self.spaces} and racks is {self.racks}", "add at least one of either")
        changed = {}
        for name, more in added.items():
            count = getattr(supply, name).copy()
            if int(count[at]) + more > _MOST:
                raise Refused(f"{more} more of {name} cannot be counted", f"a station has {_MOST} at most")
            count[at] += more
            changed[name] = count
        return replace(city, supply=replace(supply, **changed))
