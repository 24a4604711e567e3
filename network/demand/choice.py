"""Which mode a trip takes: a nested logit by purpose, with and without a car at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from network.city import City
from network.demand.parking import ParkingLoads, no_limits, settle_parking
from network.demand.stations import StationLoads, loads_of, rides_of, settle, station_weights
from network.demand.utility import nests_of, purposes_in, skims_in, utility_of
from network.kernels.day import STRIP, Sums, day
from network.kernels.logit import BLOCKS
from network.kernels.utility import CHARGED, COUNTS, FARES, FERRIES, LINES, METRES, TRANSFERS
from network.parallel import shared_out
from network.part import F64, I32
from network.travel import Travel
from network.units import BANDS, DIRECT_MODES, PERIODS, PURPOSES, TRIP_CAR, TRIP_MODES, TRIP_TAXI, VISITOR

_D = len(DIRECT_MODES)


@dataclass(frozen=True, eq=False, kw_only=True)
class DayTrips:
    """Trips of a day shared out among the modes, and what they add up to."""

    starts: F64
    """(U, K, Z) trips by origin."""
    ends: F64
    """(U, K, Z) trips by destination."""
    bands: F64
    """(V, K, B) trips by band of the way on foot."""
    metres: F64
    """(V, D, Z) person-metres by direct mode and origin."""
    transfers: F64
    fares_cny: F64
    ferries: F64
    """(V, 3) changes, full fares and trips that ride a ferry, by line mode."""
    charged: float
    """CNY that cars would pay to enter, were each person in one of their own."""
    logsum: F64
    """(U, Z) sum over trips of the logsum; (0, Z) where not asked for."""
    vehicles: F64
    """(U, Z, Z) cars and taxis with passengers from the home end of the trips; (0, Z, Z) where not asked for."""
    stations: StationLoads
    parking: ParkingLoads


def split(
    city: City,
    travel: Travel,
    trips: F64,
    *,
    vehicles: bool = False,
    logsums: bool = False,
    held: DayTrips | None = None,
) -> DayTrips:
    """Trips (U, Z, Z) shared out among the modes.

    Where a day is `held`, there is room for as large a share of the trips as on that day, whatever its use.
    """
    if held:
        room = held.parking.availability if (held.parking.availability < 1.0).any() else None
        return _split(city, travel, trips, room, vehicles=vehicles, logsums=logsums, held=held.stations)
    found, parking = settle_parking(city, partial(_split, city, travel, trips, vehicles=vehicles, logsums=logsums))
    return replace(found, parking=parking)


def _split(
    city: City,
    travel: Travel,
    trips: F64,
    room: F64 | None,
    *,
    vehicles: bool,
    logsums: bool,
    held: StationLoads | None = None,
) -> DayTrips:
    """The trips shared out where a share `room` (Z) of those who would drive to a zone find a space there.

    Where stations are full, once more with the shares of those who would come that find room there.
    """
    halves = [station_weights(city, travel, u) for u in range(len(PURPOSES))]
    by_mode = partial(_by_mode, city, travel, trips, halves=halves, room=room, vehicles=vehicles, logsums=logsums)
    if held:
        return by_mode(held.availability[:, travel.stations.station], 0)
    found = by_mode(np.ones((2, len(travel.stations.station))), 0)
    available, rounds = settle(city, travel, trips, found.stations, halves=halves, room=room)
    return by_mode(available, rounds) if rounds else found


def _by_mode(
    city: City,
    travel: Travel,
    trips: F64,
    available: F64,
    rounds: int,
    *,
    halves: list[tuple[F64, F64]],
    room: F64 | None,
    vehicles: bool,
    logsums: bool,
) -> DayTrips:
    """The same where a share `available` (2, Q) of those who would go by a station find room there."""
    zones = len(city.zones.id)
    starts, ends = (np.zeros((len(PURPOSES), len(TRIP_MODES), zones)) for _ in range(2))
    logsum = np.zeros((len(PURPOSES) if logsums else 0, zones))
    driven = np.zeros((len(PURPOSES) if vehicles else 0, zones, zones))
    bands, counts, by_station = np.zeros((2, len(TRIP_MODES), BANDS)), np.zeros(()), np.zeros(())
    fixed, per_trip = _fixed(trips), np.zeros(len(TRIP_MODES))
    per_trip[[TRIP_CAR, TRIP_TAXI]] = 1.0 / city.behaviour.car_persons, 1.0 / city.behaviour.taxi_persons
    for us in _at_once(city, apart=vehicles):
        skims, utility = skims_in(city, travel, int(city.behaviour.purpose_period[us[0]])), utility_of(city, us, room)
        nests = nests_of(city, us, stations=bool(available.size))
        rides, kept = rides_of(city, travel, halves, us, available), per_trip if vehicles else per_trip[:0]
        sums = _no_trips(len(us), zones, len(rides.length_m), kept=vehicles, logsums=logsums)
        shared_out(day, (skims, utility, nests, rides, fixed, us, us == VISITOR, kept, STRIP, sums), BLOCKS)
        starts[us], ends[us] = sums.starts.transpose(1, 2, 0), sums.ends.sum(axis=0)
        bands += sums.by_band.sum(axis=0)
        counts, by_station = counts + sums.counted, by_station + sums.by_station
        if vehicles:
            driven[us] = sums.kept
        if logsums:
            logsum[us] = sums.logsums
    metres = np.ascontiguousarray(counts[:, :, METRES : METRES + _D].transpose(1, 2, 0))
    others = counts.sum(axis=0)
    return DayTrips(
        starts=starts,
        ends=ends,
        bands=bands,
        metres=metres,
        transfers=others[:, TRANSFERS : TRANSFERS + LINES],
        fares_cny=others[:, FARES : FARES + LINES],
        ferries=others[:, FERRIES : FERRIES + LINES],
        charged=float(others[:, CHARGED].sum()),
        vehicles=driven,
        logsum=logsum,
        stations=loads_of(city, travel, by_station.transpose(1, 0, 2), counts, available=available, rounds=rounds),
        parking=no_limits(city),
    )


def _no_trips(purposes: int, zones: int, stations: int, *, kept: bool, logsums: bool) -> Sums:
    modes = len(TRIP_MODES)
    return Sums(
        starts=np.zeros((zones, purposes, modes)),
        ends=np.zeros((BLOCKS, purposes, modes, zones)),
        by_band=np.zeros((BLOCKS, 2, modes, BANDS)),
        counted=np.zeros((zones, 2, COUNTS)),
        by_station=np.zeros((zones, 2, stations)),
        kept=np.zeros((zones if kept else 0, zones)),
        logsums=np.zeros((purposes if logsums else 0, zones)),
    )


def _fixed(trips: F64) -> F64:
    """The same, read-only: to the compiler that is a type of its own."""
    view = np.ascontiguousarray(trips).view()
    view.flags.writeable = False
    return view


def _at_once(city: City, *, apart: bool) -> list[I32]:
    """Purposes that share their skims, or each by itself."""
    if apart:
        return list(np.arange(len(PURPOSES), dtype=np.int32)[:, None])
    return [us for period in range(len(PERIODS)) if len(us := purposes_in(city, period))]
