from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.demand.calibration import TOLERANCE, calibrated, pivoted, target_shares
from network.errors import InputError

MODES = ("walk", "cycle", "ebike", "bus", "rail", "car", "taxi")
NEST_OF = np.array([0, 0, 0, 1, 1, 2, 2], np.int32)


class Town:
    """People (N) who differ in what they have and like; trips by mode under constants (7), by the written formula."""

    def __init__(self, seed, mu=1.0, spread=1.5, people=300):
        rng = np.random.default_rng(seed)
        self.mu = mu
        self.liking = rng.normal(size=(people, 7)) * spread
        self.has = rng.random((people, 7)) < 0.8
        self.has[:, 0] = True
        self.asked = 0

    def shares(self, constants):
        self.asked += 1
        utility = np.where(self.has, self.liking + constants, -np.inf)
        weight = np.exp((utility - utility.max(axis=1, keepdims=True)) / self.mu)
        inner = np.stack([weight[:, g == NEST_OF].sum(axis=1) for g in range(3)], axis=1)
        nest = np.where(inner > 0, inner**self.mu, 0.0)
        nest /= nest.sum(axis=1, keepdims=True)
        within = np.divide(weight, inner[:, NEST_OF], out=np.zeros_like(weight), where=inner[:, NEST_OF] > 0)
        return within * nest[:, NEST_OF]

    def predict(self, constants):
        return self.shares(constants).mean(axis=0)


def named(shares):
    return dict(zip(MODES, shares.tolist(), strict=True))


@pytest.mark.parametrize("mu", [1.0, 0.5, 0.2])
@pytest.mark.parametrize("spread", [0.3, 1.5, 5.0])
@pytest.mark.parametrize("seed", range(2))
def test_constants_that_made_the_shares_are_found_again(mu, spread, seed):
    town = Town(seed, mu, spread)
    truth = np.random.default_rng(seed + 9).normal(size=7) * 2
    target = town.predict(truth)
    town.asked = 0
    found = calibrated(town.predict, named(target), np.zeros(7), modes=MODES, reference="car")
    assert np.abs(found.shares - target).max() < TOLERANCE
    assert found.worst == np.abs(found.shares - target / target.sum()).max()
    assert found.constants == pytest.approx(truth - truth[5], abs=1e-3)
    assert found.constants[5] == 0.0
    assert town.predict(found.constants) == pytest.approx(found.shares, abs=1e-12)
    assert found.rounds == town.asked - 1 <= 40


def test_people_all_alike_take_one_step():
    """Where all have the same utilities the constants are logarithms of shares."""
    target = np.array([0.28, 0.12, 0.2, 0.08, 0.07, 0.22, 0.03])

    def predict(constants):
        return np.exp(constants) / np.exp(constants).sum()

    found = calibrated(predict, named(target), np.zeros(7), modes=MODES, reference="car")
    assert found.constants == pytest.approx(np.log(target / 0.22), abs=1e-9)
    assert found.rounds == 2


def test_the_answer_does_not_depend_on_the_start_or_on_counting_trips():
    town, target = Town(3), np.full(7, 1 / 7)
    found = calibrated(town.predict, named(target), np.zeros(7), modes=MODES, reference="walk")
    start = np.random.default_rng(0).normal(size=7) * 3
    start[0] = 0.5
    other = calibrated(lambda c: 1e6 * town.predict(c), named(target), start, modes=MODES, reference="walk")
    assert other.constants[0] == 0.5
    assert other.constants - 0.5 == pytest.approx(found.constants, abs=1e-4)
    at_once = calibrated(town.predict, named(target), found.constants, modes=MODES, reference="walk")
    assert at_once.rounds == 1
    assert (at_once.constants == found.constants).all()


def test_a_mode_that_nobody_has_keeps_its_constant():
    town = Town(4)
    town.has[:, 6] = False
    target = {"walk": 0.3, "cycle": 0.1, "ebike": 0.2, "bus": 0.1, "rail": 0.1, "car": 0.2}
    start = np.full(7, -2.0)
    found = calibrated(town.predict, target, start, modes=MODES, reference="car")
    assert found.constants[5] == found.constants[6] == -2.0
    assert found.shares[6] == 0


def problems_of(call):
    with pytest.raises(InputError) as error:
        call()
    return [str(p) for p in error.value.problems]


def test_targets_that_do_not_fit_are_refused():
    town = Town(5)
    town.has[:, 4] = False

    def ask(target, reference="car"):
        return problems_of(lambda: calibrated(town.predict, target, np.zeros(7), modes=MODES, reference=reference))

    even = dict.fromkeys(MODES, 1 / 7)
    assert ask({**even, "walk": 0.3}) == [
        "target shares: the shares sum to 1.15714, not to 1 (is a mode missing or counted twice?)"
    ]
    assert "divide per cents by 100" in ask(dict.fromkeys(MODES, 100 / 7))[0]
    assert ask({**even, "boat": 0.0, "sled": 0.0}) == [
        f"target shares: names an unknown mode '{name}' (known: {', '.join(MODES)})" for name in ("boat", "sled")
    ]
    assert "the share of bus is -0.1" in ask({**even, "bus": -0.1})[0]
    assert "the share of bus is nan" in ask({**even, "bus": float("nan")})[0]
    assert "the target for rail is 0.1429, but no trip can take it" in ask(even)[0]
    found = ask({"walk": 0.5, "car": 0.3, "cycle": 0.2, "taxi": 0.0, "ebike": 0.0})
    assert "the target for ebike is 0" in found[0]
    assert "the target says nothing of bus" in found[1]
    assert "the target for taxi is 0" in found[2]
    assert ask({**even, "rail": 0, "bus": 2 / 7}, "boat")[0].startswith("calibration: the reference 'boat' is unknown")


