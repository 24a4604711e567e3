"""Flow refuelling: against every choice of stations by driving the trips, published values, its stop, bad input."""

import csv
from dataclasses import replace
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import pytest

from network import InputError
from optimise import Cancel, Gap, Seconds, Work
from optimise.location import Group, flow_refuelling
from optimise.location.verify_siting import verify_flow_refuelling


def paths_of(graph, pairs):
    """(first, node, along) of shortest paths by the edges' weight."""
    first, node, along = [0], [], []
    for i, j in pairs:
        far, way = nx.single_source_dijkstra(graph, i)
        node += way[j]
        along += [far[k] for k in way[j]]
        first.append(len(node))
    return np.array(first), np.array(node), np.array(along, float)


def small(seed):
    """Up to 6 nodes and 8 trips, sites at some nodes, rules now and then."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 7))
    graph = nx.path_graph(nodes)
    graph.add_edges_from([tuple(rng.choice(nodes, 2, replace=False)) for _ in range(2)])
    for _, _, edge in graph.edges(data=True):
        edge["weight"] = int(rng.integers(1, 6))
    pairs = [tuple(rng.choice(nodes, 2, replace=False).tolist()) for _ in range(int(rng.integers(1, 9)))]
    sites = rng.permutation(nodes)[: int(rng.integers(1, nodes + 1))]
    flows = rng.integers(0, 9, len(pairs)) if seed % 2 else rng.random(len(pairs))
    count, asked = len(sites), {}
    if seed % 3:
        asked["p"] = int(rng.integers(0, count + 1))
    else:
        asked |= {"cost": rng.integers(0, 5, count), "budget": float(rng.integers(0, 9))}
    there = rng.random(count) < (0.2 if seed % 4 == 1 else 0.0)
    banned = ~there & (rng.random(count) < (0.2 if seed % 4 < 2 else 0.0))
    asked |= {"existing": np.flatnonzero(there), "forbidden": np.flatnonzero(banned)}
    if seed % 5 == 2:
        members = [np.flatnonzero(rng.random(count) < 0.5) for _ in range(2)]
        asked["groups"] = [Group(members[0], most=1), Group(members[1], least=1)]
    return (paths_of(graph, pairs), flows, sites, float(rng.integers(3, 15))), asked


def drives(nodes, at, stations, range_):
    """Ten round trips from half a tank; a station at least, and no trip that runs dry."""
    if not stations & set(nodes):
        return False
    tank, turn = range_ / 2, list(range(len(nodes))) + list(range(len(nodes) - 2, -1, -1))
    for _ in range(10):
        for here, there in pairwise(turn):
            tank = range_ if nodes[here] in stations else tank
            tank -= abs(at[there] - at[here])
            if tank < 0:
                return False
    return True


def truth(data, asked):
    (first, node, along), flows, sites, range_ = data
    best, count = None, len(sites)
    there, banned = set(asked["existing"].tolist()), set(asked["forbidden"].tolist())
    for size in range(count + 1):
        for open_ in combinations(range(count), size):
            on = set(open_)
            if not there <= on or on & banned or len(on) > asked.get("p", count):
                continue
            if "budget" in asked and sum(asked["cost"][j] for j in on - there) > asked["budget"]:
                continue
            counts = [(len(on & set(g.sites.tolist())), g) for g in asked.get("groups", ())]
            if any(n < g.least or (g.most is not None and n > g.most) for n, g in counts):
                continue
            stations = {int(sites[j]) for j in on}
            value = sum(
                flows[q]
                for q in range(len(flows))
                if drives(node[first[q] : first[q + 1]].tolist(), along[first[q] : first[q + 1]], stations, range_)
            )
            best = value if best is None else max(best, value)
    return best


@pytest.mark.parametrize("seed", range(100))
def test_small_cases_against_every_choice_of_stations(seed):
    data, asked = small(seed)
    best = truth(data, asked)
    found = flow_refuelling(*data, **asked, seed=seed)
    assert verify_flow_refuelling(data, found, **asked).problems == ()
    if best is None:
        assert found.status == "infeasible" and found.conflicts
    else:
        assert found.status == "optimal"
        assert found.objective == found.bound == pytest.approx(best, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def classic(shared):
    return classic_of(shared)


def classic_of(shared):
    """The 25 nodes of Simchi-Levi & Berman: paths, and flows by gravity."""
    folder = shared / "bench" / "frlm" / "25NODE"
    graph, weight = nx.Graph(), {}
    for line in (folder / "NODES.txt").read_text(encoding="utf-8").splitlines():
        if line.strip():
            weight[int(line.split()[0])] = float(line.split()[1])
    for line in (folder / "ARCS.txt").read_text(encoding="utf-8").splitlines():
        if line.strip():
            _, length, i, j = line.split()
            graph.add_edge(int(i), int(j), weight=float(length))
    pairs = list(combinations(sorted(weight), 2))
    paths = paths_of(graph, pairs)
    away = paths[2][paths[0][1:] - 1]
    return paths, np.array([weight[i] * weight[j] for i, j in pairs]) / away**1.5


def rows(shared):
    with (shared / "bench" / "frlm" / "basic_frlm_25node_local_proven.csv").open(encoding="utf-8") as file:
        return [(float(r["range"]), int(r["p"]), float(r["flow"])) for r in csv.DictReader(file)]


def test_published_values(shared, classic):
    paths, flows = classic
    for range_, p, value in rows(shared):
        if p in {1, 3, 6, 8, 25}:
            found = flow_refuelling(paths, flows, np.arange(1, 26), range_, p=p)
            assert (found.status, found.objective) == ("optimal", pytest.approx(value, abs=1e-3)), (range_, p)
            assert verify_flow_refuelling((paths, flows, np.arange(1, 26), range_), found, p=p).problems == ()


@pytest.mark.slow
def test_every_published_value(shared, classic):
    paths, flows = classic
    for range_, p, value in rows(shared):
        found = flow_refuelling(paths, flows, np.arange(1, 26), range_, p=p)
        assert (found.status, found.objective) == ("optimal", pytest.approx(value, abs=1e-3)), (range_, p)


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(classic, stop):
    data = (*classic, np.arange(1, 26), 8.0)
    exact, short = flow_refuelling(*data, p=7), flow_refuelling(*data, p=7, stop=stop)
    assert verify_flow_refuelling(data, short, p=7).problems == ()
    assert short.status == "feasible"
    assert 0.7 * exact.objective <= short.objective <= exact.objective <= short.bound


def test_more_range_and_more_stations_are_never_worse(classic):
    values = [flow_refuelling(*classic, np.arange(1, 26), r, p=5).objective for r in (2.0, 4.0, 6.0, 12.0)]
    assert values == sorted(values)
    values = [flow_refuelling(*classic, np.arange(1, 26), 8.0, p=p).objective for p in (0, 2, 5, 25)]
    assert values == sorted(values) and values[0] == 0


def test_same_seed_same_bytes(classic):
    runs = [flow_refuelling(*classic, np.arange(1, 26), 8.0, p=8, stop=Gap(0.01) | Work(1), seed=2) for _ in range(2)]
    told = [(r.open.tobytes(), r.assignment.tobytes(), r.objective, r.bound, r.status) for r in runs]
    assert told[0] == told[1]


def test_half_a_tank_by_hand():
    """One arc of length 4: a station in the middle needs a range of 4, at one end 8, at both ends 4."""
    paths = (np.array([0, 3]), np.array([5, 6, 7]), np.array([0.0, 2.0, 4.0]))
    for sites, p, range_, served in (
        ([6], 1, 4.0, 1), ([6], 1, 3.9, 0), ([5], 1, 8.0, 1), ([5], 1, 7.9, 0), ([5, 7], 2, 4.0, 1),
        ([5, 7], 1, 4.0, 0),
    ):  # fmt: skip
        assert flow_refuelling(paths, [1], sites, range_, p=p).objective == served, (sites, p, range_)


def test_reasons_and_wrong_claims(classic):
    data = (*classic, np.arange(1, 26), 8.0)
    found = flow_refuelling(*data, p=1, groups=[Group([0, 1], least=2, name="north")])
    assert found.status == "infeasible" and "north" in " ".join(found.conflicts)
    found = flow_refuelling(*data, p=3)
    for changes, words in (
        ({"objective": found.objective + 1}, "the value is"),
        ({"bound": found.objective - 1}, "wrong side"),
        ({"open": np.arange(4)}, "p is 3"),
        ({"status": "feasible"}, "status"),
    ):
        assert words in " ".join(verify_flow_refuelling(data, replace(found, **changes), p=3).problems)


@pytest.mark.parametrize(
    ("changes", "asked", "words"),
    [
        ({"flows": [np.nan]}, {"p": 1}, r"flows\[0\]: is nan"),
        ({"flows": [-1]}, {"p": 1}, r"flows\[0\]: is -1"),
        ({"flows": [1, 1]}, {"p": 1}, "flows: has 2"),
        ({"sites": [0, 0]}, {"p": 1}, "sites: names node 0 twice"),
        ({"sites": [-1]}, {"p": 1}, r"sites\[0\]: is -1"),
        ({"range_": 0}, {"p": 1}, "range_: is 0"),
        ({"range_": np.nan}, {"p": 1}, "range_: is nan"),
        ({"paths": ([0, 1], [0], [0.0])}, {"p": 1}, r"paths\[0\]: does not go on"),
        ({"paths": ([0, 2], [0, 1], [1.0, 2.0])}, {"p": 1}, r"paths\[0\]: does not go on"),
        ({"paths": ([0, 2], [0, 1], [0.0, np.inf])}, {"p": 1}, r"paths.along\[1\]: is inf"),
        ({"paths": ([0, 3], [0, 1], [0.0, 1.0])}, {"p": 1}, "paths.first"),
        ({"paths": [[0, 1]]}, {"p": 1}, "paths: is not three arrays"),
        ({}, {}, "p: is missing"),
        ({}, {"p": 3}, "p: is 3"),
    ],
)
def test_bad_input_is_named(changes, asked, words):
    given = {"paths": ([0, 2], [0, 1], [0.0, 1.0]), "flows": [1], "sites": [0, 1], "range_": 4.0} | changes
    with pytest.raises(InputError, match=words):
        flow_refuelling(**given, **asked)


def test_nothing_in_reach_and_progress():
    heard = []
    found = flow_refuelling(([0, 2], [0, 1], [0.0, 9.0]), [5], [0, 1], 4.0, p=2, progress=heard.append)
    assert (found.objective, found.bound, found.status, found.assignment.tolist()) == (0, 0, "optimal", [-1])
    assert (heard[-1].objective, heard[-1].bound) == (0, 0)
