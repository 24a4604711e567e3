"""Bus and rail from zone to zone: by the lines of the city, or by distance where none is known."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt

from network.city import City
from network.part import F64, I32, Bools, Part, Snap, Spec, digest_of, frozen, specs
from network.timetable import Timetable
from network.transit import MODES_OF, Transit
from network.travel.reach import reach
from network.travel.transit import Access, Journeys, Walks, journeys, walks_to_stops
from network.units import (
    CYCLE,
    FERRY,
    LINE_TRIPS,
    PERIODS,
    STATION_MODES,
    TRIP_BIKE_RIDE,
    TRIP_BUS,
    TRIP_BUS_RAIL,
    TRIP_MODES,
    TRIP_RAIL,
    WALK,
)

_S_PER_MIN = 60
_SKIM: Final = ("T", len(LINE_TRIPS), "Z", "Z")
_TOLD: Final = ("in_vehicle_s", "wait_s", "transfers", "fare_cny", "length_m")


@dataclass(frozen=True, eq=False, kw_only=True)
class TransitSkims(Part):
    """The journey of the median departure between zones by period and by units.LINE_TRIPS.

    By bus and by rail that is the quickest by lines of their modes alone; by both the quickest by all lines, where it
    rides some of both. All parts are infinite where there is none, as within a zone.
    """

    in_vehicle_s: Annotated[F64, Spec("f8", _SKIM, 0, None, True)]
    wait_s: Annotated[F64, Spec("f8", _SKIM, 0, None, True)]
    walk_s: Annotated[F64, Spec("f8", _SKIM, 0, None, True)]
    transfers: Annotated[F64, Spec("f8", _SKIM, 0, None, True)]
    fare_cny: Annotated[F64, Spec("f8", _SKIM, 0, None, True)]
    length_m: Annotated[F64, Spec("f8", _SKIM, 0, None, True)]
    late_s: Annotated[F64, Spec("f8", _SKIM, 0, None, True)]
    """Time within which transit.late_percent of the departures arrive, by both modes as by all lines."""
    ferry: Annotated[Bools, Spec("b", _SKIM)]
    """Whether the journey rides a ferry."""

    @cached_property
    def time_s(self) -> F64:
        """(T, 3, Z, Z) from door to door."""
        return frozen(self.in_vehicle_s + self.wait_s + self.walk_s)


def skims_keys(city: City, walk_key: str, drive_key: str) -> dict[str, str]:
    """What the skims by `skim_name` depend on: of the streets by car only where no line is known."""
    t = city.transit
    if len(t.line_id):
        return {skim_name(*which): digest_of(walk_key, key) for which, key in t.line_keys.items()}
    key = digest_of(walk_key, t.key(WALK), drive_key)
    return {skim_name(trip, period): key for trip in LINE_TRIPS for period in range(len(PERIODS))}


def skim_name(trip: int, period: int) -> str:
    """What the skims of one of units.LINE_TRIPS in a period are called."""
    return f"{TRIP_MODES[trip]} {PERIODS[period]}"


def transit_skims(
    city: City, drive_m: F64, before: TransitSkims | None = None, kept: AbstractSet[str] = frozenset()
) -> TransitSkims:
    """Skims of a city; `drive_m` (Z, Z) are metres along the streets.

    Those whose `skim_name` is in `kept` are taken from `before`.
    """
    if before is not None and all(skim_name(trip, p) in kept for trip in LINE_TRIPS for p in range(len(PERIODS))):
        return before
    out = _nothing(len(city.zones.id))
    walks = walks_of(city, city.zones.snap, city.zones.snap)
    for at, trip in enumerate(LINE_TRIPS):
        for period in range(len(PERIODS)):
            if before is not None and skim_name(trip, period) in kept:
                found = {name: array[period, at] for name, array in before.arrays()}
            elif len(city.transit.line_id):
                found = _by_lines(city, walks, trip, period)
            else:
                found = _by_distance(city, drive_m) if trip == TRIP_BUS else {}
            for name, values in found.items():
                out[name][period, at] = values
    for array in out.values():
        np.einsum("tkzz->tkz", array)[:] = False if array.dtype == np.bool_ else np.inf
        array.flags.writeable = False
    return TransitSkims(**out)


def _nothing(zones: int) -> dict[str, npt.NDArray[Any]]:
    """The arrays of skims without a journey."""
    shape = (len(PERIODS), len(LINE_TRIPS), zones, zones)
    return {
        name: np.zeros(shape, np.bool_) if spec.dtype == "b" else np.full(shape, np.inf)
        for name, spec in specs(TransitSkims).items()
    }


def departures_s(transit: Transit, period: int = 0) -> I32:
    """Departures that are looked at in a period, one a minute."""
    start, count = round(float(transit.window_start_s[period])), int(transit.window_min)
    return (start + _S_PER_MIN * np.arange(count)).astype(np.int32)


def walks_of(city: City, origins: Snap, ends: Snap, most_s: float = np.inf, *, cycle: bool = False) -> Walks:
    """The walks to, between and from the stops by the rules of a city; journeys of at most `most_s` are of interest.

    With `cycle` one cycles to the first stop, as far as in bike-and-ride, and leaves the bike there, with racks or not.
    """
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
        access=_by_bike(city, most_s) if cycle else None,
    )


def _by_bike(city: City, most_s: float) -> Access:
    """The way to the first stop in bike-and-ride."""
    return Access(
        CYCLE,
        min(float(city.transit.longest_s), most_s),
        float(city.supply.station_access_m[STATION_MODES.index(TRIP_BIKE_RIDE)]),
        round(float(city.behaviour.terminal_min[TRIP_BIKE_RIDE]) * _S_PER_MIN),
    )


def journeys_of(
    city: City,
    walks: Walks,
    ends: int,
    percentiles: Sequence[float] = (),
    most_s: float = np.inf,
    *,
    period: int = 0,
    lines: Timetable | None = None,
) -> Journeys:
    """Journeys over the window of a period by the rules of the city, of at most `most_s`, by all lines or only some.

    Raises InputError for the percentiles.
    """
    t = city.transit
    return journeys(
        t.running if lines is None else lines,
        t.tariffs,
        walks,
        ends,
        departures_s(t, period),
        most_rides=int(t.most_rides),
        longest_s=max(1, int(min(round(float(t.longest_s)), most_s))),
        percentiles=np.array(percentiles, np.float64),
        line_mode=t.line_mode,
    )


def _by_lines(city: City, walks: Walks, trip: int, period: int) -> dict[str, npt.NDArray[Any]]:
    """(Z, Z) what is known of a trip in a period, nothing where it has no lines."""
    t = city.transit
    lines = t.running_in(trip, period)
    ridden = t.line_mode[lines.pattern_line]
    needed = (TRIP_BUS, TRIP_RAIL) if trip == TRIP_BUS_RAIL else (trip,)
    if not all(np.isin(ridden, MODES_OF[x]).any() for x in needed):
        return {}
    some = [float(t.late_percent)]
    found = journeys_of(city, walks, len(city.zones.id), some, period=period, lines=lines)
    told = {name: getattr(found, name) for name in _TOLD}
    told |= {"walk_s": found.walk_s + found.access_s, "late_s": found.percentile_s[0]}
    ferry = (found.modes >> FERRY) & 1 > 0
    if trip != TRIP_BUS_RAIL:
        return told | {"ferry": ferry}
    both = _rides(found, TRIP_BUS) & _rides(found, TRIP_RAIL)
    return {name: np.where(both, values, np.inf) for name, values in told.items()} | {"ferry": both & ferry}


def _rides(found: Journeys, trip: int) -> Bools:
    """Whether a journey rides a line of the modes of a trip."""
    return found.modes & sum(1 << mode for mode in MODES_OF[trip]) > 0


def _by_distance(city: City, drive_m: F64) -> dict[str, F64]:
    """Distance along the streets at an assumed speed, and the walk to the nearest stop on the map."""
    t = city.transit
    to_stop_s = nearest_s(city, t.timetable.snap, float(t.estimate_walk_s))
    ride, walk = np.round(drive_m / t.estimate_m_per_s), np.round(to_stop_s[:, None] + to_stop_s)
    wait = np.full(drive_m.shape, float(t.estimate_wait_s))
    fare = t.tariffs.fare_cny(0, np.where(np.isfinite(drive_m), drive_m, 0.0))
    told = {
        "in_vehicle_s": ride,
        "wait_s": wait,
        "walk_s": walk,
        "transfers": np.full(drive_m.shape, float(t.estimate_transfers)),
        "fare_cny": fare,
        "length_m": drive_m,
        "late_s": ride + wait + walk,
    }
    return {name: np.where(np.isfinite(drive_m), values, np.inf) for name, values in told.items()}


def nearest_s(city: City, points: Snap, most_s: float) -> F64:
    """(Z) walk from each zone to the nearest of some points [s], `most_s` where none is nearer."""
    out = np.full(len(city.zones.id), most_s)
    if points.segment.shape[1]:
        found = reach(city.roads, city.zones.snap, points, WALK, most_s)
        zone = np.repeat(np.arange(len(out)), np.diff(found.first))
        np.minimum.at(out, zone, found.time_s)
    return out
