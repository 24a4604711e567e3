"""Sites: where chargers stand or could stand, and the stops and stations of public transport."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from network.city import Places, Roads, Zones
from network.errors import InputError, Problem
from network.io.coordinates import check_datum, check_swapped, to_wgs84
from network.io.feeders import Grid
from network.io.parameters import Parameters
from network.io.plugs import NO_PLUGS, PLUG_COLUMNS, Plugs, PowerClasses, Sorted, plugs_of, plugs_of_table
from network.io.tables import LONLAT, Column, Table, read_table
from network.io.transit import Source
from network.io.ways import Features, whole_number, year_in
from network.part import F64, I32
from network.snap import local_metres, on_street, snap
from network.units import BUS, CHARGERS, DRIVE

CHARGER_KINDS = (
    "parking", "fuel", "charging_station", "supermarket", "mall", "hospital", "bus_station", "workplace", "kerb",
    "terminal", "service_area", "old_estate",
)  # fmt: skip
"""Kinds that may hold plugs; what they hold and cost are parameters `places.<kind>_*`."""
STOP_KINDS = ("stop", "station")
_NOT_ON_MAPS = {"workplace", "kerb", "terminal", "old_estate"}
_FROM_MAP = {k: k for k in CHARGER_KINDS if k not in _NOT_ON_MAPS} | {
    "bus_stop": "stop",
    "station": "station",
    "dated_estate": "old_estate",
}


@dataclass(frozen=True, kw_only=True)
class Site:
    """One place before it is snapped."""

    id: str
    kind: str
    name: str
    lon: float
    lat: float
    plugs: Plugs = NO_PLUGS
    """Plugs that exist, by class."""
    guessed: int = 0
    """How many of them are of a class that is assumed, as their power is not known."""
    spaces: int | None = None
    """Car parking spaces where they are known."""
    feeder: str = ""
    """Id of the feeder that a table names."""


def sites_of_map(features: Features, parameters: Parameters) -> list[Site]:
    """What the public may enter of an extract: car parks, fuel and charging stations, shops, hospitals, service areas,
    stops and stations; and housing estates whose year is known and before `places.old_estate_before`.
    """
    private, classes = features.is_private, PowerClasses.of(parameters)
    before = parameters.number("places.old_estate_before")
    years = {i: year_in(features.tags[i].get("start_date")) or 0 for i in features.of_kind("dated_estate")}
    kept = [i for i in features.of_kind(*_FROM_MAP) if not private[i] and years.get(i, 0) < before]
    return [_of_map(features, i, classes) for i in kept]


def _of_map(features: Features, i: int, classes: PowerClasses) -> Site:
    tags, kind = features.tags[i], features.kind[i]
    found = plugs_of(tags, classes)
    return Site(
        id=f"osm/{features.id[i]}",
        kind=_FROM_MAP[kind],
        name=features.name[i],
        lon=float(features.lonlat[i, 0]),
        lat=float(features.lonlat[i, 1]),
        plugs=found.plugs,
        guessed=found.guessed,
        spaces=whole_number(tags.get("capacity")) if kind == "parking" else None,
    )


def sites_of_table(
    path: Path,
    *,
    crs: str | None,
    roads: Roads,
    parameters: Parameters,
    kind: str | None = None,
    kinds: dict[str, str] | None = None,
    columns: dict[str, str] | None = None,
) -> list[Site]:
    """Rows of a table (id, lon, lat; name, spaces, feeder, plugs as `PLUG_COLUMNS` where known), all of one `kind`, or
    by the column `kind`.

    `kinds` translates that column; rows of other kinds are left out. The datum is checked against the streets. Raises
    InputError.
    """
    wanted = {
        "id": Column(unique=True),
        **LONLAT,
        **PLUG_COLUMNS,
        "name": Column(required=False),
        "spaces": Column(number=True, low=0, required=False, whole=True),
        "feeder": Column(required=False),
    }
    if kind is None:
        wanted["kind"] = Column()
    table = read_table(path, wanted, columns)
    lonlat = to_wgs84(table.lonlat(), crs, path.name)
    check_swapped(path.name, lonlat, roads, table.rows)
    check_datum(path.name, lonlat, str(crs), roads)
    given = [kind or ""] * len(table) if kind else [str(k) for k in table.columns["kind"]]
    known = {k: k for k in (*CHARGER_KINDS, *STOP_KINDS)} if kinds is None else kinds
    _must_know(path.name, {known[k] for k in given if k in known} | ({kind} if kind else set()))
    plugs = plugs_of_table(table, PowerClasses.of(parameters))
    rows = zip(given, lonlat.tolist(), plugs, strict=True)
    return [
        _of_row(table, i, kind or known[word], (lon, lat), found)
        for i, (word, (lon, lat), found) in enumerate(rows)
        if kind or word in known
    ]


def _of_row(table: Table, i: int, kind: str, lonlat: tuple[float, float], plugs: Sorted) -> Site:
    return Site(
        id=f"{table.name.split('.')[0]}/{table.columns['id'][i]}",
        kind=kind,
        name=table.text("name", i),
        lon=lonlat[0],
        lat=lonlat[1],
        plugs=plugs.plugs,
        guessed=plugs.guessed,
        spaces=int(table.columns["spaces"][i]) if "spaces" in table else None,
        feeder=table.text("feeder", i),
    )


def _must_know(file: str, kinds: set[str]) -> None:
    unknown = kinds - {*CHARGER_KINDS, *STOP_KINDS}
    if unknown:
        hint = f"known are {', '.join((*CHARGER_KINDS, *STOP_KINDS))}"
        raise InputError(Problem(file, f"there is no kind of place {', '.join(sorted(unknown))}", hint))


def kerb_sites(zones: Zones, roads: Roads) -> list[Site]:
    """One kerbside candidate per zone, on the street for cars that is nearest to the zone's centre."""
    lonlat = on_street(roads, zones.snap.segment[DRIVE], zones.snap.along[DRIVE])
    names = roads.way_name[roads.way[zones.snap.segment[DRIVE]]]
    return [
        Site(id=f"kerb/{zone}", kind="kerb", name=str(name), lon=float(lon), lat=float(lat))
        for zone, name, (lon, lat) in zip(zones.id, names, lonlat, strict=True)
    ]


