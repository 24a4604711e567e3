"""The charging problem as a whole-number model whose flows are bounded by cuts.

Variables
    z_{t,o,o'} = 1: a site goes from option o to o' in year t;  theta_f: served in flow f (year, service, hour)
Formulation
    max  sum_f w_f theta_f   (or min money, with targets on sums of theta)
    a site leaves each option it came to, once a year
    money by year with what is carried over, feeders with steps, least plugs, capacity ahead of demand
    theta_f <= sum_i d_i (1 - m_i) + sum_{j,o} E_o(m) y_{t,o}   for margins 0 <= m <= 1

E_o(m) is what option o earns alone at margins m. With margins of a minimum cut a cut is tight at the plan it comes from
(Benders 1962, doi:10.1007/BF01386316); with those of the Lagrangian bound one cut for all flows gives that bound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from optimise.charging.arrays import options_of
from optimise.charging.problem import F64, ChargerProblem
from optimise.location.mip import new_model, total
from optimise.problem import I64

Flags = npt.NDArray[np.bool_]


class Master:
    """The model, built once and given more cuts."""

    def __init__(self, problem: ChargerProblem, keep: Flags) -> None:
        """keep: (T, O) options that may be had."""
        self.problem, self.model = problem, new_model("chargers")
        self.arcs, self.have = self._paths(keep)
        self.steps = [
            [self.model.add_integer_variable(lb=0, ub=int(most)) for most in problem.most_steps]
            for _ in range(problem.years)
        ]
        self.unit = _unit(problem)
        self.money = self._money()
        self._feeders()
        self._least()
        self.flows: list[Any] = []

    def _paths(self, keep: Flags) -> tuple[list[dict[tuple[int, int], Any]], list[list[list[Any]]]]:
        """Columns by year and (option, option), and (T, O) the columns that lead to an option."""
        p, options = self.problem, options_of(self.problem)
        arcs: list[dict[tuple[int, int], Any]] = []
        have: list[list[list[Any]]] = []
        for t in range(p.years):
            here: dict[tuple[int, int], Any] = {}
            into: list[list[Any]] = [[] for _ in p.option_fen]
            leave: list[list[Any]] = [[] for _ in p.option_fen]
            froms = p.option_first[:-1].tolist() if t == 0 else np.flatnonzero(keep[t - 1]).tolist()
            for o in froms:
                if t and not have[t - 1][o]:
                    continue
                for to in options.next[options.follow[o] : options.follow[o + 1]].tolist():
                    if keep[t, to]:
                        here[o, to] = self.model.add_binary_variable()
                        into[to].append(here[o, to])
                        leave[o].append(here[o, to])
            for o in froms:
                came = [1.0] if t == 0 else have[t - 1][o]
                if came:
                    self.model.add_linear_constraint(total(leave[o]) == total(came))
            arcs.append(here)
            have.append(into)
        return arcs, have

    def _money(self) -> list[Any]:
        """What is paid in each year, in money units, within what there is."""
        p, paid, left = self.problem, [], 0.0
        for t in range(p.years):
            terms = []
            for (o, to), column in self.arcs[t].items():
                fen = int(p.option_fen[to] - p.option_fen[o])
                fen += int(p.mobilise_fen[p.option_site[o]]) if to != o else 0
                if fen:
                    terms.append(fen // self.unit * column)
            for b in range(p.feeders):
                before = self.steps[t - 1][b] if t else 0
                terms.append(int(p.step_fen[b]) // self.unit * (self.steps[t][b] - before))
            paid.append(total(terms) if terms else 0.0)
            rest = self.model.add_variable(lb=0)
            self.model.add_linear_constraint(
                rest + paid[t] <= p.carry_share * left + int(p.budget_fen[t]) / self.unit + 0.0 * rest
            )
            left = rest
        return paid

    def _feeders(self) -> None:
        p = self.problem
        for b in range(p.feeders):
            hung = np.flatnonzero((p.feeder[p.option_site] == b) & (p.option_va > 0)).tolist()
            for t in range(p.years):
                load = [int(p.option_va[o]) * column for o in hung for column in self.have[t][o]]
                may = int(p.headroom_va[b]) + int(p.step_va[b]) * self.steps[t][b]
                self.model.add_linear_constraint(total(load) <= may)
                if t:
                    self.model.add_linear_constraint(self.steps[t][b] >= self.steps[t - 1][b])

    def _least(self) -> None:
        p, plugs = self.problem, self.problem.option_plugs.sum(axis=1)
        for row in p.least:
            there = np.flatnonzero(np.isin(p.option_site, row.sites)).tolist()
            self.model.add_linear_constraint(self._sum(row.year, there, plugs) >= row.plugs)
        for t, a, s in np.argwhere(p.ahead > 0).tolist():
            there = np.flatnonzero(p.site_area[p.option_site] == a).tolist()
            self.model.add_linear_constraint(self._sum(t, there, p.option_capacity[:, s]) >= int(p.ahead[t, a, s]))

    def _sum(self, year: int, options: list[int], size: I64 | F64) -> Any:
        """Sum of what options add, over those that are had."""
        return total([float(size[o]) * column for o in options if size[o] for column in self.have[year][o]])

    def add_flows(self, flows: I64) -> None:
        """Columns for what each flow serves, at most its demand (F, I), and the objective."""
        p = self.problem
        by_year = len(flows) // p.years
        self.flows = [self.model.add_variable(lb=0, ub=float(row.sum())) for row in flows]
        years = [total(self.flows[t * by_year : (t + 1) * by_year]) for t in range(p.years)]
        for t in np.flatnonzero(p.wanted).tolist():
            self.model.add_linear_constraint(years[t] >= int(p.wanted[t]))
        if p.objective == "served":
            self.model.maximize(total([float(w) * served for w, served in zip(p.weight, years, strict=True)]))
        else:
            self.model.minimize(total(self.money))

    def add_cut(self, f: int, left: float, earned: F64) -> None:
        """theta_f is at most `left` and what options had earn (O)."""
        year = f // (len(self.flows) // self.problem.years)
        had = np.flatnonzero(earned > 0).tolist()
        self.model.add_linear_constraint(self.flows[f] <= left + self._sum(year, had, earned))

    def add_more(self, year: int, path: I64) -> None:
        """Some site must have more than in a plan's year (J): that one, or any with less, does not do."""
        after = options_of(self.problem)
        lower = np.zeros(len(self.problem.option_fen), np.bool_)
        for o in range(len(lower)):
            lower[o] = path[self.problem.option_site[o]] in after.next[after.follow[o] : after.follow[o + 1]]
        higher = np.flatnonzero(~lower).tolist()
        self.model.add_linear_constraint(self._sum(year, higher, np.ones(len(lower))) >= 1)

    def read(self, result: Any) -> tuple[I64, I64]:
        """(T, J) options and (T, B) steps of a solution, steps no more than what is needed."""
        p = self.problem
        path, steps = np.empty((p.years, p.sites), np.int64), np.zeros((p.years, p.feeders), np.int64)
        for t in range(p.years):
            for (_, to), column in self.arcs[t].items():
                if result.variable_values(column) > 0.5:
                    path[t, p.option_site[to]] = to
            steps[t] = [round(result.variable_values(column)) for column in self.steps[t]]
        return path, steps


def _unit(problem: ChargerProblem) -> int:
    """Fen that all prices are multiples of."""
    prices = np.concatenate((problem.option_fen, problem.mobilise_fen, problem.step_fen))
    return int(np.gcd.reduce(prices)) or 1
