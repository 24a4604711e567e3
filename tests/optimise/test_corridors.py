"""Corridors: published optima, every choice of stations by driving the trips, winter, energy, bad input by row."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from corridor_cases import CARS, RULES, flow, line, node

from optimise import (
    CorridorLink,
    CorridorVehicle,
    Work,
    corridor_of,
    propose_corridor,
)
from optimise.corridor_choice import Task
from optimise.corridor_trips import plugs_for, trips_at
from optimise.corridor_verify import corridor_problems


def small(seed):
    """A ring with a chord, 4 to 7 nodes, stations at some, flows between some."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 8))
    names = [f"n{i}" for i in range(count)]
    kinds = [str(rng.choice(["city", "service_area", "service_area", "junction"])) for _ in names]
    kinds[0], kinds[1] = "city", "service_area"
    there = [int(rng.integers(1, 4)) if rng.random() < 0.15 else 0 for _ in names]
    powers = [float(rng.integers(0, 2000)) if rng.random() < 0.3 else None for _ in names]
    opening = [float(rng.integers(0, 900)) if rng.random() < 0.3 else None for _ in names]
    nodes = [
        node(n, k, plugs=p, grid_kw=kw, open_cny=o)
        for n, k, p, kw, o in zip(names, kinds, there, powers, opening, strict=True)
    ]
    ends = [*pairwise([*names, names[0]]), tuple(rng.choice(names, 2, replace=False).tolist())]
    links = [CorridorLink(start=a, end=b, length_km=float(rng.integers(20, 160))) for a, b in ends]
    pairs = list(combinations(names, 2))
    some = rng.permutation(len(pairs))[: int(rng.integers(2, 8))]
    flows = [flow(*pairs[i], float(rng.integers(1, 400))) for i in some]
    return corridor_of(nodes, links, flows, CARS, rules=RULES)


def drives(at_km, stations, reach_km):
    """Ten round trips from half a battery; a station at least, and no trip that runs dry. And what is taken up where
    [km of driving a trip] once the trips repeat."""
    if not stations:
        return False, {}
    tank, taken, there = reach_km / 2, {}, [*range(len(at_km)), *range(len(at_km) - 2, -1, -1)]
    for trip in range(10):
        for here, after in pairwise(there):
            if here in stations:
                if trip:
                    taken[here] = taken.get(here, 0.0) + (reach_km - tank) / 9
                tank = reach_km
            tank -= abs(at_km[after] - at_km[here])
            if tank < -1e-9 * reach_km:
                return False, {}
    return True, taken


def late(load, servers, wait):
    """Erlang C as a sum, and the share that waits longer."""
    if load >= servers:
        return 1.0
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    waiting = last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)
    return waiting * math.exp(-(servers - load) * wait)


def plugs_by_hand(kwh):
    rate = kwh / RULES.session_kwh * RULES.peak_share
    if rate <= 0:
        return 0
    load, wait = rate * RULES.service_h, RULES.wait_h / RULES.service_h
    return next(n for n in range(RULES.least_plugs, 999) if late(load, n, wait) <= RULES.wait_share)


def day_by_hand(corridor, open_, needs):
    """Vehicles that get through, and energy by station."""
    through, kwh = 0.0, np.zeros(len(corridor.nodes))
    for q, row in enumerate(corridor.flows):
        way, at_km = corridor.way(q)
        for car in corridor.vehicles:
            reach, count = car.range_km * RULES.usable_share / needs, row.vehicles_per_day * car.share
            if 2 * at_km[-1] <= reach / 2:
                through += count
                continue
            goes, taken = drives(at_km.tolist(), {i for i, n in enumerate(way.tolist()) if n in open_}, reach)
            if goes:
                through += count
                home = reach / 2 / (2 * at_km[-1])
                for i, km in taken.items():
                    kwh[way[i]] += count * km * (1 - home) * car.kwh_per_km * needs
    return through, kwh


def truth(corridor, sites, budget):
    """The most that get through on a cold day with any set of stations that keeps the limits."""
    there = {i for i, n in enumerate(corridor.nodes) if n.plugs}
    free = [i for i, n in enumerate(corridor.nodes) if n.kind == "service_area" and i not in there]
    days = RULES.needs(RULES.winter_c), 1.0

    def plugs(open_):
        kwh = np.max([day_by_hand(corridor, open_, needs)[1] for needs in days], axis=0)
        return [plugs_by_hand(x) for x in kwh]

    def power(n, count):
        known = corridor.nodes[n].grid_kw
        return 0.0 if known is None else max(0.0, count * RULES.drawn_kw - known)

    before = [max(corridor.nodes[i].plugs, p) if i in there else 0 for i, p in enumerate(plugs(there))]
    best = 0.0
    for size in range(len(free) + 1):
        for new in combinations(free, size):
            if sites is not None and size > sites:
                continue
            cost = 0.0
            for i, p in enumerate(plugs(there | set(new))):
                opening = RULES.open_cny if corridor.nodes[i].open_cny is None else corridor.nodes[i].open_cny
                cost += opening * (i in new) + RULES.plug_cny * max(0, p - before[i])
                cost += RULES.grid_cny_per_kw * max(0.0, power(i, p) - power(i, before[i]))
            if budget is None or cost <= budget:
                best = max(best, day_by_hand(corridor, there | set(new), days[0])[0])
    return best


