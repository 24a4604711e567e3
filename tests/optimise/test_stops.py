"""The cheapest stops to add or move: minimal, kept promises, and plain words where there are none."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stop_worlds import both_ways, city_with, degrees, drawn

from network import AddStop, InputError, MoveStop, Scenario, simulate, travel_times
from network.io import Parameters, build_city, read_spec
from network.travel.coverage import coverage_of
from network.units import BUS, METRO
from optimise import STOP_TARGETS, Exclusions, Target, Work, propose_stops
from optimise.stop_cover import ENTRANCE, STATION, stop_cover
from optimise.stops import solve_cover

EVERYWHERE = Exclusions()


def wants(**shares):
    names = {"entrances": ENTRANCE, "stations": STATION}
    return tuple(Target(metric=names[k], op="at_least", value=v) for k, v in shares.items())


def street(length=1000.0, **rules):
    """One street, a bus along it, a stop at either end, and two entrances far from them."""
    roads = drawn([((0.0, 0.0), (length, 0.0))])
    lines = [*both_ways("bus", 0, 1), ("metro", METRO, [2, 3])]
    stops = [(0.0, 0.0), (length, 0.0), (400.0, 0.0), (560.0, 0.0)]
    return city_with(roads, stops, lines, [("A", (400.0, 0.0), 2), ("B", (560.0, 0.0), 3)], **rules)


def test_one_stop_between_two_entrances_serves_both():
    proposal = propose_stops(street())
    (place,) = proposal.plan.places
    assert proposal.plan.status == "optimal"
    assert (place.action, place.cost_cny, proposal.plan.cost_cny) == ("add", 100_000.0, 100_000.0)
    assert place.covers == ("id-A", "id-B", "door/0", "door/1")
    assert place.lines == ("line/0", "line/1"), "both directions of the bus pass there"
    assert proposal.plan.promised == {STATION: 1.0, ENTRANCE: 1.0}
    assert all(v.met for v in proposal.verdicts)
    assert proposal.changed.metrics["rail_entrance_bus_both_ways_share"] == 1.0


def test_a_stop_is_moved_where_that_is_cheaper_and_nobody_loses_one():
    roads = drawn([((0.0, 0.0), (1000.0, 0.0))])
    stops = [(0.0, 0.0), (300.0, 0.0), (1000.0, 0.0), (500.0, 0.0), (210.0, 0.0)]
    lines = [*both_ways("bus", 0, 1, 2), ("metro", METRO, [3, 4])]
    alone = city_with(roads, stops, lines, [("A", (500.0, 0.0), 3)])
    (moved,) = propose_stops(alone, targets=wants(entrances=1.0)).plan.places
    assert (moved.action, moved.stop, moved.cost_cny) == ("move", "stop/1", 60_000.0)
    assert moved.lines == ("line/0", "line/1")
    (added,) = propose_stops(alone, targets=wants(entrances=1.0), moves=False).plan.places
    assert added.action == "add"
    needed = city_with(roads, stops, lines, [("A", (500.0, 0.0), 3), ("B", (210.0, 0.0), 4)])
    (place,) = propose_stops(needed, targets=wants(entrances=1.0)).plan.places
    assert place.action == "add", "the stop that serves B stays where it is"


def test_no_entrance_loses_the_way_back():
    roads = drawn([((0.0, 0.0), (1000.0, 0.0))])
    stops = [(0.0, 0.0), (200.0, 0.0), (1000.0, 0.0), (300.0, 0.0), (500.0, 0.0), (210.0, 0.0)]
    doors = [("A", (500.0, 0.0), 4), ("B", (210.0, 0.0), 5)]
    lines = [("bus", BUS, [0, 1, 2]), ("bus", BUS, [2, 3, 0]), ("metro", METRO, [4, 5])]
    proposal = propose_stops(city_with(roads, stops, lines, doors), targets=wants(entrances=1.0))
    (place,) = proposal.plan.places
    assert place.action == "add", "without stop/3 the bus would go only one way from B, which keeps stop/1"
    assert list(proposal.changed.coverage.entrance_both_ways) == [True, True]
    own = [("bus", BUS, [0, 1, 2]), ("other", BUS, [2, 3, 0]), ("metro", METRO, [4, 5])]
    (place,) = propose_stops(city_with(roads, stops, own, doors), targets=wants(entrances=1.0)).plan.places
    assert (place.action, place.stop) == ("move", "stop/3"), "either line has a single direction, one is enough"


@pytest.mark.parametrize("seed", range(12))
def test_entrances_keep_both_ways_in_random_towns(seed):
    city = block_city(seed)
    for relax in (False, True):
        found = propose_stops(city, relax=relax)
        before, after = (x.coverage.entrance_both_ways for x in (found.base, found.changed))
        assert not (before & ~after).any()


def test_a_stop_is_not_moved_off_the_way_of_a_line():
    roads = drawn([((0.0, 0.0), (400.0, 0.0)), ((400.0, 0.0), (1000.0, 0.0)), ((400.0, 0.0), (400.0, 600.0))])
    stops = [(0.0, 0.0), (370.0, 0.0), (1000.0, 0.0), (400.0, 600.0), (400.0, 180.0)]
    lines = [*both_ways("along", 0, 1, 2), *both_ways("aside", 0, 1, 3), ("metro", METRO, [4, 2])]
    city = city_with(roads, stops, lines, [("A", (400.0, 200.0), 4)], detour_m=100)
    (place,) = propose_stops(city, targets=wants(entrances=1.0)).plan.places
    assert (place.action, set(place.lines)) == ("add", {"line/2", "line/3"})
    (place,) = propose_stops(
        city_with(roads, stops, lines, [("A", (400.0, 200.0), 4)], detour_m=300), targets=wants(entrances=1.0)
    ).plan.places
    assert place.action == "move"


def test_without_a_line_within_the_detour_there_is_no_stop():
    roads = drawn([((0.0, 0.0), (500.0, 0.0)), ((500.0, 0.0), (1000.0, 0.0)), ((500.0, 0.0), (500.0, 600.0))])
    stops = [(0.0, 0.0), (1000.0, 0.0), (500.0, 600.0)]
    lines = [*both_ways("bus", 0, 1), ("metro", METRO, [2, 0])]
    city = city_with(roads, stops, lines, [("Far", (500.0, 600.0), 2)])
    proposal = propose_stops(city)
    assert proposal.plan.status == "infeasible"
    assert proposal.plan.places == ()
    assert proposal.changed is proposal.base
    first, second = proposal.plan.reasons
    assert (
        "at most 0 (0 %)" in first
        and "Far (id-Far: no bus line within a detour of" in first
        and "150 m on foot" in first
    )
    assert "Far (door/0: no bus line within a detour of" in second
    assert [v.note for v in proposal.verdicts] == [first, second]
    assert propose_stops(replace_rules(city, detour_m=1200)).plan.status == "optimal"


def replace_rules(city, **rules):
    changed = replace(city.transit.stop_rules, **{name: np.array(float(v)) for name, v in rules.items()})
    return replace(city, transit=replace(city.transit, stop_rules=changed))


def out_of_town():
    """Entrances A and B can have a stop, C lies on a service road."""
    roads = drawn([((0.0, 0.0), (1000.0, 0.0)), ((1000.0, 0.0), (1600.0, 0.0))], ["residential", "service"])
    lines = [*both_ways("bus", 0, 1), ("metro", METRO, [2, 3, 4])]
    stops = [(0.0, 0.0), (1000.0, 0.0), (300.0, 0.0), (600.0, 0.0), (1500.0, 0.0)]
    doors = [("A", (300.0, 0.0), 2), ("B", (600.0, 0.0), 3), ("C", (1500.0, 0.0), 4)]
    return city_with(roads, stops, lines, doors)


def test_what_cannot_be_reached_is_said_and_the_rest_can_be_had():
    city = out_of_town()
    strict = propose_stops(city, targets=wants(entrances=1.0))
    (reason,) = strict.plan.reasons
    assert "3 of 3 entrances are asked for, at most 2 (66.6 %)" in reason and reason.endswith("C (door/2: no place)")
    asked = propose_stops(city, targets=wants(entrances=0.666))
    loose = propose_stops(city, targets=wants(entrances=1.0), relax=True)
    assert [p.cost_cny for p in asked.plan.places] == [100_000.0] * 2 == [p.cost_cny for p in loose.plan.places]
    assert loose.plan.status == "optimal" and loose.plan.reasons == strict.plan.reasons
    (verdict,) = loose.verdicts
    assert not verdict.met and verdict.value == pytest.approx(2 / 3) and verdict.note == reason
    half = propose_stops(city, targets=wants(entrances=0.3))
    assert half.plan.cost_cny == 100_000.0


def test_streets_and_circles_can_be_ruled_out():
    city = street()
    assert propose_stops(city, exclusions=Exclusions(streets=("Street 0",))).plan.status == "infeasible"
    lon, lat = degrees((480.0, 0.0))[0].tolist()
    pair = propose_stops(city, exclusions=Exclusions(circles=((lon, lat, 25.0),)))
    assert len(pair.plan.places) == 2
    with pytest.raises(InputError, match=r"no street has the id or name 'Sreet 0'.*Street 0"):
        propose_stops(city, exclusions=Exclusions(streets=("Sreet 0",)))
    with pytest.raises(InputError) as raised:
        Exclusions(streets=tuple(f"Sreet {i}" for i in range(9))).closed(city)
    assert len(raised.value.problems) == 9, "all are named, and a few corrected: that takes long in a large city"
    assert all(p.hint for p in raised.value.problems)


def test_nothing_is_built_where_nothing_is_missing():
    city = street(entrance_m=600, station_m=600)
    proposal = propose_stops(city)
    assert (proposal.plan.status, proposal.plan.places, proposal.plan.cost_cny) == ("optimal", (), 0.0)
    assert proposal.changed is proposal.base
    bare = city_with(drawn([((0.0, 0.0), (1000.0, 0.0))]), [(0.0, 0.0), (900.0, 0.0)], both_ways("bus", 0, 1), [])
    assert propose_stops(bare).plan.promised == {STATION: None, ENTRANCE: None}


def test_other_targets_are_judged_and_do_not_bind():
    share = Target(metric="green_trip_share", op="at_least", value=1.0)
    proposal = propose_stops(street(), targets=[*STOP_TARGETS, share])
    assert [v.met for v in proposal.verdicts] == [True, True, False]
    assert proposal.plan.cost_cny == 100_000.0


def test_a_plan_replays_and_is_the_same_every_time():
    city = street()
    travel = travel_times(city)
    base = simulate(city, travel)
    first, again = (propose_stops(city, travel=travel, base=base) for _ in range(2))
    record = first.plan.to_dict()
    assert json.dumps(record) == json.dumps(again.plan.to_dict())
    assert record["kind"] == "stops"
    after = first.plan.as_scenario().apply(city)
    assert simulate(after).digest == first.changed.digest
    assert first.plan.places[0].stop not in city.transit.timetable.stop_id


def test_ids_of_new_stops_are_free():
    city = street()
    lon, lat = degrees((900.0, 0.0))[0].tolist()
    taken = Scenario(edits=(AddStop(id="new-stop/1", lon=lon, lat=lat),)).apply(city)
    assert [p.stop for p in propose_stops(taken).plan.places] == ["new-stop/2"]


def block_city(seed):
    """Some blocks of 200 m with buses along two streets and doors anywhere."""
    rng = np.random.default_rng(seed)
    x, y = range(0, 1000, 200), range(0, 400, 200)
    streets = [((float(a), float(b)), (float(a + 200), float(b))) for a in x for b in y]
    streets += [((float(a), 0.0), (float(a), 200.0)) for a in range(0, 1200, 200)]
    halts = [(0.0, 0.0), (1000.0, 0.0), (0.0, 200.0), (1000.0, 200.0)]
    some = [(float(a), float(b)) for a, b in zip(rng.uniform(100, 900, 2), rng.choice([0, 200], 2), strict=True)]
    low, high = ([4 + i for i, (_, b) in enumerate(some) if b == at] for at in (0.0, 200.0))
    low, high = (sorted(at, key=lambda i: some[i - 4][0]) for at in (low, high))
    lines = [*both_ways("low", 0, *low, 1), *both_ways("high", 2, *high, 3), ("metro", METRO, [0, 1])]
    doors = []
    for i in range(5):
        across = bool(rng.random() < 0.3)
        along = float(rng.uniform(0, 1000))
        point = (200.0 * round(along / 200), float(rng.uniform(0, 200))) if across else (along, float(rng.choice(y)))
        doors.append((f"S{i // 2}", point, None))
    return city_with(drawn(streets), [*halts, *some], lines, doors, detour_m=400, move_m=250, kerb_spacing_m=40)


def cheapest_by_trying(city, problem, goals):
    """The least cost over all sets of the columns, each played out in the city; None where no set does."""
    base = coverage_of(city)
    counts = {STATION: base.station_counts, ENTRANCE: base.entrance_counts}
    had = held(base)
    real = [(j, c) for j, c in enumerate(problem.columns, 1) if c.place >= 0]
    lines = city.transit.line_id
    best = None
    for size in range(len(real) + 1):
        if best is not None and size * int(problem.cost_fen[problem.cost_fen > 0].min()) >= best:
            break
        for some in itertools.combinations(real, size):
            moved = [c.stop for _, c in some if c.stop >= 0]
            cost = int(sum(problem.cost_fen[j] for j, _ in some))
            if len(set(moved)) < len(moved) or (best is not None and cost >= best):
                continue
            edits = []
            for j, c in some:
                lon, lat = problem.places.lonlat[c.place].tolist()
                calls = tuple(str(lines[at]) for at in problem.passing.straightest(c.place, 20.0))
                add = AddStop(id=f"n{j}", lon=lon, lat=lat, lines=calls)
                stop = str(city.transit.timetable.stop_id[c.stop])
                edits.append(add if c.stop < 0 else MoveStop(stop=stop, lon=lon, lat=lat))
            after = coverage_of(Scenario(edits=tuple(edits)).apply(city))
            now = held(after)
            kept = all((now[m] >= had[m])[counts[m]].all() for m in goals)
            kept &= (after.entrance_both_ways >= base.entrance_both_ways)[counts[ENTRANCE]].all()
            met = all(now[m][counts[m]].sum() >= np.ceil(goals[m] * counts[m].sum() - 1e-9) for m in goals)
            if kept and met:
                best = cost
    return best


def held(found):
    return {STATION: found.station_walk_m <= found.station_m, ENTRANCE: found.entrance_walk_m <= found.entrance_m}


CASES = [
    *((seed, (1.0, 1.0)) for seed in (1, 3, 7, 8, 11)),
    *((seed, (0.6, 0.7)) for seed in (1, 2, 9, 10)),  # at 2 and 10 each of both may leave some out
    (2, (1.0, 0.0)),
    (6, (0.0, 0.6)),
]


@pytest.mark.parametrize(("seed", "goals"), CASES)
def test_no_set_of_the_places_is_cheaper(seed, goals):
    city, wanted = block_city(seed), dict(zip((STATION, ENTRANCE), goals, strict=True))
    problem = stop_cover(city, coverage_of(city), wanted, EVERYWHERE)
    found = solve_cover(city, problem, Work(60))
    assert found.status == "optimal"
    assert found.objective == found.bound == cheapest_by_trying(city, problem, wanted)


@pytest.mark.parametrize("seed", range(4))
def test_promises_are_kept(seed):
    city = block_city(seed)
    proposal = propose_stops(city, relax=True)
    assert "replay" in proposal.plan.verified
    for metric, share in proposal.plan.promised.items():
        assert proposal.changed.metrics[metric] == share
        assert (share or 0) >= (proposal.base.metrics[metric] or 0)


@pytest.mark.slow
def test_on_real_streets(shared):
    data = Path(__file__).parents[2] / "data"
    spec = read_spec(data, "gusu")
    city, _ = build_city(spec, Parameters.load(data, spec.parameters), inputs=shared / "data" / "suzhou")
    proposal = propose_stops(city, relax=True)
    plan, before = proposal.plan, proposal.base.metrics
    assert plan.status == "optimal" and plan.value == plan.bound
    assert 0.5 < before[STATION] < 0.8 and 0.3 < before[ENTRANCE] < before[STATION]
    assert proposal.changed.metrics[STATION] > 0.9 and proposal.changed.metrics[ENTRANCE] > 0.9
    only_new = propose_stops(city, relax=True, moves=False)
    assert plan.cost_cny < only_new.plan.cost_cny
    assert len(plan.reasons) == 2 and "苏州火车站" in plan.reasons[0]
