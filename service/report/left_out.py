"""The page on streets that no trip uses: islands and one-way traps of each mode, on a map and in figures."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

import numpy as np

from network import City, units
from network.io import ModeReport, RoadsReport
from service.report.frame import F64, TENTHS_PER_PX, Frame, frame_around, path_data
from service.report.ground import ground
from service.report.labels import street_labels
from service.report.numbers import number, percent
from service.report.rendering import render

MODES: Final = {
    "walk": ("On foot", "步行"),
    "cycle": ("By cycle", "自行车"),
    "ebike": ("By e-bike", "电动自行车"),
    "drive": ("By car", "小汽车"),
}
ISLAND_COLOUR, TRAP_COLOUR = "#c2410c", "#5b3fb8"
"""Orange-red and violet: they differ in lightness too, for colour-blind readers and grey prints."""
LINE_PX, HALO_PX = 2.4, 9.0
"""The halo lets a street of a few metres be seen on the map of a city."""
LEGEND_PX = 44
SIZE_PX = 1000


def left_out_html(city: City, report: RoadsReport) -> str:
    """What was left out of the streets of `city` when it was built, as one HTML page that fetches nothing."""
    frame = frame_around(_extent(city, report), SIZE_PX)
    labels = street_labels(city, frame, np.zeros((0, 3)))
    alike = groupby(report.modes, key=lambda m: (m.open_m, m.joined_m, m.islands, m.island_m, m.trap_m))
    parts = [_part(city, frame, labels, list(modes)) for _, modes in alike]
    rows = [_row(mode) for mode in report.modes]
    return render("left_out.html", city=city, source=report.source, rows=rows, parts=parts, notes=report.notes)


def _extent(city: City, report: RoadsReport) -> F64:
    """(X, 2) every street, also those left out."""
    lines = [line for mode in report.modes for line in (*mode.island_lines, *mode.trap_lines)]
    return np.concatenate([city.roads.lonlat, *lines])


def _row(mode: ModeReport) -> dict[str, str]:
    en, zh = MODES[mode.mode]
    return {
        "en": en,
        "zh": zh,
        "open": _km(mode.open_m),
        "joined": percent(mode.joined_share),
        "islands": number(mode.islands),
        "island": _km(mode.island_m),
        "trap": _km(mode.trap_m),
    }


def _part(city: City, frame: Frame, labels: Any, modes: list[ModeReport]) -> dict[str, Any]:
    """One map: that of a mode, or of modes that share every figure."""
    mode = modes[0]
    names = [MODES[m.mode] for m in modes]
    time_ms = city.roads.time_ms[units.NETWORK_MODES.index(mode.mode)]
    usable = (time_ms[city.roads.edges] >= 0).any(axis=1)
    title = " and ".join(en if i == 0 else en[0].lower() + en[1:] for i, (en, _) in enumerate(names))
    kinds = [
        _kind(frame, "island", mode.island_lines, ISLAND_COLOUR, f"{_count(mode.islands)}, {_km(mode.island_m)} km"),
        _kind(frame, "trap", mode.trap_lines, TRAP_COLOUR, f"{_km(mode.trap_m)} km"),
    ]
    svg = render(
        "left_out.svg",
        title=title,
        kinds=kinds,
        joined=f"{_km(mode.joined_m)} km",
        halo=HALO_PX * TENTHS_PER_PX,
        line=LINE_PX * TENTHS_PER_PX,
        **ground(city, frame, labels, name=mode.mode, legend_px=LEGEND_PX, some=usable),
    )
    return {"title": title, "title_zh": "、".join(zh for _, zh in names), "map": svg, "row": _row(mode)}


def _kind(frame: Frame, name: str, lines: tuple[F64, ...], colour: str, amount: str) -> dict[str, str]:
    drawn = [[(x, y) for x, y in frame.tenths(line).tolist()] for line in lines]
    return {"name": name, "path": path_data(drawn), "colour": colour, "amount": amount}


def _count(islands: int) -> str:
    return f"{number(islands)} island" + ("" if islands == 1 else "s")


def _km(length_m: float) -> str:
    """Kilometres, never 0.0 where there is something."""
    km = length_m / 1000
    return number(km, 1 if km >= 0.05 or km == 0 else 3)