@pytest.mark.parametrize("seed", range(40))
def test_small_corridors_against_every_choice_of_stations(seed):
    corridor = small(seed)
    free = sum(n.kind == "service_area" and not n.plugs for n in corridor.nodes)
    sites = None if seed % 2 else min(free, 1 + seed % 3)
    budget = float([900, 2000, 4000, 9000][seed % 4]) if seed % 2 or seed % 3 == 0 else None
    plan = propose_corridor(corridor, RULES, sites=sites, budget_cny=budget)
    assert plan.value == pytest.approx(truth(corridor, sites, budget), rel=1e-9)
    assert plan.status == "optimal"
    assert plan.gap == 0
    new = [s for s in plan.stations if not s.existing_plugs]
    assert sites is None or len(new) <= sites
    assert budget is None or plan.cost_cny <= budget
    open_ = {i for i, n in enumerate(corridor.nodes) if n.id in {s.id for s in plan.stations}}
    by_hand = [day_by_hand(corridor, open_, RULES.needs(c)) for c in (RULES.winter_c, RULES.comfort_c)]
    assert plan.value == pytest.approx(by_hand[0][0], rel=1e-9)
    kwh = np.max([kwh for _, kwh in by_hand], axis=0)
    for station in plan.stations:
        at = next(i for i, n in enumerate(corridor.nodes) if n.id == station.id)
        assert station.kwh_per_day == pytest.approx(kwh[at], abs=1e-6)
        assert station.plugs == max(plugs_by_hand(kwh[at]), station.existing_plugs)
        left = day_by_hand(corridor, open_ - {at}, RULES.needs(RULES.winter_c))[0]
        assert station.lost_per_day == pytest.approx(plan.value - left, abs=1e-6)
        if not station.existing_plugs and budget is None:
            others = [i for i, n in enumerate(corridor.nodes) if n.kind == "service_area" and i not in open_]
            swapped = [day_by_hand(corridor, open_ - {at} | {i}, RULES.needs(RULES.winter_c))[0] for i in others]
            assert station.best_instead_per_day == pytest.approx(max([left, *swapped]), rel=1e-9)
            assert (station.instead is None) == (max([left, *swapped]) <= left + 1e-9)


@pytest.mark.parametrize("seed", range(40, 60))
def test_winter_gets_no_more_through_than_mild_days_do(seed):
    """With one station; with money a plan for mild days may have more stations, as they need fewer plugs then."""
    corridor, cold, mild = small(seed), RULES.winter_c, RULES.comfort_c
    free = sum(n.kind == "service_area" and not n.plugs for n in corridor.nodes)
    plan = propose_corridor(corridor, RULES, sites=min(free, 1))
    through = {(c.plan, c.temperature_c): c.vehicles_per_day for c in plan.cases}
    for made_for in ("winter", "mild"):
        assert through[made_for, cold] <= through[made_for, mild] + 1e-9
    assert through["winter", cold] >= through["mild", cold] - 1e-9
    assert through["mild", mild] >= through["winter", mild] - 1e-9
    values = [propose_corridor(corridor, RULES, budget_cny=3000.0, temperature_c=c).value for c in (-20.0, 0.0, 30.0)]
    assert values == sorted(values)


def test_stations_give_all_the_energy_that_home_does_not():
    corridor = small(3)
    trips = trips_at(corridor, RULES, -5.0)
    open_ = np.array([n.kind == "service_area" for n in corridor.nodes])
    met = trips.met(open_) & ~trips.alone
    length = np.array([corridor.way(int(q))[1][-1] for q in trips.flow])
    used = trips.count * trips.kwh_per_km * (2 * length - trips.reach_km / 2)
    assert met.any()
    assert trips.day(open_)[1].sum() == pytest.approx(used[met].sum())
    assert (trips.day(open_)[1] <= trips.most_kwh() + 1e-9).all()


