"""What a first call and a new process take: kernels compiled once, small commands, `luxing serve` to /readyz.

Targets: whatever is called first 60 s of CPU, with every kernel of `warm_up` or what a command needs of them; with the
kernels kept a command 2 s of CPU, and /readyz 10 s by the clock. Beside them stands what a loop of plain Python takes,
about 1.2 s on a usual machine: CPU seconds of a machine that others work on are longer.
"""

from __future__ import annotations

import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from home import LUXING, ROOT, demo_home

RUNS = 3
ROUTE = ("route", "helsinki", "24.940,60.168", "24.950,60.175")
COMMANDS = (("--help",), ("cities",), ROUTE)
PLAIN = "total = 0\nfor i in range(20_000_000): total += i"
WARM_UP = """
from rich.console import Console
from service.first_use import told_of_compiling, warm_up
with told_of_compiling(Console(stderr=True)) as report:
    warm_up(report)
"""


@contextmanager
def served(home):
    """A server of its own on a free port: (address, seconds until it was ready)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, start = f"http://127.0.0.1:{port}", time.perf_counter()
    environment = {"LUXING_HOME": str(home), "PATH": "/usr/bin:/bin"}
    server = subprocess.Popen(
        [LUXING, "serve", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not ready(address):
            if server.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        yield address, time.perf_counter() - start
    finally:
        server.terminate()
        server.wait(20)


def ready(address):
    try:
        return urllib.request.urlopen(f"{address}/readyz", timeout=5).status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def cpu_s(*command, **environment):
    """CPU seconds of a process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env={"PATH": "/usr/bin:/bin"} | environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands(home):
    for command in COMMANDS:
        _, *rest = (cpu_s(LUXING, *command, LUXING_HOME=str(home)) for _ in range(RUNS + 1))
        print(f"luxing {command[0]}: median {statistics.median(rest):.2f} s of CPU")


def first_calls(home):
    """Commands that find no kernels: each compiles those it needs."""
    scenario = Path(home) / "scenario.json"
    scenario.write_text('{"edits": [{"type": "set_price", "item": "parking", "cny": 9.0}]}')
    for command in (ROUTE, ("what-if", "helsinki", str(scenario)), ("build", "helsinki")):
        with tempfile.TemporaryDirectory() as kept:
            start = time.perf_counter()
            taken = cpu_s(LUXING, *command, LUXING_HOME=str(home), NUMBA_CACHE_DIR=kept)
            print(f"luxing {command[0]} first: {taken:.1f} s of CPU, {time.perf_counter() - start:.1f} s by the clock")


def compiling():
    """Before and after the kernels are kept."""
    with tempfile.TemporaryDirectory() as kept:
        for what in ("every kernel compiled", "and loaded afterwards"):
            start = time.perf_counter()
            taken = cpu_s(sys.executable, "-c", WARM_UP, NUMBA_CACHE_DIR=kept)
            print(f"{what}: {taken:.1f} s of CPU, {time.perf_counter() - start:.1f} s by the clock")


def main() -> None:
    print(f"a loop of plain Python: {cpu_s(sys.executable, '-c', PLAIN):.2f} s of CPU")
    compiling()
    with demo_home() as home:
        first_calls(home)
        commands(home)
        seconds = []
        for _ in range(RUNS + 1):
            with served(home) as (_, taken):
                seconds.append(taken)
        first, *rest = seconds
        print(
            f"start to /readyz: median {statistics.median(rest):.1f} s of {RUNS}; the first, not counted, {first:.1f} s"
        )
