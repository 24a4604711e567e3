"""Bus lines that rail entrances have in both directions, which a plan of stops may not take from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from network import City, Coverage, units

_BOTH: Final = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Kept:
    """One line of each counted entrance that has one both ways, or one with a single direction: that of most poles."""

    row: Mapping[tuple[int, int], int]
    """Row of an entrance and a direction of its line."""
    lines: Mapping[int, frozenset[int]]
    """Directions of bus lines at each stop."""

    def rows(self, entrances: Iterable[int], lines: Iterable[int]) -> frozenset[int]:
        """Rows that a stop within reach of these entrances covers if these directions call there."""
        called = frozenset(lines)
        return frozenset(self.row[e, line] for e in entrances for line in called if (e, line) in self.row)


def kept(city: City, coverage: Coverage, near: Mapping[int, Iterable[int]], first_row: int) -> Kept:
    """What is to be kept, with rows from `first_row` on. near: entrances within entrance_m of each bus stop."""
    lines, pairs = _lines(city), list[tuple[int, int]]()
    poles: dict[int, Counter[int]] = {e: Counter() for e in _both_ways(coverage)}
    for stop, entrances in near.items():
        for e in entrances:
            if e in poles:
                poles[e].update(lines.get(stop, ()))
    _, name = np.unique(city.transit.line_name, return_inverse=True)
    directions = Counter(int(name[line]) for line in frozenset[int]().union(*lines.values()))
    for e, count in poles.items():
        best: tuple[int, list[int]] = 0, []
        for one in sorted({int(name[line]) for line in count}):
            its = sorted((line for line in count if name[line] == one), key=lambda line: (-count[line], line))
            its = its[: min(directions[one], _BOTH)]
            if len(its) == min(directions[one], _BOTH) and count[its[-1]] > best[0]:
                best = count[its[-1]], its
        pairs += [(e, line) for line in best[1]]
    return Kept(row={pair: first_row + k for k, pair in enumerate(pairs)}, lines=lines)


def _both_ways(coverage: Coverage) -> list[int]:
    return np.flatnonzero(coverage.entrance_counts & coverage.entrance_both_ways).tolist()


def _lines(city: City) -> dict[int, frozenset[int]]:
    """Directions of bus lines in which riders get on or off at each stop."""
    t = city.transit.running
    line = np.repeat(t.pattern_line, np.diff(t.pattern_first))
    some = (city.transit.line_mode[line] == units.BUS) & (t.call_boards | t.call_alights)
    out: dict[int, set[int]] = {}
    for stop, at in np.column_stack((t.call_stop, line))[some].tolist():
        out.setdefault(stop, set()).add(at)
    return {stop: frozenset(lines) for stop, lines in out.items()}
