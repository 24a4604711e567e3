"""Compiled moves for "cover": demand flows to plugs within reach, plugs have capacity.

State: sent (R) flow of each pair, slack (I) demand not served, room (J) capacity not used.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.arrays import Pairs, Sites, price
from optimise.location.moves import NOISE, State, cost_of, draw, fill, neighbour
from optimise.problem import I64


@njit(cache=True)
def _touch(pairs: Pairs, i: int, stale: I64) -> int:
    """Mark the sites whose reachable slack demand i has changed."""
    for r in range(pairs.first[i], pairs.first[i + 1]):
        stale[pairs.site[r]] = 1
    return pairs.first[i + 1] - pairs.first[i]


@njit(cache=True)
def _grow(pairs: Pairs, sent: I64, slack: I64, room: I64, stale: I64, j: int, more: int) -> int:
    """Site j gets more room; demand within reach takes it directly. Returns the work."""
    room[j] += more
    work = 0
    for k in range(pairs.start[j], pairs.start[j + 1]):
        if room[j] == 0:
            break
        r = pairs.by_site[k]
        i = pairs.row[r]
        flow = min(room[j], slack[i])
        if flow > 0:
            sent[r] += flow
            slack[i] -= flow
            room[j] -= flow
            work += _touch(pairs, i, stale)
    return work


@njit(cache=True)
def _shrink(pairs: Pairs, sent: I64, slack: I64, room: I64, stale: I64, j: int, less: int) -> int:
    """Site j loses room; flow beyond what is left becomes slack again. Returns the work."""
    room[j] -= less
    work = 0
    for k in range(pairs.start[j + 1] - 1, pairs.start[j] - 1, -1):
        if room[j] >= 0:
            break
        r = pairs.by_site[k]
        flow = min(-room[j], sent[r])
        if flow > 0:
            sent[r] -= flow
            slack[pairs.row[r]] += flow
            room[j] += flow
            work += _touch(pairs, pairs.row[r], stale)
    return work


@njit(cache=True)
def _augment(pairs: Pairs, sent: I64, slack: I64, room: I64, stale: I64, queue: I64, came: I64, via: I64) -> tuple[int, int]:
    """One shortest augmenting path from any site with room to any slack demand. Returns its flow (0: the flow is maximum) and the work.

    via (I): pair by which a site reached the demand; came (J): pair whose flow the site would give up.
    """
    via[:], came[:] = -1, -1
    low = high = work = 0
    for j in range(len(room)):
        if room[j] > 0:
            queue[high], came[j] = j, -2
            high += 1
    while low < high:
        j = queue[low]
        low += 1
        for k in range(pairs.start[j], pairs.start[j + 1]):
            r = pairs.by_site[k]
            i = pairs.row[r]
            work += 1
            if via[i] >= 0:
                continue
            via[i] = r
            if slack[i] > 0:
                return _push(pairs, sent, slack, room, stale, came, via, i), work
            for q in range(pairs.first[i], pairs.first[i + 1]):
                work += 1
                if sent[q] > 0 and came[pairs.site[q]] == -1:
                    came[pairs.site[q]] = q
                    queue[high] = pairs.site[q]
                    high += 1
    return 0, work


@njit(cache=True)
def _push(pairs: Pairs, sent: I64, slack: I64, room: I64, stale: I64, came: I64, via: I64, end: int) -> int:
    flow, j = slack[end], pairs.site[via[end]]
    while came[j] >= 0:
        flow = min(flow, sent[came[j]])
        j = pairs.site[via[pairs.row[came[j]]]]
    flow = min(flow, room[j])
    room[j] -= flow
    slack[end] -= flow
    _touch(pairs, end, stale)
    sent[via[end]] += flow
    j = pairs.site[via[end]]
    while came[j] >= 0:
        sent[came[j]] -= flow
        r = via[pairs.row[came[j]]]
        sent[r] += flow
        j = pairs.site[r]
    return flow


@njit(cache=True)
def _maximise(pairs: Pairs, sent: I64, slack: I64, room: I64, stale: I64) -> int:
    """Reroute until no more demand can be served by the plugs that are there. Returns the work."""
    queue, came, via = np.empty(len(room), np.int64), np.empty(len(room), np.int64), np.empty(len(slack), np.int64)
    work, flow = 0, 1
    while flow > 0:
        flow, more = _augment(pairs, sent, slack, room, stale, queue, came, via)
        work += more + len(room) + len(slack)
    return work


@njit(cache=True)
def _offer(pairs: Pairs, sites: Sites, plug: int, n: I64, slack: int, j: int, money: int) -> tuple[int, float]:
    """How many plugs to buy at site j for `slack` unserved demand in its reach, and the energy per fen they bring (0: none)."""
    fresh = n[j] + sites.existing[j] == 0
    if plug == 0:
        return 0, 0.0
    least, most = (sites.least[j] if fresh else 1), sites.most[j] - n[j]
    if sites.plug_fen[j] > 0:
        most = min(most, (money - price(sites, n, j, 0)) // sites.plug_fen[j])
    if most < least or price(sites, n, j, least) > money:
        return 0, 0.0
    full = min(most, max(least, slack // plug))
    best, score = full, min(slack, full * plug) / max(1, price(sites, n, j, full))
    if full < most and slack > full * plug:
        over = min(slack, (full + 1) * plug) / max(1, price(sites, n, j, full + 1))
        if over > score:
            best, score = full + 1, over
    return best, score


@njit(cache=True)
def _recreate(
    pairs: Pairs, sites: Sites, plug: int, n: I64, sent: I64, slack: I64, room: I64, reach: I64, stale: I64,
    worth: I64, money: int,
) -> tuple[int, int]:  # fmt: skip
    """Buy plugs while money lasts, the most unserved energy per fen (times a random worth) first. Returns money left and work."""
    work = 0
    while True:
        best, best_score, best_plugs = -1, 0.0, 0
        for j in range(len(n)):
            if sites.most[j] <= n[j]:
                continue
            if stale[j]:
                reach[j] = 0
                for k in range(pairs.start[j], pairs.start[j + 1]):
                    reach[j] += slack[pairs.row[pairs.by_site[k]]]
                stale[j] = 0
                work += pairs.start[j + 1] - pairs.start[j]
            if reach[j] > 0:
                plugs, score = _offer(pairs, sites, plug, n, reach[j], j, money)
                if score * worth[j] > best_score:
                    best, best_score, best_plugs = j, score * worth[j], plugs
        work += len(n)
        if best < 0:
            return money, work
        money -= price(sites, n, best, best_plugs)
        n[best] += best_plugs
        work += _grow(pairs, sent, slack, room, stale, best, plug * best_plugs)


@njit(cache=True)
def _ruin(
    pairs: Pairs, sites: Sites, plug: int, n: I64, sent: I64, slack: I64, room: I64, stale: I64, state: State,
    most_closed: int,
) -> int:  # fmt: skip
    """Take plugs from a few sites near each other, all of a site's or some. Returns the work."""
    opened = np.flatnonzero(n)
    if len(opened) == 0:
        return 0
    centre = opened[draw(state, len(opened))]
    work, at = len(n), centre
    for _ in range(1 + draw(state, most_closed)):
        if n[at] > 0:
            less = n[at] if draw(state, 2) == 0 else 1 + draw(state, n[at])
            if sites.existing[at] == 0 and n[at] - less < sites.least[at]:
                less = n[at]
            n[at] -= less
            work += _shrink(pairs, sent, slack, room, stale, at, plug * less)
        at = neighbour(pairs, state, centre)
    return work


