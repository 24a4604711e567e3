"""Trips between zones by purpose, before they choose a mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.city import City
from network.demand.distribution import gravities
from network.demand.generation import trip_ends
from network.part import F64, digest_of
from network.travel import Travel
from network.units import PURPOSES

_S_PER_MIN = 60.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Flows:
    """Trips between zones, and what each purpose's trips follow from."""

    trips: F64
    """(U, Z, Z)"""
    keys: tuple[str, ...]
    """(U) digests: equal keys, equal trips."""


def between_zones(city: City, travel: Travel, before: Flows | None = None) -> Flows:
    """Trips of each purpose; the impedance is the quickest mode's door-to-door time in the purpose's period.

    Purposes for which nothing changed since `before` are taken from there. Raises InputError where trips cannot be
    balanced.
    """
    production, attraction = trip_ends(city)
    b, kept = city.behaviour, travel.keys["door"]
    how = np.column_stack((b.purpose_period, b.gravity_alpha, b.gravity_beta_per_min))
    keys = tuple(digest_of(kept, production[u], attraction[u], how[u]) for u in range(len(PURPOSES)))
    if before and keys == before.keys:
        return before
    fresh = [u for u, key in enumerate(keys) if not (before and before.keys[u] == key)]
    minutes = {period: travel.quickest_s[period] / _S_PER_MIN for period in set(b.purpose_period[fresh].tolist())}
    found = gravities(
        production[fresh],
        attraction[fresh],
        [minutes[int(b.purpose_period[u])] for u in fresh],
        b.gravity_alpha[fresh].tolist(),
        b.gravity_beta_per_min[fresh].tolist(),
    )
    if not before:
        return Flows(trips=found, keys=keys)
    at = dict(zip(fresh, found, strict=True))
    return Flows(trips=np.stack([at.get(u, known) for u, known in enumerate(before.trips)]), keys=keys)
