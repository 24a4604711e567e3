"""Search for "cover": demand flows to plugs within reach, plugs have capacity."""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.kernels.moves import (
    NOISE,
    cheapest,
    cost_of,
    draw,
    fill,
    keep,
    neighbour,
    price,
    shake,
    some_opened,
    total,
    touch,
)
from optimise.location.kernels.shapes import I64, Flow, Pairs, Random, Rules, Sites, inner

_UNSEEN, _SOURCE = -1, -2


@inner
def _grow(pairs: Pairs, flow: Flow, j: int, more: int) -> int:
    """Site j gets more room; demand within reach takes it directly. Returns the work."""
    flow.room[j] += more
    work = 0
    for k in range(pairs.start[j], pairs.start[j + 1]):
        if flow.room[j] == 0:
            break
        r = pairs.by_site[k]
        i = pairs.row[r]
        amount = min(flow.room[j], flow.slack[i])
        if amount > 0:
            flow.sent[r] += amount
            flow.slack[i] -= amount
            flow.room[j] -= amount
            work += touch(pairs, flow.stale, i)
    return work


@inner
def _shrink(pairs: Pairs, flow: Flow, j: int, less: int) -> int:
    """Site j loses room; flow beyond what is left becomes slack again. Returns the work."""
    flow.room[j] -= less
    work = 0
    for k in range(pairs.start[j + 1] - 1, pairs.start[j] - 1, -1):
        if flow.room[j] >= 0:
            break
        r = pairs.by_site[k]
        amount = min(-flow.room[j], flow.sent[r])
        if amount > 0:
            flow.sent[r] -= amount
            flow.slack[pairs.row[r]] += amount
            flow.room[j] += amount
            work += touch(pairs, flow.stale, pairs.row[r])
    return work


@inner
def _augment(pairs: Pairs, flow: Flow, queue: I64, came: I64, via: I64) -> tuple[int, int]:
    """One shortest augmenting path from any site with room to any slack demand. Returns its flow (0: it is maximum)
    and the work.

    via (I): pair by which a site reached the demand; came (J): pair whose flow the site would give up.
    """
    fill(via, _UNSEEN)
    fill(came, _UNSEEN)
    low, high, work = 0, 0, 0
    for j in range(len(flow.room)):
        if flow.room[j] > 0:
            queue[high], came[j] = j, _SOURCE
            high += 1
    while low < high:
        j = queue[low]
        low += 1
        for k in range(pairs.start[j], pairs.start[j + 1]):
            r = pairs.by_site[k]
            i = pairs.row[r]
            work += 1
            if via[i] != _UNSEEN:
                continue
            via[i] = r
            if flow.slack[i] > 0:
                return _push(pairs, flow, came, via, i), work
            for q in range(pairs.first[i], pairs.first[i + 1]):
                work += 1
                if flow.sent[q] > 0 and came[pairs.site[q]] == _UNSEEN:
                    came[pairs.site[q]] = q
                    queue[high] = pairs.site[q]
                    high += 1
    return 0, work


@inner
def _push(pairs: Pairs, flow: Flow, came: I64, via: I64, end: int) -> int:
    """Send as much as fits along the path that ends at demand `end`."""
    amount, j = flow.slack[end], pairs.site[via[end]]
    while came[j] >= 0:
        amount = min(amount, flow.sent[came[j]])
        j = pairs.site[via[pairs.row[came[j]]]]
    amount = min(amount, flow.room[j])
    flow.room[j] -= amount
    flow.slack[end] -= amount
    touch(pairs, flow.stale, end)
    flow.sent[via[end]] += amount
    j = pairs.site[via[end]]
    while came[j] >= 0:
        flow.sent[came[j]] -= amount
        r = via[pairs.row[came[j]]]
        flow.sent[r] += amount
        j = pairs.site[r]
    return int(amount)


@inner
def _maximise(pairs: Pairs, flow: Flow) -> int:
    """Reroute until no more demand can be served by the plugs that are there. Returns the work."""
    sites, demands = len(flow.room), len(flow.slack)
    queue, came, via = np.empty(sites, np.int64), np.empty(sites, np.int64), np.empty(demands, np.int64)
    work, amount = 0, 1
    while amount > 0:
        amount, more = _augment(pairs, flow, queue, came, via)
        work += more + sites + demands
    return work