@njit(cache=True)
def _trim(sites: Sites, plug: int, n: I64, room: I64) -> None:
    """Take back new plugs that nobody uses."""
    for j in range(len(n)):
        spare = min(n[j], room[j] // max(plug, 1))
        if sites.existing[j] == 0 and n[j] - spare < sites.least[j] and room[j] < plug * n[j]:
            spare = max(0, n[j] - sites.least[j])
        n[j] -= spare
        room[j] -= plug * spare


@njit(cache=True)
def _fresh(pairs: Pairs, sites: Sites, plug: int, weight: I64, n: I64, sent: I64, slack: I64, room: I64, stale: I64) -> None:
    """The flow of new plugs n (J) from nothing."""
    sent[:], slack[:], room[:], stale[:] = 0, weight, 0, 1
    for j in range(len(n)):
        _grow(pairs, sent, slack, room, stale, j, plug * (n[j] + sites.existing[j]))
    _maximise(pairs, sent, slack, room, stale)


@njit(cache=True)
def search_cover(
    pairs: Pairs, sites: Sites, plug: int, weight: I64, budget: int, min_plugs: int,
    n: I64, best: I64, state: State, work_limit: int, idle: int, patience: int, most_closed: int, deviation: int, fresh: bool,
) -> tuple[int, int, int]:  # fmt: skip
    """Ruin and recreate from n (J) on; `best` (J) is replaced whenever it is beaten.

    fresh: add greedily before anything is closed. Returns the unserved demand of `best`, the work done, and the rounds since it was found.
    """
    sent, slack = np.zeros(len(pairs.row), np.int64), np.zeros(len(weight), np.int64)
    room, reach, stale = np.zeros(len(n), np.int64), np.zeros(len(n), np.int64), np.ones(len(n), np.int64)
    worth = np.full(len(n), NOISE)
    _fresh(pairs, sites, plug, weight, best, sent, slack, room, stale)
    best_loss = slack.sum()
    _fresh(pairs, sites, plug, weight, n, sent, slack, room, stale)
    loss = slack.sum()
    old = (n.copy(), sent.copy(), slack.copy(), room.copy())
    work = 4 * len(pairs.row)
    while fresh or (work < work_limit and idle < patience):
        if not fresh:
            work += _ruin(pairs, sites, plug, n, sent, slack, room, stale, state, most_closed)
            work += _maximise(pairs, sent, slack, room, stale)
            for j in range(len(n)):
                worth[j] = NOISE // 2 + draw(state, NOISE)
        left, more = _recreate(
            pairs, sites, plug, n, sent, slack, room, reach, stale, worth, budget - cost_of(sites, n)
        )
        work += more + _maximise(pairs, sent, slack, room, stale) + 2 * len(pairs.row)
        new_loss = slack.sum()
        _trim(sites, plug, n, room)
        missing = _meet(pairs, sites, plug, n, sent, slack, room, stale, budget, min_plugs)
        idle += 1
        if missing <= 0 and new_loss <= max(loss, best_loss + deviation):
            loss = slack.sum()
            old[0][:], old[1][:], old[2][:], old[3][:] = n, sent, slack, room
            if loss < best_loss:
                best[:], best_loss, idle = n, loss, 0
        else:
            n[:], sent[:], slack[:], room[:] = old[0], old[1], old[2], old[3]
            stale[:] = 1
        fresh = False
    return best_loss, work, idle


@njit(cache=True)
def _meet(
    pairs: Pairs, sites: Sites, plug: int, n: I64, sent: I64, slack: I64, room: I64, stale: I64, budget: int, wanted: int
) -> int:
    """Buy the plugs that are still wanted whoever they serve. Returns how many are missing for want of money or room."""
    missing = wanted - n.sum()
    while missing > 0:
        before = n.copy()
        _, missing, new = fill(sites, n, budget - cost_of(sites, n), missing)
        for j in range(len(n)):
            if n[j] > before[j]:
                _grow(pairs, sent, slack, room, stale, j, plug * (n[j] - before[j]))
        if missing > 0 and new < 0:
            break
    return missing
