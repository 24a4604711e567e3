"""What owners risk who share their spaces: whether their own cars find one, while a window lasts and after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.city import City
from network.demand.lot_windows import group_windows, slots_of
from network.kernels.overflow import overflow_shares, standing_tables
from network.parking_rules import ParkingRules
from network.part import F64, I64, Bools
from network.units import DAY_TYPES, SLOT_H, SLOTS


@dataclass(frozen=True, eq=False, kw_only=True)
class SharingRows:
    """What every lot can take besides what it shares already: rows of lot l on day type d are
    row_first[3 l + d]:row_first[3 l + d + 1].

    A row is kept by spaces n[g] for groups g if the sum of those in `active` is at most the entry of its table at the
    sum of those in `closed`, which the table has. Masks have bit g for group g of units.PARKERS.
    """

    row_first: I64
    """(3 L + 1)"""
    row_active: I64
    """(Q) groups in whose windows the half-hours of the row are."""
    row_closed: I64
    """(Q) groups whose windows ended within late_h before them; 0 where the row speaks of the windows alone."""
    row_base: I64
    """(Q) most spaces that are shared already in the half-hours of the row."""
    table_first: I64
    """(Q + 1)"""
    table: I64


def room(city: City) -> I64:
    """(L, 3, 48) spaces that may be shared besides those that are: what the quantile of the owner's cars leaves."""
    lots = city.lots
    left = (lots.spaces - lots.reserve)[:, None, None] - lots.own_high
    return np.asarray(np.where(lots.open, np.maximum(np.floor(left) - lots.shared, 0.0), 0.0).astype(np.int64))


def late_slots(rules: ParkingRules) -> int:
    """Half-hours for which a car may be late."""
    return math.ceil(float(rules.late_h) / SLOT_H)


def late_cars(city: City) -> I64:
    """(L, 3, 48) shared spaces whose windows ended within late_h: so many cars may still stand there."""
    out = np.zeros(city.lots.ended.shape, np.int64)
    for k in range(late_slots(city.parking)):
        out += np.roll(city.lots.ended, k, axis=2)
    return out


def overflow(city: City, where: Bools | None = None) -> F64:
    """(L, 3, 48) probability that the owner's cars and those that share are more than the spaces not reserved.

    After a window the owner's cars are those that stand there and all that come in the half-hour; late are all that may
    be, each with late_share, for all of late_h. In the other half-hours of windows those who come take the spaces of
    those who leave, as `room` has it. 0 where nothing is shared and nobody late, and not in `where`.
    """
    lots, late = city.lots, late_cars(city)
    asked = (late > 0) | (lots.shared > 0)
    if where is not None:
        asked = asked & where
    out = np.zeros(asked.shape)
    if asked.any():
        at = np.nonzero(asked)
        numbers = lots.own_mean[at], lots.own_sd[at], np.where(late > 0, lots.own_arrivals, 0.0)[at]
        counts = _spaces(city)[at[0]], _limit(city)[at[0]], late[at], lots.shared[at].astype(np.int64)
        out[at] = overflow_shares(*numbers, *counts, float(city.parking.late_share))
    return out


def worst_after(city: City) -> F64:
    """(L) largest `overflow` of the half-hours after a window, which overflow_share limits."""
    return np.asarray(overflow(city, late_cars(city) > 0).max(axis=(1, 2), initial=0.0))


def worst_inside(city: City) -> F64:
    """(L) largest `overflow` of the other half-hours in which spaces are shared, where `room` is the limit."""
    return np.asarray(overflow(city, late_cars(city) == 0).max(axis=(1, 2), initial=0.0))


