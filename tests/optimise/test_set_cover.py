"""Set cover: against every choice, published values, its stop, its reasons."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from choice_cases import every_choice, plane, runs_of, small, told
from scipy.sparse import csr_array

from network import InputError
from optimise import Cancel, Gap, Incumbent, Seconds, Stop, Work
from optimise.location import Group, set_cover
from optimise.location.choices import Choices
from optimise.location.set_cover import cheapest
from optimise.location.verify_choices import verify_set_cover
from optimise.location.verify_siting import verify_cheapest_cover


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
        found = cheapest(choices, cost, need=need, stop=Stop(), seed=seed)
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
    found = cheapest(choices, cost, stop=Stop())
    assert (found.objective, found.status) == (value, "optimal")
    assert verify_set_cover(choices, cost, found).problems == ()


@pytest.mark.parametrize("need", [None, 12_000])
@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop, need):
    choices, cost = plane(1)
    exact = cheapest(choices, cost, need=need, stop=Stop())
    short = cheapest(choices, cost, need=need, stop=stop)
    assert exact.status == "optimal"
    assert verify_set_cover(choices, cost, short, need).problems == ()
    assert short.bound <= exact.objective <= short.objective <= 1.3 * exact.objective
    assert short.bound > 0.3 * exact.objective


def test_same_seed_same_bytes():
    choices, cost = plane(2, 200, 120)
    runs = [cheapest(choices, cost, need=7_000, stop=Gap(0.001) | Work(3), seed=5) for _ in range(2)]
    assert told(runs[0]) == told(runs[1])


def test_less_to_cover_costs_no_more():
    choices, cost = plane(3, 120, 80, 0.15)
    values = [
        cheapest(choices, cost, need=int(share * choices.total_weight), stop=Stop()).objective
        for share in (0, 0.5, 0.8, 0.95, 1)
    ]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] == cheapest(choices, cost, stop=Stop()).objective


def test_existing_columns_cover_for_nothing_and_fill_their_group():
    lists = [[0, 1], [1, 2], [2]]
    cost, there = np.array([1, 1, 5]), [0]
    free = cheapest(Choices(**runs_of(lists), sites=3, existing=there), cost, stop=Stop())
    assert (free.values.tolist(), free.objective) == ([0, 0, 1], 5)
    full = Choices(**runs_of(lists), sites=3, existing=there, at_most_one=[0, -1, 0])
    assert cheapest(full, cost, stop=Stop()).reasons == ("no column that may be chosen covers rows 2",)


def test_reasons_name_the_rows_or_what_can_be_reached():
    lists = [[0], [], [1], [2]]
    choices = Choices(**runs_of(lists), sites=3, forbidden=[2], weight=[5, 1, 4, 2])
    assert cheapest(choices, [1, 1, 1], stop=Stop()).reasons == ("no column that may be chosen covers rows 1, 3",)
    found = cheapest(choices, [1, 1, 1], need=10, stop=Stop())
    assert found.reasons == ("10 of 12 are to be covered, at most 9 can be",)
    rivals = Choices(**runs_of([[0], [1], [2]]), sites=3, at_most_one=[4, 4, -1])
    found = cheapest(rivals, [1, 1, 1], stop=Stop())
    assert found.reasons == ("3 of 3 are to be covered, at most 2 can be by columns that go together",)
    claim = Incumbent(np.zeros(3, np.int64), 0, 0, "infeasible", "x", 0.0)
    assert verify_set_cover(choices, [1, 1, 1], claim, 9).problems


def test_wrong_claims_are_found():
    choices, cost = plane(4, 60, 40, 0.2)
    found = cheapest(choices, cost, stop=Stop())
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
        cheapest(Choices(**runs_of([[0], [1]]), sites=2), cost, need=need, stop=Stop())


def test_nothing_to_cover_and_progress():
    assert cheapest(Choices(first=[0], site=[], sites=0), [], stop=Stop()).status == "optimal"
    choices, cost = plane(1)
    heard = []
    found = cheapest(choices, cost, stop=Stop(), progress=heard.append)
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)


@pytest.mark.parametrize("rule", [{"at_most_one": [-1, 1, 1, -1, 1, -1]}, {"apart": [[1, 2], [4, 1], [2, 4]]}])
def test_a_column_that_excludes_more_stands_in_for_none(rule):
    lists = [[0, 1], [1, 3], [2, 4], [2, 5], [4, 5]]
    found = cheapest(Choices(**runs_of(lists), sites=6, **rule), [2, 1, 1, 1, 1, 1], stop=Stop())
    assert (found.objective, found.status) == (5, "optimal")


def ruled(seed):
    """A small case of the public face, with every rule now and then."""
    rng = np.random.default_rng(seed + 3000)
    rows, sites = int(rng.integers(1, 9)), int(rng.integers(1, 8))
    covers = csr_array(rng.random((rows, sites)) < 0.5)
    there = rng.random(sites) < (0.15 if seed % 2 else 0.0)
    banned = ~there & (rng.random(sites) < (0.15 if seed % 3 == 0 else 0.0))
    asked = {"existing": np.flatnonzero(there), "forbidden": np.flatnonzero(banned)}
    if seed % 4:
        members = [np.flatnonzero(rng.random(sites) < 0.5) for _ in range(2)]
        least = int(rng.integers(0, 3))
        asked["groups"] = [Group(members[0], most=1 + seed % 2), Group(members[1], least=least)]
    if seed % 4 == 3:
        asked |= {"price": rng.integers(0, 9, sites), "budget": float(rng.integers(0, 25))}
    if seed % 3 == 1:
        asked |= {"weight": rng.integers(0, 9, rows)}
        asked["need"] = int(0.7 * asked["weight"].sum())
    return covers, rng.integers(0, 9, sites) if seed % 5 else None, asked


def ruled_truth(covers, cost, asked):
    best, (rows, sites) = None, covers.shape
    dense, cost = covers.toarray(), np.ones(sites, int) if cost is None else cost
    weight = np.broadcast_to(asked.get("weight", 1), rows)
    there, banned = set(asked["existing"].tolist()), set(asked["forbidden"].tolist())
    for bits in product((0, 1), repeat=sites):
        on = {j for j in range(sites) if bits[j]}
        counts = [(len(on & set(g.sites.tolist())), g) for g in asked.get("groups", ())]
        if not there <= on or on & banned:
            continue
        if any(n < g.least or (g.most is not None and n > g.most) for n, g in counts):
            continue
        if "budget" in asked and sum(asked["price"][j] for j in on - there) > asked["budget"]:
            continue
        met = dense[:, sorted(on)].any(axis=1)
        if met.all() if "need" not in asked else weight[met].sum() >= asked["need"]:
            value = sum(int(cost[j]) for j in on - there)
            best = value if best is None else min(best, value)
    return best


@pytest.mark.parametrize("seed", range(80))
def test_rules_against_every_choice(seed):
    covers, cost, asked = ruled(seed)
    best = ruled_truth(covers, cost, asked)
    found = set_cover(covers, cost, **asked, seed=seed)
    assert verify_cheapest_cover(covers, cost, found, **asked).problems == ()
    if best is None:
        assert found.status == "infeasible" and found.conflicts
    else:
        assert (found.objective, found.bound, found.status) == (best, best, "optimal")


def test_a_stop_is_heeded_where_groups_leave_the_greedy_choice_empty_handed():
    lists = [[0, 2], [1, 3], [2, 3]]
    covers = csr_array(np.array([[j in row for j in range(4)] for row in lists]))
    asked = {"groups": [Group([0, 3], most=1), Group([1, 2], most=1), Group([2, 3], least=1)]}
    assert set_cover(covers, [1, 1, 1, 1], **asked).status == "optimal"
    for stop in (Seconds(0), Cancel(lambda: True)):
        found = set_cover(covers, [1, 1, 1, 1], **asked, stop=stop)
        assert found.status in {"unknown", "feasible", "optimal"}
        assert (found.status == "unknown") == (len(found.open) == 0)
        assert verify_cheapest_cover(covers, [1, 1, 1, 1], found, **asked).problems == ()


def test_the_face_names_rows_that_nothing_covers_and_bad_input():
    covers = csr_array(np.array([[1, 0], [0, 0], [0, 1]]))
    assert set_cover(covers).conflicts == ("no column that may be chosen covers rows 1",)
    full = csr_array(np.ones((3, 2)))
    for asked, words in (
        ({"cost": [1.5, 2]}, "cost: is not a row of whole"),
        ({"cost": [1, -1]}, r"cost\[1\]"),
        ({"weight": [1, 2]}, "weight"),
        ({"existing": [2]}, r"existing\[0\]"),
        ({"price": [1, 1]}, "budget: needs price"),
    ):
        with pytest.raises(InputError, match=words):
            set_cover(full, **asked)
