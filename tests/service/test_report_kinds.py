"""The reports on feeder loops and on racks and spaces: their figures are the plan's, their names are text."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pages import Page, words

from network import Provenance, RemoveLine, Scenario, grid_city
from optimise import propose_loops, propose_park_ride
from service.report import loops_report_html, park_ride_report_html, write_plan_folder
from service.report.loops_map import lanes
from service.report.numbers import number, short_percent

EVIL = "<script>alert('x')</script>&\""
OSM = "© OpenStreetMap contributors"


def named(city):
    """The city with names that a map may really carry, and with an attribution."""
    stations = city.transit.stations
    names = np.array([EVIL, *stations.name[1:].tolist()])
    streets = np.array([EVIL if i % 3 == 0 else str(name) for i, name in enumerate(city.roads.way_name)])
    provenance = Provenance(**dict(city.provenance.arrays()) | {"attribution": np.array([OSM])})
    return replace(
        city,
        name=f"Grid {EVIL}",
        roads=replace(city.roads, way_name=streets),
        transit=replace(city.transit, stations=replace(stations, name=names)),
        provenance=provenance,
    )


@pytest.fixture(scope="module")
def looped():
    """A city whose northern half is without a bus, and loops for it."""
    grid = grid_city(7)
    lines = list(dict.fromkeys(grid.transit.line_name.tolist()))
    city = named(Scenario(edits=tuple(RemoveLine(line=name) for name in lines[1:-1])).apply(grid))
    return city, propose_loops(city, vehicles=2)


@pytest.fixture(scope="module")
def parked():
    city = named(grid_city(8, 1))
    return city, propose_park_ride(city, budget_cny=1e6)


@pytest.fixture(scope="module", params=["loops", "park_ride"])
def report(request):
    made, html = {"loops": ("looped", loops_report_html), "park_ride": ("parked", park_ride_report_html)}[request.param]
    city, proposal = request.getfixturevalue(made)
    return city, proposal, html(city, proposal)


def test_the_report_is_whole_html_that_fetches_nothing(report):
    city, _, html = report
    page = Page(html)
    assert page.open == []
    assert page.fetches == []
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert not re.search(r"url\((?!#)|@import", html)
    assert len(page.ids) == len(set(page.ids))
    assert f"Grid {EVIL}:" in words(page)
    assert OSM in words(page)
    assert city.digest in words(page)


def test_the_folder_holds_the_report_and_the_same_bytes_twice(report, tmp_path):
    city, proposal, html = report
    first = write_plan_folder(tmp_path / "plan", city, proposal)
    assert first[-1].name == "report.html"
    assert first[-1].read_text(encoding="utf-8") == html
    before = [path.read_bytes() for path in first]
    assert [path.read_bytes() for path in write_plan_folder(tmp_path / "plan", city, proposal)] == before


def test_both_languages_tell_the_same_numbers(report):
    _, _, html = report
    lead, lead_zh = (re.search(rf'<p class="{name}"[^>]*>(.*?)</p>', html)[1] for name in ("lead", "lead-zh"))
    figures, figures_zh = (sorted(re.findall(r"\d[\d,.]*\d|\d", text)) for text in (lead, lead_zh))
    money = re.search(r"([\d,]+)(?: million)?, turn", lead)
    if money:
        wan = re.search(r"([\d.,]+)万元", lead_zh)
        assert float(wan[1]) * 1e4 == pytest.approx(float(money[1].replace(",", "")), rel=0.001)
        figures.remove(money[1])
        figures_zh.remove(wan[1])
    assert figures == figures_zh
    assert len(figures) >= 3


def test_every_figure_of_the_day_is_there(report, tmp_path):
    city, proposal, html = report
    text = words(Page(html))
    record = json.loads(write_plan_folder(tmp_path / "plan", city, proposal)[0].read_bytes())
    for metric in record["metrics"].values():
        assert metric["label_en"] in text
        assert metric["label_zh"] in text
    for row in record["plan"]["defaults"]:
        assert row["key"] in text
    assert len(record["plan"]["verified"]) == html.split('<ul class="checks">')[1].split("</ul>")[0].count("<li>")


def test_loops_are_told_as_the_plan_has_them(looped, tmp_path):
    city, proposal = looped
    html = loops_report_html(city, proposal)
    text = words(Page(html))
    plan = json.loads(write_plan_folder(tmp_path / "plan", city, proposal)[0].read_bytes())["plan"]
    share = short_percent(plan["people"] / plan["without_stop"])
    assert plan["loops"]
    assert f"to {plan['people']:,} of the {plan['without_stop']:,} people in {city.name} who have none: {share}" in text
    assert f"Of them within reach of any candidate 候选线路可达人口{plan['within_reach']:,}" in text
    assert f"reaches more than (bound) 候选线路内的上界{plan['bound']:,}" in text
    assert "The bound holds for the candidates only" in text
    assert "上界仅对候选线路成立" in text
    rows = html.split('id="h-sites"')[1].split("</tbody>")[0]
    for line in plan["loops"]:
        row = next(words(Page(r)) for r in re.findall(r"<tr>.*?</tr>", rows) if f"<small>{line['line']}</small>" in r)
        stops = {s["stop"]: s["new"] for s in line["stops"]}
        cost, way = number(line["cost_cny"]), f"{line['length_m'] / 1000:.1f}"
        runs = f"{line['cycle_min']:.1f}{line['headway_min']:.1f}{line['vehicles']}{line['people']:,}{cost}"
        assert f"{way}{len(stops)} ({sum(stops.values())} new 新){runs}" in row
        for street in {s["name"] for s in line["streets"]} - {""}:
            assert " ".join(street.split()) in row
    drawn = Page(html.split("<svg")[1].split("</svg>")[0])
    known = {s["stop"] for line in plan["loops"] for s in line["stops"]}
    assert drawn.tags.count("circle") >= len(known) + len(plan["loops"])
    gained = {zone for line in plan["loops"] for zone in line["zones"]}
    for zone in gained:
        assert f"{zone}: gets a stop by loop" in html
    assert html.count(": without a stop</title>") == len(proposal.problem.zones) - len(gained)


def test_loops_on_one_street_lie_side_by_side(looped):
    plan = looped[1].plan
    one = plan.loops[0]
    back = replace(one, lonlat=one.lonlat[::-1])
    assert lanes(replace(plan, loops=(one, one, back, one))) == [0, 1, 0, 2]


def test_a_city_without_need_gets_a_report_too(looped):
    city, _ = looped
    nobody = loops_report_html(city, propose_loops(city, vehicles=1, radius_m=900.0))
    text = words(Page(nobody))
    assert "No loop is needed: everybody" in text
    assert "The plan has no loops." in text
    assert "Nobody there is without a stop." in text
    nothing = propose_loops(city, vehicles=0)
    text = words(Page(loops_report_html(city, nothing)))
    assert f"No loop can be run for the {nothing.plan.without_stop:,} people" in text


def test_stations_are_told_as_the_plan_has_them(parked, tmp_path):
    city, proposal = parked
    html = park_ride_report_html(city, proposal)
    text = words(Page(html))
    plan = json.loads(write_plan_folder(tmp_path / "plan", city, proposal)[0].read_bytes())["plan"]
    assert {p["kind"] for p in plan["places"]}
    for kind, words_ in (("racks", "bike rack"), ("spaces", "parking space")):
        added = sum(p["added"] for p in plan["places"] if p["kind"] == kind)
        assert not added or f"{added:,} {words_}" in text
    assert f"(bound) 上界{plan['bound'] / 10:,.1f}" in text
    assert f"promised 承诺减少的小汽车出行{plan['value'] / 10:,.1f}" in text
    assert f"simulated 仿真减少的小汽车出行{plan['replayed_trips']:,.1f}" in text
    rows = [words(Page(r)) for r in re.findall(r"<tr><td>.*?</tr>", html.split('id="h-sites"')[1].split("</tbody>")[0])]
    stations = list(dict.fromkeys(p["station"] for p in plan["places"]))
    assert len(rows) == len(stations)
    position = city.transit.stations.id.tolist()
    for row, station in zip(rows, stations, strict=True):
        here = [p for p in plan["places"] if p["station"] == station]
        assert station in row
        assert number(sum(p["cost_cny"] for p in here)) in row
        for place in here:
            m = ("racks", "spaces").index(place["kind"])
            use, room = (o[m, position.index(station)] for o in _use_and_room(proposal))
            assert f"{place['added']}{place['existing']}{use:,.0f} / {room:,.0f}" in row


def _use_and_room(proposal):
    return proposal.changed.station_use, proposal.changed.station_capacity


def test_a_budget_that_builds_nothing_gets_a_report_too(parked):
    city, _ = parked
    text = words(Page(park_ride_report_html(city, propose_park_ride(city, budget_cny=1.0))))
    assert "CNY 1 builds nothing at stations" in text
    assert "Nothing is built." in text


def test_both_kinds_of_station_parking_stand_side_by_side(parked):
    city, proposal = parked
    place = proposal.plan.places[0]
    both = tuple(replace(place, kind=kind, added=many) for kind, many in (("racks", 100), ("spaces", 40)))
    html = park_ride_report_html(city, replace(proposal, plan=replace(proposal.plan, places=both)))
    assert "the left half of a disc for racks" in html
    assert "100 racks, 40 spaces</title>" in html


def test_stations_that_get_nothing_are_drawn_too(parked):
    city, proposal = parked
    others = len(city.transit.stations.id) - len({p.station for p in proposal.plan.places})
    assert f"{others} other stations as small dots" in park_ride_report_html(city, proposal)
