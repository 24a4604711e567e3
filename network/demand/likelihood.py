"""The likelihood of choices as a function of a model's parameters, and the way to its top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from network.demand.records import Choices
from network.errors import InputError, Problem
from network.kernels.estimation import choice_shares, information, log_likelihood
from network.parallel import TURN
from network.part import F64, I32, Bools

LEAST_MU: Final = 0.01
"""Nests closer than this are one alternative with two names."""
SLOPE: Final = 1e-10
"""Slope of the mean log-likelihood that is flat, per coefficient times the spread of its variable."""
STOPPED: Final = 1e-6
"""The same, where rounding lets it become no flatter."""
MOST_STEPS: Final = 60
ALIKE: Final = 1e-8
"""Smallest eigenvalue of the information, scaled to a diagonal of 1, at which coefficients can be told apart."""
LEAST_CASES: Final = 0.05
"""Information on a coefficient, in cases, below which the choices leave it open at one end."""
DIFFERENCE: Final = 1e-5
"""Step of the differences of the gradient."""


class Nest(NamedTuple):
    """Modes that are alike, and the name of their mu; nests that share the name share the value."""

    parameter: str
    modes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Model:
    """The likelihood as a function of the parameters (P), which `spread` (V+G, P) hands to coefficients and nests."""

    choices: Choices
    nests: tuple[Nest, ...]
    parameter: tuple[str, ...]
    spread: F64
    alone: F64
    """(V+G) 1 for a nest whose mu is no parameter."""
    nest_of: I32
    weight: F64
    scale: F64
    """(P) root mean square of a variable over what is available; 1 for a mu and for a variable that is 0."""

    @property
    def variables(self) -> int:
        return len(self.choices.coefficient)

    @property
    def cases(self) -> int:
        return int((self.weight > 0).sum())

    def _inner(self, theta: F64) -> tuple[F64, F64, I32]:
        full = self.spread @ theta + self.alone
        return full[: self.variables], full[self.variables :], self.nest_of

    def value(self, theta: F64) -> tuple[float, F64]:
        """Log-likelihood and its gradient (P)."""
        c = self.choices
        with TURN:
            total, slope, _ = log_likelihood(c.x, c.available, c.chosen, self.weight, *self._inner(theta), 0)
        return total, slope @ self.spread

    def information(self, theta: F64) -> F64:
        """Negative Hessian (P, P): of the formula for a multinomial logit, of differences of the gradient for nests."""
        c, size = self.choices, len(theta)
        if size == self.variables:
            with TURN:
                return information(c.x, c.available, self.weight, theta)
        out = np.empty((size, size))
        for k in range(size):
            step = np.zeros(size)
            step[k] = DIFFERENCE / self.scale[k]
            out[k] = (self.value(theta - step)[1] - self.value(theta + step)[1]) / (2 * step[k])
        return (out + out.T) / 2

    def scores(self, theta: F64) -> F64:
        """Sum (P, P) of the outer products of the cases' gradients."""
        c = self.choices
        with TURN:
            _, _, inner = log_likelihood(c.x, c.available, c.chosen, self.weight, *self._inner(theta), len(self.alone))
        return np.asarray(self.spread.T @ inner @ self.spread)

    def shares(self, theta: F64) -> F64:
        """Probabilities (N, J)."""
        with TURN:
            return choice_shares(self.choices.x, self.choices.available, *self._inner(theta))


def model_of(choices: Choices, nests: Sequence[Nest]) -> Model:
    """Modes in no nest stand alone; without nests all are in one of mu = 1, which is the multinomial logit."""
    modes, variables = choices.mode.tolist(), len(choices.coefficient)
    named = list(dict.fromkeys(nest.parameter for nest in nests))
    nest_of = np.full(len(modes), -1, np.int32)
    for g, nest in enumerate(nests):
        nest_of[[modes.index(mode) for mode in nest.modes]] = g
    single = np.flatnonzero(nest_of < 0)
    nest_of[single] = len(nests) + np.arange(len(single)) if nests else 0
    groups = int(nest_of.max()) + 1
    spread = np.zeros((variables + groups, variables + len(named)))
    spread[:variables, :variables] = np.eye(variables)
    for g, nest in enumerate(nests):
        spread[variables + g, variables + named.index(nest.parameter)] = 1.0
    alone = np.zeros(variables + groups)
    alone[variables + len(nests) :] = 1.0
    weight = choices.weight * (np.count_nonzero(choices.weight) / choices.weight.sum())
    seen = choices.available & (weight[:, None] > 0)
    size = np.sqrt(np.mean(choices.x[seen] ** 2, axis=0))
    scale = np.append(np.where(size > 0, size, 1.0), np.ones(len(named)))
    parameter = (*choices.coefficient.tolist(), *named)
    return Model(choices, tuple(nests), parameter, spread, alone, nest_of, weight, scale)


