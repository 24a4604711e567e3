"""What lots of a table must be among each other and on the streets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from network.city import Roads
from network.errors import Problem
from network.io.charger_entries import rows_text
from network.io.chargers import amidst
from network.io.lot_sites import LotSite
from network.io.tables import Table
from network.snap import local_metres, snap
from network.units import OWNERS, WALK


class Door(NamedTuple):
    """An entrance: where it stands in the files, and lon, lat."""

    where: str
    spot: tuple[float, float]


class Standing(NamedTuple):
    """Positions of the lots among the streets, what is to be told of others, and what is wrong."""

    kept: list[int]
    notes: list[str]
    problems: list[Problem]


def repeated(table: Table, sites: Sequence[LotSite]) -> list[Problem]:
    """Lots that have no id, stand there twice or have two owners."""
    out: list[Problem] = []
    first: dict[str, int] = {}
    for i, site in enumerate(sites):
        where = f"{table.name}, row {table.rows[i]}, column id"
        before = first.setdefault(site.id, i)
        if not site.id:
            out.append(Problem(where, "the value is missing", "fill it in, or leave the row out"))
        elif before != i and _owner_of(sites[before]) != _owner_of(site):
            other = f"{_owner_text(sites[before])} in row {table.rows[before]}"
            hint = "a lot has one owner: correct it, or list the parts of each under ids of their own"
            out.append(Problem(where, f"lot {site.id!r} is owned by {_owner_text(site)} and by {other}", hint))
        elif before != i:
            out.append(Problem(where, f"{site.id!r} stands in row {table.rows[before]} already", "list each lot once"))
    return out


def at_one_spot(table: Table, sites: Sequence[LotSite], near_m: float) -> list[Problem]:
    """Lots of two owners within `near_m` of each other."""
    from scipy.spatial import KDTree

    lonlat = np.array([(site.lon, site.lat) for site in sites])
    tree = KDTree(local_metres(lonlat, float(np.median(lonlat[:, 1]))))
    out = []
    for a, b in sorted(tree.query_pairs(near_m)):
        if sites[a].id != sites[b].id and _owner_of(sites[a]) != _owner_of(sites[b]):
            where = f"{table.name}, row {table.rows[b]} ({sites[b].id})"
            what = f"of {_owner_text(sites[b])} lies where lot {sites[a].id!r} of {_owner_text(sites[a])} does"
            hint = f"whose is it? take out row {table.rows[a]} or this one, or place them more than {near_m:g} m apart"
            out.append(Problem(where, what, hint))
    return out


def _owner_of(site: LotSite) -> tuple[str, str]:
    return OWNERS[site.kinds.owner], site.owner_name


def _owner_text(site: LotSite) -> str:
    return " ".join(filter(None, _owner_of(site)))


def on_streets(
    table: Table,
    sites: Sequence[LotSite],
    doors: Mapping[str, Sequence[Door]],
    roads: Roads,
    far_m: float,
    *,
    may_be_off: bool,
) -> Standing:
    """Which lots are on the streets that were read; `doors` are those of tables, by lot.

    Beyond the streets they are of no concern; among them each entrance must lie within `far_m` of a walkable one,
    unless the lot `may_be_off` and be left out.
    """
    lonlat = np.array([(site.lon, site.lat) for site in sites])
    beyond = (snap(roads, lonlat).off_m[WALK] > far_m) & ~amidst(roads, lonlat)
    among = np.flatnonzero(~beyond).tolist()
    all_doors = [(i, door) for i in among for door in doors.get(sites[i].id) or (_own_door(sites[i]),)]
    off_m = snap(roads, np.array([door.spot for _, door in all_doors]).reshape(-1, 2)).off_m[WALK]
    wrong = [(i, door, off) for (i, door), off in zip(all_doors, off_m.tolist(), strict=True) if off > far_m]
    notes, problems, left_out = [], [], sorted({i for i, _, _ in wrong})
    if wrong and may_be_off:
        notes.append(f"{table.name}: on no walkable street and left out: {rows_text(table.rows[left_out].tolist())}")
    elif wrong:
        what = f"is on no walkable street: the nearest is {{:,.0f}} m away, {far_m:,.0f} m are allowed"
        hint = 'correct the coordinates or take the row out; or write off_street = "leave_out"'
        problems = [Problem(door.where, what.format(off), hint) for _, door, off in wrong]
    if beyond.all():
        what = f"none of its {len(table):,} lots lies near the streets"
        problems.append(Problem(table.name, what, "is it the file of another city, or in another datum?"))
    if count := int(beyond.sum()):
        notes.append(f"{table.name}: {count:,} lots lie beyond the streets that were read and are left out")
    return Standing([i for i in among if i not in set(left_out)], notes, problems)


def _own_door(site: LotSite) -> Door:
    return Door(site.where, (site.lon, site.lat))
