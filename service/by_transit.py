"""Answers by bus and rail, with the walks to and from the stops; and how much lies within minutes of every zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from network import (
    City,
    InputError,
    Isochrone,
    OnFoot,
    Problem,
    Ride,
    Snap,
    departures_s,
    journey,
    journeys_between,
    paths,
    times_within,
    transit_isochrone,
    units,
)
from network import Journey as Found
from service.spots import Changed, cells, chosen, common, positions, spots_of, touches
from service.street_schemas import (
    CLOCK,
    CycleLeg,
    Journey,
    JourneyParts,
    LineString,
    MatrixAnswer,
    MatrixRequest,
    Percentile,
    PercentileCells,
    RideLeg,
    RouteAnswer,
    RouteRequest,
    StopRef,
    StreetQuestion,
    WalkLeg,
)

F64 = npt.NDArray[np.float64]

_MEDIAN: Final = 50.0
_S_PER_MIN: Final = 60
_MIN_PER_H: Final = 60
_PARTS: Final = len(JourneyParts.model_fields)


def only_by_transit(asked: StreetQuestion, *fields: str) -> None:
    """Raises InputError where a question by another mode has one of the fields."""
    known = type(asked).model_fields
    given = [name for name in fields if getattr(asked, name) != known[name].get_default(call_default_factory=True)]
    if given:
        hint = "leave it out, or ask by transit"
        raise InputError([Problem(name, f"has no meaning by {asked.mode}", hint) for name in given])


def route(of: Changed, asked: RouteRequest) -> RouteAnswer:
    """The journey of the median departure, or of the one asked for. Raises InputError for a point, or without lines."""
    city, t = of.city, of.city.transit
    spots = spots_of(city, [("from", asked.start), ("to", asked.end)])
    when, percent = departures_s(t), [_MEDIAN, float(t.late_percent)]
    if asked.depart is not None:
        when, percent = np.array([_seconds(asked.depart)], np.int32), []
    cycle = asked.access == "cycle"
    found, times = journey(city, chosen(spots.snap, [0]), chosen(spots.snap, [1]), when, percent, cycle=cycle)
    (walk,) = paths(city.roads, chosen(spots.snap, [0]), chosen(spots.snap, [1]), units.WALK)
    (start, _), (_, end) = (touches(city, spots, m) for m in (units.CYCLE if cycle else units.WALK, units.WALK))
    return RouteAnswer(
        **common(of, asked),
        start=start,
        end=end,
        time_s=found and found.time_s,
        length_m=found and found.length_m,
        legs=[],
        geometry=LineString(coordinates=positions(_line(city, found))) if found else None,
        journey=_told(city, found) if found else None,
        on_foot_s=walk and walk.time_s,
        percentiles=[
            Percentile(percent=p, time_s=s if np.isfinite(s) else None)
            for p, s in zip(percent, times.tolist(), strict=True)
        ],
    )


def _seconds(clock: str) -> int:
    """Seconds of the service day. Raises InputError."""
    if not re.fullmatch(CLOCK, clock):
        hint = "write hours and minutes, for example 08:15; past midnight 24:00 and more"
        raise InputError(Problem("depart", f"{clock!r} is not a time of day", hint))
    hours, minutes = map(int, clock.split(":"))
    return (hours * _MIN_PER_H + minutes) * _S_PER_MIN


def _line(city: City, found: Found) -> F64:
    """(G, 2) along the streets where one walks, straight from stop to stop where one rides."""
    at = city.transit.timetable.stop_lonlat
    line = np.concatenate([at[list(x.stops)] if isinstance(x, Ride) else x.lonlat for x in found.legs])
    return np.asarray(line[np.append(True, (np.diff(line, axis=0) != 0).any(axis=1))])


def _told(city: City, found: Found) -> Journey:
    return Journey(
        depart_s=found.departure_s,
        arrive_s=found.departure_s + found.time_s,
        in_vehicle_s=found.in_vehicle_s,
        wait_s=found.wait_s,
        walk_s=found.walk_s,
        cycle_s=found.cycle_s,
        transfers=len(found.rides) - 1,
        fare_cny=found.fare_cny,
        legs=[_ride(city, leg) if isinstance(leg, Ride) else _walk(city, leg) for leg in found.legs],
    )


def _walk(city: City, leg: OnFoot) -> WalkLeg | CycleLeg:
    length_m = round(leg.length_m, 1)
    if leg.cycled:
        return CycleLeg(to_stop=_at(city, leg.to_stop), time_s=leg.time_s, length_m=length_m)
    ends = _stop(city, leg.from_stop), _stop(city, leg.to_stop)
    return WalkLeg(from_stop=ends[0], to_stop=ends[1], time_s=leg.time_s, length_m=length_m)


def _ride(city: City, ride: Ride) -> RideLeg:
    t = city.transit
    return RideLeg(
        line=str(t.line_id[ride.line]),
        name=str(t.line_name[ride.line]),
        mode=units.TRANSIT_MODES[t.line_mode[ride.line]],
        from_stop=_at(city, ride.stops[0]),
        to_stop=_at(city, ride.stops[-1]),
        wait_s=ride.wait_s,
        board_s=ride.board_s,
        alight_s=ride.alight_s,
        stops_passed=len(ride.stops) - 2,
        length_m=ride.length_m,
    )


def _stop(city: City, stop: int) -> StopRef | None:
    return _at(city, stop) if stop >= 0 else None


def _at(city: City, stop: int) -> StopRef:
    t = city.transit
    lon, lat = t.timetable.stop_lonlat[stop].tolist()
    return StopRef(id=str(t.timetable.stop_id[stop]), name=str(t.stop_name[stop]), lon=lon, lat=lat)


def reached(city: City, start: Snap, limits_s: list[float]) -> tuple[tuple[Isochrone, ...], F64, F64]:
    """What is reached within each limit, and the seconds to zones and to places. Raises InputError without lines."""
    zones, places = city.zones.snap, city.places.snap
    ends = Snap(**{name: np.hstack((array, getattr(places, name))) for name, array in zones.arrays()})
    pieces, time_s = transit_isochrone(city, start, limits_s, ends)
    to_zones, to_places = np.split(time_s, [len(city.zones.id)])
    return pieces, to_zones, to_places


CELLS_A_SEARCH: Final = 1000
"""Cells that an origin counts as, however few its destinations: it is searched from all the same."""


def tables(asked: MatrixRequest) -> int:
    """Tables that count as cells of their own: times and lengths as one, each percentile, each part."""
    return 1 + len(asked.percentiles) + (_PARTS if asked.parts else 0)


def matrix(of: Changed, asked: MatrixRequest, start: Snap, end: Snap) -> MatrixAnswer:
    """Times of the median departure and what was asked for beside them. Raises InputError without lines."""
    cycle = asked.access == "cycle"
    found = journeys_between(of.city, start, end, asked.percentiles, cycle=cycle)
    there_s = np.where(np.isfinite(found.access_s), 0.0, np.inf)
    parts: dict[str, Any] = {
        "in_vehicle_s": found.in_vehicle_s,
        "wait_s": found.wait_s,
        "walk_s": found.walk_s + (there_s if cycle else found.access_s),
        "transfers": found.transfers,
        "fare_cny": found.fare_cny,
        "cycle_s": found.access_s if cycle else there_s,
    }
    return MatrixAnswer(
        **common(of, asked),
        time_s=cells(found.median_s),
        length_m=cells(found.length_m),
        percentiles=[
            PercentileCells(percent=p, time_s=cells(s))
            for p, s in zip(asked.percentiles, found.percentile_s, strict=True)
        ],
        parts=JourneyParts(**{name: cells(x) for name, x in parts.items()}) if asked.parts else None,
    )


def _one(city: City, zone: int) -> Snap:
    return chosen(city.zones.snap, [zone])


FIRST_QUESTIONS: Final[dict[str, Callable[[City], object]]] = {
    "a journey by transit": lambda city: journey(city, _one(city, 0), _one(city, -1), departures_s(city.transit)),
    "isochrones by transit": lambda city: transit_isochrone(city, _one(city, 0), [float(_S_PER_MIN)], _one(city, -1)),
    "access by transit": lambda city: times_within(city, _one(city, 0), _one(city, -1), float(_S_PER_MIN)),
}
"""As `streets.FIRST_QUESTIONS`."""
