"""What every map stands on: the streets in grey and their names, a scale bar, a legend, and whose data they are."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from network import City, Roads
from service.report.frame import TENTHS_PER_PX, Frame, Points, path_data
from service.report.labels import FONT_PX, Label

STREET_TIERS: tuple[tuple[str, float, str, tuple[str, ...]], ...] = (
    ("paths", 0.5, "#d5d9d7", ()),
    ("local", 0.9, "#bfc5c2", ("residential", "unclassified", "living_street", "service", "road")),
    ("middle", 1.7, "#a9b1ad", ("secondary", "tertiary")),
    ("main", 2.6, "#939c97", ("motorway", "trunk", "primary")),
)
"""Name, width [px], colour and OpenStreetMap classes, drawn in this order; other classes are paths."""
WIDTH_AT_PX_PER_M = 0.15
LEAST_WIDTH, MOST_WIDTH = 0.7, 1.5
"""Streets are drawn wider where the map is larger, within these factors."""

CREDIT_LINE_PX, CREDIT_CHAR_PX = 15, 6.2
"""Height of a line of the attribution, and room for one letter in it."""
SCALE_BAR_SHARE = 0.22
"""The scale bar is the longest round distance below this share of the width."""


LEGEND_ROWS, LEGEND_ROW_PX, LEGEND_COLUMN_PX = 3, 22, 330
LEGEND_PX = 92
"""Height of a legend of so many rows."""


def ground(
    city: City,
    frame: Frame,
    labels: Sequence[Label],
    *,
    name: str,
    legend_px: int = LEGEND_PX,
    some: npt.NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Values of ground.svg; ids on the page start with `name`; of the segments (S) only `some`, if that is given."""
    lines = credit_lines(city, frame.width)
    return {
        "id": name,
        "frame": frame,
        "streets": street_tiers(city.roads, frame, some),
        "labels": labels,
        "label_px": FONT_PX,
        "bar": scale_bar(frame),
        "credits": lines,
        "credit_line": CREDIT_LINE_PX,
        "credits_at": legend_px + CREDIT_LINE_PX / 2,
        "legend_height": legend_px + CREDIT_LINE_PX * len(lines),
    }


def legend_items(*items: tuple[str, str, float, str]) -> list[dict[str, Any]]:
    """Entries of a legend, column by column: fill, edge, radius (a square where that is 0) and words."""
    return [
        {"fill": fill, "stroke": stroke, "round": radius, "text": text}
        | {"x": LEGEND_COLUMN_PX * (i // LEGEND_ROWS), "y": LEGEND_ROW_PX * (i % LEGEND_ROWS)}
        for i, (fill, stroke, radius, text) in enumerate(items)
    ]


def zone_rings(city: City, frame: Frame) -> list[Points]:
    """Outlines of the zones (Z) in tenths of a pixel; empty where a zone has none."""
    points = [(x, y) for x, y in frame.tenths(city.zones.ring_lonlat).tolist()]
    return [points[a:b] for a, b in pairwise(city.zones.ring_first.tolist())]


def size_legend(most: int, per_unit: float, least_px: float) -> list[dict[str, str | float]]:
    """Up to three discs side by side, from the smallest that is drawn true to size to the most there is."""
    smallest = min(max(int((least_px / per_unit) ** 2), 1), most)
    out: list[dict[str, str | float]] = []
    x = 0.0
    for count in sorted({smallest, (smallest + most) // 2, most} if most else ()):
        r = max(math.sqrt(count) * per_unit, least_px)
        text = f"≤ {count}" if count == smallest > 1 else str(count)
        out.append({"x": round(x + r, 1), "r": round(r, 1), "text": text})
        x += 2 * r + 14
    return out


def credit_lines(city: City, size_px: int) -> list[str]:
    """The attribution, broken into lines for a map of this width."""
    texts = " · ".join(map(str, city.provenance.attribution))
    return textwrap.wrap(texts, round(size_px / CREDIT_CHAR_PX))


def street_tiers(roads: Roads, frame: Frame, some: npt.NDArray[np.bool_] | None = None) -> list[dict[str, str]]:
    """One path per tier with everything that touches the frame; of the segments (S) only `some`, if that is given."""
    px = frame.px(roads.shape_lonlat)
    first = roads.shape_first[:-1]
    low, high = np.minimum.reduceat(px, first), np.maximum.reduceat(px, first)
    shown = ((high >= 0) & (low <= (frame.width, frame.height))).all(axis=1)
    shown &= True if some is None else some
    tier_of = {name: i for i, tier in enumerate(STREET_TIERS) for name in tier[3]}
    tier_of_way = np.array([tier_of.get(c.removesuffix("_link"), 0) for c in roads.way_class.tolist()], dtype=np.int64)
    points = [(x, y) for x, y in frame.tenths(roads.shape_lonlat).tolist()]
    wider = min(max(math.sqrt(frame.px_per_m / WIDTH_AT_PX_PER_M), LEAST_WIDTH), MOST_WIDTH)
    out = []
    for i, (name, width, colour, _) in enumerate(STREET_TIERS):
        segments = np.flatnonzero(shown & (tier_of_way[roads.way] == i)).tolist()
        lines = [points[roads.shape_first[s] : roads.shape_first[s + 1]] for s in segments]
        out.append(
            {"name": name, "width": f"{width * wider * TENTHS_PER_PX:.1f}", "colour": colour, "path": path_data(lines)}
        )
    return [tier for tier in out if tier["path"]]


def scale_bar(frame: Frame) -> dict[str, str | float]:
    room_m = frame.width * SCALE_BAR_SHARE / frame.px_per_m
    power = 10.0 ** math.floor(math.log10(room_m))
    length_m = max(nice for nice in (1, 2, 5) if nice * power <= room_m) * power
    text = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    return {"px": round(length_m * frame.px_per_m, 1), "text": text}
