"""What a log of charging sessions says: when drivers come, what they take, how long they hold a plug."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.part import F64, I32, I64, Bools
from network.units import CHARGERS, HOURS

FEWEST: Final = 30
"""Sessions of a class below which nothing is fitted to it."""
LEVELS: Final = (0.1, 0.5, 0.9)
"""Quantiles that are told."""
DAY_KINDS: Final = ("weekday", "weekend")
_MIN_PER_H, _DAYS = 60, 7
_MONDAY = 3
"""Days from a Monday to the first of January 1970."""
_LEARNT = 2 / 3
"""Share of the weeks that is learnt from where nobody says how many."""


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions (N): when they start in minutes of local time since 1970, how long the plug is held, energy, class."""

    start_min: I64
    minutes: F64
    kwh: F64
    charger: I32
    """Position in units.CHARGERS."""

    def __len__(self) -> int:
        return len(self.start_min)

    def where(self, some: Bools) -> Sessions:
        return Sessions(*(getattr(self, field.name)[some] for field in fields(self)))

    @property
    def hour(self) -> I64:
        """(N) hour of the day they start in."""
        return self.start_min // _MIN_PER_H % HOURS

    @property
    def day(self) -> I64:
        """(N) day they start on, since 1970."""
        return self.start_min // (_MIN_PER_H * HOURS)

    @property
    def weekend(self) -> Bools:
        """(N) whether they start on a Saturday or Sunday."""
        return np.asarray((self.day + _MONDAY) % _DAYS >= _DAYS - 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassFit:
    """Sessions of one class of charger."""

    charger: str
    sessions: int
    per_day: F64
    """(2) sessions on a weekday and on a day of the weekend."""
    arrival_hours: F64
    """(2, H) share of the sessions of such days that start in each hour."""
    energy_hours: F64
    """(H) share of the energy, by the hour its session starts in, all days."""
    kwh: float
    """Mean energy of a session."""
    log_mean: float
    log_sigma: float
    """The lognormal distribution of the energy that is likeliest: mean and deviation of log(kWh)."""
    kwh_quantiles: F64
    minutes: float
    """Mean time a plug is held; what counts for how many plugs are busy, however it spreads."""
    minutes_quantiles: F64
    kw: float
    """Energy of all sessions over the time their plugs were held."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionCheck:
    """Sessions of later weeks against what the weeks before foretold, and against what is assumed without a log."""

    charger: str
    learnt: int
    held: int
    hours_error: dict[str, float]
    """Mean absolute error of the shares by hour, over both kinds of day: learnt, default, flat."""
    energy_distance: dict[str, float]
    """Largest difference of the distributions of energy (Kolmogorov-Smirnov): learnt, lognormal, default."""
    quantiles: F64
    """(2, Q) energy at LEVELS: learnt, and as it came."""


def fit_sessions(log: Sessions) -> tuple[ClassFit, ...]:
    """The classes with at least FEWEST sessions. Raises InputError where none has as many."""
    out = tuple(_fit(log.where(log.charger == c), name, log.day) for c, name in enumerate(CHARGERS) if _many(log, c))
    if not out:
        what = f"holds {len(log)} sessions after cleaning, of no class {FEWEST}"
        raise InputError(Problem("sessions", what, "give a longer log"))
    return out


def energy_hours(log: Sessions, chargers: Sequence[int]) -> F64:
    """(H) share of the energy of some classes together, by the hour its session starts in."""
    some = log.where(np.isin(log.charger, chargers))
    return np.asarray(np.bincount(some.hour, some.kwh, HOURS) / some.kwh.sum(), np.float64)


def weeks_of(log: Sessions) -> int:
    """Weeks that the log touches, counted from its first day."""
    return int(log.day.max() - log.day.min()) // _DAYS + 1 if len(log) else 0


def check_sessions(
    log: Sessions, default_kwh: F64, default_hours: F64, learn_weeks: int | None = None
) -> tuple[SessionCheck, ...]:
    """What the first weeks (two thirds of all where it is not said) foretell of the others, by class.

    `default_kwh` (3) and `default_hours` (3, H) are assumed without a log: sessions of exponential energy. Classes too
    few of whose sessions lie before or after are left out. Raises InputError where no week is left on either side.
    """
    weeks = weeks_of(log)
    first = round(weeks * _LEARNT) if learn_weeks is None else learn_weeks
    if not 0 < first < weeks:
        what = f"are {first} of {weeks} in the log"
        raise InputError(Problem("weeks to learn from", what, "leave at least one week to learn from and one to check"))
    early = log.day < log.day.min() + _DAYS * first
    before, after = log.where(early), log.where(~early)
    return tuple(
        _check(name, before.where(before.charger == c), after.where(after.charger == c), default_kwh[c], hours)
        for c, (name, hours) in enumerate(zip(CHARGERS, default_hours, strict=True))
        if _many(before, c) and _many(after, c)
    )


def _many(log: Sessions, charger: int) -> bool:
    return int((log.charger == charger).sum()) >= FEWEST


def _fit(own: Sessions, name: str, days: I64) -> ClassFit:
    logged = np.log(own.kwh)
    return ClassFit(
        charger=name,
        sessions=len(own),
        per_day=_per_day(own, days),
        arrival_hours=_arrivals(own),
        energy_hours=energy_hours(own, range(len(CHARGERS))),
        kwh=float(own.kwh.mean()),
        log_mean=float(logged.mean()),
        log_sigma=float(logged.std()),
        kwh_quantiles=np.quantile(own.kwh, LEVELS),
        minutes=float(own.minutes.mean()),
        minutes_quantiles=np.quantile(own.minutes, LEVELS),
        kw=float(own.kwh.sum() / max(own.minutes.sum(), 1.0) * _MIN_PER_H),  # logs count whole minutes, also none
    )


def _per_day(own: Sessions, days: I64) -> F64:
    """(2) sessions a day, over the days from the first to the last of a log (its start days are given)."""
    every = np.arange(days.min(), days.max() + 1)
    weekend = (every + _MONDAY) % _DAYS >= _DAYS - 2
    count = np.bincount(own.weekend, minlength=2)
    return np.asarray(count / np.maximum([(~weekend).sum(), weekend.sum()], 1), np.float64)


def _arrivals(own: Sessions) -> F64:
    """(2, H) shares by hour on weekdays and weekends; flat where nobody came."""
    count = np.zeros((len(DAY_KINDS), HOURS))
    np.add.at(count, (own.weekend.astype(np.int64), own.hour), 1.0)
    total = count.sum(axis=1, keepdims=True)
    return np.where(total > 0, count / np.maximum(total, 1.0), 1.0 / HOURS)


def _check(name: str, before: Sessions, after: Sessions, default_kwh: float, default_hours: F64) -> SessionCheck:
    came = _arrivals(after)
    foretold = {"learnt": _arrivals(before), "default": default_hours, "flat": np.full(HOURS, 1.0 / HOURS)}
    logged = np.log(before.kwh)
    mean, deviation = float(logged.mean()), max(float(logged.std()), math.ulp(1.0))
    return SessionCheck(
        charger=name,
        learnt=len(before),
        held=len(after),
        hours_error={how: float(np.abs(hours - came).mean()) for how, hours in foretold.items()},
        energy_distance={
            "learnt": distance(after.kwh, _counted(before.kwh)),
            "lognormal": distance(after.kwh, lambda x: _normal((np.log(x) - mean) / deviation)),
            "default": distance(after.kwh, lambda x: -np.expm1(-x / default_kwh)),
        },
        quantiles=np.stack((np.quantile(before.kwh, LEVELS), np.quantile(after.kwh, LEVELS))),
    )


def distance(values: F64, below: Callable[[F64], F64]) -> float:
    """Largest difference between the share of values up to x and a distribution function, on both sides of every x.

    Where the distribution itself jumps at a value both sides are taken at it.
    """
    x, count = np.unique(values, return_counts=True)
    upto = np.cumsum(count) / len(values)
    left = np.nextafter(x, -np.inf)
    sides = np.abs(below(x) - upto), np.abs(below(left) - (upto - count / len(values)))
    return float(np.maximum(*sides).max())


def _counted(values: F64) -> Callable[[F64], F64]:
    """Share of some values that are not above x."""
    ordered = np.sort(values)
    return lambda x: np.asarray(np.searchsorted(ordered, x, "right") / len(ordered), np.float64)


def _normal(x: npt.NDArray[np.float64]) -> F64:
    return np.array([0.5 * math.erfc(-one / math.sqrt(2.0)) for one in x.tolist()])
