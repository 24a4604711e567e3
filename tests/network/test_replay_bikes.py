"""Days of shared bikes, ride by ride: against a plain simulation, against what must stay the same, and real numbers."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_bikes import ridden

from network import (
    NO_VANS,
    POINT_COUNTS,
    RIDE_COUNTS,
    SATURATION_RUNS,
    BikeVans,
    FlowRows,
    InputError,
    day_costs,
    days_held,
    flows_at,
    grid_city,
    margin_of,
    model_flows,
    no_bike_points,
    replay_bikes,
    saturation,
    simulate,
    skim,
    units,
    van_leg_s,
)
from network.kernels.replay_bikes import ride_day

SUMS = ("outside_min", "most_outside", "moved", "stops", "street")


@st.composite
def days(draw):
    """Few places and points, riders of a day, and vans that may be short of time."""
    places, points = draw(st.integers(1, 4)), draw(st.integers(0, 4))
    near = st.lists(st.integers(0, points - 1), unique=True, max_size=points) if points else st.just([])
    walks = [draw(near) for _ in range(places)]
    spaces = [draw(st.integers(1, 5)) for _ in range(points)]
    want = [draw(st.integers(0, s)) for s in spaces]
    stock = [draw(st.integers(0, s + 2)) for s in spaces]
    rider = st.tuples(st.integers(0, 14_399), st.integers(0, places - 1), st.integers(0, places - 1))
    riders = sorted((tenth / 10, a, b) for tenth, a, b in draw(st.lists(rider, max_size=40)))
    moments = [*draw(st.sampled_from([[], [600.0], [300.0, 900.0]])), 1440.0]
    seconds = draw(st.sampled_from([0.0, 200.0, 2000.0, np.inf]))
    vans = (seconds, draw(st.integers(1, 6)), 60.0, 10.0, draw(st.sampled_from([0.0, 30.0])))
    return (
        walks,
        spaces,
        stock,
        want,
        riders,
        draw(st.sampled_from([0.0, 12.0, 75.5])),
        draw(st.integers(0, 23)),
        (moments),
        vans,
    )


def by_kernel(walks, spaces, stock, want, riders, ride_min, first_hour, moments, vans):
    first = np.cumsum([0, *map(len, walks)]).astype(np.int64)
    point = np.array([q for near in walks for q in near], np.int64)
    at, start, end = (np.array([r[k] for r in riders], t) for k, t in enumerate((float, np.int64, np.int64)))
    bikes = np.array(stock, np.int64)
    whole = [np.array(x, np.int64) for x in (spaces, want)]
    numbers = np.array(moments), np.array(vans, np.float64)
    found = ride_day(first, point, whole[0], bikes, whole[1], at, start, end, ride_min, first_hour, *numbers)
    return bikes, *found


@given(days())
@settings(max_examples=300, deadline=None)
def test_every_bike_stands_where_the_plain_simulation_says(day):
    stock, counts, seen, sums = by_kernel(*day)
    truth = ridden(*day)
    assert stock.tolist() == truth.stock
    assert counts.tolist() == [[truth.by_hour[name, h] for h in range(24)] for name in RIDE_COUNTS]
    assert seen.tolist() == [[truth.by_point[name, q] for q in range(len(stock))] for name in POINT_COUNTS]
    assert sums[: len(SUMS)] == pytest.approx([truth.sums[name] for name in SUMS], rel=1e-12)


@given(days())
@settings(max_examples=150, deadline=None)
def test_no_bike_comes_from_nowhere_and_every_ride_ends(day):
    before = sum(day[2])
    stock, counts, seen, sums = by_kernel(*day)
    wanted, out, lost, _, returned, left_out, blocked, _ = counts.sum(axis=1)
    assert before == stock.sum() + sums[SUMS.index("street")], "at points and in the street"
    assert returned == wanted - lost
    assert seen[POINT_COUNTS.index("taken")].sum() == wanted - out - lost
    assert seen[POINT_COUNTS.index("left")].sum() == returned - left_out
    assert seen[POINT_COUNTS.index("blocked")].sum() == blocked
    assert (stock >= 0).all()


@given(days())
@settings(max_examples=100, deadline=None)
def test_vans_with_all_the_time_put_everything_back(day):
    *others, vans = day
    stock, *_ = by_kernel(*others, (np.inf, *vans[1:]))
    assert stock.tolist() == day[3]


FAR = (120.6294, 31.3000)
HOURS = np.arange(24)


@pytest.fixture(scope="module")
def city():
    return grid_city(6)


@pytest.fixture(scope="module")
def flows(city):
    return model_flows(city, simulate(city))


def alone(city, pickups, returns):
    """Flows (5, 24) at the points themselves and a far place that the other ends are at; rides take no time."""
    far = 200.0 + np.stack((returns.sum(axis=0), pickups.sum(axis=0)))
    both = [np.concatenate((own, other[None])) for own, other in zip((pickups, returns), far, strict=True)]
    rows = FlowRows(
        id=(*city.bike_points.id.tolist(), "far"),
        lonlat=np.concatenate((city.bike_points.lonlat, [FAR])),
        pickups=np.stack((both[0], both[0])),
        returns=np.stack((both[1], both[1])),
        source="made up",
    )
    rules = replace(city.bike_sharing, ride_min=np.array(0.0), point_trips=np.array(1e6))
    city = replace(city, bike_sharing=rules)
    return city, flows_at(city, rows)


def with_points(city, spaces, bikes):
    points = city.bike_points
    whole = [np.array(np.broadcast_to(x, points.spaces.shape), np.int32) for x in (spaces, bikes)]
    return replace(city, bike_points=replace(points, spaces=whole[0], bikes=whole[1]))


def from_four(flows):
    """(5, 24) from the hour on at which the day begins."""
    return np.roll(flows, -4, axis=1)


def test_a_point_holds_as_often_as_the_chain_says(city):
    """Exact: a point that others do not touch is a chain of births and deaths, left at the first rider without."""
    rng = np.random.default_rng(3)
    pickups, returns = rng.uniform(0, 2, (2, 5, 24))
    city, flows = alone(with_points(city, [12, 16, 20, 24, 28], [4, 8, 12, 12, 20]), pickups, returns)
    found = replay_bikes(city, flows, days=800, nearest=True)
    docks, start = (x.astype(np.int64) for x in (city.bike_points.spaces, city.bike_points.bikes))
    chance = days_held(from_four(pickups), from_four(returns), docks, start)
    assert 0.1 < chance.min() < chance.max() < 0.95
    assert np.abs(found.held_share - chance) == pytest.approx(0, abs=4 * np.sqrt(0.25 / 800))


def test_as_many_rides_are_lost_as_the_chain_says(city):
    """With places for all, exactly the riders that Raviv and Kolka's user dissatisfaction counts."""
    busy = 1.0 + np.sin(HOURS / 24 * 2 * np.pi)
    pickups, returns = np.outer([1.0, 2.0, 2.0, 3.0, 0.5], busy), np.outer([1.0, 1.5, 2.5, 1.0, 1.0], busy[::-1])
    city, flows = alone(with_points(city, 400, 3), pickups, returns)
    found = replay_bikes(city, flows, days=600, nearest=True)
    cost = day_costs(from_four(pickups), from_four(returns), np.full(5, 400))[:, 3]
    lost = found.points[POINT_COUNTS.index("lost")]
    assert lost == pytest.approx(cost, rel=0.06, abs=0.1)
    assert found.a_day("blocked") == 0


