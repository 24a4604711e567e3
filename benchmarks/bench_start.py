"""From starting `luxing serve` to /readyz, kernels cached. Target: under 10 s."""

from __future__ import annotations

import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

from home import LUXING, ROOT, demo_home

RUNS = 3


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


def main() -> None:
    with demo_home() as home:
        seconds = []
        for _ in range(RUNS + 1):
            with served(home) as (_, taken):
                seconds.append(taken)
        first, *rest = seconds
        print(
            f"start to /readyz: median {statistics.median(rest):.1f} s of {RUNS}; the first, not counted, {first:.1f} s"
        )
