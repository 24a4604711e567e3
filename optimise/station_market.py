"""Racks and parking spaces at stations as a market: who would leave the car for them.

Letters: U purposes, Z zones, C areas of zones, G stations, J alternatives (station, kind, size).

A trip by car from i to j for purpose u turns green with probability m / (W + m), where W weighs all that there is and
m = sum over chosen alternatives of (a_k - a) w r: the weights of the way and the ride, and the rise in availability.
Its sum over all trips is concave in m, so trips merged to their mean m / W can only gain more: the search runs over
areas of zones, its bound holds for the zones, and a plan's value is counted zone by zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from network import City, StationProspects, units
from optimise.location.choices import Flags
from optimise.location.market import Market
from optimise.problem import I64

F64 = npt.NDArray[np.float64]
MOST_AREAS: Final = 64
"""Zones are merged to so many areas for the search."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StationChoices:
    """Alternatives (J) by station, then kind, then size."""

    prospects: StationProspects
    station: I64
    kind: I64
    """Position in units.STATION_KINDS."""
    size: I64
    cost_fen: I64
    availability: F64
    """What it would be if the alternative alone were built."""

    @property
    def group(self) -> I64:
        """(J) of which one is built at most: the sizes of one kind at one station."""
        return self.station * len(units.STATION_KINDS) + self.kind

    @property
    def rise(self) -> F64:
        """(J) availability gained."""
        return np.maximum(self.availability - self.prospects.availability[self.kind, self.station], 0.0)

    def won(self, chosen: Flags) -> float:
        """Trips a day that turn from the car to what is green, counted zone by zone."""
        p, total = self.prospects, 0.0
        for car, there, way, ride in zip(p.car_trips, p.there, p.way, p.ride, strict=True):
            mass = np.zeros(car.shape)
            for j in np.flatnonzero(chosen).tolist():
                m, q = int(self.kind[j]), int(self.station[j])
                mass += np.multiply.outer(self.rise[j] * way[m, :, q], ride[m, q])
            np.fill_diagonal(mass, 0.0)
            all_ = there + mass
            total += float((car * np.divide(mass, all_, out=np.zeros(all_.shape), where=all_ > 0)).sum())
        return total

    @cached_property
    def areas(self) -> I64:
        """(Z) area each zone is merged to."""
        car = self.prospects.car_trips.sum(axis=0)
        return _areas(self.prospects.city.zones.lonlat, car.sum(axis=0) + car.sum(axis=1), MOST_AREAS)

    def market(self, budget_fen: int) -> Market:
        """Customers are pairs of areas by purpose; what exists weighs 1. What exceeds all costs is left out."""
        mass, trips = self._by_areas()
        mass, trips = mass[:, trips > 0], trips[trips > 0]
        there = mass[self.group] * self.rise[:, None]
        row, site = np.nonzero(there.T)
        return Market(
            first=np.searchsorted(row, np.arange(len(trips) + 1)).astype(np.int64),
            site=site.astype(np.int64),
            mass=there.T[row, site],
            there=np.ones(len(trips)),
            weight=trips,
            cost=self.cost_fen,
            budget=min(budget_fen, int(self.cost_fen.sum())),
            at_most_one=self.group,
        )

    def _by_areas(self) -> tuple[F64, F64]:
        """Mean weight (2 G, U, C, C) of stations at availability 1, in units of all there is; trips (U, C, C)."""
        p, order = self.prospects, np.argsort(self.areas, kind="stable")
        start = np.searchsorted(self.areas[order], np.arange(int(self.areas.max(initial=-1)) + 1))

        def summed(pairs: F64) -> F64:
            return np.add.reduceat(np.add.reduceat(pairs, start, axis=0), start, axis=1)

        kinds, purposes, stations = len(units.STATION_KINDS), len(p.trips), p.way.shape[3]
        mass = np.zeros((stations, kinds, purposes, len(start), len(start)))
        trips = np.zeros(mass.shape[2:])
        for u in range(purposes):
            car, there = (x[u][order][:, order] for x in (p.car_trips, p.there))
            trips[u] = summed(car)
            per = np.divide(car, there, out=np.zeros(car.shape), where=there > 0)
            np.fill_diagonal(per, 0.0)
            way, ride = p.way[u][:, order], p.ride[u][:, :, order]
            for m, q in {(int(m), int(q)) for m, q in zip(self.kind, self.station, strict=True)}:
                from_ = way[m, :, q] > 0
                part = np.zeros(car.shape)
                part[from_] = per[from_] * way[m, from_, q, None] * ride[m, q]
                mass[q, m, u] = summed(part)
        mean = np.divide(mass, trips, out=np.zeros(mass.shape), where=trips > 0)
        return mean.reshape(stations * kinds, *trips.shape), trips


def station_choices(city: City, prospects: StationProspects, kinds: Sequence[str]) -> StationChoices:
    """Every size of every kind at every station, and what it costs: the opening only where there is nothing yet."""
    supply, stations = city.supply, len(city.transit.stations.id)
    wanted = [units.STATION_KINDS.index(kind) for kind in units.STATION_KINDS if kind in kinds]
    sizes = supply.station_size.shape[1]
    station, kind, step = (
        x.ravel() for x in np.meshgrid(np.arange(stations), np.array(wanted), np.arange(sizes), indexing="ij")
    )
    size = supply.station_size.astype(np.int64)
    places = supply.station_places.astype(np.int64)
    alone = np.stack([prospects.alone(places + size[:, [k]]) for k in range(sizes)])
    new = places[kind, station] == 0
    cny = supply.station_unit_cny[kind] * size[kind, step] + np.where(new, supply.station_open_cny[kind], 0.0)
    return StationChoices(
        prospects=prospects,
        station=station.astype(np.int64),
        kind=kind.astype(np.int64),
        size=size[kind, step],
        cost_fen=np.rint(cny * units.FEN_PER_CNY).astype(np.int64),
        availability=alone[step, kind, station],
    )


def _areas(lonlat: F64, weight: F64, most: int) -> I64:
    """(Z) labels of at most so many areas: the heaviest is halved along its longer side until there are enough."""
    parts = [np.arange(len(lonlat))]
    while len(parts) < most:
        heavy = [(float(weight[part].sum()), -n) for n, part in enumerate(parts) if len(part) > 1]
        if not heavy:
            break
        at = -max(heavy)[1]
        part = parts[at]
        spread = np.ptp(lonlat[part], axis=0) * np.array([np.cos(np.radians(lonlat[part, 1].mean())), 1.0])
        part = part[np.argsort(lonlat[part, int(spread.argmax())], kind="stable")]
        heaped = np.cumsum(weight[part])
        cut = int(np.clip(np.searchsorted(heaped, heaped[-1] / 2) + 1, 1, len(part) - 1))
        parts[at : at + 1] = [part[:cut], part[cut:]]
    label = np.zeros(len(lonlat), np.int64)
    for n, part in enumerate(parts):
        label[part] = n
    return label
