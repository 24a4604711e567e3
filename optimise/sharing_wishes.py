"""What a plan of shared parking is asked for, besides its targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from network import InputError, LotWindow, Problem, units
from optimise.sharing import SharingObjective

TIERS = tuple(sorted(set(units.OWNER_TIER)))


@dataclass(frozen=True, kw_only=True)
class ParkingBlock:
    """Where so many of a group want a space, on a day of each type."""

    id: str
    lon: float
    lat: float
    group: str
    """As in units.PARKERS."""
    weekday: int
    weekend: int
    holiday: int

    @property
    def wanted(self) -> tuple[int, int, int]:
        return self.weekday, self.weekend, self.holiday


@dataclass(frozen=True, kw_only=True)
class SharingWishes:
    """What is to be best, the money, whose lots are asked, and where spaces are wanted."""

    objective: SharingObjective = "met"
    """"met": most need met; "walking": shortest walks, no space being as bad as parking.unmet_m; "cost": least money
    for `met_share`."""
    budget_cny: float | None = None
    """For gates and signs, and what owners lose for parking.subsidy_years; None for no limit."""
    tiers: tuple[int, ...] = TIERS
    """Tiers of owners whose lots may open."""
    met_share: float = 0.0
    """Share of the need that is to be met at least, each space-day by its group's weight; for "cost" alone."""
    blocks: tuple[ParkingBlock, ...] = ()
    """Need that is known; else that of the city's zones."""
    windows: tuple[LotWindow, ...] = ()
    """When lots may be shared; those without rows all through the windows of the groups."""

    def __post_init__(self) -> None:
        problems = []
        if not self.tiers or not set(self.tiers) <= set(TIERS) or len(set(self.tiers)) < len(self.tiers):
            hint = f"use {' or '.join(map(str, TIERS))}, or both"
            problems.append(Problem("tiers", f"are {', '.join(map(str, self.tiers)) or 'none'}", hint))
        if not 0.0 <= self.met_share <= 1.0:
            problems.append(Problem("met_share", f"is {self.met_share:g}", "give a share from 0 to 1"))
        if self.met_share and self.objective != "cost":
            problems.append(Problem("met_share", "is for the objective cost alone", "leave it out"))
        problems += _block_problems(self.blocks)
        if problems:
            raise InputError(problems)


def _block_problems(blocks: Sequence[ParkingBlock]) -> list[Problem]:
    problems, seen = [], set[str]()
    for i, block in enumerate(blocks):
        where = f"blocks {i} ({block.id!r})"
        if not block.id or block.id in seen:
            what = "has no id" if not block.id else "has the id of another block"
            problems.append(Problem(where, what, "give each block its own"))
        seen.add(block.id)
        if block.group not in units.PARKERS:
            hint = f"use {', '.join(units.PARKERS)}"
            problems.append(Problem(where, f"wants spaces for {block.group!r}", hint))
        if min(block.wanted) < 0 or not any(block.wanted):
            what = f"wants {', '.join(map(str, block.wanted))} spaces"
            problems.append(Problem(where, what, "give numbers of zero or more, one of them above zero"))
    return problems
