"""OpenStreetMap extracts (`.osm.pbf`, `.osm`, `.osm.gz`, `.osm.bz2`), read straight with pyosmium."""

from __future__ import annotations

import errno
import itertools
import os
import resource
import shutil
import tempfile
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from network.errors import InputError, Problem
from network.io.land import Land, area_of_rings, is_ring
from network.io.osm_meaning import AT_TIMES
from network.io.osm_routes import Routes
from network.io.ways import (
    Barriers,
    Features,
    TurnRule,
    Ways,
    check_lonlat,
    clip_ways,
    ring_areas_m2,
)
from network.part import F64, I64

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from network.io.osm_elements import Bounds, Elements, Restriction

OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
_FETCH = "download the extract again, or cut it again with `osmium extract --strategy complete_ways`"
_GIB = 2**30

_IN_MEMORY_BYTES = 256 * 2**20
"""Files up to this size have the places of their nodes in memory (16 bytes each), larger ones on disk."""
_NODES_PER_BYTE = {".pbf": 0.25, ".gz": 0.15, ".bz2": 0.2, ".osm": 0.015}
"""At most, whatever the mapping: 16 bytes of temporary disk for each."""
_ELEMENTS_PER_BYTE = {".pbf": 2, ".gz": 1, ".bz2": 1.5, ".osm": 0.1}
"""Temporary disk for streets, buildings and places as they are taken apart, at most."""
_MEMORY_PER_BYTE = {".pbf": 25, ".gz": 15, ".bz2": 20, ".osm": 2}
"""Reading a whole file takes about this much, as measured on files of streets and buildings."""
_BYTES_PER_NODE = 16
_FULL = "the memory that this process may use is full"
_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of a container, in bytes, by the second and the first version of control groups; `max` where there is none."""
_INDEX_SHARE = 0.25
"""Of the memory there is, at most, for the places of nodes; more are kept on disk."""

_NOTES = {
    "broken": "{} streets have nodes that the file does not hold or that lie beyond the world: broken there",
    "beyond": "{} places lie beyond the world: left out",
    "repeated": "{} points of streets follow upon themselves: counted once",
    "flat": "{} streets are a single point: left out",
    "two-way roundabout": "{} roundabouts say oneway=no: read as one-way",
    "unknown oneway": "{} streets have a oneway tag of no known value: read as open both ways",
    "open areas": "{} buildings and places drawn as relations lack a member or a closed ring: left out",
    "open land": "{} outlines of land use do not end where they start: left out",
    "crossed land": "{} outlines of land use cross themselves: repaired",
    "malformed": "{} turn restrictions lack a member, or what they lead over does not join both ways: not read",
}


_STREETS = "streets have rules of access, direction or speed that hold at certain times only, which are not read"
_RULES = "turn restrictions hold at certain times only, which is not read"
_TOLD = 20
"""Ids told of a long list."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OsmData:
    """What one extract or place holds; `outline` is the boundary of a place asked for by name."""

    ways: Ways
    features: Features
    land: Land = field(default_factory=Land)
    barriers: Barriers = field(default_factory=Barriers)
    routes: Routes = field(default_factory=Routes)
    outline: Any = None


