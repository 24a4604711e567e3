"""The city as it is, and how its people travel. This is the only door for `optimise` and `service`."""

from network import units
from network.behaviour import Behaviour
from network.bus_fleet import BusFleet
from network.carbon_rules import CarbonRules
from network.charging_rules import ChargingRules
from network.checks import check
from network.city import City, Places, Provenance, Roads, Supply, Zones
from network.compiling import while_compiling
from network.congestion_rules import CongestionRules
from network.demand.charging import capacity_tenths, charging_pairs, drawn_kva, most_served
from network.demand.city_fit import CityFit, Observed, fit_city
from network.demand.diversion import CityDay, Diversion, diversion
from network.demand.elasticities import QUANTITIES, Elasticities, elasticities
from network.demand.estimation import Estimate
from network.demand.fleet import FleetDay, fleet_day, vehicle_kwh
from network.demand.fleet import growth as fleet_growth
from network.demand.flows import Flows, between_zones
from network.demand.pivot import Pivot, pivot
from network.demand.records import TripRecords
from network.demand.segments import ALL_RESIDENTS
from network.demand.sessions import (
    ClassFit,
    SessionCheck,
    Sessions,
    check_sessions,
    energy_hours,
    fit_sessions,
    weeks_of,
)
from network.demand.survey_model import HeldOut, SurveyModel, behaviour_from, held_out
from network.demand.swapping import StationNeeds, station_needs
from network.edits import (
    EDITS,
    AddChargers,
    AddLine,
    AddLot,
    AddLotSpaces,
    AddPlace,
    AddStationParking,
    AddStop,
    AddStreet,
    CloseStreet,
    DevelopNearStations,
    Edit,
    MoveStop,
    OpenStreet,
    ReinforceFeeder,
    RemoveLine,
    RemoveLotSpaces,
    RemoveStop,
    SetBundle,
    SetBusPriority,
    SetCarbonPoints,
    SetCongestionCharge,
    SetDemand,
    SetElectricShare,
    SetFare,
    SetHeadway,
    SetLinePath,
    SetLotHours,
    SetOneWay,
    SetParkingSupply,
    SetPeakSpreading,
    SetPrice,
    SetRemoteWork,
    SetStreetSpeed,
    SetTemperature,
    SetTicketDiscount,
    SetVehicles,
    SetYear,
    ShareLot,
)
from network.edits.base import did_you_mean, outside
from network.equilibrium import Settled, load_of, settled
from network.errors import CityError, InputError, Problem, ScenarioError, UnknownId
from network.explain import Contributions, Effects, contributions, share_of
from network.feeders import Feeders, no_feeders
from network.fleet import Fleet
from network.green import LEAST_M, GreenDefinition, green_share
from network.kernels.queueing import fewest_servers as fewest_plugs
from network.levers import Levers, no_levers
from network.loop_rules import LoopRules
from network.lots import Lots, no_lots
from network.metrics import METRICS, Metric
from network.outcome import Outcome
from network.parking_rules import ParkingRules
from network.part import Part, Snap, digest_of
from network.prospects import StationProspects, station_prospects
from network.replay.charging import ChargingReplay, replay_charging
from network.replay.charging import sessions as charging_sessions
from network.replay.queues import TOLERANCE as REPLAY_TOLERANCE
from network.scenario import Scenario
from network.simulate import simulate
from network.snap import crossed, local_metres, on_street, snap
from network.stop_rules import StopRules
from network.swap_rules import SwapRules
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
    "ALL_RESIDENTS",
    "EDITS",
    "LEAST_M",
    "METRICS",
    "QUANTITIES",
    "REPLAY_TOLERANCE",
    "AddChargers",
    "AddLine",
    "AddLot",
    "AddLotSpaces",
    "AddPlace",
    "AddStationParking",
    "AddStop",
    "AddStreet",
    "Behaviour",
    "BusFleet",
    "CarbonRules",
    "ChargingReplay",
    "ChargingRules",
    "City",
    "CityDay",
    "CityError",
    "CityFit",
    "ClassFit",
    "CloseStreet",
    "CongestionRules",
    "Contributions",
    "Coverage",
    "DevelopNearStations",
    "Diversion",
    "Edit",
    "Effects",
    "Elasticities",
    "Estimate",
    "Feeders",
    "Fleet",
    "FleetDay",
    "Flows",
    "GreenDefinition",
    "HeldOut",
    "InputError",
    "Isochrone",
    "Journey",
    "Leg",
    "Levers",
    "LoopRules",
    "Lots",
    "Metric",
    "MoveStop",
    "Observed",
    "OnFoot",
    "OpenStreet",
    "Outcome",
    "ParkingRules",
    "Part",
    "Path",
    "Pivot",
    "Places",
    "Problem",
    "Provenance",
    "Reach",
    "ReinforceFeeder",
    "RemoveLine",
    "RemoveLotSpaces",
    "RemoveStop",
    "Ride",
    "Roads",
    "Scenario",
    "ScenarioError",
    "SessionCheck",
    "Sessions",
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
    "SetParkingSupply",
    "SetPeakSpreading",
    "SetPrice",
    "SetRemoteWork",
    "SetStreetSpeed",
    "SetTemperature",
    "SetTicketDiscount",
    "SetVehicles",
    "SetYear",
    "Settled",
    "ShareLot",
    "Snap",
    "StationNeeds",
    "StationProspects",
    "Stations",
    "StopRules",
    "StreetMetric",
    "Supply",
    "SurveyModel",
    "SwapRules",
    "Tariffs",
    "Timetable",
    "Transit",
    "Travel",
    "TripRecords",
    "UnknownId",
    "Zones",
    "behaviour_from",
    "between_zones",
    "capacity_tenths",
    "charging_pairs",
    "charging_sessions",
    "check",
    "check_sessions",
    "contributions",
    "crossed",
    "departures_s",
    "did_you_mean",
    "digest_of",
    "diversion",
    "drawn_kva",
    "elasticities",
    "energy_hours",
    "fewest_plugs",
    "fit_city",
    "fit_sessions",
    "fleet_day",
    "fleet_growth",
    "green_share",
    "grid_city",
    "held_out",
    "isochrone",
    "journey",
    "journeys_between",
    "load_of",
    "local_metres",
    "metric_of",
    "most_served",
    "nearest",
    "no_feeders",
    "no_levers",
    "no_lots",
    "on_street",
    "outside",
    "paths",
    "pivot",
    "reach",
    "replay_charging",
    "settled",
    "share_of",
    "simulate",
    "skim",
    "snap",
    "spread",
    "station_needs",
    "station_prospects",
    "times_within",
    "transit_isochrone",
    "travel_times",
    "units",
    "vehicle_kwh",
    "walks_between",
    "weeks_of",
    "while_compiling",
    "within_reach",
]
