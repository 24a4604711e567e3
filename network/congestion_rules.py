"""How many vehicles streets carry, and how traffic slows as they fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from network.part import F64, Part, Spec, Text


@dataclass(frozen=True, eq=False, kw_only=True)
class CongestionRules(Part):
    """Rules for streets by highway class. Fields are those of data/parameters/congestion.toml."""

    street_classes: Annotated[Text, Spec("U", ("C",))]
    """Highway classes whose capacity is known."""
    capacity: Annotated[F64, Spec("f8", ("C",), 1)]
    """Vehicles an hour that a street of the class carries in one direction."""
    other_capacity: Annotated[F64, Spec("f8", (), 1)]
    """The same for any other class that is open to cars."""
    alpha: Annotated[F64, Spec("f8", (), 0)]
    """Share by which the time at capacity exceeds the free-flow time."""
    beta: Annotated[F64, Spec("f8", (), 1)]
    """Power of flow over capacity with which it rises."""
    outbound_share: Annotated[F64, Spec("f8", ("T", "U"), 0, 1)]
    """Share of a purpose's trips, in the hour a period's window starts in, that lead away from the home end."""
    gap: Annotated[F64, Spec("f8", (), 1e-9, 0.1)]
    """Relative gap of the traffic in each round of demand and traffic."""
    settled_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Rounds end where the green-trip share changes by no more than this and the mean time of car trips by no more than
    the share `settled_time`, where the vehicles wanted are those assigned to within this share, or after `most_rounds`.
    """
    settled_time: Annotated[F64, Spec("f8", (), 0, 1)]
    most_rounds: Annotated[F64, Spec("f8", (), 1)]
