"""Which stops to add or move as a covering problem: rows are entrances and stations, columns are stops.

Rows
    every counted entrance and station that has a bus stop now: it keeps one
    every counted entrance with a bus line both ways now: it keeps one such line, once for each direction
    those that have no stop, as many of them as the goals ask for
Columns
    add a stop at a place; move a stop to a place; leave a stop that may be moved where it is (free)
    leaving and moving one stop exclude each other; all other stops are there already
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from network import City, Coverage, Snap, digest_of, units, walks_between
from optimise.both_ways import Kept, kept
from optimise.kerbs import F64, Bools, Exclusions, Kerbs, Passing, Ways, bus_calls, kerbs, plane
from optimise.location.choices import Choices
from optimise.problem import I64

STATION, ENTRANCE = "rail_station_bus_share", "rail_entrance_bus_share"
GOALS: Final = (STATION, ENTRANCE)
"""Metrics a plan of stops can be asked to bring to a share."""
_TINY: Final = 1e-9


class Column(NamedTuple):
    """A stop to leave (place -1), to move, or to add (stop -1)."""

    stop: int
    place: int
    covers: frozenset[int]
    """Rows."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Group:
    """Rows of one metric: positions of entrances or of stations, and how many of them need a stop."""

    metric: str
    of: I64
    covered: Bools
    """Now."""
    wanted: int
    """Covered rows that the goal asks for; those that are covered now where it asks for less."""

    @property
    def missing(self) -> int:
        return self.wanted - int(self.covered.sum())


class _Near(NamedTuple):
    """What is near points: rows of the groups that a stop there covers, and entrances that have it near."""

    rows: list[frozenset[int]]
    entrances: list[list[int]]


@dataclass(frozen=True, eq=False, kw_only=True)
class StopCover:
    """Groups whose rows follow one another, those of `both_ways.Kept` behind them, the columns, and the problem the
    solver sees.
    """

    groups: tuple[Group, ...]
    asked: tuple[Group, ...]
    """The same, as they were before what cannot be reached was waived."""
    places: Kerbs
    passing: Passing
    columns: tuple[Column, ...]
    """After the first column of the problem, which stands for all stops that stay."""
    choices: Choices
    cost_fen: I64
    need: int
    within_reach: Bools
    """(I) rows that are covered now or that a new stop could cover."""
    has_place: Bools
    """(I) rows that a stop could cover if a line called there."""

    @property
    def digest(self) -> str:
        """sha256 over what the solver is asked and where the places are."""
        c = self.choices
        asked = (c.first, c.site, c.weight, c.at_most_one, self.cost_fen)
        return digest_of("stops", str(self.need), *asked, self.places.lonlat)

    def rows(self) -> list[tuple[Group, slice]]:
        """The groups with their rows."""
        return _with_rows(self.groups)

    @property
    def solvable(self) -> bool:
        return all(self.within_reach[rows].sum() >= group.wanted for group, rows in self.rows())

    def out_of_reach(self) -> list[tuple[Group, list[tuple[int, bool]], int]]:
        """Groups whose goal nothing can meet; what no stop can cover of them, and whether a line is all that lacks; and
        the most rows that can be covered.
        """
        out = []
        for group, rows in _with_rows(self.asked):
            reached = self.within_reach[rows]
            if reached.sum() < group.wanted:
                bare = zip(group.of[~reached].tolist(), self.has_place[rows][~reached].tolist(), strict=True)
                out.append((group, list(bare), int(reached.sum())))
        return out

    def covered(self, values: I64) -> Bools:
        """(I) rows covered with the chosen columns."""
        moved = {c.stop for c in self.chosen(values)}
        real = np.zeros(self.choices.sites, np.bool_)
        real[0] = True
        for at, column in enumerate(self.columns, 1):
            real[at] = column.stop not in moved if column.place < 0 else values[at] > 0
        return self.choices.covered(real)

    def chosen(self, values: I64) -> list[Column]:
        """Stops that are moved or added."""
        return [c for c, on in zip(self.columns, values[1:] > 0, strict=False) if on and c.place >= 0]


