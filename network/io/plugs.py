"""Plugs by class, from what files tell of their power: counts, kilowatts, alternating or direct current, map tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.parameters import Parameters
from network.io.tables import Column, Table
from network.io.ways import Tags, whole_number
from network.units import CHARGERS, FAST, SLOW, ULTRA_FAST

Plugs = tuple[int, int, int]
"""Plugs of each class, in the order of units.CHARGERS."""
NO_PLUGS: Final[Plugs] = (0, 0, 0)

_DC_SOCKETS = ("chademo", "chaoji", "combo", "ccs", "supercharger", "gb_dc", "gbt_dc", "nacs", "mcs")
_OUTPUT = re.compile(r"(\d++(?:[.,]\d++)?+)\s*+(k?)(w|va)?+(?![a-z])", re.IGNORECASE)
_W_PER_KW: Final = 1000.0
_MOST_KW: Final = 2000.0
_LEAST_KW: Final = 0.5
"""What a plug for cars gives at most and at least, with room to spare: beyond it the unit is another."""
_IN_KW: Final = {"W": 1e-3, "kW": 1.0, "MW": 1e3}

_COUNT = Column(number=True, low=0, whole=True, required=False)
PLUG_COLUMNS: Final = {
    "plugs": _COUNT,
    **dict.fromkeys((f"plugs_{name}" for name in CHARGERS), _COUNT),
    "power_kw": Column(number=True, low=0, required=False, blank=True),
    "current": Column(required=False),
}
"""Columns of a table that tell of plugs: so many of one power, or so many of each class."""
_CURRENTS: Final = {"": None, "ac": False, "交流": False, "慢充": False, "dc": True, "直流": True, "快充": True}


class Port(NamedTuple):
    """So many alike plugs; their power and current where the file tells them."""

    number: int
    kw: float | None = None
    is_dc: bool | None = None


class Sorted(NamedTuple):
    """Plugs by class, and how many of them are sorted by an assumed power."""

    plugs: Plugs = NO_PLUGS
    guessed: int = 0


@dataclass(frozen=True)
class PowerClasses:
    """Where one class of plugs ends and the next begins, and what stands in for a power that is not told."""

    fast_from_kw: float
    ultra_fast_from_kw: float
    ac_kw: float
    dc_kw: float
    any_kw: float

    @classmethod
    def of(cls, parameters: Parameters) -> PowerClasses:
        """Raises InputError where a parameter is not a number above 0."""
        return cls(
            fast_from_kw=parameters.positive("places.fast_from_kw"),
            ultra_fast_from_kw=parameters.positive("places.ultra_fast_from_kw"),
            ac_kw=parameters.positive("places.assumed_ac_kw"),
            dc_kw=parameters.positive("places.assumed_dc_kw"),
            any_kw=parameters.positive("places.assumed_kw"),
        )

    def class_of(self, port: Port) -> int:
        """Position in units.CHARGERS."""
        kw = port.kw
        if kw is None:
            kw = self.any_kw if port.is_dc is None else self.dc_kw if port.is_dc else self.ac_kw
        return ULTRA_FAST if kw >= self.ultra_fast_from_kw else FAST if kw >= self.fast_from_kw else SLOW

    def sort(self, ports: Iterable[Port], most: int | None = None) -> Sorted:
        """Ports by class; where they are more than `most` vehicles, the faster ones are those in use."""
        known, told = [0] * len(CHARGERS), [0] * len(CHARGERS)
        for port in ports:
            known[self.class_of(port)] += port.number
            told[self.class_of(port)] += port.number if port.kw is not None else 0
        left = sum(known) if most is None else most
        out, guessed = [0] * len(CHARGERS), 0
        for c in reversed(range(len(CHARGERS))):
            out[c] = min(known[c], left)
            guessed += max(0, out[c] - told[c])
            left -= out[c]
        return Sorted((out[SLOW], out[FAST], out[ULTRA_FAST]), guessed)


def plugs_of(tags: Tags, classes: PowerClasses) -> Sorted:
    """Plugs of a charging station or a car park on the map.

    `capacity` says how many vehicles can charge at once; else it is the sum of the sockets, else 1 for a station. Power
    is that of the sockets; else the share of each vehicle in `charging_station:output`, which is of the whole station.
    """
    if tags.get("amenity") != "charging_station":
        return classes.sort([Port(whole_number(tags.get("capacity:charging")) or 0)])
    sockets = [(k.removeprefix("socket:"), whole_number(v) or 0) for k, v in tags.items() if _is_count(k)]
    most = whole_number(tags.get("capacity")) or sum(count for _, count in sockets) or 1
    whole_kw = output_kw(tags.get("charging_station:output"))
    share_kw = None if whole_kw is None else whole_kw / most
    ports = [Port(n, output_kw(tags.get(f"socket:{x}:output")) or share_kw, _is_dc(x)) for x, n in sockets if n]
    return classes.sort(filled(ports or [Port(0, share_kw)], most), most)


def filled(ports: Sequence[Port], most: int) -> list[Port]:
    """The ports; where a station can charge more vehicles at once, the rest is like the most numerous of them."""
    rest = most - sum(port.number for port in ports)
    return [*ports, max(ports, key=lambda port: port.number)._replace(number=max(0, rest))]


def output_kw(text: str | None) -> float | None:
    """The largest power in a tag such as `22 kW`, `50;150 kW` or `11000 W`; None where there is none."""
    found = [_kw(number, kilo, unit) for number, kilo, unit in _OUTPUT.findall(text or "")]
    return max(found, default=0.0) or None


def _kw(number: str, kilo: str, unit: str) -> float:
    value = float(number.replace(",", "."))
    in_watts = not kilo and (bool(unit) or value > _MOST_KW)
    return value / _W_PER_KW if in_watts else value


def _is_count(key: str) -> bool:
    return re.fullmatch(r"socket:[^:]+", key) is not None


def _is_dc(socket: str) -> bool:
    return any(name in socket for name in _DC_SOCKETS)


def plugs_of_table(table: Table, classes: PowerClasses, unit: str = "kW", *, each: int = 0) -> list[Sorted]:
    """Plugs in each row of a table with PLUG_COLUMNS: by class where it says so, else by `power_kw` and `current`.

    `each` is how many plugs a row stands for where no column says it. Raises InputError naming the rows where power is
    of another unit, a current is not known, or numbers contradict each other.
    """
    problems = list[Problem]()
    ports = [_port(table, i, unit, each, problems) for i in range(len(table))]
    names = [f"plugs_{name}" for name in CHARGERS]
    if not any(name in table for name in names):
        if problems:
            raise InputError(most_shown(problems, table.name))
        return [classes.sort([port]) for port in ports]
    by_class = np.array([table.numbers(n) if n in table else np.zeros(len(table)) for n in names]).astype(int)
    for i in np.flatnonzero(by_class.sum(axis=0) != [port.number for port in ports]) if "plugs" in table else ():
        what = f"says {ports[i].number} plugs, but its classes sum to {by_class[:, i].sum()}"
        where = f"{table.name}, row {table.rows[i]}"
        problems.append(Problem(where, what, "correct one of them, or leave the column plugs out"))
    if problems:
        raise InputError(most_shown(problems, table.name))
    return [Sorted((slow, fast, ultra)) for slow, fast, ultra in by_class.T.tolist()]


def _port(table: Table, i: int, unit: str, each: int, problems: list[Problem]) -> Port:
    where = f"{table.name}, row {table.rows[i]}"
    current = table.text("current", i).lower()
    if current not in _CURRENTS:
        problems.append(Problem(f"{where}, column current", f"{current!r} is not known", "write AC, DC or nothing"))
    power = float(table.columns["power_kw"][i]) if "power_kw" in table else 0.0
    kw = None if np.isnan(power) else power_kw(power, unit, f"{where}, column power_kw", problems)
    return Port(int(table.columns["plugs"][i]) if "plugs" in table else each, kw, _CURRENTS.get(current))


def power_kw(value: float, unit: str, where: str, problems: list[Problem]) -> float | None:
    """Power of a plug in kW, None for 0: it is not known. A value of another unit becomes one of the problems."""
    kw = value * _IN_KW[unit]
    if kw == 0:
        return None
    if not _LEAST_KW <= kw <= _MOST_KW:
        fits = [name for name, factor in _IN_KW.items() if _LEAST_KW <= value * factor <= _MOST_KW and value >= 0]
        hint = f'is it in {fits[0]}? then write unit = "{fits[0]}"' if fits else "correct the value, or leave it blank"
        problems.append(Problem(where, f"{value:,g} {unit} is not the power of a plug for cars", hint))
        return None
    return kw


def check_unit(unit: str, where: str) -> None:
    """Raise InputError where a unit of power is not known."""
    if unit not in _IN_KW:
        raise InputError(Problem(where, f"the unit {unit!r} is not known", f"write {', '.join(_IN_KW)}"))
