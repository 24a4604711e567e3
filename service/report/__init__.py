"""What a planner takes home: a folder with the plan as data, a map, and a report that opens offline."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from network import City, GreenDefinition, InputError, Problem
from network.io import FEED_FILES, bike_feed
from optimise import (
    BikesProposal,
    ChargerProposal,
    DepotProposal,
    LoopProposal,
    ParkRideProposal,
    SharingProposal,
    SpacesProposal,
    StopProposal,
)
from service.proposals import AnyProposal
from service.report.bikes import bikes_report_html
from service.report.bikes_rows import (
    bikes_geojson,
    bikes_package,
    fleet_csv,
    left_out_csv,
    points_csv,
    racks_csv,
)
from service.report.bikes_rows import stations_csv as vans_csv
from service.report.depots import depots_csv, depots_geojson, depots_report_html
from service.report.html import report_html
from service.report.loops import loops_csv, loops_geojson, loops_report_html
from service.report.map import svg_map
from service.report.packages import TableFile, package_json
from service.report.park_ride import park_ride_report_html, stations_csv, stations_geojson
from service.report.sharing import sharing_report_html
from service.report.sharing_rows import lots_csv, sharing_geojson, sharing_package, windows_csv
from service.report.spaces import spaces_report_html
from service.report.spaces_rows import spaces_csv, spaces_geojson, spaces_package
from service.report.stops import stop_report_html, stops_csv, stops_geojson, stops_map
from service.report.tables import FORMAT, SITE_FIELDS, plan_geojson, plan_json, sites_csv

__all__ = [
    "BIKES_FILES",
    "DEPOT_FILES",
    "FILES",
    "LOOP_FILES",
    "PARK_RIDE_FILES",
    "SHARING_FILES",
    "SPACES_FILES",
    "STOP_FILES",
    "bikes_report_html",
    "depots_report_html",
    "loops_report_html",
    "park_ride_report_html",
    "report_html",
    "require_plan_folder",
    "sharing_report_html",
    "spaces_report_html",
    "stop_report_html",
    "stops_map",
    "svg_map",
    "write_plan_folder",
]

FILES = ("plan.json", "plan.geojson", "sites.csv", "datapackage.json", "report.html")
"""All the folder of a plan for chargers holds."""
STOP_FILES = ("plan.json", "plan.geojson", "stops.csv", "report.html")
"""All the folder of a plan for stops holds."""
PARK_RIDE_FILES = ("plan.json", "plan.geojson", "stations.csv", "report.html")
"""All the folder of a plan for racks and spaces holds."""
LOOP_FILES = ("plan.json", "plan.geojson", "loops.csv", "report.html")
"""All the folder of a plan for loops holds."""
DEPOT_FILES = ("plan.json", "plan.geojson", "depots.csv", "report.html")
"""All the folder of a plan for bus depots holds."""
SHARING_FILES = ("plan.json", "plan.geojson", "windows.csv", "lots.csv", "datapackage.json", "report.html")
"""All the folder of a plan for shared parking holds."""
SPACES_FILES = ("plan.json", "plan.geojson", "spaces.csv", "datapackage.json", "report.html")
"""All the folder of a plan for new parking spaces holds."""
BIKES_FILES = (
    *("plan.json", "plan.geojson", "points.csv", "stations.csv", "racks.csv", "fleet.csv", "left_out.csv"),
    *("datapackage.json", "report.html", *(f"gbfs/{name}" for name in FEED_FILES)),
)
"""All the folder of a plan for dispatch points holds; the feed is left out where there are no points."""

_OURS = frozenset({
    *FILES, *STOP_FILES, *PARK_RIDE_FILES, *LOOP_FILES, *DEPOT_FILES, *SHARING_FILES, *SPACES_FILES, *BIKES_FILES,
})  # fmt: skip
_FOLDERS = frozenset(f"{folder}" for name in _OURS for folder in PurePosixPath(name).parents) - {"."}


def write_plan_folder(
    folder: str | Path,
    city: City,
    proposal: AnyProposal,
    green: Sequence[GreenDefinition] = (),
) -> list[Path]:
    """Write the proposal as a folder of its files and return their paths. Same city and proposal, same bytes.

    city: the city before the plan. green: the definitions of green trips that the report gives side by side.
    The folder appears whole or not at all. One that is there already is replaced only where it is empty or holds
    nothing but an earlier plan; raises InputError otherwise, and OSError where the disk fails: both leave what was
    there as it was.
    """
    folder = Path(folder).resolve()
    require_plan_folder(folder)
    contents = _contents(city, proposal, green)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    fresh, old = beside.with_suffix(".new"), beside.with_suffix(".old")
    try:
        fresh.mkdir()
        for name, content in contents.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        _swap(fresh, folder, old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    return [folder / name for name in contents]


def _contents(city: City, proposal: AnyProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    """Every file of a plan of this kind by its name, in the order of FILES and the like."""
    return {"plan.json": plan_json(city, proposal)} | _MORE[proposal.plan.kind](city, proposal, green)


def _chargers(city: City, proposal: ChargerProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    return {
        "plan.geojson": plan_geojson(city, proposal),
        "sites.csv": sites_csv(city, proposal),
        "datapackage.json": package_json(
            city, "luxing-charger-plan", f"Charging plan for {city.name}", [SITES], "Chosen sites"
        ),
        "report.html": report_html(city, proposal, green).encode(),
    }


def _stops(city: City, proposal: StopProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    return {
        "plan.geojson": stops_geojson(city, proposal.plan),
        "stops.csv": stops_csv(proposal.plan),
        "report.html": stop_report_html(city, proposal, green).encode(),
    }


def _park_ride(city: City, proposal: ParkRideProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    return {
        "plan.geojson": stations_geojson(city, proposal.plan),
        "stations.csv": stations_csv(proposal.plan),
        "report.html": park_ride_report_html(city, proposal, green).encode(),
    }


def _loops(city: City, proposal: LoopProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    return {
        "plan.geojson": loops_geojson(city, proposal.plan),
        "loops.csv": loops_csv(proposal.plan),
        "report.html": loops_report_html(city, proposal, green).encode(),
    }


def _depots(city: City, proposal: DepotProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    return {
        "plan.geojson": depots_geojson(city, proposal.plan),
        "depots.csv": depots_csv(proposal.plan),
        "report.html": depots_report_html(city, proposal, green).encode(),
    }


def _sharing(city: City, proposal: SharingProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    return {
        "plan.geojson": sharing_geojson(city, proposal.plan),
        "windows.csv": windows_csv(proposal.plan),
        "lots.csv": lots_csv(proposal.plan),
        "datapackage.json": sharing_package(city),
        "report.html": sharing_report_html(city, proposal, green).encode(),
    }


def _spaces(city: City, proposal: SpacesProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    return {
        "plan.geojson": spaces_geojson(city, proposal.plan),
        "spaces.csv": spaces_csv(proposal.plan),
        "datapackage.json": spaces_package(city),
        "report.html": spaces_report_html(city, proposal, green).encode(),
    }


def _bikes(city: City, proposal: BikesProposal, green: Sequence[GreenDefinition]) -> dict[str, bytes]:
    plan = proposal.plan
    after = plan.as_scenario().apply(city)
    feed = bike_feed(after, within=[np.array(ring) for ring in plan.within]) if len(after.bike_points.id) else {}
    return {
        "plan.geojson": bikes_geojson(city, plan),
        "points.csv": points_csv(plan),
        "stations.csv": vans_csv(plan, int(city.bike_sharing.balance_h[0])),
        "racks.csv": racks_csv(plan),
        "fleet.csv": fleet_csv(plan),
        "left_out.csv": left_out_csv(plan),
        "datapackage.json": bikes_package(city),
        "report.html": bikes_report_html(city, proposal, green).encode(),
    } | {f"gbfs/{name}": content for name, content in feed.items()}


SITES: Final = TableFile(path="sites.csv", title="Chosen sites", fields=SITE_FIELDS, key=("id",))
_MORE: Final[dict[str, Callable[[City, Any, Sequence[GreenDefinition]], dict[str, bytes]]]] = {
    "chargers": _chargers,
    "stops": _stops,
    "park_ride": _park_ride,
    "loops": _loops,
    "depots": _depots,
    "sharing": _sharing,
    "spaces": _spaces,
    "bikes": _bikes,
}
"""The files besides plan.json, by the kind of a plan."""


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    """Put `fresh` where `folder` is and keep that as `old`; on failure everything is where it was."""
    if not folder.exists():
        fresh.rename(folder)
        return
    folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        old.rename(folder)
        raise


def require_plan_folder(folder: Path) -> None:
    """Raise InputError where a plan may not be written: nothing but our own files may ever be replaced."""
    hint = "choose another folder, or move it away"
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(Problem(str(folder), "is a file, not a folder", hint))
    strangers = sorted(_strangers(folder))
    if strangers:
        raise InputError(Problem(str(folder), f"holds files that are not a plan's: {', '.join(strangers[:5])}", hint))
    if any(folder.iterdir()) and not _is_plan(folder / "plan.json"):
        raise InputError(Problem(str(folder), "is not an earlier plan folder: plan.json is missing or not ours", hint))


def _strangers(folder: Path, within: str = "") -> Iterator[str]:
    """What lies in a folder and is no file of a plan."""
    for path in folder.iterdir():
        name = within + path.name
        if name in _FOLDERS and path.is_dir() and not path.is_symlink():
            yield from _strangers(path, f"{name}/")
        elif name not in _OURS:
            yield name


def _is_plan(path: Path) -> bool:
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("format") == FORMAT
