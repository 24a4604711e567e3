"""Points where shared bikes stand, of a city's recipe: a table, a feed of GBFS, or those of the map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from network.bike_points import BikePoints, no_bike_points
from network.city import Roads, Zones
from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.bike_point_rows import Given, given_points
from network.io.chargers import amidst
from network.io.parameters import Parameters
from network.io.ways import Features, whole_number
from network.snap import nearest_of, snap
from network.units import WALK

_NOT_SHARED: Final = frozenset({"shop", "key_dispensing_machine"})
"""Values of bicycle_rental=* that are no station of shared bikes."""
_NAMED: Final = 5


@dataclass(frozen=True)
class FoundPoints:
    """Points; lines for people, and rows of provenance (key, value, unit, source) of what stands in for data."""

    points: BikePoints
    lines: list[str]
    assumed: list[tuple[str, str, str, str]]


def city_bike_points(
    recipe: Mapping[str, Any],
    find: Callable[[str], Path],
    *,
    features: Features,
    zones: Zones,
    roads: Roads,
    parameters: Parameters,
) -> FoundPoints:
    """All points of a city; `recipe` is its [bikes], `find` tells where a file is. Without `points` those of the map.

    points: a table (id, lon, lat, spaces; bikes, docked, name, area_m2), or station_information.json of GBFS 1 to 3.
    status: station_status.json beside it. crs, columns: of the table. repair: stations without capacity or off the
    streets are left out, counts of bikes set to the nearest that is possible, and told of; else they are refused.
    Raises InputError naming all that is wrong.
    """
    repair, notes = bool(recipe.get("repair")), list[str]()
    if "points" not in recipe:
        given, where = _of_map(features, notes), "the map"
        repair = True
    else:
        path = find(recipe["points"])
        given, where = given_points(path, recipe, find, roads), path.name
    kept = _kept(given, where, roads, parameters, notes, repair=repair)
    told = [one for one in kept if one.bikes is not None]
    share = parameters.number("bikes.start_share") if len(told) < len(kept) else 0.0
    part = _part([one if one.bikes is not None else _at_start(one, share) for one in kept], zones, roads)
    assumed = []
    if kept and "points" not in recipe:
        assumed.append(("bike_points", str(len(kept)), "points", "stations of the map that tell a capacity"))
    if missing := len(kept) - len(told):
        how = "bikes that stand there as the day begins are not told: by bikes.start_share"
        assumed.append(("bike_points.bikes", str(missing), "points", how))
    if kept or "points" in recipe:
        count = f"{len(kept):,} points for shared bikes with {int(part.spaces.sum()):,} places"
        notes.insert(0, f"{where}: {count}, {int(part.docked.sum()):,} of them with docks")
    return FoundPoints(part, notes, assumed)


def _at_start(one: Given, share: float) -> Given:
    return one._replace(bikes=int(share * (one.spaces or 0)))


def _part(kept: Sequence[Given], zones: Zones, roads: Roads) -> BikePoints:
    if not kept:
        return no_bike_points()
    lonlat = np.array([(one.lon, one.lat) for one in kept])
    return BikePoints(
        id=np.array([one.id for one in kept]),
        name=np.array([one.name for one in kept]),
        lonlat=lonlat,
        zone=nearest_of(zones.lonlat, lonlat),
        docked=np.array([one.docked for one in kept]),
        spaces=np.array([one.spaces for one in kept], np.int32),
        bikes=np.array([one.bikes for one in kept], np.int32),
        area_m2=np.array([one.area_m2 for one in kept]),
        ring_first=np.cumsum([0, *(len(one.outline) for one in kept)]).astype(np.int32),
        ring_lonlat=np.array([corner for one in kept for corner in one.outline], np.float64).reshape(-1, 2),
        snap=snap(roads, lonlat),
    )


def _kept(
    given: Sequence[Given], where: str, roads: Roads, parameters: Parameters, notes: list[str], *, repair: bool
) -> list[Given]:
    """Points among the streets. Raises InputError with every point that is wrong, or mends those that can be."""
    if not given:
        return []
    lonlat = np.array([(one.lon, one.lat) for one in given])
    far_m = parameters.number("places.farthest_street_m")
    off_m = snap(roads, lonlat).off_m[WALK]
    beyond = (off_m > far_m) & ~amidst(roads, lonlat)
    near = [one for one, is_beyond in zip(given, beyond.tolist(), strict=True) if not is_beyond]
    off = {one.id for one, off in zip(given, (off_m > far_m).tolist(), strict=True) if off}
    if not near:
        hint = "is it the file of another city, or in another datum?"
        raise InputError(Problem(where, f"none of its {len(given):,} points lies near the streets", hint))
    none = [one for one in near if one.spaces is None or one.spaces < 1]
    lost = [one for one in near if one.id in off and one not in none]
    whole = [one for one in near if one not in none and one not in lost]
    odd = [one for one in whole if one.bikes is not None and not 0 <= one.bikes <= (one.spaces or 0)]
    problems = list(_twice(near))
    if not repair:
        problems += _wrong(none, lost, odd, dict(zip((one.id for one in given), off_m.tolist(), strict=True)), far_m)
    if problems:
        raise InputError(most_shown(problems, where))
    for some, what in (
        (none, "have no capacity and are left out"), (lost, "are on no walkable street and are left out"),
        (odd, "had fewer bikes than none or more than places: set to the nearest number that is possible"),
    ):  # fmt: skip
        if some:
            named = ", ".join(one.id for one in some[:_NAMED]) + (", ..." if len(some) > _NAMED else "")
            notes.append(f"{where}: {len(some):,} points {what}: {named}")
    if beyond.any():
        notes.append(f"{where}: {beyond.sum():,} points lie beyond the streets that were read and are left out")
    return [one if one.bikes is None else one._replace(bikes=min(max(one.bikes, 0), one.spaces or 0)) for one in whole]


def _twice(given: Sequence[Given]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for one in given:
        if not one.id:
            yield Problem(one.where, "has no id", "give it one")
        elif first.setdefault(one.id, one.where) != one.where:
            yield Problem(one.where, f"the id {one.id!r} stands in {first[one.id]} already", "list each point once")


def _wrong(
    none: Sequence[Given], lost: Sequence[Given], odd: Sequence[Given], off_m: Mapping[str, float], far_m: float
) -> Iterator[Problem]:
    remedy = "correct it, or write repair = true under [bikes]"
    for one in none:
        what = "has no capacity" if one.spaces is None else f"has a capacity of {one.spaces}"
        yield Problem(one.where, what, f"{remedy}: such stations are left out")
    for one in lost:
        what = f"is on no walkable street: the nearest is {off_m[one.id]:,.0f} m away, {far_m:,.0f} m are allowed"
        yield Problem(one.where, what, f"{remedy}: such stations are left out")
    for one in odd:
        what = (
            f"{one.bikes} bikes are negative" if (one.bikes or 0) < 0 else f"{one.bikes} bikes for {one.spaces} places"
        )
        yield Problem(one.where, what, f"{remedy}: the nearest number that is possible")


def _of_map(features: Features, notes: list[str]) -> list[Given]:
    """Stations of shared bikes whose capacity the map tells."""
    private = features.is_private
    at = [
        i for i in features.of_kind("bicycle_rental").tolist()
        if not private[i] and features.tags[i].get("bicycle_rental") not in _NOT_SHARED
    ]  # fmt: skip
    known = [(i, whole_number(features.tags[i].get("capacity"))) for i in at]
    if unknown := sum(not spaces for _, spaces in known):
        notes.append(f"the map: {unknown:,} of {len(at):,} stations of shared bikes tell no capacity and are left out")
    return [
        Given(
            where=features.id[i], id=f"osm/{features.id[i]}", name=features.name[i], lon=float(features.lonlat[i, 0]),
            lat=float(features.lonlat[i, 1]), spaces=spaces, bikes=None, docked=True,
            area_m2=float(features.area_m2[i]),
        )
        for i, spaces in known
        if spaces
    ]  # fmt: skip
