"""Trips of a timetable as they must be."""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import outer_njit

I32 = npt.NDArray[np.int32]

FINE, GOES_BACK, OVERTAKES = range(3)


@outer_njit
def flaw(pattern_first: I32, trip_first: I32, arrive_s: I32, depart_s: I32) -> tuple[int, int]:
    """The first pattern with a trip that goes back in time or overtakes the one before, and which of both; else FINE.

    Times by pattern, by trip, by call: trips of pattern p are trip_first[p]:trip_first[p+1].
    """
    x = 0
    for p in range(len(pattern_first) - 1):
        calls = pattern_first[p + 1] - pattern_first[p]
        overtakes = False
        for trip in range(trip_first[p + 1] - trip_first[p]):
            for call in range(calls):
                if depart_s[x] < arrive_s[x] or (call > 0 and arrive_s[x] < depart_s[x - 1]):
                    return p, GOES_BACK
                if trip > 0 and (arrive_s[x] < arrive_s[x - calls] or depart_s[x] < depart_s[x - calls]):
                    overtakes = True
                x += 1
        if overtakes:
            return p, OVERTAKES
    return -1, FINE
