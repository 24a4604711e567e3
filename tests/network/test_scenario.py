from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from worlds import with_feeders

from network import (
    EDITS,
    AddBikePoint,
    AddChargers,
    AddLine,
    AddLot,
    AddLotSpaces,
    AddPlace,
    AddStationParking,
    AddStop,
    AddStreet,
    CloseStreet,
    DevelopNearStations,
    MoveStop,
    OpenStreet,
    ReinforceFeeder,
    RemoveBikePoint,
    RemoveLine,
    RemoveLotSpaces,
    RemoveStop,
    Scenario,
    ScenarioError,
    SetBikePoint,
    SetBundle,
    SetBusPriority,
    SetCarbonPoints,
    SetCongestionCharge,
    SetDemand,
    SetElectricShare,
    SetFare,
    SetHeadway,
    SetLinePath,
    SetLotHours,
    SetOneWay,
    SetParkingMonth,
    SetParkingSupply,
    SetParkingTurnover,
    SetPeakSpreading,
    SetPrice,
    SetRemoteWork,
    SetStreetSpeed,
    SetTemperature,
    SetTicketDiscount,
    SetVehicles,
    SetYear,
    ShareLot,
    fleet_day,
    grid_city,
    travel_times,
    units,
)

JSON = TypeAdapter(Scenario)
ONE_OF_EACH = Scenario(
    name="everything",
    edits=(
        AddPlace(
            id="new/1",
            lon=120.6215,
            lat=31.3012,
            most_plugs=8,
            open_cny=1e5,
            plug_cny=3e4,
            kind="kerb",
            name="新站",
            feeder="feeder/1",
        ),
        AddChargers(place="new/1", plugs=6),
        AddChargers(place="new/1", plugs=2, charger="slow"),
        ReinforceFeeder(feeder="feeder/1"),
        SetElectricShare(share=0.3, home_access=0.2, zones=("zone/0", "zone/1")),
        SetVehicles(segment="taxi", vehicles=250.0),
        SetTemperature(celsius=-5.0),
        CloseStreet(street="East Street 2", modes=("drive", "cycle")),
        SetStreetSpeed(street="way/7", kmh=20.0),
        OpenStreet(street="East Street 2", kmh=15.0),
        SetOneWay(street="way/7", direction="both"),
        AddStreet(id="new/bridge", lonlat=((120.621, 31.3), (120.6252, 31.3071)), kmh={"walk": 4.8, "cycle": 15.0}),
        SetPrice(item="parking", cny=8.0, area="west"),
        SetDemand(zone="zone/1", jobs=900.0),
        AddStationParking(station="station/1", spaces=50, racks=120),
        AddStop(id="new/stop", lon=120.6215, lat=31.3012, name="新站", lines=("Line 0",)),
        MoveStop(stop="new/stop", lon=120.622, lat=31.301),
        RemoveStop(stop="stop/3"),
        AddLine(id="new/line", mode="metro", stops=("new/stop", "stop/4", "stop/2"), headway_min=4.0, from_year=2030),
        SetLinePath(line="line/2", stops=("stop/0", "new/stop")),
        SetHeadway(line="Line 1", headway_min=5.0, from_h=7.0, until_h=9.0),
        RemoveLine(line="line/5"),
        SetFare(tariff="metro", steps=((0, 3.0), (4000, 4.0))),
        SetYear(year=2030),
        SetCongestionCharge(cny=10.0, area="west"),
        SetTicketDiscount(cny=5.0, zones=("zone/1", "zone/2")),
        SetCarbonPoints(cny_per_kg=1.0),
        SetBundle(fare_off_share=0.2, transfer_off_share=0.3),
        SetRemoteWork(share=0.1),
        SetPeakSpreading(share=0.2, hours=(7, 8), purposes=("home_work", "home_school")),
        SetParkingSupply(spaces=500, area="east"),
        SetParkingTurnover(turnover=8.0, area="east"),
        SetBusPriority(time_off_share=0.1, line="Line 3"),
        DevelopNearStations(metres=400.0, residents=1000.0, moved=True),
        ShareLot(lot="lot/0", spaces=10, start="18:00", end="32:00", days=("weekday", "holiday")),
        SetLotHours(lot="lot/1", start="07:00", end="19:30"),
        AddLot(id="new/lot", lon=120.622, lat=31.302, spaces=40, supply_class="on_street", name="路内", use="home"),
        AddLotSpaces(lot="lot/1", spaces=12),
        RemoveLotSpaces(lot="new/lot", spaces=5),
        SetParkingMonth(month=8),
        AddBikePoint(
            id="new/bikes",
            lon=120.6215,
            lat=31.3012,
            spaces=24,
            name="疏导点",
            bikes=9,
            area_m2=30.0,
            outline=((120.6215, 31.3012), (120.6216, 31.3012), (120.6216, 31.3013)),
        ),
        SetBikePoint(point="new/bikes", spaces=30, bikes=12),
        RemoveBikePoint(point="bike/0"),
    ),
)


