"""Places where parking spaces can be added: a table of the planner's, or what lots and kerbs let expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from network import CLASS_OF_WAY, NEW_SPACE_WAYS, City, InputError, Problem, did_you_mean, outside, units

SpaceWay = Literal["marking", "stacking", "viaduct", "estate", "garage"]
_MOST: Final = 100_000
_TWICE: Final = 2
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SpaceCandidate:
    """A place where spaces may be added; None is what new_spaces.toml says of its way."""

    id: str
    way: str
    """As in network.NEW_SPACE_WAYS."""
    most_spaces: int
    name: str = ""
    lon: float | None = None
    lat: float | None = None
    """None where `lot` is given."""
    lot: str = ""
    """Lot that is made larger."""
    supply_class: str = ""
    """As in units.units.SUPPLY_CLASSES; else that of the lot, or of the way."""
    cny_per_space: float | None = None
    open_cny: float | None = None
    conflict: str = ""
    """Who else wants the land, such as greening, a fire lane, a bus or cycle lane."""
    exclusive: str = ""
    """Candidates with one word here exclude each other: one land, one use."""
    taken_lot: str = ""
    taken_spaces: int = 0
    """Spaces that go at another lot once this place is used."""


def resolved(city: City, given: Sequence[SpaceCandidate]) -> tuple[SpaceCandidate, ...]:
    """Candidates with all that was left out filled in. Raises InputError with everything that is wrong with them."""
    rules, lots = city.new_spaces, {str(name): i for i, name in enumerate(city.lots.id)}
    problems, seen = [], Counter(c.id for c in given)
    for i, c in enumerate(given):
        where = f"candidates {i} ({c.id!r})"
        problems += [Problem(where, what, hint) for what, hint in _wrong(city, c, lots)]
        if not c.id or seen[c.id] > 1:
            what = "has the id of another candidate" if c.id else "has no id"
            problems.append(Problem(where, what, "give each candidate its own"))
    problems += _taken_twice(city, given)
    if problems:
        raise InputError(problems)
    out = []
    for c in given:
        way, at = NEW_SPACE_WAYS.index(c.way), lots.get(c.lot, -1)
        usual = city.lots.supply_class[at] if at >= 0 else CLASS_OF_WAY[way]
        lon, lat = city.lots.lonlat[at].tolist() if at >= 0 else (c.lon, c.lat)
        space_cny, open_cny = float(rules.space_cny[way]), float(rules.open_cny[way])
        out.append(
            replace(
                c,
                lon=lon,
                lat=lat,
                supply_class=c.supply_class or units.SUPPLY_CLASSES[usual],
                cny_per_space=space_cny if c.cny_per_space is None else c.cny_per_space,
                open_cny=open_cny if c.open_cny is None else c.open_cny,
            )
        )
    return tuple(out)


def assumed(city: City) -> tuple[SpaceCandidate, ...]:
    """Lifts on lots off the street, ground of estates, and one kerb for each zone, by new_spaces.toml."""
    lots, rules = city.lots, city.new_spaces
    estate, public = lots.owner == units.OWNERS.index("residential"), lots.supply_class == 1
    way = np.where(estate, NEW_SPACE_WAYS.index("estate"), NEW_SPACE_WAYS.index("stacking"))
    more = np.floor(rules.more_share[way] * lots.spaces).astype(int)
    out = [
        SpaceCandidate(
            id=f"{NEW_SPACE_WAYS[way[i]]} {lots.id[i]}",
            name=str(lots.name[i]),
            way=NEW_SPACE_WAYS[way[i]],
            lot=str(lots.id[i]),
            most_spaces=int(more[i]),
        )
        for i in np.flatnonzero((estate | public) & (more >= rules.least_spaces)).tolist()
    ]
    kerb = kerb_spaces(city)
    for z in np.flatnonzero(kerb >= rules.least_spaces).tolist():
        lon, lat = city.zones.lonlat[z].tolist()
        out.append(
            SpaceCandidate(id=f"kerb {city.zones.id[z]}", way="marking", lon=lon, lat=lat, most_spaces=int(kerb[z]))
        )
    return tuple(out)


def kerb_spaces(city: City) -> npt.NDArray[np.int64]:
    """(Z) spaces that can be marked at the kerbs nearest to each zone, less those of lots at the kerb there."""
    from scipy.spatial import cKDTree

    roads, rules, z = city.roads, city.new_spaces, city.zones
    may = roads.beside & np.isin(roads.way_class[roads.way], rules.kerb_classes)
    may &= (roads.time_ms[units.DRIVE][roads.edges] >= 0).any(axis=1)
    if not (may.any() and len(z.id)):
        return np.zeros(len(z.id), np.int64)
    first = roads.shape_first[:-1]
    middle = roads.shape_lonlat[(first + roads.shape_first[1:] - 1) // _TWICE][may]
    wide = np.array([np.cos(np.radians(float(z.lonlat[:, 1].mean()))), 1.0])
    nearest = cKDTree(z.lonlat * wide).query(middle * wide)[1]
    metres = np.bincount(nearest, roads.length_m[may], len(z.id))
    spaces = np.floor(metres * float(rules.kerb_share) / float(rules.kerb_space_m)).astype(np.int64)
    kerbside = city.lots.supply_class == 0
    there = np.bincount(city.lots.zone[kerbside], city.lots.spaces[kerbside], len(z.id)).astype(np.int64)
    return np.asarray(np.maximum(spaces - there, 0), np.int64)


def _wrong(city: City, c: SpaceCandidate, lots: dict[str, int]) -> list[tuple[str, str]]:
    """What and remedy of everything that is wrong with one candidate."""
    out = []
    if c.way not in NEW_SPACE_WAYS:
        out.append((f"way is {c.way!r}", did_you_mean(c.way, NEW_SPACE_WAYS) or f"use {', '.join(NEW_SPACE_WAYS)}"))
    if c.supply_class and c.supply_class not in units.SUPPLY_CLASSES:
        hint = did_you_mean(c.supply_class, units.SUPPLY_CLASSES) or f"use {', '.join(units.SUPPLY_CLASSES)}"
        out.append((f"supply_class is {c.supply_class!r}", hint))
    if not 1 <= c.most_spaces <= _MOST:
        out.append((f"most_spaces is {c.most_spaces}", f"a number from 1 to {_MOST:,} is needed"))
    for name, value in (("cny_per_space", c.cny_per_space), ("open_cny", c.open_cny)):
        if value is not None and not (np.isfinite(value) and value >= 0):
            out.append((f"{name} is {value:g}", "give CNY of zero or more"))
    return out + _wrong_lots(city, c, lots)


def _wrong_lots(city: City, c: SpaceCandidate, lots: dict[str, int]) -> list[tuple[str, str]]:
    out = []
    for name, lot in (("lot", c.lot), ("taken_lot", c.taken_lot)):
        if lot and lot not in lots:
            out.append((f"no lot is called {lot!r}", did_you_mean(lot, lots) or f"give the id of a lot as {name}"))
    at = lots.get(c.lot)
    if at is not None and c.supply_class not in {"", units.SUPPLY_CLASSES[city.lots.supply_class[at]]}:
        out.append((f"is {c.supply_class}, unlike its lot {c.lot!r}", "leave supply_class out, or the lot"))
    if not c.lot:
        out += _wrong_place(city, c, lots)
    if bool(c.taken_lot) != (c.taken_spaces > 0):
        out.append(("takes spaces from a lot without saying how many or where", "give taken_lot and taken_spaces"))
    return out


def _wrong_place(city: City, c: SpaceCandidate, lots: dict[str, int]) -> list[tuple[str, str]]:
    if c.id in lots:
        return [(f"has the id of the lot {c.id!r}", "give it its own, or name the lot it makes larger as lot")]
    if c.lon is None or c.lat is None:
        return [("has neither a place nor a lot", "give lon and lat, or the id of a lot")]
    wrong = outside(city.roads, c.lon, c.lat)
    return [(f"{wrong[0]} of {city.id}", wrong[1])] if wrong else []


def _taken_twice(city: City, given: Sequence[SpaceCandidate]) -> list[Problem]:
    """Lots of which candidates would take more than is free there, all together."""
    wanted: dict[str, int] = {}
    for c in given:
        if c.taken_lot:
            wanted[c.taken_lot] = wanted.get(c.taken_lot, 0) + c.taken_spaces
    lots, out = city.lots, []
    for i in np.flatnonzero(np.isin(lots.id, list(wanted))).tolist():
        free = int(lots.spaces[i] - lots.reserve[i] - lots.shared[i].max())
        if wanted[str(lots.id[i])] > free:
            what = f"would lose {wanted[str(lots.id[i])]} spaces, {free} are neither reserved nor shared"
            out.append(Problem(f"candidates, taken_lot {str(lots.id[i])!r}", what, "take fewer"))
    return out
