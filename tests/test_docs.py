"""Docs that fail when stale."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from network import METRICS, Scenario, grid_city, simulate
from service.cli import app
from service.reference import markdown

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").rglob("*.md")]
)


def text_of(page):
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text_of(page)):
        assert (page.parent / target).exists(), target


def test_reference_is_what_the_code_says():
    assert text_of(ROOT / "docs" / "reference.md") == markdown(ROOT / "data"), "write it anew: scripts/docs"


def commands():
    return {c.name or c.callback.__name__.replace("_", "-") for c in app.registered_commands}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_named_exists(page):
    for line in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?luxing ([a-z-]+)", text_of(page), re.MULTILINE):
        assert line in commands(), line
    for line in re.findall(r"`luxing ([a-z-]+)", text_of(page)):
        assert line in commands(), line


@cache
def help_of(command):
    return CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}).output


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_option_of_a_command_exists(page):
    lines = re.findall(r"^ *luxing ([a-z-]+) (.*)$", text_of(page), re.MULTILINE)
    for command, rest in [*lines, *re.findall(r"`luxing ([a-z-]+) ([^`\n]*)`", text_of(page))]:
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest.split("#")[0]):
            assert option in help_of(command), f"luxing {command} {option}"


def test_every_lever_shown_is_read():
    examples = re.findall(r"```json\n(.*?)```", text_of(ROOT / "docs" / "levers.md"), re.DOTALL)
    for example in examples:
        assert TypeAdapter(Scenario).validate_json(example).edits, example
    assert len(examples) > 1


@pytest.mark.parametrize("script", re.findall(r"^(scripts/[a-z]+)", text_of(ROOT / "README.md"), re.MULTILINE))
def test_scripts_in_the_readme_exist(script):
    assert (ROOT / script).exists()


def test_every_script_answers_to_the_readme_or_the_design():
    assert {p.name for p in (ROOT / "scripts").iterdir()} == {
        "install",
        "demo",
        "serve",
        "check",
        "test",
        "bench",
        "docs",
    }


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "examples").glob("*.json")), ids=lambda p: p.name)
def test_example_scenarios_are_read(path):
    assert TypeAdapter(Scenario).validate_json(path.read_bytes()).edits


def test_the_scenario_in_the_readme_runs():
    (example,) = re.findall(r"```json\n(.*?)```", text_of(ROOT / "README.md"), re.DOTALL)
    scenario = TypeAdapter(Scenario).validate_python(json.loads(example))
    city = grid_city(4)
    assert simulate(scenario.apply(city)).metrics["car_trip_share"] < simulate(city).metrics["car_trip_share"]


def test_every_metric_is_in_the_reference():
    page = text_of(ROOT / "docs" / "reference.md")
    for name in METRICS:
        assert f"`{name}`" in page


def test_openstreetmap_is_named_where_its_data_shows():
    for page in ("README.md", "data/README.md"):
        assert "OpenStreetMap contributors" in text_of(ROOT / page)


def test_pages_name_no_workplace():
    for page in PAGES:
        assert not re.search(
            r"\b((this|last|next|earlier|work) session|prompt|sub-?agent|helper)s?\b",  # a session is one at a plug
            text_of(page).replace("command prompt", ""),
            re.IGNORECASE,
        ), page
