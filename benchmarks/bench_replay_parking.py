"""The owners' risk in 300 shared lots of 500 spaces, and days in 40 that share all they may by day, in CPU seconds.

Beside them the same in plain numpy and Python: one convolution after another, and cars in a dictionary of spaces.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from network import City, Lots, ParkingRules, Snap, grid_city, overflow, parked_cars, replay_parking, rows_of
from network.demand.accumulation import usual_cars
from network.demand.overflow import late_cars
from network.kernels.overflow import counts_of, own_counts
from network.kernels.replay_parking import park
from network.units import DAY_TYPES, SLOTS

LOTS, SPACES = 300, 500
REPLAYED, REPLAYED_SPACES = 40, 150
COMMUTERS = 1
PLAIN_DAYS = 200


def main() -> None:
    rows_of(shared(many(3, 20), 1))
    replay_parking(shared(many(3, 20), 1), days=2)
    large = many(LOTS, SPACES)
    spent, rows = timed(rows_of, large)
    print(f"{LOTS} lots of {SPACES} spaces, {len(rows.table):,} numbers of what they may share: {spent:.2f} s")
    full = shared(large, 60)
    spent, risks = timed(overflow, full)
    at = np.argwhere(late_cars(full) > 0)[:200]
    plain_spent, plain = timed(plain_risks, full, at)
    assert np.allclose(plain, risks[tuple(at.T)], atol=1e-12)
    count = int((risks > 0).sum())
    ours, theirs = spent / count * 1e6, plain_spent / len(at) * 1e6
    print(
        f"{count:,} risks: {spent:.2f} s, {ours:.1f} us each, with numpy.convolve {theirs:.0f} us, {theirs / ours:.0f}x"
    )
    replayed()
    one_lot()


def replayed() -> None:
    city = many(REPLAYED, REPLAYED_SPACES)
    rows = rows_of(city)
    full = shared(city, most_by_day(city, rows))
    spent, found = timed(replay_parking, full)
    cars = parked_cars(full, 1) * found.days.mean()
    worst = np.where(found.after, found.share, 0.0).max()
    days, million = int(found.days.sum()), cars / 1e6
    print(f"{len(found.lot)} lots and types of day, {days:,} days, {million:.0f} million cars: {spent:.1f} s")
    broken = int((~found.kept).sum())
    print(f"promised {found.promised:.1%}, worst {worst:.2%}, {broken} broken, {found.clashes} times two on one space")


def one_lot() -> None:
    draw = np.random.default_rng(0)
    own = np.round(100 + 20 * draw.standard_normal(SLOTS * PLAIN_DAYS)).astype(np.int64)
    come, late = draw.poisson(8.0, len(own)), np.zeros(len(own), np.int64)
    begin, leaving = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    begin[16], leaving[36], late[36::SLOTS] = 30, 30, 2
    case = 150, own, come, late, begin, leaving, 4, False
    park(*case)
    spent, (_, _, ours, _) = timed(park, *case)
    plain_spent, plain = timed(plain_days, *(x.tolist() if isinstance(x, np.ndarray) else x for x in case[:7]))
    assert ours.tolist() == plain
    cars = come.sum() + np.maximum(np.diff(own), 0).sum()
    ns = [s / cars * 1e9 for s in (spent, plain_spent)]
    print(f"a car in a lot of 150 spaces: {ns[0]:.0f} ns, in plain Python {ns[1]:,.0f} ns, {ns[1] / ns[0]:.0f}x")


def timed(function, *arguments):
    start = time.process_time()
    found = function(*arguments)
    return time.process_time() - start, found


def many(count: int, spaces: int) -> City:
    """The lots of a small city, again and again, all of one size."""
    city = grid_city(8)
    lots, at = city.lots, np.arange(count) % len(city.lots.id)
    own = usual_cars(city.parking, lots.use[at], np.full(count, spaces, np.int32))
    parts = {name: array[at] for name, array in lots.arrays() if name != "entrance_first"} | {
        "id": np.array([f"lot/{i}" for i in range(count)]),
        "entrance_first": np.arange(count + 1, dtype=np.int32),
        "snap": Snap(**{name: array[:, at] for name, array in lots.snap.arrays()}),
        "spaces": np.full(count, spaces, np.int32),
        "reserve": np.full(count, spaces // 20, np.int32),
        "own_mean": 0.8 * own.mean,
        "own_sd": own.sd,
        "own_high": np.minimum(0.8 * own.mean + 1.645 * own.sd, spaces),
        "own_arrivals": own.arrivals,
    }
    return replace(city, lots=Lots(**parts))


def most_by_day(city: City, rows) -> np.ndarray:
    """(L, 3) most spaces that commuters alone may have."""
    out = np.zeros((len(city.lots.id), len(DAY_TYPES)), np.int64)
    for first, n in zip(rows.row_first[:-1], np.ndindex(out.shape), strict=True):
        here = range(first, first + rows.row_first[1])
        active = [q for q in here if rows.row_active[q] >> COMMUTERS & 1]
        closed = [q for q in here if rows.row_closed[q] >> COMMUTERS & 1]
        room = min(rows.table[rows.table_first[q]] for q in active)
        out[n] = min([room, *(rows.table_first[q + 1] - rows.table_first[q] - 1 for q in closed)])
    return out


def shared(city: City, spaces: int | np.ndarray) -> City:
    """The city with so many spaces of every lot open to commuters."""
    rules: ParkingRules = city.parking
    window, count = rules.window[COMMUTERS], len(city.lots.id)
    n = np.broadcast_to(spaces, (count, len(DAY_TYPES)))[:, :, None]
    first, last = (round(2 * h) % SLOTS for h in rules.window_h[COMMUTERS])
    assert window[first]
    assert not window[last]
    ended = np.where(np.arange(SLOTS) == last, n, 0).astype(np.int32)
    return replace(city, lots=replace(city.lots, shared=np.where(window, n, 0).astype(np.int32), ended=ended))


def plain_risks(city: City, at: np.ndarray) -> list[float]:
    out, late = [], late_cars(city)
    for lot, day, slot in at.tolist():
        here, lots, share = (lot, day, slot), city.lots, float(city.parking.late_share)
        come, stay = lots.own_arrivals[here], late[here] * share
        (own,) = own_counts(*(np.array([x[here]]) for x in (lots.own_mean, lots.own_sd)), SPACES)
        others = cars_of(stay, np.sqrt(stay * (1.0 - share)), int(late[here]))
        cars = np.convolve(np.convolve(own, cars_of(come, np.sqrt(come), int(come + 12 * np.sqrt(come)) + 40)), others)
        out.append(cars[lots.spaces[lot] - lots.reserve[lot] - lots.shared[here] + 1 :].sum())
    return out


def cars_of(mean: float, sd: float, most: int) -> np.ndarray:
    return counts_of(np.array([mean]), np.array([sd]), most)[0]


class PlainLot:
    """Cars in a dictionary of spaces, in lists by kind."""

    def __init__(self, spaces):
        self.space_of, self.free, self.cars = {}, list(range(spaces)), 0
        self.there = {kind: [] for kind in ("own", "sharing", "late")}
        self.waits = {"own": 0, "sharing": 0}

    def come(self, kind, count=1):
        for _ in range(count):
            if self.free:
                self.space_of[self.cars] = self.free.pop()
                self.there[kind].append(self.cars)
                self.cars += 1
            else:
                self.waits[kind] += 1

    def go(self, kind, count):
        for _ in range(count):
            if not self.there[kind]:
                self.waits[kind] -= 1
                continue
            self.free.append(self.space_of.pop(self.there[kind].pop(0)))
            for waiting in [w for w in ("own", "sharing") if self.waits[w]][:1]:
                self.waits[waiting] -= 1
                self.come(waiting)


def plain_days(spaces, own, come, late, begin, leaving, late_slots):
    """Cars that wait at most, in every half-hour; who leaves makes room for who waits."""
    lot, out, stayed = PlainLot(spaces), [], [0] * late_slots
    for t in range(len(own)):
        lot.go("late", stayed[t])
        sharing = lot.there["sharing"]
        end = min(leaving[t % SLOTS], len(sharing) + lot.waits["sharing"])
        stayed.append(min(late[t], end, len(sharing)))
        lot.there["late"] += [sharing.pop(0) for _ in range(stayed[-1])]
        lot.go("sharing", end - stayed[-1])
        present = len(lot.there["own"]) + lot.waits["own"]
        lot.go("own", max(0, present - own[t]))
        lot.come("sharing", begin[t % SLOTS])
        lot.come("own", max(0, own[t] - present) + come[t])
        out.append(sum(lot.waits.values()))
    return out


if __name__ == "__main__":
    main()
