"""Crossings where not everybody may turn or pass as they like: nodes of their own, and turns between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from network.io.rules import RoadRules, passable, turn_rule
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
    """Nodes of a crossing of k ends, numbered from 0, and the turns (T) between them."""

    nodes: int
    arrive: I32
    """(k) node to arrive at by each end."""
    leave: I32
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
    special = np.array(sorted({*stops, *via}), np.int64)
    special = special[np.isin(special, point)]
    made.unread += [rule.id for p in set(via) - set(special.tolist()) for rule, _, _ in via[p]]
    extra: list[int] = []
    tails: list[I64] = []
    heads: list[I64] = []
    open_: list[Bools] = []
    known: dict[bytes, _Gadget] = {}
    for at, meeting in zip(special, _meetings(place, np.searchsorted(point, special), time_ms), strict=True):
        allowed = np.ones((len(meeting.end), len(meeting.end), MODES), np.bool_)
        if at in stops and len(meeting.end) > 1:
            allowed[:, :, ~stops[at]] = np.eye(len(meeting.end), dtype=bool)[:, :, None]
            made.barriers += 1
        ids = [ways.id[line[s]] for s in meeting.segment]
        for ruled in via.get(int(at), ()):
            if _forbid(allowed, meeting, ids, ruled):
                made.turn_rules += 1
            else:
                made.unread.append(ruled[0].id)
        if allowed.all():
            continue
        if (key := allowed.tobytes()) not in known:
            known[key] = _gadget(allowed)
        gadget = known[key]
        base = len(point) + len(extra)
        extra += [int(at)] * gadget.nodes
        made.head[1 - meeting.side, meeting.segment] = base + gadget.arrive
        made.tail[meeting.side, meeting.segment] = base + gadget.leave
        tails.append(base + gadget.turn_tail)
        heads.append(base + gadget.turn_head)
        open_.append(gadget.turn_open)
    made.point = np.concatenate([point, np.array(extra, np.int64)])
    if extra:
        made.turn_tail, made.turn_head = np.concatenate(tails), np.concatenate(heads)
        made.turn_open = np.concatenate(open_).T
    return made


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
    """Nodes and turns for the turns allowed (k, k, M) from end to end."""
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
