"""Likelihood of observed choices under a nested logit: value, gradient, and what standard errors are made of.

The divide-by-mu form: within nest n exp(V_j / mu_n), over the nests exp(mu_n I_n) with I_n = ln sum exp(V_j / mu_n);
with mu = 1 everywhere it is the multinomial logit. Axes: N cases, J alternatives, V coefficients, G nests; parameters
are the V coefficients followed by the G values of mu. Sums run over blocks of cases in their order, by any threads.
"""

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.inner import Whole, inner_njit, outer_shared_njit

Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int32]

_BLOCK = 512


@inner_njit
def _shares(
    x: Reals,
    there: Bools,
    beta: Reals,
    mu: Reals,
    nest_of: Places,
    scaled: Reals,
    within: Reals,
    sums: Reals,
    nest: Reals,
) -> float:
    """One case: writes V / mu and the share within the nest (J), the logsum and the share of each nest (G).

    Returns the logsum over the nests. Nests without an alternative have a logsum of -inf and no share.
    """
    for g in range(mu.shape[0]):
        sums[g] = -np.inf
        nest[g] = 0.0
    for j in range(x.shape[0]):
        if there[j]:
            v = 0.0
            for k in range(x.shape[1]):
                v += x[j, k] * beta[k]
            scaled[j] = v / mu[nest_of[j]]
            sums[nest_of[j]] = max(sums[nest_of[j]], scaled[j])
    for j in range(x.shape[0]):
        within[j] = np.exp(scaled[j] - sums[nest_of[j]]) if there[j] else 0.0
        nest[nest_of[j]] += within[j]
    top = -np.inf
    for j in range(x.shape[0]):
        if there[j]:
            within[j] /= nest[nest_of[j]]
    for g in range(mu.shape[0]):
        if nest[g] > 0.0:
            sums[g] += np.log(nest[g])
            top = max(top, mu[g] * sums[g])
    total = 0.0
    for g in range(mu.shape[0]):
        nest[g] = np.exp(mu[g] * sums[g] - top) if nest[g] > 0.0 else 0.0
        total += nest[g]
    for g in range(mu.shape[0]):
        nest[g] /= total
    return float(top + np.log(total))


@inner_njit
def _score(
    x: Reals,
    there: Bools,
    chosen: int,
    beta: Reals,
    mu: Reals,
    nest_of: Places,
    scaled: Reals,
    within: Reals,
    sums: Reals,
    nest: Reals,
    mean: Reals,
    score: Reals,
) -> float:
    """One case: writes the gradient (V+G) of ln P(chosen) and returns ln P(chosen); the rest is room to work in."""
    over_all = _shares(x, there, beta, mu, nest_of, scaled, within, sums, nest)
    of = nest_of[chosen]
    for k in range(score.shape[0]):
        score[k] = 0.0
    for g in range(mu.shape[0]):
        mean[g] = 0.0
    for j in range(x.shape[0]):
        if not there[j]:
            continue
        mean[nest_of[j]] += within[j] * scaled[j]
        pull = -nest[nest_of[j]] * within[j]
        if nest_of[j] == of:
            pull += within[j] * (1.0 - 1.0 / mu[of])
        if j == chosen:
            pull += 1.0 / mu[of]
        for k in range(x.shape[1]):
            score[k] += pull * x[j, k]
    for g in range(mu.shape[0]):
        if nest[g] > 0.0:
            score[x.shape[1] + g] -= nest[g] * (sums[g] - mean[g])
    score[x.shape[1] + of] += (mean[of] - scaled[chosen]) / mu[of] + sums[of] - mean[of]
    return float(scaled[chosen] - sums[of] + mu[of] * sums[of] - over_all)


