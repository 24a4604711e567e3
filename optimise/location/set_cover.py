"""The cheapest columns that cover all rows, or enough of them, exactly.

Sets
    i rows, j columns that may be chosen, J_i columns that cover i
    M rows that must be covered: the others would not reach the goal without them (all rows where all are wanted)
    g groups of columns that exclude each other
Data
    c_j cost [fen], w_i weight, W goal: what is wanted less what is covered already
Variables
    x_j = 1: column j is chosen;  0 <= v_i <= 1 row i counts as covered
Formulation
    min  sum_j c_j x_j
    sum_{j in J_i} x_j >= 1                 for i in M
    v_i <= sum_{j in J_i} x_j               for the others
    sum_{i not in M} w_i v_i >= W - sum_{i in M} w_i
    sum_{j in g} x_j <= 1,  x_j + x_l <= 1 for each pair apart

The rules of `reduction` are applied first; costs are divided by their greatest common divisor. (Toregas et al. 1971,
doi:10.1287/opre.19.6.1363; partial: Daskin & Owen 1999.) HiGHS on one thread proves these far sooner than CP-SAT does
on one: the linear relaxation is what is strong here.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from network import InputError, Problem
from optimise.location.choice_model import (
    Best,
    add_rows,
    chosen_in,
    hint_of,
    new_choice,
    node_work,
    quick_choices,
    weights_by_column,
)
from optimise.location.choices import Choices, Flags
from optimise.location.inputs import below, length, whole_array
from optimise.location.kernels.picks import ascend, prune
from optimise.location.mip import ROOT_NODES, on_safe_side, run_highs, total
from optimise.location.reduction import Core, fences_of, first_core, reduce_cover, rows_of
from optimise.problem import EXACT, I64
from optimise.solver import Incumbent, Listener, impossible
from optimise.stop import Run, Stop

NAME = "set_cover"
_NAMED = 50
"""Rows named in a reason at most."""


def set_cover(
    choices: Choices,
    cost: I64,
    *,
    need: int | None = None,
    stop: Stop,
    seed: int = 0,
    progress: Listener | None = None,
) -> Incumbent:
    """The cheapest columns so that every row is covered, or rows of at least `need` weight; values (J) 1 = chosen.

    cost: (J) whole fen. "infeasible" names the rows that nothing covers, or the most that can be covered.
    Work: branch-and-bound nodes by the size of the model, see `optimise.location.mip`; the greedy start is always
    made, and where groups leave it empty-handed, a first answer is looked for to the end. Raises InputError.
    """
    run = stop.start()
    cost = _checked(choices, cost, need)
    weight = np.ones(choices.rows, np.int64) if need is None else choices.weight
    first = first_core(choices, weight, int(weight.sum()) if need is None else need)
    if first.reachable < first.goal:
        return impossible(choices.sites, (_out_of_reach(choices, first, need),), NAME, run.seconds)
    core = reduce_cover(choices, first, cost)
    start = _start(choices, core, cost, run, seed)
    if start is None:
        start, most = _most_covered(choices, first, seed)
        if start is None:
            return impossible(choices.sites, (_apart(choices, first, most, need),), NAME, run.seconds)
    best = Best(NAME, run, progress, False, start, int(cost[start].sum()), 0)
    best.tighten(_low(core, cost))
    best.tell()
    _solve(choices, core, cost, best, seed)
    return best.incumbent()


def _checked(choices: Choices, given: I64, need: int | None) -> I64:
    cost = whole_array("cost", given)
    problems = length("cost", cost, choices.sites, "columns") + below("cost", cost, 0)
    if not cost.sum(dtype=float) < EXACT:
        problems.append(Problem("cost", f"adds up to {cost.sum(dtype=float):.3g}, past {EXACT}", "use a coarser unit"))
    if need is not None and need < 0:
        problems.append(Problem("need", f"is {need}", "give 0 or more"))
    if problems:
        raise InputError(problems)
    return cost


def _start(choices: Choices, core: Core, cost: I64, run: Run, seed: int) -> Flags | None:
    """The cheapest of some greedy answers, without what they can spare; None where none reaches the goal."""
    answers: list[tuple[int, int, Flags]] = []
    order = np.argsort(-cost, kind="stable")
    for chosen, covered in quick_choices(core, fences_of(choices), cost.astype(float), run, seed):
        if covered >= core.goal:
            prune(core.grid, order, core.goal, chosen, covered)
            answers.append((int(cost[chosen].sum()), len(answers), chosen | core.fixed))
    return min(answers)[2] if answers else None


def _low(core: Core, cost: I64) -> int:
    """A bound before any linear program: dual ascent over the rows that must be covered, or the cheapest weight there
    is with the last column broken.
    """
    order = np.argsort(np.diff(core.grid.first), kind="stable")
    low = int(ascend(core.grid, core.must, cost, order))
    alone, left, spent = weights_by_column(core), float(core.goal), 0.0
    for j in sorted(np.flatnonzero(alone).tolist(), key=lambda j: (cost[j] / alone[j], j)):
        if left <= 0:
            break
        spent += float(cost[j]) * min(1.0, left / float(alone[j]))
        left -= float(alone[j])
    return int(cost[core.fixed].sum()) + max(low, on_safe_side(spent, above=False))


def _solve(choices: Choices, core: Core, cost: I64, best: Best, seed: int) -> None:
    if best.closed or best.run.over():
        return
    model, x = new_choice("set cover", choices, core.live)
    terms = add_rows(model, core, x)
    rest = core.goal - int(core.grid.weight[core.must].sum())
    if rest > 0:
        model.add_linear_constraint(total(terms) >= float(rest))
    unit, fixed = int(np.gcd.reduce(cost)) or 1, int(cost[core.fixed].sum())
    model.minimize(total([float(c // unit) * v for c, v in zip(cost.tolist(), x, strict=True) if v is not None]))
    if best.run.work_left < ROOT_NODES * node_work(model):
        return
    heard = partial(best.heard, unit=unit, fixed=fixed) if best.progress else None
    hint = hint_of(x, best.chosen)
    result = run_highs(model, best.run, seed=seed, node_work=node_work(model), hint=hint, heard=heard)
    if math.isfinite(result.dual_bound()):
        best.tighten(fixed + unit * on_safe_side(result.dual_bound(), above=False))
    found = chosen_in(result, x, core.fixed)
    if found is not None and _reaches(choices, core, found):
        best.offer(found, int(cost[found].sum()))


def _reaches(choices: Choices, core: Core, chosen: Flags) -> bool:
    """Whether these columns reach the goal of a core and none excludes another."""
    met = np.zeros(choices.rows, np.bool_)
    met[rows_of(core.grid)[chosen[core.grid.site]]] = True
    return int(core.grid.weight[met].sum()) >= core.goal and not choices.clash(chosen)


def _most_covered(choices: Choices, core: Core, seed: int) -> tuple[Flags | None, int]:
    """Columns that reach the goal, or None and the most weight that can be covered; not cut short, so it is proof."""
    model, x = new_choice("most covered", choices, core.live)
    model.maximize(total(add_rows(model, core, x)))
    run = Stop().start()
    result = run_highs(model, run, seed=seed, node_work=0.0)
    found = chosen_in(result, x, core.fixed)
    assert found is not None
    if _reaches(choices, core, found):
        return found, core.goal
    return None, on_safe_side(result.dual_bound(), above=True)


def _out_of_reach(choices: Choices, core: Core, need: int | None) -> str:
    there = int(choices.weight[choices.covered(choices.built)].sum())
    if need is not None:
        return f"{need} of {choices.total_weight} are to be covered, at most {there + core.reachable} can be"
    bare = np.flatnonzero(~choices.covered(choices.free | choices.built))
    more = f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else ""
    return f"no column that may be chosen covers rows {', '.join(map(str, bare[:_NAMED].tolist()))}{more}"


def _apart(choices: Choices, core: Core, most: int, need: int | None) -> str:
    total_weight = choices.rows if need is None else choices.total_weight
    wanted = total_weight if need is None else need
    reached = wanted - core.goal + most
    return f"{wanted} of {total_weight} are to be covered, at most {reached} can be by columns that go together"
