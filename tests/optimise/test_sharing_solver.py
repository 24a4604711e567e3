"""Shared parking: against every plan, its proof recomputed, its stops, what can be reached, bad input."""

from dataclasses import replace

import numpy as np
import pytest
from sharing_cases import made, offers, ruled, spaces, truth

from benchmarks.sharing_instances import case
from network import InputError
from optimise import Cancel, Gap, Seconds, Stop, Work
from optimise.sharing import Permits, solve_sharing, verify_sharing


def free_of_money(problem, lots):
    """Lots and nominal spaces if these open, each as wide as it can be, and what shares already stays."""
    wide = [max((spaces(problem, lot, o) for o in offers(problem, lot)), default=0) for lot in range(problem.lots)]
    useful = np.array([any(any(map(any, o)) for o in offers(problem, lot)) for lot in range(problem.lots)])
    counted = lots & useful
    return int((counted | (problem.already > 0)).sum()), int(np.where(counted, wide, problem.already).sum())


def agrees_with_every_plan(problem):
    best, most = truth(problem)
    found = solve_sharing(problem)
    assert verify_sharing(problem, found).problems == ()
    if best is not None:
        assert (found.status, found.value, found.bound) == ("optimal", best, best)
        return
    rows = {row.within: row for row in found.reachable}
    assert found.status == "infeasible" and all(row.proven for row in found.reachable)
    assert [rows["budget"].lots, rows["budget"].spaces] == most[:2]
    assert rows["budget"].met == (most[2] if problem.met_least else -1)
    assert (rows["all"].lots, rows["all"].spaces) == free_of_money(problem, np.ones(problem.lots, bool))
    if "first tier" in rows:
        assert (rows["first tier"].lots, rows["first tier"].spaces) == free_of_money(problem, problem.tier == 1)


@pytest.mark.parametrize("seed", range(48))
def test_one_day_against_every_plan(seed):
    agrees_with_every_plan(ruled(seed))


@pytest.mark.parametrize("seed", range(24))
def test_two_days_against_every_plan(seed):
    agrees_with_every_plan(ruled(seed, lots=2, days=2))


@pytest.mark.parametrize("seed", range(24))
def test_three_groups_against_every_plan(seed):
    agrees_with_every_plan(ruled(seed, lots=4, groups=3, blocks=1) if seed % 2 else ruled(seed, lots=2, groups=3))


def town(seed=0, lots=12, **rules):
    """A few lots of an old town, with targets that its money is enough for."""
    asked = {"least_lots": 4, "least_spaces": 60, "money": 0.6, "first_tier_thousandths": 500}
    return case(lots, 80, seed, **asked | rules)


@pytest.mark.parametrize("objective", ["met", "walking", "cost"])
def test_a_town_is_solved_to_its_proof(objective):
    problem = town(objective=objective, met_least=70_000 if objective == "cost" else 0)
    found = solve_sharing(problem, Gap(0.01))
    assert verify_sharing(problem, found).problems == ()
    assert found.gap <= 0.01 and found.lots >= 4 and found.spaces >= 60


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_has_a_plan_and_an_honest_gap(stop):
    problem = town(least_lots=0, least_spaces=0)
    whole, short = solve_sharing(problem, Gap(0.01)), solve_sharing(problem, stop)
    assert verify_sharing(problem, short).problems == ()
    assert short.status == "feasible" and 0 < short.value <= whole.bound <= short.bound


def test_a_run_cut_short_before_any_plan_says_that_it_does_not_know():
    problem = town(objective="cost", met_least=100_000)
    short = solve_sharing(problem, Work(0))
    assert short.status == "unknown" and not short.open.any() and short.reachable == ()


def test_a_run_that_is_cancelled_midway_keeps_what_it_has():
    told = []
    problem = town(lots=40)
    found = solve_sharing(problem, Cancel(lambda: len(told) > 1), progress=told.append)
    assert found.status == "feasible" and verify_sharing(problem, found).problems == ()
    assert found.value == told[-1].objective and found.bound == told[-1].bound


def test_the_same_seed_gives_the_same_bytes_and_a_gap_is_kept():
    problem = town(3, lots=16)
    one, two = (solve_sharing(problem, Gap(0.02), seed=3) for _ in range(2))
    assert (
        one.offered.tobytes() == two.offered.tobytes() and one.permits.spaces.tobytes() == two.permits.spaces.tobytes()
    )
    assert (one.value, one.bound, one.seed) == (two.value, two.bound, 3) and one.gap <= 0.02


def test_progress_is_told_and_ends_with_the_answer():
    told = []
    found = solve_sharing(town(), Stop(gap=0.01), 0, told.append)
    assert (told[-1].objective, told[-1].bound) == (found.value, found.bound)


