"""What racks and parking spaces at stations could win over: the demand a plan of them is made for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from network.city import City
from network.demand.flows import between_zones
from network.demand.stations import LEAST, behind_stations, station_weights
from network.demand.utility import car_share
from network.kernels.stations import station_sums, use_alone
from network.outcome import Outcome
from network.parallel import TURN
from network.part import F64, I32
from network.travel import Travel, travel_times
from network.units import MOTOR_NEST, NESTS, PURPOSES, STATION_KINDS, TRANSIT_NEST

_JUST_UNDER: Final = 1.0 - 1e-6
_FLATTEST: Final = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class StationProspects:
    """The city's day as it is, and every station (G) as a way to travel.

    First axes: purpose (U); then who has a car at hand and who has none (2), or racks and spaces (2). Alternatives of
    summed weight m at stations add dG = (nest + m)^scale - nest^scale to what there is, and a trip by car or taxi turns
    to transit with probability dG / (others + nest^scale + dG). A station weighs availability x way x ride; spaces are
    only for who has a car at hand, and nobody goes by station within a zone.
    """

    city: City
    trips: F64
    """(U, Z, Z) all trips."""
    scale: F64
    """(U) of the nest of transit, which stations belong to."""
    others: F64
    """(U, 2, Z, Z) sums of G of the other nests."""
    nest: F64
    """(U, 2, Z, Z) Y of the nest of transit, stations included."""
    motor_trips: F64
    """(U, 2, Z, Z) trips by car and taxi."""
    way: F64
    """(U, 2, Z, G) exp(utility / scale) of the way to a station, 0 beyond supply.station_access_m."""
    ride: F64
    """(U, 2, G, Z) and of the ride from there."""
    availability: F64
    """(2, G) as it is, 0 where there is nothing of the kind."""

    def alone(self, places: I32) -> F64:
        """Availability (2, G) if each station and kind alone had so many `places` (2, G) and all else stayed.

        The greatest that keeps to the capacity, to two millionths of it; LEAST where too many have no other way. When
        others open too, trips to a station only become fewer: no plan finds less room there than this. Found by the
        secant of the logarithms of use and availability, along which use rises at a slope between 0 and 1.
        """
        supply = self.city.supply
        persons = np.array([[1.0], [float(self.city.behaviour.car_persons)]])
        most = places * supply.station_turnover[:, None] * persons
        out = np.where(places > 0, 1.0, 0.0)
        use, slope = np.where(places > 0, self._use_of_all, 0.0), np.ones(out.shape)
        off = use > most
        while off.any():
            step = np.log(most[off] * _JUST_UNDER / use[off]) / slope[off]
            out[off] = np.clip(out[off] * np.exp(step), LEAST, 1.0)
            now = self._use(np.where(off, out, 0.0))[off]
            slope[off] = np.clip(np.log(now / use[off]) / step, _FLATTEST, 1.0)
            use[off] = now
            off &= ((use > most) & (out > LEAST)) | ((use < most * _JUST_UNDER**2) & (out < 1.0))
        return out

    @cached_property
    def _use_of_all(self) -> F64:
        """(2, G) trips if each station alone had room for all."""
        return self._use(np.ones(self.availability.shape))

    def _use(self, availability: F64) -> F64:
        """Trips by station mode and station (2, G), of those that are available alone."""
        share = car_share(self.city)
        with TURN:
            use = [
                use_alone(others, nest, float(scale), holders, trips, way, ride, self.availability, availability)
                for others, nest, scale, holders, trips, way, ride in zip(
                    self.others, self.nest, self.scale, share, self.trips, self.way, self.ride, strict=True
                )
            ]
        return np.asarray(np.sum(use, axis=0))


def station_prospects(city: City, travel: Travel, base: Outcome) -> StationProspects:
    """Prospects of a city on its day `base`, with its travel times."""
    supply, share = city.supply, car_share(city)
    places = {f"station_{kind}": np.maximum(getattr(supply, f"station_{kind}"), 1) for kind in STATION_KINDS}
    everywhere = replace(city, supply=replace(supply, **places))
    ahead = travel_times(everywhere, travel)
    availability = np.where(supply.station_places > 0, base.station_availability, 0.0)
    trips = between_zones(city, travel).trips
    scale = city.behaviour.nest_scale[:, TRANSIT_NEST]
    beside, room = np.arange(len(NESTS)) != TRANSIT_NEST, base.parking_availability
    halves = [station_weights(everywhere, ahead, u) for u in range(len(PURPOSES))]
    shape = (len(PURPOSES), 2, *trips.shape[1:])
    others, nest, motor = np.empty(shape), np.empty(shape), np.empty(shape)
    for u, (way, ride) in enumerate(halves):
        with TURN:
            racks, spaces = station_sums(way * availability[:, None], ride)
        behind = behind_stations(city, travel, u, room if (room < 1.0).any() else None)
        for who, (direct, stations) in enumerate(zip(behind, (racks + spaces, racks), strict=True)):
            others[u, who] = direct[beside].sum(axis=0)
            nest[u, who] = direct[TRANSIT_NEST] + stations
            there = others[u, who] + nest[u, who] ** scale[u]
            motor[u, who] = trips[u] * np.divide(direct[MOTOR_NEST], there, out=np.zeros(there.shape), where=there > 0)
        holders = np.where(others[u, 1] + nest[u, 1] > 0.0, share[u][:, None], 1.0)
        motor[u] *= np.stack((holders, 1.0 - holders))
    return StationProspects(
        city=city,
        trips=trips,
        scale=scale,
        others=others,
        nest=nest,
        motor_trips=motor,
        way=np.stack([way for way, _ in halves]),
        ride=np.stack([ride for _, ride in halves]),
        availability=availability,
    )
