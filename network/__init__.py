"""The city as it is, and how its people travel. This is the only door for `optimise` and `service`."""

from network import units
from network.checks import check
from network.city import Behaviour, City, Fleet, Places, Provenance, Roads, Supply, Zones
from network.compiling import while_compiling
from network.edits import (
    EDITS,
    AddChargers,
    AddLine,
    AddPlace,
    AddStationParking,
    AddStop,
    AddStreet,
    CloseStreet,
    Edit,
    MoveStop,
    OpenStreet,
    RemoveLine,
    RemoveStop,
    SetDemand,
    SetFare,
    SetHeadway,
    SetLinePath,
    SetOneWay,
    SetPrice,
    SetStreetSpeed,
    SetYear,
)
from network.edits.base import did_you_mean, outside
from network.errors import CityError, InputError, Problem, ScenarioError, UnknownId
from network.loop_rules import LoopRules
from network.outcome import METRICS, Metric, Outcome
from network.part import Part, Snap, digest_of
from network.prospects import StationProspects, station_prospects
from network.scenario import Scenario
from network.simulate import simulate
from network.snap import crossed, local_metres, on_street, snap
from network.stop_rules import StopRules
from network.synthetic import grid_city
from network.tariffs import Tariffs
from network.timetable import Timetable
from network.transit import Stations, Transit
from network.travel import Travel, travel_times
from network.travel.access import spread, within_reach
from network.travel.by_transit import journeys_between, times_within, transit_isochrone
from network.travel.coverage import Coverage, walks_between
from network.travel.legs import Journey, OnFoot, Ride, journey
from network.travel.reach import Reach, nearest, reach
from network.travel.roads import StreetMetric, metric_of, skim
from network.travel.routes import Isochrone, Leg, Path, isochrone, paths
from network.travel.skims import departures_s

__all__ = [
    "EDITS",
    "METRICS",
    "AddChargers",
    "AddLine",
    "AddPlace",
    "AddStationParking",
    "AddStop",
    "AddStreet",
    "Behaviour",
    "City",
    "CityError",
    "CloseStreet",
    "Coverage",
    "Edit",
    "Fleet",
    "InputError",
    "Isochrone",
    "Journey",
    "Leg",
    "LoopRules",
    "Metric",
    "MoveStop",
    "OnFoot",
    "OpenStreet",
    "Outcome",
    "Part",
    "Path",
    "Places",
    "Problem",
    "Provenance",
    "Reach",
    "RemoveLine",
    "RemoveStop",
    "Ride",
    "Roads",
    "Scenario",
    "ScenarioError",
    "SetDemand",
    "SetFare",
    "SetHeadway",
    "SetLinePath",
    "SetOneWay",
    "SetPrice",
    "SetStreetSpeed",
    "SetYear",
    "Snap",
    "StationProspects",
    "Stations",
    "StopRules",
    "StreetMetric",
    "Supply",
    "Tariffs",
    "Timetable",
    "Transit",
    "Travel",
    "UnknownId",
    "Zones",
    "check",
    "crossed",
    "departures_s",
    "did_you_mean",
    "digest_of",
    "grid_city",
    "isochrone",
    "journey",
    "journeys_between",
    "local_metres",
    "metric_of",
    "nearest",
    "on_street",
    "outside",
    "paths",
    "reach",
    "simulate",
    "skim",
    "snap",
    "spread",
    "station_prospects",
    "times_within",
    "transit_isochrone",
    "travel_times",
    "units",
    "walks_between",
    "while_compiling",
    "within_reach",
]
