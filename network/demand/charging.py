"""Electric cars: the energy they want at public plugs by zone and hour, and what the plugs can give them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.city import City
from network.errors import InputError, Problem
from network.part import F64, I64
from network.travel import Travel
from network.units import TENTHS

_INT32_MAX = 2**31 - 1


def public_demand_kwh(city: City, car_arrivals: F64) -> F64:
    """Energy wanted at public plugs on a day, (Z, H) kWh.

    Vehicles x km/day x kWh/km / charging efficiency x public share; the part that charges near home goes to the zones
    where the cars are kept, the rest follows `car_arrivals` (Z), the trips by car that end in each zone.
    """
    zones, fleet = city.zones, city.fleet
    vehicles = zones.residents * zones.cars_per_resident * zones.ev_share
    arrivals = car_arrivals / car_arrivals.sum() if car_arrivals.sum() > 0 else np.zeros_like(car_arrivals)
    out = np.zeros((len(vehicles), fleet.residence_hours.shape[1]))
    for f in range(len(fleet.id)):
        per_vehicle = fleet.km_per_day[f] * fleet.kwh_per_km[f] / fleet.charging_efficiency[f]
        public = per_vehicle * (1.0 - fleet.private_share[f])
        near_home = vehicles * public * fleet.residence_share[f]
        elsewhere = vehicles.sum() * public * (1.0 - fleet.residence_share[f]) * arrivals
        out += near_home[:, None] * fleet.residence_hours[f] + elsewhere[:, None] * fleet.destination_hours[f]
    return out


@dataclass(frozen=True)
class Service:
    """What the plugs give, in whole tenths of kWh a day."""

    served: I64
    """(Z) energy served to each zone."""
    delivered: I64
    """(P) energy each place delivers."""
    nearest_m: I64
    """(Z) walk to the nearest plug; supply.plug_search_m where none is that near."""


def serve(city: City, travel: Travel, wanted: I64) -> Service:
    """The most energy that plugs within reach can deliver: a maximum flow from zones (wanted, Z) to places with plugs.

    An upper bound for drivers who do not coordinate; queues are not modelled here.
    """
    supply = city.supply
    zones, places = len(wanted), len(supply.plugs)
    origin = np.repeat(np.arange(zones), np.diff(travel.reach_first))
    live = supply.plugs[travel.reach_place] > 0
    nearest = np.full(zones, round(float(supply.plug_search_m)), np.int64)
    np.minimum.at(nearest, origin[live], travel.reach_m[live].astype(np.int64))

    near = live & (travel.reach_m <= supply.plug_reach_m)
    most = int(wanted.sum())
    a_plug = min(round(float(supply.plug_kwh_per_day) * TENTHS), most)
    capacity = np.minimum(supply.plugs.astype(np.int64) * a_plug, most)
    if most > _INT32_MAX:
        raise InputError(Problem("charging", "more than 2^31 tenths of kWh a day", "build the city by districts"))
    served, delivered = _flow(wanted, capacity, origin[near], travel.reach_place[near].astype(np.int64), places)
    return Service(served, delivered, nearest)


def _flow(wanted: I64, capacity: I64, origin: I64, place: I64, places: int) -> tuple[I64, I64]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    zones = len(wanted)
    source, sink = zones + places, zones + places + 1
    tail = np.concatenate((np.full(zones, source), origin, zones + np.arange(places)))
    head = np.concatenate((np.arange(zones), zones + place, np.full(places, sink)))
    size = np.concatenate((wanted, np.minimum(wanted[origin], capacity[place]), capacity))
    graph = csr_array((size.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(graph, source, sink, method="dinic").flow.tocoo()
    out = flow.data > 0
    row, column, amount = flow.row[out], flow.col[out], flow.data[out].astype(np.int64)
    served, delivered = np.zeros(zones, np.int64), np.zeros(places, np.int64)
    np.add.at(served, column[row == source], amount[row == source])
    np.add.at(delivered, row[column == sink] - zones, amount[column == sink])
    return served, delivered
