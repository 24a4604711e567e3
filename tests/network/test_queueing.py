"""Erlang's formulas beside exact fractions and published tables, and the capacities that follow from them."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import erlang

from network.kernels.queueing import fewest_servers, loss_rates, queues, waiting_rates

CHARGING_H = 25 / (0.85 * 60) + 5 / 60
"""25 kWh at 60 kW, and 5 minutes from one car to the next."""
TEN_MIN_H = 10 / 60
SHARE = 0.05


def one(load, servers, wait=0.0):
    return [float(x[0]) for x in queues(np.array([load]), np.array([servers]), wait)]


@given(st.fractions(min_value="1/1000", max_value=60), st.integers(1, 50))
@settings(max_examples=80, deadline=None)
def test_shares_are_those_of_exact_fractions(load, servers):
    lost, waiting, mean, _ = one(float(load), servers)
    exact_load = type(load)(float(load))
    true_lost, true_waiting = erlang(exact_load, servers)
    assert lost == pytest.approx(float(true_lost), rel=1e-13)
    if true_waiting is None:
        assert (waiting, mean) == (1.0, math.inf)
    else:
        assert waiting == pytest.approx(float(true_waiting), rel=1e-12)
        assert mean == pytest.approx(float(true_waiting / (servers - exact_load)), rel=1e-12)


def test_shares_are_those_of_the_exact_table(shared):
    with (shared / "bench/queueing/erlang_reference_exact_rational.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    load = np.array([float(row["offered_load_erlang"]) for row in rows])
    found = queues(load, np.array([int(row["servers"]) for row in rows]), 0.0)
    for name, values in zip(("erlang_B", "erlang_C", "mean_wait_in_service_times"), found, strict=False):
        known = np.array([row[name] != "" for row in rows])
        exact = [float(row[name]) for row in rows if row[name]]
        assert known.sum() > 100
        np.testing.assert_allclose(values[known], exact, rtol=1e-13)


def test_golden_cases(shared):
    golden = json.loads((shared / "domain/golden_cases.json").read_text(encoding="utf-8"))
    for case in golden["erlang"]:
        assert one(case["a"], case["c"])[:2] == pytest.approx([case["erlang_b"], case["erlang_c"]], rel=1e-12)
    sizes = golden["Lambda_max_per_size_class"]
    rates = waiting_rates(max(map(int, sizes)), CHARGING_H, TEN_MIN_H, SHARE)
    assert [round(float(rates[int(n)]), 4) for n in sizes] == list(sizes.values())
    fewest = golden["min_servers_P(W>10min)<=5%"]
    service_h = fewest["service_min"] / 60
    assert {r: fewest_servers(float(r), service_h, TEN_MIN_H, SHARE) for r in fewest["cases"]} == fewest["cases"]


@pytest.mark.parametrize("servers", [1, 2, 7, 40, 1000])
def test_rates_keep_the_share_and_no_larger_rate_does(servers):
    rates = waiting_rates(servers, CHARGING_H, TEN_MIN_H, SHARE), loss_rates(servers, CHARGING_H, SHARE)
    wait = TEN_MIN_H / CHARGING_H
    for rate, which in zip(rates, (3, 0), strict=True):
        assert one(rate[-1] * CHARGING_H * (1 - 1e-12), servers, wait)[which] <= SHARE
        assert one(rate[-1] * CHARGING_H * (1 + 1e-9), servers, wait)[which] > SHARE


@pytest.mark.parametrize("rates", [lambda n: waiting_rates(n, CHARGING_H, TEN_MIN_H, SHARE),
                                   lambda n: loss_rates(n, CHARGING_H, SHARE)], ids=["waiting", "loss"])  # fmt: skip
def test_every_plug_more_gives_more_than_the_one_before(rates):
    found = rates(300)
    assert found[0] == 0.0
    assert (np.diff(found, 2) > -1e-9).all(), "plugs at one site help each other"


def test_two_plugs_at_each_of_ten_sites_are_not_twenty_at_one():
    rates = waiting_rates(20, CHARGING_H, TEN_MIN_H, SHARE)
    assert round(10 * float(rates[2]), 1) == 7.6
    assert round(float(rates[20]), 1) == 26.8


def test_waiting_long_is_rarer_than_waiting_and_ends_are_as_they_should():
    lost, waiting, _, late = one(5.0, 7, 0.3)
    assert lost < late < waiting
    assert late == pytest.approx(waiting * math.exp(-0.6), rel=1e-14)
    assert one(5.0, 5)[1:] == [1.0, math.inf, 1.0]
    assert one(0.0, 3) == [0.0, 0.0, 0.0, 0.0]
    assert fewest_servers(0.0, CHARGING_H, TEN_MIN_H, SHARE) == 0


@given(st.floats(0.01, 500), st.floats(0.05, 3), st.floats(0, 1), st.floats(0.001, 0.5))
@settings(max_examples=60, deadline=None)
def test_one_server_fewer_than_the_fewest_is_too_few(rate, service_h, wait_h, share):
    servers = fewest_servers(rate, service_h, wait_h, share)
    late = [one(rate * service_h, n, wait_h / service_h)[3] for n in (servers - 1, servers) if n]
    assert late[-1] <= share
    assert all(value > share for value in late[:-1])
