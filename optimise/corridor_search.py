"""A search for the stations that a budget buys: moves at a price of money that falls until the budget is spent.

At a price, stations are added, closed or swapped as long as the vehicles they are worth, less their cost at that price,
rise. What that costs too much is cut back to the budget, station by station with the least loss for the money; then
whatever the money still buys is added, and stations are swapped for others that are worth more or cost less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from optimise.corridor_trips import Flags
from optimise.problem import I64
from optimise.stop import Run

_TRIED_ROWS: Final = 8_000_000
"""Trips that are driven at most; a search of so many takes a unit of work."""
_MENDED: Final = 0.05
"""Share of that which is there for each answer that is mended."""
_PRICES: Final = 9
"""Prices that are tried."""
_LEAST_CNY: Final = 1.0
"""Money that counts."""
_LEAST_WORTH: Final = 1e-9
"""Vehicles a day that count."""
Worth = Callable[[Flags], tuple[float, float]]
"""Vehicles a day that get through with stations (N), and what these cost [CNY]."""


@dataclass(eq=False, kw_only=True)
class Search:
    """free: nodes that may get a new station; sites: how many of them may; rows: trips that `worth_of` drives."""

    worth_of: Worth
    free: I64
    budget_cny: float
    sites: int
    rows: int
    run: Run
    best: Flags
    best_worth: float = -1.0
    best_cny: float = 0.0

    def __post_init__(self) -> None:
        self._left, self._known = _TRIED_ROWS / max(1, self.rows), dict[bytes, tuple[float, float]]()

    def search(self, start: Flags) -> None:
        """Leaves the best it finds in `best`; nothing where not even `start` can be paid."""
        worth, cost = self._try(start)
        if cost > self.budget_cny:
            return
        price, low, high, here = worth / max(self.budget_cny, _LEAST_CNY), 0.0, np.inf, start.copy()
        for _ in range(_PRICES):
            self._at_price(here, price)
            low, high = (price, high) if self._try(here)[1] > self.budget_cny else (low, price)
            self.mend(here)
            price = (low + high) / 2 if high < np.inf else 2 * price
            if self._left <= 0 or self.run.over():
                return

    def mend(self, open_: Flags) -> None:
        """The best that comes of these stations once they are cut back to what can be paid."""
        self._left = max(self._left, _MENDED * _TRIED_ROWS / max(1, self.rows))
        payable = open_.copy()
        self._cut_back(payable)
        while self._left > 0:
            here = self._try(payable)
            move = self._best_more(payable, *here) or next(self._better(payable, *here), None)
            if move is None:
                return
            payable[list(move)] ^= True

    def _try(self, open_: Flags) -> tuple[float, float]:
        key = open_.tobytes()
        if key in self._known:
            return self._known[key]
        self._left -= 1
        self.run.spend(self.rows / _TRIED_ROWS)
        worth, cost = self._known[key] = self.worth_of(open_)
        fits = cost <= self.budget_cny and self._few(open_)
        better = worth > self.best_worth + _LEAST_WORTH
        if fits and (better or (worth > self.best_worth - _LEAST_WORTH and cost < self.best_cny - _LEAST_CNY)):
            self.best, self.best_worth, self.best_cny = open_.copy(), worth, cost
        return worth, cost

    def _after(self, open_: Flags, move: tuple[int, ...]) -> tuple[float, float]:
        """As things are with some stations opened or closed."""
        open_[list(move)] ^= True
        found = self._try(open_)
        open_[list(move)] ^= True
        return found

    def _few(self, open_: Flags) -> bool:
        return int(open_[self.free].sum()) <= self.sites

    def _moves(self, open_: Flags) -> Iterator[tuple[int, ...]]:
        """One opened, one closed, one for another; as long as there is work left for it."""
        room = int(open_[self.free].sum()) < self.sites
        opened, closed = self.free[open_[self.free]].tolist(), self.free[~open_[self.free]].tolist()
        singles: Iterable[int] = [*opened, *closed] if room else opened
        for move in (*((j,) for j in singles), *product(closed, opened)):
            if self._left <= 0:
                return
            yield move

    def _at_price(self, open_: Flags, price: float) -> None:
        """In place: the best single move, or where none is any good the first good swap, until there is none."""
        while self._left > 0:
            worth, cost = self._try(open_)
            most, best = worth - price * cost + _LEAST_WORTH, None
            for move in self._moves(open_):
                if len(move) > 1 and best is not None:
                    break
                worth, cost = self._after(open_, move)
                if worth - price * cost > most:
                    most, best = worth - price * cost, move
            if best is None:
                return
            open_[list(best)] ^= True

    def _cut_back(self, open_: Flags) -> None:
        """In place: close what costs too much, or is too many, the least loss for the money first."""
        worth, cost = self._try(open_)
        while (cost > self.budget_cny or not self._few(open_)) and self._left > 0:
            tries = []
            for j in self.free[open_[self.free]].tolist():
                less, paid = self._after(open_, (j,))
                tries.append(((worth - less) / max(cost - paid, _LEAST_CNY), j, less, paid))
            if not tries:
                return
            _, j, worth, cost = min(tries)
            open_[j] = False

    def _best_more(self, open_: Flags, worth: float, cost: float) -> tuple[int, ...] | None:
        """One more station that can be paid and is worth most for its money."""
        most, best = 0.0, None
        for move in self._moves(open_):
            if len(move) == 1 and not open_[move[0]]:
                more, paid = self._after(open_, move)
                each = (more - worth) / max(paid - cost, _LEAST_CNY)
                if paid <= self.budget_cny and more > worth + _LEAST_WORTH and each > most:
                    most, best = each, move
        return best

    def _better(self, open_: Flags, worth: float, cost: float) -> Iterator[tuple[int, ...]]:
        """Moves that can be paid and are worth more, or as much for less money."""
        for move in self._moves(open_):
            more, paid = self._after(open_, move)
            as_good = more > worth - _LEAST_WORTH and paid < cost - _LEAST_CNY
            if paid <= self.budget_cny and (more > worth + _LEAST_WORTH or as_good):
                yield move
