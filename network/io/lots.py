"""Lots of a city: of its tables; else those of the map, with assumed ones where hardly any is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from network.city import Places, Roads, Zones
from network.errors import InputError, Problem
from network.io.lot_cars import counted_cars
from network.io.lot_sites import Kinds, LotSite, kinds_of, lots_part
from network.io.lot_tables import read_lots
from network.io.parameters import Parameters
from network.lots import Lots
from network.parking_rules import ParkingRules
from network.part import I32
from network.snap import local_metres
from network.transit import Stations

Rows = list[tuple[str, str, str, str]]
_BY_DAY: Final = ("jobs", "students", "visitors")
_AT_NIGHT: Final = "residents"
"""Who comes by day and who lives there, as `Zones` counts them."""


@dataclass(frozen=True)
class FoundLots:
    """Lots; lines for people, and rows of provenance (key, value, unit, source) of what stands in for data."""

    lots: Lots
    lines: list[str]
    assumed: Rows

    def station_spaces(self, stations: int) -> I32:
        """(G) spaces of the lots that are a station's park-and-ride."""
        lots, at = self.lots, self.lots.station >= 0
        return np.bincount(lots.station[at], lots.spaces[at], stations).astype(np.int32)


def city_lots(
    recipe: Mapping[str, Any],
    find: Callable[[str], Path],
    *,
    places: Places,
    known_spaces: Mapping[str, int],
    zones: Zones,
    roads: Roads,
    stations: Stations,
    rules: ParkingRules,
    parameters: Parameters,
) -> FoundLots:
    """All lots of a city; `recipe` is its [parking], `known_spaces` are those of places by id, `find` tells where a
    file is.

    With a table of lots there are no others. Raises InputError naming what is wrong with tables and counts.
    """
    assumed: Rows
    beyond: frozenset[str] = frozenset()
    if "lots" in recipe:
        given = read_lots(recipe, find, roads=roads, stations=stations, parameters=parameters)
        sites, lines, assumed = at_places(given.sites, places, parameters), given.lines, given.assumed
        beyond = given.beyond
    else:
        sites, lines, assumed = _unlisted(places, known_spaces, zones, parameters)
    counted = counted_cars(recipe, find, sites, rules, parameters, beyond=beyond)
    sites = [replace(site, spaces=counted.spaces.get(site.id, site.spaces)) for site in sites]
    part = lots_part(sites, counted.cars, zones, roads, rules)
    lines += counted.lines
    if guessed := int((~part.measured).sum()):
        how = "nobody counted their cars: as full as lots of their land use (parking.profile_share)"
        assumed.append(("lots.own_cars", str(guessed), "lots", how))
        lines.append(f"{guessed:,} of {len(sites):,} lots are taken to be as full as their land use: no counts")
    return FoundLots(part, lines, assumed)


def _unlisted(
    places: Places, known_spaces: Mapping[str, int], zones: Zones, parameters: Parameters
) -> tuple[list[LotSite], list[str], Rows]:
    """Lots where no table tells of them, what is to be told of them, and their rows of provenance."""
    sites = mapped_lots(places, known_spaces, parameters)
    how = "kinds of places on the map; spaces and owners by lots.of_places"
    rows = [("lots", str(len(sites)), "lots", how)] if sites else []
    count, guessed = len(sites), sum(site.id not in known_spaces for site in sites)
    lines = [f"{count:,} lots at known places with {_spaces(sites):,} spaces; the size of {guessed:,} is assumed"]
    if count < parameters.number("lots.hardly_known_per_zone") * len(zones.id):
        more = assumed_lots(zones, parameters)
        how = "hardly any lot is known: assumed for the people of each zone, by lots.of_people"
        rows += [("lots.assumed", str(len(more)), "lots", how)] if more else []
        what = f"{len(more):,} more with {_spaces(more):,} spaces are assumed by the people of the zones"
        lines.append(f"hardly any lot is known: {what}")
        sites += more
    return sites, lines if sites else [], rows


