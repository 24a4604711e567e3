"""Park-and-ride and bike-and-ride: ways by station, the choice among stations, and what full stations do."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import oracles
import pytest

from network import AddStationParking, Scenario, ScenarioError, grid_city, simulate, travel_times, units
from network.demand.choice import costs_cny, split, utilities
from network.demand.stations import MOST_OVER, held_modes, settle, station_weights
from network.kernels.logit import split_trips, station_sums, station_trips, weights
from network.travel.stations import station_travel

KIND = {"spaces": units.TRIP_PARK_RIDE, "racks": units.TRIP_BIKE_RIDE}


def with_parking(city, **counts):
    """The city with so many `spaces` and `racks` at each station (a number, or one per station)."""
    stations = len(city.transit.stations.id)
    changed = {f"station_{k}": np.broadcast_to(np.array(n, np.int32), stations).copy() for k, n in counts.items()}
    return replace(city, supply=replace(city.supply, **changed))


def far_flung(n=16, **counts):
    """A grid city whose people would rather not ride a bus to the metro, so that its stations matter."""
    city = grid_city(n, seed=3)
    behaviour = replace(city.behaviour, walk_per_min=np.full(2, -0.2), transfer=np.full(2, -3.0))
    return with_parking(replace(city, behaviour=behaviour), **counts)


@pytest.fixture(scope="module")
def city():
    return far_flung(spaces=10_000, racks=10_000)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


def random_halves(rng, zones=6, stations=4):
    """Utilities of direct modes, ways and rides, some of them missing."""
    direct = rng.normal(-2, 2, (5, zones, zones))
    direct[rng.random(direct.shape) < 0.2] = -np.inf
    way, ride = rng.normal(-1, 1, (2, zones, stations)), rng.normal(-1, 1, (2, stations, zones))
    way[rng.random(way.shape) < 0.4], ride[rng.random(ride.shape) < 0.3] = -np.inf, -np.inf
    return direct, way, ride


def told(values, *, there=True):
    return [float(v) if there and v > -np.inf else None for v in values]


@pytest.mark.parametrize("seed", range(6))
def test_shares_and_stations_are_those_of_one_alternative_after_another(seed):
    rng = np.random.default_rng(seed)
    direct, way, ride = random_halves(rng)
    share, trips = rng.random(6), rng.random((6, 6)) * 9
    trips[rng.random(trips.shape) < 0.1] = 0
    length_m = rng.random((4, 6)) * 1000
    by_station = station_sums(np.exp(way), np.exp(ride))
    by_station = np.where(by_station > 0, np.log(np.maximum(by_station, 1e-300)), -np.inf)
    out = split_trips(np.concatenate((direct, by_station)), held_modes(7), share, trips)
    free, own = weights(direct, held_modes(5))
    by, metres = station_trips(free, own, share, trips, np.exp(way), np.exp(ride), length_m)
    truth, truth_by, truth_m = np.zeros_like(out), np.zeros_like(by), np.zeros_like(metres)
    for i, j in np.ndindex(6, 6):
        halves = [told(way[m, i], there=i != j) for m in range(2)], [told(ride[m, :, j]) for m in range(2)]
        for name, p in oracles.by_station(told(direct[:, i, j]), *halves, share[i]).items():
            if isinstance(name, int):
                truth[name, i, j] += p * trips[i, j]
            else:
                m, q = name
                truth[5 + m, i, j] += p * trips[i, j]
                truth_by[m, i, q] += p * trips[i, j]
                truth_m[m, i] += p * trips[i, j] * length_m[q, j]
    assert out == pytest.approx(truth, abs=1e-12)
    assert by == pytest.approx(truth_by, abs=1e-12)
    assert metres == pytest.approx(truth_m, abs=1e-9)


def test_without_stations_the_five_old_modes_have_the_very_same_numbers():
    rng = np.random.default_rng(1)
    direct, _, _ = random_halves(rng)
    share, trips = rng.random(6), rng.random((6, 6))
    nowhere = np.full((2, 6, 6), -np.inf)
    five = split_trips(direct, held_modes(5), share, trips)
    seven = split_trips(np.concatenate((direct, nowhere)), held_modes(7), share, trips)
    assert np.array_equal(seven[:5], five)
    assert not seven[5:].any()
    bare = grid_city(6)
    out, loads = split(bare, travel_times(bare), [np.ones((25, 25)), np.ones((25, 25))])
    assert not out[:, 5:].any()
    assert loads.rounds == 0
    assert not loads.use.any()
    assert not loads.capacity.any()


def test_utility_of_a_trip_by_station_by_the_formula(city, travel):
    b, s, t = city.behaviour, city.supply, travel.stations
    for u in range(2):
        way, ride = station_weights(city, travel, u)
        for i, q, j in ((0, 0, 9), (100, 3, 200), (224, 7, 0)):
            for m, leg in enumerate((units.TRIP_CYCLE, units.TRIP_CAR)):
                k = 5 + m
                if not np.isfinite(t.access_s[m, i, q]):
                    assert way[m, i, q] == 0
                    continue
                v = b.constant[u, k] + b.time_per_min[u, leg] * (t.access_s[m, i, q] / 60 + b.terminal_min[k])
                v += b.time_per_min[u, k] * t.in_vehicle_s[q, j] / 60 + b.wait_per_min[u] * t.wait_s[q, j] / 60
                v += b.walk_per_min[u] * t.walk_s[q, j] / 60 + b.transfer[u] * t.transfers[q, j]
                cny = t.fare_cny[q, j]
                if m == 1:
                    km = t.access_m[1, i, q] / 1000
                    cny += (km * s.driving_cny_per_km + s.station_parking_cny) / b.car_persons
                v += b.cost_per_cny[u] * cny
                assert way[m, i, q] * ride[m, q, j] == pytest.approx(np.exp(v), rel=1e-12)


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
    q, _ = np.nonzero(straight)
    assert set(q) == set(range(len(stations.id)))
    assert (t.walk_s[straight] >= 47).all()
    assert (t.wait_s[straight] <= 300).all()
    assert np.isfinite(t.in_vehicle_s).any(axis=1).all()


def test_only_equipped_stations_are_looked_at(city, travel):
    some = with_parking(city, spaces=[0, 5] + [0] * 6, racks=[0, 0, 7] + [0] * 5)
    found = travel_times(some, travel).stations
    assert found.station.tolist() == [1, 2]
    assert np.isinf(found.access_s[0, :, 0]).all()
    assert np.isinf(found.access_s[1, :, 1]).all()
    assert np.array_equal(found.access_s[1, :, 0], travel.stations.access_s[1, :, 1])
    for name in ("in_vehicle_s", "wait_s", "walk_s", "transfers", "fare_cny", "length_m"):
        assert np.array_equal(getattr(found, name), getattr(travel.stations, name)[1:3])
    more = Scenario(edits=(AddStationParking(station="station/1", spaces=9),)).apply(some)
    again = travel_times(more, travel_times(some))
    assert again.keys == travel_times(some).keys
    other = Scenario(edits=(AddStationParking(station="station/1", racks=9),)).apply(some)
    assert travel_times(other).keys != travel_times(some).keys


def test_the_day_with_seven_modes_adds_up(city, travel):
    outcome, before = simulate(city, travel), simulate(with_parking(city, spaces=0, racks=0))
    metrics = outcome.metrics
    modes = outcome.trips_from.sum(axis=(0, 2))
    assert outcome.station_rounds == 0
    assert (outcome.station_availability == 1).all()
    assert outcome.station_use[0].sum() == pytest.approx(modes[units.TRIP_BIKE_RIDE])
    assert outcome.station_use[1].sum() == pytest.approx(modes[units.TRIP_PARK_RIDE] / city.behaviour.car_persons)
    assert metrics["park_ride_trip_share"] > 0.001
    assert metrics["bike_ride_trip_share"] > 0.001
    assert sum(metrics[f"{k}_trip_share"] for k in units.TRIP_MODES) == pytest.approx(1)
    green = [m for m in units.TRIP_MODES if m != "car"]
    assert metrics["green_trip_share"] == pytest.approx(sum(metrics[f"{k}_trip_share"] for k in green))
    assert metrics["green_trip_share"] > before.metrics["green_trip_share"]
    assert outcome.trips_from.sum() == pytest.approx(before.trips_from.sum())
    assert metrics["station_spaces_used_share"] == pytest.approx(outcome.station_use[1].sum() / (2 * 10_000 * 8))
    assert before.metrics["station_spaces_used_share"] is None


def test_kilometres_and_carbon_of_both_halves_are_counted(city, travel):
    """Every trip by station taken one by one: its way by car and its ride."""
    small = replace(city, zones=replace(city.zones, ev_share=np.full(len(city.zones.id), 0.15)))
    trips = [np.full((225, 225), 2.0), np.zeros((225, 225))]
    _, loads = split(small, travel, trips)
    way, ride = station_weights(small, travel, 0)
    direct = utilities(small, travel, costs_cny(small, travel), 0)
    t, i = travel.stations, 31
    to_km, ride_km = np.zeros(2), np.zeros(2)
    with np.errstate(divide="ignore"):
        v_way, v_ride = np.log(way), np.log(ride)
    for j in range(225):
        halves = [told(v_way[m, i], there=i != j) for m in range(2)], [told(v_ride[m, :, j]) for m in range(2)]
        for name, p in oracles.by_station(told(direct[:, i, j]), *halves, 0.3).items():
            if isinstance(name, tuple) and p > 0:
                m, q = name
                to_km[m] += 2 * p * t.access_m[m, i, q] / 1000
                ride_km[m] += 2 * p * t.length_m[q, j] / 1000
    assert loads.access_km[:, i] == pytest.approx(to_km)
    assert loads.ride_km[:, i] == pytest.approx(ride_km)
    outcome, b = simulate(small, travel), small.behaviour
    _, loads = split(small, travel, _trips_of(small, travel))
    km = outcome.km_from.sum(axis=1)
    assert km[5:] == pytest.approx((loads.access_km + loads.ride_km).sum(axis=1))
    car_km = (km[units.TRIP_CAR] + loads.access_km[1].sum()) / b.car_persons
    assert outcome.car_km == pytest.approx(car_km)
    transit_km = km[units.TRIP_TRANSIT] + loads.ride_km.sum()
    per_km = 0.15 * b.ev_kg_per_km + 0.85 * b.car_kg_per_km
    assert outcome.co2_kg == pytest.approx(car_km * per_km + transit_km * b.transit_kg_per_km)


def _trips_of(city, travel):
    from network.simulate import between_zones

    return between_zones(city, travel)


def made_up(rng, zones=9, stations=3, crowded=1.0):
    """A city and travel that hold just what `settle` reads, with random ways."""
    city = grid_city(5, seed=1)
    zones = len(city.zones.id)
    direct = [rng.normal(-1, 1, (5, zones, zones)) for _ in range(2)]
    access = rng.uniform(60, 900, (2, zones, stations))
    access[rng.random(access.shape) < 0.3] = np.inf
    ride = {name: rng.uniform(0, 600, (stations, zones)) for name in ("in_vehicle_s", "wait_s", "walk_s", "length_m")}
    ride |= {name: rng.uniform(0, 3, (stations, zones)) for name in ("transfers", "fare_cny")}
    travel = SimpleNamespace(
        stations=SimpleNamespace(station=np.arange(stations), access_s=access, access_m=access * 4, **ride)
    )
    trips = [rng.random((zones, zones)) * 20 * crowded for _ in range(2)]
    places = rng.integers(1, 9, (2, stations)).astype(np.int32)
    city = replace(city, supply=replace(city.supply, station_racks=places[0], station_spaces=places[1]))
    return city, travel, direct, trips


@pytest.mark.parametrize("seed", range(8))
def test_full_stations_turn_away_just_as_many_as_do_not_fit(seed):
    rng = np.random.default_rng(seed)
    city, travel, direct, trips = made_up(rng)
    _, loads = settle(city, travel, direct, trips)
    assert loads.rounds < city.supply.station_rounds
    full = loads.availability < 1
    assert full.any()
    assert (loads.use <= loads.capacity * (1 + MOST_OVER)).all()
    assert loads.use[full] == pytest.approx(loads.capacity[full], rel=MOST_OVER)


def test_availability_is_the_greatest_that_keeps_to_the_capacity():
    """One station, racks alone: the same by halving an interval over the plain formula."""
    rng = np.random.default_rng(5)
    city, travel, direct, trips = made_up(rng, stations=3)
    racks, spaces = np.array([4, 0, 0], np.int32), np.zeros(3, np.int32)
    travel.stations.access_s[0, :, 1:], travel.stations.access_s[1] = np.inf, np.inf
    city = replace(city, supply=replace(city.supply, station_racks=racks, station_spaces=spaces))
    _, loads = settle(city, travel, direct, trips)

    def use(a):
        total = 0.0
        for u in range(2):
            way, ride = station_weights(city, travel, u)
            for i, j in np.ndindex(trips[u].shape):
                if way[0, i, 0] * ride[0, 0, j] > 0 and i != j:
                    v = float(np.log(way[0, i, 0] * a)), float(np.log(ride[0, 0, j]))
                    shares = oracles.by_station(told(direct[u][:, i, j]), ([v[0]], [None]), ([v[1]], [None]), 0.3)
                    total += shares[0, 0] * trips[u][i, j]
        return total

    low, high = 0.0, 1.0
    for _ in range(25):
        middle = (low + high) / 2
        low, high = (middle, high) if use(middle) <= 8 else (low, middle)
    assert loads.availability[0, 0] == pytest.approx(low, rel=2 * MOST_OVER)
    assert loads.availability[0, 0] >= low * (1 - 1e-6)


def test_rounds_end_at_the_limit_and_say_so():
    rng = np.random.default_rng(2)
    city, travel, direct, trips = made_up(rng, crowded=50.0)
    city = replace(city, supply=replace(city.supply, station_rounds=np.array(1.0)))
    _, loads = settle(city, travel, direct, trips)
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
