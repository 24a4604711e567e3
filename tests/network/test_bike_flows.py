"""Rides of the demand model in places and hours: what is conserved, by plain loops, and days that points hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import (
    AddBikePoint,
    AddStationParking,
    FlowRows,
    InputError,
    Scenario,
    bike_walks,
    days_held,
    flows_at,
    grid_city,
    local_metres,
    margin_of,
    model_flows,
    simulate,
    snap,
    travel_times,
    units,
)
from network.demand.bike_flows import bike_rides, bike_ways
from network.demand.day import hours
from network.travel.bike_cover import ride_places

CYCLE, RIDE = units.TRIP_CYCLE, units.TRIP_BIKE_RIDE


@pytest.fixture(scope="module")
def city():
    racks = (AddStationParking(station=f"station/{i}", racks=200) for i in range(4))
    grid = grid_city(8, seed=2)
    lon, lat = grid.transit.stations.entrance_lonlat[2].tolist()
    return Scenario(edits=(*racks, AddBikePoint(id="rail", lon=lon, lat=lat, spaces=20))).apply(grid)


@pytest.fixture(scope="module")
def outcome(city):
    return simulate(city)


@pytest.fixture(scope="module")
def flows(city, outcome):
    return model_flows(city, outcome)


def rules_with(city, **numbers):
    arrays = {name: np.asarray(value, np.float64) for name, value in numbers.items()}
    return replace(city, bike_sharing=replace(city.bike_sharing, **arrays))


def rides(city, outcome):
    return bike_rides(city, outcome.trips_from, outcome.trips_to, outcome.entrance_bikes)


def test_each_purpose_leads_as_much_away_as_back(city):
    away, back = bike_ways(city)
    assert away.sum(axis=1) == pytest.approx(0.5)
    assert back.sum(axis=1) == pytest.approx(0.5)
    assert away + back == pytest.approx(hours(city))
    assert min(away.min(), back.min()) >= 0


@pytest.mark.parametrize("out", [0.0, 0.2, 1.0])
def test_ways_are_even_whatever_the_hours_say(city, out):
    share = np.full((5, 24), out)
    share[:, :9] = 1.0 - out
    away, back = bike_ways(rules_with(city, out_share=share))
    assert away.sum(axis=1) == pytest.approx(0.5)
    assert back.sum(axis=1) == pytest.approx(0.5)


def plain_rides(city, outcome):
    """The same trip by trip end, in loops."""
    b, (away, back) = city.bike_sharing, bike_ways(city)
    zones, entrances = len(city.zones.id), len(outcome.entrance_bikes)
    out = [np.zeros((n, 24)) for n in (zones, zones, entrances, entrances)]
    part = float(b.ride_min) / 60

    def ride(rides, hour, start, end):
        start[hour] += rides
        end[hour] += rides * (1 - part)
        end[(hour + 1) % 24] += rides * part

    nowhere = np.zeros(24)
    share = outcome.entrance_bikes / outcome.entrance_bikes.sum()
    for u, h, z in np.ndindex(5, 24, zones):
        shared = float(b.shared_share)
        made, drawn = shared * outcome.trips_from[u, CYCLE, z], shared * outcome.trips_to[u, CYCLE, z]
        legs = float(b.ride_shared_share) * outcome.trips_from[u, RIDE, z]
        ride((made + legs) * away[u, h], h, out[0][z], nowhere)
        ride(drawn * away[u, h], h, nowhere, out[1][z])
        ride(drawn * back[u, h], h, out[0][z], nowhere)
        ride((made + legs) * back[u, h], h, nowhere, out[1][z])
        for a in np.flatnonzero(share):
            ride(legs * share[a] * back[u, h], h, out[2][a], nowhere)
            ride(legs * share[a] * away[u, h], h, nowhere, out[3][a])
    return out


def test_rides_are_those_of_plain_loops(city, outcome):
    for found, plain in zip(rides(city, outcome), plain_rides(city, outcome), strict=True):
        assert found == pytest.approx(plain)


def test_no_bike_is_made_or_lost(city, outcome, flows):
    found, modes = rides(city, outcome), outcome.trips_from.sum(axis=(0, 2))
    b = city.bike_sharing
    total = float(b.shared_share) * modes[CYCLE] + float(b.ride_shared_share) * modes[RIDE]
    assert found.pickups.sum() + found.entrance_pickups.sum() == pytest.approx(total)
    assert found.returns.sum(axis=1) == pytest.approx(found.pickups.sum(axis=1))
    assert found.entrance_returns.sum(axis=1) == pytest.approx(found.entrance_pickups.sum(axis=1))
    assert flows.pickups.sum(axis=(1, 2)) == pytest.approx(total * b.day_factor)
    assert flows.returns.sum(axis=(1, 2)) == pytest.approx(total * b.day_factor)
    assert outcome.metrics["shared_bike_trips_per_day"] == pytest.approx(total * b.day_factor[0])
    by_zone = np.zeros((len(city.zones.id), 24))
    np.add.at(by_zone, flows.zone[flows.station < 0], flows.pickups[0, flows.station < 0])
    assert by_zone == pytest.approx(found.pickups * b.day_factor[0])


def test_homes_lose_bikes_in_the_morning_and_offices_gain_them(city, outcome):
    homes = replace(city, zones=replace(city.zones, jobs=np.where(city.zones.residents > 0, city.zones.jobs, 0.0)))
    found = rides(homes, outcome)
    net = np.cumsum(found.returns - found.pickups, axis=1)
    balance = city.zones.residents / city.zones.residents.sum() - city.zones.jobs / city.zones.jobs.sum()
    assert np.corrcoef(balance, net[:, 9])[0, 1] < -0.8
    assert np.corrcoef(balance, net[:, 9] - net[:, 23])[0, 1] < -0.8
    assert net[:, 23] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", ["shared_share", "ride_shared_share"])
def test_half_the_share_is_half_the_rides(city, outcome, name):
    other = "ride_shared_share" if name == "shared_share" else "shared_share"
    alone = rules_with(city, **{other: 0.0})
    half = rules_with(alone, **{name: float(getattr(city.bike_sharing, name)) / 2})
    whole, part = (model_flows(rules_with(c, point_trips=1e9), outcome) for c in (alone, half))
    assert part.pickups == pytest.approx(whole.pickups / 2)
    assert part.returns == pytest.approx(whole.returns / 2)
    assert whole.pickups.sum() > 0


def test_what_has_many_rides_is_split(city, outcome):
    few, many = (model_flows(rules_with(city, point_trips=n), outcome) for n in (2.0, 1e9))
    assert (few.pickups + few.returns).sum(axis=2).max() <= 2.0 + 1e-9
    assert few.pickups.sum() == pytest.approx(many.pickups.sum())
    assert len(few.id) > len(many.id)
    assert len(set(few.id.tolist())) == len(few.id)


def test_places_lie_on_streets_apart_and_share_the_zone(city):
    places, gap = ride_places(city), float(city.bike_sharing.kerb_gap_m)
    assert np.bincount(places.zone, places.share) == pytest.approx(1)
    assert snap(city.roads, places.lonlat).off_m[units.WALK].max() < 0.01
    squares = np.floor(local_metres(places.lonlat, 31.0) / gap)
    assert len(np.unique(squares, axis=0)) == len(places.zone)
    walkable = city.roads.length_m[city.roads.beside].sum()
    kerb = rules_with(city)
    every = replace(kerb, bike_sharing=replace(kerb.bike_sharing, kerb_classes=np.unique(city.roads.way_class)))
    assert ride_places(every).kerb_m.sum() == pytest.approx(walkable)


def test_a_zone_without_streets_is_a_place_by_itself(city):
    far = city.zones.lonlat.copy()
    far[7] = [120.65, 31.33]
    places = ride_places(replace(city, zones=replace(city.zones, lonlat=far)))
    own = places.zone == 7
    assert own.sum() == 1
    assert places.lonlat[own][0] == pytest.approx(far[7])
    assert places.share[own] == [1.0]


def test_the_covered_share_is_that_of_the_flows(city, outcome, flows):
    points = city.bike_points
    first, _, metres = bike_walks(city, flows, points.lonlat, points.snap)
    ends = (flows.pickups + flows.returns)[0].sum(axis=1)
    covered = ends[np.diff(first) > 0].sum() / ends.sum()
    assert 0.05 < covered < 0.9
    assert np.diff(first)[flows.station >= 0].any()
    assert outcome.metrics["bike_trips_covered_share"] == pytest.approx(covered)
    assert metres.max() <= city.bike_sharing.walk_m


def test_travel_keeps_the_cover_while_points_stay(city):
    travel = travel_times(city)
    far = rules_with(city, walk_m=400.0)
    assert travel_times(far, travel).bikes.zone_share.sum() > travel.bikes.zone_share.sum()
    assert travel_times(rules_with(city, turnover=9.0), travel).bikes is travel.bikes


def at(lonlat, *, name="here", pickups=10.0):
    day = np.full((2, 1, 24), pickups / 24)
    return FlowRows(id=(name,), lonlat=np.array([lonlat]), pickups=day, returns=day, source="a table")


def test_given_flows_stay_where_they_are(city):
    entrance = city.transit.stations.entrance_lonlat[3]
    beside = flows_at(city, at(entrance + np.array([0.0003, 0.0])))
    away = flows_at(city, at(entrance + np.array([0.002, 0.0])))
    assert (beside.station.tolist(), away.station.tolist()) == ([1], [-1])
    assert beside.pickups.sum() == pytest.approx(20.0)
    split = flows_at(city, at(entrance, pickups=200.0))
    assert split.id.tolist() == [f"here+{n}" for n in range(7)]
    assert split.pickups.sum(axis=(1, 2)) == pytest.approx([200.0, 200.0])
    assert flows_at(city, at(entrance, pickups=0.0)).id.tolist() == []


def test_a_station_is_served_by_its_entrance_if_anything_is(city):
    entrance = city.transit.stations.entrance_lonlat[3]
    flow = flows_at(city, at(entrance))
    points = entrance + np.array([[0.0002, 0.0], [0.001, 0.0], [0.01, 0.0]])
    both = bike_walks(city, flow, points, snap(city.roads, points))
    farther = bike_walks(city, flow, points[1:], snap(city.roads, points[1:]))
    assert (both[0].tolist(), both[1].tolist()) == ([0, 1], [0])
    assert (farther[0].tolist(), farther[1].tolist()) == ([0, 1], [0])
    assert both[2][0] <= 50 < farther[2][0]


def test_all_that_is_wrong_with_a_table_is_said(city):
    good = at(city.zones.lonlat[0])
    day = np.concatenate((good.pickups, -good.pickups, good.pickups * np.nan, good.pickups), axis=1)
    rows = FlowRows(
        id=("a", "b", "c", "a"), lonlat=np.array([[31.3, 120.62], *city.zones.lonlat[:3]]), pickups=day,
        returns=np.abs(day), source="a table",
    )  # fmt: skip
    with pytest.raises(InputError) as error:
        flows_at(city, rows)
    text = str(error.value)
    assert "lon and lat look swapped" in text
    assert text.count("negative or no number") == 2
    assert "'a': come twice" in text
    with pytest.raises(InputError, match="not of 4 places"):
        flows_at(city, replace(rows, pickups=day[:, :2]))


@pytest.mark.parametrize(
    ("share", "half"), [(0.5, 1.1492), (0.8, 1.6449), (0.9, 1.9600), (0.95, 2.2414), (0.99, 2.8070)]
)
def test_the_margin_is_that_of_the_tables(share, half):
    """Quantiles of max |W|; near 1 they are those of the normal distribution at a quarter of what is left."""
    assert margin_of(share) / 2 == pytest.approx(half, abs=2e-3)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_a_margin_of_no_share_is_refused(share):
    with pytest.raises(InputError, match="days_covered"):
        margin_of(share)


def held_by_chance(pickups, returns, docks, start, rng, days=20_000):
    """Share of days without a loss, by drawing: events in an hour come in a random order."""
    bikes, fine = np.full(days, start), np.ones(days, bool)
    for gone, come in zip(pickups, returns, strict=True):
        events = rng.poisson(gone + come, days)
        for k in range(events.max()):
            now = events > k
            step = np.where(rng.random(days) * (gone + come) < gone, -1, 1)
            bikes = bikes + step * now
            fine &= (bikes >= 0) & (bikes <= docks)
    return fine.mean()


def test_days_held_are_those_that_chance_holds():
    rng = np.random.default_rng(3)
    docks, start = np.array([1, 6, 15, 30, 12]), np.array([1, 2, 9, 12, 6])
    pickups, returns = rng.gamma(1.0, 0.6, (5, 24)), rng.gamma(1.0, 0.6, (5, 24))
    pickups[3, 8], returns[3, 8] = 90.0, 88.0
    pickups[0], returns[0] = 0.0, 0.02
    found = days_held(pickups, returns, docks, start)
    assert found[0] == pytest.approx(np.exp(-0.02 * 24))
    for s in range(1, 5):
        assert found[s] == pytest.approx(held_by_chance(pickups[s], returns[s], docks[s], start[s], rng), abs=0.015)


def test_nothing_happens_where_nobody_comes():
    none = np.zeros((2, 24))
    assert days_held(none, none, np.array([0, 5]), np.array([0, 2])) == pytest.approx(1.0)
    assert days_held(none[:0], none[:0], np.zeros(0, np.int64), np.zeros(0, np.int64)).shape == (0,)


def test_places_by_the_rule_hold_on_nineteen_days_of_twenty():
    """METHODS E9: max S - min S + z sqrt(V) places, begun with -min S and half the margin."""
    rng = np.random.default_rng(9)
    points = 300
    level = rng.uniform(0.02, 4.0, (points, 1))
    pickups, returns = (level * rng.gamma(0.7, 1 / 0.7, (points, 24)) for _ in range(2))
    net = np.concatenate((np.zeros((points, 1)), np.cumsum(returns - pickups, axis=1)), axis=1)
    spread = margin_of(0.95) * np.sqrt((pickups + returns).sum(axis=1))
    places = np.ceil(net.max(axis=1) - net.min(axis=1) + spread).astype(np.int64)
    start = np.minimum(np.ceil(-net.min(axis=1) + spread / 2).astype(np.int64), places)
    held = days_held(pickups, returns, places, start)
    assert held.min() >= 0.95
    assert held.mean() < 0.999


def test_rides_of_a_year_taken_for_those_of_a_day_are_refused(city):
    lonlat = city.zones.lonlat[:1]
    busy = np.full((2, 1, units.HOURS), 1e6)
    rows = FlowRows(id=("a",), lonlat=lonlat, pickups=busy, returns=busy, source="table")
    with pytest.raises(InputError, match=r"48,000,000 pickups and returns a day.*of a year\?"):
        flows_at(city, rows)