def rows_of(city: City, windows: I64 | None = None) -> SharingRows:
    """The rows of all lots: in the half-hours of windows `room` counts, in those after a window also `overflow`.

    `windows` (L, 3, G, 2) are those of groups in each lot, as `group_windows` has them.
    """
    lots, rules, free = city.lots, city.parking, room(city).reshape(-1, SLOTS)
    windows = group_windows(city) if windows is None else windows
    patterns, which = np.unique(windows.reshape(len(free), windows.shape[2] * 2), axis=0, return_inverse=True)
    which = which.ravel()
    own = patterns.reshape(-1, *windows.shape[2:])
    kinds_of = [_kinds(pattern, late_slots(rules)) for pattern in own]
    rows = [(day, kind) for day, k in enumerate(which.tolist()) for kind in kinds_of[k]]
    sizes = np.array([len(kind.slots) for _, kind in rows], np.int64)
    day = np.repeat(np.array([day for day, _ in rows], np.int64), sizes)
    slot = np.concatenate([kind.slots for _, kind in rows]) if rows else np.zeros(0, np.int64)
    lot, at = day // len(DAY_TYPES), (day // len(DAY_TYPES), day % len(DAY_TYPES), slot)
    first = np.append(0, np.cumsum(sizes))
    most = _widest(free, slots_of(own)[which])
    late_most = [most[day, _groups(kind.closed)].sum() for day, kind in rows]
    room_for = np.array(late_most, np.int64) + 1
    starts = np.append(0, np.cumsum(room_for))
    never = np.repeat(np.array([kind.never for _, kind in rows], np.bool_), sizes)
    table, length = standing_tables(
        first, lots.own_mean[at], lots.own_sd[at], lots.own_arrivals[at], _spaces(city)[lot], _limit(city)[lot],
        late_cars(city)[at], lots.shared[at].astype(np.int64), np.where(never, 0, free[day, slot]), starts,
        float(rules.late_share), float(rules.overflow_share),
    )  # fmt: skip
    used = np.arange(starts[-1]) - np.repeat(starts[:-1], room_for) < np.repeat(length, room_for)
    base = np.maximum.reduceat(lots.shared[at].astype(np.int64), first[:-1]) if rows else np.zeros(0, np.int64)
    return SharingRows(
        row_first=np.append(0, np.cumsum([len(kinds_of[k]) for k in which.tolist()])).astype(np.int64),
        row_active=np.array([kind.active for _, kind in rows], np.int64),
        row_closed=np.array([kind.closed for _, kind in rows], np.int64),
        row_base=base,
        table_first=np.append(0, np.cumsum(length)),
        table=table[used],
    )


class _Kind(NamedTuple):
    """Half-hours in which windows of the same groups last, and of the same have just ended; masks of groups."""

    active: int
    closed: int
    slots: I64
    never: bool = False
    """Of a group without a window, which has no room at any time."""


def _kinds(windows: I64, late: int) -> list[_Kind]:
    """Those of the windows (G, 2) alone, then those after a window, within so many half-hours."""
    has = windows[:, 1] > windows[:, 0]
    ended = has[:, None] & ((np.arange(SLOTS) - windows[:, 1:]) % SLOTS < late)
    active, closed = _masks(slots_of(windows)), _masks(ended)
    none = [_Kind(1 << g, 0, np.zeros(1, np.int64), never=True) for g in np.flatnonzero(~has).tolist()]
    inside = [_Kind(a, 0, np.flatnonzero(active == a)) for a in np.unique(active[active > 0]).tolist()]
    both = np.unique(np.column_stack((active, closed))[closed > 0], axis=0).tolist()
    after = [_Kind(a, c, np.flatnonzero((active == a) & (closed == c))) for a, c in both]
    return none + inside + after


def _widest(free: I64, inside: Bools) -> I64:
    """(N, G) least room (N, 48) in each group's half-hours (N, G, 48); 0 where it has none."""
    least = np.where(inside, free[:, None], np.iinfo(np.int64).max).min(axis=2)
    return np.asarray(np.where(inside.any(axis=2), least, 0))


def _groups(mask: int) -> list[int]:
    return [g for g in range(mask.bit_length()) if mask >> g & 1]


def _masks(groups: Bools) -> I64:
    """(48) bit masks of groups (G, 48)."""
    return np.asarray((groups.astype(np.int64) << np.arange(len(groups))[:, None]).sum(axis=0))


def _spaces(city: City) -> I64:
    return city.lots.spaces.astype(np.int64)


def _limit(city: City) -> I64:
    """(L) spaces that are not reserved."""
    return np.asarray(np.maximum(_spaces(city) - city.lots.reserve, 0))
