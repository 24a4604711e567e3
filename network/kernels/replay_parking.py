"""Days in a lot, car by car: each stands on one numbered space until it leaves, or waits for one."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit

Wholes = npt.NDArray[np.int64]

_OWN, _SHARING, _LATE = 0, 1, 2
_FREE, _CARS, _CLASHES = 0, 1, 2
_NOBODY = -1


class _Lot(NamedTuple):
    """Cars by kind: the owner's, those whose window lasts, those that stay on."""

    seat: Wholes
    """(spaces) car on each space."""
    free: Wholes
    """(spaces) free spaces, the first tally[_FREE] of these."""
    space: Wholes
    car: Wholes
    """(3, spaces + 1) where the cars of a kind stand and which they are, in the order they came, from head on."""
    head: Wholes
    size: Wholes
    """(3)"""
    waiting: Wholes
    """(2) the owner's cars and sharing ones that found no space."""
    tally: Wholes
    """(3) free spaces, cars so far, and times that a space was not as it had to be."""


@inner_njit
def _empty(spaces: int) -> _Lot:
    """A lot in which nobody stands."""
    seat, free, tally = np.empty(spaces, np.int64), np.empty(spaces, np.int64), np.zeros(3, np.int64)
    for s in range(spaces):
        seat[s], free[s] = _NOBODY, s
    tally[_FREE] = spaces
    space, car = np.empty((3, spaces + 1), np.int64), np.empty((3, spaces + 1), np.int64)
    return _Lot(seat, free, space, car, np.zeros(3, np.int64), np.zeros(3, np.int64), np.zeros(2, np.int64), tally)


@inner_njit
def _keep(lot: _Lot, kind: int, space: int, car: int) -> None:
    """Puts a car last among those of a kind."""
    at = lot.head[kind] + lot.size[kind]
    if at >= lot.space.shape[1]:
        at -= lot.space.shape[1]
    lot.space[kind, at], lot.car[kind, at] = space, car
    lot.size[kind] += 1


@inner_njit
def _first(lot: _Lot, kind: int) -> tuple[int, int]:
    """Space and car of the first of a kind, who is one of them no more."""
    at = lot.head[kind]
    lot.head[kind] = at + 1 if at + 1 < lot.space.shape[1] else 0
    lot.size[kind] -= 1
    return lot.space[kind, at], lot.car[kind, at]


@inner_njit
def _come(lot: _Lot, kind: int) -> None:
    """A car comes: it takes a free space, or waits."""
    if lot.tally[_FREE] == 0:
        lot.waiting[kind] += 1
        return
    lot.tally[_FREE] -= 1
    space, car = lot.free[lot.tally[_FREE]], lot.tally[_CARS]
    lot.tally[_CLASHES] += lot.seat[space] != _NOBODY
    lot.seat[space] = car
    lot.tally[_CARS] += 1
    _keep(lot, kind, space, car)


@inner_njit
def _go(lot: _Lot, kind: int) -> None:
    """The first car of a kind leaves, or one that waits; who waits takes the space, the owner's car first."""
    if lot.size[kind] == 0:
        lot.waiting[kind] -= 1
        return
    space, car = _first(lot, kind)
    lot.tally[_CLASHES] += lot.seat[space] != car
    lot.seat[space] = _NOBODY
    lot.free[lot.tally[_FREE]] = space
    lot.tally[_FREE] += 1
    for waits in (_OWN, _SHARING):
        if lot.waiting[waits] > 0:
            lot.waiting[waits] -= 1
            _come(lot, waits)
            break


@inner_njit
def _end(lot: _Lot, leaving: int, late: int) -> int:
    """So many windows end, the first that began: cars leave, but for those that stay on; how many do."""
    stay = int(min(late, leaving, lot.size[_SHARING]))
    for _ in range(stay):
        space, car = _first(lot, _SHARING)
        _keep(lot, _LATE, space, car)
    for _ in range(leaving - stay):
        _go(lot, _SHARING)
    return stay


@inner_njit
def _fill(lot: _Lot, come: int, leave: int) -> int:
    """The owner's cars come, and meanwhile so many leave, evenly among them; most cars that wait at a time."""
    left, most = 0, int(lot.waiting[_OWN] + lot.waiting[_SHARING])
    for i in range(1, come + 1):
        while left < (2 * i - 1) * leave // (2 * come):
            _go(lot, _OWN)
            left += 1
        _come(lot, _OWN)
        most = max(most, int(lot.waiting[_OWN] + lot.waiting[_SHARING]))
    return most


@outer_njit
def park(
    spaces: int, own: Wholes, come: Wholes, late: Wholes, begin: Wholes, leaving: Wholes, late_slots: int, mixed: bool,
) -> tuple[Wholes, Wholes, Wholes, int]:  # fmt: skip
    """Cars that wait for a space: sharing ones as a half-hour begins, all then, and most in it, (T); and wrong spaces.

    Half-hours T in a row, of which there are `begin.shape[0]` in a day. As one begins: cars that stayed on for
    `late_slots` leave; `leaving` windows of the day end and `late` (T) of their cars stay on; the owner's cars become
    `own` (T); `begin` sharing cars come. Then `come` (T) of the owner's do. If `mixed`, those of the owner's that are
    gone when the next begins leave meanwhile, else at its end.
    """
    n, slots, lot = own.shape[0], begin.shape[0], _empty(spaces)
    permits, first, most = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    stayed = np.zeros(n, np.int64)
    present = 0
    for t in range(n):
        if t >= late_slots:
            for _ in range(stayed[t - late_slots]):
                _go(lot, _LATE)
        stayed[t] = _end(lot, min(leaving[t % slots], lot.size[_SHARING] + lot.waiting[_SHARING]), late[t])
        for _ in range(present - own[t]):
            _go(lot, _OWN)
        for _ in range(begin[t % slots]):
            _come(lot, _SHARING)
        permits[t] = lot.waiting[_SHARING]
        for _ in range(own[t] - present):
            _come(lot, _OWN)
        first[t] = lot.waiting[_OWN] + lot.waiting[_SHARING]
        leave = max(0, own[t] + come[t] - own[t + 1]) if mixed and t + 1 < n else 0
        most[t] = _fill(lot, come[t], leave)
        present = lot.size[_OWN] + lot.waiting[_OWN]
    taken = 0
    for s in range(spaces):
        taken += lot.seat[s] != _NOBODY
    lot.tally[_CLASHES] += taken != lot.size[_OWN] + lot.size[_SHARING] + lot.size[_LATE]
    return permits, first, most, lot.tally[_CLASHES]
