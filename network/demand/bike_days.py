"""Days of stations of bikes as chains of births and deaths: how long they are empty or full, and what they should
begin with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from network.demand.bikes import BIKE_DAYS, BikeRates, BikeReadings, BikeRules, Spans, bike_rates, spans_of
from network.errors import InputError, Problem
from network.part import F64, I64, Bools
from network.units import HOURS

BIKE_GUESSES: Final = ("chain", "seen", "same_hour", "last_day")
"""The chain with the rates; with rates as seen; the share of the hour on the days before; the last of them."""
_MOST_EVENTS = 60.0
"""Expected in a step: the chance of none is still a number."""
_DIGITS = 9
"""Costs that differ by less are alike."""
_MIN_PER_DAY, _MIN_PER_H = 1440, 60
_TERMS = 40
"""Of Levy's series: what is left out is below any rounding for margins up to 12."""
_WIDEST, _HALVINGS = 12.0, 60


@dataclass(frozen=True, slots=True)
class BikeGuess:
    """How one way of guessing did: station-hours in all, and hours by station."""

    how: str
    empty_h: float
    full_h: float
    empty_error_h: float
    full_error_h: float
    """Mean absolute difference by station."""
    empty_correlation: float
    """Over stations; NaN where all are alike."""


@dataclass(frozen=True, eq=False)
class BikeCheck:
    """Days that were not used, and what the days before say of them."""

    learnt: I64
    held: I64
    """Days since 1970."""
    hours: float
    """Station-hours compared."""
    empty_h: float
    full_h: float
    """As read."""
    guesses: tuple[BikeGuess, ...]


def hours_shut(pickups: F64, returns: F64, docks: I64, start: I64) -> tuple[F64, F64]:
    """(S, n) shares of n hours that stations (S) are empty, and full, from the bikes they begin with (S).

    Bikes go and come as Poisson flows of rates (S, n) per hour, as long as there is one, or a free dock.
    """
    at = np.arange(len(docks))
    chance = np.zeros((len(docks), int(docks.max()) + 1))
    chance[at, np.clip(start, 0, docks)] = 1.0
    empty, full = np.zeros(pickups.shape), np.zeros(pickups.shape)
    for hour in range(pickups.shape[1]):
        steps = _steps(pickups[:, hour], returns[:, hour])
        for _ in range(steps):
            down, up, rate = _events(pickups[:, hour] / steps, returns[:, hour] / steps, docks)
            chance, mean = _through(chance, rate, partial(_spread, down=down, up=up))
            empty[:, hour] += mean[:, 0] / steps
            full[:, hour] += mean[at, docks] / steps
    return empty, full


def day_costs(pickups: F64, returns: F64, docks: I64) -> F64:
    """(S, most docks + 1) rentals lost and returns blocked in n hours, expected, by the bikes at the beginning.

    This is the user dissatisfaction function of Raviv and Kolka 2013, doi 10.1080/0740817X.2012.697247. Infinite
    beyond the docks.
    """
    bikes = np.arange(int(docks.max()) + 1)
    cost = np.zeros((len(docks), len(bikes)))
    for hour in range(pickups.shape[1] - 1, -1, -1):
        steps = _steps(pickups[:, hour], returns[:, hour])
        gone, come = pickups[:, hour] / steps, returns[:, hour] / steps
        lost = np.where(bikes == 0, gone[:, None], 0.0) + np.where(bikes == docks[:, None], come[:, None], 0.0)
        for _ in range(steps):
            down, up, rate = _events(gone, come, docks)
            step = partial(_expected, down=down, up=up)
            cost = _through(cost, rate, step)[0] + _through(lost, rate, step)[1]
    return np.where(bikes <= docks[:, None], cost, np.inf)


def best_start(pickups: F64, returns: F64, docks: I64, most: int | None = None) -> tuple[I64, F64]:
    """(S) bikes to begin n hours with that lose the fewest rentals and returns in all, and how many by station (S).

    There are `most` bikes in all, or as many as it takes. Costs are convex in the bikes (Raviv and Kolka 2013): each
    bike goes where it saves most, and none where it saves nothing.
    """
    cost = day_costs(pickups, returns, docks).round(_DIGITS)
    more = np.where(np.isfinite(cost[:, 1:]), cost[:, 1:] - np.where(np.isfinite(cost), cost, 0.0)[:, :-1], np.inf)
    worth = np.maximum.accumulate(more, axis=1)  # only by rounding could they fall
    helps = worth < 0
    if most is not None and helps.sum() > most:
        order = np.argsort(worth, axis=None, kind="stable")[:most]
        helps = np.isin(np.arange(worth.size), order).reshape(worth.shape)
    wanted = helps.sum(axis=1)
    return wanted, cost[np.arange(len(docks)), wanted]