def read_osm(path: Path, clip: BaseGeometry | None = None) -> OsmData:
    """Every street, ferry, feature, use of land and barrier of an extract, inside `clip` (WGS-84) if one is given.

    With a clip what lies beyond its bounds is forgotten as it is read, so that memory is bounded by what the clip
    holds, save 16 bytes for each point that is a barrier, crossing or signal. Streets, buildings and places lie in a
    temporary file while they are taken apart (in the folder `tempfile` uses, TMPDIR), of up to twice the size of a PBF.
    For files above 256 MB, or where memory is short, so do the places of all nodes, in up to four times that size; what
    of it is in memory the system takes back when it needs to. Barrier lines and land are whole near the clip.

    Raises InputError naming the file if it is missing, empty, truncated, unsorted, not OpenStreetMap, holds no highway
    (in the clip), or does not fit into memory or on the disk. What was repaired or not read is in `ways.notes`.
    """
    path = Path(path)
    _check_file(path)
    if clip is None:
        _check_memory(path)
    bounds = None if clip is None else clip.bounds
    from network.io.osm_elements import read_elements

    try:
        with _node_storage(path) as (folder, storage):
            found = read_elements(str(path), folder, storage, bounds)
    except MemoryError as error:
        raise InputError(_too_large(path, _FULL, whole=clip is None)) from error
    except (RuntimeError, OSError, ValueError) as error:
        if os.strerror(errno.ENOMEM) in str(error):
            raise InputError(_too_large(path, _FULL, whole=clip is None)) from error
        raise InputError(_unreadable(path, str(error).strip() or type(error).__name__)) from error
    if not found.streets.means and bounds is None:
        what = "its highways have no nodes" if found.counts["highways"] else "holds no highway"
        raise InputError(Problem(path.name, what, "use an extract that holds the streets of the city; " + _FETCH))
    land = _land(found)
    ways, features = _ways(found, path.name, whole=clip is None), _features(found)
    if clip is not None:
        ways, features = _clipped(ways, features, clip, found.streets.extent)
    walls = found.barriers.made()
    barriers = Barriers(lonlat=walls.lonlat, first=walls.first)
    return OsmData(ways=ways, features=features, land=land, barriers=barriers, routes=found.routes.made(bounds))


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(Problem(path.name, "there is no such file", "check the path of the roads"))
    if path.stat().st_size == 0:
        raise InputError(Problem(path.name, "the file is empty", _FETCH))


def _check_memory(path: Path) -> None:
    need = path.stat().st_size * _MEMORY_PER_BYTE.get(path.suffix, 1)
    have = _memory_bytes()
    if need > have:
        what = f"reading all of it takes about {need / _GIB:,.0f} GiB of memory, this machine has {have / _GIB:,.1f}"
        raise InputError(_too_large(path, what, whole=True))


def _memory_bytes() -> int:
    """Of this machine, or what a container or the limit of the process (`ulimit -v`) allows of it."""
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    have = have if allowed == resource.RLIM_INFINITY else min(have, allowed)
    for file in _MEMORY_LIMITS:
        try:
            limit = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        have = min(have, int(limit)) if limit.isdecimal() else have
    return have


def _too_large(path: Path, what: str, *, whole: bool) -> Problem:
    first = "read a part of it (a clip), or cut" if whole else "give it more memory, or cut"
    return Problem(path.name, what, f"{first} the city out first: `osmium extract -p city.geojson {path.name}`")


@contextmanager
def _node_storage(path: Path) -> Iterator[tuple[Path, str]]:
    """A folder for elements while reading, and where the places of nodes are kept, as osmium names it."""
    size = path.stat().st_size
    need = size * _NODES_PER_BYTE.get(path.suffix, 1) * _BYTES_PER_NODE
    with tempfile.TemporaryDirectory(prefix="luxing-") as folder:
        if size <= _IN_MEMORY_BYTES and need <= _memory_bytes() * _INDEX_SHARE:
            yield Path(folder), "flex_mem"
            return
        need += size * _ELEMENTS_PER_BYTE.get(path.suffix, 1)
        # A full disk under a mapped file ends the process without a word, so there must be room before.
        have = shutil.disk_usage(folder).free
        if need > have:
            what = (
                f"needs up to {need / _GIB:,.1f} GiB of temporary disk, {tempfile.gettempdir()} has {have / _GIB:,.1f}"
            )
            hint = "name a larger folder in TMPDIR, or cut the city out first with `osmium extract`"
            raise InputError(Problem(path.name, what, hint))
        yield Path(folder), f"sparse_file_array,{folder}/nodes"


def _unreadable(path: Path, said: str) -> Problem:
    if "comes after" in said or "out of order" in said:
        hint = f"sort it with `osmium sort {path.name} -o sorted.osm.pbf`"
        return Problem(path.name, f"is not sorted ({said})", hint)
    if "No space left" in said:
        return Problem(path.name, f"the temporary disk is full ({said})", "name a larger folder in TMPDIR")
    return Problem(path.name, f"cannot be read to its end ({said}): truncated or not OpenStreetMap", _FETCH)


