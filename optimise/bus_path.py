"""How a bus fleet gets clean in time with the fewest buses taken out before their age.

Sets
    k groups of buses that are not clean, by drive and age;  y years;  R_k year in which a group comes of age
Data
    n_k buses;  c_y buses that may be left unclean at the end of a year: whole part of (1 - least share) x fleet
Variables
    0 <= r_ky whole: buses of group k that are replaced early, in year y < R_k
Formulation
    min  M sum r_ky + sum (R_k - y) r_ky            (fewest first, then the fewest years of service lost)
    sum_y r_ky <= n_k
    sum_{k: R_k > y} (n_k - sum_{y' <= y} r_ky') <= c_y

Whoever comes of age is replaced in that year, and every bus that is bought is of the drive `buses.bought`; one that is
bought within the years looked at does not come of age again in them. Solved by CP-SAT to proven optimality: there are a
few hundred variables at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from network import BusFleet, InputError, Problem
from optimise.bus_blocks import I64

Bools = npt.NDArray[np.bool_]
Counted = Literal["clean", "electric"]
_TINY: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class BusYear:
    """The fleet at the end of a year, and what is bought in it."""

    year: int
    buses: int
    clean: int
    electric: int
    least_share: float
    """Of clean buses, or of electric ones where the path is asked of them."""
    retired: int
    """Buses that came of age."""
    early: int
    """Buses that were replaced before."""
    bought: int
    bought_clean: int
    bought_electric: int
    cost_cny: float
    """Of the buses bought."""
    lost_cny: float
    """Part of that: years of service lost, straight over the age limit."""


@dataclass(frozen=True, kw_only=True)
class BusPath:
    """The years up to the last one of the path."""

    counted: Counted
    """Which buses the path asks for."""
    years: tuple[BusYear, ...]
    """The first is the stock as it is: nothing is retired or bought in it any more."""
    early: int
    """Buses replaced before their age in all years: no plan that keeps to the path does with fewer."""
    lost_years: int
    bought_row: str
    """Policy row that is strictest on what is bought, and the share it asks for."""
    bought_least: float
    path_rows: tuple[str, ...]
    reasons: tuple[str, ...]
    """What of the policy cannot be kept."""


def bus_path(buses: BusFleet, counted: Counted = "clean") -> BusPath:
    """The path of a fleet. Raises InputError where buses that are bought would come of age within it."""
    counts = buses.clean if counted == "clean" else buses.electric
    first, last = int(buses.year), max(int(buses.year), int(buses.path_year[-1]))
    bought = buses.drive.tolist().index(str(buses.bought))
    if last - first >= int(buses.age_limit[bought]):
        what = f"is {int(buses.age_limit[bought])} for {buses.bought}, and the path is {last - first} years long"
        raise InputError(Problem("buses.age_limit", what, "give an age above the length of the path"))
    years = np.arange(first, last + 1)
    fleet = int(buses.stock.sum()) + int(buses.added) * (years - first)
    most = np.array(
        [math.floor((1.0 - buses.path(y)) * n + _TINY * n) for y, n in zip(years.tolist(), fleet, strict=True)]
    )
    drive, age = np.nonzero(buses.stock)
    groups = _Groups(drive, buses.stock[drive, age].astype(np.int64), first + buses.age_limit[drive] - age)
    early = np.zeros((len(drive), len(years)), np.int64)
    if counts[bought]:
        early[~counts[drive]] = _fewest(_Groups(*(x[~counts[drive]] for x in groups)), years, most)
    told = tuple(_years(buses, years, groups, early))
    strictest = int(np.argmax(buses.bought_least))
    return BusPath(
        counted=counted,
        years=told,
        early=int(early.sum()),
        lost_years=int((early * np.maximum(groups.of_age[:, None] - years, 0)).sum()),
        bought_row=str(buses.bought_row[strictest]),
        bought_least=float(buses.bought_least[strictest]),
        path_rows=tuple(map(str, buses.path_row)),
        reasons=tuple(_short(buses, told, counted, strictest)),
    )


class _Groups(NamedTuple):
    """Buses (k) of one drive and age: how many, and the year in which they come of age."""

    drive: I64
    many: I64
    of_age: I64


def _fewest(groups: _Groups, years: I64, most: I64) -> I64:
    """(k, y) buses to replace early; none in the first year, which is over."""
    from ortools.sat.python import cp_model

    model, (_, many, of_age) = cp_model.CpModel(), groups
    late = of_age.tolist()
    out = np.zeros((len(many), len(years)), np.int64)
    chosen = {
        (k, j): model.new_int_var(0, int(many[k]), f"{k} {year}")
        for k in range(len(many))
        for j, year in enumerate(years.tolist())
        if j > 0 and year < late[k]
    }
    for k in range(len(many)):
        model.add(sum(r for (group, _), r in chosen.items() if group == k) <= int(many[k]))
    for j, year in enumerate(years.tolist()):
        left = [k for k in range(len(many)) if late[k] > year]
        gone = sum(r for (k, when), r in chosen.items() if k in left and when <= j)
        if j and left:
            model.add(int(many[left].sum()) - gone <= int(most[j]))
    lost = sum((late[k] - int(years[j])) * r for (k, j), r in chosen.items())
    above = 1 + int((many * np.maximum(of_age - years[0], 0)).sum())
    model.minimize(above * sum(chosen.values()) + lost)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) != cp_model.OPTIMAL:
        raise RuntimeError("the path of a bus fleet was not solved")
    for (k, j), r in chosen.items():
        out[k, j] = solver.value(r)
    return out


def _years(buses: BusFleet, years: I64, groups: _Groups, early: I64) -> list[BusYear]:
    """What the fleet looks like year by year."""
    drive, many, of_age = groups
    new = buses.drive.tolist().index(str(buses.bought))
    value = buses.bus_cny[drive] / buses.age_limit[drive]
    told, bought_by_now = [], 0
    for j, year in enumerate(years.tolist()):
        gone = early[:, : j + 1].sum(axis=1)
        here = np.where(of_age > year, many - gone, 0)
        retired = int((many - gone)[of_age == year].sum()) if j else 0
        now = int(early[:, j].sum())
        bought = retired + now + (int(buses.added) if j else 0)
        bought_by_now += bought
        kinds = np.bincount(drive, here, minlength=len(buses.drive)).astype(np.int64)
        kinds[new] += bought_by_now
        told.append(
            BusYear(
                year=year,
                buses=int(kinds.sum()),
                clean=int(kinds[buses.clean].sum()),
                electric=int(kinds[buses.electric].sum()),
                least_share=buses.path(year),
                retired=retired,
                early=now,
                bought=bought,
                bought_clean=bought * int(buses.clean[new]),
                bought_electric=bought * int(buses.electric[new]),
                cost_cny=bought * float(buses.bus_cny[new]),
                lost_cny=float((early[:, j] * np.maximum(of_age - year, 0) * value).sum()),
            )
        )
    return told


def _short(buses: BusFleet, years: tuple[BusYear, ...], counted: Counted, strictest: int) -> list[str]:
    """What of the path and of the rows on buses bought does not hold."""
    short = []
    for year in years:
        have = year.clean if counted == "clean" else year.electric
        if have < year.least_share * year.buses - _TINY * year.buses:
            share = have / year.buses if year.buses else 0.0
            short.append(f"{year.year}: {share:.1%} of the buses are {counted}, {year.least_share:.1%} are asked for")
    new = buses.drive.tolist().index(str(buses.bought))
    if not buses.clean[new] and buses.bought_least[strictest] > 0:
        row, least = buses.bought_row[strictest], float(buses.bought_least[strictest])
        short.append(f"{row} asks that {least:.0%} of the buses bought are clean, {buses.bought} ones are not")
    return short
