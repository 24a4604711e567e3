"""Lines with tags to `Roads`: segments, crossings, islands closed, and a report of what was left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from network.city import Roads
from network.io.access import is_on_ground
from network.io.crossings import Crossings, crossings_of
from network.io.elevation import Elevation
from network.io.islands import ModeReport, close_islands, refuse_islands
from network.io.rules import RoadRules, Values
from network.io.segments import Segments, segments_of
from network.io.ways import Barriers, Tags, Ways, spans
from network.street_graph import StreetGraph
from network.units import CLOSED, NETWORK_MODES

_NAMED = 5
"""Ids told of a long list."""


@dataclass(frozen=True, kw_only=True)
class RoadsReport:
    """What became of a road layer."""

    source: str
    ways: int
    nodes: int
    segments: int
    turn_rules: int
    """Turn restrictions that are obeyed."""
    barriers: int
    """Crossings that at least one mode may not pass."""
    modes: tuple[ModeReport, ...]
    notes: tuple[str, ...] = ()
    """What was repaired and what was not read."""

    def lines(self) -> list[str]:
        """The same for people."""
        into = f"{self.segments:,} street segments between {self.nodes:,} nodes"
        kept = f"{self.turn_rules:,} turn restrictions and {self.barriers:,} barriers on streets are obeyed"
        rules = [kept] if self.turn_rules or self.barriers else []
        return [
            f"{self.source}: {self.ways:,} ways became {into}",
            *rules,
            *(f"{self.source}: {note}" for note in self.notes),
            *map(_mode_line, self.modes),
        ]


def _mode_line(m: ModeReport) -> str:
    left_out = f"{m.island_m / 1000:,.1f} km in {m.islands:,} islands and {m.trap_m / 1000:,.1f} km of one-way traps"
    return f"{m.mode}: {m.open_m / 1000:,.1f} km open, {m.joined_share:.1%} joined; left out {left_out}"


def roads_from_ways(
    ways: Ways, parameters: Values, *, barriers: Barriers | None = None, elevation: Elevation | None = None
) -> tuple[Roads, RoadsReport]:
    """Streets of all modes from the lines of any reader; a street closed to every mode is left out.

    Per mode only the largest strongly connected network stays open: each of its streets leads to each other and back.
    `barriers` are kept for snapping points beside the streets; `elevation` makes walkers and cyclists slower or faster
    on slopes. The result depends on the lines, their order and the parameters alone.

    Raises InputError if no street is open, if the streets open to walkers or cars fall into islands
    (less than `roads.min_joined_share` of their length in the largest network), or if the elevation covers no street.
    """
    rules = RoadRules.of(parameters)
    cut, notes = segments_of(ways, rules, elevation)
    crossings = crossings_of(ways, rules, cut.line, cut.ends, cut.time_ms)
    if crossings.unread:
        some = ", ".join(sorted(crossings.unread)[:_NAMED])
        notes.append(f"{len(crossings.unread):,} turn restrictions do not fit the streets and are left out: {some}")
    reports = tuple(close_islands(cut, crossings, m) for m in range(len(NETWORK_MODES)))
    refuse_islands(ways.source, reports, float(parameters.value("roads.min_joined_share")))
    detour_m = float(parameters.value("roads.snap_detour_m"))
    roads = _roads(cut, crossings, barriers or Barriers(), detour_m)
    report = RoadsReport(
        source=ways.source,
        ways=len(roads.way_id),
        nodes=len(roads.lonlat),
        segments=len(roads.edges),
        turn_rules=crossings.turn_rules,
        barriers=crossings.barriers,
        modes=reports,
        notes=(*ways.notes, *notes),
    )
    return roads, report


def _roads(cut: Segments, at: Crossings, barriers: Barriers, detour_m: float) -> Roads:
    """Number nodes by point, segments by line, ways by first use; turns that lead nowhere any more are dropped."""
    ways, still = cut.ways, cut.is_open
    cut.keep(still)
    tail, head = at.tail[:, still], at.head[:, still]
    copies, gates = at.copies[:, still[at.copies[3]]], at.gates[:, still[at.gates[2]]]
    begin = np.concatenate([tail.ravel(), copies[0], gates[0]])
    end = np.append(head.ravel(), copies[1])
    turn = np.isin(at.turn_tail, end) & np.isin(at.turn_head, begin)
    old = np.unique(np.append(begin, end))
    old = old[np.argsort(at.point[old], kind="stable")]
    node = np.full(len(at.point), -1, np.int64)
    node[old] = np.arange(len(old))
    segment = np.cumsum(still) - 1
    lines, line = np.unique(cut.line, return_inverse=True)
    way_of: dict[str, int] = {}
    way = np.array([way_of.setdefault(ways.id[w], len(way_of)) for w in lines], np.int32)
    tags = {ways.id[w]: ways.tags[w] for w in lines[::-1]}
    return StreetGraph(
        lonlat=ways.lonlat[at.point[old]],
        tail=node[tail],
        head=node[head],
        time_ms=cut.time_ms,
        delay_ms=cut.delay_ms,
        length_m=cut.length_m,
        way=way[line],
        shape_first=np.append(0, np.cumsum(cut.stop - cut.start)),
        shape_lonlat=ways.lonlat[cut.point[spans(cut.start, cut.stop)]],
        turn_tail=node[at.turn_tail[turn]],
        turn_head=node[at.turn_head[turn]],
        turn_ms=np.where(at.turn_open[:, turn], 0, CLOSED),
        way_id=_text(list(way_of)),
        way_name=_text([tags[i].get("name", "") for i in way_of]),
        way_class=_text([_class_of(tags[i]) for i in way_of]),
        beside=np.array([is_on_ground(ways.tags[w]) for w in lines], np.bool_)[line],
        barrier_first=barriers.first,
        barrier_lonlat=barriers.lonlat,
        snap_detour_m=np.array(detour_m),
        copies=np.stack([node[copies[0]], node[copies[1]], copies[2], segment[copies[3]]]),
        gates=np.stack([node[gates[0]], gates[1], segment[gates[2]]]),
    ).roads()


def _class_of(tags: Tags) -> str:
    return tags.get("highway") or ("ferry" if tags.get("route") == "ferry" else "")


def _text(words: list[str]) -> npt.NDArray[np.str_]:
    return np.array(words, dtype=np.str_) if words else np.zeros(0, "U1")