def _spaces(sites: Sequence[LotSite]) -> int:
    return sum(site.spaces for site in sites)


def mapped_lots(places: Places, known_spaces: Mapping[str, int], parameters: Parameters) -> list[LotSite]:
    """One lot at every place of a kind in lots.of_places; as many spaces as known, else as there."""
    rules = {str(row[0]): row[1:] for row in parameters.value("lots.of_places")}
    out = []
    for i in np.flatnonzero(np.isin(places.kind, list(rules))).tolist():
        key = str(places.id[i])
        *what, spaces = rules[str(places.kind[i])]
        kinds = kinds_of("lots.of_places", *what)
        usual = _usual(key, kinds, known_spaces.get(key, spaces), places.lonlat[i].tolist(), parameters)
        out.append(replace(usual, name=str(places.name[i]), place=i))
    return out


def assumed_lots(zones: Zones, parameters: Parameters) -> list[LotSite]:
    """In the middle of every zone a lot for those who come by day, whichever of them need most spaces, and one for
    its residents: none where fewer than the least of lots.assumed_spaces are needed, and no more spaces than the most.
    """
    rules = {row[0]: row[1:] for row in parameters.value("lots.of_people")}
    if sorted(rules) != sorted((*_BY_DAY, _AT_NIGHT)):
        hint = f"write a row each for {', '.join((*_BY_DAY, _AT_NIGHT))}"
        raise InputError(Problem("parameter lots.of_people", f"tells of {', '.join(rules)}", hint))
    least, most = parameters.array("lots.assumed_spaces").tolist()
    out = []
    for z, (zone, spot) in enumerate(zip(zones.id.tolist(), zones.lonlat.tolist(), strict=True)):
        need = {who: float(getattr(zones, who)[z]) * rule[-1] for who, rule in rules.items()}
        for who in (max(_BY_DAY, key=need.__getitem__), _AT_NIGHT):
            if need[who] >= least:
                key, kinds = f"assumed/{rules[who][0]}/{zone}", kinds_of("lots.of_people", *rules[who][:3])
                out.append(_usual(key, kinds, int(min(need[who], most)), spot, parameters))
    return out


def at_places(sites: Sequence[LotSite], places: Places, parameters: Parameters) -> list[LotSite]:
    """The lots, each with the nearest place within lots.same_place_m that may hold plugs and is no kerb; a place that
    is near to several is that of the nearest of them.
    """
    from scipy.spatial import KDTree

    able = np.flatnonzero((places.most_plugs > 0) & (places.kind != "kerb"))
    if not len(able) or not sites:
        return list(sites)
    middle = float(np.median(places.lonlat[:, 1]))
    spots = np.array([(site.lon, site.lat) for site in sites])
    tree = KDTree(local_metres(places.lonlat[able], middle))
    off_m, nearest = tree.query(local_metres(spots, middle))
    owner: dict[int, int] = {}
    for i in np.argsort(off_m, kind="stable").tolist():
        if off_m[i] <= parameters.number("lots.same_place_m"):
            owner.setdefault(int(able[nearest[i]]), i)
    place_of = {i: place for place, i in owner.items()}
    return [replace(site, place=place_of.get(i, -1)) for i, site in enumerate(sites)]


def _usual(key: str, kinds: Kinds, spaces: int, spot: Sequence[float], parameters: Parameters) -> LotSite:
    """A lot of an owner, a land use and a supply class; the rest is by parameters."""
    return LotSite(
        id=key,
        kinds=kinds,
        lon=spot[0],
        lat=spot[1],
        spaces=spaces,
        reserve=math.ceil(spaces * parameters.number("lots.reserve_share")),
        tariff_cny_per_h=parameters.number("lots.tariff_cny_per_h"),
        retrofit_cny=parameters.number("lots.retrofit_cny"),
    )
