"""Static user equilibrium: traffic on the cheapest ways at the times it causes itself (Wardrop's first principle).

Paths are found as they become cheapest and flow is moved between those of one pair of zones by steps of Newton's
method, as in gradient projection (Jayakrishnan, Tsai, Prashker and Rajadhyaksha 1994, Transportation Research Record
1443, 75-83; Bertsekas and Gafni 1982, doi:10.1007/BFb0120971); times follow the BPR function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.kernels import assignment as kernels
from network.kernels.assignment import Curves, Pairs, Paths, Traffic
from network.kernels.assignment_trees import Streets, least_costs
from network.kernels.lanes import threads
from network.parallel import TURN
from network.part import F64, I32, frozen

GAP = 1e-4
MOST_ROUNDS = 200
_BLOCK = 10
"""Origins priced at the same costs: few, so that later ones see what earlier ones did."""
_MOST_SWEEPS = 20
_SWEPT = 0.02
"""Flow is moved within the known paths until what that can save has fallen to this share of the gap."""
_NEAR = 0.1
"""Differences between paths below this share of the gap are left; new ones below this share of the gap wanted."""
_REFINED = 0.01
"""The gap wanted of a round, as a share of the one before it."""
_NO_NEW_PATHS = 1.0
_NO_ORDER = -1
_UNKNOWN = 1.0
"""No gap is wider."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Links:
    """Directed links (L) of a network whose first nodes are its zones; time = free_s (1 + b (flow / capacity)^power).

    Where `b` is 0 there is no limit, and `capacity` says nothing. `fixed_s` (L) is what a link costs besides its time,
    whatever the flow: a charge, in the seconds it is worth. Nodes before `first_thru_node` are driven from and to,
    never through. Raises InputError naming the rows that are wrong.
    """

    nodes: int
    zones: int
    first_thru_node: int
    tail: I32
    head: I32
    free_s: F64
    capacity: F64
    """Vehicles an hour."""
    b: F64
    power: F64
    fixed_s: F64 = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        count = len(self.tail)
        fixed = self.fixed_s if len(self.fixed_s) else np.zeros(count)
        given = {name: getattr(self, name) for name in ("free_s", "capacity", "b", "power")} | {"fixed_s": fixed}
        columns: dict[str, npt.NDArray[Any]] = {name: np.asarray(values, np.float64) for name, values in given.items()}
        columns |= {name: np.asarray(getattr(self, name)) for name in ("tail", "head")}
        problems = [
            Problem(f"Links.{name}", f"has shape {column.shape}, needs ({count},)")
            for name, column in columns.items()
            if column.shape != (count,)
        ]
        if not 0 <= self.zones <= self.nodes or self.first_thru_node < 0:
            what = (
                f"{self.nodes} nodes, {self.zones} zones and first_thru_node {self.first_thru_node} do not go together"
            )
            problems.append(Problem("Links", what, "the zones are the first nodes"))
        problems = problems or _wrong_rows(self.nodes, columns)
        if problems:
            raise InputError(problems)
        for name, column in columns.items():
            object.__setattr__(self, name, frozen(column.astype(np.int32) if name in {"tail", "head"} else column))

    @cached_property
    def order(self) -> npt.NDArray[np.intp]:
        """(L) links by the node they leave, as the kernels have them."""
        return np.argsort(self.tail, kind="stable")

    @cached_property
    def streets(self) -> Streets:
        first = np.searchsorted(self.tail[self.order], np.arange(self.nodes + 1)).astype(np.int32)
        return Streets(first, self.head[self.order], self.first_thru_node)

    def curves(self, preload: F64) -> Curves:
        """Costs of the sorted links at a flow besides one of others."""
        rise = self.free_s * self.b
        moves = (rise > 0) & (self.power > 0)
        base = self.free_s + self.fixed_s + np.where(moves, 0.0, rise)
        per_capacity = np.where(moves, 1.0 / np.where(moves, self.capacity, 1.0), 0.0)
        columns = (base, np.where(moves, rise, 0.0), per_capacity, self.power, preload)
        return Curves(*(column[self.order] for column in columns))


