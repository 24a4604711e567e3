"""Lines without a timetable: from a table with a row per call, or from drawn lines that name their stations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from network.city import Roads
from network.errors import InputError, Problem
from network.io.coordinates import check_datum, check_swapped, to_wgs84
from network.io.headways import Calls, Modes, source_of
from network.io.layers import read_features
from network.io.parameters import Parameters
from network.io.running import gathered, read_running, refuse
from network.io.tables import LONLAT, Column, Table, read_table
from network.io.transit import Entrance, Source, Station
from network.part import F64, I64, Bools, Text
from network.snap import local_metres

_TEXT = Column(required=False)
_SECONDS = Column(number=True, low=0, required=False, blank=True)
_DAY_S = 86_400
_ENDS = ("--", "—", "→")
"""What stands between the ends of a line in the bracket that tells its directions apart."""
_BRACKETS = {")": "(", "）": "（"}
_YES, _NO = frozenset({"", "1", "yes", "true", "是"}), frozenset({"0", "no", "false", "否"})


def read_line_table(
    path: Path,
    *,
    mode: str,
    crs: str | None,
    roads: Roads,
    parameters: Parameters,
    columns: Mapping[str, str] | None = None,
    lines: Path | None = None,
) -> Source:
    """Lines from a table with a row per call: line, stop, sequence, lon, lat; a line is one direction.

    It may also have stop_name, line_name (which the directions of a line share; else it is the id without the bracket
    of its ends, `1路(A--B)`), and either run_s, seconds from the call before, or arrive_s and depart_s, seconds since
    the line set out. `lines` is a second table of headways and more, see `read_running`. Whatever neither tells is
    by the parameters of the mode: speed, detour, headways. Lines with fewer than two stops near the streets are left
    out, other stops far from them too. When in its headway a line leaves is drawn from its id, see `departures`.

    Raises InputError naming all rows that are wrong.
    """
    modes, problems = Modes(parameters), list[Problem]()
    with gathered(problems):
        _ = modes[mode]
    with gathered(problems):
        table = _calls_table(path, columns)
    refuse(problems)
    stop_id, first_row, stop = np.unique(table.texts("stop"), return_index=True, return_inverse=True)
    with gathered(problems):
        lonlat = _lonlat(table, crs, roads, first_row)
    line_id, line = np.unique(table.texts("line"), return_inverse=True)
    order = np.lexsort((table.numbers("sequence"), line))
    first = np.searchsorted(line[order], np.arange(len(line_id) + 1))
    problems += _odd_calls(table, line_id, line, order)
    ride_s, dwell_s = _times(table, line, order, problems)
    names = _names(table, line_id.tolist(), order[first[:-1]])
    with gathered(problems):
        running, tariffs = read_running(lines, line_id.tolist(), names, mode, modes)
    refuse(problems)
    calls = Calls(
        stop_id=stop_id,
        stop_name=table.texts("stop_name")[first_row] if "stop_name" in table else stop_id,
        lonlat=lonlat,
        line_id=line_id.tolist(),
        line_name=names,
        first=first,
        stop=stop[order].astype(np.int32),
        ride_s=ride_s,
        dwell_s=dwell_s,
    )
    near = _near(calls.lonlat, roads, parameters.number("places.farthest_street_m"))
    calls, kept = _near_lines(calls, near, path.name)
    return replace(source_of(calls, [running[i] for i in kept.tolist()], modes), tariffs=tariffs)


def _lonlat(table: Table, crs: str | None, roads: Roads, rows: I64 | None = None) -> F64:
    """WGS-84 positions of rows, of all where none are named."""
    lonlat = to_wgs84(table.lonlat(), crs, table.name)
    check_swapped(table.name, lonlat, roads, table.rows)
    lonlat = lonlat if rows is None else lonlat[rows]
    check_datum(table.name, lonlat, str(crs), roads)
    return lonlat


def _calls_table(path: Path, columns: Mapping[str, str] | None) -> Table:
    wanted = {"line": Column(), "stop": Column(), "sequence": Column(number=True, low=0), **LONLAT}
    wanted |= {"stop_name": _TEXT, "line_name": _TEXT, "run_s": _SECONDS}
    wanted |= {"arrive_s": Column(number=True, low=0, required=False), "depart_s": _SECONDS}
    table = read_table(path, wanted, columns)
    if "run_s" in table and "arrive_s" in table:
        raise InputError(Problem(f"{path.name}, row 1", "has both run_s and arrive_s", "leave one of them out"))
    return table


def _odd_calls(table: Table, line_id: Text, line: I64, order: I64) -> list[Problem]:
    """Ids that are missing, positions along a line that repeat, lines of one stop."""
    rows, number = table.rows, table.numbers("sequence")
    problems = [
        Problem(
            f"{table.name}, row {rows[i]}, column {column}", "the value is missing", "fill it in, or leave the row out"
        )
        for column in ("line", "stop")
        for i in np.flatnonzero(table.texts(column) == "")
    ]
    again = np.flatnonzero((np.diff(line[order]) == 0) & (np.diff(number[order]) == 0)) + 1
    for i in order[again].tolist():
        what = f"repeats {number[i]:g} of line {str(line_id[line[i]])!r}"
        problems.append(
            Problem(f"{table.name}, row {rows[i]}, column sequence", what, "number the calls of a line in their order")
        )
    alone = np.flatnonzero(np.bincount(line)[line] == 1)
    return problems + [
        Problem(f"{table.name}, row {rows[i]}", f"line {str(line_id[line[i]])!r} has one stop", "a line needs two")
        for i in alone.tolist()
    ]


def _times(table: Table, line: I64, order: I64, problems: list[Problem]) -> tuple[F64, F64]:
    """Seconds of each ride, NaN where not known, and at each stop, both in this order."""
    ride_s, none = np.full(len(order), np.nan), np.zeros(len(order))
    for column in [c for c in ("run_s", "arrive_s", "depart_s") if c in table]:
        problems += [
            Problem(f"{table.name}, row {table.rows[i]}, column {column}", "is more than a day", "write seconds")
            for i in np.flatnonzero(table.numbers(column) > _DAY_S).tolist()
        ]
    if "arrive_s" not in table:
        return (np.rint(table.numbers("run_s"))[order] if "run_s" in table else ride_s), none
    arrive = np.rint(table.numbers("arrive_s"))[order]
    depart = np.rint(table.numbers("depart_s"))[order] if "depart_s" in table else arrive
    depart = np.where(np.isnan(depart), arrive, depart)
    ride_s = arrive - np.append(0.0, depart[:-1])
    ride_s[np.append(True, np.diff(line[order]) != 0)] = 0.0
    for wrong, what in (
        (depart < arrive, "the line leaves before it arrives"),
        (ride_s < 0, "the line arrives before it has left the call before"),
    ):
        problems += [
            Problem(f"{table.name}, row {table.rows[i]}", what, "correct its times; past midnight they go on as 24:10")
            for i in order[wrong].tolist()
        ]
    return ride_s, depart - arrive


def _names(table: Table, line_id: Sequence[str], row: I64) -> list[str]:
    """Of each line the name in its first row, else what its id says before the bracket of its ends."""
    given = table.texts("line_name")[row].tolist() if "line_name" in table else [""] * len(line_id)
    return [name or _without_ends(i) for name, i in zip(given, line_id, strict=True)]


def _without_ends(line: str) -> str:
    """`400路(西线)(A--B(北))` -> `400路(西线)`; ids that do not end in such a bracket stay as they are."""
    closing = line[-1:]
    opening, depth = _BRACKETS.get(closing), 0
    for i in range(len(line) - 1, -1, -1):
        depth += (line[i] == closing) - (line[i] == opening)
        if depth == 0:
            return line[:i].strip() if opening and i and any(end in line[i:] for end in _ENDS) else line
    return line


def _near(lonlat: F64, roads: Roads, margin_m: float) -> Bools:
    """Which places lie in the rectangle of the streets, or at most that far from it."""
    lat = float(np.median(roads.lonlat[:, 1]))
    streets = local_metres(roads.lonlat, lat)
    xy = local_metres(lonlat, lat)
    inside: Bools = ((xy >= streets.min(axis=0) - margin_m) & (xy <= streets.max(axis=0) + margin_m)).all(axis=1)
    return inside


def _near_lines(calls: Calls, near: Bools, file: str) -> tuple[Calls, I64]:
    """Lines that call twice at near stops, and which they are; near stops stay where nobody calls."""
    line = np.repeat(np.arange(len(calls.line_id)), np.diff(calls.first))
    keep = np.bincount(line, near[calls.stop], len(calls.line_id)) > 1
    if not keep.any():
        hint = "are the lines of another city, or in another datum?"
        raise InputError(Problem(file, "no line has two stops near the streets", hint))
    kept, stays = np.flatnonzero(keep), keep[line]
    used = near.copy()
    used[calls.stop[stays]] = True
    position = np.cumsum(used) - 1
    return replace(
        calls,
        stop_id=calls.stop_id[used],
        stop_name=calls.stop_name[used],
        lonlat=calls.lonlat[used],
        line_id=[calls.line_id[i] for i in kept.tolist()],
        line_name=[calls.line_name[i] for i in kept.tolist()],
        first=np.append(0, np.cumsum(np.diff(calls.first)[keep])),
        stop=position[calls.stop[stays]].astype(np.int32),
        ride_s=calls.ride_s[stays],
        dwell_s=calls.dwell_s[stays],
    ), kept


def read_line_features(
    path: Path,
    stations: Path,
    *,
    mode: str,
    crs: str | None,
    roads: Roads,
    parameters: Parameters,
    columns: Mapping[str, str] | None = None,
    lines: Path | None = None,
    entrances: Path | None = None,
    from_year: Mapping[str, int] | None = None,
) -> Source:
    """Lines of a GeoJSON file, served both ways: `line` names each, `station_ids` lists its stations in order.

    `stations` has id, lon, lat, and may have name and eligible (whether the conditions for a bus stop are given, yes
    where it is blank); `entrances` has id, station, lon, lat and may have eligible. `lines` is a table of headways and
    more, see `read_running`; `from_year` gives the first year of lines by name. Far lines stay, for their length.

    Raises InputError naming all rows and features that are wrong.
    """
    modes, problems = Modes(parameters), list[Problem]()
    with gathered(problems):
        _ = modes[mode]
    with gathered(problems):
        table = read_table(stations, {"id": Column(unique=True), **LONLAT, "name": _TEXT, "eligible": _TEXT}, columns)
    with gathered(problems):
        features = read_features(path)[0]
    refuse(problems)
    with gathered(problems):
        lonlat = _lonlat(table, crs, roads)
    stop_id = table.texts("id")
    stop_name = np.where(table.texts("name") == "", stop_id, table.texts("name")) if "name" in table else stop_id
    eligible = _eligible(table, problems)
    drawn = list(_directions(path, features, table, stop_name, problems))
    if not features:
        problems.append(Problem(path.name, "holds no line", "is it the right file?"))
    with gathered(problems):
        running, tariffs = read_running(lines, [d.id for d in drawn], [d.name for d in drawn], mode, modes)
    years, names = from_year or {}, dict.fromkeys(d.name for d in drawn)
    if unknown := [name for name in years if name not in names]:
        what = f"there is no line {', '.join(unknown)}"
        problems.append(Problem(f"{path.name}, from_year", what, f"known are {', '.join(names)}"))
    with gathered(problems):
        doors = _entrances(entrances, crs, stop_id, roads)
    refuse(problems)
    calls = _calls(drawn, stop_id, stop_name, lonlat)
    running = [replace(r, from_year=years.get(d.name, r.from_year)) for r, d in zip(running, drawn, strict=True)]
    places = zip(stop_id.tolist(), stop_name.tolist(), lonlat.tolist(), eligible, strict=True)
    return replace(
        source_of(calls, running, modes),
        tariffs=tariffs,
        entrances=doors,
        stations=[
            Station(id=i, name=name, lonlat=(lon, lat), platforms=(number,), eligible=ok)
            for number, (i, name, (lon, lat), ok) in enumerate(places)
        ],
    )


class _Direction(NamedTuple):
    """One direction of a line and the positions of its stations."""

    id: str
    name: str
    stops: I64


def _directions(
    path: Path, features: Sequence[Mapping[str, Any]], stations: Table, stop_name: Text, problems: list[Problem]
) -> Iterator[_Direction]:
    """Both directions of every feature; ids are the name and the ends, numbered where they would be the same."""
    position = {name: i for i, name in enumerate(stations.texts("id").tolist())}
    seen: dict[str, int] = {}
    for i, feature in enumerate(features):
        properties = feature.get("properties") or {}
        listed = properties.get("station_ids") or []
        where = f"{path.name}, feature {i + 1}"
        if not isinstance(listed, list):
            problems.append(Problem(where, "station_ids is no list", 'write ["1", "2"], in the order of the line'))
            continue
        stops = [str(name) for name in listed]
        if missing := [name for name in stops if name not in position]:
            what = f"names stations that are not in {stations.name}: {', '.join(missing)}"
            problems.append(Problem(where, what, "add them there, or leave them out of the line"))
            continue
        if len(stops) < 2:
            problems.append(Problem(where, f"names {len(stops)} stations in station_ids", "a line needs two"))
            continue
        name = str(properties.get("line") or f"{path.stem} {i + 1}")
        calls = np.array([position[stop] for stop in stops], dtype=np.int64)
        for way in (calls, calls[::-1]):
            text = f"{name}({stop_name[way[0]]}--{stop_name[way[-1]]})"
            seen[text] = seen.get(text, 0) + 1
            yield _Direction(text if seen[text] == 1 else f"{text} {seen[text]}", name, way)


def _calls(drawn: Sequence[_Direction], stop_id: Text, stop_name: Text, lonlat: F64) -> Calls:
    first = np.cumsum([0, *(len(d.stops) for d in drawn)])
    return Calls(
        stop_id=stop_id,
        stop_name=stop_name,
        lonlat=lonlat,
        line_id=[d.id for d in drawn],
        line_name=[d.name for d in drawn],
        first=first,
        stop=np.concatenate([d.stops for d in drawn]).astype(np.int32),
        ride_s=np.full(first[-1], np.nan),
        dwell_s=np.zeros(first[-1]),
    )


def _eligible(table: Table, problems: list[Problem]) -> list[bool]:
    if "eligible" not in table:
        return [True] * len(table)
    texts = [text.lower() for text in table.texts("eligible").tolist()]
    problems += [
        Problem(f"{table.name}, row {row}, column eligible", f"{text!r} is neither yes nor no", "write yes or no")
        for text, row in zip(texts, table.rows.tolist(), strict=True)
        if text not in _YES | _NO
    ]
    return [text in _YES for text in texts]


def _entrances(path: Path | None, crs: str | None, stations: Text, roads: Roads) -> list[Entrance]:
    if path is None:
        return []
    table = read_table(path, {"id": Column(unique=True), "station": Column(), **LONLAT, "eligible": _TEXT})
    problems = [
        Problem(
            f"{path.name}, row {table.rows[i]}, column station",
            f"there is no station {table.texts('station')[i]!s}",
            "name one of the stations, or leave the row out",
        )
        for i in np.flatnonzero(~np.isin(table.texts("station"), stations)).tolist()
    ]
    eligible = _eligible(table, problems)
    with gathered(problems):
        lonlat = _lonlat(table, crs, roads)
    refuse(problems)
    rows = zip(table.texts("id").tolist(), table.texts("station").tolist(), lonlat.tolist(), eligible, strict=True)
    return [Entrance(id=i, station=of, lonlat=(lon, lat), eligible=ok) for i, of, (lon, lat), ok in rows]