@pytest.mark.parametrize("seed", range(60, 80))
def test_the_table_of_ways_says_what_each_trip_driven_by_itself_does(seed):
    corridor, rng = small(seed), np.random.default_rng(seed)
    trips = trips_at(corridor, RULES, float(rng.integers(-10, 25)))
    for share in (0.0, 0.3, 0.7, 1.0):
        open_ = rng.random(len(corridor.nodes)) < share
        through, kwh = trips.day(open_)
        by_itself = trips.driven(open_)
        assert through == pytest.approx(by_itself[0])
        assert kwh == pytest.approx(by_itself[1], abs=1e-6)


def bought(seed, budget):
    """A task with money, its best choice on a cold day, and the days."""
    corridor = small(seed)
    there = np.array([n.plugs > 0 for n in corridor.nodes])
    may = there | np.array([n.kind == "service_area" for n in corridor.nodes])
    days = [trips_at(corridor, RULES, c) for c in (RULES.winter_c, RULES.comfort_c)]
    task = Task(
        corridor=corridor, rules=RULES, site=np.flatnonzero(may), there=there, sites=None, budget_cny=budget,
        days=days, seed=0,
    )  # fmt: skip
    return task, task.best(days[0], days, Work(10)), days


def test_what_is_not_true_of_stations_is_found():
    task, choice, days = bought(3, 4000.0)
    assert corridor_problems(task, choice, days[0], days) == []
    assert (choice.open & ~task.there).any()
    lies = {
        "get through": replace(choice, value=choice.value + 1, bound=choice.bound + 1),
        "below the value": replace(choice, bound=choice.value - 1),
        "another energy": replace(choice, kwh=choice.kwh * 1.1),
        "CNY, ": replace(choice, cost_cny=choice.cost_cny * 0.9),
    }
    for words, lie in lies.items():
        assert any(words in wrong for wrong in corridor_problems(task, lie, days[0], days)), words
    poorer = replace(task, budget_cny=0.5 * choice.cost_cny.sum())
    assert any("may be spent" in wrong for wrong in corridor_problems(poorer, choice, days[0], days))
    assert any("0 may be" in wrong for wrong in corridor_problems(replace(task, sites=0), choice, days[0], days))
    closed = replace(task, site=task.site[:0])
    assert any("none may" in wrong for wrong in corridor_problems(closed, choice, days[0], days))


def test_a_search_alone_comes_near_the_model():
    """Without a model to finish it, and never above what may be spent."""
    found = best = 0.0
    for seed in range(1, 40, 2):
        task, choice, days = bought(seed, float([900, 2000, 4000, 9000][seed % 4]))
        search = task._search(days[0], days, Work(10).start())
        search.search(task.there)
        assert search.best_cny <= task.budget_cny
        assert search.best_worth <= choice.value + 1e-6
        found, best = found + search.best_worth, best + choice.value
    assert found >= 0.97 * best


def test_the_cold_takes_range_by_the_factor_of_the_parameters():
    corridor = corridor_of(*line(60, 60), [flow("west", "east")], CARS, rules=RULES)
    mild, cold = (trips_at(corridor, RULES, c) for c in (20.0, -5.0))
    assert mild.reach_km.tolist() == [195.0, 360.0]
    assert cold.reach_km * 1.25 == pytest.approx(mild.reach_km)
    assert cold.kwh_per_km == pytest.approx(mild.kwh_per_km * 1.25)
    assert trips_at(corridor, RULES, 30.0).reach_km.tolist() == mild.reach_km.tolist()


def test_where_a_battery_is_empty_is_said_by_its_arc():
    """A car of 195 km: stations at 90 of 300 km leave 420 km to the far end and back, empty on the last link out."""
    cars = [replace(CARS[0], share=1.0)]
    nodes, links = line(90, 60, 150, s1={"plugs": 4})
    corridor = corridor_of(nodes, links, [flow("west", "east"), flow("east", "west")], cars, rules=RULES)
    plan = propose_corridor(corridor, RULES, sites=0, temperature_c=20.0)
    there, back = plan.trips
    assert (there.state, there.stretch_km, there.dry_from, there.dry_to) == ("not_served", 420.0, "s2", "east")
    assert not there.possible
    assert "420 km without a station; a battery of 195 km is empty between s2 and east" in there.reason
    assert "no choice among the sites there are would do" in there.reason
    assert (back.dry_from, back.dry_to, back.stretch_km) == ("s2", "east", 420.0)  # on the way home
    none = propose_corridor(corridor_of(*line(90, 60, 150), [flow("west", "east")], cars, rules=RULES), RULES, sites=0)
    assert "no station on the way; half a battery, 78 km, is empty between west and s1" in none.trips[0].reason


def test_a_short_trip_needs_no_station_unless_it_is_asked_for():
    corridor = corridor_of(*line(15, 20), [flow("west", "east")], CARS, rules=RULES)
    plan = propose_corridor(corridor, RULES, sites=1)
    assert (plan.value, plan.stations) == (100.0, ())
    assert {t.state for t in plan.trips} == {"home"}
    every = propose_corridor(corridor, RULES, sites=1, every_trip=True)
    assert [s.id for s in every.stations] == ["s1"]
    assert every.stations[0].kwh_per_day == pytest.approx(70 * 1.25 * 100 * (0.4 * 0.14 + 0.6 * 0.17))


