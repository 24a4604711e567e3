"""From a city to a plan and back: what the solver promised is what the replayed plan gives."""

import json
from dataclasses import replace

import numpy as np
import pytest

from network import AddChargers, InputError, Scenario, grid_city, simulate, travel_times, units
from optimise import Gap, Plan, Work, parse_target, propose, siting_problem

STOP = Gap(0) | Work(2)


@pytest.fixture(scope="module")
def city():
    return grid_city(6)


@pytest.fixture(scope="module")
def scarce(city):
    """The same city with small plugs, so that money decides how much is served."""
    return replace(city, supply=replace(city.supply, plug_kwh_per_day=np.asarray(23.7)))


def test_cover_replays_to_the_promised_energy(scarce):
    for budget in (90_000, 250_000, 700_000):
        proposal = propose(scarce, budget_cny=budget, stop=STOP)
        replayed = simulate(proposal.plan.as_scenario().apply(scarce))
        for outcome in (proposal.changed, replayed):
            assert outcome.served_tenths.sum() == proposal.plan.value
            assert round(outcome.metrics["charging_served_kwh"] * units.TENTHS) == proposal.plan.value
        assert replayed.digest == proposal.changed.digest
        assert proposal.plan.value > proposal.base.served_tenths.sum()


def test_distance_replays_to_the_promised_walk(city):
    for budget in (90_000, 250_000):
        proposal = propose(city, budget_cny=budget, objective="distance", stop=STOP)
        replayed = simulate(proposal.plan.as_scenario().apply(city))
        total = int(replayed.charging_tenths.sum())
        assert replayed.metrics["charging_mean_walk_m"] == proposal.plan.value / total
        assert proposal.changed.metrics["charging_mean_walk_m"] < proposal.base.metrics["charging_mean_walk_m"]


def test_cost_of_the_plan_is_what_the_city_grows_by(scarce):
    proposal = propose(scarce, budget_cny=300_000, stop=STOP)
    grown = proposal.changed.metrics["public_plugs_cny"] - proposal.base.metrics["public_plugs_cny"]
    assert proposal.plan.cost_cny == pytest.approx(grown)
    assert proposal.plan.cost_cny <= proposal.plan.budget_cny == 300_000
    assert proposal.plan.cost_cny == pytest.approx(sum(site.cost_cny for site in proposal.plan.sites))


def test_plans_survive_json_and_repeat_to_the_byte(city):
    targets = (parse_target("charging_served_share>=0.9"),)
    texts = []
    for _ in range(2):
        plan = propose(city, budget_cny=300_000, targets=targets, stop=STOP, versions={"numpy": "2"}).plan
        texts.append(json.dumps(plan.to_dict(), sort_keys=True, allow_nan=False))
        assert Plan.from_dict(json.loads(texts[-1])) == plan
        assert json.dumps(Plan.from_dict(json.loads(texts[-1])).to_dict(), sort_keys=True) == texts[-1]
    assert texts[0] == texts[1]
    assert "seconds" not in texts[0]
    assert plan.inputs["city"] == city.digest
    assert plan.defaults == tuple(city.provenance.defaults())
    assert {"feasible", "value", "bound_side", "gap", "status"} <= set(plan.verified)


@pytest.mark.parametrize("change", [{"format": 0}, {"sites": None}, {"colour": "green"}])
def test_what_is_not_a_plan_is_refused(city, change):
    record = propose(city, budget_cny=100_000, stop=Work(0)).plan.to_dict() | change
    with pytest.raises(InputError, match="plan"):
        Plan.from_dict(record)


def test_sites_by_year(city):
    plan = propose(city, budget_cny=300_000, stop=STOP).plan
    years = [2026 + k for k in range(len(plan.sites))]
    dated = replace(plan, sites=tuple(replace(s, year=y) for s, y in zip(plan.sites, years, strict=True)))
    assert len(dated.as_scenario(2026).edits) == 1
    assert len(dated.as_scenario().edits) == len(plan.sites)
    assert dated.as_scenario(years[-1]).edits == dated.as_scenario().edits