@pytest.fixture(scope="module")
def city():
    return with_feeders(grid_city(5))


def refused(city, *edits):
    with pytest.raises(ScenarioError) as error:
        Scenario(edits=edits).apply(city)
    return error.value.problems


def test_every_edit_survives_json_and_is_in_the_example():
    assert {type(e) for e in ONE_OF_EACH.edits} == set(EDITS)
    assert JSON.validate_json(JSON.dump_json(ONE_OF_EACH)) == ONE_OF_EACH


def test_every_edit_names_its_layers():
    for edit in EDITS:
        assert edit.layers
        assert edit.layers <= {"roads", "transit", "places", "supply", "demand"}
    assert ONE_OF_EACH.layers == {"roads", "transit", "places", "supply", "demand"}


@pytest.mark.parametrize(
    "text",
    [
        '{"edits": [{"type": "add_chargers", "place": "a", "plugs": 1, "colour": "red"}]}',
        '{"edits": [{"type": "add_charger", "place": "a", "plugs": 1}]}',
        '{"edits": [{"type": "add_chargers", "place": "a"}]}',
        '{"edits": [{"type": "add_chargers", "place": "a", "plugs": 1.5}]}',
        '{"edits": [{"type": "set_price", "item": "parking", "cny": NaN}]}',
        '{"edits": [{"place": "a", "plugs": 1}]}',
        '{"edits": [], "comment": "?"}',
    ],
)
def test_json_that_says_too_much_or_too_little_is_refused(text):
    with pytest.raises(ValidationError):
        JSON.validate_json(text)


def test_edits_apply_in_order_and_leave_the_city_alone(city):
    before = city.digest
    changed = ONE_OF_EACH.apply(city)
    assert city.digest == before
    assert changed.supply.plugs[:, -1].tolist() == [2, 6, 0]
    assert changed.places.feeder[-1] == 1
    assert changed.supply.feeder_steps.tolist() == [0, 1]
    assert changed.zones.ev_share[:3].tolist() == [0.3, 0.3, 0.15]
    assert changed.zones.home_access[:3].tolist() == [0.2, 0.2, 0.2]
    assert changed.places.name[-1] == "新站"
    assert (changed.supply.parking_cny == np.where(city.zones.area == "west", 8.0, 5.0)).all()
    assert changed.zones.jobs[1] == 900
    street = changed.roads.edges[changed.roads.way_id[changed.roads.way] == "way/7"].ravel()
    open_ = changed.roads.time_ms[units.DRIVE, street] >= 0
    assert (changed.roads.time_ms[units.DRIVE, street][open_] == round(200 / (20 / 3.6) * 1000)).all()