def stop_cover(
    city: City,
    coverage: Coverage,
    goals: Mapping[str, float],
    exclusions: Exclusions,
    *,
    moves: bool = True,
    relax: bool = False,
) -> StopCover:
    """The problem of bringing metrics of GOALS to shares or, with `relax`, as near to them as can be.

    Raises InputError for streets that are not there.
    """
    asked = groups = _groups(coverage, goals)
    ways = Ways(city, _places(city, groups, exclusions))
    passing = ways.passing()
    at_places = _near(city, groups, (ways.places.lonlat, ways.places.snap))
    keep, at_poles = _kept(city, coverage, groups)
    shifts = _moves(ways, _useful(passing, at_places, groups), at_places, keep) if moves else []
    movable = {column.stop for column in shifts}
    there = frozenset[int]().union(*(c.covers for c in at_poles if c.stop not in movable))
    stays = [c for c in at_poles if c.stop in movable]
    columns = [*_adds(ways, passing, at_places, groups, keep), *stays, *shifts]
    within = np.concatenate([*(g.covered for g in groups), np.ones(len(keep.row), np.bool_)])
    within[sorted(frozenset[int]().union(*(c.covers for c in columns if c.stop < 0)))] = True
    if relax:
        groups = tuple(replace(g, wanted=min(g.wanted, int(within[rows].sum()))) for g, rows in _with_rows(groups))
    choices, need = _choices(groups, within, there, columns)
    rules, cost = city.transit.stop_rules, np.zeros(choices.sites)
    for j, column in enumerate(columns, 1):
        cost[j] = rules.new_cny if column.stop < 0 else rules.move_cny if column.place >= 0 else 0.0
    return StopCover(
        groups=groups,
        asked=asked,
        places=ways.places,
        passing=passing,
        columns=tuple(columns),
        choices=choices,
        cost_fen=np.rint(cost * units.FEN_PER_CNY).astype(np.int64),
        need=need,
        within_reach=within,
        has_place=np.isin(np.arange(len(within)), sorted(frozenset[int]().union(*at_places.rows))),
    )


def _useful(passing: Passing, near: _Near, groups: Sequence[Group]) -> list[int]:
    """Places at which a line can call and that cover what has no stop."""
    lacking = ~np.concatenate([g.covered for g in groups])
    passed = (np.diff(passing.first) > 0).tolist()
    return [j for j, rows in enumerate(near.rows) if passed[j] and lacking[list(rows)].any()]


def _kept(city: City, coverage: Coverage, groups: Sequence[Group]) -> tuple[Kept, list[Column]]:
    """What is to be kept both ways, and the bus stops that are there, each left where it is."""
    t, served = city.transit.timetable, np.flatnonzero(city.transit.served_by(units.BUS))
    near, poles = _near(city, groups, (t.stop_lonlat[served], _at(t.snap, served))), served.tolist()
    keep = kept(city, coverage, dict(zip(poles, near.entrances, strict=True)), sum(len(g.of) for g in groups))
    around = zip(poles, near.rows, near.entrances, strict=True)
    return keep, [Column(p, -1, rows | keep.rows(here, keep.lines.get(p, ()))) for p, rows, here in around]


def _adds(ways: Ways, passing: Passing, near: _Near, groups: Sequence[Group], keep: Kept) -> list[Column]:
    """A stop at each place, where the lines call whose way is straightest."""
    spare_m = float(ways.city.transit.stop_rules.kerb_spacing_m)
    straight = sorted(_useful(passing, near, groups), key=lambda j: _directness(passing, j))
    lines = {j: passing.straightest(j, spare_m) for j in straight}
    return _first_of_alike([Column(-1, j, near.rows[j] | keep.rows(near.entrances[j], lines[j])) for j in straight])


