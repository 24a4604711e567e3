"""The map of racks and spaces at stations: a disc, or half a one where there are both, its area by how many."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from network import City
from optimise import ParkRidePlan, ParkRideProposal
from service.report.frame import Frame, frame_around
from service.report.ground import ground, size_legend
from service.report.labels import spread, street_labels
from service.report.rendering import render

SIZE_PX: Final = 1000
LARGEST_PX, LEAST_PX, BADGE_PX = 28.0, 12.0, 8.5
COLOURS: Final = {"racks": "#0b7a4b", "spaces": "#5b3fb8"}
"""Left and right half of a disc; the whole disc where the plan has one kind only."""
LEGEND_PX: Final = 122
LEGEND_COLUMNS: Final = {"racks": 370, "spaces": 690}
"""Where the sizes of each kind start in the legend [px]."""


def park_ride_map(city: City, proposal: ParkRideProposal, size_px: int = SIZE_PX) -> str:
    """The map as one `<svg>` element with its own legend, scale, north arrow and attribution."""
    plan, stations = proposal.plan, city.transit.stations
    seen = np.concatenate((city.zones.ring_lonlat, stations.lonlat))
    frame = frame_around(seen if len(seen) > 1 else city.roads.lonlat, size_px)
    most = {kind: max((p.added for p in plan.places if p.kind == kind), default=0) for kind in COLOURS}
    per_unit = {kind: LARGEST_PX / math.sqrt(max(many, 1)) for kind, many in most.items()}
    discs = _discs(frame, plan, per_unit)
    built = {p.station for p in plan.places}
    others = np.array([s not in built for s in stations.id.tolist()], dtype=np.bool_)
    taken = np.array([(d["x"], d["y"], d["r"]) for d in discs]).reshape(-1, 3)
    return render(
        "park_ride.svg",
        city=city.name,
        discs=sorted(discs, key=lambda d: -float(d["r"])),
        others=[
            {"x": x, "y": y, "title": str(name)}
            for (x, y), name in zip(
                np.round(frame.px(stations.lonlat[others]), 1).tolist(), stations.name[others].tolist(), strict=True
            )
        ],
        badge=BADGE_PX,
        colours=COLOURS,
        columns=LEGEND_COLUMNS,
        sizes={kind: size_legend(most[kind], per_unit[kind], LEAST_PX) for kind in COLOURS},
        halves=all(most.values()),
        **ground(city, frame, street_labels(city, frame, taken), name="park-ride", legend_px=LEGEND_PX),
    )


def _discs(frame: Frame, plan: ParkRidePlan, per_unit: dict[str, float]) -> list[dict[str, Any]]:
    """A disc for each station that gets something, numbered in the order of the plan."""
    out: list[dict[str, Any]] = []
    for number, station in enumerate(dict.fromkeys(p.station for p in plan.places), 1):
        here = {p.kind: p for p in plan.places if p.station == station}
        place = next(iter(here.values()))
        radius = {
            kind: round(max(math.sqrt(p.added) * per_unit[kind], LEAST_PX), 1) for kind, p in here.items() if p.added
        }
        out.append(
            {
                "number": number,
                "at": np.round(frame.px(np.array([[place.lon, place.lat]]))[0], 1).tolist(),
                "r": max(radius.values(), default=LEAST_PX),
                "radius": radius,
                "title": f"{number}. {place.name or station}: " + ", ".join(f"{p.added} {k}" for k, p in here.items()),
            }
        )
    centres = np.array([d["at"] for d in out]).reshape(-1, 2)
    for disc, (x, y) in zip(out, spread(centres, np.array([d["r"] for d in out])).tolist(), strict=True):
        disc |= {"x": round(x, 1), "y": round(y, 1)}
    return out
