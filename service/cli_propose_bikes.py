"""The files that a plan of dispatch points is asked with, as fields of its request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.markup import escape

from network import BIKE_DAYS, FlowRows, InputError, Problem
from network.io import read_bike_flows, read_bike_sites, read_rings
from service.command import Run

_GEOJSON: Final = (".geojson", ".json")
_NOTES_SHOWN: Final = 10


def with_files(run: Run, city: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options with what their files hold; says what was left out or mended. Raises InputError with all bad rows.

    city: its streets tell whether positions can be meant as they are, its rules how much ground a point needs.
    """
    out = {name: value for name, value in given.items() if name not in {"exclusions", "repair"}}
    known = run.engine.loaded(city)
    alone = [name for name in ("exclusions", "repair") if name in given and "candidates" not in given]
    if alone:
        hint = "give the sites too, or leave it out"
        raise InputError([Problem(f"--{name}", "is for the sites of --candidates", hint) for name in alone])
    notes: list[str] = []
    if "candidates" in given:
        read = read_bike_sites(
            given["candidates"], rules=known.bike_sharing, roads=known.roads, exclusions=given.get("exclusions", ()),
            repair=given.get("repair", False),
        )  # fmt: skip
        out["candidates"] = [
            asdict(site) | {"outline": [list(corner) for corner in site.outline]} for site in read.sites
        ]
        notes += read.notes
    if "flows" in given:
        flows = read_bike_flows(given["flows"], roads=known.roads)
        out["flows"] = _places(flows)
        notes += flows.notes
    for note in notes[:_NOTES_SHOWN]:
        run.err.print(escape(note), highlight=False, style="dim")
    if len(notes) > _NOTES_SHOWN:
        run.err.print(f"and {len(notes) - _NOTES_SHOWN} more of the kind", style="dim")
    return out


def within(text: str) -> str | list[list[list[float]]]:
    """The rings of a GeoJSON file, or else the name of an area."""
    return read_rings(Path(text)) if text.lower().endswith(_GEOJSON) else text


def _places(flows: FlowRows) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"id": place, "lon": lon, "lat": lat} for place, (lon, lat) in zip(flows.id, flows.lonlat.tolist(), strict=True)
    ]
    for name, by_day in (("pickups", flows.pickups), ("returns", flows.returns)):
        for day, by_place in zip(BIKE_DAYS, by_day.tolist(), strict=True):
            for row, hours in zip(rows, by_place, strict=True):
                row[f"{day}_{name}"] = hours
    return rows
