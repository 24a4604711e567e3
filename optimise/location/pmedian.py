"""The p-median with a budget, exactly, in the radius formulation.

Sets
    i demand points, j sites, k = 1..K_i the different distances D_i1 < D_i2 < ... from i to sites that could shorten
    its walk
Data
    w_i weight, c_j money to open site j with its least plugs, B budget, F_i walk to the nearest plugs there already,
    or search_m
Variables
    y_j = 1: site j is opened;  z_ik >= 0 is 1 where no opened site is within D_ik of i
Formulation
    min  sum_i w_i D_i1 + sum_ik w_i (D_i,k+1 - D_ik) z_ik          with D_i,K+1 = F_i
    z_ik + sum_{j: d_ij = D_ik} y_j >= z_i,k-1                       with z_i0 = 1
    sum_j c_j y_j <= B

As tight as the classical x_ij <= y_j model, with a row per distinct distance. (Elloumi 2010,
doi:10.1007/s10878-008-9162-0; Garcia, Labbe & Marin 2011, doi:10.1287/ijoc.1100.0418.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from optimise.location.bounds import free_walk
from optimise.location.mip import Model, Task, first_answer, new_model, refuse_start, solve_mip, total
from optimise.problem import I64, SitingProblem
from optimise.solver import Incumbent, Listener
from optimise.stop import Stop

COLUMNS_PER_WORK = 65_536
"""Measured: the first node of 15,000 columns takes 1-2 s."""


@dataclass(frozen=True)
class PMedian:
    """Exact solver.

    Work: branch-and-bound nodes by the size of the model, see `optimise.location.mip`; where not even the first one
    fits, the start stands.
    """

    name: str = "pmedian"

    def __call__(
        self,
        problem: SitingProblem,
        stop: Stop,
        seed: int = 0,
        start: Incumbent | None = None,
        progress: Listener | None = None,
    ) -> Incumbent:
        run = stop.start()
        if start is None:
            start = first_answer(problem, np.zeros(problem.sites, np.int64), self.name, run)
        refuse_start(problem, start)
        task = Task(problem, self.name, stop, run, seed, start, progress)
        return solve_mip(task, _model(problem))


def _model(p: SitingProblem) -> Model:
    model = new_model("p-median")
    opened = [model.add_binary_variable() if may else None for may in p.may_open.tolist()]
    built = Model(model, opened, COLUMNS_PER_WORK)
    unit = int(np.gcd.reduce(p.opening_fen)) or 1  # so that the row holds small whole numbers
    money = [fen // unit * y for fen, y in zip(p.opening_fen.tolist(), opened, strict=True) if y is not None]
    model.add_linear_constraint(total(money) <= p.budget_fen // unit)
    far = free_walk(p)
    shorter = (p.distance_m < far[p.row]) & (p.weight[p.row] > 0) & p.may_open[p.site]
    constant = int((p.weight * far).sum())
    terms: list[Any] = []
    for i in range(p.demands):
        pairs = np.arange(p.first[i], p.first[i + 1])[shorter[p.first[i] : p.first[i + 1]]]
        constant -= _add_walk(built, p, i, pairs, far=int(far[i]), terms=terms)
    model.minimize(total(terms) + float(constant))
    return built


def _add_walk(built: Model, p: SitingProblem, i: int, pairs: I64, *, far: int, terms: list[Any]) -> int:
    """Rows and objective terms of demand i; returns how much shorter its walk is when every z_ik is 0, times its
    weight.
    """
    at: dict[int, list[Any]] = {}
    for r in pairs[np.argsort(p.distance_m[pairs], kind="stable")].tolist():
        at.setdefault(int(p.distance_m[r]), []).append(built.opened[p.site[r]])
    before: Any = 1.0
    for distance, following in pairwise([*at, far]):
        z = built.mathopt.add_variable(lb=0.0, ub=1.0)
        built.mathopt.add_linear_constraint(z + total(at[distance]) - before >= 0.0)
        terms.append(float(p.weight[i] * (following - distance)) * z)
        before = z
    return int(p.weight[i]) * (far - min(at, default=far))
