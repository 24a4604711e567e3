"""How many trips start and end where."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.part import F64


def trip_ends(city: City) -> tuple[F64, F64]:
    """Trips per day by purpose: produced by residents and drawn by jobs, schools, visitors and residents, both (U, Z).

    What is drawn is scaled so that each purpose draws as many trips as it produces.
    """
    zones, behaviour = city.zones, city.behaviour
    production = behaviour.trips_per_resident[:, None] * zones.residents
    pull = behaviour.attraction @ np.stack((zones.residents, zones.jobs, zones.students, zones.visitors))
    total = pull.sum(axis=1, keepdims=True)
    scale = np.divide(production.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    return production, pull * scale
