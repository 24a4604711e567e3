from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from made_plans import EVIL, OSM, made_proposal, named_city
from pages import Page, words

from network import City, Feeders, units
from optimise import (
    ChargerProposal,
    FeederStep,
    Plan,
    PlanYear,
    Target,
)
from service.report import FILES, report_html, svg_map, write_plan_folder
from service.report.tables import SITE_FIELDS, site_rows

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def city() -> City:
    return named_city()


TARGETS = (
    Target(metric="public_plugs", op="at_least", value=10, id="T-met"),
    Target(metric="charging_served_share", op="at_least", value=1.0, year=2030, area="姑苏区", id="T-open"),
)


@pytest.fixture(scope="module")
def proposal(city: City) -> ChargerProposal:
    return made_proposal(city, {0: 4, 1: 2, 2: 2, 3: 6, 5: 1}, TARGETS)


def test_the_report_is_whole_html_that_fetches_nothing(city, proposal):
    html = report_html(city, proposal)
    page = Page(html)
    assert page.open == []
    assert page.fetches == []
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert not re.search(r"url\((?!#)|@import", html)
    assert len(page.ids) == len(set(page.ids))
    assert html.startswith("<!DOCTYPE html>\n<html lang=")


def test_names_from_data_are_text_and_not_markup(city, proposal):
    html = report_html(city, proposal)
    assert "<script" not in html
    assert f"Grid {EVIL}: where public chargers go" in words(Page(html))


def test_the_report_lists_every_site_target_default_and_source(city, proposal):
    text = words(Page(report_html(city, proposal)))
    for row in site_rows(city, proposal):
        assert " ".join(row.name.split()) in text
        assert row.id in text
    for part in (
        "T-met",
        "T-open",
        "✓ met",
        "✗ not met",
        "姑苏区 · 2030",
        OSM,
        city.digest,
        "made up, for tests and a first look",
    ):
        assert part in text, part


def test_the_headline_says_what_the_plan_does(city, proposal):
    text = words(Page(report_html(city, proposal)))
    before, after = (o.metrics["charging_served_share"] for o in (proposal.base, proposal.changed))
    assert after > before
    assert f"15 plugs at 5 sites, for CNY {proposal.plan.cost_cny:,.0f}, raise" in text
    assert f"served from {100 * before:.0f}% to {100 * after:.0f}%." in text
    assert "1,234.5 kWh/day" in text
    assert "1,246.8 kWh/day" in text
    assert "1.00% of the value" in text
    assert "Proven within 1.00% of the best possible" in text


def test_chargers_are_not_said_to_move_the_green_share(city, proposal):
    remark = "chargers do not by themselves change how people travel"
    assert remark in words(Page(report_html(city, proposal)))
    halved = np.where(np.arange(len(units.TRIP_MODES)) == units.TRIP_CAR, 0.5, 1.0)
    fewer = proposal.changed.trips_from * halved[:, None]
    moved = replace(proposal, changed=replace(proposal.changed, trips_from=fewer))
    assert remark not in words(Page(report_html(city, moved)))


def test_an_infeasible_or_empty_plan_is_a_report_too(city):
    reasons = ("the budget buys 3 plugs, 9 are wanted <b>",)
    none = made_proposal(city, {}, status="infeasible", reasons=reasons, value=0, bound=0, gap=0.0)
    text = words(Page(report_html(city, none)))
    assert "No plan meets all conditions within CNY 2.00 million." in text
    assert reasons[0] in text
    assert "(bound)" not in text
    empty = words(Page(report_html(city, made_proposal(city, {}, status="optimal"))))
    assert "buys no plug" in empty
    assert "The plan has no sites." in empty


def test_a_plan_for_short_walks_speaks_of_walks(city):
    plan = made_proposal(city, {0: 4}, objective="distance", value_unit="0.1 kWh/day x m", reasons_why=())
    text = words(Page(report_html(city, plan)))
    assert "shorten the mean walk to a public plug from" in text
    assert "kWh/day × m" in text
    assert "Loss without it" not in text


