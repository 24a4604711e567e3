"""Feeder loops: drivable, kept promises, the best choice among the candidates, and plain words where there are none."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from network import InputError, RemoveLine, Scenario, grid_city, simulate, travel_times
from network.io import Parameters, build_city, read_spec
from network.street_graph import StreetGraph
from network.units import DRIVE
from optimise.kerbs import Exclusions
from optimise.loop_candidates import candidates
from optimise.loop_problem import loop_problem
from optimise.loop_streets import loop_streets
from optimise.loops import LOOPS_UNTIL, choose_loops, propose_loops

NOWHERE = Exclusions()


def with_rules(city, **rules):
    given = {name: np.array(v if name == "street_classes" else float(v)) for name, v in rules.items()}
    return replace(city, transit=replace(city.transit, loop_rules=replace(city.transit.loop_rules, **given)))


def quiet_city(n, **rules):
    """A grid with a metro along the middle and a bus along its southern edge alone."""
    city = grid_city(n)
    names = list(dict.fromkeys(city.transit.line_name.tolist()))
    city = Scenario(edits=tuple(RemoveLine(line=name) for name in names[1:-1])).apply(city)
    return with_rules(city, **rules)


def one_ways(city, seed, share=0.4):
    """The city with more streets that cars may use one way only, some not at all."""
    rng, roads = np.random.default_rng(seed), city.roads
    time_ms = roads.time_ms.copy()
    for there, back in roads.edges[rng.random(len(roads.edges)) < share]:
        shut = [[there], [back], [there, back]][rng.choice(3, p=[0.45, 0.45, 0.1])]
        time_ms[DRIVE, shut] = -1
    return replace(city, roads=replace(roads, time_ms=time_ms))


@cache
def day_of(n):
    city = quiet_city(n)
    travel = travel_times(city)
    return travel, simulate(city, travel)


def proposed(n, rules=None, **asked):
    travel, base = day_of(n)
    return propose_loops(quiet_city(n, **(rules or {})), travel=travel, base=base, **asked)


def found(city, travel, **rules):
    """The problem of a city and its candidates."""
    city = with_rules(city, **rules)
    problem = loop_problem(city, travel.coverage, area=None, starts=(), radius_m=300.0, exclusions=NOWHERE)
    return city, problem, candidates(problem.search, LOOPS_UNTIL.start(), 0, lambda: None)


def around(city, loop, problem):
    """Length of a loop in metres, walked along its directed edges; fails where it cannot be."""
    roads = city.roads
    edges = problem.search.streets.edge[list(loop.streets)].tolist()
    for here, there in zip(edges, [*edges[1:], edges[0]], strict=True):
        assert roads.time_ms[DRIVE, here] >= 0, "against a one-way street"
        assert roads.segment[here] != roads.segment[there], "turned on the way"
        assert roads.head[here] == roads.tail[there], "jumped"
    assert len(set(edges)) == len(edges)
    return sum(float(roads.length_m[roads.segment[e]]) for e in edges)


@pytest.mark.parametrize("seed", range(3))
def test_every_candidate_can_be_driven_in_time_and_comes_back_to_its_station(seed):
    city = one_ways(quiet_city(9), seed)
    city, problem, loops = found(city, day_of(9)[0], longest_min=20, headway_min=8)
    assert len(loops) > 3
    spots, stations = problem.search.places, city.transit.stations
    for loop in loops:
        length_m = around(city, loop, problem)
        cycle_min = length_m / 12_000 * 60
        assert cycle_min <= 20 + 1e-6
        assert loop.vehicles == max(1, int(np.ceil(np.ceil(cycle_min * 60 - 1e-6) / 480 - 1e-9)))
        start = problem.starts[loop.terminal.start]
        door = stations.entrance_lonlat[start.doors]
        assert metres(door, spots.lonlat[loop.terminal.place]).min() <= 150
        assert spots.segment[loop.terminal.place] == problem.search.segment[loop.streets[0]]
        passed = set(problem.search.segment[list(loop.streets)].tolist())
        assert {int(spots.segment[p]) for p in loop.stops} <= passed
        covered = problem.search.covers[[loop.terminal.place, *loop.stops]].any(axis=0)
        assert loop.rows == frozenset(np.flatnonzero(covered).tolist())


def metres(points, point):
    scale = np.radians(6_371_008.8) * np.array([np.cos(np.radians(31.3)), 1.0])
    return np.hypot(*((points - point) * scale).T)


def test_turns_that_are_not_allowed_are_not_taken():
    city, travel = quiet_city(7), day_of(7)[0]
    _, problem, loops = found(city, travel)
    edges = problem.search.streets.edge
    a, b = next((edges[x], edges[y]) for loop in loops for x, y in itertools.pairwise(loop.streets))
    roads = without_turn(city.roads, int(a), int(b))
    before, after = ways_on(city), ways_on(replace(city, roads=roads))
    (lost,) = before - after
    assert not after - before
    assert lost == (*ends(city.roads, a), *ends(city.roads, b))


def ways_on(city):
    """Each way from street to street that a loop may take, told by where they begin and end."""
    streets = loop_streets(city, NOWHERE)
    pairs = zip(*streets.onward.nonzero(), strict=True)
    return {(*ends(city.roads, streets.edge[x]), *ends(city.roads, streets.edge[y])) for x, y in pairs}


def ends(roads, edge):
    return tuple(roads.lonlat[roads.tail[edge]].tolist()), tuple(roads.lonlat[roads.head[edge]].tolist())


def without_turn(roads, come, go):
    """The streets with every turn of one crossing told one by one, all allowed but from one edge onto another."""
    graph = StreetGraph.of(roads)
    node = int(roads.head[come])
    arms = [(end, row, s) for end in (graph.head, graph.tail) for row, s in zip(*np.nonzero(end == node), strict=True)]
    count = len(arms)
    new = len(graph.lonlat) + np.arange(count)
    graph.lonlat = np.vstack([graph.lonlat, np.repeat(graph.lonlat[[node]], count, axis=0)])
    into, out = [], []
    for k, (end, row, s) in enumerate(arms):
        end[row, s] = new[k]
        (into if end is graph.head else out).append((int(roads.edges[s, row]), int(new[k])))
    turns = [(x, y) for e, x in into for f, y in out if (e, f) != (come, go)]
    graph.turn_tail, graph.turn_head = np.array(turns).T
    graph.turn_ms = np.zeros((4, len(turns)), graph.time_ms.dtype)
    return graph.roads()


@pytest.mark.parametrize(("seed", "vehicles"), [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 2)])
def test_no_choice_among_the_candidates_covers_more(seed, vehicles):
    city = one_ways(quiet_city(9), 10 + seed)
    city, problem, loops = found(city, day_of(9)[0], longest_min=16, headway_min=10, most_shared=0.2)
    loops = loops[:: max(1, len(loops) // 14)]
    assert len(loops) >= 5
    run = LOOPS_UNTIL.start()
    answer = choose_loops(city, problem, loops, fleet=(vehicles, None), run=run, seed=0, progress=None)
    assert answer.status == "optimal"
    assert answer.objective == answer.bound == best_by_trying(problem, loops, vehicles, 0.2)


def best_by_trying(problem, loops, vehicles, most_shared):
    length = problem.search.streets.length_mm
    best = 0
    for size in range(1, vehicles + 1):
        for some in itertools.combinations(loops, size):
            if sum(loop.vehicles for loop in some) > vehicles:
                continue
            apart = all(
                length[sorted(set(x.streets) & set(y.streets))].sum() <= most_shared * min(x.length_mm, y.length_mm)
                for x, y in itertools.combinations(some, 2)
            )
            rows = sorted(frozenset().union(*(loop.rows for loop in some)))
            if apart:
                best = max(best, int(problem.search.weight[rows].sum()))
    return best


def test_promises_are_kept_and_a_larger_fleet_does_no_worse():
    values = []
    for vehicles in range(3):
        proposal = proposed(7, vehicles=vehicles)
        plan = proposal.plan
        values.append(plan.value)
        assert plan.status == "optimal" and plan.vehicles <= vehicles and plan.bound == plan.value == plan.people
        assert plan.cost_cny == plan.vehicle_hours * 100 == plan.vehicles * 16 * 100
        assert "replay" in plan.verified
        near = proposal.changed.coverage.zone_walk_m <= 300
        new = near & (proposal.base.coverage.zone_walk_m > 300)
        zones = quiet_city(7).zones
        assert set(zones.id[new]) == {zone for line in plan.loops for zone in line.zones}
        assert plan.people == round(float((zones.residents + zones.jobs)[new].sum()))
    assert values == sorted(values) and values[0] == 0 < values[1] < values[2]
    assert plan.green_trips > 0 and plan.gains["transit_trip_share"] > 0


def test_the_plan_tells_streets_stops_and_times():
    city = quiet_city(9)
    plan = proposed(9, vehicles=2).plan
    for line in plan.loops:
        assert line.stops[0] == line.stops[-1] and len(line.stops) > 2
        assert line.cycle_min <= 30 and line.headway_min == line.cycle_min / line.vehicles <= 15
        assert line.lonlat[0] == line.lonlat[-1]
        drawn = np.array(line.lonlat)
        steps = np.hypot(*((drawn[1:] - drawn[:-1]) * metres_per_degree()).T)
        assert steps.sum() == pytest.approx(line.length_m, rel=2e-3)
        assert sum(s.length_m for s in line.streets) == pytest.approx(line.length_m)
        assert {way for s in line.streets for way in s.ways} <= set(city.roads.way_id.tolist())
    after = plan.as_scenario().apply(city).transit
    lines = np.flatnonzero(np.isin(after.line_id, [line.line for line in plan.loops]))
    for at, line in zip(lines, plan.loops, strict=True):
        arrive_s, depart_s = after.timetable.times(int(np.flatnonzero(after.timetable.pattern_line == at)[0]))
        assert (arrive_s[:, -1] - depart_s[:, 0] == round(line.cycle_min * 60)).all()
        assert np.abs(np.diff(depart_s[:, 0]) - line.headway_min * 60).max() <= 1
    assert json.loads(json.dumps(plan.to_dict()))["kind"] == "loops"


def metres_per_degree():
    return np.radians(6_371_008.8) * np.array([np.cos(np.radians(31.3)), 1.0])


def test_same_seed_same_bytes():
    once, again = (json.dumps(proposed(7, vehicles=2, seed=3).plan.to_dict()) for _ in range(2))
    assert once == again


def test_limits_by_hours_area_starts_and_streets():
    city = quiet_city(9)
    hours = proposed(9, vehicle_hours=31.9).plan
    assert hours.vehicles == 1 and hours.vehicle_hours == 16.0
    west = proposed(9, vehicles=3, area="west").plan
    zones = dict(zip(city.zones.id.tolist(), city.zones.area.tolist(), strict=True))
    assert west.loops and {zones[z] for line in west.loops for z in line.zones} == {"west"}
    one = proposed(9, vehicles=3, starts=("Station 2",)).plan
    assert {line.start for line in one.loops} == {"station/2"}
    stop = proposed(9, vehicles=1, starts=("stop/4",), rules={"longest_min": 25}).plan
    assert {line.stops[0].stop for line in stop.loops} <= {"stop/4"}
    shut = one.loops[0].streets[1].ways[0]
    other = proposed(9, vehicles=3, exclusions=Exclusions(streets=(shut,))).plan
    assert other.loops and shut not in {way for line in other.loops for s in line.streets for way in s.ways}


def test_why_there_is_no_loop():
    near = proposed(9, vehicles=2, radius_m=950).plan
    assert (near.status, near.value, near.loops) == ("optimal", 0, ())
    assert near.reasons == ("everybody in Grid 9 x 9 has a stop within 950 m on foot",)
    narrow = proposed(9, vehicles=2, rules={"street_classes": ["primary"]})
    assert narrow.plan.status == "infeasible" and narrow.changed is narrow.base
    assert "no street that a small bus may use" in narrow.plan.reasons[0] and "Station 0" in narrow.plan.reasons[0]
    short = proposed(9, vehicles=2, rules={"longest_min": 1})
    assert short.plan.status == "infeasible" and "at most 1 min at 12 km/h" in short.plan.reasons[-1]


def test_every_mistake_is_named_at_once():
    with pytest.raises(InputError) as error:
        proposed(7, area="wset", radius_m=-1.0, seed=-1)
    assert [p.where for p in error.value.problems] == ["vehicles", "area", "radius_m", "seed"]
    assert "west" in error.value.problems[1].hint
    with pytest.raises(InputError, match=r"no station or stop is called 'Sation 2'.*Station 2"):
        proposed(7, vehicles=1, starts=("Sation 2",))
    with pytest.raises(InputError, match="no street has the id or name"):
        proposed(7, vehicles=1, exclusions=Exclusions(streets=("nowhere",)))


@pytest.mark.slow
def test_on_the_old_town(shared):
    data = Path(__file__).parents[2] / "data"
    spec = read_spec(data, "gusu")
    city, _ = build_city(spec, Parameters.load(data, spec.parameters), inputs=shared / "data" / "suzhou")
    proposal = propose_loops(city, vehicles=6, area="姑苏古城")
    plan = proposal.plan
    assert plan.status == "optimal" and plan.vehicles <= 6
    assert 60_000 < plan.value <= plan.within_reach <= plan.without_stop < 110_000
    chosen = [loop for loop, on in zip(proposal.loops, proposal.incumbent.values, strict=True) if on]
    for loop, line in zip(chosen, plan.loops, strict=True):
        assert around(city, loop, proposal.problem) == pytest.approx(line.length_m)
        assert line.cycle_min <= 30
    for metric in ("residents_near_stop_300_share", "jobs_near_stop_300_share"):
        assert proposal.changed.metrics[metric] > proposal.base.metrics[metric] + 0.05
    assert plan.gains["transit_trip_share"] > 0
