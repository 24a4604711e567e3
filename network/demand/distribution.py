"""Who travels between which zones: a doubly constrained gravity model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.kernels.balancing import BLOCKS, SHARED_FROM, deterrence, furness, parts, scale, settle, sweep
from network.parallel import shared_out
from network.part import F64, I64

TOLERANCE: Final = 1e-6
MOST_ROUNDS: Final = 2000
LEAST_MINUTES: Final = 0.1
"""No trip is shorter: two zones at one place are no minutes apart, and 0 has no negative power."""
F32 = npt.NDArray[np.float32]
_NAMED: Final = 5
"""Zones that a message names; of more it says how many."""


def gravity(
    production: F64, attraction: F64, minutes: F64, alpha: float, beta_per_min: float, *, tolerance: float = TOLERANCE
) -> F64:
    """Trips (Z, Z) `T_ij = A_i O_i B_j D_j c^alpha exp(-beta c)` from `production` (Z) and `attraction` (Z).

    Rows are met exactly, columns to the relative `tolerance`. `minutes` (Z, Z) is infinite where there is no way.
    Zones that reach nobody produce no trips; where the city falls into parts, each part draws what it produces. Cells
    e^-87 below the best of their row are none. Wilson (1967), doi:10.1016/0041-1647(67)90035-4.

    Raises InputError where totals or minutes are no numbers or negative, where production and attraction differ by more
    than 1e-6, and where trips cannot be balanced.
    """
    seed = np.empty(minutes.shape, np.float32)
    rows, columns = _seed(production, attraction, minutes, alpha, beta_per_min, out=seed)
    trips = np.empty(minutes.shape)
    (rounds,), (worst,) = balance(seed[None], rows[None], columns[None], trips[None], tolerance=tolerance)
    if not worst <= tolerance:
        raise InputError(_unbalanced("distribution", rounds, worst))
    return trips


def gravities(
    production: F64, attraction: F64, minutes: Sequence[F64], alpha: Sequence[float], beta_per_min: Sequence[float]
) -> F64:
    """`gravity` of every purpose, to the byte: trips (U, Z, Z) from `production` and `attraction` (U, Z).

    `minutes` are those of each purpose, (Z, Z), maybe the same array. Raises InputError with the problems of all.
    """
    count, zones = production.shape
    seed, rows, columns = np.empty((count, zones, zones), np.float32), np.empty(production.shape), production.copy()
    problems: list[Problem] = []
    for u in range(count):
        try:
            rows[u], columns[u] = _seed(
                production[u], attraction[u], minutes[u], alpha[u], beta_per_min[u], out=seed[u]
            )
        except InputError as error:
            problems += [replace(p, where=f"purpose {u}, {p.where}") for p in error.problems]
    if problems:
        raise InputError(problems)
    trips = np.empty(seed.shape)
    rounds, worst = balance(seed, rows, columns, trips)
    off = [_unbalanced(f"distribution of purpose {u}", rounds[u], worst[u]) for u in np.flatnonzero(worst > TOLERANCE)]
    if off:
        raise InputError(off)
    return trips


def balance(
    seed: F32 | F64, rows: F64, columns: F64, out: F64, *, tolerance: float = TOLERANCE, most_rounds: int = MOST_ROUNDS
) -> tuple[I64, F64]:
    """Furness balancing of matrices (U, Z, Z), as `network.kernels.balancing.furness` says; rounds and errors (U).

    Threads take a matrix each, or share out each one where it is large.
    """
    count, zones = rows.shape
    rounds, worst = np.zeros(count, np.int64), np.full(count, np.inf)
    if zones < SHARED_FROM:
        shared_out(furness, (seed, rows, columns, tolerance, most_rounds, out, rounds, worst), count)
        return rounds, worst
    for u in range(count):
        a, b, last, shares = np.zeros(zones), np.ones(zones), np.ones(zones), np.empty((BLOCKS, zones))
        goal, step = np.zeros((2, zones)), np.zeros((2, zones))
        while rounds[u] < most_rounds and not worst[u] <= tolerance:
            last[:] = b
            shared_out(sweep, (seed[u], rows[u], a, b, shares), BLOCKS)
            worst[u] = settle(columns[u], shares, b, goal, step, worst[u], tolerance)
            rounds[u] += 1
        shared_out(scale, (seed[u], a, last, out[u]), zones)
    return rounds, worst


def _seed(
    production: F64, attraction: F64, minutes: F64, alpha: float, beta_per_min: float, *, out: F32
) -> tuple[F64, F64]:
    """Writes the seed (Z, Z); totals of rows and columns (Z) that can be met in every part of the city."""
    problems = list(_of_totals(production, attraction, minutes))
    if not np.isfinite([alpha, beta_per_min]).all():
        problems.append(Problem("distribution", f"alpha {alpha:g} and beta {beta_per_min:g} have to be numbers"))
    if problems:
        raise InputError(problems)
    wrong = np.empty(len(minutes), np.int64)
    asked = np.ascontiguousarray(minutes, np.float64), alpha, beta_per_min, LEAST_MINUTES, out, wrong
    shared_out(deterrence, asked, len(minutes))
    if wrong.any():
        raise InputError(list(_no_times(minutes)))
    of_row, of_column, count = parts(out, production, attraction)
    made, drawn = _by_part(of_row, production, count), _by_part(of_column, attraction, count)
    trading = np.append(drawn > 0, False)  # the last is of zones in no part, whose number is -1
    scale = np.append(np.divide(made, drawn, out=np.zeros(count), where=drawn > 0), 0.0)
    return np.where(trading[of_row], production, 0.0), attraction * scale[of_column]


def _unbalanced(where: str, rounds: int, worst: float) -> Problem:
    return Problem(
        where,
        f"trips do not balance: after {rounds} rounds a zone is still {worst:.2g} off its total",
        "look for zones that can be left but not reached",
    )


def _by_part(label: I64, total: F64, count: int) -> F64:
    here = label >= 0
    return np.bincount(label[here], total[here], count).astype(np.float64)


def _of_totals(production: F64, attraction: F64, minutes: F64) -> Iterator[Problem]:
    zones = len(production)
    for name, array, shape in (("attraction", attraction, (zones,)), ("minutes", minutes, (zones, zones))):
        if array.shape != shape:
            yield Problem(name, f"has the shape {array.shape}, {shape} is needed for {zones} zones")
            return
    sound = True
    for name, total in (("production", production), ("attraction", attraction)):
        bad = np.flatnonzero(~(np.isfinite(total) & (total >= 0)))
        sound &= len(bad) == 0
        for z in bad[:_NAMED]:
            yield Problem(
                f"{name} of zone {z}", f"is {total[z]:g}", _and_more(len(bad), "a number from 0 up is needed")
            )
    made, drawn = float(production.sum()), float(attraction.sum())
    if sound and abs(made - drawn) > TOLERANCE * max(made, drawn):
        yield Problem(
            "distribution",
            f"{made:.10g} trips are produced and {drawn:.10g} attracted",
            "scale the less certain total, mostly the attraction, to the other first",
        )


def _no_times(minutes: F64) -> Iterator[Problem]:
    bad = np.argwhere(~(minutes >= 0))
    for i, j in bad[:_NAMED]:
        hint = _and_more(len(bad), "a time from 0 up is needed, infinite where there is no way")
        yield Problem(f"minutes from zone {i} to zone {j}", f"are {minutes[i, j]:g}", hint)


def _and_more(count: int, hint: str) -> str:
    return f"{hint}; {count} such in all" if count > _NAMED else hint