def _with_rows(groups: Sequence[Group]) -> list[tuple[Group, slice]]:
    """Groups with their rows, which follow one another."""
    ends = np.cumsum([len(g.of) for g in groups]).tolist()
    return [(g, slice(end - len(g.of), end)) for g, end in zip(groups, ends, strict=True)]


def _groups(coverage: Coverage, goals: Mapping[str, float]) -> tuple[Group, ...]:
    """Entrances and stations, both also where no goal is set for them: none loses its stop."""
    c, out = coverage, []
    for metric, counts, walk_m, radius_m in (
        (STATION, c.station_counts, c.station_walk_m, c.station_m),
        (ENTRANCE, c.entrance_counts, c.entrance_walk_m, c.entrance_m),
    ):
        of = np.flatnonzero(counts)
        covered = np.asarray((walk_m <= radius_m)[of])
        wanted = int(np.ceil(goals.get(metric, 0.0) * len(of) - _TINY))
        out.append(Group(metric=metric, of=of, covered=covered, wanted=max(wanted, int(covered.sum()))))
    return tuple(out)


def _near(city: City, groups: Sequence[Group], ends: tuple[F64, Snap]) -> _Near:
    """What is near each of some points (lonlat, snap)."""
    s, rules = city.transit.stations, city.transit.stop_rules
    out: list[set[int]] = [set() for _ in ends[0]]
    limit = max(float(rules.station_m), float(rules.entrance_m))
    first, end, metres = walks_between(city.roads, (s.entrance_lonlat, s.snap), ends, limit)
    entrance = np.repeat(np.arange(len(first) - 1), np.diff(first))
    start = 0
    for group in groups:
        by_station = group.metric == STATION
        row = np.full(len(s.id if by_station else s.entrance_id), -1)
        row[group.of] = start + np.arange(len(group.of))
        here = row[s.entrance_station[entrance] if by_station else entrance]
        near = (metres <= (rules.station_m if by_station else rules.entrance_m)) & (here >= 0)
        for at, j in zip(here[near].tolist(), end[near].tolist(), strict=True):
            out[j].add(at)
        start += len(group.of)
    entrances: list[list[int]] = [[] for _ in out]
    here = metres <= rules.entrance_m
    for at, j in zip(entrance[here].tolist(), end[here].tolist(), strict=True):
        entrances[j].append(at)
    return _Near([frozenset(rows) for rows in out], entrances)


def _places(city: City, groups: Sequence[Group], exclusions: Exclusions) -> Kerbs:
    """Places near what has no stop and is wanted to have one."""
    s, rules = city.transit.stations, city.transit.stop_rules
    near_m = np.full(len(s.entrance_id), -np.inf)
    for group in (g for g in groups if g.missing):
        lacking = group.of[~group.covered]
        if group.metric == STATION:
            some, radius_m = np.isin(s.entrance_station, lacking), float(rules.station_m)
        else:
            some, radius_m = np.isin(np.arange(len(near_m)), lacking), float(rules.entrance_m)
        near_m[some] = np.maximum(near_m[some], radius_m)
    some = near_m > 0
    return kerbs(city, s.entrance_lonlat[some], near_m[some], exclusions)