def test_all_problems_are_told_at_once_and_by_place(city):
    problems = refused(
        city,
        AddChargers(place="place/1", plugs=0),
        CloseStreet(street="Est Street 2"),
        SetDemand(zone="zone/1", jobs=-5.0),
        SetPrice(item="parking", cny=3.0, area="wst"),
    )
    assert [p.where.split()[0] for p in problems] == ["edits[0]", "edits[1]", "edits[2]", "edits[3]"]
    assert "East Street 2" in problems[1].hint
    assert "'west'" in problems[3].hint


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (AddChargers(place="nowhere", plugs=1), "no place has the id"),
        (AddChargers(place="place/1", plugs=500), "do not fit"),
        (AddChargers(place="place/1", plugs=-1), "plugs is -1"),
        (CloseStreet(street=""), "no street"),
        (CloseStreet(street="East Street 1", modes=()), "modes is empty"),
        (SetStreetSpeed(street="East Street 1", kmh=0.0), "kmh is 0.0"),
        (SetStreetSpeed(street="East Street 1", kmh=float("inf")), "kmh is inf"),
        (SetStreetSpeed(street="East Street 1", kmh=1e-9), "cannot be counted"),
        (SetPrice(item="driving", cny=1.0, area="west"), "one price"),
        (SetPrice(item="driving", cny=-1.0), "cny is -1.0"),
        (SetDemand(zone="zone/1"), "changes nothing"),
        (SetDemand(zone="zone/1", residents=float("nan")), "residents is nan"),
        (SetDemand(zone="zone/99", residents=1.0), "no zone"),
        (AddPlace(id="place/1", lon=120.621, lat=31.301, most_plugs=1, open_cny=0, plug_cny=0), "taken"),
        (AddPlace(id="x", lon=31.301, lat=120.621, most_plugs=1, open_cny=0, plug_cny=0), "swapped"),
        (AddPlace(id="x", lon=121.9, lat=31.301, most_plugs=1, open_cny=0, plug_cny=0), "outside the streets"),
        (AddPlace(id="x", lon=120.621, lat=31.301, most_plugs=-1, open_cny=0, plug_cny=0), "most_plugs is -1"),
        (
            AddPlace(id="x", lon=120.621, lat=31.301, most_plugs=1, open_cny=0, plug_cny=0, feeder="feeder/7"),
            "no feeder has the id 'feeder/7'",
        ),
        (AddChargers(place="place/1", plugs=1, charger="turbo"), "use slow, fast, ultra_fast"),
        (AddChargers(place="place/1", plugs=5, charger="slow"), "room for 4 more"),
        (AddChargers(place="place/0", plugs=11), "room for 10 more"),
        (ReinforceFeeder(feeder="feeder/7"), "no feeder has the id 'feeder/7'"),
        (ReinforceFeeder(feeder="feeder/1", steps=2), "steps is 2 (feeder 'feeder/1' can get from 1 to 1 more)"),
        (ReinforceFeeder(feeder="feeder/0", steps=0), "steps is 0"),
        (SetElectricShare(share=1.2, area="west"), "share is 1.2"),
        (SetElectricShare(share=float("nan"), area="west"), "share is nan"),
        (SetElectricShare(share=0.2, home_access=-0.1, area="west"), "home_access is -0.1"),
        (SetElectricShare(share=0.2), "neither area nor zones"),
        (SetElectricShare(share=0.2, area="wset"), "did you mean 'west'"),
        (SetVehicles(segment="private", vehicles=10.0), "use set_electric_share"),
        (SetVehicles(segment="tram", vehicles=10.0), "no segment has the id 'tram'"),
        (SetVehicles(segment="taxi", vehicles=-1.0), "vehicles is -1.0"),
        (SetVehicles(segment="taxi", vehicles=float("nan")), "vehicles is nan"),
        (SetTemperature(celsius=-80.0), "from -60 to 60"),
        (SetTemperature(celsius=float("nan")), "celsius is nan"),
    ],
)
def test_an_edit_that_cannot_be_made_says_why(city, edit, says):
    (problem,) = refused(city, edit)
    assert says in str(problem)


