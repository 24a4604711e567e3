"""The city as it could be: targets, siting problems, solvers with their proof, and plans that replay as what-ifs."""

from optimise.bike_plan import BikePoint, BikesPlan, FleetHour, FleetRow, LeftOut, RackRow, Uncovered, YearRow
from optimise.bike_wishes import BikeWishes
from optimise.bikes import BIKES_UNTIL, BikesProposal, propose_bikes
from optimise.bus_days import GivenBlock
from optimise.bus_path import BusPath, BusYear, bus_path
from optimise.charger_sites import ChargerWishes
from optimise.chargers import CHARGERS_UNTIL, ChargerProposal, propose_chargers
from optimise.charging.answer import ChargerAnswer
from optimise.charging.problem import ChargerProblem
from optimise.corridor_network import (
    NODE_KINDS,
    Corridor,
    CorridorFlow,
    CorridorLink,
    CorridorNode,
    CorridorRules,
    CorridorVehicle,
    corridor_of,
)
from optimise.corridor_plan import CorridorCase, CorridorPlan, CorridorStation, CorridorTrip
from optimise.corridors import CORRIDORS_UNTIL, propose_corridor
from optimise.depot_plan import Depot, DepotPlan, FeederNeed, TopUpPlace
from optimise.depots import DEPOTS_UNTIL, DepotNight, DepotProposal, propose_depots
from optimise.kerbs import Exclusions
from optimise.location import SOLVERS
from optimise.loop_plan import LoopLine, LoopPlan, LoopStop, Stretch
from optimise.loops import LOOPS_UNTIL, LoopProposal, propose_loops
from optimise.new_spaces import SPACES_UNTIL, SpacesProposal, SpaceWishes, propose_spaces
from optimise.new_spaces_candidates import SpaceCandidate
from optimise.new_spaces_plan import MostSpaces, NeedRow, NewSpaces, SpacesPlan
from optimise.park_ride import PARK_RIDE_UNTIL, ParkRidePlan, ParkRideProposal, StationParking, propose_park_ride
from optimise.parking import SHARING_UNTIL, SharingProposal, propose_sharing
from optimise.pile_needs import PileNeeds, pile_needs, pile_totals, vehicles_by_residents
from optimise.piles import PILES, PILES_ZH, District, DistrictPiles, PileSplit, district_problems, split_piles
from optimise.plan import FeederStep, Plan, PlanYear, Proven, Site, SiteReason
from optimise.problem import SitingProblem
from optimise.propose import DEFAULT_STOP, UnverifiedError, solve
from optimise.rebalancing import BikeStock, RebalancingPlan, RebalancingRules, VanRoute, VanVisit, propose_rebalancing
from optimise.sharing_plan import MetRow, Reachable, ServedBlock, SharedLot, SharedWindow, SharingPlan
from optimise.sharing_wishes import ParkingBlock, SharingWishes
from optimise.solver import Incumbent, Listener, Progress, Solver, Status, gap_of
from optimise.stop import Cancel, Gap, Seconds, Stop, Work
from optimise.stops import STOP_TARGETS, STOPS_UNTIL, StopPlace, StopPlan, StopProposal, propose_stops
from optimise.targets import Budget, Target, Verdict, judge, parse_target, year_problems
from optimise.vans.problem import VanAnswer, VanProblem
from optimise.vans.solve import VANS_UNTIL, solve_vans
from optimise.verify import Verification, verify

__all__ = [
    "BIKES_UNTIL",
    "CHARGERS_UNTIL",
    "CORRIDORS_UNTIL",
    "DEFAULT_STOP",
    "DEPOTS_UNTIL",
    "LOOPS_UNTIL",
    "NODE_KINDS",
    "PARK_RIDE_UNTIL",
    "PILES",
    "PILES_ZH",
    "SHARING_UNTIL",
    "SOLVERS",
    "SPACES_UNTIL",
    "STOPS_UNTIL",
    "STOP_TARGETS",
    "VANS_UNTIL",
    "BikePoint",
    "BikeStock",
    "BikeWishes",
    "BikesPlan",
    "BikesProposal",
    "Budget",
    "BusPath",
    "BusYear",
    "Cancel",
    "ChargerAnswer",
    "ChargerProblem",
    "ChargerProposal",
    "ChargerWishes",
    "Corridor",
    "CorridorCase",
    "CorridorFlow",
    "CorridorLink",
    "CorridorNode",
    "CorridorPlan",
    "CorridorRules",
    "CorridorStation",
    "CorridorTrip",
    "CorridorVehicle",
    "Depot",
    "DepotNight",
    "DepotPlan",
    "DepotProposal",
    "District",
    "DistrictPiles",
    "Exclusions",
    "FeederNeed",
    "FeederStep",
    "FleetHour",
    "FleetRow",
    "Gap",
    "GivenBlock",
    "Incumbent",
    "LeftOut",
    "Listener",
    "LoopLine",
    "LoopPlan",
    "LoopProposal",
    "LoopStop",
    "MetRow",
    "MostSpaces",
    "NeedRow",
    "NewSpaces",
    "ParkRidePlan",
    "ParkRideProposal",
    "ParkingBlock",
    "PileNeeds",
    "PileSplit",
    "Plan",
    "PlanYear",
    "Progress",
    "Proven",
    "RackRow",
    "Reachable",
    "RebalancingPlan",
    "RebalancingRules",
    "Seconds",
    "ServedBlock",
    "SharedLot",
    "SharedWindow",
    "SharingPlan",
    "SharingProposal",
    "SharingWishes",
    "Site",
    "SiteReason",
    "SitingProblem",
    "Solver",
    "SpaceCandidate",
    "SpaceWishes",
    "SpacesPlan",
    "SpacesProposal",
    "StationParking",
    "Status",
    "Stop",
    "StopPlace",
    "StopPlan",
    "StopProposal",
    "Stretch",
    "Target",
    "TopUpPlace",
    "Uncovered",
    "UnverifiedError",
    "VanAnswer",
    "VanProblem",
    "VanRoute",
    "VanVisit",
    "Verdict",
    "Verification",
    "Work",
    "YearRow",
    "bus_path",
    "corridor_of",
    "district_problems",
    "gap_of",
    "judge",
    "parse_target",
    "pile_needs",
    "pile_totals",
    "propose_bikes",
    "propose_chargers",
    "propose_corridor",
    "propose_depots",
    "propose_loops",
    "propose_park_ride",
    "propose_rebalancing",
    "propose_sharing",
    "propose_spaces",
    "propose_stops",
    "solve",
    "solve_vans",
    "split_piles",
    "vehicles_by_residents",
    "verify",
    "year_problems",
]
