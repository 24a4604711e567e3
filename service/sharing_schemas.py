"""What a plan of shared parking is asked with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from network import LotWindow
from optimise import ParkingBlock, SharingWishes
from service.models import Asked
from service.schemas import PlanRequest

Spaces = Annotated[int, Field(ge=0, le=1_000_000)]


class ParkingBlockIn(Asked):
    """Where so many of a group want a space for the whole of their window, on a day of each type."""

    id: str = Field(min_length=1, max_length=200)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    group: Literal["residents", "commuters", "visitors", "deliveries"]
    weekday: Spaces
    weekend: Spaces
    holiday: Spaces


class LotWindowIn(Asked):
    """When a lot may be shared; a lot with any such row is shared in its rows alone."""

    lot: str = Field(min_length=1, max_length=200)
    start: str = Field(description="such as 18:00", max_length=5)
    end: str = Field(description="such as 32:00, which is eight o'clock of the next morning", max_length=5)
    days: list[Literal["weekday", "weekend", "holiday"]] = Field(
        default=["weekday", "weekend", "holiday"], min_length=1, max_length=3
    )
    group: Literal["", "residents", "commuters", "visitors", "deliveries"] = Field(
        default="", description="whom it is for; empty for all that have no row of their own in the lot"
    )


class SharingRequest(PlanRequest):
    """Whose car parks may open to others, for which money, and who is in need of spaces."""

    objective: Literal["met", "walking", "cost"] = Field(
        default="met",
        description="meet most of the need; or make walks shortest, finding no space being as bad as one of "
        "parking.unmet_m; or spend least to reach the targets and met_share",
    )
    budget_cny: float | None = Field(
        default=None,
        ge=0,
        le=1e12,
        description="money for gates and signs, and for what owners lose in parking.subsidy_years, in CNY; null for no "
        "limit",
    )
    tiers: list[Literal[1, 2]] = Field(
        default=[1, 2],
        min_length=1,
        max_length=2,
        description="owners whose lots may open: 1 public bodies and state firms, 2 all others. With both, so many of "
        "the first as parking.first_tier_share says open before any of the second",
    )
    met_share: float = Field(
        default=0.0, ge=0, le=1, description="share of the need that is met at least; for the objective cost alone"
    )
    blocks: list[ParkingBlockIn] = Field(
        default=[], max_length=20_000, description="the need where it is known; else it follows from the city's zones"
    )

    windows: list[LotWindowIn] = Field(
        default=[],
        max_length=20_000,
        description="when lots may be shared; those without rows all through the windows of the groups",
    )

    def wishes(self) -> SharingWishes:
        """The same as the solver knows it. Raises InputError for what contradicts itself."""
        return SharingWishes(
            objective=self.objective,
            budget_cny=self.budget_cny,
            tiers=tuple(self.tiers),
            met_share=self.met_share,
            blocks=tuple(ParkingBlock(**block.model_dump()) for block in self.blocks),
            windows=tuple(LotWindow(**w.model_dump(exclude={"days"}), days=tuple(w.days)) for w in self.windows),
        )