@outer_shared_njit
def log_likelihood(
    x: Reals, there: Bools, chosen: Places, weight: Reals, beta: Reals, mu: Reals, nest_of: Places, square: Whole
) -> tuple[float, Reals, Reals]:
    """Weighted log-likelihood of the choices, its gradient (V+G), and the products of the first `square` parameters.

    The products (square, square) are summed over the cases' weighted gradients; 0 leaves them out. `x` (N, J, V),
    `there` (N, J) which alternatives a case has, `chosen` (N), `weight` (N), `beta` (V), `mu` (G), `nest_of` (J).
    """
    cases, alternatives, variables = x.shape
    groups = mu.shape[0]
    blocks = (cases + _BLOCK - 1) // _BLOCK
    size = variables + groups
    values, slopes, products = np.zeros(blocks), np.zeros((blocks, size)), np.zeros((blocks, square, square))
    for b in prange(blocks):
        scaled, within = np.empty(alternatives), np.empty(alternatives)
        sums, nest, mean, score = np.empty(groups), np.empty(groups), np.empty(groups), np.empty(size)
        for i in range(b * _BLOCK, min(cases, (b + 1) * _BLOCK)):
            w = weight[i]
            values[b] += w * _score(
                x[i], there[i], chosen[i], beta, mu, nest_of, scaled, within, sums, nest, mean, score
            )  # fmt: skip
            for k in range(size):
                slopes[b, k] += w * score[k]
            for k in range(square):
                for m in range(square):
                    products[b, k, m] += w * score[k] * w * score[m]
    total, slope, product = 0.0, np.zeros(size), np.zeros((square, square))
    for b in range(blocks):
        total += values[b]
        for k in range(size):
            slope[k] += slopes[b, k]
        for k in range(square):
            for m in range(square):
                product[k, m] += products[b, k, m]
    return total, slope, product


@outer_shared_njit
def information(x: Reals, there: Bools, weight: Reals, beta: Reals) -> Reals:
    """Negative Hessian (V, V) of the log-likelihood of a multinomial logit: the covariance of x under the shares."""
    cases, alternatives, variables = x.shape
    blocks = (cases + _BLOCK - 1) // _BLOCK
    parts = np.zeros((blocks, variables, variables))
    one, nest_of = np.ones(1), np.zeros(alternatives, np.int32)
    for b in prange(blocks):
        scaled, within, mean = np.empty(alternatives), np.empty(alternatives), np.empty(variables)
        sums, nest = np.empty(1), np.empty(1)
        for i in range(b * _BLOCK, min(cases, (b + 1) * _BLOCK)):
            _shares(x[i], there[i], beta, one, nest_of, scaled, within, sums, nest)
            for k in range(variables):
                mean[k] = 0.0
                for j in range(alternatives):
                    mean[k] += within[j] * x[i, j, k]
            for j in range(alternatives):
                for k in range(variables):
                    off = weight[i] * within[j] * (x[i, j, k] - mean[k])
                    for m in range(variables):
                        parts[b, k, m] += off * (x[i, j, m] - mean[m])
    out = np.zeros((variables, variables))
    for b in range(blocks):
        for k in range(variables):
            for m in range(variables):
                out[k, m] += parts[b, k, m]
    return out


@outer_shared_njit
def choice_shares(x: Reals, there: Bools, beta: Reals, mu: Reals, nest_of: Places) -> Reals:
    """Probability (N, J) that a case takes an alternative; arguments as in `log_likelihood`."""
    cases, alternatives, _ = x.shape
    out = np.zeros((cases, alternatives))
    for b in prange((cases + _BLOCK - 1) // _BLOCK):
        scaled, within = np.empty(alternatives), np.empty(alternatives)
        sums, nest = np.empty(mu.shape[0]), np.empty(mu.shape[0])
        for i in range(b * _BLOCK, min(cases, (b + 1) * _BLOCK)):
            _shares(x[i], there[i], beta, mu, nest_of, scaled, within, sums, nest)
            for j in range(alternatives):
                out[i, j] = within[j] * nest[nest_of[j]]
    return out
