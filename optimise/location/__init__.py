"""Location models: integer arrays in, Incumbent out."""

from optimise.location.coverage import Coverage
from optimise.location.local_search import LocalSearch
from optimise.location.pmedian import PMedian
from optimise.solver import Solver

START = LocalSearch()
"""The quick search that exact solvers start from."""

SOLVERS: dict[str, Solver] = {solver.name: solver for solver in (Coverage(), PMedian(), START)}
"""Every solver by name; the first that supports a problem is its default."""

__all__ = ["SOLVERS", "START", "Coverage", "LocalSearch", "PMedian"]
