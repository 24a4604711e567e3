"""What more money buys, as a user asks for it."""

from __future__ import annotations

import csv
import io
import json
import re
from types import SimpleNamespace
from typing import get_args

import pytest
from homes import CITY, HOME, finished, problems_of, words

from network import InputError
from service.cli import BAD_INPUT
from service.proposals import KINDS
from service.trade_off import Priced, TradeOffRow, trade_off

MONEY = (400_000.0, 800_000.0, 1_600_000.0)


def engine_of(values, *, status="feasible"):
    """One whose plan for a budget is as given: value, bound, cost."""

    def propose(city_id, request, progress):
        value, bound, cost = values[request.budget_cny]
        plan = SimpleNamespace(
            kind="chargers", value=value, bound=bound, cost_cny=cost, status=status, value_unit="things"
        )
        return SimpleNamespace(id=city_id, digest="0"), SimpleNamespace(plan=plan)

    return SimpleNamespace(propose=propose)


def curve(values, budgets=None, objective="served", **how):
    def asked(cny):
        return SimpleNamespace(budget_cny=cny, objective=objective)

    return trade_off(engine_of(values, **how), "c", budgets or list(values), asked)


def test_values_and_bounds_of_the_runs_mend_each_other():
    found = curve({10.0: (5, 9, 9.0), 20.0: (4, 8, 20.0), 30.0: (7, 12, 30.0)})
    assert [(r.value, r.bound, r.cost_cny, r.of_budget_cny) for r in found.rows] == [
        (5, 8, 9.0, 10.0), (5, 8, 9.0, 10.0), (7, 12, 30.0, 30.0),
    ]  # fmt: skip
    assert [r.cny_per_unit for r in found.rows] == [9 / 5, None, 21 / 2]
    assert found.rows[0].gap == pytest.approx(3 / 5)
    assert found.proposals[1] is found.proposals[0]


def test_less_is_better_for_walks():
    found = curve({10.0: (9, 5, 9.0), 20.0: (10, 6, 20.0), 30.0: (7, 4, 30.0)}, objective="walking")
    assert [(r.value, r.bound) for r in found.rows] == [(9, 6), (9, 6), (7, 4)]
    assert not found.upward


@pytest.mark.parametrize(
    ("budgets", "told"), [([5.0], "give 2 to 20"), ([5.0, 5.0], "are 1"), ([-1.0, 5.0], "above 0")], ids=str
)
def test_budgets_that_make_no_curve_are_refused(budgets, told):
    with pytest.raises(InputError, match=told):
        curve({}, budgets)


def test_a_curve_needs_an_objective_that_money_can_buy():
    with pytest.raises(InputError, match="no budget changes"):
        curve({1.0: (1, 1, 1.0), 2.0: (1, 1, 1.0)}, objective="cost")
    with pytest.raises(InputError, match=r"budget of 1 CNY.*has no plan"):
        curve({1.0: (1, 1, 1.0), 2.0: (1, 1, 1.0)}, status="infeasible")


def test_the_command_writes_the_curve_and_a_folder_for_each_plan(luxing, tmp_path):
    out = tmp_path / "curve"
    budgets = [x for cny in MONEY for x in ("--budget", f"{cny:.0f}")]
    output = words(luxing("trade-off", CITY, "chargers", *budgets, "--out", out))
    assert "more is better" in output
    record = json.loads((out / "curve.json").read_text(encoding="utf-8"))
    rows = [TradeOffRow(**row) for row in record["rows"]]
    assert [row.budget_cny for row in rows] == list(MONEY)
    assert [row.value for row in rows] == sorted(row.value for row in rows)
    assert all(row.value <= row.bound for row in rows)
    assert rows[0].value < rows[-1].value
    for row in rows:
        plan = json.loads((out / f"{row.budget_cny:.0f}-cny" / "plan.json").read_text(encoding="utf-8"))["plan"]
        assert (plan["value"], plan["cost_cny"]) == (row.value, row.cost_cny)
    table = list(csv.DictReader(io.StringIO((out / "curve.csv").read_text(encoding="utf-8-sig"))))
    assert [float(row["value"]) for row in table] == [row.value for row in rows]
    page = (out / "curve.html").read_text(encoding="utf-8")
    assert page.count("<circle") == len(MONEY)
    assert re.search(r'<polyline points="(\d+\.\d,\d+\.\d ?){3}" fill="none" stroke="#0b7a4b"', page)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    printed = luxing("trade-off", CITY, "chargers", *budgets, "--out", out, "--json").stdout
    assert json.loads(printed) == record
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_folder_with_other_files_is_refused_before_a_plan_is_looked_for(luxing, monkeypatch, tmp_path):
    monkeypatch.setattr("service.engine.Engine.propose", lambda *_: pytest.fail("a plan was looked for"))
    photo = tmp_path / "2000000-cny" / "me.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"x")
    two = ("--budget", "1e6", "--budget", "2e6")
    assert "me.jpg" in words(luxing("trade-off", CITY, "chargers", *two, "--out", tmp_path, code=BAD_INPUT))
    assert "nan" in words(luxing("trade-off", CITY, "chargers", *two, "--budget", "nan", code=BAD_INPUT))


def test_options_of_other_kinds_and_missing_cities_are_named(luxing):
    two = ("--budget", "1e6", "--budget", "2e6")
    assert "atlantis" in words(luxing("trade-off", "atlantis", "chargers", *two, code=BAD_INPUT))
    assert "objective" in words(luxing("trade-off", CITY, "chargers", *two, "--objective", "met", code=BAD_INPUT))
    priced = [name for name, kind in KINDS.items() if "budget_cny" in kind.request.model_fields]
    assert set(get_args(Priced)) == set(priced)


def test_the_service_draws_the_same_curve_in_a_job(client, luxing):
    body = {"kind": "chargers", "budgets_cny": list(MONEY[:2]), "plan": {"seed": 3}}
    started = client.post(f"{HOME}/trade-off", json=body)
    assert started.status_code == 201
    job = started.headers["Location"]
    assert finished(client, job)["status"] == "successful"
    answer = client.get(f"{job}/results").json()
    budgets = [x for cny in MONEY[:2] for x in ("--budget", f"{cny:.0f}")]
    printed = json.loads(luxing("trade-off", CITY, "chargers", *budgets, "--seed", 3, "--json").stdout)
    assert {name: answer[name] for name in printed} == printed
    assert [plan["value"] for plan in answer["plans"]] == [row["value"] for row in answer["rows"]]
    assert {edit["type"] for edit in answer["scenarios"][1]["edits"]} == {"add_chargers"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"budgets_cny": [1e6]}, "budgets_cny"),
        ({"kind": "stops"}, "kind"),
        ({"plan": {"budget_cny": 5.0}}, "plan.budget_cny"),
        ({"plan": {"colour": "red"}}, "colour"),
        ({"plan": {"targets": ["nothing>=1"]}}, "target"),
    ],
    ids=["one budget", "a kind without", "a budget beside", "an unknown field", "an unknown target"],
)
def test_what_makes_no_curve_is_refused_at_once(client, change, where):
    body = {"kind": "chargers", "budgets_cny": [1e6, 2e6]} | change
    errors = problems_of(client.post(f"{HOME}/trade-off", json=body), 422)
    assert any(where in error["where"] + error["what"] for error in errors)
