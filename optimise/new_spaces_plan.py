"""A plan of new parking spaces: where, how, what they cost and compete with. It replays as a what-if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from network import AddLot, AddLotSpaces, RemoveLotSpaces, Scenario
from optimise.plan import Proven
from optimise.spaces import SpaceObjective
from optimise.targets import Target

VALUE_UNIT: Final[dict[SpaceObjective, str]] = {"need": "0.001 cars", "cost": "fen", "spaces": "spaces"}
"""Unit of a plan's value and bound; cars are weighted by parking.weight."""


@dataclass(frozen=True, kw_only=True)
class NewSpaces:
    """New spaces at one place."""

    id: str
    """Of the new lot; where a lot is made larger, of the candidate."""
    name: str
    lon: float
    lat: float
    lot: str
    """Lot that is made larger, empty where there is none yet."""
    supply_class: str
    """As in units.SUPPLY_CLASSES."""
    way: str
    """As in network.NEW_SPACE_WAYS."""
    spaces: int
    most_spaces: int
    cost_cny: float
    """With what the place costs besides."""
    conflict: str
    """Who else wants the land; empty where nobody is known to."""
    taken_lot: str
    taken_spaces: int
    """Spaces that go there in return, such as kerb marked before."""
    met: int
    """Cars that stand there in the windows of their groups, those of all groups added up."""
    walk_m: float | None
    """Their mean walk."""
    extra_car_trips: float
    """A day, by the answer of the zone to more spaces; those of all places together are simulated."""


@dataclass(frozen=True, kw_only=True)
class NeedRow:
    """Cars of a group that want a space in their window, and those that find one within reach."""

    group: str
    wanted: int
    within_reach: int
    """Of these, where some place is within walking reach, built or not."""
    met: int
    """By new spaces and by windows that are shared already."""


@dataclass(frozen=True, kw_only=True)
class MostSpaces:
    """The most spaces that can be added, told where more are asked for."""

    within_budget: bool
    spaces: int
    on_street: int
    off_street: int
    building: int
    proven: bool


@dataclass(frozen=True, kw_only=True)
class SpacesPlan(Proven):
    """New spaces, with everything needed to check and repeat the run.

    value, bound: by objective; cars that find a space, by their group's weight, less what conflicts and car trips
    drawn count ("need"); or fen ("cost").
    """

    kind: ClassVar[str] = "spaces"
    objective: SpaceObjective
    day: str
    """Day type whose need is met."""
    conflicts: str
    """`weighed` or `never`: whether land that others want counts less or is left alone."""
    budget_cny: float | None
    """None for no limit."""
    most_extra_car_share: float | None
    places: tuple[NewSpaces, ...]
    """In the order of the candidates."""
    candidates: int
    source: str
    """`table`: candidates that were given; `assumed`: by new_spaces.toml."""
    new_spaces: int
    """Gross: whatever is taken elsewhere."""
    new_spaces_net: int
    on_street: int
    off_street: int
    building: int
    """Gross, by supply class."""
    need: tuple[NeedRow, ...]
    most: tuple[MostSpaces, ...]
    base_car_trips: float
    extra_car_trips: float
    """A day of the city with the plan against one without."""
    promised_car_trips: float
    """The same, place by place."""
    green_share_change: float
    known_zones: int
    full_zones: int
    """Zones whose spaces are known, and of these full ones: only there new spaces draw car trips."""

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if; its places have no years, they are there in any."""
        return scenario_of(self.places, f"spaces {self.city}" + ("" if year is None else f" {year}"))

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The plan that `to_dict` wrote. Raises InputError where it is not one."""
        return cls.read(record, {"places": NewSpaces, "need": NeedRow, "most": MostSpaces, "targets": Target})


def scenario_of(places: Sequence[NewSpaces], name: str) -> Scenario:
    """Places as edits: what they take first, then what they add."""
    taken = tuple(RemoveLotSpaces(lot=p.taken_lot, spaces=p.taken_spaces) for p in places if p.taken_spaces)
    added = tuple(
        AddLotSpaces(lot=p.lot, spaces=p.spaces)
        if p.lot
        else AddLot(id=p.id, name=p.name, lon=p.lon, lat=p.lat, spaces=p.spaces, supply_class=p.supply_class)  # type: ignore[arg-type]
        for p in places
    )
    return Scenario(edits=(*taken, *added), name=name)
