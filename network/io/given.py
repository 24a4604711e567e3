"""Parts of a city that are parameters alone: a table for every field."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np

from network.errors import InputError, Problem
from network.io.parameters import Parameters
from network.part import Part, specs

P = TypeVar("P", bound=Part)
_DTYPES: Final = {"U": np.dtype(np.str_), "b": np.dtype(np.bool_), "i4": np.dtype(np.int32), "f8": np.dtype(np.float64)}


def given_part(part: type[P], stem: str, parameters: Parameters) -> P:
    """The part of data/parameters/<stem>.toml. Raises InputError that names every table that is not what it needs."""
    problems = []
    values = {}
    for name, spec in specs(part).items():
        key = f"{stem}.{name}"
        if spec.dtype == "U":
            values[name] = np.array(parameters.value(key), dtype=np.str_)
            continue
        numbers = parameters.array(key)
        if spec.dtype != "f8" and (numbers != np.floor(numbers)).any():
            problems.append(Problem(f"parameter {key}", "holds numbers that are not whole"))
        if spec.dtype == "b" and not np.isin(numbers, (0, 1)).all():
            problems.append(Problem(f"parameter {key}", "holds numbers other than 0 and 1", "1 for yes, 0 for no"))
        values[name] = numbers.astype(_DTYPES[spec.dtype])
    if problems:
        raise InputError(problems)
    return part(**values)
