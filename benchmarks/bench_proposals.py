"""Plans of every kind on real cities, and the covering models beside HiGHS as scipy offers it.

Cities: the demo city, and Gusu where LUXING_SHARED (by default ../shared) is there. Covering: made instances, every row
covered by some of its nearest columns; the peer is `scipy.optimize.milp` on the plain model, in the same run, and both
have to name the same cost or weight.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, eye_array, hstack
from timing import interleaved

from network import simulate, travel_times
from network.io import Parameters, build_city, read_spec
from optimise import (
    ChargerWishes,
    propose_chargers,
    propose_depots,
    propose_loops,
    propose_park_ride,
    propose_stops,
)
from optimise.location.choices import Choices
from optimise.location.packing import packing
from optimise.location.set_cover import set_cover
from optimise.stop import Gap

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
SHARED = Path(os.environ.get("LUXING_SHARED", ROOT.parent / "shared"))
RUNS = 3
SIZES = ((500, 300), (1000, 500))
COVERED_BY = 6
FULL = Gap(0.0)
KINDS = {
    "chargers": lambda city, how: propose_chargers(city, wishes=ChargerWishes(budgets_cny=(600_000.0,)), **how),
    "stops": lambda city, how: propose_stops(city, relax=True, **how),
    "loops": lambda city, how: propose_loops(city, vehicles=4, **how),
    "park-ride": lambda city, how: propose_park_ride(city, budget_cny=5_000_000, **how),
    "depots": lambda city, how: propose_depots(city, **how),
}


def cities():
    for name, inputs in (("helsinki", None), ("gusu", SHARED / "data")):
        if inputs is None or inputs.is_dir():
            spec = read_spec(DATA, name)
            yield build_city(spec, Parameters.load(DATA, spec.parameters), inputs=inputs)[0]
        else:
            print(f"{name}: {inputs} is not there, left out")


def made(rows, columns):
    """Rows at random places, each covered by its nearest columns, which are such places too."""
    rng = np.random.default_rng(rows)
    at, sites = rng.random((rows, 2)), rng.random((columns, 2))
    near = np.sort(np.argsort(np.hypot(*(at[:, None] - sites).T).T, axis=1)[:, :COVERED_BY], axis=1)
    first = np.arange(0, rows * COVERED_BY + 1, COVERED_BY)
    choices = Choices(first=first, site=near.ravel(), sites=columns, weight=rng.integers(1, 500, rows))
    return choices, rng.integers(50, 200, columns), rng.integers(1, 4, columns)


def plain_cover(choices, cost):
    covers = coo_array((np.ones(len(choices.site)), (choices.row, choices.site)), (choices.rows, choices.sites))
    found = milp(
        cost, integrality=np.ones(choices.sites), bounds=Bounds(0, 1), constraints=LinearConstraint(covers.tocsr(), 1)
    )
    return round(found.fun)


def plain_packing(choices, use, limit):
    covers = coo_array((np.ones(len(choices.site)), (choices.row, choices.site)), (choices.rows, choices.sites))
    links = LinearConstraint(hstack([covers, -eye_array(choices.rows)]).tocsr(), 0)
    money = LinearConstraint(np.append(use, np.zeros(choices.rows))[None, :], -np.inf, limit)
    whole = np.append(np.ones(choices.sites), np.zeros(choices.rows))
    value = np.append(np.zeros(choices.sites), -choices.weight.astype(float))
    return -round(milp(value, integrality=whole, bounds=Bounds(0, 1), constraints=[links, money]).fun)


def main() -> None:
    print(f"{'city':10} {'kind':10} {'status':10} {'gap':>8} {'s':>7}")
    for city in cities():
        travel = travel_times(city)
        how = {"travel": travel, "base": simulate(city, travel)}
        for kind, plan_of in KINDS.items():
            start = time.perf_counter()
            plan = plan_of(city, how).plan
            print(f"{city.id:10} {kind:10} {plan.status:10} {plan.gap:8.2%} {time.perf_counter() - start:7.1f}")
    print(f"{'model':12} {'rows':>6} {'columns':>8} {'ours s':>8} {'scipy s':>8}")
    for rows, columns in SIZES:
        choices, cost, use = made(rows, columns)
        limit = int(use.sum() // 20)
        contest("set cover", choices, partial(set_cover, choices, cost, stop=FULL), partial(plain_cover, choices, cost))
        ours = partial(packing, choices, use[:, None], np.array([limit]), stop=FULL)
        contest("packing", choices, ours, partial(plain_packing, choices, use, limit))


def contest(name, choices, ours, peer):
    """Both have to name the same value; then how long each takes."""
    if (mine := ours().objective) != (theirs := peer()):
        raise AssertionError(f"{name} {choices.rows} x {choices.sites}: {mine} is not {theirs}")
    mine_s, peer_s = interleaved(RUNS, ours, peer)
    print(f"{name:12} {choices.rows:6} {choices.sites:8} {mine_s:8.2f} {peer_s:8.2f}")


if __name__ == "__main__":
    main()
