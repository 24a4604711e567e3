"""What observed choices say of a logit: its coefficients by maximum likelihood, and how far they can be trusted.

McFadden (1974), Conditional logit analysis of qualitative choice behavior; for nests McFadden (1978) and Train (2009),
doi:10.1017/CBO9780511805271; for robust errors White (1982), doi:10.2307/1912526.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from network.demand.likelihood import Model, Nest, climb, model_of, settle
from network.demand.records import Choices
from network.errors import InputError, Problem
from network.part import F64, Bools


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimate:
    """A logit as the choices of N cases say it is. Parameters (P) are the coefficients, then the mu of the nests.

    Weights count relative to each other: they are scaled to a mean of 1, so that N is the number of cases.
    """

    parameter: tuple[str, ...]
    value: F64
    covariance: F64
    """(P, P) inverse of the information; NaN for what is fixed or lies at a bound."""
    robust_covariance: F64
    """(P, P) sandwich, right also where the model is not quite."""
    tested_against: F64
    """(P) what t-values ask about: 0 for a coefficient, 1 for mu, where the nest is none."""
    fixed: tuple[str, ...]
    at_bound: tuple[str, ...]
    """Each mu that would leave 0 < mu <= 1; at 1 the modes of its nest replace each other no more than others do."""
    nests: tuple[Nest, ...]
    modes: tuple[str, ...]
    cases: int
    log_likelihood: float
    log_likelihood_zero: float
    """With equal shares of all modes a case has."""
    log_likelihood_constants: float
    """With nothing but a constant for each mode; NaN where one of those has no finite value."""
    observed_shares: F64
    """(J)"""
    predicted_shares: F64
    """(J)"""

    @property
    def standard_error(self) -> F64:
        return np.sqrt(np.diag(self.covariance))

    @property
    def robust_error(self) -> F64:
        return np.sqrt(np.diag(self.robust_covariance))

    @property
    def t_value(self) -> F64:
        return np.asarray((self.value - self.tested_against) / self.standard_error)

    @property
    def robust_t_value(self) -> F64:
        return np.asarray((self.value - self.tested_against) / self.robust_error)

    @property
    def rho2(self) -> float:
        """1 - LL / LL with equal shares."""
        return 1.0 - self.log_likelihood / self.log_likelihood_zero

    @property
    def rho2_constants(self) -> float:
        """1 - LL / LL with constants alone; NaN where all take one mode."""
        return 1.0 - self.log_likelihood / self.log_likelihood_constants if self.log_likelihood_constants else np.nan

    def __getitem__(self, parameter: str) -> float:
        return float(self.value[self.parameter.index(parameter)])

    def ratio(self, over: str, under: str) -> tuple[float, float]:
        """One coefficient over another and its robust standard error by the delta method.

        A time over a cost is the value of time, in units of the cost column per unit of the time column.
        """
        a, b = self.parameter.index(over), self.parameter.index(under)
        slope = np.zeros(len(self.value))
        slope[a], slope[b] = 1.0 / self.value[b], -self.value[a] / self.value[b] ** 2
        part = self.robust_covariance[np.ix_([a, b], [a, b])]
        return float(self.value[a] / self.value[b]), float(np.sqrt(slope[[a, b]] @ part @ slope[[a, b]]))

    def shares(self, choices: Choices) -> F64:
        """Probability (N, J) of each mode in other cases.

        Raises InputError where these have other modes or coefficients.
        """
        model = model_of(choices, self.nests)
        if model.parameter != self.parameter or tuple(choices.mode) != self.modes:
            what = f"have the parameters {', '.join(model.parameter)} of the modes {', '.join(choices.mode)}"
            raise InputError(Problem("choices", what, "the estimate is of others: describe both by the same variables"))
        return model.shares(self.value)


def estimate(
    choices: Choices,
    *,
    nests: Sequence[Nest] = (),
    fixed: Mapping[str, float] | None = None,
    allow_signs: Sequence[str] = (),
) -> Estimate:
    """The logit of largest likelihood; with `nests` a nested one, in the divide-by-mu form with 0 < mu <= 1.

    `fixed` holds parameters at a value. Raises InputError where nests or names do not fit, where the choices cannot
    say what a coefficient is, and where a time or cost comes out as liked and `allow_signs` does not name it.
    """
    held = dict(fixed or {})
    problems = [*_odd_nests(choices, nests), *_odd_names(choices, nests, held, allow_signs)]
    if problems:
        raise InputError(problems)
    plain, model = model_of(choices, ()), model_of(choices, nests)
    start = np.array([held.get(name, float(k >= model.variables)) for k, name in enumerate(model.parameter)])
    free = np.array([name not in held for name in model.parameter])
    if problems := [*_without_variation(choices, held), *_never_chosen(choices, free)]:
        raise InputError(problems)
    some = model.variables
    theta, inner, info = settle(plain, start[:some], free[:some])
    if nests:
        theta = np.append(theta, start[some:])
        theta, inner, info = settle(model, climb(model, theta, free, info) if free.any() else theta, free)
    if problems := _liked(choices, theta, allow_signs):
        raise InputError(problems)
    return _estimate(model, theta, free, inner, info)


def _estimate(model: Model, theta: F64, free: Bools, inner: Bools, info: F64) -> Estimate:
    size, choices = len(theta), model.choices
    plain, robust = np.full((size, size), np.nan), np.full((size, size), np.nan)
    at = np.ix_(inner, inner)
    plain[at] = np.linalg.inv(info[at])
    robust[at] = plain[at] @ model.scores(theta)[at] @ plain[at]
    names = np.array(model.parameter)
    weight = model.weight / model.weight.sum()
    return Estimate(
        parameter=model.parameter,
        value=theta,
        covariance=plain,
        robust_covariance=robust,
        tested_against=(np.arange(size) >= model.variables).astype(np.float64),
        fixed=tuple(names[~free].tolist()),
        at_bound=tuple(names[free & ~inner].tolist()),
        nests=model.nests,
        modes=tuple(choices.mode.tolist()),
        cases=model.cases,
        log_likelihood=model.value(theta)[0],
        log_likelihood_zero=-float(model.weight @ np.log(choices.available.sum(axis=1))),
        log_likelihood_constants=_with_constants(choices),
        observed_shares=choices.observed_shares,
        predicted_shares=np.asarray((weight[:, None] * model.shares(theta)).sum(axis=0)),
    )


def _with_constants(choices: Choices) -> float:
    """Log-likelihood with a constant for each mode that was ever taken, and the others not to be had."""
    taken = np.flatnonzero(choices.observed_shares > 0)
    others = taken[taken != choices.observed_shares.argmax()]
    cases, modes, _ = choices.x.shape
    x = np.zeros((cases, modes, len(others)))
    x[:, others, np.arange(len(others))] = 1.0
    available = choices.available & (choices.observed_shares > 0)
    # cases without weight may have taken what nobody else did
    available[np.arange(cases), choices.chosen] = True
    names = choices.mode[others]
    kind = np.full(len(others), "constant")
    model = model_of(replace(choices, x=x, available=available, coefficient=names, kind=kind), ())
    try:
        theta, _, _ = settle(model, np.zeros(len(others)), np.ones(len(others), np.bool_))
    except InputError:
        return np.nan
    return model.value(theta)[0]


def _odd_nests(choices: Choices, nests: Sequence[Nest]) -> Iterator[Problem]:
    modes, taken = choices.mode.tolist(), dict[str, str]()
    for nest in nests:
        where = f"nest {nest.parameter}"
        if len(set(nest.modes)) < 2:
            yield Problem(where, "holds fewer than two modes", "a mode in no nest stands alone")
        if nest.parameter in choices.coefficient:
            yield Problem(where, "has the name of a coefficient", "name it another way")
        for mode in nest.modes:
            if mode not in modes:
                yield Problem(where, f"names an unknown mode {mode!r}", f"known: {', '.join(modes)}")
            elif mode in taken:
                yield Problem(where, f"holds {mode}, which is in nest {taken[mode]}", "a mode is in one nest")
            taken.setdefault(mode, nest.parameter)


def _odd_names(
    choices: Choices, nests: Sequence[Nest], fixed: Mapping[str, float], allow_signs: Sequence[str]
) -> Iterator[Problem]:
    mus = {nest.parameter for nest in nests}
    known = [*choices.coefficient.tolist(), *sorted(mus)]
    for name in (*fixed, *allow_signs):
        if name not in known:
            yield Problem(f"parameter {name!r}", "is not in the model", f"known: {', '.join(known)}")
    for name, value in fixed.items():
        if not np.isfinite(value) or (name in mus and not 0 < value <= 1):
            yield Problem(f"parameter {name!r}", f"cannot be {value:g}", "a mu lies above 0 and up to 1")


def _without_variation(choices: Choices, held: Mapping[str, float]) -> Iterator[Problem]:
    moves = np.asarray(choices.x.any(axis=(0, 1)))
    for name, seen in zip(choices.coefficient.tolist(), moves, strict=True):
        if not seen and name not in held:
            yield Problem(f"coefficient {name}", "its variable is 0 in every case", "leave it out or fix it")


def _never_chosen(choices: Choices, free: Bools) -> Iterator[Problem]:
    """Constants that would run away to minus infinity."""
    never = choices.observed_shares == 0
    for v in np.flatnonzero(free[: len(choices.coefficient)] & (choices.kind == "constant")):
        on = (choices.x[:, :, v] != 0).any(axis=0)
        if on.any() and never[on].all():
            what = f"nobody took {', '.join(choices.mode[on])}, so the constant has no value"
            yield Problem(f"coefficient {choices.coefficient[v]}", what, "take the mode out of the alternatives")


def _liked(choices: Choices, theta: F64, allow_signs: Sequence[str]) -> list[Problem]:
    return [
        Problem(
            f"coefficient {name}",
            f"is {value:+.4g}: more {kind} would be liked",
            "check unit and sign of its columns, and what it stands in for (constants, purpose, income); "
            f"to have it all the same write allow_signs=['{name}']",
        )
        for name, kind, value in zip(choices.coefficient.tolist(), choices.kind.tolist(), theta, strict=False)
        if kind in {"time", "cost"} and value > 0 and name not in allow_signs
    ]
