"""The map of a plan: streets, public charging demand, what is served of it, chargers old and new. One SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from network import City
from service.report.frame import F64, Frame, frame_around, path_data
from service.report.ground import ground, size_legend, zone_rings
from service.report.labels import spread, street_labels
from service.report.numbers import number
from service.report.rendering import render

I32 = npt.NDArray[np.int32]

DEMAND_FILLS = ("#fef5e4", "#fbe5c1", "#f7d098", "#f0b56a", "#e5963f")
"""One hue from light to dark; it stays apart from the green and grey of the chargers for colour-blind readers."""
NO_DEMAND_FILL = "#ffffff"
WELL_SERVED, HALF_SERVED = 0.9, 0.5
"""From the first share on a zone is drawn plain; below the second its hatching is dense."""
NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0)

LARGEST_RADIUS_PX, LEAST_NEW_PX, LEAST_OLD_PX = 19.0, 9.0, 4.5
PLUGS_OF_LARGEST = 12
"""The largest disc stands for at least this many plugs."""
STROKE_PX = 0.7
RING_PX = 4.0
"""The grey of an extended site shows at least this wide around its green core."""
FONT_OF_RADIUS = {1: 1.3, 2: 1.2}
MOST_FONT_PX = 13.0
"""Size of a number by its digits, as a share of the disc it stands on."""
LEGEND_PX = 112
LEGEND_COLUMNS = (0.42, 0.63, 0.84)
"""Where the second, third and fourth block of the legend start, as shares of the width."""


@dataclass(frozen=True, slots=True)
class Disc:
    """One charging site, drawn at (x, y), standing `at`: its area is for all plugs, that in `r_new` for new ones."""

    x: float
    y: float
    r: float
    at: tuple[float, float]
    r_new: float
    font: float
    label: str
    title: str


def svg_map(
    city: City,
    *,
    demand_kwh: F64,
    served_share: F64,
    plugs_before: I32,
    plugs_new: I32,
    order: Sequence[int] | None = None,
    size_px: int = 1000,
) -> str:
    """The map as one `<svg>` element with its own legend, scale, north arrow and attribution.

    city: what to draw; zones need outlines.
    demand_kwh: (Z) public charging demand [kWh/day].   served_share: (Z) share of it that is served [-].
    plugs_before, plugs_new: (P) public plugs that stand, and those the plan adds.
    order: places in the order of their numbers on the map, by default by position.
    size_px: width of the drawing; the height follows the city's shape.
    """
    order = np.flatnonzero(plugs_new).tolist() if order is None else order
    frame = frame_around(_extent(city, plugs_before + plugs_new), size_px)
    per_plug = LARGEST_RADIUS_PX / math.sqrt(max(int((plugs_before + plugs_new).max(initial=0)), PLUGS_OF_LARGEST))
    disc = partial(_disc, city, frame, plugs_before, plugs_new, per_plug)
    new = _spread([disc(p, str(n)) for n, p in enumerate(order, 1)])
    others = np.flatnonzero((plugs_before > 0) & (plugs_new == 0)).tolist()
    old = [disc(p, "") for p in others]
    edges = demand_classes(demand_kwh)
    taken = np.array([(d.x, d.y, d.r) for d in new + old]).reshape(-1, 3)
    return render(
        "map.svg",
        city=city.name,
        zones=_zones(city, frame, demand_kwh, served_share, edges),
        hatches=_hatches(city, frame, demand_kwh, served_share),
        new=sorted(new, key=lambda d: -d.r),
        old=sorted(old, key=lambda d: -d.r),
        swatches=_swatches(edges, none=bool((demand_kwh <= 0).any())),
        sizes=size_legend(int((plugs_before + plugs_new).max(initial=0)), per_plug, LEAST_NEW_PX),
        total_kwh=number(float(demand_kwh.sum())),
        **_legend(size_px),
        **ground(city, frame, street_labels(city, frame, taken), name="map", legend_px=LEGEND_PX),
    )


def _legend(size_px: int) -> dict[str, Any]:
    """What the legend says on every map of this width: levels of service, columns."""
    return {
        "levels": [
            {"hatch": "", "text": f"{WELL_SERVED:.0%} or more"},
            {"hatch": "sparse", "text": f"{HALF_SERVED:.0%} to {WELL_SERVED:.0%}"},
            {"hatch": "dense", "text": f"less than {HALF_SERVED:.0%}"},
        ],
        "well": f"{WELL_SERVED:.0%}",
        "columns": [round(size_px * share) for share in LEGEND_COLUMNS],
    }


def demand_classes(demand_kwh: F64) -> list[float]:
    """Round upper edges between at most five classes that hold about as many zones each; the last class is open."""
    positive = demand_kwh[demand_kwh > 0]
    if not positive.size:
        return []
    edges: list[float] = []
    for quantile in np.quantile(positive, np.linspace(0, 1, len(DEMAND_FILLS) + 1)[1:-1]).tolist():
        power = 10.0 ** math.floor(math.log10(quantile))
        edge = min(NICE, key=lambda nice: abs(nice * power - quantile)) * power
        if (not edges or edge > edges[-1]) and positive.min() < edge <= positive.max():
            edges.append(edge)
    return edges


def _extent(city: City, plugs: I32) -> F64:
    """(X, 2) what must be seen: the zones and every charger, or else all streets."""
    parts = [city.zones.ring_lonlat, city.zones.lonlat, city.places.lonlat[plugs > 0]]
    seen: F64 = np.concatenate(parts)
    return seen if len(seen) > 1 else city.roads.lonlat


def _zones(city: City, frame: Frame, demand_kwh: F64, served: F64, edges: list[float]) -> list[dict[str, str]]:
    levels = np.searchsorted(edges, demand_kwh, side="right").tolist()
    out = []
    for z, ring in enumerate(zone_rings(city, frame)):
        kwh, path = float(demand_kwh[z]), path_data([ring], close=True)
        text = f"{city.zones.id[z]}: {number(kwh, 1)} kWh/day" + (f", {served[z]:.0%} served" if kwh > 0 else "")
        fill = _fills(edges)[levels[z]] if kwh > 0 else NO_DEMAND_FILL
        if path:
            out.append({"path": path, "fill": fill, "title": text})
    return out


def _hatches(city: City, frame: Frame, demand_kwh: F64, served: F64) -> dict[str, str]:
    """Pattern name -> path data of the zones that are not well served."""
    rings = zone_rings(city, frame)
    partly = (demand_kwh > 0) & (served < WELL_SERVED) & (served >= HALF_SERVED)
    hardly = (demand_kwh > 0) & (served < HALF_SERVED)
    chosen = {"sparse": np.flatnonzero(partly), "dense": np.flatnonzero(hardly)}
    return {name: path_data([rings[z] for z in zones.tolist()], close=True) for name, zones in chosen.items()}


def _disc(city: City, frame: Frame, before: I32, new: I32, per_plug: float, p: int, label: str) -> Disc:  # noqa: PLR0917
    x, y = frame.px(city.places.lonlat[p : p + 1])[0].tolist()
    r_new = max(math.sqrt(int(new[p])) * per_plug, LEAST_NEW_PX) if new[p] else 0.0
    least = r_new + RING_PX if new[p] and before[p] else max(r_new, LEAST_OLD_PX)
    r = max(math.sqrt(int(before[p] + new[p])) * per_plug, least)
    plugs = [f"{int(n)} {word}" for n, word in ((new[p], "new plugs"), (before[p], "existing plugs")) if n]
    title = f"{city.places.name[p] or city.places.id[p]} ({', '.join(plugs)})"
    font = min(r_new * FONT_OF_RADIUS.get(len(label), 0.85), MOST_FONT_PX)
    return Disc(x, y, round(r, 1), (round(x, 1), round(y, 1)), round(r_new, 1), round(font, 1), label, title)


def _spread(discs: list[Disc]) -> list[Disc]:
    """Discs side by side where they would hide each other's numbers."""
    places = spread(np.array([d.at for d in discs]).reshape(-1, 2), np.array([d.r + STROKE_PX for d in discs]))
    return [replace(d, x=round(x, 1), y=round(y, 1)) for d, (x, y) in zip(discs, places.tolist(), strict=True)]


def _fills(edges: list[float]) -> list[str]:
    """As many colours as classes, from the light end to the dark end."""
    return [DEMAND_FILLS[i] for i in np.rint(np.linspace(0, len(DEMAND_FILLS) - 1, len(edges) + 1)).astype(int)]


def _swatches(edges: list[float], *, none: bool) -> list[dict[str, str]]:
    """Legend of the classes, with one for zones without demand where there are any."""
    digits = 0 if all(e == int(e) for e in edges) else 1 if edges[0] >= 1 else 2
    shown = [number(e, digits) for e in edges]
    inner = [f"{a}–{b}" for a, b in pairwise(shown)]
    texts = [f"< {shown[0]}", *inner, f"≥ {shown[-1]}"] if edges else ["> 0"]
    swatches = [{"fill": fill, "text": text} for fill, text in zip(_fills(edges), texts, strict=True)]
    return [{"fill": NO_DEMAND_FILL, "text": "none 无"}, *swatches] if none else swatches
