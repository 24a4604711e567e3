"""User equilibrium beside AequilibraE's bi-conjugate Frank-Wolfe in one run, on a city of 400 zones.

Objectives and flows are compared. Seconds are of the CPU, all threads together; AequilibraE is given the same relative
gap and two threads. Published networks are solved where they are at hand.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait would count as work

import contextlib
import io
import logging
import statistics
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from network import between_zones, grid_city, settled, travel_times
from network.travel.congestion import Links, equilibrium

RUNS = 3
GAPS = (1e-4, 1e-6, 1e-8)
PEER_GAPS = (1e-4, 1e-6)
SIDE, ZONES, BLOCK_M = 30, 400, 250.0
TRIPS = 80_000
"""Vehicles an hour: the busiest streets carry some more than their capacity."""
CITY_SIDE = 16
SHARED = Path(os.environ.get("LUXING_SHARED", Path(__file__).parents[2] / "shared"))
PUBLISHED = {"SiouxFalls": 42.31335287e5, "Anaheim": 1286032.171}


def main() -> None:
    links, demand = grid_city_links()
    shown = f"{links.nodes} nodes, {len(links.tail)} links, {ZONES} zones, {demand.sum():.0f} vehicles/h"
    print(f"  perturbed grid: {shown}")
    equilibrium(links, demand, gap=0.1)  # compiles
    ours = {gap: measured(lambda gap=gap: equilibrium(links, demand, gap=gap), RUNS) for gap in GAPS}
    found = ours[GAPS[-1]][1]
    fill = found.flow[links.b > 0] / links.capacity[links.b > 0]
    print(
        f"  flow over capacity: median {np.median(fill):.2f}, 90 % {np.quantile(fill, 0.9):.2f}, most {fill.max():.2f}"
    )
    held = sum(paths.link.nbytes + 16 * len(paths.flow) + 20 * len(pairs.goal) for pairs, paths in found.paths)
    for gap, (seconds, one) in ours.items():
        print(f"  ours to {gap:.0e}: {seconds:.2f} s, {one.rounds} rounds, objective {one.objective:.6g}", flush=True)
    seconds, warm = measured(lambda: equilibrium(links, 1.02 * demand, gap=1e-4, start=found), RUNS)
    print(
        f"  2 % more trips to 1e-04 from there: {seconds:.2f} s, {warm.rounds} rounds; "
        f"paths hold {held / 2**20:.0f} MiB"
    )
    if find_spec("aequilibrae"):
        beside_aequilibrae(links, demand, ours)
    else:
        print("  NOT INSTALLED, left out: aequilibrae")
    published()
    city = grid_city(CITY_SIDE)
    travel = travel_times(city)
    flows = between_zones(city, travel)
    seconds, day = measured(lambda: settled(city, travel, flows), 1)
    last = day.rounds[-1]
    print(
        f"  demand and traffic of {len(city.zones.id)} zones: {seconds:.2f} s, {len(day.rounds)} rounds, "
        f"demand gap {last.demand_gap:.0e}, traffic gap {last.traffic_gap:.0e}"
    )


def measured(work, runs):
    """Median CPU seconds, and the last answer."""
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        answer = work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), answer


def grid_city_links(seed: int = 0) -> tuple[Links, np.ndarray]:
    """A city of uneven blocks, each fifth street a main one; trips fall off with distance and towards the edge."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    at_m = np.column_stack((x.ravel(), y.ravel())) * BLOCK_M + rng.uniform(-80, 80, (SIDE * SIDE, 2))
    node = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    across, along = (node[:, :-1], node[:, 1:]), (node[:-1], node[1:])
    ends = np.concatenate([np.column_stack((one.ravel(), other.ravel())) for one, other in (across, along)])
    fifth = np.arange(SIDE) % 5 == 0
    main_street = np.concatenate((np.repeat(fifth, SIDE - 1), np.tile(fifth, SIDE - 1)))
    kept = main_street | (rng.random(len(ends)) >= 0.1)
    ends, main_street = ends[kept], main_street[kept]
    length_m = np.hypot(*(at_m[ends[:, 0]] - at_m[ends[:, 1]]).T)
    free_s = length_m / (np.where(main_street, 50, 30) / 3.6 * rng.uniform(0.85, 1.15, len(ends)))
    capacity = np.where(main_street, 1800.0, 600.0) * rng.uniform(0.8, 1.2, len(ends))
    place = rng.choice(SIDE * SIDE, ZONES, replace=False)
    zone, joined = np.arange(ZONES), 2 * ZONES
    links = Links(
        nodes=ZONES + SIDE * SIDE,
        zones=ZONES,
        first_thru_node=ZONES,
        tail=np.concatenate((ends[:, 0] + ZONES, ends[:, 1] + ZONES, zone, place + ZONES)),
        head=np.concatenate((ends[:, 1] + ZONES, ends[:, 0] + ZONES, place + ZONES, zone)),
        free_s=np.append(np.tile(free_s, 2), np.full(joined, 30.0)),
        capacity=np.append(np.tile(capacity, 2), np.full(joined, 1e6)),
        b=np.append(np.full(2 * len(ends), 0.15), np.zeros(joined)),
        power=np.full(2 * len(ends) + joined, 4.0),
    )
    apart_m = np.hypot(*(at_m[place][:, None] - at_m[place]).transpose(2, 0, 1))
    size = rng.uniform(0.5, 1.5, ZONES) * np.exp(-np.hypot(*(at_m[place] - at_m.mean(0)).T) / 3000)
    demand = np.outer(size, size) * np.exp(-apart_m / 2500)
    np.fill_diagonal(demand, 0)
    return links, demand * TRIPS / demand.sum()


