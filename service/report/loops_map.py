"""The map of feeder loops: along their streets, side by side where they share one, and the zones that get a stop."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

import numpy as np

from network import City
from optimise import LoopPlan, LoopProposal
from service.report.frame import F64, Frame, Points, frame_around, path_data, thinned
from service.report.frame import TENTHS_PER_PX as TENTHS
from service.report.ground import ground, legend_items, zone_rings
from service.report.labels import FONT_PX, spread, street_labels, text_width_px
from service.report.rendering import render

SIZE_PX: Final = 1000
COLOURS: Final = ("#0b62a4", "#c2410c", "#7a2a8c", "#0e6f78", "#8a5a00", "#b01657", "#44546a", "#3f7d1e")
"""They differ in lightness too, and a white number can be read on each."""
GAINED, LACKING, STATION = "#d9efe2", "#fbe9cf", "#16231c"
BADGE_PX, STOP_PX, STATION_PX = 10.0, 3.6, 13.0
LINE_PX, LANE_PX = 2.8, 3.6
"""Width of a loop, and how far two that share a street lie apart."""
MOST_MITRE = 2.0
ARROWS: Final = (0.12, 0.37, 0.62, 0.87)
"""Shares of the way around where an arrow tells the direction."""
BADGES: Final = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""Shares of the way around where its number may stand."""


def colour_of(number: int) -> str:
    """Colour of the loop of this number, from one."""
    return COLOURS[(number - 1) % len(COLOURS)]


def loops_map(city: City, proposal: LoopProposal, size_px: int = SIZE_PX) -> str:
    """The map as one `<svg>` element with its own legend, scale, north arrow and attribution."""
    plan, zones = proposal.plan, proposal.problem.zones
    frame = frame_around(_extent(city, proposal), size_px)
    stations = _stations(city, frame, plan)
    names = [
        (s["x"] + step, s["y"], STATION_PX)
        for s in stations
        for step in np.arange(0.0, s["wide"] + STATION_PX, FONT_PX).tolist()
    ]
    loops = _loops(frame, plan, np.array(names).reshape(-1, 3)[:, :2])
    discs = [*names, *((d["x"], d["y"], BADGE_PX) for d in loops)]
    gains = {zone: str(number) for number, line in enumerate(plan.loops, 1) for zone in line.zones}
    rings = zone_rings(city, frame)
    return render(
        "loops.svg",
        city=city.name,
        zones=[
            {
                "path": path_data([rings[z]], close=True),
                "fill": GAINED if (zone := str(city.zones.id[z])) in gains else LACKING,
                "title": f"{zone}: " + (f"gets a stop by loop {gains[zone]}" if zone in gains else "without a stop"),
            }
            for z in zones.tolist()
            if rings[z]
        ],
        loops=loops,
        stops=_stops(frame, plan),
        stations=stations,
        sizes={"badge": BADGE_PX, "stop": STOP_PX, "line": LINE_PX * TENTHS, "casing": (LINE_PX + 2.0) * TENTHS},
        legend=legend_items(
            (COLOURS[0], "none", BADGE_PX - 2.0, "Loop, no. in table; arrows: its way 微循环线路"),
            (STATION, "none", 0.0, "Station that it feeds 接驳车站"),
            ("#ffffff", COLOURS[0], STOP_PX, "New stop 新增站点"),
            (COLOURS[0], COLOURS[0], STOP_PX, "Stop that is there 现有站点"),
            (GAINED, "#9fb8aa", 0.0, "Zone that gets a stop within reach 新覆盖区域"),
            (LACKING, "#c9ae83", 0.0, "Zone that stays without 仍未覆盖"),
        ),
        **ground(city, frame, street_labels(city, frame, np.array(discs).reshape(-1, 3)), name="loops"),
    )


def _extent(city: City, proposal: LoopProposal) -> F64:
    """(X, 2) the loops and the zones that get a stop, or else those without one, or else all streets."""
    plan, z = proposal.plan, city.zones
    gained = np.isin(z.id, [zone for line in plan.loops for zone in line.zones])
    if not gained.any():
        gained[proposal.problem.zones] = True
    outlines = [z.ring_lonlat[z.ring_first[k] : z.ring_first[k + 1]] for k in np.flatnonzero(gained).tolist()]
    seen: F64 = np.concatenate([z.lonlat[gained], *outlines, *(np.array(line.lonlat) for line in plan.loops)])
    return seen if len(seen) > 1 else city.roads.lonlat


