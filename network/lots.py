"""Car parks and the kerb: who owns them, when they are open, how full their owners keep them, what is shared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I32, Bools, Part, Snap, Spec, Text
from network.units import DAY_TYPES, LAND_USES, NETWORK_MODES, OWNER_TIER, OWNERS, SLOTS, SUPPLY_CLASSES

_D = len(DAY_TYPES)


@dataclass(frozen=True, eq=False, kw_only=True)
class Lots(Part):
    """Lots (L) and their entrances (X); axes of three and 48 are units.DAY_TYPES and half-hours."""

    id: Annotated[Text, Spec("U", ("L",))]
    name: Annotated[Text, Spec("U", ("L",))]
    owner_name: Annotated[Text, Spec("U", ("L",))]
    department: Annotated[Text, Spec("U", ("L",))]
    """Who answers for the lot in the administration."""
    owner: Annotated[I32, Spec("i4", ("L",), 0, len(OWNERS) - 1)]
    use: Annotated[I32, Spec("i4", ("L",), 0, len(LAND_USES) - 1)]
    supply_class: Annotated[I32, Spec("i4", ("L",), 0, len(SUPPLY_CLASSES) - 1)]
    lonlat: Annotated[F64, Spec("f8", ("L", 2), -180, 180)]
    zone: Annotated[I32, Spec("i4", ("L",), 0)]
    """Zone the lot lies in, or else the nearest."""
    place: Annotated[I32, Spec("i4", ("L",), -1)]
    """Place where its plugs stand or could stand, -1 for none."""
    station: Annotated[I32, Spec("i4", ("L",), -1)]
    """Rail station whose park-and-ride it is, -1 for none."""
    entrance_first: Annotated[I32, Spec("i4", ("L+1",), 0)]
    entrance_lonlat: Annotated[F64, Spec("f8", ("X", 2), -180, 180)]
    """Entrances of lot l are entrance_first[l]:entrance_first[l+1]."""
    snap: Snap
    spaces: Annotated[I32, Spec("i4", ("L",), 0)]
    reserve: Annotated[I32, Spec("i4", ("L",), 0)]
    """Spaces the owner keeps free whatever happens."""
    open: Annotated[Bools, Spec("b", ("L", _D, SLOTS))]
    """When anybody may stand there."""
    shared: Annotated[I32, Spec("i4", ("L", _D, SLOTS), 0)]
    """Spaces open to others than the owner's."""
    ended: Annotated[I32, Spec("i4", ("L", _D, SLOTS), 0)]
    """Spaces whose window ends as the half-hour begins: their cars may be late."""
    spaces_added: Annotated[I32, Spec("i4", ("L",), 0)]
    spaces_removed: Annotated[I32, Spec("i4", ("L",), 0)]
    """Spaces that came and went since the count of the city's year; `spaces` has them in and out."""
    tariff_cny_per_h: Annotated[F64, Spec("f8", ("L",), 0)]
    retrofit_cny: Annotated[F64, Spec("f8", ("L",), 0)]
    """What gates and signs for sharing cost, once."""
    own_mean: Annotated[F64, Spec("f8", ("L", _D, SLOTS), 0)]
    own_sd: Annotated[F64, Spec("f8", ("L", _D, SLOTS), 0)]
    """Cars of the owner's that stand there: mean and standard deviation over the days of a type."""
    own_high: Annotated[F64, Spec("f8", ("L", _D, SLOTS), 0)]
    """Their parking.quantile."""
    own_arrivals: Annotated[F64, Spec("f8", ("L", _D, SLOTS), 0)]
    """Cars of the owner's that arrive in the half-hour, on the mean."""
    measured: Annotated[Bools, Spec("b", ("L",))]
    """Whether the four above were counted; else they follow from the land use."""

    def __post_init__(self) -> None:
        super().__post_init__()
        first, count = self.entrance_first, len(self.id)
        problems = []
        if first[0] != 0 or first[-1] != len(self.entrance_lonlat) or (np.diff(first) < 1).any():
            problems.append(Problem("Lots.entrance_first", "does not give every lot its entrances"))
        if self.snap.segment.shape != (len(NETWORK_MODES), len(self.entrance_lonlat)):
            problems.append(Problem("Lots.snap", "is not of the entrances"))
        limit = np.where(self.open, np.maximum(self.spaces - self.reserve, 0)[:, None, None], 0)
        wrong = np.flatnonzero((self.shared > limit).any(axis=(1, 2))) if count else ()
        problems += [
            Problem(
                f"lot {self.id[i]!r}",
                "shares more spaces than are open and not reserved",
                "share fewer, or reserve fewer",
            )
            for i in wrong
        ]
        if problems:
            raise InputError(problems)

    @cached_property
    def tier(self) -> I32:
        """(L) tier of the owner, by units.OWNER_TIER."""
        return np.array(OWNER_TIER, np.int32)[self.owner]

    def by_class(self, counts: I32) -> I32:
        """(3, L) counts of each lot (L) by supply class."""
        return np.where(np.arange(len(SUPPLY_CLASSES))[:, None] == self.supply_class, counts, 0).astype(np.int32)


def no_lots() -> Lots:
    """Where no lot is known."""
    none, texts, numbers = np.zeros(0, np.int32), np.zeros(0, "U1"), np.zeros(0)
    slots = np.zeros((0, _D, SLOTS))
    nowhere = np.zeros((len(NETWORK_MODES), 0))
    return Lots(
        id=texts, name=texts, owner_name=texts, department=texts, owner=none, use=none, supply_class=none,
        lonlat=np.zeros((0, 2)), zone=none, place=none, station=none, entrance_first=np.zeros(1, np.int32),
        entrance_lonlat=np.zeros((0, 2)), snap=Snap(segment=nowhere.astype(np.int32), along=nowhere, off_m=nowhere),
        spaces=none, reserve=none, open=slots.astype(np.bool_), shared=slots.astype(np.int32),
        ended=slots.astype(np.int32),
        spaces_added=none,
        spaces_removed=none, tariff_cny_per_h=numbers, retrofit_cny=numbers, own_mean=slots, own_sd=slots,
        own_high=slots, own_arrivals=slots, measured=none.astype(np.bool_),
    )  # fmt: skip
