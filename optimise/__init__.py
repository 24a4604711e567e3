"""The city as it could be: siting problems, solvers that prove their answers, plans that replay as what-ifs."""

from optimise.location import SOLVERS
from optimise.plan import Plan, Site
from optimise.problem import SitingProblem
from optimise.propose import DEFAULT_STOP, Proposal, propose, solve
from optimise.solver import Incumbent, Progress, Solver
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
    "Plan",
    "Progress",
    "Proposal",
    "Seconds",
    "Site",
    "SitingProblem",
    "Solver",
    "Stop",
    "Target",
    "Verdict",
    "Verification",
    "Work",
    "judge",
    "parse_target",
    "propose",
    "solve",
    "verify",
]