def test_more_money_never_meets_less():
    problems = [town(money=share, least_lots=0, least_spaces=0) for share in (0.1, 0.3, 0.9)]
    found = [solve_sharing(problem, Gap(0.02)) for problem in problems]
    assert found[0].bound < found[1].value and found[1].bound < found[2].value
    assert all(answer.money_fen <= problem.budget_fen for answer, problem in zip(found, problems, strict=True))


def test_no_lot_of_the_second_tier_opens_before_the_first_is_open():
    problem = town(1, first_tier_thousandths=1000, money=0.15, least_lots=0, least_spaces=0)
    found = solve_sharing(problem, Gap(0.01))
    assert found.open.any() and (problem.tier[found.open] == 1).all()
    assert solve_sharing(replace(problem, first_tier_thousandths=0), Gap(0.01)).value > found.bound


@pytest.mark.parametrize("name", ["least_spaces", "least_lots"])
@pytest.mark.parametrize("seed", range(2))
def test_the_largest_that_can_be_reached_can_be_had_and_one_more_cannot(seed, name):
    asked = {"least_lots": 0, "least_spaces": 0} | {name: 100_000}
    problem = town(seed, lots=5, money=0.4, **asked)
    row = next(row for row in solve_sharing(problem).reachable if row.within == "budget")
    most = {"least_spaces": row.spaces, "least_lots": row.lots}[name]
    assert row.proven and most > 0
    had = solve_sharing(replace(problem, **{name: most}), Gap(0.05))
    assert (
        had.status in {"optimal", "feasible"} and verify_sharing(replace(problem, **{name: most}), had).problems == ()
    )
    assert solve_sharing(replace(problem, **{name: most + 1})).status == "infeasible"


def test_the_first_tier_alone_is_told_exactly():
    problem = town(2, lots=6, least_lots=0, least_spaces=100_000)
    row = next(row for row in solve_sharing(problem).reachable if row.within == "first tier")
    alone = replace(problem, allowed=problem.tier == 1, budget_fen=-1, least_lots=0, least_spaces=row.spaces)
    assert solve_sharing(alone, Gap(0.05)).spaces == row.spaces
    assert solve_sharing(replace(alone, least_spaces=row.spaces + 1)).status == "infeasible"


def test_targets_that_can_be_had_one_by_one_only_are_infeasible_together():
    """One cheap small lot and one dear large one, money for either."""
    problem = made(
        0, lots=2, blocks=1, groups=1, wanted=np.array([[[9]]]), pair_first=[np.array([0, 2])],
        pair_lot=[np.array([0, 1])], pair_m=[np.array([1, 1])], row_first=np.array([0, 1, 2]),
        row_active=np.array([1, 1]), row_closed=np.array([0, 0]), table_first=np.array([0, 1, 2]),
        table=np.array([2, 8]), gain_fen=np.zeros((2, 1, 1), int), weight=np.array([[1]]), run_fen=np.array([0, 0]),
        retrofit_fen=np.array([3, 10]), tier=np.array([1, 1]), allowed=np.array([True, True]), budget_fen=12,
        least_lots=2, least_spaces=8,
    )  # fmt: skip
    found = solve_sharing(problem)
    assert found.status == "infeasible"
    assert [(r.within, r.lots, r.spaces) for r in found.reachable] == [("all", 2, 10), ("budget", 1, 8)]
    assert solve_sharing(replace(problem, budget_fen=13)).status == "optimal"


def with_permits(answer, **columns):
    return replace(answer, permits=replace(answer.permits, **columns))


WRONG = {
    "too many permits": lambda p, a: with_permits(a, spaces=a.permits.spaces + 100),
    "out of reach": lambda p, a: with_permits(a, lot=(a.permits.lot + 1) % p.lots),
    "beyond the rows": lambda p, a: replace(a, offered=a.offered * 50),
    "a shut lot offers": lambda p, a: replace(a, open=np.zeros_like(a.open)),
    "an open lot does not": lambda p, a: replace(a, open=np.ones_like(a.open)),
    "the value": lambda p, a: replace(a, value=a.value + 1, bound=a.bound + 1),
    "the bound": lambda p, a: replace(a, bound=a.value - 1),
    "the status": lambda p, a: replace(a, bound=a.value + 1, status="optimal"),
    "the money": lambda p, a: replace(a, money_fen=a.money_fen - 1),
    "the spaces": lambda p, a: replace(a, spaces=a.spaces + 1),
    "the lots": lambda p, a: replace(a, lots=a.lots + 1),
}


@pytest.fixture(scope="module")
def plan():
    return solve_sharing(town(), Gap(0.01))


@pytest.mark.parametrize("name", WRONG)
def test_the_check_finds_what_is_wrong(name, plan):
    problem, found = town(), plan
    assert verify_sharing(problem, found).problems == ()
    assert verify_sharing(problem, WRONG[name](problem, found)).problems


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"budget_fen": 1}, "the budget is 1"),
        ({"least_lots": 13}, "13 wanted"),
        ({"least_spaces": 100_000}, "100000 wanted"),
        ({"met_least": 10**9}, "1000000000 wanted"),
        ({"allowed": np.zeros(12, bool)}, "may not open"),
    ],
    ids=["budget", "lots", "spaces", "met", "allowed"],
)
def test_the_check_finds_what_the_problem_does_not_allow(asked, words, plan):
    assert any(words in problem for problem in verify_sharing(town(**asked), plan).problems)


