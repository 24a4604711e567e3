"""Plans of shared parking: what they promise, what the city gives, and that no better plan is overlooked."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from network import (
    InputError,
    LotWindow,
    Scenario,
    SetLotHours,
    ShareLot,
    grid_city,
    overflow,
    room,
    simulate,
    travel_times,
    units,
)
from optimise import ParkingBlock, SharingPlan, SharingWishes, parse_target, propose_sharing
from optimise.sharing import Permits, SharingAnswer
from optimise.sharing_offers import sharing_case
from optimise.sharing_reasons import lost_days
from optimise.sharing_rows import Answered

PER_ENTRANCE = {"entrance_first", "entrance_lonlat"}


def with_lots(city, positions, **fields):
    """The city with some of its lots alone, each with one entrance."""
    lots, at = city.lots, list(positions)
    rows = {name: array[at] for name, array in lots.arrays() if name not in PER_ENTRANCE}
    touch = {name: array[:, at] for name, array in lots.snap.arrays()}
    few = replace(
        lots,
        **rows | fields,
        entrance_first=np.arange(len(at) + 1, dtype=np.int32),
        entrance_lonlat=lots.entrance_lonlat[at],
        snap=replace(lots.snap, **touch),
    )
    return replace(city, lots=few)


def at_lot(city, lot, name, group="residents", weekday=0, weekend=0, holiday=0):
    lon, lat = city.lots.lonlat[lot].tolist()
    return ParkingBlock(id=name, lon=lon, lat=lat, group=group, weekday=weekday, weekend=weekend, holiday=holiday)


@pytest.fixture(scope="module")
def city():
    return grid_city(12, 1)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


@pytest.fixture(scope="module")
def base(city, travel):
    return simulate(city, travel)


@pytest.fixture(scope="module")
def ask(city, travel, base):
    """Proposals for the city, or for one of the same streets and day but with other lots."""

    def propose(of=city, *, targets=(), day=base, **wishes):
        parsed = [parse_target(target) for target in targets]
        return propose_sharing(of, wishes=SharingWishes(**wishes), targets=parsed, travel=travel, base=day)

    return propose


@pytest.fixture(scope="module")
def proposal(ask):
    return ask(targets=["shared_spaces>=100"])


def test_the_plan_is_proven_and_the_city_shares_what_it_promises(city, base, proposal):
    plan, after = proposal.plan, proposal.changed.metrics
    assert plan.status in ("optimal", "feasible") and plan.bound >= plan.value > 0
    assert plan.gap <= 0.01
    assert "replay" in plan.verified and proposal.verdicts[0].met
    for name in ("shared_lots", "shared_spaces", "shared_space_hours", "shared_spaces_at_once"):
        assert after[name] == getattr(plan, name) > (base.metrics[name] or 0)
    assert plan.shared_spaces_at_once <= plan.shared_spaces <= sum(w.spaces for w in plan.windows)
    assert plan.shared_spaces == sum(lot.spaces for lot in plan.lots)
    assert plan.shared_space_hours == pytest.approx(sum(lot.space_hours for lot in plan.lots))
    assert simulate(plan.as_scenario().apply(city)).digest == proposal.changed.digest
    assert SharingPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_money_adds_up_from_windows_to_lots_to_the_plan(city, proposal):
    plan, rules = proposal.plan, city.parking
    for lot in plan.lots:
        ours = [w for w in plan.windows if w.lot == lot.lot]
        assert lot.revenue_cny == pytest.approx(sum(w.revenue_cny for w in ours))
        assert lot.given == sum(w.given for w in ours) and ours
        assert lot.subsidy_cny == pytest.approx(max(0.0, lot.running_cny - lot.revenue_cny))
        assert lot.running_cny >= float(rules.running_cny)
        assert lot.risk == max(w.risk for w in ours) <= float(rules.overflow_share)
    assert plan.cost_cny == pytest.approx(plan.retrofit_cny + plan.subsidy_years * plan.subsidy_cny)
    window = plan.windows[0]
    g, d = units.PARKERS.index(window.group), units.DAY_TYPES.index(window.day)
    hours = float(rules.window_h[g, 1] - rules.window_h[g, 0])
    a_year = window.given * hours * window.fee_cny_per_h * float(rules.days_per_year[d] * rules.owner_share)
    assert window.revenue_cny == pytest.approx(a_year, abs=1.0)


def test_a_permit_is_one_space_in_one_lot_for_all_of_its_window(city, proposal):
    """In every half-hour of a group's window a lot has a space for each permit of all groups that are there."""
    plan, shared = proposal.plan, proposal.changed.shared
    needed = np.zeros(shared.shape, np.int64)
    for w in plan.windows:
        g = units.PARKERS.index(w.group)
        assert w.given <= w.spaces
        at, d = city.lots.id.tolist().index(w.lot), units.DAY_TYPES.index(w.day)
        needed[at, d] += w.given * city.parking.window[g]
        hours = city.parking.window_h[g]
        assert [int(t[:2]) + int(t[3:]) / 60 for t in (w.start, w.end)] == hours.tolist()
    assert (needed <= shared).all() and needed.any()
    for row in plan.met:
        given = sum(w.given for w in plan.windows if (w.group, w.day) == (row.group, row.day))
        assert given == row.met <= row.within_reach <= row.wanted
        assert (row.walk_m is None) == (row.met == 0)
        assert row.walk_m is None or row.walk_m <= city.parking.walk_m[units.PARKERS.index(row.group)]
    days = dict(zip(units.DAY_TYPES, city.parking.days_per_year.tolist(), strict=True))
    assert sum(b.met for b in plan.blocks) == sum(row.met * days[row.day] for row in plan.met)
    assert all(b.met <= b.wanted for b in plan.blocks)
    owners = room(city)
    assert (shared <= owners).all()


