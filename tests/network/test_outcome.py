from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from worlds import with_feeders

from network import (
    METRICS,
    AddBikePoint,
    AddChargers,
    AddLot,
    AddStationParking,
    ReinforceFeeder,
    Scenario,
    ScenarioError,
    SetElectricShare,
    SetFare,
    SetParkingSupply,
    SetPrice,
    SetTemperature,
    SetVehicles,
    SetYear,
    ShareLot,
    grid_city,
    no_bike_points,
    no_levers,
    no_lots,
    simulate,
    travel_times,
    units,
)
from network.demand.generation import trip_ends


@pytest.fixture(scope="module")
def city():
    return grid_city(8, seed=2)


@pytest.fixture(scope="module")
def base(city):
    return simulate(city).metrics


def after(city, *edits):
    return simulate(Scenario(edits=edits).apply(city)).metrics


def test_every_metric_has_a_unit_a_direction_and_two_names(city):
    parking = SetParkingSupply(spaces=100, area="west")
    window = ShareLot(lot="lot/0", spaces=1, start="18:00", end="20:00")
    base = after(with_feeders(city), AddStationParking(station="station/0", spaces=10, racks=10), parking, window)
    for name, metric in METRICS.items():
        assert metric.unit
        assert metric.better in {"more", "less", "none"}
        assert metric.label_en
        assert any("\u4e00" <= c <= "\u9fff" for c in metric.label_zh)
        assert base[name] is not None, name
        assert np.isfinite(base[name]), name


def test_shares_by_mode_sum_to_one(base):
    assert sum(base[f"{p}_trip_share"] for p in units.TRIP_MODES) == pytest.approx(1)
    assert base["green_trip_share"] == pytest.approx(1 - base["car_trip_share"] - base["taxi_trip_share"])
    assert base["transit_trip_share"] == pytest.approx(
        sum(base[f"{k}_trip_share"] for k in ("bus", "rail", "bus_rail"))
    )
    assert base["green_trip_share"] - base["green_trip_share_without_ebike"] == pytest.approx(base["ebike_trip_share"])


MOVES = [
    (
        "dearer parking",
        (SetPrice(item="parking", cny=20),),
        "+green_trip_share +green_trip_share_without_ebike -car_trip_share -car_km_per_day -co2_t_per_day",
    ),
    ("dearer driving", (SetPrice(item="driving", cny=3),), "+green_trip_share -car_trip_share -car_km_per_day"),
    ("a cheaper fare", (SetFare(tariff="bus", cny=0),), "+transit_trip_share -car_trip_share +green_trip_share"),
    (
        "more fast plugs",
        (AddChargers(place="place/3", plugs=3),),
        "+charging_served_kwh +charging_fast_served_share +public_plugs +public_charging_sites -charging_mean_walk_m",
    ),
    (
        "slow plugs",
        (AddChargers(place="place/3", plugs=3, charger="slow"),),
        "+charging_served_share +charging_slow_served_share +charging_capacity_ratio +charging_piles_total",
    ),
    (
        "more electric cars",
        (SetElectricShare(share=0.3, area="west"), SetElectricShare(share=0.3, area="east")),
        "+electric_vehicles +electric_vehicles_kwh +charging_demand_kwh -charging_served_share -co2_t_per_day",
    ),
    (
        "fewer piles at home",
        (SetElectricShare(share=0.15, home_access=0.0, area="west"),),
        "+charging_demand_kwh -private_piles -charging_piles_total -charging_served_share",
    ),
    (
        "more taxis",
        (SetVehicles(segment="taxi", vehicles=100),),
        "+electric_vehicles +electric_vehicles_kwh +charging_demand_kwh +dedicated_piles",
    ),
    ("a cold day", (SetTemperature(celsius=-10),), "+electric_vehicles_kwh +charging_demand_kwh +co2_t_per_day"),
    (
        "another bike point",
        (AddBikePoint(id="new", lon=120.6255, lat=31.3042, spaces=40),),
        "+bike_points +bike_point_spaces +bike_trips_covered_share +bike_fleet_cap",
    ),
    ("a later year", (SetYear(year=2030),), "+electric_vehicles +charging_demand_kwh +private_piles"),
]


@pytest.mark.parametrize(("edits", "moves"), [m[1:] for m in MOVES], ids=[m[0] for m in MOVES])
def test_metrics_move_the_way_the_edit_pushes(city, base, edits, moves):
    changed = after(city, *edits)
    for move in moves.split():
        sign, name = move[0], move[1:]
        assert (changed[name] > base[name]) if sign == "+" else (changed[name] < base[name]), name


def test_no_edit_is_exactly_the_base(city):
    travel = travel_times(city)
    base, again = simulate(city, travel), simulate(Scenario().apply(city), travel_times(city, travel))
    assert base.digest == again.digest
    assert base.metrics == again.metrics


def test_the_same_outcome_twice(city):
    assert simulate(city).digest == simulate(grid_city(8, seed=2)).digest


