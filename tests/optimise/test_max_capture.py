"""Maximum capture: against every choice, its cuts, its stop."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from choice_cases import told

from network import InputError
from optimise import Cancel, Gap, Seconds, Stop, Work
from optimise.location.kernels.logit import steps, tangents
from optimise.location.market import Market
from optimise.location.max_capture import _parts, max_capture
from optimise.location.verify_choices import verify_capture


def market(seed, customers, stations, sizes=3, **changes):
    """Customers and stations in a square, each station in some sizes of which one may be built."""
    rng = np.random.default_rng(seed)
    homes, places = rng.random((customers, 2)), rng.random((stations, 2))
    far = np.repeat(np.hypot(*(homes[:, None] - places).transpose(2, 0, 1)), sizes, axis=1)
    on = far < 0.5
    mass = np.exp(-4 * far + np.tile(0.4 * np.arange(sizes), stations))
    cost = np.repeat(rng.integers(3, 9, stations), sizes) * np.tile(np.arange(sizes) + 2, stations)
    numbers = {
        "first": np.concatenate(([0], np.cumsum(on.sum(axis=1)))),
        "site": np.nonzero(on)[1],
        "mass": mass[on],
        "there": np.exp(rng.normal(0, 0.7, customers)),
        "weight": rng.gamma(1, 30, customers),
        "cost": cost,
        "budget": int(0.3 * cost.sum() / sizes),
        "at_most_one": np.repeat(np.arange(stations) * 10, sizes),
    }
    return Market(**numbers | changes)


def nested(m, seed):
    """The market with scales below 1, and customers whose nest is nearly all, a part or nothing of what they have."""
    rng = np.random.default_rng(seed)
    scale = rng.choice([0.3, 0.7, 0.95, 1.0], m.customers)
    part = rng.choice([0.0, 1e-6, 0.2, 0.9], m.customers)
    return replace(m, scale=scale, nest=(part * m.there) ** (1 / scale))


def captured(m, chosen):
    """By how much the share of the other nests falls, customer by customer."""
    trips = []
    for n in range(m.customers):
        pairs = range(m.first[n], m.first[n + 1])
        mass, mu = math.fsum(m.mass[r] for r in pairs if chosen[m.site[r]]), m.scale[n]
        others = m.there[n] - m.nest[n] ** mu
        before, after = (others / (others + y**mu) for y in (m.nest[n], m.nest[n] + mass))
        trips.append(m.weight[n] * (before - after) / before)
    return math.fsum(trips)


def every_choice(m):
    for bits in product((0, 1), repeat=m.sites):
        groups = [g for g, on in zip(m.at_most_one.tolist(), bits, strict=True) if on and g >= 0]
        if np.dot(bits, m.cost) <= m.budget and len(groups) == len(set(groups)):
            yield bits


def small(seed):
    rng = np.random.default_rng(seed)
    sizes = int(rng.integers(1, 4))
    m = market(seed, int(rng.integers(1, 12)), int(rng.integers(1, 9)) // sizes + 1, sizes)
    m = nested(m, seed) if seed % 2 else m
    return m if seed % 3 else replace(m, at_most_one=np.full(m.sites, -1), budget=int(m.cost.sum() * 0.4))


@pytest.mark.parametrize("seed", range(40))
def test_small_markets_against_every_choice(seed):
    m = small(seed)
    truth = math.floor(max(captured(m, bits) for bits in every_choice(m)) * 10)
    found = max_capture(m, stop=Stop(), seed=seed)
    assert (found.objective, found.bound, found.status) == (truth, truth, "optimal"), seed
    assert verify_capture(m, found).problems == (), seed


@pytest.mark.parametrize("seed", range(20))
def test_cuts_hold_at_every_choice_and_touch_at_their_own(seed):
    m = small(seed)
    everything = m.captured(np.ones(m.sites, np.bool_))
    if not everything:
        return
    parts = _parts(m, 1000.0 / everything)
    choices = [np.array(bits, bool) for bits in every_choice(m)]
    for own in choices[:: max(1, len(choices) // 10)]:
        value, slope = tangents(parts.masses, own.astype(float), parts.part, parts.parts)
        step = steps(parts.masses, own, parts.most, parts.part, parts.parts)
        for other in choices:
            truth, _ = tangents(parts.masses, other.astype(float), parts.part, parts.parts)
            move = other.astype(float) - own
            assert (truth <= value + slope @ move + 1e-9).all(), seed
            assert (truth <= value + step @ move + 1e-9).all(), seed
            assert (truth <= parts.ceiling + 1e-9).all(), seed
        assert value.sum() / parts.scale == pytest.approx(captured(m, own), rel=1e-9, abs=1e-9)


def test_captured_trips_rise_ever_less_with_the_mass():
    m = nested(market(6, 50, 4), 6)
    steps = np.linspace(0.0, 3.0, 200)
    by_mass = np.stack([m.captured_by(np.full(50, mass)) for mass in steps])
    assert (np.diff(by_mass, axis=0) >= 0).all()
    assert (np.diff(by_mass, 2, axis=0) <= 1e-12 * m.weight).all()
    assert (by_mass <= m.weight).all()


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_town_is_proven_and_verified(seed, scaled):
    m = market(seed, 300, 9, budget=60)
    m = nested(m, seed) if scaled else m
    found = max_capture(m, stop=Gap(1e-4), seed=seed)
    assert 0 <= found.gap <= 1e-4
    assert verify_capture(m, found, lp_pairs=10**6).problems == ()


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop):
    m = market(1, 200, 8)
    exact, short = max_capture(m, stop=Gap(1e-4)), max_capture(m, stop=stop)
    assert verify_capture(m, short).problems == ()
    assert 0.8 * exact.objective <= short.objective <= exact.bound
    assert exact.objective <= short.bound


def test_same_seed_same_bytes():
    m = market(2, 200, 8)
    runs = [max_capture(m, stop=Gap(1e-4) | Work(2), seed=5) for _ in range(2)]
    assert told(runs[0]) == told(runs[1])


def test_more_money_is_never_worse_and_equal_customers_are_one():
    m = market(3, 60, 5)
    values = [max_capture(replace(m, budget=b), stop=Stop()).objective for b in (0, 20, 40, 10**6)]
    assert values == sorted(values)
    assert values[0] == 0
    whole = market(3, 60, 5, weight=np.full(60, 20.0))
    split = Market(
        first=np.concatenate((whole.first, whole.first[-1] + whole.first[1:])),
        site=np.tile(whole.site, 2),
        mass=np.tile(whole.mass, 2),
        there=np.tile(whole.there, 2),
        weight=np.full(120, 10.0),
        cost=whole.cost,
        budget=whole.budget,
        at_most_one=whole.at_most_one,
    )
    one, other = (max_capture(each, stop=Stop()) for each in (whole, split))
    assert abs(one.objective - other.objective) <= 1
    assert len(_parts(split, 1.0).masses.trips) == len(_parts(whole, 1.0).masses.trips)


def test_wrong_claims_are_found():
    m = market(4, 60, 5)
    found = max_capture(m, stop=Stop())
    for changes, words in (
        ({"objective": found.objective - 2}, "the value is"),
        ({"bound": found.objective - 1}, "wrong side"),
        ({"values": np.ones(m.sites, np.int64)}, "costs"),
        ({"values": np.full(m.sites, 2)}, "not 0 or 1"),
    ):
        assert words in " ".join(verify_capture(m, replace(found, **changes)).problems)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first": [0, 1]}, "Market.first"),
        ({"site": [0, 2, 1]}, r"Market.site\[1\]: is 2"),
        ({"mass": [1.0, 0.0, 1.0]}, r"Market.mass\[1\]: is 0"),
        ({"mass": [1.0, math.inf, 1.0]}, r"Market.mass\[1\]: is inf"),
        ({"there": [0.0, 1.0]}, r"Market.there\[0\]"),
        ({"weight": [1.0, -1.0]}, r"Market.weight\[1\]"),
        ({"cost": [1, -1]}, r"Market.cost\[1\]"),
        ({"budget": -1}, "Market.budget"),
        ({"scale": [1.0, 0.0]}, r"Market.scale\[1\]: is 0"),
        ({"scale": [1.0, 1.5]}, r"Market.scale\[1\]: is 1.5, more than 1"),
        ({"scale": [1.0, 0.5], "nest": [9.0, 9.0]}, r"Market.nest\[1\]: is 9, more than all"),
        ({"nest": [0.0]}, "Market.nest: has 1"),
        ({"at_most_one": [0]}, "Market.at_most_one: has 1"),
    ],
)
def test_bad_input_is_named(changes, words):
    good = {
        "first": [0, 1, 3], "site": [0, 0, 1], "mass": [1.0, 2.0, 3.0], "there": [1.0, 1.0], "weight": [1.0, 2.0],
        "cost": [1, 2], "budget": 3,
    }  # fmt: skip
    with pytest.raises(InputError, match=words):
        Market(**good | changes)


def test_nobody_to_capture_and_progress():
    nobody = Market(first=[0], site=[], mass=np.zeros(0), there=np.zeros(0), weight=np.zeros(0), cost=[1], budget=1)
    assert max_capture(nobody, stop=Stop()).status == "optimal"
    heard = []
    found = max_capture(market(1, 100, 6), stop=Stop(), progress=heard.append)
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)


def test_those_whom_nothing_reaches_are_no_market():
    """Customers without alternatives, and alternatives whose customers make no trips."""
    m = Market(first=[0, 0, 1], site=[0], mass=[1.0], there=[1.0, 1.0], weight=[5.0, 0.0], cost=[1], budget=1)
    found = max_capture(m, stop=Stop())
    assert (found.objective, found.bound, found.status) == (0, 0, "optimal")


def test_the_bound_holds_where_an_alternative_takes_nearly_everybody():
    """Masses from a millionth to two thousand times what exists."""
    m = Market(
        first=[0, 1, 2, 3, 4, 4, 5, 7, 7, 8, 9, 10],
        site=[0, 0, 0, 1, 0, 0, 1, 0, 0, 1],
        mass=[0.0029, 0.018, 5.1e-08, 110.0, 6.1e-05, 530.0, 0.18, 2.3e-06, 9.5, 0.14],
        there=[6.0, 2.2, 0.13, 0.22, 8.4, 3.2, 0.3, 0.66, 1.7, 3.1, 0.77],
        weight=[63.0, 56.0, 28.0, 38.0, 47.0, 62.0, 34.0, 38.0, 29.0, 12.0, 6.6],
        cost=[0, 0],
        budget=0,
        at_most_one=[0, 0],
    )
    truth = math.floor(max(captured(m, bits) for bits in every_choice(m)) * 10)
    found = max_capture(m, stop=Stop())
    assert (found.objective, found.bound) == (truth, truth) == (516, 516)
