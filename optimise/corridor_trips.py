"""Round trips along a corridor: which stations carry them, what each station has to give, and where a trip runs dry.

A vehicle leaves home with half of what a full battery holds (and is usable), fills up at every station, and is back
with half of it: such a trip can be repeated for ever, and so needs no stretch between two stations, round both ends,
that is longer than a full battery goes. A trip that comes home on that half alone needs no station. Of the energy of
other trips home gives that half, and each station what is used since the last one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from network import fewest_plugs
from optimise.corridor_network import Corridor, CorridorRules
from optimise.location.inputs import F64
from optimise.location.result import PROOF
from optimise.problem import I64

Flags = npt.NDArray[np.bool_]
START = 0.5
"""Share of the usable battery that a trip starts with."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Trips:
    """The trips of every flow by every segment (R rows, flow by flow) at one temperature.

    count (R): vehicles/day; reach_km (R): how far a full battery goes; home_km (R): what home gives of a round trip;
    kwh_per_km (R); alone (R): needs no station.
    """

    corridor: Corridor
    temperature_c: float
    flow: I64
    segment: I64
    count: F64
    reach_km: F64
    home_km: F64
    kwh_per_km: F64
    alone: Flags

    @cached_property
    def rest(self) -> I64:
        """Rows that need stations and have vehicles."""
        return np.flatnonzero(~self.alone & (self.count > 0))

    def paths(self) -> tuple[I64, I64, F64]:
        """The ways of `rest` as flow_refuelling takes them, a full battery's way long 1."""
        ways = [(self.corridor.way(int(self.flow[r])), self.reach_km[r]) for r in self.rest.tolist()]
        first = np.concatenate(([0], np.cumsum([len(way[0]) for way, _ in ways]))).astype(np.int64)
        node = np.concatenate([way[0] for way, _ in ways] or [np.zeros(0, np.int64)])
        along = np.concatenate([way[1] / reach for way, reach in ways] or [np.zeros(0)])
        return first, node, along

    def met(self, open_: Flags) -> Flags:
        """(R) trips that stations at the nodes `open_` (N) carry, or that need none."""
        out = self.alone.copy()
        out[self.rest] = self._table.driven(open_)[0]
        return out

    @cached_property
    def alone_per_day(self) -> float:
        """Vehicles a day that need no charge on the way."""
        return math.fsum(self.count[self.alone].tolist())

    @cached_property
    def _table(self) -> WayTable:
        corridor, rest = self.corridor, self.rest
        return WayTable.of([corridor.way(int(q)) for q in self.flow[rest]], self.reach_km[rest], len(corridor.nodes))

    @cached_property
    def _on_way_kwh(self) -> F64:
        return np.array([self.on_way_kwh(r) for r in self.rest.tolist()])

    def lost(self, open_: Flags, node: int) -> I64:
        """Rows that get through with stations at `open_` and not without the one at `node`."""
        left = open_.copy()
        left[node] = False
        return np.flatnonzero(self.met(open_) & ~self.met(left))

    def worth(self, open_: Flags) -> float:
        """Vehicles a day that get through."""
        return self.day(open_)[0]

    def day(self, open_: Flags) -> tuple[float, F64]:
        """Vehicles that get through, and energy that they take up at each station (N) [kWh]."""
        through, km = self._table.driven(open_)
        each = (self._on_way_kwh[:, None] / (2 * self._table.length_km) * km).ravel()
        kwh = np.asarray(np.bincount(self._table.node.ravel(), each, len(self.corridor.nodes) + 1)[:-1], np.float64)
        return math.fsum(self.count[self.rest][through].tolist()) + self.alone_per_day, kwh

    def most_kwh(self) -> F64:
        """(N) energy of all trips that pass a node: no plan makes a station there give more [kWh/day]."""
        node = self._table.node
        each = np.repeat(self._on_way_kwh, node.shape[1])
        return np.asarray(np.bincount(node.ravel(), each, len(self.corridor.nodes) + 1)[:-1], np.float64)

    def driven(self, open_: Flags) -> tuple[float, F64]:
        """The same as `day`, each trip driven by itself: what the table of all ways is checked by."""
        through, kwh = self.alone_per_day, np.zeros(len(self.corridor.nodes))
        for r in self.rest.tolist():
            stretches = self._stretches(r, open_)
            if stretches.carried:
                through += float(self.count[r])
                kwh[stretches.at_node] += self.on_way_kwh(r) * stretches.share
        return through, kwh

    def on_way_kwh(self, row: int) -> float:
        """Energy that a row's vehicles take up at stations on a day, where they get through."""
        length_km = self.corridor.way(int(self.flow[row]))[1][-1]
        return float(self.count[row] * self.kwh_per_km[row] * (2 * length_km - self.home_km[row]))

    def _stretches(self, row: int, open_: Flags) -> Stretches:
        node, along = self.corridor.way(int(self.flow[row]))
        on = open_[node]
        return Stretches(node[on], along[on], float(along[-1]), float(self.reach_km[row]))

    def dry(self, row: int, open_: Flags) -> tuple[float, int, int]:
        """Longest stretch of a row's round trip without a station [km], and the arc no battery gets through: its nodes
        in the direction of travel.
        """
        node, along = self.corridor.way(int(self.flow[row]))
        longest_km, empty_km = self._stretches(row, open_).longest()
        if empty_km < along[-1]:
            at = min(int(np.searchsorted(along, empty_km, side="right")), len(node) - 1)
            return longest_km, int(node[at - 1]), int(node[at])
        at = max(int(np.searchsorted(along, 2 * along[-1] - empty_km, side="left")), 1)
        return longest_km, int(node[at]), int(node[at - 1])