def test_the_same_wish_gives_the_same_bytes(proposal, ask):
    again = ask(targets=["shared_spaces>=100"])
    assert json.dumps(again.plan.to_dict()) == json.dumps(proposal.plan.to_dict())


def best_by_trying(city, blocks, most):
    """Most permits for residents on weekdays, by what the owners' risk and the quantile say of every choice."""
    reach = sharing_case(city, simulate(city), SharingWishes(blocks=blocks), ()).problem
    pairs = [
        (b, int(lot))
        for b in range(len(blocks))
        for lot in reach.pair_lot[0][reach.pair_first[0][b] : reach.pair_first[0][b + 1]]
    ]
    limit, free = float(city.parking.overflow_share), room(city)[:, 0][:, city.parking.window[0]].min(axis=1)
    fits = {}
    for lot, n in product(range(len(city.lots.id)), range(int(free.max()) + 1)):
        edit = ShareLot(lot=str(city.lots.id[lot]), spaces=n, start="18:00", end="32:00", days=("weekday",))
        after = Scenario(edits=(edit,)).apply(city) if 0 < n <= free[lot] else city
        fits[lot, n] = n <= free[lot] and overflow(after)[lot, 0, 16:20].max() <= limit
    best = 0
    for spaces in product(range(most + 1), repeat=len(pairs)):
        by_block, by_lot = np.zeros(len(blocks), int), np.zeros(len(city.lots.id), int)
        for (b, lot), n in zip(pairs, spaces, strict=True):
            by_block[b] += n
            by_lot[lot] += n
        if all(by_block <= [b.weekday for b in blocks]) and all(fits.get((j, n), False) for j, n in enumerate(by_lot)):
            best = max(best, sum(spaces))
    return best


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_better_plan_is_overlooked_in_a_city_of_three_lots(city, seed, ask):
    """By trying every permit; what fits is asked of the day after, not of the tables that the solver reads."""
    rng = np.random.default_rng(seed)
    near = [0, 1, 2]
    spaces = rng.integers(3, 6, 3).astype(np.int32)
    shape = (3, len(units.DAY_TYPES), units.SLOTS)
    mean = rng.uniform(0.2, 2.0, (3, 1, 1)) * np.ones(shape)
    few = with_lots(
        city, near, spaces=spaces, reserve=np.zeros(3, np.int32), own_mean=mean, own_sd=np.sqrt(mean),
        own_high=np.minimum(rng.integers(0, 3, (3, 1, 1)) * np.ones(shape), spaces[:, None, None]),
        own_arrivals=np.full(shape, 0.1),
    )  # fmt: skip
    blocks = tuple(at_lot(few, j, f"block {j}", weekday=int(rng.integers(1, 4))) for j in range(3))
    plan = ask(few, blocks=blocks).plan
    days = int(few.parking.days_per_year[0])
    assert (plan.status, plan.value) == ("optimal", best_by_trying(few, blocks, 3) * days)


