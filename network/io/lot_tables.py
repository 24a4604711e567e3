"""Lots as an authority lists them: a table of lots, and one of their entrances where there are several."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from network.city import Roads
from network.demand.records import most_shown
from network.edits.base import did_you_mean
from network.errors import InputError, Problem
from network.io.coordinates import check_datum, check_swapped, to_wgs84
from network.io.lot_checks import Door, at_one_spot, on_streets, repeated
from network.io.lot_sites import Kinds, LotSite, kinds_of
from network.io.lot_windows import WINDOWS, Row, open_hours, shares, window_in
from network.io.parameters import Parameters
from network.io.tables import LONLAT, Column, Table, read_table
from network.part import F64
from network.transit import Stations
from network.units import DAY_TYPES, FEN_PER_CNY, LAND_USES, OWNERS, SLOT_H, SUPPLY_CLASSES

UNITS: Final = {
    "CNY/h": 1.0,
    "CNY/half-hour": 1.0 / SLOT_H,
    "fen/h": 1.0 / FEN_PER_CNY,
    "fen/half-hour": 1.0 / SLOT_H / FEN_PER_CNY,
}
"""Unit of the tariffs -> yuan an hour."""
_COUNT = Column(number=True, low=0, whole=True, blank=True, required=False)
_MONEY = Column(number=True, low=0, blank=True, required=False)
_TEXTS = (
    *("name", "owner", "owner_name", "department", "use", "supply_class", "station"),
    *("hours", "hours_weekend", "hours_holiday", "shared_from", "shared_to", "shared_days"),
)
COLUMNS: Final = {
    "id": Column(),
    **LONLAT,
    "spaces": Column(number=True, low=1, whole=True),
    "reserve": _COUNT,
    "shared": _COUNT,
    "tariff_cny_per_h": _MONEY,
    "retrofit_cny": _MONEY,
    **dict.fromkeys(_TEXTS, Column(required=False)),
}
ENTRANCES: Final = {"lot": Column(), **LONLAT}


class GivenLots(NamedTuple):
    """Lots of a table, lines for people, and rows of provenance of what the table does not tell."""

    sites: list[LotSite]
    lines: list[str]
    assumed: list[tuple[str, str, str, str]]
    beyond: frozenset[str]
    """Lots of the table that are left out."""


def read_lots(
    recipe: Mapping[str, Any],
    find: Callable[[str], Path],
    *,
    roads: Roads,
    stations: Stations,
    parameters: Parameters,
) -> GivenLots:
    """Lots of the table that a recipe [parking] names: COLUMNS, of which id, lon, lat and spaces must be there.

    entrances, windows: tables of ENTRANCES and WINDOWS. crs, columns: of all. tariff_unit: one of UNITS. off_street =
    "leave_out": lots on no walkable street are left out, not refused. Raises InputError naming all rows that are wrong.
    """
    path, unit = find(recipe["lots"]), recipe.get("tariff_unit", "CNY/h")
    if unit not in UNITS:
        hint = f"write {', '.join(UNITS)}"
        raise InputError(Problem("[parking] tariff_unit", f"{unit!r} is not known", hint))
    table = read_table(path, COLUMNS, recipe.get("columns"))
    lonlat = _on_earth(table, recipe, roads)
    reader = _Reader(parameters, stations, unit)
    doors, windows = _doors(recipe, find, table, roads), _windows(recipe, find, table, reader.problems)
    rows = [Row(table, at, key, reader.problems) for at, key in enumerate(table.texts("id").tolist())]
    sites = [
        reader.site(row, spot, doors.get(row.key, []), windows.get(row.key, []))
        for row, spot in zip(rows, lonlat.tolist(), strict=True)
    ]
    far_m, may_be_off = parameters.number("places.farthest_street_m"), recipe.get("off_street") == "leave_out"
    standing = on_streets(table, sites, doors, roads, far_m, may_be_off=may_be_off)
    near = at_one_spot(table, sites, parameters.number("lots.same_spot_m"))
    if problems := [*reader.problems, *repeated(table, sites), *near, *standing.problems]:
        raise InputError(most_shown(problems, path.name))
    kept = [sites[i] for i in standing.kept]
    beyond = frozenset(site.id for site in sites) - {site.id for site in kept}
    lines = [*_told(path.name, kept), *standing.notes]
    lines += [f"{path.name}: not told of lots, and assumed: {some}" for _, some, _, _ in reader.told()]
    return GivenLots(kept, lines, reader.told(), beyond)


def _on_earth(table: Table, recipe: Mapping[str, Any], roads: Roads) -> F64:
    lonlat = to_wgs84(table.lonlat(), recipe.get("crs"), table.name)
    check_swapped(table.name, lonlat, roads, table.rows)
    check_datum(table.name, lonlat, str(recipe.get("crs")), roads)
    return lonlat


def _by_lot(table: Table, lots: Table) -> dict[str, list[int]]:
    """Rows of a table by the lot that each names. Raises InputError where the lot is not there."""
    known, out = set(lots.texts("id").tolist()), dict[str, list[int]]()
    problems = []
    for at, key in enumerate(table.texts("lot").tolist()):
        out.setdefault(key, []).append(at)
        if key not in known:
            hint = did_you_mean(key, known) or "correct it, or list the lot"
            problems.append(Problem(f"{table.name}, row {table.rows[at]}", f"{key!r} is no lot of {lots.name}", hint))
    if problems:
        raise InputError(most_shown(problems, table.name))
    return out


def _doors(recipe: Mapping[str, Any], find: Callable[[str], Path], lots: Table, roads: Roads) -> dict[str, list[Door]]:
    """Entrances by lot."""
    if "entrances" not in recipe:
        return {}
    table = read_table(find(recipe["entrances"]), ENTRANCES, recipe.get("columns"))
    spots = _on_earth(table, recipe, roads).tolist()
    return {
        key: [Door(f"{table.name}, row {table.rows[at]} (lot {key})", tuple(spots[at])) for at in rows]
        for key, rows in _by_lot(table, lots).items()
    }


def _windows(
    recipe: Mapping[str, Any], find: Callable[[str], Path], lots: Table, problems: list[Problem]
) -> dict[str, list[Row]]:
    """Rows of further windows by lot."""
    if "windows" not in recipe:
        return {}
    table = read_table(find(recipe["windows"]), WINDOWS, recipe.get("columns"))
    return {key: [Row(table, at, key, problems) for at in rows] for key, rows in _by_lot(table, lots).items()}


@dataclass
class _Reader:
    """Rows of a table one by one; what is wrong and what is not told is gathered."""

    parameters: Parameters
    stations: Stations
    unit: str
    problems: list[Problem] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.words = {
            "owner": words_of(self.parameters, "lots.owner_words", OWNERS),
            "use": words_of(self.parameters, "lots.use_words", LAND_USES),
            "supply_class": words_of(self.parameters, "lots.class_words", SUPPLY_CLASSES),
        }
        self.days = words_of(self.parameters, "lots.day_words", DAY_TYPES)
        rows = [(use, owner, kind) for owner, use, kind in self.parameters.value("lots.of_owner")]
        self.of_owner = {kinds.owner: kinds for kinds in (kinds_of("lots.of_owner", *row) for row in rows)}
        self.owner = self.words["owner"].get(self.parameters.value("lots.owner"), -1)
        if lacking := [name for at, name in enumerate(OWNERS) if at not in self.of_owner]:
            raise InputError(Problem("parameter lots.of_owner", f"does not tell of {lacking[0]}", "add a row for it"))
        if self.owner < 0:
            hint = f"use {', '.join(OWNERS)}"
            raise InputError(Problem("parameter lots.owner", f"is {self.parameters.value('lots.owner')!r}", hint))

    def site(self, row: Row, spot: Sequence[float], doors: Sequence[Door], others: Sequence[Row]) -> LotSite:
        """`others` are rows of windows besides that of the lot's own row."""
        windows = [window for one in (row, *others) if (window := window_in(one, self.days))]
        spaces, opened = int(row.number("spaces") or 0), open_hours(row)
        shared, ended = shares(windows, opened)
        most = int(shared.max())
        reserve = self._reserve(row, spaces, most)
        if most > spaces - reserve:
            what = f"{most} spaces are shared at once, but the lot has {spaces} and keeps {reserve} in reserve"
            windows[-1].row.wrong("shared", what, "correct one of the three")
        return LotSite(
            id=row.key,
            where=row.where,
            name=row.text("name"),
            owner_name=row.text("owner_name"),
            department=row.text("department"),
            kinds=self._kinds(row),
            lon=spot[0],
            lat=spot[1],
            entrances=tuple(door.spot for door in doors),
            station=self._station(row),
            spaces=spaces,
            reserve=reserve,
            open=opened,
            shared=shared,
            ended=ended,
            tariff_cny_per_h=self._tariff(row),
            retrofit_cny=self._money(row, "retrofit_cny", "lots.retrofit_cny"),
        )

    def told(self) -> list[tuple[str, str, str, str]]:
        """The row of provenance of what the table does not tell, if any."""
        how = "by lots.owner, lots.of_owner, lots.reserve_share, lots.tariff_cny_per_h and lots.retrofit_cny"
        some = ", ".join(f"{name} of {count:,}" for name, count in sorted(self.missing.items()) if count)
        return [("lots.not_told", some, "lots", f"not in the table: {how}")] if some else []

    def _reserve(self, row: Row, spaces: int, shared: int) -> int:
        """As told, else a share of the spaces, as far as they are not shared already."""
        given = row.number("reserve")
        self.missing["reserve"] += given is None
        usual = math.ceil(spaces * self.parameters.number("lots.reserve_share"))
        return max(min(usual, spaces - shared), 0) if given is None else int(given)

    def _money(self, row: Row, name: str, parameter: str) -> float:
        value = row.number(name)
        self.missing[name] += value is None
        return self.parameters.number(parameter) if value is None else value

    def _tariff(self, row: Row) -> float:
        name = "tariff_cny_per_h"
        given = row.number(name)
        if given is None:
            return self._money(row, name, "lots.tariff_cny_per_h")
        cny = given * UNITS[self.unit]
        least, most = self.parameters.array("lots.plausible_cny_per_h").tolist()
        if cny and not least <= cny <= most:
            others = [unit for unit, factor in UNITS.items() if least <= given * factor <= most]
            units = " or ".join(f'"{unit}"' for unit in others)
            hint = f"is it in another unit? then write tariff_unit = {units}" if others else "correct it; 0 is free"
            row.wrong(name, f"{cny:,.9g} CNY an hour is not between {least:g} and {most:g}", hint)
        return cny

    def _kinds(self, row: Row) -> Kinds:
        """As told; what is not told is by the owner."""
        found = {name: row.word(name, row.text(name), words) for name, words in self.words.items()}
        for name in found:
            self.missing[name] += row.text(name) == ""
        usual = self.of_owner[found["owner"] if found["owner"] >= 0 else self.owner]
        return usual._replace(**{name: at for name, at in found.items() if at >= 0})

    def _station(self, row: Row) -> int:
        key = row.text("station")
        known = {name: at for at, name in enumerate(self.stations.id.tolist())}
        if key and key not in known:
            hint = did_you_mean(key, known) or "name a rail station by its id, or leave it empty"
            row.wrong("station", f"there is no station {key!r}", hint)
        return known.get(key, -1)


