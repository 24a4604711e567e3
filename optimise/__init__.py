"""The city as it could be: targets, siting problems, solvers with their proof, and plans that replay as what-ifs."""

from optimise.chargers import plan_from, siting_problem
from optimise.location import SOLVERS
from optimise.plan import Plan, Site
from optimise.problem import Objective, SitingProblem
from optimise.propose import DEFAULT_STOP, Proposal, UnverifiedError, propose, solve
from optimise.solver import Incumbent, Listener, Progress, Solver, Status, gap_of
from optimise.stop import Cancel, Gap, Seconds, Stop, Work
from optimise.targets import Budget, Target, Verdict, judge, parse_target
from optimise.verify import Verification, verify

__all__ = [
    "DEFAULT_STOP",
    "SOLVERS",
    "Budget",
    "Cancel",
    "Gap",
    "Incumbent",
    "Listener",
    "Objective",
    "Plan",
    "Progress",
    "Proposal",
    "Seconds",
    "Site",
    "SitingProblem",
    "Solver",
    "Status",
    "Stop",
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
    "siting_problem",
    "solve",
    "verify",
]
