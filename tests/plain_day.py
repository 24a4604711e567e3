"""The demand model as it is written in docs/model.md, one pair of zones and one alternative at a time."""

from __future__ import annotations

import math

import numpy as np
import oracles

from network import units

M_PER_KM = 1000.0


def utility(city, travel, u, k, i, j):
    """Utility of a direct mode, None where it has no way."""
    b, s, lever = city.behaviour, city.supply, city.levers
    period = int(b.purpose_period[u])
    length_m = float(travel.length_m(k, period)[i, j])
    if not math.isfinite(float(travel.time_s(k, period)[i, j])) or length_m > b.longest_m[k]:
        return None
    walk_m = float(travel.road_length_m[units.WALK, i, j])
    v = float(b.constant[u, k]) + float(b.band_constant[k, sum(walk_m > edge for edge in units.BAND_EDGES_M)])
    minutes, cny, cost = float(b.terminal_min[k]), 0.0, float(b.cost_per_cny[u])
    if k in units.LINE_TRIPS:
        t, line = travel.transit, units.LINE_TRIPS.index(k)
        minutes += float(t.in_vehicle_s[period, line, i, j]) / 60
        v += b.wait_per_min[u] * t.wait_s[period, line, i, j] / 60
        v += b.walk_per_min[u] * t.walk_s[period, line, i, j] / 60
        v += b.transfer[u] * (1 - lever.transfer_off_share) * t.transfers[period, line, i, j]
        cny += t.fare_cny[period, line, i, j] * (1 - lever.fare_off_share)
    else:
        minutes += float(travel.time_s(k, period)[i, j]) / 60
    if k == units.TRIP_CAR:
        enters = lever.charge_cny[j] if lever.charge_cny[i] == 0 else 0.0
        cny += (length_m / M_PER_KM * s.driving_cny_per_km + s.parking_cny[j] + enters) / b.car_persons
    if k == units.TRIP_TAXI:
        beyond_km = max(length_m - s.taxi_start_m, 0.0) / M_PER_KM
        cny += (s.taxi_start_cny + beyond_km * s.taxi_cny_per_km) / b.taxi_persons
    if k not in {units.TRIP_CAR, units.TRIP_TAXI}:
        cny -= points_cny(city, length_m) + (lever.ticket_off_cny[j] if u == units.VISITOR else 0.0)
    return float(v + b.time_per_min[u, k] * minutes + cost * cny)


def points_cny(city, length_m):
    b = city.behaviour
    kg_per_km = city.carbon.car_kg_per_km / b.car_persons
    return city.levers.points_cny_per_kg * b.points_felt * kg_per_km * length_m / M_PER_KM


def station_utility(city, travel, u, m, q, i, j):
    """Utility of a trip by bike (m = 0) or car (1) to the station at position q, None where it cannot be made."""
    b, s, t, lever = city.behaviour, city.supply, travel.stations, city.levers
    k, access, period = units.STATION_MODES[m], (units.TRIP_CYCLE, units.TRIP_CAR)[m], int(b.purpose_period[u])
    if i == j or not np.isfinite(t.access_s[m, i, q]) or not np.isfinite(t.in_vehicle_s[period, q, j]):
        return None
    v = b.constant[u, k] + b.time_per_min[u, access] * (t.access_s[m, i, q] / 60 + b.terminal_min[k])
    v += b.time_per_min[u, k] * t.in_vehicle_s[period, q, j] / 60 + b.wait_per_min[u] * t.wait_s[period, q, j] / 60
    v += b.walk_per_min[u] * t.walk_s[period, q, j] / 60
    v += b.transfer[u] * (1 - lever.transfer_off_share) * t.transfers[period, q, j]
    cny = t.fare_cny[period, q, j] * (1 - lever.fare_off_share) - points_cny(city, t.length_m[period, q, j])
    if m == 1:
        cny += (t.access_m[1, i, q] / M_PER_KM * s.driving_cny_per_km + s.station_parking_cny) / b.car_persons
    if u == units.VISITOR:
        cny -= lever.ticket_off_cny[j]
    return float(v + b.cost_per_cny[u] * cny)


def shares(city, travel, u, i, j, availability=None):
    """Share of each direct mode k and of each (station mode m, position q), for the travellers between two zones."""
    b = city.behaviour
    value = {k: utility(city, travel, u, k, i, j) for k in range(len(units.DIRECT_MODES))}
    scale = b.nest_scale[u].tolist()
    for m in range(2):
        for q in range(len(travel.stations.station)):
            v, room = station_utility(city, travel, u, m, q, i, j), 1.0 if availability is None else availability[m, q]
            value[m, q] = None if v is None or room == 0 else v + scale[units.TRANSIT_NEST] * math.log(room)
    nests = {name: units.TRANSIT_NEST if isinstance(name, tuple) else units.NEST_OF[name] for name in value}
    needs_car = {name for name in value if name == units.TRIP_CAR or (isinstance(name, tuple) and name[0] == 1)}
    with_car = oracles.nested(value, nests, scale)
    bare = {name: None if name in needs_car else v for name, v in value.items()}
    without = oracles.nested(bare, nests, scale)
    holders = min(1.0, float(b.car_at_hand[u] * city.zones.cars_per_resident[i])) if without else 1.0
    return {name: holders * with_car.get(name, 0.0) + (1 - holders) * without.get(name, 0.0) for name in value}


def mode_of(name):
    """Trip mode of an alternative."""
    return units.STATION_MODES[name[0]] if isinstance(name, tuple) else name


def trips_by_mode(city, travel, trips, availability=None):
    """(U, K, Z, Z) trips by mode."""
    out = np.zeros((len(trips), len(units.TRIP_MODES), *trips[0].shape))
    for u, i, j in np.ndindex(len(trips), *trips[0].shape):
        for name, share in shares(city, travel, u, i, j, availability).items():
            out[u, mode_of(name), i, j] += share * trips[u][i, j]
    return out
