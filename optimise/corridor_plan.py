"""What the planner of a corridor gets: stations with their plugs, what they carry, and what they do not, with proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from optimise.solver import Status

FORMAT = 1
"""Version of the dictionary form."""
VALUE_UNIT = "vehicles/day"
State = Literal["home", "served", "not_served"]
"""Home's half battery is enough; stations carry it; or it runs dry."""


@dataclass(frozen=True, kw_only=True)
class CorridorStation:
    """A station of the plan, or one that is there."""

    id: str
    name: str
    kind: str
    lon: float
    lat: float
    existing_plugs: int
    plugs: int
    """With the plan; for a station that is there, with what it would need more."""
    lacking_kw: float
    """Power that the plugs draw and the node does not have yet; 0 where its power is not known."""
    kwh_per_day: float
    """On the worse of the cold and the mild day; sessions too."""
    sessions_per_day: float
    sessions_in_peak_hour: float
    cost_cny: float
    also_mild: bool
    """Whether the plan for mild days has it too."""
    lost_per_day: float
    """Vehicles a day that do not get through on a cold day where it alone is left out."""
    best_instead_per_day: float | None
    """Vehicles a day that do get through with the best other site in its place; None for a station that is there."""
    instead: str | None
    """That site; None where no other is any use."""


@dataclass(frozen=True, kw_only=True)
class CorridorTrip:
    """What becomes of one segment of a flow on a cold day. reach_km: way on a full battery. stretch_km, dry_from,
    dry_to: the longest stretch without a station, and the arc on which a battery is empty in it.
    """

    origin: str
    destination: str
    segment: str
    vehicles_per_day: float
    length_km: float
    reach_km: float
    state: State
    stations: tuple[str, ...]
    stretch_km: float | None = None
    dry_from: str | None = None
    dry_to: str | None = None
    possible: bool | None = None
    """Whether it would get through with a station at every site there is."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CorridorCase:
    """How one plan does at one temperature, in vehicles a day."""

    plan: Literal["winter", "mild"]
    temperature_c: float
    vehicles_per_day: float
    home_per_day: float
    """Need no charge on the way."""
    served_per_day: float
    bound_per_day: float | None
    """No plan gets more through; None where the plan was made for another temperature."""


@dataclass(frozen=True, kw_only=True)
class CorridorPlan:
    """The plan for cold days, beside the one for mild days. value, bound: vehicles a day that get through on a cold
    day; no plan that keeps the limits gets more than bound through. No wall clock: equal runs give equal bytes.
    """

    stations: tuple[CorridorStation, ...]
    trips: tuple[CorridorTrip, ...]
    cases: tuple[CorridorCase, ...]
    added_by_winter: tuple[str, ...]
    """New stations that the plan for mild days does not have."""
    dropped_by_winter: tuple[str, ...]
    temperature_c: float
    mild_c: float
    sites: int | None
    budget_cny: float | None
    cost_cny: float
    """New stations with their plugs, and plugs that stations there need more because of them."""
    mild_cost_cny: float
    backlog_cny: float
    """What stations that are there lack already, for those who get through now; not in the budget."""
    value: float
    bound: float
    gap: float
    value_unit: str = VALUE_UNIT
    status: Status
    reasons: tuple[str, ...]
    verified: tuple[str, ...]
    solver: str
    seed: int
    stop: Mapping[str, float]
    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    defaults: tuple[Mapping[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able values in a fixed order."""
        return {"format": FORMAT, "kind": "corridor"} | asdict(self)