def test_owners_of_the_first_tier_open_first(city, base, ask):
    """Until enough of their lots of use are open, no other lot is, however much it would be worth."""
    for budget in (120_000.0, 400_000.0, 900_000.0):
        plan = ask(budget_cny=budget).plan
        opened = {lot.lot for lot in plan.lots}
        tier = dict(zip(city.lots.id.tolist(), city.lots.tier.tolist(), strict=True))
        case = sharing_case(city, base, SharingWishes(), ())
        useful = [lot for j, lot in enumerate(city.lots.id.tolist()) if tier[lot] == 1 and of_use(case, j)]
        if any(tier[lot] == 2 for lot in opened):
            assert len(opened & set(useful)) >= float(city.parking.first_tier_share) * len(useful)
        assert plan.cost_cny <= budget
    alone = ask(tiers=(1,)).plan
    assert {lot.tier for lot in alone.lots} == {1}


def of_use(case, lot):
    """Whether a lot can offer a space to somebody within reach."""
    p = case.problem
    for g, d in product(range(p.groups), range(p.days)):
        rows = range(p.row_first[lot * p.days + d], p.row_first[lot * p.days + d + 1])
        inside = all(p.table[p.table_first[q]] >= 1 for q in rows if p.row_active[q] >> g & 1)
        after = all(p.table_first[q + 1] - p.table_first[q] > 1 for q in rows if p.row_closed[q] >> g & 1)
        wanted = p.wanted[g, d, p.pair_block[g][p.pair_lot[g] == lot]].sum()
        if inside and after and wanted:
            return True
    return False


def test_more_money_never_meets_less(ask):
    budgets = (60_000.0, 200_000.0, 500_000.0, 2_000_000.0)
    plans = [ask(budget_cny=b).plan for b in budgets]
    for less, more in pairwise(plans):
        assert more.bound >= less.value and more.value >= less.value * 0.99
    assert plans[-1].value > plans[0].value


def test_a_lot_that_closes_leaves_the_plan(city, proposal, ask):
    lot = next(w.lot for w in proposal.plan.windows if w.group == "residents")
    closed = Scenario(edits=(SetLotHours(lot=lot, start="08:00", end="18:00"),)).apply(city)
    plan = ask(closed).plan
    assert not [w for w in plan.windows if w.lot == lot and w.group in ("residents", "visitors", "deliveries")]
    assert plan.windows


def test_lots_that_share_already_stay_and_count(city, proposal, ask, travel):
    window = next(w for w in proposal.plan.windows if w.group == "residents" and w.day == "weekend" and w.spaces > 1)
    edit = ShareLot(lot=window.lot, spaces=window.spaces - 1, start="18:00", end="32:00", days=("weekend",))
    shared = Scenario(edits=(edit,)).apply(city)
    found = ask(shared, day=simulate(shared, travel))
    assert (found.changed.shared >= shared.lots.shared).all()
    assert found.plan.shared_lots == found.changed.metrics["shared_lots"] >= 1
    again = [lot for lot in found.plan.lots if lot.lot == window.lot]
    assert all(lot.existing_spaces == edit.spaces and lot.retrofit_cny == 0 for lot in again)
    assert (overflow(found.plan.as_scenario().apply(shared))[:, :, 16:20] <= float(city.parking.overflow_share)).all()
    none = ask(shared, tiers=(1,), budget_cny=1.0).plan
    assert none.shared_lots >= 1


def test_targets_out_of_reach_are_answered_in_words_with_the_most_there_is(base, ask):
    targets = ["shared_spaces>=100000", "shared_lots>=2"]
    found = ask(targets=targets)
    plan = found.plan
    assert plan.status == "infeasible" and not plan.windows and not plan.lots
    assert found.changed is base and plan.as_scenario().edits == ()
    first, every = (next(r for r in plan.reachable if not r.within_budget and r.tiers == t) for t in ((1,), (1, 2)))
    assert 0 < first.spaces < every.spaces
    told = f"there can be at most {first.spaces:,} with tier-1 lots alone, {every.spaces:,} with all lots"
    assert plan.reasons == (f"100,000 shared spaces are asked for; {told}",)
    best = next(r for r in plan.reachable if r.within_budget)
    for spaces, status in ((best.spaces, {"optimal", "feasible"}), (best.spaces + 1, {"infeasible"})):
        again = ask(targets=[f"shared_spaces>={spaces}"])
        assert again.plan.status in status
        assert again.verdicts[0].met == (status != {"infeasible"})


