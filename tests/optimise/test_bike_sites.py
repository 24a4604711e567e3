"""Ground for dispatch points on made-up cities: what is assumed, what is refused and why, and where."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from network import BikeSite, InputError, bike_room, grid_city, local_metres
from optimise import BikeWishes
from optimise.bike_sites import assumed_sites, shortened, usable_sites
from optimise.bike_wishes import inside


@pytest.fixture(scope="module")
def city():
    return grid_city(7, seed=3)


def metres(city, lonlat):
    return local_metres(np.asarray(lonlat, float), float(np.median(city.roads.lonlat[:, 1])))


def box(west, south, east, north):
    return ((west, south), (east, south), (east, north), (west, north))


def middle(city):
    west, south, east, north = city.roads.bounds
    return (west + east) / 2, (south + north) / 2


def site(city, **more):
    lon, lat = middle(city)
    return BikeSite(**({"id": "here", "lon": lon, "lat": lat} | more))


def refused(city, *sites, **wishes):
    with pytest.raises(InputError) as error:
        usable_sites(city, BikeWishes(sites=sites, **wishes))
    return [(p.where, p.what) for p in error.value.problems]


def test_kerbs_keep_their_distance_and_lie_on_the_streets_that_count(city):
    rules, sites = city.bike_sharing, assumed_sites(city)
    kerbs = [s for s in sites if s.id.startswith("kerb")]
    assert len(kerbs) > 20
    spots = metres(city, [(s.lon, s.lat) for s in kerbs])
    apart = [np.hypot(*(a - b)) for a, b in itertools.combinations(spots, 2)]
    assert min(apart) > rules.kerb_gap_m
    names = set(city.roads.way_name[np.isin(city.roads.way_class, rules.kerb_classes)].tolist())
    assert {s.name for s in kerbs} <= names
    area_m2 = rules.kerb_length_m * rules.bike_length_m
    assert {s.area_m2 for s in kerbs} == {area_m2}
    for s in kerbs[:10]:
        assert Polygon(metres(city, s.outline)).area == pytest.approx(area_m2, rel=0.02)
    assert len({s.id for s in sites}) == len(sites)


def test_bridges_and_other_classes_have_no_kerbs(city):
    beside = np.zeros(len(city.roads.edges), bool)
    bridges = replace(city, roads=replace(city.roads, beside=beside))
    assert not any(s.id.startswith("kerb") for s in assumed_sites(bridges))
    motorways = replace(city, roads=replace(city.roads, way_class=np.full(len(city.roads.way_id), "motorway")))
    assert not any(s.id.startswith("kerb") for s in assumed_sites(motorways))


def test_each_entrance_of_a_station_is_looked_at(city):
    stations, (west, south, east, north) = city.transit.stations, city.roads.bounds
    on_map = [
        f"entrance {name}"
        for name, (lon, lat) in zip(stations.entrance_id, stations.entrance_lonlat, strict=True)
        if west <= lon <= east and south <= lat <= north
    ]
    assert [s.id for s in assumed_sites(city) if s.id.startswith("entrance")] == on_map
    assert on_map


def test_only_what_lies_within_is_assumed(city):
    lon, lat = middle(city)
    ring = box(lon, lat, *city.roads.bounds[2:])
    found = usable_sites(city, BikeWishes(within=(ring,)))
    assert 0 < len(found.sites) < len(assumed_sites(city))
    assert all(s.lon >= lon and s.lat >= lat for s in found.sites)
    assert found.left_out == ()


def test_what_cannot_be_used_is_told_with_its_reason(city):
    west, south, *_ = city.roads.bounds
    lon, lat = middle(city)
    sites = [
        site(city, id="good", area_m2=40.0, footway_m=5.0),
        site(city, id="lane", left_out="fire lane"),
        site(city, id="narrow", footway_m=3.0),
        site(city, id="short", footway_m=3.0, depth_m=0.5),
        site(city, id="small", area_m2=5.0),
        site(city, id="few", spaces=3),
        site(city, id="far", lon=west, lat=south),
    ]
    ring = box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)
    found = usable_sites(city, BikeWishes(sites=tuple(sites), within=(ring,)))
    assert [s.id for s in found.sites] == ["good", "short"]
    assert {row.id: row.reason for row in found.left_out} == {
        "lane": "fire lane",
        "narrow": "bikes would leave 1.0 m of the footway, 2 m are needed",
        "small": "has room for 4 bikes, 5 are the least",
        "few": "has room for 3 bikes, 5 are the least",
        "far": "lies outside the area that is planned",
    }
    assert not found.assumed


def test_room_and_money_follow_the_site_or_else_the_rules(city):
    rules = city.bike_sharing
    sites = (
        site(city, id="a", area_m2=40.0),
        site(city, id="b", area_m2=40.0, spaces=9, open_cny=10.5, cny_per_space=3.0),
        site(city, id="c", docked=True),
    )
    found = usable_sites(city, BikeWishes(sites=sites))
    assert found.room.tolist() == [32, 9, int(rules.most_spaces)] == [bike_room(s, rules) for s in sites]
    assert found.open_fen.tolist() == [200_000, 1050, 6_000_000]
    assert found.space_fen.tolist() == [15_000, 300, 300_000]


WRONG = {
    "no id": ({"id": ""}, "has no id"),
    "taken": ({"id": "bike/0"}, "has the id of a bike point of the city"),
    "swapped": ({"lon": 31.3, "lat": 120.6}, "(31.3, 120.6) is outside the streets of grid-7-3"),
    "corner outside": ({"outline": ((1.0, 1.0),) * 3}, "(1.0, 1.0) is outside the streets of grid-7-3"),
    "two corners": ({"outline": "two"}, "outline has 2 corners"),
    "negative area": ({"area_m2": -1.0}, "area_m2 is -1"),
    "endless money": ({"open_cny": float("inf")}, "open_cny is inf"),
    "negative spaces": ({"spaces": -5}, "spaces is -5"),
    "tab": ({"name": "a\tb"}, "has characters in its id or name that cannot be printed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_site_that_makes_no_sense_is_named(city, case):
    fields, told = WRONG[case]
    if fields.get("outline") == "two":
        fields = {"outline": (middle(city), middle(city))}
    found = refused(city, site(city, id="fine", area_m2=20.0), site(city, **fields))
    assert found == [(f"sites 1 ({fields.get('id', 'here')!r})", told)]


def test_everything_wrong_is_told_at_once(city):
    found = refused(city, site(city, area_m2=-1.0), site(city, spaces=-1), site(city, id="x", footway_m=-2.0))
    assert len(found) == 5
    assert sum(what == "has the id of another site" for _, what in found) == 2


def test_a_kerb_is_marked_no_longer_than_its_places(city):
    rules = city.bike_sharing
    kerb = next(s for s in assumed_sites(city) if s.id.startswith("kerb"))
    short = shortened(kerb, 6, rules)
    assert short.area_m2 == 6 * rules.bike_m2
    assert Polygon(metres(city, short.outline)).area == pytest.approx(short.area_m2, rel=0.05)
    assert np.mean(metres(city, short.outline), axis=0) == pytest.approx(
        np.mean(metres(city, kerb.outline), axis=0), abs=0.1
    )
    assert shortened(kerb, 100, rules).outline == kerb.outline


def test_inside_rings_is_what_polygons_say(city):
    rng = np.random.default_rng(5)
    lonlat = rng.uniform((0, 0), (10, 10), (500, 2))
    angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
    radius = rng.uniform(2, 5, 12)
    ring = tuple(map(tuple, (5 + radius[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))).tolist()))
    hole = box(4.5, 4.5, 5.5, 5.5)
    assert Polygon(ring).contains(Polygon(hole))
    shape = Polygon(ring).difference(Polygon(hole))
    assert inside(city, (ring, hole), lonlat).tolist() == [shape.contains(Point(p)) for p in lonlat]
    assert inside(city, (), lonlat).all()


def test_inside_the_old_town_is_what_polygons_say(city, shared):
    record = json.loads((shared / "data/suzhou/old_city.geojson").read_text(encoding="utf-8"))
    (ring,) = record["features"][0]["geometry"]["coordinates"]
    west, south = np.min(ring, axis=0)
    east, north = np.max(ring, axis=0)
    lonlat = np.random.default_rng(1).uniform((west, south), (east, north), (500, 2))
    wanted = [Polygon(ring).contains(Point(p)) for p in lonlat]
    assert inside(city, (tuple(map(tuple, ring)),), lonlat).tolist() == wanted
    assert 0 < sum(wanted) < len(wanted)


def test_an_area_is_where_its_zones_are_nearest(city):
    some = inside(city, "west", city.zones.lonlat)
    assert some.tolist() == (city.zones.area == "west").tolist()
    with pytest.raises(InputError, match=r"no area is called 'wset'.*did you mean 'west'"):
        inside(city, "wset", city.zones.lonlat)


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        (((0.0, 0.0), (1.0, 1.0)), "is no ring"),
        (((0.0, 0.0, 1.0),) * 3, "is no ring"),
        (((0.0, 0.0), (1.0, float("nan")), (1.0, 0.0)), "not numbers"),
    ],
    ids=["two corners", "heights", "nan"],
)
def test_rings_that_are_none_are_refused(city, ring, told):
    with pytest.raises(InputError, match=told):
        inside(city, (ring,), city.zones.lonlat)


WISHES = {
    "negative": ({"budgets_cny": (-1.0,)}, "is -1"),
    "nothing": ({"budgets_cny": (0.0,)}, "is 0"),
    "years without money": ({"years": (2026, 2027)}, "is not given for the years"),
    "too few": ({"years": (2026, 2027), "budgets_cny": (1e5,)}, "has 1 entries for 2 years"),
    "years turned": ({"years": (2027, 2026), "budgets_cny": (1e5, 1e5)}, "are 2027, 2026"),
    "share": ({"covered": 1.5}, "is 1.5"),
    "aim": ({"objective": "fun"}, "is 'fun'"),
    "no worth": ({"objective": "net"}, "is not given for net"),
    "worthless": ({"objective": "net", "worth_cny": 0.0}, "is 0"),
    "worth unused": ({"worth_cny": 5.0}, "is not used by cover"),
}


@pytest.mark.parametrize("case", WISHES)
def test_wishes_that_make_no_sense_are_refused(case):
    fields, told = WISHES[case]
    with pytest.raises(InputError, match=told):
        BikeWishes(**fields)


def test_money_adds_up_over_the_years():
    wishes = BikeWishes(years=(2026, 2027, 2028), budgets_cny=(100.0, 0.0, 50.5))
    assert wishes.cumulative_fen() == [10_000, 10_000, 15_050]
    assert wishes.budget_cny == 150.5
    assert BikeWishes().cumulative_fen() == [-1]
    assert BikeWishes().budget_cny is None
