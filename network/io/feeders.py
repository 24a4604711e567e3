"""Feeders and transformers from a table: what is left of each, what more costs, and which sites hang on which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from network.city import Roads
from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.feeders import Feeders
from network.io.coordinates import check_datum, check_swapped, to_wgs84
from network.io.layers import Plane
from network.io.parameters import Parameters
from network.io.tables import Column, Table, read_table
from network.part import F64, I32, Text

_IN_KVA: Final = {"VA": 1e-3, "kVA": 1.0, "MVA": 1e3}
_LEAST_KVA: Final = 5.0
_MOST_KVA: Final = 300_000.0
"""Rated power of the smallest transformer and the largest feeder, with room to spare: beyond it the unit is another."""
_OVERLOAD: Final = 3.0
_IDLE: Final = 1e-3
"""A peak above so many times the rated power, or below such a share of it and not 0, is of another unit."""
_ROUNDING_KVA: Final = 1e-6

_SIZE = Column(number=True, required=False)
_STEPS = ("step_kva", "step_cny", "most_steps")
_COLUMNS = {
    "id": Column(unique=True),
    **dict.fromkeys(("lon", "lat"), _SIZE),
    "area": Column(required=False),
    **dict.fromkeys(("headroom_kva", "rated_kva", "peak_kva"), _SIZE),
    "allowed_loading": Column(number=True, required=False, blank=True),
    **dict.fromkeys(("step_kva", "step_cny"), Column(number=True, low=0, required=False)),
    "most_steps": Column(number=True, low=0, whole=True, required=False),
}


@dataclass(frozen=True)
class Grid:
    """Feeders (B) and what places they feed: those near them, those of an area, or those that name them."""

    part: Feeders
    file: str
    reach_m: float
    """Straight distance within which a place hangs on the nearest feeder."""
    lonlat: F64 | None = None
    """(B, 2) WGS-84 where the table tells it."""
    area: Text | None = None
    """(B) named areas of zones where the table tells them instead."""
    zone_lonlat: F64 | None = None
    zone_area: Text | None = None
    """(Z, 2), (Z) of the zones: a place is of the area of the nearest one."""

    def feeder_of(self, lonlat: F64, ids: Sequence[str], named: Sequence[str]) -> I32:
        """(X) feeder of places (X, 2) with these ids: the one that is named, else by area or nearness, else -1.

        Raises InputError where a place names a feeder that is not in the table.
        """
        position = {name: b for b, name in enumerate(self.part.id.tolist())}
        unknown = [(place, name) for place, name in zip(ids, named, strict=True) if name and name not in position]
        if unknown:
            hint = f"the table holds {', '.join(list(position)[:5])}, ..."
            what = f"names the feeder {{!r}}, which is not in {self.file}"
            problems = [Problem(f"place {place}", what.format(name), hint) for place, name in unknown]
            raise InputError(most_shown(problems, self.file))
        found = self._by_place(lonlat)
        given = np.array([position.get(name, -1) for name in named], dtype=np.int32)
        return np.where(given >= 0, given, found).astype(np.int32)

    def _by_place(self, lonlat: F64) -> I32:
        """(X) by area or nearness alone."""
        if not len(lonlat) or not len(self.part.id):
            return np.full(len(lonlat), -1, dtype=np.int32)
        if self.lonlat is not None:
            feeder, off_m = _nearest(self.lonlat, lonlat)
            return np.where(off_m <= self.reach_m, feeder, -1).astype(np.int32)
        if self.area is None or self.zone_lonlat is None or self.zone_area is None:
            return np.full(len(lonlat), -1, dtype=np.int32)
        of_area = {name: b for b, name in enumerate(self.area.tolist())}
        area = self.zone_area[_nearest(self.zone_lonlat, lonlat)[0]]
        return np.array([of_area.get(str(name), -1) for name in area], dtype=np.int32)


def read_feeders(
    path: Path,
    *,
    roads: Roads,
    parameters: Parameters,
    crs: str | None = None,
    unit: str = "kVA",
    columns: Mapping[str, str] | None = None,
    zones: tuple[F64, Text] | None = None,
) -> Grid:
    """Feeders of a table: id; headroom_kva, or rated_kva and peak_kva with allowed_loading where it is known; lon and
    lat, or area, the name of a named area of the zones; step_kva, step_cny and most_steps where it can be reinforced.

    `unit` is that of all power: VA, kVA or MVA. `zones` are centres and area names. Raises InputError naming all rows
    that are wrong: no headroom left, power of another unit, shares above 1.
    """
    if unit not in _IN_KVA:
        raise InputError(Problem(f"{path.name}, unit", f"{unit!r} is not known", f"write {', '.join(_IN_KVA)}"))
    table = read_table(path, _COLUMNS, columns)
    _must_agree(table)
    part = _part(table, unit, parameters)
    lonlat = to_wgs84(table.lonlat(), crs, path.name) if "lon" in table else None
    if lonlat is not None:
        check_swapped(path.name, lonlat, roads, table.rows)
        check_datum(path.name, lonlat, str(crs), roads)
    area = table.texts("area") if "area" in table and lonlat is None else None
    if area is not None:
        _must_be_one_each(table, area, zones)
    by_zone = zones or (None, None)
    return Grid(part, path.name, parameters.number("places.feeder_reach_m"), lonlat, area, *by_zone)


def _part(table: Table, unit: str, parameters: Parameters) -> Feeders:
    problems = list[Problem]()
    headroom = _headroom(table, unit, parameters, problems)
    steps = {n: table.numbers(n) if n in table else np.zeros(len(table)) for n in _STEPS}
    for i in np.flatnonzero((steps["most_steps"] > 0) & (steps["step_kva"] == 0)).tolist():
        problems.append(Problem(_row(table, i, "step_kva"), "is 0, but there are steps", "what does a step add?"))
    if problems:
        raise InputError(most_shown(problems, table.name))
    return Feeders(
        id=table.texts("id"),
        headroom_kva=headroom,
        step_kva=steps["step_kva"] * _IN_KVA[unit],
        step_cny=steps["step_cny"],
        most_steps=steps["most_steps"].astype(np.int32),
    )


def _must_agree(table: Table) -> None:
    """Refuse tables whose columns do not tell a headroom, or tell it twice, or tell half of a place or a step."""
    problems, has = list[Problem](), table.columns.keys()
    where = f"{table.name}, row 1"
    if "headroom_kva" in has and has & {"rated_kva", "peak_kva"}:
        problems.append(Problem(where, "tells headroom_kva and rated_kva or peak_kva", "which counts? leave one out"))
    elif "headroom_kva" not in has and not {"rated_kva", "peak_kva"} <= has:
        problems.append(Problem(where, "tells no headroom", "give headroom_kva, or rated_kva and peak_kva"))
    if 0 < len(has & set(_STEPS)) < len(_STEPS):
        problems.append(Problem(where, f"lacks {', '.join(n for n in _STEPS if n not in has)}", "steps need all three"))
    if len(has & {"lon", "lat"}) == 1:
        problems.append(Problem(where, "has one of lon and lat", "give both, or neither"))
    if problems:
        raise InputError(problems)


def _headroom(table: Table, unit: str, parameters: Parameters, problems: list[Problem]) -> F64:
    """(B) kVA, told or rated x allowed loading - peak; what is below 0 or of another unit becomes a problem."""
    if "headroom_kva" in table:
        told = table.numbers("headroom_kva") * _IN_KVA[unit]
        for i, value in enumerate(told.tolist()):
            if not 0 <= value <= _MOST_KVA:
                problems.append(_odd_headroom(_row(table, i, "headroom_kva"), value))
            elif 0 < value < 1:
                hint = "is the table in MVA? write its unit"
                problems.append(Problem(_row(table, i, "headroom_kva"), f"{value:g} kVA is less than one plug", hint))
        return told
    usual = parameters.number("places.feeder_allowed_loading")
    loading = table.numbers("allowed_loading") if "allowed_loading" in table else np.full(len(table), np.nan)
    rated, peak = table.numbers("rated_kva") * _IN_KVA[unit], table.numbers("peak_kva") * _IN_KVA[unit]
    share = np.where(np.isnan(loading), usual, loading)
    for i, numbers in enumerate(zip(rated.tolist(), share.tolist(), peak.tolist(), strict=True)):
        problems += _wrong_load(table, i, *numbers)
    return np.maximum(rated * share - peak, 0.0)


def _odd_headroom(where: str, kva: float) -> Problem:
    if kva < 0:
        hint = "a feeder that is full has 0: give 0, and steps if it can be reinforced; or correct it"
        return Problem(where, f"headroom of {kva:,g} kVA is negative", hint)
    return Problem(where, f"{kva:,g} kVA is more than any feeder carries", "is the table in VA? write its unit")


def _wrong_load(table: Table, i: int, rated: float, share: float, peak: float) -> list[Problem]:
    """What is wrong with one row, the first of it."""
    if not _LEAST_KVA <= rated <= _MOST_KVA:
        hint = 'write the unit of the table: unit = "VA", "kVA" or "MVA"'
        return [Problem(_row(table, i, "rated_kva"), f"{rated:,g} kVA is no feeder or transformer", hint)]
    if not 0 < share <= 1:
        hint = "a share above 0 and up to 1: 80 % is 0.8"
        return [Problem(_row(table, i, "allowed_loading"), f"{share:g} is not a share", hint)]
    if peak < 0 or peak > _OVERLOAD * rated or 0 < peak < _IDLE * rated:
        what = f"a peak of {peak:,g} kVA does not fit a rated power of {rated:,g} kVA"
        return [Problem(_row(table, i, "peak_kva"), what, "write both in the same unit, or correct it")]
    if rated * share - peak < -_ROUNDING_KVA:
        what = f"headroom is negative: {rated:,g} x {share:g} - {peak:,g} = {rated * share - peak:,g} kVA"
        hint = (
            f"correct it; a feeder that is full has a peak_kva of {rated * share:g}, and steps if it can be reinforced"
        )
        return [Problem(_row(table, i), what, hint)]
    return []


def _must_be_one_each(table: Table, area: Text, zones: tuple[F64, Text] | None) -> None:
    """An area may have one feeder: among several nobody could tell which. It must be an area of the zones."""
    problems, seen = list[Problem](), dict[str, int]()
    known = set() if zones is None else set(zones[1].tolist())
    for i, name in enumerate(area.tolist()):
        where = _row(table, i, "area")
        if name not in known:
            problems.append(
                Problem(where, f"no zone is of the area {name!r}", f"known: {', '.join(sorted(known)[:8])}")
            )
        elif name in seen:
            what = f"{name!r} has the feeder of row {seen[name]} already"
            problems.append(Problem(where, what, "give lon and lat, or name feeders in the tables of places"))
        seen.setdefault(name, int(table.rows[i]))
    if problems:
        raise InputError(most_shown(problems, table.name))


def _row(table: Table, i: int, column: str = "") -> str:
    name = f" ({table.columns['id'][i]})"
    return f"{table.name}, row {table.rows[i]}{name}" + (f", column {column}" if column else "")


def _nearest(points: F64, to: F64) -> tuple[I32, F64]:
    """(X) position of the nearest of `points` and its straight distance [m], of each of `to` (X, 2), in degrees."""
    import shapely

    plane = Plane(float(np.median(points[:, 1])))
    tree = shapely.STRtree(shapely.points(plane.metres(points)))
    (_, found), off_m = tree.query_nearest(shapely.points(plane.metres(to)), return_distance=True, all_matches=False)
    return found.astype(np.int32), np.asarray(off_m, dtype=np.float64)
