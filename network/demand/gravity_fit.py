"""How strongly distance deters: a gravity model fitted to a mean trip cost, or to an observed trip matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from network.demand.distribution import LEAST_MINUTES, gravity
from network.errors import InputError, Problem
from network.part import F64

MOST_STEPS: Final = 60
MOST_DOUBLINGS: Final = 12
MEAN_TOLERANCE: Final = 1e-9
STEP_TOLERANCE: Final = 1e-9
BALANCED: Final = 1e-10
"""Trips are balanced closer here than for use: what is left of the imbalance would look like a change of the mean."""
NOISE: Final = 1e-12
"""Share of a log-likelihood by which rounding may lower it."""
DISTINCT: Final = 1e-9
"""Share of their sum of squares that costs must keep beside the totals of rows and columns, to say anything."""
_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class MeanFit:
    """Decay that gives an observed mean trip cost."""

    beta_per_min: float
    mean_min: float
    """Mean of the model, at most 1e-9 of it off the observed one."""
    steps: int


@dataclass(frozen=True, kw_only=True)
class MatrixFit:
    """Deterrence `c^alpha exp(-beta c)` of greatest likelihood, with standard errors and how well it fits."""

    alpha: float
    beta_per_min: float
    alpha_error: float
    """Standard error where every trip was observed by itself; 0 where alpha was given."""
    beta_error: float
    log_likelihood: float
    """Of the shares of all trips: Poisson's and the multinomial one, but for what depends on the counts alone."""
    null_log_likelihood: float
    """With the same totals of rows and columns, and no deterrence."""
    rho_squared: float
    """1 - log_likelihood / null_log_likelihood."""
    mean_min: float
    mean_log_min: float
    """Means of the cost and of its logarithm, the model's and, where both parameters are fitted, the observed ones."""
    r_squared: float
    """Squared correlation of modelled and observed cells."""
    steps: int


def fit_mean(production: F64, attraction: F64, minutes: F64, mean_min: float, *, alpha: float = 0.0) -> MeanFit:
    """The beta [1/min] at which `gravity` has the mean trip cost `mean_min`: Hyman's secants, kept within a bracket.

    The diagonal of `minutes` (Z, Z) is the cost within a zone, half the mean of the nearest three as the skims have it;
    infinite where there is no way. Hyman (1969), doi:10.1068/a010105.

    Raises InputError where no beta from 0 up gives this mean, with those that can be reached, and as `gravity` does.
    """
    if not 0 < mean_min < np.inf:
        raise InputError(Problem("mean trip cost", f"is {mean_min:g} min", "a number above 0 is needed"))

    def mean_at(beta: float) -> float:
        return _means(gravity(production, attraction, minutes, alpha, beta, tolerance=BALANCED), minutes)[0]

    low, most = 0.0, mean_at(0.0)
    high, least = _steep(mean_at, mean_min, most)
    if not least <= mean_min * (1 + MEAN_TOLERANCE) or not mean_min <= most * (1 + MEAN_TOLERANCE):
        raise InputError(
            Problem(
                "mean trip cost",
                f"{mean_min:g} min cannot be reached: beta from {high:g} to 0 per min gives {least:g} to {most:g} min",
                "compare the units and the cost within zones with those of the survey",
            )
        )
    points = [(low, most), (high, least)]
    beta, steps = high, 0
    while abs(points[-1][1] - mean_min) > MEAN_TOLERANCE * mean_min and steps < MOST_STEPS:
        (b0, c0), (b1, c1) = points[-2:]
        beta = b1 + (mean_min - c1) * (b1 - b0) / (c1 - c0) if c1 != c0 else low
        if not low < beta < high:
            beta = (low + high) / 2
        points.append((beta, mean_at(beta)))
        low, high = (beta, high) if points[-1][1] > mean_min else (low, beta)
        steps += 1
    return MeanFit(beta_per_min=beta, mean_min=points[-1][1], steps=steps)


def _steep(mean_at: Callable[[float], float], mean_min: float, most: float) -> tuple[float, float]:
    """A beta whose mean is below `mean_min`, or about the steepest that balances, and its mean.

    Hyman starts from 1 / mean, and from there beta is doubled, or halfway to where trips no longer balanced.
    """
    high, least, beta, limit = 0.0, most, 1.0 / mean_min, np.inf
    for _ in range(MOST_DOUBLINGS):
        if least <= mean_min:
            break
        try:
            least = mean_at(beta)
        except InputError:  # so steep that trips no longer balance
            limit = beta
        else:
            high = beta
        beta = 2.0 * beta if limit == np.inf else (high + limit) / 2
    return high, least