def test_wanted_plugs_are_part_of_the_problem(city):
    have = int(city.supply.plugs.sum())
    proposal = propose(city, budget_cny=600_000, targets=[parse_target(f"public_plugs>={have + 12}")], stop=STOP)
    assert proposal.plan.new_plugs >= 12
    assert proposal.verdicts[0].met


def test_plugs_beyond_the_budget_are_an_answer(city):
    target = parse_target("public_plugs>=500")
    proposal = propose(city, budget_cny=500_000, targets=[target], stop=STOP)
    assert proposal.plan.status == "infeasible"
    assert proposal.plan.sites == ()
    assert "at most" in proposal.plan.reasons[0]
    assert proposal.changed.digest == proposal.base.digest
    assert not proposal.verdicts[0].met
    assert Plan.from_dict(json.loads(json.dumps(proposal.plan.to_dict()))) == proposal.plan


def test_a_share_out_of_reach_says_what_can_be_reached(scarce):
    target = parse_target("charging_served_share>=0.99")
    proposal = propose(scarce, budget_cny=100_000, targets=[target], stop=STOP)
    verdict = proposal.verdicts[0]
    best = proposal.plan.bound / int(proposal.base.charging_tenths.sum())
    assert not verdict.met
    assert verdict.note == f"at most {best:.6g} can be reached within the budget of 100,000 CNY"
    easy = propose(scarce, budget_cny=100_000, targets=[parse_target("charging_served_share>=0.01")], stop=STOP)
    assert (easy.verdicts[0].met, easy.verdicts[0].note) == (True, "")


def test_a_walk_out_of_reach_says_so(city):
    target = parse_target("charging_mean_walk_m<=1")
    proposal = propose(city, budget_cny=100_000, targets=[target], objective="distance", stop=STOP)
    assert proposal.verdicts[0].note.startswith("at least ")


def test_existing_plugs_and_room_are_respected(city):
    full = Scenario(
        edits=(AddChargers(place=str(city.places.id[0]), plugs=int(city.places.most_plugs[0] - city.supply.plugs[0])),)
    )
    crowded = full.apply(city)
    problem = siting_problem(crowded, simulate(crowded), travel_times(crowded), budget_cny=1e6)
    assert problem.most[0] == 0
    assert problem.existing[0] == crowded.supply.plugs[0]
    proposal = propose(crowded, budget_cny=1e6, stop=STOP)
    assert str(city.places.id[0]) not in {site.place for site in proposal.plan.sites}
    for site in proposal.plan.sites:
        assert site.cost_cny > 0
    proposal.plan.as_scenario().apply(crowded)


@pytest.mark.parametrize("budget", [0, -5, float("nan")])
def test_a_budget_of_nothing_is_refused(city, budget):
    with pytest.raises(InputError, match=r"budget_cny.*above zero"):
        propose(city, budget_cny=budget)


def test_the_local_search_can_be_asked_for(city):
    proposal = propose(city, budget_cny=200_000, solver="local_search", stop=Work(0.1))
    assert proposal.plan.solver == "local_search"
    with pytest.raises(InputError, match="nonesuch"):
        propose(city, budget_cny=200_000, solver="nonesuch")


def test_a_lying_solver_is_caught(city, monkeypatch):
    from optimise import UnverifiedError
    from optimise.propose import SOLVERS, START

    class Liar:
        name = "liar"

        def supports(self, problem):
            return True

        def __call__(self, problem, stop, seed=0, start=None, progress=None):
            return replace(start, objective=start.objective + 1)

    monkeypatch.setitem(SOLVERS, "liar", Liar())
    stop = Work(0)
    scarce = replace(city, supply=replace(city.supply, plug_kwh_per_day=np.asarray(20.0)))
    assert START.name == "local_search"
    with pytest.raises(UnverifiedError):
        propose(scarce, budget_cny=130_000, solver="liar", objective="distance", stop=stop)
