"""Crossings where not everybody may turn or pass as they like: nodes of their own, and turns between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from network.io.rules import RoadRules, passable, turn_rule
from network.io.via_ways import States, ViaFinder, ViaRule, Walk
from network.io.ways import TurnRule, Ways
from network.part import I32, I64, Bools
from network.units import CLOSED, NETWORK_MODES

MODES = len(NETWORK_MODES)


@dataclass(eq=False, kw_only=True)
class Crossings:
    """Nodes (N) where segments (S) begin and end, and the turns (T) between nodes of one crossing."""

    point: I64
    """(N) point of the ways each node lies at."""
    tail: I64
    """(2, S) node where the forward and the backward edge of each segment starts."""
    head: I64
    """(2, S) node where it ends."""
    turn_tail: I64
    turn_head: I64
    turn_open: Bools
    """(M, T) modes that may take the turn."""
    copies: I64 = field(default_factory=lambda: np.zeros((4, 0), np.int64))
    """(4, C) tail, head, and 0 for forward or 1 for backward and the segment of the edge they are copies of."""
    gates: I64 = field(default_factory=lambda: np.zeros((3, 0), np.int64))
    """(3, Q) node at which one arrives who ends on an edge that has copies, and that edge, as above."""
    turn_rules: int = 0
    """Turn restrictions that are obeyed."""
    barriers: int = 0
    """Crossings that at least one mode may not pass."""
    unread: list[str] = field(default_factory=list)
    """Ids of turn restrictions that do not fit the streets."""


@dataclass(frozen=True, eq=False)
class _Meeting:
    """One point where segments end: end i belongs to `segment[i]`, at its tail where `side[i]` is 0, else its head."""

    end: I64
    segment: I64
    side: I64
    arriving: Bools
    """(k, M) whether a mode may arrive by this end."""
    leaving: Bools


@dataclass(frozen=True, eq=False, kw_only=True)
class _Gadget:
    """Nodes of a crossing where one arrives in i and leaves in j ways, numbered from 0, and the turns (T) between."""

    nodes: int
    arrive: I32
    """(i) node to arrive at."""
    leave: I32
    """(j) node to leave from."""
    turn_tail: I64
    turn_head: I64
    turn_open: Bools
    """(T, M)."""


def crossings_of(ways: Ways, rules: RoadRules, line: I64, ends: I64, time_ms: npt.NDArray[np.int64]) -> Crossings:
    """Crossings of segments of `line` (S) between points `ends` (2, S), with times by mode and direction (M, 2, S).

    A plain crossing is one node. At a barrier, or where turns are restricted, ends from which the same turns are
    allowed share a node to arrive at, ends into which the same turns are allowed share one to leave from, and what is
    allowed between them is a turn. Turning back into the same street is allowed where no rule forbids it.
    """
    point, place = np.unique(ends, return_inverse=True)
    place = place.reshape(ends.shape)
    made = Crossings(
        point=point,
        tail=place.copy(),
        head=place[::-1].copy(),
        turn_tail=np.zeros(0, np.int64),
        turn_head=np.zeros(0, np.int64),
        turn_open=np.zeros((MODES, 0), np.bool_),
    )
    stops, via = _stops(ways, rules), _rules_by_point(ways, rules, made)
    over = _Over(ways, rules, made, (line, ends, time_ms))
    special = np.array(sorted({*stops, *via, *over.rules}), np.int64)
    special = special[np.isin(special, point)]
    made.unread += [rule.id for p in set(via) - set(special.tolist()) for rule, _, _ in via[p]]
    extra: list[int] = []
    tails: list[I64] = []
    heads: list[I64] = []
    open_: list[Bools] = []
    known: dict[tuple[bytes, int], _Gadget] = {}
    for at, meeting in zip(special, _meetings(place, np.searchsorted(point, special), time_ms), strict=True):
        allowed = _at_point(
            meeting, stops.get(int(at)), [ways.id[line[s]] for s in meeting.segment], via.get(int(at), ()), made
        )
        allowed = over.allowed(int(at), meeting, allowed)
        if allowed.all():
            continue
        if (key := (allowed.tobytes(), len(allowed))) not in known:
            known[key] = _gadget(allowed)
        gadget, ends_here = known[key], len(meeting.end)
        base = len(point) + len(extra)
        extra += [int(at)] * gadget.nodes
        made.head[1 - meeting.side, meeting.segment] = base + gadget.arrive[:ends_here]
        made.tail[meeting.side, meeting.segment] = base + gadget.leave[:ends_here]
        over.settle(int(at), base + gadget.arrive[ends_here:], base + gadget.leave[ends_here:])
        tails.append(base + gadget.turn_tail)
        heads.append(base + gadget.turn_head)
        open_.append(gadget.turn_open)
    made.point = np.concatenate([point, np.array(extra, np.int64)])
    if extra:
        made.turn_tail, made.turn_head = np.concatenate(tails), np.concatenate(heads)
        made.turn_open = np.concatenate(open_).T
    made.copies, made.gates = over.made()
    return made


def _at_point(
    meeting: _Meeting, may_pass: Bools | None, ids: list[str], ruled: Iterable[_Ruled], made: Crossings
) -> Bools:
    """The turns (k, k, M) that barriers and rules over the point allow; rules are counted or told in `made`."""
    allowed = np.ones((len(meeting.end), len(meeting.end), MODES), np.bool_)
    if may_pass is not None and len(meeting.end) > 1:
        allowed[:, :, ~may_pass] = np.eye(len(meeting.end), dtype=bool)[:, :, None]
        made.barriers += 1
    for rule in ruled:
        if _forbid(allowed, meeting, ids, rule):
            made.turn_rules += 1
        else:
            made.unread.append(rule[0].id)
    return allowed


class _Over:
    """Restrictions over streets at the points where the streets of each meet, and the copies of edges they need."""

    def __init__(
        self, ways: Ways, rules: RoadRules, made: Crossings, streets: tuple[I64, I64, npt.NDArray[np.int64]]
    ) -> None:
        self.rules: dict[int, list[ViaRule]] = {}
        line, ends, time_ms = streets
        self._count, found = len(line), []
        turns = [turn for turn in ways.turns if turn.via_ways]
        if turns:
            finder = ViaFinder([ways.id[w] for w in line], line, ends, time_ms)
        for turn in turns:
            kind, bound = turn_rule(turn.tags, rules) or ("", ())
            if kind and not any(bound):
                continue
            rule = finder.rule(turn, np.array(bound, np.bool_), only=kind == "only") if kind else None
            if rule is None:
                made.unread.append(turn.id)
                continue
            found.append(rule)
            for point in finder.points(rule):
                self.rules.setdefault(point, []).append(rule)
        made.turn_rules += len(found)
        self._states = States(found, MODES)
        self._tail, self._head = (dict.fromkeys(self._states.walks, -1) for _ in range(2))
        self._gate = {w[-1]: -1 for w in self._states.walks}
        self._from, self._to = (
            _by_point(self._states.walks, ends.ravel()),
            _by_point(self._states.walks, ends[::-1].ravel()),
        )

    def allowed(self, point: int, at: _Meeting, turns: Bools) -> Bools:
        """The turns (k, k, M) of a point, with rows for the copies that end there as well.

        Columns follow for the copies that begin there, then for the gates of the edges they are copies of.
        """
        if point not in self.rules:
            return turns
        ends_here, begin_here = self._to.get(point, []), self._from.get(point, [])
        into: list[Walk] = [(int(e),) for e in (at.segment + (1 - at.side) * self._count)] + ends_here
        onto: list[Walk] = [(int(e),) for e in (at.segment + at.side * self._count)]
        row, column = (
            {w[0]: i for i, w in enumerate(into[: len(onto)])},
            {w: j for j, w in enumerate(onto + begin_here)},
        )
        gate = {e: len(column) + i for i, e in enumerate(dict.fromkeys(w[-1] for w in begin_here))}
        out = np.zeros((len(into), len(column) + len(gate), MODES), np.bool_)
        for i, walk in enumerate(into):
            for j, m in np.argwhere(turns[row[walk[-1]]]):
                further = (*walk, *onto[j])
                if any(rule.bound[m] and rule.forbids(further) for rule in self.rules[point]):
                    continue
                out[i, column[self._states.after(further, m)], m] = True
                if further[-1] in gate:
                    out[i, gate[further[-1]], m] = True
        return out

    def settle(self, point: int, arrive: I32, leave: I32) -> None:
        """Remember the nodes of the copies and gates in `allowed`."""
        begin_here = self._from.get(point, [])
        self._head.update(zip(self._to.get(point, []), arrive.tolist(), strict=True))
        self._tail.update(zip(begin_here, leave[: len(begin_here)].tolist(), strict=True))
        self._gate.update(zip(dict.fromkeys(w[-1] for w in begin_here), leave[len(begin_here) :].tolist(), strict=True))

    def made(self) -> tuple[I64, I64]:
        """Copies and gates of `Crossings`."""
        of = np.array([w[-1] for w in self._states.walks], np.int64)
        gated = np.array(list(self._gate), np.int64)
        return (
            np.stack([[*self._tail.values()], [*self._head.values()], *np.divmod(of, self._count or 1)]).astype(
                np.int64
            ),
            np.stack([[*self._gate.values()], *np.divmod(gated, self._count or 1)]).astype(np.int64),
        )


def _by_point(walks: list[Walk], point: I64) -> dict[int, list[Walk]]:
    """Walks by the point (2 S) of their last edge."""
    out: dict[int, list[Walk]] = {}
    for walk in walks:
        out.setdefault(int(point[walk[-1]]), []).append(walk)
    return out


def _stops(ways: Ways, rules: RoadRules) -> dict[int, Bools]:
    """Points that some mode may not pass, and who may."""
    out = {}
    for point, tags in ways.point_tags.items():
        may = np.array(passable(tags, rules), np.bool_)
        if not may.all():
            out[point] = may
    return out


_Ruled = tuple[TurnRule, bool, Bools]
"""A turn rule, whether only this turn is allowed, and the modes it binds."""


def _rules_by_point(ways: Ways, rules: RoadRules, made: Crossings) -> dict[int, list[_Ruled]]:
    out: dict[int, list[_Ruled]] = {}
    for rule in ways.turns:
        if rule.via_ways:
            continue
        read = turn_rule(rule.tags, rules)
        if read is None:
            made.unread.append(rule.id)
        elif any(read[1]):
            out.setdefault(rule.via, []).append((rule, read[0] == "only", np.array(read[1], np.bool_)))
    return out


def _meetings(place: I64, special: I64, time_ms: npt.NDArray[np.int64]) -> Iterator[_Meeting]:
    """The segment ends at each special point."""
    segments = place.shape[1]
    end = np.argsort(place.ravel(), kind="stable")
    low, high = (np.searchsorted(place.ravel()[end], special, side) for side in ("left", "right"))
    is_open = time_ms != CLOSED
    for start, stop in zip(low, high, strict=True):
        here = end[start:stop]
        side, segment = here // segments, here % segments
        yield _Meeting(
            end=here,
            segment=segment,
            side=side,
            arriving=is_open[:, 1 - side, segment].T,
            leaving=is_open[:, side, segment].T,
        )


def _forbid(allowed: Bools, at: _Meeting, ids: list[str], ruled: _Ruled) -> bool:
    """Take away, in place, the turns that a rule forbids; False where it does not say which street it means."""
    rule, only, bound = ruled
    into = [i for i, way in enumerate(ids) if way == rule.from_id and (at.arriving[i] & bound).any()]
    onto = [j for j, way in enumerate(ids) if way == rule.to_id and (at.leaving[j] & bound).any()]
    if len(into) != 1 or not onto:
        return False
    about = [kind for key, kind in rule.tags.items() if key != "except"]
    if rule.from_id == rule.to_id and any(kind.endswith("u_turn") for kind in about):
        onto = into
    if len(onto) != 1:
        return False
    forbidden = np.zeros(len(ids), np.bool_)
    forbidden[onto] = True
    forbidden ^= only
    allowed[into[0]][np.ix_(np.flatnonzero(forbidden), np.flatnonzero(bound))] = False
    return True


def _gadget(allowed: Bools) -> _Gadget:
    """Nodes and turns for the turns allowed (i, j, M)."""
    arrive, leave = _classes(allowed), _classes(allowed.transpose(1, 0, 2))
    one_of_each = np.ix_(np.unique(arrive, return_index=True)[1], np.unique(leave, return_index=True)[1])
    may = allowed[one_of_each]
    tail, head = np.nonzero(may.any(axis=2))
    return _Gadget(
        nodes=sum(may.shape[:2]),
        arrive=arrive,
        leave=may.shape[0] + leave,
        turn_tail=tail,
        turn_head=may.shape[0] + head,
        turn_open=may[tail, head],
    )


def _classes(allowed: Bools) -> I32:
    """(k) equal numbers for equal rows, counted in order of first use."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), len(seen)) for row in allowed], np.int32)
