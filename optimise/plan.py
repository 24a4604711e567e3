"""A plan: whole plugs per place, class and year, with its proof and its provenance. It replays as a Scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self

from network import AddChargers, InputError, Problem, ReinforceFeeder, Scenario, SetYear
from optimise.solver import Status
from optimise.targets import Target

FORMAT = 2
"""Version of the dictionary form."""
PlanObjective = Literal["served", "cost", "distance"]
VALUE_UNIT: dict[PlanObjective, str] = {
    "served": "0.1 kWh/day, all years added up",
    "cost": "fen",
    "distance": "0.1 kWh/day x m",
}
"""Unit of a plan's value and bound."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """New plugs of one class at one place in one year, and why they are there."""

    place: str
    kind: str
    name: str
    lon: float
    lat: float
    charger: str
    """Class of the plugs, as in units.CHARGERS."""
    new_plugs: int
    existing_plugs: int
    """Of all classes, before the plan."""
    cost_cny: float
    """With the opening of the place, or coming back to it, on the first row of a place and year."""
    year: int


@dataclass(frozen=True, kw_only=True)
class FeederStep:
    """Steps of reinforcement at one feeder in one year."""

    feeder: str
    steps: int
    cost_cny: float
    year: int


@dataclass(frozen=True, kw_only=True)
class PlanYear:
    """What a plan promises of a year."""

    year: int
    budget_cny: float
    """New money of the year; what is left of earlier years may be spent besides."""
    spent_cny: float
    plugs: int
    """Public plugs there are at its end."""
    wanted_kwh: float
    served_kwh: float
    """On an average day."""


@dataclass(frozen=True, kw_only=True)
class SiteReason:
    """Why a place is in the plan, in its last year."""

    place: str
    plugs: tuple[int, ...]
    """New ones of each class, in the order of units.CHARGERS."""
    cost_cny: float
    lost_kwh: float
    """Energy a day that would not be served if this place alone were left out, all others as planned."""
    cny_per_daily_kwh: float | None
    """Cost over what would be lost; None where nothing would."""
    gains: tuple[str, ...]
    """Areas whose zones would lose most, the greatest loss first."""


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

    @classmethod
    def read(cls, record: Mapping[str, Any], rows: Mapping[str, type]) -> Self:
        """The plan of a record; `rows` are its tables and their classes. Raises InputError where it is not one."""
        fields = dict(record)
        version, _ = fields.pop("format", None), fields.pop("kind", None)
        if version != FORMAT:
            raise InputError(Problem("plan.format", f"is {version!r}, not {FORMAT}", "propose the plan again"))
        try:
            for name, row in rows.items():
                fields[name] = tuple(row(**_tupled(one)) for one in fields[name])
            return cls(**_tupled(fields))
        except (KeyError, TypeError) as error:
            raise InputError(Problem("plan", f"is not a plan: {error}", "give the plan.json of a proposal")) from error


def _plain(value: Any) -> Any:
    """Tables in the order of their names, and lists for tuples."""
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, kw_only=True)
class Plan(Proven):
    """Plugs by year, in the city's order of places; money and energy by year; and why each place."""

    kind: ClassVar[str] = "chargers"
    objective: PlanObjective
    base_year: int
    """Year of the city before the plan."""
    sites: tuple[Site, ...]
    feeders: tuple[FeederStep, ...]
    years: tuple[PlanYear, ...]
    reasons_why: tuple[SiteReason, ...]
    next_best: tuple[SiteReason, ...]
    """Places left out that would add most for their money: `lost_kwh` is what they would add."""

    @property
    def new_plugs(self) -> int:
        return sum(site.new_plugs for site in self.sites)

    @property
    def budget_cny(self) -> float:
        return sum(year.budget_cny for year in self.years)

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if: what is there by the end of a year, by default its last."""
        until = self.years[-1].year if year is None else year
        moved = (SetYear(year=until),) if until != self.base_year else ()
        plugs = (
            AddChargers(place=s.place, plugs=s.new_plugs, charger=s.charger)  # type: ignore[arg-type]
            for s in self.sites
            if s.year <= until
        )
        steps = (ReinforceFeeder(feeder=f.feeder, steps=f.steps) for f in self.feeders if f.year <= until)
        return Scenario(edits=(*moved, *steps, *plugs), name=f"plan {self.objective} {self.city} {until}")

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The plan that `to_dict` wrote. Raises InputError where it is not one."""
        rows: dict[str, type] = {
            "sites": Site, "feeders": FeederStep, "years": PlanYear, "reasons_why": SiteReason,
            "next_best": SiteReason, "targets": Target,
        }  # fmt: skip
        return cls.read(record, rows)


def _tupled(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
