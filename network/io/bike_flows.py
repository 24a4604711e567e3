"""Pickups and returns by place and hour: a table of them, and what logs of trips add up to."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from network.city import Roads
from network.demand.bike_flows import FlowRows
from network.demand.bikes import BIKE_DAYS
from network.demand.occupancy import WEEKDAY, day_types
from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.coordinates import WGS84, check_datum, check_swapped, to_wgs84
from network.io.layers import Plane
from network.io.parameters import Parameters
from network.io.tables import LONLAT, Column, Table, read_table
from network.part import F64, I64, Bools
from network.units import HOURS

_FLOW: Final = Column(number=True, low=0)
_COLUMNS: Final = {
    "id": Column(), **LONLAT, "day": Column(), "hour": Column(number=True, low=0, whole=True), "pickups": _FLOW,
    "returns": _FLOW,
}  # fmt: skip
_DAY_WORDS: Final = {"weekday": 0, "工作日": 0, "weekend": 1, "周末": 1}
_MOST_CHECKED: Final = 2000
"""Places whose datum is checked: the median distance of more to the streets is no other."""
_DECIMALS: Final = 7
_DIGITS: Final = 6
MIN_PER_DAY: Final = 1440


@dataclass(frozen=True, slots=True)
class LogRules:
    """How logs of trips are read; data/parameters/bikes.toml."""

    place_m: float
    """Ends of trips in one square of this side are at one place."""
    gap_orders: float
    """An hour without an order is a gap where others of its kind have as many on the mean."""
    moved_m: float
    """A bike that stands farther from where it stood before was ridden."""
    most_gap_h: float
    """Nothing is told of the time between snapshots farther apart."""

    @classmethod
    def of(cls, parameters: Parameters) -> LogRules:
        return cls(
            place_m=parameters.positive("bikes.place_m"),
            gap_orders=parameters.positive("bikes.gap_orders"),
            moved_m=parameters.number("bikes.moved_m"),
            most_gap_h=parameters.positive("bikes.most_gap_h"),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeLog:
    """Flows that a log tells, and what became of its rows."""

    flows: FlowRows
    rows: int
    left_out: dict[str, int]
    """Reason -> rows."""
    first_rows: dict[str, str]
    """Reason -> where the first of them stands."""
    days: tuple[int, int]
    """Days of each type of BIKE_DAYS that something is told of."""
    first: str
    last: str
    """Dates."""


class Ends(NamedTuple):
    """Ends of trips (N)."""

    lonlat: F64
    """(N, 2) WGS-84."""
    kind: I64
    """Position in BIKE_DAYS."""
    hour: I64
    back: Bools
    """Whether a bike was returned; else it was taken."""


def kinds_of(day: I64) -> I64:
    """Positions in BIKE_DAYS of days since 1970."""
    return np.asarray(day_types(day) != WEEKDAY, np.int64)


def in_city(name: str, lonlat: F64, crs: str, roads: Roads, edge_m: float) -> Bools:
    """(N) whether places lie inside the convex hull of the streets, or within `edge_m` of it.

    Raises InputError where they seem to be in another datum than `crs`.
    """
    import shapely

    check_datum(name, lonlat[:: max(1, len(lonlat) // _MOST_CHECKED)], crs, roads)
    plane = Plane(float(np.median(roads.lonlat[:, 1])))
    hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(plane.metres(roads.lonlat))), edge_m)
    return np.asarray(shapely.contains_xy(hull, plane.metres(lonlat)), np.bool_)


def flows_of(ends: Ends, hours: F64, place_m: float, source: str, notes: tuple[str, ...] = ()) -> FlowRows:
    """Flows per day at places: ends by square, over the `hours` (2, 24) that the log covers.

    A place lies in the middle of its ends. A type of day that is not covered is told by the other.
    """
    plane = Plane(float(np.median(ends.lonlat[:, 1])))
    square = np.floor(plane.metres(ends.lonlat) / place_m).astype(np.int64)
    _, at = np.unique(square[:, ::-1], axis=0, return_inverse=True)
    at = at.ravel()
    places = int(at.max()) + 1
    slot = (ends.kind * places + at) * HOURS + ends.hour
    counts = [
        np.bincount(slot[ends.back == back], minlength=len(BIKE_DAYS) * places * HOURS).reshape(-1, places, HOURS)
        for back in (False, True)
    ]
    over = hours[:, None]
    flows = [np.divide(count, over, out=np.zeros(count.shape), where=over > 0) for count in counts]
    known = np.flatnonzero(hours.sum(axis=1) > 0)
    if len(known) < len(BIKE_DAYS):
        flows = [flow[[known[0]] * len(BIKE_DAYS)] for flow in flows]
        notes = (*notes, f"no {BIKE_DAYS[1 - known[0]]} is in the log: taken to be as the {BIKE_DAYS[known[0]]}")
    for k in known.tolist():
        if bare := int((hours[k] == 0).sum()):
            notes = (*notes, f"{bare} hours of a {BIKE_DAYS[k]} are not in the log: nobody rides then")
    number = np.bincount(at)
    middle = np.column_stack([np.bincount(at, ends.lonlat[:, k]) / number for k in range(2)])
    return FlowRows(
        id=tuple(f"place/{i}" for i in range(places)), lonlat=middle, pickups=flows[0], returns=flows[1],
        source=source, notes=notes,
    )  # fmt: skip


def read_bike_flows(
    path: Path, *, crs: str = WGS84, roads: Roads | None = None, columns: Mapping[str, str] | None = None
) -> FlowRows:
    """Flows of a CSV table: id, lon, lat, day (weekday or weekend), hour (0 to 23), pickups and returns on such a day.

    An hour that is not there has none. With `roads` the datum is checked. Raises InputError with all wrong rows.
    """
    table = read_table(path, _COLUMNS, columns)
    lonlat = to_wgs84(table.lonlat(), crs, path.name)
    if roads is not None:
        check_swapped(path.name, lonlat, roads, table.rows)
        check_datum(path.name, lonlat, crs, roads)
    ids, first, at = np.unique(table.texts("id"), return_index=True, return_inverse=True)
    kind = np.array([_DAY_WORDS.get(word.lower(), -1) for word in table.texts("day").tolist()], np.int64)
    hour = table.numbers("hour").astype(np.int64)
    if problems := _odd_rows(table, at, first, kind, hour):
        raise InputError(most_shown(problems, path.name))
    flows = []
    for name in ("pickups", "returns"):
        flow = np.zeros((len(BIKE_DAYS), len(ids), HOURS))
        flow[kind, at, hour] = table.numbers(name)
        flows.append(flow)
    notes: tuple[str, ...] = ()
    if len(known := np.unique(kind)) < len(BIKE_DAYS):
        flows = [flow[[known[0]] * len(BIKE_DAYS)] for flow in flows]
        notes = (f"no {BIKE_DAYS[1 - known[0]]} is in the table: taken to be as the {BIKE_DAYS[known[0]]}",)
    return FlowRows(
        id=tuple(ids.tolist()), lonlat=lonlat[first], pickups=flows[0], returns=flows[1], source=path.name, notes=notes
    )


def _odd_rows(table: Table, at: I64, first: I64, kind: I64, hour: I64) -> list[Problem]:
    """Rows without an id, of no day or hour, that stand twice, or whose place lies elsewhere in another row."""
    spots, days = table.lonlat(), table.texts("day")
    slots: dict[tuple[int, int, int], int] = {}
    out = []
    for i, (row, place, k, h) in enumerate(
        zip(table.rows.tolist(), at.tolist(), kind.tolist(), hour.tolist(), strict=True)
    ):
        where, key = f"{table.name}, row {row}", table.text("id", i)
        before = slots.setdefault((place, k, h), row)
        if not key:
            out.append(Problem(f"{where}, column id", "the value is missing", "fill it in, or leave the row out"))
        if k < 0:
            out.append(
                Problem(f"{where}, column day", f"{str(days[i])!r} is no day", f"write {' or '.join(BIKE_DAYS)}")
            )
        if h >= HOURS:
            out.append(Problem(f"{where}, column hour", f"{h} is no hour", "0 to 23 are"))
        if key and k >= 0 and before != row:
            out.append(
                Problem(where, f"{key!r} has this day and hour in row {before} already", "leave one of them out")
            )
        if (spots[i] != spots[first[place]]).any():
            out.append(Problem(where, f"{key!r} lies elsewhere in row {table.rows[first[place]]}", "give it one place"))
    return out


def flow_table(rows: FlowRows) -> bytes:
    """The table that `read_bike_flows` reads: hours with a pickup or a return, UTF-8."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(_COLUMNS)
    kinds, places, hours = np.nonzero(rows.pickups + rows.returns)
    order = np.lexsort((hours, kinds, places))
    spots = np.round(rows.lonlat, _DECIMALS).tolist()
    for k, i, h in zip(kinds[order].tolist(), places[order].tolist(), hours[order].tolist(), strict=True):
        flows = (f"{flow[k, i, h]:.{_DIGITS}g}" for flow in (rows.pickups, rows.returns))
        out.writerow([rows.id[i], *spots[i], BIKE_DAYS[k], h, *flows])
    return text.getvalue().encode()
