"""Shares that were counted, and what a what-if makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from network import ALL_RESIDENTS, Outcome, Scenario, pivot, units
from service.models import Answer

BaseShares = Mapping[str, Mapping[str, float]]
_WHERE: Final = "base_shares"
_KEYS: Final = ", ".join((*units.PURPOSES, ALL_RESIDENTS))


@dataclass(frozen=True, kw_only=True)
class WhatIfRequest(Scenario):
    """A scenario, and on request shares that were counted, which are then changed as the model changes."""

    base_shares: Annotated[
        dict[str, dict[str, Annotated[float, Field(ge=0, le=1)]]] | None,
        Field(description=f"by purpose (or {ALL_RESIDENTS} for all together) and mode; each purpose's sum to 1"),
    ] = field(default=None)


class WhatIfQuery(BaseModel):
    """What a what-if is asked for besides."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    replaced: bool = Field(
        default=False,
        description="tell also which trips replaced which, and what CO2 that saves; takes two more passes",
    )
    congestion: bool = Field(
        default=False,
        description="both days at the times their own traffic causes; takes seconds rather than a fraction",
    )


class PivotedShare(Answer):
    """Share of a mode in the trips of a segment."""

    segment: str = Field(description=f"one of {_KEYS}")
    mode: str
    counted: float
    model_base: float
    model_changed: float
    counted_changed: float = Field(description="counted x model_changed / model_base, scaled to a sum of 1")


class Pivoted(Answer):
    """Counted shares after a change, by the incremental logit of the model's change in log-odds."""

    shares: list[PivotedShare]
    green_base: float | None = Field(description="green share of residents as counted; null where purposes are missing")
    green_changed: float | None
    green_without_ebike_base: float | None
    green_without_ebike_changed: float | None


def pivot_answer(given: BaseShares, before: Outcome, after: Outcome) -> Pivoted:
    """Raises InputError naming what does not fit of the shares."""
    found = pivot(given, before, after, _WHERE)
    names = "segment", "mode", "counted", "model_base", "model_changed", "counted_changed"
    green, bare = found.green or (None, None), found.green_without_ebike or (None, None)
    return Pivoted(
        shares=[PivotedShare(**dict(zip(names, row, strict=True))) for row in found.rows],
        green_base=green[0],
        green_changed=green[1],
        green_without_ebike_base=bare[0],
        green_without_ebike_changed=bare[1],
    )
