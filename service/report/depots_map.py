"""The map of bus depots: a disc by how many chargers each needs, and the ends of lines where buses top up."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from network import City
from optimise import Depot, DepotProposal
from service.report.frame import Frame, frame_around
from service.report.ground import ground, size_legend
from service.report.labels import spread, street_labels
from service.report.rendering import render

SIZE_PX: Final = 1000
LARGEST_PX, LEAST_PX, BADGE_PX = 28.0, 10.0, 8.5
COLOUR: Final = "#0b7a4b"
TOP_UP_COLOUR: Final = "#b45309"
LEGEND_PX: Final = 122
LEGEND_COLUMN: Final = 430
"""Where the sizes start in the legend [px]."""


def depots_map(city: City, proposal: DepotProposal, size_px: int = SIZE_PX) -> str:
    """The map as one `<svg>` element with its own legend, scale, north arrow and attribution."""
    plan = proposal.plan
    known = [(i, depot) for i, depot in enumerate(plan.depots, 1) if depot.lon is not None]
    seen = np.array([(d.lon, d.lat) for _, d in known] + [(t.lon, t.lat) for t in plan.top_ups]).reshape(-1, 2)
    around = np.concatenate((city.zones.ring_lonlat, seen))
    frame = frame_around(around if len(around) > 1 else city.roads.lonlat, size_px)
    most = max((depot.chargers for _, depot in known), default=0)
    per_unit = LARGEST_PX / math.sqrt(max(most, 1))
    discs = _discs(frame, known, per_unit)
    taken = np.array([(d["x"], d["y"], d["r"]) for d in discs]).reshape(-1, 3)
    top_ups = [
        {"x": x, "y": y, "title": f"{place.name or place.stop}: {place.chargers} chargers for top-ups"}
        for place, (x, y) in zip(plan.top_ups, np.round(frame.px(seen[len(known) :]), 1).tolist(), strict=True)
    ]
    return render(
        "depots.svg",
        city=city.name,
        discs=sorted(discs, key=lambda d: -float(d["r"])),
        top_ups=top_ups,
        badge=BADGE_PX,
        colour=COLOUR,
        top_up_colour=TOP_UP_COLOUR,
        column=LEGEND_COLUMN,
        sizes=size_legend(most, per_unit, LEAST_PX),
        **ground(city, frame, street_labels(city, frame, taken), name="depots", legend_px=LEGEND_PX),
    )


def _discs(frame: Frame, known: list[tuple[int, Depot]], per_unit: float) -> list[dict[str, Any]]:
    """A disc for each depot whose place is known, by its number in the plan."""
    centres = np.round(frame.px(np.array([(d.lon, d.lat) for _, d in known], dtype=np.float64).reshape(-1, 2)), 1)
    radius = [round(max(math.sqrt(d.chargers) * per_unit, LEAST_PX), 1) for _, d in known]
    moved = np.round(spread(centres, np.array(radius)), 1).tolist()
    return [
        {
            "number": number,
            "at": at,
            "r": r,
            "x": x,
            "y": y,
            "title": f"{number}. {depot.name or depot.place}: {depot.chargers} chargers for {depot.buses} buses",
        }
        for (number, depot), at, r, (x, y) in zip(known, centres.tolist(), radius, moved, strict=True)
    ]