def _wrong_rows(nodes: int, columns: dict[str, npt.NDArray[Any]]) -> list[Problem]:
    free, capacity, b, power, fixed = (columns[k] for k in ("free_s", "capacity", "b", "power", "fixed_s"))
    tests = [(name, (columns[name] < 0) | (columns[name] >= nodes), "a node") for name in ("tail", "head")]
    tests += [
        (name, ~(np.isfinite(values) & (values >= 0)), "zero or more, and finite")
        for name, values in (("free_s", free), ("b", b), ("power", power), ("fixed_s", fixed))
    ]
    limited = b > 0
    tests.append(("capacity", limited & ~(capacity > 0), "above zero where b is"))
    steep = (power > 0) & (power < 1)
    tests.append(("power", limited & steep, "0, or 1 or more, where b is above zero"))
    return [
        Problem(f"Links.{name}, row {rows[0]}", f"is {columns[name][rows[0]]}", f"{must}; {len(rows)} rows like this")
        for name, wrong, must in tests
        if len(rows := np.flatnonzero(wrong))
    ]


@dataclass(frozen=True, eq=False, kw_only=True)
class Equilibrium:
    """Traffic of a demand, on ways that are the cheapest at the times it causes, up to `gap`.

    `paths` takes 4 bytes a link of a path, 16 a path and 20 a pair of zones.
    """

    links: Links
    flow: F64
    """(L) vehicles an hour of the demand, without what was there before."""
    time_s: F64
    """(L) time at the flow of all."""
    objective: float
    """Beckmann's: the sum over links of the integral of their cost over the flow."""
    gap: float
    """Relative: what drivers could save at these costs, over what they spend."""
    rounds: int
    history: list[tuple[float, float]]
    """Objective and gap after each round; that of the last is measured, those before as costs changed on the way."""
    paths: list[tuple[Pairs, Paths]]
    """Pairs of zones and the paths they use, by blocks of origins; links in the order of `Links.order`."""

    @property
    def cost_s(self) -> F64:
        """(L) time and charge."""
        return self.time_s + self.links.fixed_s

    def skim(self, amount: F64 | None = None) -> F64:
        """(Z, Z) cost of the cheapest ways, infinite where there is none; or the sum of an `amount` (L) along them."""
        links = self.links
        counted = np.zeros(len(self.flow)) if amount is None else np.asarray(amount, np.float64)
        least, total = np.empty((2, links.zones, links.zones))
        tail, order = links.tail[links.order], links.order
        with TURN:
            least_costs(links.streets, tail, self.cost_s[order], counted[order], threads(), least, total)
        return least if amount is None else total


