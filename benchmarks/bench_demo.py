"""The demo's own job, without installing: build Helsinki, propose chargers, write the report. Target: under 60 s."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from home import luxing

BUDGET_CNY = "600000"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        start = time.perf_counter()
        luxing(home, "build", "helsinki")
        built = time.perf_counter()
        luxing(home, "propose", "helsinki", "chargers", "--budget", BUDGET_CNY, "--out", str(home / "plan"))
        end = time.perf_counter()
        print(f"build {built - start:.1f} s, propose and report {end - built:.1f} s, together {end - start:.1f} s")
