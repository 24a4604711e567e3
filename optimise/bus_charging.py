"""How buses charge at a depot: every bus at once, with the least power, or with the fewest chargers.

Sets
    i buses, t slots of a day (a day is a circle: a night runs past midnight), W_i slots in which bus i is plugged in
Data
    e_i energy that bus i needs, in kW x min at the grid, rounded up;  c what one charger gives in a slot
    d length of a slot in minutes
Variables
    0 <= x_it <= c energy in a slot of W_i;  K power of the depot in whole kW
Smart charging
    min K:  sum_{t in W_i} x_it = e_i,  sum_i x_it <= K d
    Power may go from bus to bus: either chargers feed several places and switch between them, or buses are moved. Then
    the fewest chargers are K over the power of one, rounded up, since within a slot buses can take turns (McNaughton
    1959, doi:10.1287/mnsc.6.1.1). K is found by halving, each step a maximum flow from buses to slots.
Parked
    Each bus takes one charger at full power, once and in one go: min n such that on no slot more than n intervals of
    ceil(e_i / c) slots overlap (CP-SAT). K over the power of one charger is a lower bound, what fits between any
    two slots is another.
Unmanaged
    Each bus has a charger of its own and begins at once. A schedule of the kind above, so never below it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from network import BusFleet
from optimise.bus_blocks import F64, I64
from optimise.stop import Run

MIN_PER_DAY: Final = 24 * 60
_MIN_PER_H: Final = 60.0
_S_PER_MIN: Final = 60.0
_LONGEST: Final = 1e9
"""Where there is no limit of work or seconds."""
_TINY: Final = 1e-6
"""Energy below this, in kW x min, comes from rounding."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Night:
    """The buses (B) of one depot: when each is plugged in, and what it needs."""

    slot_min: int
    charger_kw: int
    first: I64
    """(B) first whole slot of the day that the bus is plugged in."""
    slots: I64
    """(B) whole slots it is."""
    need: I64
    """(B) energy in kW x min at the grid; no more than it can get."""

    @property
    def day(self) -> int:
        """Slots of a day."""
        return MIN_PER_DAY // self.slot_min

    @property
    def full(self) -> int:
        """What one charger gives in a slot."""
        return self.charger_kw * self.slot_min

    @property
    def energy_kwh(self) -> float:
        return float(self.need.sum()) / _MIN_PER_H

    @cached_property
    def busy(self) -> I64:
        """(B) slots that each bus charges at full power, the last perhaps in part."""
        return -(-self.need // self.full)


def night_of(buses: BusFleet, out_s: F64, back_s: F64, kwh: F64) -> tuple[Night, F64]:
    """The night of buses that go out and come back at these seconds of the day and need so much energy (at the grid),
    and what of it [kWh] they cannot get before they leave again.
    """
    slot_min, charger_kw = round(float(buses.slot_min)), round(float(buses.charger_kw))
    ready_min = float(buses.ready_min)
    from_ = np.ceil((back_s / _S_PER_MIN + ready_min) / slot_min).astype(np.int64)
    until = np.floor((out_s / _S_PER_MIN + MIN_PER_DAY - ready_min) / slot_min).astype(np.int64)
    slots = np.clip(until - from_, 0, MIN_PER_DAY // slot_min)
    wanted = np.ceil(kwh * _MIN_PER_H - _TINY).astype(np.int64)
    need = np.minimum(wanted, slots * charger_kw * slot_min)
    night = Night(
        slot_min=slot_min,
        charger_kw=charger_kw,
        first=from_ % (MIN_PER_DAY // slot_min),
        slots=slots,
        need=need,
    )
    return night, (wanted - need) / _MIN_PER_H


def estimate(night: Night, use: float) -> int:
    """Chargers by the rule of thumb: energy over what one gives in the mean time that buses stand there x `use`."""
    stands_h = float(night.slots.mean()) * night.slot_min / _MIN_PER_H if len(night.slots) else 0.0
    return int(np.ceil(night.energy_kwh / (night.charger_kw * stands_h * use) - _TINY)) if stands_h > 0 else 0


def unmanaged(night: Night) -> tuple[I64, I64]:
    """(day) energy drawn and chargers in use in every slot where each bus is plugged in as it comes."""
    energy, used = np.zeros(night.day, np.int64), np.zeros(night.day, np.int64)
    longest = int(night.busy.max(initial=0))
    for k in range(longest):
        on = night.busy > k
        slot = (night.first[on] + k) % night.day
        np.add.at(used, slot, 1)
        np.add.at(energy, slot, np.minimum(night.need[on] - k * night.full, night.full))
    return energy, used


def peak_kw(night: Night, energy: I64) -> int:
    """Highest power of a schedule [kW], rounded up."""
    return int(-(-energy.max(initial=0) // night.slot_min))


class Smart(NamedTuple):
    """The least power of a depot, how it is kept to, and why it is the least."""

    power_kw: int
    bus: I64
    slot: I64
    """(Q) who draws power when, slots counted from midnight."""
    energy: I64
    """(Q) in kW x min."""
    tight: I64
    """Slots that suffice as proof: with less power they are too few, see `too_little`."""


def smart(night: Night) -> Smart:
    """The least power of the depot with which every bus gets its energy."""
    most = peak_kw(night, unmanaged(night)[0])
    if not most:
        nothing = np.zeros(0, np.int64)
        return Smart(0, nothing, nothing, nothing, nothing)
    network = _Network(night)
    least = max(0, -(-int(night.need.sum()) // MIN_PER_DAY) - 1)  # with less power a whole day does not do
    while most - least > 1:
        half = (most + least) // 2
        if network.flow(half).flow_value == night.need.sum():
            most = half
        else:
            least = half
    flow = network.flow(most).flow.tocoo()
    ours = (flow.data > 0) & (flow.row > 0) & (flow.row <= network.buses) & (flow.col < network.sink)
    bus, slot = flow.row[ours] - 1, flow.col[ours] - 1 - network.buses
    bus, slot, energy = (x.astype(np.int64) for x in (bus, slot, flow.data[ours]))
    return Smart(most, bus, slot, energy, network.tight(most - 1))


def too_little(night: Night, power_kw: int, tight: I64) -> bool:
    """Whether so much power cannot do, by a look at some slots alone: what buses need beyond all they could get in
    their other slots is more than the power gives in these.
    """
    among = np.zeros(2 * night.day + 1, np.int64)
    among[1:] = np.cumsum(np.tile(np.bincount(tight, minlength=night.day), 2))
    others = night.slots - (among[night.first + night.slots] - among[night.first])
    beyond = np.maximum(night.need - others * night.full, 0).sum()
    return bool(beyond > power_kw * night.slot_min * len(tight))


def chargers_for(night: Night, power_kw: int) -> int:
    """Chargers that give so much power."""
    return -(-power_kw // night.charger_kw)


_PARTS: Final = 6
"""Parts of a charger's time that sizes are rounded to, less than so many."""


class _Network:
    """Source, buses, slots, sink: energy from who needs it to when it is drawn."""

    def __init__(self, night: Night) -> None:
        from scipy.sparse import csr_array

        self.night, self.buses = night, len(night.need)
        self.sink = 1 + self.buses + night.day
        row, slot = _stays(night)
        slots = 1 + self.buses + np.arange(night.day)
        tail = np.concatenate((np.zeros(self.buses, np.int64), 1 + row, slots))
        head = np.concatenate((1 + np.arange(self.buses), slots[slot], np.full(night.day, self.sink)))
        room = np.concatenate((night.need, np.full(len(row), night.full), np.ones(night.day)))
        self._graph = csr_array((room.astype(np.int32), (tail, head)), shape=(self.sink + 1, self.sink + 1))
        self._to_sink = slice(*self._graph.indptr[[1 + self.buses, self.sink]])

    def flow(self, power_kw: int) -> Any:
        from scipy.sparse.csgraph import maximum_flow

        self._graph.data[self._to_sink] = power_kw * self.night.slot_min
        return maximum_flow(self._graph, 0, self.sink)

    def tight(self, power_kw: int) -> I64:
        """Slots on the source's side of a least cut where the power does not do."""
        from scipy.sparse.csgraph import breadth_first_order

        left = self._graph - self.flow(power_kw).flow
        left.data = np.where(left.data > 0, left.data, 0)
        left.eliminate_zeros()
        seen = breadth_first_order(left, 0, return_predecessors=False)
        return np.sort(seen[(seen > self.buses) & (seen < self.sink)] - 1 - self.buses).astype(np.int64)


class Parked(NamedTuple):
    """Chargers where each bus takes one, once and in one go."""

    chargers: int
    bound: int
    begin: I64
    """(B) slot in which each bus begins, counted from its first."""


def parked(night: Night, run: Run, work: float, seed: int) -> Parked:
    """The fewest such chargers, or the best that was found once `work` is done."""
    whole = replace(night, need=night.busy * night.full)  # a charger serves nobody else in the slot that a bus ends in
    least = chargers_for(whole, smart(whole).power_kw)
    least = max(least, _packed(night))
    best = min((_begun(night, least, begin) for begin in _quick(night, least)), key=lambda found: found.chargers)
    if best.chargers > least and not run.over():
        return _exact(night, best, run, work, seed)
    return best


def _packed(night: Night) -> int:
    """No fewer chargers do, by the time between two slots: what each bus takes up of it at least, whenever it begins,
    fits on a charger only a few times. Sizes are rounded so that no more than fits before fits after (dual feasible
    functions, Fekete & Schepers 2001, doi:10.1007/s101070100243). 0 where some bus stands there at every hour.
    """
    opened, busy = _idle(night), night.busy[night.busy > 0]
    if opened is None:
        return 0
    early = ((night.first - opened) % night.day)[night.busy > 0]
    late = early + (night.slots - night.busy)[night.busy > 0]
    least = 0
    ends = np.unique((early + busy, late + busy)).tolist()
    for begin in np.unique((early, late)).tolist():
        for length, end in ((end - begin, end) for end in ends if end > begin):
            inside = [np.minimum(at + busy, end) - np.maximum(at, begin) for at in (early, late)]
            size = np.maximum(np.minimum(*inside), 0)
            for k in range(1, _PARTS):
                whole, part = np.divmod((k + 1) * size, length)
                rounded = np.where(part, whole * length, k * size).sum()
                least = max(least, -(-int(rounded) // (k * length)))
    return least


def _begun(night: Night, bound: int, begin: I64) -> Parked:
    return Parked(int(in_use(night, begin).max(initial=0)), bound, begin)


def _quick(night: Night, least: int) -> Iterator[I64]:
    """Good answers: all at once, one after another where there is room, and by turns with as few as goes."""
    yield np.zeros(len(night.need), np.int64)
    yield _placed(night)
    opened = _idle(night)
    if opened is None:
        return
    low, high = least - 1, int(unmanaged(night)[1].max(initial=0))
    while high - low > 1:
        half = (low + high) // 2
        begin = _by_turns(night, half, opened)
        if begin is None:
            low = half
        else:
            high = half
            yield begin


def _by_turns(night: Night, chargers: int, opened: int) -> I64 | None:
    """Whoever must begin first takes the next free charger; None where somebody comes too late."""
    early = (night.first - opened) % night.day
    latest = early + night.slots - night.busy
    arrivals = np.lexsort((latest, early)).tolist()
    free, waiting = [0] * chargers, list[tuple[int, int]]()
    begin = np.zeros(len(night.need), np.int64)
    slot = k = 0
    while k < len(arrivals) or waiting:
        slot = max(slot, free[0], 0 if waiting else int(early[arrivals[k]]))
        while k < len(arrivals) and early[arrivals[k]] <= slot:
            heapq.heappush(waiting, (int(latest[arrivals[k]]), arrivals[k]))
            k += 1
        must, i = heapq.heappop(waiting)
        if slot > must:
            return None
        begin[i] = slot - early[i]
        heapq.heapreplace(free, slot + int(night.busy[i]))
    return begin


def _idle(night: Night) -> int | None:
    """The first slot of the day in which no bus is plugged in."""
    idle = np.setdiff1d(np.arange(night.day), _stays(night)[1])
    return int(idle[0]) if len(idle) else None


def in_use(night: Night, begin: I64) -> I64:
    """(day) chargers in use where bus i begins `begin[i]` slots after its first."""
    used = np.zeros(night.day, np.int64)
    for k in range(int(night.busy.max(initial=0))):
        on = night.busy > k
        np.add.at(used, (night.first[on] + begin[on] + k) % night.day, 1)
    return used


def _stays(night: Night) -> tuple[I64, I64]:
    """Buses and the slots of the day in which each is plugged in."""
    bus = np.repeat(np.arange(len(night.slots)), night.slots)
    step = np.arange(len(bus)) - np.repeat(np.cumsum(night.slots) - night.slots, night.slots)
    return bus, (night.first[bus] + step) % night.day


def _placed(night: Night) -> I64:
    """Buses with the least choice first, each where it makes the fewest chargers needed, then as early as can be."""
    start, used = np.zeros(len(night.need), np.int64), np.zeros(night.day, np.int64)
    for i in np.lexsort((-night.busy, night.slots - night.busy)).tolist():
        busy = int(night.busy[i])
        if not busy:
            continue
        slots = (night.first[i] + np.arange(int(night.slots[i]))) % night.day
        worst = np.lib.stride_tricks.sliding_window_view(used[slots], busy).max(axis=1)
        start[i] = int(worst.argmin())
        used[slots[start[i] : start[i] + busy]] += 1
    return start


def _exact(night: Night, known: Parked, run: Run, work: float, seed: int) -> Parked:
    """By CP-SAT. The day is cut open where no bus is plugged in; where there is no such slot, every bus stands there
    the day before and the day after too, so that what one night leaves to the next counts.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    chargers = model.new_int_var(known.bound, known.chargers, "chargers")
    begins, intervals = [], []
    opened = _idle(night)
    copies = (-1, 0, 1) if opened is None else (0,)
    early = (night.first - (opened or 0)) % night.day
    for i, busy in enumerate(night.busy.tolist()):
        first = int(early[i])
        begins.append(model.new_int_var(first, first + int(night.slots[i]) - busy, f"begin {i}"))
        model.add_hint(begins[i], first + int(known.begin[i]))
        intervals += [model.new_fixed_size_interval_var(begins[i] + k * night.day, busy, f"{i} {k}") for k in copies]
    model.add_cumulative(intervals, [1] * len(intervals), chargers)
    model.minimize(chargers)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = min(work, _LONGEST)
    solver.parameters.max_time_in_seconds = min(run.seconds_left, _LONGEST)
    status = solver.solve(model)
    run.spend(solver.response_proto.deterministic_time)
    bound = min(max(known.bound, math.ceil(solver.best_objective_bound - _TINY)), known.chargers)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return known._replace(bound=bound)
    begin = np.array([solver.value(b) for b in begins], dtype=np.int64) - early
    return Parked(int(in_use(night, begin).max(initial=0)), bound, begin)
