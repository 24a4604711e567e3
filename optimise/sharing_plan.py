"""A plan of shared parking: windows of lots by day type, what they cost and risk, and its replay as a what-if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar, Final, Self

from network import Scenario, ShareLot, units
from optimise.plan import Proven
from optimise.sharing import SharingObjective
from optimise.targets import Target

VALUE_UNIT: Final[dict[SharingObjective, str]] = {
    "met": "space-days/year",
    "walking": "m x space-days/year",
    "cost": "fen",
}
"""Unit of a plan's value and bound; space-days are weighted by parking.weight."""


@dataclass(frozen=True, kw_only=True)
class SharedWindow:
    """Spaces of a lot that the plan opens to one group on days of one type, all through the group's window."""

    lot: str
    name: str
    owner: str
    """Kind of owner, as in units.OWNERS."""
    owner_name: str
    department: str
    tier: int
    supply_class: str
    lon: float
    lat: float
    group: str
    """Who it is for, as in units.PARKERS."""
    day: str
    """As in units.DAY_TYPES."""
    start: str
    end: str
    """Times such as 18:00; those past 24:00 are of the next morning."""
    spaces: int
    given: int
    """Permits given to who is within reach; the other spaces are open to whoever comes."""
    walk_min: float | None
    walk_m: float | None
    """Mean walk of permit holders; None where no permit is given."""
    blocks: int
    """Blocks of demand that get a permit."""
    risk: float
    """Highest probability, in the half-hours after the window in which its cars may be late, that a car of the owner's
    finds no space, with all the plan's windows."""
    fee_cny_per_h: float
    revenue_cny: float
    """A year, the owner's part of the fees."""


@dataclass(frozen=True, kw_only=True)
class SharedLot:
    """A lot with what it opens, what that costs, and why it is in the plan or left out.

    For lots left out spaces, space hours, money and gains are what they would add if they alone were opened besides.
    """

    lot: str
    name: str
    owner: str
    owner_name: str
    department: str
    tier: int
    supply_class: str
    lon: float
    lat: float
    existing_spaces: int
    """Nominal spaces that are shared without the plan."""
    spaces: int
    """Nominal spaces that the plan adds: most at any time."""
    space_hours: float
    """That the plan adds, on the mean of all days."""
    given: int
    """Permits, those of all groups and day types added up."""
    retrofit_cny: float
    running_cny: float
    """A year."""
    revenue_cny: float
    """A year, the owner's part of the fees."""
    subsidy_cny: float
    """A year: what running costs more than it brings in, which the budget makes up for parking.subsidy_years."""
    risk: float | None
    lost_days: int
    """Space-days a year that could not be met if this lot alone were left out and the others offered what they do;
    its permit holders, and others for them, move to what is free within their reach."""
    gains: tuple[str, ...]
    """Areas whose blocks get most of its permits, the greatest first."""


@dataclass(frozen=True, kw_only=True)
class MetRow:
    """Spaces that a group wants on a day of a type, and permits it gets."""

    group: str
    day: str
    wanted: int
    within_reach: int
    """Of these, where some lot of the tiers asked is within walking reach."""
    met: int
    walk_m: float | None
    """Mean, None where no permit is given."""


@dataclass(frozen=True, kw_only=True)
class ServedBlock:
    """A zone, or a block that was given, that wants spaces."""

    block: str
    name: str
    """Empty for zones."""
    lon: float
    lat: float
    group: str
    """Of a block that was given; empty for zones, which want spaces for all groups."""
    wanted: int
    met: int
    """Space-days a year that are wanted, and met by permits."""


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """The most that can be reached of shared lots and of nominal spaces, existing ones counted, each by itself."""

    tiers: tuple[int, ...]
    """Whose lots may open."""
    within_budget: bool
    """Whether the budget and the order of the tiers are kept too."""
    lots: int
    spaces: int
    met_share: float | None
    """Of the need, as for the objective "cost"; None for the others."""
    proven: bool
    """False where the run was stopped before the most was known."""


@dataclass(frozen=True, kw_only=True)
class SharingPlan(Proven):
    """Windows to open, with everything needed to check and repeat the run.

    value, bound: by objective; space-days a year that are met, each by its group's weight ("met"); metres walked by
    permit holders, and for spaces wanted and not met parking.unmet_m ("walking"); fen from the budget ("cost").
    """

    kind: ClassVar[str] = "sharing"
    objective: SharingObjective
    tiers: tuple[int, ...]
    """Tiers of owners that were asked."""
    budget_cny: float | None
    """None for no limit."""
    windows: tuple[SharedWindow, ...]
    """In the city's order of lots, then groups, then day types."""
    lots: tuple[SharedLot, ...]
    """Those with windows."""
    next_best: tuple[SharedLot, ...]
    """Lots left out that would add most, the best first."""
    met: tuple[MetRow, ...]
    blocks: tuple[ServedBlock, ...]
    reachable: tuple[Reachable, ...]
    """Told where the targets cannot be reached."""
    retrofit_cny: float
    running_cny: float
    revenue_cny: float
    """A year, for all owners."""
    subsidy_cny: float
    """A year."""
    subsidy_years: int
    shared_lots: int
    shared_spaces: int
    shared_space_hours: float
    shared_spaces_at_once: int
    """Of the whole city with the plan: lots, nominal spaces, space-hours of a mean day, most at one time."""
    worst_risk: float | None
    """Highest risk of any lot, None where nothing is shared."""
    source: str
    """`zones`: the need of the city's zones; `blocks`: blocks that were given."""

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if; windows have no years, they are there in any."""
        return scenario_of(self.windows, f"sharing {self.city}" + ("" if year is None else f" {year}"))

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The plan that `to_dict` wrote. Raises InputError where it is not one."""
        rows = {
            "windows": SharedWindow, "lots": SharedLot, "next_best": SharedLot, "met": MetRow,
            "blocks": ServedBlock, "reachable": Reachable, "targets": Target,
        }  # fmt: skip
        return cls.read(record, rows)


def scenario_of(windows: Sequence[SharedWindow], name: str) -> Scenario:
    """Windows as edits: one for the day types on which a lot opens as many spaces to a group."""
    rows = sorted(windows, key=lambda w: (w.lot, units.PARKERS.index(w.group), w.spaces))
    edits = tuple(
        ShareLot(lot=lot, spaces=spaces, start=start, end=end, days=tuple(w.day for w in some))  # type: ignore[misc]
        for (lot, _, spaces, start, end), some in groupby(
            rows, key=lambda w: (w.lot, w.group, w.spaces, w.start, w.end)
        )
    )
    return Scenario(edits=edits, name=name)
