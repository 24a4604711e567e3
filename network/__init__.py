"""The city as it is, and how its people travel. This is the only door for `optimise` and `service`."""

from network import units
from network.behaviour import Behaviour
from network.bike_points import BikePoints, no_bike_points
from network.bike_sharing_rules import BikeSharingRules
from network.bike_sites import BikeSite, bike_room, bikes_refused
from network.bus_fleet import BusFleet
from network.carbon_rules import CarbonRules
from network.charging_rules import ChargingRules
from network.checks import check
from network.city import City, Places, Provenance, Roads, Supply, Zones
from network.compiling import while_compiling
from network.congestion_rules import CongestionRules
from network.demand.bike_days import BikeCheck, best_start, check_bikes, day_costs, days_held, margin_of
from network.demand.bike_fleet import BINDINGS, FleetCap, fleet_cap
from network.demand.bike_flows import BikeFlows, FlowRows, bike_walks, flows_at, model_flows
from network.demand.bike_racks import RackNeeds, racks_needed
from network.demand.bikes import BIKE_DAYS, BikeRates, BikeRules, Censoring, bike_rates, spans_of
from network.demand.charging import capacity_tenths, charging_pairs, drawn_kva, most_served, place_open
from network.demand.city_fit import CityFit, Observed, fit_city
from network.demand.diversion import CityDay, Diversion, diversion
from network.demand.elasticities import QUANTITIES, Elasticities, elasticities
from network.demand.estimation import Estimate
from network.demand.fleet import FleetDay, fleet_day, vehicle_kwh
from network.demand.fleet import growth as fleet_growth
from network.demand.flows import Flows, between_zones
from network.demand.lot_windows import LotWindow, group_windows, slots_of
from network.demand.occupancy import day_types
from network.demand.occupancy_check import OccupancyCheck, check_occupancy
from network.demand.overflow import SharingRows, overflow, room, rows_of, worst_after, worst_inside
from network.demand.pivot import Pivot, pivot
from network.demand.records import TripRecords
from network.demand.schedules import MONTHS, Schedule, SharedNeed, profile_schedule, shared_need
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
from network.demand.sharing import lot_walks, parking_wanted
from network.demand.survey_model import HeldOut, SurveyModel, behaviour_from, held_out
from network.demand.swapping import StationNeeds, station_needs
from network.demand.use_profile import UseProfile, use_profile
from network.edits import (
    EDITS,
    AddBikePoint,
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
    RemoveBikePoint,
    RemoveLine,
    RemoveLotSpaces,
    RemoveStop,
    SetBikePoint,
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
    SetParkingMonth,
    SetParkingSupply,
    SetParkingTurnover,
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
from network.edits.parking import window_of
from network.equilibrium import Settled, load_of, settled
from network.errors import CityError, InputError, Problem, ScenarioError, UnknownId
from network.explain import Contributions, Effects, contributions, share_of
from network.feeders import Feeders, no_feeders
from network.fleet import Fleet
from network.green import LEAST_M, GreenDefinition, green_share
from network.kernels.parts import PartCompiler
from network.kernels.queueing import fewest_servers as fewest_plugs
from network.kernels.queueing import waiting_rates
from network.levers import Levers, no_levers
from network.loop_rules import LoopRules
from network.lots import Lots, no_lots
from network.metric import Metric
from network.metrics import METRICS
from network.new_space_rules import CLASS_OF_WAY, NewSpaceRules
from network.new_space_rules import WAYS as NEW_SPACE_WAYS
from network.outcome import Outcome
from network.parking_rules import ParkingRules
from network.part import Part, Snap, digest_of
from network.prospects import StationProspects, station_prospects
from network.replay.bikes import (
    NO_VANS,
    SATURATION_RUNS,
    BikeVans,
    Saturation,
    replay_bikes,
    saturation,
    van_leg_s,
)
from network.replay.charging import ChargingReplay, replay_charging
from network.replay.charging import sessions as charging_sessions
from network.replay.parking import SURE as REPLAY_SURE
from network.replay.parking import ParkingReplay, parked_cars, replay_parking
from network.replay.queues import TOLERANCE as REPLAY_TOLERANCE
from network.replay.riders import POINT_COUNTS, RIDE_COUNTS, BikeReplay
from network.scenario import Scenario
from network.simulate import simulate
from network.snap import crossed, local_metres, nearest_of, on_street, snap
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
    "BIKE_DAYS",
    "BINDINGS",
    "CLASS_OF_WAY",
    "EDITS",
    "LEAST_M",
    "METRICS",
    "MONTHS",
    "NEW_SPACE_WAYS",
    "NO_VANS",
    "POINT_COUNTS",
    "QUANTITIES",
    "REPLAY_SURE",
    "REPLAY_TOLERANCE",
    "RIDE_COUNTS",
    "SATURATION_RUNS",
    "AddBikePoint",
    "AddChargers",
    "AddLine",
    "AddLot",
    "AddLotSpaces",
    "AddPlace",
    "AddStationParking",
    "AddStop",
    "AddStreet",
    "Behaviour",
    "BikeCheck",
    "BikeFlows",
    "BikePoints",
    "BikeRates",
    "BikeReplay",
    "BikeRules",
    "BikeSharingRules",
    "BikeSite",
    "BikeVans",
    "BusFleet",
    "CarbonRules",
    "Censoring",
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
    "FleetCap",
    "FleetDay",
    "FlowRows",
    "Flows",
    "GreenDefinition",
    "HeldOut",
    "InputError",
    "Isochrone",
    "Journey",
    "Leg",
    "Levers",
    "LoopRules",
    "LotWindow",
    "Lots",
    "Metric",
    "MoveStop",
    "NewSpaceRules",
    "Observed",
    "OccupancyCheck",
    "OnFoot",
    "OpenStreet",
    "Outcome",
    "ParkingReplay",
    "ParkingRules",
    "Part",
    "PartCompiler",
    "Path",
    "Pivot",
    "Places",
    "Problem",
    "Provenance",
    "RackNeeds",
    "Reach",
    "ReinforceFeeder",
    "RemoveBikePoint",
    "RemoveLine",
    "RemoveLotSpaces",
    "RemoveStop",
    "Ride",
    "Roads",
    "Saturation",
    "Scenario",
    "ScenarioError",
    "Schedule",
    "SessionCheck",
    "Sessions",
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
    "Settled",
    "ShareLot",
    "SharedNeed",
    "SharingRows",
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
    "UseProfile",
    "Zones",
    "behaviour_from",
    "best_start",
    "between_zones",
    "bike_rates",
    "bike_room",
    "bike_walks",
    "bikes_refused",
    "capacity_tenths",
    "charging_pairs",
    "charging_sessions",
    "check",
    "check_bikes",
    "check_occupancy",
    "check_sessions",
    "contributions",
    "crossed",
    "day_costs",
    "day_types",
    "days_held",
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
    "fleet_cap",
    "fleet_day",
    "fleet_growth",
    "flows_at",
    "green_share",
    "grid_city",
    "group_windows",
    "held_out",
    "isochrone",
    "journey",
    "journeys_between",
    "load_of",
    "local_metres",
    "lot_walks",
    "margin_of",
    "metric_of",
    "model_flows",
    "most_served",
    "nearest",
    "nearest_of",
    "no_bike_points",
    "no_feeders",
    "no_levers",
    "no_lots",
    "on_street",
    "outside",
    "overflow",
    "parked_cars",
    "parking_wanted",
    "paths",
    "pivot",
    "place_open",
    "profile_schedule",
    "racks_needed",
    "reach",
    "replay_bikes",
    "replay_charging",
    "replay_parking",
    "room",
    "rows_of",
    "saturation",
    "settled",
    "share_of",
    "shared_need",
    "simulate",
    "skim",
    "slots_of",
    "snap",
    "spans_of",
    "spread",
    "station_needs",
    "station_prospects",
    "times_within",
    "transit_isochrone",
    "travel_times",
    "units",
    "use_profile",
    "van_leg_s",
    "vehicle_kwh",
    "waiting_rates",
    "walks_between",
    "weeks_of",
    "while_compiling",
    "window_of",
    "within_reach",
    "worst_after",
    "worst_inside",
]
