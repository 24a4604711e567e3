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
from collections.abc import Sequence
from functools import partial
from typing import Any

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
from optimise.location.covers import first_open, pairs_of_covers
from optimise.location.inputs import below, length, whole_array
from optimise.location.kernels.picks import ascend, prune
from optimise.location.mip import ROOT_NODES, on_safe_side, run_highs, total
from optimise.location.reduction import Core, fences_of, first_core, reduce_cover, rows_of
from optimise.location.result import Located, located, no_answer, not_found
from optimise.location.rules import Group, Row, add_site_rows, choose_sites, rows_of_rules, site_rules
from optimise.problem import EXACT, I64
from optimise.solver import Incumbent, Listener, impossible, undecided
from optimise.stop import Run, Stop

NAME = "set_cover"
_NAMED = 50
"""Rows named in a reason at most."""


def set_cover(
    covers: Any,
    cost: Any = None,
    *,
    weight: Any = None,
    need: int | None = None,
    existing: Any = (),
    forbidden: Any = (),
    groups: Sequence[Group] = (),
    price: Any = None,
    budget: float | None = None,
    stop: Stop | None = None,
    seed: int = 0,
    progress: Listener | None = None,
) -> Located:
    """The cheapest sites that cover every demand point or, with `need`, points of at least so much weight; to proof
    unless `stop` says otherwise.

    covers: D demand points x C sites, scipy sparse or (first [D+1], site [R] rising in each row). cost: (C) whole, 1
    each where left out; existing sites cost nothing. weight: (D) whole, 1 each where left out. price: (C) of another
    money, with its budget. assignment: the first open site that covers a point, -1 for none. Work: as in `cheapest`.
    Raises InputError.
    """
    run = (stop or Stop()).start()
    first, site, sites = pairs_of_covers(covers)
    rules = site_rules(sites, existing=existing, forbidden=forbidden, groups=groups, price=price, budget=budget)
    worth = 1 if weight is None else weight
    choices = Choices(
        first=first, site=site, sites=sites, existing=rules.existing, forbidden=rules.forbidden,
        weight=whole_array("weight", np.full(len(first) - 1, worth) if np.ndim(worth) == 0 else worth),
    )  # fmt: skip
    money = np.ones(sites, np.int64) if cost is None else whole_array("cost", cost)
    rows = rows_of_rules(rules)
    possible = choose_sites(rules, (), np.zeros(sites), seed) if rows else rules.existing
    if isinstance(possible, tuple):
        return no_answer(choices.rows, possible, solver=NAME, seed=seed, seconds=run.seconds)
    found = cheapest(choices, money, need=need, rows=rows, stop=run.stop, seed=seed, progress=progress)
    if found.status == "unknown":
        return not_found(choices.rows, bound=found.bound, solver=NAME, seed=seed, seconds=run.seconds)
    if found.status == "infeasible":
        return no_answer(choices.rows, found.reasons, solver=NAME, seed=seed, seconds=run.seconds)
    on: Flags = choices.built | (found.values > 0)
    assigned = first_open(first, site, on)
    return located(
        np.flatnonzero(on), assigned, objective=found.objective, bound=found.bound, solver=NAME, seed=seed,
        seconds=run.seconds,
    )  # fmt: skip


