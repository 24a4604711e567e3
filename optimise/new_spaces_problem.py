"""New spaces of a city as a problem in whole numbers: who wants them, within which walk, and what they draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from network import City, Outcome, Travel, lot_walks, parking_wanted, simulate, snap, units, walks_between
from optimise.new_spaces_candidates import F64, SpaceCandidate
from optimise.problem import I64
from optimise.spaces import SpaceObjective, SpaceProblem

THOUSAND: Final = 1000
_STEP: Final = 0.05
"""Share of its spaces that a full zone gets more, to see how many cars come for them."""
_CENT: Final = units.FEN_PER_CNY


@dataclass(frozen=True, eq=False, kw_only=True)
class SpaceCase:
    """The problem, and what its rows and pairs are. Places are the candidates, then the lots that share already."""

    problem: SpaceProblem
    candidates: tuple[SpaceCandidate, ...]
    zone: I64
    """(J) nearest to each place."""
    metres: I64
    """(P) walk of each pair."""
    wanted: I64
    """(4) cars by group, also those without any place within their walk."""


def space_case(
    city: City,
    candidates: Sequence[SpaceCandidate],
    base: Outcome,
    *,
    day: int,
    trips_per_space: F64,
    objective: SpaceObjective,
    **limits: Any,
) -> SpaceCase:
    """The case of a day type. trips_per_space: (Z) car trips a day that a space draws; limits: as in SpaceProblem."""
    lots, rules = city.lots, city.parking
    sharing = np.flatnonzero(lots.shared[:, day].any(axis=1))
    lonlat = np.array([[c.lon, c.lat] for c in candidates], float).reshape(-1, 2)
    zone = np.concatenate((_nearest(city, lonlat), lots.zone[sharing])).astype(np.int64)
    lot = {str(name): i for i, name in enumerate(lots.id)}
    at_lot = np.array([lot.get(c.lot, -1) for c in candidates] + sharing.tolist(), dtype=np.int64)
    zones, places, metres = _walks(city, lonlat, at_lot)
    wanted = parking_wanted(city, base)[:, day]
    group, who = np.nonzero(wanted)
    begins = np.searchsorted(zones, np.arange(len(city.zones.id) + 1))
    picked = [
        begins[z] + np.flatnonzero(metres[begins[z] : begins[z + 1]] <= rules.walk_m[g])
        for g, z in zip(group.tolist(), who.tolist(), strict=True)
    ]
    pairs = np.concatenate([np.zeros(0, np.int64), *picked])
    draw = trips_per_space[zone[: len(candidates)]]
    none = np.zeros(len(sharing), np.int64)
    active, room = _together(city, len(candidates), sharing, day)
    problem = SpaceProblem(
        objective=objective,
        wanted=wanted[group, who],
        group=group,
        weight=np.rint(rules.weight[group] * THOUSAND),
        first=np.cumsum([0, *(len(p) for p in picked)]),
        place=places[pairs],
        active=active,
        room=room,
        most=np.append([c.most_spaces for c in candidates], none),
        taken=np.append([c.taken_spaces for c in candidates], none),
        space_fen=np.append([_fen(c.cny_per_space) for c in candidates], none),
        open_fen=np.append([_fen(c.open_cny) for c in candidates], none),
        charge=np.append(_charges(city, candidates, draw), none),
        draw=np.append(np.ceil(draw * THOUSAND), none),
        exclusive=np.append(_numbers([c.exclusive for c in candidates]), none - 1),
        **limits,
    )
    return SpaceCase(
        problem=problem,
        candidates=tuple(candidates),
        zone=zone,
        metres=metres[pairs],
        wanted=wanted.sum(axis=1),
    )


def car_trips_per_space(city: City, travel: Travel, base: Outcome) -> F64:
    """(Z) car trips a day that one more space draws: what comes of a little more in all full zones, 0 elsewhere."""
    spaces = city.supply.parking_spaces
    full = (spaces > 0) & (base.parking_availability < 1.0)
    if not full.any():
        return np.zeros(len(spaces))
    more = np.where(full, spaces * (1.0 + _STEP), spaces)
    changed = simulate(replace(city, supply=replace(city.supply, parking_spaces=more)), travel)
    rise = changed.parking_use - base.parking_use
    return np.maximum(np.divide(rise, more - spaces, out=np.zeros(len(spaces)), where=full), 0.0)


def redrawn(case: SpaceCase, factor: float) -> SpaceCase:
    """The case where each space draws so many times the car trips."""
    draw = np.ceil(case.problem.draw * factor)
    return replace(case, problem=replace(case.problem, draw=draw))


def _walks(city: City, lonlat: F64, at_lot: I64) -> tuple[I64, I64, I64]:
    """Zone, place and whole metres of each pair within the longest walk, by zone and then place.

    To lots by their nearest entrance.
    """
    zones, limit_m = city.zones, float(city.parking.walk_m.max())
    new = np.flatnonzero(at_lot < 0)
    parts = []
    if len(new):
        first, place, metres = walks_between(
            city.roads, (zones.lonlat, zones.snap), (lonlat[new], snap(city.roads, lonlat[new])), limit_m
        )
        parts.append((np.repeat(np.arange(len(first) - 1), np.diff(first)), new[place], np.rint(metres)))
    if len(new) < len(at_lot):
        first, lot, lot_m = lot_walks(city, (zones.lonlat, zones.snap))
        zone = np.repeat(np.arange(len(first) - 1), np.diff(first))
        for j in np.flatnonzero(at_lot >= 0).tolist():
            here = lot == at_lot[j]
            parts.append((zone[here], np.full(int(here.sum()), j), lot_m[here]))
    joined = [np.concatenate([np.zeros(0, np.int64), *(p[i] for p in parts)]).astype(np.int64) for i in range(3)]
    order = np.lexsort((joined[1], joined[0]))
    return joined[0][order], joined[1][order], joined[2][order]


def _together(city: City, candidates: int, sharing: I64, day: int) -> tuple[I64, I64]:
    """Sets of groups that stand at the same time, and the spaces that are shared with them already."""
    window = city.parking.window
    masks = (window * (1 << np.arange(len(window)))[:, None]).sum(axis=0)
    active = np.unique(masks[masks > 0])
    shared = city.lots.shared[sharing, day]
    room = np.stack([shared[:, masks == mask].min(axis=1, initial=np.iinfo(np.int32).max) for mask in active], axis=1)
    return active, np.concatenate((np.zeros((candidates, len(active)), np.int64), room))


def _charges(city: City, candidates: Sequence[SpaceCandidate], draw: F64) -> I64:
    """What a space counts less: for land that others want, and for the car trips it draws."""
    rules = city.new_spaces
    wanted = np.array([bool(c.conflict) for c in candidates], np.float64)
    charge = THOUSAND * (float(rules.conflict_weight) * wanted + float(rules.car_trip_weight) * draw)
    return np.asarray(np.rint(charge), np.int64)


def _nearest(city: City, lonlat: F64) -> I64:
    """(X) zone nearest to each point, as for a lot that is added there."""
    apart = [
        np.hypot(*((city.zones.lonlat - point) * [np.cos(np.radians(point[1])), 1.0]).T).argmin() for point in lonlat
    ]
    return np.array(apart, np.int64)


def _numbers(words: Sequence[str]) -> I64:
    """A number for each word, -1 for none."""
    known = {word: i for i, word in enumerate(sorted(set(words) - {""}))}
    return np.array([known.get(word, -1) for word in words], np.int64)


def _fen(cny: float | None) -> int:
    """Whole fen, rounded up: a budget is never exceeded."""
    return math.ceil(round((cny or 0.0) * _CENT, 3))
