"""Turn restrictions that lead over streets (`via` is a way or several): who came by which street may not go on where.

Whoever drives the first streets of a restriction is in a state of its own, told by these streets: the longest of such
beginnings that ends his way so far, as in the automaton of Aho and Corasick (1975, doi:10.1145/360825.360855). An edge
has a copy for every state in which it can be driven, so that searches need to know of edges alone.

A directed edge is a number here: its segment s forward, s + S backward, of S segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from network.io.ways import TurnRule
from network.part import I64, Bools
from network.units import CLOSED

Walk = tuple[int, ...]
"""Directed edges, each beginning where the one before ends."""


@dataclass(frozen=True, eq=False)
class ViaRule:
    """A walk nobody may take, or that everybody on its first edge must take to its end."""

    id: str
    walk: Walk
    only: bool
    bound: Bools
    """(M) the modes it binds."""

    def forbids(self, walk: Walk) -> bool:
        """Whether the last edge of a walk may not follow upon those before."""
        if not self.only:
            return walk[-len(self.walk) :] == self.walk
        begun = (i for i in range(1, len(self.walk)) if walk[-i - 1 : -1] == self.walk[:i])
        return any(walk[-1] != self.walk[i] for i in begun)


class States:
    """What has to be known of the way so far, of all rules together."""

    def __init__(self, rules: Sequence[ViaRule], modes: int) -> None:
        self._known = [
            {rule.walk[:i] for rule in rules if rule.bound[m] for i in range(2, len(rule.walk))} for m in range(modes)
        ]
        self.walks: list[Walk] = sorted(set[Walk]().union(*self._known))
        """Each a copy of its last edge."""

    def after(self, walk: Walk, mode: int) -> Walk:
        """The state of a mode that has gone a walk: its last edge alone where nothing before it counts."""
        known = self._known[mode]
        return next((walk[-i:] for i in range(len(walk), 1, -1) if walk[-i:] in known), walk[-1:])


class ViaFinder:
    """Restrictions as walks over the segments (S) of `way` (S) between points `ends` (2, S), as the modes find them."""

    def __init__(self, way: Sequence[str], line: I64, ends: I64, time_ms: npt.NDArray[np.int64]) -> None:
        self._line = line
        self._tail, self._head = ends.ravel(), ends[::-1].ravel()
        self._open = (time_ms != CLOSED).reshape(len(time_ms), -1)
        self._segments: dict[str, list[int]] = {}
        for segment, name in enumerate(way):
            self._segments.setdefault(name, []).append(segment)

    def rule(self, turn: TurnRule, bound: Bools, *, only: bool) -> ViaRule | None:
        """The one walk that a restriction means; None where there is none, or more than one.

        It binds only modes that may go all of it: no other can be meant.
        """
        walks = [w for w in self._walks(turn) if (bound & self._open[:, w].all(axis=1)).any()]
        if len(walks) != 1:
            return None
        return ViaRule(turn.id, walks[0], only, bound & self._open[:, walks[0]].all(axis=1))

    def points(self, rule: ViaRule) -> list[int]:
        """Where each edge of a rule ends but the last."""
        return [int(self._head[edge]) for edge in rule.walk[:-1]]

    def _walks(self, turn: TurnRule) -> Iterator[Walk]:
        for over in self._over(turn.via_ways):
            for into in self._edges(turn.from_id):
                if self._head[into] != self._tail[over[0]]:
                    continue
                yield from (
                    (into, *over, out) for out in self._edges(turn.to_id) if self._tail[out] == self._head[over[-1]]
                )

    def _over(self, ways: Iterable[str]) -> list[Walk]:
        """The ways in this order, each from end to end."""
        walks: list[Walk] = [()]
        for way in ways:
            segments = self._segments.get(way, [])
            there = tuple(segments)
            back = tuple(s + len(self._line) for s in reversed(segments))
            whole = [w for w in (there, back) if w and len(set(self._line[segments])) == 1 and self._joined(w)]
            walks = [walk + more for walk in walks for more in whole if self._joined((*walk[-1:], more[0]))]
        return walks

    def _joined(self, walk: Walk) -> bool:
        edges = np.array(walk)
        return bool((self._head[edges[:-1]] == self._tail[edges[1:]]).all())

    def _edges(self, way: str) -> list[int]:
        segments = self._segments.get(way, [])
        return segments + [s + len(self._line) for s in segments]
