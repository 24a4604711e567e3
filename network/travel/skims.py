"""Bus and rail from zone to zone: by the lines of the city, or by distance where none is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.city import City
from network.part import F64, I32, Part, Snap, Spec, digest_of
from network.transit import Transit
from network.travel.reach import reach
from network.travel.transit import Journeys, Walks, journeys, walks_to_stops
from network.units import WALK

_S_PER_MIN = 60
_TOLD = ("in_vehicle_s", "wait_s", "walk_s", "transfers", "fare_cny", "length_m")


@dataclass(frozen=True, eq=False, kw_only=True)
class TransitSkims(Part):
    """The journey of the median departure between zones; all infinite where there is none, as within a zone."""

    in_vehicle_s: Annotated[F64, Spec("f8", ("Z", "Z"), 0, None, True)]
    wait_s: Annotated[F64, Spec("f8", ("Z", "Z"), 0, None, True)]
    walk_s: Annotated[F64, Spec("f8", ("Z", "Z"), 0, None, True)]
    transfers: Annotated[F64, Spec("f8", ("Z", "Z"), 0, None, True)]
    fare_cny: Annotated[F64, Spec("f8", ("Z", "Z"), 0, None, True)]
    length_m: Annotated[F64, Spec("f8", ("Z", "Z"), 0, None, True)]
    late_s: Annotated[F64, Spec("f8", ("Z", "Z"), 0, None, True)]
    """Time within which transit.late_percent of the departures arrive."""

    @property
    def time_s(self) -> F64:
        return self.in_vehicle_s + self.wait_s + self.walk_s


def skims_key(city: City, walk_key: str, drive_key: str) -> str:
    """What the skims depend on: of the streets by car only where no line is known."""
    return digest_of(walk_key, city.transit.key(WALK), "" if len(city.transit.line_id) else drive_key)


def transit_skims(city: City, drive_m: F64) -> TransitSkims:
    """Skims of a city; `drive_m` (Z, Z) are metres along the streets."""
    found = _by_lines(city) if len(city.transit.line_id) else _by_distance(city, drive_m)
    served = np.isfinite(found["in_vehicle_s"]) & ~np.eye(len(city.zones.id), dtype=bool)
    return TransitSkims(**{name: np.where(served, values, np.inf) for name, values in found.items()})


def departures_s(transit: Transit) -> I32:
    """Departures that are looked at, one a minute."""
    start, count = round(float(transit.window_start_s)), int(transit.window_min)
    return (start + _S_PER_MIN * np.arange(count)).astype(np.int32)


def walks_of(city: City, origins: Snap, ends: Snap, most_s: float = np.inf) -> Walks:
    """The walks to, between and from the stops by the rules of a city; journeys of at most `most_s` are of interest."""
    t = city.transit
    return walks_to_stops(
        city.roads,
        origins,
        ends,
        t.running,
        access_s=min(float(t.access_s), most_s),
        transfer_s=float(t.transfer_s),
        change_s=round(float(t.change_s)),
        stations=t.stations,
    )


def journeys_of(
    city: City, walks: Walks, ends: int, percentiles: Sequence[float] = (), most_s: float = np.inf
) -> Journeys:
    """Journeys over the window by the rules of the city, of at most `most_s`. Raises InputError for the percentiles."""
    t = city.transit
    return journeys(
        t.running,
        t.tariffs,
        walks,
        ends,
        departures_s(t),
        most_rides=int(t.most_rides),
        longest_s=max(1, int(min(round(float(t.longest_s)), most_s))),
        percentiles=np.array(percentiles, np.float64),
    )


def _by_lines(city: City) -> dict[str, F64]:
    zones = city.zones.snap
    found = journeys_of(city, walks_of(city, zones, zones), len(city.zones.id), [float(city.transit.late_percent)])
    told = {name: getattr(found, name) for name in _TOLD}
    return told | {"walk_s": found.walk_s + found.access_s, "late_s": found.percentile_s[0]}


def _by_distance(city: City, drive_m: F64) -> dict[str, F64]:
    """Distance along the streets at an assumed speed, and the walk to the nearest stop on the map."""
    t = city.transit
    to_stop_s = nearest_s(city, t.timetable.snap, float(t.estimate_walk_s))
    ride, walk = np.round(drive_m / t.estimate_m_per_s), np.round(to_stop_s[:, None] + to_stop_s)
    wait = np.full(drive_m.shape, float(t.estimate_wait_s))
    return {
        "in_vehicle_s": ride,
        "wait_s": wait,
        "walk_s": walk,
        "transfers": np.full(drive_m.shape, float(t.estimate_transfers)),
        "fare_cny": t.tariffs.fare_cny(0, np.where(np.isfinite(drive_m), drive_m, 0.0)),
        "length_m": drive_m,
        "late_s": ride + wait + walk,
    }


def nearest_s(city: City, points: Snap, most_s: float) -> F64:
    """(Z) walk from each zone to the nearest of some points [s], `most_s` where none is nearer."""
    out = np.full(len(city.zones.id), most_s)
    if points.segment.shape[1]:
        found = reach(city.roads, city.zones.snap, points, WALK, most_s)
        zone = np.repeat(np.arange(len(out)), np.diff(found.first))
        np.minimum.at(out, zone, found.time_s)
    return out
