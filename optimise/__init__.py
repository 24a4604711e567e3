"""The city as it could be: targets, siting problems, solvers with their proof, and plans that replay as what-ifs."""

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
from optimise.park_ride import PARK_RIDE_UNTIL, ParkRidePlan, ParkRideProposal, StationParking, propose_park_ride
from optimise.pile_needs import PileNeeds, pile_needs, pile_totals, vehicles_by_residents
from optimise.piles import PILES, PILES_ZH, District, DistrictPiles, PileSplit, district_problems, split_piles
from optimise.plan import FeederStep, Plan, PlanYear, Site, SiteReason
from optimise.problem import SitingProblem
from optimise.propose import DEFAULT_STOP, UnverifiedError, solve
from optimise.solver import Incumbent, Listener, Progress, Solver, Status, gap_of
from optimise.stop import Cancel, Gap, Seconds, Stop, Work
from optimise.stops import STOP_TARGETS, STOPS_UNTIL, StopPlace, StopPlan, StopProposal, propose_stops
from optimise.targets import Budget, Target, Verdict, judge, parse_target
from optimise.verify import Verification, verify

__all__ = [
    "CHARGERS_UNTIL",
    "CORRIDORS_UNTIL",
    "DEFAULT_STOP",
    "DEPOTS_UNTIL",
    "LOOPS_UNTIL",
    "NODE_KINDS",
    "PARK_RIDE_UNTIL",
    "PILES",
    "PILES_ZH",
    "SOLVERS",
    "STOPS_UNTIL",
    "STOP_TARGETS",
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
    "Gap",
    "GivenBlock",
    "Incumbent",
    "Listener",
    "LoopLine",
    "LoopPlan",
    "LoopProposal",
    "LoopStop",
    "ParkRidePlan",
    "ParkRideProposal",
    "PileNeeds",
    "PileSplit",
    "Plan",
    "PlanYear",
    "Progress",
    "Seconds",
    "Site",
    "SiteReason",
    "SitingProblem",
    "Solver",
    "StationParking",
    "Status",
    "Stop",
    "StopPlace",
    "StopPlan",
    "StopProposal",
    "Stretch",
    "Target",
    "TopUpPlace",
    "UnverifiedError",
    "Verdict",
    "Verification",
    "Work",
    "bus_path",
    "corridor_of",
    "district_problems",
    "gap_of",
    "judge",
    "parse_target",
    "pile_needs",
    "pile_totals",
    "propose_chargers",
    "propose_corridor",
    "propose_depots",
    "propose_loops",
    "propose_park_ride",
    "propose_stops",
    "solve",
    "split_piles",
    "vehicles_by_residents",
    "verify",
]
