"""Dispatch points of shared bikes: the problem in whole numbers, its solver and its proof."""

from optimise.points.answer import PointAnswer, PointReason, needs_of, stock_of
from optimise.points.problem import PointObjective, PointProblem
from optimise.points.solve import POINTS_UNTIL, solve_points
from optimise.points.verify import PointVerification, verify_points

__all__ = [
    "POINTS_UNTIL",
    "PointAnswer",
    "PointObjective",
    "PointProblem",
    "PointReason",
    "PointVerification",
    "needs_of",
    "solve_points",
    "stock_of",
    "verify_points",
]
