"""The plugs of a day put to the test: do drivers wait as short as the model says, at every site and hour?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from network.city import City
from network.demand.charging import plug_rates
from network.errors import InputError, Problem
from network.outcome import Outcome
from network.part import F64, I64, Bools
from network.replay.queues import TOLERANCE, Queues, Waits, run_queues
from network.units import CHARGING, SERVICE_OF, SLOW, TENTHS

_MIN_PER_H = 60.0


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargingReplay:
    """What Q queues did, one for each class of plugs at each place that gives energy."""

    place: I64
    """(Q) position of the place."""
    charger: I64
    """(Q) position in units.CHARGERS."""
    queues: Queues
    waits: Waits

    @property
    def most_share(self) -> F64:
        """(Q) of the drivers that may be late: what is asked for, and how far drawn days may be off."""
        return np.asarray(self.queues.most_share + TOLERANCE)

    @property
    def kept(self) -> Bools:
        """(Q, 24) whether no more than that were."""
        return np.asarray(self.waits.late_share <= self.most_share[:, None])


def replay_charging(
    city: City, outcome: Outcome, *, days: int = 200, seed: int = 0, energy_cv: float | None = None,
    told: Callable[[int, int], None] | None = None,
) -> ChargingReplay:  # fmt: skip
    """Runs the plugs of `city` through days in which drivers take what `outcome` says that places give.

    For `days`, `energy_cv` and `told` see `run_queues`. Raises InputError where days or energy_cv are none.
    """
    problems = []
    if days < 2:
        problems.append(Problem("days", f"is {days}", "2 or more tell how days differ"))
    if energy_cv is not None and not 0.0 < energy_cv < np.inf:
        problems.append(Problem("energy_cv", f"is {energy_cv:g}", "a number above 0 is needed"))
    if problems:
        raise InputError(problems)
    place, charger, rate_per_h = sessions(city, outcome)
    rules, slow = city.charging, charger == SLOW
    asked = Queues(
        key=np.column_stack((place, charger)),
        plugs=city.supply.plugs[charger, place].astype(np.int64),
        rate_per_h=rate_per_h,
        service_h=rules.service_h[charger],
        overhead_h=np.where(slow, 0.0, rules.overhead_min[charger] / _MIN_PER_H),
        wait_h=np.full(len(place), float(rules.wait_min) / _MIN_PER_H),
        loses=slow,
        most_share=np.where(slow, rules.block_share, rules.wait_share),
    )
    waits = run_queues(asked, days=days, seed=seed, energy_cv=energy_cv, told=told)
    return ChargingReplay(place=place, charger=charger, queues=asked, waits=waits)


def sessions(city: City, outcome: Outcome) -> tuple[I64, I64, F64]:
    """Place and class (Q) of every queue that anybody comes to, by place, and sessions an hour there (Q, 24).

    What a place gives is shared among its classes of plugs by what each could give in an hour.
    """
    plugs, rules = city.supply.plugs, city.charging
    rates = np.take_along_axis(plug_rates(rules, int(plugs.max(initial=0))), plugs.astype(np.int64), axis=1)
    could = np.floor(rates * rules.session_kwh[:, None] * TENTHS)
    service = np.array(SERVICE_OF)
    total = np.stack([could[service == s].sum(axis=0) for s in range(len(CHARGING))])[service]
    share = np.divide(could, total, out=np.zeros_like(could), where=total > 0)
    per_h = outcome.place_tenths[service] * (share / (rules.session_kwh[:, None] * TENTHS))[:, :, None]
    place, charger = np.nonzero(per_h.any(axis=2).T)
    return place.astype(np.int64), charger.astype(np.int64), per_h[charger, place]
