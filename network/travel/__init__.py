"""How long, how far: the times and distances everything else is built on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np

from network.city import City
from network.part import F64, I32, Part, Snap, Spec, digest_of
from network.travel.bike_cover import BikeCover, bike_cover, bike_cover_key
from network.travel.coverage import Coverage, coverage_key, coverage_of
from network.travel.passing import passing_share
from network.travel.reach import within_metres
from network.travel.roads import skim
from network.travel.skims import TransitSkims, skims_keys, transit_skims
from network.travel.stations import StationTravel, station_travel, stations_key
from network.units import (
    CYCLE,
    DRIVE,
    EBIKE,
    LINE_TRIPS,
    NETWORK_MODES,
    PERIODS,
    TRIP_CAR,
    TRIP_CYCLE,
    TRIP_EBIKE,
    TRIP_TAXI,
    TRIP_WALK,
    WALK,
)

_S_PER_MIN = 60.0
_NEIGHBOURS = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Travel(Part):
    """Times and distances from zone to zone, ways by station, and the places within a walk of each zone."""

    road_time_s: Annotated[F64, Spec("f8", ("M", "Z", "Z"), 0, None, True)]
    """Along the streets, without congestion; infinite where the mode has no way."""
    road_length_m: Annotated[F64, Spec("f8", ("M", "Z", "Z"), 0, None, True)]
    drive_s: Annotated[F64, Spec("f8", ("T", "Z", "Z"), 0, None, True)]
    """By car in each period: as without congestion, but for what `at_drive_times` gives."""
    quickest_s: Annotated[F64, Spec("f8", ("T", "Z", "Z"), 0, None, True)]
    """From door to door by the quickest direct mode."""
    reach_first: Annotated[I32, Spec("i4", ("Z+1",), 0)]
    reach_place: Annotated[I32, Spec("i4", ("R",), 0)]
    reach_m: Annotated[I32, Spec("i4", ("R",), 0)]
    """Places within supply.plug_search_m on foot of zone z, whole metres: reach_first[z]:reach_first[z+1]."""
    fast_first: Annotated[I32, Spec("i4", ("Z+1",), 0)]
    fast_place: Annotated[I32, Spec("i4", ("Q",), 0)]
    fast_m: Annotated[I32, Spec("i4", ("Q",), 0)]
    """Places within charging.fast_reach_m by car, likewise."""
    passing_share: Annotated[F64, Spec("f8", ("Z",), 0, 1)]
    """Share of the car traffic that passes each zone."""
    transit: TransitSkims
    stations: StationTravel
    coverage: Coverage
    bikes: BikeCover
    keys: dict[str, str]
    """Digests of what was read, by network mode and by what was made of it. Equal keys, equal numbers."""

    def time_s(self, mode: int, period: int) -> F64:
        """(Z, Z) under way by a direct mode: along the streets, or in the vehicle, waiting and on foot."""
        if mode in LINE_TRIPS:
            return np.asarray(self.transit.time_s[period, LINE_TRIPS.index(mode)])
        return np.asarray(self.drive_s[period] if ROAD_OF[mode] == DRIVE else self.road_time_s[ROAD_OF[mode]])

    def length_m(self, mode: int, period: int) -> F64:
        """(Z, Z) way by a direct mode."""
        if mode in LINE_TRIPS:
            return np.asarray(self.transit.length_m[period, LINE_TRIPS.index(mode)])
        return np.asarray(self.road_length_m[ROAD_OF[mode]])


ROAD_OF: Final = {TRIP_WALK: WALK, TRIP_CYCLE: CYCLE, TRIP_EBIKE: EBIKE, TRIP_CAR: DRIVE, TRIP_TAXI: DRIVE}
"""Network mode of each direct mode along the streets."""


def travel_times(city: City, before: Travel | None = None) -> Travel:
    """Travel of a city without congestion; whatever `before` already holds for the same inputs is taken from there.

    A trip inside a zone costs half the mean of the trips to its three nearest neighbours.
    """
    keys = travel_keys(city)
    if before and before.keys == keys:
        return before
    kept = {name for name in keys if before and before.keys.get(name) == keys[name]}
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
    transit = transit_skims(city, lengths[DRIVE], before.transit if before else None, kept)
    walked = (before.reach_first, before.reach_place, before.reach_m) if before and "reach" in kept else None
    reach = walked or _reach(city, WALK, float(city.supply.plug_search_m))
    driven = (before.fast_first, before.fast_place, before.fast_m) if before and "fast" in kept else None
    fast = driven or _reach(city, DRIVE, float(city.charging.fast_reach_m))
    same_drive = "drive" in kept and before and "congestion" not in before.keys
    drive_s = before.drive_s if before and same_drive else np.stack([times[DRIVE]] * len(PERIODS))
    road_s = before.road_time_s if before and kept.issuperset(NETWORK_MODES) else np.stack(times)
    known = before.quickest_s if before and "door" in kept else None
    made: dict[str, Any] = dict(  # noqa: C408 - as where a Travel is made
        road_time_s=road_s,
        road_length_m=before.road_length_m if before and road_s is before.road_time_s else np.stack(lengths),
        drive_s=drive_s,
        quickest_s=_quickest(city, road_s, drive_s, transit) if known is None else known,
        reach_first=reach[0],
        reach_place=reach[1],
        reach_m=reach[2],
        fast_first=fast[0],
        fast_place=fast[1],
        fast_m=fast[2],
        passing_share=before.passing_share if before and "passing" in kept else passing_share(city),
        transit=transit,
        stations=before.stations if before and "stations" in kept else station_travel(city),
        coverage=before.coverage if before and "coverage" in kept else coverage_of(city),
        bikes=before.bikes if before and "bikes" in kept else bike_cover(city),
        keys=keys,
    )
    return before.but(**made) if before else Travel(**made)


def at_drive_times(city: City, travel: Travel, drive_s: F64) -> Travel:
    """The same with other times by car between zones (T, Z, Z); ways to stations, and buses, keep theirs.

    It is no `travel_times(city)`: these times follow from the demand as well.
    """
    drive_s = np.stack([_with_intrazonal(one) for one in drive_s])
    traffic = digest_of(drive_s)
    return travel.but(
        drive_s=drive_s,
        quickest_s=_quickest(city, travel.road_time_s, drive_s, travel.transit),
        keys=travel.keys | {"congestion": traffic, "door": digest_of(travel.keys["door"], traffic)},
    )


_GRAPH = frozenset({"first", "head", "edges", "length_m", "copies", "gates"})


def travel_keys(city: City) -> dict[str, str]:
    """Travel.keys of the travel times of this city, without computing them."""
    r, z, p, b, c = city.roads, city.zones.snap, city.places.snap, city.behaviour, city.charging
    graph = digest_of(*(array for name, array in r.arrays() if name in _GRAPH))
    roads = [
        digest_of(name, graph, r.time_ms[m], r.delay_ms[m], z.segment[m], z.along[m])
        for m, name in enumerate(NETWORK_MODES)
    ]
    some, persons = _may_charge(city), city.zones
    walked = digest_of(p.segment[WALK], p.along[WALK], some, city.supply.plug_search_m)
    driven = digest_of(p.segment[DRIVE], p.along[DRIVE], some, c.fast_reach_m)
    passing = digest_of(
        persons.residents, persons.jobs, persons.students, persons.visitors, c.passing_origins, c.passing_scale_min
    )
    lines = skims_keys(city, roads[WALK], roads[DRIVE])
    return (
        dict(zip(NETWORK_MODES, roads, strict=True))
        | lines
        | {
            "stations": stations_key(city, roads),
            "door": digest_of(*roads, *lines.values(), b.terminal_min),
            "coverage": coverage_key(city, roads[WALK]),
            "bikes": bike_cover_key(city, roads[WALK]),
            "reach": digest_of(roads[WALK], walked),
            "fast": digest_of(roads[DRIVE], driven),
            "passing": digest_of(roads[DRIVE], passing),
        }
    )


def _may_charge(city: City) -> I32:
    return np.flatnonzero((city.places.most_plugs > 0) | (city.supply.plugs > 0).any(axis=0)).astype(np.int32)


def _reach(city: City, mode: int, limit_m: float) -> tuple[I32, I32, I32]:
    some, p = _may_charge(city), city.places.snap
    ends = Snap(segment=p.segment[:, some], along=p.along[:, some], off_m=p.off_m[:, some])
    first, place, metres = within_metres(city.roads, city.zones.snap, ends, mode, limit_m)
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


def _quickest(city: City, road_s: F64, drive_s: F64, transit: TransitSkims) -> F64:
    out, at_ends_s = np.empty_like(drive_s), city.behaviour.terminal_min * _S_PER_MIN
    for period, best in enumerate(out):
        np.minimum.reduce(transit.time_s[period] + at_ends_s[list(LINE_TRIPS), None, None], axis=0, out=best)
        for mode, road in ROAD_OF.items():
            time_s = drive_s[period] if road == DRIVE else road_s[road]
            np.minimum(best, time_s + at_ends_s[mode], out=best)
    return out
