"""What owners risk who share their spaces: whether their own cars find one, while a window lasts and after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.city import City
from network.kernels.overflow import overflow_shares, standing_tables
from network.parking_rules import ParkingRules
from network.part import F64, I64, Bools
from network.units import SLOT_H, SLOTS


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


def rows_of(city: City) -> SharingRows:
    """The rows of all lots: in the half-hours of windows `room` counts, in those after a window also `overflow`."""
    lots, rules, free = city.lots, city.parking, room(city)
    rows = _kinds(_masks(rules.window), _masks(_ended_within(rules)))
    days, slots = free.shape[0] * free.shape[1], np.concatenate([kind.slots for kind in rows])
    lot, day = (np.repeat(x.ravel(), len(slots)) for x in np.indices(free.shape[:2]))
    at = lot, day, np.tile(slots, days)
    first = np.append(0, np.cumsum(np.tile([len(kind.slots) for kind in rows], days)))
    most = [free[:, :, inside].min(axis=2).ravel() for inside in rules.window]
    late_most = [sum(m for g, m in enumerate(most) if kind.closed >> g & 1) for kind in rows]
    room_for = np.stack([np.broadcast_to(x, days) for x in late_most], axis=1).ravel() + 1
    starts = np.append(0, np.cumsum(room_for))
    table, length = standing_tables(
        first, lots.own_mean[at], lots.own_sd[at], lots.own_arrivals[at], _spaces(city)[lot], _limit(city)[lot],
        late_cars(city)[at], lots.shared[at].astype(np.int64), free[at], starts,
        float(rules.late_share), float(rules.overflow_share),
    )  # fmt: skip
    used = np.arange(starts[-1]) - np.repeat(starts[:-1], room_for) < np.repeat(length, room_for)
    return SharingRows(
        row_first=np.arange(days + 1) * len(rows),
        row_active=np.tile([kind.active for kind in rows], days),
        row_closed=np.tile([kind.closed for kind in rows], days),
        row_base=np.maximum.reduceat(lots.shared[at].astype(np.int64), first[:-1]),
        table_first=np.append(0, np.cumsum(length)),
        table=table[used],
    )


class _Kind(NamedTuple):
    """Half-hours in which windows of the same groups last, and of the same have just ended; masks of groups."""

    active: int
    closed: int
    slots: I64


def _kinds(active: I64, closed: I64) -> list[_Kind]:
    """Those of the windows alone, then those after a window; of half-hours' masks (48)."""
    inside = [_Kind(a, 0, np.flatnonzero(active == a)) for a in np.unique(active[active > 0]).tolist()]
    both = np.unique(np.column_stack((active, closed))[closed > 0], axis=0).tolist()
    return inside + [_Kind(a, c, np.flatnonzero((active == a) & (closed == c))) for a, c in both]


def _masks(groups: Bools) -> I64:
    """(48) bit masks of groups (G, 48)."""
    return np.asarray((groups.astype(np.int64) << np.arange(len(groups))[:, None]).sum(axis=0))


def _ended_within(rules: ParkingRules) -> Bools:
    """(G, 48) whether a window of a group ended within late_h."""
    ends = np.round(rules.window_h[:, 1] / SLOT_H).astype(np.int64)
    return np.asarray((np.arange(SLOTS) - ends[:, None]) % SLOTS < late_slots(rules))


def _spaces(city: City) -> I64:
    return city.lots.spaces.astype(np.int64)


def _limit(city: City) -> I64:
    """(L) spaces that are not reserved."""
    return np.asarray(np.maximum(_spaces(city) - city.lots.reserve, 0))
