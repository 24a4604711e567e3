"""What the models that choose columns share: the best answer of a run, a quick start, and rows of a MathOpt model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimise.location.choices import Choices, Flags
from optimise.location.kernels.picks import Fences, pick
from optimise.location.kernels.shapes import F64
from optimise.location.mip import new_model, on_safe_side, total
from optimise.location.reduction import Core
from optimise.problem import I64
from optimise.solver import Incumbent, Listener, Progress, answer
from optimise.stop import Run

COLUMNS_PER_WORK = 20_000
"""Columns of a model whose nodes cost a unit of work each; other sizes cost as columns^1.5. Measured: a model of
3,500 columns takes 30 nodes a second.
"""
_ROUNDS, _SHAKE = 30, 0.3
"""Greedy rounds of a start, and how much dearer a column may look in one."""


@dataclass
class Best:
    """The best answer and bound known to a run; tells whoever listens."""

    name: str
    run: Run
    progress: Listener | None
    above: bool
    """The bound is from above: more is better."""
    chosen: Flags
    objective: int
    bound: int

    @property
    def closed(self) -> bool:
        """The gap is what the stop rule asks for."""
        return abs(self.bound - self.objective) <= self.run.stop.gap * max(1, abs(self.objective))

    def offer(self, chosen: Flags, objective: int) -> None:
        if objective > self.objective if self.above else objective < self.objective:
            self.chosen, self.objective = chosen, objective

    def tighten(self, bound: int) -> None:
        self.bound = min(self.bound, bound) if self.above else max(self.bound, bound)

    def tell(self, bound: int | None = None, objective: int | None = None) -> None:
        """Report where the run stands, or what a solver under way has just said."""
        best, tightest = (max, min) if self.above else (min, max)
        objective = self.objective if objective is None else best(objective, self.objective)
        bound = self.bound if bound is None else tightest(bound, self.bound)
        if self.progress:
            self.progress(Progress(self.run.seconds, objective, bound, self.name))

    def heard(self, bound: float, value: float, unit: int = 1, fixed: int = 0) -> None:
        """What HiGHS logs about a model whose values count `unit` each, besides what is fixed."""
        objective = fixed + unit * round(value) if math.isfinite(value) else None
        self.tell(fixed + unit * on_safe_side(bound, above=self.above), objective)

    def incumbent(self) -> Incumbent:
        values = self.chosen.astype(np.int64)
        self.tell()
        return answer(values, objective=self.objective, bound=self.bound, solver=self.name, seconds=self.run.seconds)


def quick_choices(core: Core, fences: Fences, price: F64, run: Run, seed: int) -> list[tuple[Flags, int]]:
    """Greedy choices (J) and the weight each covers: by weight per price, then with prices shaken. The first round is
    always made.
    """
    rng = np.random.default_rng(seed)
    found = [pick(core.grid, fences, price, core.goal)]
    while len(found) <= _ROUNDS and not run.over():
        shaken = price * (1.0 + _SHAKE * rng.random(len(price)))
        found.append(pick(core.grid, fences, shaken, core.goal))
    return found


def new_choice(name: str, choices: Choices, live: Flags) -> tuple[Any, list[Any | None]]:
    """A model with a binary column for each live one (J, else None), and the rows that keep them apart."""
    model = new_model(name)
    x = [model.add_binary_variable() if on else None for on in live.tolist()]
    for group in np.unique(choices.at_most_one[live & (choices.at_most_one >= 0)]).tolist():
        members = [x[j] for j in np.flatnonzero(live & (choices.at_most_one == group)).tolist()]
        if len(members) > 1:
            model.add_linear_constraint(total(members) <= 1.0)
    for one, other in choices.apart[live[choices.apart].all(axis=1)].tolist():
        model.add_linear_constraint(x[one] + x[other] <= 1.0)
    return model, x


def add_rows(model: Any, core: Core, x: Sequence[Any | None]) -> list[Any]:
    """Rows of what must be covered, and for all others the terms weight * v_i with v_i <= sum x; a row with a single
    column needs no v.
    """
    terms, grid = [], core.grid
    for i in np.flatnonzero(np.diff(grid.first)).tolist():
        columns = [x[j] for j in grid.site[grid.first[i] : grid.first[i + 1]].tolist()]
        if core.must[i]:
            model.add_linear_constraint(total(columns) >= 1.0)
            continue
        v = columns[0]
        if len(columns) > 1:
            v = model.add_variable(lb=0.0, ub=1.0)
            model.add_linear_constraint(v <= total(columns))
        if grid.weight[i]:
            terms.append(float(grid.weight[i]) * v)
    return terms


def node_work(model: Any) -> float:
    return float((model.get_num_variables() / COLUMNS_PER_WORK) ** 1.5)


def chosen_in(result: Any, x: Sequence[Any | None], fixed: Flags) -> Flags | None:
    """(J) columns that a result chooses, with those fixed; None where it has none."""
    if not result.has_primal_feasible_solution():
        return None
    ours = [v for v in x if v is not None]
    chosen = fixed.copy()
    chosen[[j for j, v in enumerate(x) if v is not None]] = np.rint(result.variable_values(ours)) > 0
    return chosen


def hint_of(x: Sequence[Any | None], chosen: Flags) -> dict[Any, float]:
    return {v: float(on) for v, on in zip(x, chosen.tolist(), strict=True) if v is not None}


def weights_by_column(core: Core) -> I64:
    """(J) weight that each column covers on its own."""
    out = np.zeros(len(core.fixed), np.int64)
    np.add.at(out, core.grid.site, np.repeat(core.grid.weight, np.diff(core.grid.first)))
    return out
