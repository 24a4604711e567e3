"""What asks for piles in each district: vehicles, those with a place of their own, public energy, depots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from network import ChargingRules, Fleet, InputError, Problem, fleet_growth, units, vehicle_kwh
from optimise.piles import PILES

F64 = npt.NDArray[np.float64]
_PERSONS: Final = 1000.0
_PUBLIC: Final = [units.USE_SLOW, units.USE_FAST]
_REST: Final = ("public", "private", "dedicated")
"""The first of these that is not given takes what is left of a total."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PileNeeds:
    """By district (D)."""

    vehicles: F64
    """(D, F) electric vehicles, by segment."""
    private: F64
    """Private cars with a place for a pile of their own."""
    public_kwh: F64
    """Energy taken up at public piles on an average day."""
    dedicated: F64
    """Piles in depots."""

    @property
    def weight(self) -> F64:
        """(D, 3) by PILES."""
        return np.stack((self.private, self.public_kwh, self.dedicated), axis=1)


def vehicles_by_residents(fleet: Fleet, residents: F64, private_per_1000: float, year: int) -> F64:
    """(D, F) electric vehicles of a year, in proportion to residents (D), along the adoption path of each segment."""
    rate = fleet.per_1000_residents.copy()
    rate[units.PRIVATE] = private_per_1000
    return np.multiply.outer(residents, rate / _PERSONS * fleet_growth(fleet, year))


def pile_needs(fleet: Fleet, rules: ChargingRules, vehicles: F64, home_access: F64, persons: F64) -> PileNeeds:
    """Needs by district from vehicles (D, F), the share of private cars with a place at home (D), and persons (D).

    As `network.fleet_day` counts them for a city. Cars without a pile at home charge in public near home; all other
    public charging goes with the persons that live or work in a district.
    """
    kwh = vehicle_kwh(fleet, rules)
    own = vehicles[:, units.PRIVATE]
    near_home = own * (1.0 - home_access) * kwh[units.PRIVATE] * fleet.use_share[units.PRIVATE, units.USE_HOME]
    elsewhere = (vehicles.sum(axis=0) * kwh) @ fleet.use_share[:, _PUBLIC].sum(axis=1)
    shared = fleet.vehicles_per_dedicated_pile
    return PileNeeds(
        vehicles=vehicles,
        private=own * home_access,
        public_kwh=near_home + elsewhere * persons / max(float(persons.sum()), np.finfo(float).tiny),
        dedicated=np.divide(vehicles, shared, out=np.zeros_like(vehicles), where=shared > 0).sum(axis=1),
    )


def pile_totals(
    needs: PileNeeds, total: int | None, given: Mapping[str, int | None]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Piles of each kind, by PILES, from what is `given` of them and in all; or why there is no such split.

    What is not given: private piles and piles in depots from the vehicles, public ones as the rest of the total.
    Raises InputError where too little is given, or kinds that do not add up to the total.
    """
    found = {kind: n for kind, n in given.items() if n is not None}
    rest = None if total is None else next((kind for kind in _REST if kind not in found), None)
    if total is None and "public" not in found:
        raise InputError(Problem("total", "is not given, nor are the public piles", "give one of both"))
    for kind, needed in (("private", needs.private), ("dedicated", needs.dedicated)):
        if kind not in found and kind != rest:
            found[kind] = int(np.rint(needed.sum()))
    others = sum(found.values())
    if total is not None and rest is None and others != total:
        raise InputError(Problem("total", f"is {total:,}, but the kinds add up to {others:,}", "leave one of them out"))
    if total is not None and rest is not None:
        if others > total:
            parts = " and ".join(f"{n:,} {kind}" for kind, n in found.items())
            reason = (
                f"{parts} piles are {others - total:,} more than the {total:,} in all, and leave no {rest} ones; "
                f"a total of at least {others:,} would fit, or fewer of these kinds"
            )
            return (), (reason,)
        found[rest] = total - others
    return tuple(found[kind] for kind in PILES), ()
