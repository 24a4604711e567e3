"""A charging problem as the kernels read it."""

from __future__ import annotations

import numpy as np

from optimise.charging.kernels.flows import reroute
from optimise.charging.kernels.shapes import I32, Options, Reach, Steps
from optimise.charging.problem import ChargerProblem
from optimise.problem import I64


def reach_of(problem: ChargerProblem) -> Reach:
    """Pairs of all services behind one another, by point and by site."""
    first, site, point, start, pair, begun = [], [], [], [], [], 0
    for s in range(problem.services):
        here = problem.site[s]
        first.append(problem.first[s] + begun)
        site.append(here)
        point.append(np.repeat(np.arange(problem.points), np.diff(problem.first[s])))
        start.append(begun + _starts(here, problem.sites))
        pair.append(begun + np.argsort(here, kind="stable"))
        begun += len(here)
    thin = [np.concatenate(rows).astype(np.int32) for rows in (site, point, pair)]
    return Reach(np.array(first), thin[0], thin[1], np.array(start), thin[2], problem.open > 0)


def flows_of(problem: ChargerProblem) -> I64:
    """(F, I) demand of each year, service and hour, in this order."""
    return np.ascontiguousarray(problem.demand.transpose(0, 1, 3, 2)).reshape(-1, problem.points)


def maximum_flows(reach: Reach, hours: int, demand: I64, capacity: I64) -> tuple[I32, I32]:
    """(F, I) demand that capacities (T, S, J) do not serve in open hours, and (F, J) 0 or more at sites that more, or
    more hours, would help.
    """
    sites = capacity.shape[2]
    slack = demand.astype(np.int32, order="C")
    room = (capacity[:, :, None, :] * reach.open.T).reshape(-1, sites).astype(np.int32, order="C")
    sent = np.zeros((len(capacity) * hours, len(reach.site)), np.int32)
    help_ = np.empty_like(room)
    reroute(reach, hours, slack, room, sent, help_)
    return slack, help_


def steps_of(problem: ChargerProblem) -> Steps:
    """Each site's different capacities by service."""
    first, level, of, begun = [], [], [], 0
    for s in range(problem.services):
        capacity = problem.option_capacity[:, s]
        order = np.lexsort((capacity, problem.option_site))
        site, size = problem.option_site[order], capacity[order]
        new = np.append(True, (np.diff(site) != 0) | (np.diff(size) != 0))
        place = np.empty(len(capacity), np.int64)
        place[order] = begun + np.cumsum(new) - 1
        first.append(begun + _starts(site[new], problem.sites))
        level.append(size[new])
        of.append(place)
        begun += int(new.sum())
    return Steps(np.array(first), np.concatenate(level), np.array(of))


def options_of(problem: ChargerProblem) -> Options:
    """Options and what may follow each of them."""
    follow, after = [0], []
    for o, j in enumerate(problem.option_site.tolist()):
        others = np.arange(problem.option_first[j], problem.option_first[j + 1])
        grown = (problem.option_plugs[others] >= problem.option_plugs[o]).all(axis=1) & (others != o)
        after += [np.array([o]), others[grown]]
        follow.append(follow[-1] + 1 + int(grown.sum()))
    return Options(
        problem.option_first, problem.option_fen, problem.mobilise_fen, np.array(follow), np.concatenate(after)
    )


def _starts(key: I64, count: int) -> I64:
    return np.concatenate(([0], np.cumsum(np.bincount(key, minlength=count)))).astype(np.int64)
