"""The stations that a budget buys where each needs the more plugs the more energy it gives.

Sets
    g trips with the same ways from station to station; K_g sites on their way, from home to the far end
    a legs (i, k) of g that a battery lasts: from site i (or home) to site k (or the far end) with no station between
    j sites; n sizes of a station, each so many plugs or a little fewer
Data
    f_g vehicles, k_g energy from stations [kWh/day], d_ga km of a leg over those of the round trip
    E_n energy that stations of a size give at most, C_jn the least that one costs at j [CNY]
Variables
    y_j = 1: a station stands at j;  w_jn = 1: of size n;  0 <= z_g <= 1: trips get through;  0 <= x_ga <= 1: by a leg
Formulation
    max  sum_g f_g z_g
    z_g leaves home and comes to the far end;  at each site of K_g as much comes as leaves, t_gj
    t_gj <= y_j,  t_gj >= z_g + y_j - 1                         (all who pass a station charge there)
    z_g >= y_j                                                  where j alone is enough
    sum_n w_jn = y_j                                            (<= where a station is already)
    sum_ga k_g d_ga x_ga <= sum_n E_n w_jn                      over the legs that begin or end at j
    sum_jn C_jn w_jn <= B,  sum_new y_j <= p

No plan is worth more than this model's bound: it may turn trips away, which stations cannot, and it has one day.
Answers that cannot be paid are cut off until one can be, by
    z_g >= 1 - sum_{i in S} (1 - y_i)                           where stations at S let g through, for g turned away
    sum_n C_jn w_jn >= C_j (1 - sum_{i in N_j, y'_i = 0} y_i - sum_{i in N_j, y'_i = 1} (1 - y_i))
where C_j is what the answer y' really costs at j and N_j are the sites that share a way with j. (Flow refuelling as
paths on which stations follow one another: MirHassani & Ebrazi 2013, doi:10.1287/trsc.1120.0430; cuts: Codato &
Fischetti 2006, doi:10.1287/opre.1060.0286.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from optimise.corridor_trips import Flags, Trips
from optimise.location.inputs import F64
from optimise.location.mip import new_model, run_highs, total
from optimise.location.result import PROOF
from optimise.stop import Run

_ROWS_PER_WORK = 5000.0
_NODES = 4
"""Rows and columns of a model whose root takes a unit of work, and nodes that take as long as the root."""
_KWH_PER_ROW = 1000.0
_CNY_PER_ROW = 1e6
"""Units of the model's rows, which keep its numbers near 1."""
_HALF = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class Prices:
    """Of every node (N) and size (K); new: there is no station yet; may: there can be one.

    kwh (K): energy of a day that a size gives at most; cost_cny (K, N): the least that it costs.
    """

    may: Flags
    new: Flags
    kwh: F64
    cost_cny: F64
    budget_cny: float
    sites: int | None

    def sizes(self, j: int, most_kwh: float) -> list[int]:
        """Sizes that make sense at a node that never gives more: none that a larger one is as cheap as."""
        enough = min(int(np.searchsorted(self.kwh, most_kwh)), len(self.kwh) - 1)
        cost = self.cost_cny[:, j]
        return [k for k in range(enough + 1) if k == enough or cost[k] < cost[k + 1]]


@dataclass(frozen=True, eq=False)
class _Group:
    """Trips alike. site, at_km: of K_g; legs: km by positions in K_g, -1 for home and len(site) for the far end."""

    site: tuple[int, ...]
    legs: dict[tuple[int, int], float]
    length_km: float
    count: float
    kwh: float

    def carried(self, at: Sequence[int]) -> bool:
        """Whether stations at these positions, in their order, let the trips through."""
        return bool(at) and all(leg in self.legs for leg in pairwise([-1, *at, len(self.site)]))

    def enough(self, open_: Flags) -> list[int]:
        """Positions of open stations that let the trips through, none of them needless; none where they do not."""
        at = [i for i, j in enumerate(self.site) if open_[j]]
        if not self.carried(at):
            return []
        for i in list(at):
            fewer = [k for k in at if k != i]
            at = fewer if self.carried(fewer) else at
        return at

    def most_kwh(self) -> F64:
        """(K_g) energy the trips take up at a site at most."""
        most = np.zeros((2, len(self.site)))
        for (i, k), km in self.legs.items():
            if i >= 0:
                most[1, i] = max(most[1, i], km)
            if k < len(self.site):
                most[0, k] = max(most[0, k], km)
        return np.asarray(self.kwh * np.minimum(1.0, most.sum(axis=0) / (2 * self.length_km)))


