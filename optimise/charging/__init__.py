"""Siting and sizing of chargers over years: the problem in whole numbers, its solver and its proof."""

from optimise.charging.answer import ChargerAnswer
from optimise.charging.problem import ChargerProblem, Least
from optimise.charging.solve import solve_chargers

__all__ = ["ChargerAnswer", "ChargerProblem", "Least", "solve_chargers"]
