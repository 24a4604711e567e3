"""Sites: where chargers stand or could stand, and the stops and stations of public transport."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from network.city import Places, Roads, Zones
from network.errors import InputError, Problem
from network.io.coordinates import check_datum, check_swapped, to_wgs84
from network.io.parameters import Parameters
from network.io.tables import LONLAT, Column, read_table
from network.io.ways import Features, plugs_of, whole_number
from network.part import I32
from network.snap import on_street, snap
from network.units import DRIVE

CHARGER_KINDS = (
    "parking", "fuel", "charging_station", "supermarket", "mall", "hospital", "bus_station", "workplace", "kerb",
)  # fmt: skip
"""Kinds that may hold plugs; what they hold and cost are parameters `places.<kind>_*`."""
STOP_KINDS = ("stop", "station")
_FROM_MAP = {k: k for k in CHARGER_KINDS if k not in {"workplace", "kerb"}} | {"bus_stop": "stop", "station": "station"}


@dataclass(frozen=True, kw_only=True)
class Site:
    """One place before it is snapped: `spaces` are car parking spaces where they are known."""

    id: str
    kind: str
    name: str
    lon: float
    lat: float
    plugs: int = 0
    spaces: int | None = None


def sites_of_map(features: Features) -> list[Site]:
    """Publicly accessible car parks, fuel and charging stations, shops, hospitals, stops and stations of an extract."""
    private = features.is_private
    return [
        Site(
            id=f"osm/{features.id[i]}",
            kind=_FROM_MAP[features.kind[i]],
            name=features.name[i],
            lon=float(features.lonlat[i, 0]),
            lat=float(features.lonlat[i, 1]),
            plugs=plugs_of(features.tags[i]),
            spaces=whole_number(features.tags[i].get("capacity")) if features.kind[i] == "parking" else None,
        )
        for i in features.of_kind(*_FROM_MAP)
        if not private[i]
    ]


def sites_of_table(
    path: Path,
    *,
    crs: str | None,
    roads: Roads,
    kind: str | None = None,
    kinds: dict[str, str] | None = None,
    columns: dict[str, str] | None = None,
) -> list[Site]:
    """Rows of a table (id, lon, lat; name, plugs, spaces where known), all of one `kind`, or by the column `kind`.

    `kinds` translates that column; rows of other kinds are left out. The datum is checked against the streets. Raises
    InputError.
    """
    wanted = {
        "id": Column(unique=True),
        **LONLAT,
        "name": Column(required=False),
        "plugs": Column(number=True, low=0, required=False, whole=True),
        "spaces": Column(number=True, low=0, required=False, whole=True),
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
    names = table.texts("name") if "name" in table else np.full(len(table), "", dtype="U1")
    plugs = table.numbers("plugs") if "plugs" in table else np.zeros(len(table))
    spaces = table.numbers("spaces") if "spaces" in table else None
    return [
        Site(
            id=f"{path.name.split('.')[0]}/{table.columns['id'][i]}",
            kind=kind or known[given[i]],
            name=str(names[i]),
            lon=float(lonlat[i, 0]),
            lat=float(lonlat[i, 1]),
            plugs=int(plugs[i]),
            spaces=None if spaces is None else int(spaces[i]),
        )
        for i in range(len(table))
        if kind or given[i] in known
    ]


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


def places_part(sites: list[Site], roads: Roads, parameters: Parameters) -> tuple[Places, I32, int]:
    """The City part, the plugs that exist at each place, and how many sites far from every street were left out.

    Raises InputError where two sites share an id.
    """
    _must_differ(sites)
    lonlat = np.array([(site.lon, site.lat) for site in sites], dtype=np.float64).reshape(-1, 2)
    where = snap(roads, lonlat)
    near = where.off_m.min(axis=0) <= parameters.number("places.farthest_street_m")
    kept = [site for site, is_near in zip(sites, near, strict=True) if is_near]
    limits = {kind: _limits(kind, parameters) for kind in sorted({site.kind for site in kept})}
    most = [_most_plugs(site, limits[site.kind][0], parameters) for site in kept]
    part = Places(
        id=_texts([site.id for site in kept]),
        kind=_texts([site.kind for site in kept]),
        name=_texts([site.name for site in kept]),
        lonlat=lonlat[near],
        most_plugs=np.array(most, dtype=np.int32),
        open_cny=np.array([limits[site.kind][1] for site in kept], dtype=np.float64),
        plug_cny=np.array([limits[site.kind][2] for site in kept], dtype=np.float64),
        snap=replace(where, **{name: array[:, near] for name, array in where.arrays()}),
    )
    return part, np.array([site.plugs for site in kept], dtype=np.int32), len(sites) - len(kept)


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
    return max(most, site.plugs)


def _must_differ(sites: list[Site]) -> None:
    twice = sorted(name for name, count in Counter(site.id for site in sites).items() if count > 1)
    if twice:
        raise InputError([Problem("places", f"the id {name!r} stands for two sites") for name in twice])


def _texts(words: list[str]) -> np.ndarray[Any, np.dtype[np.str_]]:
    return np.array(words, dtype=np.str_) if words else np.zeros(0, "U1")
