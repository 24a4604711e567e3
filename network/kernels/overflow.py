"""How likely cars are more than spaces: the owner's, those that stay late, and those that share, by exact convolution.

Numbers of cars are of Katz's family, p(k+1) = p(k) (l + g k) / (k+1) with g = 1 - mean/variance and l = mean^2/variance
(Katz 1965; Johnson, Kemp and Kotz 2005, Univariate Discrete Distributions, 2.3.1, 10.1002/0471715816): binomial below
the variance of Poisson, and by two moments where no binomial has them. An owner's cars that spread more than if each
space was taken by itself are beta-binomial (ibid., 6.2.2): the day's share of taken spaces is drawn for all together.
"""

import math

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]

_TINY = 1e-30
"""Of the likeliest number's share: what is rarer is left out."""
_SURE = 1e-12
"""Rounding may never let a table allow what the share of the same cars forbids."""
_ALIKE = 1.0 - 1e-6
"""Most that two spaces of a lot may be alike: more would be all taken or none, and nothing in between."""


@inner_njit
def _counts(mean: float, variance: float, most: int) -> Reals:
    """(most + 1) probabilities of numbers of cars: from the likeliest upwards and downwards, then of all one."""
    out = np.zeros(most + 1)
    top, more, last = 0, variance - mean, most
    if mean > 0.0:
        top = max(0, math.floor(mean - variance / mean) + 1)
        if more < 0.0:
            last = min(most, math.ceil(mean * mean / -more))
        top = min(top, last)
    out[top], total = 1.0, 1.0
    for k in range(top, last):
        ahead = mean * mean + more * k
        if ahead <= 0.0 or out[k] < _TINY:
            break
        out[k + 1] = out[k] * ahead / (variance * (k + 1))
        total += out[k + 1]
    for k in range(top, 0, -1):
        ahead = mean * mean + more * (k - 1)
        if out[k] < _TINY:
            break
        out[k - 1] = out[k] * (variance * k) / ahead
        total += out[k - 1]
    for k in range(most + 1):
        out[k] /= total
    return out


@inner_njit
def _poisson(mean: float) -> Reals:
    """Probabilities of numbers of arrivals, up to where they are negligible."""
    return _counts(mean, mean, int(mean + 12.0 * math.sqrt(mean)) + 40)


@inner_njit
def _own(mean: float, sd: float, spaces: int) -> Reals:
    """(spaces + 1) probabilities of numbers of the owner's cars, whose mean and deviation they keep.

    Beta-binomial with correlation r of two spaces, p(k+1) = p(k) (n-k)/(k+1) (r k + (1-r) share) /
    (r (n-k-1) + (1-r)(1-share)), where the variance is above that of n spaces each taken by itself; else Katz's.
    """
    share = min(max(mean / max(spaces, 1), 0.0), 1.0)
    alone = spaces * share * (1.0 - share)
    if spaces < 2 or sd * sd <= alone:
        return _counts(mean, sd * sd, spaces)
    out = np.zeros(spaces + 1)
    if alone == 0.0:
        out[round(share * spaces)] = 1.0
        return out
    r = min((sd * sd / alone - 1.0) / (spaces - 1.0), _ALIKE)
    taken, free, start = (1.0 - r) * share, (1.0 - r) * (1.0 - share), int(share * spaces)
    out[start], total = 1.0, 1.0
    for k in range(start, spaces):
        out[k + 1] = out[k] * (spaces - k) / (k + 1.0) * (r * k + taken) / (r * (spaces - k - 1.0) + free)
        total += out[k + 1]
    for k in range(start - 1, -1, -1):
        out[k] = out[k + 1] * (k + 1.0) / (spaces - k) * (r * (spaces - k - 1.0) + free) / (r * k + taken)
        total += out[k]
    for k in range(spaces + 1):
        out[k] /= total
    return out


@inner_njit
def _more_than(mean: float, sd: float, spaces: int) -> Reals:
    """(spaces + 1) probabilities that the owner has more cars there than 0, 1, ... `spaces`."""
    out = _own(mean, sd, spaces)
    beyond = 0.0
    for k in range(spaces, -1, -1):
        here = out[k]
        out[k] = beyond
        beyond += here
    return out


@inner_njit
def _beyond(own: Reals, others: Reals, room: int) -> float:
    """Probability that the owner's cars, of which there are more than k with own[k], and others exceed `room`."""
    total = 0.0
    for k in range(others.shape[0]):
        left = room - k
        if left < 0:
            total += others[k]
        elif left < own.shape[0]:
            total += others[k] * own[left]
    return total


