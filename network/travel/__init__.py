"""How long, how far: the times and distances everything else is built on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.city import City
from network.part import F64, I32, Part, Snap, Spec, digest_of
from network.travel.coverage import Coverage, coverage_key, coverage_of
from network.travel.reach import walk_reach
from network.travel.roads import skim
from network.travel.skims import TransitSkims, skims_key, transit_skims
from network.travel.stations import StationTravel, station_travel, stations_key
from network.units import (
    CYCLE,
    DIRECT_MODES,
    DRIVE,
    EBIKE,
    NETWORK_MODES,
    TRIP_CAR,
    TRIP_CYCLE,
    TRIP_EBIKE,
    TRIP_TRANSIT,
    TRIP_WALK,
    WALK,
)

_S_PER_MIN = 60.0
_NEIGHBOURS = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Travel(Part):
    """Door-to-door times and distances by direct mode, ways by station, and the places within a walk of each zone."""

    time_s: Annotated[F64, Spec("f8", ("D", "Z", "Z"), 0, None, True)]
    """Infinite where the mode has no way."""
    length_m: Annotated[F64, Spec("f8", ("D", "Z", "Z"), 0, None, True)]
    reach_first: Annotated[I32, Spec("i4", ("Z+1",), 0)]
    reach_place: Annotated[I32, Spec("i4", ("R",), 0)]
    reach_m: Annotated[I32, Spec("i4", ("R",), 0)]
    """Places within supply.plug_search_m on foot of zone z, whole metres: reach_first[z]:reach_first[z+1]."""
    road_time_s: Annotated[F64, Spec("f8", ("M", "Z", "Z"), 0, None, True)]
    road_length_m: Annotated[F64, Spec("f8", ("M", "Z", "Z"), 0, None, True)]
    transit: TransitSkims
    stations: StationTravel
    coverage: Coverage
    keys: dict[str, str]
    """Digests of what was read, by network mode and by what was made of it. Equal keys, equal numbers."""


def travel_times(city: City, before: Travel | None = None) -> Travel:
    """Travel of a city; whatever `before` already holds for the same inputs is taken from there.

    A trip inside a zone costs half the mean of the trips to its three nearest neighbours.
    """
    keys = travel_keys(city)
    kept = {name for name in keys if before and before.keys[name] == keys[name]}
    zones = city.zones.snap
    times, lengths = [], []
    for m, name in enumerate(NETWORK_MODES):
        if before and name in kept:
            times.append(before.road_time_s[m])
            lengths.append(before.road_length_m[m])
        else:
            time_s, length_m = skim(city.roads, zones, zones, m)
            times.append(_with_intrazonal(time_s))
            lengths.append(_with_intrazonal(length_m))
    transit = before.transit if before and "transit" in kept else transit_skims(city, lengths[DRIVE])
    stations = before.stations if before and "stations" in kept else station_travel(city)
    old = (before.reach_first, before.reach_place, before.reach_m) if before and "reach" in kept else None
    reach = old or _reach(city)
    return Travel(
        time_s=_door_to_door(city, times, transit),
        length_m=np.stack([lengths[_ROAD[k]] if k in _ROAD else transit.length_m for k in range(len(DIRECT_MODES))]),
        reach_first=reach[0],
        reach_place=reach[1],
        reach_m=reach[2],
        road_time_s=np.stack(times),
        road_length_m=np.stack(lengths),
        transit=transit,
        stations=stations,
        coverage=before.coverage if before and "coverage" in kept else coverage_of(city),
        keys=keys,
    )


_ROAD = {TRIP_WALK: WALK, TRIP_CYCLE: CYCLE, TRIP_EBIKE: EBIKE, TRIP_CAR: DRIVE}


def travel_keys(city: City) -> dict[str, str]:
    """Travel.keys of the travel times of this city, without computing them."""
    r, z, p, b = city.roads, city.zones.snap, city.places.snap, city.behaviour
    graph = digest_of(r.first, r.head, r.edges, r.length_m)
    roads = [
        digest_of(name, graph, r.time_ms[m], r.delay_ms[m], z.segment[m], z.along[m])
        for m, name in enumerate(NETWORK_MODES)
    ]
    sites = digest_of(p.segment[WALK], p.along[WALK], _may_charge(city), city.supply.plug_search_m)
    transit = skims_key(city, roads[WALK], roads[DRIVE])
    return dict(zip(NETWORK_MODES, roads, strict=True)) | {
        "transit": transit,
        "stations": stations_key(city, roads),
        "door": digest_of(*roads, transit, b.terminal_min),
        "coverage": coverage_key(city, roads[WALK]),
        "reach": digest_of(roads[WALK], sites),
    }


def _may_charge(city: City) -> I32:
    return np.flatnonzero((city.places.most_plugs > 0) | (city.supply.plugs > 0)).astype(np.int32)


def _reach(city: City) -> tuple[I32, I32, I32]:
    some, p = _may_charge(city), city.places.snap
    ends = Snap(segment=p.segment[:, some], along=p.along[:, some], off_m=p.off_m[:, some])
    first, place, metres = walk_reach(city.roads, city.zones.snap, ends, float(city.supply.plug_search_m))
    return first, some[place], metres


def _with_intrazonal(matrix: F64) -> F64:
    """Diagonal := half the mean of the three smallest other entries of the row (METHODS: intrazonal cost)."""
    out = matrix.copy()
    if len(out) > 1:
        np.fill_diagonal(out, np.inf)
        nearest = np.sort(out, axis=1)[:, : min(_NEIGHBOURS, len(out) - 1)]
        count = np.isfinite(nearest).sum(axis=1)
        total = np.where(np.isfinite(nearest), nearest, 0.0).sum(axis=1)
        np.fill_diagonal(out, np.where(count > 0, total / np.maximum(count, 1) / 2, np.inf))
    return out


def _door_to_door(city: City, road_s: list[F64], transit: TransitSkims) -> F64:
    behaviour = city.behaviour
    by_mode = {
        TRIP_WALK: road_s[WALK],
        TRIP_CYCLE: road_s[CYCLE],
        TRIP_EBIKE: road_s[EBIKE],
        TRIP_TRANSIT: transit.time_s,
        TRIP_CAR: road_s[DRIVE],
    }
    return np.stack([by_mode[k] + behaviour.terminal_min[k] * _S_PER_MIN for k in range(len(DIRECT_MODES))])