class _Run:
    """The paths of a demand while they are found, with their flows and costs on the sorted links."""

    def __init__(self, links: Links, demand: F64, start: Equilibrium | None, preload: F64) -> None:
        self.links, self.curves = links, links.curves(preload)
        self.tail = links.tail[links.order]
        self.pairs = _blocks_of(demand)
        if start is None:
            self.paths = [_no_paths(len(pairs.goal)) for pairs in self.pairs]
        else:
            self.paths = [
                _scaled(old, paths, pairs) for pairs, (old, paths) in zip(self.pairs, start.paths, strict=True)
            ]
        self.order = [np.full((len(pairs.first) - 1, links.nodes), _NO_ORDER, np.int32) for pairs in self.pairs]
        flow, cost, slope = np.zeros((3, len(links.tail)))
        self.traffic = Traffic(flow, cost, slope)
        self.seen = np.zeros(len(flow), np.int8)
        self.reload()

    def reload(self) -> None:
        """Flows of links anew from those of paths, without what rounding has left."""
        self.traffic.flow[:] = 0.0
        for paths in self.paths:
            kernels.load(paths, 1.0, self.traffic.flow)
        kernels.price(self.curves, self.traffic)

    def seek(self, block: int, spare: float) -> tuple[F64, F64]:
        """Take in the paths cheaper by more than a share; what each pair (P) spends, and what it could save."""
        pairs = self.pairs[block]
        with TURN:
            least, spent, self.paths[block] = kernels.seek(
                self.links.streets,
                self.tail,
                self.traffic.cost,
                pairs,
                self.paths[block],
                spare,
                self.order[block],
                threads(),
            )
        return spent, np.where(np.isfinite(least), spent - pairs.demand * least, np.inf)

    def measure(self) -> float:
        """Relative gap at the costs of now."""
        spent = save = 0.0
        for block in range(len(self.pairs)):
            spends, saves = self.seek(block, _NO_NEW_PATHS)
            spent, save = spent + float(spends.sum()), save + float(saves.sum())
        return _share(save, spent)

    def load_first(self) -> None:
        """Give the pairs without a path the cheapest there is; later blocks see what earlier ones load.

        Raises InputError where there is none.
        """
        lost = []
        for block, pairs in enumerate(self.pairs):
            if np.diff(self.paths[block].first).all():
                continue
            kernels.load(self.paths[block], -1.0, self.traffic.flow)
            _, saves = self.seek(block, _NO_NEW_PATHS)
            kernels.load(self.paths[block], 1.0, self.traffic.flow)
            kernels.price(self.curves, self.traffic)
            none = np.flatnonzero(np.isinf(saves))
            lost += [(o, d) for o, d in zip(_origins(pairs)[none].tolist(), pairs.goal[none].tolist(), strict=True)]
        if lost:
            what = f"{len(lost)} pairs of zones have trips but no way, the first from zone {lost[0][0]} to {lost[0][1]}"
            raise InputError(Problem("demand", what, "take these trips out, or join the zones to the network"))
        self.reload()

    def round(self, gap: float, last: float) -> float:
        """New paths for all, and flow moved from dearer paths to cheaper ones; the gap as costs changed on the way."""
        spent = save = 0.0
        near = _NEAR * max(gap, _REFINED * last)
        for block in range(len(self.pairs)):
            spends, saves = self.seek(block, near)
            spent, save = spent + float(spends.sum()), save + float(saves.sum())
            kernels.even_out(self.paths[block], self.curves, self.traffic, self.seen, near)
        now = _share(save, spent)
        for _ in range(_MOST_SWEEPS if now > gap else 0):
            left = sum(
                kernels.even_out(paths, self.curves, self.traffic, self.seen, _NEAR * now) for paths in self.paths
            )
            if _share(left, spent) <= _SWEPT * now:
                break
        self.reload()
        return now

    @property
    def objective(self) -> float:
        c, flow = self.curves, self.traffic.flow
        total = flow + c.others
        before = c.rise * (c.others * c.per_capacity) ** c.power * c.others
        after = c.rise * (total * c.per_capacity) ** c.power * total
        return float((c.base * flow + (after - before) / (c.power + 1)).sum())

    def time_s(self) -> F64:
        """(L) times by the links as they were given."""
        out = np.empty(len(self.tail))
        out[self.links.order] = self.traffic.cost
        return out - self.links.fixed_s


def equilibrium(
    links: Links,
    demand: F64,
    *,
    gap: float = GAP,
    most_rounds: int = MOST_ROUNDS,
    start: Equilibrium | None = None,
    preload: F64 | None = None,
    progress: Callable[[int, float], bool] | None = None,
) -> Equilibrium:
    """User equilibrium of a demand (Z, Z) [vehicles an hour], up to a relative gap (TSTT - SPTT) / TSTT.

    Trips within a zone stay off the links. `preload` (L) are vehicles of others on the links. `start` is an earlier
    equilibrium on the same links, whose costs and demand may have been others. After each round `progress` is told its
    number and gap and says whether to go on. A wider gap is left where it says no, and after `most_rounds`; what is
    left is `Equilibrium.gap`. The answer does not depend on the number of threads. The search takes 4 bytes a zone and
    node besides what an Equilibrium holds.

    Raises InputError for a demand that is negative, not a number, of another shape, or without a way; a preload of
    such values; a start on other links.
    """
    demand = np.asarray(demand, np.float64)
    others = np.zeros(len(links.tail)) if preload is None else np.asarray(preload, np.float64)
    _check(links, demand, others, start)
    run = _Run(links, demand, start, others)
    run.load_first()
    rounds, history = 0, []
    known = start is not None or not run.traffic.flow.any()
    now = run.measure() if known else _UNKNOWN
    reached, going = now <= gap, True
    while not reached and going and rounds < most_rounds:
        rounds += 1
        now = run.round(gap, now)
        if now <= gap:
            now = run.measure()
            reached = now <= gap
        history.append((run.objective, now))
        going = progress is None or progress(rounds, now)
    if not reached:
        now = run.measure()
        history[-1:] = [(run.objective, now)] * len(history[-1:])
    flow = np.empty(len(links.tail))
    flow[links.order] = run.traffic.flow
    return Equilibrium(
        links=links,
        flow=frozen(flow),
        time_s=frozen(run.time_s()),
        objective=run.objective,
        gap=now,
        rounds=rounds,
        history=history,
        paths=list(zip(run.pairs, run.paths, strict=True)),
    )


