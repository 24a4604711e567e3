"""Pickups and returns at stations of bikes, from how many stand there; time that a station is empty or full is told
apart, as nobody can be seen to ask then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from network.demand.occupancy import WEEKDAY, day_types
from network.errors import InputError, Problem
from network.part import F64, I64, Bools
from network.units import HOURS

BIKE_DAYS: Final = ("weekday", "weekend")
_MIN_PER_H, _MIN_PER_DAY = 60, 1440


@dataclass(frozen=True, slots=True)
class BikeRules:
    """What readings are believed to say; data/parameters/bikes.toml."""

    move_bikes: float
    """A change by more than these between two readings is the operator's."""
    most_gap_h: float
    """Nothing is told of the time between readings farther apart."""
    profile_h: float
    """Hours of readings that the usual profile counts for, at a station in an hour of the day."""
    level_bikes: float
    """Bikes that the city's level counts for at a station."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeReadings:
    """Readings (N) of stations (S), those of each station together and in the order of time."""

    docks: I64
    """(S)"""
    station: I64
    """(N) position."""
    minute: I64
    """(N) since 1970, of UTC."""
    local: I64
    """(N) since 1970, by the local clock."""
    bikes: I64
    """(N) that can be taken."""
    full: Bools
    """(N) whether no dock was free."""
    open: Bools
    """(N) whether bikes were rented out."""


@dataclass(frozen=True, slots=True)
class Censoring:
    """How much of the demand of one type of day was seen."""

    day: str
    days: int
    hours: float
    """Station-hours read, of open stations."""
    moves: int
    """Changes taken for the operator's."""
    empty: float
    full: float
    """Shares of the hours."""
    pickups: tuple[float, float]
    returns: tuple[float, float]
    """Per station and hour: as seen, and had no station been empty or full."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeRates:
    """Bikes per hour by type of day, station and hour (2, S, 24) that would go and come if there always were one."""

    pickups: F64
    returns: F64
    seen_pickups: F64
    seen_returns: F64
    """The same, time empty or full counted as any other."""
    censoring: tuple[Censoring, ...]
    """Of the types of day that were read."""


class Spans(NamedTuple):
    """Times between two readings of an open station."""

    station: I64
    day: I64
    """Since 1970."""
    hour: I64
    """Of the clock, where it begins."""
    kind: I64
    """Position in BIKE_DAYS."""
    hours: F64
    change: I64
    """Of bikes."""
    empty: F64
    full: F64
    """Share of its two ends at which the station was."""

    def only(self, which: Bools) -> Spans:
        return Spans._make(part[which] for part in self)


def spans_of(readings: BikeReadings, rules: BikeRules) -> Spans:
    """Raises InputError where no station was read twice while it was open."""
    r = readings
    hours = np.diff(r.minute) / _MIN_PER_H
    near = (np.diff(r.station) == 0) & r.open[:-1] & r.open[1:] & (hours <= rules.most_gap_h)
    at = np.flatnonzero(near)
    if not at.size:
        what = f"has no two readings of an open station within {rules.most_gap_h:g} h"
        raise InputError(Problem("status", what, "give at least one an hour"))
    empty = r.bikes == 0
    day = r.local[at] // _MIN_PER_DAY
    return Spans(
        r.station[at], day, r.local[at] % _MIN_PER_DAY // _MIN_PER_H, (day_types(day) != WEEKDAY).astype(np.int64),
        hours[at], np.diff(r.bikes)[at], (empty[at] + empty[at + 1].astype(np.float64)) / 2,
        (r.full[at] + r.full[at + 1].astype(np.float64)) / 2,
    )  # fmt: skip


def bike_rates(spans: Spans, stations: int, rules: BikeRules) -> BikeRates:
    """Rates of Poisson flows: net falls over the time a station had a bike, net rises over the time it had a free dock.

    Who takes a bike and who brings one between two readings cancel out: rates are the least that explains the change.
    A station's hour is drawn to the city's profile at the station's level by so much as rules say (the mean of a gamma
    prior). A type of day that was not read is told by the other.
    """
    moved = np.abs(spans.change) > rules.move_bikes
    own = spans.only(~moved)
    if not len(own.hours):
        raise InputError(Problem("bikes.move_bikes", "leaves no change that is not the operator's", "raise it"))
    falls, rises = np.maximum(-own.change, 0), np.maximum(own.change, 0)
    time = _sums(own, own.hours, stations)
    flows = [
        (_sums(own, count, stations), _sums(own, own.hours * (1.0 - shut), stations))
        for count, shut in ((falls, own.empty), (rises, own.full))
    ]
    read = time.sum(axis=(1, 2)) > 0
    kinds = np.where(read, np.arange(len(BIKE_DAYS)), np.flatnonzero(read)[0])
    real = [_shrunk(count, free, rules)[kinds] for count, free in flows]
    seen = [_shrunk(count, time, rules)[kinds] for count, _ in flows]
    told = tuple(
        _censoring(own, int(kind), int((moved & (spans.kind == kind)).sum()), [r[kind] for r in real], time[kind])
        for kind in np.flatnonzero(read)
    )
    return BikeRates(pickups=real[0], returns=real[1], seen_pickups=seen[0], seen_returns=seen[1], censoring=told)


def _sums(spans: Spans, values: F64 | I64, stations: int) -> F64:
    """(2, S, 24) sums."""
    shape = (len(BIKE_DAYS), stations, HOURS)
    at = np.ravel_multi_index((spans.kind, spans.station, spans.hour), shape)
    return np.bincount(at, values, int(np.prod(shape))).reshape(shape).astype(np.float64)


def _shrunk(count: F64, time: F64, rules: BikeRules) -> F64:
    """(2, S, 24) bikes per hour; 0 in hours without time that counts at any station."""
    city_time = time.sum(axis=1, keepdims=True)
    city = np.divide(count.sum(axis=1, keepdims=True), city_time, out=np.zeros_like(city_time), where=city_time > 0)
    usual = (time * city).sum(axis=2, keepdims=True)
    level = (count.sum(axis=2, keepdims=True) + rules.level_bikes) / (usual + rules.level_bikes)
    free = time + rules.profile_h
    drawn = count + rules.profile_h * level * city
    return np.asarray(np.divide(drawn, free, out=np.zeros_like(drawn), where=free > 0))


def _censoring(own: Spans, kind: int, moves: int, real: list[F64], time: F64) -> Censoring:
    mine = own.kind == kind
    hours, total = own.hours[mine], float(time.sum())
    change = own.change[mine]
    seen = float(np.maximum(-change, 0).sum()) / total, float(np.maximum(change, 0).sum()) / total
    pickups, returns = (float((rate * time).sum()) / total for rate in real)
    return Censoring(
        day=BIKE_DAYS[kind], days=len(np.unique(own.day[mine])), hours=total, moves=moves,
        empty=float((own.empty[mine] * hours).sum()) / total, full=float((own.full[mine] * hours).sum()) / total,
        pickups=(seen[0], pickups), returns=(seen[1], returns),
    )  # fmt: skip
