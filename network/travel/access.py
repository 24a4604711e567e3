"""Cumulative access: how much lies within minutes of every zone, as in the 15-minute circle (15分钟生活圈)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from network.city import City
from network.part import F64, Snap
from network.travel.by_transit import times_within
from network.travel.reach import reach

_PERCENT = 100.0
_NEARLY = 1e-9
"""Percent by which the sum of shares may be off."""


def within_reach(city: City, mode: int | None, ends: Snap, amount: F64, limits_s: Sequence[float]) -> F64:
    """(L, Z) how much of `amount` (Y), which lies at `ends`, each zone reaches within each limit.

    By a network mode, or where `mode` is None by transit or on foot alone, at the median departure of the window. An
    end counts whole as soon as the place where it touches the streets is reached; a zone always reaches its own people.
    Cumulative opportunities (Geurs and van Wee 2004, doi:10.1016/j.jtrangeo.2003.10.005).

    Raises InputError where a limit is negative or not a number, or by transit no line is known.
    """
    zones, most_s = len(city.zones.id), max(limits_s)
    if not len(amount):
        return np.zeros((len(limits_s), zones))
    if mode is None:
        time_s = times_within(city, city.zones.snap, ends, most_s)
        return np.stack([(time_s <= limit_s) @ amount for limit_s in limits_s])
    found = reach(city.roads, city.zones.snap, ends, mode, most_s)
    zone = np.repeat(np.arange(zones), np.diff(found.first))
    there = amount[found.end]
    return np.stack([np.bincount(zone, there * (found.time_s <= limit_s), zones) for limit_s in limits_s])


def spread(value: F64, people: F64, percentiles: Sequence[float]) -> tuple[float, list[float]] | None:
    """Mean of a value (Z) over people (Z), and the least values that so many percent of them do not exceed.

    None where there is nobody.
    """
    total = people.sum()
    if total <= 0:
        return None
    order = np.argsort(value, kind="stable")
    share = np.cumsum(people[order]) / total * _PERCENT
    at = np.minimum(np.searchsorted(share, np.array(percentiles) - _NEARLY), len(order) - 1)
    return float((value * people).sum() / total), value[order][at].tolist()