def _loops(frame: Frame, plan: LoopPlan, names: F64) -> list[dict[str, Any]]:
    """Every loop as a path beside its streets, with arrows along it and its number, clear of `names` (X, 2)."""
    out = []
    for number, (line, lane) in enumerate(zip(plan.loops, lanes(plan), strict=True), 1):
        points = thinned([(x, y) for x, y in frame.tenths(np.array(line.lonlat)).tolist()])
        beside = np.rint(_beside(points, (lane + 0.5) * LANE_PX * TENTHS)).astype(np.int64)
        spots = [_along(beside / TENTHS, share)[0] for share in BADGES]
        clear = [at for at in spots if (np.hypot(*(names - at).T) > BADGE_PX + STATION_PX).all()]
        out.append(
            {
                "number": number,
                "colour": colour_of(number),
                "title": f"{number}. {line.start_name or line.start} ({line.line})",
                "path": path_data([[(x, y) for x, y in beside.tolist()]]),
                "arrows": [_arrow(beside / TENTHS, share) for share in ARROWS],
                "at": (clear or spots)[0],
            }
        )
    centres = np.array([loop["at"] for loop in out]).reshape(-1, 2)
    for loop, (x, y) in zip(out, spread(centres, np.full(len(out), BADGE_PX + 1.0)).tolist(), strict=True):
        loop |= {"x": round(x, 1), "y": round(y, 1)}
    return out


def lanes(plan: LoopPlan) -> list[int]:
    """For each loop a lane from zero; loops that share a piece of street in the same direction have different ones."""
    pieces = [frozenset(pairwise(line.lonlat)) for line in plan.loops]
    out: list[int] = []
    for k, mine in enumerate(pieces):
        taken = {out[j] for j in range(k) if mine & pieces[j]}
        out.append(next(lane for lane in range(k + 1) if lane not in taken))
    return out


def _beside(points: Points, off: float) -> F64:
    """(X, 2) the closed line moved to its right by `off`, so that ways there and back lie beside each other."""
    line = np.array([p for p, after in zip(points, [*points[1:], None], strict=True) if p != after], dtype=np.float64)
    if len(line) < 3:
        return line
    ahead = np.diff(line, axis=0)
    ahead /= np.hypot(*ahead.T)[:, None]
    right = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    before, after = np.vstack([right[-1:], right]), np.vstack([right, right[:1]])
    middle = before + after
    # a corner is cut off where its point would lie far away
    length = np.maximum((middle * before).sum(axis=1), 1.0 / MOST_MITRE)
    moved: F64 = line + off * middle / length[:, None]
    return moved


def _along(line: F64, share: float) -> tuple[list[float], float]:
    """Point at this share of the way and the direction there [degrees]."""
    steps = np.diff(line, axis=0)
    ends = np.cumsum(np.hypot(*steps.T))
    k = min(int(np.searchsorted(ends, share * ends[-1])), len(steps) - 1)
    rest = (share * ends[-1] - ends[k]) / max(ends[k] - (ends[k - 1] if k else 0.0), 1e-9)
    x, y = (line[k + 1] + rest * steps[k]).tolist()
    return [round(x, 1), round(y, 1)], round(math.degrees(math.atan2(steps[k, 1], steps[k, 0])), 1)


def _arrow(line: F64, share: float) -> dict[str, Any]:
    at, angle = _along(line, share)
    return {"x": at[0], "y": at[1], "angle": angle}


def _stops(frame: Frame, plan: LoopPlan) -> list[dict[str, Any]]:
    """Every stop once, in the colour of the first loop that calls there."""
    calls: dict[str, list[int]] = {}
    for number, line in enumerate(plan.loops, 1):
        for stop in line.stops:
            calls.setdefault(stop.stop, []).append(number)
    known = {s.stop: s for line in plan.loops for s in line.stops}
    out = []
    for stop in known.values():
        x, y = np.round(frame.px(np.array([[stop.lon, stop.lat]]))[0], 1).tolist()
        numbers = ", ".join(map(str, dict.fromkeys(calls[stop.stop])))
        colour = colour_of(calls[stop.stop][0])
        title = f"{stop.name or stop.stop}: {'new stop' if stop.new else 'stop'} of loop {numbers}"
        out.append({"x": x, "y": y, "fill": "#ffffff" if stop.new else colour, "stroke": colour, "title": title})
    return out


def _stations(city: City, frame: Frame, plan: LoopPlan) -> list[dict[str, Any]]:
    """Where the loops begin and end: each station or stop once, where it stands."""
    stations, table = city.transit.stations, city.transit.timetable
    where = dict(zip(table.stop_id.tolist(), table.stop_lonlat.tolist(), strict=True))
    where |= dict(zip(stations.id.tolist(), stations.lonlat.tolist(), strict=True))
    out = []
    for start, name in {line.start: line.start_name or line.start for line in plan.loops}.items():
        x, y = np.round(frame.px(np.array([where[start]]))[0], 1).tolist()
        out.append({"x": x, "y": y, "name": name, "wide": text_width_px(name)})
    return out
