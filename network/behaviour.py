"""How people choose: rates, gravity and logit parameters by purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from network.part import F64, I32, Part, Spec
from network.units import BANDS, NESTS, PERIODS


@dataclass(frozen=True, eq=False, kw_only=True)
class Behaviour(Part):
    """How people choose: rates, gravity and logit parameters by purpose."""

    trip_rates: Annotated[F64, Spec("f8", ("U", 4), 0)]
    """Trips a day of one resident, job, school place and visitor, at the home end where there is one."""
    attraction: Annotated[F64, Spec("f8", ("U", 4), 0)]
    """Pull of one resident, job, school place and visitor."""
    gravity_alpha: Annotated[F64, Spec("f8", ("U",))]
    gravity_beta_per_min: Annotated[F64, Spec("f8", ("U",), 0)]
    purpose_period: Annotated[I32, Spec("i4", ("U",), 0, len(PERIODS) - 1)]
    """Period whose times a purpose's trips are made by."""
    car_at_hand: Annotated[F64, Spec("f8", ("U",), 0)]
    """Cars at hand for a trip of the purpose, per car of a resident of the zone it starts from."""
    nest_scale: Annotated[F64, Spec("f8", ("U", len(NESTS)), 0.01, 1)]
    """mu of each nest, which divides the utilities in it: 1 where its modes are no more alike than others."""
    constant: Annotated[F64, Spec("f8", ("U", "K"))]
    """Alternative-specific constant; car is measured against the others at 0 where it is the reference."""
    band_constant: Annotated[F64, Spec("f8", ("K", BANDS))]
    """What is added by band of the way on foot, for direct modes."""
    time_per_min: Annotated[F64, Spec("f8", ("U", "K"), None, 0)]
    """Utility of a minute under way by mode (for the modes by line and the station modes: in the vehicle)."""
    wait_per_min: Annotated[F64, Spec("f8", ("U",), None, 0)]
    walk_per_min: Annotated[F64, Spec("f8", ("U",), None, 0)]
    """Utility of a minute waiting for, and walking to, transit."""
    transfer: Annotated[F64, Spec("f8", ("U",), None, 0)]
    cost_per_cny: Annotated[F64, Spec("f8", ("U",), None, 0)]
    terminal_min: Annotated[F64, Spec("f8", ("K",), 0)]
    """Minutes at the ends of a trip, or of the way to a station: parking, unlocking, waiting for a taxi."""
    longest_m: Annotated[F64, Spec("f8", ("K",), 0)]
    """Way beyond which a direct mode is not taken."""
    car_persons: Annotated[F64, Spec("f8", (), 1)]
    """Persons in a car; they share its costs."""
    taxi_persons: Annotated[F64, Spec("f8", (), 1)]
    points_felt: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share of the worth of carbon points that is felt as money."""
    hours: Annotated[F64, Spec("f8", ("U", "H"), 0, 1)]
    """Share of a purpose's trips that start in each hour."""
