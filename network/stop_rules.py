"""How far a stop may be, where one may stand, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from network.errors import InputError, Problem
from network.part import F64, Part, Spec, Text
from network.units import COVER_M


@dataclass(frozen=True, eq=False, kw_only=True)
class StopRules(Part):
    """Radii, and the rules for places at the kerb. Fields are those of data/parameters/stops.toml."""

    station_m: Annotated[F64, Spec("f8", (), 0)]
    """A rail station has a bus stop where one of its entrances has one within so long a walk."""
    entrance_m: Annotated[F64, Spec("f8", (), 0)]
    """An entrance has a bus stop where one is within so long a walk."""
    search_m: Annotated[F64, Spec("f8", (), 0)]
    """Walks to stops are measured up to here."""
    kerb_spacing_m: Annotated[F64, Spec("f8", (), 1)]
    """Between places that are looked at for a stop."""
    junction_m: Annotated[F64, Spec("f8", (), 0)]
    junction_share: Annotated[F64, Spec("f8", (), 0, 0.5)]
    """A stop keeps junction_m clear of a junction, or, between near ones, this share of the way between them."""
    detour_m: Annotated[F64, Spec("f8", (), 0)]
    """How much longer the way of a bus from stop to stop may become for a new stop."""
    move_m: Annotated[F64, Spec("f8", (), 0)]
    """How far a stop may be moved, in a straight line."""
    new_cny: Annotated[F64, Spec("f8", (), 0)]
    move_cny: Annotated[F64, Spec("f8", (), 0)]
    no_stop_classes: Annotated[Text, Spec("U", ("C",))]
    """Highway classes on which no bus stops."""

    def __post_init__(self) -> None:
        super().__post_init__()
        most = max(float(self.station_m), float(self.entrance_m), *COVER_M)
        if self.search_m < most:
            hint = "else what is within a radius would count as out of it"
            raise InputError(Problem("StopRules.search_m", f"is {self.search_m:g}, below {most:g}", hint))
