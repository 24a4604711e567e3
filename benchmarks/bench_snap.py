"""Points to streets: nearest, and nearest in sight, beside shapely's tree of lines; one thread; answers compared first.

Targets: 2,000 points under 50 ms and one point under 20 ms at 100,000 segments, lines cut and filed before.
"""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import shapely
from timing import interleaved

from network import units
from network.snap import crossed, local_metres, snap
from network.synthetic import grid_roads

RUNS = 7
POINTS = (1, 2_000, 100_000)
WALLS_PER_BLOCK = 2
WALL_M = 40.0


def main() -> None:
    numba.set_num_threads(1)
    columns = ("points", "shapely ms", "nearest ms", "ratio", "in sight ms", "moved", "no way")
    print(f"{'streets':10} " + " ".join(f"{column:>11}" for column in columns))
    for n in (70, 224):
        roads = everywhere(grid_roads(n))
        rng = np.random.default_rng(0)
        barriers = walled(rng, roads, WALLS_PER_BLOCK * n * n)
        latitude = float(np.median(roads.lonlat[:, 1]))
        drawn = local_metres(roads.shape_lonlat, latitude).reshape(-1, 2, 2)
        for count in POINTS:
            points = rng.uniform(roads.lonlat.min(axis=0), roads.lonlat.max(axis=0), (count, 2))
            print(f"{len(roads.edges):10d} {row(roads, barriers, points, drawn, latitude)}", flush=True)
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)


def row(roads, barriers, points, drawn, latitude):
    tree, places = shapely.STRtree(shapely.linestrings(drawn)), shapely.points(local_metres(points, latitude))
    plain, seen = snap(roads, points), snap(barriers, points)
    (which, _), apart = tree.query_nearest(places, return_distance=True)
    assert np.allclose(plain.off_m[units.WALK][which], apart)
    assert (seen.off_m >= plain.off_m).all()
    peer_s, plain_s, seen_s = interleaved(
        RUNS,
        lambda: tree.query_nearest(places, return_distance=True),
        lambda: snap(roads, points),
        lambda: snap(barriers, points),
    )
    moved = np.mean(seen.off_m[units.WALK] > plain.off_m[units.WALK])
    no_way = crossed(barriers, points, seen)[units.WALK].mean()
    times = (
        f"{len(points):11d} {peer_s * 1e3:11.2f} {plain_s * 1e3:11.2f} {peer_s / plain_s:10.1f}x {seen_s * 1e3:11.2f}"
    )
    return f"{times} {moved:11.1%} {no_way:11.1%}"


def everywhere(roads):
    """The same streets, open to everybody: the peer knows one mode."""
    return replace(roads, time_ms=np.maximum(roads.time_ms, 0))


def walled(rng, roads, count):
    """Walls of four pieces that wander about the city."""
    metres = units.EARTH_RADIUS_M * np.radians(1.0)
    start = rng.uniform(roads.lonlat.min(axis=0), roads.lonlat.max(axis=0), (count, 1, 2))
    lines = start + np.cumsum(rng.normal(0, WALL_M / metres, (count, 5, 2)), axis=1)
    first = np.arange(0, 5 * count + 1, 5, dtype=np.int32)
    return replace(roads, barrier_first=first, barrier_lonlat=lines.reshape(-1, 2))


if __name__ == "__main__":
    main()
