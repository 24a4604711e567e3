"""Who rides shared bikes, and how dispatch points are laid out, sized and served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I32, Part, Spec, Text
from network.units import HOURS

_KINDS = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeSharingRules(Part):
    """Fields are those of data/parameters/bike_sharing.toml; the axis of two is weekday and weekend."""

    shared_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Of the trips by cycle, those on shared bikes."""
    ride_shared_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Of the ways by bike to and from rail stations."""
    day_factor: Annotated[F64, Spec("f8", (_KINDS,), 0, 10)]
    """Rides on a day of each type over the day of the demand model."""
    out_share: Annotated[F64, Spec("f8", ("U", "H"), 0, 1)]
    """Of the trips that start in an hour, those that lead away from where they are produced, by purpose."""
    ride_min: Annotated[F64, Spec("f8", (), 0)]
    """How long a ride takes, on the mean."""
    walk_m: Annotated[F64, Spec("f8", (), 1)]
    """How far people walk to a point, and from a station's entrance where there is one so near."""
    station_walk_m: Annotated[F64, Spec("f8", (), 1)]
    spacing_m: Annotated[F64, Spec("f8", (), 0)]
    """Least distance between two points, straight."""
    bike_m2: Annotated[F64, Spec("f8", (), 0.1)]
    """Ground that a bike takes up, with its part of the aisle."""
    bike_length_m: Annotated[F64, Spec("f8", (), 0.1)]
    clear_width_m: Annotated[F64, Spec("f8", (), 0)]
    """Width of the footway that bikes leave free."""
    own_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Of the ground where bikes may stand, what people's own bikes take up."""
    days_covered: Annotated[F64, Spec("f8", (), 0.5, 0.9999)]
    """Share of days on which a point neither runs empty nor full."""
    balance_h: Annotated[I32, Spec("i4", ("V",), 0, HOURS - 1)]
    """Hours by which vans have put back what each point begins with."""
    turnover: Annotated[F64, Spec("f8", (), 0.1)]
    """Rides that a bike makes in a day."""
    point_trips: Annotated[F64, Spec("f8", (), 1)]
    """Most pickups and returns a day that are taken for one source; what has more is split."""
    point_cny: Annotated[F64, Spec("f8", (_KINDS,), 0)]
    """What a point costs, once: marked on the ground, with docks."""
    space_cny: Annotated[F64, Spec("f8", (_KINDS,), 0)]
    """What each place costs besides."""
    least_spaces: Annotated[F64, Spec("f8", (), 1)]
    most_spaces: Annotated[F64, Spec("f8", (), 1)]
    """Fewest that a point is laid out for, and most where its ground is not known."""
    kerb_classes: Annotated[Text, Spec("U", ("C",))]
    """Highway classes with a kerb for bikes, where no table tells."""
    kerb_length_m: Annotated[F64, Spec("f8", (), 1)]
    """Length of such a point along the kerb."""
    kerb_gap_m: Annotated[F64, Spec("f8", (), 1)]
    """Distance between two of them that are looked at."""
    kerb_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Part of the length of these streets where bikes can stand."""
    helps_per_bike: Annotated[F64, Spec("f8", (), 0)]
    """Lost rides a day that one more bike saves at least; from where it saves fewer, more bikes stop helping."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not len(self.balance_h) or (np.diff(self.balance_h) <= 0).any():
            raise InputError(Problem("bike_sharing.balance_h", "is empty or does not rise", "such as [4] or [4, 14]"))
