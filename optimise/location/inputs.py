"""What an array has to be before a model reads it: problems that name the array and the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from network import InputError, Problem
from optimise.problem import I64

F64 = npt.NDArray[np.float64]


def whole_array(where: str, given: Any, width: int = 1) -> I64:
    """A read-only int64 copy, one row of numbers or rows of `width`; empty for nothing. Raises InputError where the
    numbers are not whole.
    """
    array = np.asarray(given)
    shaped = array.ndim == 1 if width == 1 else array.ndim == 2 and array.shape[1] == width
    if array.size == 0:
        array = np.zeros(0 if width == 1 else (0, width), np.int64)
    elif not shaped or array.dtype.kind not in "iu":
        what = "is not a row of whole numbers" if width == 1 else f"is not rows of {width} whole numbers"
        raise InputError(Problem(where, what, "scale and round first"))
    whole: I64 = np.array(array, np.int64)
    whole.flags.writeable = False
    return whole


def real_array(where: str, given: Any) -> F64:
    """A read-only float64 copy. Raises InputError where it is not a row of finite numbers."""
    array = np.asarray(given)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise InputError(Problem(where, "is not a row of numbers", "give one number a row"))
    wrong = np.flatnonzero(~np.isfinite(array))
    if len(wrong):
        raise InputError(Problem(f"{where}[{wrong[0]}]", f"is {array[wrong[0]]}", "give a finite number"))
    real: F64 = np.array(array, np.float64)
    real.flags.writeable = False
    return real


def below(where: str, array: Any, low: float, *, allowed: bool = True) -> list[Problem]:
    """The first number less than `low` (or, where it is not allowed itself, not above it)."""
    wrong = np.argwhere(array < low if allowed else array <= low)
    if not len(wrong):
        return []
    at = tuple(wrong[0].tolist())
    place = ", ".join(map(str, at))
    return [
        Problem(f"{where}[{place}]", f"is {array[at]}", f"give {low} or more" if allowed else f"give more than {low}")
    ]


def too_high(where: str, array: I64, count: int, of: str) -> list[Problem]:
    """The first number that is not below `count`."""
    wrong = np.argwhere(array >= count)
    if not len(wrong):
        return []
    place = ", ".join(map(str, wrong[0].tolist()))
    return [Problem(f"{where}[{place}]", f"is {array[tuple(wrong[0])]}", f"there are {count} {of}")]


def length(where: str, array: Any, rows: int, of: str) -> list[Problem]:
    return [] if len(array) == rows else [Problem(where, f"has {len(array)} rows, there are {rows} {of}")]


def runs(where: str, first: I64, entries: int, rows: int | None = None) -> list[Problem]:
    """`first` must cut the entries into one run per row."""
    ends = len(first) > 0 and first[0] == 0 and first[-1] == entries and (rows is None or len(first) == rows + 1)
    if ends and (np.diff(first) >= 0).all():
        return []
    return [Problem(where, f"does not cut the {entries} entries into one run per row", "start at 0, end at the count")]


def rising(where: str, first: I64, column: I64) -> list[Problem]:
    """Columns must rise within each row, so that none is named twice."""
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    wrong = np.flatnonzero((np.diff(row) == 0) & (np.diff(column) <= 0))
    return (
        [Problem(f"{where}[{wrong[0] + 1}]", "does not rise within its row", "sort, one entry a pair")]
        if len(wrong)
        else []
    )


def cost_matrix(where: str, given: Any, *, infinite: bool = True) -> F64:
    """A read-only float64 matrix (rows, columns) of costs of 0 or more, not copied where it is one already.

    infinite: np.inf may stand for a pair that is not connected. Raises InputError that names the first bad row.
    """
    array = np.asarray(given)
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise InputError(Problem(where, f"has {array.ndim} axes of {array.dtype}", "give a matrix of numbers"))
    matrix: F64 = np.ascontiguousarray(array, np.float64).view()
    wrong = np.isnan(matrix) | (matrix < 0)
    if not infinite:
        wrong |= np.isinf(matrix)
    if wrong.any():
        i, j = np.argwhere(wrong)[0].tolist()
        hint = "give 0 or more" + (", np.inf where there is no way" if infinite else "")
        rows = int(wrong.any(axis=1).sum())
        more = f" (first of {rows} such rows)" if rows > 1 else ""
        raise InputError(Problem(f"{where}[{i}, {j}]", f"is {matrix[i, j]}{more}", hint))
    matrix.flags.writeable = False
    return matrix


def numbers(where: str, given: Any, count: int, of: str) -> F64:
    """`count` finite numbers of 0 or more, a single number for all alike. Raises InputError that names the row."""
    array = np.asarray(given)
    row = real_array(where, np.full(count, array) if array.ndim == 0 else array)
    problems = length(where, row, count, of) + below(where, row, 0)
    if problems:
        raise InputError(problems)
    return row


def site_list(where: str, given: Any, sites: int) -> I64:
    """Sites by number, rising, each once. Raises InputError for a number that names no site."""
    array = whole_array(where, given)
    problems = below(where, array, 0) + too_high(where, array, sites, "sites")
    if problems:
        raise InputError(problems)
    return np.unique(array)
