"""What a plan of dispatch points is asked for, besides its targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from network import BikeSite, City, FlowRows, InputError, Problem, did_you_mean, nearest_of
from optimise.points import PointObjective
from optimise.targets import Budget, year_problems

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ring = tuple[tuple[float, float], ...]
_OBJECTIVES: Final = ("cover", "cost", "net")
_LEAST_CORNERS: Final = 3


@dataclass(frozen=True, kw_only=True)
class BikeWishes:
    """What is to be best, the money, where, and for whose rides."""

    objective: PointObjective = "cover"
    """"cover": most rides that points are sized for; "cost": least money for `covered`; "net": most worth of these
    rides less the money."""
    budgets_cny: tuple[float, ...] = ()
    """New money of each year, or one sum; empty for no limit. What is left may be spent later."""
    years: tuple[int, ...] = ()
    covered: float = 0.0
    """Share of the weekday pickups and returns inside `within` that points are sized for at least."""
    worth_cny: float | None = None
    """What it is worth, once, to have a point for one pickup or return a weekday; for "net" alone."""
    sites: tuple[BikeSite, ...] = ()
    """Else kerbs and entrances of stations, as bike_sharing.toml lets expect."""
    within: tuple[Ring, ...] | str = ()
    """Rings of lon and lat, a ring inside another one being a hole; or an area of the city's zones; else all of it."""
    flows: FlowRows | None = None
    """Else those of the demand model."""
    racks: bool = True
    """Whether what is left of the budget buys racks at rail stations."""

    def __post_init__(self) -> None:
        problems = year_problems(self.years, self.budgets_cny) if self.budgets_cny else []
        problems += _of_money(self) + _of_aims(self)
        if problems:
            raise InputError(problems)
        self.cumulative_fen()

    @property
    def budget_cny(self) -> float | None:
        """Of all years together; None for no limit."""
        return math.fsum(self.budgets_cny) if self.budgets_cny else None

    def cumulative_fen(self) -> list[int]:
        """What may be spent by the end of each year; -1 for no limit."""
        if not self.budgets_cny:
            return [-1] * max(1, len(self.years))
        return [Budget(math.fsum(self.budgets_cny[: t + 1])).fen for t in range(len(self.budgets_cny))]


def inside(city: City, within: tuple[Ring, ...] | str, lonlat: F64) -> Bools:
    """(X) whether points (X, 2) lie within; those of an area are nearest to one of its zones.

    Raises InputError for an area that is not there and for rings that are none.
    """
    if not within:
        return np.ones(len(lonlat), np.bool_)
    if isinstance(within, str):
        zones = city.zones
        if not (zones.area == within).any():
            areas = sorted(set(zones.area.tolist()))
            hint = did_you_mean(within, areas) or f"use one of {', '.join(areas)}"
            raise InputError(Problem("within", f"no area is called {within!r}", hint))
        return np.asarray(zones.area[nearest_of(zones.lonlat, lonlat)] == within)
    out = np.zeros(len(lonlat), np.bool_)
    for i, ring in enumerate(within):
        corners = np.array(ring, np.float64)
        if corners.ndim != 2 or corners.shape[1:] != (2,) or len(corners) < _LEAST_CORNERS:
            raise InputError(Problem(f"within, ring {i}", "is no ring", "give three corners or more as [lon, lat]"))
        if not np.isfinite(corners).all():
            raise InputError(Problem(f"within, ring {i}", "holds corners that are not numbers", "give degrees"))
        out ^= _in_ring(corners, lonlat)
    return out


def _in_ring(corners: F64, lonlat: F64) -> Bools:
    """(X) whether a line due east from each point crosses the ring an odd number of times."""
    x, y = lonlat.T
    odd = np.zeros(len(lonlat), np.bool_)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay != by:
            odd ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return odd


def _of_money(wishes: BikeWishes) -> list[Problem]:
    problems = []
    if any(not (math.isfinite(b) and b >= 0) for b in wishes.budgets_cny):
        told = ", ".join(f"{b:g}" for b in wishes.budgets_cny)
        problems.append(Problem("budget_cny", f"is {told}", "give CNY of zero or more"))
    if (wishes.worth_cny is None) == (wishes.objective == "net"):
        what = "is not given for net" if wishes.worth_cny is None else f"is not used by {wishes.objective}"
        problems.append(Problem("worth_cny", what, "say what a daily pickup or return is worth, for net alone"))
    elif wishes.worth_cny is not None and not (math.isfinite(wishes.worth_cny) and wishes.worth_cny > 0):
        problems.append(Problem("worth_cny", f"is {wishes.worth_cny:g}", "give CNY above zero"))
    return problems


def _of_aims(wishes: BikeWishes) -> list[Problem]:
    problems = []
    if wishes.objective not in _OBJECTIVES:
        problems.append(Problem("objective", f"is {wishes.objective!r}", f"use {', '.join(_OBJECTIVES)}"))
    if not 0.0 <= wishes.covered <= 1.0:
        problems.append(Problem("covered", f"is {wishes.covered:g}", "give a share from 0 to 1"))
    if not wishes.budgets_cny and len(wishes.years) > 1:
        problems.append(Problem("budget_cny", "is not given for the years", "give the money of each year"))
    return problems
