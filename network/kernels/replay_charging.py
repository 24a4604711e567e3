"""A day at the plugs of a site, driver by driver."""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit

Reals = npt.NDArray[np.float64]


@inner_njit
def _put_first(free: Reals, value: float) -> None:
    """Puts `value` in the place of the least number of a heap."""
    n, at = free.shape[0], 0
    while True:
        child = 2 * at + 1
        if child + 1 < n and free[child + 1] < free[child]:
            child += 1
        if child >= n or free[child] >= value:
            break
        free[at] = free[child]
        at = child
    free[at] = value


@outer_njit
def take_turns(arrive: Reals, service: Reals, plugs: int, loses: bool) -> tuple[Reals, Reals]:
    """When each driver's plug is theirs, and from when on the next one would find a plug free, (n) each.

    Drivers come at `arrive` (n), rising, and keep a plug for `service` (n). They wait in one line in the order they
    came, or, where the site `loses`, drive on if no plug is free: not a number. At least one plug; all are free before
    the first driver. A driver who came right after k would start at the later of then and the second number.
    """
    n = arrive.shape[0]
    free = np.zeros(plugs)
    start, clear = np.empty(n), np.empty(n)
    for k in range(n):
        if loses and free[0] > arrive[k]:
            start[k] = np.nan
        else:
            start[k] = max(arrive[k], free[0])
            _put_first(free, start[k] + service[k])
        clear[k] = free[0]
    return start, clear