def _check(links: Links, demand: F64, preload: F64, start: Equilibrium | None) -> None:
    problems = []
    if demand.shape != (links.zones, links.zones):
        problems.append(Problem("demand", f"has shape {demand.shape}, needs ({links.zones}, {links.zones})"))
    if preload.shape != links.tail.shape:
        problems.append(Problem("preload", f"has shape {preload.shape}, needs ({len(links.tail)},)"))
    for name, values in (("demand", demand), ("preload", preload)):
        wrong = np.argwhere(~(np.isfinite(values) & (values >= 0)))
        if len(wrong):
            where = f"{name}, row {', column '.join(map(str, wrong[0].tolist()))}"
            hint = f"vehicles an hour are zero or more; {len(wrong)} values like this"
            problems.append(Problem(where, f"is {values[tuple(wrong[0])]}", hint))
    if start is not None:
        old = start.links
        same = (old.nodes, old.zones, old.first_thru_node) == (links.nodes, links.zones, links.first_thru_node)
        if not (same and np.array_equal(old.tail, links.tail) and np.array_equal(old.head, links.head)):
            problems.append(Problem("start", "is an equilibrium on other links", "start without it"))
    if problems:
        raise InputError(problems)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _blocks_of(demand: F64) -> list[Pairs]:
    """Pairs of zones with trips, by blocks of origins."""
    apart = demand * ~np.eye(len(demand), dtype=np.bool_)
    blocks = []
    for low in range(0, len(demand), _BLOCK):
        rows = apart[low : low + _BLOCK]
        origin, goal = np.nonzero(rows)
        first = np.searchsorted(origin, np.arange(len(rows) + 1)).astype(np.int64)
        blocks.append(Pairs(low, first, goal.astype(np.int32), rows[origin, goal]))
    return blocks


def _origins(pairs: Pairs) -> npt.NDArray[np.intp]:
    """(P) the zone each pair starts from."""
    return pairs.low + np.repeat(np.arange(len(pairs.first) - 1), np.diff(pairs.first))


def _no_paths(pairs: int) -> Paths:
    return Paths(np.zeros(pairs + 1, np.int64), np.zeros(0), np.zeros(1, np.int64), np.zeros(0, np.int32))


def _scaled(old: Pairs, paths: Paths, new: Pairs) -> Paths:
    """The paths of those pairs that are still there, their flows scaled to the new demand."""
    most = 1 + max(int(old.goal.max(initial=0)), int(new.goal.max(initial=0)))
    was, keys = (_origins(pairs) * most + pairs.goal for pairs in (old, new))
    at = np.searchsorted(keys, was)
    there = np.where(np.append(keys, -1)[at] == was, at, -1)
    pair = np.repeat(there, np.diff(paths.first))
    count = np.diff(paths.link_first)
    stays = pair >= 0
    pair = pair[stays]
    flow = paths.flow[stays]
    had = np.bincount(pair, flow, len(new.goal))
    return Paths(
        np.searchsorted(pair, np.arange(len(new.goal) + 1)).astype(np.int64),
        flow * (new.demand[pair] / had[pair]),
        np.append(0, np.cumsum(count[stays])).astype(np.int64),
        paths.link[np.repeat(stays, count)],
    )
