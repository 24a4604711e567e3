"""Who lives, works, learns and visits in each zone where only totals are known: a dasymetric estimate.

What a map holds is read twice. Buildings, land use and places CLAIM persons: so many per floor area, hectare or place.
They are readings of the same people and not added: in each zone the largest counts, so that a building within a
quarter, or a school within its grounds, is counted once. Streets, stops and measured activity are a SURFACE without a
level of its own. A total that the claims exceed is spread by them; else zones get what they claim, and the rest of the
total goes where the surface exceeds the claim (Mennis 2003, doi:10.1111/0033-0124.10042, on densities by class; the
use of several layers after Eicher and Brewer 2001, doi:10.1559/152304001782173727).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from network.errors import InputError, Problem
from network.io.land import Land, shared_m2
from network.io.parameters import Parameters
from network.io.places import Site
from network.io.ways import Features, whole_number
from network.io.zones import Cells, Streets
from network.part import F64, I64, Text

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

PERSONS: Final = ("residents", "jobs", "students", "visitors")
_M2_PER_HA: Final = 1e4
_M2_PER_KM2: Final = 1e6
_M_PER_KM: Final = 1e3
_SITE_KINDS: Final = {"stop": "bus_stop"}
"""Kinds of sites of tables by the kinds of the map."""

Shapes = tuple[I64, list["BaseGeometry"]]
"""Class and outline (plane metres) of land, none upon another."""
Estimate = tuple[F64, str]
"""Counts (Z) and, in words, how they were made."""


@dataclass(frozen=True)
class Seen:
    """What the inputs show of a city, zones (Z) apart."""

    cells: Cells
    streets: Streets
    features: Features
    land: Land = field(default_factory=Land)
    sites: Sequence[Site] = ()
    """Of tables. A kind that they hold is not taken from the map as well."""
    activity: F64 | None = None
    """(Z) how much goes on, of any unit."""


@dataclass(frozen=True)
class Evidence:
    """Of residents, jobs, students and visitors (4, Z): what the map claims, and where else they may be."""

    claims: F64
    surface: F64
    """Sums to 1 over the zones; of students nothing, for they are where residents are."""
    floor: F64
    """(2, Z) residents and jobs by floor area alone."""
    area_m2: F64
    """(Z)."""
    many_buildings: bool
    """Enough that where none is nobody lives, and that their floor area tells how many people there are."""
    words: str
    """How much there is of each kind of evidence, for provenance."""

    @classmethod
    def of(cls, seen: Seen, parameters: Parameters) -> Evidence:
        """Read the evidence. Raises InputError where a parameter is not what it should be."""
        cells = seen.cells
        land_names, per_ha = _rates(parameters, "zones.land_persons_per_ha", len(PERSONS))
        kind, shapes = seen.land.of(land_names, cells.plane) if len(seen.land) else (np.zeros(0, np.int64), [])
        area, cell, m2 = shared_m2(shapes, cells.outline)
        land = _by_cell(cell, m2[:, None] / _M2_PER_HA * per_ha[kind[area]], len(cells.id))
        empty_m2 = _by_cell(cell, m2[:, None] * (per_ha[kind[area]] == 0), len(cells.id))
        floor, buildings = _floor(seen, (kind, shapes), per_ha, parameters)
        places, count, stops, stop_count = _places(seen, parameters)
        claims = np.maximum(np.maximum(land, places), np.vstack((floor, np.zeros_like(floor))))
        surface = _surface(seen, stops, parameters) * np.maximum(0.0, 1.0 - empty_m2 / np.maximum(cells.area_m2, 1.0))
        street_km = cells.sums(seen.streets.lonlat, seen.streets.length_m).sum() / _M_PER_KM
        activity = "no" if seen.activity is None else "yes"
        words = (
            f"estimated: dasymetric over buildings {buildings:,}, land use {len(np.unique(area)):,}, places {count:,}, "
            f"stops {stop_count:,}, streets {street_km:,.0f} km, activity {activity}"
        )
        many = buildings >= parameters.number("zones.least_buildings")
        whole = surface.sum(axis=1, keepdims=True)
        surface = np.where(whole > 0, surface, cells.area_m2)
        return cls(claims, surface / surface.sum(axis=1, keepdims=True), floor, cells.area_m2, many, words)

    def spread(self, persons: str, total: float, surface: F64 | None = None) -> F64:
        """(Z) a total over the zones, kept."""
        row = PERSONS.index(persons)
        return share_out(total, self.claims[row], self.surface[row] if surface is None else surface)


def share_out(total: float, claim: F64, surface: F64) -> F64:
    """(Z) `total` persons by what zones claim (Z, persons) and, where that is less, by a surface (Z, of any scale).

    Claims above the total are all lowered by the same factor. Below it they are met, and what remains goes to the
    zones whose share by the surface exceeds their claim, in proportion to the excess. The sum is the total.
    """
    claimed = float(claim.sum())
    if claimed > 0 and claimed >= total:
        return total * (claim / claimed)
    lack = np.maximum(total * (surface / surface.sum()) - claim, 0.0)
    missing = lack.sum()
    rest = np.asarray(lack / missing, dtype=np.float64) if missing > 0 else np.zeros(len(claim))
    return claim + (total - claimed) * rest


def people(
    evidence: Evidence, given: dict[str, F64], residents_total: tuple[float, str] | None, parameters: Parameters
) -> tuple[dict[str, F64], dict[str, str]]:
    """Residents, jobs, students and visitors (Z) of each zone, and for each that is an estimate how it was made.

    `given` holds what is known zone by zone, besides the four `schools`, their number. Other totals come from
    `residents_total` (persons, source), floor area or parameters. Raises InputError where the total is not a number
    of 0 or more.
    """
    out, how = dict(given), {}
    if "residents" not in out:
        out["residents"], how["residents"] = _residents(evidence, residents_total, parameters)
    residents = out["residents"]
    if "jobs" not in out:
        known = "residents" in given or residents_total is not None
        out["jobs"], how["jobs"] = _jobs(evidence, residents, parameters, known=known)
    if "students" not in out:
        out["students"], how["students"] = _students(evidence, residents, given.get("schools"), parameters)
    if "visitors" not in out:
        total = residents.sum() * parameters.number("zones.visitors_per_resident")
        out["visitors"] = evidence.spread("visitors", total)
        how["visitors"] = f"a parameter per resident, {evidence.words}"
    return {name: out[name] for name in PERSONS}, how


def _residents(evidence: Evidence, total: tuple[float, str] | None, parameters: Parameters) -> Estimate:
    if total is not None:
        persons, source = total
        if not 0 <= persons < np.inf:
            raise InputError(Problem("zones.residents", f"the total is {persons:g}", "a number of 0 or more is needed"))
    elif evidence.many_buildings:
        persons, source = evidence.floor[0].sum(), "floor area of homes on the map"
    else:
        persons = evidence.area_m2.sum() / _M2_PER_KM2 * parameters.number("zones.residents_per_km2")
        source = "a parameter per km2"
    return evidence.spread("residents", persons), f"{source}, {evidence.words}"


def _jobs(evidence: Evidence, residents: F64, parameters: Parameters, *, known: bool) -> Estimate:
    """From floor area alone where residents are as well, so that both fit together; else from residents."""
    if not known and evidence.many_buildings:
        total, source = evidence.floor[1].sum(), "floor area of workplaces on the map"
    else:
        total = residents.sum() * parameters.number("zones.jobs_per_resident")
        source = "a parameter per resident"
    return evidence.spread("jobs", total), f"{source}, {evidence.words}"


def _students(evidence: Evidence, residents: F64, schools: F64 | None, parameters: Parameters) -> Estimate:
    """By schools of a table where it has any; else what the map claims, and the rest where residents are."""
    total = residents.sum() * parameters.number("zones.students_per_resident")
    each = "a parameter per resident"
    if schools is not None and schools.sum() > 0:
        return total * schools / schools.sum(), f"{each}, spread by schools of the table"
    surface = residents if residents.sum() > 0 else evidence.area_m2
    return evidence.spread("students", total, surface), f"{each}, {evidence.words}"


def _floor(seen: Seen, land: Shapes, per_ha: F64, parameters: Parameters) -> tuple[F64, int]:
    """(2, Z) residents and jobs by floor area, footprint x levels; and the buildings in the zones.

    A building of unknown use is a workplace where it is a place of some kind; else the land it stands on tells how
    much of it is homes, else a parameter.
    """
    features = seen.features
    buildings = features.take(features.is_building & (features.area_m2 > 0)) if len(features) else features
    per_person = parameters.positive("zones.m2_per_resident"), parameters.positive("zones.m2_per_job")
    use = np.array([t.get("building:use", t["building"]) for t in buildings.tags], dtype=np.str_)
    other = parameters.number("zones.building_levels")
    levels = np.array([whole_number(t.get("building:levels")) or other for t in buildings.tags])
    mixed = np.isin(use, parameters.value("zones.mixed_buildings"))
    homes = np.isin(use, parameters.value("zones.home_buildings"))
    unknown = _home_share_on_land(seen, buildings.lonlat, land, per_ha * (*per_person, 0, 0), parameters)
    unknown[np.array([kind != "building" for kind in buildings.kind], bool)] = 0.0
    share = np.where(mixed, unknown, homes)
    floor = buildings.area_m2 * levels * ~np.isin(use, parameters.value("zones.empty_buildings"))
    parts = [seen.cells.sums(buildings.lonlat, floor * part) for part in (share, 1.0 - share)]
    inside = int((seen.cells.of(buildings.lonlat) >= 0).sum()) if len(buildings) else 0
    return np.array(parts) / np.array(per_person)[:, None], inside


def _home_share_on_land(seen: Seen, lonlat: F64, land: Shapes, floor_per_ha: F64, parameters: Parameters) -> F64:
    """(X) share of homes in the floor area of each point's class of land, a parameter elsewhere."""
    import shapely

    kind, shapes = land
    out = np.full(len(lonlat), parameters.number("zones.mixed_home_share"))
    if len(kind) and len(lonlat):
        points = shapely.points(seen.cells.plane.metres(lonlat))
        point, area = shapely.STRtree(shapes).query(points, predicate="within")
        homes, all_floor = floor_per_ha[kind[area], 0], floor_per_ha[kind[area]].sum(axis=1)
        used = all_floor > 0
        out[point[used]] = homes[used] / all_floor[used]
    return out


