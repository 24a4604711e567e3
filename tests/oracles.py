"""Slow, readable truth. Nothing here may use the kernels it judges."""

from __future__ import annotations

import heapq
import itertools
import math
from fractions import Fraction

import networkx as nx
import numpy as np


def street_graph(roads, mode, cost):
    """Directed multigraph of the edges open to a mode; `cost(edge)` is the weight."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(roads.lonlat)))
    for e in range(len(roads.head)):
        if roads.time_ms[mode, e] >= 0:
            graph.add_edge(int(roads.tail[e]), int(roads.head[e]), weight=cost(e))
    return graph


def with_points(roads, snap, mode, cost, wait=None):
    """The street graph with every point as a node ('p', i) on its segment: each segment is cut at its points.

    `wait(edge)` is the part of the cost that is felt at the end of an edge, not along it.
    """
    wait = wait or (lambda e: (0,) * len(cost(e)) if isinstance(cost(e), tuple) else 0)
    graph = street_graph(roads, mode, cost)
    on_segment = {}
    for i, s in enumerate(snap.segment[mode]):
        on_segment.setdefault(int(s), []).append(i)
    for s, points in on_segment.items():
        for side, edge in enumerate(roads.edges[s]):
            if roads.time_ms[mode, edge] < 0:
                continue
            share = {i: snap.along[mode, i] if side == 0 else 1.0 - snap.along[mode, i] for i in points}
            passed = {i: _behind(_minus(cost(edge), wait(edge)), share[i]) for i in points}
            tail, head = int(roads.tail[edge]), int(roads.head[edge])
            for i in points:
                graph.add_edge(tail, ("in", i), weight=passed[i])
                graph.add_edge(("out", i), head, weight=_minus(cost(edge), passed[i]))
                for j in points:
                    if passed[j] >= passed[i]:
                        graph.add_edge(("out", i), ("in", j), weight=_minus(passed[j], passed[i]))
    return graph


def _behind(cost, share):
    return tuple(int(np.rint(c * share)) for c in cost) if isinstance(cost, tuple) else int(np.rint(cost * share))


def _minus(a, b):
    return tuple(x - y for x, y in zip(a, b, strict=True)) if isinstance(a, tuple) else a - b


def distances(graph, source, targets):
    """Dijkstra by hand on (time, length) pairs: a heap of tuples, ties by the second entry. None where no way."""
    zero = (0, 0)
    best, heap, count = {}, [(zero, 0, source)], 0
    while heap:
        d, _, node = heapq.heappop(heap)
        if node in best:
            continue
        best[node] = d
        for _, other, data in graph.out_edges(node, data=True) if node in graph else ():
            w = data["weight"] if isinstance(data["weight"], tuple) else (data["weight"], 0)
            if other not in best:
                count += 1
                heapq.heappush(heap, ((d[0] + w[0], d[1] + w[1]), count, other))
    return [best.get(t) for t in targets]


def furness(seed, rows, columns, rounds=5000):
    """Alternate row and column scaling, plain numpy."""
    out = np.array(seed, float)
    for _ in range(rounds):
        s = out.sum(axis=1)
        out *= np.divide(rows, s, out=np.zeros_like(s), where=s > 0)[:, None]
        s = out.sum(axis=0)
        out *= np.divide(columns, s, out=np.zeros_like(s), where=s > 0)
    return out


def logit(utilities):
    """Shares from a list of utilities, None for a mode that is not to be had."""
    weight = [0.0 if u is None else math.exp(u) for u in utilities]
    return [w / sum(weight) for w in weight]


def most_served(wanted, capacity, pairs):
    """Largest flow from zones to places over the pairs allowed, by networkx."""
    graph = nx.DiGraph()
    graph.add_nodes_from(("source", "sink"))
    for i, w in enumerate(wanted):
        graph.add_edge("source", ("zone", i), capacity=int(w))
    for j, c in enumerate(capacity):
        graph.add_edge(("place", j), "sink", capacity=int(c))
    for i, j in pairs:
        graph.add_edge(("zone", int(i)), ("place", int(j)))
    return nx.maximum_flow_value(graph, "source", "sink")


def nearest_on_lines(point_xy, lines_xy):
    """Nearest place on polylines: (line, share of its length, distance)."""
    best = (None, 0.0, math.inf)
    for n, line in enumerate(lines_xy):
        steps = [math.dist(a, b) for a, b in itertools.pairwise(line)]
        behind = 0.0
        for (a, b), step in zip(itertools.pairwise(line), steps, strict=True):
            t = 0.0
            if step > 0:
                t = ((point_xy[0] - a[0]) * (b[0] - a[0]) + (point_xy[1] - a[1]) * (b[1] - a[1])) / step**2
            t = min(1.0, max(0.0, t))
            foot = (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
            d = math.dist(foot, point_xy)
            if d < best[2] - 1e-9:
                best = (n, (behind + t * step) / max(sum(steps), 1e-12), d)
            behind += step
    return best


def nested(utilities, nests, scales):
    """Shares by alternative name under a nested logit whose scales divide; `utilities` and `nests` by name.

    An alternative that is not to be had has utility None. No shares where there is none.
    """
    there = {name: v for name, v in utilities.items() if v is not None}
    sums = {n: sum(math.exp(v / mu) for name, v in there.items() if nests[name] == n) for n, mu in enumerate(scales)}
    weight = {n: math.exp(mu * math.log(sums[n])) if sums[n] > 0 else 0.0 for n, mu in enumerate(scales)}
    total = sum(weight.values())
    return {
        name: weight[nests[name]] / total * math.exp(v / scales[nests[name]]) / sums[nests[name]]
        for name, v in there.items()
    }


def erlang(load, servers):
    """Erlang B and C as sums of terms load^n / n!, in fractions; no C where the load is not below the servers."""
    term, total = Fraction(1), Fraction(1)
    for n in range(1, servers + 1):
        term *= Fraction(load) / n
        total += term
    if load >= servers:
        return term / total, None
    last = term * servers / (servers - Fraction(load))
    return term / total, last / (total - term + last)


def turns(arrive, service, plugs, loses):
    """When each driver starts to charge, None for who drives on: events on a heap, a line of drivers, plugs counted."""
    start = [None] * len(arrive)
    events = [(t, 1, k) for k, t in enumerate(arrive)]  # who leaves at an instant leaves before who comes
    heapq.heapify(events)
    line, taken = [], 0
    while events:
        now, comes, k = heapq.heappop(events)
        if not comes:
            taken -= 1
        elif taken < plugs or not loses:
            line.append(k)
        if line and taken < plugs:
            first = line.pop(0)
            start[first], taken = now, taken + 1
            heapq.heappush(events, (now + service[first], 0, first))
    return start


def cars(mean, sd, most):
    """Probabilities of 0, 1 ... `most` cars by their ratios, from none upwards, in fractions of the numbers given."""
    mean, variance = Fraction(mean), Fraction(sd) ** 2
    weights = [Fraction(1)]
    for k in range(most):
        ahead = mean * mean + (variance - mean) * k
        weights.append(weights[-1] * ahead / (k + 1) if ahead > 0 else Fraction(0))
    last = max(k for k, w in enumerate(weights) if w > 0)  # over variance^k: without spread it alone is left
    whole = [w * variance ** (last - k) if k <= last else Fraction(0) for k, w in enumerate(weights)]
    return [w / sum(whole) for w in whole]


def own_cars(mean, sd, spaces):
    """Probabilities of 0, 1 ... `spaces` cars of the owner's: of an urn where that spreads more than a binomial."""
    share, variance = min(Fraction(mean) / max(spaces, 1), Fraction(1)), Fraction(sd) ** 2
    alone = spaces * share * (1 - share)
    if spaces < 2 or variance <= alone:
        return cars(mean, sd, spaces)
    if not alone:
        return [Fraction(k == share * spaces) for k in range(spaces + 1)]
    alike = min((variance / alone - 1) / (spaces - 1), 1 - Fraction(1, 10**6))

    def drawn(part, times):
        return math.prod((part * (1 - alike) + i * alike for i in range(times)), start=Fraction(1))

    ways = [math.comb(spaces, k) * drawn(share, k) * drawn(1 - share, spaces - k) for k in range(spaces + 1)]
    return [way / drawn(Fraction(1), spaces) for way in ways]