class Purchase:
    """The model of one corridor, solved again and again with more cuts."""

    def __init__(self, trips: Trips, prices: Prices) -> None:
        self._groups, self._prices = _groups(trips, prices.may), prices
        self._model, self._near = new_model("corridor"), _neighbours(self._groups)
        most_kwh = np.zeros(len(prices.may))
        for g in self._groups:
            np.add.at(most_kwh, list(g.site), g.most_kwh())
        used = np.flatnonzero(most_kwh > 0).tolist()
        self._y = {j: self._model.add_integer_variable(lb=float(not prices.new[j]), ub=1.0) for j in used}
        self._sizes = {j: prices.sizes(j, float(most_kwh[j])) for j in used}
        self._w = {j: [self._model.add_integer_variable(lb=0.0, ub=1.0) for _ in self._sizes[j]] for j in used}
        self._z = [self._model.add_variable(lb=0.0, ub=1.0) for _ in self._groups]
        self._add_stations(self._add_trips())
        self._model.maximize(total([g.count * z for g, z in zip(self._groups, self._z, strict=True)]))

    def solve(self, run: Run, seed: int, known: Flags, kwh: F64) -> tuple[Flags | None, float]:
        """(N) stations of the best answer found, and more than no plan gets through [vehicles/day, without those that
        need no station]; None where the stop came first, or where no other answer is left.

        known (N): stations to begin with, and kwh (N) what they give.
        """
        rows = self._model.get_num_variables() + self._model.get_num_linear_constraints()
        most = math.fsum(g.count for g in self._groups)
        if run.over():
            return None, most
        hint = dict(self._hint(known, kwh))
        result = run_highs(
            self._model, run, seed=seed, node_work=rows / _ROWS_PER_WORK / _NODES, hint=hint, absolute_gap=0.0
        )
        run.spend(rows / _ROWS_PER_WORK)
        high = float(result.dual_bound())
        bound = min(most, high) if math.isfinite(high) else most
        if not result.has_primal_feasible_solution():
            return None, bound
        open_: Flags = ~self._prices.new
        open_[list(self._y)] = np.array(result.variable_values(list(self._y.values()))) > _HALF
        self._turned_away = [z < 1.0 - PROOF for z in result.variable_values(self._z)]
        return open_, bound

    def cut(self, open_: Flags, cost_cny: F64) -> None:
        """Whom stations really let through, and what they really cost in the company of these others."""
        model, y = self._model, self._y
        for g, z, away in zip(self._groups, self._z, self._turned_away, strict=True):
            at = g.enough(open_) if away else []
            if at:
                model.add_linear_constraint(z >= 1.0 - total([1.0 - y[g.site[i]] for i in at]))
        for j in y:
            if open_[j]:
                others = [1.0 - y[i] if open_[i] else y[i] for i in self._near[j]]
                paid = float(cost_cny[j]) / _CNY_PER_ROW
                model.add_linear_constraint(self._cost(j) + paid * total(others) >= paid)

    def _cost(self, j: int) -> Any:
        costs = (self._prices.cost_cny[self._sizes[j], j] / _CNY_PER_ROW).tolist()
        return total([c * w for c, w in zip(costs, self._w[j], strict=True)])

    def _hint(self, known: Flags, kwh: F64) -> Iterator[tuple[Any, float]]:
        for j, y in self._y.items():
            yield y, float(known[j])
            enough = self._prices.kwh[self._sizes[j]] >= kwh[j]
            first = int(enough.argmax()) if enough.any() else len(enough) - 1
            yield from ((w, float(known[j] and k == first)) for k, w in enumerate(self._w[j]))

    def _add_trips(self) -> dict[int, list[Any]]:
        """Legs and what they bring to the sites [thousands of kWh]."""
        model, y = self._model, self._y
        energy: dict[int, list[Any]] = {j: [] for j in y}
        for g, z in zip(self._groups, self._z, strict=True):
            into: list[list[Any]] = [[] for _ in range(len(g.site) + 1)]
            out: list[list[Any]] = [[] for _ in range(len(g.site) + 1)]
            """The last is the far end, and home."""
            for (i, k), km in g.legs.items():
                x = model.add_variable(lb=0.0, ub=1.0)
                out[i].append(x)
                into[k].append(x)
                for at in {i, k} - {-1, len(g.site)}:
                    energy[g.site[at]].append(g.kwh * km / (2 * g.length_km) / _KWH_PER_ROW * x)
            model.add_linear_constraint(total(out[-1]) == z)
            model.add_linear_constraint(total(into[-1]) == z)
            for at, j in enumerate(g.site):
                if j not in y:
                    continue
                through = total(into[at])
                model.add_linear_constraint(through == total(out[at]))
                model.add_linear_constraint(through <= y[j])
                model.add_linear_constraint(through >= z + y[j] - 1.0)
                if g.carried([at]):
                    model.add_linear_constraint(z >= y[j])
        return energy

    def _add_stations(self, energy: dict[int, list[Any]]) -> None:
        """Sizes of the stations, and the limits."""
        model, prices = self._model, self._prices
        for j, y in self._y.items():
            sizes, given = total(self._w[j]), (prices.kwh[self._sizes[j]] / _KWH_PER_ROW).tolist()
            model.add_linear_constraint(sizes == y if prices.new[j] else sizes <= y)
            most = total([e * w for e, w in zip(given, self._w[j], strict=True)])
            model.add_linear_constraint(total(energy[j]) <= most)
        model.add_linear_constraint(total([self._cost(j) for j in self._y]) <= prices.budget_cny / _CNY_PER_ROW)
        if prices.sites is not None:
            model.add_linear_constraint(total([y for j, y in self._y.items() if prices.new[j]]) <= prices.sites)


