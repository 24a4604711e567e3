"""How long trips take by the modes they choose, and the decay with distance under which they take so long."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from network.city import City
from network.demand.choice import DayTrips, split
from network.demand.distribution import LEAST_MINUTES
from network.demand.generation import trip_ends
from network.demand.gravity_fit import fit_mean
from network.errors import InputError, Problem
from network.part import F64
from network.travel import Travel
from network.units import PURPOSES

STEP_PER_MIN: Final = 1e-4
"""Utility that every minute is made worse by, to see how many minutes there are."""
LEAST_SLOPE: Final = 0.25
MOST_SLOPE: Final = 4.0
"""Change of the minutes of trips with those of the quickest modes, by logarithms, that a step believes in."""
LEAST_RUN: Final = 0.01
"""Smaller changes tell no slope: what constants do to the minutes is then as large."""
_S_PER_MIN: Final = 60.0


def trip_minutes(city: City, travel: Travel, trips: F64) -> F64:
    """(U) mean minutes of the trips (U, Z, Z) by the modes they take, from door to door: under way, waiting, on foot,
    and at both ends.

    Where every minute gets worse by a little utility, the logsum of a trip falls by as much times its minutes; so they
    are the slope of the sum of logsums, from three points. Where racks or spaces are full, the room that others leave
    is in it too.
    """
    b, days = city.behaviour, list[DayTrips]()
    for step in (0.0, STEP_PER_MIN, 2.0 * STEP_PER_MIN):
        worse = {name: getattr(b, name) - step for name in ("time_per_min", "wait_per_min", "walk_per_min")}
        days.append(split(replace(city, behaviour=replace(b, **worse)), travel, trips, logsums=True))
    here, near, far = (day.logsum.sum(axis=1) for day in days)
    total = (3.0 * here - 4.0 * near + far) / (2.0 * STEP_PER_MIN)
    count = days[0].starts.sum(axis=(1, 2))
    return np.asarray(np.divide(total, count, out=np.zeros_like(total), where=count > 0))


class Decay:
    """Finds the decay of each of some purposes at which trips take the minutes that were observed.

    Secants in logarithms tell what the mean of the quickest mode would have to be, and Hyman's tell the decay of that.
    """

    def __init__(self, city: City, travel: Travel, purposes: list[int], file: str) -> None:
        self._purposes, self._file = purposes, file
        self._production, self._attraction = trip_ends(city)
        self._cost = {u: _quickest_min(city, travel, u) for u in purposes}
        self._before: tuple[F64, F64] | None = None
        self._slope = np.ones(len(purposes))

    def next(self, city: City, trips: F64, minutes: F64, target: F64) -> City:
        """The city with another decay, after one whose trips (U, Z, Z) take so many minutes (of the purposes asked).

        Raises InputError where no decay gives that.
        """
        now = np.log([_mean(trips[u], self._cost[u]) for u in self._purposes]), np.log(minutes)
        if self._before is not None:
            run, rise = (a - b for a, b in zip(now, self._before, strict=True))
            slope = np.divide(rise, run, out=self._slope.copy(), where=np.abs(run) > LEAST_RUN)
            self._slope = np.clip(slope, LEAST_SLOPE, MOST_SLOPE)
        self._before = now
        wanted = np.exp(now[0] + (np.log(target) - now[1]) / self._slope)
        b, problems = city.behaviour, list[Problem]()
        beta = b.gravity_beta_per_min.copy()
        for at, u in enumerate(self._purposes):
            ends = self._production[u], self._attraction[u], self._cost[u]
            try:
                beta[u] = fit_mean(*ends, float(wanted[at]), alpha=float(b.gravity_alpha[u])).beta_per_min
            except InputError as error:
                what = f"trips take {minutes[at]:.1f} min and should take {target[at]:g}, which no decay gives"
                where = f"{self._file}, {PURPOSES[u]}"
                problems += [Problem(where, f"{what}; by the quickest modes, {p.what}", p.hint) for p in error.problems]
        if problems:
            raise InputError(problems)
        return replace(city, behaviour=replace(b, gravity_beta_per_min=beta))


def _quickest_min(city: City, travel: Travel, purpose: int) -> F64:
    return np.asarray(travel.quickest_s[int(city.behaviour.purpose_period[purpose])] / _S_PER_MIN)


def _mean(trips: F64, minutes: F64) -> float:
    far = np.maximum(np.where(np.isfinite(minutes), minutes, 0.0), LEAST_MINUTES)
    return float((trips * far).sum() / trips.sum())
