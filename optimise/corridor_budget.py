"""The stations that a budget buys where each needs the more plugs the more energy it gives.

Sets
    g trips with the same sites on each leg; a legs of their round trip, K_ga sites that cover leg a
    j sites
Data
    f_g vehicles, k_g energy from stations [kWh/day]; o_j opening, l_j a station of the fewest plugs, r_j the least a
    kWh/day costs in plugs, s_j what plugs that are there are worth [CNY]; m_j energy if all trips charged there alone
Variables
    y_j = 1: a station stands at j;  0 <= z_g <= 1: trips get through;  e_j, c_j: energy and cost of j
Formulation
    max  sum_g f_g z_g
    z_g <= sum_{j in K_ga} y_j   for every leg;     z_g >= y_j   where j covers every leg of g
    sum_j e_j = sum_g k_g z_g,   e_j <= m_j y_j
    c_j >= l_j y_j,   c_j >= o_j y_j + r_j e_j - s_j,   sum_j c_j <= B,   sum_new y_j <= p

Plugs are cheaper by the kWh the more a station has, so that r_j, taken where all trips charge at j, is never too dear
and no plan is worth more than this model's bound. What an answer y' really costs at j, C_j, depends on the stations of
N_j alone, the sites that share a way with j; so answers that cannot be paid are cut off by
    c_j >= C_j (1 - sum_{i in N_j, y'_i = 0} y_i - sum_{i in N_j, y'_i = 1} (1 - y_i))
until one can be paid. (Legs: Capar et al. 2013, doi:10.1016/j.ejor.2013.03.003; cuts: Codato & Fischetti 2006,
doi:10.1287/opre.1060.0286.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimise.corridor_trips import Flags, Trips
from optimise.location.inputs import F64
from optimise.location.mip import ROOT_NODES, new_model, run_highs, total
from optimise.location.refuelling import legs_of
from optimise.problem import I64
from optimise.stop import Run

_ROWS_PER_WORK = 5000.0
"""Rows and columns of a model whose root takes a unit of work; a node is a tenth of it."""
_KWH_PER_ROW = 1000.0
_CNY_PER_ROW = 1e6
"""Units of the model's rows, which keep its numbers near 1."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Prices:
    """Of every node (N); letters as above. new: there is no station yet; may: there can be one."""

    may: Flags
    new: Flags
    open_cny: F64
    least_cny: F64
    per_kwh_cny: F64
    there_cny: F64
    most_kwh: F64
    budget_cny: float
    sites: int | None


@dataclass(frozen=True, eq=False)
class _Groups:
    legs: list[tuple[tuple[int, ...], ...]]
    count: F64
    kwh: F64