@inner_njit
def _both(a: Reals, b: Reals) -> Reals:
    """Probabilities of the sum of two numbers."""
    out = np.zeros(a.shape[0] + b.shape[0] - 1)
    for i in range(a.shape[0]):
        if a[i] > 0.0:
            for j in range(b.shape[0]):
                out[i + j] += a[i] * b[j]
    return out


@outer_njit
def own_counts(mean: Reals, sd: Reals, spaces: int) -> Reals:
    """(n, spaces + 1) probabilities that 0, 1, ... cars of the owner's stand there, with means and deviations (n)."""
    out = np.empty((mean.shape[0], spaces + 1))
    for i in range(mean.shape[0]):
        out[i] = _own(mean[i], sd[i], spaces)
    return out


@outer_njit
def counts_of(mean: Reals, sd: Reals, most: int) -> Reals:
    """(n, most + 1) probabilities of 0, 1, ... `most` other cars, with means and standard deviations (n)."""
    out = np.empty((mean.shape[0], most + 1))
    for i in range(mean.shape[0]):
        out[i] = _counts(mean[i], sd[i] * sd[i], most)
    return out


@outer_njit
def overflow_shares(
    mean: Reals, sd: Reals, arrivals: Reals, spaces: Wholes, room: Wholes, late: Wholes, standing: Wholes,
    late_share: float,
) -> Reals:  # fmt: skip
    """(n) probabilities that cars are more than `room`.

    Cars are the owner's (mean, sd, of `spaces`), Poisson arrivals, each of `late` (n) with `late_share`, and all
    of `standing`.
    """
    out = np.empty(mean.shape[0])
    for i in range(mean.shape[0]):
        stay = late[i] * late_share
        others = _both(_poisson(arrivals[i]), _counts(stay, stay * (1.0 - late_share), late[i]))
        out[i] = _beyond(_more_than(mean[i], sd[i], spaces[i]), others, room[i] - standing[i])
    return out


@inner_njit
def _one_more(beyond: Reals, late_share: float) -> None:
    """Probabilities that cars are more than 0, 1, ... with one more that may be late."""
    for x in range(beyond.shape[0] - 1, 0, -1):
        beyond[x] += late_share * (beyond[x - 1] - beyond[x])
    beyond[0] += late_share * (1.0 - beyond[0])


@outer_njit
def standing_tables(
    first: Wholes, mean: Reals, sd: Reals, arrivals: Reals, spaces: Wholes, room: Wholes, late: Wholes,
    standing: Wholes, cap: Wholes, table_first: Wholes, late_share: float, overflow_share: float,
) -> tuple[Wholes, Wholes]:  # fmt: skip
    """In each of R rows, most cars more that may stand there by how many more may be late (flat), and how many may (R).

    Row r is of half-hours first[r]:first[r+1] and keeps the least of theirs; its table is from table_first[r] on and
    stops before table_first[r+1], or where late cars alone are too many. A half-hour has what `overflow_shares` has,
    `late` and `standing` there already, and takes `cap` at most. Where nobody may be late, `cap` alone counts.
    """
    table = np.zeros(table_first[-1], np.int64)
    length = np.empty(first.shape[0] - 1, np.int64)
    for r in range(length.shape[0]):
        start, length[r] = table_first[r], table_first[r + 1] - table_first[r]
        for i in range(first[r], first[r + 1]):
            if late[i] == 0:
                table[start] = cap[i] if i == first[r] else min(table[start], cap[i])
                if length[r] == 1:
                    continue
            own, come = _more_than(mean[i], sd[i], spaces[i]), _poisson(arrivals[i])
            beyond = np.empty(room[i] + 1)
            for x in range(room[i] + 1):
                beyond[x] = _beyond(own, come, x)
            for _ in range(late[i]):
                _one_more(beyond, late_share)
            least = 0
            for c in range(length[r]):
                if c > 0:
                    _one_more(beyond, late_share)
                elif late[i] == 0:
                    continue
                while least <= room[i] and beyond[least] > overflow_share - _SURE:
                    least += 1
                fit = room[i] - least - standing[i]
                if fit < 0 and c > 0:
                    length[r] = c
                    break
                fit = max(0, min(fit, cap[i]))
                table[start + c] = fit if i == first[r] else min(table[start + c], fit)
    return table, length
