"""Days at the plugs of 500 sites that are used to their capacity from noon to 22 h, in CPU seconds.

Target: P(wait > 10 min) of at most 5 % and a point at every site and hour. Beside it one site, driver by driver,
against the same queue written with a heap of free plugs in plain Python.
"""

from __future__ import annotations

import heapq
import time

import numpy as np

from network import REPLAY_TOLERANCE, fewest_plugs
from network.kernels.queueing import waiting_rates
from network.kernels.replay_charging import take_turns
from network.replay.queues import Queues, run_queues

SITES = 500
DAYS = 200
CHARGING_H, OVERHEAD_H, WAIT_H, SHARE = 25 / (0.85 * 60), 5 / 60, 10 / 60, 0.05
SERVICE_H = CHARGING_H + OVERHEAD_H
SIZES = (1, 2, 4, 8, 12, 20)
BY_HOUR = np.array([1, 1, 1, 1, 1, 2, 3, 4, 6, 7, 8, 9, *[10] * 10, 6, 3]) / 10
DRIVERS = 1_000_000


def main() -> None:
    asked = sites()
    run_queues(asked_of(asked, 1), days=2, seed=0)
    start = time.process_time()
    found = run_queues(asked, days=DAYS, seed=0)
    spent = time.process_time() - start
    drivers = float((found.drivers.sum(axis=1) * found.days).sum())
    late, sure = found.late_share, found.late_share + 2 * found.error
    print(
        f"{SITES} sites, {asked.rate_per_h.sum():,.0f} drivers a day, {drivers / 1e6:.0f} million drawn: {spent:.1f} s"
    )
    print(f"late, in the worst site and hour: {late.max():.2%}, with two standard errors {sure.max():.2%}")
    print(f"sites and hours above {SHARE + REPLAY_TOLERANCE:.0%}: {(late > SHARE + REPLAY_TOLERANCE).sum()}")
    one_site()


def sites():
    plugs = np.random.default_rng(0).choice(SIZES, SITES)
    rate = waiting_rates(max(SIZES), SERVICE_H, WAIT_H, SHARE)[plugs]
    return Queues(
        key=np.column_stack((np.arange(SITES), np.ones(SITES, np.int64))),
        plugs=plugs,
        rate_per_h=rate[:, None] * BY_HOUR,
        service_h=np.full(SITES, SERVICE_H),
        overhead_h=np.full(SITES, OVERHEAD_H),
        wait_h=np.full(SITES, WAIT_H),
        loses=np.zeros(SITES, np.bool_),
        most_share=np.full(SITES, SHARE),
    )


def asked_of(queues, count):
    """The first of the queues."""
    return Queues(**{name: values[:count] for name, values in vars(queues).items()})


def one_site():
    rate = 20.0
    plugs = fewest_plugs(rate, SERVICE_H, WAIT_H, SHARE)
    draw = np.random.default_rng(0)
    arrive = np.cumsum(draw.standard_exponential(DRIVERS)) / rate
    service = draw.standard_exponential(DRIVERS) * SERVICE_H
    start = time.process_time()
    ours, _ = take_turns(arrive, service, plugs, False)
    between = time.process_time()
    plain = plain_turns(arrive.tolist(), service.tolist(), plugs)
    end = time.process_time()
    assert ours.tolist() == plain
    ns = [(b - a) / DRIVERS * 1e9 for a, b in ((start, between), (between, end))]
    print(f"a driver at {plugs} plugs: {ns[0]:.0f} ns, in plain Python {ns[1]:,.0f} ns, {ns[1] / ns[0]:.0f}x")


def plain_turns(arrive, service, plugs):
    free, out = [0.0] * plugs, []
    for t, taken in zip(arrive, service, strict=True):
        out.append(max(t, free[0]))
        heapq.heapreplace(free, out[-1] + taken)
    return out


if __name__ == "__main__":
    main()
