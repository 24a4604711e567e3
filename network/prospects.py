"""What racks and parking spaces at stations could win over: the demand a plan of them is made for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from network.city import City
from network.demand.choice import costs_cny, utilities
from network.demand.stations import has_car, held_modes, station_weights
from network.kernels.logit import station_sums, use_alone, weights
from network.outcome import Outcome
from network.parallel import TURN
from network.part import F64, I32
from network.simulate import between_zones
from network.travel import Travel, travel_times
from network.units import DIRECT_MODES, PURPOSES, STATION_KINDS

_JUST_UNDER = 1.0 - 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class StationProspects:
    """The city's day as it is, and every station (G) as a way to travel. First axes: purpose (U), racks and spaces (2).

    A trip by car from zone i to another zone j turns to alternatives of summed weight m with probability
    m / (there + m), where an alternative weighs availability x way x ride.
    """

    city: City
    trips: F64
    """(U, Z, Z) all trips."""
    free: F64
    own: F64
    """(U, Z, Z) weights of all there is, stations included: of what everybody has, and of what needs a car at hand."""
    car_trips: F64
    """(U, Z, Z)"""
    way: F64
    """(U, 2, Z, G) exp(utility) of the way to a station, 0 beyond supply.station_access_m."""
    ride: F64
    """(U, 2, G, Z) and of the ride from there."""
    availability: F64
    """(2, G) as it is, 0 where there is nothing of the kind."""

    @property
    def there(self) -> F64:
        """(U, Z, Z) weight of all that somebody with a car at hand can choose."""
        return self.free + self.own

    def alone(self, places: I32) -> F64:
        """Availability (2, G) if each station and kind alone had so many `places` (2, G) and all else stayed.

        The greatest that keeps to the capacity, less at most a millionth. When others open too, trips to a station
        only become fewer: no plan finds less room there than this.
        """
        supply = self.city.supply
        persons = np.array([[1.0], [float(self.city.behaviour.car_persons)]])
        most = places * supply.station_turnover[:, None] * persons
        out = np.where(places > 0, 1.0, 0.0)
        while True:
            use = self._use(out)
            over = use > most
            if not over.any():
                return out
            out[over] *= (most[over] / use[over]) * _JUST_UNDER

    def _use(self, availability: F64) -> F64:
        share = has_car(self.city)
        with TURN:
            use = [
                use_alone(free, own, share, trips, way, ride, self.availability, availability)
                for free, own, trips, way, ride in zip(
                    self.free, self.own, self.trips, self.way, self.ride, strict=True
                )
            ]
        return np.asarray(np.sum(use, axis=0))


def station_prospects(city: City, travel: Travel, base: Outcome) -> StationProspects:
    """Prospects of a city on its day `base`, with its travel times."""
    supply, share = city.supply, has_car(city)
    places = {f"station_{kind}": np.maximum(getattr(supply, f"station_{kind}"), 1) for kind in STATION_KINDS}
    everywhere = replace(city, supply=replace(supply, **places))
    ahead = travel_times(everywhere, travel)
    availability = np.where(supply.station_places > 0, base.station_availability, 0.0)
    trips, cost = between_zones(city, travel), costs_cny(city, travel)
    halves = [station_weights(everywhere, ahead, u) for u in range(len(PURPOSES))]
    free, own, by_car = [], [], []
    for u, (way, ride) in enumerate(halves):
        with TURN:
            bare, driving = weights(utilities(city, travel, cost, u), held_modes(len(DIRECT_MODES)))
            bike, park = station_sums(way * availability[:, None], ride)
        free.append(bare + bike)
        own.append(driving + park)
        holders = np.where(free[-1] > 0.0, share[:, None], 1.0)
        all_ = free[-1] + own[-1]
        by_car.append(trips[u] * holders * np.divide(driving, all_, out=np.zeros(all_.shape), where=all_ > 0))
    return StationProspects(
        city=city,
        trips=np.stack(trips),
        free=np.stack(free),
        own=np.stack(own),
        car_trips=np.stack(by_car),
        way=np.stack([way for way, _ in halves]),
        ride=np.stack([ride for _, ride in halves]),
        availability=availability,
    )