def overflow(mean, sd, spaces, arrivals, room, late, standing, late_share):
    """Probability that the owner's cars, arrivals, late and standing ones exceed `room`: every combination, summed."""
    own = own_cars(mean, sd, spaces)
    come = poisson(arrivals, max(room, 0))
    share = Fraction(late_share)
    stay = [math.comb(late, k) * share**k * (1 - share) ** (late - k) for k in range(late + 1)]
    fits = Fraction(0)
    for n, a in enumerate(own):
        for m, b in enumerate(come):
            fits += sum(a * b * c for k, c in enumerate(stay) if n + m + k + standing <= room)
    return 1 - fits


def poisson(mean, most):
    """Probabilities of 0, 1 ... `most` arrivals."""
    terms = [Fraction(1)]
    for k in range(most + 40 + int(20 * mean)):
        terms.append(terms[-1] * Fraction(mean) / (k + 1))
    return [t / sum(terms) for t in terms[: most + 1]]


def parked(spaces, own, come, late, begin, leaving, late_slots, mixed):
    """Cars that wait as half-hours begin, sharing ones and all, and most in them: cars in a list, spaces by number."""
    standing, waiting, out = [], {"own": 0, "sharing": 0}, []

    def comes(who):
        taken = {space for space, _ in standing}
        assert len(taken) == len(standing), "two cars on one space"
        if len(taken) == spaces:
            waiting[who] += 1
        else:
            standing.append([min(set(range(spaces)) - taken), who])

    def goes(who):
        here = [car for car in standing if car[1] == who]
        if not here:
            waiting[who] -= 1
            return
        standing.remove(here[0])
        for waits in [w for w in ("own", "sharing") if waiting[w]][:1]:
            waiting[waits] -= 1
            comes(waits)

    def count(who):
        return sum(car[1] == who for car in standing) + waiting.get(who, 0)

    for t in range(len(own)):
        for _ in range(count(("late", t))):
            goes(("late", t))
        sharing = [car for car in standing if car[1] == "sharing"]
        end = min(leaving[t % len(begin)], count("sharing"))
        stay = sharing[: min(late[t], end)]
        for car in stay:
            car[1] = ("late", t + late_slots)
        for _ in range(end - len(stay)):
            goes("sharing")
        before = count("own")
        for _ in range(before - own[t]):
            goes("own")
        for _ in range(begin[t % len(begin)]):
            comes("sharing")
        turned = waiting["sharing"]
        for _ in range(own[t] - before):
            comes("own")
        first = most = sum(waiting.values())
        gone = max(0, own[t] + come[t] - own[t + 1]) if mixed and t + 1 < len(own) else 0
        events = [(Fraction(2 * i + 1, 2 * come[t]), 1) for i in range(come[t])]
        events += [(Fraction(k + 1, gone), 0) for k in range(gone)]  # who is left as the last comes leaves after it
        for when, arrives in sorted(events):
            if arrives:
                comes("own")
                most = max(most, sum(waiting.values()))
            elif come[t] and when <= Fraction(2 * come[t] - 1, 2 * come[t]):
                goes("own")
        out.append((turned, first, most))
    return out
