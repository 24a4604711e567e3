"""A plan as data: plan.json, plan.geojson, sites.csv, and the datapackage.json that describes them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from network import METRICS, City, units
from optimise import ChargerProposal, Site, SiteReason
from service.proposals import AnyProposal
from service.report.numbers import plugs_text

FORMAT = "luxing-plan-folder/1"
"""Written into plan.json, and by it a folder is known again as our own."""
COORDINATE_DIGITS = 7
"""About a centimetre, as RFC 7946 section 11.2 advises."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would run a text that starts like this."""

SITE_FIELDS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "title": "Place 编号", "constraints": {"required": True, "unique": True}},
    "kind": {"type": "string", "title": "Kind of place 类型"},
    "name": {"type": "string", "title": "Name 名称"},
    "lon": {"type": "number", "title": "Longitude, WGS-84 经度", "unit": "degree"},
    "lat": {"type": "number", "title": "Latitude, WGS-84 纬度", "unit": "degree"},
    "plugs_existing": {"type": "integer", "title": "Public plugs before the plan 现有充电桩", "unit": "plugs"},
    "new_slow": {"type": "integer", "title": "Slow plugs the plan adds 新增慢充桩", "unit": "plugs"},
    "new_fast": {"type": "integer", "title": "Fast plugs the plan adds 新增快充桩", "unit": "plugs"},
    "new_ultra_fast": {"type": "integer", "title": "Ultra-fast plugs the plan adds 新增超充桩", "unit": "plugs"},
    "built": {"type": "string", "title": "What is built in which year 分年建设内容"},
    "cost_cny": {"type": "number", "title": "Cost of the plan at this place 投资", "unit": "CNY"},
    "served_kwh_per_day": {
        "type": "number",
        "title": "Energy the place delivers with the plan, plugs old and new 日充电量",
        "unit": "kWh/day",
    },
    "lost_kwh_per_day": {
        "type": "number",
        "title": "Energy not served if this place alone were left out 若不建该站则损失的日充电量",
        "unit": "kWh/day",
    },
    "gains": {"type": "string", "title": "Areas that gain most 受益最多的片区"},
}


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One chosen place; `served_kwh_per_day` is what all its plugs deliver in the last year of the plan."""

    id: str
    kind: str
    name: str
    lon: float
    lat: float
    plugs_existing: int
    new_slow: int
    new_fast: int
    new_ultra_fast: int
    built: str
    cost_cny: float
    served_kwh_per_day: float
    lost_kwh_per_day: float | None
    gains: str

    @property
    def plugs_new(self) -> int:
        return self.new_slow + self.new_fast + self.new_ultra_fast

    def built_in(self, years: int) -> str:
        """What is built, without its year in a plan for one."""
        return self.built if years > 1 else self.built.partition(": ")[2]


def site_rows(city: City, proposal: ChargerProposal) -> list[SiteRow]:
    """The chosen places, those that deliver most first; this is the order of their numbers on the map."""
    position = {place: p for p, place in enumerate(city.places.id.tolist())}
    given = proposal.changed.place_tenths.sum(axis=(0, 2))
    why = {reason.place: reason for reason in proposal.plan.reasons_why}
    by_place: dict[str, list[Site]] = {}
    for site in proposal.plan.sites:
        by_place.setdefault(site.place, []).append(site)
    rows = [
        _site_row(sites, why.get(place), int(given[position[place]]) / units.TENTHS)
        for place, sites in by_place.items()
    ]
    return sorted(rows, key=lambda r: (-r.served_kwh_per_day, -r.plugs_new, position[r.id]))


def plugs_by_class(sites: Iterable[Site]) -> list[int]:
    """New plugs of each class, in the order of units.CHARGERS."""
    out = dict.fromkeys(units.CHARGERS, 0)
    for site in sites:
        out[site.charger] += site.new_plugs
    return list(out.values())


def _site_row(sites: list[Site], why: SiteReason | None, served_kwh: float) -> SiteRow:
    """One place from its rows by year and class."""
    site = sites[0]
    added = {f"new_{c}": many for c, many in zip(units.CHARGERS, plugs_by_class(sites), strict=True)}
    by_year = {year: [s for s in sites if s.year == year] for year in sorted({s.year for s in sites})}
    return SiteRow(
        id=site.place,
        kind=site.kind,
        name=site.name,
        lon=round(site.lon, COORDINATE_DIGITS),
        lat=round(site.lat, COORDINATE_DIGITS),
        plugs_existing=site.existing_plugs,
        **added,
        built="; ".join(f"{year}: {plugs_text(plugs_by_class(ours))}" for year, ours in by_year.items()),
        cost_cny=sum(s.cost_cny for s in sites),
        served_kwh_per_day=served_kwh,
        lost_kwh_per_day=None if why is None else why.lost_kwh,
        gains="" if why is None else ", ".join(why.gains),
    )


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A figure before and after the plan; None where it has no meaning."""

    name: str
    label_en: str
    label_zh: str
    unit: str
    better: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


def metric_rows(proposal: AnyProposal) -> list[MetricRow]:
    """Every registered metric, in the order of the register."""
    before, after = proposal.base.metrics, proposal.changed.metrics
    return [
        MetricRow(name, m.label_en, m.label_zh, m.unit, m.better, before[name], after[name])
        for name, m in METRICS.items()
    ]


def attribution(city: City) -> list[str]:
    """Who must be named, once each, in the city's order."""
    return list(dict.fromkeys(map(str, city.provenance.attribution)))


def plan_json(city: City, proposal: AnyProposal) -> bytes:
    """The plan as it replays, its proof, and what it changes."""
    metrics = {row.name: asdict(row) | {"difference": row.difference} for row in metric_rows(proposal)}
    for record in metrics.values():
        del record["name"]
    return canonical_json(
        {
            "format": FORMAT,
            "plan": proposal.plan.to_dict(),
            "scenario": asdict(proposal.plan.as_scenario()),
            "metrics": metrics,
            "verdicts": [verdict.to_dict() for verdict in proposal.verdicts],
            "attribution": attribution(city),
        }
    )


def plan_geojson(city: City, proposal: ChargerProposal) -> bytes:
    """The chosen sites as points (RFC 7946), with the attribution as a foreign member."""
    features = []
    for row in site_rows(city, proposal):
        properties = asdict(row)
        point = {"type": "Point", "coordinates": [properties.pop("lon"), properties.pop("lat")]}
        features.append({"type": "Feature", "id": row.id, "geometry": point, "properties": properties})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)


def sites_csv(city: City, proposal: ChargerProposal) -> bytes:
    """The chosen sites as CSV in UTF-8 with a byte order mark, without which Excel garbles Chinese."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = [field.name for field in fields(SiteRow)]
    writer.writerow(names)
    for row in site_rows(city, proposal):
        writer.writerow(["" if getattr(row, name) is None else cell(getattr(row, name)) for name in names])
    return text.getvalue().encode("utf-8-sig")


def cell(value: str | float) -> str | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def canonical_json(value: Any) -> bytes:
    """Sorted keys, UTF-8, two spaces, newline at the end; raises ValueError for NaN and infinity."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2, default=_plain)
    return f"{text}\n".encode()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