@dataclass(frozen=True, eq=False)
class WayTable:
    """Ways (R) side by side. node, at_km (R, K): nodes and how far they lie from the origin, filled up with the node
    behind the last, which has no station; length_km, reach_km (R, 1).
    """

    node: I64
    at_km: F64
    length_km: F64
    reach_km: F64

    @classmethod
    def of(cls, ways: Sequence[tuple[I64, F64]], reach_km: F64, nodes: int) -> WayTable:
        most = max((len(node) for node, _ in ways), default=1)
        node, at_km = np.full((len(ways), most), nodes, np.int64), np.zeros((len(ways), most))
        for r, (on_way, along_km) in enumerate(ways):
            node[r, : len(on_way)], at_km[r, : len(on_way)] = on_way, along_km
        return cls(node, at_km, at_km.max(axis=1, initial=0.0)[:, None], reach_km[:, None] * (1.0 + PROOF))

    def driven(self, open_: Flags) -> tuple[Flags, F64]:
        """(R) which get through with stations at `open_` (N), and (R, K) km of the round trip before each station."""
        on = np.append(open_, False)[self.node]
        before_km, after_km = np.full(on.shape, -np.inf), np.full(on.shape, np.inf)
        before_km[:, 1:] = np.maximum.accumulate(np.where(on, self.at_km, -np.inf), axis=1)[:, :-1]
        after_km[:, :-1] = np.minimum.accumulate(np.where(on, self.at_km, np.inf)[:, ::-1], axis=1)[:, -2::-1]
        before_km = self.at_km - np.where(np.isinf(before_km), -self.at_km, before_km)
        after_km = np.where(np.isinf(after_km), 2 * self.length_km - self.at_km, after_km) - self.at_km
        dry = on & (np.maximum(before_km, after_km) > self.reach_km)
        through: Flags = on.any(axis=1) & ~dry.any(axis=1)
        return through, np.where(on & through[:, None], before_km + after_km, 0.0)


@dataclass(frozen=True, eq=False)
class Stretches:
    """A round trip of twice length_km past stations at at_km (k, rising) from its origin."""

    at_node: I64
    at_km: F64
    length_km: float
    reach_km: float

    @property
    def before_km(self) -> F64:
        """(k) driven since the last station when one is reached on the way out; for the first, round home."""
        return np.diff(np.concatenate((-self.at_km[:1], self.at_km)))

    @property
    def after_km(self) -> F64:
        """(k) the same on the way back; for the last, round the far end."""
        return np.diff(np.concatenate((self.at_km, 2 * self.length_km - self.at_km[-1:])))

    @property
    def carried(self) -> bool:
        reach = self.reach_km * (1.0 + PROOF)
        return len(self.at_km) > 0 and bool(max(self.before_km.max(), self.after_km.max()) <= reach)

    @property
    def share(self) -> F64:
        """(k) share of the round trip that lies before each station."""
        return np.asarray((self.before_km + self.after_km) / (2 * self.length_km))

    def longest(self) -> tuple[float, float]:
        """Length of the longest stretch, and how far from its start on the round trip a battery is empty in it [km]."""
        round_km = 2 * self.length_km
        if not len(self.at_km):
            return round_km, min(START * self.reach_km, round_km)
        starts = np.concatenate((-self.at_km[:1], self.at_km))
        lengths = np.append(self.before_km, self.after_km[-1])
        at = int(lengths.argmax())
        return float(lengths[at]), float((starts[at] + self.reach_km) % round_km)


def trips_at(corridor: Corridor, rules: CorridorRules, temperature_c: float, *, every_trip: bool = False) -> Trips:
    """The trips at a temperature. every_trip: short ones need a station too, and stations give all the energy, as in
    the model of the literature.
    """
    needs, segments, flows = rules.needs(temperature_c), len(corridor.vehicles), len(corridor.flows)
    flow = np.repeat(np.arange(flows), segments)
    segment = np.tile(np.arange(segments), flows)
    length_km = corridor.along_km[corridor.first[1:] - 1][flow]

    def by_segment(values: Iterable[float]) -> F64:
        return np.array(list(values), np.float64)[segment]

    reach_km = by_segment(one.range_km * rules.usable_share / needs for one in corridor.vehicles)
    alone = 2 * length_km <= START * reach_km * (1.0 + PROOF)
    return Trips(
        corridor=corridor,
        temperature_c=temperature_c,
        flow=flow,
        segment=segment,
        count=np.array([row.vehicles_per_day for row in corridor.flows])[flow]
        * by_segment(one.share for one in corridor.vehicles),
        reach_km=reach_km,
        home_km=START * reach_km * (not every_trip),
        kwh_per_km=by_segment(one.kwh_per_km * needs for one in corridor.vehicles),
        alone=alone & (not every_trip),
    )


def plugs_for(kwh: F64, rules: CorridorRules) -> I64:
    """(N) the fewest plugs at which enough drivers find one soon enough in the busiest hour; kwh (N) of a day."""
    sessions = kwh / rules.session_kwh * rules.peak_share
    plugs = [
        max(fewest_plugs(rate, rules.service_h, rules.wait_h, rules.wait_share), rules.least_plugs) if rate > 0 else 0
        for rate in sessions.tolist()
    ]
    return np.array(plugs, np.int64)
