"""The map of dispatch points: a mark for each, its area by places, its colour by year, over what lies within a walk."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from network import City
from optimise import BikePoint, BikesPlan
from service.report.bikes_rows import ranked
from service.report.frame import F64, TENTHS_PER_PX, Frame, frame_around, path_data
from service.report.ground import ground, size_legend
from service.report.labels import street_labels
from service.report.numbers import number
from service.report.rendering import render

SIZE_PX: Final = 1000
LARGEST_PX, LEAST_PX, DIGIT_PX = 17.0, 3.5, 3.9
"""A mark has its number where its digits, of so much each beside its middle, fit in."""
ROOMY, SMALLEST = 60, 0.55
"""With more points than this marks are drawn smaller, down to this share of their size."""
YEAR_COLOURS: Final = ("#0b7a4b", "#0e6f9e", "#5b3fb8", "#a21a6b", "#9a5b0c", "#39443e")
EXISTING: Final = "#7c8782"
LARGEST_DOT_PX, LEAST_DOT_PX = 5.0, 1.2
UNCOVERED: Final = {False: "#dd7a22", True: "#f3c48f"}
"""Rides without a point: beyond a walk, and within one of a point that is not sized for them."""
LEGEND_PX: Final = 146
COLUMNS_PX: Final = (0, 300, 780)
"""Where the parts of the legend start."""
YEARS_A_COLUMN: Final = 3


def bikes_map(city: City, plan: BikesPlan, size_px: int = SIZE_PX) -> str:
    """The map as one `<svg>` element with its own legend, scale, north arrow and attribution. city: before the plan."""
    points = ranked(plan)
    frame = frame_around(_extent(city, plan), size_px)
    most = max((p.spaces for p in points), default=0)
    scale = min(1.0, max(math.sqrt(ROOMY / max(len(points), 1)), SMALLEST))
    per_unit = scale * LARGEST_PX / math.sqrt(max(most, 1))
    marks = [_mark(frame, plan, i, p, per_unit) for i, p in enumerate(points, 1)]
    taken = np.array([(m["x"], m["y"], m["r"]) for m in marks]).reshape(-1, 3)
    stations = city.transit.stations
    at = np.round(frame.px(stations.lonlat), 1).tolist()
    return render(
        "bikes.svg",
        city=city.name,
        marks=sorted(marks, key=lambda m: -float(m["r"])),
        walk_px=round(float(city.bike_sharing.walk_m) * frame.px_per_m, 1),
        walk=number(float(city.bike_sharing.walk_m)),
        outline=path_data([_tenths(frame, ring) for ring in plan.within], close=True),
        outline_px=2.2 * TENTHS_PER_PX,
        dots=_dots(frame, plan),
        uncovered=UNCOVERED,
        stations=[
            {"x": x, "y": y, "title": str(name)} for (x, y), name in zip(at, stations.name.tolist(), strict=True)
        ],
        years=_years(plan),
        columns=COLUMNS_PX,
        sizes=size_legend(most, per_unit, LEAST_PX),
        **ground(city, frame, street_labels(city, frame, taken), name="bikes", legend_px=LEGEND_PX),
    )


def _extent(city: City, plan: BikesPlan) -> F64:
    """(X, 2) where points may lie and do, else the whole city."""
    rings = [np.array(ring, np.float64).reshape(-1, 2) for ring in plan.within]
    points = np.array([(p.lon, p.lat) for p in plan.points], np.float64).reshape(-1, 2)
    seen = np.concatenate([*rings, points]) if rings else np.concatenate([city.zones.ring_lonlat, points])
    return seen if len(seen) > 1 else city.roads.lonlat


def _tenths(frame: Frame, ring: Any) -> list[tuple[int, int]]:
    corners = frame.tenths(np.array([*ring, ring[0]], np.float64))
    return [(x, y) for x, y in corners.tolist()]


def _mark(frame: Frame, plan: BikesPlan, at: int, point: BikePoint, per_unit: float) -> dict[str, Any]:
    x, y = np.round(frame.px(np.array([[point.lon, point.lat]]))[0], 1).tolist()
    r = round(max(math.sqrt(point.spaces) * per_unit, LEAST_PX), 1)
    year = f", {point.year}" if point.year else ""
    near = f", {number(point.entrance_m)} m from {point.station}" if point.entrance_m is not None else ""
    return {
        "number": at, "x": x, "y": y, "r": r, "colour": colour_of(plan, point), "docked": point.docked,
        "station": bool(point.station),
        "title": f"{at}. {point.name or point.id}: {point.spaces} places, {point.bikes} bikes{year}{near}",
        "numbered": r >= DIGIT_PX * (len(str(at)) + 0.5),
    }  # fmt: skip


def colour_of(plan: BikesPlan, point: BikePoint) -> str:
    """By the year of a point; grey where nothing is done to it."""
    if point.spaces == point.spaces_before:
        return EXISTING
    years = [row.year for row in plan.years]
    return _colour(years, point.year) if years else YEAR_COLOURS[0]


def _colour(years: list[int], year: int) -> str:
    return YEAR_COLOURS[years.index(year) * len(YEAR_COLOURS) // max(len(years), len(YEAR_COLOURS))]


def _years(plan: BikesPlan) -> list[dict[str, Any]]:
    """Entries of the legend: the years, and points that stay as they are."""
    years = [row.year for row in plan.years]
    shown = [(_colour(years, y), str(y)) for y in years] or [(YEAR_COLOURS[0], "new or larger 新设或扩大")]
    if any(p.spaces == p.spaces_before for p in plan.points):
        shown.append((EXISTING, "stays as it is 维持现状"))
    wide = 90 if len(shown) > YEARS_A_COLUMN else 0
    return [
        {"colour": colour, "text": text, "x": wide * (i // YEARS_A_COLUMN), "y": 26 + 24 * (i % YEARS_A_COLUMN)}
        for i, (colour, text) in enumerate(shown)
    ]


def _dots(frame: Frame, plan: BikesPlan) -> list[dict[str, Any]]:
    """A dot for each place with rides that no point is sized for, its area by how many."""
    places = [u for u in plan.uncovered if u.trips > 0]
    at = np.round(frame.px(np.array([(u.lon, u.lat) for u in places], np.float64).reshape(-1, 2)), 1)
    inside = frame.holds(at)
    per_unit = LARGEST_DOT_PX / math.sqrt(max((u.trips for u in places), default=1.0))
    return [
        {"x": x, "y": y, "r": round(max(math.sqrt(u.trips) * per_unit, LEAST_DOT_PX), 1), "fill": UNCOVERED[u.covered]}
        for u, (x, y), shown in zip(places, at.tolist(), inside.tolist(), strict=True)
        if shown
    ]
