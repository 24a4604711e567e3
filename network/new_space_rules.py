"""How parking spaces can be added, what they cost, and what counts against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from network.part import F64, Part, Spec, Text
from network.units import SUPPLY_CLASSES

WAYS: Final = ("marking", "stacking", "viaduct", "estate", "garage")
"""Lines at the kerb, lifts or decks on a lot, under a viaduct, within an estate, and a new building."""
CLASS_OF_WAY: Final = tuple(
    SUPPLY_CLASSES.index(name) for name in ("on_street", "off_street", "off_street", "building", "off_street")
)
_W: Final = len(WAYS)


@dataclass(frozen=True, eq=False, kw_only=True)
class NewSpaceRules(Part):
    """Fields are those of data/parameters/new_spaces.toml; the axis of five is WAYS."""

    space_cny: Annotated[F64, Spec("f8", (_W,), 0)]
    """What each space costs, once."""
    open_cny: Annotated[F64, Spec("f8", (_W,), 0)]
    """What a place costs besides, once."""
    more_share: Annotated[F64, Spec("f8", (_W,), 0, 10)]
    """Most spaces that are added over those a lot has, where no table tells."""
    least_spaces: Annotated[F64, Spec("f8", (), 1)]
    """Places for fewer new spaces than this are left out, where no table tells."""
    kerb_classes: Annotated[Text, Spec("U", ("C",))]
    """Highway classes with a kerb to mark, where no table tells."""
    kerb_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Part of the length of these streets that can be marked."""
    kerb_space_m: Annotated[F64, Spec("f8", (), 3)]
    """Length of a space along the kerb."""
    conflict_weight: Annotated[F64, Spec("f8", (), 0, 1000)]
    """Cars with a space that one on land others want must be worth more than."""
    car_trip_weight: Annotated[F64, Spec("f8", (), 0, 1000)]
    """Cars with a space that a car trip a day drawn by it counts against."""