def test_the_least_money_may_be_none(city):
    text = words(Page(report_html(city, made_proposal(city, {}, status="optimal", objective="cost", value=0, bound=0))))
    assert "The targets are met without a new plug." in text
    assert "0 CNY" in text


def cells(html: str) -> str:
    """What a page says, with cells of tables apart."""
    return words(Page(re.sub(r"</t[hd]>", r" \g<0>", html)))


def over_years(city: City) -> ChargerProposal:
    """Two years by hand: slow plugs, then more and ultra-fast ones at the same place; a feeder is reinforced."""
    fed = replace(
        city,
        feeders=Feeders(
            id=np.array(["north"]), headroom_kva=np.array([1000.0]), step_kva=np.array([250.0]),
            step_cny=np.array([40_000.0]), most_steps=np.array([2], np.int32),
        ),
        places=replace(city.places, feeder=np.zeros(len(city.places.id), np.int32)),
        supply=replace(city.supply, feeder_steps=np.zeros(1, np.int32)),
    )  # fmt: skip
    (row,) = made_proposal(city, {3: 2}).plan.sites
    first = int(city.transit.year)
    sites = (
        replace(row, charger="slow", year=first),
        replace(row, charger="slow", new_plugs=1, year=first + 1),
        replace(row, charger="ultra_fast", new_plugs=3, year=first + 1),
    )
    years = tuple(
        PlanYear(year=first + t, budget_cny=1e6, spent_cny=4e5, plugs=20, wanted_kwh=wanted, served_kwh=800.0)
        for t, wanted in enumerate((1000.0, 1600.0))
    )
    steps = FeederStep(feeder="north", steps=2, cost_cny=80_000.0, year=first + 1)
    return made_proposal(fed, {}, sites=sites, years=years, feeders=(steps,), cost_cny=8e5)


def test_a_plan_of_years_tells_each_and_what_the_feeders_carry(city):
    proposal = over_years(city)
    first = int(city.transit.year)
    text = cells(report_html(proposal.city, proposal))
    assert f"6 plugs at 1 site in {first}–{first + 1}, for CNY 800,000, raise" in text
    assert f"{first}—{first + 1}年在1处站点新增6个充电桩" in text
    assert f"demand served in {first + 1} from" in text
    assert f"{first}: 2 slow; {first + 1}: 1 slow, 3 ultra-fast" in text
    assert f"{first + 1} 1,000,000 400,000 20 1,600 800 50.0%" in text
    drawn_kva = float(proposal.changed.feeder_kva[0])
    assert drawn_kva > 0
    assert f"north {first + 1}: 2 80,000 1,500 {drawn_kva:,.0f} {1500 - drawn_kva:,.0f}" in text
    assert "all years added up" in text
    assert f"Both columns stand for {first + 1}, without and with the plan" in text


def test_what_comes_next_says_what_it_is_and_where(city, proposal):
    place = str(city.places.id[7])
    text = cells(report_html(city, proposal))
    assert f"{place} {city.places.kind[7]} 8 slow, 4 ultra-fast 30,000 3 10,000" in text
    assert "all years added up" not in text


