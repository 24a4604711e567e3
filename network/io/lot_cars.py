"""How lots fill, from the series and gate logs that a city names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from network.demand.occupancy import FEWEST, MeasuredCars, day_types, measured_cars
from network.demand.records import most_shown
from network.edits.base import did_you_mean
from network.errors import InputError, Problem
from network.io.gate_logs import read_gates
from network.io.lot_sites import LotSite
from network.io.occupancy import read_occupancy
from network.io.parameters import Parameters
from network.parking_rules import ParkingRules
from network.part import F64, I32, I64
from network.units import DAY_TYPES

_SPACES: Final = ("refuse", "counted")


@dataclass(frozen=True)
class CountedCars:
    """Cars of the lots that were counted, by id, and lines for people."""

    cars: dict[str, MeasuredCars] = field(default_factory=dict)
    spaces: dict[str, int] = field(default_factory=dict)
    """Of the lots where more were taken or free at once than their table tells."""
    lines: list[str] = field(default_factory=list)


class _Log(NamedTuple):
    """Cars (L, N, 48) of lots (L) on days (N) by one file; `most` (L) were there at once."""

    file: str
    lots: tuple[str, ...]
    days: I64
    occupied: F64
    arrivals: F64 | None
    most: Sequence[int]
    rows: int
    left_out: Mapping[str, int]
    unknown: tuple[str, ...]


def counted_cars(
    recipe: Mapping[str, Any],
    find: Callable[[str], Path],
    sites: Sequence[LotSite],
    rules: ParkingRules,
    parameters: Parameters,
    *,
    beyond: Collection[str] = (),
) -> CountedCars:
    """What the files `occupancy` and `gates` of a recipe [parking] say of its lots; a gate log counts before a series.

    Lots in `beyond` are known, but not of the city. Raises InputError naming lots that are not known, and those with
    fewer spaces than were counted unless `spaces = "counted"`.
    """
    calendar = {name: _days_in(recipe, name) for name in ("holidays", "worked")}
    known = {site.id: site.spaces for site in sites}
    logs = [*_gate_logs(recipe, find, known, parameters), *_series(recipe, find, known, parameters)]
    by_id = {site.id: site for site in sites}
    out = CountedCars(spaces=_more_spaces(logs, by_id, beyond, may_grow=_may_grow(recipe)))
    by_id |= {key: replace(by_id[key], spaces=spaces) for key, spaces in out.spaces.items()}
    for log in logs:
        day_type = day_types(log.days, **calendar)
        fresh = {key: at for at, key in enumerate(log.lots) if key not in out.cars and _any(log, at)}
        found = {key: _of_lot(log, at, by_id[key], day_type, rules) for key, at in fresh.items()}
        out.cars.update(found)
        out.lines.extend(_told(log, found, day_type))
    if out.spaces:
        out.lines.append(f"{len(out.spaces):,} lots have more spaces than their table tells: as many as were counted")
    return out


def _gate_logs(
    recipe: Mapping[str, Any], find: Callable[[str], Path], spaces: Mapping[str, int], parameters: Parameters
) -> list[_Log]:
    if "gates" not in recipe:
        return []
    path = find(recipe["gates"])
    log = read_gates(path, parameters, spaces, columns=recipe.get("columns"), dates=recipe.get("dates", ""))
    most = np.nanmax(log.occupied, axis=(1, 2), initial=0).astype(int).tolist()
    some = log.lots, log.days, log.occupied, log.arrivals, most
    return [_Log(path.name, *some, log.rows, log.left_out, log.unknown)]


def _series(
    recipe: Mapping[str, Any], find: Callable[[str], Path], spaces: Mapping[str, int], parameters: Parameters
) -> list[_Log]:
    if "occupancy" not in recipe:
        return []
    path = find(recipe["occupancy"])
    how = {name: recipe.get(name, "") for name in ("timezone", "dates")}
    log = read_occupancy([path], parameters, spaces=spaces, columns=recipe.get("columns"), **how)
    some = log.lots, log.days, log.occupied, None, log.spaces.tolist()
    return [_Log(path.name, *some, log.rows, log.left_out, log.unknown)]


def _days_in(recipe: Mapping[str, Any], name: str) -> list[int]:
    """Days since 1970 of a list of dates."""
    out, problems = [], []
    for text in map(str, recipe.get(name, [])):
        try:
            out.append(int(np.datetime64(text, "D").astype(np.int64)))
        except ValueError:
            hint = 'write dates such as "2026-10-01"'
            problems.append(Problem(f"[parking] {name}", f"{text!r} is no date", hint))
    if problems:
        raise InputError(problems)
    return out


def _may_grow(recipe: Mapping[str, Any]) -> bool:
    """Whether lots have as many spaces as were counted where their table tells fewer."""
    word = recipe.get("spaces", "refuse")
    if word not in _SPACES:
        raise InputError(Problem("[parking] spaces", f"{word!r} is not known", f"write {' or '.join(_SPACES)}"))
    return bool(word == "counted")


def _more_spaces(
    logs: Sequence[_Log], sites: Mapping[str, LotSite], beyond: Collection[str], *, may_grow: bool
) -> dict[str, int]:
    """Lots with more spaces than they tell. Raises InputError for them unless they `may_grow`, and for unknown lots."""
    out: dict[str, int] = {}
    problems = []
    for log in logs:
        for key in (key for key in log.unknown if key not in beyond):
            hint = did_you_mean(key, sites) or "list the lot, or take its rows out"
            problems.append(Problem(log.file, f"tells of {key!r}, which is no lot of the city", hint))
        for key, most in zip(log.lots, log.most, strict=True):
            if most > sites[key].spaces and may_grow:
                out[key] = max(most, out.get(key, 0))
            elif most > sites[key].spaces:
                what = f"has {sites[key].spaces:,} spaces, but {log.file} tells of {most:,} taken or free at once"
                hint = f'correct them to {most:,} or more, or the counts; or write spaces = "counted"'
                problems.append(Problem(sites[key].where or f"lot {key!r}", what, hint))
    if problems:
        raise InputError(most_shown(problems, ", ".join(log.file for log in logs)))
    return out


def _any(log: _Log, at: int) -> bool:
    return not np.isnan(log.occupied[at]).all()


def _of_lot(log: _Log, at: int, site: LotSite, day_type: I32, rules: ParkingRules) -> MeasuredCars:
    arrivals = None if log.arrivals is None else log.arrivals[at]
    return measured_cars(day_type, log.occupied[at], arrivals, rules, use=site.kinds.use, spaces=site.spaces)


def _told(log: _Log, found: Mapping[str, MeasuredCars], day_type: I32) -> list[str]:
    """Lines for people: what was counted, when, and what became of the other rows."""
    if not found:
        return [f"{log.file}: counts no lot that another file does not count as well"]
    first, last = (str(np.datetime64(int(day), "D")) for day in (log.days[0], log.days[-1]))
    counts = np.bincount(day_type, minlength=len(DAY_TYPES)).tolist()
    days = ", ".join(f"{count:,} {name}s" for name, count in zip(DAY_TYPES, counts, strict=True))
    lines = [f"{log.file}: {log.rows:,} rows of {len(found):,} lots from {first} to {last}: {days}"]
    if out := ", ".join(f"{count:,} {reason}" for reason, count in log.left_out.items() if count):
        lines.append(f"{log.file}: left out: {out}")
    cells = np.isnan(log.occupied[[at for at, key in enumerate(log.lots) if key in found]])
    if cells.any():
        lines.append(f"{log.file}: {cells.mean():.1%} of the half-hours of these lots have no count")
    none = np.sum([cars.days == 0 for cars in found.values()], axis=0)
    few = np.sum([cars.pooled for cars in found.values()], axis=0) - none
    if types := _types(none):
        lines.append(f"{log.file}: too few days to tell of {types}: told by the other days")
    if types := _types(few):
        lines.append(f"{log.file}: less than {FEWEST} days of {types}: drawn to the other days")
    return lines


def _types(lots: I64) -> str:
    """Day types and how many lots (3), for people."""
    return ", ".join(f"{name}s of {n:,} lots" for name, n in zip(DAY_TYPES, lots.tolist(), strict=True) if n)