def test_what_money_and_one_tier_can_have_is_told_too(ask):
    poor = ask(targets=["shared_lots>=10"], budget_cny=120_000.0).plan
    assert poor.status == "infeasible" and [row.within_budget for row in poor.reachable] == [False, False, True]
    lots = poor.reachable[-1].lots
    assert 0 < lots < 10 and f"{lots} within the budget and with the first tier first" in poor.reasons[0]
    assert ask(targets=[f"shared_lots>={lots}"], budget_cny=120_000.0).plan.shared_lots >= lots
    alone = ask(targets=["shared_spaces>=100000"], tiers=(1,)).plan
    assert {row.tiers for row in alone.reachable} == {(1,)}
    assert alone.reasons[0].endswith(f"at most {alone.reachable[0].spaces:,} with tier-1 lots alone")
    met = ask(objective="cost", met_share=0.9).plan
    assert met.status == "infeasible" and met.reachable[-1].met_share < 0.9
    assert met.reasons == (f"90.0% of the need is to be met; at most {met.reachable[-1].met_share:.1%} can be",)


def test_need_that_is_known_is_met_where_it_is(city, ask):
    lon, lat = city.lots.lonlat[0].tolist()
    blocks = (
        ParkingBlock(id="东园新村", lon=lon, lat=lat, group="residents", weekday=0, weekend=5, holiday=4),
        ParkingBlock(id="平江实验学校", lon=lon, lat=lat, group="commuters", weekday=2, weekend=0, holiday=0),
    )
    plan = ask(blocks=blocks).plan
    assert plan.source == "blocks" and [b.block for b in plan.blocks] == ["东园新村", "平江实验学校"]
    assert [b.group for b in plan.blocks] == ["residents", "commuters"]
    assert plan.blocks[0].met == plan.blocks[0].wanted == 5 * 104 + 4 * 13
    rows = {(row.group, row.day): row for row in plan.met}
    assert rows["residents", "weekend"].met == 5 and rows["residents", "weekday"].wanted == 0
    assert {w.lot for w in plan.windows if w.group == "residents"} and sum(w.blocks for w in plan.windows) >= 2


def test_names_in_chinese_pass_through(city, ask):
    count = len(city.lots.id)
    named = replace(
        city,
        lots=replace(
            city.lots,
            name=np.array([f"第{i}停车场" for i in range(count)]),
            owner_name=np.array(["机关事务管理局"] * count),
            department=np.array(["城管局"] * count),
        ),
    )
    plan = ask(named).plan
    assert plan.windows[0].name.endswith("停车场") and plan.windows[0].department == "城管局"
    assert {lot.owner_name for lot in plan.lots} == {"机关事务管理局"}
    assert SharingPlan.from_dict(json.loads(json.dumps(plan.to_dict(), ensure_ascii=False))) == plan


def test_what_is_lost_without_a_lot_lets_others_move_on(city, base):
    """Block 0 holds two spaces of lot 0, block 1 two of lot 1 and lot 2 has one that is free: one can move on."""
    few = with_lots(city, [0, 1, 2])
    blocks = tuple(at_lot(few, j, f"block {j}", weekday=2) for j in range(2))
    case = sharing_case(few, base, SharingWishes(blocks=blocks), ())
    none = np.zeros(3, np.int64)
    problem = replace(
        case.problem,
        pair_first=[np.array([0, 2, 4]), none, none, none],
        pair_lot=[np.array([0, 1, 1, 2]), *[none[:0]] * 3],
        pair_m=[np.array([10, 20, 30, 40]), *[none[:0]] * 3],
    )
    offered = np.zeros((3, 3, 4), np.int64)
    offered[:, 0, 0] = 2, 2, 1
    permits = Permits(none[:2], none[:2], np.array([0, 1]), np.array([0, 1]), np.array([2, 2]))
    answer = SharingAnswer(
        open=np.ones(3, np.bool_), offered=offered, permits=permits, lots=3, spaces=5, money_fen=0, value=4 * 248,
        bound=4 * 248, status="optimal", seed=0, seconds=0.0,
    )  # fmt: skip
    assert lost_days(Answered(replace(case, problem=problem), answer)) == [248, 248, 0]


def test_every_permit_is_lost_without_its_lot_where_nothing_else_is_free(city, proposal):
    plan = proposal.plan
    free = {(w.group, w.day) for w in plan.windows if w.given < w.spaces}
    for lot in plan.lots:
        given = {(w.group, w.day): w.given * _days(city, w.day) for w in plan.windows if w.lot == lot.lot}
        least = sum(days for key, days in given.items() if key not in free)
        assert least <= lot.lost_days <= sum(given.values())
        assert set(lot.gains) <= set(city.zones.area.tolist()) and bool(lot.gains) == bool(given)


