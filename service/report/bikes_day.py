"""The charts of a plan of dispatch points: bikes at the busiest points by hour, and what binds the fleet by hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from network import units
from optimise import BikePoint, BikesPlan
from service.report import numbers as n
from service.report.bikes_rows import ranked

PANELS, COLUMNS = 8, 4
PANEL_PX: Final = (210, 116)
GAP_PX, LEFT_PX, TOP_PX, ROW_PX = 36, 30, 40, 186
CAP_PX: Final = (920, 240)
CAP_LEFT_PX, CAP_TOP_PX = 64, 14
COLOURS: Final = {"need": "#41337a", "space": "#b45309", "parking": "#1d4ed8", "cap": "#0b7a4b"}
WORDS: Final = {
    "need": "need of rides 骑行需要",
    "space": "street space 街道空间",
    "parking": "places at points 停放能力",
    "cap": "cap: least of the three, zone by zone 上限",
}
_HEADROOM: Final = 1.12
_OFF_CHART: Final = 2.0
"""A limit above so many times the others is told and not drawn."""
_MOST_LINES: Final = 5
_STEPS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)


def busiest(plan: BikesPlan) -> list[tuple[int, BikePoint]]:
    """The points with most rides, with their numbers on the map."""
    numbered = [(i, p) for i, p in enumerate(ranked(plan), 1) if p.pickups + p.returns > 0]
    return sorted(numbered, key=lambda row: (-(row[1].pickups + row[1].returns), row[0]))[:PANELS]


def day_chart(plan: BikesPlan, balance_h: Sequence[int]) -> dict[str, Any] | None:
    """Values of the chart of bikes by hour; None where no point has rides. balance_h: when vans have been there."""
    points = busiest(plan)
    if not points:
        return None
    rows, (width, height) = -(-len(points) // COLUMNS), PANEL_PX
    return {
        "width": LEFT_PX + COLUMNS * width + (COLUMNS - 1) * GAP_PX,
        "height": ROW_PX * rows,
        "panel": {"width": width, "height": height},
        "panels": [
            _panel(number, point, balance_h)
            | {"x": LEFT_PX + (i % COLUMNS) * (width + GAP_PX), "y": TOP_PX + ROW_PX * (i // COLUMNS)}
            for i, (number, point) in enumerate(points)
        ],
        "hours": _hours(width),
    }


def _panel(number: int, point: BikePoint, balance_h: Sequence[int]) -> dict[str, Any]:
    """One point: its bikes by hour, and its places as a line above them."""
    (width, height), most = PANEL_PX, max(point.spaces, *point.bikes_by_hour, 1)
    course = [(0, point.bikes_by_hour[-1])]
    for hour, bikes in enumerate(point.bikes_by_hour):
        course += [(hour, point.bikes)] if hour in balance_h else []
        course.append((hour + 1, bikes))
    xy = [(round(h * width / units.HOURS, 1), round(height * (1 - v / (_HEADROOM * most)), 1)) for h, v in course]
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in xy)
    return {
        "title": f"{number}. {point.name or point.id}",
        "spaces": n.number(point.spaces),
        "capacity": round(height - height / (_HEADROOM * most) * point.spaces, 1),
        "line": line,
        "area": f"{line}L{width} {height}L0 {height}z",
    }


def cap_chart(plan: BikesPlan) -> dict[str, Any] | None:
    """Values of the chart of the three limits and the cap by hour; None where the fleet is held to nothing."""
    hours = plan.fleet_hours
    if not hours:
        return None
    lines = {name: [getattr(hour, name) for hour in hours] for name in WORDS}
    others = max(1.0, *(max(lines[name]) for name in ("need", "parking", "cap")))
    drawn = [name for name in WORDS if max(lines[name]) <= _OFF_CHART * others]
    most = max(max(lines[name]) for name in drawn) or 1.0
    width, height = CAP_PX
    per = height / (_HEADROOM * most)

    def steps(values: Sequence[float]) -> str:
        edges = [round(i * width / units.HOURS, 1) for i in range(units.HOURS + 1)]
        ys = [round(height - per * v, 1) for v in values]
        return f"M0 {ys[0]:g}" + "".join(f"V{y:g}H{edges[i + 1]:g}" for i, y in enumerate(ys))

    return {
        "width": CAP_LEFT_PX + width,
        "height": CAP_TOP_PX + height + 24,
        "panel": {"width": width, "height": height, "left": CAP_LEFT_PX, "top": CAP_TOP_PX},
        "grid": [{"y": round(height - per * v, 1), "text": n.number(v)} for v in _grid(most)],
        "cap": f"{steps(lines['cap'])}V{height}H0z",
        "lines": [{"path": steps(lines[name]), "colour": COLOURS[name]} for name in drawn if name != "cap"],
        "legend": [
            {"colour": COLOURS[name], "text": WORDS[name] + _beyond(name, lines[name], drawn), "x": 10 + 230 * i}
            for i, name in enumerate(WORDS)
        ],
        "hours": _hours(width, every=3),
        "tightest": {
            "x": round((plan.fleet_hour + 0.5) * width / units.HOURS, 1),
            "y": round(height - per * hours[plan.fleet_hour].cap, 1),
            "text": f"{n.number(plan.fleet_cap)}",
        },
    }


def _beyond(name: str, values: Sequence[float], drawn: Sequence[str]) -> str:
    return "" if name in drawn else f": {n.number(max(values))}, above"


def _hours(width: int, every: int = 6) -> list[dict[str, Any]]:
    return [{"x": round(h * width / units.HOURS, 1), "text": f"{h}:00"} for h in range(0, units.HOURS + 1, every)]


def _grid(most: float) -> list[int]:
    """Round numbers up to the most."""
    tenth = 10.0 ** (len(str(int(most))) - 1)
    step = max(1, round(next(tenth * s for s in _STEPS if most / (tenth * s) <= _MOST_LINES)))
    return list(range(0, int(most) + 1, step))
