"""Compiled search of van routes: arrays in, arrays out.

The search tears strings of stops out of routes near one another and puts them back where they cost least, under
simulated annealing (Christiaens and Vanden Berghe 2020, doi 10.1287/trsc.2019.0914). Bikes beyond what a van holds, and
seconds beyond its time, cost a penalty that rises while routes break the rules and falls while they keep them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimise.charging.kernels.shapes import F64, I32, I64, Flags, inner, outer
from optimise.location.kernels.moves import draw
from optimise.location.kernels.shapes import Random

_FINE = 2**31 - 1
_BLINK = 0.01
"""Share of the places to put a stop back that are overlooked."""
_STRING, _TORN = 6, 8.0
"""Longest string torn out of a route, and stops torn out in a round on the mean."""
_SPLIT = 0.5
"""Share of the strings that leave some stops in their middle."""
_PATIENCE = 50
"""Rounds that more broken than kept ones lead by until penalties rise, and the other way round until they fall."""
_RATE = 1.05


class Trips(NamedTuple):
    """The problem: (V, V) and (V), as in VanProblem; near (V, V-1): other stops, nearest first; limits: (2) capacity
    and seconds.
    """

    cost: I64
    time_s: I64
    pick_up: I64
    service_s: I64
    skip_cost: I64
    near: I32
    limits: I64


class Routes(NamedTuple):
    """Routes (K) of up to V stops with what they cost, and the loads along them.

    after (K, V+1): bikes taken on by the first k stops; top, low: most and least of them up to k. rise, fall: most and
    least that are taken on from stop k on. cost, seconds, over: of the whole route; over is what the van cannot hold.
    """

    stop: I32
    size: I32
    after: I64
    top: I64
    low: I64
    rise: I64
    fall: I64
    cost: I64
    seconds: I64
    over: I64


class Walk(NamedTuple):
    """Where a search is: its routes, those of the last round that was taken, and stops left out (V).

    best_stop (K, V), best_size (K): the best routes that keep the rules. penalty (2) of bikes over and of seconds
    over; broken (2): rounds that broke each rule, less those that kept it. told (2): the best value, -1 where there is
    none, and what the routes are worth with penalties.
    """

    now: Routes
    kept: Routes
    away: Flags
    best_stop: I32
    best_size: I32
    penalty: F64
    broken: I64
    told: F64


def new_walk(vans: int, stops: int, heat: float) -> Walk:
    """Without a route; heat: the first temperature."""
    away = np.ones(stops, np.bool_)
    away[0] = False
    penalty, told = np.array([heat / 2 + 1.0, (heat / 2 + 1.0) / 60.0]), np.array([-1.0, np.inf])
    now, kept = _new_routes(vans, stops), _new_routes(vans, stops)
    return Walk(now, kept, away, now.stop.copy(), now.size.copy(), penalty, np.zeros(2, np.int64), told)


def _new_routes(vans: int, stops: int) -> Routes:
    stop, size = np.zeros((vans, stops), np.int32), np.zeros(vans, np.int32)
    along = [np.zeros((vans, stops + 1), np.int64) for _ in range(5)]
    return Routes(stop, size, *along, *(np.zeros(vans, np.int64) for _ in range(3)))


@inner
def _chance(state: Random) -> float:
    return float(draw(state, _FINE) / _FINE)


@inner
def _measure(trips: Trips, routes: Routes, r: int) -> None:
    """Write what follows from the stops of a route."""
    count, stop = routes.size[r], routes.stop[r]
    routes.cost[r], routes.seconds[r], last = 0, 0, 0
    for k in range(count):
        v = stop[k]
        routes.cost[r] += trips.cost[last, v]
        routes.seconds[r] += trips.time_s[last, v] + trips.service_s[v]
        routes.after[r, k + 1] = routes.after[r, k] + trips.pick_up[v]
        routes.top[r, k + 1] = max(routes.top[r, k], routes.after[r, k + 1])
        routes.low[r, k + 1] = min(routes.low[r, k], routes.after[r, k + 1])
        last = v
    if count:
        routes.cost[r] += trips.cost[last, 0]
        routes.seconds[r] += trips.time_s[last, 0]
    routes.rise[r, count], routes.fall[r, count] = 0, 0
    for k in range(count - 1, -1, -1):
        bikes = trips.pick_up[stop[k]]
        routes.rise[r, k] = max(0, bikes + routes.rise[r, k + 1])
        routes.fall[r, k] = min(0, bikes + routes.fall[r, k + 1])
    routes.over[r] = max(routes.top[r, count] - routes.low[r, count] - trips.limits[0], 0)


@inner
def _copy(source: Routes, target: Routes, r: int) -> None:
    """One route with its stops and sums; what else follows is measured again where it is needed."""
    for k in range(source.size[r]):
        target.stop[r, k] = source.stop[r, k]
    target.size[r], target.cost[r] = source.size[r], source.cost[r]
    target.seconds[r], target.over[r] = source.seconds[r], source.over[r]


@inner
def _tear(trips: Trips, routes: Routes, v: int, state: Random, out: I32, taken: int, away: Flags, r: int) -> int:
    """Take a string of stops around v out of its route; returns how many are out by now."""
    count, at = routes.size[r], 0
    for k in range(count):
        if routes.stop[r, k] == v:
            at = k
    length = draw(state, min(_STRING, count)) + 1
    kept = 0
    if 1 < length < count and _chance(state) < _SPLIT:
        kept = 1 + draw(state, min(_STRING, count - length))
    begin = max(0, at - length - kept + 1)
    begin += draw(state, min(at, count - length - kept) - begin + 1)
    hole = begin + 1 + draw(state, length - 1) if kept else 0
    write = 0
    for k in range(count):
        stop = routes.stop[r, k]
        if begin <= k < begin + length + kept and not (kept and hole <= k < hole + kept):
            out[taken] = stop
            away[stop] = True
            taken += 1
        else:
            routes.stop[r, write] = stop
            write += 1
    routes.size[r] = write
    _measure(trips, routes, r)
    return taken


@inner
def _sort(trips: Trips, out: I32, taken: int, state: Random) -> None:
    """Bring the stops that are out into an order: by chance, by bikes, far first or near first."""
    rule, key = draw(state, 8), np.empty(taken)
    for k in range(taken):
        v = out[k]
        if rule < 3:
            key[k] = _chance(state)
        elif rule < 5:
            key[k] = -abs(trips.pick_up[v])
        else:
            key[k] = trips.cost[0, v] if rule == 7 else -trips.cost[0, v]
    for k in range(1, taken):
        first, stop, j = key[k], out[k], k - 1
        while j >= 0 and key[j] > first:
            key[j + 1], out[j + 1] = key[j], out[j]
            j -= 1
        key[j + 1], out[j + 1] = first, stop


@inner
def _place(trips: Trips, routes: Routes, v: int, penalty: F64, state: Random) -> tuple[int, int]:
    """The cheapest place for a stop: route and position; -1 where leaving it out costs less."""
    best, route, at, empty = np.inf, -1, 0, -1
    if trips.skip_cost[v] >= 0:
        best = float(trips.skip_cost[v])
    bikes, capacity, limit = trips.pick_up[v], trips.limits[0], trips.limits[1]
    for r in range(len(routes.size)):
        count, last = routes.size[r], 0
        if count == 0:
            if empty >= 0:
                continue
            empty = r
        late = max(routes.seconds[r] - limit, 0)
        for k in range(count + 1):
            then = routes.stop[r, k] if k < count else 0
            more = float(trips.cost[last, v] + trips.cost[v, then])
            seconds = trips.time_s[last, v] + trips.time_s[v, then] + trips.service_s[v]
            if count:
                more -= trips.cost[last, then]
                seconds -= trips.time_s[last, then]
            last = then
            if more - penalty[0] * routes.over[r] - penalty[1] * late >= best or _chance(state) < _BLINK:
                continue
            here = routes.after[r, k] + bikes
            top, low = max(routes.top[r, k], here + routes.rise[r, k]), min(routes.low[r, k], here + routes.fall[r, k])
            more += penalty[0] * (max(top - low - capacity, 0) - routes.over[r])
            more += penalty[1] * (max(routes.seconds[r] + seconds - limit, 0) - late)
            if more < best:
                best, route, at = more, r, k
    if route < 0 and trips.skip_cost[v] < 0:
        route, at = draw(state, len(routes.size)), 0
    return route, at


@inner
def _put(trips: Trips, routes: Routes, v: int, r: int, at: int) -> None:
    for k in range(routes.size[r], at, -1):
        routes.stop[r, k] = routes.stop[r, k - 1]
    routes.stop[r, at] = v
    routes.size[r] += 1
    _measure(trips, routes, r)


@inner
def _route_of(routes: Routes, v: int) -> int:
    for r in range(len(routes.size)):
        for k in range(routes.size[r]):
            if routes.stop[r, k] == v:
                return r
    return -1


@inner
def _ruin(trips: Trips, routes: Routes, state: Random, out: I32, away: Flags, changed: Flags) -> int:
    """Tear strings near a stop out of their routes; those left out before come along. Returns how many are out."""
    stops, taken = len(away), 0
    for v in range(1, stops):
        if away[v]:
            out[taken] = v
            taken += 1
    strings, middle = draw(state, int(4.0 * _TORN / (1.0 + _STRING))) + 1, draw(state, stops - 1) + 1
    for k in range(stops - 1):
        v = trips.near[middle, k]
        if strings == 0:
            break
        if not away[v]:
            r = _route_of(routes, v)
            changed[r] = True
            taken = _tear(trips, routes, v, state, out, taken, away, r)
            strings -= 1
    return taken


@inner
def _sums(trips: Trips, routes: Routes, away: Flags) -> tuple[int, int, int]:
    """Cost with what is left out, bikes over, and seconds over."""
    cost, over, late = 0, 0, 0
    for r in range(len(routes.size)):
        cost += routes.cost[r]
        over += routes.over[r]
        late += max(routes.seconds[r] - trips.limits[1], 0)
    for v in range(1, len(away)):
        if away[v]:
            cost += trips.skip_cost[v]
    return cost, over, late


@outer
def search(trips: Trips, walk: Walk, first: float, last: float, rounds: int, state: Random) -> None:
    """Go on by some rounds, from the first to the last temperature, in units of cost."""
    now, kept, away, penalty = walk.now, walk.kept, walk.away, walk.penalty
    out, was_away = np.zeros(len(away), np.int32), away.copy()
    changed = np.zeros(len(now.size), np.bool_)
    for i in range(rounds):
        changed[:] = False
        was_away[:] = away
        taken = _ruin(trips, now, state, out, away, changed)
        _sort(trips, out, taken, state)
        for k in range(taken):
            r, at = _place(trips, now, out[k], penalty, state)
            away[out[k]] = r < 0
            if r >= 0:
                changed[r] = True
                _put(trips, now, out[k], r, at)
        cost, over, late = _sums(trips, now, away)
        if over == 0 and late == 0 and (walk.told[0] < 0 or cost < walk.told[0]):
            walk.told[0] = cost
            walk.best_stop[:], walk.best_size[:] = now.stop, now.size
        worth = cost + penalty[0] * over + penalty[1] * late
        if worth <= walk.told[1] - first * (last / first) ** (i / rounds) * np.log(_chance(state) + 1e-300):
            for r in range(len(changed)):
                if changed[r]:
                    _copy(now, kept, r)
            _judge(penalty, walk.broken, over, late)
            walk.told[1] = cost + penalty[0] * over + penalty[1] * late
        else:
            away[:] = was_away
            for r in range(len(changed)):
                if changed[r]:
                    _copy(kept, now, r)
                    _measure(trips, now, r)


@inner
def _judge(penalty: F64, broken: I64, over: int, late: int) -> None:
    """Raise the penalties of rules that are broken for long, lower those that are kept for long."""
    for j, wrong in enumerate((over, late)):
        broken[j] += 1 if wrong > 0 else -1
        if abs(broken[j]) > _PATIENCE:
            penalty[j] = penalty[j] * _RATE if broken[j] > 0 else max(penalty[j] / _RATE, 1e-3)
            broken[j] = 0
