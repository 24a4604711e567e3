"""Edits of rail stations: where bikes and cars are left, and who lives and works near."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from network.city import City
from network.edits.base import STRICT, Number, Refused, Whole, not_negative, position_of
from network.part import F64, Bools
from network.travel.coverage import picked, straight, walks_between

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


@dataclass(frozen=True, kw_only=True)
class DevelopNearStations:
    """Let more people live or work in the zones within so many metres on foot of the entrances of rail stations.

    `residents` and `jobs` are persons more in all these zones together, who spread as those there do, evenly where
    nobody is; `residents_share` and `jobs_share` add a share to each zone instead. Where they have `moved`, they are
    taken from all other zones, by the same share from each: the city has as many as before.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["develop_near_stations"] = "develop_near_stations"
    metres: Number
    stations: tuple[str, ...] | None = None
    """Ids; all where it is left out."""
    residents: Number | None = None
    jobs: Number | None = None
    residents_share: Number | None = None
    jobs_share: Number | None = None
    moved: bool = False

    def apply(self, city: City) -> City:
        given = {n: getattr(self, n) for n in ("residents", "jobs", "residents_share", "jobs_share")}
        for name, value in {"metres": self.metres, **given}.items():
            if value is not None:
                not_negative(name, value)
        if all(value is None for value in given.values()):
            raise Refused("changes nothing", "give residents, jobs, residents_share or jobs_share")
        near = self._near(city)
        changed: dict[str, Any] = {}
        for name in ("residents", "jobs"):
            more, share = given[name], given[f"{name}_share"]
            if more is not None and share is not None:
                raise Refused(f"gives both {name} and {name}_share", "give one of both")
            if more is not None or share is not None:
                changed[name] = self._grown(getattr(city.zones, name), near, name, more, share)
        return replace(city, zones=replace(city.zones, **changed))

    def _near(self, city: City) -> Bools:
        """(Z) zones whose middle is near enough to an entrance."""
        s, ids = city.transit.stations, self.stations
        if not len(s.id) or ids == ():
            raise Refused("stations is empty" if len(s.id) else f"no rail station is known in {city.id}", "name one")
        wanted = range(len(s.id)) if ids is None else [position_of(s.id, station, "station") for station in ids]
        some = np.flatnonzero(np.isin(s.entrance_station, list(wanted)))
        ends, zones = (s.entrance_lonlat[some], picked(s.snap, some)), city.zones
        first, _, walk_m = walks_between(city.roads, (zones.lonlat, zones.snap), ends, self.metres)
        row = np.repeat(np.arange(len(zones.id)), np.diff(first))
        near = np.isin(np.arange(len(zones.id)), row[walk_m <= self.metres])
        if not near.any():
            least_m = straight(city.roads, zones.lonlat, ends[0]).min(initial=np.inf)
            what = f"no zone has its middle within {self.metres:g} m on foot of an entrance"
            raise Refused(what, f"the nearest is {least_m:,.0f} m away in a straight line")
        return near

    def _grown(self, have: F64, near: Bools, name: str, more: float | None, share: float | None) -> F64:
        there = np.where(near, have, 0.0)
        if more is None:
            if not there.any():
                raise Refused(f"{name}_share adds nothing: there are no {name} near", f"give {name} instead")
            added = there * float(share or 0.0)
        else:
            weight = there if there.any() else near.astype(np.float64)
            added = more * weight / weight.sum()
        out, total, others = have + added, float(added.sum()), float(have[~near].sum())
        if self.moved and total > 0:
            if total > others:
                raise Refused(f"{total:,.0f} {name} cannot be moved: {others:,.0f} are elsewhere", "move fewer")
            out[~near] *= 1.0 - total / others
        return np.asarray(out)
