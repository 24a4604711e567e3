"""The datapackage.json of a folder with tables: columns, types and units of each, and what the other files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from network import City
from service.report.tables import attribution, canonical_json

OSM: Final = "OpenStreetMap"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """A CSV of the folder: its columns by name, each as in Frictionless Table Schema, and its key."""

    path: str
    title: str
    fields: Mapping[str, Mapping[str, Any]]
    key: Sequence[str]


def package_json(city: City, name: str, title: str, tables: Sequence[TableFile], places: str) -> bytes:
    """A Frictionless data package. places: what the points of plan.geojson are."""
    others = [
        {"name": "plan", "path": "plan.json", "mediatype": "application/json", "title": "Plan, proof and figures"},
        {"name": "plan-map", "path": "plan.geojson", "mediatype": "application/geo+json", "title": places},
        {"name": "report", "path": "report.html", "mediatype": "text/html", "title": "Report for readers"},
    ]
    package: dict[str, Any] = {
        "profile": "data-package",
        "name": name,
        "title": title,
        "resources": [*map(_resource, tables), *others],
        "sources": [{"title": text} for text in attribution(city)],
    }
    if any(OSM in text for text in attribution(city)):
        licence = "https://opendatacommons.org/licenses/odbl/1-0/"
        package["licenses"] = [{"name": "ODbL-1.0", "path": licence, "title": "Open Database License 1.0"}]
    return canonical_json(package)


def _resource(table: TableFile) -> dict[str, Any]:
    schema = {
        "fields": [{"name": name, **described} for name, described in table.fields.items()],
        "primaryKey": list(table.key),
        "missingValues": [""],
    }
    return {
        "name": table.path.removesuffix(".csv"),
        "path": table.path,
        "profile": "tabular-data-resource",
        "title": table.title,
        "description": "Texts that a spreadsheet would take for a formula start with an apostrophe.",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": schema,
    }
