"""Where shared bikes stand: stations with docks, and dispatch points (疏导点) marked on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I32, Bools, Part, Snap, Spec, Text
from network.units import NETWORK_MODES


@dataclass(frozen=True, eq=False, kw_only=True)
class BikePoints(Part):
    """Points (Q) and their outlines."""

    id: Annotated[Text, Spec("U", ("Q",))]
    name: Annotated[Text, Spec("U", ("Q",))]
    lonlat: Annotated[F64, Spec("f8", ("Q", 2), -180, 180)]
    zone: Annotated[I32, Spec("i4", ("Q",), 0)]
    """Zone that is nearest."""
    docked: Annotated[Bools, Spec("b", ("Q",))]
    """Whether bikes are locked to docks; else they stand between lines on the ground."""
    spaces: Annotated[I32, Spec("i4", ("Q",), 0)]
    """Docks, or marked places."""
    bikes: Annotated[I32, Spec("i4", ("Q",), 0)]
    """That stand there as the day begins."""
    area_m2: Annotated[F64, Spec("f8", ("Q",), 0)]
    """Ground taken up, 0 where it is not known."""
    ring_first: Annotated[I32, Spec("i4", ("Q+1",), 0)]
    ring_lonlat: Annotated[F64, Spec("f8", ("R", 2), -180, 180)]
    """Outline of point q is ring_first[q]:ring_first[q+1]; empty where only its middle is known."""
    snap: Snap

    def __post_init__(self) -> None:
        super().__post_init__()
        first, problems = self.ring_first, []
        if first[0] != 0 or first[-1] != len(self.ring_lonlat) or (np.diff(first) < 0).any():
            problems.append(Problem("BikePoints.ring_first", "does not divide ring_lonlat into outlines"))
        if self.snap.segment.shape != (len(NETWORK_MODES), len(self.id)):
            problems.append(Problem("BikePoints.snap", "is not of the points"))
        more = np.flatnonzero(self.bikes > self.spaces)
        problems += [
            Problem(
                f"bike point {self.id[i]!r}",
                f"has {self.bikes[i]} bikes for {self.spaces[i]} places",
                "give it as many places as bikes, or more",
            )
            for i in more
        ]
        if problems:
            raise InputError(problems)


def no_bike_points() -> BikePoints:
    """Where no point is known."""
    none, texts = np.zeros(0, np.int32), np.zeros(0, "U1")
    nowhere = np.zeros((len(NETWORK_MODES), 0))
    return BikePoints(
        id=texts, name=texts, lonlat=np.zeros((0, 2)), zone=none, docked=none.astype(np.bool_), spaces=none,
        bikes=none, area_m2=np.zeros(0), ring_first=np.zeros(1, np.int32), ring_lonlat=np.zeros((0, 2)),
        snap=Snap(segment=nowhere.astype(np.int32), along=nowhere, off_m=nowhere),
    )  # fmt: skip
