"""Public charging: the energy wanted by service, zone and hour, and what plugs can give while queues stay short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.charging_rules import ChargingRules
from network.city import City
from network.demand.fleet import FleetDay
from network.demand.parking import parked
from network.errors import InputError, Problem
from network.kernels.queueing import loss_rates, waiting_rates
from network.kernels.serving import serve_hours
from network.parallel import shared_out
from network.part import F64, I32, I64, Bools
from network.travel import Travel
from network.units import (
    CHARGERS,
    CHARGING,
    DAY_TYPES,
    HOURS,
    PRIVATE,
    SERVICE_OF,
    SLOW,
    SUPPLY_CLASSES,
    TENTHS,
    TRIP_CAR,
    TRIP_TAXI,
    USE_FAST,
    USE_SLOW,
)

_MIN_PER_H = 60.0
_WEEKDAY = DAY_TYPES.index("weekday")
_BUILDING = SUPPLY_CLASSES.index("building")
_MOST_TENTHS = 2**31 - 1
"""Most energy a day that a solver's flows can count."""
_ONE_LINE = 250
"""Plugs at a site that drivers wait for in one line, or look over for a free one."""


def wanted_kwh(city: City, travel: Travel, day: FleetDay, ends: F64) -> F64:
    """(2, Z, H) energy wanted at public plugs on a day, by units.CHARGING; `ends` (U, K, Z) trips by destination.

    Slow: near home for cars without a pile there, the rest where cars stand: E A_zh / sum A, with A the car-hours
    parked by purpose times the share that plugs in. Fast: by passing traffic, and by the ends of trips by car and taxi.
    Where nobody drives, all of it is wanted where people live.
    """
    rules, living = city.charging, _share(city.zones.residents)
    at_night, all_day = _share(rules.residence_hours), _share(rules.fast_hours)
    own = day.energy_kwh[PRIVATE, USE_SLOW]
    slow, fast = day.energy_kwh[:, USE_SLOW].sum(), day.energy_kwh[:, USE_FAST].sum()
    near_home = own * day.unhoused + own * (1.0 - day.unhoused.sum()) * rules.residence_share * _share(day.private)
    standing = _share((rules.plug_in_share[:, None] * ends[:, TRIP_CAR]).T @ parked(rules))
    elsewhere = standing if standing.any() else np.multiply.outer(living, at_night)
    arriving = _share(ends[:, [TRIP_CAR, TRIP_TAXI]].sum(axis=(0, 1)))
    where = _share(rules.passing_share * travel.passing_share + (1.0 - rules.passing_share) * arriving)
    slow_kwh = np.multiply.outer(near_home, at_night) + max(slow - near_home.sum(), 0.0) * elsewhere
    return np.stack((slow_kwh, np.multiply.outer(fast * (where if where.any() else living), all_day)))


def _share(of: F64) -> F64:
    """What adds up to 1, or zeros where there is nothing."""
    total = of.sum()
    return np.asarray(of / total if total > 0 else np.zeros_like(of))


def wanted_tenths(kwh: F64) -> I64:
    """The same in whole tenths of kWh. Raises InputError where a day has more than flows can count."""
    tenths = np.rint(kwh * TENTHS).astype(np.int64)
    if tenths.sum() > _MOST_TENTHS:
        raise InputError(Problem("charging", "more than 2^31 tenths of kWh a day", "build the city by districts"))
    return tenths


def plug_rates(rules: ChargingRules, most: int) -> F64:
    """(3, most + 1) sessions an hour that 0, 1, ... plugs of each class take while queues stay as short as asked.

    Fast: P(wait > wait_min) <= wait_share by Erlang C; slow: at most block_share find none free by Erlang B.
    """
    service_h, wait_h = rules.service_h, float(rules.wait_min) / _MIN_PER_H
    return np.stack([
        loss_rates(most, service_h[c], float(rules.block_share)) if c == SLOW
        else waiting_rates(most, service_h[c], wait_h, float(rules.wait_share))
        for c in range(len(CHARGERS))
    ])  # fmt: skip


def capacity_tenths(rules: ChargingRules, plugs: I32 | I64) -> I64:
    """(2, X) energy an hour that plugs (3, X) give at each of X sites, by service; classes queue by themselves.

    More than _ONE_LINE plugs of a class stand in several lines, which serve no more than one would.
    """
    rates = plug_rates(rules, min(int(plugs.max(initial=0)), _ONE_LINE))
    lines, rest = np.divmod(plugs.astype(np.int64), _ONE_LINE)
    out = np.zeros((len(CHARGING), plugs.shape[1]), np.int64)
    for c, service in enumerate(SERVICE_OF):
        sessions = lines[c] * rates[c, -1] + rates[c, rest[c]]
        out[service] += np.floor(sessions * rules.session_kwh[c] * TENTHS).astype(np.int64)
    return out


def drawn_kva(rules: ChargingRules, plugs: I32 | I64) -> F64:
    """(X) power that plugs (3, X) draw from the grid at the worst moment, by site [kVA].

    Rated power x simultaneity / power factor; with n plugs of a class simultaneity falls from that of one to that of
    very many as many + (one - many) / sqrt(n).
    """
    one, many = rules.simultaneity_one[:, None], rules.simultaneity_many[:, None]
    together = many + (one - many) / np.sqrt(np.maximum(plugs, 1))
    return np.asarray((plugs * rules.plug_kw[:, None] * together).sum(axis=0) / rules.power_factor)