def terminal_sites(sources: Sequence[Source], stations: Sequence[Site], parameters: Parameters) -> list[Site]:
    """First and last stops of the bus lines, as far as their sources hold them: not where what is read cuts a line.

    Stops within `places.same_terminal_m` of one another, or of a bus station among `stations`, are one place.
    """
    found: dict[str, tuple[str, float, float]] = {}
    for source in sources:
        for service in source.services:
            line = source.lines[service.line]
            for stop, known in zip(service.stop[[0, -1]].tolist(), line.ends, strict=True):
                if known and line.mode == BUS:
                    found[str(source.stop_id[stop])] = (str(source.stop_name[stop]), *source.lonlat[stop].tolist())
    sites = [
        Site(id=f"terminal/{key}", kind="terminal", name=name, lon=lon, lat=lat)
        for key, (name, lon, lat) in sorted(found.items())
    ]
    hubs = [site for site in stations if site.kind == "bus_station"]
    return apart(sites, hubs, parameters.number("places.same_terminal_m"))


def apart(sites: Sequence[Site], others: Sequence[Site], least_m: float, *, among: bool = True) -> list[Site]:
    """Sites further than `least_m` in a straight line from all `others` and, if `among`, from those kept before."""
    from scipy.spatial import KDTree

    if not sites:
        return []
    lonlat = lonlat_of([*others, *sites])
    xy = local_metres(lonlat, float(np.median(lonlat[:, 1])))
    known, here = xy[: len(others)], xy[len(others) :]
    alone = KDTree(known).query(here)[0] > least_m if len(known) else np.ones(len(here), bool)
    if among:
        for i, j in sorted(KDTree(here).query_pairs(least_m)):
            alone[j] &= not alone[i]
    return [site for site, is_alone in zip(sites, alone.tolist(), strict=True) if is_alone]


def lonlat_of(sites: Sequence[Site]) -> F64:
    """(X, 2) WGS-84 degrees."""
    return np.array([(site.lon, site.lat) for site in sites], dtype=np.float64).reshape(-1, 2)


def places_part(
    sites: list[Site], roads: Roads, parameters: Parameters, grid: Grid | None = None
) -> tuple[Places, I32]:
    """The City part and the plugs that exist at each place (3, P); sites far from every street are left out.

    Without a `grid` no place hangs on a feeder. Raises InputError where two sites share an id.
    """
    _must_differ(sites)
    lonlat = lonlat_of(sites)
    where = snap(roads, lonlat)
    near = where.off_m.min(axis=0) <= parameters.number("places.farthest_street_m")
    kept = [site for site, is_near in zip(sites, near, strict=True) if is_near]
    limits = {kind: _limits(kind, parameters) for kind in sorted({site.kind for site in kept})}
    most = [_most_plugs(site, limits[site.kind][0], parameters) for site in kept]
    unknown = np.full(len(kept), -1, dtype=np.int32)
    part = Places(
        id=_texts([site.id for site in kept]),
        kind=_texts([site.kind for site in kept]),
        name=_texts([site.name for site in kept]),
        lonlat=lonlat[near],
        most_plugs=np.array(most, dtype=np.int32),
        open_cny=np.array([limits[site.kind][1] for site in kept], dtype=np.float64),
        plug_cny=np.array([limits[site.kind][2] for site in kept], dtype=np.float64),
        feeder=unknown if grid is None else _feeders(kept, grid),
        snap=replace(where, **{name: array[:, near] for name, array in where.arrays()}),
    )
    plugs = np.array([site.plugs for site in kept], dtype=np.int32).reshape(-1, len(CHARGERS)).T
    return part, np.ascontiguousarray(plugs)


def _feeders(sites: Sequence[Site], grid: Grid) -> I32:
    return grid.feeder_of(lonlat_of(sites), [site.id for site in sites], [site.feeder for site in sites])


def _limits(kind: str, parameters: Parameters) -> tuple[float, float, float]:
    """Most plugs, cost of opening, cost of a plug."""
    if kind in STOP_KINDS:
        return 0.0, 0.0, 0.0
    most, open_cny, plug_cny = (parameters.number(f"places.{kind}_{x}") for x in ("most_plugs", "open_cny", "plug_cny"))
    return most, open_cny, plug_cny


def _most_plugs(site: Site, limit: float, parameters: Parameters) -> int:
    most = int(limit)
    if site.spaces is not None:
        most = min(most, math.ceil(site.spaces * parameters.number("places.plugs_per_space")))
    return max(most, sum(site.plugs))


def _must_differ(sites: list[Site]) -> None:
    twice = sorted(name for name, count in Counter(site.id for site in sites).items() if count > 1)
    if twice:
        raise InputError(
            [
                Problem("places", f"the id {name!r} stands for two sites", "give one of them another id")
                for name in twice
            ]
        )


def _texts(words: list[str]) -> np.ndarray[Any, np.dtype[np.str_]]:
    return np.array(words, dtype=np.str_) if words else np.zeros(0, "U1")
