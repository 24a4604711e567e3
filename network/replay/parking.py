"""Days in shared lots put to the test: do owners find their spaces, as often as they were promised?

Each lot draws from (seed, its id, the day type) alone: another lot, or more spaces shared, changes no car of an owner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.city import City
from network.demand.overflow import late_cars, late_slots, overflow
from network.errors import InputError, Problem
from network.kernels.overflow import counts_of, own_counts
from network.kernels.replay_parking import park
from network.part import F64, I64, Bools
from network.units import SLOTS

SURE = 5.0
"""Standard errors by which a share may be above the one promised: drawn days differ, and lots are many."""
_CLEAR = 3.0
"""Standard errors below it at which a lot keeps the promise without more days."""
_MOST_RUNS = 25
"""Times the days asked for that a lot is run at most, while its shares are not clear."""
_SPREAD = 12.0
_SPARE = 40
"""Arrivals beyond the mean and so many of its roots, and these, do not happen."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ParkingReplay:
    """What happened in R shared lots, each on days of one type."""

    lot: I64
    """(R) position of the lot."""
    day: I64
    """(R) position in units.DAY_TYPES."""
    days: I64
    """(R) that were run: more where the shares are close to the promise."""
    after: Bools
    """(R, 48) half-hours within late_h after a window: the promise is of these."""
    share: F64
    """(R, 48) of the days, those on which a car waited for a space: at any time in a half-hour after a window, as one
    within a window began."""
    error: F64
    """(R, 48) standard error of that share."""
    expected: F64
    """(R, 48) the same by exact convolution: network.demand.overflow."""
    permit_share: F64
    """(R, 48) of the days, those on which a sharing car waited for a space as the half-hour began."""
    any_share: F64
    """(R) of the days, those on which the owner's promise was broken in any half-hour."""
    clashes: int
    """Times that two cars were on one space: none."""
    promised: float
    """Share of the days, overflow_share."""

    @property
    def most_share(self) -> F64:
        """(R) what was promised, and how far drawn days may be off."""
        return np.asarray(self.promised + SURE * _error(self.promised, self.days))

    @property
    def kept(self) -> Bools:
        """(R) whether no half-hour after a window is beyond that."""
        return np.asarray((np.where(self.after, self.share, 0.0) <= self.most_share[:, None]).all(axis=1))


class _Windows(NamedTuple):
    """What is shared in a lot on days of a type, by half-hour (48)."""

    begin: I64
    leaving: I64
    late: I64
    """Windows that end with cars that may stay on."""


def replay_parking(
    city: City, *, days: int = 200, seed: int = 0, mixed: bool = False, told: Callable[[int, int], None] | None = None,
) -> ParkingReplay:  # fmt: skip
    """Runs the shared lots of `city`, or of what a plan makes of it, for days of each type in a row.

    As many of an owner's cars stand there at each half-hour as the distribution says that the model uses; a day is
    busy or quiet as a whole. Others come as Poisson says, and stay for the half-hour as the model says; with `mixed`
    those that leave do so among those that come. Every sharing car comes as its window begins and leaves as it ends,
    or is late with late_share for all of late_h. Who finds no space waits for one. `told` hears of lots done and of
    all. Raises InputError where days are none.
    """
    if days < 2:
        raise InputError(Problem("days", f"is {days}", "2 or more tell how days differ"))
    lots, after, promised = city.lots, late_cars(city) > 0, float(city.parking.overflow_share)
    lot, day = np.nonzero((lots.shared > 0).any(axis=2) | after.any(axis=2))
    rows, expected = [], overflow(city)
    for r, at in enumerate(zip(lot.tolist(), day.tolist(), strict=True)):
        rows.append(_lot_days(city, at, after[at], days=days, seed=seed, mixed=mixed))
        if told:
            told(r + 1, len(lot))
    counted = np.array([row.days for row in rows], np.int64)
    share, permit_share = (_over_days([getattr(row, name) for row in rows], counted) for name in ("waits", "permits"))
    return ParkingReplay(
        lot=lot.astype(np.int64),
        day=day.astype(np.int64),
        days=counted,
        after=after[lot, day],
        share=share,
        error=_error(share, counted[:, None]),
        expected=expected[lot, day],
        permit_share=permit_share,
        any_share=np.array([row.broken for row in rows], np.float64) / counted,
        clashes=sum(row.clashes for row in rows),
        promised=promised,
    )


def parked_cars(city: City, days: int) -> float:
    """Cars that a replay of so many days of each type seats at most, where no lot is run again."""
    lots = city.lots
    used = (lots.shared > 0).any(axis=2)
    return float((lots.own_arrivals.sum(axis=2) + lots.shared.max(axis=2))[used].sum()) * days


