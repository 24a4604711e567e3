"""When each group may stand in each lot: all through its own window, or in what a table of the lots' leaves of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from network.city import City
from network.edits.base import Refused, position_of
from network.edits.parking import days_of, window_of
from network.errors import InputError, Problem
from network.part import I64, Bools
from network.units import DAY_TYPES, PARKERS, SLOT_H, SLOTS


@dataclass(frozen=True, kw_only=True)
class LotWindow:
    """When a lot may be shared on days of some types. A lot that has any such row is shared in its rows alone."""

    lot: str
    start: str
    end: str
    """Times such as 18:00; those past 24:00 are of the next morning."""
    days: tuple[str, ...] = DAY_TYPES
    group: str = ""
    """As in units.PARKERS; empty for all that have no row of their own in the lot."""


def group_windows(city: City, given: Sequence[LotWindow] = ()) -> I64:
    """(L, 3, G, 2) half-hours at which a group's window in a lot begins and ends, past 48 on the next morning; the same
    where it has none.

    It is the longest part of parking.window_h in which the rows of the lot let it and the lot is open; of lots without
    rows all of it. Raises InputError naming rows of unknown lots, groups, days or times, and those that no window of a
    group they are for has a half-hour in.
    """
    own = np.round(city.parking.window_h / SLOT_H).astype(np.int64)
    out = np.broadcast_to(own, (len(city.lots.id), len(DAY_TYPES), *own.shape)).copy()
    allowed: dict[int, Bools] = {}
    problems = []
    for i, row in enumerate(given):
        try:
            at, named, days, slots = _read(city, row, own)
        except Refused as error:
            problems.append(Problem(f"windows {i} ({row.lot!r})", error.what, error.hint))
            continue
        here = allowed.setdefault(at, np.zeros((1 + len(PARKERS), len(DAY_TYPES), SLOTS), np.bool_))
        here[named, days] |= slots
    if problems:
        raise InputError(problems)
    for at, here in allowed.items():
        for g, (first, last) in enumerate(own.tolist()):
            mine = here[g] if here[g].any() else here[-1]
            out[at, :, g] = [_longest(first, last, day) for day in mine & city.lots.open[at]]
    return out


def slots_of(windows: I64) -> Bools:
    """(..., 48) half-hours of windows (..., 2)."""
    first, last = windows[..., :1], windows[..., 1:]
    return np.asarray((np.arange(SLOTS) - first) % SLOTS < last - first)


def _read(city: City, row: LotWindow, own: I64) -> tuple[int, int, list[int], Bools]:
    """Lot, group or -1 for all, days and half-hours of a row."""
    at, days, slots = position_of(city.lots.id, row.lot, "lot"), days_of(row.days), window_of(row.start, row.end)
    if row.group and row.group not in PARKERS:
        raise Refused(f"group is {row.group!r}", f"use {', '.join(PARKERS)}, or leave it empty for all")
    named = PARKERS.index(row.group) if row.group else -1
    if not (slots_of(own if named < 0 else own[named : named + 1]) & slots).any():
        who = row.group or "anybody"
        raise Refused(f"{row.start} to {row.end} is never wanted by {who}", "see parking.window_h for who comes when")
    return at, named, days, slots


def _longest(first: int, last: int, allowed: Bools) -> tuple[int, int]:
    """The longest run of allowed half-hours from `first` on and before `last`, the earliest of several."""
    best, start = (first, first), first
    for t in range(first, last):
        if not allowed[t % SLOTS]:
            start = t + 1
        elif t + 1 - start > best[1] - best[0]:
            best = start, t + 1
    return best
