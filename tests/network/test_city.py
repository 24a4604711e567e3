from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from worlds import with_feeders

from network import City, InputError, Provenance, Scenario, grid_city
from network.part import specs


@pytest.fixture(scope="module")
def city():
    return grid_city(5, seed=1)


def parts(city):
    return [getattr(city, name) for name in City.part_types()] + [city.zones.snap, city.places.snap]


def test_every_array_is_read_only(city):
    for part in parts(city):
        for name, array in part.arrays():
            assert not array.flags.writeable, name


def test_a_part_but_for_one_array_is_the_part_made_anew(city):
    zones = city.zones
    jobs = zones.jobs + 1.0
    found, anew = zones.but(jobs=jobs), replace(zones, jobs=jobs)
    assert found.digest == anew.digest != zones.digest
    assert found.residents is zones.residents
    assert not found.jobs.flags.writeable


def test_what_a_part_is_given_instead_is_checked(city):
    for wrong, words in ((-city.zones.jobs - 1.0, "below 0"), (np.zeros(3), "the rest of the part has")):
        with pytest.raises(InputError, match=words):
            city.zones.but(jobs=wrong)


def test_the_callers_array_stays_writable():
    mine = np.array([0.5])
    provenance = Provenance(
        key=np.array(["a"]),
        value=np.array(["1"]),
        unit=np.array(["m"]),
        source=np.array(["s"]),
        is_default=np.array([True]),
        attribution=np.array(["t"]),
    )
    assert provenance.defaults() == [{"key": "a", "value": "1", "unit": "m", "source": "s"}]
    mine[0] = 1.0


@pytest.mark.parametrize(
    ("field", "bad", "says"),
    [
        ("residents", np.full(16, -1.0), "below 0"),
        ("residents", np.full(16, np.nan), "not numbers"),
        ("residents", np.full(3, 1.0), "length"),
        ("residents", np.arange(16), "dtype"),
        ("ev_share", np.full(16, 1.5), "above 1"),
        ("ring_first", np.zeros(5, np.int32), "length"),
    ],
)
def test_a_wrong_array_is_named_where_it_is_made(city, field, bad, says):
    with pytest.raises(InputError, match=rf"Zones\.(.*){says}|Zones\.{field}.*{says}"):
        replace(city.zones, **{field: bad})


def test_all_problems_are_told_at_once(city):
    with pytest.raises(InputError) as error:
        replace(city.zones, residents=np.full(16, -1.0), jobs=np.full(16, np.inf))
    assert [p.where for p in error.value.problems] == ["Zones.residents", "Zones.jobs"]


def test_a_graph_that_is_none_is_refused(city):
    head = city.roads.head.copy()
    head[0] = (head[0] + 1) % len(city.roads.lonlat)
    with pytest.raises(InputError, match="one graph"):
        replace(city.roads, head=head)


def test_parts_of_different_cities_do_not_mix(city):
    other = grid_city(6, seed=1)
    with pytest.raises(InputError, match="rows"):
        replace(city, supply=other.supply)


def other_than(array):
    """A valid array that differs from this one, or None where every entry is zero."""
    if array.ndim == 0 and array.dtype.kind == "i":
        return array + np.int32(1)
    if array.ndim == 0 and array.dtype.kind != "U":
        return (array * 0.5 + (0.0 if 0 < array < 1 else 0.6)).astype(array.dtype)
    flipped = np.flip(array)
    if flipped.shape == array.shape and not np.array_equal(flipped, array):
        return flipped
    if array.dtype.kind == "f":
        return array + 0.25 if (array >= 1).all() else array * 0.5 if array.any() else None
    return {"b": np.logical_not, "U": lambda a: np.char.add(a, "?")}.get(array.dtype.kind, lambda a: None)(array)


