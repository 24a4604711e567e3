"""Lines with tags to street segments: cut where streets meet, with times by mode and direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.io.access import is_ferry
from network.io.elevation import Elevation
from network.io.rules import RoadRules, delays_s, ferry_minutes, passable, slope_share, speeds
from network.io.ways import Tags, Ways
from network.part import F64, I64, Bools
from network.street_graph import piece_lengths_m
from network.units import CLOSED, MOST_EDGE_M, MOST_EDGE_MS, MS_PER_S, NETWORK_MODES

_MS_PER_HOUR_OVER_M_PER_KM = 3.6 * MS_PER_S
"""time [ms] = this * length [m] / speed [km/h]."""
_MIN_PER_HOUR_OVER_M_PER_KM = 60 / 1000
_NO_SLOPE = frozenset({"steps", "elevator"})
_LEAST_KMH = 0.1
"""A ferry that takes days still moves."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Vertices (V) of the lines open to anyone, a point repeated on the spot left out."""

    ways: Ways
    point: I64
    line: I64
    kmh: F64
    """(W, M, 2) speed along and against each line, 0 where closed."""
    piece_m: F64
    """(V - 1) from each vertex to the next, 0 between lines."""
    along_m: F64
    """(V) sum of the pieces before each vertex."""

    def between(self, start: I64, last: I64) -> F64:
        """Length from vertex to vertex of one line."""
        return np.asarray(self.along_m[last] - self.along_m[start], np.float64)


@dataclass(eq=False, kw_only=True)
class Segments:
    """Lines cut at junctions (S): times forward and backward by mode (M, 2, S)."""

    ways: Ways
    point: I64
    """(V) point of each vertex; segment s runs through point[start[s]:stop[s]]."""
    start: I64
    stop: I64
    line: I64
    length_m: F64
    time_ms: npt.NDArray[np.int64]
    delay_ms: npt.NDArray[np.int64]

    def keep(self, mask: Bools) -> None:
        """Drop all other segments."""
        for name in ("start", "stop", "line", "length_m", "time_ms", "delay_ms"):
            setattr(self, name, getattr(self, name)[..., mask])

    @property
    def ends(self) -> I64:
        """(2, S) first and last point."""
        return np.stack([self.point[self.start], self.point[self.stop - 1]])

    @property
    def is_open(self) -> Bools:
        """(S) whether any mode may pass in any direction."""
        return np.asarray((self.time_ms != CLOSED).any(axis=(0, 1)))


def segments_of(ways: Ways, rules: RoadRules, elevation: Elevation | None) -> tuple[Segments, list[str]]:
    """Segments open to anyone, between the ends of lines, the points used more than once, and barriers; and notes.

    Raises InputError where a street is too long or too slow to be counted, or the elevation covers no street.
    """
    drawn = _drawn(ways, _line_speeds(ways.tags, rules))
    cut = _cut(drawn, rules)
    stretch, notes = _stretch(drawn, cut, elevation, rules)
    _set_times(drawn, cut, stretch, rules)
    cut.keep(cut.is_open)
    return cut, notes


def _line_speeds(all_tags: tuple[Tags, ...], rules: RoadRules) -> F64:
    """(W, M, 2) km/h, 0 where closed; lines with equal tags are asked once."""
    seen: dict[tuple[tuple[str, str], ...], tuple[tuple[float, float], ...]] = {}
    out = np.zeros((len(all_tags), len(NETWORK_MODES), 2))
    for w, tags in enumerate(all_tags):
        key = tuple(sorted((k, v) for k, v in tags.items() if k != "name"))
        if key not in seen:
            seen[key] = speeds(tags, rules)
        out[w] = seen[key]
    return out


def _drawn(ways: Ways, kmh: F64) -> _Drawn:
    line = ways.line
    keep = np.asarray((kmh > 0).any(axis=(1, 2)))[line]
    point, line = ways.point[keep], line[keep]
    fresh = np.ones(len(point), bool)
    fresh[1:] = (point[1:] != point[:-1]) | (line[1:] != line[:-1])
    point, line = point[fresh], line[fresh]
    piece_m = np.where(np.diff(line) == 0, piece_lengths_m(ways.lonlat[point]), 0.0)
    drawn = _Drawn(ways, point, line, kmh, piece_m, np.append(0.0, np.cumsum(piece_m)))
    _ferry_speeds(drawn)
    return drawn


def _ferry_speeds(drawn: _Drawn) -> None:
    """Give, in place, a ferry whose crossing time is known the speed of its whole line."""
    kmh = drawn.kmh
    for w, tags in enumerate(drawn.ways.tags):
        minutes = ferry_minutes(tags)
        if minutes and (kmh[w] > 0).any():
            low, high = np.searchsorted(drawn.line, [w, w + 1])
            length_m = drawn.between(low, high - 1)
            kmh[w][kmh[w] > 0] = max(length_m * _MIN_PER_HOUR_OVER_M_PER_KM / minutes, _LEAST_KMH)


