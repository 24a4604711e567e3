"""A logit brought to observed shares: constants that reproduce them, and changes reckoned from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, Bools

TOLERANCE: Final = 1e-6
MOST_ROUNDS: Final = 500
MEMORY: Final = 5
"""Rounds that the next step is drawn from."""
LEAST_STEP: Final = 2.0**-12
FARTHEST: Final = 50.0
"""No constant that means anything moves by more utility than this."""
ROUNDING: Final = 2e-3
"""Shares as printed in a survey's report may be off a sum of 1 by this much; they are scaled to it."""
SUM_OF_BASE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Calibration:
    """Constants (K) under which the model gives the target, what it gives, and how many times it was asked."""

    constants: F64
    shares: F64
    rounds: int
    worst: float
    """Largest error of a share."""


def target_shares(shares: Mapping[str, float], modes: Sequence[str], where: str = "target shares") -> F64:
    """Observed shares in the order of the modes (K); modes that are not named have none.

    Raises InputError naming unknown modes, shares that are not numbers of 0 or more, and a sum that is not 1.
    """
    problems = [
        Problem(where, f"names an unknown mode {mode!r}", f"known: {', '.join(modes)}")
        for mode in shares
        if mode not in modes
    ]
    problems += [
        Problem(where, f"the share of {mode} is {share}", "a share is a number from 0 to 1")
        for mode, share in shares.items()
        if not share >= 0 or np.isinf(share)
    ]
    total = sum(shares.values())
    if not problems and not abs(total - 1.0) <= ROUNDING:
        per_cent = abs(total / 100.0 - 1.0) <= ROUNDING
        hint = "divide per cents by 100" if per_cent else "is a mode missing or counted twice?"
        problems.append(Problem(where, f"the shares sum to {total:.6g}, not to 1", hint))
    if problems:
        raise InputError(problems)
    return np.array([shares.get(mode, 0.0) for mode in modes]) / total


def calibrated(
    predict: Callable[[F64], F64], target: Mapping[str, float], start: F64, *, modes: Sequence[str], reference: str
) -> Calibration:
    """The alternative-specific constants (K) under which `predict` gives the target shares to 1e-6.

    `predict` maps constants (K) to shares, or trips, by mode (K) and is asked from `start` on. A step adds
    ln(target / predicted), Train (2009), doi:10.1017/CBO9780511805271, drawn from the last rounds by Anderson's mixing
    (1965), doi:10.1145/321296.321305, and is halved until the distance sum (t - p) ln(t / p) falls, which it does for
    short steps in any logit. The constant of the `reference` stays as it is.

    Raises InputError where the target does not fit the modes, a mode has a target and no trips or trips and no target,
    or the target is out of reach.
    """
    wanted = target_shares(target, modes)
    if reference not in modes:
        raise InputError(
            Problem("calibration", f"the reference {reference!r} is unknown", f"known: {', '.join(modes)}")
        )
    constants = np.array(start, np.float64)
    shares = _asked(predict, constants)
    if problems := list(_out_of_reach(wanted, shares, target, modes)):
        raise InputError(problems)
    used = shares > 0
    anchor = list(modes).index(reference)
    steps: list[F64] = []
    residues: list[F64] = []
    size, rounds = 1.0, 1
    distance, residue = _distance(wanted, shares, used)
    while np.abs(wanted - shares).max() >= TOLERANCE:
        step = _mixed(residue, steps, residues) if size == 1.0 else size * residue
        tried = constants + step
        found = _asked(predict, tried)
        rounds += 1
        further, next_residue = _distance(wanted, found, used)
        if further < distance:
            steps, residues = [*steps, step][-MEMORY:], [*residues, next_residue - residue][-MEMORY:]
            constants, shares, distance, residue = tried, found, further, next_residue
            size = min(1.0, 2.0 * size)
        else:
            size = 1.0 if len(steps) else size / 2
            steps, residues = [], []
        if rounds >= MOST_ROUNDS or size < LEAST_STEP or np.abs(constants - start)[used].max() > FARTHEST:
            raise InputError(_unmet(wanted, shares, modes, rounds))
    constants = np.where(used, constants - constants[anchor] + start[anchor], start)
    return Calibration(constants, shares, rounds, float(np.abs(wanted - shares).max()))