def test_the_digest_sees_every_array(city):
    bound = {
        "roads": {"first", "head", "edges", "way", "shape_first"},
        "zones": {"ring_first"},
        "fleet": {"id", "adoption_year"},
        "buses": {"clean", "electric", "bought", "path_year", "charger_kw", "slot_min", "transformer_kva"},
        "carbon": {"bus_year", "grid_year"},
        "lots": {"entrance_first"},
        "bike_points": {"ring_first", "spaces", "bikes"},
        "bike_sharing": {"balance_h", "days_covered"},
        "parking": {"window_h", "profile_h", "quantile"},
    }  # hold only together, or with some values alone
    for field, part_type in City.part_types().items():
        part = getattr(city, field)
        for name in set(specs(part_type)) - bound.get(field, set()):
            changed = other_than(getattr(part, name)) if getattr(part, name).size else None
            if changed is not None:
                assert replace(part, **{name: changed}).digest != part.digest, (field, name)


def test_same_seed_same_city_other_seed_other_city():
    assert grid_city(5, seed=1).digest == grid_city(5, seed=1).digest
    assert grid_city(5, seed=1).digest != grid_city(5, seed=2).digest


def test_a_scenario_never_touches_the_city(city):
    before = city.digest
    Scenario().apply(city)
    assert city.digest == before
    assert Scenario().apply(city) is city


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_and_one_sent_to_another_process_are_frozen_too(city, copied):
    again = copied(city)
    assert again.digest == city.digest
    for part in parts(again):
        for name, array in part.arrays():
            assert not array.flags.writeable, name


def test_a_read_only_view_of_a_writable_array_is_copied(city):
    mine = city.zones.jobs.copy()
    view = mine[:]
    view.flags.writeable = False
    zones = replace(city.zones, jobs=view)
    mine[0] = 99_999.0
    assert zones.jobs[0] == city.zones.jobs[0]


@pytest.mark.parametrize("first", [np.arange(5, 86, 5), np.arange(17) * 4, np.r_[0, 80, np.arange(10, 81, 5)]])
def test_outlines_that_do_not_fit_are_refused(city, first):
    with pytest.raises(InputError, match="ring_first: does not divide"):
        replace(city.zones, ring_first=first.astype(np.int32))


def test_streets_too_long_or_slow_to_be_counted_are_refused(city):
    roads = city.roads
    with pytest.raises(InputError, match=r"Roads.length_m: holds 3e\+06"):
        replace(roads, length_m=np.full(len(roads.length_m), 3e6))
    with pytest.raises(InputError, match=r"Roads.time_ms: holds"):
        replace(roads, time_ms=np.full(roads.time_ms.shape, 2**30, np.int32))


def test_plugs_are_searched_for_beyond_their_reach(city):
    """Else a zone without any plug would count as one with a plug within reach."""
    with pytest.raises(InputError, match=r"Supply.plug_search_m: is 500, not above plug_reach_m = 500"):
        replace(city.supply, plug_search_m=np.array(500.0))


def test_the_digest_of_a_city_sees_every_part_and_name(city):
    def moved(part):
        return replace(part, snap=replace(part.snap, along=1.0 - part.snap.along))

    transit = city.transit
    cheaper = replace(transit.tariffs, cny=transit.tariffs.cny / 2)
    others = [
        replace(city, id="other"),
        replace(city, name="other"),
        replace(city, areas=("other",)),
        replace(city, areas=(*city.areas, "other")),
        replace(city, zones=moved(city.zones)),
        replace(city, places=moved(city.places)),
        replace(city, roads=replace(city.roads, length_m=city.roads.length_m * 2)),
        replace(city, transit=replace(transit, tariffs=cheaper)),
        replace(city, transit=replace(transit, timetable=moved(transit.timetable))),
        replace(city, transit=replace(transit, stations=moved(transit.stations))),
        replace(city, transit=replace(transit, access_s=transit.access_s * 2)),
        replace(city, fleet=replace(city.fleet, km_per_day=city.fleet.km_per_day * 2)),
        replace(city, charging=replace(city.charging, wait_min=city.charging.wait_min * 2)),
        replace(city, buses=replace(city.buses, bus_cny=city.buses.bus_cny * 2)),
        with_feeders(city),
        replace(city, supply=replace(city.supply, parking_cny=city.supply.parking_cny * 2)),
        replace(city, behaviour=replace(city.behaviour, car_persons=np.array(3.0))),
        replace(city, provenance=replace(city.provenance, is_default=~city.provenance.is_default)),
    ]
    digests = {c.digest for c in (city, *others)}
    assert len(digests) == 1 + len(others)
