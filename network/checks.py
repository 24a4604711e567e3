"""What is suspicious about a city: nothing here is impossible, all of it makes answers wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from network.city import City
from network.errors import Problem
from network.joined import joined_streets
from network.part import Snap
from network.snap import crossed
from network.units import CLOSED, DRIVE, NETWORK_MODES, WALK

LEAST_JOINED = 0.9
"""Share of a mode's street length that should hang together."""
FARTHEST_ZONE_M = 500.0
FARTHEST_PLACE_M = 300.0
"""A point further than this from the nearest street for a mode does not belong to these streets."""
MOST_HIDDEN = 0.05
"""Some points lie in a rail yard or a closed court; where so many do, gates are missing on the map."""
_NAMED = 5


def check(city: City) -> list[Problem]:
    """Problems a planner should know before trusting this city; empty when there is none."""
    return [
        *_positions(city),
        *_ids(city),
        *_islands(city),
        *_far(city),
        *_behind_barriers(city),
        *_people(city),
        *_plugs(city),
        *_transit(city),
    ]


def _some(ids: npt.NDArray[Any]) -> str:
    """The first few ids and how many more there are."""
    shown = ", ".join(str(i) for i in ids[:_NAMED])
    return shown + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")


def _positions(city: City) -> Iterator[Problem]:
    layers = {"roads": city.roads.lonlat, "zones": city.zones.lonlat, "places": city.places.lonlat}
    for name, lonlat in layers.items():
        wrong = np.abs(lonlat[:, 1]) > 90
        if wrong.any():
            what = f"{wrong.sum()} latitudes lie beyond the poles"
            yield Problem(name, what, "are longitude and latitude swapped?")


def _ids(city: City) -> Iterator[Problem]:
    for name, ids in (("zones", city.zones.id), ("places", city.places.id), ("streets", city.roads.way_id)):
        known, count = np.unique(ids, return_counts=True)
        if (count > 1).any():
            yield Problem(name, f"ids stand for several of them: {_some(known[count > 1])}", "make every id unique")
        if (known == "").any():
            yield Problem(name, "there is an empty id", "give everything an id")


def _islands(city: City) -> Iterator[Problem]:
    for mode, name in enumerate(NETWORK_MODES):
        open_ = (city.roads.time_ms[mode][city.roads.edges] != CLOSED).any(axis=1)
        joined = joined_streets(city.roads, mode)
        length = city.roads.length_m
        if not open_.any():
            yield Problem(f"roads, {name}", "no street is open", "check the access tags of the roads")
            continue
        share = length[joined].sum() / max(length[open_].sum(), 1e-9)
        if share < LEAST_JOINED:
            what = f"islands: only {share:.0%} of the length hangs together"
            yield Problem(f"roads, {name}", what, "join the lines where streets meet, or take more of the surroundings")
        for layer, ids, snap in _snapped(city):
            cut_off = ~joined[snap.segment[mode]]
            if cut_off.any():
                what = f"{cut_off.sum()} {layer} cannot be reached and left by {name}: {_some(ids[cut_off])}"
                yield Problem(f"{layer}, {name}", what, "they lie on an island of the streets")


def _snapped(city: City) -> Iterator[tuple[str, npt.NDArray[Any], Snap]]:
    yield "zones", city.zones.id, city.zones.snap
    yield "places", city.places.id, city.places.snap


def _far(city: City) -> Iterator[Problem]:
    limits = {"zones": FARTHEST_ZONE_M, "places": FARTHEST_PLACE_M}
    for layer, ids, snap in _snapped(city):
        for mode in (WALK, DRIVE) if layer == "zones" else (WALK,):
            far = snap.off_m[mode] > limits[layer]
            if far.any():
                what = f"{far.sum()} lie more than {limits[layer]:.0f} m from a street: {_some(ids[far])}"
                hint = "is the layer in the datum it declares, and of this city?"
                yield Problem(f"{layer}, {NETWORK_MODES[mode]}", what, hint)


def _behind_barriers(city: City) -> Iterator[Problem]:
    for layer, ids, snap in _snapped(city):
        hidden = crossed(city.roads, getattr(city, layer).lonlat, snap)[WALK]
        if len(ids) and hidden.mean() > MOST_HIDDEN:
            what = f"{hidden.sum()} reach a street on foot only across a wall, water or rail: {_some(ids[hidden])}"
            yield Problem(f"{layer}, {NETWORK_MODES[WALK]}", what, "are gates or paths missing on the map?")


def _people(city: City) -> Iterator[Problem]:
    zones = city.zones
    if len(zones.id) == 0:
        yield Problem("zones", "there are none", "a city needs zones")
        return
    for name in ("residents", "jobs"):
        if getattr(zones, name).sum() == 0:
            yield Problem("zones", f"there are no {name}", f"give {name} in a table or as a total")
    if zones.ring_first[-1] and (np.diff(zones.ring_first) < 4).any():
        yield Problem("zones", "an outline has fewer than three corners", "build the city again")


def _plugs(city: City) -> Iterator[Problem]:
    places, plugs = city.places, city.supply.plugs.sum(axis=0)
    over = plugs > places.most_plugs
    if over.any():
        yield Problem(
            "places", f"more plugs than the site can hold: {_some(places.id[over])}", "raise most_plugs there"
        )
    if not (places.most_plugs > 0).any():
        yield Problem("places", "no place may hold a charger", "add car parks or other sites")


def _transit(city: City) -> Iterator[Problem]:
    t = city.transit
    if not len(t.line_id):
        return
    for name, ids in (("stops", t.timetable.stop_id), ("lines", t.line_id), ("stations", t.stations.id)):
        known, count = np.unique(ids, return_counts=True)
        if (count > 1).any():
            yield Problem(
                f"transit, {name}", f"ids stand for several of them: {_some(known[count > 1])}", "rename them"
            )
    if not t.served.any():
        yield Problem("transit", f"no line runs in {int(t.year)}", "see from_year of the lines, and transit.year")
    far = t.served & (t.timetable.snap.off_m[WALK] > FARTHEST_PLACE_M)
    if far.any():
        what = (
            f"{far.sum()} stops lie more than {FARTHEST_PLACE_M:.0f} m from a street: {_some(t.timetable.stop_id[far])}"
        )
        yield Problem("transit, stops", what, "is the layer in the datum it declares, and of this city?")
