"""What more money buys, as a table and a page with its chart."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import Any, Final

import numpy as np

from service.report import numbers as n
from service.report.rendering import render
from service.report.tables import canonical_json, cell
from service.trade_off import TradeOff, TradeOffRow, record_of

WIDTH_PX, HEIGHT_PX, LEFT_PX, BOTTOM_PX, TOP_PX = 940, 380, 96, 44, 20
_LINES: Final = 5
_HEADROOM: Final = 1.06
_TITLES: Final = {
    "chargers": "public chargers 公共充电桩",
    "park_ride": "racks and spaces at stations 车站停车换乘设施",
    "sharing": "shared parking 共享停车",
    "spaces": "new parking spaces 新增停车泊位",
    "bikes": "dispatch points 共享单车疏导点",
}


def curve_files(curve: TradeOff) -> dict[str, bytes]:
    """Name -> bytes. Same curve, same bytes."""
    return {
        "curve.json": canonical_json(record_of(curve)),
        "curve.csv": _csv(curve),
        "curve.html": curve_html(curve).encode(),
    }


def _csv(curve: TradeOff) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.name for field in fields(TradeOffRow)])
    for row in curve.rows:
        writer.writerow(["" if value is None else cell(value) for value in asdict(row).values()])
    return text.getvalue().encode("utf-8-sig")


def curve_html(curve: TradeOff) -> str:
    """One page that fetches nothing, in units that people count in."""
    factor, unit = n.plain_unit(curve.value_unit)
    return render(
        "trade_off.html",
        city=curve.city,
        what=_TITLES[curve.kind],
        unit=unit,
        better="more is better 越多越好" if curve.upward else "less is better 越少越好",
        rows=[_row(row, factor) for row in curve.rows],
        chart=_chart(curve, factor),
        defaults=len(curve.proposals[0].plan.defaults),
    )


def _row(row: TradeOffRow, factor: float) -> dict[str, str]:
    return {
        "budget": n.number(row.budget_cny),
        "cost": n.number(row.cost_cny),
        "value": n.in_plain_unit(row.value, factor),
        "bound": n.in_plain_unit(row.bound, factor),
        "gap": n.small_percent(row.gap),
        "each": n.NOTHING if row.cny_per_unit is None else n.number(row.cny_per_unit / factor, 2),
        "of": "" if row.of_budget_cny == row.budget_cny else f"the plan for {n.number(row.of_budget_cny)} CNY",
    }


def _chart(curve: TradeOff, factor: float) -> dict[str, Any]:
    """Values and bounds over money; between two budgets a plan is worth at least what the smaller one buys."""
    money = [row.budget_cny for row in curve.rows]
    high_x, high_y = max(money) * _HEADROOM, max(max(r.value, r.bound) for r in curve.rows) * _HEADROOM or 1.0
    digits = 0 if high_x > _LINES * 1e6 else 2
    wide, tall = WIDTH_PX - LEFT_PX, HEIGHT_PX - BOTTOM_PX - TOP_PX

    def x(cny: float) -> float:
        return round(LEFT_PX + cny / high_x * wide, 1)

    def y(value: float) -> float:
        return round(TOP_PX + tall - value / high_y * tall, 1)

    return {
        "width": WIDTH_PX,
        "height": HEIGHT_PX,
        "left": LEFT_PX,
        "floor": TOP_PX + tall,
        "line": " ".join(f"{x(r.budget_cny)},{y(r.value)}" for r in curve.rows),
        "limit": " ".join(f"{x(r.budget_cny)},{y(r.bound)}" for r in curve.rows),
        "marks": [
            {"x": x(r.budget_cny), "y": y(r.value), "title": n.in_plain_unit(r.value, factor)} for r in curve.rows
        ],
        "across": [{"y": y(v / factor), "text": n.number(v)} for v in _round_steps(high_y * factor)],
        "down": [{"x": x(v), "text": n.number(v / 1e6, digits)} for v in _round_steps(high_x)],
    }


def _round_steps(high: float) -> list[float]:
    """Round numbers from 0 on below `high`."""
    tenth = 10.0 ** np.floor(np.log10(high))
    step = next(tenth * s for s in (0.1, 0.2, 0.5, 1.0, 2.0) if high / (tenth * s) <= _LINES + 1)
    return [float(value) for value in np.arange(0.0, high, step)]
