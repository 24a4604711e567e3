"""Where a small bus may run a loop, how fast and how often it does, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from network.errors import InputError, Problem
from network.part import F64, Part, Spec, Text


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopRules(Part):
    """Rules for loops that feed a station. Fields are those of data/parameters/loops.toml."""

    kmh: Annotated[F64, Spec("f8", (), 1, 100)]
    """Speed of the bus around the loop; stops, signals and the rest at the station included."""
    longest_min: Annotated[F64, Spec("f8", (), 1)]
    """Longest time around a loop."""
    headway_min: Annotated[F64, Spec("f8", (), 1)]
    """Longest time between two buses."""
    first_h: Annotated[F64, Spec("f8", (), 0, 48)]
    """Hours of the service day at which the first and the last bus leave."""
    last_h: Annotated[F64, Spec("f8", (), 0, 48)]
    stop_spacing_m: Annotated[F64, Spec("f8", (), 1)]
    """Least way along the loop between two stops."""
    reuse_m: Annotated[F64, Spec("f8", (), 0)]
    """A stop that is there already is used where it is as near to the place as this, in a straight line."""
    job_weight: Annotated[F64, Spec("f8", (), 0)]
    """What a job counts beside a resident."""
    most_shared: Annotated[F64, Spec("f8", (), 0, 1)]
    """Two loops exclude each other where they share more of the shorter one, in the same direction."""
    vehicle_hour_cny: Annotated[F64, Spec("f8", (), 0)]
    street_classes: Annotated[Text, Spec("U", ("C",))]
    """Highway classes a small bus may use."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.first_h < self.last_h:
            what = f"is {self.first_h:g}, not before last_h = {self.last_h:g}"
            raise InputError(Problem("LoopRules.first_h", what, "the first bus leaves before the last"))
