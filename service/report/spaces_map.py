"""The map of new parking spaces: a disc for each place, its area by how many, its colour by supply class."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from network import City
from optimise import SpacesPlan
from service.report.frame import Frame, frame_around
from service.report.ground import ground, size_legend
from service.report.labels import street_labels
from service.report.rendering import render
from service.report.spaces_rows import ranked

SIZE_PX: Final = 1000
LARGEST_PX, LEAST_PX, DIGIT_PX = 24.0, 3.5, 4.0
"""A disc has its number inside where its digits, of so much each beside its middle, fit in; else beside it."""
COLOURS: Final = {"on_street": "#b45309", "off_street": "#1d4ed8", "building": "#0b7a4b"}
WORDS: Final = {
    "on_street": "at the kerb 路内",
    "off_street": "off the street 路外公共",
    "building": "of buildings 建筑配建",
}
LEGEND_PX: Final = 122


def spaces_map(city: City, plan: SpacesPlan, size_px: int = SIZE_PX) -> str:
    """The map as one `<svg>` element with its own legend, scale, north arrow and attribution."""
    places = np.array([[p.lon, p.lat] for p in plan.places]).reshape(-1, 2)
    seen = np.concatenate((city.zones.ring_lonlat, places))
    frame = frame_around(seen if len(seen) > 1 else city.roads.lonlat, size_px)
    most = max((p.spaces for p in plan.places), default=0)
    per_unit = LARGEST_PX / math.sqrt(max(most, 1))
    discs = _discs(frame, plan, per_unit)
    taken = np.array([(d["x"], d["y"], d["r"]) for d in discs]).reshape(-1, 3)
    return render(
        "spaces.svg",
        city=city.name,
        discs=discs,
        colours=COLOURS,
        words=WORDS,
        sizes=size_legend(most, per_unit, LEAST_PX),
        **ground(city, frame, street_labels(city, frame, taken), name="spaces", legend_px=LEGEND_PX),
    )


def _discs(frame: Frame, plan: SpacesPlan, per_unit: float) -> list[dict[str, Any]]:
    """The largest first, so that small ones lie on top."""
    out = []
    for number, place in enumerate(ranked(plan), 1):
        x, y = np.round(frame.px(np.array([[place.lon, place.lat]]))[0], 1).tolist()
        r = round(max(math.sqrt(place.spaces) * per_unit, LEAST_PX), 1)
        title = f"{number}. {place.name or place.id}: {place.spaces} {place.way}"
        land = f", wanted for {place.conflict}" if place.conflict else ""
        out.append(
            {
                "number": number, "x": x, "y": y, "r": r, "colour": COLOURS[place.supply_class],
                "title": title + land, "wanted": bool(place.conflict),
                "inside": r >= DIGIT_PX * (len(str(number)) + 0.5),
            }
        )  # fmt: skip
    return out
