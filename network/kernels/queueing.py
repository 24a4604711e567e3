"""Queues at plugs: drivers come at random, charge for random times, and wait in one line or drive on.

Load is a = arrivals x mean time at the plug [erlang]. Loss by the recursion of Erlang B, which only shrinks errors and
never overflows; waiting by Erlang C from it (Cooper 1981, Introduction to Queueing Theory, 3.3-3.4).
"""

import math

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]


@inner_njit
def _lost(load: float, servers: int) -> float:
    """Erlang B: share of arrivals that find every server taken."""
    share = 1.0
    for n in range(1, servers + 1):
        share = load * share / (n + load * share)
    return share


@inner_njit
def _waiting(load: float, servers: int) -> float:
    """Erlang C: share of arrivals that have to wait; 1 where the load is not below the servers."""
    if not load < servers:
        return 1.0
    lost = _lost(load, servers)
    return servers * lost / ((servers - load) + load * lost)


@inner_njit
def _late(load: float, servers: int, wait: float) -> float:
    """Share of arrivals that wait longer than `wait` [mean times at a server]."""
    return _waiting(load, servers) * math.exp(-max(servers - load, 0.0) * wait)


@outer_njit
def queues(load: Reals, servers: Wholes, wait: float) -> tuple[Reals, Reals, Reals, Reals]:
    """Share lost (Erlang B), share waiting (Erlang C), mean wait, and share waiting longer than `wait`, each (n).

    `load` (n) in erlang, `servers` (n); waits are in mean times at a server. Without lost arrivals a queue grows
    for ever where the load is not below the servers: all wait, infinitely long.
    """
    n = load.shape[0]
    lost, waiting, mean, late = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        lost[i] = _lost(load[i], servers[i])
        waiting[i] = _waiting(load[i], servers[i])
        mean[i] = waiting[i] / (servers[i] - load[i]) if load[i] < servers[i] else np.inf
        late[i] = _late(load[i], servers[i], wait)
    return lost, waiting, mean, late


@inner_njit
def _most_load(servers: int, wait: float, share: float, loses: bool) -> float:
    """Largest load with a share lost, or waiting longer than `wait`, of at most `share`: bisection to the last bit."""
    low, high = 0.0, servers / (1.0 - share) if loses else float(servers)  # at least 1 - servers / load are lost
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return low
        if (_lost(middle, servers) if loses else _late(middle, servers, wait)) <= share:
            low = middle
        else:
            high = middle


@outer_njit
def waiting_rates(servers_most: int, service_h: float, wait_h: float, share: float) -> Reals:
    """Most arrivals an hour at 0, 1 ... `servers_most` servers such that at most `share` wait longer than `wait_h`.

    (servers_most + 1) arrivals/h; mean time at a server `service_h` hours, 0 < share < 1.
    """
    out = np.zeros(servers_most + 1)
    for n in range(1, servers_most + 1):
        out[n] = _most_load(n, wait_h / service_h, share, False) / service_h
    return out


@outer_njit
def loss_rates(servers_most: int, service_h: float, share: float) -> Reals:
    """Most arrivals an hour at 0, 1 ... `servers_most` servers such that at most `share` find all of them taken.

    (servers_most + 1) arrivals/h. Only the mean `service_h` of the times matters (Sevastyanov 1957, 10.1137/1102005).
    """
    out = np.zeros(servers_most + 1)
    for n in range(1, servers_most + 1):
        out[n] = _most_load(n, 0.0, share, True) / service_h
    return out


@outer_njit
def fewest_servers(rate: float, service_h: float, wait_h: float, share: float) -> int:
    """Fewest servers at which at most `share` of `rate` arrivals an hour wait longer than `wait_h`; 0 for none."""
    load, servers = rate * service_h, 0
    while load > 0.0 and _late(load, servers, wait_h / service_h) > share:
        servers += max(1, int(load) - servers)
    return servers
