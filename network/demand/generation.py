"""How many trips start and end where."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.part import F64


def trip_ends(city: City) -> tuple[F64, F64]:
    """Trips per day by purpose: produced at the home end and drawn to the other, both (U, Z).

    Residents, jobs, school places and visitors produce trips at their rates and draw them by their pull. A home-based
    trip is produced where the traveller lives whichever way it goes. What is drawn is scaled so that each purpose draws
    as many trips as it produces; trips that are not made for work at home are taken off both. A purpose that nothing
    draws has no trips.
    """
    zones, behaviour = city.zones, city.behaviour
    persons = np.stack((zones.residents, zones.jobs, zones.students, zones.visitors))
    made = 1.0 - city.levers.stay_home_share[:, None]
    pull = behaviour.attraction @ persons
    total = pull.sum(axis=1, keepdims=True)
    production = np.where(total > 0, behaviour.trip_rates @ persons * made, 0.0)
    scale = np.divide(production.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    return production, pull * scale