def _ways(found: Elements, source: str, *, whole: bool) -> Ways:
    """Streets over the nodes they share; points that follow upon themselves are counted once."""
    counts = found.counts
    (number, first, lonlat, ref), means = found.streets.made(), found.streets.means
    by_way = dict(zip(number.tolist(), means, strict=True))
    counts.update(m.repair for m in by_way.values())
    counts["broken"] = len(found.broken if whole else found.broken & by_way.keys())
    line = np.repeat(np.arange(len(number)), np.diff(first))
    fresh = np.ones(len(ref), bool)
    fresh[1:] = (ref[1:] != ref[:-1]) | (line[1:] != line[:-1])
    counts["repeated"] += len(ref) - int(fresh.sum())
    count = np.bincount(line[fresh], minlength=len(number))
    kept = np.flatnonzero(count > 1)
    counts["flat"] += len(number) - len(kept)
    fresh &= (count > 1)[line]
    first = np.append(0, np.cumsum(count[kept])).astype(np.int64)
    node, where, point = np.unique(ref[fresh], return_index=True, return_inverse=True)
    lonlat = lonlat[fresh][where]
    _, at, which = np.intersect1d(node, np.frombuffer(found.point_nodes, np.int64), return_indices=True)
    ways = Ways(
        lonlat=lonlat,
        first=first,
        point=point.astype(np.int64),
        id=tuple(f"way/{way}" for way in number[kept].tolist()),
        tags=tuple(means[i].street or {} for i in kept.tolist()),
        source=source,
        point_tags={i: found.point_tags[j] for i, j in zip(at.tolist(), which.tolist(), strict=True)},
    )
    turns = tuple(_turns(found.restrictions, ways, node, counts, whole=whole))
    notes = [said.format(f"{counts[name]:,}") for name, said in _NOTES.items() if counts[name]]
    streets = list(dict.fromkeys(ways.id[i] for i, k in enumerate(kept.tolist()) if means[k].at_times))
    rules = [f"relation/{r.id}" for r in found.restrictions if _at_times(r) and (whole or _touches(r, by_way))]
    notes += [f"{len(ids):,} {said}: {_some(ids)}" for ids, said in ((streets, _STREETS), (rules, _RULES)) if ids]
    return replace(ways, turns=turns, notes=tuple(notes))


def _at_times(restriction: Restriction) -> bool:
    return any(key.endswith(AT_TIMES) for key in restriction.tags)


def _touches(restriction: Restriction, ways: Container[int]) -> bool:
    return any(kind == "w" and ref in ways for kind, ref, _ in restriction.members)


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - _TOLD:,} more" if len(ids) > _TOLD else ""
    return ", ".join(ids[:_TOLD]) + more


def _turns(
    restrictions: list[Restriction], ways: Ways, node: I64, counts: Counter[str], *, whole: bool
) -> Iterator[TurnRule]:
    """Restrictions over a node that is on both ways, or over ways. Of a clipped file those outside are left out."""
    wanted = {f"way/{ref}" for r in restrictions for kind, ref, _ in r.members if kind == "w"}
    points: dict[str, set[int]] = {}
    for w, way in enumerate(ways.id):
        if way in wanted:
            points.setdefault(way, set()).update(ways.point[ways.first[w] : ways.first[w + 1]].tolist())
    for restriction in restrictions:
        tags = {k: v for k, v in restriction.tags.items() if not k.endswith(AT_TIMES)}
        if not any(k != "except" for k in tags):
            counts["malformed"] += len(tags) == len(restriction.tags)
            continue
        into, via, over, out = _members(restriction)
        many_in, many_out = "no_entry" in tags.values(), "no_exit" in tags.values()
        named = len(via) + bool(over) == 1 and (len(into) == 1 or (many_in and into))
        named = named and (len(out) == 1 or (many_out and out))
        at = int(np.searchsorted(node, via[0])) if named and via else len(node)
        known = named and (bool(over) or (at < len(node) and node[at] == via[0]))
        on = [points.get(f"way/{way}", set()) for way in (*into, *over, *out)]
        if not (known and all(on) and (bool(over) or all(at in there for there in on))):
            counts["malformed"] += whole or not named
            continue
        for start in into:
            for end in out:
                yield TurnRule(
                    id=f"relation/{restriction.id}",
                    from_id=f"way/{start}",
                    via=-1 if over else at,
                    to_id=f"way/{end}",
                    tags=tags,
                    via_ways=tuple(f"way/{way}" for way in over),
                )


