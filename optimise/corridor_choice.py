"""Stations of a corridor by number or by money, with the plugs they need and what is proven of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from network import waiting_rates
from optimise.corridor_budget import Prices, Purchase
from optimise.corridor_network import Corridor, CorridorRules
from optimise.corridor_search import Search
from optimise.corridor_trips import Flags, Trips, plugs_for
from optimise.location.inputs import F64
from optimise.location.refuelling import flow_refuelling
from optimise.location.result import PROOF, Located
from optimise.problem import I64
from optimise.propose import UnverifiedError, must_hold
from optimise.solver import gap_of
from optimise.stop import Run, Stop

BOUGHT: Final = "corridor_budget"
_ROUNDS: Final = 200
"""Answers that are cut off at most."""
_SIZES: Final = 20
"""Plugs up to which every number is a size of its own."""


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
        """What the budget buys: a search, then answers of the model, cut off until one can be paid."""
        purchase, run = Purchase(trips, self._prices(trips)), stop.start()
        search = self._search(trips, days, run)
        search.search(self.there)
        best = self._sized(search.best, trips, days, math.inf, BOUGHT)
        for _ in range(_ROUNDS):
            open_, high = purchase.solve(run, self.seed, best.open, best.kwh)
            best = replace(best, bound=max(best.value, min(best.bound, high + trips.alone_per_day)))
            if open_ is None or gap_of(best.value, best.bound) <= max(stop.gap, PROOF):
                break
            choice = self._sized(open_, trips, days, best.bound, BOUGHT)
            purchase.cut(open_, choice.cost_cny)
            search.mend(open_)
            best = self._sized(search.best, trips, days, best.bound, BOUGHT)
            if self._affordable(choice):
                break
        fewer = self._sized(self._without_useless(best.open, days), trips, days, best.bound, BOUGHT)
        return fewer if self._affordable(fewer) else best

    def _search(self, trips: Trips, days: Sequence[Trips], run: Run) -> Search:
        def worth_of(open_: Flags) -> tuple[float, float]:
            choice = self._sized(open_, trips, days, math.inf, BOUGHT)
            return choice.value, math.fsum(choice.cost_cny.tolist())

        free = self.site[~self.there[self.site]]
        return Search(
            worth_of=worth_of, free=free, budget_cny=float(self.budget_cny or 0.0), best=self.there.copy(), run=run,
            sites=len(free) if self.sites is None else self.sites, rows=sum(len(day.rest) for day in days),
        )  # fmt: skip

    def _prices(self, trips: Trips) -> Prices:
        """The least that stations of each size cost. Large sizes stand for a few numbers of plugs each."""
        rules, may, most_kwh = self.rules, np.zeros(len(self.there), np.bool_), trips.most_kwh()
        may[self.site] = True
        most = int(plugs_for(most_kwh, rules).max(initial=rules.least_plugs))
        plugs = [rules.least_plugs]
        while plugs[-1] < most:
            plugs.append(plugs[-1] + max(1, plugs[-1] // _SIZES))
        rates = waiting_rates(plugs[-1], rules.service_h, rules.wait_h, rules.wait_share)[plugs]
        fewest = [rules.least_plugs, *(n + 1 for n in plugs[:-1])]
        return Prices(
            may=may, new=~self.there, kwh=rates / rules.peak_share * rules.session_kwh * (1.0 + PROOF),
            cost_cny=np.stack([self._price(np.full(len(may), n)) for n in fewest]),
            budget_cny=float(self.budget_cny or 0.0), sites=self.sites,
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
            kept[node] = any(len(day.lost(kept, node)) for day in days)
        return kept

    def _sized(self, open_: Flags, trips: Trips, days: Sequence[Trips], bound: float, solver: str) -> Choice:
        """With the fewest plugs that do on all days."""
        found = {id(day): day.day(open_) for day in (trips, *days)}
        kwh, value = np.max([found[id(day)][1] for day in days], axis=0), found[id(trips)][0]
        plugs = plugs_for(kwh, self.rules)
        return Choice(open_, kwh, plugs, np.where(open_, self._price(plugs), 0.0), value, max(bound, value), solver)

    def in_place_of(self, node: int, choice: Choice, trips: Trips, days: Sequence[Trips]) -> tuple[float, int]:
        """What gets through with the best other site in place of a station, and which; -1 where none is any use."""
        left = choice.open.copy()
        left[node] = False
        best, where = trips.worth(left), -1
        for other in [n for n in self.site.tolist() if not choice.open[n]]:
            left[other] = True
            value = trips.worth(left)
            if value > best and self._can_pay(left, trips, days):
                best, where = value, other
            left[other] = False
        return best, where

    def _can_pay(self, open_: Flags, trips: Trips, days: Sequence[Trips]) -> bool:
        return self.budget_cny is None or self._affordable(self._sized(open_, trips, days, math.inf, BOUGHT))

    def _affordable(self, choice: Choice) -> bool:
        return self.budget_cny is None or math.fsum(choice.cost_cny.tolist()) <= self.budget_cny

    @cached_property
    def there_plugs(self) -> I64:
        """(N) plugs that are there, or that stations there lack already: no plan pays for those."""
        now = np.array([node.plugs for node in self.corridor.nodes], np.int64)
        kwh = np.max([day.day(self.there)[1] for day in self.days], axis=0)
        return np.where(self.there, np.maximum(now, plugs_for(kwh, self.rules)), 0)

    @cached_property
    def least_cny(self) -> F64:
        """(N) the least a new station that is used costs."""
        return self._price(np.full(len(self.there), self.rules.least_plugs))

    def _price(self, plugs: I64) -> F64:
        """(N) cost of a station with so many plugs, or of enlarging one to them [CNY]."""
        new = np.maximum(plugs - self.there_plugs, 0)
        power_kw = np.maximum(self.lacking_kw(plugs) - self.lacking_kw(self.there_plugs), 0.0)
        return np.asarray(self._open_cny + self.rules.plug_cny * new + power_kw * self.rules.grid_cny_per_kw)

    @cached_property
    def _open_cny(self) -> F64:
        """(N) what a new station costs before its first plug."""
        given = [self.rules.open_cny if node.open_cny is None else node.open_cny for node in self.corridor.nodes]
        return np.where(self.there, 0.0, given)

    @cached_property
    def _grid_kw(self) -> F64:
        return np.array([math.inf if node.grid_kw is None else node.grid_kw for node in self.corridor.nodes])

    def backlog_cny(self) -> float:
        """What stations that are there lack already [CNY]."""
        now = np.array([node.plugs for node in self.corridor.nodes], np.int64)
        power = (self.lacking_kw(self.there_plugs) - self.lacking_kw(now)) * self.rules.grid_cny_per_kw
        return math.fsum((self.rules.plug_cny * (self.there_plugs - now) + power)[self.there].tolist())

    def lacking_kw(self, plugs: I64) -> F64:
        """(N) power that so many plugs draw beyond what is known to be at a node."""
        return np.asarray(np.maximum(plugs * self.rules.drawn_kw - self._grid_kw, 0.0))
