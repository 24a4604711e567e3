"""A plan: whole plugs per place and year, with its proof and its provenance. It replays as a Scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from network import AddChargers, InputError, Problem, Scenario
from optimise.problem import Objective
from optimise.solver import Status
from optimise.targets import Target

FORMAT = 1
"""Version of the dictionary form."""
VALUE_UNIT: dict[Objective, str] = {"cover": "0.1 kWh/day", "distance": "0.1 kWh/day x m"}
"""Unit of a plan's value and bound."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """New plugs at one place."""

    place: str
    kind: str
    name: str
    lon: float
    lat: float
    new_plugs: int
    existing_plugs: int
    cost_cny: float
    """Opening included where the place had no plugs."""
    year: int | None = None


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What a plan of any kind says of itself: its worth, its proof, and what it takes to repeat the run.

    value, bound: whole numbers in `value_unit`; gap: |bound - value| / max(1, |value|). No wall clock and no dates,
    so equal runs give equal bytes.
    """

    kind: ClassVar[str]
    city: str
    city_digest: str
    cost_cny: float
    value: int
    bound: int
    gap: float
    value_unit: str
    status: Status
    reasons: tuple[str, ...] = ()
    """Why the problem has no answer, or falls short of what was asked for."""
    verified: tuple[str, ...]
    """What was recomputed from the problem alone, and agreed."""
    targets: tuple[Target, ...]
    solver: str
    seed: int
    stop: Mapping[str, float]
    inputs: Mapping[str, str]
    """Digests of what the run read, by name."""
    versions: Mapping[str, str]
    """Package versions."""
    defaults: tuple[Mapping[str, str], ...]
    """Parameters that stood in for data the city does not have."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able values in a fixed order."""
        record = {name: _plain(value) for name, value in asdict(self).items()}
        return {"format": FORMAT, "kind": self.kind} | record


def _plain(value: Any) -> Any:
    """Tables in the order of their names, and lists for tuples."""
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, kw_only=True)
class Plan(Proven):
    """Sites in the city's order of places."""

    kind: ClassVar[str] = "chargers"
    objective: Objective
    sites: tuple[Site, ...]
    budget_cny: float

    @property
    def new_plugs(self) -> int:
        return sum(site.new_plugs for site in self.sites)

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if: everything, or with `year` what is there by the end of it (sites without a year
        included).
        """
        built = [s for s in self.sites if year is None or s.year is None or s.year <= year]
        name = f"plan {self.objective} {self.city}" + ("" if year is None else f" {year}")
        return Scenario(edits=tuple(AddChargers(place=s.place, plugs=s.new_plugs) for s in built), name=name)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The plan that `to_dict` wrote. Raises InputError where it is not one."""
        fields = dict(record)
        version, _ = fields.pop("format", None), fields.pop("kind", None)
        if version != FORMAT:
            raise InputError(Problem("plan.format", f"is {version!r}, not {FORMAT}", "propose the plan again"))
        try:
            fields["sites"] = tuple(Site(**site) for site in fields["sites"])
            fields["targets"] = tuple(Target(**target) for target in fields["targets"])
            for name in ("reasons", "verified", "defaults"):
                fields[name] = tuple(fields[name])
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise InputError(Problem("plan", f"is not a plan: {error}", "give the plan.json of a proposal")) from error
