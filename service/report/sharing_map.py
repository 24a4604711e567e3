"""The map of shared parking: lots by how many spaces they open and by tier of owner; need, met and not met."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from network import City
from optimise import SharingPlan
from service.report.frame import Frame, frame_around
from service.report.ground import ground, size_legend
from service.report.labels import spread, street_labels
from service.report.numbers import number, percent
from service.report.rendering import render
from service.report.sharing_rows import ranked

SIZE_PX: Final = 1000
LARGEST_PX, LEAST_PX, BADGE_PX = 28.0, 13.0, 8.5
ROOMY, SMALLEST = 40, 0.6
"""With more lots than this discs are drawn smaller, down to this share of their size."""
OTHER_PX, OTHERS = (6.0, 3.5), 80
"""Side of a lot that the plan leaves as it is: where they are few, and where they are more than this."""
TIER_COLOURS: Final = {1: "#0b7a4b", 2: "#5b3fb8"}
TIERS: Final = {1: "public bodies, state firms 一类业主", 2: "other owners 二类业主"}
NEED: Final = (
    (0.9, "#9fd0b6", "#9fd0b6", "90% or more met 满足"),
    (0.5, "#f9d79b", "#f9d79b", "half or more 部分满足"),
    (1e-9, "#e08a3c", "#e08a3c", "less than half 多数未满足"),
    (0.0, "#ffffff", "#d9a577", "none 未满足"),
)
"""Least share met, fill, edge and words of a block."""
LARGEST_BLOCK_PX, LEAST_BLOCK_PX = 11.0, 2.5
LEGEND_PX: Final = 134
LEGEND_COLUMNS: Final = {"need": 350, "sizes": 610}
"""Where parts of the legend start [px]."""


def sharing_map(city: City, plan: SharingPlan, size_px: int = SIZE_PX) -> str:
    """The map as one `<svg>` element with its own legend, scale, north arrow and attribution. city: before the plan."""
    lots = ranked(plan)
    seen = np.array([(x.lon, x.lat) for x in lots] + [(b.lon, b.lat) for b in plan.blocks]).reshape(-1, 2)
    around = np.concatenate((city.zones.ring_lonlat, city.lots.lonlat, seen))
    frame = frame_around(around if len(around) > 1 else city.roads.lonlat, size_px)
    most = max((lot.spaces for lot in lots), default=0)
    scale = min(1.0, max(math.sqrt(ROOMY / max(len(lots), 1)), SMALLEST))
    per_unit, least = scale * LARGEST_PX / math.sqrt(max(most, 1)), max(scale * LEAST_PX, BADGE_PX + 2.5)
    discs, others = _discs(frame, plan, per_unit, least), _others(city, frame, plan)
    taken = np.array([(d["x"], d["y"], d["r"]) for d in discs]).reshape(-1, 3)
    return render(
        "sharing.svg",
        city=city.name,
        blocks=_blocks(frame, plan),
        others=others,
        side=OTHER_PX[len(others) > OTHERS],
        discs=sorted(discs, key=lambda d: -float(d["r"])),
        badge=BADGE_PX,
        tiers=[{"colour": TIER_COLOURS[t], "text": TIERS[t]} for t in sorted({lot.tier for lot in lots})],
        need=[{"fill": fill, "edge": edge, "text": text} for _, fill, edge, text in NEED] if plan.blocks else [],
        sizes=size_legend(most, per_unit, least),
        columns=LEGEND_COLUMNS,
        **ground(city, frame, street_labels(city, frame, taken), name="sharing", legend_px=LEGEND_PX),
    )


def _discs(frame: Frame, plan: SharingPlan, per_unit: float, least_px: float) -> list[dict[str, Any]]:
    """A disc for each lot of the plan, by its number."""
    lots = ranked(plan)
    at = np.round(frame.px(np.array([(x.lon, x.lat) for x in lots], dtype=np.float64).reshape(-1, 2)), 1)
    radius = np.array([round(max(math.sqrt(x.spaces) * per_unit, least_px), 1) for x in lots])
    moved = np.round(spread(at, radius), 1).tolist()
    return [
        {
            "number": i,
            "at": here,
            "r": r,
            "x": x,
            "y": y,
            "colour": TIER_COLOURS[lot.tier],
            "title": f"{i}. {lot.name or lot.lot}: {lot.spaces} spaces",
        }
        for i, (lot, here, r, (x, y)) in enumerate(zip(lots, at.tolist(), radius.tolist(), moved, strict=True), 1)
    ]


def _blocks(frame: Frame, plan: SharingPlan) -> list[dict[str, Any]]:
    """A dot for each block that wants spaces: its area by how many, its colour by how many of them it gets."""
    at = np.round(frame.px(np.array([(b.lon, b.lat) for b in plan.blocks], dtype=np.float64).reshape(-1, 2)), 1)
    per_unit = LARGEST_BLOCK_PX / math.sqrt(max((b.wanted for b in plan.blocks), default=1) or 1)
    out = []
    for block, (x, y) in zip(plan.blocks, at.tolist(), strict=True):
        share = block.met / block.wanted if block.wanted else 1.0
        fill, edge = next((fill, edge) for least, fill, edge, _ in NEED if share >= least)
        title = f"{block.name or block.block}: {percent(share, 0)} of {number(block.wanted)} space-days a year met"
        r = round(max(math.sqrt(block.wanted) * per_unit, LEAST_BLOCK_PX), 1)
        out.append({"x": x, "y": y, "r": r, "fill": fill, "edge": edge, "title": title})
    return out


def _others(city: City, frame: Frame, plan: SharingPlan) -> list[dict[str, Any]]:
    """Lots that the plan leaves as they are; those that share already are marked."""
    ours, lots = {lot.lot for lot in plan.lots}, city.lots
    left = [i for i, lot in enumerate(lots.id.tolist()) if lot not in ours]
    xy = np.round(frame.px(lots.lonlat), 1)
    return [
        {
            "x": float(xy[i, 0]),
            "y": float(xy[i, 1]),
            "shares": bool(lots.shared[i].any()),
            "title": str(lots.name[i]) or str(lots.id[i]),
        }
        for i in left
    ]