def feeder_kva(city: City) -> F64:
    """(B) power that the plugs at each feeder draw at the worst moment."""
    out, hung = np.zeros(len(city.feeders.id)), city.places.feeder >= 0
    np.add.at(out, city.places.feeder[hung], drawn_kva(city.charging, city.supply.plugs)[hung])
    return out


def plugs_cny(city: City) -> F64:
    """(P) what the plugs of each place cost to build: the site, and each plug by its class."""
    plugs, places = city.supply.plugs, city.places
    each = city.charging.plug_cost_factor @ plugs * places.plug_cny
    return np.asarray(np.where(plugs.any(axis=0), places.open_cny + each, 0.0))


def charging_pairs(city: City, travel: Travel, service: int) -> tuple[I64, I64, I64]:
    """Places within reach of each zone for a service: first (Z+1), place (R) rising, metres (R).

    Slow plugs are reached on foot, fast ones by car.
    """
    if service == SLOW:
        near = travel.reach_m <= city.supply.plug_reach_m
        zone = np.repeat(np.arange(len(city.zones.id)), np.diff(travel.reach_first))[near]
        first = np.searchsorted(zone, np.arange(len(city.zones.id) + 1))
        return first.astype(np.int64), travel.reach_place[near].astype(np.int64), travel.reach_m[near].astype(np.int64)
    return travel.fast_first.astype(np.int64), travel.fast_place.astype(np.int64), travel.fast_m.astype(np.int64)


def place_open(city: City) -> Bools:
    """(P, H) whether the public may charge at a place all through an hour of a weekday.

    A place without a lot: always; one with a lot: while it is open, and at lots attached to buildings of a use that
    keeps others out (charging.shared_only) while spaces are shared. One of several lots is enough.
    """
    lots = city.lots
    keeps_out = (lots.supply_class == _BUILDING) & (city.charging.shared_only[lots.use] > 0)
    half_hours = np.where(keeps_out[:, None], lots.shared[:, _WEEKDAY] > 0, lots.open[:, _WEEKDAY])
    out, at = np.ones((len(city.places.id), HOURS), np.bool_), lots.place >= 0
    out[lots.place[at]] = False
    np.logical_or.at(out, lots.place[at], (half_hours[:, ::2] & half_hours[:, 1::2])[at])
    return out


@dataclass(frozen=True, eq=False)
class Service:
    """What the plugs give, in whole tenths of kWh."""

    served: I64
    """(2, Z, H) by service."""
    given: I64
    """(2, P, H) by each place."""
    capacity: I64
    """(2, P) most a place gives in an hour in which it is open; 0 where it never is."""
    nearest_m: I64
    """(Z) walk to the nearest plug of any class that is open at some time; supply.plug_search_m where none is that
    near.
    """


def serve(city: City, travel: Travel, wanted: I64) -> Service:
    """The most energy that plugs within reach can give to zones that want (2, Z, H): a maximum flow in every hour.

    An upper bound for drivers who do not coordinate; no plug takes more than keeps its queue as short as asked, and
    none gives anything while its place is closed.
    """
    plugs, opened = city.supply.plugs, place_open(city)
    ever = np.asarray(opened.any(axis=1))
    capacity = capacity_tenths(city.charging, plugs) * ever
    served, given = np.zeros_like(wanted), np.zeros((len(CHARGING), plugs.shape[1], HOURS), np.int64)
    for service in range(len(CHARGING)):
        if capacity[service].any():
            pairs = charging_pairs(city, travel, service)
            served[service], given[service] = most_served(pairs, wanted[service], capacity[service][:, None] * opened)
    return Service(served, given, capacity, _nearest(city, travel, ever))


def most_served(pairs: tuple[I64, I64, I64], wanted: I64, capacity: I64) -> tuple[I64, I64]:
    """Energy served to points (I, H) that want so much, and given by sites (J, H), at most capacity (J, H).

    `pairs`: first (I+1), site (R), metres (R; not used).
    """
    first, site, _ = pairs
    row = np.repeat(np.arange(len(wanted)), np.diff(first))
    live = (capacity.sum(axis=1) > 0)[site]
    row, site = row[live], site[live]
    by_site = np.argsort(site, kind="stable")
    start = np.searchsorted(site[by_site], np.arange(len(capacity) + 1))
    first = np.searchsorted(row, np.arange(len(wanted) + 1))
    hourly = np.ascontiguousarray(wanted.T), np.ascontiguousarray(capacity.T)
    served, given = (np.empty(amounts.shape, np.int64) for amounts in hourly)
    shared_out(serve_hours, (first, site, start, by_site, row, *hourly, served, given), len(served))
    return np.ascontiguousarray(served.T), np.ascontiguousarray(given.T)


def _nearest(city: City, travel: Travel, ever: Bools) -> I64:
    zone = np.repeat(np.arange(len(city.zones.id)), np.diff(travel.reach_first))
    live = ((city.supply.plugs.sum(axis=0) > 0) & ever)[travel.reach_place]
    nearest = np.full(len(city.zones.id), round(float(city.supply.plug_search_m)), np.int64)
    np.minimum.at(nearest, zone[live], travel.reach_m[live].astype(np.int64))
    return nearest
