"""A large OpenStreetMap extract made from a seed, for want of a real one: streets, buildings, places, restrictions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import osmium

STEP_DEG = 0.0012
"""Side of a block in degrees of longitude; 0.7 of it in latitude."""
BENDS = 3
"""Points between two crossings."""
BLOCKS_PER_WAY = 4
BUILDINGS_PER_BLOCK = 4
NODES_PER_EDIT = 2
"""Neighbouring nodes with one author and date, as they make files larger."""
STREETS = (
    {"highway": "residential", "surface": "asphalt", "lit": "yes"},
    {"highway": "residential", "maxspeed": "30", "oneway": "yes", "surface": "asphalt"},
    {"highway": "tertiary", "maxspeed": "50", "lanes": "2", "sidewalk": "both", "surface": "asphalt"},
    {"highway": "secondary", "maxspeed": "50", "lanes": "2", "cycleway:right": "lane", "surface": "asphalt"},
    {"highway": "service", "service": "driveway"},
    {"highway": "footway", "surface": "paving_stones"},
    {"highway": "cycleway", "segregated": "no"},
)
BUILDINGS = ({"building": "yes"}, {"building": "apartments", "building:levels": "6"}, {"building": "house"})
POINTS = ({"highway": "traffic_signals"}, {"highway": "crossing", "crossing": "uncontrolled"}, {"barrier": "bollard"})
PLACES: tuple[dict[str, str], ...] = (
    {"amenity": "restaurant", "name": "Zur Post", "opening_hours": "Mo-Fr 11:00-22:00"},
    {"shop": "supermarket", "name": "Markt", "brand": "Markt"},
    {"amenity": "bench"},
    {"natural": "tree"},
    {"amenity": "charging_station", "capacity": "4"},
    {"addr:housenumber": "17", "addr:street": "Lange Straße"},
)


class Made(NamedTuple):
    nodes: int
    street_points: int
    bytes: int


def write_extract(path: Path, side: int = 260) -> Made:
    """A city of `side` x `side` crossings; 260 gives about 2.3 million nodes and 20 MB."""
    rng = np.random.default_rng(3)
    crossing, drawn = _streets(side)
    lonlat = [_crossings(rng, side), _bends(rng, drawn[:, 1:-1].size, side, drawn)]
    streets = sum(map(len, lonlat))
    corners, rings = _buildings(rng, side)
    places = rng.uniform(0, side * STEP_DEG, (40 * side, 2)) * (1, 0.7)
    where = np.concatenate([*lonlat, corners, places]) + np.array([10.0, 50.0])
    tags: dict[int, dict[str, str]] = {int(n): POINTS[n % 3] for n in rng.choice(side * side, side * side // 4)}
    first_place = streets + len(corners)
    tags |= {first_place + i: PLACES[i % len(PLACES)] for i in range(len(places))}
    ways = list(_ways(rng, drawn))
    text = path.with_suffix(".opl")
    with text.open("w", encoding="utf-8") as out:
        out.writelines(_node_lines(where, tags, rng.integers(0, 10**7, len(where) // NODES_PER_EDIT + 1).tolist()))
        shapes = enumerate([*ways, *_footprints(rng, rings + streets)], 1)
        out.writelines(f"w{i} {_written(of)}N{_members('n', refs)}\n" for i, (refs, of) in shapes)
        relations = enumerate([*_restrictions(crossing, ways, side), *_courts(len(ways), len(rings))], 1)
        out.writelines(f"r{i} {_written(of)}M{','.join(members)}\n" for i, (members, of) in relations)
    with osmium.SimpleWriter(str(path)) as writer:
        osmium.apply(str(text), writer)
    text.unlink()
    return Made(len(where), sum(len(refs) for refs, _ in ways), path.stat().st_size)


def _node_lines(where: Any, tags: dict[int, dict[str, str]], edits: list[int]) -> Iterator[str]:
    """OPL, which osmium reads; see https://osmcode.org/opl-file-format."""
    for i, (lon, lat) in enumerate(where.tolist()):
        edit = edits[i // NODES_PER_EDIT]
        made = (
            f"v{1 + edit % 5} c{edit} t20{10 + edit % 15}-06-{1 + edit % 28:02}T12:00:00Z i{edit % 977} uu{edit % 977}"
        )
        yield f"n{i + 1} {made} {_written(tags[i]) if i in tags else ''}x{lon:.7f} y{lat:.7f}\n"


def _written(tags: dict[str, str]) -> str:
    pairs = [f"{k}={v}".replace(" ", "%20%") for k, v in tags.items()]
    return f"T{','.join(pairs)} " if pairs else ""


def _members(kind: str, numbers: Iterable[int]) -> str:
    return ",".join([f"{kind}{n + 1}" for n in numbers])


def _streets(side: int) -> tuple[Any, Any]:
    """Numbers of the crossings (side, side), and of the points of each block (blocks, 2 + BENDS), rows then columns."""
    crossing = np.arange(side * side).reshape(side, side)
    ends = np.concatenate([np.stack([c[:, :-1].ravel(), c[:, 1:].ravel()], axis=1) for c in (crossing, crossing.T)])
    bends = side * side + np.arange(len(ends) * BENDS).reshape(-1, BENDS)
    return crossing, np.column_stack([ends[:, :1], bends, ends[:, 1:]])


def _crossings(rng: Any, side: int) -> Any:
    y, x = np.mgrid[0:side, 0:side]
    even = np.column_stack([x.ravel(), y.ravel()]) + rng.normal(0, 0.05, (side * side, 2))
    return even * (STEP_DEG, 0.7 * STEP_DEG)


def _bends(rng: Any, count: int, side: int, drawn: Any) -> Any:
    """Points between the crossings, a little off the straight line."""
    at = np.stack([drawn[:, 0] % side, drawn[:, 0] // side], axis=1).astype(float)
    to = np.stack([drawn[:, -1] % side, drawn[:, -1] // side], axis=1).astype(float)
    share = np.arange(1, BENDS + 1) / (BENDS + 1)
    between = at[:, None] + (to - at)[:, None] * share[:, None]
    return (between.reshape(-1, 2) + rng.normal(0, 0.03, (count, 2))) * (STEP_DEG, 0.7 * STEP_DEG)


def _buildings(rng: Any, side: int) -> tuple[Any, Any]:
    """Corners (C, 2) of footprints and, footprint by footprint, which corners: L-shapes of six, not closed here."""
    cells = np.stack(np.mgrid[0 : side - 1, 0 : side - 1], axis=-1).reshape(-1, 1, 2)[:, :, ::-1]
    spots = np.array([(0.2 + 0.3 * i, 0.25 + 0.35 * j) for i in range(2) for j in range(2)])[:BUILDINGS_PER_BLOCK]
    low = (cells + spots + rng.normal(0, 0.02, (len(cells), BUILDINGS_PER_BLOCK, 2))).reshape(-1, 1, 2)
    shape = np.array([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2), (0, 1.3)]) * 0.09
    corners = (low + shape + rng.normal(0, 0.01, (*low.shape[:1], len(shape), 2))) * (STEP_DEG, 0.7 * STEP_DEG)
    return corners.reshape(-1, 2), np.arange(corners.shape[0] * len(shape)).reshape(-1, len(shape))


def _ways(rng: Any, drawn: Any) -> Iterator[tuple[Any, dict[str, str]]]:
    """Runs of blocks as ways, of one kind each."""
    kinds = rng.choice(len(STREETS), len(drawn), p=[0.4, 0.15, 0.1, 0.05, 0.1, 0.15, 0.05])
    run = 0
    while run < len(drawn):
        stop = run + 1
        while stop < min(run + BLOCKS_PER_WAY, len(drawn)) and drawn[stop, 0] == drawn[stop - 1, -1]:
            stop += 1
        tags = STREETS[kinds[run]]
        named = {} if tags["highway"] in {"footway", "service"} else {"name": f"Straße {run // 40}"}
        yield np.append(drawn[run:stop, :-1].ravel(), drawn[stop - 1, -1]), tags | named
        run = stop


def _footprints(rng: Any, rings: Any) -> Iterator[tuple[Any, dict[str, str]]]:
    """Buildings; a hundredth are nameless rings of a court (see _courts); the last ones are walls and canals."""
    kinds = rng.integers(0, len(BUILDINGS), len(rings))
    for i, ring in enumerate(rings):
        closed = np.append(ring, ring[0])
        if i % 100 < 2:
            yield closed, {}
        elif i % 100 == 2:
            yield ring, {"barrier": "wall"}
        elif i % 200 == 3:
            yield ring, {"waterway": "canal"}
        elif i % 3:
            yield closed, BUILDINGS[kinds[i]]
        else:
            address = {"addr:housenumber": str(rng.integers(1, 200)), "addr:street": f"Straße {rng.integers(0, 3000)}"}
            yield closed, BUILDINGS[kinds[i]] | address


def _restrictions(crossing: Any, ways: list[Any], side: int) -> Iterator[tuple[list[str], dict[str, str]]]:
    ends: dict[int, list[int]] = {}
    for number, (refs, _) in enumerate(ways):
        for n in (int(refs[0]), int(refs[-1])):
            ends.setdefault(n, []).append(number + 1)
    for n in crossing.ravel()[:: max(side // 8, 1)].tolist():
        at = ends.get(n, [])
        if len(at) > 1:
            members = [f"w{at[0]}@from", f"n{n + 1}@via", f"w{at[1]}@to"]
            yield members, {"type": "restriction", "restriction": "no_left_turn"}


def _courts(ways: int, rings: int) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Every other nameless pair of rings as a building of two parts, the others as water."""
    for i in range(0, rings - 1, 100):
        members = [f"w{ways + i + 1}@outer", f"w{ways + i + 2}@outer"]
        of = {"building": "retail", "shop": "mall"} if i % 200 else {"natural": "water"}
        yield members, {"type": "multipolygon"} | of