def test_room_for_the_imbalance_and_its_margin_covers_what_was_asked_for(city):
    """Range of the cumulative flow and z roots of its variance hold on 95 % of simulated days, whatever the profile."""
    rng, z, held = np.random.default_rng(8), margin_of(0.95), []
    for _ in range(4):
        pickups, returns = rng.gamma(0.7, 2.0, (2, 5, 24))
        returns *= pickups.sum(axis=1, keepdims=True) / returns.sum(axis=1, keepdims=True)
        net = np.cumsum(np.insert(from_four(returns - pickups), 0, 0.0, axis=1), axis=1)
        margin = z * np.sqrt((pickups + returns).sum(axis=1))
        spaces = np.ceil(net.max(axis=1) - net.min(axis=1) + margin)
        points = with_points(city, spaces, np.minimum(np.ceil(margin / 2 - net.min(axis=1)), spaces))
        held.append(replay_bikes(*alone(points, pickups, returns), days=300, nearest=True).held_share)
    assert np.mean(held) >= 0.95
    assert np.min(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)


def test_riders_come_as_the_flows_say(city, flows):
    found = replay_bikes(with_points(city, 500, 250), flows, days=400)
    for name, expected in (("wanted", flows.pickups[0]), ("returned", flows.returns[0])):
        by_hour = expected.sum(axis=0)
        error = np.sqrt(by_hour / 400)
        assert (np.abs(found.counts[RIDE_COUNTS.index(name)] - by_hour) <= 4.5 * error + 1e-9).all()
    assert found.a_day("lost") == found.a_day("blocked") == 0
    weekend = replay_bikes(with_points(city, 500, 250), flows, days=100, day="weekend")
    assert weekend.a_day("wanted") == pytest.approx(flows.pickups[1].sum(), rel=0.03)


def same(a, b):
    return all(np.array_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))


def test_a_seed_is_a_replay_and_the_same_riders_come_to_every_plan(city, flows):
    first, again = (replay_bikes(city, flows, days=20, seed=5) for _ in range(2))
    assert same(first, again)
    assert not same(first, replay_bikes(city, flows, days=20, seed=6))
    others = [
        replay_bikes(city, flows, days=20, seed=5, vans=NO_VANS),
        replay_bikes(city, flows, days=20, seed=5, fleet=3),
        replay_bikes(replace(city, bike_points=no_bike_points()), flows, days=20, seed=5),
    ]
    wanted = RIDE_COUNTS.index("wanted")
    assert all(np.array_equal(first.counts[wanted], other.counts[wanted]) for other in others)
    assert others[2].a_day("out_of_reach") == others[2].a_day("wanted")
    assert others[2].a_day("left_out_of_reach") == others[2].a_day("returned")


