"""`luxing piles` and POST /v1/piles: tables and lists in, piles by district out."""

from __future__ import annotations

import csv
import io
import json
from typing import get_args

import pytest
from homes import DATA, problems_of

from network import units
from optimise import PILES, Plan, PlanYear
from service.cli import BAD_INPUT
from service.cli_piles import NO_FIT
from service.pile_schemas import Segment
from service.piles import _COLUMNS

ASK = "/v1/piles"
TABLE = """area,population,jobs,home_access,least_public,most_private
Old Town,300000,200000,0.1,4000,
New Town,"500,000",100000,,,
Lake,200000,50000,0.8,,2000
"""


@pytest.fixture
def table(tmp_path):
    def write(text=TABLE):
        file = tmp_path / "districts.csv"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def answer_of(result):
    return json.loads(result.stdout)


def test_segments_are_those_of_the_model():
    assert get_args(Segment) == units.SEGMENTS


def test_the_table_of_suzhou_gives_the_published_stock_and_piles(luxing, shared):
    file = shared / "data" / "suzhou" / "population_by_district.csv"
    answer = answer_of(luxing("piles", file, "--total", 200_000, "--json"))
    assert sum(answer["vehicles"].values()) == pytest.approx(378_100, rel=0.001)
    for kind, planned in zip(PILES, (155_000, 36_000, 9000), strict=True):
        assert answer["totals"][kind] == pytest.approx(planned, rel=0.01)
        assert sum(row["piles"][kind] for row in answer["districts"]) == answer["totals"][kind]
    assert len(answer["districts"]) == 9
    assert sum(row["total"] for row in answer["districts"]) == answer["total"] == 200_000


def test_district_plans_are_kept(luxing, table):
    answer = answer_of(luxing("piles", table(), "--total", 20_000, "--json"))
    old, new, lake = answer["districts"]
    assert old["piles"]["public"] == 4000
    assert old["kept"]["public"] == "least"
    assert lake["piles"]["private"] == 2000
    assert lake["kept"]["private"] == "most"
    assert new["kept"] == dict.fromkeys(PILES)
    assert old["piles"]["private"] / old["residents"] < new["piles"]["private"] / new["residents"]
    assert "zones.home_access" in {row["key"] for row in answer["defaults"]}  # the new town did not tell


def test_the_console_and_the_csv_say_the_same_in_both_languages(luxing, table, tmp_path):
    out = tmp_path / "folder" / "piles.csv"
    shown = luxing("piles", table(), "--total", 20_000, "--out", out).stdout
    assert "▲4,000" in shown
    assert "▼2,000" in shown
    assert "区规划" in shown
    first = out.read_bytes()
    rows = list(csv.DictReader(io.StringIO(first.decode("utf-8-sig"))))
    assert rows[0]["district 区县"] == "Old Town"
    assert rows[0]["public 公共桩"] == "4000"
    assert rows[0]["public kept by 公共桩（依据）"] == "district plan 区规划"
    for column in ("private 自用桩", "public 公共桩", "dedicated 专用桩", "all 合计"):
        assert sum(int(row[column]) for row in rows[:-1]) == int(rows[-1][column])
    assert rows[-1]["all 合计"] == "20000"
    luxing("piles", table(), "--total", 20_000, "--out", out)
    assert out.read_bytes() == first


def test_the_api_gives_the_answer_of_the_command(luxing, client, table):
    body = {
        "total": 20_000,
        "districts": [
            {"name": "Old Town", "residents": 3e5, "jobs": 2e5, "home_access": 0.1, "least": {"public": 4000}},
            {"name": "New Town", "residents": 5e5, "jobs": 1e5},
            {"name": "Lake", "residents": 2e5, "jobs": 5e4, "home_access": 0.8, "most": {"private": 2000}},
        ],
    }
    assert client.post(ASK, json=body).json() == answer_of(luxing("piles", table(), "--total", 20_000, "--json"))


def test_the_example_of_the_docs_fits(client):
    document = client.get("/openapi.json").json()
    examples = document["paths"][ASK]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        assert client.post(ASK, json=example["value"]).json()["status"] == "optimal"


def test_headers_in_chinese(luxing, table):
    text = "区县,人口,岗位,公共桩规划,公交车\n姑苏,924083,500000,4000,900\n相城,891055,400000,,300\n"
    gusu, other = answer_of(luxing("piles", table(text), "--total", 40_000, "--json"))["districts"]
    assert gusu["least"]["public"] == 4000
    assert gusu["piles"]["dedicated"] > other["piles"]["dedicated"]