def _places(seen: Seen, parameters: Parameters) -> tuple[F64, int, F64, int]:
    """(4, Z) persons that places claim, how many places; (Z) nearness of stops, how many stops."""
    kind, lonlat, students = _spots(seen)
    inside = seen.cells.of(lonlat) if len(kind) else np.zeros(0, np.int64)
    names, persons = _rates(parameters, "zones.place_persons", len(PERSONS))
    at = _position(kind, names)
    here = np.flatnonzero((at >= 0) & (inside >= 0))
    each = persons[at[here]]
    column = PERSONS.index("students")
    told = (students[here] > 0) & (each[:, column] > 0)
    each[told, column] = students[here][told]
    claims = _by_cell(inside[here], each, len(seen.cells.id))
    names, pull = _rates(parameters, "zones.stop_pull", 1)
    at = _position(kind, names)
    is_stop = np.flatnonzero(at >= 0)
    near = _near(seen.cells, lonlat[is_stop], parameters.positive("zones.stop_reach_m"), pull[at[is_stop]])[0]
    return claims, len(here), near * seen.cells.area_m2, int((inside[is_stop] >= 0).sum())


def _spots(seen: Seen) -> tuple[Text, F64, F64]:
    """Kind, place and declared number of pupils (0 where none is) of what is on the map and in tables."""
    features, listed = seen.features, [_SITE_KINDS.get(site.kind, site.kind) for site in seen.sites]
    fresh = [i for i, kind in enumerate(features.kind) if kind not in set(listed) and kind != "building"]
    kinds = [features.kind[i] for i in fresh] + listed
    lonlat = np.vstack((features.lonlat[fresh], np.array([(s.lon, s.lat) for s in seen.sites]).reshape(-1, 2)))
    students = [whole_number(features.tags[i].get("capacity")) or 0 for i in fresh] + [0] * len(listed)
    return np.array(kinds, dtype=np.str_), lonlat, np.array(students, dtype=np.float64)


