"""User equilibrium: published networks, a slow oracle, what must hold for any network, and cars on a city's streets."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest
from plain_assignment import all_or_nothing, cost, frank_wolfe, objective, relative_gap
from tntp import links_of, read_flow, read_network, read_trips

from network import InputError, grid_city
from network.congestion_rules import CongestionRules
from network.kernels import assignment as kernels
from network.travel.car_traffic import city_links, congested, drive_skim
from network.travel.congestion import Links, _blocks_of, _no_paths, equilibrium
from network.travel.roads import skim
from network.units import DRIVE

FOLDERS = {"SiouxFalls": "SiouxFalls", "Anaheim": "Anaheim", "Braess": "Braess-Example"}
SEEDS = range(8)


def published(shared, name):
    folder = shared / "bench" / "assignment" / FOLDERS[name]
    return read_network(folder / f"{name}_net.tntp"), read_trips(folder / f"{name}_trips.tntp")


def braess():
    """Four nodes; trips go from the first to the last (Braess 1968, doi:10.1007/BF01918335)."""
    tail, head = np.array([0, 0, 2, 2, 3]), np.array([2, 3, 3, 1, 1])
    free, slope = np.array([1e-8, 50, 10, 50, 1e-8]), np.array([10.0, 1, 1, 1, 10])
    links = Links(
        nodes=4, zones=2, first_thru_node=2, tail=tail, head=head,
        free_s=free, capacity=np.ones(5), b=slope / free, power=np.ones(5),
    )  # fmt: skip
    return links, np.array([[0, 6.0], [0, 0]])


def small(seed, zones=5, nodes=14):
    """A random network, strongly connected by a ring of its streets, with zones joined to two of them."""
    rng = np.random.default_rng(seed)
    street = np.arange(zones, nodes)
    tail = np.concatenate((street, np.roll(street, -1), rng.choice(street, 14)))
    head = np.concatenate((np.roll(street, -1), street, rng.choice(street, 14)))
    tail, head = tail[tail != head], head[tail != head]
    at, zone = rng.choice(street, 2 * zones), np.tile(np.arange(zones), 2)
    joined = len(tail) + np.arange(4 * zones)
    tail, head = np.concatenate((tail, zone, at)), np.concatenate((head, at, zone))
    free, b = rng.uniform(5, 30, len(tail)), np.full(len(tail), 0.15)
    b[joined] = 0.0
    links = Links(
        nodes=nodes, zones=zones, first_thru_node=zones, tail=tail, head=head, free_s=free,
        capacity=rng.uniform(5, 30, len(tail)), b=b, power=rng.choice([1.0, 2.0, 4.0, 5.5], len(tail)),
    )  # fmt: skip
    return links, rng.uniform(0, 25, (zones, zones)) * (rng.random((zones, zones)) < 0.8)


def curve(links):
    return links.free_s, links.capacity, links.b, links.power


def leaving(links, flow):
    """(N) what leaves a node less what arrives."""
    return np.bincount(links.tail, flow, links.nodes) - np.bincount(links.head, flow, links.nodes)


def test_braess_by_hand():
    links, demand = braess()
    found = equilibrium(links, demand, gap=1e-12)
    assert found.flow == pytest.approx([4, 2, 2, 2, 4], abs=1e-6)
    assert found.skim()[0, 1] == pytest.approx(92, abs=1e-6)
    closed = replace(
        links, b=np.where(np.arange(5) == 2, 0, links.b), free_s=np.where(np.arange(5) == 2, 1e6, links.free_s)
    )
    apart = equilibrium(closed, demand, gap=1e-12)
    assert apart.flow == pytest.approx([3, 3, 0, 3, 3], abs=1e-6)
    assert apart.skim()[0, 1] == pytest.approx(83, abs=1e-6)


@pytest.mark.parametrize(("name", "title", "scale"), [("SiouxFalls", "Sioux Falls", 1e5), ("Anaheim", "Anaheim", 1.0)])
def test_published_objectives_and_flows(shared, name, title, scale):
    network, trips = published(shared, name)
    readme = (shared / "bench" / "README.md").read_text(encoding="utf-8")
    digits = re.search(rf"objectives \(Beckmann\):.*?{title} (\d+\.\d+)", readme)[1]
    found = equilibrium(links_of(network), trips, gap=1e-10)
    assert found.gap <= 1e-10
    last_digit = scale / 10 ** len(digits.split(".")[1])
    assert found.objective == pytest.approx(float(digits) * scale, rel=1e-10, abs=last_digit / 2)
    flow, time = read_flow(shared / "bench" / "assignment" / name / f"{name}_flow.tntp", network)
    assert found.flow == pytest.approx(flow, rel=1e-3, abs=1e-3 * flow.max())
    assert found.time_s == pytest.approx(time, rel=1e-4)
    assert relative_gap(network.tail, network.head, curve(found.links), trips, network.first_through, found.flow) < 1e-9


def test_the_published_braess_network(shared):
    network, trips = published(shared, "Braess")
    found = equilibrium(links_of(network), trips, gap=1e-10)
    assert found.flow == pytest.approx([4, 2, 2, 2, 4], abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_flows_are_those_of_frank_wolfe(seed):
    links, demand = small(seed)
    found = equilibrium(links, demand, gap=1e-10)
    flow, gap = frank_wolfe(links.tail, links.head, curve(links), demand, links.first_thru_node, 60)
    slow = objective(*curve(links), flow)
    assert found.gap <= 1e-10
    assert found.objective == pytest.approx(objective(*curve(links), found.flow), rel=1e-12)
    could_save = max(gap, 0) * (cost(*curve(links), flow) @ flow)
    assert slow * (1 - 1e-12) - could_save <= found.objective <= slow * (1 + 1e-12)
    mine = relative_gap(links.tail, links.head, curve(links), demand, links.first_thru_node, found.flow)
    assert mine == pytest.approx(found.gap, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_times_between_zones_are_those_of_networkx(seed):
    links, demand = small(seed)
    found = equilibrium(links, demand)
    least = all_or_nothing(links.tail, links.head, found.time_s, demand, links.first_thru_node)[1]
    assert found.skim() == pytest.approx(least, rel=1e-12)
    assert found.skim(found.time_s) == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_ways_looked_for_in_the_order_of_other_costs_are_the_cheapest(seed):
    """Costs that stay, that change a little, and that are others altogether; some are nothing."""
    links, demand = small(seed, zones=10, nodes=120)
    rng, tail, pairs = np.random.default_rng(seed), links.tail[links.order], _blocks_of(demand)[0]
    none, nodes = _no_paths(len(pairs.goal)), (len(pairs.first) - 1, links.nodes)
    order, costs = np.full(nodes, -1, np.int32), np.zeros(len(tail))
    for change in (1.0, 0.0, 0.02, 0.3, 1.0, 0.0):
        free = rng.random(len(tail)) < 0.2
        costs = np.where(free & (change > 0), 0.0, (1 - change) * costs + change * rng.uniform(0, 30, len(tail)))
        least, _, paths = kernels.seek(links.streets, tail, costs, pairs, none, 1.0, order, 2)
        first = np.full(nodes, -1, np.int32)
        assert least == pytest.approx(kernels.seek(links.streets, tail, costs, pairs, none, 1.0, first, 2)[0])
        assert np.add.reduceat(costs[paths.link], paths.link_first[:-1]) == pytest.approx(least)


@pytest.mark.parametrize("seed", SEEDS)
def test_trips_are_kept_and_history_falls(seed):
    links, demand = small(seed)
    found = equilibrium(links, demand, gap=1e-8)
    apart = demand * ~np.eye(len(demand), dtype=bool)
    balance = np.append(apart.sum(1) - apart.sum(0), np.zeros(links.nodes - links.zones))
    assert leaving(links, found.flow) == pytest.approx(balance, abs=1e-9)
    values = np.array([value for value, _ in found.history])
    assert (np.diff(values) <= 1e-9 * values[0]).all()
    assert found.rounds == len(values)
    assert found.history[-1] == (found.objective, found.gap)


@pytest.mark.parametrize("seed", SEEDS)
def test_more_capacity_never_raises_the_objective(seed):
    links, demand = small(seed)
    wider = replace(links, capacity=links.capacity * np.random.default_rng(seed).uniform(1, 2, len(links.tail)))
    before, after = equilibrium(links, demand, gap=1e-9), equilibrium(wider, demand, gap=1e-9)
    assert after.objective <= before.objective * (1 + 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_other_numbers_for_nodes_and_links_change_nothing(seed):
    links, demand = small(seed)
    rng = np.random.default_rng(seed)
    zone, street = rng.permutation(links.zones), links.zones + rng.permutation(links.nodes - links.zones)
    name, order = np.append(zone, street), rng.permutation(len(links.tail))
    other = replace(
        links, tail=name[links.tail][order], head=name[links.head][order],
        **{k: getattr(links, k)[order] for k in ("free_s", "capacity", "b", "power", "fixed_s")},
    )  # fmt: skip
    moved = np.empty_like(demand)
    moved[np.ix_(zone, zone)] = demand
    one, two = equilibrium(links, demand, gap=1e-12), equilibrium(other, moved, gap=1e-12)
    assert two.objective == pytest.approx(one.objective, rel=1e-11)
    assert two.time_s == pytest.approx(one.time_s[order], rel=1e-5)
    assert two.skim()[np.ix_(zone, zone)] == pytest.approx(one.skim(), rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_warm_start_ends_at_once_and_follows_other_demand(seed):
    links, demand = small(seed)
    found = equilibrium(links, demand, gap=1e-8)
    again = equilibrium(links, demand, gap=1e-8, start=found)
    assert again.rounds == 0
    assert again.flow == pytest.approx(found.flow, rel=1e-12, abs=1e-12)
    other = np.random.default_rng(seed).permutation(demand.ravel()).reshape(demand.shape)
    cold, warm = equilibrium(links, other, gap=1e-10), equilibrium(links, other, gap=1e-10, start=found)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9)
    narrower = replace(links, capacity=links.capacity / 2)
    cold, warm = equilibrium(narrower, demand, gap=1e-9), equilibrium(narrower, demand, gap=1e-9, start=found)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-8)


def test_no_demand_and_trips_within_zones_leave_streets_empty():
    links, demand = small(0)
    for trips in (np.zeros_like(demand), np.diag(np.ones(len(demand)))):
        found = equilibrium(links, trips)
        assert (found.flow == 0).all() and (found.time_s == links.free_s).all()
        assert (found.objective, found.gap, found.rounds, found.history) == (0, 0, 0, [])


@pytest.mark.parametrize("seed", SEEDS)
def test_traffic_of_others_counts_as_if_it_were_on_the_way(seed):
    """Where others are on all links, cost is that of the flow of both."""
    links, demand = small(seed)
    others = np.random.default_rng(seed).uniform(0, 40, len(links.tail))
    found = equilibrium(links, demand, gap=1e-9, preload=others)
    price = links.free_s * (1 + links.b * ((found.flow + others) / links.capacity) ** links.power)
    assert found.time_s == pytest.approx(price, rel=1e-12)
    target, _ = all_or_nothing(links.tail, links.head, price, demand, links.first_thru_node)
    assert (price @ found.flow - price @ target) / (price @ found.flow) < 2e-9
    assert equilibrium(links, demand, preload=0 * others).flow == pytest.approx(equilibrium(links, demand).flow)


def test_a_charge_moves_traffic_and_is_no_time():
    links, demand = braess()
    charge = np.array([0, 0, 1e4, 0, 0])
    found = equilibrium(replace(links, fixed_s=charge), demand, gap=1e-12)
    assert found.flow == pytest.approx([3, 3, 0, 3, 3], abs=1e-6)
    assert found.time_s[2] == pytest.approx(10)
    assert found.skim(found.time_s)[0, 1] == pytest.approx(83, abs=1e-6)
    assert found.skim()[0, 1] == pytest.approx(83, abs=1e-6)


def test_same_bytes_with_any_number_of_threads(shared):
    network, trips = published(shared, "Anaheim")
    found = []
    try:
        for threads in sorted({1, numba.config.NUMBA_NUM_THREADS}):
            numba.set_num_threads(threads)
            one = equilibrium(links_of(network), trips, gap=1e-6)
            found.append((one.flow.tobytes(), one.gap, one.skim().tobytes()))
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert len(set(found)) == 1


def test_progress_is_told_and_may_end_it():
    links, demand = small(1)
    told = []
    cut = equilibrium(links, demand, gap=1e-12, progress=lambda *now: told.append(now) or len(told) < 2)
    assert [number for number, _ in told] == [1, 2] and cut.rounds == 2
    mine = relative_gap(links.tail, links.head, curve(links), demand, links.first_thru_node, cut.flow)
    assert mine == pytest.approx(cut.gap, abs=1e-12)
    assert equilibrium(links, demand, gap=1e-12, most_rounds=1).rounds == 1


@pytest.mark.parametrize(
    ("column", "row", "value"),
    [("free_s", 3, np.nan), ("free_s", 2, -1.0), ("capacity", 4, 0.0), ("capacity", 1, np.nan), ("b", 0, np.inf),
     ("power", 5, 0.5), ("tail", 6, 99), ("head", 7, -1), ("fixed_s", 2, -3.0)],
)  # fmt: skip
def test_a_wrong_row_is_named(column, row, value):
    links, _ = small(0)
    values = getattr(links, column).copy()
    values[row] = value
    with pytest.raises(InputError, match=rf"Links\.{column}, row {row}: is "):
        replace(links, **{column: values})


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_a_wrong_demand_is_named(value):
    links, demand = small(0)
    demand[1, 2] = value
    with pytest.raises(InputError, match="demand, row 1, column 2: is "):
        equilibrium(links, demand)
    with pytest.raises(InputError, match=r"demand: has shape \(2, 3\)"):
        equilibrium(links, np.zeros((2, 3)))
    with pytest.raises(InputError, match="preload, row 0: is "):
        equilibrium(links, np.zeros_like(demand), preload=np.full(len(links.tail), value))


def test_zones_without_a_way_are_counted_and_named():
    links, demand = small(0)
    demand[:] = 1.0
    inside = links.head != 3
    cut = {k: getattr(links, k)[inside] for k in ("tail", "head", "free_s", "capacity", "b", "power", "fixed_s")}
    with pytest.raises(InputError, match="4 pairs of zones have trips but no way, the first from zone 0 to 3"):
        equilibrium(replace(links, **cut), demand)


def test_a_start_on_other_links_is_refused():
    links, demand = small(0)
    with pytest.raises(InputError, match="start: is an equilibrium on other links"):
        equilibrium(*small(1), start=equilibrium(links, demand))


RULES = replace(
    grid_city(3).congestion,
    street_classes=np.array(["secondary", "residential"]),
    capacity=np.array([60.0, 25.0]),
    other_capacity=np.array(20.0),
    alpha=np.array(0.15),
    beta=np.array(4.0),
)


@pytest.fixture(scope="module")
def cars():
    """A small city, its streets as links and trips between its zones."""
    city = grid_city(6)
    zones = len(city.zones.id)
    trips = np.random.default_rng(0).uniform(0, 2, (zones, zones))
    return city, city_links(city.roads, RULES, city.zones.snap), trips


def test_without_cars_times_are_those_of_the_streets(cars):
    city, cars, trips = cars
    found = equilibrium(cars.links, 0 * trips)
    time_s, length_m = skim(city.roads, city.zones.snap, city.zones.snap, DRIVE)
    assert np.array_equal(np.rint(found.skim() * 1000), np.rint(time_s * 1000))
    mine = drive_skim(city.roads, cars, found, city.zones.snap, city.zones.snap)
    assert np.array_equal(mine[0], time_s) and np.array_equal(mine[1], length_m)
    assert np.array_equal(congested(city.roads, cars, found.time_s).time_ms, city.roads.time_ms)


def test_with_cars_the_streets_slow_down(cars):
    city, cars, trips = cars
    found = equilibrium(cars.links, trips, gap=1e-8)
    free, _ = skim(city.roads, city.zones.snap, city.zones.snap, DRIVE)
    slow, _ = drive_skim(city.roads, cars, found, city.zones.snap, city.zones.snap)
    away = ~np.eye(len(free), dtype=bool)
    assert (found.time_s >= cars.links.free_s).all()
    assert (slow >= free - 1e-3).all() and slow[away].mean() > 1.05 * free[away].mean()
    edges = np.bincount(cars.edge[cars.edge >= 0], found.time_s[cars.edge >= 0], len(city.roads.head))
    longest = edges.max()  # the pieces of an edge fill alike in neither; both ends may lie on one
    assert np.abs(slow - found.skim()).max() < 2 * longest
    assert np.median(np.abs(slow - found.skim())[away] / slow[away]) < 0.05


def test_cars_pass_places_of_zones_and_never_the_zones(cars):
    city, cars, trips = cars
    links, flow = cars.links, equilibrium(cars.links, trips).flow
    zones = np.arange(links.zones)
    away = trips * ~np.eye(len(trips), dtype=bool)
    assert np.bincount(links.tail, flow, links.nodes)[zones] == pytest.approx(away.sum(1))
    assert np.bincount(links.head, flow, links.nodes)[zones] == pytest.approx(away.sum(0))
    pieces = np.bincount(cars.edge[cars.edge >= 0], links.free_s[cars.edge >= 0], len(city.roads.head))
    open_ = city.roads.time_ms[DRIVE] >= 0
    assert np.rint(pieces[open_] * 1000) == pytest.approx(city.roads.time_ms[DRIVE][open_])


def test_times_beyond_counting_are_refused(cars):
    city, cars, trips = cars
    found = equilibrium(cars.links, 300 * trips, gap=0.5)
    with pytest.raises(InputError, match=r"time_s: cars take \S+ s along a segment of way/"):
        congested(city.roads, cars, found.time_s * 1e4)


def test_points_at_one_spot_and_at_the_ends_of_streets():
    city = grid_city(4)
    snap = city.zones.snap
    points = replace(
        snap, segment=np.tile(np.array([0, 0, 0, 0, 3, 3], np.int32), (4, 1)), off_m=np.zeros((4, 6)),
        along=np.tile(np.array([0.5, 0.5, 0.0, 1.0, 1.0, 0.25]), (4, 1)),
    )  # fmt: skip
    cars = city_links(city.roads, RULES, points)
    found = equilibrium(cars.links, np.zeros((6, 6)))
    time_s, _ = skim(city.roads, points, points, DRIVE)
    assert np.array_equal(np.rint(found.skim() * 1000), np.rint(time_s * 1000))


def test_the_parameters_are_sound():
    file = Path(__file__).parents[2] / "data" / "parameters" / "congestion.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    classes = np.array(tables.pop("street_classes")["value"])
    numbers = {name: np.array(table["value"], float) for name, table in tables.items()}
    CongestionRules(street_classes=classes, **numbers)
