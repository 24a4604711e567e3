"""The edits a scenario may hold; each is told from the others by its `type`."""

from __future__ import annotations

from typing import Final, TypeAlias

from network.edits.people import SetDemand, SetPrice
from network.edits.places import AddChargers, AddPlace
from network.edits.streets import AddStreet, CloseStreet, OpenStreet, SetOneWay, SetStreetSpeed

Edit: TypeAlias = (
    AddChargers | CloseStreet | OpenStreet | SetOneWay | SetStreetSpeed | AddStreet | SetPrice | SetDemand | AddPlace
)
EDITS: Final[tuple[type[Edit], ...]] = (
    AddChargers,
    CloseStreet,
    OpenStreet,
    SetOneWay,
    SetStreetSpeed,
    AddStreet,
    SetPrice,
    SetDemand,
    AddPlace,
)

__all__ = [
    "EDITS",
    "AddChargers",
    "AddPlace",
    "AddStreet",
    "CloseStreet",
    "Edit",
    "OpenStreet",
    "SetDemand",
    "SetOneWay",
    "SetPrice",
    "SetStreetSpeed",
]
