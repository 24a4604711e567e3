"""What a city is built from: `data/cities/<id>/city.toml`, or just one road file or place name."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any

from network.errors import InputError, Problem, UnknownId
from network.io.geojson import ROAD_SUFFIXES
from network.io.osm import OSM_SUFFIXES
from network.io.osmnx_roads import GRAPHML_SUFFIXES

_SUFFIXES = (*OSM_SUFFIXES, *GRAPHML_SUFFIXES, *ROAD_SUFFIXES)
_OSM = "© OpenStreetMap contributors, ODbL 1.0, https://www.openstreetmap.org/copyright"
_PACKAGE = "package:"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_REQUIRED: dict[str, set[str]] = {
    "zones.areas": {"file", "name"},
    "zones.activity": {"file", "column"},
    "places": {"file"},
    "chargers": {"file", "format"},
    "feeders": {"file"},
    "bikes": {"points"},
    "transit": {"file", "mode"},
    "transit stations": {"file", "mode"},
    "transit feed": {"gtfs"},
}
_KEYS: dict[str, set[str]] = {
    "": {
        "name",
        "areas",
        "attribution",
        "inputs",
        "about",
        "roads",
        "zones",
        "places",
        "chargers",
        "feeders",
        "parking",
        "bikes",
        "transit",
    }
    | {"parameters"},
    "roads": {"source", "place", "crs", "clip", "elevation"},
    "zones": {"boundary", "crs", "table", "columns", "residents", "areas", "activity"},
    "zones.residents": {"file", "columns", "row", "source", "persons"},
    "zones.areas": {"file", "name", "crs"},
    "zones.activity": {"file", "column", "crs"},
    "places": {"file", "crs", "kind", "kinds", "columns"},
    "chargers": {"file", "format", "crs", "rows", "unit", "columns", "statuses", "off_street"},
    "feeders": {"file", "crs", "unit", "columns"},
    "parking": {"lots", "entrances", "windows", "occupancy", "gates", "crs", "columns", "tariff_unit", "off_street"}
    | {"spaces", "dates", "timezone", "holidays", "worked"},
    "bikes": {"points", "status", "crs", "columns", "repair"},
    "transit": {"file", "lines", "crs", "mode", "columns"},
    "transit stations": {"file", "lines", "stations", "entrances", "from_year", "crs", "mode", "columns"},
    "transit feed": {"gtfs", "date", "crs"},
    "transit map": {"osm"},
}


@dataclass(frozen=True, kw_only=True)
class CitySpec:
    """One city's recipe. Files are looked up in `folder`, then in what the user gives, there also in `inputs`."""

    id: str
    name: str
    areas: tuple[str, ...]
    attribution: tuple[str, ...]
    roads: Mapping[str, Any]
    zones: Mapping[str, Any] = field(default_factory=dict)
    places: tuple[Mapping[str, Any], ...] = ()
    chargers: tuple[Mapping[str, Any], ...] = ()
    feeders: Mapping[str, Any] = field(default_factory=dict)
    parking: Mapping[str, Any] = field(default_factory=dict)
    bikes: Mapping[str, Any] = field(default_factory=dict)
    transit: tuple[Mapping[str, Any], ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folder: Path | None = None
    inputs: str = ""


def city_ids(data_folder: Path) -> list[str]:
    """Cities that the data folder describes."""
    return sorted(file.parent.name for file in (data_folder / "cities").glob("*/city.toml"))


def read_spec(data_folder: Path, city_id: str) -> CitySpec:
    """The recipe of a city. Raises UnknownId with the ids there are, InputError naming unknown or missing entries."""
    known = city_ids(data_folder)
    if city_id not in known:
        hint = f"known are {', '.join(known)}; or build it from a road file or a place name"
        raise UnknownId(Problem(f"city {city_id!r}", "is not described", hint))
    file = data_folder / "cities" / city_id / "city.toml"
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"{city_id}/city.toml", f"is not valid TOML: {error}", "correct the text")) from None
    where = f"{city_id}/city.toml"
    problems = [*_odd_kinds(data, where), *_odd_parking(data.get("parking"), where)]
    if not problems:
        problems = _odd_keys(data, where)
    if isinstance(roads := data.get("roads", {}), dict) and not roads.keys() & {"source", "place"}:
        problems.append(Problem(where, "names no roads", "write [roads] source = a file, or place = a name"))
    if problems:
        raise InputError(problems)
    return CitySpec(
        id=city_id,
        name=data.get("name", city_id),
        areas=tuple(data.get("areas", [data.get("name", city_id)])),
        attribution=tuple(data.get("attribution", [])),
        roads=data["roads"],
        zones=data.get("zones", {}),
        places=tuple(data.get("places", [])),
        chargers=tuple(data.get("chargers", [])),
        feeders=data.get("feeders", {}),
        parking=data.get("parking", {}),
        bikes=data.get("bikes", {}),
        transit=tuple(data.get("transit", [])),
        parameters=data.get("parameters", {}),
        folder=file.parent,
        inputs=data.get("inputs", ""),
    )


