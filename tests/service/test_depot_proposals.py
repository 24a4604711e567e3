"""Proposals for bus depots, by request and command line, and their report."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from homes import CITY
from pages import Page, words
from rich.console import Console

from network import InputError, Provenance, grid_city, simulate, travel_times
from network.io import read_blocks
from optimise import propose_depots
from service.console import show_proposal
from service.proposals import KINDS, Base
from service.report import DEPOT_FILES, depots_report_html, write_plan_folder

EVIL = "<script>alert('x')</script>&\""
OSM = "© OpenStreetMap contributors"
HEADER = "id,depot,out,back,km\n"


@pytest.fixture(scope="module")
def city():
    """Two bus stations, one with a name that a map may really carry, and batteries that need top-ups."""
    grid = grid_city(10, 1)
    kind, name = grid.places.kind.astype("U11"), grid.places.name.astype("U40")
    kind[[3, 20]] = "bus_station"
    name[3] = EVIL
    return replace(
        grid,
        name=f"Grid {EVIL}",
        places=replace(grid.places, kind=kind, name=name),
        buses=replace(grid.buses, battery_kwh=np.array(110.0)),
        provenance=Provenance(**dict(grid.provenance.arrays()) | {"attribution": np.array([OSM])}),
    )


@pytest.fixture(scope="module")
def base(city):
    travel = travel_times(city)
    return Base(city, travel, simulate(city, travel))


@pytest.fixture(scope="module")
def proposal(city, base):
    return propose_depots(city, base=base.outcome)


@pytest.fixture(scope="module")
def html(city, proposal):
    return depots_report_html(city, proposal)


def test_the_request_is_answered_by_the_same_plan(base, proposal):
    kind = KINDS["depots"]
    assert kind.solve(base, kind.request(), None).plan.depots == proposal.plan.depots
    for example in kind.examples.values():
        asked = kind.request.model_validate_json(json.dumps(example["value"]))
        assert kind.solve(base, asked, None).plan.path.counted == asked.path
    blocks = kind.request(**kind.examples["blocks"]["value"]).blocks
    assert [(b.given().out_s, b.given().back_s) for b in blocks] == [(20_400, 79_800), (22_200, 88_200)]


def test_the_folder_holds_the_plan_as_data(city, proposal, tmp_path):
    paths = write_plan_folder(tmp_path / "plan", city, proposal)
    assert [path.name for path in paths] == list(DEPOT_FILES)
    record = json.loads(paths[0].read_bytes())
    assert record["scenario"]["edits"] == []
    assert record["plan"]["kind"] == "depots"
    rows = list(csv.DictReader(io.StringIO(paths[2].read_bytes().decode("utf-8-sig"))))
    assert [int(row["peak_kw"]) for row in rows] == [d.peak_kw for d in proposal.plan.depots]
    kinds = [f["properties"]["kind"] for f in json.loads(paths[1].read_bytes())["features"]]
    assert kinds.count("depot") == len(rows) > 1
    assert kinds.count("top_up") == len(proposal.plan.top_ups) > 0
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_plan_folder(tmp_path / "plan", city, proposal)] == before


def test_the_report_is_whole_html_that_fetches_nothing(city, html):
    page = Page(html)
    assert page.open == []
    assert page.fetches == []
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert EVIL in words(page)
    assert OSM in words(page)
    assert "bus is replaced before" in words(page) or "buses are replaced before" in words(page)
    assert city.digest in words(page)


def test_both_languages_tell_the_same_numbers(html):
    lead, lead_zh = (re.search(rf'<p class="{name}"[^>]*>(.*?)</p>', html)[1] for name in ("lead", "lead-zh"))
    figures, figures_zh = (sorted(re.findall(r"\d[\d,.]*\d|\d", text)) for text in (lead, lead_zh))
    assert figures == figures_zh
    assert len(figures) == 5


def test_the_report_tells_every_depot_and_draws_the_day(proposal, html):
    table = html.split('<h2 id="h-sites">')[1].split("</table>")[0]
    assert table.count('<span class="no">') == len(proposal.plan.depots)
    for depot in proposal.plan.depots:
        assert f"<b>{depot.peak_kw:,}</b>" in table
        assert f'<td class="n">{depot.peak_unmanaged_kw:,}</td>' in table
    slots = proposal.nights[0].night.day
    smart = re.search(r'<path d="(M0 [^"]+)" fill="none" stroke="#0b7a4b"', html)[1]
    assert smart.count("V") == slots - 1


def test_a_depot_of_another_name_has_no_place_on_the_map(city, base):
    kind = KINDS["depots"]
    found = kind.solve(base, kind.request(**kind.examples["blocks"]["value"]), None)
    page = depots_report_html(city, found)
    assert "North" in words(Page(page))
    assert "0 depots by their numbers" in page


def test_the_console_shows_depots_and_the_path(city, proposal):
    console = Console(file=io.StringIO(), width=200)
    show_proposal(console, city, proposal)
    text = console.file.getvalue()
    for said in ("Least power, each depot at its worst hour", "Power unmanaged", "Chargers at ends of lines", "2030"):
        assert said in text


def test_the_command_takes_a_table_of_blocks(luxing, tmp_path):
    table, out = tmp_path / "blocks.csv", tmp_path / "plan"
    table.write_text(HEADER + "1/1,North,05:40,22:10,214\n1/2,North,06:10,24:30,230.5\n", encoding="utf-8")
    luxing("propose", CITY, "depots", "--blocks", str(table), "--out", str(out))
    plan = json.loads((out / "plan.json").read_bytes())["plan"]
    assert (plan["source"], plan["buses"], [d["name"] for d in plan["depots"]]) == ("blocks", 2, ["North"])
    refused = luxing("propose", CITY, "loops", "--vehicles", "1", "--depot", "x", code=2)
    assert "is for depots alone" in refused.output


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("a,N,05:40,22:10,-3\n", "row 2"),
        ("a,N,5.40,22:10,3\n", "row 2, column out: holds '5.40'"),
        ("a,N,05:40,22:10,3\na,N,05:40,22:10,3\n", "row 3"),
    ],
    ids=["km", "time", "twice"],
)
def test_a_wrong_table_of_blocks_is_named_by_row(tmp_path, rows, told):
    table = tmp_path / "blocks.csv"
    table.write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_blocks(table)
    assert told in str(refused.value)
