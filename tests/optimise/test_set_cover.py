"""Set cover: against every choice, published values, its stop, its reasons."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from choice_cases import every_choice, plane, runs_of, small, told

from network import InputError
from optimise import Cancel, Gap, Incumbent, Seconds, Stop, Work
from optimise.location.choices import Choices
from optimise.location.set_cover import set_cover
from optimise.location.verify_choices import verify_set_cover


def costs(seed, choices):
    return np.random.default_rng(seed + 1000).integers(0, 6, choices.sites)


def truth(choices, cost, need=None):
    """Least cost, and the most weight that can be covered."""
    weight = np.ones(choices.rows, int) if need is None else choices.weight
    goal = choices.rows if need is None else need
    best, most = None, 0
    for bits, rows in every_choice(choices):
        covered, money = int(weight[rows].sum()), int(np.dot(bits, cost))
        most = max(most, covered)
        if covered >= goal and (best is None or money < best):
            best = money
    return best, most


@pytest.mark.parametrize("seed", range(60))
def test_small_covers_against_every_choice(seed):
    choices = small(seed, whole=seed % 7 != 0)
    cost = costs(seed, choices)
    for need in (None, int(0.7 * choices.total_weight)):
        best, most = truth(choices, cost, need)
        found = set_cover(choices, cost, need=need, stop=Stop(), seed=seed)
        assert verify_set_cover(choices, cost, found, need).problems == (), (seed, need)
        if best is None:
            assert found.status == "infeasible", (seed, need)
            if need is not None:
                assert f"at most {most} can be" in found.reasons[0], (seed, need)
        else:
            assert (found.objective, found.bound, found.status) == (best, best, "optimal"), (seed, need)


def steiner(times):
    """Steiner triple system of 3^times points: triples of vectors over Z3 that add up to zero."""
    points = list(product(range(3), repeat=times))
    at = {p: k for k, p in enumerate(points)}
    triples = set()
    for p, q in combinations(points, 2):
        r = tuple((-a - b) % 3 for a, b in zip(p, q, strict=True))
        triples.add(tuple(sorted((at[p], at[q], at[r]))))
    return [list(t) for t in sorted(triples)], len(points)


def queens(n):
    """The squares that each square of a board is attacked from."""
    squares = list(product(range(n), repeat=2))
    return [
        [k for k, (c, d) in enumerate(squares) if a == c or b == d or abs(a - c) == abs(b - d)] for a, b in squares
    ], n * n


def code(n):
    """Words of n bits within one change of each word."""
    return [sorted({w, *(w ^ (1 << b) for b in range(n))}) for w in range(2**n)], 2**n


@pytest.mark.parametrize(
    ("case", "value"),
    [(steiner(2), 5), (steiner(3), 18), (queens(8), 5), (queens(9), 5), (code(4), 4), (code(5), 7), (code(6), 12)],
    ids=["STS9", "STS27", "queens8", "queens9", "K(4,1)", "K(5,1)", "K(6,1)"],
)
def test_published_values(case, value):
    """Fulkerson, Nemhauser & Trotter 1974 (doi:10.1007/BFb0120689); OEIS A075458; Cohen et al., Covering Codes."""
    lists, sites = case
    choices, cost = Choices(**runs_of(lists), sites=sites), np.ones(sites, int)
    found = set_cover(choices, cost, stop=Stop())
    assert (found.objective, found.status) == (value, "optimal")
    assert verify_set_cover(choices, cost, found).problems == ()


@pytest.mark.parametrize("need", [None, 12_000])
@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop, need):
    choices, cost = plane(1)
    exact = set_cover(choices, cost, need=need, stop=Stop())
    short = set_cover(choices, cost, need=need, stop=stop)
    assert exact.status == "optimal"
    assert verify_set_cover(choices, cost, short, need).problems == ()
    assert short.bound <= exact.objective <= short.objective <= 1.3 * exact.objective
    assert short.bound > 0.3 * exact.objective


def test_same_seed_same_bytes():
    choices, cost = plane(2, 200, 120)
    runs = [set_cover(choices, cost, need=7_000, stop=Gap(0.001) | Work(3), seed=5) for _ in range(2)]
    assert told(runs[0]) == told(runs[1])


def test_less_to_cover_costs_no_more():
    choices, cost = plane(3, 120, 80, 0.15)
    values = [
        set_cover(choices, cost, need=int(share * choices.total_weight), stop=Stop()).objective
        for share in (0, 0.5, 0.8, 0.95, 1)
    ]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] == set_cover(choices, cost, stop=Stop()).objective


def test_existing_columns_cover_for_nothing_and_fill_their_group():
    lists = [[0, 1], [1, 2], [2]]
    cost, there = np.array([1, 1, 5]), [0]
    free = set_cover(Choices(**runs_of(lists), sites=3, existing=there), cost, stop=Stop())
    assert (free.values.tolist(), free.objective) == ([0, 0, 1], 5)
    full = Choices(**runs_of(lists), sites=3, existing=there, at_most_one=[0, -1, 0])
    assert set_cover(full, cost, stop=Stop()).reasons == ("no column that may be chosen covers rows 2",)


def test_reasons_name_the_rows_or_what_can_be_reached():
    lists = [[0], [], [1], [2]]
    choices = Choices(**runs_of(lists), sites=3, forbidden=[2], weight=[5, 1, 4, 2])
    assert set_cover(choices, [1, 1, 1], stop=Stop()).reasons == ("no column that may be chosen covers rows 1, 3",)
    found = set_cover(choices, [1, 1, 1], need=10, stop=Stop())
    assert found.reasons == ("10 of 12 are to be covered, at most 9 can be",)
    rivals = Choices(**runs_of([[0], [1], [2]]), sites=3, at_most_one=[4, 4, -1])
    found = set_cover(rivals, [1, 1, 1], stop=Stop())
    assert found.reasons == ("3 of 3 are to be covered, at most 2 can be by columns that go together",)
    claim = Incumbent(np.zeros(3, np.int64), 0, 0, "infeasible", "x", 0.0)
    assert verify_set_cover(choices, [1, 1, 1], claim, 9).problems


def test_wrong_claims_are_found():
    choices, cost = plane(4, 60, 40, 0.2)
    found = set_cover(choices, cost, stop=Stop())
    for changes, words in (
        ({"objective": found.objective - 1}, "the value is"),
        ({"bound": found.objective + 1}, "wrong side"),
        ({"values": np.zeros(40, np.int64)}, "are wanted"),
        ({"values": np.full(40, 2)}, "not 0 or 1"),
        ({"status": "feasible"}, "status"),
    ):
        assert words in " ".join(verify_set_cover(choices, cost, replace(found, **changes)).problems)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first": [0, 1]}, "Choices.first"),
        ({"site": [0, 3, 1]}, r"Choices.site\[1\]: is 3"),
        ({"site": [0, 1, 1]}, r"Choices.site\[2\]: does not rise"),
        ({"weight": [1]}, "Choices.weight: has 1 rows"),
        ({"weight": [1, -2]}, r"Choices.weight\[1\]: is -2"),
        ({"weight": [1.5, 2]}, "Choices.weight: is not a row of whole numbers"),
        ({"at_most_one": [0, -2, 0]}, r"Choices.at_most_one\[1\]"),
        ({"existing": [3]}, r"Choices.existing\[0\]"),
        ({"existing": [0], "forbidden": [0]}, "already"),
        ({"existing": [0, 1], "at_most_one": [5, 5, -1]}, "group 5"),
        ({"apart": [[1, 1]]}, "twice"),
        ({"apart": [[0, 1, 2]]}, "rows of 2"),
    ],
)
def test_bad_input_is_named(changes, words):
    with pytest.raises(InputError, match=words):
        Choices(**{"first": [0, 1, 3], "site": [0, 1, 2], "sites": 3} | changes)


@pytest.mark.parametrize(
    ("cost", "need", "words"), [([1], None, "cost: has 1"), ([1, -1], None, r"cost\[1\]"), ([1, 1], -1, "need")]
)
def test_bad_costs_are_named(cost, need, words):
    with pytest.raises(InputError, match=words):
        set_cover(Choices(**runs_of([[0], [1]]), sites=2), cost, need=need, stop=Stop())


def test_nothing_to_cover_and_progress():
    assert set_cover(Choices(first=[0], site=[], sites=0), [], stop=Stop()).status == "optimal"
    choices, cost = plane(1)
    heard = []
    found = set_cover(choices, cost, stop=Stop(), progress=heard.append)
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)


@pytest.mark.parametrize("rule", [{"at_most_one": [-1, 1, 1, -1, 1, -1]}, {"apart": [[1, 2], [4, 1], [2, 4]]}])
def test_a_column_that_excludes_more_stands_in_for_none(rule):
    lists = [[0, 1], [1, 3], [2, 4], [2, 5], [4, 5]]
    found = set_cover(Choices(**runs_of(lists), sites=6, **rule), [2, 1, 1, 1, 1, 1], stop=Stop())
    assert (found.objective, found.status) == (5, "optimal")