def words_of(parameters: Parameters, key: str, known: Sequence[str]) -> dict[str, int]:
    """Word in lower case -> position in `known`, of a parameter whose rows begin with what is known."""
    rows = parameters.value(key)
    if odd := [row[0] for row in rows if row[0] not in known]:
        hint = f"begin each row with one of {', '.join(known)}"
        raise InputError(Problem(f"parameter {key}", f"tells of {odd[0]!r}", hint))
    others = {word.lower(): known.index(row[0]) for row in rows for word in row[1:]}
    return others | {name: i for i, name in enumerate(known)}


def _told(file: str, sites: Sequence[LotSite]) -> list[str]:
    owners = Counter(OWNERS[site.kinds.owner] for site in sites)
    by_owner = ", ".join(f"{owners[name]:,} {name}" for name in OWNERS if owners[name])
    lines = [f"{file}: {len(sites):,} lots with {sum(site.spaces for site in sites):,} spaces ({by_owner})"]
    shared = [int(site.shared.max()) for site in sites if site.shared.any()]
    lines += [f"{file}: {sum(shared):,} spaces of {len(shared):,} lots are shared already"] if shared else []
    rides = [site.spaces for site in sites if site.station >= 0]
    return lines + ([f"{file}: {len(rides):,} lots with {sum(rides):,} spaces are park-and-ride"] if rides else [])
