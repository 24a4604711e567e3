"""Proposals for shared parking, by request and command line, their rows and their report."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from homes import CITY, HOME, finished
from pages import Page, words
from rich.console import Console

from network import LotWindow, Provenance, grid_city, simulate, travel_times, units
from network.io import read_parking_blocks
from service.console import show_proposal
from service.console_sharing import show_sharing
from service.proposals import KINDS, Base
from service.report import SHARING_FILES, sharing_report_html, write_plan_folder
from service.report.sharing import met_share, risk_text
from service.report.sharing_day import day_chart, open_spaces
from service.report.sharing_rows import LOT_FIELDS, WINDOW_FIELDS, lot_rows, ranked, window_rows

EVIL = "<script>alert('x')</script>&\""
OSM = "© OpenStreetMap contributors"
HEADER = "id,lon,lat,group,weekday,weekend,holiday\n"


@pytest.fixture(scope="module")
def city():
    """A lot shares two spaces already, and one has a name that a table may really carry."""
    grid = grid_city(12, 1)
    name, owner = grid.lots.name.astype("U40"), grid.lots.owner_name.astype("U40")
    name[:2], owner[2] = (EVIL, "=SUM(A1)"), "姑苏城投"
    shared = grid.lots.shared.copy()
    shared[1, :, 20:24] = 2
    return replace(
        grid,
        name=f"Grid {EVIL}",
        lots=replace(grid.lots, name=name, owner_name=owner, shared=shared),
        provenance=Provenance(**dict(grid.provenance.arrays()) | {"attribution": np.array([OSM])}),
    )


@pytest.fixture(scope="module")
def base(city):
    travel = travel_times(city)
    return Base(city, travel, simulate(city, travel))


def proposed(base, **asked):
    kind = KINDS["sharing"]
    return kind.solve(base, kind.request(**asked), None)


@pytest.fixture(scope="module")
def proposal(base):
    return proposed(base, budget_cny=1_000_000.0, targets=["shared_lots>=4"])


@pytest.fixture(scope="module")
def infeasible(base):
    return proposed(base, targets=["shared_spaces>=100000"])


@pytest.fixture(scope="module")
def html(city, proposal):
    return sharing_report_html(city, proposal)


def rows_of(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_examples_of_the_description_are_read():
    kind = KINDS["sharing"]
    asked = [kind.request.model_validate_json(json.dumps(e["value"])) for e in kind.examples.values()]
    assert [a.wishes().objective for a in asked] == ["met", "cost", "walking"]
    assert asked[2].wishes().blocks[0].wanted == (60, 60, 50)
    assert all(a.parsed_targets() is not None for a in asked)


def test_windows_of_lots_are_asked_for():
    """As a table of the command line is read, and over HTTP."""
    row = {"lot": "lot/3", "start": "08:30", "end": "16:30", "group": "commuters"}
    asked = KINDS["sharing"].request.model_validate_json(json.dumps({"windows": [row]}))
    assert asked.wishes().windows == (LotWindow(**row),)
    assert asked.wishes().windows[0].days == ("weekday", "weekend", "holiday")


def test_a_lot_with_two_windows_for_a_group_shows_both(city, proposal):
    plan = proposal.plan
    days = {}
    for w in plan.windows:
        days.setdefault((w.lot, w.group), []).append(w)
    one, two, *_ = next(ws for ws in days.values() if len(ws) > 1)
    cut = replace(two, start="11:30", end="14:30")
    changed = replace(plan, windows=tuple(cut if w is two else w for w in plan.windows))
    page = sharing_report_html(city, replace(proposal, plan=changed))
    assert "11:30–14:30" in page
    assert f"{one.start}–" in page
    before, after = open_spaces(city, plan), open_spaces(city, changed)
    group, day = 1 + units.PARKERS.index(two.group), units.DAY_TYPES.index(two.day)
    assert after[group, day, 23:29].min() >= two.spaces
    assert (after[group, day] - before[group, day]).sum() == two.spaces * (6 - 2 * hours_between(two))


def hours_between(window):
    start, end = (int(t[:2]) + int(t[3:]) / 60 for t in (window.start, window.end))
    return int(end - start)


def test_the_folder_holds_the_plan_as_data_and_is_the_same_again(city, proposal, tmp_path):
    paths = write_plan_folder(tmp_path / "plan", city, proposal)
    assert [path.name for path in paths] == list(SHARING_FILES)
    record = json.loads(paths[0].read_bytes())
    assert record["plan"]["kind"] == "sharing"
    assert {e["type"] for e in record["scenario"]["edits"]} == {"share_lot"}
    assert record["metrics"]["shared_spaces"]["after"] == proposal.plan.shared_spaces
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_plan_folder(tmp_path / "plan", city, proposal)] == before


def test_tables_hold_what_departments_need_and_are_described(city, proposal, tmp_path):
    folder = tmp_path / "plan"
    write_plan_folder(folder, city, proposal)
    windows, lots = (rows_of((folder / f"{name}.csv").read_bytes()) for name in ("windows", "lots"))
    package = json.loads((folder / "datapackage.json").read_bytes())
    described = {r["path"]: r["schema"] for r in package["resources"] if "schema" in r}
    for path, rows, fields in (("windows.csv", windows, WINDOW_FIELDS), ("lots.csv", lots, LOT_FIELDS)):
        assert list(rows[0]) == list(fields) == [f["name"] for f in described[path]["fields"]]
        assert all(re.search("[\u4e00-\u9fff]", f["title"]) for f in described[path]["fields"])
        keys = [tuple(row[k] for k in described[path]["primaryKey"]) for row in rows]
        assert len(set(keys)) == len(keys)
    plan = proposal.plan
    assert len(windows) == len(plan.windows)
    assert {(w["lot"], w["group"], w["day"]): int(w["spaces"]) for w in windows} == {
        (w.lot, w.group, w.day): w.spaces for w in plan.windows
    }
    money = sum(float(w["lot_retrofit_cny"] or 0) for w in windows)
    assert money == pytest.approx(sum(float(row["retrofit_cny"]) for row in lots)) == pytest.approx(plan.retrofit_cny)
    assert sum(float(w["revenue_cny"]) for w in windows) == pytest.approx(plan.revenue_cny)
    assert not any(cell.startswith("=") for row in (*windows, *lots) for cell in row.values())


def test_numbers_are_those_of_the_map_everywhere(city, proposal):
    lots = lot_rows(proposal.plan)
    assert [row["lot"] for row in lots] == [lot.lot for lot in ranked(proposal.plan)]
    assert [row["spaces"] for row in lots] == sorted((row["spaces"] for row in lots), reverse=True)
    number = {row["lot"]: row["number"] for row in lots}
    assert all(row["number"] == number[row["lot"]] for row in window_rows(proposal.plan))


def test_points_carry_their_windows(city, proposal, tmp_path):
    write_plan_folder(tmp_path / "plan", city, proposal)
    collection = json.loads((tmp_path / "plan" / "plan.geojson").read_bytes())
    assert OSM in collection["attribution"]
    assert len(collection["features"]) == len(proposal.plan.lots)
    assert sum(len(f["properties"]["windows"]) for f in collection["features"]) == len(proposal.plan.windows)


def test_the_chart_stacks_up_to_what_the_city_shares(city, proposal):
    layers = open_spaces(city, proposal.plan)
    assert (layers.sum(axis=0) == proposal.changed.shared.sum(axis=0)).all()
    assert layers[0].any()
    chart = day_chart(city, proposal.plan)
    assert [len(panel["areas"]) for panel in chart["panels"]] == [int(layers[:, d].any(axis=1).sum()) for d in range(3)]
    texts = [panel["peak"]["text"] for panel in chart["panels"]]
    assert any(text.startswith(f"{proposal.plan.shared_spaces_at_once:,} at") for text in texts)


def test_the_report_is_whole_html_that_fetches_nothing(city, html):
    page = Page(html)
    assert page.open == []
    assert page.fetches == []
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert EVIL in words(page)
    assert OSM in words(page)
    assert city.digest in words(page)


def test_both_languages_tell_the_same_numbers(city, html, proposal):
    lead, lead_zh = (re.search(rf'<p class="{name}"[^>]*>(.*?)</p>', html)[1] for name in ("lead", "lead-zh"))
    figures, figures_zh = (sorted(re.findall(r"\d[\d,.]*\d|\d", text)) for text in (lead, lead_zh))
    assert figures == figures_zh
    assert len(figures) == 6
    assert f"{proposal.plan.shared_spaces:,} spaces at {proposal.plan.shared_lots:,} lots" in lead


def test_the_report_tells_every_window_lot_and_sum(city, proposal, html):
    plan, text = proposal.plan, words(Page(html))
    table = html.split("Windows by lot")[1].split("</table>")[0]
    assert table.count('<span class="no"') == len(plan.lots)
    assert table.count("<tr>") - 1 == len({(w.lot, w.group) for w in plan.windows})
    for lot in plan.lots:
        assert lot.department in text
    for cny in (plan.retrofit_cny, plan.revenue_cny, plan.cost_cny, plan.budget_cny):
        assert f"{cny:,.0f}" in text
    for row in plan.met:
        assert f"{row.met:,}" in text


def test_the_map_draws_each_lot_once(city, proposal, html):
    drawing = html.split('<svg xmlns="http://www.w3.org/2000/svg" class="map"')[1].split("</svg>")[0]
    for number in range(1, len(proposal.plan.lots) + 1):
        assert drawing.count(f'font-weight="700">{number}</text>') >= 1
    assert f"{len(city.lots.id) - len(proposal.plan.lots)} other lots" in drawing
    assert f"{len(proposal.plan.blocks)} blocks that want spaces" in drawing


def test_the_share_of_the_need_is_of_days_of_a_year(city, proposal):
    days = dict(zip(units.DAY_TYPES, city.parking.days_per_year.tolist(), strict=True))
    wanted = sum(days[r.day] * r.wanted for r in proposal.plan.met)
    met = sum(days[w.day] * w.given for w in proposal.plan.windows)
    assert met_share(city, proposal.plan) == pytest.approx(met / wanted)
    near = sum(days[r.day] * r.within_reach for r in proposal.plan.met)
    assert met_share(city, proposal.plan, reach=True) == pytest.approx(met / near)
    assert met_share(city, replace(proposal.plan, met=())) is None


@pytest.mark.parametrize(
    ("share", "told"),
    [(None, "–"), (0.0, "0.0%"), (1e-7, "0.1%"), (0.0196, "2.0%"), (0.02, "2.0%"), (0.0201, "2.1%")],
    ids=["none", "zero", "tiny", "below", "exact", "above"],
)
def test_a_risk_is_never_told_too_small(share, told):
    assert risk_text(share) == told


def test_what_cannot_be_is_a_page_with_the_most_that_can(city, infeasible):
    plan = infeasible.plan
    assert plan.status == "infeasible"
    text = words(Page(sharing_report_html(city, infeasible)))
    most = plan.reachable[-1]
    told = (
        f"No plan of shared parking meets all conditions: at most {most.lots} lots, or {most.spaces:,} spaces, can be"
    )
    assert told in text
    assert all(reason in text for reason in plan.reasons)
    assert any(f"{row.spaces:,} spaces" in text for row in plan.reachable)
    assert "The plan opens no window" in text
    console = Console(file=io.StringIO(), width=200)
    show_proposal(console, city, infeasible)
    assert "can do all of this" in console.file.getvalue()


def test_a_budget_of_nothing_opens_nothing_and_says_so(city, base):
    found = proposed(base, budget_cny=0.01)
    text = words(Page(sharing_report_html(city, found)))
    assert "No lot opens spaces" in text or found.plan.lots
    console = Console(file=io.StringIO(), width=200)
    show_sharing(console, city, found)
    assert "From the budget" in console.file.getvalue()


def test_the_console_tells_all_three_counts(city, proposal):
    console = Console(file=io.StringIO(), width=200)
    show_proposal(console, city, proposal)
    text, plan = console.file.getvalue(), proposal.plan
    for said in (plan.shared_spaces, plan.shared_space_hours, plan.shared_spaces_at_once):
        assert f"{said:,.0f}" in text
    for said in ("Highest risk of an owner", "Need met", "Verified", "姑苏城投"):
        assert said in text or said == "姑苏城投"


def test_the_command_writes_a_plan_that_replays(luxing, tmp_path):
    out = tmp_path / "plan"
    luxing("propose", CITY, "sharing", "--budget", "2000000", "--tier", "1", "--out", out)
    plan = json.loads((out / "plan.json").read_bytes())
    assert (plan["plan"]["tiers"], plan["plan"]["budget_cny"]) == ([1], 2_000_000)
    assert {w["tier"] for w in plan["plan"]["windows"]} <= {1}
    answer = json.loads(luxing("what-if", CITY, out / "plan.json", "--json").stdout)
    assert {n: m["after"] for n, m in plan["metrics"].items()} == answer["changed"]


def test_the_command_takes_blocks(luxing, tmp_path):
    lot = grid_city(6).lots
    lon, lat = lot.lonlat[0].tolist()
    table, out = tmp_path / "blocks.csv", tmp_path / "plan"
    table.write_text(f"{HEADER}老新村,{lon},{lat},residents,5,6,7\n", encoding="utf-8")
    luxing("propose", CITY, "sharing", "--blocks", table, "--objective", "walking", "--out", out)
    plan = json.loads((out / "plan.json").read_bytes())["plan"]
    assert (plan["source"], plan["objective"], [b["block"] for b in plan["blocks"]]) == (
        "blocks",
        "walking",
        ["老新村"],
    )
    assert {r["day"]: r["wanted"] for r in plan["met"] if r["group"] == "residents"} == {
        "weekday": 5, "weekend": 6, "holiday": 7,
    }  # fmt: skip


def test_blocks_may_have_chinese_headers_in_gbk(tmp_path):
    table = tmp_path / "blocks.csv"
    rows = "编号,经度,纬度,开放对象,工作日,周末,节假日\n老新村,120.6,31.3,residents,5,6,7\n"
    table.write_bytes(rows.encode("gbk"))
    assert read_parking_blocks(table) == [
        {"id": "老新村", "lon": 120.6, "lat": 31.3, "group": "residents", "weekday": 5, "weekend": 6, "holiday": 7}
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--budget", "-1"], "--budget: is -1.0"),
        (["--budget", "1", "--budget", "2"], "--budget: is a list → it should be a valid number"),
        (["--met", "2"], "--met: is 2.0"),
        (["--met", "0.5"], "is for the objective cost alone"),
        (["--objective", "cost"], "shared_spaces>=1500"),
        (["--objective", "served"], "--objective: is 'served' → it should be 'met', 'walking' or 'cost'"),
        (["--years", "2027"], "--years: is for chargers and bikes alone → leave it out"),
        (["--tier", "3"], "--tier"),
        (["--targets", "shared_lot>=2"], "shared_lots"),
        (["--blocks", "no-such.csv"], "no-such.csv"),
    ],
    ids=["budget", "budgets", "share", "met", "cost", "objective", "years", "tier", "target", "blocks"],
)
def test_wrong_options_are_named_with_a_remedy(luxing, options, told):
    output = " ".join(luxing("propose", CITY, "sharing", *options, code=2).output.split())
    assert told in output


def test_options_of_sharing_mean_nothing_elsewhere(luxing):
    output = " ".join(luxing("propose", CITY, "stops", "--tier", "1", "--met", "0.5", code=2).output.split())
    assert "--tier: is for sharing alone → leave it out" in output
    assert "--met: is for sharing alone" in output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tier", "1"], "--tier: is for sharing alone"),
        (["--objective", "met"], "--objective: is 'met' → it should be 'need' or 'cost'"),
        (["--most-extra-cars", "2"], "--most-extra-cars: is 2.0"),
        (["--candidates", "no-such.csv"], "no-such.csv"),
    ],
    ids=["tier", "objective", "cars", "candidates"],
)
def test_wrong_options_of_spaces_are_named_with_a_remedy(luxing, options, told):
    assert told in " ".join(luxing("propose", CITY, "spaces", *options, code=2).output.split())


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("a,120,31,cats,1,1,1\n", "row 2, column group: holds 'cats' → use residents, commuters"),
        ("a,120,31,residents,-1,1,1\n", "row 2"),
        ("a,120,31,residents,1.5,1,1\n", "row 2"),
        ("a,120,31,residents,1,1,1\na,120,31,visitors,1,1,1\n", "row 3"),
        ("a,0,0,residents,1,1,1\n", "blocks 0 ('a')"),
    ],
    ids=["group", "negative", "half", "twice", "far"],
)
def test_a_wrong_table_of_blocks_is_named_by_row(luxing, tmp_path, rows, told):
    table = tmp_path / "blocks.csv"
    table.write_text(HEADER + rows, encoding="utf-8")
    output = " ".join(luxing("propose", CITY, "sharing", "--blocks", table, code=2).output.split())
    assert told in output


def test_the_api_answers_with_a_plan_that_is_its_own_what_if(client):
    asked = client.post(f"{HOME}/proposals/sharing", json={"budget_cny": 2_000_000, "targets": ["shared_lots>=1"]})
    assert asked.status_code == 201, asked.text
    job = asked.headers["Location"]
    assert finished(client, job)["status"] == "successful", client.get(f"{job}/results").text
    answer = client.get(f"{job}/results").json()
    plan = answer["plan"]
    assert plan["kind"] == "sharing"
    assert answer["what_if"]["changed"]["shared_spaces"] == plan["shared_spaces"]
    again = client.post(f"{HOME}/what-if", json=answer["scenario"]).json()
    assert again == answer["what_if"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"tiers": []}, "body, tiers"),
        ({"tiers": [3]}, "body, tiers[0]"),
        ({"years": [2027]}, "body, years"),
        ({"budget_cny": -1}, "body, budget_cny"),
        ({"blocks": [{"id": "a", "lon": 0, "lat": 0, "group": "cats", "weekday": 1, "weekend": 1, "holiday": 1}]},
         "body, blocks[0].group"),
    ],
    ids=["none", "third", "years", "budget", "group"],
)  # fmt: skip
def test_the_api_names_the_field_that_is_wrong(client, body, where):
    refused = client.post(f"{HOME}/proposals/sharing", json=body)
    assert refused.status_code == 422
    assert [e["where"] for e in refused.json()["errors"]] == [where]
