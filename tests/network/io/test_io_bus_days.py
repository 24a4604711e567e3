"""The buses that real timetables need: never fewer than trips are on the road at once, and no trip is left out."""

from __future__ import annotations

import numpy as np
import pytest

from network.units import BUS
from optimise.bus_blocks import bus_trips, chain, terminals_of
from optimise.bus_days import bus_days


@pytest.fixture(params=["gusu", "sao_paulo"])
def city(request):
    return request.getfixturevalue(request.param)[0]


def test_blocks_hold_the_whole_timetable(city):
    transit, buses = city.transit, city.buses
    terminals = terminals_of(transit, float(buses.terminal_m))
    trips = bus_trips(transit, terminals)
    blocks = chain(trips, terminals, buses, float(transit.m_per_s[BUS]), float(transit.detour[BUS]))
    assert sum(len(block.stays) + 1 for block in blocks) == len(trips.of) > 500
    assert sum(block.km for block in blocks) >= trips.km.sum() - 1e-6
    layover_s = 60 * float(buses.layover_min)
    by_line = {line: [b for b in blocks if b.line == line] for line in trips.line}
    for line, name in enumerate(trips.line):
        ours = trips.of == line
        times = np.concatenate((trips.depart_s[ours], trips.arrive_s[ours] + layover_s))
        steps = np.repeat([1, -1], ours.sum())[np.lexsort((np.repeat([1, 0], ours.sum()), times))]
        assert len(by_line[name]) >= np.cumsum(steps).max()


def test_days_of_buses_are_possible(city):
    days = bus_days(city)
    hours = (days.back_s - days.out_s) / 3600
    assert 0 < hours.min() <= hours.max() < 24
    speed_kmh = days.km / hours
    assert 3 < np.median(speed_kmh) < 40
    assert len(set(days.id)) == len(days.id)
