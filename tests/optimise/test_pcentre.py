"""p_centre: against every choice of sites, published values, its stop, its reasons."""

from dataclasses import replace

import numpy as np
import pytest
from cases import or_library
from median_cases import least_max, plane, published, small, told

from network import InputError
from optimise import Cancel, Seconds, Work
from optimise.location import Group, p_centre
from optimise.location.verify_location import verify_p_centre


@pytest.mark.parametrize("rules", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_small_centres_against_every_choice(seed, rules):
    cost, p, options = small(seed, rules=rules)
    found, best = p_centre(cost, p, seed=seed, **options), least_max(cost, p, **options)
    assert verify_p_centre(cost, p, found, **options).problems == (), seed
    if np.isfinite(best):
        assert (found.objective, found.bound, found.status) == (best, best, "optimal"), seed
    else:
        assert found.status == "infeasible" and found.conflicts, seed


@pytest.mark.parametrize("name", [f"pmed{k}" for k in range(1, 21)])
def test_published_centres(shared, name):
    distance, p = or_library(shared / "bench" / "pmedian" / f"{name}.txt")
    found = p_centre(distance, p)
    assert (found.objective, found.bound, found.status) == (*[published(shared, "pcenter")[name]] * 2, "optimal")
    assert verify_p_centre(distance, p, found).problems == ()


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop):
    cost = plane(1)
    exact, short = p_centre(cost, 8), p_centre(cost, 8, stop=stop)
    assert exact.status == "optimal"
    assert verify_p_centre(cost, 8, exact).problems == ()
    assert verify_p_centre(cost, 8, short).problems == ()
    assert short.bound <= exact.objective <= short.objective


def test_same_seed_same_bytes():
    cost = plane(2, 200, 200)
    assert told(p_centre(cost, 12, stop=Work(0.1), seed=3)) == told(p_centre(cost, 12, stop=Work(0.1), seed=3))


def test_more_sites_bring_nobody_further():
    cost = plane(3, 80, 60)
    values = [p_centre(cost, p).objective for p in (1, 2, 4, 8, 20, 60)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == cost.min(axis=1).max()


def test_floors_by_area_are_groups():
    cost = plane(4, 50, 20)
    floor = [Group(range(5), least=2, name="north")]
    found = p_centre(cost, 4, groups=floor)
    assert found.status == "optimal" and (found.open < 5).sum() >= 2
    assert found.objective >= p_centre(cost, 4).objective
    assert verify_p_centre(cost, 4, found, groups=floor).problems == ()


def test_reasons_and_wrong_claims():
    cost = np.array([[1.0, np.inf], [np.inf, 1.0]])
    assert p_centre(cost, 1).conflicts == (
        "at most 1 open sites", "demand point 0 is served", "demand point 1 is served",
    )  # fmt: skip
    cost = np.rint(plane(5, 30, 15))
    found = p_centre(cost, 3)
    for changes, words in (
        ({"objective": found.objective - 1}, "the value is"),
        ({"bound": found.objective + 1}, "below the bound"),
        ({"status": "feasible"}, "status"),
    ):
        assert words in " ".join(verify_p_centre(cost, 3, replace(found, **changes)).problems)


@pytest.mark.parametrize(("changes", "words"), [({"p": 3}, "only 2"), ({"cost": [[1, np.nan]]}, r"cost\[0, 1\]")])
def test_bad_input_is_named(changes, words):
    with pytest.raises(InputError, match=words):
        p_centre(**{"cost": [[1, 2], [3, 4]], "p": 1} | changes)
