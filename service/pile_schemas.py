"""What piles of a whole city are asked with, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from network import units
from optimise import PILES, District
from service.models import Answer, Asked
from service.schemas import Default

MOST_DISTRICTS: Final = 1000
"""Districts of a request; `luxing piles` takes any number."""
SPLIT_IS: Final = (
    "Each kind by itself: in proportion to what asks for it (private cars with a place at home; energy taken up in "
    "public; piles that fleets need), no less than a district plans and no more than it allows; then whole piles by "
    "the largest remainder."
)
Segment = Literal["private", "taxi", "ride_hail", "van", "bus", "coach", "sanitation", "official"]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Size = Annotated[float, Field(ge=0, le=1e10)]
Vehicles = dict[Segment, Size]


@dataclass(frozen=True, kw_only=True)
class DistrictRow:
    """A district as it was given; None where something was not."""

    plan: District
    residents: float
    jobs: float
    home_access: float | None
    vehicles: Mapping[str, float]
    """Those that are counted, by segment."""
    weight: tuple[float | None, ...]
    """By PILES; else what the vehicles ask for."""


class Counts(Asked):
    """Piles by kind."""

    private: Count | None = None
    public: Count | None = None
    dedicated: Count | None = None

    def by_kind(self) -> tuple[int | None, ...]:
        return tuple(getattr(self, kind) for kind in PILES)


class Weights(Asked):
    """What the piles of each kind follow; only ratios count."""

    private: Size | None = None
    public: Size | None = None
    dedicated: Size | None = None


class DistrictIn(Asked):
    """A district, what asks for piles there, and what its own plan says."""

    name: str = Field(min_length=1, max_length=200)
    residents: Size
    jobs: Size = 0.0
    home_access: float | None = Field(
        None, ge=0, le=1, description="share of private cars with a place for a pile; else zones.home_access"
    )
    vehicles: Vehicles = Field({}, description="electric ones counted here; a segment in all districts or in none")
    least: Counts = Field(Counts(), description="piles the district plans; not given: 0")
    most: Counts = Field(Counts(), description="piles it allows; not given: no limit")
    weight: Weights = Field(Weights(), description="given in all districts or in none; else from the vehicles")

    def row(self) -> DistrictRow:
        plan = District(
            name=self.name, least=tuple(n or 0 for n in self.least.by_kind()), most=self.most.by_kind()
        )  # fmt: skip
        weight = tuple(getattr(self.weight, kind) for kind in PILES)
        vehicles = {str(segment): count for segment, count in self.vehicles.items()}
        return DistrictRow(
            plan=plan, residents=self.residents, jobs=self.jobs, home_access=self.home_access, vehicles=vehicles,
            weight=weight,
        )  # fmt: skip


class PileTotals(Asked):
    """How many piles the city is to have. What is not given follows from the vehicles, and public piles are the rest of
    the total; so total or public is needed.
    """

    total: Count | None = Field(None, description="piles of all kinds")
    private: Count | None = Field(None, description="piles of cars at home; else one for each car with a place")
    public: Count | None = Field(None, description="piles for everybody; else what is left of the total")
    dedicated: Count | None = Field(None, description="piles in depots; else by fleet.vehicles_per_dedicated_pile")
    vehicles: Vehicles = Field(
        {}, description="electric vehicles of the city in the year, spread by residents; else fleet.per_1000_residents"
    )
    year: int | None = Field(
        None, ge=2000, le=2200, description="year of vehicles that are not given; else fleet.stock_year"
    )

    def given(self) -> dict[str, int | None]:
        return {kind: getattr(self, kind) for kind in PILES}


class PilesRequest(PileTotals):
    """The piles of a city, and its districts."""

    districts: list[DistrictIn] = Field(min_length=1, max_length=MOST_DISTRICTS)


class DistrictAnswer(Answer):
    """The piles of a district, by kind."""

    name: str
    residents: float
    vehicles: float = Field(description="electric ones of all segments")
    piles: dict[str, int]
    total: int
    proportional: dict[str, float] = Field(description="what the weights alone would give")
    least: dict[str, int] = Field(description="what the district plans")
    most: dict[str, int | None] = Field(description="what it allows")
    kept: dict[str, Literal["least", "most"] | None] = Field(
        description="which of them holds it away from its share; null: neither"
    )


class PilesAnswer(Answer):
    """Piles by kind and district. No districts where `reasons` say why nothing fits."""

    status: Literal["optimal", "infeasible"]
    reasons: list[str]
    year: int
    total: int | None
    totals: dict[str, int] = Field(description="of the city, by kind")
    vehicles: dict[str, float] = Field(description="electric ones of the city, by segment")
    private_places: float = Field(description="private cars with a place for a pile of their own")
    public_kwh_per_day: float
    depot_piles: float = Field(description="that the fleets need")
    districts: list[DistrictAnswer]
    note: str = SPLIT_IS
    defaults: list[Default]


Where = Callable[[int, str], str]


def by_kind(values: Any) -> dict[str, Any]:
    return dict(zip(PILES, values, strict=True))


def by_segment(values: list[float]) -> dict[str, float]:
    return dict(zip(units.SEGMENTS, values, strict=True))