def days_held(pickups: F64, returns: F64, docks: I64, start: I64) -> F64:
    """(S) chance that n hours pass without a rental lost or a return blocked, from the bikes they begin with (S).

    Pickups and returns (S, n) per hour; the chain of `hours_shut`, left for good at the first that fails.
    """
    at, bikes = np.arange(len(docks)), np.arange(int(docks.max(initial=0)) + 1)
    inside = bikes <= docks[:, None]
    chance = np.zeros((len(docks), len(bikes)))
    chance[at, np.clip(start, 0, docks)] = 1.0
    for hour in range(pickups.shape[1] if len(docks) else 0):
        steps = _steps(pickups[:, hour], returns[:, hour])
        gone, come = pickups[:, hour] / steps, returns[:, hour] / steps
        rate = np.maximum(gone + come, 1.0)
        down, up = (np.repeat((x / rate)[:, None], len(bikes), axis=1) for x in (gone, come))
        for _ in range(steps):
            chance = _through(chance, rate, partial(_spread_inside, inside=inside, down=down, up=up))[0]
    return np.asarray(chance.sum(axis=1))


def margin_of(days_covered: float) -> float:
    """Margin z: a walk of variance V from the middle of z sqrt(V) stays inside on so large a share of days.

    Of Brownian motion, P(max |W| < a) = 4/pi sum (-1)^k / (2k + 1) exp(-(2k + 1)^2 pi^2 / (8 a^2)) over a unit of time
    (Levy; Feller, An Introduction to Probability Theory II, X.5), and z = 2a. Raises InputError outside 0 to 1.
    """
    if not 0.0 < days_covered < 1.0:
        raise InputError(Problem("days_covered", f"is {days_covered:g}", "a share above 0 and below 1 is needed"))
    odd = 2.0 * np.arange(_TERMS) + 1.0
    sign = np.where(np.arange(_TERMS) % 2 == 0, 1.0, -1.0)
    low, high = 0.0, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        held = 4.0 / np.pi * float((sign / odd * np.exp(-((odd * np.pi / middle) ** 2) / 2)).sum())
        low, high = (middle, high) if held < days_covered else (low, middle)
    return high


def _steps(pickups: F64, returns: F64) -> int:
    return max(1, int(np.ceil((pickups + returns).max() / _MOST_EVENTS)))


def _events(pickups: F64, returns: F64, docks: I64) -> tuple[F64, F64, F64]:
    """Chances (S, X) that the next event takes a bike, brings one; events in the step (S), some of which are none."""
    bikes, rate = np.arange(int(docks.max()) + 1), np.maximum(pickups + returns, 1.0)
    down = np.where(bikes > 0, (pickups / rate)[:, None], 0.0)
    up = np.where(bikes < docks[:, None], (returns / rate)[:, None], 0.0)
    return down, up, rate


def _spread(chance: F64, down: F64, up: F64) -> F64:
    """Chances (S, X) after an event."""
    out = chance * (1.0 - down - up)
    out[:, :-1] += (chance * down)[:, 1:]
    out[:, 1:] += (chance * up)[:, :-1]
    return out


def _spread_inside(chance: F64, inside: Bools, down: F64, up: F64) -> F64:
    """Chances (S, X) after an event, those of ending outside left out."""
    return np.asarray(inside * _spread(chance, down, up))


def _expected(value: F64, down: F64, up: F64) -> F64:
    """Values (S, X) expected after an event, by the bikes before it."""
    out = value * (1.0 - down - up)
    out[:, 1:] += down[:, 1:] * value[:, :-1]
    out[:, :-1] += up[:, :-1] * value[:, 1:]
    return out


def _through(first: F64, rate: F64, step: Callable[[F64], F64]) -> tuple[F64, F64]:
    """What `first` (S, X) becomes by the end of a step, and its mean over it: uniformisation, Jensen 1953."""
    most = float(rate.max())
    weight = np.exp(-rate)[:, None]
    left, now = 1.0 - weight, first
    end, mean = weight * now, left / rate[:, None] * now
    for k in range(1, int(most + 8 * np.sqrt(most) + 12)):
        now = step(now)
        weight = weight * rate[:, None] / k
        left = np.maximum(left - weight, 0.0)
        end, mean = end + weight * now, mean + left / rate[:, None] * now
    return end, mean


