"""From a city to a plan for chargers and back: what the solver promised is what the replayed plan gives."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from network import (
    AddChargers,
    Feeders,
    InputError,
    ReinforceFeeder,
    Scenario,
    ScenarioError,
    SetLotHours,
    SetYear,
    ShareLot,
    drawn_kva,
    grid_city,
    simulate,
    travel_times,
    units,
)
from optimise import (
    ChargerWishes,
    Gap,
    Plan,
    UnverifiedError,
    Work,
    parse_target,
    propose_chargers,
)
from optimise.charger_sites import Year, charger_offers

STOP = Gap(0.002) | Work(4)


@pytest.fixture(scope="module")
def city():
    return grid_city(6)


@pytest.fixture(scope="module")
def day(city):
    travel = travel_times(city)
    return {"travel": travel, "base": simulate(city, travel)}


def wishes(*budgets, **asked):
    return ChargerWishes(budgets_cny=tuple(map(float, budgets)), **asked)


def test_what_is_promised_is_what_the_replayed_plan_gives(city, day):
    for budget in (150_000, 500_000, 1_500_000):
        proposal = propose_chargers(city, wishes=wishes(budget), stop=STOP, **day)
        replayed = simulate(proposal.plan.as_scenario().apply(city))
        assert replayed.digest == proposal.changed.digest
        assert int(replayed.served_tenths.sum()) == proposal.plan.value
        assert proposal.plan.years[0].served_kwh == proposal.plan.value / units.TENTHS
        assert proposal.plan.value > day["base"].served_tenths.sum()
        assert proposal.plan.bound >= proposal.plan.value
        assert 0 < proposal.plan.cost_cny <= budget


def test_the_money_of_a_plan_is_that_of_its_rows(city, day):
    plan = propose_chargers(city, wishes=wishes(900_000), stop=STOP, **day).plan
    assert plan.cost_cny == pytest.approx(sum(site.cost_cny for site in plan.sites))
    places = {site.place for site in plan.sites}
    changed = simulate(plan.as_scenario().apply(city))
    built = changed.metrics["public_plugs_cny"] - day["base"].metrics["public_plugs_cny"]
    assert plan.cost_cny == pytest.approx(built + len(places) * float(city.charging.mobilise_cny))


def test_more_money_is_never_worth_less_than_its_bound_allows(city, day):
    plans = [propose_chargers(city, wishes=wishes(cny), stop=STOP, **day).plan for cny in (2e5, 6e5, 1.2e6)]
    for poorer, richer in pairwise(plans):
        assert richer.bound >= poorer.value


def test_years_grow_and_each_keeps_its_promise(city):
    years = (2027, 2028, 2029)
    asked = wishes(300_000, 200_000, 400_000)
    proposal = propose_chargers(city, wishes=asked, years=years, stop=STOP)
    plan, before = proposal.plan, None
    assert [y.year for y in plan.years] == list(years)
    assert plan.city_digest == plan.inputs["city"] == city.digest
    for year in plan.years:
        changed = plan.as_scenario(year.year).apply(city)
        assert int(changed.transit.year) == year.year
        outcome = simulate(changed)
        assert outcome.served_tenths.sum() / units.TENTHS == year.served_kwh
        assert outcome.charging_tenths.sum() / units.TENTHS == year.wanted_kwh
        assert int(changed.supply.plugs.sum()) == year.plugs
        assert before is None or (changed.supply.plugs >= before).all()
        before = changed.supply.plugs
    spent = np.cumsum([y.spent_cny for y in plan.years])
    assert (spent <= np.cumsum(asked.budgets_cny) + 1e-6).all()
    assert plan.value == round(sum(y.served_kwh for y in plan.years) * units.TENTHS)
    wanted = [y.wanted_kwh for y in plan.years]
    assert wanted == sorted(wanted)
    assert wanted[0] < wanted[-1]


def test_money_that_may_not_be_carried_over_is_lost(city):
    years = (2026, 2027)
    kept = propose_chargers(city, wishes=wishes(5_000, 600_000), years=years, stop=STOP).plan
    lost = propose_chargers(city, wishes=wishes(600_000, 5_000, carry_share=0.0), years=years, stop=STOP).plan
    assert all(site.year == 2027 for site in kept.sites)
    assert all(site.year == 2026 for site in lost.sites)


def test_plans_survive_json_and_repeat_to_the_byte(city, day):
    targets = (parse_target("charging_served_share>=0.9"),)
    texts = []
    for _ in range(2):
        plan = propose_chargers(
            city, wishes=wishes(600_000), targets=targets, stop=STOP, versions={"numpy": "2"}, **day
        ).plan
        texts.append(json.dumps(plan.to_dict(), sort_keys=True, allow_nan=False))
        assert Plan.from_dict(json.loads(texts[-1])) == plan
    assert texts[0] == texts[1]
    assert "seconds" not in texts[0]
    assert plan.defaults == tuple(city.provenance.defaults())


@pytest.mark.parametrize("change", [{"format": 0}, {"sites": None}, {"colour": "green"}])
def test_what_is_not_a_plan_is_refused(city, day, change):
    record = propose_chargers(city, wishes=wishes(300_000), stop=STOP, **day).plan.to_dict() | change
    with pytest.raises(InputError, match="plan"):
        Plan.from_dict(record)


def test_wanted_plugs_are_part_of_the_problem(city, day):
    target = parse_target(f"public_plugs>={int(city.supply.plugs.sum()) + 12}")
    proposal = propose_chargers(city, wishes=wishes(900_000), targets=[target], stop=STOP, **day)
    assert proposal.plan.new_plugs >= 12
    assert proposal.verdicts[0].met


def test_plugs_beyond_the_budget_are_an_answer(city, day):
    target = parse_target("public_plugs>=500")
    proposal = propose_chargers(city, wishes=wishes(500_000), targets=[target], stop=STOP, **day)
    assert proposal.plan.status == "infeasible"
    assert proposal.plan.sites == ()
    assert proposal.plan.reasons
    assert proposal.changed.digest == proposal.base.digest
    assert not proposal.verdicts[0].met
    assert Plan.from_dict(json.loads(json.dumps(proposal.plan.to_dict()))) == proposal.plan


def test_kinds_come_first_where_they_are_asked_for(city, day):
    free = propose_chargers(city, wishes=wishes(700_000), stop=STOP, **day).plan
    parking = int(city.supply.plugs[:, city.places.kind == "parking"].sum())
    least = parking + sum(site.new_plugs for site in free.sites if site.kind == "parking") + 6
    bound = propose_chargers(city, wishes=wishes(700_000, least={"parking": least}), stop=STOP, **day)
    after = bound.changed.plugs[:, city.places.kind == "parking"].sum()
    assert after >= least
    assert bound.plan.value <= free.bound
    with pytest.raises(InputError, match=r"harbour.*kinds are"):
        propose_chargers(city, wishes=wishes(700_000, least={"harbour": 2}), **day)


def test_no_area_is_left_behind(city, day):
    share = 0.15
    proposal = propose_chargers(city, wishes=wishes(1_500_000, floor_share=share), stop=STOP, **day)
    for area in np.unique(city.zones.area):
        here = city.zones.area == area
        wanted, served = (x[:, here].sum() for x in (proposal.changed.charging_tenths, proposal.changed.served_tenths))
        assert served >= share * wanted - 1


def test_capacity_ahead_of_demand(city, day):
    proposal = propose_chargers(city, wishes=wishes(60e6, ahead=True), stop=Gap(0.05) | Work(4), **day)
    if proposal.plan.status == "infeasible":
        assert any("capacity" in reason or "room" in reason for reason in proposal.plan.reasons)
    else:
        assert proposal.changed.metrics["charging_capacity_ratio"] >= 1.1 - 1e-3


def test_feeders_hold_and_are_reinforced_where_it_pays(city):
    count = len(city.places.id)
    tight = Feeders(
        id=np.array(["west", "east"]),
        headroom_kva=np.array([60.0, 120.0]),
        step_kva=np.array([200.0, 200.0]),
        step_cny=np.array([50_000.0, 50_000.0]),
        most_steps=np.array([2, 0], np.int32),
    )
    fed = replace(
        city,
        feeders=tight,
        places=replace(city.places, feeder=(np.arange(count) % 2).astype(np.int32)),
        supply=replace(city.supply, plugs=np.zeros_like(city.supply.plugs), feeder_steps=np.zeros(2, np.int32)),
    )
    proposal = propose_chargers(fed, wishes=wishes(3_000_000), stop=STOP)
    changed = proposal.plan.as_scenario().apply(fed)
    drawn = drawn_kva(fed.charging, changed.supply.plugs)
    for b in range(2):
        limit = tight.headroom_kva[b] + changed.supply.feeder_steps[b] * tight.step_kva[b]
        assert drawn[fed.places.feeder == b].sum() <= limit + 1e-3
    assert any(isinstance(edit, ReinforceFeeder) for edit in proposal.plan.as_scenario().edits)
    assert proposal.changed.metrics["feeders_overloaded"] == 0


def test_the_least_money_for_a_target(city, day):
    target = parse_target("charging_served_share>=0.5")
    cheap = propose_chargers(
        city, wishes=wishes(50e6, objective="cost"), targets=[target], stop=Gap(0.02) | Work(6), **day
    )
    assert cheap.verdicts[0].met
    assert cheap.plan.value == round(cheap.plan.cost_cny * units.FEN_PER_CNY)
    poor = propose_chargers(city, wishes=wishes(cheap.plan.bound / 100 * 0.9), stop=STOP, **day)
    assert poor.changed.metrics["charging_served_share"] < 0.5
    with pytest.raises(InputError, match="charging_served_share"):
        propose_chargers(city, wishes=wishes(1e6, objective="cost"), **day)


def test_the_shortest_walk_replays(city, day):
    for budget in (90_000, 250_000):
        proposal = propose_chargers(city, wishes=wishes(budget, objective="distance"), stop=STOP, **day)
        replayed = simulate(proposal.plan.as_scenario().apply(city))
        total = int(replayed.charging_tenths[units.SLOW].sum())
        assert replayed.metrics["charging_mean_walk_m"] == proposal.plan.value / total
        assert replayed.metrics["charging_mean_walk_m"] < day["base"].metrics["charging_mean_walk_m"]
        assert {site.charger for site in proposal.plan.sites} == {"slow"}
    later = propose_chargers(city, wishes=wishes(250_000, objective="distance"), years=(2029,), stop=STOP).plan
    replayed = simulate(later.as_scenario().apply(city))
    assert int((replayed.charging_tenths[units.SLOW].sum(axis=1) * replayed.nearest_plug_m).sum()) == later.value
    assert later.city_digest == city.digest
    with pytest.raises(InputError, match="one year"):
        propose_chargers(city, wishes=wishes(1e5, 1e5, objective="distance"), years=(2026, 2027))


def with_hours(city):
    """Lots 1 and 3 close at six, lot 2 keeps others out, lot 4 does so but for a shared window."""
    flags = np.isin(units.LAND_USES, ["shopping", "scenic"]).astype(float)
    kind = np.where(np.isin(np.arange(5), [2, 4]), units.SUPPLY_CLASSES.index("building"), 0).astype(np.int32)
    city = replace(
        city,
        charging=replace(city.charging, shared_only=flags),
        lots=replace(city.lots, supply_class=kind),
    )
    closing = tuple(SetLotHours(lot=f"lot/{i}", start="06:00", end="18:00") for i in (1, 3))
    window = ShareLot(lot="lot/4", spaces=5, start="08:00", end="20:00", days=("weekday",))
    return Scenario(edits=(*closing, window)).apply(city)


@pytest.mark.parametrize("objective", ["served", "cost"])
def test_plans_promise_what_open_hours_give(city, objective):
    changed = with_hours(city)
    never, targets = str(changed.places.id[changed.lots.place[2]]), [parse_target("charging_served_share>=0.5")]
    asked = wishes(4e6 if objective == "served" else 50e6, objective=objective)
    proposal = propose_chargers(changed, wishes=asked, targets=targets[: objective == "cost"], stop=STOP)
    plan, replayed = proposal.plan, simulate(proposal.plan.as_scenario().apply(changed))
    assert plan.status in {"optimal", "feasible"}
    assert replayed.served_tenths.sum() / units.TENTHS == plan.years[0].served_kwh
    assert never not in {s.place for s in plan.sites} | {r.place for r in plan.next_best}
    shut = {str(changed.places.id[changed.lots.place[i]]) for i in (1, 3, 4)}
    assert objective == "cost" or {s.place for s in plan.sites} & shut
    for reason in plan.reasons_why:
        others = [AddChargers(place=s.place, plugs=s.new_plugs, charger=s.charger) for s in plan.sites]
        without = simulate(Scenario(edits=tuple(e for e in others if e.place != reason.place)).apply(changed))
        assert reason.lost_kwh == (replayed.served_tenths.sum() - without.served_tenths.sum()) / units.TENTHS


def test_plugs_that_are_never_open_shorten_no_walk(city):
    changed = with_hours(city)
    places, at = changed.places, changed.lots.place[2]
    cheap = {
        name: np.where(np.arange(len(places.id)) == at, 1.0, getattr(places, name)) for name in ("open_cny", "plug_cny")
    }
    changed = replace(changed, places=replace(places, most_plugs=places.most_plugs + 8, **cheap))
    changed = Scenario(edits=(AddChargers(place=str(changed.places.id[at]), plugs=4, charger="slow"),)).apply(changed)
    proposal = propose_chargers(changed, wishes=wishes(250_000, objective="distance"), stop=STOP)
    plan, replayed = proposal.plan, simulate(proposal.plan.as_scenario().apply(changed))
    assert str(changed.places.id[at]) not in {s.place for s in plan.sites}
    assert int((replayed.charging_tenths[units.SLOW].sum(axis=1) * replayed.nearest_plug_m).sum()) == plan.value
    assert plan.years[0].plugs == replayed.plugs.sum()
    travel = travel_times(changed)
    offers = charger_offers([Year(changed, travel, simulate(changed, travel))], (), wishes(1e6))
    site = int(np.flatnonzero(offers.place == at)[0])
    begin, end = offers.problem.option_first[site : site + 2].tolist()
    assert (end - begin, offers.problem.option_capacity[begin].tolist()) == (1, [0, 0])


def test_a_reason_is_what_leaving_the_place_out_loses(city, day):
    proposal = propose_chargers(city, wishes=wishes(800_000), stop=STOP, **day)
    plan, with_all = proposal.plan, int(proposal.changed.served_tenths.sum())
    assert [r.place for r in plan.reasons_why] == list(dict.fromkeys(s.place for s in plan.sites))
    for reason in plan.reasons_why:
        others = [AddChargers(place=s.place, plugs=s.new_plugs, charger=s.charger) for s in plan.sites]
        without = simulate(Scenario(edits=tuple(e for e in others if e.place != reason.place)).apply(city))
        assert reason.lost_kwh == (with_all - int(without.served_tenths.sum())) / units.TENTHS
        assert bool(reason.gains) == (reason.lost_kwh > 0)
    taken = {s.place for s in plan.sites}
    for other in plan.next_best:
        assert other.place not in taken
        assert other.lost_kwh > 0


def test_a_reason_says_which_plugs_and_what_they_cost(city, day):
    plan = propose_chargers(city, wishes=wishes(800_000), stop=STOP, **day).plan
    for reason in plan.reasons_why:
        ours = [site for site in plan.sites if site.place == reason.place]
        for at, charger in enumerate(units.CHARGERS):
            assert reason.plugs[at] == sum(site.new_plugs for site in ours if site.charger == charger)
        assert reason.cost_cny == pytest.approx(sum(site.cost_cny for site in ours))
    for other in plan.next_best:
        edits = [
            AddChargers(place=other.place, plugs=more, charger=charger)
            for more, charger in zip(other.plugs, units.CHARGERS, strict=True)
            if more
        ]
        both = simulate(Scenario(edits=(*plan.as_scenario().edits, *edits)).apply(city))
        assert round(other.lost_kwh * units.TENTHS) == int(both.served_tenths.sum()) - plan.value
        assert other.cny_per_daily_kwh == pytest.approx(other.cost_cny / other.lost_kwh)


def test_what_contradicts_itself_is_told_by_name(city):
    closed = replace(city, places=replace(city.places, most_plugs=np.zeros_like(city.places.most_plugs)))
    asked = wishes(1e6, 1e6, floor_share=0.9, ahead=True)
    plan = propose_chargers(closed, wishes=asked, years=(2026, 2028), stop=STOP).plan
    assert plan.status == "infeasible"
    told = " ".join(plan.reasons)
    for name in ("east", "west", "2028", "slow charging", "fast charging"):
        assert name in told, name
    for position in ("area 0", "year 1", "service 0"):
        assert position not in told


def test_existing_plugs_and_room_are_respected(city, day):
    most = int(city.places.most_plugs[0] - city.supply.plugs[:, 0].sum())
    crowded = Scenario(edits=(AddChargers(place=str(city.places.id[0]), plugs=most),)).apply(city)
    offers = charger_offers([Year(crowded, day["travel"], day["base"])], (), wishes(1e6))
    at = int(np.flatnonzero(offers.place == 0)[0])
    assert offers.problem.option_first[at + 1] - offers.problem.option_first[at] == 1
    for j, place in enumerate(offers.place.tolist()):
        options = slice(offers.problem.option_first[j], offers.problem.option_first[j + 1])
        plugs = offers.problem.option_plugs[options]
        assert (plugs[0] == crowded.supply.plugs[:, place]).all()
        assert plugs.sum(axis=1).max() <= max(crowded.places.most_plugs[place], plugs[0].sum())
    plan = propose_chargers(crowded, wishes=wishes(1e6), stop=STOP).plan
    assert str(city.places.id[0]) not in {site.place for site in plan.sites}


@pytest.mark.parametrize("budget", [0, -5, float("nan")])
def test_a_budget_of_nothing_is_refused(city, day, budget):
    with pytest.raises(InputError, match=r"budget_cny.*above zero"):
        propose_chargers(city, wishes=wishes(budget), **day)


def test_years_and_money_that_do_not_fit_are_refused(city, day):
    with pytest.raises(InputError, match=r"years.*once.*\n?.*budget_cny.*3 years"):
        propose_chargers(city, wishes=wishes(1e6), years=(2027, 2026, 2028), **day)


def test_a_plan_for_another_city_is_refused(city, day):
    plan = propose_chargers(city, wishes=wishes(600_000), stop=STOP, **day).plan
    with pytest.raises(ScenarioError, match="no place has the id"):
        plan.as_scenario().apply(grid_city(3))


def test_an_answer_that_claims_too_much_is_caught(city, day, monkeypatch):
    from optimise import chargers

    honest = chargers.solve_chargers

    def lying(problem, **how):
        answer = honest(problem, **how)
        return replace(answer, value=answer.value + 1, bound=max(answer.bound, answer.value + 1))

    monkeypatch.setattr(chargers, "solve_chargers", lying)
    with pytest.raises(UnverifiedError):
        propose_chargers(city, wishes=wishes(600_000), stop=STOP, **day)


def test_the_year_of_the_city_needs_no_edit(city, day):
    plan = propose_chargers(city, wishes=wishes(300_000), years=(int(city.transit.year),), stop=STOP, **day).plan
    assert not any(isinstance(edit, SetYear) for edit in plan.as_scenario().edits)
