"""Lots of a city: of tables, of the map, and where nothing is known assumed from kinds of places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from network.city import Places, Roads, Zones
from network.demand.accumulation import usual_cars
from network.io.parameters import Parameters
from network.lots import Lots
from network.parking_rules import ParkingRules
from network.part import F64, I32
from network.snap import local_metres, snap
from network.units import DAY_TYPES, LAND_USES, OWNERS, SLOTS, SUPPLY_CLASSES


def lots_of_places(
    places: Places, zones: Zones, roads: Roads, rules: ParkingRules, parameters: Parameters
) -> tuple[Lots, int]:
    """One lot at every place of a kind that lots.of_places knows, with its assumed size; and how many there are."""
    known = {str(row[0]): row for row in parameters.value("lots.of_places")}
    at = np.flatnonzero(np.isin(places.kind, list(known))).astype(np.int32)
    rows = [known[str(places.kind[i])] for i in at]
    spaces = np.array([row[4] for row in rows], np.int32)
    use = _positions([row[1] for row in rows], LAND_USES)
    own = usual_cars(rules, use, spaces)
    count, lonlat = len(at), places.lonlat[at]
    text = np.full(count, "", dtype="U1")
    return Lots(
        id=places.id[at],
        name=places.name[at],
        owner_name=text,
        department=text,
        owner=_positions([row[2] for row in rows], OWNERS),
        use=use,
        supply_class=_positions([row[3] for row in rows], SUPPLY_CLASSES),
        lonlat=lonlat,
        zone=nearest_zone(zones, lonlat),
        place=at,
        station=np.full(count, -1, np.int32),
        entrance_first=np.arange(count + 1, dtype=np.int32),
        entrance_lonlat=lonlat,
        snap=snap(roads, lonlat),
        spaces=spaces,
        reserve=np.ceil(spaces * parameters.number("lots.reserve_share")).astype(np.int32),
        open=np.ones((count, len(DAY_TYPES), SLOTS), np.bool_),
        shared=np.zeros((count, len(DAY_TYPES), SLOTS), np.int32),
        ended=np.zeros((count, len(DAY_TYPES), SLOTS), np.int32),
        spaces_added=np.zeros(count, np.int32),
        spaces_removed=np.zeros(count, np.int32),
        tariff_cny_per_h=np.full(count, parameters.number("lots.tariff_cny_per_h")),
        retrofit_cny=np.full(count, parameters.number("lots.retrofit_cny")),
        own_mean=own.mean,
        own_sd=own.sd,
        own_high=own.high,
        own_arrivals=own.arrivals,
        measured=np.zeros(count, np.bool_),
    ), count


def nearest_zone(zones: Zones, lonlat: F64) -> I32:
    """(X) zone whose centre is nearest, as the crow flies."""
    from scipy.spatial import KDTree

    if not len(lonlat):
        return np.zeros(0, np.int32)
    middle = float(np.median(zones.lonlat[:, 1]))
    tree = KDTree(local_metres(zones.lonlat, middle))
    return np.asarray(tree.query(local_metres(lonlat, middle))[1], dtype=np.int32)


def _positions(words: Sequence[str], known: Sequence[str]) -> I32:
    return np.array([known.index(word) for word in words], dtype=np.int32)
