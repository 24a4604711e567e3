"""The fleet that need, street space and parking allow together, by hand and as properties; racks at entrances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import (
    BINDINGS,
    AddBikePoint,
    AddStationParking,
    InputError,
    Scenario,
    fleet_cap,
    grid_city,
    margin_of,
    model_flows,
    no_bike_points,
    racks_needed,
    simulate,
)
from network.demand.bike_fleet import street_space


@pytest.fixture(scope="module")
def city():
    racks = tuple(AddStationParking(station=f"station/{i}", racks=3000) for i in (0, 2))
    more = tuple(
        AddBikePoint(id=f"more/{i}", lon=lon, lat=lat, spaces=4 + i)
        for i, (lon, lat) in enumerate(grid_city(8, seed=2).zones.lonlat[1::3].tolist())
    )
    return Scenario(edits=racks + more).apply(grid_city(8, seed=2))


@pytest.fixture(scope="module")
def outcome(city):
    return simulate(city)


@pytest.fixture(scope="module")
def flows(city, outcome):
    return model_flows(city, outcome)


def with_rules(city, **numbers):
    return replace(city, bike_sharing=replace(city.bike_sharing, **{k: np.array(v) for k, v in numbers.items()}))


def test_the_cap_by_hand(city, flows):
    """Two zones: one takes 7 bikes from 8 to 9 that come back from 17 to 18, the other the reverse."""
    pickups, returns = np.zeros((2, 2, 24)), np.zeros((2, 2, 24))
    pickups[0, 0, 8] = returns[0, 0, 17] = returns[0, 1, 8] = pickups[0, 1, 17] = 7.0
    some = replace(
        flows, id=flows.id[:2], lonlat=flows.lonlat[:2], zone=np.array([0, 1], np.int32),
        station=np.full(2, -1, np.int32), pickups=pickups, returns=returns,
    )  # fmt: skip
    bare = replace(with_rules(city, turnover=1.0), bike_points=no_bike_points())
    points = (
        AddBikePoint(id="a", lon=city.zones.lonlat[0, 0], lat=city.zones.lonlat[0, 1], spaces=9),
        AddBikePoint(id="b", lon=city.zones.lonlat[1, 0], lat=city.zones.lonlat[1, 1], spaces=9),
    )
    bare = Scenario(edits=points).apply(bare)
    space = np.full(len(city.zones.id), 8.0)
    found = fleet_cap(bare, some, space)
    # -7 or +7 in nine hours of 24: the mean is 2.625 away from where the day begins
    home, office = np.full(24, 7 + 2.625), np.full(24, 7 - 2.625)
    home[8:17], office[8:17] = 2.625, 14 - 2.625
    assert found.need[:2] == pytest.approx(np.stack((home, office)))
    assert found.cap_by_hour == pytest.approx(np.minimum(home, 8) + np.minimum(office, 8))
    assert (found.cap, found.hour) == (10, 8)
    assert [BINDINGS[b] for b in found.binding[:2, 0]] == ["space", "need"]
    assert [BINDINGS[b] for b in found.binding[:2, 12]] == ["need", "space"]
    assert fleet_cap(with_rules(bare, turnover=100.0), some, space).need.min() == 0.0
    fewer = fleet_cap(bare, some, space + 2)
    assert [BINDINGS[b] for b in fewer.binding[:2, 0]] == ["parking", "need"]


def test_the_figures_are_those_of_the_cap(city, outcome, flows):
    found = fleet_cap(city, flows)
    assert found.need == pytest.approx(outcome.bike_need)
    assert outcome.metrics["bike_fleet_cap"] == pytest.approx(found.cap_by_hour.min())
    assert found.cap == int(found.cap_by_hour.min())
    assert outcome.metrics["bike_fleet_need"] == pytest.approx(found.need.sum(axis=0).min())
    assert outcome.metrics["bike_fleet_cap"] < outcome.metrics["bike_fleet_need"]
    assert outcome.metrics["bike_point_spaces"] == found.parking.sum()


def test_all_three_bind_somewhere_and_the_one_said_is_the_least(city, flows):
    found = fleet_cap(city, flows, np.full(len(city.zones.id), 6.0))
    three = np.stack(np.broadcast_arrays(found.need, found.space[:, None], found.parking[:, None]))
    assert np.take_along_axis(three, found.binding[None], 0)[0] == pytest.approx(three.min(axis=0))
    assert set(found.binding.ravel().tolist()) == {0, 1, 2}
    assert found.cap_by_hour == pytest.approx(three.min(axis=0).sum(axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_half_the_kerb_lowers_the_cap_only_where_space_binds(city, flows, seed):
    """METHODS E9, and that the cap rises with each of the three."""
    rng = np.random.default_rng(seed)
    space = rng.uniform(0.0, 30.0, len(city.zones.id))
    whole, half = fleet_cap(city, flows, space), fleet_cap(city, flows, space / 2)
    room = [np.minimum(np.minimum(f.need, f.space[:, None]), f.parking[:, None]) for f in (whole, half)]
    lower = room[1] < room[0]
    assert lower.any()
    assert (half.binding[lower] == BINDINGS.index("space")).all()
    assert (lower == (half.binding == BINDINGS.index("space"))).all()
    assert half.cap <= whole.cap
    assert fleet_cap(with_rules(city, turnover=2.0), flows, space).cap >= whole.cap
    wider = replace(city, bike_points=replace(city.bike_points, spaces=city.bike_points.spaces * 2))
    assert fleet_cap(wider, flows, space).cap >= whole.cap


def test_the_ground_of_streets_is_that_of_their_kerbs(city):
    rules = city.bike_sharing
    by_hand = 100.0 * 0.5 * 2.0 * (1 - 0.25) / 1.5
    told = with_rules(city, kerb_share=0.5, bike_length_m=2.0, own_share=0.25, bike_m2=1.5)
    assert street_space(told, np.array([0.0, 100.0])) == pytest.approx([0.0, by_hand])
    assert street_space(with_rules(city, kerb_share=float(rules.kerb_share) / 2), np.ones(3)) == pytest.approx(
        street_space(city, np.ones(3)) / 2
    )


def test_space_of_other_zones_is_refused(city, flows):
    with pytest.raises(InputError, match="for each of 49 zones"):
        fleet_cap(city, flows, np.ones(3))
    with pytest.raises(InputError, match="0 or more"):
        fleet_cap(city, flows, np.full(49, -1.0))


def test_racks_are_wanted_for_those_who_stand_there_at_noon(city, outcome):
    """All trips are of work here: half of them leave a bike by nine and take it from five on."""
    needs = racks_needed(city, outcome)
    stations = city.transit.stations
    assert (stations.entrance_station[needs.entrance] == needs.station).all()
    assert set(needs.station.tolist()) <= {0, 2}
    own = 1 - float(city.bike_sharing.ride_shared_share)
    assert needs.trips.sum() == pytest.approx(own * outcome.station_use[0].sum())
    assert (needs.standing <= needs.trips / 2 + 1e-9).all()
    margin = margin_of(float(city.bike_sharing.days_covered)) / 2
    assert needs.racks.tolist() == np.ceil(needs.standing + margin * np.sqrt(needs.standing)).tolist()
    assert needs.station_racks.tolist() == [3000, 0, 3000, 0]
    to_work = outcome.trips_from.copy()
    to_work[1:] = 0.0
    alone = racks_needed(city, replace(outcome, trips_from=to_work))
    assert alone.standing == pytest.approx(alone.trips * 0.45 / 0.5 * 0.5 - alone.trips * 0.05 / 0.5 * 0.5)


def test_bikes_that_stand_over_night_want_racks_too(city, outcome):
    """Where trips lead back first, what is taken in the morning has stood there since the evening before."""
    turned = with_rules(city, out_share=1.0 - city.bike_sharing.out_share)
    to_work = outcome.trips_from.copy()
    to_work[1:] = 0.0
    only_work = replace(outcome, trips_from=to_work)
    assert racks_needed(turned, only_work).standing == pytest.approx(racks_needed(city, only_work).standing)


def test_no_racks_are_wanted_where_nobody_comes(city):
    base = grid_city(8, seed=2)
    needs = racks_needed(base, simulate(base))
    assert needs.entrance.tolist() == needs.racks.tolist() == []