def _members(restriction: Restriction) -> Iterator[list[int]]:
    """Ways into it, nodes and ways it leads over, and ways out."""
    for role, wanted in (("from", "w"), ("via", "n"), ("via", "w"), ("to", "w")):
        yield [ref for kind, ref, said in restriction.members if (said, kind) == (role, wanted)]


def _features(found: Elements) -> Features:
    """Nodes first, then ways, then relations, each in the order of the file."""
    drawn = found.footprints.made()
    area_m2, centre = ring_areas_m2(drawn.lonlat, drawn.first)
    relation_m2, relation_centre = _areas(found)
    means = [*(s[1] for s in found.spots), *found.footprints.means, *(a[1] for a in found.areas)]
    tags = tuple(m.feature or {} for m in means)
    everything = Features(
        id=(
            *(f"node/{s[0]}" for s in found.spots),
            *(f"way/{way}" for way in drawn.id.tolist()),
            *(f"relation/{a[0]}" for a in found.areas),
        ),
        kind=tuple(m.kind or "" for m in means),
        name=tuple(t.get("name", "") for t in tags),
        lonlat=np.concatenate([np.array([s[2:] for s in found.spots]).reshape(-1, 2), centre, relation_centre]),
        area_m2=np.concatenate([np.zeros(len(found.spots)), area_m2, relation_m2]),
        tags=tags,
    )
    is_land_only = np.array([kind == "" for kind in everything.kind], bool)
    return everything.take(~is_land_only) if is_land_only.any() else everything


def _land(found: Elements) -> Land:
    """Land of known use: single ways, then relations, each in the order of the file."""
    drawn = found.land.made()
    of_way = [drawn.lonlat[a:b] for a, b in itertools.pairwise(drawn.first.tolist())]
    rings: list[tuple[str, list[F64], list[F64]]] = []
    for means, ring in zip(found.land.means, of_way, strict=True):
        found.counts["open land"] += not is_ring(ring)
        rings += [(means.land, [ring], [])] if is_ring(ring) else []
    drawn = found.rings.made()
    parts: list[tuple[list[F64], list[F64]]] = [([], []) for _ in found.areas]
    ends = itertools.pairwise(drawn.first.tolist())
    for area, sign, (a, b) in zip(drawn.id.tolist(), found.ring_sign, ends, strict=True):
        parts[area][sign < 0].append(drawn.lonlat[a:b])
    rings += [(m.land, *part) for (_, m), part in zip(found.areas, parts, strict=True) if m.land]
    made = [area_of_rings(outer, holes) for _, outer, holes in rings]
    found.counts["crossed land"] += sum(repaired for _, repaired in made)
    return Land(tuple(kind for kind, _, _ in rings), tuple(area for area, _ in made))


def _areas(found: Elements) -> tuple[F64, F64]:
    """Of each relation the area [m2] of its outer less its inner rings, and the centre of its largest outer ring."""
    of, first, lonlat, _ = found.rings.made()
    (ring_m2, centre), sign = ring_areas_m2(lonlat, first), np.array(found.ring_sign, np.int64)
    area_m2 = np.maximum(np.bincount(of, ring_m2 * sign, minlength=len(found.areas)), 0.0)
    # Sorted by relation and outer area: the last of each is its largest.
    order = np.lexsort((np.where(sign > 0, ring_m2, -1.0), of))
    largest = order[np.searchsorted(of[order], np.arange(len(found.areas)), "right") - 1]
    return area_m2, centre[largest]


def _clipped(ways: Ways, features: Features, clip: BaseGeometry, extent: Bounds | None) -> tuple[Ways, Features]:
    import shapely

    if not len(ways) and extent is not None:
        # Of all streets only the extent is known: the point of it nearest to the area, as it is and swapped.
        west, south, east, north = clip.bounds
        middle = np.array([[west + east, south + north], [south + north, west + east]]) / 2
        check_lonlat(np.clip(middle, extent[:2], extent[2:]), ways.source, clip)
    ways = clip_ways(ways, clip) if len(ways) else ways
    if not len(ways):
        what = "holds no highway inside the area asked for"
        raise InputError(Problem(ways.source, what, "check the area and the file"))
    return ways, features.take(shapely.contains_xy(clip, features.lonlat))
