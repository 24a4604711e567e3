"""What rides cost: by distance, joined rides, and money off after a change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.part import F64, I32, Bools, Part, Spec, Text
from network.units import FEN_PER_CNY


@dataclass(frozen=True, eq=False, kw_only=True)
class Tariffs(Part):
    """Tariffs (F) with their bands of distance (B). Money is counted in whole fen, to which it is rounded.

    Raises InputError where the bands of a tariff do not begin at 0 m and ascend.
    """

    id: Annotated[Text, Spec("U", ("F",))]
    first: Annotated[I32, Spec("i4", ("F+1",), 0)]
    """Bands of tariff f are first[f]:first[f+1], one or more."""
    from_m: Annotated[I32, Spec("i4", ("B",), 0)]
    cny: Annotated[F64, Spec("f8", ("B",), 0)]
    """A ride costs what the last band says that begins at or before its length; a flat fare is one band."""
    through: Annotated[Bools, Spec("b", ("F",))]
    """Whether rides one directly after another count as one ride of their summed length, as in a metro."""
    transfer_off_cny: Annotated[F64, Spec("f8", ("F", "F"), 0)]
    """Off a ride by the second tariff directly after one by the first; no ride costs less than nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.first[0] != 0 or self.first[-1] != len(self.from_m) or (np.diff(self.first) < 1).any():
            raise InputError(Problem("Tariffs.first", "does not give every tariff one band or more"))
        starts = self.first[:-1]
        rises = np.diff(self.from_m, prepend=-1) > 0
        rises[starts] = self.from_m[starts] == 0
        wrong = np.unique(np.searchsorted(self.first, np.flatnonzero(~rises), side="right") - 1)
        if len(wrong):
            names = ", ".join(self.id[wrong].tolist())
            hint = "the first begins at 0 m, each further one beyond the one before"
            raise InputError(Problem("Tariffs.from_m", f"has bands in a wrong order: {names}", hint))

    @cached_property
    def fen(self) -> I32:
        """(B) what a band costs."""
        return np.rint(self.cny * FEN_PER_CNY).astype(np.int32)

    @cached_property
    def transfer_off_fen(self) -> I32:
        """(F, F)"""
        return np.rint(self.transfer_off_cny * FEN_PER_CNY).astype(np.int32)

    def fare_cny(self, tariff: int, length_m: npt.ArrayLike) -> F64:
        """What single rides of some length [m] cost by one tariff."""
        bands = slice(self.first[tariff], self.first[tariff + 1])
        band = np.searchsorted(self.from_m[bands], np.asarray(length_m), side="right") - 1
        return np.asarray(self.fen[bands][band] / FEN_PER_CNY, np.float64)
