"""Location models: matrices in, sites and proof out; the planners' solvers of whole numbers beside them.

What a model claims is recomputed on demand by `verify_location`, `verify_siting` and `verify_choices` in this package,
which are not loaded here: they bring scipy's solvers along.
"""

from optimise.location.centre import p_centre
from optimise.location.facility import facility_location
from optimise.location.local_search import LocalSearch
from optimise.location.max_cover import max_cover
from optimise.location.median import p_median
from optimise.location.pmedian import PMedian
from optimise.location.refuelling import flow_refuelling
from optimise.location.result import Located
from optimise.location.rules import Group
from optimise.location.set_cover import set_cover
from optimise.solver import Solver

START = LocalSearch()
"""The quick search that exact solvers start from."""

SOLVERS: dict[str, Solver] = {solver.name: solver for solver in (PMedian(), START)}
"""Every solver by name; the first is the default."""

__all__ = [
    "SOLVERS",
    "START",
    "Group",
    "LocalSearch",
    "Located",
    "PMedian",
    "facility_location",
    "flow_refuelling",
    "max_cover",
    "p_centre",
    "p_median",
    "set_cover",
]