def check_bikes(readings: BikeReadings, rules: BikeRules, days: int) -> BikeCheck:
    """What earlier days say of the last `days` that were read in more than half of their hours.

    Each day begins with the first reading after midnight; the operator's moves of the day are not known to the chain.
    Raises InputError where nothing is left to learn from.
    """
    spans, stations = spans_of(readings, rules), len(readings.docks)
    whole = _whole_days(readings)
    held = whole[max(len(whole) - days, 0) :]
    past = spans.only(spans.day < held[0]) if held.size else spans
    if not held.size or not past.day.size:
        what = f"leaves no day to learn from: {len(whole)} were read in more than half of their hours"
        raise InputError(Problem("days held out", what, "hold out fewer, or give a longer series"))
    rates = bike_rates(past, stations, rules)
    start = _starts(readings, held, rules)
    later = np.isin(spans.day, held)
    place = np.searchsorted(held, spans.day[later])
    known = start[place, spans.station[later]] >= 0
    spans, place = spans.only(later).only(known), place[known]
    told = _by_chain(spans, place, rates, readings.docks, start)
    for how, before in (("same_hour", past), ("last_day", past.only(past.day == past.day.max()))):
        told[how] = _same_hour(before, before.empty, spans, stations), _same_hour(before, before.full, spans, stations)
    true = _by_station(spans, spans.empty, stations), _by_station(spans, spans.full, stations)
    guesses = tuple(_score(how, spans, told[how], true) for how in BIKE_GUESSES)
    totals = float(spans.hours.sum()), float(true[0].sum()), float(true[1].sum())
    return BikeCheck(np.unique(past.day), held, *totals, guesses)


def _whole_days(readings: BikeReadings) -> I64:
    hours = np.unique(readings.local // _MIN_PER_H)
    days, read = np.unique(hours // HOURS, return_counts=True)
    return days[read > HOURS // 2]


def _starts(readings: BikeReadings, days: I64, rules: BikeRules) -> I64:
    """(n, S) bikes at the first reading of days while open, -1 where it comes late."""
    out = np.full((len(days), len(readings.docks)), -1, np.int64)
    day, late = np.divmod(readings.local, _MIN_PER_DAY)
    for d, one in enumerate(days.tolist()):
        at = np.flatnonzero(readings.open & (day == one) & (late <= rules.most_gap_h * _MIN_PER_H))[::-1]
        out[d, readings.station[at]] = readings.bikes[at]
    return out


def _by_chain(spans: Spans, place: I64, rates: BikeRates, docks: I64, start: I64) -> dict[str, tuple[F64, F64]]:
    """Shares of spans that stations are empty, and full, with the rates and as seen; `place` are days of `start`."""
    out = {how: (np.zeros(len(place)), np.zeros(len(place))) for how in ("chain", "seen")}
    flows = {"chain": (rates.pickups, rates.returns), "seen": (rates.seen_pickups, rates.seen_returns)}
    for d in np.unique(place).tolist():
        mine = place == d
        kind, at = spans.kind[mine][0], (spans.station[mine], spans.hour[mine])
        for how, (gone, come) in flows.items():
            for part, share in zip(out[how], hours_shut(gone[kind], come[kind], docks, start[d]), strict=True):
                part[mine] = share[at]
    return out


def _same_hour(past: Spans, share: F64, spans: Spans, stations: int) -> F64:
    """Mean share of the station in the hour, on days of the type if there are any; 0 where it was not read."""
    some: Bools = np.isin(spans.kind, past.kind)
    kind = np.where(some, spans.kind, past.kind[0])
    shape = (len(BIKE_DAYS), stations, HOURS)
    at = np.ravel_multi_index((past.kind, past.station, past.hour), shape)
    time, size = np.bincount(at, past.hours, int(np.prod(shape))), int(np.prod(shape))
    mean = np.divide(np.bincount(at, share * past.hours, size), time, out=np.zeros(size), where=time > 0)
    return np.asarray(mean[np.ravel_multi_index((kind, spans.station, spans.hour), shape)])


def _by_station(spans: Spans, share: F64, stations: int) -> F64:
    return np.bincount(spans.station, share * spans.hours, stations).astype(np.float64)


def _score(how: str, spans: Spans, told: tuple[F64, F64], true: tuple[F64, F64]) -> BikeGuess:
    read = np.unique(spans.station)
    (empty, full), (was_empty, was_full) = (
        [_by_station(spans, share, len(true[0]))[read] for share in told],
        [part[read] for part in true],
    )
    varies = len(read) > 1 and empty.std() > 0 and was_empty.std() > 0
    correlation = float(np.corrcoef(empty, was_empty)[0, 1]) if varies else float("nan")
    errors = float(np.abs(empty - was_empty).mean()), float(np.abs(full - was_full).mean())
    return BikeGuess(how, float(empty.sum()), float(full.sum()), *errors, correlation)
