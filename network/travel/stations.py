"""By bike or car to a rail station, and from there by bus and rail: what park-and-ride and bike-and-ride take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from network.city import City
from network.part import F64, I32, Bools, Part, Snap, Spec, digest_of
from network.transit import Stations, Transit
from network.travel.roads import skim
from network.travel.skims import journeys_of, walks_of
from network.travel.transit import Walks
from network.units import CYCLE, DRIVE, PERIODS, WALK

ACCESS_MODES = (CYCLE, DRIVE)
"""How one gets to a station, in the order of units.STATION_MODES."""
_RIDE = ("in_vehicle_s", "wait_s", "transfers", "fare_cny", "length_m")


@dataclass(frozen=True, eq=False, kw_only=True)
class StationTravel(Part):
    """The two halves of trips by the stations (Q) with racks or spaces; infinite where there is no way.

    The vehicle stays at the nearest entrance. The journey from there, by all lines, is that of the median departure of
    each period: the walk to the platform, rides and changes, and the walk from the last stop, as in TransitSkims.
    """

    station: Annotated[I32, Spec("i4", ("Q",), 0)]
    """Positions among the stations (G), ascending."""
    access_s: Annotated[F64, Spec("f8", (2, "Z", "Q"), 0, None, True)]
    """By bike and by car; infinite too beyond supply.station_access_m and where nothing of the kind is there."""
    access_m: Annotated[F64, Spec("f8", (2, "Z", "Q"), 0, None, True)]
    rack_entrance: Annotated[I32, Spec("i4", ("Z", "Q"), -1)]
    """Entrance where a bike from the zone stays; -1 where none comes."""
    in_vehicle_s: Annotated[F64, Spec("f8", ("T", "Q", "Z"), 0, None, True)]
    wait_s: Annotated[F64, Spec("f8", ("T", "Q", "Z"), 0, None, True)]
    walk_s: Annotated[F64, Spec("f8", ("T", "Q", "Z"), 0, None, True)]
    transfers: Annotated[F64, Spec("f8", ("T", "Q", "Z"), 0, None, True)]
    fare_cny: Annotated[F64, Spec("f8", ("T", "Q", "Z"), 0, None, True)]
    length_m: Annotated[F64, Spec("f8", ("T", "Q", "Z"), 0, None, True)]


def stations_key(city: City, road_keys: Sequence[str]) -> str:
    """What station travel depends on: which stations have racks or spaces, but not how many."""
    equipped = city.supply.station_places > 0
    if not equipped.any():
        return digest_of("no station has racks or spaces")
    modes = [WALK, *(mode for mode, some in zip(ACCESS_MODES, equipped, strict=True) if some.any())]
    streets = (road_keys[mode] for mode in modes)
    return digest_of(equipped, city.supply.station_access_m, city.transit.key(*modes), *streets)


def station_travel(city: City) -> StationTravel:
    """Station travel of a city, of the stations with racks or spaces alone."""
    equipped = city.supply.station_places > 0
    station = np.flatnonzero(equipped.any(axis=0)).astype(np.int32)
    access = [_access(city, station, kind, equipped[kind, station]) for kind in range(len(ACCESS_MODES))]
    return StationTravel(
        station=station,
        access_s=np.stack([time_s for time_s, _, _ in access]),
        access_m=np.stack([length_m for _, length_m, _ in access]),
        rack_entrance=access[0][2],
        **_rides(city, station),
    )


def _access(city: City, station: I32, kind: int, equipped: Bools) -> tuple[F64, F64, I32]:
    """Time and length (Z, Q) to the nearest entrance, where the station is equipped and near enough, and which."""
    time_s = np.full((len(city.zones.id), len(station)), np.inf)
    length_m, which = time_s.copy(), np.full(time_s.shape, -1, np.int32)
    if equipped.any():
        entrance, owner, position = _entrances(city.transit.stations, station[equipped])
        by_entrance = skim(city.roads, city.zones.snap, entrance, ACCESS_MODES[kind])
        for q, at in enumerate(np.flatnonzero(equipped)):
            own = np.flatnonzero(owner == q)
            if len(own):
                nearest = own[by_entrance[0][:, own].argmin(axis=1)]
                time_s[:, at], length_m[:, at] = (np.take_along_axis(x, nearest[:, None], 1)[:, 0] for x in by_entrance)
                which[:, at] = position[nearest]
    beyond = ~(length_m <= city.supply.station_access_m[kind])
    return np.where(beyond, np.inf, time_s), np.where(beyond, np.inf, length_m), np.where(beyond, -1, which)


def _entrances(stations: Stations, station: I32) -> tuple[Snap, I32, I32]:
    """Where the entrances of some stations touch the streets, the row in `station` each belongs to, and positions."""
    some = np.flatnonzero(np.isin(stations.entrance_station, station))
    snap = Snap(**{name: array[:, some] for name, array in stations.snap.arrays()})
    return snap, np.searchsorted(station, stations.entrance_station[some]).astype(np.int32), some.astype(np.int32)


def _rides(city: City, station: I32) -> dict[str, F64]:
    """Journeys (T, Q, Z) from the stations on."""
    t, zones, periods = city.transit, len(city.zones.id), range(len(PERIODS))
    if not (len(station) and len(t.line_id)):
        return dict.fromkeys((*_RIDE, "walk_s"), np.full((len(periods), len(station), zones), np.inf))
    entrance, owner, _ = _entrances(t.stations, station)
    walks = _from_stations(t, station, owner, walks_of(city, entrance, city.zones.snap))
    found = [journeys_of(city, walks, zones, period=period) for period in periods]
    told = {name: np.stack([getattr(x, name) for x in found]) for name in _RIDE}
    return told | {"walk_s": np.stack([x.walk_s + x.access_s for x in found])}


def _from_stations(t: Transit, station: I32, owner: I32, walks: Walks) -> Walks:
    """Walks from entrances made walks from stations: to their platforms, and to stops no farther than at a change."""
    row = owner[np.repeat(np.arange(len(owner)), np.diff(walks.access_first))]
    first = t.stations.platform_first
    platform = t.stations.platform
    platform_of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    stops = np.int64(len(t.timetable.stop_id))
    own = np.isin(station[row] * stops + walks.access_stop, platform_of * stops + platform)
    near = np.flatnonzero(own | (walks.access_s <= t.transfer_s))
    order = near[np.lexsort((walks.access_m[near], walks.access_s[near], walks.access_stop[near], row[near]))]
    pair = row[order] * stops + walks.access_stop[order]
    order = order[np.diff(pair, prepend=-1) > 0]
    return replace(
        walks,
        access_first=np.searchsorted(row[order], np.arange(len(station) + 1)).astype(np.int32),
        access_stop=walks.access_stop[order],
        access_s=walks.access_s[order],
        access_m=walks.access_m[order],
    )
