"""The chart of shared spaces by half-hour: one panel for each type of day, groups on top of each other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from network import City, units, window_of
from optimise import SharingPlan
from service.report import numbers as n

I64 = npt.NDArray[np.int64]

DAYS: Final = {"weekday": "Weekday 工作日", "weekend": "Weekend 周末", "holiday": "Holiday 节假日"}
GROUPS: Final = {
    "residents": "Residents 居民",
    "commuters": "Commuters 通勤者",
    "visitors": "Visitors 访客",
    "deliveries": "Deliveries 配送",
}
COLOURS: Final = ("#c9d1cd", "#41337a", "#0b7a4b", "#e5963f", "#7fb7d9")
"""What is shared already, then the groups; they differ in lightness too."""
PANEL_PX: Final = (296, 200)
GAP_PX, LEFT_PX, TOP_PX = 18, 54, 26
_HEADROOM: Final = 1.08
_MOST_LINES: Final = 6


def open_spaces(city: City, plan: SharingPlan) -> I64:
    """(5, 3, 48) spaces open to others: those of `city`, then those the plan opens to each group."""
    out = np.zeros((1 + len(units.PARKERS), len(units.DAY_TYPES), units.SLOTS), np.int64)
    out[0] = city.lots.shared.sum(axis=0)
    for row in plan.windows:
        group = units.PARKERS.index(row.group)
        out[1 + group, units.DAY_TYPES.index(row.day)] += row.spaces * window_of(row.start, row.end)
    return out


def day_chart(city: City, plan: SharingPlan) -> dict[str, Any] | None:
    """Values of the chart; None where nothing is shared."""
    layers = open_spaces(city, plan)
    total = layers.sum(axis=0)
    most = int(total.max())
    if not most:
        return None
    width, height = PANEL_PX
    per_space = height / (_HEADROOM * most)
    drawn = [i for i in range(len(layers)) if layers[i].any()]
    names = ("Shared already 已共享", *GROUPS.values())
    return {
        "width": LEFT_PX + len(DAYS) * width + (len(DAYS) - 1) * GAP_PX,
        "height": TOP_PX + height + 22,
        "panel": {"width": width, "height": height, "top": TOP_PX},
        "grid": [{"y": round(height - v * per_space, 1), "text": n.number(v)} for v in _lines(most)],
        "panels": [_panel(layers[:, d], d, drawn, per_space) for d in range(len(DAYS))],
        "legend": [{"colour": COLOURS[i], "text": names[i], "x": LEFT_PX + 172 * k} for k, i in enumerate(drawn)],
    }


def _lines(most: int) -> list[int]:
    """Round numbers up to the most."""
    tenth = 10.0 ** np.floor(np.log10(most))
    step = max(1, round(next(tenth * s for s in (0.1, 0.2, 0.5, 1.0, 2.0) if most / (tenth * s) <= _MOST_LINES)))
    return list(range(0, most + 1, step))


def _panel(layers: I64, day: int, drawn: list[int], per_space: float) -> dict[str, Any]:
    """One type of day: (5, 48) spaces as areas from the bottom up, and the most at one time."""
    (width, height), total = PANEL_PX, layers.sum(axis=0)
    tops = np.cumsum(layers, axis=0)
    peak = int(total.argmax())
    clock = f"{int(peak * units.SLOT_H):02d}:{30 if peak % 2 else 0:02d}"
    return {
        "x": LEFT_PX + day * (width + GAP_PX),
        "title": list(DAYS.values())[day],
        "areas": [
            {"colour": COLOURS[i], "path": _area(tops[i] - layers[i], tops[i], per_space)}
            for i in drawn
            if layers[i].any()
        ],
        "peak": {
            "y": round(height - float(total[peak]) * per_space, 1),
            "text": f"{n.number(int(total[peak]))} at {clock}" if total[peak] else "none 无",
        },
        "hours": [{"x": round(h * width / 24, 1), "text": f"{h}:00"} for h in range(0, 25, 6)],
    }


def _area(low: I64, high: I64, per_space: float) -> str:
    """SVG path between two lines (48) of steps."""
    width, height = PANEL_PX
    edges = np.round(np.linspace(0, width, units.SLOTS + 1), 2).tolist()
    top, bottom = (np.round(height - line * per_space, 1).tolist() for line in (high, low))
    up = "".join(f"V{top[i]:g}H{edges[i + 1]:g}" for i in range(units.SLOTS))
    down = "".join(f"V{bottom[i]:g}H{edges[i]:g}" for i in range(units.SLOTS - 1, -1, -1))
    return f"M0 {bottom[0]:g}{up}{down}z"
