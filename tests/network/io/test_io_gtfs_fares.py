from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from feed_files import FEED, read, written

from network import InputError

PRICES = "fare_id,price,currency_type,payment_method,transfers,transfer_duration\n"
RULES = "fare_id,route_id,origin_id\n"


def fares(tmp_path, parameters, prices, rules=None, **more):
    files = {"fare_attributes": PRICES + prices} | ({"fare_rules": RULES + rules} if rules else {})
    feed = read(written(tmp_path / "feed", **files, **more), parameters)
    return feed.source, feed.notes


def test_flat_fares_by_route(tmp_path, parameters):
    source, notes = fares(tmp_path, parameters, "one,2,CNY,0,0,\ntwo,3.5,CNY,0,0,\n", "one,b,\ntwo,m,\n")
    assert [line.tariff for line in source.lines] == ["feed:one", "feed:two"]
    assert {name: (t.from_m, t.cny, t.through) for name, t in source.tariffs.items()} == {
        "feed:one": ((0,), (2.0,), False), "feed:two": ((0,), (3.5,), False),
    }  # fmt: skip
    assert (source.transfer_off_cny, notes) == ({}, ())


def test_the_cheapest_of_several_fares_and_permitted_transfers(tmp_path, parameters):
    """A ride costs 2 or 3 alone; the fare of 4 holds on both and lets one change between them."""
    prices = "bus,2,CNY,0,0,\nrail,3,CNY,0,0,\nboth,4,CNY,0,,7200\n"
    source, notes = fares(tmp_path, parameters, prices, "bus,b,\nrail,m,\n")  # the third one holds everywhere
    assert [line.tariff for line in source.lines] == ["feed:bus+both", "feed:rail+both"]
    assert [t.cny for _, t in sorted(source.tariffs.items())] == [(2.0,), (3.0,)]
    assert source.transfer_off_cny == {
        ("feed:bus+both", "feed:rail+both"): 1.0,
        ("feed:rail+both", "feed:bus+both"): 1.0,
        ("feed:rail+both", "feed:rail+both"): 2.0,
    }
    assert notes == ()


@pytest.mark.parametrize("seed", range(10))
def test_two_rides_cost_what_the_best_choice_of_fares_does(tmp_path, parameters, seed):
    rng = np.random.default_rng(seed)
    cny, changes = rng.integers(1, 9, 4), rng.choice(["", "0", "1"], 4)
    holds = rng.random((3, 4)) < 0.6
    holds[:, 0] |= ~holds.any(axis=1)
    routes = "route_id,route_type\nb,3\nm,401\nx,0\n"
    trips = FEED["trips.txt"] + "x,all,x1\n"
    times = FEED["stop_times.txt"] + "x1,7:15:00,7:15:00,s3,1\nx1,7:20:00,7:20:00,s0,2\n"
    prices = "".join(f"f{i},{c},CNY,0,{k},\n" for i, (c, k) in enumerate(zip(cny, changes, strict=True)))
    rules = "".join(f"f{f},{'bmx'[r]},\n" for r, f in np.argwhere(holds))
    rules += "".join(f"f{f},,z\n" for f in np.flatnonzero(~holds.any(axis=0)))  # or it would hold everywhere
    source, _ = fares(tmp_path, parameters, prices, rules, routes=routes, trips=trips, stop_times=times)
    alone = [min(cny[f] for f in range(4) if holds[r, f]) for r in range(3)]
    tariff = [line.tariff for line in source.lines]
    assert [source.tariffs[name].cny for name in tariff] == [(c,) for c in alone]
    for a, b in combinations_with_replacement(range(3), 2):
        through = [cny[f] for f in range(4) if holds[a, f] and holds[b, f] and changes[f] != "0"]
        best = min([alone[a] + alone[b], *through])
        for one, other in ((a, b), (b, a)):
            off = source.transfer_off_cny.get((tariff[one], tariff[other]), 0.0)
            assert alone[one] + max(alone[other] - off, 0.0) == best


def test_what_no_tariff_can_say_is_told(tmp_path, parameters):
    prices = "local,2,CNY,0,1,3600\nreal,4,BRL,0,,\nzones,5,CNY,0,0,\n"
    source, notes = fares(tmp_path, parameters, prices, "local,b,\nreal,m,\nzones,m,z1\nzones,,z2\n")
    assert [line.tariff for line in source.lines] == ["feed:local", "metro"]
    assert list(source.tariffs) == ["feed:local"]
    assert source.transfer_off_cny == {("feed:local", "feed:local"): 2.0}
    assert notes == (
        "1 fares are not in CNY and are left out: the tariffs of the modes stand for them",
        "1 fares have rules by fare zones, which are left out: the tariffs of the modes stand for them",
        "1 fares permit a number of transfers; more than that are taken as permitted",
        "1 fares permit transfers for a time; later ones are taken as permitted",
    )
    products = "fare_product_id,amount,currency\nsingle,2,CNY\nday,10,CNY\n"
    feed = read(written(tmp_path / "other", fare_products=products), parameters)
    assert feed.source.tariffs == {}
    assert feed.notes == ("2 fares of GTFS-Fares V2 are left out: the tariffs of the modes stand for them",)


def test_a_rule_without_route_and_zone_holds_everywhere(tmp_path, parameters):
    source, _ = fares(tmp_path, parameters, "one,2,CNY,0,0,\n", "one,,\n")
    assert {line.tariff for line in source.lines} == {"feed:one"}


def test_fares_of_an_agency_hold_on_its_routes(tmp_path, parameters):
    routes = "route_id,agency_id,route_type\nb,1,3\nm,2,401\n"
    prices = "fare_id,price,currency_type,transfers,agency_id\nours,3,CNY,0,2\n"
    feed = read(written(tmp_path / "feed", routes=routes, fare_attributes=prices), parameters)
    assert [line.tariff for line in feed.source.lines] == ["bus", "feed:ours"]


WRONG = {
    "fare_rules.txt, row 2, column route_id: 'n' is not in routes.txt": ("one,2,CNY,0,0,\n", "one,n,\none,b,\n"),
    "fare_rules.txt, row 3, column fare_id: 'two' is not in fare_attributes.txt": (
        "one,2,CNY,0,0,\n", "one,b,\ntwo,b,\n",
    ),
    "fare_attributes.txt, row 2, column price: -2 is below 0": ("one,-2,CNY,0,0,\n", None),
    "fare_attributes.txt, row 3: permits no whole number of transfers": ("a,2,CNY,0,0,\none,2,CNY,0,many,\n", None),
    "fare_attributes.txt, row 3, column fare_id: 'one' stands in row 2": ("one,2,CNY,0,0,\none,3,CNY,0,0,\n", None),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_wrong_fares_are_named_by_file_and_row(tmp_path, parameters, message):
    with pytest.raises(InputError, match=message):
        fares(tmp_path, parameters, *WRONG[message])


def test_all_rules_of_unknown_routes_are_named_at_once(tmp_path, parameters):
    with pytest.raises(InputError) as caught:
        fares(tmp_path, parameters, "one,2,CNY,0,0,\n", "one,n,\none,b,\none,k,\n")
    assert [p.where for p in caught.value.problems] == [
        "fare_rules.txt, row 2, column route_id", "fare_rules.txt, row 4, column route_id",
    ]  # fmt: skip
