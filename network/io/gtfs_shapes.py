"""How far a trip of a GTFS feed has come at each call, along the line on the map that shapes.txt draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from network.io.coordinates import to_wgs84
from network.io.gtfs_stops import Stops
from network.io.gtfs_tables import optional_table, positions_or_none, refuse, rows_of
from network.io.gtfs_trips import Calls, Trips
from network.io.parameters import Parameters
from network.io.tables import Column
from network.part import F64, I32, I64, Bools, Text
from network.snap import local_metres


@dataclass(frozen=True)
class _Shapes:
    """Points of shape k are first[k]:first[k+1]."""

    id: Text
    first: I64
    lonlat: F64
    given: F64
    """shape_dist_traveled in its own unit, NaN where there is none."""


@dataclass(frozen=True)
class _Shape:
    """Points in metres, the metres to each of them from the first, and shape_dist_traveled."""

    xy: F64
    along: F64
    given: F64


def along_shapes_m(
    folder: Path, crs: str, calls: Calls, trips: Trips, stops: Stops, *, straight_m: I32, parameters: Parameters
) -> tuple[I32, list[str]]:
    """(Q) metres along each trip: along its shape where there is one that passes its stops in order, else as given.

    Where the feed says how far along the shape its stops lie and that leads there, it is taken at its word. Else the
    stops are matched to the shape in order so that the sum of their squared distances from it is least, which finds
    its way on loops and on streets that are passed twice. Also told is how many trips are further than
    transit.shape_off_m from their shape. Raises InputError naming file and row.
    """
    shapes = _read(folder, crs)
    if shapes is None:
        return straight_m, []
    off_m = parameters.positive("transit.shape_off_m")
    middle = float(np.nanmedian(stops.lonlat[:, 1]))
    stop_xy, shape_xy = (local_metres(lonlat, middle) for lonlat in (stops.lonlat, shapes.lonlat))
    shape = positions_or_none(trips.shape, shapes.id)
    out, odd = straight_m.copy(), 0
    for k, same in _alike(calls, shape).items():
        first, last = calls.first[same[0]], calls.first[same[0] + 1]
        some = slice(shapes.first[k[0]], shapes.first[k[0] + 1])
        xy = shape_xy[some]
        along = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
        line = _Shape(xy, along, shapes.given[some])
        found = _metres(line, stop_xy[calls.stop[first:last]], calls.shape_at[first:last], off_m)
        if found is None:
            odd += len(same)
            continue
        rows = np.add.outer(calls.first[same], np.arange(last - first))
        out[rows] = np.rint(found - found[0]).astype(np.int32)
    unknown = int(((shape < 0) & (trips.shape != "")).sum())
    straight = "as the straight lines between their stops with a detour"
    notes = [
        (odd, f"{odd:,} trips pass further than {off_m:g} m from a stop on their shape and are measured {straight}"),
        (unknown, f"{unknown:,} trips name a shape that is not in shapes.txt and are measured {straight}"),
    ]
    return out, [text for count, text in notes if count]


def _read(folder: Path, crs: str) -> _Shapes | None:
    columns = {
        "shape_id": Column(), "shape_pt_lon": Column(number=True), "shape_pt_lat": Column(number=True),
        "shape_pt_sequence": Column(number=True, low=0, whole=True),
        "shape_dist_traveled": Column(number=True, required=False, blank=True),
    }  # fmt: skip
    table = optional_table(folder / "shapes.txt", columns)
    if table is None:
        return None
    ids, shape = np.unique(table.texts("shape_id"), return_inverse=True)
    order = np.lexsort((table.numbers("shape_pt_sequence"), shape))
    table, shape = rows_of(table, order), shape[order]
    same = np.append(False, (np.diff(shape) == 0) & (np.diff(table.numbers("shape_pt_sequence")) == 0))
    refuse(table, same, "repeats a shape_pt_sequence of its shape", "number the points of a shape in their order")
    raw = np.column_stack((table.numbers("shape_pt_lon"), table.numbers("shape_pt_lat")))
    given = table.numbers("shape_dist_traveled") if "shape_dist_traveled" in table else np.full(len(table), np.nan)
    first = np.searchsorted(shape, np.arange(len(ids) + 1))
    return _Shapes(ids, first, to_wgs84(raw, crs, table.name), given)


def _alike(calls: Calls, shape: I64) -> dict[tuple[int, bytes, bytes], I64]:
    """Trips with a shape and two calls or more, by shape, stops and how far the feed says they lie along it."""
    alike: dict[tuple[int, bytes, bytes], list[int]] = {}
    for t in np.flatnonzero((shape >= 0) & (np.diff(calls.first) > 1)).tolist():
        some = slice(calls.first[t], calls.first[t + 1])
        key = (int(shape[t]), calls.stop[some].tobytes(), calls.shape_at[some].tobytes())
        alike.setdefault(key, []).append(t)
    return {key: np.array(same) for key, same in alike.items()}


def _metres(shape: _Shape, stops: F64, given: F64, off_m: float) -> F64 | None:
    """Metres along the shape at each stop; None where it does not pass all of them in order within `off_m`."""
    if len(shape.xy) < 2:
        return None
    known = ~np.isnan(shape.given).any() and ~np.isnan(given).any()
    if known and (np.diff(shape.given) >= 0).all() and (np.diff(given) >= 0).all():
        said = np.interp(given, shape.given, shape.along)
        if _near(shape, stops, said, off_m).all():
            return said
    found = np.maximum.accumulate(_matched(shape, stops, off_m))
    return found if _near(shape, stops, found, off_m).all() else None


def _near(shape: _Shape, stops: F64, metres: F64, off_m: float) -> Bools:
    there = np.column_stack([np.interp(metres, shape.along, shape.xy[:, axis]) for axis in (0, 1)])
    return np.asarray(np.hypot(*(there - stops).T) <= off_m)


def _matched(shape: _Shape, stops: F64, piece_m: float) -> F64:
    """Metres along the shape at each stop, each on the same piece of it as the one before or on a later one.

    Of all such matches it is the one with the least sum of squared distances, found by dynamic programming over
    pieces of at most `piece_m`: going back within one is all that the order can be out by.
    """
    ends = np.arange(0.0, shape.along[-1], piece_m)
    cuts = np.unique(np.concatenate((shape.along, ends)))
    xy = np.column_stack([np.interp(cuts, shape.along, shape.xy[:, axis]) for axis in (0, 1)])
    if len(cuts) < 2:
        return np.zeros(len(stops))
    a, step = xy[:-1], np.diff(xy, axis=0)
    square = np.maximum((step**2).sum(axis=1), np.finfo(np.float64).tiny)
    share = np.clip(((stops[:, None] - a) * step).sum(axis=2) / square, 0.0, 1.0)
    off = ((a + share[..., None] * step - stops[:, None]) ** 2).sum(axis=2)
    piece = np.arange(len(a))
    came = np.zeros(off.shape, np.int64)
    cost = off[0]
    for i in range(1, len(stops)):
        least = np.minimum.accumulate(cost)
        lower = np.append(True, cost[1:] < least[:-1])
        came[i] = np.maximum.accumulate(np.where(lower, piece, 0))
        cost = least + off[i]
    on = np.zeros(len(stops), np.int64)
    on[-1] = np.argmin(cost)
    for i in range(len(stops) - 1, 0, -1):
        on[i - 1] = came[i, on[i]]
    out: F64 = cuts[on] + share[np.arange(len(stops)), on] * np.diff(cuts)[on]
    return out
