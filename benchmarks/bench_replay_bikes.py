"""Days of shared bikes at 300 points of a made-up city, in CPU time a day, beside the same rides in plain Python."""

from __future__ import annotations

import time

import numpy as np

from network import (
    NO_VANS,
    POINT_COUNTS,
    RIDE_COUNTS,
    AddBikePoint,
    BikeFlows,
    City,
    FlowRows,
    RemoveBikePoint,
    Scenario,
    days_held,
    flows_at,
    grid_city,
    margin_of,
    replay_bikes,
    saturation,
)
from network.kernels.replay_bikes import ride_day

SIDE, POINTS, TRIPS = 20, 300, 60.0
DAYS, PLAIN_RIDERS, LAST_MIN = 200, 100_000, 1440.0
COMMUTE = np.array([0, 0, 0, 0, 1, 2, 5, 9, 8, 4, 2, 2, 3, 2, 2, 2, 3, 5, 4, 3, 2, 2, 1, 0], float) / 62.0


def main() -> None:
    city, flows = points_and_flows()
    replay_bikes(city, flows, days=2)
    for name, vans in (("all bikes put back by night", None), ("no vans", NO_VANS)):
        spent, found = timed(replay_bikes, city, flows, days=DAYS, vans=vans)
        riders = found.a_day("wanted")
        ms, us = spent / DAYS * 1e3, spent / DAYS / riders * 1e6
        lost, blocked, held = found.a_day("lost") / riders, found.a_day("blocked") / riders, found.held
        print(f"{POINTS} points, {riders:,.0f} riders a day, {name}: {ms:.1f} ms a day, {us:.2f} us a rider; ", end="")
        print(f"{lost:.2%} find no bike, {blocked:.2%} no place, points hold on {held:.1%} of the days")
    print(f"the chain says {float(chance(city, flows).mean()):.1%}, where everybody finds a bike elsewhere")
    spent, curve = timed(saturation, city, flows, days=20)
    print(f"{len(curve.fleets)} fleets for 20 days each: {spent:.1f} s, bikes help up to {curve.bikes:,}")
    one_day()


def points_and_flows() -> tuple[City, BikeFlows]:
    """A point for each place where bikes are taken in the morning and brought in the evening, or the other way."""
    city, rng = grid_city(SIDE), np.random.default_rng(1)
    low, high = city.zones.lonlat.min(axis=0), city.zones.lonlat.max(axis=0)
    along = np.stack(np.meshgrid(np.arange(20), np.arange(15)), axis=-1).reshape(-1, 2) / (19.0, 14.0)
    lonlat = low + along * (high - low)
    trips = TRIPS * rng.gamma(4.0, 0.25, (POINTS, 1))
    home = rng.random((POINTS, 1))
    gone, come = (trips * (x * COMMUTE + (1 - x) * COMMUTE[::-1]) for x in (home, 1 - home))
    come *= gone.sum(axis=0).sum() / come.sum()
    rows = FlowRows(
        id=tuple(f"p{i}" for i in range(POINTS)), lonlat=lonlat, pickups=np.stack((gone, gone)),
        returns=np.stack((come, come)), source="made up",
    )  # fmt: skip
    net = np.cumsum(np.insert(np.roll(come - gone, -4, axis=1), 0, 0.0, axis=1), axis=1)
    margin = margin_of(0.95) * np.sqrt((come + gone).sum(axis=1))
    spaces = np.ceil(np.ptp(net, axis=1) + margin)
    bikes = np.minimum(np.ceil(margin / 2 - net.min(axis=1)), spaces)
    edits = [RemoveBikePoint(point=str(name)) for name in city.bike_points.id]
    edits += [
        AddBikePoint(id=rows.id[i], lon=lon, lat=lat, spaces=int(spaces[i]), bikes=int(bikes[i]))
        for i, (lon, lat) in enumerate(lonlat.tolist())
    ]
    city = Scenario(edits=tuple(edits)).apply(city)
    return city, flows_at(city, rows)


def chance(city: City, flows: BikeFlows) -> np.ndarray:
    """(Q) by exact chain, each point with its own riders; flows of busy places come in parts."""
    of = np.array([city.bike_points.id.tolist().index(str(name).split("+")[0]) for name in flows.id])
    gone, come = np.zeros((2, POINTS, 24))
    np.add.at(gone, of, flows.pickups[0])
    np.add.at(come, of, flows.returns[0])
    docks, start = (x.astype(np.int64) for x in (city.bike_points.spaces, city.bike_points.bikes))
    return days_held(np.roll(gone, -4, axis=1), np.roll(come, -4, axis=1), docks, start)


def one_day() -> None:
    rng = np.random.default_rng(0)
    walks = [rng.permutation(POINTS)[:3].tolist() for _ in range(1000)]
    first = np.arange(0, 3001, 3)
    point = np.array(walks).ravel()
    spaces, want = np.full(POINTS, 30), np.full(POINTS, 15)
    at = np.sort(rng.uniform(0, LAST_MIN, PLAIN_RIDERS))
    start, end = rng.integers(0, 1000, (2, PLAIN_RIDERS))
    case = 12.0, 4, np.array([LAST_MIN]), np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    ride_day(first, point, spaces, want.copy(), want, at, start, end, *case)
    spent, (counts, seen, _) = timed(ride_day, first, point, spaces, want.copy(), want, at, start, end, *case)
    riders = list(zip(at.tolist(), start.tolist(), end.tolist(), strict=True))
    plain_spent, plain = timed(plain_day, walks, spaces.tolist(), want.tolist(), riders)
    lost, blocked = (int(counts[RIDE_COUNTS.index(name)].sum()) for name in ("lost", "blocked"))
    assert plain == (lost, blocked, seen[POINT_COUNTS.index("taken")].tolist())
    ns = [s / PLAIN_RIDERS * 1e9 for s in (spent, plain_spent)]
    print(f"a ride that is drawn already: {ns[0]:.0f} ns, in plain Python {ns[1]:,.0f} ns, {ns[1] / ns[0]:.0f}x")


def plain_day(walks, spaces, stock, riders):
    """Lost, blocked, and bikes taken by point; rides take 12 minutes."""
    lost, blocked, taken, riding = 0, 0, [0] * len(spaces), []

    def leave(place):
        nonlocal blocked
        free = [q for q in walks[place] if stock[q] < spaces[q]]
        blocked += not free
        stock[free[0] if free else walks[place][0]] += 1

    for minute, start, end in riders:
        while riding and riding[0][0] <= minute:
            leave(riding.pop(0)[1])
        near = [q for q in walks[start] if stock[q]]
        if near:
            stock[near[0]] -= 1
            taken[near[0]] += 1
            riding.append((minute + 12.0, end))
        else:
            lost += 1
    for _, end in riding:
        leave(end)
    return lost, blocked, taken


def timed(function, *arguments, **options):
    start = time.process_time()
    found = function(*arguments, **options)
    return time.process_time() - start, found


if __name__ == "__main__":
    main()
