"""Branch and bound for the p-median without capacities, on Lagrangian bounds.

The root raises prices until they hardly rise; each bound shuts sites that no better answer opens and opens those that
every better answer does, and the sites it picks are improved by interchange. Where the rest is not too large, its
linear relaxation (`median_linear`) gives the best prices there are. What is still open is decided by branching on one
site, chosen by trials among those that are about half open. A narrow gap is closed by few nodes with the best prices,
a wide one sooner by many nodes that go on from their parents' prices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from optimise.location.inputs import F64
from optimise.location.kernels.interchange import interchange, shake_sites
from optimise.location.kernels.medians import (
    B1,
    FREE,
    I8,
    OPEN,
    SHUT,
    Near,
    Prices,
    nearest_pairs,
    raise_prices,
    without_shut,
)
from optimise.location.median_linear import Relaxation
from optimise.location.result import PROOF
from optimise.location.rules import SiteRules
from optimise.problem import I64
from optimise.solver import Listener, Progress
from optimise.stop import Run

PAIRS_PER_WORK = 2e8
"""Pairs looked at in a unit of work; measured: about a second."""
_REACH, _REACH_MORE = 8, 50
"""How many times the demand of an average site a price may reach, and how many sites more."""
_CHUNK, _PATIENCE, _SMOOTH, _SETTLED = 50, 20, 0.9, 1e-3
"""Rounds between looks at the clock, rounds without gain before a step is halved, weight of the past direction,
shortest step. Tuned on pmed, rl1304 and vm1748."""
_TRIALS, _LINEAR_TRIALS = 8, 4
"""Sites tried for a branch, by rounds of prices and by linear relaxations."""
_FRACTION = 1e-6
"""Of a site: less is none."""
_IDLE_SHAKES, _SWAPS = 20, 8
_PASSES = 1000
_POLISH_EVERY = 10
_WHOLE, _EPSILON = 1.0 - 1e-3, 1e-4
"""Whole values: a bound this much below the best proves it, and the error allowed before a bound is rounded up."""
_SLACK = 1e-11
"""Relative error of a sum in a kernel."""
_LARGEST_WHOLE = 1e10
"""Past this, sums in a kernel are not told apart to less than one."""
_BLOCK = 512


class _Rounds(NamedTuple):
    """How prices are raised: rounds at most, those without gain before the step is halved, first step, weight of the
    past direction.
    """

    most: int
    patience: int
    step: float
    smooth: float


_NODE, _TRIAL, _LOOK = _Rounds(150, 15, 0.5, _SMOOTH), _Rounds(10, 5, 0.15, 0.7), _Rounds(1, 1, 0.15, 0.0)
"""Tuned on rl1304; the last for prices that are the best there are."""
_MOST_ENTRIES = 250_000
"""Of the first rows of a relaxation that is worth solving: some seconds; one with 670,000 takes minutes."""
_NARROW = 4e-3
"""Relative gap up to which nodes are bounded by their linear relaxation. Measured: points on a plane begin at 0.01 to
0.15 % and need a tenth of the time so; graphs with random lengths begin at 0.7 to 1.5 % and need ten times as much."""


@dataclass
class Median:
    """A p-median: cost (D, C) with weights, infinite where there is no way; at most p sites open."""

    cost: F64
    p: int
    rules: SiteRules

    def __post_init__(self) -> None:
        finite = np.isfinite(self.cost)
        most = float(np.where(finite, self.cost, 0.0).max(axis=1).sum()) if self.cost.size else 0.0
        self.whole = most < _LARGEST_WHOLE and bool((np.where(finite, self.cost, 0.0) % 1.0 == 0.0).all())
        self.huge = 2.0 * most + 1.0
        """Dearer than any answer that serves everybody; only the interchange sees it."""
        self.by_site = np.ascontiguousarray(np.where(finite, self.cost, self.huge).T)
        self.tiny = PROOF * max(1.0, most) / max(1, len(self.cost)) if not self.whole else 0.5

    def value(self, sites: I64) -> float:
        """Sum of the cost to the nearest of these sites."""
        return math.fsum(self.cost[:, sites].min(axis=1).tolist()) if len(self.cost) else 0.0


@dataclass
class Node:
    """Sites settled so far, the prices to go on from, and the bound of the parent."""

    low: float
    state: I8
    price: F64
    share: F64


@dataclass
class Search:
    """A run on one problem: the best sites, the bound, and the nodes still open."""

    problem: Median
    run: Run
    seed: int
    name: str
    progress: Listener | None
    sites: I64
    loose: bool = False
    """The problem has more rules than are minded here: only bounds, no answers."""
    wanted: float | None = None
    """Only whether a value this low exists matters."""
    best: float = math.inf
    low: float = 0.0
    nodes: list[Node] = field(default_factory=list)
    near: Near | None = None
    linear: Relaxation | None = None
    settled: bool = False
    """No node is left open."""

    def __post_init__(self) -> None:
        self.random = np.array([np.random.SeedSequence(self.seed).generate_state(1, np.uint64)[0] | 1], np.uint64)
        self.usable: B1 = self.problem.rules.usable
        self.fixed = len(self.problem.rules.existing)
        self.best = math.inf if self.loose else self.problem.value(self.sites)

    @property
    def cut(self) -> float:
        """Bound from which on there is nothing to gain: proof, or the gap the stop asks for."""
        if self.wanted is not None:
            return self.wanted + 1.0 - _WHOLE
        slack = _SLACK * max(1.0, abs(self.best))
        step = _WHOLE - slack if self.problem.whole else PROOF / 2 * max(1.0, self.best)
        return self.best - max(step, self.run.stop.gap * max(1.0, self.best))

    @property
    def done(self) -> bool:
        """What is wanted is found."""
        return self.wanted is not None and self.best <= self.wanted

    @property
    def bound(self) -> float:
        """What is proven: the least bound of an open node, or the cut where none is left open."""
        low = self.low
        if self.nodes:
            low = max(low, min(node.low for node in self.nodes))
        elif self.settled:
            low = max(low, self.cut)
        low = min(low, self.best)
        if not self.problem.whole:
            return low
        return min(self.best, float(math.ceil(low - _SLACK * max(1.0, abs(low)) - _EPSILON)))

    def solve(self, most_nodes: float = math.inf) -> None:
        """From the start to proof, the stop, or so many nodes."""
        self._improve(self.sites.copy(), 0)
        if self.done:
            return
        root = self.root()
        if self.settled or self.done:
            return
        self.nodes = [root]
        self._shake()
        if self.best - self.low > _NARROW * max(1.0, self.best):
            self.linear = None
        count = 0
        while self.nodes and count < most_nodes and not self.done and not self.run.over():
            self._branch(self.nodes.pop(), polish=count % _POLISH_EVERY == 0)
            count += 1
            if count % _POLISH_EVERY == 0:
                self._tell()
        self.settled = not self.nodes

    def _tell(self) -> None:
        if self.progress:
            self.progress(Progress(self.run.seconds, round(self.best), math.floor(self.bound), self.name))

    def offer(self, sites: I64) -> None:
        value = self.problem.value(sites)
        if value < self.best:
            self.best, self.sites = value, sites.copy()

    def _improve(self, sites: I64, begin: int) -> None:
        """Interchange from `sites` (existing ones first) on."""
        problem = self.problem
        if len(sites):
            _, work = interchange(problem.by_site, sites, self.fixed, self.usable, problem.tiny, _PASSES, begin)
            self.run.spend(work / PAIRS_PER_WORK)
        self.offer(sites)

    def _from_picked(self, picked: B1 | F64) -> I64:
        """Sites to open: the existing ones, then those picked most, by number where alike."""
        rules = self.problem.rules
        free = np.flatnonzero(rules.usable & ~rules.built)
        order = np.concatenate((rules.existing, free[np.argsort(-picked[free].astype(float), kind="stable")]))
        return order[: self.problem.p].astype(np.int64)

    def root(self) -> Node:
        """Raise prices from the best answer on until they settle."""
        problem, rules = self.problem, self.problem.rules
        demands, sites = problem.cost.shape
        state = np.where(rules.built, OPEN, np.where(rules.usable, FREE, SHUT)).astype(np.int8)
        near = self._pairs(state)
        ordered = np.sort(problem.cost[:, self.sites], axis=1)
        price = ordered[:, : min(2, len(self.sites))].mean(axis=1)
        price = np.minimum(np.where(np.isfinite(price), price, ordered[:, 0]), near.cap)
        prices = Prices(price, price.copy(), np.zeros(demands), np.zeros(sites), np.ones(1))
        seen: set[bytes] = set()
        low = -math.inf
        while prices.step[0] >= _SETTLED:
            low, picked, work, shut = raise_prices(
                near, state, problem.p, prices, low, self.best, self.cut, _CHUNK, _PATIENCE, _SMOOTH
            )
            self.low = max(0.0, low)
            self.run.spend(work / PAIRS_PER_WORK)
            if low >= self.cut or self.done or self.run.over():
                break
            near = without_shut(near, state) if shut else near
            if not self.loose and picked.tobytes() not in seen:
                seen.add(picked.tobytes())
                self._improve(self._from_picked(picked), 0)
            self._tell()
        self.near, self.settled = near, low >= self.cut
        node = Node(low, state, prices.best, prices.share)
        if not (self.settled or self.done or self.run.over()):
            self._refine(node)
        return node

    def _refine(self, root: Node) -> None:
        """Go on with the linear relaxation where it is not too large."""
        assert self.near is not None
        rows = np.repeat(np.arange(len(root.price)), np.diff(self.near.first))
        entries = 2 * int((self.near.cost < root.price[rows]).sum())
        if self.wanted is not None or entries > _MOST_ENTRIES:
            return
        self.linear = Relaxation(self.near, root.state, self.problem.p, root.price)
        low, share, prices = self._relaxed(self.near, root, _NODE)
        if not self.loose:
            self._improve(self._from_picked(share), 0)
        if low > root.low:
            root.low, root.price, root.share = low, prices.best, prices.share
        self.low = max(self.low, low)
        self.near, self.settled = without_shut(self.near, root.state), self.low >= self.cut
        self._tell()

    def _pairs(self, state: I8) -> Near:
        if self.wanted is None:
            return nearest_pairs(self.problem.cost, _reach(self.problem), state)
        demands = len(self.problem.cost)
        near = nearest_pairs(self.problem.cost, np.full(demands, self.wanted), state)
        return near._replace(cap=np.full(demands, self.wanted + 1.0))

    def _shake(self) -> None:
        idle, begin = 0, 0
        swaps = max(2, min(_SWAPS, self.problem.p // 10))
        while idle < _IDLE_SHAKES and self.low < self.cut and not self.done and not self.run.over():
            before, sites = self.best, self._from_picked(_flags(self.sites, len(self.usable)))
            shake_sites(sites, self.fixed, self.usable, swaps, self.random)
            begin += 37
            self._improve(sites, begin)
            idle = 0 if self.best < before else idle + 1

    def _branch(self, node: Node, *, polish: bool) -> None:
        problem = self.problem
        if node.low >= self.cut:
            return
        assert self.near is not None
        near = without_shut(self.near, node.state)
        low, picked, prices = self._relaxed(near, node, _NODE)
        if low >= self.cut:
            return
        left = problem.p - int((node.state == OPEN).sum())
        free = np.flatnonzero(node.state == FREE)
        if left == 0 or len(free) <= left:
            self.offer(np.flatnonzero(node.state == OPEN if left == 0 else node.state != SHUT).astype(np.int64))
            return
        if polish:
            self._improve(self._from_picked(picked), 0)
        here = Node(max(low, node.low), node.state, prices.best, prices.share)
        self.nodes += self._children(without_shut(near, node.state), here, free)

    def _children(self, near: Near, node: Node, free: I64) -> list[Node]:
        """The two children, of some sites tried, whose bounds rise most."""
        order = np.argsort(np.abs(node.share[free] - 0.5), kind="stable")
        trials = order[:_TRIALS] if self.linear is None else order[:_LINEAR_TRIALS]
        best, pair = -1.0, list[Node]()
        for j in free[trials].tolist():
            children, worth = [], 1.0
            for side in (SHUT, OPEN):
                state = node.state.copy()
                state[j] = side
                child = Node(node.low, state, node.price, node.share)
                low, _, prices = self._relaxed(without_shut(near, state), child, _TRIAL)
                worth *= max(PROOF * max(1.0, abs(low)), min(low, self.cut) - node.low)
                if low < self.cut:
                    children.append(Node(max(low, node.low), state, prices.best, prices.share))
            if worth > best or len(children) < len(pair):
                best, pair = worth, children
            if len(pair) <= 1:
                break
        return pair

    def _relaxed(self, near: Near, node: Node, rounds: _Rounds) -> tuple[float, B1 | F64, Prices]:
        """A node's bound at the prices of its linear relaxation, by rounds of prices where there is none."""
        found = self.linear.solve(node.state, node.price, self.cut, self.run) if self.linear else None
        if found is None:
            return self._bounded(near, node, rounds)
        if not self.loose:
            self.offer(self._from_picked(found.share))
        node.price = found.price
        low, _, prices = self._bounded(near, node, _LOOK)
        settled = node.state[np.abs(found.share - np.rint(found.share)) > _FRACTION] != FREE
        if low < self.cut and settled.any():
            return self._relaxed(without_shut(near, node.state), node, rounds)
        return low, found.share, prices._replace(share=found.share)

    def _bounded(self, near: Near, node: Node, rounds: _Rounds) -> tuple[float, B1, Prices]:
        """Raise a node's prices; settles node.state."""
        prices = Prices(
            node.price.copy(), node.price.copy(), np.zeros(len(node.price)), node.share.copy(), np.array([rounds.step])
        )
        low, picked, work, _ = raise_prices(
            near,
            node.state,
            self.problem.p,
            prices,
            -math.inf,
            self.best,
            self.cut,
            rounds.most,
            rounds.patience,
            rounds.smooth,
        )
        self.run.spend(work / PAIRS_PER_WORK)
        return low, picked, prices


def _reach(problem: Median) -> F64:
    """(D) cost beyond which no price goes; infinite where prices reach all sites."""
    demands, sites = problem.cost.shape
    k = int(_REACH * sites / max(1, problem.p)) + _REACH_MORE
    if k >= sites - 1:
        return np.full(demands, np.inf)
    blocks = [np.partition(problem.cost[i : i + _BLOCK], k, axis=1)[:, k] for i in range(0, demands, _BLOCK)]
    return np.concatenate(blocks)


def _flags(which: I64, count: int) -> B1:
    out = np.zeros(count, np.bool_)
    out[which] = True
    return out
