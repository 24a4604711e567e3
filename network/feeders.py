"""Where the grid feeds charging sites: what is left of each feeder, and what more of it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.part import F64, I32, Part, Spec, Text


@dataclass(frozen=True, eq=False, kw_only=True)
class Feeders(Part):
    """Feeders or transformers (B) and the headroom that chargers may take up."""

    id: Annotated[Text, Spec("U", ("B",))]
    headroom_kva: Annotated[F64, Spec("f8", ("B",), 0)]
    """Rated power x allowed loading - measured peak."""
    step_kva: Annotated[F64, Spec("f8", ("B",), 0)]
    step_cny: Annotated[F64, Spec("f8", ("B",), 0)]
    """What a step of reinforcement adds, and costs."""
    most_steps: Annotated[I32, Spec("i4", ("B",), 0)]


def no_feeders() -> Feeders:
    """Where no feeder is known: no limit."""
    none = np.zeros(0)
    return Feeders(
        id=np.zeros(0, "U1"), headroom_kva=none, step_kva=none, step_cny=none, most_steps=np.zeros(0, np.int32)
    )