def spec_for_roads(city_id: str, source: str) -> CitySpec:
    """A city from nothing but one road file (by its ending) or the name of a place; everything else is a default.

    Raises InputError where the id cannot name a folder.
    """
    if not _ID.fullmatch(city_id):
        raise InputError(Problem(f"city {city_id!r}", "cannot be an id", "use small letters, digits, - and _"))
    is_file = source.lower().endswith(_SUFFIXES) or Path(source).is_file()
    roads = {"source": str(Path(source).absolute())} if is_file else {"place": source}
    known_osm = not is_file or source.lower().endswith((*OSM_SUFFIXES, *GRAPHML_SUFFIXES))
    attribution = _OSM if known_osm else f"streets of {Path(source).name}, licence not stated"
    return CitySpec(id=city_id, name=city_id, areas=(city_id,), attribution=(attribution,), roads=roads)


class Inputs:
    """Finds the files of a city and remembers what was read, by its name in the recipe and sha256."""

    def __init__(self, spec: CitySpec, given: Path | None) -> None:
        self._spec, self._given = spec, given
        self.digests: dict[str, str] = {}

    def path(self, name: str) -> Path:
        """Where a file is. Raises InputError saying where it was looked for and how to name the place."""
        file = self._packaged(name) if name.startswith(_PACKAGE) else self._beside(name)
        key = file.name if name.startswith(_PACKAGE) or Path(name).is_absolute() else name
        with file.open("rb") as stream:
            self.digests[key] = file_digest(stream, "sha256").hexdigest()
        return file

    def _beside(self, name: str) -> Path:
        spec, given = self._spec, self._given
        folders = ([spec.folder] if spec.folder else []) + ([given / spec.inputs, given] if given else [])
        for file in [Path(name)] if Path(name).is_absolute() else [folder / name for folder in folders]:
            if file.is_file():
                return file
        inside = f" (or in its folder {spec.inputs})" if spec.inputs else ""
        hint = f"put it into a folder{inside} and name that folder: luxing build {spec.id} --inputs FOLDER"
        raise InputError(Problem(Path(name).name, "the file is not there", hint if spec.folder else "check the path"))

    def _packaged(self, name: str) -> Path:
        package, _, inner = name.removeprefix(_PACKAGE).partition("/")
        found = importlib.util.find_spec(package)
        for folder in (found.submodule_search_locations or []) if found else []:
            if (Path(folder) / inner).is_file():
                return Path(folder) / inner
        hint = "install it with the extra demo: pip install 'luxing[demo]'; or give --roads FILE"
        raise InputError(Problem(inner, f"the package {package} that carries the file is not installed", hint))


def _odd_kinds(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Entries that are not of the kind everything else takes them for."""
    zones = data.get("zones", {})
    inner = zones if isinstance(zones, dict) else {}
    for name in ("roads", "zones", "feeders", "parking", "bikes", "parameters"):
        if not isinstance(data.get(name, {}), dict):
            yield Problem(f"{where}, {name}", "is not a table", f"write [{name}]")
    if not isinstance(residents := inner.get("residents", {}), dict):
        yield Problem(f"{where}, zones.residents", "is not a table", "write [zones.residents]")
    elif "file" in residents and "row" not in residents:
        yield Problem(f"{where} [zones.residents]", "lacks 'row'", "the id of the row that holds the total")
    lists = [(f"zones.{n}", inner.get(n)) for n in ("areas", "activity")]
    for name, rows in (*lists, *((n, data.get(n)) for n in ("places", "chargers", "transit"))):
        if rows is not None and not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            yield Problem(f"{where}, {name}", "is not a list of tables", f"write [[{name}]]")
    for name in ("areas", "attribution"):
        texts = data.get(name, [""])
        if not (isinstance(texts, list) and all(isinstance(t, str) for t in texts) and (texts or name != "areas")):
            yield Problem(f"{where}, {name}", "is not a list of texts", f'write {name} = ["..."]')


def _odd_parking(parking: Any, where: str) -> Iterator[Problem]:
    for name in ("entrances", "windows"):
        if isinstance(parking, dict) and name in parking and "lots" not in parking:
            yield Problem(f"{where} [parking]", "lacks 'lots'", f"the table of lots whose {name} they are")


def _odd_keys(data: Mapping[str, Any], where: str) -> list[Problem]:
    tables = [("", data), ("roads", data.get("roads", {})), ("zones", data.get("zones", {}))]
    tables += [("zones.residents", data.get("zones", {}).get("residents", {}))]
    tables += [(f"zones.{n}", row) for n in ("areas", "activity") for row in data.get("zones", {}).get(n, [])]
    tables += [(name, row) for name in ("places", "chargers") for row in data.get(name, [])]
    tables += [(name, data[name]) for name in ("feeders", "parking", "bikes") if name in data]
    kinds = {"gtfs": "transit feed", "osm": "transit map", "stations": "transit stations"}
    tables += [
        (next((kind for key, kind in kinds.items() if key in row), "transit"), row) for row in data.get("transit", [])
    ]
    lacking = [
        Problem(f"{where} [{name}]", f"lacks {key!r}", "see how data/README.md describes the table")
        for name, table in tables
        for key in sorted(_REQUIRED.get(name, set()) - table.keys())
    ]
    return lacking + [
        Problem(
            f"{where} [{name}]" if name else where,
            f"has an unknown entry {key!r}",
            f"known: {', '.join(sorted(_KEYS[name]))}",
        )
        for name, table in tables
        for key in table
        if key not in _KEYS[name]
    ]