def _cut(drawn: _Drawn, rules: RoadRules) -> Segments:
    """Segments between the ends of lines, the points that are used more than once, and barriers across a street."""
    ways, vertex, line = drawn.ways, drawn.point, drawn.line
    same: Bools = np.diff(line) == 0
    ends = np.ones(len(line), bool)
    ends[1:-1] = ~(same[1:] & same[:-1])
    junction = np.bincount(vertex, minlength=len(ways.lonlat)) > 1
    junction[[p for p, tags in ways.point_tags.items() if not all(passable(tags, rules))]] = True
    at = np.flatnonzero(ends | junction[vertex])
    start, last = at[:-1], at[1:]
    inside = line[start] == line[last]
    start, last = start[inside], last[inside]
    length_m = np.round(drawn.between(start, last), 3)
    if len(length_m) and length_m.max() > MOST_EDGE_M:
        what = f"a street is {length_m.max() / 1000:,.0f} km long"
        raise InputError(Problem(ways.source, what, "check the coordinates and their reference system"))
    none = np.zeros((len(NETWORK_MODES), 2, len(start)), np.int64)
    return Segments(
        ways=ways,
        point=vertex,
        start=start,
        stop=last + 1,
        line=line[start],
        length_m=length_m,
        time_ms=none,
        delay_ms=none,
    )


def _stretch(drawn: _Drawn, cut: Segments, elevation: Elevation | None, rules: RoadRules) -> tuple[F64, list[str]]:
    """(M, 2, S) time on each segment over that on the flat, and notes; slopes are taken piece by piece.

    Across a bridge or through a tunnel the ground says nothing: there the slope is that between the ends. Steps, lifts
    and ferries have speeds of their own.
    """
    if elevation is None:
        return np.ones((len(NETWORK_MODES), 2, len(cut.start))), []
    ways, piece_m = drawn.ways, drawn.piece_m
    height_m = elevation.at(ways.lonlat[drawn.point])
    unknown = np.isnan(height_m)
    if unknown.all():
        hint = "give a raster of this area, with its coordinate reference system"
        raise InputError(Problem(ways.source, "no street lies on the elevation raster", hint))
    notes = (
        [f"{unknown.mean():.1%} of the points lie off the elevation raster and count as flat"] if unknown.any() else []
    )
    spanned = np.array([_spans_ground(tags) for tags in ways.tags], np.bool_)[cut.line]
    apart = np.array([is_ferry(tags) or tags.get("highway") in _NO_SLOPE for tags in ways.tags], np.bool_)[cut.line]
    last = cut.stop - 1
    out = np.empty((len(NETWORK_MODES), 2, len(cut.start)))
    whole_m = drawn.between(cut.start, last)
    for way, sign in enumerate((1.0, -1.0)):
        slow = 1.0 / slope_share(sign * _grade(np.diff(height_m), piece_m), rules)
        slow_m = np.concatenate([np.zeros((len(slow), 1)), np.cumsum(slow * piece_m, axis=1)], axis=1)
        by_piece = np.divide(
            slow_m[:, last] - slow_m[:, cut.start], whole_m, out=np.ones((len(slow), len(last))), where=whole_m > 0
        )
        ends = 1.0 / slope_share(sign * _grade(height_m[last] - height_m[cut.start], whole_m), rules)
        out[:, way] = np.where(apart, 1.0, np.where(spanned, ends, by_piece))
    return out, notes


def _grade(rise_m: F64, run_m: F64) -> F64:
    """Rise over run; flat where either is not known."""
    grade = np.divide(rise_m, run_m, out=np.zeros_like(run_m), where=run_m > 0)
    return np.where(np.isnan(grade), 0.0, grade)


def _spans_ground(tags: Tags) -> bool:
    return any(tags.get(key, "no") != "no" for key in ("bridge", "tunnel"))


def _set_times(drawn: _Drawn, cut: Segments, stretch: F64, rules: RoadRules) -> None:
    """Times and the waiting in them, in place: a point's delay is felt by who arrives at it or passes it."""
    ways, vertex = drawn.ways, drawn.point
    delay = np.zeros((len(NETWORK_MODES), 2, len(vertex) + 1))
    felt = {p: delays_s(tags, rules) for p, tags in ways.point_tags.items()}
    felt = {p: s for p, s in felt.items() if np.any(s)}
    for v in np.flatnonzero(np.isin(vertex, list(felt))):
        delay[:, :, v + 1] = felt[int(vertex[v])]
    before = np.cumsum(delay, axis=2)
    last = cut.stop - 1
    waits = np.stack(
        [before[:, 0, last + 1] - before[:, 0, cut.start + 1], before[:, 1, last] - before[:, 1, cut.start]], axis=1
    )
    cut.delay_ms = np.rint(waits * MS_PER_S).astype(np.int64)
    speed = drawn.kmh[cut.line].transpose(1, 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        time = np.rint(cut.length_m * _MS_PER_HOUR_OVER_M_PER_KM / speed * stretch)
    time = np.where(speed > 0, np.maximum(time, cut.length_m > 0) + cut.delay_ms, CLOSED)
    if time.max(initial=CLOSED) > MOST_EDGE_MS:
        raise InputError(Problem(ways.source, "a street takes longer than twelve days", "check maxspeed and its units"))
    cut.time_ms = time.astype(np.int64)
