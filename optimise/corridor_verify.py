"""Does a choice of stations hold? Each trip is driven by itself and each queue computed anew; trusts no solver."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from network import fewest_plugs
from optimise.corridor_choice import Choice, Task
from optimise.corridor_trips import Trips
from optimise.location.result import PROOF

CORRIDOR_CHECKS = ("feasible", "value", "bound_side", "driven")
"""What is checked."""


def corridor_problems(task: Task, choice: Choice, trips: Trips, days: Sequence[Trips]) -> list[str]:
    """What is wrong with the best stations for `trips`, sized for all `days`."""
    wrong = []
    through, _ = trips.driven(choice.open)
    kwh = np.max([day.driven(choice.open)[1] for day in days], axis=0)
    if not _equal(through, choice.value):
        wrong.append(f"{through} get through, {choice.value} were promised")
    if not np.allclose(kwh, choice.kwh, rtol=PROOF, atol=PROOF):
        wrong.append("the stations give another energy")
    if not choice.value <= choice.bound * (1.0 + PROOF):
        wrong.append(f"the bound {choice.bound} is below the value {choice.value}")
    cost_cny = math.fsum(_costs(task, choice))
    if not _equal(cost_cny, math.fsum(choice.cost_cny.tolist())):
        wrong.append(f"the stations cost {cost_cny} CNY, {math.fsum(choice.cost_cny.tolist())} were promised")
    if task.budget_cny is not None and cost_cny > task.budget_cny * (1.0 + PROOF):
        wrong.append(f"the stations cost {cost_cny} CNY, {task.budget_cny} may be spent")
    new = choice.open & ~task.there
    if task.sites is not None and new.sum() > task.sites:
        wrong.append(f"there are {new.sum()} new stations, {task.sites} may be")
    if (task.there & ~choice.open).any() or new[np.setdiff1d(np.arange(len(new)), task.site)].any():
        wrong.append("a station is closed, or stands where none may")
    return wrong


def _costs(task: Task, choice: Choice) -> Iterator[float]:
    """Of each open station, by its queue and the power that is known to be there."""
    rules = task.rules
    for n in np.flatnonzero(choice.open).tolist():
        node, before = task.corridor.nodes[n], int(task.there_plugs[n])
        rate = float(choice.kwh[n]) / rules.session_kwh * rules.peak_share
        fewest = fewest_plugs(rate, rules.service_h, rules.wait_h, rules.wait_share) if rate > 0 else 0
        plugs = max(fewest, rules.least_plugs if fewest else 0, before)
        known_kw = math.inf if node.grid_kw is None else node.grid_kw
        lacking_kw = [max(0.0, count * rules.drawn_kw - known_kw) for count in (before, plugs)]
        opening = 0.0 if task.there[n] else rules.open_cny if node.open_cny is None else node.open_cny
        yield opening + rules.plug_cny * (plugs - before) + rules.grid_cny_per_kw * (lacking_kw[1] - lacking_kw[0])


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=PROOF, abs_tol=PROOF)
