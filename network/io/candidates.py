"""Every place of a city: of the map, of tables and station files, ends of bus lines, kerbs; with plugs and feeders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from network.city import Places, Roads, Zones
from network.feeders import Feeders, no_feeders
from network.io.chargers import chargers_of, without_known
from network.io.feeders import read_feeders
from network.io.parameters import Parameters
from network.io.places import Site, kerb_sites, places_part, sites_of_map, terminal_sites
from network.io.spec import CitySpec
from network.io.transit import Source
from network.io.ways import Features
from network.part import I32

_NAMED = 5

Rows = list[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Candidates:
    """Places with their plugs (3, P) and feeders; lines for people, and rows of provenance (key, value, unit, source)
    of what stands in for data.
    """

    places: Places
    plugs: I32
    feeders: Feeders
    spaces: dict[str, int]
    """Parking spaces of the places that tell them, by id."""
    lines: list[str]
    assumed: Rows


def candidates(
    spec: CitySpec,
    find: Callable[[str], Path],
    *,
    features: Features,
    listed: Sequence[Site],
    sources: Sequence[Source],
    zones: Zones,
    roads: Roads,
    parameters: Parameters,
) -> Candidates:
    """All places of a city; `listed` are those of its tables, `find` tells where a file is. Raises InputError."""
    stations, lines = chargers_of(spec.chargers, find, roads, parameters)
    mapped, same = without_known(sites_of_map(features, parameters), stations, parameters)
    kerbs, ends = kerb_sites(zones, roads), terminal_sites(sources, [*mapped, *listed], parameters)
    sites, grid = [*mapped, *listed, *stations, *ends, *kerbs], None
    if spec.feeders:
        how: dict[str, Any] = {name: spec.feeders.get(name) for name in ("crs", "columns")}
        how |= {"unit": spec.feeders.get("unit", "kVA"), "zones": (zones.lonlat, zones.area)}
        grid = read_feeders(find(spec.feeders["file"]), roads=roads, parameters=parameters, **how)
    part, plugs = places_part(sites, roads, parameters, grid)
    feeders = no_feeders() if grid is None else grid.part
    lines += [*same, *_told(part, plugs), *_left_out([*mapped, *listed], part), *_fed(part, feeders)]
    spaces = {site.id: site.spaces for site in sites if site.spaces}
    return Candidates(part, plugs, feeders, spaces, lines, _assumed(sites, plugs, len(kerbs)))


def _told(part: Places, plugs: I32) -> list[str]:
    kinds, counts = np.unique(part.kind, return_counts=True)
    by_kind = ", ".join(f"{count:,} {kind}" for kind, count in zip(kinds, counts, strict=True))
    slow, fast, ultra = plugs.sum(axis=1).tolist()
    classes = f"{slow:,} slow, {fast:,} fast, {ultra:,} ultra-fast"
    return [f"{len(part.id):,} places ({by_kind}) with {plugs.sum():,} plugs: {classes}"]


def _left_out(sites: Sequence[Site], part: Places) -> list[str]:
    """Of the map and of tables; the ends of lines beyond the streets are of no concern."""
    known = set(part.id.tolist())
    beyond = [site.id for site in sites if site.id not in known]
    if not beyond:
        return []
    named = ", ".join(beyond[:_NAMED]) + (", ..." if len(beyond) > _NAMED else "")
    return [f"{len(beyond):,} places lie beyond the streets that were read and are left out: {named}"]


def _fed(part: Places, feeders: Feeders) -> list[str]:
    if not len(feeders.id):
        return []
    able = part.most_plugs > 0
    fed, total = int((able & (part.feeder >= 0)).sum()), feeders.headroom_kva.sum()
    feed = f"{len(feeders.id):,} feeders with {total:,.0f} kVA of headroom feed {fed:,} of the {able.sum():,} places"
    return [f"{feed} that may hold plugs; the grid of the others is not known and no limit"]


def _assumed(sites: Sequence[Site], plugs: I32, kerbs: int) -> Rows:
    how = "assumption of this project: one kerbside site in every zone, permission not checked"
    rows = [("places.kerb", str(kerbs), "sites", how)]
    if not plugs.any():
        rows.append(("supply.plugs", "0", "plugs", "no charging station is in the inputs; there may be some"))
    if guessed := sum(site.guessed for site in sites):
        how = "their power is not told: that of places.assumed_ac_kw, places.assumed_dc_kw or places.assumed_kw"
        rows.append(("supply.plugs_of_assumed_power", str(guessed), "plugs", how))
    return rows
