"""The folder of a plan: the same bytes twice, whole or not at all, and nothing of anybody else's is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_plans import made_proposal, named_city

from network import InputError, grid_city
from optimise import ChargerWishes, propose_chargers
from service.report import FILES, write_plan_folder


@pytest.fixture(scope="module")
def city():
    return named_city()


@pytest.fixture(scope="module")
def proposal(city):
    return made_proposal(city, {0: 4, 1: 2, 2: 2, 3: 6, 5: 1})


def test_the_folder_holds_the_same_bytes_twice(city, proposal, tmp_path):
    first = write_plan_folder(tmp_path / "a", city, proposal)
    second = write_plan_folder(tmp_path / "deep" / "er" / "b", city, proposal)
    assert [p.name for p in first] == list(FILES)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == sorted(FILES)
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes(), a.name
        assert str(tmp_path).encode() not in a.read_bytes()


def test_a_failing_disk_keeps_what_was_there(city, proposal, tmp_path, monkeypatch):
    folder = tmp_path / "plan"
    write_plan_folder(folder, city, proposal)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    other = made_proposal(city, {1: 1})
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "sites.csv":
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_plan_folder(folder, city, other)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["plan"]
    monkeypatch.undo()
    write_plan_folder(folder, city, other)
    assert (folder / "plan.json").read_bytes() != before["plan.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["plan"]


def test_a_failing_swap_puts_the_old_folder_back(city, proposal, tmp_path, monkeypatch):
    folder = tmp_path / "plan"
    write_plan_folder(folder, city, proposal)
    real = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.suffix == ".new":
            raise PermissionError(13, "refused")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        write_plan_folder(folder, city, made_proposal(city, {1: 1}))
    assert [p.name for p in tmp_path.iterdir()] == ["plan"]
    assert json.loads((folder / "plan.json").read_bytes())["plan"]["cost_cny"] == proposal.plan.cost_cny


def test_a_folder_with_anything_else_in_it_is_refused(city, proposal, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.docx").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.docx"):
        write_plan_folder(mine, city, proposal)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "plan.json").write_text('{"plan": "of somebody else"}')
    with pytest.raises(InputError, match="not an earlier plan"):
        write_plan_folder(foreign, city, proposal)
    with pytest.raises(InputError, match="is a file"):
        write_plan_folder(mine / "thesis.docx", city, proposal)
    assert (mine / "thesis.docx").read_text() == "years of work"
    assert [p.name for p in foreign.iterdir()] == ["plan.json"]


def test_a_real_proposal_goes_through(tmp_path):
    city, wishes = grid_city(5, 1), ChargerWishes(budgets_cny=(400_000.0,))
    proposal = propose_chargers(city, wishes=wishes)
    write_plan_folder(tmp_path / "a", city, proposal)
    write_plan_folder(tmp_path / "b", city, propose_chargers(city, wishes=wishes))
    assert proposal.plan.sites
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
