"""Piles of a whole city: a table or list of districts in, piles by kind and district out. Not tied to a city."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from network import ChargingRules, Fleet, InputError, Problem, did_you_mean, units
from network.io import Column, Parameters, Table, given_part, read_table
from optimise import (
    PILES,
    PILES_ZH,
    District,
    PileNeeds,
    PileSplit,
    Plan,
    district_problems,
    pile_needs,
    pile_totals,
    split_piles,
    vehicles_by_residents,
)
from service.files import read_json
from service.pile_schemas import (
    DistrictAnswer,
    DistrictRow,
    PilesAnswer,
    PilesRequest,
    PileTotals,
    Where,
    by_kind,
    by_segment,
)
from service.report.tables import cell
from service.schemas import Default

F64 = npt.NDArray[np.float64]
KEPT: Final[Mapping[str | None, str]] = {"least": "district plan 区规划", "most": "district limit 区上限"}
_COUNT: Final = Column(number=True, low=0, required=False, whole=True, blank=True)
_SIZE: Final = Column(number=True, low=0, required=False)
_COLUMNS: Final[Mapping[str, Column]] = {
    "area": Column(unique=True),
    "population": Column(number=True, low=0),
    "jobs": _SIZE,
    "home_access": Column(number=True, low=0, required=False, blank=True),
    **{f"vehicles_{segment}": _SIZE for segment in units.SEGMENTS},
    **{f"weight_{kind}": _SIZE for kind in PILES},
    **{f"least_{kind}": _COUNT for kind in PILES},
    **{f"most_{kind}": _COUNT for kind in PILES},
}
_NAMES: Final = {"name": "area", "residents": "population"}
"""What a district calls it -> column of a table."""
_GROUPS: Final = ("vehicles", "weight", "least", "most")
"""Fields of a request that hold several numbers, each a column of a table."""
_FLEET: Final = (
    "use_share", "km_per_day", "kwh_per_km", "days_per_year", "charging_efficiency", "vehicles_per_dedicated_pile",
)  # fmt: skip
_WINTER: Final = ("temperature_c", "comfort_c", "cold_share_per_c")
_PATH: Final = ("adoption_year", "adoption_share", "adoption_most")


@dataclass(frozen=True, kw_only=True)
class Districts:
    """Rows, and how to name row and column in a problem."""

    rows: Sequence[DistrictRow]
    where: Where


def districts_of_table(file: Path) -> Districts:
    """Districts of a CSV table: area and population, and whatever else is known. Raises InputError by row."""
    table = read_table(file, _COLUMNS)

    def where(row: int, column: str) -> str:
        return f"{table.name}, row {table.rows[row]}, column {_NAMES.get(column, column)}"

    return Districts(rows=[_row(table, i) for i in range(len(table))], where=where)


def districts_of_list(asked: PilesRequest) -> Districts:
    """Districts of a request."""

    def where(row: int, column: str) -> str:
        group, _, kind = column.partition("_")
        return f"districts[{row}]." + (f"{group}.{kind}" if group in _GROUPS else column)

    return Districts(rows=[one.row() for one in asked.districts], where=where)


def _row(table: Table, i: int) -> DistrictRow:
    def number(column: str) -> float | None:
        value = float(table.columns[column][i]) if column in table else float("nan")
        return None if isnan(value) else value

    def count(column: str) -> int | None:
        value = number(column)
        return None if value is None else int(value)

    counted = {segment: number(f"vehicles_{segment}") for segment in units.SEGMENTS}
    return DistrictRow(
        plan=District(
            name=table.text("area", i),
            least=tuple(count(f"least_{kind}") or 0 for kind in PILES),
            most=tuple(count(f"most_{kind}") for kind in PILES),
        ),
        residents=number("population") or 0.0,
        jobs=number("jobs") or 0.0,
        home_access=number("home_access"),
        vehicles={segment: count for segment, count in counted.items() if count is not None},
        weight=tuple(number(f"weight_{kind}") for kind in PILES),
    )


def with_plans(districts: Districts, plans: Mapping[str, Path], year: int | None) -> Districts:
    """The same, holding at least the public plugs that a district's own plan for chargers has by a year, or in the end.

    Raises InputError for a district that is not there, or that says otherwise itself, and for a file that is no plan.
    """
    rows, problems = list(districts.rows), list[Problem]()
    names = [row.plan.name for row in rows]
    public = PILES.index("public")
    for name, file in plans.items():
        if name not in names:
            hint = did_you_mean(name, names) or f"districts are such as {', '.join(names[:3])}"
            problems.append(Problem(f"--plan {name}", "no district has this name", hint))
            continue
        try:
            plugs = _public_plugs(file, year)
        except InputError as error:
            problems += error.problems
            continue
        row = rows[i := names.index(name)]
        if (said := row.plan.least[public]) not in {0, plugs}:
            what = f"is {said:,}, but {file} holds {plugs:,}"
            problems.append(Problem(districts.where(i, "least_public"), what, "leave one of them out"))
        least = (*row.plan.least[:public], plugs, *row.plan.least[public + 1 :])
        rows[i] = replace(row, plan=replace(row.plan, least=least))
    if problems:
        raise InputError(problems)
    return replace(districts, rows=rows)


def _public_plugs(file: Path, year: int | None) -> int:
    """Public plugs there are by the end of a year of a plan for chargers, by default its last."""
    record = read_json(file)
    record = record.get("plan", record) if isinstance(record, dict) else record
    if not isinstance(record, dict) or record.get("kind") != Plan.kind:
        hint = "give the plan.json of luxing propose CITY chargers"
        raise InputError(Problem(str(file), "is not a plan for chargers", hint))
    plan = Plan.from_dict(record)
    if plan.status not in {"optimal", "feasible"} or not plan.years:
        raise InputError(Problem(str(file), f"is {plan.status}: it plans nothing", "propose it with other limits"))
    until = [row for row in plan.years if year is None or row.year <= year]
    if not until:
        hint = f"it begins in {plan.years[0].year}; leave it or the year out"
        raise InputError(Problem(str(file), f"says nothing of {year}", hint))
    return until[-1].plugs


def piles(data_folder: Path, districts: Districts, asked: PileTotals) -> PilesAnswer:
    """Piles by kind and district. Raises InputError by row, for all rows at once."""
    parameters = Parameters.load(data_folder)
    fleet = given_part(Fleet, "fleet", Parameters.load(data_folder))
    rules = given_part(ChargingRules, "charging", Parameters.load(data_folder))
    problems = district_problems([row.plan for row in districts.rows], districts.where)
    problems += _half_given(districts) + _wrong(districts, asked)
    if problems:
        raise InputError(problems)
    stock_year = int(parameters.value("fleet.stock_year"))
    year = stock_year if asked.year is None else asked.year
    vehicles, access = _vehicles(parameters, fleet, districts.rows, asked, year), _access(parameters, districts.rows)
    for key in (*(f"fleet.{name}" for name in _FLEET), *(f"charging.{name}" for name in _WINTER)):
        parameters.value(key)
    persons = np.array([row.residents + row.jobs for row in districts.rows])
    needs = pile_needs(fleet, rules, vehicles, access, persons)
    totals, reasons = pile_totals(needs, asked.total, asked.given())
    weight = np.array([[np.nan if w is None else w for w in row.weight] for row in districts.rows])
    split = PileSplit(totals=(), districts=(), status="infeasible", reasons=reasons)
    if totals:
        weight = np.where(np.isnan(weight), needs.weight, weight)
        split = split_piles([row.plan for row in districts.rows], weight, totals)
    return _answer(split, needs, districts.rows, year, parameters)


def _half_given(districts: Districts) -> list[Problem]:
    """Segments and weights that some districts have and others lack."""
    out = []
    for segment in units.SEGMENTS:
        column, has = f"vehicles_{segment}", [segment in row.vehicles for row in districts.rows]
        out += [(i, column) for i, there in enumerate(has) if any(has) and not there]
    for k, kind in enumerate(PILES):
        has = [row.weight[k] is not None for row in districts.rows]
        out += [(i, f"weight_{kind}") for i, there in enumerate(has) if any(has) and not there]
    hint = "give it in every district or in none"
    return [Problem(districts.where(i, column), "is missing, other districts have it", hint) for i, column in out]


def _wrong(districts: Districts, asked: PileTotals) -> list[Problem]:
    out = [
        Problem(districts.where(i, "home_access"), f"is {row.home_access:g}", "a share between 0 and 1, such as 0.5")
        for i, row in enumerate(districts.rows)
        if row.home_access is not None and row.home_access > 1
    ]
    counted = {segment for row in districts.rows for segment in row.vehicles}
    for segment in sorted(counted & set(asked.vehicles)):
        what = "is given for the city, and the districts count them too"
        out.append(Problem(f"vehicles, {segment}", what, "leave one of them out"))
    if not any(row.residents for row in districts.rows):
        out.append(Problem(districts.where(0, "residents"), "nobody lives in any district", "give the residents"))
    return out


def _vehicles(parameters: Parameters, fleet: Fleet, rows: Sequence[DistrictRow], asked: PileTotals, year: int) -> F64:
    """(D, F) electric vehicles: counted by district, or for the city and spread by residents, or by residents alone."""
    residents = np.array([row.residents for row in rows])
    known = {s: np.array([row.vehicles[s] for row in rows]) for s in units.SEGMENTS if s in rows[0].vehicles}
    known |= {s: n * residents / residents.sum() for s, n in asked.vehicles.items()}
    private = 0.0 if "private" in known else parameters.number("piles.private_per_1000_residents")
    if len(known) < len(units.SEGMENTS):
        for name in ("per_1000_residents", *(_PATH if year != int(fleet.stock_year) else ())):
            parameters.value(f"fleet.{name}")
    out = vehicles_by_residents(fleet, residents, private, year)
    for segment, count in known.items():
        out[:, units.SEGMENTS.index(segment)] = count
    return out


def _access(parameters: Parameters, rows: Sequence[DistrictRow]) -> F64:
    """(D) share of private cars with a place for a pile of their own."""
    given = [row.home_access for row in rows]
    usual = parameters.number("zones.home_access") if None in given else 0.0
    return np.array([usual if share is None else share for share in given])


def _answer(
    split: PileSplit, needs: PileNeeds, rows: Sequence[DistrictRow], year: int, parameters: Parameters
) -> PilesAnswer:
    used = [Default(key=r[0], value=r[1], unit=r[2], source=r[3]) for r in parameters.provenance() if r[4]]
    return PilesAnswer(
        status="optimal" if split.status == "optimal" else "infeasible",
        reasons=list(split.reasons),
        year=year,
        total=sum(split.totals) if split.totals else None,
        totals=by_kind(split.totals) if split.totals else {},
        vehicles=by_segment(needs.vehicles.sum(axis=0).tolist()),
        private_places=float(needs.private.sum()),
        public_kwh_per_day=float(needs.public_kwh.sum()),
        depot_piles=float(needs.dedicated.sum()),
        districts=_districts(split, needs, rows) if split.districts else [],
        defaults=used,
    )


def _districts(split: PileSplit, needs: PileNeeds, rows: Sequence[DistrictRow]) -> list[DistrictAnswer]:
    return [
        DistrictAnswer(
            name=found.name,
            residents=row.residents,
            vehicles=vehicles,
            piles=by_kind(found.piles),
            total=sum(found.piles),
            proportional=by_kind(found.proportional),
            least=by_kind(row.plan.least),
            most=by_kind(row.plan.most),
            kept=by_kind(found.kept),
        )
        for found, row, vehicles in zip(split.districts, rows, needs.vehicles.sum(axis=1).tolist(), strict=True)
    ]


def piles_csv(answer: PilesAnswer) -> bytes:
    """A row for each district and one for the city, in UTF-8 with the byte order mark that spreadsheets need."""
    both = list(zip(PILES, PILES_ZH, strict=True))
    head = [
        "district 区县", "residents 人口", "electric vehicles 电动车", *(f"{en} {zh}" for en, zh in both), "all 合计",
        *(f"{en} in proportion {zh}（按比例）" for en, zh in both), *(f"{en} kept by {zh}（依据）" for en, zh in both),
    ]  # fmt: skip
    rows: list[list[Any]] = [
        [
            cell(row.name), round(row.residents), round(row.vehicles), *row.piles.values(), row.total,
            *(round(share, 1) for share in row.proportional.values()), *(KEPT.get(k, "") for k in row.kept.values()),
        ]
        for row in answer.districts
    ]  # fmt: skip
    totals = list(answer.totals.values())
    people, vehicles = sum(row.residents for row in answer.districts), sum(row.vehicles for row in answer.districts)
    rows.append(["city 全市", round(people), round(vehicles), *totals, answer.total, *totals, *("" for _ in PILES)])
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode("utf-8-sig")
