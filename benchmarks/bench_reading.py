"""Reading OpenStreetMap: CPU seconds and memory beside pyrosm and osmnx, and what each of them holds to be joined.

And a city clipped out of ever larger files: memory must not grow with the file.

Targets: an extract of 20 MB and 2 million nodes becomes a city of streets for all modes in 15 s of CPU and 1 GB, three
times as long as pyrosm reads its bare nodes and edges, and 20 times as fast as osmnx reads the same extract. pyrosm
keeps what it has read, so it is told how long the first reading takes, and how long the next one.

Every reading is a process of its own, which reads a tiny extract first: what libraries and kernels load when they are
first used is left out. osmnx reads plain XML only, so it gets a smaller extract as XML.

scripts/bench reading:speed,memory,lengths   parts of it
scripts/bench reading:huge                   a clip of 5 GB, with 1 GB of memory: 10 to 20 minutes, 15 GB of disk
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
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUNS = 3
_WATCH_S = 0.05
LARGE, SMALL, TINY = 260, 60, 12
"""Crossings along a side of the made extracts."""
COPIES = {"memory": (0, 12, 48), "huge": (0, 235)}
"""Of all nodes of the large extract, to clip a city out of; with 12 and more the places of nodes are kept on disk."""
MOST_MB = 1024
"""Memory a clip may have that is not a file's."""
MOST_GROWTH_MB = 64
"""By which the memory of a clip, files in memory aside, may differ from that of the smallest file's at most, beside the
places of nodes that a file of less than 256 MB has in memory."""
CLIP = (10.0, 50.0, 10.02, 50.01)


def main(*parts: str) -> None:
    parts = parts or ("speed", "memory", "lengths")
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.osm.pbf"
        if set(parts) - {"lengths"}:
            _make_here(large, LARGE)
            _make_here(tiny := large.with_name("tiny.osm.pbf"), TINY)
            copied(tiny, large.with_name("tiny.osm"))
        if "speed" in parts:
            _speed(large)
        for part in COPIES.keys() & set(parts):
            _memory(large, COPIES[part])
        if "lengths" in parts:
            import reading_lengths

            reading_lengths.main(Path(folder))


def _make_here(file: Path, side: int) -> None:
    # In a process of its own: what is measured below inherits the peak of this one.
    nodes, street_points, size = _worker("make", file, str(side))
    print(f"{file.name}: {nodes:,} nodes, {street_points:,} points of streets, {size / 1e6:.1f} MB", flush=True)


def _speed(large: Path) -> None:
    small, xml = large.with_name("small.osm.pbf"), large.with_name("small.osm")
    _make_here(small, SMALL)
    copied(small, xml)
    big, plain = ("read", "read in clip", "city", "pyrosm", "pyrosm again"), ("read xml", "osmnx plain", "osmnx")
    _table(dict.fromkeys(big, large), "pyrosm")
    _table({"read": small, "city": small, "pyrosm": small} | dict.fromkeys(plain, xml), "osmnx")


def _memory(source: Path, copies_of_all: tuple[int, ...]) -> None:
    """The same clip of files that differ in what lies beyond it, the larger ones with a limit to memory."""
    print(f"{'copies':>8} {'file MB':>8} {'CPU s':>8} {'s':>8} {'peak MB':>8} {'own MB':>8}")
    least = 0.0
    for copies in copies_of_all:
        file = source.with_name("padded.osm.pbf")
        size = _worker("pad", source, file, str(copies))
        start = time.perf_counter()
        cpu_s, peak_mb, own_mb = _worker("read in clip", file, most_mb=MOST_MB)
        clock_s = time.perf_counter() - start
        print(f"{copies:8} {size / 1e6:8.0f} {cpu_s:8.1f} {clock_s:8.1f} {peak_mb:8.0f} {own_mb:8.0f}", flush=True)
        least = least or own_mb
    if own_mb > least + MOST_GROWTH_MB:
        sys.exit(f"a clip of {size / 1e6:,.0f} MB takes {own_mb:,.0f} MB, of the smallest file {least:,.0f} MB")


def _table(work: dict[str, Path], peer: str) -> None:
    """Interleaved runs; seconds of each over those of the peer."""
    for name in [name for name in work if name.split()[0] in {"pyrosm", "osmnx"}]:
        if importlib.util.find_spec(name.split()[0]) is None:
            print(f"{name} is not installed: left out")
            del work[name]
    _measured("city", next(iter(work.values())))  # kernels are compiled once and kept
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
    """CPU seconds of the reading and peak memory [MB] of the process."""
    cpu_s, peak_mb, _ = _worker(name, file)
    return cpu_s, peak_mb


def _worker(name: str, *arguments: object, most_mb: int | None = None) -> Any:
    """In a folder for temporary files of its own, for pyrosm keeps there what it has read."""
    command = [sys.executable, __file__, name, *map(str, arguments)]
    if most_mb:  # of what is not a file's: the places of nodes are, which the system takes back when it needs to
        command = ["prlimit", f"--data={most_mb * 2**20}", *command]
    with tempfile.TemporaryDirectory() as folder:
        own = {"NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": folder}
        done = subprocess.run(command, env=os.environ | own, check=False, capture_output=True, text=True)
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


def _pyrosm(file: Path, *, again: bool = False) -> Callable[[], object]:
    import pyrosm

    def read() -> object:
        return pyrosm.OSM(str(file)).get_network(nodes=True, network_type="all")

    if again:
        read()
    return read


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
    "pyrosm again": lambda file: _pyrosm(file, again=True),
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
    READERS[name](file.with_name(f"tiny{''.join(file.suffixes)}"))()
    work = READERS[name](file)
    own_mb = [0.0]
    threading.Thread(target=_watch, args=(own_mb,), daemon=True).start()
    start = time.process_time()
    work()
    cpu_s = time.process_time() - start
    print(json.dumps([cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, own_mb[0]]))


def _watch(most_mb: list[float]) -> None:
    """Keep the most memory of this process that is not a file's [MB]; that of files the system can take back."""
    while True:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        (own_kb,) = (line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))
        most_mb[0] = max(most_mb[0], int(own_kb) / 1024)
        time.sleep(_WATCH_S)


def _make(file: Path, side: int) -> None:
    from made_extract import write_extract

    print(json.dumps(write_extract(file, side)))


def _pad(source: Path, file: Path, copies: int) -> None:
    from padded_extract import padded

    print(json.dumps(padded(source, file, copies)))


if __name__ == "__main__":
    if sys.argv[1] == "pad":
        _pad(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1] == "make":
        _make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        _run(sys.argv[1], Path(sys.argv[2]))