def test_the_guide_counts_by_hand(city):
    outcome = simulate(city)
    band = np.zeros((2, len(units.TRIP_MODES), units.BANDS))
    band[0, units.TRIP_WALK] = [6, 4, 5, 0, 0, 0]
    band[0, units.TRIP_CYCLE] = [0, 3, 4, 0, 0, 0]
    band[0, units.TRIP_BUS] = [0, 2, 0, 4, 4, 20]
    band[0, units.TRIP_RAIL] = [0, 0, 0, 1, 2, 20]
    band[0, units.TRIP_BUS_RAIL] = [0, 0, 0, 1, 1, 10]
    band[0, units.TRIP_CAR] = [0, 1, 1, 1, 1, 40]
    band[0, units.TRIP_TAXI] = [0, 0, 0, 0, 0, 10]
    band[0, units.TRIP_BIKE_RIDE] = [0, 1, 1, 2, 0, 50]
    band[0, units.TRIP_PARK_RIDE] = [0, 1, 1, 0, 3, 50]
    band[1] = 7.0
    # followed: 10 on foot to 1 km, 5 + 4 to 3 km, 6 + 7 by transit and 2 + 3 by station to 8 km, of 50 trips up to 8 km
    metrics = replace(outcome, trips_band=band).metrics
    assert metrics["mode_guide_share"] == pytest.approx(37 / 50)
    # if all 50 followed: they and the 150 green ones of the 200 that go farther
    assert metrics["mode_guide_potential_share"] == pytest.approx((50 + 150) / 250)


def test_a_city_without_trips_or_cars_has_no_shares():
    city = grid_city(3)
    nobody = replace(
        city, zones=replace(city.zones, **dict.fromkeys(("residents", "jobs", "students", "visitors"), np.zeros(4)))
    )
    metrics = simulate(nobody).metrics
    assert metrics["green_trip_share"] is None
    shares = ("charging_served_share", "charging_slow_served_share", "charging_within_reach_share")
    assert {metrics[name] for name in (*shares, "charging_capacity_ratio")} == {None}
    assert metrics["electric_vehicles"] == metrics["electric_vehicles_kwh"] == metrics["dedicated_piles"] == 0
    assert metrics["trips_per_day"] == 0


def test_green_shares_with_and_without_ebikes_in_the_published_case(shared):
    """The golden case: 75 % with e-bikes, 55 % without."""
    import json

    case = json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))["pivot_logit"]["base"]
    names = {"cycle": "bike", "bus_rail": None, "bike_ride": None, "park_ride": None}
    by_mode = [case.get(names.get(mode, mode), 0.0) for mode in units.TRIP_MODES]
    outcome = simulate(grid_city(3))
    trips = np.zeros_like(outcome.trips_from)
    trips[0, :, 0] = by_mode
    metrics = replace(outcome, trips_from=trips).metrics
    assert metrics["green_trip_share"] == pytest.approx(0.75)
    assert metrics["green_trip_share_without_ebike"] == pytest.approx(0.55)


def test_a_city_without_plugs_serves_nobody(city):
    none = simulate(replace(city, supply=replace(city.supply, plugs=np.zeros_like(city.supply.plugs)))).metrics
    assert none["charging_served_kwh"] == none["charging_served_share"] == none["charging_within_reach_share"] == 0
    assert none["charging_mean_walk_m"] == 2000
    assert none["public_plugs"] == none["public_charging_sites"] == none["public_plugs_cny"] == 0
    assert none["charging_demand_kwh"] == simulate(city).metrics["charging_demand_kwh"]


def only(city, zones=None, places=None):
    """The city with some of its zones and places."""
    z = np.arange(len(city.zones.id)) if zones is None else np.array(zones, int)
    p = np.arange(len(city.places.id)) if places is None else np.array(places, int)

    def snap(part, some):
        return replace(part.snap, **{n: a[:, some] for n, a in part.snap.arrays()})

    rings = {"ring_first": np.zeros(len(z) + 1, np.int32), "ring_lonlat": np.zeros((0, 2))}
    rows = {n: a[z] for n, a in city.zones.arrays() if n not in rings}
    return replace(
        city,
        zones=replace(city.zones, **rows, **rings, snap=snap(city.zones, z)),
        places=replace(city.places, **{n: a[p] for n, a in city.places.arrays()}, snap=snap(city.places, p)),
        supply=replace(
            city.supply,
            plugs=city.supply.plugs[:, p],
            parking_cny=city.supply.parking_cny[z],
            parking_spaces=city.supply.parking_spaces[z],
            parking_turnover=city.supply.parking_turnover[z],
        ),
        levers=no_levers(len(z)),
        lots=no_lots(),
        bike_points=city.bike_points if zones is None else no_bike_points(),
    )


@pytest.mark.parametrize(("zones", "places"), [([3], None), ([], None), (None, []), ([], []), ([2, 2], [0])])
def test_the_smallest_cities_have_figures(city, zones, places):
    small = only(city, zones, places)
    metrics = simulate(small).metrics
    made = trip_ends(small)[0].sum(axis=1)
    assert metrics["trips_per_day"] == pytest.approx(made[: units.VISITOR].sum())
    assert metrics["visitor_trips_per_day"] == pytest.approx(made[units.VISITOR])
    assert (metrics["green_trip_share"] is None) == (made[: units.VISITOR].sum() == 0)
    assert metrics["charging_served_kwh"] <= metrics["charging_demand_kwh"]


def test_feeders_that_are_reinforced_are_overloaded_no_more(city):
    fed = with_feeders(city)
    chargers = tuple(AddChargers(place=f"place/{i}", plugs=4) for i in (1, 2, 3))
    assert simulate(fed).metrics["feeders_overloaded"] == 0
    before = after(fed, *chargers)
    now = after(fed, *chargers, ReinforceFeeder(feeder="feeder/0", steps=2))
    assert before["feeders_overloaded"] == 1
    assert now["feeders_overloaded"] == 0
    assert now["feeder_used_share"] < before["feeder_used_share"]
    assert now["charging_served_kwh"] == before["charging_served_kwh"]


def test_a_lot_lies_in_a_zone(city):
    lot = AddLot(id="new", lon=120.622, lat=31.302, spaces=10, supply_class="on_street")
    with pytest.raises(ScenarioError, match="no zones"):
        Scenario(edits=(lot,)).apply(only(city, []))
