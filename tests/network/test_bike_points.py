from __future__ import annotations

import numpy as np
import pytest

from network import (
    AddBikePoint,
    BikeSite,
    CloseStreet,
    InputError,
    RemoveBikePoint,
    Scenario,
    ScenarioError,
    SetBikePoint,
    bike_room,
    bikes_refused,
    grid_city,
)
from network.bike_points import no_bike_points

CORNERS = ((120.6215, 31.3012), (120.6216, 31.3012), (120.6216, 31.3013))


@pytest.fixture(scope="module")
def city():
    return grid_city(5)


def applied(city, *edits):
    return Scenario(edits=edits).apply(city)


def said(city, *edits):
    with pytest.raises(ScenarioError) as error:
        Scenario(edits=edits).apply(city)
    return str(error.value)


def test_a_point_is_added_set_and_taken_away_with_its_outline(city):
    add = AddBikePoint(id="a", lon=120.6215, lat=31.3012, spaces=24, bikes=9, area_m2=30.0, outline=CORNERS)
    more = applied(city, add, AddBikePoint(id="b", lon=120.622, lat=31.302, spaces=5), SetBikePoint(point="a", bikes=3))
    points = more.bike_points
    assert points.id[-2:].tolist() == ["a", "b"]
    assert (points.spaces[-2], points.bikes[-2], points.area_m2[-2]) == (24, 3, 30.0)
    first = points.ring_first
    assert points.ring_lonlat[first[-3] : first[-2]].tolist() == [list(corner) for corner in CORNERS]
    assert first[-1] == first[-2]
    fewer = applied(more, RemoveBikePoint(point="bike/0"), RemoveBikePoint(point="b")).bike_points
    assert fewer.id.tolist() == [*city.bike_points.id[1:].tolist(), "a"]
    assert fewer.ring_lonlat.tolist() == [list(corner) for corner in CORNERS]
    assert fewer.ring_first.tolist() == [0] * len(fewer.id) + [3]
    assert city.digest == grid_city(5).digest


def test_added_and_removed_is_as_before_but_for_nothing(city):
    add = AddBikePoint(id="a", lon=120.6215, lat=31.3012, spaces=24, outline=CORNERS)
    assert applied(city, add, RemoveBikePoint(point="a")).digest == city.digest


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (AddBikePoint(id="bike/0", lon=120.6215, lat=31.3012, spaces=4), "taken"),
        (AddBikePoint(id="", lon=120.6215, lat=31.3012, spaces=4), "empty"),
        (AddBikePoint(id="a", lon=31.3012, lat=120.6215, spaces=4), "swapped"),
        (AddBikePoint(id="a", lon=120.6215, lat=31.3012, spaces=0), "spaces is 0"),
        (AddBikePoint(id="a", lon=120.6215, lat=31.3012, spaces=4, bikes=5), "bikes is 5"),
        (AddBikePoint(id="a", lon=120.6215, lat=31.3012, spaces=4, area_m2=-1.0), "area_m2 is -1"),
        (AddBikePoint(id="a", lon=120.6215, lat=31.3012, spaces=4, outline=CORNERS[:2]), "2 corners"),
        (AddBikePoint(id="a", lon=120.6215, lat=31.3012, spaces=4, outline=(*CORNERS, (0.0, 0.0))), "outside"),
        (SetBikePoint(point="bike/0"), "changes nothing"),
        (SetBikePoint(point="bike/0", spaces=2), "bikes is 5"),
        (SetBikePoint(point="bike/0", bikes=10**12), "bikes is"),
        (SetBikePoint(point="bike/9999", bikes=1), "no bike point has the id"),
        (RemoveBikePoint(point="bike 0"), "did you mean 'bike/0'"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_cannot_be_is_refused_with_a_reason(city, edit, told):
    assert told in said(city, edit)


def test_a_street_closed_moves_where_a_point_touches_the_streets(city):
    before = city.bike_points.snap
    street = int(before.segment[0, 0])
    changed = applied(city, CloseStreet(street=f"way/{city.roads.way[street]}", modes=("walk",)))
    assert changed.bike_points.snap.segment[0, 0] != street


def test_more_bikes_than_places_are_named():
    points = grid_city(5).bike_points
    values = dict(points.arrays()) | {"bikes": points.spaces + np.int32(1)}
    with pytest.raises(InputError, match=r"'bike/0'.*11 bikes for 10 places"):
        type(points)(snap=points.snap, **values)
    assert len(no_bike_points().id) == 0


def test_the_room_of_a_site_is_what_its_ground_holds(city):
    rules = city.bike_sharing
    site = {"id": "a", "lon": 0.0, "lat": 0.0}
    assert bike_room(BikeSite(**site), rules) == 60
    assert bike_room(BikeSite(**site, area_m2=30.0), rules) == 24
    assert bike_room(BikeSite(**site, area_m2=30.0, spaces=12), rules) == 12
    assert bikes_refused(BikeSite(**site, area_m2=30.0), rules) == ""
    assert bikes_refused(BikeSite(**site, left_out="fire lane"), rules) == "fire lane"
    assert "4 bikes, 5 are the least" in bikes_refused(BikeSite(**site, area_m2=5.9), rules)
    assert bikes_refused(BikeSite(**site, footway_m=4.0), rules) == ""
    assert "leave 1.9 m" in bikes_refused(BikeSite(**site, footway_m=3.9), rules)
    assert bikes_refused(BikeSite(**site, footway_m=3.9, depth_m=1.5), rules) == ""
