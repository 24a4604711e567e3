"""A city's buses: how many of which drive and age, what they must become, and how electric ones charge at depots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I32, I64, Bools, Part, Spec, Text


@dataclass(frozen=True, eq=False, kw_only=True)
class BusFleet(Part):
    """Buses by drive (V) and age (A), and rules for depots. Fields are those of data/parameters/buses.toml."""

    drive: Annotated[Text, Spec("U", ("V",))]
    clean: Annotated[Bools, Spec("b", ("V",))]
    """Drives that count as new or clean energy, gas among them."""
    electric: Annotated[Bools, Spec("b", ("V",))]
    """Drives that run on a battery or a fuel cell alone."""
    year: Annotated[I32, Spec("i4", (), 1900, 2200)]
    """Year at whose end the stock is counted."""
    stock: Annotated[I32, Spec("i4", ("V", "A"), 0)]
    """Buses by drive and by full years since they were bought; those bought in `year` are of age 0."""
    age_limit: Annotated[I32, Spec("i4", ("V",), 1)]
    """Years after which a bus is taken out of service."""
    bus_cny: Annotated[F64, Spec("f8", ("V",), 0)]
    """Price of a new bus."""
    bought: Annotated[Text, Spec("U", ())]
    """Drive of the buses that are bought."""
    added: Annotated[I32, Spec("i4", (), 0)]
    """Buses by which the fleet grows each year."""
    path_year: Annotated[I32, Spec("i4", ("Y",), 1900, 2200)]
    path_share: Annotated[F64, Spec("f8", ("Y",), 0, 1)]
    """Least share of clean buses in the stock in these years, ascending; straight between them."""
    path_row: Annotated[Text, Spec("U", ("Y",))]
    """Policy row each of them stands in."""
    bought_least: Annotated[F64, Spec("f8", ("B",), 0, 1)]
    """Least share of clean buses among those bought, as several policy rows ask for it."""
    bought_row: Annotated[Text, Spec("U", ("B",))]
    depot_kinds: Annotated[Text, Spec("U", ("C",))]
    """Kinds of places where buses spend the night."""
    charger_kw: Annotated[F64, Spec("f8", (), 1)]
    """Power one charger of a depot draws from the grid; topup_kw is that of one at the end of a line."""
    charger_use: Annotated[F64, Spec("f8", (), 0.01, 1)]
    """Share of the night that chargers are counted on for the first estimate of their number."""
    battery_kwh: Annotated[F64, Spec("f8", (), 1)]
    battery_use: Annotated[F64, Spec("f8", (), 0.01, 1)]
    """Share of the battery a day may draw."""
    layover_min: Annotated[F64, Spec("f8", (), 0)]
    """Least time of a bus at the end of a line before it leaves again."""
    terminal_m: Annotated[F64, Spec("f8", (), 0)]
    """Ends of lines as near as this, in a straight line, are one place where buses wait."""
    longest_h: Annotated[F64, Spec("f8", (), 1, 23)]
    """Longest time a bus stays out."""
    ready_min: Annotated[F64, Spec("f8", (), 0)]
    """Time between coming in and being plugged in, and so before going out."""
    slot_min: Annotated[F64, Spec("f8", (), 1, 60)]
    """Length of the slots in which charging is scheduled; whole slots make an hour."""
    topup_kw: Annotated[F64, Spec("f8", (), 1)]
    topup_min: Annotated[F64, Spec("f8", (), 0)]
    """Of a stay at the end of a line, what is lost to plugging in and out."""
    charger_cny: Annotated[F64, Spec("f8", (), 0)]
    topup_cny: Annotated[F64, Spec("f8", (), 0)]
    transformer_kva: Annotated[F64, Spec("f8", ("X",), 1)]
    """Sizes transformers are made in, ascending."""
    transformer_cny_per_kva: Annotated[F64, Spec("f8", (), 0)]

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = [
            Problem(f"BusFleet.{name}", "is empty or does not ascend", "one entry each, the least first")
            for name in ("path_year", "transformer_kva")
            if not len(getattr(self, name)) or (np.diff(getattr(self, name)) <= 0).any()
        ]
        if str(self.bought) not in self.drive.tolist():
            what, hint = f"is {str(self.bought)!r}", f"use {', '.join(self.drive.tolist())}"
            problems.append(Problem("BusFleet.bought", what, hint))
        if (self.electric & ~self.clean).any():
            drive = str(self.drive[int(np.argmax(self.electric & ~self.clean))])
            what = f"does not count {drive!r}, which is electric"
            problems.append(Problem("BusFleet.clean", what, "electric drives are clean ones"))
        problems += self._too_old()
        if float(self.charger_kw) % 1:
            problems.append(Problem("BusFleet.charger_kw", f"is {float(self.charger_kw):g}", "give whole kW"))
        if 60 % float(self.slot_min):
            what, hint = f"is {float(self.slot_min):g}", "use 5, 10, 15, 20, 30 or 60"
            problems.append(Problem("BusFleet.slot_min", what, hint))
        if problems:
            raise InputError(problems)

    def _too_old(self) -> list[Problem]:
        """Buses that should have been taken out before the first year."""
        age = np.arange(self.stock.shape[1])
        old = (self.stock > 0) & (age[None, :] >= self.age_limit[:, None])
        return [
            Problem(
                f"BusFleet.stock row {v + 1}",
                f"has {self.stock[v, a]} {self.drive[v]} buses of {a} years, {int(self.age_limit[v])} is the most",
                "raise age_limit, or count them among those bought",
            )
            for v, a in np.argwhere(old).tolist()
        ]

    @cached_property
    def counted(self) -> I64:
        """(2, 3) buses in stock and buses bought in `year`: all, of clean drives, of electric drives."""
        by_drive = np.stack((self.stock.sum(axis=1), self.stock[:, :1].sum(axis=1))).astype(np.int64)
        groups = np.stack((np.ones_like(self.clean), self.clean, self.electric), axis=1)
        return by_drive @ groups.astype(np.int64)

    def path(self, year: int) -> float:
        """Least share of clean buses at the end of a year: straight between the years given, level beyond them."""
        return float(np.interp(year, self.path_year, self.path_share))