def _neighbours(groups: Sequence[_Group]) -> dict[int, list[int]]:
    """Sites by sites that share a way with them, themselves included."""
    out: dict[int, set[int]] = {}
    for g in groups:
        for j in g.site:
            out.setdefault(j, set()).update(g.site)
    return {j: sorted(near) for j, near in out.items()}


def _groups(trips: Trips, may: Flags) -> list[_Group]:
    """Trips that some choice of stations gets through, those alike in one."""
    sums: dict[tuple[Any, ...], list[float]] = {}
    for r in trips.rest.tolist():
        way, along_km = trips.corridor.way(int(trips.flow[r]))
        at_km, length_km = along_km[may[way]].tolist(), float(along_km[-1])
        legs = _legs(at_km, length_km, float(trips.reach_km[r]) * (1.0 + PROOF))
        key = tuple(way[may[way]].tolist()), tuple(legs.items()), length_km
        both = sums.setdefault(key, [0.0, 0.0])
        both[0] += float(trips.count[r])
        both[1] += trips.on_way_kwh(r)
    found = [_Group(site, dict(legs), km, count, kwh) for (site, legs, km), (count, kwh) in sums.items()]
    return [g for g in found if g.carried(range(len(g.site)))]


def _legs(at_km: Sequence[float], length_km: float, reach_km: float) -> dict[tuple[int, int], float]:
    """By the positions of both ends, see `_Group`."""
    legs = {}
    for i in range(-1, len(at_km)):
        for k in range(i + 1, len(at_km) + 1):
            if (i, k) != (-1, len(at_km)):
                km = 2 * at_km[k] if i < 0 else 2 * (length_km - at_km[i]) if k == len(at_km) else at_km[k] - at_km[i]
                if km <= reach_km:
                    legs[i, k] = km
    return legs
