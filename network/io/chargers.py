"""Charging stations that exist, from the files that cities, operators and registers keep, as sites of a city."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from network.city import Roads
from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.charger_entries import Entry, Found, rows_text, summed
from network.io.charger_json import read_ocm, read_ocpi
from network.io.charger_tables import read_afdc, read_station_table
from network.io.coordinates import WGS84, check_datum, check_swapped, to_wgs84
from network.io.parameters import Parameters
from network.io.places import Site, apart
from network.io.plugs import PowerClasses, check_unit
from network.part import F64, Bools
from network.snap import snap

FORMATS: Final = ("ocpi", "ocm", "afdc", "table")
_OFF_STREET: Final = ("refuse", "leave_out")
_WATTS: Final = "W"
_KILOWATTS: Final = "kW"
_LEAST_MIXED: Final = 3


def read_stations(
    path: Path, recipe: Mapping[str, Any], roads: Roads, parameters: Parameters
) -> tuple[list[Site], list[str]]:
    """Stations of one file, and what is to be told of it; `recipe` is a table [[chargers]] of a city.

    format: ocpi, ocm, afdc or table. crs: the datum, WGS-84 but for tables. unit: that of power, W for OCPI, else kW.
    rows, columns, statuses: see `read_station_table`. off_street = "leave_out": stations off every street are left out,
    not refused. Raises InputError naming the rows that are wrong.
    """
    _check_recipe(path.name, recipe)
    found = _read(path, recipe, parameters)
    if not found.entries:
        raise InputError(Problem(path.name, "holds no station in operation", "is it the right file and format?"))
    rows = np.array([entry.row for entry in found.entries], dtype=np.int64)
    raw = np.array([(entry.lon, entry.lat) for entry in found.entries])
    crs = recipe.get("crs", None if recipe["format"] == "table" else WGS84)
    lonlat = to_wgs84(raw, crs, path.name)
    check_swapped(path.name, lonlat, roads, rows)
    check_datum(path.name, lonlat, str(crs), roads)
    far_m, may_be_off = parameters.number("places.farthest_street_m"), recipe.get("off_street") == "leave_out"
    kept, notes = _on_streets(path.name, found.entries, lonlat, roads, far_m, may_be_off=may_be_off)
    sites, same = _sites(path, [found.entries[i] for i in kept], lonlat[kept])
    return sites, [*_told(path.name, sites, found.left_out), *notes, *same, *(f"{path.name}: {n}" for n in found.notes)]


def chargers_of(
    recipes: Sequence[Mapping[str, Any]], find: Callable[[str], Path], roads: Roads, parameters: Parameters
) -> tuple[list[Site], list[str]]:
    """Stations of all files that a city names; `find` tells where a file is. Stations of different files are kept."""
    sites, notes = list[Site](), list[str]()
    near_m = parameters.number("places.same_station_m")
    for recipe in recipes:
        more, told = read_stations(find(recipe["file"]), recipe, roads, parameters)
        notes += told
        if near := len(more) - len(apart(more, sites, near_m, among=False)):
            what = f"stand within {near_m:g} m of one of a file before it: leave out what is listed twice"
            notes.append(f"{recipe['file']}: {near:,} stations {what}")
        sites += more
    return sites, notes


def without_known(mapped: list[Site], stations: list[Site], parameters: Parameters) -> tuple[list[Site], list[str]]:
    """Sites of the map without the charging stations that a file tells of as well, and what is to be told of it."""
    if not stations:
        return mapped, []
    near_m = parameters.number("places.same_station_m")
    chargers = [site for site in mapped if site.kind == "charging_station"]
    fresh = {site.id for site in apart(chargers, stations, near_m, among=False)}
    kept = [site for site in mapped if site.kind != "charging_station" or site.id in fresh]
    if len(kept) == len(mapped):
        return mapped, []
    what = f"within {near_m:g} m of one of a file are the same: the file counts"
    return kept, [f"{len(mapped) - len(kept):,} charging stations of the map {what}"]


def _check_recipe(file: str, recipe: Mapping[str, Any]) -> None:
    if recipe["format"] not in FORMATS:
        raise InputError(
            Problem(f"{file}, format", f"{recipe['format']!r} is not known", f"write {', '.join(FORMATS)}")
        )
    if recipe.get("off_street", _OFF_STREET[0]) not in _OFF_STREET:
        hint = f"write {' or '.join(_OFF_STREET)}"
        raise InputError(Problem(f"{file}, off_street", f"{recipe['off_street']!r} is not known", hint))
    of_tables = [name for name in ("rows", "statuses") if name in recipe and recipe["format"] != "table"]
    if of_tables:
        what = f"{' and '.join(of_tables)} have no meaning for {recipe['format']}"
        raise InputError(Problem(file, what, 'leave them out, or write format = "table"'))
    check_unit(recipe.get("unit", _KILOWATTS), f"{file}, unit")


def _read(path: Path, recipe: Mapping[str, Any], parameters: Parameters) -> Found:
    classes, unit = PowerClasses.of(parameters), recipe.get("unit", _KILOWATTS)
    match recipe["format"]:
        case "ocpi":
            return read_ocpi(path, classes, recipe.get("unit", _WATTS))
        case "ocm":
            return read_ocm(path, classes, unit)
        case "afdc":
            return read_afdc(path, classes, recipe.get("columns"))
    how = {name: recipe.get(name) for name in ("rows", "columns", "statuses")}
    return read_station_table(path, classes, unit=unit, same_m=parameters.number("places.same_station_m"), **how)


def _on_streets(
    file: str, entries: list[Entry], lonlat: F64, roads: Roads, far_m: float, *, may_be_off: bool
) -> tuple[list[int], list[str]]:
    """Positions of the stations among the streets that were read, and what is to be told of others.

    Beyond the streets they are of no concern; among them, but on none, they are wrong unless they may be left out.
    """
    off_m = snap(roads, lonlat).off_m.min(axis=0)
    off = off_m > far_m
    wrong = off & amidst(roads, lonlat)
    if wrong.any() and not may_be_off:
        what = f"is on no street: the nearest is {{:,.0f}} m away, {far_m:,.0f} m are allowed"
        hint = 'correct the coordinates or take the row out; or write off_street = "leave_out"'
        problems = [
            Problem(f"{file}, row {entries[i].row} ({entries[i].id})", what.format(off_m[i]), hint)
            for i in np.flatnonzero(wrong)
        ]
        raise InputError(most_shown(problems, file))
    if off.all():
        what = f"none of its {len(entries):,} stations lies near the streets"
        raise InputError(Problem(file, what, "is it the file of another city, or in another datum?"))
    notes = []
    if wrong.any():
        rows = rows_text(entries[i].row for i in np.flatnonzero(wrong))
        notes.append(f"{file}: on no street and left out: {rows}")
    if beyond := int((off & ~wrong).sum()):
        notes.append(f"{file}: {beyond:,} stations lie beyond the streets that were read and are left out")
    return np.flatnonzero(~off).tolist(), notes


def amidst(roads: Roads, lonlat: F64) -> Bools:
    """(X) whether points lie among the streets: inside their convex hull."""
    import shapely

    hull = shapely.convex_hull(shapely.multipoints(roads.lonlat))
    return np.asarray(shapely.contains_xy(hull, lonlat), dtype=np.bool_)


def _sites(path: Path, entries: list[Entry], lonlat: F64) -> tuple[list[Site], list[str]]:
    """One site for all entries at one and the same place, and how many entries were joined."""
    at: dict[tuple[float, ...], list[Entry]] = {}
    for entry, spot in zip(entries, lonlat.tolist(), strict=True):
        at.setdefault(tuple(spot), []).append(entry)
    if problems := list(_mixed(path.name, at.values())):
        raise InputError(most_shown(problems, path.name))
    sites = []
    for (lon, lat), some in at.items():
        all_plugs = summed(entry.plugs for entry in some)
        sites.append(
            Site(
                id=f"{path.name.split('.')[0]}/{some[0].id}",
                kind="charging_station",
                name=next((entry.name for entry in some if entry.name), ""),
                lon=lon,
                lat=lat,
                plugs=all_plugs.plugs,
                guessed=all_plugs.guessed,
                feeder=next((entry.feeder for entry in some if entry.feeder), ""),
            )
        )
    joined = len(entries) - len(sites)
    return sites, [
        f"{path.name}: {joined:,} entries stand where another one does and are one with it"
    ] if joined else []


def _mixed(file: str, groups: Sequence[list[Entry]] | Any) -> Iterator[Problem]:
    """Entries at one place of which one has as many plugs as the others together, each of these one: its ports?"""
    for some in groups:
        counts = sorted(sum(entry.plugs.plugs) for entry in some)
        if len(some) >= _LEAST_MIXED and counts[-2] == 1 and counts[-1] == len(some) - 1:
            whole = max(some, key=lambda entry: sum(entry.plugs.plugs))
            ports = rows_text(entry.row for entry in some if entry is not whole)
            what = f"row {whole.row} is a station of {counts[-1]} plugs, and {ports} look like its ports"
            yield Problem(file, what, "take out the station or its ports: the plugs would count twice")


def _told(file: str, sites: Sequence[Site], left_out: Counter[str]) -> list[str]:
    slow, fast, ultra = (sum(site.plugs[c] for site in sites) for c in range(3))
    guessed = sum(site.guessed for site in sites)
    lines = [f"{file}: {len(sites):,} charging stations with {slow:,} slow, {fast:,} fast, {ultra:,} ultra-fast plugs"]
    if out := ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items()) if count):
        lines.append(f"{file}: left out: {out}")
    return lines + ([f"{file}: the power of {guessed:,} plugs is not told and assumed"] if guessed else [])
