"""A plan of racks and parking spaces at stations for people: its report, and what is built as a table and as points."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from network import City, GreenDefinition, units
from optimise import ParkRidePlan, ParkRideProposal
from service.report import numbers as n
from service.report.page import STATUSES, link_to, page_values, proof_texts
from service.report.park_ride_map import park_ride_map
from service.report.rendering import render
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

COLUMNS: Final = ("station", "name", "lon", "lat", "kind", "added", "existing", "availability", "cost_cny")
CHECKS: Final = {
    "feasible": "the plan keeps to the budget, with at most one size of each kind at a station",
    "value": "the trips won, zone by zone",
    "replay": "the trips won, by a day of the city with the plan in it: at least those promised",
}
"""What optimise verifies of racks and spaces, in plain words."""
PROMISED: Final = "The bound is one for what plans promise, with each station as full as if it were built alone."
PROMISED_ZH: Final = "该上界针对方案的承诺值，即假定各车站单独建设时的满载程度。"


def park_ride_report_html(city: City, proposal: ParkRideProposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on racks and spaces for `city` (before the plan) as one HTML page that fetches nothing."""
    plan = proposal.plan
    return render(
        "park_ride.html",
        headline=_headline(plan),
        tiles=_tiles(plan),
        map=park_ride_map(city, proposal),
        proof=_proof(plan),
        stations=_stations(city, proposal),
        total={
            "racks": n.number(_added(plan, "racks")),
            "spaces": n.number(_added(plan, "spaces")),
            "cost": n.number(plan.cost_cny),
        },
        won=_trips(plan.replayed_trips),
        access_m=[n.number(most_m) for most_m in city.supply.station_access_m.tolist()],
        **page_values(city, proposal, green),
    )


def station_rows(plan: ParkRidePlan) -> list[dict[str, Any]]:
    """What is built, station by station, by COLUMNS."""
    rows = [{name: getattr(place, name) for name in COLUMNS} for place in plan.places]
    return [row | {name: round(row[name], COORDINATE_DIGITS) for name in ("lon", "lat")} for row in rows]


def stations_csv(plan: ParkRidePlan) -> bytes:
    """The rows as CSV in UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in row.values()] for row in station_rows(plan))
    return text.getvalue().encode("utf-8-sig")


def stations_geojson(city: City, plan: ParkRidePlan) -> bytes:
    """The rows as points (RFC 7946), with the attribution as a foreign member."""
    features = []
    for row in station_rows(plan):
        point = {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]}
        name = f"{row['station']} {row['kind']}"
        features.append({"type": "Feature", "id": name, "geometry": point, "properties": row})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)


def _added(plan: ParkRidePlan, kind: str) -> int:
    return sum(p.added for p in plan.places if p.kind == kind)


def _trips(trips: float) -> str:
    return n.number(trips, n.digits_for(trips))


def _headline(plan: ParkRidePlan) -> dict[str, str]:
    """One sentence in plain words, in English and in Chinese."""
    if not plan.places:
        return {
            "en": f"{n.money_en(plan.budget_cny)} builds nothing at stations that would win trips from car and taxi.",
            "zh": f"{n.money_zh(plan.budget_cny)}预算内没有能吸引小汽车出行的车站停车设施。",
        }
    racks, spaces, at = _added(plan, "racks"), _added(plan, "spaces"), len({p.station for p in plan.places})
    built = [
        words
        for many, words in (
            (racks, n.count_en(racks, "bike rack", "bike racks")),
            (spaces, n.count_en(spaces, "parking space", "parking spaces")),
        )
        if many
    ]
    built_zh = [
        f"{n.number(many)}个{word}" for many, word in ((racks, "自行车停车架位"), (spaces, "换乘停车位")) if many
    ]
    en = (
        f"{' and '.join(built)} at {n.count_en(at, 'station', 'stations')}, for {n.money_en(plan.cost_cny)}, "
        f"turn {_trips(plan.replayed_trips)} trips a day from car and taxi to green ones."
    )
    zh = (
        f"在{n.number(at)}座车站新增{'、'.join(built_zh)}，投资{n.money_zh(plan.cost_cny)}，"
        f"每天有{_trips(plan.replayed_trips)}次小汽车出行转为绿色出行。"
    )
    return {"en": en, "zh": zh}


def _tiles(plan: ParkRidePlan) -> list[dict[str, str]]:
    at = {kind: sum(p.kind == kind for p in plan.places) for kind in units.STATION_KINDS}
    places = [
        {
            "label": label,
            "value": n.number(_added(plan, kind)),
            "note": f"at {n.count_en(at[kind], 'station', 'stations')}" if kind in plan.kinds else "not asked for",
        }
        for kind, label in (("racks", "Bike racks 自行车架位"), ("spaces", "Parking spaces 停车位"))
    ]
    return [
        *places,
        {"label": "Cost 投资", "value": n.money_en(plan.cost_cny), "note": f"budget {n.money_en(plan.budget_cny)}"},
        {
            "label": "Trips won from car and taxi 减少小汽车与出租车出行",
            "value": _trips(plan.replayed_trips),
            "note": "a day, when the plan is simulated",
        },
    ]


def _proof(plan: ParkRidePlan) -> dict[str, Any]:
    goal = "Turn the most trips from car and taxi to green ones within the budget 在预算内使最多的汽车出行转为绿色出行"
    facts = [
        ("Goal 目标", goal),
        ("Trips a day won, promised 承诺减少的小汽车出行", n.number(plan.value / units.TENTHS, 1)),
        ("No plan promises more than (bound) 上界", n.number(plan.bound / units.TENTHS, 1)),
        ("Gap between the two 差距", f"{n.small_percent(plan.gap)} of the value"),
        ("Trips a day won, simulated 仿真减少的小汽车出行", n.number(plan.replayed_trips, 1)),
        ("Areas that zones were merged to for the bound 求界时合并的分区数", n.number(plan.areas)),
    ]
    title, title_zh, meaning, meaning_zh = STATUSES[plan.status]
    meaning, meaning_zh = f"{meaning} {PROMISED}", f"{meaning_zh}{PROMISED_ZH}"
    return proof_texts(plan, facts, told=(title, title_zh, meaning, meaning_zh), checks=CHECKS)


def _stations(city: City, proposal: ParkRideProposal) -> list[dict[str, str]]:
    """A row for each station, numbered in the order of the plan, with its use when the plan is simulated."""
    after, stations = proposal.changed, city.transit.stations
    position = {station: q for q, station in enumerate(stations.id.tolist())}
    rows = []
    for number, station in enumerate(dict.fromkeys(p.station for p in proposal.plan.places), 1):
        here = {p.kind: p for p in proposal.plan.places if p.station == station}
        place, q = next(iter(here.values())), position[station]
        row = {
            "number": str(number),
            "id": station,
            "name": place.name or station,
            "cost": n.number(sum(p.cost_cny for p in here.values())),
            "where": f"{place.lat:.5f}, {place.lon:.5f}",
            "link": link_to(place.lon, place.lat),
        }
        for m, kind in enumerate(units.STATION_KINDS):
            use, room = float(after.station_use[m, q]), float(after.station_capacity[m, q])
            before = n.number(int(city.supply.station_places[m, q]))
            row[kind] = n.number(here[kind].added) if kind in here else n.NOTHING
            row[f"{kind}_before"] = before
            row[f"{kind}_use"] = f"{n.number(use)} / {n.number(room)}" if room else n.NOTHING
        rows.append(row)
    return rows
