"""What cities are made of: frozen arrays, checked where they are made, read-only, with a digest over all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Annotated, Any, NamedTuple, Self, get_type_hints

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.units import DIRECT_MODES, HOURS, NETWORK_MODES, PERIODS, PURPOSES, TRIP_MODES

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Text = npt.NDArray[np.str_]


class Spec(NamedTuple):
    """What an array must be: dtype kind, axis letters (or numbers), bounds, whether infinity is a value, and whether it
    is rare: then it counts, in files and digests, only where it is not empty.
    """

    dtype: str
    axes: tuple[str | int, ...]
    low: float | None = None
    high: float | None = None
    infinite: bool = False
    rare: bool = False


_FIXED_AXES = {
    "M": len(NETWORK_MODES),
    "K": len(TRIP_MODES),
    "D": len(DIRECT_MODES),
    "U": len(PURPOSES),
    "T": len(PERIODS),
    "H": HOURS,
}


_KNOWN = "_known"
"""Where a part that is being made holds the names of arrays whose values need no check."""


def specs(part: type[Any]) -> dict[str, Spec]:
    """Field name -> Spec of every array of a part."""
    return _specs(part)  # type: ignore[arg-type]  # classes can be hashed


@cache
def _specs(part: type[Any]) -> dict[str, Spec]:
    """Found once, as type hints take long to evaluate."""
    hints = get_type_hints(part, include_extras=True)
    return {
        f.name: meta
        for f in fields(part)
        for meta in getattr(hints[f.name], "__metadata__", ())
        if isinstance(meta, Spec)
    }


def _axis_problem(spec: Spec, shape: tuple[int, ...], sizes: dict[str, int]) -> str | None:
    if len(shape) != len(spec.axes):
        return f"has {len(shape)} axes, needs {spec.axes}"
    for axis, length in zip(spec.axes, shape, strict=True):
        letter, extra = (axis, 0) if isinstance(axis, int) else (axis[0], int(axis[1:] or 0))
        wanted = letter if isinstance(letter, int) else sizes.setdefault(letter, length - extra) + extra
        if length != wanted:
            return f"axis {axis} has length {length}, the rest of the part has {wanted}"
    return None


def _value_problem(spec: Spec, array: npt.NDArray[Any]) -> str | None:
    if spec.dtype in "Ub" or array.size == 0:
        return None
    if spec.dtype == "f8" and not (~np.isnan(array) if spec.infinite else np.isfinite(array)).all():
        return "holds values that are not numbers" + ("" if spec.infinite else " or not finite")
    if spec.low is not None and array.min() < spec.low:
        at = np.unravel_index(int(array.argmin()), array.shape)
        return f"holds {array.min():g} at position {tuple(map(int, at))}, below {spec.low:g}"
    if spec.high is not None and array.max() > spec.high:
        at = np.unravel_index(int(array.argmax()), array.shape)
        return f"holds {array.max():g} at position {tuple(map(int, at))}, above {spec.high:g}"
    return None


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """A frozen set of arrays: dtype, shape and bounds are checked and the arrays made read-only on construction.

    Raises InputError naming part, array and position.
    """

    def __post_init__(self) -> None:
        problems, sizes, known = [], dict(_FIXED_AXES), self.__dict__.pop(_KNOWN, frozenset())
        for name, spec in specs(type(self)).items():
            array = np.asarray(getattr(self, name))
            where = f"{type(self).__name__}.{name}"
            exact = spec.dtype not in "Ub"
            if array.dtype.kind != spec.dtype[0] or (exact and array.dtype != np.dtype(spec.dtype)):
                problems.append(Problem(where, f"has dtype {array.dtype}, needs {spec.dtype}"))
                continue
            what = _axis_problem(spec, array.shape, sizes) or (None if name in known else _value_problem(spec, array))
            if what:
                problems.append(Problem(where, what))
            object.__setattr__(self, name, frozen(array))
        if problems:
            raise InputError(problems)

    def but(self, **changed: Any) -> Self:
        """The same part with other fields. The values of arrays it keeps were checked before and are not read again.

        Raises InputError as on construction.
        """
        new = object.__new__(type(self))
        new.__dict__.update({f.name: getattr(self, f.name) for f in fields(self)} | changed)
        kept = (name for name in specs(type(self)) if getattr(new, name) is getattr(self, name))
        new.__dict__[_KNOWN] = frozenset(kept)
        new.__post_init__()
        return new

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A part copied, or sent to another process, is as frozen as it was: numpy alone would thaw its arrays."""
        self.__dict__.update(state)
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def arrays(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        for name, spec in specs(type(self)).items():
            array = getattr(self, name)
            if array.size or not spec.rare:
                yield name, array

    @cached_property
    def digest(self) -> str:
        """sha256 over the names, types, shapes and bytes of all arrays."""
        return digest_of(*(x for name, array in self.arrays() for x in (name, array)))


def no_pairs() -> I32:
    return np.zeros((0, 2), np.int32)


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array itself if nobody can write to it, also not by the array it is a view of, else a read-only copy."""
    owner = array
    while isinstance(owner.base, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    if owner.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


def digest_of(*items: str | npt.NDArray[Any]) -> str:
    """sha256 over texts and arrays (dtype, shape and bytes; texts by their characters, not their padding)."""
    h = hashlib.sha256()
    for item in items:
        if isinstance(item, str):
            h.update(f"s{len(item.encode())}:{item}".encode())
        elif item.dtype.kind == "U":
            h.update(f"U{item.shape}".encode() + "\x00".join(item.ravel().tolist()).encode())
        else:
            h.update(f"{item.dtype.str}{item.shape}".encode() + np.ascontiguousarray(item).tobytes())
    return h.hexdigest()


@dataclass(frozen=True, eq=False, kw_only=True)
class Snap(Part):
    """Where points (X) touch the streets: per network mode a segment and the share of it that lies behind the point."""

    segment: Annotated[I32, Spec("i4", ("M", "X"), 0)]
    along: Annotated[F64, Spec("f8", ("M", "X"), 0, 1)]
    off_m: Annotated[F64, Spec("f8", ("M", "X"), 0)]
    """Straight distance from the point to that place."""
