"""Stations of a corridor by number or by money, with the plugs they need and what is proven of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from optimise.corridor_budget import Prices, Purchase
from optimise.corridor_network import Corridor, CorridorRules
from optimise.corridor_trips import Flags, Trips, plugs_for
from optimise.location.inputs import F64
from optimise.location.refuelling import flow_refuelling
from optimise.location.result import PROOF, Located
from optimise.problem import I64
from optimise.propose import UnverifiedError, must_hold
from optimise.solver import gap_of
from optimise.stop import Stop, Work

BOUGHT: Final = "corridor_budget"
_ROUNDS: Final = 200
"""Answers that are cut off at most."""
_SHARES: Final = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Of the budget, as prices of the model are lower than real ones."""
_TRIED_ROWS: Final = 200_000
"""Trips that are driven for trying stations in place of others, with money left."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Stations: open, energy of a day, plugs and cost of each (N), and what is proven of them at one temperature."""

    open: Flags
    kwh: F64
    plugs: I64
    cost_cny: F64
    value: float
    bound: float
    solver: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    corridor: Corridor
    rules: CorridorRules
    site: I64
    """Nodes that may have a station, those that have one included."""
    there: Flags
    sites: int | None
    budget_cny: float | None
    days: Sequence[Trips]
    seed: int

    def best(self, trips: Trips, days: Sequence[Trips], stop: Stop) -> Choice:
        """The best stations for `trips`, sized for all `days`."""
        if self.budget_cny is not None:
            return self._bought(trips, days, stop)
        found = self._solved(trips, stop)
        open_: Flags = np.zeros(len(self.there), np.bool_)
        open_[self.site[found.open]] = True
        if not math.isclose(trips.worth(open_), found.objective + trips.alone_per_day, rel_tol=PROOF, abs_tol=PROOF):
            raise UnverifiedError(f"{trips.worth(open_)} get through, {found.objective} were promised")
        open_ = self._without_useless(open_, days)
        return self._sized(open_, trips, days, found.bound + trips.alone_per_day, found.solver)

    def _bought(self, trips: Trips, days: Sequence[Trips], stop: Stop) -> Choice:
        """What the budget buys: answers that cannot be paid are cut off until one can."""
        purchase, run = Purchase(trips, self._prices(trips)), stop.start()
        best = self._sized(self.there.copy(), trips, days, math.inf, BOUGHT)
        for _ in range(_ROUNDS):
            open_, high = purchase.solve(run, self.seed)
            best = replace(best, bound=max(best.value, min(best.bound, high + trips.alone_per_day)))
            if open_ is None or gap_of(best.value, best.bound) <= max(stop.gap, PROOF):
                break
            choice = self._sized(open_, trips, days, best.bound, BOUGHT)
            purchase.cut(open_, choice.cost_cny)
            fewer = self._without_useless(open_, days)
            for one in (choice, self._sized(fewer, trips, days, best.bound, BOUGHT)):
                best = one if self._affordable(one) and one.value > best.value else best
            if self._affordable(choice):
                break
        if gap_of(best.value, best.bound) > max(stop.gap, PROOF):
            best = self._within(best, trips, days)
        return self._improved(best, trips, days)

    def _within(self, best: Choice, trips: Trips, days: Sequence[Trips]) -> Choice:
        """Where the search was cut short: what less money seems to buy, the most of it that can really be paid."""
        prices = self._prices(trips)
        for share in _SHARES:
            less = replace(prices, budget_cny=share * prices.budget_cny)
            open_, _ = Purchase(trips, less).solve(Work(1).start(), self.seed)
            if open_ is not None:
                fewer = self._without_useless(open_, days)
                one = self._sized(fewer, trips, days, best.bound, BOUGHT)
                best = one if self._affordable(one) and one.value > best.value else best
        return best

    def _prices(self, trips: Trips) -> Prices:
        """The least that stations and their plugs may cost."""
        nodes, rules, most_kwh = self.corridor.nodes, self.rules, trips.most_kwh()
        may = np.zeros(len(nodes), np.bool_)
        may[self.site] = True
        sessions_h = most_kwh / rules.session_kwh * rules.peak_share
        fewest = np.maximum(sessions_h * rules.service_h, plugs_for(most_kwh, rules) - 1)
        given = np.array([rules.open_cny if node.open_cny is None else node.open_cny for node in nodes])
        return Prices(
            may=may, new=~self.there, open_cny=np.where(self.there, 0.0, given),
            least_cny=np.where(self.there, 0.0, self.least_cny),
            per_kwh_cny=rules.plug_cny * fewest / np.maximum(most_kwh, 1.0),
            there_cny=rules.plug_cny * self.there_plugs.astype(np.float64),
            most_kwh=most_kwh, budget_cny=float(self.budget_cny or 0.0), sites=self.sites,
        )  # fmt: skip

    def _solved(self, trips: Trips, stop: Stop) -> Located:
        """So many stations, and the answer checked."""
        from optimise.location.verify_siting import verify_flow_refuelling  # loads scipy.optimize

        there = np.flatnonzero(self.there[self.site])
        data = (trips.paths(), trips.count[trips.rest], self.site, 1.0)
        rules: dict[str, Any] = {
            "p": None if self.sites is None else self.sites + len(there),
            "existing": there,
        }
        found = flow_refuelling(*data, **rules, stop=stop, seed=self.seed)
        must_hold(verify_flow_refuelling(data, found, **rules))
        return found

    def _without_useless(self, open_: Flags, days: Sequence[Trips]) -> Flags:
        """(N) without new stations that nobody would miss on any day."""
        kept = open_.copy()
        for node in np.flatnonzero(open_ & ~self.there).tolist():
            kept[node] = any(day.lost(kept, node) for day in days)
        return kept

    def _sized(self, open_: Flags, trips: Trips, days: Sequence[Trips], bound: float, solver: str) -> Choice:
        """With the fewest plugs that do on all days."""
        kwh = np.max([day.kwh(open_) for day in days], axis=0)
        plugs = plugs_for(kwh, self.rules)
        value = trips.worth(open_)
        return Choice(open_, kwh, plugs, np.where(open_, self._price(plugs), 0.0), value, max(bound, value), solver)

    def _improved(self, choice: Choice, trips: Trips, days: Sequence[Trips]) -> Choice:
        """Where money is left: the best one more station, or one for another, as long as there is one."""
        tries = int(_TRIED_ROWS / max(1, len(trips.rest))) if self.budget_cny is not None else 0
        better: Choice | None = choice
        while better is not None and choice.value < choice.bound:
            choice, better = better, None
            free = [n for n in self.site.tolist() if not choice.open[n]]
            taken = [-1, *np.flatnonzero(choice.open & ~self.there).tolist()]
            for add, drop in ((a, d) for a in free for d in taken):
                if (tries := tries - 1) < 0:
                    break
                open_ = choice.open.copy()
                open_[add], open_[drop] = True, open_[drop] and drop < 0
                if not self._few(open_) or trips.worth(open_) <= (better or choice).value:
                    continue
                other = self._sized(open_, trips, days, choice.bound, choice.solver)
                better = other if self._affordable(other) else better
        return choice

    def in_place_of(self, node: int, choice: Choice, trips: Trips, days: Sequence[Trips]) -> tuple[float, int]:
        """What gets through with the best other site in place of a station, and which; -1 where none is any use."""
        left = choice.open.copy()
        left[node] = False
        through, alone = trips.met(left), trips.worth(left)
        best, where = alone, -1
        for other in [n for n in self.site.tolist() if not choice.open[n]]:
            left[other] = True
            gained = [r for r in trips.passing.get(other, []) if not through[r] and trips.carried(r, left)]
            value = alone + math.fsum(trips.count[gained].tolist())
            if value > best and self._can_pay(left, trips, days):
                best, where = value, other
            left[other] = False
        return best, where

    def _can_pay(self, open_: Flags, trips: Trips, days: Sequence[Trips]) -> bool:
        return self.budget_cny is None or self._affordable(self._sized(open_, trips, days, math.inf, BOUGHT))

    def _few(self, open_: Flags) -> bool:
        return self.sites is None or int((open_ & ~self.there).sum()) <= self.sites

    def _affordable(self, choice: Choice) -> bool:
        return self.budget_cny is None or math.fsum(choice.cost_cny.tolist()) <= self.budget_cny

    @cached_property
    def there_plugs(self) -> I64:
        """(N) plugs that are there, or that stations there lack already: no plan pays for those."""
        now = np.array([node.plugs for node in self.corridor.nodes], np.int64)
        kwh = np.max([day.kwh(self.there) for day in self.days], axis=0)
        return np.where(self.there, np.maximum(now, plugs_for(kwh, self.rules)), 0)

    @cached_property
    def least_cny(self) -> F64:
        """(N) the least a new station that is used costs."""
        return self._price(np.full(len(self.there), self.rules.least_plugs))

    def _price(self, plugs: I64) -> F64:
        """(N) cost of a station with so many plugs, or of enlarging one to them [CNY]."""
        nodes, rules = self.corridor.nodes, self.rules
        opening = np.array([rules.open_cny if node.open_cny is None else node.open_cny for node in nodes])
        new = np.maximum(plugs - self.there_plugs, 0)
        power = np.maximum(self.lacking_kw(plugs) - self.lacking_kw(self.there_plugs), 0.0) * rules.grid_cny_per_kw
        return np.asarray(np.where(self.there, 0.0, opening) + rules.plug_cny * new + power)

    def backlog_cny(self) -> float:
        """What stations that are there lack already [CNY]."""
        now = np.array([node.plugs for node in self.corridor.nodes], np.int64)
        power = (self.lacking_kw(self.there_plugs) - self.lacking_kw(now)) * self.rules.grid_cny_per_kw
        return math.fsum((self.rules.plug_cny * (self.there_plugs - now) + power)[self.there].tolist())

    def lacking_kw(self, plugs: I64) -> F64:
        """(N) power that so many plugs draw beyond what is known to be at a node."""
        known = [math.inf if node.grid_kw is None else node.grid_kw for node in self.corridor.nodes]
        return np.asarray(np.maximum(plugs * self.rules.drawn_kw - np.array(known), 0.0))
