"""The edits a scenario may hold; each is told from the others by its `type`."""

from __future__ import annotations

from typing import Final, TypeAlias

from network.edits.bikes import AddBikePoint, RemoveBikePoint, SetBikePoint
from network.edits.charging import AddChargers, ReinforceFeeder, SetElectricShare, SetTemperature, SetVehicles
from network.edits.lines import AddLine, RemoveLine, SetFare, SetHeadway, SetLinePath, SetYear
from network.edits.measures import (
    SetBundle,
    SetCarbonPoints,
    SetCongestionCharge,
    SetParkingSupply,
    SetParkingTurnover,
    SetPeakSpreading,
    SetRemoteWork,
    SetTicketDiscount,
)
from network.edits.parking import AddLot, AddLotSpaces, RemoveLotSpaces, SetLotHours, SetParkingMonth, ShareLot
from network.edits.people import SetDemand, SetPrice
from network.edits.places import AddPlace
from network.edits.priority import SetBusPriority
from network.edits.stations import AddStationParking, DevelopNearStations
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
    | SetCongestionCharge
    | SetTicketDiscount
    | SetCarbonPoints
    | SetBundle
    | SetRemoteWork
    | SetPeakSpreading
    | SetParkingSupply
    | SetParkingTurnover
    | SetBusPriority
    | DevelopNearStations
    | ReinforceFeeder
    | SetElectricShare
    | SetVehicles
    | SetTemperature
    | ShareLot
    | SetLotHours
    | AddLot
    | AddLotSpaces
    | RemoveLotSpaces
    | SetParkingMonth
    | AddBikePoint
    | RemoveBikePoint
    | SetBikePoint
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
    SetCongestionCharge,
    SetTicketDiscount,
    SetCarbonPoints,
    SetBundle,
    SetRemoteWork,
    SetPeakSpreading,
    SetParkingSupply,
    SetParkingTurnover,
    SetBusPriority,
    DevelopNearStations,
    ReinforceFeeder,
    SetElectricShare,
    SetVehicles,
    SetTemperature,
    ShareLot,
    SetLotHours,
    AddLot,
    AddLotSpaces,
    RemoveLotSpaces,
    SetParkingMonth,
    AddBikePoint,
    RemoveBikePoint,
    SetBikePoint,
)

__all__ = [
    "EDITS",
    "AddBikePoint",
    "AddChargers",
    "AddLine",
    "AddLot",
    "AddLotSpaces",
    "AddPlace",
    "AddStationParking",
    "AddStop",
    "AddStreet",
    "CloseStreet",
    "DevelopNearStations",
    "Edit",
    "MoveStop",
    "OpenStreet",
    "ReinforceFeeder",
    "RemoveBikePoint",
    "RemoveLine",
    "RemoveLotSpaces",
    "RemoveStop",
    "SetBikePoint",
    "SetBundle",
    "SetBusPriority",
    "SetCarbonPoints",
    "SetCongestionCharge",
    "SetDemand",
    "SetElectricShare",
    "SetFare",
    "SetHeadway",
    "SetLinePath",
    "SetLotHours",
    "SetOneWay",
    "SetParkingMonth",
    "SetParkingSupply",
    "SetParkingTurnover",
    "SetPeakSpreading",
    "SetPrice",
    "SetRemoteWork",
    "SetStreetSpeed",
    "SetTemperature",
    "SetTicketDiscount",
    "SetVehicles",
    "SetYear",
    "ShareLot",
]