def test_next_best_are_lots_left_out_that_would_add(ask):
    plan = ask(budget_cny=120_000.0).plan
    assert plan.next_best and not {lot.lot for lot in plan.next_best} & {lot.lot for lot in plan.lots}
    adds = [lot.lost_days for lot in plan.next_best]
    assert adds == sorted(adds, reverse=True) and adds[-1] > 0
    every = ask().plan
    assert plan.value + adds[0] <= every.bound


def test_shorter_walks_and_less_money_are_other_plans(city, ask):
    met = ask().plan
    short = ask(objective="walking").plan
    assert short.value >= short.bound > 0 and short.value_unit == "m x space-days/year"
    cheap = ask(objective="cost", met_share=0.02).plan
    assert cheap.status in ("optimal", "feasible")
    assert cheap.value == round(cheap.cost_cny * units.FEN_PER_CNY) and cheap.cost_cny < met.cost_cny
    need = sum(row.wanted * d for row in cheap.met for d in [_days(city, row.day)])
    assert sum(row.met * _days(city, row.day) for row in cheap.met) >= 0.02 * need


def _days(city, day):
    return float(city.parking.days_per_year[units.DAY_TYPES.index(day)])


def test_spaces_shared_by_day_in_full_zones_let_more_people_drive(city, travel, ask):
    """The plan says so: more trips by car end there, and the green share of the city falls."""
    none = np.zeros_like(city.lots.own_mean)
    empty = replace(city.lots, own_mean=none, own_sd=none, own_high=none, own_arrivals=none)
    scarce = replace(city.supply, parking_spaces=np.full(len(city.zones.id), 2.0))
    full = replace(city, lots=empty, supply=scarce)
    day = simulate(full, travel)
    found = ask(full, day=day)
    assert next(row.met for row in found.plan.met if (row.group, row.day) == ("commuters", "weekday")) > 0
    assert found.changed.parking_capacity.sum() > day.parking_capacity.sum()
    assert found.changed.metrics["car_trip_share"] > day.metrics["car_trip_share"]
    assert found.changed.metrics["green_trip_share"] < day.metrics["green_trip_share"]


def test_what_makes_no_sense_is_named(city, ask):
    far = ParkingBlock(id="far", lon=0.0, lat=0.0, group="residents", weekday=1, weekend=0, holiday=0)
    with pytest.raises(InputError, match=r"blocks 0 .'far'.*outside the streets"):
        ask(blocks=(far,))
    odd = [replace(far, group="tourists"), replace(far, weekday=-1), replace(far, weekday=0)]
    with pytest.raises(InputError) as caught:
        SharingWishes(tiers=(3,), met_share=1.5, blocks=tuple(odd))
    told = str(caught.value)
    for words in ("tiers", "met_share", "'tourists'", "-1, 0, 0 spaces", "0, 0, 0 spaces", "the id of another block"):
        assert words in told
    with pytest.raises(InputError, match="what the least money is to reach"):
        ask(objective="cost")
    with pytest.raises(InputError, match="budget_cny"):
        ask(budget_cny=-5.0)
    with pytest.raises(InputError, match="has no car park that is known"):
        ask(with_lots(city, []))


def test_lots_share_in_their_own_windows(ask, city, base):
    """What is cut short earns less, opens and closes when the lot's row says, and the city gives what is promised."""
    open_ = next(lot for lot in ask().plan.lots if lot.given)
    other = {"lot": open_.lot, "start": "20:00", "end": "30:00"}
    windows = (LotWindow(**other, days=("weekday", "weekend")), LotWindow(lot=open_.lot, start="11:00", end="15:00"))
    found = ask(windows=windows)
    here = [w for w in found.plan.windows if w.lot == open_.lot]
    allowed = {"residents": ("20:00", "30:00"), "commuters": ("11:00", "15:00"), "visitors": ("11:00", "15:00")}
    assert here and all((w.start, w.end) == allowed[w.group] for w in here)
    assert {w.day for w in here if w.group == "residents"} <= {"weekday", "weekend"}
    for w in here:
        hours = 10.0 if w.group == "residents" else 4.0
        fee, days = w.fee_cny_per_h, dict(zip(units.DAY_TYPES, city.parking.days_per_year, strict=True))[w.day]
        assert w.revenue_cny == pytest.approx(w.given * hours * fee * city.parking.owner_share * days, rel=1e-4)
    assert found.plan.verified[-1] == "replay"
    assert found.changed.metrics["shared_space_hours"] == found.plan.shared_space_hours
    assert found.plan.value <= ask().plan.bound
    others = [(w.start, w.end) for w in found.plan.windows if w.lot != open_.lot and w.group == "residents"]
    assert not others or set(others) == {("18:00", "32:00")}
