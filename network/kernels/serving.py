"""The most energy that sites can give to demand points within reach, hour by hour: maximum flows on one set of pairs.

Dinic's algorithm (1970) on a graph of two sides: demand points with slack, pairs, sites with room. Levels by breadth
first, then blocking flow by depth first. Hours do not depend on each other and are shared out among threads.
"""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import Whole, crew_njit, inner_njit

Wholes = npt.NDArray[np.int64]

_UNSEEN = -1


@inner_njit
def _levels(
    first: Wholes, site: Wholes, start: Wholes, by_site: Wholes, row: Wholes, sent: Wholes, slack: Wholes, room: Wholes,
    of_demand: Wholes, of_site: Wholes, queue: Wholes,
) -> bool:  # fmt: skip
    """Steps from slack demand to every demand point and site that is no farther than the nearest room; whether any is.

    `queue` (I) holds demand points.
    """
    low, high, found = 0, 0, False
    for j in range(of_site.shape[0]):
        of_site[j] = _UNSEEN
    for i in range(of_demand.shape[0]):
        of_demand[i] = _UNSEEN
        if slack[i] > 0 and first[i + 1] > first[i]:
            of_demand[i] = 0
            queue[high] = i
            high += 1
    while low < high:
        end = high
        while low < end:
            i = queue[low]
            low += 1
            for r in range(first[i], first[i + 1]):
                j = site[r]
                if of_site[j] != _UNSEEN:
                    continue
                of_site[j] = of_demand[i] + 1
                found = found or room[j] > 0
                for k in range(start[j], start[j + 1]):
                    back = row[by_site[k]]
                    if of_demand[back] == _UNSEEN and sent[by_site[k]] > 0:
                        of_demand[back] = of_site[j] + 1
                        queue[high] = back
                        high += 1
        if found:
            break
    return found


@inner_njit
def _send(
    by_site: Wholes, sent: Wholes, slack: Wholes, room: Wholes, next_pair: Wholes, next_back: Wholes,
    points: Wholes, sites: Wholes, depth: int,
) -> None:  # fmt: skip
    """As much as fits along the path from points[0] to sites[depth]."""
    amount = min(slack[points[0]], room[sites[depth]])
    for d in range(depth):
        amount = min(amount, sent[by_site[next_back[sites[d]]]])
    slack[points[0]] -= amount
    room[sites[depth]] -= amount
    for d in range(depth + 1):
        sent[next_pair[points[d]]] += amount
        if d < depth:
            sent[by_site[next_back[sites[d]]]] -= amount


@inner_njit
def _block(  # noqa: PLR0912 - one walk along levels
    first: Wholes, site: Wholes, start: Wholes, by_site: Wholes, row: Wholes, sent: Wholes, slack: Wholes, room: Wholes,
    of_demand: Wholes, of_site: Wholes, next_pair: Wholes, next_back: Wholes, points: Wholes, sites: Wholes,
) -> None:  # fmt: skip
    """A blocking flow along rising levels; points, sites: the path being followed."""
    for i in range(slack.shape[0]):
        next_pair[i] = first[i]
    for j in range(room.shape[0]):
        next_back[j] = start[j]
    for i0 in range(slack.shape[0]):
        if of_demand[i0] != 0:
            continue
        points[0], depth, at_site = i0, 0, False
        while slack[i0] > 0:
            if not at_site:
                i = points[depth]
                while next_pair[i] < first[i + 1] and of_site[site[next_pair[i]]] != of_demand[i] + 1:
                    next_pair[i] += 1
                if next_pair[i] < first[i + 1]:
                    sites[depth], at_site = site[next_pair[i]], True
                elif depth == 0:
                    break
                else:
                    depth, at_site = depth - 1, True
                    next_back[sites[depth]] += 1
                continue
            j = sites[depth]
            if room[j] > 0:
                _send(by_site, sent, slack, room, next_pair, next_back, points, sites, depth)
                depth, at_site = 0, False
                continue
            while next_back[j] < start[j + 1]:
                r = by_site[next_back[j]]
                if sent[r] > 0 and of_demand[row[r]] == of_site[j] + 1:
                    break
                next_back[j] += 1
            at_site = False
            if next_back[j] < start[j + 1]:
                depth += 1
                points[depth] = row[by_site[next_back[j]]]
            else:
                next_pair[points[depth]] += 1


@crew_njit
def serve_hours(
    crew: Whole, crews: Whole, first: Wholes, site: Wholes, start: Wholes, by_site: Wholes, row: Wholes,
    wanted: Wholes, capacity: Wholes, served: Wholes, given: Wholes,
) -> None:  # fmt: skip
    """Energy `served` to each point (H, I) and `given` by each site (H, J) in every hour, the most there can be in all.

    Pairs of point i: site[first[i]:first[i+1]]; pairs of site j, by their positions: by_site[start[j]:start[j+1]];
    row: point of each pair. wanted (H, I), capacity (H, J): whole numbers. Every crew takes each `crews`-th hour.
    """
    demands, places = wanted.shape[1], capacity.shape[1]
    for h in range(crew, wanted.shape[0], crews):
        slack, room, sent = wanted[h].copy(), capacity[h].copy(), np.zeros(site.shape[0], np.int64)
        of_demand, of_site = np.empty(demands, np.int64), np.empty(places, np.int64)
        next_pair, next_back = np.empty(demands, np.int64), np.empty(places, np.int64)
        points, sites = np.empty(demands + 1, np.int64), np.empty(places + 1, np.int64)
        while _levels(first, site, start, by_site, row, sent, slack, room, of_demand, of_site, points):
            _block(
                first, site, start, by_site, row, sent, slack, room, of_demand, of_site, next_pair, next_back, points,
                sites,
            )  # fmt: skip
        for i in range(demands):
            served[h, i] = wanted[h, i] - slack[i]
        for j in range(places):
            given[h, j] = capacity[h, j] - room[j]
