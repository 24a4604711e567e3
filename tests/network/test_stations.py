"""Park-and-ride and bike-and-ride: ways by station, the choice among stations, and what full stations do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest
from plain_day import shares, station_utility

from network import AddLotSpaces, AddStationParking, Scenario, ScenarioError, grid_city, simulate, travel_times, units
from network.demand.choice import split
from network.demand.fleet import electric_share
from network.demand.flows import between_zones
from network.demand.stations import MOST_OVER, station_weights
from network.kernels.stations import station_sums, station_trips, use_alone
from network.travel.stations import station_travel


def with_parking(city, **counts):
    """The city with so many `spaces` and `racks` at each station (a number, or one per station)."""
    stations = len(city.transit.stations.id)
    changed = {f"station_{k}": np.broadcast_to(np.array(n, np.int32), stations).copy() for k, n in counts.items()}
    return replace(city, supply=replace(city.supply, **changed))


def far_flung(n=16, **counts):
    """A grid city whose people would rather not ride a bus to the metro, so that its stations matter."""
    city = grid_city(n, seed=3)
    behaviour = replace(city.behaviour, walk_per_min=np.full(5, -0.2), transfer=np.full(5, -3.0))
    return with_parking(replace(city, behaviour=behaviour), **counts)


@pytest.fixture(scope="module")
def city():
    return far_flung(spaces=10_000, racks=10_000)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


def random_nests(rng, zones=6, stations=4):
    """Sums of G of the other nests with and without a car, Y of the lines, weights of ways and rides; some missing."""
    others = rng.gamma(1, 2, (2, zones, zones))
    others[0] += others[1]
    own, way, ride = rng.gamma(1, 1, (zones, zones)), rng.random((2, zones, stations)), rng.random((2, stations, zones))
    for array in (others[1], own, way, ride):
        array[rng.random(array.shape) < 0.3] = 0.0
    return others, own, way, ride


def by_station(others, own, way, ride, mu, holders):
    """Share of each (station mode, station) between two zones, one alternative after another."""
    weight = {(m, q): way[m, q] * ride[m, q] for m in range(2) for q in range(way.shape[1])}
    found = dict.fromkeys(weight, 0.0)
    if others[1] + own + sum(weight[0, q] for q in range(way.shape[1])) == 0.0:
        holders = 1.0
    for usable, beside, share in (((0, 1), others[0], holders), ((0,), others[1], 1.0 - holders)):
        y = own + sum(w for (m, _), w in weight.items() if m in usable)
        for name, w in weight.items():
            if name[0] in usable and w > 0:
                found[name] += share * y**mu / (beside + y**mu) * w / y
    return found


@pytest.mark.parametrize("seed", range(6))
def test_trips_by_station_are_those_of_one_alternative_after_another(seed):
    rng = np.random.default_rng(seed)
    others, own, way, ride = random_nests(rng)
    mu, share, trips = rng.uniform(0.2, 1), rng.random(6), rng.random((6, 6)) * 9
    trips[rng.random(trips.shape) < 0.1] = 0
    by = station_trips(*others, own, mu, share, trips, way, ride)
    truth = np.zeros_like(by)
    for i, j in np.ndindex(6, 6):
        if i != j:
            found = by_station(others[:, i, j], own[i, j], way[:, i], ride[:, :, j], mu, share[i])
            for (m, q), p in found.items():
                truth[m, i, q] += p * trips[i, j]
    assert by == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_use_of_a_station_alone_is_that_beside_what_all_others_had_before(seed):
    rng = np.random.default_rng(seed)
    others, own, way, ride = random_nests(rng)
    mu, share, trips = rng.uniform(0.2, 1), rng.random(6), rng.random((6, 6)) * 9
    before, after = rng.random((2, 4)) * 0.5, 0.5 + rng.random((2, 4)) * 0.5
    before[:, 0], after[1, 2] = 0.0, 0.0
    racks, spaces = station_sums(way * before[:, None], ride)
    nest = np.stack((own + racks + spaces, own + racks))
    used = use_alone(others, nest, mu, share, trips, way, ride, before, after)
    for m, q in np.ndindex(2, 4):
        room = before.copy()
        room[m, q] = after[m, q]
        by = station_trips(*others, own, mu, share, trips, way * room[:, None], ride)
        assert used[m, q] == pytest.approx(by[m, :, q].sum(), rel=1e-9, abs=1e-12)


def test_without_stations_and_with_none_in_reach_the_numbers_are_the_same():
    bare = grid_city(6)
    trips = np.ones((5, 25, 25))
    out = split(bare, travel_times(bare), trips)
    assert not out.starts[:, list(units.STATION_MODES)].any()
    assert out.stations.rounds == 0
    assert not out.stations.use.any()
    assert not out.stations.capacity.any()
    far = with_parking(bare, spaces=9, racks=9)
    far = replace(far, supply=replace(far.supply, station_access_m=np.zeros(2)))
    unused = split(far, travel_times(far), trips)
    assert unused.starts == pytest.approx(out.starts, rel=1e-12)
    assert unused.bands == pytest.approx(out.bands, rel=1e-12)


def test_utility_of_a_trip_by_station_by_the_formula(city, travel):
    for u in range(5):
        mu = city.behaviour.nest_scale[u, units.TRANSIT_NEST]
        way, ride = station_weights(city, travel, u)
        for i, q, j in ((0, 0, 9), (100, 3, 200), (224, 7, 0)):
            for m in range(2):
                v = station_utility(city, travel, u, m, q, i, j)
                truth = 0.0 if v is None else np.exp(v / mu)
                assert way[m, i, q] * ride[m, q, j] == pytest.approx(truth, rel=1e-12)


def test_the_way_to_a_station_ends_at_its_nearest_entrance_and_has_a_limit(city):
    near, far = (
        station_travel(replace(city, supply=replace(city.supply, station_access_m=np.array(limits))))
        for limits in ([900.0, 1500.0], [1e6, 1e6])
    )
    stations = city.transit.stations
    for m, mode in enumerate((units.CYCLE, units.DRIVE)):
        both = {name: np.concatenate((getattr(city.zones.snap, name), a), axis=1) for name, a in stations.snap.arrays()}
        snap = replace(city.zones.snap, **both)
        graph = oracles.with_points(
            city.roads, snap, mode, lambda e, m=mode: (int(city.roads.time_ms[m, e]), int(city.roads.length_mm[e]))
        )
        ends = [("in", len(city.zones.id) + a) for a in range(len(stations.entrance_id))]
        for i in (0, 37, 120, 224):
            to = oracles.distances(graph, ("out", i), ends)
            for q in range(len(stations.id)):
                ms, mm = min(to[a] for a in np.flatnonzero(stations.entrance_station == q))
                assert far.access_s[m, i, q] == pytest.approx(ms / 1000)
                assert far.access_m[m, i, q] == pytest.approx(mm / 1000)
                assert np.isfinite(near.access_s[m, i, q]) == (mm / 1000 <= (900, 1500)[m])


def test_the_ride_begins_at_the_entrance_and_takes_the_metro(city, travel):
    """Entrances lie 60 m from the platform, 47 s on foot; the metro runs 10 m/s, every five minutes."""
    t = travel.stations
    stations = city.transit.stations
    by_metro = (t.length_m == np.rint(t.length_m / 400) * 400) & (t.transfers == 0) & (t.fare_cny >= 2)
    straight = by_metro & (np.abs(t.in_vehicle_s - t.length_m / 10) <= 1)
    assert straight.any()
    _, q, _ = np.nonzero(straight)
    assert set(q) == set(range(len(stations.id)))
    assert (t.walk_s[straight] >= 47).all()
    assert (t.wait_s[straight] <= 300).all()
    assert np.isfinite(t.in_vehicle_s).any(axis=2).all()


def test_only_equipped_stations_are_looked_at(city, travel):
    some = with_parking(city, spaces=[0, 5] + [0] * 6, racks=[0, 0, 7] + [0] * 5)
    found = travel_times(some, travel).stations
    assert found.station.tolist() == [1, 2]
    assert np.isinf(found.access_s[0, :, 0]).all()
    assert np.isinf(found.access_s[1, :, 1]).all()
    assert np.array_equal(found.access_s[1, :, 0], travel.stations.access_s[1, :, 1])
    for name in ("in_vehicle_s", "wait_s", "walk_s", "transfers", "fare_cny", "length_m"):
        assert np.array_equal(getattr(found, name), getattr(travel.stations, name)[:, 1:3])
    more = Scenario(edits=(AddStationParking(station="station/1", spaces=9),)).apply(some)
    again = travel_times(more, travel_times(some))
    assert again.keys == travel_times(some).keys
    other = Scenario(edits=(AddStationParking(station="station/1", racks=9),)).apply(some)
    assert travel_times(other).keys != travel_times(some).keys


def test_the_day_with_all_modes_adds_up(city, travel):
    outcome, before = simulate(city, travel), simulate(with_parking(city, spaces=0, racks=0))
    metrics = outcome.metrics
    modes = outcome.trips_from.sum(axis=(0, 2))
    assert outcome.station_rounds == 0
    assert (outcome.station_availability == 1).all()
    assert outcome.station_use[0].sum() == pytest.approx(modes[units.TRIP_BIKE_RIDE])
    owner = city.transit.stations.entrance_station
    assert np.bincount(owner, outcome.entrance_bikes) == pytest.approx(outcome.station_use[0])
    assert (outcome.entrance_bikes > 0).sum() > (outcome.station_use[0] > 0).sum()
    assert outcome.station_use[1].sum() == pytest.approx(modes[units.TRIP_PARK_RIDE] / city.behaviour.car_persons)
    assert metrics["park_ride_trip_share"] > 0.001
    assert metrics["bike_ride_trip_share"] > 0.001
    assert sum(metrics[f"{k}_trip_share"] for k in units.TRIP_MODES) == pytest.approx(1)
    green = [m for m in units.TRIP_MODES if m not in {"car", "taxi"}]
    assert metrics["green_trip_share"] == pytest.approx(sum(metrics[f"{k}_trip_share"] for k in green))
    assert metrics["green_trip_share"] > before.metrics["green_trip_share"]
    assert outcome.trips_from.sum() == pytest.approx(before.trips_from.sum())
    assert metrics["station_spaces_used_share"] == pytest.approx(outcome.station_use[1].sum() / (2 * 10_000 * 8))
    assert before.metrics["station_spaces_used_share"] is None


def test_kilometres_and_carbon_of_both_halves_are_counted(city, travel):
    """Every trip by station taken one by one: its way by car and its ride."""
    small = replace(city, zones=replace(city.zones, ev_share=np.full(len(city.zones.id), 0.15)))
    trips = np.zeros((5, 225, 225))
    trips[1] = 2.0
    loads = split(small, travel, trips).stations
    t, i, period = travel.stations, 31, small.behaviour.purpose_period[1]
    to_km, ride_km, changes = np.zeros(2), np.zeros(2), np.zeros(2)
    for j in range(225):
        for name, p in shares(small, travel, 1, i, j).items():
            if isinstance(name, tuple) and p > 0:
                m, q = name
                to_km[m] += 2 * p * t.access_m[m, i, q] / 1000
                ride_km[m] += 2 * p * t.length_m[period, q, j] / 1000
                changes[m] += 2 * p * t.transfers[period, q, j]
    assert to_km.all()
    assert loads.access_km[:, i] == pytest.approx(to_km)
    assert loads.ride_km[:, i] == pytest.approx(ride_km)
    only = np.where(np.arange(225)[:, None] == i, trips, 0.0)
    assert split(small, travel, only).stations.transfers == pytest.approx(np.stack((changes, np.zeros(2))))
    assert changes.any()
    outcome, b, rules = simulate(small, travel), small.behaviour, small.carbon
    loads = split(small, travel, between_zones(small, travel).trips).stations
    km, station_modes = outcome.km_from.sum(axis=1), list(units.STATION_MODES)
    assert km[station_modes] == pytest.approx((loads.access_km + loads.ride_km).sum(axis=1))
    to_park = loads.access_km[1].sum() / b.car_persons
    assert outcome.car_km == pytest.approx(km[units.TRIP_CAR] / b.car_persons + to_park)
    rail = loads.ride_km.sum(axis=1) * rules.rail_kwh_per_km * rules.grid(int(small.transit.year))[0]
    petrol = (1.0 - electric_share(small)[0]) * to_park * rules.car_kg_per_km
    assert outcome.co2_kg[0, station_modes] == pytest.approx([0.0, petrol])
    assert outcome.co2_kg[1, station_modes[0]] == pytest.approx(rail[0])
    assert outcome.co2_kg[1, station_modes[1]] > petrol + rail[1]


def made_up(rng, stations=3, crowded=1.0):
    """A city, and travel with random ways by station."""
    city = grid_city(5, seed=1)
    travel, zones = travel_times(city), len(city.zones.id)
    access = rng.uniform(60, 900, (2, zones, stations))
    access[rng.random(access.shape) < 0.3] = np.inf
    names = ("in_vehicle_s", "wait_s", "walk_s", "length_m")
    ride = {name: rng.uniform(0, 600, (2, stations, zones)) for name in names}
    ride |= {name: rng.uniform(0, 3, (2, stations, zones)) for name in ("transfers", "fare_cny")}
    entrance = np.tile(2 * np.arange(stations, dtype=np.int32), (zones, 1))
    by_station = replace(
        travel.stations, station=np.arange(stations, dtype=np.int32), access_s=access, access_m=access * 4,
        rack_entrance=np.where(np.isfinite(access[0]), entrance, -1).astype(np.int32), **ride,
    )  # fmt: skip
    trips = rng.random((5, zones, zones)) * 20 * crowded
    places = rng.integers(1, 9, (2, stations)).astype(np.int32)
    city = replace(city, supply=replace(city.supply, station_racks=places[0], station_spaces=places[1]))
    return city, replace(travel, stations=by_station), trips


@pytest.mark.parametrize("seed", range(8))
def test_full_stations_turn_away_just_as_many_as_do_not_fit(seed):
    rng = np.random.default_rng(seed)
    city, travel, trips = made_up(rng)
    loads = split(city, travel, trips).stations
    assert loads.rounds < city.supply.station_rounds
    full = loads.availability < 1
    assert full.any()
    assert (loads.use <= loads.capacity * (1 + MOST_OVER)).all()
    assert loads.use[full] == pytest.approx(loads.capacity[full], rel=MOST_OVER)
    assert loads.entrance_bikes[[0, 2, 4]] == pytest.approx(loads.use[0])


def test_availability_is_the_greatest_that_keeps_to_the_capacity():
    """One station, racks alone: the same by halving an interval over the plain formula."""
    city, travel, trips = made_up(np.random.default_rng(5))
    access_s = travel.stations.access_s.copy()
    access_s[0, :, 1:], access_s[1], trips[1:] = np.inf, np.inf, 0.0
    travel = replace(travel, stations=replace(travel.stations, access_s=access_s))
    racks, spaces = np.array([4, 0, 0], np.int32), np.zeros(3, np.int32)
    city = replace(city, supply=replace(city.supply, station_racks=racks, station_spaces=spaces))
    loads = split(city, travel, trips).stations
    served = [(i, j) for i, j in np.ndindex(trips[0].shape) if i != j and np.isfinite(access_s[0, i, 0])]

    def use(a):
        room = np.full((2, 3), a)
        return sum(shares(city, travel, 0, i, j, room)[0, 0] * trips[0, i, j] for i, j in served)

    assert loads.availability[0, 0] < 1
    low, high = 0.0, 1.0
    for _ in range(25):
        middle = (low + high) / 2
        low, high = (middle, high) if use(middle) <= 8 else (low, middle)
    assert loads.availability[0, 0] == pytest.approx(low, rel=2 * MOST_OVER)
    assert loads.availability[0, 0] >= low * (1 - 1e-6)


def test_rounds_end_at_the_limit_and_say_so():
    rng = np.random.default_rng(2)
    city, travel, trips = made_up(rng, crowded=50.0)
    city = replace(city, supply=replace(city.supply, station_rounds=np.array(1.0)))
    loads = split(city, travel, trips).stations
    assert loads.rounds == 1
    assert (loads.use > loads.capacity * (1 + MOST_OVER)).any()


def test_room_for_all_is_the_same_day_however_much_there_is(city, travel):
    twice = simulate(with_parking(city, spaces=20_000, racks=20_000), travel)
    once = simulate(city, travel)
    for name in ("trips_from", "trips_to", "km_from", "car_km", "co2_kg", "station_use"):
        assert np.array_equal(getattr(once, name), getattr(twice, name)), name


def test_more_room_never_leaves_more_people_in_cars(city, travel):
    shares = []
    for spaces in (1, 5, 20, 80, 10_000):
        metrics = simulate(with_parking(city, spaces=spaces, racks=1), travel).metrics
        shares.append((metrics["park_ride_trip_share"], metrics["green_trip_share"]))
    assert shares == sorted(shares)
    assert shares[0][0] < shares[-1][0]


def test_the_edit_adds_room_and_leaves_the_rest(city):
    changed = Scenario(
        edits=(
            AddStationParking(station="station/2", spaces=30, racks=4),
            AddStationParking(station="station/2", racks=1),
        )
    ).apply(grid_city(5))
    assert changed.supply.station_spaces.tolist() == [0, 0, 30]
    assert changed.supply.station_racks.tolist() == [0, 0, 5]
    assert (
        city.transit.digest
        == Scenario(edits=(AddStationParking(station="station/2", racks=1),)).apply(city).transit.digest
    )


def test_spaces_of_a_lot_at_a_full_station_let_more_park_and_ride(city, travel):
    full, station = with_parking(city, spaces=2, racks=1), np.full(len(city.lots.id), -1, np.int32)
    station[0] = 0
    full = replace(full, lots=replace(full.lots, station=station))
    before, there, elsewhere = (
        simulate(Scenario(edits=edits).apply(full), travel)
        for edits in ((), (AddLotSpaces(lot="lot/0", spaces=40),), (AddLotSpaces(lot="lot/1", spaces=40),))
    )
    assert before.station_availability[1, 0] < 1
    assert there.station_capacity[1, 0] == pytest.approx(before.station_capacity[1, 0] * 42 / 2)
    assert there.metrics["park_ride_trip_share"] > before.metrics["park_ride_trip_share"]
    assert there.station_use[1, 0] > 2 * before.station_use[1, 0]
    assert elsewhere.station_use.tobytes() == before.station_use.tobytes()


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"station": "station/9", "racks": 1}, "no station has the id"),
        ({"station": "station/0"}, "spaces is 0 and racks is 0"),
        ({"station": "station/0", "spaces": -1, "racks": 3}, "spaces is -1"),
        ({"station": "station/0", "spaces": 2**31}, "cannot be counted"),
    ],
)
def test_an_edit_of_a_station_that_cannot_be_made_says_why(edit, says):
    with pytest.raises(ScenarioError, match=says):
        Scenario(edits=(AddStationParking(**edit),)).apply(grid_city(5))
