"""Proposals of feeder loops, by request, as a folder, and on the console."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console

from network import RemoveLine, Scenario, grid_city, simulate, travel_times
from service.console import show_proposal
from service.proposals import KINDS, Base
from service.report import LOOP_FILES, write_plan_folder


@pytest.fixture(scope="module")
def base():
    """A grid whose northern half is without a bus."""
    grid = grid_city(7)
    names = list(dict.fromkeys(grid.transit.line_name.tolist()))
    city = Scenario(edits=tuple(RemoveLine(line=name) for name in names[1:-1])).apply(grid)
    travel = travel_times(city)
    return Base(city, travel, simulate(city, travel))


@pytest.fixture(scope="module")
def proposal(base):
    kind = KINDS["loops"]
    return kind.solve(base, kind.request(vehicles=1), None)


def test_the_folder_holds_the_plan_as_data(base, proposal, tmp_path):
    paths = write_plan_folder(tmp_path / "plan", base.city, proposal)
    assert [path.name for path in paths] == list(LOOP_FILES)
    plan = json.loads(paths[0].read_bytes())["plan"]
    assert (plan["kind"], plan["people"]) == ("loops", proposal.plan.people)
    features = json.loads(paths[1].read_bytes())["features"]
    (line,) = (f for f in features if f["geometry"]["type"] == "LineString")
    assert line["geometry"]["coordinates"][0] == line["geometry"]["coordinates"][-1]
    assert len(features) == len(proposal.plan.loops[0].stops)
    (row,) = csv.DictReader(io.StringIO(paths[2].read_bytes().decode("utf-8-sig")))
    assert int(row["people"]) == proposal.plan.people == line["properties"]["people"]


def test_the_console_shows_loops_or_why_there_are_none(base, proposal):
    def shown(what):
        console = Console(file=io.StringIO(), width=200)
        show_proposal(console, base.city, what)
        return console.file.getvalue()

    assert proposal.plan.loops[0].start_name in shown(proposal)
    kind = KINDS["loops"]
    assert "everybody in" in shown(kind.solve(base, kind.request(vehicles=1, radius_m=900.0), None))
