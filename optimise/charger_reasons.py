"""Why a place is in a plan for chargers: what would be lost without it, who gains, and what the next best would be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np

from network import capacity_tenths, charging_pairs, most_served, place_open, units
from optimise.charger_sites import Offers, Year
from optimise.plan import Site, SiteReason
from optimise.problem import I64

_AREAS: Final = 3
"""Areas named as those that gain."""
_NEXT: Final = 5
_TRIED: Final = 20
"""Places left out that are told, and those whose gain is computed: the most promising by what is unserved in reach."""


def reasons_why(case: Year, sites: Sequence[Site]) -> tuple[SiteReason, ...]:
    """For each place of a plan, in its order: energy lost if it alone is left out, found anew by maximum flows."""
    service = _Service(case, _plugs(case, sites))
    rows = []
    for place, ours in groupby(sorted(sites, key=lambda s: s.place), key=lambda s: s.place):
        built = list(ours)
        at = int(np.flatnonzero(case.city.places.id == place)[0])
        rows.append(service.reason(at, -_plugs(case, built)[:, at], sum(s.cost_cny for s in built)))
    order = {place: i for i, place in enumerate(dict.fromkeys(s.place for s in sites))}
    return tuple(sorted(rows, key=lambda row: order[row.place]))


def next_best(case: Year, sites: Sequence[Site], offers: Offers) -> tuple[SiteReason, ...]:
    """Places left out whose cheapest plugs of some class would add most energy for their money, the best first."""
    p, service = offers.problem, _Service(case, _plugs(case, sites))
    taken = {site.place for site in sites}
    free = [j for j, at in enumerate(offers.place.tolist()) if str(case.city.places.id[at]) not in taken]
    tries = []
    for j in free:
        for o in range(int(p.option_first[j]) + 1, int(p.option_first[j + 1])):
            fen = int(p.option_fen[o] + p.mobilise_fen[j])
            gain = service.most(j, p.option_capacity[o] - p.option_capacity[p.option_first[j]], offers)
            if gain > 0:
                tries.append((gain / max(fen, 1), j, o, fen))
    best: dict[int, tuple[int, int]] = {}
    for _, j, o, fen in sorted(tries, key=lambda t: (-t[0], t[1], t[2])):
        if j not in best and len(best) < _TRIED:
            best[j] = o, fen
    rows = [
        service.reason(int(offers.place[j]), offers.added[o], fen / units.FEN_PER_CNY) for j, (o, fen) in best.items()
    ]
    worth = [row for row in rows if row.cny_per_daily_kwh is not None]
    return tuple(sorted(worth, key=lambda row: row.cny_per_daily_kwh or 0.0)[:_NEXT])


def _plugs(case: Year, sites: Sequence[Site]) -> I64:
    """(3, P) plugs that rows of a plan add."""
    position = {place: i for i, place in enumerate(case.city.places.id.tolist())}
    out = np.zeros(case.city.supply.plugs.shape, np.int64)
    for site in sites:
        out[units.CHARGERS.index(site.charger), position[site.place]] += site.new_plugs
    return out


class _Service:
    """The day of a year with a plan in it, asked again with a place changed."""

    def __init__(self, case: Year, added: I64) -> None:
        self.case, self.plugs = case, case.city.supply.plugs + added
        self.open = place_open(case.city)
        self.pairs = [charging_pairs(case.city, case.travel, s) for s in range(len(units.CHARGING))]
        self.capacity = capacity_tenths(case.city.charging, self.plugs)
        self.served = self._served(self.capacity)
        self.unserved = case.outcome.charging_tenths.sum(axis=2) - self.served

    def _served(self, capacity: I64) -> I64:
        """(2, Z) energy served in a day."""
        wanted = self.case.outcome.charging_tenths
        return np.stack([
            most_served(pairs, wanted[s], capacity[s][:, None] * self.open)[0].sum(axis=1)
            for s, pairs in enumerate(self.pairs)
        ])  # fmt: skip

    def most(self, j: int, more: I64, offers: Offers) -> int:
        """No more than this is added by so much capacity (2) at site j: what is unserved in reach, and open hours."""
        gain, hours = 0, int(self.open[offers.place[j]].sum())
        for s, (first, place, _) in enumerate(self.pairs):
            zone = np.repeat(np.arange(len(first) - 1), np.diff(first))
            near = zone[place == offers.place[j]]
            gain += min(int(self.unserved[s, near].sum()), int(more[s]) * hours)
        return gain

    def reason(self, at: int, change: I64, cost_cny: float) -> SiteReason:
        """What changing the plugs (3) of a place takes or brings."""
        plugs = self.plugs.copy()
        plugs[:, at] += change
        gained = (self._served(capacity_tenths(self.case.city.charging, plugs)) - self.served).sum(axis=0)
        gained *= 1 if (change > 0).any() else -1
        areas, area = np.unique(self.case.city.zones.area, return_inverse=True)
        by_area = np.bincount(area, gained, len(areas))
        order = [a for a in np.argsort(-by_area, kind="stable").tolist() if by_area[a] > 0]
        kwh = int(gained.sum()) / units.TENTHS
        return SiteReason(
            place=str(self.case.city.places.id[at]),
            plugs=tuple(np.abs(change).tolist()),
            cost_cny=cost_cny,
            lost_kwh=kwh,
            cny_per_daily_kwh=cost_cny / kwh if kwh > 0 else None,
            gains=tuple(str(areas[a]) for a in order[:_AREAS]),
        )
