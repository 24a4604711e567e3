"""Queues put to the test: days of drivers who come at random, hour by hour, through the nights, at every site.

Each queue draws from (seed, its key) alone, and its n-th driver from the n-th draw: more plugs somewhere change who
waits there and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from network.kernels.replay_charging import take_turns
from network.part import F64, I64, Bools
from network.units import HOURS

TOLERANCE = 0.01
"""How far the share that waits may be above the one asked for: days that are drawn differ."""
_SURE = 3.0
"""Standard errors at which a share counts as told apart from the most allowed."""
_MOST_RUNS = 50
"""Times the days asked for that a queue is run at most, while its shares are not told apart."""
_SPARE = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Queues:
    """What comes to Q queues, and what they are to keep."""

    key: I64
    """(Q, 2) numbers that name each queue: with the seed they give all that is drawn for it."""
    plugs: I64
    """(Q) at least 1."""
    rate_per_h: F64
    """(Q, 24) drivers who come in an hour, the same all through it."""
    service_h: F64
    """(Q) mean time that a driver takes up a plug."""
    overhead_h: F64
    """(Q) of it, what does not grow with the energy."""
    wait_h: F64
    """(Q) how long a driver may wait; not used where they drive on."""
    loses: Bools
    """(Q) whether drivers drive on where no plug is free."""
    most_share: F64
    """(Q) of the drivers who may wait longer, or drive on."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Waits:
    """What Q queues did."""

    days: I64
    """(Q) that were run: more where the shares are close to what is allowed."""
    drivers: F64
    """(Q, 24) who came in an hour, on the mean of the days."""
    late_share: F64
    """(Q, 24) of the drivers who come in an hour, those who wait longer than allowed or drive on."""
    error: F64
    """(Q, 24) standard error of that share."""


def run_queues(
    queues: Queues, *, days: int, seed: int, energy_cv: float | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Waits:  # fmt: skip
    """Runs every queue for `days` days after one that fills it, and again until its shares are clear or days are many.

    The share is the part of the hour in which who came would be late, which is what those who come at random see
    (Wolff 1982, 10.1287/opre.30.2.223): it differs less from day to day than the share of the few who come. Times at
    a plug are exponential, or, with `energy_cv`, those of lognormal energies with this coefficient of variation.
    `told` hears of queues done and of all.
    """
    rows = []
    for q in range(len(queues.plugs)):
        rows.append(_queue(queues, q, days, seed, energy_cv))
        if told:
            told(q + 1, len(queues.plugs))
    counted, drivers, share, error = zip(*rows, strict=True) if rows else ((), (), (), ())
    hours = (len(rows), HOURS)
    return Waits(
        days=np.array(counted, np.int64),
        drivers=np.reshape(drivers, hours),
        late_share=np.reshape(share, hours),
        error=np.reshape(error, hours),
    )


def _queue(queues: Queues, q: int, days: int, seed: int, energy_cv: float | None) -> tuple[int, F64, F64, F64]:
    """Days run, drivers, share late and its error of one queue."""
    most = queues.most_share[q] + TOLERANCE
    live = queues.rate_per_h[q] > 0.0
    drivers, late, squares, run = np.zeros(HOURS), np.zeros(HOURS), np.zeros(HOURS), 0
    while True:
        came, own = _days(queues, q, days, [seed, *queues.key[q].tolist(), run], energy_cv)
        run += 1
        drivers, late, squares = drivers + came, late + own.sum(axis=0), squares + (own * own).sum(axis=0)
        n = run * days
        share = np.where(live, late / n, 0.0)
        error = np.where(live, np.sqrt(np.maximum(squares / n - share * share, 0.0) / (n - 1)), 0.0)
        if run == _MOST_RUNS or (np.abs(share - most) >= _SURE * error).all():
            return n, drivers / n, share, error


def _days(queues: Queues, q: int, days: int, seeds: list[int], energy_cv: float | None) -> tuple[F64, F64]:
    """Drivers by hour (24), all days together, and part of each hour in which who came would be late (days, 24)."""
    coming, charging = (np.random.default_rng(own) for own in np.random.SeedSequence(seeds).spawn(2))
    arrive = _arrivals(queues.rate_per_h[q], days + 1, coming)
    service = _services(queues.service_h[q], queues.overhead_h[q], len(arrive), energy_cv, charging)
    _, clear = take_turns(arrive, service, int(queues.plugs[q]), bool(queues.loses[q]))
    late_until = clear - (0.0 if queues.loses[q] else queues.wait_h[q])
    came = np.bincount(arrive[arrive >= HOURS].astype(np.int64) % HOURS, minlength=HOURS)
    return came.astype(float), _late_hours(arrive, late_until, days)


def _arrivals(rate_per_h: F64, days: int, draw: np.random.Generator) -> F64:
    """Times in hours of drivers who come at rates (24) per hour, day after day: unit steps stretched to the rates."""
    behind = np.concatenate(([0.0], np.cumsum(rate_per_h)))
    a_day = float(behind[-1])
    total = days * a_day
    if total == 0.0:
        return np.zeros(0)
    steps = draw.standard_exponential(int(total) + _SPARE)
    while (reached := float(steps.sum())) <= total:
        steps = np.append(steps, draw.standard_exponential(int(total - reached) + _SPARE))
    done = np.cumsum(steps)
    day, rest = np.divmod(done[done < total], a_day)
    return np.asarray(day * HOURS + np.interp(rest, behind, np.arange(HOURS + 1.0)))


def _services(mean_h: float, overhead_h: float, n: int, energy_cv: float | None, draw: np.random.Generator) -> F64:
    if energy_cv is None:
        return mean_h * draw.standard_exponential(n)
    variance = np.log1p(energy_cv**2)
    of_mean = np.exp(draw.standard_normal(n) * np.sqrt(variance) - variance / 2.0)
    return np.asarray(overhead_h + (mean_h - overhead_h) * of_mean)


def _late_hours(arrive: F64, until: F64, days: int) -> F64:
    """(days, 24) part of each hour, after the first day, in which who came would be late.

    After each arrival that lasts `until` some time, or until the next arrival, which says more.
    """
    edges = np.arange(HOURS, (days + 1) * HOURS + 1.0)
    if len(arrive) == 0:
        return np.zeros((days, HOURS))
    last = np.append(arrive[1:], edges[-1])
    late = np.maximum(np.minimum(last, until) - arrive, 0.0)
    behind = np.concatenate(([0.0], np.cumsum(late)))
    at = np.searchsorted(arrive, edges, side="right")  # the arrivals up to each edge
    before = np.maximum(at - 1, 0)
    reached = np.where(at > 0, behind[before] + np.clip(edges - arrive[before], 0.0, late[before]), 0.0)
    return np.asarray(np.diff(reached).reshape(days, HOURS))