def cheapest(
    choices: Choices,
    cost: I64,
    *,
    need: int | None = None,
    rows: Sequence[Row] = (),
    stop: Stop,
    seed: int = 0,
    progress: Listener | None = None,
) -> Incumbent:
    """The cheapest columns so that every row is covered, or rows of at least `need` weight; values (J) 1 = chosen.

    cost: (J) whole fen. rows: what else open columns, those there already included, must keep to; no column is then
    dropped for another. "infeasible" names the rows that nothing covers, or the most that can be covered.
    Work: branch-and-bound nodes by the size of the model, see `optimise.location.mip`; the greedy start is always
    made, and where groups leave it empty-handed, a first answer is looked for until time is up or somebody asks to
    stop: "unknown" then. Raises InputError.
    """
    run = stop.start()
    cost = _checked(choices, cost, need)
    weight = np.ones(choices.rows, np.int64) if need is None else choices.weight
    first = first_core(choices, weight, int(weight.sum()) if need is None else need)
    if first.reachable < first.goal:
        return impossible(choices.sites, (_out_of_reach(choices, first, need),), NAME, run.seconds)
    rows = _without_built(choices, rows)
    core = first if rows else reduce_cover(choices, first, cost)
    start = _start(choices, core, cost, run, seed)
    if start is None or _breaks(rows, start):
        start, most = _most_covered(choices, first, rows, run, seed)
        if start is None and most >= first.goal:
            return undecided(choices.sites, NAME, run.seconds)
        if start is None:
            words = (_apart(choices, first, most, need), *(row.words for row in rows))
            return impossible(choices.sites, words, NAME, run.seconds)
    best = Best(NAME, run, progress, False, start, int(cost[start].sum()), 0)
    best.tighten(_low(core, cost))
    best.tell()
    _solve(choices, core, cost, rows, best, seed=seed)
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


def _without_built(choices: Choices, rows: Sequence[Row]) -> list[Row]:
    """The rows less what columns that are there already take of them."""
    out = []
    for row in rows:
        there = choices.built[row.sites]
        taken = float(row.coefficient[there].sum())
        out.append(Row(row.sites[~there], row.coefficient[~there], row.low - taken, row.high - taken, row.words))
    return out


def _breaks(rows: Sequence[Row], chosen: Flags) -> bool:
    sums = [(float(row.coefficient[chosen[row.sites]].sum()), row) for row in rows]
    return any(not row.low <= sum_ <= row.high for sum_, row in sums)


def _live(core: Core, choices: Choices, rows: Sequence[Row]) -> Flags:
    """(J) columns of a model: those that cover anything and those that rows ask for."""
    live = core.live
    for row in rows:
        live[row.sites] |= choices.free[row.sites]
    return live


def _solve(choices: Choices, core: Core, cost: I64, rows: Sequence[Row], best: Best, *, seed: int) -> None:
    if best.closed or best.run.over():
        return
    model, x = new_choice("set cover", choices, _live(core, choices, rows))
    add_site_rows(model, x, rows)
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
    if found is not None and _reaches(choices, core, found) and not _breaks(rows, found):
        best.offer(found, int(cost[found].sum()))


def _reaches(choices: Choices, core: Core, chosen: Flags) -> bool:
    """Whether these columns reach the goal of a core and none excludes another."""
    met = np.zeros(choices.rows, np.bool_)
    met[rows_of(core.grid)[chosen[core.grid.site]]] = True
    return int(core.grid.weight[met].sum()) >= core.goal and not choices.clash(chosen)


def _most_covered(choices: Choices, core: Core, rows: Sequence[Row], run: Run, seed: int) -> tuple[Flags | None, int]:
    """Columns that reach the goal, or None and a bound on the weight that can be covered: below the goal it is proof
    that nothing reaches it, otherwise the run was stopped. Work does not cut it short.
    """
    if run.seconds_left <= 0 or (run.stop.cancelled is not None and run.stop.cancelled()):
        return None, core.goal
    model, x = new_choice("most covered", choices, _live(core, choices, rows))
    add_site_rows(model, x, rows)
    model.maximize(total(add_rows(model, core, x)))
    patient = Stop(seconds=run.seconds_left).start()
    result = run_highs(model, patient, seed=seed, node_work=0.0)
    found = chosen_in(result, x, core.fixed)
    if found is not None and _reaches(choices, core, found) and not _breaks(rows, found):
        return found, core.goal
    if found is None:
        return None, 0 if _proven_none(result) else core.goal
    return None, on_safe_side(result.dual_bound(), above=True)


def _proven_none(result: Any) -> bool:
    from ortools.math_opt.python import mathopt

    return bool(result.termination.reason == mathopt.TerminationReason.INFEASIBLE)


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