def beside_aequilibrae(links, demand, ours):
    """The same network and demand, to the same relative gaps."""
    for gap in PEER_GAPS:
        seconds, (flow, reached, rounds) = measured(lambda gap=gap: aequilibrae_flow(links, demand, gap), 1)
        mine_s, mine = ours[gap]
        apart = np.abs(flow - ours[GAPS[-1]][1].flow).max() / flow.max()
        same = f"objective {beckmann(links, flow):.6g}, flows within {apart:.1e} of the largest"
        print(
            f"  AequilibraE to {gap:.0e}: {seconds:.2f} s ({seconds / mine_s:.1f}x), {rounds} rounds, "
            f"gap {reached:.1e}; {same}"
        )
        assert mine.objective <= beckmann(links, flow) * (1 + gap)


def beckmann(links, flow):
    over = np.where(links.b > 0, links.b * (flow / links.capacity) ** links.power / (links.power + 1), 0)
    return (links.free_s * flow * (1 + over)).sum()


def aequilibrae_flow(links, demand, gap):
    """Flow (L), relative gap and rounds."""
    import pandas as pd
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

    logging.getLogger("aequilibrae").setLevel(logging.ERROR)
    names = ("free_s", "capacity", "b", "power")
    table = pd.DataFrame({"link_id": np.arange(len(links.tail)) + 1, "direction": 1})
    table = table.assign(a_node=links.tail + 1, b_node=links.head + 1, **{name: getattr(links, name) for name in names})
    graph = Graph()
    graph.network = table
    zones = np.arange(links.zones) + 1
    graph.prepare_graph(zones)
    graph.set_graph("free_s")
    graph.set_blocked_centroid_flows(True)
    matrix = AequilibraeMatrix()
    matrix.create_empty(zones=links.zones, matrix_names=["car"], memory_only=True)
    matrix.index[:] = zones
    matrix.matrix["car"][:, :] = demand
    matrix.computational_view(["car"])
    work = TrafficAssignment()
    work.set_classes([TrafficClass("car", graph, matrix)])
    work.set_vdf("BPR")
    work.set_vdf_parameters({"alpha": "b", "beta": "power"})
    work.set_capacity_field("capacity")
    work.set_time_field("free_s")
    work.set_algorithm("bfw")
    work.max_iter, work.rgap_target = 10_000, gap
    work.set_cores(2)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        work.execute()
    flow = work.results()["PCE_AB"].reindex(table.link_id).to_numpy()
    return flow, work.assignment.rgap, work.assignment.iter


def published():
    folder = SHARED / "bench" / "assignment"
    if not folder.is_dir():
        print(f"  published networks left out: none at {folder}")
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from tntp import links_of, read_network, read_trips

    for name, value in PUBLISHED.items():
        network, trips = (
            read(folder / name / f"{name}_{what}.tntp") for read, what in ((read_network, "net"), (read_trips, "trips"))
        )
        for gap in (1e-4, 1e-6, 1e-10):
            seconds, one = measured(lambda gap=gap, n=network, t=trips: equilibrium(links_of(n), t, gap=gap), RUNS)
            print(f"  {name} to {gap:.0e}: {seconds:.3f} s, objective {one.objective:.10g} (published {value:.10g})")