def _moves(ways: Ways, useful: list[int], around: _Near, keep: Kept) -> list[Column]:
    """Stops that may be moved, each to places near it at which every line of it can still call."""
    city, rules, calls = ways.city, ways.city.transit.stop_rules, bus_calls(ways.city)
    others = [m for m in range(len(units.TRANSIT_MODES)) if m != units.BUS]
    poles = np.flatnonzero(city.transit.served_by(units.BUS) & ~city.transit.served_by(*others))
    spots, at = plane(city, ways.places.lonlat), plane(city, city.transit.timetable.stop_lonlat)
    far = np.hypot(*np.moveaxis(at[poles][:, None] - spots[useful], 2, 0))
    near = [(int(poles[i]), useful[k], float(far[i, k])) for i, k in np.argwhere(far <= rules.move_m).tolist()]
    if not near:
        return []
    own = {p: calls[calls[:, 1] == p] for p in sorted({p for p, _, _ in near})}
    some = np.unique(np.concatenate([rows[:, :3].ravel() for rows in own.values()]))
    stops, to, from_, row = ways.between(some[some >= 0].tolist())
    out = []
    for p, j, _ in sorted(near, key=lambda found: (found[0], found[2], found[1])):
        extra = np.zeros(len(own[p]))
        for k, (before, _, after, _) in enumerate(own[p].tolist()):
            if before >= 0:
                extra[k] += to[row[before], j] - stops[row[before], row[p]]
            if after >= 0:
                extra[k] += from_[j, row[after]] - stops[row[p], row[after]]
        if (extra <= rules.detour_m).all():
            out.append(Column(p, j, around.rows[j] | keep.rows(around.entrances[j], keep.lines.get(p, ()))))
    return _first_of_alike(out)


def _first_of_alike(columns: Sequence[Column]) -> list[Column]:
    """Of columns of one stop that cover the same, the first."""
    return list({(c.stop, c.covers): c for c in reversed(columns)}.values())[::-1]


def _directness(passing: Passing, place: int) -> tuple[float, int]:
    """Orders places by the least detour a line takes to them."""
    return float(passing.detour_m[passing.first[place] : passing.first[place + 1]].min()), place


def _choices(
    groups: Sequence[Group], within: Bools, there: frozenset[int], columns: Sequence[Column]
) -> tuple[Choices, int]:
    """The problem, and the weight to be covered in it.

    Rows that must be covered weigh more than all those together of which only some must. Where two groups want some of
    their rows, one has as many tokens as rows may go without, free columns behind all others; each covers one row.
    """
    lacking = [rows.start + np.flatnonzero(~g.covered & within[rows]) for g, rows in _with_rows(groups)]
    must = np.ones(len(within), np.bool_)
    for g, rows in _with_rows(groups):
        must[rows] = g.covered
    some = []
    for k, g in enumerate(groups):
        if 0 < g.missing < len(lacking[k]):
            some.append(k)
        elif g.missing:
            must[lacking[k]] = True
    covers = [sorted(there), *(sorted(c.covers) for c in columns)]
    owner = {stop: k for k, stop in enumerate(sorted({c.stop for c in columns} - {-1}))}
    excludes = [-1, *(owner.get(c.stop, -1) for c in columns)]
    if len(some) > 1:
        k = min(some, key=lambda k: len(lacking[k]) - groups[k].missing)
        some.remove(k)
        must[lacking[k]] = True
        for token in range(len(lacking[k]) - groups[k].missing):
            covers += [[row] for row in lacking[k].tolist()]
            excludes += [len(owner) + token] * len(lacking[k])
    light = np.zeros(len(must), np.bool_)
    light[np.concatenate([np.zeros(0, np.int64), *(lacking[k] for k in some)])] = True
    heavy = int(light.sum()) + 1
    choices = _choices_of(covers, np.where(must, heavy, light.astype(np.int64)), excludes)
    need = heavy * int(must.sum()) + sum(groups[k].missing for k in some)
    return choices, need


def _choices_of(covers: list[list[int]], weight: I64, excludes: list[int]) -> Choices:
    """Choices from the rows of each column; the first column is there already."""
    column = np.repeat(np.arange(len(covers)), [len(rows) for rows in covers])
    row = np.array([row for rows in covers for row in rows], dtype=np.int64)
    order = np.lexsort((column, row))
    return Choices(
        first=np.searchsorted(row[order], np.arange(len(weight) + 1)).astype(np.int64),
        site=column[order],
        sites=len(covers),
        weight=weight,
        at_most_one=np.array(excludes, dtype=np.int64),
        existing=(0,),
    )


def _at(where: Snap, some: I64) -> Snap:
    return Snap(**{name: array[:, some] for name, array in where.arrays()})