def climb(model: Model, start: F64, free: Bools, info: F64) -> F64:
    """Close to the top of a nested logit: limited-memory BFGS within the bounds of mu.

    It starts at the multinomial logit, whose information (V, V) tells how far coefficients may go and which together.
    """
    from scipy.optimize import minimize

    theta = start.copy()
    own = np.flatnonzero(free[: model.variables])
    mus = model.variables + np.flatnonzero(free[model.variables :])
    reach = np.linalg.inv(np.linalg.cholesky(info[np.ix_(own, own)] / model.cases)).T

    def loss(z: F64) -> tuple[float, F64]:
        theta[own] = start[own] + reach @ z[: len(own)]
        theta[mus] = z[len(own) :]
        total, slope = model.value(theta)
        return -total / model.cases, -np.append(slope[own] @ reach, slope[mus]) / model.cases

    bounds = [(None, None)] * len(own) + [(LEAST_MU, 1.0)] * len(mus)
    options = {"maxiter": 5000, "maxfun": 10_000, "gtol": STOPPED, "ftol": 0.0}
    first = np.append(np.zeros(len(own)), start[mus])
    loss(minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x)
    return theta


def settle(model: Model, theta: F64, free: Bools) -> tuple[F64, Bools, F64]:
    """To the very top by Newton's method: the parameters, which of them are free and off their bounds, information.

    From anywhere for a multinomial logit, which has one top; with nests from close to it.
    """
    nested = np.arange(len(theta)) >= model.variables
    for _ in range(MOST_STEPS):
        total, slope = model.value(theta)
        out = nested & (((theta >= 1.0) & (slope >= 0)) | ((theta <= LEAST_MU) & (slope <= 0)))
        inner = free & ~out
        info = model.information(theta)
        _must_be_told_apart(model, inner, info)
        steep = _steepness(model, slope, inner)
        if steep < SLOPE:
            return theta, inner, info
        step = np.zeros(len(theta))
        step[inner] = np.linalg.solve(info[np.ix_(inner, inner)], slope[inner])
        for halvings in range(MOST_STEPS):
            further = theta + step / 2**halvings
            further[nested] = np.clip(further[nested], LEAST_MU, 1.0)
            higher, slope = model.value(further)
            # at the very top the height is lost in rounding, and the slope tells
            if higher > total or (steep < STOPPED and _steepness(model, slope, inner) < steep):
                break
        else:
            if steep < STOPPED:
                return theta, inner, info
            break
        theta = further
    what = "the largest likelihood was not found"
    raise InputError(Problem("estimation", what, "are the variables of very different size, or is a nest wrong?"))


def _steepness(model: Model, slope: F64, inner: Bools) -> float:
    return float(np.abs(slope / model.scale)[inner].max(initial=0.0) / model.cases)


def _must_be_told_apart(model: Model, inner: Bools, info: F64) -> None:
    names = np.array(model.parameter)[inner]
    scale = model.scale[inner]
    scaled = info[np.ix_(inner, inner)] / np.outer(scale, scale)
    known = np.diag(scaled)
    if not (known > LEAST_CASES).all():
        lost = ", ".join(names[~(known > LEAST_CASES)])
        what = "the choices leave it open how large it is"
        hint = "a variable that is the same for all modes, or tells all choices apart, says nothing: leave it out"
        raise InputError(Problem(f"coefficients {lost}", what, hint))
    if not len(names):
        return
    values, vectors = np.linalg.eigh(scaled / np.sqrt(np.outer(known, known)))
    if values[0] < ALIKE:
        shared = np.abs(vectors[:, 0]) > np.abs(vectors[:, 0]).max() / len(names)
        what = "cannot be told apart by these choices"
        hint = "leave one constant out as the reference, drop a variable that repeats others, or fix one"
        raise InputError(Problem(f"coefficients {', '.join(names[shared])}", what, hint))
