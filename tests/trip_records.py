"""Trip records made in a test."""

from __future__ import annotations

import numpy as np

from network.demand.records import TripRecords


def records(modes, chosen, columns, available=None, weight=None):
    cases = len(chosen)
    return TripRecords(
        modes=tuple(modes),
        row=np.arange(2, cases + 2, dtype=np.int32),
        chosen=np.asarray(chosen, np.int32),
        available=np.ones((cases, len(modes)), bool) if available is None else np.asarray(available, bool),
        weight=np.ones(cases) if weight is None else np.asarray(weight, float),
        purpose=np.full(cases, ""),
        columns={name: np.asarray(column, float) for name, column in columns.items()},
    )