def _surface(seen: Seen, stops: F64, parameters: Parameters) -> F64:
    """(4, Z) streets, stops and activity, each by its weight among those that are there."""
    cells, streets = seen.cells, seen.streets
    names, along = _rates(parameters, "zones.street_persons", len(PERSONS))
    at = _position(streets.kind, names)
    rate = np.where((at >= 0)[:, None], along[at], 0.0)
    cell = cells.of(streets.lonlat)
    inside = cell >= 0
    length = _by_cell(cell[inside], (streets.length_m[:, None] * rate)[inside], len(cells.id))
    plain = cells.sums(streets.lonlat, streets.length_m)
    length = np.where(length.sum(axis=1, keepdims=True) > 0, length, plain)
    # Density of the surroundings, times the area of the zone: a sliver of a square does not stand for a whole one.
    around = _near(
        cells, cells.lonlat, parameters.positive("zones.street_reach_m"), np.vstack((length, cells.area_m2)).T
    )
    layers = {"streets": cells.area_m2 * around[:-1] / around[-1], "stops": stops}
    if seen.activity is not None:
        layers["activity"] = seen.activity
    kinds, weights = _rates(parameters, "zones.surface_weights", len(PERSONS))
    out = np.zeros((len(PERSONS), len(cells.id)))
    for kind, weight in zip(kinds, weights, strict=True):
        layer = np.broadcast_to(layers.get(kind, np.zeros(len(cells.id))), out.shape)
        whole = layer.sum(axis=1, keepdims=True)
        out += weight[:, None] * np.divide(layer, whole, out=np.zeros(out.shape), where=whole > 0)
    return out