class _Counted(NamedTuple):
    """Days run, on how many of them somebody waited for a space, by half-hour (48) or at all, and wrong spaces."""

    days: int
    waits: I64
    permits: I64
    broken: int
    clashes: int


def _lot_days(city: City, at: tuple[int, int], after: Bools, *, days: int, seed: int, mixed: bool) -> _Counted:
    """A lot on days of a type: as many as asked for, and again until its shares are clear or days are many."""
    windows, promised = _windows(city, at), float(city.parking.overflow_share)
    chances, lot = _chances(city, at, windows), str(city.lots.id[at[0]])
    key = int.from_bytes(hashlib.sha256(lot.encode()).digest()[:8])
    waits, permits, broken, clashes = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64), 0, 0
    for run in range(_MOST_RUNS):
        drawn = _drawn(chances, days + 1, np.random.default_rng([seed, key, at[1], run]))
        turned, first, most, wrong = _parked(city, at, windows, drawn, mixed=mixed)
        wait = np.where(after, most, first & (city.lots.shared[at] > 0))
        waits, permits = waits + wait.sum(axis=0), permits + turned.sum(axis=0)
        broken, clashes = broken + int((wait & after).any(axis=1).sum()), clashes + wrong
        n = (run + 1) * days
        share, error = np.where(after, waits / n, 0.0), _error(promised, n)
        if (share <= promised - _CLEAR * error).all() or (share > promised + SURE * error).any():
            break
    return _Counted(n, waits, permits, broken, clashes)


def _parked(
    city: City, at: tuple[int, int], windows: _Windows, drawn: tuple[I64, I64, I64], *, mixed: bool
) -> tuple[Bools, Bools, Bools, int]:
    """Whether sharing cars wait as a half-hour begins, any do, and any in it (days, 48), after a day that fills the
    lot; and wrong spaces.
    """
    room = max(int(city.lots.spaces[at[0]] - city.lots.reserve[at[0]]), 0)
    own, come, late = (x.ravel() for x in drawn)
    turned, first, most, wrong = park(
        room, own, come, late, windows.begin, windows.leaving, late_slots(city.parking), mixed
    )
    a, b, c = (x.reshape(-1, SLOTS)[1:] > 0 for x in (turned, first, most))
    return a, b, c, int(wrong)


def _windows(city: City, at: tuple[int, int]) -> _Windows:
    shared, ended = city.lots.shared[at].astype(np.int64), city.lots.ended[at].astype(np.int64)
    leaving = np.maximum(ended, np.roll(shared, 1) - shared)
    return _Windows(begin=shared - np.roll(shared, 1) + leaving, leaving=leaving, late=ended)


def _chances(city: City, at: tuple[int, int], windows: _Windows) -> tuple[F64, F64, F64]:
    """(48, X) each: probabilities that there are at most 0, 1, ... of the owner's cars, arrivals, and late cars."""
    lots, come, late_share = city.lots, city.lots.own_arrivals[at], float(city.parking.late_share)
    late = np.asarray(windows.late * late_share)
    most = int(come.max() + _SPREAD * np.sqrt(come.max())) + _SPARE
    return (
        own_counts(lots.own_mean[at], lots.own_sd[at], int(lots.spaces[at[0]])).cumsum(axis=1),
        counts_of(come, np.sqrt(come), most).cumsum(axis=1),
        counts_of(late, np.sqrt(late * (1.0 - late_share)), int(windows.late.max())).cumsum(axis=1),
    )


def _drawn(chances: tuple[F64, F64, F64], days: int, draw: np.random.Generator) -> tuple[I64, I64, I64]:
    """The owner's cars, arrivals and late cars (days, 48) each: the least numbers that are as likely as was drawn."""
    uniform = draw.random((len(chances), days, SLOTS))
    uniform[0] = uniform[0, :, :1]  # a day is busy or quiet as a whole
    own, come, late = (_least(*pair) for pair in zip(chances, uniform, strict=True))
    return own, come, late


def _least(at_most: F64, chance: F64) -> I64:
    """(days, 48) least numbers that there are at most so many of with these chances (days, 48)."""
    slots = [np.searchsorted(row[:-1], chance[:, t], side="right") for t, row in enumerate(at_most)]
    return np.stack(slots, axis=1).astype(np.int64)


def _over_days(counts: list[I64], days: I64) -> F64:
    return np.reshape(counts, (len(counts), SLOTS)) / days[:, None]


def _error(share: F64 | float, days: I64 | int) -> F64:
    """Standard error of the share of so many days."""
    return np.asarray(np.sqrt(np.maximum(share * (1.0 - np.asarray(share)), 0.0) / days))
