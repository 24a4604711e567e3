"""Names of the main streets, written along them where there is room; discs that make room for each other."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from network import City, snap, units
from service.report.frame import F64, Frame

NAMED_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
"""Street classes that may carry a name, most important first."""
MOST_LABELS = 16
FONT_PX = 11.5
LATIN_EM = 0.56
"""Mean width of a Latin letter; a Chinese character is one em wide."""
BEND_PX = 5.0
"""A name is not written where its street bends away further than this."""
ANCHORS = (0.5, 0.35, 0.65, 0.2, 0.8)
"""Shares of a street's length where a name is tried."""


SPREAD_ROUNDS = 40
MOST_SPREAD_PX = 34.0
"""No disc moves further than this from where it belongs."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text centred at (x, y), turned by `angle` degrees."""

    text: str
    x: float
    y: float
    angle: float


def text_width_px(text: str, font_px: float = FONT_PX) -> float:
    """Estimated width of a text; there is no font to ask."""
    return font_px * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else LATIN_EM for c in text)


def street_labels(city: City, frame: Frame, taken: F64) -> list[Label]:
    """At most MOST_LABELS names that cover neither each other nor what is `taken` already (X, 3: x, y, radius)."""
    roads = city.roads
    # every straight piece of every drawn line
    segment = np.repeat(np.arange(len(roads.edges)), np.diff(roads.shape_first))
    start = np.flatnonzero(segment[:-1] == segment[1:])
    px, way = frame.px(roads.shape_lonlat), roads.way[segment[start]]
    pieces = np.stack([px[start], px[start + 1]], axis=1)
    length = np.hypot(*(pieces[:, 1] - pieces[:, 0]).T)
    class_of_way = roads.way_class.tolist()
    by_name: dict[str, list[int]] = {}
    for i in np.flatnonzero(frame.holds(pieces.mean(axis=1))).tolist():
        name = str(roads.way_name[way[i]])
        if name and class_of_way[way[i]] in NAMED_CLASSES:
            by_name.setdefault(name, []).append(i)

    def rank(name: str) -> tuple[int, float, str]:
        best = min(NAMED_CLASSES.index(class_of_way[way[i]]) for i in by_name[name])
        return best, -float(length[by_name[name]].sum()), name

    labels: list[Label] = []
    for name in sorted(by_name, key=rank):
        if len(labels) == MOST_LABELS:
            break
        found = _place(name, _dots(pieces[by_name[name]]), frame, taken)
        if found:
            label, covers = found
            labels.append(label)
            taken = np.concatenate([taken, covers])
    return labels


def _dots(pieces: F64) -> F64:
    """(X, 2) points along straight pieces (Y, 2, 2), about a letter apart."""
    lengths = np.hypot(*(pieces[:, 1] - pieces[:, 0]).T)
    counts = np.ceil(lengths / FONT_PX).astype(np.int64) + 1
    whole = np.repeat(np.arange(len(pieces)), counts)
    share = (np.arange(len(whole)) - np.repeat(np.cumsum(counts) - counts, counts)) / np.maximum(counts - 1, 1)[whole]
    dots: F64 = pieces[whole, 0] + share[:, None] * (pieces[whole, 1] - pieces[whole, 0])
    return dots


def _place(text: str, dots: F64, frame: Frame, taken: F64) -> tuple[Label, F64] | None:
    """The first anchor where the street is straight, long enough and free."""
    width = text_width_px(text)
    wide = np.ptp(dots[:, 0]) > np.ptp(dots[:, 1])
    order = np.lexsort((dots[:, 1], dots[:, 0])) if wide else np.lexsort((dots[:, 0], dots[:, 1]))
    for share in ANCHORS:
        anchor = dots[order[int(share * (len(dots) - 1))]]
        near = dots[np.hypot(*(dots - anchor).T) <= width * 0.75]
        if len(near) < 2:
            continue
        centre = near.mean(axis=0)
        angle = _direction(near - centre)
        along = np.array([math.cos(angle), math.sin(angle)])
        on, off = (near - centre) @ along, (near - centre) @ np.array([-along[1], along[0]])
        if np.ptp(on) < width or np.abs(off).max() > BEND_PX:
            continue
        centre = centre + along * (on.min() + on.max()) / 2
        steps = np.linspace(-width / 2, width / 2, max(2, math.ceil(width / FONT_PX)))
        covers = np.column_stack([centre + steps[:, None] * along, np.full(len(steps), FONT_PX * 0.8)])
        clear = np.hypot(*(covers[:, None, :2] - taken[None, :, :2]).transpose(2, 0, 1)) >= covers[0, 2] + taken[:, 2]
        if clear.all() and frame.holds(covers[:, :2]).all():
            return Label(text, round(centre[0], 1), round(centre[1], 1), round(math.degrees(angle), 1)), covers
    return None


def _direction(offsets: F64) -> float:
    """Angle of the main axis of points around 0, between -90 and 90 degrees, so that no name stands on its head."""
    (xx, xy), (_, yy) = (offsets.T @ offsets).tolist()
    return 0.5 * math.atan2(2 * xy, xx - yy)


def spread(xy: F64, r: F64) -> F64:
    """(X, 2) centres near `xy` (X, 2) where discs of radius r (X) overlap less: each round pushes pairs apart."""
    out = xy.copy()
    for _ in range(SPREAD_ROUNDS):
        apart = out[:, None] - out[None]
        distance = np.hypot(apart[..., 0], apart[..., 1])
        overlap = np.triu(np.maximum(r[:, None] + r[None] - distance, 0.0), 1)
        if not overlap.any():
            break
        for i, j in np.argwhere(overlap > 0).tolist():
            # discs on the very same spot part sideways
            way = apart[i, j] / distance[i, j] if distance[i, j] > 0 else np.array([1.0, 0.0])
            out[i] += way * overlap[i, j] / 2
            out[j] -= way * overlap[i, j] / 2
        moved = out - xy
        far = np.hypot(moved[:, 0], moved[:, 1])
        out = xy + moved * np.minimum(1.0, MOST_SPREAD_PX / np.maximum(far, MOST_SPREAD_PX))[:, None]
    return out


def beside(city: City, lonlat: Sequence[tuple[float, float]]) -> list[str]:
    """What places without a name go by: `at` the street that cars reach each from; empty where that has none."""
    if not len(lonlat):
        return []
    ways = city.roads.way[snap(city.roads, np.array(lonlat, np.float64)).segment[units.DRIVE]]
    return [f"at {street}" if street else "" for street in city.roads.way_name[ways].tolist()]
