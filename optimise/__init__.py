"""The city as it could be: targets, siting problems, solvers with their proof, and plans that replay as what-ifs."""

from optimise.chargers import plan_from, siting_problem
from optimise.kerbs import Exclusions
from optimise.location import SOLVERS
from optimise.loop_plan import LoopLine, LoopPlan, LoopStop, Stretch
from optimise.loops import LOOPS_UNTIL, LoopProposal, propose_loops
from optimise.park_ride import PARK_RIDE_UNTIL, ParkRidePlan, ParkRideProposal, StationParking, propose_park_ride
from optimise.plan import Plan, Site
from optimise.problem import Objective, SitingProblem
from optimise.propose import DEFAULT_STOP, Proposal, UnverifiedError, propose, solve
from optimise.solver import Incumbent, Listener, Progress, Solver, Status, gap_of
from optimise.stop import Cancel, Gap, Seconds, Stop, Work
from optimise.stops import STOP_TARGETS, STOPS_UNTIL, StopPlace, StopPlan, StopProposal, propose_stops
from optimise.targets import Budget, Target, Verdict, judge, parse_target
from optimise.verify import Verification, verify

__all__ = [
    "DEFAULT_STOP",
    "LOOPS_UNTIL",
    "PARK_RIDE_UNTIL",
    "SOLVERS",
    "STOPS_UNTIL",
    "STOP_TARGETS",
    "Budget",
    "Cancel",
    "Exclusions",
    "Gap",
    "Incumbent",
    "Listener",
    "LoopLine",
    "LoopPlan",
    "LoopProposal",
    "LoopStop",
    "Objective",
    "ParkRidePlan",
    "ParkRideProposal",
    "Plan",
    "Progress",
    "Proposal",
    "Seconds",
    "Site",
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
    "UnverifiedError",
    "Verdict",
    "Verification",
    "Work",
    "gap_of",
    "judge",
    "parse_target",
    "plan_from",
    "propose",
    "propose_loops",
    "propose_park_ride",
    "propose_stops",
    "siting_problem",
    "solve",
    "verify",
]
