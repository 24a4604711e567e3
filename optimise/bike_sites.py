"""Ground for dispatch points: a table of the planner's, or kerbs and entrances of stations; and what cannot be used."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from network import (
    BikeSharingRules,
    BikeSite,
    City,
    InputError,
    Problem,
    bike_room,
    bikes_refused,
    on_street,
    outside,
    units,
)
from optimise.bike_plan import LeftOut
from optimise.bike_wishes import F64, BikeWishes, Bools, Ring, inside
from optimise.kerbs import plane
from optimise.problem import I64

I32 = npt.NDArray[np.int32]

_MOST_SPACES: Final = 10_000
_MOST: Final = 1e9
_LEAST_CORNERS: Final = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class UsableSites:
    """Sites that can be used, and those that cannot, with the reason."""

    sites: tuple[BikeSite, ...]
    room: I64
    """(J) most bikes."""
    open_fen: I64
    space_fen: I64
    left_out: tuple[LeftOut, ...]
    assumed: bool

    @property
    def lonlat(self) -> F64:
        return np.array([(s.lon, s.lat) for s in self.sites], np.float64).reshape(-1, 2)


def usable_sites(city: City, wishes: BikeWishes) -> UsableSites:
    """Sites of the wishes, else assumed ones. Raises InputError with everything that is wrong with those given."""
    rules, problems = city.bike_sharing, _wrong(city, wishes.sites)
    if problems:
        raise InputError(problems)
    given = wishes.sites or assumed_sites(city, wishes.within)
    lonlat = np.array([(s.lon, s.lat) for s in given], np.float64).reshape(-1, 2)
    there = inside(city, wishes.within, lonlat)
    used, left = [], []
    for site, here in zip(given, there.tolist(), strict=True):
        reason = bikes_refused(site, rules) if here else "lies outside the area that is planned"
        if not reason:
            used.append(site)
        elif here or wishes.sites:
            left.append(LeftOut(id=site.id, lon=float(site.lon), lat=float(site.lat), reason=reason))
    money = [_money(site, rules) for site in used]
    return UsableSites(
        sites=tuple(used),
        room=np.array([min(bike_room(s, rules), _MOST_SPACES) for s in used], np.int64),
        open_fen=np.array([m[0] for m in money], np.int64),
        space_fen=np.array([m[1] for m in money], np.int64),
        left_out=tuple(left),
        assumed=not wishes.sites,
    )


def assumed_sites(city: City, within: tuple[Ring, ...] | str = ()) -> tuple[BikeSite, ...]:
    """The entrances of the rail stations, and kerbs along the streets, by bike_sharing.toml."""
    taken = set(city.bike_points.id.tolist())
    return (*_at_entrances(city, within, taken), *_at_kerbs(city, within, taken))


def _at_entrances(city: City, within: tuple[Ring, ...] | str, taken: set[str]) -> list[BikeSite]:
    """One at each entrance; how much ground there is, is not known."""
    s = city.transit.stations
    some = np.flatnonzero(inside(city, within, s.entrance_lonlat) & _on_map(city, s.entrance_lonlat[:, None]))
    return [
        BikeSite(
            id=_free(f"entrance {s.entrance_id[a]}", taken),
            lon=float(s.entrance_lonlat[a, 0]),
            lat=float(s.entrance_lonlat[a, 1]),
            name=str(s.name[s.entrance_station[a]]),
        )
        for a in some.tolist()
    ]


def _at_kerbs(city: City, within: tuple[Ring, ...] | str, taken: set[str]) -> list[BikeSite]:
    """Stretches of kerb_length_m, no two of them nearer than kerb_gap_m; long streets are looked at first."""
    roads, rules = city.roads, city.bike_sharing
    segment, along = _along_streets(city)
    lonlat = on_street(roads, segment, along)
    here = np.flatnonzero(inside(city, within, lonlat))
    ring = _rectangles(city, segment[here], along[here], lonlat[here])
    on_map = _on_map(city, ring)
    here, ring = here[on_map], ring[on_map]
    order = np.lexsort((along[here], segment[here], -roads.length_m[segment[here]]))
    area_m2 = float(rules.kerb_length_m * rules.bike_length_m)
    return [
        BikeSite(
            id=_free(f"kerb {lonlat[k, 0]:.5f},{lonlat[k, 1]:.5f}", taken),
            lon=float(lonlat[k, 0]),
            lat=float(lonlat[k, 1]),
            name=str(roads.way_name[roads.way[segment[k]]]),
            area_m2=area_m2,
            outline=tuple((float(x), float(y)) for x, y in corners),
        )
        for k, corners in (
            (int(here[i]), ring[i]) for i in _thinned(plane(city, lonlat[here]), order, float(rules.kerb_gap_m))
        )
    ]


def _thinned(metres: F64, order: I64, apart_m: float) -> list[int]:
    """Places, taken in an order, of which no two are nearer than so many metres."""
    from scipy.spatial import cKDTree

    free = np.ones(len(metres), np.bool_)
    near = cKDTree(metres).query_ball_point(metres, apart_m) if len(metres) else []
    kept = []
    for k in order.tolist():
        if free[k]:
            kept.append(k)
            free[near[k]] = False
    return sorted(kept)


def _on_map(city: City, lonlat: F64) -> Bools:
    """(X) whether all corners (X, C, 2) lie in the box around the streets: beyond, no edit may put a point."""
    west, south, east, north = city.roads.bounds
    return np.asarray(((lonlat >= (west, south)) & (lonlat <= (east, north))).all(axis=(1, 2)))


def _along_streets(city: City) -> tuple[I32, F64]:
    """Segments and shares of their length, every kerb_gap_m along streets with a kerb for bikes."""
    roads, rules = city.roads, city.bike_sharing
    may = roads.beside & np.isin(roads.way_class, rules.kerb_classes)[roads.way]
    may &= (roads.time_ms[units.WALK][roads.edges] >= 0).any(axis=1) & (roads.length_m >= rules.kerb_length_m)
    count = np.where(may, np.maximum(1, roads.length_m // rules.kerb_gap_m), 0).astype(np.int64)
    segment = np.repeat(np.arange(len(count), dtype=np.int32), count)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    return segment, (step + 0.5) / count[segment]


def _rectangles(city: City, segment: I32, along: F64, lonlat: F64) -> F64:
    """(X, 4, 2) corners of the ground, on the right of the line of the street: nothing tells where its kerb is."""
    roads, rules = city.roads, city.bike_sharing
    half = 0.5 * float(rules.kerb_length_m) / roads.length_m[segment]
    start = on_street(roads, segment, np.maximum(along - half, 0.0))
    end = on_street(roads, segment, np.minimum(along + half, 1.0))
    way = plane(city, end) - plane(city, start)
    way /= np.maximum(np.hypot(*way.T), 1e-9)[:, None]
    wide = np.column_stack((way[:, 1], -way[:, 0])) * float(rules.bike_length_m)
    metre = plane(city, np.array([[1.0, 1.0]]))[0]
    ahead = 0.5 * float(rules.kerb_length_m) * way
    corners = [lonlat + shift / metre for shift in (-ahead, ahead, ahead + wide, wide - ahead)]
    return np.asarray(np.stack(corners, axis=1).round(7))


def shortened(site: BikeSite, spaces: int, rules: BikeSharingRules) -> BikeSite:
    """An assumed kerb with only as much of its length as its places take up."""
    if not site.outline or site.area_m2 is None:
        return site
    area_m2 = min(site.area_m2, spaces * float(rules.bike_m2))
    share = area_m2 / site.area_m2
    a, b, c, d = np.array(site.outline)
    ends = [((a, b), share), ((b, a), share), ((c, d), share), ((d, c), share)]
    ring = [0.5 * (one + other) + 0.5 * s * (one - other) for (one, other), s in ends]
    return replace(site, area_m2=area_m2, outline=tuple((float(x), float(y)) for x, y in np.round(ring, 7)))


def _free(wanted: str, taken: set[str]) -> str:
    """An id that no point has; it is taken from then on."""
    name, k = wanted, 1
    while name in taken:
        name, k = f"{wanted} ({k})", k + 1
    taken.add(name)
    return name


def _money(site: BikeSite, rules: BikeSharingRules) -> tuple[int, int]:
    """Fen to open it, and for each place."""
    kind = int(site.docked)
    open_cny = rules.point_cny[kind] if site.open_cny is None else site.open_cny
    space_cny = rules.space_cny[kind] if site.cny_per_space is None else site.cny_per_space
    return round(float(open_cny) * units.FEN_PER_CNY), round(float(space_cny) * units.FEN_PER_CNY)


def _wrong(city: City, sites: Sequence[BikeSite]) -> list[Problem]:
    seen, there, problems = Counter(s.id for s in sites), set(city.bike_points.id.tolist()), []
    for i, site in enumerate(sites):
        where = f"sites {i} ({site.id!r})"
        problems += [Problem(where, what, hint) for what, hint in _wrong_site(city, site)]
        if not site.id or seen[site.id] > 1:
            what = "has the id of another site" if site.id else "has no id"
            problems.append(Problem(where, what, "give each site its own"))
        if site.id in there:
            problems.append(Problem(where, "has the id of a bike point of the city", "give it its own"))
    return problems


def _wrong_site(city: City, site: BikeSite) -> list[tuple[str, str]]:
    """What and remedy of everything that is wrong with the numbers of one site."""
    out = []
    for lon, lat in ((site.lon, site.lat), *site.outline):
        if wrong := outside(city.roads, lon, lat):
            out.append((f"{wrong[0]} of {city.id}", wrong[1]))
            break
    if 0 < len(site.outline) < _LEAST_CORNERS:
        out.append((f"outline has {len(site.outline)} corners", "give three or more, or none"))
    for name in ("area_m2", "footway_m", "depth_m", "open_cny", "cny_per_space"):
        value = getattr(site, name)
        if value is not None and not (math.isfinite(value) and 0 <= value <= _MOST):
            out.append((f"{name} is {value:g}", "give a number of zero or more"))
    if site.spaces is not None and not 0 <= site.spaces <= _MOST_SPACES:
        out.append((f"spaces is {site.spaces}", f"give a number from 0 to {_MOST_SPACES:,}"))
    if not (site.id.isprintable() and site.name.isprintable()):
        out.append(("has characters in its id or name that cannot be printed", "leave them out"))
    return out
