"""What a new process loads and tells."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from network import grid_city
from service import streets
from service.first_use import told_of_compiling, warm_up
from service.stopping import STOPPED, STOPPED_TEXT

ROOT = Path(__file__).parents[2]
HEAVY = {"fastapi", "ortools", "osmnx", "pandas", "scipy.optimize", "scipy.sparse", "scipy.spatial", "shapely"}


def fresh(code, **environment):
    """What a new Python process prints to stdout."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_command_does_not_load_what_it_does_not_need():
    code = f"import sys, service.cli; print(*sorted({HEAVY!r} & set(sys.modules)))"
    assert fresh(code).split() == []


def test_schemas_wait_until_they_are_used_and_a_server_builds_every_one():
    built = "print(*{m.__pydantic_complete__ for m in models._all_of(models.Answer, models.Asked)})"
    assert fresh("from service import cli, schemas; print(schemas.WhatIfAnswer.__pydantic_complete__)") == ("False\n")
    assert fresh(f"from service import api, models; {built}") == "True\n"


STOP_WHILE_LOADING = """
import sys
class Stops:
    def find_spec(self, name, *_):
        if name == "network":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stops())
from service.start import main
main()
"""


def test_ctrl_c_while_the_commands_are_loaded_ends_without_a_traceback():
    done = subprocess.run(
        [sys.executable, "-c", STOP_WHILE_LOADING], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (STOPPED, "", f"{STOPPED_TEXT}\n")


TOLD = """
import io
import numpy as np
from rich.console import Console
from network.kernels.trips import flaw
from service.first_use import told_of_compiling
from service.stopping import STOPPED, STOPPED_TEXT
out = io.StringIO()
with told_of_compiling(Console(file=out, width=200)) as report:
    report("a timetable", 2, 9)
    for kind in (np.int32, np.int64):
        flaw(*np.zeros((4, 2), kind))
print(out.getvalue())
"""


def test_compiling_is_told_once_by_step_and_only_the_first_time(tmp_path):
    kept = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert fresh(TOLD, **kept).split("\n")[:-2] == ["Compiling kernels, once after installation: 3 of 9, a timetable"]
    assert fresh(TOLD, **kept).strip() == ""


def test_a_warm_up_loads_what_is_asked_afterwards_and_names_its_steps():
    steps = []
    warm_up(lambda *step: steps.append(step))
    names, done, of = zip(*steps, strict=True)
    assert list(done) == list(range(len(steps)))
    assert set(of) == {len(steps)}
    assert len(set(names)) == len(steps)
    out = io.StringIO()
    with told_of_compiling(Console(file=out)):
        for ask in streets.FIRST_QUESTIONS.values():
            ask(grid_city(6))
    assert out.getvalue() == ""