def fit_matrix(observed: F64, minutes: F64, *, alpha: float | None = None) -> MatrixFit:
    """Greatest likelihood of alpha and beta [1/min] of a doubly constrained `gravity` from `observed` trips (Z, Z).

    Trips are Poisson's; then the totals of rows and columns and the sums of c and of log c are those observed. With
    `alpha` given only beta is fitted. Standard errors hold for counts, not for a sample already blown up to the city.
    Newton's steps, halved until the likelihood rises. `minutes` as in `fit_mean`.
    Sen and Smith (1995), doi:10.1007/978-3-642-79880-1.

    Raises InputError where trips are no counts or go where there is no way, and where costs say nothing.
    """
    _check(observed, minutes)
    rows, columns = observed.sum(axis=1), observed.sum(axis=0)
    far = np.maximum(np.where(np.isfinite(minutes), minutes, 1.0), LEAST_MINUTES)
    causes = np.stack([np.log(far), -far] if alpha is None else [-far])

    def model(theta: F64) -> tuple[F64, float]:
        trips = gravity(
            rows, columns, minutes, float(theta[0]) if alpha is None else alpha, theta[-1], tolerance=BALANCED
        )
        return trips, _log_likelihood(observed, trips)

    theta = np.zeros(len(causes))
    trips, likelihood = model(theta)
    null = _log_likelihood(observed, gravity(rows, columns, minutes, 0.0, 0.0, tolerance=BALANCED))
    steps, size, step = 0, 1.0, np.ones(len(causes))
    while steps < MOST_STEPS and np.any(np.abs(size * step) > STEP_TOLERANCE * (1 + np.abs(theta))):
        information = _information(trips, causes)
        step = np.linalg.solve(information, (causes * (observed - trips)).sum(axis=(1, 2)))
        theta, trips, likelihood, size = _climb(model, theta, step, likelihood, trips)
        steps += 1
    error = np.sqrt(np.diag(np.linalg.inv(_information(trips, causes))))
    mean, mean_log = _means(trips, minutes)
    return MatrixFit(
        alpha=float(theta[0]) if alpha is None else alpha,
        beta_per_min=float(theta[-1]),
        alpha_error=float(error[0]) if alpha is None else 0.0,
        beta_error=float(error[-1]),
        log_likelihood=likelihood,
        null_log_likelihood=null,
        rho_squared=1.0 - likelihood / null if null else 0.0,
        mean_min=mean,
        mean_log_min=mean_log,
        r_squared=float(np.corrcoef(trips.ravel(), observed.ravel())[0, 1] ** 2),
        steps=steps,
    )


def _climb(
    model: Callable[[F64], tuple[F64, float]], theta: F64, step: F64, likelihood: float, trips: F64
) -> tuple[F64, F64, float, float]:
    """Parameters, trips and likelihood after as much of the step as does not lower it, and how much that is."""
    size = 1.0
    while size > STEP_TOLERANCE:
        try:
            new, value = model(theta + size * step)
        except InputError:  # so steep that trips no longer balance
            value = -np.inf
        if value >= likelihood - NOISE * abs(likelihood):
            return theta + size * step, new, value, size
        size /= 2
    return theta, trips, likelihood, 0.0


def _information(trips: F64, causes: F64) -> F64:
    """Fisher information (P, P) of the parameters beside free factors of rows and columns.

    The part of each cause that factors of rows and columns explain, by least squares with the trips as weights, is
    taken out of it.
    """
    from scipy.sparse.linalg import LinearOperator, cg

    of_row, of_column = (np.sqrt(trips.sum(axis=k)) for k in (1, 0))
    per_row, per_column = (np.divide(1.0, x, out=np.zeros_like(x), where=x > 0) for x in (of_row, of_column))
    scaled = trips * per_row[:, None] * per_column
    matrix = LinearOperator((len(trips),) * 2, matvec=lambda v: v - (v @ scaled.T) @ scaled, dtype=np.float64)
    rests = []
    for cause in causes:
        rows, columns = (trips * cause).sum(axis=1) * per_row, (trips * cause).sum(axis=0) * per_column
        v, _ = cg(matrix, columns - rows @ scaled, rtol=STEP_TOLERANCE)
        u = rows - scaled @ v
        rests.append(cause - (u * per_row)[:, None] - v * per_column)
    rest = np.stack(rests)
    out = np.einsum("kij,lij,ij->kl", rest, rest, trips, optimize=True)
    spread = np.einsum("kij,kij,ij->k", causes, causes, trips, optimize=True)
    scale = np.sqrt(np.maximum(spread, np.finfo(float).tiny))
    if np.linalg.eigvalsh(out / np.outer(scale, scale))[0] <= DISTINCT:
        raise InputError(
            Problem(
                "observed trips",
                "cannot tell how distance deters: costs hardly differ beside the totals of rows and columns",
                "give alpha, or trips of more zones",
            )
        )
    return np.asarray(out)


def _log_likelihood(observed: F64, trips: F64) -> float:
    there = observed > 0
    with np.errstate(divide="ignore"):
        return float(observed[there] @ np.log(trips[there] / observed.sum()))


def _means(trips: F64, minutes: F64) -> tuple[float, float]:
    """Mean cost and mean log of the cost of a trip."""
    far = np.maximum(np.where(np.isfinite(minutes), minutes, 1.0), LEAST_MINUTES)
    total = trips.sum()
    return float((trips * far).sum() / total), float((trips * np.log(far)).sum() / total)


def _check(observed: F64, minutes: F64) -> None:
    if observed.ndim != 2 or observed.shape != minutes.shape or len(observed) != len(observed.T):
        raise InputError(Problem("observed trips", f"have the shape {observed.shape}, the minutes {minutes.shape}"))
    sound = np.isfinite(observed) & (observed >= 0)
    wrong, lost = np.argwhere(~sound), np.argwhere(sound & (observed > 0) & np.isposinf(minutes))
    problems = [
        Problem(f"observed trips from zone {i} to zone {j}", f"are {observed[i, j]:g}", "a number from 0 up is needed")
        for i, j in wrong[:_NAMED]
    ]
    problems += [
        Problem(f"observed trips from zone {i} to zone {j}", "have no way to go", f"{len(lost)} such pairs in all")
        for i, j in lost[:_NAMED]
    ]
    if not problems and observed.sum() <= 0:
        problems.append(Problem("observed trips", "are none", "a matrix with trips is needed"))
    if problems:
        raise InputError(problems)
