"""The demand model: shares beside numpy, and one-lever what-ifs of 1,000 zones x 10 modes x 5 purposes.

Targets: 40 million choices a second of 5 alternatives on two cores; what-ifs under 200 ms at the median. Seconds are by
the clock and, on a machine that does other work too, of the CPU, all threads together.
"""

from __future__ import annotations

import statistics
import time
from itertools import count

import numpy as np
from numba import njit, prange
from timing import interleaved

from network import (
    AddStationParking,
    Scenario,
    SetBundle,
    SetCarbonPoints,
    SetCongestionCharge,
    SetDemand,
    SetPrice,
    SetTicketDiscount,
    between_zones,
    grid_city,
    simulate,
    travel_times,
)
from network.demand.choice import split
from network.kernels.exponential import LOG2_E
from network.kernels.logit import weigh

SIDE = 33
"""Crossings along a side of the city: 32 x 32 zones."""
PLACES = 400_000
"""Racks and spaces at each station: room for all."""
CHOICES, ALTERNATIVES, ROW = 2_000_000, 5, 1024
RUNS = 11


def main() -> None:
    plain()
    city = equipped(grid_city(SIDE))
    travel = travel_times(city)
    flows = between_zones(city, travel)
    base = simulate(city, travel, flows)
    zones = len(city.zones.id)
    assert (base.trips_from.sum(axis=(0, 2)) > 0).all()  # all modes are used
    (seconds,) = interleaved(RUNS, lambda: split(city, travel, flows.trips))
    pairs = 5 * zones**2
    stations = len(travel.stations.station)
    print(f"{zones} zones, 10 modes in 3 nests, two of them by {stations} stations, 5 purposes, with and without a car")
    print(f"a day of {pairs:,} choices: {seconds * 1e3:.0f} ms, {pairs / seconds / 1e6:.1f} million a second")
    for name, edits in levers(city):
        times = []
        for _ in range(RUNS + 1):
            scenario = Scenario(edits=(next(edits),))
            clock, cpu = time.perf_counter(), time.process_time()
            changed = scenario.apply(city)
            outcome = simulate(changed, travel_times(changed, travel), flows)
            times.append((time.perf_counter() - clock, time.process_time() - cpu))
            assert outcome.digest != base.digest
        (median, worst), (cpu, _) = ((statistics.median(t), max(t)) for t in zip(*times[1:], strict=True))
        print(f"{name:20} {median * 1e3:7.0f} ms at the median, {worst * 1e3:.0f} at worst, {cpu * 1e3:.0f} of the CPU")


def equipped(city):
    """The city with room for bikes and cars at all its stations."""
    stations = city.transit.stations.id.tolist()
    return Scenario(edits=tuple(AddStationParking(station=s, spaces=PLACES, racks=PLACES) for s in stations)).apply(
        city
    )


def plain() -> None:
    """A logit of five alternatives from utilities to shares, and numpy's in blocks that fit the cache."""
    utility = np.random.default_rng(0).normal(0.0, 1.0, (ALTERNATIVES, CHOICES))
    ours, numpys = np.empty_like(utility), np.empty_like(utility)

    def by_numpy():
        for low in range(0, CHOICES, 20_000):
            block = slice(low, low + 20_000)
            weight = np.exp(utility[:, block] - utility[:, block].max(axis=0))
            np.divide(weight, weight.sum(axis=0), out=numpys[:, block])

    quick, peer = interleaved(RUNS, lambda: shares(utility, ours), by_numpy)
    assert np.abs(ours - numpys).max() < 1e-14
    print(
        f"{ALTERNATIVES} alternatives: {CHOICES / quick / 1e6:.0f} million choices a second, "
        f"numpy {CHOICES / peer / 1e6:.1f}, ratio {peer / quick:.1f}"
    )


@njit(parallel=True)
def shares(utility, out):
    """Shares of alternatives (A, N) by the rows of the model's kernel, so many choices a row."""
    alternatives, choices = utility.shape
    for block in prange((choices + ROW - 1) // ROW):
        low, high = block * ROW, min(choices, (block + 1) * ROW)
        top, total = np.full(high - low, -np.inf), np.zeros(high - low)
        for a in range(alternatives):
            np.maximum(utility[a, low:high], top, top)
        for a in range(alternatives):
            out[a, low:high] = utility[a, low:high]
            weigh(out[a, low:high], top, LOG2_E, total)
        for a in range(alternatives):
            out[a, low:high] /= total


def levers(city):
    """Name -> endless different edits of one kind."""
    zones = [str(i) for i in city.zones.id]
    some = tuple(zones[: len(zones) // 4])
    yield "price of parking", (SetPrice(item="parking", cny=6 + n / 10) for n in count())
    yield "price of driving", (SetPrice(item="driving", cny=1 + n / 10) for n in count())
    yield "congestion charge", (SetCongestionCharge(cny=5 + n / 10, zones=some) for n in count())
    yield "carbon points", (SetCarbonPoints(cny_per_kg=1 + n / 10) for n in count())
    yield "ticket discount", (SetTicketDiscount(cny=5 + n / 10, zones=some) for n in count())
    yield "fare bundle", (SetBundle(fare_off_share=(1 + n) / 100) for n in count())
    yield "jobs in a zone", (SetDemand(zone=zones[n % len(zones)], jobs=500 + n) for n in count())


if __name__ == "__main__":
    main()
