"""Chargers at motorway service areas: tables or lists in, a plan out. Not tied to a city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from network import ChargingRules, InputError, Problem, units
from network.io import LONLAT, Column, Parameters, Table, given_part, read_table
from optimise import (
    CORRIDORS_UNTIL,
    Corridor,
    CorridorFlow,
    CorridorLink,
    CorridorNode,
    CorridorPlan,
    CorridorRules,
    CorridorVehicle,
    Seconds,
    corridor_of,
    propose_corridor,
)
from service.corridor_schemas import CorridorLimits, CorridorRequest
from service.settings import package_versions

_NUMBER: Final = Column(number=True)
_COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    "nodes": {
        "id": Column(), **LONLAT, "kind": Column(), "name": Column(required=False),
        "plugs": Column(number=True, low=0, required=False, whole=True),
        "open_cny": Column(number=True, low=0, required=False, blank=True),
        "grid_kw": Column(number=True, low=0, required=False, blank=True),
    },
    "links": {"from": Column(), "to": Column(), "length_km": _NUMBER},
    "flows": {"origin": Column(), "destination": Column(), "vehicles_per_day": _NUMBER},
    "vehicles": {"segment": Column(), "share": _NUMBER, "range_km": _NUMBER, "kwh_per_km": _NUMBER},
}  # fmt: skip
_MIN_PER_H: Final = 60.0
_ULTRA: Final = (
    "plug_kw", "vehicle_kw", "plug_efficiency", "session_kwh", "overhead_min", "wait_min", "wait_share",
    "comfort_c", "cold_share_per_c",
)  # fmt: skip
"""What a corridor takes from charging.toml."""
Row_co = TypeVar("Row_co", covariant=True)


class _Given(Protocol[Row_co]):
    def row(self) -> Row_co: ...


@dataclass(frozen=True, eq=False)
class Case:
    """A corridor, the rules it is planned by, and the defaults these rest on."""

    corridor: Corridor
    rules: CorridorRules
    defaults: tuple[dict[str, str], ...]

    def planned(self, limits: CorridorLimits, seconds: float | None = None) -> CorridorPlan:
        """Raises InputError for limits that cannot be meant."""
        stop = CORRIDORS_UNTIL if seconds is None else CORRIDORS_UNTIL | Seconds(seconds)
        asked: dict[str, Any] = {"stop": stop, "versions": package_versions(), "defaults": self.defaults}
        return propose_corridor(self.corridor, self.rules, **limits.options(), **asked)


def case_of_tables(data_folder: Path, folder: Path, limits: CorridorLimits) -> Case:
    """The corridor of nodes.csv, links.csv, flows.csv and, if there, vehicles.csv. Raises InputError by row."""
    if not folder.is_dir():
        raise InputError(Problem(str(folder), "is not a folder", "name one with nodes.csv, links.csv and flows.csv"))
    tables, problems = dict[str, Table](), list[Problem]()
    for name, columns in _COLUMNS.items():
        file = folder / f"{name}.csv"
        if name == "vehicles" and not file.is_file():
            continue
        try:
            tables[name] = read_table(file, columns)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)

    def where(table: str, row: int, column: str) -> str:
        if table not in tables:
            return "parameter corridors.vehicles"
        place = f"{tables[table].name}, row {tables[table].rows[row]}"
        return f"{place}, column {column}" if column else place

    rules, vehicles, defaults = _rules(data_folder, limits, given="vehicles" in tables)
    if "vehicles" in tables:
        vehicles = [CorridorVehicle(**row) for row in _records(tables["vehicles"])]
    links = [
        CorridorLink(start=row["from"], end=row["to"], length_km=row["length_km"]) for row in _records(tables["links"])
    ]
    flows = [CorridorFlow(**row) for row in _records(tables["flows"])]
    nodes = [CorridorNode(**row) for row in _records(tables["nodes"])]
    return Case(corridor_of(nodes, links, flows, vehicles, rules=rules, where=where), rules, defaults)


def case_of_lists(data_folder: Path, asked: CorridorRequest) -> Case:
    """The corridor of a request. Raises InputError by list and entry."""
    rules, known, defaults = _rules(data_folder, asked, given=asked.vehicles is not None)
    vehicles = known if asked.vehicles is None else _rows(asked.vehicles)
    corridor = corridor_of(_rows(asked.nodes), _rows(asked.links), _rows(asked.flows), vehicles, rules=rules)
    return Case(corridor, rules, defaults)


def _rows(given: Sequence[_Given[Row_co]]) -> list[Row_co]:
    return [one.row() for one in given]


def _records(table: Table) -> list[dict[str, Any]]:
    """Rows by column; an empty number is None."""
    columns = {name: _cells(values) for name, values in table.columns.items()}
    if "plugs" in columns:
        columns["plugs"] = [int(value) for value in columns["plugs"]]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _cells(values: Any) -> list[Any]:
    if values.dtype.kind == "U":
        return list(map(str, values.tolist()))
    return [None if np.isnan(value) else value for value in values.tolist()]


def _rules(
    data_folder: Path, limits: CorridorLimits, *, given: bool
) -> tuple[CorridorRules, list[CorridorVehicle], tuple[dict[str, str], ...]]:
    """Rules, vehicles unless those are given, and the parameters among them that stand in for local data."""
    parameters = Parameters.load(data_folder)
    charging = given_part(ChargingRules, "charging", Parameters.load(data_folder))
    for name in _ULTRA:
        parameters.value(f"charging.{name}")

    def number(name: str) -> float:
        return parameters.number(f"corridors.{name}")

    ultra = units.ULTRA_FAST
    rules = CorridorRules(
        usable_share=number("usable_share"),
        winter_c=number("winter_c"),
        comfort_c=float(charging.comfort_c),
        cold_share_per_c=float(charging.cold_share_per_c),
        peak_share=number("peak_share"),
        session_kwh=float(charging.session_kwh[ultra]),
        service_h=float(charging.service_h[ultra]),
        wait_h=float(charging.wait_min) / _MIN_PER_H,
        wait_share=float(charging.wait_share),
        drawn_kw=float(min(charging.plug_kw[ultra], charging.vehicle_kw[ultra])),
        plug_cny=number("plug_cny"),
        open_cny=number("open_cny"),
        grid_cny_per_kw=number("grid_cny_per_kw"),
        least_plugs=int(number("least_plugs")),
        most_plugs=int(number("most_plugs")),
        most_grid_kw=number("most_grid_kw"),
        most_kwh_per_km=number("most_kwh_per_km"),
        most_detour=number("most_detour"),
    )
    if limits.usable_share is not None:
        rules = replace(rules, usable_share=limits.usable_share)
    fields = ("segment", "share", "range_km", "kwh_per_km")
    known = [] if given else parameters.value("corridors.vehicles")
    vehicles = [CorridorVehicle(**dict(zip(fields, row, strict=True))) for row in known]
    rows = [row for row in parameters.provenance() if row[-1]]
    told = tuple({"key": key, "value": value, "unit": unit, "source": source} for key, value, unit, source, _ in rows)
    return rules, vehicles, told