def test_plugs_added_twice_must_fit_together(city):
    at = int(np.flatnonzero(~city.supply.plugs.any(axis=0))[0])
    most = int(city.places.most_plugs[at])
    place = str(city.places.id[at])
    slow = AddChargers(place=place, plugs=1, charger="slow")
    full = Scenario(edits=(AddChargers(place=place, plugs=most - 1), slow)).apply(city)
    assert full.supply.plugs[:, at].tolist() == [1, most - 1, 0]
    (problem,) = refused(city, AddChargers(place=place, plugs=most), AddChargers(place=place, plugs=1))
    assert "room for 0 more" in problem.what


def test_a_feeder_takes_no_more_steps_than_it_has(city):
    step = ReinforceFeeder(feeder="feeder/0", steps=2)
    assert Scenario(edits=(step,)).apply(city).supply.feeder_steps.tolist() == [2, 0]
    (problem,) = refused(city, step, step)
    assert "can get from 1 to 1 more" in str(problem)


def test_feeders_nobody_knows_cannot_be_reinforced():
    (problem,) = refused(grid_city(3), ReinforceFeeder(feeder="feeder/0"))
    assert "there is no feeder" in str(problem)


def test_vehicles_need_residents_to_be_counted_by(city):
    empty = replace(city, zones=replace(city.zones, residents=np.zeros(len(city.zones.id))))
    (problem,) = refused(empty, SetVehicles(segment="taxi", vehicles=10.0))
    assert "no residents" in str(problem)


def test_vehicles_are_those_of_the_year_of_the_stock(city):
    of_2025 = SetYear(year=2025)
    for segment, vehicles in (("taxi", 250.0), ("official", 40.0)):
        changed = Scenario(edits=(SetVehicles(segment=segment, vehicles=vehicles), of_2025)).apply(city)
        assert fleet_day(changed).vehicles[units.SEGMENTS.index(segment)] == pytest.approx(vehicles)
        assert fleet_day(Scenario(edits=(SetYear(year=2027),)).apply(changed)).vehicles.sum() > vehicles


def test_a_share_of_electric_cars_holds_in_its_zones_alone(city):
    east = SetElectricShare(share=0.5, area="east")
    zones = Scenario(edits=(east,)).apply(city).zones
    assert np.array_equal(zones.ev_share, np.where(city.zones.area == "east", 0.5, 0.15))
    assert zones.home_access is city.zones.home_access


def test_a_closed_street_sends_its_points_to_the_next_one(city):
    touched = city.roads.way_name[city.roads.way]
    others = city.points.keys() - {"zones", "lots", "bike_points"}
    streets = (("North Street 2", {"zones"}), ("North Street 1", {"lots", "bike_points"}), ("East Street 3", others))
    for street, layers in streets:
        changed = Scenario(edits=(CloseStreet(street=street),)).apply(city)
        for layer in layers:
            before, now = city.points[layer][0], changed.points[layer][0]
            assert (touched[before.segment[units.DRIVE]] == street).any(), layer
            assert not (touched[now.segment[units.DRIVE]] == street).any(), layer
            assert (now.segment[units.WALK] == before.segment[units.WALK]).all(), layer


def test_closing_a_street_never_makes_a_way_shorter(city):
    changed = Scenario(edits=(CloseStreet(street="North Street 3"),)).apply(city)
    kept = (changed.zones.snap.segment[units.DRIVE] == city.zones.snap.segment[units.DRIVE]).nonzero()[0]
    before, after = travel_times(city).road_time_s[units.DRIVE], travel_times(changed).road_time_s[units.DRIVE]
    off_diagonal = ~np.eye(len(kept), dtype=bool)
    pair = np.ix_(kept, kept)
    assert (after[pair] >= before[pair])[off_diagonal].all()


def test_a_street_already_closed_cannot_be_closed_again(city):
    (problem,) = refused(city, CloseStreet(street="way/1"), CloseStreet(street="way/1"))
    assert "not open to drive" in problem.what


def test_prices_of_an_area_hold_for_trips_to_its_parking(city):
    west = city.zones.area == "west"
    parking = Scenario(edits=(SetPrice(item="parking", cny=33.0, area="west"),)).apply(city).supply.parking_cny
    assert ((parking == 33.0) == west).all()
