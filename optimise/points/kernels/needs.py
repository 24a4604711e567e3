"""Spaces that a site needs for those it serves, and the needs of all sets of a few demand points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimise.charging.kernels.shapes import I32, I64, inner, outer

U16 = npt.NDArray[np.uint16]
_THOUSAND = 1000


class Near(NamedTuple):
    """Who is within reach of a site: point[start[j]:start[j+1]], rising; of a demand point: site[first[i]:first[i+1]].

    net (I, W, T+1), flow (I, W) [thousandths of bikes]; z: margin in thousandths of a standard deviation.
    """

    start: I64
    point: I64
    first: I64
    site: I64
    net: I32
    flow: I64
    z: int


class Sites(NamedTuple):
    """Columns of the problem (J)."""

    most: I64
    least: I64
    already: I64
    open_fen: I64
    space_fen: I64


@inner
def margin(flow: int, z: int) -> int:
    """Z * sqrt(flow) rounded up, exactly."""
    square = -((-z * z * flow) // _THOUSAND)
    root = int(np.sqrt(float(square)))
    while root * root < square:
        root += 1
    while root > 0 and (root - 1) * (root - 1) >= square:
        root -= 1
    return root


@inner
def need(sums: I32, flow: I64, z: int) -> int:
    """Spaces for sums of net (W, T+1) and of flow (W)."""
    most = np.int64(0)
    for w in range(len(flow)):
        low, high = sums[w, 0], sums[w, 0]
        for t in range(sums.shape[1]):
            low = min(low, sums[w, t])
            high = max(high, sums[w, t])
        most = max(most, np.int64(high) - np.int64(low) + margin(flow[w], z))
    return int(-((-most) // _THOUSAND))


@inner
def put(near: Near, i: int, sums: I32, flow: I64, sign: int) -> None:
    """Add a demand point to the sums of a site, or take it out."""
    for w in range(len(flow)):
        flow[w] += sign * near.flow[i, w]
        for t in range(sums.shape[1]):
            sums[w, t] += sign * near.net[i, w, t]


@inner
def cost(sites: Sites, j: int, spaces: int) -> int:
    """Money for a site that serves somebody and needs so many spaces, which are not beyond its most."""
    if sites.already[j] > 0:
        return int(sites.space_fen[j] * max(spaces - sites.already[j], 0))
    return int(sites.open_fen[j] + sites.space_fen[j] * max(spaces, sites.least[j]))


@outer
def all_needs(near: Near, sites: Sites, table: I64, out: U16) -> None:
    """Spaces that each set of those in reach needs, most + 1 where they are too many; sets are bit masks.

    table (J): where the sets of a site begin in out, -1 for none.
    """
    _, windows, hours = near.net.shape
    for j in range(len(table)):
        if table[j] < 0:
            continue
        count, begin = near.start[j + 1] - near.start[j], near.start[j]
        sums, flow = np.zeros((windows, hours), np.int32), np.zeros(windows, np.int64)
        mask, limit = 0, sites.most[j] + 1
        out[table[j]] = 0
        for step in range(1, 1 << count):
            bit = 0
            while (step >> bit) & 1 == 0:
                bit += 1
            mask ^= 1 << bit
            sign = 1 if (mask >> bit) & 1 else -1
            put(near, near.point[begin + bit], sums, flow, sign)
            out[table[j] + mask] = min(need(sums, flow, near.z), limit)