def test_the_check_finds_a_second_tier_that_opens_first():
    problem = town(1, first_tier_thousandths=0, least_lots=0, least_spaces=0)
    found = solve_sharing(problem, Gap(0.01))
    assert not (found.open[problem.tier == 1]).all() and (found.open[problem.tier == 2]).any()
    wrong = verify_sharing(replace(problem, first_tier_thousandths=1000), found).problems
    assert len(wrong) == 1 and "second tier" in wrong[0]


def test_a_permit_is_for_the_whole_window():
    """Two half-hours of a window with room for one car each, not for the same car: nobody is given a space."""
    row = {"row_active": np.array([1, 1]), "row_closed": np.array([0, 0]), "table": np.array([1, 0])}
    problem = made(
        0, lots=1, blocks=1, groups=1, wanted=np.array([[[1]]]), pair_first=[np.array([0, 1])],
        pair_lot=[np.array([0])], pair_m=[np.array([1])], row_first=np.array([0, 2]), table_first=np.array([0, 1, 2]),
        **row,
    )  # fmt: skip
    found = solve_sharing(problem)
    assert found.status == "optimal" and isinstance(found.permits, Permits) and len(found.permits.lot) == 0


def test_late_cars_count_as_the_table_says_and_not_as_the_line_above_it():
    """One late car takes all room of the next group: two of three worth each, or four of two, never two of both."""
    problem = made(
        0, lots=1, blocks=1, groups=2, wanted=np.array([[[2]], [[4]]]), pair_first=[np.array([0, 1])] * 2,
        pair_lot=[np.array([0])] * 2, pair_m=[np.array([1])] * 2, row_first=np.array([0, 3]),
        row_active=np.array([1, 2, 1]), row_closed=np.array([0, 0, 2]), table_first=np.array([0, 1, 2, 7]),
        table=np.array([4, 4, 4, 0, 0, 0, 0]), weight=np.array([[3], [2]]), allowed=np.array([True]),
    )  # fmt: skip
    found = solve_sharing(problem)
    assert (found.status, found.value, found.offered.tolist()) == ("optimal", 8, [[[0, 4]]])


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ({"run_fen": np.array([1, -2, 3])}, "run_fen[1]"),
        ({"tier": np.array([1, 2, 3])}, "tier[2]"),
        ({"weight": np.array([1, 2])}, "weight"),
        ({"table": np.array([1.5])}, "table"),
        ({"objective": "best"}, "objective"),
        ({"budget_fen": -2}, "budget_fen"),
        ({"first_tier_thousandths": 1001}, "first_tier_thousandths"),
        ({"objective": "walking", "unmet_m": 3}, "pair_m[0]"),
        ({"pair_lot": [np.array([9]), np.array([0])]}, "pair_first[0]"),
        ({"wanted": np.zeros((2, 2))}, "wanted"),
        ({"gain_fen": np.full((2, 1), 2**53)}, "gain_fen"),
    ],
    ids=["negative", "tier", "shape", "whole", "objective", "budget", "share", "walk", "pairs", "axes", "sums"],
)
def test_bad_input_names_the_array_and_the_row(rules, where):
    with pytest.raises(InputError, match=where.replace("[", r"\[").replace("]", r"\]")):
        made(0, **rules)


@pytest.mark.parametrize(
    ("table", "ends", "where"),
    [([1, 2], [0, 2], "table[1]"), ([1], [0, 0], "table_first[0]"), ([2, 1], [0, 2], "table_first[0]")],
    ids=["rising", "empty", "late cars of nobody"],
)
def test_a_table_that_makes_no_sense_is_named(table, ends, where):
    closed = 0 if where == "table_first[0]" and len(table) > 1 else 1
    with pytest.raises(InputError, match=where.replace("[", r"\[").replace("]", r"\]")):
        made(
            0, lots=1, row_first=np.array([0, 1]), row_active=np.array([1]), row_closed=np.array([closed]),
            table_first=np.array(ends), table=np.array(table[: ends[1]], np.int64),
        )  # fmt: skip


def test_the_digest_knows_every_field():
    plain = made(0)
    others = [
        {"objective": "walking"}, {"budget_fen": 3}, {"least_lots": 1}, {"allowed": ~plain.allowed},
        {"table": plain.table + 1}, {"already": plain.already + 1},
        {"pair_m": [plain.pair_m[0] + 1, plain.pair_m[1]]},
    ]  # fmt: skip
    digests = {plain.digest} | {replace(plain, **{"unmet_m": 10} | other).digest for other in others}
    assert len(digests) == len(others) + 1 and made(0).digest == plain.digest