@inner
def _offer(sites: Sites, n: I64, plug: int, slack: int, j: int, money: int) -> tuple[int, float]:
    """How many plugs to buy at site j for `slack` unserved demand in its reach, and the energy per fen they bring (0:
    none).
    """
    least, most = (sites.least[j] if n[j] + sites.existing[j] == 0 else 1), sites.most[j] - n[j]
    if sites.plug_fen[j] > 0:
        most = min(most, (money - price(sites, n, j, 0)) // sites.plug_fen[j])
    if plug == 0 or most < least or price(sites, n, j, least) > money:
        return 0, 0.0
    full = min(most, max(least, slack // plug))
    best, score = full, min(slack, full * plug) / max(1, price(sites, n, j, full))
    if full < most and slack > full * plug:
        over = min(slack, (full + 1) * plug) / max(1, price(sites, n, j, full + 1))
        if over > score:
            best, score = full + 1, over
    return best, score


@inner
def _recreate(pairs: Pairs, sites: Sites, plug: int, flow: Flow, worth: I64, money: int) -> int:
    """Buy plugs while money lasts, the most unserved energy per fen (times a random worth) first. Returns the work."""
    n, work = flow.n, 0
    while True:
        best, best_score, best_plugs = -1, 0.0, 0
        for j in range(len(n)):
            if sites.most[j] <= n[j]:
                continue
            if flow.stale[j]:
                flow.reach[j] = 0
                for k in range(pairs.start[j], pairs.start[j + 1]):
                    flow.reach[j] += flow.slack[pairs.row[pairs.by_site[k]]]
                flow.stale[j] = 0
                work += pairs.start[j + 1] - pairs.start[j]
            if flow.reach[j] > 0:
                plugs, score = _offer(sites, n, plug, flow.reach[j], j, money)
                if score * worth[j] > best_score:
                    best, best_score, best_plugs = j, score * worth[j], plugs
        work += len(n)
        if best < 0:
            return work
        money -= price(sites, n, best, best_plugs)
        n[best] += best_plugs
        work += _grow(pairs, flow, best, plug * best_plugs)


@inner
def _ruin(pairs: Pairs, sites: Sites, plug: int, flow: Flow, state: Random, most_closed: int) -> int:
    """Take plugs from a few sites near each other or anywhere, all of a site's or some. Returns the work."""
    centre = some_opened(state, flow.n)
    if centre < 0:
        return 0
    work, at, local = len(flow.n), centre, draw(state, 2) == 0
    for _ in range(1 + draw(state, most_closed)):
        if at >= 0 and flow.n[at] > 0:
            less = flow.n[at] if draw(state, 2) == 0 else 1 + draw(state, flow.n[at])
            if sites.existing[at] == 0 and flow.n[at] - less < sites.least[at]:
                less = flow.n[at]
            flow.n[at] -= less
            work += _shrink(pairs, flow, at, plug * less)
        at = neighbour(pairs, state, centre) if local else some_opened(state, flow.n)
    return work + int(_maximise(pairs, flow))


@inner
def _trim(sites: Sites, plug: int, flow: Flow) -> None:
    """Take back new plugs that nobody uses."""
    n, room = flow.n, flow.room
    for j in range(len(n)):
        spare = min(n[j], room[j] // max(plug, 1))
        if sites.existing[j] == 0 and n[j] - spare < sites.least[j] and room[j] < plug * n[j]:
            spare = max(0, n[j] - sites.least[j])
        n[j] -= spare
        room[j] -= plug * spare


@inner
def _meet(pairs: Pairs, sites: Sites, plug: int, flow: Flow, rules: Rules) -> bool:
    """Buy the plugs that are still wanted, whoever they serve. Returns whether there was money and room for all."""
    short = total(flow.n) < rules.min_plugs
    while total(flow.n) < rules.min_plugs:
        money = rules.budget - cost_of(sites, flow.n)
        j, plugs = cheapest(sites, flow.n, money, rules.min_plugs - total(flow.n))
        if j < 0:
            return False
        flow.n[j] += plugs
        _grow(pairs, flow, j, plug * plugs)
    if short:
        _maximise(pairs, flow)
    return True


@inner
def _flow_from(pairs: Pairs, sites: Sites, plug: int, weight: I64, n: I64) -> Flow:
    """The maximum flow of new plugs n (J)."""
    none = np.zeros(len(n), np.int64)
    flow = Flow(n, np.zeros(len(pairs.row), np.int64), weight.copy(), none, none.copy(), np.ones(len(n), np.int64))
    for j in range(len(n)):
        _grow(pairs, flow, j, plug * (n[j] + sites.existing[j]))
    _maximise(pairs, flow)
    return flow


@inner
def _keep_flow(into: Flow, what: Flow) -> None:
    keep(into.n, what.n)
    keep(into.sent, what.sent)
    keep(into.slack, what.slack)
    keep(into.room, what.room)


@njit(cache=True)
def search_cover(
    pairs: Pairs, sites: Sites, weight: I64, plug: int, rules: Rules, n: I64, best: I64, state: Random,
    idle: int, fresh: bool,
) -> tuple[int, int, int]:  # fmt: skip
    """Ruin and recreate from n (J) on; `best` (J) is replaced whenever it is beaten.

    idle: rounds since the last improvement. fresh: add greedily before anything is closed. plug: energy of one.
    Returns the loss (unserved demand) of `best`, the work done, and idle.
    """
    best_loss = total(_flow_from(pairs, sites, plug, weight, best).slack)
    flow = _flow_from(pairs, sites, plug, weight, n)
    loss, worth = total(flow.slack), np.full(len(n), NOISE)
    old = Flow(n.copy(), flow.sent.copy(), flow.slack.copy(), flow.room.copy(), flow.reach, flow.stale)
    work = 4 * len(pairs.row)
    while fresh or (work < rules.work and idle < rules.patience):
        if not fresh:
            work += _ruin(pairs, sites, plug, flow, state, rules.most_closed)
            shake(state, worth)
        work += _recreate(pairs, sites, plug, flow, worth, rules.budget - cost_of(sites, n))
        work += _maximise(pairs, flow) + 2 * len(pairs.row)
        _trim(sites, plug, flow)
        allowed = _meet(pairs, sites, plug, flow, rules)
        new_loss = total(flow.slack)
        idle += 1
        if allowed and new_loss <= max(loss, best_loss + rules.drift):
            loss = new_loss
            _keep_flow(old, flow)
            if loss < best_loss:
                best_loss, idle = loss, 0
                keep(best, n)
        else:
            _keep_flow(flow, old)
            fill(flow.stale, 1)
        fresh = False
    return best_loss, work, idle
