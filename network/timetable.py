"""A timetable as arrays: what is true of it whoever rides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np

from network.errors import InputError, Problem
from network.kernels import rounds
from network.kernels.trips import FINE, GOES_BACK, flaw
from network.part import F64, I32, I64, Bools, Part, Snap, Spec, Text


@dataclass(frozen=True, eq=False, kw_only=True)
class Timetable(Part):
    """Stops (S), patterns (P) of calls (Q) at them, and trips (T) along the patterns: times (X) in whole seconds.

    Every pattern belongs to a line (L), which has a tariff. Seconds count from the start of the service day and go on
    past midnight. No trip of a pattern overtakes another.
    """

    stop_id: Annotated[Text, Spec("U", ("S",))]
    stop_lonlat: Annotated[F64, Spec("f8", ("S", 2), -180, 180)]
    pattern_first: Annotated[I32, Spec("i4", ("P+1",), 0)]
    """Calls of pattern p are pattern_first[p]:pattern_first[p+1]."""
    call_stop: Annotated[I32, Spec("i4", ("Q",), 0)]
    call_m: Annotated[I32, Spec("i4", ("Q",), 0)]
    """Metres along the pattern."""
    call_boards: Annotated[Bools, Spec("b", ("Q",))]
    call_alights: Annotated[Bools, Spec("b", ("Q",))]
    """Whether people may get on and off there."""
    pattern_line: Annotated[I32, Spec("i4", ("P",), 0)]
    """Line each pattern belongs to."""
    line_tariff: Annotated[I32, Spec("i4", ("L",), 0)]
    """Tariff of each line."""
    trip_first: Annotated[I32, Spec("i4", ("P+1",), 0)]
    """Trips of pattern p, in the order they run, are trip_first[p]:trip_first[p+1]."""
    arrive_s: Annotated[I32, Spec("i4", ("X",))]
    depart_s: Annotated[I32, Spec("i4", ("X",))]
    """By pattern, by trip, by call."""
    transfer_from: Annotated[I32, Spec("i4", ("C",), 0)]
    transfer_to: Annotated[I32, Spec("i4", ("C",), 0)]
    transfer_s: Annotated[I32, Spec("i4", ("C",), -1)]
    """Changes whose least time the timetable itself gives; -1 where it rules them out."""
    snap: Snap
    """Where the stops touch the streets."""

    def __post_init__(self) -> None:
        super().__post_init__()
        calls, trips, stops = np.diff(self.pattern_first), np.diff(self.trip_first), len(self.stop_id)
        sound = (
            self.pattern_first[0] == self.trip_first[0] == 0
            and self.pattern_first[-1] == len(self.call_stop)
            and len(self.arrive_s) == int((calls.astype(np.int64) * trips).sum())
            and (calls >= 2).all()
            and (trips >= 1).all()
            and max(x.max(initial=-1) for x in (self.call_stop, self.transfer_from, self.transfer_to)) < stops
            and self.pattern_line.max(initial=-1) < len(self.line_tariff)
            and self.snap.segment.shape[1] == stops
        )
        if not sound:
            raise InputError(Problem("Timetable", "stops, patterns, trips and times do not describe one timetable"))
        p, kind = flaw(self.pattern_first, self.trip_first, self.arrive_s, self.depart_s)
        if kind != FINE:
            what = "has a trip that goes back in time" if kind == GOES_BACK else "has a trip that overtakes another"
            raise InputError(Problem(f"Timetable pattern {p}", what))

    @cached_property
    def time_first(self) -> I64:
        """(P+1) times of pattern p are time_first[p]:time_first[p+1]."""
        sizes = np.diff(self.pattern_first).astype(np.int64) * np.diff(self.trip_first)
        return np.append(0, np.cumsum(sizes))

    def times(self, pattern: int) -> tuple[I32, I32]:
        """Arrivals and departures (trips, calls) of a pattern."""
        some = slice(*self.time_first[pattern : pattern + 2])
        calls = int(self.pattern_first[pattern + 1] - self.pattern_first[pattern])
        return self.arrive_s[some].reshape(-1, calls), self.depart_s[some].reshape(-1, calls)

    @cached_property
    def stop_order(self) -> I64:
        """(S) the stops in the order in which patterns call at them: what is ridden lies side by side in a search."""
        calls = len(self.call_stop)
        seen = np.full(len(self.stop_id), calls)
        seen[self.call_stop[::-1]] = np.arange(calls)[::-1]
        return np.argsort(seen, kind="stable")

    @cached_property
    def stop_place(self) -> I32:
        """(S) the place of each stop in that order."""
        out = np.empty(len(self.stop_id), np.int32)
        out[self.stop_order] = np.arange(len(out), dtype=np.int32)
        return out

    @cached_property
    def for_search(self) -> rounds.Lines:
        """The timetable as searches want it, stops numbered by their place."""
        first, pattern, position = self.calls_by_stop
        call = self.pattern_first[pattern] + position
        useful = self.call_boards[call] & (call + 1 < self.pattern_first[pattern + 1])
        trips = np.diff(self.trip_first)[pattern]
        times = self.time_first[pattern] + position * trips
        offer = np.stack((pattern, position, times, self.trip_first[pattern]), axis=1)
        some = np.append(0, np.cumsum(useful))[first]
        stop_first, offer = in_order(self.stop_order, some, offer[useful].astype(np.int32))
        return rounds.Lines(
            pattern_first=self.pattern_first,
            pattern_tariff=self.line_tariff[self.pattern_line],
            pattern_bits=np.zeros(len(self.pattern_line), np.int32),
            call_stop=self.stop_place[self.call_stop],
            call_m=self.call_m,
            alights=self.call_alights,
            trip_first=self.trip_first,
            time_first=self.time_first,
            arrive=self.arrive_s,
            depart=rounds.across_trips(self.pattern_first, self.trip_first, self.time_first, self.depart_s),
            stop_first=stop_first,
            offer=offer,
        )

    @cached_property
    def calls_by_stop(self) -> tuple[I32, I32, I32]:
        """(S+1), (Q), (Q): calls at stop s are first[s]:first[s+1], each by its pattern and position in it."""
        calls = np.diff(self.pattern_first)
        pattern = np.repeat(np.arange(len(calls), dtype=np.int32), calls)
        position = np.arange(len(self.call_stop), dtype=np.int32) - self.pattern_first[pattern]
        order = np.argsort(self.call_stop, kind="stable")
        first = np.append(0, np.cumsum(np.bincount(self.call_stop, minlength=len(self.stop_id)))).astype(np.int32)
        return first, pattern[order], position[order].astype(np.int32)


def in_order(order: I64, first: I32 | I64, *columns: I32) -> tuple[I32, ...]:
    """A CSR and its columns, its rows put in another order."""
    count = np.diff(first)[order]
    after = np.append(0, np.cumsum(count))
    at = np.arange(after[-1]) - np.repeat(after[:-1] - first[order], count)
    return after.astype(np.int32), *(column[at] for column in columns)


@dataclass(frozen=True, eq=False, kw_only=True)
class Service:
    """Calls (Q) of a line at stops and the trips (T) that make all of them."""

    line: int
    stop: I32
    length_m: I32
    boards: Bools
    alights: Bools
    arrive_s: I32
    depart_s: I32
    """(T, Q)"""

    @property
    def key(self) -> tuple[int | bytes, ...]:
        return self.line, *(x.tobytes() for x in (self.stop, self.length_m, self.boards, self.alights))


def timetable(
    stop_id: Text,
    lonlat: F64,
    snap: Snap,
    services: Iterable[Service],
    line_tariff: I32,
    *,
    transfers: Iterable[tuple[int, int, int]] = (),
) -> Timetable:
    """Services put together: equal calls become one pattern, or several where trips overtake; equal trips one trip.

    `transfers` are (from, to, least seconds or -1).
    """
    alike: dict[tuple[int | bytes, ...], list[Service]] = {}
    for service in services:
        if len(service.arrive_s):
            alike.setdefault(service.key, []).append(service)
    patterns = [
        (same[0], times)
        for same in alike.values()
        for times in _in_order(np.concatenate([np.hstack((s.depart_s, s.arrive_s)) for s in same]))
    ]
    given = np.array(sorted(set(transfers)), dtype=np.int32).reshape(-1, 3)
    half = [times.shape[1] // 2 for _, times in patterns]
    return Timetable(
        stop_id=stop_id,
        stop_lonlat=lonlat,
        snap=snap,
        pattern_first=np.append(0, np.cumsum(half)).astype(np.int32),
        pattern_line=np.array([s.line for s, _ in patterns], dtype=np.int32),
        line_tariff=line_tariff,
        call_stop=_joined([s.stop for s, _ in patterns], np.int32),
        call_m=_joined([s.length_m for s, _ in patterns], np.int32),
        call_boards=_joined([s.boards for s, _ in patterns], np.bool_),
        call_alights=_joined([s.alights for s, _ in patterns], np.bool_),
        trip_first=np.append(0, np.cumsum([len(times) for _, times in patterns])).astype(np.int32),
        arrive_s=_joined([times[:, n:].ravel() for n, (_, times) in zip(half, patterns, strict=True)], np.int32),
        depart_s=_joined([times[:, :n].ravel() for n, (_, times) in zip(half, patterns, strict=True)], np.int32),
        transfer_from=given[:, 0],
        transfer_to=given[:, 1],
        transfer_s=given[:, 2],
    )


def _joined(parts: list[Any], dtype: Any) -> Any:
    """Rows one after another, also where there is none."""
    return np.concatenate([np.zeros(0, dtype), *parts])


def _in_order(times: I32) -> list[I32]:
    """Rows sorted and without doubles, parted so that within a part no number falls from a row to the next."""
    later = np.diff(times, axis=0)
    if (later >= 0).all() and later.any(axis=1).all():
        return [times]
    rows = np.unique(times, axis=0)
    if (np.diff(rows, axis=0) >= 0).all():
        return [rows]
    parts: list[list[I32]] = []
    for row in rows:
        part = next((p for p in parts if (row >= p[-1]).all()), None)
        if part is None:
            parts.append([row])
        else:
            part.append(row)
    return [np.stack(part) for part in parts]