def pivoted(base: F64, change: F64) -> F64:
    """Shares (..., K) of segments after their utilities changed by `change` (..., K), from the shares before (..., K).

    The incremental logit P'_k = P_k exp(dV_k) / sum P_m exp(dV_m), Ben-Akiva & Lerman (1985). A mode that nobody took
    before stays so, and a change of -inf closes one. No change returns the base as it is.

    Raises InputError where shares of a segment do not sum to 1 or are negative, where a change is not a number, and
    where all modes taken are closed.
    """
    before, shift = np.asarray(base, np.float64), np.asarray(change, np.float64)
    if problems := list(_odd_base(before, shift)):
        raise InputError(problems)
    shift = np.where(before > 0, shift, -np.inf)
    factor = np.exp(shift - shift.max(axis=-1, keepdims=True))
    gain = (before * factor).sum(axis=-1, keepdims=True) / before.sum(axis=-1, keepdims=True)
    return np.asarray(before * (factor / gain))


def _asked(predict: Callable[[F64], F64], constants: F64) -> F64:
    found = np.asarray(predict(constants.copy()), np.float64)
    total = found.sum()
    if found.shape != constants.shape or not (found >= 0).all() or not 0 < total < np.inf:
        what = f"the model gives no shares: {np.array2string(found, precision=4, threshold=20)}"
        raise InputError(Problem("calibration", what, "has every mode a number, and any trip a mode?"))
    return np.asarray(found / total)


def _distance(wanted: F64, shares: F64, used: Bools) -> tuple[float, F64]:
    """The sum of (t - p) ln(t / p), and ln(t / p) (K), which is 0 for modes without trips."""
    residue = np.zeros(len(wanted))
    with np.errstate(divide="ignore"):
        residue[used] = np.log(wanted[used]) - np.log(shares[used])
    return float(((wanted - shares) * residue)[used].sum()), residue


def _mixed(residue: F64, steps: list[F64], residues: list[F64]) -> F64:
    """The step whose residue, were all linear, is the least."""
    if not steps:
        return residue
    moved, changed = np.column_stack(steps), np.column_stack(residues)
    share = np.linalg.lstsq(changed, residue, rcond=None)[0]
    return np.asarray(residue - (moved + changed) @ share)


def _out_of_reach(wanted: F64, shares: F64, target: Mapping[str, float], modes: Sequence[str]) -> Iterator[Problem]:
    for mode, share, found in zip(modes, wanted, shares, strict=True):
        if share > 0 and not found > 0:
            what = f"the target for {mode} is {share:.4g}, but no trip can take it"
            yield Problem("calibration", what, "make the mode available, or take it out of the target")
        elif found > 0 and not share > 0:
            what = f"the target for {mode} is 0" if mode in target else f"the target says nothing of {mode}"
            hint = f"the model gives it {found:.4g}, and no finite constant gives none: close the mode, or name a share"
            yield Problem("calibration", what, hint)


def _unmet(wanted: F64, shares: F64, modes: Sequence[str], rounds: int) -> Problem:
    at = int(np.abs(wanted - shares).argmax())
    what = f"after {rounds} rounds {modes[at]} has a share of {shares[at]:.6g}, the target is {wanted[at]:.6g}"
    return Problem("calibration", what, "is the mode available to enough trips, and not the only one of too many?")


def _odd_base(base: F64, change: F64) -> Iterator[Problem]:
    if base.shape != change.shape:
        yield Problem("pivot", f"has shares of shape {base.shape} and changes of shape {change.shape}")
        return
    total = base.sum(axis=-1)
    for at in np.argwhere(~(np.abs(total - 1.0) <= SUM_OF_BASE))[:1]:
        which = f" of segment {tuple(map(int, at))}" if at.size else ""
        what = f"the shares{which} sum to {total[tuple(at)]:.6g}, not to 1"
        yield Problem("pivot", what, "leave out segments without trips")
    if (base < 0).any():
        yield Problem("pivot", f"has a share of {base.min():g}", "a share is a number from 0 to 1")
    if (np.isnan(change) | (change == np.inf)).any():
        yield Problem("pivot", "has changes of utility that are not numbers", "-inf closes a mode")
    elif (closed := ((change == -np.inf) | ~(base > 0)).all(axis=-1)).any():
        yield Problem("pivot", f"closes every mode of {int(closed.sum())} segments", "leave one open")
