"""The most that given capacities serve: whole flows from demand points to sites within reach (Dinic's algorithm).

Dinic 1970; the graph is bipartite, so levels take turns between points and sites, and a point gives up what it sent
to one site for another.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from optimise.charging.kernels.shapes import ALONE, I32, I64, Reach, Whole, inner, shared

_UNSEEN = -1


@inner
def _levels(reach: Reach, s: Whole, slack: I32, room: I32, sent: I32, of_point: I32, of_site: I32, queue: I32) -> bool:
    """Levels of points and sites from unserved demand on, up to the first sites with room; False where none is met.

    Where none is met, of_site tells the sites that more room would help.
    """
    points = len(slack)
    of_point[:], of_site[:] = _UNSEEN, _UNSEEN
    high, low, last = 0, 0, 2**31 - 1
    for i in range(points):
        if slack[i] > 0:
            of_point[i] = 0
            queue[high] = i
            high += 1
    while low < high:
        i = queue[low]
        low += 1
        if of_point[i] >= last:
            break
        for r in range(reach.first[s, i], reach.first[s, i + 1]):
            j = reach.site[r]
            if of_site[j] != _UNSEEN:
                continue
            of_site[j] = of_point[i] + 1
            if room[j] > 0:
                last = of_site[j]
                continue
            if last < 2**31 - 1:
                continue
            for k in range(reach.start[s, j], reach.start[s, j + 1]):
                q = reach.pair[k]
                other = reach.point[q]
                if of_point[other] == _UNSEEN and sent[q] > 0:
                    of_point[other] = of_site[j] + 1
                    queue[high] = other
                    high += 1
    return last < 2**31 - 1


@inner
def _send(slack: I32, room: I32, sent: I32, trail: I64, deep: int, source: int, j: int) -> None:
    """As much as fits along a path from a point to the room of a site."""
    amount = min(slack[source], room[j])
    for k in range(1, deep, 2):
        amount = min(amount, sent[trail[k]])
    for k in range(deep + 1):
        sent[trail[k]] += -amount if k & 1 else amount
    slack[source] -= amount
    room[j] -= amount


@inner
def _push(
    reach: Reach, s: Whole, slack: I32, room: I32, sent: I32, of_point: I32, of_site: I32, next_pair: I64,
    next_back: I64, trail: I64, source: int,
) -> bool:  # fmt: skip
    """Send along one path of rising levels from an unserved point; False where there is no more such path.

    trail: pairs of the path, forward and back in turns; next_pair (I), next_back (J): where each left off.
    """
    i, deep = source, 0
    while True:
        j = -1
        while next_pair[i] < reach.first[s, i + 1]:
            j = reach.site[next_pair[i]]
            if of_site[j] == of_point[i] + 1:
                break
            j = -1
            next_pair[i] += 1
        if j < 0:
            if deep == 0:
                return False
            deep -= 2
            back = trail[deep + 1]
            next_back[reach.site[back]] += 1
            i = reach.point[trail[deep]]
            continue
        trail[deep] = next_pair[i]
        if room[j] > 0:
            break
        q = -1
        while next_back[j] < reach.start[s, j + 1]:
            q = reach.pair[next_back[j]]
            if sent[q] > 0 and of_point[reach.point[q]] == of_site[j] + 1:
                break
            q = -1
            next_back[j] += 1
        if q < 0:
            next_pair[i] += 1
            continue
        trail[deep + 1] = q
        deep += 2
        i = reach.point[q]
    _send(slack, room, sent, trail, deep, source, j)
    return True


@inner
def maximise(reach: Reach, s: Whole, slack: I32, room: I32, sent: I32, help_: I32) -> None:
    """Serve as much as can be from the flow that is there; help_ (J): 0 or more at sites that more room would help."""
    points, sites = len(slack), len(room)
    of_point, queue = np.empty(points, np.int32), np.empty(points, np.int32)
    next_pair, next_back = np.empty(points, np.int64), np.empty(sites, np.int64)
    trail = np.empty(2 * (points + sites) + 2, np.int64)
    while _levels(reach, s, slack, room, sent, of_point, help_, queue):
        next_pair[:] = reach.first[s, :-1]
        next_back[:] = reach.start[s, :-1]
        for i in range(points):
            while slack[i] > 0 and of_point[i] == 0:
                if not _push(reach, s, slack, room, sent, of_point, help_, next_pair, next_back, trail, i):
                    break


@inner
def _reroute_flow(reach: Reach, hours: Whole, slack: I32, room: I32, sent: I32, help_: I32, f: Whole) -> None:
    services = len(reach.first)
    s, row = f // hours % services, f // (hours * services) * hours + f % hours
    maximise(reach, s, slack[f], room[f], sent[row], help_[f])


@shared
def reroute(reach: Reach, hours: Whole, slack: I32, room: I32, sent: I32, help_: I32) -> None:
    """Maximum flows from those that are there: slack (F, I) is not served, room (F, J) not used, sent (TH, R) is what
    pairs carry; help_ (F, J) becomes 0 or more at sites that more room would help.
    """
    if len(slack) * len(reach.site) < ALONE:
        for f in range(len(slack)):
            _reroute_flow(reach, hours, slack, room, sent, help_, f)
        return
    for f in prange(len(slack)):
        _reroute_flow(reach, hours, slack, room, sent, help_, np.int64(f))
