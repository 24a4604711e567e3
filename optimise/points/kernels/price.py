"""The sets of demand points that are worth most to each site at given prices.

Serving a set costs spaces for its swing and for z times the root of its flow. At one pair of hours (or a mean of
several) the swing is a plain sum, so that the best set begins with those whose worth is most for their flow and ends
somewhere (Shen, Coullard and Daskin 2003, doi 10.1287/trsc.37.1.40.12823). That bounds every set from above, and a
search through the sets in this order finds the best one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimise.charging.kernels.shapes import F64, I32, I64, Flags, inner, outer
from optimise.points.kernels.needs import U16, Near, Sites, cost, need, put

Table = npt.NDArray[np.bool_]
_LEANS = 12
"""Pairs of hours tried for a bound."""
_TINY = 1e-9
_DUG = 150
"""Steps that a set dug up counts as, beside one that is looked up."""
_LOW = 7
"""Bits of a set that are looked through in the inner loop."""


class Cuts(NamedTuple):
    """Rules that a site breaks where its set holds `least` (C) or more of `mask` (C), bits of those in its reach.

    Of site j: first[j]:first[j+1]. cut (C): which rule, with price and with hits, how many sites do so.
    """

    first: I64
    mask: I64
    least: I64
    cut: I64
    price: F64
    hits: I64


class Lean(NamedTuple):
    """A bound on the profit of sets: constant + sum of gain - root * sqrt(sum of flow); order: best first.

    gain, flow, order (n) of those in reach; number (2): constant and root.
    """

    gain: F64
    flow: F64
    order: I64
    number: F64


@inner
def dearest(lean: Lean, place: int, gain: float, flow: float) -> tuple[float, int]:
    """The bound over all sets that hold what was chosen before `place`, and where they end."""
    root, end = lean.number[1], place
    best = gain - root * np.sqrt(flow)
    for k in range(place, len(lean.order)):
        i = lean.order[k]
        if lean.gain[i] <= 0.0:
            break
        gain += lean.gain[i]
        flow += lean.flow[i]
        here = gain - root * np.sqrt(flow)
        if here > best:
            best, end = here, k + 1
    return best + lean.number[0], end


@inner
def _sort(lean: Lean) -> None:
    """The most gain for their flow first, those that lose by themselves last."""
    for k in range(1, len(lean.order)):
        i, at = lean.order[k], k
        while at > 0:
            other = lean.order[at - 1]
            if lean.gain[other] * lean.flow[i] >= lean.gain[i] * lean.flow[other]:
                break
            lean.order[at] = other
            at -= 1
        lean.order[at] = i


@inner
def _aim(near: Near, begin: int, lean: Lean, w: int, tilt: F64, worth: F64, slope: float, line: float) -> None:
    """Set a bound for a window: a thousandth of a bike costs `slope`, from `line` on."""
    for k in range(len(lean.order)):
        lean.gain[k] = worth[begin + k] - slope * tilt[k]
        lean.flow[k] = max(float(near.flow[near.point[begin + k], w]), _TINY)
    lean.number[0], lean.number[1] = line, slope * near.z / np.sqrt(1000.0)
    _sort(lean)


@inner
def _hours(sums: I32, flow: I64, near: Near) -> tuple[int, int, int]:
    """Window that binds, and the hours of its highest and lowest sum."""
    window, top, low, most = 0, 0, 0, -1.0
    for w in range(len(flow)):
        high, least = 0, 0
        for t in range(sums.shape[1]):
            if sums[w, t] > sums[w, high]:
                high = t
            if sums[w, t] < sums[w, least]:
                least = t
        here = float(sums[w, high] - sums[w, least]) + near.z * np.sqrt(flow[w] / 1000.0)
        if here > most:
            window, top, low, most = w, high, least, here
    return window, top, low


@inner
def lean_of(near: Near, sites: Sites, j: int, worth: F64, fen: float, charge: float, best: Lean) -> None:
    """The lowest bound found, written into `best`."""
    begin, count = near.start[j], near.start[j + 1] - near.start[j]
    windows, hours = near.net.shape[1], near.net.shape[2]
    now = Lean(np.zeros(count), np.zeros(count), np.arange(count), np.zeros(2))
    tilt, knee = np.zeros(count), max(sites.already[j], sites.least[j] if sites.already[j] == 0 else 0)
    usual = fen * sites.space_fen[j] / 1000.0
    slope, window, lowest = usual, 0, np.inf
    for step in range(_LEANS):
        anchor = knee if slope <= usual else sites.most[j]
        line = slope * 1000.0 * anchor - fen * cost(sites, j, anchor) - charge
        _aim(near, begin, now, window, tilt, worth, slope, line)
        bound, end = dearest(now, 0, 0.0, 0.0)
        if bound < lowest:
            lowest = bound
            best.number[0], best.number[1] = now.number[0], now.number[1]
            for k in range(count):
                best.gain[k], best.flow[k], best.order[k] = now.gain[k], now.flow[k], now.order[k]
        sums, flow = np.zeros((windows, hours), np.int32), np.zeros(windows, np.int64)
        for k in range(end):
            put(near, near.point[begin + now.order[k]], sums, flow, 1)
        spaces = need(sums, flow, near.z)
        change = 1.0 + 4.0 / (4.0 + step)
        if spaces > sites.most[j]:
            slope = slope * change + _TINY
        elif slope > usual or spaces < knee:
            slope = slope / change
        w, top, low = _hours(sums, flow, near)
        share = 1.0 if w != window or step == 0 else 1.0 / (step + 1)
        window = w
        for k in range(count):
            i = near.point[begin + k]
            tilt[k] += share * (near.net[i, w, top] - near.net[i, w, low] - tilt[k])


@inner
def _bits(mask: int) -> int:
    """How many bits are set; there are few."""
    count = 0
    while mask > 0:
        mask &= mask - 1
        count += 1
    return count


@inner
def _broken(cuts: Cuts, j: int, inside: Flags) -> float:
    """Prices of the rules that a set breaks."""
    total = 0.0
    for c in range(cuts.first[j], cuts.first[j + 1]):
        held = 0
        for k in range(len(inside)):
            held += inside[k] and (cuts.mask[c] >> k) & 1
        if held >= cuts.least[c]:
            total += cuts.price[cuts.cut[c]]
    return total


@inner
def dig(
    near: Near, sites: Sites, j: int, worth: F64, fen: float, charge: float, lean: Lean, floor: float, most: int,
    taken: Table, cuts: Cuts,
) -> tuple[float, float, int]:  # fmt: skip
    """The best set worth more than `floor`, a bound on all of them, and the sets looked at, some `most` of them.

    worth (M) of all sites. taken (1, n) is written where a set is found; with more rows, (K, n), every set worth more
    than `floor` is, until they are full, and their number stands in place of the best.
    """
    begin, count = near.start[j], near.start[j + 1] - near.start[j]
    windows, hours = near.net.shape[1], near.net.shape[2]
    sums, flow = np.zeros((windows, hours), np.int32), np.zeros(windows, np.int64)
    inside = np.zeros(count, np.bool_)
    gain, volume, real = np.zeros(count + 1), np.zeros(count + 1), np.zeros(count + 1)
    above = np.full(count + 1, -np.inf)
    best, place, looked, left, found, rows = floor, 0, 0, -np.inf, 0, len(taken)
    above[0], _ = dearest(lean, 0, 0.0, 0.0)
    down = above[0] > best
    while True:
        if down and place < count:
            k = lean.order[place]
            put(near, near.point[begin + k], sums, flow, 1)
            inside[k] = True
            gain[place + 1], volume[place + 1] = gain[place] + lean.gain[k], volume[place] + lean.flow[k]
            real[place + 1] = real[place] + worth[begin + k]
            place += 1
            looked += 1
            spaces = need(sums, flow, near.z)
            if spaces <= sites.most[j]:
                value = real[place] - fen * cost(sites, j, spaces) - charge
                if value > best:
                    value -= _broken(cuts, j, inside)
                if value > best:
                    for i in range(count):
                        taken[found, i] = inside[i]
                    if rows == 1:
                        best = value
                    else:
                        found += 1
                        if found == rows:
                            break
            above[place], _ = dearest(lean, place, gain[place], volume[place])
            if looked >= most:
                left = max(left, above[place])
                down = False
            else:
                down = above[place] > best
            continue
        while place > 0 and not inside[lean.order[place - 1]]:
            place -= 1
        if place == 0:
            break
        k = lean.order[place - 1]
        put(near, near.point[begin + k], sums, flow, -1)
        inside[k] = False
        gain[place], volume[place], real[place] = gain[place - 1], volume[place - 1], real[place - 1]
        above[place], _ = dearest(lean, place, gain[place], volume[place])
        if looked >= most:
            left = max(left, above[place])
            down = False
        else:
            down = above[place] > best
    return best if rows == 1 else float(found), max(best, left), looked


@inner
def _break(cuts: Cuts, j: int, low: int) -> F64:
    """(C, 3, 2^low) price of each rule where at most 2 of its bits are lacking, by the low bits of a set."""
    first, rules = cuts.first[j], cuts.first[j + 1] - cuts.first[j]
    broken = np.zeros((rules, 3, 1 << low))
    for c in range(rules):
        for lacks in range(3):
            for mask in range(1 << low):
                if _bits(cuts.mask[first + c] & mask) >= lacks:
                    broken[c, lacks, mask] = cuts.price[cuts.cut[first + c]]
    return broken


@inner
def look_up(
    near: Near, sites: Sites, j: int, worth: F64, fen: float, charge: float, needs: U16, floor: float, taken: Flags,
    cuts: Cuts,
) -> float:  # fmt: skip
    """The best set worth more than `floor`, of all sets whose needs are known (2^n)."""
    begin, count = near.start[j], near.start[j + 1] - near.start[j]
    least = np.full(sites.most[j] + 2, np.inf)
    for spaces in range(sites.most[j] + 1):
        least[spaces] = fen * cost(sites, j, spaces) + charge
    low = min(count, _LOW)
    some, more = np.zeros(1 << low), np.zeros(1 << (count - low))
    for k in range(count):
        part, bit = (some, k) if k < low else (more, k - low)
        for mask in range(1 << bit):
            part[mask + (1 << bit)] = part[mask] + worth[begin + k]
    rules = cuts.first[j + 1] - cuts.first[j]
    broken, here, best, found = _break(cuts, j, low), some, floor, 0
    if rules > 0:
        here = np.empty(len(some))
    for high in range(len(more)):
        if rules > 0:
            for mask in range(len(some)):
                here[mask] = some[mask]
            for c in range(rules):
                at = cuts.first[j] + c
                lacks = max(cuts.least[at] - _bits((cuts.mask[at] >> low) & high), 0)
                for mask in range(len(some)):
                    here[mask] -= broken[c, lacks, mask]
        for mask in range(len(some)):
            set_ = (high << low) + mask
            value = more[high] + here[mask] - least[needs[set_]]
            if value > best and set_ > 0:
                best, found = value, set_
    if found > 0:
        for k in range(count):
            taken[k] = (found >> k) & 1 == 1
    return best


class Looked(NamedTuple):
    """How sites are looked through: table (J) begins of `needs`, -1 where all sets are too many, then `most` sets."""

    table: I64
    needs: U16
    most: int


@inner
def price_site(
    near: Near, sites: Sites, looked: Looked, j: int, worth: F64, fen: float, charge: float, taken: Flags,
    cuts: Cuts,
) -> tuple[float, float, int]:  # fmt: skip
    """What a site is worth at best, a bound on it, and the sets looked at; taken (n) is written."""
    count, begin, most = near.start[j + 1] - near.start[j], near.start[j], 0.0
    for k in range(begin, begin + count):
        taken[k - begin] = False
        most += max(worth[k], 0.0)
    if most <= fen * cost(sites, j, 0) + charge:
        return 0.0, 0.0, 0
    if looked.table[j] >= 0:
        needs = looked.needs[looked.table[j] : looked.table[j] + (1 << count)]
        best = look_up(near, sites, j, worth, fen, charge, needs, 0.0, taken, cuts)
        return best, best, 1 << count
    lean = Lean(np.zeros(count), np.zeros(count), np.arange(count), np.zeros(2))
    lean_of(near, sites, j, worth, fen, charge, lean)
    best, above, dug = dig(
        near, sites, j, worth, fen, charge, lean, 0.0, looked.most, taken.reshape(1, count), cuts
    )  # fmt: skip
    return best, above, _DUG * (dug + _LEANS)


@outer
def price(
    near: Near, sites: Sites, looked: Looked, worth: F64, fen: float, charge: F64, best: F64, above: F64, paid: I64,
    taken: Flags, cuts: Cuts,
) -> int:  # fmt: skip
    """Write what each site is worth at best (J), a bound on it, its money and whom it serves then (M); returns the sets
    looked at.

    worth (M) of serving a point from a site, fen: worth of a fen, charge (J): for being open.
    """
    total, windows, hours = 0, near.net.shape[1], near.net.shape[2]
    for j in range(len(best)):
        begin, end = near.start[j], near.start[j + 1]
        best[j], above[j], some = price_site(near, sites, looked, j, worth, fen, charge[j], taken[begin:end], cuts)
        sums, flow, paid[j] = np.zeros((windows, hours), np.int32), np.zeros(windows, np.int64), 0
        for k in range(begin, end):
            if taken[k]:
                put(near, near.point[k], sums, flow, 1)
        if best[j] > 0.0:
            paid[j] = cost(sites, j, need(sums, flow, near.z))
            for c in range(cuts.first[j], cuts.first[j + 1]):
                held = 0
                for k in range(begin, end):
                    held += taken[k] and (cuts.mask[c] >> (k - begin)) & 1
                cuts.hits[cuts.cut[c]] += held >= cuts.least[c]
        total += some
    return total


@outer
def listed(
    near: Near, sites: Sites, j: int, worth: F64, fen: float, charge: float, floor: float, most: int, taken: Table,
    cuts: Cuts,
) -> tuple[int, bool, int]:  # fmt: skip
    """Write all sets of a site worth more than `floor` (K, n); how many, whether these are all, and the sets looked
    at.
    """
    count = near.start[j + 1] - near.start[j]
    lean = Lean(np.zeros(count), np.zeros(count), np.arange(count), np.zeros(2))
    lean_of(near, sites, j, worth, fen, charge, lean)
    found, _, looked = dig(near, sites, j, worth, fen, charge, lean, floor, most, taken, cuts)
    return int(found), found < len(taken) and looked < most, looked
