"""Points on segments as the searches want them: what it costs to leave and to reach them, and who is behind which node.

Column 0 speaks of the forward, column 1 of the backward edge; costs are packed (`network.kernels.lanes`), -1 is closed.
"""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import outer_njit
from network.kernels.lanes import LENGTH_BITS
from network.kernels.search import Ends

Ints = npt.NDArray[np.integer]
Reals = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@outer_njit
def around(
    edge: Ints, along: Reals, time_ms: Ints, delay_ms: Ints, length_mm: Ints, weigh_time: bool
) -> tuple[I64, I64]:
    """Cost (X, 2) from the tail of each edge to the point and from there to the head, of the edges (X, 2) of segments.

    `along` (X) is the share of the segment behind the point; costs are rounded to whole units. Without `weigh_time`
    they are millimetres. Delays are felt at the far end.
    """
    behind, ahead = np.empty(edge.shape, np.int64), np.empty(edge.shape, np.int64)
    for i in range(edge.shape[0]):
        for k in range(2):
            e = edge[i, k]
            share = along[i] if k == 0 else 1.0 - along[i]
            time, length = np.int64(time_ms[e]), np.int64(length_mm[e])
            if time < 0:
                behind[i, k], ahead[i, k] = -1, -1
                continue
            passed = np.int64(np.rint(length * share))
            behind[i, k], ahead[i, k] = passed, length - passed
            if weigh_time:
                run = np.int64(np.rint((time - delay_ms[e]) * share))
                behind[i, k] += run << LENGTH_BITS
                ahead[i, k] += (time - run) << LENGTH_BITS
    return behind, ahead


@outer_njit
def arrivals(leave_node: Ints, leave_cost: I64, arrive_node: Ints, arrive_cost: I64) -> I64:
    """Cost (Y, 2) from the nodes behind the ends, -1 where nobody needs to arrive that way.

    Whoever comes along an edge to an end at a crossing is there already, unless the segment has no length.
    """
    cost = arrive_cost.copy()
    for j in range(cost.shape[0]):
        at_0 = leave_cost[j, 0] == 0 and arrive_cost[j, 1] == 0 and leave_node[j, 0] == arrive_node[j, 1]
        at_1 = leave_cost[j, 1] == 0 and arrive_cost[j, 0] == 0 and leave_node[j, 1] == arrive_node[j, 0]
        if at_0 != at_1:
            cost[j, 0 if at_0 else 1] = -1
    return cost


@outer_njit
def file_ends(nodes: int, arrive_node: Ints, arrive_cost: I64, on_segment: Ints, passed: I64) -> Ends:
    """Ends (Y) by the nodes behind them, ascending, and by segment."""
    first = np.zeros(nodes + 1, np.int32)
    for j in range(arrive_cost.shape[0]):
        for k in range(2):
            if arrive_cost[j, k] >= 0:
                first[arrive_node[j, k] + 1] += 1
    for n in range(nodes):
        first[n + 1] += first[n]
    free, end, cost = first[:-1].copy(), np.empty(first[nodes], np.int32), np.empty(first[nodes], np.int64)
    for j in range(arrive_cost.shape[0]):
        for k in range(2):
            if arrive_cost[j, k] >= 0:
                place = free[arrive_node[j, k]]
                free[arrive_node[j, k]] += 1
                end[place], cost[place] = j, arrive_cost[j, k]
    return Ends(first, end, cost, on_segment, passed)
