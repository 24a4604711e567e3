"""Pieces of drawn lines."""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit

Ints = npt.NDArray[np.integer]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


@inner_njit
def _behind(lonlat: F64, narrow: float, into: F64) -> float:
    """Length before each point of a line, in degrees of latitude; the whole length."""
    into[0] = 0.0
    for p in range(1, lonlat.shape[0]):
        east, north = (lonlat[p, 0] - lonlat[p - 1, 0]) * narrow, lonlat[p, 1] - lonlat[p - 1, 1]
        into[p] = into[p - 1] + np.sqrt(east * east + north * north)
    return float(into[lonlat.shape[0] - 1])


@inner_njit
def _point_at(lonlat: F64, behind: F64, length: float, into: F64) -> None:
    p = 1
    while p < lonlat.shape[0] - 1 and behind[p] < length:
        p += 1
    step = behind[p] - behind[p - 1]
    share = min(1.0, max(0.0, (length - behind[p - 1]) / step)) if step > 0 else 0.0
    into[0] = (1.0 - share) * lonlat[p - 1, 0] + share * lonlat[p, 0]
    into[1] = (1.0 - share) * lonlat[p - 1, 1] + share * lonlat[p, 1]


@outer_njit
def cut(first: Ints, lonlat: F64, narrow: float, line: Ints, start: F64, end: F64) -> tuple[I64, F64]:
    """The part of each `line` (Q) from one share of its length to another, backward where `end` < `start`.

    Points of line l are lonlat[first[l]:first[l+1]]; `narrow` is the cosine of the latitude. CSR (first (Q+1), lonlat
    (G, 2)), two points or more a piece.
    """
    room = np.int64(0)
    for q in range(line.shape[0]):
        room += first[line[q] + 1] - first[line[q]] + 2
    out, out_first, size = np.empty((room, 2)), np.zeros(line.shape[0] + 1, np.int64), 0
    for q in range(line.shape[0]):
        points = lonlat[first[line[q]] : first[line[q] + 1]]
        behind = np.empty(points.shape[0])
        whole = _behind(points, narrow, behind)
        low, high = min(start[q], end[q]) * whole, max(start[q], end[q]) * whole
        begin = size
        _point_at(points, behind, low, out[size])
        size += 1
        for p in range(1, points.shape[0] - 1):
            if low < behind[p] < high:
                out[size, 0], out[size, 1] = points[p, 0], points[p, 1]
                size += 1
        _point_at(points, behind, high, out[size])
        size += 1
        if end[q] < start[q]:
            for step in range((size - begin) // 2):
                one, other = begin + step, size - 1 - step
                for c in range(2):
                    out[one, c], out[other, c] = out[other, c], out[one, c]
        out_first[q + 1] = size
    return out_first, out[:size].copy()