def test_a_target_beyond_those_who_have_the_mode_is_told():
    town = Town(6)
    town.has[:, 6] = np.arange(300) < 30
    target = {"walk": 0.2, "cycle": 0.1, "ebike": 0.1, "bus": 0.1, "rail": 0.1, "car": 0.1, "taxi": 0.3}
    (found,) = problems_of(lambda: calibrated(town.predict, target, np.zeros(7), modes=MODES, reference="car"))
    assert "taxi has a share of 0.1, the target is 0.3" in found or "taxi has a share of 0.09999" in found
    assert "available to enough trips" in found


def test_a_model_that_gives_no_shares_is_told():
    for wrong in (np.full(7, np.nan), np.zeros(7), np.ones(6)):
        (found,) = problems_of(
            lambda wrong=wrong: calibrated(
                lambda _: wrong, dict.fromkeys(MODES, 1 / 7), np.zeros(7), modes=MODES, reference="car"
            )
        )
        assert "gives no shares" in found


def test_rounded_shares_are_scaled_to_one():
    shares = {"walk": 0.333, "bus": 0.333, "car": 0.333}
    assert target_shares(shares, MODES) == pytest.approx([1 / 3, 0, 0, 1 / 3, 0, 1 / 3, 0])


def test_pivot_as_published(shared):
    case = json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))["pivot_logit"]
    base = np.array(list(case["base"].values()))
    change = np.array([case["delta_u"].get(mode, 0.0) for mode in case["base"]])
    assert pivoted(base, change) == pytest.approx(list(case["new"].values()), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1) | st.just(0.0), min_size=7, max_size=7).filter(lambda x: sum(x) > 1e-3),
    st.lists(st.floats(-20, 20), min_size=7, max_size=7),
    st.floats(-30, 30),
)
def test_laws_of_the_pivot(weights, change, constant):
    base, change = np.array(weights) / sum(weights), np.array(change)
    assert (pivoted(base, np.zeros(7)) == base).all()
    assert (pivoted(base, np.full(7, constant)) == base).all()
    after = pivoted(base, change)
    assert after.sum() == pytest.approx(1)
    assert (after >= 0).all()
    assert pivoted(base, change + constant) == pytest.approx(after, abs=1e-9)
    for k in np.flatnonzero(base):
        better = change.copy()
        better[k] += 0.5
        moved = pivoted(base, better)
        assert moved[k] >= after[k] - 1e-12
        assert (np.delete(moved, k) <= np.delete(after, k) + 1e-12).all()


def test_the_pivot_is_the_model_it_starts_from():
    """Shares after a change, from the shares before: those of the whole model with the change in its utilities."""
    town = Town(7)
    change = np.random.default_rng(1).normal(size=7)
    before, after = town.shares(np.zeros(7)), town.shares(change)
    assert pivoted(before, np.tile(change, (300, 1))) == pytest.approx(after, abs=1e-12)


def test_segments_keep_their_shape_and_closed_modes_lose_all():
    base = np.random.default_rng(2).dirichlet(np.ones(7), size=(2, 3))
    change = np.zeros(base.shape)
    change[1, 2, [0, 1, 2]] = -np.inf
    out = pivoted(base, change)
    assert (out[0] == base[0]).all()
    assert not out[1, 2, :3].any()
    assert out[1, 2].sum() == pytest.approx(1)
    assert out[1, 2, 3:] == pytest.approx(base[1, 2, 3:] / base[1, 2, 3:].sum())


def test_pivots_that_cannot_be_are_refused():
    base, change = np.full((2, 4), 0.25), np.zeros((2, 4))
    short, odd, shut = base.copy(), change.copy(), change.copy()
    short[1, 0], odd[0, 1], shut[1] = 0.2, np.nan, -np.inf
    (found,) = problems_of(lambda: pivoted(short, change))
    assert found == "pivot: the shares of segment (1,) sum to 0.95, not to 1 (leave out segments without trips)"
    assert problems_of(lambda: pivoted(short[1], change[1]))[0].startswith("pivot: the shares sum to 0.95, not to 1")
    assert "not numbers" in problems_of(lambda: pivoted(base, odd))[0]
    assert "closes every mode of 1 segments" in problems_of(lambda: pivoted(base, shut))[0]
    assert "shape" in problems_of(lambda: pivoted(base, change[:1]))[0]
    assert "a share of -0.5" in problems_of(lambda: pivoted(base - [0.75, -0.75, 0, 0], change))[0]
