"""The edits a scenario may hold; each is told from the others by its `type`."""

from __future__ import annotations

from typing import Final, TypeAlias

from network.edits.lines import AddLine, RemoveLine, SetFare, SetHeadway, SetLinePath, SetYear
from network.edits.people import SetDemand, SetPrice
from network.edits.places import AddChargers, AddPlace
from network.edits.stations import AddStationParking
from network.edits.stops import AddStop, MoveStop, RemoveStop
from network.edits.streets import AddStreet, CloseStreet, OpenStreet, SetOneWay, SetStreetSpeed

Edit: TypeAlias = (
    AddChargers
    | CloseStreet
    | OpenStreet
    | SetOneWay
    | SetStreetSpeed
    | AddStreet
    | SetPrice
    | SetDemand
    | AddPlace
    | AddStationParking
    | AddStop
    | RemoveStop
    | MoveStop
    | SetHeadway
    | SetLinePath
    | AddLine
    | RemoveLine
    | SetFare
    | SetYear
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
    AddStationParking,
    AddStop,
    RemoveStop,
    MoveStop,
    SetHeadway,
    SetLinePath,
    AddLine,
    RemoveLine,
    SetFare,
    SetYear,
)

__all__ = [
    "EDITS",
    "AddChargers",
    "AddLine",
    "AddPlace",
    "AddStationParking",
    "AddStop",
    "AddStreet",
    "CloseStreet",
    "Edit",
    "MoveStop",
    "OpenStreet",
    "RemoveLine",
    "RemoveStop",
    "SetDemand",
    "SetFare",
    "SetHeadway",
    "SetLinePath",
    "SetOneWay",
    "SetPrice",
    "SetStreetSpeed",
    "SetYear",
]
