"""Racks and parking spaces at stations as a market: who would leave the car or the taxi for them.

Letters: U purposes, Z zones, C areas of zones, G stations, J alternatives (station, kind, size), N customers.

Of the trips by car and taxi from i to j for purpose u, of those with a car at hand and of those without, the share
h / (1 + h) turns to transit, with

    h = ((Y + m)^mu - Y^mu) / (W + Y^mu),   m = sum over chosen alternatives of (a_k - a) w r

the weights of the way and the ride, and the rise in availability; Y is what the nest of transit weighs already, mu its
scale, W what the other nests do. With s = Y^mu / (W + Y^mu) and q = s m / Y

    h(s, q) = s ((1 + q / s)^mu - 1)

is concave in s and q together, being s times a concave function of q / s, and so is h / (1 + h). Trips of one mu that
are merged to their mean s and q can therefore only gain more (Jensen): the search runs over areas of zones, its bound
holds for the zones, and a plan's value is counted zone by zone. Trips are merged where the largest q / s is of the
same order of magnitude. Below _LEAST_SHARE, where q grows without end, s counts as 0, which gains more too:
h = m^mu / (W + Y^mu).
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
_LEAST_SHARE: Final = 1e-4
_EDGES: Final = 10.0 ** np.arange(-2.0, 4.0, 0.5)
"""Edges of q / s by which trips are told apart: where it is equal, h is linear in s and merging costs little."""
_ALIKE: Final = 2 * (len(_EDGES) + 1)
_USABLE: Final = ((0, 1), (0,))
"""Kinds for who has a car at hand, and for who has none."""


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
        """Trips a day that turn from car and taxi to transit, counted zone by zone."""
        return float(self.won_to(chosen).sum())

    def won_to(self, chosen: Flags) -> F64:
        """(Z) the same by destination."""
        p, total = self.prospects, np.zeros(self.prospects.trips.shape[2])
        for u, scale in enumerate(p.scale.tolist()):
            mass = np.zeros((len(units.STATION_KINDS), *p.trips.shape[1:]))
            for j in np.flatnonzero(chosen).tolist():
                m, q = int(self.kind[j]), int(self.station[j])
                mass[m] += np.multiply.outer(self.rise[j] * p.way[u, m, :, q], p.ride[u, m, q])
            for who, kinds in enumerate(_USABLE):
                more = mass[list(kinds)].sum(axis=0)
                np.fill_diagonal(more, 0.0)
                before = p.nest[u, who] ** scale
                rise = (p.nest[u, who] + more) ** scale - before
                after = p.others[u, who] + before + rise
                turned = np.divide(rise, after, out=np.zeros(after.shape), where=after > 0)
                total += (p.motor_trips[u, who] * turned).sum(axis=0)
        return total

    @cached_property
    def areas(self) -> I64:
        """(Z) area each zone is merged to."""
        motor = self.prospects.motor_trips.sum(axis=(0, 1))
        return _areas(self.prospects.city.zones.lonlat, motor.sum(axis=0) + motor.sum(axis=1), MOST_AREAS)

    def market(self, budget_fen: int) -> Market:
        """Customers are the trips between two areas that are much alike; all that exists weighs 1. What exceeds all
        costs is left out.
        """
        scale = self.prospects.scale
        some = [(np.flatnonzero(scale == mu).tolist(), who) for mu in np.unique(scale) for who in range(len(_USABLE))]
        found = [self._customers(us, who) for us, who in some]
        trips, nest, mass = (np.concatenate(x, axis=-1) for x in zip(*found, strict=True))
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
            nest=nest,
            scale=np.repeat([scale[us[0]] for us, _ in some], [len(x[0]) for x in found]),
        )

    def _customers(self, purposes: list[int], who: int) -> tuple[F64, F64, F64]:
        """Trips (N), what the nest weighs for them (N), and the mass of stations at availability 1 (2 G, N), of
        purposes of one scale.
        """
        p, per_scale = self.prospects, 1.0 / float(self.prospects.scale[purposes[0]])
        size = (int(self.areas.max(initial=-1)) + 1) ** 2 * _ALIKE
        trips, share, mass = np.zeros(size), np.zeros(size), np.zeros((int(self.group.max(initial=-1)) + 1, size))
        for u in purposes:
            i, j = np.nonzero(p.motor_trips[u, who])
            motor, nest = p.motor_trips[u, who][i, j], p.nest[u, who][i, j]
            own = nest ** p.scale[u]
            there = p.others[u, who][i, j] + own
            own = np.where(own < _LEAST_SHARE * there, 0.0, own / there)
            unit = np.where(own > 0.0, nest, there**per_scale)
            label = self._alike(u, who, (i, j), unit, own)
            trips += np.bincount(label, motor, size)
            share += np.bincount(label, motor * own, size)
            per = motor * np.where(own > 0.0, own, 1.0) / unit
            for group in np.unique(self.group).tolist():
                q, m = divmod(group, len(units.STATION_KINDS))
                if m in _USABLE[who]:
                    at = np.flatnonzero((p.way[u, m, i, q] > 0) & (i != j))
                    weight = per[at] * p.way[u, m, i[at], q] * p.ride[u, m, q, j[at]]
                    mass[group] += np.bincount(label[at], weight, size)
        on = trips > 0
        trips, share, mass = trips[on], share[on] / trips[on], mass[:, on] / trips[on]
        nest = share**per_scale
        return trips, nest, mass * np.where(share > 0, nest / np.where(share > 0, share, 1.0), 1.0)

    def _alike(self, u: int, who: int, pairs: tuple[I64, I64], unit: F64, own: F64) -> I64:
        """Labels of pairs of zones by their areas, by the order of magnitude of all mass that can be added and by
        whether the nest has any weight.
        """
        p, gained = self.prospects, np.zeros(self.prospects.availability.shape)
        np.maximum.at(gained, (self.kind, self.station), self.rise)
        most = np.sum([(gained[m] * p.way[u, m]) @ p.ride[u, m] for m in _USABLE[who]], axis=0)
        step = np.searchsorted(_EDGES, most[pairs] / unit) * 2 + (own > 0.0)
        label: I64 = (self.areas[pairs[0]] * (self.areas.max() + 1) + self.areas[pairs[1]]) * _ALIKE + step
        return label


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