def test_power_that_is_not_there_is_named_and_paid():
    nodes, links = line(100, 100, s1={"grid_kw": 240.0})
    corridor = corridor_of(nodes, links, [flow("west", "east", 900.0)], CARS, rules=RULES)
    plan = propose_corridor(corridor, RULES, sites=1)
    (station,) = plan.stations
    assert station.lacking_kw == station.plugs * 120.0 - 240.0 > 0
    assert station.cost_cny == 500.0 + 100.0 * station.plugs + station.lacking_kw
    assert any("more than the 240 kW there" in reason for reason in plan.reasons)


def test_a_plan_for_winter_may_be_another():
    """On mild days the far car needs one station in the middle, in the cold two."""
    cars = [CorridorVehicle(segment="car", share=1.0, range_km=400.0, kwh_per_km=0.15)]
    corridor = corridor_of(*line(70, 70, 70, 70), [flow("west", "east")], cars, rules=RULES)
    plan = propose_corridor(corridor, RULES, sites=2)
    assert [s.id for s in plan.stations] == ["s1", "s3"]
    assert (plan.added_by_winter, plan.dropped_by_winter) == (("s1", "s3"), ("s2",))
    assert [c.vehicles_per_day for c in plan.cases] == [100.0, 100.0, 0.0, 100.0]


def test_a_budget_that_buys_nothing_is_said():
    corridor = corridor_of(*line(100, 100), [flow("west", "east")], CARS, rules=RULES)
    plan = propose_corridor(corridor, RULES, budget_cny=100.0)
    assert plan.stations == ()
    assert plan.reasons == ("100 CNY buy no station: the cheapest costs 700 CNY",)


def test_more_plugs_in_one_place_are_fewer_than_in_ten():
    kwh = np.array([20_000.0, 2_000.0])
    one, tenth = plugs_for(kwh, RULES).tolist()
    assert one < 0.7 * 10 * tenth


def test_same_seed_same_bytes_and_a_run_cut_short_is_honest():
    corridor = small(7)
    plans = [propose_corridor(corridor, RULES, budget_cny=4000.0, seed=3).to_dict() for _ in range(2)]
    assert repr(plans[0]) == repr(plans[1])
    short = propose_corridor(corridor, RULES, budget_cny=4000.0, stop=Work(0))
    assert short.value <= plans[0]["value"] <= short.bound
    assert short.cost_cny <= 4000.0


@pytest.fixture(scope="module")
def classic(shared):
    """The 25 nodes of Simchi-Levi & Berman with flows by gravity, every node a site; range -> corridor."""
    folder, weight = shared / "bench" / "frlm" / "25NODE", {}
    for text in (folder / "NODES.txt").read_text(encoding="utf-8").splitlines():
        if text.strip():
            weight[text.split()[0]] = float(text.split()[1])
    arcs = [text.split() for text in (folder / "ARCS.txt").read_text(encoding="utf-8").splitlines() if text.strip()]
    links = [CorridorLink(start=i, end=j, length_km=float(km)) for _, km, i, j in arcs]
    nodes, pairs = [node(name, "city") for name in weight], list(combinations(weight, 2))

    def at(range_km):
        cars = [CorridorVehicle(segment="car", share=1.0, range_km=range_km, kwh_per_km=0.15)]
        rules = replace(RULES, usable_share=1.0)
        plain = corridor_of(nodes, links, [flow(i, j) for i, j in pairs], cars, rules=rules)
        far = [plain.way(q)[1][-1] for q in range(len(pairs))]
        flows = [flow(i, j, weight[i] * weight[j] / km**1.5) for (i, j), km in zip(pairs, far, strict=True)]
        return corridor_of(nodes, links, flows, cars, rules=rules), rules

    return at


@pytest.mark.parametrize("range_km", [4, 8, 12], ids=["R4", "R8", "R12"])
def test_published_values(shared, classic, range_km):
    corridor, rules = classic(float(range_km))
    with (shared / "bench" / "frlm" / "basic_frlm_25node_local_proven.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if int(r["range"]) == range_km and int(r["p"]) in {2, 5}]
    assert len(rows) == 2
    for row in rows:
        asked = {"sites": int(row["p"]), "kinds": ("city",), "every_trip": True, "temperature_c": 20.0}
        plan = propose_corridor(corridor, rules, **asked)
        assert (plan.status, plan.value) == ("optimal", pytest.approx(float(row["flow"]), abs=1e-3))
