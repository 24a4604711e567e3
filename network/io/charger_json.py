"""Charging stations from JSON: OCPI locations (2.1.1 and 2.2) and Open Charge Map places."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.charger_entries import NOT_PUBLIC, OUT_OF_OPERATION, Entry, Found, repeated
from network.io.plugs import Port, PowerClasses, filled, power_kw
from network.io.tables import number_in, read_text

Json = Mapping[str, Any]

_NOT_THERE: Final = {"INOPERATIVE", "PLANNED", "REMOVED"}
"""States of an OCPI EVSE that does not stand there; faults and use of the moment are no reason to leave it out."""
_PHASES: Final = {"AC_1_PHASE": 1.0, "AC_2_PHASE": 2.0, "AC_2_PHASE_SPLIT": 2.0, "AC_3_PHASE": 3.0, "DC": 1.0}
_LINE_TO_LINE_V: Final = 380.0
"""Three phases: OCPI counts volts from line to neutral; from here on they are between lines, a root of three more."""
_CLOSED_STATUS: Final = {100, 150, 200, 210}
"""Open Charge Map: not operational, planned, removed, listed twice."""
_PRIVATE_USAGE: Final = {2, 6}
"""Open Charge Map: private with restricted access, for staff and visitors."""
_DC_CURRENT: Final = 30


def read_ocpi(path: Path, classes: PowerClasses, unit: str) -> Found:
    """OCPI locations, as a list or under `data`. A plug is an EVSE: it serves one vehicle, by the strongest connector.

    `unit` is that of max_electric_power, W by the standard. Raises InputError naming all entries that are wrong.
    """
    entries, left_out, problems = [], Counter[str](), list[Problem]()
    for row, location in _entries(path, "coordinates", {"AddressInfo": "ocm"}):
        key = "-".join(str(location[n]) for n in ("country_code", "party_id", "id") if location.get(n))
        where = f"{path.name}, row {row} ({key})"
        if location.get("publish") is False:
            left_out[NOT_PUBLIC] += 1
            continue
        evses = [evse for evse in _list(location, "evses") if evse.get("status") not in _NOT_THERE]
        if not evses:
            left_out[OUT_OF_OPERATION] += 1
            continue
        spot = _object(location, "coordinates")
        lon, lat = (_degrees(spot.get(name), f"{where}, {name}", problems) for name in ("longitude", "latitude"))
        ports = [_evse(evse, unit, where, problems) for evse in evses]
        name = str(location.get("name") or location.get("address") or "")
        entries.append(Entry(row=row, id=key, name=name, lon=lon, lat=lat, plugs=classes.sort(ports)))
    hint = "a location has one entry, its ports are its evses: give the others ids of their own"
    return _checked(path, Found(entries, left_out), problems, hint)


def _evse(evse: Json, unit: str, where: str, problems: list[Problem]) -> Port:
    where = f"{where}, evse {evse.get('uid', '')}"
    best = Port(1)
    for connector in _list(evse, "connectors"):
        phases = connector.get("power_type")
        told = _number(connector, "max_electric_power")
        volts, amps = (_number(connector, f"max_{n}") or _number(connector, n) or 0 for n in ("voltage", "amperage"))
        if told:
            kw = power_kw(told, unit, f"{where}, max_electric_power", problems)
        else:
            factor = _PHASES.get(str(phases), 1.0)
            factor = factor**0.5 if phases == "AC_3_PHASE" and volts >= _LINE_TO_LINE_V else factor
            kw = power_kw(volts * amps * factor, "W", f"{where}, volts x amperes", problems)
        port = Port(1, kw, None if phases is None else phases == "DC")
        best = max(best, port, key=lambda p: (p.kw or 0.0, p.is_dc is True, p.is_dc is not None))
    return best


def read_ocm(path: Path, classes: PowerClasses, unit: str) -> Found:
    """Open Charge Map places, compact or verbose. Plugs are as many as NumberOfPoints says, of the faster connections
    where these are more, and like the most numerous where they are fewer.

    `unit` is that of PowerKW. Raises InputError naming all entries that are wrong.
    """
    entries, left_out, problems, capped = [], Counter[str](), list[Problem](), 0
    for row, place in _entries(path, "AddressInfo", {"evses": "ocpi", "coordinates": "ocpi"}):
        key = "" if place.get("ID") is None else str(place["ID"])
        where, address = f"{path.name}, row {row} ({key})", _object(place, "AddressInfo")
        if _is_closed(place):
            left_out[OUT_OF_OPERATION] += 1
            continue
        if _code(place, "UsageType") in _PRIVATE_USAGE:
            left_out[NOT_PUBLIC] += 1
            continue
        lon, lat = (_degrees(address.get(name), f"{where}, {name}", problems) for name in ("Longitude", "Latitude"))
        ports = [
            _connection(c, unit, f"{where}, connection {n}", problems)
            for n, c in enumerate(_list(place, "Connections"), start=1)
            if not _is_closed(c)
        ]
        total = sum(port.number for port in ports)
        points = _count(place, "NumberOfPoints", where, problems) or total or 1
        capped += 0 < points < total
        found = classes.sort(filled(ports or [Port(0)], points), points)
        name = str(address.get("Title") or "")
        entries.append(Entry(row=row, id=key, name=name, lon=lon, lat=lat, plugs=found))
    notes = (f"{capped:,} stations have more connections than points: the faster ones count",) if capped else ()
    hint = "a place has one entry, its ports are its Connections: leave the others out"
    return _checked(path, Found(entries, left_out, notes), problems, hint)


def _connection(connection: Json, unit: str, where: str, problems: list[Problem]) -> Port:
    count = _count(connection, "Quantity", where, problems)
    current = _code(connection, "CurrentType")
    kw = power_kw(_number(connection, "PowerKW") or 0.0, unit, f"{where}, PowerKW", problems)
    return Port(1 if count is None else count, kw, None if current is None else current == _DC_CURRENT)


def _is_closed(thing: Json) -> bool:
    return _code(thing, "StatusType") in _CLOSED_STATUS or _object(thing, "StatusType").get("IsOperational") is False


def _code(thing: Json, name: str) -> int | None:
    """Id of what the compact form gives as `<name>ID` and the verbose one as an object."""
    code = thing.get(f"{name}ID", _object(thing, name).get("ID"))
    return code if isinstance(code, int) else None


def _entries(path: Path, needed: str, others: Mapping[str, str]) -> Iterator[tuple[int, Json]]:
    """Entries counted from 1. Raises InputError where the file is no list of them, naming the format it looks like."""
    try:
        data = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(Problem(path.name, f"is not valid JSON: {error}", "is the file complete?")) from None
    rows = data.get("data") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(Problem(path.name, "is not a list of stations", 'a list, or {"data": [...]}, is needed'))
    if not rows:
        raise InputError(Problem(path.name, "holds no stations", "is it the right file?"))
    other = next((name for key, name in others.items() if key in rows[0] and needed not in rows[0]), None)
    if other is not None:
        raise InputError(Problem(path.name, "is of another format", f'write format = "{other}"'))
    yield from enumerate(rows, start=1)


def _checked(path: Path, found: Found, problems: list[Problem], hint: str) -> Found:
    problems += repeated(path.name, [e.row for e in found.entries], [e.id for e in found.entries], hint)
    if problems:
        raise InputError(most_shown(problems, path.name))
    return found


def _object(thing: Json, name: str) -> Json:
    value = thing.get(name)
    return value if isinstance(value, dict) else {}


def _list(thing: Json, name: str) -> list[Json]:
    value = thing.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(thing: Json, name: str) -> float | None:
    value = thing.get(name)
    return None if value is None else number_in(str(value))


def _degrees(value: Any, where: str, problems: list[Problem]) -> float:
    number = None if value is None else number_in(str(value))
    if number is None:
        what = "the value is missing" if value in {None, ""} else f"{value!r} is not a number"
        problems.append(Problem(where, what, "a station needs coordinates: add them or leave the entry out"))
        return 0.0
    return number


def _count(thing: Json, name: str, where: str, problems: list[Problem]) -> int | None:
    value = thing.get(name)
    if value is None:
        return None
    number = number_in(str(value))
    if number is None or number < 0 or number % 1:
        problems.append(Problem(f"{where}, {name}", f"{value!r} is not a whole number of 0 or more", "correct it"))
        return None
    return int(number)
