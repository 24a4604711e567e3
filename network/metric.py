"""What a figure of a day is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from network.day import Day


@dataclass(frozen=True)
class Metric:
    """A figure of a day: how it is computed, its unit, which way is better, and its names."""

    function: Callable[[Day], float | None]
    unit: str
    better: Literal["more", "less", "none"]
    label_en: str
    label_zh: str


def ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None