def test_what_is_counted_stands_for_the_defaults(luxing, table):
    counts = dict.fromkeys(units.SEGMENTS, 0) | {"private": 1000, "bus": 100}
    head = ",".join(f"vehicles_{segment}" for segment in counts)
    text = f"area,population,home_access,{head}\nA,5000,1,{','.join(map(str, counts.values()))}\n"
    given = [option for name, n in counts.items() for option in ("--vehicles", f"{name}={n}")]
    by_district = answer_of(luxing("piles", table(text), "--total", 1200, "--json"))
    by_city = answer_of(
        luxing("piles", table("area,population,home_access\nA,5000,1\n"), "--total", 1200, *given, "--json")
    )
    assert by_district == by_city
    assert by_district["totals"] == {"private": 1000, "public": 150, "dedicated": 50}
    used = {row["key"] for row in by_district["defaults"]}
    assert not used & {"fleet.per_1000_residents", "piles.private_per_1000_residents", "zones.home_access"}


def test_later_years_have_more_vehicles(luxing, table):
    now, later = (
        answer_of(luxing("piles", table(), "--public", 9000, "--year", year, "--json")) for year in (2025, 2030)
    )  # fmt: skip
    assert now == answer_of(luxing("piles", table(), "--public", 9000, "--json"))
    assert all(later["vehicles"][s] > now["vehicles"][s] for s in units.SEGMENTS)
    assert later["totals"]["private"] > now["totals"]["private"]
    assert "fleet.adoption_share" in {row["key"] for row in later["defaults"]}


def test_weights_of_ones_own(luxing, table):
    text = "area,population,weight_public\nA,1000,1\nB,1000,3\n"
    answer = answer_of(luxing("piles", table(text), "--private", 10, "--public", 40, "--dedicated", 2, "--json"))
    assert [row["piles"]["public"] for row in answer["districts"]] == [10, 30]
    assert [row["piles"]["private"] for row in answer["districts"]] == [5, 5]


def test_what_does_not_fit_writes_no_table(luxing, table, tmp_path):
    out = tmp_path / "piles.csv"
    shown = luxing("piles", table(), "--total", 15_000, "--out", out, code=NO_FIT).stdout
    assert "district plans hold 4,000 (Old Town 4,000)" in " ".join(shown.split())
    assert not out.exists()
    answer = answer_of(luxing("piles", table(), "--total", 100, "--json", code=NO_FIT))
    assert answer["status"] == "infeasible"
    assert answer["districts"] == []
    assert answer["totals"] == {}
    assert "would fit" in answer["reasons"][0]


def a_plan(tmp_path, status="optimal"):
    """A plan of two years, 12 plugs by the end of the first and 20 by the end of the second, as it is written."""
    years = [PlanYear(year=2027 + i, budget_cny=1e5, spent_cny=1e5, plugs=n, wanted_kwh=900.0, served_kwh=400.0 + n)
             for i, n in enumerate((12, 20))]  # fmt: skip
    plan = Plan(
        city="old", city_digest="0", cost_cny=2e5, value=8320, bound=8320, gap=0.0, value_unit="0.1 kWh/day",
        status=status, verified=(), targets=(), solver="s", seed=0, stop={}, inputs={}, versions={}, defaults=(),
        objective="served", base_year=2026, sites=(), feeders=(), years=tuple(years), reasons_why=(), next_best=(),
    )  # fmt: skip
    file = tmp_path / f"{status}.json"
    file.write_text(json.dumps({"plan": plan.to_dict(), "scenario": {"edits": []}}), encoding="utf-8")
    return file


def test_a_plan_for_chargers_is_the_plan_of_a_district(luxing, table, tmp_path):
    text = "area,population,least_public\nold,1000000,{}\nnew,500000,\n"
    how = ["--private", 1, "--public", 21, "--plan", f"new={a_plan(tmp_path)}", "--json"]
    old, new = answer_of(luxing("piles", table(text.format(1)), *how))["districts"]
    assert (old["piles"]["public"], new["piles"]["public"]) == (1, 20)
    assert (old["least"]["public"], new["least"]["public"]) == (1, 20)
    earlier = answer_of(luxing("piles", table(text.format(1)), *how, "--year", 2027))["districts"]
    assert [row["least"]["public"] for row in earlier] == [1, 12]
    later = answer_of(luxing("piles", table(text.format(1)), *how, "--year", 2035))["districts"]
    assert later[1]["least"]["public"] == 20
    assert answer_of(luxing("piles", table(text.format(2)), *how, code=NO_FIT))["status"] == "infeasible"


