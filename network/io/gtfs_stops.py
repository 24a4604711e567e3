"""Where people get on and off in a GTFS feed: stops, stations with their platforms and entrances, and changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from network.city import Roads
from network.errors import InputError, Problem
from network.io.coordinates import check_datum, check_swapped, to_wgs84
from network.io.gtfs_tables import optional_table, positions, positions_or_none, refuse, texts_of
from network.io.tables import Column, read_table
from network.io.transit import Entrance, Station
from network.part import F64, I64, Bools, Text

STOP, STATION, ENTRANCE, NODE, BOARDING_AREA = range(5)
_KINDS: Final = {"": STOP, "0": STOP, "1": STATION, "2": ENTRANCE, "3": NODE, "4": BOARDING_AREA}
_LEAST_TIME, _NOT_POSSIBLE = "2", "3"
_IN_SEAT = ("4", "5")
"""One vehicle goes on as another trip, and one may stay on it or not."""
_SECONDS = re.compile(r"\d{1,5}")


@dataclass(frozen=True)
class Stops:
    """Everything in stops.txt (N), in its order."""

    id: Text
    name: Text
    kind: I64
    parent: I64
    """Row of its parent_station, -1 where it has none."""
    lonlat: F64
    """NaN where generic nodes and boarding areas have no place."""

    @property
    def callable(self) -> Bools:
        """(N) where trips may call: at stops, and as some feeds have it at stations and entrances."""
        return ~np.isin(self.kind, (NODE, BOARDING_AREA))


def read_stops(folder: Path, crs: str, roads: Roads) -> tuple[Stops, list[str]]:
    """The stops in WGS-84, and notes about them. Raises InputError naming file and row."""
    optional = ("stop_name", "parent_station", "location_type")
    columns = {"stop_id": Column(unique=True)}
    columns |= dict.fromkeys(("stop_lon", "stop_lat"), Column(number=True, blank=True))
    table = read_table(folder / "stops.txt", columns | dict.fromkeys(optional, Column(required=False)))
    name, parent_id, kind_text = (texts_of(table, column) for column in optional)
    known = np.isin(kind_text, tuple(_KINDS))
    refuse(table, ~known, "has an unknown location_type", f"known are {', '.join(filter(None, _KINDS))}")
    kind = np.array([_KINDS[text] for text in kind_text.tolist()], dtype=np.int64)
    raw = np.column_stack((table.numbers("stop_lon"), table.numbers("stop_lat")))
    may_lack = np.isin(kind, (NODE, BOARDING_AREA))
    for i, column in enumerate(("stop_lon", "stop_lat")):
        refuse(table, np.isnan(raw[:, i]) & ~may_lack, f"has no {column}", "stops and stations need their place")
    if may_lack.all():
        raise InputError(Problem(table.name, "holds no stops", "it needs the stops that trips call at"))
    placed = ~np.isnan(raw).any(axis=1)
    lonlat = np.full(raw.shape, np.nan)
    lonlat[placed] = to_wgs84(raw[placed], crs, table.name)
    check_swapped(table.name, lonlat[placed], roads, table.rows[placed])
    check_datum(table.name, lonlat[placed], crs, roads)
    ids = table.texts("stop_id")
    parent = positions_or_none(parent_id, ids)
    dangling = int(((parent < 0) & (parent_id != "")).sum())
    notes = [f"{dangling:,} stops name a parent_station that is not in stops.txt"] if dangling else []
    return Stops(ids, np.where(name != "", name, ids), kind, parent, lonlat), notes


def stations_of(stops: Stops, by_rail: Bools, number: I64) -> tuple[list[Station], list[Entrance]]:
    """Stations with rail platforms and their entrances; a rail stop without a parent is a station of its own.

    `by_rail` (N) tells where trains call, `number` (N) the positions of the stops among those that are kept.
    """
    platforms: dict[int, list[int]] = {}
    for row in np.flatnonzero(by_rail).tolist():
        parent = int(stops.parent[row])
        home = parent if parent >= 0 and stops.kind[parent] == STATION else row
        platforms.setdefault(home, []).append(int(number[row]))
    stations = [
        Station(id=str(stops.id[row]), name=str(stops.name[row]), lonlat=_place(stops, row), platforms=tuple(some))
        for row, some in sorted(platforms.items())
    ]
    entrances = [
        Entrance(id=str(stops.id[row]), station=str(stops.id[stops.parent[row]]), lonlat=_place(stops, row))
        for row in np.flatnonzero(stops.kind == ENTRANCE).tolist()
        if int(stops.parent[row]) in platforms
    ]
    return stations, entrances


def _place(stops: Stops, row: int) -> tuple[float, float]:
    lon, lat = stops.lonlat[row].tolist()
    return lon, lat


def read_transfers(folder: Path, stops: Stops) -> tuple[dict[tuple[int, int], int], list[str]]:
    """Least seconds, or -1 where not possible, from platform to platform, a station standing for all of its own.

    What is said of a platform goes before what is said of its station. Transfers without a time of their own say
    nothing that a walk does not. Raises InputError naming file and row.
    """
    single = ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id")
    columns = {"from_stop_id": Column(), "to_stop_id": Column(), "transfer_type": Column(required=False)}
    columns |= dict.fromkeys(("min_transfer_time", *single), Column(required=False))
    table = optional_table(folder / "transfers.txt", columns)
    if table is None:
        return {}, []
    kind, time = texts_of(table, "transfer_type"), texts_of(table, "min_transfer_time")
    whole = np.array([_SECONDS.fullmatch(text) is not None for text in time.tolist()])
    what = "has no min_transfer_time in whole seconds, five digits at most"
    refuse(table, (kind == _LEAST_TIME) & ~whole, what, "type 2 needs one")
    general = np.all([texts_of(table, column) == "" for column in single], axis=0)
    tells = np.flatnonzero(general & np.isin(kind, (_LEAST_TIME, _NOT_POSSIBLE)))
    in_seat = np.isin(kind, _IN_SEAT)
    nowhere = np.any([table.texts(column) == "" for column in ("from_stop_id", "to_stop_id")], axis=0)
    refuse(table, nowhere & ~in_seat, "names no stop", "only transfers of type 4 and 5 may do without")
    known = np.append(stops.id, "")
    ends = [positions(table, column, known, "stops.txt") for column in ("from_stop_id", "to_stop_id")]
    children = _children(stops)
    found: dict[tuple[int, int], int] = {}
    for row in sorted(tells.tolist(), key=lambda row: not any(int(end[row]) in children for end in ends)):
        seconds = -1 if kind[row] == _NOT_POSSIBLE else int(time[row])
        here, there = (children.get(int(end[row]), [int(end[row])]) for end in ends)
        found |= {(a, b): seconds for a in here for b in there}
    texts = (
        (~general & ~in_seat, "transfers hold for single routes or trips only and are left out"),
        (in_seat, "transfers are from trip to trip of one vehicle and are left out: staying on it is a change"),
    )
    return found, [f"{which.sum():,} {text}" for which, text in texts if which.any()]


def _children(stops: Stops) -> dict[int, Sequence[int]]:
    """The stations and all that trips may call at there, themselves included."""
    out: dict[int, list[int]] = {}
    for row in np.flatnonzero((stops.parent >= 0) & stops.callable).tolist():
        parent = int(stops.parent[row])
        out.setdefault(parent, [parent]).append(row)
    return {parent: tuple(rows) for parent, rows in out.items()}