def test_vans_with_time_are_as_good_as_all_put_back_and_none_are_worse(city, flows):
    """As many vans as it takes, some, and none."""
    all_back = replay_bikes(city, flows, days=100)
    many, one = (
        replay_bikes(city, flows, days=100, vans=BikeVans(vans=n, hours=h, van_bikes=25, stop_s=120, bike_s=30))
        for n, h in ((50, 8.0), (1, 0.1))
    )
    none = replay_bikes(city, flows, days=100, vans=NO_VANS)
    assert same(all_back, replace(many, stops=all_back.stops)), "with few bikes a van takes no more stops than points"
    assert all_back.held > one.held > none.held
    assert all_back.a_day("blocked") < one.a_day("blocked") < none.a_day("blocked")
    assert 0 < one.moved < all_back.moved
    assert none.moved == none.stops == 0


def test_no_flows_no_riders(city, flows):
    nothing = replace(flows, pickups=np.zeros_like(flows.pickups), returns=np.zeros_like(flows.returns))
    found = replay_bikes(city, nothing, days=3)
    assert not found.counts.any() and not found.points.any() and not found.outside.any()
    assert found.held == 1.0
    assert found.moved == 0
    assert found.fleet == city.bike_points.bikes.sum()


def test_one_more_ride_in_ten_is_where_more_bikes_stop_helping(city, flows):
    """Against every number of bikes, one after another."""
    small = with_points(city, 8, 0)
    curve = saturation(small, flows, days=25, seed=2)
    truth = [replay_bikes(small, flows, days=25, seed=2, fleet=n) for n in range(41)]
    lost = np.array([found.a_day("lost") for found in truth])
    worth = lost + 0.1 * np.arange(41)
    assert curve.places == 40
    assert worth[curve.bikes] <= worth.min() + 0.1
    assert curve.lost.tolist() == lost[curve.fleets].tolist()
    assert curve.blocked.tolist() == [truth[n].a_day("blocked") for n in curve.fleets]
    assert 0 < curve.bikes < 40
    assert len(curve.fleets) <= SATURATION_RUNS
    dear = replace(small, bike_sharing=replace(small.bike_sharing, helps_per_bike=np.array(1e6)))
    assert saturation(dear, flows, days=5).bikes == 0


def test_bikes_go_first_where_they_save_most(city):
    """The point where bikes are taken and none comes gets them all."""
    pickups, returns = np.zeros((2, 5, 24))
    pickups[2], returns[[0, 1, 3, 4]] = 1.0, 0.25
    city, flows = alone(with_points(city, 9, 0), pickups, returns)
    found = replay_bikes(city, flows, days=2, fleet=9)
    assert found.points[POINT_COUNTS.index("taken")].tolist() == [0, 0, 9, 0, 0]
    assert found.fleet == 9


def test_only_the_nearest_point_where_told(city, flows):
    close = replace(city.bike_sharing, walk_m=np.array(400.0))
    city = replace(with_points(city, 5, 2), bike_sharing=close)
    both, nearest = (replay_bikes(city, flows, days=30, nearest=n) for n in (False, True))
    assert both.a_day("from_further") > 0 < both.a_day("left_further")
    assert nearest.a_day("from_further") == nearest.a_day("left_further") == 0
    assert both.a_day("lost") < nearest.a_day("lost")


def test_the_way_to_the_next_stop_is_that_of_the_nearest_next(city):
    touch = city.bike_points.snap
    seconds, left, at, legs = skim(city.roads, touch, touch, units.DRIVE)[0], {1, 2, 3, 4}, 0, []
    while left:
        to = min(left, key=lambda q: seconds[at, q])
        legs.append(seconds[at, to])
        left -= {to}
        at = to
    assert van_leg_s(city) == pytest.approx(np.mean(legs))
    assert min(legs) > 0
    assert van_leg_s(replace(city, bike_points=no_bike_points())) == 0


@pytest.mark.parametrize(
    ("how", "where"),
    [({"days": 1}, "days"), ({"day": "holiday"}, "day"), ({"fleet": 91}, "fleet"), ({"fleet": -1}, "fleet")],
    ids=["days", "day", "more-than-places", "negative"],
)
def test_what_cannot_be_run_is_named(city, flows, how, where):
    with pytest.raises(InputError) as error:
        replay_bikes(city, flows, **how)
    assert [problem.where for problem in error.value.problems] == [where]


def test_flows_from_which_no_bike_comes_back_are_refused(city, flows):
    with pytest.raises(InputError, match="none comes back"):
        replay_bikes(city, replace(flows, returns=np.zeros_like(flows.returns)), days=3)
