"""What a plan for public chargers is asked with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from network import InputError
from optimise import ChargerWishes, year_problems
from service.schemas import EACH, ONE, PlanRequest

Money = Annotated[float, Field(ge=0.01, le=1e12)]
Budget = Annotated[
    Annotated[Money, Tag(ONE)] | Annotated[list[Money], Field(min_length=1, max_length=20), Tag(EACH)],
    Discriminator(lambda x: EACH if isinstance(x, list) else ONE),
]


class ChargersRequest(PlanRequest):
    """What a plan for public chargers may cost, in which years, and what it should reach."""

    budget_cny: Budget = Field(
        description="money the plan may spend, in CNY; with years that of each year, or a list with one entry a year"
    )
    years: list[Annotated[int, Field(ge=2000, le=2200)]] = Field(
        default=[], max_length=20, description="years the plan is made for, in order; without any the city's own year"
    )
    carry_share: float = Field(default=1.0, ge=0, le=1, description="share of what is left that a year may take over")
    objective: Literal["served", "cost", "distance"] = Field(
        default="served",
        description="serve the most energy; or spend least to reach the targets for charging_served_share; or make the "
        "mean walk to a slow plug the shortest",
    )
    least: dict[str, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        default={}, max_length=50, description="plugs that places of a kind, such as bus_station, have at least"
    )
    floor_share: float = Field(
        default=0.0, ge=0, le=1, description="share of every area's demand that is served at least, in the last year"
    )
    ahead: bool = Field(
        default=False,
        description="whether capacity in every area is to be ahead of the busiest hour by charging.ahead_share",
    )

    def must_agree(self) -> None:
        super().must_agree()
        if problems := year_problems(self.years, self.wishes().budgets_cny):
            raise InputError(problems)

    def wishes(self) -> ChargerWishes:
        """The same as the solver knows it."""
        count = max(1, len(self.years))
        budgets = tuple(self.budget_cny) if isinstance(self.budget_cny, list) else (self.budget_cny,) * count
        return ChargerWishes(
            objective=self.objective, budgets_cny=budgets, carry_share=self.carry_share, least=self.least,
            floor_share=self.floor_share, ahead=self.ahead,
        )  # fmt: skip