def test_plan_json_replays_and_is_canonical(city, proposal, tmp_path):
    write_plan_folder(tmp_path / "a", city, proposal)
    raw = (tmp_path / "a" / "plan.json").read_bytes()
    record = json.loads(raw)
    assert Plan.from_dict(record["plan"]) == proposal.plan
    assert record["scenario"]["edits"][0] == {
        "type": "add_chargers",
        "place": str(city.places.id[0]),
        "plugs": 4,
        "charger": "fast",
    }
    plugs = record["metrics"]["public_plugs"]
    assert plugs["difference"] == plugs["after"] - plugs["before"] == 15
    assert plugs["unit"] == "plugs"
    assert [v["met"] for v in record["verdicts"]] == [True, False]
    assert record["attribution"] == [OSM]
    again = json.dumps(record, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    assert again.encode() == raw


def test_plan_geojson_is_points_in_lon_lat(city, proposal, tmp_path):
    write_plan_folder(tmp_path / "a", city, proposal)
    found = json.loads((tmp_path / "a" / "plan.geojson").read_text(encoding="utf-8"))
    assert found["type"] == "FeatureCollection"
    assert found["attribution"] == OSM
    assert {f["id"] for f in found["features"]} == {s.place for s in proposal.plan.sites}
    for feature in found["features"]:
        at = int(np.flatnonzero(city.places.id == feature["id"])[0])
        assert feature["geometry"]["type"] == "Point"
        lonlat = feature["geometry"]["coordinates"]
        assert np.abs(np.array(lonlat) - city.places.lonlat[at]).max() <= 5e-8
        assert all(x == round(x, 7) for x in lonlat)
        assert feature["properties"]["plugs_existing"] == city.supply.plugs[:, at].sum()


def test_sites_csv_opens_in_excel_and_matches_its_description(city, proposal, tmp_path):
    write_plan_folder(tmp_path / "a", city, proposal)
    raw = (tmp_path / "a" / "sites.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert list(rows[0]) == list(SITE_FIELDS)
    names = {row["id"]: row["name"] for row in rows}
    by_position = [names.get(str(i)) for i in city.places.id]
    assert by_position[:4] == [EVIL, "平江路公共停车场", '\'=HYPERLINK("x")', "Kerb, north\nside"]
    assert sum(int(row["new_fast"]) for row in rows) == 15
    assert sum(float(row["cost_cny"]) for row in rows) == proposal.plan.cost_cny
    package = json.loads((tmp_path / "a" / "datapackage.json").read_text(encoding="utf-8"))
    table = next(r for r in package["resources"] if r["path"] == "sites.csv")
    assert [f["name"] for f in table["schema"]["fields"]] == list(rows[0])
    assert {r["path"] for r in package["resources"]} == set(FILES) - {"datapackage.json"}
    assert package["licenses"][0]["name"] == "ODbL-1.0"


def test_served_energy_of_the_sites_is_what_the_outcome_delivers(city, proposal):
    position = {str(place): i for i, place in enumerate(city.places.id)}
    for row in site_rows(city, proposal):
        assert round(row.served_kwh_per_day * 10) == proposal.changed.place_tenths[:, position[row.id]].sum()


def test_the_map_is_well_formed_and_carries_its_keys(city, proposal):
    svg = drawn(city, proposal)
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    ids = {e.get("id") for e in root.iter() if e.get("id")}
    assert set(root.get("aria-labelledby").split()) <= ids
    assert set(re.findall(r"url\(#([\w-]+)\)", svg)) <= ids
    text = " ".join("".join(root.itertext()).split())
    for part in (OSM, "kWh/day", "N 北", " m ", "干将路"):
        assert part in text, part
    assert svg == drawn(city, proposal)


def drawn(city: City, proposal: ChargerProposal) -> str:
    base, changed = proposal.base, proposal.changed
    return svg_map(
        city,
        demand_kwh=changed.charging_tenths.sum(axis=(0, 2)) / 10,
        served_share=changed.served_tenths.sum(axis=(0, 2)) / np.maximum(changed.charging_tenths.sum(axis=(0, 2)), 1),
        plugs_before=base.plugs.sum(axis=0),
        plugs_new=(changed.plugs - base.plugs).sum(axis=0),
    )


def test_every_new_site_has_its_number_on_the_map(city, proposal):
    root = ET.fromstring(drawn(city, proposal))
    discs = [g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}title") is not None and g.find(f"{SVG}text") is not None]
    titles = {
        g.find(f"{SVG}text").text: g.find(f"{SVG}title").text for g in discs if g.find(f"{SVG}circle") is not None
    }
    assert titles["1"].startswith(f"1. {EVIL} (4 new plugs, 2 existing plugs)")
    assert sorted(titles) == ["1", "2", "3", "4", "5"]