@pytest.mark.parametrize(
    ("least", "status", "options", "words"),
    [
        ("", "optimal", ["--year", "2026"], "says nothing of 2026 → it begins in 2027"),
        ("7", "optimal", [], "row 2, column least_public: is 7, but"),
        ("", "infeasible", [], "is infeasible: it plans nothing"),
    ],
    ids=["early", "other-least", "infeasible"],
)
def test_a_plan_that_contradicts_is_refused(luxing, table, tmp_path, least, status, options, words):
    text = f"area,population,least_public\nold,1000000,{least}\n"
    plan = f"old={a_plan(tmp_path, status)}"
    shown = luxing("piles", table(text), "--public", 90, "--plan", plan, *options, code=BAD_INPUT).output
    assert words in " ".join(shown.split())


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("area,population\nA,-5\n", [], ["row 2, column population", "below 0"]),
        ("area,population\nA,5\nA,6\n", [], ["row 3, column area", "stands in row 2 already"]),
        ("area,population\nA,0\nB,0\n", [], ["row 2, column population", "nobody lives"]),
        ("area,people\nA,5\n", [], ["no column population"]),
        ("area,population,least_public\nA,5,2.5\n", [], ["column least_public", "not a whole number"]),
        (
            "area,population,least_public,most_public,home_access\nA,5,9,8,0.5\nB,5,,,50\n", [],
            ["row 2, column most_public", "below the 9", "row 3, column home_access", "between 0 and 1"],
        ),
        ("area,population,vehicles_bus\nA,5,1\n", ["--vehicles", "bus=4"], ["vehicles, bus", "count them too"]),
        ("area,population\nA,5\n", ["--vehicles", "busses=4"], ["no segment", "did you mean 'bus'"]),
        ("area,population\nA,5\n", ["--vehicles", "bus=four"], ["SEGMENT=COUNT"]),
        ("area,population\nA,5\n", ["--vehicles", "bus=4", "--vehicles", "bus=5"], ["given twice"]),
        ("area,population\nA,5\n", ["--plan", "A"], ["DISTRICT=PLAN.json"]),
        ("area,population\nGusu,5\n", ["--plan", "gusu=p.json"], ["no district has this name", "did you mean 'Gusu'"]),
        ("area,population\nA,5\n", ["--plan", "A=none.json"], ["there is no such file"]),
        ("area,population\nA,5\n", ["--plan", f"A={DATA / 'policy' / 'none.json'}"], ["there is no such file"]),
        ("area,population\nA,5\n", ["--private", "-4"], ["--private"]),
    ],
)  # fmt: skip
def test_bad_input_is_named(luxing, table, text, options, words):
    shown = " ".join(luxing("piles", table(text), "--total", 100, *options, code=BAD_INPUT).output.split())
    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize(
    "content", ["[]", '{"edits": []}', '{"plan": {"kind": "stops"}}', '{"plan": {"kind": "chargers"}}']
)
def test_a_file_that_is_no_plan_for_chargers_is_refused(luxing, table, tmp_path, content):
    file = tmp_path / "plan.json"
    file.write_text(content, encoding="utf-8")
    luxing("piles", table("area,population\nA,5\n"), "--total", 9, "--plan", f"A={file}", code=BAD_INPUT)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"total": 5, "districts": []}, "districts"),
        ({"total": -5, "districts": [{"name": "A", "residents": 1}]}, "total"),
        ({"districts": [{"name": "A", "residents": 1}]}, "total"),
        ({"total": 5, "districts": [{"name": "A", "residents": 1, "home_access": 2}]}, "home_access"),
        ({"total": 5, "districts": [{"name": "A", "residents": 1}] * 2}, "districts[1].name"),
        (
            {"total": 5, "districts": [{"name": "A", "residents": 1, "least": {"public": 3}, "most": {"public": 2}}]},
            "districts[0].most.public",
        ),
        (
            {
                "total": 5,
                "districts": [{"name": "A", "residents": 1, "weight": {"public": 3}}, {"name": "B", "residents": 1}],
            },
            "districts[1].weight.public",
        ),
        ({"total": 5, "districts": [{"name": "A", "residents": 1, "vehicles": {"tram": 3}}]}, "vehicles"),
    ],
    ids=["none", "negative", "no-total", "access", "twice", "limit", "half-weighted", "segment"],
)
def test_bad_requests_are_named(client, body, where):
    errors = problems_of(client.post(ASK, json=body), 422)
    assert any(where in error["where"] for error in errors), errors


def test_every_column_of_a_table_is_in_the_docs():
    page = (DATA.parent / "docs" / "piles.md").read_text(encoding="utf-8")
    names = [name.replace("KIND", kind) for name in page.split("`") for kind in PILES]
    assert set(_COLUMNS) <= {name.replace("SEGMENT", segment) for name in names for segment in units.SEGMENTS}
