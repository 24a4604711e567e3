"""Benchmarks beside their peers: same run, same machine, medians and ratios.

scripts/bench                all of them
scripts/bench paths what_if  some of them
scripts/bench location:points,large  some parts of one that has parts
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from importlib.metadata import version

NAMES = (
    "reading",
    "paths",
    "reach",
    "snap",
    "transit",
    "demand",
    "furness",
    "assignment",
    "location",
    "chargers",
    "corridors",
    "sharing",
    "spaces",
    "points",
    "proposals",
    "vans",
    "replay",
    "replay_parking",
    "replay_bikes",
    "what_if",
    "start",
    "demo",
)


def machine() -> str:
    """One line about where this ran."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "scipy", "ortools", "fastapi"))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}; {libraries}"
    )


def main(names: list[str]) -> None:
    unknown = {name.partition(":")[0] for name in names} - set(NAMES)
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    print(machine(), flush=True)
    for name in names or NAMES:
        print(f"\n{name}", flush=True)
        whole, _, parts = name.partition(":")
        importlib.import_module(f"bench_{whole}").main(*filter(None, parts.split(",")))


if __name__ == "__main__":
    main(sys.argv[1:])
