"""Where bikes without docks stand, as feeds of GBFS tell from time to time: free_bike_status or vehicle_status."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from network.city import Roads
from network.demand.bikes import BIKE_DAYS
from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.bike_flows import MIN_PER_DAY, BikeLog, Ends, LogRules, flows_of, in_city, kinds_of
from network.io.clocks import clock_of, zone_of
from network.io.coordinates import WGS84, check_swapped, to_wgs84
from network.io.tables import read_text
from network.part import F64, I64, Bools
from network.snap import local_metres
from network.units import HOURS

_SUFFIXES: Final = (".json", ".json.gz")
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|([+-])(\d\d):(\d\d))")
_MIN_PER_H: Final = 60
APART: Final = "snapshots too far apart"
RENAMED: Final = "snapshots without a bike in common"


class Snapshot(NamedTuple):
    """Bikes (N) at a time."""

    minute: int
    """Since 1970, of UTC."""
    id: Sequence[str]
    lonlat: F64


def read_snapshots(
    paths: Sequence[Path],
    *,
    timezone: str,
    rules: LogRules,
    crs: str | None = None,
    roads: Roads | None = None,
) -> BikeLog:
    """Flows of snapshots (GBFS 2 or 3, plain or gzipped), or of folders of them, in any order.

    A bike that is gone was taken where it stood, one that is new was returned where it stands; one that stands farther
    than rules.moved_m from before was both. Half-way between two snapshots is when it happened. `crs` is WGS-84 where
    it is left out. Raises InputError with all that cannot be read.
    """
    files = [
        file
        for path in paths
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if not path.is_dir() or file.name.lower().endswith(_SUFFIXES)
    ]
    problems: list[Problem] = []
    read = [snapshot for file in files if (snapshot := _snapshot(file, crs or WGS84, problems))]
    if problems:
        raise InputError(most_shown(problems, "snapshots"))
    shots = list({shot.minute: shot for shot in sorted(read, key=lambda shot: shot.minute)}.values())
    if len(shots) < 2:
        raise InputError(Problem("snapshots", f"{len(shots)} are there", "two or more of different times are needed"))
    beyond = 0
    if roads is not None:
        where = np.concatenate([shot.lonlat for shot in shots])
        check_swapped("snapshots", where, roads)
        inside = in_city("snapshots", where, crs or WGS84, roads, rules.place_m)
        beyond = int((~inside).sum())
        parts = np.split(inside, np.cumsum([len(shot.id) for shot in shots])[:-1])
        shots = [_only(shot, part) for shot, part in zip(shots, parts, strict=True)]
    notes = (f"{beyond:,} times a bike stood out of the city, which counts nowhere",) if beyond else ()
    return _log(shots, len(files), zone_of(timezone), rules, notes)


def _only(shot: Snapshot, some: Bools) -> Snapshot:
    return Snapshot(shot.minute, [shot.id[i] for i in np.flatnonzero(some).tolist()], shot.lonlat[some])


def _log(shots: Sequence[Snapshot], files: int, zone: ZoneInfo, rules: LogRules, notes: tuple[str, ...]) -> BikeLog:
    minute = np.array([shot.minute for shot in shots], np.int64)
    local = clock_of((minute[:-1] + minute[1:]) // 2, zone)
    long_h = np.diff(minute) / _MIN_PER_H
    hour, day = local % MIN_PER_DAY // _MIN_PER_H, local // MIN_PER_DAY
    kind = kinds_of(day)
    hours = np.zeros((len(BIKE_DAYS), HOURS))
    left_out, first, parts, told = dict[str, int](), dict[str, str](), list[Ends](), list[int]()
    for i, (before, after) in enumerate(pairwise(shots)):
        if why := APART if long_h[i] > rules.most_gap_h else RENAMED if not set(before.id) & set(after.id) else "":
            left_out[why] = left_out.get(why, 0) + 1
            first.setdefault(why, f"after {minute[i].astype('M8[m]')} UTC")
            continue
        hours[kind[i], hour[i]] += long_h[i]
        told.append(i)
        parts += [_ends(*moved, kind[i], hour[i]) for moved in _moved(before, after, rules.moved_m)]
    ends = Ends(*(np.concatenate(part) for part in zip(*parts, strict=True))) if parts else None
    if ends is None or not len(ends.hour):
        what = "tell of no trip" if told else f"none is followed by another within {rules.most_gap_h:g} h"
        raise InputError(Problem("snapshots", what, "give more of them, an hour apart or less"))
    days = np.unique(day[told])
    dates = [str(one.astype("M8[D]")) for one in (days.min(), days.max())]
    count = np.bincount(kinds_of(days), minlength=len(BIKE_DAYS)).tolist()
    return BikeLog(
        flows=flows_of(ends, hours, rules.place_m, f"{len(shots):,} snapshots", notes), rows=files, left_out=left_out,
        first_rows=first, days=(count[0], count[1]), first=dates[0], last=dates[1],
    )  # fmt: skip


def _ends(lonlat: F64, back: bool, kind: int, hour: int) -> Ends:  # noqa: FBT001 - what the ends are
    ones = np.ones(len(lonlat), np.int64)
    return Ends(lonlat, kind * ones, hour * ones, np.full(len(lonlat), back))


def _moved(before: Snapshot, after: Snapshot, moved_m: float) -> list[tuple[F64, bool]]:
    """Where bikes were taken, and where they were returned."""
    was, now = ({key: i for i, key in enumerate(shot.id)} for shot in (before, after))
    both = [key for key in was if key in now]
    a, b = np.array([was[key] for key in both], np.int64), np.array([now[key] for key in both], np.int64)
    lat = float(before.lonlat[0, 1]) if len(before.lonlat) else 0.0
    off = np.hypot(*(local_metres(after.lonlat[b], lat) - local_metres(before.lonlat[a], lat)).T)
    gone: I64 = np.array([i for key, i in was.items() if key not in now], np.int64)
    new: I64 = np.array([i for key, i in now.items() if key not in was], np.int64)
    rode = off > moved_m
    return [
        (before.lonlat[np.concatenate((gone, a[rode]))], False),
        (after.lonlat[np.concatenate((new, b[rode]))], True),
    ]


def _snapshot(file: Path, crs: str, problems: list[Problem]) -> Snapshot | None:
    """None where it cannot be read; what is wrong is added to `problems`."""
    known = len(problems)
    try:
        data = json.loads(read_text(file))
    except (json.JSONDecodeError, InputError) as error:
        problems += (
            error.problems
            if isinstance(error, InputError)
            else [Problem(file.name, f"is not JSON: {error}", "leave the file out, or fetch it again")]
        )
        return None
    inner = data.get("data") if isinstance(data, dict) else None
    bikes = next((inner[name] for name in ("bikes", "vehicles") if name in inner), None) if inner else None
    if not isinstance(bikes, list):
        hint = "a file of free_bike_status or vehicle_status is needed"
        problems.append(Problem(file.name, "holds no data.bikes or data.vehicles", hint))
        return None
    minute = _minute(data.get("last_updated"))
    if minute is None:
        what = f"{data.get('last_updated')!r} is no time"
        problems.append(Problem(f"{file.name}, last_updated", what, "seconds since 1970, or RFC 3339"))
    rows = [_bike(bike, f"{file.name}, bike {i + 1}", problems) for i, bike in enumerate(bikes)]
    if minute is None or len(problems) > known:
        return None
    keys = [key for key, _, _ in rows]
    if len(set(keys)) < len(keys):
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        problems.append(Problem(file.name, f"bike {twice!r} stands in two places", "leave one of the two out"))
        return None
    return Snapshot(minute, keys, to_wgs84(np.array([(lon, lat) for _, lon, lat in rows]), crs, file.name))


def _bike(bike: Any, where: str, problems: list[Problem]) -> tuple[str, float, float]:
    told: Mapping[str, Any] = bike if isinstance(bike, dict) else {}
    key = told.get("bike_id", told.get("vehicle_id"))
    spot = told.get("lon"), told.get("lat")
    if key is None or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in spot):
        problems.append(Problem(where, "lacks an id, or numbers lon and lat", "give it all three, or leave it out"))
        return "", 0.0, 0.0
    return str(key), float(spot[0]), float(spot[1])  # type: ignore[arg-type]


def _minute(told: Any) -> int | None:
    """Minutes since 1970, of UTC, from seconds or RFC 3339."""
    if isinstance(told, int) and not isinstance(told, bool):
        return told // 60
    match = _RFC3339.fullmatch(told) if isinstance(told, str) else None
    if not match:
        return None
    text, sign, hours, minutes = match.groups()
    ahead = (int(hours) * _MIN_PER_H + int(minutes)) * (-1 if sign == "-" else 1) if sign else 0
    try:
        return int(np.datetime64(text, "m").astype(np.int64)) - ahead
    except ValueError:
        return None
