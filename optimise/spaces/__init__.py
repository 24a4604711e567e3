"""New parking spaces: the problem in whole numbers, its solver and its proof."""

from optimise.spaces.problem import SpaceAnswer, SpaceObjective, SpaceProblem
from optimise.spaces.solve import most_spaces, solve_spaces

__all__ = ["SpaceAnswer", "SpaceObjective", "SpaceProblem", "most_spaces", "solve_spaces"]
