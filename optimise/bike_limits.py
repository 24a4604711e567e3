"""What the fleet of a plan is held to by zone and hour, and racks for people's own bikes at rail stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor
from typing import Any

import numpy as np

from network import (
    BINDINGS,
    AddStationParking,
    City,
    RackNeeds,
    Scenario,
    Travel,
    fleet_cap,
    nearest_of,
    racks_needed,
    simulate,
    travel_times,
    units,
)
from optimise.bike_plan import FleetHour, FleetRow, RackRow
from optimise.bike_problem import BikeCase
from optimise.bike_wishes import F64
from optimise.problem import I64

_RACKS = 0
_AMPLE = 10_000
"""Racks that no station fills."""
_DIGITS = 3


def fleet_rows(after: City, case: BikeCase) -> dict[str, Any]:
    """Fields of the plan about its fleet: zones whose middle is inside, with the points of the city after it."""
    zones = after.zones
    cap = fleet_cap(after, case.flows, None if case.sites.assumed else _room(after, case))
    here = case.within(after, zones.lonlat)
    need = np.where(here[:, None], cap.need, 0.0)
    limits = np.stack(np.broadcast_arrays(need, cap.space[:, None], cap.parking[:, None]))
    least = np.where(here[:, None], limits.min(axis=0), 0.0).sum(axis=0)
    hour = int(least.argmin())
    some = np.flatnonzero(here & ((need > 0).any(axis=1) | (cap.parking > 0)))
    word = np.array(BINDINGS)[cap.binding]
    rows = tuple(
        FleetRow(
            zone=str(zones.id[z]), area=str(zones.area[z]), space=round(float(cap.space[z]), _DIGITS),
            parking=float(cap.parking[z]), need=tuple(need[z].round(_DIGITS).tolist()), binding=tuple(word[z].tolist()),
        )
        for z in some.tolist()
    )  # fmt: skip
    hours = tuple(
        FleetHour(
            hour=h, need=round(float(need[:, h].sum()), _DIGITS), space=round(float(cap.space[here].sum()), _DIGITS),
            parking=float(cap.parking[here].sum()), cap=round(float(least[h]), _DIGITS),
        )
        for h in range(units.HOURS)
    )  # fmt: skip
    binds = {name: int((cap.binding[some, hour] == i).sum()) for i, name in enumerate(BINDINGS)}
    return {
        "fleet": rows, "fleet_hours": hours, "fleet_cap": floor(round(float(least[hour]), _DIGITS)), "fleet_hour": hour,
        "fleet_binds": binds,
    }  # fmt: skip


def _room(city: City, case: BikeCase) -> F64:
    """(Z) bikes that the ground of all sites, and of the points that are there, holds."""
    zone = nearest_of(city.zones.lonlat, case.lonlat)
    return np.bincount(zone, case.problem.most, len(city.zones.id)).astype(np.float64)


def rack_rows(city: City, travel: Travel, case: BikeCase, left_cny: float | None) -> tuple[RackRow, ...]:
    """Racks at entrances where points are planned, for all who would come if none were full. What is left of the money
    buys them, station by station, most first. None: no limit.
    """
    needs, s = _needs(city, travel, case), city.transit.stations
    here = case.within(city, s.entrance_lonlat[needs.entrance])
    rows: dict[int, list[RackRow]] = {}
    for g in np.unique(needs.station[here]).tolist():
        some = np.flatnonzero(needs.station == g)
        there = _shared(int(needs.station_racks[g]), needs.racks[some])
        rows[g] = [
            _row(city, int(needs.entrance[a]), t, int(needs.racks[a]))
            for a, t in zip(some.tolist(), there.tolist(), strict=True)
            if here[a]
        ]
    left = np.inf if left_cny is None else left_cny
    for g in sorted(rows, key=lambda g: (-sum(r.racks_more for r in rows[g]), g)):
        rows[g] = _priced(city, rows[g])
        cost = sum(r.cost_cny for r in rows[g])
        if 0 < cost <= left:
            left -= cost
            rows[g] = [replace(r, bought=r.racks_more > 0) for r in rows[g]]
    return tuple(r for g in sorted(rows) for r in rows[g] if r.racks_wanted)


def _needs(city: City, travel: Travel, case: BikeCase) -> RackNeeds:
    """Racks wanted on the day of the city if every station inside had room for whoever comes."""
    s = city.transit.stations
    inside = np.unique(s.entrance_station[case.within(city, s.entrance_lonlat)])
    edits = tuple(AddStationParking(station=str(s.id[g]), racks=_AMPLE) for g in inside.tolist())
    roomy = Scenario(edits=edits).apply(city)
    needs = racks_needed(roomy, simulate(roomy, travel_times(roomy, travel)))
    return replace(needs, station_racks=city.supply.station_racks.astype(np.int64))


def _row(city: City, entrance: int, there: int, wanted: int) -> RackRow:
    s = city.transit.stations
    g = int(s.entrance_station[entrance])
    lon, lat = s.entrance_lonlat[entrance].tolist()
    number = int((s.entrance_station[:entrance] == g).sum())
    return RackRow(
        station=str(s.id[g]), name=str(s.name[g]), entrance=number, lon=lon, lat=lat, racks_there=there,
        racks_wanted=wanted, racks_more=max(0, wanted - there), cost_cny=0.0, bought=False,
    )  # fmt: skip


def _priced(city: City, rows: Sequence[RackRow]) -> list[RackRow]:
    """Rows with their cost; what a station costs besides is in its first row with more racks."""
    out, open_cny, unit_cny = [], *(float(getattr(city.supply, f"station_{n}_cny")[_RACKS]) for n in ("open", "unit"))
    for row in rows:
        cost = unit_cny * row.racks_more + (open_cny if row.racks_more else 0.0)
        open_cny = 0.0 if row.racks_more else open_cny
        out.append(replace(row, cost_cny=cost))
    return out


def _shared(number: int, wanted: I64) -> I64:
    """A number in whole parts, as those wanted are; the largest remainders first."""
    total = int(wanted.sum())
    if not total:
        return np.zeros(len(wanted), np.int64)
    parts, left = np.divmod(number * wanted, total)
    parts[np.argsort(-left, kind="stable")[: number - int(parts.sum())]] += 1
    return np.asarray(parts)
