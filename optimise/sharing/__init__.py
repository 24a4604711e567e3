"""Shared parking: the problem in whole numbers, its solver and its proof."""

from optimise.sharing.answer import Permits, Reachable, SharingAnswer
from optimise.sharing.problem import SharingObjective, SharingProblem
from optimise.sharing.solve import solve_sharing
from optimise.sharing.verify import SharingVerification, verify_sharing

__all__ = [
    "Permits",
    "Reachable",
    "SharingAnswer",
    "SharingObjective",
    "SharingProblem",
    "SharingVerification",
    "solve_sharing",
    "verify_sharing",
]