def _near(cells: Cells, lonlat: F64, reach_m: float, weight: F64) -> F64:
    """(C, Z) sum of the weights (X, C) of points, falling to 0 at the reach: Silverman's biweight (1 - d2 / r2)^2."""
    from scipy.spatial import cKDTree

    if not len(lonlat):
        return np.zeros((weight.shape[1], len(cells.id)))
    here, there = cells.plane.metres(cells.lonlat), cells.plane.metres(lonlat)
    found = cKDTree(there).query_ball_point(here, reach_m, return_sorted=True)
    cell = np.repeat(np.arange(len(here)), [len(points) for points in found])
    point = np.concatenate([np.zeros(0, np.int64), *(np.array(p, np.int64) for p in found)])
    share = (1.0 - ((there[point] - here[cell]) ** 2).sum(axis=1) / reach_m**2) ** 2
    return _by_cell(cell, share[:, None] * weight[point], len(here))


def _by_cell(cell: I64, weight: F64, cells: int) -> F64:
    """(C, Z) sums of weights (X, C) by cell."""
    return np.array([np.bincount(cell, column, cells) for column in weight.T], dtype=np.float64)


def _position(kind: Text, names: Sequence[str]) -> I64:
    """(X) position of each kind in the names, -1 where it is none of them."""
    known = {name: i for i, name in enumerate(names)}
    values, inverse = np.unique(kind, return_inverse=True)
    return np.array([known.get(str(v), -1) for v in values], dtype=np.int64)[inverse.ravel()]


def _rates(parameters: Parameters, key: str, columns: int) -> tuple[list[str], F64]:
    """Names and numbers (rows, columns) of a parameter of rows [name, number, ...]. Raises InputError."""
    rows = parameters.value(key)
    for row in rows:
        numbers = row[1:] if isinstance(row, list) else []
        fine = len(numbers) == columns and all(isinstance(n, int | float) and 0 <= n < np.inf for n in numbers)
        if not (fine and isinstance(row[0], str)):
            what = f"has the row {row!r}"
            raise InputError(Problem(f"parameter {key}", what, f"a name and {columns} numbers of 0 or more are needed"))
    return [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, columns)
