"""Measures that work on prices and habits, as far as they are in force: all zero where none is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.part import F64, Part, Spec
from network.units import HOURS, PURPOSES


@dataclass(frozen=True, eq=False, kw_only=True)
class Levers(Part):
    """What scenarios set; a city that is built has none of them."""

    charge_cny: Annotated[F64, Spec("f8", ("Z",), 0)]
    """What a car pays that enters a zone of the charged area from outside it; 0 outside it."""
    ticket_off_cny: Annotated[F64, Spec("f8", ("Z",), 0)]
    """Money off the ticket of visitors who come to the zone by a green mode, per trip."""
    points_cny_per_kg: Annotated[F64, Spec("f8", (), 0)]
    """Carbon points for a green trip, per kg of CO2 that a car would have set free on the way."""
    fare_off_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share of fares that a bundle of all modes takes off."""
    transfer_off_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share of the burden of a change that one ticket and timed connections take off."""
    stay_home_share: Annotated[F64, Spec("f8", ("U",), 0, 1)]
    """Share of a purpose's trips that are not made, by work or learning at home."""
    shifted_share: Annotated[F64, Spec("f8", ("U", HOURS), 0, 1)]
    """Share of a purpose's trips of an hour that start in the hours beside it instead, half before and half after."""


def no_levers(zones: int) -> Levers:
    """Nothing in force."""
    none = np.zeros(())
    return Levers(
        charge_cny=np.zeros(zones),
        ticket_off_cny=np.zeros(zones),
        points_cny_per_kg=none,
        fare_off_share=none,
        transfer_off_share=none,
        stay_home_share=np.zeros(len(PURPOSES)),
        shifted_share=np.zeros((len(PURPOSES), HOURS)),
    )