class Purchase:
    """The model of one corridor, solved again and again with more cuts."""

    def __init__(self, trips: Trips, prices: Prices) -> None:
        self._groups, self._prices = _groups(trips, prices.may), prices
        self._model = new_model("corridor")
        may = np.flatnonzero(prices.may).tolist()
        self._y = {j: self._model.add_integer_variable(lb=float(not prices.new[j]), ub=1.0) for j in may}
        self._cost = {j: self._model.add_variable(lb=0.0) for j in may}
        self._near = _neighbours(trips, prices.may)
        z = self._add_trips()
        self._add_money(z)
        self._model.maximize(total([f * x for f, x in zip(self._groups.count.tolist(), z, strict=True)]))

    def solve(self, run: Run, seed: int) -> tuple[Flags | None, float]:
        """(N) stations of the best answer found, and more than no plan gets through [vehicles/day, without those that
        need no station]; None where the stop came first, or where no other answer is left.
        """
        rows = self._model.get_num_variables() + self._model.get_num_linear_constraints()
        most = math.fsum(self._groups.count.tolist())
        if run.over():
            return None, most
        node_work = rows / _ROWS_PER_WORK / ROOT_NODES
        result = run_highs(self._model, run, seed=seed, node_work=node_work, hint={}, absolute_gap=0.0)
        run.spend(rows / _ROWS_PER_WORK)
        high = float(result.dual_bound())
        bound = min(most, high) if math.isfinite(high) else most
        if not result.has_primal_feasible_solution():
            return None, bound
        open_: Flags = np.zeros(len(self._prices.may), np.bool_)
        open_[list(self._y)] = np.rint(result.variable_values(list(self._y.values()))) > 0
        return open_, bound

    def cut(self, open_: Flags, cost_cny: F64) -> None:
        """What stations really cost in the company of these others."""
        for j in np.flatnonzero(open_ & self._prices.may).tolist():
            others = [1.0 - self._y[i] if open_[i] else self._y[i] for i in self._near[j]]
            paid = float(cost_cny[j]) / _CNY_PER_ROW
            self._model.add_linear_constraint(self._cost[j] + paid * total(others) >= paid)

    def _add_trips(self) -> list[Any]:
        model, y = self._model, self._y
        z = [model.add_variable(lb=0.0, ub=1.0) for _ in self._groups.legs]
        for through, legs in zip(z, self._groups.legs, strict=True):
            for leg in legs:
                model.add_linear_constraint(through <= total([y[j] for j in leg]))
            for j in set(legs[0]).intersection(*legs):
                model.add_linear_constraint(through >= y[j])
        return z

    def _add_money(self, z: list[Any]) -> None:
        """Energy of the stations, what it costs, and the limits."""
        model, prices, energies = self._model, self._prices, []
        for j, y in self._y.items():
            energy = model.add_variable(lb=0.0)
            model.add_linear_constraint(energy <= prices.most_kwh[j] / _KWH_PER_ROW * y)
            model.add_linear_constraint(self._cost[j] >= prices.least_cny[j] / _CNY_PER_ROW * y)
            plugs = prices.per_kwh_cny[j] * _KWH_PER_ROW / _CNY_PER_ROW * energy - prices.there_cny[j] / _CNY_PER_ROW
            model.add_linear_constraint(self._cost[j] >= prices.open_cny[j] / _CNY_PER_ROW * y + plugs)
            energies.append(energy)
        taken = total([k / _KWH_PER_ROW * x for k, x in zip(self._groups.kwh.tolist(), z, strict=True)])
        model.add_linear_constraint(total(energies) == taken)
        model.add_linear_constraint(total(list(self._cost.values())) <= prices.budget_cny / _CNY_PER_ROW)
        if prices.sites is not None:
            model.add_linear_constraint(total([y for j, y in self._y.items() if prices.new[j]]) <= prices.sites)


def _neighbours(trips: Trips, may: Flags) -> dict[int, list[int]]:
    """Sites by sites that share a way with them, themselves included."""
    out: dict[int, set[int]] = {int(j): {int(j)} for j in np.flatnonzero(may)}
    for q in range(len(trips.corridor.flows)):
        way = trips.corridor.way(q)[0]
        sites = way[may[way]].tolist()
        for j in sites:
            out[j].update(sites)
    return {j: sorted(near) for j, near in out.items()}


def _groups(trips: Trips, may: Flags) -> _Groups:
    """Trips that some choice of stations gets through, those with the same legs in one."""
    seen: dict[tuple[tuple[int, ...], ...], list[float]] = {}
    place: I64 = np.where(may, np.arange(len(may)), -1)
    for r in trips.rest.tolist():
        way, along_km = trips.corridor.way(int(trips.flow[r]))
        legs = legs_of(place[way], along_km, float(trips.reach_km[r]), may)
        if frozenset() not in legs:
            sums = seen.setdefault(tuple(tuple(sorted(leg)) for leg in legs), [0.0, 0.0])
            sums[0] += float(trips.count[r])
            sums[1] += trips.on_way_kwh(r)
    both = np.array(list(seen.values())).reshape(-1, 2)
    return _Groups(list(seen), both[:, 0], both[:, 1])
