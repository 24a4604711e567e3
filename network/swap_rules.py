"""Stations where vehicles do not wait for a charge: swapped batteries, and hydrogen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from network.part import F64, Part, Spec, Text


@dataclass(frozen=True, eq=False, kw_only=True)
class SwapRules(Part):
    """Classes of swap stations (W) and of hydrogen stations (G). Fields are those of data/parameters/swapping.toml."""

    swap_class: Annotated[Text, Spec("U", ("W",))]
    batteries: Annotated[F64, Spec("f8", ("W",), 1)]
    recharge_h: Annotated[F64, Spec("f8", ("W",), 0.01)]
    bays: Annotated[F64, Spec("f8", ("W",), 1)]
    exchanges_per_h: Annotated[F64, Spec("f8", ("W",), 0.1)]
    """Of one bay."""
    swap_kwh: Annotated[F64, Spec("f8", ("F",), 1)]
    """Energy a swap brings to a vehicle of each segment."""
    hydrogen_vehicles: Annotated[F64, Spec("f8", ("F",), 0)]
    hydrogen_kg_per_100km: Annotated[F64, Spec("f8", ("F",), 0)]
    hydrogen_class_kg: Annotated[F64, Spec("f8", ("G",), 1)]
    """Hydrogen a station of each class gives in a day."""
