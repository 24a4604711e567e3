"""A data folder of its own for benchmarks, with the demo city in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from network import City
from network.io import load_city

ROOT = Path(__file__).parents[1]
LUXING = str(Path(sys.executable).with_name("luxing"))


@contextmanager
def demo_home() -> Iterator[Path]:
    """A temporary LUXING_HOME where helsinki is built."""
    with tempfile.TemporaryDirectory() as folder:
        luxing(Path(folder), "build", "helsinki")
        yield Path(folder)


def luxing(home: Path, *arguments: str) -> None:
    """Run the command line as a user does, quietly."""
    subprocess.run(
        [LUXING, *arguments],
        cwd=ROOT,
        env={"LUXING_HOME": str(home), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )


def demo_city(home: Path) -> City:
    return load_city(home / "cities" / "helsinki")
