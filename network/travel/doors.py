"""Where stops are entered from the streets: at their own place, or where it is known by the entrances of a station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.city import Roads
from network.part import I32, Bools, Snap
from network.transit import Stations
from network.travel.reach import reach


@dataclass(frozen=True, eq=False, kw_only=True)
class Doors:
    """Doors (D) that lead to some points (X), which are stops or any others; several may lead to one."""

    snap: Snap
    to: I32
    """(D) position of the point among X."""
    in_s: I32
    out_s: I32
    """(D) whole seconds from the street to the point and back; -1 where there is no way."""
    points: int
    """X."""

    @property
    def plain(self) -> bool:
        """Whether every point is its own door, in order."""
        return len(self.to) == self.points and bool((self.to == np.arange(self.points)).all()) and not self.in_s.any()

    def some(self, doors: Bools) -> Doors:
        """Some of the doors (D) alone."""
        snap = Snap(**{name: array[:, doors] for name, array in self.snap.arrays()})
        return Doors(snap=snap, to=self.to[doors], in_s=self.in_s[doors], out_s=self.out_s[doors], points=self.points)


def own_doors(points: Snap) -> Doors:
    """Every point is its own door."""
    count = points.segment.shape[1]
    none = np.zeros(count, np.int32)
    return Doors(snap=points, to=np.arange(count, dtype=np.int32), in_s=none, out_s=none, points=count)


def doors_of(stops: Snap, stations: Stations) -> Doors:
    """Stops that can be got to from the entrances of their station are entered by these alone."""
    own, s = own_doors(stops), stations
    if not len(s.way_stop):
        return own
    rest = own.some(~np.isin(own.to, s.way_stop))
    inside = {name: array[:, s.way_entrance] for name, array in s.snap.arrays()}
    return Doors(
        snap=Snap(**{name: np.hstack((array, inside[name])) for name, array in rest.snap.arrays()}),
        to=np.concatenate((rest.to, s.way_stop)),
        in_s=np.concatenate((rest.in_s, s.way_in_s)),
        out_s=np.concatenate((rest.out_s, s.way_out_s)),
        points=own.points,
    )


def ways(roads: Roads, starts: Doors, ends: Doors, mode: int, limit_s: float) -> tuple[I32, I32, I32, I32]:
    """The quickest way from point to point by the doors, of at most `limit_s` along the streets.

    As CSR by the start: first, end, whole seconds (rounded up) with those inside, whole metres along the streets.
    """
    found = reach(roads, starts.snap, ends.snap, mode, limit_s)
    time_s, length_m = np.ceil(found.time_s).astype(np.int32), np.rint(found.length_m).astype(np.int32)
    if starts.plain and ends.plain:
        return found.first.astype(np.int32), found.end, time_s, length_m
    door = np.repeat(np.arange(len(starts.to)), np.diff(found.first))
    here, there = starts.to[door], ends.to[found.end]
    out_s, in_s = starts.out_s[door], ends.in_s[found.end]
    time_s = time_s + out_s + in_s
    open_ = np.flatnonzero((out_s >= 0) & (in_s >= 0))
    order = open_[np.lexsort((length_m[open_], time_s[open_], there[open_], here[open_]))]
    fresh = (np.diff(here[order], prepend=-1) != 0) | (np.diff(there[order], prepend=-1) != 0)
    order = order[fresh]
    first = np.searchsorted(here[order], np.arange(starts.points + 1)).astype(np.int32)
    return first, there[order], time_s[order], length_m[order]
