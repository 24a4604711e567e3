"""Made motorway networks: cities, links of their Delaunay triangulation with service areas on them, gravity flows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from service.corridor_schemas import CorridorRequest
from service.corridors import Case, case_of_lists

DATA = Path(__file__).parents[1] / "data"
KM = 900.0
"""Side of the square of cities."""
DETOUR = 1.2
VEHICLES, DECAY = 4e5, 1.6
"""Electric vehicles a day between two cities of weight 1 at 1 km, and how fast they fall with distance."""
OPEN_CNY = (400_000, 1_600_000)
KM_PER_DEGREE = 111.2


def corridor(cities: int, areas: int, seed: int) -> Case:
    """`areas` service areas, shared out among the links by length; every pair of cities has a flow each way in one."""
    from scipy.spatial import Delaunay

    rng = np.random.default_rng(seed)
    at, weight = rng.random((cities, 2)) * KM, rng.lognormal(0.0, 0.8, cities)
    corners = Delaunay(at).simplices
    ends = np.unique(np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0)
    length = DETOUR * np.hypot(*(at[ends[:, 0]] - at[ends[:, 1]]).T)
    longest = np.quantile(length, 0.8)
    ends, length = ends[length <= longest], length[length <= longest]
    counts = np.diff(np.rint(np.cumsum([0, *length]) / length.sum() * areas)).astype(int)
    nodes: list[dict[str, Any]] = [_node(f"city {i}", at[i], "city") for i in range(cities)]
    links: list[dict[str, Any]] = []
    for (a, b), km, count in zip(ends.tolist(), length, counts.tolist(), strict=True):
        names = [f"city {a}", *(f"area {a} {b} {k}" for k in range(count)), f"city {b}"]
        for k, name in enumerate(names[1:-1], 1):
            opening = float(rng.integers(*OPEN_CNY))
            nodes.append(_node(name, at[a] + (at[b] - at[a]) * k / (count + 1), "service_area", open_cny=opening))
        links += [{"from": x, "to": y, "length_km": float(km / (count + 1))} for x, y in pairwise(names)]
    flows = [
        {
            "origin": f"city {i}", "destination": f"city {j}",
            "vehicles_per_day": float(VEHICLES * weight[i] * weight[j] / np.hypot(*(at[i] - at[j])) ** DECAY),
        }
        for i in range(cities) for j in range(i + 1, cities)
    ]  # fmt: skip
    request = CorridorRequest.model_validate({"nodes": nodes, "links": links, "flows": flows, "sites": 0})
    return case_of_lists(DATA, request)


def _node(name: str, at: Any, kind: str, **more: Any) -> dict[str, Any]:
    lon, lat = 110 + at[0] / KM_PER_DEGREE / 0.85, 31 + at[1] / KM_PER_DEGREE
    return {"id": name, "lon": lon, "lat": lat, "kind": kind} | more
