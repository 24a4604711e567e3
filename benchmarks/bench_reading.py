"""Reading OpenStreetMap: CPU seconds and memory beside pyrosm and osmnx, and what each of them holds to be joined.

Every reading is a process of its own. osmnx reads plain XML only, so it gets a smaller extract as XML.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUNS = 3
LARGE, SMALL = 260, 40
"""Crossings along a side of the made extracts."""
CLIP = (10.05, 50.05, 10.07, 50.06)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _speed(Path(folder))
        import reading_lengths

        reading_lengths.main(Path(folder))


def _speed(folder: Path) -> None:
    large, small, xml = folder / "large.osm.pbf", folder / "small.osm.pbf", folder / "small.osm"
    # In a process of its own: what is measured below inherits the peak of this one.
    for file, side in ((large, LARGE), (small, SMALL)):
        nodes, street_points, size = _worker("make", file, str(side))
        print(f"{file.name}: {nodes:,} nodes, {street_points:,} points of streets, {size / 1e6:.1f} MB", flush=True)
    copied(small, xml)
    _table({"read": large, "read in clip": large, "city": large, "pyrosm": large}, "pyrosm")
    _table({"read": small, "read xml": xml, "pyrosm": small, "osmnx plain": xml, "osmnx": xml}, "osmnx")


def _table(work: dict[str, Path], peer: str) -> None:
    """Interleaved runs; seconds of each over those of the peer."""
    for name in [name for name in work if name.split()[0] in {"pyrosm", "osmnx"}]:
        if importlib.util.find_spec(name.split()[0]) is None:
            print(f"{name} is not installed: left out")
            del work[name]
    if "city" in work:
        _measured("city", work["city"])  # kernels are compiled once and kept
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(RUNS):
        for name, file in work.items():
            seen[name].append(_measured(name, file))
    cpu = {name: statistics.median(s for s, _ in found) for name, found in seen.items()}
    print(f"{'':14} {'CPU s':>8} {'peak MB':>8} {'of ' + peer:>10}")
    for name, found in seen.items():
        ratio = f"{cpu[name] / cpu[peer]:9.2f}x" if peer in cpu else "-"
        print(f"{name:14} {cpu[name]:8.2f} {statistics.median(mb for _, mb in found):8.0f} {ratio:>10}", flush=True)


def _measured(name: str, file: Path) -> tuple[float, float]:
    """CPU seconds of the reading, imports aside, and peak memory [MB] of the process."""
    cpu_s, peak_mb = _worker(name, file)
    return cpu_s, peak_mb


def _worker(name: str, *arguments: object) -> Any:
    env = {**os.environ, "NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, __file__, name, *map(str, arguments)]
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _ours(file: Path, *, clip: bool = False, city: bool = False) -> Callable[[], object]:
    import shapely

    from network.io import Parameters
    from network.io.graph import roads_from_ways
    from network.io.osm import read_osm

    area = shapely.box(*CLIP) if clip else None
    if not city:
        return lambda: read_osm(file, area)

    def built() -> object:
        data = read_osm(file)
        return roads_from_ways(data.ways, Parameters.load(Path(__file__).parents[1] / "data"), barriers=data.barriers)

    return built


def _pyrosm(file: Path) -> Callable[[], object]:
    import pyrosm

    return lambda: pyrosm.OSM(str(file)).get_network(nodes=True, network_type="all")


def _osmnx(file: Path, *, simplify: bool = True) -> Callable[[], object]:
    """As it is used, between crossings, and plain, between all points."""
    import osmnx

    return lambda: osmnx.graph_from_xml(file, simplify=simplify, retain_all=True)


READERS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "read": _ours,
    "read xml": _ours,
    "read in clip": lambda file: _ours(file, clip=True),
    "city": lambda file: _ours(file, city=True),
    "pyrosm": _pyrosm,
    "osmnx": _osmnx,
    "osmnx plain": lambda file: _osmnx(file, simplify=False),
}


def copied(source: Path, target: Path, keep: Callable[[Any], bool] = lambda _: True) -> None:
    """The same extract in the format of another ending, with the ways (and all nodes) that are to be kept."""
    import osmium

    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for element in osmium.FileProcessor(str(source)):
            if not element.is_way() or keep(element):
                writer.add(element)


def _run(name: str, file: Path) -> None:
    warnings.simplefilter("ignore")
    work = READERS[name](file)
    start = time.process_time()
    work()
    cpu_s = time.process_time() - start
    print(json.dumps([cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def _make(file: Path, side: int) -> None:
    from made_extract import write_extract

    print(json.dumps(write_extract(file, side)))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        _make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        _run(sys.argv[1], Path(sys.argv[2]))
